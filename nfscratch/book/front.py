"""The title page: what the book is, how to install it, a picture, the table of chapters, and the tree of all pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nfscratch import chapter

PICTURE = "ch04_modes"
ALT = "Four densities side by side: two blobs; two joined by a bridge; two blobs; two joined by a faint bridge"
INDEX = """# Normalizing flows from scratch

A *normalizing flow* turns noise into data by a chain of invertible maps, and knows the density of what it draws. This
book derives the maps one by one, in NumPy, and runs: every map states its Jacobian in closed form, and every
log-determinant is compared with a numeric one on the page. The package `nfscratch` is the same mathematics, engineered.

{picture}## Read it, run it

Every chapter is a page, and its code has been run.{live} On your own machine, a chapter is a script:

```
pip install .                  # in a copy of the project: Python 3.11 or newer
nfscratch run coupling         # a chapter, with its checks, figures and a training run
nfscratch handout 04 -o hw4/   # the same chapter as an assignment
```

{explorer}## The chapters

{table}

{trees}"""
EXPLORER = """In the [explorer](explorer.md) you drag a point through six maps, and see what each does to areas
and to the density.

"""
LIVE = """ *Run this page* starts Python in your browser, with
nothing to install: change a cell, and look at what comes of it."""
TABLE = "| | chapter |\n|---|---|"
SHOWN = """![{alt}](figures/{name}.png)

*A flow that preserves volume cannot change the number of modes: it stretches one blob into two, joined by a bridge
(chapter 04).*

"""
TREE = """```{{toctree}}
:hidden:
:caption: {caption}

{pages}
```
"""


def index(
    chapters: Mapping[str, Path], others: Mapping[str, Sequence[str]], figures: Sequence[str], live: bool = False
) -> str:
    """The title page. others: {caption: pages} that stand in the table of contents behind the chapters."""
    rows = [f"| {name[2:4]} | [{chapter.title(path)}]({name}.ipynb) |" for name, path in chapters.items()]
    trees = {"Chapters": list(chapters)} | dict(others)
    return INDEX.format(
        picture=SHOWN.format(name=PICTURE, alt=ALT) if PICTURE in figures else "",
        live=LIVE if live else "",
        explorer=EXPLORER if any("explorer" in pages for pages in others.values()) else "",
        table="\n".join([TABLE, *rows]),
        trees="\n".join(
            TREE.format(caption=caption, pages="\n".join(pages)) for caption, pages in trees.items() if pages
        ),
    )
