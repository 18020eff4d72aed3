"""A Sphinx extension: a figure's element states its size, so that the page keeps its place, and loads when it is near.

The first figure of a page loads at once.
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
    seen: list[str] = []

    def with_size(match):
        seen.append(match["name"])
        lazy = 'loading="lazy" ' if len(seen) > 1 else ""
        width, height = _size(figures / match["name"])
        return f'<img {lazy}width="{width}" height="{height}" {match.group().removeprefix("<img ")}'

    return IMAGE.sub(with_size, body)


def _size(path: Path) -> tuple[int, int]:
    from PIL import Image

    with Image.open(path) as image:
        return image.size
