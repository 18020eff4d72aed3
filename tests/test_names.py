"""A mistake gets its name where the name reproduces its numbers, whatever the style that it is written in."""

import numpy as onp
import pytest
from pairs.coupling import coupling, s_and_t
from pairs.parts import weights
from share import few

import nfscratch as nf
from nfscratch.check import Mistake

LETTERS = "SRXJ"


def named(pair, dims=(5,), letters=LETTERS, **options):
    report = nf.check.audit(pair, dims=dims, letters=letters, changes=False, show=False, **options)
    return report.failures[0].mistake if report.failures else None


# --- log-dets ---


def elementwise(f, back, log_slope, claimed=None):
    """f on every variable. claimed(z, x): what forward says instead of the sum of log f'."""

    def forward(z):
        x = f(z)
        return x, log_slope(z).sum(axis=1) if claimed is None else claimed(z, x)

    def inverse(x):
        z = back(x)
        return z, -log_slope(z).sum(axis=1)

    return forward, inverse


def log_cosh(z):
    return onp.logaddexp(z, -z) - onp.log(2)


def test_a_log_det_at_the_point_that_comes_out_is_named():
    wrong = elementwise(onp.sinh, onp.arcsinh, log_cosh, lambda z, x: log_cosh(x).sum(axis=1))
    assert named(wrong, (2,)) is Mistake.AT_X


@pytest.mark.exhaustive
def test_a_log_det_that_is_not_finite_far_out_is_named_by_the_other_rows():
    naive = elementwise(onp.sinh, onp.arcsinh, log_cosh, lambda z, x: onp.log(onp.cosh(x)).sum(axis=1))
    assert named(naive, (2,)) is Mistake.AT_X


@pytest.mark.parametrize(("of", "mistake"), [("after", Mistake.AT_X), ("before", Mistake.CHANGED_HALF)])
def test_a_network_that_is_given_the_changed_half_is_named(of, mistake):
    forward, inverse = coupling()

    def wrong(z):
        x, _ = forward(z)
        half = (x if of == "after" else z)[:, 2:]
        return x, s_and_t(half, 2)[0].sum(axis=1)

    assert named((wrong, inverse), (4,)) is mistake


def leaky(log_slope):
    """Slope 0.3 below 0."""
    right = lambda z: onp.where(z >= 0, 0.0, onp.log(0.3))  # noqa: E731
    f, back = (lambda z: onp.where(z >= 0, z, 0.3 * z)), (lambda x: onp.where(x >= 0, x, x / 0.3))
    return elementwise(f, back, right, lambda z, x: log_slope(z).sum(axis=1))


@pytest.mark.parametrize("above", [0.0, onp.log(0.3)], ids=["the sign", "the same on both sides"])
def test_one_branch_of_a_leaky_relu_is_named(above):
    assert named(leaky(lambda z: onp.where(z >= 0, above, (-1 if above == 0 else 1) * onp.log(0.3)))) is (
        Mistake.ONE_BRANCH
    )


def softplus_branch(below):
    """A smooth map with two formulas: x = z above 0, e^z - 1 below."""
    f, back = (lambda z: onp.where(z > 0, z, onp.expm1(z))), (lambda x: onp.where(x > 0, x, onp.log1p(x)))
    return elementwise(f, back, lambda z: onp.minimum(z, 0), lambda z, x: onp.where(z > 0, 0, below(z)).sum(axis=1))


def test_one_branch_of_a_smooth_map_is_named():
    wrong = softplus_branch(lambda z: onp.log1p(onp.exp(z)))
    assert named(wrong, (5,), codomain=(-1, onp.inf)) is Mistake.ONE_BRANCH


CLAMPS = {
    "2 tanh(a)": lambda a: 2 * onp.tanh(a),
    "atan": onp.arctan,
    "a / (1 + |a|)": lambda a: a / (1 + onp.abs(a)),
    "a / sqrt(1 + a^2)": lambda a: a / onp.sqrt(1 + a * a),
    "log sigmoid": lambda a: -onp.logaddexp(0, -a - 2),
    "log(sigmoid + 0.1)": lambda a: onp.log(1 / (1 + onp.exp(-a - 2)) + 0.1),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", CLAMPS)
def test_an_unclamped_s_of_several_variables_is_named(name):
    clamp = CLAMPS[name]
    forward, inverse = coupling(clamp=clamp)

    def wrong(z):
        return forward(z)[0], s_and_t(z[:, :2], 3)[0].sum(axis=1)

    assert named((wrong, inverse), (5,)) is Mistake.UNCLAMPED
    assert named(coupling(clamp=clamp, clamp_back=lambda s: s), (5,)) is Mistake.CLAMP_IN_FORWARD


def test_a_straight_line_is_no_clamp():
    forward, inverse = coupling()

    def wrong(z):
        return forward(z)[0], 1.3 * s_and_t(z[:, :2], 3)[0].sum(axis=1) + 0.2

    assert named((wrong, inverse), (5,)) is Mistake.LOG_DET_FORMULA


@pytest.mark.parametrize(("dims", "mistake"), [((2, 5), Mistake.FACTOR_TWO), ((5,), Mistake.MULTIPLIED)])
def test_one_half_is_a_factor_where_no_mean_is_one_half_at_every_dimension(dims, mistake):
    """Of two changed variables alone it may be either."""
    swapped = {"split": lambda z: (z[:, : (z.shape[1] + 1) // 2], z[:, (z.shape[1] + 1) // 2 :])}
    half = coupling(log_det=lambda s: 0.5 * s.sum(axis=1), **swapped)
    assert named(half, dims) is mistake


def test_three_times_a_couplings_log_det_is_no_sum_over_probes():
    assert named(coupling(log_det=lambda s: 3 * s.sum(axis=1)), (2, 5)) is Mistake.MULTIPLIED


def test_the_diagonal_of_a_factor_is_found_in_a_dense_matrix():
    def parts(dim):
        Q, _ = onp.linalg.qr(weights("Q", dim, dim))
        return Q @ (onp.triu(weights("R", dim, dim), 1) + onp.diag(onp.exp(weights("d", dim)))), weights("d", dim)

    def forward(z):
        W, d = parts(z.shape[1])
        return z @ W.T, onp.full(len(z), onp.exp(d).sum())

    def inverse(x):
        W, d = parts(x.shape[1])
        return onp.linalg.solve(W, x.T).T, onp.full(len(x), -d.sum())

    assert named((forward, inverse), (3, 5)) is Mistake.EXP_SUMMED


# --- inverses ---


def scales(dim):
    return onp.exp(weights("scale", dim)), weights("shift", dim)


def shifted_first(back):
    """x = d (z + b), as an ActNorm layer has it."""

    def forward(z):
        d, b = scales(z.shape[1])
        return d * (z + b), onp.full(len(z), onp.log(d).sum())

    def inverse(x):
        d, b = scales(x.shape[1])
        return back(x, d, b), onp.full(len(x), -onp.log(d).sum())

    return forward, inverse


INVERSES = {
    Mistake.WRONG_ORDER: lambda x, d, b: (x - b) / d,
    Mistake.MULTIPLIES: lambda x, d, b: x * d - b,
    Mistake.SHIFT_NOT_UNDONE: lambda x, d, b: x / d,
    Mistake.SCALE_NOT_UNDONE: lambda x, d, b: x - b,
    Mistake.RESCALING: lambda x, d, b: x / d**1.5 - b,
    Mistake.COLUMN_SKIPPED: lambda x, d, b: onp.column_stack([(x / d - b)[:, :-1], x[:, -1]]),
    None: lambda x, d, b: x / d - b,
}


@pytest.mark.parametrize("mistake", INVERSES)
def test_a_shift_before_the_scale_is_looked_at_as_well(mistake):
    assert named(shifted_first(INVERSES[mistake])) is mistake


def bent(back):
    return elementwise(lambda z: z + onp.arctan(z), back, lambda z: onp.log(1 + 1 / (1 + z * z)))


def newton(x, steps):
    z = x
    for _ in range(steps):
        z = z - (z + onp.arctan(z) - x) / (1 + 1 / (1 + z * z))
    return z


def bisection(x, steps):
    low, high = onp.full_like(x, -60.0), onp.full_like(x, 60.0)
    for _ in range(steps):
        middle = 0.5 * (low + high)
        less = middle + onp.arctan(middle) < x
        low, high = onp.where(less, middle, low), onp.where(less, high, middle)
    return 0.5 * (low + high)


@pytest.mark.parametrize("search", [lambda x: newton(x, 1), lambda x: newton(x, 2), lambda x: bisection(x, 12)])
def test_a_search_that_is_cut_short_is_named(search):
    assert named(bent(search), (2,)) is Mistake.TOO_FEW_STEPS


def test_two_points_with_one_image_are_a_fold():
    def forward(z):
        return z - 2 * onp.tanh(z), onp.log(onp.abs(1 - 2 / onp.cosh(z) ** 2)).sum(axis=1)

    def inverse(x):
        low, high = x - 3, x + 3
        for _ in range(60):
            middle = 0.5 * (low + high)
            less = middle - 2 * onp.tanh(middle) < x
            low, high = onp.where(less, middle, low), onp.where(less, high, middle)
        return low, -forward(low)[1]

    assert named((forward, inverse), (2,)) is Mistake.FOLDS


def autoregressive(look=lambda x, z, i: x[:, :i]):
    """x_i = e^s z_i + t of x_<i, one after another; look: what the inverse looks at for s and t."""

    def s_t(v, i):
        a = onp.pad(v, ((0, 0), (0, 5 - v.shape[1])))
        return onp.tanh(a @ weights("As", 5, 5)[i] + 0.3), onp.sin(a @ weights("At", 5, 5)[i] + 0.2)

    def forward(z):
        x, total = onp.zeros_like(z), onp.zeros(len(z))
        for i in range(z.shape[1]):
            s, t = s_t(x[:, : i + 1], i)  # x_i is still 0
            x[:, i], total = onp.exp(s) * z[:, i] + t, total + s
        return x, total

    def inverse(x):
        z, total = onp.zeros_like(x), onp.zeros(len(x))
        for i in range(x.shape[1]):
            s, t = s_t(look(x, z, i), i)
            z[:, i], total = (x[:, i] - t) * onp.exp(-s), total - s
        return z, total

    return forward, inverse


@pytest.mark.exhaustive
def test_an_inverse_that_sees_the_variable_itself_is_named():
    assert named(autoregressive()) is None
    assert named(autoregressive(lambda x, z, i: x[:, : i + 1])) is Mistake.SEES_LATER
    assert named(autoregressive(lambda x, z, i: x), (3,)) is Mistake.SEES_LATER


@pytest.mark.exhaustive
def test_an_inverse_that_looks_at_its_own_result_is_named():
    assert named(autoregressive(lambda x, z, i: z[:, :i])) is Mistake.CHANGED_HALF


def reflections(order):
    def product(x, vectors):
        for v in vectors:
            x = x - 2 * onp.outer(x @ v, v) / (v @ v)
        return x

    def vectors(dim):
        return weights("reflect", 3, dim)

    def stretch(dim):
        return onp.triu(weights("R", dim, dim), 1) + onp.diag(onp.exp(weights("d", dim)))

    def forward(z):
        R = stretch(z.shape[1])
        return product(z @ R.T, vectors(z.shape[1])), onp.full(len(z), weights("d", z.shape[1]).sum())

    def inverse(x):
        y = product(x, vectors(x.shape[1])[::order])
        return onp.linalg.solve(stretch(x.shape[1]), y.T).T, onp.full(len(x), -weights("d", x.shape[1]).sum())

    return forward, inverse


def test_reflections_that_are_undone_in_the_order_of_forward_are_named():
    assert named(reflections(-1)) is None
    assert named(reflections(1)) is Mistake.LAYERS_IN_ORDER


def radial(sign=1.0, turn=lambda x: x):
    """x = z + b / (a + r) (z - c) with the columns turned."""
    a, b = 1.2, 2.5

    def slopes(r):
        return 1 + b / (a + r), 1 + b / (a + r) - b * r / (a + r) ** 2

    def forward(z):
        d = z - 0.3
        across, along = slopes(onp.linalg.norm(d, axis=1))
        return turn(0.3 + d * across[:, None]), (z.shape[1] - 1) * onp.log(across) + onp.log(along)

    def inverse(x):
        d = turn(x) - 0.3
        q = onp.linalg.norm(d, axis=1)
        r = 0.5 * (q - a - b + sign * onp.sqrt((a + b - q) ** 2 + 4 * a * q))
        across, along = slopes(r)
        return 0.3 + d / across[:, None], -((x.shape[1] - 1) * onp.log(across) + onp.log(along))

    return forward, inverse


TURNS = {"in place": lambda x: x, "reversed": lambda x: x[:, ::-1]}


@pytest.mark.parametrize("turn", few(TURNS, ["in place"]))
def test_the_other_root_of_a_radial_layer_is_named(turn):
    turn = TURNS[turn]
    assert named(radial(turn=turn)) is None
    assert named(radial(-1.0, turn)) is Mistake.OTHER_ROOT


# --- splines on (0, 1) ---


def linear_spline(search=None):
    """Five straight pieces from (0, 1) to (0, 1). search: the knots that the inverse looks its bin up in."""
    X, Y = (onp.concatenate([[0.0], onp.cumsum(w) / w.sum()]) for w in (onp.arange(1.0, 6), onp.arange(6.0, 1, -1)))

    def go(v, a, b, knots):
        k = onp.clip(onp.searchsorted(knots, v, side="right") - 1, 0, 4)
        slope = (b[k + 1] - b[k]) / (a[k + 1] - a[k])
        return b[k] + slope * (v - a[k]), onp.log(slope).sum(axis=1)

    return (lambda z: go(z, X, Y, X)), (lambda x: go(x, Y, X, X if search == "z" else Y))


def test_a_linear_spline_that_searches_the_wrong_knots_is_named():
    unit = {"domain": (0, 1), "codomain": (0, 1), "smooth": False}
    assert named(linear_spline(), (2,), **unit) is None
    assert named(linear_spline("z"), (2,), **unit) is Mistake.KNOTS_OF_Z


@pytest.mark.exhaustive
@pytest.mark.parametrize("late", [0.0, 1.0], ids=["zeros", "as they came"])
def test_columns_that_no_pass_has_reached_are_named(late):
    forward, inverse = autoregressive()

    def cut(x):
        z, log_det = inverse(x)
        return onp.column_stack([z[:, :2], late * x[:, 2:]]), log_det

    assert named((forward, cut)) is Mistake.TOO_FEW_PASSES
