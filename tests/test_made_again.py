"""What ran once and can run again: draws with a seed, norms for squares; and what a call leaves in an object."""

import ast
from textwrap import dedent

import numpy as np
import pytest
from edited_code import module_of, trial_of

import nfscratch as nf
from nfscratch.check import Mistake
from nfscratch.check.diagnosis.left_behind import left_behind
from nfscratch.check.diagnosis.loops import makes_each_column
from nfscratch.check.repair.search import Search
from nfscratch.check.repair.seeded import Draws
from nfscratch.check.repair.squares import squares_a_norm

MASKED = """
    import numpy as np
    N, H = 3, 10
    gen = np.random.default_rng(11)
    rank = np.array([2, 0, 1])
    unit = gen.integers(0, N - 1, size=H)
    into = unit[:, None] >= rank[None, :]
    out = rank[:, None] > unit[None, :]
    A = gen.normal(size=(H, N)) * into
    c = gen.normal(size=H) * 0.3
    B = 0.7 * gen.normal(size=(N, H)) * out

    def shift(x):
        return np.tanh(x @ A.T + c) @ B.T

    def inverse(x):
        return (x - shift(x)) * 1.5, np.full(len(x), N * np.log(1.5))

    def forward(z):
        x = np.zeros_like(z)
        for _ in range(N):
            x = z / 1.5 + shift(x)
        return x, np.full(len(z), -N * np.log(1.5))
"""
PLANAR = """
    import numpy as np

    def layer(w, u, c):
        w, u = np.array(w), np.array(u)
        inner = w @ u
        u = u + (np.log1p(np.exp(inner)) - 1 - inner) * w / np.linalg.norm(w) ** 2
        inner = w @ u

        def forward(z):
            h = np.tanh(z @ w + c)
            return z + np.outer(h, u), np.log(np.abs(1 + inner * (1 - h ** 2)))

        def inverse(x):
            at = x @ w
            low, high = at - 1 - abs(inner), at + 1 + abs(inner)
            for _ in range(55):
                middle = (low + high) / 2
                more = middle + inner * np.tanh(middle + c) > at
                low, high = np.where(more, low, middle), np.where(more, middle, high)
            h = np.tanh((low + high) / 2 + c)
            return x - np.outer(h, u), -np.log(np.abs(1 + inner * (1 - h ** 2)))

        return forward, inverse

    forward, inverse = layer([0.4, -0.3, 0.2], [-3.0, 2.0, -2.5], 0.1)
"""


def search(text, tmp_path, dim=3):
    with np.errstate(all="ignore"):
        return Search(trial_of(module_of(text, tmp_path, "again"), dim)).repair()


@pytest.mark.exhaustive
def test_of_two_masks_the_one_is_meant_that_leaves_more_parents(tmp_path):
    right = "out = rank[:, None] > unit"
    assert right in MASKED
    repair = search(MASKED.replace(right, right.replace(">", ">=")), tmp_path)
    assert right in repair.after and {"R", "J forward", "J inverse"} <= set(repair.laws)


def test_a_norm_stands_where_its_square_is_meant(tmp_path):
    right = "np.linalg.norm(w) ** 2"
    assert right in PLANAR
    repair = search(PLANAR.replace(right, "np.linalg.norm(w)"), tmp_path)
    assert right in repair.after and repair.constrains
    assert squares_a_norm("u / np.sqrt(w @ w)", "u / (w @ w)") and not squares_a_norm("w @ w", "np.sqrt(w @ w)")


def test_draws_come_again_in_their_row():
    body = ast.parse(dedent("""
        gen = np.random.default_rng(3)
        free = np.random.default_rng()
        a = gen.normal(size=2)
        layers = [Layer(gen)]
        b = gen.normal(size=2)
        c = a + 1
    """)).body  # fmt: skip
    draws, again = Draws(body), lambda line: line is not body[3]
    assert list(draws.makers) == ["gen"]
    assert draws.needed_for([body[5]], again) == []
    assert draws.needed_for([body[2], body[5]], again) == [body[0], body[2]]
    assert draws.needed_for([body[4]], again) is None  # what Layer draws is not known


OWN_SCALE = """
    import numpy as np

    class Norm:
        def __init__(self, width):
            self.seen, self.m, self.s = False, np.zeros(width), np.ones(width)

        def fit(self, batch):
            self.m, self.s = batch.mean(axis=0), batch.std(axis=0) + 1e-3

        def forward(self, z):
            return z * self.s + self.m, np.full(len(z), np.log(self.s).sum())

        def inverse(self, x):
            if not self.seen:
                self.fit(x)
            return (x - self.m) / self.s, np.full(len(x), -np.log(self.s).sum())

    norm = Norm(3)
    norm.fit(np.random.default_rng(0).normal(size=(50, 3)) * 2)
"""


@pytest.mark.parametrize(("old", "new", "mistake", "where"), [
    ("", "", Mistake.INITIALISED_AGAIN, "where line 9 of own.py sets self.m"),
    ("self.m, self.s = batch.mean(axis=0), batch.std(axis=0) + 1e-3",
     "self.m = 0.9 * self.m + 0.1 * batch.mean(axis=0)", None, "where line 9 of own.py sets self.m"),
])  # fmt: skip
def test_a_call_that_sets_what_the_next_one_reads(old, new, mistake, where, tmp_path):
    norm = module_of(OWN_SCALE.replace(old, new) if old else OWN_SCALE, tmp_path, "own").norm
    failure = nf.check.audit((norm.forward, norm.inverse), dims=(3,), letters="SP", show=False).failures[0]
    assert failure.letter == "P" and where in failure.name
    assert (failure.mistake is Mistake.INITIALISED_AGAIN) == (mistake is Mistake.INITIALISED_AGAIN)


def test_a_function_leaves_nothing_in_an_object(tmp_path):
    assert left_behind(trial_of(module_of(MASKED, tmp_path, "masked"), 3)) == []


ONE_BY_ONE = """
    import numpy as np
    M = np.tril(np.ones((4, 4)), -1)

    def forward(z):
        return z + np.sin(z @ M.T), np.zeros(len(z))

    def inverse(x):
        z = np.zeros_like(x)
        for i in reversed(range(4)):
            z[:, i] = x[:, i] - np.sin(z @ M.T)[:, i]
        return z, np.zeros(len(x))
"""


def test_a_loop_that_makes_each_column_has_an_order_and_not_too_few_turns(tmp_path):
    def made(text, name):
        return makes_each_column(trial_of(module_of(text, tmp_path, name), 4), "inverse")

    assert made(ONE_BY_ONE, "all_of_them")
    assert not made(ONE_BY_ONE.replace("reversed(range(4))", "range(3)"), "but_one")
    assert not made(ONE_BY_ONE.replace("[:, i]", "[:, :]"), "at_once")


NOISE = """
    import numpy as np


    class Noisy:
        def __init__(self):
            self.rng, self.seen, self._w = np.random.default_rng(0), None, None

        @property
        def w(self):
            if self._w is None:
                self._w = np.full(3, 2.0)
            return self._w

        def forward(self, z):
            self.seen = z.mean(axis=0)
            return self.w * z + 1e-3 * self.rng.normal(size=z.shape), np.full(len(z), 3 * np.log(2.0))

        def inverse(self, x):
            return x / self.w, np.full(len(x), -3 * np.log(2.0))


    layer = Noisy()
    forward, inverse = layer.forward, layer.inverse
"""


def test_what_nothing_reads_or_what_is_kept_once_is_not_left_behind(tmp_path):
    assert left_behind(trial_of(module_of(NOISE, tmp_path, "noise"), 3)) == []
    read = NOISE.replace("return self.w * z", "return (self.w + self.seen) * z")
    assert [left.attribute for left in left_behind(trial_of(module_of(read, tmp_path, "read"), 3))] == ["self.seen"]
