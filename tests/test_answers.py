"""What the functions of the audit answer on the way to a report is what they answered when it was recorded.

A report says one name, and hides most of what was looked at. Here every look, bound, draw and edit has a say. After a
change on purpose: `python tests/support/answers/record.py`, and look at the difference.
"""

import ast
import warnings

import numpy as np
import pytest
from answers import recorded
from answers.brief import Brief
from answers.listener import listened
from answers.subjects import SUBJECTS
from share import few

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_affine
from nfscratch.check.finding import Finding

DEFAULT, MORE = (recorded.read(recorded.FILES[suite]) for suite in ("default", "exhaustive"))
LINE = np.linspace(-1, 1, 12)
SHARE = [  # in the default run: a search, and few subjects that together ask most of the other functions
    "change: curves 3", "faint: mixed 1.4e-05", "broken: a row's number", "stranger: logit.no_div",
    "faint: kinked 1.4e-05", "broken: 36 clamp, cut",
]  # fmt: skip


def compare(record, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        heard = listened(SUBJECTS[name])
    changed = recorded.otherwise(record[name], heard)
    assert not changed, f"{len(changed)} functions answer otherwise; the first: {'; '.join(changed[:5])}"


@pytest.mark.parametrize("name", few(DEFAULT, SHARE))
def test_the_functions_of_the_audit_answer_as_recorded(name):
    compare(DEFAULT, name)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", MORE)
def test_they_answer_as_recorded_about_more_subjects(name):
    compare(MORE, name)


def test_the_record_has_most_functions_and_most_of_what_they_say():
    lines = [said for record in (DEFAULT, MORE) for mine in record.values() for said in mine.values()]
    functions = {function for record in (DEFAULT, MORE) for mine in record.values() for function in mine}
    assert len(functions) > 600
    assert sum(said[1] != recorded.OPEN for said in lines) > 0.9 * len(lines)


# --- whether a record can see a change ---


def test_a_look_that_says_something_else_is_heard(monkeypatch):
    name = next(name for name, mine in DEFAULT.items() if "diagnosis/wrong_affine:_first_wrong" in mine)
    monkeypatch.setattr(wrong_affine, "_first_wrong", lambda c: 0)
    with pytest.raises(AssertionError, match="functions answer otherwise"):
        compare(DEFAULT, name)


def brief_of(*answers):
    brief = Brief()
    for answer in answers:
        brief.add(answer)
    return recorded.short(brief)


@pytest.mark.parametrize("one, other", [
    (True, False), (None, False), (3, 4), ("a", "b"), (Mistake.SIGN, Mistake.MEAN), (LINE, -LINE), (LINE, LINE[:11]),
    (LINE, 1.01 * LINE), (LINE, LINE[::-1]), (LINE, LINE.astype(np.float32)), (LINE > 0, LINE > 0.2),
    (1e-12, 2e-12), (np.float64(0.1), np.float64(0.2)), (1e-12 * np.pi, 2e-12 * np.pi), 
    (LINE, np.where(LINE == LINE[3], np.inf, LINE)),
    ((1, 2), (2, 1)), ([1], [1, 1]), ({"a": 1}, {"a": 2}), ({1, 2}, {1, 3}), (int, float),
    (ast.parse("a + b"), ast.parse("a - b")), (np.arange(3), np.arange(3)[::-1]),
    (Finding("R", "x", 0.5, 1e-6), Finding("R", "x", 0.5, 2e-6)), ("layer 2 of 3", "layer 3 of 3"),
])  # fmt: skip
def test_answers_that_differ_differ_in_short(one, other):
    with np.errstate(all="ignore"):
        assert not all(recorded.agrees(brief_of(one), brief_of(other)))
        assert all(recorded.agrees(brief_of(one), brief_of(one)))
        assert not all(recorded.agrees(brief_of(one, other), brief_of(other, one)))


@pytest.mark.parametrize("one, other", [
    (LINE, LINE * (1 + 1e-13)), (1 / 3, 1 / 3 + 1e-16), ("off by 1.25e-17", "off by 3.50e-16"),
    ("lines 3 to 5 of a.py", "lines 13 to 15 of a.py"), (lambda: 1, lambda: 2),
])  # fmt: skip
def test_rounding_and_the_place_of_a_line_do_not_count(one, other):
    assert all(recorded.agrees(brief_of(one), brief_of(other)))


def test_what_depends_on_the_processor_is_not_recorded():
    one, other = {"f": brief_of(LINE, True), "g": brief_of(1)}, {"f": brief_of(LINE + 1e-3, True), "h": brief_of(1)}
    (said,) = recorded.common([one, other]).values()
    assert said == (*one["f"][:2], recorded.OPEN, recorded.OPEN)
    assert recorded.common([one, one]) == one


def test_a_record_comes_back_from_its_file(tmp_path):
    record = {"broken: a": {"f:g": brief_of(LINE), "f:h": brief_of(1)}, "healthy: b": {"f:g": brief_of("x", 0.5)}}
    recorded.write(tmp_path / "answers.txt", record)
    assert recorded.read(tmp_path / "answers.txt") == record


def test_a_function_that_is_silent_is_told_and_a_new_one_is_not():
    brief = Brief()
    brief.add(1)
    assert recorded.otherwise({"f": recorded.short(brief)}, {"f": brief, "new": brief}) == []
    assert "f: 0 - - -, not 1 " in recorded.otherwise({"f": recorded.short(brief)}, {})[0]
