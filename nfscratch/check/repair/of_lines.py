"""OfLines: a change of whole lines, as a message says it and as later questions ask about it.

left out      without `a`
exchanged     with `a` after `b`, which follows it
swapped       with `a = f` and `b = e` in the place of two lines
at once       with `a, b = e, f` in the place of two lines
put in        with the line `a`, before or after another one
"""

from __future__ import annotations

import ast

from nfscratch.check.repair.edit import Kind, OfLines, source


def left_out(line: ast.stmt) -> OfLines:
    return _of(Kind.LEFT_OUT, (line,), "without `{}`")


def exchanged(first: ast.stmt, second: ast.stmt) -> OfLines:
    return _of(Kind.EXCHANGED, (first, second), "with `{}` after `{}`")


def before(line: ast.stmt, other: ast.stmt) -> OfLines:
    """One that stands further below."""
    return _of(Kind.EXCHANGED, (line, other), "with `{}` before `{}`")


def after(line: ast.stmt, other: ast.stmt) -> OfLines:
    """One that stands further above."""
    return _of(Kind.EXCHANGED, (line, other), "with `{}` after `{}`")


def at_once(both: ast.stmt, first: ast.stmt, second: ast.stmt) -> OfLines:
    return _of(Kind.AT_ONCE, (both, first, second), "with `{}` in place of `{}` and then `{}`")


def swapped(first: ast.Assign, second: ast.Assign) -> OfLines:
    """Each with the value of the other."""
    new = [ast.Assign(s.targets, other.value, lineno=0) for s, other in ((first, second), (second, first))]
    lines = [*map(source, new), source(first), source(second)]
    words = "with `{}` and `{}` in place of `{}` and `{}`".format(*lines)
    return OfLines(Kind.SWAPPED, tuple(lines[2:]), tuple(map(_target, (first, second))), words)


def put_in(line: ast.stmt, where: str) -> OfLines:
    """where: before or after what."""
    return _of(Kind.PUT_IN, (line,), "with the line `{}` " + where.replace("{", "{{").replace("}", "}}"))


def _of(kind, statements, words):
    lines = tuple(map(source, statements))
    return OfLines(kind, lines, tuple(map(_target, statements)), words.format(*lines))


def _target(line):
    """What a line gives a value to; "" where it gives none."""
    targets = getattr(line, "targets", [getattr(line, "target", None)])
    return ", ".join(source(t) for t in targets if t is not None)
