"""ResidualMLP: dense blocks, each of which adds to what comes in, so that x + out is a composition of small moves.

    h_0 = x,    h_j = h_{j-1} + F_j(h_{j-1})    j = 1 ... blocks,    out = h_B - x = sum_j F_j(h_{j-1})          (1)

Each F_j is an MLP that starts at 0. The sum hands on both kinds of derivative as they are: a tangent H of h, and, on
the way back, the gradients g of h and G of H (He et al. 2016, arXiv:1512.03385, for the network):

    H_j = H_{j-1} + J_j H_{j-1}                        out's tangent is H_B - v, where H_0 = v                   (2)
    g <- g + (F_j's own pullback of g and G)           G <- G + (the same of H_{j-1})                            (3)

In R^2, eight moves of 32 units bend further than one of 256, and each is nearer to the identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.nets.mlp import MLP, check_activation, hidden_widths
from nfscratch.nets.network import Network


@dataclass(frozen=True, eq=False)
class ResidualMLP(Network):
    """`blocks` MLPs with `hidden` layer widths. params: a list of theirs. It takes no context."""

    blocks: int = 4
    hidden: Sequence[int] = (64,)
    activation: str = "silu"

    keeps_width = True

    def __post_init__(self):
        validate.count("blocks", self.blocks, least=1)
        object.__setattr__(self, "hidden", hidden_widths(self.hidden))
        check_activation(self.activation)

    @cached_property
    def block(self):
        return MLP(self.hidden, self.activation)

    def init(self, rng, n_in, n_out, context_dim=0):
        if n_in != n_out or context_dim:
            raise ValueError(
                f"ResidualMLP must give as many numbers as it takes, and takes no context; got {n_in} in, {n_out} out "
                f"and context_dim {context_dim}"
            )
        return [self.block.init(rng, n_in, n_out) for _ in range(self.blocks)]

    def n_in(self, params):
        return self.block.n_in(params[0])

    def apply(self, params, x, context=None):
        h = x
        for k in range(self.blocks):
            h = h + self.block.apply(params[k], h)
        return h - x

    def apply_vjp(self, params, x, context=None):
        h, backs = x, []
        for theta in params:
            added, back = self.block.apply_vjp(theta, h)
            h = h + added
            backs.append(back)

        def pullback(g):
            grads, g_h = [], g
            for back in reversed(backs):
                g_theta, through, _ = back(g_h)
                grads.append(g_theta)
                g_h = g_h + through
            return grads[::-1], g_h - g, None

        return h - x, pullback

    def jvp(self, params, x, v, context=None):
        h, H = x, v
        for k in range(self.blocks):
            added, moved = self.block.jvp(params[k], h, H)
            h, H = h + added, H + moved
        return h - x, H - v

    def jvp_vjp(self, params, x, v, context=None):
        h, H, backs = x, v, []
        for theta in params:
            added, moved, back = self.block.jvp_vjp(theta, h, H)
            h, H = h + added, H + moved
            backs.append(back)

        def pullback(g_f, g_Jv):
            grads, g, G = [], g_f, g_Jv
            for back in reversed(backs):
                g_theta, through, through_tangents, _ = back(g, G)
                grads.append(g_theta)
                g, G = g + through, G + through_tangents
            return grads[::-1], g - g_f, G - g_Jv, None

        return h - x, H - v, pullback

    def jacobian(self, params, x, context=None):
        """By (2) for the D unit vectors: (N, D, D)."""
        unit = np.zeros_like(x) + backend.Constant(onp.eye(x.shape[1])[:, None]).on(x)
        return np.transpose(self.jvp(params, x, unit)[1], (1, 2, 0))
