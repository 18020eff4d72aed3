"""Outside: a child process as the parent sees it. It asks, waits no longer than the limits say, and knows why it ended.

The parent believes nothing but the values that come back over the wire: no exit code, no output, no file. A child that
ends, hangs or talks nonsense raises Ended with the reason.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from nfscratch.course.sandbox import wire
from nfscratch.course.sandbox.limits import Limits
from nfscratch.course.sandbox.packing import numbering, packed
from nfscratch.course.sandbox.shelves import readable, shelves

INSIDE = Path(__file__).with_name("inside.py")
KEPT = 4000  # characters of what it prints


class Ending(Enum):
    """Why a child gave no answer. The value says it to the student."""

    TIME = "it was stopped after {seconds} s: does a loop never end?"
    PRINTED = "it printed more than {printed} characters"
    CRASHED = "Python itself crashed ({signal})"
    KILLED = "the system stopped it: it used too much memory, or too much time"
    LEFT = "the process ended (exit code {code}) before your function returned"
    NONSENSE = "the answer that came back cannot be read"
    START = "the process that runs your file did not start"


class Ended(Exception):
    """The child is gone; no further question can be put to it."""

    def __init__(self, ending: Ending, line: int | None = None, **values: Any):
        where = "" if line is None else f" (it stood at line {line})"
        super().__init__(ending.value.format(**values) + where)
        self.ending, self.line = ending, line


class Child:
    """One process with one file in it. A context manager: at its end the process is gone."""

    def __init__(self, path: str, text: str, limits: Limits):
        self.path, self.text, self.limits = path, text, limits
        self.waited, self.printed, self.log = 0.0, 0, ""
        self.ending: Ending | None = None
        self.seconds: float = limits.processor  # after which it was stopped, if it was
        self.kept_out: tuple[str, ...] = ()  # what the kernel refuses to it: FILES, PROCESSES
        self.room = tempfile.TemporaryDirectory(prefix="nfscratch-", ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", str(INSIDE)], cwd=self.room.name, env=_environment(self.room.name),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self.reader = threading.Thread(target=self._drain, daemon=True)
        self.reader.start()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def written(self) -> str:
        """What the file has printed. Nothing of one that was stopped: its log tells where Python stood, too."""
        return "" if self.ending is not None else self.log

    # --- requests ---

    def load(self) -> dict:
        """Start, and load the file: {"functions": names} or {"error": ...}."""
        settings = {"shelves": shelves(), "limits": self.limits.as_data(), "files": readable(), "parent": os.getpid()}
        self.kept_out = tuple(self._exchange(settings, ()).get("kept_out", ()))
        return self._exchange({"do": "load", "path": self.path, "text": self.text}, ())

    def call(self, function: str | int, calls: Sequence[tuple], watch: bool = False) -> list[dict]:
        """Call a function once for each tuple of arguments; the results up to the first that is an error.

        A result is {"value": value, "changed": places of arguments that were changed} or {"error": ...}, and the list
        is empty where the file has no such function.
        """
        given: list[Callable] = []
        values, places = packed(calls, numbering(given))
        request = {"do": "call", "function": function, "values": values, "calls": places, "watch": watch}
        reply = self._exchange(request, given)
        if "missing" in reply:
            return []
        results = reply.get("results")
        if not isinstance(results, list) or not 0 < len(results) <= len(calls):
            raise self._ended(Ending.NONSENSE)
        return [self._result(r) for r in results]

    def _result(self, result):
        try:
            if "error" in result:
                return {"error": {key: result["error"][key] for key in ("kind", "words", "lines")}}
            changed = [int(k) for k in result["changed"]]
            return {"value": wire.unpack(result["value"], self._returned), "changed": changed}
        except (wire.NotAnAnswer, TypeError, KeyError, ValueError) as error:
            raise self._ended(Ending.NONSENSE) from error

    def _returned(self, k: int) -> Callable:
        """A function that the student's code returned: calling it asks the child."""

        def returned(*arguments):
            result = self.call(k, [arguments])[0]
            if "error" in result:
                raise ValueError(f"{result['error']['kind']}: {result['error']['words']}")
            return result["value"]

        return returned

    # --- the exchange ---

    def _exchange(self, message, given):
        """Send, answer the child's questions about functions of ours, and return its reply."""
        if self.ending is not None:
            raise self._ended(self.ending)
        watchdog = threading.Timer(max(0.0, self.limits.wall - self.waited), self._stop, [Ending.TIME])
        watchdog.daemon = True
        began = time.monotonic()
        watchdog.start()
        try:
            return self._reply(message, given)
        except wire.NotAnAnswer as error:
            raise self._ended(Ending.NONSENSE) from error
        except (EOFError, OSError) as error:
            raise self._ended(self._why()) from error
        finally:
            watchdog.cancel()
            self.waited += time.monotonic() - began

    def _reply(self, message, given):
        wire.send(self.process.stdin, message)
        while True:
            reply = wire.receive(self.process.stdout, self.limits.answer)
            if "ask" not in reply:
                return reply
            wire.send(self.process.stdin, self._told(reply, given))

    def _told(self, question, given):
        """The value of one of our functions. What it refuses is raised in the child."""
        k, values = question["ask"], question.get("arguments")
        if type(k) is not int or not 0 <= k < len(given) or not isinstance(values, list):
            raise wire.NotAnAnswer("no question")
        arguments = [wire.unpack(v, self._returned) for v in values]
        try:
            value = given[k](*arguments)
        except Exception as error:  # whatever the student passed
            return {"refused": f"{error}"[:500]}
        return {"value": wire.pack(value, numbering(given))}

    # --- the end ---

    def _why(self) -> Ending:
        """Why the wire broke."""
        if self.ending is not None:
            return self.ending
        try:
            code = self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return Ending.NONSENSE  # it closed the wire and lives
        if code == -getattr(signal, "SIGXCPU", 0):
            return Ending.TIME
        if code == -getattr(signal, "SIGKILL", 9):
            return Ending.KILLED
        return Ending.CRASHED if code < 0 else Ending.LEFT

    def _ended(self, ending):
        self.ending = ending
        self.close()
        code = self.process.returncode or 0
        name = signal.Signals(-code).name if code < 0 else ""
        line = self._line() if ending in (Ending.TIME, Ending.CRASHED) else None
        return Ended(ending, line, seconds=f"{self.seconds:g}", printed=self.limits.printed, code=code, signal=name)

    def _line(self):
        """The line of the file where it stood, which the child's log tells."""
        found = re.search(rf'File "{re.escape(self.path)}", line (\d+)', self.log)
        return None if found is None else int(found[1])

    def _stop(self, ending: Ending) -> None:
        """Stop the child from another thread: first so that it can say where it stands."""
        self.ending, self.seconds = self.ending or ending, self.limits.wall
        if hasattr(signal, "SIGXCPU") and self.process.poll() is None:
            self.process.send_signal(signal.SIGXCPU)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=1)
        self._kill()

    def _kill(self) -> None:
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()

    def _drain(self) -> None:
        """Keep the beginning of what is printed, and count the rest."""
        while chunk := os.read(self.process.stderr.fileno(), 65536):
            self.printed += len(chunk)
            if len(self.log) < KEPT:
                self.log += chunk.decode("utf-8", "replace")[: KEPT - len(self.log)]
            if self.printed > self.limits.printed and self.ending is None:
                self.ending = Ending.PRINTED
                self._kill()

    def close(self) -> None:
        """End the process, and all that it started in its session."""
        if self.process.returncode is None:
            self._kill()
            self.process.wait()
        self.reader.join(timeout=5)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.close()
        self.room.cleanup()


def _environment(room: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "LANG", "LC_ALL") if name in os.environ}
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM")}
    return {**kept, **threads, "HOME": room, "TMPDIR": room, "PYTHONHASHSEED": "0"}
