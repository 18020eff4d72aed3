"""The sigmoidal maps of the checks' own: with 60 digits and no log space, in floats with one mistake, and undone."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as onp

DIGITS = 60


def random_weights(rng, shape):
    """Positive rows that sum to 1."""
    w = rng.uniform(0.3, 1, size=shape)
    return w / w.sum(axis=-1, keepdims=True)


def random_unit(rng, K):
    """w, a, b of one deep sigmoid."""
    return random_weights(rng, K), rng.uniform(0.5, 2.5, size=K), 2 * rng.normal(size=K)


def random_layers(rng, sizes):
    """(u, a, b, w) for each (inputs, units, outputs)."""
    for inputs, units, outputs in sizes:
        u, w = random_weights(rng, (units, inputs)), random_weights(rng, (outputs, units))
        yield u, rng.uniform(0.5, 2.5, size=units), rng.normal(size=units), w


def dense(x, layers):
    """z and log dz/dx of equation (6) at a number x: every sigmoid and every derivative with 60 digits."""
    with localcontext() as context:
        context.prec = DIGITS
        t, dt = [Decimal(float(x))], [Decimal(1)]
        for layer in layers:
            t, dt = _dense_layer(t, dt, *(_decimals(part) for part in layer))
        return float(t[0]), float(dt[0].ln())


def _dense_layer(t, dt, u, a, b, w):
    s = [slope * _dot(row, t) + offset for row, slope, offset in zip(u, a, b, strict=True)]
    ds = [slope * _dot(row, dt) for row, slope in zip(u, a, strict=True)]
    up, down = [1 / (1 + (-one).exp()) for one in s], [1 / (1 + one.exp()) for one in s]
    rise = [p * q * r for p, q, r in zip(up, down, ds, strict=True)]
    sums = [(_dot(row, up), _dot(row, down), _dot(row, rise)) for row in w]
    return [F.ln() - G.ln() for F, G, _ in sums], [dF / (F * G) for F, G, dF in sums]


def _decimals(part):
    return [_decimals(row) if onp.ndim(row) else Decimal(float(row)) for row in part]


def _dot(row, column):
    return sum(a * b for a, b in zip(row, column, strict=True))


def unit(x, w, a, b):
    """z and log dz/dx of equations (2) and (3)."""
    return dense(x, [(onp.ones((len(w), 1)), a, b, w[None])])


def sigmoid(s):
    return 1 / (1 + onp.exp(-s))


def undone(h, z):
    """The x at which h(x) = z, by halving an interval that holds it."""
    low, high = -1e3, 1e3
    for _ in range(200):
        x = 0.5 * (low + high)
        low, high = (x, high) if h(x) < z else (low, x)
    return 0.5 * (low + high)
