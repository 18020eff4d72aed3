"""The program nfscratch: Ctrl-C ends it in silence while Python still imports, too; and an audit comes to its end.

It stands beside the package, for the first line of the package imports NumPy, and that takes most of the time.

An audit runs the code of others, which may end the process: os._exit(0), or a crash of a C library. So `nfscratch
audit` is a process of its own, the same command again. Only an audit that came to its end adds FINISHED to its exit
code; any other ending is said, and is no verdict.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

MARK = "NFSCRATCH_AUDIT_OF"  # in the environment of that process: its parent, and whether Ctrl-C ends it
FINISHED = 100  # a program of its own rarely ends so
VERDICTS = (0, 1, 2, 130)  # of an audit: nothing found, a mistake, a wrong call, Ctrl-C
FORWARDED = ("SIGTERM", "SIGHUP")  # what would end the parent, and leave the audit
PATIENCE = 2.0  # seconds for Ctrl-C to end the audit: a terminal gives it to both


def main() -> None:
    """The command line."""
    silent = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # a shell may have it ignored
    parent = None
    if MARK in os.environ:
        parent, silent = map(int, os.environ.pop(MARK).split())
    again = None if parent else _same_command()
    if (
        silent
    ):  # Python says much of Ctrl-C while it starts: a process that starts here ignores it until it can be silent
        signal.signal(signal.SIGINT, signal.SIG_DFL if again is None else signal.SIG_IGN)
    if again is None:
        from nfscratch.cli import main as command
    else:
        audit = subprocess.Popen(again, env={**os.environ, MARK: f"{os.getpid()} {silent:d}"})
    if silent:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if again is not None:
        sys.exit(_exit_code(_ended(audit)))
    if parent is None:
        command()
    else:
        _audit(command, parent)


def _same_command() -> list[str] | None:
    """This command once more, if it is an audit that a shell has started."""
    given = sys.argv[1:]
    if given[:1] != ["audit"] or sys.orig_argv[-len(given) :] != given:
        return None
    return [sys.executable, *sys.orig_argv[1:]]


# --- the process of the audit ---


def _audit(command, parent):
    if os.name == "posix":
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        command()
    except SystemExit as ended:
        raise SystemExit(FINISHED + (ended.code or 0)) from None
    raise SystemExit(FINISHED)


def _end_with(parent):
    """No audit goes on for nobody: its target may wait without end."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


# --- its parent ---


def _ended(audit: subprocess.Popen) -> int:
    """How the audit ended: its exit code, or minus the signal."""
    for name in FORWARDED:
        number = getattr(signal, name, None)  # Windows has not all of them
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda number, _: audit.send_signal(number))
    patience = None
    while True:
        try:
            return audit.wait(patience)
        except KeyboardInterrupt:
            patience = PATIENCE
        except subprocess.TimeoutExpired:
            patience = None
            if os.name == "posix":  # it did not come from a terminal
                audit.send_signal(signal.SIGINT)


def _exit_code(ended: int) -> int:
    """The command's exit code; of an audit that did not come to its end 2, and a line that says so."""
    if ended - FINISHED in VERDICTS:
        return ended - FINISHED
    if ended in (-signal.SIGINT, *(-getattr(signal, name, 0) for name in FORWARDED)):
        signal.signal(-ended, signal.SIG_DFL)
        os.kill(os.getpid(), -ended)
    how = f"ended with exit code {ended}" if ended >= 0 else f"was ended by {_name(-ended)}"
    if sys.stderr is not None:  # `print` would take the standard output
        said = f"the target must leave the process of its audit alone; the process {how} half-way"
        print(f"nfscratch: {said}", file=sys.stderr)
    return 2


def _name(number):
    try:
        return signal.Signals(number).name
    except ValueError:  # those of real time have none
        return f"signal {number}"
