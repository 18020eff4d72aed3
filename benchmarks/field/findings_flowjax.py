"""Findings in flowjax, each with its reproducer and its confirmation."""

from __future__ import annotations

import math

from benchmarks.field.finding import FieldFinding


def spline_ends():
    import equinox as eqx
    import jax
    import paramax
    from flowjax.bijections import RationalQuadraticSpline

    with jax.enable_x64(True):
        t = RationalQuadraticSpline(knots=3, interval=2)
        trained, rest = eqx.partition(t, eqx.is_inexact_array)
        t = eqx.combine(jax.tree.map(lambda raw: raw + 1.0, trained), rest)  # as a step of training would
        t = paramax.unwrap(t)
        z = jax.numpy.array([-2 - 1e-9, -2 + 1e-9, 2 - 1e-9, 2 + 1e-9])
        x, log_det = jax.vmap(t.transform_and_log_det)(z)
        ahead = jax.vmap(t.transform)(z + 1e-10)
    return {"slope": ((ahead - x) / 1e-10).tolist(), "log_det": log_det.tolist()}


def _ends_are_not_one(found):
    """One-sided differences of its own function: 1 outside, 1.735 inside; and log_det says the same."""
    same = all(abs(math.log(a) - b) < 1e-4 for a, b in zip(found["slope"], found["log_det"], strict=True))
    return same and abs(found["slope"][0] - 1) < 1e-4 and abs(found["slope"][1] - 1.735) < 1e-3


FINDINGS = [
    FieldFinding(
        "flowjax", ("RationalQuadraticSpline",), "E", "the end slopes are trained, and are not 1",
        "The spline is the identity outside its interval. The paper that the class cites sets the slopes at both ends "
        "to 1, so that the density is continuous there; here they are parameters like the inner ones, 1 at the start, "
        "and move away from it with training. The map and its log_det agree; log_det jumps at the ends.",
        spline_ends, _ends_are_not_one, "one-sided differences of the library's own function",
        "nothing is said of the ends; the paper (Durkan et al. 2019) has 1 there.",
    ),
]  # fmt: skip
