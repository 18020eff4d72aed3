"""What stands at a path is replaced only where it is a regular file; errors name the path that the caller gave."""

import os

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import chapter, plot
from nfscratch.book import site
from nfscratch.checkpoint import atomic

FLOW = nf.Flow(nf.StandardNormal(2), nf.ActNorm(2))
PARAMS = FLOW.init(onp.random.default_rng(0))
pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")


def save(path):
    nf.save(path, FLOW, PARAMS)


def run(path):
    rows = onp.random.default_rng(0).normal(size=(30, 2))
    nf.fit(FLOW, rows, rng=0, steps=1, checkpoint=path, progress=False)


def figure(path):
    chapter.Options(figures=path.parent).save(plot.subplots(1, 1)[0], path.name.removesuffix(".png"))


def text(path):
    site._write(path, "x")


def test_a_file_that_is_written_again_keeps_its_permissions(tmp_path):
    path = tmp_path / "mine.py"
    for mode in (0o600, 0o664, 0o755):
        atomic.write(path, [b"x"])
        path.chmod(mode)
        atomic.write(path, [b"y"])
        assert path.stat().st_mode & 0o777 == mode and path.read_bytes() == b"y"


@pytest.mark.parametrize("write", [save, run, figure, text])
def test_a_pipe_stays_and_nobody_waits_for_it(write, tmp_path):
    path = tmp_path / "p.png"
    os.mkfifo(path)
    before = os.lstat(path)
    with pytest.raises((ValueError, SystemExit), match=r"p.png: .* must be .*file; got a pipe"):
        write(path)
    assert os.lstat(path) == before and os.listdir(tmp_path) == ["p.png"]


@pytest.mark.parametrize("write", [save, text])
def test_a_read_only_file_stays(write, tmp_path):
    path = tmp_path / "f"
    path.write_text("mine")
    path.chmod(0o444)
    with pytest.raises(PermissionError, match="f: the file must not be read-only"):
        write(path)
    assert path.read_text() == "mine"


def test_a_link_to_a_file_is_followed_and_kept_and_a_link_to_a_pipe_is_refused(tmp_path):
    (tmp_path / "f").write_text("old")
    (tmp_path / "to file").symlink_to(tmp_path / "f")
    (tmp_path / "to none").symlink_to(tmp_path / "new")
    for name in ("to file", "to none"):
        save(tmp_path / name)
        assert (tmp_path / name).is_symlink()
        nf.load(tmp_path / name)
    (tmp_path / "to a run").symlink_to(tmp_path / "run")
    for _ in range(2):  # a new file, and the same again
        run(tmp_path / "to a run")
        assert (tmp_path / "to a run").is_symlink() and (tmp_path / "run").is_file()
    os.mkfifo(tmp_path / "p")
    (tmp_path / "to pipe").symlink_to(tmp_path / "p")
    with pytest.raises(nf.CheckpointError, match="to pipe: path must be the name of a file; got a pipe"):
        save(tmp_path / "to pipe")
    assert (tmp_path / "p").is_fifo()


def test_errors_name_the_path_that_was_given_and_leave_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    with pytest.raises(ValueError, match="path must be the name of a file; got ''"):
        save("")
    long = str(tmp_path / ("n" * 300))
    with pytest.raises(OSError, match=r"File name too long: .*/n{300}'$"):
        save(long)
    with pytest.raises((OSError, nf.CheckpointError), match="new/: path must be the name of a file; got a folder"):
        save(f"{tmp_path}/new/")
    monkeypatch.setattr(atomic, "_write_through", lambda temporary, pieces: open(f"{temporary}/no", "xb"))
    with pytest.raises(FileNotFoundError, match=r"No such file or directory: '.*/f'$"):
        save(tmp_path / "f")
    assert os.listdir(tmp_path) == ["inside"] and os.listdir(tmp_path / "inside") == []


def test_links_that_lead_to_themselves_are_no_files(tmp_path):
    os.symlink("loop", tmp_path / "loop")
    os.symlink("b", tmp_path / "a")
    os.symlink("a", tmp_path / "b")
    for name in ("loop", "a", "loop/inside"):
        path = tmp_path / name
        for write in (save, run):
            with pytest.raises(nf.CheckpointError, match=f"^{path}: path must be the name of a file; got links that "):
                write(path)
        for read in (nf.load, nf.checkpoint.metadata):
            with pytest.raises(nf.CheckpointError, match=f"^{path}: a checkpoint must be a file that can be read; Too"):
                read(path)
    assert sorted(os.listdir(tmp_path)) == ["a", "b", "loop"]


def test_a_name_as_long_as_the_system_takes_is_written(tmp_path):
    path = tmp_path / ("n" * 250)
    save(path)
    nf.load(path)
    assert os.listdir(tmp_path) == [path.name]
