"""with_env.py becomes the command that it is given: arguments, exit code and Ctrl-C are the command's own."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the commands are POSIX's")
ROOT = Path(__file__).parent.parent


@pytest.fixture
def project(tmp_path):
    """A copy of the script beside an environment that counts as made."""
    for name in ("with_env.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    stamp = hashlib.sha256((tmp_path / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()
    (tmp_path / ".venv" / "made_from").write_text(stamp)
    return tmp_path


def command(project, *arguments):
    return [sys.executable, str(project / "with_env.py"), *arguments]


def test_arguments_and_exit_code_are_passed_on(project):
    run = subprocess.run(command(project, "sh", "-c", "echo $VIRTUAL_ENV; exit 7"), capture_output=True, text=True)
    assert (run.returncode, run.stdout.strip()) == (7, str(project / ".venv"))


def test_an_unknown_command_is_named(project):
    run = subprocess.run(command(project, "nosuchcommand"), capture_output=True, text=True)
    assert run.returncode == 127
    assert "no command 'nosuchcommand'" in run.stderr


def test_without_a_command_it_says_what_it_is_for(project):
    run = subprocess.run(command(project), capture_output=True, text=True)
    assert run.returncode == 2
    assert "with_env.py pytest" in run.stderr


def test_ctrl_c_is_for_the_command_to_handle(project):
    """A command that still has something to do after Ctrl-C is waited for: here, until it is told to end."""
    code = """if True:
        import os, signal, sys
        def end(*_):
            print("asked", flush=True)
            os.read(0, 1)
            print("kept", flush=True)
            sys.exit(5)
        signal.signal(signal.SIGINT, end)
        print("ready", flush=True)
        signal.pause()"""
    child = subprocess.Popen(
        command(project, sys.executable, "-c", code),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert child.stdout.readline() == "ready\n"
    os.killpg(child.pid, signal.SIGINT)
    assert child.stdout.readline() == "asked\n"
    assert child.poll() is None
    out, _ = child.communicate("\n", timeout=600)
    assert (child.returncode, out) == (5, "kept\n")
