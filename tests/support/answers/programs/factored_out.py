import numpy as np

r = np.random.default_rng(712)
A1, A2 = r.normal(size=(3, 3)) * 0.5, r.normal(size=(1, 2)) * 0.8


def level(a, b, A):
    s = np.sin(a @ A)
    return b * np.exp(s) + 0.5 * s, s.sum(1)


def unlevel(a, b, A):
    s = np.sin(a @ A)
    return (b - 0.5 * s) * np.exp(-s), -s.sum(1)


def forward(z):
    h, ld1 = level(z[:, 3:], z[:, :3], A1)
    out1 = z[:, 3:]
    g, ld2 = level(h[:, :1], h[:, 1:], A2)
    return np.hstack([out1, h[:, :1], g]), ld2


def inverse(x):
    out1, h0, g = x[:, :3], x[:, 3:4], x[:, 4:]
    h1, ld2 = unlevel(h0, g, A2)
    top, ld1 = unlevel(out1, np.hstack([h0, h1]), A1)
    return np.hstack([top, out1]), ld1 + ld2


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (6,)}
