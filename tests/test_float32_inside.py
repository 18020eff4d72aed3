"""Maps of float64 whose networks compute in float32: the right ones are not accused, and mistakes are still caught."""

import numpy as np
import pytest

import nfscratch as nf

DIM = 4
HALF = DIM // 2
RNG = np.random.default_rng(5)
W = [(RNG.normal(size=(HALF, 8)), 0.6 * RNG.normal(size=(8, 2 * HALF))) for _ in range(3)]
FULL = [RNG.normal(size=(DIM, 10)), 0.4 * RNG.normal(size=(10, 2 * DIM))]


def network(w, a):
    """As a network on a graphics card computes it, and gives it back."""
    first, second = (m.astype(np.float32) for m in w)
    return (np.tanh(a.astype(np.float32) @ first) @ second).astype(np.float64)


def coupling(bug=None):
    """One affine coupling."""

    def terms(a):
        out = network(W[0], a)
        return np.tanh(out[:, :HALF]), out[:, HALF:]

    def forward(z):
        s, t = terms(z[:, :HALF])
        return np.concatenate([z[:, :HALF], z[:, HALF:] * np.exp(s) + t], axis=1), s.sum(1)

    def inverse(x):
        s, t = terms(x[:, HALF:] if bug == "half" else x[:, :HALF])
        b = x[:, HALF:] * np.exp(-s) - t if bug == "order" else (x[:, HALF:] - t) * np.exp(-s)
        return np.concatenate([x[:, :HALF], b], axis=1), s.sum(1) if bug == "sign" else -s.sum(1)

    return forward, inverse


def chain(bug=None):
    """Three of them, turned: each network sees a rounded result of another."""

    def up(w, h):
        out = network(w, h[:, :HALF])
        s, t = np.tanh(out[:, :HALF]), out[:, HALF:]
        return np.concatenate([h[:, HALF:] * np.exp(s) + t, h[:, :HALF]], axis=1), s

    def down(w, h):
        out = network(w, h[:, HALF:])
        s, t = np.tanh(out[:, :HALF]), out[:, HALF:]
        return np.concatenate([h[:, HALF:], (h[:, :HALF] - t) * np.exp(-s)], axis=1), s

    def forward(z):
        total = np.zeros(len(z))
        for w in W:
            z, s = up(w, z)
            total = total + (s.mean(1) if bug == "mean" else s.sum(1))
        return z, total

    def inverse(x):
        total = np.zeros(len(x))
        for w in W if bug == "in order" else W[::-1]:
            x, s = down(w, x)
            total = total - s.sum(1)
        return x, total

    return forward, inverse


def autoregressive(bug=None):
    """A masked one, whose forward goes variable by variable."""
    degrees, hidden = np.arange(1, DIM + 1), 1 + np.arange(10) % (DIM - 1)
    sees = np.less_equal if bug == "itself" else np.less
    masks = degrees[:, None] <= hidden, np.tile(sees(hidden[:, None], degrees), 2)

    def terms(x):
        out = network([w * m for w, m in zip(FULL, masks, strict=True)], x)
        return np.tanh(out[:, :DIM]), out[:, DIM:]

    def inverse(x):
        s, t = terms(x)
        return (x - t) * np.exp(-s), (s if bug == "sign" else -s).sum(1)

    def forward(z):
        x = np.zeros_like(z)
        for i in range(DIM):
            s, t = terms(x)
            x[:, i] = z[:, i] * np.exp(s[:, i]) + t[:, i]
        return x, terms(x)[0].sum(1)

    return forward, inverse


def additive(bug=None):
    """A shift alone, and a scale of its own for every variable."""
    a = 0.3 * np.arange(DIM) - 0.4

    def forward(z):
        h = z * np.exp(a)
        t = network(W[1], h[:, :HALF])[:, :HALF]
        return np.concatenate([h[:, :HALF], h[:, HALF:] + t], axis=1), np.full(len(z), a.sum())

    def inverse(x):
        t = network(W[1], x[:, :HALF])[:, :HALF]
        h = np.concatenate([x[:, :HALF], x[:, HALF:] + (t if bug == "adds" else -t)], axis=1)
        return h * np.exp(-a), np.full(len(x), -a[:HALF].sum() if bug == "left out" else -a.sum())

    return forward, inverse


def audited(pair):
    return nf.check.audit(pair, dims=(DIM,), changes=False, show=False)


RIGHT = [chain, autoregressive, *(pytest.param(pair, marks=pytest.mark.exhaustive) for pair in (coupling, additive))]
WRONG = [(coupling, "sign"), (additive, "left out")]
MORE = [
    (chain, "mean"),
    (autoregressive, "sign"),
    (coupling, "half"),
    (coupling, "order"),
    (chain, "in order"),
    (autoregressive, "itself"),
    (additive, "adds"),
]


@pytest.mark.parametrize("pair", RIGHT)
def test_a_right_map_is_not_accused(pair):
    assert audited(pair()).ok


@pytest.mark.parametrize("pair, bug", [*WRONG, *(pytest.param(*case, marks=pytest.mark.exhaustive) for case in MORE)])
def test_a_mistake_is_caught(pair, bug):
    assert audited(pair(bug)).failures


def test_a_small_dependence_on_the_batch_is_still_caught():
    forward, inverse = coupling()

    def together(z):
        x, log_det = forward(z)
        return x + 1e-4 * np.mean(z, axis=0) if len(z) > 1 else x, log_det

    assert "I" in [
        failure.letter
        for failure in nf.check.audit((together, inverse), dims=(DIM,), changes=False, show=False).failures
    ]
