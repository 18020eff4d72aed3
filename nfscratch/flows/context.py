"""TakesContext: how a flow takes a context y: checked, one row for all or one for each, and embedded as h(y).

bijection and base are conditioned on    h(y) = embed(y), or y itself where there is no embedding network
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import validate
from nfscratch.autodiff import raw
from nfscratch.nets.network import features, network_value, network_width


class TakesContext:
    """The part of Flow that knows of the context; it reads `base`, `bijection` and `embed`."""

    @property
    def context_dim(self) -> int:
        """The width C of the context after embedding."""
        return max(self.bijection.context_dim, self.base.context_dim)

    def embedded(self, params: Any, context: Any) -> Any:
        """What the bijection and the base are conditioned on: embed(context), or the context itself."""
        return context if self.embed is None else self.embed.apply(params["embed"], context)

    def _init_embed(self, rng, context, n, like):
        """Parameters of `embed` from the context of n rows, or of any number of rows where n is None."""
        if self.embed is None:
            return {}
        context = None if context is None else validate.numeric("context", context)
        if getattr(self.embed, "keeps_width", False):
            if context is None and n is None:
                return self.embed.init(rng, self.context_dim, self.context_dim)
            rows = (len(context) if onp.ndim(context) == 2 else 1) if n is None else n
            context = validate.context(context, self.context_dim, rows, like)
        if onp.ndim(context) != 2:
            got = None if context is None else onp.shape(context)
            raise ValueError(f"context must have shape (N, C): the embedding network is built for it; got {got}")
        params = features(self.embed, rng, onp.shape(context)[1], self.context_dim)
        return self.embed.look(params, context) if hasattr(self.embed, "look") else params

    def _embedded_value(self, params, context):
        return context if self.embed is None else network_value(self.embed, params["embed"], context)

    def _embed_vjp(self, params, context):
        if self.embed is None:
            return context, lambda g_h: ({}, g_h)
        h, pullback = self.embed.apply_vjp(params["embed"], context)
        return h, lambda g_h: pullback(g_h)[:2]

    def _context(self, params, context, n, like):
        """The caller's context, checked, with a row for each of n rows."""
        if self.embed is None:
            return validate.context(context, self.context_dim, n, like)
        return validate.context(context, network_width(self.embed, raw(params)["embed"]), n, like)

    def _of_base(self, h):
        """The base's last argument, where it takes a context."""
        return (h,) if self.base.context_dim else ()
