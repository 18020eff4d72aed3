import numpy as np

D = 5
half = D // 2
rr = np.random.default_rng(207)
a = rr.normal(size=(D, half))
b = rr.normal(size=(D, half))


def scale_shift(h, j):
    return np.tanh(h @ a[j]), h @ b[j]


def forward(z):
    x = z.copy()
    ld = np.zeros(z.shape[0])
    for j in range(half, D):
        s, t = scale_shift(z[:, :half], j)
        x[:, j] = z[:, j] * np.exp(s) + t
        ld += s
    return x, ld


def inverse(x):
    z = x.copy()
    ld = np.zeros(x.shape[0])
    for j in range(half, 2 * half):
        s, t = scale_shift(x[:, :half], j)
        z[:, j] = (x[:, j] - t) * np.exp(-s)
        ld -= s
    return z, ld


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (D,)}
