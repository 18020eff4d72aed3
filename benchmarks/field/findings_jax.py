"""Findings in flowjax, distrax and TensorFlow Probability, each with its reproducer and its confirmation."""

from __future__ import annotations

from benchmarks.field.finding import FieldFinding


def sigmoid_below_9():
    import distrax
    import jax

    with jax.enable_x64(True):
        z = jax.numpy.array([-8.999, -9.001, -10.0])
        x, log_det = distrax.Sigmoid().forward_and_log_det(z)
        back = distrax.Sigmoid().inverse(x)
        slope = jax.vmap(jax.grad(distrax.Sigmoid().forward))(z)
    return {
        "z": z.tolist(),
        "x": x.tolist(),
        "back": back.tolist(),
        "log_det": log_det.tolist(),
        "slope": slope.tolist(),
    }


def _sigmoid_is_exp(found):
    """Relative error of x against mpmath, and of log_det against the derivative of the library's own forward."""
    from mpmath import exp, log, mp, mpf

    mp.dps = 50
    off = [abs(x * (1 + exp(-mpf(z))) - 1) for z, x in zip(found["z"], found["x"], strict=True)]
    apart = [abs(log(mpf(s)) - d) for s, d in zip(found["slope"], found["log_det"], strict=True)]
    return off[0] < 1e-14 and min(off[1:]) > 4e-5 and apart[0] < 1e-12 and min(apart[1:]) > 4e-5


FINDINGS: list[FieldFinding] = [
    FieldFinding(
        "distrax", ("Sigmoid",), "RXJEO", "below -9 it is e^x",
        "Sigmoid is replaced by its leading term e^x where x < -9. At -9 that is wrong by 1.2e-4 of its size, and "
        "the value jumps by as much. log_det stays that of the sigmoid, so it is not that of the function any more; "
        "the round trip of -10 is off by 4.5e-5. A plain sigmoid is exact there, in both dtypes.",
        sigmoid_below_9, _sigmoid_is_exp,
        "mpmath with fifty digits for the value, and the derivative of the library's own forward for log_det",
        "a private function says \"where extremely negatively saturated, approximate sigmoid with exp(x)\"; the page "
        "of the class warns of saturation in general.",
    ),
]  # fmt: skip
