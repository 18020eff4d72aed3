"""Older: a value as it was before a call made a new one of it, wherever a function reads the new one but to hand it on.

zl, _ = inverse(l)
s = net(zl)             net(l): forward conditioned on what its own call had given, and that is l
return join(zl, r)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nfscratch.check.repair.edit import Place


def older_names(place: Place, everywhere: list[Place]) -> Iterator[tuple[ast.Name, list[Place]]]:
    """(the older variable, the places where the newer one is read) of the first place that reads it."""
    node = place.node
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load) or place.function is None:
        return
    read = [p for p in everywhere if not _is_handed_on(p)]
    if len(read) < 2 or len(read) == len(everywhere) or place is not read[0]:
        return
    for line in [n for n in ast.walk(place.function) if isinstance(n, ast.Assign) and isinstance(n.value, ast.Call)]:
        targets = [e for t in line.targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
        if any(getattr(t, "id", "") == node.id for t in targets):
            names = [a.id for a in line.value.args if isinstance(a, ast.Name) and a.id != node.id]
            yield from ((ast.Name(name, ast.Load()), read) for name in names)


def _is_handed_on(place):
    """Whether it is returned, put into some columns, or joined with others."""
    joined = isinstance(place.parent, (ast.List, ast.Tuple)) and isinstance(place.node.ctx, ast.Load)
    put = isinstance(place.parent, ast.Assign) and isinstance(place.parent.targets[0], ast.Subscript)
    return joined or put or any(isinstance(n, ast.Return) for n in place.above)
