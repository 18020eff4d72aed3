"""What the diagnosis says of draws, of shapes, of rows and of inverses, on subjects of two or three lines."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from tried_maps import rng
from tried_maps import small_trial as trial_of

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import (
    wrong_branches,
    wrong_calls,
    wrong_inverse,
    wrong_rows,
    wrong_samples,
    wrong_spline,
)
from nfscratch.check.diagnosis.columns import Columns
from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.message import Case
from nfscratch.check.pairs import of_pair, of_pairs
from nfscratch.check.trial import Trial


def case(trial, symptom=None, letter="S", **evidence):
    return Case(trial.subject.dim, trial, Finding(letter, "", 1.0, 0.0, symptom=symptom, evidence=evidence))


# --- draws ---


STILL = trial_of(lambda z: z)


@pytest.mark.parametrize(("symptom", "evidence", "name"), [
    (Symptom.SHAPE, {}, "SAMPLES_MISSHAPEN"), (Symptom.REPEATED, {}, "POINTS_TWICE"),
    (Symptom.ATOM, {"extreme": True}, "CLAMPED_DRAWS"), (Symptom.ATOM, {"extreme": False}, "ATOM"),
    (Symptom.ROWS, {"base": None}, "DEPENDENT_ROWS"),
])  # fmt: skip
def test_draws_that_their_symptom_names(symptom, evidence, name):
    named = wrong_samples.name_samples(case(STILL, symptom, "K", **evidence), [])
    assert (named.mistake, named.where) == (Mistake[name], "sample")


DRAWS = rng(1).normal(size=(4000, 2))
UNIFORM = rng(2).uniform(size=(4000, 2))


def with_base(shift=0.0, scale=1.0, dim=2):
    """A trial whose base claims a standard normal law plus `shift`, and draws with another scale."""
    log_q = lambda z: -0.5 * (z**2).sum(axis=1) - dim / 2 * onp.log(2 * onp.pi) + shift  # noqa: E731
    subject = SimpleNamespace(
        dim=dim, base_sample=lambda rng, n: scale * rng.normal(size=(n, dim)), log_q=log_q, q=log_q, in_shape=(dim,),
        dtype=onp.dtype("float64"), base_log_prob=log_q,
    )  # fmt: skip
    return SimpleNamespace(subject=subject, apply=STILL.apply)


@pytest.mark.parametrize(("trial", "symptom", "name"), [
    (with_base(), Symptom.BRIDGE, None), (with_base(), Symptom.MOMENTS, None),
    (with_base(scale=1.1), Symptom.MOMENTS, "BASE_SAMPLES"), (with_base(scale=1.1), Symptom.BRIDGE, None),
    (with_base(onp.log(2 * onp.pi)), Symptom.BRIDGE, "CONSTANT_OF_BASE"),
    (with_base(0.7), Symptom.BRIDGE, "CONSTANT_MISSING"), (with_base(-0.7), Symptom.BRIDGE, "CONSTANT_MISSING"),
])  # fmt: skip
def test_a_base_by_itself(trial, symptom, name):
    assert wrong_samples._of_base(trial, DRAWS, symptom, rng()) is (Mistake[name] if name else None)


def test_a_base_of_another_law():
    assert wrong_samples._of_base(with_base(), 2 * DRAWS, Symptom.BRIDGE, rng()) is Mistake.BASE_SAMPLES
    assert wrong_samples._of_base(with_base(), None, Symptom.BRIDGE, rng()) is None
    named = wrong_samples.name_samples(case_of(with_base(0.7), Symptom.BRIDGE), [])
    assert (named.mistake, named.where) == (Mistake.CONSTANT_MISSING, "base")
    named = wrong_samples.name_samples(case_of(with_base(), Symptom.ROWS), [])
    assert (named.mistake, named.where) == (Mistake.DEPENDENT_ROWS, "sample")
    named = wrong_samples.name_samples(case_of(with_base(), Symptom.DISTANCE), [])
    assert (named.mistake, named.where) == (Mistake.SAMPLES_OF_BASE, "sample")


def case_of(trial, symptom):
    evidence = {"base": DRAWS, "x": DRAWS[::-1], "z": DRAWS}
    return SimpleNamespace(trial=trial, finding=SimpleNamespace(evidence=evidence, symptom=symptom))


def carried(x, z, forward=lambda z: 3 * z):
    evidence = {"x": x, "z": z, "base": rng(5).normal(size=(4000, 2))}
    return wrong_samples._carried(trial_of(forward), evidence, rng())


def refuses(z):
    raise ValueError("outside of the domain")


def test_where_draws_come_from():
    assert carried(DRAWS, DRAWS / 3) is Mistake.SAMPLES_OF_BASE
    assert carried(DRAWS / 3, DRAWS / 9) is Mistake.INVERSE_FOR_FORWARD
    assert (
        carried(DRAWS / 2, DRAWS / 9) is Mistake.SAMPLES and carried(DRAWS / 3, DRAWS / 9, refuses) is Mistake.SAMPLES
    )
    for low, high in ((0, 1), (-1, 1), (-(3**0.5), 3**0.5)):
        z = low + (high - low) * UNIFORM
        assert carried(3 * z, z) is Mistake.UNIFORM_BASE and carried(3 * z, z, refuses) is Mistake.UNIFORM_BASE
    assert carried(6 * UNIFORM, 2 * UNIFORM) is Mistake.SAMPLES


@pytest.mark.parametrize(("change", "uniform"), [
    (lambda u: u, True), (lambda u: u + 0.029, False), (lambda u: 0.94 * u, False), (lambda u: 0.97 * u, True),
    (lambda u: onp.where(onp.arange(4000)[:, None] < 3, 1.1, u), True), (lambda u: 0.5 + 0.89 * (u - 0.5), False),
    (lambda u: 0.5 + 0.91 * (u - 0.5), True), (lambda u: u**3 / (u**3 + (1 - u) ** 3), False),
    (lambda u: onp.where(onp.arange(4000)[:, None] < 6, 1.1, u), False), (lambda u: u + 0.9e-6, True),
])  # fmt: skip
def test_uniform_numbers_lie_within_their_ends_and_about_the_middle(change, uniform):
    u = onp.linspace(0, 1, 4000)[:, None] * onp.ones(2)
    assert bool(wrong_samples._is_uniform(change(u), 0.0, 1.0)) is uniform
    assert bool(wrong_samples._is_uniform(2 * change(u) - 1, -1.0, 1.0)) is uniform


# --- shapes ---


@pytest.mark.parametrize(("which", "got", "name"), [
    ("log_prob", onp.zeros((12, 12)), "BROADCAST"), ("log_prob", onp.zeros((5, 5)), "BROADCAST"),
    ("log_prob", onp.zeros((1, 1)), None), ("log_prob", onp.zeros((12, 5)), None), ("log_prob", 0.5, "MEAN_OVER_ROWS"),
    ("log_prob", onp.zeros(1), "MEAN_OVER_ROWS"), ("log_prob", onp.zeros(2), None), ("log_prob", "words", None),
    ("log_prob", None, None), ("x", onp.zeros((12, 12)), None), ("x", 0.5, None),
])  # fmt: skip
def test_the_shape_of_a_log_prob(which, got, name):
    assert wrong_calls._of_log_prob(case(STILL), which, got) is (Mistake[name] if name else None)


@pytest.mark.parametrize(("which", "shape", "name"), [
    ("log_det forward", (12, 1), True), ("log_det inverse", (5, 1), True), ("log_det forward", (12, 2), False),
    ("log_det forward", (12,), False), ("log_det forward", (12, 1, 1), False), ("x", (12, 1), False),
])  # fmt: skip
def test_an_axis_that_is_kept(which, shape, name):
    assert wrong_calls._kept_axis(case(STILL), which, onp.zeros(shape)) is (Mistake.KEPT_AXIS if name else None)


@pytest.mark.parametrize(("dtype", "got", "name"), [
    ("float32", onp.zeros((12, 2)), True), ("float32", onp.zeros(12), True), ("float32", onp.zeros(11), False),
    ("float32", onp.zeros(12, dtype="float32"), False), ("float64", onp.zeros(12), False), ("float32", 1.0, False),
    ("float32", onp.float64(1.0), False),
])  # fmt: skip
def test_float64_among_float32(dtype, got, name):
    trial = trial_of(lambda z: z, dtype=dtype)
    assert wrong_calls._leak(case(trial), "x", got) is (Mistake.FLOAT64_LEAK if name else None)


def flipping(inverse=lambda x: x * onp.where(x > 0, 1, -1)):
    """det J < 0 where the first variable is below 0: x = (z_1^2 (its sign lost), z_2), undone on one side."""
    return trial_of(lambda z: onp.stack([onp.abs(z[:, 0]), z[:, 1]], axis=1), inverse)


def test_a_logarithm_that_is_nan_where_the_determinant_is_below_0():
    trial = flipping()
    below = onp.where(trial.z[:, 0] < 0, onp.nan, 0.0)
    look = lambda which, got, trial=trial: wrong_calls._logarithm(case(trial), which, got)  # noqa: E731
    assert 0 < (trial.z[:, 0] < 0).sum() < 12
    assert look("log_det forward", below) is Mistake.NO_ABSOLUTE_VALUE
    assert look("x", below) is None and look("log_det forward", below[:5]) is None
    assert look("log_det forward", 0 * trial.z[:, 0]) is None
    assert look("log_det forward", onp.where(trial.z[:, 1] < 0, onp.nan, 0.0)) is None
    assert look("log_det forward", onp.full(12, onp.nan)) is None
    assert look("log_det inverse", below) is None  # it comes back at another point
    turned = trial_of(lambda z: -z[:, ::1] * [1, -1], lambda x: -x * [1, -1])
    assert look("log_det inverse", onp.full(12, onp.nan), turned) is Mistake.NO_ABSOLUTE_VALUE
    assert look("log_det forward", onp.full(12, onp.nan), turned) is Mistake.NO_ABSOLUTE_VALUE


def test_what_has_a_wrong_shape_is_named_after_it():
    def named(which, got, symptom=Symptom.SHAPE, trial=STILL, **results):
        found = wrong_calls.name_shape(case(trial, symptom, wrong=[which, "x"], results={which: got, **results}), [])
        return found.mistake, found.where

    nothing = onp.zeros((3, 3))
    assert named("log_prob", onp.zeros((12, 12))) == (Mistake.BROADCAST, "log_prob")
    assert named("log_det forward", onp.zeros((12, 1))) == (Mistake.KEPT_AXIS, "log_det forward")
    assert named("x", nothing) == (Mistake.SHAPE, "x")
    assert named("x", nothing, Symptom.NOT_FINITE) == (Mistake.NOT_FINITE, "x")
    bad = onp.full((12, 2), onp.nan)
    doubled = trial_of(lambda z: 2 * z, lambda x: 2 * x)
    assert named("z", bad, Symptom.NOT_FINITE, doubled) == (Mistake.MULTIPLIES, "inverse")
    assert named("z", bad, Symptom.SHAPE, doubled) == (Mistake.SHAPE, "z")
    assert named("x", bad, Symptom.NOT_FINITE, doubled) == (Mistake.NOT_FINITE, "x")
    shifted = onp.zeros(12)
    assert named("log_det inverse", shifted, Symptom.NOT_FINITE, doubled, z=bad) == (Mistake.MULTIPLIES, "inverse")
    assert named("log_det inverse", shifted[:5], Symptom.NOT_FINITE, doubled, z=bad)[0] is Mistake.NOT_FINITE
    assert named("z", bad, Symptom.NOT_FINITE, STILL) == (Mistake.NOT_FINITE, "z")


# --- rows ---


def depends(trial, function="forward", which=0, whole=None, rows=(1,), fresh=False):
    whole = onp.zeros(len(trial)) if whole is None else whole
    evidence = {"function": function, "which": which, "whole": whole, "rows": onp.array(rows), "fresh": fresh}
    found = wrong_rows.name_dependence(case(trial, letter="I", **evidence), [])
    return found.mistake.name, found.where


def summed(pick):
    """A map whose log_det is one number for all rows."""
    return trial_of(lambda z: z, lambda x: x, log_det=lambda a: onp.full(len(a), pick(a)))


def test_a_log_det_that_is_one_number_for_the_batch():
    total, first = summed(lambda a: a.sum()), summed(lambda a: a[0, 0])
    of = lambda trial: onp.full(12, trial.there[1][0])  # noqa: E731
    assert depends(total, which=1, whole=of(total)) == ("SUMMED_OVER_BATCH", "log_det forward")
    assert depends(first, which=1, whole=of(first)) == ("DEPENDS_ON_BATCH", "log_det forward")
    assert depends(total, "inverse", which=1, whole=of(total)) == ("SUMMED_OVER_BATCH", "log_det inverse")
    assert depends(total, fresh=True) == ("INITIALISED_AGAIN", "forward")
    assert not wrong_rows._is_of_first_row(first, "forward", of(first)[:1])
    assert wrong_rows._is_of_first_row(first, "forward", of(first) + 0.9e-9 * (1 + abs(of(first)[0])))
    assert not wrong_rows._is_of_first_row(first, "forward", of(first) + 1.2e-9 * (1 + abs(of(first)[0])))


@pytest.mark.parametrize(("whole", "one"), [
    (onp.full(4, 3.0), True), (3 + 0.9e-9 * 4 * onp.eye(4)[0], True), (3 + 1.1e-9 * 4 * onp.eye(4)[1], False),
    (onp.zeros((4, 2)), False), (onp.arange(4.0), False),
])  # fmt: skip
def test_one_number_for_all_rows(whole, one):
    assert bool(wrong_rows._is_one_number(whole)) is one


def of_batch(change, memory=False):
    """x = z + change(batch), or, with a memory, change of the batch that the inverse saw last."""
    seen = {"z": onp.zeros((1, 2))}

    def forward(z):
        return z + change(seen["z"] if memory else z)

    def inverse(x):
        seen["z"] = x
        return x

    return trial_of(forward, inverse)


@pytest.mark.parametrize(("trial", "name"), [
    (of_batch(lambda z: z.mean(axis=0)), "BATCH_STATISTICS"), (of_batch(lambda z: z.std()), "BATCH_STATISTICS"),
    (of_batch(lambda z: 0.1 * z.sum(axis=0)), "DEPENDS_ON_BATCH"), (of_batch(lambda z: len(z)), "DEPENDS_ON_BATCH"),
    (of_batch(lambda z: z.mean(axis=0), memory=True), "DEPENDS_ON_CALLS"),
])  # fmt: skip
def test_what_a_row_depends_on_beside_itself(trial, name):
    assert depends(trial) == (name, "forward")


def test_what_is_said_where_other_rows_do_not_tell():
    trial = of_batch(lambda z: z.mean(axis=0))
    assert depends(trial, which=1, whole=onp.arange(12.0)) == ("DEPENDS_ON_BATCH", "forward")
    assert depends(trial, rows=range(12)) == ("PLACE_IN_BATCH", "forward")
    assert depends(trial, "log_prob", whole=onp.arange(12.0)) == ("DEPENDS_ON_BATCH", "log_prob")
    plain = trial_of(lambda z: 2 * z, lambda x: x / 2, log_det=lambda a: a[:, 0])
    claim = plain.subject.q(plain.z).sum() + plain.apply("inverse", plain.x)[1]
    assert depends(plain, "log_prob", whole=claim) == ("BASE_SUMMED", "log_prob")
    off = 1e-5 * (1 + abs(plain.subject.q(plain.z).sum())) * onp.eye(12)[3]
    assert depends(plain, "log_prob", whole=claim + 0.9 * off)[0] == "BASE_SUMMED"
    assert depends(plain, "log_prob", whole=claim + 1.2 * off)[0] == "DEPENDS_ON_BATCH"


def remembering(n=3):
    """log_dets that are those of the first batch of this length."""
    first = {}

    def log_det(a):
        return first.setdefault(len(a), a[:, 0].copy() if n is None else onp.repeat(a[0, 0], len(a)))

    return trial_of(lambda z: z, log_det=log_det)


def test_log_dets_of_an_earlier_call():
    assert wrong_rows._remembers(remembering(None), "forward") and not wrong_rows._remembers(remembering(), "forward")
    assert not wrong_rows._remembers(of_batch(lambda z: z.mean()), "forward")
    assert not wrong_rows._remembers(STILL, "log_prob")
    assert depends(remembering(None), rows=range(12)) == ("DEPENDS_ON_CALLS", "forward")


def test_the_statistics_of_rows_that_come_twice():
    a = rng().normal(size=(6, 2))
    statistics = lambda batch, rows=None: batch + batch.mean(axis=0)  # noqa: E731
    assert wrong_rows._uses_statistics(statistics, a, statistics(a))
    counts = lambda batch, rows=None: batch + batch.sum(axis=0)  # noqa: E731
    assert not wrong_rows._uses_statistics(counts, a, counts(a))
    alone = lambda batch, rows=None: 2 * batch  # noqa: E731
    assert not wrong_rows._uses_statistics(alone, a, alone(a))
    for size, seen in ((3e-5, True), (1e-7, False)):
        faint = lambda batch, rows=None, size=size: batch + size * batch.mean(axis=0)  # noqa: E731
        assert wrong_rows._uses_statistics(faint, a, faint(a)) is seen


# --- two branches, splines ---


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_fresh_rows_on_one_side_of_0(direction):
    slope = lambda a: onp.where(a > 0, 1.0, 0.3)  # noqa: E731
    asked = []

    def forward(z):
        asked.append(z)
        return z * slope(z), onp.log(slope(z)).sum(axis=1) + 0.1 * (z[:, 0] < 0)

    def inverse(x):
        asked.append(x)
        return x / slope(x), -onp.log(slope(x)).sum(axis=1) + 0.1 * (x[:, 0] < 0)

    trial = Trial(of_pair(forward, inverse, 2), rng().normal(size=(7, 2)))
    at = trial.input(direction)
    s = SimpleNamespace(trial=trial, direction=direction, at=at, dim=2)
    for sign in (1.0, -1.0):
        asked.clear()
        rights = wrong_branches._rights(s, sign)
        assert rights.shape == (60,) and (rights == (sign > 0)).all()
        (last,) = (a for a in asked[-1:] if len(a) == 60)
        assert (sign * last >= 1e-2).all() and onp.abs(last).max() <= onp.abs(at).max() + 1e-2
        assert len(onp.unique(last)) == 120


@pytest.mark.parametrize(("votes", "name"), [
    (["OTHER_ROOT"] * 2, "OTHER_ROOT"), (["OTHER_ROOT"], None), (["OTHER_ROOT"] * 3 + [None] * 2, "OTHER_ROOT"),
    (["OTHER_ROOT"] * 3 + [None] * 3, None), (["KNOTS_OF_Z"] * 3 + ["OTHER_ROOT"] * 2, "KNOTS_OF_Z"), ([], None),
    (["KNOTS_OF_Z"] * 2 + [wrong_spline.NO_ROOT] * 9, "KNOTS_OF_Z"), ([wrong_spline.NO_ROOT] * 9, None),
])  # fmt: skip
def test_most_points_have_to_vote_for_a_root(votes, name):
    given = [Mistake[vote] if vote in ("OTHER_ROOT", "KNOTS_OF_Z") else vote for vote in votes]
    assert wrong_spline._mostly(given) is (Mistake[name] if name else None)


HEIGHTS = onp.array([-3.0, -2.2, 0.4, 1.1, 3.0])
KNOTS = onp.array([-3.0, -1.0, 0.3, 1.9, 3.0])


def straight(z):
    return onp.interp(z, KNOTS, HEIGHTS)


def of_knots_of_z(x):
    k = onp.clip(onp.searchsorted(KNOTS, x) - 1, 0, 3)
    slope = (onp.diff(HEIGHTS) / onp.diff(KNOTS))[k]
    return x + (x - straight(x)) / slope


def test_a_straight_spline_that_searches_the_wrong_knots():
    inside = onp.clip(rng().normal(size=(12, 1)), -2.9, 2.9)
    wrong = trial_of(straight, of_knots_of_z, 1, z=inside)
    assert wrong_spline.wrong_root(wrong) is Mistake.KNOTS_OF_Z
    right = trial_of(straight, lambda x: onp.interp(x, HEIGHTS, KNOTS), 1, z=inside)
    assert wrong_spline.wrong_root(right) is None and list(wrong_spline._wrong_points(right)) == []
    other = trial_of(straight, lambda x: of_knots_of_z(x) + 1e-3, 1, z=inside)
    assert wrong_spline.wrong_root(other) is None
    assert wrong_spline.wrong_root(trial_of(onp.sinh, lambda x: x, 1)) is None


def test_the_points_of_a_line_that_come_back_wrong():
    late = trial_of(straight, lambda x: onp.interp(x, HEIGHTS, KNOTS) + (x > 1) * 1e-3, 1, z=onp.zeros((2, 1)))
    points = wrong_spline._wrong_points(late)
    assert len(points) == 12 and all(p[1] == 0 and p[3] > 1 for p in points)
    close([p[4] - p[2] for p in points], onp.full(12, 1e-3), 1e-9)
    close([straight(p[2]) for p in points], [p[3] for p in points], 1e-9)
    gaps = onp.diff([p[2] for p in points])
    close(gaps, onp.full(11, 7 * 0.98 * 6 / 399), 1e-9)


@pytest.mark.parametrize(("off", "fits"), [(0.0, True), (0.9e-6, True), (2.1e-6, False)])
def test_the_piece_that_stands_over_a_place(off, fits):
    trial = trial_of(straight, of_knots_of_z, 1, z=onp.zeros((2, 1)))
    x = 0.5
    back = of_knots_of_z(onp.array(x))
    vote = wrong_spline._vote_of_lines(trial, 0, None, x, back + off * (1 + abs(back)), onp.zeros(1))
    assert vote is (Mistake.KNOTS_OF_Z if fits else None)
    at_a_knot = wrong_spline._vote_of_lines(trial, 0, None, 0.3, straight(0.3), onp.zeros(1))
    assert at_a_knot is None


# --- inverses ---


def named(forward, inverse, dim=2, n=12):
    return wrong_inverse.name_inverse(trial_of(forward, inverse, dim, n))


@pytest.mark.parametrize(("forward", "inverse", "name"), [
    (lambda z: 2 * z + 1, lambda x: x, "RETURNS_ARGUMENT"), (lambda z: 2 * z, lambda x: 2 * x, "MULTIPLIES"),
    (lambda z: z[:, [1, 2, 0]], lambda x: x[:, [1, 2, 0]], "PERMUTATION"),
    (lambda z: onp.sinh(z) + 1, lambda x: onp.sinh(x) + 1, "APPLIES_FORWARD"),
    (lambda z: z + 1, lambda x: x + 1, "SHIFT_NOT_UNDONE"),
    (lambda z: z[:, [1, 2, 0]] + 1, lambda x: x[:, [1, 2, 0]] + 1, "PERMUTATION"),
    (lambda z: 2 * z, lambda x: x / 2, "NO_UNDOING"), (lambda z: 2 * z, lambda x: x * onp.nan, "NO_UNDOING"),
    (lambda z: onp.sinh(z), lambda x: onp.cos(x + 5) ** 3 * x[:, ::-1], "NO_UNDOING"),
])  # fmt: skip
def test_the_name_of_an_inverse(forward, inverse, name):
    assert named(forward, inverse, 3).name == name


def test_an_inverse_that_goes_on_forward():
    turn = onp.linalg.qr(rng(3).normal(size=(3, 3)))[0]
    turn *= -onp.sign(onp.linalg.det(turn))
    for M, name in ((turn, "LAYERS_IN_ORDER"), (turn @ onp.diag([1, 2, 3]), "APPLIES_FORWARD")):
        trial = trial_of(lambda z, M=M: z @ M.T, lambda x, M=M: x @ M.T, 3)
        found = wrong_inverse._argument(Columns(trial, onp.ones(12, dtype=bool)))
        assert found.name == name
    other = trial_of(lambda z: 2 * z, lambda x: 2 * x + 1e-3)
    assert wrong_inverse._argument(Columns(other, onp.ones(12, dtype=bool))) is None


def test_the_first_look_that_says_something_names():
    def fails(c):
        raise ZeroDivisionError

    looks = [fails, lambda c: None, lambda c: Mistake.SIGN if c else None, lambda c: Mistake.MEAN]
    assert wrong_inverse.first_name(looks, True) is Mistake.SIGN
    assert wrong_inverse.first_name(looks, False) is Mistake.MEAN and wrong_inverse.first_name(looks[:2], True) is None


@pytest.mark.parametrize(("wrong", "order", "kept", "first"), [
    ([0, 0, 1], [0, 1, 2], 0, True), ([0, 1, 0], [0, 1, 2], 0, False), ([0, 1, 0], [0, 2, 1], 0, True),
    ([1, 1, 1], [0, 1, 2], 0, False), ([0, 0, 0], [0, 1, 2], 0, True), ([0, 1, 1], None, 1, True),
    ([0, 0, 1], [0, 1, 2], 2, False), ([1, 0, 0], [0, 1, 2], 0, False),
])  # fmt: skip
def test_columns_that_are_right_at_first(wrong, order, kept, first):
    c = SimpleNamespace(
        wrong=onp.array(wrong, dtype=bool), order=order, dim=3, kept=onp.arange(3) < kept, is_linear=False
    )
    assert bool(wrong_inverse._right_at_first(c)) is first


def coupling(looks):
    """x_2 = z_2 e^{sin z_1} + z_1, undone with or without a look at x_1."""

    def forward(z):
        return onp.stack([z[:, 0], z[:, 1] * onp.exp(onp.sin(z[:, 0])) + z[:, 0]], axis=1)

    def inverse(x):
        seen = x[:, 0] if looks else x[:, 1]
        return onp.stack([x[:, 0], (x[:, 1] - seen) * onp.exp(-onp.sin(seen))], axis=1)

    return Columns(trial_of(forward, inverse), onp.ones(12, dtype=bool))


def test_an_inverse_looks_at_what_is_kept():
    assert wrong_inverse._conditions(coupling(False)) is Mistake.CHANGED_HALF
    assert wrong_inverse._conditions(coupling(True)) is None
    c = coupling(False)
    c.wrong = onp.array([True, True])
    assert wrong_inverse._conditions(c) is None
    for size, seen in ((0.9e-7, False), (1.1e-7, True)):
        c = coupling(False)
        c.J[:, 1, 0] = onp.where(onp.arange(12) == 3, -size, 0.0)
        assert (wrong_inverse._conditions(c) is not None) is seen
    for size, looks in ((0.5e-9, False), (2e-8, True)):
        faint = trial_of(
            lambda z: onp.stack([z[:, 0], z[:, 1] + z[:, 0]], axis=1),
            lambda x, size=size: x + onp.stack([0 * x[:, 0], size * x[:, 0]], axis=1),
        )
        c = Columns(faint, onp.ones(12, dtype=bool))
        assert (wrong_inverse._conditions(c) is None) is looks


def test_the_layer_that_does_not_come_back():
    right = [(lambda a: (2 * a, 0 * a[:, 0])), (lambda a: (a / 2, 0 * a[:, 0]))]
    wrong = [right[0], lambda a: (a / 3, 0 * a[:, 0])]
    for layers, at in (([right, wrong], 1), ([wrong, right], 0), ([right, right], None)):
        trial = Trial(of_pairs(layers, 2), rng().normal(size=(5, 2)))
        found = wrong_inverse.failing_layer(trial)
        assert (found[0] if found else None) == at
    with_turn = [[lambda a: (a[:, ::-1], 0 * a[:, 0])] * 2, [lambda a: (a * [1, 2], 0 * a[:, 0]), None]]
    with_turn[1][1] = lambda a: (a / [1, 2], 0 * a[:, 0])
    trial = Trial(of_pairs(with_turn, 2), rng().normal(size=(5, 2)))
    assert wrong_inverse.in_chain(trial) is None
    z = trial.x
    for layer in trial.subject.layers():
        z = layer.inverse(z)[0]
    trial.__dict__["back"] = (z, onp.zeros(5))
    assert wrong_inverse.in_chain(trial) is Mistake.LAYERS_IN_ORDER
