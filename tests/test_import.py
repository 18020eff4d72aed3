"""`import nfscratch` is quick: what only some of it needs is imported where it is used."""

import json
import subprocess
import sys

import pytest

HEAVY = ("sklearn", "matplotlib", "cupy", "scipy", "rich", "typer", "pandas", "torch", "jax", "pytest")


def modules_after(code):
    """The top-level modules that a fresh interpreter has loaded after `code`."""
    show = f"{code}\nimport json, sys\nprint(json.dumps(sorted({{m.partition('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", show], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_import_pulls_in_nothing_heavy():
    loaded = modules_after("import nfscratch")
    assert not loaded & set(HEAVY)
    assert {"nfscratch", "numpy", "autograd"} <= loaded


def test_a_flow_is_trained_without_anything_heavy():
    code = """
import numpy, nfscratch as nf
rng = numpy.random.default_rng(0)
nf.fit(nf.flows.real_nvp(2, layers=2), rng.normal(size=(50, 2)), rng=rng, steps=3, validation=None)"""
    assert not modules_after(code) & set(HEAVY)


@pytest.mark.parametrize("part", ["check", "data", "plot"])
def test_parts_that_are_not_needed_to_compute_come_when_they_are_asked_for(part):
    loaded = modules_after(
        f"import nfscratch\nassert 'nfscratch.{part}' not in __import__('sys').modules\nnfscratch.{part}"
    )
    assert "sklearn" not in loaded


def test_a_name_that_is_not_there_is_an_attribute_error():
    import nfscratch

    with pytest.raises(AttributeError, match="module 'nfscratch' has no attribute 'nosuch'"):
        _ = nfscratch.nosuch


def test_the_estimators_come_when_they_are_asked_for():
    assert "sklearn" in modules_after("import nfscratch\nnfscratch.sklearn.FlowDensity")
