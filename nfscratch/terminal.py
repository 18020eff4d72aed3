"""The terminal: what is printed arrives, in the signs that it has; and what fails is one line.

An ASCII terminal has no "±": it gets "+/-", and "?" for a sign that has no such spelling. A full disk, a folder that
cannot be written: an OSError that leaves a command is one line and exit code 2, no traceback.
"""

# ruff: noqa: RUF001 (the signs that look like others are what this is about)
from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SPELLINGS = {
    **{"±": "+/-", "→": "->", "←": "<-", "≤": "<=", "≥": ">=", "≈": "~", "×": "x", "·": "*", "−": "-", "–": "-"},
    **{"—": "-", "…": "...", "√": "sqrt", "∞": "inf", "σ": "sigma", "μ": "mu", "π": "pi", "ε": "eps", "û": "u"},
    **{"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "Δ": "Delta", "θ": "theta", "λ": "lambda", "φ": "phi"},
    **{"ψ": "psi", "ω": "omega", "Σ": "sum", "∂": "d", "∫": "integral", "≠": "!=", "½": "1/2", "‖": "|", "°": " deg"},
    **{"²": "^2", "³": "^3", "✓": "ok", "✗": "no", "“": '"', "”": '"', "’": "'"},
}


def _spelled(error):
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(SPELLINGS.get(sign, "?") for sign in signs), error.end


codecs.register_error("spelled", _spelled)


def spell_out() -> None:
    """Print signs that the terminal does not have in those that it has."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and stream.errors in ("strict", "backslashreplace", "surrogateescape"):
            stream.reconfigure(errors="spelled")


def is_open(stream: Any) -> bool:
    """Whether there is such a stream: a program without a console has none, as under pythonw.exe."""
    return stream is not None and not getattr(stream, "closed", False)


def is_a_terminal(stream: Any) -> bool:
    """Whether a person sees what is written."""
    return is_open(stream) and hasattr(stream, "isatty") and stream.isatty()


def say(line: str) -> None:
    """A line on the standard error, where there is one: `print` takes None for the standard output."""
    if is_open(sys.stderr):
        print(line, file=sys.stderr, flush=True)


@contextmanager
def one_line_of_trouble(name: str) -> Iterator[None]:
    """An OSError inside, such as that of a full disk, ends the program in one line. What is printed is written out."""
    _take_the_first_three()
    spell_out()
    try:
        try:
            yield
        finally:
            if sys.stdout is not None and not sys.stdout.closed:  # a shell, or code of the user's, may have closed it
                sys.stdout.flush()
    except BrokenPipeError:
        _let_go_of_stdout()
        raise SystemExit(1) from None
    except OSError as error:
        _let_go_of_stdout()
        say(f"{name}: {told(error)}")
        raise SystemExit(2) from None


def told(error: OSError) -> str:
    """An OSError in words: the file, if there is one, and what is wrong with it; or the words that it was made with."""
    if error.strerror is None:
        return str(error) or type(error).__name__
    what = error.strerror
    if isinstance(error, FileExistsError):  # the system says "File exists", and not what was wanted
        what = "it must be a folder that can be written, and is something else"
    return f"{error.filename} cannot be used: {what}" if error.filename is not None else f"writing failed: {what}"


def _let_go_of_stdout():
    """Python writes out the rest at its end: a second failure there would be a traceback."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):  # it is closed, or there is none
        return


def _take_the_first_three():
    """A file that is opened never gets the number of a stream that the caller has closed: others write to that."""
    while (number := os.open(os.devnull, os.O_RDWR)) < 3:
        continue
    os.close(number)
