"""Layers whose parameters follow the context, and boxes with ends of their own for each variable."""

import nfscratch as nf
from cases.case import CONTEXT, Case

INF = float("inf")
LOW, HIGH = (0.0, -1.0, -INF, -INF, 2.0, -3.0), (1.0, INF, 2.0, INF, 5.0, INF)


def conditioned(layer):
    return lambda dim: nf.Conditioned(layer(dim), nf.MLP((8,), "tanh"), CONTEXT)


def plain_layers(dim):
    return nf.Chain([nf.Radial(dim), nf.Diagonal(dim), nf.ActNorm(dim), nf.Elementwise(nf.Affine(), dim)])


CONDITIONED = [
    Case("conditioned planar", conditioned(nf.Planar), searched=True, tolerance=1e-11),
    Case("conditioned radial", conditioned(nf.Radial)),
    Case(
        "conditioned Sylvester", conditioned(lambda dim: nf.Sylvester(dim, min(dim, 2))), searched=True, tolerance=1e-11
    ),
    Case("conditioned chain", conditioned(plain_layers), tolerance=1e-11),  # four layers, each with wild parameters
    Case("conditioned Householder", conditioned(nf.Householder)),
    Case("conditioned triangular, inverse", conditioned(lambda dim: nf.Inverse(nf.Triangular(dim)))),
    Case("conditioned diagonal", conditioned(nf.Diagonal)),
    Case("stack of conditioned layers", lambda dim: nf.Stack(conditioned(nf.Radial)(dim), 2)),
    Case("box, four kinds of ends", lambda dim: nf.Bounds(LOW[:dim], HIGH[:dim]), reach=4.0),
    Case("box, two finite ends", lambda dim: nf.Bounds([-2.0] * dim, [5.0] * dim), reach=4.0),
    Case("box, open below", lambda dim: nf.Bounds([-INF] * dim, [5.0] * dim), reach=4.0),
]
