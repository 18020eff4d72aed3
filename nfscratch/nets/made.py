"""MADE: a dense network whose masks make output i a function of x_1 ... x_{i-1} alone.

Germain et al. 2015, arXiv:1502.03509. Every unit has a degree m: it sees x_1 ... x_m, and the context (degree 0).

    input x_j       degree j                                                                    j = 1 ... D
    hidden unit     degree m in 1 ... D - 1, spread evenly; sees units of degree <= m           mask: >=     (1)
    output i        sees units of degree < i                                                    mask: >      (2)

`>` in (2) makes the Jacobian strictly triangular: with `>=` output i would see x_i itself.

With a context, hidden degrees start at 0: those units see the context alone, and they are all that output 1 sees.
With one variable every unit has degree 0. A layer narrower than the range of degrees skips some of them: then some
allowed dependencies are missing, but no forbidden one appears.

Units are sorted by degree, so that every mask is a staircase (ops/masked.py). The order of the variables belongs to the
structure that owns the network: it hands them over sorted. n_out = P D: output (i - 1) P + p is parameter p of
variable i.

Deviation: degrees are spread evenly, not drawn (the paper's are uniform draws), and so the same in every layer;
`MaskEnsemble` shuffles which unit has which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import autograd.numpy as np
import numpy as onp

from nfscratch import autodiff, backend, validate
from nfscratch.nets.mlp import check_activation, hidden_widths, weight_variance
from nfscratch.nets.network import ADDED_LATER, Network
from nfscratch.ops.masked import Staircase, masked_dense, masked_dense_vjp, masked_jacobian
from nfscratch.ops.one_pass import Schedule, generate, generate_pullback


@dataclass(frozen=True, eq=False)
class MADE(Network):
    """A masked network with `hidden` layer widths. `hidden=()` is a strictly triangular linear map.

    activation, gain: as for MLP.
    """

    hidden: Sequence[int] = (64, 64)
    activation: str = "relu"
    gain: float = field(default=1.0, metadata=ADDED_LATER)

    def __post_init__(self):
        object.__setattr__(self, "hidden", hidden_widths(self.hidden))
        check_activation(self.activation)
        validate.factor("gain", self.gain)

    def init(self, rng, n_in, n_out, context_dim=0):
        """Weights gain * N(0, v / reach), where reach counts what a unit sees, v as for MLP; the last layer is 0."""
        if n_in < 1 or n_out % n_in:
            raise ValueError(
                f"MADE must have the same number of outputs for each variable; got {n_out} outputs for {n_in} variables"
            )
        variance = weight_variance(self.activation, self.gain)
        layers = []
        for stair in self.stairs(n_in, n_out // n_in, context_dim):
            W = rng.normal(size=stair.mask.host.shape) * stair.mask.host
            W *= onp.sqrt(variance / onp.maximum(stair.reach, 1))[:, None]
            layers.append({"W": backend.asarray(W), "b": backend.asarray(onp.zeros(len(W)))})
        layers[-1]["W"] *= 0.0
        return layers

    def n_in(self, params):
        return params[0]["W"].shape[1]

    def apply(self, params, x, context=None):
        return autodiff.take(self._value, None, self._plain, params, x, context)

    def _plain(self, params, x, context, rng=None):
        """The whole product, masked. The kernel skips the zero blocks."""
        return masked_dense(params, self._stairs_of(params, x), _context_first(x, context), self.activation).T

    def _value(self, params, x, context, rng=None):
        return self.apply_vjp(params, x, context)[0]

    def apply_vjp(self, params, x, context=None):
        stairs = self._stairs_of(params, x)
        out, net_pullback = masked_dense_vjp(params, stairs, _context_first(x, context), self.activation)
        n_context = 0 if context is None else context.shape[1]

        def pullback(g):
            g_params, g_in = net_pullback(g.T)
            return g_params, g_in[n_context:].T, None if context is None else g_in[:n_context].T

        return out.T, pullback

    def jacobian(self, params, x, context=None):
        n_context = 0 if context is None else context.shape[1]
        columns = _context_first(x, context)
        return masked_jacobian(params, self._stairs_of(params, x), columns, self.activation)[:, :, n_context:]

    # --- one variable after the other ---

    def generate(self, params, value, dim, like, context=None):
        """x_i = value(i, theta_i) in turn, by ops/one_pass.py: rows x (D, N) and theta (D, P, N)."""
        units, _ = self._generate(params, value, dim, like, context)
        return units[0][len(units[0]) - dim :], _by_variable(units[-1], dim)

    def generate_vjp(self, params, value, dim, like, context=None):
        """x, theta, and pullback(g_x, g_value) -> g_params, completed g_x (D, N), g_context (N, C)."""
        units, kept = self._generate(params, value, dim, like, context)
        schedule, stairs = self._schedule_of(params, dim), self._stairs_of(params, like.T[:, :dim])

        def pullback(g_x, g_value):
            grads, g_context, g_x = generate_pullback(
                params, schedule, stairs, units, kept, g_x, g_value, self.activation
            )
            return grads, g_x, None if context is None else g_context.T

        return units[0][len(units[0]) - dim :], _by_variable(units[-1], dim), pullback

    def _generate(self, params, value, dim, like, context):
        rows = None if context is None else context.T
        return generate(params, self._schedule_of(params, dim), rows, value, like, self.activation)

    # --- masks ---

    def stairs(self, dim, n_params, context_dim=0):
        """The Staircase of every layer."""
        return _stairs(self.hidden, dim, n_params, context_dim)

    def schedule(self, dim, n_params, context_dim=0):
        """The order in which `generate` computes: a Schedule."""
        return _schedule(self.hidden, dim, n_params, context_dim)

    def _sizes(self, params, dim):
        """dim, P and C, as the parameters have them."""
        return dim, len(params[-1]["b"]) // dim, params[0]["W"].shape[1] - dim

    def _stairs_of(self, params, x):
        return _stairs(self.hidden, *self._sizes(params, x.shape[1]))

    def _schedule_of(self, params, dim):
        return self.schedule(*self._sizes(params, dim))


def hidden_degrees(width: int, dim: int, context_dim: int = 0):
    """Degrees of `width` hidden units, rising: spread over 1 ... D - 1, from 0 where there is a context, or D = 1."""
    least = 0 if context_dim or dim == 1 else 1
    kinds, unit = dim - least, onp.arange(width)
    if width >= kinds:
        return least + unit * kinds // width
    return least + unit * (kinds - 1) // max(width - 1, 1)  # both ends are kept


@lru_cache(maxsize=256)
def _degrees(hidden, dim, n_params, context_dim):
    """Of every layer; output i is counted from 0, and sees what a hidden unit of that degree sees."""
    return [*(hidden_degrees(width, dim, context_dim) for width in hidden), onp.repeat(onp.arange(dim), n_params)]


@lru_cache(maxsize=256)
def _stairs(hidden, dim, n_params, context_dim):
    degrees = _degrees(hidden, dim, n_params, context_dim)
    stairs = [Staircase(context_dim + degrees[0], context_dim + dim)]
    for before, own in pairwise(degrees):
        stairs.append(Staircase(onp.searchsorted(before, own, side="right"), len(before)))
    return tuple(stairs)


@lru_cache(maxsize=256)
def _schedule(hidden, dim, n_params, context_dim):
    return Schedule(_degrees(hidden, dim, n_params, context_dim), dim, context_dim)


def _context_first(x, context):
    """The network's input, batch-last, the context first: (C + D, N)."""
    return x.T if context is None else np.concatenate((context.T, x.T), axis=0)


def _by_variable(rows, dim):
    """(D P, N) as (D, P, N)."""
    return rows.reshape((dim, rows.shape[0] // dim, rows.shape[1]))
