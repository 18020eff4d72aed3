"""Inside: the child's program. It loads a student's file, calls its functions, and answers with values.

    python -I -S -B inside.py

Standard input and output carry the messages of wire.py; they are moved to private descriptors before the student's
code runs, so that what it prints goes to the log. The order is: read the settings, limit this process, load the file,
answer calls. An argument that is a function stays in the parent, which is asked for each of its values.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import importlib.machinery
import linecache
import os
import signal
import sys
import threading
import types
from typing import Any

MODULE = "submission"
LOOK = 5.0  # seconds between two looks after the parent


class Shelves:
    """Imports by name, from the folders where the parent found them; nothing else is installed here."""

    def __init__(self, folders: dict[str, str]):
        self.folders = folders

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        folder = self.folders.get(name)
        return importlib.machinery.PathFinder.find_spec(name, [folder]) if folder and path is None else None


def limit(limits: dict[str, int]) -> None:
    """Bound this process for good. A platform without a limit goes without."""
    try:
        import resource
    except ImportError:  # Windows
        return
    seconds = limits["processor"]
    for name, soft, hard in (("CPU", seconds, seconds + 1), ("AS", limits["memory"], limits["memory"]),
                             ("FSIZE", limits["files"], limits["files"]), ("CORE", 0, 0)):  # fmt: skip
        try:
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (soft, hard))
        except (AttributeError, ValueError, OSError):
            continue
    faulthandler.enable(file=2)  # the log says where it crashed
    faulthandler.register(signal.SIGXCPU, file=2, chain=True)  # and where the time ran out


def end_with(parent: int) -> None:
    """A file that sleeps does not see that the wire is closed, and nobody stops it where the parent was killed."""

    def look(*_):
        if os.getppid() != parent:
            os._exit(0)

    if hasattr(signal, "setitimer"):  # Windows has none; a thread would take its share of the memory
        signal.signal(signal.SIGALRM, look)
        signal.setitimer(signal.ITIMER_REAL, LOOK, LOOK)


class Session:
    """One file, and the calls of its functions."""

    def __init__(self, wire: Any, source: Any, sink: Any):
        self.wire, self.source, self.sink = wire, source, sink
        self.module = types.ModuleType(MODULE)
        self.handed: list[Any] = []  # functions that the student's code returned
        self.lock = threading.RLock()
        self.path = ""

    # --- requests ---

    def serve(self) -> None:
        while True:
            try:
                request = self.wire.receive(self.source)
            except EOFError:  # the parent has closed its end
                os._exit(0)
            self.wire.send(self.sink, self.answer(request))

    def answer(self, request: dict) -> dict:
        return self.load(request) if request["do"] == "load" else self.call_all(request)

    def load(self, request: dict) -> dict:
        self.path, text = request["path"], request["text"]
        linecache.cache[self.path] = (len(text), None, text.splitlines(keepends=True), self.path)
        self.module.__dict__["__file__"] = self.path
        sys.modules[MODULE] = self.module
        try:
            exec(self.compiled(text), self.module.__dict__)
        except BaseException as error:
            return {"error": self.described(error)}
        return {"functions": [k for k, v in self.module.__dict__.items() if callable(v) and not k.startswith("_")]}

    def compiled(self, text: str) -> Any:
        return compile(text, self.path, "exec")

    def call_all(self, request: dict) -> dict:
        name = request["function"]
        function = self.handed[name] if isinstance(name, int) else self.module.__dict__.get(name)
        if function is None:
            return {"missing": True}
        results = []
        for places in request["calls"]:
            results.append(self.call(function, [request["values"][k] for k in places], request["watch"]))
            if "error" in results[-1]:
                break
        return {"results": results}

    def call(self, function: Any, packed: list, watch: bool) -> dict:
        try:
            arguments = [self.wire.unpack(item, self.proxy) for item in packed]
            value = self.wire.pack(function(*arguments), self.number)
        except BaseException as error:  # sys.exit too
            return {"error": self.described(error)}
        finally:
            with contextlib.suppress(BaseException):  # the student's own stream, perhaps
                sys.stdout.flush()
        changed = [k for k, a in enumerate(arguments) if self.differs(a, packed[k])] if watch else []
        return {"value": value, "changed": changed}

    def differs(self, argument: Any, packed: list) -> bool:
        kinds = ("array", "list", "tuple", "dict")
        return packed[0] in kinds and "function" not in str(packed) and self.wire.pack(argument, self.number) != packed

    # --- functions that cross ---

    def number(self, function: Any) -> int:
        self.handed.append(function)
        return len(self.handed) - 1

    def proxy(self, k: int) -> Any:
        """The parent's function number k."""

        def given(*arguments):
            with self.lock:
                values = [self.wire.pack(a, self.number) for a in arguments]
                self.wire.send(self.sink, {"ask": k, "arguments": values})
                reply = self.wire.receive(self.source)
            if "refused" in reply:
                raise ValueError(reply["refused"])
            return self.wire.unpack(reply["value"], self.proxy)

        return given

    # --- exceptions ---

    def described(self, error: BaseException) -> dict:
        """An exception as data: its kind, its words, and the lines of the student's file on the way to it."""
        kind = "MemoryError" if isinstance(error, MemoryError) else type(error).__name__
        try:
            words = str(error)[:500]
        except BaseException:
            words = ""
        if isinstance(error, SyntaxError):
            return {"kind": kind, "words": error.msg[:500], "lines": [[error.lineno or 0, (error.text or "").strip()]]}
        return {"kind": kind, "words": words, "lines": self.lines(error)}

    def lines(self, error: BaseException) -> list:
        found, step = [], error.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename == self.path:
                found.append([step.tb_lineno, linecache.getline(self.path, step.tb_lineno).strip()])
            step = step.tb_next
        return found[-3:]


def main() -> None:
    here = os.path.dirname(os.path.abspath(__file__))
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    size = int.from_bytes(source.read(8), "big")  # wire.py needs NumPy, and the settings say where that is
    settings = importlib.import_module("json").loads(source.read(size))
    sys.meta_path.append(Shelves(settings["shelves"]))
    sys.path.insert(0, here)
    wire, kernel, files = (importlib.import_module(name) for name in ("wire", "kernel", "files"))
    sys.path.remove(here)
    limit(settings["limits"])
    end_with(settings["parent"])
    importlib.import_module("numpy").seterr(all="ignore")  # the checks look at what came of it
    kept_out = {"files": files.only(**settings["files"]), "processes": kernel.confine()}
    wire.send(sink, {"kept_out": [name for name, stands in kept_out.items() if stands]})
    Session(wire, source, sink).serve()


if __name__ == "__main__":
    main()
