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

PACKAGES = {  # library: its title, and the distribution that has its version
    "torch": ("torch.distributions", "torch"), "pyro": ("Pyro", "pyro-ppl"), "zuko": ("zuko", "zuko"),
    "nflows": ("nflows", "nflows"), "normflows": ("normflows", "normflows"), "freia": ("FrEIA", "FrEIA"),
    "flowjax": ("flowjax", "flowjax"), "distrax": ("distrax", "distrax"),
    "tfp": ("TensorFlow Probability on JAX", "tfp-nightly"),
}  # fmt: skip
COLUMNS = [("float64", "calm"), ("float64", "wild"), ("float32", "calm"), ("float32", "wild")]
NOT_AUDITED = ("not built", "not finished")
QUIET, UNKNOWN = ("passed",), ("not judged", "not finished")  # outcomes of a row in which nothing was found


def write(results: Path, to: Path) -> None:
    """The page from the folder of results, for the libraries that are in it."""
    from benchmarks.field.findings import FINDINGS

    found = {library: _rows(results / f"{library}.jsonl") for library in SOURCES}
    to.write_text(page({k: in_order(v, _names(k)) for k, v in found.items() if v}, FINDINGS))


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
    parts = [HEAD, _of_state(found), _summary(found, findings)]
    for library, rows in found.items():
        parts += [_library(library, rows, [f for f in findings if f.package == library])]
    return "\n\n".join(parts) + "\n"


HEAD = """# The audit of the field

`nf.check.audit` over every bijection class that nine libraries export: not only whole flows, but each layer by itself.
This page is written by

```
python -m benchmarks audit              # audit; goes on where it was stopped
python -m benchmarks audit --page       # this page again, from the results
python -m benchmarks audit --confirm    # every finding below: its reproducer, and an independent computation
```

in an environment with `benchmarks/requirements.txt`. The classes are found by inspection of the libraries' modules, so
that none is left out; each is built as small as it goes (three variables, eight hidden units), in float64 and in
float32. Its weights are moved by N(0, 0.5² / fan_in), *calm*, and by N(0, 3² / fan_in), *wild*; what has none is
audited once. A bare layer is asked S P I R X J T E O, a flow with samples D and K as well; a layer of which the
library gives one direction only is asked S P I R J, with the other direction searched for. Batches of no rows are kept
apart: several libraries raise on them, which is no mistake of a formula.

The audit looks with these weights, at points up to 10 from the origin and at some far out. What it sees is called a
**finding**, and its letters stand in the table, only where a computation that shares nothing with the audit confirms
it: the library's own function under automatic differentiation, arithmetic with fifty digits, a bisection. Such letters
are bold. Letters that are not bold are *explained*: what the audit saw is no mistake of a formula, which a computation
confirms as well. The word beside them says what it is: *out of range*, a number over- or underflows in this dtype;
*rounding*, digits are lost that the dtype does not have; *consequence*, of another finding, where that one has spoilt
the map. The rest is *open*: the audit saw something that nobody has confirmed or refuted yet, which can be the audit's
own mistake and says nothing about the library. A class counts where its worst cell does: open, confirmed, explained.
What a library documents is said to be documented.

A letter can be asked and *not judged*: the numbers do not tell a mistake from rounding there, or a search finds no
inverse, or the time for a slow map is used up. The cell names these letters, and they say nothing for or against the
library: "passed; R not judged" is no word about the round trip. The table of the libraries counts such classes apart.

S shapes, dtype, finiteness; P arguments unchanged, same output; I rows are independent; R round trip; X the log-dets of
both directions cancel; J log_det is that of the Jacobian; D log_prob is its definition; E edges and joins; O onto;
K samples match the density; T who depends on whom."""


def _of_state(found):
    """Whether all rows come from one state of the audit; where not, which classes do not."""
    audits = [(row.get("audit", "?"), f"{library}'s {row['class']}") for library, rows in found.items()
              for row in rows if row["outcome"] not in NOT_AUDITED]  # fmt: skip
    if not audits:
        return "No class has been audited yet."
    ((most, _),) = Counter(audit for audit, _ in audits).most_common(1)
    others = list(dict.fromkeys(name for audit, name in audits if audit != most))
    code = f"{most}, a hash of the code in `nfscratch/check` that judges"
    if not others:
        return f"All rows come from one state of the audit: {code}."
    words = f"The rows come from several states of the audit. Most are of {code}; of others: {', '.join(others)}."
    return fill(words, 120)


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
