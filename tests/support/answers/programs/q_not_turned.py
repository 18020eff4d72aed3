import numpy as np
import scipy.linalg as sla

r = np.random.default_rng(29)
Q, R = np.linalg.qr(r.normal(size=(4, 4)))
R = np.triu(R, 1) * 0.4 + np.diag(np.exp(0.5 * r.normal(size=4)))
a = r.normal(size=(2, 2)) * 0.5


def forward(z):
    y = np.hstack([z[:, :2], z[:, 2:] + np.tanh(z[:, :2] @ a)])
    x = (Q @ R @ y.T).T
    return x, np.zeros(len(z)) + np.log(np.diag(R)).sum()


def inverse(x):
    y = sla.solve_triangular(R, Q @ x.T).T
    z = np.hstack([y[:, :2], y[:, 2:] - np.tanh(y[:, :2] @ a)])
    return z, np.zeros(len(x)) - np.log(np.diag(R)).sum()


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (4,)}
