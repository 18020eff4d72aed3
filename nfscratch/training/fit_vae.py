"""`fit_vae`: `fit_model` for a variational autoencoder, whose prior and posterior may count less at first.

    minimize   -mean log w(x),   log w = log p(x | z) + beta_t [log p(z) - log q(z | x)],   z ~ q(z | x)           (1)
    beta_t = min(1, (t + 1) / anneal)         t: the steps done                                                    (2)

Held-out rows are judged by the ELBO with beta = 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nfscratch import validate
from nfscratch.models.vae import VAE
from nfscratch.training.fit_model import fit_model
from nfscratch.training.record import Result


def fit_vae(
    vae: VAE, x: Any, *, anneal: int = 0, draws: int = 1, importance: bool = False, rng: Any, **others: Any
) -> Result:
    """Maximise the ELBO over rows x (N, D), in nats per row; `result.params` are the best on the held-out rows.

    anneal: over so many steps beta of (1) rises to 1. With 0 it is 1 from the start.
    draws, importance: of `VAE.loss_value_and_grad`: several draws for each row, and their importance-weighted bound.
    rng and all other arguments are those of `nf.fit_model`.
    """
    validate.part("vae", vae, VAE, "nf.models.VAE(nf.MLP(), nf.MLP(), nf.flows.posterior(8, 64))")
    anneal, draws = validate.count("anneal", anneal), validate.count("draws", draws, least=1)
    importance = validate.flag("importance", importance)
    return fit_model(vae, x, rng=rng, at_step=Annealed(anneal, draws, importance), **others)


@dataclass(frozen=True)
class Annealed:
    """The arguments of the loss after `done` steps, (2)."""

    anneal: int
    draws: int
    importance: bool

    def __call__(self, done):
        beta = min(1.0, (done + 1.0) / self.anneal) if self.anneal else 1.0
        return {"beta": beta, "draws": self.draws, "importance": self.importance}
