"""Networks in an order, of the checks' own: mu_i and s_i see the variables before x_i, and nothing else.

    mu = tanh(A x + a),    s = 0.7 tanh(B x + b),    A and B zero where a variable does not come before

The functions take rows (N, D); `Net.at` is the network as the chapter has it, at one point.
"""

from __future__ import annotations

import numpy as onp

ORDERS = {
    1: (0,),
    2: (1, 0),
    3: (1, 2, 0),
    4: (1, 3, 0, 2),
    5: (2, 0, 3, 1, 4),
    6: (3, 0, 4, 1, 5, 2),
}  # none of 3 up is its own inverse


def normal_log_prob(z):
    """log N(z; 0, I), for rows."""
    return -0.5 * (z**2).sum(axis=-1) - 0.5 * z.shape[-1] * onp.log(2 * onp.pi)


class Net:
    def __init__(self, rng, D, order=None):
        self.D, self.order = D, list(ORDERS[D] if order is None else order)
        place = onp.argsort(self.order)
        before = place[:, None] > place[None, :]
        self.A, self.B = 1.2 * rng.normal(size=(2, D, D)) * before
        self.a, self.b = rng.uniform(0.3, 1, size=(2, D)) * rng.choice([-1, 1], size=(2, D))

    def __call__(self, x):
        return onp.tanh(x @ self.A.T + self.a), 0.7 * onp.tanh(x @ self.B.T + self.b)

    def forward(self, z):
        """x by equation (4), one variable after the other."""
        x = onp.zeros_like(z)
        for i in self.order:
            mu, s = self(x)
            x[..., i] = mu[..., i] + onp.exp(s[..., i]) * z[..., i]
        return x

    def at(self, x):
        """mu, s and their Jacobians at one point; a ValueError says what is no point."""
        if onp.shape(x) != (self.D,):
            raise ValueError(f"net takes an array of shape ({self.D},); got shape {onp.shape(x)}")
        mu, s = self(onp.asarray(x, dtype=float))
        return mu, s, (1 - mu**2)[:, None] * self.A, 0.7 * (1 - (s / 0.7) ** 2)[:, None] * self.B


def grid(radius=5.5, n=21):
    """Points of the plane, and the area of a cell: a sum over them is an integral, up to what a Gaussian has outside."""
    ticks = onp.linspace(-radius, radius, n)
    return onp.stack(onp.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2), (ticks[1] - ticks[0]) ** 2
