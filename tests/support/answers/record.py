"""python tests/support/answers/record.py [default or exhaustive [subjects]]: writes the record anew.

Without names, of the subjects that stand in it; with names, of these, which may be new. With --changed before the rest
each subject runs once, and what a function says otherwise than the record is put in its place: after a change of the
audit this is enough.

With --common before the rest what a function says otherwise here than the record is left out of it: so it holds under
another Python or NumPy, too.

Every subject runs under several kinds of processor, by the code that NumPy and OpenBLAS take on each, with several
orders of sets, and after other subjects. What differs between them is left out, and so is a function about which enough
subjects have said something.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

if __name__ == "__main__":  # as a test run has it
    sys.path[:0] = [str(Path(__file__).parents[3]), str(Path(__file__).parents[1])]
    if "ANSWERS_JITTER" in os.environ:
        from answers import jitter

        jitter.install()

from answers.listener import listened
from answers.recorded import FILES, Record, Said, agrees, common, read, short, write
from answers.subjects import SUBJECTS

ENOUGH = 30
PROCESSORS = (
    {"PYTHONHASHSEED": "0"},
    {
        "PYTHONHASHSEED": "1", "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX2 FMA3",
    },
    {
        "PYTHONHASHSEED": "2", "OPENBLAS_CORETYPE": "Haswell", "ANSWERS_JITTER": "1",
        "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX",
    },
)  # fmt: skip


def main(suites: list[str], names: list[str]) -> None:
    """The record of some subjects, or of all, under every processor."""
    for suite in suites or list(FILES):
        old = read(FILES[suite])
        order = names or list(old)
        orders = (order, order[::-1], [*order[1::2], *order[::2]])
        under = [heard_under(*each) for each in zip(PROCESSORS, orders, strict=True)]
        new = {name: common([each[name] for each in under]) for name in names or old}
        write(FILES[suite], thinned(old | new))


def follow(suites: list[str], names: list[str]) -> None:
    """What has changed in a record, under this processor."""
    for suite in suites or list(FILES):
        old = read(FILES[suite])
        write(FILES[suite], old | {name: followed(old[name], hear([name])[name]) for name in names or old})


def agreed(suites: list[str], names: list[str]) -> None:
    """What of a record is so here, too."""
    for suite in suites or list(FILES):
        old = read(FILES[suite])
        write(FILES[suite], old | {name: common([old[name], hear([name])[name]]) for name in names or old})


def followed(old: dict[str, Said], new: dict[str, Said]) -> dict[str, Said]:
    found = {}
    for function in old.keys() & new.keys():
        each = zip(old[function], new[function], agrees(old[function], new[function]), strict=True)
        found[function] = tuple(was if agree else now for was, now, agree in each)
    return found


def thinned(record: Record) -> Record:
    """Without the functions about which enough subjects have said something."""
    seen = Counter()
    for subject, mine in record.items():
        record[subject] = {function: said for function, said in mine.items() if seen[function] < ENOUGH}
        seen.update(list(mine))
    return record


def heard_under(processor: dict[str, str], names: list[str]) -> dict:
    """In a process of its own."""
    environment = os.environ | processor | {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--hear"]
    answer = subprocess.run(command, input=json.dumps(names), env=environment, stdout=-1, text=True, check=True).stdout
    return {name: {f: tuple(said) for f, said in mine.items()} for name, mine in json.loads(answer).items()}


def hear(names: list[str]) -> dict:
    return {name: {f: short(brief) for f, brief in listened(SUBJECTS[name]).items()} for name in names}


if __name__ == "__main__":
    if sys.argv[1:] == ["--hear"]:
        print(json.dumps(hear(json.loads(sys.stdin.read()))))
    else:
        run = {"--changed": follow, "--common": agreed}.get(sys.argv[1] if sys.argv[1:] else "")
        words = sys.argv[2 if run else 1 :]
        (run or main)(words[:1], words[1:])
