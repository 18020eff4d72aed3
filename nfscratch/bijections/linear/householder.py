"""Householder: an orthogonal matrix as a product of reflections.

    A = H_1 H_2 ... H_M,  H_k = I - 2 u_k u_k^T,  |u_k| = 1         A^-1 = A^T,  log|det A| = 0

Tomczak and Welling 2016, arXiv:1611.09630. A reflection has the determinant -1, so M of them make the orthogonal
matrices with det A = (-1)^M, and no others. Every orthogonal matrix is a product of at most D reflections (QR by
Householder's method takes one for each column, and the last one only changes a sign). Equal pairs cancel, so M = D
reach all with det = (-1)^D, and M = D - 1 all of the other sign. One sign of det gives half of the orthogonal matrices.
A density on a symmetric base loses nothing by that: flipping z_1 changes the sign of det, and not the density.
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np

from nfscratch import backend, validate
from nfscratch.bijections.linear.affine_map import Linear
from nfscratch.ops.identity import identity
from nfscratch.ops.layout import sum_to
from nfscratch.ops.reflections import backwards, directions, directions_vjp, reflect, reflect_vjp


@dataclass(frozen=True, eq=False)
class Householder(Linear):
    """x = A z + b, A orthogonal. params: {"vectors": a (M, D), "shift": (D,)}; `reflections` M: default D.

    u_k = v / |v| with v = a_k + e_k (k counted modulo D): a = 0, where a network's last layer starts, is allowed.
    M D + D parameters, and their lengths do nothing: at M = D - 1 or more they describe the D (D - 1) / 2 angles.
    Forward and inverse O(M D) for each row, after O(M^2 D) once for a batch; log-det 0.
    Fresh parameters: a random orthogonal matrix, a ~ N(0, 1). (Pairs of equal reflections would be the identity, but
    D of them have only D / 2 directions, and no gradient there turns the planes among the others.)
    """

    reflections: int | None = None

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "reflections", check_reflections(self.reflections, self.dim))

    shapes = property(lambda self: {"vectors": (self.reflections, self.dim)})

    def init(self, rng, x=None, context=None):
        return {**super().init(rng), "vectors": backend.asarray(rng.normal(size=(self.reflections, self.dim)))}

    def matrix(self, params):
        return reflect(directions(params["vectors"]), identity(self.dim, params["vectors"]))

    def apply(self, params, z):
        return reflect(directions(params["vectors"]), z), no_log_det(params["vectors"])

    def solve(self, params, x):
        return reflect(backwards(directions(params["vectors"])), x), no_log_det(params["vectors"])

    def apply_vjp(self, params, z):
        x, back = reflection_vjp(params["vectors"], z)
        return x, no_log_det(params["vectors"]), lambda g_x, g_log_det: _named(*back(g_x))

    def solve_vjp(self, params, x):
        z, back = reflection_vjp(params["vectors"], x, backwards)
        return z, no_log_det(params["vectors"]), lambda g_z, g_log_det: _named(*back(g_z))


def check_reflections(count: int | None, dim: int) -> int:
    return dim if count is None else validate.size("reflections", count)


def _named(g_vectors, g):
    return {"vectors": g_vectors}, g


def no_log_det(vectors):
    """log|det Q| = 0: a number, or (N,)."""
    return np.zeros_like(vectors, shape=vectors.shape[:-2])


def reflection_vjp(vectors, z, order=lambda U: U):
    """Q z (with `order=backwards`: Q^T z), and pullback(g) -> gradient of the vectors, g_z."""
    U, back_U = directions_vjp(vectors)
    x, back = reflect_vjp(order(U), z)

    def pullback(g):
        g_U, g_z = back(g)
        return back_U(order(sum_to(g_U, vectors.shape))), g_z

    return x, pullback
