"""Attributes that a call leaves behind for the next one: and whether they are means of a batch."""

import ast
from textwrap import dedent
from types import SimpleNamespace

import pytest

from nfscratch.check.diagnosis import left_behind
from nfscratch.check.diagnosis.left_behind import Left

LAYER = """
class Layer:
    def __init__(self, dim):
        self.mean = dim.mean()
        self.dim = self.mean

    def forward(self, z):
        self._look(z)
        self.count += 1
        self.unread = z.mean()
        other.mean = z.mean()
        if self.scale is None:
            self.scale = z.std()
        return (z - self.mean) / self.scale * self.last

    def _look(me, z):
        me.mean, me.last = z.mean(axis=0), z
        me.last: float = z[0]
        me.mean = 0.9 * me.mean + 0.1 * z.mean()

    def unmet(self, z):
        self.last = z

    @staticmethod
    def bare():
        self.last = 1
"""
CLASS = ast.parse(LAYER).body[0]


@pytest.mark.parametrize(("met", "lines"), [
    ({"forward"}, [(17, "me.mean", True), (17, "me.last", True), (18, "me.last", False), (19, "me.mean", False)]),
    ({"_look"}, []), ({"__init__"}, []), ({"nothing", "bare"}, []),
    ({"forward", "unmet"}, [(17, "me.mean", True), (17, "me.last", True), (18, "me.last", False),
                            (19, "me.mean", False), (22, "self.last", False)]),
    ({"unmet", "__init__"}, []),
])  # fmt: skip
def test_lines_that_set_what_is_read_again(met, lines):
    """Of methods that were met or that these call; what is set once, where it is None, is kept on purpose."""
    found = sorted(
        left_behind._of_class(CLASS, "mine.py", met), key=lambda left: (left.line, left.attribute != "me.mean")
    )
    assert [(left.line, left.attribute, left.of_batch) for left in found] == lines
    assert all(left.file == "mine.py" for left in found)


def test_only_what_is_read_elsewhere_is_left():
    text = "class L:\n def forward(self, z):\n  self.k = self.k + 1\n  self.z = z\n  if self.z: pass\n  return z"
    found = list(left_behind._of_class(ast.parse(text).body[0], "f", {"forward"}))
    assert [left.attribute for left in found] == ["self.z"]


@pytest.mark.parametrize(("line", "read"), [
    ("y = self.a + b.c", {"a", "c"}), ("self.a = self.a + self.b", {"b"}), ("self.a += self.b", {"b"}),
    ("self.a, self.b = self.b, self.c", {"c"}), ("return self.a", {"a"}), ("self.f(self.a)", {"f", "a"}),
    ("if self.a: self.b", {"a"}), ("while self.a: self.b", {"a"}), ("for i in self.a: self.b", {"a"}),
    ("y: float = self.a", {"a"}), ("with self.a: self.b", set()), ("assert self.a", set()), ("y: float", set()),
    ("return", set()),
])  # fmt: skip
def test_what_a_statement_reads(line, read):
    tree = ast.parse(f"def f():\n {line}").body[0].body[0]
    assert {n.attr for n in left_behind._read_by(tree)} == read


@pytest.mark.parametrize(("line", "targets"), [
    ("self.a = self.b = 1", ["self.a", "self.b"]), ("self.a, b.c, d = e", ["self.a", "b.c"]),
    ("self.a += 1", ["self.a"]),
    ("self.a: float = 1", ["self.a"]), ("a = self.b", []), ("self.a[0] = 1", []), ("self.f()", []),
])  # fmt: skip
def test_the_attributes_that_a_statement_sets(line, targets):
    assert [ast.unparse(t) for t in left_behind._targets(ast.parse(line).body[0])] == targets


@pytest.mark.parametrize(("line", "of_batch"), [
    ("self.m = z.mean(axis=0)", True), ("self.m = np.std(z)", True), ("self.m = var(z)", True),
    ("self.m = np.median(z)", True),
    ("self.m = 0.9 * self.m + 0.1 * z.mean()", False), ("self.m += z.mean()", False), ("self.m = z.sum()", False),
    ("self.m = z.mean", False), ("self.m = self.k * z.mean()", True), ("self.m: float = z.mean()", False),
])  # fmt: skip
def test_a_mean_of_the_batch_and_not_of_its_own_old_value(line, of_batch):
    tree = ast.parse(line).body[0]
    assert left_behind._is_of_batch(tree, left_behind._targets(tree)[0]) is of_batch


def test_what_is_set_where_it_is_none_is_set_once():
    method = ast.parse(dedent("""
        def f(self, z):
            self.a = z
            if self.a is None:
                self.a = z
                self.b = z
            if self.b is None and z:
                self.b = z
    """)).body[0]  # fmt: skip
    lines = sorted((n for n in ast.walk(method) if isinstance(n, ast.Assign)), key=lambda n: n.lineno)
    assert [left_behind._is_once(method, line, line.targets[0]) for line in lines] == [False, True, False, False]


def test_lines_of_a_batch_come_first_and_say_where_they_stand(monkeypatch):
    found = [
        Left("a", 9, "/x/f.py", False),
        Left("b", 7, "/x/f.py", True),
        Left("c", 3, "/x/f.py", False),
        Left("d", 8, "f", True),
    ]
    monkeypatch.setattr(left_behind, "Reached", lambda call: "reached")
    monkeypatch.setattr(left_behind, "_classes", lambda reached: [("cls", "file", "met")] * (reached == "reached"))
    monkeypatch.setattr(left_behind, "_of_class", lambda *given: found * (given == ("cls", "file", "met")))
    assert [left.attribute for left in left_behind.left_behind("trial")] == ["b", "d", "c", "a"]
    assert str(found[0]) == "line 9 of f.py sets a"


def test_the_methods_that_a_run_met_by_their_class(monkeypatch):
    files = {"a.py": ["class A:\n", "  pass\n", "class B: pass\n", "def f(): pass\n"], "bad.py": ["class :\n"]}
    monkeypatch.setattr(left_behind.linecache, "getlines", files.get)
    code = lambda name, file: SimpleNamespace(co_qualname=name, co_filename=file)  # noqa: E731
    codes = [code("A.forward", "a.py"), code("A.inverse", "b.py"), code("A.f.<locals>.g", "a.py"), code("f", "a.py")]
    reached = SimpleNamespace(lines={"bad.py": set(), "a.py": set()}, codes=dict(enumerate(codes)))
    found = [(cls.name, file, met) for cls, file, met in left_behind._classes(reached)]
    assert found == [("A", "a.py", {"forward"}), ("B", "a.py", set())]
