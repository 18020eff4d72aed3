import numpy as np

gen = np.random.default_rng(505)
D = 3
LAYERS = [(np.tril(gen.normal(size=(D, D)), -1), 0.5 * np.tril(gen.normal(size=(D, D)), -1)) for _ in range(3)]


def ar_f(z, A, B):
    x = np.zeros_like(z)
    la = np.zeros_like(z)
    for i in range(D):
        la[:, i] = np.sin(x @ B[i])
        x[:, i] = z[:, i] * np.exp(la[:, i]) + np.tanh(x @ A[i])
    return x, la.sum(1)


def ar_g(x, A, B):
    la = np.sin(x @ B.T)
    return (x - np.tanh(x @ A.T)) * np.exp(-la), -la.sum(1)


def forward(z):
    tot = 0
    for n, (A, B) in enumerate(LAYERS):
        if n > 0:
            z = z[:, ::-1]
        z, l = ar_f(z, A, B)
        tot = tot + l
    return z, tot


def inverse(x):
    tot = 0
    for n in (2, 1, 0):
        x, l = ar_g(x, *LAYERS[n])
        tot = tot + l
    return x, tot


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (D,)}
