"""Task 14.3, shortest(low, width, total): the shortest binary fraction whose cell lies in the interval."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch14.intervals import (
    as_float,
    cell,
    counts_of,
    long_message,
    message,
    narrowed,
    of_long,
    total,
)

CELL = "Where does the cell of m / 2^b begin, and where does it end?"
PAPER = "The interval of the text is [27/64, 36/64). Which fractions with three digits lie in it?"
KNOWN = ((27, 9, 64), (1, 1, 4), (0, 1, 1), (3, 2, 8), (0, 1, 3), (5, 1, 6))


def length(asked, rng):
    """b, for intervals that are known, for all of [0, 1), and for those of messages"""
    return expect(asked, *[_of(*interval, "b") for interval in (*KNOWN, *_of_messages(rng))])


def fraction(asked, rng):
    """m, for the same"""
    return expect(asked, *[_of(*interval, "m") for interval in (*KNOWN, *_of_messages(rng))])


def long_messages(asked, rng):
    """the interval of a message of 40 symbols, whose numbers have more digits than a float"""
    counts, symbols = long_message(rng)
    product, (low, width) = total(counts), narrowed(symbols, counts)
    m, b = cell(low, width)

    def read(value):
        """Another cell of the shortest length is as good."""
        inside = type(value) is int and low <= Fraction(value, 2**b) <= low + width - Fraction(1, 2**b)
        return float(m) if inside else as_float(value)

    interval = (int(low * product), int(width * product), product)
    words = {"the interval": f"that of {len(symbols)} symbols"}
    length = Question(interval, {"m": float(m), "b": b}, words, judged=("b",))
    return of_long(expect(asked, length, replace(length, judged=("m",), tolerance=1e-15, read=read)))


def _of_messages(rng):
    for size in (2, 4, 6, 6):
        counts = counts_of(rng, size, 3)
        product = total(counts)
        low, width = narrowed(message(rng, counts), counts)
        yield int(low * product), int(width * product), product


def _of(low, width, product, judged):
    begin, wide = Fraction(low, product), Fraction(width, product)
    m, b = cell(begin, wide)
    inside = next(k for k in range(200) if Fraction(ceil(begin * 2**k), 2**k) < begin + wide)
    strictly = cell(begin, wide, lambda end, limit: end < limit)
    by_width = next(k for k in range(200) if Fraction(1, 2**k) <= wide)
    below = next(k for k in range(200) if Fraction(floor(begin * 2**k) + 1, 2**k) <= begin + wide)

    def read(value):
        """Another cell of the shortest length is as good."""
        good = (
            judged == "m" and type(value) is int and begin <= Fraction(value, 2**b) <= begin + wide - Fraction(1, 2**b)
        )
        return m if good else value

    slips = [
        slip("the fraction lies in the interval, but not its whole cell", CELL, b=inside, m=ceil(begin * 2**inside)),
        slip("a cell that ends where the interval ends is refused", "Is the end of [m / 2^b, (m + 1) / 2^b) in it?", b=strictly[1], m=strictly[0]),
        slip("b follows from the width alone", "Which cells of this length are there?", b=by_width),
        slip("b is one more than the width alone needs, and not the shortest", "Try one digit fewer, for some intervals.", b=by_width + 1),
        slip("b is two more than the width alone needs, and not the shortest", "Try one digit fewer, for some intervals.", b=by_width + 2),
        slip("b is one too large", PAPER, b=b + 1, m=ceil(begin * 2 ** (b + 1))),
        slip("b is one too small", PAPER, b=b - 1, m=ceil(begin * 2 ** (b - 1)) if b else 0),
        slip("b is never 0", "Which cell is all of [0, 1)?", b=max(b, 1)),
        slip("m and b are exchanged", "In which order are they returned?", b=m, m=b),
        slip("2^b comes back, not b", "What is b for 7/16?", b=2**b),
        slip("the cell may begin below the interval", CELL, b=below, m=floor(begin * 2**below)),
        slip("m is rounded down", CELL, m=floor(begin * 2**b)),
        slip("m is rounded to the nearest", CELL, m=round(begin * 2**b)),
        slip("m is one too large", CELL, m=floor((begin + wide) * 2**b)),
        slip("m is one too large", CELL, m=m + 1),
        slip("m / 2^b comes back, not m", PAPER, m=m / 2**b),
        slip("low comes back, not m", PAPER, m=low),
    ]  # fmt: skip
    shown = {"low": low, "width": width, "total": product}
    return Question(
        (low, width, product),
        {"m": m, "b": b},
        shown,
        slips,
        (judged,),
        1e-15,
        f"[{low}/{product}, {low + width}/{product})" if product < 1000 else f"b = {b}",
        read,
    )
