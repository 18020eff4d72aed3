"""Findings in torch.distributions and zuko, each with its reproducer and its confirmation."""

from __future__ import annotations

import math

from benchmarks.field.finding import FieldFinding

BRACKETED = ("MonotonicTransform", "UnconstrainedMonotonicTransform", "SOSPolynomialTransform",
             "GaussianizationTransform", "NAF", "UNAF", "SOSPF", "GF")  # fmt: skip


def softplus():
    import torch

    t = torch.distributions.transforms.SoftplusTransform()
    z = torch.tensor(20.1, dtype=torch.float64)
    x = t(z)
    return {"z": z.item(), "x": x.item(), "back": t.inv(x).item()}


def _softplus_is_off(found):
    from mpmath import log1p, exp, mp, mpf  # noqa: I001

    mp.dps = 50
    exact = log1p(exp(mpf(found["z"])))
    off, way_back = abs(found["x"] - exact), abs(found["back"] - found["z"])
    return off > 1e-9 and way_back > 1e-9


def signed_power():
    import torch
    from zuko.transforms import SignedPowerTransform

    t = SignedPowerTransform(torch.tensor(0.5, dtype=torch.float64))
    zero, tiny = torch.zeros(1, dtype=torch.float64), torch.full((1,), 1e-12, dtype=torch.float64)
    return {"at_0": t.inv(zero).item(), "beside_0": t.inv(tiny).item(), "forward_at_0": t(zero).item()}


def _signed_power_is_nan(found):
    exact = math.exp(math.log(1e-12) * math.exp(-0.5))  # sign(y) |y|^exp(-alpha), and 0 at y = 0
    return math.isnan(found["at_0"]) and abs(found["beside_0"] - exact) < 1e-18 and found["forward_at_0"] == 0.0


def gaussianization():
    import torch
    from zuko.transforms import GaussianizationTransform

    t = GaussianizationTransform(torch.zeros(1, 1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64))
    x = torch.tensor([3.0, 5.0, 6.0, 8.0], dtype=torch.float64)
    return {"x": x.tolist(), "z": [t(v[None]).item() for v in x]}


def _gaussianization_saturates(found):
    """With one component, shift 0 and scale 1 the formula of the documentation is the identity."""
    from mpmath import erf, erfinv, mp, mpf, sqrt

    mp.dps = 50
    exact = [float(sqrt(2) * erfinv(erf(mpf(x) / sqrt(2)))) for x in found["x"]]
    return abs(exact[2] - 6.0) < 1e-9 and abs(found["z"][0] - 3.0) < 1e-3 and found["z"][3] < 4.9


def bernstein_jump():
    import torch
    from zuko.transforms import BoundedBernsteinTransform

    t = BoundedBernsteinTransform(torch.zeros(8, dtype=torch.float64))
    x = torch.tensor([5.0 - 2e-5, 5.0 - 1.01e-5, 5.0 - 0.99e-5, 5.0, 6.0], dtype=torch.float64)
    return {"x": x.tolist(), "moved_by": [t(v[None]).item() - v.item() for v in x]}


def _bernstein_jumps(found):
    """The identity outside: a shift by 1e-5 is none. Inside the polynomial meets (5, 5): the shift is a jump."""
    inside, before, after, end, outside = found["moved_by"]
    return (
        abs(before) < 1e-9 and all(abs(shift - 1e-5) < 1e-8 for shift in (after, end, outside)) and abs(inside) < 1e-9
    )


def bracket():
    import torch
    from zuko.transforms import MonotonicTransform

    t = MonotonicTransform(lambda x: x + torch.tanh(x), bound=10.0)
    z = torch.tensor([10.0, 20.0, 1000.0], dtype=torch.float64)
    return {"z": z.tolist(), "x": t.inv(z).tolist(), "z_again": t(t.inv(z)).tolist()}


def _bracket_ends(found):
    low, high = 0.0, 1000.0
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if middle + math.tanh(middle) < 20.0 else (low, middle)
    return abs(low - 19.0) < 1e-9 and abs(found["x"][1] - 10.0) < 1e-5 and abs(found["z_again"][1] - 11.0) < 1e-5


def flat_layer():
    import torch
    from zuko.transforms import MonotonicTransform

    z = torch.tensor([1.0, -2.5, 3.0], dtype=torch.float64)
    came = {}
    for bound in (10.0, 1000.0):
        t = MonotonicTransform(lambda x: x / 5, bound=bound)
        x = t.inv(z)
        came[bound] = x.tolist(), t(x).tolist(), t.inv.log_abs_det_jacobian(z, x).tolist()
    return {"x": came[10.0][0], "z_again": came[10.0][1], "log_det": came[10.0][2], "x_of_1000": came[1000.0][0]}


def _ordinary_z_is_lost(found):
    """The inverse of x / 5 is 5 z, with log_det log 5; at the end of the bracket x has the slope 0."""
    right = [5.0, -12.5, 15.0]
    ends = [5.0, -10.0, 10.0]
    return (
        all(abs(a - b) < 1e-5 for a, b in zip(found["x"] + found["x_of_1000"], ends + right, strict=True))
        and all(abs(a - b) < 1e-6 for a, b in zip(found["z_again"], [1.0, -2.0, 2.0], strict=True))
        and all(abs(a - math.log(5)) < 1e-9 for a in found["log_det"])
    )


FINDINGS = [
    FieldFinding(
        "torch", ("SoftplusTransform",), "EO", "beyond 20 it is the identity, in float64 too",
        "softplus(z) is replaced by z where z > 20, which leaves out log(1 + e^-z): 2e-9 at 20, where the value jumps. "
        "That is below float32's resolution and above float64's. The inverse is exact, so a round trip is off by the "
        "same 2e-9.",
        softplus, _softplus_is_off, "mpmath's log(1 + e^z) with fifty digits",
        "`torch.nn.functional.softplus` states it (threshold=20, \"for numerical stability\"); the transform's page "
        "does not repeat it.",
    ),
    FieldFinding(
        "zuko", ("SignedPowerTransform",), "EO", "NaN at 0 in one of its directions",
        "y |y|^(exp(-alpha) - 1) is 0 times infinity at y = 0 where alpha > 0, and the same in the other direction "
        "where alpha < 0. The limit is 0. A data set with exact zeros meets it.",
        signed_power, _signed_power_is_nan, "the formula of the documentation, sign(x) |x|^exp(alpha), by hand",
    ),
    FieldFinding(
        "zuko", ("GaussianizationTransform", "GF"), "O", "it stops growing at 4.89",
        "The mean of the CDFs is multiplied by 1 - 1e-6 before the inverse CDF, so that no x is carried beyond 4.89. "
        "The codomain is declared as the reals. With one component of shift 0 and scale 1 the documented formula is "
        "the identity: at x = 5 it gives 4.80, at 8 it gives 4.89. In a flow with a normal base, 1e-6 of the mass lies "
        "there.",
        gaussianization, _gaussianization_saturates, "mpmath with fifty digits, where the formula is the identity",
    ),
    FieldFinding(
        "zuko", ("BoundedBernsteinTransform", "BPF"), "E", "it jumps by 1e-5 at the ends of its box",
        "Outside [-5, 5] it is to be the identity, with a smooth transition. It is x + 1e-5 on the right and x - 1e-5 "
        "on the left: the extrapolation is anchored at eps = 1e-6 of the box with the value of its end. Found by hand "
        "beside the audit, which allows 64 times the stated eps.",
        bernstein_jump, _bernstein_jumps, "the difference of output and input on both sides, which needs no Jacobian",
        "eps is described as the tolerance of the inverse.",
    ),
    FieldFinding(
        "zuko", BRACKETED, "O", "the inverse searches in [-10, 10] only",
        "For a z whose x lies outside, the inverse gives the end of the bracket, without a word. The class attribute "
        "declares the domain as the reals.",
        bracket, _bracket_ends, "a bisection in plain Python on [0, 1000]",
        "yes: \"bound: the domain bound B\", and of the flows that they can be inverted on [-10, 10] only; all but GF "
        "put a soft clip at 11 between their layers for this reason.",
    ),
    FieldFinding(
        "zuko", BRACKETED, "RE", "where a layer is flat, an ordinary z is beyond the bracket too",
        "The inverse then gives the end of the bracket, and forward of that is another z; log_det is still that of a "
        "map that moves. With calm weights NAF carries z = (-0.22, -0.16, -0.09) to (-1.7, 10, 10), of which the z is "
        "(-0.26, -0.46, -0.26); with a bracket of [-1000, 1000] it finds (-1.7, 12.2, 13.7), and z comes back. The "
        "audit asks this in float64 only. Single layers but GaussianizationTransform show it at |z| near 12.",
        flat_layer, _ordinary_z_is_lost, "the inverse in closed form, 5 z, and the library's own with a wider bracket",
        "see the finding above.", None,
        ("the end of its bracket", "stands still", "inverse(forward(z)) is not z"),
    ),
]  # fmt: skip
