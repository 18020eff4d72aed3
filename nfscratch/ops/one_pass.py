"""Generating from a masked network at the price of one pass: units of degree d are computed once, at step d.

An autoregressive model gives x_i from theta_i, and theta_i from x_1 ... x_{i-1}. Asking the whole network D times,
as is usual, computes every unit D times. But a unit of degree d depends on x_1 ... x_d alone: it is final once x_d is
known. With units sorted by degree, step i computes those that have become final, and nothing else:

    for each layer:   h[degree i] = act(W[degree i, :reach] h_before[:reach] + b)                        (1)
    output:           theta_i = W[i, :reach] h[:reach] + b,      x_i = value(i, theta_i)                 (2)

That is every multiplication of one pass, once, in D steps. (Ramachandran et al. 2017, arXiv:1704.06001, keep the
activations of convolutional models in this way.) The steps are thin, so they are taken in blocks of variables: one
product for all that comes from before a block, small ones for what comes from inside.

The derivative is the same problem mirrored. The gradient of x_i is complete once those of all units of higher degree
are; going through i = D ... 1,

    g_x_i     += W_1[degree > i, i]^T g_a_1[degree > i],         g_theta_i = g_value(i, g_x_i)           (3)
    each layer, last to first:   g_a[degree i] = (W_next[degree >= i, degree i]^T g_a_next) act'(a)      (4)

and the gradients of the weights are taken in whole products at the end. Variables are counted from 0 below: the unit
of degree d sees x_0 ... x_{d-1} and the context, and output i counts as degree i.
"""

from __future__ import annotations

import numpy as onp

from nfscratch.ops.dense import ACTIVATIONS, activate
from nfscratch.ops.masked import layer_gradient


class Schedule:
    """Which rows and columns step i and block b touch, for every layer.

    degrees: for every layer, output included, its units' degrees in rising order; n_context: rows before x.
    start[k][d]    the first row of layer k of degree d or more
    usable[k][d]   how many columns a row of degree d sees
    known[k][d]    how many of them are computed when the block that begins at variable d begins
    """

    def __init__(self, degrees, dim: int, n_context: int, block: int | None = None):
        self.dim, self.n_context = dim, n_context
        self.block = block or block_width(dim)
        steps = onp.arange(dim + 1)
        self.start = [onp.searchsorted(d, steps).tolist() for d in degrees]
        self.usable = [(n_context + steps).tolist()]
        self.known = [self.usable[0]]
        for before in degrees[:-1]:
            self.usable.append(onp.searchsorted(before, steps, side="right").tolist())
            self.known.append(onp.searchsorted(before, steps).tolist())

    def blocks(self):
        """Pairs of first and last + 1 variable."""
        return [(i, min(i + self.block, self.dim)) for i in range(0, self.dim, self.block)]


def block_width(dim: int) -> int:
    """Variables in a block: 8 at D = 43, 28 at D = 784."""
    return max(8, round(dim**0.5))


def generate(layers, schedule, context, value, like, activation="relu"):
    """x_i = value(i, theta_i), for i = 0 ... D - 1 in turn, and every layer's units.

    value: theta_i (P, N), a view that stays valid -> (N,). context: (C, N) or None. like: an array whose last axis is
    the batch. Returns [inputs (C + D, N), hidden units ..., theta (D P, N)].
    """
    C, D = schedule.n_context, schedule.dim
    sizes = [C + D, *(len(layer["b"]) for layer in layers)]
    units = [onp.empty_like(like, shape=(size, like.shape[-1])) for size in sizes]
    zeros = onp.zeros_like(like, shape=(1, like.shape[-1]))
    if context is not None:
        units[0][:C] = context
    for first, end in schedule.blocks():
        _from_before(layers, schedule, units, first, end)
        for i in range(first, end):
            for k, layer in enumerate(layers):
                a = _from_inside(layer["W"], schedule, k, units, first, i)
                if k < len(layers) - 1:
                    activate(a, activation, zeros)
            units[0][C + i] = value(i, a)
    return units


def _from_before(layers, schedule, units, first, end):
    """What the units of degree first ... end - 1 get from all that is known when the block begins."""
    for k, layer in enumerate(layers):
        rows, n = slice(schedule.start[k][first], schedule.start[k][end]), schedule.known[k][first]
        a = units[k + 1][rows]
        onp.matmul(layer["W"][rows, :n], units[k][:n], out=a)
        a += layer["b"][rows, None]


def _from_inside(W, schedule, k, units, first, i):
    """The units of degree i of layer k, with what they get from inside the block: pre-activations, in place."""
    rows = slice(schedule.start[k][i], schedule.start[k][i + 1])
    new = slice(schedule.known[k][first], schedule.usable[k][i])
    a = units[k + 1][rows]
    if new.stop > new.start and rows.stop > rows.start:
        a += W[rows, new] @ units[k][new]
    return a


def generate_pullback(layers, schedule, stairs, units, g_x, g_value, activation="relu"):
    """The pullback of `generate`: (gradients of the layers, g_context (C, N), completed g_x (D, N)).

    g_x: (D, N), what reaches x from outside. g_value: i, completed g_x_i (N,) -> g_theta_i (P, N).
    """
    C, slope = schedule.n_context, ACTIVATIONS[activation][1]
    g_units = [onp.empty_like(g_x, shape=u.shape) for u in units]
    g_units[0][C:] = g_x
    for first, end in reversed(schedule.blocks()):
        _from_after(layers, schedule, g_units, first, end)
        for i in reversed(range(first, end)):
            later = slice(schedule.start[0][i + 1], schedule.start[0][end])
            if later.stop > later.start:  # (3)
                g_units[0][C + i] += layers[0]["W"][later, C + i] @ g_units[1][later]
            theta = slice(schedule.start[-1][i], schedule.start[-1][i + 1])
            g_units[-1][theta] = g_value(i, g_units[0][C + i])
            for k in reversed(range(1, len(layers))):  # (4)
                own = slice(schedule.start[k - 1][i], schedule.start[k - 1][i + 1])
                later = slice(schedule.start[k][i], schedule.start[k][end])
                g = g_units[k][own]
                if own.stop > own.start and later.stop > later.start:
                    g += layers[k]["W"][later, own].T @ g_units[k + 1][later]
                g *= slope(units[k][own])
    g_context = layers[0]["W"][:, :C].T @ g_units[1]
    grads = [layer_gradient(stair, g, h) for stair, g, h in zip(stairs, g_units[1:], units[:-1], strict=True)]
    return grads, g_context, g_units[0][C:]


def _from_after(layers, schedule, g_units, first, end):
    """What x and the units of degree first ... end - 1 get from all that is final when the block begins."""
    C = schedule.n_context
    for k, layer in enumerate(layers):
        later = slice(schedule.start[k][end], None)
        if k == 0:
            own = slice(C + first, C + end)
            g_units[0][own] += layer["W"][later, own].T @ g_units[1][later]
        else:
            own = slice(schedule.start[k - 1][first], schedule.start[k - 1][end])
            onp.matmul(layer["W"][later, own].T, g_units[k + 1][later], out=g_units[k][own])
