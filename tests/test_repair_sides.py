"""What one direction has and the other lacks: an order, a matrix, a place in the row, a flag, the turns of a loop."""

import numpy as np
import pytest
from edited_code import module_of, trial_of

from nfscratch.check.repair.frozen import frozen
from nfscratch.check.repair.products import repeated_factors
from nfscratch.check.repair.search import Search

PARTS = """
    import numpy as np

    class Rotated:
        def __init__(self, seed, n=3):
            rng = np.random.RandomState(seed)
            self.turn = np.linalg.qr(rng.randn(n, n))[0]
            self.low = np.tril(rng.randn(n, n), -1) + np.diag([0.5, 1.5, 2.0])

        def forward(self, z):
            x = z @ self.low.T @ self.turn.T
            return x, np.full(len(z), np.log(np.diag(self.low)).sum())

        def inverse(self, x):
            y = x @ self.turn
            for i in range(y.shape[1]):
                y[:, i] = (y[:, i] - y[:, :i] @ self.low[i, :i]) / self.low[i, i]
            return y, np.full(len(x), -np.log(np.diag(self.low)).sum())

    layer = Rotated(1)
    forward, inverse = layer.forward, layer.inverse
"""
ORDERED = """
    import numpy as np

    class Steps:
        def __init__(self, visits):
            self.visits, n = visits, len(visits)
            place = np.argsort(visits)
            self.W = np.random.default_rng(3).normal(size=(n, n)) * (place[:, None] > place[None, :]) * 0.8

        def shift(self, x):
            return np.sin(x @ self.W.T)

        def inverse(self, x):
            return 2.0 * (x - self.shift(x)), np.full(len(x), x.shape[1] * np.log(2.0))

        def forward(self, z):
            x = np.zeros_like(z)
            for j in self.visits:
                x[:, j] = z[:, j] / 2.0 + self.shift(x)[:, j]
            return x, np.full(len(z), -z.shape[1] * np.log(2.0))

    layer = Steps([2, 0, 3, 1])
    forward, inverse = layer.forward, layer.inverse
"""
ROLLED = """
    import numpy as np
    A = np.random.default_rng(5).normal(size=(3, 2, 2)) * 0.6

    def forward(z):
        total = np.zeros(len(z))
        for M in A:
            s = np.tanh(z[:, :2] @ M)
            moved = z[:, 2:] * np.exp(s)
            z = np.hstack([z[:, :2], moved])
            total += s.sum(1)
            z = np.roll(z, 1, axis=1)
        return z, total

    def inverse(x):
        total = np.zeros(len(x))
        for M in A[::-1]:
            x = np.roll(x, -1, axis=1)
            s = np.tanh(x[:, :2] @ M)
            moved = x[:, 2:] * np.exp(-s)
            x = np.hstack([x[:, :2], moved])
            total -= s.sum(1)
        return x, total
"""
BOTH_WAYS = """
    import numpy as np
    low, high = np.array([-4.0, -1.0, 0.5, 4.0]), np.array([-4.0, 0.0, 1.0, 4.0])

    def bent(v, backwards=False):
        knots = high if backwards else low
        k = np.clip(np.searchsorted(knots, v) - 1, 0, 2)
        start, end = (high, low) if backwards else (low, high)
        slope = (end[k + 1] - end[k]) / (start[k + 1] - start[k])
        return end[k] + (v - start[k]) * slope, np.log(slope).sum(axis=1)

    def forward(z):
        return bent(z)

    def inverse(x):
        return bent(x, backwards=True)
"""
PROBED = """
    import numpy as np
    rng = np.random.default_rng(2)
    W, V = rng.normal(size=(2, 5)) * 0.5, rng.normal(size=(5, 2)) * 0.3
    SIGNS = np.array([[1.0, 1.0], [1.0, -1.0]])

    def slope(y):
        h = np.tanh(y @ W)
        trace = 0
        for e in SIGNS:
            trace = trace + ((e @ V.T * (1 - h * h)) @ W.T * e).sum(axis=1)
        return h @ V, trace / len(SIGNS)

    def steps(y, h):
        total = np.zeros(len(y))
        for _ in range(12):
            k1, t1 = slope(y)
            k2, t2 = slope(y + h / 2 * k1)
            k3, t3 = slope(y + h / 2 * k2)
            k4, t4 = slope(y + h * k3)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            total = total + h / 6 * (t1 + 2 * t2 + 2 * t3 + t4)
        return y, total

    def forward(z):
        return steps(z, 1 / 12)

    def inverse(x):
        return steps(x, -1 / 12)
"""
LEAKY = """
    import numpy as np
    A = 0.3

    def forward(z):
        below = z < 0
        return np.where(below, A * z, z), np.where(below, np.log(A), 0.0).sum(axis=1)

    def inverse(x):
        z = np.where(x < 0, x / A, x)
        return z, -np.log(np.where(x < 0, A, 1.0)).sum(axis=1)
"""
CASES = {
    "matrix": (PARTS, "x @ self.turn", "x.copy()", "y = x @ self.turn", 3),
    "order": (ORDERED, "for j in self.visits", "for j in range(z.shape[1])", "for j in self.visits", 4),
    "mean": (PROBED, "trace / len(SIGNS)", "trace", "(h @ V, trace / len(SIGNS))", 2),
    "flag": (BOTH_WAYS, "knots = high if backwards else low", "knots = low", "high if backwards else low", 2),
    "branch": (LEAKY, "np.where(below, np.log(A), 0.0).sum(axis=1)", "np.full(len(z), z.shape[1] * np.log(A))",
               "np.where(below, np.log(A), 0.0).sum(axis=1)", 3),
}  # fmt: skip


def repair_of(text, tmp_path, dim):
    with np.errstate(all="ignore"):
        found = Search(trial_of(module_of(text, tmp_path, "side"), dim))
        with frozen(found.reached, found.both):
            return found.repair()


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n == "mean" else pytest.mark.exhaustive) for n in CASES])
def test_what_is_lacking_is_found(name, tmp_path):
    text, right, wrong, said, dim = CASES[name]
    assert right in text
    repair = repair_of(text.replace(right, wrong, 1), tmp_path, dim)
    assert repair is not None and said in repair.after


def test_a_line_that_stands_too_late_is_moved_before_the_others(tmp_path):
    early = "            x = np.roll(x, -1, axis=1)\n"
    late = "            x = np.hstack([x[:, :2], moved])\n"
    assert early in ROLLED and late in ROLLED
    repair = repair_of(ROLLED.replace(early, "", 1).replace(late, late + early, 1), tmp_path, 4)
    ways = [repair.change, *(other.change for other in repair.others)]
    assert any("`x = np.roll(x, -1, axis=1)` before `s = np.tanh(x[:, :2] @ M)`" in way for way in ways)


@pytest.mark.exhaustive
def test_what_an_object_keeps_is_missing_elsewhere_rather_than_one_too_many(tmp_path):
    kept = "self.shift = np.array([0.3, -0.4, 0.9])\n            self.low = np"
    wrong = PARTS.replace("self.turn.T\n", "self.turn.T + self.shift\n").replace("self.low = np", kept, 1)
    repair = repair_of(wrong, tmp_path, 3)
    assert repair.keeps_x and "self.shift" in repair.after


def test_a_matrix_stands_once_in_a_product():
    assert repeated_factors("z @ (P @ L).T @ P") == repeated_factors("np.linalg.solve(P, P @ L)") == {"P"}
    assert repeated_factors("P @ P.T") == {"P"}
    assert repeated_factors("x @ A + x @ B") == repeated_factors("for k in range(3)") == set()


MIXED = """
    import numpy as np
    p, m, s = np.array([0.3, 0.5, 0.2]), np.array([-1.5, 0.5, 2.0]), np.array([0.8, 0.6, 1.2])

    def step(t):
        return 1 / (1 + np.exp(-t))

    def inverse(x):
        u = step((x[..., None] - m) / s)
        c, slope = (p * u).sum(-1), (p * u * (1 - u) / s).sum(-1)
        return np.log(c) - np.log1p(-c), (np.log(slope) - np.log(c) - np.log1p(-c)).sum(1)

    def forward(z):
        low, high = np.full_like(z, -40.0), np.full_like(z, 40.0)
        for _ in range(60):
            middle = (low + high) / 2
            below = inverse(middle)[0] < z
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return (low + high) / 2, -inverse((low + high) / 2)[1]
"""


@pytest.mark.exhaustive
def test_a_slow_direction_asks_the_other_for_its_log_det(tmp_path):
    """No edit calls the function that it stands in: each turn of that would add an axis to its arrays."""
    right = "(np.log(slope) - np.log(c) - np.log1p(-c)).sum(1)"
    repair = repair_of(MIXED.replace(right, "np.log(slope).sum(1)"), tmp_path, 2)
    assert repair.keeps_x and repair.after.count("np.log(c)") == 2 and repair.after.count("np.log1p(-c)") == 2
    assert {"J forward", "J inverse"} <= set(repair.laws)
