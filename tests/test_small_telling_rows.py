"""At which rows a screen looks, which values have a share in what is wrong, and what is said of swapped lines."""

import ast
from types import SimpleNamespace

import numpy as onp
from by_hand import place_of

from nfscratch.check.repair import of_lines, relevant, telling, ways
from nfscratch.check.repair.edit import Kind


def trial(z, back=None, claimed=None, J=None):
    """A trial of these rows that inverse takes back to them, or to `back`."""
    z = onp.array(z, dtype=float).reshape(len(z), -1)
    made = SimpleNamespace(z=z, usable=onp.ones(len(z), dtype=bool), input=lambda direction: z,
     claimed=lambda direction: claimed,
                           numeric_of=lambda direction: (J,))  # fmt: skip
    made.back = (z if back is None else onp.array(back, dtype=float).reshape(len(z), -1), None)
    return type("T", (SimpleNamespace,), {"__len__": lambda self: len(self.z)})(**vars(made))


def rows(of, row=0, near=1e-5):
    return telling.telling_rows(of, row, near).tolist()


def test_calm_rows_are_spread_from_the_middle_outwards():
    """Six of the half that is nearest to 0, or of the six nearest."""
    assert rows(trial(range(40))) == [0, 3, 7, 11, 15, 19] and rows(trial(range(39, -1, -1)), 39) == [
        20,
        24,
        28,
        32,
        36,
        39,
    ]
    assert (
        rows(trial(range(8))) == [0, 1, 2, 3, 4, 5]
        and rows(trial(range(3))) == [0, 1, 2]
        and rows(trial(range(14))) == [0, 1, 2, 3, 4, 6]
    )
    alike = [7.0 * k % 3 for k in range(40)]  # of rows that are alike the first
    first = sorted(range(40), key=alike.__getitem__)
    assert rows(trial(alike)) == sorted(first[k] for k in (0, 3, 7, 11, 15, 19))
    assert rows(trial(range(40)), 30) == [0, 3, 7, 11, 15, 19, 30] and rows(trial(range(40)), 70) == [
        0,
        3,
        7,
        11,
        15,
        19,
        30,
    ]


def test_two_rows_that_do_not_come_back_are_among_them():
    z = onp.arange(40.0)
    for off, near, found in (
        ({30: 1.0, 25: 1.0, 35: 1.0}, 1e-5, [25, 30]), ({35: 1.0}, 1e-5, [35]), ({25: 24e-5}, 1e-5, []),
        ({25: 26e-5}, 1e-5, [25]), ({25: onp.nan}, 1e-5, [25]),
    ):  # fmt: skip
        back = z.copy()
        for k, v in off.items():
            back[k] += v
        assert rows(trial(z, back), near=near) == sorted([0, 3, 7, 11, 15, 19, *found]), off
    half = trial([0.5] * 7, [0.5] * 6 + [0.5 + 1.1e-5])
    assert rows(half) == [0, 1, 2, 3, 4, 5, 6]
    half.usable[6] = False
    assert rows(half) == [0, 1, 2, 3, 4, 5]
    lost = trial(range(7))
    lost.back = None
    assert telling._not_undone(lost, 1e-5) == set() and rows(lost) == [0, 1, 2, 3, 4, 5]


def test_a_claim_is_wrong_from_its_bound_on():
    fine, J = onp.ones(3, dtype=bool), onp.tile(onp.eye(2), (3, 1, 1))
    for off, found in ((1.25, [0, 2]), (1.1875, [0])):
        of = trial(range(3), claimed=onp.array([0, 0, off]), J=J)
        assert telling.with_wrong_claims(of, "forward", onp.array([0]), fine, 0.125).tolist() == found


def claims(off, at=(0, 1), fine=None, z=None):
    J = onp.tile(onp.diag([2.0, 3.0]), (len(off), 1, 1))
    J[-1] *= 100.0
    true = onp.linalg.slogdet(J)[1]
    fine = onp.ones(len(off), dtype=bool) if fine is None else fine
    of = trial(range(len(off)) if z is None else z, claimed=true + onp.array(off), J=J)
    return telling.with_wrong_claims(of, "forward", onp.array(at), fine, 1e-5).tolist()


def test_rows_with_a_wrong_claim_where_there_are_few_among_them():
    log6 = onp.log(6.0)
    for off, found in (
        ([0, 0, 0.99e-4 * log6, 0, 0], [0, 1]), ([0, 0, 1.05e-4 * log6, 0, 0], [0, 1, 2]),
        ([0, 0, 0, 0, 0.0010], [0, 1]), ([0, 0, 0, 0, 0.0012], [0, 1, 4]),
        ([0, 0, 9, 9, 9], [0, 1, 2, 3, 4]), ([9, 9, 9, 9, 9], [0, 1]), ([9, 0, 9, 9, 9], [0, 1, 2, 3]),
        ([0, 0, onp.nan, 0, 0], [0, 1, 2]),
    ):  # fmt: skip
        assert claims(off) == found, off
    assert claims([0, 0, 9, 9, 9], z=[0, 1, 9, 8, 7], at=[0]) == [0, 2, 3, 4] and claims(
        [0, 9, 9, 9, 9], z=[0, 9, 8, 7, 6], at=[0]
    ) == [0, 2, 3, 4]
    alike = [7.0 * k % 5 for k in range(39)] + [9.0]
    assert claims([9.0] * 40, at=[39], fine=onp.arange(40) != 39, z=alike) == [0, 5, 10, 39]
    of = trial(range(3), claimed=onp.zeros((3, 1)), J=onp.tile(onp.eye(2), (3, 1, 1)))
    assert telling.with_wrong_claims(of, "forward", onp.array([1]), onp.ones(3, dtype=bool), 1e-5).tolist() == [1]
    of = trial(range(3), claimed=[1, 1, 1], J=onp.tile(onp.eye(2), (3, 1, 1)))
    assert telling.with_wrong_claims(of, "forward", onp.array([1]), onp.ones(3, dtype=bool), 1e-5).tolist() == [1]


# --- values that have a share ---


def test_a_value_of_points_counts_where_python_takes_no_other_tree(monkeypatch):
    seen = []
    monkeypatch.setattr(relevant, "_values", lambda met, moves, otherwise: seen.append((met, moves, otherwise)) or {7})
    screen = SimpleNamespace(moves_log_det_alone="log_det", moves_points="points")
    assert relevant.values_of_log_det("met", screen) == relevant.values_of_points("met", screen) == {7}
    assert seen == [("met", "log_det", False), ("met", "points", True)]


def test_a_value_that_a_statement_passes_on_stands_in_its_call():
    for text, part, said in (
        ("rows.append(a)", "a", True),
        ("f(a)", "a", True),
        ("y = f(a)", "a", False),
        ("f(k=a)", "a", False),
        ("f(g(a))", "a", False),
    ):
        assert relevant._is_passed_on(place_of(text, part)) is said, text
    call = ast.parse("f(a)").body[0].value
    alone = SimpleNamespace(field="args", above=(call,))
    assert relevant._is_passed_on(alone) is False


# --- lines ---


def test_two_lines_with_the_values_of_each_other():
    first, second = ast.parse("y[0] = a\ny[1] = b + c").body
    found = of_lines.swapped(first, second)
    assert (
        found.kind is Kind.SWAPPED and found.lines == ("y[0] = a", "y[1] = b + c") and found.targets == ("y[0]", "y[1]")
    )
    assert found.words == "with `y[0] = b + c` and `y[1] = a` in place of `y[0] = a` and `y[1] = b + c`"
    for text, target in (
        ("a = b = 1", "a, b"),
        ("a += 1", "a"),
        ("return a", ""),
        ("for k in a: pass", "k"),
        ("f(a)", ""),
    ):
        assert of_lines._target(ast.parse(text).body[0]) == target, text


def test_the_lines_of_a_place():
    text = "y = f(\n    a,\n    b,\n)\nz = 1"
    for part, lines in (("a", {1, 2, 3, 4}), ("z = 1", {5, 6}), ("1", {5}), ("y = f(a, b)", {1, 2, 3, 4, 5})):
        assert ways.lines_of(place_of(text, part)) == lines, part
    none = SimpleNamespace(node=ast.Name("a", ast.Load()), statement=None)
    assert ways.lines_of(none) == {0}
