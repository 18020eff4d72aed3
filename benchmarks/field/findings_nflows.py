"""Findings in nflows, normflows and FrEIA, each with its reproducer and its confirmation."""

from __future__ import annotations

import math

from benchmarks.field.finding import FieldFinding


def log_tanh():
    import torch
    from nflows.transforms import LogTanh

    t = LogTanh(cut_point=1)
    x = torch.tensor([[1 - 1e-9], [1 + 1e-9]], dtype=torch.float64)
    z, log_det = t(x)
    return {"z": z.flatten().tolist(), "slope": log_det.exp().tolist()}


def _log_tanh_has_a_kink(found):
    """tanh'(1), and the slope alpha / x beyond it of the alpha that would match: here it is not matched."""
    inside, outside = 1 - math.tanh(1) ** 2, 1 - math.tanh(math.tanh(1))
    return (
        abs(found["slope"][0] - inside) < 1e-7 and abs(found["slope"][1] - outside) < 1e-7 and inside - outside > 0.05
    )


def quadratic_ends():
    import torch
    from nflows.transforms import PiecewiseQuadraticCDF

    torch.manual_seed(0)
    t = PiecewiseQuadraticCDF([1], num_bins=5, tails="linear", tail_bound=3.0).double()
    x = torch.tensor([[-3 - 1e-9], [-3 + 1e-9], [3 - 1e-9], [3 + 1e-9]], dtype=torch.float64)
    slope = [torch.autograd.functional.jacobian(lambda a: t(a)[0].sum(), row[None]).item() for row in x]
    return {"slope": slope, "log_det": t(x)[1].tolist()}


def _ends_are_not_one(found):
    """By automatic differentiation of its own function: 1 outside, something else inside; and log_det says the same."""
    same = all(abs(math.log(a) - b) < 1e-9 for a, b in zip(found["slope"], found["log_det"], strict=True))
    return same and abs(found["slope"][0] - 1) < 1e-12 and abs(found["slope"][1] - 1) > 0.01


def quadratic_inverse():
    import torch
    from nflows.transforms import PiecewiseQuadraticCDF

    t = PiecewiseQuadraticCDF([1], num_bins=2).double()
    back = {}
    x = torch.tensor([[0.1], [0.3], [0.7]], dtype=torch.float64)
    for middle in (0.0, 1e-12):  # the raw heights at the three knots: a density of 1, and nearly so
        t.unnormalized_widths.data[:] = 0.0
        t.unnormalized_heights.data = torch.tensor([[0.0, middle, 0.0]], dtype=torch.float64)
        back[middle] = t.inverse(t(x)[0])[0].flatten().tolist()
    return {
        "x": x.flatten().tolist(),
        "back": back[0.0],
        "back_of_nearly": back[1e-12],
        "z": t(x)[0].flatten().tolist(),
    }


def _quadratic_cancels(found):
    """The map is the identity, but for the float32 of its ends: a number 1e-5 away is not its inverse, nor is NaN."""
    identity = all(abs(a - b) < 1e-7 for a, b in zip(found["x"], found["z"], strict=True))
    off = max(abs(a - b) for a, b in zip(found["x"], found["back_of_nearly"], strict=True))
    return identity and all(map(math.isnan, found["back"])) and off > 1e-5


def linear_last_bin():
    import torch
    from nflows.transforms import PiecewiseLinearCDF

    torch.manual_seed(0)
    t = PiecewiseLinearCDF([1], num_bins=5).double()
    t.unnormalized_pdf.data = torch.tensor([[2.0, 2.0, 2.0, 2.0, -6.0]], dtype=torch.float64)
    torch.set_default_dtype(torch.float64)  # its bins are made in the default dtype
    x = torch.tensor([[0.5], [0.9]], dtype=torch.float64)
    z, log_det = t(x)
    back, log_det_back = t.inverse(z)
    torch.set_default_dtype(torch.float32)
    return {"x": x.flatten().tolist(), "back": back.flatten().tolist(), "log_dets": (log_det + log_det_back).tolist()}


def _last_bin_is_off(found):
    """In the last bin the exact inverse of a linear piece is x itself; elsewhere it is."""
    off = [abs(a - b) for a, b in zip(found["x"], found["back"], strict=True)]
    share = math.exp(-6) / (4 * math.exp(2) + math.exp(-6))  # of the last bin: 1e-6 is added to it
    expected = abs(math.log1p(1e-6 / share))
    return off[0] < 1e-12 and off[1] > 1e-4 and abs(abs(found["log_dets"][1]) - expected) < 1e-3 * expected


def cubic_inverse():
    import torch
    from nflows.transforms import PiecewiseCubicCDF

    torch.manual_seed(2)
    t = PiecewiseCubicCDF([1], num_bins=5).double()
    for p in t.parameters():
        p.data = 3 * torch.randn_like(p)
    x = torch.linspace(0.001, 0.999, 9999, dtype=torch.float64)[:, None]
    z = t(x)[0]
    back = t.inverse(z)[0]
    off = (back - x).abs().nan_to_num(nan=0.0).max().item()
    return {"increasing": bool((z.diff(dim=0) > 0).all()), "nan": back.isnan().sum().item(), "largest_error": off}


def naive_linear():
    import torch
    from nflows.transforms import NaiveLinear

    try:
        said = str(NaiveLinear(3).inverse(torch.zeros(2, 3))[0].tolist())
    except (RuntimeError, AttributeError) as error:
        said = f"{type(error).__name__}: {str(error)[:60]}"
    return {"torch": torch.__version__, "inverse": said}


def cdf_clamp():
    import torch
    from nflows.transforms import CompositeCDFTransform, PiecewiseRationalQuadraticCDF, Sigmoid

    torch.manual_seed(0)
    t = CompositeCDFTransform(Sigmoid(), PiecewiseRationalQuadraticCDF([1], num_bins=5)).double()
    x = torch.tensor([[-20.0], [-30.0]], dtype=torch.float64)
    z, log_det = t(x)
    return {"x": x.flatten().tolist(), "z": z.flatten().tolist(), "log_det": log_det.tolist()}


def _two_points_go_to_one(found):
    return found["z"][0] == found["z"][1] and math.isfinite(found["log_det"][0])


FINDINGS = [
    FieldFinding(
        "nflows", ("LogTanh",), "E", "the slope jumps from 0.42 to 0.36 at the cut point",
        "The docstring says that alpha and beta match the value and the first derivative of tanh at the cut point. "
        "The value is matched. For the derivative alpha must be cut (1 - tanh(cut)²); the code has "
        "(1 - tanh(tanh(cut))) / cut. The log_det is that of the map as it is, so densities are right, with a jump.",
        log_tanh, _log_tanh_has_a_kink, "the derivative of tanh at 1 in closed form",
        "the docstring says the opposite.",
    ),
    FieldFinding(
        "nflows", ("PiecewiseQuadraticCDF", "PiecewiseQuadraticCouplingTransform",
                   "MaskedPiecewiseQuadraticAutoregressiveTransform"), "E",
        "with linear tails the end slopes are not 1",
        "A comment in `quadratic_spline` says \"set boundary heights s.t. after normalization they are exactly 1\". "
        "The half widths are halved once more in the formula for that constant, so that they are not. The map and its "
        "log_det agree; the density jumps at the ends of the box.",
        quadratic_ends, _ends_are_not_one, "the library's own function under automatic differentiation, on both sides",
        "the comment says the opposite.",
    ),
    FieldFinding(
        "nflows", ("PiecewiseQuadraticCDF", "PiecewiseQuadraticCouplingTransform",
                   "MaskedPiecewiseQuadraticAutoregressiveTransform"), "RO",
        "the inverse is NaN where two neighbouring heights are equal",
        "The root is (-b + sqrt(b² - 4ac)) / 2a, where a is the difference of the heights at both ends of a bin. Equal "
        "heights give 0 / 0; nearly equal ones cancel. A uniform density of two bins has NaN for all inverses, and one "
        "with raw heights 0, 1e-12, 0 is off by 3e-5. The form 2c / (-b - sqrt(...)), which the library has for its "
        "rational quadratic spline, has neither.",
        quadratic_inverse, _quadratic_cancels, "the map itself, which is the identity here to seven digits",
    ),
    FieldFinding(
        "nflows", ("PiecewiseLinearCDF", "PiecewiseLinearCouplingTransform",
                   "MaskedPiecewiseLinearAutoregressiveTransform"), "RXEO",
        "the inverse is off in the last bin",
        "`searchsorted` adds 1e-6 to the last entry of the array that it is given, in place. `linear_spline` then "
        "computes the slopes of the inverse from that array: the last bin holds 1e-6 too much. The error of x is "
        "1e-6 over the bin's probability, and the log-dets of both directions do not cancel there.",
        linear_last_bin, _last_bin_is_off, "the predicted error, log(1 + 1e-6 / p) for a last bin of probability p",
    ),
    FieldFinding(
        "nflows", ("PiecewiseCubicCDF", "PiecewiseCubicCouplingTransform",
                   "MaskedPiecewiseCubicAutoregressiveTransform"), "RE",
        "the inverse is NaN, or off by 0.1, in some bins",
        "With weights of size 3, in float64, the inverse of one spline of five bins is NaN at 15 % of the points and "
        "off by 0.12 at another. Of the seeds 0 to 7 two show this, 2 and 7; the others are right to 2e-14. The "
        "forward map is increasing on all points.",
        cubic_inverse, lambda found: found["increasing"] and found["nan"] > 1000 and found["largest_error"] > 0.1,
        "the inverse of f(x) is x where f is strictly increasing on the 9,999 points, as it is",
    ),
    FieldFinding(
        "nflows", ("NaiveLinear",), "S", "the inverse calls a function that PyTorch has removed",
        "`torch.solve` was deprecated in PyTorch 1.9 and has since been removed, as its error message says. "
        "nflows 0.14 is older than that, and does not bound the version.",
        naive_linear, lambda found: "Error" in found["inverse"], "the call itself",
        "a matter of versions, not of mathematics.",
    ),
    FieldFinding(
        "nflows", ("CompositeCDFTransform", "Logit", "Sigmoid"), "RXEO", "beyond ±13.8 many points go to one",
        "The inverse of its Sigmoid clips to [1e-6, 1 - 1e-6]. Wrapped around a spline, all x far below -13.8 get the "
        "same z, with a finite log_det, and no inverse finds them again.",
        cdf_clamp, _two_points_go_to_one, "two points with one image",
        "Sigmoid has an argument eps=1e-6; what it does is not described.",
    ),
]  # fmt: skip
