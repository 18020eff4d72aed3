"""Pairs that declare no structure: half of the variables never move in a chain, or a triangle drops a parent."""

import sys

import numpy as np
import pytest

import nfscratch as nf
from nfscratch.check.diagnosis.mistakes import Mistake

DIM = 4
HALF = DIM // 2


def weights(layers=3, seed=0, dim=DIM):
    rng = np.random.default_rng(seed)
    half = dim // 2
    return [(rng.normal(size=(half, 6)), 0.5 * rng.normal(size=(6, 2 * (dim - half)))) for _ in range(layers)]


def conditioner(w, a):
    out = np.tanh(a @ w[0]) @ w[1]
    width = out.shape[1] // 2
    return np.tanh(out[:, :width]), out[:, width:]


# --- chains: turned, each of them moves every variable ---


class Coupling:
    def __init__(self, w):
        self.w = w

    def __call__(self, h):
        s, t = conditioner(self.w, h[:, :HALF])
        return np.concatenate([h[:, :HALF], h[:, HALF:] * np.exp(s) + t], axis=1), s.sum(1)

    def back(self, h):
        s, t = conditioner(self.w, h[:, :HALF])
        return np.concatenate([h[:, :HALF], (h[:, HALF:] - t) * np.exp(-s)], axis=1), -s.sum(1)


class Turn:
    def __call__(self, h):
        return h[:, ::-1], np.zeros(len(h))

    back = __call__


class Stack:
    def __init__(self, layers):
        self.layers = layers

    def __call__(self, h):
        total = 0.0
        for layer in self.layers:
            h, log_det = layer(h)
            total = total + log_det
        return h, total

    def back(self, h):
        total = 0.0
        for layer in reversed(self.layers):
            h, log_det = layer.back(h)
            total = total + log_det
        return h, total


def objects(turned, layers=3):
    parts = [part for w in weights(layers) for part in ((Coupling(w), Turn()) if turned else (Coupling(w),))]
    stack = Stack(parts)
    return stack, stack.back


def closures(turned):
    """Couplings as closures, put one into another without a loop."""

    def layer(w):
        c = Coupling(w)
        flip = (lambda h: h[:, ::-1]) if turned else (lambda h: h)

        def up(h):
            h, log_det = c(h)
            return flip(h), log_det

        return up, lambda h: c.back(flip(h))

    (f, f_back), (g, g_back) = map(layer, weights(2))

    def forward(z):
        h, first = f(z)
        x, second = g(h)
        return x, first + second

    def inverse(x):
        h, first = g_back(x)
        z, second = f_back(h)
        return z, first + second

    return forward, inverse


def halves(turned):
    """One loop, with a half in each of two variables."""
    parameters = weights()

    def forward(z):
        a, b, total = z[:, :HALF], z[:, HALF:], np.zeros(len(z))
        for w in parameters:
            s, t = conditioner(w, a)
            b = b * np.exp(s) + t
            a, b = (b, a) if turned else (a, b)
            total = total + s.sum(1)
        return np.concatenate([a, b], axis=1), total

    def inverse(x):
        a, b, total = x[:, :HALF], x[:, HALF:], np.zeros(len(x))
        for w in reversed(parameters):
            a, b = (b, a) if turned else (a, b)
            s, t = conditioner(w, a)
            b = (b - t) * np.exp(-s)
            total = total - s.sum(1)
        return np.concatenate([a, b], axis=1), total

    return forward, inverse


def masks(turned):
    """One loop with masks, which alternate or do not."""
    layers = [((np.arange(DIM) + (k if turned else 0)) % 2, w) for k, w in enumerate(weights())]

    def terms(mask, w, h):
        s, t = conditioner(w, h[:, mask == 1])
        wide = np.zeros((2, *h.shape))
        wide[0][:, mask == 0], wide[1][:, mask == 0] = s, t
        return wide

    def forward(z):
        h, total = z, np.zeros(len(z))
        for mask, w in layers:
            s, t = terms(mask, w, h)
            h = mask * h + (1 - mask) * (h * np.exp(s) + t)
            total += s.sum(1)
        return h, total

    def inverse(x):
        h, total = x, np.zeros(len(x))
        for mask, w in layers[::-1]:
            s, t = terms(mask, w, h)
            h = mask * h + (1 - mask) * (h - t) * np.exp(-s)
            total -= s.sum(1)
        return h, total

    return forward, inverse


CHAINS = (objects, closures, halves, masks)


def audited(pair, dim=DIM, **options):
    return nf.check.audit(pair, dims=(dim,), changes=False, show=False, **{"letters": "SRXJT", **options})


@pytest.mark.parametrize("chain", CHAINS)
def test_half_of_a_chain_never_moves(chain):
    failures = audited(chain(turned=False)).failures
    assert [failure.mistake for failure in failures] == [Mistake.HALF_NEVER_MOVES]


@pytest.mark.parametrize("chain", CHAINS)
def test_a_chain_that_moves_every_variable_is_not_accused(chain):
    assert audited(chain(turned=True)).ok


def test_two_layers_that_skip_the_last_column_and_turn_leave_two_variables_alone_and_that_is_told():
    class Skipping(Coupling):
        def __call__(self, h):
            x, _ = super().__call__(h)
            s = conditioner(self.w, h[:, :2])[0]
            return np.concatenate([x[:, :-1], h[:, -1:]], axis=1), s[:, :-1].sum(1)

        def back(self, h):
            z, _ = super().back(h)
            s = conditioner(self.w, h[:, :2])[0]
            return np.concatenate([z[:, :-1], h[:, -1:]], axis=1), -s[:, :-1].sum(1)

    stack = Stack([part for w in weights(2, dim=5) for part in (Skipping(w), Turn())])
    report = audited((stack, stack.back), 5)
    assert report.ok
    assert (
        report.lines[-1].detail == 'x_0 is z_0, x_4 is z_4, always: a mistake only where structure="dense" is declared'
    )


# --- one coupling keeps a half, however it is written ---


def one_coupling():
    c = Coupling(weights(1)[0])
    return c, c.back


def by_columns():
    """One column after another, in place."""
    c = Coupling(weights(1)[0])

    def forward(z):
        x = z.copy()
        for j in range(HALF, DIM):
            s, t = conditioner(c.w, x[:, :HALF])
            x[:, j] = x[:, j] * np.exp(s[:, j - HALF]) + t[:, j - HALF]
        return x, s.sum(1)

    return forward, c.back


def in_two_steps():
    """The shift by one function, the scale by another."""
    c = Coupling(weights(1)[0])

    def shift(h):
        return np.concatenate([h[:, :HALF], h[:, HALF:] + conditioner(c.w, h[:, :HALF])[1]], axis=1)

    def scale(h):
        s = conditioner(c.w, h[:, :HALF])[0]
        return np.concatenate([h[:, :HALF], h[:, HALF:] * np.exp(s)], axis=1), s.sum(1)

    def forward(z):
        x, log_det = scale(z)
        return shift(x), log_det

    return forward, c.back


def bent_again_and_again():
    """One coupling whose transformer is three bent lines, one after another in a loop."""
    nets = weights(3)

    def forward(z):
        a, b, total = z[:, :HALF], z[:, HALF:], np.zeros(len(z))
        for w in nets:
            s, _ = conditioner(w, a)
            total = total + np.log(np.exp(s) * (1 + b * b) ** -0.5).sum(1)
            b = np.exp(s) * np.arcsinh(b)
        return np.concatenate([a, b], axis=1), total

    def inverse(x):
        a, b, total = x[:, :HALF], x[:, HALF:], np.zeros(len(x))
        for w in reversed(nets):
            s, _ = conditioner(w, a)
            b = np.sinh(b * np.exp(-s))
            total = total - np.log(np.exp(s) * (1 + b * b) ** -0.5).sum(1)
        return np.concatenate([a, b], axis=1), total

    return forward, inverse


def permuted():
    c, turn = Coupling(weights(1)[0]), Turn()
    stack = Stack([turn, c, turn])
    return stack, stack.back


@pytest.mark.parametrize("pair", [one_coupling, by_columns, in_two_steps, bent_again_and_again, permuted])
def test_one_coupling_is_not_accused(pair):
    assert audited(pair(), radii=(0.3, 1.0)).ok


def test_a_chain_that_refuses_to_be_looked_into_is_not_accused():
    forward, inverse = objects(turned=False)

    def shy(z):
        if sys.gettrace() is not None:
            raise RuntimeError("nobody looks at me")
        return forward(z)

    before = sys.gettrace()
    sys.settrace(None)
    try:
        assert audited((shy, inverse)).ok
    finally:
        sys.settrace(before)


# --- triangles ---


def masked(first, last, dim=6):
    """A masked autoregressive map; first and last say which degrees a unit sees, and is seen by."""
    rng = np.random.default_rng(3)
    degrees, hidden = np.arange(1, dim + 1), 1 + np.arange(24) % (dim - 1)
    inner = rng.normal(size=(dim, 24)) * first(degrees[:, None], hidden)
    outer = [0.3 * rng.normal(size=(24, dim)) * last(hidden[:, None], degrees) for _ in range(2)]

    def network(x):
        h = np.tanh(x @ inner)
        return h @ outer[0], np.tanh(h @ outer[1])

    def inverse(x):
        t, s = network(x)
        return (x - t) * np.exp(-s), -s.sum(1)

    def forward(z):
        x = np.zeros_like(z)
        for i in range(dim):
            t, s = network(x)
            x[:, i] = z[:, i] * np.exp(s[:, i]) + t[:, i]
        return x, network(x)[1].sum(1)

    return forward, inverse


def test_a_mask_that_drops_each_nearest_parent_is_seen():
    failure = audited(masked(np.less, np.less), 6).failures[0]
    assert failure.mistake is Mistake.PARENT_DROPPED and failure.letter == "T"


def test_hidden_degrees_that_stop_one_too_early_are_seen():
    failure = audited(masked(np.less_equal, lambda h, d: (h < d) & (h < 5)), 6).failures[0]
    assert failure.mistake is Mistake.PARENT_DROPPED


@pytest.mark.parametrize("dim", [3, 4, 6])
def test_a_full_triangle_is_not_accused(dim):
    assert audited(masked(np.less_equal, np.less, dim), dim).ok


@pytest.mark.parametrize("zeros", [[(1, 0)], [(2, 1)], [(1, 0), (3, 2)], [(4, 0)], [(4, 2), (4, 3)], [(3, 1), (4, 0)]])
def test_a_triangle_with_other_zeros_is_not_accused(zeros):
    L = np.tril(np.random.default_rng(0).normal(size=(5, 5))) + 3 * np.eye(5)
    for entry in zeros:
        L[entry] = 0.0
    log_det = np.linalg.slogdet(L)[1]
    inverted = np.linalg.inv(L)
    pair = (lambda z: (z @ L.T, np.full(len(z), log_det))), (lambda x: (x @ inverted.T, np.full(len(x), -log_det)))
    assert audited(pair, 5).ok
