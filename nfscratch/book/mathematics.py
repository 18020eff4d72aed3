"""A Sphinx extension: formulas go into the page as TeX in elements of their own, and are set there (formulas.py).

A dollar that is left in prose belongs to a formula that was not read as one: Sphinx warns, and so the build stops. It
stops too where KaTeX cannot set a formula.
"""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from sphinx.util import logging

from nfscratch.book import formulas

OPAQUE = (nodes.math, nodes.math_block, nodes.literal, nodes.literal_block, nodes.raw, nodes.comment)


def setup(app: Any) -> dict[str, bool]:
    app.add_html_math_renderer("katex", (_inline, None), (_block, None))
    app.connect("doctree-read", _no_dollars)
    app.connect("html-page-context", _set)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(writer: Any, node: Any) -> None:
    writer.body.append(f'<span class="math">{escape(node.astext())}</span>')
    raise nodes.SkipNode


def _block(writer: Any, node: Any) -> None:
    writer.body.append(f'<div class="math">{escape(node.astext())}</div>')
    raise nodes.SkipNode


def _set(app: Any, page: str, template: str, context: dict, doctree: Any) -> None:
    for part in ("body", "toc"):
        try:
            context[part] = formulas.set_in(context.get(part, ""))
        except formulas.FormulaError as error:
            logging.getLogger(__name__).warning("%s", error, location=page)


def _no_dollars(app: Any, doctree: Any) -> None:
    if app.env.docname.startswith("reference"):  # docstrings, in which no formula is set
        return
    for text in doctree.findall(nodes.Text):
        if "$" in text and not isinstance(text.parent, OPAQUE):
            words = " ".join(text.split())[:80]
            logging.getLogger(__name__).warning("a dollar stands in prose: %s", words, location=text.parent)
