"""What the diagnosis says of passes, folds and searches along a line, on small maps whose every number is known."""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_inverse, wrong_line_search, wrong_passes, wrong_search
from nfscratch.check.diagnosis.columns import Columns
from nfscratch.check.pairs import of_pair
from nfscratch.check.repair import inserted
from nfscratch.check.trial import Trial


def rng(seed=0):
    return onp.random.default_rng(seed)


def columns(forward, inverse, dim, n=12, z=None, **declared):
    """z, x and z' of two functions of one result; their log-dets are 0."""
    pair = [lambda a, f=f: (f(a), onp.zeros(len(a))) for f in (forward, inverse)]
    trial = Trial(of_pair(*pair, dim, **declared), rng().normal(size=(n, dim)) if z is None else z)
    return Columns(trial, onp.ones(len(trial), dtype=bool))


# --- an autoregressive map and its passes ---


def scale(a):
    return onp.exp(0.4 * onp.sin(a))


def f(z):
    """x_1 = 2 z_1 + 1, x_2 = z_2 e^s(z_1) + z_1, x_3 = z_3 e^s(z_2) - z_1 z_2 + 1"""
    first, second, third = z.T
    return onp.stack([2 * first + 1, second * scale(first) + first, third * scale(second) - first * second + 1], axis=1)


def one_pass(v, x):
    """Each variable solved for with the others as they stand in v."""
    first, second, _ = v.T
    return onp.stack(
        [(x[:, 0] - 1) / 2, (x[:, 1] - first) / scale(first), (x[:, 2] - 1 + first * second) / scale(second)], axis=1
    )


def solved(x, passes=3, start=0.0):
    v = start * x
    for _ in range(passes):
        v = one_pass(v, x)
    return v


def test_a_pass_solves_for_each_variable_beside_the_others():
    v, x = rng().normal(size=(2, 7, 3))
    close(wrong_passes._pass(f, v, x), one_pass(v, x), 1e-12)
    bent = lambda z: z + 0.5 * onp.tanh(z) + 0.3 * onp.roll(z, 1, axis=1)  # noqa: E731
    found = wrong_passes._pass(bent, v, x)
    close(found + 0.5 * onp.tanh(found) + 0.3 * onp.roll(v, 1, axis=1), x, 1e-9)


@pytest.mark.parametrize(("passes", "start", "name"), [
    (1, 0.0, "TOO_FEW_PASSES"), (2, 0.0, "TOO_FEW_PASSES"), (3, 0.0, None), (1, 1.0, "ON_ARGUMENTS"),
    (2, 1.0, "TOO_FEW_PASSES"), (1, 0.5, None),
])  # fmt: skip
def test_an_inverse_of_too_few_passes(passes, start, name):
    c = columns(f, lambda x: solved(x, passes, start), 3)
    assert wrong_passes.passes(c) is (Mistake[name] if name else None)
    turned = columns(lambda z: solved(z, passes, start), f, 3)
    assert (wrong_passes.passes(turned) is None) is (name is None)


def test_a_first_pass_may_undo_nothing_and_a_matrix_its_diagonal():
    shifted = lambda z: z + onp.stack([0 * z[:, 0], onp.sin(z[:, 0]), z[:, 1] ** 2], axis=1)  # noqa: E731
    once = lambda v, x: x - (shifted(v) - v)  # noqa: E731
    x = rng().normal(size=(9, 3))
    assert wrong_passes._of_iterate(shifted, x, once(x, x)) is Mistake.NO_UNDOING
    assert wrong_passes._of_iterate(shifted, x, once(once(x, x), x)) is Mistake.TOO_FEW_PASSES
    L = onp.array([[2.0, 0, 0], [0.5, 3.0, 0], [0.1, -0.4, 0.5]])
    matrix = lambda z: z @ L.T + 1  # noqa: E731
    assert wrong_passes._of_iterate(matrix, x, (x - 1) / onp.diag(L)) is Mistake.DIAGONAL_UNDONE
    assert wrong_passes._of_iterate(f, x, one_pass(0 * x, x)) is Mistake.TOO_FEW_PASSES
    assert wrong_passes._of_iterate(f, x, one_pass(x, x)) is Mistake.ON_ARGUMENTS
    assert wrong_passes._is_straight(matrix, x) and not wrong_passes._is_straight(f, x)


def test_an_iterate_is_one_before_the_solution():
    x = rng().normal(size=(9, 3))
    for start in (0.0, 1.0):
        for count in (1, 2):
            assert wrong_passes._is_iterate(f, x, solved(x, count, start))
        assert not wrong_passes._is_iterate(f, x, solved(x, 3, start))
    assert not wrong_passes._is_iterate(f, x, solved(x, 1) + 1e-3)
    diagonal = lambda z: 2 * z  # noqa: E731
    assert not wrong_passes._is_iterate(diagonal, x, x / 2)
    many = rng(1).normal(size=(30, 3))
    assert wrong_passes._is_iterate(f, many, onp.where(onp.arange(30)[:, None] < 24, solved(many, 1), 0.0))
    assert not wrong_passes._is_iterate(f, many, onp.where(onp.arange(30)[:, None] < 23, solved(many, 1), 0.0))


@pytest.mark.parametrize(("depends", "deep"), [
    ([[1, 0, 0], [1, 1, 0], [0, 1, 1]], True), ([[1, 0, 0], [1, 1, 0], [1, 0, 1]], False),
    ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], False), ([[1, 0, 0], [0, 1, 0], [1, 1, 1]], False),
    ([[1, 0], [1, 1]], True), ([[1, 0], [0, 1]], False), ([[0, 1], [0, 0]], True),
    ([[1, 1, 0], [1, 1, 0], [0, 0, 1]], True), ([[1]], False),
])  # fmt: skip
def test_passes_are_needed_where_a_variable_waits_for_one_that_waits(depends, deep):
    assert wrong_passes.is_deep(onp.array(depends, dtype=bool)) is deep
    off = onp.array(depends) - onp.diag(onp.diag(depends))
    assert wrong_passes._off_diagonal(onp.array(depends, dtype=bool)) is bool(off.any())


def test_a_direction_depends_on_what_moves_it():
    c = columns(f, solved, 3)
    assert wrong_passes._depends(c, "forward").tolist() == [[True, False, False], [True, True, False], [True] * 3]
    assert wrong_passes._depends(c, "inverse").tolist() == [[True, False, False], [True, True, False], [True] * 3]
    c.J = onp.zeros((2, 2, 2))
    c.J[1, 0, 1], c.J[0, 1, 0], c.J[0, 0, 0] = 1.1e-7, -0.9e-7, onp.nan
    assert wrong_passes._depends(c, "forward").tolist() == [[False, True], [False, False]]


@pytest.mark.parametrize(("made", "late", "name"), [
    ("zeros", 1, "TOO_FEW_PASSES"), ("zeros", 2, "TOO_FEW_PASSES"), ("given", 2, "TOO_FEW_PASSES"), ("half", 2, None),
    ("zeros", 0, None), ("zeros", 3, None),
])  # fmt: skip
def test_columns_that_no_pass_has_reached(made, late, name):
    def inverse(x):
        z = solved(x)
        z[:, late:] = {"zeros": 0.0, "given": 1.0, "half": 0.5}[made] * x[:, late:]
        return z

    assert wrong_passes.columns_not_reached(columns(f, inverse, 3)) is (Mistake[name] if name else None)
    spoilt = lambda x: inverse(x) * [1, 1, 0] + solved(x) * [0, 0, 1]  # noqa: E731
    if late == 1:
        assert wrong_passes.columns_not_reached(columns(f, spoilt, 3)) is None


def test_a_coupling_has_no_passes():
    forward = lambda z: onp.stack([z[:, 0], z[:, 1], z[:, 2] * scale(z[:, 0]) + z[:, 1]], axis=1)  # noqa: E731
    assert wrong_passes.columns_not_reached(columns(forward, lambda x: x * [1, 1, 0], 3)) is None
    kept = lambda z: onp.stack([z[:, 0], 2 * z[:, 1] + z[:, 0], z[:, 2] + z[:, 1]], axis=1)  # noqa: E731
    right = lambda x: onp.stack([x[:, 0], (x[:, 1] - x[:, 0]) / 2, 0 * x[:, 2]], axis=1)  # noqa: E731
    assert wrong_passes.columns_not_reached(columns(kept, right, 3)) is Mistake.TOO_FEW_PASSES
    two = lambda z: onp.stack([z[:, 0], 2 * z[:, 1] + z[:, 0]], axis=1)  # noqa: E731
    assert wrong_passes.columns_not_reached(columns(two, lambda x: x * [1, 0], 2)) is None


def test_an_inverse_that_asks_at_its_own_result():
    """x_i = d_i(x_<i) z_i + t_i(x_<i) by passes, undone with d and t at z'."""

    def by_columns(z):
        x = onp.zeros_like(z)
        for i in range(3):
            d, t = scale(x.sum(axis=1)), onp.cos(x.sum(axis=1))
            x[:, i] = d * z[:, i] + t
        return x

    def inverse(x, at_result=True):
        z = onp.zeros_like(x)
        for i in range(3):
            seen = (z if at_result else x)[:, :i].sum(axis=1)
            z[:, i] = (x[:, i] - onp.cos(seen)) / scale(seen)
        return z

    assert wrong_passes.reads_result(columns(by_columns, inverse, 3)) is Mistake.CHANGED_HALF
    assert wrong_passes.reads_result(columns(by_columns, lambda x: inverse(x) + 0.01, 3)) is None
    assert wrong_passes.reads_result(columns(by_columns, inverse, 3, n=4)) is Mistake.CHANGED_HALF
    assert wrong_passes.reads_result(columns(by_columns, inverse, 3, n=3)) is None
    one = columns(lambda z: 2 * z, lambda x: x, 1)
    assert wrong_passes.reads_result(one) is None and wrong_passes.passes(one) is None


# --- a variable that sees itself ---


def test_the_line_of_each_variable_in_its_own_argument():
    a = rng().normal(size=(6, 3))
    d, t = wrong_passes._own_lines(f, a, f(a))
    first, second = a[:, 0], a[:, 1]
    close(d, onp.stack([2 + 0 * first, scale(first), scale(second)], axis=1), 1e-12)
    close(t, onp.stack([1 + 0 * first, first, 1 - first * second], axis=1), 1e-12)
    close(wrong_passes._own_values(f, a, a + 1), f(a) + d, 1e-12)
    assert wrong_passes._own_lines(lambda z: z**2, a, a**2) is None
    assert wrong_passes._own_lines(lambda z: 0.9e-9 * z, a, 0.9e-9 * a) is None
    assert wrong_passes._own_lines(lambda z: 1.1e-9 * z, a, 1.1e-9 * a) is not None
    assert wrong_passes._own_lines(lambda z: onp.inf * onp.ones_like(z), a, a) is None


def test_the_other_direction_where_a_variable_and_the_later_ones_are_0():
    a = rng().normal(size=(6, 3))
    b, line = f(a), wrong_passes._own_lines(f, a, f(a))
    at_zero = lambda g, late: bool(wrong_passes._at_zero(g, a, b, line, late))  # noqa: E731
    for late in ([0, 1, 2], [1, 2], [2]):
        assert at_zero(solved, late)
        assert not at_zero(lambda x, i=late[0]: solved(x) + 1e-3 * onp.eye(3)[i], late)
        assert at_zero(lambda x, i=late[0]: solved(x) + 1e-3 * (1 - onp.eye(3)[i]), late)
    assert not wrong_passes._is_bent(solved, b) and wrong_passes._is_bent(onp.sinh, b)
    assert wrong_passes._is_bent(lambda x: x + 1e-2 * onp.tanh(x), b)
    assert not wrong_passes._is_bent(lambda x: x + 1e-6 * onp.tanh(x) + 1, b)


def seeing(of):
    """z from x all at once, where a variable sees `of` of them: (strictly earlier ones | itself | later ones)."""
    mask = onp.tril(onp.ones((3, 3)), {"earlier": -1, "itself": 0, "later": 1}[of])
    M = mask * rng(5).normal(size=(3, 3))

    def inverse(x):
        s = 0.5 * onp.sin(x @ M.T)
        return (x - onp.cos(x @ M.T)) * onp.exp(-s)

    def forward(z):
        x = onp.zeros_like(z)
        for i in range(3):
            a = x @ M[i]
            x[:, i] = z[:, i] * onp.exp(0.5 * onp.sin(a)) + onp.cos(a)
        return x

    return forward, inverse


@pytest.mark.parametrize(("of", "name"), [("earlier", None), ("itself", "SEES_LATER"), ("later", "SEES_LATER")])
def test_a_mask_that_lets_a_variable_see_itself(of, name):
    forward, inverse = seeing(of)
    assert wrong_passes.sees_itself(columns(forward, inverse, 3)) is (Mistake[name] if name else None)
    assert (wrong_passes.sees_itself(columns(inverse, forward, 3)) is None) is (name is None)
    assert wrong_passes.sees_itself(columns(forward, inverse, 3, n=3)) is None
    assert (wrong_passes.sees_itself(columns(forward, inverse, 3, n=4)) is None) is (name is None)


def test_variables_that_see_no_other_see_no_later_one():
    assert wrong_passes.sees_itself(columns(lambda z: 2 * z, onp.sinh, 3)) is None
    coupled = lambda z: onp.stack([z[:, 0], z[:, 1] * scale(z[:, 0]) + z[:, 0]], axis=1)  # noqa: E731
    itself = lambda x: onp.stack([x[:, 0], (x[:, 1] - x[:, 0]) / scale(x[:, 0] + 2 * x[:, 1])], axis=1)  # noqa: E731
    assert wrong_passes.sees_itself(columns(coupled, itself, 2)) is Mistake.CHANGED_HALF


# --- folds ---


@pytest.mark.parametrize(("dets", "both"), [
    ((1.0, -1.0), True), ((1.0, 2.0), False), ((-1.0, -2.0), False), ((1.0, -0.9e-6), False), ((1.0, -1.1e-6), True),
    ((1.1e-6, -1.0), True), ((0.9e-6, -1.0), False), ((0.0, 0.0), False), ((onp.nan, 1.0), False),
])  # fmt: skip
def test_a_determinant_with_both_signs(dets, both):
    J = onp.array(dets)[:, None, None] * onp.ones((2, 1, 1))
    assert wrong_search.has_both_signs(SimpleNamespace(J=J)) is both


def folding(own, dim=2):
    """x_i = own(z_i) + z_<i."""
    return lambda z: own(z) + onp.cumsum(z, axis=1) - z


@pytest.mark.parametrize(("forward", "dim", "name"), [
    (folding(lambda z: z**2), 2, "SEES_LATER"), (folding(lambda z: z**2), 3, "SEES_LATER"),
    (lambda z: z**2, 2, "FOLDS"), (lambda z: z**2, 1, "FOLDS"), (folding(lambda z: z), 2, "FOLDS"),
    (lambda z: z**2 + 0.3 * z[:, ::-1], 2, "SEES_LATER"), (lambda z: z + 3 * onp.sin(z[:, ::-1] + z), 2, "FOLDS"),
])  # fmt: skip
def test_the_name_of_a_fold(forward, dim, name):
    c = columns(forward, lambda x: x, dim, n=20)
    assert wrong_search.name_of_fold(c) is Mistake[name]


def test_a_fold_of_straight_pieces_is_no_variable_that_sees_itself():
    z = rng().uniform(0.6, 2.0, size=(20, 2)) * onp.where(onp.arange(20) % 2, 1.0, -1.0)[:, None]
    assert wrong_search.name_of_fold(columns(folding(onp.abs), lambda x: x, 2, z=z)) is Mistake.FOLDS


@pytest.mark.parametrize(("curve", "bent"), [(1e-5, True), (1e-8, False)])
def test_a_derivative_that_changes_with_its_own_variable(curve, bent):
    forward = lambda z: onp.stack([z[:, 0] + curve * z[:, 0] ** 2, z[:, 1] * (2 + z[:, 0])], axis=1)  # noqa: E731
    c = columns(forward, lambda x: x, 2)
    assert wrong_search._is_bent(c, 0) is bent and wrong_search._is_bent(c, 1) is False


def newton(f, slope, x, steps, start):
    z = start
    for _ in range(steps):
        z = z - (f(z) - x) / slope(z)
    return z


CUBE = (lambda z: z + 0.1 * z**3, lambda z: 1 + 0.3 * z**2)


@pytest.mark.parametrize(("steps", "name"), [(1, True), (2, True), (50, False)])
@pytest.mark.parametrize("start", [lambda x: x, lambda x: 0 * x, lambda x: 0.5 * x])
def test_newtons_method_that_stops_too_early(start, steps, name):
    c = columns(CUBE[0], lambda x: newton(*CUBE, x, steps, start(x)), 2)
    assert wrong_search._is_newton(c) is name
    assert wrong_search.cut_search(c) is (Mistake.TOO_FEW_STEPS if name else None)
    kinked = columns(CUBE[0], lambda x: newton(*CUBE, x, steps, start(x)), 2, smooth=False)
    assert wrong_search._is_newton(kinked) is False


def test_an_iterate_is_met_much_nearer_than_the_solution_is():
    made = lambda off: columns(CUBE[0], lambda x: newton(*CUBE, x, 1, x) + off, 2)  # noqa: E731
    c = made(0.0)
    gap = onp.abs(c.back - c.z).max()
    assert wrong_search._reaches(made(0.9e-3 * gap), c.x) and not wrong_search._reaches(made(1.2e-3 * gap), c.x)
    assert not wrong_search._reaches(c, c.x, 0) and not wrong_search._reaches(c, c.x * onp.nan)
    assert not wrong_search._reaches(c, c.z)
    late = columns(CUBE[0], lambda x: newton(*CUBE, x, 3, x), 2)
    assert wrong_search._reaches(late, c.x, 3) and not wrong_search._reaches(late, c.x, 2)


def test_an_affine_part_is_taken_off():
    c = columns(lambda z: 3 * onp.sinh(z) + 2, lambda x: x, 2)
    close(wrong_search._without_affine_part(c), onp.sinh(c.z), 1e-7)
    straight = columns(lambda z: 3 * z, lambda x: x, 2)
    assert wrong_search.cut_search(straight) is None


# --- a search along a line ---


W, U = onp.array([0.8, 0.0, -0.6]), onp.array([0.5, 0.3, -0.2])


def planar(z):
    return z + onp.tanh(z @ W)[:, None] * U


def by_line(found):
    """z' = x - u h(s') with s' = found(a), a = w . x."""
    return lambda x: x - onp.tanh(found(x @ W))[:, None] * U


def number(a, steps=60):
    s = a
    for _ in range(steps):
        s = s - (s + (U @ W) * onp.tanh(s) - a) / (1 + (U @ W) * (1 - onp.tanh(s) ** 2))
    return s


@pytest.mark.parametrize(("found", "name"), [
    (lambda a: number(a, 1), "TOO_FEW_STEPS"), (lambda a: number(a, 2), "TOO_FEW_STEPS"),
    (lambda a: onp.clip(number(a), -0.6, 0.6), "END_OF_BRACKET"), (lambda a: number(a) + 0.01 * a**2, None),
    (lambda a: a + onp.clip(number(a) - a, -0.15, 0.15), "END_OF_BRACKET"),
])  # fmt: skip
def test_a_search_for_one_number(found, name):
    c = columns(planar, by_line(found), 3, n=20)
    assert wrong_line_search.line_search(c) is (Mistake[name] if name else None)


def test_newtons_method_along_a_line_may_give_the_number_itself():
    def inverse(x):
        s = number(x @ W, 1)
        across = x - onp.outer(x @ W, W)
        return across + onp.outer(s, W)

    c = columns(planar, inverse, 3, n=20)
    assert wrong_line_search.line_search(c) is Mistake.TOO_FEW_STEPS


def test_the_line_along_which_a_map_moves():
    c = columns(planar, lambda x: x, 3)
    w = wrong_line_search._direction(c)
    close(onp.abs(w), onp.abs(W), 1e-7)
    bent = lambda z: planar(z) + onp.sin(z[:, :1]) * [0, 1, 0]  # noqa: E731
    assert wrong_line_search._direction(columns(bent, lambda x: x, 3)) is None
    assert wrong_line_search._direction(columns(lambda z: z @ onp.diag([1, 2, 1]), lambda x: x, 3)) is None
    assert wrong_line_search._direction(columns(lambda z: 1 * z, lambda x: x, 3)) is None
    one = columns(lambda z: z + 0.5 * onp.tanh(z), lambda x: x, 1)
    close(onp.abs(wrong_line_search._direction(one)), [1.0], 1e-12)


def test_the_function_of_one_number():
    c = columns(planar, lambda x: x, 3)
    s = onp.linspace(-2, 2, 12)
    g = (U @ W) * onp.tanh(s)
    close(wrong_line_search._g(c, W, s), g, 1e-12)
    close(wrong_line_search._number(c, W, g), s, 1e-9)
    falling = columns(lambda z: z - 0.5 * onp.tanh(z @ W)[:, None] * U, lambda x: x, 3)
    close(wrong_line_search._number(falling, W, -0.5 * g), s, 1e-9)
    far = onp.where(onp.arange(12) < 6, s, 1e6)
    with onp.errstate(over="ignore"):
        assert (wrong_line_search._tells(c, W, far) == (onp.arange(12) < 6)).all()


@pytest.mark.parametrize(("slope", "tells"), [(1.1e-3, True), (0.9e-3, False)])
def test_a_flat_function_tells_no_number(slope, tells):
    c = columns(lambda z: z + slope * onp.sin(z), lambda x: x, 1)
    assert (wrong_line_search._tells(c, onp.ones(1), onp.zeros(12)) == tells).all()


# --- a formula, and a column that forward leaves out ---


LOW_RANK = 0.3 * onp.array([[1.0, 0.5, -0.4], [0.2, -0.8, 0.6], [0.7, 0.1, 0.3]])


def of_matrix(z):
    return z + z @ LOW_RANK.T, onp.zeros(len(z))


def first_order(x):
    """Of the inverse of I + A."""
    return x - x @ LOW_RANK.T, onp.zeros(len(x))


def in_a_loop(x):
    z = x
    for _ in range(1):
        z = z - (z + z @ LOW_RANK.T - x)
    return z, onp.zeros(len(x))


@pytest.mark.parametrize(("inverse", "mistake"), [(first_order, None), (in_a_loop, Mistake.TOO_FEW_STEPS)])
def test_the_first_order_of_a_matrix_is_an_iteration_only_in_a_loop(inverse, mistake):
    trial = Trial(of_pair(of_matrix, inverse, 3), rng().normal(size=(12, 3)))
    assert wrong_inverse._iteration(Columns(trial, onp.ones(12, dtype=bool))) is mistake


def test_a_column_that_forward_leaves_out_is_reached_by_no_pass():
    forward = lambda z: f(z) * [1.0, 1.0, 0.0]  # noqa: E731
    assert wrong_passes.columns_not_reached(columns(forward, lambda x: x * [0.5, 1.0, 1.0], 3)) is None


@pytest.mark.parametrize(("line", "empties"), [
    ("x = np.zeros_like(x)", True), ("x = np.zeros(3)", True), ("y = np.zeros_like(x)", False), ("x = 2 * x", False),
    ("x += np.zeros(3)", False),
])  # fmt: skip
def test_zeros_in_the_place_of_an_argument(line, empties):
    scope = SimpleNamespace(function=ast.parse("def f(x): return x").body[0])
    assert inserted._empties(ast.parse(line).body[0], scope) is empties
