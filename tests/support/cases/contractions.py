"""Residual layers: a contraction is added to z."""

import nfscratch as nf
from cases.case import CONTEXT, by_search


def residual(coefficient=0.9, hidden=(6, 5), activation="lipswish", **options):
    return lambda dim: nf.Residual(dim, nf.LipschitzMLP(hidden, coefficient, activation), **options)


def image(dim):
    return nf.Residual((max(1, dim // 2), 2, 1), nf.LipschitzConv((3,), 0.8, kernels=(3, 3)))


def in_a_chain(dim):
    return nf.Chain([nf.ActNorm(dim), nf.Inverse(residual(0.8, (6,))(dim)), nf.ActNorm(dim)])


CONTRACTIONS = [
    by_search("residual", residual()),
    by_search("residual, tanh, fixed point", residual(0.8, (7,), "tanh", solver="fixed point")),
    by_search("residual, elu, context", residual(0.9, (8,), "elu", context_dim=CONTEXT)),
    by_search("residual, a long series", residual(0.4, (5, 4), log_det="series", terms=32)),
    by_search("residual, roulette, exact without an rng", residual(0.95, log_det="roulette")),
    by_search("residual, convolution", image),
    by_search("inverse residual in a chain", in_a_chain),
    by_search("stack of residuals", lambda dim: nf.Stack(residual(0.8, (5,))(dim), 2)),
]
