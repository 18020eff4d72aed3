"""Hypothesis looks for an example that breaks a promise, and makes it small.

It keeps no database, and what it else writes down goes into a folder that ends with the process. By itself it also
draws numbers that stand in the modules that happen to be loaded, so that the examples of a seed would follow from the
tests that ran before: `same_each_time` takes those away.
"""

from dataclasses import dataclass
from math import prod
from tempfile import TemporaryDirectory
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.internal.conjecture import providers

from battery.densities import DENSITIES, RECIPES, as_flow
from battery.example import Example
from battery.layers import BIJECTIONS
from battery.points import rows
from battery.promises import check
from battery.transformers import TRANSFORMERS, alone

HOME = TemporaryDirectory(prefix="hypothesis-", ignore_cleanup_errors=True)
set_hypothesis_home_dir(HOME.name)
PARTS = {
    **BIJECTIONS,
    **{name: alone(name) for name in TRANSFORMERS},
    **{name: (lambda draw, make=make: as_flow(make(draw))) for name, make in DENSITIES.items()},
    **RECIPES,
}
WILD = (1.0, 0.0, 0.1, 0.3, 3.0)


@st.composite
def examples(draw, name):
    """A part of this name, the draw of its parameters, and points."""
    part = PARTS[name](draw)
    width = prod(part.shape if hasattr(part, "base") else part.in_shape)
    return Example(part, draw(st.integers(0, 2**16)), draw(st.sampled_from(WILD)), draw(rows(part, width)))


@dataclass
class Broken:
    """The smallest example that was found, what it breaks, and the error."""

    example: Example
    promise: str
    dtype: str
    error: Exception

    def __str__(self):
        return f"{type(self.error).__name__}: {self.error}\n\n{self.example.code(self.promise, self.dtype)}"


def same_each_time():
    """No module is the project's own, so none gives numbers. (Older versions of Hypothesis ask for none.)"""
    return patch.object(providers, "is_local_module_file", lambda path: False, create=True)


def search(name, count, number=None, shrink=True):
    """`count` examples of a part. number: the seed; None: the same ones each time. Broken, or None."""
    smallest = []
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=number is None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(examples(name))
    def holds(example):
        try:
            check(example)
        except Exception as error:
            law, dtype = getattr(error, "broken", ("dtype and shape are kept", "float64"))
            smallest[:] = [Broken(example, law, dtype, error)]
            raise

    try:
        with same_each_time():
            (holds if number is None else seed(number)(holds))()
    except Exception:
        if not smallest:
            raise
        return smallest[0]
    return None
