"""Moving: curves, velocity fields and solvers of the checks' own, some of them with a mistake in them.

A solver here is Runge and Kutta's method with its numbers as arguments, so that each keyword of `solved` is a mistake.
"""

from __future__ import annotations

import numpy as onp

CURVES = {
    "a = t, b = 1 - t": lambda t: (t, 1 - t, 1.0, -1.0),
    "a = t^2, b = 1 - t^3": lambda t: (t**2, 1 - t**3, 2 * t, -3 * t**2),
    "a = 1.2 sin t, b = 0.8 cos 2t": lambda t: (
        1.2 * onp.sin(t),
        0.8 * onp.cos(2 * t),
        1.2 * onp.cos(t),
        -1.6 * onp.sin(2 * t),
    ),
}


def field(rng, D):
    """A velocity f(y, t) that bends with y and with t, for arrays of shape (D,)."""
    A, B, w = rng.normal(size=(D, D)), 0.7 * rng.normal(size=D), rng.uniform(1, 2, size=D)

    def f(y, t):
        if onp.shape(y) != (D,):
            raise ValueError(f"f takes an array of shape ({D},) and a number; got shape {onp.shape(y)}")
        return onp.tanh(A @ y + B) + onp.cos(w * t) * y + 0.5 * t

    return f


def solved(f, y, t0, t1, steps, *, h=None, start=None, nodes=(0.5, 0.5, 1.0), reach=(0.5, 0.5, 1.0), weights=(1, 2, 2, 1),
           below=6, sources=(0, 1, 2), frozen=False, late=0, extra=0):  # fmt: skip
    """y at t1 by the classical method, as equation (5) has it if no keyword is given."""
    h = (t1 - t0) / steps if h is None else h
    t = t0 if start is None else start
    for k in range(steps + extra):
        now = t + (0 if frozen else (k + late) * h)
        slopes = [f(y, now)]
        for node, far, source in zip(nodes, reach, sources, strict=True):
            slopes.append(f(y + h * far * slopes[source], now + node * h))
        y = y + h / below * sum(w * slope for w, slope in zip(weights, slopes, strict=True))
    return y


def random_network(rng, D, units):
    """theta of the chapter's network: W1 sees z and t."""
    shapes = (units, D + 1), (units,), (D, units), (D,)
    return [rng.normal(size=shape) / shape[-1] ** 0.5 for shape in shapes]


def network(theta, z, t):
    """f(z, t) at one point."""
    W1, b1, W2, b2 = theta
    return W2 @ onp.tanh(W1[:, :-1] @ z + W1[:, -1] * t + b1) + b2


def jacobian(theta, z, t):
    """df/dz at one point, entry by entry."""
    W1, b1, W2, _ = theta
    slope = onp.cosh(W1[:, :-1] @ z + W1[:, -1] * t + b1) ** -2.0
    return onp.einsum("ik,k,kj->ij", W2, slope, W1[:, :-1])


def along_parameters(of, theta):
    """d of(theta) / d theta as one vector, by complex steps: `of` must be made of analytic functions."""
    flat, found = onp.concatenate([a.ravel() for a in theta]), []
    for k in range(len(flat)):
        moved = flat.astype(complex)
        moved[k] += 1e-30j
        found.append(of(_unflat(moved, theta)).imag / 1e-30)
    return onp.array(found)


def _unflat(flat, theta):
    ends = onp.cumsum([a.size for a in theta])
    return [part.reshape(a.shape) for part, a in zip(onp.split(flat, ends[:-1]), theta, strict=True)]
