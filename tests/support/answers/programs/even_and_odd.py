import numpy as np

r = np.random.default_rng(90)
W = [r.normal(size=(2, 2)) * 0.8 for _ in range(4)]


def couple(u, v, A, B, sign):
    s = 0.7 * np.tanh(u @ A)
    t = np.sin(u @ B)
    if sign > 0:
        return v * np.exp(s) + t, s.sum(1)
    return (v - t) * np.exp(-s), -s.sum(1)


def forward(z):
    even, odd = z[:, 0::2], z[:, 1::2]
    odd, l1 = couple(even, odd, W[0], W[1], +1)
    even, l2 = couple(odd, even, W[2], W[3], +1)
    out = np.empty_like(z)
    out[:, 0::2], out[:, 1::2] = even, odd
    return out, l1 + l2


def inverse(x):
    even, odd = x[:, 0::2], x[:, 1::2]
    even, l2 = couple(odd, even, W[2], W[3], -1)
    odd, l1 = couple(even, odd, W[0], W[1], -1)
    out = np.empty_like(x)
    out[:, 0::2], out[:, 1::2] = odd, even
    return out, l1 + l2


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (4,)}
