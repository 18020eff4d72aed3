"""N: does a density integrate to one? The trapezoid rule in one or two dimensions, on grids refined until two agree.

For a smooth density that vanishes at the edge of the box the trapezoid rule converges faster than any power of the
spacing, once the spacing resolves the narrowest feature; before that it is anywhere. So a value counts only when a
finer grid gives it again; otherwise the finding is "inconclusive", which is not a pass.

Grids whose spacings are multiples of each other can be wrong together, where the density oscillates: sin(20 x) at the
points of both is a slow wave. So a value other than 1 is asked of four grids more before it is a failure. Their
spacings have no common multiple with those, and each is shifted by a random part of its spacing: their mean is the
integral, whatever the density, and what they differ by tells how well it is known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch.check.finding import Finding, not_applicable
from nfscratch.check.intervals import bounded, into, out_of, slope_into
from nfscratch.check.trial import Trial, flat


def integrates_to_one(
    log_prob: Callable[[Any], Any], low: Any, high: Any, tolerance: float = 1e-3, sizes: Any = (201, 401, 801, 1601)
) -> Finding:
    """The integral of exp(log_prob(x)), x (N, D), over the box [low, high] of D = 1 or 2 sides.

    The box must hold all of the mass but `tolerance`: for a flow, `image_box`.
    """
    low, high = (onp.atleast_1d(onp.asarray(side, dtype=onp.float64)) for side in (low, high))
    if len(low) not in (1, 2):
        raise ValueError(f"integrates_to_one works on 1 or 2 variables; got {len(low)}")
    values: list[float] = []
    for n in sizes:
        values.append(integral(log_prob, low, high, n))
        # Two grids that both step over a narrow density agree on nothing at all: that does not count.
        agree = len(values) > 1 and abs(values[-1] - values[-2]) < tolerance / 2 and values[-1] > 0.01
        if agree and (abs(values[-1] - 1) <= tolerance or _confirmed(log_prob, low, high, n, values[-1], tolerance)):
            what = f"integral of the density, {n} points a side"
            return Finding("N", what, abs(values[-1] - 1), tolerance, f"integral {values[-1]:.4f}")
    shown = ", ".join(f"{v:.4f}" for v in values)
    what, verdict = "integral of the density: inconclusive", f"inconclusive: grids gave {shown}"
    return Finding("N", what, float("nan"), tolerance, f"grids gave {shown}", verdict)


def _confirmed(log_prob, low, high, n, value, tolerance):
    """Whether shifted grids of other spacings, all finer, give the value again."""
    rng = onp.random.default_rng(n)
    finer = [int(n * factor) | 1 for factor in (1.2361, 1.3027, 1.4142, 1.4495)]  # parts of irrational numbers
    for count in finer:
        shift = rng.uniform(size=len(low)) * (high - low) / (count - 1)
        # A density that is 0 at the ends of the box is 0 beyond: the shifted grid may stick out on one side.
        if (
            not abs(integral(log_prob, low - shift, high + (high - low) / (count - 1) - shift, count + 1) - value)
            < tolerance / 2
        ):
            return False
    return True


def integral(log_prob: Callable[[Any], Any], low: Any, high: Any, n: int) -> float:
    """The trapezoid rule on n points a side."""
    axes = [onp.linspace(a, b, n) for a, b in zip(low, high, strict=True)]
    points = onp.stack([g.ravel() for g in onp.meshgrid(*axes, indexing="ij")], axis=1)
    chunks = [points[i : i + 40_000] for i in range(0, len(points), 40_000)]
    density = onp.exp(onp.concatenate([backend.to_numpy(log_prob(chunk)) for chunk in chunks]))
    density = density.astype(onp.float64).reshape([n] * len(axes))
    for axis in reversed(axes):
        density = onp.trapezoid(density, axis, axis=-1)
    return float(density)


def image_box(forward: Callable[[Any], Any], dim: int, radius: float = 6.0, n: int = 61) -> tuple[Any, Any]:
    """Corners of the box around forward(z) for z on a grid in [-radius, radius]^dim: where to integrate a flow."""
    grid = onp.meshgrid(*[onp.linspace(-radius, radius, n)] * dim, indexing="ij")
    x = backend.to_numpy(forward(backend.asarray(onp.stack([g.ravel() for g in grid], axis=1))))
    return x.min(axis=0), x.max(axis=0)


# --- in an audit ---


def check_integral(trial: Trial) -> Finding:
    """N, for one or two variables: over the image of the base's mass, in coordinates that fill the codomain."""
    s = trial.subject
    if s.dim > 2 or len(s.in_shape) > 1:
        return not_applicable("N", "more than two variables")
    if s.log_prob is None and bounded(s.domain):
        return not_applicable("N", f"no density, and no standard normal base on {s.domain}")
    trial = Trial(s.at([0]), trial.z[:1])  # the density at one context
    s, ends = trial.subject, s.codomain

    def log_density(a):
        x = into(ends, a).astype(s.dtype)
        with onp.errstate(all="ignore"):
            log_p = s.log_prob(x) if s.log_prob is not None else _assumed(trial, x)
            log_p = onp.asarray(log_p, dtype=onp.float64).reshape(len(x))
            return log_p + onp.log(slope_into(ends, a)).sum(axis=1)

    def image(z):
        return out_of(ends, flat(trial.apply("forward", _within(s, z).astype(s.dtype))[0]))

    low, high = _box(s, image)
    if not (onp.isfinite(low).all() and onp.isfinite(high).all() and (high > low).all()):
        return Finding("N", "integral of the density", float("nan"), 0.0, verdict="inconclusive: no finite box")
    sizes = (401, 1601, 6401, 25601) if s.dim == 1 else (81, 161, 321)
    finding = integrates_to_one(log_density, low, high, 2e-3 if s.dim == 2 else 1e-3, sizes)
    if finding.verdict:
        return finding
    base = "" if s.log_prob is not None else " (a standard normal base is assumed)"
    evidence = {"integral": finding.at, "x": onp.stack([low, high]), "row": 0, "symbol": "x", "expected": 1.0}
    evidence["yours"] = float(finding.at.split()[1])
    return Finding("N", finding.what + base, finding.error, finding.tolerance, finding.at, evidence=evidence)


def _assumed(trial, x):
    z, log_det = trial.apply("inverse", x)
    return trial.subject.q(z) + log_det


def _within(s, z):
    """Points of the base's own axis, kept inside of its support; without a base, of the real line carried there."""
    if s.base_log_prob is None:
        return into(s.domain, z)
    low, high = s.domain
    reach = [abs(end) for end in s.domain if onp.isfinite(end)]
    room = 1e-6 * max([high - low] if len(reach) == 2 else [1.0, *reach])
    return onp.clip(z, low + room, high - room)


def _box(s, image):
    """Around the image of a grid on [-5, 5]^D, or on where the base has its mass."""
    if s.base_log_prob is None:
        return image_box(image, s.dim, 5.0)
    low, high = mass_box(s)
    return image_box(lambda a: image(0.5 * (low + high) + 0.5 * a * (high - low)), s.dim, 1.0)


def mass_box(subject: Any, n: int = 61, least: float = -14.0) -> tuple[Any, Any]:
    """Around the points where the base's density is more than e^-14 of its peak. Its draws only say where to begin.

    The box grows while the density at its faces is more, and is then cut to where it is.
    """
    start = onp.concatenate([flat(subject.base_sample(onp.random.default_rng(0), 500)), -onp.ones((1, subject.dim))])
    low, high = start.min(axis=0) - 1.0, start.max(axis=0) + 1.0
    for _ in range(16):
        z, above = _where_dense(subject, low, high, n, least)
        step, inner = (high - low) / (n - 1), z[above]
        touched = ((inner.min(axis=0) <= low) | (inner.max(axis=0) >= high)).any()
        if touched:
            low, high = low - 0.5 * (high - low), high + 0.5 * (high - low)
            continue
        tight = inner.min(axis=0) - step, inner.max(axis=0) + step
        if ((tight[1] - tight[0]) > 0.8 * (high - low)).all():
            return tight
        low, high = tight
    return low, high


def _where_dense(subject, low, high, n, least):
    axes = [onp.linspace(a, b, n) for a, b in zip(low, high, strict=True)]
    z = onp.stack([g.ravel() for g in onp.meshgrid(*axes, indexing="ij")], axis=1)
    with onp.errstate(all="ignore"):
        q = onp.asarray(subject.q(z.reshape(-1, *subject.in_shape).astype(subject.dtype)), dtype=onp.float64)
    q = onp.where(onp.isnan(q), -onp.inf, q)
    return z, q >= q.max() + least
