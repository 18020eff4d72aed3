"""The program before the package is imported: Ctrl-C is silent, and afterwards it is Python's own again."""

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import nfscratch_command
from nfscratch import cli

ROOT = Path(__file__).parents[1]
WHILE_IT_IMPORTS = """
import signal, sys
import nfscratch_command

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "nfscratch":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
nfscratch_command.main()
"""


@pytest.mark.skipif(os.name == "nt", reason="there a process does not end by a signal")
def test_ctrl_c_while_the_package_is_imported_is_silent():
    done = subprocess.run(
        [sys.executable, "-c", WHILE_IT_IMPORTS], capture_output=True, text=True, cwd=ROOT, timeout=600
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize("before", [signal.default_int_handler, signal.SIG_IGN])
def test_the_command_has_the_handler_that_was_there(before, monkeypatch):
    seen = []
    monkeypatch.setattr(cli, "main", lambda: seen.append(signal.getsignal(signal.SIGINT)))
    kept = signal.signal(signal.SIGINT, before)
    try:
        nfscratch_command.main()
    finally:
        signal.signal(signal.SIGINT, kept)
    assert seen == [before]


def test_the_program_is_this_module_and_is_installed_with_the_package():
    said = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert said["project"]["scripts"] == {"nfscratch": "nfscratch_command:main"}
    assert "nfscratch_command.py" in said["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
