"""Task 5.2, masks_of(degrees, n_context): equation (2), zeros and ones."""

from __future__ import annotations

import operator

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch05.unit import degrees, masks

PARTS = ("M_1", "M_2", "M_out")
EQUALS = "Who may look at equals, by (2): hidden units, outputs, or both?"
COLUMNS = "Which columns has the first weight matrix, and in which order?"


def zeros_and_ones(asked, rng):
    """every entry, for two hidden layers: what must be cut is cut, and nothing else"""
    cases = [(3, (4, 5), 0), (5, (9, 7), 0), (4, (6, 8), 2)]
    return expect(asked, *[_of(degrees(D, widths, least=0 if n else 1), n) for D, widths, n in cases])


def no_hidden_layer(asked, rng):
    """the output mask alone, where no hidden layer is: an input is then what outputs look at"""
    return expect(asked, *[_alone(degrees(D, ()), n) for D, n in ((3, 0), (5, 0), (4, 2))])


def _of(layers, n_context):
    by = {
        (h, o): masks(layers, n_context, h, o) for h in (operator.ge, operator.gt) for o in (operator.ge, operator.gt)
    }
    right, strict = by[operator.ge, operator.gt], by[operator.gt, operator.gt]
    turned = masks(layers, n_context, operator.le, operator.lt)
    D, last = len(layers[0]), layers[-1]
    slips = [
        slip("the output mask lets a variable see itself", EQUALS, M_out=by[operator.gt, operator.ge][2]),
        slip("hidden units do not look at their equals in the layer below", EQUALS, M_2=strict[1]),
        slip("hidden units do not look at their equals", EQUALS, M_1=strict[0], M_2=strict[1]),
        slip("the matrices are transposed", "How many rows has a matrix of weights?", **dict(zip(PARTS, (M.T for M in right), strict=True))),
        slip("the comparison is turned round", "A unit of degree m depends on inputs of degree at most m.", **dict(zip(PARTS, turned, strict=True))),
        slip("the output mask compares with the inputs' degrees", "Which layer do the outputs look at?",
             M_out=(layers[0][:, None] > layers[0][None, :]).astype(float)),
        slip("the output mask has its rows in rising order, not in the variables'", "Which degree has output 1?",
             M_out=(onp.sort(layers[0])[:, None] > last[None, :]).astype(float)),
        slip("the first mask has its columns in rising order, not in the variables'", "Which degree has input 1?",
             M_1=onp.concatenate([masks([onp.sort(layers[0]), *layers[1:]])[0], right[0][:, D:]], axis=1)),
        slip("the context's columns are missing", COLUMNS, M_1=right[0][:, :D]),
        slip("the context's columns stand before those of x", COLUMNS, M_1=onp.roll(right[0], n_context, axis=1)),
        slip("the context has the degree 1, not 0", "Which degree has a context, and who may look at it?",
             M_1=onp.concatenate([right[0][:, :D], (layers[1][:, None] >= onp.ones(n_context))], axis=1)),
        slip("the context is cut off", "Which degree has a context, and who may look at it?", M_1=right[0] * (onp.arange(D + n_context) < D)),
        slip("nothing is cut", "Which connections would tell an output its own variable?", **dict(zip(PARTS, map(onp.ones_like, right), strict=True))),
    ]  # fmt: skip
    shown = {"degrees": layers, "n_context": n_context}
    arguments = (layers, n_context) if n_context else (layers,)
    return Question(arguments, dict(zip(PARTS, right, strict=True)), shown, slips, size=f"D = {D}")


def _alone(layers, n_context):
    (right,) = masks(layers) if not n_context else [_with_context(layers, n_context, operator.gt)]
    slips = [
        slip("the output mask lets a variable see itself", EQUALS, M_out=_with_context(layers, n_context, operator.ge)),
        slip("the comparison is turned round", EQUALS, M_out=_with_context(layers, n_context, operator.lt)),
        slip("the context's columns are missing", COLUMNS, M_out=right[:, : len(right)]),
        slip("the matrix is transposed", "How many rows has a matrix of weights?", M_out=right.T),
    ]
    arguments = (layers, n_context) if n_context else (layers,)
    shown = {"degrees": layers, "n_context": n_context}
    return Question(arguments, {"M_out": right}, shown, slips, size=f"D = {len(right)}", read=_first)


def _with_context(layers, n_context, compare):
    return masks([onp.concatenate([layers[0], onp.zeros(n_context, int)])], output=compare)[0][: len(layers[0])]


def _first(value):
    """The one matrix of a list."""
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value
