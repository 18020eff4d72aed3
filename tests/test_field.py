"""The audit of the field: its enumeration and its page, on modules and results made here."""

import types

import pytest

pytest.importorskip("benchmarks.field.page", reason="benchmarks/ is not part of an installed package")

from benchmarks.field import page
from benchmarks.field.exported import exported
from benchmarks.field.finding import FieldFinding
from benchmarks.field.specimen import Draw, NotBuilt, refuse
from benchmarks.field.worker import audited


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
    assert "| Affine | **RX** | passed, R not judged | not finished | not finished |" in text
    assert "| Exp | passed |  | passed |  |" in text
    assert "- an abstract base: Base" in text and "Raise on a batch of no rows: Exp (RuntimeError)." in text
    assert " | 3 | 2 | 1 | 1 | 0 | 1 | 1 |" in text


def test_a_letter_that_no_finding_confirms_is_open():
    rows = [
        row("Affine", "float64", "calm", "failed", failed="RE"),
        row("Other", "float64", "none", "failed", failed="J"),
    ]
    text = page.page({"zuko": rows}, [FINDING])
    assert "| Affine | **R**, open | not finished |" in text and "| Other | open |  |" in text
    assert " | 2 | 2 | 0 | 1 | 1 | 0 | 1 |" in text


def test_a_finding_stands_with_code_that_can_be_pasted_and_is_confirmed():
    text = page.page({"zuko": ROWS}, [FINDING])
    assert "### Affine: it is off (R, X)" in text and '```python\nx = 2.0\nprint({"x": x})\n```' in text
    assert FINDING.runs() == (True, "x = 2")
