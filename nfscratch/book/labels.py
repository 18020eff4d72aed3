"""Labels: what a link names must stand once in the whole book. Sphinx sees this within a page only.

(ch04-eq-3)=          an anchor, before what it names
:name: ch04_modes     a figure, or a box
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LABEL = re.compile(r"^(?:\((?P<anchor>[^()\s]+)\)=|:name: (?P<name>\S+))\s*$", re.MULTILINE)


def repeated(pages: Mapping[str, str]) -> list[str]:
    """A line for each label that stands twice. pages: {page: its text}."""
    first: dict[str, str] = {}
    said = []
    for page, text in pages.items():
        for match in LABEL.finditer(text):
            label = (match["anchor"] or match["name"]).lower().replace("_", "-")
            if label in first:
                said.append(f"the label {label} stands in {first[label]} and again in {page}")
            first.setdefault(label, page)
    return said
