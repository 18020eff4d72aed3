"""Residual layers with the mistakes that are made with them."""

import autograd.numpy as np
import numpy as onp

import nfscratch as nf
from mutants.mutant import Mutant


def residual(kind, coefficient=0.9, network=nf.LipschitzMLP):
    return lambda dim: kind(dim, network((8, 8), coefficient, "tanh"))


class StaleVectors(nf.LipschitzMLP):
    """Its power iteration has not moved since the vectors were drawn, so it divides by far too little."""

    def update(self, params):
        return params


class Stale(nf.Residual):
    """Nobody looks whether the inverse has converged. jhjacobsen/invertible-resnet#3."""

    def solve(self, params, x, context=None):
        z = x
        for _ in range(50):
            z = x - self.network.apply(params, z, context)
        return z


class Impatient(nf.Residual):
    """A contraction, but five steps are not enough."""

    def solve(self, params, x, context=None):
        z = x
        for _ in range(5):
            z = x - self.network.apply(params, z, context)
        return z


class WithSeries(nf.Residual):
    """A power series of its own for log_det."""

    forward_vjp = nf.Bijection.forward_vjp

    def forward(self, params, z, context=None, rng=None):
        J, total = self.network.jacobian(params, z, context), 0.0
        power = J
        for k in range(1, self.count + 1):
            total = total + self.sign(k) / k * np.trace(power, axis1=1, axis2=2)
            power = np.matmul(power, J)
        return z + self.network.apply(params, z, context), total


class NoSign(WithSeries):
    """log det (I - J) with a minus, where log det (I + J) is meant."""

    count, sign = 40, staticmethod(lambda k: 1.0)


class ThreeTerms(WithSeries):
    """i-ResNet trains with a few terms: what is left out is a bias."""

    count, sign = 3, staticmethod(lambda k: (-1.0) ** (k + 1))


def summed_probes(count=4):
    """x = z + 0.5 tanh(z), elementwise: a probe of signs gives each trace exactly, and `count` of them are added up."""

    def forward(z):
        slope = 0.5 * (1 - onp.tanh(z) ** 2)
        v = onp.random.default_rng(0).choice([-1.0, 1.0], size=(count, *z.shape))
        log_det = sum((-1.0) ** (k + 1) / k * (v * slope**k * v).sum(axis=(0, 2)) for k in range(1, 60))
        return z + 0.5 * onp.tanh(z), log_det

    def inverse(x):
        z = x
        for _ in range(60):
            z = x - 0.5 * onp.tanh(z)
        return z, -forward(z)[1]

    return forward, inverse


CONTRACTIONS = {
    "a stale power iteration": Mutant(
        residual(Stale, 0.97, StaleVectors), "does not converge: forward adds no contraction", (2, 5)
    ),
    "five steps of iteration": Mutant(residual(Impatient), "stops before it has converged", (2, 5)),
    "the series without its sign": Mutant(residual(NoSign, 0.5), "forgets its alternating sign", (2, 5)),
    "three terms of the series": Mutant(residual(ThreeTerms), "the power series stops too early", (2, 5)),
    "bayesflow 772, in a log_det": Mutant(summed_probes(), "probes are summed, not averaged", (1, 2, 5)),
}
