"""Which values of a parametrized test the default run has; the exhaustive one has the others.

`@parametrize("name", few(NAMES, ["tanh"]))`, `@parametrize(("x", "y"), few(PAIRS, PAIRS[::8]))`.
"""

import pytest


def few(values, kept):
    """All values: those in `kept` for the default run, the others marked exhaustive; ids are as without it.

    A tuple among them is one value for each of several parameters, as in `parametrize`.
    """
    values, kept = list(values), list(kept)
    if not kept or any(value not in values for value in kept):
        raise ValueError(f"kept must be some of the values, at least one; got {kept}")
    return [value if value in kept else exhaustive(value) for value in values]


def exhaustive(value):
    return pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.exhaustive)
