"""Task 6.2, rq_bin_inverse(y, s, d0, d1): the root of equation (10), and what rounding does to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch06.pieces import height, place

TEN = "Collect the powers of xi in y Q = N, and compare with (10)."
FORMS = "What does the text say of the two ways to write a root?"


def undoes(asked, rng):
    """xi comes back from its height: the worked example and random bins"""
    questions = [_of(2 / 3, (1.0, 2.0, 0.5), 0.5)]
    for xi in rng.uniform(0.1, 0.9, size=8):
        case = rng.uniform(0.4, 3, size=3)
        questions.append(_of(height(xi, *case), case, xi))
    return expect(asked, *questions)


def edges(asked, rng):
    """both ends, straight bins, where a = 0, and ends where rounding makes the discriminant negative"""
    s, y = rng.uniform(0.5, 2, size=2) * [1, 0.4]
    ends = [_of(end, rng.uniform(0.4, 3, size=3), end) for end in (0.0, 1.0)]
    straight = [_of(y, (s, s, s), y), _of(0.0, (s, s, s), 0.0), _of(1.0, (1.0, 1.0, 1.0), 1.0)]
    return expect(
        asked,
        *straight,
        *[_nearly_straight(y, s, slant) for slant in (1e-12, -1e-12)],
        *ends,
        *[_of(1.0, case, 1.0, 2e-6) for case in _below_zero(rng)],
    )


def steep(asked, rng):
    """a very steep right end, where b < 0: no digits are lost, in float64 and in float32"""
    cases = [
        (y, s, s, s * 10**power)
        for y, s, power in zip(rng.uniform(0.3, 0.9, 3), rng.uniform(0.01, 1, 3), (8, 7, 6), strict=True)
    ]
    single = [onp.float32(a) for a in (rng.uniform(0.85, 0.93), 0.01, 0.01, rng.uniform(25, 35))]
    far = [_of(y, case, place(y, *case), 1e-12) for y, *case in cases]
    return expect(asked, *far, _of(single[0], single[1:], place(*single), 2e-6, "in float32"))


def _nearly_straight(y, s, slant):
    """a is as small as `slant` here: a value that is off by some digits stands for all of them, because rounding decides which."""
    case = (s, s * (1 + slant), s * (1 + slant))
    xi = place(y, *case)

    def read(value):
        close = isinstance(value, (float, onp.floating)) or (isinstance(value, onp.ndarray) and value.shape == ())
        return xi + 0.02 if close and 1e-9 < abs(value - xi) < 0.02 else value

    known = [slip("the textbook root loses its digits where a is nearly 0", FORMS, xi=xi + 0.02)]
    return replace(_of(y, case, xi), slips=known, read=read)


def _below_zero(rng):
    """Bins whose discriminant at y = 1, which is d1^2, comes out negative, if there are any."""
    s, d0, d1 = 10 ** rng.uniform(4, 6, size=2000), *rng.uniform(1e-3, 1e-2, size=(2, 2000))
    return [(s[k], d0[k], d1[k]) for k in onp.flatnonzero(_discriminant(1.0, s, d0, d1) < 0)[:4]]


def _of(y, case, xi, tolerance=1e-9, size="in float64"):
    s, d0, d1 = case
    delta = d0 + d1 - 2 * s
    slips = [
        slip(Mistake.OTHER_ROOT, "At y = 0 the root has to be 0.", xi=_published(y, s, d0, d1, sign=-1)),
        slip("the textbook root is 0/0 where a = 0", FORMS, xi=_textbook(y, s, d0, d1)),
        slip("(11) loses digits where b < 0", FORMS, xi=_published(y, s, d0, d1)),
        slip("the square root of a negative number is taken", "What does (12) say of the discriminant, and what does rounding?", xi=onp.nan if _discriminant(y, s, d0, d1) < 0 else xi),
        slip("d0 and d1 are exchanged", "Which end is xi = 0?", xi=_published(y, s, d1, d0)),
        slip("y comes back", "When is the curve the diagonal?", xi=y),
        slip("the height at y comes back, not the place", "Which direction is asked for?", xi=height(y, s, d0, d1)),
        slip("the sign of the root is flipped", "Is xi in the bin?", xi=-xi),
        slip("the factor 2 is missing in the quotient", TEN, xi=xi / 2),
        *_in_the_equation(y, s, d0, d1, delta),
    ]  # fmt: skip
    number = type(y) if isinstance(y, onp.float32) else float
    arguments = tuple(number(a) for a in (y, *case))
    shown = dict(zip(("y", "s", "d0", "d1"), arguments, strict=True))
    return Question(arguments, {"xi": float(xi)}, shown, slips, tolerance=tolerance, size=size)


def _in_the_equation(y, s, d0, d1, delta):
    """Mistakes in a, b, c or under the root. Each gives one number by (11), and another by the textbook's form."""
    a, b, c, few, many = s - d0 + y * delta, d0 - y * delta, -s * y, y * (delta + s), y * (delta + 4 * s)
    coefficients = {
        "delta has s where 2 s belongs": (s - d0 + few, d0 - few, c),
        "delta has the sign of 2 s flipped": (s - d0 + many, d0 - many, c),
        "the sign of y delta is flipped in a": (s - d0 - y * delta, b, c),
        "the sign of y delta is flipped in b": (a, d0 + y * delta, c),
        "c lacks the factor s": (a, b, -y),
        "the sign of c is flipped": (a, b, -c),
    }
    for name, of in coefficients.items():
        yield from (slip(name, TEN, xi=form(*of)) for form in FORMS_OF_ROOT)
    for form in FORMS_OF_ROOT:
        yield slip("the discriminant is b^2 - ac", "The quadratic formula has a 4.", xi=form(a, b, c, four=1))


def _discriminant(y, s, d0, d1):
    """As (10) has it, rounded."""
    delta = d0 + d1 - 2 * s
    return (d0 - y * delta) ** 2 + 4 * (s - d0 + y * delta) * s * y


def _root(a, b, c, four=4, sign=1):
    with onp.errstate(all="ignore"):
        return onp.divide(2 * c, -b - sign * onp.sqrt(b * b - four * a * c))


def _published(y, s, d0, d1, sign=1):
    b = d0 - y * (d0 + d1 - 2 * s)
    return _root(s - b, b, -s * y, sign=sign)


def _clipped_root(a, b, c, four=4):
    with onp.errstate(all="ignore"):
        return onp.divide(2 * c, -b - onp.sqrt(onp.maximum(b * b - four * a * c, 0)))


def _textbook_root(a, b, c, four=4):
    with onp.errstate(all="ignore"):
        return onp.divide(onp.sqrt(onp.maximum(b * b - four * a * c, 0)) - b, 2 * a)


def _textbook(y, s, d0, d1):
    delta = d0 + d1 - 2 * s
    return _textbook_root(s - d0 + y * delta, d0 - y * delta, -s * y)


FORMS_OF_ROOT = (_root, _clipped_root, _textbook_root)
