"""Intervals of the checks' own, as fractions: messages into intervals, and back."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil, prod

import numpy as onp

from nfscratch.course.judging.fault import Kind


def counts_of(rng, length, K, most=20):
    """For each place the counts of K symbols."""
    return [[int(n) for n in rng.integers(1, most, size=K)] for _ in range(length)]


def message(rng, counts):
    return [int(rng.integers(len(n))) for n in counts]


def total(counts):
    return prod(sum(n) for n in counts)


LONG, LONG_SYMBOLS = 40, 3
ROUNDS = "it is exact for short messages alone: floats and 64-bit integers are too coarse"
EXACT = "Which numbers does Python keep exactly, however many digits they have?"


def long_message(rng):
    """Counts and symbols of a message whose interval has more digits than a float, or 64 bits."""
    counts = counts_of(rng, LONG, LONG_SYMBOLS)
    return counts, message(rng, counts)


def of_long(fault):
    """The fault of a long message, where shorter ones were right."""
    return fault if fault is None or fault.kind is not Kind.WRONG else replace(fault, name=ROUNDS, hint=EXACT)


def as_float(value):
    """A whole number of any length as a float, which a tolerance may be asked of."""
    return float(value) if isinstance(value, (int, onp.integer)) and not isinstance(value, bool) else value


def share(n, symbol):
    """Where a symbol's share of [0, 1) begins, and how wide it is."""
    return Fraction(sum(n[:symbol]), sum(n)), Fraction(n[symbol], sum(n))


def narrowed(symbols, counts):
    """low and width of (4), from the last symbol to the first: the share of a share."""
    low, width = Fraction(0), Fraction(1)
    for symbol, n in list(zip(symbols, counts, strict=False))[::-1]:
        begin, wide = share(n, symbol)
        low, width = begin + wide * low, wide * width
    return low, width


def cell(low, width, upper=lambda end, limit: end <= limit):
    """The smallest b, and the first m, whose cell's end is within the interval, as `upper` judges it."""
    for b in range(200):
        m = ceil(low * 2**b)
        if upper(Fraction(m + 1, 2**b), low + width):
            return m, b
    raise ValueError("no cell")


def read(at, counts, narrow=lambda at, n, k: (at - Fraction(sum(n[:k]), sum(n))) * Fraction(sum(n), n[k])):
    """The symbols of a number in [0, 1); narrow says what is left of it after a symbol. None where it leaves [0, 1)."""
    found = []
    for n in counts:
        edges = [Fraction(c, sum(n)) for c in onp.cumsum([0, *n]).tolist()]
        k = next((k for k in range(len(n)) if edges[k] <= at < edges[k + 1]), None)
        if k is None:
            return None
        found.append(k)
        at = narrow(at, n, k)
    return found
