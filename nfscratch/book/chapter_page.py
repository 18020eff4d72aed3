"""A page of the book: the chapter's notebook, its outputs, and its prose with anchors, links and figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nfscratch.book import captions, citations, equations


def numbers_of(chapters: Mapping[str, Path]) -> dict[str, set[str]]:
    """{page: the numbers of its equations}."""
    return {name: equations.tags(path.read_text(encoding="utf-8")) for name, path in chapters.items()}


def page(notebook: Any, name: str, numbers: Mapping[str, set[str]]) -> Any:
    """The notebook of chapter `name`, made ready for Sphinx; it is changed in place."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = prose(cell.source, name, numbers)
        elif cell.cell_type == "code":
            captions.without_pictures(cell)
    return notebook


def prose(text: str, name: str, numbers: Mapping[str, set[str]]) -> str:
    """A markdown cell of chapter `name` as MyST."""
    text = equations.linked(text, name, numbers)
    text = citations.linked(text)
    return captions.placed(equations.anchored(text, name))
