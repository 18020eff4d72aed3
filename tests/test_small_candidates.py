"""Which edits a round makes of a user's lines, and in which order; factors and logarithms that a log_det lacks."""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest
from edited_code import module_of

from nfscratch.check.repair import candidates, factors, made_lines
from nfscratch.check.repair.edit import Kind, source
from nfscratch.check.repair.live_code import Reached, live_statements

TEXT = """
    import numpy as np

    K, D = 3.0, 2


    def forward(z):
        a = z + z
        b = -a if K < 4 else a
        c = np.log(a * a)
        return b * K, c


    def unmet(z):
        return z
"""


@pytest.fixture
def code(tmp_path):
    """The module, what a run of it meets, its statements, and the number of the function's first line."""
    module = module_of(TEXT, tmp_path, "candidates")
    reached = Reached(lambda: module.forward(onp.ones((3, 2))))
    return module, reached, live_statements(reached), module.forward.__code__.co_firstlineno


def tried(code, kinds, **more):
    """(line, the line as the edit makes it) of each candidate."""
    _, reached, statements, first = code
    for statement, place, edit in candidates.candidates(statements, reached, kinds, **more):
        with edit.done():
            yield place.line - first, [source(line) for line in statement.tree.body], place.node


def test_the_lines_at_which_changes_are_made(code):
    module, _, _, first = code
    assert {line for line, *_ in tried(code, 0)} == {1, 2, 3, 4}
    assert {line for line, *_ in tried(code, 0, lines={module.__file__: {first + 3}})} == {3}
    assert list(tried(code, 0, lines={})) == []
    shared = [line for line, *_ in tried(code, 0, shared={module.__file__: {first + 1, first + 3}})]
    late = next(k for k, line in enumerate(shared) if line in (1, 3))
    assert set(shared[:late]) == {2, 4} and set(shared[late:]) == {1, 3}
    slow = [isinstance(node, (ast.Compare, ast.UnaryOp)) for *_, node in tried(code, 0, slow=True)]
    assert slow[0] and not slow[-1] and slow == sorted(slow, reverse=True)
    plain = [isinstance(node, (ast.Compare, ast.UnaryOp)) for *_, node in tried(code, 0)]
    assert plain != sorted(plain, reverse=True)


def test_what_stands_several_times_is_changed_in_all_places_too(code):
    module, _, _, first = code
    at = {module.__file__: {first + 1}}
    names = [
        lines[0] for _, lines, node in tried(code, 2, lines=at) if source(node) == "z" and isinstance(node, ast.Name)
    ]
    assert {"a = b + z", "a = z + b", "a = b + b"} <= set(names)
    whole = [lines for _, lines, node in tried(code, 2, lines={module.__file__: {first + 2}}) if source(node) == "a"]
    once = [lines for lines in whole if lines[1] == "b = -z if K < 4 else a"]
    rest = [lines for lines in whole if lines[1] == "b = -z if K < 4 else z"]
    assert {lines[2] for lines in once} == {"c = np.log(a * a)"}
    assert {lines[2] for lines in rest} == {"c = np.log(z * z)", "c = np.log(a * a)"}  # in the function, in the line
    later = [lines for lines in whole if lines[1] == "b = -a if K < 4 else z"]
    assert {lines[2] for lines in later} == {"c = np.log(a * a)", "c = np.log(z * z)"}  # from the second place on
    wide = [lines[2] for _, lines, node in tried(code, 3, lines={module.__file__: {first + 3}}) if source(node) == "a"]
    assert "c = np.log(np.exp(a) * np.exp(a))" in wide and "c = np.log(np.exp(a) * a)" in wide


def test_places_that_a_run_met_and_what_their_functions_read(code):
    _, reached, statements, _ = code
    plain, full = (candidates.met_places(statements, reached, with_pool) for with_pool in (False, True))
    assert [source(p.node) for _, p, _ in plain] == [source(p.node) for _, p, _ in full] and len(plain) > 20
    assert all(scope.pool == [] for *_, scope in plain) and {len(scope.pool) for *_, scope in full} != {0}
    assert len({id(scope) for *_, scope in plain}) == 1 and plain[0][2].locals["a"].shape == (3, 2)


def test_indices_are_filled_in_later_rounds_alone():
    scope = SimpleNamespace(pool=[ast.Name("q", ast.Load())], array_module="np", value_of=lambda node: None, values={},
                            locals={}, named=set(), module={}, held=[], like=lambda value: [], function=None,
                            evaluated=lambda node: None)  # fmt: skip
    place = next(p for p in candidates.places(ast.parse("y = x[0]")) if source(p.node) == "0")
    news = lambda kinds: [source(edit.new) for edit in candidates.edits_of(place, scope, kinds)]  # noqa: E731
    assert news(4) == ["q"] and news(3) == news(5) == [] and "1" in news(2)


# --- factors ---


def screen(true, claim, dim=2):
    true, claim = onp.asarray(true, dtype=float), onp.asarray(claim, dtype=float)
    return SimpleNamespace(true=true, claim=claim, loose=onp.full(true.shape, 1e-4), subject=SimpleNamespace(dim=dim))


def texts(look, code, given, at=(3, 4)):
    module, reached, statements, first = code
    found = []
    for statement, _, edit in look(statements, reached, {module.__file__: {first + k for k in at}}, given):
        with edit.done():
            found += [source(line) for line in statement.tree.body if source(line) not in LINES]
    return found


LINES = ["a = z + z", "b = -a if K < 4 else a", "c = np.log(a * a)", "return (b * K, c)"]
CLAIM = onp.array([1.0, 2.0, 4.0])


def test_a_factor_of_whole_terms(code):
    """By a variable that is the number, or by the number where there is none."""
    named, other = (texts(factors.named_factors, code, screen(2 * CLAIM, CLAIM)),
                    texts(factors.other_factors, code, screen(5 * CLAIM, CLAIM)))  # fmt: skip
    assert named == ["c = D * np.log(a * a)", "return (D * (b * K), c)", "return (b * K, D * c)"]
    assert other == ["c = 5 * np.log(a * a)", "return (5 * (b * K), c)", "return (b * K, 5 * c)"]
    assert texts(factors.other_factors, code, screen(5 * CLAIM, CLAIM), at=(3,)) == other[:1]
    assert texts(factors.other_factors, code, screen(5 * CLAIM, CLAIM), at=()) == []
    assert texts(factors.other_factors, code, screen(2 * CLAIM, CLAIM)) == []


def test_a_factor_within_logarithms(code):
    given = screen(CLAIM + 2 * onp.log(2), CLAIM)
    assert texts(factors.named_factors, code, given) == ["c = np.log(D * (a * a))", "c = np.log(a * a / D)"]
    assert texts(factors.other_factors, code, screen(CLAIM + 2 * onp.log(5), CLAIM)) == [
        "c = np.log(5 * (a * a))", "c = np.log(a * a / 5)", "c = np.log(25 * (a * a))", "c = np.log(a * a / 25)",
    ]  # fmt: skip
    assert texts(factors.named_factors, code, given, at=(1, 2, 4)) == []


def test_a_logarithm_beside_whole_terms(code):
    found = texts(factors.missing_logarithms, code, screen(CLAIM + 2 * onp.log(3), CLAIM))
    term = "z.shape[1] * np.log(K)"
    assert found == [
        f"c = np.log(a * a) - {term}", f"c = np.log(a * a) + {term}", f"return (b * K - {term}, c)",
        f"return (b * K + {term}, c)", f"return (b * K, c - {term})", f"return (b * K, c + {term})",
    ]  # fmt: skip
    assert texts(factors.missing_logarithms, code, screen(CLAIM, CLAIM)) == []
    assert texts(factors.missing_logarithms, code, screen(2 * CLAIM, CLAIM)) == []
    assert texts(factors.missing_logarithms, code, screen(CLAIM + 2 * onp.log(3), CLAIM), at=(1,)) != []


# --- lines that run again ---


def test_a_line_that_runs_again_is_silent_and_as_long_as_others():
    lines = ast.parse("a = np.log(np.zeros(1))[0]").body
    with onp.errstate(all="raise"):
        assert made_lines.run_again(lines, "f.py", {"np": onp})["a"] == -onp.inf
    assert made_lines.run_again(ast.parse("a = 1 is 1").body, "f.py", {})["a"] is True  # the compiler would warn
    for text in ("a = 1 / 0", "raise SystemExit", "while True: a = 1"):
        with pytest.raises(ValueError):
            made_lines.run_again(ast.parse(text).body, __file__, {})


def test_a_line_that_runs_again_calls_functions_and_no_methods():
    class Own:
        def method(self):
            return 1

    assert made_lines._is_function(compile("1", "f.py", "exec"), {})
    assert not made_lines._is_function(Own.method.__code__, {"Own": Own})
    assert made_lines._is_function(texts.__code__, {"texts": texts}) and not made_lines._is_function(texts.__code__, {})


def test_values_that_numpy_cannot_compare_are_not_the_same():
    class Odd:
        def __array__(self, dtype=None, copy=None):
            raise TypeError("no array of it")

    ragged = type("Ragged", (), {"__array__": lambda self, dtype=None, copy=None: onp.asarray([[1], [1, 2]])})()
    for value in (Odd(), ragged):
        assert made_lines.is_same(value, value) is False
    assert made_lines.is_same(onp.nan, onp.nan) is made_lines.is_same([1.0, {"a": 2}], [1.0, {"a": 2}]) is True
    assert (
        made_lines.is_same(1, 1.0) is made_lines.is_same([1], [1, 2]) is made_lines.is_same({"a": 1}, {"b": 1}) is False
    )


# --- what each round looks at ---


PAIR = """
    import numpy as np


    class Layer:
        def __init__(self):
            self.shift = np.ones(2)

        def forward(self, z):
            a = np.log(z + 2)
            b = np.log(3 * z * z)
            return a + b

        def inverse(self, x):
            c = x + self.shift
            return c


    layer = Layer()
"""


def test_like_places_lines_and_what_one_function_alone_reads_have_rounds_of_their_own(tmp_path):
    module = module_of(PAIR, tmp_path, "pair")
    reached = Reached(lambda: (module.layer.forward(onp.ones((3, 2))), module.layer.inverse(onp.ones((3, 2)))))
    statements, put_in, like, lacking = live_statements(reached), {}, {}, {}
    for kinds in range(6):
        texts = []
        for statement, _, edit in candidates.candidates(statements, reached, kinds):
            put_in[kinds] = put_in.get(kinds, False) or (
                edit.of_lines is not None and edit.of_lines.kind is Kind.PUT_IN
            )
            with edit.done():
                texts.append(source(statement.tree))
        like[kinds] = any("a = np.log(3 * z * z) b" in text for text in texts)
        lacking[kinds] = (
            any("return a + b - self.shift" in text for text in texts),
            any("np.log(z - self.shift + 2)" in text for text in texts),
        )
    assert [kinds for kinds in put_in if put_in[kinds]] == [2] and [like[kinds] for kinds in (0, 1, 2)] == [
        False,
        True,
        False,
    ]
    assert [lacking[kinds] for kinds in (0, 1, 2)] == [(True, False), (False, True), (False, False)]
