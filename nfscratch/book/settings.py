"""What Sphinx is told. There is no conf.py: the settings are data, and a site is built from the installed package."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

SCRIPTS = ("mathematics.js", "reachable.js")
ASSETS = Path(__file__).parent / "assets"


def settings() -> dict[str, Any]:
    return {
        "project": "nfscratch",
        "author": "The nfscratch developers",
        "version": version("nfscratch"),
        "extensions": ["myst_nb", *(f"nfscratch.book.{name}" for name in ("mathematics", "images", "live"))],
        "html_theme": "furo",
        "html_title": "Normalizing flows from scratch",
        "html_static_path": [str(ASSETS)],
        "html_css_files": ["katex/katex.min.css", "book.css", "live/page.css", "animations/animations.css"],
        "html_js_files": [(name, {"defer": "defer"}) for name in SCRIPTS],
        "html_favicon": str(ASSETS / "favicon.svg"),
        "html_show_sphinx": False,
        "html_show_copyright": False,
        "smartquotes": False,  # quotes and dashes stand as they are written
        "html_copy_source": False,
        "html_math_renderer": "katex",
        "myst_enable_extensions": ["dollarmath", "colon_fence"],
        "myst_links_external_new_tab": False,
        "nb_execution_mode": "off",  # executed.py has run them
        "nb_merge_streams": True,
        "nitpicky": True,
        "html_use_index": False,  # symbols and the reference have pages of their own
        "exclude_patterns": ["figures"],
    }
