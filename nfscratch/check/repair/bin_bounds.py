"""BinBounds: the last bin that an index may name. A table that goes on beyond its last bin makes a spline fold.

k = np.clip(k, 0, K - 1)      np.clip(k, 0, K - 2)
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nfscratch.check.repair.edit import Place
from nfscratch.check.repair.scope import Scope

CLIPS = ("clip", "minimum", "maximum", "min", "max", "clamp")
OF_CLIP = re.compile(rf"\b({'|'.join(CLIPS)})\(")
WHOLE = re.compile(r"(?<![\w.])\d+(?![\w.])")


def bin_bounds(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """A whole number in a clip, that is one off."""
    node, calls = place.node, [n for n in place.above if isinstance(n, ast.Call)]
    clips = any(getattr(c.func, "attr", getattr(c.func, "id", "")) in CLIPS for c in calls)
    if clips and isinstance(node, ast.Constant) and type(node.value) is int and place.field != "value":
        yield from (ast.Constant(node.value + by) for by in (1, -1) if node.value + by >= 0)


def moves_bound(before: str, after: str) -> bool:
    """Whether a whole number in a clip is all that is changed."""
    alike = WHOLE.sub("#", before) == WHOLE.sub("#", after)
    return alike and before != after and OF_CLIP.search(before) is not None
