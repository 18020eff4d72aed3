"""Shelves: where the packages stand that a student's file may import, and which files it may read for that."""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from functools import cache
from pathlib import Path

OFFERED = ("numpy", "autograd", "scipy")  # beside the standard library
PACKAGES = ("site-packages", "dist-packages")
SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")  # shared libraries
SINGLE = ("/etc/ld.so.cache", "/dev/null", "/dev/urandom")
OURS = Path(__file__).resolve().parents[3]  # the folder that holds nfscratch, and maybe the chapters


@cache
def shelves() -> dict[str, str]:
    """The folder of each package that is offered and installed."""
    found = {name: importlib.util.find_spec(name) for name in OFFERED}
    return {name: str(Path(spec.origin).parent.parent) for name, spec in found.items() if spec and spec.origin}


@cache
def readable() -> dict[str, list[str]]:
    """The folders that may be listed, and the paths beneath which files may be read."""
    library = [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")]
    listed = [*library, *map(Path, shelves().values())]
    read = [entry for folder in library for entry in folder.iterdir() if entry.name not in PACKAGES]
    for name, folder in shelves().items():
        read += [Path(folder) / name, Path(folder) / f"{name}.libs"]
    read += [path for path in map(Path, SYSTEM) if not OURS.is_relative_to(path.resolve())]
    read += [*Path(sys.base_prefix, "lib").glob("*.so*"), *map(Path, SINGLE)]
    return {"listed": [str(path) for path in dict.fromkeys(listed)], "read": [str(p) for p in dict.fromkeys(read)]}
