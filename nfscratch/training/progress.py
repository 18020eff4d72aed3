"""Progress of long work: a bar in a notebook or a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from nfscratch import notebook, terminal


class Progress:
    """`with Progress(steps, "fit") as progress: ... progress.update(step, text)`.

    A bar in a notebook and on a terminal; elsewhere, such as in a log file, a line every 15 seconds, and more seldom
    in a long run. The last state is shown at the end. `show`: False for silence.
    `begin(step)`: that many steps were done before, so that the rate counts only those done here.
    """

    def __init__(self, steps: int, title: str, show: bool | None = None):
        self.steps, self.title, self.show = steps, title, show
        self._screen: Any = None
        self._latest: tuple[int, Any] | None = None  # the step and the text that the screen may not show yet
        self._begun, self._start = 0, time.perf_counter()
        self._last = self._start

    def __enter__(self) -> Progress:
        if self.show is not False:
            screen = _screen()
            self._screen = None if screen is None else screen(self.steps, self.title)
        return self

    def begin(self, step: int) -> None:
        """Count from here on; `step` steps were done before."""
        self._begun, self._start = step, time.perf_counter()
        if self._screen:
            self._screen.begin(step)

    def update(self, step: int, text: Any) -> None:
        """Show that `step` steps are done. `text()` is called only when it is shown."""
        if self._screen is None:
            return
        now = time.perf_counter()
        self._latest = step, text
        if now - self._last >= self._screen.pause(now - self._start):
            self._show(now)

    def _show(self, now):
        step, text = self._latest
        self._last = now
        rate = (step - self._begun) / max(now - self._start, 1e-9)
        self._screen.update(step, f"{rate:.0f} steps/s", text())

    def __exit__(self, kind: type | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self._screen is None:
            return
        if kind is None and self._latest is not None and self._screen.wants_last(self._latest[0]):
            self._show(time.perf_counter())
        self._screen.stop()


def _screen():
    """The class of what shows the progress here, or None where nothing can."""
    if notebook.running():
        return _InNotebook
    if not terminal.is_open(sys.stderr):
        return None
    return _OnTerminal if terminal.is_a_terminal(sys.stderr) else _InLog


class _InNotebook:
    """A bar below the cell. It stays there, so its last state must be the last one of the run."""

    def __init__(self, steps, title):
        self._bar = notebook.Bar(steps, title)

    def pause(self, elapsed):
        return 0.2

    def begin(self, step):
        self._bar.update(step, "")

    def update(self, step, rate, text):
        self._bar.update(step, f"{rate}, {text}")

    def wants_last(self, step):
        return True

    def stop(self):
        pass


class _OnTerminal:
    """rich's bar. It is gone at the end."""

    def __init__(self, steps, title):
        self.bar = _rich_bar()
        self.bar.start()
        self._task = self.bar.add_task(title, total=steps, text="", rate="")

    def pause(self, elapsed):
        return 0.1

    def begin(self, step):
        # `update` would count these steps as done here, and show a wrong speed
        self.bar.reset(self._task, completed=step)

    def update(self, step, rate, text):
        self.bar.update(self._task, completed=step, text=text, rate=rate)

    def wants_last(self, step):
        return False

    def stop(self):
        self.bar.stop()


class _InLog:
    """Few lines: none of a run of seconds, about 40 of an hour, 60 of ten hours."""

    def __init__(self, steps, title):
        self.steps, self.title, self.shown = steps, title, None

    def pause(self, elapsed):
        return max(15.0, 0.1 * elapsed)

    def begin(self, step):
        pass

    def update(self, step, rate, text):
        self.shown = step
        print(f"{self.title}: step {step} of {self.steps}, {rate}, {text}", file=sys.stderr, flush=True)

    def wants_last(self, step):
        return self.shown not in (None, step)

    def stop(self):
        pass


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
