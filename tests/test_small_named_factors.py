"""Factors and logarithms that a log_det lacks: how near is near enough, and how a number is written."""

import ast
from types import SimpleNamespace

import numpy as onp
from made_scopes import scope_of, text_of

from nfscratch.check.repair import factors
from nfscratch.check.repair.edit import places


def screen(true, claim, dim=2, loose=1e-4):
    true = onp.asarray(true, dtype=float)
    return SimpleNamespace(true=true, claim=claim, loose=onp.full(true.shape, loose), subject=SimpleNamespace(dim=dim))


# --- what a claim lacks ---


def test_a_claim_may_be_of_any_numbers():
    claim = onp.array([1, 2, 3], dtype=object)
    assert factors._gap(screen([1.5, 2.5, 3.5], claim)) == 0.5 and factors._times(screen([2.0, 4.0, 6.0], claim)) == 2
    assert factors._gap(screen([1.5, 2.5, 3.5], [1, 2, 3])) == 0.5


def test_a_gap_is_one_number_up_to_what_is_near():
    assert factors._gap(screen([0.0, 0.25, 0.125], [0.0] * 3, loose=0.25)) == 0.125
    assert factors._gap(screen([0.0, 0.25, 0.125], [0.0] * 3, loose=0.24)) is None
    assert factors._gap(screen([onp.inf, 0.0, 0.0], [0.0] * 3)) is None


def test_how_many_times_as_large_within_a_relative_bound(monkeypatch):
    """1e-5 of 1 + |true|, at each point."""
    for true, claim, times in (
        ([1.5e-5, 2.0, 4.0], [0.0, 1.0, 2.0], None), ([0.9e-5, 2.0, 4.0], [0.0, 1.0, 2.0], 2),
        ([2.0, 4.0, 10.00005], [1.0, 2.0, 5.0], 2), ([2.0, 4.0, 10.00012], [1.0, 2.0, 5.0], None),
        ([-6.0, 3.0, 9.0], [-2.0, 1.0, 3.0], 3), ([2e-15, 0.0, 0.0], [1e-15, 0.0, 0.0], 2),
    ):  # fmt: skip
        assert factors._times(screen(true, claim)) == times, true
    monkeypatch.setattr(factors, "FIT", 0.25)
    assert factors._times(screen([2.0, 2.0, 3.0], [1.0, 1.0, 1.0])) is None  # at the bound itself
    assert factors._times(screen([2.0, 2.0, 2.9], [1.0, 1.0, 1.0])) == 2


def test_where_nothing_may_be_off_nothing_is_near(monkeypatch):
    given = screen(onp.full(3, 2 * onp.log(2.0)), onp.zeros(3))
    held = [("k", 2.0)]
    written = lambda: [text_of(t) for t in factors._logarithms(2 * onp.log(2.0), 2, scope_of(), held, "")]  # noqa: E731
    assert factors._numbers(given) == [2, 4] and written() == ["2 * np.log(k)"]
    monkeypatch.setattr(factors, "FIT", 0.0)
    assert factors._numbers(given) == [] and written() == []


# --- how it is written ---


def test_a_logarithm_is_that_of_the_size():
    wide = {"row": onp.ones(2), "y": onp.ones((5, 3)), "x": onp.ones((5, 2)), "z": onp.ones((5, 2))}
    held = [("half", 0.5), ("minus", -0.5), ("two", 2), ("other", 3.0)]
    made = lambda gap, dim, text="": [text_of(t) for t in factors._logarithms(gap, dim, scope_of(**wide), held, text)]  # noqa: E731
    two = onp.log(2.0)
    assert made(two, 7) == ["np.log(half)", "np.log(-minus)", "np.log(two)"] == made(-two, 7)
    assert made(2 * two, 2) == [f"x.shape[1] * {log}" for log in made(two, 7)]
    assert made(3 * two, 3)[0] == "y.shape[1] * np.log(half)" and made(7 * two, 7)[0] == "7 * np.log(half)"
    assert made(two, 7, "y = two * a")[0] == "np.log(two)" and len(made(two, 1)) == 3


PIXELS = "def f(z):\n    return z.reshape(-1, C, H, W), q.reshape(n, p)"


def test_two_sizes_whose_product_a_number_is():
    """Those that stand together at the end of a shape, and those that are no channels, come first."""
    for sizes, number, text, made in (
        ({"H": 3, "W": 4}, 12, None, ["H * W"]), ({"H": 3, "W": 4, "n": 2, "p": 6}, 12, None, ["H * W", "n * p"]),
        ({"n": 2, "H": 3, "W": 4, "p": 6}, 12, PIXELS, ["n * p", "H * W"]),
        ({"a": 2, "H": 3, "W": 4, "b": 6}, 12, PIXELS, ["H * W"]),
        ({"W": 4, "H": 3}, 12, PIXELS, ["W * H"]), ({"C": 3, "n": 4}, 12, None, ["C * n"]),
        ({"C": 3, "n": 4, "a": 2, "b": 6}, 12, None, ["a * b"]), ({"one": 1, "n": 12}, 12, None, []),
        ({"a": 3, "b": 4.0}, 12, None, []), ({"__a": 3, "b": 4}, 12, None, []), ({"a": -3, "b": -4}, 12, None, []),
        ({"a": 3, "b": True}, 3, None, []), ({"a": 3, "b": 3}, 9, None, ["a * b"]), ({"a": 3}, 9, None, []),
    ):  # fmt: skip
        assert factors._pairs(number, sizes, scope_of(text)) == made, (sizes, number, text)


def test_names_that_count_channels():
    for name in (
        "c",
        "C",
        "ch",
        "chan",
        "channel",
        "channels",
        "n_c",
        "num_channels",
        "nc",
        "c_in",
        "c_out",
        "c1",
        "self.C",
    ):
        assert factors._counts_channels(name), name
    for name in ("cc", "h", "channels_of", "c_", "c12", "my_c", "C.n", "d"):
        assert not factors._counts_channels(name), name


def test_at_most_three_ways_to_write_a_number():
    """Names first, then lengths of rows, and lengths less one."""
    scope = scope_of(
        None, {"K": 3, "__v": 3}, a=3, x=3.0, row=onp.ones(3), more=onp.ones(4), wide=onp.ones((3, 1)), t=True
    )
    assert [text_of(n) for n in factors._written(3, scope)] == ["K", "a", "len(row)"]
    del scope.locals["a"], scope.module["K"]
    scope.__dict__.pop("held", None)
    scope.__dict__.pop("values", None)
    assert [text_of(n) for n in factors._written(3, scope)] == ["len(row)", "len(more) - 1"]
    assert [text_of(n) for n in factors._written(1, scope)] == []


def test_numbers_of_the_text_of_a_function():
    """Above 0, no 1, in no index and no argument by name; each once."""
    text = "def f(z):\n    a = z[3] + g(z, k=5, j=(6,)) + z[1:4]\n"
    text += "    return a * 256.0 / 7 - 0.5 + 256.0 + 1 + 0 + True - 8"
    function = ast.parse(text).body[0]
    found = factors._stated(scope_of(function))
    assert sorted(found) == [("0.5", 0.5), ("256.0", 256.0), ("7", 7), ("8", 8)] and factors._stated(scope_of()) == []


# --- the candidates ---


def candidates(look, text, given, monkeypatch, lines=(2,), **held):
    """The line as it is after each edit."""
    module = ast.parse(f"def f(z):\n    {text}")
    scope, statement, found = scope_of(module.body[0], **held), SimpleNamespace(file="f.py"), []
    met = {("statements", "reached"): [(statement, p, scope) for p in places(module)]}
    monkeypatch.setattr(factors, "met_places", lambda *of: met[of])
    for _, _, edit in look("statements", "reached", {"f.py": set(lines)}, given):
        with edit.done():
            found.append(ast.unparse(module.body[0].body[0]))
    return found


def test_a_logarithm_of_a_number_that_the_text_states(monkeypatch):
    given = screen(onp.full(3, 2 * onp.log(256.0)), onp.zeros(3))
    text = "return (z / 256.0, a)"
    wanted = [
        "return (z / 256.0 - 2 * np.log(256.0), a)", "return (z / 256.0 + 2 * np.log(256.0), a)",
        "return (z / 256.0, a - 2 * np.log(256.0))", "return (z / 256.0, a + 2 * np.log(256.0))",
    ]  # fmt: skip
    assert candidates(factors.stated_logarithms, text, given, monkeypatch) == wanted
    assert candidates(factors.stated_logarithms, text, given, monkeypatch, lines=(3,)) == []
    assert candidates(factors.missing_logarithms, text, given, monkeypatch) == []
    assert candidates(factors.missing_logarithms, text, given, monkeypatch, s=256.0) == [
        line.replace("log(256.0)", "log(s)") for line in wanted
    ]
    assert candidates(factors.stated_logarithms, text, screen([0.0, 1.0, 2.0], onp.zeros(3)), monkeypatch) == []
