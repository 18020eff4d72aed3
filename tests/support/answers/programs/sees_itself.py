import numpy as np

D = 3
g = np.random.default_rng(125)
W, V = g.normal(size=(D, D)) * 0.9, g.normal(size=(D, D)) * 0.9


def forward(z):
    x = np.zeros_like(z)
    out = np.zeros(len(z))
    for i in range(D):
        h = x[:, :i]
        s = np.sin(h @ W[i, :i])
        x[:, i] = z[:, i] * np.exp(s) + h @ V[i, :i]
        out += s
    return x, out


def inverse(x):
    cols = []
    out = np.zeros(len(x))
    for i in range(D):
        k = i + 1
        s = np.sin(x[:, :k] @ W[i, :k])
        cols.append((x[:, i] - x[:, :k] @ V[i, :k]) * np.exp(-s))
        out -= s
    return np.stack(cols, 1), out


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (D,)}
