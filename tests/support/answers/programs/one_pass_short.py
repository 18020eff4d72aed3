import numpy as np

slump = np.random.default_rng(123)
antal = 4
vikt_m = np.tril(slump.normal(size=(antal, antal)), -1) * 0.8
vikt_s = np.tril(slump.normal(size=(antal, antal)), -1) * 0.4
konst = slump.normal(size=antal) * 0.6


def medel_skala(x):
    return np.sin(x @ vikt_m.T) + konst, np.tanh(x @ vikt_s.T + konst)


def bakat(x):
    m, s = medel_skala(x)
    return (x - m) * np.exp(-s), -s.sum(1)


def framat(z):
    x = np.zeros_like(z)
    for varv in range(antal - 1):
        m, s = medel_skala(x)
        x = z * np.exp(s) + m
    return x, medel_skala(x)[1].sum(1)


SUBJECT = (framat, bakat)
OPTIONS = {"dims": (antal,)}
