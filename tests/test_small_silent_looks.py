"""Looks that divide in silence, rows that are judged one by one, and what a look of rows, samples or teeth is given."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import (
    wrong_condition,
    wrong_contraction,
    wrong_density,
    wrong_halving,
    wrong_line_search,
    wrong_radial,
    wrong_rows,
    wrong_samples,
)
from nfscratch.check.diagnosis.mistakes import Named

# --- couplings and iterations ---


def test_a_scale_of_0_is_divided_by_in_silence(monkeypatch):
    monkeypatch.setattr(wrong_condition, "_forward", lambda c, half, changed: 3.0 + 0 * changed)
    c = SimpleNamespace(x=onp.array([[1.0, 2.0], [1.0, 3.0]]), kept=onp.array([True, False]))
    with onp.errstate(all="raise"):
        found = wrong_condition._undone(c, c.x[:, :1], c.x[:, :1])
    assert onp.isneginf(found[0, 0]) and onp.isnan(found[1, 0])


def test_a_step_of_an_iteration_is_asked_in_silence():
    subject = SimpleNamespace(in_shape=(2, 1), dtype=onp.dtype("float32"))

    def apply(way, at, rows):
        assert (way, at.shape, at.dtype, rows) == ("forward", (1, 2, 1), onp.float32, "rows")
        return (1 / at,)

    c = SimpleNamespace(trial=SimpleNamespace(subject=subject, apply=apply), x=onp.array([[7.0, 7.0]]), rows="rows")
    with onp.errstate(all="raise"):
        found = wrong_contraction._step(c, onp.array([[0.0, 0.5]]))
    assert found.tolist() == [[onp.inf, -5.0]]


@pytest.mark.parametrize(("back", "name"), [((1.0, 5.0), "TOO_FEW_STEPS"), ((5.0, 1.0), "NO_CONTRACTION")])
def test_the_steps_of_rows_that_are_wrong_become_shorter(back, name):
    """The steps of the first row become longer; z is 1 in both."""
    c = SimpleNamespace(back=onp.array(back)[:, None], z=onp.ones((2, 1)))
    last, following = onp.array([[1.0], [1.0]]), onp.array([[2.0], [0.5]])
    assert wrong_contraction._by_its_steps(c, last, following) is Mistake[name]


# --- the end of a bracket ---


def is_end(s, right, a=0.0):
    s, right = onp.array(s), onp.array(right)
    return bool(wrong_line_search._is_end(s + a, onp.full(len(s), a), right + a))


@pytest.mark.parametrize("a", [0.0, 40.0])
def test_three_results_at_one_distance_are_the_end_of_a_bracket(a):
    assert is_end([5.0, -5.0, 5.0], [9.0, -9.0, 6.0], a)
    assert not is_end([5.0, -5.0, 1.0], [9.0, -9.0, 1.0], a)  # two
    assert not is_end([5.0, -5.0, 5.0], [9.0, -9.0, 4.0], a)  # one of the right ones lies within
    assert not is_end([5.0, -5.0, 5.0, onp.inf], [9.0, -9.0, 6.0, 1.0], a)
    assert not is_end([0.0, 0.0, 0.0], [9.0, -9.0, 6.0], 0.0)


@pytest.mark.parametrize(("share", "is_one"), [(0.9, True), (1.1, False), (-1.1, False)])
def test_a_result_that_is_right_need_not_stand_at_the_end(share, is_one):
    assert is_end([5.0, -5.0, 5.0, 1 + share * 2e-4], [9.0, -9.0, 6.0, 1.0]) is is_one
    assert is_end([5.0, -5.0, 5.0, -5 * (1 + share * 1.2e-4)], [9.0, -9.0, 6.0, -9.0]) is is_one


# --- densities ---


@pytest.mark.parametrize(("dtype", "bound"), [(None, 2e-5), ("float64", 2e-5), ("float32", 1e-3)])
def test_a_claim_on_its_bound_fits(dtype, bound):
    for claim, fits in ((bound, True), (-bound, True), (1.001 * bound, False)):
        e = {"rows": onp.array([True, False]), "yours": [claim, 99.0]} | ({"dtype": dtype} if dtype else {})
        assert wrong_density._fits(e, [onp.array([5.0, 0.0]), onp.array([0.0, 7.0])]) is fits


# --- rows ---


@pytest.mark.parametrize(("which", "result", "one", "of_first", "summed", "context", "found"), [
    ("forward", 1, True, True, True, None, Named(Mistake.DEPENDS_ON_BATCH, "log_det forward")),
    ("inverse", 1, True, False, True, None, Named(Mistake.SUMMED_OVER_BATCH, "log_det inverse")),
    ("forward", 1, False, True, True, None, Named(Mistake.PLACE_IN_BATCH, "forward")),
    ("forward", 0, True, True, True, None, Named(Mistake.PLACE_IN_BATCH, "forward")),
    ("log_prob", 1, True, True, False, None, Named(Mistake.PLACE_IN_BATCH, "log_prob")),
    ("log_prob", 0, True, True, True, None, Named(Mistake.BASE_SUMMED, "log_prob")),
    ("forward", 0, True, True, True, Mistake.FIRST_CONTEXT, Named(Mistake.FIRST_CONTEXT, "forward")),
])  # fmt: skip
def test_what_a_function_of_rows_mixes(which, result, one, of_first, summed, context, found, monkeypatch):
    whole = [1, 2, 3]

    def given(name, answer):
        def look(*of):
            assert any(isinstance(a, onp.ndarray) and a.dtype == float and a.tolist() == whole for a in of)
            return answer

        monkeypatch.setattr(wrong_rows, name, look)

    given("_is_one_number", one)
    given("_is_of_first_row", of_first)
    given("_summed_base", summed)
    monkeypatch.setattr(wrong_rows, "_context", lambda trial: context)
    of_rows = lambda trial, evidence, of, n: Mistake.PLACE_IN_BATCH if (of, n) == (which, 3) else None  # noqa: E731
    monkeypatch.setattr(wrong_rows, "_of_rows", of_rows)
    evidence = {"function": which, "whole": whole, "fresh": False, "which": result}
    case = SimpleNamespace(finding=SimpleNamespace(evidence=evidence), trial="trial")
    assert wrong_rows.name_dependence(case, []) == found
    evidence["fresh"] = True
    assert wrong_rows.name_dependence(case, []) == Named(Mistake.INITIALISED_AGAIN, which)


@pytest.mark.parametrize(("off", "summed"), [(0.9e-5, True), (1.1e-5, False), (-1.1e-5, False)])
@pytest.mark.parametrize("total", [0.0, 3.0, -3.0])
def test_one_row_may_show_a_base_that_is_summed(total, off, summed):
    """Its log_prob is the log_det, -2, and the sum; the row that is not usable is not asked."""
    asked = []
    apply = lambda way, x, rows: asked.append((way, rows.tolist())) or (x / 2, onp.array([-2.0]))  # noqa: E731
    subject = SimpleNamespace(q=lambda z: onp.array([total]) if z.tolist() == [[2.0]] else None)
    trial = SimpleNamespace(usable=onp.array([False, True]), x=onp.array([[9.0], [4.0]]), apply=apply, subject=subject)
    assert bool(wrong_rows._summed_base(trial, onp.array([total - 2 + off * (1 + abs(total))]))) is summed
    assert asked == [("inverse", [1])]


# --- samples ---


@pytest.mark.parametrize(("shift", "holds", "missing"), [
    (0.5, True, True), (0.5, False, False), (None, True, False), (0.0, True, True),
])  # fmt: skip
def test_a_constant_is_found_on_one_half_and_judged_on_the_other(shift, holds, missing, monkeypatch):
    asked = []
    monkeypatch.setattr(wrong_samples, "fitted_shift", lambda base, log_q, rng: asked.append((base, log_q)) or shift)
    monkeypatch.setattr(wrong_samples, "_bridged", lambda trial, base, rng, c: asked.append((base, c)) or holds)
    trial = SimpleNamespace(subject=SimpleNamespace(log_q="q"))
    assert wrong_samples._missing_constant(trial, [1, 2, 3, 4, 5, 6, 7], "rng") is missing
    assert asked == [([1, 2, 3], "q"), ([4, 5, 6, 7], shift)][: 1 if shift is None else 2]


# --- radial layers, and teeth ---


@pytest.mark.parametrize(("share", "fits"), [(0.97, True), (1.03, False), (-1.03, False)])
def test_a_radial_map_is_a_straight_line_in_the_radius(share, fits):
    """1 / (g - 1) = (3 + r) / 2, but for one row: off the best line by so much of its bound."""
    z = onp.array([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0], [0.0, -4.0], [3.0, 4.0], [0.6, -0.8]])
    r, one = onp.linalg.norm(z, axis=1), onp.array([0, 0, 1.0, 0, 0, 0])
    rest = onp.abs(one - onp.polyval(onp.polyfit(r, one, 1), r)) / (1 + (3 + r) / 2)
    y = (3 + r) / 2 + share * 1e-5 / rest.max() * one
    c = SimpleNamespace(z=z, x=z + z / y[:, None], back=z)
    assert bool(wrong_radial._predictions(c, 1 + 1 / y)) is fits


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_tooth_runs_against_its_jump(side):
    """It comes back in a few steps, between which it creeps to the side of the jump."""
    creeping = onp.tile([-0.25, 0.02, 0.02, 0.02], 5)
    tooth = onp.cumsum(onp.append(0.5, creeping))[:-1]
    e = side * onp.tile(tooth, 6)
    assert wrong_halving._is_sawtooth(e) is False
    smooth = side * onp.tile(onp.linspace(tooth[0], tooth[-1], 20), 6)
    assert wrong_halving._is_sawtooth(smooth) is True
    close(onp.ptp(smooth), 0.5 - tooth[-1], 1e-12)
