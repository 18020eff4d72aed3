"""Right maps of a user that look wrong: what an audit tells of them, and mistakes beside them that it still finds."""

import math
import sys
from math import erfc
from statistics import NormalDist

import numpy as np
import pytest
from scipy.special import log_ndtr, ndtr, ndtri

import nfscratch as nf
from nfscratch.check.letters.jacobian import check_jacobian
from nfscratch.check.letters.scatter import scatter
from nfscratch.check.pairs import of_pair
from nfscratch.check.search_loops import ends_by_itself, ends_when_close
from nfscratch.check.trial import Trial


def audited(pair, dim, letters, **options):
    return nf.check.audit(pair, dims=(dim,), letters=letters, changes=False, show=False, **options)


def detail(report, letter):
    return next(line.detail for line in report.lines if line.letter == letter)


# --- ends of an open codomain ---


def sigmoid(wrong=1.0):
    """Its inverse refuses what is not strictly inside, as it may."""

    def forward(z):
        return np.exp(-np.logaddexp(0, -z)), -(np.logaddexp(0, z) + np.logaddexp(0, -z)).sum(axis=1)

    def inverse(x):
        if not ((x > 0) & (x < 1)).all():
            raise ValueError("x must lie in (0, 1)")
        return wrong * (np.log(x) - np.log1p(-x)), -(np.log(x) + np.log1p(-x)).sum(axis=1)

    return forward, inverse


cdf = np.vectorize(lambda t: 0.5 * erfc(-t / 2**0.5), otypes=[float])
inverse_cdf = np.vectorize(NormalDist().inv_cdf, otypes=[float])


def phi(z):
    return (-0.5 * z * z - 0.5 * np.log(2 * np.pi)).sum(axis=1)


def quantile(x):
    z = inverse_cdf(x)
    return z, -phi(z)


def bent(z):
    """By the normal cdf of the lower tail, to the power of 1.5: x ends at 37, where the cdf is 0."""
    a = cdf(-np.abs(z))
    x = -np.sign(z) * inverse_cdf(np.maximum(0.5 * (2 * a) ** 1.5, 1e-300))
    with np.errstate(divide="ignore"):
        return x, len(z.T) * np.log(1.5) + 0.5 * np.log(2 * np.maximum(a, 1e-300)).sum(axis=1) + phi(z) - phi(x)


def unbent(x):
    a = cdf(-np.abs(x))
    z = -np.sign(x) * inverse_cdf(np.maximum(0.5 * (2 * a) ** (2 / 3), 1e-300))
    return z, len(x.T) * np.log(2 / 3) - np.log(2 * np.maximum(a, 1e-300)).sum(axis=1) / 3 + phi(x) - phi(z)


def naive(z):
    s = 1 / (1 + np.exp(-z))
    return s, np.log(s * (1 - s)).sum(axis=1)


def logit(x):
    return np.log(x / (1 - x)), -np.log(x * (1 - x)).sum(axis=1)


AT_ENDS = {
    "a refusal": (sigmoid(), 2, {"codomain": (0, 1)}),
    "a normal cdf, and its quantile": ((lambda z: (cdf(z), phi(z)), quantile), 2, {"codomain": (0, 1)}),
    "a log_det of 0 (1 - 0)": ((naive, logit), 4, {"codomain": (0, 1)}),
    "a tail that a normal cdf ends": ((bent, unbent), 2, {}),
}


@pytest.mark.parametrize("name", AT_ENDS)
def test_an_inverse_is_not_asked_at_an_end_of_its_interval(name):
    pair, dim, options = AT_ENDS[name]
    report = audited(pair, dim, "SPIRXJEO", **options)
    assert report.ok, report


def test_what_is_wrong_inside_of_the_interval_is_found_all_the_same():
    assert audited(sigmoid(wrong=1.001), 2, "SPIR", codomain=(0, 1)).failures[0].letter == "R"
    assert audited(sigmoid(), 2, "SPIRXJEO").failures  # an interval that is not declared
    ends = Trial(of_pair(*sigmoid(), 1, codomain=(0, 1)), np.full((2, 1), 50.0))
    assert np.isnan(ends.back[0]).all() and np.isnan(ends.numeric_back[0]).all()


def test_the_note_says_that_rounding_ends_there():
    (note,) = audited(AT_ENDS["a refusal"][0], 2, "SE", codomain=(0, 1)).notes
    assert note == "forward rounds to an end of the codomain at |z| = 100, where no draw comes"


def bounded(z):
    """It comes close to 50 smoothly, and stands still from 35 on to 1 in 500."""
    t = np.abs(z / 10)
    return 50 * np.tanh(z / 10), (np.log(5) + 2 * (np.log(2) - t - np.log1p(np.exp(-2 * t)))).sum(axis=1)


def unbounded(x):
    z = 10 * np.arctanh(np.clip(x / 50, -1 + 1e-16, 1 - 1e-16))
    return z, -bounded(z)[1]


def test_a_smooth_map_that_stops_growing_beyond_the_draws_is_not_onto():
    assert audited((bounded, unbounded), 1, "SRXJEO").failures[0].name == "range: the map is not onto"
    assert audited((bounded, unbounded), 1, "SRXJEO", codomain=(-50, 50)).ok


def scores(z):
    """Normal to Laplace, whose tail has no digits left from |x| = 740 on."""
    t = -(np.log(2) + log_ndtr(-np.abs(z)))
    return np.sign(z) * t, phi(z) + (t + np.log(2)).sum(axis=1)


def scores_back(x, wrong=1.0):
    z = -np.sign(x) * ndtri(0.5 * np.exp(-np.abs(x)))
    return wrong * z, -phi(z) - (np.abs(x) + np.log(2)).sum(axis=1)


def density(x):
    """Its logarithm is -inf from 39 on, where the exponential is 0."""
    with np.errstate(divide="ignore"):
        return np.log(0.5 * np.exp(-0.5 * (x + 2) ** 2) + 0.5 * np.exp(-0.5 * (x - 2) ** 2)) - 0.5 * np.log(2 * np.pi)


def of_mixture(x):
    above, below = (0.5 * ndtr(s * (x + 2)) + 0.5 * ndtr(s * (x - 2)) for s in (-1, 1))
    z = np.where(x < 0, ndtri(np.maximum(below, 1e-300)), -ndtri(np.maximum(above, 1e-300)))
    return z, density(x).sum(axis=1) - phi(z)


def to_mixture(z):
    low, high = z - 2.5, z + 2.5
    for _ in range(60):
        x = (low + high) / 2
        less = of_mixture(x)[0] < z
        low, high = np.where(less, x, low), np.where(less, high, x)
    return x, phi(z) - density(x).sum(axis=1)


def test_where_a_normal_law_has_no_density_nor_digits_a_map_of_it_may_have_none():
    for pair in ((scores, scores_back), (to_mixture, of_mixture)):
        report = audited(pair, 1, "SRXJEO")
        assert report.ok, report
    assert audited((scores, lambda x: scores_back(x, 1 + 1e-4)), 2, "SR").failures[0].letter == "R"


def test_a_function_of_math_may_overflow_far_out():
    rise = np.vectorize(lambda t: math.log1p(math.exp(t)) + t / 2, otypes=[float])

    def forward(z, wrong=0.0):
        return rise(z) + wrong, np.log(0.5 + 1 / (1 + np.exp(-z))).sum(axis=1)

    def inverse(x):
        low, high = -2 * np.abs(x) - 2, 2 * np.abs(x) + 2
        for _ in range(80):
            z = (low + high) / 2
            less = np.logaddexp(0, z) + z / 2 < x
            low, high = np.where(less, z, low), np.where(less, high, z)
        return z, -np.log(0.5 + 1 / (1 + np.exp(-z))).sum(axis=1)

    report = audited((forward, inverse), 1, "SRXJEO")
    assert report.ok, report
    assert audited((lambda z: forward(z, 1e-3), inverse), 1, "SRXJEO").failures[0].letter == "R"


# --- searches ---


def newton(tolerance, scale=1.0):
    """x = z + sin(z) / 2, undone row by row, or for the whole batch at once."""

    def f(z):
        return z + 0.5 * np.sin(z)

    def by_rows(x):
        z = np.empty_like(x)
        for i in np.ndindex(*x.shape):
            t = x[i]
            while abs(f(t) - x[i]) > tolerance * max(1.0, abs(t)):
                t -= (f(t) - x[i]) / (1 + 0.5 * np.cos(t))
            z[i] = scale * t
        return z, -np.log1p(0.5 * np.cos(z)).sum(axis=1)

    def at_once(x):
        z = x.copy()
        for _ in range(60):
            d = (f(z) - x) / (1 + 0.5 * np.cos(z))
            z = z - d
            if np.abs(d).max() < tolerance:
                return z, -np.log1p(0.5 * np.cos(z)).sum(axis=1)
        raise RuntimeError("no convergence")

    return lambda z: (f(z), np.log1p(0.5 * np.cos(z)).sum(axis=1)), by_rows, at_once


def test_a_search_of_few_steps_that_ends_when_it_is_close_has_an_accuracy():
    forward, by_rows, _ = newton(1e-8)
    report = audited((forward, by_rows), 2, "SRXJ")
    assert report.ok and "as when a loop stops early" in report.notes[0]
    assert audited((forward, newton(1e-8, 1 + 1e-5)[1]), 1, "SR").failures[0].letter == "R"
    assert audited((forward, newton(1e-3)[1]), 1, "SR").failures[0].letter == "R"


def test_a_formula_that_is_off_by_as_little_is_wrong():
    def inverse(x):
        for _ in range(3):
            z = (x - 1) / 2 * (1 + 1e-8)
        return z, np.full(len(x), -np.log(2.0))

    assert audited((lambda z: (2 * z + 1, np.full(len(z), np.log(2.0))), inverse), 1, "SR").failures[0].letter == "R"


def test_a_formula_in_a_loop_that_counts_is_no_search():
    log_3 = np.log(3.0)

    def by_while(x):
        z, k = [], 0
        while k < x.shape[1]:
            z.append(x[:, k] / (3 + 1e-7))
            k += 1
        return np.stack(z, axis=1), np.full(len(x), -x.shape[1] * log_3)

    def by_return(x):
        for k in (1, 2):
            z = x / 3 * (1 + 4e-7)
            if k == 2:
                return z, np.full(len(x), -x.shape[1] * log_3)

    for inverse in (by_while, by_return):
        report = audited((lambda z: (3 * z, np.full(len(z), len(z.T) * log_3)), inverse), 2, "SR")
        assert [f.letter for f in report.failures] == ["R"]


def cubic(steps):
    """z + z^3 / 10, undone by a fixed number of halvings of a bracket that is as wide as x."""

    def forward(z):
        return z + 0.1 * z**3, np.log(1 + 0.3 * z**2).sum(axis=1)

    def inverse(x):
        high = np.abs(x) + 1
        low = -high
        for _ in range(steps):
            middle = (low + high) / 2
            under = forward(middle)[0] < x
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return (low + high) / 2, -np.log(1 + 0.3 * ((low + high) / 2) ** 2).sum(axis=1)

    return forward, inverse


def test_a_fixed_number_of_halvings_is_enough_far_out_if_it_is_enough_for_draws():
    for steps in (38, 42, 56):
        assert not audited(cubic(steps), 2, "RXJEO").failures
    assert [failure.letter for failure in audited(cubic(20), 1, "R").failures] == ["R"]


def cardano(x):
    """The z with z^3 + 2 z = x: the root loses digits where x is far below 0."""
    root = np.cbrt(x / 2 + np.sqrt(x**2 / 4 + 8 / 27))
    z = root - (2 / 3) / root
    return z, -np.log(3 * z**2 + 2).sum(axis=1)


def test_a_closed_formula_may_lose_digits_far_out():
    pair = (lambda z: (z**3 + 2 * z, np.log(3 * z**2 + 2).sum(axis=1)), cardano)
    assert not audited(pair, 2, "RXJ").failures


def test_a_map_onto_an_interval_may_round_to_its_end_where_no_draw_comes():
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])

    def forward(z):
        x = np.tanh(z @ turn.T)
        return x, np.log1p(-(x**2)).sum(axis=1)

    def inverse(x):
        return np.arctanh(x) @ turn, -np.log1p(-(x**2)).sum(axis=1)

    assert not audited((forward, inverse), 2, "SRXJE", codomain=(-1, 1)).failures


def test_a_formula_that_is_off_far_out_is_wrong():
    forward, inverse = cubic(56)

    def off(x):
        z, log_det = inverse(x)
        return np.where(np.abs(z) > 500, z * (1 + 1e-5), z), log_det

    assert [failure.letter for failure in audited((forward, off), 1, "E").failures] == ["E"]


def test_which_loops_end_when_they_are_close():
    limit = 1e-9

    def f(z):
        d, k = 1.0, 0
        while k < 2:
            k = k + 1
        while abs(d) > 3:
            d = d / 9
        while z - 1 > limit:
            z = z / 9
        while z > 1e-5:
            z = z / 9
        for _ in range(50):
            far = np.abs(z - 1) > 2
            if not far:
                break
        for k in range(50):
            if k > 3:
                return sys._getframe(), limit

    frame, first = f(1e-3)[0], f.__code__.co_firstlineno
    close = [ends_when_close(frame, first + k) for k in (3, 5, 7, 9, 11, 13, 16)]
    assert close == [False, True, True, True, True, True, False]


def test_which_loops_end_by_themselves():
    def f(z):
        for k in range(3):
            z = z + k
        while z < 9:
            z = z + 1
        for k in range(50):
            z = z + k
            if z > 20:
                break
        return z

    code, first = f.__code__, f.__code__.co_firstlineno
    assert [ends_by_itself(code, first + k) for k in (2, 4, 6, 9)] == [False, True, True, False]
    assert not ends_by_itself(compile("while True: pass", "nowhere", "exec"), 1)


def test_a_search_that_takes_the_largest_step_of_no_rows_is_told():
    forward, _, at_once = newton(1e-12)
    report = audited((forward, at_once), 2, "SE")
    assert report.ok and "a batch of no rows fails in inverse" in report.notes[0]


def test_the_largest_of_no_rows_is_a_note_where_it_is_asked_and_a_mistake_where_it_is_used():
    def inverse(x):
        assert np.abs(x).max() < 1e9
        return x - 1, np.zeros(len(x))

    report = audited((lambda z: (z + 1, np.zeros(len(z))), inverse), 2, "SE")
    assert report.ok and "a batch of no rows fails in inverse" in report.notes[0]
    batch = (lambda z: (z + 0 * z.max(), np.zeros(len(z))), lambda x: (x + 0 * x.max(), np.zeros(len(x))))
    assert audited(batch, 2, "SE").failures[0].letter == "E"


# --- rows of a sample ---


def shifted(x):
    return (x - 1) / 2, np.full(len(x), -len(x.T) * np.log(2.0))


def log_prob(x):
    z, log_det = shifted(x)
    return phi(z) + log_det


def ordered(rng, n):
    x = 1 + 2 * rng.standard_normal((n, 2))
    return x[np.argsort(x[:, 0])]


def antithetic(rng, n):
    z = rng.standard_normal((-(-n // 2), 2))
    return 1 + 2 * np.concatenate([z, -z])[:n]


PAIR = (lambda z: (2 * z + 1, np.full(len(z), len(z.T) * np.log(2.0))), shifted)


@pytest.mark.parametrize("sample", [ordered, antithetic])
def test_draws_that_depend_on_each_other_and_are_right_are_told(sample):
    report = audited(PAIR, 2, "K", sample=sample, log_prob=log_prob)
    assert report.ok
    assert detail(report, "K").startswith("rows of a sample depend on each other (i and i + ")
    assert detail(report, "K").endswith("no other mistake was seen")


@pytest.mark.parametrize(
    "wrong", [lambda x: 1.1 * x, lambda x: np.sort(x, axis=0), lambda x: x[len(x) // 2 :].repeat(2, 0)]
)
def test_draws_that_are_ordered_and_wrong_are_found(wrong):
    report = audited(PAIR, 2, "K", sample=lambda rng, n: wrong(ordered(rng, n)), log_prob=log_prob)
    assert report.failures[0].letter == "K"


# --- kinks ---


def bent_at_0(slope, dtype, claimed=None):
    half, one = np.array([slope, 1.0], dtype)
    said = half if claimed is None else dtype(claimed)

    def both(a, back):
        k = np.where(a < 0, half, one)
        z = np.arcsinh(a / k) if back else a
        log_det = (np.log(np.where(a < 0, said, one)) + np.log(np.cosh(z))).sum(axis=1)
        return (z, -log_det) if back else (k * np.sinh(z), log_det)

    return lambda z: both(z, False), lambda x: both(x, True)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_kink_that_is_right_on_both_sides_is_told(dtype):
    report = audited(bent_at_0(0.5, dtype), 2, "SE", dtype=np.dtype(dtype).name)
    assert report.ok, report
    assert "and is right on both sides: a kink, if one is meant" in detail(report, "E")
    assert audited(bent_at_0(0.5, dtype), 2, "SE", dtype=np.dtype(dtype).name, smooth=False).lines[1].detail == ""
    assert audited(bent_at_0(0.5, dtype, 0.55), 2, "SE", dtype=np.dtype(dtype).name).failures[0].letter == "E"


def steep_tails(slope):
    """sinh(3 z) / 3 between -1 and 1, where its slope is 10, and straight beyond."""
    top = np.sinh(3.0) / 3

    def forward(z):
        inner, over = np.clip(z, -1, 1), np.abs(z) > 1
        log_det = np.where(over, np.log(slope), np.log(np.cosh(3 * inner)))
        return np.sinh(3 * inner) / 3 + slope * (z - inner), log_det.sum(axis=1)

    def inverse(x):
        inner, over = np.clip(x, -top, top), np.abs(x) > top
        z = np.arcsinh(3 * inner) / 3
        log_det = np.where(over, np.log(slope), np.log(np.cosh(3 * z)))
        return z + (x - inner) / slope, -log_det.sum(axis=1)

    return forward, inverse


ON_ONE_LINE = np.sinh(3.0) / 3  # then the tails of steep_tails go through the origin


def scaled(pair):
    """The same, times 1.3, plus 0.2: the layer after a spline in one function."""
    forward, inverse = pair
    log_scale = 2 * np.log(1.3)

    def then(z):
        x, log_det = forward(z)
        return 1.3 * x + 0.2, log_det + log_scale

    def back(x):
        z, log_det = inverse((x - 0.2) / 1.3)
        return z, log_det - log_scale

    return then, back


@pytest.mark.parametrize("layers", [lambda pair: pair, scaled])
def test_a_kink_between_two_tails_of_one_line_is_a_mistake_and_between_others_it_is_told(layers):
    assert audited(layers(steep_tails(ON_ONE_LINE)), 2, "JE").failures[0].letter == "E"
    assert audited(layers(steep_tails(20.0)), 2, "JE").ok


def test_slopes_that_do_not_meet_at_a_knot_between_two_kinds_of_tails_are_told():
    """z^2 / 8 + z + c: between a tail of slope 1/2 and one of slope 2 the last piece ends with slope 1.5."""

    def forward(z):
        inside = (z > -2) & (z < 2)
        x = np.where(inside, z**2 / 8 + z, np.where(z < 0, 0.5 * z - 0.5, 2 * z - 1.5))
        slope = np.where(inside, z / 4 + 1, np.where(z < 0, 0.5, 2.0))
        return x, np.log(slope).sum(axis=1)

    def inverse(x):
        inside = (x > -1.5) & (x < 2.5)
        middle = -4 + np.sqrt(np.where(inside, 16 + 8 * x, 1.0))
        z = np.where(inside, middle, np.where(x < 0, 2 * x + 1, (x + 1.5) / 2))
        return z, -forward(z)[1]

    report = audited((forward, inverse), 1, "SRXJE")
    assert report.ok, report
    assert detail(report, "E").startswith("log_det jumps at z = [2]") or "x = [2.5]" in detail(report, "E")


# --- noise ---


def test_a_slope_that_rounding_makes_is_not_taken_for_the_true_one():
    def log_of_a_difference(z):
        return np.log((1 + np.exp(-z)) - 1), np.zeros(len(z))

    trial = Trial(of_pair(log_of_a_difference, log_of_a_difference, 1), np.array([[20.0], [1.0]]))
    off = -np.log(np.abs(trial.J[:, 0, 0]))
    found = scatter(trial, "forward", np.array([True, True]), off)
    assert found[0] > 1e-5 and found[1] < 1e-8
    assert scatter(trial, "forward", np.array([True, False]), off + 0.02).tolist() == [0.0, 0.0]


def smooth(table):
    """3 sinh(z / 3), with a log_det that a table gives."""
    return (
        lambda z: (3 * np.sinh(z / 3), table(z).sum(axis=1)),
        lambda x: (3 * np.arcsinh(x / 3), -table(3 * np.arcsinh(x / 3)).sum(axis=1)),
    )


@pytest.mark.parametrize(
    "table",
    [
        lambda z: np.log(np.cosh(np.round(z / 3, 3))),
        lambda z: np.round(np.log(np.cosh(z / 3)), 4),
        lambda z: np.log(np.cosh(z / 3)) + 3e-3 * np.sin(2000 * z),
    ],
    ids=["the nearest entry", "four digits", "a ripple"],
)
def test_a_log_det_that_scatters_by_itself_is_wrong(table):
    report = audited(smooth(table), 2, "SRXJ")
    assert [f.letter for f in report.failures] == ["J"]


def test_what_is_excused_by_rounding_is_told():
    def rounded(z):
        return (1e8 + z) - 1e8, np.zeros(len(z))

    rng = np.random.default_rng(3)
    findings = [
        check_jacobian(Trial(of_pair(rounded, rounded, 1), 10 * rng.normal(size=(24, 1)), limit=1e-3), "forward")
        for _ in range(40)
    ]
    told = [finding for finding in findings if finding.why]
    assert told and not any(finding.failed for finding in findings)
    assert "where the slopes of the map scatter: rounding" in told[0].why
