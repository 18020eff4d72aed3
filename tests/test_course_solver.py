"""What a student's solver asks of f: its steps are read from its calls."""

import numpy as np
import pytest
from comparing import close

from nfscratch.course.properties.ch09.watched_calls import MOST, Watched, steps_tried
from nfscratch.ode.tableau import DORMAND_PRINCE


def test_f_keeps_copies_of_its_calls():
    f, y = Watched(lambda y, t: t * y, 2), np.ones(2)
    assert f(y, 0.5).tolist() == [0.5, 0.5]
    y[:] = 9.0
    ((t, at, slope),) = f.calls
    assert t == 0.5 and at.tolist() == [1.0, 1.0] and slope.tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match=r"an array of shape \(2,\) and a number; got shape \(3,\)"):
        f(np.ones(3), 0.0)


def test_a_solve_without_an_end_is_stopped():
    f = Watched(lambda y, t: y, 1)
    f.calls = [None] * MOST
    with pytest.raises(ValueError, match="the solve has come to no end"):
        f(np.ones(1), 0.0)


def calls_of(*steps):
    """The calls of such steps: (t, h, y, result, slopes)."""
    calls = []
    for t, h, y, result, slopes in steps:
        calls += [(t, y, slopes[0]), *((t + h / 2, y, k) for k in slopes[1:6]), (t + h, result, slopes[6])]
    return calls


def test_seven_calls_are_a_step_and_the_next_one_says_whether_it_was_accepted():
    y, better, best, slopes = np.array([1.0]), np.array([1.5]), np.array([2.0]), list(np.arange(1.0, 8)[:, None])
    first, again, last = (0.0, 0.4, y, best, slopes), (0.0, 0.1, y, better, slopes), (0.1, 0.2, better, best, slopes)
    tried = steps_tried(calls_of(first, again, last))
    assert [one.accepted for one in tried] == [False, True, True]
    close([one.h for one in tried], [0.4, 0.1, 0.2], 1e-12)
    close(tried[1].e, [0.1 * np.dot(DORMAND_PRINCE.error, np.arange(1.0, 8))], 1e-12)
    assert steps_tried(calls_of((0.0, 0.4, y, best, slopes))[:-1]) is None
