"""An affine coupling; its log-scale and shift are a small tanh network of the half that is kept."""

import numpy as onp

from pairs.parts import total, weights


def s_and_t(a, m, clamp=lambda s: s):
    n = a.shape[1]
    h = onp.tanh(a @ weights("W", 8, n).T.astype(a.dtype) + weights("b", 8).astype(a.dtype))
    out = h @ weights("V", 2 * m, 8).T.astype(a.dtype) * onp.asarray(0.5, a.dtype) + weights("c", 2 * m).astype(a.dtype)
    return clamp(out[:, :m]), out[:, m:]


def halves(z):
    return z[:, : z.shape[1] // 2], z[:, z.shape[1] // 2 :]


def joined(a, b):
    return onp.concatenate([a, b], axis=1)


def coupling(
    log_det=total, inverse_log_det=lambda s: -total(s), undo=lambda y, s, t: (y - t) * onp.exp(-s), split=halves,
    join=joined, join_back=joined, condition=lambda a, y: a, clamp=lambda s: s, clamp_back=None, do=None,
):  # fmt: skip
    do = do or (lambda b, s, t: b * onp.exp(s) + t)

    def forward(z):
        a, b = split(z)
        s, t = s_and_t(a, b.shape[1], clamp)
        return join(a, do(b, s, t)), log_det(s)

    def inverse(x):
        a, y = split(x)
        s, t = s_and_t(condition(a, y), y.shape[1], clamp_back or clamp)
        return join_back(a, undo(y, s, t)), inverse_log_det(s)

    return forward, inverse
