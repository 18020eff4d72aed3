"""Looks of the audit at log_dets, rows and gradients, each at a small map made by hand.

A look that fails is passed over, so that a mistake in it only makes a name vaguer. Here it is asked by itself.
"""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from tried_maps import rng

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import (
    chain_log_det,
    gathered,
    wrong_line_search,
    wrong_log_det,
    wrong_rows,
)
from nfscratch.check.diagnosis.recorded import Record
from nfscratch.check.finding import Outcome
from nfscratch.check.letters import bridge, gradients
from nfscratch.check.pairs import of_pair
from nfscratch.check.trial import Trial

# --- log_dets that were added up ---


@pytest.mark.parametrize(
    ("a", "b", "are"),
    [
        ([1.0, 2.0, onp.nan], [1.0, 2.0, 3.0], True),
        ([1.0, 2.0], [1.0, 2.1], False),
        ([1e6, 0.0], [1e6 + 1, 0.0], True),
        ([onp.nan] * 3 + [1.0], [1.0] * 4, False),
        ([onp.nan] * 2 + [1.0] * 2, [1.0] * 4, True),
        ([0.0, 1.0], [1e-4, 1.0], False),
        ([gathered.CLOSE], [0.0], True),
    ],
)
def test_two_log_dets_are_alike_as_far_as_finite_differences_tell(a, b, are):
    assert gathered.alike(onp.array(a), onp.array(b)) is are


def sums_of(steps, claim, loop):
    """Of a loop with these log_dets, a row of them for each turn."""
    true = onp.concatenate([onp.zeros((1, 5)), onp.cumsum(steps, axis=0)])
    sums = gathered.Gathered.__new__(gathered.Gathered)
    sums.marks = [gathered.Mark(i, t) for i, t in enumerate(true)]
    sums.side, sums.claim, sums.true = SimpleNamespace(loops=lambda: [loop], __len__=None), claim, true[-1]
    sums._turns = lambda: [list(zip(sums.marks, sums.marks[1:], strict=False))]
    return sums


def test_a_claim_that_is_the_last_turn_of_a_loop_is_seen_and_turns_that_do_nothing_are_not_counted():
    steps = rng().normal(size=(4, 5))
    steps[2] = 0
    assert sums_of(steps, steps[-1], [0, 1, 2, 3, 4])._is_last_turn()
    assert sums_of(steps, steps[0], [0, 1, 2, 3, 4])._is_last_turn()
    assert not sums_of(steps, steps[1], [0, 1, 2, 3, 4])._is_last_turn()
    assert not sums_of(steps[:1], steps[0], [0, 1])._is_last_turn()
    assert not sums_of(onp.stack([steps[0], 0 * steps[0]]), steps[0], [0, 1, 2])._is_last_turn()
    assert not sums_of(onp.stack([0 * steps[0], steps[0]]), steps[0], [0, 1, 2])._is_last_turn()


@pytest.mark.parametrize(("exchanged", "named"), [(None, "a suspect"), ((1, 2), "a suspect"), ((2, 3), "the exchange")])
def test_an_exchange_is_looked_at_where_it_is_none_of_the_suspects(exchanged, named, monkeypatch):
    """A chain of three steps; the second one is suspected, and nothing more is known of it."""
    marks = [SimpleNamespace(boundary=i) for i in range(4)]
    sums = SimpleNamespace(
        claim=onp.ones(4), true=onp.zeros(4), known=marks, sums={}, missing=lambda: None, suspects=lambda: [(1, 2)],
        side=SimpleNamespace(step=lambda *at: None),
    )  # fmt: skip
    formula = chain_log_det.Mistake.LOG_DET_FORMULA
    found = {(1, 2): ("a suspect", formula), (2, 3): ("the exchange", Mistake.SIGN)}
    monkeypatch.setattr(chain_log_det, "Gathered", lambda side: sums)
    monkeypatch.setattr(chain_log_det, "_is_one_layer", lambda *_: False)
    monkeypatch.setattr(chain_log_det, "_of_step", lambda direction, chain, trials, step, *_: found[step])
    other = SimpleNamespace(step=exchanged, claims=lambda: None, boundaries=[])
    monkeypatch.setattr(chain_log_det, "Exchanged", lambda sums: other)
    chain = SimpleNamespace(forward=None, inverse=None)
    assert chain_log_det._of_chain("forward", chain, [None])[0] == named


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_a_layer_that_is_taken_out_of_a_chain_has_its_own_inverse(direction, monkeypatch):
    """A chain of h + k for k = 1, 2, 3: boundary k of forward is boundary 3 - k of inverse."""
    taken = []
    monkeypatch.setattr(chain_log_det, "of_pair", lambda f, g, dim: taken.append((f, g)))
    monkeypatch.setattr(chain_log_det, "_samples", lambda *_: [])
    up = SimpleNamespace(step=lambda i, j: lambda a: (a + sum(range(i + 1, j + 1)), 0.0))
    down = SimpleNamespace(step=lambda i, j: lambda a: (a - sum(3 - k for k in range(i, j)), 0.0))
    chain = SimpleNamespace(
        forward=up, inverse=down, matched=[(3, 0), (2, 1), (1, 2), (0, 3)], subject=SimpleNamespace(dim=1), rows=[]
    )
    monkeypatch.setattr(chain_log_det, "_words", lambda *_: "")
    call = up.step(1, 2) if direction == "forward" else down.step(1, 2)
    chain_log_det._of_step(direction, chain, [], (1, 2), call, [0, 3])
    forward, inverse = taken[0]
    assert forward(5.0)[0] == 7.0 and inverse(7.0)[0] == 5.0


# --- runs that are recorded ---


def twice_through_a_loop(z):
    a = z
    for k in range(2):
        a = a + 1.0
        b = 2.0 * a + k
    return b, onp.zeros(len(z))


def test_a_record_marks_the_lines_at_which_a_loop_goes_back():
    record = Record(twice_through_a_loop, onp.ones((3, 2)))
    first = twice_through_a_loop.__code__.co_firstlineno
    turned = {(line - first, met) for life in record.lives for _, line, met in life.turns}
    assert turned == {(2, 2), (2, 3)}  # the head of the loop, at its second and third visit
    assert all(len(life.places) >= len(life.turns) for life in record.lives)
    close(record.y, onp.full((3, 2), 7.0), 0)


# --- rows ---


def remembers(f, n=6):
    z = rng().normal(size=(n, 2))
    return wrong_rows._remembers(trial_of_log_det(f, z), "forward")


def trial_of_log_det(f, z):
    return Trial(of_pair(f, f, 2), z)


def test_log_dets_of_an_earlier_call_are_told_from_those_of_the_batch():
    kept = rng(1).normal(size=6)
    assert remembers(lambda z: (z, kept[: len(z)]))
    assert not remembers(lambda z: (z, z.sum(axis=1)))
    assert not remembers(lambda z: (z, onp.zeros(len(z))))
    assert not remembers(lambda z: (z, onp.where(onp.arange(len(z)) < 2, 1.0, 2.0)))
    assert not remembers(lambda z: (z, onp.float64(1.0)))
    assert not remembers(lambda z: (z, kept[:, None] * onp.ones((1, 2))))


# --- gradients ---


def test_a_gradient_in_float32_is_not_compared_with_differences_and_that_is_a_pass_of_letter_G():
    subject = SimpleNamespace(dtype=onp.dtype("float32"))
    trial = SimpleNamespace(subject=SimpleNamespace(at=lambda rows: subject))
    before, gradients._ordinary = gradients._ordinary, lambda trial, direction: (onp.arange(2), onp.zeros((2, 2)))
    try:
        found = gradients._directional(trial, "inverse", rng())
    finally:
        gradients._ordinary = before
    assert (found.letter, found.what) == ("G", "gradient of inverse") and found.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("ends", "size"), [((-onp.inf, onp.inf), 1.0), ((0.0, 1.0), 0.1), ((0.0, onp.inf), 1.0), ((0.0, 100.0), 1.0)]
)
def test_a_step_of_the_input_has_the_size_of_its_interval(ends, size):
    subject = SimpleNamespace(ends=lambda direction: ends)
    steps = gradients._step_inside(subject, "forward", onp.zeros((4000, 1)), rng())
    assert abs(steps.std() - size) < 0.05 * size


def dependence(which, output, whole):
    evidence = {"function": which, "which": output, "whole": onp.array(whole), "fresh": False, "rows": [0, 1]}
    trial = SimpleNamespace(
        subject=SimpleNamespace(context=None), input=lambda direction: onp.zeros((3, 2)),
        apply=lambda direction, a, rows: (a, onp.full(len(a), 0.7)),
    )  # fmt: skip
    case = SimpleNamespace(finding=SimpleNamespace(evidence=evidence), trial=trial)
    return wrong_rows.name_dependence(case, []).mistake


def test_one_log_det_for_all_rows_is_a_sum_over_the_batch_and_several_are_not():
    assert dependence("forward", 1, [2.0, 2.0, 2.0]) is Mistake.SUMMED_OVER_BATCH
    assert dependence("inverse", 1, [2.0, 2.0, 2.0]) is Mistake.SUMMED_OVER_BATCH
    assert dependence("forward", 1, [2.0, 2.5, 2.0]) is Mistake.DEPENDS_ON_BATCH


# --- constants ---


@pytest.mark.parametrize(
    ("each", "mistake"),
    [(onp.log(256), Mistake.LEVELS_MISSING), (0.5 * onp.log(2 * onp.pi), Mistake.CONSTANT_OF_BASE)],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_log_det_that_is_off_by_a_known_constant_for_each_variable_is_named(each, mistake, sign):
    subject = SimpleNamespace(domain=(-onp.inf, onp.inf), codomain=(-onp.inf, onp.inf))
    samples = []
    for dim in (2, 5):
        t = rng(dim).normal(size=8)
        samples.append(SimpleNamespace(trial=SimpleNamespace(subject=subject), dim=dim, t=t, c=t + sign * dim * each))
    assert wrong_log_det._by_constant(samples) is mistake


@pytest.mark.parametrize("constant", [0.0, 2.5, -4.0])
def test_the_constant_that_a_density_lacks_is_fitted(constant):
    z = rng().normal(size=(4000, 2))
    found = bridge.fitted_shift(z, lambda z: -0.5 * onp.sum(z * z, axis=1) + constant, rng(1))
    assert abs(found + constant + onp.log(2 * onp.pi)) < 0.05


@pytest.mark.parametrize("centre", [0.0, 3.0])
def test_solutions_that_stop_as_far_from_the_start_are_at_the_end_of_a_bracket(centre):
    a, right = onp.full(12, centre), centre + onp.linspace(-9, 9, 12)
    s = onp.clip(right, centre - 4, centre + 4)
    assert wrong_line_search._is_end(s, a, right)
    assert not wrong_line_search._is_end(onp.where(s == right, s, 0.9 * s + 0.01 * onp.arange(12)), a, right)
