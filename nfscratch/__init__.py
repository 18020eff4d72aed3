"""nfscratch: normalizing flows from scratch, as a book that runs and a package that is the same mathematics."""

from nfscratch import autodiff, backend, bijections, distributions, flows, models, ode, transformers
from nfscratch.backend import to_numpy, use
from nfscratch.bijections import (
    PLU,
    QR,
    ActNorm,
    Autoregressive,
    BatchNorm,
    Blocks,
    Bounds,
    Conditioned,
    Continuous,
    Conv1x1,
    Coupling,
    Diagonal,
    Elementwise,
    EmergingConv,
    Householder,
    Linear,
    MaskedConv,
    MultiScale,
    Permutation,
    PixelLevels,
    Planar,
    Radial,
    Remainder,
    Residual,
    Reverse,
    Simplex,
    Squeeze,
    Stack,
    Standardize,
    Sylvester,
    Triangular,
    Whiten,
    alternating_mask,
    channel_mask,
    checkerboard_mask,
    half_mask,
    random_order,
)
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.inverse import Inverse
from nfscratch.bijections.numeric import NumericInverse
from nfscratch.bijections.reshape import Reshape
from nfscratch.checkpoint import CheckpointError, load, save
from nfscratch.distributions import (
    AutoregressiveDensity,
    Bernoulli,
    Categorical,
    ConditionedBase,
    DiagonalNormal,
    FittedTails,
    Gaussian,
    GaussianMixture,
    MaskEnsemble,
    MixtureOfGaussians,
    StandardLogistic,
    StandardNormal,
    StudentT,
)
from nfscratch.flows import Dequantized, Flow
from nfscratch.nets import (
    MADE,
    MLP,
    ConvFeatures,
    ConvNet,
    Field,
    Heads,
    LipschitzConv,
    LipschitzMLP,
    Network,
    ProbabilityFlow,
    ResidualConvNet,
    StandardizedInput,
    Velocity,
)
from nfscratch.ops.roots import InversionError
from nfscratch.posteriors import PosteriorResult, fit_posterior, to_arviz
from nfscratch.training import objectives
from nfscratch.training.discrete import DiscreteDataWarning, recording_steps
from nfscratch.training.ending import Ended
from nfscratch.training.fit import fit
from nfscratch.training.fit_gan import fit_gan
from nfscratch.training.fit_model import fit_model
from nfscratch.training.fit_vae import fit_vae
from nfscratch.training.interrupts import Interrupted
from nfscratch.training.minimize import minimize
from nfscratch.training.optimizers import Adam, adam, constant, cosine
from nfscratch.training.record import Result, TrainingWarning
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
    """These rooms are imported when they are first asked for: none is needed to compute."""
    if name in ("check", "codes", "data", "evaluate", "plot", "sklearn"):
        import importlib

        return importlib.import_module(f"nfscratch.{name}")
    raise AttributeError(f"module 'nfscratch' has no attribute {name!r}")
