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
# The first letter that sees a representative. The default run asks it alone: a fifth of the whole audit's time.
SEEN_BY = {
    "S": ("27 broadcast", "28 mean", "6 keepdims", "float64 leak", "11 no abs"),
    "P": ("51 argument mutated", "51 parameters mutated"),
    "I": (
        "29 base summed", "46 batch statistics", "5 summed over the batch", "52 initialised again", "a cache",
        "a row's number", "contexts in another order", "rows are sorted", "the first row's context",
        "the length of the batch",
    ),
    "R": (
        "30 order", "31 multiplies", "33 halves swapped", "34 permutation", "34 permutation in a chain",
        "35 layers in order", "36 clamp, cut", "39 P left out", "an inverse that clips x", "inverse is forward",
        "inverse returns x", "no scale", "no shift", "planar bracket", "squeeze in another order",
    ),
    "X": ("1 sign in forward", "3 inverse not negated", "museum: sign_forward"),
    "J": (
        "12 diagonal of L", "13 det, PLU", "14 H*W of ActNorm", "19 logit's scale", "2 sign in both", "4 mean",
        "53 std for variance", "8 |s| summed", "9 unclamped s, cut", "log(1 - 2 alpha)", "log(cosh z + 0.01)",
        "museum: margin_not_counted", "museum: slope_counted_twice", "wrong Jacobian",
    ),
    "D": (
        "20 base missing", "21 constant missing", "22 constant once", "23 no half", "24 base at x", "25 minus log_det",
        "26 log_det missing", "58 log 256", "log_det twice", "log_prob / D", "log_prob and a constant",
    ),
    "T": ("a diagonal that mixes",),
    "E": ("0 beyond 500", "49 index K", "a jump", "an empty batch raises"),
    "O": ("a dropped split z", "museum: bounded_range"),
    "G": ("NaN gradient", "wrong gradient"),
    "K": (
        "50 inverse for forward", "50 samples the base", "50 uniform base", "base with another constant",
        "base without its constant", "draws clamped at 2", "draws that come twice", "samples too wide",
    ),
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


@pytest.mark.parametrize(("letter", "name"), [(letter, name) for letter, names in SEEN_BY.items() for name in names])
def test_a_representative_is_caught_and_named_by_the_letter_that_sees_it_first(letter, name):
    """With one draw of parameters, and in two dimensions where its own are more."""
    dims = MUTANTS[name].dims
    is_caught_and_named(name, letters=letter, dims=(2, 5) if {2, 5} < set(dims) else dims, draws=1)


def test_the_default_run_has_every_representative_but_the_long_ones():
    assert sorted(name for names in SEEN_BY.values() for name in names) == sorted(set(REPRESENTATIVES) - LONG)


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
