"""A page run live, and its printed numbers beside those of the same cells when the site was built."""

from __future__ import annotations

import re
from typing import Any

SECONDS = 900
NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*\.?\d*(?:[eE][-+]?\d+)?")
# What depends on the machine: times and rates, and from where on its tanh rounds to 1 (chapter 01).
OF_MACHINE = re.compile(r"second|\bms\b|µs|us\b|\d s\b|minute|faster|slower|time|cost|1 % wrong from", re.IGNORECASE)
RELATIVE = 2e-3  # another BLAS, another order of sums, hundreds of steps of training


def printed(page: Any) -> list[str]:
    """The text below each cell."""
    script = "boxes => boxes.map(b => [...b.querySelectorAll('.cell_output pre')].map(p => p.textContent).join('\\n'))"
    return page.eval_on_selector_all("div.cell", script)


def run(page: Any, button: str = "Run this page") -> str:
    """Press the button, and wait until all cells have run; the state in words."""
    page.get_by_role("button", name=button).first.click()
    return wait(page)


def wait(page: Any) -> str:
    page.wait_for_function(
        "() => ['failed', 'asleep'].includes(livePage.bar.element.dataset.state)"
        " || (livePage.bar.element.dataset.state === 'ready' && !livePage.running && !livePage.queue.length)",
        timeout=SECONDS * 1000,
    )
    return page.evaluate("livePage.bar.element.dataset.state")


def differences(native: list[str], live: list[str]) -> tuple[int, list[str]]:
    """How many numbers were compared, and the lines whose numbers are others."""
    count, wrong = 0, []
    for k, (before, after) in enumerate(zip(native, live, strict=True)):
        lines = [
            [line for line in text.splitlines() if line.strip() and not OF_MACHINE.search(line)]
            for text in (before, after)
        ]
        if len(lines[0]) != len(lines[1]):
            wrong.append(f"cell {k + 1}: {len(lines[0])} lines natively, {len(lines[1])} live")
        for old, new in zip(*lines, strict=False):
            pairs = [_numbers(line) for line in (old, new)]
            count += len(pairs[0])
            if len(pairs[0]) != len(pairs[1]) or not all(map(_near, *pairs)):
                wrong.append(f"cell {k + 1}: {old.strip()!r} is live {new.strip()!r}")
    return count, wrong


def _numbers(line: str) -> list[float]:
    return [float(text.replace(",", "")) for text in NUMBER.findall(line) if text.strip("+-,.")]


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= RELATIVE * max(abs(a), abs(b)) or max(abs(a), abs(b)) < 1e-4  # errors of rounding are small
