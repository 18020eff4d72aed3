"""Task 5.1, degrees_of(D, widths, order, context): the place of every input, and degrees of hidden units."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch05.ordered import ORDERS
from nfscratch.course.properties.ch05.unit import degrees

PLACE = "Which variable does order[0] name, and what is its degree?"
SPREAD = "Which degrees can a hidden unit have, so that somebody looks at it, and it at somebody?"
CASES = ((3, (4,), None, False), (3, (4,), ORDERS[3], False), (5, (11, 9), ORDERS[5], False), (5, (12, 10), None, True))


def inputs(asked, rng):
    """the degree of each input, in the natural order and in two that are not their own inverse"""
    shuffled = (6, (7,), tuple(int(i) for i in rng.permutation(6)), False)
    return expect(asked, *[_of(*case, "inputs") for case in (*CASES[:2], shuffled)])


def hidden(asked, rng):
    """the degrees of hidden units: every one from 1 to D - 1 (with a context from 0), rising"""
    one = expect(
        asked, *[_of(*case, "hidden_1") for case in (CASES[1], (3, (6,), None, True), (4, (7,), ORDERS[4], False))]
    )
    return one or expect(asked, *[_of(*case, part) for part in ("hidden_1", "hidden_2") for case in CASES[2:]])


def _of(D, widths, order, context, judged):
    least = 0 if context else 1
    right = degrees(D, widths, range(D) if order is None else order, least)
    names = ["inputs", *(f"hidden_{k}" for k in range(1, len(right)))]
    natural = onp.arange(D) + 1
    slips = [
        slip("places and variables are exchanged", PLACE, inputs=natural if order is None else onp.array(order) + 1),
        slip("the order comes back, not the degrees", PLACE, inputs=onp.arange(D) if order is None else onp.array(order)),
        slip("the order is ignored", PLACE, inputs=natural),
        slip("the order is reversed", PLACE, inputs=D + 1 - right[0]),
        slip("the degrees of the inputs count from 0", "Which is the lowest degree of an input?", inputs=right[0] - 1),
    ]  # fmt: skip
    for name, n in zip(names[1:], widths, strict=True):
        slips += [slip(what, SPREAD, **{name: values}) for what, values in _mistaken(n, D, least)]
    shown = {"D": D, "widths": widths, "order": str(order), "context": context}
    arguments = (D, widths, order, context) if context else (D, widths, order)
    read = _reader(dict(zip(widths, right[1:], strict=True)) if judged != "inputs" else {}, D, least)
    return Question(
        arguments, dict(zip(names, right, strict=True)), shown, slips, (judged,), size=f"D = {D}", read=read
    )


def _mistaken(n, D, least):
    """(name, degrees) of n hidden units."""
    unit = onp.arange(n)
    yield "the units of a hidden layer are not sorted by degree", _unsorted(n, D, least)
    for kinds, first, name in (
        (D + 1 - least, least, "a hidden unit has the degree D, which nobody may look at"),
        (D - 1, 0, "the hidden degrees are one too small"),
        (D - 1, 1, "the degree 0 of the context is missing from the hidden layers"),
        (D - 1, 2, "the hidden degrees are one too large"),
        (D, 0, "a hidden unit has the degree 0, and there is no context"),
    ):
        yield name, first + unit * kinds // n


def _unsorted(n, D, least):
    return least + onp.arange(n) % (D - least)


def _reader(layers, D, least):
    """What is as good as the right answer becomes the right answer: `evenly` may be read in more than one way."""

    def read(value):
        right = layers.get(onp.size(value)) if isinstance(value, onp.ndarray) and value.ndim == 1 else None
        if right is None or not _holds_all(value, D, least):
            return value
        return right if (onp.diff(value) >= 0).all() else _unsorted(len(value), D, least)

    return read


def _holds_all(value, D, least):
    """Whether every degree is there, and none much more often than another."""
    kinds, counts = onp.unique(value, return_counts=True)
    return onp.array_equal(kinds, onp.arange(least, D)) and counts.max() <= 2 * counts.min() + 1
