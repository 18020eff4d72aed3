"""Lines of __init__ that need arguments which the object has not kept: the module's own lines say what they were."""

import ast
from textwrap import dedent

import numpy as np
import pytest
from edited_code import module_of, trial_of

from nfscratch.check.repair.call_sites import calls_at_import
from nfscratch.check.repair.search import Search

pytestmark = pytest.mark.exhaustive  # each is a whole search; its rooms have small tests of their own

MADE = """
    import numpy as np

    class Net:
        def __init__(self, d, h, seed):
            rng = np.random.default_rng(seed)
            seen = np.arange(1, d + 1)
            hidden = np.arange(h) % (d - 1) + 1
            self.first = (hidden[None, :] >= seen[:, None]).astype(float)
            self.last = (seen[None, :] > hidden[:, None]).astype(float)
            self.W, self.V = rng.normal(size=(d, h)), 0.4 * rng.normal(size=(h, d))

        def __call__(self, v):
            return np.tanh(v @ (self.W * self.first)) @ (self.V * self.last)

    D = 3
    net = Net(D, 8, 4)

    def forward(z):
        x = np.zeros_like(z)
        for _ in range(D):
            m = net(x)
            x = z * np.exp(0.5 * m) + m
        return x, 0.5 * m.sum(axis=1)

    def inverse(x):
        m = net(x)
        return (x - m) * np.exp(-0.5 * m), -0.5 * m.sum(axis=1)
"""


def test_a_mask_that_is_made_of_local_variables_is_tried_otherwise(tmp_path):
    text = MADE.replace("[None, :] > hidden", "[None, :] >= hidden")
    repair = Search(trial_of(module_of(text, tmp_path, "made"), 3)).repair()
    assert repair is not None and any(
        "seen[None, :] > hidden[:, None]" in each.change for each in (repair, *repair.others)
    )


def test_calls_are_noted_and_nothing_of_the_users_runs():
    text = dedent("""
        layers = [make(k % 2, fit(3), size=k) for k in range(2)]
        more = make(fit, 1)
        np.random.seed(make(1, 2))
    """)

    def make(a, b, size=7):
        raise AssertionError("it runs")

    variables = {"make": make, "fit": make, "np": np}
    calls = calls_at_import("make", make, ast.parse(text).body, "text.py", variables)
    assert calls == [{"a": 0, "size": 0}, {"a": 1, "size": 1}, {"b": 1, "size": 7}]
