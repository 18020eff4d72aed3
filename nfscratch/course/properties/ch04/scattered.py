"""Coupling layers of the checks' own, for rows (N, D): affine with a scattered mask, and masked as equation (6) has it."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.pair import Setting

DIMS = (2, 5)


def network(weights, rows):
    """The chapter's network, for rows (N, n)."""
    W1, b1, W2, b2 = weights
    return onp.tanh(rows @ W1.T + b1) @ W2.T + b2


def random_network(rng, n_in, n_out, width=6):
    shapes = ((width, n_in), (width,), (n_out, width), (n_out,))
    return tuple(rng.normal(size=shape) * 0.7 for shape in shapes)


def random_mask(rng, D):
    """D // 2 kept places, scattered: where there is a choice, the kept ones are not the first ones."""
    keep = onp.zeros(D, dtype=bool)
    keep[rng.permutation(D)[: D // 2]] = True
    return keep[::-1].copy() if keep[: D // 2].all() else keep


class Affine:
    """x_K = z_K, x_C = e^s z_C + t."""

    def __init__(self, rng, D):
        self.keep = random_mask(rng, D)
        self.nets = [random_network(rng, D // 2, D - D // 2) for _ in range(2)]

    def scale_and_shift(self, rows):
        return [network(net, rows[:, self.keep]) for net in self.nets]

    def forward(self, z):
        s, t = self.scale_and_shift(z)
        x = z.copy()
        x[:, ~self.keep] = onp.exp(s) * z[:, ~self.keep] + t
        return x, s.sum(axis=1)

    def inverse(self, x):
        s, t = self.scale_and_shift(x)
        z = x.copy()
        z[:, ~self.keep] = onp.exp(-s) * (x[:, ~self.keep] - t)
        return z, -s.sum(axis=1)

    @property
    def others(self):
        """What a student's function takes beside the point."""
        return (self.keep, *self.nets)


def affine_settings(rng):
    """A layer for each of DIMS, as a check of a pair takes it."""
    layers = {D: Affine(rng, D) for D in DIMS}
    words = {D: f"keep = {layer.keep.tolist()}" for D, layer in layers.items()}
    return lambda D: Setting(layers[D].forward, layers[D].inverse, layers[D].others, words[D])


class Masked:
    """x = b z + (1 - b)(z e^s(bz) + t(bz)), with networks that answer at every place."""

    def __init__(self, rng, D):
        self.b = random_mask(rng, D).astype(float)
        self.A = rng.normal(size=(2, D, D)) * 0.6
        self.c = rng.normal(size=(2, D))

    def s(self, points):
        return onp.tanh(points @ self.A[0] + self.c[0])

    def t(self, points):
        return points @ self.A[1] + self.c[1]

    def forward(self, z):
        """At one point (D,)."""
        kept, free = self.b * z, 1 - self.b
        return kept + free * (z * onp.exp(self.s(kept)) + self.t(kept)), float((free * self.s(kept)).sum())

    @property
    def others(self):
        """b, and s and t as functions of one point, which refuse what is none."""
        return (self.b, self._of_one_point(self.s), self._of_one_point(self.t))

    def _of_one_point(self, f):
        def at(point):
            if onp.shape(point) != self.b.shape:
                raise ValueError(f"{f.__name__} takes an array of shape {self.b.shape}; got shape {onp.shape(point)}")
            return f(onp.asarray(point, dtype=float))

        return at
