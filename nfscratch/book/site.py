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
from nfscratch.book import (
    back,
    captions,
    chapter_page,
    executed,
    exercise_page,
    explorer,
    front,
    labels,
    live,
    museum_page,
    pictures,
    reference,
    settings,
    weight,
)
from nfscratch.checkpoint import atomic

WORKERS = 2
TEXTS = {"faq": Path(__file__).parent / "text" / "faq.py"}  # scripts that are run as chapters are
BACK = ("directions", "symbols", "museum", "audit", "bibliography", "reference")


class BookError(Exception):
    """The book cannot be built: the message says what is missing."""


def build(out: Path, *, fast: bool = False, only: tuple[str, ...] = (), pyodide: str | None = None) -> None:
    """Write the site to `out`.

    fast: chapters run with their few steps. only: these chapters; all others are left out. pyodide: where cells that
    run in the browser find it (live.py); without it pages are static.

    Raises BookError.
    """
    chapters = {name: path for name, path in chapter.chapters().items() if not only or name in only}
    texts, cache = chapters | TEXTS, out.with_name(out.name + ".cache")
    _run_all(texts, cache / "executed", "--fast" if fast else "")
    others = _pages(chapters, pyodide is not None)
    staged = _stage(texts, cache / "executed", cache / "source")
    others["index"] = _front(chapters, others, cache, pyodide is not None)
    for name, text in others.items():
        _write(cache / "source" / f"{name}.md", text)
    _forget_others(staged | others, cache / "source", out)
    if twice := labels.repeated(staged | others):
        raise BookError("; ".join(twice))
    told = None if pyodide is None else live.prepared(pyodide, out)
    seconds = {name: executed.seconds(cache / "source" / f"{name}.ipynb") for name in texts}
    _sphinx(cache, out, {"live_settings": told, "live_seconds": seconds})
    if heavy := weight.too_heavy(out):
        raise BookError("; ".join(heavy))


def _run_all(texts: Mapping[str, Path], folder: Path, options: str) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        runs = {name: pool.submit(executed.executed, path, folder, options) for name, path in texts.items()}
    for name, run in runs.items():
        if (error := run.exception()) is not None:
            raise BookError(f"{name} did not run: {error}") from error


def _pages(chapters: Mapping[str, Path], is_live: bool) -> dict[str, str]:
    """{page: text} of all pages that are not run."""
    museum = {"explorer": explorer.page(), "museum": museum_page.page()}
    return exercise_page.pages(chapters, is_live) | back.pages(chapters) | museum | reference.pages()


def _exercises(names: Mapping[str, str]) -> list[str]:
    return [name for name in names if name.startswith("exercises-")]


def _front(chapters: Mapping[str, Path], others: Mapping[str, str], cache: Path, is_live: bool) -> str:
    trees = {
        "Questions and exercises": [*(name for name in others if name == "explorer"), *TEXTS, *_exercises(others)],
        "At the back": [name for name in BACK if name in others],
    }
    figures = [path.stem for path in (cache / "executed" / "figures").glob("*.png")]
    return front.index(chapters, trees, figures, is_live)


def _stage(texts: Mapping[str, Path], ran: Path, source: Path) -> dict[str, str]:
    """Write the notebooks for Sphinx; return {page: its prose}."""
    import nbformat

    numbers, staged = chapter_page.numbers_of(texts), {}
    source.mkdir(parents=True, exist_ok=True)
    for name, path in texts.items():
        missing = [f for f in captions.names(_prose(path)) if not (ran / "figures" / f"{f}.png").is_file()]
        if missing:
            raise BookError(f"{name} describes figures that it did not draw: {', '.join(missing)}")
        notebook = chapter_page.page(nbformat.read(ran / f"{name}.ipynb", as_version=4), name, numbers)
        staged[name] = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        _write(source / f"{name}.ipynb", nbformat.writes(notebook))
    pictures.copied(ran / "figures", source / "figures")
    return staged


def _prose(path: Path) -> str:
    """A chapter's text without the comment signs."""
    return "\n".join(line.removeprefix("# ") for line in path.read_text(encoding="utf-8").splitlines())


def _write(path: Path, text: str) -> None:
    """Write it only where it is not what is there: Sphinx reads anew what is newer."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        atomic.write(path, [text.encode()])


def _forget_others(pages: Mapping[str, str], source: Path, out: Path) -> None:
    """Delete the pages of an earlier build that this one does not have: to Sphinx they would be strays."""
    for path in [*source.glob("*.ipynb"), *source.glob("*.md")]:
        if path.stem not in pages:
            path.unlink()
            (out / f"{path.stem}.html").unlink(missing_ok=True)


def _sphinx(cache: Path, out: Path, more: dict) -> None:
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    said = settings.settings() | more
    with patch_docutils(), docutils_namespace():  # a second build in one process finds nothing registered
        app = Sphinx(
            cache / "source", None, out, cache / "doctrees", "html", confoverrides=said, status=None,
            exception_on_warning=False, warningiserror=True, parallel=WORKERS,
        )  # fmt: skip
        app.build()
    if app.statuscode:
        shutil.rmtree(cache / "doctrees")  # else the next build takes what was read, and says nothing
        raise BookError("Sphinx warned: see above")
