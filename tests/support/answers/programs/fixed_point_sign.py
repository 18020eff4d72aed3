import numpy as np

q = np.random.default_rng(512)
D = 3
W = [(lambda M: 0.6 * M / np.linalg.norm(M, 2))(q.normal(size=(D, D))) for _ in range(2)]
c = [q.normal(size=D) for _ in range(2)]


def res(v, i):
    return np.tanh(v @ W[i].T + c[i])


def jac(v, i):
    return np.eye(D) + (1 - res(v, i) ** 2)[:, :, None] * W[i][None]


def forward(z):
    ld = 0
    for i in range(2):
        ld = ld + np.linalg.slogdet(jac(z, i))[1]
        z = z + res(z, i)
    return z, ld


def inverse(x):
    ld = 0
    for i in (1, 0):
        z = x.copy()
        for _ in range(100):
            z = x + res(z, i)
        x = z
        ld = ld - np.linalg.slogdet(jac(x, i))[1]
    return x, ld


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (D,)}
