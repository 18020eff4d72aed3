"""Run a command in this project's own environment, which is made on first use.

    python3 with_env.py nfscratch run coupling
    python3 with_env.py pytest

It needs Python 3.11 or newer, with pip. The environment lies in .venv, holds the project (editable) with its test
tools, and is brought up to date whenever pyproject.toml changes. Nothing outside this folder is touched.
"""

import hashlib
import os
import signal
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = ENVIRONMENT / "made_from"  # what the environment was made from: written last, so a broken one is made again


def fingerprint() -> str:
    """Changes when pyproject.toml or the Python that runs this does."""
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()


def make() -> None:
    """The environment, with the project in it."""
    print(f"Setting up {ENVIRONMENT} (once; a minute or two) ...", file=sys.stderr, flush=True)
    # Without pip inside: some systems ship venv without ensurepip. The pip that is there installs into it.
    # With links: a copy of a Python that looks for its library beside itself would not start.
    venv.create(ENVIRONMENT, with_pip=False, clear=True, symlinks=os.name != "nt")
    pip = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--editable", f"{ROOT}[test]"], check=True)
    STAMP.write_text(fingerprint())


def main() -> int:
    if sys.version_info < (3, 11):
        print(f"nfscratch needs Python 3.11 or newer; this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    if not STAMP.is_file() or STAMP.read_text() != fingerprint():
        try:
            make()
        except subprocess.CalledProcessError as error:
            print(f"installing failed: {' '.join(map(str, error.cmd))}", file=sys.stderr)
            return error.returncode
        except KeyboardInterrupt:
            print("\nset-up interrupted; the next run starts it again", file=sys.stderr)
            return 130
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "VIRTUAL_ENV": str(ENVIRONMENT),
    }
    environment.pop("PYTHONHOME", None)
    command, *arguments = sys.argv[1:]
    program = BIN / (command + (".exe" if os.name == "nt" else ""))
    return run([str(program) if program.exists() else command, *arguments], environment)


def run(command: list[str], environment: dict[str, str]) -> int:
    """Become the command where the system can, so that Ctrl-C is its own affair; else wait for it, deaf to Ctrl-C."""
    try:
        if os.name != "nt":
            os.execvpe(command[0], command, environment)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return subprocess.Popen(command, env=environment).wait()
    except FileNotFoundError:
        print(f"no command {command[0]!r} in {BIN} or on the path", file=sys.stderr)
        return 127


if __name__ == "__main__":
    sys.exit(main())
