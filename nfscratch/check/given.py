"""What a check is given at its door: points, a context, ends of a box. A message names the argument.

A check that drops an imaginary part, or a mask, says "holds" of other points than those that were asked for.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import backend, context_rows, validate
from nfscratch.excerpt import excerpt


def real_points(name: str, z: Any) -> Any:
    """`z` as an array of real numbers, none of them masked, in its own dtype."""
    return validate.numeric(name, z)


def taken_context(bijection: Any, rows: Any) -> Any:
    """`rows` as they came, if the layer takes such a context; its dtype stays."""
    if rows is not None:
        context_rows.context(rows, getattr(bijection, "context_dim", None), None, onp.empty(0))
    return rows


def box_ends(name: str, side: Any) -> Any:
    """One end of a box for each variable (D,), in float64; a number is that of one variable."""
    side = onp.atleast_1d(backend.to_numpy(validate.numeric(name, side)).astype(onp.float64))
    if not onp.isfinite(side).all():
        raise ValueError(f"{name} must be finite; got {excerpt(side)}")
    return side
