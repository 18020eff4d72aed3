"""Derivatives by finite differences of fourth order."""

import numpy as onp


def numeric(function, at, h=1e-4):
    """The gradient of a number with respect to each entry of `at`."""
    out = onp.zeros(at.shape)
    for i in onp.ndindex(at.shape):
        e = onp.zeros(at.shape)
        e[i] = h
        out[i] = (8 * (function(at + e) - function(at - e)) - (function(at + 2 * e) - function(at - 2 * e))) / (12 * h)
    return out
