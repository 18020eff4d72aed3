"""Every chapter runs with --fast, draws what it says, and cites in its code each equation that its prose numbers."""

import json
import os
import re
import subprocess
import sys

import numpy as onp
import pytest
from matplotlib import image
from share import few
from strict import StrictArray

import nfscratch as nf
from nfscratch import backend, chapter, check, plot

CHAPTERS = chapter.chapters()


def cells(path, kind):
    """The text of the chapter's "markdown" or "code" cells."""
    parts = re.split(r"^# %%(.*)$", path.read_text(encoding="utf-8"), flags=re.M)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return "\n".join(body for head, body in pairs if ("[markdown]" in head) == (kind == "markdown"))


def test_there_are_chapters():
    assert "ch04_coupling" in CHAPTERS


@pytest.mark.parametrize("name", few(CHAPTERS, ["ch00_start"]))  # each takes 3 to 6 seconds of the processor
def test_it_runs_and_draws_every_figure_that_it_describes(name, tmp_path):
    untrained = "ignore:no step made the validation better"  # ten steps of a fast run need not make it better
    warnings = ["-W", "error", "-W", untrained]
    command = [sys.executable, *warnings, str(CHAPTERS[name]), "--fast", "--figures", str(tmp_path)]
    environment = {**os.environ, "MPLBACKEND": "Agg", "OPENBLAS_NUM_THREADS": "1"}  # the other core runs other tests
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert run.returncode == 0, run.stderr[-2000:]
    described = set(re.findall(r"\*Figure `(\w+)`", cells(CHAPTERS[name], "markdown")))
    assert described == {path.stem for path in tmp_path.glob("*.png")}
    for figure in described:
        pixels = image.imread(tmp_path / f"{figure}.png")
        assert pixels.std() > 0.02  # it shows something
        assert pixels.shape[1] > 900  # at page width, 150 dots per inch


IMPORTED = """
import contextlib, io, json, os, runpy, sys
for path in sys.argv[1:]:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        runpy.run_path(path, run_name="student")
    heavy = [name for name in sys.modules if name.split(".")[0] in ("nfscratch", "matplotlib")]
    left = os.listdir()
    print(json.dumps([said.getvalue(), heavy, left]), flush=True)
    for name in heavy:
        del sys.modules[name]
    for name in left:
        os.remove(name)
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """What an import of each chapter prints, which parts it loads, and which files it leaves: one process for all."""
    command = [sys.executable, "-c", IMPORTED, *map(str, CHAPTERS.values())]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path_factory.mktemp("imported"))
    assert run.returncode == 0, run.stderr
    return dict(zip(CHAPTERS, map(json.loads, run.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("name", CHAPTERS)
def test_importing_it_does_nothing(name, imported):
    assert imported[name] == ["", [], []]


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_numbered_equation_is_cited_in_the_code(name):
    numbered = set(re.findall(r"\\tag\{(\d+)\}", cells(CHAPTERS[name], "markdown")))
    cited = set(re.findall(r"\((\d+)\)", cells(CHAPTERS[name], "code")))
    assert numbered
    assert numbered <= cited
    assert numbered == {str(i) for i in range(1, len(numbered) + 1)}


@pytest.mark.parametrize("name", CHAPTERS)
def test_it_has_the_parts_of_a_chapter(name):
    prose = cells(CHAPTERS[name], "markdown")
    for part in ("**Question.**", "**Running time.**", "**References.**", "## Exercises", "## Where this differs"):
        assert part in prose
    assert "## Summary" in prose and "redict" in prose  # a guess is asked for before a result is shown


@pytest.fixture
def device():
    """New arrays are device arrays, in the block."""
    backend.use_arrays_like(StrictArray(onp.empty(0)), "float64")
    yield
    backend.use_arrays_like(onp.empty(0), "float64")


@pytest.mark.exhaustive
def test_chapter_04_runs_on_device_arrays(device, tmp_path):
    names = {"__name__": "chapter", "nf": nf, "check": check, "plot": plot}
    exec(compile(CHAPTERS["ch04_coupling"].read_text(encoding="utf-8"), "ch04", "exec"), names)
    options = chapter.Options(fast=True, figures=tmp_path)
    for part in ("check_the_package", "jacobians_drawn", "modes_and_volume", "moons"):
        names[part](options)
    assert len(list(tmp_path.glob("*.png"))) == 3
