"""Task 14.2, interval_of(message, counts): equation (4) in whole numbers."""

from __future__ import annotations

from itertools import accumulate
from math import gcd

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch14.intervals import (
    as_float,
    counts_of,
    long_message,
    message,
    narrowed,
    of_long,
    total,
)

PAPER = "Take the counts 3 and 1, and the message 0, 1, on paper."
SIZES = ((1, 2), (2, 3), (3, 2), (6, 4), (0, 2))  # length of the message, and number of symbols


def width(asked, rng):
    """width and total, for messages of 1 to 6 symbols, and for none"""
    return expect(asked, *[_of(rng, *size, ("total", "width")) for size in SIZES])


def low(asked, rng):
    """low, for the same"""
    return expect(asked, *[_of(rng, *size, ("low",)) for size in SIZES])


def long_messages(asked, rng):
    """a message of 40 symbols, whose numbers have more digits than a float, or 64 bits"""
    counts, symbols = long_message(rng)
    product = total(counts)
    low, width = (float(part * product) for part in narrowed(symbols, counts))
    answer = {"low": low, "width": width, "total": float(product)}
    words = {"message": f"{len(symbols)} symbols"}
    return of_long(expect(asked, Question((symbols, counts), answer, words, tolerance=1e-12, read=as_float)))


def _steps(symbols, counts, step):
    """low, width, total after step(low, width, n, symbol) -> (low, width) in every place."""
    low, width, product = 0, 1, 1
    for symbol, n in zip(symbols, counts, strict=True):
        low, width = step(low, width, n, symbol)
        product *= sum(n)
    return low, width, product


def _of(rng, length, K, judged):
    counts = counts_of(rng, length, K)
    symbols = message(rng, counts)
    if length:
        symbols[-1] = K - 1  # neither the first symbol alone, nor a low of 0
    product = total(counts)
    low, width = (int(part * product) for part in narrowed(symbols, counts))

    def lows(step):
        return _steps(symbols, counts, step)[0]

    def reduced(k):
        return (low, width, product)[k] // gcd(low, width, product)

    def right_width(width, n, s):
        return width * n[s]

    first = counts[:1] * length
    f_low, f_width = (int(part * total(first)) for part in narrowed(symbols, first))
    b_low, b_width = (int(part * product) for part in narrowed(symbols[::-1], counts[::-1]))
    w_counts = [n[s] for n, s in zip(counts, symbols, strict=True)]
    slips = [
        slip("the product of the n is left out of low", PAPER, low=lows(lambda low, w, n, s: (low + w * sum(n[:s]), right_width(w, n, s)))),
        slip("the symbol's own count is among those before it", PAPER, low=lows(lambda low, w, n, s: (low * sum(n) + w * sum(n[: s + 1]), right_width(w, n, s)))),
        slip("low is moved by the new width, not by the old one", "Which width stands in the first half of (4)?", low=lows(lambda low, w, n, s: (low * sum(n) + w * n[s] * sum(n[:s]), right_width(w, n, s)))),
        slip("low is moved by the counts alone, without the width", PAPER, low=lows(lambda low, w, n, s: (low * sum(n) + sum(n[:s]), right_width(w, n, s)))),
        slip("low is moved by the symbol's number, not by the counts before it", PAPER, low=lows(lambda low, w, n, s: (low * sum(n) + w * s, right_width(w, n, s)))),
        slip("low is moved by the symbol's own count, not by those before it", PAPER, low=lows(lambda low, w, n, s: (low * sum(n) + w * n[s], right_width(w, n, s)))),
        slip("low is moved by one count, not by the sum of all before it", PAPER, low=lows(lambda low, w, n, s: (low * sum(n) + w * (n[s - 1] if s else 0), right_width(w, n, s)))),
        slip("low is moved down, not up", PAPER, low=lows(lambda low, w, n, s: (low * sum(n) - w * sum(n[:s]), right_width(w, n, s)))),
        slip("low forgets the symbols before the last one", PAPER, low=lows(lambda low, w, n, s: (w * sum(n[:s]), right_width(w, n, s)))),
        slip("low is the upper end of the interval", PAPER, low=low + width),
        slip("low is always 0", PAPER, low=0),
        slip("low is divided by total", "Whole numbers are asked for.", low=low / product),
        slip("width is divided by total", "Whole numbers are asked for.", width=width / product),
        slip("low, width and total are reduced", "Is total the product of all n?", low=reduced(0), width=reduced(1), total=reduced(2)),
        slip("the counts of the first place are used for all", "Which n belongs to the second symbol?", low=f_low, width=f_width, total=total(first)),
        slip("the message is read backwards", "Which symbol cuts [0, 1)?", low=b_low, width=b_width),
        slip("width is that of the last symbol alone", PAPER, width=([1] + w_counts)[-1]),
        slip("width is the sum of the counts, not their product", PAPER, width=sum(w_counts)),
        slip("width is the count of the symbols before, not of the symbol", PAPER, width=_steps(symbols, counts, lambda low, w, n, s: (0, w * sum(n[:s])))[1]),
        slip("width counts the symbol and all before it", PAPER, width=_steps(symbols, counts, lambda low, w, n, s: (0, w * sum(n[: s + 1])))[1]),
        slip("width is the upper end of the interval", PAPER, width=low + width),
        slip("width is always 1", PAPER, width=1),
        slip("total is the sum of the n, not their product", PAPER, total=sum(sum(n) for n in counts)),
        slip("total is the sum of the n, not their product", PAPER, total=1 + sum(sum(n) for n in counts)),
        slip("total is the n of the last place alone", PAPER, total=([1] + [sum(n) for n in counts])[-1]),
        slip("total is the product of the numbers of symbols", "What is n, for the counts 3 and 1?", total=K**length),
        slip("total is always 1", PAPER, total=1),
        slip("total lacks the last factor", PAPER, total=([1, 1] + list(accumulate((sum(n) for n in counts), lambda a, b: a * b)))[-2] if length else 1),
    ]  # fmt: skip
    answer, shown = {"low": low, "width": width, "total": product}, {"message": symbols, "counts": counts}
    return Question(
        (symbols, counts), answer, shown, slips, judged, 1e-15, f"{length} symbols" if length != 1 else "1 symbol"
    )
