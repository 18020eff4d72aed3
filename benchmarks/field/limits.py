"""Limits: what the audit saw that is no mistake of a formula. Each has a reproducer and an independent computation too.

A limit explains a letter only where the audit's own message says what the limit is about.
"""

from __future__ import annotations

import math

from benchmarks.field.finding import FieldFinding, Limit

NOT_FINITE = ("not finite", "NaN")


def masked_affine():
    import torch
    from normflows.flows import MaskedAffineFlow

    class Constant(torch.nn.Module):
        def __init__(self, value):
            super().__init__()
            self.value = value

        def forward(self, z):
            return torch.full_like(z, self.value)

    t = MaskedAffineFlow(torch.tensor([1.0, 0.0]), Constant(0.0), Constant(-800.0)).double()
    z, _ = t.inverse(torch.tensor([[1.0, 1.0]], dtype=torch.float64))
    return {"z": z[0].tolist()}


def _exp_800(found):
    return _too_large_for_float64(800) and math.isnan(found["z"][0]) and math.isinf(found["z"][1])


def _too_large_for_float64(log_scale):
    from mpmath import exp, mpf

    return exp(mpf(log_scale)) > mpf(2) ** 1024


def coupling_block():
    import torch
    from normflows.flows import AffineCouplingBlock

    class Network(torch.nn.Module):
        def forward(self, z):
            return torch.full((len(z), 2), 800.0, dtype=z.dtype)  # shift and log scale

    x, log_det = AffineCouplingBlock(Network()).double()(torch.tensor([[1.0, 1.0]], dtype=torch.float64))
    return {"x": x[0].tolist(), "log_det": log_det.item()}


def _scale_overflows(found):
    return _too_large_for_float64(800) and math.isinf(found["x"][1]) and found["log_det"] == 800.0


def small_scale():
    import equinox as eqx
    import jax
    import paramax
    from flowjax.bijections import Affine

    with jax.enable_x64(True):
        raw, rest = eqx.partition(Affine(0.0, 1.0), eqx.is_inexact_array)
        t = paramax.unwrap(eqx.combine(jax.tree.map(lambda a: a - 1000.0, raw), rest))
        x, log_det = t.transform_and_log_det(jax.numpy.array(1.0))
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


def samples_at_the_bracket():
    import torch
    from zuko.transforms import MonotonicTransform

    torch.manual_seed(0)
    t = MonotonicTransform(lambda x: x / 100, bound=10.0)  # as flat as wild weights make it
    z = torch.randn(1000, dtype=torch.float64)
    x = t.inv(z)
    return {"different": len(x.unique()), "at_the_ends": (x.abs() > 9.999).sum().item(), "beyond": (z.abs() > 0.1).sum().item()}


def _samples_repeat(found):
    """The inverse is 100 z: 1,000 different numbers, of which those with |z| > 0.1 lie beyond 10."""
    return found["different"] < 100 and found["at_the_ends"] >= found["beyond"] > 900


def saturated_density():
    import torch
    from zuko.transforms import GaussianizationTransform

    t = GaussianizationTransform(torch.zeros(1, 1), torch.zeros(1, 1))
    z, log_det = t.call_and_ladj(torch.tensor([4.0, 8.0, 20.0]))
    return {"z": z.tolist(), "log_det": log_det.tolist()}


def _density_of_no_slope(found):
    """The documented formula is the identity, with log_det 0; where the map has stopped growing its slope is 0."""
    return found["z"][2] < 5 and found["z"][1] == found["z"][2] and found["log_det"][2] < -20


def steep_spline():
    import torch
    from zuko.transforms import MonotonicRQSTransform

    raw = [9.0, -3.0, 0.0, 2.0], [-9.0, 9.0, 0.0, 2.0], [-9.0, 9.0, -9.0]
    values = {}
    for dtype in (torch.float32, torch.float64):
        steep = MonotonicRQSTransform(*(torch.tensor(a, dtype=dtype) for a in raw))
        x = torch.linspace(-0.01, 0.01, 1001, dtype=dtype)
        log_det = steep.call_and_ladj(2.1869 + 0.001 * x)[1]  # a flat layer before it
        values[dtype] = len(log_det.unique())
    return {"values_of_float32": values[torch.float32], "values_of_float64": values[torch.float64]}


def _single_goes_in_steps(found):
    """2.1869 to 2.1869 + 2e-5 are 84 numbers of float32, whatever comes after."""
    numbers = 2e-5 / 2**-22
    return found["values_of_float32"] <= numbers + 2 and found["values_of_float64"] == 1001


def circular_spline():
    import torch
    from normflows.utils.splines import unconstrained_rational_quadratic_spline as spline

    raw = ([10.952125549316406, 3.88364315032959, 16.376893997192383, 8.288472175598145, 7.5953874588012695,
            2.084533929824829, -15.405574798583984, 6.855597972869873],
           [-1.2594341039657593, 1.229659914970398, -0.33537453413009644, 8.550660133361816, -9.447250366210938,
            4.891124725341797, -3.3794004917144775, 11.938440322875977],
           [1.47755765914917, -13.433207511901855, 0.03255033493041992, 32.635555267333984, 7.898345947265625,
            -28.552024841308594, -2.9273147583007812, 8.041849136352539, 11.042908668518066])  # fmt: skip
    log_det = {}
    for dtype in (torch.float32, torch.float64):
        w, h, d = (torch.tensor([[a]], dtype=dtype) for a in raw)
        x = torch.tensor([[-2.9832794666290283]], dtype=dtype)
        log_det[dtype] = spline(x, w, h, d, inverse=True, tails=["circular"], tail_bound=3.0)[1].item()
    return {"float32": log_det[torch.float32], "float64": log_det[torch.float64]}


def _double_is_finite(found):
    return math.isnan(found["float32"]) and math.isfinite(found["float64"])


LIMITS = [
    FieldFinding(
        "zuko", ("NAF", "UNAF", "GF"), "PK", "samples are the ends of the bracket",
        "Where a layer is flat, most z have their x outside of the bracket [-10, 10]. The inverse gives its end, and "
        "samples repeat: with wild weights of NAF all of them do, whatever the seed.",
        samples_at_the_bracket, _samples_repeat, "the inverse in closed form, 100 z, which repeats no number",
        "see the finding on the bracket.", Limit.CONSEQUENCE,
        ("another seed gives the same", "the same points twice", "again and again", "samples against the density"),
    ),
    FieldFinding(
        "zuko", ("GaussianizationTransform", "GF"), "SE", "log_det where the map has stopped growing",
        "At 4.89 and beyond, the slope is 0 in float32, and its logarithm is not finite, or goes in steps before that.",
        saturated_density, _density_of_no_slope, "the formula of the documentation, of which log_det is 0 here",
        "see the finding above.", Limit.CONSEQUENCE, ("not finite", "a derivative jumps"),
    ),
    FieldFinding(
        "zuko", ("NSF",), "E", "float32 goes in steps where a steep spline follows a flat one",
        "With wild weights the first layer takes many neighbouring x to one number of float32, and the second is steep "
        "there: log_det seems to jump, by 2.5. The same weights in float64, at the same points, give steps of 0.07 at "
        "most. The reproducer has the two layers by hand: 1,001 points, and 84 numbers between them.",
        steep_spline, _single_goes_in_steps, "counting the numbers of float32 between the two layers, and float64", "",
        Limit.ROUNDING,
        ("a derivative jumps",),
    ),
    FieldFinding(
        "normflows", ("CircularAutoregressiveRationalQuadraticSpline",), "E", "NaN in float32 beside a knot",
        "One of 4,000 points has a log_det of NaN. The same weights in float64 give -2.9 there.",
        circular_spline, _double_is_finite, "the same weights in float64", "", Limit.ROUNDING, NOT_FINITE,
    ),
    FieldFinding(
        "normflows", ("MaskedAffineFlow",), "SEO", "e^-s overflows, and takes a kept variable with it",
        "At points far out the network gives log scales beyond the range of exp (88 in float32). The mask is applied "
        "by a product, so that 0 times infinity turns a variable that is to be kept into NaN.",
        masked_affine, _exp_800, "mpmath's e^800, which is above the largest float64",
        "it replaces a scale that is not finite by NaN on purpose.", Limit.RANGE, NOT_FINITE,
    ),
    FieldFinding(
        "normflows", ("NormalizingFlow",), "SEO", "the scale of a coupling overflows",
        "The networks of this specimen have no bound (a leaky ReLU), and its couplings scale by e^s. Two couplings in a "
        "row meet s of 1000 and more.",
        coupling_block, _scale_overflows, "mpmath's e^800, which is above the largest float64",
        "yes: scale_map has \"sigmoid\" beside \"exp\".", Limit.RANGE, NOT_FINITE,
    ),
    FieldFinding(
        "flowjax", ("Coupling", "MaskedAutoregressive"), "SE", "a scale underflows to 0",
        "The scale of Affine is a softplus, which is 0 below -745 in float64 and below -104 in float32. log_det is the "
        "logarithm of that: -inf, where the logarithm of a softplus would still be a number. x no longer depends on z "
        "there in any case.",
        small_scale, _softplus_underflows, "mpmath with fifty digits: the scale is below the smallest float64",
        "", Limit.RANGE, NOT_FINITE,
    ),
    FieldFinding(
        "tfp", ("LambertWTail",), "SE", "x squared overflows on the way to log_det",
        "log_det goes through Lambert's W of tail x², and is NaN from |x| = 1e154 on in float64, 1e19 in float32, where "
        "x itself is right. x grows as exp(tail z² / 2): z = 8 is enough in float32.",
        heavy_tail, _square_overflows, "mpmath: x is a float64, and its square is none", "", Limit.RANGE, NOT_FINITE,
    ),
]  # fmt: skip
