"""How a run holds its states, what made its numbers, and what is said of chains: functions of a few values each."""

import ast
from functools import partial
from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from tried_maps import pair, rng
from tried_maps import small_trial as trial_of

from nfscratch.check import Mistake, undeclared
from nfscratch.check.diagnosis import chain_log_det, held, wrong_chain, wrong_directions
from nfscratch.check.finding import Finding, Outcome, Symptom
from nfscratch.check.message import Case
from nfscratch.check.pairs import of_pair, of_pairs
from nfscratch.check.repair import computes, made, made_lines, made_objects, telling
from nfscratch.check.trial import Trial

N, D = 4, 3
STATE = onp.arange(12.0).reshape(N, D)


# --- how a state is held ---


COLUMNS = [STATE[:, k] for k in range(D)]


@pytest.mark.parametrize(("value", "n", "dim", "whole"), [
    (STATE, N, D, True), (STATE.T, N, D, True), (COLUMNS, N, D, True), ([c[:, None] for c in COLUMNS], N, D, True),
    (STATE[:, :2], N, D, False), (STATE.astype(int), N, D, False), (COLUMNS[:2], N, D, False),
    (tuple(COLUMNS), N, D, False),
    ([c[:2] for c in COLUMNS], N, D, False), (None, N, D, False), (2.0, N, D, False), (STATE[None], N, D, False),
])  # fmt: skip
def test_a_variable_that_holds_a_state(value, n, dim, whole):
    found = held._whole(value, n, dim)
    assert (found is not None) is whole
    if whole:
        close(found, STATE, 0)


def test_one_row_is_held_in_more_ways():
    row = onp.array([1.0, 2.0, 3.0])
    for value in (row, row[None], row[:, None], [1.0, 2.0, 3.0], [row[:1], 2.0, row[2:, None]]):
        close(held._whole(value, 1, 3), [[1.0, 2.0, 3.0]], 0)
    assert held._whole(row, 3, 1) is None and held._whole(row, 2, 3) is None
    assert held._whole([1.0, 2.0, 3.0], 2, 3) is None and held._whole([1, 2, 3], 1, 3) is None


def test_all_variables_that_may_hold_a_state():
    variables = {"a": STATE, "left": STATE[:, :1], "right": STATE[:, 1:], "n": 4, "words": "a", "other": STATE[:, 2:]}
    found = dict(held.states(variables, (N, D)))
    assert set(found) == {("a",), ("left", "right")} | {("right", "other")}
    close(found["left", "right"], STATE, 0)
    two = {"u": STATE[:, 0], "v": STATE[:, 1]}
    close(dict(held.states(two, (N, 2)))["u", "v"], STATE[:, :2], 0)
    assert held.states(two, (N, 3)) == []
    for count, seen in ((7, True), (8, False)):
        many = {f"v{k}": STATE[:, :1] + k for k in range(count)}
        assert bool(held.states(many, (N, 2))) is seen
    assert (
        held._is_part(STATE[:, :2], N, 3) and not held._is_part(STATE, N, 3) and not held._is_part(STATE[:, :0], N, 3)
    )
    assert not held._is_part(STATE[:2, :2], N, 3) and not held._is_part(STATE[:, 0], N, 3)


@pytest.mark.parametrize(("variables", "names"), [
    ({"a": STATE}, ("a",)), ({"a": STATE.T.copy()}, ("a",)), ({"a": list(COLUMNS)}, ("a",)),
    ({"a": STATE[:, :1], "b": STATE[:, 1:]}, ("a", "b")), ({"a": [c[:, None] for c in COLUMNS]}, ("a",)),
])  # fmt: skip
def test_a_state_is_taken_and_put_as_it_is_held(variables, names):
    variables = dict(variables)
    close(held.taken(variables, names, D), STATE, 0)
    shapes = {k: onp.shape(v) for k, v in variables.items()}
    variables["same"], variables["other"] = variables[names[0]], onp.ones(2)
    held.put(variables, names, 10 * STATE)
    close(held.taken(variables, names, D), 10 * STATE, 0)
    assert {k: onp.shape(variables[k]) for k in shapes} == shapes and (variables["other"] == 1).all()
    close(onp.asarray(variables["same"], dtype=float), onp.asarray(variables[names[0]], dtype=float), 0)


def test_a_part_is_held_like_what_it_replaces():
    part = onp.array([[1.0, 2.0]])
    assert held._held_like([0.5, onp.zeros(1)], part)[0] == 1.0 and held._held_like([0.5, onp.zeros(1)], part)[1] == [
        2.0
    ]
    turned = held._held_like(onp.zeros((3, 4)), STATE)
    assert turned.shape == (3, 4) and (turned == STATE.T).all()
    single = held._held_like(onp.zeros((4, 3), dtype="float32"), STATE)
    assert single.dtype == onp.float32 and (held._held_like(onp.zeros(4), STATE[:, :1]) == STATE[:, 0]).all()
    square = held._held_like(onp.zeros((2, 2)), STATE[:2, :2])
    assert (square == STATE[:2, :2]).all()


@pytest.mark.parametrize(("value", "is_one"), [
    (onp.zeros(4), True), (onp.zeros((4, 1)), True), (onp.zeros((2, 4)), True), (0.5, True), (onp.float64(1), True),
    ([onp.zeros(4), 0.0], True), ([], False), ([onp.zeros(3)], False), (onp.zeros(3), False), (1, False),
    (onp.zeros((4, 1, 1)), False), (onp.zeros(4, dtype=int), False), ("a", False),
])  # fmt: skip
def test_what_may_be_a_log_det(value, is_one):
    assert bool(held.is_log_det(value, 4)) is is_one


def test_a_log_det_that_is_raised_and_summed():
    close(held.raised(onp.zeros(4), 2.0, 4), onp.full(4, 2.0), 0)
    assert held.raised(0.5, 2.0, 4) == 2.5 and held.raised([1.0, 2.0], 2.0, 4) == [1.0, 4.0]
    rows = onp.array([[0.0] * 4, [1.0] * 4, [1.0] * 4])
    close(held.raised(rows, 2.0, 4), [[0.0] * 4, [3.0] * 4, [1.0] * 4], 0)
    close(held.raised(rows.T, 2.0, 4), onp.array([[0.0] * 4, [3.0] * 4, [1.0] * 4]).T, 0)
    close(held.raised(0 * rows, 2.0, 4), 0 * rows, 0)
    variables = {"a": onp.arange(4.0), "b": rows, "c": [1.0, onp.ones((4, 1))], "d": rows.T}
    close(held.summed(variables, [("a", 2.0), ("b", 1.0), ("c", -1.0), ("d", 0.5)], 4), 2 * onp.arange(4) + 1, 1e-12)


# --- what a line of a module, or of a maker, has to do with others ---


def line(text):
    return ast.parse(text).body[0]


@pytest.mark.parametrize(("text", "written", "reads"), [
    ("a = b + f(c)", ["a"], {"b", "f", "c"}), ("a, b = c", ["a", "b"], {"c"}), ("a = b = c", ["a", "b"], {"c"}),
    ("a[0] = b", [], {"a", "b"}), ("a.x = b", [], {"a", "b"}), ("a += b", [], {"b"}), ("f(a)", [], {"f", "a"}),
    ("def f(x=a, *, y=b): return c", [], {"a", "b"}), ("@d\ndef f(): return c", [], {"d"}),
    ("class A:\n    x = a\n    def f(self, y=b): return c", [], {"a", "b"}), ("import q", [], set()),
])  # fmt: skip
def test_what_a_line_of_a_module_writes_and_reads(text, written, reads):
    assert made_lines.written(line(text)) == written and made_lines.reads(line(text)) == reads


def test_a_line_feeds_what_is_read():
    body = ast.parse("b = a + 1\nc = 2 * b\nd = q").body
    assert made._feeds(line("a = 1"), body, {"c"}) and made._feeds(line("a = 1"), body, {"a"})
    assert not made._feeds(line("a = 1"), body, {"d"}) and not made._feeds(line("z = 1"), body, {"c"})
    assert not made._feeds(line("a = 1"), ast.parse("f(a)").body, {"f"})


@pytest.mark.parametrize(("rest", "read", "after"), [
    ("b = np.log(a)\nc = b + 1\nd = 5", set(), ["b = np.log(a)", "c = b + 1"]), ("d = 5", {"d"}, []),
    ("b = user(a)", set(), None), ("print(a)", set(), []), ("b = dict(a=a)", set(), []), ("b = dict(a=a)", {"b"}, None),
    ("b.x = a", set(), None), ("b[0] = a", set(), None), ("for k in a: print(k)", set(), None),
    ("if __name__ == '__main__': user(a)", set(), []), ("if a: pass", set(), None), ("assert a", set(), []),
    ("def f(x=a): pass", set(), None), ("def f(x): return a", set(), []), ("thing.f(a)", set(), None),
])  # fmt: skip
def test_the_lines_that_have_to_run_again(rest, read, after):
    variables = {"np": onp, "a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0, "user": lambda v: v}
    variables |= {"b": SimpleNamespace()} if "dict" in rest else {}
    again = partial(made._is_plain, variables=variables)
    found = made_lines.needed_after(line("a = 1.0"), ast.parse(rest).body, read, again)
    assert (found if found is None else [ast.unparse(f) for f in found]) == after


@pytest.mark.parametrize(("a", "b", "same"), [
    (1.0, 1.0, True), (1.0, 1, False), (1.0, 2.0, False), (onp.ones(2), onp.ones(2), True), (onp.nan, onp.nan, True),
    (onp.ones(2), onp.ones(3), False), ([1, onp.ones(2)], [1, onp.ones(2)], True), ([1], [1, 2], False),
    ((1,), [1], True),
    ("a", "a", True), ("a", "b", False), (None, None, True), (onp.ones(2), [1.0, 1.0], False),
])  # fmt: skip
def test_the_same_value_again(a, b, same):
    assert made_lines.is_same(a, b) is same


@pytest.mark.parametrize(("value", "numbers"), [
    (1, True), (0.5, True), (onp.ones(2), True), ([1, 2.0], True), ([1, "a"], False), ("a", False), (len, False),
    (None, False),
    ([], True), (onp, False),
])  # fmt: skip
def test_a_number_or_a_row_of_such(value, numbers):
    assert made_lines.is_of_numbers(value) is numbers


MAKER = line("""
def __init__(self, n, order):
    self.order = order
    size = len(order)
    self.back = np.argsort(self.order)
    self.twice, half = 2 * self.back, size / 2
    self.net = Net(n)
    self.tables["a"] = size
""")


def test_what_a_maker_gives_to_its_object():
    names = [made_lines.written(s, "self") for s in MAKER.body]
    assert names == [["self.order"], ["size"], ["self.back"], ["self.twice", "half"], ["self.net"], []]
    attributes = [made_objects._attributes(s, "self") for s in MAKER.body]
    assert attributes == [["order"], [], ["back"], ["twice"], ["net"], []]
    assert made_lines.reads(MAKER.body[2], "self") == {"np.argsort", "self.order", "np"}
    assert made_lines.reads(MAKER.body[3], "self") == {"self.back", "size"}
    assert made_lines.local_names(MAKER) == {"self", "n", "order", "size", "half"}
    each = SimpleNamespace(order=[1, 0], net=3)
    assert made_objects._arguments(MAKER, each) == {"order": [1, 0]}
    assert made_objects._arguments(MAKER, SimpleNamespace()) == {}


LAST = "self.twice, half = (2 * self.back, size / 2)"


@pytest.mark.parametrize(("k", "read", "after"), [
    (0, {"back"}, ["self.back = np.argsort(self.order)", LAST]),
    (2, {"back"}, [LAST]),
    (2, {"twice"}, [LAST]),
    (2, {"order"}, None), (3, {"twice"}, []), (3, {"half"}, None), (4, {"net"}, None), (5, {"tables"}, None),
    (1, {"twice"}, None),
])  # fmt: skip
def test_the_lines_of_a_maker_that_have_to_run_again(k, read, after):
    variables = {"np": onp, "self": SimpleNamespace(order=1, back=2, twice=3), "Net": type("Net", (), {})}
    again = partial(computes.can_run_again, variables=variables)
    found = made_objects._needed_after(MAKER, k, {f"self.{name}" for name in read}, again)
    assert (found if found is None else [ast.unparse(f) for f in found]) == after


# --- what can run again ---


class Held:
    def __init__(self):
        self.w, self.f = onp.ones(2), len

    @property
    def p(self):
        return 1

    def method(self):
        return 1


@pytest.mark.parametrize(("text", "can"), [
    ("a = np.log(x) + len(row)", True), ("a = np.linalg.inv(W).T @ x.sum()", True), ("a = user(x)", False),
    ("f(x)", False),
    ("a = np.random.normal()", False), ("a = rng.normal()", False), ("a += 1", False), ("a = (b := 1)", False),
    ("a = held.w + 1", True), ("a = held.w.sum()", True), ("a = held.p", False), ("a = held.method()", False),
    ("a = held.f(x)", False), ("a = open('f')", False), ("a = print(x)", False), ("a = user", False),
    ("a = math.pi", True),
    ("a = (lambda v: v)(x)", True), ("a = row[0](x)", False), ("a = x.copy().sum()", True), ("a = lost(x)", False),
    ("a = sorted(row)", True), ("a = held.lost", False), ("a = x", True),
])  # fmt: skip
def test_a_line_that_can_run_again_and_does_nothing_else(text, can):
    import math

    variables = {"np": onp, "math": math, "x": onp.ones(2), "W": onp.eye(2), "row": [1, 2], "held": Held(),
    "rng": rng(),
                 "user": lambda v: v}  # fmt: skip
    assert computes.can_run_again(line(text), variables) is can


def test_a_name_of_pythons_own_that_is_taken():
    assert computes.can_run_again(line("a = sum(x)"), {"x": 1})
    assert not computes.can_run_again(line("a = sum(x)"), {"x": 1, "sum": lambda v: v})


# --- rows that tell ---


def test_the_rows_that_a_screen_looks_at():
    z = onp.arange(1.0, 21.0)[::-1, None] * onp.ones(2)
    right = trial_of(lambda z: 2 * z, lambda x: x / 2, z=z)
    assert telling.telling_rows(right, 0, 1e-5).tolist() == [0, 10, 12, 14, 16, 18, 19]
    far = trial_of(lambda z: 2 * z, lambda x: x / 2 + 0.1 * (x > 33), z=z)
    assert telling.telling_rows(far, 25, 1e-5).tolist() == [2, 3, 5, 10, 12, 14, 16, 18, 19]
    few = trial_of(lambda z: 2 * z, lambda x: x / 2, z=z[:3])
    assert telling.telling_rows(few, 1, 1e-5).tolist() == [0, 1, 2]


# --- T of functions that declare nothing ---


def misses(missing, dim=5):
    below = onp.tril(onp.ones((dim, dim), dtype=bool))
    for i, j in missing:
        below[i, j] = False
    return undeclared._misses_a_parent(below, list(range(dim)))


@pytest.mark.parametrize(("missing", "dim", "wrong"), [
    ([(i, i - 1) for i in range(1, 5)], 5, True), ([(4, 3)], 5, True), ([], 5, False), ([(3, 2)], 5, False),
    ([(4, 2)], 5, False), ([(3, 2)], 4, False), ([(i, i - 1) for i in range(1, 4)], 4, True),
    ([(1, 0), (2, 1)], 3, False), ([(4, 3), (4, 2)], 5, False),
])  # fmt: skip
def test_a_triangle_that_misses_a_parent(missing, dim, wrong):
    assert misses(missing, dim) is wrong and undeclared._misses_a_parent(onp.eye(4, dtype=bool), None) is False


@pytest.mark.parametrize(("entry", "seen"), [(0.9e-7, False), (1.1e-7, True), (onp.nan, True), (-1.1e-7, True)])
def test_an_entry_of_j_may_be_rounding(entry, seen):
    J = onp.zeros((3, 2, 2))
    J[1, 0, 1] = entry
    assert undeclared._depends([SimpleNamespace(J=0 * J[:2]), SimpleNamespace(J=J)]).tolist() == [
        [False, seen],
        [False] * 2,
    ]


def test_functions_that_declare_nothing():
    free = trial_of(lambda z: z @ onp.array([[1.0, 0.5], [0.2, 1.0]]))
    assert undeclared.check_undeclared([free]).why == "no structure is declared"
    assert undeclared._half_never_moves({1: 0, 2: 2}, 4) == (
        Symptom.NEVER_MOVES, "x_1 is z_0, always: 2 of 4 variables never move, in several layers", (1, 0),
    )  # fmt: skip
    weights = onp.tril(rng(3).normal(size=(5, 5)), -2) + onp.diag([1.0, 2, 3, 4, 5])
    dropped = trial_of(lambda z: z @ weights.T, dim=5)
    finding = undeclared.check_undeclared([dropped])
    assert finding.outcome is Outcome.FAILED and finding.symptom is Symptom.NEAREST_PARENT
    assert finding.what == "dependencies, as they are found" and finding.evidence["entry"] == (4, 3)
    assert finding.at.endswith("x_4 never depends on z_3, and on all variables before it")
    images = Trial(of_pair(*pair(lambda z: z), (1, 2, 2)), rng().normal(size=(3, 1, 2, 2)))
    assert undeclared.check_undeclared([images]).why == "no structure is declared"


def test_the_column_that_a_state_holds():
    assert [undeclared._column_of(STATE, c) for c in (STATE[:, 0], STATE[:, 2], 2 * STATE[:, 1])] == [0, 2, None]
    steps = SimpleNamespace(a=STATE, all=[SimpleNamespace(value=v) for v in (STATE, STATE[:, ::-1], STATE * [1, 2, 1])])
    moved = list(undeclared._moved_by(SimpleNamespace(a=STATE, all=steps.all[:2]), [0, 1]))
    assert moved == [set()]
    assert list(undeclared._moved_by(SimpleNamespace(a=STATE, all=[steps.all[0], steps.all[2]]), [0, 1])) == [{1}]


# --- chains ---


@pytest.mark.parametrize(("forward", "name"), [
    (lambda z: onp.sinh(z), "LAYER_NOT_UNDONE"), (lambda z: z + [1, 2], "SHIFT_NOT_UNDONE"),
    (lambda z: 2 * z + 1, "LAYER_NOT_UNDONE"), (lambda z: z[:, ::-1], "PERMUTATION"),
    (lambda z: z * [2, 3], "SCALE_NOT_UNDONE"),
    (lambda z: z @ onp.array([[1.0, 0.5], [0.2, 1.0]]), "LAYER_NOT_UNDONE"), (lambda z: -z, "SCALE_NOT_UNDONE"),
])  # fmt: skip
def test_a_layer_that_is_passed_over(forward, name):
    assert wrong_chain._passed_over(trial_of(forward)) is Mistake[name]
    assert wrong_chain._passed_over(trial_of(forward, lambda x: x + 1e-3)) is None


def test_the_trials_of_the_largest_dimensions():
    def found(dim, failed=True, symptom=None, dtype="float64"):
        trial = trial_of(lambda z: z, dim=dim, dtype=dtype)
        return Case(dim, trial, Finding("R", "", 1.0 if failed else 0.0, 0.0, symptom=symptom))

    cases = [
        found(1),
        found(2),
        found(3),
        found(4, failed=False),
        found(5, symptom=Symptom.RAISES),
        found(6, dtype="float32"),
    ]
    assert [t.subject.dim for t in wrong_chain._trials(cases)] == [3, 2]
    assert wrong_chain._trials([found(2), found(2)])[0].subject.dim == 2 and wrong_chain.MOST == 2
    for symptom, first, of_inverse in (
        (Symptom.NOT_FINITE, "z", True), (Symptom.NOT_FINITE, "log_det inverse", True),
        (Symptom.NOT_FINITE, "x", False),
        (Symptom.SHAPE, "z", False),
    ):  # fmt: skip
        evidence = {"wrong": [first]}
        case = Case(2, None, Finding("S", "", 1.0, 0.0, symptom=symptom, evidence=evidence))
        passed = Case(2, None, Finding("S", "", 0.0, 0.0))
        assert wrong_chain._is_of_inverse([passed, case]) is of_inverse


def chain_of(scales, claim, dim=2):
    """Layers z -> e^s sinh z, whose log-dets are summed as claim(those of the layers) says."""
    layers = [pair(lambda z, s=s: onp.exp(s) * onp.sinh(z),
    log_det=lambda z, s=s: (s + onp.log(onp.cosh(z))).sum(axis=1))
              for s in scales]  # fmt: skip
    trial = Trial(of_pairs(layers, dim), 0.3 * rng().normal(size=(8, dim)))
    z, each = trial.z, []
    for s in scales:
        each.append((s + onp.log(onp.cosh(z))).sum(axis=1))
        z = onp.exp(s) * onp.sinh(z)
    trial.__dict__["there"] = (trial.x, claim(each))
    trial.__dict__["back"] = (trial.z, -claim(each))
    return trial


@pytest.mark.parametrize(("claim", "name"), [
    (lambda each: each[-1], "LAST_LAYER"), (lambda each: each[0], "LAST_LAYER"),
    (lambda each: each[0] + each[2], "LAYER_LEFT_OUT"), (lambda each: each[1] + each[2], "LAYER_LEFT_OUT"),
    (lambda each: sum(each), None), (lambda each: each[1] + 1e-3, None), (lambda each: each[1], None),
])  # fmt: skip
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_which_layers_log_dets_were_summed(direction, claim, name):
    found = chain_log_det.name_sum(chain_of([0.1, -0.2, 0.4], claim), direction)
    assert found is (Mistake[name] if name else None)


def test_whether_a_log_det_varies():
    flat, bent = trial_of(lambda z: 2 * z), trial_of(onp.sinh)
    assert not chain_log_det._varies([flat]) and chain_log_det._varies([flat, bent])
    for curve, varies in ((1e-4, True), (1e-8, False)):
        assert chain_log_det._varies([trial_of(lambda z, c=curve: z + c * z**2)]) is varies
    assert chain_log_det.log_dets_of_chain([bent], {"forward": ("", Mistake.SIGN)}) == {"forward": ("", Mistake.SIGN)}


# --- the direction that tells ---


@pytest.mark.parametrize(("found", "direction"), [
    ({"forward": "SIGN"}, "forward"), ({"inverse": "SIGN"}, "inverse"),
    ({"forward": "SIGN", "inverse": "MEAN"}, "forward"),
    ({"forward": "LOG_DET_FORMULA", "inverse": "MEAN"}, "inverse"),
    ({"forward": "LOG_DET_FORMULA", "inverse": "LOG_DET_FORMULA"}, "forward"),
    ({"forward": "MEAN", "inverse": "LOG_DET_FORMULA"}, "forward"),
])  # fmt: skip
def test_the_direction_whose_mistake_is_named(found, direction):
    assert wrong_directions._telling({d: ("", Mistake[m]) for d, m in found.items()}) == direction


@pytest.mark.parametrize(("found", "flipped"), [
    ({"forward": "SIGN", "inverse": "SIGN"}, True), ({"forward": "ONE_BRANCH", "inverse": "SIGN"}, True),
    ({"forward": "SIGN", "inverse": "MEAN"}, False), ({"forward": "MEAN", "inverse": "SIGN"}, False),
])  # fmt: skip
def test_a_sign_in_both(found, flipped):
    assert wrong_directions._both_flipped({d: ("", Mistake[m]) for d, m in found.items()}) is flipped


def test_what_is_said_of_one_direction():
    of_one, L = wrong_directions._of_one_direction, Mistake.DIAGONAL_OF_L
    assert of_one(L, {"forward": 1}) is Mistake.ALWAYS_ZERO and of_one(L, {"forward": 1, "inverse": 2}) is L
    assert of_one(Mistake.SIGN, {"forward": 1}) is Mistake.SIGN
    says = wrong_directions._says_all
    assert says(Mistake.SIGN, Mistake.MULTIPLIED) and says(Mistake.ALWAYS_ZERO, Mistake.LAYER_LEFT_OUT)
    assert not says(Mistake.MEAN, Mistake.MULTIPLIED) and not says(Mistake.SIGN, Mistake.MEAN)


def named(forward, inverse, error=1.0, symptom=None):
    """What is said of x = sinh z whose log-dets are off by these functions."""
    l = lambda z: onp.log(onp.cosh(z)).sum(axis=1)  # noqa: E731
    subject = of_pair(
        lambda z: (onp.sinh(z), forward(l(z))), lambda x: (onp.arcsinh(x), inverse(-l(onp.arcsinh(x)))), 2
    )
    case = Case(2, Trial(subject, rng().normal(size=(12, 2))), Finding("J", "", error, 0.0, symptom=symptom))
    found = wrong_directions.name_log_det_of(case, [case])
    return found.mistake.name, found.where, found.direction


def same(l):
    return l


def test_the_name_and_the_direction_of_a_log_det():
    assert named(lambda l: -l, same) == ("SIGN", "log_det forward", "forward")
    assert named(same, lambda l: -l) == ("NOT_NEGATED", "log_det inverse", "inverse")
    assert named(lambda l: -l, lambda l: -l)[:2] == ("SIGN_IN_BOTH", "log_det")
    assert named(lambda l: 0.5 + 0 * l + l, same)[0] == "OFF_BY_CONSTANT"
    assert named(same, same)[:2] == ("LOG_DET_FORMULA", "log_det")
    assert named(same, same, 0.9e-3)[:2] == ("BELOW_RESOLUTION", "log_det")
    assert named(same, same, 1.1e-3)[0] == "LOG_DET_FORMULA"
    assert named(same, same, symptom=Symptom.CLOSED_FORM)[0] == "JACOBIAN_FORMULA"
