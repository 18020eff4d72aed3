"""Page: the results and the findings as benchmarks/AUDIT.md."""

from __future__ import annotations

import importlib.metadata
import json
from collections import Counter
from collections.abc import Sequence
from enum import Enum
from importlib import import_module
from pathlib import Path
from textwrap import fill
from typing import Any

from benchmarks.field.exported import SOURCES, classes
from benchmarks.field.finding import FieldFinding
from benchmarks.field.introduction import HEAD, NOT_AUDITED, UNSEEN, of_state

PACKAGES = {  # library: its title, and the distribution that has its version
    "torch": ("torch.distributions", "torch"), "pyro": ("Pyro", "pyro-ppl"), "zuko": ("zuko", "zuko"),
    "nflows": ("nflows", "nflows"), "normflows": ("normflows", "normflows"), "freia": ("FrEIA", "FrEIA"),
    "flowjax": ("flowjax", "flowjax"), "distrax": ("distrax", "distrax"),
    "tfp": ("TensorFlow Probability on JAX", "tfp-nightly"),
}  # fmt: skip
COLUMNS = [("float64", "calm"), ("float64", "wild"), ("float32", "calm"), ("float32", "wild")]
QUIET, UNKNOWN = ("passed",), ("not judged", "not finished")  # outcomes of a row in which nothing was found


def write(results: Path, to: Path) -> None:
    """The page from the folder of results, for the libraries that are in it."""
    from benchmarks.field.findings import FINDINGS

    found = {library: _rows(results / f"{library}.jsonl") for library in SOURCES}
    to.write_text(page({k: in_order(v, _names(k)) for k, v in found.items() if v}, FINDINGS))


def _is_met(limit, rows):
    """Whether the audit saw anything that this limit explains; it may have learnt to leave it alone."""
    return any(limit.explains(row["class"], letter, row.get("messages", {}).get(letter, ""))
               for row in rows for letter in row.get("failed", ""))  # fmt: skip


def _names(library):
    try:
        return classes(library)
    except ImportError:
        return []


def in_order(rows: list[dict], names: Sequence[str]) -> list[dict]:
    """The rows in the order of the classes, whenever they were done; and a row for each class that has none."""
    done = {row["class"] for row in rows}
    missing = {"dtype": "", "outcome": "not finished", "why": "not reached in the run that this page shows"}
    rows = rows + [{"class": name, **missing} for name in names if name not in done]
    return sorted(rows, key=lambda row: names.index(row["class"]) if row["class"] in names else len(names))


def _rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def page(found: dict[str, list[dict]], findings: Sequence[FieldFinding]) -> str:
    """found: library -> rows of the workers."""
    parts = [HEAD, of_state(found), *_unseen(found, findings), _summary(found, findings)]
    for library, rows in found.items():
        mine = [f for f in findings if f.package == library]
        parts += [_library(library, rows, [f for f in mine if f.limit is None or _is_met(f, rows)])]
    return "\n\n".join(parts) + "\n"


def _summary(found, findings):
    lines = ["| library | version | classes | audited | nothing found | nothing found, letters not judged "
             "| confirmed | explained | open | not audited | findings |", "|---" * 11 + "|"]  # fmt: skip
    for library, rows in found.items():
        title, package = PACKAGES[library]
        classes = _by_class(rows)
        audited = {name: of for name, of in classes.items() if not _why_not(of)}
        mine = sum(f.package == library and f.limit is None for f in findings)
        states = Counter(_state(of, [f for f in findings if f.package == library]) for of in audited.values())
        left = len(classes) - len(audited)
        numbers = (len(classes), len(audited), *(states[state] for state in State), left, mine)
        lines.append(f"| {title} | {_version(package)} | {' | '.join(map(str, numbers))} |")
    return "\n".join(lines)


class State(Enum):
    """Of a class, over its rows: the worst of them."""

    CLEAN, CLEAN_AS_FAR, CONFIRMED, EXPLAINED, OPEN = range(5)


def _state(rows, findings) -> State:
    letters = [explained(row, findings) for row in rows if row["outcome"] not in (*QUIET, *UNKNOWN)]
    if any(sure == limits == {} or left for sure, limits, left in letters):
        return State.OPEN
    if not letters:
        return State.CLEAN_AS_FAR if any(_unjudged(row) or row["outcome"] in UNKNOWN for row in rows) else State.CLEAN
    return State.CONFIRMED if any(sure for sure, *_ in letters) else State.EXPLAINED


def explained(row: dict[str, Any], findings: Sequence[FieldFinding]) -> tuple[dict, dict, str]:
    """Of a row's failed letters: those that a finding confirms, those with a limit (letter: its word), and the rest."""
    sure, limits, left = {}, {}, ""
    for letter in row.get("failed", ""):
        why = [f for f in findings if f.explains(row["class"], letter, row.get("messages", {}).get(letter, ""))]
        if any(f.limit is None for f in why):
            sure[letter] = True
        elif why:
            limits[letter] = str(why[0].limit)
        else:
            left += letter
    return sure, limits, left


def _unseen(found, findings) -> list[str]:
    """The paragraph about findings that no cell of these rows shows, though they are confirmed."""
    letters = [
        (library, row["class"], letter, row.get("messages", {}).get(letter, ""))
        for library, of in found.items() for row in of for letter in row.get("failed", "")
    ]  # fmt: skip
    seen = {id(f) for f in findings for package, *said in letters if f.package == package and f.explains(*said)}
    left = [f for f in findings if f.limit is None and f.package in found and id(f) not in seen]
    names = "; ".join(f"{PACKAGES[f.package][0]}, {f.classes[0]}, {f.title}" for f in left)
    return [fill(UNSEEN.format(names=names).replace("\n", " "), 120)] if left else []


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "?"


def _by_class(rows) -> dict[str, list[dict]]:
    classes: dict[str, list[dict]] = {}
    for row in rows:
        classes.setdefault(row["class"], []).append(row)
    return classes


def _why_not(rows):
    """Why a class is not audited, or "" where some of it was."""
    return rows[0]["why"] if all(row["outcome"] in NOT_AUDITED for row in rows) else ""


def _library(library, rows, findings):
    classes = _by_class(rows)
    title = f"## {PACKAGES[library][0]}"
    convention = f"Direction: {_direction(library)}."
    table = ["| class | " + " | ".join(" ".join(c) for c in COLUMNS) + " |", "|---" * 5 + "|"]
    table += [f"| {name} | {' | '.join(_cells(of, findings))} |" for name, of in classes.items() if not _why_not(of)]
    not_audited = [f"- {why}: {', '.join(names)}" for why, names in _reasons(classes).items()]
    parts = [title, convention, "\n".join(table)]
    parts += ["Audited with a difference:\n\n" + "\n".join(notes)] if (notes := _notes(classes)) else []
    parts += ["Raise on a batch of no rows: " + ", ".join(empty) + "."] if (empty := _on_empty(classes)) else []
    parts += ["Not audited:\n\n" + "\n".join(not_audited)] if not_audited else []
    return "\n\n".join(parts + [_finding(f) for f in findings])


def _direction(library):
    try:
        return import_module(f"benchmarks.field.of_{library}").DIRECTION
    except ImportError:
        return "as its documentation says"


def _cells(rows, findings) -> list[str]:
    at = {(row["dtype"], row["weights"]): _cell(row, findings) for row in rows if row["dtype"]}
    cells = [at.get(column) or at.get((column[0], "none"), "not finished") for column in COLUMNS]
    once = {dtype for dtype, weights in at if weights == "none"}
    return ["" if weights == "wild" and dtype in once else cell
            for (dtype, weights), cell in zip(COLUMNS, cells, strict=True)]  # fmt: skip


def _cell(row: dict[str, Any], findings: Sequence[FieldFinding]) -> str:
    unjudged = f"; {_unjudged(row)} not judged" if _unjudged(row) else ""
    if row["outcome"] == "failed":
        sure, limits, left = explained(row, findings)
        words = {word: "".join(k for k in limits if limits[k] == word) for word in limits.values()}
        parts = [f"**{''.join(sure)}**"] * bool(sure) + [f"{letters} {word}" for word, letters in words.items()]
        return ", ".join(parts + ["open"] * bool(left)) + unjudged
    return row["outcome"] + (unjudged if row["outcome"] == "passed" else "")


def _unjudged(row):
    """The letters that were asked and not judged."""
    return "".join(k for k, status in row.get("letters", {}).items() if status == "inconclusive")


def _notes(classes):
    notes = [f"- {name}: {row['note']}" for name, rows in classes.items() for row in rows[:1] if row.get("note")]
    return notes + [f"- {name}: {row['why']}" for name, rows in classes.items() if not _why_not(rows)
                    for row in rows if row["outcome"] in NOT_AUDITED]  # fmt: skip


def _on_empty(classes):
    return [f"{name} ({row['empty']})" for name, rows in classes.items() for row in rows[:1] if row.get("empty")]


def _reasons(classes) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for name, rows in classes.items():
        if why := _why_not(rows):
            reasons.setdefault(why, []).append(name)
    return reasons


def _finding(finding: FieldFinding) -> str:
    fair = f"Documented: {finding.documented}" if finding.documented else "The documentation does not mention it."
    limit = f"; {finding.limit}" if finding.limit else ""
    title = f"### {', '.join(finding.classes)}: {finding.title} ({', '.join(finding.letters)}{limit})"
    code = f"```python\n{finding.source().strip()}\n```"
    confirmed = fill(f"Confirmed by {finding.how}. {fair}", 120)
    return "\n\n".join([title, fill(finding.words, 120), code, confirmed])
