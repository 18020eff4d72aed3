"""The book's text as pages: equations, captions and references become anchors, figures and links. Sphinx is not needed."""

import pytest

from nfscratch import chapter
from nfscratch.book import captions, chapter_page, citations, equations

NUMBERS = {"ch01_change_of_variables": {"1", "8"}, "ch04_coupling": {"2", "3"}}
PAGE = "ch04_coupling"


@pytest.mark.parametrize("text, expected", [
    ("by (3).", "by [(3)](#ch04-eq-3)."),
    ("Equation (3) and (2)", "Equation [(3)](#ch04-eq-3) and [(2)](#ch04-eq-2)"),
    ("chapter 01 (8)", "[chapter 01 (8)](#ch01-eq-8)"),
    ("Chapter 01 says", "[Chapter 01](ch01_change_of_variables.ipynb) says"),
    ("chapter 01 (9)", "[chapter 01](ch01_change_of_variables.ipynb) (9)"),
    ("chapter 04 (3)", "[chapter 04 (3)](#ch04-eq-3)"),
    ("chapter 04", "chapter 04"),  # this page
    ("chapter 09", "chapter 09"),  # a chapter that the site does not have
    ("f(3) and g_2(3)", "f(3) and g_2(3)"),  # a value of a function
    ("(9), (2020)", "(9), (2020)"),  # no equation has that number
    ("$x = (3)$ and `f (3)` and [a (3)](b)", "$x = (3)$ and `f (3)` and [a (3)](b)"),
    ("$$a \\tag{3}$$ (3)", "$$a \\tag{3}$$ [(3)](#ch04-eq-3)"),
])  # fmt: skip
def test_what_names_an_equation_or_a_chapter_is_a_link(text, expected):
    assert equations.linked(text, PAGE, NUMBERS) == expected


def test_a_numbered_formula_has_an_anchor_before_it():
    text = equations.anchored("a\n$$b \\tag{3}$$\nc $$d$$", PAGE)
    assert "(ch04-eq-3)=\n$$b \\tag{3}$$" in text and text.count(")=") == 1
    assert equations.tags("$$a \\tag{3}$$ $$b \\tag{10}$$") == {"3", "10"}


CAPTION = """Text.

*Figure `ch04_modes`.* Two blobs: $p$ and $q$. The *second*
panel.

More."""


def test_a_caption_becomes_a_numbered_figure_and_its_first_sentence_the_description():
    text = captions.placed(CAPTION)
    assert captions.names(CAPTION) == ["ch04_modes"]
    assert "::::{figure} figures/ch04_modes.png\n:name: ch04_modes\n:alt: Two blobs:\n" in text
    assert "Two blobs: $p$ and $q$. The *second*\npanel.\n::::" in text
    assert text.startswith("Text.") and text.endswith("More.") and "*Figure" not in text


def test_a_description_holds_no_signs_of_mathematics():
    text = captions.placed("*Figure `a`.* The map $x^{\\alpha}$ of `f`. Then.")
    assert next(line for line in text.splitlines() if line.startswith(":alt:")) == ":alt: The map x^alpha of f."


class Output(dict):
    """An output of a notebook: its keys are attributes too."""

    def __getattr__(self, key):
        return self[key]

    def __setattr__(self, key, value):
        self[key] = value


class Cell:
    def __init__(self, *outputs):
        self.outputs = list(outputs)


def test_pictures_and_the_lines_that_name_their_files_leave_the_outputs():
    printed = Output(output_type="stream", text="a 1\n  figure: figures/a.png\nb 2\n")
    only = Output(output_type="stream", text="  figure: figures/a.png\n")
    picture = Output(output_type="display_data", data={"image/png": "..."})
    table = Output(output_type="execute_result", data={"text/html": "<table>"})
    cell = Cell(printed, only, picture, table)
    captions.without_pictures(cell)
    assert cell.outputs == [printed, table] and printed.text == "a 1\nb 2\n"


@pytest.mark.parametrize("number, address", [
    ("arXiv:1505.05770", "https://arxiv.org/abs/1505.05770"),
    ("doi:10.1002/cpa.21423", "https://doi.org/10.1002/cpa.21423"),
    ("doi:10.1016/0167-9473(92)90042-E", "https://doi.org/10.1016/0167-9473(92)90042-E"),
])  # fmt: skip
def test_a_reference_is_a_link_without_the_stop_behind_it(number, address):
    assert citations.linked(f"In {number}. Then") == f"In [{number}]({address}). Then"


def test_the_bibliography_has_each_paper_once_with_its_chapters(tmp_path):
    first, second = tmp_path / "ch01_a.py", tmp_path / "ch02_b.py"
    paper = "Rezende, Mohamed (2015), *Variational inference*, arXiv:1505.05770"
    first.write_text(f"# **References.** {paper}. Ba (2016), *Norms*, doi:10.1/a.b.\n", encoding="utf-8")
    second.write_text(f"# **References.** {paper}.\n", encoding="utf-8")
    found = citations.bibliography({"ch01_a": first, "ch02_b": second})
    assert [(e.who, e.number, e.pages) for e in found] == [
        ("Ba (2016)", "doi:10.1/a.b", ("ch01_a",)),
        ("Rezende, Mohamed (2015)", "arXiv:1505.05770", ("ch01_a", "ch02_b")),
    ]


@pytest.mark.parametrize("name", chapter.chapters())
def test_every_reference_of_a_chapter_is_in_the_bibliography(name):
    path = chapter.chapters()[name]
    listed = citations.LIST.search(path.read_text(encoding="utf-8"))
    numbers = {match.group() for match in citations.NUMBER.finditer(listed[1] if listed else "")}
    assert {entry.number for entry in citations.bibliography({name: path})} == numbers


@pytest.mark.parametrize("name", chapter.chapters())
def test_every_caption_of_a_chapter_is_of_a_figure_that_its_code_saves(name):
    text = chapter.chapters()[name].read_text(encoding="utf-8")
    prose = "\n".join(line.removeprefix("# ") for line in text.splitlines() if line.startswith("#"))
    described = captions.names(prose)
    assert len(set(described)) == len(described)
    assert [figure for figure in described if f'"{figure}"' not in text] == []


def test_a_page_is_linked_before_figures_and_anchors_are_put_in():
    text = "See (3), arXiv:1505.05770.\n\n$$a \\tag{3}$$\n\n*Figure `ch04_a`.* By (3)."
    page = chapter_page.prose(text, PAGE, NUMBERS)
    assert page.count("](#ch04-eq-3)") == 2 and "(ch04-eq-3)=" in page and "](https://arxiv.org" in page
