"""Maps of one variable whose inverse is a search."""

import numpy as onp

from pairs.parts import total


def oscillating(a=0.045, f=20.0):
    """x = z + a sin(f z) a variable, its inverse by bisection."""

    def forward(z):
        return z + a * onp.sin(f * z), total(onp.log1p(a * f * onp.cos(f * z)))

    def inverse(x):
        low, high = x - 2 * a, x + 2 * a
        for _ in range(60):
            middle = 0.5 * (low + high)
            less = forward(middle)[0] < x if len(x) else onp.zeros(x.shape, dtype=bool)
            low, high = onp.where(less, middle, low), onp.where(less, high, middle)
        z = 0.5 * (low + high)
        return z, -forward(z)[1]

    return forward, inverse


def newton(steps, absolute=False):
    """x = z + 0.9 sin(z) a variable; Newton from z = x."""

    def slope(z):
        return 1 + 0.95 * onp.cos(z)

    def back(x):
        z = x
        for _ in range(steps):
            z = z - (z + 0.95 * onp.sin(z) - x) / slope(z)
        return z, -total(onp.log(slope(z)))

    return lambda z: (z + 0.95 * onp.sin(z), total(onp.log(slope(z)))), back
