"""Strangers' functions of one number, applied to every column, with a scale or a permutation around some."""

import numpy as np

from .case import cases


def log_sigmoid(v):
    """log(1 / (1 + exp(-v))), without overflow."""
    return np.minimum(v, 0) - np.log1p(np.exp(-np.abs(v)))


def to_unit(dim, wrong="", seed=300, alpha=0.05):
    """Sigmoid, as the last layer: all reals to (0, 1); or with alpha, to (-a, 1 + a) shrunk back."""
    a = np.exp(np.random.default_rng(seed).normal(0, 0.3, dim))

    def ld_of(v):
        terms = log_sigmoid(a * v) + log_sigmoid(-a * v) + np.log(a)
        if wrong == "no_scale_term":
            terms = terms - np.log(a)
        if wrong == "one_part":
            terms = log_sigmoid(a * v) + np.log(a)
        if wrong == "no_log":
            return np.exp(terms).sum(1)
        if wrong == "product":
            return np.exp(terms.sum(1))
        return terms.mean(1) if wrong == "mean" else terms.sum(1)

    def forward(z):
        p = np.exp(log_sigmoid(a * z))
        return p, ld_of(p if wrong == "at_output" else z)

    def inverse(x):
        with np.errstate(all="ignore"):
            if wrong == "clipped":
                x = np.clip(x, 0.1, 0.9)
            z = (np.log(x) - np.log1p(-x)) / a
            if wrong == "scale_times":
                z = z * a * a
        return z, -ld_of(z) if wrong != "plus" else ld_of(z)

    return forward, inverse


def logit_layer(dim, wrong="", lam=0.05):
    """Dequantised pixels to reals: logit(lam + (1 - 2 lam) x), as RealNVP's preprocessing; (0, 1) to an interval."""
    c = 1 - 2 * lam

    def forward(x):
        p = lam + c * x
        y = np.log(p) - np.log1p(-p)
        ld = -np.log(p) - np.log1p(-p)
        if wrong != "no_c":
            ld = ld + np.log(c)
        if wrong == "minus":
            ld = -ld
        return y, ld.sum(1)

    def inverse(y):
        p = 1 / (1 + np.exp(-y))
        x = p - lam if wrong == "no_div" else (p / c - lam if wrong == "order" else (p - lam) / c)
        ld = np.log(p) + np.log1p(-p)
        if wrong != "no_c":
            ld = ld - np.log(c)
        if wrong == "minus":
            ld = -ld
        return x, ld.sum(1)

    return forward, inverse


def softplus_layer(dim, wrong="", seed=302):
    """All reals to the positive numbers."""

    def forward(z):
        ld = log_sigmoid(z).sum(1)
        if wrong == "slope_summed":
            ld = np.exp(log_sigmoid(z)).sum(1)
        if wrong == "other_sign":
            ld = log_sigmoid(-z).sum(1)
        return np.logaddexp(0, z), ld

    def inverse(x):
        with np.errstate(all="ignore"):
            z = x + np.log(-np.expm1(-x))
            if wrong == "log_only":
                z = np.log(x)
        ld = -log_sigmoid(x if wrong == "at_x" else z).sum(1)
        if wrong == "slope_summed":
            ld = -np.exp(log_sigmoid(z)).sum(1)
        if wrong == "other_sign":
            ld = -log_sigmoid(-z).sum(1)
        return z, ld

    return forward, inverse


def leaky(dim, wrong="", slope=0.2, order=None):
    """Leaky ReLU, perhaps with a permutation before it."""
    perm = np.arange(dim) if order is None else np.random.default_rng(order).permutation(dim)

    def forward(z):
        u = z[:, perm]
        x = np.where(u < 0, slope * u, u)
        ld = np.where(u < 0, np.log(slope), 0.0)
        if wrong == "twice":
            ld = 2 * ld
        if wrong == "branches":
            ld = np.where(u > 0, np.log(slope), 0.0)
        if wrong == "counted":
            ld = np.where(u < 0, slope, 1.0)
        return x, ld.sum(1)

    def inverse(x):
        z = np.where(x < 0, x * slope if wrong == "times" else x / slope, x)
        ld = -np.where(z < 0, np.log(slope), 0.0)
        if wrong == "twice":
            ld = 2 * ld
        if wrong == "branches":
            ld = -np.where(z > 0, np.log(slope), 0.0)
        if wrong == "counted":
            ld = -np.where(z < 0, slope, 1.0)
        return z[:, perm if wrong == "perm" else np.argsort(perm)], (-ld if wrong == "plus" else ld).sum(1)

    return forward, inverse


def elu(dim, wrong="", alpha=1.0):
    """ELU, onto (-1, inf)."""

    def forward(z):
        low = np.minimum(z, 0)
        ld = low.copy()
        if wrong == "both":
            ld = z
        if wrong == "exp":
            ld = np.where(z < 0, np.exp(low), 0)
        return np.where(z > 0, z, np.expm1(low)), ld.sum(1)

    def inverse(x):
        with np.errstate(all="ignore"):
            z = np.where(x > 0, x, np.log1p(np.minimum(x, 0)))
            if wrong == "kept":
                z = np.where(x > 0, x, np.minimum(x, 0))
        ld = -np.minimum(z, 0)
        if wrong == "both":
            ld = -z
        if wrong == "exp":
            ld = -np.where(z < 0, np.exp(np.minimum(z, 0)), 0)
        if wrong == "at_x":
            ld = -np.minimum(x, 0)
        return z, ld.sum(1)

    return forward, inverse


def sinh_arcsinh(dim, wrong="", seed=305):
    """x = sinh((arcsinh(z) + e) * d), then reversed columns; heavy or light tails."""
    r = np.random.default_rng(seed)
    e, d = r.normal(0, 0.5, dim), np.exp(r.normal(0, 0.2, dim))

    def terms(z):
        u = (np.arcsinh(z) + e) * d
        return np.log(d) + np.log(np.cosh(u)) - 0.5 * np.log1p(z**2)

    def forward(z):
        ld = terms(z)
        if wrong == "no_d":
            ld = ld - np.log(d)
        if wrong == "no_half":
            ld = ld - 0.5 * np.log1p(z**2)
        if wrong == "outer_only":
            ld = ld + 0.5 * np.log1p(z**2)
        return np.sinh((np.arcsinh(z) + e) * d)[:, ::-1], ld.sum(1)

    def inverse(x):
        y = x if wrong == "kept" else x[:, ::-1]
        u = np.arcsinh(y)
        z = np.sinh(u / d - e if wrong != "order" else (u - e) / d)
        ld = terms(z)
        if wrong == "no_d":
            ld = ld - np.log(d)
        if wrong == "no_half":
            ld = ld - 0.5 * np.log1p(z**2)
        if wrong == "outer_only":
            ld = ld + 0.5 * np.log1p(z**2)
        return z, -ld.sum(1)

    return forward, inverse


REALS, UNIT = "all reals", (0, 1)
CASES = cases(
    "sigmoid",
    "elementwise",
    "sigmoid",
    to_unit,
    {
        "no_scale_term": "OFF_BY_CONSTANT LOGIT_SCALE TERMS_LEFT_OUT",
        "one_part": "LOG_DET_FORMULA TERMS_LEFT_OUT",
        "product": "NO_LOGARITHM",
        "no_log": "NO_LOGARITHM EXP_SUMMED",
        "mean": "MEAN",
        "at_output": "AT_X",
        "clipped": "CLIPS_ARGUMENT",
        "scale_times": "MULTIPLIES RESCALING",
        "plus": "NOT_NEGATED",
    },
    options={"codomain": UNIT},
    right=({}, {"dims": (1, 2)}),
)
CASES += cases(
    "logit",
    "elementwise",
    "logit",
    logit_layer,
    {
        "no_c": "LOGIT_SCALE OFF_BY_CONSTANT",
        "no_div": "RESCALING SCALE_NOT_UNDONE",
        "order": "WRONG_ORDER RESCALING",
        "minus": "SIGN_IN_BOTH",
    },
    options={"domain": UNIT, "codomain": (-np.log(19.0), np.log(19.0))},
)
CASES += cases(
    "softplus",
    "elementwise",
    "softplus",
    softplus_layer,
    {
        "slope_summed": "NO_LOGARITHM EXP_SUMMED",
        "other_sign": "LOG_DET_FORMULA",
        "log_only": "NO_UNDOING",
        "at_x": "AT_X",
    },
    options={"codomain": (0, np.inf)},
    also={"log_only": {"dims": (1,)}},
)
CASES += cases(
    "leaky",
    "elementwise",
    "leaky ReLU",
    leaky,
    {
        "twice": "FACTOR_TWO ONE_BRANCH MULTIPLIED",
        "branches": "ONE_BRANCH LOG_DET_FORMULA",
        "counted": "NO_LOGARITHM EXP_SUMMED ONE_BRANCH",
        "times": "MULTIPLIES",
        "plus": "NOT_NEGATED",
    },
    options={"smooth": False},
    right=({}, {"slope": 0.01, "dims": (1, 2)}),
)
CASES += cases(
    "leaky_perm",
    "elementwise",
    "leaky ReLU",
    leaky,
    {"perm": "PERMUTATION", "times": "MULTIPLIES"},
    permuted=True,
    order=1,
    options={"smooth": False},
)
CASES += cases(
    "elu",
    "elementwise",
    "ELU",
    elu,
    {"both": "ONE_BRANCH", "exp": "EXP_SUMMED NO_LOGARITHM ONE_BRANCH", "kept": "NO_UNDOING", "at_x": "AT_X"},
    options={"codomain": (-1, np.inf)},
    also={"both": {"dims": (1,)}},
)
CASES += cases(
    "sinh_arcsinh",
    "elementwise",
    "sinh-arcsinh",
    sinh_arcsinh,
    {
        "no_d": "OFF_BY_CONSTANT LOG_DET_FORMULA",
        "no_half": "LOG_DET_FORMULA FACTOR_TWO",
        "outer_only": "LOG_DET_FORMULA TERMS_LEFT_OUT LAYER_LEFT_OUT",
        "kept": "PERMUTATION",
        "order": "NO_UNDOING WRONG_ORDER",
    },
    permuted=True,
    right=({}, {"dims": (1, 6)}),
)
