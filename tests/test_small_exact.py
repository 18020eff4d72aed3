"""Bounds that count as inside or as outside, with numbers that lie on them to the last bit: matrices, gaps, votes."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake, report, undeclared
from nfscratch.check.diagnosis import (
    chain_log_det,
    running_total,
    spline_line,
    wrong_bracket,
    wrong_branches,
    wrong_condition,
    wrong_contraction,
    wrong_edges,
    wrong_elementwise,
    wrong_line_search,
    wrong_linear,
    wrong_log_det,
    wrong_passes,
    wrong_point,
    wrong_radial,
    wrong_rows,
    wrong_samples,
    wrong_search,
    wrong_spline,
    wrong_terms,
)
from nfscratch.check.diagnosis.columns import Columns
from nfscratch.check.diagnosis.wrong_log_det import Sample
from nfscratch.check.finding import Symptom
from nfscratch.check.trial import Trial


def with_entry(entry, at=(0, 1)):
    """The identity twice, once with this entry beside its diagonal."""
    J = onp.stack([onp.eye(2)] * 2)
    J[1][at] = entry
    return J


def of_J(entry, at=(0, 1), **fields):
    return SimpleNamespace(J=with_entry(entry, at), dim=2, **fields)


def of_both(entry):
    return SimpleNamespace(J=with_entry(entry) + with_entry(entry, (1, 0)) - onp.eye(2), dim=2)


FREE = SimpleNamespace(ends=lambda direction: (-onp.inf, onp.inf), given=None)


def one_sided(entry, monkeypatch):
    monkeypatch.setattr(wrong_branches, "_rights", lambda s, sign: onp.full(3, sign > 0))
    return wrong_branches._one_side(of_J(entry, direction="forward", trial=SimpleNamespace(subject=FREE)))


@pytest.mark.parametrize(("bound", "is_0"), [
    (1e-7, lambda v, _: wrong_elementwise.is_elementwise(with_entry(v))),
    (1e-7, lambda v, _: Columns.kept.fget(of_J(v)).all()),
    (1e-7, lambda v, _: Sample.changed(of_both(v)) == 1),  # of none that changes one is said to change
    (1e-7, lambda v, _: chain_log_det._is_one_layer(of_J(v), SimpleNamespace(loops=list))),
    (1e-7, lambda v, _: wrong_condition._own_alone(of_J(v, kept=onp.array([False, False])))),
    (1e-7, one_sided),
    (1e-6, lambda v, _: Columns.is_linear.fget(of_J(v))),
])  # fmt: skip
def test_an_entry_is_0_below_its_bound(bound, is_0, monkeypatch):
    assert is_0(0.999 * bound, monkeypatch) and not is_0(bound, monkeypatch)


@pytest.mark.parametrize(("bound", "is_seen"), [
    (1e-7, lambda v: wrong_passes._depends(of_J(v), "forward")[0, 1]),
    (1e-6, lambda v: wrong_linear.is_dense(onp.array([[1.0, v], [1.0, 1.0]]))),
    (1e-6, lambda v: wrong_linear.is_dense(onp.array([[1.0, 1.0], [-v, 1.0]]))),
    (1e-6, lambda v: spline_line.variable(SimpleNamespace(J=onp.array([[[0.0, 0], [0, 7]], [[v, 0], [0, 7]]]),
                                                          subject=SimpleNamespace(dim=2))) == 0),
    (undeclared.FLAT, lambda v: undeclared._depends([of_J(v)])[0, 1]),
])  # fmt: skip
def test_an_entry_is_seen_above_its_bound(bound, is_seen):
    assert is_seen(1.001 * bound) and not is_seen(bound)


@pytest.mark.parametrize(("upper", "lower", "moved", "zero"), [
    (1.1e-9, 1.1e-9, 0.0, True), (1e-9, 1.0, 0.0, False), (1.0, 1e-9, 0.0, False), (1.0, 1.0, 0.9e-6, True),
    (1.0, 1.0, 1e-6, False),
])  # fmt: skip
def test_a_dense_linear_map_may_have_a_log_det_of_0(upper, lower, moved, zero):
    J = onp.array([[[0.0, upper], [lower, 2.0]]] * 2)
    J[1, 0, 0] = moved
    found = wrong_log_det._zero_linear(SimpleNamespace(J=J, dim=2, t=onp.ones(2)))
    assert (found[0] is not None) is zero


def test_the_line_along_which_a_map_moves_is_seen_above_a_millionth():
    for entry, seen in ((1e-6, False), (1.1e-6, True)):
        z = onp.arange(4.0).reshape(2, 2)
        c = of_J(entry, is_linear=False, z=z, x=z + onp.array([[0.0, 0], [entry, 0]]))
        assert (wrong_line_search._direction(c) is not None) is seen


# --- numbers ---


@pytest.mark.parametrize(("gap", "alike"), [(1e-5, False), (0.999e-5, True), (-1e-5, False)])
def test_of_two_matrices_the_entries_are_nearer_than_the_bound(gap, alike):
    assert wrong_linear._is(onp.array([0.0, gap]), onp.zeros(2)) is alike


@pytest.mark.parametrize(("claimed", "told"), [(1e-5, False), (1.1e-5, True), (-1e-5, False)])
def test_an_entry_that_is_claimed_is_told_where_it_is_off_by_more_than_1e_5(claimed, told):
    J = onp.zeros((1, 1))
    assert ("yours" in report.jacobian_text(J, J + claimed)) is told
    assert ("/" in report._entry(J, J + claimed, 0, 0)) is told


@pytest.mark.parametrize(("number", "is_round"), [(1001.0, False), (1000.9, True), (999.0, False), (999.1, True)])
def test_a_round_number_is_near_one_digit_and_zeros(number, is_round):
    assert wrong_bracket.is_round(number) is is_round


def test_a_stop_lies_in_the_outer_half(monkeypatch):
    monkeypatch.setattr(wrong_bracket, "clips_argument", lambda trial: False)
    for top, name in ((2.0, "STANDS_STILL"), (1.99, "END_OF_BRACKET")):
        trial = SimpleNamespace(x=onp.array([[1.0], [1.0], [top]]))
        assert wrong_bracket.name_of_stop(trial) is Mistake[name]


@pytest.mark.parametrize(("back", "ends"), [
    ([3.0, 3.0, 1.0], True), ([3.0, -3.0, 1.0], True), ([3.0, 3 - 1e-9, 1.0], False), ([3.0, 3 - 0.5e-9, 1.0], True),
    ([3.0, 1.0, 1.0], False), ([3.3, 3.3, 1.0], False), ([3.0, 3.0, onp.nan], True),
])  # fmt: skip
def test_two_results_at_one_round_number_are_the_end_of_a_bracket(back, ends):
    trial = SimpleNamespace(back=(onp.array(back)[:, None],), z=onp.array([[2.9], [9.0]]))
    assert wrong_bracket.clamped_bracket(trial) is (Mistake.END_OF_BRACKET if ends else None)
    trial.z = onp.array([[-3.0], [9.0]])
    assert wrong_bracket.clamped_bracket(trial) is None


@pytest.mark.parametrize(("following", "name"), [(0.99, "TOO_FEW_STEPS"), (0.991, "NO_CONTRACTION")])
def test_the_steps_of_a_contraction_become_shorter(following, name):
    c = SimpleNamespace(back=onp.zeros((1, 1)), z=onp.ones((1, 1)))
    assert wrong_contraction._by_its_steps(c, onp.ones((1, 1)), onp.full((1, 1), following)) is Mistake[name]


@pytest.mark.parametrize(("side", "name"), [(1e-9, "DERIVATIVE_JUMPS"), (0.9e-9, "END_SLOPES")])
def test_a_slope_of_0_at_one_side_is_that_of_an_end(side, name):
    finding = SimpleNamespace(evidence={"sides": (1.0, side)}, symptom=Symptom.DERIVATIVE_JUMPS)
    assert wrong_edges.name_edge(SimpleNamespace(finding=finding)) is Mistake[name]


@pytest.mark.parametrize(("gains", "gain"), [((0.0, 1e-6), None), ((0.0, 0.9e-6), 0.0), ((1.0, None), None)])
def test_a_variable_gains_as_much_for_each_step(gains, gain, monkeypatch):
    monkeypatch.setattr(running_total, "_gain_of", lambda of, place, name, step: gains[int(step) - 1])
    assert running_total._gain("of", "place", "name") == gain


@pytest.mark.parametrize(("slope", "straight"), [(1e-9, True), (0.9e-9, False)])
def test_a_slope_of_a_billionth_is_one(slope, straight):
    a = onp.zeros((3, 2))
    assert (wrong_passes._own_lines(lambda v: slope * v, a, a) is not None) is straight


@pytest.mark.parametrize(("others", "name"), [(2, "OTHER_ROOT"), (3, None)])
def test_three_votes_of_five_say_which_root_it_is(others, name):
    votes = [Mistake.OTHER_ROOT] * 3 + [None] * others + [wrong_spline.NO_ROOT] * 4
    assert wrong_spline._mostly(votes) is (Mistake[name] if name else None)
    assert wrong_spline._mostly(votes[2:3] + votes[5:]) is None


def test_a_number_of_1e4_is_predicted_no_more():
    predicted = onp.array([[1e4], [1.0]])
    assert not wrong_radial._is_given(SimpleNamespace(back=predicted), predicted)
    assert wrong_radial._is_given(SimpleNamespace(back=0.999 * predicted), 0.999 * predicted)


@pytest.mark.parametrize(("top", "step"), [(1e6, None), (1e6 - 1, 1.0)])
def test_a_grid_has_no_gap_of_a_million_steps(top, step):
    values = onp.append(onp.arange(12.0), 11 + top)
    assert wrong_search._grid(values) == step


def test_near_is_up_to_the_bound():
    assert wrong_terms.near(onp.array([2e-5, 2.001e-5]), 0.0).tolist() == [True, False]


def test_a_row_is_recoverable_where_less_than_its_size_is_allowed():
    trial = SimpleNamespace(allowed=onp.array([1.0, 0.9, 3.0, 2.9]), z=onp.array([[0.0], [0], [3], [-3]]))
    assert Trial.recoverable.fget(trial).tolist() == [False, True, False, True]


@pytest.mark.parametrize(("whole", "one"), [([0.0, 1e-9], False), ([0.0, 0.9e-9], True)])
def test_one_number_for_all_rows(whole, one):
    assert bool(wrong_rows._is_one_number(onp.array(whole))) is one
    alone = lambda which, a, rows: ("x", onp.array([whole[1]]))  # noqa: E731
    trial = SimpleNamespace(input=lambda which: onp.zeros((2, 1)), apply=alone)
    assert wrong_rows._is_of_first_row(trial, "forward", onp.zeros(2)) is one


@pytest.mark.parametrize(("moves", "name"), [(1e-6, "DEPENDS_ON_BATCH"), (1.1e-6, "DEPENDS_ON_CALLS")])
def test_a_call_of_the_other_direction_between(moves, name):
    """The third call of a function whose rows are 0."""
    calls = []
    one = lambda batch, *rows: (0 * batch + moves * (len(calls) > 1),)  # noqa: E731
    other = lambda batch: calls.append(batch)  # noqa: E731
    assert wrong_rows._among(one, onp.zeros((3, 1)), other, onp.ones((3, 1))) is Mistake[name]


@pytest.mark.parametrize(("change", "uses"), [(1e-6, False), (1.1e-6, True)])
def test_statistics_of_a_batch_move_a_row(change, uses):
    result = lambda batch, *rows: onp.zeros((len(batch), 1)) + change * (batch[-1, 0] != 1.0)  # noqa: E731
    assert wrong_rows._uses_statistics(result, onp.ones((3, 1)), onp.zeros((3, 1))) is uses


@pytest.mark.parametrize(("out", "end", "uniform"), [
    (1, 2.0, False), (0, 2.0, True), (3, -1e-6, True), (3, 1 + 1e-6, True), (3, -1.1e-6, False), (3, 1 + 1.1e-6, False),
])  # fmt: skip
def test_of_a_thousand_uniform_numbers_none_lies_outside(out, end, uniform):
    u = onp.linspace(0, 1, 1000)
    u[:out] = end
    assert bool(wrong_samples._is_uniform(u, 0.0, 1.0)) is uniform


@pytest.mark.parametrize(("entry", "looks"), [(1e-7, False), (0.9e-7, True)])
def test_a_half_that_is_kept_to_a_ten_millionth_is_looked_at(entry, looks, monkeypatch):
    asked = []
    monkeypatch.setattr(wrong_point, "_is_log_det_at", lambda *given: asked.append(given) or False)
    J = with_entry(entry, (1, 0))
    J[:, 0, 0] = 2.0
    ones = onp.ones((2, 2))
    s = SimpleNamespace(J=J, dim=2, at=ones, there=ones, direction="forward")
    assert wrong_point._with_half("there")(s) is False and bool(asked) is looks
