"""Rows of results in a CSV file, so that a benchmark goes on where it was stopped."""

from __future__ import annotations

import csv
from pathlib import Path


def results(path: Path) -> list[dict[str, str]]:
    """The rows that are there."""
    return list(csv.DictReader(path.open())) if path.exists() else []


def append(path: Path, row: dict) -> None:
    """Write one row at the end; the first one writes the names of its columns as well."""
    new = not path.exists()
    with path.open("a") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)
