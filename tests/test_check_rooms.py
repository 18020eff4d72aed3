"""The rooms of the audit: which may import which; and its vocabulary, which is complete."""

import ast
from pathlib import Path

import pytest

import nfscratch
from nfscratch.check import Finding, Mistake, Outcome
from nfscratch.check.battery import PLAIN, SPECIAL
from nfscratch.check.diagnosis.explain import LOOKS
from nfscratch.check.diagnosis.hints import HINTS
from nfscratch.check.finding import inconclusive, not_applicable
from nfscratch.check.report import LETTERS, TITLES

ROOT = Path(nfscratch.__file__).parent.parent
FILES = sorted((ROOT / "nfscratch" / "check").rglob("*.py"))


def imported(path):
    """The modules of `check` that a file imports, anywhere in it."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return {node.module for node in nodes if node.module.startswith("nfscratch.check")}


def module(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


ARROWS = {module(path): imported(path) for path in FILES}


def test_letters_do_not_know_of_the_diagnosis():
    letters = {name: found for name, found in ARROWS.items() if ".letters." in name}
    assert len(letters) >= 13
    assert not [name for name, found in letters.items() if any(".diagnosis" in other for other in found)]


def test_no_file_of_the_audit_imports_itself_by_way_of_others():
    left = dict(ARROWS)
    while free := [name for name, found in left.items() if not found & set(left)]:
        for name in free:
            del left[name]
    assert not left


def test_every_letter_has_a_title_a_check_and_a_diagnosis():
    assert set(LETTERS) == set(TITLES) == set(PLAIN) | set(SPECIAL)
    assert set(LETTERS) == set(LOOKS) | set("XJ")  # which share one


def test_the_table_of_the_diagnosis_has_every_file():
    words = set(nfscratch.check.diagnosis.__doc__.replace(",", " ").replace(".py", " ").replace(";", " ").split())
    files = {path.stem for path in FILES if path.parent.name == "diagnosis" and path.stem != "__init__"}
    assert files and files <= words, files - words


def test_every_mistake_has_a_hint_which_is_not_the_answer():
    assert set(HINTS) == set(Mistake)
    assert all(mistake.value not in hint for mistake, hint in HINTS.items())


@pytest.mark.parametrize(
    ("finding", "outcome", "ok", "failed"),
    [
        (Finding("R", "x", 0.5, 1.0), Outcome.PASSED, True, False),
        (Finding("R", "x", 1.5, 1.0), Outcome.FAILED, False, True),
        (Finding("R", "x", float("nan"), 1.0), Outcome.FAILED, False, True),
        (not_applicable("D", "no log_prob"), Outcome.NOT_APPLICABLE, True, False),
        (inconclusive("N", "integral", "grids differ"), Outcome.INCONCLUSIVE, False, False),
    ],
)
def test_what_came_of_a_check(finding, outcome, ok, failed):
    assert (finding.outcome, finding.ok, finding.failed) == (outcome, ok, failed)
