"""Functions that a loop made: which of them get their turn's variables, and what each turn had."""

import ast
from textwrap import dedent

import pytest
from edited_code import module_of
from made_scopes import nothing_older

from nfscratch.check.repair import late_binding
from nfscratch.check.repair.live_code import Reached


@pytest.fixture(autouse=True)
def few_objects():
    with nothing_older():
        yield


LOOP = """
A = [1.0, 2.0, 3.0]
fs, hs = [], []


def mine(row):
    return row


def same(f):
    return f


{loop}


def run():
    return [(f[1] if type(f) is tuple else f)(0.0) for f in fs], [h(0.0) for h in hs]
"""


def bound(loop, folder, name):
    """(names, values) of each candidate, and what the functions of fs give while it stands."""
    made = module_of(LOOP.format(loop=dedent(loop).strip()), folder, name)
    before, found = made.run(), []
    for each, place, edit in late_binding.bound_at_once(Reached(made.run)):
        with edit.done(), each.edited():
            gives = made.run()[0]
        assert made.run() == before and place.node.defaults is not edit.new.defaults
        assert each.file == made.__file__ and each.nodes == len(list(ast.walk(place.parent)))
        found.append((each.names, [list(v.values()) for v in each.values], gives))
    return found


EACH = [1.0, 2.0, 3.0]
OWN = [(["a"], [[1.0], [2.0], [3.0]], EACH)]
SUMS = [(["b"], [[2.0], [3.0], [4.0]], [2.0, 3.0, 4.0])]
MANY = [(["a"], [[k] for k in range(24)], [float(k) for k in range(24)])]
LOOPS = {
    "lambdas": ("for a in A:\n    fs.append(lambda z: z + a)", OWN),
    "in tuples": ("for a in A:\n    fs.append((a, lambda z: z + a))", OWN),
    "of pairs": ("for k, a in enumerate(A):\n    fs.append(lambda z: z + a)", OWN),
    "a list at once": ("fs = [lambda z: z + a for a in A]", OWN),
    "of two loops": ("fs = [lambda z: z + a + b for a in A for b in A]", []),
    "lines before it": ("for a in A:\n    b = a + 1\n    fs.append(lambda z: z + b)\n    b = 10 * b", SUMS),
    "on one line": ("for a in A: b = a + 1; fs.append(lambda z: z + b); b = 10 * b", SUMS),
    "by name": (
        """
        for a in A:
            b, d = 2 * a, 0
            def f(z, k=1):
                c = z + a * b
                return c + k
            fs.append(f)
        """,
        [(["a", "b"], [[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]], [3.0, 9.0, 19.0])],
    ),
    "in a maker": (
        """
        def make(k):
            out = []
            for a in A:
                out.append(lambda z: z + a * k)
            return out
        fs = make(2.0)
        """,
        [(["a"], [[1.0], [2.0], [3.0]], [2.0, 4.0, 6.0])],
    ),
    "by name in a maker": (
        """
        def make(k):
            out = []
            for a in A:
                b = a + k
                def f(z):
                    return z + b * k
                out.append(f)
            return out
        fs = make(2.0)
        """,
        [(["b"], [[3.0], [4.0], [5.0]], [6.0, 8.0, 10.0])],
    ),
    "what is made within": ("for a in A:\n    fs.append(same(lambda z: (lambda v: v + a)(z)))", OWN),
    "24 turns": ("fs = [lambda z: z + a for a in range(24)]", MANY),
    "25 turns": ("fs = [lambda z: z + a for a in range(25)]", []),
    "two turns": ("for a in A[:2]:\n    fs.append(lambda z: z + a)", [(["a"], [[1.0], [2.0]], [1.0, 2.0])]),
    "one turn": ("for a in A[:1]:\n    fs.append(lambda z: z + a)", []),
    "turns left out": ("for a in A:\n    if a > 1:\n        fs.append(lambda z: z + a)", []),
    "no list": ("fs = tuple(lambda z: z + a for a in A)", []),
    "of a function of the user": ("for a in mine(A):\n    fs.append(lambda z: z + a)", []),
    "own already": ("for a in A:\n    fs.append(lambda z, a=a: z + a)", []),
    "no loop over a row": ("k = 0\nwhile k < 2:\n    k += 1\n    fs.append(lambda z: z + k)", []),
}
LATE = "for k, a in mine(list(enumerate(A))):\n    fs.append(lambda z: z + a)\n    hs.append(lambda x{}: x)"
LOOPS |= {
    "kept alone": (LATE.format(", a=a"), OWN), "kept after another": (LATE.format(", y=1, a=a"), OWN),
    "kept before another": (LATE.format(", a=a, y=1"), OWN), "kept under another name": (LATE.format(", b=a"), []),
    "another kept": (LATE.format(", k=k"), []),
    "both kept": (LATE.format(", k=k, a=a").replace("z + a", "z + a + 0 * k"), [
        (["k", "a"], [[0, 1.0], [1, 2.0], [2, 3.0]], EACH)
    ]),
    "one kept": (LATE.format(", a=a").replace("(A)", "(A[:1])"), []),
    "half kept": (LATE.format(", a=a").replace("z + a", "z + a * k"), []),
}  # fmt: skip


@pytest.mark.parametrize("part", range(4))
def test_each_function_of_a_loop_keeps_its_own(part, tmp_path):
    for name, (loop, found) in list(LOOPS.items())[part::4]:
        assert bound(loop, tmp_path, name.replace(" ", "_").replace("'", "")) == found, name


CLASS = """
class Flow:
    def __init__({me}, row, k=0):
        {me}.kept, {me}.k = row, k
        {me}.row = {given}
        {me}.fs = []
        for a in row:
            {me}.fs.append(lambda z: z + a)

    def go({me}, z):
        return [f(z) for f in {me}.fs]

    def zero({me}, z):
        return 0.0 * {me}.go(z)[0]


flows = [Flow(mine(A)) for _ in range({count})]
fs = [lambda z: flows[0].go(z)[0], lambda z: flows[0].go(z)[1]]
hs = [flow.zero for flow in flows]
"""


def test_what_an_object_keeps_of_its_arguments_is_known(tmp_path):
    """By itself, and where one such object alone was met."""
    for name, given, count, me, known in (
        ("kept", "row", 1, "self", True), ("me", "row", 1, "own", True), ("two", "row", 2, "self", False),
        ("copied", "list(row)", 1, "self", False), ("twice", "{me}.again = row", 1, "self", True),
    ):  # fmt: skip
        loop = CLASS.format(given=given.format(me=me), count=count, me=me)
        found = bound(loop, tmp_path, name)
        assert found[:1] == ([(["a"], [[1.0], [2.0], [3.0]], [1.0, 2.0])] if known else []), name
