"""Class report: which task was failed by how many, and with which mistakes. A page of Markdown, and a figure.

Names of submissions stand only where one could not be judged: the table of points is grades.csv.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from nfscratch.checkpoint import atomic
from nfscratch.course.grading.graded import Graded, GradedTask
from nfscratch.course.selfcheck import Status

MISTAKES = 4  # that are listed for each task


def write(results: Sequence[Graded], folder: Path) -> list[Path]:
    page, picture = folder / "class_report.md", folder / "class_report.png"
    atomic.write(page, [text(results).encode()])
    atomic.write(picture, [drawn(results)])
    return [page, picture]


def text(results: Sequence[Graded]) -> str:
    """The page."""
    lines = [
        f"# {len(results)} submissions",
        "",
        *_points(results),
        "",
        "| task | passed | not written | mean points | mistakes |",
    ]
    lines += ["|---|---|---|---|---|", *(_row(tasks) for tasks in by_task(results))]
    if unread := [found for found in results if found.trouble]:
        lines += [
            "",
            "No file that could be judged:",
            "",
            *(f"- {f.id}: {' '.join(f.trouble.split())}" for f in unread),
        ]
    return "\n".join([*lines, "", "![How many passed each task, and what the others did](class_report.png)", ""])


def by_task(results: Sequence[Graded]) -> list[tuple[GradedTask, ...]]:
    """For each task, what came of it in every submission that could be judged, or in all if none could."""
    judged = [found for found in results if not found.trouble] or results
    return list(zip(*(found.tasks for found in judged), strict=True))


def mistakes(tasks: Sequence[GradedTask]) -> Counter[str]:
    """How often each mistake was the first one of a task that was written."""
    return Counter(task.mistake for task in tasks if task.mistake and task.status != Status.UNWRITTEN)


def _points(results):
    earned = sorted(found.earned for found in results)
    middle = earned[len(earned) // 2] if len(earned) % 2 else sum(earned[len(earned) // 2 - 1 :][:2]) / 2
    return [f"Points: lowest {earned[0]}, median {middle:g}, highest {earned[-1]}, of {results[0].points}."]


def _row(tasks):
    passed = sum(task.earned == task.points for task in tasks)
    mean = sum(task.earned for task in tasks) / len(tasks)
    common = mistakes(tasks).most_common()
    words = [f"{name} ({count})".replace("|", "\\|") for name, count in common[:MISTAKES]]
    words += [f"others ({sum(count for _, count in common[MISTAKES:])})"] * (len(common) > MISTAKES)
    unwritten = sum(task.status == Status.UNWRITTEN for task in tasks)
    first = tasks[0]
    cells = [f"{first.id} {first.function}", passed, unwritten, f"{mean:.2f} of {first.points}", "; ".join(words)]
    return "| " + " | ".join(map(str, cells)) + " |"


def drawn(results: Sequence[Graded]) -> bytes:
    """A picture: a bar for each task: how many passed, did not write it, and failed."""
    from nfscratch import plot

    columns = by_task(results)
    kinds = {Status.PASSED: plot.BLUE, Status.FAILED: plot.ORANGE, Status.WAITING: plot.GREEN, Status.UNWRITTEN: "0.8"}
    figure, ax = plot.subplots(1, 1, height=0.5 + 0.28 * len(columns))
    left = [0] * len(columns)
    for kind, color in kinds.items():
        counts = [sum(task.status == kind for task in tasks) for tasks in columns]
        ax.barh(range(len(columns)), counts, left=left, color=color, label=str(kind))
        left = [a + b for a, b in zip(left, counts, strict=True)]
    ax.set(
        yticks=range(len(columns)), yticklabels=[f"{t[0].id} {t[0].function}" for t in columns], xlabel="submissions"
    )
    ax.invert_yaxis()
    ax.legend(ncols=len(kinds), loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()
