"""Linear: the base of every map x = A z + b.

    forward   x = A z + b              log_det =  log|det A|
    inverse   z = A^-1 (x - b)         log_det = -log|det A|
    J = A                              the same at every point

A subclass says how A is made of its parameters, so that A^-1 x and log|det A| cost less than the O(D^3) of a matrix
without structure. It writes four lines about columns z (D, N), or (N, D, 1) where the parameters are per sample:

    shapes                             of its parameters, {"name": shape}; b is added to them as "shift"
    matrix(params)                     A (D, D), the Jacobian; the layer itself never needs it
    apply(params, z)                   A z,      log|det A|
    solve(params, x)                   A^-1 x,  -log|det A|

log|det A| is one number, or (N,). Their pullbacks are traced unless a subclass writes them down:

    apply_vjp(params, z)               A z,      log|det A|,  pullback(g_x, g_log_det) -> g_params, g_z
    solve_vjp(params, x)               A^-1 x,  -log|det A|,  the same
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as onp

from nfscratch import autodiff, backend, validate
from nfscratch.bijections.contract import Bijection, same_jacobian, zeros_per_row
from nfscratch.ops.layout import columns, from_columns, sum_to


@dataclass(frozen=True, eq=False)
class Linear(Bijection):
    """x = A z + b. params: those of A, and {"shift": (D,)}; each of them (N, ...) for parameters per sample."""

    dim: int

    in_shape = property(lambda self: (self.dim,))

    def __post_init__(self):
        if type(self) is Linear:
            raise TypeError("Linear must be one of its subclasses, such as nf.PLU(2) or nf.QR(2); got Linear itself")
        validate.size("dim", self.dim)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each of A's parameters, when they are shared by all rows."""
        raise NotImplementedError(f"{type(self).__name__} does not say the shapes of its parameters")

    def matrix(self, params):
        """A: (D, D), or (N, D, D)."""
        raise NotImplementedError(f"{type(self).__name__} does not say its matrix")

    def apply(self, params, z):
        """A z and log|det A| for columns z."""
        raise NotImplementedError(f"{type(self).__name__} has no apply")

    def solve(self, params, x):
        """A^-1 x and -log|det A| for columns x."""
        raise NotImplementedError(f"{type(self).__name__} has no solve")

    def apply_vjp(self, params, z):
        return _traced(self.apply, params, z)

    def solve_vjp(self, params, x):
        return _traced(self.solve, params, x)

    def init(self, rng, x=None, context=None):
        """All numbers 0."""
        return {name: backend.asarray(onp.zeros(s)) for name, s in {**self.shapes, "shift": (self.dim,)}.items()}

    def forward(self, params, z, context=None, rng=None):
        shift, A = shift_and_matrix(params)
        x, log_det = self.apply(A, self._columns(A, z))
        return (self._rows(A, x).T + columns(shift)).T, zeros_per_row(z) + log_det

    def inverse(self, params, x, context=None, rng=None):
        shift, A = shift_and_matrix(params)
        z, log_det = self.solve(A, self._columns(A, (x.T - columns(shift)).T))
        return self._rows(A, z), zeros_per_row(x) + log_det

    def forward_vjp(self, params, z, context=None, rng=None):
        shift, A = shift_and_matrix(params)
        x, log_det, back = self.apply_vjp(A, self._columns(A, z))

        def pullback(g_x, g_log_det):
            grads, g_z = back(self._columns(A, g_x), sum_to(g_log_det, log_det.shape))
            grads["shift"] = from_columns(g_x.T, shift)
            return grads, self._rows(A, g_z), None

        return (self._rows(A, x).T + columns(shift)).T, zeros_per_row(z) + log_det, pullback

    def inverse_vjp(self, params, x, context=None, rng=None):
        shift, A = shift_and_matrix(params)
        z, log_det, back = self.solve_vjp(A, self._columns(A, (x.T - columns(shift)).T))

        def pullback(g_z, g_log_det):
            grads, g_x = back(self._columns(A, g_z), sum_to(g_log_det, log_det.shape))
            g_x = self._rows(A, g_x)
            grads["shift"] = -from_columns(g_x.T, shift)
            return grads, g_x, None

        return self._rows(A, z), zeros_per_row(x) + log_det, pullback

    def jacobian(self, params, z, context=None):
        return same_jacobian(self.matrix(shift_and_matrix(params)[1]), z)

    def _per_sample(self, A):
        return any(A[name].ndim > len(shape) for name, shape in self.shapes.items())

    def _columns(self, A, z):
        """Rows (N, D) as what A is multiplied with: (D, N), or (N, D, 1) where every row has its own matrix."""
        return z[:, :, None] if self._per_sample(A) else z.T

    def _rows(self, A, z):
        return z[:, :, 0] if self._per_sample(A) else z.T


def shift_and_matrix(params):
    """The shift, and the parameters of A."""
    return params["shift"], {name: params[name] for name in params if name != "shift"}


def _traced(method, params, z):
    (x, log_det), back = autodiff.value_and_vjp(method, params, z)
    return x, log_det, lambda g_x, g_log_det: back((g_x, g_log_det))
