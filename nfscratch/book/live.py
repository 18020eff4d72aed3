"""Cells that run in the reader's browser: what a page is told, and the parts of Pyodide that it loads.

pyodide    a folder with Pyodide's distribution, whose needed files are copied into the site, or an address
packages   NumPy and others, with what they need, by Pyodide's own list (pyodide-lock.json)
seconds    what each cell took here; page.js says so where a cell is slow in a browser
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nfscratch.book import wheels

PACKAGES = ("numpy", "scipy", "matplotlib", "scikit-learn", "threadpoolctl")
EXERCISES = re.compile(r"exercises-(\d\d)$")  # the page of a chapter's tasks
CORE = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")


def prepared(pyodide: str, out: Path) -> dict[str, Any]:
    """Put wheels, and Pyodide if it is a folder, into the site; return what every page is told."""
    if "://" not in pyodide:
        _copy(Path(pyodide), out / "pyodide")
        pyodide = "pyodide/"
    return {
        "pyodide": pyodide.rstrip("/") + "/",
        "packages": list(PACKAGES),
        "wheels": [f"wheels/{name}" for name in wheels.packed(out / "wheels")],
        "worker": "_static/live/worker.js",
        "argv": ["--fast"],
    }


def _copy(source: Path, target: Path) -> None:
    missing = [name for name in CORE if not (source / name).is_file()]
    if missing:
        raise FileNotFoundError(f"{source} must hold Pyodide's distribution; it has no {', '.join(missing)}")
    target.mkdir(parents=True, exist_ok=True)
    for name in (*CORE, *_needed(json.loads((source / "pyodide-lock.json").read_text(encoding="utf-8"))["packages"])):
        if not (target / name).is_file():
            shutil.copy2(source / name, target / name)


def _needed(known: Mapping[str, Any]) -> list[str]:
    """The files of PACKAGES and of what they depend on."""
    found, waiting = {}, list(PACKAGES)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = known[name]["file_name"]
            waiting += known[name]["depends"]
    return sorted(found.values())


def setup(app: Any) -> dict[str, bool]:
    """The Sphinx extension: live_settings: what `prepared` returned; live_seconds: {page: seconds of its cells}."""
    app.add_config_value("live_settings", None, "html")
    app.add_config_value("live_seconds", {}, "")  # a new run of a chapter changes its own page alone
    app.connect("html-page-context", _tell)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _tell(app: Any, page: str, template: str, context: dict, doctree: Any) -> None:
    seconds, exercises = app.config.live_seconds.get(page), EXERCISES.match(page)
    if app.config.live_settings is None or (seconds is None and not exercises):
        return
    told = app.config.live_settings | ({"exercises": exercises[1]} if exercises else {"seconds": seconds})
    app.add_js_file("live/cell.js", defer="defer")
    app.add_js_file("live/page.js", defer="defer")
    app.add_js_file(None, body=json.dumps(told), type="application/json", id="live-settings")
