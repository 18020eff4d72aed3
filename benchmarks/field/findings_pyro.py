"""Findings in Pyro, each with its reproducer and its confirmation."""

from __future__ import annotations

import math

from benchmarks.field.finding import FieldFinding

SPLINES = ("Spline", "SplineAutoregressive", "SplineCoupling", "ConditionalSpline", "ConditionalSplineAutoregressive")


def softplus():
    import torch
    from pyro.distributions.transforms import SoftplusTransform

    t = SoftplusTransform()
    z = torch.tensor(20.1, dtype=torch.float64)
    x = t(z)
    return {"z": z.item(), "x": x.item(), "back": t.inv(x.clone()).item()}


def _softplus_is_off(found):
    from mpmath import exp, log1p, mp, mpf

    mp.dps = 50
    exact = log1p(exp(mpf(found["z"])))
    return abs(found["x"] - exact) > 1e-9 and abs(found["back"] - found["z"]) > 1e-9


def elu():
    import torch
    from pyro.distributions.transforms import ELUTransform

    t = ELUTransform()
    z = torch.tensor([-5.0, -15.0, -20.0], dtype=torch.float64)
    x = t(z)
    return {"z": z.tolist(), "back": t.inv(x).tolist(), "x": x.tolist()}


def _elu_is_off(found):
    from mpmath import log1p, mp, mpf

    mp.dps = 50
    exact = [float(log1p(mpf(x))) for x in found["x"]]
    off = [abs(a - b) for a, b in zip(found["back"], exact, strict=True)]
    return off[0] > 1e-6 and off[1] > 1e-2 and off[2] > 1.0


def sylvester():
    import torch
    from pyro.distributions.transforms import Sylvester

    torch.manual_seed(5)
    t = Sylvester(3, count_transforms=2).double()
    for p in t.parameters():
        p.data = torch.randn_like(p)  # at the start all are near 0, and the difference is small
    t.b.data.zero_()
    z = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)
    log_det = t.log_abs_det_jacobian(z, t(z)).item()
    J = torch.autograd.functional.jacobian(lambda a: t(a[None])[0], z[0])
    return {"log_det": log_det, "of_autograd": torch.linalg.slogdet(J)[1].item(), "J": J.tolist()}


def _sylvester_is_wrong(found):
    """log|det| of the Jacobian, expanded by hand, against both numbers."""
    (a, b, c), (d, e, f), (g, h, i) = found["J"]
    by_hand = math.log(abs(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)))
    return abs(by_hand - found["of_autograd"]) < 1e-9 and abs(by_hand - found["log_det"]) > 0.05


def sylvester_folds():
    import torch
    from pyro.distributions.transforms import Sylvester

    torch.manual_seed(17)
    t = Sylvester(3, count_transforms=2).double()
    for p in t.parameters():
        p.data = 2 * torch.randn_like(p)
    t.b.data.zero_()
    z = [[-1.8, 1.4, 1.2], [-2.431116153131952, -0.17089567012036096, 2.2731015316088508]]
    x = [t(torch.tensor([row], dtype=torch.float64)).tolist()[0] for row in z]
    return {"z": z, "x": x, "least_R_S": (t.R() * t.S()).diagonal().min().item()}


def _two_go_to_one(found):
    """Two points with one image, while the formula of the paper has an inverse: R_ii S_ii > -1."""
    apart, images = (max(abs(a - b) for a, b in zip(*found[name], strict=True)) for name in ("z", "x"))
    return apart > 1 and images < 1e-12 and found["least_R_S"] > -1


def spline_ends():
    import torch
    from pyro.distributions.transforms import Spline

    t = Spline(1, count_bins=5, bound=3.0, order="linear").double()
    x = torch.tensor([[-3 - 1e-9], [-3 + 1e-9], [3 - 1e-9], [3 + 1e-9]], dtype=torch.float64)
    return {
        "slope": [torch.autograd.functional.jacobian(lambda a: t(a).sum(), row[None]).item() for row in x],
        "log_det": t.log_abs_det_jacobian(x, t(x)).flatten().tolist(),
    }


def _ends_are_0999(found):
    """By automatic differentiation of its own function; log_det says the same."""
    same = all(abs(math.log(a) - b) < 1e-12 for a, b in zip(found["slope"], found["log_det"], strict=True))
    wrong = [abs(a - b) < 1e-6 for a, b in zip(found["slope"], (1.0, 0.999, 0.999, 1.0), strict=True)]
    return same and all(wrong)


def spline_bins():
    import torch
    from pyro.distributions.transforms import Spline

    t = Spline(1, count_bins=3, bound=3.0, order="linear").double()
    t.unnormalized_widths.data = torch.tensor([[4.0, 0.0, 11.0]], dtype=torch.float64)
    t.unnormalized_heights.data = torch.tensor([[0.0, 11.0, -4.0]], dtype=torch.float64)
    t.unnormalized_derivatives.data = torch.tensor([[-3.0, -8.0]], dtype=torch.float64)
    t.unnormalized_lambdas.data = torch.tensor([[7.0, 4.0, 2.0]], dtype=torch.float64)
    x = t(torch.tensor([[-2.98200011]], dtype=torch.float64)).detach().clone()
    back = t.inv(x).detach().clone()
    low, high = torch.tensor([[-3.0]], dtype=torch.float64), torch.tensor([[3.0]], dtype=torch.float64)
    for _ in range(60):  # a bisection of its own forward
        middle = (low + high) / 2
        low, high = (middle, high) if t(middle) < x else (low, middle)
    return {"x": x.item(), "back": back.item(), "x_of_back": t(back).item(), "bisected": low.item()}


def _bin_before(found):
    """Its own forward, bisected, finds -2.982; what the inverse gives has another image."""
    return (
        abs(found["bisected"] + 2.98200011) < 1e-9
        and abs(found["back"] - found["bisected"]) > 1e-3
        and abs(found["x_of_back"] - found["x"]) > 5
    )


def exponential():
    import torch
    from pyro.distributions.transforms import MatrixExponential

    t = MatrixExponential(2).double()
    t.weights.data = torch.tensor([[0.0, 3.0], [-3.0, 0.0]], dtype=torch.float64)
    z = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    x = t(z)
    J = torch.autograd.functional.jacobian(lambda a: t(a[None])[0], z[0])
    return {
        "x": x[0].tolist(),
        "back": t.inv(x.clone())[0].tolist(),
        "log_det": t.log_abs_det_jacobian(z, x).item(),
        "J": J.tolist(),
    }


def _series_is_cut(found):
    """exp of [[0, 3], [-3, 0]] is the rotation by 3; mpmath agrees; log|det J| of its own Jacobian by hand."""
    from mpmath import expm, matrix, mp

    mp.dps = 30
    exact = expm(matrix([[0, 3], [-3, 0]]))
    (a, b), (c, d) = found["J"]
    return (
        abs(exact[0, 0] - math.cos(3)) < 1e-12
        and abs(found["x"][0] - exact[0, 0]) > 0.01
        and abs(found["back"][0] - 1) > 0.01
        and abs(math.log(abs(a * d - b * c)) - found["log_det"]) > 0.01
    )


FINDINGS = [
    FieldFinding(
        "pyro", ("ELUTransform",), "RXEO", "the inverse adds 1e-8 inside the logarithm",
        "`_inverse` takes log1p(y + 1e-8). For z = -5 the round trip is off by 1.5e-6, for z = -15 by 0.03, and "
        "for z = -20 by 1.8. The class also declares its codomain to be the positive reals, where ELU takes all "
        "values above -1.",
        elu, _elu_is_off, "mpmath's log1p of the same numbers with fifty digits",
    ),
    FieldFinding(
        "pyro", ("Sylvester",), "J", "log_det is not that of the map: Q and R are not transposed for rows",
        "The documentation gives y = x + Q R tanh(S Q^T x + b), of which the log_det is the sum of log(1 + tanh' R_ii "
        "S_ii), as the code returns it. But the code multiplies rows by the same matrices without transposing them: "
        "y = x + tanh(x S Q^T + b) Q R. The determinant of that is det(I + diag(tanh') Q R S Q^T), where Q does not "
        "cancel unless all tanh' are equal. At the start all weights lie within 0.01 of 0, and the difference is "
        "small; it grows with training.",
        sylvester, _sylvester_is_wrong,
        "the Jacobian of the library's own function by automatic differentiation, its determinant expanded by hand",
        "the formula of the docstring (van den Berg et al. 2018) is right, and is not what the code computes.",
    ),
    FieldFinding(
        "pyro", ("Sylvester",), "R", "two points have one image",
        "The same products make the map fold. The paper's map is one to one where R_ii S_ii > -1, which the code keeps "
        "to with a tanh of each. But the determinant of the code's map changes its sign all the same, and points that "
        "lie 2 apart go to one.",
        sylvester_folds, _two_go_to_one, "two points with one image under the library's own forward",
        "the docstring's formula has an inverse.",
    ),
    FieldFinding(
        "pyro", SPLINES, "E", "log_det jumps by 0.001 at the ends of the box",
        "min_derivative = 1e-3 is added to the inner derivatives first, and then the ends are padded with 1 - "
        "min_derivative. So the slope is 0.999 at both ends and 1 outside. In the implementation that it is copied "
        "from, the padding comes before the sum, and the ends are 1. The map and its log_det agree.",
        spline_ends, _ends_are_0999, "the library's own function under automatic differentiation, on both sides",
        "a comment says \"these are 1 since the function is the identity outside\", and \"not sure why this is 1.0 - "
        "min_derivative rather than 1.0\".",
    ),
    FieldFinding(
        "pyro", SPLINES, "RXEO", "the inverse takes the wrong bin within 1e-6 above a knot",
        "The bin is searched among the knots + 1e-6, and x within that distance above a knot falls into the bin "
        "before, whose formula is carried beyond its end. Where a spline is steep before the knot and "
        "flat after it, many z have an x in that gap: here one goes to 2.994, and the z that the inverse gives for "
        "that goes to -2.989.",
        spline_bins, _bin_before, "a bisection of the library's own forward",
    ),
    FieldFinding(
        "pyro", ("MatrixExponential", "ConditionalMatrixExponential"), "RXJEO",
        "the series ends after eight terms, whatever the size of the matrix",
        "exp(M) z is summed up to the power 8. The first term that is left out has the size |M|^9 / 9!: 5e-9 where |M| "
        "is 0.5, and 0.05 where it is 3. A rotation by 3 is off by 0.015; its inverse then is no inverse, and log_det, "
        "the trace of M, is not that of the sum.",
        exponential, _series_is_cut, "mpmath's exponential of the matrix, a rotation, and a determinant by hand",
        "yes: \"approximated with a truncated power series\", with an argument iterations=8; \"an exact inverse\" "
        "stands "
        "there too.",
    ),
    FieldFinding(
        "pyro", ("SoftplusTransform",), "EO", "beyond 20 it is the identity, in float64 too",
        "The class is a copy of that of torch.distributions, and leaves out log(1 + e^-z) where z > 20, as that does.",
        softplus, _softplus_is_off, "mpmath's log(1 + e^z) with fifty digits",
        "`torch.nn.functional.softplus` states it; the transform's page does not repeat it.",
    ),
]  # fmt: skip
