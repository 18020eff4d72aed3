"""The book as a site: two chapters become pages that link to each other, and what is wrong in a text stops the build.

It needs the extra `book`: Sphinx, MyST-NB, Furo and a notebook's kernel.
"""

import json
import re
import shutil

import pytest

from nfscratch import chapter
from nfscratch.book import captions, commands, site, weight

missing = [name for name in commands.NEEDED if commands.find_spec(name) is None]
pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(bool(missing), reason=f"the extra book is not installed: {', '.join(missing)}"),
    pytest.mark.filterwarnings("ignore"),  # of Sphinx, of what it stands on, and of a kernel's sockets
]

FIRST = """# %% [markdown]
# # A first chapter
#
# $$a = b \\tag{1}$$
#
# By (1), and arXiv:1505.05770.

# %%
from nfscratch import chapter, plot

options = chapter.options()
figure, ax = plot.subplots()
options.save(figure, "ch91_line")
print("the number is", 6 * 7)

# %% [markdown]
# *Figure `ch91_line`.* Nothing: an empty frame.
"""
SECOND = """# %% [markdown]
# # A second chapter
#
# See chapter 91 (1), and chapter 91.
"""
FAULTS = {
    "a link to nowhere": ("See chapter 91 (1)", "See [this](ch99_none.ipynb)", "ch99_none"),
    "an anchor that is not there": ("See chapter 91 (1)", "See [this](#ch91-eq-7)", "ch91-eq-7"),
    "a raw dollar": ("See chapter 91 (1)", "See $a and", "a dollar stands in prose"),
    "one label twice": ("See chapter 91 (1)", "See\n#\n# (here)=\n# ## One\n#\n# (here)=\n# ## Two\n#\n# and", "here"),
    "one label in two chapters": ("See chapter 91 (1)", "See\n#\n# (ch91-eq-1)=\n# ## One\n#\n# and", "ch91-eq-1"),
    "a figure that nothing drew": (
        "See chapter 91 (1)",
        "See\n#\n# *Figure `ch92_none`.* None.\n#\n# and",
        "ch92_none",
    ),
}

if shutil.which("node"):  # without Node a browser sets formulas, and says it there
    FAULTS["a formula that KaTeX cannot set"] = (
        "See chapter 91 (1)",
        "See $\\frcc12$ and",
        "KaTeX cannot set \\frcc12",
    )


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A folder with two small chapters, and a site of these alone."""
    folder = tmp_path / "chapters"
    folder.mkdir()
    (folder / "ch91_first.py").write_text(FIRST, encoding="utf-8")
    (folder / "ch92_second.py").write_text(SECOND, encoding="utf-8")
    monkeypatch.setattr(chapter, "folder", lambda: folder)
    monkeypatch.setattr(site, "TEXTS", {})
    monkeypatch.setattr(site, "_pages", lambda chapters, is_live: {})
    return folder


def test_two_small_chapters_become_pages_and_each_fault_stops_the_build(small, tmp_path, capfd):
    out = tmp_path / "site"
    site.build(out)
    first, second = ((out / f"{name}.html").read_text(encoding="utf-8") for name in ("ch91_first", "ch92_second"))
    assert "91 A first chapter" in first and "the number is 42" in first and "figure: " not in first
    assert 'id="ch91-eq-1"' in first and 'href="#ch91-eq-1"' in first and "https://arxiv.org/abs/1505.05770" in first
    assert 'href="ch91_first.html#ch91-eq-1"' in second and 'href="ch91_first.html"' in second
    assert "Figure 91.1." in first and 'alt="Nothing:"' in first
    for name, (right, wrong, said) in FAULTS.items():
        assert right in SECOND
        (small / "ch92_second.py").write_text(SECOND.replace(right, wrong), encoding="utf-8")
        capfd.readouterr()
        with pytest.raises(site.BookError) as raised:
            site.build(out)
        assert said in str(raised.value) + capfd.readouterr().err, name
    (small / "ch92_second.py").write_text(SECOND, encoding="utf-8")
    site.build(out)


def test_a_fault_that_nobody_has_mended_stops_the_next_build_too(small, tmp_path):
    right, wrong, _ = FAULTS["a link to nowhere"]
    (small / "ch92_second.py").write_text(SECOND.replace(right, wrong), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(site.BookError, match="Sphinx warned"):
            site.build(tmp_path / "site")


def test_a_chapter_that_raises_stops_the_build(small, tmp_path):
    (small / "ch91_first.py").write_text(FIRST.replace("6 * 7", "6 / 0"), encoding="utf-8")
    with pytest.raises(site.BookError, match=r"ch91_first did not run: (.|\n)*ZeroDivisionError"):
        site.build(tmp_path / "site")


def test_what_has_not_changed_is_not_run_again(small, tmp_path):
    out = tmp_path / "site"
    site.build(out)
    notebook = tmp_path / "site.cache" / "executed" / "ch91_first.ipynb"
    before = json.loads(notebook.read_text(encoding="utf-8"))
    (small / "ch92_second.py").write_text(SECOND.replace("second", "third"), encoding="utf-8")
    site.build(out)
    assert json.loads(notebook.read_text(encoding="utf-8")) == before
    assert "A third chapter" in (out / "ch92_second.html").read_text(encoding="utf-8")


def test_a_page_that_is_gone_leaves_the_site(small, tmp_path):
    out = tmp_path / "site"
    site.build(out)
    (small / "ch92_second.py").unlink()
    site.build(out)
    assert (out / "ch91_first.html").is_file() and not (out / "ch92_second.html").exists()


def test_a_page_or_a_site_that_is_too_heavy_stops_the_build(small, tmp_path, monkeypatch):
    site.build(tmp_path / "site")
    most = max(weight.of_page(page) for page in (tmp_path / "site").glob("*.html"))
    monkeypatch.setattr(weight, "LARGEST_PAGE", most - 1)
    with pytest.raises(
        site.BookError, match=f"html weighs {most:,} bytes with what it loads; the most is {most - 1:,}"
    ):
        site.build(tmp_path / "site")
    monkeypatch.setattr(weight, "LARGEST_PAGE", most)
    monkeypatch.setattr(weight, "LARGEST_SITE", 1000)
    with pytest.raises(site.BookError, match=r"the site weighs [0-9,]+ bytes; the most is 1,000"):
        site.build(tmp_path / "site")


def test_chapters_of_the_book_become_pages_with_their_figures_and_exercises(tmp_path):
    names = ("ch01_change_of_variables", "ch04_coupling")
    site.build(tmp_path / "site", fast=True, only=names)
    for name in names:
        html = (tmp_path / "site" / f"{name}.html").read_text(encoding="utf-8")
        described = captions.names(site._prose(chapter.chapters()[name]))
        assert described and [figure for figure in described if f'id="{figure.replace("_", "-")}"' not in html] == []
        assert len(re.findall(r"<img [^>]*alt=\"[^\"]+\"", html)) >= len(described)
    for page in ("faq", "museum", "symbols", "bibliography", "reference", "exercises-04", "index"):
        assert (tmp_path / "site" / f"{page}.html").is_file()
