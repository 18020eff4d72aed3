"""Inverses without a formula: a search for the value, the implicit function theorem for the derivative.

Let x = f(z; theta), and let z be found by any search. Differentiating f(z(x, theta); theta) = x gives

    dz = J^-1 (dx - df/dtheta dtheta),        J = df/dz at the solution                              (1)

and log_det of the inverse is -l(z; theta), l the log-det of the forward map. For cotangents g_z and g_log_det:

    g       = g_z - g_log_det dl/dz                  everything that reaches z                         (2)
    g_x     = J^-T g                                                                                   (3)
    g_theta = -(df/dtheta)^T g_x - g_log_det (dl/dtheta)                                               (4)

Both (2) and (4) are pullbacks of the *forward* map, so nothing of the search is ever differentiated. (Tracing a
bisection gives silent nonsense: its answer does not depend on the parameters except through comparisons.)
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp
from autograd.extend import defvjp_argnums, primitive

from nfscratch import autodiff
from nfscratch.bijection import Bijection, InversionError


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
        z = self._solution(params, x, context)
        return z, -self.forward(params, z, context)[1]

    def _solution(self, params, x, context):
        """z as one node of autograd's graph with the derivatives (3) and (4), themselves differentiable."""
        solution = primitive(self.solve)

        def vjps(argnums, z, args, kwargs):
            p, _, c = args

            def vjp(g):
                g_x = self.transposed_solve(p, z, g, c)
                _, pullback = autodiff.value_and_vjp(lambda p, c: self.forward(p, z, c)[0], p, c)
                g_params, g_context = pullback(-g_x)
                return [(g_params, g_x, g_context)[i] for i in argnums]

            return vjp

        defvjp_argnums(solution, vjps)
        return solution(autodiff.rebox(params), x, context)

    def inverse_vjp(self, params, x, context=None, rng=None):
        z = self.solve(params, x, context)
        _, log_det, forward_pullback = self.forward_vjp(params, z, context)

        def pullback(g_z, g_log_det):
            _, g_l, _ = forward_pullback(onp.zeros_like(g_z), -g_log_det)  # (2)
            g_x = self.transposed_solve(params, z, g_z + g_l, context)  # (3)
            g_params, _, g_context = forward_pullback(-g_x, -g_log_det)  # (4)
            return g_params, g_x, g_context

        return z, -log_det, pullback


def solve_rows(A, b):
    """The solution of A x = b for every row: A (N, D, D), b (N, *event) with D numbers in an event."""
    return np.reshape(np.linalg.solve(A, np.reshape(b, (*A.shape[:2], 1))), b.shape)


def monotone_root(f, x, *, tolerance=None, max_iterations=200):
    """z with f(z)[0] = x, elementwise, for an increasing f that reaches every x; f gives (value, derivative).

    The bracket z -+ width widens until it holds the root. Then Newton's step where it stays inside the bracket, and
    bisection where it does not, and at every third step, since Newton alone may creep along a flat stretch.
    Raises InversionError where |f(z) - x| <= tolerance * max(1, |x|) is not reached: an end of the bracket is never
    an answer.
    """
    tolerance = 8 * onp.finfo(x.dtype).eps if tolerance is None else tolerance
    with onp.errstate(over="ignore", invalid="ignore"):  # far out in a bracket f may overflow: that is still outside
        return _search(f, x, tolerance, max_iterations)


def _search(f, x, tolerance, max_iterations):
    low, high = _bracket(f, x)
    z = 0.5 * (low + high)
    for step in range(max_iterations):
        value, slope = f(z)
        if bool((onp.abs(value - x) <= tolerance * onp.maximum(1.0, onp.abs(x))).all()):
            break
        low, high = onp.where(value <= x, z, low), onp.where(value >= x, z, high)
        middle, newton = 0.5 * (low + high), z - (value - x) / onp.maximum(slope, onp.finfo(x.dtype).tiny)
        inside = (newton >= low) & (newton <= high)
        z = onp.where(inside, newton, middle) if step % 3 else middle
    return _checked(f, z, x, tolerance)


def _bracket(f, x):
    width = onp.ones_like(x)
    for _ in range(64):
        outside = ~((f(x - width)[0] <= x) & (f(x + width)[0] >= x) & onp.isfinite(x))
        if not bool(outside.any()):
            return x - width, x + width
        width = onp.where(outside, 4.0 * width, width)
    raise InversionError("no bracket holds the root: the map does not reach some x, or x is not finite")


def _checked(f, z, x, tolerance):
    residual = onp.abs(f(z)[0] - x) / onp.maximum(1.0, onp.abs(x))
    # A steep map cannot do better than the spacing of floating-point numbers: there the neighbours of z straddle x.
    straddled = (f(onp.nextafter(z, -onp.inf))[0] <= x) & (f(onp.nextafter(z, onp.inf))[0] >= x)
    if not bool(((residual <= tolerance) | straddled).all()):
        raise InversionError(f"the search for z stopped at a relative residual of {float(residual.max()):.1e}")
    return z
