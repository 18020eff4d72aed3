"""Looks: a letter that asks several questions stops at the first that fails, and says where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from nfscratch.check.finding import Finding
from nfscratch.check.laws import point
from nfscratch.check.trial import flat


def first_failure(looks: Iterable[Callable[[], Finding | None]], otherwise: Finding) -> Finding:
    """The first finding that fails; None and "not judged" are no failures."""
    for look in looks:
        finding = look()
        if finding is not None and finding.failed:
            return finding
    return otherwise


def failing(
    letter: str, what: str, words: str, kind: str, symbol: str, points: Any, row: int, **numbers: Any
) -> Finding:  # fmt: skip
    """`letter` fails at a row of `points`: "forward is not finite at z = [1, 2]"."""
    evidence = {"kind": kind, symbol: flat(points), "row": row, "symbol": symbol, **numbers}
    where = f" at {point(symbol, points, row)}" if len(points) else ""
    return Finding(letter, what, 1.0, 0.0, f"{words}{where}", evidence=evidence)
