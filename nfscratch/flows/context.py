"""TakesContext: how a flow takes a context y: checked, one row for all or one for each, and embedded as h(y).

bijection and base are conditioned on    h(y) = embed(y), or y itself where there is no embedding network
"""

from __future__ import annotations

from math import prod
from typing import Any

from nfscratch import context_rows
from nfscratch.autodiff import raw
from nfscratch.excerpt import excerpt
from nfscratch.flows.parameters import naming_params
from nfscratch.nets.network import features, network_shape, network_value, network_width


def check_flow(flow: Any) -> None:
    """Refuse what is neither a Flow nor a Dequantized flow."""
    if not isinstance(flow, TakesContext):
        raise TypeError(f"flow must be a Flow, such as nf.flows.maf(2); got {excerpt(flow)}")


class TakesContext:
    """The part of Flow that knows of the context; it reads `base`, `bijection` and `embed`."""

    @property
    def context_dim(self) -> int:
        """The width C of the context after embedding."""
        return max(self.bijection.context_dim, self.base.context_dim)

    def embedded(self, params: Any, context: Any) -> Any:
        """What the bijection and the base are conditioned on: embed(context), or the context itself."""
        return context if self.embed is None else self.embed.apply(params["embed"], context)

    @naming_params
    def context_width(self, params: Any) -> int | None:
        """C of the context (N, C) that a caller gives; None where the embedding network is still to be built for it.

        params None: there are none yet.
        """
        if self.embed is None:
            return self.context_dim
        if (shape := network_shape(self.embed)) is not None:
            return prod(shape)
        if params is None:
            return self.context_dim if getattr(self.embed, "keeps_width", False) else None
        return network_width(self.embed, raw(params)["embed"])

    def checked_context(
        self, params: Any, context: Any, n: int | None, like: Any, name: str = "context", width: int | None = None
    ) -> Any:
        """The caller's context as rows (n, C); one row serves all. ValueError, TypeError: what is wrong with it.

        params None: there are none yet; the width is then `width`, where it is given. n None: any number of rows.
        """
        width = self.context_width(params) if width is None else width
        return context_rows.context(context, width, n, like, name, network_shape(self.embed))

    def _init_embed(self, rng, context, n, like):
        """Parameters of `embed` from the context of n rows, or of any number of rows where n is None."""
        width = self.context_width(None)
        if context is not None or n is not None or width is None:
            context = self.checked_context(None, context, n, like)
        if self.embed is None:
            return {}
        width = width if context is None else context.shape[1]
        params = features(self.embed, rng, width, self.context_dim)
        return params if context is None or not hasattr(self.embed, "look") else self.embed.look(params, context)

    def _embedded_value(self, params, context):
        return context if self.embed is None else network_value(self.embed, params["embed"], context)

    def _embed_vjp(self, params, context):
        if self.embed is None:
            return context, lambda g_h: ({}, g_h)
        h, pullback = self.embed.apply_vjp(params["embed"], context)
        return h, lambda g_h: pullback(g_h)[:2]

    def _of_base(self, h):
        """The base's last argument, where it takes a context."""
        return (h,) if self.base.context_dim else ()
