"""Mistakes of a density: its log_prob, and its sample_and_log_prob."""

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp
from pairs.bijections import affine, layers
from pairs.density import density
from pairs.parts import LOG_2PI, normal, total

import nfscratch as nf
from mutants.mutant import Mutant


@dataclass(frozen=True, eq=False)
class UnscaledBase(nf.distributions.Distribution):
    dim: int
    shape = property(lambda self: (self.dim,))

    def sample(self, params, rng, n, like=None):
        return rng.normal(size=(n, self.dim)).astype("float64" if like is None else like.dtype)

    def log_prob(self, params, z):
        return -0.5 * np.sum(np.square(z), axis=1)


class Joint(nf.Flow):
    """sample_and_log_prob with log_det added."""

    def sample_and_log_prob(self, params, rng, n, context=None):
        x, z, log_det, _ = self._sample(params, rng, n, context)
        return x, self.base.log_prob(params["base"], z) + log_det


class JointLeak(nf.Flow):
    def sample_and_log_prob(self, params, rng, n, context=None):
        x, log_p = super().sample_and_log_prob(params, rng, n, context)
        return x, log_p.astype("float64")


def on_flow(kind):
    return lambda dim: kind(nf.StandardNormal(dim), nf.Chain(layers(dim)))


LOG_PROB = {
    "20 base missing": Mutant(density(lambda z, x, l: l), "the base term is missing"),
    "21 constant missing": Mutant(density(lambda z, x, l: -0.5 * total(z**2) + l), "normalising constant"),
    "21 constant missing in a base": Mutant(
        lambda dim: nf.Flow(UnscaledBase(dim), affine(dim)), "normalising constant", (1, 2)
    ),
    "22 constant once": Mutant(density(lambda z, x, l: -0.5 * total(z**2) - 0.5 * LOG_2PI + l), "once, not D times"),
    "23 no half": Mutant(density(lambda z, x, l: 2 * normal(z) + 0.5 * z.shape[1] * LOG_2PI + l), "the 1/2"),
    "24 base at x": Mutant(density(lambda z, x, l: normal(x) + l), "the base is evaluated at x"),
    "25 minus log_det": Mutant(density(lambda z, x, l: normal(z) - l), "log_det is subtracted"),
    "26 log_det missing": Mutant(density(lambda z, x, l: normal(z)), "log_det is missing"),
    "27 broadcast": Mutant(density(lambda z, x, l: normal(z) + l[:, None]), "broadcast to (N, N)"),
    "28 mean": Mutant(density(lambda z, x, l: (normal(z) + l).mean()), "mean over rows"),
    "29 base summed": Mutant(density(lambda z, x, l: normal(z).sum() + l), "base term is summed over the batch"),
    "log_det twice": Mutant(density(lambda z, x, l: normal(z) + 2 * l), "multiplied by a number"),
    "mean log_det": Mutant(density(lambda z, x, l: normal(z) + l / z.shape[1]), "mean over dimensions", (1, 5, 6)),
    "sample_and_log_prob": Mutant(on_flow(Joint), "sample_and_log_prob: log_det is added"),
    "sample_and_log_prob, leak": Mutant(on_flow(JointLeak), "sample_and_log_prob: shape or dtype"),
    "log_prob / D": Mutant(density(lambda z, x, l: (normal(z) + l) / z.shape[1]), "multiplied by 1/D", (1, 2, 5)),
    "log_prob and a constant": Mutant(density(lambda z, x, l: normal(z) + l + 0.7), "log_prob: a constant is missing"),
    "58 log 256": Mutant(density(lambda z, x, l: normal(z) + l + z.shape[1] * onp.log(256)), "log 256"),
}
