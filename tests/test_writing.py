"""Files that cannot be written, read or found, and ports that are taken: one line that names them."""

import errno
import os
import socket
from pathlib import Path

import pytest
from invoking import invoke

from nfscratch import terminal
from nfscratch.book import commands, site, wheels
from nfscratch.checkpoint import atomic
from nfscratch.course.grading import autograder, class_report, grade
from nfscratch.course.grading.collect import Handed
from nfscratch.course.grading.formats import autolab, csv_table, gradescope, junit
from nfscratch.course.handout import Handout
from nfscratch.course.task import assignment


def fill(monkeypatch, name):
    """The disk has room for half of the file of this name."""
    through = atomic._write_through

    def half(temporary, pieces):
        if not temporary.name.startswith(f".{name}."):
            return through(temporary, pieces)
        text = b"".join(pieces)
        through(temporary, [text[: len(text) // 2]])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # as `write` raises it, without a name

    monkeypatch.setattr(atomic, "_write_through", half)


def test_an_error_that_the_package_has_worded_is_not_said_to_be_of_writing():
    for error, said in ((FileNotFoundError("mnist: not here"), "mnist: not here"), (OSError(), "OSError")):
        assert terminal.told(error) == said


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The result of one submission that holds no file."""
    results = tmp_path_factory.mktemp("results")
    return grade.grade_one(Handed("anna", None, "none"), grade.job("04", ["4.6"], None, 1, results), results)


WRITERS = {
    "grading.json": lambda folder, graded: grade.job("04", ["4.6"], None, 1, folder),
    "anna.json": lambda folder, graded: grade.grade_one(
        Handed("anna", None, "none"), grade.Job("04", ("4.6",), None, 1), folder / ".."
    ),
    "class_report.md": lambda folder, graded: class_report.write([graded], folder),
    "class_report.png": lambda folder, graded: class_report.write([graded], folder),
    "grades.csv": lambda folder, graded: csv_table.write([graded], folder),
    "results.json": lambda folder, graded: gradescope.write([graded], folder),
    "anna.autolab.json": lambda folder, graded: autolab.write([graded], folder),
    "junit.xml": lambda folder, graded: junit.write([graded], folder),
    "auto.zip": lambda folder, graded: autograder.write(folder / "auto.zip", "04", [], None),
    "README.md": lambda folder, graded: Handout({"README.md": "x"}).write(folder),
    "page.md": lambda folder, graded: site._write(folder / "page.md", "x"),
    "a-1-py3-none-any.whl": lambda folder, graded: wheels._wheel("a", iter([("a", b"x")]), folder),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_said_with_the_file_and_leaves_no_half_of_it(name, tmp_path, graded, monkeypatch):
    monkeypatch.setattr(wheels.metadata, "version", lambda name: "1")
    folder = tmp_path / grade.EACH
    folder.mkdir()
    fill(monkeypatch, name)
    for before in (False, name != "README.md"):  # a handout overwrites nothing
        if before:
            (folder / name).write_bytes(b"as it was")
        with pytest.raises(OSError) as found:
            WRITERS[name](folder, graded)
        assert found.value.errno == errno.ENOSPC and Path(found.value.filename).name == name
        assert not list(folder.glob(".*")) and (folder / name).is_file() is before
        assert not before or (folder / name).read_bytes() == b"as it was"


def test_a_reset_that_a_full_disk_does_not_take_names_its_copy(tmp_path, monkeypatch):
    (tmp_path / "ch04_coupling.py").write_text(assignment("04").text, encoding="utf-8")
    copy = tmp_path / "ch04_coupling.py.before_reset_1"
    fill(monkeypatch, copy.name)
    said = invoke("reset", "4.1", "--folder", str(tmp_path))
    assert said == (2, "", f"nfscratch: {copy} cannot be used: No space left on device\n")


# --- the server of the book ---


def test_a_port_that_cannot_be_had_is_named(tmp_path):
    (tmp_path / "index.html").touch()
    with socket.create_server((commands.HERE, 0)) as taken:
        port = taken.getsockname()[1]
        code, out, error = invoke("book", "serve", str(tmp_path), "--port", str(port))
    assert (code, out) == (1, "")
    assert error == (f"port {port} of 127.0.0.1 cannot be used: Address already in use; give another one with --port\n")
    for port in (-1, 65536):
        code, _, error = invoke("book", "serve", str(tmp_path), "--port", str(port))
        assert code == 1 and error.startswith("port must be ") and error.endswith(f"; got {port}\n")


# --- links, and things of another kind ---


@pytest.fixture
def looping(tmp_path, monkeypatch):
    """A folder with a chapter that is a link to itself."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ch04_coupling.py").symlink_to("ch04_coupling.py")
    (tmp_path / "plain").touch()
    return tmp_path


@pytest.mark.parametrize("arguments", [("check",), ("progress",), ("reset", "4.1"), ("check", "--file", "{}")])
def test_a_link_to_itself_is_one_line(arguments, looping):
    code, out, error = invoke(*(argument.format("ch04_coupling.py") for argument in arguments))
    assert (code, out, error) == (2, "", "nfscratch: ch04_coupling.py is a link that leads to no file\n")


def test_what_is_something_else_is_said(looping):
    for arguments, said in (
        (("check", "--file", "."), ". must be a file; it is a folder"),
        (("check", "--file", "nosuch"), "there is no file nosuch"),
        (("reset", "4.1", "--folder", "plain"), "plain must be a folder"),
        (("reset", "4.1", "--folder", "nosuch"), "there is no folder nosuch"),
        (("handout", "4", "-o", "plain"), "plain cannot be used: it must be a folder that can be written, and is "
                                          "something else"),
    ):  # fmt: skip
        assert invoke(*arguments) == (2, "", f"nfscratch: {said}\n")


def test_a_file_whose_name_and_handout_say_two_chapters_is_refused(tmp_path):
    (tmp_path / "ch04_coupling.py").touch()
    (tmp_path / "handout.toml").write_text('chapter = "05"\n')
    code, out, error = invoke("check", "--folder", str(tmp_path))
    assert (code, out) == (2, "") and error.endswith(
        "ch04_coupling.py is of chapter 04 by its name, and handout.toml beside it of 05\n"
    )
