"""Correct layers and flows in different styles: an audit of any of them is to find nothing.

The package's own are those of cases.py; here are plain NumPy pairs (looped, vectorised, heavy, near-singular, of image
shape, with domains), deep chains, and whole flows.
"""

from dataclasses import dataclass, field

import autograd.numpy as np
import numpy as onp
from mutants.gradients import CONTEXT, embedding
from pairs.autoregressive import autoregressive
from pairs.bijections import Pair
from pairs.bisected import newton, oscillating
from pairs.coupling import coupling
from pairs.elementwise import SCALED, fractional, leaky, scaled, sigmoid_scaled, sinh
from pairs.linear import convolution, plu
from pairs.parts import total
from pairs.planar import planar
from pairs.spline import spline

import nfscratch as nf


@dataclass
class Healthy:
    """`subject`: a pair or a factory."""

    subject: object
    dims: tuple = (1, 2, 5)
    options: dict = field(default_factory=dict)


def near_singular(D=5, condition=1e6):
    """x = W z with cond(W) = 1e6."""
    rng = onp.random.default_rng(0)
    U, V = (onp.linalg.qr(rng.normal(size=(D, D)))[0] for _ in range(2))
    W = U @ onp.diag(onp.geomspace(1, 1 / condition, D)) @ V
    log_det, inverse = onp.linalg.slogdet(W)[1], onp.linalg.inv(W)
    return lambda z: (z @ W.T, onp.full(len(z), log_det)), lambda x: (x @ inverse.T, onp.full(len(x), -log_det))


def heavy():
    """x_i = e^(s_i) z_i with s from -8 to 8: asymmetric, and far from the identity."""

    def s(a):
        return onp.linspace(-8, 9, a.shape[1])

    return (
        lambda z: (z * onp.exp(s(z)), onp.full(len(z), s(z).sum())),
        lambda x: (x * onp.exp(-s(x)), onp.full(len(x), -s(x).sum())),
    )


def exponential():
    return lambda z: (onp.exp(z), total(z)), lambda x: (onp.log(x), -total(onp.log(x)))


def tanh():
    def log_d(z):
        return total(2 * (onp.log(2) - z - onp.logaddexp(0, -2 * z)))

    return lambda z: (onp.tanh(z), log_d(z)), lambda x: (onp.arctanh(x), -log_d(onp.arctanh(x)))


def logit():
    """From (0, 1) to the reals."""

    def back(x):
        p = 0.5 * (1 + onp.tanh(0.5 * x))
        return p, total(-onp.logaddexp(0, x) - onp.logaddexp(0, -x))

    return lambda z: (onp.log(z) - onp.log1p(-z), -total(onp.log(z) + onp.log1p(-z))), back


def in_units(pair, unit, shift=0.0):
    """x in other units: u x + c."""

    def forward(z):
        x, log_det = pair[0](z)
        return unit * x + shift, log_det + x.shape[1] * onp.log(unit)

    def inverse(x):
        z, log_det = pair[1]((x - shift) / unit)
        return z, log_det - x.shape[1] * onp.log(unit)

    return forward, inverse


def circle(by=0.37):
    """A shift of a circle, of length 1: it is cut at another place."""
    return tuple(lambda a, s=s: ((a + s * by) % 1.0, onp.zeros(len(a))) for s in (1, -1))


def cells():
    """Neighbouring cells of length 1 are exchanged: it jumps at every whole number, and is its own inverse."""
    return (lambda a: (a + onp.where(onp.floor(a) % 2 == 0, 1.0, -1.0), onp.zeros(len(a))),) * 2


def composed(*pairs):
    def run(a, fs):
        total_log_det = 0.0
        for f in fs:
            a, l = f(a)
            total_log_det = total_log_det + l
        return a, total_log_det

    return lambda z: run(z, [p[0] for p in pairs]), lambda x: run(x, [p[1] for p in reversed(pairs)])


def reversal():
    return lambda z: (z[:, ::-1], onp.zeros(len(z))), lambda x: (x[:, ::-1], onp.zeros(len(x)))


def row_by_row(pair):
    """The same, one row at a time."""

    def looped(f):
        def run(a):
            y, l = onp.empty_like(a), onp.empty(len(a), dtype=a.dtype)
            for i in range(len(a)):
                y[i : i + 1], l[i : i + 1] = f(a[i : i + 1])
            return y, l

        return run

    return looped(pair[0]), looped(pair[1])


def deep(layers, activation="relu"):
    return lambda dim: nf.Chain(nf.flows.coupling_layers(dim, nf.Affine(1.0), nf.MLP((16,), activation), layers))


@dataclass(frozen=True, eq=False)
class UniformBase(nf.distributions.Distribution):
    """1 on (0, 1)^D, and 0 outside."""

    dim: int
    support = (0.0, 1.0)
    shape = property(lambda self: (self.dim,))

    def log_prob(self, params, z):
        inside = np.all((z > 0) & (z < 1), axis=1)
        return np.where(inside, 0.0 * z[:, 0], 0.0 * z[:, 0] - np.inf)

    def sample(self, params, rng, n, like=None):
        return rng.uniform(size=(n, self.dim)).astype("float64" if like is None else like.dtype)


@dataclass(frozen=True, eq=False)
class SteepBase(nf.distributions.Distribution):
    """N(5, 1e-6 I): where the points of an audit lie, its log is -1e7, and changes by 1e7 over 1."""

    dim: int
    shape = property(lambda self: (self.dim,))

    def log_prob(self, params, z):
        return np.sum(-0.5 * np.square((z - 5.0) / 1e-3) + float(onp.log(1e3) - 0.5 * onp.log(2 * onp.pi)), axis=1)

    def sample(self, params, rng, n, like=None):
        return (5.0 + 1e-3 * rng.normal(size=(n, self.dim))).astype("float64" if like is None else like.dtype)


def single(pair):
    """A pair that computes in the dtype that it is given."""
    return tuple(lambda a, f=f: tuple(onp.asarray(v, dtype=a.dtype) for v in f(a)) for f in pair)


HEALTHY = {
    "coupling": Healthy(coupling(), (1, 2, 5, 6)),
    "coupling, odd D": Healthy(coupling(), (3, 7)),
    "coupling, row by row": Healthy(row_by_row(coupling()), (1, 2, 5)),
    "coupling, float32": Healthy(single(coupling()), options={"dtype": "float32"}),
    "coupling, declared": Healthy(coupling(), options={"structure": "block triangular"}),
    "autoregressive": Healthy(autoregressive(), (1, 2, 5), {"structure": "triangular"}),
    "two autoregressive layers, reversed between": Healthy(composed(autoregressive(), reversal(), autoregressive())),
    "spline": Healthy(spline(), (1, 2, 5)),
    "spline, declared": Healthy(spline(), options={"structure": "diagonal"}),
    "spline after coupling": Healthy(composed(coupling(), spline(), reversal(), coupling())),
    "spline, float32": Healthy(single(spline()), options={"dtype": "float32"}),
    "planar": Healthy(planar(), (1, 2, 5, 6), {"structure": "identity + rank 1"}),
    "PLU": Healthy(plu(), (1, 2, 5, 6)),
    "near singular": Healthy(near_singular(), (5,)),
    "1x1 convolution": Healthy(convolution(), ((3, 2, 2), (2, 3, 3))),
    "sinh": Healthy(sinh()),
    "heavy": Healthy(heavy(), (1, 2, 5)),
    "affine": Healthy(scaled()),
    "leaky ReLU": Healthy(leaky()),
    "leaky ReLU between couplings": Healthy(composed(coupling(), leaky(), coupling()), options={"smooth": False}),
    "exp": Healthy(exponential(), options={"codomain": "positive"}),
    "log": Healthy(exponential()[::-1], options={"domain": "positive"}),
    "tanh": Healthy(tanh(), options={"codomain": (-1, 1)}),
    "logit": Healthy(logit(), options={"domain": "(0, 1)"}),
    "sigmoid, scaled": Healthy(sigmoid_scaled(), options=SCALED),
    "coupling, in millionths": Healthy(in_units(composed(*[coupling(), reversal()] * 4), 1e-6), (2, 5)),
    "coupling, in millions": Healthy(in_units(composed(*[coupling(), reversal()] * 4), 1e6), (2, 5)),
    "coupling, seconds since 1970": Healthy(in_units(coupling(), 300.0, 1.7e9), (2, 5)),
    "a shift of a circle": Healthy(circle(), options={"domain": (0, 1), "codomain": (0, 1)}),
    "cells exchanged": Healthy(cells()),
    "identity": Healthy((lambda z: (z, onp.zeros(len(z))), lambda x: (x, onp.zeros(len(x))))),
    "sixteen couplings, a pair": Healthy(composed(*[coupling(), reversal()] * 8), (2, 5)),
    "sixteen couplings": Healthy(deep(16), (2, 5)),
    "thirty-two couplings": Healthy(deep(32, "tanh"), (2,)),
    "pair as a Bijection": Healthy(lambda dim: Pair(dim, coupling(), "block triangular")),
    "RealNVP": Healthy(lambda dim: nf.flows.real_nvp(dim, layers=4, hidden=(16,)), (1, 2, 5)),
    "RealNVP, with a context": Healthy(lambda dim: nf.flows.real_nvp(dim, layers=2, hidden=(8,), context_dim=3)),
    "RealNVP, with an embedded context": Healthy(embedding(nf.MLP((4,))), options=CONTEXT),
    "by Newton": Healthy(newton(60), (1, 2)),
    "NICE": Healthy(lambda dim: nf.flows.nice(dim, layers=4, hidden=(16,))),
    "GIN": Healthy(lambda dim: nf.flows.gin(dim, layers=4, hidden=(16,))),
    "planar flow": Healthy(lambda dim: nf.flows.planar(dim, layers=3), (1, 2)),
    "radial flow": Healthy(lambda dim: nf.flows.radial(dim, layers=4), (1, 2, 5)),
    "Sylvester flow": Healthy(lambda dim: nf.flows.sylvester(dim, layers=2), (2,)),
    "Sylvester flow, triangular": Healthy(lambda dim: nf.flows.sylvester(dim, layers=2, orthogonal="triangular"), (2,)),
    "mixture base": Healthy(
        lambda dim: nf.flows.real_nvp(dim, layers=2, hidden=(8,), base=nf.GaussianMixture(dim, 3))
    ),
    "trained base": Healthy(lambda dim: nf.flows.real_nvp(dim, layers=2, hidden=(8,), base=nf.DiagonalNormal(dim))),
    "two hundred waves": Healthy(oscillating(), (1, 2)),
    "a quotient": Healthy(fractional(), (1, 2)),
    "planar, the package's": Healthy(nf.Planar, (5,)),
    "radial": Healthy(nf.Radial, (5,)),
    "sylvester": Healthy(lambda dim: nf.Sylvester(dim, 3), (5,)),
    "QR": Healthy(nf.QR, (5,)),
    "autoregressive, affine": Healthy(
        lambda dim: nf.Autoregressive(nf.Affine(1.0), dim, nf.MADE((12,), "tanh")), (5,)
    ),
    "MAF": Healthy(lambda dim: nf.flows.maf(dim, layers=2, hidden=(16,)), (5,)),
    "spline flow": Healthy(lambda dim: nf.flows.rq_nsf(dim, layers=2, hidden=(16,)), (2, 5)),
    "uniform base": Healthy(lambda dim: nf.flows.real_nvp(dim, layers=2, hidden=(8,), base=UniformBase(dim))),
    "uniform base, affine": Healthy(lambda dim: nf.Flow(UniformBase(dim), nf.ActNorm(dim))),
    "uniform base, its domain": Healthy(
        lambda dim: nf.Flow(UniformBase(dim), nf.Elementwise(nf.Inverse(nf.Sigmoid()), dim))
    ),
    "steep base": Healthy(lambda dim: nf.flows.real_nvp(dim, layers=2, hidden=(8,), base=SteepBase(dim))),
}  # fmt: skip
