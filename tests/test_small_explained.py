"""Which look names a failure: by its letter and its symptom, by layers, and by the name that most dimensions have."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import explain
from nfscratch.check.diagnosis.mistakes import Named
from nfscratch.check.finding import Symptom


def case(name=None, symptom=None, folds=False, failed=True, dtype="float64", evidence=None, **trial):
    subject = SimpleNamespace(dtype=onp.dtype(dtype), dim=2, name="a layer", layers=list)
    finding = SimpleNamespace(failed=failed, symptom=symptom, evidence=evidence)
    return SimpleNamespace(
        dim=2, finding=finding, trial=SimpleNamespace(subject=subject, name=name, folds=folds, **trial)
    )


@pytest.mark.parametrize(("names", "folds", "mistake"), [
    (["MULTIPLIES", "MULTIPLIES", "FOLDS"], (), "MULTIPLIES"),
    (["NO_UNDOING", "NO_UNDOING", "MULTIPLIES"], (), "MULTIPLIES"),
    (["NO_UNDOING"], (), "NO_UNDOING"), (["P_LEFT_OUT", "PERMUTATION", "PERMUTATION"], (), "P_LEFT_OUT"),
    (["P_LEFT_OUT", "PERMUTATION", "PERMUTATION", "FOLDS"], (), "PERMUTATION"), (["PERMUTATION"], (), "PERMUTATION"),
    (["TOO_FEW_STEPS", "NO_UNDOING"], (0, 1), "SEES_LATER"), (["NO_UNDOING", "NO_UNDOING"], (1,), "SEES_LATER"),
    (["TOO_FEW_STEPS", "MULTIPLIES"], (0, 1), "TOO_FEW_STEPS"), (["MULTIPLIES"], (0,), "MULTIPLIES"),
])  # fmt: skip
def test_the_name_that_most_dimensions_have(names, folds, mistake, monkeypatch):
    """From the largest dimension down; where nothing but a search says something, a fold is looked for."""
    cases = [case(name, folds=k in folds, J=onp.full((1, 2, 2), float(k))) for k, name in enumerate(names)]
    monkeypatch.setattr(explain, "name_inverse", lambda trial: Mistake[trial.name])
    monkeypatch.setattr(explain, "check_sign", lambda trial: SimpleNamespace(failed=trial.folds))
    monkeypatch.setattr(explain, "Columns", lambda trial, rows: (trial, rows.tolist()))
    of_fold = lambda c: Mistake.SEES_LATER if c == (cases[max(folds)].trial, [True]) else None  # noqa: E731
    monkeypatch.setattr(explain, "name_of_fold", of_fold)
    found = explain._most_frequent_name(cases)
    order = [Mistake[name] for name in names[::-1]]
    if mistake == "TOO_FEW_STEPS":
        assert found.mistake is order[0]  # of two that are as frequent, that of the larger dimension
    else:
        assert (found.mistake, found.where) == (Mistake[mistake], "det J" if mistake == "SEES_LATER" else "inverse")


@pytest.mark.parametrize(("symptom", "name", "where"), [
    (Symptom.SHAPE, "SHAPE", "sample_and_log_prob"), (Symptom.JOINT, "BASE_MISSING", "sample_and_log_prob"),
    (None, "LOG_DET_MISSING", "log_prob"),
])  # fmt: skip
def test_a_density_is_named_by_all_that_fail_alike(symptom, name, where, monkeypatch):
    seen = []
    monkeypatch.setattr(explain, "name_joint", lambda alike: seen.append(alike) or Mistake.BASE_MISSING)
    monkeypatch.setattr(explain, "name_density", lambda alike: seen.append(alike) or Mistake.LOG_DET_MISSING)
    cases = [case(symptom=symptom, evidence={"k": 1}, dtype="float32"), case(symptom=Symptom.LEAK, evidence={"k": 2}),
             case(symptom=symptom, evidence=None), case(symptom=symptom, evidence={"k": 3})]  # fmt: skip
    found = explain._name_density_of(cases[0], cases)
    assert (found.mistake, found.where) == (Mistake[name], where)
    alike = [{"k": 1, "dtype": "float32"}, {"k": 3, "dtype": "float64"}]
    assert seen == ([] if symptom is Symptom.SHAPE else [alike])


@pytest.mark.parametrize(("inner", "layers", "in_order", "name", "where"), [
    (1, 3, None, "MULTIPLIES", "inverse of layer 2 of 3 (a layer)"),
    (None, 3, "LAYERS_IN_ORDER", "LAYERS_IN_ORDER", "inverse"),
    (None, 3, None, "FOLDS", "inverse"), (None, 0, "LAYERS_IN_ORDER", "FOLDS", "inverse"),
])  # fmt: skip
def test_an_inverse_is_named_by_its_layer_or_by_their_order(inner, layers, in_order, name, where, monkeypatch):
    first = case(layers=["a layer"] * layers)
    first.trial.subject.layers = lambda: ["a layer"] * layers
    layer = SimpleNamespace(subject=first.trial.subject)
    monkeypatch.setattr(explain, "failing_layer", lambda trial: None if inner is None else (inner, layer))
    monkeypatch.setattr(explain, "in_chain", lambda trial: Mistake[in_order] if in_order else None)
    monkeypatch.setattr(explain, "name_inverse", lambda trial: Mistake.MULTIPLIES if trial is layer else None)
    monkeypatch.setattr(explain, "_most_frequent_name", lambda cases: Named(Mistake.FOLDS, "inverse"))
    found = explain._name_inverse_of(first, "cases")
    assert (found.mistake, found.where) == (Mistake[name], where)


def test_a_forward_that_stands_still_is_named_by_where_it_stops(monkeypatch):
    monkeypatch.setattr(explain, "name_of_stop", lambda trial: Mistake.END_OF_BRACKET)
    found = explain._name_inverse_of(case(symptom=Symptom.STANDS_STILL), [])
    assert (found.mistake, found.where) == (Mistake.END_OF_BRACKET, "forward")


@pytest.mark.parametrize(("where", "across", "found", "wrong", "folds", "name"), [
    ("log_det forward", True, "EXP_SUMMED", False, False, "EXP_SUMMED"),
    ("log_det forward", True, "SIGN", False, False, "NOT_FINITE"),
    ("log_det forward", True, "SIGN", True, False, "SIGN"), ("x", True, "SIGN", True, False, "NOT_FINITE"),
    ("log_det inverse", False, "SIGN", True, False, "NOT_FINITE"),
    ("log_det inverse", True, "SIGN", True, True, "FOLDS"),
    ("log_det forward", False, "SIGN", False, True, "FOLDS"), ("x", True, "SIGN", True, True, "NOT_FINITE"),
])  # fmt: skip
def test_a_log_det_that_is_not_finite_in_some_rows(where, across, found, wrong, folds, name, monkeypatch):
    cases = ["cases of J"] * across
    of_log_det = lambda first, given: Named(Mistake[found], "log_det") if given is cases else None  # noqa: E731
    monkeypatch.setattr(explain, "name_log_det_of", of_log_det)
    fold = Named(Mistake.FOLDS, "inverse") if folds else None
    monkeypatch.setattr(explain, "_fold_of", lambda first: fold if first == "first" else None)
    monkeypatch.setattr(explain, "_is_wrong_where_finite", lambda w, given: wrong and w == where and given is cases)
    assert explain._of_finite_rows(Named(Mistake.NOT_FINITE, where), "first", cases).mistake is Mistake[name]


@pytest.mark.parametrize(("letter", "finite", "chain", "look"), [
    ("S", True, True, "S"), ("S", False, True, "S"), ("R", True, True, "R"), ("P", True, False, "P"),
    ("K", False, False, "K"),
])  # fmt: skip
def test_the_look_of_a_letter_and_what_follows_it(letter, finite, chain, look, monkeypatch):
    first = case()
    named = Named(Mistake.FOLDS if finite else Mistake.NOT_FINITE, f"by {letter}")
    monkeypatch.setitem(explain.LOOKS, letter, lambda given, cases: named if given is first else None)
    monkeypatch.setattr(explain, "_of_finite_rows", lambda n, f, across: Named(Mistake.SIGN, f"{n.where}, finite"))
    of_chain = lambda letter, cases, n: Named(n.mistake, f"{n.where}, of a chain")  # noqa: E731
    monkeypatch.setattr(explain, "name_inverse_of_chain", of_chain)
    found = explain._named(letter, first, [first], ["across"])
    assert found.where == f"by {look}" + ", finite" * (not finite) + ", of a chain" * chain


@pytest.mark.parametrize("letter", ["X", "J"])
def test_a_log_det_is_named_by_the_cases_of_j_where_there_are_any(letter, monkeypatch):
    monkeypatch.setattr(explain, "name_log_det_of", lambda first, cases: cases)
    assert explain._named(letter, case(), ["mine"], ["of J"]) == ["of J"]
    assert explain._named(letter, case(), ["mine"], []) == ["mine"]
