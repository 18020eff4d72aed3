"""From a failed check to its message: which case is shown, what is named, and what a search adds to the name."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import chain_log_det, explain, in_time, one_change
from nfscratch.check.diagnosis.hints import HINTS
from nfscratch.check.diagnosis.mistakes import Named
from nfscratch.check.time_limit import OutOfTime


def case(dim=2, failed=True, what="what", dtype="float64", **of_trial):
    subject = SimpleNamespace(dtype=onp.dtype(dtype), dim=dim)
    finding = SimpleNamespace(failed=failed, what=what, evidence={})
    return SimpleNamespace(dim=dim, finding=finding, trial=SimpleNamespace(subject=subject, **of_trial))


# --- the failure ---


@pytest.fixture
def texts(monkeypatch):
    """What the message is made of."""
    made = []
    monkeypatch.setattr(explain, "message", lambda *of: made.append(of) or "the text")
    monkeypatch.setattr(explain, "counter_example", lambda given: ("example of", given))
    return made


def test_the_first_failure_is_shown_and_the_other_dimensions_are_said(texts):
    cases = [case(2, False), case(3), case(10), case(2), case(3), case(4, False), case(10)]
    named = Named(Mistake.SIGN, "log_det", "forward")
    found = explain._failure("J", "a name", "a hint", cases, named, "a change")
    assert texts == [("J", "a name", "a hint", cases[1], ["10", "2"], "a change")]
    assert (found.letter, found.name, found.message) == ("J", "a name", "the text")
    assert found.mistake is Mistake.SIGN and found.direction == "forward"
    assert found.counter_example == ("example of", cases[1])
    explain._failure("J", "a name", "a hint", cases[1:2])
    assert texts[1] == ("J", "a name", "a hint", cases[1], [], "")


@pytest.mark.parametrize("changes", [True, False])
@pytest.mark.parametrize("finds", [True, False])
def test_a_letter_without_a_name_is_told_by_what_was_found(changes, finds, texts, monkeypatch):
    asked = []
    name = Named(Mistake.ONE_CHANGE, "line 3")

    def change(letter, named, cases):
        asked.append((letter, named))
        return (name, "With it") if finds else (named, "")

    monkeypatch.setattr(explain, "with_change", change)
    cases = [case(failed=False, what="none"), case(what="this was found")]
    found = explain.unexplained("T", cases, changes)
    assert asked == [("T", Named(None))] * changes
    if changes and finds:
        assert found.mistake is Mistake.ONE_CHANGE and found.name == str(name)
        assert texts[0][2] == HINTS[Mistake.ONE_CHANGE] and texts[0][5] == "With it"
    else:
        assert found.mistake is None and found.name == "this was found" and texts[0][2] == "Run it at the point shown."
    assert explain.unexplained("T", cases).mistake is None


@pytest.mark.parametrize(("letter", "direction", "mistake", "no_round_trip", "becomes"), [
    ("X", "inverse", "SIGN", True, "LOG_DET_FORMULA"), ("J", "inverse", "SIGN", True, "LOG_DET_FORMULA"),
    ("X", "inverse", "SIGN", False, "SIGN"), ("X", "forward", "SIGN", True, "SIGN"),
    ("R", "inverse", "SIGN", True, "SIGN"),
    ("X", None, "BELOW_RESOLUTION", True, "LOG_DET_FORMULA"), ("X", None, "SIGN", True, "SIGN"),
])  # fmt: skip
def test_the_log_det_of_an_inverse_that_undoes_nothing_has_no_name(
    letter, direction, mistake, no_round_trip, becomes, texts, monkeypatch
):
    named = Named(Mistake[mistake], "log_det", direction)
    cases = [case(failed=False), case()]
    monkeypatch.setattr(explain, "_named", lambda *of: named if of == (letter, cases[1], cases, ["across"]) else None)
    found = explain.explain(letter, cases, ["across"], no_round_trip, False)
    assert found.mistake is Mistake[becomes] and texts[0][2] == HINTS[Mistake[becomes]] and texts[0][5] == ""


@pytest.mark.parametrize(("mistake", "signs", "becomes"), [
    ("NO_ABSOLUTE_VALUE", [False, True], "FOLDS"), ("NO_ABSOLUTE_VALUE", [True, False], "FOLDS"),
    ("NO_ABSOLUTE_VALUE", [False, False], "NO_ABSOLUTE_VALUE"), ("SIGN", [True, True], "SIGN"),
])  # fmt: skip
def test_a_determinant_of_both_signs_is_a_fold(mistake, signs, becomes, texts, monkeypatch):
    cases, across = [case(both=signs[0])], [case(both=signs[1])]
    monkeypatch.setattr(explain, "_named", lambda *of: Named(Mistake[mistake], "log_det"))
    monkeypatch.setattr(explain, "has_both_signs", lambda trial: trial.both)
    monkeypatch.setattr(explain, "with_change", lambda letter, named, given: (named, f"of {letter}"))
    found = explain.explain("J", cases, across, False, True)
    assert found.mistake is Mistake[becomes] and texts[0][5] == "of J"
    assert ("both signs" in found.name) is (becomes == "FOLDS")


def test_the_six_failures_of_the_largest_dimensions_in_double():
    cases = [case(k, failed=k != 7, dtype="float32" if k == 8 else "float64") for k in range(1, 10)]
    assert [c.dim for c in explain._spread(cases)] == [9, 6, 5, 4, 3, 2]
    single = [case(k, dtype="float32") for k in (1, 2)]
    assert [c.dim for c in explain._spread(single)] == [2, 1]


@pytest.mark.parametrize("letter", ["R", "X", "J", "T"])
def test_out_of_time_a_letter_has_its_general_name(letter):
    def late():
        raise OutOfTime

    assert in_time.named_in_time(letter, lambda: "a name") == "a name"
    if letter == "T":
        with pytest.raises(OutOfTime):
            in_time.named_in_time(letter, late)
    else:
        found = in_time.named_in_time(letter, late)
        assert found.mistake is (Mistake.NO_UNDOING if letter == "R" else Mistake.LOG_DET_FORMULA)
        assert found.where == ("inverse" if letter == "R" else "log_det")


# --- what is added ---


@pytest.mark.parametrize(("where", "below", "fails", "said"), [
    ("inverse", "w @ u is -2", True, "inverse, where w @ u is -2"),
    ("det J", "w @ u is -2", False, "det J, where w @ u is -2"),
    ("inverse", None, True, "inverse, of a forward whose log_det is not that of its Jacobian, either"),
    ("inverse", None, False, "inverse"), ("det J", None, True, "det J"),
])  # fmt: skip
def test_a_fold_says_the_number_that_makes_it_or_that_forward_is_wrong_too(where, below, fails, said, monkeypatch):
    cases = [case(trial=1), case(trial=2), case(trial=3)]
    monkeypatch.setattr(one_change, "both_directions", lambda trial, row: (trial, row))
    monkeypatch.setattr(one_change, "Reached", lambda call: call())
    monkeypatch.setattr(one_change, "product_below", lambda given: below if given == (cases[2].trial, 0) else "other")
    checked = lambda trial, way: SimpleNamespace(failed=fails and (trial, way) == (cases[2].trial, "forward"))  # noqa: E731
    monkeypatch.setattr(one_change, "check_jacobian", checked)
    named = Named(Mistake.FOLDS, where)
    assert one_change._with_product(named, cases) == Named(Mistake.FOLDS, said)
    assert one_change._with_product(named, []) is named
    cases[2].trial = None
    assert one_change._with_product(named, cases) is named


@pytest.mark.parametrize("mistake", ["FOLDS", "SIGN"])
@pytest.mark.parametrize("letter", ["R", "T"])
def test_only_a_fold_is_told_more_where_no_change_mends_it(mistake, letter, monkeypatch):
    searched = []
    monkeypatch.setattr(one_change, "_with_product", lambda named, cases: Named(named.mistake, "more"))
    monkeypatch.setattr(one_change, "_repair", lambda given, cases: searched.append(given))
    named, words = one_change.with_change(letter, Named(Mistake[mistake], "inverse"), ["cases"])
    assert (named.where, words) == ("more" if mistake == "FOLDS" else "inverse", "")
    assert searched == ["R"] * (letter == "R")


# --- the log_det of a chain ---


@pytest.mark.parametrize(("names", "varies", "looked"), [
    (["SIGN"], True, False), (["SIGN"], False, True), (["LAST_LAYER"], True, True),
    (["SIGN", "LAST_LAYER"], True, True),
    (["SIGN", "MEAN"], True, False),
])  # fmt: skip
def test_a_name_of_the_whole_stays_where_the_log_det_varies(names, varies, looked, monkeypatch):
    found = {f"way {k}": ("", Mistake[name]) for k, name in enumerate(names)}
    monkeypatch.setattr(chain_log_det, "_varies", lambda trials: varies)
    monkeypatch.setattr(chain_log_det, "_chains", lambda trials: ("chains", trials))
    monkeypatch.setattr(chain_log_det, "_better", lambda way, chains, known: (way, chains, known))
    better = chain_log_det.log_dets_of_chain("trials", found)
    if looked:
        assert better == {way: (way, ("chains", "trials"), known) for way, known in found.items()}
    else:
        assert better is found

    def raises(trials):
        raise ZeroDivisionError

    monkeypatch.setattr(chain_log_det, "_chains", raises)
    assert chain_log_det.log_dets_of_chain("trials", found) is found


L = onp.array([[1.0, 2.0, 3.0], [0.5, -1.0, 0.25], [4.0, 7.0, -2.0], [2.5, 0.5, 1.5]])


@pytest.mark.parametrize(("claim", "name"), [
    (L[-1], "LAST_LAYER"), (L[0], "LAST_LAYER"), (L[1], None), (L.sum(axis=0), None),
    (L[1:].sum(axis=0), "LAYER_LEFT_OUT"),
    (L[[0, 1, 3]].sum(axis=0), "LAYER_LEFT_OUT"), (L[:2].sum(axis=0), None),
])  # fmt: skip
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_which_of_the_layers_log_dets_were_summed(claim, name, sign, monkeypatch):
    checks = {k: SimpleNamespace(evidence={"expected": l}) for k, l in enumerate(L)}
    monkeypatch.setattr(chain_log_det, "check_jacobian", lambda layer, way: checks[layer] if way == "forward" else None)
    trial = SimpleNamespace(layers=list(range(4)), claimed=lambda way: sign * claim)
    way = "forward" if sign > 0 else "inverse"
    assert chain_log_det.name_sum(trial, way) is (Mistake[name] if name else None)
    checks[2].evidence = None
    assert chain_log_det.name_sum(trial, way) is None


def test_a_step_of_the_inverse_may_begin_later_than_forwards_state(monkeypatch):
    """Then the inverse's own way from that state to the step comes after forward."""
    pairs = {"forward": ((1, None), (2, 3)), "inverse": ((1, 9), (2, 3))}
    monkeypatch.setattr(chain_log_det, "_as_pairs", lambda direction, chain, step: pairs[direction])
    monkeypatch.setattr(chain_log_det, "of_pair", lambda f, g, dim: (f, g))
    monkeypatch.setattr(chain_log_det, "_samples", lambda layer, way, starts: layer)
    monkeypatch.setattr(chain_log_det, "name_log_det", lambda layer: layer)
    monkeypatch.setattr(chain_log_det, "_words", lambda *of: "a step")
    side = lambda way: SimpleNamespace(step=lambda i, j: lambda h: (f"{h} {way}{i}{j}", "log_det"))  # noqa: E731
    chain = SimpleNamespace(
        forward=side("f"), inverse=side("g"), subject=SimpleNamespace(dim=2), rows=onp.zeros(1, dtype=int)
    )
    of_step = lambda way, step: chain_log_det._of_step(way, chain, [], step, "call", "known")[1]  # noqa: E731
    late, call = of_step("inverse", (4, 5))
    assert late("z")[0] == "z f12 g34" and call == "call"
    on_time, _ = of_step("inverse", (3, 5))
    assert on_time("z")[0] == "z f12"
    call, back = of_step("forward", (1, 2))
    assert call == "call" and back is chain_log_det._absent


@pytest.mark.parametrize(("step", "named"), [((0, 1), True), ((0, 2), True), ((1, 3), True), ((0, 3), False)])
def test_one_step_without_a_name_is_said_unless_it_is_the_whole(step, named, monkeypatch):
    known = [SimpleNamespace(boundary=i) for i in range(4)]
    sums = SimpleNamespace(claim=onp.zeros(3), true=onp.ones(3), missing=lambda: None, known=known, sums="sums")
    sums.suspects, sums.side = lambda: [step], SimpleNamespace(step=lambda i, j, of: None)
    found = f"at {step}", Mistake.LOG_DET_FORMULA
    monkeypatch.setattr(chain_log_det, "Gathered", lambda side: sums)
    monkeypatch.setattr(chain_log_det, "Exchanged", lambda given: SimpleNamespace(step=None))
    monkeypatch.setattr(chain_log_det, "_is_one_layer", lambda trial, side: False)
    monkeypatch.setattr(chain_log_det, "_of_step", lambda *of: found)
    chain = SimpleNamespace(forward="f", inverse="g")
    assert chain_log_det._of_chain("forward", chain, ["trial"]) == (found if named else None)
