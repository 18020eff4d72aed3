"""Rows of data for a flow: x (N, *shape), and a context (N, C) where the flow takes one. Checked, and in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nfscratch import trees, validate
from nfscratch.flows import chunks
from nfscratch.nets.network import network_width


def checked(flow: Any, params: Any, x: Any, context: Any) -> tuple[Any, Any]:
    """(x, context) in the dtype of `params`; one context row serves all. ValueError tells what does not fit, and where.

    params None: there are none yet, so that an embedding network takes a context of any width.
    """
    like = trees.array_like(params)
    for name, rows in (("x", x), ("context", context)):
        validate.digits(name, rows, like.dtype)
    x = validate.events("x", x, flow.shape, like)
    return x, validate.context(context, _context_width(flow, params), len(x), like)


def pieces(x: Any, context: Any) -> Iterator[tuple[Any, Any]]:
    """(x, context) in pieces of up to chunks.ROWS rows, as views."""
    for start in range(0, len(x), chunks.ROWS):
        rows = slice(start, start + chunks.ROWS)
        yield x[rows], None if context is None else context[rows]


def _context_width(flow, params):
    """C of the context (N, C); None where the embedding network is still to be built for it."""
    if flow.embed is None or (params is None and getattr(flow.embed, "keeps_width", False)):
        return flow.context_dim
    return None if params is None else network_width(flow.embed, params["embed"])
