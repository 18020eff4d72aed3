"""Figures: a paragraph that begins with "*Figure `ch04_idea`.*" is the caption of that figure, which stands with it.

The second figure of chapter 04 is Figure 4.2: a new figure changes the numbers of its own chapter alone.

The cell that drew the figure shows it too when it runs; there it is left out, and so is the line that says where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

CAPTION = re.compile(r"^\*Figure `(?P<name>\w+)`\.\*\s+(?P<words>.*?)(?=\n\s*\n|\Z)", re.DOTALL | re.MULTILINE)
SAID = re.compile(r"^ *figure: .*\n?", re.MULTILINE)
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
FIGURE = """::::{{figure}} figures/{name}.png
:name: {name}
:alt: {alt}

**Figure {number}.** {words}
::::
"""


def names(text: str) -> list[str]:
    """The figures that a text describes."""
    return [match["name"] for match in CAPTION.finditer(text)]


def numbers(page: str) -> Iterator[str]:
    """The numbers of a page's figures: "4.1", "4.2", ... in chapter 04, else "1", "2", ..."""
    chapter = re.match(r"ch(\d\d)_", page)
    return (f"{int(chapter[1])}.{k}" if chapter else f"{k}" for k in count(1))


def placed(text: str, numbers: Iterator[str]) -> str:
    """With a figure in place of each caption; each takes the next of the numbers."""
    return CAPTION.sub(lambda match: _figure(match["name"], match["words"], next(numbers)), text)


def _figure(name: str, words: str, number: str) -> str:
    return FIGURE.format(name=name, alt=alt(words), number=number, words=words)


def alt(words: str) -> str:
    """The first sentence of the caption, without links and mathematics' signs."""
    words = LINK.sub(r"\1", words)
    return re.sub(r"[$`*\\{}]", "", re.split(r"(?<=[.:;])\s", words.replace("\n", " "))[0])


def without_pictures(cell: Any) -> None:
    """Take the pictures, and the lines that name their files, out of a cell's outputs."""
    for output in cell.outputs:
        if output.output_type == "stream":
            output.text = SAID.sub("", output.text)
    cell.outputs = [output for output in cell.outputs if _is_shown(output)]


def _is_shown(output: Any) -> bool:
    return bool(output.text) if output.output_type == "stream" else "image/png" not in output.get("data", {})
