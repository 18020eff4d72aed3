import numpy as np

kn = {
    "x": np.array([-3, -1.6, -0.4, 0.9, 1.7, 3.0]),
    "y": np.array([-3, -2.5, 0.3, 0.8, 2.4, 3.0]),
    "d": np.array([1, 0.4, 1.9, 0.6, 1.5, 1.0]),
}


def pieces(u, key):
    k = np.clip(np.searchsorted(kn[key], u) - 1, 0, 4)
    w, h = kn["x"][k + 1] - kn["x"][k], kn["y"][k + 1] - kn["y"][k]
    return kn["x"][k], kn["y"][k], w, h, h / w, kn["d"][k], kn["d"][k + 1]


def logd(t, s, p, q):
    return (
        2 * np.log(s)
        + np.log(q * t**2 + 2 * s * t * (1 - t) + p * (1 - t) ** 2)
        - 2 * np.log(np.abs(s + (p + q - 2 * s) * t * (1 - t)))
    )


def forward(z):
    u = np.clip(z, -3, 3)
    x0, y0, w, h, s, p, q = pieces(u, "x")
    t = (u - x0) / w
    out = y0 + h * (s * t**2 + p * t * (1 - t)) / (s + (p + q - 2 * s) * t * (1 - t))
    tail = np.abs(z) > 3
    return np.where(tail, z, out), np.where(tail, 0, logd(t, s, p, q))[:, 0]


def inverse(x):
    u = np.clip(x, -3, 3)
    x0, y0, w, h, s, p, q = pieces(u, "y")
    e = u - y0
    a = h * (s - p) + e * (p + q - 2 * s)
    b = h * p - e * (p + q - 2 * s)
    c = -s * e
    t = 2 * c / (-b + np.sqrt(b**2 - 4 * a * c))
    tail = np.abs(x) > 3
    return np.where(tail, x, x0 + t * w), -np.where(tail, 0, logd(t, s, p, q))[:, 0]


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (1,)}
