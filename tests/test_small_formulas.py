"""What the diagnosis reads from numbers: samples of log-dets and columns of inverses made by hand."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import (
    wrong_branches,
    wrong_clamp,
    wrong_contraction,
    wrong_halving,
    wrong_planar,
    wrong_radial,
)
from nfscratch.check.pairs import of_pair
from nfscratch.check.trial import Trial


def rng(seed=0):
    return onp.random.default_rng(seed)


# --- searches by halving ---


def teeth(n=6, width=20, height=1.0, side=1.0):
    """A sawtooth: pieces that rise through 0, and jumps down between them."""
    return side * height * onp.tile(onp.linspace(-0.5, 0.5, width), n)


def changed(e, at, by):
    e = e.copy()
    e[at] += by
    return e


@pytest.mark.parametrize(("e", "is_one"), [
    (teeth(), True), (teeth(side=-1.0), True), (teeth(height=1e-4), True), (teeth(n=5), True), (teeth(n=4), False),
    (teeth() + 0.6, False), (teeth() + 0.4, True), (teeth(9, 5), False), (teeth(9, 6), True), (teeth(width=8), True),
    (onp.zeros(120), False), (changed(teeth(), 50, onp.nan), False), (onp.linspace(-1, 1, 120), False),
    (onp.abs(teeth()), False), (teeth() * onp.repeat([1, -1, 1, -1, 1, -1], 20), False),
    (-onp.cumsum(onp.arange(120) % 20 == 19) + 2.5, False), (onp.sin(onp.arange(120)), False),
])  # fmt: skip
def test_a_sawtooth(e, is_one):
    assert wrong_halving._is_sawtooth(e) is is_one


@pytest.mark.parametrize(("largest", "is_one"), [(3.2, True), (3.45, False)])
def test_a_jump_is_three_tenths_of_what_the_error_spans(largest, is_one):
    e = teeth(8)
    e[60:80] *= largest
    assert wrong_halving._is_sawtooth(e) is is_one


def halved(step, n=12, dim=2):
    """Columns of x = 2 z, whose inverse ends on a grid of this step."""
    grid = lambda x: step * (onp.floor(0.5 * x / step) + 0.5)  # noqa: E731
    zero = lambda f: lambda a: (f(a), onp.zeros(len(a)))  # noqa: E731
    trial = Trial(of_pair(zero(lambda z: 2 * z), zero(grid), dim), rng().normal(size=(n, dim)))
    return SimpleNamespace(trial=trial, rows=onp.arange(n), z=trial.z, back=trial.back[0], dim=dim)


@pytest.mark.parametrize(("step", "named"), [(0.3, True), (1e-4, True), (1e-7, False)])
def test_a_search_that_ends_too_early_is_a_sawtooth_along_a_line(step, named):
    assert (wrong_halving.halved_too_seldom(halved(step)) is Mistake.TOO_FEW_STEPS) is named
    c = halved(step)
    c.back = c.z + 0.01  # an error that is a constant is none
    c.trial = Trial(of_pair(lambda z: (2 * z, z[:, 0]), lambda x: (x / 2 + 0.01, x[:, 0]), 2), c.z)
    assert wrong_halving.halved_too_seldom(c) is None


# --- planar layers ---


W, U = onp.array([0.8, -0.5, 0.3]), onp.array([0.6, 0.4, -0.7])


def planar(claim, dim=3, n=12, direction="forward", failed=True, seed=0):
    """A sample of x = z + u tanh(w . z + 0.2), whose log_det is claim(h, h', w . u)."""
    w, u, z = W[:dim], U[:dim], rng(seed).normal(size=(n, dim))
    h = onp.tanh(z @ w + 0.2)
    slope = 1 - h**2
    J = onp.eye(dim) + slope[:, None, None] * u[:, None] * w
    x = z + h[:, None] * u
    c = claim(h, slope, w @ u)
    if direction == "forward":
        return SimpleNamespace(J=J, c=c, at=z, there=x, dim=dim, direction=direction, failed=failed)
    return SimpleNamespace(J=onp.linalg.inv(J), c=-c, at=x, there=z, dim=dim, direction=direction, failed=failed)


CLAIMS = {
    "PLANAR_H": lambda h, slope, wu: onp.log(onp.abs(1 + h * wu)),
    "PLANAR_U": lambda h, slope, wu: onp.log(onp.abs(1 + slope * 1.7 * wu)),
    None: lambda h, slope, wu: onp.log(onp.abs(1 + slope**2 * wu)),
}


@pytest.mark.parametrize("direction", ["forward", "inverse"])
@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("name", CLAIMS)
def test_what_stands_in_a_planar_log_det(name, dim, direction):
    wrong, right = planar(CLAIMS[name], dim, direction=direction), planar(CLAIMS[None], dim, failed=False)
    found = wrong_planar.planar_mistake([wrong, right])
    assert found is (Mistake[name] if name else None)
    other = planar(lambda h, slope, wu: 0.3 * h, dim, direction=direction)
    assert wrong_planar.planar_mistake([wrong, other]) is None


def test_the_sign_that_an_absolute_value_hid():
    by = onp.linspace(-2, 2, 9)
    for r in (0.7, -1.3):
        c = onp.log(onp.abs(1 + r * by))
        assert wrong_planar._steady(SimpleNamespace(c=c, direction="forward"), by)
        assert wrong_planar._steady(SimpleNamespace(c=-c, direction="inverse"), by)
        assert not wrong_planar._steady(SimpleNamespace(c=-c, direction="forward"), by)
        off = c + onp.where(onp.arange(9) == 5, 5e-3, 0.0)
        assert not wrong_planar._steady(SimpleNamespace(c=off, direction="forward"), by)
    few = SimpleNamespace(c=onp.log(onp.abs(1 + 0.7 * by)), direction="forward")
    assert wrong_planar._steady(few, onp.where(onp.arange(9) < 4, by, 0.9e-3))
    assert not wrong_planar._steady(few, onp.where(onp.arange(9) < 3, by, 0.9e-3))
    assert not wrong_planar._steady(SimpleNamespace(c=onp.zeros(9), direction="forward"), by + 5)


def test_the_vector_of_rank_one():
    s = planar(CLAIMS[None])
    w = wrong_planar._rank_one(s)
    close(onp.abs(w), onp.abs(W) / onp.linalg.norm(W), 1e-9)
    for size, one in ((0.9e-5, True), (2.1e-5, False)):
        other = planar(CLAIMS[None])
        v = onp.cross(U, W) / onp.linalg.norm(onp.cross(U, W))
        other.J[3] += size * onp.outer(v, v)
        assert (wrong_planar._rank_one(other) is not None) is one
    for size, strong in ((0.9e-4, False), (1.1e-4, True)):
        weak = planar(CLAIMS[None])
        weak.J = onp.tile(onp.eye(3), (12, 1, 1))
        weak.J[7, 0, 1] += size
        assert (wrong_planar._rank_one(weak) is not None) is strong


# --- radial layers ---


A, B, CENTRE = 1.5, 0.9, onp.array([0.3, -0.6, 0.2])


def radial(wrong, dim=3, n=9):
    """The columns of x = z + b / (a + r) (z - c), whose inverse is wrong(x, z, g, r)."""
    z, c = rng().normal(size=(n, dim)), CENTRE[:dim]
    r = onp.linalg.norm(z - c, axis=1)
    g = 1 + B / (A + r)
    x = z + (g - 1)[:, None] * (z - c)
    v = (z - c) / r[:, None]
    J = g[:, None, None] * onp.eye(dim) - (B * r / (A + r) ** 2)[:, None, None] * v[:, :, None] * v[:, None, :]
    return SimpleNamespace(z=z, x=x, back=wrong(x, z, g[:, None], r[:, None], c), J=J, dim=dim, is_linear=False)


def other_root(x, z, g, r, c):
    q = onp.linalg.norm(x - c, axis=1)[:, None]
    return c + (x - c) / (1 + B / (A - A * q / r))


WRONG = {
    "OTHER_ROOT": other_root, "MULTIPLIES": lambda x, z, g, r, c: c + (x - c) * g,
    "SHIFT_NOT_UNDONE": lambda x, z, g, r, c: z - c, None: lambda x, z, g, r, c: z + 1e-2,
}  # fmt: skip


@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_inverse_of_a_radial_layer(name, dim):
    c = radial(WRONG[name], dim)
    assert wrong_radial.radial_root(c) is (Mistake[name] if name else None)
    for off, kept in ((0.5e-4, True), (1e-2, False)):
        near = radial(WRONG[name], dim)
        near.back[4] += off
        assert (wrong_radial.radial_root(near) is not None) is (kept and name is not None)


def test_of_a_map_that_is_not_radial_nothing_is_said():
    for change in ("dim", "is_linear", "J"):
        c = radial(WRONG["MULTIPLIES"])
        setattr(c, change, {"dim": 1, "is_linear": True, "J": c.J + 1.1e-6 * onp.triu(onp.ones((3, 3)), 1)}[change])
        assert wrong_radial.radial_root(c) is None
    c = radial(WRONG["MULTIPLIES"])
    c.J = c.J + 0.9e-6 * onp.triu(onp.ones((3, 3)), 1)
    assert wrong_radial.radial_root(c) is Mistake.MULTIPLIES
    c.x = c.x + 0.1 * onp.sin(c.z)
    assert wrong_radial.radial_root(c) is None


def test_most_rows_have_to_be_told():
    predicted = onp.arange(8.0).reshape(4, 2)
    c = SimpleNamespace(back=predicted + 0.5e-4)
    assert wrong_radial._is_given(c, predicted) and not wrong_radial._is_given(c, predicted + 3e-3)
    for bad, told in ((1, True), (2, False)):
        for value in (onp.nan, 1.1e4):
            some = predicted.copy()
            some[:bad, 0] = value
            assert bool(wrong_radial._is_given(c, some)) is told


# --- two branches ---


def leaky(claim_above=0.0, claim_below=0.0, slope=0.3, dim=2, direction="forward", n=20, **declared):
    """A sample of a leaky ReLU, whose claims are off by so much for each variable above and below 0."""

    def forward(z):
        d = onp.where(z > 0, 1.0, slope)
        return z * d, (onp.log(d) + onp.where(z > 0, claim_above, claim_below)).sum(axis=1)

    def inverse(x):
        d = onp.where(x > 0, 1.0, slope)
        return x / d, (-onp.log(d) + onp.where(x > 0, claim_above, claim_below)).sum(axis=1)

    trial = Trial(of_pair(forward, inverse, dim, **declared), rng().normal(size=(n, dim)))
    at = trial.input(direction)
    J = trial.derivatives(direction, at)[0]
    return SimpleNamespace(trial=trial, direction=direction, at=at, J=J, dim=dim, failed=True)


@pytest.mark.parametrize("direction", ["forward", "inverse"])
@pytest.mark.parametrize(
    ("above", "below", "one"), [(0.0, 0.7, True), (0.7, 0.0, True), (0.7, 0.7, False), (0.0, 0.0, False)]
)
def test_one_branch_is_wrong(above, below, one, direction):
    s = leaky(above, below, direction=direction)
    assert wrong_branches.by_side([s]) is (Mistake.ONE_BRANCH if one else None)
    right = leaky()
    right.failed = False
    assert wrong_branches.by_side([s, right]) is (Mistake.ONE_BRANCH if one else None)
    assert wrong_branches.by_side([s, leaky()]) is None and wrong_branches.by_side([right]) is None


def test_variables_that_mix_or_end_have_no_sides():
    s = leaky(0.0, 0.7)
    for size, sides in ((0.9e-7, True), (1.1e-7, False)):
        s.J = s.J.copy()
        s.J[3, 0, 1] = -size
        assert (wrong_branches.by_side([s]) is not None) is sides
    assert wrong_branches.by_side([leaky(0.0, 0.7, domain=(-9.0, 9.0))]) is None


@pytest.mark.parametrize(("slopes", "half"), [
    ((1.0, 0.3), True), ((0.3, 1.0), True), ((1.0, 1.0), False), ((0.3, 0.3), False), ((1.0 + 0.9e-6, 0.3), True),
    ((1.0 + 1.1e-6, 0.3), False),
])  # fmt: skip
def test_a_map_that_is_kept_on_one_side(slopes, half):
    at = rng().normal(size=(20, 2))
    diagonal = onp.where(at > 0, *slopes)
    s = SimpleNamespace(at=at, dim=2, J=diagonal[:, :, None] * onp.eye(2))
    assert bool(wrong_branches.is_half_identity([s, s])) is half
    for size, kept in ((0.9e-6, half), (1.1e-6, False)):
        bent = SimpleNamespace(at=at, dim=2, J=s.J.copy())
        row, column = onp.argwhere(at < 0)[0]
        bent.J[row, column, column] += size if slopes[1] != 1.0 else 0.0
        bent.J[row, column, 1 - column] = 0.0 if kept else 1.1e-7
        assert bool(wrong_branches._is_half_identity(bent)) is kept
    one_side = SimpleNamespace(at=onp.abs(at), dim=2, J=s.J)
    assert not wrong_branches._is_half_identity(one_side)


# --- a clamp that is left out of a log_det ---


CLAMPED = (
    lambda a: 1.7 * onp.tanh(a / 1.7), lambda a: 2 * onp.arctan(a), lambda a: a / (1 + onp.abs(a)),
    lambda a: a / onp.sqrt(1 + a**2), lambda a: onp.log(0.2 + 1 / (1 + onp.exp(-a))),
    lambda a: onp.log(0.1 + onp.log1p(onp.exp(a))), lambda a: 0.5 * a, lambda a: onp.sin(3 * a),
)  # fmt: skip


def unclamped(f, direction="forward", factor=1.0, n=30):
    a = rng().normal(size=(n, 3)) * [1.0, 0.8, 1.2]
    l = onp.concatenate([onp.zeros((n, 1)), f(a)], axis=1)
    J = onp.exp(l)[:, :, None] * onp.eye(4)
    s = SimpleNamespace(J=J, dim=4, direction=direction, failed=True, c=factor * a.sum(axis=1), logs=lambda: l)
    if direction == "inverse":
        s.c, s.logs = -s.c, lambda: -l
    return s


@pytest.mark.parametrize("k", range(6))
def test_each_clamp_fits_what_it_clamps(k):
    a = rng().normal(size=(30, 3))
    fits = [wrong_clamp._fits(a.sum(axis=1), f(a), *wrong_clamp.CLAMPS[k]) for f in (CLAMPED[k], *CLAMPED[-2:])]
    assert fits == [True, False, False]
    assert not wrong_clamp._fits(-a.sum(axis=1), CLAMPED[k](a), *wrong_clamp.CLAMPS[k])


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_the_sum_of_what_a_clamp_was_given(direction):
    s, right = unclamped(CLAMPED[0], direction), unclamped(CLAMPED[-1])
    right.failed = False
    assert wrong_clamp.by_inverse_clamp([s, right]) is Mistake.UNCLAMPED
    s.logs = lambda: None
    assert wrong_clamp.by_inverse_clamp([s]) is None and wrong_clamp.by_inverse_clamp([]) is None


def test_all_samples_have_one_clamp():
    s, other = unclamped(CLAMPED[0]), unclamped(CLAMPED[-2])
    assert wrong_clamp.by_inverse_clamp([s, other]) is None


def test_a_fit_needs_ten_rows_that_differ():
    a = rng().normal(size=(30, 2))
    l = onp.tanh(a)
    tanh = wrong_clamp.CLAMPS[0]

    def fits(rows, c):
        return wrong_clamp._fits(c[:rows], l[:rows], *tanh)

    assert (
        fits(10, a.sum(axis=1))
        and not fits(9, a.sum(axis=1))
        and not fits(30, onp.full(30, 2.0))
        and not wrong_clamp._fits(a[:, 0], l[:, :0], *tanh)
    )
    off = a.sum(axis=1)
    off[4] += 2e-5 * onp.ptp(off)
    assert not fits(30, off)


def test_the_miss_of_a_line():
    l, h = rng().normal(size=(40, 2)), lambda l, p: p * l
    c = 3 * l.sum(axis=1) + 1
    assert wrong_clamp._miss(c, l, h, 2.0) < 1e-12 and wrong_clamp._miss(-c, l, h, 2.0) == onp.inf
    c[7] += 0.5
    line = onp.polyval(onp.polyfit(l.sum(axis=1), c, 1), l.sum(axis=1))
    close(wrong_clamp._miss(c, l, h, 1.0), onp.abs(c - line).max() / onp.ptp(c), 1e-9)
    assert wrong_clamp._miss(c, l, lambda l, p: 0 * l, 1.0) == onp.inf
    steep = lambda share: lambda l, p: l * onp.where(onp.arange(40)[:, None] < share * 40, 1.0, 1.1e3)  # noqa: E731
    assert (
        onp.isfinite(wrong_clamp._miss(c, l, steep(0.35), 1.0)) and wrong_clamp._miss(c, l, steep(0.2), 1.0) == onp.inf
    )


def test_the_best_between_two_bounds():
    close(wrong_clamp._best_between(lambda p: (p - 1.234) ** 2 + 0.5, -3.0, 7.0), 0.5, 1e-12)
    close(wrong_clamp._best_between(lambda p: abs(p), 1.0, 2.0), 1.0, 1e-9)


def test_bounds_lie_above_and_below():
    l = onp.array([[0.5, -2.0]])
    above, below = wrong_clamp._above(l), wrong_clamp._below(l)
    assert above[0] == 2.0 * (1 + 1e-6) and above[-1] == 2.0 * 41 and len(above) == 160 and (onp.diff(above) > 0).all()
    assert below[0] == 0.0 and onp.exp(-2.0) * (1 - 1e-6) == below[-1] and (onp.diff(below) > 0).all()


# --- contractions ---


def contraction(dim=3, n=7, size=0.5):
    return onp.eye(dim) + size * rng(3).normal(size=(n, dim, dim)) / dim


@pytest.mark.parametrize("other", [False, True])
@pytest.mark.parametrize("alternates", [False, True])
def test_the_partial_sums_of_the_series(alternates, other):
    J = contraction()
    sums = wrong_contraction._partial_sums(J, other, alternates)
    A = (onp.linalg.inv(J) if other else J) - onp.eye(3)
    total = 0.0
    for k in range(1, 6):
        sign = (-1.0) ** (k + 1) if alternates else 1.0
        total = total + sign * onp.trace(onp.linalg.matrix_power(A, k), axis1=1, axis2=2) / k
        close(sums[k - 1], -total if other else total, 1e-12)
    assert len(sums) == 60
    for terms, name in ((1, Mistake.TRACE_ALONE), (3, Mistake.SERIES_CUT if alternates else Mistake.SERIES_SIGN)):
        samples = [SimpleNamespace(J=J, c=sums[terms - 1]), SimpleNamespace(J=J[:4], c=sums[terms - 1, :4])]
        assert wrong_contraction.by_series(samples) is name
        samples[1].c = sums[terms, :4]
        assert wrong_contraction.by_series(samples) is None


@pytest.mark.parametrize(
    ("ratio", "probes"), [(2.0, False), (3.0, True), (3.0009, True), (3.0011, False), (2.9991, True), (2.6, False)]
)
def test_a_sum_over_probes(ratio, probes):
    assert wrong_contraction.is_sum_over_probes(ratio) is probes


def iterated(steps, factor=0.6, off=0.0, n=6):
    """The columns of x = z + factor sin(z), whose inverse makes so many steps from x on."""
    f = lambda z: z + factor * onp.sin(z)  # noqa: E731
    trial = Trial(of_pair(lambda z: (f(z), z[:, 0]), lambda x: (x, x[:, 0]), 2), rng().normal(size=(n, 2)) + off)
    x, z = trial.x, trial.x
    for _ in range(steps):
        z = z - (f(z) - x)
    J = (1 + factor * onp.cos(trial.z))[:, :, None] * onp.eye(2)
    return SimpleNamespace(trial=trial, rows=onp.arange(n), x=x, z=trial.z, back=z, J=J)


def test_an_iteration_that_stops_too_early_or_does_not_converge():
    for steps in (1, 4):
        assert wrong_contraction.cut_iteration(iterated(steps)) is Mistake.TOO_FEW_STEPS
    assert wrong_contraction.cut_iteration(iterated(3, factor=2.5)) is Mistake.NO_CONTRACTION
    other = iterated(3)
    other.back = other.back + 0.01
    assert wrong_contraction.cut_iteration(other) is None


def test_a_closer_look_at_an_iteration():
    for steps in (6, 12, 20):
        assert wrong_contraction.cut_closely(iterated(steps, factor=0.3)) is Mistake.TOO_FEW_STEPS
    other = iterated(12, factor=0.3)
    other.back = other.back + 0.1 * (other.back - other.z)
    assert wrong_contraction.cut_closely(other) is None
