"""A value that a caller or a file gave, as messages quote it: on one line, and no longer than can be read."""

from __future__ import annotations

from typing import Any

MOST = 80  # characters of one value


def excerpt(value: Any, most: int = MOST) -> str:
    """repr(value) on one line, of `most` characters at most; " ..." stands for what was cut off."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # the caller's own class; an error of its repr would hide what is wrong
        text = f"a {type(value).__name__}"
    if getattr(value, "shape", None) == () and text.startswith(
        "array("
    ):  # what looks like the number that is asked for
        text += ", an array and no number"
    return text if len(text) <= most else f"{text[: most - 4]} ..."
