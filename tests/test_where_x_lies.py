"""Where x lies: units, cuts, and an x that stands still."""

import numpy as np
import pytest
from healthy import cells, in_units
from pairs import spline as splines
from pairs.coupling import coupling

import nfscratch as nf
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.finding import Symptom
from nfscratch.check.letters.joins import _Line, check_joins
from nfscratch.check.pairs import of_pair, single
from nfscratch.check.trial import Trial
from nfscratch.check.units import units_of


def first(pair, letters, **options):
    report = nf.check.audit(pair, **{"dims": (2,), "letters": letters, "changes": False, "show": False, **options})
    return report.failures[0] if report.failures else None


def trial_of(pair, n=20, **options):
    return Trial(of_pair(*pair, 2, **options), np.random.default_rng(0).normal(size=(n, 2)))


# --- units ---


@pytest.mark.parametrize("unit, shift", [(1e-6, 0.0), (1e6, 0.0), (1.0, 1e5), (1e-3, -5.0)])
def test_units_are_found(unit, shift):
    pair = in_units((lambda z: (z, np.zeros(len(z))),) * 2, unit, shift)
    center, found = units_of(trial_of(pair))
    assert np.allclose(center, shift, atol=unit) and (0.5 * unit < found).all() and (found < 2 * unit).all()


@pytest.mark.parametrize("pair, options", [
    (coupling(), {}), (in_units(coupling(), 5.0, 3.0), {}), (in_units(coupling(), 1e-6), {"codomain": (0.0, 1.0)}),
    ((lambda z: (0 * z, z[:, 0]),) * 2, {}),
])  # fmt: skip
def test_usual_units_are_left_alone(pair, options):
    center, unit = units_of(trial_of(pair, **options))
    assert (center == 0).all() and (unit == 1).all()


def test_a_bracket_is_too_narrow_in_other_units_too():
    """x to 4 standard deviations comes back, and no further."""

    def clipped(x):
        z, log_det = in_units(coupling(), 1e6)[1](x)
        return np.clip(z, -30.0, 30.0), log_det

    assert first((in_units(coupling(), 1e6)[0], clipped), "O").letter == "O"


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_the_lines_of_e_go_where_x_lies(unit):
    forward, inverse = in_units(coupling(), unit)
    asked = []

    def recorded(x):
        asked.append(np.abs(x).max())
        return inverse(x)

    check_joins(trial_of((forward, recorded)), np.random.default_rng(0))
    assert unit < max(asked) < 1e3 * unit


# --- cuts ---


def moved(by, back):
    """x = z + by where z > 0, undone as `back` says."""
    return (
        lambda z: (z + by * (z > 0), np.zeros(len(z))),
        lambda x: (np.where(back(x), x - by, x), np.zeros(len(x))),
    )


@pytest.mark.parametrize("pair", [
    moved(0.5, lambda x: x > 0.5), moved(0.5, lambda x: x > 0.25), moved(-0.5, lambda x: x > 0),
    moved(-0.5, lambda x: x > -0.5),
], ids=["a gap", "a gap, halved", "an overlap", "an overlap, the other branch"])  # fmt: skip
def test_a_jump_that_leaves_a_gap_or_an_overlap_is_a_mistake(pair):
    assert first(pair, "E") is not None


@pytest.mark.parametrize("by, inverse", [
    (0.5, lambda x: np.where(x > 0.5, x - 0.5, np.minimum(x, 0.0))),  # flat over the gap
    (-0.5, lambda x: x + 0.5),  # one branch of two
])  # fmt: skip
def test_an_inverse_that_does_not_jump_itself_hides_no_gap_and_no_overlap(by, inverse):
    pair = moved(by, None)[0], lambda x: (inverse(x), np.zeros(len(x)))
    assert check_joins(trial_of(pair), np.random.default_rng(0)).failed


def test_a_cut_is_none_but_a_wrong_log_det_beside_it_is_one():
    assert first(cells(), "E") is None
    wrong = (cells()[0], lambda x: (cells()[1](x)[0], np.where(x[:, 0] > 4, 1.0, 0.0)))
    assert first(wrong, "E") is not None


def bend(a, sign):
    """Two parabolas on (0, 1) that meet in the middle with slopes of 0.85 and 1.3; and back."""
    low, u = a < 0.5, a - 0.5
    if sign > 0:
        x = np.where(low, 1.15 * a - 0.3 * a**2, 0.5 + 1.3 * u - 0.6 * u**2)
        return x, np.log(np.where(low, 1.15 - 0.6 * a, 1.3 - 1.2 * u)).sum(axis=1)
    z = (1.15 - np.sqrt(1.15**2 - 1.2 * np.minimum(a, 0.5))) / 0.6
    z = np.where(low, z, 0.5 + (1.3 - np.sqrt(1.3**2 - 2.4 * np.maximum(u, 0.0))) / 1.2)
    return z, -bend(z, 1.0)[1]


def test_a_derivative_that_jumps_is_no_cut_and_a_kink_of_its_own_where_log_det_says_both_slopes():
    """Slopes 1 and 2, and the map is not made of straight lines."""

    def forward(z):
        slope = np.where(z > 0, 2.0, 1.0)
        return slope * np.sinh(z), np.log(slope * np.cosh(z)).sum(axis=1)

    def inverse(x):
        z = np.arcsinh(x / np.where(x > 0, 2.0, 1.0))
        return z, -forward(z)[1]

    assert first((forward, inverse), "E") is None
    unit = {"domain": (0, 1), "codomain": (0, 1)}
    bent = (lambda z: bend(z, 1.0)), lambda x: bend(x, -1.0)
    assert first(bent, "E", **unit).mistake is Mistake.DERIVATIVE_JUMPS


def test_a_map_that_is_cut_may_turn_around_and_one_that_folds_may_not():
    """-z where |z| < 1, which is its own inverse; and |z|, whose slope has two signs."""
    turned = (lambda a: (np.where(np.abs(a) < 1, -a, a), np.zeros(len(a))),) * 2
    assert first(turned, "RXJEO") is None
    assert first((lambda z: (np.abs(z), np.zeros(len(z))),) * 2, "O").mistake is Mistake.FOLDS
    assert first((lambda z: (z**3 - z, np.zeros(len(z))),) * 2, "O").mistake is Mistake.FOLDS


# --- still ---


def quantiles(bracket, log_det=True):
    """x with sigmoid(x) + 0.2 tanh(x) = u, by halving; u from -0.2 to 1.2."""

    def inverse(x):
        slope = np.exp(-x) / (1 + np.exp(-x)) ** 2 + 0.2 / np.cosh(x) ** 2
        return 1 / (1 + np.exp(-x)) + 0.2 * np.tanh(x), np.log(slope).sum(axis=1)

    def forward(u):
        low, high = np.full(u.shape, -bracket), np.full(u.shape, bracket)
        for _ in range(80):
            middle = 0.5 * (low + high)
            below = inverse(middle)[0] < u
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return low, -inverse(low)[1]

    return forward, inverse


def test_a_forward_that_stops_at_its_bracket_fails_though_other_rows_hold():
    failure = first(quantiles(1.0), "RXJ", domain=(-0.2, 1.2))
    assert failure.letter == "R" and failure.counter_example["symptom"] is Symptom.STANDS_STILL
    assert failure.mistake is Mistake.END_OF_BRACKET and failure.name == "forward: it gives the end of its bracket"
    assert first(quantiles(30.0), "RXJ", domain=(-0.2, 1.2)) is None


def test_a_forward_that_stops_at_no_round_number_gives_one_x_for_several_z():
    def forward(z):
        return np.clip(z, -1.2345, 1.2345) * 1.7, np.full(len(z), z.shape[1] * np.log(1.7))

    failure = first((forward, lambda x: (x / 1.7, np.full(len(x), -x.shape[1] * np.log(1.7)))), "R")
    assert failure.mistake is Mistake.STANDS_STILL


def test_an_x_that_saturates_and_says_so_is_no_mistake():
    def forward(z):
        return np.tanh(z), 2 * (np.log(2) - z - np.logaddexp(0, -2 * z)).sum(axis=1)

    def inverse(x):
        with np.errstate(divide="ignore"):
            return np.arctanh(x), -np.log1p(-(x**2)).sum(axis=1)

    assert first((forward, inverse), "R") is None
    assert first((forward, inverse), "R", codomain=(-1, 1)) is None


# --- steep places ---


def narrow_bin(dtype, end=1.0):
    """A rational-quadratic spline whose last bin has a slope of 167, and comes to `end` at its end, in this dtype."""
    kx, ky, d = [-3, -2, -1, 0, 2.994, 3], [-3, -2, -1, 0, 2, 3], [1, 1, 1, 1, 1, end]
    knots = tuple(np.array(a, dtype=dtype) for a in (kx, ky, d))

    def run(v, back):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(splines, "knots", lambda i: knots)
            parts = [splines.one_spline(column.astype(dtype), 0, back, "") for column in v.T]
        return np.stack([y for y, _ in parts], axis=1).astype(dtype), sum(log_det for _, log_det in parts)

    return lambda z: run(z, False), lambda x: run(x, True)


def joined(pair, dtype):
    return check_joins(Trial(of_pair(*pair, 2, dtype), np.zeros((20, 2), dtype=dtype)), np.random.default_rng(0))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_steep_end_is_no_jump_in_the_numbers_of_its_dtype(dtype):
    """log_det comes to 0 at the end; at the last number of float32 before it, it is 0.01."""
    assert joined(narrow_bin(dtype), dtype).ok


def test_a_jump_is_found_where_the_next_steps_are_smaller():
    assert joined(narrow_bin("float64", end=1.001), "float64").failed
    assert joined(narrow_bin("float32", end=2.0), "float32").failed
    for bug in splines.END_SLOPES:
        pair = tuple(map(single, splines.spline(bug)))
        assert joined(pair, "float32").failed


@pytest.mark.parametrize("gap, steep", [(0.0, True), (0.5, False)])
def test_a_step_as_large_as_another_variables_next_number_makes_is_rounding(gap, steep):
    """x_1 = 8000 (z_1 - knot(z_0)), where the knot stands still for many numbers of z_0, and then moves by one."""

    def forward(z):
        knot = (np.float32(3) - np.float32(0.01) * z[:, 0]).astype(np.float32)
        x = np.stack([z[:, 0], 8000 * (z[:, 1] - knot) + gap * (knot < np.float32(2.99))], axis=1)
        return x, np.full(len(z), np.log(8000.0))

    trial = Trial(of_pair(forward, forward, 2, "float32"), np.zeros((1, 2), dtype="float32"))
    line = _Line(trial, "forward", 0, np.array([0.0, 2.9899]), (0.0, 1.0))
    places = np.float32(1) + np.spacing(np.float32(1)) * np.arange(-500, 500)
    moves = np.flatnonzero(np.diff(line.values(places)[:, 1]))
    step = np.abs(np.diff(line.values(places)[:, 1]))[moves]
    assert line.is_steep(1, places[moves[np.argmax(step)]]) is steep
