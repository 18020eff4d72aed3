"""Where two directions are looked at: at which rows, in which runs, from which boundaries anew; and their layers."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.diagnosis import explain, paired
from nfscratch.check.diagnosis.paired import Paired


class Sized(SimpleNamespace):
    def __len__(self):
        return self.n


# --- rows and runs ---


def started(monkeypatch, lengths, rows=30, turned=None):
    """The runs that a pair of functions is looked at by, where their boundaries are so many."""
    runs, lengths = [], list(lengths)

    def boundaries(f, a, b):
        runs.append((f, a.ravel().tolist(), b.ravel().tolist()))
        return Sized(n=lengths.pop(0))

    monkeypatch.setattr(paired, "Boundaries", boundaries)
    monkeypatch.setattr(paired, "_telling_rows", lambda trial: onp.arange(rows)[::-1])
    monkeypatch.setattr(Paired, "_turn_halves", lambda self: None if turned is None else turned.append(self))
    z = onp.arange(float(rows))[:, None]
    subject = SimpleNamespace(forward="forward", inverse="inverse")
    return Paired(Sized(subject=subject, z=z, x=100 + z, n=rows)), runs


def test_two_runs_of_seven_rows_each(monkeypatch):
    turned = []
    found, runs = started(monkeypatch, [3, 2], turned=turned)
    assert runs == [
        ("forward", [29, 27, 25, 23, 21, 19, 17], [28, 26, 24, 22, 20, 18, 16]),
        ("inverse", [129, 127, 125, 123, 121, 119, 117], [128, 126, 124, 122, 120, 118, 116]),
    ]
    assert found.rows.tolist() == list(range(30)) and turned == [found]
    assert (len(found.forward), len(found.inverse)) == (3, 2)


@pytest.mark.parametrize(("lengths", "by_rows"), [([2, 2, 4, 5], True), ([2, 3], False), ([3, 2], False), ([3, 3], 0)])
def test_where_whole_batches_show_nothing_single_rows_are_run(lengths, by_rows, monkeypatch):
    found, runs = started(monkeypatch, lengths)
    assert [len(a) for _, a, _ in runs] == [7, 7, 1, 1][: len(lengths)]
    if by_rows:
        assert runs[2:] == [("forward", [29], [28]), ("inverse", [129], [128])]
        assert found.rows.tolist() == list(range(29, 19, -1)) and len(found.inverse) == 5
    else:
        assert found.rows.tolist() == list(range(30))


@pytest.mark.parametrize("rows", [13, 14])
def test_two_runs_need_fourteen_rows(rows, monkeypatch):
    if rows == 14:
        assert len(started(monkeypatch, [3, 3], rows)[1][0][2]) == 7
    else:
        with pytest.raises(LookupError, match="too few points"):
            started(monkeypatch, [3, 3], rows)


def told(bad, usable=None, x=None, z=None, raises=()):
    """The rows in order, where R fails in some, J of forward in others, and J of inverse in a third set."""
    n = 20
    z = onp.arange(float(n))[:, None] if z is None else z
    x = onp.ones((n, 1)) if x is None else x

    def check(k):
        def look(trial, *direction):
            assert direction == [(), ("forward",), ("inverse",)][k]
            if k in raises:
                raise ValueError
            return SimpleNamespace(evidence=None if bad[k] is None else {"bad": onp.isin(onp.arange(n), bad[k])})

        return look

    trial = Sized(n=n, z=z, x=x, usable=onp.ones(n, dtype=bool) if usable is None else usable)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paired, "check_round_trip", check(0))
        patch.setattr(paired, "check_jacobian", lambda t, way: check(1 if way == "forward" else 2)(t, way))
        return paired._telling_rows(trial).tolist()


def test_rows_where_something_fails_come_first():
    assert told([None, None, None]) == list(range(20))
    assert told([[5], [9], [3]])[:5] == [3, 5, 9, 0, 1] and told([[5], [9], [3]], raises=(1,))[:4] == [3, 5, 0, 1]
    assert told([list(range(10, 20)), None, None]) == [*range(10, 17), *range(10), *range(17, 20)]
    z = onp.array([[3.0], [-1.0], [2.0], [-1.0]] + [[9.0]] * 16)
    assert told([None] * 3, z=z)[:5] == [1, 3, 2, 0, 4]


def test_rows_that_are_not_finite_or_not_usable_tell_nothing():
    x, usable = onp.ones((20, 1)), onp.ones(20, dtype=bool)
    x[2], usable[4] = onp.inf, False
    assert told([[2, 3], None, None], usable, x) == [3, *[k for k in range(20) if k not in (2, 3, 4)]]


@pytest.mark.parametrize(("fields", "lengths", "is_one"), [
    ({}, (3, 2), True), ({}, (2, 3), True), ({}, (2, 2), False), ({"bijection": "one"}, (3, 3), False),
    ({"pairs": ["one"]}, (3, 3), False), ({"in_shape": (1, 2)}, (3, 3), False), ({"out_shape": (3,)}, (3, 3), False),
    ({"in_shape": (1, 2), "out_shape": (1, 2)}, (3, 3), False), ({}, None, False),
])  # fmt: skip
def test_plain_functions_whose_runs_show_something(fields, lengths, is_one, monkeypatch):
    subject = SimpleNamespace(**{"bijection": None, "pairs": (), "in_shape": (2,), "out_shape": (2,), **fields})
    found = None if lengths is None else SimpleNamespace(forward=Sized(n=lengths[0]), inverse=Sized(n=lengths[1]))

    def look(trial):
        if found is None:
            raise ValueError
        return found

    monkeypatch.setattr(paired, "Paired", look)
    assert paired.paired(SimpleNamespace(subject=subject)) is (found if is_one else None)


# --- from which boundaries anew ---


def anew(pair, strong, fits=(), runs=True, n=9):
    asked = []
    found = object.__new__(Paired)
    found.inverse = Sized(n=n)
    found._run = lambda i, j: asked.append((i, j)) or ((i, j) if runs else None)
    found._arrives = lambda values, i, given: values in fits and given is strong and values[0] == i
    return found._anew(pair, strong), asked


@pytest.mark.parametrize(("pair", "strong", "n", "asked"), [
    ((3, 1), True, 5, [(2, 1), (3, 2), (1, 1), (2, 2), (3, 3), (1, 2), (2, 3), (1, 3)]),
    ((3, 1), False, 5, [(2, 2), (1, 2), (2, 3), (1, 3)]), ((1, 1), True, 4, [(1, 2)]), ((1, 1), False, 4, []),
    ((2, 1), True, 3, [(1, 1)]),
])  # fmt: skip
def test_pairs_are_tried_from_the_nearest_on(pair, strong, n, asked):
    assert anew(pair, strong, n=n) == (None, asked)
    for k, fits in enumerate(asked):
        assert anew(pair, strong, [fits, *asked[k:]], n=n) == (fits, asked[: k + 1])
    assert anew(pair, strong, asked, runs=False, n=n) == (None, asked)


def test_no_more_than_eight_boundaries_are_skipped():
    _, asked = anew((30, 0), True, n=40)
    assert {(30 - i) + j for i, j in asked} == set(range(1, 9)) and len(asked) == sum(d + 1 for d in range(1, 9))


@pytest.mark.parametrize(("pair", "inner"), [
    ((0, 1), False), ((1, 1), True), ((3, 1), True), ((4, 1), False), ((2, 0), False), ((2, 2), True), ((2, 3), False),
])  # fmt: skip
def test_pairs_within_both_functions_lie_between_the_ends(pair, inner):
    found = object.__new__(Paired)
    found.forward, found.inverse = Sized(n=5), Sized(n=4)
    assert found._with_ends([pair]) == [(4, 0), *([pair] if inner else []), (0, 3)]


# --- layers ---


def test_the_steps_between_pairs_in_the_order_in_which_z_meets_them(monkeypatch):
    made = []
    monkeypatch.setattr(paired, "of_pair", lambda f, g, dim, name: made.append((f, g, dim, name)) or name)
    side = lambda way: SimpleNamespace(  # noqa: E731
        step=lambda i, j, sums: (way, i, j, sums), lines=lambda i, j: f"{way} {i} to {j}"
    )
    found = object.__new__(Paired)
    found.forward, found.inverse, found.subject = side("f"), side("g"), SimpleNamespace(dim=4)
    names = found.layers([(5, 0), (3, 2), (2, 2), (0, 3)], ("sf", "sg"))
    assert names == ["layer 1 of 3, g 2 to 3", "layer 2 of 3, f 2 to 3", "layer 3 of 3, g 0 to 2"]
    assert made[0] == (("f", 0, 2, "sf"), ("g", 2, 3, "sg"), 4, names[0])
    assert made[2] == (("f", 3, 5, "sf"), ("g", 0, 2, "sg"), 4, names[2])
    found.layers([(5, 0), (0, 3)])
    assert made[3][:2] == (("f", 0, 5, {}), ("g", 0, 3, {}))


# --- names of a density ---


def test_the_integral_has_a_name_by_its_value_and_the_dimension(monkeypatch):
    monkeypatch.setattr(explain, "name_integral", lambda value, dim: (value, dim))
    first = SimpleNamespace(
        finding=SimpleNamespace(evidence={"yours": 2.5}), trial=SimpleNamespace(subject=SimpleNamespace(dim=3))
    )
    named = explain._name_integral_of(first, "cases")
    assert (named.mistake, named.where) == ((2.5, 3), "log_prob")
