"""The program before the package is imported: Ctrl-C is silent, and afterwards it is Python's own again."""

import os
import signal
import subprocess
import sys
import time
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


# --- an audit that does not come to its end ---

EX = """
import os, time
import numpy as np

def forward(z):
    return z, np.zeros(len(z))

def ends(z):
    os._exit(0)

def crashes(z):
    os.kill(os.getpid(), 11)

def waits(z):
    open("begun", "w").write(str(os.getpid()))
    time.sleep(600)

fine, wrong = (forward, forward), (forward, lambda x: (x + 1, np.zeros(len(x))))
pair, crash, wait = (ends, forward), (crashes, forward), (waits, forward)
"""
AUDIT = [sys.executable, "-c", "import nfscratch_command; nfscratch_command.main()", "audit"]


def test_the_exit_code_of_an_audit_is_that_of_its_process_or_2(capsys, monkeypatch):
    finished = nfscratch_command.FINISHED
    assert [nfscratch_command._exit_code(finished + code) for code in (0, 1, 2, 130)] == [0, 1, 2, 130]
    assert capsys.readouterr().err == ""
    assert [nfscratch_command._exit_code(ended) for ended in (0, 1, 64, 103, -9, -40)] == [2] * 6
    words = "nfscratch: the target must leave the process of its audit alone; the process "
    told = [
        *(f"ended with exit code {code}" for code in (0, 1, 64, 103)),
        "was ended by SIGKILL",
        "was ended by signal 40",
    ]
    assert capsys.readouterr().err.splitlines() == [f"{words}{how} half-way" for how in told]
    monkeypatch.setattr(sys, "stderr", None)  # a shell has closed it
    assert nfscratch_command._exit_code(0) == 2 and capsys.readouterr() == ("", "")


def test_an_audit_that_a_shell_started_is_the_same_command_in_a_process_of_its_own(monkeypatch):
    for given, started, again in (
        (["audit", "a:b"], ["python", "-P", "nf", "audit", "a:b"], ["-P", "nf", "audit", "a:b"]),
        (["list"], ["python", "nf", "list"], None), ([], ["python", "nf"], None),
        (["audit", "a:b"], ["python", "-m", "pytest"], None),  # another program calls it
    ):  # fmt: skip
        monkeypatch.setattr(sys, "argv", ["nf", *given])
        monkeypatch.setattr(sys, "orig_argv", started)
        assert nfscratch_command._same_command() == (again and [sys.executable, *again])


def test_the_process_of_an_audit_says_that_it_came_to_its_end(monkeypatch):
    for ended, code in ((SystemExit(0), 100), (SystemExit(1), 101), (SystemExit(), 100), (None, 100)):

        def command(ended=ended):
            assert nfscratch_command.MARK not in os.environ  # the target may start programs
            if ended is not None:
                raise ended

        monkeypatch.setattr(cli, "main", command)
        monkeypatch.setenv(nfscratch_command.MARK, f"{os.getppid()} 0")
        with pytest.raises(SystemExit) as found:
            nfscratch_command.main()
        assert found.value.code == code


@pytest.fixture
def ex(tmp_path, monkeypatch):
    (tmp_path / "ex.py").write_text(EX, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


@pytest.mark.exhaustive
def test_a_target_that_ends_the_process_is_no_verdict(ex):
    for name, code, said in (
        ("fine", 0, ""), ("wrong", 1, ""), ("nothing", 2, "ex has no 'nothing'"),
        ("pair", 2, "the process ended with exit code 0 half-way"), ("crash", 2, "the process was ended by SIGSEGV"),
    ):  # fmt: skip
        done = subprocess.run([*AUDIT, f"ex:{name}", "--dims", "2", "--letters", "SR"], capture_output=True, text=True)
        assert done.returncode == code and said in done.stderr, (name, done)
        assert len(done.stderr.splitlines()) == bool(said), (name, done)


@pytest.mark.exhaustive
@pytest.mark.skipif(os.name == "nt", reason="there no process is told that another one has ended")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_no_audit_outlives_its_command(ex, number):
    audit = subprocess.Popen([*AUDIT, "ex:wait", "--dims", "2"])
    _until(lambda: (ex / "begun").is_file() and (ex / "begun").read_text())
    child = int((ex / "begun").read_text())
    audit.send_signal(number)
    code = audit.wait(timeout=600)
    assert code == (130 if number is signal.SIGINT else -number) and child != audit.pid
    _until(lambda: not _runs(child))


def _until(found):
    while not found():  # the time limit of a test ends it
        time.sleep(0.05)


def _runs(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{process}/stat").is_file() or " Z " not in Path(f"/proc/{process}/stat").read_text()
