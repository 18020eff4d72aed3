"""What a law of the pytest plugin asks of the audit, how it ends, and what pytest prints of it."""

from importlib import import_module
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import pytest_plugin, report
from nfscratch.check.finding import Outcome
from nfscratch.check.pytest_plugin import Law, LawBroken, Laws

audit = import_module("nfscratch.check.audit")  # the package has a function of that name


def test_laws_are_audited_once_with_their_options_and_a_generator_of_their_seed(monkeypatch):
    asked = []
    monkeypatch.setattr(audit, "audit", lambda subject, **options: asked.append((subject, options)) or "report")
    laws = Laws("mine", lambda: "a map", {"seed": 5, "dims": (2,), "letters": "SR"})
    assert laws.report == laws.report == "report"
    ((subject, options),) = asked
    assert options.pop("rng").random() == onp.random.default_rng(5).random()
    assert (subject, options) == ("a map", {"show": False, "dims": (2,), "letters": "SR"})
    assert laws.letters == "SR" and Laws("mine", None).letters == report.LETTERS and Laws("mine", None).options == {}


def ended(outcome, message, detail="here", letter="R"):
    """How a law ends: the kind and the words of what it raises."""
    found = {"message": message, "outcome": outcome, "seed": 5, "detail": detail}
    law = SimpleNamespace(letter=letter, user_properties=[], laws=SimpleNamespace(found=lambda letter: found))
    try:
        Law.runtest(law)
    except BaseException as error:  # a skip is no Exception
        return type(error), str(error)
    assert law.user_properties == [("flow_laws", found)]
    return None


def test_a_law_fails_where_it_has_a_message_holds_or_is_skipped_with_its_reason():
    words = "what is wrong\n      Seed 5 of the points and parameters."
    for outcome in ("FAILS", "waiting", "holds"):
        assert ended(outcome, "what is wrong") == (LawBroken, words), outcome
    assert ended("holds", None) is None
    skipped = pytest.skip.Exception
    assert ended("not run", None) == (skipped, "not run: here")
    assert ended("inconclusive", None, "") == (skipped, "inconclusive")


def law_of(letter="R"):
    law = object.__new__(Law)
    law.letter, law.laws, law.name, law.path = letter, Laws("mine", None), f"mine[{letter}]", "here.py"
    return law


def test_a_broken_law_is_told_by_the_audit_s_words_and_anything_else_as_pytest_does(monkeypatch):
    def seen(raised):
        return SimpleNamespace(value=raised, errisinstance=lambda kind: isinstance(raised, kind))

    monkeypatch.setattr(pytest.Item, "repr_failure", lambda self, excinfo, style=None: (excinfo, style))
    broken, other = seen(LawBroken("the sign is flipped")), seen(AssertionError("other"))
    assert law_of().repr_failure(broken) == law_of().repr_failure(broken, "long") == "the sign is flipped"
    assert law_of().repr_failure(other) == (other, None) and law_of().repr_failure(other, "long") == (other, "long")


def test_a_law_is_reported_by_its_title_and_no_line():
    assert law_of("R").reportinfo() == ("here.py", None, "mine[R]: round trip")
    assert law_of("J").reportinfo() == ("here.py", None, "mine[J]: log_det is that of the Jacobian")


def test_a_law_keeps_what_it_is_made_with(monkeypatch):
    given = []
    monkeypatch.setattr(pytest.Item, "__init__", lambda self, **kwargs: given.append(kwargs))
    law = object.__new__(Law)
    Law.__init__(law, laws="the laws", letter="R", name="mine[R]", parent="a file")
    assert (law.laws, law.letter, given) == ("the laws", "R", [{"name": "mine[R]", "parent": "a file"}])


def test_each_letter_is_found_with_its_own_line_and_failure():
    failures = tuple(report.Failure(k, f"name {k}", f"message {k}", {}) for k in "JR")
    lines = tuple(report.Line(k, outcome, f"of {k}") for k, outcome in zip("SJRX", Outcome, strict=False))
    laws = Laws("mine", None, {"seed": 5})
    laws.report = report.Report("MyFlow", (2,), lines, failures)
    for letter, outcome, has in (("S", "holds", 0), ("J", "FAILS", 1), ("R", "waiting", 1), ("X", "inconclusive", 0)):
        assert laws.found(letter) == {
            "subject": "mine", "letter": letter, "outcome": outcome, "detail": f"of {letter}", "seed": 5,
            "name": f"name {letter}" if has else None, "message": f"message {letter}" if has else None,
        }  # fmt: skip


def config_of(**given):
    options = {"--flow-laws": [], "--flow-laws-seed": 3, "--flow-laws-json": None} | given
    return SimpleNamespace(getoption=options.__getitem__)


def test_every_target_gives_the_laws_of_its_own_object(monkeypatch):
    made, items = [], ["before"]
    monkeypatch.setattr(pytest_plugin, "laws_of", lambda parent, laws: made.append((parent, laws)) or [laws, "second"])
    config = config_of(**{"--flow-laws": ["json:loads", "math:pi"], "--flow-laws-seed": 8})
    pytest_plugin.pytest_collection_modifyitems("session", config, items)
    assert [parent for parent, _ in made] == ["session"] * 2 and len(items) == 5 and items[0] == "before"
    assert [(laws.name, laws.options) for _, laws in made] == [(k, {"seed": 8}) for k in ("json:loads", "math:pi")]
    assert [laws.make() for _, laws in made] == [import_module("json").loads, import_module("math").pi]


def test_what_is_written_has_the_laws_of_every_call(tmp_path):
    collected = pytest_plugin._Json(tmp_path / "found.json")
    for k in range(2):
        properties = [("flow_laws", {"k": k}), ("other", 1), ("flow_laws", {"k": 10 + k})]
        collected.pytest_runtest_logreport(SimpleNamespace(when="call", user_properties=properties))
    assert collected.found == [{"k": 0}, {"k": 10}, {"k": 1}, {"k": 11}]
    worker = SimpleNamespace(config=SimpleNamespace(workerinput={}))
    collected.pytest_sessionfinish(worker)
    assert not collected.path.exists()


def test_a_thing_without_a_mark_or_with_one_of_another_kind_is_no_law(monkeypatch):
    monkeypatch.setattr(pytest_plugin, "laws_of", lambda parent, laws: (parent, laws.options))
    collector = SimpleNamespace(config=config_of())
    taken = lambda marks: pytest_plugin.pytest_pycollect_makeitem(  # noqa: E731
        collector, "made", SimpleNamespace(pytestmark=marks)
    )
    assert taken([]) is None and taken([object()]) is None and taken([SimpleNamespace(name="slow")]) is None
    mark = SimpleNamespace(name="flow_laws", kwargs={"letters": "S"})
    assert taken([object(), mark, SimpleNamespace(name="flow_laws", kwargs={})]) == (
        collector, {"seed": 3, "letters": "S"},
    )  # fmt: skip
    assert pytest_plugin.pytest_pycollect_makeitem(collector, "made", 3) is None
