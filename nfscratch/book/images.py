"""A Sphinx extension: a figure's element states its size, so that the page keeps its place, and text comes before it.

It is not left to load when it is near: a page that is printed would lack it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

IMAGE = re.compile(r'<img (?P<more>[^>]*?)src="(?P<folder>[^"]*_images/)(?P<name>[^"]+\.png)"')


def setup(app: Any) -> dict[str, bool]:
    app.connect("html-page-context", _state)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _state(app: Any, page: str, template: str, context: dict, doctree: Any) -> None:
    context["body"] = stated(context.get("body", ""), Path(app.srcdir) / "figures")


def stated(body: str, figures: Path) -> str:
    """The HTML with sizes in its figures. figures: the folder with their files."""

    def with_size(match):
        width, height = _size(figures / match["name"])
        told = f'<img width="{width}" height="{height}" decoding="async" fetchpriority="low" '
        return told + match.group().removeprefix("<img ")

    return IMAGE.sub(with_size, body)


def _size(path: Path) -> tuple[int, int]:
    from PIL import Image

    with Image.open(path) as image:
        return image.size
