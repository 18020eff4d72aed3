"""nfscratch: normalizing flows from scratch, as a book that runs and a package that is the same mathematics."""

from nfscratch import autodiff, backend, bijections, distributions, flows, objectives, transformers
from nfscratch.backend import to_numpy, use
from nfscratch.bijection import Bijection, Inverse, InversionError, Reshape
from nfscratch.bijections import (
    PLU,
    QR,
    ActNorm,
    Autoregressive,
    BatchNorm,
    Conv1x1,
    Coupling,
    Diagonal,
    Elementwise,
    Householder,
    Linear,
    Permutation,
    Planar,
    Radial,
    Reverse,
    Stack,
    Standardize,
    Sylvester,
    Triangular,
    alternating_mask,
    half_mask,
    random_order,
)
from nfscratch.chain import Chain
from nfscratch.checkpoint import CheckpointError, load, save
from nfscratch.distributions import (
    AutoregressiveDensity,
    Bernoulli,
    DiagonalNormal,
    Gaussian,
    GaussianMixture,
    MaskEnsemble,
    MixtureOfGaussians,
    StandardNormal,
)
from nfscratch.flows import Flow
from nfscratch.implicit import NumericInverse
from nfscratch.minimize import Result, TrainingWarning, minimize
from nfscratch.nets import MADE, MLP, Heads, Network
from nfscratch.optimizers import Adam, adam, constant, cosine
from nfscratch.train import fit
from nfscratch.transformers import (
    UMNN,
    Affine,
    CubicSpline,
    DeepDenseSigmoid,
    DeepSigmoid,
    Exp,
    LeakyReLU,
    LinearSpline,
    LogisticMixtureCDF,
    NumericTransformer,
    QuadraticSpline,
    RationalQuadraticSpline,
    Shift,
    Sigmoid,
    Softplus,
    Squared,
    Tanh,
    Transformer,
    VolumePreserving,
)

__version__ = "0.1.0"

backend.use_from_environment()


def __getattr__(name):
    """check, data and plot are imported when they are first asked for: none of them is needed to compute."""
    if name in ("check", "data", "plot"):
        import importlib

        return importlib.import_module(f"nfscratch.{name}")
    raise AttributeError(f"module 'nfscratch' has no attribute {name!r}")
