"""What a browser's Python needs beside Pyodide's packages: this package, and pure Python ones that are installed here.

A wheel is a zip of a distribution's files. It is made from the installed one, so that nothing is fetched.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from nfscratch import chapter
from nfscratch.checkpoint import atomic

PURE = ("autograd", "rich", "markdown-it-py", "mdurl", "pooch")
STAMP = (2020, 1, 1, 0, 0, 0)  # equal files make equal wheels


def packed(folder: Path) -> list[str]:
    """Write the wheels into `folder`, and return their names."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_wheel("nfscratch", _own(), folder), *(_wheel(name, _installed(name), folder) for name in PURE)]


def _wheel(name: str, files: Iterator[tuple[str, bytes]], folder: Path) -> str:
    file = f"{name.replace('-', '_')}-{metadata.version(name)}-py3-none-any.whl"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(files):
            archive.writestr(zipfile.ZipInfo(path, STAMP), content, zipfile.ZIP_DEFLATED)
    atomic.write(folder / file, [packed.getvalue()])
    return file


def _own() -> Iterator[tuple[str, bytes]]:
    """The package without this room, the chapters that exercises are judged beside, and its metadata."""
    for path in chapter.PACKAGE.rglob("*"):
        parts = path.relative_to(chapter.PACKAGE).parts
        if path.is_file() and "__pycache__" not in parts and parts[0] not in ("book", "_chapters"):
            yield "/".join(("nfscratch", *parts)), path.read_bytes()
    for path in chapter.chapters().values():
        yield f"nfscratch/_chapters/{path.name}", path.read_bytes()
    told = metadata.distribution("nfscratch")
    yield f"nfscratch-{told.version}.dist-info/METADATA", (told.read_text("METADATA") or "").encode()


def _installed(name: str) -> Iterator[tuple[str, bytes]]:
    for file in metadata.files(name) or []:
        path = Path(str(file.locate()))
        if ".." not in file.parts and "__pycache__" not in file.parts and path.is_file():
            yield file.as_posix(), path.read_bytes()
