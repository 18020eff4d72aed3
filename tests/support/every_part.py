"""Flows, models and layers that have every registered part between them, as descriptions with their parameters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as onp
from cases import CASES

import nfscratch as nf
from nfscratch.bijections.recomputed import Recomputed
from nfscratch.checkpoint.description import describe


def rng(seed=0):
    return onp.random.default_rng(seed)


def flow_of(bijection, base=None):
    shape = bijection.in_shape
    return nf.Flow(nf.StandardNormal(shape if len(shape) > 1 else shape[0]) if base is None else base, bijection)


MLP = nf.MLP((4,))
FLOWS = {
    "mixture": flow_of(nf.ActNorm(2), nf.GaussianMixture(2, 3)),
    "diagonal": flow_of(nf.ActNorm(2), nf.DiagonalNormal(2)),
    "student": flow_of(nf.ActNorm(2), nf.StudentT(2)),
    "tails": flow_of(nf.ActNorm(2), nf.FittedTails(2)),
    "logistic": flow_of(nf.ActNorm(2), nf.StandardLogistic(2)),
    "conditioned base": flow_of(nf.ActNorm(2), nf.ConditionedBase(nf.DiagonalNormal(2), MLP, 1)),
    "made of categories": nf.flows.made(2, nf.Categorical(3), hidden=(4,), masks=2),
    "made of bits": nf.flows.made(2, nf.Bernoulli(), hidden=(4,)),
    "made of Gaussians": nf.flows.made(2, nf.Gaussian(), hidden=(4,)),
    "made of mixtures": nf.flows.made(2, nf.MixtureOfGaussians(2), hidden=(4,)),
    "residual": nf.flows.residual(2, layers=1, hidden=(4,), activation="tanh"),
    "ffjord": nf.flows.ffjord(2, hidden=(4,), solver=nf.ode.RK4(2)),
    "continuous": nf.flows.continuous(2, field=nf.ProbabilityFlow()),
    "glow": nf.flows.glow((1, 4, 4), values=4),
    "images": nf.flows.real_nvp_image((1, 4, 4), values=4),
    "noise": nf.Dequantized(nf.flows.glow((1, 4, 4), values=4).flow, nf.flows.pixel_noise((1, 4, 4)), values=4),
    "inference": nf.flows.inference(3, layers=1, hidden=(4,)),
    "planar": nf.flows.planar(2, layers=2),
    "blocks": nf.flows.inference(constraints=[2, nf.Bounds([0], [onp.inf]), nf.Simplex(3)], layers=1, hidden=(4,)),
    "remainder": flow_of(nf.Remainder(2)),
    "recomputed": flow_of(Recomputed(nf.ActNorm(2))),
    "embedding": nf.flows.maf(2, layers=1, hidden=(4,), context_dim=3, embed=nf.ConvFeatures((1, 4, 4), (2,), (4,))),
    "heads": nf.flows.maf(2, layers=1, hidden=(4,), context_dim=4, embed=nf.Heads((MLP, MLP))),
}
MODELS = {
    "autoencoder": nf.models.AutoEncoder(MLP, MLP, 2),
    "free form": nf.models.FreeForm(MLP, MLP),
    "gan": nf.models.GAN(MLP, MLP, 2),
    "vae": nf.models.VAE(MLP, MLP, nf.flows.posterior(2, 4, "iaf"), likelihood=nf.models.NormalLikelihood()),
    "infovae": nf.models.InfoVAE(MLP, MLP, nf.flows.posterior(2, 4, "iaf")),
    "vae of images": nf.models.VAE(
        nf.ConvFeatures((1, 4, 4), (2,), (4,)), nf.ConvDecoder((1, 4, 4), (2,), (4,)), nf.flows.posterior(2, 4, "iaf")
    ),
}


def described() -> Iterator[tuple[str, Any, Any]]:
    """The descriptions of flows that have every registered part between them, each with its parameters' tree."""
    for name, flow in FLOWS.items():
        embedded = getattr(flow, "embed", None) is not None
        given = (rng(), rng(1).normal(size=(8, *flow.shape)), rng(2).normal(size=(8, 16))) if embedded else (rng(),)
        yield name, describe(flow), flow.init(*given)
    for name, model in MODELS.items():
        yield name, describe(model), model.init(rng(), rng(1).random((8, 16)))
    for name, case in CASES.items():
        bijection = case.make(2)
        description = describe(bijection)
        if '"own"' not in json.dumps(description) and bijection.domain in (None, (-onp.inf, onp.inf)):
            yield name, describe(flow_of(bijection)), {"base": {}, "bijection": bijection.init(rng()), "embed": {}}
