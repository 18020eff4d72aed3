"""Limits in torch's libraries: what the audit saw that is no mistake of a formula.

Each has a reproducer and an independent computation too.

A limit explains a letter only where the audit's own message says what the limit is about.
"""

from __future__ import annotations

import math

from benchmarks.field.finding import NOT_FINITE, FieldFinding, Limit


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


def samples_at_the_bracket():
    import torch
    from zuko.transforms import MonotonicTransform

    torch.manual_seed(0)
    t = MonotonicTransform(lambda x: x / 100, bound=10.0)  # as flat as wild weights make it
    z = torch.randn(1000, dtype=torch.float64)
    x = t.inv(z)
    return {
        "different": len(x.unique()),
        "at_the_ends": (x.abs() > 9.999).sum().item(),
        "beyond": (z.abs() > 0.1).sum().item(),
    }


def _samples_repeat(found):
    """The inverse is 100 z: 1,000 different numbers, of which those with |z| > 0.1 lie beyond 10."""
    return found["different"] < 100 and found["at_the_ends"] >= found["beyond"] > 900


def log_dets_at_the_bracket():
    import torch
    from zuko.transforms import ComposedTransform, MonotonicTransform

    flat, curved = MonotonicTransform(lambda x: x / 5), MonotonicTransform(lambda x: x + torch.tanh(x))
    t = ComposedTransform(flat, curved)
    z = torch.tensor([3.9950547536867305], dtype=torch.float64)  # 3 + tanh(3), and 3 is flat(15)
    x, there = t.inv.call_and_ladj(z)
    again, back = t.call_and_ladj(x)
    return {"x": x.item(), "z_again": again.item(), "sum_of_log_dets": (there + back).item()}


def _log_dets_of_two_points(found):
    """There at curved's 3, and back at its 2, where the end of the bracket leads: 1 + 1 / cosh(2)^2 is that slope."""
    slopes = [1 + 1 / math.cosh(a) ** 2 for a in (3, 2)]
    off = [found["x"] - 10, found["z_again"] - 2 - math.tanh(2), found["sum_of_log_dets"] + math.log(slopes[0])]
    off[2] -= math.log(slopes[1])
    return all(abs(number) < 1e-5 for number in off)


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


def negative_discriminant():
    import torch
    from nflows.transforms.splines.rational_quadratic import rational_quadratic_spline as spline

    raw = ([-22.48587989807129, -42.36570358276367, -77.67308044433594, -7.6183271408081055, 8.32989501953125,
            -40.40982437133789, 49.400909423828125, -9.888972282409668, -11.318042755126953, -38.707977294921875],
           [-34.475582122802734, -11.953709602355957, 82.57919311523438, -26.336566925048828, -18.653759002685547,
            78.68854522705078, -99.10601043701172, -76.35978698730469, -101.48025512695312, 41.06064224243164],
           [0.5397424101829529, -71.60863494873047, 58.689056396484375, 23.373241424560547, 54.57510757446289,
            25.472549438476562, 23.969806671142578, -29.1372013092041, 0.4548708200454712, -27.710567474365234,
            0.5397424101829529])  # fmt: skip
    said = {}
    for dtype in (torch.float32, torch.float64):
        x = torch.tensor([2.981999635696411], dtype=dtype)
        parts = (torch.tensor([a], dtype=dtype) for a in raw)
        try:
            z, _ = spline(x, *parts, inverse=True, left=-3.0, right=3.0, bottom=-3.0, top=3.0)
            said[dtype] = str(z.item())
        except AssertionError:
            said[dtype] = "AssertionError"
    return {"float32": said[torch.float32], "float64": said[torch.float64]}


def _only_in_float32(found):
    return found["float32"] == "AssertionError" and -3 <= float(found["float64"]) <= 3


LIMITS = [
    FieldFinding(
        "nflows", ("CompositeTransform",), "O", "a discriminant below 0 by rounding stops the inverse",
        "The inverse of its rational quadratic spline asserts that b² - 4ac is not negative. In float32 a point beside "
        "a knot, where both terms are nearly equal, fails that: the whole batch raises AssertionError.",
        negative_discriminant, _only_in_float32, "the same numbers in float64, which have an inverse in the box", "",
        Limit.ROUNDING, ("AssertionError",),
    ),
    FieldFinding(
        "zuko", ("NAF", "UNAF", "GF"), "PK", "samples are the ends of the bracket",
        "Where a layer is flat, most z have their x outside of the bracket [-10, 10]. The inverse gives its end, and "
        "samples repeat: with wild weights of NAF all of them do, whatever the seed.",
        samples_at_the_bracket, _samples_repeat, "the inverse in closed form, 100 z, which repeats no number",
        "see the finding on the bracket.", Limit.CONSEQUENCE,
        ("another seed gives the same", "the same points twice", "again and again", "samples against the density"),
    ),
    FieldFinding(
        "zuko", ("GF",), "X", "log-dets of two different points",
        "Where the first layer of the way back stands at the end of its bracket, forward comes by another point, and "
        "the two log-dets are of different slopes. In float64 the audit says of the same points that z does not come "
        "back, and does not ask X any more.",
        log_dets_at_the_bracket, _log_dets_of_two_points, "the slopes at the two points in closed form",
        "see the finding on the bracket.", Limit.CONSEQUENCE,
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
        "most. The reproducer has the two layers by hand: 1,001 points, and 85 values of log_det.",
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
        "The networks of this specimen have no bound (a leaky ReLU), and its couplings scale by e^s. Two in a row "
        "meet s of 1000 and more.",
        coupling_block, _scale_overflows, "mpmath's e^800, which is above the largest float64",
        "yes: scale_map has \"sigmoid\" beside \"exp\".", Limit.RANGE, NOT_FINITE,
    ),
]  # fmt: skip
