"""The small functions of the letters E and O on lines and rows made by hand: on both sides of each of their bounds."""

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from edited_code import trial_of
from tried_maps import rng

from nfscratch.check.domains import out_of
from nfscratch.check.finding import Symptom
from nfscratch.check.letters import cancellation, edges, joins, jumps, kinks, out_of_reach
from nfscratch.check.trial import Trial
from nfscratch.ops.roots import InversionError

T = onp.linspace(-2.0, 2.0, 41)
REALS, EPS = (-onp.inf, onp.inf), 2.0**-52


# --- jumps of a line ---


def line_of(f, dim=1, precision=1e-16, least=1e-6):
    """A line along which `f` says the values, one column for each of its results."""

    def values(t):
        t = onp.atleast_1d(t)
        return onp.stack([onp.broadcast_to(v, t.shape).astype(float) for v in f(t)], axis=1)

    subject = SimpleNamespace(dim=dim, precision=precision, dtype=onp.dtype("float64"))
    trial = SimpleNamespace(subject=subject, input=lambda direction: onp.array([[9.0]]))
    points = {"points": lambda t: t[:, None], "value_at": lambda a: values(a[:, 0])}
    return SimpleNamespace(values=values, trial=trial, least=least, direction="inverse", **points)


def found(f, column=0, **of_line):
    line = line_of(f, **of_line)
    return jumps.jumps(line, T, line.values(T), column)


def test_a_step_is_found_to_the_last_digit_and_a_steep_slope_is_none():
    close(found(lambda t: (t + 0.5 * (t > 0.3), 0)), [0.3], 1e-12)
    close(found(lambda t: (t + 0.5 * (t > 0.3) - 0.9 * (t > -1.23), 0)), [0.3, -1.23], 1e-12)
    assert found(lambda t: (t + 0.5 * onp.tanh((t - 0.3) / 1e-6), 0)) == []
    assert found(lambda t: (t + 0.5 * onp.tanh((t - 0.3) / 1e-12), 0)) == []
    for width in (1e-6, 1e-12):  # between two places of the line, where it stands out like a step
        assert found(lambda t, width=width: (t + 0.5 * onp.tanh((t - 0.33) / width), 0)) == []
    assert found(lambda t: (onp.exp(t), t)) == [] and found(lambda t: (onp.exp(t), t), 1) == []


@pytest.mark.parametrize(("step", "is_one"), [(0.9, False), (1.3, True)])
@pytest.mark.parametrize("size", [0.0, 5.0])
def test_a_jump_is_larger_than_the_least_of_what_jumps(step, is_one, size):
    least = 1e-3 * max(1.0, size) * step
    assert bool(found(lambda t: (size + least * (t > 0.3), 0), least=1e-3)) is is_one


def test_a_log_det_that_is_constant_has_ends():
    inside = lambda t: onp.abs(t) < 1.03  # noqa: E731
    f = lambda t: (t, onp.where(inside(t), 0.2, 0.2003 + 0.1 * onp.abs(t - 1)))  # noqa: E731
    places = found(f, 1)
    assert any(abs(place - 1.03) < 1e-12 for place in places) and any(abs(place + 1.03) < 1e-12 for place in places)
    assert found(f, 0) == []
    calm = lambda t: (t, onp.where(inside(t), 0.2, 0.2 + 0.1 * (onp.abs(t) - 1.03)))  # noqa: E731
    assert found(calm, 1) == []


def ends(f, least=1e-4):
    line = line_of(f, least=least)
    return jumps._ends_of_constants(line, T, line.values(T)[:, -1], least)


@pytest.mark.parametrize("size", [0.5, 1.0, 40.0])
def test_the_end_of_a_constant_is_judged_by_its_size(size):
    for share, count in ((0.8, 0), (1.2, 1)):
        jump = share * 1e-4 * max(1.0, size)
        f = lambda t, jump=jump: (t, onp.where(t < 0.517, size, size + jump + 0.3 * (t - 0.517)))  # noqa: E731
        places = ends(f)
        assert len(places) == count
        close(places, [0.517] * count, 1e-12)
    mirrored = ends(lambda t: (t, onp.where(t > 0.517, size, size + 1 + 0.3 * (t - 0.517))))
    close(mirrored, [0.517], 1e-12)


@pytest.mark.parametrize(("drift", "ends_at"), [(7.9e-3, [0.517]), (8.5e-3, [])])
def test_a_constant_may_drift_by_eight_roundings_from_point_to_point(drift, ends_at):
    """A thousandth is the precision; the points lie a tenth apart."""
    log_det = lambda t: onp.where(t < 0.517, drift * t / 0.1, 0.5 + 3.0 * t)  # noqa: E731
    line = line_of(lambda t: (t, log_det(t)), precision=1e-3)
    close(jumps._ends_of_constants(line, T, line.values(T)[:, -1], 1e-4), ends_at, 1e-6)
    with onp.errstate(all="warn"):
        lost = line_of(lambda t: (t, onp.where(t > 0, onp.inf, 0.3 * t)))
        assert jumps._ends_of_constants(lost, T[::20], lost.values(T[::20])[:, -1], 1e-4) == []


@pytest.mark.parametrize(("size", "drift", "ends_at"), [
    (4.0, 3e-2, [0.517]), (4.0, 3.4e-2, []), (0.25, 7.9e-3, [0.517]),
])  # fmt: skip
def test_the_drift_of_a_constant_is_measured_by_its_size(size, drift, ends_at):
    """A wave of eight thousandths of the size, so that every step is as large: 3.2e-2 for a size of 4."""
    wave = lambda t: size + drift * (onp.round(10 * t) % 2)  # noqa: E731
    log_det = lambda t: onp.where(t < 0.517, wave(t), 2 * size + 3.0 * t)  # noqa: E731
    line = line_of(lambda t: (onp.sin(t), log_det(t), 0 * t), dim=2, precision=1e-3)
    line.values = lambda t, of=line.values: of(t)[:, [0, 2, 1]]
    close(jumps._ends_of_constants(line, T, line.values(T)[:, -1], 1e-4), ends_at, 1e-6)


def test_steps_at_the_ends_of_a_line_stand_out_and_infinite_ones_do_not():
    v = onp.zeros(20)
    v[0], v[-1] = 0.5, 0.25
    assert jumps._steepest(v, 1e-6)[0].tolist() == [0, 18]
    with onp.errstate(all="warn"):
        lost = onp.array([0.0, 0.0, onp.inf, onp.inf, -onp.inf, 0.0, 0.0, 0.5, 0.5])
        tops, step = jumps._steepest(lost, 1e-6)
        assert tops.tolist() == [6] and step.tolist() == [0, 0, 0, 0, 0, 0, 0.5, 0]
        endless = spots([0], [1], [-onp.inf], [onp.inf], [1]).still_jumping(1e-6)
    assert len(endless.low) == 0
    far = onp.array([100.0, 100.0, 100.5, 100.5])
    assert jumps._steepest(far, 0.0049)[0].tolist() == [1] and jumps._steepest(far, 0.0051)[0].size == 0
    assert jumps._steepest(onp.array([0.0, 0.0, 0.5, 0.5]), 0.5)[0].size == 0
    assert len(spots([0], [1], [0.0], [0.5], [10.0]).still_jumping(1e-6).low) == 0


def test_the_steps_that_stand_out_are_at_most_eight():
    v = onp.zeros(60)
    v[5:], v[20:], v[40:] = 1.0, 3.0, 2.5
    tops, step = jumps._steepest(v, 1e-6)
    assert tops.tolist() == [19, 4, 39]
    close(step[[4, 19, 39]], [1.0, 2.0, 0.5], 1e-15)
    assert len(jumps._steepest(onp.cumsum(onp.arange(60) % 3 == 0).astype(float), 1e-6)[0]) == 8
    assert jumps._steepest(onp.arange(60.0), 1e-6)[0].size == 0  # no step stands out
    v = onp.array([0.0, 0.0, 1.0, 1.65, 1.65])
    assert jumps._steepest(v, 0.02)[0].tolist() == [1]
    assert jumps._steepest(v, 0.026)[0].size == 0  # 1 - 1.5 * 0.65 = 0.025
    assert jumps._steepest(onp.array([0.0, 0.0, onp.inf, onp.nan, 1.0, 1.0]), 1e-6)[0].size == 0


def spots(low, high, v_low, v_high, first):
    return jumps._Spots(*(onp.asarray(v, dtype=float) for v in (low, high, v_low, v_high, first)))


def test_the_half_with_the_larger_change_is_kept():
    new = spots([0, 0], [2, 2], [0, 4], [4, 0], [4, 4]).halved(lambda t: onp.array([1.0, 1.0]))
    assert (new.low.tolist(), new.high.tolist()) == ([1, 0], [2, 1])
    assert (new.v_low.tolist(), new.v_high.tolist()) == ([1, 4], [4, 1])
    even = spots([0], [2], [0], [2], [2]).halved(lambda t: t)
    assert (even.low.tolist(), even.high.tolist(), even.first.tolist()) == ([0], [1], [2])


@pytest.mark.parametrize(("v_low", "v_high", "first", "least", "holds"), [
    (0, 0.049, 1, 1e-6, False), (0, 0.051, 1, 1e-6, True), (0, 0.051, 1, 0.06, False), (0, 0.07, 1, 0.06, True),
    (10, 10.5, 1, 0.06, False), (10, 10.7, 1, 0.06, True), (-10, -9.5, 1, 0.06, False), (0, -0.051, 1, 1e-6, True),
])  # fmt: skip
def test_a_twentieth_of_the_step_has_to_be_left(v_low, v_high, first, least, holds):
    assert (len(spots([0], [1], [v_low], [v_high], [first]).still_jumping(least).low) == 1) is holds


# --- joins ---


@pytest.mark.parametrize(("dim", "columns"), [(1, [0]), (2, [0, 1]), (4, [0, 3])])
@pytest.mark.parametrize(("direction", "layer", "units", "box"), [
    ("forward", False, (0.0, 1.0), REALS), ("inverse", False, "units of inverse", REALS),
    ("forward", True, "units of forward", "box of forward"), ("inverse", True, "units of inverse", "box of inverse"),
])  # fmt: skip
def test_lines_of_the_first_and_last_variable_in_the_units_of_a_direction(
    direction, layer, units, box, dim, columns, monkeypatch
):
    asked = []
    of = lambda what: lambda trial, direction: f"{what} of {direction}" if len(trial) == 3 else None  # noqa: E731
    monkeypatch.setattr(joins, "units_of", of("units"))
    monkeypatch.setattr(joins, "_box", of("box"))
    monkeypatch.setattr(joins, "_along", lambda line, known: asked.append((line, known)))
    subject = pair(lambda z: (z, z[:, 0]), lambda x: (x, x[:, 0]), dim).subject
    rows = []
    vars(subject)["at"] = lambda k: rows.append(list(k)) or subject
    trial = Trial(subject, onp.arange(3.0 * dim).reshape(3, dim))
    assert joins._scan(trial, direction, "known", rng(), layer) is joins.SOUND
    assert rows[1] == [0] and [known for _, known in asked] == ["known"] * len(columns)
    lines = [line for line, _ in asked]
    assert [(line.direction, line.j, line.units, line.box) for line in lines] == [
        (direction, j, units, box) for j in columns
    ]
    assert all(line.trial.z.tolist() == [list(range(dim))] and line.start.shape == (dim,) for line in lines)


@pytest.mark.parametrize(("twin", "pairs", "known"), [(None, (), False), ("twin", (), True), (None, ("layer",), False)])
def test_joins_are_sought_in_each_layer_and_float32_leaves_them_to_its_twin(twin, pairs, known, monkeypatch):
    asked = []
    parts = [SimpleNamespace(subject=SimpleNamespace(codomain_known=known)) for known in (True, False)]
    monkeypatch.setattr(joins, "_by_themselves", lambda trial: parts)
    monkeypatch.setattr(joins, "_scan", lambda *way: asked.append(way))
    trial = SimpleNamespace(twin=twin, subject=SimpleNamespace(pairs=pairs))
    assert joins.check_joins(trial, "rng") is joins.SOUND
    ways = [(parts[0], "forward"), (parts[0], "inverse"), (parts[1], "forward")]
    assert asked == [(*way, known, "rng", bool(pairs)) for way in ways]


def test_the_first_jump_that_nothing_excuses_fails_and_the_first_kink_is_told(monkeypatch):
    places = {1: [0.5, 0.7], 2: [0.9]}
    monkeypatch.setattr(joins, "jumps", lambda line, t, values, column: places.get(column, []))
    monkeypatch.setattr(joins, "_jump", lambda line, column, join: (column, join))
    monkeypatch.setattr(joins, "told_of", lambda line, join: f"kink at {join}")
    line = along(pair(lambda z: (2 * z, z[:, 0]), lambda x: (x, x[:, 0])))
    monkeypatch.setattr(joins, "_excused", lambda line, column, join: join != 0.7)
    assert joins._along(line, False) == (1, 0.7)
    assert joins._along(line, True) == joins.SOUND
    monkeypatch.setattr(joins, "_excused", lambda line, column, join: True)
    assert joins._along(line, False).why == "kink at 0.9" and joins._along(line, False).ok
    monkeypatch.setattr(joins, "_excused", lambda line, column, join: column != 2)
    assert joins._along(line, False) == (2, 0.9)


@pytest.mark.parametrize(("rounded", "steep", "kink", "cut", "of_x", "of_log_det"), [
    (False, False, False, False, False, False), (True, False, False, False, True, True),
    (False, True, False, False, True, True), (False, False, True, False, False, True),
    (False, False, False, True, True, True),
])  # fmt: skip
def test_what_excuses_a_jump(rounded, steep, kink, cut, of_x, of_log_det, monkeypatch):
    monkeypatch.setattr(joins, "is_kink", lambda line, join: kink)
    line = SimpleNamespace(trial=SimpleNamespace(subject=SimpleNamespace(dim=2)))
    line.is_rounded, line.is_cut = (lambda join: rounded), (lambda join: cut)
    line.is_steep = lambda column, join: steep
    assert joins._excused(line, 1, 0.5) is of_x and joins._excused(line, 2, 0.5) is of_log_det


def test_a_line_is_asked_from_12_to_12_off_the_whole_numbers(monkeypatch):
    asked = []
    line = along(pair(lambda z: asked.append(z[:, 0]) or (z, z[:, 0]), lambda x: (x, x[:, 0])))
    asked.clear()
    joins._along(line, True)
    assert asked[0].shape == (601,) and not (onp.round(asked[0], 6) % 1 == 0).any()
    close(asked[0][[0, 300, -1]], [-11.999, 1e-3, 12.001], 1e-12)


def test_nan_along_a_line_fails_unless_an_interval_or_an_overflow_explains_it(monkeypatch):
    hole = lambda z: onp.where((z > 2) & (z < 3), onp.nan, z)  # noqa: E731
    half = (onp.array([0.0, -onp.inf]), onp.full(2, onp.inf))
    for domain, j, fails in ((REALS, 0, True), ((0.0, 9.0), 0, False), (half, 1, True)):
        subject = pair(lambda z: (hole(z), 0 * z[:, 0]), lambda x: (x, x[:, 0]), domain=domain)
        found = joins._along(along(subject, j=j), True)
        assert (found.symptom is Symptom.NOT_FINITE) is fails
        if fails:
            assert found.at.startswith("forward is NaN at z = [") and onp.isnan(found.evidence["yours"]).any()
            assert 2 < found.evidence["z"][found.evidence["row"], j] < 2.04
    raises = along(pair(lambda z: (1 // 0 if (z > 11).any() else z, z[:, 0]), lambda x: (x, x[:, 0])))
    found = joins._along(raises, True)
    assert found.symptom is Symptom.RAISES and found.evidence["function"] == "forward"
    assert found.evidence["raised_by"] is ZeroDivisionError and len(found.evidence["z"]) == 1


def pair(forward, inverse, dim=2, **declared):
    return trial_of(SimpleNamespace(forward=forward, inverse=inverse), dim, **declared)


def still(f, dim=2):
    """A trial of x = f(z), whose log_det is 0."""
    return pair(lambda z: (f(z), onp.zeros(len(z))), lambda x: (x.copy(), onp.zeros(len(x))), dim)


def along(trial, direction="forward", j=0, start=0.25, units=(0.0, 1.0)):
    at = onp.full(trial.subject.dim, start)
    return joins._Line(Trial(trial.subject.at([0]), trial.z[:1]), direction, j, at, units)


@pytest.mark.parametrize(("precision", "least"), [(2.2e-16, 1e-6), (1e-9, 1e-6), (1e-8, 5.12e-6), (1.2e-7, 6.144e-5)])
def test_the_least_of_a_jump_is_above_rounding(precision, least):
    line = joins._Line(SimpleNamespace(subject=SimpleNamespace(precision=precision)), "forward", 0, None, (0, 1))
    close(line.least, least, 1e-12)


def test_a_line_moves_one_variable_in_units():
    line = along(still(lambda z: 2 * z), j=1, units=(onp.array([1.0, -1.0]), onp.array([2.0, 4.0])))
    close(line.points(onp.array([0.0, 3.0])), [[1.5, -1.0], [1.5, 11.0]], 1e-12)
    close(line.values(3.0), [[3.0, 22.0, 0.0]], 1e-12)


def test_the_sides_of_a_join():
    log_det = lambda z: onp.where(z[:, 0] < 0.4, 3 * z[:, 0], 5 * z[:, 0] + z[:, 0] ** 2)  # noqa: E731
    line = along(pair(lambda z: (z.copy(), log_det(z)), lambda x: (x.copy(), 0 * x[:, 0])))
    before, after = kinks.sides(line, 0.4)
    close(before, 3 * 2e-4, 1e-9)
    close(after, 5 * 2e-4 + (0.4004**2 - 0.4002**2), 1e-9)
    assert kinks.is_kink(line, 0.4) is False


def test_a_piecewise_linear_map_may_have_kinks_and_so_may_one_with_knots_along_another_variable():
    def slope(v):
        return onp.where(v > 0.4, 2.0, 1.0)

    own = pair(lambda z: (z * slope(z), onp.log(slope(z)).sum(axis=1)), lambda x: (x, 0 * x[:, 0]))
    assert kinks.is_kink(along(own), 0.4)

    def log_det(z, bend=0.0, jump=1.0):
        return onp.sin(z[:, 0]) + jump * (z[:, 0] + z[:, 1] > 0.6) + bend * z[:, 1]

    crossing = pair(lambda z: (z.copy(), log_det(z)), lambda x: (x.copy(), 0 * x[:, 0]))
    at = 0.6 - 0.25
    assert kinks.is_kink(along(crossing), at)
    for bend, jump in ((1e-3, 1.0), (0.0, 1e-7)):
        other = pair(lambda z: (z.copy(), log_det(z, bend, jump)), lambda x: (x.copy(), 0 * x[:, 0]))  # noqa: B023
        assert not kinks.is_kink(along(other), at)


@pytest.mark.parametrize("units", [(0.0, 1.0), *((onp.zeros(2), onp.array([1.0, unit])) for unit in (1e3, 1e-3))])
@pytest.mark.parametrize(("before", "after", "right"), [
    (0.0, 0.0, True), (0.03, 0.0, False), (0.0, 0.03, False), (0.015, -0.015, True), (0.0, -0.03, False),
])  # fmt: skip
def test_log_det_is_right_on_both_sides_of_a_kink(before, after, right, units):
    above = lambda z: z[:, 0] > 0.4  # noqa: E731

    def forward(z):
        slope = onp.where(above(z), 2.0, 1.0)
        log_det = onp.log(3 * slope) + onp.where(above(z), after, before)
        return onp.stack([slope * (z[:, 0] - 0.4), 3 * z[:, 1] + z[:, 0]], axis=1), log_det

    line = along(pair(forward, lambda x: (x, x[:, 0])), units=units)
    assert kinks._has_its_slopes(line, 0.4) is right and kinks.is_its_own(line, 0.4) is right


@pytest.mark.parametrize(("tails", "box"), [
    ((0.5, 0.5), True), ((0.5, 0.7), False), ((0.5, 0.5 + 1e-8), False), ((0.5, 0.5 + 1e-10), True),
])  # fmt: skip
def test_a_box_has_one_slope_at_both_ends_of_the_line(tails, box):
    log_det = lambda z: onp.where(z[:, 0] < 0, *tails)  # noqa: E731
    line = along(pair(lambda z: (z * [1.0, 2.0], log_det(z)), lambda x: (x, x[:, 0])))
    assert kinks._is_box(line) is box
    wave = along(pair(lambda z: (z, onp.where(z[:, 0] > 11.5, 0.2, 0.1)), lambda x: (x, x[:, 0])))
    assert not kinks._is_box(wave)


@pytest.mark.parametrize(("domain", "codomain", "box"), [
    (REALS, REALS, False), ((0.0, 1.0), REALS, True), (REALS, (0.0, 1.0), True), ((0.0, onp.inf), REALS, False),
])  # fmt: skip
def test_an_interval_is_a_box(domain, codomain, box):
    subject = SimpleNamespace(ends=lambda direction: domain if direction == "forward" else codomain)
    values = lambda t: onp.stack([t, t], axis=1)  # noqa: E731
    line = SimpleNamespace(trial=SimpleNamespace(subject=subject), j=0, values=values, points=lambda t: t[:, None])
    assert kinks._is_box(line) is box


@pytest.mark.parametrize(("apart", "box"), [(0.0, True), (1e-5, True), (2e-3, False), (1.0, False)])
@pytest.mark.parametrize("slope", [1.0, -3.0])
def test_a_box_lies_between_two_tails_of_one_line(slope, apart, box):
    tails = lambda z: slope * z + apart * onp.sign(z)  # noqa: E731
    line = along(pair(lambda z: (tails(z), 0 * z[:, 0]), lambda x: (x, x[:, 0])))
    assert kinks._is_box(line) is box


def test_what_stands_still_is_no_tail():
    line = along(pair(lambda z: (0 * z, 0 * z[:, 0]), lambda x: (x, x[:, 0])))
    assert not kinks._is_box(line)


@pytest.mark.parametrize(("meant", "own", "told"), [(False, True, True), (True, True, False), (False, False, False)])
def test_a_kink_of_its_own_is_told_with_its_place(meant, own, told, monkeypatch):
    monkeypatch.setattr(kinks, "_is_meant", lambda line, join: meant and join == 0.5)
    monkeypatch.setattr(kinks, "is_its_own", lambda line, join: own and join == 0.5)
    line = SimpleNamespace(direction="inverse", points=lambda t: onp.stack([t, t + 1], axis=1))
    words = "log_det jumps at x = [0.5, 1.5], and is right on both sides: a kink, if one is meant"
    assert kinks.told_of(line, 0.5) == (words if told else "")


@pytest.mark.parametrize(("f", "knot"), [
    (lambda v: 1.0 * (v > 0), True), (lambda v: 1.0 * (v > 0) + 1.0 * (v > -1.5), False),
    (lambda v: 1.0 * (v > 0) + 1.0 * (v > 1.5), False), (lambda v: 1.0 * (v > 0) + 1e-8 * onp.minimum(v, 0), False),
    (lambda v: 1.0 * (v > 0) + 1e-8 * onp.maximum(v, 0), False), (lambda v: 1.0 * (v > 0) + 1e-10 * v, True),
    (lambda v: 0.9e-6 * (v > 0), False), (lambda v: 1.1e-6 * (v > 0), True), (lambda v: 1.0 * (v > 0.5), True),
])  # fmt: skip
def test_a_knot_along_another_variable_is_constant_on_both_sides_in_its_units(f, knot):
    """The other variable is at 0.25, and its unit is 10: a reach of 0.1 is 1."""
    subject = pair(lambda z: (z, f(z[:, 1] - 0.25)), lambda x: (x, x[:, 0]))
    line = along(subject, units=(onp.zeros(2), onp.array([1.0, 10.0])), start=0.025)
    assert bool(kinks._is_knot_within(line, 0.1, 1, 0.4)) is knot


def test_the_numbers_beside_a_point():
    point = onp.array([[1.0, -2.0, 0.0]])
    for j, value in enumerate(point[0]):
        rows = joins._numbers_around(point, j, n=2)
        up, down = (partial(lambda end, v: onp.nextafter(v, end), end) for end in (onp.inf, -onp.inf))
        wanted = [down(down(value)), down(value), value, up(value), up(up(value))]
        assert rows[:, j].tolist() == wanted and len(joins._numbers_around(point, j)) == 9
        rows[:, j] = value
        assert (rows == point).all()


@pytest.mark.parametrize(("beside", "steep"), [(0.0, False), (0.04, False), (0.06, True)])
def test_a_jump_between_as_large_steps_is_a_steep_spot(beside, steep):
    def f(z):
        number = onp.round((z[:, :1] - 0.5) / onp.spacing(0.5))
        return onp.concatenate([(number > 0) + beside * (number > 1), z[:, 1:]], axis=1)

    assert along(still(f)).is_steep(0, 0.5) is steep


def test_what_is_as_steep_along_another_variable_is_no_jump():
    def f(z, share):
        return onp.concatenate([(z[:, :1] > 0.5) + share * (z[:, 1:] > 0.25), z[:, 1:]], axis=1)

    assert not along(still(lambda z: f(z, 0.5))).is_steep(0, 0.5)  # of one variable the largest step is not beside it
    beyond = lambda z: onp.concatenate([1e-9 * f(z, 0), z[:, 1:]], axis=1)[:, :2]  # noqa: E731
    assert not along(still(beyond)).is_steep(0, 0.5)


def test_where_the_domain_ends_nothing_is_steep_and_no_knot():
    def f(z):
        if (z[:, 0] > 0.5).any() or (z[:, 1] != 0.25).any():
            raise ValueError("out of the domain")
        return z.copy()

    line = along(still(lambda z: z.copy()))
    line.trial = SimpleNamespace(subject=line.trial.subject, apply=lambda direction, z: (f(z), z[:, 0]))
    assert line.is_steep(0, 0.5) is False and kinks._is_knot_of(line, 1, 0.4) is False


@pytest.mark.parametrize(("slope", "rounded"), [(1.0, False), (1e3, False), (1e12, True)])
def test_a_slope_that_rounding_crosses(slope, rounded):
    assert bool(along(still(lambda z: z * onp.array([slope, 1.0]))).is_rounded(0.5)) is rounded


def bare_line(j=0, **of_trial):
    """A line of a trial that is made by hand; its points are its places."""
    line = joins._Line(SimpleNamespace(**of_trial), "forward", j, None, (0.0, 1.0))
    line.points = lambda t: onp.asarray(t)[:, None]
    return line


@pytest.mark.parametrize(("a", "off", "precision", "returns"), [
    (0.5, 0.9e-6, 1e-16, True), (0.5, 1.1e-6, 1e-16, False), (0.0, 1e-6, 1e-16, True), (4.0, 3.9e-6, 1e-16, True),
    (4.0, 4.1e-6, 1e-16, False), (0.5, 5.11e-4, 1e-6, True), (0.5, 5.125e-4, 1e-6, False),
])  # fmt: skip
def test_a_point_that_returns_is_off_by_rounding_alone(a, off, precision, returns):
    subject = SimpleNamespace(precision=precision, dtype=onp.dtype("float64"))
    maps = {"inverse": lambda x: (2 * x, None), "forward": lambda z: (z / 2 + [[0.0], [off]], None)}
    line = bare_line(subject=subject, apply=lambda direction, a: maps[direction](a))
    assert line._returns("inverse", onp.array([[a], [a]])) is returns


@pytest.mark.parametrize(("share", "at", "value", "rounded"), [
    (0.99, 0.5, 0.5, False), (1.01, 0.5, 0.5, True), (0.24, 4.0, 0.5, False), (0.26, 4.0, 0.5, True),
    (0.24, 0.5, 4.0, False), (0.26, 0.5, 4.0, True), (1.9, 0.5, 0.5, True),
])  # fmt: skip
def test_rounding_spoils_a_join_by_a_thousandth(share, at, value, rounded):
    """64 precision (3 + 2) max(1, |z|, |x|), with a condition of 3 and a depth of 2."""
    asked = []

    def derivatives(direction, points, rows):
        asked.append((direction, points[:, 0].tolist(), rows))
        return onp.stack([onp.diag([3.0, 1.0]), onp.eye(2)]), None

    line = bare_line(subject=SimpleNamespace(precision=share * 1e-3 / 320, depth=2), derivatives=derivatives)
    line.values = lambda t: onp.array([[0.1, value, 1e9], [0.1, 0.1, 1e9]])
    assert bool(line.is_rounded(at)) is rounded and asked == [("forward", [at - 1e-6, at + 1e-6], [0, 0])]


@pytest.mark.parametrize(("v", "least", "steep"), [
    ([0, 0, 0, 0, 0.05, 0.45, 0.45, 0.45, 0.45], 0.39, True), ([0, 0, 0, 0, 0.05, 0.45, 0.45, 0.45, 0.45], 0.41, False),
    ([4, 4, 4, 4, 3.8, 2.2, 2.2, 2.2, 2.2], 0.39, True), ([4, 4, 4, 4, 3.8, 2.2, 2.2, 2.2, 2.2], 0.41, False),
    ([0, 0, 0, 0, 0.25, 0.75, 0.75, 0.75, 0.75], 0.5, False), ([0, 0, 0, 0, 1.0, 21, 21, 21, 21], 1e-6, False),
    ([0, 0, 0, 0, 1.1, 21.1, 21.1, 21.1, 21.1], 1e-6, True), ([21, 21, 21, 21, 20, 1, 1, 1, 0], 1e-6, True),
])  # fmt: skip
@pytest.mark.parametrize("j", [0, 1])
def test_a_steep_spot_has_a_step_beside_it_along_some_variable(v, least, steep, j):
    precision = least / 512
    line = bare_line(j, subject=SimpleNamespace(dim=2, precision=precision))
    line.points = lambda t: onp.array([[t[0], 0.0]])
    flat = onp.zeros(9)
    both = [v, flat] if j == 0 else [flat, v]
    line.value_at = lambda rows: onp.stack([onp.concatenate(both).astype(float), onp.full(18, 1e9)], axis=1)
    assert line.is_steep(0, 0.5) is steep


@pytest.mark.parametrize(("before", "after", "reach"), [
    (0.0, 0.5, 0.5), (0.0, 50.0, 10.0), (4.0, 4.0 + 3.9e-6, None), (4.0, 4.0 + 4.1e-6, 4.1e-6),
    (0.5, 0.5 + 0.9e-6, None),
    (0.5, 0.5 - 1.1e-6, 1.1e-6), (0.0, 1e-6, None), (0.5, 0.5, None),
])  # fmt: skip
@pytest.mark.parametrize(("over", "beside"), [(True, True), (False, True), (True, False)])
def test_a_cut_is_one_to_one_in_what_it_jumps_over_and_on_both_sides(before, after, reach, over, beside):
    line = bare_line(subject=SimpleNamespace(shape=lambda direction: (2,)))
    asked, places = [], []
    line.values = lambda t: places.append(t.tolist()) or onp.array([[before, 1.0, 7.0], [after, 1.0, 9.0]])
    returns = {"inverse": over, "forward": beside}
    line._returns = lambda direction, a: asked.append((direction, a)) or returns[direction]
    assert line.is_cut(0.25) is (reach is not None and over and beside)
    assert places == [[0.25 - 1e-8, 0.25 + 1e-8]] and bool(asked) is (reach is not None)
    if asked:
        shares = onp.linspace(0.03, 0.97, 9)
        assert asked[0][0] == "inverse"
        close(asked[0][1], onp.stack([before + shares * (after - before), onp.ones(9)], axis=1), 1e-12)
    if len(asked) > 1:
        close(asked[1][1][:, 0], 0.25 + reach * onp.concatenate([-shares, shares]), 1e-12)


def test_halves_that_change_places_are_a_cut_and_a_hole_is_none():
    def swap(a):
        return a + ((a >= 0) & (a < 1)) - ((a >= 1) & (a < 2))

    swapped = pair(lambda z: (swap(z), 0 * z[:, 0]), lambda x: (swap(x), 0 * x[:, 0]), 1)
    assert along(swapped).is_cut(1.0)
    hole = pair(lambda z: (z + (z > 0.5), 0 * z[:, 0]), lambda x: (x - (x > 0.5), 0 * x[:, 0]), 1)
    assert not along(hole).is_cut(0.5)
    small = pair(lambda z: (z + 1e-9 * (z > 0.5), 0 * z[:, 0]), lambda x: (x.copy(), 0 * x[:, 0]), 1)
    assert not along(small).is_cut(0.5)


def test_numbers_that_leave_the_range_are_an_overflow_and_a_hole_is_none():
    t = onp.linspace(-4.0, 4.0, 17)
    cases = [
        (lambda t: (onp.where(onp.abs(t) > 2.2, onp.inf, 3e123), 0), True),
        (lambda t: (onp.where(onp.abs(t) > 2.2, onp.nan, 1e122 * t), 0), False),
        (lambda t: (onp.where(t > 2.2, onp.nan, 2.0), 0), False),
        (lambda t: (onp.where(t > 2.2, onp.inf, onp.where(t < -1, onp.nan, 1e200)), 0), True),
        (lambda t: (onp.where(t > 2.2, onp.inf, onp.where(t < -1, onp.nan, onp.where(t < 1, 1.0, 1e200))), 0), False),
        (lambda t: (t, 0), False),
        (lambda t: (onp.nan * t, 0), False),
        (lambda t: (onp.where(t < 5.0, onp.nan, 1e200), 0), True),  # on the way from 9, which the map meets
        (lambda t: (onp.where(t < 5.0, onp.nan, 2.0), 0), False),
    ]
    for f, honest in cases:
        line = line_of(f)
        assert joins._overflows(line, t, line.values(t)) is honest


def test_the_last_place_with_finite_values():
    above = line_of(lambda t: (onp.where(t > 2.2, onp.inf, t), 0)).values
    close(joins._last_finite(above, 1.0, 4.0)[0, 0], 2.2, 1e-9)
    assert joins._last_finite(above, 1.0, 4.0)[0, 0] <= 2.2
    below = line_of(lambda t: (onp.where(t < -1.7, onp.nan, t), 0)).values
    close(joins._last_finite(below, 0.0, -4.0)[0, 0], -1.7, 1e-9)


# --- out of reach ---


def test_far_out_is_beyond_all_draws_and_of_plain_functions_on_the_line():
    subject = SimpleNamespace(bijection=None, domain=(-onp.inf, onp.inf))
    trial = SimpleNamespace(z=onp.array([[9.0, 0.0], [0.0, -9.1], [3.0, 4.0]]), subject=subject)
    assert out_of_reach.is_out_of_reach(trial).tolist() == [False, True, False]
    subject.domain = (0.0, onp.inf)
    assert not out_of_reach.is_out_of_reach(trial).any()
    subject.domain, subject.bijection = (-onp.inf, onp.inf), object()
    assert not out_of_reach.is_out_of_reach(trial).any()


@pytest.mark.parametrize(("came", "wanted", "short"), [
    (1.0, 2.0, True), (2.0, 1.0, False), (-1.0, 2.0, False), (-1.0, -2.0, True), (1.9985, 2.0, False),
    (1.9975, 2.0, True), (0.5, 0.5009, False), (0.5, 0.5011, True), (0.0, 2.0, False), (onp.nan, 2.0, False),
    (1.0, onp.inf, False),
])  # fmt: skip
def test_a_number_falls_short_of_another(came, wanted, short):
    assert out_of_reach._falls_short(onp.array([came]), onp.array([wanted])).tolist() == [short]


def test_the_same_number_again():
    numbers = onp.array([[2.0, 50.0]])
    off = lambda share: out_of_reach._same(lambda: numbers * (1 + share), numbers).tolist()  # noqa: E731
    assert off(0.9e-6) == [[True, True]] and off(-1.1e-6) == [[False, False]]
    assert out_of_reach._same(lambda: 1 / 0, numbers).tolist() == [[False, False]]


def cut(end, forward=lambda z: z.copy(), inverse=None):
    """A trial of x = z, whose inverse ends at +-end."""
    inverse = (lambda x: onp.clip(x, -end, end)) if inverse is None else inverse
    return pair(lambda z: (forward(z), onp.zeros(len(z))), lambda x: (inverse(x), onp.zeros(len(x))))


@pytest.mark.parametrize(("end", "ends_there"), [(50.0, True), (35.0, True), (34.0, False), (1e9, False)])
def test_the_end_of_a_search_is_wide(end, ends_there):
    subject = cut(end).subject
    z = onp.array([[0.5, 200.0], [-200.0, 1.0], [0.5, 1.0]])
    there = Trial(subject, z)
    assert out_of_reach.ends_of_search(there).tolist() == [ends_there, ends_there, False]
    at_end = Trial(subject, onp.clip(z, -end, end))
    assert out_of_reach.fall_short(at_end, z).tolist() == [ends_there, ends_there, False]


def test_35_itself_is_out_of_reach_and_images_are_asked_pixel_by_pixel():
    subject = SimpleNamespace(bijection=None, domain=REALS)
    trial = SimpleNamespace(z=onp.array([[35.0], [34.9], [-35.0]]), subject=subject)
    assert out_of_reach.is_beyond_normal(trial).tolist() == [True, False, True]
    image = onp.zeros((3, 1, 2, 1))
    image[1, 0, 1, 0], image[2, 0, 0, 0] = 9.1, 9.0
    assert out_of_reach.is_beyond_draws(subject, image).tolist() == [False, True, False]


def test_a_layer_has_no_end_of_a_search_and_each_row_has_its_own():
    z = onp.array([[200.0, 1.0], [1.0, 300.0], [0.5, 1.0]])
    subject = cut(50.0).subject
    for made, ends in ((subject, [True, True, False]), (replace(subject, bijection=object()), [False] * 3)):
        trial = SimpleNamespace(subject=made, z=z, back=(onp.clip(z, -50, 50),))
        vars(trial)["apply"] = lambda direction, x: (onp.clip(x, -50, 50), None)
        there = SimpleNamespace(subject=made, x=onp.clip(z, -50, 50), z=onp.clip(z, -50, 50), apply=trial.apply)
        if made is subject:
            assert out_of_reach._ends(trial).tolist() == [[True, False], [False, True], [False, False]]
        else:
            assert not out_of_reach._ends(trial).any()
        assert out_of_reach.fall_short(there, z).tolist() == ends
    one = SimpleNamespace(subject=subject, x=0.6 * z, z=onp.clip(z, -50, 50))
    one.apply = lambda direction, x: (onp.where(x == 400.0, 50.0, x), None)  # only the first ends there
    assert out_of_reach.fall_short(one, z).tolist() == [True, False, False]


def test_the_same_number_is_one_up_to_a_millionth_of_it_and_no_warning_comes():
    numbers = onp.array([[0.0, onp.inf, 2.0]])
    with onp.errstate(all="warn"):
        assert out_of_reach._same(lambda: numbers.copy(), numbers).tolist() == [[True, False, True]]
        assert not out_of_reach._falls_short(onp.array([onp.inf]), onp.array([onp.inf])).any()


def test_an_inverse_that_goes_on_has_no_end():
    half = cut(0, inverse=lambda x: onp.where(onp.abs(x) > 60, 0.5 * x, x)).subject
    z = onp.array([[200.0, 1.0]])
    assert not out_of_reach.ends_of_search(Trial(half, z)).any()
    assert not out_of_reach.fall_short(Trial(half, 0.5 * z), z).any()


@pytest.mark.parametrize(("error", "near", "comes"), [
    (0.9e-3, 2.9, True), (1.1e-3, 2.9, False), (1.1e-3, 3.1, False), (0.9e-3, 3.1, False),
])  # fmt: skip
def test_what_comes_back_near_0(error, near, comes):
    z = onp.array([[near], [50.0]])
    trial = SimpleNamespace(z=z, back=(z + onp.array([[error], [9.0]]),))
    assert out_of_reach._comes_back(trial) is comes or (not comes and not out_of_reach._comes_back(trial))


@pytest.mark.parametrize("low", [-onp.inf, 0.0])
def test_far_out_is_asked_of_all_variables_and_of_the_first_and_last_alone_on_both_sides(low):
    """A variable with an end stays in the middle: at 1 = e^0."""
    asked = []
    domain = (onp.array([low, -onp.inf, -onp.inf]), onp.full(3, onp.inf))
    subject = pair(lambda z: (z, z[:, 0]), lambda x: (x, x[:, 0]), 3, domain=domain).subject
    met = []
    subject = replace(subject, forward=lambda z: asked.append(z.copy()) or (z, z[:, 0]))
    vars(subject)["at"] = lambda rows: met.append(onp.asarray(rows)) or subject
    assert out_of_reach._words_at(subject, 50.0) == ""
    wanted = onp.array([[1, 1, 1], [1, 0, 0], [0, 0, 1]] + [[-1, -1, -1], [-1, 0, 0], [0, 0, -1]]) * 50.0
    if low == 0:
        wanted[:, 0] = 1.0
    close(asked[0], wanted, 1e-12)
    assert met[0].tolist() == [0] * 6 and met[0].dtype.kind == "i"


@pytest.mark.parametrize(("error", "near", "comes"), [
    (2.0**-10, 3.0, True), (2.0**-9, 3.0, False), (2.0**-9, 3.0001, False), (0.0, 3.0, True),
])  # fmt: skip
def test_what_lies_at_3_counts_as_near(error, near, comes):
    z = onp.array([[near], [50.0]])
    trial = SimpleNamespace(z=z, back=(z + onp.array([[error], [9.0]]),))
    assert bool(out_of_reach._comes_back(trial)) is comes


def test_what_a_report_says_of_far_out():
    words = out_of_reach.words_of_far_out
    assert words(cut(1e9)) == []
    assert words(cut(50)) == ["inverse gives no z beyond 50: a bracket or a clamp ends there, where no draw comes"]
    assert words(cut(2.0)) == [] == words(cut(34.0))
    lost = lambda a: onp.where(onp.abs(a) > 500, onp.nan, a)  # noqa: E731
    assert words(cut(0, forward=lost, inverse=lambda x: x)) == [
        "forward is not finite at |z| = 1000, where no draw comes"
    ]
    assert words(cut(0, inverse=lost)) == ["inverse is not finite at |z| = 1000, where no draw comes"]
    honest = cut(0, forward=lambda z: onp.sinh(z), inverse=lambda x: onp.arcsinh(x))
    assert words(honest) == []
    one_side = cut(0, inverse=lambda x: onp.minimum(x, 70.0))
    assert words(one_side) == ["inverse gives no z beyond 70: a bracket or a clamp ends there, where no draw comes"]
    first = cut(0, inverse=lambda x: onp.stack([x[:, 0], onp.clip(x[:, 1], -80.0, 80.0)], axis=1))
    assert words(first) == ["inverse gives no z beyond 80: a bracket or a clamp ends there, where no draw comes"]


# --- edges ---


@pytest.mark.parametrize(
    ("dim", "short", "flat"), [(2, 37.0, True), (2, 35.0, False), (3, 73.0, True), (3, 71.0, False)]
)
def test_a_log_det_that_leaves_nothing_of_a_direction(dim, short, flat):
    """share = -short / (D - 1), beside log eps = -36.04."""
    sizes = onp.array([1e-9, 1.0, 1e6])
    J = sizes[:, None, None] * onp.eye(dim)
    log_det = dim * onp.log(sizes * dim**0.5)
    log_det[0] -= short
    edge = SimpleNamespace(J=J, there=(None, log_det), subject=SimpleNamespace(dim=dim, eps=2.22e-16))
    assert edges._is_flat(edge).tolist() == [flat, False, False]
    one = SimpleNamespace(J=J[:, :1, :1], there=(None, log_det - 99), subject=SimpleNamespace(dim=1, eps=2.22e-16))
    assert not edges._is_flat(one).any()


WHOLE = [1, 2, 3, 4, 5, 6, 8, 10]


@pytest.mark.parametrize(("domain", "values"), [
    (REALS, [0, EPS, 1e-8, 1e3, *WHOLE]), ((0.0, onp.inf), [0, EPS, 1, 3, 6]),
    ((onp.array([0.0, -onp.inf]), onp.full(2, onp.inf)), [0, EPS, 1e-8, 1e3, *WHOLE]),
])  # fmt: skip
def test_edges_are_0_its_digits_far_out_and_where_boxes_end_on_both_sides(domain, values):
    subject = SimpleNamespace(eps=EPS, dim=2, domain=domain, in_shape=(2,), dtype=onp.dtype("float64"))
    a = out_of(domain, edges.edge_points(subject, rng()))
    both = sorted({sign * v for v in values for sign in (1.0, -1.0)})
    ends = onp.isfinite(domain[0])
    reach = onp.where(ends, 6.0, onp.inf)
    rows = [onp.clip(onp.full(2, v), -reach, reach) for v in both]
    for row in rows:
        assert (onp.abs(a - row) <= 1e-12 * onp.maximum(1, onp.abs(row)) * (1 + 1e3 * ends)).all(axis=1).any(), row
    assert len(a) == 3 * len(both) + 4
    assert (onp.abs(a[-4:-2]) < 0.5).all() and (onp.abs(a[-2:]).max() > 5 or ends.any())


def test_of_one_variable_an_edge_stands_alone():
    subject = SimpleNamespace(eps=EPS, dim=1, domain=REALS, in_shape=(1,), dtype=onp.dtype("float32"))
    z = edges.edge_points(subject, rng())
    assert z.dtype == onp.float32 and z.shape == (7 + 16 + 4, 1)


def test_refusals_are_asked_of_all_rows_of_those_near_0_and_of_those_far_out(monkeypatch):
    z = onp.array([[0.5], [-0.49], [20.0], [-20.5], [300.0], [400.0]])
    subject, asked, limits = pair(lambda z: (z, z[:, 0]), lambda x: (x, x[:, 0]), 1).subject, [], []
    monkeypatch.setattr(edges, "edge_points", lambda subject, rng: z)
    monkeypatch.setattr(edges, "_declined", lambda s, z: z[:, 0] == 300)
    monkeypatch.setattr(edges, "_raising", lambda s, z, rows: rows & (z[:, 0] == 400))
    monkeypatch.setattr(edges, "_refusal", lambda s, z: asked.append(z[:, 0].tolist()))
    monkeypatch.setattr(edges, "_forward_finite", lambda edge: limits.append((edge.limit, len(edge))))
    edges._points(SimpleNamespace(subject=subject), rng())
    assert asked == [[0.5, -0.49, 20.0, -20.5], [-0.49], [-20.5]] and limits == [(1e-3, 4)]


def test_inverse_is_asked_at_each_finite_x_inside_of_the_codomain_and_its_exception_counts():
    asked = []

    def inverse(x):
        asked.append(x[:, 0].tolist())
        if (x == 0.75).any():
            raise ValueError("three quarters")
        return x, x[:, 0]

    def forward(z):
        return 1.0 / z, z[:, 0]

    subject = pair(forward, inverse, 1, codomain=(-onp.inf, 0.9)).subject
    asked.clear()
    z = 1 / onp.array([[0.25], [0.5], [2.0], [onp.inf]])
    assert edges._refusal(subject, z) is None and asked == [[0.25, 0.5]]
    z = 1 / onp.array([[0.25], [0.75]])
    found = edges._refusal(subject, z)
    assert found.symptom is Symptom.RAISES and found.evidence["raised_by"] is ValueError
    assert found.at.startswith("ValueError: three quarters") and found.evidence["z"].tolist() == z[1:].tolist()


def test_from_100_on_a_search_may_decline():
    def inverse(x):
        if (onp.abs(x) >= 99).any():
            raise InversionError("too far")
        return x, x[:, 0]

    subject = pair(lambda z: (z, z[:, 0]), lambda x: (x, x[:, 0]), 1).subject
    subject = replace(subject, inverse=inverse)
    assert edges._declined(subject, onp.array([[99.0], [100.0], [-100.0]])).tolist() == [False, True, True]


@pytest.mark.parametrize(("x", "log_det", "normal", "reach", "over", "bad"), [
    (1.0, 0.0, False, False, False, False), (onp.inf, 0.0, False, False, False, True),
    (1.0, onp.nan, False, False, False, True), (onp.inf, 0.0, True, False, False, False),
    (onp.inf, 0.0, False, True, False, False), (1.0, onp.nan, False, True, False, True),
    (1.0, onp.nan, True, True, False, False), (onp.inf, 0.0, False, False, True, False),
    (1.0, -onp.inf, False, False, True, False),
])  # fmt: skip
def test_where_forward_has_to_be_finite(x, log_det, normal, reach, over, bad, monkeypatch):
    of_row = lambda value, other=False: onp.array([other, value, other])  # noqa: E731
    monkeypatch.setattr(edges, "is_beyond_normal", lambda edge: of_row(normal))
    monkeypatch.setattr(edges, "is_out_of_reach", lambda edge: of_row(reach))
    monkeypatch.setattr(edges, "overflows", lambda edge, z, direction: of_row(over) & (direction == "forward"))
    there = onp.stack([of_row(x, 1.0), of_row(2.0, 2.0)], axis=1), of_row(log_det, 0.0)
    found = edges._forward_finite(SimpleNamespace(there=there, z=onp.array([[9.0, 0], [5.0, 0], [0.1, 0]])))
    assert (found is not None) is bad
    if bad:
        assert found.symptom is Symptom.NOT_FINITE and found.at == "forward is not finite at z = [5, 0]"
        assert found.evidence["yours"].tolist() == [x, 2.0] and found.evidence["row"] == 1
        assert found.evidence["log_det"] == log_det or onp.isnan(log_det)


@pytest.mark.parametrize(("spoilt", "asked"), [
    ({}, [0, 1, 2]), ({"usable": False}, [0, 2]), ({"recoverable": False}, [0, 2]), ({"flat": True}, [0, 2]),
    ({"reach": True}, [0, 2]),
])  # fmt: skip
def test_which_rows_are_asked_for_their_way_back(spoilt, asked, monkeypatch):
    row = {"usable": True, "recoverable": True, "flat": False, "reach": False} | spoilt
    of_row = lambda name, other: onp.array([other, row[name], other])  # noqa: E731
    monkeypatch.setattr(edges, "_is_flat", lambda edge: of_row("flat", False))
    monkeypatch.setattr(edges, "is_out_of_reach", lambda edge: of_row("reach", False))
    met = []

    def apply(direction, x, rows):
        met.append((direction, rows.tolist()))
        return onp.stack([x[:, 0], onp.where(x[:, 0] > 4, onp.nan, 0.0)], axis=1), onp.where(x[:, 1] > 0, onp.inf, 0.0)

    edge = SimpleNamespace(usable=of_row("usable", True), recoverable=of_row("recoverable", True), apply=apply)
    edge.x = onp.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
    assert edges._inverse_finite(edge) is None and met == [("inverse", asked)]
    edge.x = onp.array([[1.0, 0.0], [9.0, 0.0], [5.0, 0.0]])
    found = edges._inverse_finite(edge)
    assert found.at == "inverse is not finite at x = [5, 0]" and found.symptom is Symptom.NOT_FINITE
    assert found.evidence["yours"][0] == 5.0 and onp.isnan(found.evidence["yours"][1])
    edge.x = onp.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.5]])
    assert edges._inverse_finite(edge).evidence["row"] == len(asked) - 1


def consistent(monkeypatch, **row):
    """What is wrong at the edges; z is 4 and 0 before it and after it, where all is well."""
    usual = {
        "error": 0.0, "sums": 0.0, "usable": True, "allowed": 1e-3, "cost": 1e-4, "slack": 1e-3, "of_sum": 1e-4,
        "ends": False, "reach": False, "room": 0.0, "room_of_sum": 0.0,
    }  # fmt: skip
    row = usual | row
    of_row = lambda name: onp.array([usual[name], row[name], usual[name]])  # noqa: E731
    monkeypatch.setattr(edges, "cost_of_last_digits", lambda edge: (of_row("cost"), of_row("of_sum")))
    monkeypatch.setattr(edges, "_slack_on_kinks", lambda edge: of_row("slack"))
    monkeypatch.setattr(edges, "ends_of_search", lambda edge: of_row("ends"))
    monkeypatch.setattr(edges, "is_out_of_reach", lambda edge: of_row("reach"))
    monkeypatch.setattr(edges, "room_of_formulas", lambda edge: of_row("room"))
    monkeypatch.setattr(edges, "room_of_log_dets", lambda edge: of_row("room_of_sum"))
    z = onp.array([[4.0], [row.get("z", 4.0)], [0.0]])
    edge = SimpleNamespace(z=z, back=(z + of_row("error")[:, None], of_row("sums") - 0.5), there=(z, 0 * z[:, 0] + 0.5))
    edge.allowed, edge.usable = of_row("allowed"), of_row("usable")
    found = edges._consistent(edge)
    if found is None:
        return None
    numbers = {Symptom.ROUND_TRIP: (edge.back[0][1], z[1]), Symptom.LOG_DETS: (edge.back[1][1], -0.5)}[found.symptom]
    said = found.evidence["yours"], found.evidence["expected"]
    assert found.evidence["row"] == 1 and all(map(partial(onp.array_equal, equal_nan=True), said, numbers))
    return found.symptom


@pytest.mark.parametrize(("row", "symptom"), [
    ({}, None), ({"error": 0.9e-3}, None), ({"error": 1.1e-3}, Symptom.ROUND_TRIP),
    ({"error": 1.1e-3, "cost": 1.2e-3}, None), ({"error": 1.1e-3, "cost": onp.nan}, Symptom.ROUND_TRIP),
    ({"sums": 0.9e-3}, None), ({"sums": -1.1e-3}, Symptom.LOG_DETS), ({"sums": 1.1e-3, "of_sum": 1.2e-3}, None),
    ({"sums": onp.nan}, Symptom.LOG_DETS), ({"error": onp.nan}, Symptom.ROUND_TRIP),
    ({"error": 9.0, "usable": False}, None), ({"error": 9.0, "allowed": onp.inf}, None),
    ({"error": 9.0, "allowed": 3.9e-3}, Symptom.ROUND_TRIP), ({"error": 9.0, "allowed": 4.1e-3}, None),
    ({"error": 9.0, "cost": 4.1e-3}, None), ({"error": 9.0, "ends": True}, None),
    ({"error": 9.0, "allowed": 0.9e-3, "z": 0.5}, Symptom.ROUND_TRIP),
    ({"error": 9.0, "allowed": 1.1e-3, "z": 0.5}, None),
    ({"error": 9.0, "reach": True}, Symptom.ROUND_TRIP), ({"sums": onp.nan, "reach": True}, None),
    ({"error": 1.9e-3, "room": 1e-3}, None), ({"error": 2.1e-3, "room": 1e-3}, Symptom.ROUND_TRIP),
    ({"sums": 1.2e-3, "room": 1e-3}, None), ({"sums": 1.3e-3, "room": 1e-3}, Symptom.LOG_DETS),
    ({"sums": 1.9e-3, "room_of_sum": 1e-3}, None), ({"sums": 2.1e-3, "room_of_sum": 1e-3}, Symptom.LOG_DETS),
    ({"error": 0.0, "allowed": 0.0, "cost": 0.0}, None), ({"sums": 0.0, "slack": 0.0, "of_sum": 0.0}, None),
    ({"error": onp.inf, "sums": onp.inf, "allowed": 1e-9}, Symptom.ROUND_TRIP),
])  # fmt: skip
def test_round_trip_and_log_dets_at_the_edges(row, symptom, monkeypatch):
    assert consistent(monkeypatch, **row) is symptom


@pytest.mark.parametrize(("precision", "z", "step"), [
    (1e-3, 0.5, 0.032), (1e-3, 4.0, 0.128), (1e-10, 0.5, 1e-7), (1e-8, 5.0, 1.6e-6), (1e-8, 0.5, 3.2e-7),
])  # fmt: skip
def test_a_kink_allows_the_change_of_log_det_beside_it(precision, z, step):
    """log_det is 7 + z / step: it changes by 2 between the two sides."""
    asked = []

    def apply(direction, a):
        asked.append(a)
        return a, 7 + a[:, 0] / step + onp.where(a[:, 0] > 100, onp.nan, 0.0)

    subject = SimpleNamespace(precision=precision, dtype=onp.dtype("float64"))
    edge = SimpleNamespace(subject=subject, apply=apply, z=onp.array([[z], [500.0]]), allowed_log_det=0.25)
    edge.there = (edge.z, onp.array([-3.0, 0.0]))
    slack = edges._slack_on_kinks(edge)
    close(slack[:1], [0.25 + 2.02 + 64 * precision * 3], 1e-6)
    assert slack[1] == onp.inf
    close([asked[0][0, 0] - z, asked[1][0, 0] - z], [step, -step], 1e-12)


def edge_of(claim, z, inverse=lambda x: x / 2):
    """x = 2 z, whose log_det is off by claim(z)."""
    log_2 = onp.log(2.0)
    subject = pair(lambda z: (2 * z, log_2 + claim(z[:, 0])), lambda x: (inverse(x), 0 * x[:, 0] - log_2), 1).subject
    return Trial(subject, onp.array(z)[:, None], limit=1e-3)


@pytest.mark.parametrize(("at", "off", "found", "far"), [
    (1.0, 1e-3, True, False), (34.9, 0.4, True, False), (35.1, 0.45, False, None), (35.1, 0.55, True, False),
    (99.0, 0.55, True, False), (100.0, 0.55, True, True), (-100.0, 0.45, False, None),
])  # fmt: skip
def test_a_log_det_is_the_slope_s_and_coarsely_where_no_draw_of_any_base_comes(at, off, found, far):
    finding = edges._slopes(edge_of(lambda z: off * (z == at), [0.5, at, -at]))
    assert (finding is not None) is found
    if found:
        assert finding.symptom is Symptom.SLOPE and finding.evidence["row"] >= 0 and finding.evidence["far"] == far
        assert (
            finding.evidence["yours"] == pytest.approx(onp.log(2) + off) and finding.evidence["function"] == "forward"
        )
        assert finding.evidence["expected"] == pytest.approx(onp.log(2), abs=1e-6)
        assert finding.at.startswith(f"log_det forward is not the logarithm of the slope at z = [{at:g}]")


def test_a_slope_is_not_asked_where_a_search_has_ended_nor_in_float32():
    cut = lambda x: onp.clip(x / 2, -60, 60)  # noqa: E731
    assert edges._slopes(edge_of(lambda z: 9.0 * (z > 100), [0.5, 200.0], cut)) is None
    assert edges._slopes(edge_of(lambda z: 9.0 * (z > 100), [0.5, 200.0])).symptom is Symptom.SLOPE
    wrong = edge_of(lambda z: 9.0 + 0 * z, [0.5, 1.0])
    single = SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype("float32")))
    assert edges._slopes(wrong) is not None and edges._slopes(single) is None


def test_rows_of_an_edge_keep_their_contexts_and_its_limit():
    asked = []
    subject = SimpleNamespace(dtype=onp.dtype("float64"))
    subject.at = lambda rows: asked.append(rows.tolist()) or subject
    edge = SimpleNamespace(subject=subject, z=onp.arange(3.0)[:, None], limit=0.25)
    rows = edges._rows_of(edge, onp.array([True, False, True]))
    assert asked == [[0, 2], [0, 1]] and rows.z.tolist() == [[0.0], [2.0]] and rows.limit == 0.25


# --- X ---


@pytest.mark.parametrize(("forward", "inverse", "fails"), [
    (onp.inf, -onp.inf, False), (-onp.inf, onp.inf, False), (onp.inf, onp.inf, True), (onp.nan, onp.nan, True),
    (0.5, -onp.inf, True), (0.5, -0.5, False),
])  # fmt: skip
def test_infinite_log_dets_of_opposite_signs_cancel(forward, inverse, fails):
    """A map of no slope there: that it is not finite is for S to say, and their sum is NaN."""

    def spoilt(a, log_det):
        return a, onp.where(onp.abs(a[:, 0]) < 0.3, log_det, 0.0)

    module = SimpleNamespace(forward=lambda z: spoilt(z, forward), inverse=lambda x: spoilt(x, inverse))
    trial = trial_of(module, 2)
    assert (onp.abs(trial.z[:, 0]) < 0.3).any()
    assert cancellation.check_log_dets_cancel(trial).failed is fails
