"""A page of the book: the chapter's notebook, its outputs, and its prose with anchors, links and figures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nfscratch.book import animations, captions, citations, equations

HEADING = re.compile(r"\A# (?=\S)")
KERNEL = re.compile(
    r"\S*[/\\]ipykernel_\d+[/\\]\d+\.py:(\d+): "
)  # where a warning comes from: another name in every run


def numbers_of(texts: Mapping[str, Path]) -> dict[str, set[str]]:
    """{page: the numbers of its equations}."""
    return {name: equations.tags(path.read_text(encoding="utf-8")) for name, path in texts.items()}


def page(notebook: Any, name: str, numbers: Mapping[str, set[str]]) -> Any:
    """The notebook of text `name`, made ready for Sphinx; it is changed in place."""
    texts = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    papers, figures = citations.papers("\n".join(cell.source for cell in texts)), captions.numbers(name)
    for cell in texts:
        cell.source = captions.placed(citations.mentioned(prose(cell.source, name, numbers), papers), figures)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            captions.without_pictures(cell)
            _name_lines(cell)
    return notebook


def _name_lines(cell: Any) -> None:
    """A warning names the line of its cell, and not a file of the machine that ran it."""
    for output in cell.outputs:
        if output.output_type == "stream":
            output.text = KERNEL.sub(r"line \1 of this cell: ", output.text)


def prose(text: str, name: str, numbers: Mapping[str, set[str]]) -> str:
    """A markdown cell of text `name` as MyST, without its figures. The title of a chapter gets the chapter's number."""
    number = re.match(r"ch(\d\d)_", name)
    text = HEADING.sub(f"# {number[1]} ", text) if number else text
    text = equations.linked(equations.in_tables(text), name, numbers)
    text = citations.linked(text)
    return animations.placed(equations.anchored(text, name))
