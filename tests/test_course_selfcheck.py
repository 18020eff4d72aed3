"""The self-check as a student meets it: one message in full, the others in a line, the same again by the seed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from invoking import invoke
from planted import read_once as assignment
from planted.ch04 import WRONG

from nfscratch.course import checking
from nfscratch.course.handout import make
from nfscratch.course.homework import homework
from nfscratch.course.judging.fault import Fault, Kind
from nfscratch.course.judging.question import Question, close, expect, slip
from nfscratch.course.judging.shown import apart, shown
from nfscratch.course.sandbox.here import InProcess
from nfscratch.course.sandbox.limits import Limits
from nfscratch.course.sandbox.outside import Ended, Ending
from nfscratch.course.selfcheck import Setting, Status, judge, judge_each
from nfscratch.course.submission import Submission
from nfscratch.course.summary import message
from nfscratch.course.task import assigned
from nfscratch.course.variant import Variant

FOURTH = assignment("04")
TASKS = [(number, task.id) for number in assigned() for task in assignment(number).tasks]
SWAPPED = next(p for p in WRONG if p.task == "4.6")
HEAD = "import numpy as np, sys\n"
UNUSABLE = {
    "def f(:\n": "the file cannot be read as Python: ",
    "": "the file is empty",
    "x = 1\n": "the file has no function called ",
    "import sys\nsys.exit(0)\n": "it ends the program (sys.exit, or exit)",
    "1 / 0\n": "the file stops while it is loaded: ZeroDivisionError: division by zero",
}
BODIES = {
    "sys.exit(0)": "it ends the program (sys.exit, or exit)",
    "import os; os._exit(0)": "the process ended (exit code 0) before your function returned",
    "np.ones(10**10)": "it asks for more memory than it may have",
    "while True: pass": "it was stopped after 1 s: does a loop never end?",
    "return None": "",
    "return 'text', {'a': 1}, lambda: 0": "",
    "return np.zeros(3, dtype=object)": "",
    "return [np.nan] * 2": "",
}


@pytest.fixture
def at_once(monkeypatch):
    """Submissions run in this process."""
    monkeypatch.setattr(Setting, "__init__", _with_default_child(Setting.__init__))


def _with_default_child(init):
    def wrapped(self, *arguments, **named):
        init(self, *arguments, **{"child": InProcess, **named})

    return wrapped


@pytest.fixture
def folder(tmp_path):
    """A folder in which all tasks are solved."""
    make(FOURTH).write(tmp_path)
    (tmp_path / "ch04_coupling.py").write_text(FOURTH.text)
    return tmp_path


def judged(text, number="04", id="4.6", seed=1, **named):
    found = assignment(number)
    setting = Setting(Variant.plain(found), **named)
    return judge(found, found.task(id), Submission(Path("/home/me/hw.py"), text), seed, setting)


# --- what a student reads ---


def test_the_first_mistake_stands_in_full_and_the_others_wait(folder, at_once):
    text = SWAPPED.in_text(FOURTH.text, "permute_back")
    text = next(p for p in WRONG if p.task == "4.7").in_text(text, "stack_forward")
    (folder / "ch04_coupling.py").write_text(
        text.replace("    return s - s.mean()", '    raise NotImplementedError("task 4.5: x")')
    )
    said = []
    marks = checking.check(homework(folder), homework(folder).tasks[3:], 2306073760, said.append)
    assert [mark.status for mark in marks] == [Status.PASSED, Status.UNWRITTEN, Status.FAILED, Status.FAILED]
    assert said[0] == f"{folder / 'ch04_coupling.py'}, seed 2306073760"
    assert [" ".join(line.split()) for line in (*said[1:4], said[5])] == [
        "4.4 masked_inverse passes 3 of 3 points", "4.5 volume_preserving_log_scales not written yet",
        "4.6 permute_back FAILS", "4.7 stack_forward waits for 4.6"]  # fmt: skip
    assert said[6] == "4 of 11 points"
    first, *lines = said[4].strip().splitlines()
    assert first == "Task 4.6  permute_back: the permutation is not undone"
    assert lines[0].startswith("      at x = [") and lines[0].endswith("order = [1, 2, 0]   (D = 3; also at D = 5)")
    assert lines[1].startswith("      z: yours [") and "should be [" in lines[1]
    assert lines[2:] == [
        "      Hint: Try a cycle of three: a swap undoes itself.", f"      File: {folder / 'ch04_coupling.py'}",
        "      Repeat with: nfscratch check 4.6 --seed 2306073760"]  # fmt: skip


def test_the_seed_repeats_a_message_and_another_one_does_not():
    text = SWAPPED.in_text(FOURTH.text, "permute_back")
    marks = [judged(text, child=InProcess, seed=seed) for seed in (5, 5, 6)]
    found = [message(mark, Path("hw.py")) for mark in marks]
    assert found[0] == found[1] and found[0].splitlines()[1] != found[2].splitlines()[1]


def test_the_command_checks_one_task_in_a_child_and_its_exit_code_says_what_came_of_it(folder):
    code, out, _ = invoke("check", "4.6", "--folder", str(folder), "--seed", "4")
    assert (code, out.splitlines()[-1]) == (0, "3 of 3 points")
    text = SWAPPED.in_text(FOURTH.text, "permute_back").replace(
        "    return x[order], 0.0", "    print('order', order)\n    return x[order], 0.0"
    )
    (folder / "ch04_coupling.py").write_text(text)
    code, out, _ = invoke("check", "4.6", "--folder", str(folder), "--seed", "4")
    assert code == 1 and "      Your code printed:\n        order [1 2 0]\n" in out


def _last_three(folder):
    file = folder / "handout.toml"
    file.write_text('chapter = "04"\ntasks = ["4.5", "4.6", "4.7"]\n')
    return homework(folder)


def test_progress_counts_tasks_and_points(folder, at_once):
    (folder / "ch04_coupling.py").write_text(make(FOURTH, ["4.6"]).files["ch04_coupling.py"])
    said = []
    checking.progress(_last_three(folder), said.append)
    assert said[-1].startswith("2 of 3 tasks, 5 of 8 points. Next: task 4.6, permute_back: z with")
    assert [line.split()[0] for line in said[1:-1]] == ["x", "4.6", "x"]


def watched(folder, file, versions):
    """What `check --watch` says while the file becomes one version after the other."""
    versions, said = list(versions), []

    def wait(_):
        if not versions:
            raise KeyboardInterrupt
        file.write_text(versions.pop(0))

    with pytest.raises(KeyboardInterrupt):
        checking.watch(lambda: _last_three(folder), [], said.append, wait)
    return said


def test_watching_checks_again_after_a_change_and_first_what_was_open(folder, at_once):
    file = folder / "ch04_coupling.py"
    versions = [SWAPPED.in_text(FOURTH.text, "permute_back"), "def f(:", FOURTH.text]
    file.write_text(make(FOURTH, ["4.6"]).files["ch04_coupling.py"])

    said = watched(folder, file, versions)
    told = [" ".join(line.split()[:3]) for line in said if line.startswith(("  4.", "\nTask", "(wait"))]
    open_, fails, wait_ = "4.6 permute_back", ["4.6 permute_back FAILS", "Task 4.6 permute_back:"], "(waiting for the"
    first, last = "4.5 volume_preserving_log_scales passes", "4.7 stack_forward passes"
    assert told[:4] == [first, f"{open_} not", last, wait_]
    assert told[4:10] == [*fails, wait_, *fails, wait_]
    assert told[10:] == [f"{open_} passes", first, f"{open_} passes", last, wait_]


def test_watching_asks_a_function_that_has_changed_before_the_others(folder, at_once):
    file = folder / "ch04_coupling.py"
    file.write_text(FOURTH.text)
    last = next(p for p in WRONG if p.task == "4.7").in_text(FOURTH.text, "stack_forward")
    versions = [last]

    said = watched(folder, file, versions)
    told = [line.split()[0] for line in said if line.startswith("  4.")]
    assert told == ["4.5", "4.6", "4.7", "4.7"]


# --- files that cannot be used ---


@pytest.mark.parametrize("text", UNUSABLE)
def test_a_file_that_cannot_be_used_is_a_failure_that_says_so(text):
    mark = judged(text, child=InProcess)
    assert mark.status is Status.FAILED and mark.fault.name.startswith(UNUSABLE[text]) and mark.earned == 0


def is_a_failure(mark, words):
    assert mark.status is Status.FAILED and mark.earned == 0
    assert mark.fault.name.startswith(words) and mark.fault.kind is not Kind.UNJUDGED


def of_body(number, id, code, **named):
    """The mark of a file in which the task's function has this body."""
    function = assignment(number).task(id).function
    return judged(f"{HEAD}def {function}(*arguments):\n    {code}\n", number, id, **named)


@pytest.mark.exhaustive
@pytest.mark.parametrize("code", BODIES)
@pytest.mark.parametrize(("number", "id"), TASKS[::16])
def test_a_body_that_gives_no_answer_is_a_failure(number, id, code):
    is_a_failure(of_body(number, id, code, limits=Limits(processor=1)), BODIES[code])


# What a child answers, or how it ends, is the same for every task, and was asked above. What each task's checks make of
# that needs no process.
ENDINGS = {Ending.LEFT: BODIES["import os; os._exit(0)"], Ending.TIME: BODIES["while True: pass"]}
ANSWERS = {code: words for code, words in BODIES.items() if words not in ENDINGS.values() and "10**10" not in code}
ANSWERS["raise MemoryError"] = BODIES["np.ones(10**10)"]


class Gone(InProcess):
    """A child that ends when it is called."""

    how: Ending

    def _exchange(self, message, given):
        self.ending = self.how
        raise Ended(self.how, seconds=1, code=0)


@pytest.mark.exhaustive
@pytest.mark.parametrize("code", ANSWERS)
@pytest.mark.parametrize(("number", "id"), TASKS)
def test_what_is_no_answer_is_a_failure_of_every_task(number, id, code):
    is_a_failure(of_body(number, id, code, child=InProcess), ANSWERS[code])


@pytest.mark.exhaustive
@pytest.mark.parametrize("how", ENDINGS, ids=lambda how: how.name)
@pytest.mark.parametrize(("number", "id"), TASKS)
def test_a_child_that_ends_is_a_failure_of_every_task(number, id, how, monkeypatch):
    monkeypatch.setattr(Gone, "how", how, raising=False)
    is_a_failure(of_body(number, id, "pass", child=Gone), ENDINGS[how])


def test_a_function_that_calls_one_that_fails_says_so():
    third = assignment("03")
    text = third.text.replace("(r**2 + 2 * alpha * r + alpha * gamma)", "(r**2 + 2 * alpha * r)")
    setting = Setting(Variant.plain(third), every=True, child=InProcess)
    tasks = [third.task(id) for id in ("3.3", "3.4", "3.8")]
    marks = list(judge_each(third, tasks, Submission(Path("hw.py"), text), 5, setting))
    assert [mark.status for mark in marks] == [Status.FAILED, Status.FAILED, Status.PASSED]
    said = [[line for line in mark.fault.lines if "It calls" in line] for mark in marks[:2]]
    assert said == [[], ["      It calls radial_forward, which fails, too (task 3.3)."]]
    alone = judge(third, tasks[1], Submission(Path("hw.py"), text), 5, setting)
    assert not any("It calls" in line for line in alone.fault.lines)


def test_every_check_is_run_for_a_grade_and_earns_its_own_points():
    last, backwards = (p.in_text(FOURTH.text, "stack_forward") for p in WRONG if p.task == "4.7")
    marks = [
        judged(text, id="4.7", every=every, child=InProcess) for text in (last, backwards) for every in (True, False)
    ]
    assert [mark.earned for mark in marks] == [1, 1, 0, 0]
    assert [[outcome.run for outcome in mark.outcomes] for mark in marks[2:]] == [[True, True], [True, False]]


# --- questions ---


class Student:
    """A student's function without a child."""

    def __init__(self, function):
        self.function, self.changed = function, []

    def many(self, calls, watch=False):
        return [self.function(*arguments) for arguments in calls]


def question(x, **named):
    x = np.array(x)
    slips = [slip("it adds", "Not plus.", y=x + 1), slip("it doubles", "Not twice.", y=2 * x)]
    return Question((x,), {"y": x}, {"x": x}, slips, size=f"D = {len(x)}", **named)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x: x, None),
        (lambda x: x + 1, "it adds"),
        (lambda x: x + (1 if x[0] > 1.5 else 0), "y is wrong"),  # only one of two answers fits the name
        (lambda x: x[:1], "y must be an array of shape (2,)"),
        (lambda x: x * np.nan, "y is not a finite real number"),
        (lambda x: list(x), "y must be an array of shape (1,)"),
        (lambda x: x + 0j, "y is not a finite real number"),
        (lambda x: None, "y must be an array of shape (1,)"),
    ],
)
def test_a_name_has_to_explain_every_answer(function, name):
    fault = expect(Student(function), question([1.0]), question([2.0, 3.0]))
    assert (fault and fault.name) == name


def test_an_answer_that_varies_is_a_fault():
    values = iter([np.array([1.0]), np.array([1.5])])
    assert expect(Student(lambda x: next(values)), question([1.0])).name == "the same input gives another output"


def test_a_slip_that_an_input_does_not_show_is_not_held_against_an_answer():
    both = [question([1.0]), question([2.0])]  # at x = 1 doubling and adding are one
    assert expect(Student(lambda x: 2 * x), *both).name == "it doubles"


NAN, INFINITE = float("nan"), float("inf")
CLOSE = [(1, 1.0), (np.float32(1), 1.0), (True, 1.0), (np.array(1.0), 1.0), (INFINITE, INFINITE), (NAN, NAN)]
APART = [(np.array([1.0]), 1.0), (1 + 1e-7, 1.0), (NAN, 1.0), (INFINITE, 1.0), ("1", 1.0), (None, 1.0), (1j, 1.0)]


@pytest.mark.parametrize(
    ("came", "right", "same"), [(*pair, True) for pair in CLOSE] + [(*pair, False) for pair in APART]
)
def test_what_is_close(came, right, same):
    assert close(came, right, 1e-9) is same


def test_numbers_are_shown_with_as_many_digits_as_tell_them_apart():
    assert apart(1.23456781, 1.23456782) == ("1.23456781", "1.23456782")
    assert apart(np.array([0.5]), 0.25) == ("[0.5]", "0.25")
    assert (
        shown(np.arange(8)) == "[0, 1, 2, 3, 4, 5, ...]"
        and shown((True, None)) == "(True, None (is a return missing?))"
    )


def test_a_list_is_called_a_list():
    fault = expect(Student(lambda x: list(x)), question([1.0]))
    assert fault.lines[1] == "      y: yours a list of 1 values   should be an array of shape (1,)"


def test_a_fault_without_a_hint_gets_the_tasks():
    mark = judged("x = 1\n", child=InProcess)
    without = message(mark, Path("hw.py"))
    assert "Hint: Is it spelled as in the handout?" in without and Fault("a").hint == ""


# --- pytest ---


@pytest.mark.exhaustive
def test_pytest_in_the_folder_says_the_same(folder):
    text = SWAPPED.in_text(make(FOURTH, ["4.1"]).files["ch04_coupling.py"], "permute_back")
    (folder / "ch04_coupling.py").write_text(text.replace("total = total + log_det", "total = log_det"))

    def run(*arguments):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)

    out = run("--check-seed=7").stdout
    assert "4.1 affine_forward not written yet: x by equation (2), and log|det J| by (5)" in out
    assert "Task 4.6  permute_back: the permutation is not undone" in out and "4.7 stack_forward waits for 4.6" in out
    assert "Repeat with: pytest -m \"task(id='4.6')\" --check-seed=7" in out
    assert f"tested: {folder / 'ch04_coupling.py'}, seed 7: 12 of 19 points" in out and "3 failed, 4 passed" in out
    one = run("-m", "task(id='4.6')", "--check-seed=7").stdout
    assert "1 failed, 6 deselected" in one
    assert [line for line in out.splitlines() if line.startswith("      ")][:2] == [
        line for line in one.splitlines() if line.startswith("      ")
    ][:2]
