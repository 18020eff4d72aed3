"""Coupling: some variables pass unchanged and decide how the others move.

With a mask b (True: kept), K = {i: b_i} and C = {i: not b_i}:

    x_K = z_K                                                                       (1)
    x_C = h(z_C; theta),    theta = network(z_K, context)                           (2)

Sorted as (K, C), the Jacobian is block triangular, whatever the network is:

    J = [ I                       0             ]
        [ dh/dtheta dtheta/dz_K   diag(dh/dz_C) ],      log_det = sum_C log|dh/dz_i|   (3)

and the inverse asks the same network the same question, because x_K = z_K: it is never inverted.
Dinh et al. 2014, arXiv:1410.8516, section 3.2; Dinh et al. 2017, arXiv:1605.08803, equations 4 to 8.

A layer with nothing kept (D = 1) is elementwise: its network sees the context alone.

The mask has the shape of the event, (D,) or (C, H, W), and K and C are taken in the flattened event. A dense network
sees z_K as a vector, and a ConvNet sees it as an image (views.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import autograd.numpy as np
import numpy as onp

from nfscratch import validate
from nfscratch.backend import Constant
from nfscratch.bijections.contract import used_context
from nfscratch.bijections.masks import as_mask, as_tuple
from nfscratch.bijections.traits import Derived, moved_by
from nfscratch.bijections.views import check_context, view_of
from nfscratch.excerpt import excerpt
from nfscratch.nets import MLP, Network
from nfscratch.nets.network import network_jacobian, network_value
from nfscratch.ops.events import flat, unflat
from nfscratch.ops.identity import identity
from nfscratch.transformers.transformer import Transformer


@dataclass(frozen=True, eq=False)
class Coupling(Derived):
    """params: those of the conditioner.

    mask: booleans in the shape of the event, D of them or nested as (C, H, W); True where a variable is kept. At least
    one must change. masks.py has the usual ones.
    conditioner: any Network; it maps len(K) numbers and the context to len(C) * transformer.n_params. One that
        `sees_images`, such as nf.ConvNet, maps the kept channels, or the image with zeros in place of C.
    """

    transformer: Transformer
    mask: Sequence
    conditioner: Network = MLP()  # noqa: RUF009 (frozen: safe to share)
    context_dim: int = 0

    def derive(self):
        """Domain and codomain are of the variables that are changed; those that are kept may be anything."""
        return moved_by(
            self.transformer,
            in_shape=onp.shape(self.mask),
            context_dim=self.context_dim,
            jacobian_structure="block triangular",
            updates=getattr(self.conditioner, "updates", False),
        )

    def __post_init__(self):
        validate.part("transformer", self.transformer, Transformer, "nf.Affine()")
        if self.transformer.n_params == 0:
            raise ValueError(
                "transformer must have parameters, which the kept variables decide; "
                f"got {excerpt(self.transformer)}: nf.Elementwise applies it to all variables"
            )
        object.__setattr__(self, "mask", as_tuple(as_mask(self.mask)))
        validate.size("context_dim", self.context_dim, 0)
        _ = self._view  # it checks that the network suits the mask
        check_context(self.conditioner, onp.shape(self.mask), self.context_dim)

    @cached_property
    def _view(self):
        return view_of(self.conditioner, onp.array(self.mask), self.transformer.n_params)

    @cached_property
    def _flags(self):
        """The mask of the flattened event: D booleans."""
        return onp.ravel(self.mask)

    @cached_property
    def kept(self):
        """Rows K of a batch-last array, as a slice where the mask is regular: then taking them copies nothing."""
        return _rows(onp.flatnonzero(self._flags))

    @cached_property
    def changed(self):
        return _rows(onp.flatnonzero(~self._flags))

    @cached_property
    def _order(self):
        """Puts the rows of (K, C), side by side, back in place."""
        return Constant(onp.argsort(onp.argsort(~self._flags, kind="stable")), int)

    def init(self, rng, x=None, context=None):
        return self.conditioner.init(rng, self._view.n_in, self._view.n_out, self.context_dim)

    def forward(self, params, z, context=None, rng=None):
        return self._apply(self.transformer.forward, params, z, context)

    def inverse(self, params, x, context=None, rng=None):
        return self._apply(self.transformer.inverse, params, x, context)

    def forward_vjp(self, params, z, context=None, rng=None):
        return self._apply_vjp(self.transformer.forward_vjp, params, z, context)

    def inverse_vjp(self, params, x, context=None, rng=None):
        return self._apply_vjp(self.transformer.inverse_vjp, params, x, context)

    def forward_value(self, params, z, context=None, rng=None):
        return self._apply_value(self.transformer.forward_value, params, z, context)

    def inverse_value(self, params, x, context=None, rng=None):
        return self._apply_value(self.transformer.inverse_value, params, x, context)

    def update(self, params, x, context=None):
        return self.conditioner.update(params) if self.updates else params

    def _apply(self, transform, params, z, context):
        """Both directions: h or its inverse on the changed variables, with theta from the kept ones."""
        kept, changed = self._split(z)
        out = self.conditioner.apply(params, self._view.seen(kept), used_context(self, context, z))
        x_changed, log_d = transform(self._view.theta(out), changed.T)
        x = np.concatenate((kept, x_changed.T), axis=0)[self._order.on(z)]
        return unflat(x, self.in_shape), np.sum(log_d, axis=1)

    def _apply_value(self, transform_value, params, z, context):
        kept, changed = self._split(z)
        out = network_value(self.conditioner, params, self._view.seen(kept), used_context(self, context, z))
        x_changed, log_d = transform_value(self._view.theta(out), changed.T)
        return self._join(kept, x_changed.T), log_d.sum(axis=1)

    def _apply_vjp(self, transform_vjp, params, z, context):
        kept, changed = self._split(z)
        out, back_net = self.conditioner.apply_vjp(params, self._view.seen(kept), used_context(self, context, z))
        x_changed, log_d, back_h = transform_vjp(self._view.theta(out), changed.T)

        def pullback(g_x, g_log_det):
            g_kept, g_changed = self._split(g_x)
            g_theta, g_changed = back_h(g_changed.T, g_log_det[:, None])
            g_params, g_seen, g_context = back_net(self._view.out_of(g_theta))
            return g_params, self._join(g_kept + self._view.kept_of(g_seen), g_changed.T), g_context

        return self._join(kept, x_changed.T), log_d.sum(axis=1), pullback

    def jacobian(self, params, z, context=None):
        """Equation (3), in the original order of the variables."""
        kept, changed = self._split(z)
        context = used_context(self, context, z)
        seen = self._view.seen(kept)
        theta = self._view.theta(self.conditioner.apply(params, seen, context))
        dtheta = self._view.dtheta(network_jacobian(self.conditioner, params, seen, context))
        dx_dz, dx_dkept = self.transformer.tangents(theta, changed.T, dtheta)
        n_kept, n_changed = len(kept), len(changed)
        upper = np.zeros_like(z, shape=(len(z), n_kept, n_kept)) + identity(n_kept, z)
        upper = np.concatenate((upper, np.zeros_like(z, shape=(len(z), n_kept, n_changed))), axis=2)
        diagonal = dx_dz[:, :, None] * identity(n_changed, z)
        J = np.concatenate((upper, np.concatenate((dx_dkept, diagonal), axis=2)), axis=1)
        order = self._order.on(z)
        return J[:, order][:, :, order]

    def _split(self, z):
        """The kept and the changed variables, batch-last: (|K|, N), (|C|, N)."""
        if z.shape[1:] != self.in_shape:
            shape = ", ".join(map(str, self.in_shape))
            raise ValueError(f"Coupling takes arrays of shape (N, {shape}), as its mask has; got {tuple(z.shape)}")
        rows = flat(z)
        return rows[_on(self.kept, z)], rows[_on(self.changed, z)]

    def _join(self, kept, changed):
        rows = onp.empty_like(changed, shape=(self._flags.size, changed.shape[1]))
        rows[_on(self.kept, changed)] = kept
        rows[_on(self.changed, changed)] = changed
        return unflat(rows, self.in_shape)


def _rows(indices):
    """Indices as a slice, if they are evenly spaced; else as a constant that follows the arrays."""
    if len(indices) == 0:
        return slice(0, 0)
    step = int(indices[1] - indices[0]) if len(indices) > 1 else 1
    if (onp.diff(indices) == step).all():
        return slice(int(indices[0]), int(indices[-1]) + 1, step)
    return Constant(indices, int)


def _on(rows, x):
    return rows if isinstance(rows, slice) else rows.on(x)
