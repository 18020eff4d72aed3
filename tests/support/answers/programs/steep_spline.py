import numpy as np

g = np.random.default_rng(617)
K = 8
W1, W2 = g.normal(size=(2, 16)), g.normal(size=(16, 2 * K)) * 0.5


def knots(c):
    o = np.tanh(c @ W1) @ W2
    cum = []
    for q in (o[:, :K], o[:, K:]):
        e = np.exp(2 * q)
        e = 6 * (0.005 + (1 - 0.005 * K) * e / e.sum(1, keepdims=True))
        k = np.concatenate([np.zeros((len(c), 1)), np.cumsum(e, 1)], 1) - 3
        k[:, -1] = 3
        cum.append(k)
    return cum


def piece(v, A, B):
    rows = np.arange(len(v))
    k = np.clip((v[:, None] >= A).sum(1) - 1, 0, K - 1)
    sl = (B[rows, k + 1] - B[rows, k]) / (A[rows, k + 1] - A[rows, k])
    inside = np.abs(v) < 3
    return np.where(inside, B[rows, k] + sl * (v - A[rows, k]), v), np.where(inside, np.log(sl), 0)


def forward(z):
    X, Y = knots(z[:, 1:])
    y, ld = piece(z[:, 0], X, Y)
    return np.stack([z[:, 2], y, z[:, 1]], 1), ld


def inverse(x):
    c = x[:, [2, 0]]
    X, Y = knots(c)
    v, ld = piece(x[:, 1], Y, X)
    return np.column_stack([v, c]), ld


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (3,)}
