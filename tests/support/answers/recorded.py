"""Recorded: the record of the answers, how it is read, and what of it a function answers otherwise.

    [broken: 30 order]
    diagnosis/affine:affine 2 9f3a01 481.2 17.31     calls, digest, size, scale; "-": it depends on the processor

A file for each suite. A function that is not in the record, because it is new, is not compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from answers.brief import Brief

FOLDER = Path(__file__).parent
FILES = {"default": FOLDER / "answers.txt", "exhaustive": FOLDER / "more_answers.txt"}
CLOSE = 1e-4  # how far a size or a scale may be off, relatively
STEADY = 1e-6  # by how much it may depend on rounding, to be recorded
OPEN = "-"
Said = tuple[str, str, str, str]
Record = dict[str, dict[str, Said]]


def short(brief: Brief) -> Said:
    numbers = [f"{n:.6g}" if brief.has_floats else OPEN for n in (brief.size, brief.scale)]
    return str(brief.count), brief.digest(), *numbers


def read(path: Path) -> Record:
    found: Record = {}
    for line in path.read_text().splitlines():
        if line.startswith("["):
            found[line[1:-1]] = mine = {}
        elif line:
            function, *said = line.split()
            mine[function] = (*said, OPEN, OPEN)[:4]
    return found


def write(path: Path, record: Record) -> None:
    lines = []
    for subject, mine in record.items():
        lines += [f"[{subject}]", *(written(*item) for item in sorted(mine.items())), ""]
    path.write_text("\n".join(lines))


def written(function: str, said: Said) -> str:
    return f"{function} {' '.join(said)}".removesuffix(" - -")


def agrees(old: Said, new: Said, close: float = CLOSE) -> list[bool]:
    """Of each of the four."""
    words = [a == OPEN or a == b for a, b in zip(old[:2], new[:2], strict=True)]
    return words + [a == OPEN or (b != OPEN and near(a, b, close)) for a, b in zip(old[2:], new[2:], strict=True)]


def near(a: str, b: str, close: float) -> bool:
    return abs(float(a) - float(b)) <= close * max(abs(float(a)), 1.0)


def otherwise(old: dict[str, Said], heard: dict[str, Brief]) -> list[str]:
    """The functions that answer otherwise than the record says, or nothing."""
    new = {function: short(brief) for function, brief in heard.items()}
    silent = ("0", OPEN, OPEN, OPEN)
    return [
        f"{function}: {' '.join(new.get(function, silent))}, not {' '.join(said)}"
        for function, said in old.items()
        if not all(agrees(said, new.get(function, silent)))
    ]


def common(records: Iterable[dict[str, Said]]) -> dict[str, Said]:
    """What all records of one subject agree on; "-" in the place of what they do not."""
    first, *others = records
    found = {}
    for function, said in first.items():
        if all(function in other for other in others):
            same = [all(each) for each in zip(*(agrees(said, o[function], STEADY) for o in others), strict=True)]
            kept = tuple(mine if is_same else OPEN for mine, is_same in zip(said, same, strict=True))
            if set(kept) != {OPEN}:
                found[function] = kept
    return found
