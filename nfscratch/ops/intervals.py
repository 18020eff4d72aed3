"""Intervals: where a map is defined, what it reaches, and what it makes of a part of that.

    domain        the interval that forward takes, in every variable       None: it depends on the parameters
    codomain      the interval that it reaches
    image(I)      g(I), of an interval I of z                              codomain, where I holds the domain
    preimage(I)   g^-1(I), of an interval I of x                           domain, where I holds the codomain

A map that is defined on more than it is given does not reach its whole codomain: sigmoid and then the logit of
(-1, 2) ends in (-log 2, log 2), not in all reals. So a Chain carries intervals through its layers.
"""

from __future__ import annotations

from math import inf, isinf

Interval = tuple[float, float]
REALS: Interval = (-inf, inf)


class BetweenIntervals:
    """What bijections and transformers share: intervals, and how they are carried."""

    domain: Interval | None = REALS
    codomain: Interval | None = REALS

    def image(self, interval: Interval | None) -> Interval | None:
        """What forward makes of an interval of z; None where that is not known without the parameters."""
        return self.codomain if within(self.domain, interval) else None

    def preimage(self, interval: Interval | None) -> Interval | None:
        """What inverse makes of an interval of x; None where that is not known without the parameters."""
        return self.domain if within(self.codomain, interval) else None


def within(inner: Interval | None, outer: Interval | None) -> bool:
    """Whether `inner` is known to lie in `outer`, up to the rounding of ends that were computed."""
    if inner is None or outer is None:
        return outer == REALS
    scale = 1e-9 * max([1.0, *(abs(end) for end in (*inner, *outer) if not isinf(end))])
    return inner[0] >= outer[0] - scale and inner[1] <= outer[1] + scale


def apart(a: Interval, b: Interval) -> bool:
    """Whether two open intervals have no point in common."""
    return max(a[0], b[0]) >= min(a[1], b[1])
