"""Strangers who work in place: a copy at the start (or not), and slices that are written over."""

import numpy as np

from .case import cases


def glow_step(dim, wrong="", seed=31, roll=2, lift=2.0):
    """Glow's affine coupling, scale = sigmoid(s + 2), then the columns are rolled; all in place."""
    r = np.random.default_rng(seed)
    h = dim // 2
    W1, b1 = r.normal(0, 0.6, (h, 16)), r.normal(0, 0.3, 16)
    W2, b2 = r.normal(0, 0.4, (16, 2 * (dim - h))), r.normal(0, 0.3, 2 * (dim - h))

    def head(a):
        out = np.maximum(a @ W1 + b1, 0) @ W2 + b2
        s = out[:, ::2] + lift
        return -np.log1p(np.exp(-np.abs(s))) + np.minimum(s, 0), out[:, 1::2], s

    def measure(log_scale, s):
        if wrong == "raw":
            return s.sum(axis=1)
        if wrong == "scale_itself":
            return np.exp(log_scale).sum(axis=1)
        if wrong == "mean":
            return log_scale.mean(axis=1)
        if wrong == "first_only":
            return log_scale[:, 0]
        return log_scale.sum(axis=1)

    def forward(z):
        y = z if wrong == "no_copy" else z.copy()
        log_scale, t, s = head(y[:, :h])
        y[:, h:] += t
        y[:, h:] *= np.exp(log_scale)
        return np.roll(y, roll, axis=1), measure(log_scale, s)

    def inverse(x):
        y = np.roll(x, roll if wrong == "roll_again" else -roll, axis=1)
        if wrong == "no_roll":
            y = x.copy()
        log_scale, t, s = head(y[:, :h])
        if wrong == "shift_first":
            y[:, h:] -= t
            y[:, h:] /= np.exp(log_scale)
        elif wrong == "times":
            y[:, h:] *= np.exp(log_scale)
            y[:, h:] -= t
        elif wrong == "no_shift":
            y[:, h:] /= np.exp(log_scale)
        elif wrong == "raw_scale":
            y[:, h:] /= np.exp(s)
            y[:, h:] -= t
        else:
            y[:, h:] /= np.exp(log_scale)
            y[:, h:] -= t
        if wrong == "too_late":
            log_scale, t, s = head(y[:, -h:])
        return y, -measure(log_scale, s)

    return forward, inverse


def interleaved(dim, wrong="", seed=32):
    """Even columns move the odd ones, then odd the even; in place, two half steps in one function."""
    r = np.random.default_rng(seed)
    e, o = np.arange(0, dim, 2), np.arange(1, dim, 2)
    A, B = r.normal(0, 0.8, (len(e), len(o))), r.normal(0, 0.8, (len(o), len(e)))
    C, E = r.normal(0, 0.8, (len(e), len(o))), r.normal(0, 0.8, (len(o), len(e)))

    def soft(u):
        return u / (1 + np.abs(u))

    def forward(z):
        x = np.array(z)
        s = soft(x[:, e] @ A)
        x[:, o] = x[:, o] * np.exp(s) + np.cos(x[:, e] @ C)
        ld = s.sum(1)
        s = soft(x[:, o] @ B)
        x[:, e] = x[:, e] * np.exp(s) + np.cos(x[:, o] @ E)
        if wrong == "assigned":
            ld = s.sum(1)
        elif wrong == "second_missing":
            pass
        elif wrong == "second_minus":
            ld -= s.sum(1)
        else:
            ld += s.sum(1)
        return x, ld

    def inverse(x):
        z = np.array(x)

        def undo_second():
            s = soft(z[:, o] @ B)
            z[:, e] = (z[:, e] - np.cos(z[:, o] @ E)) * np.exp(-s)
            return s.sum(1)

        def undo_first():
            s = soft(z[:, e] @ A)
            t = np.cos(z[:, e] @ C)
            if wrong == "no_shift":
                t = 0 * t
            z[:, o] = (z[:, o] * np.exp(-s) - t) if wrong == "order" else (z[:, o] - t) * np.exp(-s)
            return s.sum(1)

        if wrong == "same_order":
            a = undo_first()
            b = undo_second()
        else:
            b = undo_second()
            a = undo_first()
        if wrong == "assigned":
            a = 0 * a
        if wrong in ("second_missing", "second_minus"):
            b = 0 * b if wrong == "second_missing" else -b
        return z, -(a + b)

    return forward, inverse


CASES = cases(
    "glow_inplace",
    "in place",
    "affine coupling",
    glow_step,
    {
        "raw": "UNCLAMPED LOG_DET_FORMULA",
        "scale_itself": "EXP_SUMMED",
        "mean": "MEAN",
        "first_only": "TERMS_LEFT_OUT",
        "no_copy": "ARGUMENT_CHANGED",
        "roll_again": "PERMUTATION",
        "no_roll": "PERMUTATION",
        "shift_first": "WRONG_ORDER",
        "times": "MULTIPLIES",
        "no_shift": "SHIFT_NOT_UNDONE",
        "raw_scale": "CLAMP_IN_FORWARD",
        "too_late": "AT_X LOG_DET_FORMULA CHANGED_HALF",
    },
    permuted=True,
    also={"mean": {"dims": (2, 5), "roll": 1}},
    right=({}, {"seed": 40, "lift": 0.0}, {"dims": (2, 6), "roll": 1}),
)
CASES += cases(
    "interleaved",
    "in place",
    "affine coupling",
    interleaved,
    {
        "assigned": "LAST_LAYER LAYER_LEFT_OUT",
        "second_missing": "LAYER_LEFT_OUT",
        "second_minus": "SIGN_IN_BOTH SIGN",
        "no_shift": "SHIFT_NOT_UNDONE",
        "order": "WRONG_ORDER",
        "same_order": "LAYERS_IN_ORDER",
    },
    chain=True,
    right=({}, {"seed": 35, "dims": (7,)}),
)
