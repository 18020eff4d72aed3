"""What a page weighs: its own bytes and those of all that it loads. A page or a site that is too heavy stops the build.

Counted are a page's scripts, styles and images, the modules that its scripts import, and for the fonts that its styles
name at most FONTS: which of them a page loads, its formulas decide (tests/browser/check_site.py counts what a browser
receives). Not counted is Pyodide, which a reader's browser loads when a button is pressed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

LARGEST_PAGE = 1_500_000  # bytes
LARGEST_SITE = 60_000_000
FONTS = 120_000  # more than any chapter loads of KaTeX's
LOADED = re.compile(r'<(?:img|script|source)\b[^>]*?\bsrc="([^"]+)"|<link\b(?=[^>]*\brel="[^"]*\b(?:stylesheet|icon)\b)'
                    r'[^>]*?\bhref="([^"]+)"')  # fmt: skip
NAMED = re.compile(r"""(?:url\(|\bfrom )["']?([^"')]+)["')]""")  # a style's file, a script's module


def too_heavy(site: Path) -> list[str]:
    """A line for each page that is too large, and one for the site."""
    weights = {page.name: of_page(page) for page in sorted(site.glob("*.html"))}
    said = [f"{name} weighs {b:,} bytes with what it loads; the most is {LARGEST_PAGE:,}"
            for name, b in weights.items() if b > LARGEST_PAGE]  # fmt: skip
    whole = of_site(site)
    return said + ([f"the site weighs {whole:,} bytes; the most is {LARGEST_SITE:,}"] if whole > LARGEST_SITE else [])


def of_page(page: Path) -> int:
    """Bytes of the page and of the files that it loads."""
    sizes = {path: path.stat().st_size for path in {page, *_loaded(page)}}
    fonts = sum(size for path, size in sizes.items() if path.suffix == ".woff2")
    return sum(sizes.values()) - fonts + min(fonts, FONTS)


def of_site(site: Path) -> int:
    """Bytes of all files but Pyodide's."""
    files = (path for path in site.rglob("*") if path.is_file() and path.relative_to(site).parts[0] != "pyodide")
    return sum(path.stat().st_size for path in files)


def _loaded(page: Path) -> Iterator[Path]:
    for addresses in LOADED.findall(page.read_text(encoding="utf-8")):
        for path in _files(page, "".join(addresses)):
            yield path
            yield from _named(path) if path.suffix in (".css", ".js") else ()


def _named(file: Path) -> Iterator[Path]:
    for name in NAMED.findall(file.read_text(encoding="utf-8")):
        yield from _files(file, name)


def _files(beside: Path, address: str) -> list[Path]:
    path = beside.parent / unquote(re.split(r"[?#]", address)[0])
    return [path.resolve()] if ":" not in address and path.is_file() else []
