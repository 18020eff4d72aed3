"""Progress of long work: a bar in a terminal, a plain line now and then elsewhere. And Ctrl-C without loss."""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import TracebackType
from typing import Any


class Progress:
    """`with Progress(steps, "fit") as progress: ... progress.update(step, text)`.

    A bar on a terminal, and elsewhere a line every 15 seconds. `show`: False for silence.
    `begin(step)`: that many steps were done before, so that the rate counts only those done here.
    """

    def __init__(self, steps: int, title: str, show: bool | None = None):
        self.steps, self.title, self.show = steps, title, show
        self._bar: Any = None
        self._begun, self._start = 0, time.perf_counter()
        self._last = self._start

    def __enter__(self) -> Progress:
        if self.show is not False and sys.stderr.isatty():
            self._bar = _rich_bar()
            self._bar.start()
            self._task = self._bar.add_task(self.title, total=self.steps, text="", rate="")
        return self

    def begin(self, step: int) -> None:
        """Count from here on; `step` steps were done before."""
        self._begun, self._start = step, time.perf_counter()
        if self._bar:
            self._bar.reset(
                self._task, completed=step
            )  # `update` would count these steps as done here, and show a wrong speed

    def update(self, step: int, text: Any) -> None:
        """Show that `step` steps are done. `text()` is called only when it is shown."""
        now = time.perf_counter()
        if now - self._last < (0.1 if self._bar else 15.0) or self.show is False:
            return
        self._last = now
        rate = f"{(step - self._begun) / (now - self._start):.0f} steps/s"
        if self._bar:
            self._bar.update(self._task, completed=step, text=text(), rate=rate)
        else:
            print(f"{self.title}: step {step} of {self.steps}, {rate}, {text()}", file=sys.stderr, flush=True)

    def __exit__(self, kind: type | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()


def _rich_bar() -> Any:
    from rich import progress
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(bar_width=24),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[rate]}"),
        progress.TextColumn("{task.fields[text]}"),
        progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


class Interruptible:
    """Turns the first Ctrl-C into a flag, `stopped`, so that a step in progress ends well; a second one aborts."""

    stopped = False

    def __enter__(self) -> Interruptible:
        self._main = threading.current_thread() is threading.main_thread()
        if self._main:
            self._previous = signal.signal(signal.SIGINT, self._first)
        return self

    def _first(self, *_: Any) -> None:
        self.stopped = True
        signal.signal(signal.SIGINT, self._previous)

    def __exit__(self, *_: Any) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._previous)
