"""Maps of one variable in closed form, each variable for itself."""

import numpy as onp

from pairs.parts import total, weights

ALPHA = 0.05


def sigmoid_scaled(missing=False, undone=True):
    """x = (sigmoid(z) - alpha) / (1 - 2 alpha): the inverse of a logit that keeps away from 0 and 1."""
    term = 0.0 if missing else onp.log(1 - 2 * ALPHA)

    def forward(z):
        p = 0.5 * (1 + onp.tanh(0.5 * z))
        log_d = -onp.logaddexp(0, z) - onp.logaddexp(0, -z) - term
        return (p - ALPHA) / (1 - 2 * ALPHA), total(log_d)

    def inverse(x):
        p = ALPHA + (1 - 2 * ALPHA) * x if undone else x
        z = onp.log(p) - onp.log1p(-p)
        return z, -forward(z)[1]

    return forward, inverse


SCALED = {"codomain": (-ALPHA / (1 - 2 * ALPHA), (1 - ALPHA) / (1 - 2 * ALPHA))}


def leaky(slope=0.2):
    def forward(z):
        below = z < 0
        return onp.where(below, slope * z, z), onp.log(slope) * below.sum(axis=1)

    def inverse(x):
        below = x < 0
        return onp.where(below, x / slope, x), -onp.log(slope) * below.sum(axis=1)

    return forward, inverse


def sinh(bug=""):
    """x = sinh(z): heavy, asymmetric in nothing; `at x`: the inverse's log-det at the wrong point."""

    def log_cosh(z):
        return total(onp.logaddexp(z, -z) - onp.log(2))

    return lambda z: (onp.sinh(z), log_cosh(z)), lambda x: (onp.arcsinh(x), -log_cosh(x if bug else onp.arcsinh(x)))


def scaled(factor=1.0, power=1.0, log_power=1.0):
    """x = exp(power s) z + t, its log-det log_power times s."""

    def s(a):
        return 0.7 * weights("as", a.shape[1]) + 0.4, weights("at", a.shape[1])

    return (
        lambda z: (z * onp.exp(power * s(z)[0]) + s(z)[1], onp.full(len(z), log_power * s(z)[0].sum())),
        lambda x: (factor * (x - s(x)[1]) * onp.exp(-power * s(x)[0]), onp.full(len(x), -log_power * s(x)[0].sum())),
    )


def fractional(wrong=lambda z: 0.0 * z):
    """x = z + 1.5 z / (1 + |z|): a quotient of polynomials, as a spline's pieces are; log_det with `wrong` added."""

    def log_d(z):
        return onp.log1p(1.5 / (1 + onp.abs(z)) ** 2)

    def back(x):
        b = 2.5 - onp.abs(x)
        return onp.sign(x) * 2 * onp.abs(x) / (b + onp.sqrt(b * b + 4 * onp.abs(x)))

    return (
        lambda z: (z + 1.5 * z / (1 + onp.abs(z)), total(log_d(z) + wrong(z))),
        lambda x: (back(x), -total(log_d(back(x)) + wrong(back(x)))),
    )
