"""How the diagnosis tells brackets, matrices, searches and splines, by numbers made by hand."""

import ast
import inspect
from dataclasses import replace
from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from edited_code import module_of

from nfscratch.check import Mistake, grain, search_loops, stops_early
from nfscratch.check.diagnosis import spline_line, wrong_bracket, wrong_linear, wrong_search
from nfscratch.check.pairs import of_pair, of_pairs
from nfscratch.check.trial import Trial


def rng(seed=0):
    return onp.random.default_rng(seed)


def trial_of(forward, dim=1, z=None, n=12, **declared):
    """A trial of one function without log_det."""
    f = lambda a: (forward(a), onp.zeros(len(a)))  # noqa: E731
    z = rng().normal(size=(n, dim)) if z is None else onp.asarray(z, dtype=float)
    return Trial(of_pair(f, lambda x: (x, onp.zeros(len(x))), dim, **declared), z)


# --- brackets ---


LINE = onp.linspace(-6.0, 6.0, 49)[:, None]


@pytest.mark.parametrize(("right", "came", "ends"), [
    (LINE, onp.clip(LINE, -3, 3), [3.0, 3.0]), (LINE, onp.clip(LINE, -3, 9), [3.0]),
    (LINE, onp.clip(LINE, -9, 2), [2.0]), (LINE, LINE, []), (LINE, onp.clip(-LINE, -3, 3), []),
    (LINE, onp.clip(LINE, -3, 3) + 0.01 * onp.sin(9 * LINE), []),
    (LINE, onp.clip(LINE, -5.999, 5.999), []), (LINE, onp.clip(LINE, -5.98, 5.98), [5.98, 5.98]),
    (LINE, 0 * LINE, []),
])  # fmt: skip
def test_numbers_that_are_cut_off(right, came, ends):
    close(wrong_bracket._cut_at(right, came), ends, 1e-12)


@pytest.mark.parametrize(("number", "round_"), [
    (3.0, True), (10.0, True), (0.5, True), (1000.0, True), (3.0029, True), (3.0031, False), (3.3, False),
    (12.0, False), (0.0, False), (-3.0, False), (2.9971, True), (2.9969, False),
])  # fmt: skip
def test_a_round_number(number, round_):
    assert wrong_bracket.is_round(number) is round_


@pytest.mark.parametrize(("back", "z", "again", "name"), [
    (onp.clip(LINE, -3, 3), LINE, LINE, "END_OF_BRACKET"), (LINE, LINE, onp.clip(LINE, -2, 2), "CLIPS_ARGUMENT"),
    (onp.clip(LINE, -3, 3), LINE, onp.clip(LINE, -2, 2), "CUT_OFF"), (onp.clip(LINE, -3.3, 3.3), LINE, LINE, "CUT_OFF"),
    (LINE, LINE, LINE, None),
])  # fmt: skip
def test_what_is_cut_off_by_its_ends(back, z, again, name):
    trial = SimpleNamespace(back=(LINE + 0.111,), z=LINE)
    c = SimpleNamespace(z=z, back=back, x=LINE, again=again, trial=trial)
    assert wrong_bracket.bracket(c) is (Mistake[name] if name else None)


@pytest.mark.parametrize(("back", "z", "ends"), [
    ([3.0, -3.0, 1.0], [9.0, -9.0, 1.0], True), ([3.0, 1.0, 2.0], [9.0, 1.0, 2.0], False),
    ([3.0, 3.0 - 2e-9, 1.0], [9.0, 9.0, 1.0], False), ([3.0, 3.0 - 0.5e-9, 1.0], [9.0, 9.0, 1.0], True),
    ([3.3, 3.3], [9.0, 1.0], False), ([3.0, 3.0], [9.0, 8.0], False), ([3.0, 3.0, onp.nan], [9.0, 8.0, 1.0], True),
])  # fmt: skip
def test_several_at_one_round_number(back, z, ends):
    trial = SimpleNamespace(back=(onp.array(back)[:, None],), z=onp.array(z)[:, None])
    assert wrong_bracket.clamped_bracket(trial) is (Mistake.END_OF_BRACKET if ends else None)


# --- linear maps ---


L = onp.eye(3) + onp.tril(rng(1).normal(size=(3, 3)), -1)
U = onp.triu(rng(2).normal(size=(3, 3)), 1) + onp.diag([1.7, 0.6, 1.2])
Q = onp.linalg.qr(rng(3).normal(size=(3, 3)))[0]
CYCLE = onp.eye(3)[[1, 2, 0]]
SWAP = onp.eye(3)[[1, 0, 2]]
inv = onp.linalg.inv


@pytest.mark.parametrize(("W", "A", "name"), [
    (L @ U, inv(L @ U) @ SWAP, "P_LEFT_OUT"), (CYCLE @ Q @ U, inv(Q @ U), "PERMUTATION"),
    (Q @ U, inv(U) @ Q @ onp.diag([1, 1, 1]), "LAYERS_IN_ORDER"), (L @ U, inv(U), "LAYER_NOT_UNDONE"),
    (L @ U, inv(L) @ inv(U), "LAYERS_IN_ORDER"), (Q @ U, inv(U), "LAYER_NOT_UNDONE"),
    (Q @ U, inv(U) @ Q.T @ Q.T @ Q.T, "FACTOR_NOT_INVERTED"),
    (L @ U, inv(L @ U) + 0.01, None), (L @ U, inv(L @ U).T, None),
])  # fmt: skip
def test_the_factors_of_a_wrong_inverse(W, A, name):
    assert wrong_linear._of_factors(W, A, False) is (Mistake[name] if name else None)


def test_a_product_that_is_taken_for_one_factor():
    assert wrong_linear._of_factors(Q @ U, inv(U) @ Q, True) is Mistake.FACTOR_NOT_INVERTED
    turn = onp.eye(4)
    turn[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
    R = onp.triu(onp.ones((4, 4))) + onp.eye(4)
    kept = onp.linalg.qr(turn @ R)[0]
    for seen in (True, False):
        assert wrong_linear._of_factors(turn @ R, inv(R) @ kept, seen) is Mistake.LAYERS_IN_ORDER


@pytest.mark.parametrize(
    ("P", "root"), [(SWAP, False), (CYCLE, True), (onp.eye(3), True), (onp.eye(4)[[1, 0, 3, 2]], True)]
)
def test_a_permutation_without_a_root(P, root):
    assert wrong_linear._has_no_root(P) is not root


@pytest.mark.parametrize(
    ("M", "is_one"), [(L, True), (L.T, True), (onp.eye(3), False), (2 * L, False), (L + L.T - onp.eye(3), False)]
)
def test_a_triangle_that_is_not_1(M, is_one):
    assert wrong_linear._is_triangular(M) is is_one


def test_lines_and_their_factors():
    x = rng().normal(size=(9, 3))
    A, a = wrong_linear._line(x, x @ U.T + onp.array([1.0, -2.0, 0.5]))
    close(A, U, 1e-9)
    close(a, [1.0, -2.0, 0.5], 1e-9)
    assert wrong_linear._line(x[:4], x[:4])[0] is None and wrong_linear._line(x[:5], x[:5])[0] is not None
    assert wrong_linear._line(x, x + 1e-3 * x**2) == (None, None)


B = onp.array([0.7, -0.4, 1.1])


@pytest.mark.parametrize(("A", "a", "name"), [
    (onp.eye(3), -B, "SCALE_NOT_UNDONE"), (CYCLE, -CYCLE @ B, "SCALE_NOT_UNDONE"), (U, -U @ B, "MULTIPLIES"),
    (U, -B, "MULTIPLIES"), (U, B, None), (onp.eye(3), B, None), (U.T, -B, None), (U[::-1], -B, "MULTIPLIES"),
])  # fmt: skip
def test_a_scale_that_is_not_undone(A, a, name):
    assert wrong_linear._scale(U, B, A, a) is (Mistake[name] if name else None)


@pytest.mark.parametrize(("a", "name"), [
    (-B, "WRONG_ORDER"), (-B[::-1], "WRONG_ORDER"), (0 * B, "SHIFT_NOT_UNDONE"), (inv(U) @ B, "SHIFT_NOT_UNDONE"),
    (-inv(U) @ B, None),
])  # fmt: skip
def test_a_shift_that_is_not_undone(a, name):
    assert wrong_linear._shift(U, B, a) is (Mistake[name] if name else None)
    assert wrong_linear._shift(U, 0 * B + 0.9e-5, a) is None


def test_dense_matrices_and_reflections():
    assert wrong_linear.is_dense(Q) and not wrong_linear.is_dense(L) and not wrong_linear.is_dense(U)
    for size, dense in ((0.9e-6, False), (1.1e-6, True)):
        assert wrong_linear.is_dense(onp.array([[1.0, 0.5], [-size, 1.0]])) is dense
        assert wrong_linear.is_dense(onp.array([[1.0, -size], [0.5, 1.0]])) is dense
    v = onp.array([0.6, 0.0, -0.8])
    reflection = onp.eye(3) - 2 * onp.outer(v, v)
    two = reflection @ (onp.eye(3) - 2 * onp.outer([0.8, 0.6, 0.0], [0.8, 0.6, 0.0]))
    assert wrong_linear.is_product_of_reflections(reflection) and not wrong_linear.is_product_of_reflections(two)
    assert not wrong_linear.is_product_of_reflections(-reflection @ reflection @ reflection @ two @ two)
    assert not wrong_linear.is_product_of_reflections(2 * reflection)


@pytest.mark.parametrize(("number", "name"), [
    (lambda l: onp.exp(l).sum(), "EXP_SUMMED"), (lambda l: onp.abs(l).sum(), "ABSOLUTE_SUMMED"),
    (lambda l: l[1:].sum(), "TERMS_LEFT_OUT"), (lambda l: l[:-1].sum(), "TERMS_LEFT_OUT"),
    (lambda l: l.sum() + 0.1, None),
])  # fmt: skip
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_a_number_made_from_a_factor(number, name, direction):
    W, l = Q @ U, onp.log(onp.abs(onp.diag(onp.linalg.qr(Q @ U)[1])))
    c = onp.full(4, number(l))
    J = onp.tile(W, (4, 1, 1))
    s = SimpleNamespace(J=J, c=c, dim=3, direction=direction, failed=True)
    if direction == "inverse":
        s.J, s.c = inv(J), -c
    assert wrong_linear.by_factor([s]) is (Mistake[name] if name else None)
    other = SimpleNamespace(**vars(s) | {"c": s.c + 2e-5})
    assert wrong_linear.by_factor([s, other]) is None and wrong_linear.by_factor([]) is None
    bent = SimpleNamespace(**vars(s) | {"J": s.J * (1 + 1e-3 * onp.arange(4))[:, None, None]})
    assert wrong_linear.by_factor([bent]) is None


def test_leading_minors():
    W = rng().normal(size=(2, 3, 3))
    found = wrong_linear._leading_minors(W)
    close(found[:, 0], [1.0, 1.0], 0.0)
    close(found[:, 1], W[:, 0, 0], 1e-12)
    close(found[:, 3], onp.linalg.det(W), 1e-12)


# --- searches that end too early ---


@pytest.mark.parametrize(("values", "step"), [
    (0.25 * onp.arange(12) + 0.1, 0.25), (0.25 * onp.array([0, 2, 5, 7, 10, 13, 15, 18, 21, 24, 26, 29]), 0.25),
    (onp.sort(rng().normal(size=20)), None), (0.25 * onp.arange(3), None),
    (onp.append(0.25 * onp.arange(12), 0.25e6 + 9), None),
])  # fmt: skip
def test_numbers_on_a_grid(values, step):
    found = wrong_search._grid(values)
    assert found is None if step is None else abs(found - step) < 1e-9


@pytest.mark.parametrize(("shares", "odd"), [
    ([0.5, 0.5, -0.5], True), ([0.25, 0.75, 0.25], True), ([0.25, 0.5], False), ([0.125, 0.875, -0.375], True),
    ([1 / 2**13, 3 / 2**13], True), ([1 / 2**14, 3 / 2**14], False),
    ([0.25 + 4e-4, 0.75], True), ([0.25 + 6e-4, 0.75], False),
])  # fmt: skip
def test_odd_parts_of_a_power_of_2(shares, odd):
    assert wrong_search._are_odd(onp.array(shares)) is odd


def columns(f, back, dim=1, n=40, z=None):
    trial = trial_of(f, dim, z=z, n=n)
    found = SimpleNamespace(trial=trial, rows=onp.arange(len(trial.z)), z=trial.z, x=trial.x, J=trial.J, dim=dim)
    found.back = back(trial.z, trial.x)
    return found


def bent(z):
    return z + 0.3 * z**3


def newton(x, steps, start=lambda x: x):
    z = start(x)
    for _ in range(steps):
        z = z - (bent(z) - x) / (1 + 0.9 * z**2)
    return z


@pytest.mark.parametrize("steps", [1, 3])
def test_one_of_the_first_steps_of_newton(steps):
    for start in (lambda x: x, lambda x: 0 * x, lambda x: 0.5 * x, onp.arcsinh):
        c = columns(bent, lambda z, x, start=start: newton(x, steps, start))
        assert wrong_search._is_newton(c)
    assert not wrong_search._is_newton(columns(bent, lambda z, x: newton(x, steps) + 1e-2))
    assert not wrong_search._is_newton(columns(bent, lambda z, x: z + 1e-3))


def test_newton_of_variables_that_mix():
    M = onp.array([[0.0, 0.4], [-0.3, 0.0]])
    f = lambda z: z + onp.tanh(z @ M.T)  # noqa: E731

    def back(z, x):
        slope = (1 - onp.tanh(x @ M.T) ** 2)[:, :, None] * M + onp.eye(2)
        return x - onp.linalg.solve(slope, (f(x) - x)[:, :, None])[:, :, 0]

    assert wrong_search._is_newton_of_all(columns(f, back, dim=2))
    assert not wrong_search._is_newton_of_all(columns(f, lambda z, x: back(z, x) + 0.01, dim=2))
    close(wrong_search._solved(onp.tile(2 * onp.eye(2), (3, 1, 1)), onp.ones((3, 2))), 0.5 * onp.ones((3, 2)), 1e-12)
    assert onp.isnan(wrong_search._solved(onp.ones((3, 2, 2)), onp.ones((3, 2)))).all()


@pytest.mark.parametrize(("back", "is_one"), [
    (lambda z: 0.1 * (onp.floor(z / 0.1) + 0.5), True),
    (lambda z: 0.1 * (onp.floor(z / 0.1) + 0.5) + 0.3, False),
    (lambda z: onp.clip(0.1 * (onp.floor(z / 0.1) + 0.5), -1.6, 1.6), True),
    (lambda z: z + 0.05 * onp.sin(9 * z), False),
])  # fmt: skip
def test_the_middles_of_a_grid(back, is_one):
    assert wrong_search._is_bisection(columns(bent, lambda z, x: back(z))) is is_one


def test_the_middles_of_intervals_of_their_own_width():
    def halved(r, z, n=5):
        low, high = -onp.abs(r), onp.abs(r)
        for _ in range(n):
            middle = 0.5 * (low + high)
            low, high = onp.where(middle < z, middle, low), onp.where(middle < z, high, middle)
        return 0.5 * (low + high)

    f = lambda z: 2 * z + onp.tanh(z) + 0.7  # noqa: E731
    for r in (lambda x: x, lambda x: x - 0.7, lambda x: (x - 0.7) / 3.0):
        assert wrong_search._is_bisection_of_own_width(columns(f, lambda z, x, r=r: halved(r(x), z)))
    assert not wrong_search._is_bisection_of_own_width(columns(f, lambda z, x: halved(x + 0.1, z)))


def test_the_largest_power_of_a_map():
    f = lambda z: 1.5 + z + 2 * onp.sign(z) * onp.abs(z) ** 3  # noqa: E731
    c = columns(f, lambda z, x: z)
    close(wrong_search._of_largest_power(c), onp.sign(c.x - 1.5) * onp.abs((c.x - 1.5) / 2) ** (1 / 3), 1e-4)
    assert wrong_search._of_largest_power(columns(lambda z: 3 * z + 1, lambda z, x: z)) is None
    assert wrong_search._of_largest_power(columns(onp.sinh, lambda z, x: z)) is None


# --- lines through splines ---


@pytest.mark.parametrize(("domain", "ends"), [
    ((-onp.inf, onp.inf), (-3.0, 3.0)), ((0.0, onp.inf), (0.0, 6.0)), ((-onp.inf, 1.0), (-5.0, 1.0)),
    ((0.0, 1.0), (0.0, 1.0)),
])  # fmt: skip
def test_the_ends_of_a_line(domain, ends):
    trial = SimpleNamespace(subject=SimpleNamespace(domain=domain))
    assert spline_line.span(trial) == ends
    places, width = spline_line.inner(trial, 5), ends[1] - ends[0]
    close(places, onp.linspace(ends[0] + 0.01 * width, ends[1] - 0.01 * width, 5) + 1.7e-5 * width, 1e-12)


def test_the_last_variable_that_is_bent():
    bends = lambda k: lambda z: z + 0.1 * (onp.arange(3) == k) * onp.sin(z)  # noqa: E731
    for k in range(3):
        assert spline_line.variable(trial_of(bends(k), 3)) == k
    assert spline_line.variable(trial_of(lambda z: 2 * z, 3)) == 2
    assert spline_line.variable(trial_of(lambda z: z + 0.1 * (onp.arange(3) < 2) * onp.sin(z), 3)) == 1


def test_a_line_along_one_variable():
    trial = trial_of(lambda z: 2 * z, z=[[0.1, 0.2, 0.3]], dim=3)
    found = spline_line.along(trial, 1, [5.0, 6.0])
    close(found.z, [[0.1, 5.0, 0.3], [0.1, 6.0, 0.3]], 0.0)
    close(spline_line.along(trial, 0, [5.0], onp.array([7.0, 8.0, 9.0])).z, [[5.0, 8.0, 9.0]], 0.0)


KNOTS, SLOPES = onp.array([-3.0, -1.3, 0.4, 1.2, 3.0]), onp.array([0.5, 2.0, 1.0, 0.3])


def pieces(z):
    return onp.interp(z, KNOTS, onp.concatenate([[0.0], onp.cumsum(SLOPES * onp.diff(KNOTS))]))


@pytest.mark.parametrize(("f", "linear", "quotient"), [
    (pieces, True, None), (lambda z: 2 * z, False, False), (lambda z: onp.where(z > 0, z, 0.2 * z), False, False),
    (lambda z: z + 0.3 * onp.sin(2 * z), False, False), (lambda z: (z**2 + 9 * z) / (12 + z), False, True),
    (lambda z: onp.where(z > 0.3, z + z**2 / (4 + z), z + 0.09 / 4.3 * z / 0.3), False, True),
])  # fmt: skip
def test_what_a_line_is_made_of(f, linear, quotient):
    trial = trial_of(f)
    assert spline_line.is_piecewise_linear(trial) is linear
    assert quotient is None or bool(spline_line.is_rational_quadratic(trial)) is quotient


# --- loops that end by themselves, or when they are close ---


SEARCHES = """
    import numpy as np

    TIGHT = 1e-9
    LOOSE = 0.5


    def bisect(y):
        low, high = -9.0, 9.0
        for _ in range(40):
            middle = (low + high) / 2
            if abs(middle - y) < TIGHT:
                break
            low = middle
        return low


    def newton(y):
        z = y
        while True:
            step = z - y
            far = np.max(np.abs(step))
            if far < LOOSE:
                return z
            z = z - step


    def columns(y):
        k = 0
        while k < 3:
            k += 1
        for k in range(3):
            if k == 2:
                break
            y = y + k
        for k in range(3):
            y = y + abs(k)
        return y


    def near(y, tol=5):
        for k in range(9):
            y = y / 2
            if k > tol:
                return y
        for k in range(9):
            if k > 0.009:
                break
        for k in range(9):
            if k > 0.01:
                break
        assert y > 0
        if y < 1:
            y = 2 * y
        return y
"""


@pytest.fixture(scope="module")
def searches(tmp_path_factory):
    return module_of(SEARCHES, tmp_path_factory.mktemp("searches"), "searches")


def at(f, text):
    """The line of a function that holds this text."""
    lines, first = inspect.getsourcelines(f)
    return first + next(k for k, line in enumerate(lines) if text in line)


@pytest.mark.parametrize(("name", "text", "itself", "close_by"), [
    ("bisect", "middle = ", True, True), ("bisect", "low, high", False, False), ("bisect", "return low", False, False),
    ("newton", "step = z", True, True), ("newton", "z = z - step", True, True), ("columns", "k += 1", True, False),
    ("columns", "y = y + k", True, False), ("columns", "y + abs", False, False), ("near", "y = y / 2", True, True),
    ("near", "k > 0.009", True, True), ("near", "k > 0.01:", True, False), ("near", "y = 2 * y", False, False),
])  # fmt: skip
def test_a_loop_ends_by_itself_or_when_it_is_close(searches, name, text, itself, close_by):
    f = getattr(searches, name)
    line = at(f, text)
    assert search_loops.ends_by_itself(f.__code__, line) is itself
    frame = SimpleNamespace(f_code=f.__code__, f_globals=vars(searches), f_locals={"k": 1})
    assert search_loops.ends_when_close(frame, line) is close_by


@pytest.mark.parametrize(("text", "asked"), [
    ("assert y", True), ("if y < 1", True), ("y = 2 * y", False), ("y / 2", False),
])  # fmt: skip
def test_what_a_line_only_asks(searches, text, asked):
    assert search_loops.is_asked(searches.near.__code__, at(searches.near, text)) is asked


def test_code_without_source_stands_in_no_loop():
    code = compile("while True:\n    x = 1\n", "nowhere.py", "exec")
    assert not search_loops.ends_by_itself(code, 2) and not search_loops.is_asked(code, 1)


@pytest.mark.parametrize(("value", "small"), [
    (1e-3, True), (-1e-3, True), (0.0099, True), (0.01, False), (0.0, False), (1, False), (True, False), (None, False),
])  # fmt: skip
def test_a_small_number_is_a_tolerance(value, small):
    assert search_loops._is_small(value) is small


@pytest.mark.parametrize(("text", "size"), [
    ("abs", True), ("np.linalg.norm", True), ("tolerance", True), ("eps_2", True), ("tiny", True), ("large", False),
    ("1e-3", True), ("1.5", False), ("3", False), ("self.tiny", True), ("max_2", False),
])  # fmt: skip
def test_what_asks_for_a_size(text, size):
    node = ast.parse(text, mode="eval").body
    assert bool(search_loops._is_of_size(node, {"tiny": 1e-4, "large": 2.0})) is size


# --- searches that stop early ---


def halving(turns, off=0.0):
    """x = z + tanh(z) / 2, whose inverse halves a bracket so often."""

    def forward(z):
        return z + 0.5 * onp.tanh(z), onp.log1p(0.5 / onp.cosh(z) ** 2).sum(axis=1)

    def inverse(x):
        low, high = x - 0.6, x + 0.6
        for _ in range(turns):
            middle = 0.5 * (low + high)
            below = middle + 0.5 * onp.tanh(middle) < x
            low, high = onp.where(below, middle, low), onp.where(below, high, middle)
        z = 0.5 * (low + high) + off
        return z, -forward(z)[1]

    return of_pair(forward, inverse, 2)


@pytest.mark.parametrize(("turns", "off", "loose"), [
    (24, 0.0, True), (60, 0.0, False), (14, 0.0, False), (60, 3e-7, True),
])  # fmt: skip
def test_a_search_that_stops_early_has_the_accuracy_that_it_reaches(turns, off, loose):
    z = onp.random.default_rng(0).normal(size=(6, 2))
    subject = halving(turns, off)
    found = stops_early.with_its_accuracy(subject, z)
    assert (found is not None) is loose
    if loose:
        came = onp.abs(subject.inverse(subject.forward(z)[0])[0] - z) / onp.maximum(1, onp.abs(z).max(axis=1))[:, None]
        assert found.accuracy == pytest.approx(came.max()) and 1e-9 < found.accuracy <= 1e-6
    single = replace(subject, dtype=onp.dtype("float32"))
    assert stops_early.with_its_accuracy(single, z) is None
    assert stops_early.with_its_accuracy(replace(subject, accuracy=1e-9), z) is None


def test_a_formula_that_is_off_has_no_accuracy():
    formula = of_pair(lambda z: (2 * z, z[:, 0]), lambda x: (x / 2 + 3e-8, x[:, 0]), 2)
    assert stops_early.with_its_accuracy(formula, onp.ones((3, 2))) is None
    fails = of_pair(lambda z: (2 * z, z[:, 0]), lambda x: 1 // 0, 2)
    assert stops_early.with_its_accuracy(fails, onp.ones((3, 2))) is None


def test_how_near_a_round_trip_comes_where_draws_come():
    z = onp.array([[0.5], [4.0], [9.0], [9.1], [1.0]])
    off = onp.array([[1e-3], [8e-3], [2.7e-2], [9.0], [9.0]])
    trial = SimpleNamespace(z=z, back=(z + off,), usable=onp.array([True, True, True, True, False]))
    assert stops_early._came(trial) == pytest.approx(3e-3)
    trial.back[0][2] = 9.0
    assert stops_early._came(trial) == pytest.approx(2e-3)
    trial.usable[:] = False
    assert stops_early._came(trial) == 0.0
    one = lambda a: (a, a[:, 0])  # noqa: E731
    loose = stops_early._with(of_pairs([(one, one)] * 2, 1), 1e-7)
    assert loose.accuracy == 1e-7 and [pair.accuracy for pair in loose.pairs] == [1e-7] * 2
    words = "the round trip is off by 3e-08 where draws come, as when a loop stops early; audited with this accuracy"
    assert stops_early.words_of(2.9e-8) == words


# --- grain ---


def test_the_grain_of_a_network_of_float32_is_its_rounding_and_a_smooth_map_has_none():
    z = onp.random.default_rng(0).normal(size=(9, 2))
    coarse = lambda z: (onp.tanh(z.astype("float32")).astype("float64"), z[:, 0])  # noqa: E731
    smooth = lambda z: (onp.tanh(z), 3 * z[:, 1] ** 2)  # noqa: E731
    back = lambda x: (onp.arctanh(onp.clip(x, -0.999, 0.999)), x[:, 0])  # noqa: E731
    of_x, of_log_det = grain.grain(Trial(of_pair(coarse, back, 2), z), "forward")
    assert 1e-8 < of_x < 1e-6 and of_log_det < 1e-12
    assert max(grain.grain(Trial(of_pair(smooth, back, 2), z), "forward")) < 1e-11

    def refuses(z):
        if not onp.isin(z, asked).all():
            raise ValueError("not this one")
        return z, z[:, 0]

    asked = z
    trial = Trial(of_pair(refuses, back, 2), z)
    vars(trial)["numeric"] = (onp.stack([onp.eye(2)] * 9), None, onp.zeros((9, 2)), None)
    assert grain.grain(trial, "forward") == (0.0, 0.0)


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_the_grain_is_the_median_of_usable_rows_and_the_largest_of_several_steps(direction):
    calls = []
    rows = onp.array([[0.5, 4.0]] * 5)

    def apply(way, a):
        calls.append((way, a - rows))
        k = len(calls)
        off = onp.array([[1.0], [2.0], [3.0], [50.0], [onp.nan]]) * k
        return 2 * a + off, 7 + 3 * (a - rows).sum(axis=1) + 10 * off[:, 0]

    usable = onp.array([True, True, True, False, True])
    numeric = (onp.stack([2 * onp.eye(2)] * 5), None, onp.full((5, 2), 3.0), None)
    trial = SimpleNamespace(usable=usable, x=2 * rows, back=(2 * rows,), apply=apply)
    trial.numeric_of, trial.input = (lambda way: numeric), (lambda way: rows)
    trial.claimed = lambda way: onp.full(5, 7.0)
    found = grain.grain(trial, direction)
    assert found == pytest.approx((8.0, 80.0)) and [way for way, _ in calls] == [direction] * 4
    assert all(onp.allclose(onp.abs(d), [1e-7, 4e-7]) for _, d in calls)
    assert any((d > 0).any() and (d < 0).any() for _, d in calls)  # each number has a sign of its own
