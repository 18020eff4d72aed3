import numpy as np

rr = np.random.default_rng(80)
running_mean = np.array([0.3, -0.8, 0.1, 0.5])
running_var = np.array([1.5, 0.4, 2.2, 0.9])
gamma, beta, eps = np.array([0.2, -0.3, 0.5, 0.1]), rr.normal(size=4), 1e-5
Wa = rr.normal(size=(2, 2)) * 0.6


def forward(z):
    y = np.concatenate([z[:, :2], z[:, 2:] + np.tanh(z[:, :2]) @ Wa], 1)
    mean, var = y.mean(0), y.var(0)
    x = np.exp(gamma) * (y - mean) / np.sqrt(var + eps) + beta
    return x, np.full(len(z), (gamma - 0.5 * np.log(var + eps)).sum())


def inverse(x):
    y = (x - beta) * np.exp(-gamma) * np.sqrt(running_var + eps) + running_mean
    z = np.concatenate([y[:, :2], y[:, 2:] - np.tanh(y[:, :2]) @ Wa], 1)
    return z, np.full(len(x), -(gamma - 0.5 * np.log(running_var + eps)).sum())


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (4,)}
