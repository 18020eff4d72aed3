"""Monotone splines: increasing curves made of pieces, on a box, the identity outside of it."""

from nfscratch.transformers.splines.cubic_spline import CubicSpline
from nfscratch.transformers.splines.linear_spline import LinearSpline
from nfscratch.transformers.splines.quadratic_spline import QuadraticSpline
from nfscratch.transformers.splines.rational_quadratic_spline import RationalQuadraticSpline
from nfscratch.transformers.splines.spline import Spline

__all__ = ["CubicSpline", "LinearSpline", "QuadraticSpline", "RationalQuadraticSpline", "Spline"]
