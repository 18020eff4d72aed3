"""Continuous: a point moves with a velocity, from time 0 to time 1.

    dz/dt = f(z, t),             x = z(1) for z = z(0)                                                        (1)
    dl/dt = tr df/dz(z, t),      log_det = l(1) for l(0) = 0                                                  (2)

(2) is the limit of log|det (I + h J)| = h tr J + O(h^2) for a step of length h: the instantaneous change of variables
(Chen et al. 2018, arXiv:1806.07366, theorem 1). forward solves both from 0 to 1, inverse from 1 to 0, so that the
same integral comes out with the other sign. f may be any smooth function: two solutions never meet.

The trace is taken with K tangents v_k in one call of the field:

    exact        tr J = sum_k e_k . J e_k                  the D unit vectors, K = D                          (3)
    hutchinson   tr J ~ 1/K sum_k v_k . J v_k              K random signs for each row: E[v v^T] = I          (4)

In (4) the signs are drawn once for a solve (FFJORD: Grathwohl et al. 2019, arXiv:1810.01367). Drawn afresh at every
call, they would make a right side that no solver can follow. With rng=None the trace is exact. Where no gradient is
asked for, (3) is taken for some rows at a time, so that the memory does not grow with N D^2; the numbers are the same.

A direction is as accurate as its solver: log_det is that of the map to about `accuracy`, and so is the round trip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, trees, validate
from nfscratch.autodiff import contains_box, raw
from nfscratch.bijections.contract import Bijection, autodiff_jacobian, used_context
from nfscratch.excerpt import excerpt
from nfscratch.nets import Field, Network
from nfscratch.nets.velocity import checked_tangents
from nfscratch.ode import Dopri5, Solution, Solver, adjoint, through_steps
from nfscratch.ops.identity import identity

TRACES, GRADIENTS = ("exact", "hutchinson"), ("discrete", "adjoint")
MOST_PROBES = 10_000  # each is a product with the Jacobian at every step
SPAN = {"forward": (0.0, 1.0), "inverse": (1.0, 0.0)}
AT_ONCE, USUAL_WIDTH = 2**22, 64  # numbers of tangents in one call; a hidden layer has as many for each tangent
DEFAULT_FIELD, DEFAULT_SOLVER = Field(), Dopri5()


@dataclass(frozen=True, eq=False)
class Continuous(Bijection):
    """params: those of the field.

    field: a velocity, or a network, which becomes Field(network). solver: one of nf.ode.
    trace: "exact" needs D tangents, "hutchinson" `probes` of them; it estimates log_det where an rng is given.
    gradient: "discrete" differentiates the steps, and keeps all of them in memory; "adjoint" solves a second equation
        backwards. The plain twins `forward` and `inverse`, under a derivative, are always differentiated step by step.
    """

    field: Any = DEFAULT_FIELD
    dim: int = 2
    solver: Solver = DEFAULT_SOLVER
    trace: str = "exact"
    gradient: str = "discrete"
    probes: int = 1
    context_dim: int = 0

    forward_cost = inverse_cost = "iterative"
    in_shape = property(lambda self: (self.dim,))
    stochastic = property(lambda self: self.trace == "hutchinson")
    accuracy = property(lambda self: self.solver.accuracy)
    updates = property(lambda self: bool(getattr(self.field, "updates", False)))

    def __post_init__(self):
        if isinstance(self.field, Network):
            object.__setattr__(self, "field", Field(self.field))
        _check_field(self.field)
        validate.part("solver", self.solver, Solver, "nf.ode.Dopri5(1e-5, 1e-5)")
        validate.choice("trace", self.trace, TRACES)
        validate.choice("gradient", self.gradient, GRADIENTS)
        for name, least, most in (("dim", 1, None), ("probes", 1, MOST_PROBES), ("context_dim", 0, None)):
            object.__setattr__(self, name, validate.count(name, getattr(self, name), least, most))

    def init(self, rng, x=None, context=None):
        return self.field.init(rng, self.dim, self.context_dim)

    def forward(self, params, z, context=None, rng=None):
        return _parts(self.solve(params, z, context, rng, "forward"))

    def inverse(self, params, x, context=None, rng=None):
        return _parts(self.solve(params, x, context, rng, "inverse"))

    forward_value, inverse_value = forward, inverse  # they keep nothing for a pullback

    def solve(self, params: Any, a: Any, context: Any = None, rng: Any = None, direction: str = "inverse") -> Solution:
        """The solution of (1) and (2) from `a`: y (D + 1, N) is z or x, and then log_det; with the evaluations used."""
        right_side = self._right_side_of_values(params, a, used_context(self, context, a), rng)
        return self.solver.solve(right_side, _start(a), *SPAN[direction])

    def forward_vjp(self, params, z, context=None, rng=None):
        return self._vjp(params, z, context, rng, "forward")

    def inverse_vjp(self, params, x, context=None, rng=None):
        return self._vjp(params, x, context, rng, "inverse")

    def jacobian(self, params, z, context=None):
        """By D pullbacks through the steps of one solve."""
        if contains_box((params, z, context)):
            return autodiff_jacobian(self.forward, params, z, context)
        sides = self._right_sides(params, z, context, None)
        _, pullback = through_steps(self.solver, *sides, _start(z), *SPAN["forward"])
        unit = identity(self.dim + 1, z)[: self.dim, :, None] + onp.zeros_like(_start(z))
        return onp.stack([pullback(row)[0][:-1].T for row in unit], axis=1)

    def update(self, params, x, context=None):
        return self.field.update(params) if self.updates else params

    def _vjp(self, params, a, context, rng, direction):
        sides = self._right_sides(params, a, context, rng)
        vjp = through_steps if self.gradient == "discrete" else _by_adjoint
        solution, back = vjp(self.solver, *sides, _start(a), *SPAN[direction])

        def pullback(g_y, g_log_det):
            g, others = back(onp.concatenate((g_y.T, g_log_det[None])))
            g_params, g_context = others or (trees.map_leaves(onp.zeros_like, params), _zeros(context))
            return g_params, g[:-1].T, g_context

        return *_parts(solution), pullback

    def _right_sides(self, params, a, context, rng):
        """The right side, and the right side with its pullback, with the same tangents."""
        tangents, context = self._tangents(a, rng), used_context(self, context, a)
        return self._right_side(params, *tangents, context), self._right_side_vjp(params, *tangents, context)

    def _tangents(self, a, rng):
        """v (K, N, D) of (3) or (4), batch-last in memory, and the weight of their sum."""
        a = raw(a)
        n, dim = a.shape
        if rng is None or not self.stochastic:
            along = onp.zeros_like(a, shape=(dim, dim, n)) + identity(dim, a)[:, :, None]
            return np.transpose(along, (1, 2, 0)), 1.0
        validate.generator(rng)
        signs = 2.0 * rng.integers(0, 2, size=(dim, self.probes, n)) - 1.0
        return np.transpose(backend.asarray(signs, dtype=a.dtype, like=a), (1, 2, 0)), 1.0 / self.probes

    def _right_side(self, params, v, weight, context):
        """f(t, y) of (1) and (2) together, for y = (z, l), batch-last."""

        def f(t, y):
            z = y[:-1].T
            velocity, Jv = checked_tangents(*self.field.jvp(params, z, t, v, context), z, v)
            return np.concatenate((velocity.T, weight * np.sum(v * Jv, axis=(0, 2))[None]))

        return f

    def _right_side_of_values(self, params, a, context, rng):
        """The right side, with the exact trace of a few rows at a time: all D tangents of all rows would not fit."""
        few, n = max(1, AT_ONCE // (self.dim * max(self.dim, USUAL_WIDTH))), len(a)
        if n <= few or (rng is not None and self.stochastic):
            return self._right_side(params, *self._tangents(a, rng), context)
        pieces = [slice(start, min(start + few, n)) for start in range(0, n, few)]
        v, weight = self._tangents(a[:few], None)  # the same unit vectors for every row
        sides = [self._right_side(params, v[:, : p.stop - p.start], weight, _rows(context, p)) for p in pieces]

        def f(t, y):
            times = [_rows(t, p) if getattr(t, "shape", ()) else t for p in pieces]
            return np.concatenate([side(s, y[:, p]) for side, s, p in zip(sides, times, pieces, strict=True)], axis=1)

        return f

    def _right_side_vjp(self, params, v, weight, context):
        """The same with its pullback: g -> g_y, g_params, g_context."""
        weighted = weight * v

        def f_vjp(t, y):
            z = y[:-1].T
            velocity, Jv, back = self.field.jvp_vjp(params, z, t, v, context)
            checked_tangents(velocity, Jv, z, v)

            def pullback(g):
                g_params, g_z, g_context = back(g[:-1].T, weighted * g[-1][:, None])
                return onp.concatenate((g_z.T, onp.zeros_like(g[-1:]))), g_params, g_context

            return onp.concatenate((velocity.T, (weighted * Jv).sum(axis=(0, 2))[None])), pullback

        return f_vjp


def _start(a):
    """z or x, and l = 0: (D + 1, N)."""
    return np.concatenate((a.T, np.zeros_like(a.T[:1])))


def _parts(solution):
    return solution.y[:-1].T, solution.y[-1]


def _rows(a, piece):
    return None if a is None else a[piece]


def _zeros(context):
    return None if context is None else onp.zeros_like(context)


def _by_adjoint(solver, f, f_vjp, y, t0, t1):
    """As `through_steps`, by the adjoint equation: nothing is kept but the end."""
    solution = solver.solve(f, y, t0, t1)
    return solution, lambda g: adjoint(solver, f_vjp, solution.y, g, t0, t1)[:2]


def _check_field(field: Any) -> None:
    methods: list[Callable | None] = [getattr(field, name, None) for name in ("init", "jvp", "jvp_vjp")]
    if isinstance(field, type) or not all(map(callable, methods)):
        raise TypeError(
            f"field must be a Velocity or a Network, such as nf.Field(nf.MLP((64, 64), 'tanh')); got {excerpt(field)}"
        )
