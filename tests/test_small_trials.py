"""The trial of a map of known numbers: what rounding may cost, and which points its functions are asked."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

import nfscratch as nf
from nfscratch.check import draws, finite_differences, overflow, rows
from nfscratch.check.pairs import of_pair, of_pairs
from nfscratch.check.trial import Trial, Unusable, of_bijection_at
from nfscratch.check.where_defined import where_defined

EPS = 2.0**-52


def linear(A, c=(0.0, 0.0), inverse=None):
    """x = A z with log_det 7 + c z."""
    A, c = onp.array(A, dtype=float), onp.array(c)
    back = onp.linalg.inv(A) if inverse is None else inverse
    return lambda z: (z @ A.T, 7 + z @ c), lambda x: (x @ back.T, -7 - (x @ back.T) @ c)


def of(A, z, c=(0.0, 0.0), **declared):
    return Trial(of_pair(*linear(A, c), 2, **declared), onp.array(z, dtype=float))


def near(a, b, share=1e-5):
    a, b = onp.asarray(a), onp.asarray(b)
    assert a.shape == b.shape and (onp.abs(a - b) <= share * onp.abs(b)).all(), (a, b)


# --- what rounding may cost ---


@pytest.mark.parametrize(("A", "z", "size", "condition", "back"), [
    ([100.0, 0.5], [0.002, 0.5], 1.0, 200.0, 2.0),  # of z and x below 1
    ([100.0, 0.5], [0.03, 0.5], 3.0, 200.0, 2.0),  # of x, which is not seen larger than it is
    ([100.0, 0.5], [0.0, -40.0], 40.0, 200.0, 2.0),  # of z
    ([1000.0, 10.0], [2.0, 1.0], 200.0, 100.0, 0.1),  # of x in units of z
])  # fmt: skip
@pytest.mark.parametrize(("accuracy", "depth"), [(0.0, 16), (1e-12, 1)])
def test_what_rounding_may_cost_in_z_and_in_x(A, z, size, condition, back, accuracy, depth):
    trial = of(onp.diag(A), [z, [0.0, 0.0]], accuracy=accuracy)
    x, precision = onp.abs(onp.array(A) * z).max(), max(EPS, accuracy)
    allowed = 64 * precision * ((condition + depth) * size + back * max(1.0, x))
    at_0 = 64 * precision * (condition + depth + back)
    near(trial.allowed, [allowed, at_0])
    near(trial.condition, [condition] * 2)
    near(trial.allowed_x, [(max(A) + 1) * allowed, (max(A) + 1) * at_0])


def test_what_rounding_may_cost_in_x_is_that_of_the_widest_sum_of_a_row():
    trial = of([[2.0, -3.0], [0.5, 1.0]], [[0.1, 0.2]])
    near(trial.allowed_x, 6 * trial.allowed)


def test_what_rounding_may_cost_in_log_det():
    trial = of(onp.diag([100.0, 0.5]), [[0.002, 0.5], [0.01, -1.0]], (2.0, -3.0))
    log_det = onp.array([7 + 0.004 - 1.5, 7 + 0.02 + 3])
    near(trial.allowed_log_det, 5 * trial.allowed + 64 * EPS * (200 + 32 + log_det))


@pytest.mark.parametrize(("accuracy", "z", "recoverable"), [
    (5.2e-3, 0.5, True), (5.3e-3, 0.5, False), (5.2e-3, 3.0, True), (5.3e-3, 3.0, False),
])  # fmt: skip
def test_rows_of_which_rounding_leaves_something(accuracy, z, recoverable):
    """64 a ((1 + 1) max(1, z) + max(1, z)) beside max(1, z): a is 1 / 192 = 5.208e-3."""
    assert of(onp.eye(2), [[z, 0.0]], accuracy=accuracy).recoverable.tolist() == [recoverable]


def test_each_row_has_its_own_slopes_and_those_below_1_count():
    cubes = Trial(of_pair(lambda z: (z**3, z[:, 0]), lambda x: (onp.cbrt(x), x[:, 0]), 1), onp.array([[1.0], [2.0]]))
    near(cubes.allowed_x, onp.array([4.0, 13.0]) * cubes.allowed)
    flat = of(onp.diag([0.25, 0.5]), [[1.0, 1.0]])
    near(flat.allowed_x, 1.5 * flat.allowed)


def test_what_differences_cannot_tell_of_log_det_is_allowed_too():
    bend = lambda z: (z.copy(), onp.abs(z[:, 0] - 0.5) + 4 * z[:, 1])  # noqa: E731
    trial = Trial(of_pair(bend, bend, 2), onp.array([[0.5 + 3e-7, 0.1]]))
    J, error, slope, slope_error = trial.derivatives("forward", trial.z)
    assert [a.shape for a in (J, error, slope, slope_error)] == [(1, 2, 2), (1, 2, 2), (1, 2), (1, 2)]
    assert error.max() < 1e-8 and 0.1 < slope_error[0, 0] and slope_error[0, 1] < 1e-8
    terms = 64 * EPS * (trial.condition + 32 + onp.abs(trial.there[1]))
    near(trial.allowed_log_det, (onp.abs(slope) + slope_error).sum(axis=1) * trial.allowed + terms, 1e-12)


def test_what_rounding_may_cost_has_no_end_and_says_so_without_a_warning():
    assert of(onp.diag([1e200, 1e-100]), [[0.5, 0.5]]).allowed == onp.inf
    wide = of(onp.diag([1e180, 1.0]), [[1e-150, 0.0]], (1e200, 0.0))
    assert 1e190 < wide.allowed < 1e200 and wide.allowed_x == onp.inf == wide.allowed_log_det
    nothing = of(onp.eye(2), [[-1.0, 0.0]], base_log_prob=lambda z: onp.log(z[:, 0]))
    assert nothing.allowed_log_prob > 0
    with onp.errstate(all="raise"):
        lost = Trial(of_pair(lambda z: (z * 1e308 * 10, z[:, 0]), lambda x: (x, x[:, 0]), 1), onp.array([[0.5]]))
        assert not onp.isfinite(lost.derivatives("forward", lost.z)[0]).any()


def test_rows_that_lose_as_much_as_they_have_leave_nothing():
    trial = of(onp.eye(2), [[0.5, 0.0]])
    vars(trial)["allowed"] = onp.array([1.0])
    assert trial.recoverable.tolist() == [False]


def test_layers_cost_what_the_way_back_from_each_makes_of_it():
    A, B = onp.diag([4.0, 2.0]), onp.diag([0.25, 8.0])
    trial = Trial(of_pairs([linear(A), linear(B)], 2), onp.array([[1.0, 0.5], [0.1, 0.1]]))
    assert [layer.z.tolist() for layer in trial.layers] == [[[1.0, 0.5], [0.1, 0.1]], [[4.0, 1.0], [0.4, 0.2]]]
    sums = [0.5 * 4 + 1.0 * 8, 0.5 * 1 + 1.0 * 1.6]  # B A is diag(1, 16)
    near(trial._through_layers, sums)
    near(trial.allowed, 64 * EPS * ((16 + 32) * onp.array([8.0, 1.6]) + sums))
    turned = Trial(of_pairs([linear([[1.0, 9.0], [0.0, 1.0]]), linear([[5.0, 0.0], [0.0, 1.0]])], 2), onp.zeros((1, 2)))
    norms = [onp.linalg.norm(onp.linalg.inv(P), 2) for P in ([[1, 9], [0, 1]], [[5, 45], [0, 1]])]
    near(turned._through_layers, [sum(norms)])


def flat_base(slope, low=-onp.inf):
    return lambda z: onp.where(z[:, 0] < low, -onp.inf, slope * z[:, 0] - 2.0)


@pytest.mark.parametrize(("slope", "low", "z"), [(3.0, -9.0, 0.5), (-3.0, -9.0, 0.5), (0.0, -9.0, -2.0)])
def test_what_the_base_makes_of_rounding_in_z(slope, low, z):
    trial = of(onp.eye(2), [[z, 0.1]], base_log_prob=flat_base(slope, low), accuracy=1e-4)
    q = flat_base(slope, low)(trial.z)
    slack = 2 * abs(slope) * trial.allowed + trial.allowed * (1 + abs(z)) * 2 + 64e-4 * onp.abs(q)
    near(trial.slack_of_base(trial.z, q), slack)
    near(trial.allowed_log_prob, trial.allowed_log_det + slack)


@pytest.mark.parametrize(("z", "of_q", "times"), [
    ([0.5, -0.5], [1, -1], 6), ([0.5, -0.5], [1, 1], 0), ([0.0, -0.5], [1, -1], 6), ([0.0, 0.5], [1, -1], 0),
])  # fmt: skip
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_all_of_z_moves_away_from_0_or_towards_it(z, of_q, times, side):
    q = lambda a: onp.maximum(side * 3 * ((a - z) @ onp.array(of_q)), 0.0)  # noqa: E731 - on one side alone
    trial = of(onp.eye(2), [z], base_log_prob=q, accuracy=1e-4)
    near(trial.slack_of_base(trial.z, q(trial.z)), 2 * times * trial.allowed + trial.allowed * 1.5 * 2)


def test_at_an_end_of_its_support_a_base_says_nothing_and_one_that_is_no_number_adds_nothing():
    z = [[0.5, 0.0], [-8.99, 0.0], [-9.5, 0.0], [3.0, 0.0]]
    q = lambda z: onp.where(z[:, 0] > 2, onp.nan, flat_base(1.0, -9.0)(z))  # noqa: E731
    trial = of(onp.eye(2), z, base_log_prob=q, accuracy=1e-4)
    slack = trial.slack_of_base(trial.z, q(trial.z))
    assert onp.isfinite(slack).tolist() == [True, False, True, True]
    near(slack[2:], trial.allowed[2:] * onp.array([10.5, 4.0]) * 2)


# --- what the functions are asked ---


def test_a_result_of_another_shape_cannot_be_used_and_a_log_det_of_one_column_can():
    two = onp.ones((2, 2))
    give = lambda x, log_det: Trial(of_pair(lambda z: (x, log_det), lambda x: (x, x[:, 0]), 2), two).there  # noqa: E731
    for log_det in (onp.array([[3], [4]]), onp.array([3, 4]), [3.0, 4.0]):
        found = give(two, log_det)[1]
        assert found.tolist() == [3.0, 4.0] and found.dtype == onp.float64
    for log_det in (5.0, onp.ones(3), onp.ones((2, 2))):
        assert onp.isnan(give(two, log_det)[1]).all() and give(two, log_det)[1].shape == (2,)
    with pytest.raises(Unusable, match=r"^forward gives shape \(2, 3\)$"):
        give(onp.ones((2, 3)), onp.ones(2))
    backward = Trial(of_pair(lambda z: (z, z[:, 0]), lambda x: (x[:1], x[:, 0]), 2), two)
    with pytest.raises(Unusable, match=r"^inverse gives shape \(1, 2\)$"):
        backward.back  # noqa: B018


def test_a_map_that_writes_into_its_argument_leaves_the_trial_alone_and_may_overflow():
    def forward(z):
        z *= 1e200
        return z * z, z[:, 0]

    trial = Trial(of_pair(forward, forward, 2), onp.ones((2, 2)))
    assert onp.isinf(trial.x).all() and (trial.z == 1).all() and (trial.input("forward") == 1).all()
    assert trial.claimed("forward").tolist() == [1e200] * 2 and trial.input("inverse") is trial.x


def test_the_way_back_is_asked_inside_of_the_codomain_and_there_again_where_it_is_finite():
    asked = {"forward": [], "inverse": []}

    def forward(z):
        asked["forward"].append(z[:, 0].tolist())
        return 1.0 * z, z[:, 0]

    def inverse(x):
        asked["inverse"].append(x[:, 0].tolist())
        return onp.where(x > 0.6, onp.nan, x), -x[:, 0]

    rows = onp.array([[0.25], [1.0], [0.75], [2.0]])
    trial = Trial(of_pair(forward, inverse, 1, codomain=(0.0, 1.0)), rows)
    assert trial.usable.tolist() == [True, False, True, False]
    z, log_det = trial.back
    assert asked["inverse"] == [[0.25, 0.75]] and log_det.tolist()[::2] == [-0.25, -0.75]
    assert onp.isnan(log_det[1::2]).all() and onp.isnan(z[1:]).all() and z[0] == 0.25
    assert trial.claimed("inverse") is log_det
    x, again = trial.again
    assert asked["forward"] == [[0.25, 1.0, 0.75, 2.0], [0.25]] and x[0] == 0.25 and again[0] == 0.25
    assert onp.isnan(x[1:]).all() and onp.isnan(again[1:]).all()
    asked["inverse"].clear()
    open_ended = Trial(of_pair(forward, inverse, 1), rows)
    assert open_ended.back[0].shape == (4, 1) and asked["inverse"] == [[0.25, 1.0, 0.75, 2.0]]
    asked["inverse"].clear()
    lost = Trial(of_pair(lambda z: (1 / z, z[:, 0]), inverse, 1), onp.array([[0.0], [2.0]]))
    assert lost.usable.tolist() == [False, True] and len(lost.back[0]) == 2 and asked["inverse"] == [[onp.inf, 0.5]]
    nothing = Trial(of_pair(forward, inverse, 1, codomain=(5.0, 6.0)), rows)
    assert onp.isnan(nothing.back[0]).all() and nothing.back[1].shape == (4,)
    assert all(onp.isnan(part).all() for part in nothing.numeric_back)


class Rows:
    """x = c z, where each row has its own c."""

    bijection, given, dim, precision, eps, in_shape, codomain = None, True, 2, EPS, EPS, (2,), (-9.0, 9.0)
    dtype, accuracy = onp.dtype("float64"), 0.0

    def __init__(self, c):
        self.c = onp.array(c)

    def at(self, rows):
        return Rows(self.c[onp.asarray(rows) % len(self.c)])

    def shape(self, direction):
        return (2,)

    def forward(self, z):
        return z * self.at(onp.arange(len(z))).c[:, None], z[:, 0]

    def inverse(self, x):
        return x / self.at(onp.arange(len(x))).c[:, None], x[:, 0]


def test_each_row_keeps_its_context_wherever_it_is_asked():
    trial = Trial(Rows([2.0, 3.0, 4.0]), onp.array([[1.0, 1.0], [1.0, 5.0], [1.0, 2.0]]), limit=0.5)
    assert trial.limit == 0.5 and trial.usable.tolist() == [True, False, True]
    assert trial.apply("forward", trial.z[[2]], [2])[0].tolist() == [[4.0, 8.0]]
    assert trial.back[0][[0, 2]].tolist() == [[1.0, 1.0], [1.0, 2.0]]
    assert trial.again[0][[0, 2]].tolist() == [[2.0, 2.0], [4.0, 8.0]]
    slope = lambda direction, rows: trial.derivatives(direction, trial.z[rows], rows)[0]  # noqa: E731
    close(slope("forward", [2, 0]), onp.stack([4 * onp.eye(2), 2 * onp.eye(2)]), 1e-9)
    close(trial.numeric_back[0][[0, 2]], onp.stack([onp.eye(2) / 2, onp.eye(2) / 4]), 1e-9)


def test_what_came_back_is_asked_again_as_it_is():
    trial = of(onp.diag([2.0, 3.0]), [[1.0, 2.0], [3.0, 4.0]])
    close(trial.again[0], trial.x, 1e-12)
    back = lambda x: (onp.where(x == 6.0, onp.nan, x), x[:, 0])  # noqa: E731
    half = Trial(of_pair(lambda z: (2 * z, z[:, 0]), back, 2), onp.array([[1.0, 3.0], [1.0, 2.0]]))
    assert onp.isnan(half.again[0][0]).all() and half.again[0][1].tolist() == [4.0, 8.0]


def test_a_step_that_a_map_refuses_costs_its_row_alone_and_a_layer_refuses_aloud():
    def forward(z):
        if (z[:, 0] > 0.5005).any():
            raise ValueError("beyond")
        return 3 * z, z[:, 0]

    trial = Trial(of_pair(forward, forward, 1), onp.array([[0.5], [0.1]]))
    close(trial.derivatives("forward", trial.z)[0], [[[3.0]], [[3.0]]], 1e-7)
    layer = Trial(Rows([1.0]), onp.array([[0.5, 0.5]]))
    layer.subject.forward = forward
    with pytest.raises(ValueError, match="beyond"):
        layer.derivatives("forward", layer.z)


def test_slopes_of_inverse_are_taken_inside_of_the_codomain():
    pair = lambda z: (3 * z, 2 * z[:, 0]), lambda x: (x / 3, -2 * x[:, 0])
    trial = Trial(of_pair(*pair, 2, codomain=(-9.0, 9.0)), onp.array([[1.0, 2.0], [1.0, 3.0], [0.5, 0.5]]))
    J, error, slope, slope_error = trial.numeric_of("inverse")
    close(J[[0, 2]], onp.stack([onp.eye(2) / 3] * 2), 1e-9)
    close(slope[[0, 2]], [[-2.0, 0.0]] * 2, 1e-9)
    assert onp.isnan(J[1]).all() and onp.isnan(slope[1]).all() and error.shape == (3, 2, 2)
    assert onp.isnan(error[1]).all() and onp.isnan(slope_error[1]).all() and (error[0] < 1e-9).all()
    assert trial.numeric_of("forward")[0].shape == (3, 2, 2) and trial.J is trial.numeric[0]


@pytest.mark.parametrize(("accuracy", "dtype", "lengths"), [
    (0.0, "float64", (2e-6, 2e-3)), (1e-9, "float64", (2e-6, 2e-3)), (1.1e-9, "float64", (2e-6, 0.2)),
    (0.0, "float32", (6e-3, 0.2)),
])  # fmt: skip
def test_the_steps_of_a_map_that_jumps_are_long_ones_beside_the_short_ones(accuracy, dtype, lengths):
    asked = []
    pair = lambda z: asked.append(z) or (z, z[:, 0]), lambda x: (x, x[:, 0])
    trial = Trial(of_pair(*pair, 1, dtype, accuracy=accuracy), onp.array([[0.5]]))
    trial.derivatives("forward", trial.z)
    moved = [onp.abs(z - 0.5).max() for z in asked]
    close([min(m for m in moved if m > 0), max(moved)], lengths, 1e-6)


# --- what an audit draws ---


@pytest.mark.parametrize(("depth", "scale", "drawn"), [
    (None, None, 1.0), (4, None, 1.0), (8, None, 1.0), (32, None, 0.5), (None, 0.3, 0.3), (4, 0.3, 0.3),
    (16, 0.3, 0.15),
])  # fmt: skip
def test_a_deep_chain_is_drawn_no_further_than_eight_layers_are(depth, scale, drawn, monkeypatch):
    asked = []
    made = nf.PLU(2) if depth is None else nf.Chain([nf.PLU(2)] * depth)
    monkeypatch.setattr(draws, "random_params", lambda made, rng, scale, c: asked.append(scale) or made.init(rng))
    options = {"params": None, "context": None, "radii": (1.0,)}
    subject = draws._with_draws(made, onp.random.default_rng(0), options, scale)
    assert asked == [pytest.approx(drawn)] and subject.dtype == onp.float64


def group(monkeypatch, radii=(0.3, 1.0, 3.0, 3.5), dtype=None, params=None, n=3):
    """The group of a layer: radii of its trials in both dtypes, and of the calm ones; scales of the draws."""
    scales, made = [], nf.PLU(2)
    single = SimpleNamespace(in_dtype=lambda dtype: dtype)
    monkeypatch.setattr(draws, "_with_draws", lambda made, rng, options, s=None: scales.append(s) or single)
    made_trial = lambda s, rng, radii, twin=None: SimpleNamespace(subject=s, radii=radii, twin=twin)  # noqa: E731
    monkeypatch.setattr(draws, "_trial", made_trial)
    monkeypatch.setattr(draws, "_moved", lambda trial, rng, radii: ["moved", radii])
    found = draws._group(made, None, {"params": params, "dtype": dtype, "radii": radii, "draws": n})
    return found, scales


def test_what_is_tried_at_one_dimension(monkeypatch):
    found, scales = group(monkeypatch)
    assert scales == [None, None, None, 0.3] and found.dim == 2 and found.moved == []
    assert [t.radii for t in found.trials] == [(0.3, 1.0, 3.0, 3.5)] * 3
    assert [t.radii for t in found.calm] == [(0.3, 1.0)]
    singles = [("float32", [0.3, 1.0, 3.0], t.subject) for t in found.trials]
    assert [(t.subject, t.radii, t.twin) for t in found.singles] == singles
    found, scales = group(monkeypatch, dtype="float32", radii=(9.0, 5.0))
    assert found.trials is found.singles and found.calm == found.singles[:1] and found.singles[0].radii == [5.0]
    found, scales = group(monkeypatch, dtype="float64", params={})
    assert scales == [None] and found.calm == found.trials and found.singles == [] and found.moved[0] == "moved"


def test_given_parameters_are_moved_by_one_and_those_that_a_map_cannot_have_are_none(monkeypatch):
    asked = []
    monkeypatch.setattr(draws, "moved_params", lambda made, params, rng, scale, c: asked.append((made, scale)) or scale)
    subject = SimpleNamespace(flow=None, bijection="a layer", made_params={}, given=None, with_params=lambda p: p)
    good = lambda s, rng, radii: SimpleNamespace(there=s, radii=radii)  # noqa: E731
    monkeypatch.setattr(draws, "_trial", good)
    trial = SimpleNamespace(subject=subject)
    assert [t.radii for t in draws._moved(trial, None, (1.0, 2.0))] == [(1.0, 2.0)] * 2
    assert asked == [("a layer", 1.0)] * 2

    class Bad:
        @property
        def there(self):
            raise ValueError("no such parameters")

    monkeypatch.setattr(draws, "_trial", lambda s, rng, radii: Bad())
    assert draws._moved(trial, None, (1.0,)) == []
    subject.flow = "a flow"
    draws._moved(trial, None, (1.0,))
    assert asked[-1] == ("a flow", 1.0)


@pytest.mark.parametrize(("domain", "wanted"), [
    ((-onp.inf, onp.inf), [0.303, 10.003]), ((0.0, onp.inf), [onp.exp(0.3), onp.exp(3.0)]),
])  # fmt: skip
def test_points_lie_at_radii_and_near_where_a_variable_has_an_end(domain, wanted):
    pair = lambda z: (z, 0 * z[:, 0]), lambda x: (x, 0 * x[:, 0])
    ones = SimpleNamespace(normal=lambda size: onp.ones(size))
    trial = draws._trial(of_pair(*pair, 2, domain=domain), ones, (0.3, 10.0))
    close(trial.z, onp.repeat(wanted, 6)[:, None] * onp.ones((1, 2)), 1e-12)
    assert trial.limit == 1e-3 and draws._limit(SimpleNamespace(dtype="float32", accuracy=0.0)) == 0.1
    assert draws._limit(SimpleNamespace(dtype="float64", accuracy=1e-6)) == pytest.approx(1e-2)


def test_rows_that_overflow_are_left_out_and_those_that_are_no_numbers_stay():
    def forward(z):
        x = onp.where(z == 0.5, onp.nan, onp.exp(100 * z))
        return x, onp.where(z[:, 0] == 0.25, onp.inf, onp.exp(100 * z[:, 1]))

    z = onp.array([[1.0, 1.0], [8.0, 1.0], [0.5, 1.0], [1.0, 8.0], [0.25, 1.0], [2.0, 2.0]])
    subject = of_pair(forward, lambda x: (x, x[:, 0]), 2)
    assert draws._without_overflow(subject, z).tolist() == z[[0, 2, 4, 5]].tolist()
    assert draws._without_overflow(subject, z[[0, 5]]).tolist() == z[[0, 5]].tolist()
    ones = SimpleNamespace(normal=lambda size: onp.full(size, 2.0))
    assert len(draws._trial(subject, ones, (0.5, 4.0)).z) == 6


# --- which of several steps is believed ---


def differences(monkeypatch, slopes, sizes, jumps, eps, steps=(1e-1, 1e-2, 1e-3)):
    """J and its error where these slopes, sizes of f and jumps come of the steps."""
    of_step = {h: (onp.full((1, 1, 1), s), onp.array([z]), onp.full((1, 1, 1), j)) for h, s, z, j in zip(
        steps, slopes, sizes, jumps, strict=True
    )}  # fmt: skip
    monkeypatch.setattr(finite_differences, "_central_differences", lambda f, z, middle, step, stacked: of_step[step])
    J, error = finite_differences.numeric_jacobian(lambda z: z, [[1]], steps, eps)
    return J.item(), error.item()


@pytest.mark.parametrize(("eps", "jumps", "J", "error"), [
    (1e-3, (0.0, 0.0, 9.0), 2.5, 0.5 + 0.3), (1e-3, (2.0, 1.0, 9.0), 2.5, 0.8), (1e-3, (2.0, 1.5, 9.0), 2.5, 2.3),
    (1e-4, (9.0, 0.0, 0.0), 2.6, 0.1 + 0.3), (1e-4, (9.0, 2.0, 1.5), 2.6, 0.4 + 1.5),
    (1e-4, (9.0, 2.0, 0.9), 2.6, 0.4),
])  # fmt: skip
def test_the_two_steps_that_agree_best_beside_rounding_are_believed(eps, jumps, J, error, monkeypatch):
    """Slopes 2, 2.5, 2.6, and 3 eps / h for rounding: 0.8 beside 3.1 for eps = 1e-3, 0.53 beside 0.4 for 1e-4."""
    found = differences(monkeypatch, (2.0, 2.5, 2.6), (3.0, 700.0, 0.1), jumps, eps)
    close(found, (J, error), 1e-12)


def test_a_shorter_step_that_says_otherwise_beyond_rounding_is_a_doubt(monkeypatch):
    found = differences(monkeypatch, (2.0, 2.1, 4.0), (3.0, 3.0, 3.0), (0.0, 0.0, 0.0), 1e-5)
    close(found, (2.1, 0.1 + 3e-3 + (1.9 - 16 * 3e-2)), 1e-12)
    lost = differences(monkeypatch, (onp.nan, 2.1, 2.2), (3.0, 3.0, 3.0), (0.0, 0.0, 0.0), 1e-5)
    close(lost, (2.2, 0.1 + 3e-2), 1e-12)


@pytest.mark.parametrize("z", [[[1, 2]], onp.ones((1, 2), "float32"), onp.ones((0, 2))])
@pytest.mark.parametrize("stacked", [False, True])
def test_a_map_is_asked_in_float64(z, stacked):
    asked = []
    f = lambda z: asked.append(z.dtype) or onp.stack([z[:, 0] * z[:, 1], z[:, 1], z[:, 0]], axis=1)  # noqa: E731
    J, error = finite_differences.numeric_jacobian(f, z, stacked=stacked)
    assert J.shape == error.shape == (len(z), 3 if len(z) else 0, 2) and set(asked) == {onp.dtype("float64")}
    assert len(asked) == 1 + 4 * (1 if stacked else 8)
    close(J, [[[a[1], a[0]], [0, 1], [1, 0]] for a in onp.asarray(z)] or J, 1e-9)


def test_the_size_of_a_map_is_that_of_its_results_however_small():
    z = onp.array([[0.0, 0.5], [2.0, 0.0]])
    f = lambda z: 0.01 * z[:, ::-1]  # noqa: E731
    J, size, jump = finite_differences._central_differences(f, z, f(z), 0.125, True)
    close(J, onp.stack([0.01 * onp.eye(2)[::-1]] * 2), 1e-12)
    close(size, [0.01 * (0.5 + 0.25), 0.01 * (2 + 0.25 * 2**0.5)], 1e-12)
    assert (jump < 1e-12).all()


def test_weights_are_moved_by_their_fan_in_and_what_is_stored_stays():
    params = {"W": onp.ones((3, 4), "float32"), "b": onp.zeros(5), "e": onp.zeros((2, 0))}
    params |= {"k": onp.zeros((3, 1)), "c": onp.zeros((2, 9, 3))}
    fixed = {"s": onp.ones(2)}
    moved = finite_differences.moved_params(
        SimpleNamespace(), params | {"fixed": fixed}, onp.random.default_rng(0), 0.5
    )
    drawn = onp.random.default_rng(0)
    for name, fan_in in (("W", 4), ("b", 1), ("c", 1), ("e", 1), ("k", 1)):
        step = drawn.normal(size=params[name].shape) * 0.5 / fan_in**0.5
        close(moved[name], params[name] + step.astype(params[name].dtype), 1e-7)
        assert moved[name].dtype == params[name].dtype
    assert moved["fixed"]["s"] is fixed["s"] and (params["W"] == 1).all()


@pytest.mark.parametrize(("context", "given"), [(None, None), (onp.ones((4, 3)), (0, 3))])
def test_what_is_stored_follows_the_weights_with_no_rows(context, given):
    asked = []
    made = SimpleNamespace(updates=True, shape=(2, 5))
    made.update = lambda params, x, c: asked.append((x.shape, None if c is None else c.shape)) or "updated"
    moved = finite_differences.moved_params(made, {"b": onp.zeros(1)}, onp.random.default_rng(0), 1.0, context)
    assert moved == "updated"
    assert asked == [((0, 2, 5), given)]
    assert finite_differences._data_shape(made) == (2, 5) and finite_differences._data_shape(nf.PLU(3)) == (3,)


TINY = 2.0**-17  # 7.6e-6


@pytest.mark.parametrize(("taken", "more"), [
    (True, {}), (False, {"off": 0.26}), (True, {"off": 0.25, "fine": (0.0, 0.0)}),
    (True, {"off": 0.25 + TINY, "fine": (TINY, TINY)}), (False, {"off": 0.25 + 3 * TINY, "fine": (TINY, TINY)}),
    (True, {"fine": (1e-5, 0.0)}), (False, {"fine": (1.1e-5, 0.0)}), (True, {"fine": (0.0, 2.9e-5)}),
    (False, {"fine": (0.0, 3.1e-5)}), (True, {"error": (0.49, 0.0)}), (False, {"error": (0.5, 0.0)}),
    (True, {"error": (0.25, 0.6)}), (False, {"error": (0.6, 0.25)}), (True, {"z": 10.0}), (False, {"z": -10.5}),
    (False, {"fine": (onp.nan, 0.0)}),
])  # fmt: skip
def test_short_steps_are_taken_for_rows_where_the_map_proves_smooth(taken, more):
    """The columns of J are at most 0.5 and 3; the rows before and after are taken, and are larger."""
    row = {"off": 0.0, "fine": (1e-6, 1e-6), "error": (0.25, 0.25), "z": 1.0} | more
    J = onp.array([[[500.0, 10.0], [25.0, 90.0]], [[0.5, 0.125], [0.25, 3.0]], [[500.0, 10.0], [25.0, 90.0]]])
    fine, error, fine_error = J.copy(), onp.full((3, 2, 2), 0.25), onp.full((3, 2, 2), 1e-6)
    fine[1, 0, 1] += row["off"]
    error[1, 0], fine_error[1, 0] = row["error"], row["fine"]
    z = onp.array([[1.0, 2.0], [0.0, row["z"]], [1.0, 1.0]])
    found, left = finite_differences.sharper(z, J, error, fine, fine_error)
    close(found[[0, 2]], fine[[0, 2]], 0)
    assert (left[[0, 2]] == 1e-6).all()
    assert (found[1] == (fine if taken else J)[1]).all() and (left[1] == (fine_error if taken else error)[1]).all()


# --- rows that a map refuses ---


@pytest.mark.parametrize("refused", [[], [0], [2, 3], [1, 4]])
def test_rows_that_a_map_refuses_are_no_numbers_and_the_others_are(refused):
    def f(a):
        if onp.isin(a[:, 0], refused).any():
            raise KeyError("not this one")
        return onp.stack([a[:, 0], 2 * a[:, 0], 0 * a[:, 0]], axis=1)

    found = where_defined(f, onp.arange(5.0)[:, None])
    assert found.shape == (5, 3) and onp.flatnonzero(onp.isnan(found).all(axis=1)).tolist() == refused
    kept = onp.setdiff1d(onp.arange(5), refused)
    assert (found[kept, 1] == 2 * kept).all()


def test_where_all_rows_are_refused_the_exception_is_the_map_s_own():
    def f(a):
        raise KeyError("none at all")

    with pytest.raises(KeyError, match="none at all"):
        where_defined(f, onp.zeros((3, 1)))


# --- in float32 ---


def test_a_trial_of_float32_has_a_twin_that_knows_its_slopes():
    made = nf.PLU(2)
    params = made.init(onp.random.default_rng(0))
    z = onp.random.default_rng(1).normal(size=(3, 2))
    assert of_bijection_at(made, params, z).twin is None
    single = of_bijection_at(made, nf.trees.cast(params, "float32"), z.astype("float32"))
    twin = single.twin
    assert single.subject.dtype == onp.float32 and twin.subject.dtype == onp.float64
    assert single.numeric is twin.numeric and single.numeric_back is twin.numeric_back
    assert single._through_layers is twin._through_layers and (twin.z == single.z).all()
    assert single.allowed[0] > 1e8 * twin.allowed[0]


def test_the_twin_has_its_context_in_float64():
    made = nf.Coupling(nf.Affine(), nf.half_mask(2), context_dim=1)
    params = made.init(onp.random.default_rng(0), context=onp.ones((3, 1)))
    z, context = onp.ones((3, 2), "float32"), onp.array([[1.0], [2.0], [3.0]], "float32")
    single = of_bijection_at(made, nf.trees.cast(params, "float32"), z, context)
    assert single.subject.context.dtype == onp.float32 and single.twin.subject.context.dtype == onp.float64
    assert single.twin.subject.context.tolist() == context.tolist()


@pytest.mark.parametrize(("of_bijection", "precision"), [(None, 1e-3), (object(), EPS)])
def test_a_solver_of_ours_errs_smoothly_and_a_search_of_a_user_jumps(of_bijection, precision):
    subject = SimpleNamespace(precision=1e-3, eps=EPS, bijection=of_bijection)
    assert Trial._noise.fget(SimpleNamespace(subject=subject)) == precision


# --- one number for each row ---


def test_numbers_of_rows():
    images = onp.arange(8.0).reshape(2, 1, 2, 2) - 5
    assert rows.flat(images).shape == (2, 4) and rows.flat(onp.zeros((0, 3))).shape == (0, 0)
    assert rows.flat(onp.zeros((3, 0))).shape == (3, 0) and rows.flat(onp.ones((2, 2), "float32")).dtype == onp.float64
    assert rows.largest(images).tolist() == [5.0, 2.0] and rows.largest(onp.zeros((2, 0))).tolist() == [0.0, 0.0]
    assert rows.largest(0.5 * onp.ones((1, 2))).tolist() == [0.5]
    a, b = onp.array([-onp.inf, onp.inf, 1.0, -onp.inf, 2.0]), onp.array([-onp.inf, onp.inf, 3.0, onp.inf, 2.0])
    with onp.errstate(all="warn"):
        assert rows.apart(a, b).tolist() == [0.0, 0.0, 2.0, onp.inf, 0.0]
    assert onp.isnan(rows.apart(onp.array([onp.nan]), onp.array([1.0]))).all()


def test_how_badly_matrices_are_conditioned_and_how_long_their_inverses_are():
    J = onp.stack([onp.diag([4.0, 2.0]), onp.zeros((2, 2)), onp.diag([1.0, 0.0]), onp.diag([onp.nan, 1.0])])
    with onp.errstate(all="warn"):
        assert rows.condition(J).tolist() == [2.0, onp.inf, onp.inf, onp.inf]
        assert rows.inverse_norm(J).tolist() == [0.5, onp.inf, onp.inf, onp.inf]
    assert rows.finite_matrices(J).tolist() == [True, True, True, False]
    assert rows.condition(onp.zeros((0, 2, 2))).shape == (0,) == rows.inverse_norm(onp.zeros((0, 2, 2))).shape
    assert rows.condition(onp.zeros((3, 0, 0))).tolist() == [1.0] * 3


def test_the_worst_row_and_the_nearest_bad_one():
    with onp.errstate(all="warn"):
        assert rows.worst_row(onp.array([1.0, 3.0, 0.0]), onp.array([1.0, 4.0, 0.0])) == 0  # what is right is not worst
        assert rows.worst_row(onp.array([1.0, onp.nan, 9.0]), onp.array([1.0, 4.0, 1.0])) == 1
    points = onp.array([[3.0, 0.0], [0.1, 0.0], [-2.0, 1.0]])
    assert rows.nearest(onp.array([True, False, True]), points) == 2
    assert rows.nearest(onp.ones(3, dtype=bool), points) == 1


# --- honest overflow ---


@pytest.mark.parametrize(("forward", "honest"), [
    (lambda z: onp.exp(z), True), (lambda z: onp.where(z > 700, onp.inf, z), False),
    (lambda z: onp.exp(onp.exp(z)), True),
    (lambda z: onp.where(z > 700, onp.nan, 1e122 * z / 999), False),
    (lambda z: onp.where(z > 700, onp.nan, 1e124 * z), True), (lambda z: 1 // 0, False),
])  # fmt: skip
def test_a_result_that_was_huge_a_little_before_is_an_honest_overflow(forward, honest):
    trial = Trial(of_pair(lambda z: (forward(z), 0 * z[:, 0]), lambda x: (x, x[:, 0]), 1), onp.array([[1.0]]))
    with onp.errstate(all="ignore"):
        found = overflow.overflows(trial, onp.array([[999.0], [0.05]]), "forward")
    assert found.tolist() == [honest, False]


def test_a_log_det_may_overflow_and_images_are_asked_too():
    pair = lambda z: (z, 1e200 * z[:, 0, 0, 0]), lambda x: (x, 0 * x[:, 0, 0, 0])
    trial = Trial(of_pair(*pair, (1, 1, 1)), onp.ones((1, 1, 1, 1)))
    points = onp.array([5.0, 1e-90]).reshape(2, 1, 1, 1)
    assert overflow.overflows(trial, points, "forward").tolist() == [True, False]
    assert not overflow.overflows(trial, points, "inverse").any()
