"""Conv1x1: the invertible 1x1 convolution: one linear map of the channels, the same at every pixel.

    x[n, :, h, w] = A z[n, :, h, w] + b,   A (C, C)           log_det = H W log|det A|
    J = A kron I, of size C H W: it is never formed            (each pixel contributes log|det A| once)

Kingma and Dhariwal 2018, arXiv:1807.03039, section 3.2: a permutation of the channels that is learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import autograd.numpy as np

from nfscratch import validate
from nfscratch.bijections.contract import Bijection, same_jacobian
from nfscratch.bijections.linear.affine_map import Linear
from nfscratch.bijections.linear.plu import PLU
from nfscratch.excerpt import excerpt
from nfscratch.ops.identity import identity


@dataclass(frozen=True, eq=False)
class Conv1x1(Bijection):
    """x = A z + b at each pixel of (N, C, H, W). `linear`: any Linear(C), default PLU(C); its parameters are shared.

    As many parameters as `linear` has. Each direction costs what `linear` costs, H W times; log-det once.
    """

    shape: Sequence[int]
    linear: Linear | None = None

    in_shape = property(lambda self: self.shape)

    def __post_init__(self):
        shape = tuple(self.shape) if hasattr(self.shape, "__iter__") else ()
        if len(shape) != 3:
            raise ValueError(f"shape must be (C, H, W), each at least 1; got {excerpt(self.shape)}")
        shape = tuple(validate.count(f"{name} of shape (C, H, W)", n, 1) for name, n in zip("CHW", shape, strict=True))
        object.__setattr__(self, "shape", shape)
        if self.linear is None:
            object.__setattr__(self, "linear", PLU(shape[0]))
        if not isinstance(self.linear, Linear):
            raise ValueError(f"linear must be a Linear layer, such as nf.PLU({shape[0]}); got {_named(self.linear)}")
        if self.linear.in_shape != shape[:1]:
            raise ValueError(f"linear must map {shape[0]} channels; got one of shape {self.linear.in_shape}")

    def init(self, rng, x=None, context=None):
        return self.linear.init(rng)

    def forward(self, params, z, context=None, rng=None):
        x, log_det = self.linear.forward(params, self._pixels(z))
        return self._image(x), self._over_pixels(log_det)

    def inverse(self, params, x, context=None, rng=None):
        z, log_det = self.linear.inverse(params, self._pixels(x))
        return self._image(z), self._over_pixels(log_det)

    def forward_vjp(self, params, z, context=None, rng=None):
        return self._vjp(self.linear.forward_vjp, params, z)

    def inverse_vjp(self, params, x, context=None, rng=None):
        return self._vjp(self.linear.inverse_vjp, params, x)

    def _vjp(self, linear_vjp, params, z):
        x, log_det, back = linear_vjp(params, self._pixels(z))

        def pullback(g_x, g_log_det):
            at_each_pixel = np.repeat(g_log_det, self._count)
            g_params, g_z, _ = back(self._pixels(g_x), at_each_pixel)
            return g_params, self._image(g_z), None

        return self._image(x), self._over_pixels(log_det), pullback

    def jacobian(self, params, z, context=None):
        """A kron I: x[c, p] depends on z[c', p] of the same pixel p, through A[c, c']."""
        A, (C, _, _) = self.linear.matrix(params), self.shape
        J = A[:, None, :, None] * identity(self._count, z)[None, :, None, :]
        return same_jacobian(np.reshape(J, (C * self._count, C * self._count)), z)

    @property
    def _count(self):
        return self.shape[1] * self.shape[2]

    def _pixels(self, z):
        """(N, C, H, W) -> (N H W, C)."""
        return np.reshape(np.moveaxis(z, 1, 0), (self.shape[0], len(z) * self._count)).T

    def _image(self, x):
        """(N H W, C) -> (N, C, H, W)."""
        C, H, W = self.shape
        return np.moveaxis(np.reshape(x.T, (C, x.shape[0] // self._count, H, W)), 0, 1)

    def _over_pixels(self, log_det):
        """The log-dets of an image's pixels, summed: the factor H W."""
        return np.sum(np.reshape(log_det, (log_det.shape[0] // self._count, self._count)), axis=1)


def _named(given):
    return type(given).__name__ if isinstance(given, Bijection) else repr(given)
