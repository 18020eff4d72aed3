"""The pages that no chapter is: the title page with the table of chapters, and the bibliography."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nfscratch import chapter
from nfscratch.book import citations

INDEX = """# Normalizing flows from scratch

A book that runs, and the same mathematics as a package. Every map has its explicit Jacobian, and every log-determinant
is checked against a numeric one.

{table}

```{{toctree}}
:hidden:

{pages}
bibliography
```
"""


def index(chapters: Mapping[str, Path]) -> str:
    """The title page."""
    rows = [f"| {name[2:4]} | [{chapter.title(path)}]({name}.ipynb) |" for name, path in chapters.items()]
    return INDEX.format(table="\n".join(["| | |", "|---|---|", *rows]), pages="\n".join(chapters))


def bibliography(chapters: Mapping[str, Path]) -> str:
    """All references, each with the chapters that name it."""
    lines = ["# Bibliography", ""]
    for entry in citations.bibliography(chapters):
        named = ", ".join(f"[{page[2:4]}]({page}.ipynb)" for page in entry.pages)
        title = f" {entry.title}," if entry.title else ""
        lines.append(f"- {entry.who},{title} {citations.linked(entry.number)}. Chapters: {named}.")
    return "\n".join([*lines, ""])
