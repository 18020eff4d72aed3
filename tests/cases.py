"""Every bijection there is, by name: the laws in test_laws.py hold for each of them.

`CASES[name](D)` makes one for D variables. Parameters are wild (`wild_params`): near the identity many mistakes agree.
"""

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

import nfscratch as nf
from nfscratch.check import random_params
from nfscratch.ops.roots import monotone_root

DIMS = (1, 2, 5, 6)
CONTEXT = 3


@dataclass(frozen=True, eq=False)
class Cubic(nf.NumericInverse):
    """x = z + e^a z^3: an inverse by search, diagonal. Its gradient is the implicit one."""

    dim: int
    in_shape = property(lambda self: (self.dim,))
    jacobian_structure = "diagonal"

    def init(self, rng, x=None, context=None):
        return {"a": nf.backend.asarray(onp.zeros(self.dim))}

    def forward(self, params, z, context=None, rng=None):
        slope = 1 + 3 * np.exp(params["a"]) * np.square(z)
        return z + np.exp(params["a"]) * np.square(z) * z, np.sum(np.log(slope), axis=1)

    def solve(self, params, x, context=None):
        c = onp.exp(params["a"])
        return monotone_root(lambda z: (z + c * z * z * z, 1 + 3 * c * z * z), x)


@dataclass(frozen=True, eq=False)
class Bent(nf.NumericInverse):
    """x = z + 0.5 tanh(z . w) w / (1 + |w|^2) + context: a dense Jacobian, an inverse by search along w."""

    dim: int
    context_dim: int = 0
    in_shape = property(lambda self: (self.dim,))

    def init(self, rng, x=None, context=None):
        return {"w": nf.backend.asarray(onp.zeros(self.dim))}

    def _u(self, params):
        return 0.5 * params["w"] / (1 + np.sum(np.square(params["w"])))

    def forward(self, params, z, context=None, rng=None):
        w, u = params["w"], self._u(params)
        h = np.tanh(np.matmul(z, w))
        x = z + h[:, None] * u
        if context is not None:
            x = x + np.sum(context, axis=1, keepdims=True)
        return x, np.log(1 + (1 - np.square(h)) * np.sum(u * w))

    def solve(self, params, x, context=None):
        w, u = params["w"], self._u(params)
        x = x if context is None else x - context.sum(axis=1, keepdims=True)
        wu = (u * w).sum()
        s = monotone_root(lambda s: (s + wu * onp.tanh(s), 1 + wu * (1 - onp.tanh(s) ** 2)), x @ w)
        return x - onp.tanh(s)[:, None] * u


def irregular_mask(dim):
    """Neither a half nor alternating, and as unequal as it can be."""
    kept = onp.random.default_rng(dim).permutation(dim) < max(0, dim // 3)
    return tuple(kept)


def coupling(transformer, mask=nf.half_mask, network=None, context_dim=0):
    network = network or nf.MLP((8, 8))
    return lambda dim: nf.Coupling(transformer, mask(dim), network, context_dim)


def flipped(dim):
    return nf.half_mask(dim, flip=True)


def chain(dim, context_dim=0):
    return nf.Chain(
        [
            nf.Coupling(nf.Affine(1.0), nf.half_mask(dim), nf.MLP((8,), "tanh"), context_dim),
            nf.Permutation.random(dim, seed=3),
            nf.ActNorm(dim),
            nf.Coupling(nf.Affine(1.0), flipped(dim), nf.MLP((8,), "tanh"), context_dim),
            nf.Elementwise(nf.Affine(), dim),
            nf.Standardize(dim),
        ]
    )


CASES = {
    "elementwise shift": lambda dim: nf.Elementwise(nf.Shift(), dim),
    "elementwise affine": lambda dim: nf.Elementwise(nf.Affine(), dim),
    "elementwise volume preserving": lambda dim: nf.Elementwise(nf.VolumePreserving(), dim),
    "elementwise exp": lambda dim: nf.Elementwise(nf.Exp(), dim),
    "elementwise softplus": lambda dim: nf.Elementwise(nf.Softplus(), dim),
    "elementwise sigmoid": lambda dim: nf.Elementwise(nf.Sigmoid(-2.0, 3.0), dim),
    "elementwise tanh": lambda dim: nf.Elementwise(nf.Tanh(), dim),
    "elementwise leaky ReLU": lambda dim: nf.Elementwise(nf.LeakyReLU(0.3), dim),
    "sigmoid, then logit of a wider interval": lambda dim: nf.Chain(
        [nf.Elementwise(nf.Sigmoid(), dim), nf.Elementwise(nf.Inverse(nf.Sigmoid(-1.0, 2.0)), dim)]
    ),
    "coupling shift": coupling(nf.Shift()),
    "coupling affine": coupling(nf.Affine()),
    "coupling affine, flipped": coupling(nf.Affine(), flipped),
    "coupling affine, alternating": coupling(nf.Affine(), nf.alternating_mask),
    "coupling affine, irregular mask": coupling(nf.Affine(), irregular_mask),
    "coupling affine, tanh": coupling(nf.Affine(), network=nf.MLP((8, 8), "tanh")),
    "coupling affine, linear network": coupling(nf.Affine(), network=nf.MLP(())),
    "coupling affine, separate s and t": coupling(
        nf.Affine(), network=nf.Heads((nf.MLP((8,), "tanh"), nf.MLP((6, 4))))
    ),
    "coupling affine, context": coupling(nf.Affine(), context_dim=CONTEXT),
    "coupling affine, separate, context": coupling(
        nf.Affine(), irregular_mask, nf.Heads((nf.MLP((8,), "tanh"), nf.MLP((5,)))), CONTEXT
    ),
    "coupling volume preserving": coupling(nf.VolumePreserving()),
    "coupling volume preserving, irregular": coupling(nf.VolumePreserving(), irregular_mask, nf.MLP((8,), "tanh")),
    "permutation": lambda dim: nf.Permutation.random(dim, seed=1),
    "reverse": nf.Reverse,
    "actnorm": nf.ActNorm,
    "batchnorm": nf.BatchNorm,
    "standardize": nf.Standardize,
    "reshape": lambda dim: nf.Reshape((dim,), (1, dim, 1)),
    "linear diagonal": nf.Diagonal,
    "linear triangular": nf.Triangular,
    "linear triangular, upper, narrow bound": lambda dim: nf.Triangular(dim, lower=False, max_log_scale=1.0),
    "linear Householder": nf.Householder,
    "linear Householder, one reflection": lambda dim: nf.Householder(dim, 1),
    "linear Householder, more than D": lambda dim: nf.Householder(dim, dim + 3),
    "linear PLU": lambda dim: nf.PLU(dim, seed=1),
    "linear QR": nf.QR,
    "1x1 convolution": lambda dim: nf.Conv1x1((dim, 2, 3), nf.PLU(dim, seed=1)),
    "1x1 convolution, QR": lambda dim: nf.Conv1x1((dim, 3, 1), nf.QR(dim)),
    "1x1 convolution, default": lambda dim: nf.Conv1x1((dim, 1, 2)),
    "chain": chain,
    "chain, context": lambda dim: chain(dim, CONTEXT),
    "inverse of a coupling": lambda dim: nf.Inverse(coupling(nf.Affine())(dim)),
    "inverse of a chain": lambda dim: nf.Inverse(chain(dim)),
    "numeric inverse, elementwise": Cubic,
    "numeric inverse, dense": Bent,
    "numeric inverse, context": lambda dim: Bent(dim, CONTEXT),
    "inverse of a numeric inverse": lambda dim: nf.Inverse(Cubic(dim)),
}

CASES |= {  # forward in closed form, and but for radial an inverse by search
    "planar, numeric inverse": nf.Planar,
    "radial": nf.Radial,
    "sylvester, rank 1, numeric inverse": lambda dim: nf.Sylvester(dim, 1),
    "sylvester, qr, numeric inverse": lambda dim: nf.Sylvester(dim, dim),
    "sylvester, householder, numeric inverse": lambda dim: nf.Sylvester(dim, min(dim, 3), "householder"),
    "stack of planar, numeric inverse": lambda dim: nf.Stack(nf.Planar(dim), 3),
    "stack of radial": lambda dim: nf.Stack(nf.Radial(dim), 3),
    "stack of sylvester, numeric inverse": lambda dim: nf.Stack(nf.Sylvester(dim, min(dim, 2)), 2),
    "stack of actnorm": lambda dim: nf.Stack(nf.ActNorm(dim), 2),
    "sylvester, triangular, numeric inverse": lambda dim: nf.Sylvester(dim, min(dim, 4), "triangular", flip=True),
}


def autoregressive(transformer, network=None, order=None, context_dim=0):
    """order: as of Autoregressive, or "random"."""
    network = network or nf.MADE((12, 12), "tanh")
    return lambda dim: nf.Autoregressive(
        transformer, dim, network, nf.random_order(dim, seed=2) if order == "random" else order, context_dim
    )


def autoregressive_chain(dim):
    return nf.Chain(
        [
            nf.BatchNorm(dim),
            nf.Autoregressive(nf.Affine(1.0), dim, nf.MADE((12,), "tanh")),
            nf.BatchNorm(dim),
            nf.Inverse(nf.Autoregressive(nf.Inverse(nf.Affine(1.0)), dim, nf.MADE((8,), "tanh"), "reversed")),
            nf.Standardize(dim),
        ]
    )


CASES |= {
    "autoregressive shift": autoregressive(nf.Shift(), order="reversed"),
    "autoregressive affine": autoregressive(nf.Affine()),
    "autoregressive affine, reversed": autoregressive(nf.Affine(1.0), order="reversed"),
    "autoregressive affine, random order": autoregressive(nf.Affine(1.0), order="random"),
    "autoregressive inverse of affine": autoregressive(nf.Inverse(nf.Affine(1.0))),
    "autoregressive leaky ReLU, no parameters": autoregressive(nf.LeakyReLU(0.3)),
    "autoregressive, ReLU": autoregressive(nf.Affine(1.0), nf.MADE((12, 12))),
    "autoregressive, deep": autoregressive(nf.Affine(1.0), nf.MADE((10, 16, 7, 9), "tanh"), "random"),
    "autoregressive, linear network": autoregressive(nf.Affine(1.0), nf.MADE(()), "reversed"),
    "autoregressive, hidden narrower than D": autoregressive(nf.Affine(1.0), nf.MADE((3, 2), "tanh")),
    "autoregressive, context": autoregressive(nf.Affine(1.0), context_dim=CONTEXT),
    "autoregressive, context, random order": autoregressive(nf.Affine(1.0), nf.MADE((14,)), "random", CONTEXT),
    "autoregressive, context, linear": autoregressive(nf.Affine(1.0), nf.MADE(()), "random", CONTEXT),
    "autoregressive, context, narrow": autoregressive(nf.Affine(1.0), nf.MADE((2, 3), "tanh"), None, CONTEXT),
    "IAF": lambda dim: nf.Inverse(autoregressive(nf.Inverse(nf.Affine(1.0)))(dim)),
    "IAF, the other form, context": lambda dim: nf.Inverse(
        autoregressive(nf.Affine(1.0), order="random", context_dim=CONTEXT)(dim)
    ),
    "autoregressive chain, BatchNorm between": autoregressive_chain,
}


def rational(bins=4, bound=5.0, circular=False):
    """With bins and slopes that differ by 10, not by 1000: wild ones are too steep for a difference quotient."""
    return nf.RationalQuadraticSpline(bins, bound, circular, minimum=0.1)


CASES |= {
    "elementwise linear spline": lambda dim: nf.Elementwise(nf.LinearSpline(5, 4.0), dim),
    "elementwise quadratic spline": lambda dim: nf.Elementwise(nf.QuadraticSpline(5, 4.0), dim),
    "elementwise cubic spline": lambda dim: nf.Elementwise(nf.CubicSpline(5, 4.0), dim),
    "elementwise rational spline": lambda dim: nf.Elementwise(rational(5, 4.0), dim),
    "elementwise linear spline, circular": lambda dim: nf.Elementwise(nf.LinearSpline(5, 3.0, True), dim),
    "elementwise quadratic spline, circular": lambda dim: nf.Elementwise(nf.QuadraticSpline(5, 3.0, True), dim),
    "elementwise cubic spline, circular": lambda dim: nf.Elementwise(nf.CubicSpline(5, 3.0, True), dim),
    "elementwise rational spline, circular": lambda dim: nf.Elementwise(rational(5, 3.0, True), dim),
    "elementwise inverse of a rational spline": lambda dim: nf.Elementwise(nf.Inverse(rational(5, 4.0)), dim),
    "elementwise inverse of a cubic spline": lambda dim: nf.Elementwise(nf.Inverse(nf.CubicSpline(5, 4.0)), dim),
    "coupling linear spline": coupling(nf.LinearSpline(4)),
    "coupling quadratic spline, flipped": coupling(nf.QuadraticSpline(4), flipped),
    "coupling cubic spline": coupling(nf.CubicSpline(4)),
    "coupling rational spline": coupling(rational()),
    "coupling rational spline, one bin": coupling(rational(1), nf.alternating_mask),
    "coupling inverse of a rational spline, irregular mask": coupling(nf.Inverse(rational()), irregular_mask),
    "coupling rational spline, context": coupling(rational(bound=3.0), context_dim=CONTEXT),
    "coupling inverse of a quadratic spline, context": coupling(nf.Inverse(nf.QuadraticSpline(4)), context_dim=CONTEXT),
}


SEARCHED = {
    "squared": nf.Squared(),
    "mixture CDF": nf.LogisticMixtureCDF(4),
    "deep sigmoid": nf.DeepSigmoid(4),
    "deep dense sigmoid": nf.DeepDenseSigmoid((3, 2)),
    "UMNN": nf.UMNN(4),
}

CASES |= {f"elementwise {name}, numeric": lambda dim, h=h: nf.Elementwise(h, dim) for name, h in SEARCHED.items()}
CASES |= {f"inverse of {name}, coupling, numeric": coupling(nf.Inverse(h)) for name, h in SEARCHED.items()}
CASES |= {
    "coupling squared, context, numeric": coupling(nf.Squared(), flipped, context_dim=CONTEXT),
    "coupling mixture CDF, irregular, context, numeric": coupling(
        nf.LogisticMixtureCDF(3), irregular_mask, context_dim=CONTEXT
    ),
    "coupling deep sigmoid, context, numeric": coupling(nf.Inverse(nf.DeepSigmoid(3)), context_dim=CONTEXT),
    "coupling deep sigmoid, one unit, numeric": coupling(nf.DeepSigmoid(1), nf.alternating_mask),
    "coupling deep dense sigmoid, three layers, numeric": coupling(nf.DeepDenseSigmoid((2, 1, 3))),
    "coupling UMNN, context, numeric": coupling(nf.UMNN(3), context_dim=CONTEXT),
}


CASES |= {
    "autoregressive rational spline": autoregressive(rational(), order="random"),
    "autoregressive inverse of a rational spline": autoregressive(nf.Inverse(rational())),
    "autoregressive squared, numeric": autoregressive(nf.Squared()),
    "autoregressive mixture CDF, context, numeric": autoregressive(
        nf.LogisticMixtureCDF(3), order="random", context_dim=CONTEXT
    ),
    "autoregressive inverse of a deep sigmoid, numeric": autoregressive(nf.Inverse(nf.DeepSigmoid(3))),
}


def wild_params(bijection, rng, scale=1.0):
    """Random parameters, started from a batch of data with offsets and unequal scales."""
    x = rng.normal(size=(50, *bijection.out_shape)) * 3 + 1
    return random_params(bijection, rng, scale, context_for(bijection, rng, 50), x)


def context_for(bijection, rng, n):
    return rng.normal(size=(n, bijection.context_dim)) if bijection.context_dim else None


def example(name, dim, n=7, scale=1.0):
    """A case with wild parameters and points to try it at: bijection, params, z, context."""
    rng = onp.random.default_rng([dim, *name.encode()])
    bijection = CASES[name](dim)
    params = wild_params(bijection, rng, scale)
    z = rng.normal(size=(n, *bijection.in_shape))
    z[n - n // 2 :] *= 3.0
    if ("elementwise" in name and onp.isfinite(bijection.codomain).any()) or "sigmoid" in name:
        z = onp.clip(z, -2.5, 2.5)  # near the ends of a bounded range no difference quotient fits inside
    return bijection, params, z, context_for(bijection, rng, n)
