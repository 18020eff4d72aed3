"""Build the book: stage what Sphinx reads, and let it write the pages. A warning of Sphinx stops the build.

OUT.cache/executed/   chapters that have been run, and their figures
OUT.cache/source/     what Sphinx reads
OUT.cache/doctrees/   what Sphinx keeps from build to build
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nfscratch import chapter
from nfscratch.book import captions, chapter_page, executed, front, live, settings

WORKERS = 2


class BookError(Exception):
    """The book cannot be built: the message says what is missing."""


def build(out: Path, *, fast: bool = False, only: tuple[str, ...] = (), pyodide: str | None = None) -> None:
    """Write the site to `out`.

    fast: chapters run with their few steps. only: these chapters; all others are left out. pyodide: where cells that
    run in the browser find it (live.py); without it pages are static.

    Raises BookError.
    """
    chapters = {name: path for name, path in chapter.chapters().items() if not only or name in only}
    cache = out.with_name(out.name + ".cache")
    _run_all(chapters, cache / "executed", "--fast" if fast else "")
    _stage(chapters, cache / "executed", cache / "source")
    told = None if pyodide is None else live.prepared(pyodide, out)
    _sphinx(cache, out, {"live_settings": told, "live_seconds": _seconds(cache / "source")})


def _run_all(chapters: Mapping[str, Path], folder: Path, options: str) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        runs = {name: pool.submit(executed.executed, path, folder, options) for name, path in chapters.items()}
    for name, run in runs.items():
        if (error := run.exception()) is not None:
            raise BookError(f"chapter {name[2:4]} did not run: {error}") from error


def _stage(chapters: Mapping[str, Path], ran: Path, source: Path) -> None:
    import nbformat

    numbers = chapter_page.numbers_of(chapter.chapters() if len(chapters) == len(chapter.chapters()) else chapters)
    source.mkdir(parents=True, exist_ok=True)
    for name, path in chapters.items():
        missing = [f for f in captions.names(_prose(path)) if not (ran / "figures" / f"{f}.png").is_file()]
        if missing:
            raise BookError(f"chapter {name[2:4]} describes figures that it did not draw: {', '.join(missing)}")
        notebook = nbformat.read(ran / f"{name}.ipynb", as_version=4)
        _write(source / f"{name}.ipynb", nbformat.writes(chapter_page.page(notebook, name, numbers)))
    _write(source / "index.md", front.index(chapters))
    _write(source / "bibliography.md", front.bibliography(chapters))
    shutil.copytree(ran / "figures", source / "figures", dirs_exist_ok=True)


def _prose(path: Path) -> str:
    """A chapter's text without the comment signs."""
    return "\n".join(line.removeprefix("# ") for line in path.read_text(encoding="utf-8").splitlines())


def _write(path: Path, text: str) -> None:
    """Write it only where it is not what is there: Sphinx reads anew what is newer."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _seconds(source: Path) -> dict[str, list[float]]:
    """{page: how long each of its cells took}."""
    return {path.stem: executed.seconds(path) for path in source.glob("ch*.ipynb")}


def _sphinx(cache: Path, out: Path, more: dict) -> None:
    from sphinx.application import Sphinx

    said = settings.settings() | more
    app = Sphinx(
        cache / "source", None, out, cache / "doctrees", "html", confoverrides=said, exception_on_warning=False,
        warningiserror=True, parallel=WORKERS,
    )  # fmt: skip
    app.build()
    if app.statuscode:
        raise BookError("Sphinx warned: see above")
