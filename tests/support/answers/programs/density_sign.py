import numpy as np

alea = np.random.default_rng(4)
n_dim = 3
racine = np.tril(alea.normal(size=(n_dim, n_dim)) * 0.6)
racine[np.diag_indices(n_dim)] = np.exp(alea.normal(size=n_dim) * 0.6)
decalage = alea.normal(size=n_dim)


def directe(z):
    return z @ racine.T + decalage, np.full(len(z), np.log(np.diag(racine)).sum())


def reciproque(x):
    z = np.linalg.solve(racine, (x - decalage).T).T
    return z, np.full(len(x), -np.log(np.diag(racine)).sum())


def log_densite(x):
    z, ld = reciproque(x)
    base = -0.5 * (z**2).sum(1) - 0.5 * n_dim * np.log(2 * np.pi)
    return base - ld


def tirer(n, rng):
    return directe(rng.normal(size=(n, n_dim)))[0]


SUBJECT = (directe, reciproque)
OPTIONS = {"dims": (n_dim,), "log_prob": log_densite, "sample": tirer}
