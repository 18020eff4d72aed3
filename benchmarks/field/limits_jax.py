"""Limits in JAX's libraries: what the audit saw that is no mistake of a formula, with independent computations."""

from __future__ import annotations

import math

from benchmarks.field.finding import NOT_FINITE, FieldFinding, Limit


def small_scale():
    import equinox as eqx
    import jax
    import paramax
    from flowjax.bijections import Affine

    with jax.enable_x64(True):
        raw, rest = eqx.partition(Affine(0.0, 1.0), eqx.is_inexact_array)
        t = paramax.unwrap(eqx.combine(jax.tree.map(lambda a: a - 1000.0, raw), rest))
        log_det = t.transform_and_log_det(jax.numpy.array(1.0))[1]
    return {"scale": t.scale.item(), "log_det": log_det.item()}


def _softplus_underflows(found):
    """softplus(a) is e^a to the last digit at a = -1000 + 0.54; that is no number of float64, and its log is."""
    from mpmath import exp, log, log1p, mp, mpf

    mp.dps = 50
    exact = log1p(exp(mpf(-1000) + log(exp(mpf(1)) - 1)))
    return exact < mpf(2) ** -1075 and abs(log(exact) + 999.46) < 0.01 and found == {"scale": 0.0, "log_det": -math.inf}


def heavy_tail():
    import jax
    from tensorflow_probability.substrates.jax.bijectors import LambertWTail

    with jax.enable_x64(True):
        shift, scale, tail = (jax.numpy.array(a) for a in (0.0, 1.0, 6.83))
        t, z = LambertWTail(shift, scale, tail), jax.numpy.array(-12.0)
        x, log_det = t.forward(z), t.forward_log_det_jacobian(z)
    return {"x": x.item(), "log_det": log_det.item()}


def _square_overflows(found):
    """x = z exp(tail z^2 / 2) is a number of float64, its square is none, and log_det = tail z^2 / 2 + log(1 + ...)."""
    from mpmath import exp, mpf

    exact = mpf(-12) * exp(mpf("6.83") * 72)
    close = abs(mpf(found["x"]) / exact - 1) < 1e-10
    return close and exact**2 > mpf(2) ** 1024 and math.isnan(found["log_det"])


def bisection():
    import jax
    from flowjax.root_finding import bisection_search

    found = {}
    for wide in (False, True):
        with jax.enable_x64(wide):
            try:
                root, _ = bisection_search(lambda z: z**3 - 1.25e8 - 1000.0, -10.0, 10.0)
                found[wide] = str(root.item())
            except Exception as error:  # the kind differs between versions of equinox
                found[wide] = next(line for line in str(error).splitlines() if "steps" in line)
    return {"float32": found[False], "float64": found[True]}


def _spacing_is_wider(found):
    """Neighbouring numbers of float32 at 500 are 3e-5 apart: half of that is above the tolerance of 1e-5."""
    import numpy as np

    wider = np.spacing(np.float32(500)) / 2 > 1e-5
    return wider and "Maximum steps" in found["float32"] and abs(float(found["float64"]) ** 3 - 1.25e8 - 1000) < 10


LIMITS = [
    FieldFinding(
        "flowjax", ("NumericalInverse",), "O", "the bisection declines beyond |z| = 256 in float32",
        "Its tolerance is absolute, 1e-5, and half the distance of neighbouring numbers is more than that there. It "
        "raises \"Maximum steps reached\", and gives no wrong number.",
        bisection, _spacing_is_wider, "the distance of neighbouring numbers, and float64, which finds the root",
        "yes: atol.", Limit.ROUNDING, ("Maximum steps reached",),
    ),
    FieldFinding(
        "flowjax", ("Coupling", "MaskedAutoregressive"), "SXE", "a scale underflows to 0",
        "The scale of Affine is a softplus, which is 0 below -745 in float64 and below -104 in float32. log_det is the "
        "logarithm of that: -inf, where the logarithm of a softplus would still be a number. x no longer depends on z "
        "there in any case, and the log_det of the inverse, which is finite, does not cancel it (X).",
        small_scale, _softplus_underflows, "mpmath with fifty digits: the scale is below the smallest float64",
        "", Limit.RANGE, (*NOT_FINITE, "should be +inf"),
    ),
    FieldFinding(
        "tfp", ("LambertWTail",), "SE", "x squared overflows on the way to log_det",
        "log_det goes through Lambert's W of tail x², and is NaN from |x| = 1e154 on in float64, 1e19 in float32, "
        "where "
        "x itself is right. x grows as exp(tail z² / 2): z = 8 is enough in float32.",
        heavy_tail, _square_overflows, "mpmath: x is a float64, and its square is none", "", Limit.RANGE, NOT_FINITE,
    ),
]  # fmt: skip
