"""Masked networks of the checks' own: degrees, masks entry by entry, one pass, and the sampler (8) with its mistakes."""

from __future__ import annotations

import operator

import numpy as onp

from nfscratch.course.properties.ch05.ordered import ORDERS


def degrees(D, widths, order=None, least=1):
    """As the chapter's degrees_of has them, for layers wide enough for all degrees."""
    inputs = onp.argsort(ORDERS[D] if order is None else order) + 1
    return [inputs, *(onp.sort(least + onp.arange(n) % max(D - least, 1)) for n in widths)]


def masks(degrees, n_context=0, hidden=operator.ge, output=operator.gt):
    """Equation (2) with its two comparisons, as matrices of 0.0 and 1.0."""
    below = [*degrees[0], *[0] * n_context]
    found = []
    for layer in degrees[1:]:
        found.append(onp.array([[float(hidden(m, d)) for d in below] for m in layer]))
        below = layer
    return [*found, onp.array([[float(output(d, m)) for m in below] for d in degrees[0]])]


def random_weights(rng, masks, outputs):
    """(W, b) for each layer; the last has `outputs` rows for each variable."""
    shapes = [*(M.shape for M in masks[:-1]), (outputs * len(masks[-1]), masks[-1].shape[1])]
    return [(1.5 * rng.normal(size=shape) / shape[1] ** 0.5, rng.normal(size=shape[0])) for shape in shapes]


def outputs(weights, masks, x, y=()):
    """One pass at one point: (kinds, D)."""
    h = onp.concatenate([x, y])
    for (W, b), M in zip(weights[:-1], masks[:-1], strict=True):
        h = onp.tanh((M * W) @ h + b)
    W, b = weights[-1]
    D = len(masks[-1])
    return onp.stack([(masks[-1] * W[k : k + D]) @ h + b[k : k + D] for k in range(0, len(W), D)])


class Sampler:
    """The steps of (8). Each keyword of a Sampler is a mistake; without any it is right."""

    def __init__(self, weights, degrees, y, act=onp.tanh, below=operator.le, scale=onp.exp, rows=None, first=0, bias=1,
                 by_place=False):  # fmt: skip
        self.D, self.y, self.act, self.below, self.scale = len(degrees[0]), onp.asarray(y, float), act, below, scale
        self.degrees = [onp.concatenate([degrees[0], onp.zeros(len(y), int)]), *degrees[1:]]
        self.weights, self.bias, self.first, self.by_place = weights, bias, first, by_place
        self.rows = rows or (lambda i: (i, self.D + i))

    def __call__(self, z):
        """x and s at one point."""
        self.h = [onp.concatenate([onp.zeros(self.D), self.y]), *(onp.zeros(len(m)) for m in self.degrees[1:])]
        s = onp.zeros(self.D)
        for m in range(self.first, self.D + 1):
            if m > 0:
                i = m - 1 if self.by_place else int(onp.flatnonzero(self.degrees[0] == m)[0])
                mu, s[i] = self.outputs_of(i, m)
                self.h[0][i] = mu + self.scale(s[i]) * z[i]
            self.compute_units(m)
        return self.h[0][: self.D], s

    def outputs_of(self, i, m):
        W, b = self.weights[-1]
        known, rows = self.degrees[-1] < m, list(self.rows(i))
        return W[rows][:, known] @ self.h[-1][known] + b[rows]

    def compute_units(self, m):
        for k, (W, b) in enumerate(self.weights[:-1], start=1):
            new, known = self.degrees[k] == m, self.below(self.degrees[k - 1], m)
            self.h[k][new] = self.act(W[onp.ix_(new, known)] @ self.h[k - 1][known] + self.bias * b[new])
