"""A Sphinx extension: formulas go into the page as TeX, in elements that assets/mathematics.js hands to KaTeX."""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes


def setup(app: Any) -> dict[str, bool]:
    app.add_html_math_renderer("katex", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(writer: Any, node: Any) -> None:
    writer.body.append(f'<span class="math">{escape(node.astext())}</span>')
    raise nodes.SkipNode


def _block(writer: Any, node: Any) -> None:
    writer.body.append(f'<div class="math">{escape(node.astext())}</div>')
    raise nodes.SkipNode
