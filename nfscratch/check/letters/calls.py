"""Calls: the functions of a trial, each with its name and its input. A companion of P and I.

A function gives a tuple of arrays. It takes the whole input, or some rows of it with their numbers beside them, so that
each row keeps its own context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as onp

from nfscratch.check.trial import Trial


def functions(trial: Trial, subject: Any = None) -> Iterator[tuple[str, Callable[..., Any], Any]]:
    """(name, function, input) for forward, inverse and, where there is one, log_prob."""
    usable = onp.flatnonzero(trial.usable)
    whole = (subject or trial.subject).at(usable)

    def some(rows):
        return whole if rows is None else (subject or trial.subject).at(usable[rows])

    yield "forward", lambda a, rows=None: some(rows).forward(a), trial.z[usable]
    yield "inverse", lambda a, rows=None: some(rows).inverse(a), trial.x[usable]
    if whole.log_prob is not None:
        yield "log_prob", lambda a, rows=None: (some(rows).log_prob(a),), trial.x[usable]


def called(f: Callable[..., Any], a: Any, *rows: Any) -> list[Any]:
    """The results of one call, copied: a function may give the same array again and write into it."""
    with onp.errstate(all="ignore"):
        return [onp.array(r) for r in f(a, *rows)]
