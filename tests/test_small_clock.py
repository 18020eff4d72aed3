"""The ends that a limit of processor time sets, on a clock that stands still, and what it says of them."""

import numpy as onp
import pytest

from nfscratch.check import time_limit
from nfscratch.check.time_limit import OutOfTime, Passing, TimeLimit, limit_for, without_limit

INF = onp.inf


@pytest.fixture(autouse=True)
def an_audit_has_time_on_a_slow_machine():
    """No more than it has: the clock is the test's own."""


@pytest.fixture
def now(monkeypatch):
    times = [100.0]
    monkeypatch.setattr(time_limit, "clock", lambda: times[0])
    return times


def end():
    return time_limit._END.get()


def is_up(now, at):
    now[0] = at
    try:
        time_limit.look_at_clock()
    except OutOfTime:
        return True
    return False


def test_the_time_is_up_behind_the_end_and_not_at_it(now):
    with TimeLimit(100.0, 10.0).of_checks(1.0):
        assert [is_up(now, at) for at in (0.0, 106.9, end(), end() + 1e-9)] == [False, False, False, True]
    assert not is_up(now, 1e300) and issubclass(OutOfTime, Passing) and not issubclass(OutOfTime, Exception)


def test_checks_have_their_share_of_seven_tenths(now):
    for begin, seconds, share, wanted in (
        (100.0, 10.0, 1.0, 107.0), (100.0, 10.0, 0.25, 101.75), (40.0, 200.0, 0.5, 110.0), (0.0, INF, 0.5, INF),
    ):  # fmt: skip
        with TimeLimit(begin, seconds).of_checks(share):
            assert end() == pytest.approx(wanted)


def test_what_comes_after_a_failure_has_twenty_seconds_within_its_share(now):
    for seconds, share, since, wanted in (
        (1000.0, 0.5, 103.0, 123.0), (1000.0, 0.02, 103.0, 114.0), (1000.0, 0.5, INF, 450.0), (INF, 0.5, 103.0, INF),
    ):  # fmt: skip
        limit = TimeLimit(100.0, seconds)
        with limit.of_checks(share), limit.after_failure(since):
            assert end() == pytest.approx(wanted), (seconds, share, since)
        with limit.after_failure(since):  # no share around it
            assert end() == (since + 20 if seconds < INF else INF)


def test_looks_for_a_name_have_ten_seconds_and_no_more_than_there_are(now):
    for seconds, at, wanted in ((10.0, 103.0, 110.0), (10.0, 99.0, 109.0), (1000.0, 300.0, 310.0), (INF, 300.0, INF)):
        now[0] = at
        with TimeLimit(100.0, seconds).of_name():
            assert end() == wanted, (seconds, at)


def test_an_end_holds_within_and_the_one_before_comes_back_after_an_exception_too(now):
    limit = TimeLimit(100.0, 10.0)
    with limit.of_checks(1.0):
        with without_limit():
            assert end() == INF
        assert end() == pytest.approx(107.0)
        for within in (limit.of_checks(0.5), limit.of_name(), limit.after_failure(90.0), without_limit()):
            with pytest.raises(KeyError), within:
                raise KeyError
            assert end() == pytest.approx(107.0)
    assert end() == INF


def test_a_limit_that_nobody_sets_has_no_end(now):
    assert (TimeLimit().begin, TimeLimit().seconds, TimeLimit().cost) == (0.0, INF, 0.0)
    now[0] = 42.5
    assert TimeLimit().now == 42.5 and TimeLimit()._limited(3.0) == INF and TimeLimit(0.0, 1e9)._limited(3.0) == 3.0


def test_the_words_say_which_of_both_limits_was_met_and_that_a_pair_is_slow():
    """The checks of 100 s have 70 of them: a failure before 50 s leaves less."""
    whole, after = "{} s of processor time are used up", "20 s of processor time after the first failure are used up"
    for begin, seconds, failed_at, wanted in (
        (0.0, 10.0, INF, whole.format(10)), (0.0, 100.0, INF, whole.format(100)), (0.0, 100.0, 49.9, after),
        (0.0, 100.0, 50.0, whole.format(100)), (0.0, 100.0, 50.1, whole.format(100)),
        (30.0, 100.0, 79.9, after), (30.0, 100.0, 80.1, whole.format(100)),
        (0.0, 10.0, 0.0, whole.format(10)),
    ):  # fmt: skip
        assert TimeLimit(begin, seconds).words(failed_at) == wanted, (begin, seconds, failed_at)
    assert TimeLimit(0.0, 10.0).words() == whole.format(10)
    assert TimeLimit(0.0, 10.0, 0.05).words() == whole.format(10)
    assert TimeLimit(0.0, 25.2, 0.126).words() == whole.format(25) + " (1,000 rows take 0.13 s)"
    assert TimeLimit(0.0, 100.0, 0.5).words(1.0) == after + " (1,000 rows take 0.5 s)"


def asked(now, seconds):
    """The rows that a pair is asked for in its two directions, and the limit, where these are its seconds by rows."""
    calls = []

    def direction(a):
        calls.append(a[:, 0].tolist())
        now[0] += 0.5 * seconds[len(a)]
        return a + 1.0, None

    return calls, limit_for(direction, direction, onp.array([[1.0], [2.0], [3.0]]))


def test_a_pair_at_the_bound_of_the_cost_is_asked_again_and_one_at_the_bound_of_patience_too(now, monkeypatch):
    """24 rows in 0.75 s for both directions are 1,000 in 15.625 s for one."""
    calls, limit = asked(now, {24: 1.0, 1000: 0.25})
    assert [len(rows) for rows in calls] == [24, 24, 1000, 1000] and limit.cost == 0.125
    assert (limit.seconds, limit.begin) == (pytest.approx(25.0), 100.0)
    assert calls[0] == [1.0, 2.0, 3.0] * 8 and calls[1] == [2.0, 3.0, 4.0] * 8
    assert [len(rows) for rows in asked(now, {24: 1.0625, 1000: 0.0})[0]] == [24, 24]
    monkeypatch.setattr(time_limit, "COST", 15.625)
    for of_few, calls in ((0.75, 4), (0.6875, 2)):
        assert len(asked(now, {24: of_few, 1000: 0.0})[0]) == calls, of_few


def test_functions_are_asked_without_warnings_of_numpy(now):
    with onp.errstate(all="raise"):
        divide = lambda a: (a / 0.0, None)  # noqa: E731
        assert limit_for(divide, divide, onp.ones((2, 1))) == TimeLimit(100.0, 10.0, 0.0)
        assert time_limit._seconds(divide, divide, onp.ones((2, 1))) == 0.0
