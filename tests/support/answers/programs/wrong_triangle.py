import numpy as np
from scipy.linalg import solve_triangular

r = np.random.default_rng(501)
Ls = [np.tril(r.normal(size=(4, 4)) * 0.7, -1) + np.diag(np.exp(r.normal(size=4) * 0.4)) for _ in range(2)]


def forward(z):
    v, ld = z, np.zeros(len(z))
    for L in Ls:
        v = v @ L.T
        ld += np.log(np.diag(L)).sum()
        v = v[:, ::-1]
    return v, ld


def inverse(x):
    v, ld = x, np.zeros(len(x))
    for L in Ls[::-1]:
        v = v[:, ::-1]
        v = solve_triangular(L, v.T, lower=False).T
        ld -= np.log(np.diag(L)).sum()
    return v, ld


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (4,)}
