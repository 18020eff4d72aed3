"""FreeForm: an encoder and a decoder of any form, trained as a density. Neither is invertible by its making.

    z = f(u) = u + encoder(u),    u_hat = g(z) = z + decoder(z),    u = (x - mean) / std                         (1)
    log p(x) = log p_Z(f(u)) + log|det J_f(u)| - sum_i log std_i                                                 (2)

Both networks start at 0, so that f and g start as the identity, and g as the inverse of f. The gradient of (2) in the
parameters theta of f needs no determinant. By Jacobi's formula, d log|det J| = tr(J^-1 dJ); if g is f's inverse, then
J_f(u)^-1 = J_g(z), and a random v with E[v v^T] = I estimates the trace (Hutchinson):

    d/dtheta log|det J_f| = tr(J_f^-1 dJ_f/dtheta) = E_v[v^T (dJ_f/dtheta) J_f^-1 v]                             (3)
                          ~ d/dtheta v^T J_f w,    w = J_g(z) v  held constant                                   (4)

The right side of (4) is the surrogate. Its value means nothing (its mean is tr(J_f J_g), D where g is the inverse); its
gradient is that of the log-determinant. w must be held constant: with it under the derivative, (4) is the gradient of
tr(J_f J_g), which is D for every pair of inverses and tells them nothing. And g must be the inverse where the data are:

    loss = mean of -log p_Z(z) - v^T J_f w + beta |u_hat - u|^2                                                  (5)

Without the last term, w is a direction that nobody has chosen, and f may fold: (2) then gives the mass of one z to each
of the points that share it, and integrates to more than 1. The term holds f together on the data alone. Elsewhere it
can fold all the same, so that the integral is a little above 1, and the mean of (2) on test rows flatters the model.
v is uniform on the sphere of radius sqrt(D), so that v^T v is always D. Draxler et al. 2024, arXiv:2310.16624, after
Sorrenson et al. 2024, arXiv:2306.01843.

By hand: w is a tangent of g, J_f w one of f, and the pullback of f with its tangent (ops/tangents.py) takes from (5)

    g_Jw = -v / N        g_u_hat = 2 beta (u_hat - u) / N        g_z = -dlog p_Z/dz / N + g's pullback of g_u_hat

`log_prob` is (2) by the whole Jacobian: D tangents and a determinant for each row. Its draws are g(z): they have this
density only as far as g is f's inverse. So look at `reconstruction_error` on draws, and at the integral in the plane.

    model = nf.models.FreeForm(nf.MLP(4 * (64,), "silu"), nf.MLP(4 * (64,), "silu"))
    result = nf.fit_model(model, x, rng=0, steps=4000, batch_size=256, optimizer=nf.adam(5e-3))
    model.log_prob(result.params, x_test)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, trees, validate
from nfscratch.autodiff import contains_box, rebox
from nfscratch.bijections import Standardize
from nfscratch.distributions import Distribution, StandardNormal
from nfscratch.distributions.distribution import standard_normal
from nfscratch.flows.recipe import check_base, check_network
from nfscratch.models.checked_parts import check_entries
from nfscratch.models.model import through
from nfscratch.models.scaled import Scaled, tried
from nfscratch.nets import Network
from nfscratch.nets.network import network_jacobian, network_method, network_value
from nfscratch.trees import FIXED

LARGEST = 64  # D, for which `log_prob` takes determinants unless it is told to
NUMBERS = 2**14  # rows times D, of a piece of `log_prob`


@dataclass(frozen=True, eq=False)
class FreeForm(Scaled):
    """params: {"encoder", "decoder", "base", "scale"}.

    encoder, decoder: networks from D numbers to D, whose output is added to their input. They must be smooth: with
    "relu", J_f jumps. base: a Distribution over z (N, D); None is the standard normal. beta: the weight of the
    reconstruction in (5), in nats per squared standard deviation.
    """

    encoder: Network
    decoder: Network
    base: Distribution | None = None
    beta: float = 30.0

    entries = ("encoder", "decoder", "base", "scale")

    def __post_init__(self):
        check_network("encoder", self.encoder)
        check_network("decoder", self.decoder)
        validate.factor("beta", self.beta)
        if self.base is not None:
            validate.part("base", self.base, Distribution, "nf.StandardNormal(2)")

    def init(self, rng: onp.random.Generator, x: Any) -> dict:
        """Fresh parameters for rows like those of x (N, D), on the active backend and dtype."""
        rng = validate.seeded(rng)
        x = self._first_rows(x)
        D = x.shape[1]
        check_base(self._base(D), (D,))
        return {
            "encoder": tried("encoder", self.encoder, self.encoder.init(rng, D, D), D, D),
            "decoder": tried("decoder", self.decoder, self.decoder.init(rng, D, D), D, D),
            "base": self._base(D).init(rng),
            "scale": Standardize(D).init(rng, x),
        }

    def _base(self, D):
        return StandardNormal(D) if self.base is None else self.base

    @property
    def dim(self) -> int | None:
        """D where the base tells it, else None: then the parameters do."""
        return None if self.base is None else self.base.shape[0]

    # --- training ----------------------------------------------------------------------------------------------------

    def loss_value_and_grad(self, params: Any, rng: Any, x: Any) -> tuple[Any, Any]:
        """(5) over the rows x (N, D), and its gradient tree. Arrays are taken as checked.

        The value is no negative log-likelihood: the surrogate in it has the log-determinant's gradient alone.
        """
        u, n = self._inward(params, x), len(x)
        v = _on_sphere(rng, u)
        z = u + network_value(self.encoder, params["encoder"], u)
        out, back_decoder = self.decoder.apply_vjp(params["decoder"], z)
        w = v + network_method(self.decoder, "jvp")(params["decoder"], z, v[None])[1][0]
        _, Jw, back_encoder = network_method(self.encoder, "jvp_vjp")(params["encoder"], u, w[None])
        log_p, back_base = self._base(x.shape[1]).log_prob_vjp(params["base"], z)
        r = z + out - u
        value = -log_p.mean() - (v * (w + Jw[0])).sum() / n + self.beta * (r * r).sum() / n
        g_r = (2.0 * self.beta / n) * r
        g_decoder, g_z = back_decoder(g_r)[:2]
        g_base, g_z_base = back_base(onp.full_like(log_p, -1.0 / n))[:2]
        g_encoder = back_encoder(g_z + g_r + g_z_base, -v[None] / n)[0]
        return value, {"encoder": g_encoder, "decoder": g_decoder, "base": g_base, "scale": {}}

    def validation_loss(self, params: Any, rng: Any, x: Any) -> float:
        """The mean of -log p(x) by (2), in nats, plus the last term of (5): nothing is estimated."""
        r = (self.reconstruct(params, x) - x) / params["scale"][FIXED]["std"]
        return float((self.beta * (r * r).sum(axis=1) - self.log_prob(params, x)).mean(dtype=onp.float64))

    # --- density -----------------------------------------------------------------------------------------------------

    def log_prob(self, params: Any, x: Any, largest: int = LARGEST) -> Any:
        """(2) for each row: (N, D) -> (N,), in nats. `autograd.grad` may differentiate it in the parameters.

        It takes the D x D Jacobian of each row. D above `largest` is refused, so that nobody waits for it unawares.
        """
        largest = validate.count("largest", largest, least=1)
        params = trees.with_constant_fixed(rebox(params))
        x = self.checked(params, x)
        D = x.shape[1]
        if D > largest:
            raise ValueError(
                f"x must have at most {largest} columns for log_prob, which takes a D x D determinant for each row; "
                f"got {D}. Pass largest={D} to have it all the same; fit_model needs none with validation=None"
            )
        if contains_box(params):
            return self._log_prob(params, x)
        rows = max(1, NUMBERS // D)
        pieces = [x[start : start + rows] for start in range(0, len(x), rows)] or [x]
        return onp.concatenate([self._log_prob(params, piece) for piece in pieces])

    def _log_prob(self, params, x):
        D, theta = x.shape[1], params["encoder"]
        u, log_det = Standardize(D).inverse(params["scale"], x)
        J = network_jacobian(self.encoder, theta, u) + backend.Constant(onp.eye(D)).on(u)
        z = u + through(self.encoder, theta, u)
        return self._base(D).log_prob(params["base"], z) + np.linalg.slogdet(J)[1] + log_det

    # --- use ---------------------------------------------------------------------------------------------------------

    def encode(self, params: Any, x: Any, rng: onp.random.Generator | None = None) -> Any:
        """f: (N, D) -> (N, D). Nothing is drawn."""
        u = self._inward(params, self.checked(params, x))
        return u + network_value(self.encoder, params["encoder"], u)

    def decode(self, params: Any, z: Any) -> Any:
        """g, in the units of the data: (N, D) -> (N, D)."""
        check_entries(self, params)
        z = validate.events("z", z, (self.width(params),), trees.array_like(params))
        return self._outward(params, z + network_value(self.decoder, params["decoder"], z))

    def reconstruction_error(self, params: Any, x: Any) -> Any:
        """|x - g(f(x))|^2 for each row: (N, D) -> (N,), in squared units of the data."""
        x = self.checked(params, x)
        return ((x - self.reconstruct(params, x)) ** 2).sum(axis=1)

    def sample(self, params: Any, rng: onp.random.Generator, n: int) -> Any:
        """n draws g(z), z ~ p_Z: (n, D)."""
        check_entries(self, params)
        rng = validate.seeded(rng)
        base, n = self._base(self.width(params)), validate.count("n", n)
        return self.decode(params, base.sample(params["base"], rng, n, trees.array_like(params)))

    def compare(self, comparison, params):
        D = self._compare_scale(comparison, params)
        for name in ("encoder", "decoder"):
            comparison.part(getattr(self, name), (D, D), params[name], f"params['{name}']")
        comparison.part(self._base(D), (), params["base"], "params['base']")


def _on_sphere(rng, like):
    """A direction for each row, uniform on the sphere of radius sqrt(D): E[v v^T] = I."""
    v = standard_normal(rng, like.shape, like)
    return v * (sqrt(like.shape[1]) / (v * v).sum(axis=1, keepdims=True) ** 0.5)
