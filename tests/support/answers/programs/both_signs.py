import numpy as np

razmer = 4
gen = np.random.default_rng(314)
vesa = gen.normal(size=(razmer, razmer)) * 0.5
sdvig = gen.normal(size=razmer)


def parametry(predki, i):
    a = predki[:, :i] @ vesa[:i, i]
    return 0.8 * np.tanh(a + 0.3), sdvig[i] + np.cos(a)


def vpered(z):
    x = z.copy()
    logdet = 0.0 * z[:, 0]
    for i in range(razmer):
        s, t = parametry(x, i)
        x[:, i] = z[:, i] * np.exp(s) + t
        logdet = logdet - s
    return x, logdet


def nazad(x):
    z = x.copy()
    for i in range(razmer):
        s, t = parametry(x, i)
        z[:, i] = (x[:, i] - t) / np.exp(s)
    return z, -vpered(z)[1]


SUBJECT = (vpered, nazad)
OPTIONS = {"dims": (razmer,)}
