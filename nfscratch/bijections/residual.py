"""Residual: a step of a network that moves points by less than they are apart.

    x = z + F(z),    |F(z) - F(z')| <= L |z - z'| with L < 1                                                  (1)
    J = I + J_F,     log_det = log det (I + J_F)            positive, because no eigenvalue of J_F is below -L (2)
    z = x - F(z)     a fixed point, found by iteration      ops/fixed_point.py                                (3)
    1 - L <= |x - x'| / |z - z'| <= 1 + L                   what such a step cannot exceed                    (4)

log_det (ops/trace_series.py):
    "exact"      of the whole Jacobian, D^2 numbers a row: for D up to 64 or so
    "series"     the first `terms` of its power series; with an rng the traces are estimated by probes. Biased
    "roulette"   with an rng an unbiased estimate: `terms` terms, and a random number more. Without one, exact.
                 Its variance is finite only where every eigenvalue of J_F has |lambda|^2 <= 1 - stop: up to 0.866
                 with the default stop of 0.25. Training may exceed that; a smaller stop takes more terms

The derivative of an estimate has two forms. "neumann" estimates the derivative itself with the same random numbers, and
keeps one product with J in memory. "series" differentiates the estimate, and keeps all of them.

Behrmann et al. 2019, arXiv:1811.00995; Chen et al. 2019, arXiv:1906.02735.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as onp

from nfscratch import trees, validate
from nfscratch.autodiff import contains_box, raw
from nfscratch.bijections.contract import used_context
from nfscratch.bijections.numeric import NumericInverse
from nfscratch.excerpt import excerpt
from nfscratch.nets.lipschitz import LipschitzMLP
from nfscratch.nets.lipschitz_conv import LipschitzConv
from nfscratch.nets.network import Network, check_rows, network_jacobian, prepared
from nfscratch.ops.events import batch_first, batch_last, flat, unflat
from nfscratch.ops.fixed_point import METHODS, solve_fixed_point
from nfscratch.ops.identity import identity
from nfscratch.ops.roots import InversionError
from nfscratch.ops.roulette import draw_probes, estimate, traced_estimate
from nfscratch.ops.trace_series import log_det_exact, log_det_exact_vjp, log_det_series, log_det_series_vjp

LOG_DETS = ("exact", "series", "roulette")
GRADIENTS = ("neumann", "series")
AT_ONCE = 2**24  # entries of the largest array on the way to Jacobians
MOST = 10_000  # terms, and probes: each is a product with J
LARGE = 64  # numbers in an event, beyond which J is not built to solve with it


@dataclass(frozen=True, eq=False)
class Residual(NumericInverse):
    """x = z + network(z, context); params: those of the network, which must be a contraction of z.

    shape: D, or the shape of an event, which the network's `init` is then given. log_det, gradient: see the module.
    terms: of the series; of roulette those that are always taken. stop: the chance that roulette ends after each
    further term. probes: how many for each row. solver: "anderson", or "fixed point", for the inverse.
    """

    shape: int | tuple[int, ...]
    network: Network = LipschitzMLP()  # noqa: RUF009 (frozen: safe to share)
    log_det: str = "exact"
    context_dim: int = 0
    terms: int = 4
    stop: float = 0.25
    probes: int = 1
    gradient: str = "neumann"
    solver: str = "anderson"

    in_shape = property(lambda self: self.shape)
    stochastic = property(lambda self: self.log_det != "exact")
    updates = property(lambda self: self.network.updates)
    update_sees_data = False

    def __post_init__(self):
        object.__setattr__(self, "shape", validate.event_shape("Residual", self.shape, axes=(1, 3)))
        validate.part("network", self.network, Network, "nf.LipschitzMLP((64, 64))")
        if len(self.shape) == 1:
            check_rows("network", self.network)
        wrong, right = (LipschitzConv, LipschitzMLP) if len(self.shape) == 1 else (LipschitzMLP, LipschitzConv)
        if isinstance(self.network, wrong):
            raise ValueError(
                f"network must take the shape {self.shape}, as nf.{right.__name__}() does; got {wrong.__name__}"
            )
        validate.choice("log_det", self.log_det, LOG_DETS)
        validate.choice("gradient", self.gradient, GRADIENTS)
        validate.choice("solver", self.solver, METHODS)
        for name, least, most in (("context_dim", 0, None), ("terms", 1, MOST), ("probes", 1, MOST)):
            object.__setattr__(self, name, validate.count(name, getattr(self, name), least, most))
        validate.positive("stop", self.stop)
        if not self.stop < 1:
            raise ValueError(f"stop must be below 1, or roulette never takes a further term; got {excerpt(self.stop)}")

    def init(self, rng, x=None, context=None):
        size = self.shape[0] if len(self.shape) == 1 else self.shape
        return self.network.init(rng, size, size, self.context_dim)

    def update(self, params, x, context=None):
        return self.network.update(params) if self.updates else params

    # --- z -> x ----------------------------------------------------------------------------------------------------

    def forward(self, params, z, context=None, rng=None):
        context, estimated = used_context(self, context, z), rng is not None and self.stochastic
        if not (estimated or contains_box((params, z, context))) and len(z) > self._few(params):
            return self.forward_value(params, z, context)
        f = self._kept(self.network.apply(params, z, context), z)
        if estimated:
            return z + f, traced_estimate(lambda u: self._jvp(params, z, u, context), self._draw(rng, z))
        return z + f, self._log_det_of(network_jacobian(self.network, params, z, context))

    def forward_vjp(self, params, z, context=None, rng=None):
        if rng is None or not self.stochastic:
            return self._whole_vjp(params, z, used_context(self, context, z))
        if self.gradient == "series":
            return super().forward_vjp(params, z, context, rng)
        return self._estimated_vjp(params, z, used_context(self, context, z), rng)

    def forward_value(self, params, z, context=None, rng=None):
        """With whole Jacobians, of a few rows at a time: their derivatives would not fit for all of them."""
        few = self._few(params)
        if len(z) <= few or (rng is not None and self.stochastic):
            return self.forward_vjp(params, z, context, rng)[:2]
        pieces = [slice(start, start + few) for start in range(0, len(z), few)]
        parts = [self.forward_vjp(params, z[p], None if context is None else context[p])[:2] for p in pieces]
        x, log_det = zip(*parts, strict=True)
        return batch_first(onp.concatenate([batch_last(a) for a in x], axis=-1)), onp.concatenate(log_det)

    def _few(self, params):
        """Rows whose D directions pass the widest layer at once; a convolution copies each window of an image."""
        widths = [max(len(W), prod(W.shape[1:])) for W in trees.leaves(params) if W.ndim > 1]
        return max(1, AT_ONCE // (prod(self.shape) * max([*widths, self.shape[0]]) * prod(self.shape[1:])))

    def _whole_vjp(self, params, z, context):
        """With the whole Jacobian: g_J = g_log_det (I + J)^-T, or its series."""
        f, J, back_network = self.network.jacobian_vjp(params, z, context)
        log_det, back = log_det_exact_vjp(J) if self._is_exact else log_det_series_vjp(J, self.terms)

        def pullback(g_x, g_log_det):
            g_params, g_z, g_context = back_network(g_x, back(g_log_det))
            return g_params, g_x + g_z, g_context

        return z + self._kept(f, z), log_det, pullback

    def _estimated_vjp(self, params, z, context, rng):
        """(2) of ops/roulette.py: the derivative of w^T J v, with w and v held."""
        probes = self._draw(rng, z)
        log_det, w = estimate(lambda rows: self._linearized(params, z, context, rows), probes)
        f, _, back_network = self.network.jvp_vjp(params, z, probes.v, context)

        def pullback(g_x, g_log_det):
            g = g_log_det.reshape((len(z), *(1,) * len(self.shape)))
            g_params, g_z, _, g_context = back_network(g_x, g * w)
            return g_params, g_x + g_z, g_context

        return z + self._kept(f, z), log_det, pullback

    def jacobian(self, params, z, context=None):
        J = network_jacobian(self.network, params, z, used_context(self, context, z))
        return J + identity(J.shape[2], J)

    @property
    def _is_exact(self):
        """Whether the whole Jacobian gives log_det itself, and not its series: without an rng roulette is exact."""
        return self.log_det != "series"

    def _log_det_of(self, J):
        return log_det_exact(J) if self._is_exact else log_det_series(J, self.terms)

    def _draw(self, rng, z):
        validate.generator(rng)
        return draw_probes(rng, raw(z), self.terms, self.stop if self.log_det == "roulette" else None, self.probes)

    def _jvp(self, params, z, u, context):
        return self.network.jvp(params, z, u, context)[1]

    def _linearized(self, params, z, context, rows):
        return self.network.linearized(params, z[rows], None if context is None else context[rows])[1]

    def _kept(self, f, z):
        if tuple(f.shape) != tuple(z.shape):
            raise ValueError(
                f"network of Residual must keep the shape of z, {tuple(z.shape)}; {type(self.network).__name__} gives "
                f"{tuple(f.shape)}"
            )
        return f

    # --- x -> z ----------------------------------------------------------------------------------------------------

    def solve(self, params, x, context=None):
        """(3); raises InversionError, with the residual, where it is not reached, or the network is no contraction."""
        if len(x) == 0:
            return x
        context, F = used_context(self, context, x), prepared(self.network, params)
        self._check_contraction(params)

        def step(columns, where):
            rows = context if context is None or where is None else context[where]
            z = unflat(columns, self.shape)
            return flat(self._kept(F(z, rows), z))

        try:
            return unflat(solve_fixed_point(step, flat(x), self.solver).z, self.shape)
        except InversionError as error:
            who = f"Residual with {type(self.network).__name__}"
            raise InversionError(f"{who}: {error}", error.entry, error.rows) from error

    def _check_contraction(self, params):
        if not hasattr(self.network, "lipschitz_bound"):
            return
        bound = self.network.lipschitz_bound(params)
        if bound != bound:
            raise InversionError("Residual: the weights of its network must be finite; there is NaN among them")
        if bound >= 1:
            raise InversionError(
                f"Residual: its network must be a contraction, so that z + F(z) = x has one solution; the product of "
                f"its layers' spectral norms is {bound:.3g}, because its weights have moved since its power iteration. "
                f"Take params = bijection.update(params, x); `fit` does so after every step"
            )

    def transposed_solve(self, params, z, g, context=None):
        """J^-T g: by the whole J where D is small; else y = g - J_F^T y, which is a contraction too."""
        if prod(self.shape) <= LARGE or contains_box((params, z, g, context)):
            return super().transposed_solve(params, z, g, context)
        back = self.network.linearized(params, z, used_context(self, context, z))[1]
        solution = solve_fixed_point(lambda y, where: _at(back, y, where, z), flat(g), self.solver)
        return unflat(solution.z, self.shape)


def _at(back, y, where, like):
    """J_F^T y for the columns `where`: the others are given 0."""
    rows = unflat(y, like.shape[1:])
    if where is None:
        return flat(back(rows))
    whole = onp.zeros_like(like)
    whole[where] = rows
    return flat(back(whole))[:, where]
