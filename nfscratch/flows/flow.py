"""Flow: a base density seen through a bijection.

    log p(x) = log p_Z(z) + log|det dz/dx|,    z = inverse(x)                    (1)
    x = forward(z),  z ~ p_Z                                                     (2)

With a context y, the bijection is conditioned on embed(y), or on y itself where there is no embedding network.

`log_prob` and `sample_and_log_prob` are each one node of autograd's graph: the layers' own pullbacks run inside, and
`autograd.grad` sees a function of the whole parameter tree. Derivatives of higher order take the plain definitions.
"""

from __future__ import annotations

import warnings
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as onp
from autograd.tracer import getval, isbox

from nfscratch import autodiff, backend, trees, validate
from nfscratch.bijections.contract import Bijection
from nfscratch.distributions.distribution import Distribution
from nfscratch.nets import Network
from nfscratch.ops.intervals import within


@dataclass(frozen=True, eq=False)
class Flow:
    """params: {"base": ..., "bijection": ..., "embed": ...}."""

    base: Distribution
    bijection: Bijection
    embed: Network | None = None

    def __post_init__(self):
        if tuple(self.base.shape) != tuple(self.bijection.in_shape):
            raise ValueError(
                f"base and bijection must agree on the shape of z; got {self.base.shape} and {self.bijection.in_shape}"
            )
        if self.embed is not None and self.bijection.context_dim == 0:
            raise ValueError("embed needs a bijection that takes a context; got context_dim 0")
        domain = self.bijection.domain
        if domain is not None and not within(self.base.support, domain):
            warnings.warn(
                f"the base draws from {self.base.support}, the bijection takes {domain}: what lies outside is lost, "
                "and the density integrates to less than 1 (Inverse(bijection) is the other direction)",
                stacklevel=3,
            )

    shape = property(lambda self: self.bijection.out_shape)

    def init(self, rng: onp.random.Generator, x: Any = None, context: Any = None) -> dict:
        """Fresh parameters on the active backend and dtype; `x`, `context`: a batch for layers that look at data.

        A flow with an embedding network needs a context here: its width is the network's input.
        """
        validate.generator(rng)
        like = backend.asarray([])
        embed = self._init_embed(rng, context)
        if x is None:
            return {"base": self.base.init(rng), "bijection": self.bijection.init(rng), "embed": embed}
        x = validate.events("x", x, self.shape, like)
        h = self._embedded({"embed": embed}, self._context({"embed": embed}, context, len(x), like))
        bijection = self.bijection.init(rng, x, h)
        z, _ = self.bijection.inverse(bijection, x, h, rng)
        return {"base": self.base.init(rng, z), "bijection": bijection, "embed": embed}

    def _init_embed(self, rng, context):
        if self.embed is None:
            return {}
        if onp.ndim(context) != 2:
            got = None if context is None else onp.shape(context)
            raise ValueError(f"context must have shape (N, C): the embedding network is built for it; got {got}")
        return self.embed.init(rng, onp.shape(context)[1], self.bijection.context_dim)

    # --- density ---------------------------------------------------------------------------------------------------

    def log_prob(self, params: Any, x: Any, context: Any = None, rng: Any = None) -> Any:
        """log p(x), equation (1): (N, *shape) -> (N,)."""
        params = _checked(autodiff.rebox(params))
        like = _like(params)
        x = validate.events("x", x, self.shape, like)
        context = self._context(params, context, len(x), like)
        with onp.errstate(over="ignore"):  # so far out that z^2 overflows the density is 0, and its log -inf
            return self._log_prob_node(params, x, context, rng)

    def _log_prob_node(self, params, x, context, rng):
        if not autodiff.fast_path(params, x, context):
            return self._log_prob(params, x, context, rng)
        raw = [autodiff.unbox(a) for a in (params, x, context)]
        log_p, pullback = self.log_prob_vjp(*raw, rng=rng)

        def complete(g):
            g_params, g_x, g_context = pullback(g)
            return trees.complete(g_params, raw[0]), g_x, g_context

        def plain(params, x, context):
            return self._log_prob(params, x, context, rng)

        return autodiff.known(log_p, complete, params, x, context, plain=plain)

    def _log_prob(self, params, x, context, rng):
        """The plain definition."""
        params = trees.with_constant_fixed(params)
        h = self._embedded(params, context)
        z, log_det = self.bijection.inverse(params["bijection"], x, h, rng)
        return self.base.log_prob(params["base"], z) + log_det

    def log_prob_vjp(self, params: Any, x: Any, context: Any = None, rng: Any = None) -> Any:
        """log p(x), and pullback(g) -> g_params, g_x, g_context. Arrays are taken as checked: `fit` calls this."""
        h, back_embed = self._embed_vjp(params, context)
        z, log_det, back_z = self.bijection.inverse_vjp(params["bijection"], x, h, rng)
        log_p, back_base = self.base.log_prob_vjp(params["base"], z)

        def pullback(g):
            g_base, g_z = back_base(g)
            g_bijection, g_x, g_h = back_z(g_z, g)
            g_embed, g_context = back_embed(g_h)
            return {"base": g_base, "bijection": g_bijection, "embed": g_embed}, g_x, g_context

        return log_p + log_det, pullback

    # --- samples ---------------------------------------------------------------------------------------------------

    def sample(self, params: Any, rng: onp.random.Generator, n: int, context: Any = None) -> Any:
        """n draws, equation (2): (n, *shape). `context`: one row for all, or n rows."""
        return self._draw(params, rng, n, context, self._sample)[0]

    def sample_and_log_prob(self, params: Any, rng: onp.random.Generator, n: int, context: Any = None) -> Any:
        """n draws and their log densities, from one forward pass: (n, *shape), (n,). Reparameterized: reverse KL."""
        return self._draw(params, rng, n, context, self._sample_and_log_prob)

    def _draw(self, params, rng, n, context, plain):
        n = validate.count("n", n)
        validate.generator(rng)
        params = _checked(autodiff.rebox(params))
        context = self._context(params, context, n, _like(params))
        boxed = isbox(params) or isbox(context)
        if boxed and not self.base.reparameterized:
            raise ValueError(
                f"{type(self.base).__name__} has no derivative of a draw: which component it is, is a choice"
            )
        if not boxed or not autodiff.fast_path(params, context):
            return plain(params, rng, n, context)
        before = deepcopy(rng)
        raw_params, raw_context = autodiff.unbox(params), autodiff.unbox(context)
        value, pullback = self.sample_and_log_prob_vjp(raw_params, rng, n, raw_context)

        def again(params, context):  # for a derivative of the derivative: the same draws
            return self._sample_and_log_prob(params, deepcopy(before), n, context)

        return autodiff.known(value, pullback, params, context, plain=again)

    def _sample(self, params, rng, n, context):
        h = self._embedded(params, context)
        z = self.base.sample(params["base"], rng, n, _like(params))
        x, log_det = self.bijection.forward(params["bijection"], z, h, rng)
        return x, z, log_det

    def _sample_and_log_prob(self, params, rng, n, context):
        """The plain definition."""
        x, z, log_det = self._sample(params, rng, n, context)
        return x, self.base.log_prob(params["base"], z) - log_det

    def sample_and_log_prob_vjp(self, params: Any, rng: onp.random.Generator, n: int, context: Any = None) -> Any:
        """(draws, log densities), and pullback((g_x, g_log_q)) -> g_params, g_context. Arrays are taken as checked."""
        h, back_embed = self._embed_vjp(params, context)
        z, log_p, back_base = self.base.sample_and_log_prob_vjp(params["base"], rng, n, _like(params))
        x, log_det, back_x = self.bijection.forward_vjp(params["bijection"], z, h, rng)

        def pullback(g):
            g_x, g_log_q = g
            g_bijection, g_z, g_h = back_x(g_x, -g_log_q)
            g_base = back_base(g_z, g_log_q)
            g_embed, g_context = back_embed(g_h)
            return trees.complete({"base": g_base, "bijection": g_bijection, "embed": g_embed}, params), g_context

        return (x, log_p - log_det), pullback

    # --- context ---------------------------------------------------------------------------------------------------

    def _context(self, params, context, n, like):
        if self.embed is None:
            return validate.context(context, self.bijection.context_dim, n, like)
        return validate.context(context, self.embed.n_in(getval(params)["embed"]), n, like)

    def _embedded(self, params, context):
        return context if self.embed is None else self.embed.apply(params["embed"], context)

    def _embed_vjp(self, params, context):
        if self.embed is None:
            return context, lambda g_h: ({}, g_h)
        h, pullback = self.embed.apply_vjp(params["embed"], context)
        return h, lambda g_h: pullback(g_h)[:2]


def _checked(params):
    raw = _raw(params)
    if not isinstance(raw, dict) or set(raw) != {"base", "bijection", "embed"}:
        got = sorted(raw) if isinstance(raw, dict) else type(raw).__name__
        raise ValueError(f"params must be those of flow.init, a dict of base, bijection and embed; got {got}")
    return params


def _like(params):
    """An array that tells the flow's dtype and backend: the parameters', or the active ones where there are none."""
    array = trees.first_array(_raw(params))
    return backend.asarray([]) if array is None else array


def _raw(params):
    while isbox(params):
        params = getval(params)
    return params
