"""What a map is asked at the very ends of its interval, and which of its exceptions counts there."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check.finding import Symptom
from nfscratch.check.letters import indices_at_ends, joins, jumps, kinks
from nfscratch.check.letters.joins import AT_EDGES

INF = onp.inf


def trial_with(domain, codomain, apply, z=((0.25, 0.5), (7.0, 7.0)), dtype="float64"):
    z = onp.array(z, dtype=dtype)
    ends = {"forward": domain, "inverse": codomain}
    subject = SimpleNamespace(ends=ends.__getitem__)
    return SimpleNamespace(subject=subject, apply=apply, input={"forward": z, "inverse": 10 * z}.__getitem__)


def test_all_variables_that_have_an_end_are_put_there_in_the_first_row():
    asked = []
    apply = lambda direction, row, rows: asked.append((direction, row.dtype, row.tolist(), rows))  # noqa: E731
    own = (onp.array([0.0, -INF]), onp.array([INF, 2.0]))
    for domain, codomain, wanted in (
        ((0.0, 1.0), (-INF, INF), [("forward", [[0.0, 0.0]]), ("forward", [[1.0, 1.0]])]),
        ((-INF, INF), (3.0, INF), [("inverse", [[3.0, 3.0]])]),
        ((-INF, 0.0), (-INF, INF), [("forward", [[0.0, 0.0]])]),
        (own, (-INF, INF), [("forward", [[0.0, 0.5]]), ("forward", [[0.25, 2.0]])]),
        ((-INF, INF), own, [("inverse", [[0.0, 5.0]]), ("inverse", [[2.5, 2.0]])]),
    ):  # fmt: skip
        for dtype in ("float64", "float32"):
            asked.clear()
            assert indices_at_ends.indices_at_ends(trial_with(domain, codomain, apply, dtype=dtype)) is None
            assert asked == [(direction, dtype, row, [0]) for direction, row in wanted], (domain, codomain)


def test_an_event_keeps_its_shape():
    shapes = []
    apply = lambda direction, row, rows: shapes.append((row.shape, row.ravel().tolist()))  # noqa: E731
    ends = (onp.array([[0.0, 1.0], [2.0, 3.0]]), onp.full((2, 2), 9.0))
    indices_at_ends.indices_at_ends(trial_with(ends, (-INF, INF), apply, z=[[[0.5, 1.5], [2.5, 3.5]]]))
    assert shapes == [((1, 2, 2), [0.0, 1.0, 2.0, 3.0]), ((1, 2, 2), [9.0] * 4)]


def test_only_an_index_outside_of_a_table_counts():
    def apply_that(error, at):
        def apply(direction, row, rows):
            if (direction, row[0, 0]) == at:
                raise error("no such knot")
            if (direction, row[0, 0]) < at:
                raise ValueError("an honest refusal")

        return apply

    for at, words in (
        (("forward", 1.0), "z = [1, 1]"),
        (("inverse", 0.0), "x = [0, 0]"),
        (("inverse", 1.0), "x = [1, 1]"),
    ):
        found = indices_at_ends.indices_at_ends(trial_with((0.0, 1.0), (0.0, 1.0), apply_that(IndexError, at)))
        assert (found.letter, found.what, found.symptom) == ("E", AT_EDGES, Symptom.RAISES) and found.failed
        assert found.at.startswith(f"{at[0]} raises IndexError: no such knot") and found.at.endswith(f" at {words}")
        e = found.evidence
        assert (
            e["raised_by"] is IndexError and e["row"] == 0 and e["symbol"] == words[0] and e[words[0]].shape == (1, 2)
        )
        for error in (ValueError, KeyError, ZeroDivisionError):
            assert indices_at_ends.indices_at_ends(trial_with((0.0, 1.0), (0.0, 1.0), apply_that(error, at))) is None


# --- numbers that leave the range ---


def test_a_line_that_stops_to_be_finite_was_huge_just_before_on_either_side():
    """e^(100 t^4) is 1e43 at 1 and leaves the range before 2: the last finite number tells, not that of the grid."""

    def line(f):
        def values(t):
            with onp.errstate(all="ignore"):
                return f(onp.atleast_1d(t))[:, None]

        return SimpleNamespace(
            values=values, trial=SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype("float64")))
        )

    t = onp.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    steep = lambda t: onp.exp(100 * t**4)  # noqa: E731
    for f, honest in (
        (lambda t: onp.where(t > 0, steep(t), 1.0), True), (lambda t: onp.where(t < 0, steep(t), 1.0), True),
        (lambda t: onp.where(t > 1.5, onp.nan, t), False), (lambda t: onp.where(t < -1.5, onp.nan, t), False),
        (steep, True),
        (lambda t: onp.where(t > 0, steep(t), onp.where(t < -1.5, onp.nan, t)), False),
    ):  # fmt: skip
        along = line(f)
        assert joins._overflows(along, t, along.values(t)) is honest


def test_a_constant_that_drifts_by_eight_roundings_itself_is_one():
    """A rounding is 2^-10 here, so that the drift is exact; the constant ends at 4.3."""
    drift = 2.0**-7
    t, v = onp.arange(9.0), onp.array([0.0, drift, 0.0, drift, 0.0, 5.0, 8.0, 11.0, 14.0])
    for kept in (0.0, drift, -drift):
        values = lambda t, kept=kept: onp.where(t < 4.3, kept, 5.0)[:, None]  # noqa: E731
        line = SimpleNamespace(values=values, trial=SimpleNamespace(subject=SimpleNamespace(precision=2.0**-10)))
        assert abs(jumps._ends_of_constants(line, t, v, 1e-4)[0] - 4.3) < 1e-12
    assert jumps._ends_of_constants(line, t, onp.where(v == drift, 1.01 * drift, v), 1e-4) == []
    for jump, found in ((1.0, []), (1.01, [4.3]), (-1.0, []), (-1.01, [4.3])):  # of the least that is one
        line.values = lambda t, jump=jump: onp.where(t < 4.3, 0.0, jump * 2.0**-5)[:, None]
        assert [round(at, 9) for at in jumps._ends_of_constants(line, t, v, 2.0**-5)] == found, jump


def test_where_a_twin_in_float64_is_asked_a_line_in_float32_is_no_jump(monkeypatch):
    asked = []
    monkeypatch.setattr(joins, "jumps", lambda line, t, values, column: asked.append(column) or [])
    monkeypatch.setattr(joins, "_told", lambda line, found: "")
    subject = SimpleNamespace(ends=lambda direction: (-INF, INF))
    line = SimpleNamespace(
        values=lambda t: onp.zeros((len(t), 3)), direction="forward", j=0, trial=SimpleNamespace(subject=subject)
    )
    for known, columns in ((False, [0, 1, 2]), (True, [])):
        asked.clear()
        assert not joins._along(line, known).failed and asked == columns


def test_a_knot_of_another_variable_is_straight_on_both_sides_and_jumps_by_more_than_the_least(monkeypatch):
    straight, least = 2.0**-30, 2.0**-5
    monkeypatch.setattr(kinks, "STRAIGHT", straight)
    for v, is_knot in (
        ([0, 0, 1, 1], True), ([0, 0, -1, -1], True), ([0, 0, least, least], False), ([0, 0, -least, -least], False),
        ([0, 0.9 * straight, 1, 1], True), ([0, straight, 1, 1], False), ([0, 0, 1, 1 + straight], False),
        ([0, 0, 1, 1 - straight], False), ([0, -straight, 1, 1], False), ([0, 0, 0, 0], False),
    ):  # fmt: skip
        asked = []
        value_at = lambda rows, v=v, asked=asked: asked.append(rows.tolist()) or onp.stack([v, v], axis=1)  # noqa: E731
        line = SimpleNamespace(
            points=lambda t: onp.array([[t[0], 7.0]]), units=(0.0, onp.array([1.0, 10.0])), value_at=value_at
        )
        line.least, line.direction, line.trial = (
            least,
            "forward",
            SimpleNamespace(subject=SimpleNamespace(shape=lambda d: (2,))),
        )
        assert bool(kinks._is_knot_within(line, 0.25, 1, 3.0)) is is_knot, v
        assert asked == [[[3.0, 7.0 + 2.5 * beside] for beside in (-2, -1, 1, 2)]]


def test_a_line_without_any_finite_number_is_asked_at_both_ends_and_in_the_middle(monkeypatch):
    asked = []
    monkeypatch.setattr(joins, "_ways_to", lambda line, t: asked.append(t.tolist()) or [])
    line = SimpleNamespace(values=None, trial=SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype("float64"))))
    assert not joins._overflows(line, onp.arange(7.0), onp.full((7, 2), onp.nan)) and asked == [[0.0, 3.0, 6.0]]


def test_each_variable_by_itself_is_one_line_or_none():
    moved = onp.array([0.0, 1.0, 2.0, 4.0])
    y = onp.stack([3 * moved + 1, moved**2, 0 * moved, -moved], axis=1)
    assert kinks._is_one_line(moved, y).tolist() == [True, False, False, True]


def test_a_log_det_is_right_on_both_sides_that_is_less_than_the_bound_away(monkeypatch):
    """The map is the identity and all steps are powers of 2, so that its slopes are exactly 1."""
    monkeypatch.setattr(kinks, "RIGHT", 2.0**-5)
    monkeypatch.setattr(kinks, "PLACES", {onp.dtype("float64"): (2.0**-9, 2.0**-17)})
    subject = SimpleNamespace(dtype=onp.dtype("float64"), dim=1, shape=lambda direction: (1,))
    line = SimpleNamespace(trial=SimpleNamespace(subject=subject), direction="forward", units=(0.0, 1.0))
    line.points = lambda t: t[:, None]
    for before, after, right in (
        (0.0, 0.0, True),
        (0.99, 0.99, True),
        (0.0, 1.0, False),
        (1.0, 0.0, False),
        (-1.0, 0.0, False),
    ):
        own = lambda x, b=before, a=after: onp.where(x < 0, b, a) * 2.0**-5  # noqa: E731
        line.value_at = lambda rows, own=own: onp.concatenate([rows, own(rows)], axis=1)
        assert kinks._has_its_slopes(line, 0.0) is right, (before, after)


def test_from_points_that_the_map_meets_a_line_is_asked_where_all_of_them_have_finite_values():
    met = onp.array([[1.0], [2.0]])
    line = SimpleNamespace(direction="inverse", points=lambda t: 10 * t[:, None], value_at=lambda a: values)
    line.trial = SimpleNamespace(input=lambda direction: met if direction == "inverse" else None)
    values = onp.ones((2, 2))
    ways = joins._ways_to(line, onp.array([3.0, 4.0]))
    assert [(way[0] is line.value_at, way[1] is met, way[2].tolist()) for way in ways] == [
        (True, True, [[30.0]]), (True, True, [[40.0]])
    ]  # fmt: skip
    values = onp.array([[1.0, 1.0], [1.0, onp.nan]])
    assert joins._ways_to(line, onp.array([3.0])) == []
    met, values = onp.ones((0, 1)), onp.ones((0, 2))
    assert joins._ways_to(line, onp.array([3.0])) == []


def test_a_kink_is_meant_where_it_is_declared_or_straight_on_both_sides(monkeypatch):
    straight = kinks.STRAIGHT
    monkeypatch.setattr(kinks, "_is_knot_of", lambda line, k, join: k in knots and join == 0.5)
    for sides, smooth, knots, meant in (
        ((straight, 0.0), None, (), False), ((0.0, straight), True, (), False),
        ((0.0, 0.99 * straight), None, (), True),
        ((0.99 * straight, 0.0), None, (), True), ((9.0, 9.0), False, (), True), ((9.0, 0.0), None, (0,), True),
        ((9.0, 0.0), None, (1,), False), ((9.0, 0.0), None, (2,), True), ((9.0, 0.0), None, (3,), False),
    ):  # fmt: skip
        monkeypatch.setattr(kinks, "sides", lambda line, join, sides=sides: sides)
        line = SimpleNamespace(j=1, trial=SimpleNamespace(subject=SimpleNamespace(smooth=smooth, dim=3)))
        assert kinks._is_meant(line, 0.5) is meant, (sides, smooth, knots)
