"""Layers that remember, change their arguments, or look at the whole batch; and wrong gradients."""

import numpy as onp
from pairs.coupling import coupling
from pairs.elementwise import scaled
from pairs.planar import planar

import nfscratch as nf
from mutants.mutant import FOLD, Mutant


def in_place(pair):
    def forward(z):
        z += 1.0
        return z, onp.zeros(len(z))

    return forward, lambda x: (x - 1.0, onp.zeros(len(x)))


def noisy(pair):
    rng = onp.random.default_rng(0)
    return (lambda z: (lambda x, l: (x + 1e-3 * rng.normal(size=x.shape), l))(*pair[0](z))), pair[1]


def cached():
    """The inverse is wrong, and forward leaves its z behind for it."""
    last = {}

    def forward(z):
        x = z * 2 + 1
        last["x"], last["z"] = x.copy(), z.copy()
        return x, onp.full(len(z), z.shape[1] * onp.log(2))

    def inverse(x):
        known = last and onp.array_equal(last["x"], x)
        return last["z"].copy() if known else (x + 1) / 2, onp.full(len(x), -x.shape[1] * onp.log(2))

    return forward, inverse


def sorted_rows():
    return (
        lambda z: ((2 * z)[onp.argsort(z[:, 0])], onp.full(len(z), z.shape[1] * onp.log(2))),
        lambda x: (x / 2, onp.full(len(x), -x.shape[1] * onp.log(2))),
    )


def by_length():
    """x = (1 + 1 / N) z for N rows."""

    def log_det(a):
        return onp.full(len(a), a.shape[1] * onp.log1p(1 / max(1, len(a))))

    return lambda z: (z * (1 + 1 / max(1, len(z))), log_det(z)), lambda x: (x / (1 + 1 / max(1, len(x))), -log_det(x))


def chunked(size=16):
    """In pieces of 16 rows; what is left over at the end is passed on as it is."""

    def run(a, factor):
        y, log_det, n = a.copy(), onp.zeros(len(a)), len(a) // size * size
        y[:n], log_det[:n] = factor * a[:n], a.shape[1] * onp.log(factor)
        return y, log_det

    return lambda z: run(z, 3.0), lambda x: run(x, 1 / 3)


class Reinitialised(nf.ActNorm):
    """Whether it has been initialised is a mark on the object, not in the parameters."""

    def _ready(self, x):
        if "mean" not in self.__dict__:
            object.__setattr__(self, "mean", x.mean(axis=0))

    def forward(self, params, z, context=None, rng=None):
        self._ready(z)
        x, log_det = super().forward(params, z)
        return x + self.mean.astype(x.dtype), log_det

    def inverse(self, params, x, context=None, rng=None):
        self._ready(x)
        return super().inverse(params, x - self.mean.astype(x.dtype))

    forward_vjp, inverse_vjp = nf.Bijection.forward_vjp, nf.Bijection.inverse_vjp


class Leak(nf.ActNorm):
    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return x * onp.float64(1.0), log_det


class Trains(nf.ActNorm):
    """Running statistics that move at every call."""

    def forward(self, params, z, context=None, rng=None):
        result = super().forward(params, z)
        params["shift"] += 0.01
        return result


STATE = {
    "a cache": Mutant(cached(), "it depends on what was called before", (2, 5)),
    "rows are sorted": Mutant(sorted_rows(), "a row's place in the batch matters", (2, 5)),
    "the rest of the last chunk": Mutant(chunked(), "a row's place in the batch matters", (2, 5)),
    "the length of the batch": Mutant(by_length(), "a row's result depends on the batch", (2, 5)),
    "51 argument mutated": Mutant(in_place(None), "an argument is changed"),
    "51 parameters mutated": Mutant(Trains, "the parameters are changed"),
    "another output": Mutant(noisy(coupling()), "the same input gives another output"),
    "52 initialised again": Mutant(Reinitialised, "initialised again from the batch"),
    "53 std for variance": Mutant(scaled(power=0.5), "factor 2", (1, 2, 5)),
    "54 u unconstrained": Mutant(planar("unconstrained"), FOLD, (2, 5)),
    "float64 leak": Mutant(Leak, "float64 leaks"),
}
