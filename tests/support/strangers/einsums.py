"""Strangers who write einsum: PLU, QR and Householder matrices, and 1x1 convolutions of small images."""

import numpy as np

from .case import cases


def plu_layer(dim, wrong="", seed=4, big=0.5):
    """W = P L U as in Glow, with log|diag U| as the log-det."""
    r = np.random.default_rng(seed)
    order = np.roll(np.arange(dim), 1) if dim < 3 else r.permutation(dim)
    P = np.eye(dim)[order]
    L = np.tril(r.normal(0, big, (dim, dim)), -1) + np.eye(dim)
    log_s = r.normal(0, big, dim)
    U = np.triu(r.normal(0, big, (dim, dim)), 1) + np.diag(np.exp(log_s) * np.sign(r.normal(size=dim)))
    W = np.einsum("ij,jk,kl->il", P, L, U)

    def log_det(batch):
        if wrong == "diag_l":
            value = np.log(np.abs(np.diag(L))).sum()
        elif wrong == "exp":
            value = np.exp(log_s).sum()
        elif wrong == "average":
            value = log_s.mean()
        elif wrong == "abs_s":
            value = np.abs(log_s).sum()
        elif wrong == "all_but_one":
            value = log_s[:-1].sum()
        else:
            value = log_s.sum()
        return value if wrong == "scalar" else np.full(len(batch), value)

    def forward(z):
        return np.einsum("ij,nj->ni", W, z), log_det(z)

    def inverse(x):
        y = x if wrong == "no_p" else np.einsum("ji,nj->ni", P, x)
        if wrong == "p_again":
            y = np.einsum("ij,nj->ni", P, x)
        if wrong == "u_first":
            y = np.linalg.solve(L, np.linalg.solve(U, y.T)).T
        else:
            y = np.linalg.solve(U, np.linalg.solve(L, y.T)).T
        return y, -log_det(x)

    return forward, inverse


def qr_layer(dim, wrong="", seed=7):
    """W = Q R, with a shift."""
    r = np.random.default_rng(seed)
    Q = np.linalg.qr(r.normal(size=(dim, dim)))[0]
    d = r.normal(0, 0.5, dim)
    R = np.triu(r.normal(0, 0.4, (dim, dim)), 1) + np.diag(np.exp(d))
    b = r.normal(0, 1, dim)

    def forward(z):
        ld = np.einsum("i,n->n", d, np.ones(len(z)))
        if wrong == "column":
            ld = ld[:, None]
        if wrong == "doubled":
            ld = 2 * ld
        return np.einsum("ij,jk,nk->ni", Q, R, z) + b, ld

    def inverse(x):
        v = x - b
        if wrong == "shift_after":
            v = x
        v = np.einsum("ij,nj->ni" if wrong == "q_again" else "ji,nj->ni", Q, v)
        z = v if wrong == "no_r" else np.linalg.solve(R, v.T).T
        if wrong == "shift_after":
            z = z - b
        ld = -d.sum() * np.ones(len(x))
        if wrong == "doubled":
            ld = 2 * ld
        return z, ld[:, None] if wrong == "column" else ld

    return forward, inverse


def householders(dim, wrong="", seed=8, count=4):
    """Reflections one after another, then a diagonal."""
    r = np.random.default_rng(seed)
    vs = r.normal(size=(count, dim))
    log_d = r.normal(0, 0.6, dim)

    def reflect(y, v):
        return y - 2 * np.einsum("n,i->ni", np.einsum("ni,i->n", y, v), v) / np.einsum("i,i->", v, v)

    def forward(z):
        for v in vs:
            z = reflect(z, v)
        return z * np.exp(log_d), np.full(len(z), log_d.sum())

    def inverse(x):
        x = x if wrong == "no_diagonal" else x * np.exp(log_d if wrong == "times" else -log_d)
        for v in vs if wrong == "same_order" else vs[::-1]:
            x = reflect(x, v)
        return x, np.full(len(x), -log_d.sum() * (0 if wrong == "zero" else 1))

    return forward, inverse


def conv_1x1(dim, wrong="", seed=9, channels=3):
    """The same C x C matrix at each of H*W pixels, the image as a row of dim = H*W*C numbers."""
    r = np.random.default_rng(seed)
    pixels = dim // channels
    K = r.normal(0, 0.4, (channels, channels)) + np.diag([1.5, -1.2, 2.0][:channels])
    logabs = np.linalg.slogdet(K)[1]
    total = logabs if wrong == "pixels" else pixels * logabs

    def forward(z):
        image = z.reshape(len(z), pixels, channels)
        return np.einsum("cd,npd->npc", K, image).reshape(z.shape), np.full(len(z), total)

    def inverse(x):
        image = x.reshape(len(x), pixels, channels)
        back = K if wrong == "not_inverted" else np.linalg.inv(K)
        sign = 1 if wrong == "plus" else -1
        return np.einsum("cd,npd->npc", back, image).reshape(x.shape), np.full(len(x), sign * total)

    return forward, inverse


CASES = cases(
    "plu",
    "einsum",
    "PLU linear",
    plu_layer,
    {
        "diag_l": "DIAGONAL_OF_L ALWAYS_ZERO",
        "exp": "EXP_SUMMED",
        "average": "MEAN",
        "abs_s": "ABSOLUTE_SUMMED",
        "all_but_one": "TERMS_LEFT_OUT OFF_BY_CONSTANT",
        "scalar": "SHAPE",
        "no_p": "P_LEFT_OUT PERMUTATION",
        "p_again": "PERMUTATION",
        "u_first": "LAYERS_IN_ORDER NO_UNDOING",
    },
    permuted=True,
    right=({}, {"big": 2.0, "seed": 14}, {"dims": (2, 6)}),
)
CASES += cases(
    "qr",
    "einsum",
    "QR linear",
    qr_layer,
    {
        "column": "KEPT_AXIS",
        "doubled": "FACTOR_TWO MULTIPLIED",
        "q_again": "NO_UNDOING",
        "no_r": "SCALE_NOT_UNDONE NO_UNDOING",
        "shift_after": "WRONG_ORDER",
    },
)
CASES += cases(
    "householder",
    "einsum",
    "Householder linear",
    householders,
    {
        "no_diagonal": "SCALE_NOT_UNDONE RESCALING",
        "times": "MULTIPLIES",
        "same_order": "LAYERS_IN_ORDER",
        "zero": "ALWAYS_ZERO",
    },
    right=({}, {"count": 30}),
)
CASES += cases(
    "conv1x1",
    "einsum",
    "dense linear",
    conv_1x1,
    {"pixels": "PIXELS_MISSING MULTIPLIED", "not_inverted": "APPLIES_FORWARD", "plus": "NOT_NEGATED"},
    dims=(12,),
)
