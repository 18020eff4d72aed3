"""The derivative of an inverse that was found by a search: the implicit function theorem, in one place.

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

import numpy as onp
from autograd.extend import defvjp_argnums, primitive

from nfscratch import autodiff


def implicit_solution(solve, forward, transposed_solve, params, x, context=None):
    """z as one node of autograd's graph with the derivatives (3) and (4), themselves differentiable.

    solve(params, x, context) -> z, on raw values.
    forward(params, z, context) -> x, and transposed_solve(params, z, g, context) -> J^-T g, both traced.
    """
    solution = primitive(solve)

    def vjps(argnums, z, args, kwargs):
        p, _, c = args

        def vjp(g):
            g_x = transposed_solve(p, z, g, c)  # (3)
            _, pullback = autodiff.value_and_vjp(lambda p, c: forward(p, z, c), p, c)
            g_params, g_context = pullback(-g_x)  # (4)
            return [(g_params, g_x, g_context)[i] for i in argnums]

        return vjp

    defvjp_argnums(solution, vjps)
    return solution(autodiff.rebox(params), x, context)


def implicit_vjp(z, log_det, forward_pullback, transposed_solve):
    """z, log_det of the inverse, and its pullback, from the forward map's log_det and pullback at z.

    forward_pullback(g_x, g_log_det) -> g_params, g_z, ... (what follows is passed on); transposed_solve(g) -> J^-T g.
    """

    def pullback(g_z, g_log_det):
        g_l = forward_pullback(onp.zeros_like(g_z), -g_log_det)[1]  # (2)
        g_x = transposed_solve(g_z + g_l)  # (3)
        g_params, _, *others = forward_pullback(-g_x, -g_log_det)  # (4)
        return (g_params, g_x, *others)

    return z, -log_det, pullback
