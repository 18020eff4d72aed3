"""Generating from a masked network at the price of one pass: units of degree d are computed once, at step d.

An autoregressive model gives x_i from theta_i, and theta_i from x_1 ... x_{i-1}. Asking the whole network D times,
as is usual, computes every unit D times. But a unit of degree d depends on x_1 ... x_d alone: it is final once x_d is
known. With units sorted by degree, step i computes those that have become final, and nothing else:

    for each layer:   h[degree i] = act(W[degree i, :reach] h_before[:reach] + b)                        (1)
    output:           theta_i = W[i, :reach] h[:reach] + b,      x_i = value(i, theta_i)                 (2)

That is every multiplication of one pass, once, in D steps. (Ramachandran et al. 2017, arXiv:1704.06001, keep the
activations of convolutional models in this way.) Products of single steps are thin, and slow. So the variables are cut
into blocks, those into smaller ones, and so on. One product gives a block all that it gets from the blocks before it
inside the same larger one.

The derivative is the same problem mirrored. The gradient of x_i is complete once those of all units of higher degree
are; going through i = D ... 1,

    g_x_i     += W_1[degree > i, i]^T g_a_1[degree > i],         g_theta_i = g_value(i, g_x_i)           (3)
    each layer, last to first:   g_a[degree i] = (W_next[degree >= i, degree i]^T g_a_next) act'(a)      (4)

and the gradients of the weights are taken in whole products at the end. Variables are counted from 0 below: the unit
of degree d sees x_0 ... x_{d-1} and the context, and output i counts as degree i.
"""

from __future__ import annotations

import numpy as onp

from nfscratch.ops.activations import ACTIVATIONS
from nfscratch.ops.masked import layer_gradient


class Schedule:
    """The order in which the pieces of every layer's product are computed.

    degrees: for every layer, output included, its units' degrees in rising order; n_context: input rows before x.

    start[k][d]    the first row of layer k of degree d or more
    usable[k][d]   how many columns a row of degree d sees
    known[k][d]    how many of these are computed before step d
    """

    def __init__(self, degrees, dim: int, n_context: int, widths=None):
        self.dim, self.n_context = dim, n_context
        self.widths = block_widths(dim) if widths is None else tuple(widths)
        steps = onp.arange(dim + 1)
        self.start = [onp.searchsorted(d, steps).tolist() for d in degrees]
        self.usable = [(n_context + steps).tolist()]
        self.known = [self.usable[0]]
        for before in degrees[:-1]:
            self.usable.append(onp.searchsorted(before, steps, side="right").tolist())
            self.known.append(onp.searchsorted(before, steps).tolist())

    def rows(self, k, first, end):
        """Layer k's units of degree first ... end - 1."""
        return slice(self.start[k][first], self.start[k][end])

    def columns(self, k, first, end):
        """Layer k's inputs that are computed at steps first ... end - 1; for k = 0 they are x_first ... x_{end-1}."""
        return slice(self.known[k][first], self.known[k][end])

    def seen(self, k, origin, i):
        """The inputs of a unit of degree i that are computed from step `origin` on."""
        return slice(self.known[k][origin], self.usable[k][i])

    def forward(self):
        """(block, origin) in turn: block = (first, end) gets what was computed from `origin` to `first`.

        A block of one variable is a step: its own units are next, and then x.
        """
        return self._blocks(0, self.dim, self.widths, False)

    def backward(self):
        """The mirror image: block gets the gradient of what comes after it, up to `origin`."""
        return self._blocks(0, self.dim, self.widths, True)

    def _blocks(self, first, end, widths, mirrored):
        width, *smaller = widths
        starts = range(first, end, width)
        for start in reversed(starts) if mirrored else starts:
            block = (start, min(start + width, end))
            yield block, end if mirrored else first
            if block[1] - start > 1:
                yield from self._blocks(*block, smaller, mirrored)


def block_widths(dim: int) -> tuple[int, ...]:
    """Widths of blocks in blocks, down to single steps; as measured at D = 43 and at D = 784, 1,000 rows."""
    widths = (256, 64, 16) if dim > 256 else (32, 8)
    return (*(width for width in widths if width < dim), 1)


def generate(layers, schedule, context, value, like, activation="relu"):
    """x_i = value(i, theta_i), for i = 0 ... D - 1 in turn; returns every layer's units, and what slopes need.

    value: theta_i (P, N), a view that stays valid -> (N,). context: (C, N) or None. like: an array whose last axis is
    the batch. activation: a name, or an Activation. Returns units = [inputs (C + D, N), hidden units ..., theta
    (D P, N)] and a list of the same shapes: the arrays that the slopes of hidden units are functions of, which are the
    units themselves or what they had before.
    """
    C, N, act = schedule.n_context, like.shape[-1], ACTIVATIONS.get(activation, activation)
    units = [onp.empty_like(like, shape=(C + schedule.dim, N), order="C")]
    zeros = onp.zeros_like(like, shape=(1, N))
    if context is not None:
        units[0][:C] = context
    for layer in layers:
        units.append(onp.empty_like(like, shape=(len(layer["b"]), N), order="C"))
        units[-1][:] = layer["b"][:, None]
    if C:
        units[1] += layers[0]["W"][:, :C] @ units[0][:C]
    kept = units if act.of_value else [onp.empty_like(a) for a in units]
    for (first, end), origin in schedule.forward():
        if end - first > 1:
            for k, layer in enumerate(layers):
                _add(
                    units[k + 1], layer["W"], units[k], schedule.rows(k, first, end), schedule.columns(k, origin, first)
                )
            continue
        for k, layer in enumerate(layers):  # a step: equations (1) and (2)
            rows, columns = schedule.rows(k, first, end), schedule.seen(k, origin, first)
            _add(units[k + 1], layer["W"], units[k], rows, columns)
            if k < len(layers) - 1:
                if not act.of_value:
                    kept[k + 1][rows] = units[k + 1][rows]
                act.write(kept[k + 1][rows], zeros, units[k + 1][rows])
        units[0][C + first] = value(first, units[-1][rows])
    return units, kept


def _add(a, W, h, rows, columns):
    """a[rows] += W[rows, columns] h[columns]."""
    if rows.stop > rows.start and columns.stop > columns.start:
        part = a[rows]  # (a[rows] += ... would write the sum back once more)
        part += W[rows, columns] @ h[columns]


def generate_pullback(layers, schedule, stairs, units, kept, g_x, g_value, activation="relu"):
    """The pullback of `generate`: (gradients of the layers, g_context (C, N), completed g_x (D, N)).

    g_x: (D, N), what reaches x from outside. g_value: i, completed g_x_i (N,) -> g_theta_i (P, N).
    """
    C, slope = schedule.n_context, ACTIVATIONS[activation].slope
    g_units = [onp.zeros_like(g_x, shape=u.shape, order="C") for u in units]
    g_units[0][C:] = g_x
    for (first, end), origin in schedule.backward():
        if end - first > 1:
            for k, layer in enumerate(layers):
                later, own = schedule.rows(k, end, origin), schedule.columns(k, first, end)
                _add(g_units[k], layer["W"].T, g_units[k + 1], own, later)
            continue
        i, own = first, slice(C + first, C + end)  # a step: equation (3)
        _add(g_units[0], layers[0]["W"].T, g_units[1], own, schedule.rows(0, end, origin))
        g_units[-1][schedule.rows(len(layers) - 1, first, end)] = g_value(i, g_units[0][C + i])
        for k in reversed(range(1, len(layers))):  # (4)
            own = schedule.rows(k - 1, first, end)
            _add(g_units[k], layers[k]["W"].T, g_units[k + 1], own, schedule.rows(k, first, origin))
            g_units[k][own] *= slope(kept[k][own])
    g_context = layers[0]["W"][:, :C].T @ g_units[1]
    ones, layers_of = onp.ones_like(g_x, shape=g_x.shape[1:]), zip(stairs, g_units[1:], units[:-1], strict=True)
    grads = [layer_gradient(stair, g, h, ones) for stair, g, h in layers_of]
    return grads, g_context, g_units[0][C:]
