"""Handouts for otter-grader and nbgrader: what is in them, and the points that their cells and tests give."""

import ast
import json
import re
import sys
import types
import warnings
from functools import cache

import pytest
from invoking import invoke
from planted.ch04 import WRONG

from nfscratch.course.blanks import bodies
from nfscratch.course.handout import Platform, make
from nfscratch.course.judging import question
from nfscratch.course.notebooks import in_kernel
from nfscratch.course.notebooks.in_kernel import Judged, points
from nfscratch.course.notebooks.needed import needed
from nfscratch.course.submission import code_of_notebook
from nfscratch.course.task import assigned, assignment

FOURTH = assignment("04")
SWAPPED = next(p for p in WRONG if p.what == "permuted again").in_text(FOURTH.text, "permute_back")
LAST = next(p for p in WRONG if p.what == "the last log-det").in_text(FOURTH.text, "stack_forward")


def namespace(text):
    """What the cells leave behind. Demonstrations are not run."""
    names = {"__name__": "notebook"}
    exec(compile(text, "cells", "exec"), names)
    return names


@pytest.mark.parametrize(("text", "id", "earned", "said"), [
    (FOURTH.text, "4.6", 3, "Task 4.6: 3 of 3 points (seed 5)"),
    (SWAPPED, "4.6", 0, "permute_back: the permutation is not undone"),
    (LAST, "4.7", 1, "stack_forward: it is only the last layer's log-det"),
    ("x = 1", "4.6", 0, "the file has no function called permute_back"),
    ("def permute_back(x, order):\n    raise NotImplementedError()", "4.6", 0, "not written yet"),
])  # fmt: skip
def test_the_points_of_a_running_notebook(text, id, earned, said, capsys):
    assert points(id, namespace(text), seed=5) == earned
    assert said in capsys.readouterr().out


def test_a_message_shows_the_line_of_the_cell_and_what_is_printed_stays_out(capfd):
    text = "import sys\n\ndef permute_back(x, order):\n    print('noise', file=sys.stderr)\n    return x / None, 0.0\n"
    names = {"__name__": "notebook"}
    exec(compile(text, "cell 3", "exec"), names)
    with warnings.catch_warnings(record=True) as warned:
        assert points("4.6", names) == 0
    out, error = capfd.readouterr()
    assert "it raises an exception: TypeError" in out and "line 5" in out and (error, warned) == ("", [])


# --- the cells of a kernel, judged in a process of their own ---

NUMPY = "import numpy as np\nfrom math import pi"
USED = "def of_pi(x):\n    return half(x) * pi\n\nwaste = 1 / 0"
HALF = "print('not needed')\ndef half(x):\n    y = SIZE * x\n    return np.asarray(y)"
SIZE = "SIZE = 0.25\nSIZE = 0.5"
NO_PYTHON = "def half(:"


def test_a_function_comes_with_what_it_needs_and_nothing_else():
    text = needed([NUMPY, "%matplotlib inline", HALF, SIZE, NO_PYTHON, USED, "other = 3"], "of_pi")
    assert namespace(text)["of_pi"](2.0) == pytest.approx(3.14159265)
    assert "waste" not in text and "print" not in text and "other" not in text
    cells = [NUMPY, "%matplotlib inline", HALF, SIZE, NO_PYTHON, USED, "other = 3"]
    whole = "\n\n".join(cells).splitlines()
    assert all(
        line in ("", whole[k]) for k, line in enumerate(text.splitlines()[: len(whole)])
    )  # numbers of lines hold


def test_a_function_that_was_written_twice_is_the_later_one():
    first, second = "def f(x):\n    return 1", "@abs\n@float\ndef f(x):\n    return 2"
    assert "return 2" in needed([first, second], "f") and "@abs" in needed([first, second], "f")
    assert needed(["g = 2"], "f").strip() == ""


def test_cells_that_fail_or_were_corrected_are_not_run_again():
    """Names inside of a function are its own; of two imports the later one counts; what is changed afterwards stays."""
    function = "def f(x):\n    y = x + ZERO[0]\n    return y * one"
    early, wrong, right = "x = f(1)", "from nump import pi as one", "from numpy import *\none = 1"
    text = needed([early, wrong, right, "ZERO = [1]", "ZERO[0] = 0", "y = missing()", function], "f")
    assert [line for line in text.splitlines() if line] == [
        "from numpy import *", "one = 1", "ZERO = [1]", "ZERO[0] = 0", *function.splitlines(),
    ]  # fmt: skip
    assert namespace(text)["f"](2) == 2


def test_a_loop_a_block_or_a_with_gives_a_name_too():
    asks = "def f(x):\n    return np"
    opened, imported = "with x as np: pass", "try:\n    import numpy as np\nfinally:\n    pass"
    for given in ("for k in range(2):\n    np = 3", imported, opened):
        assert needed([given, "other = [x for x in y]", asks], "f").strip() == f"{given}\n\n\n\n{asks}"


SWAP = "def permute_back(x, order):\n    return x[order], 0.0\n"
INTO_FRAMES = """
import sys

def permute_back(x, order):
    frame = sys._getframe(1)
    while frame is not None:
        for value in frame.f_locals.values():
            for one in value if isinstance(value, (list, tuple)) else [value]:
                if hasattr(one, "answer") and hasattr(one, "slips") and list(one.arguments[0]) == list(x):
                    return tuple(one.answer.values())
        frame = frame.f_back
    return x[order], 0.0
"""
FROM_THE_CHAPTER = f"""
def permute_back(x, order):
    space = {{"__name__": "chapter"}}
    exec(open({str(FOURTH.path)!r}).read(), space)
    return space["permute_back"](x, order)
"""


def test_what_a_notebook_does_to_the_checks_of_its_process_earns_nothing(monkeypatch, capsys):
    monkeypatch.setattr(in_kernel, "cells_run", lambda: ["import numpy as np", SWAP, "1 / 0"])
    monkeypatch.setattr(question, "close", lambda *given: True)
    task = Judged("4.6", seed=5)
    with pytest.raises(AssertionError, match=r"(?s)the permutation is not undone.*Seed: 5"):
        task.passes("undoes", {"permute_back": namespace(FOURTH.text)["permute_back"]})
    monkeypatch.setattr(in_kernel, "Judged", lambda *given: task)
    assert points("4.6", {}) == 0
    assert "Task 4.6: 0 of 3 points (seed 5)" in capsys.readouterr().out


@pytest.mark.exhaustive
@pytest.mark.parametrize("text", [INTO_FRAMES, FROM_THE_CHAPTER])
def test_a_cell_that_looks_for_the_answer_earns_nothing(text, monkeypatch):
    names = namespace(text)
    assert points("4.6", names, seed=5) == 3  # in one process with the checks it does
    monkeypatch.setattr(in_kernel, "cells_run", lambda: [text])
    assert points("4.6", names, seed=5) == 0


# --- otter-grader ---


class Case:
    """The part of otter's decorator that a test file uses."""

    def __init__(self, name, points):
        self.name, self.points = name, points

    def __call__(self, function):
        self.function = function
        return self


def scores(file, names, monkeypatch):
    """(points, passed) of each case of a test file."""
    modules = {"otter": types.ModuleType("otter"), "otter.test_files": types.SimpleNamespace(test_case=Case)}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    found = {}
    exec(file, found)
    assert found["OK_FORMAT"] is False and found["points"] is None
    return found["name"], [(case.points, passed(case, names)) for case in found.values() if isinstance(case, Case)]


def passed(case, names):
    try:
        case.function(names)
    except AssertionError as error:
        return f"{error}".splitlines()[0]
    return True


def test_otters_test_files_give_the_points_of_each_check(monkeypatch):
    files = make(FOURTH, ["4.6", "4.7"], platform=Platform.OTTER).files
    assert [name for name in files if name.startswith("tests/")] == ["tests/q4_6.py", "tests/q4_7.py"]
    assert scores(files["tests/q4_7.py"], namespace(FOURTH.text), monkeypatch) == ("q4_7", [(1, True), (2, True)])
    first, second = scores(files["tests/q4_7.py"], namespace(LAST), monkeypatch)[1]
    assert first == (1, True) and second == (2, "Task 4.7  stack_forward: it is only the last layer's log-det")
    variant = make(FOURTH, ["4.6"], number=17, platform=Platform.OTTER).files
    assert 'Judged("4.6", variant=17)' in variant["tests/q4_6.py"]


# --- notebooks ---


@cache
def cells_of(number="04", **options):
    made = make(assignment(number), notebook=True, **options)
    text = next(text for name, text in made.files.items() if name.endswith(".ipynb"))
    return [cell | {"source": "".join(cell["source"])} for cell in json.loads(text)["cells"]], text


@pytest.mark.parametrize("platform", Platform)
def test_cells_that_check_are_no_part_of_the_students_code(platform):
    cells, text = cells_of(platform=platform)
    checking = [cell["source"] for cell in cells if "self-check" in cell["metadata"].get("tags", [])]
    assert len(checking) == {Platform.OTTER: 8, Platform.NBGRADER: 7}[platform]
    code = code_of_notebook(text)
    assert not any(source in code for source in checking)
    compile(code, "handout", "exec")


def test_nbgraders_cells_say_where_to_write_and_what_it_is_worth():
    cells, _ = cells_of(platform=Platform.NBGRADER)
    data = [cell["metadata"]["nbgrader"] for cell in cells if "nbgrader" in cell["metadata"]]
    ids = [one["grade_id"] for one in data]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[\w-]+", id) for id in ids)
    assert all(one["schema_version"] == 3 and one["task"] is False for one in data)
    graded = [one for one in data if one["grade"]]
    assert [one["points"] for one in graded] == [task.points for task in FOURTH.tasks]
    assert all(one["locked"] and not one["solution"] for one in graded)
    written = [cell["source"] for cell in cells if cell["metadata"].get("nbgrader", {}).get("solution")]
    stubs = [line for source in written for line in source.splitlines() if "NotImplementedError" in line]
    assert len(stubs) == 7 == sum(source.count("### BEGIN SOLUTION\n") for source in written)
    assert "    # task 4.6: z with z_{pi(i)} = x_i, and the log-det\n" in "\n".join(written)


def test_a_cell_that_gives_points_ends_with_their_number():
    cells, _ = cells_of(platform=Platform.NBGRADER)
    source = next(cell["source"] for cell in cells if '"4.6"' in cell["source"])
    *before, last = ast.parse(source).body
    names = namespace(FOURTH.text)
    exec(compile(ast.Module(before, []), "cell", "exec"), names)
    assert eval(compile(ast.Expression(last.value), "cell", "eval"), names) == 3


@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=[] if n == "07" else pytest.mark.exhaustive) for n in assigned()]
)
def test_a_task_is_checked_below_everything_that_its_function_calls(number):
    cells, _ = cells_of(number, platform=Platform.NBGRADER)
    found = assignment(number)
    solutions = solutions_of(found)
    names, defined, checked = {"__name__": "notebook"}, set(namespace(found.text)), []
    for cell in (cell for cell in cells if cell["cell_type"] == "code"):
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            task = found.task(re.search(r'points\("([\d.]+)"', cell["source"])[1])
            assert not (reached(names[task.function], names) & defined) - set(names)
            checked.append(task.id)
        else:
            exec(with_solutions(cell["source"], found, solutions), names)
    assert sorted(checked) == sorted(task.id for task in found.tasks)


def with_solutions(source, found, solutions):
    """A cell, with the chapter's own bodies in the places of the stubs."""
    for task in found.tasks:
        stub = re.search(rf'^    raise NotImplementedError\("task {re.escape(task.id)}:.*$', source, re.MULTILINE)
        source = source if stub is None else source.replace(stub[0], solutions[task.function])
    return source


def solutions_of(found):
    lines = found.text.splitlines()
    places = bodies(found.text, [task.function for task in found.tasks])
    return {function: "\n".join(lines[place.first - 1 : place.last]) for function, place in places.items()}


def reached(function, names):
    """The global names that a function uses, and those of the functions among them."""
    found, left = set(), [function]
    while left:
        code = getattr(left[-1], "__wrapped__", left.pop()).__code__
        new = set(inner_names(code)) - found
        found |= new
        left += [
            names[name] for name in new if hasattr(getattr(names.get(name), "__wrapped__", names.get(name)), "__code__")
        ]
    return found


def inner_names(code):
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from inner_names(constant)


def test_the_command_writes_either(tmp_path):
    code, out, error = invoke("handout", "04", "-o", str(tmp_path / "a"), "--tasks", "4.6", "--otter")
    assert (code, error) == (0, "") and (tmp_path / "a" / "tests" / "q4_6.py").is_file()
    assert invoke("handout", "04", "-o", str(tmp_path / "b"), "--tasks", "4.6", "--nbgrader")[0] == 0
    assert (tmp_path / "b" / "ch04_coupling.ipynb").is_file()
    code, out, error = invoke("handout", "04", "-o", str(tmp_path / "c"), "--nbgrader", "--otter")
    assert (code, out) == (2, "") and "ask for one of them" in error
