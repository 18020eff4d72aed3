"""Bad habits of strangers that are not mistakes of a formula: state, batches, shapes, edges."""

import numpy as np

from .case import cases


def mixer(dim, wrong="", seed=801):
    """A coupling layer with a rolled order, written with many habits."""
    r = np.random.default_rng(seed)
    k = dim // 2
    w = {"s": r.normal(0, 0.7, (k, dim - k)), "t": r.normal(0, 0.7, (k, dim - k))}
    noise, first = np.random.default_rng(1), {}

    def st(a):
        h = a
        if wrong == "standardised" and len(a) > 1:
            h = (a - a.mean(0)) / (a.std(0) + 1e-6)
        if wrong == "dropout":
            h = a * (noise.random(a.shape) > 0.1)
        if wrong == "first_row" and len(a):
            h = np.broadcast_to(a[:1], a.shape)
        s = np.tanh(h @ w["s"])
        if wrong == "place":
            s = s * (1 + 0.05 * np.arange(len(a)) / max(1, len(a)))[:, None]
        if wrong == "cached":
            s = first.setdefault(len(a), s)
        return s, h @ w["t"]

    def forward(z):
        if wrong == "needs_rows":
            z = z + 0 * z.max()
        if wrong == "squeezes":
            z = z.squeeze()
        s, t = st(z[:, :k])
        if wrong == "shifts_argument":
            z[:, k:] = z[:, k:] * np.exp(s) + t
            return z[:, ::-1].copy(), s.sum(1)
        if wrong == "learns":
            w["t"] += 0.01
        x = np.concatenate([z[:, :k], z[:, k:] * np.exp(s) + t], 1)[:, ::-1]
        return x, s.sum(1) if wrong != "broadcast" else s.sum(1)[:, None] + np.zeros(len(z))

    def inverse(x):
        y = x[:, ::-1]
        s, t = st(y[:, :k])
        z = np.concatenate([y[:, :k], (y[:, k:] - t) * np.exp(-s)], 1)
        if wrong == "echo":
            return x, -s.sum(1)
        return (z[:, :-1] if wrong == "column_lost" else z), -s.sum(1)

    return forward, inverse


def odd_halves(dim, wrong="", seed=802, swap=True):
    """Halves of D // 2 columns; the last column of an odd D is forgotten."""
    r = np.random.default_rng(seed)
    k = dim // 2
    end = 2 * k if wrong == "last_column" else dim
    A, B = r.normal(0, 0.8, (k, end - k)), r.normal(0, 0.8, (k, end - k))

    def forward(z):
        x = np.zeros_like(z)
        s = np.arctan(z[:, :k] @ A)
        x[:, :k] = z[:, :k]
        x[:, k:end] = z[:, k:end] * np.exp(s) + z[:, :k] @ B
        return x, s.sum(1)

    def inverse(x):
        z = np.zeros_like(x)
        s = np.arctan(x[:, :k] @ A)
        z[:, :k] = x[:, :k]
        z[:, k:end] = (x[:, k:end] - x[:, :k] @ B) * np.exp(-s)
        return z, -s.sum(1)

    return forward, inverse


def two_slopes(dim, wrong="", seed=803, B=2.0):
    """Straight pieces that meet at 0, -B and B; identity outside."""
    lift = 0.5

    def forward(z):
        mid = lift + (B - lift) * z / B
        low = -B + (B + lift) * (z + B) / B
        inside = np.where(z > 0, mid, low)
        slope = np.where(z > 0, (B - lift) / B, (B + lift) / B)
        far = np.abs(z) > B
        x = np.where(far, z, inside)
        ld = np.where(far, 0.0, np.log(slope))
        if wrong == "tail_counted":
            ld = np.log(slope)
        if wrong == "upper_only":
            ld = np.where(far | (z < 0), 0.0, np.log(slope))
        return x, ld.sum(1)

    def inverse(x):
        up, down = (x - lift) * B / (B - lift), (x + B) * B / (B + lift) - B
        inside, far = np.where(x > lift, up, down), np.abs(x) > B
        z = np.where(far, x, inside)
        if wrong == "tails_cut":
            z = np.clip(inside, -B, B)
        slope = np.where(z > 0, (B - lift) / B, (B + lift) / B)
        ld = np.where(np.abs(z) > B, 0.0, np.log(slope))
        if wrong == "tail_counted":
            ld = np.log(slope)
        if wrong == "upper_only":
            ld = np.where((np.abs(z) > B) | (z < 0), 0.0, np.log(slope))
        return z, -ld.sum(1)

    return forward, inverse


CASES = cases(
    "habit",
    "class with methods",
    "affine coupling",
    mixer,
    {
        "standardised": "BATCH_STATISTICS",
        "dropout": "ANOTHER_OUTPUT",
        "first_row": "DEPENDS_ON_BATCH FIRST_CONTEXT PLACE_IN_BATCH",
        "place": "PLACE_IN_BATCH DEPENDS_ON_BATCH",
        "cached": "DEPENDS_ON_CALLS",
        "needs_rows": "EMPTY_BATCH_RAISES SMALL_BATCH",
        "squeezes": "BATCH_OF_ONE_RAISES RAISES SMALL_BATCH",
        "shifts_argument": "ARGUMENT_CHANGED",
        "learns": "DEPENDS_ON_CALLS ANOTHER_OUTPUT PARAMETERS_CHANGED",
        "broadcast": "SHAPE BROADCAST",
        "echo": "RETURNS_ARGUMENT",
        "column_lost": "SHAPE",
    },
    permuted=True,
)
CASES += cases(
    "odd_halves",
    "in place",
    "affine coupling",
    odd_halves,
    {"last_column": "COLUMN_SKIPPED"},
    dims=(2, 5),
    right=({}, {"seed": 810, "dims": (7,)}),
)
CASES += cases(
    "two_slopes",
    "elementwise",
    "linear spline",
    two_slopes,
    {
        "tail_counted": "LOG_DET_FAR_OUT WRONG_FAR_OUT",
        "upper_only": "ONE_BRANCH",
        "tails_cut": "CUT_OFF CLIPS_ARGUMENT",
    },
    options={"smooth": False},
)
