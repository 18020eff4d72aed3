"""Slips that the search for a change once passed by: one program each, with the change that is to be said."""

import numpy as np
import pytest
from edited_code import module_of, trial_of

from nfscratch.check.diagnosis.loops import has_loops, is_one_function
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.wrong_inverse import name_inverse
from nfscratch.check.repair.lengths import drops_repeated
from nfscratch.check.repair.masks import repeats_factor
from nfscratch.check.repair.search import Search

pytestmark = pytest.mark.exhaustive  # each is a whole search; its rooms have small tests of their own

SWAPPED = """
    import numpy as np
    swap = [1, 0, 2]
    A, B = np.array([[0.8], [-0.5]]), np.array([[0.4], [0.9]])

    def forward(z):
        s = np.tanh(z[:, :2] @ A)
        x = np.c_[z[:, :2], np.exp(s) * z[:, 2:] + z[:, :2] @ B]
        return x[:, swap], s.sum(1)

    def inverse(x):
        x = x[:, swap]
        s = np.tanh(x[:, :2] @ A)
        z = np.c_[x[:, :2], np.exp(-s) * (x[:, 2:] - x[:, :2] @ B)]
        return z, -s.sum(1)
"""
MASKED = """
    import numpy as np
    mask = np.array([1.0, 0.0, 1.0])
    A, B = np.array([[0.3, 0.8, -0.2], [0.1, 0.4, 0.6], [0.5, -0.7, 0.2]]), np.diag([0.4, 0.9, -0.3])

    def forward(z):
        s, t = np.tanh(z * mask @ A), z * mask @ B
        s, t = s * (1 - mask), t * (1 - mask)
        return z * np.exp(s) + t, s.sum(1)

    def inverse(x):
        s, t = np.tanh(x * mask @ A), x * mask @ B
        s, t = s * (1 - mask), t * (1 - mask)
        return (x - t) * np.exp(-s), -s.sum(1)
"""
SINES = """
    import numpy as np
    a = np.array([0.5, 0.8, 0.3])

    def forward(z):
        return np.sinh(a * z), (np.log(a) + np.log(np.cosh(a * z))).sum(1)

    def inverse(x):
        y = np.arcsinh(x)
        z = y / a
        return z, -(np.log(a) + np.log(np.cosh(y))).sum(1)
"""
BENT = """
    import numpy as np
    a = 3.0

    def forward(z):
        x, log_det = z.copy(), np.zeros_like(z)
        log_det += 0.5
        low = z < 0
        x[low] *= a
        log_det[low] += np.log(a)
        return x * np.exp(0.5), log_det.sum(1)

    def inverse(x):
        z = x * np.exp(-0.5)
        low = z < 0
        return np.where(low, z / a, z), -(0.5 + np.log(a) * low).sum(1)
"""
HALVED = """
    import numpy as np
    c = np.array([0.9, 0.7, 1.8])

    def forward(z):
        return z + c * np.tanh(z), np.log(1 + c / np.cosh(z) ** 2).sum(1)

    def inverse(x):
        low, high = x - 2, x + 2
        for _ in range(64):
            middle = (low + high) / 2
            under = middle + c * np.tanh(middle) < x
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return low, -np.log(1 + c / np.cosh(low) ** 2).sum(1)
"""
LOGITS = """
    import numpy as np
    low = 0.05

    def forward(z):
        s = low + (1 - 2 * low) / (1 + np.exp(-z))
        return np.log(s) - np.log(1 - s), (
            np.log(1 - 2 * low) - np.log(s) - np.log(1 - s) - z - 2 * np.log1p(np.exp(-z))).sum(1)

    def inverse(x):
        s = 1 / (1 + np.exp(-x))
        u = (s - low) / (1 - 2 * low)
        return np.log(u) - np.log(1 - u), (
            np.log(s) + np.log(1 - s) - np.log(u) - np.log(1 - u) - np.log(1 - 2 * low)).sum(1)
"""
POWERS = """
    import numpy as np
    k = np.array([0.5, 1.5, 0.8])

    def forward(z):
        z = np.exp(z)
        log_det = (np.log(k + 1) + k * np.log(z) + np.log(z)).sum(1)
        return z ** (k + 1), log_det

    def inverse(x):
        y = x ** (1 / (k + 1))
        return np.log(y), -(np.log(k + 1) + (k + 1) * np.log(y)).sum(1)
"""
DST = """
    import numpy as np
    n = 3
    i, s = np.arange(1, n + 1), np.array([0.4, -0.3, 0.2])
    S = np.sqrt(2 / (n + 1)) * np.sin(np.pi * np.outer(i, i) / (n + 1))

    def forward(z):
        return z @ S * np.exp(s) @ S, np.full(len(z), s.sum())

    def inverse(x):
        return x @ S * np.exp(-s) @ S, np.full(len(x), -s.sum())
"""
TURNED = """
    import numpy as np
    Q = np.linalg.qr(np.array([[0.3, 0.8, -0.2], [0.1, 0.4, 0.6], [0.5, -0.7, 0.2]]))[0]
    s = np.array([0.4, -0.3, 0.2])

    def forward(z):
        h = z @ Q * np.exp(s)
        return np.sinh(h), s.sum() + np.log(np.cosh(h)).sum(1)

    def inverse(x):
        h = np.arcsinh(x)
        return h * np.exp(-s) @ Q.T, -s.sum() - np.log(np.cosh(h)).sum(1)
"""
SHARED_SCALE = """
    import numpy as np

    def forward(z):
        return -3 * z, np.full(len(z), 5 * np.log(3.0))

    def inverse(x):
        return x / -3, np.full(len(x), -5 * np.log(3.0))
"""


@pytest.mark.parametrize("text, right, wrong, says, dim", [
    (SWAPPED, "x = x[:, swap]", "x = x", "x[:, swap]", 3),  # an order of columns that is a list
    (MASKED, "s * (1 - mask), t", "s * 1, t", "s * (1 - mask)", 3),  # a mask on the right of what it masks
    (SINES, "y = np.arcsinh(x)", "y = x", "np.arcsinh(", 3),  # what undoes a function that forward calls
    (MASKED, "np.exp(s)", "np.exp(-s)", "z * np.exp(s)", 3),  # what lacks a minus does no less
    pytest.param(BENT, "x[low] *= a", "x[low] = a", "x[low] *= a", 3, marks=pytest.mark.exhaustive),
    (BENT, "log_det[low] += ", "log_det[low] = ", "log_det[low] +=", 3),
    (HALVED, "range(64)", "range(3)", "range(100 * 3)", 3),
    (HALVED.replace("64", "36"), "(low + high) / 2", "(low + high) * 2", "(low + high) / 2", 3),  # right to 1e-10
    (LOGITS, "low) / (1 + np", "low) * (1 + np", "low) / (1 + np", 3),  # x is not finite
    (POWERS, "k * np.log(z)", "k * z", "k * np.log(z)", 3),  # of a term that is missing and one too many, the short one
    (SINES, "np.sinh(a * z), (", "np.sinh(a * z) + np.sinh(a * z), (", "(np.sinh(a * z), (", 3),
    (DST, "/ (n + 1))\n\n", "/ n + 1)\n\n", "i, i) / (n + 1)", 3),  # both directions read it
    (TURNED, "z @ Q *", "z @ Q.T *", "z @ Q * ", 3),  # what lacks a transpose does no less
    (SHARED_SCALE, "5 * np", "np", "5 * np", 5),  # no logarithm of 3 ** 4 times the scale
])  # fmt: skip
def test_the_slip_is_found(text, right, wrong, says, dim, tmp_path):
    repair = repair_of(text, right, wrong, tmp_path, dim)
    assert repair is not None
    assert says in repair.change or any(says in other.change for other in repair.others), repair.change


def repair_of(text, right, wrong, tmp_path, dim):
    assert right in text
    with np.errstate(all="ignore"):
        return Search(trial_of(module_of(text.replace(right, wrong, 1), tmp_path, "slip"), dim)).repair()


def test_a_factor_may_stand_on_either_side():
    assert repeats_factor("s * 1, t * (1 - m)", "s * (1 - m), t * (1 - m)")
    assert repeats_factor("m * s, t", "m * s, m * t")
    assert not repeats_factor("s * a, t * (1 - m)", "s, t * (1 - m)")


def test_one_function_may_be_both_directions(tmp_path):
    text = """
        import numpy as np
        v = np.array([0.5, 1.0, -0.3])

        def reflect(z):
            return z - np.outer(z @ v, 2 * v), np.zeros(len(z))

        forward = inverse = reflect
    """
    trial = trial_of(module_of(text, tmp_path, "mirror"), 3)
    assert is_one_function(trial) and name_inverse(trial) is Mistake.NO_UNDOING


def test_what_stands_twice_may_be_one_too_many():
    assert drops_repeated("m + z @ C.T + z @ C.T", "m + z @ C.T") and drops_repeated("(x - t - t) * s", "(x - t) * s")
    assert drops_repeated("(a * z + a * z, 1)", "(a * z, 1)") and not drops_repeated("ab + b", "ab")
    assert not drops_repeated("x - t", "x") and not drops_repeated("x + t + u", "x + u")


def test_a_formula_has_no_loop_that_may_stop_too_early(tmp_path):
    def loops(text, name):
        return has_loops(trial_of(module_of(text, tmp_path, name), 3))

    assert not loops(SINES, "sines")
    assert loops(HALVED, "halved")
    assert loops(SINES.replace("np.arcsinh(x)", "np.array([np.arcsinh(v) for v in x])"), "listed")
