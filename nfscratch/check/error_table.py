"""Errors of several maps under several letters: a row for each map, a column for each letter.

rows       {name: {letter: error}}     a map need not have every letter
allowed    {letter: tolerance}         an error that is larger in size, or nan, fails
"""

from __future__ import annotations

from collections.abc import Mapping

WIDTH = 30

Rows = Mapping[str, Mapping[str, float]]


def failing(rows: Rows, allowed: Mapping[str, float]) -> dict[str, list[str]]:
    """The letters that fail, by name, in the order of `allowed`. ValueError for a letter without a tolerance."""
    for name, errors in rows.items():
        if unknown := [letter for letter in errors if letter not in allowed]:
            raise ValueError(f"allowed must have a tolerance for every letter; {name} has {', '.join(unknown)}")
    return {
        name: [c for c in allowed if c in errors and not abs(errors[c]) <= allowed[c]] for name, errors in rows.items()
    }


def error_table(title: str, rows: Rows, allowed: Mapping[str, float]) -> str:
    """The table as text; an empty cell was not tested, and the last column says what fails."""
    failed = failing(rows, allowed)
    lines = [f"  {title:{WIDTH}}" + "".join(f"{letter:>9}" for letter in allowed)]
    for name, errors in rows.items():
        cells = "".join(f"{errors[c]:9.0e}" if c in errors else 9 * " " for c in allowed)
        lines.append(f"  {name:{WIDTH}}{cells}   {'FAILS: ' + ', '.join(failed[name]) if failed[name] else 'holds'}")
    return "\n".join(lines)
