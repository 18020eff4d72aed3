"""What stands elsewhere and is tried: an order for a shift, columns dealt in turn, a slope, a floor, a power."""

import numpy as np
import pytest
from edited_code import module_of, trial_of

from nfscratch.check.repair.frozen import frozen
from nfscratch.check.repair.search import Search

pytestmark = pytest.mark.exhaustive  # each is a whole search; its rooms have small tests of their own

LONG = pytest.mark.exhaustive
TURNED = """
    import numpy as np
    order, shift, log = np.array([2, 0, 3, 1]), np.array([0.5, -1.0, 0.3, 2.0]), np.array([0.2, 0.4, -0.3, 0.1])
    table = {"order": order, "shift": shift, "log": log}

    def forward(z):
        x = z * np.exp(table["log"]) + table["shift"]
        return np.sinh(x[:, table["order"]]), table["log"].sum() + np.log(np.cosh(x)).sum(axis=1)

    def inverse(x):
        y = np.arcsinh(x)
        y -= table["shift"][table["order"]]
        z = np.empty_like(y)
        z[:, table["order"]] = y
        return z * np.exp(-table["log"]), -table["log"].sum() - np.log(np.cosh(np.arcsinh(x))).sum(axis=1)
"""
DEALT = """
    import numpy as np
    A = np.array([[0.4, -0.7], [0.9, 0.3]])

    def forward(z):
        a, b = z[:, ::2], z[:, 1::2]
        x = np.empty_like(z)
        x[:, ::2], x[:, 1::2] = a, b * np.exp(a @ A)
        return x, (a @ A).sum(axis=1)

    def inverse(x):
        a, b = x[:, ::2], x[:, 1::2]
        b = b * np.exp(-(a @ A))
        return np.stack([a, b], axis=2).reshape(len(a), -1), -(a @ A).sum(axis=1)
"""
SLOPED = """
    import numpy as np
    w, u = np.array([0.6, -0.8, 0.3]), np.array([0.5, 0.7, -0.4])

    def slope_of(h):
        slope = 1 - h ** 2
        return np.log(np.abs(1 + slope * (w @ u)))

    def forward(z):
        h = np.tanh(z @ w)
        return z + h[:, None] * u, slope_of(h)

    def inverse(x):
        low, high = x @ w - 2.0, x @ w + 2.0
        for _ in range(50):
            a = (low + high) / 2
            more = a + np.tanh(a) * (w @ u) > x @ w
            low, high = np.where(more, low, a), np.where(more, a, high)
        h = np.tanh((low + high) / 2)
        return x - h[:, None] * u, -slope_of(h)
"""
CUBES = """
    import numpy as np
    c = np.array([0.4, 1.2])

    def cube(v):
        return (c * v) ** 3 / 3 + 0.3 * v

    def rise(v):
        return c ** 3 * v ** 2 + 0.3

    def forward(z):
        return cube(z), np.log(rise(z)).sum(axis=1)

    def inverse(x):
        z = np.zeros_like(x)
        for _ in range(100):
            z = z - (cube(z) - x) / rise(z)
        return z, -np.log(rise(z)).sum(axis=1)
"""
POWERS = """
    import numpy as np
    pairs = [(2.0, 0.7), (0.6, 1.5)]

    def forward(z):
        x = np.stack([np.sinh(z[:, j] / a) * b for j, (a, b) in enumerate(pairs)], axis=1)
        return x, sum(np.log(np.cosh(z[:, j] / a) * b / a) for j, (a, b) in enumerate(pairs))

    def inverse(x):
        z = np.stack([np.arcsinh(x[:, j] / b) * a for j, (a, b) in enumerate(pairs)], axis=1)
        return z, -forward(z)[1]
"""


def repair_of(text, tmp_path, dim):
    with np.errstate(all="ignore"):
        found = Search(trial_of(module_of(text, tmp_path, "side"), dim))
        with frozen(found.reached, found.both):
            return found.repair()


@pytest.mark.parametrize(("text", "right", "wrong", "said", "dim"), [
    (TURNED, 'table["shift"][table["order"]]', 'table["shift"]', "table['shift'][table['order']]", 4),
    pytest.param(DEALT, "np.stack([a, b], axis=2).reshape(len(a), -1)", "np.concatenate([a, b], axis=1)",
                 "np.stack([a, b], axis=2).reshape(len(a), -1)", 4, marks=LONG),
    (SLOPED, "slope = 1 - h ** 2", "slope = h", "1 - h ** 2", 3),
    (CUBES, "v ** 2 + 0.3", "v ** 2", "v ** 2 + 0.3", 2),
    (POWERS, "np.cosh(z[:, j] / a)", "np.cosh(z[:, j])", "np.cosh(z[:, j] / a)", 2),
], ids=["order", "in turn", "slope", "floor", "comprehension"])  # fmt: skip
def test_what_stands_elsewhere_is_tried(text, right, wrong, said, dim, tmp_path):
    assert right in text
    repair = repair_of(text.replace(right, wrong, 1), tmp_path, dim)
    assert repair is not None
    assert any(said in way for way in [repair.after, *(other.after for other in repair.others)])
