"""Linear maps x = P L U z, and the same matrix at every pixel of an image."""

from functools import lru_cache

import numpy as onp

from pairs.parts import weights


@lru_cache
def factors(D):
    P = onp.eye(D)[onp.roll(onp.arange(D), 1)]
    L = onp.eye(D) + onp.tril(weights("L", D, D), -1)
    return P, L, onp.triu(weights("U", D, D), 1) + onp.diag(onp.exp(0.7 * weights("u", D)) * (-1) ** onp.arange(D))


def plu(log_det=lambda L, U: onp.log(onp.abs(onp.diag(U))).sum(), forget_p=False):
    def forward(z):
        P, L, U = factors(z.shape[1])
        return z @ (P @ L @ U).T, onp.full(len(z), log_det(L, U))

    def inverse(x):
        P, L, U = factors(x.shape[1])
        W = L @ U if forget_p else P @ L @ U
        return onp.linalg.solve(W, x.T).T, onp.full(len(x), -log_det(L, U))

    return forward, inverse


def convolution(pixels=lambda z: z.shape[2] * z.shape[3]):
    def apply(a, W, sign):
        log_det = sign * onp.log(abs(onp.linalg.det(factors(a.shape[1])[2])))
        return onp.einsum("ij,njhw->nihw", W, a), onp.full(len(a), log_det * pixels(a))

    def W(a):
        P, L, U = factors(a.shape[1])
        return P @ L @ U

    return lambda z: apply(z, W(z), 1), lambda x: apply(x, onp.linalg.inv(W(x)), -1)
