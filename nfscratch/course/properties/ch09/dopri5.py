"""Task 9.5, dopri5(f, y, t0, t1, tol, cap): equation (6). Every value of f is asked here, so each step can be judged."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as onp

from nfscratch.course.judging.fault import Fault, Kind, Stopped
from nfscratch.course.judging.shown import is_numbers, kind, shown
from nfscratch.course.properties.ch09.step_rules import RIGHT, RULES
from nfscratch.course.properties.ch09.watched_calls import MOST, Watched, steps_tried

ACCEPT = "For which err does (6) accept a step? What stays as it was after one that is refused?"
FACTOR = "Put err = 32 and err = 1/32 into the rule for h in (6)."
SIZE = "What is divided by what, before the mean of the squares is taken?"
END = "How far is it to t1, and is h larger than that?"
CAP = "When is the count compared with the cap?"


def _swing(rng):
    """dy/dt = y cos(w t) in two variables: y exp(sin(w t)/w)."""
    w = rng.uniform(3, 6, size=2)
    return lambda y, t: y * onp.cos(w * t), lambda y, t0, t1: y * onp.exp((onp.sin(w * t1) - onp.sin(w * t0)) / w), 2


def _stiff(rng):
    """It relaxes fast, so that the first step is too long: dy/dt = -r (y - cos t) - sin t, y = cos t + c e^(-r t)."""
    r = float(rng.uniform(60, 90))
    exact = lambda y, t0, t1: onp.cos(t1) + (y - onp.cos(t0)) * onp.exp(-r * (t1 - t0))  # noqa: E731
    return lambda y, t: -r * (y - onp.cos(t)) - onp.sin(t), exact, 1


def _still(rng):
    return lambda y, t: 0 * y, lambda y, t0, t1: y, 3


def _pulse(rng):
    """Nothing moves but for a moment at the start, so that h falls first, and then grows as fast as it may."""
    c, w = rng.uniform(1, 2), 0.0005
    exact = lambda y, t0, t1: y + c * w * (onp.exp(-t0 / w) - onp.exp(-t1 / w))  # noqa: E731
    return lambda y, t: c * onp.exp(-t / w) + 0 * y, exact, 2


SOLVES = ((_swing, 0.0, 1.0, 1e-6), (_swing, 1.3, 0.2, 1e-5), (_stiff, 0.0, 1.0, 1e-4), (_pulse, 0.0, 1.0, 1e-5), (_still, 0.2, 1.0, 1e-5))  # fmt: skip


def accurate(asked, rng):
    """the solution at t1 to the tolerance, forwards and backwards, and where the first step is much too long"""
    return _first(asked, rng, _wrong_answer)


def steps(asked, rng):
    """each step by (6): which are accepted, and how long the next one is"""
    return _first(asked, rng, _wrong_step)


def gives_up(asked, rng):
    """TooManyEvaluations, where the cap is reached before t1"""
    f, _, D = _swing(rng)
    watched, y = Watched(f, D), rng.normal(size=D)
    try:
        value = asked(watched, y, 0.0, 1.0, 1e-9, 70)
    except Stopped as stop:
        named = stop.fault.kind is Kind.RAISED and any(
            n in stop.fault.name for n in ("TooManyEvaluations", "ValueError")
        )
        if not named or len(watched.calls) >= MOST:
            raise
        return _wrong_refusal(stop.fault.name, len(watched.calls))
    line = f"      tol = 1e-9, cap = 70: yours {shown(value)} after {len(watched.calls)} evaluations"
    return Fault("it goes on beyond the cap", (line,), CAP)


def _wrong_refusal(words, used):
    line = f"      tol = 1e-9, cap = 70: it gave up after {used} evaluations"
    if used != 70:
        return Fault("it gives up too late" if used > 70 else "it gives up too early", (line,), CAP)
    if "TooManyEvaluations" in words and not re.search(r"\b70 evaluations", words):
        return Fault("the exception has other numbers than (count, t)", (line, f"      {words}"), CAP)
    return None


def _first(asked, rng, judge):
    """The first fault of all solves."""
    for make, t0, t1, tol in SOLVES:
        f, exact, D = make(rng)
        watched, y = Watched(f, D), rng.uniform(0.5, 1.5, size=D) * rng.choice([-1, 1], size=D)
        at = f"      from t = {t0} to {t1}, tol = {tol:.0e}, D = {D}"
        try:
            value = asked(watched, y, t0, t1, tol, MOST - 10)
        except Stopped:
            if (fault := _by_steps(watched, (t0, t1, tol), at)) is None:
                raise
            return fault
        fault = _misshapen(value, D, at) or judge(value, exact(y, t0, t1), watched, (t0, t1, tol), at)
        if fault is not None:
            return fault
    return None


def _misshapen(value, D, at):
    if not (isinstance(value, (tuple, list)) and len(value) == 2):
        return Fault(
            "it must return 2 values: y, count", (at, f"      yours is {kind(value)}"), "Look at the return statement."
        )
    for name, part, shape in (("y", value[0], (D,)), ("count", value[1], ())):
        if not is_numbers(part) or onp.shape(part) != shape:
            return Fault(
                f"{name} must be {f'an array of shape {shape}' if shape else 'a single number'}",
                (at, f"      yours is {kind(part)}"),
            )
    return None


def _wrong_answer(value, right, watched, span, at):
    t0, t1, tol = span
    off = float(onp.abs(value[0] - right).max())
    if off <= 100 * tol * (1 + float(onp.abs(right).max())):
        return None
    lines = (at, f"      y: yours {shown(value[0])}   should be {shown(right)}")
    last = watched.calls[-1][0] if watched.calls else t0
    if watched.calls and onp.allclose(value[0], watched.calls[0][1]):
        return Fault("y comes back as it was", lines, ACCEPT)
    if (last - t1) * (t1 - t0) > 1e-9:
        return Fault(
            "f is asked at times beyond t1", (*lines, f"      the last evaluation was made at t = {last:.4g}"), END
        )
    return _by_steps(watched, span, at) or Fault("y is wrong", lines, ACCEPT)


def _by_steps(watched, span, at):
    """The mistake of the steps that explains a wrong answer, or one that never came."""
    return None if steps_tried(watched.calls) is None else _wrong_step(None, None, watched, span, at)


COUNTS = {
    "steps are counted, not evaluations": lambda used, kept: used / 7,
    "steps that were accepted are counted, not evaluations": lambda used, kept: kept,
    "the evaluations of refused steps are not counted": lambda used, kept: 7 * kept,
    "one step too many is counted": lambda used, kept: used + 7,
    "one step too few is counted": lambda used, kept: used - 7,
    "a step counts as six evaluations": lambda used, kept: used * 6 / 7,
    "the last step alone is counted": lambda used, kept: 7,
}


def counted(asked, rng):
    """how often f was evaluated, refused steps too"""
    found = []  # (count, used, steps that were accepted, where)

    def collect(value, right, watched, span, at):
        tried = steps_tried(watched.calls) or []
        found.append((float(value[1]), len(watched.calls), sum(step.accepted for step in tried), at))

    fault = _first(asked, rng, collect)
    wrong = [one for one in found if one[0] != one[1]]
    if fault is not None or not wrong:
        return fault
    known = (name for name, of in COUNTS.items() if all(count == of(used, kept) for count, used, kept, _ in found))
    line = f"      count: yours {shown(wrong[0][0])}   f was asked {wrong[0][1]} times"
    return Fault(next(known, "count is wrong"), (wrong[0][3], line), "How often does dormand_prince_step ask f?")


# --- step by step ---


def _wrong_step(value, right, watched, span, at):
    t0, t1, tol = span
    tried = steps_tried(watched.calls)
    if tried is None:
        line = f"      f was asked {len(watched.calls)} times"
        return Fault("the evaluations do not come in sevens", (at, line), "Take each step by dormand_prince_step.")
    if tried and abs(tried[0].h - (t1 - t0) / 10) > 1e-9:
        line = f"      the first step: yours {shown(tried[0].h)}   should be {shown((t1 - t0) / 10)}"
        return Fault("the first step is not (t1 - t0)/10", (at, line), "What does the note in the stub say?")
    pairs = list(pairwise([*tried, None]))
    if (fault := next((f for pair in pairs if (f := _wrong_place(*pair, at)) is not None), None)) is not None:
        return fault
    wrong = next((pair for pair in pairs if not RIGHT.explains(*pair, t1, tol)), None)
    return None if wrong is None else _named(pairs, wrong, t1, tol, at)


def _wrong_place(one, after, at):
    """After a step that is accepted, the next one begins at its end."""
    if after is None or not one.accepted:
        return None
    if abs(after.t - (one.t + one.h)) <= 1e-9 and onp.allclose(
        after.y, one.result, rtol=1e-9, atol=1e-12, equal_nan=True
    ):
        return None
    lines = (
        f"      a step from t = {one.t:.4g}, h = {one.h:.4g} ended at y = {shown(one.result)}",
        f"      the next begins at t = {after.t:.4g} and y = {shown(after.y)}",
    )
    return Fault("the next step does not begin where the last one ended", (at, *lines), ACCEPT)


def _named(pairs, wrong, t1, tol, at):
    """The fault of a step that is not by (6), with a name that explains all steps."""
    (one, after), names = wrong, [name for name, rule in RULES.items() if rule.explains_all(pairs, t1, tol)]
    err, right = one.err(tol), RIGHT.length(one, after, t1, tol) if after else 0.0
    found = f"      at t = {one.t:.4g}, h = {one.h:.4g}: err = {err:.4g}, and the step was {'accepted' if one.accepted else 'refused'}"
    if names and not (names[0].startswith("every step is accepted") and max(pair[0].err(tol) for pair in pairs) < 5):
        return Fault(
            names[0], (at, found), SIZE if names[0].startswith("err") else FACTOR if "step" not in names[0] else ACCEPT
        )
    if not RIGHT.chooses(one, tol):
        name = "a step is accepted whose err is above 1" if one.accepted else "a step is refused whose err is below 1"
        return Fault(name, (at, found), ACCEPT)
    lines = (at, found, f"      the next h: yours {shown(after.h)}   should be {shown(right)}")
    past = abs(after.h) > abs(t1 - after.t) * (1 + 1e-9)
    return Fault("a step goes past t1" if past else "the next h is not that of (6)", lines, END if past else FACTOR)
