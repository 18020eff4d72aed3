"""Runs that are recorded, by their parts: results, frames, turns of loops, garbage, and lines between two states."""

import gc
import sys
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.diagnosis import means, recorded, stretches, triangles
from nfscratch.check.diagnosis.recorded import Record

A = onp.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


# --- results ---


@pytest.mark.parametrize(("log_det", "comes"), [
    ([1, 2, 3], [1, 2, 3]), (onp.float32([1, 2, 3]), [1, 2, 3]), (onp.array([[1], [2], [3]]), [1, 2, 3]),
    (7, [7, 7, 7]), ([7], [7, 7, 7]), ([1, 2], None), (onp.ones((3, 3)), None), ([], None),
])  # fmt: skip
@pytest.mark.parametrize("y", [A.astype(int), A.tolist(), A.astype(onp.float32)])
def test_a_result_has_the_form_of_its_argument(y, log_det, comes):
    found, gained = recorded.result(lambda a: (y, log_det), A)
    assert found.dtype == gained.dtype == onp.float64 and found.tolist() == A.tolist()
    assert onp.isnan(gained).tolist() == [True] * 3 if comes is None else gained.tolist() == comes


def test_a_function_is_given_a_copy_and_may_overflow():
    def f(a):
        a *= 1e308
        return a * 1e308, onp.log(-a[:, 0])

    y, log_det = recorded.result(f, A)
    assert A[0, 0] == 1.0 and onp.isinf(y).all() and onp.isnan(log_det).all()


@pytest.mark.parametrize("y", [A[:2], A[:, :1], A.T, A[0], A[None], 1.0])
def test_a_result_of_another_shape_is_refused(y):
    with pytest.raises(ValueError, match=r"must keep the shape \(3, 2\)"):
        recorded.result(lambda a: (y, 0.0), A)


# --- frames ---


def frame(line=1, back=None, name="/mine.py", names=(), free=(), **held):
    code = SimpleNamespace(co_filename=name, co_freevars=tuple(free), co_names=names)
    return SimpleNamespace(f_code=code, f_lineno=line, f_back=back, f_locals=held, f_globals={"M": A})


class Frame:
    """A frame that can be counted."""

    def __init__(self, **fields):
        vars(self).update(vars(frame(**fields)))


def record():
    found = object.__new__(Record)
    found._shape, found.lines, found.returned, found.lives = A.shape, [], [], []
    found._now, found._calls, found._last, found._met = {}, {}, {}, recorded.Counter()
    return found


def test_a_line_at_or_before_the_last_one_is_a_turn():
    run, state = record(), A.copy()
    one, other = Frame(line=1, h=state), Frame(line=1, h=state, back=frame(back=frame()))
    for line, of in ((1, one), (2, one), (2, other), (2, one), (1, one), (3, one), (2, other), (3, other)):
        of.f_lineno = line
        run._look(of)
    first, second = run.lives
    assert [p[1] for p in first.places] == [1, 2, 2, 1, 3] and [p[1:] for p in first.turns] == [(2, 2), (1, 2)]
    assert [p[1:] for p in second.places] == [(2, 1), (2, 2), (3, 1)] and [p[1:] for p in second.turns] == [(2, 2)]
    assert (first.frame, first.depth, second.frame, second.depth) == (0, 0, 1, 2)
    assert run.lines[2] == (2, "/mine.py", 2, 1) and (first.order, second.order) == (0, 2)


def test_a_line_is_looked_at_four_hundred_times():
    run, one = record(), Frame(line=4, h=A)
    for _ in range(405):
        run._look(one)
    one.f_lineno = 5
    run._look(one)
    assert len(run.lines) == 401 and len(run.lives[0].places) == 401 and run.lives[0].places[-2][2] == 400


@pytest.mark.parametrize("kind", [onp.float32, onp.float64])
def test_log_dets_are_kept_in_double(kind):
    run = record()
    run._leave((A, onp.ones(3, dtype=kind)))
    run._leave((A, onp.ones((3, 1), dtype=kind)))
    run._leave((A, kind(0.5)))
    assert [v.dtype for _, v in run.returned][:2] == [onp.float64] * 2
    assert len(run.returned) == 2 + (kind is onp.float64)  # a float of its own kind alone
    run._leave((A, onp.ones(2, dtype=kind)))
    run._leave([A, onp.ones(3, dtype=kind)])
    assert len(run.returned) == 2 + (kind is onp.float64)


def test_the_variables_of_a_call_are_those_of_no_function_around_it():
    assert recorded._own(frame(h=1, g=2, free=["g"])) == {"h": 1}
    assert [recorded._depth(frame(back=back)) for back in (None, frame(), frame(back=frame()))] == [0, 1, 2]


@pytest.mark.parametrize(("name", "own"), [
    ("/home/me/mine.py", True), ("<stdin>", True), ("<frozen importlib>", False),
    ("<__array_function__ internals>", False),
    ("/x/site-packages/torch/nn.py", False), (onp.__file__, False), (recorded.__file__, False), (gc.__name__, True),
    (recorded.os.__file__, False),
])  # fmt: skip
def test_what_the_user_wrote(name, own):
    assert recorded.is_users(name) is own


def test_actions_of_one_place_are_done_one_after_the_other():
    done = []
    act = lambda k: lambda v: done.append((k, v))  # noqa: E731
    found = recorded.by_place([("p", act(1)), ("q", act(2)), ("p", act(3))])
    assert list(found) == ["p", "q"]
    found["p"]("at p")
    found["q"]("at q")
    assert done == [(1, "at p"), (3, "at p"), (2, "at q")]


@pytest.mark.parametrize("raises", [False, True])
@pytest.mark.parametrize("enabled", [False, True])
def test_garbage_is_collected_again_if_it_was(raises, enabled, monkeypatch):
    on = [enabled]
    stub = SimpleNamespace(isenabled=lambda: on[0], enable=lambda: on.append(True), disable=lambda: on.append(False))
    monkeypatch.setattr(recorded, "gc", stub)
    for version, within in (((3, 11, 9), [False]), ((3, 12, 0), [])):
        on[:] = [enabled]
        monkeypatch.setattr(recorded.sys, "version_info", version)
        with pytest.raises(KeyError) if raises else recorded.uncollected():
            if raises:
                with recorded.uncollected():
                    raise KeyError
            assert on[1:] == within
        assert on[1:] == within + [True] * enabled


def test_a_trace_that_stood_before_comes_back():
    before, seen, left = sys.gettrace(), [], []

    def f(z):
        h = z + 1
        return h

    look = lambda frame: seen.append(frame.f_lineno - f.__code__.co_firstlineno)  # noqa: E731
    assert recorded.traced(lambda: f(2), lambda code: code is f.__code__, look, left.append) == 3
    assert seen == [1, 2] and left == [3] and sys.gettrace() is before
    assert recorded.traced(lambda: f(2), lambda code: code is f.__code__, look) == 3 and left == [3]
    with pytest.raises(TypeError):
        recorded.traced(lambda: f("a"), lambda code: True, lambda frame: None)
    assert sys.gettrace() is before and recorded.traced(lambda: f(3), lambda code: False, look) == 4 and len(seen) == 4


# --- what a run asks and holds ---


def test_a_mean_is_taken_where_numpy_is_asked_for_one():
    trial = SimpleNamespace(input=lambda way: A if way == "forward" else 2 * A)
    for take, takes in (
        (onp.mean, True),
        (onp.average, True),
        (onp.nanmean, True),
        (onp.sum, False),
        (onp.median, True),
    ):
        asked = []
        trial.apply = lambda way, at, take=take, asked=asked: asked.append((way, at.tolist())) or take(at)
        assert means.takes_mean(trial, "inverse") is takes and asked == [("inverse", (2 * A).tolist())]


def test_the_variables_of_a_frame_and_what_they_hold():
    holder, table = SimpleNamespace(kept=7), {"a": 8}
    found = frame(names=("M", "absent"), h=1, t=table, o=holder, m=onp)
    values = list(triangles._variables(found))
    assert [values.index(v) for v in (1, table, 8, holder, 7)] == [0, 1, 2, 3, 4] or values[:1] == [1]
    assert len(values) == 7 and any(v is A for v in values) and sum(v is onp for v in values) == 1


# --- lines between two states ---


LINE = (3, "/a/mine.py", 10, 0)


@pytest.mark.parametrize(("lines", "few"), [
    ([LINE], True), ([LINE, (3, "/a/mine.py", 11, 0)], True),
    ([LINE, (3, "/a/mine.py", 11, 0), (3, "/a/mine.py", 12, 0)], False),
    ([LINE, (3, "/a/mine.py", 11, 0), (3, "/a/mine.py", 11, 1)], True),
])  # fmt: skip
def test_two_lines_may_do_nothing_but_call(lines, few):
    assert stretches._only_calls(SimpleNamespace(lines=lines), lines) is few
    once = SimpleNamespace(lines=[])
    assert stretches._only_calls(once, [*lines[:2], (3, *lines[0][1:3], 7)]) is True  # of another call
    assert stretches._only_calls(once, [(3, name, 10, 0) for name in ("a.py", "b.py", "c.py")]) is False
    again = SimpleNamespace(lines=[*lines, (9, "/a/mine.py", 10, 5)])
    assert stretches._only_calls(again, lines) is True


@pytest.mark.parametrize(("given", "depths", "call"), [
    ([1], {1: 4}, 1), ([2], {1: 4, 2: 5}, 2), ([1, 2], {1: 4, 2: 5}, 1), ([1, 2], {1: 4, 2: 4}, None),
    ([3], {1: 4}, None), ([1], {1: 3}, None), ([2, 3], {1: 4, 2: 6, 3: 5}, 3), ([2], {1: 4, 2: 4, 3: 5}, 2),
])  # fmt: skip
def test_the_outermost_call_that_is_given_the_state(given, depths, call):
    lines = [(depth, "f", 10 + k, frame) for frame, depth in depths.items() for k in range(2)]
    lives = [SimpleNamespace(frame=k, value=A.copy() if k in given else A + 1) for k in (*depths, 3)]
    found = stretches._call_with(SimpleNamespace(lives=lives), lines, 3, A)
    assert found == ([] if call is None else [line for line in lines if line[3] == call])
