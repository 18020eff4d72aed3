"""Mistakes of structure: who depends on whom."""

import autograd.numpy as np
import numpy as onp
from pairs.bijections import Pair, affine
from pairs.coupling import coupling, s_and_t
from pairs.linear import plu
from pairs.parts import total, weights

import nfscratch as nf
from mutants.mutant import Mutant


def of_batch(f):
    """z normalised by the statistics of the batch that it comes in."""
    return lambda z: ((z - z.mean(axis=0)) / (z.std(axis=0) + 1.0), onp.full(len(z), -onp.log(z.std(axis=0) + 1).sum()))


class MaskedLayer(nf.Bijection):
    """x_i = z_i exp(s_i) + t_i from a masked network of x_<i; compare = the masks' two comparisons."""

    jacobian_structure = "triangular"

    def __init__(self, dim, hidden_sees, out_sees):
        object.__setattr__(self, "dim", dim)
        object.__setattr__(self, "sees", (hidden_sees, out_sees))

    in_shape = property(lambda self: (self.dim,))

    def init(self, rng, x=None, context=None):
        return {"W": onp.zeros((24, self.dim)), "V": onp.zeros((self.dim, 24))}

    def _shift(self, params, x):
        D = self.dim
        degree = onp.arange(24) % max(1, D - 1) + 1
        inputs = onp.arange(1, D + 1)
        W = params["W"] * self.sees[0](degree[:, None], inputs[None])
        V = params["V"] * self.sees[1](inputs[:, None], degree[None])
        return 3 * np.tanh(x @ W.T) @ V.T

    def forward(self, params, z, context=None, rng=None):
        x = z
        for _ in range(self.dim):
            x = z + self._shift(params, x)
        return x, onp.zeros_like(z, shape=(len(z),))

    def inverse(self, params, x, context=None, rng=None):
        return x - self._shift(params, x), onp.zeros_like(x, shape=(len(x),))


def self_seeing():
    """x_i looks at z_i too: the log-det of a triangle with ones, which it is not."""

    def forward(z):
        t = 0.9 * onp.tanh(z @ onp.tril(weights("self", z.shape[1], z.shape[1])).T)
        return z + t, onp.zeros(len(z))

    def inverse(x):
        z = x
        for _ in range(200):  # monotone in z_i, given the earlier ones: damped steps arrive
            z = z - 0.3 * (forward(z)[0] - x)
        return z, onp.zeros(len(x))

    return forward, inverse


def skipping(dim):
    """Halves of D // 2 both: at odd D the last variable is in neither."""
    n = dim // 2
    mask = onp.array([i < n for i in range(dim)])

    def forward(z):
        s, t = s_and_t(z[:, :n], n)
        return onp.concatenate([z[:, :n], z[:, n : 2 * n] * onp.exp(s) + t, z[:, 2 * n :]], axis=1), total(s)

    def inverse(x):
        s, t = s_and_t(x[:, :n], n)
        return onp.concatenate([x[:, :n], (x[:, n : 2 * n] - t) * onp.exp(-s), x[:, 2 * n :]], axis=1), -total(s)

    return Pair(dim, (forward, inverse), "block triangular") if mask.any() else affine(dim)


def second_kind(dim):
    return nf.Chain([affine(dim), affine(dim)])


def conditional(choose):
    """A coupling that looks at choose(context)."""

    class Conditional(nf.Coupling):
        def forward(self, params, z, context=None, rng=None):
            return super().forward(params, z, choose(context), rng)

        def inverse(self, params, x, context=None, rng=None):
            return super().inverse(params, x, choose(context), rng)

        def forward_vjp(self, params, z, context=None, rng=None):
            return super().forward_vjp(params, z, choose(context), rng)

        def inverse_vjp(self, params, x, context=None, rng=None):
            return super().inverse_vjp(params, x, choose(context), rng)

    return lambda dim: Conditional(nf.Affine(1.5), nf.half_mask(dim), nf.MLP((8,), "tanh"), 3)


def first_for_all(context):
    return onp.repeat(context[:1], len(context), axis=0)


class ByNumber(nf.ActNorm):
    """Moves row i by i."""

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return x + onp.arange(len(z), dtype=z.dtype)[:, None], log_det

    def inverse(self, params, x, context=None, rng=None):
        return super().inverse(params, x - onp.arange(len(x), dtype=x.dtype)[:, None])


STRUCTURE = {
    "41 sees itself": Mutant(self_seeing(), "log_det forward", (1, 2)),
    "41 sees a later one": Mutant(lambda dim: MaskedLayer(dim, onp.greater_equal, onp.greater_equal), "", (2, 5)),
    "42 input mask": Mutant(lambda dim: MaskedLayer(dim, onp.greater, onp.greater), "a mask drops a parent"),
    "43 output degree": Mutant(
        lambda dim: MaskedLayer(dim, onp.greater_equal, lambda o, d: o - 1 > d), "a mask drops a parent"
    ),
    "44 no permutation": Mutant(second_kind, "never move", (2, 5, 6)),
    "45 skipped column": Mutant(skipping, "a column is skipped", (2, 5)),
    "a diagonal that mixes": Mutant(lambda dim: Pair(dim, plu(), "diagonal"), "declared structure", (2, 5)),
    "no rank one": Mutant(lambda dim: Pair(dim, coupling(), "identity + rank 1"), "declared structure", (5, 6)),
    "the first row's context": Mutant(conditional(first_for_all), "the first row's context is used for all"),
    "contexts in another order": Mutant(conditional(lambda c: c[::-1]), "another row's context"),
    "a row's number": Mutant(ByNumber, "a row's place in the batch"),
    "46 batch statistics": Mutant((of_batch(0), of_batch(0)), "batch statistics"),
}
