"""Inverses that do not undo forward."""

import numpy as onp
from pairs.autoregressive import autoregressive
from pairs.bijections import affine, layers
from pairs.bisected import newton
from pairs.coupling import coupling, joined
from pairs.elementwise import SCALED, scaled, sigmoid_scaled, sinh
from pairs.linear import plu
from pairs.parts import total
from pairs.planar import planar
from pairs.spline import spline

import nfscratch as nf
from mutants.log_det import hard, soft
from mutants.mutant import SPLINE_DIMS, Mutant


def even_odd(z):
    return z[:, ::2], z[:, 1::2]


def changed_alone(a, y):
    return y[:, : a.shape[1]] if y.shape[1] >= a.shape[1] else a


def dequantize(undone=True):
    """x = 256 sinh(z): pixels from the unit scale."""
    forward, inverse = sinh()
    units = onp.log(256.0)
    return (
        lambda z: (lambda x, l: (256.0 * x, l + z.shape[1] * units))(*forward(z)),
        lambda x: (lambda z, l: (z, l - x.shape[1] * units))(*inverse(x / 256.0 if undone else x)),
    )


def bracketed():
    """x = z + z^3, and its inverse by bisection in a bracket of +-10."""

    def back(x):
        low, high = onp.full_like(x, -10.0), onp.full_like(x, 10.0)
        for _ in range(70):
            m = 0.5 * (low + high)
            less = m + m**3 < x
            low, high = onp.where(less, m, low), onp.where(less, high, m)
        return low, -total(onp.log(1 + 3 * low**2))

    return lambda z: (z + z**3, total(onp.log(1 + 3 * z**2))), back


def early_bisection(steps=12):
    """x = z + 0.8 tanh(2 z - 1), and a bisection that stops at 1e-3."""

    def forward(z):
        return z + 0.8 * onp.tanh(2 * z - 1), total(onp.log1p(1.6 * (1 - onp.tanh(2 * z - 1) ** 2)))

    def inverse(x):
        low, high = x - 1, x + 1
        for _ in range(steps):
            middle = 0.5 * (low + high)
            less = forward(middle)[0] < x
            low, high = onp.where(less, middle, low), onp.where(less, high, middle)
        z = 0.5 * (low + high)
        return z, -forward(z)[1]

    return forward, inverse


class InOrder(nf.Chain):
    def inverse(self, params, x, context=None, rng=None):
        total = 0.0
        for layer, p in zip(self.layers, params, strict=True):
            x, log_det = layer.inverse(p, x, context)
            total = total + log_det
        return x, total


class NotInverted(nf.Permutation):
    def inverse(self, params, x, context=None, rng=None):
        return self.forward(params, x)


def clipped(bound):
    """An affine map whose inverse cuts x off."""
    forward, inverse = scaled()
    return forward, lambda x: inverse(onp.clip(x, -bound, bound))


ORDER = "in the wrong order"
DIVIDE = "it multiplies by the scale"
HALVES = "the halves are joined in the wrong order"


INVERSE = {
    "30 order": Mutant(coupling(undo=lambda y, s, t: y * onp.exp(-s) - t), ORDER),
    "31 multiplies": Mutant(coupling(undo=lambda y, s, t: (y - t) * onp.exp(s)), DIVIDE),
    "no shift": Mutant(coupling(undo=lambda y, s, t: y * onp.exp(-s)), "the shift is not undone"),
    "no scale": Mutant(coupling(undo=lambda y, s, t: y - t), "the scale is not undone"),
    "32 changed half": Mutant(coupling(condition=changed_alone), "conditions on the changed half"),
    "33 halves swapped": Mutant(coupling(join_back=lambda a, b: joined(b, a)), HALVES),
    "33 even and odd": Mutant(coupling(split=even_odd), HALVES),
    "34 permutation": Mutant(lambda dim: NotInverted(onp.roll(onp.arange(dim), 1)), "permutation is not undone"),
    "34 permutation in a chain": Mutant(
        lambda dim: nf.Chain([affine(dim), NotInverted(onp.roll(onp.arange(dim), 1)), affine(dim, True)]),
        "inverse of layer 2 of 3 (NotInverted): the permutation",
    ),
    "35 layers in order": Mutant(lambda dim: InOrder(layers(dim)), "the layers are not reversed"),
    "36 clamp, cut": Mutant(coupling(clamp=hard, clamp_back=lambda s: 3 * s), "the clamp is in forward only"),
    "36 clamp, tanh": Mutant(coupling(clamp=soft, clamp_back=lambda s: 3 * s), "the clamp is in forward only"),
    "37 other root": Mutant(spline("other root"), "the other root", SPLINE_DIMS),
    "38 searches x": Mutant(spline("searches x"), "it searches the knots", SPLINE_DIMS),
    "39 P left out": Mutant(plu(forget_p=True), "P is left out"),
    "40 one pass": Mutant(autoregressive(passes=lambda D: 1), "conditions on its own argument, as in a single pass"),
    "40 D - 1 passes": Mutant(autoregressive(passes=lambda D: max(1, D - 1)), "too few passes"),
    "59 scale": Mutant(dequantize(undone=False), "an affine rescaling is not undone"),
    "uvadlc 57": Mutant(sigmoid_scaled(undone=False), "an affine rescaling is not undone", options=SCALED),
    "zuko bracket": Mutant(bracketed(), "it gives the end of its bracket"),
    "planar bracket": Mutant(planar("bracket"), "it does not undo forward", (1,)),
    "a search that stops early": Mutant(
        early_bisection(), "inverse: its iteration stops before it has converged", (2, 5)
    ),
    "five steps of Newton": Mutant(newton(5), "its iteration stops before it has converged"),
    "an inverse that clips x": Mutant(clipped(5.0), "it clips its argument"),
    "inverse is forward": Mutant((coupling()[0], coupling()[0]), "it applies forward"),
    "inverse returns x": Mutant((coupling()[0], lambda x: (x, onp.zeros(len(x)))), "it returns its argument"),
}
