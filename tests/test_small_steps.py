"""The log_det of one step of a chain: which steps are asked, what is taken for an answer, and what each is called."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import chain_log_det

FORMULA, ZERO, SIGN = Mistake.LOG_DET_FORMULA, Mistake.ALWAYS_ZERO, Mistake.SIGN
N = 5


class Rows(SimpleNamespace):
    """A trial."""

    def __len__(self):
        return len(self.z)


def of_chain(
    monkeypatch, names, suspects, missing=None, one_layer=False, exchanged=None, right=False, known=(0, 1, 2, 3)
):
    """What is said of a chain of three steps, each of which has one of these names; and the steps that were asked."""
    asked = []

    def of_step(direction, chain, trials, step, call, known):
        asked.append((step, call, known))
        return f"at {step}", names[step]

    side = SimpleNamespace(step=lambda i, j, sums: (i, j, sums))
    sums = SimpleNamespace(
        claim=onp.ones(N), true=onp.ones(N) * (1.0 if right else 2.0), side=side, sums="sums", missing=lambda: missing,
        known=[SimpleNamespace(boundary=i) for i in known], suspects=lambda: suspects,
    )  # fmt: skip
    other = SimpleNamespace(step=exchanged, claims=lambda: "claims", boundaries="boundaries")
    monkeypatch.setattr(chain_log_det, "Gathered", lambda given: sums if given == "forward's" else None)
    monkeypatch.setattr(chain_log_det, "Exchanged", lambda given: other)
    monkeypatch.setattr(
        chain_log_det, "_is_one_layer", lambda trial, given: one_layer and (trial, given) == ("t", "forward's")
    )
    monkeypatch.setattr(chain_log_det, "_of_step", of_step)
    chain = SimpleNamespace(forward="forward's", inverse="inverse's")
    found = chain_log_det._of_chain("forward", chain, ["t"])
    for step, call, at in asked:
        of_exchange = step == exchanged and step not in suspects
        assert (call, at) == (("claims", "boundaries") if of_exchange else ((*step, "sums"), list(known)))
    return found, [step for step, *_ in asked]


@pytest.mark.parametrize(("names", "suspects", "options", "found", "asked"), [
    ({}, [(0, 1)], {"right": True}, None, []),
    ({}, [(0, 1)], {"missing": Mistake.LAST_LAYER}, ("", Mistake.LAST_LAYER), []),
    ({(0, 1): SIGN}, [(0, 1)], {"missing": Mistake.LAST_LAYER, "one_layer": True}, ("at (0, 1)", SIGN), [(0, 1)]),
    ({(0, 1): ZERO}, [(0, 1)], {}, ("at (0, 1)", Mistake.LAYER_LEFT_OUT), [(0, 1)]),
    ({(0, 1): ZERO}, [(0, 1)], {"one_layer": True}, ("at (0, 1)", FORMULA), [(0, 1)]),
    ({(0, 1): ZERO, (1, 2): SIGN}, [(0, 1), (1, 2)], {}, ("at (1, 2)", SIGN), [(0, 1), (1, 2)]),
    ({(0, 1): SIGN, (1, 2): SIGN}, [(0, 1), (1, 2)], {}, ("at (0, 1)", SIGN), [(0, 1)]),
    ({(0, 1): FORMULA, (1, 2): FORMULA}, [(0, 1), (1, 2)], {}, None, [(0, 1), (1, 2)]),
    ({(0, 1): FORMULA}, [(0, 1)], {}, ("at (0, 1)", FORMULA), [(0, 1)]),
    ({(0, 1): FORMULA, (2, 3): SIGN}, [(0, 1)], {"exchanged": (2, 3)}, ("at (2, 3)", SIGN), [(0, 1), (2, 3)]),
    ({(0, 1): FORMULA}, [(0, 1)], {"exchanged": (0, 1)}, ("at (0, 1)", FORMULA), [(0, 1)]),
    ({}, [(0, 3)], {}, None, []), ({(1, 2): SIGN}, [(0, 3), (1, 2)], {}, ("at (1, 2)", SIGN), [(1, 2)]),
    ({(1, 2): ZERO}, [(0, 3), (1, 2)], {}, None, [(1, 2)]), ({}, [], {}, None, []),
])  # fmt: skip
def test_the_step_of_a_chain_that_has_a_name(names, suspects, options, found, asked, monkeypatch):
    assert of_chain(monkeypatch, names, suspects, **options) == (found, asked)


@pytest.mark.parametrize(("first", "second", "mistake", "calls"), [
    (SIGN, None, SIGN, 1), (FORMULA, Mistake.MEAN, Mistake.MEAN, 2), (FORMULA, FORMULA, FORMULA, 2),
])  # fmt: skip
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_a_step_without_a_name_is_run_nearer_to_0_too(first, second, mistake, calls, direction, monkeypatch):
    taken, names = [], [first, second]
    monkeypatch.setattr(chain_log_det, "_as_pairs", lambda *given: ((1, 4), (2, None)))
    monkeypatch.setattr(chain_log_det, "of_pair", lambda f, g, dim: (f, g, dim))
    of_starts = lambda layer, way, starts: [(layer, way, h.tolist()) for _, h in starts]  # noqa: E731
    monkeypatch.setattr(chain_log_det, "_samples", of_starts)
    monkeypatch.setattr(chain_log_det, "name_log_det", lambda samples: taken.append(samples) or names.pop(0))
    monkeypatch.setattr(chain_log_det, "_words", lambda *given: "the words")
    steps = SimpleNamespace(step=lambda i, j: lambda h: (h + 10 * i + j, None))
    chain = SimpleNamespace(forward=steps, inverse=steps, subject=SimpleNamespace(dim=2), rows=onp.array([2, 0, 5]))
    if direction == "inverse":
        monkeypatch.setattr(chain_log_det, "_as_pairs", lambda *given: ((1, None), (2, 9)))
    z = onp.arange(8.0).reshape(4, 2)
    found = chain_log_det._of_step(direction, chain, [Rows(z=z)], (3, 4), "call", "known")
    assert found == (" of the words", mistake) and len(taken) == calls
    at = z[[2, 0, 1]] + 1
    (layer, way, start), *_ = taken[0]
    assert way == direction and start == at.tolist() and layer[2] == 2
    assert layer[0 if direction == "forward" else 1] == "call"
    if calls == 2:
        assert [s for *_, s in taken[1]] == [at.tolist(), (0.3 * at).tolist()]
    with pytest.raises(NotImplementedError):
        chain_log_det._absent(z)
    other = layer[1 if direction == "forward" else 0]
    assert other is chain_log_det._absent if direction == "forward" else other(z)[0].tolist() == (z + 12).tolist()


@pytest.mark.parametrize(("direction", "step", "pairs"), [
    ("forward", (1, 2), ((1, 3), (2, 2))), ("forward", (2, 3), ((2, 2), (3, None))),
    ("inverse", (2, 3), ((1, 3), (2, 2))), ("inverse", (1, 2), ((2, 2), (4, 0))), ("inverse", (0, 2), ((2, 2), (4, 0))),
])  # fmt: skip
def test_the_boundaries_of_both_directions_at_a_step(direction, step, pairs):
    """Forward's boundary 3 is none of the inverse's, whose 1 is none of forward's: the last before it counts."""
    chain = SimpleNamespace(matched=[(4, 0), (2, 2), (1, 3), (0, 4)])
    assert chain_log_det._as_pairs(direction, chain, step) == pairs


@pytest.mark.parametrize(("direction", "words"), [
    ("forward", "layer 2 of 3, forward 4 to 6"), ("inverse", "layer 2 of 3, inverse 4 to 6"),
])  # fmt: skip
def test_a_step_is_called_by_its_number_and_its_lines(direction, words):
    sides = {way: SimpleNamespace(lines=lambda i, j, way=way: f"{way} {i} to {j}") for way in ("forward", "inverse")}
    chain = SimpleNamespace(**sides)
    assert chain_log_det._words(direction, chain, (4, 6), [0, 4, 6, 9]) == words
    assert chain_log_det._words(direction, chain, (0, 4), [0, 4, 6, 9])[6] == ("1" if direction == "forward" else "3")


def test_the_chains_of_the_two_largest_dimensions(monkeypatch):
    trials = [SimpleNamespace(subject=SimpleNamespace(dim=dim), k=k) for k, dim in enumerate((2, 5, 3, 5, 2))]
    monkeypatch.setattr(chain_log_det, "paired", lambda trial: f"chain of {trial.k}")
    found = chain_log_det._chains(trials)
    assert found == [("chain of 1", [trials[1], trials[3]]), ("chain of 2", [trials[2]])]
    monkeypatch.setattr(chain_log_det, "paired", lambda trial: "chain" if trial.k == 2 else None)
    assert chain_log_det._chains(trials) == [("chain", [trials[2]])]
