"""with_env.py becomes the command that it is given: arguments, exit code and Ctrl-C are the command's own."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
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
    """A command that needs half a second to finish after Ctrl-C gets it."""
    code = """if True:
        import signal, sys, time
        signal.signal(signal.SIGINT, lambda *_: (time.sleep(0.6), print("kept"), sys.exit(5)))
        print("ready", flush=True)
        time.sleep(30)"""
    child = subprocess.Popen(
        command(project, sys.executable, "-c", code), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.1)
    os.killpg(child.pid, signal.SIGINT)
    out, _ = child.communicate(timeout=20)
    assert (child.returncode, out) == (5, "kept\n")
