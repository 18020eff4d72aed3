"""Caches that may be emptied: what they held comes again, and what does not comes back to them."""

import ast
import functools
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.repair import caches, computes, frozen
from nfscratch.check.repair.caches import Caches, KeptResults
from nfscratch.check.repair.live_code import Reached

SEED = [0]


class Layer:
    """It keeps what it computes; `drawn` is another one each time, though no name in it says so."""

    def __init__(self):
        self.scale, self._log, self._drawn = onp.ones(2) * 3, None, None

    def log(self):
        if self._log is None:
            self._log = onp.log(self.scale)
        return self._log

    def other(self):
        if self._drawn is None:
            SEED[0] += 1
            self._drawn = float(SEED[0])
        return self._drawn


def caches_of(*runs):
    run = lambda: [one() for one in runs]  # noqa: E731
    return Caches(Reached(run), run)


@pytest.fixture
def no_functions(monkeypatch):
    monkeypatch.setattr(caches, "_functions", lambda reached: [])


def test_what_an_object_kept_comes_again(no_functions):
    layer = Layer()
    kept = caches_of(layer.log)
    assert kept and kept.attributes == [(layer, "_log", False)] and kept.functions == []
    assert layer._log.tolist() == onp.log([3.0, 3.0]).tolist()
    layer._log = onp.zeros(2)  # something else
    kept = caches_of(layer.log)
    assert not kept and kept.attributes == [] and kept.lines == {} and layer._log.tolist() == [0.0, 0.0]


def test_what_does_not_come_again_comes_back_to_all_of_them(no_functions):
    layer = Layer()
    first = layer.other(), layer.log()
    kept = caches_of(layer.log, layer.other)
    assert not kept and (layer._drawn, layer._log) == first and layer._log is first[1]


def test_a_run_that_raises_fills_what_it_can():
    layer = Layer()
    layer.log()

    def raises():
        layer.log()
        raise ValueError

    made = object.__new__(Caches)
    made.attributes, made.functions, calls = [(layer, "_log", False)], [], []
    assert made._come_again(raises) is True
    made.run = lambda: (calls.append(layer._log), 1 / 0)
    made.lines = {"f.py": {3}}
    with made.emptied_for("f.py", [3, 4]):
        assert layer._log is None
        layer.log()
    assert len(calls) == 1 and calls[0] is None  # emptied once more, and then a run


@functools.lru_cache
def doubled(a):
    return 2.0 * a


@functools.lru_cache
def counted(a):
    SEED[0] += 1
    return float(SEED[0])


def test_functions_whose_results_come_again_are_emptied():
    def run():
        return doubled(1.0), counted(1.0)

    doubled.cache_clear()
    run()
    kept = Caches(Reached(run), run)
    assert kept.functions == [doubled] and kept.attributes == [] and kept
    kept.empty()
    assert doubled.cache_info().currsize == 0 and counted.cache_info().currsize == 1
    first = doubled.__wrapped__.__code__.co_firstlineno
    assert kept.lines[__file__] == {first + 2} and Caches(Reached(list), list).lines == {}


def test_results_that_are_given_are_those_of_the_call():
    """Each call gets its own result; one that raises, and one whose result is no number, do not come again."""
    table, got = {}, []
    table["f"] = functools.lru_cache(lambda a: {1: 5.0, 2: 7.0}.get(a, "word"))
    kept = KeptResults(table, "f", table["f"])
    run = lambda *of: lambda: [got.append(table["f"](k)) for k in of]  # noqa: E731
    assert kept.comes_again(run(1, 2, 1)) and got == [5.0, 7.0, 5.0] and table["f"] is kept.function
    assert kept.comes_again(run()) and not kept.comes_again(run(1, 3))

    broken = functools.lru_cache(lambda a: 1.0 if SEED[0] else 1 / 0)
    table["f"], SEED[0] = broken, 1
    broken(1)

    def breaks():
        table["f"](1)
        SEED[0] = 0

    assert KeptResults(table, "f", broken).comes_again(breaks) is False and table["f"] is broken


class Slots:
    __slots__ = ("a",)


class Own(dict):
    pass


def test_the_objects_that_variables_hold():
    """None without attributes, no class and no function; of one's own kind, whatever it is made of."""
    layer, table, part = Layer(), Own(), functools.partial(len)
    error = ValueError("of Python's own")
    held = {"a": layer, "b": table, "s": Slots(), "k": Layer, "f": len, "g": caches_of, "n": 3, "e": error, "p": part}
    found = caches._objects(SimpleNamespace(locals={1: held}, globals={}))
    assert [one is other for one, other in zip(found, [layer, table, part], strict=True)] == [True] * 3


class Kept:
    table = SimpleNamespace(fget=3)
    limit = len

    def one(self):
        if self._one is None:
            self._one = 1
        return self._one

    def two(self):
        if self._two is None:
            self._two = onp.random.default_rng().normal()
        return self._two


def test_what_a_class_keeps_by_its_functions():
    assert list(caches._kept_by_kind(Kept)) == [("_one", False)]


@pytest.mark.parametrize(
    ("text", "asks"), [("self.a is None", True), ("self.a is b.c", False), ("self.a is f()", False)]
)
def test_what_is_asked_for_none(text, asks):
    assert bool(caches._asks_for_none(ast.parse(text, mode="eval").body)) is asks


def test_what_is_a_librarys_own():
    of = lambda value: computes.is_of_library(value)  # noqa: E731
    assert (
        of(onp) and of(onp.exp) and of(functools.partial(onp.exp)) and of(onp.vectorize(onp.exp)) and of(onp.linalg.inv)
    )
    assert not of(caches_of) and not of(functools.partial(caches_of)) and not of(onp.vectorize(caches_of))
    assert not of(SimpleNamespace(pyfunc=onp.exp)) and not of(onp.ones(2)) and not of(caches) and not of(3)
    assert not of(onp.frompyfunc(len, 1, 1))


def test_where_a_run_raises_anyhow_its_arrays_stay_closed():
    count = onp.zeros(2)

    def run():
        count[0] += 1.0

    for raised in (True, False):
        held = SimpleNamespace(raised=raised, globals={}, locals={1: {"c": count}})
        with frozen.frozen(held, run):
            assert count.flags.writeable is not raised
        assert count.flags.writeable
