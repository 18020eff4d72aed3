"""What is done to a page's HTML: formulas are set, figures state their sizes, and all that a page loads is weighed."""

import shutil

import pytest
from PIL import Image

from nfscratch.book import formulas, images, weight

PAGE = '<p><span class="math">x &lt; y</span> and <div class="math">x^2 \\tag{3}</div></p><span class="pre">$</span>'
with_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")


@with_node
def test_formulas_are_set_where_they_stand_and_all_else_is_kept():
    made = formulas.set_in(PAGE)
    assert made.startswith('<p><span class="math"><span class="katex">') and made.endswith(PAGE[PAGE.index("</p>") :])
    assert "x &lt; y</annotation>" in made and made.count('class="katex-display"') == 1 and "katex-html" in made


@with_node
def test_a_formula_that_is_none_is_named():
    with pytest.raises(formulas.FormulaError, match=r"^KaTeX cannot set \\frcc12: .*Undefined control sequence"):
        formulas.set_in('<span class="math">x</span><span class="math">\\frcc12</span>')


def test_without_node_formulas_stay_for_the_browser(monkeypatch):
    monkeypatch.setattr(formulas.shutil, "which", lambda name: None)
    assert formulas.set_in(PAGE) == PAGE


def test_figures_state_their_size_and_nothing_waits_for_them(tmp_path):
    for name, size in (("a", (30, 20)), ("b", (7, 5))):
        Image.new("RGB", size).save(tmp_path / f"{name}.png")
    body = '<img alt="A" src="_images/a.png" /> <img alt="B" src="../_images/b.png" /> <img src="_static/c.png">'
    late = 'decoding="async" fetchpriority="low"'
    assert images.stated(body, tmp_path) == (
        f'<img width="30" height="20" {late} alt="A" src="_images/a.png" /> '
        f'<img width="7" height="5" {late} alt="B" src="../_images/b.png" /> <img src="_static/c.png">'
    )


HTML = """<link rel="stylesheet" href="s/a.css?v=1"><link rel="next" href="b.html"><script src="m.js"></script>
<img alt="" src="i.png"><img src="i.png"><img src="https://host/x.png"><a href="big.bin">not loaded</a>"""


@pytest.fixture
def site(tmp_path):
    """A page and all that it loads, one that loads nothing, Pyodide, and a file that no page loads."""
    sizes = {"i.png": 100, "n.js": 30, "s/f.woff2": 5, "big.bin": 9000, "pyodide/p.wasm": 10**6, "b.html": 7}
    texts = {"a.html": HTML, "s/a.css": "@font-face {src: url(f.woff2)}", "m.js": 'import { x } from "./n.js";'}
    for name, content in (texts | {name: "x" * size for name, size in sizes.items()}).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def length(site, *names):
    return sum((site / name).stat().st_size for name in names)


def test_a_page_weighs_what_it_loads_and_each_file_once(site, monkeypatch):
    own = length(site, "a.html", "s/a.css", "m.js", "n.js", "i.png")
    assert weight.of_page(site / "a.html") == own + 5 and weight.of_page(site / "b.html") == 7
    monkeypatch.setattr(weight, "FONTS", 2)
    assert weight.of_page(site / "a.html") == own + 2
    assert weight.of_site(site) == own + 5 + 9000 + 7


def test_a_page_that_is_too_heavy_is_named_and_so_is_a_site(site, monkeypatch):
    assert weight.too_heavy(site) == []
    most = weight.of_page(site / "a.html")
    monkeypatch.setattr(weight, "LARGEST_PAGE", most)
    assert weight.too_heavy(site) == []
    monkeypatch.setattr(weight, "LARGEST_PAGE", most - 1)
    monkeypatch.setattr(weight, "LARGEST_SITE", 9000)
    first, second = weight.too_heavy(site)
    assert first == f"a.html weighs {most:,} bytes with what it loads; the most is {most - 1:,}"
    assert second.startswith("the site weighs 9,") and second.endswith(" bytes; the most is 9,000")
