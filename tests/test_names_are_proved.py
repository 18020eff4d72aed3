"""A name is given where the numbers prove it, and not where another mistake leaves numbers that only look like it."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.check import Mistake
from nfscratch.check.diagnosis.recorded import Record, replayed


def named(forward, inverse, dim, letters="SRXJ", **options):
    """The first mistake of the audit."""
    report = nf.check.audit((forward, inverse), dims=(dim,), letters=letters, changes=False, show=False, **options)
    return report.failures[0].mistake if report.failures else None


def ones(z, value):
    return onp.full(len(z), float(value))


# --- radial maps ---


def radial(slope=1.0, dim=3):
    """x = c + (1 + 2 / (1 + r)) (z - c)."""
    c = onp.linspace(-0.4, 0.5, dim)

    def log_det(r):
        across = 1 + 2 / (1 + r)
        return (dim - 1) * onp.log(across) + onp.log(across - slope * 2 * r / (1 + r) ** 2)

    def forward(z):
        r = onp.sqrt(((z - c) ** 2).sum(axis=1))
        return c + (z - c) * (1 + 2 / (1 + r))[:, None], log_det(r)

    def inverse(x):
        far = onp.sqrt(((x - c) ** 2).sum(axis=1))
        r = (far - 3 + onp.sqrt((far - 3) ** 2 + 4 * far)) / 2
        return c + (x - c) / (1 + 2 / (1 + r))[:, None], -log_det(r)

    return forward, inverse


@pytest.mark.parametrize("slope, name", [(1.0, None), (0.0, Mistake.RADIAL_SLOPE), (0.5, Mistake.LOG_DET_FORMULA)])
def test_a_radial_log_det_without_the_slope_is_named_and_another_is_not(slope, name):
    assert named(*radial(slope), 3, letters="RXJ", draws=1) is name


def test_a_radial_log_det_is_named_where_two_variables_are_looked_at_too():
    def across_alone(z):
        r = onp.sqrt((z**2).sum(axis=1))
        return z * (1 + 2 / (1 + r))[:, None], z.shape[1] * onp.log(1 + 2 / (1 + r))

    def inverse(x):
        far = onp.sqrt((x**2).sum(axis=1))
        r = (far - 3 + onp.sqrt((far - 3) ** 2 + 4 * far)) / 2
        z = x / (1 + 2 / (1 + r))[:, None]
        return z, -across_alone(z)[1]

    report = nf.check.audit((across_alone, inverse), dims=(2, 3), letters="RXJ", changes=False, show=False)
    assert report.failures[0].mistake is Mistake.RADIAL_SLOPE


# --- autoregressive maps ---

U = onp.triu(onp.random.default_rng(4).normal(size=(4, 4)), 1)


def autoregressive(passes=4, start=0.0, looks_at_argument=False, bias=0.3):
    """x_i = e^s_i z_i + t_i, s and t of z_<i. inverse: so many passes, from start * x."""

    def s_and_t(z):
        return 0.5 * onp.tanh(z @ U + bias), onp.sin(z @ U + bias)

    def forward(z):
        s, t = s_and_t(z)
        return z * onp.exp(s) + t, s.sum(axis=1)

    def inverse(x):
        z = start * x
        for _ in range(passes):
            s, t = s_and_t(x if looks_at_argument else z)
            z = (x - t) * onp.exp(-s)
        return z, -s_and_t(z)[0].sum(axis=1)

    return forward, inverse


def test_a_loop_over_all_variables_that_looks_at_its_argument_has_not_too_few_passes():
    assert named(*autoregressive(looks_at_argument=True), 4, letters="R", draws=1) is Mistake.ON_ARGUMENTS


@pytest.mark.exhaustive
def test_too_few_passes_keep_their_name_where_a_look_at_the_argument_gives_other_numbers():
    assert named(*autoregressive(), 4) is None
    assert named(*autoregressive(passes=2), 4) is Mistake.TOO_FEW_PASSES
    assert named(*autoregressive(passes=2, start=1.0), 4) is Mistake.TOO_FEW_PASSES
    assert named(*autoregressive(passes=2, bias=0.0), 4) is Mistake.NO_UNDOING


def masked(at):
    """An autoregressive inverse in one go, and a forward one by one, whose log_det is evaluated at z or at x."""
    forward, inverse = autoregressive()

    def one_by_one(z):
        x = inverse(z)[0]
        s = 0.5 * onp.tanh((x if at == "x" else z) @ U + 0.3)
        return x, -s.sum(axis=1)

    return one_by_one, lambda x: forward(x)


def test_a_log_det_of_x_that_is_evaluated_at_z_is_named_so():
    assert named(*masked("x"), 4) is None
    assert named(*masked("z"), 4, letters="XJ") is Mistake.AT_Z


# --- chains ---

NETS = onp.random.default_rng(5).normal(size=(3, 2, 2, 2))
ORDERS = onp.array([[2, 0, 3, 1], [1, 2, 3, 0], [3, 0, 1, 2]])


def chain(skips=(), swaps=False, keeps=()):
    """Three couplings, each with a permutation behind it."""

    def s_and_t(k, a):
        return onp.tanh(a @ NETS[k, 0]), onp.sin(a @ NETS[k, 1])

    def forward(z):
        log_det = onp.zeros(len(z))
        for k in range(3):
            a, b = z[:, :2], z[:, 2:]
            s, t = s_and_t(k, a)
            z = onp.hstack([a, b * onp.exp(s) + t])
            log_det = log_det + s.sum(axis=1)
            z = z[:, ORDERS[k]]
        return z, log_det

    def inverse(x):
        log_det = onp.zeros(len(x))
        for k in (2, 1, 0):
            if k in skips:
                continue
            x = x[:, ORDERS[k] if k in keeps else onp.argsort(ORDERS[k])]
            a, b = x[:, :2], x[:, 2:]
            s, t = s_and_t(2 - k if swaps else k, a)
            x = onp.hstack([a, (b - t) * onp.exp(-s)])
            log_det = log_det - s.sum(axis=1)
        return x, log_det

    return forward, inverse


OF_COLUMNS = (Mistake.PERMUTATION, Mistake.HALVES_SWAPPED, Mistake.COLUMN_SKIPPED)


@pytest.mark.exhaustive
@pytest.mark.parametrize("options", [{"skips": (0,)}, {"swaps": True}], ids=["left out", "another network"])
def test_an_order_of_columns_that_does_not_explain_all_layers_is_no_name(options):
    assert named(*chain(**options), 4, letters="R") not in (None, *OF_COLUMNS)


def test_a_permutation_that_is_not_inverted_keeps_its_name():
    assert named(*chain(keeps=(0,)), 4, letters="R") is Mistake.PERMUTATION


def masked_couplings(first):
    """Three couplings with masks that alternate; inverse ends at the layer `first`."""
    masks = (onp.arange(6) + onp.arange(3)[:, None]) % 2
    weights = onp.random.default_rng(6).normal(size=(3, 6, 6))

    def s_and_t(k, z):
        hidden = (z * masks[k]) @ weights[k]
        return onp.tanh(hidden) * (1 - masks[k]), onp.sin(hidden) * (1 - masks[k])

    def forward(z):
        log_det = onp.zeros(len(z))
        for k in range(3):
            s, t = s_and_t(k, z)
            z, log_det = z * onp.exp(s) + t, log_det + s.sum(axis=1)
        return z, log_det

    def inverse(x):
        log_det = onp.zeros(len(x))
        for k in range(2, first - 1, -1):
            s, t = s_and_t(k, x)
            x, log_det = (x - t) * onp.exp(-s), log_det - s.sum(axis=1)
        return x, log_det

    return forward, inverse


def test_a_coupling_that_is_left_out_is_no_column():
    assert named(*masked_couplings(0), 6, letters="R") is None
    assert named(*masked_couplings(1), 6, letters="R") is Mistake.LAYER_NOT_UNDONE


def test_columns_that_forward_does_not_look_at_are_no_changed_half():
    c, s = onp.cos(0.7), onp.sin(0.7)

    def turned(z, s):
        return onp.column_stack([z[:, 0], c * z[:, 1] + s * z[:, 2], s * z[:, 1] + c * z[:, 2]])

    pair = (lambda z: (turned(z, s), ones(z, 0)), lambda x: (turned(x, -s), ones(x, 0)))
    assert named(*pair, 3, letters="R") is not Mistake.CHANGED_HALF


# --- log-dets ---


def wide(factor, dim=10):
    """A scale for each of ten variables. factor: what s is divided by in log_det."""

    def s(z):
        return onp.tanh(z @ onp.triu(onp.ones((dim, dim)), 1)) * onp.linspace(0.5, 1.5, dim)

    def forward(z):
        return z * onp.exp(s(z)), (s(z) / factor).sum(axis=1)

    def inverse(x):
        z = onp.zeros_like(x)
        for _ in range(dim):
            z = x * onp.exp(-s(z))
        return z, -(s(z) / factor).sum(axis=1)

    return forward, inverse


def test_terms_of_many_variables_are_left_out_where_it_is_seen_alone():
    assert named(*wide(onp.linspace(0.5, 1.5, 10)), 10, letters="J") is Mistake.LOG_DET_FORMULA


@pytest.mark.parametrize("kind", ["sum", "mean"])
def test_an_error_in_float32_that_finite_differences_see_is_not_below_them(kind):
    def forward(z):
        s = onp.tanh(z[:, :4]) * z.dtype.type(0.5)
        x = onp.concatenate([z[:, :4], z[:, 4:] * onp.exp(s)], axis=1)
        return x, getattr(s, kind)(axis=1)

    def inverse(x):
        s = onp.tanh(x[:, :4]) * x.dtype.type(0.5)
        return onp.concatenate([x[:, :4], x[:, 4:] * onp.exp(-s)], axis=1), -getattr(s, kind)(axis=1)

    expected = None if kind == "sum" else Mistake.LOG_DET_FORMULA
    assert named(forward, inverse, 8, letters="XJ", dtype="float32") is expected


# --- matrices ---

L = onp.array([[1.0, 0, 0], [0.4, 1, 0], [-0.3, 0.6, 1]])
R = onp.array([[1.4, 0.5, -0.2], [0, -0.7, 0.3], [0, 0, 1.9]])
P = onp.eye(3)[[1, 2, 0]]


def matrix(undo, claimed):
    W = P @ L @ R
    return lambda z: (z @ W.T, claimed(z)), lambda x: (x @ undo.T, -claimed(x))


def test_a_permutation_that_is_done_twice_is_not_left_out():
    size = onp.linalg.slogdet(R)[1]
    twice = onp.linalg.inv(L @ R) @ P
    absent = onp.linalg.inv(L @ R)
    assert named(*matrix(twice, lambda z: ones(z, size)), 3, letters="R") is Mistake.PERMUTATION
    assert named(*matrix(absent, lambda z: ones(z, size)), 3, letters="R") is Mistake.P_LEFT_OUT


def test_a_matrix_that_is_not_factorised_has_no_diagonal_of_l():
    W = P @ L @ R
    back = onp.linalg.inv(W)
    whole = (lambda z: (z @ W.T, ones(z, 0)), lambda x: (x @ back.T, ones(x, 0)))
    assert named(*whole, 3, letters="J") is Mistake.ALWAYS_ZERO

    def of_l(z):
        return ones(z, onp.log(onp.diag(L)).sum())

    assert named(*matrix(back, of_l), 3, letters="J") is Mistake.DIAGONAL_OF_L


# --- what a look leaves behind ---


def test_a_look_leaves_the_variables_of_enclosing_functions_as_they_were():
    def turned(c):
        def forward(z):
            x = z * c
            return x, onp.full(len(z), onp.log(c))

        return forward

    forward, z = turned(onp.float64(2.0)), onp.ones((3, 1))
    record, seen = Record(forward, z), []

    def raise_all(variables):
        seen.extend(variables)
        variables.update({name: 5 * value for name, value in variables.items()})

    y, _ = replayed(forward, z, {record.lives[0].places[0]: raise_all})
    assert seen == ["z"] and y.max() == 10.0
    assert forward(z)[0].max() == 2.0


def test_a_solver_that_reads_the_other_triangle_undoes_the_diagonal_alone():
    L = onp.array([[1.5, 0.0, 0.0], [0.4, 0.8, 0.0], [-0.6, 0.9, 1.2]])

    def forward(z):
        return z @ L.T + 0.3, onp.full(len(z), onp.log(onp.diag(L)).sum())

    def inverse(x):
        return (x - 0.3) / onp.diag(L), onp.full(len(x), -onp.log(onp.diag(L)).sum())

    assert named(forward, inverse, 3) is Mistake.DIAGONAL_UNDONE


def test_a_permutation_that_is_undone_last_is_not_said_to_be_left():
    order = onp.array([3, 0, 2, 1])
    weights = onp.random.default_rng(2).normal(size=(2, 2))

    def forward(z):
        x = onp.concatenate([z[:, :2], z[:, 2:] + onp.tanh(z[:, :2] @ weights)], axis=1)
        return x[:, order], onp.zeros(len(z))

    def inverse(x):
        z = onp.concatenate([x[:, :2], x[:, 2:] - onp.tanh(x[:, :2] @ weights)], axis=1)
        return z[:, onp.argsort(order)], onp.zeros(len(x))

    assert named(forward, inverse, 4) in (Mistake.PERMUTATION_LATE, Mistake.LAYERS_IN_ORDER)


def test_a_function_that_calls_itself_first_and_undoes_then_is_told():
    rng = onp.random.default_rng(6)
    layers = [(rng.normal(size=3) * 0.6, rng.permutation(4)) for _ in range(4)]

    def push(z, rest):
        if not rest:
            return z, onp.zeros(len(z))
        (w, order), *tail = rest
        s = onp.tanh(z[:, :3] @ w)
        x, log_det = push(onp.column_stack([z[:, :3], z[:, 3] * onp.exp(s)])[:, order], tail)
        return x, log_det + s

    def pull(x, rest):
        if not rest:
            return x, onp.zeros(len(x))
        (w, order), *tail = rest
        y = x[:, onp.argsort(order)]
        s = onp.tanh(y[:, :3] @ w)
        z, log_det = pull(onp.column_stack([y[:, :3], y[:, 3] * onp.exp(-s)]), tail)
        return z, log_det - s

    assert named(lambda z: push(z, layers), lambda x: pull(x, layers), 4) is Mistake.LAYERS_IN_ORDER
