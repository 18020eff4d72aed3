"""Numbers that lie on a bound: which side of it they are on, with numbers that a float holds exactly."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake, judging
from nfscratch.check.diagnosis import wrong_columns, wrong_inverse, wrong_radial
from nfscratch.check.finding import Outcome, Symptom

# --- what is judged ---


def judged(error, allowed, z=None, limit=0.1, usable=None):
    z = onp.zeros((len(error), 2)) if z is None else onp.array(z)
    trial = SimpleNamespace(usable=onp.array([True] * len(error) if usable is None else usable), limit=limit, z=z)
    return judging.judged(
        "J", "the log_det", onp.array(error), onp.array(allowed), trial, {"z": z}, symptom=Symptom.LEAK
    )


def test_a_row_is_judged_where_less_is_allowed_than_the_limit():
    assert judged([1.0], [0.1]).outcome is Outcome.INCONCLUSIVE
    found = judged([1.0], [0.1])
    assert (found.letter, found.what) == ("J", "the log_det") and "too badly conditioned" in found.why
    assert judged([1.0], [0.0999]).failed and judged([1.0], [0.3], z=[[-4.0, 0.0]]).failed
    assert not judged([1.0], [0.4], z=[[-4.0, 0.0]]).failed
    assert judged([1.0], [0.0], usable=[False]).outcome is Outcome.INCONCLUSIVE


def test_the_failing_row_nearest_to_0_is_told_or_the_worst_that_holds():
    z = [[9.0, 0.0], [0.0, -2.0], [1.0, 0.0], [3.0, 0.0]]
    found = judged([5.0, 0.02, 0.01, 0.04], [0.5, 0.01, 0.03, 0.01], z=z)
    assert found.evidence["row"] == 1 and (found.error, found.tolerance) == (0.02, 0.01) and "[0, -2]" in found.at
    assert found.evidence["bad"].tolist() == [True, True, False, True] and found.symptom is Symptom.LEAK
    holds = judged([5.0, 0.005, 0.02, 0.01], [2.0, 0.01, 0.03, 0.01], z=z)
    assert holds.evidence["row"] == 3 and holds.evidence["rows"].tolist() == [False, True, True, True]
    assert holds.ok and not holds.evidence["bad"].any()
    equal = judged([onp.nan, 0.0], [0.05, 0.05])
    assert equal.evidence["row"] == 0 and equal.failed


def test_a_row_that_is_not_judged_is_off_by_nothing_of_1():
    found = judged([7.0, 0.0], [7.0, 0.01])
    assert (found.error, found.tolerance) == (0.0, 1.0) and found.ok


# --- names ---


@pytest.mark.parametrize(("among", "ahead", "two"), [
    (0.0, 1.0, True), (0.9e-7, 1.1e-7, True), (1e-7, 1.0, False), (0.0, 1e-7, False), (1.1e-7, 1.0, False),
])  # fmt: skip
def test_of_two_couplings_the_second_looks_at_the_first_alone(among, ahead, two):
    J = onp.eye(4)
    J[0, 1], J[2, 0], J[3, 3] = among, ahead, 5.0
    c = SimpleNamespace(J=onp.stack([0 * J, -J]), dim=4)
    missed, right = onp.array([True, True, False, False]), onp.array([False, False, True, True])
    assert wrong_columns._are_two_layers(c, missed, right) is two
    assert not wrong_columns._are_two_layers(c, onp.array([True, False, False, False]), right)


@pytest.mark.parametrize(("asymmetry", "told"), [(1e-6, True), (1.0001e-6, False), (0.0, True)])
def test_the_jacobian_of_a_radial_layer_is_symmetric(asymmetry, told, monkeypatch):
    asked = []
    monkeypatch.setattr(wrong_radial, "_predictions", lambda c, g: asked.append(g.tolist()) or {Mistake.MULTIPLIES: g})
    monkeypatch.setattr(wrong_radial, "_is_given", lambda c, predicted: (predicted == 3.0).all())
    J = onp.stack([onp.diag([3.0, 2.0])] * 2)
    J[1, 0, 1] = asymmetry
    c = SimpleNamespace(J=J, dim=2, is_linear=False)
    assert wrong_radial.radial_root(c) is (Mistake.MULTIPLIES if told else None)
    assert asked == ([[2.0, 2.0], [3.0, 3.0]] if told else [])


@pytest.mark.parametrize(("entry", "name"), [(1e-7, None), (1.1e-7, "CHANGED_HALF"), (-1.1e-7, "CHANGED_HALF")])
def test_a_coupling_looks_at_what_it_keeps(entry, name):
    """The inverse does not: whatever is kept, the changed one comes back alike."""
    J = onp.stack([onp.diag([1.0, 3.0])] * 3)
    J[1, 1, 0] = entry
    x = onp.arange(6.0).reshape(3, 2)
    subject = SimpleNamespace(out_shape=(2,))
    trial = SimpleNamespace(
        subject=subject, apply=lambda direction, at, rows: (onp.stack([at[:, 0], x[:, 1]], axis=1),)
    )
    c = SimpleNamespace(J=J, x=x, back=x, rows=onp.arange(3), trial=trial)
    c.kept, c.wrong = onp.array([True, False]), onp.array([False, True])
    assert wrong_inverse._conditions(c) is (Mistake[name] if name else None)
    c.wrong = onp.array([True, True])
    assert wrong_inverse._conditions(c) is None
