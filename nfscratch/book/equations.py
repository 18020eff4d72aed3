"""Equations: the number that a chapter gives with \\tag{3} is an anchor, and what mentions the number is a link to it.

$$ ... \\tag{3} $$          (ch04-eq-3)= stands before it
(3), equation (3)          [(3)](#ch04-eq-3)              where this chapter has that number
chapter 01 (8)             [chapter 01 (8)](#ch01-eq-8)   where that chapter has it
chapter 01                 [chapter 01](ch01_...)         else
| $|a|$ |                  | $\\vert a\\vert $ |            a bar would end the table's cell
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

TAG = re.compile(r"\\tag\{([^}]*)\}")
BLOCK = re.compile(r"\$\$.*?\$\$", re.DOTALL)
# What is not prose: displayed and inline mathematics, code, links.
OPAQUE = re.compile(r"(\$\$.*?\$\$|\$[^$]*\$|`[^`]*`|\[[^\]]*\]\([^)]*\))", re.DOTALL)
FORMULA = re.compile(r"(?<!\\)\$(?=\S)[^$\n]+(?<=\S)\$")
BARS = {"|": "\\vert ", "\\|": "\\Vert "}
MENTION = re.compile(
    r"(?P<chapter>\b[Cc]hapter (?P<number>\d\d)\b)?(?P<equation>(?(chapter) ?|(?<![\w)]))\((?P<tag>\d+)\))?"
)


def tags(text: str) -> set[str]:
    """The numbers of a chapter's equations."""
    return set(TAG.findall(text))


def anchored(text: str, page: str) -> str:
    """With an anchor before each block that has a number."""

    def with_anchor(match):
        found = TAG.search(match.group())
        return f"\n\n({page[:4]}-eq-{found[1]})=\n{match.group()}\n\n" if found else match.group()

    return BLOCK.sub(with_anchor, text)


def linked(text: str, page: str, numbers: Mapping[str, Collection[str]]) -> str:
    """With links where prose names an equation or a chapter. numbers: {page: the numbers of its equations}."""
    parts = OPAQUE.split(text)
    parts[::2] = [MENTION.sub(lambda match: _link(match, page, numbers), part) for part in parts[::2]]
    return "".join(parts)


def in_tables(text: str) -> str:
    """With no bars in the formulas of a table's rows."""
    lines = text.split("\n")
    return "\n".join(_without_bars(line) if line.startswith("|") else line for line in lines)


def _without_bars(row):
    return FORMULA.sub(lambda match: re.sub(r"\\?\|", lambda bar: BARS[bar.group()], match.group()), row)


def _link(match, page, numbers):
    whole, tag = match.group(), match["tag"]
    other = next((p for p in numbers if p[2:4] == match["number"]), None) if match["chapter"] else page
    if not whole or other is None:
        return whole
    if tag and tag in numbers[other]:
        return f"[{whole}](#{other[:4]}-eq-{tag})"
    if match["chapter"] and other != page:
        return f"[{match['chapter']}]({other}.ipynb){match['equation'] or ''}"
    return whole
