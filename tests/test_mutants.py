"""Every planted mistake is caught, and at least nine in ten are called by their name."""

import numpy as onp
import pytest
from mutants import MUTANTS
from mutants.mutant import audit

import nfscratch as nf

# Caught, and called something else. Each stands here with its reason.
OTHERWISE_NAMED: dict[str, str] = {}
# One mutant for every name that the audit gives: the first that has it.
REPRESENTATIVES = {mutant.name: name for name, mutant in reversed(MUTANTS.items())}.values()
# Their searches and recursions take 0.25 to 9 s of the processor: the exhaustive run has them.
LONG = {
    "40 D - 1 passes", "17 planar h", "18 planar u", "sample_and_log_prob", "gradient of an embedding",
    "16 spline denominator", "15 spline slope", "sample_and_log_prob, leak", "another output", "one parity",
    "global state", "no seed", "41 sees itself", "a seed of its own", "a copied generator", "59 scale",
    "a search that stops early", "41 sees a later one", "five steps of iteration", "42 input mask",
    "the last level's log-det", "antithetic draws", "54 u unconstrained", "0 beyond 7", "at x, not at z",
    "10 last layer's", "one variable left out", "always 0", "7 exp(s) summed", "10 one layer left out", "base too wide",
    "48 end slopes", "47 swapped derivatives", "five steps of Newton", "outside of the box",
    "museum: wrong_knots", "38 searches x", "37 other root", "40 one pass", "32 changed half", "zuko bracket",
    "the series without its sign", "bayesflow 772, in a log_det", "three terms of the series",
    "a stale power iteration",
}  # fmt: skip


def is_caught_and_named(name, **options):
    report = audit(MUTANTS[name], **options)
    assert not report.ok
    first = report.failures[0]
    print(f"{name:36} {''.join(failure.letter for failure in report.failures):13} {first.name}")
    if name not in OTHERWISE_NAMED:
        assert MUTANTS[name].name in first.name
    assert first.message.startswith(f"{first.letter}  {first.name}")
    assert "Hint:" in first.message and " at " in first.message and "D = " in first.message
    assert all(key in first.counter_example for key in ("dim", "dtype", "error", "tolerance"))


@pytest.mark.parametrize("name", sorted(set(REPRESENTATIVES) - LONG)[::2])  # the exhaustive run has all
def test_a_representative_of_every_other_mistake_is_caught_and_named(name):
    """With one draw of parameters, and in two dimensions where its own are more."""
    dims = MUTANTS[name].dims
    is_caught_and_named(name, dims=(2, 5) if {2, 5} < set(dims) else dims, draws=1)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_mistake_is_caught_and_named(name):
    is_caught_and_named(name)


def test_there_are_enough_of_them_and_few_are_misnamed():
    assert len(MUTANTS) >= 75
    assert len(OTHERWISE_NAMED) <= 0.1 * len(MUTANTS)


@pytest.mark.parametrize("name", [
    "4 mean", "45 skipped column", pytest.param("40 D - 1 passes", marks=pytest.mark.exhaustive),
])  # fmt: skip
def test_dimension_two_hides_it(name):
    """What an audit at D = 2 alone would miss."""
    mutant = MUTANTS[name]
    report = nf.check.audit(mutant.subject, dims=(2,), changes=False, show=False, rng=onp.random.default_rng(0))
    if name == "40 D - 1 passes":
        assert not report.ok  # one pass of two: seen, but not to be told from a single pass
    else:
        assert report.ok
