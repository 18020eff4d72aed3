"""The argument `support` of the recipes: where data, or the unknowns of a prior, can be.

    support=(0, 1)                   0 < x < 1 for every variable
    support=(0, None)                x > 0; None, inf and -inf leave an end open
    support=([0, -1, None], [1, 1, None])       an end for each variable, as a uniform prior on a box has

The last layer of the flow then maps all reals onto the box (bijections/bounds.py), and Standardize, before it, takes
mean and scale of the unbounded coordinates. Outside of the box, and on its ends, the density is 0; draws lie inside.
"""

from __future__ import annotations

from collections.abc import Set
from math import inf, isinf
from typing import Any

import numpy as onp

from nfscratch import validate
from nfscratch.bijections import Bounds
from nfscratch.excerpt import excerpt

Support = tuple[Any, Any]


def onto_support(dim: int, support: Support | None) -> list[Bounds]:
    """The layers that come last: one, or none where all is open."""
    if support is None:
        return []
    if not isinstance(support, (tuple, list)) or len(support) != 2 or any(isinstance(end, Set) for end in support):
        raise ValueError(f"support must be a pair (low, high); got {excerpt(support)}")
    low, high = _ends("low", support[0], dim, -inf), _ends("high", support[1], dim, inf)
    for i, (a, b) in enumerate(zip(low, high, strict=True)):
        if not a < b or a == inf or b == -inf:
            raise ValueError(f"support must have low below high for every variable; got {a} and {b} for variable {i}")
    all_open = set(low) == {-inf} and set(high) == {inf}
    return [] if all_open else [Bounds(low, high)]


def _ends(name, ends, dim, open_end):
    """`ends`, one for all variables or a sequence of D, as D floats."""
    each = list(ends) if isinstance(ends, (list, tuple)) or (ends is not None and onp.ndim(ends)) else [ends] * dim
    if len(each) != dim:
        raise ValueError(f"{name} of support must be one number, or one for each of {dim} variables; got {len(each)}")
    return [_end(name, end, open_end) for end in each]


def _end(name, end, open_end):
    if end is None:
        return open_end
    if not validate.is_finite(end) and not (isinstance(end, (float, onp.floating)) and isinf(end)):
        raise ValueError(f"{name} of support must be numbers, or None for an open end; got {excerpt(end)}")
    return float(end)
