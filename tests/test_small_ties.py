"""Bounds that are met exactly, shares of the right one of two numbers, and what a stand-in is handed."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import chain_log_det, clamp, running_total, set_once, spline_line
from nfscratch.check.diagnosis.boundaries import Spot
from nfscratch.check.diagnosis.paired import Paired, whole_layers
from nfscratch.check.diagnosis.recorded import Life


class Side(SimpleNamespace):
    def __len__(self):
        return len(self.all)


def state(tag):
    return SimpleNamespace(value=onp.array([[float(tag), 1.0], [2.0, float(tag)]]), spots=[])


# --- pairs ---


@pytest.mark.parametrize(("inverse", "matched"), [
    ([14, 13, 12], [(4, 0), (3, 1), (0, 2)]), ([14, 13, 12, 10], [(4, 0), (3, 1), (2, 2), (0, 3)]),
    ([14, 11], [(4, 0), (0, 1)]), ([14, 13, 10, 90], [(4, 0), (3, 1), (0, 3)]),
    ([14, 11, 10], [(4, 0), (1, 1), (0, 2)]), ([14, 11, 90], [(4, 0), (1, 1), (0, 2)]),
])  # fmt: skip
def test_the_end_of_an_inverse_is_paired_with_z_alone(inverse, matched):
    """Even where it ends at another state of forward, or meets z before."""
    found = object.__new__(Paired)
    found.forward, found.inverse = Side(all=[state(t) for t in range(10, 15)]), Side(all=[state(t) for t in inverse])
    found._run = lambda i, j: None
    assert found.matched == matched


@pytest.mark.parametrize(("off", "undoes"), [(1.0000005, True), (1.0000015, False), (-1.0000015, False)])
def test_a_step_undoes_another_within_a_share_of_what_was_before(off, undoes):
    found = object.__new__(Paired)
    before, after = (SimpleNamespace(value=onp.full((2, 2), v)) for v in (1e6, 5.0))
    found.forward = SimpleNamespace(all=[before, after])
    step = lambda i, j: lambda h: (h - 5.0 + 1e6 + off, None) if (i, j) == (2, 3) else None  # noqa: E731
    found.inverse = SimpleNamespace(step=step)
    assert found._undoes([0, 1], [2, 3]) is undoes


def test_each_life_has_places_of_its_own():
    one, other = (Life(("h",), 0, 0, None, 0) for _ in range(2))
    assert one.places == one.turns == [] and one.places is not other.places and one.turns is not other.turns


# --- sums ---


class Rows(str):
    __len__ = lambda self: 2  # noqa: E731


@pytest.mark.parametrize(("y", "adds"), [(0.0, True), (1e-9, True), (1e-9 + 5e-19, False)])
def test_a_run_arrives_within_a_share_of_where_the_other_one_did(y, adds):
    """1e-9 of 1 and the other's result, which is 0."""

    def replayed(at, actions):
        variables = {"v": onp.ones(2), "h": onp.ones((2, 2))}
        for act in actions.values():
            act(variables)
        return onp.full((2, 2), y), onp.ones(2)

    of = SimpleNamespace(a=Rows("a"), b=Rows("b"), replayed=replayed, there={("here", ("h",)): onp.ones((2, 2))})
    of.other = SimpleNamespace(y=onp.zeros((2, 2)), log_det=onp.ones(2))
    assert running_total._adds_up(of, Spot("here", ("h",), 1), [("v", 1.0)]) is adds


# --- what is set once ---


def test_it_is_looked_for_in_a_child(monkeypatch):
    monkeypatch.setattr(set_once, "answered_by_child", lambda call: ("of a child", call()))
    monkeypatch.setattr(set_once, "_found", lambda trial: ("found in", trial))
    assert set_once.set_once("trial") == ("of a child", ("found in", "trial"))


@pytest.mark.parametrize(("again", "left"), [(1e6, True), (1e6 + 10.00005, True), (1e6 - 10.00005, False)])
def test_another_batch_comes_first_where_the_flag_is_put_back(again, left, monkeypatch):
    """What comes again is compared within 1e-5 of itself."""
    given, asked = [[onp.array([v])] for v in (1e6, again, 5.0)], []

    def results(trial, other=False):
        asked.append((trial, other))
        return given.pop(0)

    monkeypatch.setattr(set_once, "_results", results)
    monkeypatch.setattr(set_once, "_put", lambda *of: True)

    def reached(call):
        assert call.args == ("trial", 0)  # its first row
        return SimpleNamespace(lines={"mine.py": {8}})

    monkeypatch.setattr(set_once, "Reached", reached)
    branch = SimpleNamespace(body=[SimpleNamespace(lineno=8)])
    assert set_once._is_left_behind("trial", branch, "flag", SimpleNamespace(file="mine.py"), None) is left
    assert asked == [("trial", False), ("trial", False), ("trial", True)][: 3 if left else 2]


# --- a line ---


def test_a_line_is_run_by_the_first_row_of_the_subject(monkeypatch):
    monkeypatch.setattr(spline_line, "Trial", lambda subject, z: (subject, z.tolist()))
    subject = SimpleNamespace(at=lambda rows: ("at", rows), in_shape=(1, 2))
    trial = SimpleNamespace(subject=subject, z=onp.array([[[1.0, 2.0]], [[3.0, 4.0]]]))
    assert spline_line.along(trial, 1, [7.0, 8.0]) == (("at", [0]), [[[1, 7]], [[1, 8]]])
    assert spline_line.along(trial, 0, [7.0], onp.array([5.0, 6.0])) == (("at", [0]), [[[7, 6]]])


T = onp.linspace(-1, 1, 13)
QUOTIENT, SMOOTH = (1 + 2 * T + 3 * T**2) / (4 + T + T**2), onp.exp(2 * T)
RISE = (SMOOTH - SMOOTH[0]) / (SMOOTH[-1] - SMOOTH[0])  # from 0 to 1


@pytest.mark.parametrize(("values", "counts"), [
    (1 + 0.9e-9 * RISE, False), (1 + 1.5e-9 * RISE, True), (1e3 + 0.9e-6 * RISE, False), (1e3 + 1.5e-6 * RISE, True),
    (1e9 - 1 + RISE, False), (-1 - 1.5e-9 * RISE, True), (-1 - 0.9e-9 * RISE, False),
])  # fmt: skip
def test_a_stretch_counts_where_it_is_more_than_one_number(values, counts, monkeypatch):
    """By more than 1e-9 of its largest. Smooth stretches that count outnumber the quotients."""
    x = onp.array([QUOTIENT] * 5 + [values] * 56)
    monkeypatch.setattr(spline_line, "span", lambda trial: (0.0, 1.0))
    monkeypatch.setattr(spline_line, "along", lambda trial, j, z: SimpleNamespace(x=x.reshape(-1, 1)))
    assert bool(spline_line._is_made_of_quotients("trial", 0, 0.05, 1e-10)) is not counts


# --- layers, and scales ---


@pytest.mark.parametrize(("pairs", "whole"), [
    ([(4, 0), (3, 1), (2, 2), (2, 3), (0, 4)], [(4, 0), (3, 1), (2, 3), (0, 4)]),
    ([(4, 0), (3, 1), (2, 2), (0, 3), (0, 4)], [(4, 0), (3, 1), (2, 2), (0, 4)]),
    ([(4, 0), (4, 1), (3, 2), (2, 3)], [(4, 0), (3, 2), (2, 3)]),
])  # fmt: skip
def test_what_inverse_does_beside_the_last_layer_belongs_to_that_one(pairs, whole):
    assert whole_layers(pairs) == whole


@pytest.mark.parametrize(("left", "name"), [(3, Mistake.LAYER_LEFT_OUT), ((0, 1, 2), Mistake.LAST_LAYER)])
def test_log_dets_are_summed_within_a_share_of_the_true_ones(left, name, monkeypatch):
    """1e-4 of 1 and the true sum: a claim just beyond it is within 1e-4 of 1 and itself."""
    each = onp.array([1000.0, 2000.0, 500.0, 250.0])
    true = each.sum() - each[onp.array(left)].sum()
    monkeypatch.setattr(chain_log_det, "check_jacobian", lambda l, way: SimpleNamespace(evidence={"expected": l}))
    for share, found in ((0.9, name), (1 + 0.5e-4, None)):
        claim = onp.array([true + share * 1e-4 * (1 + true)])
        trial = SimpleNamespace(layers=[onp.array([l]) for l in each], claimed=lambda way, claim=claim: claim)
        assert chain_log_det.name_sum(trial, "forward") is found


@pytest.mark.parametrize(("more", "straight"), [(-1e-12, True), (0.0, False)])
def test_a_bend_of_just_a_millionth_is_one(more, straight):
    bend = 1e-6
    for _ in range(9):
        bend = 1e-6 * (1 + bend)  # of 1 and of itself
    apply = lambda way, at, rows: (onp.where(at == 1.0, bend + more, 0.0), None)  # noqa: E731
    subject = SimpleNamespace(domain=(-onp.inf, onp.inf), in_shape=(2,), dtype=onp.float64)
    assert clamp.scales(SimpleNamespace(subject=subject, z=onp.zeros((1, 2)), apply=apply)) is straight
