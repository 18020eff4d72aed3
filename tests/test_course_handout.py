"""Handouts: what is left out, what stays, what is refused, and the variants."""

import ast
import json
import re
from dataclasses import replace

import pytest
from invoking import invoke
from planted import read_once
from share import few

from nfscratch.course.blanks import body, leaked, with_stubs
from nfscratch.course.handout import make, refuse
from nfscratch.course.homework import homework, target
from nfscratch.course.renaming import ambiguous, renamed
from nfscratch.course.reset import reset
from nfscratch.course.submission import code_of_notebook, read
from nfscratch.course.task import TASKS, assigned, assignment
from nfscratch.course.task import read as read_tasks
from nfscratch.course.variant import Variant

FOURTH = assignment("04")
EVERY = [(number, variant) for number in assigned() for variant in (None, 3, 4)]


@pytest.mark.parametrize(("number", "variant"), few(EVERY, [("01", None), ("05", 3)]))
def test_a_handout_keeps_signature_docstring_and_prose_and_no_body(number, variant):
    found = read_once(number)
    how = Variant.of(found, variant)
    text = make(found, number=variant).files[found.path.name]
    solved = how.applied(found.text, found)
    stubs = {how.name_of(task): task for task in found.tasks}
    before, after = ({n.name: n for n in ast.parse(t).body if isinstance(n, ast.FunctionDef)} for t in (solved, text))
    assert before.keys() == after.keys()
    for name, node in after.items():
        assert ast.unparse(node.args) == ast.unparse(before[name].args)
        assert ast.get_docstring(node) == ast.get_docstring(before[name])
        if name in stubs:
            words = f"task {stubs[name].id}: {stubs[name].ask}"
            assert ast.unparse(node.body[1:]) == f"raise NotImplementedError({words!r})"
        else:
            assert ast.unparse(node) == ast.unparse(before[name])
    prose = [line for line in solved.splitlines() if line.startswith("#")]
    assert prose == [line for line in text.splitlines() if line.startswith("#")]


def test_some_tasks_alone():
    text = make(FOURTH, ["4.3", "4.1"]).files["ch04_coupling.py"]
    assert re.findall(r'NotImplementedError\("task (\d\.\d)', text) == ["4.1", "4.3"]
    assert 'tasks = ["4.1", "4.3"]' in make(FOURTH, ["4.3", "4.1"]).files["handout.toml"]
    with pytest.raises(ValueError, match=r"chapter 04 has no task '4.9'; it has 4.1, 4.2"):
        make(FOURTH, ["4.9"])


def test_a_variant_has_other_names_and_constants_and_is_the_same_for_one_number():
    first = assignment("01")
    plain, one, again, other = (make(first, number=n).files[first.path.name] for n in (None, 3, 3, 4))
    assert one == again and one not in (plain, other)
    assert "def tanh_forward(" in plain and "tanh_forward" not in one
    assert "z, a=0.3)" in plain and "LeakyReLU(0.3)" in plain and "LeakyReLU(0.3)" not in one


def test_a_function_is_renamed_where_it_is_code_and_nowhere_else():
    text = '# Knots é: `knots(a)` are knots.\ndef knots(a):\n    """The knots, by `knots`."""\n    return a\n\n\n'
    text += 'x = "é" + f(knots=1, b=knots(2)).knots  # knots\n'
    new = '# Knots é: `ends(a)` are knots.\ndef ends(a):\n    """The knots, by `ends`."""\n    return a\n\n\n'
    assert renamed(text, {"knots": "ends"}) == new + 'x = "é" + f(knots=1, b=ends(2)).knots  # knots\n'
    assert ambiguous(text, ["knots"]) is None
    for other in ("knots = 3", "def f(knots): pass", "def f():\n    def knots(): pass", "for knots in x: pass"):
        assert ambiguous(f"{text}{other}\n", ["knots"]) == "knots"


def test_a_line_of_a_solution_anywhere_is_refused():
    task = FOURTH.task("4.6")
    stubbed, plain = with_stubs(FOURTH.text, {"permute_back": task}), Variant.plain(FOURTH)
    refuse(stubbed, FOURTH, [task], plain)
    with pytest.raises(
        ValueError, match=r"task 4.6: the handout still holds a line of the solution: z = np.empty_like"
    ):
        refuse(stubbed + "#   z=np.empty_like( x )\n", FOURTH, [task], plain)


def test_a_handout_that_does_not_compile_or_lacks_a_hint_is_refused():
    task, plain = FOURTH.task("4.6"), Variant.plain(FOURTH)
    with pytest.raises(ValueError, match="the handout does not compile: line 1: invalid syntax"):
        refuse("def = 3", FOURTH, [task], plain)
    with pytest.raises(ValueError, match=r"task 4.6: the hint is empty"):
        refuse("", FOURTH, [replace(task, hint=" ")], plain)


BAD = {
    'id = "4.2"': r"ch04.toml: task 4.2: id must be '4.1', for tasks are numbered in order",
    'hint = " "': r"task 4.1: hint must be a sentence; got ' '",
    'function = "affine"': r"task 4.1: the chapter must define affine once, at top level",
    "minutes = 0": r"task 4.1: minutes must be at least 1; got 0",
    'minutes = "5"': r"task 4.1: minutes must be of type int; got '5'",
    "checks = { values = 0 }": r"task 4.1: the points of check 'values' must be a whole number from 1 up; got 0",
    "checks = {}": r"task 4.1: checks must name at least one check",
    'only_with = { values = "log_det" }': r"task 4.1: only_with must name a check and an earlier one; got 'values' and",
    'needs = ["4.2"]': r"task 4.1: needs must name earlier tasks; got '4.2'",
    'also_called = ["permute"]': r"task 4.1: also_called must be new names; the chapter has 'permute'",
    'colour = "red"': r"task 4.1: 'colour' is not one of id, function",
    "ask = 'say \"x\"'": r"task 4.1: ask must be one line without double quotes",
}


@pytest.mark.parametrize("line", BAD)
def test_a_task_file_with_a_mistake_is_refused(line, tmp_path):
    rows = dict(re.findall(r"^(\w+) = (.*)$", (TASKS / "ch04.toml").read_text().split("[[task]]")[1], re.MULTILINE))
    key, value = line.split(" = ", 1)
    file = tmp_path / "ch04.toml"
    file.write_text("[[task]]\n" + "\n".join(f"{k} = {v}" for k, v in (rows | {key: value}).items()))
    with pytest.raises(ValueError, match=BAD[line]):
        read_tasks(file, FOURTH.path)


def test_a_missing_key_and_a_place_that_is_not_there_are_refused(tmp_path):
    file = tmp_path / "ch04.toml"
    file.write_text('[[task]]\nid = "4.1"\n')
    with pytest.raises(ValueError, match=r"ch04.toml: task 4.1: ask, checks, function, hint, minutes must be given"):
        read_tasks(file, FOURTH.path)
    constant = '[[constant]]\nname = "w"\nvalue = "8"\nchoices = ["6"]\nplaces = ["height={}"]\n'
    file.write_text((TASKS / "ch04.toml").read_text() + constant)
    with pytest.raises(ValueError, match=r"constant w: the chapter has no 'height=8'"):
        read_tasks(file, FOURTH.path)


def test_short_lines_give_nothing_away():
    assert leaked("x = z.copy()", ["    x = z.copy()"]) is None
    assert leaked("a=b*c+d*e+f*g", ["    a = b * c + d * e + f * g  # as above"]) is None
    assert leaked("first\n  total=total+log_det", ["    total = total + log_det"]) == "total = total + log_det"


def test_loop_headings_and_unpackings_give_nothing_away_and_a_formula_does():
    plain = ["for step in range(1, steps + 1):", "for forward, log_det in zip(layers, log_dets):",
             "W1, b1, W2, b2 = weights", "k, (_, H, W) = K.shape[2], x.shape",
             "for weights, offsets in network:"]  # fmt: skip
    for line in plain:
        assert leaked(f"def f(x):\n    {line}\n", [f"    {line}"]) is None
    telling = ["s, t = net(x[keep]), x[~keep]", "for i in range(D * (D - 1) // 2):", "for h in list(pixels)[::-1]:",
               "mu, s = W @ h + b, -np.log(d)", "for i in np.argsort(order):",
               "x, log_det = z[order], zero"]  # fmt: skip
    for line in telling:
        assert leaked(f"def f(x):\n    {line}\n", [f"    {line}"]) == line


def test_a_loop_that_another_function_has_too_is_no_leak():
    assert 'tasks = ["8.1"]' in make(assignment("08"), ["8.1"]).files["handout.toml"]


def test_an_ask_may_hold_an_apostrophe():
    task = replace(FOURTH.task("4.1"), ask="the layer's x")
    node = ast.parse(with_stubs(FOURTH.text, {"affine_forward": task}))
    stub = next(n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "affine_forward").body[-1]
    assert stub.exc.args[0].value == "task 4.1: the layer's x"


def test_a_body_is_found_below_decorators_and_docstrings():
    text = "@one\n@two\ndef f(a,\n      b=1):\n    '''Doc.\n\n    More.'''\n    # note\n    return a\n\nx = 1\n"
    place = body(text, "f")
    assert (place.start, place.first, place.last) == (1, 8, 9)
    for wrong, words in (("def g(): pass", "it does so 0 times"), ("def f(:", "cannot be read as Python: line 1")):
        with pytest.raises(ValueError, match=words):
            body(wrong, "f")


# --- the student's folder ---


@pytest.fixture
def folder(tmp_path):
    make(FOURTH, number=3).write(tmp_path)
    return tmp_path


def test_a_folder_is_found_with_its_variant_and_tasks(folder, tmp_path):
    work = homework(folder, "4")
    assert (work.path, len(work.tasks)) == (folder / "ch04_coupling.py", 7)
    assert work.variant == Variant.of(FOURTH, 3)
    with pytest.raises(ValueError, match="no file of chapter 5"):
        homework(folder, "5")
    (folder / "ch04_other.py").write_text("")
    with pytest.raises(ValueError, match=r"several files of a chapter: ch04_coupling.py, ch04_other.py; name one with"):
        homework(folder)
    assert homework(folder, None, folder / "ch04_other.py").path.name == "ch04_other.py"
    with pytest.raises(ValueError, match="is there already"):
        make(FOURTH).write(folder)


def test_what_is_checked_is_a_task_or_a_chapter():
    assert target("4.2") == ("4", ["4.2"]) and target("04") == ("04", []) and target(None) == (None, [])
    with pytest.raises(ValueError, match=r"must be a task, such as 4.2, or a chapter, such as 4; got 'four'"):
        target("four")


def test_reset_puts_one_stub_back_and_keeps_the_file(folder):
    work = homework(folder)
    task, fresh = work.task("4.6"), work.path.read_text()
    name = work.variant.name_of(task)
    lines = fresh.splitlines()
    place = body(fresh, name)
    mine = "\n".join([*lines[: place.first - 1], "    return x, 0  # mine", *lines[place.last :], "extra = 1"]) + "\n"
    work.path.write_text(mine)
    copy = reset(work, task)
    assert copy.read_text() == mine and work.path.read_text() == fresh + "extra = 1\n"
    assert reset(work, task) != copy


@pytest.mark.exhaustive
def test_a_notebook_holds_the_same_code(tmp_path):
    pytest.importorskip("jupytext")
    make(FOURTH, notebook=True).write(tmp_path)
    work = homework(tmp_path)
    assert work.path.suffix == ".ipynb"
    code = ast.unparse(ast.parse(read(work.path).text))
    assert code == ast.unparse(ast.parse(make(FOURTH).files["ch04_coupling.py"]))
    task = FOURTH.task("4.6")
    book = work.path.read_text().replace('raise NotImplementedError(\\"task 4.6', 'return x, 0 # (\\"task 4.6')
    work.path.write_text(book)
    assert "return x, 0" in read(work.path).text
    reset(work, task)
    assert ast.unparse(ast.parse(read(work.path).text)) == code


def test_a_notebooks_own_commands_are_no_code():
    cells = [
        {"cell_type": "code", "source": ["%matplotlib inline\n", "x = 1\n", "!ls\n", "x?"]},
        {"cell_type": "markdown", "source": "no"},
    ]
    assert code_of_notebook(json.dumps({"cells": cells})) == "# %matplotlib inline\nx = 1\n# !ls\n# x?\n"


# --- the commands ---


def test_the_commands_write_a_handout_give_a_hint_and_refuse_in_one_line(tmp_path):
    code, out, _ = invoke("handout", "4", "-o", str(tmp_path / "hw"), "--tasks", "4.1", "4.3")
    assert code == 0 and [line.rsplit("/", 1)[1] for line in out.splitlines()] == [
        "ch04_coupling.py", "test_ch04.py", "README.md", "handout.toml"]  # fmt: skip
    assert invoke("hint", "4.2")[1] == f"Task 4.2, about 10 minutes: {FOURTH.task('4.2').hint}\n"
    folder = ["--folder", str(tmp_path / "hw")]
    for arguments, words in (
        (["hint", "4"], "name a task, such as 4.2; got '4'"),
        (["handout", "nosuch"], "no chapter called 'nosuch'"),
        (["check", "4.2", *folder], "task 4.2 is not in this handout; it has 4.1, 4.3"),
        (["check", "1", *folder], "has no file of chapter 1"),
        (["reset", "x", *folder], "must be a task, such as 4.2"),
    ):
        code, out, error = invoke(*arguments)
        assert (code, out) == (2, "") and words in error and error.count("\n") == 1
