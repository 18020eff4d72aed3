"""The limit of an audit's processor time, on a clock that the test sets: every call of a function moves it on."""

import numpy as np
import pytest

import nfscratch as nf
from nfscratch.check import time_limit
from nfscratch.check.diagnosis.in_time import named_in_time
from nfscratch.check.diagnosis.mistakes import Mistake, Named
from nfscratch.check.time_limit import COST, SECONDS, OutOfTime, TimeLimit, limit_for


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def an_audit_has_time_on_a_slow_machine():
    """No more than it has: the clock is the test's own."""


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(time_limit, "clock", made)
    return made


def pair(clock, row, call=0.0, undo=lambda x: x / 2):
    """Functions of which a row takes so many seconds, and a call some more."""

    def forward(z):
        clock.now += call + row * len(z)
        return 2 * z, np.full(len(z), z.shape[1] * np.log(2))

    def inverse(x):
        clock.now += call + row * len(x)
        return undo(x), np.full(len(x), -x.shape[1] * np.log(2))

    return forward, inverse


def audited(subject, dims=(2,), **options):
    return nf.check.audit(subject, dims=dims, show=False, changes=False, **options)


def test_a_fast_pair_is_audited_whole(clock):
    report = audited(pair(clock, 1e-6))
    assert report.ok and not report.notes


def test_a_pair_that_uses_its_time_up_is_told_what_was_left_out(clock):
    begin = clock.now
    report = audited(pair(clock, 0.0, 0.04))
    assert report.ok and len(report.notes) == 1
    assert report.notes[0].startswith("left out, all or in part: ") and "10 s of processor time" in report.notes[0]
    assert " R at D" not in report.notes[0] and "K at D = 2" in report.notes[0]
    assert clock.now - begin < 1.2 * SECONDS
    assert next(line for line in report.lines if line.letter == "K").detail.startswith("left out: ")


def test_no_dimension_takes_the_time_of_another(clock):
    report = audited(pair(clock, 0.0, 0.02), (2, 3))
    assert "K at D = 2" in report.notes[0] and " R at D = 3" not in report.notes[0]
    judged = [line.letter for line in report.lines if line.status.value == "holds"]
    assert set("SPIRXJ") <= set(judged)


def test_a_mistake_is_found_and_has_a_name_when_the_time_is_up(clock):
    report = audited(pair(clock, 0.0, 0.02, undo=lambda x: x / 2 + 0.1 * np.sin(x)))
    assert report.failures[0].letter == "R" and report.failures[0].mistake is Mistake.NO_UNDOING


@pytest.mark.parametrize("row, times", [(1e-6, 1.0), (COST / 1000, 1.0), (4 * COST / 1000, 4.0), (0.2, 4000.0)])
def test_a_slow_pair_has_more_time(clock, row, times):
    begin = clock.now
    limit = limit_for(*pair(clock, row), np.ones((5, 2)))
    assert limit.seconds == pytest.approx(times * SECONDS)
    assert clock.now - begin <= 2 * row * 1024 + 1e-9 and (row < 0.2 or clock.now - begin < 11)


def test_a_slow_pair_that_fails_does_not_have_it_for_what_can_only_wait(clock):
    begin = clock.now
    report = audited(pair(clock, 0.003, undo=lambda x: x / 2 + 0.1 * np.sin(x)))
    assert report.failures[0].letter == "R"
    assert "20 s of processor time after the first failure" in report.notes[0]
    assert clock.now - begin < 90  # of 600


def test_a_pair_that_raises_has_the_usual_time(clock):
    def forward(z):
        raise ValueError("no")

    assert limit_for(forward, forward, np.ones((5, 2))).seconds == SECONDS


def test_the_time_is_counted_from_the_beginning(clock):
    limit = TimeLimit(clock.now, 10.0)
    with limit.of_checks(0.5):
        time_limit.look_at_clock()
        clock.now += 0.4 * 10
        with pytest.raises(OutOfTime):
            time_limit.look_at_clock()
        with time_limit.without_limit():
            time_limit.look_at_clock()
    with limit.of_name():
        time_limit.look_at_clock()
    time_limit.look_at_clock()


def test_a_letter_without_a_general_name_has_none_when_the_time_is_up():
    def look():
        raise OutOfTime

    assert named_in_time("J", look) == Named(Mistake.LOG_DET_FORMULA, "log_det")
    with pytest.raises(OutOfTime):
        named_in_time("E", look)


def test_bijections_have_no_limit(clock):
    clock_of = nf.ActNorm.forward

    def slow(self, *arguments):
        clock.now += 1.0
        return clock_of(self, *arguments)

    made = type("Slow", (nf.ActNorm,), {"forward": slow})
    assert not nf.check.audit(made, dims=(2,), letters="SPIRX", show=False).notes
