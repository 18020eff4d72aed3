"""Step rules: equation (6) for a step that was tried, and what mistakes make of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as onp


@dataclass(frozen=True)
class Tried:
    t: float
    h: float
    y: onp.ndarray
    result: onp.ndarray
    e: onp.ndarray
    accepted: bool

    def err(self, tol, scale=lambda one: 1 + onp.abs(one.y), norm=lambda a: onp.sqrt(onp.mean(a**2))):
        with onp.errstate(all="ignore"):
            return float(norm(self.e / (tol * scale(self))))


@dataclass(frozen=True)
class Rule:
    """(6), or what a mistake makes of it."""

    norm: object = lambda a: onp.sqrt(onp.mean(a**2))
    scale: object = lambda one: 1 + onp.abs(one.y)
    most_err: float = 1.0  # which steps are accepted
    power: float = -0.2
    safety: float = 0.9
    least: float = 0.2
    most: float = 10.0
    after: str = "every"  # step, h is changed

    def chooses(self, one, tol):
        err = one.err(tol, self.scale, self.norm)
        return one.accepted == (err <= self.most_err) or abs(err - self.most_err) < 1e-6

    def length(self, one, after, t1, tol):
        """The next h, no longer than to the end."""
        h = one.h
        if self.after in ("every", "accepted" if one.accepted else "refused"):
            with onp.errstate(all="ignore"):
                err = max(one.err(tol, self.scale, self.norm), 1e-10)
                h = h * min(self.most, max(self.least, self.safety * err**self.power))
        return h if abs(h) < abs(t1 - after.t) else t1 - after.t

    def explains_all(self, pairs, t1, tol):
        """All steps; and if it is err or its power that differs, two of them at least that are at no bound."""
        of_err = (self.most_err, self.least, self.most, self.after) == (1.0, 0.2, 10.0, "every")
        measured = sum(self._is_free(*pair, t1, tol) for pair in pairs)
        return (measured >= 2 or not of_err) and all(self.explains(*pair, t1, tol) for pair in pairs)

    def _is_free(self, one, after, t1, tol):
        """Whether the next h is that of err, neither that of a bound of the factor nor what is left to the end."""
        with onp.errstate(all="ignore"):
            factor = self.safety * max(one.err(tol, self.scale, self.norm), 1e-10) ** self.power
        return after is not None and self.least < factor < self.most and abs(one.h * factor) < abs(t1 - after.t)

    def explains(self, one, after, t1, tol):
        """The last step is not looked at: what comes after it is not seen."""
        if after is None:
            return True
        h = self.length(one, after, t1, tol)
        return self.chooses(one, tol) and abs(h - after.h) <= 1e-5 * abs(h)


RIGHT = Rule()
RULES = {
    "every step is accepted, whatever err is": Rule(most_err=onp.inf),
    "every step is accepted, and h stays what it is": Rule(most_err=onp.inf, least=1.0, most=1.0),
    "the power of err is +1/5, not -1/5": Rule(power=0.2),
    "the power of err is -1/4, not -1/5": Rule(power=-0.25),
    "the power of err is -1/6, not -1/5": Rule(power=-1 / 6),
    "the power of err is -1/2, not -1/5": Rule(power=-0.5),
    "the power of err is -1, not -1/5": Rule(power=-1.0),
    "the power of err is -5, not -1/5": Rule(power=-5.0),
    "the factor 0.9 is missing": Rule(safety=1.0),
    "the factor has no least value 0.2": Rule(least=0.0),
    "the factor has no largest value 10": Rule(most=onp.inf),
    "the factor has neither a least nor a largest value": Rule(least=0.0, most=onp.inf),
    "h never grows: the factor is at most 1": Rule(most=1.0),
    "h never shrinks: the factor is at least 1": Rule(least=1.0),
    "h stays what it is": Rule(least=1.0, most=1.0),
    "h changes after a refused step alone": Rule(after="refused"),
    "h changes after an accepted step alone": Rule(after="accepted"),
    "err is the largest entry, not the root of the mean of the squares": Rule(norm=lambda a: onp.abs(a).max()),
    "err is the root of the sum of the squares, not of their mean": Rule(norm=onp.linalg.norm),
    "err is the mean of the squares, without the root": Rule(norm=lambda a: onp.mean(a**2)),
    "err is the mean of the absolute values": Rule(norm=lambda a: onp.abs(a).mean()),
    "err measures against tol alone, not against tol (1 + |y|)": Rule(scale=lambda one: 1.0),
    "err measures against tol |y|, not against tol (1 + |y|)": Rule(scale=lambda one: onp.abs(one.y)),
    "err measures against the result of the step, not y before it": Rule(scale=lambda one: 1 + onp.abs(one.result)),
}
