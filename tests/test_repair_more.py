"""The search for the one change: signs, factors, rows of tables, options; what it cannot spoil."""

import numpy as onp
import pytest
from edited_code import module_of, trial_of

import nfscratch as nf
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.repair.frozen import frozen
from nfscratch.check.repair.search import Search

pytestmark = pytest.mark.exhaustive  # each is a whole search; its rooms have small tests of their own

HEAD = """
import numpy as np
from scipy.fft import dct, idct

C = np.array([1.5, 0.6, 2.5])
W = np.array([[0.2, 1.4, -0.3], [1.1, 0.3, 0.5], [0.4, -0.2, 1.2]])
V = np.linalg.inv(W)
DEGREE = 5
"""
CURVE = (
    HEAD
    + """
def forward(z):
    x = np.sign(z) * np.log1p(C * np.abs(z))
    return x, np.sum(np.log(C) - np.log1p(C * np.abs(z)), axis=1)


def inverse(x):
    z = np.sign(x) * np.expm1(np.abs(x)) / C
    return z, np.sum(np.abs(x) - np.log(C), axis=1)
"""
)
TURNED = (
    HEAD
    + """
def forward(z):
    h = np.arcsinh(z)
    return h @ W, -0.5 * np.log1p(z**2).sum(axis=1) + np.log(np.abs(np.linalg.det(W)))


def inverse(x):
    h = x @ V
    return np.sinh(h), np.log(np.cosh(h)).sum(axis=1) + np.linalg.slogdet(V)[1]
"""
)
POWERS = (
    HEAD
    + """
A = np.array([[0.7, -0.4], [0.3, 0.9], [-0.5, 0.2]])


def power(v):
    return v**DEGREE + v, np.log(DEGREE * v**4 + 1).sum(axis=1)


def forward(z):
    x, log_det = power(z)
    x[:, 1] += np.sin(x[:, 0])
    return x, log_det


def inverse(x):
    y = x.copy()
    y[:, 1] -= np.sin(y[:, 0])
    low, high = np.full(y.shape, -1e4), np.full(y.shape, 1e4)
    for _ in range(90):
        middle = 0.5 * (low + high)
        below = power(middle)[0] < y
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return low, -power(low)[1]
"""
)
PURE = (
    HEAD
    + """
def slope(v):
    return v**DEGREE, np.log(DEGREE * v**4).sum(axis=1)


def forward(z):
    return slope(z)


def inverse(x):
    z = np.sign(x) * np.abs(x) ** (1 / DEGREE)
    return z, -slope(z)[1]
"""
)
WAVES = (
    HEAD
    + """
def forward(z):
    return dct(z, axis=1, norm="ortho") * np.exp(C), np.full(len(z), C.sum())


def inverse(x):
    return idct(x * np.exp(-C), axis=1, norm="ortho"), np.full(len(x), -C.sum())
"""
)
TABLE = (
    HEAD
    + """
XS = np.linspace(-4, 4, 6)
YS = np.array([[-4, -2, -1, 0, 3, 4], [-4, -3.5, 0.5, 1, 2, 4], [-4, -3, -2, 2, 3, 4.0]])


def bend(v, j, back):
    uneven = [v[:1], v[:2]]  # of lists like this one no shape is asked
    knots = YS[j] if back else XS
    k = np.clip(np.searchsorted(knots, v, side="right") - 1, 0, 4)
    slope = (YS[j, k + 1] - YS[j, k]) / 1.6
    out = XS[k] + (v - YS[j, k]) / slope if back else YS[j, k] + slope * (v - XS[k])
    return out, -np.log(slope) if back else np.log(slope)


def forward(z):
    columns = [bend(z[:, j], j, False) for j in range(3)]
    return np.stack([c[0] for c in columns], axis=1), sum(c[1] for c in columns)


def inverse(x):
    columns = [bend(x[:, j], j, True) for j in range(3)]
    return np.stack([c[0] for c in columns], axis=1), sum(c[1] for c in columns)
"""
)
PLANTED = {  # what is right, what stands there instead, what the search has to say
    "a sign beside a size": (CURVE, "np.sign(x) * np.expm1", "np.expm1", "np.sign(x) * np.expm1(np.abs(x))"),
    "a determinant below 0": (TURNED, "np.abs(np.linalg.det(W))", "np.linalg.det(W)", "np.abs(np.linalg.det(W))"),
    "a degree": (PURE, "np.log(DEGREE * v**4)", "np.log(v**4)", "np.log(DEGREE * v ** 4)"),
    "options of the other transform": (WAVES, 'idct(x * np.exp(-C), axis=1, norm="ortho")',
                                       "idct(x * np.exp(-C), axis=1)", "norm='ortho'"),
    "a row of a table": (TABLE, "YS[j] if back else XS", "XS if back else XS", "YS[j] if back else XS"),
}  # fmt: skip


SLOW = {"a sign beside a size", "a row of a table"}  # two seconds each


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.exhaustive if name in SLOW else ()) for name in PLANTED]
)
def test_what_is_missing_is_found(name, tmp_path):
    text, right, wrong, said = PLANTED[name]
    assert text.count(right) == 1
    with onp.errstate(all="ignore"):
        repair = Search(trial_of(module_of(text.replace(right, wrong), tmp_path, "more"), dim=3)).repair()
    print(repair)
    assert repair.is_clear and any(said in r.after for r in (repair, *repair.others))


def test_no_change_writes_into_the_users_arrays(tmp_path):
    """x[:, 1] += ..., with A in the place of x, spoils A, and everything that is tried afterwards."""
    text = POWERS.replace("DEGREE * v**4", "v**4").replace("v**DEGREE + v", "v**DEGREE + v + 0 * A[0, 0]")
    module = module_of(text, tmp_path, "written")
    before, search = module.A.copy(), Search(trial_of(module, dim=2))
    with onp.errstate(all="ignore"), frozen(search.reached, search.both):
        repair = search.repair()
    assert (module.A == before).all() and module.A.flags.writeable
    print(repair)
    assert "np.log(v ** 4 * DEGREE + 1)" in repair.after


def test_arrays_that_the_map_itself_writes_into_stay_open(tmp_path):
    text = (
        HEAD
        + """
def forward(z):
    C[0] = 1.5
    return z * C, np.full(len(z), np.log(C).sum())


def inverse(x):
    return x * C, np.full(len(x), -np.log(C).sum())
"""
    )
    module = module_of(text, tmp_path, "open")
    search = Search(trial_of(module, dim=3))
    with frozen(search.reached, search.both):
        assert module.C.flags.writeable
        assert "x / C" in search.repair().after


@pytest.mark.exhaustive
def test_a_scale_that_is_no_exponential_is_not_said_to_lack_a_clamp(tmp_path):
    text = (
        HEAD
        + """
A, B = np.array([[0.4, -0.8], [0.7, 0.5]]), np.array([[-0.6, 0.9], [0.2, 0.3]])


def nets(c):
    raw = c @ A + 0.5
    return raw, np.log1p(np.exp(raw)) + 1e-3, np.cos(c @ B)


def forward(z):
    raw, scale, t = nets(z[:, :2])
    return np.hstack([z[:, :2], scale * z[:, 2:] + t]), raw.sum(axis=1)


def inverse(x):
    raw, scale, t = nets(x[:, :2])
    return np.hstack([x[:, :2], (x[:, 2:] - t) / scale]), -raw.sum(axis=1)
"""
    )
    module = module_of(text, tmp_path, "softplus")
    report = nf.check.audit((module.forward, module.inverse), dims=(4,), letters="RXJ", show=False)
    print(report)
    failure = report.failures[0]
    assert failure.mistake is Mistake.ONE_CHANGE and "np.log(np.abs(" in failure.name
    assert "raw.sum(axis=1) - raw.sum(axis=1)" not in failure.message
