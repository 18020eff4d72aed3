"""The book's room without Sphinx: wheels for the browser's Python, what live cells need, the commands, the server."""

import hashlib
import http.client
import json
import runpy
import threading
import zipfile
from functools import partial
from http.server import ThreadingHTTPServer

import numpy as onp
import pytest
from PIL import Image
from typer.testing import CliRunner

from nfscratch import chapter, plot
from nfscratch.book import commands, live, pictures, site, wheels

LOCK = {"packages": {
    name: {"file_name": f"{name}-1.whl", "depends": ["openblas"] if name == "scipy" else []}
    for name in (*live.PACKAGES, "openblas", "not-needed")
}}  # fmt: skip


def test_the_own_wheel_holds_the_package_without_this_room(tmp_path):
    name = wheels._wheel("nfscratch", wheels._own(), tmp_path)
    with zipfile.ZipFile(tmp_path / name) as archive:
        names = archive.namelist()
        assert "nfscratch/flows/flow.py" in names and "nfscratch/course/tasks/ch04.toml" in names
        assert {f"nfscratch/_chapters/{path.name}" for path in chapter.chapters().values()} <= set(names)
        assert not [n for n in names if n.startswith("nfscratch/book/") or "__pycache__" in n]
        assert archive.read("nfscratch/trees.py") == (chapter.PACKAGE / "trees.py").read_bytes()


def test_equal_files_make_equal_wheels(tmp_path):
    digests = set()
    for k, folder in enumerate((tmp_path / "a", tmp_path / "b")):
        folder.mkdir()
        files = [("x/a.py", b"1"), ("x/b.py", b"2")]
        name = wheels._wheel("nfscratch", iter(files[:: 1 - 2 * k]), folder)
        digests.add(hashlib.sha256((folder / name).read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.fixture
def pyodide(tmp_path):
    """A folder with the files of Pyodide's distribution, each of them empty but its list."""
    folder = tmp_path / "pyodide"
    folder.mkdir()
    for name in (*live.CORE, *(entry["file_name"] for entry in LOCK["packages"].values())):
        (folder / name).write_bytes(b"")
    (folder / "pyodide-lock.json").write_text(json.dumps(LOCK), encoding="utf-8")
    return folder


def test_the_site_gets_the_packages_and_what_they_depend_on(tmp_path, pyodide, monkeypatch):
    monkeypatch.setattr(wheels, "packed", lambda folder: ["nfscratch-1.whl"])
    told = live.prepared(str(pyodide), tmp_path / "site")
    there = {path.name for path in (tmp_path / "site" / "pyodide").iterdir()}
    assert there == {*live.CORE, "openblas-1.whl", *(f"{name}-1.whl" for name in live.PACKAGES)}
    assert told["pyodide"] == "pyodide/" and told["wheels"] == ["wheels/nfscratch-1.whl"]


def test_an_address_of_pyodide_is_kept_and_nothing_is_copied(tmp_path, monkeypatch):
    monkeypatch.setattr(wheels, "packed", lambda folder: [])
    told = live.prepared("https://pyodide.example/full", tmp_path)
    assert told["pyodide"] == "https://pyodide.example/full/" and not (tmp_path / "pyodide").exists()


def test_a_folder_that_is_no_distribution_is_refused_by_the_names_it_lacks(tmp_path, pyodide):
    (pyodide / "pyodide.js").unlink()
    with pytest.raises(FileNotFoundError, match=r"must hold Pyodide's distribution; it has no pyodide\.js$"):
        live.prepared(str(pyodide), tmp_path / "site")


def invoke(*arguments):
    result = CliRunner().invoke(commands.app, list(arguments))
    return result.exit_code, result.output


def test_a_build_without_the_extra_says_what_to_install(monkeypatch):
    monkeypatch.setattr(commands, "find_spec", lambda name: None if name in ("furo", "sphinx") else name)
    assert invoke("build") == (1, "the book needs sphinx, furo; install the extra: pip install '.[book]'\n")


def test_a_chapter_that_is_none_is_refused(monkeypatch):
    monkeypatch.setattr(commands, "find_spec", lambda name: name)
    code, said = invoke("build", "--chapter", "cuopling")
    assert code == 1 and said.startswith("no chapter called 'cuopling'") and "did you mean 'coupling'?" in said


def test_a_folder_without_a_site_is_not_served(tmp_path):
    code, said = invoke("serve", str(tmp_path))
    assert code == 1 and said == (
        f"{tmp_path} must hold a site with index.html; make one with: nfscratch book build -o {tmp_path}\n"
    )


def test_the_server_sends_what_shared_memory_needs(tmp_path):
    (tmp_path / "index.html").write_text("hello", encoding="utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(commands.Handler, directory=tmp_path)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
        connection.request("GET", "/index.html")
        answer = connection.getresponse()
        assert answer.read() == b"hello"
        connection.close()
        server.shutdown()
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"


def test_a_figure_for_a_page_has_few_colours_that_are_close_and_is_made_once(tmp_path):
    """A density in colours, with text and lines, as chapters draw them."""
    x = onp.linspace(-3, 3, 200)
    figure, axes = plot.subplots(1, 2)
    axes[0].imshow(onp.exp(-(x[:, None] ** 2) - x**2))
    axes[1].plot(x, x**2)
    (tmp_path / "drawn").mkdir()
    figure.savefig(tmp_path / "drawn" / "a.png")
    pictures.copied(tmp_path / "drawn", tmp_path / "page")
    drawn, made = (Image.open(tmp_path / folder / "a.png").convert("RGB") for folder in ("drawn", "page"))
    off = onp.abs(onp.asarray(drawn, dtype=float) - onp.asarray(made, dtype=float))
    assert len(made.getcolors(10**6)) <= pictures.COLOURS and drawn.size == made.size
    assert off.mean() < 1 and onp.quantile(off, 0.99) < 16
    (tmp_path / "page" / "a.png").write_bytes(b"kept")
    pictures.copied(tmp_path / "drawn", tmp_path / "page")
    assert (tmp_path / "page" / "a.png").read_bytes() == b"kept"


@pytest.mark.exhaustive
def test_the_answers_to_questions_hold(capsys):
    """The script asserts each number of its prose."""
    runpy.run_path(str(site.TEXTS["faq"]))
    assert len(capsys.readouterr().out.splitlines()) == 7
