"""GAN: a generator whose draws a critic shall not tell from data. Its loss asks for no density.

    x = G(z),  z ~ N(0, I)          D(u): the critic's logit that u is data,  u = (x - mean) / std               (1)
    critic      E_data[s(-D(u))] + E_z[s(D(G(z)))] + gamma/2 E_data |grad_u D(u)|^2,    s(a) = log(1 + e^a)      (2)
    generator   E_z[s(-D(G(z)))]                                                                                 (3)

Goodfellow et al. 2014, arXiv:1406.2661; (3) is their "non-saturating" loss. The last term of (2) is the penalty R1 of
Mescheder et al. 2018, arXiv:1801.04406: without it the two players circle around the solution and never reach it; with
it they converge to it from nearby, because a critic that still slopes on the data costs something.

The penalty needs a second derivative, and it takes no tape. With v = grad_u D held constant,

    d/dtheta 1/2 |grad_u D|^2 = v . d(grad_u D)/dtheta = d/dtheta (J_D v)                                        (4)

so it is the parameter gradient of D's derivative along v, which the networks have by formula (ops/tangents.py).

With a Flow as generator the GAN is invertible: G^-1 is an encoder, and `log_prob` is exact, though (2) and (3) never
look at it (Grover et al. 2018, arXiv:1705.08868, train a flow in both ways).

    gan = nf.models.GAN(nf.MLP((64, 64)), nf.MLP((64, 64)), 2)
    result = nf.fit_gan(gan, x, rng=0)
    gan.sample(result.params, rng, 1000)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as onp

from nfscratch import trees, validate
from nfscratch.bijections import Standardize
from nfscratch.distributions.distribution import standard_normal
from nfscratch.flows import Flow
from nfscratch.flows.recipe import check_network
from nfscratch.models.checked_parts import check_entries, check_generator
from nfscratch.models.scaled import Scaled, tried
from nfscratch.nets import Network
from nfscratch.nets.network import features, network_method, network_value
from nfscratch.trees import FIXED


@dataclass(frozen=True, eq=False)
class GAN(Scaled):
    """params: {"critic", "generator", "scale"}.

    generator: a network from z (N, dim) to D numbers, or a Flow over x, whose base then draws z. critic: a network from
    D numbers to 1. dim: how many numbers z has; a Flow knows. penalty: gamma of (2): 0.1 to 1 in the plane, more for
    more columns, such as 10 for digits of 64 pixels, because all slopes add up in it.
    """

    generator: Network | Flow
    critic: Network
    dim: int | None = None
    penalty: float = 1.0

    entries = ("critic", "generator", "scale")
    networks = ("critic", "generator")
    called = "gan"
    trainer = "nf.fit_gan"

    def __post_init__(self):
        check_network("critic", self.critic)
        object.__setattr__(self, "dim", check_generator(self.generator, self.dim))
        validate.not_negative("penalty", self.penalty)

    @property
    def invertible(self) -> bool:
        """Whether the generator is a Flow."""
        return isinstance(self.generator, Flow)

    def init(self, rng: onp.random.Generator, x: Any) -> dict:
        """Fresh parameters for rows like those of x (N, D), on the active backend and dtype."""
        rng = validate.seeded(rng)
        x = self._first_rows(x)
        width = x.shape[1]
        return {
            "critic": tried("critic", self.critic, features(self.critic, rng, width, 1), width, 1),
            "generator": self._init_generator(rng, x),
            "scale": Standardize(width).init(rng, x),
        }

    def _init_generator(self, rng, x):
        if self.invertible:
            return self.generator.init(rng, self.generator.checked_x("x", x, x))
        sizes = self.dim, x.shape[1]
        return tried("generator", self.generator, features(self.generator, rng, *sizes), *sizes)

    # --- the two losses ----------------------------------------------------------------------------------------------

    def critic_value_and_grad(self, params: Any, rng: Any, x: Any) -> tuple[Any, Any]:
        """(2) of the rows x (N, D) and of as many draws, and its gradient in the critic. Arrays are not checked."""
        network, theta, n = self.critic, params["critic"], len(x)
        real, drawn = self._inward(params, x), self._drawn_vjp(params, rng, n)[0]
        out, back = network.apply_vjp(theta, real)
        slope = back(onp.ones_like(out))[1]
        of_real, along, back_real = network_method(network, "jvp_vjp")(theta, real, slope[None])  # along: |slope|^2
        of_drawn, back_drawn = network.apply_vjp(theta, drawn)
        value = _softplus(-of_real).mean() + _softplus(of_drawn).mean() + 0.5 * self.penalty * along.mean()
        g_real = back_real(-_sigmoid(-of_real) / n, onp.full_like(along, self.penalty / n))[0]
        return value, trees.add(g_real, back_drawn(_sigmoid(of_drawn) / n)[0])

    def generator_value_and_grad(self, params: Any, rng: Any, n: int) -> tuple[Any, Any]:
        """(3) of n draws, and its gradient in the generator."""
        drawn, back_generator = self._drawn_vjp(params, rng, n)
        out, back_critic = self.critic.apply_vjp(params["critic"], drawn)
        return _softplus(-out).mean(), back_generator(back_critic(-_sigmoid(-out) / n)[1])

    def _drawn_vjp(self, params, rng, n):
        """n draws in the critic's units, and pullback(g) -> gradient of the generator."""
        if not self.invertible:
            z = standard_normal(rng, (n, self.dim), trees.array_like(params))
            u, back = self.generator.apply_vjp(params["generator"], z)
            return u, lambda g: back(g)[0]
        (x, log_q), back_x = self.generator.sample_and_log_prob_vjp(params["generator"], rng, n)
        std = params["scale"][FIXED]["std"]
        return self._inward(params, x), lambda g: back_x((g / std, onp.zeros_like(log_q)))[0]

    # --- use ---------------------------------------------------------------------------------------------------------

    def sample(self, params: Any, rng: onp.random.Generator, n: int) -> Any:
        """n draws of x: (n, D)."""
        check_entries(self, params)
        if self.invertible:
            return self.generator.sample(params["generator"], rng, n)
        rng = validate.seeded(rng)
        return self.decode(params, standard_normal(rng, (validate.count("n", n), self.dim), trees.array_like(params)))

    def decode(self, params: Any, z: Any) -> Any:
        """G(z): (N, dim) -> (N, D)."""
        z = self.checked_codes(params, z)
        if self.invertible:
            return self.generator.bijection.forward_value(params["generator"]["bijection"], z)[0]
        return self._outward(params, network_value(self.generator, params["generator"], z))

    def encode(self, params: Any, x: Any, rng: onp.random.Generator | None = None) -> Any:
        """G^-1(x), where the generator is a Flow: (N, D) -> (N, dim). Nothing is drawn. TypeError for a network."""
        x = self._of_flow("encode", params, x)
        return self.generator.bijection.inverse_value(params["generator"]["bijection"], x)[0]

    def log_prob(self, params: Any, x: Any) -> Any:
        """log p(x), where the generator is a Flow, in nats: (N, D) -> (N,). TypeError for a network."""
        x = self._of_flow("log_prob", params, x)
        return self.generator.log_prob(params["generator"], x)

    def _of_flow(self, method, params, x):
        if not self.invertible:
            kind = type(self.generator).__name__
            raise TypeError(f"{method} needs a generator that is a Flow, such as nf.flows.real_nvp(2); got a {kind}")
        return self.checked(params, x)

    def compare(self, comparison, params):
        width = self._compare_scale(comparison, params)
        comparison.part(self.critic, (width, 1), params["critic"], "params['critic']")
        if self.invertible:
            comparison.flow(self.generator, params["generator"], "params['generator']")
        else:
            comparison.part(self.generator, (self.dim, width), params["generator"], "params['generator']")


def _softplus(a):
    return onp.maximum(a, 0.0) + onp.log(1.0 + onp.exp(-onp.abs(a)))


def _sigmoid(a):
    return 0.5 + 0.5 * onp.tanh(0.5 * a)
