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
    """The intervals of a bijection or a transformer, and how it carries others. Both contracts start from this."""

    domain: Interval | None = REALS
    codomain: Interval | None = REALS

    def image(self, interval: Interval | None) -> Interval | None:
        """The interval of x that forward reaches from an interval of z; None where it depends on the parameters."""
        return self.codomain if within(self.domain, interval) else None

    def preimage(self, interval: Interval | None) -> Interval | None:
        """The interval of z that inverse reaches from an interval of x; None where it depends on the parameters."""
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
