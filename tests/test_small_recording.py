"""A function that is run line by line: the lives of its states, the places of each, and what a replay puts in."""

import sys

import numpy as onp
import pytest

from nfscratch.check.diagnosis import recorded
from nfscratch.check.diagnosis.recorded import Record

A = onp.arange(6.0).reshape(3, 2)


def half(z):
    return 0.5 * z, z[:, 0]


def three_turns(z):
    h = z + 1
    for _ in range(3):
        h = 2 * h
        k, _ = half(h)
    y = h - k
    return y, y[:, 0]


FIRST = three_turns.__code__.co_firstlineno
INSIDE = half.__code__.co_firstlineno + 1


def lives(record, name, frame=0):
    return [life for life in record.lives if life.names == (name,) and life.frame == frame]


def test_each_value_of_a_variable_is_a_life():
    record = Record(three_turns, A)
    h = [life.value.tolist() for life in lives(record, "h")]
    assert h == [(2**k * (A + 1)).tolist() for k in range(4)]
    assert [life.value.tolist() for life in lives(record, "z")] == [A.tolist()]
    assert [len(lives(record, "z", frame)) for frame in (1, 2, 3, 4)] == [1, 1, 1, 0]
    depth = {life.frame: life.depth for life in record.lives}
    assert [depth[k] - depth[0] for k in (1, 2, 3)] == [1, 1, 1]
    assert record.y.tolist() == (4 * (A + 1)).tolist() and record.log_det.tolist() == record.y[:, 0].tolist()
    assert len(record.returned) == 4 and record.returned[-1][1].tolist() == record.y[:, 0].tolist()
    assert record._calls == {}


def test_the_places_of_a_life_are_lines_and_how_often_they_were_met():
    record = Record(three_turns, A)
    place = lambda p: (p[1] - FIRST, p[2])  # noqa: E731
    first, second, third, last = lives(record, "h")
    assert list(map(place, first.places)) == [(2, 1), (3, 1)]
    assert list(map(place, second.places)) == [(4, 1), (2, 2), (3, 2)]
    assert list(map(place, third.places)) == [(4, 2), (2, 3), (3, 3)]
    assert list(map(place, last.places)) == [(4, 3), (2, 4), (5, 1), (6, 1)]
    assert [list(map(place, life.turns)) for life in (first, second, third, last)] == [[], [(2, 2)], [(2, 3)], [(2, 4)]]
    assert {p[0] for life in (first, last) for p in life.places} == {id(three_turns.__code__)}
    lines = [(line - FIRST if line >= FIRST else "half", call) for _, _, line, call in record.lines]
    turn = lambda k: [(3, 0), (4, 0), ("half", k), (2, 0)]  # noqa: E731
    assert lines == [(1, 0), (2, 0), *turn(1), *turn(2), *turn(3), (5, 0), (6, 0)]
    assert [life.order for life in (first, second, third, last)] == [1, 3, 7, 11]


def searched(z):
    h = z
    for _ in range(450):
        h = h + 1
    return h, h[:, 0]


def test_a_line_that_is_met_more_than_400_times_is_a_search():
    record = Record(searched, A)
    assert len(lives(record, "h")) == 401 and len(record.lines) < 810
    assert record.y.tolist() == (A + 450).tolist()


# --- replays ---


def at(line, often=1, of=three_turns):
    code = of.__code__
    return id(code), code.co_firstlineno + line, often


def test_a_replay_puts_a_state_in_at_its_place():
    seen = []

    def put(variables):
        seen.append(variables["h"].tolist())
        variables["h"] = variables["h"] + 100

    y, log_det = recorded.replayed(three_turns, A, {at(4, 2): put})
    assert seen == [(4 * (A + 1)).tolist()]
    assert y.tolist() == (4 * (A + 1) + 100).tolist() and log_det.tolist() == y[:, 0].tolist()
    y, _ = recorded.replayed(three_turns, A, {at(1, 2, half): lambda v: v.update(z=0 * v["z"])})
    assert y.tolist() == (4 * (A + 1)).tolist()
    y, _ = recorded.replayed(three_turns, A, {at(1, 3, half): lambda v: v.update(z=0 * v["z"])})
    assert y.tolist() == (8 * (A + 1)).tolist()
    names = []
    recorded.replayed(three_turns, A, {at(6): lambda v: names.append(set(v))})
    assert names == [{"z", "h", "k", "_", "y"}]


def test_all_places_have_to_be_met():
    with pytest.raises(LookupError, match="does not come to a place"):
        recorded.replayed(three_turns, A, {at(4, 4): lambda v: None})
    with pytest.raises(LookupError):
        recorded.replayed(three_turns, A, {at(4, 1): lambda v: None, at(99): lambda v: None})


def closed_over(z):
    outer = z + 1

    def inner(z):
        own = z * outer
        return own, own[:, 0]

    return inner(z)


def test_variables_of_a_function_around_are_not_its_own():
    names = []
    code = next(c for c in closed_over.__code__.co_consts if hasattr(c, "co_code"))
    place = id(code), code.co_firstlineno + 2, 1
    recorded.replayed(closed_over, A, {place: lambda v: names.append(set(v))})
    assert names == [{"z", "own"}]


def test_two_actions_at_one_place_are_both_done():
    done = []
    actions = [
        ("p", lambda v: done.append(("first", v))),
        ("q", done.append),
        ("p", lambda v: done.append(("second", v))),
    ]
    found = recorded.by_place(actions)
    assert list(found) == ["p", "q"]
    found["p"]("variables")
    assert done == [("first", "variables"), ("second", "variables")]


def test_the_trace_function_that_stood_before_comes_back_and_returns_are_told():
    looked, left, before = [], [], sys.gettrace()

    def ours(frame, event, argument):
        return None

    sys.settrace(ours)
    try:
        wanted = lambda code: code is half.__code__  # noqa: E731
        recorded.traced(lambda: three_turns(A), wanted, lambda frame: looked.append(frame.f_lineno), left.append)
        assert sys.gettrace() is ours
        with pytest.raises(ZeroDivisionError):
            recorded.traced(lambda: 1 / 0, wanted, looked.append)
        assert sys.gettrace() is ours
    finally:
        sys.settrace(before)
    assert looked == [INSIDE] * 3 and [pair[0].tolist() for pair in left] == [
        (2**k * (A + 1)).tolist() for k in range(3)
    ]


def test_a_call_is_as_deep_as_its_frames():
    frame = sys._getframe()
    assert recorded._depth(frame) == recorded._depth(frame.f_back) + 1
    while frame.f_back is not None:
        frame = frame.f_back
    assert recorded._depth(frame) == 0
