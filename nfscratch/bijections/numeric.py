"""Bijections whose inverse has no formula: a search for the value, the implicit function theorem for the derivative.

z = solve(x),   log_det = -l(z),   g_x = J^-T g,   g_params = -(df/dparams)^T g_x        (ops/implicit.py)
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np

from nfscratch.bijections.contract import Bijection
from nfscratch.ops.implicit import implicit_solution, implicit_vjp


@dataclass(frozen=True, eq=False)
class NumericInverse(Bijection):
    """A bijection with a forward formula only. A subclass gives `forward` and `solve`; inverse and gradients follow."""

    inverse_cost = "iterative"

    def solve(self, params, x, context=None):
        """The z with forward(z) = x, on raw values; raises InversionError where the residual is not reached."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to solve forward(z) = x")

    def transposed_solve(self, params, z, g, context=None):
        """J^-T g for every row, J = dx/dz at z: (3). Override it where J need not be built."""
        return solve_rows(np.swapaxes(self.jacobian(params, z, context), 1, 2), g)

    def inverse(self, params, x, context=None, rng=None):
        z = implicit_solution(self.solve, self._value, self.transposed_solve, params, x, context)
        return z, -self.forward(params, z, context, rng)[1]

    def _value(self, params, z, context):
        return self.forward(params, z, context)[0]

    def inverse_value(self, params, x, context=None, rng=None):
        z = self.solve(params, x, context)
        return z, -self.forward_value(params, z, context, rng)[1]

    def inverse_vjp(self, params, x, context=None, rng=None):
        z = self.solve(params, x, context)
        _, log_det, forward_pullback = self.forward_vjp(params, z, context, rng)

        def transposed_solve(g):
            return self.transposed_solve(params, z, g, context)

        return implicit_vjp(z, log_det, forward_pullback, transposed_solve)


def solve_rows(A, b):
    """The solution of A x = b for every row: A (N, D, D), b (N, *event) with D numbers in an event."""
    return np.reshape(np.linalg.solve(A, np.reshape(b, (*A.shape[:2], 1))), b.shape)
