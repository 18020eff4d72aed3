"""What a seed gives stays what it is: first parameters, values and draws of every part, and the first steps of runs.

Laws hold for a start of any width and a bound of any size; whoever repeats a run needs those of before. Numbers that
were meant to change: python tests/support/seed_numbers.py
"""

import json

import numpy as onp
import pytest
from seed_numbers import PATH, all_numbers, numbers_of

KNOWN = json.loads(PATH.read_text())
DEAR = {"warnings": ["folds"]}  # a fit by folds is among the runs, too
TOLERANCE = {"runs": 1e-6, "warnings": 2e-3}  # a run enlarges rounding; a message shows few digits


def differ(kind, found):
    """The names whose numbers are not those of the file."""
    off = []
    for name, numbers in found.items():
        known = onp.array(KNOWN[kind].get(name, "").split(), dtype=float)
        close = TOLERANCE.get(kind, 1e-8)
        if known.shape != (len(numbers),) or not onp.allclose(known, numbers, rtol=close, atol=close):
            off.append(name)
    return off


@pytest.mark.parametrize("kind", list(KNOWN))
def test_the_numbers_of_a_seed_are_those_of_before(kind):
    assert differ(kind, numbers_of(kind, DEAR.get(kind, ()))) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", DEAR)
def test_the_dear_numbers_of_a_seed_are_those_of_before(kind):
    assert differ(kind, numbers_of(kind)) == []


def test_every_number_of_the_file_is_looked_at_and_a_changed_one_is_seen():
    assert {kind: set(each) for kind, each in all_numbers().items()} == {kind: set(v) for kind, v in KNOWN.items()}
    found = numbers_of("distributions")
    name = next(iter(found))
    found[name][-1] *= 1.0 + 1e-7
    assert differ("distributions", found) == [name]
