"""Likelihoods of a decoder: log p(x | z), where the decoder's outputs o(z) are the parameters of a law of each x_i.

    BernoulliLikelihood    log p = sum_i x_i o_i - log(1 + e^o_i)                                     x_i in [0, 1]  (1)
    NormalLikelihood       log p = sum_i -1/2 u_i^2 - s - 1/2 log(2 pi),    u_i = (x_i - o_i) e^-s                   (2)

In (1) an x_i between 0 and 1, such as a grey level, counts as the mean of many binarised copies: (1) is linear in x, so
it is the expected log p of a copy that is 1 with probability x_i. It is no density of x itself. `binarised` draws
copies; with a fresh one at every step, data are "dynamically binarised" (Burda et al. 2016, arXiv:1509.00519).
In (2) one log-scale s is trained for all variables: with one of its own, a column that never varies would have s fall
without end. Pullbacks:

    (1)  g_o = g (x - sigmoid(o))              (2)  g_o = g u e^-s,    g_s = sum g (u^2 - 1)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.array_kinds import listed_rows
from nfscratch.distributions.distribution import standard_normal
from nfscratch.distributions.normal import HALF_LOG_2PI, deviation
from nfscratch.ops.affine import affine_inverse_vjp, held
from nfscratch.typed_fields import TypedFields


@dataclass(frozen=True, eq=False)
class Likelihood(TypedFields):
    """A law of x (N, D) given the decoder's outputs (N, D)."""

    def init(self, rng: onp.random.Generator) -> Any:
        """Parameters of its own: a tree."""
        return {}

    def check(self, x: Any, name: str = "x") -> None:
        """Raise ValueError for rows that the law cannot have."""

    def log_prob(self, params: Any, out: Any, x: Any) -> Any:
        """log p(x): (N,)."""
        raise NotImplementedError(f"{type(self).__name__} has no log_prob")

    def log_prob_vjp(self, params: Any, out: Any, x: Any) -> Any:
        """log p(x), and pullback(g) -> g_params, g_out."""
        raise NotImplementedError(f"{type(self).__name__} has no log_prob_vjp")

    def mean(self, params: Any, out: Any) -> Any:
        """E[x]: (N, D)."""
        raise NotImplementedError(f"{type(self).__name__} has no mean")

    def sample(self, params: Any, rng: onp.random.Generator, out: Any) -> Any:
        """A draw of x for each row of `out`: (N, D)."""
        raise NotImplementedError(f"{type(self).__name__} has no sample")


@dataclass(frozen=True, eq=False)
class BernoulliLikelihood(Likelihood):
    """Equation (1): the decoder's outputs are logits. x: 0 and 1, or probabilities between them."""

    def check(self, x, name="x"):
        _check_probabilities(name, x, " for the likelihood 'bernoulli'")

    def log_prob(self, params, out, x):
        return np.sum(x * out - np.maximum(out, 0.0) - np.log(1.0 + np.exp(-np.abs(out))), axis=1)

    def log_prob_vjp(self, params, out, x):
        logits, rows = out.T, x.T
        shrunk = onp.exp(-onp.abs(logits))  # e^-|o|, of which both the logarithm and the sigmoid are made
        log_p = (rows * logits - onp.maximum(logits, 0.0) - onp.log(1.0 + shrunk)).sum(axis=0)

        def pullback(g):
            p = 1.0 / (1.0 + shrunk)
            p = onp.where(logits < 0, shrunk * p, p)
            return {}, (g * (rows - p)).T

        return log_p, pullback

    def mean(self, params, out):
        return 0.5 + 0.5 * np.tanh(0.5 * out)

    def sample(self, params, rng, out):
        return binarised(self.mean(params, out), rng)


@dataclass(frozen=True, eq=False)
class NormalLikelihood(Likelihood):
    """Equation (2): the decoder's outputs are means. params: {"log_scale": (1,)}, the s that all variables share."""

    scale: float = 1.0  # e^s at the start

    def __post_init__(self):
        validate.divisor("scale", self.scale)

    def init(self, rng):
        return {"log_scale": backend.asarray(onp.full(1, onp.log(self.scale)))}

    def log_prob(self, params, out, x):
        u = (x - out) * np.exp(-held(params["log_scale"]))
        return np.sum(-0.5 * np.square(u) - params["log_scale"] - HALF_LOG_2PI, axis=1)

    def log_prob_vjp(self, params, out, x):
        s = params["log_scale"]
        u, back = affine_inverse_vjp(held(s)[:, None], out.T, x.T)

        def pullback(g):
            g_s, g_out, _ = back(-(g * u), g + onp.zeros_like(u))
            return {"log_scale": g_s.reshape(s.shape)}, g_out.T

        return (-0.5 * (u * u) - s[:, None] - HALF_LOG_2PI).sum(axis=0), pullback

    def mean(self, params, out):
        return out

    def sample(self, params, rng, out):
        return out + deviation(params["log_scale"], standard_normal(rng, out.shape, out))


LIKELIHOODS = {"bernoulli": BernoulliLikelihood, "normal": NormalLikelihood}


def likelihood_of(given: Any) -> Likelihood:
    """A Likelihood, or that of a name."""
    if isinstance(given, Likelihood):
        return given
    validate.choice("likelihood", given, LIKELIHOODS)
    return LIKELIHOODS[given]()


def binarised(x: Any, rng: onp.random.Generator) -> Any:
    """0 and 1: 1 with probability x (N, D) each. It serves as `augment` of nf.fit_vae."""
    x, rng = validate.numeric("x", x), validate.seeded(rng)
    _check_probabilities("x", x)
    dtype = x.dtype if x.dtype.kind == "f" else onp.float64
    u = backend.asarray(onp.asfortranarray(rng.random(x.shape)), dtype=dtype, like=x)
    return (u < x).astype(x.dtype)


def _check_probabilities(name, x, why=""):
    """Refuse rows with a number that is no probability, such as NaN."""
    if x.size and not bool((x.min() >= 0) & (x.max() <= 1)):  # two passes without an array; with NaN neither holds
        good = (x >= 0) & (x <= 1)
        rows = onp.flatnonzero(~backend.to_numpy(good.reshape(len(x), -1).all(axis=1)))
        raise ValueError(f"{name} must lie in [0, 1]{why}; it does not in {listed_rows(rows)}")
