"""The contract of a transformer: a map of one variable, strictly monotone, with P parameters.

    x = h(z; theta),   log-derivative log|dh/dz|          z (N, D), theta (N, D, P) or (D, P) -> x (N, D), (N, D)

Where `identity_at_zero` is true, theta = 0 is the identity. It is false for maps without parameters, and for maps whose
units would be alike at the identity, and stay alike in training: fixed offsets tell them apart, so theta = 0 is a fixed
mild map.
(Papamakarios et al. 2021, arXiv:1912.02762, section 3.1, names the two halves of such a layer: the *transformer* h and
the *conditioner* that computes theta.)
Memory: the package's own transformers are written on batch-last arrays (in_columns.py). A network that writes theta as
(P * D, N), parameter by parameter, gives it to them without a copy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as onp

from nfscratch import autodiff
from nfscratch.ops.intervals import REALS, BetweenIntervals
from nfscratch.typed_fields import TypedFields

KERNELS = {"forward": ("forward_vjp", "forward_value"), "inverse": ("inverse_vjp", "inverse_value")}


@dataclass(frozen=True, eq=False)
class Transformer(BetweenIntervals, TypedFields):
    """An elementwise map; each direction returns the log-derivative of the map that it applied."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        autodiff.drop_stray_kernels(cls, KERNELS)

    n_params = 1  # P
    identity_at_zero = True  # whether h(z; 0) = z
    least_width = 1  # how many variables must be changed together for the map to be more than a shift
    forward_cost = "one pass"
    inverse_cost = "one pass"
    smooth = True  # whether dh/dz is continuous
    domain = REALS  # the interval that forward takes,
    codomain = REALS  # and the one that it reaches

    def forward(self, theta, z):
        """x and log|dx/dz|, both (N, D)."""
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def inverse(self, theta, x):
        """z and log|dz/dx|, both (N, D)."""
        raise NotImplementedError(f"{type(self).__name__} has no inverse")

    def forward_vjp(self, theta, z):
        """x, log-derivative, and pullback(g_x, g_log_derivative) -> g_theta, g_z.

        g_log_derivative may be (N, 1): a structure sums the log-derivatives of a row, and they all get one gradient.
        """
        return _traced_vjp(self.forward, theta, z)

    def inverse_vjp(self, theta, x):
        """z, log-derivative, and pullback(g_z, g_log_derivative) -> g_theta, g_x."""
        return _traced_vjp(self.inverse, theta, x)

    def forward_value(self, theta, z):
        """x and log|dx/dz| of raw arrays, by the faster road; no arrays are kept for a pullback."""
        if type(self).forward_vjp is Transformer.forward_vjp:  # no kernel of its own
            return self.forward(theta, z)
        return self.forward_vjp(theta, z)[:2]

    def inverse_value(self, theta, x):
        """z and log|dz/dx| of raw arrays, by the faster road; no arrays are kept for a pullback."""
        if type(self).inverse_vjp is Transformer.inverse_vjp:
            return self.inverse(theta, x)
        return self.inverse_vjp(theta, x)[:2]

    def tangents(self, theta, z, dtheta):
        """dx/dz (N, D), and the dx (N, D, M) that M directions dtheta (N, D, P, M) cause: a layer's Jacobian."""
        x, log_d, pullback = self.forward_vjp(theta, z)
        dx_dtheta, dx_dz = pullback(onp.ones_like(x), onp.zeros_like(log_d))  # rows and variables are independent
        return dx_dz, (dx_dtheta[..., None] * dtheta).sum(axis=2)


def _traced_vjp(method, theta, z):
    (y, log_d), pullback = autodiff.value_and_vjp(method, theta, z)
    return y, log_d, lambda g_y, g_log_d: pullback((g_y, g_log_d + onp.zeros_like(log_d)))
