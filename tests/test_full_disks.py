"""Files of a course on a full disk or from Windows, and a program without stderr: nothing is cut off or fails."""

import errno
import io
import os
import sys

import pytest

from nfscratch.checkpoint import atomic
from nfscratch.course.handout import Handout, make
from nfscratch.course.homework import homework
from nfscratch.course.one_line import one_line
from nfscratch.course.reset import reset
from nfscratch.course.task import assignment
from nfscratch.terminal import is_a_terminal
from nfscratch.training import progress


def fill(monkeypatch, fits):
    """The disk is full for every file whose temporary's name is none that `fits`."""
    through = atomic._write_through

    def full(path, pieces):
        if not fits(path.name):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        through(path, pieces)

    monkeypatch.setattr(atomic, "_write_through", full)


def test_a_handout_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    made, folder = Handout({"a.py": "1\n", "README.md": "2\n"}), tmp_path / "h"
    with monkeypatch.context() as patch:
        fill(patch, lambda name: "README" not in name)
        with pytest.raises(OSError, match="No space left"):
            made.write(folder)
    assert not list(folder.iterdir())
    assert [path.read_text() for path in made.write(folder)] == ["1\n", "2\n"]


def test_a_reset_keeps_the_bytes_of_a_file_and_touches_none_on_a_full_disk(tmp_path, monkeypatch):
    make(assignment("04"), ["4.6"]).write(tmp_path)
    work = homework(tmp_path)
    as_windows_has_it = work.path.read_bytes().replace(b"\n", b"\r\n") + b"extra = 1\r\n"
    work.path.write_bytes(as_windows_has_it)
    for copies, fits in enumerate((lambda name: False, lambda name: "before_reset" in name)):
        with monkeypatch.context() as patch:
            fill(patch, fits)
            with pytest.raises(OSError, match="No space left"):
                reset(work, work.task("4.6"))
        assert work.path.read_bytes() == as_windows_has_it
        assert len(list(tmp_path.glob("*before_reset*"))) == copies
    assert reset(work, work.task("4.6")).read_bytes() == as_windows_has_it == work.path.read_bytes()


def test_a_program_without_stderr_shows_no_progress(monkeypatch):
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress.Progress(3, "fit") as shown:
            shown.update(3, lambda: "")
        assert not is_a_terminal(stream)


def test_the_end_of_the_program_says_that_stdout_is_full_and_no_command_before_it(capsys):
    with pytest.raises(OSError, match="No space left"), one_line():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert capsys.readouterr().err == ""
