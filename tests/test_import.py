"""`import nfscratch` is quick: what only some of it needs is imported where it is used."""

import json
import subprocess
import sys

import pytest

HEAVY = ("sklearn", "matplotlib", "cupy", "scipy", "rich", "typer", "pandas", "torch", "jax", "pytest")


STEPS = """
import json, sys
def show():
    print(json.dumps(sorted(sys.modules)), flush=True)
import nfscratch as nf
show()
import numpy
rng = numpy.random.default_rng(0)
nf.fit(nf.flows.real_nvp(2, layers=2), rng.normal(size=(50, 2)), rng=rng, steps=3, validation=None)
show()
for part in ("check", "data", "plot"):
    assert f"nfscratch.{part}" not in sys.modules, part
    getattr(nf, part)
show()
nf.sklearn.FlowDensity
show()
"""


@pytest.fixture(scope="module")
def loaded():
    """The top-level modules that one fresh interpreter has: after the import, a fit, its parts, and the estimators."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", STEPS], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return [{module.partition(".")[0] for module in json.loads(line)} for line in done.stdout.splitlines()]


def test_the_import_pulls_in_nothing_heavy(loaded):
    assert not loaded[0] & set(HEAVY)
    assert {"nfscratch", "numpy", "autograd"} <= loaded[0]


def test_a_flow_is_trained_without_anything_heavy(loaded):
    assert not loaded[1] & set(HEAVY)


def test_parts_that_are_not_needed_to_compute_come_when_they_are_asked_for(loaded):
    """The process asserts that none of them is there before."""
    assert "matplotlib" in loaded[2] and "sklearn" not in loaded[2]


def test_a_name_that_is_not_there_is_an_attribute_error():
    import nfscratch

    with pytest.raises(AttributeError, match="module 'nfscratch' has no attribute 'nosuch'"):
        _ = nfscratch.nosuch


def test_the_estimators_come_when_they_are_asked_for(loaded):
    assert "sklearn" in loaded[3]
