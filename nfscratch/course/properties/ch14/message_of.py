"""Task 14.4, message_of(m, b, counts): the symbols back, also where the number lies on the border of two shares."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch14.intervals import cell, counts_of, long_message, message, narrowed, of_long, read

STRETCH = "After the first symbol, where in its share does the number lie: from 0 to 1?"
SIZES = ((3, 4), (5, 3), (1, 2), (8, 4))  # length of the message, and number of symbols


def messages(asked, rng):
    """messages of 1 to 8 symbols, from two to four kinds"""
    return expect(asked, *[_of_message(rng, *size) for size in SIZES])


def long_messages(asked, rng):
    """a message of 40 symbols, whose number has more digits than a float"""
    counts, symbols = long_message(rng)
    question = _of(*cell(*narrowed(symbols, counts)), counts)
    words = {"m / 2^b": f"the number of {len(symbols)} symbols"}
    return of_long(expect(asked, replace(question, shown=words, slips=())))


def borders(asked, rng):
    """a number on the border of two shares belongs to the upper one"""
    eighths = [int(k) for k in rng.permutation(8)[:5]]
    cases = [(1, 2, [[2, 2]]), (3, 2, [[3, 1]]), (0, 0, [[1, 3], [2, 1]]), (1, 1, [[1, 2, 1, 4], [1, 1]])]
    return expect(asked, *[_of(*case) for case in cases], *[_of(k, 3, [[1, 1]] * 3) for k in eighths])


def _of_message(rng, length, K):
    """A message that tells mistakes apart: each of two reads other symbols, and not only zeros after the first one."""
    while True:
        counts = counts_of(rng, length, K)
        symbols = message(rng, counts)
        m, b = cell(*narrowed(symbols, counts))
        first, second = (read(Fraction(m, 2**b), counts, narrow) for narrow in (_not_stretched, _left_alone))
        if length == 1 or (sum(first[1:]) > 1 and symbols != first != second != symbols):
            return _of(m, b, counts)


def _start(n, k):
    return Fraction(sum(n[:k]), sum(n))


def _not_stretched(at, n, k):
    return at - _start(n, k)


def _left_alone(at, n, k):
    return at


def _of(m, b, counts):
    at, symbols = Fraction(m, 2**b), read(Fraction(m, 2**b), counts)

    def as_array(value):
        listed = isinstance(value, (list, tuple)) and all(isinstance(k, (int, onp.integer)) for k in value)
        return onp.array(value, dtype=int) if listed else value

    def if_read(narrow, at=at, counts=counts):
        found = read(at, counts, narrow)
        return onp.full(len(symbols), -1) if found is None else onp.array(found)

    one = counts[:1] * len(counts)
    answer = onp.array(symbols)
    slips = [
        slip("the number is not stretched: every symbol is read from m / 2^b itself", STRETCH, message=if_read(_left_alone)),
        slip("the beginning of the share is not subtracted", STRETCH, message=if_read(lambda at, n, k: at * Fraction(sum(n), n[k]))),
        slip("the share is not stretched to [0, 1)", STRETCH, message=if_read(_not_stretched)),
        slip("what is left is multiplied by n, and not divided by the symbol's count", STRETCH, message=if_read(lambda at, n, k: (at - _start(n, k)) * sum(n))),
        slip("a number on the border of two shares is given to the lower one", "Which of [0, 1/2) and [1/2, 1) holds 1/2?", message=_at_lower_border(at, counts)),
        slip("the counts of the first place are used for all", "Which n belongs to the second symbol?", message=onp.array(read(at, one))),
        slip("the symbols come in reversed order", "Which symbol is read first?", message=answer[::-1]),
        slip("the symbols are counted from 1", "Which number has the first symbol?", message=answer + 1),
        slip("the symbols are one too small", "Which number has the first symbol?", message=answer - 1),
        slip("the last symbol is missing", "How many symbols are there?", message=answer[:-1]),
        slip("only the last symbol comes back", "How many symbols are there?", message=symbols[-1]),
    ]  # fmt: skip
    shown = {"m": m, "b": b, "counts": counts}
    size = f"{len(symbols)} symbols" if len(symbols) > 1 else "1 symbol"
    return Question((m, b, counts), {"message": answer}, shown, slips, size=size, read=as_array)


def _at_lower_border(at, counts):
    """The symbols where a share holds its upper end, and not its lower one; 0 is in the first share."""
    found = []
    for n in counts:
        edges = [Fraction(c, sum(n)) for c in onp.cumsum([0, *n]).tolist()]
        k = next(k for k in range(len(n)) if at <= edges[k + 1])
        found.append(k)
        at = (at - edges[k]) * Fraction(sum(n), n[k])
    return onp.array(found)
