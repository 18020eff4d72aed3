"""Two small layers of the tests' own whose inverse is a search: one diagonal, one dense."""

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

import nfscratch as nf
from nfscratch.ops.roots import monotone_root


@dataclass(frozen=True, eq=False)
class Cubic(nf.NumericInverse):
    """x = z + e^a z^3: an inverse by search, diagonal. Its gradient is the implicit one."""

    dim: int
    in_shape = property(lambda self: (self.dim,))
    jacobian_structure = "diagonal"

    def init(self, rng, x=None, context=None):
        return {"a": nf.backend.asarray(onp.zeros(self.dim))}

    def forward(self, params, z, context=None, rng=None):
        slope = 1 + 3 * np.exp(params["a"]) * np.square(z)
        return z + np.exp(params["a"]) * np.square(z) * z, np.sum(np.log(slope), axis=1)

    def solve(self, params, x, context=None):
        c = onp.exp(params["a"])
        return monotone_root(lambda z: (z + c * z * z * z, 1 + 3 * c * z * z), x)


@dataclass(frozen=True, eq=False)
class Bent(nf.NumericInverse):
    """x = z + 0.5 tanh(z . w) w / (1 + |w|^2) + context: a dense Jacobian, an inverse by search along w."""

    dim: int
    context_dim: int = 0
    in_shape = property(lambda self: (self.dim,))

    def init(self, rng, x=None, context=None):
        return {"w": nf.backend.asarray(onp.zeros(self.dim))}

    def _u(self, params):
        return 0.5 * params["w"] / (1 + np.sum(np.square(params["w"])))

    def forward(self, params, z, context=None, rng=None):
        w, u = params["w"], self._u(params)
        h = np.tanh(np.matmul(z, w))
        x = z + h[:, None] * u
        if context is not None:
            x = x + np.sum(context, axis=1, keepdims=True)
        return x, np.log(1 + (1 - np.square(h)) * np.sum(u * w))

    def solve(self, params, x, context=None):
        w, u = params["w"], self._u(params)
        x = x if context is None else x - context.sum(axis=1, keepdims=True)
        wu = (u * w).sum()
        s = monotone_root(lambda s: (s + wu * onp.tanh(s), 1 + wu * (1 - onp.tanh(s) ** 2)), x @ w)
        return x - onp.tanh(s)[:, None] * u
