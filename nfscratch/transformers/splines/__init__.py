"""Monotone splines: increasing curves made of pieces, on a box, the identity outside of it."""

from nfscratch.transformers.splines.cubic import CubicSpline
from nfscratch.transformers.splines.linear import LinearSpline
from nfscratch.transformers.splines.quadratic import QuadraticSpline
from nfscratch.transformers.splines.rational_quadratic import RationalQuadraticSpline
from nfscratch.transformers.splines.spline import Spline

__all__ = ["CubicSpline", "LinearSpline", "QuadraticSpline", "RationalQuadraticSpline", "Spline"]
