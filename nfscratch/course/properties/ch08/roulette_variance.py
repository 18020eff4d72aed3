"""Task 8.8, roulette_variance(eigenvalue, m, p, terms): equation (12), against the variance of what is drawn."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

CROSS, REACH = "Two sums stand in (12).", "With which probability does a draw reach term k?"
MOST = 300


def positive(asked, rng):
    """eigenvalues above 0, where the terms alternate"""
    return expect(asked, *[_of(rng.uniform(0.3, 0.5), m, p) for m, p in ((2, 0.25), (1, 0.4), (4, 0.2))])


def negative(asked, rng):
    """eigenvalues below 0, where all terms have one sign"""
    return expect(asked, *[_of(-rng.uniform(0.3, 0.5), m, p) for m, p in ((2, 0.25), (1, 0.4), (4, 0.2))])


def _terms(eigenvalue, m, p):
    """a_k and r_k, for k = 1, 2, ..."""
    k = onp.arange(1, MOST + 1)
    return (-1.0) ** (k + 1) * eigenvalue**k / k, (1 - p) ** -onp.maximum(0.0, k - m)


def _by_stops(eigenvalue, m, p, less=True):
    """The variance of t, from the probability of each number of terms, and the value of t after so many."""
    a, r = _terms(eigenvalue, m, p)
    t = onp.cumsum(a * r)[m - 1 :]
    probability = p * (1 - p) ** onp.arange(len(t))
    mean = probability @ t
    return float(probability @ (t - (mean if less else 0)) ** 2)


def _double(a, r, factor=2.0, of_later=False):
    """The second sum of (12), with one mistake in it."""
    later = onp.append(onp.cumsum(a[::-1])[::-1][1:], 0.0)
    if of_later:  # r_k in the place of r_j
        earlier = onp.append(0.0, onp.cumsum(a)[:-1])
        return factor * float((a * (r - 1) * earlier).sum())
    return factor * float((a * (r - 1) * later).sum())


def _of(eigenvalue, m, p):
    eigenvalue, right = float(eigenvalue), _by_stops(float(eigenvalue), m, p)
    a, r = _terms(eigenvalue, m, p)
    q = (1 - p) ** -onp.arange(0.0, MOST)
    first = float((a**2 * (r - 1)).sum())
    slips = [
        slip("the double sum is missing", CROSS, variance=first),
        slip("the double sum is not doubled", CROSS, variance=first + _double(a, r, 1.0)),
        slip("the first sum is missing", CROSS, variance=_double(a, r)),
        slip("the double sum has r_k where r_j belongs", "Whoever reaches term k has reached all terms before it. Which r is left?", variance=first + _double(a, r, of_later=True)),
        slip("1 is not subtracted from r", "What is the variance of a term that is always reached?", variance=float((a**2 * r).sum()) + _double(a, r + 1)),
        slip("1 is not subtracted in the first sum", "What is the variance of a term that is always reached?", variance=float((a**2 * r).sum()) + _double(a, r)),
        slip("it is the mean square, without the square of the mean", "What is a variance?", variance=_by_stops(eigenvalue, m, p, less=False)),
        slip("it is the standard deviation", "Which of the two is asked for?", variance=onp.sqrt(right)),
        slip("the terms have no alternating sign", "What are a_1 and a_2 for a positive eigenvalue?", variance=_by_stops(-eigenvalue, m, p)),
        slip("the terms are not divided by k", "What is a_k in (8)?", variance=_of_terms(a * onp.arange(1, MOST + 1), r)),
        slip("the weights start at the first term, not after m terms", REACH, variance=_of_terms(a, q)),
        slip("the weights hold p where 1 - p belongs", REACH, variance=_of_terms(a[:60], p ** -onp.maximum(0.0, onp.arange(1, 61) - m))),
        slip("r is P(n >= k), not 1/P(n >= k)", REACH, variance=_of_terms(a, 1 / r)),
        slip("the weights start one term too late", REACH, variance=_by_stops(eigenvalue, m + 1, p)),
    ]  # fmt: skip
    shown = {"eigenvalue": eigenvalue, "m": m, "p": p}
    return Question((eigenvalue, m, p), {"variance": right}, shown, slips, tolerance=1e-9, size=f"m = {m}")


def _of_terms(a, r):
    with onp.errstate(all="ignore"):
        return float((a**2 * (r - 1)).sum()) + _double(a, r)
