"""Runs that version 0.1 wrote: how a run ended was stored as a sentence, and is now stored as named values.

"stopped": "early stopping at step 50: no better validation in 3 evaluations"
"ended":   {"how": "EARLY_STOPPING", "step": 50, "evaluations": 3, ...}
"""

from __future__ import annotations

import re

from nfscratch.excerpt import excerpt
from nfscratch.training.ending import Ended, Ending

SENTENCES = {
    Ended.EARLY_STOPPING: r"early stopping at step (?P<step>\d+): no better .* in (?P<evaluations>\d+) evaluations",
    Ended.DIVERGED: r"diverged at step (?P<step>\d+) \(loss (?P<loss>\S+)\): (?P<blamed>.*)",
}
READ = {"step": int, "evaluations": int, "loss": float, "blamed": str}


def updated(numbers: dict) -> dict:
    """The numbers of a run, with the names of today. Those that have them already are returned as they are."""
    if not isinstance(numbers, dict) or not isinstance(numbers.get("record"), dict):
        return numbers  # it is refused by the next who looks
    if "stopped" not in numbers["record"]:
        return numbers
    record = dict(numbers["record"])
    ending = ending_of(record.pop("stopped"))
    return {**numbers, "record": {**record, "ended": None if ending is None else ending.state()}}


def ending_of(sentence: str) -> Ending | None:
    """The ending that a sentence of version 0.1 tells; the empty sentence is of a run that had not ended."""
    if sentence == "":
        return None
    for how, pattern in SENTENCES.items():
        if found := re.fullmatch(pattern, sentence, re.DOTALL):
            return Ending(how, **{name: READ[name](text) for name, text in found.groupdict().items()})
    raise ValueError(f"stopped must say how the run ended; got {excerpt(sentence)}")
