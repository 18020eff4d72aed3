"""N: does a density integrate to one? The trapezoid rule in one or two dimensions, on grids refined until two agree.

For a smooth density that vanishes at the edge of the box the trapezoid rule converges faster than any power of the
spacing, once the spacing resolves the narrowest feature; before that it is anywhere. So a value counts only when a
finer grid gives it again; otherwise the finding is inconclusive, which is not a pass.

Grids whose spacings are multiples of each other can be wrong together where the density oscillates: sin(20 x) is a
slow wave at the points of both. So four more grids have to confirm a value other than 1 before it is a failure. Their
spacings have no common multiple with the others, and each grid is shifted by a random part of its spacing: their mean
is the integral, whatever the density, and their differences tell how well it is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as onp

from nfscratch import backend, validate
from nfscratch.check.domains import bounded, flat_ends, into, out_of, slope_into, words_of_ends
from nfscratch.check.finding import Finding, inconclusive, not_applicable
from nfscratch.check.given import box_ends
from nfscratch.check.letters.mass_box import mass_box
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial

NODES, NODES_REACH = 20_001, 7.0


def integrates_to_one(
    log_prob: Callable[[Any], Any], low: Any, high: Any, tolerance: float = 1e-3, sizes: Any = (201, 401, 801, 1601)
) -> Finding:
    """The integral of exp(log_prob(x)), x (N, D), over the box [low, high] of D = 1 or 2 sides.

    The box must hold all of the mass but `tolerance`: for a flow, `image_box`.
    """
    low, high = box_ends("low", low), box_ends("high", high)
    validate.positive("tolerance", tolerance)
    if len(low) not in (1, 2):
        raise ValueError(f"integrates_to_one works on 1 or 2 variables; got {len(low)}")
    values: list[float] = []
    for n in sizes:
        values.append(integral(log_prob, low, high, n))
        # Two grids that both step over a narrow density agree on nothing at all: that does not count.
        agree = len(values) > 1 and abs(values[-1] - values[-2]) < tolerance / 2 and values[-1] > 0.01
        if agree and (abs(values[-1] - 1) <= tolerance or _confirmed(log_prob, low, high, n, values[-1], tolerance)):
            return _settled(values[-1], n, tolerance)
    why = f"grids gave {', '.join(f'{v:.4f}' for v in values)}"
    return replace(inconclusive("N", "integral of the density: inconclusive", why, tolerance), at=why)


def _settled(value, n, tolerance):
    what, at = f"integral of the density, {n} points a side", f"integral {value:.4f}"
    evidence = {"integral": value, "yours": value, "expected": 1.0}
    return Finding("N", what, abs(value - 1), tolerance, at, evidence=evidence)


def _confirmed(log_prob, low, high, n, value, tolerance):
    """Whether shifted grids of other spacings, all finer, give the value again."""
    rng = onp.random.default_rng(n)
    finer = [int(n * factor) | 1 for factor in (1.2361, 1.3027, 1.4142, 1.4495)]  # parts of irrational numbers
    for count in finer:
        shift = rng.uniform(size=len(low)) * (high - low) / (count - 1)
        # A density that is 0 at the ends of the box is 0 beyond: the shifted grid may stick out on one side.
        again = integral(log_prob, low - shift, high + (high - low) / (count - 1) - shift, count + 1)
        if not abs(again - value) < tolerance / 2:
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
        density = onp.trapezoid(density, axis)
    return float(density)


def image_box(forward: Callable[[Any], Any], dim: int, radius: float = 6.0, n: int = 61) -> tuple[Any, Any]:
    """Corners of the box around forward(z) for z on a grid in [-radius, radius]^dim: where to integrate a flow."""
    validate.positive("radius", radius)
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
        return not_applicable("N", f"no density, and no standard normal base on {words_of_ends(s.domain)}")
    trial = Trial(s.at([0]), trial.z[:1])  # the density at one context
    low, high = _box(trial)
    if not (onp.isfinite(low).all() and onp.isfinite(high).all() and (high > low).all()):
        return inconclusive("N", "integral of the density", "no finite box")
    return _over_box(trial, low, high)


def _over_box(trial, low, high):
    s = trial.subject
    sizes = (401, 1601, 6401, 25601) if s.dim == 1 else (81, 161, 321)
    finding = integrates_to_one(partial(_log_density, trial), low, high, 2e-3 if s.dim == 2 else 1e-3, sizes)
    if finding.failed and s.dim == 1 and abs(_along_image(trial) - 1) <= finding.tolerance:
        why = "part of the density is too narrow for grids; between the images of a grid of z it integrates to one"
        return inconclusive("N", "integral of the density", why)
    if finding.unjudged:
        return finding
    base = "" if s.log_prob is not None else " (a standard normal base is assumed)"
    box = {"x": onp.stack([low, high]), "row": 0, "symbol": "x"}
    return replace(finding, what=finding.what + base, evidence={**finding.evidence, **box})


def _along_image(trial):
    """The integral of a density of one variable by nodes that lie where forward puts the base's mass, however narrow.

    Where it jumps between two nodes, what the smaller value gives counts: no more than one cell's mass is lost.
    """
    s, low, high = trial.subject, -NODES_REACH, NODES_REACH
    if s.base_log_prob is not None:
        low, high = (float(end[0]) for end in mass_box(s))
    z = _within(s, onp.linspace(low, high, NODES)[:, None]).astype(s.dtype)
    a = onp.unique(out_of(s.codomain, flat(trial.apply("forward", z)[0])))
    a = a[onp.isfinite(a)]
    p = onp.exp(_log_density(trial, a[:, None]))
    least, most = onp.minimum(p[1:], p[:-1]), onp.maximum(p[1:], p[:-1])
    return float((onp.where(most > 2 * least, least, 0.5 * (least + most)) * onp.diff(a)).sum())


def _log_density(trial, a):
    """log of the density of the coordinates a, with x = into(codomain, a)."""
    s, ends = trial.subject, trial.subject.codomain
    x = into(ends, a).astype(s.dtype)
    with onp.errstate(all="ignore"):
        log_p = s.log_prob(x) if s.log_prob is not None else _assumed(trial, x)
        return onp.asarray(log_p, dtype=onp.float64).reshape(len(x)) + onp.log(slope_into(ends, a)).sum(axis=1)


def _assumed(trial, x):
    z, log_det = trial.apply("inverse", x)
    return trial.subject.q(z) + log_det


def _box(trial):
    """Around the image of a grid on [-5, 5]^D, or on where the base has its mass."""
    s = trial.subject

    def image(z):
        return out_of(s.codomain, flat(trial.apply("forward", _within(s, z).astype(s.dtype))[0]))

    if s.base_log_prob is None:
        return image_box(image, s.dim, 5.0)
    low, high = mass_box(s)
    return image_box(lambda a: image(0.5 * (low + high) + 0.5 * a * (high - low)), s.dim, 1.0)


def _within(s, z):
    """Points of the base's own axis, kept inside of its support; without a base, of the real line carried there."""
    if s.base_log_prob is None:
        return into(s.domain, z)
    low, high = flat_ends(s.domain)
    reach = onp.maximum(*(onp.where(onp.isfinite(end), onp.abs(end), 1.0) for end in (low, high)))
    room = 1e-6 * onp.where(onp.isfinite(high - low), high - low, onp.maximum(1.0, reach))
    return onp.clip(z, low + room, high - room)
