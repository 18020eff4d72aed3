"""MaskedDraws: weights that were drawn and masked in one line, W = rng.normal(size=(D, H)) * mask.

The numbers cannot be drawn again. But a mask of zeros and ones may be put on once more, W = W * mask: of a mask that is
changed to let fewer through, these are the weights that the module would have.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as onp


def masked_again(line: ast.stmt, again: Callable[[ast.stmt], bool], value: Callable[[str], Any]) -> ast.stmt:
    """The line that puts the mask on what it once made, for one that cannot run again; else the line as it is.

    value: what a name, or an attribute as it is written, holds.
    """
    if not isinstance(line, ast.Assign) or len(line.targets) != 1 or again(line):
        return line
    target = line.targets[0]
    if not isinstance(target, (ast.Name, ast.Attribute)):
        return line
    masks = [f for f in _factors(line.value) if isinstance(f, (ast.Name, ast.Attribute)) and again(_with(line, f))]
    held = deepcopy(target)
    held.ctx = ast.Load()
    for factor in (f for f in masks if _is_mask(value(ast.unparse(f)))):
        held = ast.BinOp(held, ast.Mult(), factor)
    return _with(line, held) if isinstance(held, ast.BinOp) else line


def _is_mask(array):
    return isinstance(array, onp.ndarray) and array.ndim > 0 and bool(((array == 0) | (array == 1)).all())


def _factors(node):
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*_factors(node.left), *_factors(node.right)]
    return [node]


def _with(line, value):
    return ast.fix_missing_locations(ast.copy_location(ast.Assign(line.targets, deepcopy(value)), line))
