"""Small broken layers and densities, each with the name that the audit should give it.

The layers are plain NumPy pairs (forward, inverse) for any D, correct but for the one thing that an option changes:
an affine coupling, an autoregressive layer by loops, a rational-quadratic spline, planar, PLU, an image's 1x1
convolution, logit, leaky ReLU, ActNorm, and densities of them. `tests/healthy.py` audits the same ones unbroken.
"""

import zlib
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache

import autograd.numpy as np
import numpy as onp

import nfscratch as nf

LOG_2PI = onp.log(2 * onp.pi)


@lru_cache
def weights(tag, *shape):
    return onp.random.default_rng([zlib.crc32(tag.encode()), *shape]).normal(size=shape)


def total(s):
    return s.sum(axis=1)


def normal(z):
    return -0.5 * (z**2).sum(axis=1) - 0.5 * z.shape[1] * LOG_2PI


# --- an affine coupling, its log-scale and shift a small tanh network of the kept half ---


def s_and_t(a, m, clamp=lambda s: s):
    n = a.shape[1]
    h = onp.tanh(a @ weights("W", 8, n).T.astype(a.dtype) + weights("b", 8).astype(a.dtype))
    out = h @ weights("V", 2 * m, 8).T.astype(a.dtype) * onp.asarray(0.5, a.dtype) + weights("c", 2 * m).astype(a.dtype)
    return clamp(out[:, :m]), out[:, m:]


def halves(z):
    return z[:, : z.shape[1] // 2], z[:, z.shape[1] // 2 :]


def joined(a, b):
    return onp.concatenate([a, b], axis=1)


def coupling(
    log_det=total, inverse_log_det=lambda s: -total(s), undo=lambda y, s, t: (y - t) * onp.exp(-s), split=halves,
    join=joined, join_back=joined, condition=lambda a, y: a, clamp=lambda s: s, clamp_back=None, do=None,
):  # fmt: skip
    do = do or (lambda b, s, t: b * onp.exp(s) + t)

    def forward(z):
        a, b = split(z)
        s, t = s_and_t(a, b.shape[1], clamp)
        return join(a, do(b, s, t)), log_det(s)

    def inverse(x):
        a, y = split(x)
        s, t = s_and_t(condition(a, y), y.shape[1], clamp_back or clamp)
        return join_back(a, undo(y, s, t)), inverse_log_det(s)

    return forward, inverse


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


def even_odd(z):
    return z[:, ::2], z[:, 1::2]


def changed_alone(a, y):
    return y[:, : a.shape[1]] if y.shape[1] >= a.shape[1] else a


def negated(pair, which=(True, True)):
    flips = [-1 if w else 1 for w in which]
    return tuple(
        lambda a, f=f, sign=sign: (lambda y, l: (y, sign * l))(*f(a)) for f, sign in zip(pair, flips, strict=True)
    )


def with_log_det(pair, change):
    """Both directions with change(log_det, x)."""
    return tuple(lambda a, f=f: (lambda y, l: (y, change(l, a)))(*f(a)) for f in pair)


# --- an autoregressive affine layer, by loops: forward one variable after the other, inverse in one pass ---


def autoregressive(passes=None, log_det=total, parents=lambda i: range(i)):
    def parameters(x):
        D = x.shape[1]
        s, t = onp.zeros_like(x), onp.zeros_like(x)
        for i in range(D):
            seen = [j for j in parents(i) if j < D]
            h = onp.tanh(x[:, seen] @ weights("A", 6, D)[:, seen].T + weights("a", 6))
            s[:, i], t[:, i] = 0.6 * onp.tanh(h @ weights("s", D, 6)[i]), h @ weights("t", D, 6)[i]
        return s, t

    def forward(z):
        x = z
        for _ in range(passes(z.shape[1]) if passes else z.shape[1]):
            s, t = parameters(x)
            x = z * onp.exp(s) + t
        s, _ = parameters(x)
        return x, log_det(s)

    def inverse(x):
        s, t = parameters(x)
        return (x - t) * onp.exp(-s), -log_det(s)

    return forward, inverse


# --- a rational-quadratic spline on [-3, 3], elementwise, the identity outside ---

B, BINS = 3.0, 5


@lru_cache
def knots(i):
    w, h = (onp.exp(0.6 * weights(tag, BINS, i + 1)[:, i]) for tag in ("w", "h"))
    d = onp.concatenate([[1.0], onp.exp(0.7 * weights("d", BINS - 1, i + 1)[:, i]), [1.0]])
    return *(onp.concatenate([[-B], -B + 2 * B * onp.cumsum(v) / v.sum()]) for v in (w, h)), d


def one_spline(v, i, back, bug):
    kx, ky, d = knots(i)
    if bug == "end slopes":
        d = onp.concatenate([[0.5], d[1:-1], [2.0]])
    inside = (v >= -B) & (v <= B) if bug == "index" else (v > -B) & (v < B)
    searched = ky if back and bug != "searches x" else kx
    u = v if bug == "index" else onp.clip(v, -B, B)
    k = onp.searchsorted(searched, u, side="right") - 1
    k = onp.where(inside, k, 0) if bug == "index" else onp.clip(k, 0, BINS - 1)
    w, h = kx[k + 1] - kx[k], ky[k + 1] - ky[k]
    slope, d0, d1 = h / w, d[k], d[k + 1]
    if bug == "swapped":
        d0, d1 = d1, d0
    mix = d0 + d1 - 2 * slope
    if back:
        y = u - ky[k]
        a, b, c = h * (slope - d0) + y * mix, h * d0 - y * mix, -slope * y
        root = onp.sqrt(onp.maximum(b * b - 4 * a * c, 0.0))
        xi = 2 * c / (-b + root) if bug == "other root" else 2 * c / (-b - root)
        out = kx[k] + xi * w
    else:
        xi = (u - kx[k]) / w
        out = ky[k] + h * (slope * xi**2 + d0 * xi * (1 - xi)) / (slope + mix * xi * (1 - xi))
    below = slope + mix * xi * (1 - xi)
    top = d1 * xi**2 + 2 * slope * xi * (1 - xi) + d0 * (1 - xi) ** 2
    power_s, power_q = (1 if bug == "slope" else 2), (1 if bug == "denominator" else 2)
    l = power_s * onp.log(slope) + onp.log(top) - power_q * onp.log(below)
    tail = onp.full_like(v, onp.nan) if bug == "outside" else v
    return onp.where(inside, out, tail), onp.where(inside, -l if back else l, 0.0)


def spline(bug=""):
    def run(v, back):
        parts = [one_spline(v[:, i], i, back, bug) for i in range(v.shape[1])]
        return onp.stack([p[0] for p in parts], axis=1), sum(p[1] for p in parts)

    return lambda z: run(z, False), lambda x: run(x, True)


# --- planar, with tanh and an inverse by bisection ---


def planar(bug=""):
    def vectors(D):
        w, u, b = 1.5 * weights("pw", D), -1.2 * weights("pw", D) + 0.5 * weights("pu", D), 0.3
        if bug == "norm":
            w = 0.65 * w / onp.linalg.norm(w)
            u = -8.0 * w
        wu, norm = w @ u, onp.linalg.norm(w) if bug == "norm" else w @ w
        u_hat = u + (-1 + onp.log1p(onp.exp(wu)) - wu) * w / norm
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
        reach = 10.0 if bug == "bracket" else 10.0 * (1 + abs(wu)) + onp.abs(target)
        low, high = -reach + 0 * target, reach + 0 * target
        for _ in range(80):
            middle = 0.5 * (low + high)
            less = middle + wu * onp.tanh(middle + b) < target
            low, high = onp.where(less, middle, low), onp.where(less, high, middle)
        z = x - onp.tanh(0.5 * (low + high) + b)[:, None] * u_hat
        return z, -forward(z)[1]

    return forward, inverse


# --- linear: x = P L U z; and the same matrix at every pixel of an image ---


@lru_cache
def factors(D):
    P = onp.eye(D)[onp.roll(onp.arange(D), 1)]
    L = onp.eye(D) + onp.tril(weights("L", D, D), -1)
    return P, L, onp.triu(weights("U", D, D), 1) + onp.diag(onp.exp(0.7 * weights("u", D)) * (-1) ** onp.arange(D))


def plu(log_det=lambda L, U: onp.log(onp.abs(onp.diag(U))).sum(), forget_p=False):
    def forward(z):
        P, L, U = factors(z.shape[1])
        return z @ (P @ L @ U).T, onp.full(len(z), log_det(L, U))

    def inverse(x):
        P, L, U = factors(x.shape[1])
        W = L @ U if forget_p else P @ L @ U
        return onp.linalg.solve(W, x.T).T, onp.full(len(x), -log_det(L, U))

    return forward, inverse


def convolution(pixels=lambda z: z.shape[2] * z.shape[3]):
    def apply(a, W, sign):
        log_det = sign * onp.log(abs(onp.linalg.det(factors(a.shape[1])[2])))
        return onp.einsum("ij,njhw->nihw", W, a), onp.full(len(a), log_det * pixels(a))

    def W(a):
        P, L, U = factors(a.shape[1])
        return P @ L @ U

    return lambda z: apply(z, W(z), 1), lambda x: apply(x, onp.linalg.inv(W(x)), -1)


# --- elementwise ---

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


def leaky(forward_count=1, slope=0.2):
    def forward(z):
        below = z < 0
        return onp.where(below, slope * z, z), forward_count * onp.log(slope) * below.sum(axis=1)

    def inverse(x):
        below = x < 0
        return onp.where(below, x / slope, x), -forward_count * onp.log(slope) * below.sum(axis=1)

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


def dequantize(undone=True):
    """x = 256 sinh(z): pixels from the unit scale."""
    forward, inverse = sinh()
    units = onp.log(256.0)
    return (
        lambda z: (lambda x, l: (256.0 * x, l + z.shape[1] * units))(*forward(z)),
        lambda x: (lambda z, l: (z, l - x.shape[1] * units))(*inverse(x / 256.0 if undone else x)),
    )


def of_batch(f):
    """z normalised by the statistics of the batch that it comes in."""
    return lambda z: ((z - z.mean(axis=0)) / (z.std(axis=0) + 1.0), onp.full(len(z), -onp.log(z.std(axis=0) + 1).sum()))


def mirrored():
    """x = -2 z, and log(det) without the absolute value: NaN at odd D."""
    return (
        lambda z: (-2 * z, onp.full(len(z), onp.log((-2.0) ** z.shape[1]))),
        lambda x: (-x / 2, onp.full(len(x), onp.log((-0.5) ** x.shape[1]))),
    )


def bounded_map(kind):
    if kind == "tanh":  # each variable ends at +-5, and says nothing of it
        return lambda z: (5 * onp.tanh(z / 5), -2 * total(onp.log(onp.cosh(z / 5)))), lambda x: (
            5 * onp.arctanh(onp.clip(x / 5, -1 + 1e-16, 1 - 1e-16)),
            -total(onp.log1p(-onp.clip((x / 5) ** 2, 0, 1 - 1e-16))),
        )

    def back(x):  # x = z + z^3, by bisection in a bracket of +-10
        low, high = onp.full_like(x, -10.0), onp.full_like(x, 10.0)
        for _ in range(70):
            m = 0.5 * (low + high)
            less = m + m**3 < x
            low, high = onp.where(less, m, low), onp.where(less, high, m)
        return low, -total(onp.log(1 + 3 * low**2))

    return lambda z: (z + z**3, total(onp.log(1 + 3 * z**2))), back


def in_place(pair):
    def forward(z):
        z += 1.0
        return z, onp.zeros(len(z))

    return forward, lambda x: (x - 1.0, onp.zeros(len(x)))


def noisy(pair):
    rng = onp.random.default_rng(0)
    return (lambda z: (lambda x, l: (x + 1e-3 * rng.normal(size=x.shape), l))(*pair[0](z))), pair[1]


def crooked(jump=0.3):
    """x = 2 z, and a little more beyond 1.7: invertible, the same slope, and it jumps."""
    return (
        lambda z: (2 * z + jump * (z > 1.7), onp.full(len(z), z.shape[1] * onp.log(2))),
        lambda x: ((x - jump * (x > 2 * 1.7)) / 2, onp.full(len(x), -x.shape[1] * onp.log(2))),
    )


def tanh_log_det():
    """log(1 - tanh^2) instead of the stable form: -inf from z = 19 on."""
    return (
        lambda z: (onp.tanh(z), total(onp.log(1 - onp.tanh(z) ** 2))),
        lambda x: (onp.arctanh(x), -total(onp.log(1 - x**2))),
    )


def empty_fails(pair):
    return (lambda z: (z + 0 * z.min(), onp.zeros(len(z)))), (lambda x: (x + 0 * x.max(), onp.zeros(len(x))))


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


# --- densities ---


def density(wrong=None, draw=None, pair=None):
    """A coupling with log_prob(x) and sample(rng, n); `wrong(z, x, l)` replaces log q(z) + l."""
    forward, inverse = pair or coupling()

    def log_prob(x):
        z, l = inverse(x)
        return wrong(z, x, l) if wrong else normal(z) + l

    def sampler(dim):
        def sample(rng, n):
            z = rng.normal(size=(n, dim))
            return draw(z, forward, inverse) if draw else forward(z)[0]

        return sample

    return {"subject": (forward, inverse), "log_prob": log_prob, "sample": sampler}


# --- as Bijections: chains, structure, state, gradients ---


@dataclass(frozen=True, eq=False)
class Pair(nf.Bijection):
    """A pair as a layer."""

    dim: int
    pair: tuple
    jacobian_structure: str = "dense"
    in_shape = property(lambda self: (self.dim,))

    def forward(self, params, z, context=None, rng=None):
        return tuple(onp.asarray(a, dtype=z.dtype) for a in self.pair[0](z))

    def inverse(self, params, x, context=None, rng=None):
        return tuple(onp.asarray(a, dtype=x.dtype) for a in self.pair[1](x))


def affine(dim, flip=False):
    return nf.Coupling(nf.Affine(1.5), nf.half_mask(dim, flip), nf.MLP((8,), "tanh"))


def layers(dim):
    return [affine(dim), nf.Permutation(onp.roll(onp.arange(dim), 1)), affine(dim, True), nf.ActNorm(dim)]


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


class WrongGradient(nf.ActNorm):
    def forward_vjp(self, params, z, context=None, rng=None):
        x, log_det, pullback = super().forward_vjp(params, z)
        return (
            x,
            log_det,
            lambda g_x, g_l: (lambda g: ({**g[0], "log_scale": 0.5 * g[0]["log_scale"]}, *g[1:]))(pullback(g_x, g_l)),
        )


class NanGradient(nf.ActNorm):
    """NaN at 0 and nowhere else: sqrt under a where."""

    def inverse_vjp(self, params, x, context=None, rng=None):
        z, log_det, pullback = super().inverse_vjp(params, x)

        def spoiled(g_z, g_l):
            g_params, g_x, g_c = pullback(g_z, g_l)
            return g_params, onp.where(onp.abs(x) > 100, onp.nan, g_x), g_c

        return z, log_det, spoiled


class WrongJacobian(nf.ActNorm):
    def jacobian(self, params, z, context=None):
        return super().jacobian(params, z) * (1 + 0.1 * onp.eye(self.dim)[:, ::-1])


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


@dataclass(frozen=True, eq=False)
class UnscaledBase(nf.distributions.Distribution):
    dim: int
    shape = property(lambda self: (self.dim,))

    def sample(self, params, rng, n, like=None):
        return rng.normal(size=(n, self.dim)).astype("float64" if like is None else like.dtype)

    def log_prob(self, params, z):
        return -0.5 * np.sum(np.square(z), axis=1)


class MaskedLayer(nf.Bijection):
    """x_i = z_i exp(s_i) + t_i from a masked network of x_<i; compare = the masks' two comparisons."""

    jacobian_structure = "triangular"

    def __init__(self, dim, hidden_sees, out_sees):
        object.__setattr__(self, "dim", dim)
        object.__setattr__(self, "sees", (hidden_sees, out_sees))

    in_shape = property(lambda self: (self.dim,))

    def init(self, rng, x=None, context=None):
        return {"W": onp.zeros((24, self.dim)), "V": onp.zeros((self.dim, 24))}

    def _shift(self, params, x):
        D = self.dim
        degree = onp.arange(24) % max(1, D - 1) + 1
        inputs = onp.arange(1, D + 1)
        W = params["W"] * self.sees[0](degree[:, None], inputs[None])
        V = params["V"] * self.sees[1](inputs[:, None], degree[None])
        return 3 * np.tanh(x @ W.T) @ V.T

    def forward(self, params, z, context=None, rng=None):
        x = z
        for _ in range(self.dim):
            x = z + self._shift(params, x)
        return x, onp.zeros_like(z, shape=(len(z),))

    def inverse(self, params, x, context=None, rng=None):
        return x - self._shift(params, x), onp.zeros_like(x, shape=(len(x),))


def self_seeing():
    """x_i looks at z_i too: the log-det of a triangle with ones, which it is not."""

    def forward(z):
        t = 0.9 * onp.tanh(z @ onp.tril(weights("self", z.shape[1], z.shape[1])).T)
        return z + t, onp.zeros(len(z))

    def inverse(x):
        z = x
        for _ in range(200):  # monotone in z_i, given the earlier ones: damped steps arrive
            z = z - 0.3 * (forward(z)[0] - x)
        return z, onp.zeros(len(x))

    return forward, inverse


def skipping(dim):
    """Halves of D // 2 both: at odd D the last variable is in neither."""
    n = dim // 2
    mask = onp.array([i < n for i in range(dim)])

    def forward(z):
        s, t = s_and_t(z[:, :n], n)
        return onp.concatenate([z[:, :n], z[:, n : 2 * n] * onp.exp(s) + t, z[:, 2 * n :]], axis=1), total(s)

    def inverse(x):
        s, t = s_and_t(x[:, :n], n)
        return onp.concatenate([x[:, :n], (x[:, n : 2 * n] - t) * onp.exp(-s), x[:, 2 * n :]], axis=1), -total(s)

    return Pair(dim, (forward, inverse), "block triangular") if mask.any() else affine(dim)


def second_kind(dim):
    return nf.Chain([affine(dim), affine(dim)])


# --- a context for every row ---


def conditional(choose):
    """A coupling that looks at choose(context)."""

    class Conditional(nf.Coupling):
        def forward(self, params, z, context=None, rng=None):
            return super().forward(params, z, choose(context), rng)

        def inverse(self, params, x, context=None, rng=None):
            return super().inverse(params, x, choose(context), rng)

        def forward_vjp(self, params, z, context=None, rng=None):
            return super().forward_vjp(params, z, choose(context), rng)

        def inverse_vjp(self, params, x, context=None, rng=None):
            return super().inverse_vjp(params, x, choose(context), rng)

    return lambda dim: Conditional(nf.Affine(1.5), nf.half_mask(dim), nf.MLP((8,), "tanh"), 3)


def first_for_all(context):
    return onp.repeat(context[:1], len(context), axis=0)


class ByNumber(nf.ActNorm):
    """Moves row i by i."""

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return x + onp.arange(len(z), dtype=z.dtype)[:, None], log_det

    def inverse(self, params, x, context=None, rng=None):
        return super().inverse(params, x - onp.arange(len(x), dtype=x.dtype)[:, None])


# --- bases whose samples are not what log_prob says, and flows whose draws are not ---


class WideBase(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        return 1.2 * super().sample(params, rng, n, like)


class NarrowBase(nf.DiagonalNormal):
    def sample(self, params, rng, n, like=None):
        return params["mean"] + 0.1 * (super().sample(params, rng, n, like) - params["mean"])


class CorrelatedBase(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        z = super().sample(params, rng, n, like)
        z[:, 1:] = 0.1 * z[:, :1] + onp.asarray(0.99**0.5, z.dtype) * z[:, 1:]
        return z


class WrongConstant(UnscaledBase):
    """log p is 0.5 per dimension too small, as without a 1 / sigma."""

    def log_prob(self, params, z):
        return super().log_prob(params, z) - self.dim * float(0.5 * LOG_2PI + 0.5)


class TiledBase(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        return onp.resize(super().sample(params, rng, n - n // 2, like), (n, self.dim))


class Antithetic(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        z = super().sample(params, rng, n - n // 2, like)
        return onp.concatenate([z, -z])[:n]


class OwnSeed(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        return super().sample(params, onp.random.default_rng(0), n, like)


class NoSeed(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        return super().sample(params, onp.random.default_rng(), n, like)


class GlobalState(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        return onp.random.normal(size=(n, self.dim)).astype(like.dtype)


class CopiedGenerator(nf.StandardNormal):
    def sample(self, params, rng, n, like=None):
        return super().sample(params, deepcopy(rng), n, like)


def on_base(base):
    return lambda dim: nf.Flow(base(dim), affine(dim))


class Joint(nf.Flow):
    """sample_and_log_prob with log_det added."""

    def sample_and_log_prob(self, params, rng, n, context=None):
        x, z, log_det = self._sample(params, rng, n, context)
        return x, self.base.log_prob(params["base"], z) + log_det


class JointWide(nf.Flow):
    """Its log_prob is right for its x, and its x is not a draw."""

    def sample_and_log_prob(self, params, rng, n, context=None):
        x = self.sample(params, rng, n, context) * onp.asarray(1.1, dtype="float32")
        return x, self.log_prob(params, x, context)


class JointLeak(nf.Flow):
    def sample_and_log_prob(self, params, rng, n, context=None):
        x, log_p = super().sample_and_log_prob(params, rng, n, context)
        return x, log_p.astype("float64")


def on_flow(kind):
    return lambda dim: kind(nf.StandardNormal(dim), nf.Chain(layers(dim)))


class EmbedGradient(nf.MLP):
    """The gradient of its weights is halved."""

    def apply_vjp(self, params, x, context=None):
        out, pullback = super().apply_vjp(params, x, context)
        return out, lambda g: (lambda r: (nf.trees.map_leaves(lambda leaf: 0.5 * leaf, r[0]), *r[1:]))(pullback(g))


def embedding(network, kind=nf.Flow):
    def flow(dim):
        coupling = nf.Coupling(nf.Affine(1.5), nf.half_mask(dim), nf.MLP((8,), "tanh"), 3)
        return kind(nf.StandardNormal(dim), coupling, network)

    return flow


class SingleGradient(nf.Flow):
    """In float32 alone the gradient is twice as large."""

    def log_prob_vjp(self, params, x, context=None, rng=None):
        log_p, pullback = super().log_prob_vjp(params, x, context, rng)
        factor = onp.asarray(2.0 if x.dtype == onp.float32 else 1.0, dtype=x.dtype)
        return log_p, lambda g: (lambda r: (nf.trees.map_leaves(lambda leaf: factor * leaf, r[0]), *r[1:]))(pullback(g))


CONTEXT = {"context": onp.random.default_rng(5).normal(size=(7, 4))}


# --- what once was called by a wrong name ---


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


def clipped(bound):
    """An affine map whose inverse cuts x off."""
    forward, inverse = scaled()
    return forward, lambda x: inverse(onp.clip(x, -bound, bound))


def empty_raises():
    def refuse(a):
        if len(a) == 0:
            raise RuntimeError("an empty batch")
        return a, onp.zeros(len(a))

    return refuse, refuse


# --- the list ---


@dataclass
class Mutant:
    """`subject`: a pair, a factory, or the keywords of a density; `name`: what the audit should call it."""

    subject: object
    name: str
    dims: tuple = (1, 2, 5, 6)
    options: dict = field(default_factory=dict)


def keep(log_det):
    return coupling(log_det=log_det, inverse_log_det=lambda s: -log_det(s))


def fixed_sum(pair):
    return with_log_det(pair, lambda l, a: onp.full_like(l, l.sum()))


SIGN, BOTH = "the sign is flipped", "the sign is flipped in both directions"
MEAN, FORMULA = "mean over dimensions", "the formula"
ORDER, DIVIDE = "in the wrong order", "it multiplies by the scale"
HALVES, FOLD = "the halves are joined in the wrong order", "the map folds"
SPLINE_DIMS = (1, 2, 5)

MUTANTS = {
    # log-determinant
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
    # density
    "20 base missing": Mutant(density(lambda z, x, l: l), "the base term is missing"),
    "21 constant missing": Mutant(density(lambda z, x, l: -0.5 * total(z**2) + l), "normalising constant"),
    "21 constant missing in a base": Mutant(
        lambda dim: nf.Flow(UnscaledBase(dim), affine(dim)), "normalising constant", (1, 2)
    ),
    "22 constant once": Mutant(density(lambda z, x, l: -0.5 * total(z**2) - 0.5 * LOG_2PI + l), "once, not D times"),
    "23 no half": Mutant(density(lambda z, x, l: 2 * normal(z) + 0.5 * z.shape[1] * LOG_2PI + l), "the 1/2"),
    "24 base at x": Mutant(density(lambda z, x, l: normal(x) + l), "the base is evaluated at x"),
    "25 minus log_det": Mutant(density(lambda z, x, l: normal(z) - l), "log_det is subtracted"),
    "26 log_det missing": Mutant(density(lambda z, x, l: normal(z)), "log_det is missing"),
    "27 broadcast": Mutant(density(lambda z, x, l: normal(z) + l[:, None]), "broadcast to (N, N)"),
    "28 mean": Mutant(density(lambda z, x, l: (normal(z) + l).mean()), "mean over rows"),
    "29 base summed": Mutant(density(lambda z, x, l: normal(z).sum() + l), "base term is summed over the batch"),
    "log_det twice": Mutant(density(lambda z, x, l: normal(z) + 2 * l), "multiplied by a number"),
    "mean log_det": Mutant(density(lambda z, x, l: normal(z) + l / z.shape[1]), "mean over dimensions", (1, 5, 6)),
    "sample_and_log_prob": Mutant(on_flow(Joint), "sample_and_log_prob: log_det is added"),
    "sample_and_log_prob, leak": Mutant(on_flow(JointLeak), "sample_and_log_prob: shape or dtype"),
    "log_prob / D": Mutant(density(lambda z, x, l: (normal(z) + l) / z.shape[1]), "multiplied by 1/D", (1, 2, 5)),
    "log_prob and a constant": Mutant(density(lambda z, x, l: normal(z) + l + 0.7), "log_prob: a constant is missing"),
    "58 log 256": Mutant(density(lambda z, x, l: normal(z) + l + z.shape[1] * onp.log(256)), "log 256"),
    # inverse
    "30 order": Mutant(coupling(undo=lambda y, s, t: y * onp.exp(-s) - t), ORDER),
    "31 multiplies": Mutant(coupling(undo=lambda y, s, t: (y - t) * onp.exp(s)), DIVIDE),
    "no shift": Mutant(coupling(undo=lambda y, s, t: y * onp.exp(-s)), "the shift is not undone"),
    "no scale": Mutant(coupling(undo=lambda y, s, t: y - t), "the scale is not undone"),
    "32 changed half": Mutant(coupling(condition=changed_alone), "conditions on the changed half"),
    "33 halves swapped": Mutant(coupling(join_back=lambda a, b: joined(b, a)), HALVES),
    "33 even and odd": Mutant(coupling(split=even_odd), HALVES),
    "34 permutation": Mutant(lambda dim: NotInverted(onp.roll(onp.arange(dim), 1)), "permutation is not inverted"),
    "34 permutation in a chain": Mutant(
        lambda dim: nf.Chain([affine(dim), NotInverted(onp.roll(onp.arange(dim), 1)), affine(dim, True)]),
        "inverse of layer 1 (NotInverted): the permutation",
    ),
    "35 layers in order": Mutant(lambda dim: InOrder(layers(dim)), "the layers are not reversed"),
    "36 clamp, cut": Mutant(coupling(clamp=hard, clamp_back=lambda s: 3 * s), "the clamp is in forward only"),
    "36 clamp, tanh": Mutant(coupling(clamp=soft, clamp_back=lambda s: 3 * s), "the clamp is in forward only"),
    "37 other root": Mutant(spline("other root"), "the other root", SPLINE_DIMS),
    "38 searches x": Mutant(spline("searches x"), "it searches the knots", SPLINE_DIMS),
    "39 P left out": Mutant(plu(forget_p=True), "P is left out"),
    "40 one pass": Mutant(autoregressive(passes=lambda D: 1), "too few passes"),
    "40 D - 1 passes": Mutant(autoregressive(passes=lambda D: max(1, D - 1)), "too few passes"),
    "59 scale": Mutant(dequantize(undone=False), "an affine rescaling is not undone"),
    "uvadlc 57": Mutant(sigmoid_scaled(undone=False), "an affine rescaling is not undone", options=SCALED),
    "zuko bracket": Mutant(bounded_map("cubic"), "it gives the end of its bracket"),
    "planar bracket": Mutant(planar("bracket"), "it does not undo forward", (1,)),
    "a search that stops early": Mutant(early_bisection(), "inverse: it does not undo forward", (2, 5)),
    "five steps of Newton": Mutant(newton(5), "inverse: it does not undo forward"),
    "an inverse that clips x": Mutant(clipped(5.0), "it clips its argument"),
    "inverse is forward": Mutant((coupling()[0], coupling()[0]), "it applies forward"),
    "inverse returns x": Mutant((coupling()[0], lambda x: (x, onp.zeros(len(x)))), "it returns its argument"),
    # structure
    "41 sees itself": Mutant(self_seeing(), "log_det forward", (1, 2)),
    "41 sees a later one": Mutant(lambda dim: MaskedLayer(dim, onp.greater_equal, onp.greater_equal), "", (2, 5)),
    "42 input mask": Mutant(lambda dim: MaskedLayer(dim, onp.greater, onp.greater), "a mask drops a parent"),
    "43 output degree": Mutant(
        lambda dim: MaskedLayer(dim, onp.greater_equal, lambda o, d: o - 1 > d), "a mask drops a parent"
    ),
    "44 no permutation": Mutant(second_kind, "never move", (2, 5, 6)),
    "45 skipped column": Mutant(skipping, "a column is skipped", (2, 5)),
    "a diagonal that mixes": Mutant(lambda dim: Pair(dim, plu(), "diagonal"), "declared structure", (2, 5)),
    "no rank one": Mutant(lambda dim: Pair(dim, coupling(), "identity + rank 1"), "declared structure", (5, 6)),
    "the first row's context": Mutant(conditional(first_for_all), "the first row's context is used for all"),
    "contexts in another order": Mutant(conditional(lambda c: c[::-1]), "another row's context"),
    "a row's number": Mutant(ByNumber, "a row's place in the batch"),
    "46 batch statistics": Mutant((of_batch(0), of_batch(0)), "batch statistics"),
    # edges
    "47 swapped derivatives": Mutant(spline("swapped"), "a derivative jumps", SPLINE_DIMS),
    "48 end slopes": Mutant(spline("end slopes"), "end slopes", SPLINE_DIMS),
    "49 index K": Mutant(spline("index"), "bin index at the right edge", SPLINE_DIMS),
    "outside of the box": Mutant(spline("outside"), "finite", SPLINE_DIMS),
    "a jump": Mutant(crooked(), "the map jumps"),
    "tanh's log-det": Mutant(tanh_log_det(), "finite", options={"codomain": (-1, 1)}),
    "an empty batch raises": Mutant(empty_raises(), "it raises on an empty batch"),
    "an empty batch": Mutant(empty_fails(None), "it raises on an empty batch"),
    # sampling and state
    "50 samples the base": Mutant(density(draw=lambda z, f, g: z), "samples come from the base"),
    "50 inverse for forward": Mutant(density(draw=lambda z, f, g: g(z)[0]), "inverse is used where forward"),
    "50 uniform base": Mutant(
        density(draw=lambda z, f, g: f(onp.vectorize(lambda v: v % 1.0)(z * 40))[0]), "base of the samples is uniform"
    ),
    "base too wide": Mutant(on_base(WideBase), "base: its samples do not follow its own log_prob"),
    "base too narrow": Mutant(on_base(NarrowBase), "base: its samples do not follow its own log_prob"),
    "base without its constant": Mutant(on_base(UnscaledBase), "base: the normalising constant", (5,)),
    "samples too wide": Mutant(density(draw=lambda z, f, g: f(1.1 * z)[0]), "samples do not follow the density"),
    "draws clamped at 2": Mutant(
        density(draw=lambda z, f, g: f(onp.clip(z, -2, 2))[0]), "sample: the draws are clamped"
    ),
    "temperature 0.97": Mutant(
        density(draw=lambda z, f, g: f(0.97 * z)[0]), "samples do not follow the density", (2, 5)
    ),
    "correlated draws": Mutant(
        density(draw=lambda z, f, g: f(onp.concatenate([z[:, :1], 0.1 * z[:, :1] + 0.995 * z[:, 1:]], axis=1))[0]),
        "samples do not follow the density",
        (2, 5),
    ),
    "base correlated": Mutant(on_base(CorrelatedBase), "base: its samples do not follow its own log_prob", (2, 5)),
    "base with another constant": Mutant(on_base(WrongConstant), "base: a constant is missing", (5,)),
    "draws that come twice": Mutant(on_base(TiledBase), "the same points come twice"),
    "antithetic draws": Mutant(on_base(Antithetic), "rows of a sample depend on each other"),
    "a seed of its own": Mutant(on_base(OwnSeed), "another seed gives the same samples"),
    "a cache": Mutant(cached(), "it depends on what was called before", (2, 5)),
    "rows are sorted": Mutant(sorted_rows(), "a row's place in the batch matters", (2, 5)),
    "the rest of the last chunk": Mutant(chunked(), "a row's place in the batch matters", (2, 5)),
    "the length of the batch": Mutant(by_length(), "a row's result depends on the batch", (2, 5)),
    "no seed": Mutant(on_base(NoSeed), "the same seed gives other samples"),
    "global state": Mutant(on_base(GlobalState), "numpy's global state"),
    "a copied generator": Mutant(on_base(CopiedGenerator), "a second draw repeats the first"),
    "draws of sample_and_log_prob": Mutant(on_flow(JointWide), "samples do not follow the density"),
    "51 argument mutated": Mutant(in_place(None), "an argument is changed"),
    "51 parameters mutated": Mutant(Trains, "the parameters are changed"),
    "another output": Mutant(noisy(coupling()), "the same input gives another output"),
    "52 initialised again": Mutant(Reinitialised, "initialised again from the batch"),
    "53 std for variance": Mutant(scaled(power=0.5), "factor 2", (1, 2, 5)),
    "54 u unconstrained": Mutant(planar("unconstrained"), FOLD, (2, 5)),
    "float64 leak": Mutant(Leak, "float64 leaks"),
    "wrong gradient": Mutant(WrongGradient, "forward: the gradient"),
    "gradient of an embedding": Mutant(embedding(EmbedGradient((4,))), "log_prob: the gradient", options=CONTEXT),
    "gradient in float32": Mutant(on_flow(SingleGradient), "log_prob: the gradient"),
    "NaN gradient": Mutant(NanGradient, "inverse: the gradient is not finite"),
    "wrong Jacobian": Mutant(WrongJacobian, "jacobian()"),
    # the museum
    "normflows 27": Mutant(negated(planar(), (True, False)), "log_det forward: the sign", (2, 5)),
    "flowjax 208": Mutant(negated(planar(), (False, True)), "log_det is not negated", (2, 5)),
    "flowjax 169": Mutant(leaky(forward_count=2), "one branch"),
    "tonyduan 2": Mutant(planar("norm"), FOLD, (5, 6)),
    "flowtorch 100": Mutant(negated(spline(), (False, True)), "log_det is not negated", (1,)),
    "tfp 238": Mutant(convolution(lambda a: 1), "H*W", ((2, 3, 3),)),
    "no codomain": Mutant(bounded_map("tanh"), "the map is not onto", (1, 2)),
}


def audit(mutant, **options):
    """The report on a mutant."""
    options = {"show": False, "rng": onp.random.default_rng(0), "dims": mutant.dims, **mutant.options, **options}
    if isinstance(mutant.subject, dict):
        return audit_density(mutant.subject, options)
    return nf.check.audit(mutant.subject, **options)


def audit_density(subject, options):
    """A density's sample is made for one dimension: the reports of all, the first failing one."""
    dims = options.pop("dims")
    for dim in dims[1:] if len(dims) > 2 else dims:
        extra = {"log_prob": subject["log_prob"], "sample": subject["sample"](dim)}
        report = nf.check.audit(subject["subject"], dims=(dim,), **extra, **options)
        if not report.ok:
            return report
    return report
