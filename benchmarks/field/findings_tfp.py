"""Findings in TensorFlow Probability on JAX, each with its reproducer and its confirmation.

A bijector there remembers what it computed; the other direction is asked of a new one.
"""

from __future__ import annotations

from benchmarks.field.finding import FieldFinding


def softfloor():
    import jax
    from tensorflow_probability.substrates.jax.bijectors import Softfloor

    with jax.enable_x64(True):
        t, z = jax.numpy.array(0.5), jax.numpy.array([0.033, 0.8])
        x = Softfloor(t).forward(z)
        back = Softfloor(t).inverse(x + 0.0)
        slope = jax.vmap(jax.grad(lambda a: Softfloor(t).inverse(a)))(x + 0.0)
        log_det = Softfloor(t).inverse_log_det_jacobian(x + 0.0)
    return {
        "z": z.tolist(),
        "x": x.tolist(),
        "back": back.tolist(),
        "slope_of_inverse": slope.tolist(),
        "log_det_of_inverse": log_det.tolist(),
    }


def _shift_is_undone_late(found):
    """The documented formula with fifty digits, and its inverse: y - sigmoid(-1 / 2t) first, and then a logit."""
    from mpmath import exp, floor, log, mp, mpf

    mp.dps, t = 50, mpf("0.5")
    sigmoid = lambda a: 1 / (1 + exp(-a))  # noqa: E731
    low, high = sigmoid(-1 / (2 * t)), sigmoid(1 / (2 * t))
    off = []
    for k in range(2):
        z, shifted = mpf(found["z"][k]), mpf(found["x"][k]) - low
        whole = floor(z + mpf("0.5")) - 1
        f = z - whole - mpf("0.5")
        x = whole + (sigmoid((f - mpf("0.5")) / t) - low) / (high - low) + low
        p = low + (shifted - floor(shifted)) * (high - low)
        right = floor(shifted) + mpf("0.5") + t * log(p / (1 - p)) + mpf("0.5")
        off.append((abs(x - found["x"][k]), abs(right - z), abs(found["back"][k] - z)))
    apart = [abs(log(mpf(s)) - d) for s, d in zip(found["slope_of_inverse"], found["log_det_of_inverse"], strict=True)]
    return all(a < 1e-12 and b < 1e-12 and c > 0.01 for a, b, c in off) and min(apart) > 0.02


def rayleigh():
    import jax
    from tensorflow_probability.substrates.jax.bijectors import RayleighCDF

    with jax.enable_x64(True):
        scale, z = jax.numpy.array([1.0]), jax.numpy.array([1.0])
        x = RayleighCDF(scale).forward(z)
        back = RayleighCDF(scale).inverse_log_det_jacobian(x + 0.0)
    return {"x": x.item(), "log_det_of_inverse": back.item(), "dtype": str(back.dtype)}


def _root_is_float32(found):
    """-log(1 - x) - log(-log(1 - x)) / 2 - log(2) / 2 with fifty digits; off by that of a float32 sqrt(2)."""
    import numpy as np
    from mpmath import log, mp, mpf, sqrt

    mp.dps = 50
    rest = log(1 - mpf(found["x"]))
    off = found["log_det_of_inverse"] - (-rest - log(-rest) / 2 - log(mpf(2)) / 2)
    single = log(sqrt(mpf(2)) / mpf(float(np.float32(2**0.5))))
    return found["dtype"] == "float64" and abs(off) > 1e-8 and abs(off - single) < 1e-14


FINDINGS = [
    FieldFinding(
        "tfp", ("Softfloor",), "RXJEO", "inverse does not undo forward",
        "forward adds sigmoid(-1 / 2t) to the rescaled sigmoid at the end. inverse does not take it off before the "
        "logit, but subtracts it from z after it: 1 - sigmoid(-1 / 2t) stands there, and the function between is no "
        "shift. With t = 0.5 the round trip of 0.033 gives 0.020, and of 0.8 it gives 0.782; with small t, as for a "
        "floor, the shift goes to 0 and the fault with it. The log_det of the inverse is none of either map. The "
        "bijector's cache hides it where the same object is asked for both directions with the same array.",
        softfloor, _shift_is_undone_late,
        "the formula of forward and its inverse with fifty digits, and the derivative of the library's own inverse",
        "of the inverse the class says that it is not stable for small temperatures.",
    ),
    FieldFinding(
        "tfp", ("RayleighCDF",), "XE", "in float64 the log_det of the inverse is off by 1.7e-8",
        "`_inverse_log_det_jacobian` divides the scale by `tf.math.sqrt(2.)`, which is a float32 whatever the dtype of "
        "the scale. The log_det is off by a constant, log(sqrt(2) / float32(sqrt(2))) = 1.7e-8. In float32 nothing is "
        "lost.",
        rayleigh, _root_is_float32, "mpmath with fifty digits, where the difference is that of the two roots",
    ),
]  # fmt: skip
