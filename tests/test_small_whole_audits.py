"""The audit as a whole, by stand-ins: what it hands on, what it sets for its checks, and their share of the time."""

import warnings
from contextlib import contextmanager
from importlib import import_module
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.draws import DIMS, DRAWS, RADII
from nfscratch.check.finding import Finding, Outcome, Symptom
from nfscratch.check.message import Case
from nfscratch.check.report import LETTERS, Failure
from nfscratch.check.time_limit import OutOfTime, TimeLimit

audit = import_module("nfscratch.check.audit")  # the package has a function of that name


class Report:
    def __init__(self):
        self.shown = 0

    def show(self):
        self.shown += 1


@pytest.fixture
def run(monkeypatch):
    """What `prepared` and `_report` are given by the call."""
    given = SimpleNamespace(report=Report())

    def prepared(*asked):
        given.asked, given.errors = asked, onp.geterr()
        with warnings.catch_warnings(record=True) as heard:
            warnings.warn("of the subject", stacklevel=1)
        given.heard = len(heard)
        onp.random.random_sample(3)
        return "groups", "notes"

    def report(*asked):
        given.reported = asked
        return given.report

    monkeypatch.setattr(audit, "prepared", prepared)
    monkeypatch.setattr(audit, "_report", report)
    return given


def test_an_audit_hands_on_what_it_is_given(run):
    rng = onp.random.default_rng(5)
    own = {
        name: f"the {name}" for name in ("log_prob", "sample", "structure", "smooth", "domain", "codomain", "accuracy")
    }
    more = {"params": "p", "context": "c", "dtype": "d", "draws": 7, "radii": (2.0,)}
    assert audit.audit("subject", dims=(3,), rng=rng, letters="js", changes=False, **own, **more) is run.report
    assert run.asked == ("subject", (3,), rng, own, more)
    assert run.reported == ("JS", rng, False, "groups", "notes") and run.report.shown == 1


def test_an_audit_of_a_subject_alone_has_the_usual_options(run):
    audit.audit("subject", show=False)
    subject, dims, rng, declared, options = run.asked
    assert (subject, dims, run.report.shown) == ("subject", DIMS, 0) and dims is DIMS
    assert rng.random() == onp.random.default_rng(0).random()
    assert declared == dict.fromkeys(("log_prob", "sample", "structure", "smooth", "domain", "codomain", "accuracy"))
    assert options == {"params": None, "context": None, "dtype": None, "draws": DRAWS, "radii": RADII}
    assert run.reported == (LETTERS, rng, True, "groups", "notes")


def test_within_an_audit_numpy_and_warnings_are_silent_and_the_global_generator_comes_back(run):
    before, errors = onp.random.get_state(), onp.geterr()
    with onp.errstate(all="raise"):
        audit.audit("subject", show=False)
    after = onp.random.get_state()
    assert set(run.errors.values()) == {"ignore"} and run.heard == 0 and onp.geterr() == errors
    assert (before[1] == after[1]).all() and before[2:] == after[2:]
    with pytest.raises(KeyError), audit._own_random_state():
        onp.random.random_sample(700)
        raise KeyError
    after = onp.random.get_state()
    assert (before[1] == after[1]).all() and before[2:] == after[2:]


def group_of(name, rows=1, bijection=None):
    subject = SimpleNamespace(forward=f"f {name}", inverse=f"i {name}", bijection=bijection)
    trial = type("Trial", (), {"__len__": lambda self: rows, "subject": subject, "z": f"z {name}"})()
    return SimpleNamespace(name=name, trials=[trial, "another"])


@pytest.mark.parametrize(("rows", "bijection", "limited"), [(2, None, True), (0, None, False), (2, "a layer", False)])
def test_groups_are_looked_at_in_their_order_each_with_its_share_of_the_time(rows, bijection, limited, monkeypatch):
    said = []

    class Limit:
        @contextmanager
        def of_checks(self, share):
            said.append(share)
            yield

    class Run:
        def __init__(self, *given):
            self.given = given

        def group(self, group):
            said.append(group.name)

        def report(self, groups, notes):
            return self.given, [group.name for group in groups], notes

    limit = Limit()
    monkeypatch.setattr(audit, "limit_for", lambda *asked: said.append(asked) or limit)
    monkeypatch.setattr(audit, "TimeLimit", lambda *asked: said.append(asked) or limit)
    monkeypatch.setattr(audit, "_Run", Run)
    groups = [group_of("a"), group_of("b"), group_of("c", rows, bijection)]
    found = audit._report("SR", "rng", True, groups, ["a note"])
    assert found == (("SR", "rng", True, limit), ["a", "b", "c"], ["a note"])
    assert said[0] == (("f c", "i c", "z c") if limited else ())  # of the last dimension, the widest
    assert said[1:] == [pytest.approx(1 / 3), "a", pytest.approx(2 / 3), "b", 1.0, "c"]


def failed(letter, symptom=None, unjudged=None):
    return Finding(letter, "what", 2.0, 1.0, symptom=symptom, unjudged=unjudged)


def named(letter, monkeypatch, cases, explain, changes=True):
    run = audit._Run("SRJ", None, True, TimeLimit())
    run.cases |= {letter: [Case(2, "trial", finding) for finding in found] for letter, found in cases.items()}
    monkeypatch.setattr(audit, "explain", explain)
    monkeypatch.setattr(audit, "unexplained", lambda letter, judged, changes: ("unexplained", letter, judged, changes))
    return run, run._named(letter, changes)


@pytest.mark.parametrize("changes", [True, False])
def test_a_failure_is_explained_by_its_judged_cases_those_of_j_and_whether_the_round_trip_holds(changes, monkeypatch):
    left_out = failed("J", unjudged=Outcome.INCONCLUSIVE)
    for r_fails in (True, False):
        found = {"J": [left_out, failed("J"), failed("J")], "R": [failed("R")] * r_fails}
        run, told = named("J", monkeypatch, found, lambda *asked: asked, changes)
        assert told == ("J", run.cases["J"][1:], run.cases["J"], r_fails, changes)
    run = audit._Run("S", None, True, TimeLimit())
    run.cases["S"] = [Case(2, "trial", failed("S"))]
    monkeypatch.setattr(audit, "explain", lambda *asked: asked)
    assert run._named("S", changes) == ("S", run.cases["S"], [], False, changes)  # neither R nor J was asked for


def test_a_singular_map_and_a_look_that_fails_leave_the_failure_without_a_name(monkeypatch):
    run, told = named("R", monkeypatch, {"R": [failed("R", Symptom.SINGULAR)]}, lambda *asked: 1 / 0)
    assert told == ("unexplained", "R", run.cases["R"], True)

    def raises(error):
        def explain(*asked):
            raise error

        return explain

    for error in (ValueError("its own"), OutOfTime(), SystemExit("its own")):
        run, told = named("R", monkeypatch, {"R": [failed("R")]}, raises(error))
        assert told == ("unexplained", "R", run.cases["R"], False), error


def test_one_change_that_mends_all_leaves_nothing_more_to_name(monkeypatch):
    monkeypatch.setattr(audit, "notes_of", lambda *asked: [])
    trial = SimpleNamespace(subject=SimpleNamespace(name="it", costs=("a", "b")))
    for mistake, then in ((audit.Mistake.ONE_CHANGE, False), (audit.Mistake.SIGN, True), (None, True)):
        told = []
        run = audit._Run("SRJ", None, True, TimeLimit())
        run.cases |= {"S": [Case(2, trial, failed("S", Symptom.NOT_FINITE))], "R": [Case(2, trial, failed("R"))]}
        made = lambda letter, mistake=mistake: Failure(letter, "", "", {}, mistake)  # noqa: E731
        run._named = lambda letter, changes, made=made, told=told: told.append((letter, changes)) or made(letter)
        run._unnamed = lambda letter, made=made: made(letter)
        report = run.report([SimpleNamespace(dim=2, trials=[trial])], [])
        assert told == [("S", True), *[("R", False)] * then], mistake
        assert report.costs == ("a", "b") and [f.letter for f in report.failures] == ["S", "R"]
