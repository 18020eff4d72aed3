"""Pair: a student's map beside its trusted other direction. The audit of nfscratch.check names what is wrong.

A Setting is one such pair for one number of variables. The student's function takes one point and the other arguments,
and returns a point and a log-det; the trusted direction is ours and works on rows.

    undoes(asked, setting_of, dims, rng)              R: the student's inverse against the map that made x
    log_det(asked, way, setting_of, dims, rng)        J: the log-det against a numeric Jacobian of the student's own map
    own_log_det(asked, points, others)                the same at a few points, without a name for the mistake: for a
                                                      function that asks for the values of ours, which takes its time
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as onp

from nfscratch.check.audit import audit
from nfscratch.check.finite_differences import finite_difference_jacobian
from nfscratch.course.judging.asked import Asked
from nfscratch.course.judging.fault import Fault, Stopped
from nfscratch.course.judging.shown import is_numbers, kind, shown

RADII = (1.0, 3.0)
Map = Callable[[Any], tuple[Any, Any]]  # (N, D) -> (N, D), (N,)


@dataclass(frozen=True)
class Setting:
    forward: Map  # z -> x, log_det: ours, for rows
    inverse: Map  # x -> z, log_det: ours, for rows
    others: tuple = ()  # the student's function takes (point, *others)
    shown: str = ""  # the other arguments in words: "keep = [True, False]"
    smooth: bool = True  # False: the derivative jumps somewhere


def undoes(asked: Asked, setting_of: Callable[[int], Setting], dims: Sequence[int], rng: Any) -> Fault | None:
    """Whether the student's inverse gives back the z that x was computed from, up to rounding."""
    return _audited(asked, "inverse", setting_of, dims, rng, "R")


def log_det(
    asked: Asked, way: str, setting_of: Callable[[int], Setting], dims: Sequence[int], rng: Any
) -> Fault | None:
    """Whether the student's log-det is that of the map that the student's function applied. way: its direction."""
    return _audited(asked, way, setting_of, dims, rng, "J")


def own_log_det(asked: Asked, points: Any, others: tuple, words: str = "") -> Fault | None:
    """Whether the log-det is that of the student's own map, at each row of points (N, D)."""
    claimed = _both(asked, points, others)[1]
    J = finite_difference_jacobian(lambda rows: _both(asked, rows, others)[0], points, steps=(1e-3, 1e-4))
    true = onp.linalg.slogdet(J)[1]
    off = onp.abs(claimed - true) / onp.maximum(1.0, onp.abs(true))
    if (off < 1e-5).all():
        return None
    k = int(onp.argmax(~(off < 1e-5)))
    at = f"      at {shown(points[k])}" + (f", {words}" if words else "")
    numbers = f"      log_det: yours {shown(claimed[k])}   by a numeric Jacobian of your map {shown(true[k])}"
    return Fault("log_det is not that of the map that you applied", (at, numbers))


def _audited(asked, way, setting_of, dims, rng, letters):
    settings = {dim: setting_of(dim) for dim in dims}
    for dim, setting in settings.items():
        if (fault := _misshapen(asked, way, setting, dim, rng)) is not None:
            return fault

    def students(points):
        return _both(asked, points, settings[points.shape[1]].others)

    ours = {"forward": lambda z: settings[z.shape[1]].forward(z), "inverse": lambda x: settings[x.shape[1]].inverse(x)}
    maps = ours | {way: students}
    smooth = {} if all(s.smooth for s in settings.values()) else {"smooth": False}
    report = audit((maps["forward"], maps["inverse"]), dims=tuple(dims), dtype="float64", letters=letters, rng=rng,
                   draws=1, radii=RADII, changes=False, show=False, **smooth)  # fmt: skip
    if asked.fault is not None:  # the audit reports an exception of a map; the student reads its own
        raise Stopped(asked.fault)
    return None if not report.failures else _fault(report.failures[0], settings)


def _both(asked, points, others):
    """What the student's function gives for every row: points (N, D), and log-dets (N,)."""
    answers = asked.rows(points, *others)
    values = [onp.asarray(a[0], dtype=float) for a in answers]
    if any(v.shape != points.shape[1:] for v in values):
        raise ValueError(f"the first value has another shape than {points.shape[1:]}")
    return onp.stack(values) if values else points, onp.array([float(a[1]) for a in answers])


def _misshapen(asked, way, setting, dim, rng):
    """The fault of an answer that is not a point and a number, or that is not finite and so cannot be judged."""
    point = rng.normal(size=dim)
    point = point if way == "forward" else setting.forward(point[None])[0][0]
    answer = asked(point, *setting.others)
    given, made = ("z", "x") if way == "forward" else ("x", "z")
    at = f"      at {given} = {shown(point)}" + (f", {setting.shown}" if setting.shown else "") + f"   (D = {dim})"
    if not (isinstance(answer, (tuple, list)) and len(answer) == 2):
        return Fault(f"it must return two values, ({made}, log_det)", (at, f"      yours is {kind(answer)}"))
    for name, value, shape in ((made, answer[0], (dim,)), ("log_det", answer[1], ())):
        if not is_numbers(value) or onp.shape(value) != shape or onp.asarray(value).dtype.kind not in "biuf":
            needed = f"an array of shape {shape}" if shape else "a single number"
            return Fault(f"{name} must be {needed}", (at, f"      yours is {kind(value)}"))
        if not onp.isfinite(value).all():
            return Fault(
                f"{name} is not finite", (at, f"      {name}: yours {shown(value)}"), "Where does it come from?"
            )
    return None


def _fault(failure, settings):
    """The audit's failure in this course's form: the audit's first line has a letter, its last the hint."""
    lines = failure.message.splitlines()
    dim = failure.counter_example["dim"]
    others = [f"      where {settings[dim].shown}"] if settings[dim].shown else []
    hint = lines[-1].split("Hint: ", 1)[-1]
    name = failure.mistake.value if failure.mistake is not None else failure.name
    return Fault(name, (*lines[1:-1], *others), hint)
