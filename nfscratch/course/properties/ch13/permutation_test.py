"""Task 13.7, permutation_test(k, n, rng, P): equation (8). What is certain is asked first, and then chance.

The entries of k are whole numbers where divisions can tie, so that no rounding decides.
"""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as onp

from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.judging.shown import shown
from nfscratch.course.properties.ch13.two_samples import divided, mistaken_sums, statistic
from nfscratch.course.sandbox.wire import Draws

EIGHT = "The given division is one of the 1 + P: count on your fingers for P = 2."
KINDS = {  # in words, within a sample, between the samples, and T of the given division
    "the largest T": ("1 within a sample, 0 between them", 1.0, 0.0, 2.0),
    "the smallest T": ("0 within a sample, 1 between them", 0.0, 1.0, -2.0),
    "T is always 0": ("1 everywhere", 1.0, 1.0, 0.0),
    "k is 0": ("0 everywhere", 0.0, 0.0, 0.0),
    "k is negative": ("-1 everywhere", -1.0, -1.0, 0.0),
}
DRAWS, SIGMAS, ROWS, FIRST = 200, 6, 6, 2


def given(asked, rng):
    """T of the given division, for samples of different sizes"""
    return expect(asked, *[_of_statistic(rng, *sizes) for sizes in ((3, 4), (5, 3), (2, 6), (4, 4))])


def certain(asked, rng):
    """the p-value where the given division is the largest of all, the smallest, or one of many equal ones"""
    sizes = zip((*KINDS, "the largest T"), (19, 24, 39, 29, 34, 99), strict=True)
    return expect(asked, *[_of_p(rng, kind, P) for kind, P in sizes])


def chance(asked, rng):
    """the p-values of many generators, against the count of all divisions"""
    (k, share, of_rows), P = _telling_kernel(rng), 50
    seeds = [int(seed) for seed in rng.integers(2**31, size=DRAWS)]
    values = asked.many([(k, FIRST, Draws(seed), P) for seed in (*seeds, *seeds[:10])])
    if (fault := _no_numbers(values)) is not None:
        return fault
    p = onp.array([float(value[1]) for value in values])
    right, rows_alone = ((1 + P * of) / (1 + P) for of in (share, of_rows))
    return _fault_of(p[:DRAWS], p[DRAWS:], right, rows_alone, onp.sqrt(share * (1 - share) / P))


def _telling_kernel(rng):
    """A kernel, and the share of divisions that reach T: another one among those that leave out the first or last row.

    The third is the share where the rows of the kernel are moved and its columns are not. Its diagonal belongs to no pair.
    """
    divisions = onp.array([[row in of for row in range(ROWS)] for of in combinations(range(ROWS), FIRST)], dtype=float)
    while True:
        k = onp.triu(rng.integers(0, 9, size=(ROWS, ROWS)), 1).astype(float)
        k = k + k.T
        T, of_rows = _statistics(k, divisions), _share_of_rows(k + 9 * onp.eye(ROWS))
        reached = T >= T[0] - 1e-9  # the first of all is the given one
        share, *others = (reached[where].mean() for where in (slice(None), divisions[:, 0] == 0, divisions[:, -1] == 0))
        apart = [abs(a - b) for a, b in combinations((share, of_rows, *others), 2)][:-1]
        if 0.2 < share < 0.7 and min(apart) > 0.05:
            return k + 9 * onp.eye(ROWS), share, of_rows


def _share_of_rows(k):
    """The share of the orders of the rows alone that reach T."""
    n, m, first = FIRST, ROWS - FIRST, onp.arange(ROWS) < FIRST
    weight = onp.where(
        first[:, None] & first, 1 / (n * (n - 1)), onp.where(first[:, None] | first, 0, 1 / (m * (m - 1)))
    )
    weight[:n, n:] = -2 / (n * m)
    onp.fill_diagonal(weight, 0)
    T = (weight * k[onp.array(list(permutations(range(ROWS))))]).sum(axis=(1, 2))
    return (T >= T[0] - 1e-9).mean()


def _statistics(k, first):
    """T for each row of first (divisions, rows), 1 in the first sample."""
    aa, bb, ab = (
        onp.einsum("di,ij,dj->d", *of) for of in ((first, k, first), (1 - first, k, 1 - first), (first, k, 1 - first))
    )
    n, m = FIRST, ROWS - FIRST
    return aa / (n * (n - 1)) + bb / (m * (m - 1)) - 2 * ab / (n * m)


def _fault_of(p, again, right, rows_alone, spread):
    of_p = f"      {len(p)} generators gave p-values with the mean {shown(p.mean())} and the spread {shown(p.std())}"
    lines = (
        of_p,
        f"      they should be near {shown(right)} and {shown(spread)}: N = {FIRST}, M = {ROWS - FIRST}, P = 50",
    )
    if not onp.allclose(p[: len(again)], again):
        line = "      the same rng gave another p-value"
        return Fault("it does not draw from rng", (line,), "Who draws the divisions?")
    if p.std() < 1e-12:
        fixed = min(abs(p[0] - 1), abs(p[0] - 1 / 51)) < 1e-9  # all P divisions reach T, or none does
        name = "nothing is drawn" if fixed else "every generator gives the same p-value"
        return Fault(name, lines, "Who draws the divisions?")
    if p.std() > 3 * spread:
        return Fault("the divisions of one test depend on each other", lines, "How often is rng asked?")
    margin = SIGMAS * spread / onp.sqrt(len(p))
    if abs(p.mean() - right) > margin:
        if abs(p.mean() - rows_alone) <= margin / 2:
            return Fault("the rows of k are moved, and its columns are not", lines, "Which rows does k[i, j] compare?")
        hint = "How many of the N + M rows are the first sample, and is each division as likely as every other?"
        return Fault("the random divisions do not have the right law", lines, hint)
    return None


def _no_numbers(values):
    for value in values:
        if not (isinstance(value, (tuple, list)) and len(value) == 2 and all(onp.shape(v) == () for v in value)):
            return Fault("it must return 2 values: T, p", (), "Look at the return statement.")
    return None


def _of_statistic(rng, n, m):
    k = rng.normal(size=(n + m, n + m))
    k = k + k.T
    aa, bb, ab = divided(k, list(range(n)))
    slips = mistaken_sums(aa, bb, ab, "T") + [
        slip("n is taken for the size of the second sample", "Which rows stand first in k?", T=statistic(k, range(m)) if n != m else onp.inf),
        slip("the first sample's places are one too few", "Which rows stand first in k?", T=statistic(k, range(n - 1)) if n > 2 else onp.inf),
        slip("the first sample's places are one too many", "Which rows stand first in k?", T=statistic(k, range(n + 1)) if m > 2 else onp.inf),
    ]  # fmt: skip
    right = statistic(k, range(n))
    seed, P = int(rng.integers(2**31)), 9
    sizes = {"k": f"the kernel of {n + m} rows", "n": n}
    return Question((k, n, Draws(seed), P), {"T": right, "p": 0.5}, sizes, slips, ("T",), 1e-9, f"N = {n}, M = {m}")


def _of_p(rng, kind, P):
    """n = 20 of 42 rows: no random division will be the given one."""
    n, m, (words, within, between, T) = 20, 22, KINDS[kind]
    first = onp.arange(n + m) < n
    k = onp.where(first[:, None] == first, within, between)
    top, ties = {2.0: (0, 0), -2.0: (P, 0), 0.0: (0, P)}[T]  # larger ones, and equal ones
    reached, less = top + ties, P - top
    values = {
        "neither 1 of (8) is there": reached / P,
        "the 1 above is missing": reached / (1 + P),
        "the 1 below is missing": (1 + reached) / P,
        "ties do not count": (1 + top) / (1 + P),
        "ties do not count, and neither 1 of (8) is there": top / P,
        "ties do not count, and the 1 above is missing": top / (1 + P),
        "it counts divisions with a smaller T": (1 + less) / (1 + P),
        "it counts divisions with a smaller T, and neither 1 of (8) is there": less / P,
        "it counts divisions with a smaller T, and ties do not count": (1 + P - reached) / (1 + P),
        "it counts divisions with a smaller T, without ties, and neither 1 of (8) is there": (P - reached) / P,
        "it is 1 minus the p-value": (P - reached) / (1 + P),
        "it is not divided by 1 + P": 1 + reached,
        "the count comes back": reached,
        "every random division is the given one": 1.0,
        "the random divisions have another size than N": (1 + (0 if within < 0 else reached)) / (1 + P),
        "there are 99 divisions, whatever P says": (1 + reached * 99 / P) / 100,
        "one division too few is drawn": (1 + reached * (P - 1) / P) / (1 + P),
        "P - 1 divisions are drawn, and all is divided by P": (1 + reached * (P - 1) / P) / P,
    }
    slips = [slip(name, EIGHT, p=float(value)) for name, value in values.items()]
    sizes = {"k": words, "n": n, "P": P}
    question = (k, n, Draws(int(rng.integers(2**31))), P)
    return Question(question, {"T": T, "p": (1 + reached) / (1 + P)}, sizes, slips, ("p",), 1e-9, kind)
