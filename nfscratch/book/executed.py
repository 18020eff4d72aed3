"""A chapter as a notebook that has been run. It is run again where its text, the package or the options have changed.

key = SHA-256 of the chapter, of the modules of the package apart from OTHERS, and of the options
"""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from nfscratch import chapter

KEY = "nfscratch_key"  # in the notebook's metadata
SECONDS = 900  # for one cell
OTHERS = ("book", "course")  # rooms that no chapter imports


def executed(path: Path, folder: Path, options: str) -> Path:
    """`folder`/NAME.ipynb, the chapter with its outputs; its figures are in `folder`/figures."""
    import nbformat

    target, key = folder / f"{path.stem}.ipynb", _key(path, options)
    if target.is_file() and nbformat.read(target, as_version=4).metadata.get(KEY) == key:
        return target
    notebook = _run(path, folder, options)
    notebook.metadata[KEY] = key
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
    return target


def seconds(path: Path) -> list[float]:
    """How long each code cell of a notebook that was run took."""
    import nbformat

    cells = nbformat.read(path, as_version=4).cells
    return [_seconds(cell.metadata.get("execution", {})) for cell in cells if cell.cell_type == "code"]


def _seconds(times: dict) -> float:
    begun, ended = (times.get(key) for key in ("iopub.execute_input", "shell.execute_reply"))
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds() if begun and ended else 0.0


def _key(path: Path, options: str) -> str:
    digest = hashlib.sha256(options.encode())
    modules = (
        p for p in sorted(chapter.PACKAGE.rglob("*.py")) if p.relative_to(chapter.PACKAGE).parts[0] not in OTHERS
    )
    for file in (path, Path(__file__), *modules):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _run(path: Path, folder: Path, options: str) -> Any:
    import jupytext
    from nbclient import NotebookClient

    notebook = jupytext.read(path, fmt="py:percent")
    environment = os.environ | {
        chapter.OPTIONS: f"{options} --figures {folder.resolve() / 'figures'}",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
    }
    quiet = ["--IPKernelApp.log_level=ERROR"]
    client = NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", extra_arguments=quiet)
    client.execute(env=environment)
    return notebook
