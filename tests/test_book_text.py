"""The book's text as pages: equations, captions and references become anchors, figures, links. It needs no Sphinx."""

import inspect
import re

import pytest

from nfscratch import chapter
from nfscratch.book import (  # fmt: skip
    back,
    captions,
    chapter_page,
    citations,
    equations,
    exercise_page,
    front,
    labels,
    museum_page,
    reference,
)
from nfscratch.check.report import LETTERS, TITLES
from nfscratch.course.museum.exhibit import bugs
from nfscratch.course.museum.workshop import compared
from nfscratch.course.task import assigned, assignment

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
    text = captions.placed(CAPTION, captions.numbers(PAGE))
    assert captions.names(CAPTION) == ["ch04_modes"]
    assert "::::{figure} figures/ch04_modes.png\n:name: ch04_modes\n:alt: Two blobs:\n" in text
    assert "**Figure 4.1.** Two blobs: $p$ and $q$. The *second*\npanel.\n::::" in text
    assert text.startswith("Text.") and text.endswith("More.") and "*Figure `" not in text


def test_a_description_holds_no_signs_of_mathematics():
    text = captions.placed("*Figure `a`.* The map $x^{\\alpha}$ of `f`. Then.", captions.numbers("faq"))
    assert next(line for line in text.splitlines() if line.startswith(":alt:")) == ":alt: The map x^alpha of f."


class Page:
    """A notebook with these texts."""

    def __init__(self, *texts):
        self.cells = [Cell() for _ in texts]
        for cell, text in zip(self.cells, texts, strict=True):
            cell.cell_type, cell.source = "markdown", text


def test_figures_are_counted_in_their_own_chapter():
    figure = "*Figure `{}`.* Words."
    page = chapter_page.page(Page(figure.format("a"), figure.format("b") + "\n\n" + figure.format("c")), PAGE, NUMBERS)
    assert re.findall(r"\*\*Figure (.*?)\.\*\* Words", "".join(cell.source for cell in page.cells)) == [
        "4.1",
        "4.2",
        "4.3",
    ]
    assert "**Figure 1.**" in chapter_page.page(Page(figure.format("a")), "faq", {"faq": set()}).cells[0].source


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


def test_a_warning_names_its_line_and_no_file_of_the_machine_that_ran_it():
    page, cell = (
        Page(),
        Cell(Output(output_type="stream", text="a\n/a/ipykernel_17/3766.py:35: UserWarning: b\n")),
    )
    cell.cell_type, page.cells = "code", [cell]
    chapter_page.page(page, PAGE, NUMBERS)
    assert cell.outputs[0].text == "a\nline 35 of this cell: UserWarning: b\n"


REFERENCES = (
    "**References.** Oliva et al. (2018), *TAN*, arXiv:1801.09819. Chen, Behrmann (2019), *A*, arXiv:1906.02735. "
    "van den Berg, Tomczak (2018), *Sylvester*, arXiv:1803.05649. Shannon (1948), *Theory*. "
    "Durkan et al. (2019), *Cubic*, arXiv:1906.02145, and *Neural*, arXiv:1906.04032."
)


def test_a_name_in_prose_is_a_link_to_the_one_paper_of_that_author():
    papers = citations.papers(REFERENCES)
    assert papers == {
        "Oliva": "https://arxiv.org/abs/1801.09819",
        "Chen": "https://arxiv.org/abs/1906.02735",
        "Berg": "https://arxiv.org/abs/1803.05649",
    }
    text = "Oliva et al. use $x$ (Chen et al.); Durkan et al. and Kong et al. do not. `Chen et al.`"
    assert citations.mentioned(text, papers) == text.replace(
        "Oliva et al. use", "[Oliva et al.](https://arxiv.org/abs/1801.09819) use"
    ).replace("(Chen et al.)", "([Chen et al.](https://arxiv.org/abs/1906.02735))")
    page = chapter_page.page(Page(REFERENCES, "By Oliva et al."), PAGE, NUMBERS)
    assert "[Oliva et al.]" not in page.cells[0].source and "[Oliva et al.]" in page.cells[1].source


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
    assert {entry.number for entry in citations.bibliography({name: path}) if entry.number} == numbers


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


@pytest.mark.parametrize("row, expected", [
    ("| $|a|$ | b \\| c |", "| $\\vert a\\vert $ | b \\| c |"),
    ("| $p \\| q$ |", "| $p \\Vert  q$ |"),
    ("$|a|$ in prose", "$|a|$ in prose"),
    ("| 5 $ | 6 $ |", "| 5 $ | 6 $ |"),
])  # fmt: skip
def test_a_bar_of_a_formula_does_not_end_a_cell_of_a_table(row, expected):
    assert equations.in_tables(row) == expected


def test_the_title_of_a_chapter_gets_its_number_and_no_other_heading_does():
    assert chapter_page.prose("# Coupling\n\n## More", PAGE, NUMBERS) == "# 04 Coupling\n\n## More"
    assert chapter_page.prose("# Questions", "faq", {"faq": set()}) == "# Questions"


def test_a_label_that_stands_twice_is_named_with_both_pages():
    pages = {"a": "(x-1)=\n# A\n:name: fig_1\n", "b": "(fig-1)=\ntext (x-1)= in a line\n", "c": "(y)=\n"}
    assert labels.repeated(pages) == ["the label fig-1 stands in a and again in b"]


def test_the_symbols_of_chapter_00_and_all_letters_are_listed():
    page = back.symbols(chapter.chapters())
    assert "| $z$, $x$ | noise, data" in page and "| $\\theta$ | all parameters |" in page
    assert [letter for letter in LETTERS if f"| **{letter}** | {TITLES[letter]} |" not in page] == []


def test_the_pages_at_the_back_are_there_and_name_what_they_are_made_of():
    pages = back.pages(chapter.chapters())
    assert "| zuko | " in pages["directions"] and pages["directions"].startswith("# Which way is forward?")
    assert "## More" not in pages["directions"]
    assert pages["audit"].startswith("# The audit of the field")


def test_the_museum_has_every_bug_with_its_difference_and_what_sees_it():
    page = museum_page.page()
    for name, (work, bug) in bugs().items():
        assert f"`{name}`" in page and bug.title in page and bug.lesson in page
        assert all(line in page for line in compared(work, bug.changes))


@pytest.mark.exhaustive
def test_the_reference_has_every_public_name_once():
    pages = reference.pages()
    text = "\n".join(pages.values())
    names = reference.public()
    assert {"nf.Coupling", "nf.flows.real_nvp", "nf.fit", "nf.evaluate.bits_per_dim", "nf.check.audit"} <= set(names)
    assert [name for name in names if text.count(f"({reference.anchor(name)})=") != 1] == []
    assert not labels.repeated(pages)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["nf.Coupling", "nf.fit", "nf.check.audit", "nf.flows.real_nvp"])
def test_no_word_of_a_docstring_is_lost_and_a_formula_keeps_its_layout(name):
    docstring = inspect.getdoc(reference.public()[name])
    page = "\n".join(reference.shown(docstring))
    plain = re.sub(r"\\([^\w\s])", r"\1", page).replace("```text", "").replace("```", "")
    assert plain.split() == re.sub(r"\\([^\w\s])", r"\1", docstring).replace("```", "").split()


def test_a_paragraph_with_columns_keeps_its_layout_and_prose_is_escaped():
    page = list(reference.shown("One *star* of `a_b`.\n\n    x = y        (1)\n\nk  v\nl  w\n\nEnd_1."))
    assert page[0] == "One \\*star\\* of `a_b`\\." and page[-2] == "End\\_1\\."
    assert page[2:5] == ["```text", "    x = y        (1)\n\nk  v\nl  w", "```"]


@pytest.mark.exhaustive
@pytest.mark.parametrize("number", assigned())
def test_the_exercises_of_a_chapter_are_its_stubs(number):
    found = assignment(number)
    page = exercise_page.pages({found.path.stem: found.path}, live=True)[f"exercises-{number}"]
    for task in found.tasks:
        assert f":name: task-{task.id.replace('.', '-')}\n" in page
        assert f'raise NotImplementedError("task {task.id}: ' in page


def test_the_title_page_names_every_chapter_and_every_other_page():
    page = front.index(chapter.chapters(), {"At the back": ["symbols"]}, figures=["ch04_modes"])
    assert "figures/ch04_modes.png" in page and "\nsymbols\n" in page
    assert [name for name in chapter.chapters() if f"({name}.ipynb)" not in page or f"\n{name}\n" not in page] == []
