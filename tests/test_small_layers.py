"""The layers of a chain that is written as one function: what is asked about each, and what its runs are given."""

from types import SimpleNamespace

import numpy as onp
import pytest
from tried_maps import zero

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import loops, wrong_chain
from nfscratch.check.diagnosis.gathered import Gathered


@pytest.mark.parametrize(("first", "of_inverse", "of_half", "behind", "name"), [
    (None, "NO_UNDOING", None, None, "NO_UNDOING"), ("PERMUTATION", "MULTIPLIES", "FOLDS", "FOLDS", "PERMUTATION"),
    (None, "MULTIPLIES", "FOLDS", "FOLDS", "MULTIPLIES"), (None, "NO_UNDOING", "FOLDS", None, "FOLDS"),
    (None, "NO_UNDOING", None, "FOLDS", "FOLDS"), (None, "NO_UNDOING", "CHANGED_HALF", "FOLDS", "CHANGED_HALF"),
])  # fmt: skip
def test_a_layer_has_a_name_of_its_own_or_that_behind_its_columns(
    first, of_inverse, of_half, behind, name, monkeypatch
):
    def says(key, mistake):
        monkeypatch.setattr(wrong_chain, key, lambda *given: Mistake[mistake] if mistake else None)

    says("_passed_over", first)
    says("name_inverse", of_inverse)
    says("conditions_on_changed", of_half)
    says("name_behind_columns", behind)
    monkeypatch.setattr(wrong_chain, "comparable", lambda trial: trial)
    assert wrong_chain._name_of_layer("chain", ("low", "high"), "trial") is Mistake[name]


def test_a_loop_over_the_columns_is_run_at_the_first_row_alone():
    asked = []

    def inverse(x):
        asked.append(x.tolist())
        z = onp.zeros_like(x)
        for i in range(3):
            z[:, i] = x[:, i] - z.sum(axis=1)
        return z, zero(x)

    subject = SimpleNamespace(dim=3, inverse=inverse)
    subject.at = lambda rows: asked.append(rows.tolist()) or subject
    trial = SimpleNamespace(subject=subject, input=lambda direction: onp.arange(12.0).reshape(4, 3))
    assert loops.makes_each_column(trial, "inverse")
    assert asked[:2] == [[0], [[0.0, 1.0, 2.0]]]


@pytest.mark.parametrize(("size", "left_out"), [(1.9e-5, False), (2.00002e-5, True)])
def test_a_layer_that_is_left_out_has_a_log_det_of_its_own(size, left_out):
    """Up to 2e-5, which differences do not tell from 0."""
    step, true = onp.full(5, size), onp.linspace(1, 2, 5)
    gathered = SimpleNamespace(claim=true - step, true=true)
    before, after = SimpleNamespace(true=true), SimpleNamespace(true=true + step)
    assert Gathered._is_left_out(gathered, before, after) is left_out
