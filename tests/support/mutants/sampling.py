"""Samples that do not follow the density, and draws that depend on each other."""

from copy import deepcopy

import numpy as onp
from pairs.bijections import affine
from pairs.density import density
from pairs.parts import LOG_2PI

import nfscratch as nf
from mutants.log_prob import UnscaledBase, on_flow
from mutants.mutant import Mutant


class WideBase(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        return 1.2 * super().sample(params, rng, n, like)


class NarrowBase(nf.DiagonalNormal):
    def sample(self, params, rng, n, like=None):
        return params["mean"] + 0.1 * (super().sample(params, rng, n, like) - params["mean"])


class CorrelatedBase(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        z = super().sample(params, rng, n, like)
        z[:, 1:] = 0.1 * z[:, :1] + onp.asarray(0.99**0.5, z.dtype) * z[:, 1:]
        return z


class WrongConstant(UnscaledBase):
    """log p is 0.5 per dimension too small, as without a 1 / sigma."""

    def log_prob(self, params, z):
        return super().log_prob(params, z) - self.dim * float(0.5 * LOG_2PI + 0.5)


class TiledBase(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        return onp.resize(super().sample(params, rng, n - n // 2, like), (n, self.dim))


class Antithetic(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        z = super().sample(params, rng, n - n // 2, like)
        return onp.concatenate([z, -z])[:n]


class OwnSeed(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        return super().sample(params, onp.random.default_rng(0), n, like)


class NoSeed(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        return super().sample(params, onp.random.default_rng(), n, like)


class GlobalState(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        return onp.random.normal(size=(n, self.dim)).astype(like.dtype)


class CopiedGenerator(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        return super().sample(params, deepcopy(rng), n, like)


def on_base(base):
    return lambda dim: nf.Flow(base(dim), affine(dim))


class JointWide(nf.Flow):
    """Its log_prob is right for its x, and its x is not a draw."""

    def sample_and_log_prob(self, params, rng, n, context=None):
        x = self.sample(params, rng, n, context) * onp.asarray(1.1, dtype="float32")
        return x, self.log_prob(params, x, context)


SAMPLING = {
    "50 samples the base": Mutant(density(draw=lambda z, f, g: z), "samples come from the base"),
    "50 inverse for forward": Mutant(density(draw=lambda z, f, g: g(z)[0]), "inverse is used where forward"),
    "50 uniform base": Mutant(
        density(draw=lambda z, f, g: f(onp.vectorize(lambda v: v % 1.0)(z * 40))[0]), "base of the samples is uniform"
    ),
    "base too wide": Mutant(on_base(WideBase), "base: its samples do not follow its own log_prob"),
    "base too narrow": Mutant(on_base(NarrowBase), "base: its samples do not follow its own log_prob"),
    "base without its constant": Mutant(on_base(UnscaledBase), "base: the normalising constant", (5,)),
    "samples too wide": Mutant(density(draw=lambda z, f, g: f(1.1 * z)[0]), "samples do not follow the density"),
    "draws clamped at 2": Mutant(
        density(draw=lambda z, f, g: f(onp.clip(z, -2, 2))[0]), "sample: the draws are clamped"
    ),
    "temperature 0.97": Mutant(
        density(draw=lambda z, f, g: f(0.97 * z)[0]), "samples do not follow the density", (2, 5)
    ),
    "correlated draws": Mutant(
        density(draw=lambda z, f, g: f(onp.concatenate([z[:, :1], 0.1 * z[:, :1] + 0.995 * z[:, 1:]], axis=1))[0]),
        "samples do not follow the density",
        (2, 5),
    ),
    "base correlated": Mutant(on_base(CorrelatedBase), "base: its samples do not follow its own log_prob", (2, 5)),
    "base with another constant": Mutant(on_base(WrongConstant), "base: a constant is missing", (5,)),
    "draws that come twice": Mutant(on_base(TiledBase), "the same points come twice"),
    "antithetic draws": Mutant(on_base(Antithetic), "rows of a sample depend on each other"),
    "a seed of its own": Mutant(on_base(OwnSeed), "another seed gives the same samples"),
    "no seed": Mutant(on_base(NoSeed), "the same seed gives other samples"),
    "global state": Mutant(on_base(GlobalState), "numpy's global state"),
    "a copied generator": Mutant(on_base(CopiedGenerator), "a second draw repeats the first"),
    "draws of sample_and_log_prob": Mutant(on_flow(JointWide), "samples do not follow the density"),
}
