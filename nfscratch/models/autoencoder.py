"""AutoEncoder: a code of few numbers from which a decoder rebuilds x.

    z = encoder(u),    u_hat = decoder(z),    u = (x - mean) / std                                               (1)
    x_hat = mean + std u_hat,    error = |x - x_hat|^2 = sum_i std_i^2 (u_i - u_hat_i)^2                         (2)

Training minimises the mean of (2) over V = sum_i std_i^2: the share of the variance that is left, a number without a
unit, so that a step is the same in metres and in millimetres. With linear networks its least value is the share that
the first `dim` principal components leave out (Baldi and Hornik 1989). Pullbacks, for one of N rows:

    g_u_hat = 2 / (N V) std^2 (u_hat - u) -> decoder -> g_z -> encoder

An autoencoder is no density: nothing in (2) says how codes are distributed. To draw x at all, `sample` draws codes from
the Gaussian with the mean and covariance of the training rows' codes, which the trainer stores at its end (`look`;
Ghosh et al. 2020, arXiv:1903.12436, fit such a density after training). Before that it is N(0, I).

    model = nf.models.AutoEncoder(nf.MLP((64, 64)), nf.MLP((64, 64)), 2)
    result = nf.fit_model(model, x, rng=0)
    model.reconstruction_error(result.params, x_test).mean()
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, trees, validate
from nfscratch.autodiff import rebox
from nfscratch.bijections import Standardize
from nfscratch.distributions.distribution import standard_normal
from nfscratch.flows.chunks import in_chunks
from nfscratch.flows.recipe import check_network
from nfscratch.models.checked_parts import check_entries
from nfscratch.models.model import through
from nfscratch.models.scaled import Scaled, tried
from nfscratch.nets import Network
from nfscratch.nets.network import features, network_value
from nfscratch.trees import FIXED


@dataclass(frozen=True, eq=False)
class AutoEncoder(Scaled):
    """params: {"encoder", "decoder", "scale", "codes"}. encoder: x (N, D) -> z (N, dim). decoder: z -> (N, D)."""

    encoder: Network
    decoder: Network
    dim: int

    entries = ("encoder", "decoder", "scale", "codes")

    def __post_init__(self):
        check_network("encoder", self.encoder)
        check_network("decoder", self.decoder)
        object.__setattr__(self, "dim", validate.size("dim", self.dim))

    def init(self, rng: onp.random.Generator, x: Any) -> dict:
        """Fresh parameters for rows like those of x (N, D), on the active backend and dtype."""
        rng = validate.seeded(rng)
        x = self._first_rows(x)
        width = x.shape[1]
        encoder, decoder = features(self.encoder, rng, width, self.dim), self.decoder.init(rng, self.dim, width)
        return {
            "encoder": tried("encoder", self.encoder, encoder, width, self.dim),
            "decoder": tried("decoder", self.decoder, decoder, self.dim, width),
            "scale": Standardize(width).init(rng, x),
            "codes": _gaussian(onp.zeros(self.dim), onp.eye(self.dim)),
        }

    # --- training ----------------------------------------------------------------------------------------------------

    def loss_value_and_grad(self, params: Any, rng: Any, x: Any) -> tuple[Any, Any]:
        """The share of the variance that is left in the rows x, and its gradient tree. Arrays are taken as checked."""
        u, std = self._inward(params, x), params["scale"][FIXED]["std"]
        z, back_encoder = self.encoder.apply_vjp(params["encoder"], u)
        u_hat, back_decoder = self.decoder.apply_vjp(params["decoder"], z)
        weight = std / _length(std) / len(x) ** 0.5
        d = (u_hat - u) * weight
        g_decoder, g_z = back_decoder(2.0 * weight * d)[:2]
        return (d * d).sum(), {"encoder": back_encoder(g_z)[0], "decoder": g_decoder, "scale": {}, "codes": {}}

    def validation_loss(self, params: Any, rng: Any, x: Any) -> float:
        """The same, of held-out rows."""
        length = _length(params["scale"][FIXED]["std"])
        return float((self.reconstruction_error(params, x) / length / length).mean(dtype=onp.float64))

    def bearable(self, width: int) -> float:
        """Half of the variance."""
        return 0.5

    def look(self, params, x):
        """The parameters with the mean and the covariance of the codes of x (N, D)."""
        z = onp.asarray(backend.to_numpy(self.encode(params, x)), dtype=onp.float64)
        values, vectors = onp.linalg.eigh(onp.cov(z.T, bias=True).reshape(self.dim, self.dim))
        return {
            **params,
            "codes": _gaussian(
                z.mean(axis=0), vectors * onp.maximum(values, 0.0) ** 0.5, like=trees.array_like(params)
            ),
        }

    # --- use ---------------------------------------------------------------------------------------------------------

    def encode(self, params: Any, x: Any, rng: onp.random.Generator | None = None) -> Any:
        """The code of each row: (N, D) -> (N, dim). Nothing is drawn."""
        u = self._inward(params, self.checked(params, x))
        return in_chunks(lambda rows, _: network_value(self.encoder, params["encoder"], rows), u)

    def decode(self, params: Any, z: Any) -> Any:
        """x_hat: (N, dim) -> (N, D)."""
        z = self.checked_codes(params, z)
        return self._outward(params, network_value(self.decoder, params["decoder"], z))

    def reconstruction_error(self, params: Any, x: Any) -> Any:
        """(2) for each row: (N, D) -> (N,), in squared units of the data. `autograd.grad` may differentiate it."""
        params = trees.with_constant_fixed(rebox(params))
        u = self._inward(params, self.checked(params, x))
        u_hat = through(self.decoder, params["decoder"], through(self.encoder, params["encoder"], u))
        return np.sum(np.square(params["scale"][FIXED]["std"] * (u - u_hat)), axis=1)

    def sample(self, params: Any, rng: onp.random.Generator, n: int) -> Any:
        """n draws: the decoder's output for codes from the Gaussian of the training rows' codes, (n, D)."""
        check_entries(self, params)
        rng = validate.seeded(rng)
        codes = params["codes"][FIXED]
        e = standard_normal(rng, (validate.count("n", n), self.dim), codes["mean"])
        return self.decode(params, e @ codes["root"].T + codes["mean"])

    def compare(self, comparison, params):
        width = self._compare_scale(comparison, params)
        comparison.part(self.encoder, (width, self.dim), params["encoder"], "params['encoder']")
        comparison.part(self.decoder, (self.dim, width), params["decoder"], "params['decoder']")
        comparison.compare(_shapes(self.dim), params["codes"], "params['codes']")


def _shapes(dim):
    """The entries of "codes" without their memory: a forged description may ask for any `dim`."""
    return {FIXED: {"mean": onp.broadcast_to(0.0, (dim,)), "root": onp.broadcast_to(0.0, (dim, dim))}}


def _length(std):
    """The root of V; squares of very small or large units would leave the dtype's range."""
    largest = std.max()
    return largest * ((std / largest) ** 2).sum() ** 0.5


def _gaussian(mean, root, like=None):
    """Stored, not trained: codes are mean + root e, e ~ N(0, I)."""
    dtype = None if like is None else like.dtype
    return {FIXED: {"mean": backend.asarray(mean, dtype, like=like), "root": backend.asarray(root, dtype, like=like)}}
