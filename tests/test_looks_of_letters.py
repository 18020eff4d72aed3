"""Looks of the audit at ranges, samples and rounding, of reports and of repairs, each at a small map made by hand.

A look that fails is passed over, so that a mistake in it only makes a name vaguer. Here it is asked by itself.
"""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from tried_maps import rng, trial_of

from nfscratch.check import report
from nfscratch.check.diagnosis import (
    wrong_terms,
)
from nfscratch.check.letters import edges, growth, jacobian, onto, sample_statistics
from nfscratch.check.repair import indices
from nfscratch.check.repair.operands import operands

# --- rays, lags and rounding ---


def test_an_x_that_stops_growing_is_seen_along_rays_of_six_scales():
    """The first is where no draw comes, the last one of float64 at 1e154. What grows at one of them grows."""
    scales = []

    def seen(f):
        return trial_of(lambda z: scales.append(float(onp.log10(onp.abs(z).max()))) or f(z))

    found = growth.check_growth(seen(lambda z: 3 * onp.tanh(z)), rng())
    assert not found.ok and found.symptom is onto.Symptom.STOPS_GROWING and "e+15" in found.at
    assert [round(scale) for scale in scales] == pytest.approx([1, 2, 3, 6, 77, 154], abs=1)
    late = lambda z: onp.where(onp.abs(z) > 1e100, z, 3 * onp.tanh(z))  # noqa: E731
    early = lambda z: onp.sign(z) * onp.minimum(onp.abs(z), 1e5)  # noqa: E731
    assert growth.check_growth(seen(late), rng()).ok and growth.check_growth(seen(early), rng()).ok


def test_the_last_digits_at_the_edges_are_asked_where_a_row_is_off_and_nowhere_else(monkeypatch):
    """They take as long as all other looks at the edges; what they cost may excuse a row."""
    asked, cost = [], [0.0]
    monkeypatch.setattr(
        edges, "cost_of_last_digits", lambda edge: asked.append(edge) or (cost[0] * onp.ones(len(edge)),) * 2
    )
    assert edges._consistent(trial_of(lambda z: 2 * z, lambda x: x / 2)) is None and not asked
    off = trial_of(lambda z: 2 * z, lambda x: x / 2 + 1e-5)
    assert edges._consistent(off).symptom is edges.Symptom.ROUND_TRIP and len(asked) == 1
    cost[0] = 2e-5
    assert edges._consistent(off) is None and len(asked) == 2


@pytest.mark.parametrize("lag", [1, 5, 17])
def test_the_lag_at_which_rows_depend_is_named(lag):
    e = rng().normal(size=(400, 2))
    value, allowed, words = sample_statistics.correlation_of_rows(e + onp.roll(e, lag, axis=0))
    assert value > allowed and words == f"rows i and i + {lag}"


def test_rounding_is_allowed_where_the_claim_is_finite_and_nowhere_else():
    trial = trial_of(lambda z: 2 * z)
    J, spread = onp.tile(2 * onp.eye(2), (3, 1, 1)), onp.zeros((3, 2, 2))
    claimed = onp.array([onp.log(4.0), 1e6, onp.nan])
    true, allowed = jacobian.log_abs_det(J, spread, claimed, trial, tolerance=1e-6)
    close(true, onp.full(3, onp.log(4.0)), 1e-12)
    assert allowed[2] == 1e-6 and allowed[1] > 1e-6 + 1e6 * 2e-16 and allowed[1] < 1e-3


def test_no_log_det_is_near_an_infinite_one_and_comparing_them_is_no_warning():
    infinite = onp.array([onp.inf, -onp.inf])
    for claim in (infinite, -infinite, onp.zeros(2)):
        assert not wrong_terms.near(claim, infinite).any()
    assert wrong_terms.near(onp.array([1.0, 2.0]), onp.array([1.0, 2.1])).tolist() == [True, False]


# --- reports ---


def test_a_wrong_entry_of_a_jacobian_is_marked_and_a_right_one_is_not():
    J, claimed = onp.array([[1.0, 2.0]]), onp.array([[1.0, 2.5]])
    assert report._entry(J, claimed, 0, 0) == "+1.0000" and report._entry(J, None, 0, 1) == "+2.0000"
    assert report._entry(J, claimed, 0, 1) == "[bold red]+2.5000 / +2.0000[/]"
    assert "bold red" in report._entry(J, onp.array([[onp.nan, 2.0]]), 0, 0)
    assert report._entry(1e6 * J, 1e6 * J + 1, 0, 0) == "+1000000.0000"


# --- repairs ---


def test_operands_of_a_function_hold_arguments_of_calls_and_no_functions_that_are_called():
    tree = ast.parse("def f(z, w):\n    return np.tanh(z @ w) + g(w)\n")
    met = [
        SimpleNamespace(function=tree.body[0], node=child, parent=node, field=field)
        for node in ast.walk(tree)
        for field, value in ast.iter_fields(node)
        for child in (value if isinstance(value, list) else [value])
        if isinstance(child, ast.AST)
    ]
    values = {"z": onp.zeros((3, 2)), "other": onp.zeros(2)}
    pool = operands(met, tree.body[0], SimpleNamespace(values=values, knows=values.__contains__))
    texts = {ast.unparse(node) for node in pool}
    assert {"z", "w", "z @ w", "np.tanh(z @ w)", "g(w)", "other"} <= texts
    assert not texts & {"np", "np.tanh", "g"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("z[i]", {"z[i + 1]", "z[i - 1]"}),
        ("z[2]", {"z[3]", "z[1]"}),
        ("z[:, k]", {"z[:, k + 1]", "z[:, k - 1]"}),
        ("z[i, 3]", {"z[i + 1, 3]", "z[i - 1, 3]", "z[i, 4]", "z[i, 2]"}),
        ("z[:]", set()),
    ],
)
def test_an_index_is_moved_by_one_and_all_else_of_the_subscript_stays(before, after):
    node = ast.parse(before, mode="eval").body
    assert {ast.unparse(new) for new in indices.indices(node)} == after
