"""Autoregressive: a network computes the parameters of every variable from the variables before it. MAF; inverted, IAF.

In the order of the variables, with theta_i = MADE(x)_i, a function of x_1 ... x_{i-1} and the context:

    inverse, x -> z:   z_i = h^-1(x_i; theta_i)     all i at once: one pass of the network               (1)
    forward, z -> x:   x_i = h(z_i; theta_i)        theta_i needs x_1 ... x_{i-1}: one after the other   (2)
    dz/dx is triangular,   log_det of (1) = sum_i log|dh^-1/dx_i|,   that of (2) is minus that           (3)

(2) is computed at the price of one pass (ops/one_pass.py), not of D. Differentiating (2), theta included,
with B = dh/dtheta dtheta/dx strictly triangular, dx = diag(dh/dz) dz + B dx, and so

    dx/dz = (I - B)^-1 diag(dh/dz)                                                                       (4)

Papamakarios et al. 2017, arXiv:1705.07057 (MAF). `Inverse(Autoregressive(...))` is IAF (Kingma et al. 2016,
arXiv:1606.04934): one pass from noise to samples. Its two forms in print, with mu and sigma functions of eps, are

    z = mu + sigma eps      Inverse(Autoregressive(Inverse(Affine()), D)):   log q(z) = log q(eps) - sum log sigma
    z = (eps - mu) / sigma  Inverse(Autoregressive(Affine(), D)):            log q(z) = log q(eps) + sum log sigma
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import autograd.numpy as np
import numpy as onp

from nfscratch import validate
from nfscratch.autodiff import solve_triangular, take
from nfscratch.bijections.contract import used_context
from nfscratch.bijections.order import Sorting, variable_order
from nfscratch.bijections.traits import Derived, dearest, moved_by
from nfscratch.excerpt import excerpt
from nfscratch.nets import MADE
from nfscratch.nets.network import network_jacobian, network_value
from nfscratch.ops.identity import identity
from nfscratch.transformers.transformer import Transformer


@dataclass(frozen=True, eq=False)
class Autoregressive(Derived):
    """params: those of the conditioner, whose units know the variables by their place in the order.

    order: None or "natural", "reversed", or the variables in the order in which they come: order[0] depends on none.
    """

    transformer: Transformer
    dim: int
    conditioner: MADE = MADE()  # noqa: RUF009 (frozen: safe to share)
    order: Sequence[int] | str | None = None
    context_dim: int = 0

    def derive(self):
        h = self.transformer
        return moved_by(
            h,
            in_shape=(self.dim,),
            context_dim=self.context_dim,
            jacobian_structure="triangular" if h.n_params else "diagonal",
            forward_cost=dearest([h.forward_cost, "sequential"]),
            updates=self.conditioner.updates,
        )

    def __post_init__(self):
        validate.size("dim", self.dim)
        validate.size("context_dim", self.context_dim, 0)
        object.__setattr__(self, "order", variable_order(self.order, self.dim))
        if not isinstance(self.conditioner, MADE):
            raise TypeError(f"conditioner must be a MADE, whose masks keep the order; got {excerpt(self.conditioner)}")
        validate.part("transformer", self.transformer, Transformer, "nf.Affine()")
        if self.transformer.least_width > 1:
            raise ValueError(
                "Autoregressive moves one variable at a time; "
                f"{type(self.transformer).__name__} ties {self.transformer.least_width} or more together"
            )

    @cached_property
    def _by_order(self):
        return Sorting(self.order)

    def init(self, rng, x=None, context=None):
        return self.conditioner.init(rng, self.dim, self.dim * self.transformer.n_params, self.context_dim)

    # --- x -> z: one pass ---

    def inverse(self, params, x, context=None, rng=None):
        x, context = self._sorted(x), used_context(self, context, x)
        z, log_d = self.transformer.inverse(self._theta(self.conditioner.apply(params, x, context)), x)
        return self._by_order.back(z), np.sum(log_d, axis=1)

    def inverse_vjp(self, params, x, context=None, rng=None):
        x, context = self._sorted(x), used_context(self, context, x)
        out, back_net = self.conditioner.apply_vjp(params, x, context)
        z, log_d, back_h = self.transformer.inverse_vjp(self._theta(out), x)

        def pullback(g_z, g_log_det):
            g_theta, g_x = back_h(self._by_order.there(g_z), g_log_det[:, None])
            g_params, g_through, g_context = back_net(_rows_of(g_theta).T)
            return g_params, self._by_order.back((g_x.T + g_through.T).T), g_context

        return self._by_order.back(z), log_d.sum(axis=1), pullback

    def inverse_value(self, params, x, context=None, rng=None):
        x, context = self._sorted(x), used_context(self, context, x)
        out = network_value(self.conditioner, params, x, context)
        z, log_d = self.transformer.inverse_value(self._theta(out), x)
        return self._by_order.back(z), log_d.sum(axis=1)

    # --- z -> x: one pass of arithmetic, in D steps ---

    def forward(self, params, z, context=None, rng=None):
        return take(self.forward_value, None, self.forward_in_passes, params, z, context, rng=rng)

    def forward_in_passes(self, params, z, context=None, rng=None):
        """The plain definition, as it is usually computed: the whole network D times."""
        z, context = self._sorted(z), used_context(self, context, z)
        x, log_d = np.zeros_like(z), []
        for i in range(self.dim):
            theta = self._theta(self.conditioner.apply(params, x, context))
            x_i, log_d_i = self.transformer.forward(theta[:, i : i + 1], z[:, i : i + 1])
            x = np.concatenate((x[:, :i], x_i, x[:, i + 1 :]), axis=1)
            log_d.append(log_d_i)
        return self._by_order.back(x), np.sum(np.concatenate(log_d, axis=1), axis=1)

    def forward_value(self, params, z, context=None, rng=None):
        z, context = self._sorted(z), used_context(self, context, z)
        log_det = onp.zeros_like(z, shape=(len(z),))

        def value(i, theta):
            x, log_d = self.transformer.forward_value(theta[:, None].T, rows[i : i + 1].T)
            onp.add(log_det, log_d[:, 0], out=log_det)
            return x[:, 0]

        rows = z.T
        x, _ = self.conditioner.generate(params, value, self.dim, rows, context)
        return self._by_order.back(x.T), log_det

    def forward_vjp(self, params, z, context=None, rng=None):
        z, context = self._sorted(z), used_context(self, context, z)
        rows = z.T

        def value(i, theta):
            return self.transformer.forward(theta[:, None].T, rows[i : i + 1].T)[0][:, 0]

        _, theta, back_net = self.conditioner.generate_vjp(params, value, self.dim, rows, context)
        x, log_d, back_h = self.transformer.forward_vjp(_as_theta(theta), z)

        def pullback(g_x, g_log_det):
            # Variables are independent given theta: both results' slopes are known for all of them beforehand.
            dx_dtheta, dx_dz = back_h(onp.ones_like(x), onp.zeros_like(log_d))
            gl_theta, gl_z = back_h(onp.zeros_like(x), g_log_det[:, None])
            per_x, fixed = _of_variables(dx_dtheta), _of_variables(gl_theta)

            def g_value(i, g_x_i):
                return per_x[i] * g_x_i + fixed[i]

            g_params, g_x, g_context = back_net(self._by_order.there(g_x).T, g_value)
            return g_params, self._by_order.back((g_x * dx_dz.T + gl_z.T).T), g_context

        return self._by_order.back(x), log_d.sum(axis=1), pullback

    def jacobian(self, params, z, context=None):
        """Equation (4), in the original order of the variables."""
        x, z, context = (
            self._by_order.there(self.forward(params, z, context)[0]),
            self._by_order.there(z),
            used_context(self, context, z),
        )
        theta = self._theta(self.conditioner.apply(params, x, context))
        dtheta = network_jacobian(self.conditioner, params, x, context)
        dtheta = np.reshape(dtheta, (len(z), self.dim, self.transformer.n_params, self.dim))
        dx_dz, B = self.transformer.tangents(theta, z, dtheta)
        eye = identity(self.dim, z)
        J = solve_triangular(eye - B, dx_dz[:, :, None] * eye, lower=True)
        return self._by_order.back(np.swapaxes(self._by_order.back(np.swapaxes(J, 1, 2)), 1, 2))

    # --- what comes in, and theta ---

    def _sorted(self, x):
        if tuple(x.shape[1:]) != (self.dim,):
            raise ValueError(f"Autoregressive takes arrays of shape (N, {self.dim}); got {tuple(x.shape)}")
        return self._by_order.there(x)

    def _theta(self, out):
        """The network's output (N, D P) as theta (N, D, P): a view."""
        return out.reshape((out.shape[0], self.dim, self.transformer.n_params))


def _as_theta(rows):
    """(D, P, N) as theta (N, D, P): a view."""
    return rows.transpose((2, 0, 1))


def _of_variables(theta):
    """theta (N, D, P) as contiguous rows (D, P, N)."""
    return onp.asarray(theta.transpose((1, 2, 0)), order="C", like=theta)


def _rows_of(theta):
    """theta (N, D, P) as the network's output rows (D P, N)."""
    rows = _of_variables(theta)
    return rows.reshape((rows.shape[0] * rows.shape[1], rows.shape[2]))
