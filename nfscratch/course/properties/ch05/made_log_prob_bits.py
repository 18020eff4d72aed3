"""Task 5.7, made_log_prob_bits(weights, masks, x): equation (14), whose probabilities sum to 1."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch05.unit import degrees, masks, outputs, random_weights

TERM = "What is log P(x_i = 1), and what log P(x_i = 0)?"
LARGE = "Which intermediate number is infinite at this a?"


def values(asked, rng):
    """log P(x) at rows of 3 and 5 bits"""
    return expect(asked, *[_of(*_random(rng, D, widths), rng.permutation(bits)) for D, widths, bits in
                           ((2, (), [0, 1]), (3, (4,), [0, 1, 1]), (5, (9, 7), [1, 0, 0, 1, 0]))])  # fmt: skip


def sums_to_one(asked, rng):
    """the probabilities of all rows of bits, which sum to 1"""
    for D, widths in ((1, ()), (3, (4,)), (6, (9, 7))):
        rows = (onp.arange(2**D)[:, None] >> onp.arange(D)) % 2
        weights, M = _random(rng, D, widths)
        total = float(onp.exp(onp.array(asked.many([(weights, M, row) for row in rows]), dtype=float)).sum())
        if not abs(total - 1) < 1e-9:
            found = f"      the sum over all {2**D} rows of {D} bits: yours {total:.6f}   should be 1.000000"
            return Fault("the probabilities do not sum to 1", (found,), TERM)
    return None


def far_out(asked, rng):
    """logits of 40 and 800 in size, of both signs, for bits that agree with them and that do not"""
    questions = []
    for size in (40.0, 800.0):
        weights = [(onp.zeros((2, 2)), size * onp.array([1.0, -1.0]))]
        questions += [_of(weights, masks(degrees(2, ())), onp.array(x)) for x in ([1, 0], [0, 0], [1, 1], [0, 1])]
    return expect(asked, *questions)


def _random(rng, D, widths):
    M = masks(degrees(D, widths))
    return random_weights(rng, M, 1), M


def _of(weights, M, x):
    a, D = outputs(weights, M, x)[0], len(x)
    free = outputs(weights, [onp.ones_like(m) for m in M], x)[0]
    right = _log_p(x, a)
    with onp.errstate(all="ignore"):
        overflowing = float((x * a - onp.log(1 + onp.exp(a))).sum())
        p = 1 / (1 + onp.exp(-a))
        rounding = float((x * onp.log(p) + (1 - x) * onp.log(1 - p)).sum())
        of_the_bit = float(onp.log(onp.where(x == 1, p, 1 - p)).sum())
    slips = [
        slip("e^a overflows before its logarithm is taken", LARGE, log_p=overflowing),
        slip("the probability rounds to 0 or 1 before its logarithm is taken", "What is 1 - P, where P is nearly 1?", log_p=rounding),
        slip("1 - P rounds to 0 before its logarithm is taken", "What is 1 - P, where P is nearly 1?", log_p=of_the_bit),
        slip("the masks are not applied", "What does `made` do with masks and weights?", log_p=_log_p(x, free)),
        slip("ones and zeros are exchanged", TERM, log_p=_log_p(1 - x, a)),
        slip("the term x_i a_i is missing", "Which terms has (14)?", log_p=_log_p(0 * x, a)),
        slip("the term log(1 + e^a) is missing", "Which terms has (14)?", log_p=float((x * a).sum())),
        slip("every bit is taken for a one", TERM, log_p=_log_p(1 + 0 * x, a)),
        slip("log(1 + e^(-a)) stands where log(1 + e^a) belongs", TERM, log_p=float((x * a - onp.logaddexp(0, -a)).sum())),
        slip("log(1 + e^a) is taken of the sum of all a", TERM, log_p=float((x * a).sum() - onp.logaddexp(0, a.sum()))),
        *[slip("the probability is clipped", "What does clipping do to the logarithm of a small number?", log_p=_clipped(x, a, least))
          for least in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)],
        slip("only the ones are counted: zeros have a probability too", TERM, log_p=float((x * _log_p_each(1 + 0 * x, a)).sum())),
        slip("log(1 + e^a) is added, not subtracted", "Is log P(x_i) ever above 0?", log_p=float((x * a + onp.logaddexp(0, a)).sum())),
        slip("it is minus log P", "Is log P(x) ever above 0?", log_p=-right),
        slip("it is the probability, not its logarithm", "What does the left side of (14) say?", log_p=float(onp.exp(right))),
        slip("it is the mean over the variables, not the sum", "Look at D = 2 and D = 5: when do a mean and a sum agree?", log_p=right / D),
        slip("the terms come back one by one", "How many numbers for one row of bits?", log_p=_log_p_each(x, a)),
        slip("it is in bits, not in nats", "Which logarithm is meant?", log_p=right / onp.log(2)),
    ]  # fmt: skip
    return Question((weights, M, x), {"log_p": right}, {"x": x, "a": a}, slips, size=f"D = {D}")


def _log_p_each(x, a):
    """log P of each bit: -log(1 + e^(-a)) of a one, -log(1 + e^a) of a zero."""
    return -onp.logaddexp(0, onp.where(x == 1, -a, a))


def _log_p(x, a):
    return float(_log_p_each(x, a).sum())


def _clipped(x, a, least):
    with onp.errstate(all="ignore"):
        p = onp.clip(1 / (1 + onp.exp(-a)), least, 1 - least)
    return float(onp.log(onp.where(x == 1, p, 1 - p)).sum())
