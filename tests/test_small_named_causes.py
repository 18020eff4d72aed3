"""What the look of a letter is given, which search for a change, and which claims are wrong where they are finite."""

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as onp

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import explain, one_change
from nfscratch.check.diagnosis.mistakes import Named

FOLD, OTHER = Named(Mistake.FOLDS, "inverse"), Named(Mistake.SIGN, "inverse")


def test_a_chain_is_asked_with_the_letter_the_cases_and_the_name(monkeypatch):
    asked = []
    monkeypatch.setattr(explain, "name_inverse_of_chain", lambda *of: asked.append(of) or FOLD)
    first = SimpleNamespace(finding=SimpleNamespace(symptom=None))
    for letter, chain in (("S", True), ("R", True), ("P", False)):
        monkeypatch.setitem(explain.LOOKS, letter, lambda *of: OTHER)
        found = explain._named(letter, first, ["cases"], [])
        assert found is (FOLD if chain else OTHER), letter
        assert asked == [(letter, ["cases"], OTHER)] * chain, letter
        asked.clear()


def test_a_fold_is_what_r_calls_one(monkeypatch):
    """As the whole, or as a chain, from the first case alone."""
    monkeypatch.setattr(explain, "_name_inverse_of", lambda first, cases: (first, cases))
    for said, fold in ((FOLD, FOLD), (OTHER, None)):
        asked = []
        monkeypatch.setattr(explain, "name_inverse_of_chain", lambda *of, s=said, asked=asked: asked.append(of) or s)
        assert explain._fold_of("first") is fold
        assert asked == [("R", ["first"], ("first", ["first"]))]


def test_a_claim_is_wrong_beyond_1e_4_of_the_true_one(monkeypatch):
    """Of 1 and the true one: beside 1e6 the claim's own share is another."""
    case = SimpleNamespace(trial=SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype("float64"))))
    right, bound = 1e6, 1e-4 * (1 + 1e6)
    for off, wrong in ((0.999 * bound, False), (bound * (1 + 0.5e-4), True), (-0.999 * bound, False)):
        sample = SimpleNamespace(c=onp.full(4, right + off), t=onp.full(4, right), failed=True)
        monkeypatch.setattr(explain, "Sample", lambda trial, way, sample=sample: sample)
        assert explain._is_wrong_where_finite("log_det forward", [case]) is wrong, off


def test_each_claim_is_finite_in_most_rows_and_wrong_in_most_of_those(monkeypatch):
    """Of two cases one alone that is not leaves it open; none tells nothing."""
    yes, no = [9.0, 9.0, 9.0, 0.0], [9.0, 0.0, 0.0, 0.0]
    few, half = [9.0, onp.nan, onp.nan, onp.nan], [9.0, 9.0, onp.nan, onp.nan]
    for claims, told in (
        ([yes, yes], True), ([yes, no], False), ([no, yes], False), ([yes, few], False), ([few, yes], False),
        ([yes, half], False), ([], False), ([yes], True),
    ):  # fmt: skip
        samples = iter([SimpleNamespace(c=onp.array(c), t=onp.zeros(4), failed=True) for c in claims])
        monkeypatch.setattr(explain, "Sample", lambda trial, way, samples=samples: next(samples))
        case = SimpleNamespace(trial=SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype("float64"))))
        assert explain._is_wrong_where_finite("log_det forward", [case] * len(claims)) is told, claims


def test_a_density_is_searched_by_itself_where_it_fails(monkeypatch):
    """D and K always, I where it speaks of log_prob: of another function, and of other letters, the map is searched."""

    def said(name):
        words = {"reached": "reached", "call": "call", "both": "both"}
        return lambda *given: SimpleNamespace(**words, repair=lambda: (name, given, set(onp.geterr().values())))

    monkeypatch.setattr(one_change, "Search", said("map"))
    monkeypatch.setattr(one_change, "SearchBeside", said("beside"))
    monkeypatch.setattr(one_change, "frozen", lambda reached, call: nullcontext())
    monkeypatch.setattr(one_change, "answered_by_child", lambda search: search())
    monkeypatch.setattr(one_change, "may_be_changed", lambda trial, row: True)
    of_density, of_map = {"function": "log_prob", "row": 2}, {"function": "forward", "row": 2}
    for letter, evidence, beside in (
        ("I", of_density, True), ("I", of_map, False), ("I", {"row": 2}, False), ("I", None, False), ("I", {}, False),
        ("R", of_density, False), ("S", of_density, False), ("D", of_map, True), ("K", None, True), ("D", None, True),
    ):  # fmt: skip
        trial = SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype("float64")))
        case = SimpleNamespace(dim=2, trial=trial, finding=SimpleNamespace(failed=True, evidence=evidence))
        row = (evidence or {}).get("row", 0)
        expected = ("beside", (letter, trial, []), {"ignore"}) if beside else ("map", (trial, row, []), {"ignore"})
        assert one_change._repair(letter, [case]) == expected, (letter, evidence)
