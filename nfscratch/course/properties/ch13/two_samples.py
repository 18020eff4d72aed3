"""Sums over pairs of the checks' own: of distances, kernels, and of a matrix whose rows are divided in two samples."""

from __future__ import annotations

from itertools import combinations

import numpy as onp

from nfscratch.course.judging.question import slip

PAIRS = "A row paired with itself: what is its distance, and its kernel? How many pairs are left?"
TERMS = "Two samples, three means. Which one counts twice, and with which sign?"


def pair_values(a, b, of):
    """of(|a_i - b_j|) for all pairs, one by one."""
    return onp.array([[of(float(onp.sqrt(((x - y) ** 2).sum()))) for y in b] for x in a])


def of_different(k):
    """The mean over pairs i < j."""
    return float(onp.mean([k[i, j] for i, j in combinations(range(len(k)), 2)]))


def mistaken_sums(aa, bb, ab, name):
    """Slips of own(aa) + own(bb) - 2 mean(ab), from the values at all pairs. name: of the part."""
    n, m, cross = len(aa), len(bb), float(ab.mean())
    a, b, a_all, b_all = of_different(aa), of_different(bb), float(aa.mean()), float(bb.mean())
    a_less, b_less = a * (n - 1) / n, b * (m - 1) / m  # the diagonal left out of the sum alone
    total = a + b - 2 * cross
    found = {
        "a row is paired with itself too": (a_all + b_all - 2 * cross, PAIRS),
        "a row is paired with itself too, in the first sample": (a_all + b - 2 * cross, PAIRS),
        "a row is paired with itself too, in the second sample": (a + b_all - 2 * cross, PAIRS),
        "the diagonal is left out, and still divided by N^2": (a_less + b_less - 2 * cross, PAIRS),
        "the pairs of both orders are divided by the number of one order": (2 * a + 2 * b - 2 * cross, PAIRS),
        "the pairs of one order are divided by the number of both orders": (a / 2 + b / 2 - 2 * cross, PAIRS),
        "the mean over pairs of one of each is not doubled": (a + b - cross, TERMS),
        "the mean over pairs of one of each has the wrong sign": (a + b + 2 * cross, TERMS),
        "the mean over pairs of one of each is missing": (a + b, TERMS),
        "both samples' own means are missing": (-2 * cross, TERMS),
        "the first sample's own mean is missing": (b - 2 * cross, TERMS),
        "the second sample's own mean is missing": (a - 2 * cross, TERMS),
        "the first sample's own mean is counted twice": (2 * a - 2 * cross, TERMS),
        "the second sample's own mean is counted twice": (2 * b - 2 * cross, TERMS),
        "the first sample's own mean has the wrong sign": (b - a - 2 * cross, TERMS),
        "the second sample's own mean has the wrong sign": (a - b - 2 * cross, TERMS),
        "the sign is flipped": (-total, TERMS),
        "it is half of what it should be": (total / 2, TERMS),
        "it is twice what it should be": (2 * total, TERMS),
        "sums are taken, not means": (n * (n - 1) * a + m * (m - 1) * b - 2 * n * m * cross, "Three means."),
        "sums over all pairs are taken, not means": (n * n * a_all + m * m * b_all - 2 * n * m * cross, "Three means."),
        "the square root is taken": (onp.sqrt(total) if total > 0 else onp.nan, "Can an estimate be below 0?"),
        "the absolute value is taken": (abs(total), "Can an estimate be below 0?"),
        "it is cut off at 0": (max(total, 0.0), "Can an estimate be below 0?"),
    }  # fmt: skip
    return [slip(words, hint, **{name: value}) for words, (value, hint) in found.items()]


def divided(k, first):
    """The pairs of a matrix k within the places `first`, within the others, and between both."""
    second = [i for i in range(len(k)) if i not in set(first)]
    return k[onp.ix_(first, first)], k[onp.ix_(second, second)], k[onp.ix_(first, second)]


def statistic(k, first):
    """T of (8) for this division."""
    aa, bb, ab = divided(k, list(first))
    return of_different(aa) + of_different(bb) - 2 * float(ab.mean())
