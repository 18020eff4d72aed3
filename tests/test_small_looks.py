"""The small functions of the audit on numbers made by hand: just inside of a bound, and just outside of it.

A map that is wrong is wrong by far, so that an audit does not tell a bound from twice the bound. These tests do.
"""

import ast
from math import log, pi, sqrt
from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from scipy.stats import multivariate_normal, norm

from nfscratch.check import judging, rows
from nfscratch.check.diagnosis import clamp, columns, gathered, held, wrong_terms
from nfscratch.check.finding import Finding
from nfscratch.check.finite_differences import sharper
from nfscratch.check.grain import _of_most
from nfscratch.check.letters import bridge, sample_statistics
from nfscratch.check.message import _at_row, _shown
from nfscratch.check.overflow import overflows
from nfscratch.check.repair.expressions import slips
from nfscratch.check.repair.indices import _other_slices, plus
from nfscratch.check.repair.operands import _varied
from nfscratch.check.repair.statements import _other_orders


def rng(seed=0):
    return onp.random.default_rng(seed)


# --- whether two numbers are the same ---


@pytest.mark.parametrize("size", [0.0, 1.0, 7.0])
@pytest.mark.parametrize(("alike", "bound"), [(columns.same, 1e-5), (wrong_terms.near, 2e-5), (gathered.alike, 2e-5)])
def test_numbers_are_alike_up_to_a_bound(alike, bound, size):
    for sign in (1, -1):
        assert alike(onp.array([size + sign * 0.9 * bound * (1 + size)]), onp.array([size]))
        assert not alike(onp.array([size + sign * 1.1 * bound * (1 + size)]), onp.array([size]))


def test_numbers_that_are_not_finite_are_near_nothing():
    assert not wrong_terms.near(onp.array([1.0, onp.inf, onp.nan]), onp.array([onp.inf, onp.inf, 1.0])).any()
    half = onp.array([1.0, onp.nan, onp.nan, onp.nan])
    assert not gathered.alike(half, half) and gathered.alike(onp.append(half, [2.0]), onp.append(half, [2.0]))


def test_a_log_det_is_told_where_finite_differences_tell_it():
    J = onp.stack([2 * onp.eye(2)] * 4)
    spread = onp.zeros((4, 2, 2))
    spread[1, 0, 0], spread[2, 1, 1], spread[3, 0, 0] = 0.9e-5, 1.1e-5, onp.nan
    found = gathered._log_abs_det(J, spread)
    close(found[:2], onp.full(2, log(4)), 1e-12)
    assert onp.isnan(found[2:]).all()


# --- terms of a log_det ---


def sample(l, claim, at=None):
    l = onp.asarray(l, dtype=float)
    t = l.sum(axis=1)
    s = SimpleNamespace(c=onp.asarray(claim(l, t)), t=t, dim=l.shape[1], failed=True, at=l if at is None else at)
    s.there, s.logs, s.changed = s.at + 3, lambda: l, lambda: l.shape[1]
    return s


@pytest.mark.parametrize("left", [[0], [1], [0, 2], [1, 2]])
def test_terms_that_are_left_out_are_seen_whichever_they_are(left):
    l = rng().normal(size=(9, 4))
    assert wrong_terms.by_subset([sample(l, lambda l, t: t - l[:, left].sum(axis=1))])
    assert not wrong_terms.by_subset([sample(l, lambda l, t: t - 0.9 * l[:, left].sum(axis=1))])


def test_of_many_terms_a_stretch_may_be_left_out():
    l = rng().normal(size=(6, 12))
    parts = l[:, 3:7].sum(axis=1)
    assert wrong_terms._is_stretch(parts, l) and wrong_terms._is_stretch(l.sum(axis=1) - parts, l)
    assert not wrong_terms._is_stretch(l[:, ::2].sum(axis=1), l)
    equal = onp.repeat(rng().normal(size=(6, 2)), 5, axis=1)
    assert wrong_terms._is_subset(equal[:, :5].sum(axis=1), equal)
    assert not wrong_terms._is_subset(equal[:, :4].sum(axis=1), equal)


def test_one_column_has_no_terms_to_leave_out():
    assert wrong_terms.by_subset([sample(rng().normal(size=(5, 1)), lambda l, t: 0 * t)]) is None


@pytest.mark.parametrize("where", ["at", "there"])
def test_one_branch_is_a_multiple_of_how_many_variables_are_below_0(where):
    l, point = rng().normal(size=(2, 9, 3))
    count = ((point if where == "at" else point + 3) < (0 if where == "at" else 3)).sum(axis=1)
    s = sample(l, lambda l, t: t + 0.7 * count, at=point if where == "at" else point - 3)
    if where == "there":
        s.there = point
        count = (point < 0).sum(axis=1)
        s.c = s.t + 0.7 * count
    assert wrong_terms._branch(s)
    s.c = s.t + 0.7 * onp.arange(9)
    assert not wrong_terms._branch(s)
    for side in (1, -1):  # a constant: as many variables are below 0 in every row
        s.at = s.there = side * onp.abs(point)
        s.c = s.t + 0.7
        assert not wrong_terms._branch(s)


@pytest.mark.parametrize("bound", wrong_terms.BOUNDS)
def test_an_unclamped_scale_is_told_with_its_bound(bound):
    a = rng().normal(size=(30, 3)) * bound
    l = bound * onp.tanh(a / bound)
    assert wrong_terms.by_unclamped_scale([sample(l, lambda l, t: a.sum(axis=1))])
    assert not wrong_terms.by_unclamped_scale([sample(l, lambda l, t: 1.1 * a.sum(axis=1))])


def test_a_cut_is_told_by_claims_beyond_it():
    a = rng().normal(size=(40, 2)) * 1.5
    l = onp.clip(a, -2, 2)
    assert wrong_terms._cut(sample(l, lambda l, t: a.sum(axis=1)), l) == (True, True)
    assert wrong_terms._cut(sample(l, lambda l, t: t - (a - l).sum(axis=1)), l) == (False, False)
    assert wrong_terms._cut(sample(l, lambda l, t: t + 1.0), l) == (False, False)


def test_a_claim_that_is_wrong_beyond_a_radius():
    at = onp.linspace(0, 4, 12)[:, None]
    far = sample(at, lambda l, t: onp.where(l[:, 0] > 2, t + 1, t), at)
    assert wrong_terms.by_distance([far])
    far.c = onp.where(at[:, 0] < 2, far.t + 1, far.t)
    assert not wrong_terms.by_distance([far])
    far.c = onp.where(at[:, 0] > 3.5, far.t + 1, far.t)  # of two rows nothing follows
    assert not wrong_terms.by_distance([far])


CLAMPS = [
    onp.tanh,
    onp.arctan,
    lambda a: onp.clip(a, -1, 0.7),
    lambda a: a / (1 + onp.abs(a)),
    lambda a: 2 * onp.tanh(a),
]


@pytest.mark.parametrize("f", CLAMPS)
def test_a_clamp_of_any_formula_flattens(f):
    a = rng().normal(size=25)
    assert clamp.flattens(a, f(a))
    assert not clamp.flattens(a, -f(a)) and not clamp.flattens(f(a), a)
    assert not clamp.flattens(a, 0.5 * a) and not clamp.flattens(a, onp.full(25, 0.3) * onp.sign(a) ** 2)


def test_a_clamp_needs_five_points_that_differ_and_more_than_a_little_of_a_bend():
    a = onp.array([0.5, 1.0, 1.5, 2.0, 2.5])
    assert clamp.flattens(a, onp.tanh(a)) and not clamp.flattens(a[:4], onp.tanh(a[:4]))
    assert clamp.flattens(a, a - 0.06 / 2.5 * a**2) and not clamp.flattens(a, a - 0.04 / 2.5 * a**2)
    tiny = onp.append(a, 0.9e-3)
    assert clamp.flattens(tiny, onp.append(onp.tanh(a), -1.0)) and not clamp.flattens(
        onp.append(a, 1.1e-3), onp.append(onp.tanh(a), -1.0)
    )


# --- samples ---


def test_shares_of_two_densities():
    close(bridge._share(onp.log([1.0, 3.0, 0.5]), onp.log([1.0, 1.0, 2.0])), [0.5, 0.75, 0.2], 1e-12)
    assert bridge._share(-onp.inf, -onp.inf) == 0.0


def test_a_normal_law_is_fitted_and_has_its_density():
    points = rng().normal(size=(400, 3)) @ onp.diag([1.0, 2.0, 0.3]) + [1.0, -2.0, 0.0]
    mean, root = bridge._fitted(points)
    close(mean, points.mean(axis=0), 1e-12)
    covariance = onp.cov(points, rowvar=False)
    close(root @ root.T, covariance + 1e-6 * onp.diag(onp.diag(covariance)), 1e-12)
    close(bridge._log_normal(points, mean, root), multivariate_normal(mean, root @ root.T).logpdf(points), 1e-9)


def test_a_quarter_of_the_points_fits_and_the_others_are_judged():
    known, judged = bridge._split(onp.arange(8))
    assert known.tolist() == [0, 1] and judged.tolist() == [2, 3, 4, 5, 6, 7]


def test_the_bound_of_two_means_is_that_of_the_theorem():
    p, q = rng().uniform(size=40), rng(1).uniform(size=90)
    spread = log(4 * 5 / 1e-7)
    variance = p.var(ddof=1) / 40 + q.var(ddof=1) / 90
    close(bridge._bound(p, q, width=3.0, looks=5), sqrt(2 * variance * spread) + 7 * 3 * spread / (3 * 40), 1e-12)
    difference, bound, sigma = bridge._difference(p, q, 3.0, 5)
    close(difference, abs(p.mean() - q.mean()), 1e-12)
    close(sigma, difference / sqrt(p.var() / 40 + q.var() / 90), 1e-12)
    close(bound, bridge._bound(p, q, width=3.0, looks=5), 1e-12)


def test_no_number_is_no_density_and_none_on_both_sides_is_no_share():
    with onp.errstate(all="warn"):
        found = bridge._density(lambda points: onp.log(points[:, 0]), onp.array([[1.0], [-1.0], [0.0]]))
        assert found.tolist() == [0.0, -onp.inf, -onp.inf]
        nothing = onp.array([-onp.inf, 0.0])
        assert bridge._share(nothing, nothing).tolist() == [0.0, 0.5]
    assert bridge._density(lambda points: [[1], [2]], onp.zeros((2, 1))).dtype == onp.float64


def drawn(n=240):
    """Points that are wider than the law q that they claim to follow."""
    z = rng(3).normal(size=(n, 2)) @ onp.array([[1.4, 0.3], [0.0, 1.0]]) + [0.2, 0.0]
    return z, lambda points: multivariate_normal([0, 0], onp.eye(2)).logpdf(points)


def both_sides(judged, mean, root, log_q, generator, shift=0.0):
    """Equation (1), with SciPy's normal law: y, r / (q + r) at the points, and q / (q + r) at draws of r."""
    y = mean + generator.standard_normal((2 * len(judged), 2)) @ root.T
    r = multivariate_normal(mean, root @ root.T)
    q = lambda points: onp.exp(log_q(points) + shift)  # noqa: E731
    return y, r.pdf(judged) / (q(judged) + r.pdf(judged)), q(y) / (q(y) + r.pdf(y))


@pytest.mark.parametrize(("n", "size"), [(600, 60), (200, 50), (550, 55)])
def test_surroundings_are_a_tenth_of_the_points_or_fifty(n, size):
    """Points in heaps of that size, far from each other: a surrounding is a heap."""
    heap = onp.arange(n) // size
    points = rng().normal(size=(n, 2)) + 1000.0 * onp.stack([heap % 2, heap // 2], axis=1)
    means = onp.array([points[heap == k].mean(axis=0) for k in range(n // size)])
    laws = list(bridge._references(rng(1).permutation(points), rng()))
    assert [words for words, _, _ in laws[4:]] == ["a normal law around some of the points"] * 3
    for _, mean, _ in laws[4:]:
        assert onp.abs(means - mean).max(axis=1).min() < 1e-9


@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_the_worst_bridge_is_furthest_beyond_its_bound(shift):
    z, log_q = drawn()
    generator, found = rng(5), []
    for words, mean, root in bridge._references(z[:60], generator):
        _, p, q = both_sides(z[60:], mean, root, log_q, generator, shift)
        bound = sqrt(2 * (p.var(ddof=1) / 180 + q.var(ddof=1) / 360) * log(4e7)) + 7 * log(4e7) / (3 * 180)
        found.append((abs(p.mean() - q.mean()), bound, words))
    assert len(found) == 7
    worst = max(found, key=lambda f: f[0] / f[1])
    error, allowed, words = bridge.worst_bridge(z, log_q, rng(5), shift)
    close([error, allowed], worst[:2], 1e-9)
    assert words == worst[2]


def test_the_worst_moment_is_that_of_most_sigma():
    z, log_q = drawn()
    low, middle, high = onp.quantile(z[:60], (0.25, 0.5, 0.75), axis=0)
    scale = (high - low) / 1.349
    y, p, q = both_sides(z[60:], middle, onp.diag(scale), log_q, rng(5))
    u, v = (onp.clip((a - middle) / scale, -3, 3) for a in (z[60:], y))
    functions = [lambda a: a[:, 0], lambda a: a[:, 1], lambda a: a[:, 0] ** 2, lambda a: a[:, 1] ** 2]
    functions += [lambda a: a[:, 0] * a[:, 1], lambda a: (a**2).sum(axis=1)]
    sides = [(h(u) * p, h(v) * q) for h in functions]
    sigmas = [abs(a.mean() - b.mean()) / sqrt(a.var() / 180 + b.var() / 360) for a, b in sides]
    error, allowed, sigma, words = bridge.worst_moment(z, log_q, rng(5))
    k = int(onp.argmax(sigmas))
    names = ["the mean of z_0", "the mean of z_1", "the square of z_0", "the square of z_1", "z_1 with z_0"]
    assert words == [*names, "the size of z"][k] and sigma == pytest.approx(sigmas[k])
    assert error == pytest.approx(abs(sides[k][0].mean() - sides[k][1].mean()))
    width = [6, 6, 9, 9, 18, 18][k]
    close(allowed, bridge._bound(*sides[k], width=width, looks=6), 1e-9)


def test_points_that_are_all_one_have_no_scale_and_their_moments_say_so():
    z = onp.ones((80, 1)) * 2.0
    error, _, _, _ = bridge.worst_moment(z, lambda points: norm.logpdf(points[:, 0]), rng())
    assert onp.isfinite(error)


@pytest.mark.parametrize("true", [0.0, 2.5, -3.0])
def test_a_constant_that_is_missing_is_fitted(true):
    z = rng(1).normal(size=(1600, 1))
    log_q = lambda points: norm.logpdf(points[:, 0]) - true  # noqa: E731
    assert bridge.fitted_shift(z, log_q, rng()) == pytest.approx(true, abs=0.1)
    assert bridge.fitted_shift(z, log_q, rng(), reach=abs(true) + 0.5) is None
    assert bridge.fitted_shift(z, log_q, rng(), reach=abs(true) + 1.5) == pytest.approx(true, abs=0.1)


def test_the_functions_under_both_means():
    u = rng().normal(size=(5, 3))
    found = {words: (h(u), width) for words, h, width in bridge._tests(3)}
    assert len(found) == 3 + 3 + 3 + 1 and len(bridge._tests(12)) == 8 + 8 + 28 + 1
    for words, value, width in [
        ("the mean of z_2", u[:, 2], 6), ("the square of z_1", u[:, 1] ** 2, 9),
        ("z_2 with z_0", u[:, 0] * u[:, 2], 18), ("the size of z", (u**2).sum(axis=1), 27),
    ]:  # fmt: skip
        close(found[words][0], value, 1e-12)
        assert found[words][1] == width


@pytest.mark.parametrize("shift", [0.0, 1.7, -30.0])
def test_a_missing_constant_is_fitted_and_a_far_one_is_not(shift):
    z = rng().normal(size=(4000, 2))

    def log_q(z):
        return norm.logpdf(z).sum(axis=1) - shift

    close(bridge.fitted_shift(z, log_q, rng(1)), shift, 0.05)
    assert bridge.fitted_shift(z, lambda z: log_q(z) + shift - 70, rng(1)) is None
    worst = [bridge.worst_bridge(z, log_q, rng(2), shift + off) for off in (0.0, 0.5)]
    assert worst[0][0] < worst[0][1] and worst[1][0] > worst[1][1]


def test_moments_see_a_wrong_scale_by_its_name():
    z = rng().normal(size=(8000, 2))
    log_q = lambda z: norm.logpdf(z).sum(axis=1)  # noqa: E731
    error, bound, sigma, _ = bridge.worst_moment(z, log_q, rng(1))
    assert error < bound and sigma < 4.5
    error, bound, sigma, words = bridge.worst_moment(z * [1.0, 1.5], log_q, rng(1))
    assert error > bound and words in ("the square of z_1", "the size of z") and sigma > 10


def test_the_value_that_comes_most_often():
    a = rng().normal(size=(20, 3))
    a[3:9, 1], a[:4, 2] = 0.25, -1.0
    assert sample_statistics.most_frequent(a) == (6 / 20, 0.25, 1)
    a[4, 1] += 1e-11  # more than rounding
    assert sample_statistics.most_frequent(a)[0] == 5 / 20
    assert sample_statistics.most_frequent(onp.ones((3, 2))) == (0.0, 0.0, 0)


def test_distances_of_distribution_functions():
    even = norm.ppf((onp.arange(10) + 0.5) / 10)
    close(sample_statistics._distance(even, None), 0.05, 1e-12)
    close(sample_statistics._distance(onp.full(10, onp.nan), None), 1.0, 1e-12)
    close(sample_statistics._distance(onp.arange(4.0), onp.arange(4.0) + 2), 0.5, 1e-12)
    for base, factor in ((None, 1), (rng(1).normal(size=(50, 3)), 2)):
        error, allowed, _ = sample_statistics.distance_from(rng().normal(size=(50, 3)), base, rng(2))
        close(allowed, sqrt(factor * log(2 * 6 / 1e-6) / 100), 1e-12)
        assert error < allowed
    moved = rng().normal(size=(500, 2)) + [0.0, 2.0]
    assert sample_statistics.distance_from(moved, None, rng(2))[2] == "coordinate 1"


def test_rows_that_depend_on_each_other():
    z = rng().normal(size=(400, 2))
    assert sample_statistics.correlation_of_rows(z)[0] < sample_statistics.correlation_of_rows(z)[1]
    z[3:, 1] = 0.9 * z[:-3, 1] + 0.4 * z[3:, 1]
    error, allowed, words = sample_statistics.correlation_of_rows(z)
    assert error > allowed and words == "rows i and i + 3"
    close(allowed, sqrt(2 * log(2 * 4 * 200 / 1e-6) / 400), 1e-12)


# --- how states and log-dets are held ---


N, D = 5, 3
STATE, CLAIM = rng().normal(size=(N, D)), rng(1).normal(size=N)


@pytest.mark.parametrize("held_as", [
    {"h": STATE}, {"h": STATE.T.copy()}, {"a": STATE[:, :1], "b": STATE[:, 1:]}, {"columns": list(STATE.T)},
    {"columns": [c[:, None] for c in STATE.T]},
])  # fmt: skip
def test_a_state_is_found_taken_and_put_back(held_as):
    names, state = held.states(held_as, (N, D))[0]
    close(state, STATE, 0.0)
    new, kinds = 3 * STATE + 1, {k: type(v) for k, v in held_as.items()}
    held.put(held_as, names, new)
    close(held.taken(held_as, names, D), new, 0.0)
    assert {k: type(v) for k, v in held_as.items()} == kinds


def test_what_holds_no_state():
    for value in (STATE[:, :2], STATE[:-1], STATE.astype(int), list(STATE.T[:2]), "h", None, STATE[None]):
        assert not held.states({"h": value}, (N, D))
    many = {f"p{k}": STATE[:, :1] for k in range(4)} | {f"q{k}": STATE[:, 1:] for k in range(4)}
    assert not held.states(many, (N, D)) and len(held.states(dict(list(many.items())[:7]), (N, D))) == 12


def test_two_columns_hold_a_state_where_there_are_two():
    two = {"a": STATE[:, 0], "b": STATE[:, 1]}
    assert len(held.states(two, (N, 2))) == 1 and not held.states(two | {"c": STATE[:, 2]}, (N, 3))
    assert not held.states({"a": STATE[:3, 0], "b": STATE[:3, 1]}, (N, 2))


def test_a_column_beside_its_alias_gets_the_new_value_too():
    variables = {"h": STATE, "same": STATE.copy(), "other": STATE + 1}
    held.put(variables, ("h",), 2 * STATE)
    close(variables["same"], 2 * STATE, 0.0)
    close(variables["other"], STATE + 1, 0.0)


@pytest.mark.parametrize(("value", "is_one"), [
    (CLAIM, True), (CLAIM[:, None], True), (0.5, True), ([CLAIM, 0.5], True), (onp.zeros((4, N)), True), ([], False),
    (onp.zeros((2, 2, N)), False), (CLAIM[:-1], False), (1, False), ([CLAIM, "s"], False), (onp.arange(N), False),
])  # fmt: skip
def test_what_may_be_a_log_det(value, is_one):
    assert held.is_log_det(value, N) is is_one


def test_a_log_det_is_raised_in_one_of_its_parts():
    assert held.raised(0.5, 0.25, N) == 0.75
    close(held.raised(CLAIM, 0.25, N), CLAIM + 0.25, 0.0)
    first, last = held.raised([CLAIM, CLAIM], 0.25, N)
    close(first, CLAIM, 0.0)
    close(last, CLAIM + 0.25, 0.0)
    parts = onp.stack([0 * CLAIM, CLAIM, CLAIM])
    close(held.raised(parts, 0.25, N), parts + onp.array([0, 0.25, 0])[:, None], 0.0)
    close(held.raised(parts.T, 0.25, N), parts.T + onp.array([0, 0.25, 0]), 0.0)


def test_log_dets_are_summed_with_their_factors():
    variables = {"a": CLAIM[:, None], "b": [CLAIM, 2.0], "c": onp.ones((N, 2)), "d": 0.5}
    close(held.summed(variables, [("a", 2.0), ("b", -1.0), ("c", 1.0), ("d", 4.0)], N), CLAIM - 2 + 2 + 2, 1e-12)


# --- numbers of rows ---


def test_one_number_for_each_row():
    a = onp.array([[1.0, -3.0], [0.5, 0.25]])
    close(rows.largest(a), [3.0, 0.5], 0.0)
    assert rows.flat(onp.zeros((2, 3, 4))).shape == (2, 12) and rows.flat(onp.zeros((0, 3))).shape == (0, 0)
    low = -onp.inf
    found = rows.apart(onp.array([low, 1.0, low, 1.0, 2.0]), onp.array([low, 3.0, 1.0, low, 2.0]))
    assert found.tolist() == [0.0, 2.0, onp.inf, onp.inf, 0.0]
    J = onp.stack([onp.diag([2.0, 0.5]), onp.diag([1.0, 0.0]), onp.full((2, 2), onp.nan)])
    close(rows.condition(J)[:1], [4.0], 1e-12)
    close(rows.inverse_norm(J)[:1], [2.0], 1e-12)
    assert onp.isinf(rows.condition(J)[1:]).all() and onp.isinf(rows.inverse_norm(J)[1:]).all()
    assert rows.worst_row(onp.array([1.0, 2.0, 3.0]), onp.array([1.0, 0.5, 9.0])) == 1
    assert rows.worst_row(onp.array([1.0, onp.nan]), onp.array([1.0, 1.0])) == 1
    assert rows.nearest(onp.array([False, True, True]), onp.array([[0.0], [-3.0], [2.0]])) == 2


def test_a_row_that_fails_nearest_to_0_is_shown_and_hopeless_rows_are_not_judged():
    z = onp.array([[0.1], [-2.0], [1.0], [0.5]])
    trial = SimpleNamespace(usable=onp.array([True, True, True, True]), z=z, limit=1e-3)
    allowed = onp.array([1e-6, 1e-6, 1e-6, 2e-3])
    found = judging.judged("R", "w", onp.array([0.5e-6, 1.0, 2e-6, 5.0]), allowed, trial, {"z": z})
    assert (found.failed, found.error, found.evidence["row"], found.at) == (True, 2e-6, 2, "z = [1]")
    assert found.evidence["bad"].tolist() == [False, True, True, False]
    assert not judging.judged("R", "w", onp.full(4, 1e-6), allowed, trial, {"z": z}).failed
    assert judging.judged("R", "w", onp.full(4, 1.0), onp.full(4, 2.1e-3), trial, {"z": z}).unjudged
    assert judging.point("x", onp.arange(14.0).reshape(2, 7), 1) == "x = [7, 8, 9, 10, 11, 12, ...]"
    assert judging.point("x", onp.arange(6.0).reshape(1, 6), 0) == "x = [0, 1, 2, 3, 4, 5]"


def test_the_share_of_a_finding_and_its_words():
    assert Finding("R", "w", 3.0, 2.0).share == 1.5 and Finding("R", "w", 0.0, 0.0).share == 0.0
    assert Finding("R", "w", 2.0, 2.0).ok and Finding("R", "w", onp.nan, 2.0).failed
    with pytest.raises(AssertionError, match=r"check R: w is off by 3\.00e\+00; allowed 2e\+00 at z = 1"):
        Finding("R", "w", 3.0, 2.0, at="z = 1").raise_if_failed()


def test_numbers_in_a_message():
    assert _shown(0.125) == "+0.1250" and _shown(onp.arange(6)) == "[0, 1, 2, 3, 4, 5]"
    assert _shown(onp.arange(7)) == "[0, 1, 2, 3, 4, 5, ...]"
    evidence = {"z": onp.arange(6).reshape(3, 2), "yours": onp.arange(3.0), "row": 2, "integral": onp.arange(3)}
    assert _at_row(evidence, "z").tolist() == [4, 5] and _at_row(evidence, "integral").tolist() == [0, 1, 2]
    assert _at_row(evidence, "yours").tolist() == [0, 1, 2] and _at_row(evidence | {"bad": 1}, "yours") == 2


def test_the_middle_of_what_is_finite():
    assert _of_most(onp.array([1.0, onp.nan, 5.0, 2.0, onp.inf])) == 2.0 and _of_most(onp.array([])) == 0.0


@pytest.mark.parametrize(("fine", "fine_error", "z", "takes"), [
    (1.0, 1e-6, 1.0, True), (1.0, 2e-5, 1.0, False), (1.0, 1e-6, 11.0, False), (1.3, 1e-6, 1.0, False),
    (1.0, 1e-6, 9.9, True),
])  # fmt: skip
def test_short_steps_replace_long_ones_where_the_map_proves_smooth(fine, fine_error, z, takes):
    J, error = onp.full((1, 1, 1), 1.1), onp.full((1, 1, 1), 0.15)
    found = sharper(onp.array([[z]]), J, error, onp.full((1, 1, 1), fine), onp.full((1, 1, 1), fine_error))
    assert (found[0].item(), found[1].item()) == ((fine, fine_error) if takes else (1.1, 0.15))


def test_a_slope_of_0_proves_nothing():
    J, error = onp.zeros((1, 1, 1)), onp.full((1, 1, 1), 0.1)
    assert sharper(onp.zeros((1, 1)), J, error, 0 * J, 0 * J)[1].item() == 0.1


@pytest.mark.parametrize(("f", "honest"), [
    (lambda a: onp.exp(a), True), (lambda a: onp.where(a > 30, onp.inf, a), False), (lambda a: a**5 * onp.exp(a), True),
    (lambda a: onp.where(a > 1.5e3, 1e130 * a, onp.where(a > 900, onp.nan, a)), False),  # huge beyond the point alone
])  # fmt: skip
def test_an_honest_overflow_was_huge_before(f, honest):
    apply = lambda direction, a: (f(a), onp.zeros(len(a)))  # noqa: E731
    trial = SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype("float64")), apply=apply)
    with onp.errstate(all="ignore"):
        assert overflows(trial, onp.full((3, 2), 1e3), "forward").tolist() == [honest] * 3


# --- edits ---


def texts(nodes):
    return [ast.unparse(ast.fix_missing_locations(node)) for node in nodes]


@pytest.mark.parametrize(("text", "others"), [
    ("a < b", ["a <= b", "a > b", "a >= b"]), ("a >= b", ["a < b", "a <= b", "a > b"]), ("a != b", ["a == b"]),
    ("-a", ["a"]), ("~a", ["a", "1 - a"]), ("a if b else c", ["c if b else a"]),
])  # fmt: skip
def test_the_slips_come_in_one_order_in_every_process(text, others):
    assert texts(slips(ast.parse(text, mode="eval").body)) == others


def test_a_variable_is_exchanged_for_others_in_the_order_in_which_they_are_read():
    a = onp.ones(3)
    scope = SimpleNamespace(values=dict.fromkeys("wdbac", a))
    node = ast.parse("f(d, b)", mode="eval").body
    new = ["f(w, b)", "f(b, b)", "f(a, b)", "f(c, b)", "f(d, w)", "f(d, d)", "f(d, a)", "f(d, c)"]
    assert list(_varied({"f(d, b)": node}, scope)) == new


def slices(text):
    part = ast.parse(f"a[{text}]", mode="eval").body.slice
    return [ast.unparse(ast.Subscript(ast.Name("a"), new, ast.Load())) for new in _other_slices(part)]


def test_the_slices_that_may_be_meant():
    assert slices("::2") == ["a[:]"]
    assert slices(":") == ["a[:]", "a[::-1]", *["a[:]"] * 6]
    assert slices("1:k") == [
        "a[k:1]", "a[2:k]", "a[1:k + 1]", "a[1:k - 1]", "a[0:k]", "a[2:k + 1]", "a[0:k - 1]"
    ]  # fmt: skip
    assert slices(":2") == ["a[2:]", "a[:2]", "a[:3]", "a[:1]", "a[:2]", "a[:3]", "a[:1]"]


@pytest.mark.parametrize(("text", "k", "said"), [
    ("3", 1, "4"), ("3", -1, "2"), ("i", 1, "i + 1"), ("i", -1, "i - 1"), ("i - 1", 1, "i"), ("i + 1", -1, "i"),
    ("i + 1", 1, "i + 2"), ("i - 1", -1, "i - 2"), ("i + 2", -1, "i + 1"), ("2.5", 1, "2.5 + 1"),
    ("i - 2", 1, "i - 1"), ("i * 2", 1, "i * 2 + 1"), ("i - k", -1, "i - k - 1"), ("i + 2.0", 1, "i + 2.0 + 1"),
])  # fmt: skip
def test_a_number_more_as_a_person_would_write_it(text, k, said):
    assert ast.unparse(plus(ast.parse(text, mode="eval").body, k)) == said
    assert plus(None, k) is None


@pytest.mark.parametrize(("text", "others"), [
    ("layers", ["reversed(list(layers))"]),
    ("reversed(layers)", ["layers"]),
    ("range(n)", ["reversed(list(range(n)))", "range(n - 1)", "range(n + 1)", "range(1, n)", "range(-1, n)",
                  "range(1, n + 1)", "range(-1, n - 1)", "range(10 * n)", "range(100 * n)"]),
    ("range(1, n)", ["reversed(list(range(1, n)))", "range(1, n - 1)", "range(1, n + 1)", "range(2, n)", "range(0, n)",
                     "range(2, n + 1)", "range(0, n - 1)", "range(1, 10 * n)", "range(1, 100 * n)"]),
    ("range(1, n, 2)", ["reversed(list(range(1, n, 2)))", "range(1, n - 1, 2)", "range(1, n + 1, 2)", "range(2, n, 2)",
                        "range(0, n, 2)", "range(2, n + 1, 2)", "range(0, n - 1, 2)"]),
    ("enumerate(a)", ["reversed(list(enumerate(a)))", "enumerate(reversed(list(a)))"]),
    ("zip(a, b)", ["reversed(list(zip(a, b)))", "zip(reversed(list(a)), b)", "zip(a, reversed(list(b)))"]),
])  # fmt: skip
def test_the_orders_that_a_loop_may_have(text, others):
    assert texts(_other_orders(ast.parse(text, mode="eval").body)) == others


def test_a_constant_of_a_normal_law_is_what_it_is():
    close(bridge._log_normal(onp.zeros((1, 2)), onp.zeros(2), onp.eye(2)), [-log(2 * pi)], 1e-12)
