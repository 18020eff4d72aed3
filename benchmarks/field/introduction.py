"""Introduction: what stands before the tables of the page, and which state of the audit they come from."""

from __future__ import annotations

from collections import Counter
from textwrap import fill

NOT_AUDITED = ("not built", "not finished")

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

UNSEEN = """Findings below that stand in no cell of these rows: {names}. Their reproducers and the independent
computations confirm them all the same. The audit met them with other weights, or an earlier state of it did: now it
excuses what lies where no draw comes, what loses digits that a closed formula loses, too, and a corner at which two
pieces join."""


def of_state(found: dict[str, list[dict]]) -> str:
    """Whether all rows come from one state of the audit; where not, which libraries and classes do not."""
    audits = {library: [(row.get("audit", "?"), row["class"]) for row in rows if row["outcome"] not in NOT_AUDITED]
              for library, rows in found.items()}  # fmt: skip
    counted = Counter(audit for pairs in audits.values() for audit, _ in pairs)
    if not counted:
        return "No class has been audited yet."
    ((most, _),) = counted.most_common(1)
    others = [words for library, pairs in audits.items() for words in _of_others(library, pairs, most)]
    code = f"{most}, a hash of the code in `nfscratch/check` that judges"
    if not others:
        return f"All rows come from one state of the audit: {code}."
    words = f"The rows come from several states of the audit. Most are of {code}; of others: {'; '.join(others)}."
    return fill(words, 120)


def _of_others(library, pairs, most):
    """For each other state, the classes of this library whose rows come from it."""
    names: dict[str, list[str]] = {}
    for audit, name in dict.fromkeys(pairs):
        names.setdefault(audit, []).append(name)
    return [f"{_classes(library, of, names)} ({audit})" for audit, of in names.items() if audit != most]


def _classes(library, mine, names):
    """ "all of tfp", "zuko but for Tanh" or "zuko's Tanh", whichever is short."""
    rest = [name for of in names.values() if of is not mine for name in of]
    if not rest:
        return f"all of {library}"
    return f"{library}'s {', '.join(mine)}" if len(mine) <= len(rest) else f"{library} but for {', '.join(rest)}"
