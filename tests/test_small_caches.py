"""What objects and functions keep so as not to compute it again, and arrays that no edit may write into."""

import ast
import functools
import sys
from types import ModuleType, SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.repair import caches, frozen
from nfscratch.check.repair.caches import Caches, KeptResults
from nfscratch.check.repair.live_code import Reached

# --- caches ---


@pytest.mark.parametrize(("text", "asks"), [
    ("self.a is None", True), ("self.a is not None", False), ("a is None", False), ("self.a == None", False),
    ("self.a is 0", False), ("self.a", False), ("self.a is b", False),
])  # fmt: skip
def test_a_condition_that_asks_for_none(text, asks):
    with pytest.warns(SyntaxWarning) if "is 0" in text else functools.partial(open, __file__)():
        test = ast.parse(text, mode="eval").body
        compile(ast.Expression(test), "", "eval")
    assert bool(caches._asks_for_none(test)) is asks


@pytest.mark.parametrize(("a", "b", "same"), [
    (1.0, 1.0, True), (1, 1.0, True), (1.0, 2.0, False), (onp.ones(2), onp.ones(2), True),
    (onp.ones(2), onp.ones(3), False),
    ([onp.ones(2), 1], [onp.ones(2), 1], True), ([1], (1,), False), ([1], [1, 2], False), ("a", "a", False),
    (None, None, False), ((1, (2,)), (1, (2,)), True), ((1, (2,)), (1, (3,)), False), (True, 1, True),
])  # fmt: skip
def test_a_kept_value_comes_again(a, b, same):
    assert bool(caches._same(a, b)) is same


def draw():
    return onp.random.default_rng(0).normal()


def doubled(a):
    return 2 * a


def drawn_and_doubled(a):
    return doubled(a) + draw()


def writes(a):
    return lambda: open(a)


@pytest.mark.parametrize(("function", "is_one"), [
    (doubled, True), (draw, False), (drawn_and_doubled, False), (writes, False), (onp.exp, False),
    (functools.reduce, False),
    (functools.partial(doubled, 1), False), (ast.parse, False),
])  # fmt: skip
def test_a_function_of_the_users_that_computes(function, is_one):
    assert caches._computes(function) is is_one


class Layer:
    def __init__(self):
        self.scale, self._log, self._inverse, self.other = onp.ones(2) * 3, None, None, 5

    @property
    def log(self):
        if self._log is None:
            self._log = onp.log(self.scale)
            self.asked = self.other
        return self._log

    def inverse(self):
        if self._inverse is None:
            self._inverse = 1 / self.scale
        if self.scale is None:
            self._log = 0
        return self._inverse

    @functools.cached_property
    def total(self):
        return self.log.sum()

    @functools.cached_property
    def drawn(self):
        return draw()


class Guarded(Layer):
    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)


def test_what_a_class_keeps():
    assert set(caches._kept_by_kind(Layer)) == {("_log", False), ("_inverse", False), ("total", True)}
    assert list(caches._kept_by_kind(Guarded)) == []
    layer = Layer()
    assert list(caches._attributes([layer])) == []
    _ = layer.total, layer.drawn
    assert set(caches._attributes([layer])) == {(layer, "_log", False), (layer, "total", True)}


def test_objects_that_a_run_holds():
    layer, other = Layer(), Layer()
    held = {
        "a": layer,
        "rows": [other] + [0] * 49 + [Layer()],
        "k": 1,
        "f": doubled,
        "kind": Layer,
        "np": onp,
        "x": onp.ones(2),
    }
    reached = SimpleNamespace(locals={1: held, 2: {"again": layer}}, globals={1: {"n": "a"}})
    found = [each for each in caches._objects(reached) if isinstance(each, Layer)]
    assert found == [layer, other]
    assert not any(isinstance(each, (type, int, str)) or each is doubled for each in caches._objects(reached))


def test_caches_are_emptied_for_the_lines_that_fill_them():
    layer, first = Layer(), Layer.inverse.__code__.co_firstlineno
    run = lambda: (layer.total, layer.inverse())  # noqa: E731
    kept = Caches(Reached(run), run)
    assert kept and {name for _, name, _ in kept.attributes} == {"_log", "_inverse", "total"}
    assert first + 2 in kept.lines[__file__] and first + 5 not in kept.lines[__file__]
    layer.scale = onp.ones(2) * 4
    with kept.emptied_for(__file__, [first + 5]):
        assert layer._log is not None and "total" in vars(layer)
    with kept.emptied_for("other.py", [first + 2]):
        assert layer._log is not None
    with pytest.raises(ZeroDivisionError), kept.emptied_for(__file__, [first + 5, first + 2]):
        assert layer._log is layer._inverse is None and "total" not in vars(layer)
        raise ZeroDivisionError
    assert layer.total == 2 * onp.log(4.0) and layer._inverse[0] == 0.25
    assert not Caches(Reached(lambda: 1), lambda: 1) and not Caches(Reached(draw), draw).lines


def test_functions_that_keep_their_results():
    kept_sum = functools.lru_cache(lambda a, b=2: onp.full(2, float(a + b)))
    kept_net = functools.lru_cache(lambda a: [onp.zeros(2)])

    class Holder:
        kept = staticmethod(kept_sum)

    table = {"kept": kept_sum, "other": doubled}
    run = lambda: (table["kept"](1, b=3), table["kept"](2))  # noqa: E731
    assert KeptResults(table, "kept", kept_sum).comes_again(run) and table["kept"] is kept_sum
    net = {"kept": kept_net}
    assert KeptResults(net, "kept", kept_net).comes_again(lambda: net["kept"](1))
    kept_net(1)[0][:] = 0.7  # it was trained since
    assert not KeptResults(net, "kept", kept_net).comes_again(lambda: net["kept"](1))
    KeptResults(Holder, "kept", doubled)._put(doubled)
    assert Holder.kept is doubled

    def raises():
        table["kept"](1)
        raise ValueError

    assert KeptResults(table, "kept", kept_sum).comes_again(raises)
    one, same = SimpleNamespace(), {"a": kept_sum, "b": doubled, "c": functools.lru_cache(draw)}
    reached = SimpleNamespace(locals={1: {"one": one}}, globals={1: same, 2: same})
    assert [(each.name, each.function) for each in caches._functions(reached)] == [("a", kept_sum)]


# --- arrays that no edit may write into ---


def test_arrays_that_a_run_writes_stay_open():
    """Where it writes what was there already, nobody sees which one that is, and all stay open."""
    count, weight, whole = onp.zeros(2), onp.ones(2), onp.zeros(4)

    def run():
        count[0] += weight[0]

    def through_a_view():
        whole[1:][0] += weight[0]

    def the_same():
        count[0] = count[0]

    every = (True, True, True)
    calls = {run: (True, False, False), through_a_view: (False, False, True), the_same: every, len: every}
    for call, is_open in {**calls, weight.sum: (False, False, False)}.items():  # len raises whatever is open
        held = SimpleNamespace(raised=False, globals={}, locals={1: {"c": count, "w": weight, "whole": whole}})
        with frozen.frozen(held, call):
            assert (count.flags.writeable, weight.flags.writeable, whole.flags.writeable) == is_open
        assert count.flags.writeable and weight.flags.writeable and whole.flags.writeable
    fixed = onp.ones(2)
    fixed.flags.writeable = False
    with frozen.frozen(SimpleNamespace(raised=True, globals={}, locals={1: {"f": fixed, "w": weight}}), run):
        assert not weight.flags.writeable
    assert weight.flags.writeable and not fixed.flags.writeable


def test_a_value_that_was_met_deeper_is_looked_into_again():
    a = onp.zeros(1)
    deep = [[a]]
    seen = {}
    assert list(frozen._arrays([deep], 2, seen)) == [] and [one is a for one in frozen._arrays(deep, 2, seen)] == [True]
    assert list(frozen._arrays(deep, 2, seen)) == [] and list(frozen._arrays(a, 9, seen)) == []


class Slots:
    __slots__ = ("empty", "w")
    table = onp.ones(3)


def test_what_is_the_users_own():
    own = ModuleType("own_module")
    assert frozen._is_users(Slots) and frozen._is_users(own) and not frozen._is_users(onp) and not frozen._is_users(ast)
    assert not frozen._is_users(sys) and not frozen._is_users(int) and not frozen._is_users(onp.ndarray)
    each = Slots()
    each.w = onp.ones(2)
    assert [part is each.w for part in frozen._in_slots(each)] == [True]
    own.w = each.w
    assert any(part is each.w for part in frozen._parts(own)) and frozen._parts(onp) == frozen._parts(doubled) == []
    assert any(part is Slots.table for part in frozen._parts(Slots))
    assert len(list(frozen._arrays(each, 2, {}))) == 2
