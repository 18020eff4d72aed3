import numpy as np

q = np.random.default_rng(59)
W1, W2 = q.normal(size=(3, 2)) * 0.6, q.normal(size=(2, 3)) * 0.6
U1, U2 = q.normal(size=(3, 2)), q.normal(size=(2, 3))


def forward(z):
    h, k = z[:, :3], z[:, 3:]
    s1 = np.sin(h @ W1)
    k = k * np.exp(s1) + np.tanh(h @ U1)
    s2 = np.sin(k @ W2)
    h = h * np.exp(s2) + np.tanh(k @ U2)
    return np.hstack([k, h]), s2.sum(1)


def inverse(x):
    k, h = x[:, :2], x[:, 2:]
    s2 = np.sin(k @ W2)
    h = (h - np.tanh(k @ U2)) * np.exp(-s2)
    s1 = np.sin(h @ W1)
    k = (k - np.tanh(h @ U1)) * np.exp(-s1)
    return np.hstack([h, k]), -s1.sum(1) - s2.sum(1)


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (5,)}
