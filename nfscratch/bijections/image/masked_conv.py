"""MaskedConv: a convolution that sees the pixels before the one that it writes, and is inverted pixel by pixel.

    x(p) = A z(p) + b + sum over offsets d before 0 of K_d z(p + d)        p: a pixel; zeros outside of the image   (1)

`before` is the order in which one reads: the rows above, and what stands to the left. As a matrix M, with the pixels in
that order, (1) is block triangular with A on its diagonal, whatever the K_d are:

    log|det M| = H W log|det A|                                                                                      (2)
    z(p) = A^-1 [ x(p) - b - sum of K_d z(p + d) ],   the first pixel first                                          (3)

(3) runs over fronts of pixels that do not wait for each other (ops/wavefront.py). With u = M^-T g_z, the inverse has
the pullback of (1), at z and with the gradients -u and -g_log_det, and g_x = u: no derivative passes the solution.
Hoogeboom, van den Berg and Welling 2019, arXiv:1901.11137, section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.backend import Constant
from nfscratch.bijections.contract import Bijection, same_jacobian
from nfscratch.bijections.linear import Conv1x1, Linear, Triangular
from nfscratch.bijections.linear.affine_map import shift_and_matrix
from nfscratch.excerpt import excerpt
from nfscratch.nets.conv import is_odd
from nfscratch.ops.convolution import CONVOLUTION, convolve
from nfscratch.ops.events import batch_first, batch_last, check_event
from nfscratch.ops.identity import identity
from nfscratch.ops.triangle import solve as solve_triangle
from nfscratch.ops.wavefront import before, solve, solve_transposed, turned


@dataclass(frozen=True, eq=False)
class MaskedConv(Bijection):
    """params: {"before": (C, C, (k^2 - 1) / 2), the K_d row by row, "centre": those of Conv1x1, A and b}.

    shape: (C, H, W). kernel: k, odd. linear: what A is, a Linear(C); default Triangular(C), as in the paper.
    turned: the other order, from the last pixel to the first. Fresh parameters: the identity.
    Forward is one pass. The inverse takes (r + 1)(H - 1) + W steps, k = 2 r + 1.
    """

    shape: tuple[int, int, int]
    kernel: int = 3
    linear: Linear | None = None
    turned: bool = False

    inverse_cost = "sequential"
    in_shape = property(lambda self: self.shape)

    def __post_init__(self):
        if not is_odd(self.kernel):
            raise ValueError(f"kernel must be an odd number; got {excerpt(self.kernel)}")
        object.__setattr__(self, "kernel", int(self.kernel))
        validate.choice("turned", self.turned, (True, False))
        object.__setattr__(self, "shape", validate.event_shape("MaskedConv", self.shape, axes=(3,)))
        if self.linear is None:
            object.__setattr__(self, "linear", Triangular(self.shape[0]))
        _ = self._centre  # it checks that `linear` fits

    @cached_property
    def _centre(self):
        return Conv1x1(self.shape, self.linear)

    @property
    def jacobian_structure(self):
        return "triangular" if self.linear.jacobian_structure in ("diagonal", "triangular") else "dense"

    def init(self, rng, x=None, context=None):
        C, n = self.shape[0], len(before(self.kernel))
        return {"before": backend.asarray(onp.zeros((C, C, n))), "centre": self._centre.init(rng)}

    def forward(self, params, z, context=None, rng=None):
        check_event("MaskedConv", z, self.shape)
        x, log_det = self._centre.forward(params["centre"], z)
        return x + self._image(convolve(self._full(params["before"]), self._rows(z))), log_det

    def inverse(self, params, x, context=None, rng=None):
        """(3) as one triangular equation, which may be traced: z(p) + sum of A^-1 K_d z(p + d) = A^-1 [x(p) - b]."""
        check_event("MaskedConv", x, self.shape)
        z, log_det = self._centre.inverse(params["centre"], x)
        M = self._by_pixels(self._in_units_of_A(params))
        rows = np.reshape(np.moveaxis(batch_last(z), 0, 2), (M.shape[0], len(x)))
        z = np.reshape(solve_triangle(M, rows, not self.turned), (*self.shape[1:], self.shape[0], len(x)))
        return batch_first(np.moveaxis(z, 2, 0)), log_det

    def forward_vjp(self, params, z, context=None, rng=None):
        check_event("MaskedConv", z, self.shape)
        x, log_det, back = self._centre.forward_vjp(params["centre"], z)
        K, h = self._full(params["before"]), self._rows(z)

        def pullback(g_x, g_log_det):
            g_centre, g_z, _ = back(g_x, g_log_det)
            g = self._rows(g_x)
            g_before = self._before(CONVOLUTION.outer(g, h, K))
            return {"before": g_before, "centre": g_centre}, g_z + self._image(CONVOLUTION.back(K, g)), None

        return x + self._image(convolve(K, h)), log_det, pullback

    def inverse_vjp(self, params, x, context=None, rng=None):
        check_event("MaskedConv", x, self.shape)
        inverse, K = self._solved(params, identity(self.shape[0], x)), params["before"]
        b, log_det = self._centre.forward(params["centre"], onp.zeros_like(x))
        z = self._image(solve(inverse, K, self._rows(x - b)))

        def pullback(g_z, g_log_det):
            u = self._image(solve_transposed(inverse, K, self._rows(g_z)))
            g_params, _, _ = self.forward_vjp(params, z)[2](-u, -g_log_det)
            return g_params, u, None

        return z, -log_det, pullback

    def jacobian(self, params, z, context=None):
        return same_jacobian(self._matrix(params), z)

    def _rows(self, z):
        """(N, C, H, W) -> (C, H, W, N), turned where the order is."""
        return turned(batch_last(z)) if self.turned else batch_last(z)

    def _image(self, rows):
        return batch_first(turned(rows) if self.turned else rows)

    def _full(self, K):
        """K_d as a kernel (C, C, k, k) with zeros at its centre and after."""
        zeros = np.zeros_like(K, shape=(*K.shape[:2], K.shape[2] + 1))
        return np.reshape(np.concatenate((K, zeros), axis=2), (*K.shape[:2], self.kernel, self.kernel))

    def _before(self, g):
        """The adjoint of `_full`."""
        return g.reshape((*g.shape[:2], self.kernel**2))[:, :, : len(before(self.kernel))]

    def _matrix(self, params):
        """M (D, D), the events flattened: sum over d of K_d times the matrix that shifts an image by d, and A."""
        A, (C, H, W) = self.linear.matrix(params["centre"]), self.shape
        M = self._shifted(np.concatenate((params["before"], A[:, :, None]), axis=2))
        return np.reshape(np.transpose(M, (0, 2, 1, 3)), (C * H * W, C * H * W))

    def _in_units_of_A(self, params):
        """The kernels A^-1 K_d, and the identity at the centre: (C, C, (k^2 + 1) / 2)."""
        C, _, n = params["before"].shape
        K = self._solved(params, np.reshape(params["before"], (C, C * n)))
        return np.concatenate((np.reshape(K, (C, C, n)), identity(C, K)[:, :, None]), axis=2)

    def _solved(self, params, columns):
        """A^-1 times columns (C, M)."""
        return self.linear.solve(shift_and_matrix(params["centre"])[1], columns)[0]

    def _by_pixels(self, kernels):
        """The matrix of a convolution, (D, D), one pixel's C variables after the other's."""
        C, H, W = self.shape
        return np.reshape(np.transpose(self._shifted(kernels), (2, 0, 3, 1)), (C * H * W, C * H * W))

    def _shifted(self, kernels):
        """(C, C, H W, H W): what pixel q of a channel adds to pixel p of another."""
        return np.tensordot(kernels, self._shifts.on(kernels), axes=1)

    @cached_property
    def _shifts(self):
        """(number of offsets, H W, H W): entry (p, q) is 1 where q = p + d."""
        _, H, W = self.shape
        h, w = (a.ravel() for a in onp.indices((H, W)))
        sign = -1 if self.turned else 1
        dh, dw = h[None, :] - h[:, None], w[None, :] - w[:, None]
        return Constant(onp.stack([(dh == sign * i) & (dw == sign * j) for i, j in [*before(self.kernel), (0, 0)]]))
