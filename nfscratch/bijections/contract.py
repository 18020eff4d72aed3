"""The contract of every invertible map, and the sign convention. Said once, kept everywhere:

    z is noise, x is data.
    forward:  x, log_det = forward(params, z)      the generative direction,  z -> x
    inverse:  z, log_det = inverse(params, x)      the normalizing direction, x -> z

Each direction returns log|det J| *of the map that it just applied*. With a base density p_Z that gives

    log p(x) = log p_Z(z) + log_det        after  z, log_det = inverse(params, x)
    log p(x) = log p_Z(z) - log_det        after  x, log_det = forward(params, z)

Shapes: z and x are (N, D), or (N, C, H, W) for images; log_det is (N,); context is (N, C).

Parameters are trees of arrays, passed in explicitly; a Bijection holds sizes, masks and permutations, never anything
that is trained. `forward_vjp` and `inverse_vjp` return a pullback beside the result:

    x, log_det, pullback = forward_vjp(params, z)
    g_params, g_z, g_context = pullback(g_x, g_log_det)

that is the vector-Jacobian product of both results at once. The default traces the plain method with autograd, so a
layer is complete without one; a fast layer writes down the derivative that its chapter derives. `forward_value` and
`inverse_value` are for raw arrays alone: the same numbers, with nothing kept for a pullback.
Memory is batch-last: an (N, D) array is the transposed view of a contiguous (D, N) one, so `x.T` costs nothing. Images
(N, C, H, W) are a view of (C, H, W, N) in the same way (ops/events.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import autograd.numpy as np
import numpy as onp

from nfscratch import autodiff
from nfscratch.autodiff.boxes import raw
from nfscratch.ops.intervals import REALS, BetweenIntervals
from nfscratch.typed_fields import TypedFields

KERNELS = {
    "forward": ("forward_vjp", "forward_value", "jacobian", "transposed_solve", "stack_vjp", "stack_value"),
    "inverse": ("inverse_vjp", "inverse_value"),
}


@dataclass(frozen=True, eq=False)
class Bijection(BetweenIntervals, TypedFields):
    """An invertible map between arrays of shape (N, *in_shape) and (N, *out_shape)."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        autodiff.drop_stray_kernels(cls, KERNELS)

    # Traits. A leaf states its own; a wrapper derives all of them from what it holds (traits.py).
    context_dim = 0  # how many context numbers per row the map is conditioned on
    jacobian_structure = "dense"  # "identity", "diagonal", "permutation", "triangular", "block triangular", ...
    forward_cost = "one pass"  # or "sequential" (one pass per dimension), or "iterative" (a search)
    inverse_cost = "one pass"
    updates = False  # whether `update` does anything,
    update_sees_data = property(lambda self: self.updates)  # and whether it looks at x, as running statistics do
    data_side_only = False  # its statistics are of x, so that Inverse must not turn it around
    stochastic = False  # whether an rng makes log_det an unbiased estimate; with rng=None it is always deterministic
    smooth = True  # whether log_det is continuous in z
    accuracy = 0.0  # how far a direction may be off beyond rounding, relative to max(1, |x|): the tolerance of a solver
    domain = REALS  # the interval that forward takes, in every variable, and
    codomain = REALS  # the one that it reaches; outside: ValueError or density 0, never NaN. None: not known

    stack_vjp = stack_value = None  # forward of K such layers at once, where a class has it (stack.py)

    @property
    def in_shape(self) -> tuple[int, ...]:
        """Event shape of z."""
        raise NotImplementedError(f"{type(self).__name__} does not say its in_shape")

    @property
    def out_shape(self) -> tuple[int, ...]:
        """Event shape of x."""
        return self.in_shape

    def init(self, rng, x=None, context=None):
        """Fresh parameters. `x`: a batch of data on this layer's x side, for layers that look at data (ActNorm)."""
        return {}

    def forward(self, params, z, context=None, rng=None):
        """x = g(z) and log|det dg/dz|: (N, *in_shape) -> (N, *out_shape), (N,)."""
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def inverse(self, params, x, context=None, rng=None):
        """z = g^-1(x) and log|det dg^-1/dx|: (N, *out_shape) -> (N, *in_shape), (N,)."""
        raise NotImplementedError(f"{type(self).__name__} has no inverse")

    def forward_vjp(self, params, z, context=None, rng=None):
        """x, log_det, and pullback(g_x, g_log_det) -> g_params, g_z, g_context."""
        return _traced_vjp(self.forward, params, z, context, rng)

    def inverse_vjp(self, params, x, context=None, rng=None):
        """z, log_det, and pullback(g_z, g_log_det) -> g_params, g_x, g_context."""
        return _traced_vjp(self.inverse, params, x, context, rng)

    def forward_value(self, params, z, context=None, rng=None):
        """x and log_det of raw arrays, by the faster road; no arrays are kept for a pullback. A wrapper hands it on."""
        if type(self).forward_vjp is Bijection.forward_vjp:  # no kernel of its own
            return self.forward(params, z, context, rng)
        return self.forward_vjp(params, z, context, rng)[:2]

    def inverse_value(self, params, x, context=None, rng=None):
        """z and log_det of raw arrays, by the faster road; no arrays are kept for a pullback."""
        if type(self).inverse_vjp is Bijection.inverse_vjp:
            return self.inverse(params, x, context, rng)
        return self.inverse_vjp(params, x, context, rng)[:2]

    def jacobian(self, params, z, context=None):
        """dg/dz for every row, events flattened: (N, D_out, D_in). In closed form where a layer has one."""
        return autodiff_jacobian(self.forward, params, z, context)

    def update(self, params, x, context=None):
        """Parameters with new running statistics, after a look at the batch `x`; `fit` calls it once a step."""
        return params


def _traced_vjp(method, params, x, context, rng):
    (y, log_det), pullback = autodiff.value_and_vjp(lambda p, a, c: method(p, a, c, rng), params, x, context)
    return y, log_det, lambda g_y, g_log_det: pullback((g_y, g_log_det))


def autodiff_jacobian(method, params, z, context=None):
    """(N, D_out, D_in) by reverse mode: D_out pullbacks, each for all rows at once, since rows are independent."""
    (x, log_det), pullback = autodiff.value_and_vjp(lambda a: method(params, a, context), z)
    rows = []
    for i in onp.ndindex(x.shape[1:]):
        g_x = np.zeros_like(x)
        g_x[(slice(None), *i)] = 1.0
        rows.append(pullback((g_x, np.zeros_like(log_det)))[0].reshape((len(z), prod(z.shape[1:]))))
    return np.stack(rows, axis=1)


def used_context(layer, context, x):
    """The context of a layer, or of a base, with a row for each of x; None where it takes none."""
    if layer.context_dim == 0:
        return None
    if context is None or tuple(context.shape) != (len(x), layer.context_dim):
        got = None if context is None else tuple(context.shape)
        raise ValueError(
            f"context of {type(layer).__name__} must have shape (N, {layer.context_dim}) with N = {len(x)}; got {got}"
        )
    return context


def zeros_per_row(x):
    """log_det of a map that keeps volume: (N,) zeros with x's dtype, on x's device."""
    x = raw(x)
    return onp.zeros_like(x, shape=(len(x),))


def same_jacobian(J, x):
    """A Jacobian (D, D) that is the same for every row of x, as (N, D, D)."""
    return np.zeros_like(x, shape=(len(x), 1, 1)) + J
