"""Flow: a base density seen through a bijection.

    log p(x) = log p_Z(z) + log|det dz/dx|,    z = inverse(x)                    (1)
    x = forward(z),  z ~ p_Z                                                     (2)

With a context y, the bijection is conditioned on embed(y), or on y itself where there is no embedding network.

`log_prob` and `sample_and_log_prob` take the road that their arguments ask for (autodiff/roads.py). Under a first
derivative each is one node of autograd's graph: the layers' own pullbacks run inside, and `autograd.grad` sees a
function of the whole parameter tree. Raw arrays go layer by layer, in chunks of rows, and nothing is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as onp
from autograd.tracer import isbox

from nfscratch import backend, lost_digits, trees, validate
from nfscratch.autodiff import rebox, take
from nfscratch.bijections import Bijection
from nfscratch.bijections.normalize.statistics import LOOKED_AT
from nfscratch.bijections.start import StartBatch
from nfscratch.distributions import Distribution
from nfscratch.flows import on_the_way
from nfscratch.flows.boundary import check_once, checked_sum
from nfscratch.flows.chunks import in_chunks
from nfscratch.flows.context import TakesContext
from nfscratch.flows.drawn import refusing_nan
from nfscratch.flows.far_rows import far_rows_have_density_0, far_rows_have_gradient_0
from nfscratch.flows.fixed import HasFixed
from nfscratch.flows.parameters import checked, naming_params, remember
from nfscratch.flows.parts import check_agreement, has_own_part
from nfscratch.flows.spoilt_rows import spoilt_rows_have_gradient_0
from nfscratch.nets import Network
from nfscratch.ops.events import laid_out
from nfscratch.typed_fields import TypedFields


@dataclass(frozen=True, eq=False)
class Flow(HasFixed, TakesContext, TypedFields):
    """params: {"base": ..., "bijection": ..., "embed": ...}. embed: a network h(y), such as ConvFeatures for images."""

    base: Distribution
    bijection: Bijection
    embed: Network | None = None

    def __post_init__(self):
        check_agreement(self)

    shape = property(lambda self: self.bijection.out_shape)

    @cached_property
    def _own_parts(self):
        """Whether a part of it is of a caller's own class."""
        return any(map(has_own_part, (self.base, self.bijection, self.embed)))

    def checked_x(self, name: str, x: Any, like: Any) -> Any:
        """x as an array (N, *shape), laid out batch-last, of the type and dtype of the array `like`; or ValueError."""
        return validate.events(name, x, self.shape, like)

    def init(self, rng: onp.random.Generator, x: Any = None, context: Any = None) -> dict:
        """Fresh parameters on the active backend and dtype; `x`, `context`: a batch for layers that look at data.

        A flow with an embedding network needs a context here: its width is the network's input.
        """
        rng = validate.seeded(rng)
        like = backend.asarray([])
        for name, rows in (("x", x), ("context", context)):
            lost_digits.check(name, rows, like.dtype, cast_only=LOOKED_AT.get())
        x = None if x is None else self.checked_x("x", x, like)
        embed = self._init_embed(rng, context, None if x is None else len(x), like)
        if x is None:
            return remember(self, {"base": self.base.init(rng), "bijection": self.bijection.init(rng), "embed": embed})
        h = self.embedded({"embed": embed}, self.checked_context({"embed": embed}, context, len(x), like))
        bijection = self.bijection.init(rng, x, h)
        return remember(self, {"base": self._init_base(rng, bijection, x, h), "bijection": bijection, "embed": embed})

    def _init_base(self, rng, bijection, x, h):
        """The base sees what the bijection makes of the batch, if it looks at it at all."""
        if type(self.base).init is Distribution.init:
            return self.base.init(rng)
        batch = StartBatch(x, h)
        batch.thin(bijection)
        z, _ = in_chunks(lambda x, h: self.bijection.inverse_value(bijection, x, h, rng), batch.x, batch.context)
        return self.base.init(rng, z, *self._of_base(batch.context))

    # --- density ---------------------------------------------------------------------------------------------------

    @naming_params
    def log_prob(self, params: Any, x: Any, context: Any = None, rng: Any = None) -> Any:
        """log p(x), equation (1), in nats: (N, *shape) -> (N,). context: (N, C), or one row for all."""
        params = checked(self, rebox(params))
        like, rng = trees.array_like(params), None if rng is None else validate.seeded(rng)
        x = validate.events("x", x, self.shape, like, laid=False)  # that copies: chunk by chunk, below
        context = self.checked_context(params, context, len(x), like)
        if self._own_parts and len(x) > 1:
            check_once(self, params, x, context)
        roads = (self._log_prob_value, self._log_prob_node, self._log_prob)
        sizes = lambda x, context: on_the_way.sizes(self, params, x, context)  # noqa: E731
        of_rows = lambda x, context: take(*roads, params, x, context, rng=rng)  # noqa: E731
        return far_rows_have_density_0(of_rows, params, x, context, sizes)

    def _log_prob(self, params, x, context, rng):
        """The plain definition."""
        params, x = trees.with_constant_fixed(params), x if isbox(x) else laid_out(x)
        h = self.embedded(params, context)
        z, log_det = self.bijection.inverse(params["bijection"], x, h, rng)
        log_p = self.base.log_prob(params["base"], z, *self._of_base(h))
        return checked_sum(self, log_p, log_det, params, x, context)

    def _log_prob_value(self, params, x, context, rng):
        if rng is not None and self.bijection.stochastic:  # one draw per call, as on the other roads
            return self._log_prob_of_chunk(params, x, context, rng)
        of_chunk = lambda x, context: self._log_prob_of_chunk(params, x, context, rng)  # noqa: E731
        return in_chunks(of_chunk, x, context, self.bijection.inverse_cost)

    def _log_prob_of_chunk(self, params, x, context, rng):
        h, x = self._embedded_value(params, context), laid_out(x)
        z, log_det = self.bijection.inverse_value(params["bijection"], x, h, rng)
        log_p = self.base.log_prob_value(params["base"], z, *self._of_base(h))
        return checked_sum(self, log_p, log_det, params, x, context)

    def _log_prob_node(self, params, x, context, rng):
        log_p, pullback = self._log_prob_vjp(params, laid_out(x), context, rng)
        return log_p, trees.completing(pullback, params)

    @naming_params
    def log_prob_vjp(self, params: Any, x: Any, context: Any = None, rng: Any = None) -> Any:
        """log p(x), and pullback(g) -> g_params, g_x, g_context. The arrays are not checked again: `fit` calls this."""
        sizes = lambda x, context: on_the_way.sizes(self, params, x, context)  # noqa: E731
        of_rows = lambda x, context: self._log_prob_vjp(params, x, context, rng)  # noqa: E731
        return far_rows_have_gradient_0(of_rows, params, x, context, sizes)

    def _log_prob_vjp(self, params, x, context, rng):
        of_rows = lambda x, context: self._log_prob_vjp_of(params, x, context, rng)  # noqa: E731
        return of_rows(x, context) if self._own_parts else spoilt_rows_have_gradient_0(of_rows, params, x, context)

    def _log_prob_vjp_of(self, params, x, context, rng):
        h, back_embed = self._embed_vjp(params, context)
        z, log_det, back_z = self.bijection.inverse_vjp(params["bijection"], x, h, rng)
        log_p, back_base = self.base.log_prob_vjp(params["base"], z, *self._of_base(h))
        total = checked_sum(self, log_p, log_det, params, x, context)

        def pullback(g):
            g_base, g_z, *g_of_base = back_base(g)
            g_bijection, g_x, g_h = back_z(g_z, g)
            g_embed, g_context = back_embed(trees.total(g_h, *g_of_base))
            return {"base": g_base, "bijection": g_bijection, "embed": g_embed}, g_x, g_context

        return total, pullback

    # --- samples ---------------------------------------------------------------------------------------------------

    def sample(self, params: Any, rng: onp.random.Generator, n: int, context: Any = None) -> Any:
        """n draws, equation (2): (n, *shape). context: one row for all, or n rows.

        A draw that is beyond the largest float is infinite, such as exp of a heavy tail's; one that is NaN is refused.
        """
        return self._draw(params, rng, n, context, self._sample_value, self._sample)[0]

    def sample_and_log_prob(self, params: Any, rng: onp.random.Generator, n: int, context: Any = None) -> Any:
        """n draws and their log densities, from one forward pass: (n, *shape), (n,). Reparameterized: reverse KL."""
        return self._draw(params, rng, n, context, self._sample_and_log_prob_value, self._sample_and_log_prob)

    @naming_params
    def _draw(self, params, rng, n, context, value, plain):
        n = validate.count("n", n)
        rng = validate.seeded(rng)
        params = checked(self, rebox(params))
        context = self.checked_context(params, context, n, trees.array_like(params))
        if not self.base.reparameterized and (isbox(params) or isbox(context)):
            raise ValueError(
                f"a draw of {type(self.base).__name__} has no derivative; take a reparameterized base, "
                "such as nf.DiagonalNormal(dim)"
            )

        of = lambda f: lambda params, context, rng: f(params, rng, n, context)  # noqa: E731
        return take(of(value), of(self._sample_and_log_prob_node), of(plain), params, context, rng=rng)

    def _sample_and_log_prob_node(self, params, rng, n, context):
        drawn, pullback = self.sample_and_log_prob_vjp(params, rng, n, context)
        return drawn, trees.completing(pullback, params)

    def _sample(self, params, rng, n, context):
        """The plain definition of the draws, and what their density is made of."""
        h = self.embedded(params, context)
        z = self._base_sample(params, rng, n, h)
        x, log_det = self.bijection.forward(params["bijection"], z, h, rng)
        return x, z, log_det, h

    def _sample_and_log_prob(self, params, rng, n, context):
        """The plain definition."""
        x, z, log_det, h = self._sample(params, rng, n, context)
        log_p = self.base.log_prob(params["base"], z, *self._of_base(h))
        return x, checked_sum(self, log_p, -log_det, params, x, context)

    def _sample_value(self, params, rng, n, context):
        forward, of_layers = self.bijection.forward_value, params["bijection"]
        return self._draws(params, rng, n, context, lambda z, h: forward(of_layers, z, h, rng)[:1])

    def _sample_and_log_prob_value(self, params, rng, n, context):
        def both(z, h):
            x, log_det = self.bijection.forward_value(params["bijection"], z, h, rng)
            log_p = self.base.log_prob_value(params["base"], z, *self._of_base(h))
            return x, checked_sum(self, log_p, -log_det, params, x, h)

        return self._draws(params, rng, n, context, both)

    def _draws(self, params, rng, n, context, fun):
        """fun(z, h) of n draws of the base, some rows at a time."""
        fun = refusing_nan(self, params, fun)
        h = in_chunks(lambda c, _: self._embedded_value(params, c), context) if context is not None else None
        by_row = self.base.draws_row_by_row(params["base"]) and not self.bijection.stochastic
        if self.base.reparameterized and not by_row:  # the other roads draw all at once, and make the same draws
            return in_chunks(fun, self._base_sample(params, rng, n, h), h, self.bijection.forward_cost)
        rows = onp.broadcast_to(0.0, (n, *self.base.shape))
        of_rows = lambda rows, h: fun(self._base_sample(params, rng, len(rows), h), h)  # noqa: E731
        return in_chunks(of_rows, rows, h, self.bijection.forward_cost)

    def _base_sample(self, params, rng, n, h):
        return self.base.sample(params["base"], rng, n, trees.array_like(params), *self._of_base(h))

    @naming_params
    def sample_and_log_prob_vjp(self, params: Any, rng: onp.random.Generator, n: int, context: Any = None) -> Any:
        """(draws, log densities), and pullback((g_x, g_log_q)) -> g_params, g_context. Arrays are taken as checked."""
        h, back_embed = self._embed_vjp(params, context)
        of_base, like = self._of_base(h), trees.array_like(params)
        z, log_p, back_base = self.base.sample_and_log_prob_vjp(params["base"], rng, n, like, *of_base)
        x, log_det, back_x = self.bijection.forward_vjp(params["bijection"], z, h, rng)
        log_q = checked_sum(self, log_p, -log_det, params, x, context)

        def pullback(g):
            g_x, g_log_q = g
            g_bijection, g_z, g_h = back_x(g_x, -g_log_q)
            g_base, *g_of_base = back_base(g_z, g_log_q) if of_base else (back_base(g_z, g_log_q),)
            g_embed, g_context = back_embed(trees.total(g_h, *g_of_base))
            return {"base": g_base, "bijection": g_bijection, "embed": g_embed}, g_context

        return (x, log_q), pullback
