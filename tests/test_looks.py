"""Looks of the audit, each at a small map made by hand: what it sees there, and what it does not.

A look that fails is passed over, so that a mistake in it only makes a name vaguer. Here it is asked by itself.
"""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check import Mistake, report
from nfscratch.check.diagnosis import (
    chain_log_det,
    gathered,
    spline_line,
    wrong_affine,
    wrong_chain,
    wrong_line_search,
    wrong_log_det,
    wrong_passes,
    wrong_rows,
    wrong_spline,
    wrong_terms,
)
from nfscratch.check.diagnosis.recorded import Record
from nfscratch.check.finding import Outcome
from nfscratch.check.letters import bridge, gradients, jacobian, onto, sample_statistics
from nfscratch.check.pairs import of_pair
from nfscratch.check.repair import expressions
from nfscratch.check.repair.operands import operands
from nfscratch.check.trial import Trial


def rng(seed=0):
    return onp.random.default_rng(seed)


def trial_of(forward, inverse=None, dim=2, n=40, seed=0, **declared):
    """A trial of two functions without log_dets."""
    zero = lambda f: None if f is None else lambda a: (f(a), onp.zeros(len(a)))  # noqa: E731
    subject = of_pair(zero(forward), zero(inverse or forward), dim, **declared)
    return Trial(subject, rng(seed).normal(size=(n, dim)))


# --- an affine map and its wrong inverses ---


def affine_columns(wrong):
    """x = d z + t, with d and t that differ from row to row; back = wrong(x, d, t)."""
    z, d, t = rng().normal(size=(3, 12, 3))
    d = onp.exp(d)
    x = d * z + t
    back = wrong(x, d, t)
    columns = SimpleNamespace(x=x, z=z, back=back, J=d[:, :, None] * onp.eye(3), order=[0, 1, 2])
    columns.wrong = onp.array([True, True, True])
    return columns


WRONG = {
    Mistake.WRONG_ORDER: [lambda x, d, t: x / d - t, lambda x, d, t: (x - t / d) / d],
    Mistake.MULTIPLIES: [
        lambda x, d, t: (x - t) * d,
        lambda x, d, t: x * d + t,
        lambda x, d, t: x * d - t,
        lambda x, d, t: x * d - t / d,
        lambda x, d, t: (x - t / d) * d,
    ],
    Mistake.SCALE_NOT_UNDONE: [lambda x, d, t: x - t, lambda x, d, t: x - t / d],
    Mistake.SHIFT_NOT_UNDONE: [lambda x, d, t: x / d, lambda x, d, t: (x + t) / d],
}


@pytest.mark.parametrize(("mistake", "wrong"), [(m, f) for m, each in WRONG.items() for f in each])
def test_each_wrong_inverse_of_an_affine_map_has_its_name(mistake, wrong):
    assert wrong_affine.affine(affine_columns(wrong)) is mistake


# --- what a chain's layer does where inverse does nothing ---


@pytest.mark.parametrize(
    ("forward", "mistake"),
    [
        (lambda z: z[:, [2, 0, 1]], Mistake.PERMUTATION),
        (lambda z: z * onp.array([2.0, 0.5, 3.0]), Mistake.SCALE_NOT_UNDONE),
        (lambda z: -z, Mistake.SCALE_NOT_UNDONE),
        (lambda z: z + onp.array([0.3, 0.0, -1.0]), Mistake.SHIFT_NOT_UNDONE),
        (lambda z: 2 * z + 1, Mistake.LAYER_NOT_UNDONE),
        (lambda z: z @ onp.array([[0.5, 0.5, 0.0], [0.5, -0.5, 0.0], [0.0, 0.0, 1.0]]), Mistake.LAYER_NOT_UNDONE),
        (lambda z: z[:, [0, 0, 1]] - z[:, [0, 0, 2]] + z[:, [1, 2, 0]], Mistake.LAYER_NOT_UNDONE),
        (lambda z: z + z**3, Mistake.LAYER_NOT_UNDONE),
    ],
)
def test_a_layer_that_is_passed_over_is_named_by_what_it_does(forward, mistake):
    assert wrong_chain._passed_over(trial_of(forward, lambda x: x, dim=3)) is mistake


def test_a_layer_that_is_undone_is_not_passed_over():
    assert wrong_chain._passed_over(trial_of(lambda z: 2 * z, lambda x: x / 2, dim=3)) is None


# --- splines along a line ---


def bent(z):
    """Quotients of quadratics between whole numbers; they meet with one slope."""
    u, k = z % 1, onp.floor(z)
    rise = 1 + 0.5 * onp.sin(k)
    return onp.cumsum([1 + 0.5 * onp.sin(j) for j in range(-20, 20)])[k.astype(int) + 19] + rise * u * u / (
        u * u + (1 - u) ** 2 + u * (1 - u)
    )


def corners(z):
    return onp.interp(z, onp.arange(-4, 5), onp.array([-9.0, -5, -4, -2.5, -0.5, 0.5, 3, 3.2, 7]))


@pytest.mark.parametrize(
    ("f", "quotients", "straight"),
    [
        (bent, True, False),
        (corners, False, True),
        (onp.sinh, False, False),
        (lambda z: 2 * z, False, False),
        (lambda z: onp.where(z < 0.4, z, 3 * z - 0.8), False, False),
    ],
)
def test_the_pieces_of_a_spline_are_seen_along_a_line(f, quotients, straight):
    trial = trial_of(f, dim=1)
    assert spline_line.is_rational_quadratic(trial) == quotients
    assert spline_line.is_piecewise_linear(trial) is straight
    assert spline_line.is_piecewise_linear(trial_of(lambda z: 1e4 + f(z), dim=1)) is straight


@pytest.mark.parametrize(
    ("domain", "ends"),
    [((None, None), (-3, 3)), ((0.5, 0.75), (0.5, 0.75)), ((1.0, None), (1, 7)), ((None, 1.0), (-5, 1))],
)
def test_the_line_spans_the_domain_or_six_numbers_of_it(domain, ends):
    assert spline_line.span(trial_of(onp.copy, domain=domain)) == ends
    inner = spline_line.inner(trial_of(onp.copy, domain=domain), 50)
    assert (inner > ends[0]).all() and (inner < ends[1]).all() and onp.ptp(inner) > 0.9 * (ends[1] - ends[0])


def test_a_line_moves_the_last_variable_that_is_bent_and_no_other():
    trial = trial_of(lambda z: z * onp.array([1.0, 2, 3]) + onp.array([0, 1, 0]) * z**3, dim=3)
    assert spline_line.variable(trial) == 1
    assert spline_line.variable(trial_of(onp.copy, dim=3)) == 2
    line = spline_line.along(trial, 1, onp.array([7.0, 8.0]), onp.array([1.0, 2.0, 3.0]))
    assert line.z.tolist() == [[1.0, 7.0, 3.0], [1.0, 8.0, 3.0]]


def test_a_piece_of_a_spline_solves_its_quadratic_and_values_beyond_its_top_have_no_root():
    """x = p / q about the centre c, in one piece; of p - v q = 0 there is a root up to the piece's own maximum."""
    c = 0.5
    f = lambda z: (1 - 2 * (z - c) ** 2) / (1 + (z - c) ** 2)  # noqa: E731    the largest value is 1, at c
    trial = trial_of(f, dim=1)
    row = onp.zeros(1)
    for value, wanted in ((0.5, True), (0.98, True), (1.02, False), (1.5, False), (-1.0, True)):
        p, q, solvable = wrong_spline._fit(trial, row, 0, c + 0.2, value)
        assert solvable == wanted
        root = c + ((1 - value) / (2 + value)) ** 0.5 if wanted else c
        assert not wanted or abs(p(root) - value * q(root)) < 1e-6 * (abs(p(root)) + abs(value * q(root)))


# --- passes ---


def test_a_pass_finds_the_root_of_each_variable_with_the_others_as_they_stand():
    f = lambda v: onp.stack([2 * v[:, 0] + onp.tanh(v[:, 0]), v[:, 1] * onp.exp(v[:, 0]) + v[:, 0]], axis=1)  # noqa: E731
    z, start = 3 * rng().normal(size=(9, 2)), rng(1).normal(size=(9, 2))
    given = f(z)
    found = wrong_passes._pass(f, start, given)
    close(found[:, 0], z[:, 0], 1e-9)
    close(found[:, 1], (given[:, 1] - start[:, 0]) / onp.exp(start[:, 0]), 1e-9)
    far = wrong_passes._pass(lambda v: 1e6 * (v + 0.3 * onp.sin(v)), onp.zeros((3, 2)), onp.full((3, 2), 3e7))
    close(far + 0.3 * onp.sin(far), onp.full((3, 2), 30.0), 1e-9)


def test_a_pass_ends_where_its_steps_are_small_beside_the_root():
    calls = []

    def f(v):
        calls.append(len(v))
        return 1e6 * onp.arcsinh(1e-6 * v)

    roots = onp.linspace(0.7e6, 1.3e6, 6).reshape(3, 2)
    close(wrong_passes._pass(f, onp.zeros((3, 2)), f(roots)), roots, 1e-12)
    assert len(calls) < 11  # 9: to go on until no step is left takes 12


def reading(what):
    """x_i = d_i(x_<i) z_i + t_i(x_<i); inverse asks d and t at `what`: its own result, or x."""

    def scale_and_shift(v):
        return onp.exp(onp.stack([0 * v[:, 0], onp.tanh(v[:, 0])], 1)), onp.stack([0 * v[:, 0] + 1, v[:, 0]], 1)

    def forward(z):
        x = z.copy()
        x[:, 0] = z[:, 0] + 1
        d, t = scale_and_shift(x)
        x[:, 1] = d[:, 1] * z[:, 1] + t[:, 1]
        return x

    def inverse(x):
        z = x - 1
        d, t = scale_and_shift({"result": z, "x": x, "half": 0.5 * z}[what])
        z[:, 1] = (x[:, 1] - t[:, 1]) / d[:, 1]
        return z

    return trial_of(forward, inverse, n=30)


@pytest.mark.parametrize(("what", "mistake"), [("result", Mistake.CHANGED_HALF), ("half", None)])
def test_an_inverse_that_reads_its_own_result_is_told_from_one_that_reads_something_else(what, mistake):
    trial = reading(what)
    assert wrong_passes.reads_result(wrong_passes.Columns(trial, onp.ones(30, bool))) is mistake


# --- log_dets that were added up ---


@pytest.mark.parametrize(
    ("a", "b", "are"),
    [
        ([1.0, 2.0, onp.nan], [1.0, 2.0, 3.0], True),
        ([1.0, 2.0], [1.0, 2.1], False),
        ([1e6, 0.0], [1e6 + 1, 0.0], True),
        ([onp.nan] * 3 + [1.0], [1.0] * 4, False),
        ([onp.nan] * 2 + [1.0] * 2, [1.0] * 4, True),
        ([0.0, 1.0], [1e-4, 1.0], False),
        ([gathered.CLOSE], [0.0], True),
    ],
)
def test_two_log_dets_are_alike_as_far_as_finite_differences_tell(a, b, are):
    assert gathered.alike(onp.array(a), onp.array(b)) is are


def sums_of(steps, claim, loop):
    """Of a loop with these log_dets, a row of them for each turn."""
    true = onp.concatenate([onp.zeros((1, 5)), onp.cumsum(steps, axis=0)])
    sums = gathered.Gathered.__new__(gathered.Gathered)
    sums.marks = [gathered.Mark(i, t) for i, t in enumerate(true)]
    sums.side, sums.claim, sums.true = SimpleNamespace(loops=lambda: [loop], __len__=None), claim, true[-1]
    sums._turns = lambda: [list(zip(sums.marks, sums.marks[1:], strict=False))]
    return sums


def test_a_claim_that_is_the_last_turn_of_a_loop_is_seen_and_turns_that_do_nothing_are_not_counted():
    steps = rng().normal(size=(4, 5))
    steps[2] = 0
    assert sums_of(steps, steps[-1], [0, 1, 2, 3, 4])._is_last_turn()
    assert sums_of(steps, steps[0], [0, 1, 2, 3, 4])._is_last_turn()
    assert not sums_of(steps, steps[1], [0, 1, 2, 3, 4])._is_last_turn()
    assert not sums_of(steps[:1], steps[0], [0, 1])._is_last_turn()
    assert not sums_of(onp.stack([steps[0], 0 * steps[0]]), steps[0], [0, 1, 2])._is_last_turn()
    assert not sums_of(onp.stack([0 * steps[0], steps[0]]), steps[0], [0, 1, 2])._is_last_turn()


@pytest.mark.parametrize(("exchanged", "named"), [(None, "a suspect"), ((1, 2), "a suspect"), ((2, 3), "the exchange")])
def test_an_exchange_is_looked_at_where_it_is_none_of_the_suspects(exchanged, named, monkeypatch):
    """A chain of three steps; the second one is suspected, and nothing more is known of it."""
    marks = [SimpleNamespace(boundary=i) for i in range(4)]
    sums = SimpleNamespace(
        claim=onp.ones(4), true=onp.zeros(4), known=marks, sums={}, missing=lambda: None, suspects=lambda: [(1, 2)],
        side=SimpleNamespace(step=lambda *at: None),
    )  # fmt: skip
    formula = chain_log_det.Mistake.LOG_DET_FORMULA
    found = {(1, 2): ("a suspect", formula), (2, 3): ("the exchange", Mistake.SIGN)}
    monkeypatch.setattr(chain_log_det, "Gathered", lambda side: sums)
    monkeypatch.setattr(chain_log_det, "_is_one_layer", lambda *_: False)
    monkeypatch.setattr(chain_log_det, "_of_step", lambda direction, chain, trials, step, *_: found[step])
    other = SimpleNamespace(step=exchanged, claims=lambda: None, boundaries=[])
    monkeypatch.setattr(chain_log_det, "Exchanged", lambda sums: other)
    chain = SimpleNamespace(forward=None, inverse=None)
    assert chain_log_det._of_chain("forward", chain, [None])[0] == named


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_a_layer_that_is_taken_out_of_a_chain_has_its_own_inverse(direction, monkeypatch):
    """A chain of h + k for k = 1, 2, 3: boundary k of forward is boundary 3 - k of inverse."""
    taken = []
    monkeypatch.setattr(chain_log_det, "of_pair", lambda f, g, dim: taken.append((f, g)))
    monkeypatch.setattr(chain_log_det, "_samples", lambda *_: [])
    up = SimpleNamespace(step=lambda i, j: lambda a: (a + sum(range(i + 1, j + 1)), 0.0))
    down = SimpleNamespace(step=lambda i, j: lambda a: (a - sum(3 - k for k in range(i, j)), 0.0))
    chain = SimpleNamespace(
        forward=up, inverse=down, matched=[(3, 0), (2, 1), (1, 2), (0, 3)], subject=SimpleNamespace(dim=1), rows=[]
    )
    monkeypatch.setattr(chain_log_det, "_words", lambda *_: "")
    call = up.step(1, 2) if direction == "forward" else down.step(1, 2)
    chain_log_det._of_step(direction, chain, [], (1, 2), call, [0, 3])
    forward, inverse = taken[0]
    assert forward(5.0)[0] == 7.0 and inverse(7.0)[0] == 5.0


# --- runs that are recorded ---


def twice_through_a_loop(z):
    a = z
    for k in range(2):
        a = a + 1.0
        b = 2.0 * a + k
    return b, onp.zeros(len(z))


def test_a_record_marks_the_lines_at_which_a_loop_goes_back():
    record = Record(twice_through_a_loop, onp.ones((3, 2)))
    first = twice_through_a_loop.__code__.co_firstlineno
    turned = {(line - first, met) for life in record.lives for _, line, met in life.turns}
    assert turned == {(2, 2), (2, 3)}  # the head of the loop, at its second and third visit
    assert all(len(life.places) >= len(life.turns) for life in record.lives)
    close(record.y, onp.full((3, 2), 7.0), 0)


# --- rows ---


def remembers(f, n=6):
    z = rng().normal(size=(n, 2))
    return wrong_rows._remembers(trial_of_log_det(f, z), "forward")


def trial_of_log_det(f, z):
    return Trial(of_pair(f, f, 2), z)


def test_log_dets_of_an_earlier_call_are_told_from_those_of_the_batch():
    kept = rng(1).normal(size=6)
    assert remembers(lambda z: (z, kept[: len(z)]))
    assert not remembers(lambda z: (z, z.sum(axis=1)))
    assert not remembers(lambda z: (z, onp.zeros(len(z))))
    assert not remembers(lambda z: (z, onp.where(onp.arange(len(z)) < 2, 1.0, 2.0)))
    assert not remembers(lambda z: (z, onp.float64(1.0)))
    assert not remembers(lambda z: (z, kept[:, None] * onp.ones((1, 2))))


# --- gradients ---


def test_a_gradient_in_float32_is_not_compared_with_differences_and_that_is_a_pass_of_letter_G():
    subject = SimpleNamespace(dtype=onp.dtype("float32"))
    trial = SimpleNamespace(subject=SimpleNamespace(at=lambda rows: subject))
    before, gradients._ordinary = gradients._ordinary, lambda trial, direction: (onp.arange(2), onp.zeros((2, 2)))
    try:
        found = gradients._directional(trial, "inverse", rng())
    finally:
        gradients._ordinary = before
    assert (found.letter, found.what) == ("G", "gradient of inverse") and found.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("ends", "size"), [((-onp.inf, onp.inf), 1.0), ((0.0, 1.0), 0.1), ((0.0, onp.inf), 1.0), ((0.0, 100.0), 1.0)]
)
def test_a_step_of_the_input_has_the_size_of_its_interval(ends, size):
    subject = SimpleNamespace(ends=lambda direction: ends)
    steps = gradients._step_inside(subject, "forward", onp.zeros((4000, 1)), rng())
    assert abs(steps.std() - size) < 0.05 * size


def dependence(which, output, whole):
    evidence = {"function": which, "which": output, "whole": onp.array(whole), "fresh": False, "rows": [0, 1]}
    trial = SimpleNamespace(
        subject=SimpleNamespace(context=None), input=lambda direction: onp.zeros((3, 2)),
        apply=lambda direction, a, rows: (a, onp.full(len(a), 0.7)),
    )  # fmt: skip
    case = SimpleNamespace(finding=SimpleNamespace(evidence=evidence), trial=trial)
    return wrong_rows.name_dependence(case, []).mistake


def test_one_log_det_for_all_rows_is_a_sum_over_the_batch_and_several_are_not():
    assert dependence("forward", 1, [2.0, 2.0, 2.0]) is Mistake.SUMMED_OVER_BATCH
    assert dependence("inverse", 1, [2.0, 2.0, 2.0]) is Mistake.SUMMED_OVER_BATCH
    assert dependence("forward", 1, [2.0, 2.5, 2.0]) is Mistake.DEPENDS_ON_BATCH


# --- constants ---


@pytest.mark.parametrize(
    ("each", "mistake"),
    [(onp.log(256), Mistake.LEVELS_MISSING), (0.5 * onp.log(2 * onp.pi), Mistake.CONSTANT_OF_BASE)],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_log_det_that_is_off_by_a_known_constant_for_each_variable_is_named(each, mistake, sign):
    subject = SimpleNamespace(domain=(-onp.inf, onp.inf), codomain=(-onp.inf, onp.inf))
    samples = []
    for dim in (2, 5):
        t = rng(dim).normal(size=8)
        samples.append(SimpleNamespace(trial=SimpleNamespace(subject=subject), dim=dim, t=t, c=t + sign * dim * each))
    assert wrong_log_det._by_constant(samples) is mistake


@pytest.mark.parametrize("constant", [0.0, 2.5, -4.0])
def test_the_constant_that_a_density_lacks_is_fitted(constant):
    z = rng().normal(size=(4000, 2))
    found = bridge.fitted_shift(z, lambda z: -0.5 * onp.sum(z * z, axis=1) + constant, rng(1))
    assert abs(found + constant + onp.log(2 * onp.pi)) < 0.05


@pytest.mark.parametrize("centre", [0.0, 3.0])
def test_solutions_that_stop_as_far_from_the_start_are_at_the_end_of_a_bracket(centre):
    a, right = onp.full(12, centre), centre + onp.linspace(-9, 9, 12)
    s = onp.clip(right, centre - 4, centre + 4)
    assert wrong_line_search._is_end(s, a, right)
    assert not wrong_line_search._is_end(onp.where(s == right, s, 0.9 * s + 0.01 * onp.arange(12)), a, right)


# --- rays, lags and rounding ---


def test_an_x_that_stops_growing_is_seen_along_rays_of_four_scales():
    """The last one of float64 is at 1e154. What grows at one of them grows."""
    scales = []

    def seen(f):
        return trial_of(lambda z: scales.append(float(onp.log10(onp.abs(z).max()))) or f(z))

    found = onto.check_growth(seen(lambda z: 3 * onp.tanh(z)), rng())
    assert not found.ok and found.symptom is onto.Symptom.STOPS_GROWING and "e+15" in found.at
    assert [round(scale) for scale in scales] == pytest.approx([3, 6, 77, 154], abs=1)
    late = lambda z: onp.where(onp.abs(z) > 1e100, z, 3 * onp.tanh(z))  # noqa: E731
    early = lambda z: onp.sign(z) * onp.minimum(onp.abs(z), 1e5)  # noqa: E731
    assert onto.check_growth(seen(late), rng()).ok and onto.check_growth(seen(early), rng()).ok


@pytest.mark.parametrize("lag", [1, 5, 17])
def test_the_lag_at_which_rows_depend_is_named(lag):
    e = rng().normal(size=(400, 2))
    value, allowed, words = sample_statistics.correlation_of_rows(e + onp.roll(e, lag, axis=0))
    assert value > allowed and words == f"rows i and i + {lag}"


def test_rounding_is_allowed_where_the_claim_is_finite_and_nowhere_else():
    trial = trial_of(lambda z: 2 * z)
    J, spread = onp.tile(2 * onp.eye(2), (3, 1, 1)), onp.zeros((3, 2, 2))
    claimed = onp.array([onp.log(4.0), 1e6, onp.nan])
    true, allowed = jacobian.log_abs_det(J, spread, claimed, trial, tolerance=1e-6)
    close(true, onp.full(3, onp.log(4.0)), 1e-12)
    assert allowed[2] == 1e-6 and allowed[1] > 1e-6 + 1e6 * 2e-16 and allowed[1] < 1e-3


def test_no_log_det_is_near_an_infinite_one_and_comparing_them_is_no_warning():
    infinite = onp.array([onp.inf, -onp.inf])
    for claim in (infinite, -infinite, onp.zeros(2)):
        assert not wrong_terms.near(claim, infinite).any()
    assert wrong_terms.near(onp.array([1.0, 2.0]), onp.array([1.0, 2.1])).tolist() == [True, False]


# --- reports ---


def test_a_wrong_entry_of_a_jacobian_is_marked_and_a_right_one_is_not():
    J, claimed = onp.array([[1.0, 2.0]]), onp.array([[1.0, 2.5]])
    assert report._entry(J, claimed, 0, 0) == "+1.0000" and report._entry(J, None, 0, 1) == "+2.0000"
    assert report._entry(J, claimed, 0, 1) == "[bold red]+2.5000 / +2.0000[/]"
    assert "bold red" in report._entry(J, onp.array([[onp.nan, 2.0]]), 0, 0)
    assert report._entry(1e6 * J, 1e6 * J + 1, 0, 0) == "+1000000.0000"


# --- repairs ---


def test_operands_of_a_function_hold_arguments_of_calls_and_no_functions_that_are_called():
    tree = ast.parse("def f(z, w):\n    return np.tanh(z @ w) + g(w)\n")
    met = [
        SimpleNamespace(function=tree.body[0], node=child, parent=node, field=field)
        for node in ast.walk(tree)
        for field, value in ast.iter_fields(node)
        for child in (value if isinstance(value, list) else [value])
        if isinstance(child, ast.AST)
    ]
    values = {"z": onp.zeros((3, 2)), "other": onp.zeros(2)}
    pool = operands(met, tree.body[0], SimpleNamespace(values=values, knows=values.__contains__))
    texts = {ast.unparse(node) for node in pool}
    assert {"z", "w", "z @ w", "np.tanh(z @ w)", "g(w)", "other"} <= texts
    assert not texts & {"np", "np.tanh", "g"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("z[i]", {"z[i + 1]", "z[i - 1]"}),
        ("z[2]", {"z[3]", "z[1]"}),
        ("z[:, k]", {"z[:, k + 1]", "z[:, k - 1]"}),
        ("z[i, 3]", {"z[i + 1, 3]", "z[i - 1, 3]", "z[i, 4]", "z[i, 2]"}),
        ("z[:]", set()),
    ],
)
def test_an_index_is_moved_by_one_and_all_else_of_the_subscript_stays(before, after):
    node = ast.parse(before, mode="eval").body
    assert {ast.unparse(new) for new in expressions._indices(node)} == after
