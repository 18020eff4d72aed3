"""Dequantized: a density over whole numbers, made of a flow, which is one over all reals.

    P(x) = integral of p(x + u) over 0 <= u < 1           x (N, C, H, W) of whole numbers, p the flow             (1)

It is a probability, so it is at most 1. p alone is bounded by nothing: at a value that data repeat it can be as high as
it likes, and says nothing. For any density q(u | x) of the noise, Jensen's inequality gives

    log P(x) = log E_q [ p(x + u) / q(u | x) ] >= E_q [ log p(x + u) - log q(u | x) ]                              (2)

Uniform noise has log q = 0 (Theis et al. 2016, arXiv:1511.01844). With it p must be flat within each pixel's step; a
noise that is a flow itself, conditioned on x, is learned so that (2) is tighter (Ho et al. 2019, arXiv:1902.00275).
**`log_prob` is a lower bound of log P(x)**: one draw of the right side of (2). With K draws it is

    log (1/K) sum_k p(x + u_k) / q(u_k | x)                                                                        (3)

whose expectation rises with K to log P(x) (Burda et al. 2016, arXiv:1509.00519). Without an rng the noise is the same
at every call. x + u is rounded down, where it must be rounded: 255 + u is 256 in float32 for one u of 130,000.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, prod
from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch import autodiff, backend, trees, validate
from nfscratch.autodiff import rebox
from nfscratch.flows.context import TakesContext
from nfscratch.flows.flow import Flow
from nfscratch.flows.log_prob_terms import log_prob_terms
from nfscratch.flows.parameters import OF_FLOW, checked, naming_params
from nfscratch.flows.pixels import checked_pixels, warn_of_unused_values
from nfscratch.ops.events import flat, laid_out
from nfscratch.typed_fields import TypedFields


@dataclass(frozen=True, eq=False)
class Dequantized(TakesContext, TypedFields):
    """params: those of the flow, {"base", "bijection", "embed"}, and {"noise": those of the noise}.

    flow: a density over pixel levels, 0 to `values`. noise: None is uniform, else a Flow of the same shape on (0, 1)
        whose context is the image (nf.flows.pixel_noise makes one). values: how many a pixel can have.
    """

    flow: Flow
    noise: Flow | None = None
    values: int = 256

    base = property(lambda self: self.flow.base)
    bijection = property(lambda self: self.flow.bijection)
    embed = property(lambda self: self.flow.embed)
    shape = property(lambda self: self.flow.shape)

    def __post_init__(self):
        validate.part("flow", self.flow, Flow, "nf.flows.glow((1, 8, 8)).flow")
        validate.count("values", self.values, least=2)
        reach = self.flow.bijection.codomain
        if reach is not None and not (reach[0] <= 0 and reach[1] >= self.values):
            raise ValueError(f"flow must reach all pixel levels, 0 to {self.values}; got a flow that reaches {reach}")
        if self.noise is not None:
            validate.part("noise", self.noise, Flow, "nf.flows.pixel_noise((1, 8, 8))")
            self._check_noise()

    def _check_noise(self):
        size, noise = prod(self.shape), self.noise
        got = noise.shape, noise.bijection.codomain, noise.context_dim
        if got[:2] != (self.shape, (0.0, 1.0)) or got[2] not in (0, size):
            raise ValueError(
                f"noise must be a flow of shape {self.shape} on (0, 1), its context the image's {size} numbers "
                f"or none, such as nf.flows.pixel_noise({self.shape}); "
                f"got shape {got[0]}, codomain {got[1]}, context_dim {got[2]}"
            )

    def checked_x(self, name: str, x: Any, like: Any) -> Any:
        """x as an array (N, *shape) of pixel values; ValueError says what else it is."""
        return checked_pixels(name, x, self.shape, self.values, like)

    def init(self, rng: onp.random.Generator, x: Any = None, context: Any = None) -> dict:
        """Fresh parameters; the flow's layers look at the batch x with uniform noise."""
        rng = validate.seeded(rng)
        noise = {} if self.noise is None else self.noise.init(rng)
        if x is not None:
            x = self.checked_x("x", x, backend.asarray([]))
            warn_of_unused_values("x", x, self.values)
            x = below_next(x, uniform(rng, x))
        return {**self.flow.init(rng, x, context), "noise": noise}

    @property
    def updates(self) -> bool:
        """Whether `update` does anything."""
        return self.flow.updates

    def update(self, params: Any, x: Any, context: Any = None) -> Any:
        """Parameters with new "fixed" leaves, after a look at a batch."""
        return {**self.flow.update(self.flow_params(params), x, context), "noise": params["noise"]}

    def log_prob(self, params: Any, x: Any, context: Any = None, rng: Any = None, draws: int = 1) -> Any:
        """A lower bound of log P(x) in nats, (3) with `draws` draws: (N, *shape) -> (N,)."""
        params = self._checked(rebox(params))
        x = self.checked_x("x", x, trees.array_like(params))
        rng = validate.seeded(0 if rng is None else rng)
        terms = [self._one_draw(params, x, context, rng) for _ in range(validate.count("draws", draws, least=1))]
        return terms[0] if draws == 1 else autodiff.logsumexp(np.stack(terms), axis=0) - log(draws)

    def log_prob_terms(self, params: Any, x: Any, context: Any = None, rng: Any = None) -> dict[str, Any]:
        """The terms whose sum is `log_prob` with the same rng: {name: (N,)}, in nats. For nf.evaluate.bits_per_dim."""
        params = self._checked(params)
        x = self.checked_x("x", x, trees.array_like(params))
        u, log_q = self.noise_of(params, x, validate.seeded(0 if rng is None else rng))
        terms = {} if self.noise is None else {"noise: - log q(u | x)": -log_q}
        return {**terms, **log_prob_terms(self.flow, self.flow_params(params), below_next(x, u), context)}

    def _one_draw(self, params, x, context, rng):
        u, log_q = self.noise_of(params, x, rng)
        return self.flow.log_prob(self.flow_params(params), below_next(x, u), context, rng) - log_q

    def noise_of(self, params: Any, x: Any, rng: Any) -> tuple[Any, Any]:
        """u (N, *shape) between 0 and 1, and log q(u | x) (N,)."""
        if self.noise is None:
            return uniform(rng, x), 0.0
        return self.noise.sample_and_log_prob(params["noise"], rng, len(x), self._seen(x))

    @naming_params
    def log_prob_vjp(self, params: Any, x: Any, context: Any = None, rng: Any = None) -> Any:
        """One draw of (2), and pullback(g) -> g_params, None, g_context: whole numbers have no gradient. For `fit`."""
        rng = validate.seeded(0 if rng is None else rng)
        u, log_q, back_noise = self._noise_vjp(params, x, rng)
        y = below_next(x, u)
        log_p, back_flow = self.flow.log_prob_vjp(self.flow_params(params), y, context, rng)

        def pullback(g):
            g_flow, g_y, g_context = back_flow(g)
            return {**g_flow, "noise": back_noise(g_y * (y == x + u), -g)}, None, g_context

        return log_p - log_q, pullback

    def _noise_vjp(self, params, x, rng):
        """u, log q, and pullback(g_u, g_log_q) -> the gradient of the noise's parameters."""
        if self.noise is None:
            return uniform(rng, x), 0.0, lambda g_u, g_log_q: {}
        seen = self._seen(x) if self.noise.context_dim else None
        (u, log_q), back = self.noise.sample_and_log_prob_vjp(params["noise"], rng, len(x), seen)
        return u, log_q, lambda g_u, g_log_q: back((g_u, g_log_q))[0]

    def sample(self, params: Any, rng: onp.random.Generator, n: int, context: Any = None) -> Any:
        """n images of whole numbers (n, *shape): draws of the flow, rounded down, and cut at 0 and V - 1."""
        params = self._checked(rebox(params))
        return self.pixels(self.flow.sample(self.flow_params(params), rng, n, context))

    def pixels(self, y: Any) -> Any:
        """Levels y (N, *shape) of the flow as whole numbers 0 to V - 1."""
        return onp.clip(onp.floor(y), 0, self.values - 1).astype(int)

    def _seen(self, x):
        """The image as the noise's context: (N, D), between -1 and 1."""
        return (flat(x) * (2.0 / (self.values - 1)) - 1.0).T

    def flow_params(self, params: Any) -> dict:
        """The parameters of `flow` alone: for its own log_prob, its samples and its bijection."""
        return {key: params[key] for key in OF_FLOW}

    def _checked(self, params):
        return checked(self, params, (*OF_FLOW, "noise"), "init")


def uniform(rng: Any, x: Any) -> Any:
    """U[0, 1) for each number of x, in its dtype: float64 on the host, then cast."""
    return laid_out(backend.asarray(rng.random(x.shape), dtype=x.dtype, like=x))


def below_next(x: Any, u: Any) -> Any:
    """x + u, and where that is rounded up to x + 1 the number below it."""
    return np.minimum(x + u, onp.nextafter(x + 1, onp.zeros_like(x) - inf))
