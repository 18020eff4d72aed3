"""Claims of log_det and of log_prob that are off by a ratio, a constant or a definition: both sides of each bound."""

from math import log, pi, prod
from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_density, wrong_log_det
from nfscratch.check.diagnosis.wrong_log_det import Sample
from nfscratch.ops.intervals import REALS

LOG_2PI = log(2 * pi)


def rng(seed=0):
    return onp.random.default_rng(seed)


# --- samples of a log_det ---


def sample(claim=lambda t: t, dim=3, n=8, J=None, failed=True, direction="forward", shape=None, domain=REALS, **more):
    """A sample whose claims are claim(truth); J: lower triangular, positive, and another in each row."""
    s = object.__new__(Sample)
    if J is None:
        J = onp.tril(rng(1).normal(size=(n, dim, dim)), -1) + onp.exp(rng(2).normal(size=(n, dim)))[:, None] * onp.eye(
            dim
        )
    s.J, s.t = J, onp.log(onp.abs(onp.linalg.det(J)))
    s.c, s.failed, s.direction = onp.asarray(claim(s.t)), failed, direction
    s.at, s.there = rng(3).normal(size=(2, len(J), J.shape[1]))
    subject = SimpleNamespace(
        in_shape=shape or (J.shape[1],), dtype=onp.dtype(more.pop("dtype", "float64")), domain=domain, codomain=REALS
    )
    s.trial = SimpleNamespace(subject=subject, **more)
    return s


def constant(value, dim=1, n=4):
    return onp.tile(value * onp.eye(dim), (n, 1, 1))


def test_the_logarithms_of_a_diagonal_count_where_they_give_the_determinant():
    s = sample()
    close(s.logs(), onp.log(onp.diagonal(s.J, axis1=1, axis2=2)), 1e-12)
    s.t = s.t + 1e-3
    assert s.logs() is None
    singular = sample()
    singular.J[2, 1, 1] = 0.0
    assert singular.logs() is None
    negative = sample(J=-constant(2.0, 2))
    close(negative.logs(), onp.full((4, 2), log(2)), 1e-12)


@pytest.mark.parametrize(("off", "count"), [(0.9e-7, 1), (1.1e-7, 2), (-1.1e-7, 2)])
def test_a_variable_is_changed_where_its_column_is_none_of_the_identity(off, count):
    J = constant(1.0, 3)
    J[:, 0, 0] = 2.0
    J[1, 2, 1] = off
    assert sample(J=J).changed() == count
    assert sample(J=constant(1.0, 3)).changed() == 1


def test_a_ratio_of_claim_and_truth_holds_in_all_rows():
    assert wrong_log_det._ratio(sample(lambda t: 0.7 * t)) == pytest.approx(0.7)
    assert wrong_log_det._ratio(sample(lambda t: -2.5 * t)) == pytest.approx(-2.5)
    one = onp.arange(8) == 3
    assert wrong_log_det._ratio(sample(lambda t: 0.7 * t + 1e-3 * one)) is None
    assert wrong_log_det._ratio(sample(lambda t: onp.where(one, onp.nan, t))) is None


def ratios(*numbers, dim=3, **more):
    return [(r, sample(lambda t, r=r: r * t, dim=dim, **more)) for r in numbers]


def test_a_factor_is_one_number_for_all_samples():
    by_ratio = lambda *numbers: wrong_log_det._by_ratio([s for _, s in ratios(*numbers)])  # noqa: E731
    assert by_ratio(1.3, 1.3) is Mistake.MULTIPLIED and by_ratio(2.0, 2.0) is Mistake.FACTOR_TWO
    assert by_ratio(1.3, 1.3009) is Mistake.MULTIPLIED and by_ratio(1.3, 1.3011) is None
    assert by_ratio(1.3011, 1.3) is None and by_ratio(1.0, 1.0) is None
    close([r for r, _ in ratios(0.5)], [0.5], 0)
    broken = sample(lambda t: 1.3 * t + 0.1 * (onp.arange(8) == 2))
    assert wrong_log_det._by_ratio([*(s for _, s in ratios(1.3)), broken]) is None


@pytest.mark.parametrize(("size", "counts"), [(0.9e-6, False), (1.1e-6, True)])
def test_where_the_truth_is_nothing_there_is_no_ratio(size, counts):
    still = sample(lambda t: t + 0.3, J=constant(onp.exp(size)))
    assert (wrong_log_det._by_ratio([still, *(s for _, s in ratios(1.3))]) is None) is counts
    assert wrong_log_det._by_ratio([still]) is None


def test_a_mean_divides_by_the_width_whatever_it_is():
    of = lambda *dims: [sample(lambda t, d=d: t / d, dim=d) for d in dims]  # noqa: E731
    assert wrong_log_det._by_ratio(of(3, 4)) is Mistake.MEAN and wrong_log_det._by_ratio(of(5)) is Mistake.MEAN
    pairs = lambda off: [(1 / s.dim + off / s.dim, s) for s in of(3, 4)]  # noqa: E731
    assert wrong_log_det._over_dimensions(pairs(0.9e-3), False) is Mistake.MEAN
    assert wrong_log_det._over_dimensions(pairs(1.1e-3), False) is None
    assert wrong_log_det._over_dimensions(pairs(-1.1e-3), False) is None
    some = constant(1.0, 4, 8)
    some[:, 0, 0], some[:, 2, 2] = onp.exp(rng().normal(size=(2, 8)))
    assert wrong_log_det._over_dimensions([(0.5, sample(J=some, direction="forward"))], False) is Mistake.MEAN
    assert wrong_log_det._over_dimensions([(0.25, sample(J=some)), (1 / 3, of(3)[0])], False) is Mistake.MEAN
    assert wrong_log_det._over_dimensions([(0.5, sample(J=some)), (1 / 4, sample(J=some))], False) is None


@pytest.mark.parametrize(("takes", "named"), [(True, Mistake.MEAN), (False, Mistake.MULTIPLIED)])
def test_one_half_of_two_variables_is_a_mean_where_the_function_takes_one(takes, named):
    def apply(direction, at):
        return (onp.mean if takes else onp.sum)(at)

    s = sample(lambda t: t / 2, dim=2, apply=apply, input=lambda direction: onp.ones(3))
    assert wrong_log_det._over_dimensions([(0.5, s)], True) is named
    assert wrong_log_det._over_dimensions([(0.5004, s)], True) is named
    assert wrong_log_det._over_dimensions([(0.5, s)], False) is Mistake.MEAN


@pytest.mark.parametrize(("shape", "r", "named"), [
    ((1, 2, 2), 0.25, True), ((3, 2, 2), 0.25, True), ((3, 1, 2), 0.5, True), ((2, 2), 0.5, False),
    ((1, 2, 2), 0.25 * 1.0009, True), ((1, 2, 2), 0.25 * 1.0011, False), ((1, 2, 2), 0.25 * 0.9989, False),
    ((3, 2, 2), 1 / 12, False),
])  # fmt: skip
def test_a_log_det_of_one_pixel(shape, r, named):
    found = wrong_log_det._over_pixels([(r, sample(dim=prod(shape), shape=shape))])
    assert found is (Mistake.PIXELS_MISSING if named else None)


@pytest.mark.parametrize(("r", "named"), [
    (2.0, "FACTOR_TWO"), (0.5, "FACTOR_TWO"), (2.0009, "FACTOR_TWO"), (2.0011, "MULTIPLIED"), (0.5011, "MULTIPLIED"),
    (3.0, "MULTIPLIED"), (1.0011, "MULTIPLIED"), (0.9989, "MULTIPLIED"), (1.0009, None), (0.9991, None),
])  # fmt: skip
def test_one_factor(r, named):
    assert wrong_log_det._one_factor(ratios(r)) is (Mistake[named] if named else None)


@pytest.mark.parametrize(("off", "dtype", "exact"), [
    (0.9, "float64", True), (1.1, "float64", False), (400, "float32", True), (600, "float32", False),
])  # fmt: skip
@pytest.mark.parametrize("k", [2, 0.5])
def test_of_a_log_det_that_is_one_number_a_factor_has_all_digits(k, off, dtype, exact):
    t = log(3.0)
    s = sample(lambda t: k * t + off * 2e-6 * (1 + k * t), J=constant(3.0), dtype=dtype)
    assert wrong_log_det._is_exactly(k, s) is exact
    assert (wrong_log_det._one_factor([(k, s)]) is Mistake.FACTOR_TWO) is exact
    varied = sample(lambda t: k * t + 400 * 2e-6 * (1 + onp.abs(k * t)), J=constant(3.0))
    varied.t = varied.t + 1.1e-7 * (1 + t) * onp.array([0, 0, 0, 1])
    assert wrong_log_det._is_exactly(k, varied)
    varied.t = onp.full(4, t) + 0.9e-7 * (1 + t) * onp.array([0, 0, 0, 1])
    assert not wrong_log_det._is_exactly(k, varied)


@pytest.mark.parametrize(("numbers", "r", "named"), [
    ((2.0, 3.0), 1.3, "MULTIPLIED"), ((2.0,), 1.3, None), ((2.0,), 3, "MULTIPLIED"), ((2.0,), 1 / 3, "MULTIPLIED"),
    ((2.0,), 4, "MULTIPLIED"), ((2.0,), 0.25, "MULTIPLIED"), ((2.0,), 5, None), ((2.0,), 2, "FACTOR_TWO"),
    ((2.0, 2.0), 1.3, None), ((2.0, 2.0 * (1 + 2e-6)), 1.3, "MULTIPLIED"), ((2.0, 2.0 * (1 + 1e-8)), 1.3, None),
])  # fmt: skip
def test_a_factor_of_one_number_has_to_be_usual_or_seen_twice(numbers, r, named):
    samples = [sample(lambda t: r * t, J=constant(each)) for each in numbers]
    assert wrong_log_det._by_ratio(samples) is (Mistake[named] if named else None)


@pytest.mark.parametrize(("size", "named"), [(0.84, Mistake.PROBES_SUMMED), (0.86, Mistake.MULTIPLIED)])
def test_a_sum_over_probes_is_of_a_contraction_that_moves_every_variable(size, named):
    turn = onp.array([[0.0, -1.0], [1.0, 0.0]])
    J = onp.eye(2) + size * turn * onp.linspace(0.5, 1, 6)[:, None, None]
    assert wrong_log_det._one_factor([(3.0, sample(lambda t: 3 * t, J=J))]) is named
    kept = onp.tile(onp.diag([1.0, 1.5]), (6, 1, 1))
    assert wrong_log_det._one_factor([(3.0, sample(lambda t: 3 * t, J=kept))]) is Mistake.MULTIPLIED


# --- constants ---


@pytest.mark.parametrize(("number", "named"), [
    (0.7, "OFF_BY_CONSTANT"), (log(256), "LEVELS_MISSING"), (LOG_2PI / 2, "CONSTANT_OF_BASE"),
    (LOG_2PI, "OFF_BY_CONSTANT"), (log(3), "LOGIT_SCALE"), (log(256) + 0.9e-4, "LEVELS_MISSING"),
    (log(256) + 1.1e-4, "OFF_BY_CONSTANT"), (log(256) - 1.1e-4, "OFF_BY_CONSTANT"),
])  # fmt: skip
@pytest.mark.parametrize("sign", [1, -1])
def test_a_constant_for_each_variable(number, named, sign):
    samples = [sample(lambda t, d=d: t + sign * number * d, dim=d, domain=(-1.0, 2.0)) for d in (2, 3)]
    assert wrong_log_det._by_constant(samples) is Mistake[named]
    samples[1].c = samples[1].c + 0.01 * (onp.arange(8) == 5)
    assert wrong_log_det._by_constant(samples) is None


def test_an_interval_of_length_1_has_no_constant():
    known = wrong_log_det._known_constants
    assert set(known(SimpleNamespace(domain=REALS, codomain=REALS))) == {log(256), LOG_2PI / 2}
    both = known(SimpleNamespace(domain=(0.0, 0.5), codomain=(2.0, 6.0)))
    assert both[log(2)] is Mistake.LOGIT_SCALE and both[log(4)] is Mistake.LOGIT_SCALE and len(both) == 4
    for off, name in ((0.9e-3, Mistake.OFF_BY_CONSTANT), (1.1e-3, Mistake.LOGIT_SCALE)):
        close_to_1 = sample(lambda t, off=off: t + 3 * off, domain=(0.0, onp.exp(off)))
        assert wrong_log_det._by_constant([close_to_1]) is name


@pytest.mark.parametrize("k", [0.8, -0.6])
@pytest.mark.parametrize("there", [True, False])
def test_the_scale_before_a_logit(there, k):
    s = sample(dim=2)
    u = rng().uniform(-0.4, 0.4, size=(8, 2))
    v = onp.log((0.5 + k * u) / (0.5 - k * u))
    s.at, s.there = (u, v) if there else (v, u)
    right = 2 * abs(log(abs(k)))
    for sign in (1, -1):
        assert wrong_log_det._is_logit_scale((sign * right, s))
        assert wrong_log_det._is_logit_scale((sign * right + 0.9e-4, s))
        assert not wrong_log_det._is_logit_scale((sign * right + 1.1e-4 * sign, s))
    assert not wrong_log_det._is_logit_scale((right / 2, s))
    s.c = s.t + right
    assert wrong_log_det._by_constant([s]) is Mistake.LOGIT_SCALE
    other = u.copy()
    other[3] += 1e-6
    s.at, s.there = (other, v) if there else (v, other)
    assert not wrong_log_det._is_logit_scale((right, s))


# --- the candidates for the whole ---


def named(*samples):
    fitting = [m for m, p in wrong_log_det.CANDIDATES.items() if all(wrong_log_det._fits(s, p(s)) for s in samples)]
    return fitting[0] if fitting else None


SLOPES = onp.exp(rng(2).normal(size=(8, 3)))


@pytest.mark.parametrize(("claim", "name"), [
    (lambda t: -t, "SIGN"), (lambda t: 0 * t, "ALWAYS_ZERO"), (lambda t: onp.exp(t), "NO_LOGARITHM"),
    (lambda t: onp.exp(-t), "NO_LOGARITHM"), (lambda t: SLOPES.sum(axis=1), "EXP_SUMMED"),
    (lambda t: -SLOPES.sum(axis=1), "EXP_SUMMED"), (lambda t: (1 / SLOPES).sum(axis=1), "EXP_SUMMED"),
    (lambda t: onp.abs(onp.log(SLOPES)).sum(axis=1), "ABSOLUTE_SUMMED"), (lambda t: 1.3 * t, None),
    (lambda t: -onp.abs(onp.log(SLOPES)).sum(axis=1), "ABSOLUTE_SUMMED"),
])  # fmt: skip
def test_a_claim_of_the_whole(claim, name):
    assert named(sample(claim)) is (Mistake[name] if name else None)
    assert named(sample(claim), sample(lambda t: t + 0.5)) is None


def test_a_sum_may_leave_out_what_is_kept():
    J = SLOPES[:, None] * onp.eye(3)
    J[:, 1, 1] = 1.0
    of = lambda off: sample(lambda t: SLOPES[:, [0, 2]].sum(axis=1) + off, J=J)  # noqa: E731
    assert named(of(0.0)) is Mistake.EXP_SUMMED and named(of(1.0)) is Mistake.EXP_SUMMED and named(of(2.0)) is None
    for off, kept in ((0.9e-7, True), (1.1e-7, False)):
        s = of(0.0)
        s.J[4, 1, 2] = off
        assert (named(s) is Mistake.EXP_SUMMED) is kept
    dense = sample(lambda t: onp.exp(t) + 0.1, J=SLOPES[:, None] * onp.eye(3) + 0.3)
    assert wrong_log_det._sums(onp.exp)(dense) == [None]


def test_a_determinant_below_0_has_no_logarithm():
    J = SLOPES[:, None] * onp.eye(3) * onp.where(onp.arange(8) % 2, 1, -1)[:, None, None]
    bare = sample(lambda t: onp.where(onp.arange(8) % 2, t, onp.nan), J=J)
    assert named(bare) is Mistake.NO_ABSOLUTE_VALUE
    assert named(bare, sample(failed=False)) is Mistake.NO_ABSOLUTE_VALUE and named(bare, sample()) is None
    bare.c = -bare.c
    assert named(bare) is None
    det = sample(lambda t: onp.exp(t), J=J)
    assert named(det) is Mistake.NO_LOGARITHM
    det.c = onp.linalg.det(J)
    assert named(det) is Mistake.NO_LOGARITHM
    det.c = 1 / onp.linalg.det(J)
    assert named(det) is Mistake.NO_LOGARITHM


DENSE = onp.array([[1.5, 0.4, 0.1], [0.3, 0.9, -0.2], [0.2, 0.1, 1.1]])


@pytest.mark.parametrize(("J", "zero"), [
    (constant(2.0), True), (onp.tile(DENSE, (4, 1, 1)), True), (onp.tile(onp.tril(DENSE), (4, 1, 1)), False),
    (onp.tile(onp.triu(DENSE), (4, 1, 1)), False), (DENSE * onp.linspace(1, 2, 4)[:, None, None], False),
    (DENSE * (1 + onp.linspace(0, 0.5e-6, 4)[:, None, None]), True),
    (DENSE * (1 + onp.linspace(0, 1e-6, 4)[:, None, None]), False),
])  # fmt: skip
def test_the_diagonal_of_l_is_of_a_dense_matrix(J, zero):
    (found,) = wrong_log_det._zero_linear(sample(J=J))
    assert (found is not None) is zero
    if zero:
        assert (found == 0).all() and len(found) == len(J)


@pytest.mark.parametrize(("size", "dense"), [(0.9e-9, False), (1.1e-9, True)])
@pytest.mark.parametrize("transposed", [True, False])
def test_a_matrix_is_dense_on_both_sides_of_its_diagonal(size, dense, transposed):
    J = onp.tile(onp.tril(DENSE), (4, 1, 1))
    J[:, 0, 1] = size
    J = onp.swapaxes(J, 1, 2) if transposed else J
    assert (wrong_log_det._zero_linear(sample(J=J))[0] is not None) is dense


def test_a_matrix_that_is_not_factorised_has_no_l(monkeypatch):
    asked = []
    wide, one = sample(direction="inverse"), sample(J=constant(2.0))
    for holds, name in ((True, Mistake.DIAGONAL_OF_L), (False, Mistake.ALWAYS_ZERO)):
        holds_triangle = lambda trial, direction, holds=holds: asked.append(direction) or holds  # noqa: E731
        monkeypatch.setattr(wrong_log_det, "holds_triangle", holds_triangle)
        assert wrong_log_det._of_zero(Mistake.DIAGONAL_OF_L, [one, wide]) is name
        assert wrong_log_det._of_zero(Mistake.DIAGONAL_OF_L, [one]) is Mistake.ALWAYS_ZERO
        assert wrong_log_det._of_zero(Mistake.SIGN, [wide]) is Mistake.SIGN
    assert asked == ["inverse"] * 2


def leaky(direction="forward"):
    """A map that is kept above 0."""
    s = sample(lambda t: -t, dim=2, direction=direction, J=onp.tile(onp.eye(2), (8, 1, 1)))
    s.J = onp.where(s.at > 0, 1.0, 0.3)[:, :, None] * onp.eye(2)
    s.t = onp.log(onp.linalg.det(s.J))
    s.c = -s.t
    return s


def test_the_name_of_a_log_det():
    wrong, right = sample(lambda t: -t), sample(failed=False)
    assert wrong_log_det.name_log_det([wrong]) is Mistake.SIGN
    assert wrong_log_det.name_log_det([right]) is Mistake.LOG_DET_FORMULA
    assert wrong_log_det.name_log_det([]) is Mistake.LOG_DET_FORMULA
    empty = sample(failed=True)
    empty.c = empty.c[:0]
    assert wrong_log_det.name_log_det([empty, wrong]) is Mistake.SIGN
    assert wrong_log_det.name_log_det([empty]) is Mistake.LOG_DET_FORMULA
    assert wrong_log_det.name_log_det([leaky()]) is Mistake.ONE_BRANCH
    assert wrong_log_det.name_log_det([leaky("inverse")]) is Mistake.SIGN


# --- definitions of a log_prob ---


def evidence(claim, dim=3, n=9, seed=0):
    z, l = rng(seed).normal(size=(n, dim)), rng(seed + 1).normal(size=n) + 2.0
    q = -0.5 * (z**2).sum(axis=1) - dim / 2 * LOG_2PI
    e = {"z": z, "log_det": l, "q": q, "q_at_x": q - 0.3 * z[:, 0] ** 2, "expected": q + l, "rows": onp.arange(n) != 4}
    e["yours"] = claim(e)
    e["yours"] = onp.where(e["rows"], e["yours"], 1e3)
    return e


def squares(e):
    return (e["z"] ** 2).sum(axis=1)


CLAIMS = {
    "BASE_MISSING": lambda e: e["log_det"],
    "LOG_DET_MISSING": lambda e: e["q"],
    "LOG_DET_SUBTRACTED": lambda e: e["q"] - e["log_det"],
    "BASE_AT_X": lambda e: e["q_at_x"] + e["log_det"],
    "CONSTANT_ONCE": lambda e: -squares(e) / 2 - LOG_2PI / 2 + e["log_det"],
    "CONSTANT_OF_BASE": lambda e: -squares(e) / 2 + e["log_det"],
    "HALF_MISSING": lambda e: -squares(e) - e["z"].shape[1] / 2 * LOG_2PI + e["log_det"],
    "LEVELS_MISSING": lambda e: e["expected"] - e["z"].shape[1] * log(256),
    "MEAN_LOG_DET": lambda e: e["q"] + e["log_det"] / e["z"].shape[1],
    "LOG_DET_MULTIPLIED": lambda e: e["q"] + 1.7 * e["log_det"],
    "DIVIDED_BY_D": lambda e: e["expected"] / e["z"].shape[1],
    "CONSTANT_MISSING": lambda e: e["expected"] + 0.7,
    "LOG_PROB_FORMULA": lambda e: e["expected"] + 0.1 * e["z"][:, 0],
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_definition_of_log_prob_is_named_where_it_fits_everywhere(name):
    claims = [evidence(CLAIMS[name], dim, seed=dim) for dim in (2, 3)]
    assert wrong_density.name_density(claims) is Mistake[name]
    claims[1]["yours"] = claims[1]["yours"] + 0.1 * (onp.arange(9) == 2)
    assert wrong_density.name_density(claims) is Mistake.LOG_PROB_FORMULA


def test_levels_may_be_added_too():
    claims = [evidence(lambda e: e["expected"] + e["z"].shape[1] * log(256), dim) for dim in (2, 3)]
    assert wrong_density.name_density(claims) is Mistake.LEVELS_MISSING


def test_of_one_variable_a_constant_is_there_once():
    assert wrong_density.name_density([evidence(lambda e: e["expected"] + 1e-6, 1)]) is not Mistake.CONSTANT_ONCE
    assert wrong_density.name_density([evidence(CLAIMS["CONSTANT_ONCE"], 2)]) is Mistake.CONSTANT_ONCE


@pytest.mark.parametrize(("off", "fits"), [(0.9, True), (1.1, False), (-1.1, False)])
def test_a_definition_fits_up_to_rounding(off, fits):
    e = evidence(lambda e: e["q"] + off * 2e-5 * (1 + onp.abs(e["q"])) * (onp.arange(9) == 2))
    assert bool(wrong_density._fits(e, [e["q"]])) is fits
    assert bool(wrong_density._fits(e, [e["q"] + 5, e["q"]])) is fits
    assert not wrong_density._fits(e, [])


@pytest.mark.parametrize(("off", "fits"), [(0.9, True), (1.2, False)])
def test_the_ratio_of_a_log_det_in_log_prob(off, fits):
    one = onp.arange(9) == 2
    e = evidence(
        lambda e: e["q"] + 1.7 * e["log_det"] + off * 1e-4 * (1 + onp.abs(e["log_det"][e["rows"]]).max()) * one
    )
    found = wrong_density._ratio(e)
    assert (found is not None) is fits
    assert found is None or abs(found - 1.7) < 1e-4
    e["log_det"] = 0 * e["log_det"]
    e["yours"] = e["q"]
    assert wrong_density._ratio(e) == 0.0


@pytest.mark.parametrize(("ratios", "dims", "named"), [
    ((1 / 2, 1 / 3), (2, 3), "MEAN_LOG_DET"), ((1 / 3,), (3,), "MEAN_LOG_DET"), ((1 / 2,), (2,), "LOG_DET_MULTIPLIED"),
    ((1.0009 / 2, 1 / 3), (2, 3), "MEAN_LOG_DET"), ((1.0011 / 2, 1 / 3), (2, 3), None),
    ((0.9989 / 2, 1 / 3), (2, 3), None), ((1.7, 1.7009), (2, 3), "LOG_DET_MULTIPLIED"), ((1.7, 1.7011), (2, 3), None),
    ((1.7011, 1.7), (2, 3), None),
])  # fmt: skip
def test_a_multiple_of_the_log_det_is_one_number_or_a_mean(ratios, dims, named):
    claims = [evidence(lambda e, r=r: e["q"] + r * e["log_det"], dim) for r, dim in zip(ratios, dims, strict=True)]
    assert wrong_density._multiple(claims) is (Mistake[named] if named else None)
    claims[0]["yours"] = claims[0]["yours"] + 0.1 * claims[0]["z"][:, 0]
    assert wrong_density._multiple(claims) is None


@pytest.mark.parametrize(("off", "constant"), [(0.9, True), (1.1, False)])
def test_a_gap_is_one_number_up_to_rounding(off, constant):
    def claim(e):
        size = 1 + onp.abs(e["expected"][e["rows"]]).max()
        return e["expected"] + 0.7 + off * 2e-5 * size * (onp.arange(9) == 2)

    found = wrong_density._of_the_whole([evidence(claim)])
    assert found is (Mistake.CONSTANT_MISSING if constant else None)
    assert wrong_density._of_the_whole([evidence(claim), evidence(CLAIMS["LOG_PROB_FORMULA"])]) is None


def test_one_variable_alone_divides_by_nothing():
    claims = [evidence(CLAIMS["DIVIDED_BY_D"], dim) for dim in (1, 2)]
    assert wrong_density._of_the_whole(claims) is Mistake.DIVIDED_BY_D
    assert wrong_density._of_the_whole(claims[:1]) is Mistake.CONSTANT_MISSING


JOINT = {
    "LOG_DET_ADDED": lambda e: e["q"] + e["log_det"], "LOG_DET_MISSING": lambda e: e["q"],
    "BASE_MISSING": lambda e: -e["log_det"], "NOT_ITS_OWN_LOG_PROB": lambda e: e["q"] - 2 * e["log_det"],
}  # fmt: skip


@pytest.mark.parametrize("name", JOINT)
def test_the_log_prob_that_comes_with_draws(name):
    claims = [evidence(JOINT[name], dim) for dim in (2, 3)]
    assert wrong_density.name_joint(claims) is Mistake[name]
    claims[0]["yours"] = claims[0]["yours"] + 0.1 * (onp.arange(9) == 2)
    assert wrong_density.name_joint(claims) is Mistake.NOT_ITS_OWN_LOG_PROB


@pytest.mark.parametrize(("share", "named"), [
    (1.0, True), (1.009, True), (1.011, False), (0.991, True), (0.989, False),
])  # fmt: skip
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_an_integral_of_a_density_without_its_constant(dim, share, named):
    found = wrong_density.name_integral(share * (2 * pi) ** (dim / 2), dim)
    assert found is (Mistake.CONSTANT_OF_BASE if named else Mistake.NOT_NORMALISED)
