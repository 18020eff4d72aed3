"""Apart: a task judged in a process of its own, which a notebook's code does not reach.

    verdict = judged(request)                        Request("4.2", None, 17, text) of a kernel
    python -m nfscratch.course.notebooks.apart       reads a request as JSON, and writes its verdict

That process judges as `nfscratch grade` does: it runs the text in a sandboxed child, with bounds on time and memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from nfscratch.course.selfcheck import Mark, Setting, judge
from nfscratch.course.submission import Submission
from nfscratch.course.summary import told
from nfscratch.course.task import assignment
from nfscratch.course.variant import Variant

NOTEBOOK = Path("this notebook")


@dataclass(frozen=True)
class Request:
    """A task, the variant and the seed of its questions, and the text that holds its function."""

    id: str
    variant: int | None
    seed: int
    text: str


@dataclass(frozen=True)
class Verdict:
    """The points of a task, and for each check None, or the words of the self-check for what is wrong."""

    earned: int
    points: int
    said: dict[str, str | None]

    @classmethod
    def of(cls, mark: Mark) -> Verdict:
        faults = {outcome.check.name: outcome.fault for outcome in mark.outcomes}
        said = {name: None if fault is None else "\n".join(told(mark, fault)) for name, fault in faults.items()}
        return cls(mark.earned, mark.task.points, said)


def judged(request: Request) -> Verdict:
    """The verdict of another process. A RuntimeError says what kept it from judging."""
    command = [sys.executable, "-P", "-m", "nfscratch.course.notebooks.apart"]
    ran = subprocess.run(command, input=json.dumps(asdict(request)), capture_output=True, text=True, encoding="utf-8")
    if ran.returncode != 0:
        raise RuntimeError(f"task {request.id} could not be judged: {ran.stderr.strip()[-500:]}")
    return Verdict(**json.loads(ran.stdout))


def main() -> None:
    request = Request(**json.load(sys.stdin))
    found = assignment(request.id.split(".")[0])
    setting = Setting(Variant.of(found, request.variant), every=True)
    mark = judge(found, found.task(request.id), Submission(NOTEBOOK, request.text), request.seed, setting)
    json.dump(asdict(Verdict.of(mark)), sys.stdout)


if __name__ == "__main__":
    main()
