"""Slices and elements that are off by one, what is put in, and code that is found again by its name and its place."""

import ast
import linecache
from types import SimpleNamespace

import pytest
from edited_code import module_of
from made_scopes import nothing_older, place_in, tree

from nfscratch.check.repair import code_objects, indices, live_code
from nfscratch.check.repair.edit import places


def test_another_slice_of_the_same():
    """Of a slice with a step the same without it; else ends that are exchanged, or off by one."""
    for text, others in {
        "a[1:3:2]": ["a[1:3]"], "a[::-1]": ["a[:]"], "a[0]": [],
        "a[i:j]": ["a[j:i]", "a[i + 1:j]", "a[i:j + 1]", "a[i:j - 1]", "a[i - 1:j]", "a[i + 1:j + 1]",
                   "a[i - 1:j - 1]"],
        "a[b, ::2, c]": ["a[b, :, c]"],
    }.items():  # fmt: skip
        assert [ast.unparse(new) for new in indices.slices(tree(text))] == others, text
    whole = [ast.unparse(new) for new in indices.slices(tree("a[:]"))]
    assert whole[:2] == ["a[:]", "a[::-1]"] and set(whole[2:]) == {"a[:]"} and len(whole) == 8


def test_the_element_before_and_after():
    for text, others in {
        "a[k]": ["a[k + 1]", "a[k - 1]"], "a[3]": ["a[4]", "a[2]"], "a[k - 1]": ["a[k]", "a[k - 2]"],
        "a[k + 1]": ["a[k + 2]", "a[k]"], "a[k + 2]": ["a[k + 3]", "a[k + 1]"],
        "a[k - n]": ["a[k - n + 1]", "a[k - n - 1]"],
        "a[b, 0]": ["a[b + 1, 0]", "a[b - 1, 0]", "a[b, 1]", "a[b, -1]"], "a[2 * k]": ["a[2 * k + 1]", "a[2 * k - 1]"],
        "a[-1]": [], "a[True]": [], "a[1.0]": [], "a['x']": [], "a[f(k)]": [], "a[1:]": [], "a[q[k]]": [],
        "a[k - 0]": ["a[k + 1]", "a[k - 1]"], "a[k + True]": ["a[k + True + 1]", "a[k + True - 1]"],
    }.items():  # fmt: skip
        assert [ast.unparse(new) for new in indices.indices(tree(text))] == others, text
    assert indices.plus(None, 1) is None


def codes_of(text, file="f.py"):
    return list(code_objects.codes(compile(text, file, "exec")))


def test_code_is_known_by_its_name_its_variables_and_its_place():
    """Two lambdas of one line stand at other columns; of code without places only the name is known."""
    first, second = codes_of("f = (lambda x: x), (lambda x: x)")[1:]
    assert code_objects.identity(first) != code_objects.identity(second)
    for text in ("f = (lambda x: x), (lambda x: x)", "f = (lambda: 1), (lambda: 2)"):  # Python 3.12.1: 1 has no column
        first, second = codes_of(text)[1:]
        assert [code_objects.place_of(c, [first, second]) for c in (second, first)] == [1, 0], text
    (_, f), (_, g), (_, h) = (
        codes_of("def f(): return 1"),
        codes_of("\ndef f(): return 1"),
        codes_of("def f(): return 12"),
    )
    assert len({code_objects.identity(c) for c in (f, g, h)}) == 3
    assert code_objects.identity(f) == ("f", (), (1, 0), (1, 17)) and code_objects.identity(g)[2:] == ((2, 0), (2, 17))
    bare = f.replace(co_linetable=b"")
    assert code_objects.identity(bare) == ("f", (), (0, 0), (0, 0)) and code_objects.place_of(f, [bare]) is None
    inner = codes_of("def f(a):\n    b = 1\n    return lambda: a + b")[2]
    assert code_objects.identity(inner)[:2] == ("f.<locals>.<lambda>", ("a", "b"))


def test_the_functions_of_a_file_that_one_of_the_lines_stands_in(monkeypatch):
    texts = {
        "f.py": "def f():\n    return 1\n\n\ng = lambda: 2\nclass C:\n    def h(self):\n        return 3\n",
        "bad.py": "def (",
    }
    lines = lambda file: texts[file].splitlines(keepends=True)  # noqa: E731
    monkeypatch.setattr(code_objects, "linecache", SimpleNamespace(getlines=lines))
    code_objects._functions_in.cache_clear()
    met = lambda *lines: [getattr(n, "name", "<lambda>") for n in code_objects.functions_met("f.py", lines)]  # noqa: E731
    assert [met(k) for k in range(10)] == [[], ["f"], ["f"], [], [], ["<lambda>"], [], ["h"], ["h"], []]
    assert sorted(met(2, 8)) == ["f", "h"] and code_objects.functions_met("bad.py", [1]) == []


def test_a_new_part_of_an_expression_has_a_line_too():
    for text, part in (("\n\ny = a", "a"), ("\n\ny = f(a)", "a")):
        new = tree("g(b)")
        new.args = [ast.Name("c", ast.Load())]
        place = place_in(text, part)
        with place.exchanged(new).done():
            compile(place.above[0], "", "exec")
            assert ast.unparse(place.above[0]).endswith(text.strip()[4:].replace("a", "g(c)"))
        plain = ast.Name("c", ast.Load())
        assert place.exchanged(plain) and plain.lineno == 3


# --- which lines were met ---


@pytest.fixture
def few_objects():
    with nothing_older():
        yield


def outer(a):
    def inner(b):
        return a + b

    if a:
        return inner
    return 2


def frame(code, line):
    return SimpleNamespace(f_code=code, f_lineno=line)


def test_where_a_run_raised_all_of_its_functions_count_and_those_within(monkeypatch):
    inner = outer(1).__code__
    for met, asked, raised, counts in (
        (outer.__code__, inner, True, True), (inner, outer.__code__, True, False),
        (outer.__code__, inner, False, False),
        (inner, inner, True, True),
    ):  # fmt: skip
        reached = live_code.Reached(lambda: None)
        reached.lines, reached.codes, reached.raised = {}, {1: met}, raised
        assert reached.is_met(frame(asked, asked.co_firstlineno + 1)) is counts, (met, asked, raised)


def test_the_last_line_of_a_function_is_its_own():
    reached = live_code.Reached(lambda: outer(1))
    first = outer.__code__.co_firstlineno
    assert reached.is_met(frame(outer.__code__, first + 5)) and not reached.is_met(frame(outer.__code__, first + 6))
    assert reached.is_met(frame(outer.__code__, first + 7)) and reached.is_met(frame(outer.__code__, first - 1))


def test_a_run_that_is_looked_at_has_a_million_lines(monkeypatch):
    seen = []
    monkeypatch.setattr(live_code, "within", lambda call, most, look: seen.append((call, most, look.__name__)))
    assert not live_code.Reached(len).raised and seen == [(len, 10**6, "_look")]


def test_a_function_that_stands_elsewise_in_its_file_by_now_is_left_alone(tmp_path, few_objects):
    """Even where nothing has moved."""
    module = module_of("def f(a):\n    return a + 1\n\n\ndef g(a):\n    return a\n", tmp_path, "changed")
    reached = live_code.Reached(lambda: (module.f(1), module.g(1)))
    file = module.__file__
    lines = linecache.getlines(file)
    for text, names in (("".join(lines), ["f", "g"]), ("".join(lines).replace("a + 1", "a - 1"), ["g"])):
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        assert [s.tree.name for s in live_code.live_statements(reached)] == names


def test_a_function_of_one_line_is_alive(tmp_path, few_objects):
    module = module_of("def f(a): return a + 1\n", tmp_path, "short")
    (statement,) = live_code.live_statements(live_code.Reached(lambda: module.f(1)))
    assert [f for _, f in statement.functions] == [module.f]


def test_a_file_that_cannot_be_read_has_no_living_statements(monkeypatch):
    texts = {"broken.py": ["def ("], "empty.py": []}
    monkeypatch.setattr(live_code, "linecache", SimpleNamespace(getlines=texts.get))
    assert live_code.live_statements(SimpleNamespace(lines={"broken.py": {1}, "empty.py": {1}})) == []


def test_a_tree_is_compiled_with_annotations_as_text_and_is_left_as_it_was(tmp_path, few_objects):
    text = "from __future__ import annotations\ndef make(a):\n    def inner(b):\n        def last(c: Lost): return c\n"
    module = module_of(text + "        return last(a + b)\n    return inner\ninner = make(3)\n", tmp_path, "annotated")
    (statement,) = live_code.live_statements(live_code.Reached(lambda: module.inner(1)))
    before = ast.dump(statement.tree)
    place = next(p for p in places(statement.tree) if ast.unparse(p.node) == "a + b")
    with place.exchanged(tree("a - b")).done(), statement.edited():
        assert module.inner(1) == 2
    assert module.inner(1) == 4 and ast.dump(statement.tree) == before
