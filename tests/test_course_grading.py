"""Grading: who handed in what, what each is worth, what another platform reads, and going on after a stop."""

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as Xml
from pathlib import Path

import pytest
from invoking import invoke
from planted.ch04 import WRONG

from nfscratch.course.grading import class_report, grade
from nfscratch.course.grading.collect import chapter_in, collected
from nfscratch.course.grading.formats import autolab, csv_table, gradescope, junit
from nfscratch.course.grading.graded import of_json
from nfscratch.course.sandbox.here import InProcess
from nfscratch.course.selfcheck import Setting
from nfscratch.course.task import assignment

FOURTH = assignment("04")
IDS = ("4.5", "4.6", "4.7")
LAST, SWAPPED = (next(p for p in WRONG if p.what == what) for what in ("the last log-det", "permuted again"))
NAMES = ["=ann", "bob", "cam", "dee", "eve"]


@pytest.fixture
def submissions(tmp_path):
    """Five students: all right, two with mistakes, one without a file, one whose file is no Python."""
    folder = tmp_path / "handed"
    texts = {
        "=ann/deep/ch04_coupling.py": FOURTH.text, "=ann/deep/test_ch04.py": "", "=ann/notes.txt": "",
        "bob.py": LAST.in_text(FOURTH.text, "stack_forward"), "cam/x.py": SWAPPED.in_text(FOURTH.text, "permute_back"),
        "dee/notes.txt": "none", "eve.py": "def f(:", ".hidden.py": "",
        "test_ch04.py": "", "__MACOSX/ch04_coupling.py": "",
    }  # fmt: skip
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def at_once(monkeypatch):
    """Submissions run in this process."""
    monkeypatch.setattr(grade, "Setting", lambda *a, **k: Setting(*a, child=InProcess, **k))


def graded(submissions, results, seed=None):
    what = grade.job("04", IDS, None, seed, results)
    return grade.grade(collected(submissions, "04"), what, results, workers=1)


def test_a_file_or_a_folder_for_each_student(submissions):
    found = collected(submissions, "04")
    assert [handed.id for handed in found] == NAMES
    assert [handed.path and handed.path.name for handed in found] == [
        "ch04_coupling.py",
        "bob.py",
        "x.py",
        None,
        "eve.py",
    ]
    assert found[3].trouble == "dee holds no script and no notebook"
    assert chapter_in(submissions) == "04"
    (submissions / "cam" / "y.py").write_text("")
    assert collected(submissions, "04")[2].trouble == "cam holds several files: x.py, y.py"
    (submissions / "bob.ipynb").write_text("{}")
    assert [handed.id for handed in collected(submissions, "04")][1:3] == ["bob.ipynb", "bob.py"]
    (submissions / "ch01_other.py").write_text("")
    with pytest.raises(ValueError, match="say which chapter these are, with --chapter: there are files of 01 and 04"):
        chapter_in(submissions)


def test_names_are_such_that_a_file_and_a_table_take_them(tmp_path):
    names = [
        b"b\xe9a.py",
        b"results.py",
        b"submissions.py",
        b"a\nb.py",
        b"a\x1bb.py",
        b"x" * 240 + b".py",
        b"grades.csv.py",
    ]
    for name in names:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text("x = 1")
    ids = [handed.id for handed in collected(tmp_path, "04")]
    assert sorted(ids) == sorted(["b?a", "results_", "submissions_", "a?b", "a?b_", "x" * 150, "grades.csv_"])


def test_every_check_earns_its_points_and_one_bad_file_costs_no_other(submissions, tmp_path, at_once):
    found = graded(submissions, tmp_path / "results")
    assert [(one.id, one.earned, one.points) for one in found] == list(
        zip(NAMES, (8, 6, 5, 0, 0), [8] * 5, strict=True)
    )
    assert [task.mistake for task in found[1].tasks] == ["", "", "it is only the last layer's log-det"]
    undoes, log_det = (
        found[2].tasks[1].checks
    )  # 0 is right for any order, and counts only with the numbers in their places
    assert (undoes.mistake, log_det.earned) == ("the permutation is not undone", 0)
    assert log_det.mistake.startswith("it passes this check, whose points count only with those of another: it undoes")
    assert [one.trouble for one in found] == [
        "", "", "", "dee holds no script and no notebook",
        "the file cannot be read as Python: invalid syntax; line 1:  def f(:"]  # fmt: skip
    assert len({one.seed for one in found}) == 5


def test_a_second_run_judges_only_what_has_changed(submissions, tmp_path, at_once, monkeypatch):
    results, judged = tmp_path / "results", []
    first = graded(submissions, results)
    monkeypatch.setattr(grade, "judge_each", lambda *a: judged.append(a[2].path.name) or iter(()))
    assert graded(submissions, results) == first and judged == []
    (submissions / "bob.py").write_text(FOURTH.text)
    (results / "submissions" / "cam.json").write_text("{")
    graded(submissions, results)
    assert judged == ["bob.py", "x.py"]


def test_a_file_that_is_judged_again_meets_new_inputs_and_a_seed_that_is_given_repeats_the_old_ones(
    submissions, tmp_path, at_once
):
    results = tmp_path / "results"
    first = graded(submissions, results)
    (submissions / "bob.py").write_text(SWAPPED.in_text(FOURTH.text, "permute_back"))
    second = graded(submissions, results)
    assert [a.seed == b.seed for a, b in zip(first, second, strict=True)] == [True, False, True, True, True]
    seeds = json.loads((results / "grading.json").read_text())["seeds"]
    assert len(set(seeds)) == 2
    again = graded(submissions, results, seeds[1])
    assert again[1] == second[1]
    assert [message_of(one) for one in again] != [message_of(one) for one in second]  # cam's inputs are new
    assert [message_of(one) for one in graded(submissions, results, seeds[0])][2] == message_of(first[2])


def message_of(one):
    """The first message of 4.6, with the digits of its inputs."""
    return one.tasks[1].checks[0].message


@pytest.mark.exhaustive
def test_a_submission_that_breaks_the_judging_loses_its_own_points(submissions, tmp_path, at_once, monkeypatch):
    judge_each = grade.judge_each

    def broken(found, tasks, submission, *rest):
        if submission.path.name == "bob.py":
            raise RuntimeError("a bug of ours")
        return judge_each(found, tasks, submission, *rest)

    monkeypatch.setattr(grade, "judge_each", broken)
    found = graded(submissions, tmp_path / "results")
    assert [one.earned for one in found] == [8, 0, 5, 0, 0]
    assert found[1].trouble == "it could not be judged: RuntimeError: a bug of ours"


def test_what_other_platforms_read(submissions, tmp_path, at_once):
    results = tmp_path / "results"
    found = graded(submissions, results)
    paths = gradescope.write(found, results)
    data = json.loads(paths[1].read_text())
    assert paths[1] == results / "bob" / "results.json" and gradescope.write(found[:1], results) == [
        results / "results.json"
    ]
    assert set(data) == {"score", "execution_time", "output", "visibility", "stdout_visibility", "tests"}
    assert data["score"] == sum(test["score"] for test in data["tests"]) == 6
    assert {"name", "number", "score", "max_score", "status", "output", "visibility", "tags"} == set(data["tests"][-1])
    assert data["tests"][-1]["number"] == "4.7.2" and data["tests"][-1]["status"] == "failed"
    assert "Task 4.7  stack_forward: it is only the last layer's log-det" in data["tests"][-1]["output"]

    suites = Xml.parse(junit.write(found, results)[0]).getroot()
    assert [(s.get("name"), s.get("tests"), s.get("failures")) for s in suites][:2] == [
        ("=ann", "5", "0"),
        ("bob", "5", "1"),
    ]

    with csv_table.write(found, results)[0].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["submission"] for row in rows] == ["'=ann", *NAMES[1:]]  # a spreadsheet would compute =ann
    assert (rows[1]["points"], rows[1]["4.7"], rows[1]["mistake in 4.7"]) == (
        "6",
        "1",
        "it is only the last layer's log-det",
    )
    assert json.loads(autolab.line(found[1])) == {"scores": {"4.5": 2, "4.6": 3, "4.7": 1}}
    assert of_json(found[1].as_json()) == found[1]


def test_the_class_report_says_who_failed_what_with_which_mistake(submissions, tmp_path, at_once):
    found = graded(submissions, tmp_path / "results")
    text = class_report.text(found)
    assert "Points: lowest 0, median 5, highest 8, of 8." in text
    assert "| 4.6 permute_back | 2 | 0 | 2.00 of 3 | the permutation is not undone (1) |" in text
    assert "- dee: dee holds no script and no notebook\n- eve: the file cannot be read as Python" in text


@pytest.mark.exhaustive
def test_the_command_grades_in_several_processes(submissions, tmp_path):
    results = tmp_path / "results"
    arguments = [
        "grade",
        str(submissions),
        "-o",
        str(results),
        "--gradescope",
        "--junit",
        "--autolab",
        "--workers",
        "2",
    ]
    code, out, error = invoke(*arguments, "--tasks", "4.6")
    assert (code, error) == (0, "")
    assert [line.split()[1:4] for line in out.splitlines()[:3]] == [
        ["3", "of", "3"],
        ["3", "of", "3"],
        ["0", "of", "3"],
    ]
    assert (results / "class_report.png").stat().st_size > 1000 and (results / "junit.xml").is_file()
    again = invoke(*arguments, "--tasks", "4.6")[1].splitlines()
    assert "5 results stayed from earlier runs" in again[5]
    assert [*again[:5], *again[6:]] == [*out.splitlines()[:5], *out.splitlines()[6:]]


@pytest.mark.exhaustive
def test_after_ctrl_c_no_submission_is_begun_and_a_second_run_judges_the_others(tmp_path):
    handed, results = tmp_path / "handed", tmp_path / "results"
    handed.mkdir()
    for k in range(16):
        (handed / f"s{k}.py").write_text(f"def permute_back(x, order):\n    return x, {k}.0\n")
    found, what = collected(handed, "04"), grade.job("04", ["4.6"], None, None, results)
    with pytest.raises(KeyboardInterrupt):
        grade.grade(found, what, results, 2, lambda done, of: signal.raise_signal(signal.SIGINT))
    judged = sorted(path.name for path in (results / "submissions").glob("*.json"))
    assert 1 <= len(judged) < 16
    again = grade.grade(found, grade.job("04", ["4.6"], None, None, results), results, 2)
    assert sorted(f"{one.id}.json" for one in again if one.seed == what.seed_of(one.id)) == judged


SLEEPS = "import time\ndef permute_back(x, order):\n    time.sleep(1e6)\n"


@pytest.mark.exhaustive
@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="it looks for processes where Linux lists them")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_a_command_that_is_killed(tmp_path, number):
    (tmp_path / "handed").mkdir()
    for name in "ab":
        (tmp_path / "handed" / f"{name}.py").write_text(SLEEPS)
    command = [sys.executable, "-m", "nfscratch", "grade", "handed", "-o", "out", "--chapter", "4", "--tasks", "4.6"]
    environment = os.environ | {"PYTHONPATH": str(Path(grade.__file__).parents[3])}
    running = subprocess.Popen([*command, "--workers", "2"], cwd=tmp_path, env=environment)
    started = {}
    while not any("inside.py" in words for words in started.values()):
        assert running.poll() is None
        time.sleep(0.05)
        started = _started_by(running.pid)
    running.send_signal(number)
    assert running.wait() == -number and len(started) > 2
    for _ in range(1200):  # a file's process looks after its parent every five seconds
        if not (left := started.keys() & _processes().keys()):
            break
        time.sleep(0.1)
    assert not left, [started[process] for process in left]


def _started_by(process):
    """{number: command} of what a process has started, and of what that has."""
    found, everyone = {}, _processes()
    for number, (parent, words) in sorted(everyone.items()):
        if parent == process or parent in found:
            found[number] = words
    return found


def _processes():
    """{number: (parent, command)} of all that run."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ends meanwhile
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(folder.name)] = int(parent), (folder / "cmdline").read_text()
    return found


def test_the_command_refuses_in_one_line(tmp_path):
    for folder, words in ((tmp_path / "nosuch", "there is no folder"), (tmp_path, "say which chapter these are")):
        code, out, error = invoke("grade", str(folder), "-o", str(tmp_path / "results"))
        assert (code, out) == (2, "") and words in error and error.count("\n") == 1


# --- what grade itself has written, and files of another chapter ---


def handed_in(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x = 1\n")
    return folder


@pytest.mark.parametrize("other", ["results", "second", "out/second"])
def test_results_among_the_submissions_are_nobodys(tmp_path, other):
    """`cd submissions; nfscratch grade .`, twice: into the same folder, or into another one."""
    folder = handed_in(tmp_path / "handed", "anna/ch04_coupling.py", "submissions/ch04_coupling.py")
    (folder / "dee").mkdir()
    grade.job("04", IDS, None, 1, folder / "results")
    (folder / "results" / "submissions").mkdir()
    (folder / other).mkdir(parents=True, exist_ok=True)
    ids = [one.id for one in collected(folder, "04", folder / other)]
    assert ids == ["anna", "dee", "submissions_"]  # who has handed in nothing stays, and so does a student of that name


def test_a_folder_of_results_with_a_script_in_it_is_somebodys(tmp_path):
    folder = handed_in(tmp_path / "handed", "results/ch04_coupling.py")
    grade.job("04", IDS, None, 1, folder / "results")
    assert [one.id for one in collected(folder, "04", folder / "results")] == ["results_"]


def test_a_second_run_in_the_folder_of_the_submissions_has_the_same_rows(tmp_path, at_once, monkeypatch):
    monkeypatch.chdir(handed_in(tmp_path, "anna/ch04_coupling.py"))
    runs = [invoke("grade", ".", "--tasks", "4.6", "--workers", "1") for _ in range(2)]
    assert [(code, out.splitlines()[0]) for code, out, _ in runs] == [(0, runs[0][1].splitlines()[0])] * 2
    assert [line.split(",")[0] for line in Path("results/grades.csv").read_text().splitlines()] == [
        "submission",
        "anna",
    ]


@pytest.mark.parametrize("output", ["handed", "handed/../handed", "."])
def test_results_are_not_written_over_the_submissions(tmp_path, output, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "submissions" if output == "." else "handed"
    handed_in(tmp_path / name, "anna.py")
    code, out, error = invoke("grade", name, "-o", output, "--chapter", "04")
    assert (code, out) == (2, "") and error.startswith("nfscratch: -o must be a folder apart from the submissions")
    assert [path.name for path in tmp_path.rglob("*")] == [name, "anna.py"]


def test_a_chapter_that_no_files_name_says_is_refused(tmp_path):
    folder = handed_in(tmp_path / "handed", "anna/ch04_coupling.py", "bob/ch04_coupling.py")
    arguments = ("grade", str(folder), "-o", str(tmp_path / "results"), "--chapter", "05")
    code, out, error = invoke(*arguments)
    assert (code, out) == (2, "") and not (tmp_path / "results").exists()
    assert error == "nfscratch: by their names the files are of chapter 04, and --chapter says 05\n"
    code, out, _ = invoke(*arguments, "--gradescope", "--workers", "1")
    told = json.loads((tmp_path / "results" / "anna" / "results.json").read_text())["output"]
    assert (code, told) == (0, "ch04_coupling.py is of chapter 04 by its name, and not of 05")


def test_a_file_of_another_chapter_is_said_and_not_judged(tmp_path):
    folder = handed_in(
        tmp_path, "anna/ch04_coupling.py", "bob/ch05_autoregressive.py", "bob/ch04_coupling.py", "cam/mine.py",
        "cam/ch04_coupling.py", "ch04_coupling.py", "eve/ch03_a.py", "eve/ch04_b.py",
    )  # fmt: skip
    found = {one.id: (one.path and one.path.name, one.trouble) for one in collected(folder, "05")}
    said = "ch04_coupling.py is of chapter 04 by its name, and not of 05"
    assert found == {
        "anna": (None, said), "bob": ("ch05_autoregressive.py", ""), "cam": ("mine.py", ""),
        "ch04_coupling": (None, said), "eve": (None, "eve holds several files: ch03_a.py, ch04_b.py"),
    }  # fmt: skip
