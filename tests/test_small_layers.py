"""The layers of a chain that is written as one function: what is asked about each, and what its runs are given."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as onp
import pytest
from tried_maps import zero

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import gathered as of_sums
from nfscratch.check.diagnosis import loops, wrong_chain, wrong_order
from nfscratch.check.diagnosis.gathered import Gathered, Mark


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


def in_turns(x):
    z = onp.zeros_like(x)
    for i in range(2):
        z[:, i] = x[:, i] - z.sum(axis=1)
    return z, zero(x)


def one_by_one(x):
    z = onp.zeros_like(x)
    for i in range(2):
        z[:, i] = 2 * x[:, i]
    return z, zero(x)


@pytest.mark.parametrize(("inverse", "in_order"), [(in_turns, True), (one_by_one, False)])
def test_a_loop_that_reads_nothing_of_what_it_fills_has_no_order(inverse, in_order):
    subject = SimpleNamespace(dim=2, inverse=inverse)
    subject.at = lambda rows: subject
    trial = SimpleNamespace(subject=subject, input=lambda direction: onp.ones((4, 2)))
    assert loops.makes_each_column(trial, "inverse") is in_order


@pytest.mark.parametrize(("size", "left_out"), [(1.9e-5, False), (2.00002e-5, True)])
def test_a_layer_that_is_left_out_has_a_log_det_of_its_own(size, left_out):
    """Up to 2e-5, which differences do not tell from 0."""
    step, true = onp.full(5, size), onp.linspace(1, 2, 5)
    gathered = SimpleNamespace(claim=true - step, true=true)
    before, after = SimpleNamespace(true=true), SimpleNamespace(true=true + step)
    assert Gathered._is_left_out(gathered, before, after) is left_out


TRUE = onp.arange(7.0)[:, None] + onp.zeros(5)


def gathered(claims, loops=()):
    """A run of six steps whose log_dets are 1, and what it claims at its boundaries."""
    found = object.__new__(Gathered)
    found.n, found.true, found.claim = 5, TRUE[-1], TRUE[0] + claims[-1]
    found.error, found.side = found.claim - found.true, SimpleNamespace(loops=lambda: loops)
    vars(found)["known"] = [Mark(i, TRUE[i], claim=TRUE[0] + claim) for i, claim in enumerate(claims)]
    return found


@pytest.mark.parametrize(("claims", "suspects"), [
    ([0, 1, 2, 2, 3, 4, 5], [(2, 3)]),  # one step beside which all is right: the loop's first wrong turn is no other
    ([0, 1, 2, 2, 3, 4, 4], [(1, 3), (2, 6), (2, 3)]), ([0, 1, 2, 9, 4, 5, 5], [(5, 6)]),
    ([0, onp.nan, 2, 3, 4, 5, onp.nan], [(0, 1)]),
])  # fmt: skip
def test_the_steps_that_may_be_wrong(claims, suspects):
    found = gathered(claims, loops=[[1, 3, 5]])
    assert found.suspects() == suspects


@pytest.mark.parametrize(("read", "asked", "spot"), [
    ([1.0, 9.0], 1, 0), ([4.0, 9.0], 1, 0), ([9.0, 1.0, 1.0], 2, 1), ([9.0, 4.0], 2, 1), ([9.0, 8.0, 7.0], 3, 0),
    ([None, 9.0, 8.0], 3, 1), ([None, 9.0, 1.0], 3, 2), ([None], 1, None), ([], 0, None),
])  # fmt: skip
def test_the_outermost_call_knows_the_claim_unless_an_inner_one_fits(read, asked, spot, monkeypatch):
    """It fits where it is the truth, 1, or as wrong as the whole, by 3."""
    seen, found = [], gathered([0, 1, 2, 3, 4, 5, 9])

    def known(side, spot):
        seen.append(spot.place)
        return None if read[spot.place] is None else f"sum {spot.place}"

    monkeypatch.setattr(of_sums, "running_total", known)
    found._read = lambda place, sums: TRUE[0] + read[place]
    mark = Mark(1, TRUE[1])
    found._look(mark, [SimpleNamespace(place=k) for k in range(len(read))])
    assert seen == list(range(asked))
    if spot is None:
        assert mark.claim is None and mark.spot is None and mark.sums is None
    else:
        assert mark.spot.place == spot and mark.sums == f"sum {spot}" and mark.claim.tolist() == [read[spot]] * 5


@pytest.mark.parametrize(("low", "high", "moved"), [
    ((0, 5), (2, 1), [(2, [1, 0]), (4, [1, 0])]), ((0, 4), (2, 1), [(2, [1, 0])]), ((0, 5), (2, 2), [(4, [1, 0])]),
    ((0, 2), (2, 1), []), ((0, 1), (2, 1), []),
])  # fmt: skip
def test_where_an_inverse_stands_with_the_columns_of_x_in_another_order(low, high, moved):
    """Within the layer, off its ends: at even boundaries the columns are turned, at odd ones as they were."""
    step = lambda start, j: lambda x: (x[:, ::-1] if j % 2 == 0 else x, None)  # noqa: E731
    chain = SimpleNamespace(inverse=SimpleNamespace(step=step))
    trial = SimpleNamespace(x=onp.array([[1.0, 5.0], [2.0, 7.0], [onp.nan, 1.0]]))
    found = list(wrong_order._moved(chain, low, high, trial))
    assert [(j, order.tolist()) for j, order in found] == moved


@pytest.mark.parametrize(("wants", "names", "name"), [
    ([False, False], ["NO_UNDOING", "FOLDS"], "FOLDS"), ([False, True], ["NO_UNDOING", None], "PERMUTATION"),
    ([True], [None], "PERMUTATION"), ([False], ["MULTIPLIES"], "MULTIPLIES"), ([False], ["NO_UNDOING"], None),
    ([], [], None),
])  # fmt: skip
def test_the_name_of_what_is_done_behind_moved_columns(wants, names, name, monkeypatch):
    steps, wants, names = [], list(wants), list(names)
    monkeypatch.setattr(wrong_order, "_moved", lambda *given: iter([(7 + k, f"order {k}") for k in range(len(wants))]))
    another = lambda rest, trial, order: given.append((rest, order)) or wants.pop(0)  # noqa: E731
    monkeypatch.setattr(wrong_order, "_wants_another", another)
    monkeypatch.setattr(wrong_order, "_behind", lambda layer, rest, order: (layer, rest, order))
    monkeypatch.setattr(wrong_order, "Trial", lambda subject, z, limit: (subject, z, limit))
    monkeypatch.setattr(wrong_order, "name_inverse", lambda trial: tried.append(trial) or Mistake[names.pop(0)])
    given, tried = [], []
    chain = SimpleNamespace(inverse=SimpleNamespace(step=lambda j, end: steps.append((j, end)) or f"rest {j}"))
    trial = SimpleNamespace(subject="layer", z="z", limit=0.1)
    found = wrong_order.name_behind_columns(chain, (0, 9), (2, 5), trial)
    assert found is (Mistake[name] if name else None)
    assert steps == [(7 + k, 9) for k in range(len(steps))]
    assert given == [(f"rest {7 + k}", f"order {k}") for k in range(len(steps))]
    assert tried == [(("layer", f"rest {7 + k}", f"order {k}"), "z", 0.1) for k in range(len(tried))]


@dataclass
class Layer:
    forward: object
    inverse: object


def test_forward_behind_moved_columns():
    z = onp.arange(6.0).reshape(2, 3)
    layer = Layer(lambda z: (2 * z, zero(z)), None)
    found = wrong_order._behind(layer, "rest", onp.array([2, 0, 1]))
    assert found.forward(z)[0].tolist() == (2 * z[:, [2, 0, 1]]).tolist() and found.inverse == "rest"
    assert found.forward(z)[1].tolist() == [0, 0]


@pytest.mark.parametrize(("second", "act", "clips"), [
    ((4, 2), lambda x: onp.clip(x, -1, 1), True), ((4, 2), lambda x: onp.clip(x, -1, 9), True),
    ((4, 2), lambda x: x, False), ((4, 2), lambda x: 0 * x + 0.3, False), ((4, 2), lambda x: x[:, ::-1], False),
    ((4, 2), lambda x: onp.where(x > 1, 0.1, x), False), ((3, 2), lambda x: onp.clip(x, -1, 1), False),
])  # fmt: skip
def test_an_inverse_that_begins_with_a_clip(second, act, clips):
    """From x, its first boundary, to the one that forward's x is paired with, too."""
    asked = []

    def step(i, j):
        asked.append((i, j))
        return lambda x: (act(x), None)

    chain = SimpleNamespace(matched=[(4, 0), second, (0, 5)], inverse=SimpleNamespace(step=step))
    x = onp.array([[0.5, -2.0], [onp.nan, 0.0], [2.0, 0.25]])
    assert wrong_chain._clips(chain, SimpleNamespace(x=x)) is clips
    assert asked == [(0, 2)] * (second[0] == 4)
