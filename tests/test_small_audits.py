"""The run of an audit by its parts: which letters go on after a failure, their order, and what a line says of each."""

from importlib import import_module
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import pytest_plugin
from nfscratch.check.finding import Finding, Outcome, Symptom, inconclusive, not_applicable
from nfscratch.check.report import Failure
from nfscratch.check.time_limit import OutOfTime, TimeLimit
from nfscratch.check.trial import Unusable

audit = import_module("nfscratch.check.audit")  # the package has a function of that name


def passed(letter="R", error=0.0, tolerance=1.0, **words):
    return Finding(letter, f"{letter} is looked at", error, tolerance, **words)


def failed(letter="R", symptom=None):
    return Finding(letter, f"{letter} is looked at", 2.0, 1.0, symptom=symptom)


def run_of(letters, findings, monkeypatch):
    """A run of one group, whose checks find these; of a letter that has none, one that holds."""
    checks = lambda letter, *_: [("trial", f) for f in findings.get(letter, [passed(letter)])]  # noqa: E731
    monkeypatch.setattr(audit, "checks_of", checks)
    monkeypatch.setattr(audit, "_guarded", lambda letter, check, trial: check)
    run = audit._Run(letters, None, False, TimeLimit())
    run.group(GROUP)
    return run


GROUP = SimpleNamespace(dim=2, trials=[SimpleNamespace(subject=SimpleNamespace(name="mine", costs=None))])


@pytest.mark.parametrize(("letter", "runs"), [("P", 1), ("E", 1), ("R", 3), ("X", 3), ("J", 3), ("D", 3), ("S", 1)])
def test_some_letters_go_on_after_a_failure(letter, runs, monkeypatch):
    run = run_of(letter, {letter: [failed(letter), passed(letter), failed(letter)]}, monkeypatch)
    assert len(run.cases[letter]) == runs
    run.group(GROUP)  # of another dimension
    assert len(run.cases[letter]) == (2 * runs if runs > 1 else 1)
    assert 0 < run.failed_at < onp.inf and [case.dim for case in run.cases[letter]] == [2] * len(run.cases[letter])


@pytest.mark.parametrize(("symptom", "goes_on"), [(Symptom.SHAPE, False), (Symptom.NOT_FINITE, True)])
def test_where_shapes_are_wrong_all_others_wait(symptom, goes_on, monkeypatch):
    run = run_of("SRE", {"S": [failed("S", symptom)]}, monkeypatch)
    assert [len(run.cases[k]) for k in "SRE"] == ([1, 1, 1] if goes_on else [1, 0, 0])
    assert run._line("R", "S").status is (Outcome.PASSED if goes_on else Outcome.SKIPPED)


@pytest.mark.parametrize(("findings", "status", "detail"), [
    ([], "SKIPPED", "waits for S"), ([passed(error=0.3, tolerance=2.0), failed()], "WAITING", "R is looked at"),
    ([passed(error=0.3, tolerance=2.0), passed(error=0.2)], "PASSED", "2e-01 of 1e+00 allowed"),
    ([passed(error=0.3), passed(tolerance=0.0)], "PASSED", "3e-01 of 1e+00 allowed"), ([passed()], "PASSED", ""),
    ([passed(error=0.3), passed(why="so it is")], "PASSED", "so it is"),
    ([not_applicable("R", "no inverse"), passed(error=0.5)], "PASSED", "5e-01 of 1e+00 allowed"),
    ([not_applicable("R", "no inverse")], "NOT_APPLICABLE", "no inverse"),
    ([inconclusive("R", "", "too rough"), not_applicable("R", "none")], "INCONCLUSIVE", "too rough"),
])  # fmt: skip
def test_the_line_of_a_letter(findings, status, detail, monkeypatch):
    run = run_of("R", {"R": findings}, monkeypatch)
    line = run._line("R", "S")
    assert (line.letter, line.status.name, line.detail) == ("R", status, detail)
    if status == "WAITING":
        assert run._line("R", "R").status is Outcome.FAILED
    if status == "SKIPPED":
        assert run._line("R", "").detail == ""


def names(run, monkeypatch, letters):
    """(letter, whether it is named, whether a change is searched for) of each failure, in the order of the report."""
    told = []
    monkeypatch.setattr(audit, "notes_of", lambda trial, letters, left_out, words: ["a note"])

    def failure(letter, named, changes):
        told.append((letter, named, changes))
        return Failure(letter, "", "", {})

    run._named = lambda letter, changes: failure(letter, True, changes)
    run._unnamed = lambda letter: failure(letter, False, False)
    report = run.report([GROUP], ["first"])
    assert report.notes == ("first", "a note") and report.subject == "mine" and report.dims == (2,)
    assert [line.letter for line in report.lines] == list(letters)
    assert [f.letter for f in report.failures] == [letter for letter, *_ in told]
    return told


def test_the_first_failure_has_a_name_and_a_change(monkeypatch):
    run = run_of("SRJ", {"R": [failed("R")], "J": [failed("J")]}, monkeypatch)
    run.changes = True
    assert names(run, monkeypatch, "SRJ") == [("R", True, True), ("J", False, False)]


def test_a_number_that_is_not_finite_is_named_with_what_fails_next(monkeypatch):
    found = {"S": [failed("S", Symptom.NOT_FINITE)], "R": [failed("R")], "J": [failed("J")]}
    run = run_of("SRJ", found, monkeypatch)
    run.changes = True
    assert names(run, monkeypatch, "SRJ") == [("S", True, True), ("R", True, False), ("J", False, False)]
    alone = run_of("S", {"S": found["S"]}, monkeypatch)
    assert names(alone, monkeypatch, "S") == [("S", True, False)]


def test_a_singular_map_is_told_behind_what_made_it_singular(monkeypatch):
    found = {k: [failed(k, Symptom.SINGULAR if k == "R" else None)] for k in "EGRXJ"}
    told = names(run_of("EGRXJ", found, monkeypatch), monkeypatch, "EGRXJ")
    assert [letter for letter, *_ in told] == ["X", "J", "R", "E", "G"]
    found["R"] = [failed("R")]
    told = names(run_of("EGRXJ", found, monkeypatch), monkeypatch, "EGRXJ")
    assert [letter for letter, *_ in told] == list("EGRXJ")


def test_the_random_state_of_the_user_comes_back():
    before = onp.random.get_state()
    with audit._own_random_state():
        onp.random.random_sample(700)
    after = onp.random.get_state()
    assert (before[1] == after[1]).all() and before[2:] == after[2:]


def test_a_law_for_each_letter_has_a_name(monkeypatch):
    made = classmethod(lambda cls, parent, **given: (parent, given))
    monkeypatch.setattr(pytest_plugin.Law, "from_parent", made)
    laws = SimpleNamespace(name="mine", letters="SR")
    found = pytest_plugin.laws_of("a file", laws)
    assert found == [("a file", {"name": f"mine[{k}]", "laws": laws, "letter": k}) for k in "SR"]


def test_a_check_that_has_no_time_left_is_left_out(monkeypatch):
    def late(letter, check, trial):
        raise OutOfTime

    run = run_of("R", {"R": [passed()]}, monkeypatch)
    monkeypatch.setattr(audit, "_guarded", late)
    found = run._within_time("R", "check", "trial", 5)
    assert (found.letter, found.what, found.outcome) == ("R", "", Outcome.INCONCLUSIVE)
    assert run.left_out == ["R at D = 5"] and found.why.startswith("left out: ") and "are used up" in found.why


def raises(error):
    def check(trial):
        raise error

    return audit._guarded("R", check, SimpleNamespace(z=onp.array([[1.0, 2.0]])))


def test_what_a_check_raises_is_a_finding():
    found = raises(Unusable("no inverse"))
    assert (found.letter, found.outcome, found.why) == ("R", Outcome.NOT_APPLICABLE, "no inverse")
    found = raises(onp.linalg.LinAlgError("no number"))
    assert (found.letter, found.what, found.outcome) == ("R", "", Outcome.INCONCLUSIVE)
    assert found.why == "linear algebra: no number"
    found = raises(KeyError("k"))
    assert (found.letter, found.what, found.error, found.tolerance) == ("R", "raises an exception", onp.inf, 0.0)
    assert found.failed and found.symptom is Symptom.RAISES and found.at.startswith("KeyError: 'k', in line ")
    assert found.at.endswith("of test_small_audits.py") and found.evidence["raised_by"] is KeyError
    assert found.evidence["raised"] == found.at and found.evidence["z"].tolist() == [[1, 2]]
    assert (found.evidence["row"], found.evidence["symbol"]) == (0, "z")
    assert audit._place(KeyError("nowhere")) == ""
