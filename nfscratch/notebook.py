"""Notebooks: whether one runs this, and a progress bar in its cell.

IPython asks an object for `_repr_html_`, and takes the text of `repr` where no HTML is shown. A display with an id can
be updated in place, so the bar needs no widget and no extension.
"""

from __future__ import annotations

import sys
from html import escape
from typing import Any


def running() -> bool:
    """Whether a kernel (Jupyter, VS Code) runs this, which shows what is passed to `show`."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


def show(value: Any) -> None:
    """Show a value below the cell that runs."""
    from IPython.display import display

    display(value)


class Bar:
    """A bar below the cell that runs: `bar.update(step, text)` moves it."""

    def __init__(self, steps: int, title: str):
        from IPython.display import display

        self.steps, self.title, self.step, self.text = steps, title, 0, ""
        self._handle = display(self, display_id=True)

    def update(self, step: int, text: str) -> None:
        self.step, self.text = step, text
        if self._handle is not None:  # a shell without a screen gives none
            self._handle.update(self)

    def __repr__(self) -> str:
        return f"{self.title}: step {self.step} of {self.steps}, {self.text}"

    def _repr_html_(self) -> str:
        bar = f'<progress value="{self.step}" max="{self.steps}" style="width: 12em"></progress>'
        return f"<div>{escape(self.title)} {bar} {self.step} of {self.steps}, {escape(self.text)}</div>"
