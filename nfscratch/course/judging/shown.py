"""Shown: numbers as a message shows them: few digits, few entries, and shapes in words."""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.course.sandbox.wire import Other

ENTRIES = 6


def shown(value: Any, digits: int = 4) -> str:
    """A value of the student's, or of ours, as text."""
    if isinstance(value, str):
        return repr(plain(value, 200))
    if isinstance(value, (list, tuple)):
        inside = ", ".join(shown(item, digits) for item in value[:ENTRIES])
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if not is_numbers(value):
        return kind(value)
    a = onp.asarray(value)
    return _number(a[()], digits) if a.ndim == 0 else _array(a, digits)


def apart(yours: Any, right: Any) -> tuple[str, str]:
    """Both as text, with as many digits as it takes to see that they differ."""
    for digits in (4, 7, 10, 13, 17):
        texts = shown(yours, digits), shown(right, digits)
        if texts[0] != texts[1]:
            break
    return texts


def _array(a, digits):
    rows = [_number(entry, digits) if a.ndim == 1 else _array(entry, digits) for entry in a[:ENTRIES]]
    return "[" + ", ".join(rows) + (", ...]" if len(a) > ENTRIES else "]")


def _number(value, digits):
    if isinstance(value, (bool, onp.bool_)):
        return str(bool(value))
    if isinstance(value, (int, onp.integer)):
        return str(int(value))
    return f"{complex(value):.{digits}g}" if isinstance(value, onp.complexfloating) else f"{float(value):.{digits}g}"


def plain(text: Any, most: int) -> str:
    """A text that a student's process sent, in one line and without characters that steer a terminal."""
    return "".join(c if c.isprintable() else " " for c in str(text)[:most])


def is_numbers(value: Any) -> bool:
    return isinstance(value, (bool, int, float, onp.ndarray, onp.generic))


def kind(value: Any) -> str:
    """What a value is, in words: "an array of shape (5, 1)"."""
    if value is None:
        return "None (is a return missing?)"
    if isinstance(value, Other):
        return f"an object of type {plain(value.kind, 80)}"
    if isinstance(value, onp.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    if is_numbers(value):
        return "a single number"
    words = {tuple: "a tuple", list: "a list", dict: "a dict", str: "a string"}
    named = words.get(type(value), "a function")
    return f"{named} of {len(value)} values" if isinstance(value, (tuple, list)) else named


def wanted(value: Any) -> str:
    """What a part of an answer has to be."""
    if isinstance(value, str):
        return "a string"
    shape = onp.shape(value)
    return f"an array of shape {shape}" if shape else "a single number"
