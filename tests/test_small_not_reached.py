"""Columns that no pass has reached, and batches that an earlier call is asked with."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.diagnosis import wrong_passes, wrong_rows

# --- columns ---

X = onp.array([[0.0, 2.0, 3.0], [4.0, 0.0, 6.0], [7.0, 8.0, 0.0]])


def columns(late=0.0, order=(0, 1, 2), wrong=(0, 1, 1), kept=0, dim=3):
    """z' = late x in the columns that are wrong; J has no column of zeros."""
    wrong = onp.array(wrong, bool)[:dim]
    back = onp.where(wrong, late * X[:, :dim], 9.0)
    J = onp.stack([onp.tri(dim)] * 3)
    order = None if order is None else [i for i in order if i < dim]
    return SimpleNamespace(order=order, wrong=wrong, dim=dim, x=X[:, :dim], back=back, J=J, kept=onp.arange(dim) < kept)


def named(c, monkeypatch, deep=True):
    monkeypatch.setattr(wrong_passes, "_depends", lambda c, direction: direction)
    monkeypatch.setattr(wrong_passes, "is_deep", lambda depends: deep and depends == "forward")
    found = wrong_passes.columns_not_reached(c)
    return found and found.name


@pytest.mark.parametrize(("numbers", "found"), [
    ({}, True), ({"late": 1.0}, True), ({"late": 0.5}, False), ({"order": None}, False), ({"kept": 1}, True),
    ({"kept": 2}, False), ({"dim": 2}, True), ({"dim": 2, "kept": 1}, False), ({"wrong": (1, 1, 1)}, False),
    ({"wrong": (0, 0, 0)}, False), ({"wrong": (0, 1, 0)}, False), ({"wrong": (0, 0, 1)}, True),
    ({"wrong": (1, 0, 0), "order": (2, 1, 0)}, True), ({"wrong": (1, 0, 0)}, False),
    ({"wrong": (1, 0, 1), "order": (1, 2, 0)}, True),
])  # fmt: skip
def test_from_some_column_of_the_order_on_z_is_what_it_began_with(numbers, found, monkeypatch):
    assert named(columns(**numbers), monkeypatch) == ("TOO_FEW_PASSES" if found else None)
    assert named(columns(**numbers), monkeypatch, deep=False) is None


def test_a_column_that_forward_leaves_out_is_not_reached_by_any_pass(monkeypatch):
    """A row of the batch in which nothing moves leaves no column out, and neither does a z_i that goes nowhere."""
    c = columns()
    c.J[1] = 0.0
    c.J[:, :, 2] = 0.0
    assert named(c, monkeypatch) == "TOO_FEW_PASSES"
    c.J[:, 0, :] = 0.0
    assert named(c, monkeypatch) is None
    c.J[2, 0, 1] = 1e-300
    assert named(c, monkeypatch) == "TOO_FEW_PASSES"


# --- rows that are remembered ---


@pytest.mark.parametrize(("kept", "first", "memory"), [
    (1.0, (1.0, 2.0, 3.0), True), (0.0, (1.0, 2.0, 3.0), False), (1.0, (1.0, 1.0, 1.0), False),
    (1.0, (1.0, 1.0, 2.0), True), (1.0, (1.0, 2.0), False), (1.0, (1.0, onp.nan, 3.0), False),
])  # fmt: skip
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_two_batches_that_get_the_same_log_dets_are_remembered(kept, first, memory, dtype, monkeypatch):
    """The second batch is half of the first; more than half of the log_dets differ from each other."""
    a, asked = onp.array([[2.0], [4.0], [8.0]], dtype=dtype), []

    def f(batch):
        asked.append((batch.dtype.name, batch[:, 0].tolist()))
        assert batch is not a
        return "x", onp.array(first) * (1 if len(asked) == 1 else kept)

    fail = lambda batch: 1 // 0  # noqa: E731
    monkeypatch.setattr(wrong_rows, "functions", lambda trial: [("inverse", fail, a), ("forward", f, a)])
    assert wrong_rows._remembers("trial", "forward") is memory
    assert asked == [(dtype, [2, 4, 8]), (dtype, [1, 2, 4])]
    assert wrong_rows._remembers("trial", "inverse") is False and wrong_rows._remembers("trial", "other") is False
