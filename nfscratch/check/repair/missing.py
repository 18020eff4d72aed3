"""Missing terms: what a log_det lacks, found by numbers before it is tried.

    e = log|det J| - claim        at the points of the screen, known
    v_k                           the operands of a statement that adds to log_det, as they are when it runs: their sums
                                  over the columns, or those of their logarithms, over all the times that it runs

Where e = c v_k, or e = +-v_j +-v_k, the statement with these terms is a candidate: with the other sign where log_det is
minus what it adds, as where one direction negates the other's. A term of constants alone fits by chance sooner, and is
taken only by itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import numpy as onp

from nfscratch.check.repair.candidates import Candidate, met_places
from nfscratch.check.repair.edit import Place, placed, source
from nfscratch.check.repair.live_code import LiveStatement, Reached, TooLong, within
from nfscratch.check.repair.screen import SLOWER
from nfscratch.check.repair.screens import OfLogDet
from nfscratch.check.repair.terms import is_number, is_term

FIT = 1e-6  # of e, relative to the log_dets
FACTORS = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0)
MOST_RUNS = 64  # of one statement, and
MOST_VALUES = 20_000  # of all operands that are looked at
PAIRS = 140  # so many terms are tried two at a time
TRIED = 12  # candidates of one search
MOVED = 0.015625


@dataclass
class Site:
    """A statement that may add to log_det, and the values of its operands."""

    statement: LiveStatement
    place: Place
    np: str
    texts: list[str]
    codes: list[CodeType]
    runs: int = 0
    shape: tuple[int, ...] = ()  # of what it adds
    sums: dict[tuple[int, str], Any] = field(default_factory=dict)  # (operand, form) -> its sum over the runs
    shapes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)  # operands that one of the runs does not have
    own: Any = 0.0  # the sum of what it adds over the runs
    sign: float = 1.0  # with which log_det has it

    def look(self, frame: Any, n: int) -> None:
        self.runs += 1
        for k, code in enumerate(self.codes):
            if k not in self.gone:
                try:
                    self._add(k, onp.asarray(eval(code, frame.f_globals, frame.f_locals), dtype=float), n)
                except Exception:  # of any kind: not known yet, or no number
                    self.gone.add(k)

    def _add(self, k, value, n):
        if k == 0:
            self.shape, self.own = value.shape, self.own + _totals(value, n)["itself"]
            return
        self.shapes[k] = value.shape
        for form, total in _totals(value, n).items():
            self.sums[k, form] = self.sums.get((k, form), 0.0) + total

    def terms(self) -> dict[tuple[int, str], Any]:
        return {key: v for key, v in self.sums.items() if key[0] not in self.gone and onp.isfinite(v).all() and v.any()}


def _totals(a, n):
    """An operand as numbers (n,): its total, that of its logarithms, the log-determinant."""
    rest = tuple(range(1, a.ndim)) if a.shape[:1] == (n,) else tuple(range(a.ndim))
    one = onp.ones(n)
    found = {"itself": a.sum(axis=rest) * one}
    if (a != 0).all():
        found["log"] = onp.log(onp.abs(a)).sum(axis=rest) * one
    if a.ndim == 2 and a.shape[0] == a.shape[1] != n:
        found["det"] = onp.linalg.slogdet(a)[1] * one
    return found


def missing_terms(
    statements: list[LiveStatement], reached: Reached, lines: Any, screen: OfLogDet
) -> Iterator[Candidate]:
    """The candidates, the simplest first."""
    with onp.errstate(all="ignore"):
        error = screen.true - onp.asarray(screen.claim, dtype=float)
        if error.ndim != 1 or not onp.isfinite(error).all() or len(error) < 3:
            return
        sites = _sites(statements, reached, lines)
        for site in sites:
            site.sign = _sign(site, screen)
        sites = [site for site in sites if site.sign]
        _watch(sites, screen, len(error))
        close = max(FIT, screen.near / 10) * (1.0 + onp.abs(screen.true))
        factors = FACTORS[:2] if _is_multiple(screen.true, screen.claim) else FACTORS
        fits = [fit for site in sites for fit in _fits(site, error, close, factors)]
    for _, site, parts in sorted(fits, key=lambda fit: fit[0])[:TRIED]:
        if (new := _with_terms(site, parts, len(error))) is not None:
            yield site.statement, site.place, site.place.exchanged(new)


def _is_multiple(true, claim):
    """Whether log_det is a whole number of times too small: a factor is missing then, and no multiple of a term."""
    with onp.errstate(all="ignore"):
        times = onp.asarray(true) / onp.asarray(claim, dtype=float)
    return bool((onp.abs(times - onp.round(times[0])) < FIT).all() and onp.round(times[0]) > 1)


def _sites(statements, reached, lines):
    found = []
    for statement, place, scope in met_places(statements, reached, True):
        line = getattr(place.statement, "lineno", 0)
        if line in lines.get(statement.file, ()) and is_term(place) and is_number(place.node) and scope.array_module:
            pool = filter(scope.calls_what_was_met, scope.pool)
            texts = [source(place.node), *map(source, pool)]
            codes = [compile(text, "<operand>", "eval") for text in texts]
            found.append(Site(statement, place, scope.array_module, texts, codes))
    return found


def _sign(site, screen):
    """The sign with which log_det has what the statement adds; 0.0 where y has a share in it, or log_det none."""
    more = ast.BinOp(site.place.node, ast.Add(), placed(ast.Constant(MOVED), site.place.node))
    try:
        with site.place.exchanged(more).done(), site.statement.edited():
            (y, log_det), lines = within(screen._call, SLOWER * screen.lines + 1000, screen.met)
        screen.spent += lines
        return float(onp.sign(onp.mean(log_det - screen.claim))) if screen._same(y, screen.y) else 0.0
    except (Exception, SystemExit, TooLong):  # of any kind: the user's own functions
        return 0.0


def _watch(sites, screen, n):
    """One run, which stops at every statement."""
    at, last, looked = {}, {}, [0]
    for site in sites:
        at.setdefault((site.statement.file, site.place.statement.lineno), []).append(site)

    def look(frame):  # once for each run of a statement: a line of many lines is met again, and so is a return
        here, (_, before) = frame.f_lineno, last.get(id(frame), (None, None))
        last[id(frame)] = frame, here  # a frame that is held leaves its id to no other
        for site in at.get((frame.f_code.co_filename, here), ()):
            again = before is not None and here <= before <= site.place.statement.end_lineno
            if not again and site.runs < MOST_RUNS and looked[0] < MOST_VALUES:
                looked[0] += len(site.codes)
                site.look(frame, n)

    within(screen._call, 10**6, look=look)


def _fits(site, error, close, factors):
    """(how complicated, site, [(operand, form, factor)]) of each fit."""
    if site.runs >= MOST_RUNS:
        return
    terms, constant = site.terms(), onp.ptp(error) < close.min()
    for (k, form), v in terms.items():
        for f in factors:
            if (onp.abs(error - f * v) < close).all():
                yield (1, abs(abs(f) - 1), form != "itself", len(site.texts[k])), site, [(k, form, f)]
    if not constant:
        yield from _pairs(site, terms, error, close)


def _pairs(site, terms, error, close):
    keys = sorted(terms, key=lambda key: (key[1] != "itself", len(site.texts[key[0]])))[:PAIRS]
    values = onp.array([terms[key] for key in keys])
    for f in (1.0, -1.0):
        for g in (1.0, -1.0):
            apart = onp.abs(error - f * values[:, None] - g * values) < close
            for i, j in zip(*onp.nonzero(apart.all(axis=2)), strict=True):
                # The logarithm of one in the place of the other's: there the formula within is wrong.
                if i < j and not (f != g and keys[i][1] == keys[j][1] == "log"):
                    size = sum(len(site.texts[keys[m][0]]) for m in (i, j))
                    yield (
                        (2, 0, sum(keys[m][1] != "itself" for m in (i, j)), size),
                        site,
                        [(*keys[i], f), (*keys[j], g)],
                    )


def _with_terms(site, parts, n):
    new = site.place.node
    for k, form, factor in sorted(parts, key=lambda part: part[1] != "itself"):
        if (term := _term(site, k, form, n)) is None:
            return None
        factor *= site.sign
        cancels = _cancel(new, term, factor) or _is_minus(site, (k, form), factor) if new is site.place.node else False
        if cancels and factor in (1.0, -1.0):
            new = None
            continue
        if abs(factor) != 1.0 and source(term) == source(site.place.node):  # another factor of it, and no term
            return None
        if abs(factor) != 1.0:
            size = abs(factor)
            term = ast.BinOp(ast.Constant(int(size) if size == int(size) else size), ast.Mult(), term)
        new = _plus(new, term, factor)
    return new


def _is_minus(site, key, sign):
    """Whether the operand takes away, in numbers, what the statement adds: another term is meant in its place."""
    total = site.sums.get(key)
    return total is not None and bool((onp.abs(site.own + sign * total) < FIT * (1 + onp.abs(site.own))).all())


def _cancel(node, term, sign):
    """Whether node + sign term is 0 by its look: then another term stands in the place of the node."""
    negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    return source(node.operand if negated else node) == source(term) and (sign > 0) == negated


def _plus(node, term, sign):
    if node is None:
        return term if sign > 0 else ast.UnaryOp(ast.USub(), term)
    return ast.BinOp(node, ast.Add() if sign > 0 else ast.Sub(), term)


def _term(site, k, form, n):
    """The operand in its form, with the shape of what the statement adds to."""
    node, shape = ast.parse(site.texts[k], mode="eval").body, site.shapes[k]
    for part in ast.walk(node):
        ast.copy_location(part, site.place.node)  # a run may go through the lines alone that it met
    if form == "det":
        slogdet = ast.Attribute(
            ast.Attribute(ast.Name(site.np, ast.Load()), "linalg", ast.Load()), "slogdet", ast.Load()
        )
        return ast.Subscript(ast.Call(slogdet, [node], []), ast.Constant(1), ast.Load())
    if form == "log":
        node = _call(site.np, "log", _call(site.np, "abs", node))
    if len(site.shape) > 1:
        return node if shape == site.shape else None
    if len(shape) == 0 or shape == (n,):
        return node
    if shape[0] != n or len(shape) == 2:
        axis = [ast.keyword("axis", ast.Constant(1))] if shape[0] == n else []
        return _call(site.np, "sum", node, axis)
    return None


def _call(np, name, node, keywords=()):
    return ast.Call(ast.Attribute(ast.Name(np, ast.Load()), name, ast.Load()), [node], list(keywords))
