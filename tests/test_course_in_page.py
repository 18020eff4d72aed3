"""A task that is judged in a page: in this interpreter, one function at a time, with the book's functions around it."""

import pytest

from nfscratch.course.blanks import definition
from nfscratch.course.handout import stub_of
from nfscratch.course.in_page import judged, together
from nfscratch.course.task import assignment
from nfscratch.course.variant import Variant

GIVEN = assignment("04")
TASK = GIVEN.task("4.2")
RIGHT = "\n".join(definition(GIVEN.text, TASK.function))
STUB = "\n".join(stub_of(GIVEN, TASK, Variant.plain(GIVEN)))


@pytest.mark.parametrize("source, said", [
    (RIGHT, "Task 4.2 passes: 3 of 3 points."),
    (STUB, "Task 4.2 is not written yet"),
    (RIGHT.replace(" * np.exp(-s)", ""), "Task 4.2  affine_inverse: the scale is not undone"),
    (RIGHT.replace("return", "retrun"), "cannot be read as Python"),
    (RIGHT.replace("affine_inverse", "inverse"), "no function called affine_inverse"),
    ("", "no function called affine_inverse"),
])  # fmt: skip
def test_a_function_is_judged_by_its_checks(source, said):
    assert said in judged("04", "4.2", source, seed=1)


def test_line_numbers_are_those_of_the_field():
    source = RIGHT.replace("return z", "return nothing, z")
    line = source.splitlines().index("    return nothing, z, -s.sum()") + 1
    assert f"line {line}:  return nothing, z" in judged("04", "4.2", source, seed=1)


def test_the_chapter_has_no_own_function_beside_the_readers():
    text = together(GIVEN, TASK, RIGHT)
    assert text.count("def affine_inverse(") == 1 and text.count("def affine_forward(") == 1
