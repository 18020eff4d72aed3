"""The small functions that add up: layers' log_dets between the boundaries of a run, and integrals of densities."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from scipy.stats import norm

from nfscratch.check import Mistake
from nfscratch.check.diagnosis.boundaries import equal
from nfscratch.check.diagnosis.gathered import Gathered, Mark
from nfscratch.check.finding import Outcome
from nfscratch.check.letters import integral, last_digits, scatter

N = 5
STEPS = onp.random.default_rng(0).normal(size=(6, N))


def gathered(used, loops=(), known=None, returned=()):
    """A run with a boundary after each of the steps, whose claim is the sum of the steps that are used."""
    g = object.__new__(Gathered)
    true = onp.concatenate([onp.zeros((1, N)), onp.cumsum(STEPS, axis=0)])
    g.n, g.true, g.claim = N, true[-1], STEPS[used].sum(axis=0)
    g.error = g.claim - g.true
    g.marks = [Mark(i, true[i]) for i in range(7)]
    states = [SimpleNamespace(order=10 * i, value=onp.zeros((N, 2))) for i in range(7)]
    g.side = SimpleNamespace(
        loops=lambda: loops, all=states, record=SimpleNamespace(returned=list(returned)), __len__=lambda self: 7
    )
    if known is not None:
        claims = onp.concatenate(
            [onp.zeros((1, N)), onp.cumsum([s * (k in used) for k, s in enumerate(STEPS)], axis=0)]
        )
        for k in known:
            g.marks[k].claim = claims[k]
        vars(g)["known"] = [g.marks[k] for k in known]
    return g


ALL = [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("used", "known", "suspects"), [
    ([0, 1, 3, 4, 5], ALL + [6], [(2, 3)]), ([0, 1, 2, 3, 4], ALL + [6], [(5, 6)]),
    ([1, 2, 3, 4, 5], ALL + [6], [(0, 1)]),
    ([0, 1, 3, 4, 5], [0, 1, 5, 6], [(1, 5)]), ([0, 3, 4, 5], [0, 1, 2, 3, 4, 6], [(1, 3), (1, 2)]),
    ([0, 1, 3, 4], ALL + [6], [(2, 6), (2, 3)]),
])  # fmt: skip
def test_where_a_sum_goes_wrong(used, known, suspects):
    assert gathered(used, known=known).suspects() == suspects


def test_the_first_wrong_turn_of_a_loop():
    g = gathered([0, 5], loops=[[1, 2, 3, 4], [6]], known=ALL + [6])
    assert g._wrong_turns() == [(1, 2)] and g._wrong_steps() == [(1, 2)]
    assert g.suspects() == [(1, 2), (1, 5)]
    assert gathered(ALL, loops=[[1, 2, 3]], known=ALL + [6])._wrong_turns() == []


@pytest.mark.parametrize(("used", "mistake"), [
    ([5], "LAST_LAYER"), ([0], "LAST_LAYER"), ([0, 1, 3, 4, 5], "LAYER_LEFT_OUT"), ([1, 2, 3, 4, 5], "LAYER_LEFT_OUT"),
    (ALL, None), ([0, 5], None),
])  # fmt: skip
def test_which_layers_were_added_up(used, mistake):
    g = gathered(used)
    assert g.missing() is (Mistake[mistake] if mistake else None)


def test_of_two_layers_the_first_alone_leaves_one_out():
    g = gathered([0])
    g.marks = g.marks[:3]
    g.true, g.claim = g.marks[2].true, STEPS[0]
    assert g.missing() is Mistake.LAYER_LEFT_OUT
    g.claim = STEPS[1]
    assert g.missing() is Mistake.LAST_LAYER
    g.marks = g.marks[:2]
    assert g.missing() is None


@pytest.mark.parametrize(
    ("order", "value", "zero"), [(20, 0.0, False), (21, 0.0, True), (30, 0.0, True), (31, 0.0, False), (25, 1.0, False)]
)
def test_a_call_that_gave_a_log_det_of_0(order, value, zero):
    g = gathered(ALL, returned=[(order, onp.array([0.0, value]))])
    assert g.gives_zero(2, 3) is zero
    left = gathered([0, 1, 3, 4, 5], returned=[(order, onp.array([0.0, value]))])
    assert left.missing() is (None if zero else Mistake.LAYER_LEFT_OUT)


@pytest.mark.parametrize(("changed", "inside"), [
    ([{0}, {1}, {2}], {2, 3}), ([{0}, {1}, {0}], set()), ([{0}, {1, 2}, {3}], set()), ([{0}, set(), {1}], set()),
])  # fmt: skip
def test_columns_of_one_layer_lie_between_the_ends_of_a_loop(changed, inside):
    steps = {(1, 2): changed[0], (2, 3): changed[1], (3, 4): changed[2]}
    side = SimpleNamespace(loops=lambda: [[1, 2, 3, 4]])
    g = SimpleNamespace(side=side, _changed=lambda i, j: steps[i, j])
    assert Gathered._columns_of_one_layer(g) == inside


def test_the_columns_that_a_step_changes():
    before = onp.arange(6.0).reshape(2, 3)
    after = before + onp.array([[0, 0, 1e-9], [-1, 0, 0]])
    side = SimpleNamespace(all=[SimpleNamespace(value=before), SimpleNamespace(value=after)])
    assert Gathered._changed(SimpleNamespace(side=side), 0, 1) == {0, 2}


@pytest.mark.parametrize("size", [0.0, 4.0, -4.0])
def test_states_are_equal_up_to_rounding(size):
    b = onp.array([1.0, size])
    for tolerance in (1e-9, 1e-3):
        for share, same in ((0.9, True), (-0.9, True), (1.1, False), (-1.1, False)):
            a = b + onp.array([0.0, share * tolerance * (1 + abs(size))])
            assert equal(a, b, tolerance) is same and (tolerance != 1e-9 or equal(a, b) is same)


def test_rows_that_are_finite_in_neither_do_not_count():
    some, none = onp.array([1.0, onp.nan]), onp.array([onp.nan, onp.inf])
    assert equal(some, onp.array([1.0, -onp.inf])) and not equal(some, onp.array([1.0, 2.0]))
    assert not equal(onp.array([1.0, 2.0]), some) and not equal(none, none)


# --- integrals ---


def test_the_trapezoid_rule_on_a_grid():
    low, high = onp.array([0.0, -1.0]), onp.array([2.0, 3.0])
    plane = lambda x: onp.log(3 + x[:, 0] + 2 * x[:, 1])  # noqa: E731
    close(integral.integral(plane, low, high, 5), 3 * 8 + 2 * 4 + 2 * 4 * 2, 1e-12)
    square = lambda x: onp.log(x[:, 0] ** 2)  # noqa: E731
    with onp.errstate(divide="ignore"):
        close(integral.integral(square, low[:1], high[:1], 3), 0.5 * 0 + 1 + 0.5 * 4, 1e-12)


def test_a_settled_integral_in_words_and_numbers():
    found = integral._settled(1.25, 201, 1e-3)
    assert (found.what, found.at) == ("integral of the density, 201 points a side", "integral 1.2500")
    assert (found.error, found.tolerance) == (0.25, 1e-3)
    assert found.evidence == {"integral": 1.25, "yours": 1.25, "expected": 1.0}


@pytest.mark.parametrize(
    ("factor", "outcome"),
    [(1.0, "PASSED"), (1.0009, "PASSED"), (1.0011, "FAILED"), (0.009, "INCONCLUSIVE"), (0.011, "FAILED")],
)
def test_how_far_an_integral_may_be_from_1(factor, outcome):
    log_p = lambda x: norm.logpdf(x[:, 0]) + onp.log(factor)  # noqa: E731
    found = integral.integrates_to_one(log_p, -9.0, 9.0)
    assert found.outcome is Outcome[outcome] and found.letter == "N"
    if outcome == "INCONCLUSIVE":
        assert found.at == "grids gave " + ", ".join(["0.0090"] * 4)
    else:
        assert found.what == "integral of the density, 401 points a side"


def test_a_value_that_finer_grids_do_not_give_again_is_none():
    wave = lambda x: norm.logpdf(x[:, 0]) + onp.log(1 + onp.cos(2 * onp.pi * 400 / 18 * x[:, 0]))  # noqa: E731
    assert integral.integrates_to_one(wave, -9.0, 9.0, sizes=(101, 201)).outcome is Outcome.INCONCLUSIVE
    low, high = onp.array([-9.0]), onp.array([9.0])
    log_p = lambda x: norm.logpdf(x[:, 0])  # noqa: E731
    for off, again in ((0.0, True), (0.49e-3, True), (0.51e-3, False), (-0.51e-3, False)):
        assert integral._confirmed(log_p, low, high, 101, 1.0 + off, 1e-3) is again


def test_shifted_grids_are_finer_and_as_wide_as_the_box_and_one_spacing(monkeypatch):
    asked = []
    monkeypatch.setattr(integral, "integral", lambda f, low, high, n: asked.append((low, high, n)) or 1.0)
    box = onp.array([-1.0, 2.0]), onp.array([1.0, 7.0])
    assert integral._confirmed(None, *box, 100, 1.0, 1e-3)
    assert [n for _, _, n in asked] == [124, 132, 142, 146]
    shares = []
    for low, high, n in asked:
        spacing = (box[1] - box[0]) / (n - 2)
        close(high - low, box[1] - box[0] + spacing, 1e-12)
        shares += ((box[0] - low) / spacing).tolist()
    assert len({round(share, 9) for share in shares}) == 8 and 0 < min(shares) < max(shares) < 1


@pytest.mark.parametrize(("values", "sizes", "confirmed", "settled"), [
    ([1.2, 1.0, 1.0, 9.0], 3, False, True), ([1.0, 1.0006, 1.0011, 1.0012], 4, True, True),
    ([1.0, 1.0004, 9.0, 9.0], 2, False, True), ([0.5, 0.5, 0.5, 1.0], 4, False, False),
    ([0.5, 0.5, 9.0, 9.0], 2, True, True), ([0.0, 0.0, 1.0, 1.0], 4, False, True),
    ([1.0012, 1.0009, 9.0, 9.0], 2, False, True),
])  # fmt: skip
def test_the_first_two_grids_that_agree_settle_it(values, sizes, confirmed, settled, monkeypatch):
    left = iter(values)
    monkeypatch.setattr(integral, "integral", lambda *_: next(left))
    monkeypatch.setattr(integral, "_confirmed", lambda f, low, high, n, value, tolerance: confirmed)
    found = integral.integrates_to_one(None, 0, 1, sizes=(1, 2, 3, 4))
    assert list(left) == values[sizes:]
    if settled:
        assert found.evidence["integral"] == values[sizes - 1] and f"{sizes} points" in found.what
    else:
        assert found.outcome is Outcome.INCONCLUSIVE


def test_a_box_holds_the_image_of_a_grid():
    low, high = integral.image_box(lambda z: z * onp.array([2.0, -1.0]) + 1, 2, radius=3.0, n=7)
    close(low, [-5.0, -2.0], 1e-12)
    close(high, [7.0, 4.0], 1e-12)
    close(integral.image_box(lambda z: z, 1), [[-6.0], [6.0]], 1e-12)


@pytest.mark.parametrize(("base", "domain", "ends"), [
    (None, (-onp.inf, onp.inf), (-50.0, 50.0)), (abs, (-onp.inf, onp.inf), (-50.0, 50.0)),
    (abs, (0.0, 1.0), (1e-6, 1 - 1e-6)), (abs, (0.0, onp.inf), (1e-6, 50.0)),
    (abs, (-onp.inf, 30.0), (-50.0, 30 - 3e-5)),
])  # fmt: skip
def test_points_are_kept_inside_of_the_support_of_a_base(base, domain, ends):
    s = SimpleNamespace(base_log_prob=base, domain=domain)
    close(integral._within(s, onp.array([[-50.0], [50.0]])), onp.array(ends)[:, None], 1e-12)


# --- how log|det J| scatters ---


def scattered(monkeypatch, off=(0.0, 9e-3, -9e-3), bad=(False, True, True), twin=None, ends=(-onp.inf, onp.inf)):
    """What is found beside three rows; log|det J| is 5 but for one point of the line through the second bad row."""
    asked = []
    points = onp.array([[0.5, 8.0], [1.0, 2.0], [4.0, 0.5]])

    def log_abs_det(trial, direction, at, rows):
        asked.append((direction, at, rows.tolist()))
        true = onp.full((13, len(set(rows))), 5.0)
        true[6, -1] = 5.25
        true[3, 0] = onp.nan if ends[0] == 0.25 else 5.0
        return true.ravel()

    monkeypatch.setattr(scatter, "_log_abs_det", log_abs_det)
    subject = SimpleNamespace(ends=lambda direction: ends)
    trial = SimpleNamespace(twin=twin, subject=subject, input=lambda direction: points)
    return scatter.scatter(trial, "inverse", onp.array(bad), onp.array(off)), asked, points


def test_noise_is_told_by_fourth_differences_on_a_line_through_each_bad_row(monkeypatch):
    found, asked, points = scattered(monkeypatch)
    close(found, [0.0, 0.0, 6 / 70**0.5 * 6 * 0.25], 1e-12)
    (direction, at, rows), *_ = asked
    assert direction == "inverse" and rows == [1, 2] * 13
    steps = (at.reshape(13, 2, 2) - points[1:]) / (1e-3 * onp.array([[1.0, 2.0], [4.0, 1.0]]))
    close(onp.abs(steps), onp.abs(onp.arange(-6.0, 7.0))[:, None, None] * onp.ones((1, 2, 2)), 1e-9)
    close(steps[0], -steps[-1], 1e-9)
    assert {float(s) for s in onp.round(steps[-1]).ravel()} == {6.0, -6.0}


@pytest.mark.parametrize("more", [
    {"off": (0.0, 9e-3, 0.01)}, {"off": (0.0, -0.011, 0.0)}, {"bad": (False,) * 3}, {"twin": 1},
])  # fmt: skip
def test_a_claim_that_is_off_by_more_is_off_for_another_reason(more, monkeypatch):
    found, asked, _ = scattered(monkeypatch, **more)
    assert found.tolist() == [0.0, 0.0, 0.0] and asked == []


def test_beside_an_end_no_line_is_asked_and_no_number_tells_nothing(monkeypatch):
    found, asked, points = scattered(monkeypatch, ends=(0.25, 4.003))
    assert found[1] == 0.0 and found[2] > 1
    at = asked[0][1].reshape(13, 2, 2)
    assert (at[:, 1] == points[2]).all() and not (at[:, 0] == points[1]).all()
    assert scattered(monkeypatch, off=(0.5, 9e-3, 9e-3))[0][2] > 1  # rows that are not bad do not count


def test_log_abs_det_of_rows_with_finite_slopes():
    J = onp.stack([onp.diag([2.0, -3.0]), onp.diag([onp.nan, 1.0]), onp.eye(2)])
    trial = SimpleNamespace(derivatives=lambda direction, at, rows: (J[rows], None))
    found = scatter._log_abs_det(trial, "forward", None, [2, 1, 0])
    assert onp.isnan(found[1])
    close(found[[0, 2]], [0.0, onp.log(6)], 1e-12)


# --- how far last digits carry ---


class Up:
    """Draws of signs that are all +1."""

    def choice(self, signs, size):
        return onp.full(size, signs[1])


def steps_seen(point, step, answer, eps=1e-6, ends=(-onp.inf, onp.inf)):
    """By how much a number is moved until its value changes."""
    asked = []

    def apply(direction, points):
        asked.append(points - point)
        return answer(points), "log_det"

    trial = SimpleNamespace(subject=SimpleNamespace(eps=eps, ends=lambda direction: ends), apply=apply)
    points = onp.array([[point]])
    last_digits._seen(trial, Up(), "forward", points, answer(points), onp.array([[step]]))
    return [float(a[0, 0]) for a in asked]


@pytest.mark.parametrize(("point", "step", "answer", "steps"), [
    (0.5, 1e-5, lambda a: a, [1e-5]), (0.5, 1e-5, lambda a: 0 * a, [1e-5, 8e-5, 6.4e-4, 5.12e-3, 1e-2]),
    (4.0, 1e-3, lambda a: 0 * a, [1e-3, 8e-3, 4e-2]), (0.5, 1e-5, lambda a: 1.0 * (a > 0.5005), [1e-5, 8e-5, 6.4e-4]),
    (0.5, 2e-3, lambda a: 0 * a, [2e-3, 1e-2]), (0.5, 1e-5, lambda a: onp.zeros(3), [1e-5]),
    (0.5, 5e-2, lambda a: 0 * a, [5e-2]),
])  # fmt: skip
def test_a_number_that_moves_without_effect_moves_eight_times_as_far(point, step, answer, steps):
    close(steps_seen(point, step, answer), steps, 1e-12)


def test_the_shortest_step_is_a_ten_thousandth_of_a_rounding_and_none_leaves_its_interval():
    assert steps_seen(0.0, 0.0, lambda a: 0 * a)[:2] == pytest.approx([1e-10, 8e-10], rel=1e-6)
    assert steps_seen(0.5, 1e-2, lambda a: 0 * a, ends=(0.0, 0.505)) == [0.0]
    points = onp.array([[0.5, 0.5], [0.5, 0.1]])
    moved = last_digits._moved(Up(), points, onp.full((2, 2), 0.2), (0.0, 0.69))
    assert moved.tolist() == points.tolist()
    moved = last_digits._moved(Up(), points, onp.full((2, 2), 0.1), (0.0, 0.69))
    close(moved, points + 0.1, 1e-12)
    moved = last_digits._moved(Up(), points, onp.array([[0.2, 0.1], [0.1, 0.1]]), (0.0, 0.69))
    close(moved, [[0.5, 0.5], [0.6, 0.2]], 1e-12)


def test_last_digits_of_z_and_of_what_forward_answers(monkeypatch):
    asked = []

    def seen(trial, rng, direction, points, value, step):
        asked.append((direction, points, value, step))
        return (points + 0.25, 7.0) if direction == "forward" else (points - onp.array([[0.5, 0.0], [0.0, 3.0]]), 1.0)

    monkeypatch.setattr(last_digits, "_seen", seen)
    z, x = onp.array([[1.0, -2.0], [0.0, 4.0]]), onp.array([[1.25, -1.75], [0.25, 400.0]])
    trial = SimpleNamespace(subject=SimpleNamespace(precision=1e-3), z=z, x=x, there=(x, 5.0), back=(x, 4.0))
    change, of_sum = last_digits._changes(trial, None)
    assert change.tolist() == [0.5, 3.0] and of_sum == 2.0 + 3.0
    assert asked[0][:3] == ("forward", z, x) and asked[1][:3] == ("inverse", x, x)
    close(asked[0][3], 4e-3 * onp.abs(z), 1e-12)
    close(asked[1][3], onp.maximum(onp.abs(z + 0.25 - x), 4e-3 * onp.abs(x)), 1e-12)


def test_the_largest_of_four_draws_counts_sixteen_times(monkeypatch):
    first, second = ([1.0, 2.0], [0.5, 0.0]), ([3.0, onp.nan], [0.0, 0.25])
    draws = iter([tuple(map(onp.array, pair)) for pair in (first, second)] * 2)
    monkeypatch.setattr(last_digits, "_changes", lambda trial, rng: next(draws))
    cost, of_sum = last_digits.cost_of_last_digits([None, None])
    assert cost.tolist() == [48.0, 32.0] and of_sum.tolist() == [8.0, 4.0] and next(draws, None) is None
    monkeypatch.setattr(last_digits, "_changes", lambda trial, rng: 1 // 0)
    assert [a.tolist() for a in last_digits.cost_of_last_digits([None])] == [[0.0], [0.0]]
