"""Rows of data for a flow: x (N, *shape), and a context (N, C) where the flow takes one. Checked, and in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nfscratch import backend, trees, validate
from nfscratch.flows import chunks


def checked(flow: Any, params: Any, x: Any, context: Any) -> tuple[Any, Any]:
    """(x, context) in the dtype of `params`; one context row serves all. ValueError tells what does not fit, and where.

    params None: there are none yet, so that an embedding network takes a context of any width.
    """
    like = array_like(params)
    x = validate.events("x", x, flow.shape, like)
    return x, validate.context(context, _context_width(flow, params), len(x), like)


def array_like(params: Any) -> Any:
    """An array that tells dtype and backend: one of the parameters, or the active ones where there are none."""
    array = trees.first_array(params)
    return backend.asarray([]) if array is None else array


def pieces(x: Any, context: Any) -> Iterator[tuple[Any, Any]]:
    """(x, context) in pieces of up to chunks.ROWS rows, as views."""
    for start in range(0, len(x), chunks.ROWS):
        rows = slice(start, start + chunks.ROWS)
        yield x[rows], None if context is None else context[rows]


def _context_width(flow, params):
    """C of the context (N, C); None where the embedding network is still to be built for it."""
    if flow.embed is None:
        return flow.context_dim
    return None if params is None else flow.embed.n_in(params["embed"])
