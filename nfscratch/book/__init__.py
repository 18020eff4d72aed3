"""The book on the web: `nfscratch book build -o site/` makes pages of the chapters that `nfscratch run` runs.

    executed.py      a chapter as a notebook that has been run; what has not changed is not run again
    chapter_page.py  that notebook as a page: what is rewritten, and in which order
    equations.py     \\tag{3} is an anchor, and "(3)" or "chapter 01 (8)" a link to it
    captions.py      "*Figure `ch04_idea`.* ..." is Figure 4.1 with that caption
    citations.py     arXiv and doi numbers are links, and so is "Oliva et al."; the bibliography
    front.py         the title page, and the tree of all pages
    back.py          bibliography, symbols and letters, directions, the audit of other libraries
    museum_page.py   the museum            exercise_page.py  a chapter's tasks, judged in the page
    reference.py     the public names with their docstrings
    text/faq.py      questions that people ask: a script that is run as chapters are
    pictures.py      figures with fewer colours        images.py: their sizes, stated in the page
    labels.py        no label stands twice
    explorer.py      a page on which a map bends the plane: assets/explorer/, and the weights of its flow
    animations.py    "*Animation `moons_warp`.*" is a moving picture, or a still one; warp.py draws it
    mathematics.py   a Sphinx extension: formulas; formulas.py has KaTeX set them in a page's HTML
    weight.py        what a page weighs with all that it loads, and the most that it may
    live.py          cells that run in the browser: what a page is told, the parts of Pyodide that it loads
    wheels.py        this package and others as wheels, for the browser's Python
    settings.py      what Sphinx is told: extensions, theme, strictness
    site.py          all of it, in order: stage, build, measure
    commands.py      the commands
    assets/          what pages load: KaTeX (MIT licence, in its folder), our own style and scripts

Sphinx, MyST-NB and Furo do the work (extra `book`). Nothing here is imported by the rest of the package.
"""
