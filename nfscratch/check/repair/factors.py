"""Missing factors: a log_det that is off by D log k, or by log k, or that is to be k times as large.

A slope of a polynomial lacks its degree, a mean its count: the argument of a logarithm is multiplied or divided by k. A
scale that all columns share counts for each of them: a whole term is multiplied by k. A layer that divides by k, and
says nothing of it, lacks D log k. k is written as a variable that is k, where there is one, or as the number of an
array's entries.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as onp

from nfscratch.check.repair.candidates import Candidate, met_places
from nfscratch.check.repair.edit import placed, source
from nfscratch.check.repair.expressions import is_logarithm
from nfscratch.check.repair.live_code import LiveStatement, Reached
from nfscratch.check.repair.scope import Scope, is_scale
from nfscratch.check.repair.screens import OfLogDet
from nfscratch.check.repair.terms import is_number, is_term

LARGEST = 100
FIT = 1e-5
MOST = 3  # ways to write one number
CHANNELS = re.compile(r"(n_?)?(num_?)?(c|ch|chan|channels?)(_?in|_?out|\d)?")


def named_factors(
    statements: list[LiveStatement], reached: Reached, lines: Any, screen: OfLogDet
) -> Iterator[Candidate]:
    """The candidates: all logarithms at these lines, with each variable or count that is k."""
    return _candidates(statements, reached, lines, screen, _written)


def other_factors(
    statements: list[LiveStatement], reached: Reached, lines: Any, screen: OfLogDet
) -> Iterator[Candidate]:
    """The same with the number itself, where the function has no variable for it."""

    def itself(number, scope):
        return [] if _written(number, scope) else [ast.Constant(number)]

    return _candidates(statements, reached, lines, screen, itself)


def _candidates(statements, reached, lines, screen, written):
    if (times := _times(screen)) is not None:
        for statement, place, scope in met_places(statements, reached):
            if place.line in lines.get(statement.file, ()) and is_term(place) and is_number(place.node):
                for factor in written(times, scope):
                    yield statement, place, place.exchanged(_product(factor, place.node))
    for number in _numbers(screen):
        for statement, place, scope in met_places(statements, reached):
            if place.line in lines.get(statement.file, ()) and is_logarithm(place.node):
                for factor in written(number, scope):
                    for op in (ast.Mult(), ast.Div()):
                        yield statement, place, place.exchanged(_with_factor(place.node, factor, op))


def missing_logarithms(
    statements: list[LiveStatement], reached: Reached, lines: Any, screen: OfLogDet
) -> Iterator[Candidate]:
    """D log v, or log v, of a number that a variable holds, with either sign, beside a whole term."""
    return _beside_terms(statements, reached, lines, screen, _held)


def stated_logarithms(
    statements: list[LiveStatement], reached: Reached, lines: Any, screen: OfLogDet
) -> Iterator[Candidate]:
    """The same of a number that stands in the function's own text: 256.0, of pixels / 256.0."""
    return _beside_terms(statements, reached, lines, screen, _stated)


def _beside_terms(statements, reached, lines, screen, numbers_of):
    gap = _gap(screen)
    for statement, place, scope in met_places(statements, reached) if gap is not None else ():
        if place.line in lines.get(statement.file, ()) and is_term(place) and is_number(place.node):
            numbers = numbers_of(scope) if scope.array_module else []
            for term in _logarithms(gap, screen.subject.dim, scope, numbers, source(place.statement)):
                for op in (ast.Sub(), ast.Add()):
                    yield statement, place, place.exchanged(ast.BinOp(place.node, op, placed(term, place.node)))


def _gap(screen):
    """What log_det lacks, where that is one number at all points; else None."""
    error = screen.true - onp.asarray(screen.claim, dtype=float)
    fine = error.ndim == 1 and len(error) >= 3 and onp.isfinite(error).all() and onp.ptp(error) <= screen.loose.min()
    return float(error.mean()) if fine else None


def _held(scope):
    return [(source(node), v) for node, v in scope.held if is_scale(v)]


def _logarithms(gap, dim, scope, numbers, statement):
    """The terms of this size, first of the variables that stand in the statement itself."""
    np, wide = scope.array_module, [k for k, v in scope.locals.items() if getattr(v, "ndim", 0) == 2]
    columns = next((f"{k}.shape[1] * " for k in wide if scope.locals[k].shape[1] == dim), f"{dim} * ")
    for text, v in sorted(numbers, key=lambda pair: pair[0] not in statement):
        log = f"{np}.log({text})" if v > 0 else f"{np}.log(-{text})"
        for times, before in {dim: columns, 1: ""}.items():
            if abs(abs(gap) - times * abs(onp.log(abs(float(v))))) < FIT * (1 + abs(gap)):
                yield ast.parse(before + log, mode="eval").body


def _stated(scope):
    """The numbers that the function's own text has outside of its indices and of arguments by name."""
    nodes = list(ast.walk(scope.function)) if scope.function is not None else []
    within = {id(part) for n in nodes if isinstance(n, (ast.Subscript, ast.keyword)) for part in ast.walk(_inner(n))}
    constants = [n.value for n in nodes if isinstance(n, ast.Constant) and id(n) not in within]
    return [(str(v), v) for v in dict.fromkeys(constants) if type(v) in (int, float) and is_scale(v) and v > 0]


def _inner(node):
    return node.slice if isinstance(node, ast.Subscript) else node.value


def _times(screen):
    """k, where the true log_det is k times the claim at all points."""
    claim = onp.asarray(screen.claim, dtype=float)
    if claim.shape != screen.true.shape or len(claim) < 3 or not onp.isfinite(claim).all():
        return None
    k = round(float(screen.true @ claim / max(claim @ claim, 1e-30)))
    off = onp.abs(screen.true - k * claim)
    return k if 2 <= k < LARGEST and (off < FIT * (1 + onp.abs(screen.true))).all() else None


def _numbers(screen):
    """k, where log_det is off by the same number at all points, and that is D log k or log k."""
    gap = _gap(screen)
    counts = dict.fromkeys((screen.subject.dim, 1)) if gap is not None else ()
    ks = [float(onp.exp(min(abs(gap) / count, 10.0))) for count in counts]
    return [round(k) for k in ks if 1.5 < k < LARGEST and abs(k - round(k)) < FIT * k]


def _written(number, scope: Scope):
    """The number as the function may write it: the variables first."""
    known = {**scope.module, **scope.locals} | {source(node): v for node, v in scope.held}
    names = [k for k, v in known.items() if type(v) is int and v == number and not k.startswith("__")]
    arrays = {k: len(v) for k, v in known.items() if isinstance(v, onp.ndarray) and v.ndim == 1}
    counts = [f"len({k})" for k, n in arrays.items() if n == number]
    counts += [f"(len({k}) - 1)" for k, n in arrays.items() if n == number + 1]
    return [ast.parse(text, mode="eval").body for text in [*names, *counts, *_pairs(number, known, scope)][:MOST]]


def _pairs(number, known, scope):
    """Two sizes whose product it is: those that stand together at the end of a shape, as the pixels do, if any are.

    C is how many channels there are, by its name: the pixels are counted without it.
    """
    sizes = {k: v for k, v in known.items() if type(v) is int and v > 1 and not k.startswith("__")}
    pairs = [(a, b) for a, b in combinations(sizes, 2) if sizes[a] * sizes[b] == number]
    text = source(scope.function) if pairs and scope.function is not None else ""
    pixels = [pair for pair in pairs if f"{pair[0]}, {pair[1]})" in text]
    pairs = pixels or pairs
    return [f"{a} * {b}" for a, b in [pair for pair in pairs if not any(map(_counts_channels, pair))] or pairs]


def _counts_channels(name):
    return bool(CHANNELS.fullmatch(name.lower().split(".")[-1]))


def _product(factor, node):
    """factor * node."""
    return ast.BinOp(placed(factor, node), ast.Mult(), node)


def _with_factor(call, factor, op):
    new = _product(factor, call.args[0])
    new = new if isinstance(op, ast.Mult) else ast.BinOp(new.right, op, new.left)
    return ast.Call(call.func, [new], call.keywords)
