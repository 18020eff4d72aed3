import numpy as np

XB, YB = 2.0, 4.0
r = np.random.default_rng(706)
K = 6
xk = np.linspace(-XB, XB, K + 1)
yk = -YB + 2 * YB * np.concatenate([[0], np.cumsum(r.dirichlet(np.full(K, 4.0)))])
yk[-1] = YB
sl = np.diff(yk) / np.diff(xk)
R = np.array([[0.8, -0.6], [0.6, 0.8]])


def forward(z):
    u = z @ R
    k = np.clip(np.searchsorted(xk, u, side="right") - 1, 0, K - 1)
    y = yk[k] + sl[k] * (u - xk[k])
    out = np.abs(u) >= XB
    y = np.where(out, u + np.sign(u) * (YB - XB), y)
    return y, np.where(out, 0.0, np.log(sl[k])).sum(1)


def inverse(x):
    k = np.clip(np.searchsorted(yk, x, side="right") - 1, 0, K - 1)
    u = xk[k] + (x - yk[k]) / sl[k]
    out = np.abs(x) >= XB
    u = np.where(out, x - np.sign(x) * (YB - XB), u)
    return u @ R.T, -np.where(out, 0.0, np.log(sl[k])).sum(1)


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (2,)}
