"""What the search for a change knows of a user's arrays, and what it never runs of his."""

import ast
import builtins
import gc
import sys
from types import SimpleNamespace

import numpy as onp
import pytest
from edited_code import module_of

from nfscratch.check.diagnosis.recorded import traced
from nfscratch.check.repair.call_sites import calls_at_import
from nfscratch.check.repair.frozen import frozen, shares_memory
from nfscratch.check.repair.live_code import Reached, within
from nfscratch.check.repair.other_orders import OtherOrders

HELD = """
    import numpy as np

    class Net:
        W = np.ones(3)

    class Slotted:
        __slots__ = ("w", "empty")

    slotted = Slotted()
    slotted.w = np.ones(2)

    def forward(z):
        return z * Net.W.sum() * slotted.w.sum()
"""


def met(module):
    return Reached(lambda: module.forward(onp.ones(2)))


def test_arrays_of_classes_and_of_slots_are_frozen(tmp_path):
    module = module_of(HELD, tmp_path, "held")
    with frozen(met(module), lambda: module.forward(onp.ones(2))):
        assert not module.Net.W.flags.writeable and not module.slotted.w.flags.writeable
    assert module.Net.W.flags.writeable and module.slotted.w.flags.writeable


def test_a_file_behind_a_class_is_seen(tmp_path):
    module = module_of(HELD, tmp_path, "held")
    assert not shares_memory(met(module))
    onp.save(tmp_path / "w.npy", onp.ones(3))
    module.Net.W = onp.load(tmp_path / "w.npy", mmap_mode="r+")
    assert shares_memory(met(module))


def calls(text, variables):
    def make(size):
        raise AssertionError("it runs")

    return calls_at_import("make", make, ast.parse(text).body, "made.py", {"make": make, **variables})


def test_a_statement_that_runs_again_asks_nobody(monkeypatch):
    monkeypatch.setattr(builtins, "input", lambda *_: 1 / 0)
    assert calls("a = make(float(input('size: ')))\nb = make(2.0)", {"__builtins__": vars(builtins)}) == [{"size": 2.0}]


def test_a_statement_that_runs_again_writes_into_copies():
    sizes, table = [1], onp.zeros(2)
    text = "for k in range(2):\n    sizes.append(k)\n    table[k] = 1\n    make(len(sizes))"
    assert calls(text, {"sizes": sizes, "table": table}) == [{"size": 2}, {"size": 3}]
    assert sizes == [1] and not table.any()


def test_orders_are_exchanged_all_or_none():
    def orders(*values):
        variables = {f"order_{k}": value for k, value in enumerate(values)}
        return OtherOrders(SimpleNamespace(globals={0: variables}, locals={}))

    order, fixed = onp.array([1, 2, 3, 0]), onp.frombuffer(onp.array([2, 3, 1, 0]).tobytes(), dtype=int)
    assert not orders(order, fixed).exchanged and len(orders(order, [2, 3, 1, 0]).exchanged) == 2
    with orders(order).standing():
        assert order.tolist() != [1, 2, 3, 0]
    assert order.tolist() == [1, 2, 3, 0]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python 3.11 crashes")
@pytest.mark.parametrize("trace", [
    lambda call: within(call, 10**6)[0], lambda call: traced(call, lambda code: False, lambda frame: None),
], ids=["within", "traced"])  # fmt: skip
def test_no_garbage_is_collected_in_a_traced_call(trace):
    """Python 3.11 crashes where that runs a callback."""
    phases, before = [], gc.isenabled()
    gc.enable()
    gc.callbacks.append(lambda phase, _: phases.append(phase))
    try:
        assert trace(lambda: (len([[] for _ in range(100_000)]), gc.isenabled())) == (100_000, False)
        assert not phases and gc.isenabled()
        with pytest.raises(ZeroDivisionError):
            trace(lambda: 1 / 0)
        assert gc.isenabled()
    finally:
        gc.callbacks.pop()
        (gc.enable if before else gc.disable)()
