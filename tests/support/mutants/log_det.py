"""Mistakes of the log-determinant, each with the name that the audit should give it."""

import numpy as onp
from pairs.autoregressive import autoregressive
from pairs.bijections import layers
from pairs.coupling import coupling
from pairs.elementwise import SCALED, fractional, leaky, scaled, sigmoid_scaled, sinh
from pairs.linear import convolution, plu
from pairs.parts import negated, total, with_log_det
from pairs.planar import planar
from pairs.spline import spline

import nfscratch as nf
from mutants.mutant import SPLINE_DIMS, Mutant


def hard(s):
    return onp.clip(3 * s, -1, 1)


def soft(s):
    return onp.tanh(3 * s)


def unclamped(clamp, sign):
    """Forward and inverse log-dets with the raw s: a coupling whose clamp is applied where the map uses s."""

    def apply(b, s, t):
        return b * onp.exp(clamp(s)) + t

    return coupling(
        log_det=lambda s: total(3 * s), inverse_log_det=lambda s: -total(3 * s), do=apply,
        undo=lambda y, s, t: (y - t) * onp.exp(-clamp(s)),
    )  # fmt: skip


def mirrored():
    """x = -2 z, and log(det) without the absolute value: NaN at odd D."""
    return (
        lambda z: (-2 * z, onp.full(len(z), onp.log((-2.0) ** z.shape[1]))),
        lambda x: (-x / 2, onp.full(len(x), onp.log((-0.5) ** x.shape[1]))),
    )


class LastLayer(nf.Chain):
    def forward(self, params, z, context=None, rng=None):
        for layer, p in zip(self.layers, params, strict=True):
            z, log_det = layer.forward(p, z, context)
        return z, log_det

    def inverse(self, params, x, context=None, rng=None):
        last = None
        for layer, p in zip(reversed(self.layers), reversed(params), strict=True):
            x, log_det = layer.inverse(p, x, context)
            last = log_det if last is None else last
        return x, last


class OneForgotten(nf.Chain):
    def inverse(self, params, x, context=None, rng=None):
        x, total = self.layers[-1].inverse(params[-1], x, context)
        for k in range(len(self.layers) - 2, -1, -1):
            x, log_det = self.layers[k].inverse(params[k], x, context)
            total = total + (log_det if k != 2 else 0.0)
        return x, total


def beyond(pair, radius):
    """log_det is 0 where some |z_i| is larger than the radius, in both directions."""
    forward, inverse = pair

    def cut(z, log_det):
        return onp.where(onp.abs(z).max(axis=1, initial=0.0) > radius, 0.0, log_det)

    return (
        lambda z: (lambda x, l: (x, cut(z, l)))(*forward(z)),
        lambda x: (lambda z, l: (z, cut(z, l)))(*inverse(x)),
    )


def shifted_sinh():
    def log_det(z):
        return total(onp.logaddexp(onp.logaddexp(z, -z) - onp.log(2), onp.log(0.01)))

    return lambda z: (onp.sinh(z), log_det(z)), lambda x: (onp.arcsinh(x), -log_det(onp.arcsinh(x)))


def first_branch():
    def count(a):
        return onp.log(0.2) * (a[:, 0] < 0)

    forward, inverse = leaky()
    return lambda z: (forward(z)[0], count(z)), lambda x: (inverse(x)[0], -count(x))


def keep(log_det):
    return coupling(log_det=log_det, inverse_log_det=lambda s: -log_det(s))


def fixed_sum(pair):
    return with_log_det(pair, lambda l, a: onp.full_like(l, l.sum()))


SIGN = "the sign is flipped"
BOTH = "the sign is flipped in both directions"
MEAN = "mean over dimensions"
FORMULA = "the formula"


LOG_DET = {
    "1 sign in forward": Mutant(negated(coupling(), (True, False)), f"log_det forward: {SIGN}"),
    "1 sign, autoregressive": Mutant(negated(autoregressive(), (True, False)), f"log_det forward: {SIGN}"),
    "2 sign in both": Mutant(negated(coupling()), BOTH),
    "2 sign in both, autoregressive": Mutant(negated(autoregressive()), BOTH),
    "2 sign in both, PLU": Mutant(negated(plu()), BOTH),
    "3 inverse not negated": Mutant(coupling(inverse_log_det=total), "log_det is not negated"),
    "3 inverse not negated, spline": Mutant(negated(spline(), (False, True)), "log_det is not negated", SPLINE_DIMS),
    "4 mean": Mutant(keep(lambda s: s.mean(axis=1)), MEAN),
    "4 mean, autoregressive": Mutant(autoregressive(log_det=lambda s: s.mean(axis=1)), MEAN),
    "4 mean, PLU": Mutant(plu(lambda L, U: onp.log(onp.abs(onp.diag(U))).mean()), MEAN),
    "5 summed over the batch": Mutant(fixed_sum(coupling()), "it is summed over the batch"),
    "6 keepdims": Mutant(keep(lambda s: s.sum(axis=1, keepdims=True)), "shape (N, 1)"),
    "7 exp(s) summed": Mutant(keep(lambda s: total(onp.exp(s))), "exp(s) is summed"),
    "7 exp(s) summed, autoregressive": Mutant(autoregressive(log_det=lambda s: total(onp.exp(s))), "exp(s) is summed"),
    "8 |s| summed": Mutant(keep(lambda s: total(onp.abs(s))), "|s| is summed"),
    "8 |s| summed, autoregressive": Mutant(autoregressive(log_det=lambda s: total(onp.abs(s))), "|s| is summed"),
    "9 unclamped s, cut": Mutant(unclamped(lambda s: onp.clip(3 * s, -1, 1), 1), "the unclamped s"),
    "9 unclamped s, tanh": Mutant(unclamped(lambda s: onp.tanh(3 * s), 1), "the unclamped s"),
    "10 last layer's": Mutant(lambda dim: LastLayer(layers(dim)), "only the last layer's"),
    "10 one layer left out": Mutant(lambda dim: OneForgotten(layers(dim)), "a layer's log_det is left out"),
    "11 no abs": Mutant(mirrored(), "without the absolute value"),
    "12 diagonal of L": Mutant(plu(lambda L, U: onp.log(onp.abs(onp.diag(L))).sum()), "the diagonal of L"),
    "13 det, PLU": Mutant(plu(lambda L, U: onp.abs(onp.prod(onp.diag(U)))), "it is det"),
    "13 det, coupling": Mutant(keep(lambda s: onp.exp(total(s))), "it is det"),
    "14 H*W": Mutant(convolution(lambda a: 1), "H*W", ((3, 2, 2),)),
    "15 spline slope": Mutant(spline("slope"), "bin slope is not squared", SPLINE_DIMS),
    "16 spline denominator": Mutant(spline("denominator"), "denominator is not squared", SPLINE_DIMS),
    "17 planar h": Mutant(planar("h"), "h where h' belongs", (2, 5, 6)),
    "18 planar u": Mutant(planar("u"), "u where u_hat belongs", (2, 5, 6)),
    "19 logit's scale": Mutant(sigmoid_scaled(missing=True), "logit's scale term", options=SCALED),
    "always 0": Mutant(keep(lambda s: 0 * total(s)), "it is always 0"),
    "at x, not at z": Mutant(sinh("at x"), "evaluated at x"),
    "one variable left out": Mutant(keep(lambda s: total(s[:, 1:])), "some variables' terms", (5, 6)),
    "a small constant": Mutant(keep(lambda s: total(s) + 1e-3), "off by a constant"),
    "log(cosh z + 0.01)": Mutant(shifted_sinh(), f"log_det forward: {FORMULA}"),
    "one branch of z_0": Mutant(first_branch(), "some variables' terms"),
    "0 beyond 7": Mutant(beyond(scaled(), 7.0), "right near 0 and wrong far out"),
    "0 beyond 500": Mutant(beyond(scaled(), 500.0), "log_det is wrong far out"),
    "a smooth wrong term": Mutant(fractional(lambda z: 0.1 * z), f"log_det forward: {FORMULA}", (1, 2)),
    "a smooth wrong term, waves": Mutant(fractional(lambda z: 0.3 * onp.sin(z)), f"log_det forward: {FORMULA}", (1, 2)),
    "a wrong formula": Mutant(keep(lambda s: total(onp.sin(3 * s) + s**2)), f"log_det forward: {FORMULA}"),
}
