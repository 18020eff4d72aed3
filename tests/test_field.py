"""The audit of the field: its enumeration and its page, on modules and results made here."""

import signal
import subprocess
import sys
import types
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("benchmarks.field.page", reason="benchmarks/ is not part of an installed package")

from benchmarks.field import page, run
from benchmarks.field.exported import exported
from benchmarks.field.finding import FieldFinding, Limit
from benchmarks.field.one_way import NO_Z, by_search, remembering
from benchmarks.field.specimen import Draw, NotBuilt, refuse
from benchmarks.field.state import state
from benchmarks.field.worker import audited
from nfscratch.ops.roots import InversionError


class Base:
    pass


class Affine(Base):
    pass


class Hidden(Base):
    pass


def module(**names):
    made = types.ModuleType("toy")
    vars(made).update(names)
    return made


def test_every_public_class_is_found_once_under_its_own_name():
    toy = module(Affine=Affine, AffineAlias=Affine, Base=Base, _Hidden=Hidden, number=3, Other=int)
    assert exported(toy, Base) == ["Affine", "Base"]


def test_a_class_that_cannot_be_built_is_listed_with_the_reason():
    def broken(draw):
        raise RuntimeError("needs a GPU")

    for construct, why in ((refuse("an abstract base"), "an abstract base"), (broken, "RuntimeError: needs a GPU"),
                           (None, "no constructor is written for it")):  # fmt: skip
        (row,) = audited("Affine", construct)
        assert row["outcome"] == "not built" and row["why"] == why


def test_a_draw_says_whether_weights_were_asked_for():
    draw = Draw(3.0, "float32")
    assert not draw.used and draw.positive(2).dtype == "float32" and draw.used
    with pytest.raises(NotBuilt):
        refuse("no")(draw)


def row(name, dtype="", weights="", outcome="not built", **more):
    return {"class": name, "dtype": dtype, "weights": weights, "outcome": outcome, **more}


def reproduce():
    x = 2.0
    return {"x": x}


FINDING = FieldFinding("zuko", ("Affine",), "RX", "it is off", "By much.", reproduce, lambda found: found["x"] == 2.0,
                       "counting")  # fmt: skip
ROWS = [
    row("Affine", "float64", "calm", "failed", failed="RX", letters={"R": "FAILS"}),
    row("Affine", "float64", "wild", "passed", letters={"R": "inconclusive", "S": "holds"}),
    row("Exp", "float64", "none", "passed", letters={"S": "holds"}, empty="RuntimeError"),
    row("Exp", "float32", "none", "passed", letters={"S": "holds"}),
    row("Base", why="an abstract base"),
]


def test_the_page_has_a_row_for_each_class_and_a_reason_for_each_other():
    text = page.page({"zuko": ROWS}, [FINDING])
    assert "| Affine | **RX** | passed; R not judged | not finished | not finished |" in text
    assert "| Exp | passed |  | passed |  |" in text
    assert "- an abstract base: Base" in text and "Raise on a batch of no rows: Exp (RuntimeError)." in text
    assert " | 3 | 2 | 1 | 0 | 1 | 0 | 0 | 1 | 1 |" in text


def test_a_letter_that_no_finding_confirms_is_open():
    rows = [
        row("Affine", "float64", "calm", "failed", failed="RE"),
        row("Other", "float64", "none", "failed", failed="J"),
    ]
    text = page.page({"zuko": rows}, [FINDING])
    assert "| Affine | **R**, open | not finished |" in text and "| Other | open |  |" in text
    assert " | 2 | 2 | 0 | 0 | 0 | 0 | 2 | 0 | 1 |" in text  # a class with one open letter is open


def test_a_finding_that_stands_in_no_cell_is_said_to_be_seen_no_more():
    passed = [row("Affine", "float64", "calm", "passed"), row("Other", "float64", "calm", "failed", failed="R")]
    assert "stand in no cell" not in page.page({"zuko": ROWS}, [FINDING])
    text = page.page({"zuko": passed}, [FINDING, replace(FINDING, limit=Limit.RANGE), replace(FINDING, package="tfp")])
    assert "stand in no cell of these rows: zuko, Affine, it is off. Their reproducers" in text.replace("\n", " ")


LIMIT = replace(FINDING, letters="SE", limit=Limit.RANGE, said=("not finite",))


def test_a_limit_explains_a_letter_only_where_the_audit_said_its_words():
    rows = [
        row("Affine", "float64", "calm", "failed", failed="E", messages={"E": "forward is not finite"}),
        row("Affine", "float64", "wild", "failed", failed="SE", messages={"S": "is not finite", "E": "it jumps"}),
    ]
    assert "| Affine | E out of range | S out of range, open |" in page.page({"zuko": rows}, [LIMIT])
    assert " | 1 | 1 | 0 | 0 | 0 | 0 | 1 | 0 | 0 |" in page.page({"zuko": rows}, [LIMIT])
    text = page.page({"zuko": rows[:1]}, [LIMIT])  # a limit is no finding, and its class is explained
    assert " | 1 | 1 | 0 | 0 | 0 | 1 | 0 | 0 | 0 |" in text and "it is off (S, E; out of range)" in text
    met = [row("Affine", "float64", "calm", "passed", letters={"E": "holds"})]
    assert "it is off" not in page.page({"zuko": met}, [LIMIT])  # a limit that nothing meets explains nothing
    assert "it is off (R, X)" in page.page({"zuko": met}, [FINDING])  # a mistake stands, whoever found it


def test_a_class_that_raises_is_open_and_a_note_stands_on_the_page():
    rows = [row("Affine", "float64", "calm", "raises", note="on positive numbers")]
    text = page.page({"zuko": rows}, [FINDING])
    assert " | 1 | 1 | 0 | 0 | 0 | 0 | 1 | 0 | 1 |" in text and "- Affine: on positive numbers" in text


def test_a_cell_says_which_letters_were_not_judged_and_such_a_class_is_counted_apart():
    doubtful = {"R": "inconclusive", "S": "holds", "T": "not applicable", "X": "inconclusive"}
    rows = [
        row("Affine", "float64", "calm", "failed", failed="R", letters={"R": "FAILS", "X": "inconclusive"}),
        row("Exp", "float64", "none", "passed", letters={"S": "holds"}),
        row("Exp", "float32", "none", "passed", letters=doubtful),
        row("Tanh", "float64", "none", "not judged", letters=doubtful),
        row("Flow", "float64", "calm", "passed", letters={"S": "holds"}),
        row("Flow", "", "", "not finished", why="not finished in 600 s of processor time"),
    ]
    text = page.page({"zuko": rows}, [FINDING])
    assert "| Affine | **R**; X not judged |" in text and "| Exp | passed |  | passed; RX not judged |  |" in text
    assert "| Tanh | not judged |  |" in text and "| Flow | passed | not finished |" in text
    assert "- Flow: not finished in 600 s of processor time" in text
    assert " | 4 | 4 | 0 | 3 | 1 | 0 | 0 | 0 | 1 |" in text


def test_the_page_says_whether_its_rows_come_from_one_state_of_the_audit():
    rows = [row(name, "float64", "none", "passed", letters={}, audit=audit)
            for name, audit in (("Affine", "a1"), ("Exp", "a1"), ("Tanh", "b2"))]  # fmt: skip
    assert "All rows come from one state of the audit: a1, a hash" in page.page({"zuko": rows[:2]}, [])
    text = " ".join(page.page({"zuko": rows}, []).split())
    assert "come from several states of the audit. Most are of a1," in text and "of others: zuko's Tanh (b2)." in text
    rest = [row("Exp", "float64", "none", "passed", letters={}, audit="c3")]
    text = " ".join(page.page({"zuko": rows, "tfp": rest}, []).split())
    assert "of others: zuko's Tanh (b2); all of tfp (c3)." in text
    older = [row(name, "float64", "none", "passed", letters={}, audit=audit)
             for name, audit in (("Affine", "a1"), ("Exp", "b2"), ("Tanh", "b2"), ("Flip", "c3"))]  # fmt: skip
    text = " ".join(page.page({"tfp": [*rows[:2], *rows[:2]], "zuko": older}, []).split())
    assert "of others: zuko's Exp, Tanh (b2); zuko's Flip (c3)." in text
    text = " ".join(page.page({"tfp": [*rows[:2], *rows[:2]], "zuko": older[:3]}, []).split())
    assert "of others: zuko but for Affine (b2)." in text


def test_the_state_of_the_audit_changes_with_its_code(tmp_path):
    for room in ("letters", "diagnosis"):
        (tmp_path / room).mkdir()
    (tmp_path / "letters" / "edges.py").write_text("tolerance = 1")
    first = state(tmp_path)
    (tmp_path / "note.md").write_text("no code")
    (tmp_path / "diagnosis" / "names.py").write_text("a name judges nothing")
    assert state(tmp_path) == first == state(tmp_path) and state() != first
    (tmp_path / "letters" / "edges.py").write_text("tolerance = 2")
    assert state(tmp_path) != first


def test_rows_stand_in_the_order_of_the_classes_whenever_they_were_done():
    rows = page.in_order([row("Tanh"), row("Affine"), row("Gone")], ["Affine", "Exp", "Tanh"])
    assert [r["class"] for r in rows] == ["Affine", "Exp", "Tanh", "Gone"] and "not reached" in rows[1]["why"]


@pytest.mark.parametrize("code, why", [(-signal.SIGXCPU, "not finished in 3 s of processor time"),
                                       (-signal.SIGSEGV, "the process ended")])  # fmt: skip
def test_a_class_that_is_not_finished_keeps_its_rows_and_says_why(code, why, tmp_path):
    path = tmp_path / "zuko.jsonl"
    watch = run._Watch("zuko", ["Affine", "Exp"], 2, path, limit=3.0)
    for record in ({"begins": "Affine"}, row("Affine", "float64", "calm", "passed")):
        watch.record(record)
    watch.ended(code)
    first, second = run.rows(path)
    assert (first["outcome"], second["outcome"], second["why"]) == ("passed", "not finished", why)
    assert watch.left == ["Exp"]


@pytest.mark.exhaustive
def test_the_limit_is_of_processor_time():
    code = "from benchmarks.field.worker import allow\nimport time\ntime.sleep(1.5)\nallow(0.1)\nwhile True: pass"
    assert subprocess.run([sys.executable, "-c", code], timeout=300).returncode == -signal.SIGXCPU


def cube(z):
    return z**3 + z, np.log(3 * z**2 + 1).sum(axis=1)


def flat(z):
    return np.tanh(z), np.log1p(-(np.tanh(z) ** 2)).sum(axis=1)


@pytest.mark.parametrize("dtype, close", [("float64", 1e-9), ("float32", 1e-3)])
def test_a_search_finds_the_inverse_in_both_dtypes(dtype, close):
    z = np.array([[0.3, -2.0, 5.0], [40.0, -0.01, 1.0]], dtype=dtype)
    back, log_det = by_search(cube)(cube(z)[0])
    assert back.dtype == dtype and np.abs(back - z).max() < close * 40
    assert np.allclose(log_det, -cube(z)[1], rtol=1e-5)


def test_a_search_says_that_there_is_no_z_and_starts_where_it_was_told():
    with pytest.raises(InversionError, match=NO_Z):
        by_search(flat)(np.array([[2.0, 0.0, 0.0]]))
    forward, inverse = remembering(np_flat_bump)
    z = np.array([[6.0, -6.0, 6.2]])
    assert np.abs(inverse(forward(z)[0])[0] - z).max() < 1e-6


def np_flat_bump(z):
    """Almost flat between -5 and 5, so that Newton's method goes astray from 0."""
    return np.sinh(2 * z) * 1e-6, np.log(2e-6 * np.cosh(2 * z)).sum(axis=1)


def test_a_finding_stands_with_code_that_can_be_pasted_and_is_confirmed():
    text = page.page({"zuko": ROWS}, [FINDING])
    assert "### Affine: it is off (R, X)" in text and '```python\nx = 2.0\nprint({"x": x})\n```' in text
    assert FINDING.runs() == (True, "x = 2")
