"""The share of a test's parameters that the default run has."""

import pytest
from share import few


def marked(*values):
    return pytest.param(*values, marks=pytest.mark.exhaustive)


def test_those_that_are_kept_have_no_mark_and_the_others_have_it():
    assert few("abc", "b") == [marked("a"), "b", marked("c")]
    assert few([(1, 2), (3, 4)], [(1, 2)]) == [(1, 2), marked(3, 4)]


@pytest.mark.parametrize("kept", ["", "d", "ad"])
def test_what_keeps_nothing_or_a_stranger_is_refused(kept):
    with pytest.raises(ValueError, match="kept must be some of the values"):
        few("abc", kept)
