"""Faint: pairs of functions that are nearly something else, by a size eps.

A look asks whether a number is below 1e-7, or above 1e-3. Most maps leave no doubt, so that 2e-7 would do as well. Here
what it asks of is as large as eps, in some rows a little more, in others less.
"""

from __future__ import annotations

import numpy as np

DIM = 4
RNG = np.random.default_rng(11)
A, B = RNG.normal(size=(2, 5)), RNG.normal(size=(5, 4)) * 0.4
M = RNG.normal(size=(DIM, DIM))
TURN = np.array([2, 3, 1, 0])
SCALE = np.array([0.4, -0.3, 0.2, 0.5])


def net(h):
    out = np.tanh(h @ A) @ B
    return out[:, :2], out[:, 2:]


def coupled(eps):
    """A coupling of faint scale and shift, whose inverse multiplies."""

    def go(a, back):
        s, t = (eps * v for v in net(a[:, :2]))
        moved = (a[:, 2:] - t) * np.exp(s) if back else a[:, 2:] * np.exp(s) + t
        return np.concatenate([a[:, :2], moved], axis=1), (-s if back else s).sum(axis=1)

    return lambda z: go(z, False), lambda x: go(x, True)


def shifted(eps):
    """A coupling whose shift alone is faint, and not undone."""

    def forward(z):
        s, t = net(z[:, :2])
        return np.concatenate([z[:, :2], z[:, 2:] * np.exp(s) + eps * t], axis=1), s.sum(axis=1)

    def inverse(x):
        s, _ = net(x[:, :2])
        return np.concatenate([x[:, :2], x[:, 2:] * np.exp(-s)], axis=1), -s.sum(axis=1)

    return forward, inverse


def mixed(eps):
    """A diagonal matrix and faint others, with the log-det and the inverse of the diagonal alone."""
    W = np.diag(np.exp(SCALE)) + eps * M
    return (
        lambda z: (z @ W.T, np.full(len(z), SCALE.sum())),
        lambda x: (x * np.exp(-SCALE), np.full(len(x), -SCALE.sum())),
    )


def bent(eps):
    """x = e^s z + eps sin(z), with one step of an iteration for an inverse."""

    def log_det(z):
        return np.log(np.exp(SCALE) + eps * np.cos(z)).sum(axis=1)

    def inverse(x):
        z = (x - eps * np.sin(x * np.exp(-SCALE))) * np.exp(-SCALE)
        return z, -log_det(z)

    return lambda z: (z * np.exp(SCALE) + eps * np.sin(z), log_det(z)), inverse


def turned(eps):
    """A permutation that mixes a little, and is not undone."""

    def forward(z):
        return z[:, TURN] + eps * np.tanh(z), np.zeros(len(z))

    return forward, lambda x: (x - eps * np.tanh(x[:, np.argsort(TURN)]), np.zeros(len(x)))


def claimed(eps):
    """A coupling that is right but for a faint term of its log-det."""

    def forward(z):
        s, t = net(z[:, :2])
        off = eps * (1 + 0.3 * np.sin(z[:, 3]))
        return np.concatenate([z[:, :2], z[:, 2:] * np.exp(s) + t], axis=1), s.sum(axis=1) * (1 + off) + off

    def inverse(x):
        s, t = net(x[:, :2])
        return np.concatenate([x[:, :2], (x[:, 2:] - t) * np.exp(-s)], axis=1), -s.sum(axis=1)

    return forward, inverse


def missed(eps):
    """An autoregressive map of faint dependence, whose inverse makes one pass."""
    L = np.tril(M, -1)

    def forward(z):
        s = eps * np.tanh(z @ L.T)
        return z * np.exp(s) + 0.5 * s, s.sum(axis=1)

    def inverse(x):
        s = eps * np.tanh(x @ L.T)
        return (x - 0.5 * s) * np.exp(-s), -s.sum(axis=1)

    return forward, inverse


def returned(eps):
    """The right inverse, and a faint error in one column."""
    forward, inverse = claimed(0.0)

    def off(x):
        z, log_det = inverse(x)
        z[:, 3] += eps * (1 + 0.3 * np.cos(z[:, 0]))
        return z, log_det

    return forward, off


def kinked(eps):
    """Slopes that change by eps at 0, with the branches of the log-det the wrong way round."""

    def slope(v):
        return np.where(v > 0, 1.2 + eps, 1.2)

    def inverse(x):
        return x / slope(x), -np.log(slope(x)).sum(axis=1)

    return lambda z: (z * slope(z), np.log(slope(-z)).sum(axis=1)), inverse


def clamped(eps):
    """A clamp that cuts a little off, in forward only."""

    def forward(z):
        s, t = net(z[:, :2])
        s = s - eps * np.tanh(s) ** 3
        return np.concatenate([z[:, :2], z[:, 2:] * np.exp(s) + t], axis=1), s.sum(axis=1)

    def inverse(x):
        s, t = net(x[:, :2])
        return np.concatenate([x[:, :2], (x[:, 2:] - t) * np.exp(-s)], axis=1), -s.sum(axis=1)

    return forward, inverse


MAPS = (coupled, shifted, mixed, bent, turned, claimed, missed, returned, kinked, clamped)
SIZES = (1.4e-10, 1.4e-9, 1.4e-8, 1.4e-7, 1.4e-6, 1.4e-5, 1.4e-4, 1.4e-3, 1.4e-2, 0.14)
FAINT = {f"{make.__name__} {eps:g}": (make, eps) for make in MAPS for eps in SIZES}
