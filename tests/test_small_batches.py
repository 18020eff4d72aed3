"""What a row has of other rows: the statistics of a batch, a neighbour, the calls before, and one context for all."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_rows

A = onp.random.default_rng(0).normal(size=(8, 2))


@pytest.mark.parametrize(("of_batch", "uses"), [
    (lambda a: a - a.mean(axis=0), True), (lambda a: a / a.std(axis=0), True), (lambda a: a / onp.median(a), True),
    (lambda a: a + onp.append(a[1:], a[-1:], axis=0), False), (lambda a: a + len(a), False), (lambda a: 2 * a, False),
    (lambda a: a / a.sum(axis=0), False), (lambda a: a + a[-1], True),
])  # fmt: skip
def test_the_statistics_of_a_batch_are_those_of_each_row_twice(of_batch, uses):
    """Other rows that move, and come nearer to each other, move a row; each row twice does not."""
    assert wrong_rows._uses_statistics(lambda batch, *rows: of_batch(batch), A, of_batch(A)) is uses


def test_each_row_twice_has_its_own_context():
    asked = []

    def result(batch, *rows):
        asked.append([r.tolist() for r in rows])
        return batch - batch.mean(axis=0)

    assert wrong_rows._uses_statistics(result, A, A - A.mean(axis=0))
    assert asked == [[[*range(8), *range(8)]], []]


@pytest.mark.parametrize(("statistics", "calls", "name"), [
    (True, False, "BATCH_STATISTICS"), (False, False, "DEPENDS_ON_BATCH"), (True, True, "DEPENDS_ON_CALLS"),
])  # fmt: skip
def test_a_row_depends_on_calls_before_or_on_its_batch(statistics, calls, name, monkeypatch):
    given, last = [], [onp.zeros(2)]

    def one(batch, *rows):
        return batch + calls * last[0], "log_det"

    def other(batch):
        last[0] = batch[0]
        given.append(batch.copy())

    uses = lambda result, a, right: (a is A and (right == A + calls * last[0]).all()) and statistics  # noqa: E731
    monkeypatch.setattr(wrong_rows, "_uses_statistics", uses)
    b = A + 3
    assert wrong_rows._among(one, A, other, b) is Mistake[name]
    assert [g.tolist() for g in given] == [b.tolist(), (0.5 * b[::-1]).tolist()]


# --- the context ---


@pytest.mark.parametrize(("given", "fails", "same", "name"), [
    (True, False, True, "FIRST_CONTEXT"), (True, False, False, "OTHER_CONTEXT"), (True, True, True, None),
    (False, False, True, None),
])  # fmt: skip
def test_rows_that_are_independent_at_one_context_have_another_s(given, fails, same, name, monkeypatch):
    one = SimpleNamespace(given="one")
    subject = SimpleNamespace(context="c" if given else None, given=onp.arange(6.0).reshape(3, 2))
    subject.with_context = lambda context: one if context.tolist() == [[0, 1]] else None
    trial = SimpleNamespace(subject=subject, z="z")
    check = lambda trial: SimpleNamespace(failed=fails if trial == (one, "z") else None)  # noqa: E731
    monkeypatch.setattr(wrong_rows, "Trial", lambda *given: given)
    monkeypatch.setattr(wrong_rows, "check_independence", check)
    monkeypatch.setattr(wrong_rows, "_same_results", lambda t, other: same if (t, other) == (trial, one) else None)
    assert wrong_rows._context(trial) is (Mistake[name] if name else None)


@pytest.mark.parametrize(("off", "same"), [
    (0.0, True), (0.9e-9, True), (1.1e-9, False), (onp.nan, True),
])  # fmt: skip
@pytest.mark.parametrize("which", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_both_results_of_both_functions_are_the_same(off, same, which, monkeypatch):
    """Up to 1e-9, which is all where the number is 0; NaN, in both, is the same."""

    def functions(trial, other=None):
        def f(k):
            values = [onp.zeros(3), onp.zeros(3)]
            if which[0] == k:
                values[which[1]][1] = off if other or off != off else 0.0
            return lambda at: tuple(values) if at == f"at {k}" else None

        return [("forward", f(0), "at 0"), ("inverse", f(1), "at 1")]

    monkeypatch.setattr(wrong_rows, "functions", functions)
    assert wrong_rows._same_results("trial", "other") is same


@pytest.mark.parametrize(("size", "off", "same"), [(1e6, 0.9, True), (1e6, 1.1, False)])
def test_results_are_the_same_to_six_digits(size, off, same, monkeypatch):

    def functions(trial, other=None):
        return [("f", lambda at: (onp.array([size + (off if other is None else 0)]),), "at")]

    monkeypatch.setattr(wrong_rows, "functions", functions)
    assert wrong_rows._same_results("trial", "other") is same


@pytest.mark.parametrize(("claims", "log_det", "summed"), [
    ([7.0, 8.0, 9.0], [1.0, 2.0, 3.0], True), ([7.0, 8.0, 9.1], [1.0, 2.0, 3.0], False),
    ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], False), ([7.0, 8.0], [1.0, 2.0, 3.0], None),
])  # fmt: skip
def test_the_base_is_summed_over_the_batch(claims, log_det, summed):
    """Of the usable rows, whose base is 1, 2 and 3."""

    def apply(which, x, rows):
        assert which == "inverse" and x.tolist() == [0, 1, 3] == rows.tolist()
        return "z", onp.array(log_det)

    subject = SimpleNamespace(q=lambda z: onp.array([1.0, 2.0, 3.0]))
    usable = onp.array([True, True, False, True])
    trial = SimpleNamespace(usable=usable, x=onp.arange(4.0), apply=apply, subject=subject)
    if summed is None:
        with pytest.raises(ValueError):
            wrong_rows._summed_base(trial, onp.array(claims))
    else:
        assert bool(wrong_rows._summed_base(trial, onp.array(claims))) is summed
