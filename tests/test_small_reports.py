"""The small functions around an audit: what its report prints, and what pytest is told, by stand-ins."""

import io
import json
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import prepared, pytest_plugin, report
from nfscratch.check.audit import _Run
from nfscratch.check.draws import DIMS
from nfscratch.check.finding import Finding, Outcome, inconclusive, not_applicable, table
from nfscratch.check.letters import shapes

# --- the report ---


class Terminal(io.StringIO):
    def isatty(self):
        return True


J = onp.array([[1.0, 2.0, 3.0], [0.25, 0.5, 0.0]])


def broken(claimed=None):
    evidence = {"J": J} if claimed is None else {"J": J, "J_claimed": claimed}
    failures = tuple(report.Failure(k, f"name {k}", f"message {k}", evidence) for k in "JR")
    lines = (report.Line("S", Outcome.PASSED), report.Line("J", Outcome.FAILED, "off by 3"))
    return report.Report("MyFlow", (2, 3), lines, failures, ("O(D)", "O(D^2)"), ("a note",))


def test_a_report_in_words():
    text = str(broken())
    assert text.startswith("Audit of MyFlow, D = 2, 3; forward O(D), inverse O(D^2)\n  S  shapes, dtype, finiteness")
    assert "\n  J  log_det is that of the Jacobian      FAILS           off by 3\n  Note: a note\n" in text
    assert text.endswith("\n\nmessage J\n  Waiting: R: name R")
    right = report.Report("MyFlow", (2,), (report.Line("S", Outcome.PASSED),))
    assert right.ok and str(right).endswith("holds\n  No mistake found.") and "forward" not in str(right)
    right.raise_if_failed()
    nothing = report.Report("MyFlow", (2,), (report.Line("S", Outcome.SKIPPED),))
    assert not nothing.ok and str(nothing).endswith("  Nothing could be judged.")
    for failing, words in ((nothing, "MyFlow: nothing could be judged"), (broken(), "MyFlow: message J")):
        with pytest.raises(AssertionError, match=words):
            failing.raise_if_failed()


def test_a_report_is_shown_as_text_and_on_a_terminal_with_its_jacobian(capsys):
    file, terminal = io.StringIO(), Terminal()
    broken().show(file)
    assert file.getvalue() == f"{broken()}\n"
    broken().show()
    assert capsys.readouterr().out == f"{broken()}\n"
    written = []
    broken().show(SimpleNamespace(write=written.append))
    assert "".join(written) == f"{broken()}\n"
    broken().show(terminal)
    shown = terminal.getvalue()
    for words in (
        "Audit of MyFlow",
        "check",
        "off by 3",
        "Note: a note",
        "message J",
        "Waiting: R",
        "finite differences",
    ):
        assert words in shown
    assert "the layer's own" not in shown and "+0.2500" in shown and "z_2" in shown and "x_1" in shown
    assert shown.count("shapes, dtype, finiteness") == 1
    claimed = Terminal()
    broken(J + onp.array([[0, 0, 1.0], [0, 0, 0]])).show(claimed)
    assert "the layer's own / finite differences" in claimed.getvalue() and "+4.0000 / +3.0000" in claimed.getvalue()


def test_a_jacobian_has_at_most_eight_rows_and_columns_on_a_terminal():
    wide = Terminal()
    failure = report.Failure("J", "name", "message", {"J": onp.ones((9, 9))})
    report.Report("MyFlow", (9,), (), (failure,)).show(wide)
    assert "z_7" in wide.getvalue() and "z_8" not in wide.getvalue()
    assert "x_7" in wide.getvalue() and "x_8" not in wide.getvalue()


@pytest.mark.parametrize(("true", "off", "wrong"), [
    (0.5, 0.9e-5, False), (0.5, 1.1e-5, True), (-7.0, 6.9e-5, False), (-7.0, 7.1e-5, True), (0.5, onp.nan, True),
])  # fmt: skip
def test_an_entry_that_is_off(true, off, wrong):
    entries, claimed = onp.array([[9.0, true]]), onp.array([[9.0, true + off]])
    assert report._entry(entries, None, 0, 1) == f"{true:+.4f}"
    assert (report._entry(entries, claimed, 0, 1) == f"{true:+.4f}") is not wrong
    text = report.jacobian_text(entries, claimed)
    assert ("yours" in text) is wrong and text.count("\n") == 1 and f"{true:+9.4f}" in text
    assert "yours" not in report.jacobian_text(entries) and report.jacobian_text(onp.ones((7, 7))) == ""
    assert report.jacobian_text(onp.ones((6, 6))).count("\n") == 6


@pytest.mark.parametrize(("letter", "first", "status"), [("R", "R", "FAILED"), ("R", "S", "WAITING")])
def test_the_first_letter_that_fails_fails_and_the_others_wait(letter, first, status):
    cases = {letter: [SimpleNamespace(finding=Finding("R", "round trip", 1.0, 1e-6))]}
    run = SimpleNamespace(cases=cases, _first=lambda letter: cases[letter][0])
    assert _Run._line(run, letter, first) == report.Line(letter, Outcome[status], "round trip")


@pytest.mark.parametrize(("dtype", "shape", "told", "says"), [
    ("float32", (3,), False, True), ("float32", (3, 1), False, False), ("float64", (3,), False, False),
    ("float32", (3,), True, False),
])  # fmt: skip
def test_a_pair_in_float32_is_told_how_it_is_audited(dtype, shape, told, says):
    subject = SimpleNamespace(bijection=object() if told else None, dtype=onp.dtype("float64"))
    misshapen = [("log_det", onp.zeros(shape, dtype=dtype), (3,))]
    found = shapes._remedy(SimpleNamespace(subject=subject), misshapen)
    assert found == ("; to audit a map of float32 pass dtype='float32'" if says else "")
    assert shapes._remedy(SimpleNamespace(subject=subject), []) == ""
    subject.dtype = onp.dtype("float32")
    assert shapes._remedy(SimpleNamespace(subject=subject), misshapen) == ""


# --- findings ---


def test_findings_as_text():
    passed, failed = Finding("R", "round trip", 1e-9, 1e-6, "z = 1"), Finding("J", "log_det", 0.5, 1e-6, "z = 2")
    lines = table([passed, failed, not_applicable("N", "no density")], "a title").split("\n")
    assert lines[:2] == ["a title", "      what was compared     error   allowed"]
    assert lines[2] == "  R   round trip   1.0e-09     1e-06  holds"
    assert lines[3] == "  J   log_det      5.0e-01     1e-06  FAILS   at z = 2" and lines[4].endswith("holds")
    assert table([]) == "      what was compared     error   allowed"
    assert "FAILS" in table([inconclusive("N", "integral", "no")]) and len(table([passed]).split("\n")) == 2
    passed.raise_if_failed()
    with pytest.raises(AssertionError, match=r"check J: log_det is off by 5\.00e-01; allowed 1e-06 at z = 2"):
        failed.raise_if_failed()


# --- other libraries' objects ---


def foreign(shape, **density):
    f = lambda a: a  # noqa: E731
    return SimpleNamespace(shape=shape, name="Theirs", accuracy=0.0, forward=f, inverse=f, density=density)


@pytest.mark.parametrize(("shape", "dims"), [(None, (2, 3)), ((4,), DIMS), ((4, 2), DIMS)])
def test_an_object_of_another_library_has_its_own_shape(shape, dims):
    theirs = foreign(shape, log_prob="theirs", sample="s")
    pair, taken, declared = prepared._as_pair(theirs, dims, {"log_prob": "mine", "domain": None})
    assert pair == (theirs.forward, theirs.inverse)
    assert taken == {None: dims, (4,): (4,), (4, 2): ((4, 2),)}[shape]
    assert declared == {"log_prob": "mine", "sample": "s", "name": "Theirs", "accuracy": None}
    theirs.accuracy = 1e-3
    assert prepared._as_pair(theirs, dims, {})[2]["accuracy"] == 1e-3


def test_an_object_of_another_library_is_audited_as_a_pair_of_its_own_dtype(monkeypatch):
    theirs, taken = foreign((4,)), []
    theirs.dtype = "float32"
    monkeypatch.setattr(
        prepared, "adapted", lambda subject, dtype, context: taken.append((subject, dtype, context)) or theirs
    )
    monkeypatch.setattr(prepared, "check_options", lambda *checked: taken.append(checked))
    monkeypatch.setattr(prepared, "groups_of", lambda *asked: taken.append(asked) or "groups")
    options = {"dtype": None, "context": "theirs", "draws": 2}
    assert prepared._groups("subject", DIMS, "rng", {"name": "mine"}, options) == "groups"
    looked, checked, asked = taken
    own = {"dtype": "float32", "context": None, "draws": 2}
    declared = {"name": "mine", "accuracy": None}
    assert looked == ("subject", None, "theirs")
    assert checked == ((theirs.forward, theirs.inverse), (4,), DIMS, declared, own | {"rng": "rng"})
    assert asked == ((theirs.forward, theirs.inverse), (4,), "rng", declared, own)


def test_dims_of_an_object_that_has_its_own_are_refused():
    with pytest.raises(ValueError, match=r"dims must be left out for a Theirs, which has its own; got \(2,\)"):
        prepared._as_pair(foreign((4,)), (2,), {})


# --- pytest ---


def options_of(**given):
    options = {"--flow-laws": [], "--flow-laws-seed": 3, "--flow-laws-json": None} | given
    config = SimpleNamespace(getoption=options.__getitem__, lines=[], registered=[], args=["."])
    config.ArgsSource = SimpleNamespace(ARGS="args")
    config.args_source = "testpaths"
    config.addinivalue_line = lambda *line: config.lines.append(line)
    config.pluginmanager = SimpleNamespace(register=lambda *plugin: config.registered.append(plugin))
    return config


def test_the_options_of_pytest():
    found = {}
    group = SimpleNamespace(addoption=lambda name, **how: found.update({name: how}))
    pytest_plugin.pytest_addoption(SimpleNamespace(getgroup=lambda name: group if name == "flow laws" else None))
    assert {name: how.pop("help") for name, how in found.items()} == pytest_plugin.HELP
    assert found == {
        "--flow-laws": {"action": "append", "default": [], "metavar": "MODULE:OBJECT"},
        "--flow-laws-seed": {"type": int, "default": 0, "metavar": "N"},
        "--flow-laws-json": {"default": None, "metavar": "PATH"},
    }


def test_what_pytest_is_told_at_its_beginning(tmp_path):
    plain, named = options_of(), options_of(**{"--flow-laws": ["a:b", "c:d"]})
    for config, args in ((plain, ["."]), (named, [])):
        pytest_plugin.pytest_configure(config)
        assert config.args == args and config.registered == [] and config.lines[0][0] == "markers"
    chosen = options_of(**{"--flow-laws": ["a:b"], "--flow-laws-json": tmp_path / "found.json"})
    chosen.args_source = "args"
    pytest_plugin.pytest_configure(chosen)
    ((written, name),) = chosen.registered
    assert chosen.args == ["."] and name == "flow_laws_json" and written.path == tmp_path / "found.json"
    assert pytest_plugin.pytest_report_header(plain) is None
    assert pytest_plugin.pytest_report_header(named) == "flow laws: a:b, c:d, seed 3"


def test_outcomes_of_all_processes_are_written_once(tmp_path):
    collected = pytest_plugin._Json(tmp_path / "found.json")
    for when, key in (("call", "flow_laws"), ("setup", "flow_laws"), ("call", "other")):
        collected.pytest_runtest_logreport(SimpleNamespace(when=when, user_properties=[(key, {"letter": key + when})]))
    collected.pytest_sessionfinish(SimpleNamespace(config=SimpleNamespace(workerinput={})))
    assert not (tmp_path / "found.json").exists()
    collected.pytest_sessionfinish(SimpleNamespace(config=SimpleNamespace()))
    text = (tmp_path / "found.json").read_text()
    assert json.loads(text) == [{"letter": "flow_lawscall"}] and text.startswith("[\n {\n") and text.endswith("]\n")


def test_a_marked_function_is_collected_and_its_seed_may_be_its_own(monkeypatch):
    made = []
    monkeypatch.setattr(pytest_plugin, "laws_of", lambda parent, laws: made.append((parent, laws)) or [laws])
    collector = SimpleNamespace(config=options_of())

    def subject():
        return "a map"

    assert pytest_plugin.pytest_pycollect_makeitem(collector, "subject", subject) is None
    subject.pytestmark = [
        SimpleNamespace(name="slow", kwargs={}),
        SimpleNamespace(name="flow_laws", kwargs={"dims": (2,)}),
    ]
    (laws,) = pytest_plugin.pytest_pycollect_makeitem(collector, "subject", subject)
    assert (laws.name, laws.make, laws.options) == ("subject", subject, {"seed": 3, "dims": (2,)})
    subject.pytestmark[1].kwargs["seed"] = 7
    assert pytest_plugin.pytest_pycollect_makeitem(collector, "subject", subject)[0].options["seed"] == 7
    of_class = type("Subject", (), {"pytestmark": subject.pytestmark})
    assert pytest_plugin.pytest_pycollect_makeitem(collector, "Subject", of_class) is None
    items = []
    pytest_plugin.pytest_collection_modifyitems("session", options_of(**{"--flow-laws": ["json:loads"]}), items)
    assert made[-1][0] == "session" and items[0].name == "json:loads" and items[0].make() is json.loads
    assert items[0].options == {"seed": 3}


def test_what_is_found_for_a_letter():
    laws = pytest_plugin.Laws("mine", None, {"seed": 5, "letters": "JSR"})
    laws.report = broken()
    assert laws.found("S") == {
        "subject": "mine", "letter": "S", "outcome": "holds", "detail": "", "seed": 5, "name": None, "message": None,
    }  # fmt: skip
    found = laws.found("J")
    assert (found["outcome"], found["detail"], found["name"]) == ("FAILS", "off by 3", "name J")
    assert found["message"] == "message J" and laws.letters == "JSR"


@pytest.mark.parametrize(("letter", "raised", "words"), [
    ("S", None, ""), ("J", pytest_plugin.LawBroken, "message J\n      Seed 5 of the points and parameters."),
    ("R", pytest.skip.Exception, "not run: too wide"), ("X", pytest.skip.Exception, "not run"),
])  # fmt: skip
def test_a_law_holds_or_fails_or_is_skipped(letter, raised, words):
    laws = pytest_plugin.Laws("mine", None, {"seed": 5})
    lines = (*broken().lines, report.Line("R", Outcome.SKIPPED, "too wide"), report.Line("X", Outcome.SKIPPED))
    laws.report = report.Report("MyFlow", (2,), lines, broken().failures[:1])
    law = SimpleNamespace(laws=laws, letter=letter, user_properties=[])
    if raised is None:
        pytest_plugin.Law.runtest(law)
    else:
        with pytest.raises(raised) as caught:
            pytest_plugin.Law.runtest(law)
        assert str(caught.value) == words
    assert law.user_properties == [("flow_laws", laws.found(letter))]
