"""Splines: by themselves and in couplings."""

import nfscratch as nf
from cases.case import CONTEXT, Case
from cases.couplings import coupling, flipped, irregular_mask


def rational(bins=4, bound=5.0, circular=False):
    """With bins and slopes that differ by 10, not by 1000: wild ones are too steep for a difference quotient."""
    return nf.RationalQuadraticSpline(bins, bound, circular, minimum=0.1)


SPLINES = [
    Case("elementwise linear spline", lambda dim: nf.Elementwise(nf.LinearSpline(5, 4.0), dim)),
    Case("elementwise quadratic spline", lambda dim: nf.Elementwise(nf.QuadraticSpline(5, 4.0), dim)),
    Case("elementwise cubic spline", lambda dim: nf.Elementwise(nf.CubicSpline(5, 4.0), dim)),
    Case("elementwise rational spline", lambda dim: nf.Elementwise(rational(5, 4.0), dim)),
    Case(
        "elementwise linear spline, circular", lambda dim: nf.Elementwise(nf.LinearSpline(5, 3.0, True), dim), reach=2.5
    ),
    Case(
        "elementwise quadratic spline, circular",
        lambda dim: nf.Elementwise(nf.QuadraticSpline(5, 3.0, True), dim),
        reach=2.5,
    ),
    Case(
        "elementwise cubic spline, circular", lambda dim: nf.Elementwise(nf.CubicSpline(5, 3.0, True), dim), reach=2.5
    ),
    Case("elementwise rational spline, circular", lambda dim: nf.Elementwise(rational(5, 3.0, True), dim), reach=2.5),
    Case("elementwise inverse of a rational spline", lambda dim: nf.Elementwise(nf.Inverse(rational(5, 4.0)), dim)),
    Case("elementwise inverse of a cubic spline", lambda dim: nf.Elementwise(nf.Inverse(nf.CubicSpline(5, 4.0)), dim)),
    Case("coupling linear spline", coupling(nf.LinearSpline(4))),
    Case("coupling quadratic spline, flipped", coupling(nf.QuadraticSpline(4), flipped)),
    Case("coupling cubic spline", coupling(nf.CubicSpline(4))),
    Case("coupling rational spline", coupling(rational())),
    Case("coupling rational spline, one bin", coupling(rational(1), nf.alternating_mask), moves=False),
    Case("coupling inverse of a rational spline, irregular mask", coupling(nf.Inverse(rational()), irregular_mask)),
    Case("coupling rational spline, context", coupling(rational(bound=3.0), context_dim=CONTEXT)),
    Case(
        "coupling inverse of a quadratic spline, context",
        coupling(nf.Inverse(nf.QuadraticSpline(4)), context_dim=CONTEXT),
    ),
]
