"""LowRank: x = z + A tanh(W z + b) with W A triangular, forward in closed form; planar and Sylvester are such layers.

A subclass says how its parameters make the pieces A, W, b and s = 1 + diag(W A) > 0, and how forward(z) = x is solved:
the map is invertible in M numbers, each the root of one increasing function. ops/rank_update.py has the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

from nfscratch.bijections.numeric import NumericInverse
from nfscratch.ops.rank_update import (
    low_rank,
    low_rank_jacobian,
    low_rank_stack,
    low_rank_stack_vjp,
    low_rank_transposed_solve,
    low_rank_vjp,
)


@dataclass(frozen=True, eq=False)
class LowRank(NumericInverse):
    """The identity plus a bounded map of rank M; each leaf of params may have a leading axis N: one for each row."""

    dim: int

    in_shape = property(lambda self: (self.dim,))

    def pieces(self, params):
        """A (n, D, M), W (n, M, D), b (n, M), s (n, M), each with n = 1 or N."""
        raise NotImplementedError(f"{type(self).__name__} does not say its pieces")

    def pieces_vjp(self, params):
        """The pieces, and pullback(g_A, g_W, g_b, g_s) -> g_params."""
        raise NotImplementedError(f"{type(self).__name__} does not say its pieces' pullback")

    def forward(self, params, z, context=None, rng=None):
        x, log_det = low_rank(*self.pieces(params), z.T)
        return x.T, log_det

    def forward_vjp(self, params, z, context=None, rng=None):
        return self._vjp(low_rank_vjp, params, z)

    def stack_vjp(self, params, z):
        """forward_vjp of a Stack of such layers: the leading axis of params counts layers, not rows."""
        return self._vjp(low_rank_stack_vjp, params, z)

    def stack_value(self, params, z):
        """x and log_det of a Stack of such layers; no arrays are kept for a pullback."""
        x, log_det = low_rank_stack(*self.pieces(params), z.T)
        return x.T, log_det

    def _vjp(self, kernel_vjp, params, z):
        pieces, back_pieces = self.pieces_vjp(params)
        x, log_det, back = kernel_vjp(*pieces, z.T)

        def pullback(g_x, g_log_det):
            *g_pieces, g_z = back(g_x.T, g_log_det)
            return back_pieces(*g_pieces), g_z.T, None

        return x.T, log_det, pullback

    def jacobian(self, params, z, context=None):
        A, W, b, _ = self.pieces(params)
        return low_rank_jacobian(A, W, b, z.T)

    def transposed_solve(self, params, z, g, context=None):
        A, W, b, _ = self.pieces(params)
        return low_rank_transposed_solve(A, W, b, z.T, g.T).T
