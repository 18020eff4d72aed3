"""Task 2.4, reflections_of(Q): the reflections are multiplied again, in the parent. There is more than one right list."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.shown import apart, kind, shown
from nfscratch.course.properties.ch02 import factors

NEXT = "After the first reflection, which matrix has to become the identity?"


def product(asked, rng):
    """the product of the reflections is Q, for both signs of det Q, the identity, -I and a reversal"""
    wrong = []
    for Q in _matrices(rng):
        if isinstance(vectors := _vectors(asked, Q), Fault):
            return vectors if not wrong else _named(wrong)
        came = factors.product(map(factors.reflection, vectors), len(Q))
        wrong += [] if onp.abs(came - Q).max() < 1e-9 else [(Q, came)]
    return _named(wrong) if wrong else None


def how_many(asked, rng):
    """at most D reflections"""
    for Q in _matrices(rng):
        if isinstance(vectors := _vectors(asked, Q), Fault):
            return vectors
        if len(vectors) > len(Q):
            lines = (_at(Q), f"      yours are {len(vectors)}   {len(Q)} are enough")
            return Fault("there are more than D reflections", lines, "How many columns are there to put right?")
    return None


def _matrices(rng):
    """Smallest first; a reversal has columns that need no reflection, and so has a swap."""
    yield from (factors.orthogonal(rng, D, sign) for D in (2, 3, 5) for sign in (-1, 1))
    yield from (onp.eye(3), -onp.eye(3), onp.eye(4)[::-1].copy(), onp.eye(3)[[0, 2, 1]], -onp.eye(1))


def _at(Q):
    return f"      at Q = {shown(Q)}   (D = {len(Q)})"


def _vectors(asked, Q):
    """The vectors for Q, or the Fault."""
    (answer,) = asked.many([(Q,)], watch=True)
    if asked.changed:
        return Fault(
            "it changes its argument", (_at(Q),), "Which matrix is to become the identity: Q, or a copy of it?"
        )
    fault = _misshapen(answer, len(Q), _at(Q))
    return fault or [onp.asarray(v, dtype=float) for v in answer]


def _misshapen(answer, D, at):
    is_rows = isinstance(answer, onp.ndarray) and answer.ndim == 2
    if not (isinstance(answer, (list, tuple)) or is_rows):
        return Fault("it must return a list of vectors", (at, f"      yours is {kind(answer)}"))
    for v in answer:
        if not (isinstance(v, onp.ndarray) and v.shape == (D,) and v.dtype.kind in "biuf"):
            return Fault(f"every vector must be an array of shape ({D},)", (at, f"      one of yours is {kind(v)}"))
        if not onp.isfinite(v).all():
            return Fault("a vector is not finite", (at, f"      it is {shown(v)}"), "By what is it divided?")
        if v @ v < 1e-18:
            hint = "What is v, where a column is e_k already?"
            return Fault("a vector is 0 up to rounding: it has no mirror", (at, f"      it is {shown(v)}"), hint)
    return None


def _named(wrong):
    """The Fault of the first wrong product, with the name of the mistake that explains all of them."""
    explained = [{name for name, _, M in _mistakes(Q) if onp.abs(M - came).max() < 1e-6} for Q, came in wrong]
    Q, came = wrong[0]
    known = [(name, hint) for name, hint, _ in _mistakes(Q) if all(name in names for names in explained)]
    name, hint = known[0] if known else ("the product of the reflections is not Q", "")
    yours, right = apart(came, Q)
    return Fault(name, (_at(Q), f"      their product: yours {yours}   should be {right}"), hint)


def _mistakes(Q):
    """Name, hint, and the product that would come."""
    first = _nonzero(onp.eye(len(Q))[:1] - Q.T[:1])
    return (
        ("the reflections come in the reverse order: they multiply to Q transposed", "Which one does z meet first, in (6)?", Q.T),
        ("every reflection is that of a column of Q itself", NEXT, _columns_of(Q)),
        ("every reflection is that of a row of Q itself", NEXT, _columns_of(Q.T)),
        ("only the first reflection is there", NEXT, factors.product(map(factors.reflection, first), len(Q))),
        ("the last reflection is missing", "Is the last column e_D when the others are right?", _without_last(Q)),
        ("the product is -Q: every column is sent to -e_k", "Which of e_k and -e_k should H make of the column?", -Q),
    )  # fmt: skip


def _nonzero(rows):
    return [v for v in rows if v @ v > 1e-20]


def _columns_of(M):
    return factors.product(map(factors.reflection, _nonzero(onp.eye(len(M)) - M.T)), len(M))


def _without_last(Q):
    """The product of the reflections that the proof finds, but for the last step."""
    rest, found = Q.copy(), []
    for k in range(len(Q) - 1):
        for v in _nonzero([onp.eye(len(Q))[k] - rest[:, k]]):
            rest, found = factors.reflection(v) @ rest, [*found, v]
    return factors.product(map(factors.reflection, found), len(Q))
