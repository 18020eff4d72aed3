"""Inverses that are wrong get the name that reproduces their numbers, and correct maps that overflow get none."""

import numpy as onp
import pytest
from pairs.parts import weights

import nfscratch as nf
from nfscratch.check import Mistake
from nfscratch.check.letters.edges import check_edges
from nfscratch.check.pairs import of_pair
from nfscratch.check.trial import Trial


def named(pair, dims=(5,), letters="SIRXJO", **options):
    report = nf.check.audit(pair, dims=dims, letters=letters, changes=False, show=False, **options)
    return report.failures[0].mistake if report.failures else None


def cubic(undo, search=None):
    """x = e^s (z + 0.4 z^3) + t."""

    def parts(dim):
        return onp.exp(0.4 * weights("s", dim)), weights("t", dim)

    def log_det(z):
        return (onp.log1p(1.2 * z**2) + onp.log(parts(z.shape[1])[0])).sum(axis=1)

    def forward(z):
        d, t = parts(z.shape[1])
        return d * (z + 0.4 * z**3) + t, log_det(z)

    def inverse(x):
        z = (search or bisection)(undo(x, *parts(x.shape[1])))
        return z, -log_det(z)

    return forward, inverse


def bisection(v, halvings=80):
    low, high = -onp.abs(v), onp.abs(v)
    for _ in range(halvings):
        middle = 0.5 * (low + high)
        below = middle + 0.4 * middle**3 < v
        low, high = onp.where(below, middle, low), onp.where(below, high, middle)
    return 0.5 * (low + high)


def one_newton_step(v):
    z = onp.cbrt(v / 0.4)
    return z - (z + 0.4 * z**3 - v) / (1 + 1.2 * z**2)


AFFINE = {
    None: lambda x, d, t: (x - t) / d,
    Mistake.WRONG_ORDER: lambda x, d, t: x / d - t,
    Mistake.SHIFT_NOT_UNDONE: lambda x, d, t: x / d,
    Mistake.SCALE_NOT_UNDONE: lambda x, d, t: x - t,
    Mistake.MULTIPLIES: lambda x, d, t: (x - t) * d,
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("mistake", AFFINE)
def test_the_affine_part_of_a_bent_map_is_looked_at(mistake):
    assert named(cubic(AFFINE[mistake]), (2,), letters="SR") is mistake


@pytest.mark.exhaustive
@pytest.mark.parametrize("search", [one_newton_step, lambda v: bisection(v, 8)], ids=["Newton", "bisection"])
def test_a_search_from_a_place_of_its_own_that_stops_early_is_named(search):
    assert named(cubic(AFFINE[None], search), letters="SR") is Mistake.TOO_FEW_STEPS


KNOTS_Z, KNOTS_X = onp.array([0.0, 0.2, 0.5, 1.0]), onp.array([0.0, 0.45, 0.6, 1.0])


def straight_pieces(times):
    slopes = onp.diff(KNOTS_X) / onp.diff(KNOTS_Z)

    def forward(z):
        i = onp.clip(onp.searchsorted(KNOTS_Z, z, side="right") - 1, 0, 2)
        return KNOTS_X[i] + (z - KNOTS_Z[i]) * slopes[i], onp.log(slopes[i]).sum(axis=1)

    def inverse(x):
        i = onp.clip(onp.searchsorted(KNOTS_X, x, side="right") - 1, 0, 2)
        way = slopes[i] if times else 1 / slopes[i]
        return KNOTS_Z[i] + (x - KNOTS_X[i]) * way, -onp.log(slopes[i]).sum(axis=1)

    return forward, inverse


def test_slopes_of_straight_pieces_that_multiply_are_named():
    options = {"domain": (0, 1), "codomain": (0, 1), "smooth": False}
    assert named(straight_pieces(True), letters="SR", **options) is Mistake.MULTIPLIES
    assert named(straight_pieces(False), **options) is None


def test_an_argument_that_is_clipped_on_two_different_sides_is_named():
    def forward(z):
        x = 1 / (1 + onp.exp(-z))
        return x, (onp.log(x) + onp.log1p(-x)).sum(axis=1)

    def inverse(x):
        x = onp.clip(x, 0.2, 0.9)
        return onp.log(x) - onp.log1p(-x), -(onp.log(x) + onp.log1p(-x)).sum(axis=1)

    assert named((forward, inverse), letters="SR", codomain=(0, 1)) is Mistake.CLIPS_ARGUMENT


def test_a_column_that_is_never_read_is_named():
    def forward(z):
        x = 2 * z
        x[:, -1] = 0
        return x, onp.full(len(z), 4 * onp.log(2.0))

    def inverse(x):
        return 0.5 * x, onp.full(len(x), -4 * onp.log(2.0))

    assert named((forward, inverse), letters="O") is Mistake.COLUMN_SKIPPED


def test_a_result_that_is_kept_from_an_earlier_call_is_named():
    kept = {}

    def forward(z):
        s = kept.setdefault(len(z), onp.tanh(z[:, :2]))
        return onp.column_stack([z[:, :2], z[:, 2:4] * onp.exp(s)]), s.sum(axis=1)

    def inverse(x):
        s = onp.tanh(x[:, :2])
        return onp.column_stack([x[:, :2], x[:, 2:4] * onp.exp(-s)]), -s.sum(axis=1)

    assert named((forward, inverse), (4,), letters="I") is Mistake.DEPENDS_ON_CALLS


def test_a_transpose_does_not_multiply():
    W = onp.array([[1.0, 0.4, -0.3], [0.2, 1.5, 0.6], [-0.5, 0.1, 0.8]])
    log_det = onp.linalg.slogdet(W)[1]

    def forward(z):
        return z @ W.T, onp.full(len(z), log_det)

    assert named((forward, lambda x: (x @ W, onp.full(len(x), -log_det))), (3,), letters="SR") is Mistake.NO_UNDOING
    assert named((forward, lambda x: (x @ W.T + 1, onp.full(len(x), -log_det))), (3,)) is not Mistake.MULTIPLIES


def steep_chain(wrong=False, layers=16):
    """Couplings whose inverse grows from layer to layer until float32 overflows. wrong: a NaN without any growth."""
    one, lift = onp.float32(1.0), onp.float32(2.0)

    def log_scale(a):
        return -onp.logaddexp(-a, 0 * one) * one

    def forward(z):
        x, log_det = z, onp.zeros(len(z), z.dtype)
        for _ in range(layers):
            s = log_scale(lift * x[:, :1])
            x = onp.concatenate([x[:, :1], x[:, 1:] * onp.exp(s) + x[:, :1]], axis=1)[:, ::-1]
            log_det = log_det + s[:, 0]
        return x, log_det

    def inverse(x):
        z, log_det = onp.where(x > 5, onp.nan, x) if wrong else x, onp.zeros(len(x), x.dtype)
        for _ in range(layers):
            z = z[:, ::-1]
            s = log_scale(lift * z[:, :1])
            z = onp.concatenate([z[:, :1], (z[:, 1:] - z[:, :1]) * onp.exp(-s)], axis=1)
            log_det = log_det - s[:, 0]
        return z, log_det

    return forward, inverse


@pytest.mark.parametrize("wrong", [False, True])
def test_numbers_that_leave_the_range_of_float32_are_no_fault_of_an_edge(wrong):
    subject = of_pair(*steep_chain(wrong), 2, dtype="float32")
    z = onp.random.default_rng(0).normal(size=(24, 2)).astype("float32")
    with onp.errstate(all="ignore"):
        assert check_edges(Trial(subject, z), onp.random.default_rng(1)).failed is wrong


@pytest.mark.parametrize(("clipped", "mistake"), [
    (lambda z: onp.clip(z, -1.5, 1.5), Mistake.CLIPS_ARGUMENT),
    (lambda z: onp.minimum(z, 1.25), Mistake.CLIPS_ARGUMENT),
    (lambda z: onp.clip(0.737 * z, -1.0, 1.0) / 0.737, Mistake.STANDS_STILL),
])  # fmt: skip
def test_a_forward_that_clips_its_argument_first(clipped, mistake):
    turn = onp.linalg.qr(onp.random.default_rng(3).normal(size=(3, 3)))[0]

    def forward(z):
        return (2.3 * clipped(z)) @ turn.T, onp.full(len(z), 3 * onp.log(2.3))

    def inverse(x):
        return x @ turn / 2.3, onp.full(len(x), -3 * onp.log(2.3))

    assert named((forward, inverse), dims=(3,), letters="SR") is mistake


@pytest.mark.parametrize(("share", "is_half"), [(0.5, True), (0.5001, False), (2.0, True), (1.9997, False)])
def test_a_constant_log_det_that_is_half_of_it_by_chance(share, is_half):
    turn = onp.linalg.qr(onp.random.default_rng(3).normal(size=(4, 4)))[0]
    scale = onp.array([0.7, 1.3, 2.1, 0.9])
    log_det = onp.log(scale).sum()

    def forward(z):
        return (scale * z) @ turn, onp.full(len(z), share * log_det)

    def inverse(x):
        return x @ turn.T / scale, onp.full(len(x), -share * log_det)

    assert (named((forward, inverse), dims=(4,), letters="SRXJ") is Mistake.FACTOR_TWO) == is_half
