"""Correct maps alone: deep, steep, large, saturating, of bounded domain, in float32. None may be accused."""

import numpy as np

from .case import Case


def deep_residual_mlp(dim, wrong="", seed=901, layers=16, gain=0.3):
    """Couplings with ReLU networks and softsign scales, random halves, written as a loop over a list of tuples."""
    r = np.random.default_rng(seed)
    L = []
    for _ in range(layers):
        p = r.permutation(dim)
        k = max(1, dim // 2)
        L.append((p[:k], p[k:], r.normal(0, 0.5, (k, 12)), r.normal(0, gain, (12, 2 * (dim - k)))))

    def net(a, A, B):
        s, t = np.split(np.maximum(a @ A, 0) @ B, 2, axis=1)
        return s / (1 + np.abs(s)), t

    def forward(z):
        x, ld = z.copy(), 0 * z[:, 0]
        for keep, move, A, B in L:
            s, t = net(x[:, keep], A, B)
            x[:, move] = x[:, move] * np.exp(s) + t
            ld = ld + s.sum(1)
        return x, ld

    def inverse(x):
        z, ld = x.copy(), 0 * x[:, 0]
        for keep, move, A, B in reversed(L):
            s, t = net(z[:, keep], A, B)
            z[:, move] = (z[:, move] - t) * np.exp(-s)
            ld = ld - s.sum(1)
        return z, ld

    return forward, inverse


def steep_scale(dim, wrong="", seed=902, size=4.0):
    """exp(s) between e^-8 and e^8, and shifts of thousands."""
    r = np.random.default_rng(seed)
    s, t = r.uniform(-2 * size, 2 * size, dim), 1000 * r.normal(size=dim)
    return (
        lambda z: ((z * np.exp(s) + t), np.full(len(z), s.sum())),
        lambda x: ((x - t) * np.exp(-s), np.full(len(x), -s.sum())),
    )


def tanh_layer(dim, wrong="", seed=903, scale=3.0):
    """scale * tanh(z), with the log-det that does not overflow."""

    def ld(z):
        return (np.log(scale) + 2 * (np.log(2) - z - np.logaddexp(0, -2 * z))).sum(1)

    def inverse(x):
        with np.errstate(all="ignore"):
            z = np.arctanh(x / scale)
        return z, -ld(z)

    return (lambda z: (scale * np.tanh(z), ld(z))), inverse


def softsign_layer(dim, wrong="", seed=904):
    """z / (1 + |z|), onto (-1, 1)."""

    def inverse(x):
        with np.errstate(all="ignore"):
            z = x / (1 - np.abs(x))
        return z, 2 * np.log1p(np.abs(z)).sum(1)

    return (lambda z: (z / (1 + np.abs(z)), -2 * np.log1p(np.abs(z)).sum(1))), inverse


def algebraic(dim, wrong="", seed=905, deg=1.0):
    """z / sqrt(1 + z^2), then stretched to (-2, 5)."""
    mid, half = 1.5, 3.5

    def forward(z):
        return mid + half * z / np.sqrt(1 + z * z), (np.log(half) - 1.5 * np.log1p(z * z)).sum(1)

    def inverse(x):
        u = (x - mid) / half
        with np.errstate(all="ignore"):
            z = u / np.sqrt((1 - u) * (1 + u))
        return z, -(np.log(half) - 1.5 * np.log1p(z * z)).sum(1)

    return forward, inverse


def float32_glow(dim, wrong="", seed=906, layers=6, size=0.4):
    """All parameters in float32; returns float32."""
    r = np.random.default_rng(seed)

    def f(*shape):
        return (size * r.normal(size=shape)).astype(np.float32)

    k = dim // 2
    P = [(f(k, dim - k), f(k, dim - k), f(dim), f(dim)) for _ in range(layers)]

    def ls(raw):
        raw = raw + np.float32(2)
        return np.minimum(raw, 0) - np.log1p(np.exp(-np.abs(raw)))

    def forward(z):
        x = np.asarray(z, np.float32)
        ld = np.zeros(len(x), np.float32)
        for A, B, a, b in P:
            x = x * np.exp(a) + b
            s = ls(x[:, :k] @ A)
            x = np.concatenate([x[:, :k], (x[:, k:] + x[:, :k] @ B) * np.exp(s)], 1)[:, ::-1]
            ld = ld + s.sum(1) + a.sum()
        return x, ld

    def inverse(x):
        z = np.asarray(x, np.float32)
        ld = np.zeros(len(z), np.float32)
        for A, B, a, b in P[::-1]:
            z = z[:, ::-1]
            s = ls(z[:, :k] @ A)
            z = np.concatenate([z[:, :k], z[:, k:] * np.exp(-s) - z[:, :k] @ B], 1)
            z = (z - b) * np.exp(-a)
            ld = ld - s.sum(1) - a.sum()
        return z, ld

    return forward, inverse


def additive(dim, wrong="", seed=907, layers=32, size=1.0):
    """NICE: volume preserving shifts by sines of the other columns, 32 times, then a diagonal scale."""
    r = np.random.default_rng(seed)
    k = dim - dim // 2
    W = [r.normal(0, size, (k, dim - k) if i % 2 else (dim - k, k)) for i in range(layers)]
    d = r.normal(0, 1, dim)

    def step(v, i, sign):
        a, b = v[:, :k], v[:, k:]
        if i % 2:
            return np.concatenate([a, b + sign * np.sin(a @ W[i])], 1)
        return np.concatenate([a + sign * np.sin(b @ W[i]), b], 1)

    def forward(z):
        for i in range(layers):
            z = step(z, i, 1)
        return z * np.exp(d), np.full(len(z), d.sum())

    def inverse(x):
        x = x * np.exp(-d)
        for i in reversed(range(layers)):
            x = step(x, i, -1)
        return x, np.full(len(x), -d.sum())

    return forward, inverse


def exp_layer(dim, wrong="", seed=908):
    """exp(z) as a log-normal, onto the positive numbers."""

    def inverse(x):
        with np.errstate(all="ignore"):
            z = np.log(x)
        return z, -z.sum(1)

    return (lambda z: (np.exp(z), z.sum(1))), inverse


def rotation_pairs(dim, wrong="", seed=909, count=40):
    """Givens rotations, one pair of columns at a time, then a permutation."""
    r = np.random.default_rng(seed)
    G = [(*r.choice(dim, 2, replace=False), r.uniform(0, 6)) for _ in range(count)]
    p = r.permutation(dim)

    def turn(v, i, j, a):
        v[:, i], v[:, j] = np.cos(a) * v[:, i] - np.sin(a) * v[:, j], np.sin(a) * v[:, i] + np.cos(a) * v[:, j]

    def forward(z):
        x = z.copy()
        for i, j, a in G:
            turn(x, i, j, a)
        return x[:, p], np.zeros(len(z))

    def inverse(x):
        z = np.empty_like(x)
        z[:, p] = x
        for i, j, a in reversed(G):
            turn(z, i, j, -a)
        return z, np.zeros(len(x))

    return forward, inverse


def right(name, style, family, make, dims=(5,), options=None, **settings):
    """One correct case."""
    return Case(f"upright.{name}", style, family, make, dims=dims, settings=settings, options=options or {})


CASES = [
    right("deep16", "in place", "affine coupling", deep_residual_mlp),
    right("deep32", "in place", "affine coupling", deep_residual_mlp, layers=32, gain=0.15, seed=921),
    right("deep8_d2", "in place", "affine coupling", deep_residual_mlp, (2,), layers=8, gain=0.5, seed=922),
    right("steep", "closures", "actnorm", steep_scale),
    right("steeper", "closures", "actnorm", steep_scale, (1, 5), size=6.0, seed=923),
    right("tanh", "elementwise", "tanh", tanh_layer, options={"codomain": (-3, 3)}),
    right("tanh_d1", "elementwise", "tanh", tanh_layer, (1,), {"codomain": (-0.5, 0.5)}, scale=0.5),
    right("softsign", "elementwise", "softsign", softsign_layer, (2, 5), {"codomain": (-1, 1)}),
    right("algebraic", "elementwise", "softsign", algebraic, (1, 5), {"codomain": (-2, 5)}),
    right("glow32", "closures", "affine coupling", float32_glow, options={"dtype": "float32"}),
    right(
        "glow32_12",
        "closures",
        "affine coupling",
        float32_glow,
        (2, 6),
        {"dtype": "float32"},
        layers=12,
        seed=924,
        size=0.15,
    ),
    right("glow32_auto", "closures", "affine coupling", float32_glow, layers=3, seed=925),
    right("nice32", "closures", "affine coupling", additive, size=0.3),
    right("nice8", "closures", "affine coupling", additive, (2, 5), layers=8, seed=926, size=2.0),
    right("lognormal", "elementwise", "exp", exp_layer, (1, 5), {"codomain": (0, np.inf)}),
    right("givens", "in place", "rotation", rotation_pairs),
    right("givens2", "in place", "rotation", rotation_pairs, (2, 6), count=7, seed=927),
]
