"""What objects keep so as not to compute it again, and masks on weights that cannot be drawn again: changes of both."""

from dataclasses import dataclass

import numpy as onp
import pytest
from edited_code import module_of, trial_of

from nfscratch.check.repair.caches import Caches
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.search import Search

KEPT = """
    import functools

    import numpy as np

    rng = np.random.default_rng(0)


    class Linear:
        def __init__(self):
            self.L = np.tril(rng.normal(size=(3, 3)), -1) + np.eye(3)
            self.U = np.triu(rng.normal(size=(3, 3)), 1)
            self.log_d = rng.normal(size=3) * 0.5
            self._weight = None

        @property
        def weight(self):
            if self._weight is None:
                self._weight = self.L @ (self.U + np.diag(np.exp(self.log_d)))
            return self._weight

        @functools.cached_property
        def scale(self):
            return np.exp(self.log_d)

        def forward(self, z):
            return z @ self.weight.T, np.full(len(z), self.log_d.sum())

        def inverse(self, x):
            y = np.linalg.solve(self.L, x.T)
            return np.linalg.solve(self.U + np.diag(self.scale), y).T, np.full(len(x), -self.log_d.sum())


    layer = Linear()
    forward, inverse = layer.forward, layer.inverse
"""
DRAWN = """
    import numpy as np

    rng = np.random.default_rng(1)
    D, H = 3, 8
    first = np.arange(1, D + 1)
    hidden = np.arange(H) % (D - 1) + 1
    M1 = (hidden[None, :] >= first[:, None]).astype(float)
    M2 = (first[None, :] > hidden[:, None]).astype(float)


    W1 = rng.normal(size=(D, H)) * M1
    W2 = rng.normal(size=(H, D)) * 0.4 * M2
    V = rng.normal(size=(H, D)) * 0.6 * M2


    def parts(v):
        h = np.tanh(v @ W1)
        return h @ V, np.tanh(h @ W2)


    def inverse(x):
        m, s = parts(x)
        return (x - m) * np.exp(-s), -s.sum(axis=1)


    def forward(z):
        x = np.zeros_like(z)
        for _ in range(D):
            m, s = parts(x)
            x = z * np.exp(s) + m
        return x, parts(x)[1].sum(axis=1)
"""


DRAWN_BY_OBJECT = """
    import numpy as np


    class Made:
        def __init__(self, D, H, scale):
            rng = np.random.default_rng(1)
            self.D, self.scale = D, scale
            first, hidden = np.arange(1, D + 1), np.arange(H) % (D - 1) + 1
            self.mask = (first[None, :] > hidden[:, None]).astype(float)
            self.W = rng.normal(size=(D, H)) * (hidden[None, :] >= first[:, None])
            self.V = rng.normal(size=(H, D)) * scale * self.mask

        def shift(self, v):
            return np.tanh(v @ self.W) @ self.V

        def inverse(self, x):
            return x - self.shift(x), np.zeros(len(x))

        def forward(self, z):
            x = np.zeros_like(z)
            for _ in range(self.D):
                x = z + self.shift(x)
            return x, np.zeros(len(z))


    made = Made(3, 8, 0.6)
    forward, inverse = made.forward, made.inverse
"""


def change_of(text, right, wrong, tmp_path):
    assert text.count(right) == 1
    return Search(trial_of(module_of(text.replace(right, wrong), tmp_path, "wrong"), 3)).repair()


@pytest.mark.exhaustive
def test_a_line_that_fills_a_cache(tmp_path):
    repair = change_of(KEPT, "np.diag(np.exp(self.log_d)))\n", "np.diag(self.log_d))\n", tmp_path)
    assert repair.after.endswith(("np.diag(np.exp(self.log_d)))", "np.diag(self.scale))"))


CHAIN = KEPT.replace(
    "layer = Linear()\n    forward, inverse = layer.forward, layer.inverse",
    """layers = [Linear() for _ in range(3)]


    def forward(z):
        total = np.zeros(len(z))
        for layer in layers:
            z, log_det = layer.forward(z)
            total += log_det
        return z, total


    def inverse(x):
        total = np.zeros(len(x))
        for layer in reversed(layers):
            x, log_det = layer.inverse(x)
            total += log_det
        return x, total""",
)


@pytest.mark.exhaustive
def test_a_line_that_fills_the_caches_of_all_layers(tmp_path):
    repair = change_of(CHAIN, "np.diag(np.exp(self.log_d)))\n", "np.diag(self.log_d))\n", tmp_path)
    assert repair.after.endswith(("np.diag(np.exp(self.log_d)))", "np.diag(self.scale))"))


@pytest.mark.exhaustive
def test_the_line_of_a_cached_property(tmp_path):
    repair = change_of(KEPT, "return np.exp(self.log_d)", "return np.exp(-self.log_d)", tmp_path)
    assert repair.after == "return np.exp(self.log_d)"


@pytest.mark.exhaustive
def test_a_mask_of_weights_that_were_drawn(tmp_path):
    right, wrong = "M2 = (first[None, :] > hidden", "M2 = (first[None, :] >= hidden"
    repair = change_of(DRAWN, right, wrong, tmp_path)
    assert repair.after.startswith(right)


@pytest.mark.exhaustive
def test_a_mask_of_weights_that_an_object_drew(tmp_path):
    right, wrong = "self.mask = (first[None, :] > hidden", "self.mask = (first[None, :] >= hidden"
    assert "first[None, :] > hidden" in change_of(DRAWN_BY_OBJECT, right, wrong, tmp_path).after


def caches_of(objects):
    def run():
        return [kept(each) for each in objects]

    return Caches(Reached(run), run)


def kept(each):
    return each.drawn if isinstance(each, Draws) else each.value


class Keeps:
    def __init__(self):
        self.number, self._value = 3.0, None

    @property
    def value(self):
        if self._value is None:
            self._value = onp.full(2, self.number)
        return self._value


class Draws:
    def __init__(self):
        self._drawn = None

    @property
    def drawn(self):
        if self._drawn is None:
            self._drawn = onp.random.default_rng().normal(size=2)
        return self._drawn


def test_what_is_kept_is_computed_again():
    each = Keeps()
    caches = caches_of([each])
    assert caches and each._value is not None
    file, (line, *_) = __file__, sorted(caches.lines[__file__])
    with caches.emptied_for(file, [line]):
        assert each._value is None
        each.number = 4.0
        assert each.value[0] == 4.0
        each.number = 3.0
    assert each._value[0] == 3.0
    with caches.emptied_for(file, [1]):  # another line: to fill it may take long
        assert each._value is not None


class DrawsElsewhere(Draws):
    @property
    def drawn(self):
        if self._drawn is None:
            self._drawn = self.draw()
        return self._drawn

    def draw(self):
        return onp.random.default_rng(0).normal(size=2)


@dataclass(frozen=True)
class Frozen(Keeps):
    def __init__(self):
        object.__setattr__(self, "number", 1.0)
        object.__setattr__(self, "_value", onp.ones(2))


def test_an_object_that_says_how_attributes_are_set_is_left_alone():
    assert not caches_of([Frozen()])


@pytest.mark.parametrize("kind", [Draws, DrawsElsewhere])
def test_what_was_drawn_is_kept(kind):
    each = kind()
    caches = caches_of([each])
    before = each.drawn
    caches.empty()
    assert not caches and each.drawn is before


class Counts:
    """A count that a method keeps is no cache: it does not come again."""

    calls = 0

    @property
    def value(self):
        if self.last is None:
            self.last = 1.0
        self.calls += 1
        self.last = float(self.calls)
        return self.last

    last = None


def test_what_does_not_come_again_is_left_as_it_was():
    each = Counts()
    caches = caches_of([each])
    assert not caches and each.last == 1.0


TABLES = """
    import functools

    import numpy as np

    rng = np.random.default_rng(0)
    calls = []


    @functools.cache
    def scale(k):
        calls.append(k)
        return np.full(2, k + 2.0)


    @functools.cache
    def net():
        return [np.zeros(2), np.zeros(2)]


    @functools.cache
    def drawn(k):
        return rng.normal(size=2)


    net()[0][:] = 0.7


    def forward(z):
        return z * scale(1) + net()[0] + drawn(1), np.full(len(z), np.log(9.0))
"""


def test_a_function_that_gives_the_same_again_forgets_its_results_and_others_keep_them(tmp_path):
    module = module_of(TABLES, tmp_path, "tables")
    run = lambda: module.forward(onp.ones((1, 2)))  # noqa: E731
    before = run()[0]
    caches = Caches(Reached(run), run)
    assert caches.functions == [module.scale]
    module.calls.clear()
    with caches.emptied_for(module.__file__, caches.lines[module.__file__]):
        run()
        run()
    run()
    assert module.calls == [1, 1]
    assert onp.array_equal(run()[0], before)
