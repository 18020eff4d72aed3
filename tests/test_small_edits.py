"""The small functions of the search for a repair at trees and numbers made by hand."""

import ast
import mmap
from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check.repair import expressions, factors, frozen, live_code, missing, operands, siblings
from nfscratch.check.repair.code_objects import codes, is_one, place_of
from nfscratch.check.repair.edit import source
from nfscratch.check.repair.screen import Screen


def tree(text):
    return ast.parse(text, mode="eval").body


def text_of(node):
    return None if node is None else source(ast.fix_missing_locations(node))


# --- missing terms ---


A = onp.arange(1.0, 7.0).reshape(3, 2)


@pytest.mark.parametrize(("value", "totals"), [
    (A, {"itself": [3.0, 7.0, 11.0], "log": onp.log([2.0, 12.0, 30.0])}),
    (A[:, 0], {"itself": [1.0, 3.0, 5.0], "log": onp.log([1.0, 3.0, 5.0])}),
    (-A[:, 0], {"itself": [-1.0, -3.0, -5.0], "log": onp.log([1.0, 3.0, 5.0])}),
    (A[:2], {"itself": [10.0] * 3, "log": [onp.log(24.0)] * 3, "det": [onp.log(2.0)] * 3}),
    (onp.diag([2.0, 5.0]), {"itself": [7.0] * 3, "det": [onp.log(10.0)] * 3}),
    (onp.array(4.0), {"itself": [4.0] * 3, "log": [onp.log(4.0)] * 3}),
    (onp.ones((3, 3)), {"itself": [3.0] * 3, "log": [0.0] * 3}),
    (onp.ones((3, 2, 2)), {"itself": [4.0] * 3, "log": [0.0] * 3}),
])  # fmt: skip
def test_an_operand_as_numbers_of_rows(value, totals):
    found = missing._totals(value, 3)
    assert found.keys() == totals.keys()
    for form, total in totals.items():
        close(found[form], onp.array(total), 1e-12)


def site(*texts, **shapes):
    return missing.Site(
        None, SimpleNamespace(node=tree(texts[0])), "np", list(texts), [compile(t, "", "eval") for t in texts]
    )


def test_a_site_adds_up_what_its_operands_are():
    found = site("c", "a", "b", "lost", "c / 0")
    for k in range(2):
        frame = SimpleNamespace(
            f_globals={"b": 2.0}, f_locals={"a": A * (k + 1), "c": onp.zeros(3)} | ({} if k else {"lost": 1.0})
        )
        with onp.errstate(all="ignore"):
            found.look(frame, 3)
    assert found.runs == 2 and found.shape == (3,) and found.gone == {3}
    assert found.shapes == {1: (3, 2), 2: (), 3: (), 4: (3,)}
    terms = found.terms()
    assert set(terms) == {(1, "itself"), (1, "log"), (2, "itself"), (2, "log")}
    close(terms[1, "itself"], [9.0, 21.0, 33.0], 1e-12)
    close(terms[2, "log"], [2 * onp.log(2.0)] * 3, 1e-12)


def fits(found, error, close=1e-6):
    error = onp.asarray(error)
    return [(how, parts) for how, _, parts in missing._fits(found, error, onp.full(len(error), close), missing.FACTORS)]


def with_sums(**sums):
    found = site("c", *sums)
    found.sums = {(k, "itself"): onp.asarray(v, dtype=float) for k, v in enumerate(sums.values(), 1)}
    return found


@pytest.mark.parametrize("factor", missing.FACTORS)
def test_a_term_that_fits_with_a_factor(factor):
    v = onp.array([1.0, -2.0, 0.5])
    ((how, parts),) = fits(with_sums(a=v), factor * v)
    assert parts == [(1, "itself", factor)] and how == (1, abs(abs(factor) - 1), False, 1)
    assert not fits(with_sums(a=v), factor * v + onp.array([0, 0, 1.1e-6]))
    assert fits(with_sums(a=v), factor * v + onp.array([0, 0, 0.9e-6]))


def test_two_terms_that_fit_together():
    a, b = onp.array([1.0, -2.0, 0.5]), onp.array([0.3, 0.7, -1.1])
    for f in (1.0, -1.0):
        for g in (1.0, -1.0):
            ((how, parts),) = fits(with_sums(a=a, bbb=b), f * a + g * b)
            assert parts == [(1, "itself", f), (2, "itself", g)] and how == (2, 0, 0, 4)
    assert not fits(with_sums(a=a, b=b), a + 2 * b)
    constant = with_sums(a=onp.full(3, 2.0), b=onp.full(3, 0.5))
    assert not fits(constant, onp.full(3, 2.5)) and len(fits(constant, onp.full(3, 4.0))) == 1
    logs = with_sums(a=a, b=b)
    logs.sums = {(k, "log"): v for (k, _), v in logs.sums.items()}
    assert not fits(logs, a - b) and fits(logs, a + b) and fits(logs, -a - b)
    often = with_sums(a=a)
    often.runs = missing.MOST_RUNS
    assert not fits(often, a)


@pytest.mark.parametrize(("node", "term", "sign", "cancels"), [
    ("a", "a", -1.0, True), ("a", "a", 1.0, False), ("-a", "a", 1.0, True), ("-a", "a", -1.0, False),
    ("a", "b", -1.0, False), ("~a", "a", 1.0, False),
])  # fmt: skip
def test_what_cancels_by_its_look(node, term, sign, cancels):
    assert missing._cancel(tree(node), tree(term), sign) is cancels


@pytest.mark.parametrize(("node", "sign", "text"), [
    ("a", 1.0, "a + t"), ("a", -1.0, "a - t"), (None, 1.0, "t"), (None, -1.0, "-t"),
])  # fmt: skip
def test_a_term_is_added_with_its_sign(node, sign, text):
    assert text_of(missing._plus(node and tree(node), tree("t"), sign)) == text


@pytest.mark.parametrize(("parts", "text"), [
    ([(1, "itself", 1.0)], "c + np.sum(a, axis=1)"), ([(1, "itself", -2.0)], "c - 2 * np.sum(a, axis=1)"),
    ([(2, "itself", 0.5)], "c + 0.5 * b"), ([(1, "log", 1.0)], "c + np.sum(np.log(np.abs(a)), axis=1)"),
    ([(3, "itself", 1.0)], "c + np.sum(w)"), ([(4, "det", -1.0)], "c - np.linalg.slogdet(m)[1]"),
    ([(5, "itself", -1.0), (2, "itself", 1.0)], "b"), ([(5, "itself", -1.0), (2, "itself", -1.0)], "-b"),
    ([(2, "log", 1.0), (1, "itself", 1.0)], "c + np.sum(a, axis=1) + np.log(np.abs(b))"),
    ([(6, "itself", 1.0)], None), ([(7, "itself", 1.0)], "c + f"), ([(4, "itself", 1.0)], "c + np.sum(m)"),
])  # fmt: skip
def test_a_statement_with_its_missing_terms(parts, text):
    found = site("c", "a", "b", "w", "m", "c", "cube", "f")
    found.shape, found.shapes = (3,), {1: (3, 2), 2: (3,), 3: (2,), 4: (2, 2), 5: (3,), 6: (3, 2, 2), 7: ()}
    assert text_of(missing._with_terms(found, parts, 3)) == text


def test_what_adds_to_whole_states_has_their_shape_and_stands_on_the_line():
    found = site("c", "a", "b")
    found.place.node = ast.parse("\n\nc").body[0].value
    found.shape, found.shapes = (3, 2), {1: (3, 2), 2: (3,)}
    assert text_of(missing._term(found, 1, "itself", 3)) == "a" and missing._term(found, 2, "itself", 3) is None
    assert missing._term(found, 1, "itself", 3).lineno == 3


@pytest.mark.parametrize("size", [0.0, 3.0, -3.0])
def test_results_are_the_same_up_to_what_is_near(size):
    def same(a, b):
        with onp.errstate(invalid="ignore"):  # as where the screen asks
            return Screen._same(SimpleNamespace(near=1e-5), onp.array(a), onp.array(b))

    near = 1e-5 * (1 + abs(size))
    assert same([size + 0.9 * near], [size]) and not same([size - 1.1 * near], [size])
    assert same([size, onp.nan, onp.inf], [size, onp.nan, onp.inf]) and not same([onp.nan], [size])
    assert not same([onp.inf], [size]) and not same([size], [[size]])


# --- missing factors ---


@pytest.mark.parametrize(("error", "numbers"), [
    (2 * onp.log(3.0), [3, 9]), (-2 * onp.log(3.0), [3, 9]), (onp.log(3.0), [3]), (2 * onp.log(1.2), []),
    (onp.log(99.0), [99]), (onp.log(100.0), [10]), (onp.log(2.00003), []), (onp.log(2.00001), [2]), (60.0, []),
])  # fmt: skip
def test_the_number_that_a_log_det_lacks(error, numbers):
    screen = SimpleNamespace(true=onp.full(4, 0.5) + error, claim=onp.full(4, 0.5), loose=onp.full(4, 1e-4))
    screen.subject = SimpleNamespace(dim=2)
    assert factors._numbers(screen) == numbers
    screen.claim = onp.array([0.5, 0.5, 0.5, 0.5 + 1.1e-4])
    assert factors._numbers(screen) == []
    screen.claim = onp.full((4, 1), 0.5)
    assert factors._numbers(screen) == []
    for count, found in ((3, numbers), (2, [])):
        screen.true, screen.claim = screen.true[:count], [0.5] * count
        assert factors._numbers(screen) == found


def test_a_number_as_the_function_may_write_it():
    module = {"K": 3, "__version__": 3, "L": 3.0, "knots": onp.zeros(3), "edges": onp.zeros(4), "M": onp.zeros((3, 3))}
    scope = SimpleNamespace(module=module, locals={"n": 3, "flag": True, "two": 2}, held=[], function=None)
    assert [text_of(node) for node in factors._written(3, scope)] == ["K", "n", "len(knots)"]
    assert [text_of(node) for node in factors._written(4, scope)] == ["len(edges)"]
    scope.locals = {}
    assert [text_of(node) for node in factors._written(3, scope)] == ["K", "len(knots)", "len(edges) - 1"]
    scope.module, scope.held = {}, [(tree("self.C"), 2), (tree("self.h"), 2), (tree("self.w"), 2)]
    assert [text_of(node) for node in factors._written(2, scope)] == ["self.C", "self.h", "self.w"]
    assert [text_of(node) for node in factors._written(4, scope)] == ["self.h * self.w"]
    scope.held = scope.held[:2]
    assert [text_of(node) for node in factors._written(4, scope)] == ["self.C * self.h"]


@pytest.mark.parametrize(("name", "counts"), [
    ("C", True), ("n_channels", True), ("c_in", True), ("self.ch2", True), ("cols", False), ("H", False),
    ("count", False), ("self.c.n", False),
])  # fmt: skip
def test_what_counts_channels(name, counts):
    assert factors._counts_channels(name) is counts


def test_a_factor_within_a_logarithm():
    call = ast.parse("\n\nnp.log(a + b)").body[0].value  # a run may go through the lines alone that it met
    assert factors._with_factor(call, tree("k"), ast.Mult()).args[0].left.lineno == 3
    assert text_of(factors._with_factor(call, tree("k"), ast.Mult())) == "np.log(k * (a + b))"
    assert text_of(factors._with_factor(call, tree("k"), ast.Div())) == "np.log((a + b) / k)"


# --- code and names ---


@pytest.mark.parametrize(("handler", "bare"), [
    ("except:", True), ("except BaseException:", True), ("except (ValueError, BaseException):", True),
    ("except Exception:", False), ("except (ValueError, KeyError):", False),
])  # fmt: skip
def test_a_handler_that_catches_everything(handler, bare):
    (statement,) = ast.parse(f"try:\n    pass\n{handler}\n    pass").body
    assert live_code._is_bare(statement.handlers[0].type) is bare


def test_code_is_found_again_by_its_place():
    text = "def f():\n    def g(): return 1\n    return g, lambda: 2\ndef h(): return 3\n"
    every, again = (list(codes(compile(text, "x", "exec"))) for _ in range(2))
    assert [c.co_name for c in every] == ["<module>", "f", "g", "<lambda>", "h"]
    assert [place_of(c, again) for c in every] == [0, 1, 2, 3, 4]
    assert place_of(every[4], again[:4]) is None
    f, g, h = every[1], every[2], every[4]
    assert is_one(f, f) and is_one(g, f) and not is_one(f, g) and not is_one(h, f)
    (other,) = (c for c in codes(compile(text, "y", "exec")) if c.co_name == "f")
    (moved,) = (c for c in codes(compile("\n" + text, "x", "exec")) if c.co_name == "f")
    assert not is_one(other, f) and not is_one(moved, f)


@pytest.mark.parametrize(("head", "name"), [
    ("def f(a)", "a"), ("def f(self, a)", "a"), ("def f(a, b)", None), ("def f()", None), ("def f(self, a, b)", None),
])  # fmt: skip
def test_the_one_argument_of_a_function(head, name):
    assert operands.argument_of(ast.parse(f"{head}: pass").body[0]) == name and operands.argument_of(None) is None


def test_exponentials_have_their_inverse():
    known = {t: tree(t) for t in ("np.exp(s)", "exp(-s)", "np.log(s)", "np.exp(s, out)", "s")}
    assert [text for text, _ in operands._inverted(known)] == ["np.exp(-s)", "exp(s)"]


def test_an_expression_of_another_function_gets_the_variable_of_its_kind():
    there = SimpleNamespace(values={"w": onp.ones(3), "k": 2, "f": len})
    own = {"a": onp.zeros(3), "m": onp.eye(2), "b": onp.ones(9), "n": 1.5}
    scope = SimpleNamespace(locals=own, knows=lambda name: name in own or name == "np")
    named = lambda text, of=there: [text_of(node) for node in siblings.in_scope(tree(text), of, scope)]  # noqa: E731
    assert named("np.exp(w)") == ["np.exp(a)", "np.exp(b)"] and named("k * a") == ["n * a"]
    assert named("a + b") == ["a + b"] and named("w + k") == [] and named("f(a)") == [] and named("lost(a)") == []
    assert named("w + k", scope) == ["w + k"]
    own |= {f"v{k}": onp.ones(1) for k in range(9)}
    assert len(named("w")) == 6


@pytest.mark.parametrize(("call", "others"), [
    ("np.sum(a)", ["a", "np.sum(a, axis=1)", "np.sum(a, axis=0)", "np.sum(a, axis=-1)"]),
    ("a.sum()", ["a", "a.sum(axis=1)", "a.sum(axis=0)", "a.sum(axis=-1)"]), ("f(a, b)", []),
    ("a.sum(axis=1)", ["a", "a.sum()", "a.sum(axis=0)", "a.sum(axis=1)", "a.sum(axis=-1)", "a.sum(axis=None)"]),
    ("np.log(a)", ["np.log(np.abs(a))", "a"]),
    ("math.log(a)", ["math.log(abs(a))", "a"]), ("log(a)", ["log(abs(a))", "a"]),
])  # fmt: skip
def test_a_call_is_left_out_or_gets_another_axis(call, others):
    assert [text_of(node) for node in expressions._calls(tree(call))] == others


# --- arrays that are frozen ---


class Holder:
    def __init__(self, **held):
        vars(self).update(held)


def test_the_arrays_that_a_variable_holds():
    a = onp.zeros(1)
    found = lambda value: [one is a for one in frozen._arrays(value, frozen.DEEPEST, {})]  # noqa: E731
    for value in (a, [a], (a,), {"w": a}, Holder(w=a), [[[[a]]]], {"w": [Holder(v={"u": a})]}):
        assert found(value) == [True]
    for value in ([[[[[a]]]]], {"__w__": a}, Holder, 1, "w", onp, found):
        assert found(value) == []
    assert len(frozen._parts([a] * 2001)) == len(frozen._parts(dict.fromkeys(range(2001), a))) == 2000


def test_an_array_in_a_file_or_in_shared_memory_is_known_through_its_views(tmp_path):
    shared = onp.frombuffer(mmap.mmap(-1, 64))
    filed = onp.memmap(tmp_path / "w", mode="w+", shape=4)
    for array, mapped in ((shared, True), (shared[1:], True), (filed, True), (onp.asarray(filed)[1:], True)):
        assert frozen._is_mapped(array) is mapped
    assert not frozen._is_mapped(onp.zeros(3)[1:]) and not frozen._is_mapped(onp.frombuffer(b"12345678"))
