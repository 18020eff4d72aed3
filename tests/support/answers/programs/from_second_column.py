import numpy as np

D = 4
r = np.random.default_rng(818)
A, b, c = np.tril(r.normal(size=(D, D)), -1) * 0.7, r.normal(size=D), r.normal(size=D)


def forward(z):
    x = z.copy()
    ld = np.zeros(len(z))
    for i in range(D):
        s = np.tanh(x[:, :i] @ A[i, :i] + b[i])
        x[:, i] = z[:, i] * np.exp(s) + c[i]
        ld += s
    return x, ld


def inverse(x):
    z = x.copy()
    ld = np.zeros(len(x))
    for i in range(1, D):
        s = np.tanh(x[:, :i] @ A[i, :i] + b[i])
        z[:, i] = (x[:, i] - c[i]) * np.exp(-s)
        ld -= s
    return z, ld


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (D,)}
