"""Errors of several maps under several letters, as one table."""

import pytest

from nfscratch import check

ROWS = {"sound": {"R": 1e-12, "J": 1e-9}, "wrong": {"R": 0.5, "J": float("nan")}, "half": {"J": 1e-9}}
ALLOWED = {"J": 1e-6, "R": 1e-10}


def test_an_error_above_its_tolerance_and_nan_fail_in_the_order_of_the_columns():
    assert check.failing(ROWS, ALLOWED) == {"sound": [], "wrong": ["J", "R"], "half": []}


def test_an_error_far_below_0_fails_too():
    assert check.failing({"a difference with its sign": {"R": -0.5}}, ALLOWED) == {"a difference with its sign": ["R"]}


def test_the_table_has_a_row_for_each_map_and_says_what_fails():
    head, sound, wrong, half = check.error_table("maps", ROWS, ALLOWED).splitlines()
    assert head.split() == ["maps", "J", "R"]
    assert sound.split() == ["sound", "1e-09", "1e-12", "holds"]
    assert wrong.split() == ["wrong", "nan", "5e-01", "FAILS:", "J,", "R"]
    assert half.split() == ["half", "1e-09", "holds"]


def test_a_letter_without_a_tolerance_is_refused():
    with pytest.raises(ValueError, match="tolerance for every letter; sound has R"):
        check.failing(ROWS, {"J": 1e-6})
