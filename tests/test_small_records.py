"""What a run leaves behind: the log_dets that its calls gave back, its lives, and where it stands, in words."""

import numpy as onp
import pytest

from nfscratch.check.diagnosis.recorded import Life, Record
from nfscratch.check.diagnosis.stretches import stretch

N = 4
COLUMN = onp.arange(4.0)


def record(**fields):
    """A record of no run."""
    found = object.__new__(Record)
    found._shape, found.lines, found.returned, found.lives, found._now = (N, 2), [], [], [], {}
    vars(found).update(fields)
    return found


@pytest.mark.parametrize(("returned", "log_det"), [
    (("h", COLUMN), COLUMN), (("h", COLUMN[:, None]), COLUMN[:, None]), (("h", 0.5), 0.5),
    (("h", onp.array([0.5])), [0.5]),
    (("h", onp.arange(3.0)), None), (("h", onp.arange(4)), None), (("h", 1), None), (("h", [1.0] * 4), None),
    (["h", COLUMN], None), (("h", COLUMN, COLUMN), None), ((COLUMN,), None), (COLUMN, None), (None, None), ("ab", None),
])  # fmt: skip
def test_a_call_that_gives_back_a_pair_has_a_log_det(returned, log_det):
    run = record(lines=["a line"] * 3)
    run._leave(returned)
    assert len(run.returned) == (log_det is not None)
    if log_det is not None:
        (order, kept), was = run.returned[0], onp.array(log_det)
        assert order == 3 and kept.dtype == float and onp.array_equal(kept, was)
        if isinstance(returned[1], onp.ndarray):
            returned[1][:] = 7.0
            assert onp.array_equal(kept, was)


def test_a_life_goes_on_until_its_value_changes():
    run, value = record(lines=["a line"] * 5), onp.array([[1.0, onp.nan]])
    first = run._life(("h",), 2, 7, value)
    assert (first.names, first.frame, first.depth, first.order) == (("h",), 2, 7, 4) and first.value is not value
    run.lines.append("another")
    assert run._life(("h",), 2, 7, value.copy()) is first
    others = [run._life(("h",), 3, 7, value), run._life(("g",), 2, 7, value), run._life(("h",), 2, 7, value + 1)]
    assert run.lives == [first, *others] and [life.order for life in others] == [5, 5, 5]
    assert run._life(("h",), 2, 7, value) is not first


LINES = [(3, "/a/mine.py", 10, 0), (4, "/a/other.py", 21, 1), (4, "/a/other.py", 23, 1), (4, "/a/other.py", 22, 1),
         (3, "/a/mine.py", 12, 0), (3, "/a/mine.py", 11, 0)]  # fmt: skip


@pytest.mark.parametrize(("first", "last", "given", "words"), [
    (0, 0, 1, "no line"), (-1, 1, 1, "line 10 of mine.py"), (0, 6, 1, "lines 10 to 12 of mine.py"),
    (0, 4, 1, "lines 21 to 23 of other.py"), (0, 3, 1, "lines 21 to 23 of other.py"), (0, 4, 2, "line 10 of mine.py"),
    (1, 4, 1, "lines 21 to 23 of other.py"), (4, 6, 1, "lines 11 to 12 of mine.py"), (6, 9, 1, "no line"),
])  # fmt: skip
def test_where_a_run_stands_between_two_of_its_lines(first, last, given, words):
    """given: the call that is given the state."""
    run, state = record(lines=LINES), onp.ones((2, 3))
    run.lives = [Life(("h",), given, 4, state.copy(), 0), Life(("h",), 1, 4, state + 1, 0)]
    assert stretch(run, first, last, state) == words
