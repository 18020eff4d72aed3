"""Functions that ask whether two things are the same: the same of (a, b) and of (b, a), at the bound, too."""

import re
from itertools import product
from pathlib import Path

import numpy as onp

import nfscratch
from benchmarks.mutation.changes import SYMMETRIC
from nfscratch.check.diagnosis import boundaries, columns, wrong_linear, wrong_terms

FUNCTIONS = {  # and the share of 1 and the smaller number that two of them may be apart
    columns.same: 1e-5, boundaries.equal: 1e-9, wrong_terms.near: 2e-5, wrong_linear._is: 1e-5,
}  # fmt: skip
ODD = (onp.nan, onp.inf, -onp.inf, 0.0, -0.0, 1.0, 1e300, -1e300)


def both(f, a, b):
    """What f says of (a, b), and of (b, a)."""
    with onp.errstate(all="ignore"):
        return tuple(bool(onp.all(f(onp.array([p]), onp.array([q])))) for p, q in ((a, b), (b, a)))


def test_two_numbers_are_the_same_up_to_a_share_of_the_smaller_one():
    for (f, share), size, sign in product(FUNCTIONS.items(), (0.0, 1.0, 3.0, 1e6), (1, -1)):
        gap = share * (1 + size)
        for part, same in ((0.0, True), (1 - 1e-6, True), (1 + 1e-6, False)):
            assert both(f, sign * size, sign * (size + part * gap)) == (same, same), (f.__name__, size, part)


def test_no_number_is_the_same_as_an_infinite_one():
    for f, a, b in product(FUNCTIONS, ODD, ODD):
        expected = bool(onp.isfinite([a, b]).all() and a == b)
        assert both(f, a, b) == (expected, expected), (f.__name__, a, b)


def test_of_matrices_the_largest_entry_counts():
    """A small entry may be as far off as the largest one of the matrix whose largest one is smaller."""
    a = onp.array([[1e6, 0.0], [0.0, 1.0]])
    for off, same in ((10.00000, True), (10.00002, False)):
        b = a + [[0.0, off], [0.0, 0.0]]
        assert wrong_linear._is(a, b) is wrong_linear._is(b, a) is same
    assert not wrong_linear._is(a, 2 * a) and not wrong_linear._is(2 * a, a)
    assert wrong_linear._is(onp.zeros((0, 2)), onp.zeros((0, 2)))


def test_no_other_function_of_two_things_has_one_of_their_names():
    """Planted mistakes leave their arguments alone, by name."""
    names = {f.__name__ for f in FUNCTIONS}
    assert names < SYMMETRIC
    place, found = Path(nfscratch.__file__).parent, []
    for file in place.rglob("*.py"):
        found += re.findall(rf"def ({'|'.join(names)})\(\w+[^,()]*, ", file.read_text())
    assert sorted(found) == sorted(names)
