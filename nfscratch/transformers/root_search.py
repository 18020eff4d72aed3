"""NumericTransformer: a monotone map of one variable with a forward formula only.

    forward   x = h(z; theta), l = log dh/dz       given by a subclass
    inverse   z by `monotone_root`, -l(z)          |h(z) - x| <= 8 eps max(1, |x|), or no number z is nearer to the
                                                   root; else InversionError, which names the row

Its gradient is the implicit one (ops/implicit.py), and J is a number here: J^-T g = g e^-l.
A flow that is trained by maximum likelihood puts Inverse(h) into its layers: then x -> z is h's own formula, and only
sampling needs the search.
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

from nfscratch.ops.implicit import implicit_solution, implicit_vjp
from nfscratch.ops.layout import columns
from nfscratch.ops.roots import InversionError, monotone_root
from nfscratch.transformers.transformer import Transformer


@dataclass(frozen=True, eq=False)
class NumericTransformer(Transformer):
    """A subclass gives `forward`, `bracket` where it knows one, and `rounded` where it enlarges what it rounds."""

    inverse_cost = "iterative"

    def bracket(self, theta, x):
        """(low, high), each (N, D): where to look for z first. The search widens what does not hold the root."""
        return x - 1.0, x + 1.0

    def rounded(self, theta):
        """How large the numbers are whose rounding x has, each as it counts in x: theta (P, M) -> (M,).

        A jump of `forward` that is smaller than 64 eps of it is taken for rounding.
        """
        return 1.0

    def solve(self, theta, x):
        """The z with forward(z) = x, on raw values: a search of all entries in one row, without those that are done."""
        flat = onp.broadcast_to(columns(theta, 2), (theta.shape[-1], *x.T.shape)).reshape((theta.shape[-1], -1))
        low, high = self.bracket(theta, x)

        def slope_too(z, theta):
            x, log_d = self.forward(theta.T[:, None, :], z[:, None])
            return x[:, 0], onp.exp(log_d[:, 0])

        try:
            ends = (low.T.reshape(-1), high.T.reshape(-1))
            z = monotone_root(slope_too, x.T.reshape(-1), theta=flat, bracket=ends, size=self.rounded)
        except InversionError as error:
            variable, row = divmod(error.entry, len(x))
            where = f"{type(self).__name__}, row {row}, variable {variable} of those given"
            rows = sorted({entry % len(x) for entry in error.rows})
            raise InversionError(f"{where}: {error}", error.entry, rows) from error
        return z.reshape(x.T.shape).T

    def inverse(self, theta, x):
        z = implicit_solution(self._solve, self._value, self._transposed_solve, theta, x)
        return z, -self.forward(theta, z)[1]

    def _solve(self, theta, x, context):
        return self.solve(theta, x)

    def _value(self, theta, z, context):
        return self.forward(theta, z)[0]

    def _transposed_solve(self, theta, z, g, context):
        return g * np.exp(-self.forward(theta, z)[1])

    def inverse_value(self, theta, x):
        z = self.solve(theta, x)
        return z, -self.forward_value(theta, z)[1]

    def inverse_vjp(self, theta, x):
        z = self.solve(theta, x)
        _, log_d, forward_pullback = self.forward_vjp(theta, z)
        return implicit_vjp(z, log_d, forward_pullback, lambda g: g * onp.exp(-log_d))
