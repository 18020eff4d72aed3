"""VAE: a latent variable z, a decoder that turns it into x, and a flow that finds the z of a given x.

    p(x) = int p(x | z) p(z) dz,    p(x | z): the likelihood at decoder(z)                                       (1)
    h = encoder(x),    z ~ q(z | h)                              the posterior: a conditional flow on h          (2)
    log w = log p(x | z) + beta [log p(z) - log q(z | h)]                                                        (3)
    ELBO = E[log w] <= log p(x),    log p(x) ~ log 1/K sum_k w_k,    beta = 1                                    (4)

Kingma and Welling 2014, arXiv:1312.6114; flow posteriors: Rezende and Mohamed 2015, arXiv:1505.05770; (4), right:
Burda et al. 2016, arXiv:1509.00519, a lower bound in expectation that tightens with K. beta < 1 early in training
("annealing") lets the decoder learn to use z before the posterior is pulled to the prior.

The gradient of (3) takes no tape: the pullbacks of four parts, one after the other. With g for log w,

    likelihood -> g_out -> decoder -> g_z;    prior: g_z += beta g dlog p/dz;    flow(g_z, -beta g) -> g_h -> encoder

The encoder's gradient is what the flow gives its context, summed over the draws of a row.

    vae = nf.models.VAE(nf.MLP((128,)), nf.MLP((128,)), nf.flows.posterior(8, 128, "iaf"))
    result = nf.fit_vae(vae, x, rng=0, augment=nf.models.binarised, anneal=400)
    vae.log_prob(result.params, x_test, rng)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch import trees, validate
from nfscratch.autodiff import contains_box, logsumexp, rebox, take
from nfscratch.distributions import Distribution
from nfscratch.flows import Flow
from nfscratch.flows.chunks import in_chunks
from nfscratch.flows.recipe import check_network
from nfscratch.models.checked_parts import check_entries, check_posterior, compare, of_width, prior_of
from nfscratch.models.likelihoods import Likelihood, likelihood_of
from nfscratch.models.model import Model, through
from nfscratch.nets import Network
from nfscratch.nets.network import features, network_value, network_width

DRAWS = 2**13  # of z at a time, where nothing is kept for a gradient


@dataclass(frozen=True, eq=False)
class VAE(Model):
    """params: {"encoder", "decoder", "posterior", "prior", "likelihood"}, each a tree.

    encoder: a network from x (N, D) to h (N, C). decoder: a network from z to D numbers, the likelihood's parameters.
    posterior: a Flow with context_dim C, such as nf.flows.posterior(dim, C, "iaf"). prior: a Distribution or a Flow
    over z; None is the standard normal. likelihood: "bernoulli", "normal", or a Likelihood.
    """

    encoder: Network
    decoder: Network
    posterior: Flow
    prior: Distribution | Flow | None = None
    likelihood: str | Likelihood = "bernoulli"

    entries = ("encoder", "decoder", "posterior", "prior", "likelihood")
    called = "vae"

    def __post_init__(self):
        check_network("encoder", self.encoder)
        check_network("decoder", self.decoder)
        validate.part("posterior", self.posterior, Flow, 'nf.flows.posterior(8, 64, "iaf")')
        check_posterior(self.posterior)
        object.__setattr__(self, "prior", prior_of(self.prior, self.posterior.shape))
        object.__setattr__(self, "likelihood", likelihood_of(self.likelihood))

    @property
    def dim(self) -> int:
        """How many numbers z has."""
        return self.posterior.shape[0]

    def init(self, rng: onp.random.Generator, x: Any) -> dict:
        """Fresh parameters for rows like those of x (N, D), on the active backend and dtype."""
        rng = validate.seeded(rng)
        like = trees.array_like({})
        x = self.rows(x, like)
        encoder = features(self.encoder, rng, x.shape[1], self.posterior.context_dim)
        h = in_chunks(lambda rows, _: network_value(self.encoder, encoder, rows), x)
        h = of_width("encoder", h, self.posterior.context_dim)
        params = {
            "encoder": encoder,
            "posterior": self.posterior.init(rng, context=h),
            "decoder": self.decoder.init(rng, self.dim, x.shape[1]),
            "prior": self.prior.init(rng),
            "likelihood": self.likelihood.init(rng),
        }
        z = self._from_prior(params, onp.random.default_rng(0), 2)
        of_width("decoder", network_value(self.decoder, params["decoder"], z), x.shape[1])
        return params

    # --- bounds on log p(x) ------------------------------------------------------------------------------------------

    def elbo(self, params: Any, x: Any, rng: onp.random.Generator, draws: int = 1, beta: float = 1.0) -> Any:
        """The mean of (3) over so many draws of z for each row of x (N, D), in nats: (N,).

        beta: the weight of the prior and the posterior in (3). `autograd.grad` may differentiate it in the parameters.
        """
        return self._bound(params, x, rng, draws, lambda log_w: np.mean(log_w, axis=1), beta)

    def log_prob(self, params: Any, x: Any, rng: onp.random.Generator, draws: int = 1000) -> Any:
        """log p(x) of x (N, D) by importance sampling with so many draws a row, (4), in nats: (N,).

        Its expectation is a lower bound, which rises with `draws`. Memory grows with N and with draws, but not with
        their product.
        """
        return self._bound(params, x, rng, draws, _log_mean_exp)

    def _bound(self, params, x, rng, draws, over_draws, beta=1.0):
        rng = validate.seeded(rng)
        validate.not_negative("beta", beta)
        draws, params = validate.count("draws", draws, least=1), rebox(params)
        x = self.checked(params, x)
        if contains_box(params):
            return over_draws(self._differentiable(params, x, rng, draws, beta))
        rows = max(1, DRAWS // draws)
        pieces = [x[start : start + rows] for start in range(0, len(x), rows)] or [x]
        return onp.concatenate([over_draws(self.log_weights(params, piece, rng, draws, beta)) for piece in pieces])

    def _differentiable(self, params, x, rng, draws, beta):
        def kernel(params, rng):
            log_w, pullback = self.log_weights_vjp(params, x, rng, draws, beta)
            return log_w, lambda g: (trees.complete(pullback(g), params),)

        def plain(params, rng):
            return self.log_weights(trees.with_constant_fixed(params), x, rng, draws, beta)

        return take(plain, kernel, plain, params, rng=rng)

    def log_weights(self, params, x, rng, draws=1, beta=1.0):
        """(3) for `draws` z of each row, by the plain definition where it is differentiated: (N, draws)."""
        h = _repeated(through(self.encoder, params["encoder"], x), draws)
        z, log_q = self.posterior.sample_and_log_prob(params["posterior"], rng, len(x) * draws, h)
        out = through(self.decoder, params["decoder"], z)
        log_p = self.likelihood.log_prob(params["likelihood"], out, _repeated(x, draws))
        log_w = log_p + beta * (self.prior.log_prob(params["prior"], z) - log_q)
        return np.reshape(log_w, (len(x), draws))

    def log_weights_vjp(self, params, x, rng, draws=1, beta=1.0):
        """The same, and pullback(g (N, draws)) -> g_params, from the parts' own pullbacks. Arrays are not checked."""
        log_w, _, pullback = self.drawn_vjp(params, x, rng, draws, beta)
        return log_w, lambda g: pullback(g, 0.0)

    def drawn_vjp(self, params, x, rng, draws=1, beta=1.0):
        """(3), the draws z (N draws, dim), and pullback(g of (3), g_z of what else is made of z) -> g_params."""
        h, back_encoder = self.encoder.apply_vjp(params["encoder"], x)
        rows = _repeated(h, draws)
        (z, log_q), back_posterior = self.posterior.sample_and_log_prob_vjp(params["posterior"], rng, len(rows), rows)
        out, back_decoder = self.decoder.apply_vjp(params["decoder"], z)
        log_p, back_likelihood = self.likelihood.log_prob_vjp(params["likelihood"], out, _repeated(x, draws))
        log_prior, back_prior = self.prior.log_prob_vjp(params["prior"], z)

        def pullback(g, g_z_else):
            g = g.reshape(-1)
            g_likelihood, g_out = back_likelihood(g)
            g_decoder, g_z = back_decoder(g_out)[:2]
            g_prior, g_z_prior = back_prior(beta * g)[:2]
            g_posterior, g_rows = back_posterior((g_z + g_z_prior + g_z_else, -beta * g))
            g_h = g_rows if draws == 1 else g_rows.T.reshape((h.shape[1], len(x), draws)).sum(axis=2).T
            return {
                "encoder": back_encoder(g_h)[0],
                "posterior": g_posterior,
                "decoder": g_decoder,
                "prior": g_prior,
                "likelihood": g_likelihood,
            }

        return (log_p + beta * (log_prior - log_q)).reshape((len(x), draws)), z, pullback

    def loss_value_and_grad(
        self, params: Any, rng: Any, x: Any, beta: float = 1.0, draws: int = 1, importance: bool = False
    ) -> tuple[Any, Any]:
        """Minus the mean bound over the rows x, in nats, and its gradient tree: for `minimize` with has_grad=True.

        The bound is the ELBO, or with importance=True log 1/K sum_k w_k of `draws` draws (IWAE). Arrays are taken as
        checked.
        """
        log_w, pullback = self.log_weights_vjp(params, x, rng, draws, beta)
        if not importance:
            return -log_w.mean(), pullback(onp.full_like(log_w, -1.0 / log_w.size))
        bound = _log_mean_exp(log_w)
        shares = onp.exp(log_w - bound[:, None])  # K times the normalised weights
        return -bound.mean(), pullback(shares * (-1.0 / log_w.size))

    def validation_loss(
        self, params: Any, rng: Any, x: Any, beta: float = 1.0, draws: int = 1, importance: bool = False
    ) -> float:
        """Minus the mean ELBO over the rows x, in nats: with beta = 1, whatever the weight was in the step."""
        return -float(self.elbo(params, x, rng, draws).mean(dtype=onp.float64))

    # --- from x to z, and from z to x --------------------------------------------------------------------------------

    def encode(self, params: Any, x: Any, rng: onp.random.Generator) -> Any:
        """A draw of z ~ q(z | x) for each row of x (N, D): (N, dim)."""
        x = self.checked(params, x)
        h = network_value(self.encoder, params["encoder"], x)
        return self.posterior.sample(params["posterior"], rng, len(h), h)

    def decode(self, params: Any, z: Any) -> Any:
        """E[x | z] for z (N, dim): (N, D)."""
        z = self.checked_codes(params, z)
        return self.likelihood.mean(params["likelihood"], network_value(self.decoder, params["decoder"], z))

    def sample(self, params: Any, rng: onp.random.Generator, n: int, mean: bool = False) -> Any:
        """n draws of x, or with mean=True E[x | z] for n draws of z ~ p(z): (n, D)."""
        check_entries(self, params)
        rng, mean = validate.seeded(rng), validate.flag("mean", mean)
        z = self._from_prior(params, rng, validate.count("n", n))
        out = network_value(self.decoder, params["decoder"], z)
        likelihood = params["likelihood"]
        return self.likelihood.mean(likelihood, out) if mean else self.likelihood.sample(likelihood, rng, out)

    def _from_prior(self, params, rng, n):
        like = () if isinstance(self.prior, Flow) else (trees.array_like(params),)
        return self.prior.sample(params["prior"], rng, n, *like)

    # --- checks ------------------------------------------------------------------------------------------------------

    def width(self, params):
        return network_width(self.encoder, params["encoder"])

    def check_rows(self, x, name):
        self.likelihood.check(x, name)

    def compare(self, comparison, params):
        compare(self, comparison, params)


def _repeated(rows, draws):
    """Each row `draws` times, one after the other, batch-last in memory."""
    return rows if draws == 1 else np.repeat(rows.T, draws, axis=1).T


def _log_mean_exp(log_w):
    """log 1/K sum_k w_k: (N, K) -> (N,)."""
    return logsumexp(log_w, axis=1) - log(log_w.shape[1])
