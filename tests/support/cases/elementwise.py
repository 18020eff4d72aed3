"""Each variable for itself."""

import nfscratch as nf
from cases.case import Case

ELEMENTWISE = [
    Case("elementwise shift", lambda dim: nf.Elementwise(nf.Shift(), dim)),
    Case("elementwise affine", lambda dim: nf.Elementwise(nf.Affine(), dim)),
    Case("elementwise volume preserving", lambda dim: nf.Elementwise(nf.VolumePreserving(), dim)),
    Case("elementwise exp", lambda dim: nf.Elementwise(nf.Exp(), dim), reach=2.5),
    Case("elementwise softplus", lambda dim: nf.Elementwise(nf.Softplus(), dim), reach=2.5),
    Case("elementwise sigmoid", lambda dim: nf.Elementwise(nf.Sigmoid(-2.0, 3.0), dim), reach=2.5),
    Case("elementwise tanh", lambda dim: nf.Elementwise(nf.Tanh(), dim), reach=2.5),
    Case("elementwise leaky ReLU", lambda dim: nf.Elementwise(nf.LeakyReLU(0.3), dim)),
    Case(
        "sigmoid, then logit of a wider interval",
        lambda dim: nf.Chain(
            [nf.Elementwise(nf.Sigmoid(), dim), nf.Elementwise(nf.Inverse(nf.Sigmoid(-1.0, 2.0)), dim)]
        ),
        reach=2.5,
    ),
]
