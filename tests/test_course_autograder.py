"""The zip for Gradescope: what is in it, and that its script grades a submission."""

import json
import os
import subprocess
import sys
import zipfile

import pytest
from invoking import invoke

from nfscratch.course.grading.autograder import write
from nfscratch.course.grading.collect import collected
from nfscratch.course.task import assignment

FOURTH = assignment("04")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return write(tmp_path_factory.mktemp("zip") / "autograder.zip", "04", ["4.6"], None)


def test_the_zip_has_the_scripts_the_package_and_the_chapters(archive):
    with zipfile.ZipFile(archive) as opened:
        names = set(opened.namelist())
        for script in ("setup.sh", "run_autograder"):
            assert opened.getinfo(script).external_attr >> 16 == 0o100755
            assert opened.read(script).startswith(b"#!/usr/bin/env bash\nset -eu\n")
        required = opened.read("requirements.txt").decode()
        run = opened.read("run_autograder").decode()
    assert {"package/nfscratch/cli.py", "package/nfscratch/course/tasks/ch04.toml"} <= names
    assert f"package/nfscratch/_chapters/{FOURTH.path.name}" in names
    assert not any("__pycache__" in name for name in names)
    assert "numpy" in required and "extra" not in required
    assert "--chapter 04 --gradescope --tasks 4.6" in run


def test_wrong_requests_are_refused(tmp_path):
    place = str(tmp_path / "a.zip")
    for arguments, words in (
        ((place,), "--gradescope-zip needs the chapter"),
        ((str(tmp_path / "a.tar"), "--chapter", "04"), "must be a file that ends in .zip"),
        ((place, "--chapter", "04", "--tasks", "4.99"), "has no task '4.99'"),
    ):
        code, _, err = invoke("grade", "--gradescope-zip", *arguments)
        assert code == 2 and words in err
    code, _, err = invoke("grade")
    assert code == 2 and "grade needs the folder of submissions" in err
    assert not list(tmp_path.iterdir())


def handed(home, files):
    (home / "submission").mkdir()
    for name, text in files.items():
        (home / "submission" / name).write_text(text)


def run(home, archive):
    """Unpack as Gradescope does, run, and return results.json."""
    source = home / "source"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(source)
    settings = {**os.environ, "AUTOGRADER": str(home), "PYTHON": sys.executable}
    done = subprocess.run(["bash", str(source / "run_autograder")], env=settings, cwd=home, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads((home / "results" / "results.json").read_text())


@pytest.mark.exhaustive
@pytest.mark.skipif(os.name == "nt", reason="the script is for bash")
def test_the_script_grades_a_submission(tmp_path, archive):
    handed(tmp_path, {"ch04_coupling.py": FOURTH.text, "notes.txt": "mine"})
    found = run(tmp_path, archive)
    assert found["score"] == FOURTH.task("4.6").points
    assert all(test["status"] == "passed" for test in found["tests"])


@pytest.mark.exhaustive
@pytest.mark.skipif(os.name == "nt", reason="the script is for bash")
def test_a_submission_that_is_a_link_to_the_chapter_earns_nothing(tmp_path, archive):
    handed(tmp_path, {})
    (tmp_path / "submission" / "ch04_coupling.py").symlink_to(FOURTH.path)
    assert run(tmp_path, archive)["score"] == 0


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_out_of_a_students_folder_is_no_submission(tmp_path):
    for name in ("ann", "bob"):
        (tmp_path / name).mkdir()
    (tmp_path / "ann" / "ch04_coupling.py").write_text("x = 1")
    (tmp_path / "bob" / "ch04_coupling.py").symlink_to(tmp_path / "ann" / "ch04_coupling.py")
    (tmp_path / "bob" / "all").symlink_to(tmp_path / "ann")
    (tmp_path / "carl.py").symlink_to(tmp_path / "ann" / "ch04_coupling.py")
    (tmp_path / "dora").symlink_to(tmp_path / "ann")
    ann, bob, *links = collected(tmp_path, "04")
    assert ann.path is not None and bob.path is None and "no script" in bob.trouble
    assert [(link.id, link.path) for link in links] == [("carl", None), ("dora", None)]
    assert all("is a link" in link.trouble for link in links)
