"""An autoregressive affine layer by loops: forward one variable after the other, inverse in one pass."""

import numpy as onp

from pairs.parts import total, weights


def autoregressive(passes=None, log_det=total, parents=lambda i: range(i)):
    def parameters(x):
        D = x.shape[1]
        s, t = onp.zeros_like(x), onp.zeros_like(x)
        for i in range(D):
            seen = [j for j in parents(i) if j < D]
            h = onp.tanh(x[:, seen] @ weights("A", 6, D)[:, seen].T + weights("a", 6))
            s[:, i], t[:, i] = 0.6 * onp.tanh(h @ weights("s", D, 6)[i]), h @ weights("t", D, 6)[i]
        return s, t

    def forward(z):
        x = z
        for _ in range(passes(z.shape[1]) if passes else z.shape[1]):
            s, t = parameters(x)
            x = z * onp.exp(s) + t
        s, _ = parameters(x)
        return x, log_det(s)

    def inverse(x):
        s, t = parameters(x)
        return (x - t) * onp.exp(-s), -log_det(s)

    return forward, inverse
