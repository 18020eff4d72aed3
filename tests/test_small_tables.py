"""Bins, coefficients, frequencies and rows of things: where a change begins, and where it ends, by one case each."""

import ast

import numpy as onp
import pytest
from made_scopes import place_in, scope_of, text_of

from nfscratch.check.repair import backwards, bins, branch_terms, degrees, frequencies
from nfscratch.check.repair.edit import places

BINS = onp.array([2, 0, 1])


def moved(text, function=None, **held):
    """What `limits_moved` makes of a call, where the function also has bins, k = 1 and n = 4."""
    scope = scope_of(function, **{"bins": BINS, "k": 1, "n": 4, "scale": 0.3, "flag": True, **held})
    return [text_of(new) for new in bins.limits_moved(place_in(f"y = {text}", text), scope)]


# --- bins ---


def test_either_argument_of_a_minimum_may_be_the_limit():
    """A lower limit comes one earlier, an upper one later; the rest of the call stays."""
    for call, news in {
        "np.minimum(3, bins)": ["np.minimum(4, bins)"], "np.minimum(bins, 3)": ["np.minimum(bins, 4)"],
        "np.maximum(2, bins)": ["np.maximum(1, bins)"], "np.maximum(bins, 1)": ["np.maximum(bins, 0)"],
        "max(0, k)": ["max(0, 0)"], "min(7, k)": ["min(8, k)", "min(7, k + 1)"],
        "np.clip(bins, 1, 3)": ["np.clip(bins, 0, 3)", "np.clip(bins, 1, 4)"],
        "np.clip(bins, 1, 3, dtype=int)": ["np.clip(bins, 0, 3, dtype=int)", "np.clip(bins, 1, 4, dtype=int)"],
        "np.clip(bins, 2, 3)": ["np.clip(bins, 1, 3)", "np.clip(bins, 2, 4)"],
        "bins.clip(0, 3)": ["bins.clip(0, 4)"], "np.clip(bins, -1, 3)": ["np.clip(bins, -1, 4)"],
    }.items():  # fmt: skip
        assert moved(call) == news, call


def test_a_limit_is_a_whole_number_that_calls_nothing_but_len():
    """Of numbers that are no indices there is none, nor is True one; min(max(k, 1), 3) has one."""
    for call, news in {
        "np.minimum(bins, m)": ["np.minimum(bins, m + 1)"], "np.minimum(bins, n + k)": ["np.minimum(bins, n + k + 1)"],
        "np.minimum(bins, len(row))": ["np.minimum(bins, len(row) + 1)"], "np.minimum(bins, int(n))": [],
        "np.minimum(bins, abs(n))": [], "np.minimum(bins, flag)": [], "np.minimum(bins, 3.0)": [],
        "np.minimum(bins, lost)": [], "np.fmin(bins, 3)": [], "min(k, 1, 3)": [], "np.maximum(bins, n - 1)": [
            "np.maximum(bins, 2)"
        ], "bins + 3": [], "np.clip(bins, 1, 3, None)": [],
    }.items():  # fmt: skip
        assert moved(call, m=onp.int64(3), row=[1, 2]) == news, call


def test_a_limit_that_is_a_difference_loses_one():
    for limit, new in {"n - 1": "n", "n - 2": "n - 1", "n - 3": "n - 2", "n - k": "n - k + 1", "n + 1": "n + 1 + 1",
                       "n": "n + 1", "5": "6"}.items():  # fmt: skip
        assert moved(f"np.minimum(bins, {limit})") == [f"np.minimum(bins, {new})"], limit


@pytest.mark.parametrize("search", [
    "np.searchsorted(edges, z)", "bisect(edges, z)", "bisect_left(edges, z)", "bisect.bisect_right(edges, z)",
    "np.digitize(z, edges)",
])  # fmt: skip
def test_the_last_bin_but_one_is_said_by_the_table_that_is_searched(search):
    """Where that is one later than the limit, and the limit does not name the table itself."""
    function = f"def f(z):\n    return {search}"
    for size, limit, new in (
        (6, "n - 1", "len(edges) - 2"), (7, "n - 1", "n"), (5, "n - 1", "n"),
        (6, "edges.shape[0] - 3", "edges.shape[0] - 2"),
    ):  # fmt: skip
        found = moved(f"np.minimum(bins, {limit})", function, edges=onp.arange(float(size)))
        assert found == [f"np.minimum(bins, {new})"], (size, limit)
    wide = moved("np.minimum(bins, n - 1)", function, edges=onp.ones((3, 6)))
    assert wide == ["np.minimum(bins, edges.shape[-1] - 2)"]
    assert moved("np.minimum(bins, n - 1)", function, edges=6.0) == ["np.minimum(bins, n)"]
    assert moved("np.minimum(bins, n - 1)", function) == ["np.minimum(bins, n)"]


def test_a_search_that_names_no_table_is_none():
    function = ast.parse("def f(z):\n    return np.digitize(z), searchsorted(a), find(b, c)").body[0]
    assert [ast.unparse(table) for table in bins._searched(function)] == ["a"] and bins._searched(None) == []


def test_a_change_of_limits_alone():
    for before, after, alone in (
        ("np.clip(k, 0, 3)", "np.clip(k, 1, 3)", True), ("np.clip(k, 0, 3)", "np.clip(k, 0, 4)", True),
        ("k.clip(0, 3)", "k.clip(1, 3)", True), ("np.clip(k, 0, 3)", "np.clip(j, 0, 3)", False),
        ("min(k, 3)", "min(k, len(a))", True), ("min(k, 3)", "min(k, f(a))", False), ("min(k, 3)", "max(k, 3)", False),
        ("a[min(k, 3)]", "b[min(k, 3)]", False), ("min(k, 3)", "min(k, 3)", False), ("a[:", "b[:", False),
    ):  # fmt: skip
        assert bins.moves_limit(before, after) is alone, (before, after)


def test_a_source_that_finds_bins():
    for text in ("np.searchsorted(a, v)", "bisect(a, v)", "np.digitize(v, a)", "np.floor(v)", "v.astype(int)"):
        assert bins.finds_bins(f"k = {text} - 1"), text
    assert not bins.finds_bins("k = np.where(v < 0, a, b).astype(float)")


# --- rows of things ---


def turned(name, **held):
    """What `backwards` makes of the second argument, where the function holds these."""
    place = place_in(f"f(y, {name})", name)
    return [text_of(new) for new in backwards.backwards(place, scope_of(None, {"layers": (abs, abs)}, **held))]


def test_a_row_of_two_things_has_an_order():
    stack, own = onp.ones((2, 2, 2)), type("Own", (), {})()
    own.vs, own.layers = (onp.ones(2), onp.ones(2)), None
    for name, row in {"vs": [stack, stack], "stack": stack, "pair": (stack, None)}.items():
        assert turned(name, **{name: row}) == [f"{name}[::-1]"], name
        assert turned(name, **{name: row[:1]}) == [], name
    assert turned("own.vs", own=own) == ["own.vs[::-1]"] and turned("layers") == ["layers[::-1]"]
    assert turned("own.layers", own=own) == []  # the list of the module is another one
    for one in (1, 0.5, "a"):
        assert turned("vs", vs=[stack, one]) == [] == turned("vs", vs=[one, stack])


# --- a number on one side of 0 ---

BRANCHES = "def f(z):\n    a = np.where(z > 1, z, 0) * SLOPE * own.slope * M\n    return z, q"
BELOW = onp.ones((3, 2), dtype=bool)


def on_one_side(part="q", text=BRANCHES, **held):
    """The conditions and the numbers of the terms that are tried for q, in their order."""
    place = place_in(text, part, last=True)
    scope = scope_of(
        place.above[1], {"SLOPE": 0.2, "M": -0.5, "UNREAD": 0.7, "ONE": 1.0}, ["SLOPE", "M", "UNREAD"], **held
    )
    found = [text_of(new) for new in branch_terms.of_one_branch(place, scope)]
    assert all(new.lineno == place.node.lineno for new in branch_terms.of_one_branch(place, scope))
    return found


def pairs(condition, *numbers):
    logs = [pair for n in numbers for pair in (f"np.log({n}), 0.0", f"0.0, np.log({n})")]
    return [f"{sign}np.where({condition}, {pair}).sum(axis=1)" for pair in logs for sign in ("", "-")]


def test_a_number_counts_where_a_condition_holds():
    """The conditions that a variable holds come first, then those put to arrays; the numbers are read, and above 0."""
    own = type("Own", (), {})()
    own.slope, own.other = 0.3, 0.4
    assert on_one_side() == pairs("z > 1", "SLOPE")
    assert on_one_side(own=own) == pairs("z > 1", "SLOPE", "own.slope")
    assert on_one_side(below=BELOW, row=BELOW[0], z=onp.ones((3, 2)), k=True) == (
        pairs("below", "SLOPE") + pairs("z > 1", "SLOPE")
    )
    many = on_one_side(**{f"m{k}": BELOW for k in range(6)})
    assert many == [text for k in range(4) for text in pairs(f"m{k}", "SLOPE")]
    three = on_one_side(**{f"m{k}": BELOW for k in range(3)})
    assert three[-4:] == pairs("z > 1", "SLOPE") and len(three) == 16
    text = BRANCHES.replace("SLOPE", " * ".join(f"s{k}" for k in range(6)))
    several = on_one_side(text=text, **{f"s{k}": 0.5 for k in range(6)})
    assert several == pairs("z > 1", *(f"s{k}" for k in range(4)))


def test_a_term_alone_counts_so_and_only_where_numpy_has_a_name():
    assert (
        on_one_side("q", BRANCHES.replace("z, q", "z, q + 1"))
        == []
        == on_one_side("1", BRANCHES.replace("z, q", "z, 1"))
    )
    place, scope = place_in(BRANCHES, "q"), scope_of(BRANCHES, {"SLOPE": 0.2}, ["SLOPE"])
    del scope.module["np"]
    assert list(branch_terms.of_one_branch(place, scope)) == []


# --- degrees ---

Q = onp.ones(3)


def of_degree(text, part, np=True, **held):
    place, scope = place_in(text, part, last=True), scope_of(**held)
    if not np:
        del scope.module["np"]
    found = list(degrees.of_degree(place, scope))
    assert all(n.lineno == place.node.lineno for new in found for n in ast.walk(new) if hasattr(n, "lineno"))
    return [ast.unparse(new) for new in found]


def test_an_element_is_divided_by_the_degree_that_it_is_taken_by():
    three = ["q[k] / (k + 1)", "q[k] * (k + 1)", "k * q[k]"]
    for text, part, made in (
        ("y = q[k]", "q[k]", three), ("y = q[1]", "q[1]", []), ("y = q[k + 1]", "q[k + 1]", []),
        ("y = a[q[k]]", "q[k]", []), ("y = q[k](z)", "q[k]", []), ("for a in q[k]: pass", "q[k]", []),
        ("y = a.q", "a.q", []), ("y = (\n\nq[k])", "q[k]", three),
    ):  # fmt: skip
        assert of_degree(text, part) == made, text


def test_a_row_is_divided_by_all_of_its_degrees():
    whole = ["q / np.arange(1, len(q) + 1)", "q * np.arange(1, len(q) + 1)"]
    assert of_degree("y = f(q)", "q", q=Q) == whole and of_degree("y = f(q)", "q", np=False, q=Q) == []
    for other in (onp.eye(2), onp.arange(3), 1.0, [1.0, 2.0], onp.array(1.0)):
        assert of_degree("y = f(q)", "q", q=other) == [], other


def test_what_counts_beside_an_element_is_its_degree():
    """In a comprehension or a loop over enumerate, of pairs, where it is the element's own."""
    three = ["c / (k + 1)", "c * (k + 1)", "k * c"]
    for text, made in (
        ("y = sum(c for k, c in enumerate(q))", three), ("y = [c for k, c in enumerate(q)]", three),
        ("for k, c in enumerate(q):\n    y = c", three), ("y = sum(c for c in q)", []),
        ("y = sum(c for k, c in zip(p, q))", []), ("y = sum(c for k, d in enumerate(q))", []),
        ("y = sum(c for k, c, d in enumerate(q))", []), ("y = sum(c for (j, k), c in enumerate(q))", []),
        ("y = sum(c for k, c in q)", []), ("y = {j: c for j, k in p for k, c in enumerate(q)}", three),
        ("for k, c in a.enumerate(q):\n    y = c", []), ("for k in enumerate(q):\n    y = c", []),
    ):  # fmt: skip
        place = [p for p in places(ast.parse(text)) if ast.unparse(p.node) == "c" and isinstance(p.node.ctx, ast.Load)][
            -1
        ]
        assert [ast.unparse(new) for new in degrees.of_degree(place, scope_of())] == made, text


# --- frequencies ---


def twice(text, named=("rfft",), **held):
    place = place_in(f"y = {text}", text)
    found = list(frequencies.counted_twice(place, scope_of(named=named, **held)))
    assert all(new.lineno == 1 for new in found)
    return [ast.unparse(new) for new in found]


def test_the_inner_frequencies_are_summed_once_more():
    row, rows = {"F": onp.ones(4)}, {"F": onp.ones((2, 4))}
    ends = ("1:-1", "1:")
    for text, held, once in (
        ("F.sum()", row, "F.sum() + F[{}].sum()"), ("F.sum()", rows, "F.sum() + F[..., {}].sum()"),
        ("F.sum()", {}, "F.sum() + F[..., {}].sum()"), ("np.sum(F)", row, "np.sum(F) + np.sum(F[{}])"),
        ("F.sum(axis=1)", rows, "F.sum(axis=1) + F[..., {}].sum(axis=1)"),
        ("np.sum(F, 1)", rows, "np.sum(F, 1) + np.sum(F[..., {}], 1)"),
        ("np.sum(F, axis=1)", rows, "np.sum(F, axis=1) + np.sum(F[..., {}], axis=1)"),
        ("2 * F.sum()", row, "F.sum() + F[{}].sum()"), ("F.sum() * 2", row, "F.sum() + F[{}].sum()"),
        ("2.0 * np.sum(F)", row, "np.sum(F) + np.sum(F[{}])"),
    ):  # fmt: skip
        for named in ({"rfft"}, {"irfft", "exp"}):
            assert twice(text, named, **held) == [once.format(end) for end in ends], text
        assert twice(text, {"fft"}, **held) == [], text


def test_what_is_no_sum_of_frequencies_is_left():
    for text in ("3 * F.sum()", "F.sum() + 2", "2 / F.sum()", "F.sum() * G.sum()", "2 * F.max()", "F.max()", "sum(F)",
                 "F", "2 * 2", "F.sum"):  # fmt: skip
        assert twice(text, F=onp.ones(4)) == [], text
