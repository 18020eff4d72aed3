"""A report on a terminal: its tables cell by cell, and which statuses have which colours."""

import io
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import report
from nfscratch.check.finding import Outcome

J = onp.array([[1.0, 2.0, 3.0], [0.25, 0.5, 0.0]])


def cells(table):
    """Its columns, each with its header, how it is justified, and its cells as text."""
    return [(str(c.header), c.justify, [str(cell) for cell in c.cells]) for c in table.columns]


def test_a_jacobian_entry_by_entry():
    table = report._entries(J, None)
    assert (str(table.title), table.title_justify) == ("Jacobian: finite differences", "left")
    assert cells(table) == [
        ("", "left", ["x_0", "x_1"]), ("z_0", "right", ["+1.0000", "+0.2500"]),
        ("z_1", "right", ["+2.0000", "+0.5000"]), ("z_2", "right", ["+3.0000", "+0.0000"]),
    ]  # fmt: skip
    claimed = report._entries(J, J + onp.array([[0, 0, 1.0], [-1.0, 0, 0]]))
    assert str(claimed.title) == "Jacobian: the layer's own / finite differences"
    assert [column[2] for column in cells(claimed)[1:]] == [
        ["+1.0000", "[bold red]-0.7500 / +0.2500[/]"], ["+2.0000", "+0.5000"],
        ["[bold red]+4.0000 / +3.0000[/]", "+0.0000"],
    ]  # fmt: skip


def test_at_most_eight_rows_and_columns_of_a_jacobian_are_shown():
    for shape, rows, columns in (((8, 8), 8, 8), ((9, 7), 8, 7), ((7, 9), 7, 8), ((1, 1), 1, 1)):
        table = report._entries(onp.ones(shape), onp.ones(shape))
        assert (table.row_count, len(table.columns)) == (rows, columns + 1), shape


def test_an_entry_is_off_by_more_than_a_hundred_thousandth_of_itself_or_of_1():
    for true, off, wrong in (
        (0.0, 0.9e-5, False), (0.0, 1.1e-5, True), (0.0, -1.1e-5, True), (50.0, 49e-5, False), (50.0, -51e-5, True),
        (-50.0, 49e-5, False), (-50.0, 51e-5, True), (0.1, 0.9e-5, False), (1.0, onp.nan, True),
    ):  # fmt: skip
        at, claimed = onp.array([[true]]), onp.array([[true + off]])
        assert ("/" in report._entry(at, claimed, 0, 0)) is wrong, (true, off)
        assert ("yours" in report.jacobian_text(at, claimed)) is wrong, (true, off)


def test_the_table_of_the_letters():
    lines = tuple(
        report.Line(letter, outcome, f"of {letter}") for letter, outcome in zip("SPIRXJ", Outcome, strict=True)
    )
    table = report._table(report.Report("MyFlow", (2,), lines))
    assert (str(table.title), table.title_justify) == ("Audit of MyFlow, D = 2", "left")
    words = ["holds", "FAILS", "waiting", "inconclusive", "not applicable", "not run"]
    assert cells(table) == [
        ("", "left", list("SPIRXJ")), ("check", "left", [report.TITLES[letter] for letter in "SPIRXJ"]),
        ("", "left", words), ("", "left", [f"of {letter}" for letter in "SPIRXJ"]),
    ]  # fmt: skip
    styles = [str(cell.style) for cell in list(table.columns)[2].cells]
    assert styles == ["green", "bold red", "yellow", "yellow", "dim", "dim"]


def test_lines_of_a_jacobian_are_those_of_up_to_six_rows():
    assert report.jacobian_text(J).split("\n") == [
        "      the numeric Jacobian there, dx_i/dz_j:",
        "          +1.0000    +2.0000    +3.0000", "          +0.2500    +0.5000    +0.0000",
    ]  # fmt: skip
    claimed = report.jacobian_text(J, J + onp.array([[0, 0, 1.0], [-1.0, 0, 0]])).split("\n")
    assert claimed[1:] == [
        "          +1.0000    +2.0000    +3.0000 (yours +4.0000)",
        "          +0.2500 (yours -0.7500)    +0.5000    +0.0000",
    ]  # fmt: skip
    assert [bool(report.jacobian_text(onp.ones((n, 2)))) for n in (1, 6, 7)] == [True, True, False]


def failing(evidence, **more):
    lines = (report.Line("S", Outcome.PASSED), report.Line("J", Outcome.FAILED, "off"))
    return report.Report("MyFlow", (2,), lines, (report.Failure("J", "a name", "what is wrong", evidence),), **more)


class Terminal(io.StringIO):
    def __init__(self, yes=True):
        super().__init__()
        self.isatty = lambda: yes


def shown(found, terminal):
    found.show(terminal)
    return terminal.getvalue()


def test_a_terminal_has_the_table_the_notes_the_verdict_and_the_entries_in_this_order():
    text = shown(failing({"J": J, "J_claimed": J}, notes=("a [note]",)), Terminal())
    parts = ["Audit of MyFlow", "Note: a [note]", "what is wrong", "Jacobian: the layer's own"]
    assert [text.count(part) for part in parts] == [1] * 4
    assert sorted(parts, key=text.index) == parts
    assert "Jacobian:" not in shown(failing({}), Terminal())
    assert "No mistake found." in shown(report.Report("MyFlow", (2,), (report.Line("S", Outcome.PASSED),)), Terminal())


def test_a_report_goes_to_the_output_of_the_moment(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    failing({}).show()
    assert "\x1b[" in terminal.getvalue() and "Audit of MyFlow" in terminal.getvalue()


def test_a_failure_is_shown_without_its_counter_example():
    assert repr(failing({"J": J}).failures[0]).startswith(
        "Failure(letter='J', name='a name', message='what is wrong', "
    )
    assert "counter_example" not in repr(failing({"J": J}).failures[0])


@pytest.mark.parametrize("file", [Terminal(False), io.StringIO(), SimpleNamespace()])
def test_elsewhere_it_is_plain_text(file):
    written = []
    file.write = written.append
    found = failing({"J": J})
    found.show(file)
    assert "".join(written) == f"{found}\n"


def test_a_title_has_the_dimensions_and_what_both_directions_cost():
    for more, words in (
        ({}, "Audit of it, D = 2, (1, 2)"), ({"costs": ("cheap", "dear")}, "; forward cheap, inverse dear"),
    ):  # fmt: skip
        found = report.Report("it", (2, (1, 2)), (), **more)._title()
        assert found.startswith("Audit of it, D = 2, (1, 2)") and found.endswith(words)
