"""A planar layer with tanh; its inverse is a bisection."""

import numpy as onp

from pairs.parts import weights


def planar(bug=""):
    def vectors(D):
        w, u, b = 1.5 * weights("pw", D), -1.2 * weights("pw", D) + 0.5 * weights("pu", D), 0.3
        wu = w @ u
        u_hat = u + (-1 + onp.log1p(onp.exp(wu)) - wu) * w / (w @ w)
        return w, u, u if bug == "unconstrained" else u_hat, b

    def forward(z):
        w, u, u_hat, b = vectors(z.shape[1])
        a = z @ w + b
        slope = onp.tanh(a) if bug == "h" else 1 - onp.tanh(a) ** 2
        dot = w @ (u if bug == "u" else u_hat)
        return z + onp.tanh(a)[:, None] * u_hat, onp.log(onp.abs(1 + dot * slope))

    def inverse(x):
        w, _, u_hat, b = vectors(x.shape[1])
        target, wu = x @ w, w @ u_hat
        reach = 4.0 if bug == "bracket" else 10.0 * (1 + abs(wu)) + onp.abs(target)
        low, high = -reach + 0 * target, reach + 0 * target
        for _ in range(80):
            middle = 0.5 * (low + high)
            less = middle + wu * onp.tanh(middle + b) < target
            low, high = onp.where(less, middle, low), onp.where(less, high, middle)
        z = x - onp.tanh(0.5 * (low + high) + b)[:, None] * u_hat
        return z, -forward(z)[1]

    return forward, inverse
