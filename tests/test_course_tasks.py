"""The tasks of every chapter: the chapter's own function passes, its stub fails this task alone, mistakes have names.

A new chapter's tasks are tested here without a word: tasks/chNN.toml says what there is, and
tests/support/planted/chNN.py has bodies that are right in other words, and bodies that are wrong. The default run takes
one task of thirty-one, and one body of forty-five.
"""

import importlib
import sys
from functools import cache
from pathlib import Path

import pytest
from planted import passers_by, read_once, strangers, trivial

from nfscratch.course import properties
from nfscratch.course.blanks import bodies, body, leaked, with_stubs
from nfscratch.course.properties import checks_of
from nfscratch.course.sandbox.here import InProcess
from nfscratch.course.sandbox.inside import MODULE
from nfscratch.course.selfcheck import Setting, Status, judge
from nfscratch.course.submission import Submission
from nfscratch.course.task import assigned
from nfscratch.course.variant import Variant

ASSIGNMENTS = {number: read_once(number) for number in assigned()}
TASKS = [(number, task.id) for number, found in ASSIGNMENTS.items() for task in found.tasks]
PLANTED = {number: importlib.import_module(f"planted.ch{number}") for number in ASSIGNMENTS}
RIGHT = [(n, p) for n, module in PLANTED.items() for p in module.RIGHT]
WRONG = [(n, p) for n, module in PLANTED.items() for p in module.WRONG]
RIGHT += [(p.task.split(".")[0].zfill(2), p) for p in strangers.RIGHT]
WRONG += [(p.task.split(".")[0].zfill(2), p) for p in strangers.WRONG + passers_by.WRONG]


def shared(cases, every=31):
    """One case of so many in the default run, the others in the exhaustive one."""
    mark = [pytest.mark.exhaustive]
    return [pytest.param(*case, marks=mark if k % every else [], id=f"{case[1]!r}") for k, case in enumerate(cases)]


def judged(number, id, text, seed=3, variant=None, every=True):
    found = ASSIGNMENTS[number]
    setting = Setting(variant or Variant.plain(found), every=every, child=InProcess)
    return judge(found, found.task(id), Submission(Path("/home/me/hw.py"), text), seed, setting)


@pytest.mark.parametrize(("number", "id"), shared(TASKS))
def test_the_chapters_own_function_passes_and_its_stub_is_not_written_yet(number, id):
    found = ASSIGNMENTS[number]
    task = found.task(id)
    assert [outcome.fault for outcome in judged(number, id, found.text).outcomes] == [None] * len(task.checks)
    mark = judged(number, id, with_stubs(found.text, {task.function: task}))
    assert (mark.status, mark.earned) == (Status.UNWRITTEN, 0)


@pytest.mark.parametrize(("number", "id"), shared(TASKS))
def test_a_body_that_does_no_work_earns_no_point(number, id):
    found = ASSIGNMENTS[number]
    files = trivial.files(found.text, found.task(id).function)
    marks = {name: judged(number, id, text) for name, text in files}
    assert {name: mark.earned for name, mark in marks.items() if mark.earned} == {}


def statuses_without(number, id, variant=None):
    """What comes of every task of a chapter where one function is not written."""
    found, (chosen, whole) = ASSIGNMENTS[number], in_variant(number, variant)
    name = chosen.name_of(found.task(id))
    text = with_stubs(whole, {name: found.task(id)})

    def status(task):
        before, called = written(number, task.id, variant)
        if task.id == id or name in called:
            return judged(number, task.id, text, variant=chosen, every=False).status
        return before  # the same lines run

    return {task.id: status(task) for task in found.tasks}


@cache
def in_variant(number, variant):
    """The variant of this number, and the chapter's text in it."""
    chosen = Variant.of(ASSIGNMENTS[number], variant)
    return chosen, chosen.applied(ASSIGNMENTS[number].text, ASSIGNMENTS[number])


@cache
def written(number, id, variant):
    """What comes of a task where every function is written, and the functions of tasks that are called on the way."""
    chosen, text = in_variant(number, variant)
    text = noting_calls(text, [chosen.name_of(task) for task in ASSIGNMENTS[number].tasks])
    status = judged(number, id, text, variant=chosen, every=False).status
    return status, frozenset(sys.modules[MODULE].CALLED)


def noting_calls(text, functions):
    """The text, with a first line in each function that says that it was called."""
    lines = text.splitlines()
    for name, place in sorted(bodies(text, functions).items(), key=lambda item: -item[1].first):
        lines.insert(place.first - 1, f"    CALLED.add({name!r})")
    return "\n".join([*lines, "CALLED = set()", ""])


def expected_without(number, id):
    of = {True: Status.WAITING, False: Status.PASSED}
    return {t.id: Status.UNWRITTEN if t.id == id else of[id in t.needs] for t in ASSIGNMENTS[number].tasks}


@pytest.mark.parametrize(("number", "id"), [("01", "1.4")])
def test_a_stub_fails_its_task_alone_and_the_tasks_that_need_it_wait(number, id):
    assert statuses_without(number, id) == expected_without(number, id)


@pytest.mark.exhaustive
@pytest.mark.parametrize("variant", [None, 5, 6])
@pytest.mark.parametrize(("number", "id"), TASKS)
def test_every_stub_fails_its_task_alone_in_every_variant(number, id, variant):
    assert statuses_without(number, id, variant) == expected_without(number, id)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("number", "id"), TASKS)
def test_the_chapters_own_function_passes_with_every_seed(number, id, seed):
    assert judged(number, id, ASSIGNMENTS[number].text, seed).fault is None


@pytest.mark.parametrize(("number", "planted"), shared(RIGHT, 45))
def test_a_right_body_in_other_words_passes(number, planted):
    found = ASSIGNMENTS[number]
    text = planted.in_text(found.text, found.task(planted.task).function)
    assert judged(number, planted.task, text).fault is None


@pytest.mark.exhaustive
@pytest.mark.parametrize(("number", "id"), [case for case in TASKS if hasattr(PLANTED[case[0]], "WHOLE")])
def test_a_whole_file_in_other_words_passes_in_a_child(number, id):
    found = ASSIGNMENTS[number]
    submission = Submission(Path("/home/me/hw.py"), PLANTED[number].WHOLE)
    assert judge(found, found.task(id), submission, 11).fault is None


@pytest.mark.parametrize(("number", "planted"), shared(WRONG, 45))
def test_a_mistake_is_called_by_its_name(number, planted):
    found = ASSIGNMENTS[number]
    text = planted.in_text(found.text, found.task(planted.task).function)
    mark = judged(number, planted.task, text, every=False)
    assert mark.fault is not None and mark.fault.name == planted.name
    assert mark.earned < mark.task.points


def test_every_chapter_has_five_to_eight_tasks_of_some_minutes():
    for found in ASSIGNMENTS.values():
        assert 5 <= len(found.tasks) <= 8
        assert sum(task.minutes for task in found.tasks) <= 180


@pytest.mark.parametrize(("number", "id"), shared(TASKS))
def test_a_hint_and_a_note_hold_no_line_of_the_solution(number, id):
    found = ASSIGNMENTS[number]
    task = found.task(id)
    place = body(found.text, task.function)
    solution = found.text.splitlines()[place.first - 1 : place.last]
    assert leaked(f"{task.hint}\n{task.note}\n{task.ask}", solution) is None


@pytest.mark.parametrize("number", ASSIGNMENTS)
def test_every_file_and_function_of_the_properties_is_used(number):
    found = ASSIGNMENTS[number]
    folder = Path(properties.__file__).parent / f"ch{number}"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    functions = {task.function for task in found.tasks}
    assert functions <= files
    for task in found.tasks:
        module = importlib.import_module(f"{properties.__name__}.ch{number}.{task.function}")
        own = {n for n, f in vars(module).items() if getattr(f, "__module__", None) == module.__name__}
        takes = {n for n in own if getattr(vars(module)[n], "__code__", None) and _takes_a_check(vars(module)[n])}
        assert takes == {check.name for check in checks_of(number, task)}


def _takes_a_check(function):
    return function.__code__.co_varnames[: function.__code__.co_argcount] == ("asked", "rng")
