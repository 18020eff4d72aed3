"""Transformers: monotone maps of one variable, x = h(z; theta). A structure says what theta may depend on."""

from nfscratch.transformers.affine import Affine, Shift, VolumePreserving
from nfscratch.transformers.deep_dense_sigmoid import DeepDenseSigmoid
from nfscratch.transformers.deep_sigmoid import DeepSigmoid
from nfscratch.transformers.fixed import Exp, LeakyReLU, Sigmoid, Softplus, Tanh
from nfscratch.transformers.inverted import InverseTransformer
from nfscratch.transformers.mixture_cdf import LogisticMixtureCDF
from nfscratch.transformers.root_search import NumericTransformer
from nfscratch.transformers.splines import CubicSpline, LinearSpline, QuadraticSpline, RationalQuadraticSpline
from nfscratch.transformers.squared import Squared
from nfscratch.transformers.transformer import Transformer
from nfscratch.transformers.umnn import UMNN

__all__ = [
    "UMNN",
    "Affine",
    "CubicSpline",
    "DeepDenseSigmoid",
    "DeepSigmoid",
    "Exp",
    "InverseTransformer",
    "LeakyReLU",
    "LinearSpline",
    "LogisticMixtureCDF",
    "NumericTransformer",
    "QuadraticSpline",
    "RationalQuadraticSpline",
    "Shift",
    "Sigmoid",
    "Softplus",
    "Squared",
    "Tanh",
    "Transformer",
    "VolumePreserving",
]
