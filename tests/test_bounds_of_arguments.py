"""The bounds of arguments, from both sides: the last value that is taken, and the first that is refused, by its name.

A bound that moves by one, or a check that is gone, is seen by nothing else: no law makes a part that cannot be.
"""

from math import inf, nan

import pytest
from refusals import FLOW, PARAMS, X, refused

import nfscratch as nf
from nfscratch.nets.standardized import StandardizedInput
from nfscratch.training import objectives

AFFINE, MASK, LATENT = nf.Affine(), (True, False), nf.DiagonalNormal(2)
IMAGE = (1, 4, 4)
PIXELS = nf.Flow(nf.StandardNormal(IMAGE), nf.Reshape(IMAGE, IMAGE))
STEP = 1e-12  # beyond a bound of a real number


def log_target(x):
    return -0.5 * (x * x).sum(axis=1)


def trained(**options):
    return nf.fit(FLOW, X, rng=0, **{"steps": 1, "validation": None, "progress": False, **options})


COUNTS = {  # what takes a whole number: its name in the message, and the least that it takes
    "MLP context": (lambda n: nf.Coupling(AFFINE, MASK, context_dim=n), "context_dim", 0),
    "Autoregressive": (lambda n: nf.Autoregressive(AFFINE, n), "dim", 1),
    "Autoregressive context": (lambda n: nf.Autoregressive(AFFINE, 2, context_dim=n), "context_dim", 0),
    "Conditioned": (lambda n: nf.Conditioned(nf.Planar(2), context_dim=n), "context_dim", 1),
    "ConditionedBase": (lambda n: nf.ConditionedBase(LATENT, context_dim=n), "context_dim", 1),
    "Continuous dim": (lambda n: nf.Continuous(dim=n), "dim", 1),
    "Continuous probes": (lambda n: nf.Continuous(probes=n), "probes", 1),
    "Continuous context": (lambda n: nf.Continuous(context_dim=n), "context_dim", 0),
    "ConvDecoder": (lambda n: nf.ConvDecoder((1, 8, 8), step=n), "step", 1),
    "ConvFeatures": (lambda n: nf.ConvFeatures((1, 8, 8), step=n), "step", 1),
    "ConvNet": (lambda n: nf.ConvNet(context_channels=n), "context_channels", 0),
    "ResidualConvNet": (lambda n: nf.ResidualConvNet(hidden=n), "hidden", 1),
    "ResidualConvNet blocks": (lambda n: nf.ResidualConvNet(blocks=n), "blocks", 1),
    "ResidualConvNet context": (lambda n: nf.ResidualConvNet(context_channels=n), "context_channels", 0),
    "Field": (lambda n: nf.Field(frequencies=n), "frequencies", 0),
    "DeepSigmoid": (lambda n: nf.DeepSigmoid(n), "units", 1),
    "DeepDenseSigmoid": (lambda n: nf.DeepDenseSigmoid((4, n)), "each of widths", 1),
    "LogisticMixtureCDF": (lambda n: nf.LogisticMixtureCDF(n), "components", 1),
    "UMNN": (lambda n: nf.UMNN(n), "hidden", 1),
    "UMNN points": (lambda n: nf.UMNN(points=n), "points", 2),
    "LinearSpline": (lambda n: nf.LinearSpline(n), "bins", 1),
    "RationalQuadraticSpline": (lambda n: nf.RationalQuadraticSpline(n), "bins", 1),
    "Squeeze": (lambda n: nf.Squeeze(IMAGE, n), "factor", 1),
    "PixelLevels": (lambda n: nf.PixelLevels(IMAGE, n), "values", 1),
    "Conv1x1": (lambda n: nf.Conv1x1((1, n, 4)), r"H of shape \(C, H, W\)", 1),
    "Planar": (lambda n: nf.Planar(n), "dim", 1),
    "Radial": (lambda n: nf.Radial(n), "dim", 1),
    "Sylvester": (lambda n: nf.Sylvester(n, 1), "dim", 1),
    "Sylvester rank": (lambda n: nf.Sylvester(2, n), "rank", 1),
    "Stack": (lambda n: nf.Stack(nf.Planar(2), n), "count", 1),
    "Diagonal": (lambda n: nf.Diagonal(n), "dim", 1),
    "PLU": (lambda n: nf.PLU(2, seed=n), "seed", 0),
    "QR": (lambda n: nf.QR(2, n), "reflections", 1),
    "Simplex": (lambda n: nf.Simplex(n), "K", 2),
    "Whiten": (lambda n: nf.Whiten(n), "dim", 1),
    "Remainder": (lambda n: nf.Remainder(n), "dim", 1),
    "Residual context": (lambda n: nf.Residual(2, context_dim=n), "context_dim", 0),
    "Residual terms": (lambda n: nf.Residual(2, terms=n), "terms", 1),
    "Residual probes": (lambda n: nf.Residual(2, probes=n), "probes", 1),
    "random_order": (lambda n: nf.random_order(n, seed=0), "dim", 1),
    "MaskEnsemble": (lambda n: nf.MaskEnsemble(nf.AutoregressiveDensity(2, nf.Bernoulli()), n), "masks", 1),
    "MaskEnsemble seed": (lambda n: nf.MaskEnsemble(nf.AutoregressiveDensity(2, nf.Bernoulli()), 1, n), "seed", 0),
    "FittedTails": (lambda n: nf.FittedTails(n), "dim", 1),
    "StudentT": (lambda n: nf.StudentT(n), "dim", 1),
    "MixtureOfGaussians": (lambda n: nf.MixtureOfGaussians(n), "components", 1),
    "AutoregressiveDensity": (lambda n: nf.AutoregressiveDensity(n, nf.Bernoulli()), "dim", 1),
    "AutoregressiveDensity context": (
        lambda n: nf.AutoregressiveDensity(2, nf.Bernoulli(), context_dim=n),
        "context_dim",
        0,
    ),
    "GaussianMixture": (lambda n: nf.GaussianMixture(n, 2), "dim", 1),
    "GaussianMixture components": (lambda n: nf.GaussianMixture(2, n), "components", 1),
    "Categorical": (lambda n: nf.Categorical(n), "levels", 2),
    "a recipe": (lambda n: nf.flows.maf(n), "dim", 1),
    "its layers": (lambda n: nf.flows.maf(2, layers=n), "layers", 1),
    "its context": (lambda n: nf.flows.maf(2, context_dim=n), "context_dim", 0),
    "its seed": (lambda n: nf.flows.maf(2, seed=n), "seed", 0),
    "the couplings' seed": (lambda n: nf.flows.real_nvp(2, seed=n), "seed", 0),
    "residual": (lambda n: nf.flows.residual(2, context_dim=n), "context_dim", 0),
    "planar": (lambda n: nf.flows.planar(2, context_dim=n), "context_dim", 0),
    "posterior": (lambda n: nf.flows.posterior(2, n), "context_dim", 0),
    "inference": (lambda n: nf.flows.inference(n), "dim", 1),
    "inference's layers": (lambda n: nf.flows.inference(1, layers=n), "layers", 1),
    "linear": (lambda n: nf.flows.linear(n), "dim", 1),
    "made": (lambda n: nf.flows.made(n, nf.Bernoulli()), "dim", 1),
    "made's masks": (lambda n: nf.flows.made(2, nf.Bernoulli(), masks=n), "masks", 1),
    "made's seed": (lambda n: nf.flows.made(2, nf.Bernoulli(), seed=n), "seed", 0),
    "glow": (lambda n: nf.flows.glow(IMAGE, 1, 1, n), "hidden", 1),
    "glow's depth": (lambda n: nf.flows.glow(IMAGE, 1, n, 4), "depth", 1),
    "glow's levels": (lambda n: nf.flows.glow(IMAGE, n, 1, 4), "levels", 1),
    "pixel_noise": (lambda n: nf.flows.pixel_noise(IMAGE, layers=n), "layers", 1),
    "Dequantized": (lambda n: nf.Dequantized(PIXELS, None, n), "values", 2),
    "draws of a flow": (lambda n: FLOW.sample(PARAMS, 0, n), "n", 0),
    "elbo": (lambda n: objectives.elbo(FLOW, log_target, PARAMS, 0, n), "n", 1),
    "reverse_kl": (lambda n: objectives.reverse_kl(FLOW, log_target, PARAMS, 0, n), "n", 1),
    "reverse_kl's gradient": (lambda n: objectives.reverse_kl_value_and_grad(FLOW, log_target, PARAMS, 0, n), "n", 1),
    "iwae": (lambda n: objectives.iwae(FLOW, log_target, PARAMS, 0, n, 2), "n", 1),
    "iwae's draws": (lambda n: objectives.iwae(FLOW, log_target, PARAMS, 0, 2, n), "draws", 1),
    "iwae's gradient": (lambda n: objectives.iwae_value_and_grad(FLOW, log_target, PARAMS, 0, n, 2), "n", 1),
    "its draws": (lambda n: objectives.iwae_value_and_grad(FLOW, log_target, PARAMS, 0, 2, n), "draws", 1),
    "steps": (lambda n: trained(steps=n), "steps", 1),
    "batch_size": (lambda n: trained(batch_size=n), "batch_size", 1),
    "batch_size, of epochs": (lambda n: trained(batch_size=n, steps=None, epochs=0.1), "batch_size", 1),
    "evaluate_every": (lambda n: trained(evaluate_every=n), "evaluate_every", 1),
    "patience": (lambda n: trained(patience=n, validation=0.5), "patience", 1),
}


@pytest.mark.filterwarnings("ignore::nfscratch.TrainingWarning")  # of a run of one step
@pytest.mark.parametrize("name", COUNTS)
def test_the_least_count_is_taken_and_one_less_is_refused(name):
    make, called, least = COUNTS[name]
    make(least)
    for wrong in (least - 1, least + 0.5):
        refused(ValueError, f"^{called} must be an integer of at least {least}; got {wrong}", make, wrong)


REALS = {  # what takes a positive number
    "MLP": (lambda v: nf.MLP((4,), gain=v), "gain"),
    "MADE": (lambda v: nf.MADE((4,), gain=v), "gain"),
    "ConvNet": (lambda v: nf.ConvNet((4,), gain=v), "gain"),
    "ResidualConvNet": (lambda v: nf.ResidualConvNet(4, gain=v), "gain"),
    "ConvFeatures": (lambda v: nf.ConvFeatures((1, 8, 8), gain=v), "gain"),
    "ConvDecoder": (lambda v: nf.ConvDecoder((1, 8, 8), gain=v), "gain"),
    "LipschitzMLP": (lambda v: nf.LipschitzMLP((4,), gain=v), "gain"),
    "LipschitzMLP's tolerance": (lambda v: nf.LipschitzMLP((4,), tolerance=v), "tolerance"),
    "LipschitzMLP's coefficient": (lambda v: nf.LipschitzMLP((4,), v), "coefficient"),
    "ProbabilityFlow": (lambda v: nf.ProbabilityFlow(duration=v), "duration"),
    "DeepSigmoid": (lambda v: nf.DeepSigmoid(max_log_scale=v), "max_log_scale"),
    "DeepDenseSigmoid": (lambda v: nf.DeepDenseSigmoid(max_log_scale=v), "max_log_scale"),
    "LogisticMixtureCDF": (lambda v: nf.LogisticMixtureCDF(max_log_scale=v), "max_log_scale"),
    "Squared": (lambda v: nf.Squared(max_log_scale=v), "max_log_scale"),
    "Gaussian": (lambda v: nf.Gaussian(v), "max_log_scale"),
    "MixtureOfGaussians": (lambda v: nf.MixtureOfGaussians(2, v), "max_log_scale"),
    "UMNN": (lambda v: nf.UMNN(bound=v), "bound"),
    "a spline": (lambda v: nf.CubicSpline(bound=v), "bound"),
    "its minimum": (lambda v: nf.CubicSpline(minimum=v), "minimum"),
    "PLU": (lambda v: nf.PLU(2, max_log_scale=v), "max_log_scale"),
    "Residual": (lambda v: nf.Residual(2, stop=v), "stop"),
    "BatchNorm": (lambda v: nf.BatchNorm(2, eps=v), "eps"),
    "GaussianMixture": (lambda v: nf.GaussianMixture(2, 2, v), "spread"),
    "LeakyReLU": (nf.LeakyReLU, "slope"),
    "a rate": (nf.adam, "rate"),
    "eps": (lambda v: nf.adam(eps=v), "eps"),
    "clip": (lambda v: trained(clip=v), "clip"),
    "seconds": (lambda v: trained(seconds=v), "seconds"),
}


@pytest.mark.parametrize("name", REALS)
def test_a_positive_number_is_taken_however_small_and_0_is_refused(name):
    make, called = REALS[name]
    make(1e-9)
    for wrong in (0.0, -1.0, nan, inf):
        refused(ValueError, f"^{called} must be positive and finite.*; got {wrong}", make, wrong)


ENDS = {  # the last number that is taken, the first that is refused, the message
    "sigmoid": (lambda v: nf.Sigmoid(0.0, v), STEP, 0.0, "needs finite low < high"),
    "sigmoid, far": (lambda v: nf.Sigmoid(v, 1.0), -1e300, -inf, "needs finite low < high"),
    "sigmoid, high": (lambda v: nf.Sigmoid(0.0, v), 1e300, inf, "needs finite low < high"),
    "levels": (nf.Categorical, 256, 257, "levels must be at most 256; got 257"),
    "b1": (lambda v: nf.adam(b1=v), 1.0 - STEP, 1.0, r"b1 and b2 must be in \[0, 1\)"),
    "b2": (lambda v: nf.adam(b2=v), 1.0 - STEP, 1.0, r"b1 and b2 must be in \[0, 1\)"),
    "b1, 0": (lambda v: nf.adam(b1=v), 0.0, -STEP, "b1 must be at least 0"),
    "b2, 0": (lambda v: nf.adam(b2=v), 0.0, -STEP, "b2 must be at least 0"),
    "weight_decay": (lambda v: nf.adam(weight_decay=v), 0.0, -STEP, "weight_decay must be at least 0"),
    "dof": (lambda v: nf.StudentT(2, v), 0.2, 0.2 - STEP, "dof must be between 0.2 and 400"),
    "dof, high": (lambda v: nf.StudentT(2, v), 400, 400.1, "dof must be between 0.2 and 400"),
    "rank": (lambda v: nf.Sylvester(3, v), 3, 4, "rank must be at most dim = 3; got 4"),
    "bins": (lambda v: nf.LinearSpline(v, minimum=0.25), 4, 5, "bins must be at most 1 / minimum, which is 4"),
    "minimum": (lambda v: nf.LinearSpline(1, minimum=v), 1.0 - STEP, 1.0, "minimum must be below 1"),
    "points": (lambda v: nf.UMNN(points=v), 1000, 1001, "points must be at most 1000"),
    "steepness": (lambda v: nf.UMNN(steepness=v), 1.0 + STEP, 1.0, "steepness must be finite and above 1"),
    "steepness, high": (lambda v: nf.UMNN(steepness=v), 1e300, inf, "steepness must be finite and above 1"),
    "UMNN's minimum": (lambda v: nf.UMNN(minimum=v), STEP, 0.0, "minimum must be between 0 and 1"),
    "UMNN's minimum, high": (lambda v: nf.UMNN(minimum=v), 1.0 - STEP, 1.0, "minimum must be between 0 and 1"),
    "margin": (nf.Squared, STEP, 0.0, "margin must be between 0 and 1"),
    "margin, high": (nf.Squared, 1.0 - STEP, 1.0, "margin must be between 0 and 1"),
    "coefficient": (lambda v: nf.LipschitzMLP((4,), v), 1.0 - STEP, 1.0, "coefficient must be below 1"),
    "stop": (lambda v: nf.Residual(2, stop=v), 1.0 - STEP, 1.0, "stop must be below 1"),
    "alpha": (lambda v: nf.PixelLevels(IMAGE, 4, v), 0.0, -STEP, "alpha must be a number from 0"),
    "alpha, high": (lambda v: nf.PixelLevels(IMAGE, 4, v), 0.5 - STEP, 0.5, "alpha must be a number from 0"),
    "momentum": (lambda v: nf.BatchNorm(2, v), 0.0, -STEP, r"momentum must be in \[0, 1\)"),
    "momentum, high": (lambda v: nf.BatchNorm(2, v), 1.0 - STEP, 1.0, r"momentum must be in \[0, 1\)"),
    "floor": (lambda v: nf.Whiten(2, floor=v), 0.0, -STEP, "floor must be at least 0"),
    "bounds": (lambda v: nf.Bounds([0.0], [v]), STEP, 0.0, "low must be below high"),
    "inverse_temperature": (
        lambda v: objectives.elbo(FLOW, log_target, PARAMS, 0, 2, inverse_temperature=v), 0.0, -STEP,
        "inverse_temperature must be a finite number of at least 0",
    ),
    "epochs": (lambda v: trained(steps=None, epochs=v), STEP, 0.0, "epochs must be a positive number"),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_a_number_at_its_bound_is_taken_and_the_next_is_refused(name):
    make, last, first, message = ENDS[name]
    make(last)
    refused(ValueError, message, make, first)


@pytest.mark.parametrize("make", [nf.Standardize, nf.Whiten, lambda dim, kind: StandardizedInput(nf.MLP((dim,)), kind)])
def test_statistics_are_of_one_of_two_kinds_where_the_part_is_made(make):
    for kind in ("moments", "robust"):
        make(2, kind)
    refused(ValueError, "^kind must be one of moments, robust; got 'median'", make, 2, "median")
