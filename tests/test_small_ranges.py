"""The small functions of the letters O and T: ends, rays, signs and dependencies, just inside and just outside."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check import domains
from nfscratch.check.domains import out_of
from nfscratch.check.finding import Symptom
from nfscratch.check.letters import growth, independence, onto, structure
from nfscratch.check.pairs import of_pair
from nfscratch.check.trial import Trial
from nfscratch.check.units import in_units, units_of
from nfscratch.ode import IntegrationError
from nfscratch.ops.roots import InversionError

REALS = (-onp.inf, onp.inf)


def rng(seed=0):
    return onp.random.default_rng(seed)


def trial_of(forward, inverse=None, dim=2, z=None, **declared):
    """A trial of two functions without log_dets."""
    zero = lambda f: lambda a: (f(a), onp.zeros(len(a)))  # noqa: E731
    z = rng().normal(size=(12, dim)) if z is None else onp.asarray(z, dtype=float)
    return Trial(of_pair(zero(forward), zero(inverse or (lambda x: x)), dim, **declared), z)


# --- intervals ---


@pytest.mark.parametrize(("given", "shape", "ends"), [
    (([2.0], [5.0]), (1,), (2.0, 5.0)), ((onp.zeros(2), [1.0, None]), (2,), ([0.0, 0.0], [1.0, onp.inf])),
    (([None, 0.0], None), (2,), ([-onp.inf, 0.0], [onp.inf] * 2)), ((0.0, [1.0, 2.0]), (2,), ([0.0, 0.0], [1.0, 2.0])),
    (([0.0, 1.0], 2), (2,), ([0.0, 1.0], [2.0, 2.0])), (([0.0, 0.0], [3.0, 3.0]), (2,), (0.0, 3.0)),
    ("(0, 3]", (2,), (0.0, 3.0)), ("positive", (2,), (0.0, onp.inf)), ([0, None], (2,), (0.0, onp.inf)),
])  # fmt: skip
def test_ends_of_one_variable_or_of_all(given, shape, ends):
    found = domains.interval(given, shape)
    assert [onp.asarray(end).tolist() for end in found] == list(ends)
    assert all(onp.asarray(end).dtype == onp.float64 for end in found)


@pytest.mark.parametrize(("given", "shape", "words"), [
    (([0.0, 1.0, 2.0], 3.0), (2,), "must have 2 numbers at each end.*got one of shape \\(3,\\) and one number$"),
    (([0.0, 1.0], 3.0), (1,), "must have 1 number at each end"),
    (([0.0, 1.0], 3.0), (1, 2, 2), r"an array of shape \(1, 2, 2\)"),
    (([0.0, 1.0, 5.0], [1.0, 1.0, 4.0]), (3,), "low end below the high one; got 1 to 1 for variable 1$"),
    ((onp.zeros((1, 2)), onp.array([[1.0, -1.0]])), (1, 2), r"got 0 to -1 for variable \(0, 1\)$"),
    ((1.0, 1.0), (2,), "an interval, such as"), ("(0, x)", (2,), "an interval, such as"), (3.0, (2,), "an interval"),
    ("nothing", (2,), "an interval"), ((1, 2, 3), (2,), "an interval"), (({}, 1), (2,), "an interval"),
])  # fmt: skip
def test_what_is_no_interval_is_refused_in_words(given, shape, words):
    with pytest.raises(ValueError, match=words):
        domains.interval(given, shape, "codomain")


@pytest.mark.parametrize(("ends", "x", "a", "slope"), [
    ((-onp.inf, onp.inf), 1.5, 1.5, 1.0), ((2.0, onp.inf), 2 + onp.exp(0.7), 0.7, onp.exp(0.7)),
    ((-onp.inf, 3.0), 3 - onp.exp(-0.7), 0.7, onp.exp(-0.7)),
    ((1.0, 4.0), 1 + 3 / (1 + onp.exp(-0.7)), 0.7, 3 * onp.exp(-0.7) / (1 + onp.exp(-0.7)) ** 2),
])  # fmt: skip
def test_the_usual_map_into_an_interval_its_slope_and_the_way_back(ends, x, a, slope):
    points = onp.array([[a, 0.0]])
    assert domains.into(ends, points)[0, 0] == pytest.approx(x)
    assert domains.out_of(ends, onp.array([x]))[0] == pytest.approx(a)
    assert domains.slope_into(ends, points)[0, 0] == pytest.approx(slope)
    each = (onp.array([ends[0], 0.0]), onp.array([ends[1], 1.0]))
    close(domains.into(each, points), [[x, 0.5]], 1e-12)
    with onp.errstate(all="warn"):
        outside = [v for v, end in ((ends[0] - 1, ends[0]), (ends[1] + 1, ends[1])) if onp.isfinite(end)]
        assert onp.isinf(domains.out_of(ends, onp.array(outside))).all()


def test_ends_in_words_are_at_most_six_of_them():
    assert domains.words_of_ends((0.0, 1.5)) == "0 to 1.5"
    six, seven = onp.arange(6.0), onp.arange(7.0)
    assert domains.words_of_ends((six, onp.inf)) == "[0, 1, 2, 3, 4, 5] to inf"
    assert domains.words_of_ends((0.0, seven)) == "0 to [0, 1, 2, 3, 4, 5, ...]"
    half = (onp.array([0.0, -onp.inf]), onp.array([onp.inf, onp.inf]))
    assert domains.bounded(half) and domains.free_variables(half, 2).tolist() == [False, True]
    assert domains.ends_of(half, 1) == (-onp.inf, onp.inf) and domains.ends_of((0.0, 1.0), 1) == (0.0, 1.0)
    assert domains.inside(half, onp.array([[0.0, 1.0], [1.0, -9.0]])).tolist() == [False, True]
    close(domains.spread(half, onp.ones((1, 2)), 10.0, 3.0), [[3.0, 10.0]], 0)
    close(domains.spread(half, onp.ones((1, 2)), 2.0, 3.0), [[2.0, 2.0]], 0)
    close(domains.within_reach(half, onp.array([[9.0, 9.0], [-9.0, -9.0]]), 6.0), [[6.0, 9.0], [-6.0, -9.0]], 0)


# --- ends of an interval ---


@pytest.mark.parametrize(("end", "precision", "room"), [
    (0.0, 1e-16, 1e-5), (1.0, 1e-16, 1e-5), (-3.0, 1e-16, 3e-5), (2.0, 1e-5, 1.28e-3), (onp.inf, 1e-5, 0.0),
])  # fmt: skip
def test_the_room_beyond_an_end(end, precision, room):
    trial = SimpleNamespace(subject=SimpleNamespace(precision=precision))
    close(onto._room(trial, end), room, 1e-12)
    if onp.isfinite(end):
        for ends, side in (((end, onp.inf), -1), ((-onp.inf, end), 1)):
            points = end + side * room * onp.array([[0.9, 0.0], [0.0, 1.1], [-5.0, 0.0]])
            assert onto._beyond(trial, ends, points).tolist() == [False, True, False]


def test_a_room_s_very_end_is_inside_and_images_are_asked_pixel_by_pixel():
    trial = SimpleNamespace(subject=SimpleNamespace(precision=1e-16))
    for ends, at in (((0.0, onp.inf), -1e-5), ((-onp.inf, 0.0), 1e-5)):
        points = onp.full((3, 1, 2, 1), 0.0)
        points[1, 0, 1, 0], points[2, 0, 0, 0] = at, 1.01 * at
        assert onto._beyond(trial, ends, points).tolist() == [False, False, True]


def test_an_x_beyond_its_codomain_is_shown_where_z_is_nearest_to_0():
    z = onp.array([[0.1, 0.2], [0.9, 0.5], [2.0, 2.5]])
    trial = trial_of(lambda z: 2 * z, z=z, codomain=(0.0, 1.5))
    found = onto._leaves(trial)
    assert found.symptom is Symptom.LEAVES and found.evidence["row"] == 1 and "codomain 0 to 1.5" in found.at
    close(found.evidence["yours"], [1.8, 1.0], 1e-12)
    close(found.evidence["expected"], [1.5, 1.0], 1e-12)
    assert onto._leaves(trial_of(lambda z: 2 * z, z=z, codomain=(0.0, 5.0))) is None


def test_an_end_is_left_only_near_an_end():
    bend = lambda z: z + 1e-3 * (z > 0.99995)  # noqa: E731
    inside = {"domain": (0.0, 1.0), "codomain": (0.0, 1.0)}
    z = rng().uniform(0.2, 0.8, size=(6, 2))
    assert onto._leaves(trial_of(bend, z=z, **inside)) is None
    assert onto._leaves_near_ends(trial_of(bend, z=z, **inside), rng()).symptom is Symptom.LEAVES
    assert onto._leaves_near_ends(trial_of(lambda z: z, z=z, **inside), rng()) is None
    assert onto._leaves_near_ends(trial_of(bend, z=z, codomain=(0.0, 1.0)), rng()) is None
    assert onto._leaves_near_ends(trial_of(lambda z: 1 / 0, z=z, **inside), rng()) is None


# --- rays and growth ---


def test_rays_are_random_directions_and_the_axes():
    rays = growth.rays(rng(), (3,), (1.0, 10.0), onp.dtype("float32"))
    assert rays.shape == (2, 4 + 3 + 3, 3) and rays.dtype == onp.float32
    close(onp.linalg.norm(rays, axis=2), onp.tile([[1.0], [10.0]], (1, 10)), 1e-5)
    close(rays[0, 4:], onp.concatenate([onp.eye(3), -onp.eye(3)]), 0.0)
    close(rays[1], 10 * rays[0], 1e-5)
    drawn = rng().normal(size=(4, 3))
    close(rays[0, :4], drawn / onp.linalg.norm(drawn, axis=1, keepdims=True), 1e-5)
    assert growth.rays(rng(), (2, 1, 2), (1.0,), onp.dtype("float64")).shape == (1, 12, 2, 1, 2)


@pytest.mark.parametrize(("near", "far", "still"), [
    ([1.0, 9.0], [1.0, 9.09], True), ([1.0, 9.0], [1.0, 9.11], False), ([1.0, 9.0], [1.11, 9.0], False),
    ([1.0, 9.0], [1.09, 9.0], True), ([1.0, 9.0], [0.0, 2.0], True), ([1.0, 9.0], [1.0, onp.inf], False),
    ([0.0, 0.0], [0.009, 0.0], True), ([0.0, 0.0], [0.011, 0.0], False),
])  # fmt: skip
def test_what_stands_still_on_its_way_out(near, far, still):
    assert growth._stands_still(onp.array([near]), onp.array([far])).tolist() == [still]


@pytest.mark.parametrize(("f", "symptom"), [
    (lambda z: z, None), (lambda z: onp.tanh(z), Symptom.STOPS_GROWING),
    (lambda z: onp.sign(z) * onp.log1p(onp.abs(z)), None),
    (lambda z: onp.where(onp.abs(z) > 1e10, 1e10, z), None), (lambda z: onp.clip(z, -30, 30), Symptom.STOPS_GROWING),
    (lambda z: onp.clip(z, -99, 99), None),
    (lambda z: onp.clip(1.5 * z, -37, 37), None), (lambda z: 37 * onp.tanh(z), Symptom.STOPS_GROWING),
    (lambda z: onp.stack([onp.tanh(z[:, 0]), z[:, 1]], axis=1), Symptom.STOPS_GROWING),
])  # fmt: skip
def test_forward_grows_along_rays(f, symptom):
    found = growth.check_growth(trial_of(f), rng())
    assert found.symptom is symptom
    if symptom:
        assert "at |z| = 1000: it stops growing" in found.at and found.evidence["expected"] == onp.inf


def test_growth_is_asked_of_the_whole_line_alone_and_a_refusal_is_none():
    assert growth.check_growth(trial_of(onp.tanh, codomain=(-1.0, 1.0)), rng()) is onto.ALL_REACHED

    def declines(error):
        def f(z):
            if onp.abs(z).max() > 1e4:
                raise error("so far out")
            return onp.tanh(z)

        return growth.check_growth(trial_of(f), rng())

    assert declines(ValueError) is onto.ALL_REACHED
    found = declines(TypeError)
    assert found.symptom is Symptom.RAISES and found.evidence["raised_by"] is TypeError
    assert found.evidence["function"] == "forward" and "so far out" in found.at


GOES_ON = (18.0, 35.0, 1e3, 1e6, 1e77, 1e154)


@pytest.mark.parametrize(("sizes", "bijection", "stops"), [
    (GOES_ON, None, False), ((0.9, 0.99, 0.991, 1.0, 1.0, 1.0), None, True), ((18.0, *[35.0] * 5), None, False),
    ((18.0, *[35.0] * 5), object(), True), ((18.0, *[34.9] * 5), None, True), ((35.0, *[35.0] * 5), None, True),
    ((18.0, 36.0, 36.1, 36.1, 36.1, 36.1), None, True), ((18.0, 36.0, *[36.0 + 3e-8] * 4), None, False),
    ((18.0, 36.0, *[36.0 + 5e-8] * 4), None, True), ((18.0, 35.0, onp.inf, onp.inf, 1.0, 1.0), None, False),
    ((0.9, 0.99, 0.991, 1.0, 1.0, 1e9), None, False), ((0.9, 0.99, 1.5, 1.5, 1.5, 1.5), None, False),
    ((0.9, 0.99, 1.5, 1.5, 1.5, 1.5), object(), True),
])  # fmt: skip
@pytest.mark.parametrize("first", [GOES_ON, (18.0, 35.0, onp.inf, 1.0, 1.0, 1.0)])
def test_what_stops_growing_at_six_scales(sizes, bijection, stops, first, monkeypatch):
    left = iter([onp.array([[a, 0.1], [0.2, b]]) for a, b in zip(first, sizes, strict=True)])
    asked = []
    monkeypatch.setattr(growth, "rays", lambda rng, shape, radii, dtype: onp.array(radii)[:, None, None] * onp.eye(2))
    monkeypatch.setattr(growth, "_sizes", lambda trial, far: asked.append(far.max()) or next(left))
    subject = SimpleNamespace(
        dim=2, in_shape=(2,), dtype=onp.dtype("float64"), domain=REALS, codomain=REALS, bijection=bijection
    )  # fmt: skip
    found = growth.check_growth(SimpleNamespace(subject=subject), rng())
    assert (found is growth.ALL_REACHED) is not stops
    close(onp.log10(asked), onp.log10([18, 35, 1e3, 1e6, 10**77.06, 10**154.13]), 1e-3)
    if stops:
        assert found.symptom is Symptom.STOPS_GROWING and found.evidence["row"] == 1
        assert found.evidence["yours"].tolist() == [0.2, sizes[-1]]
        assert found.at.startswith(f"|x| is {sizes[-1]:.4g}, and {sizes[2]:.4g} at |z| = 1000: it stops growing")


def test_what_stands_still_is_one_number_up_to_a_billionth_row_by_row():
    near = onp.array([[0.0, 8.0], [9.0, 9.0], [0.0, 0.0]])
    far = onp.array([[1e-9, 8.0], [9.0, 9.0 + 1.1e-8], [0.0, 0.0]])
    assert growth._is_at_end(near, far).tolist() == [True, False, True]
    assert growth._is_at_end(onp.array([[0.0]]), onp.array([[1.5e-9]])).tolist() == [False]
    assert growth._is_at_end(onp.array([[9.0]]), onp.array([[9.0 + 0.9e-8]])).tolist() == [True]
    near, far = onp.array([[0.0], [99.0], [onp.inf]]), onp.array([[0.01], [100.0], [onp.inf]])
    with onp.errstate(all="warn"):
        assert growth._stands_still(near, far).tolist() == [True, True, False]
        assert growth._stands_still(near[:2], far[:2] + [[0.001], [0.0]]).tolist() == [False, True]
        assert growth._is_at_end(near, near).tolist() == [True, True, False]
    raised = growth._raises(KeyError("no"), onp.array([[1.0], [2.0]]))
    assert raised.evidence["row"] == 0 and raised.at == "forward raises KeyError: 'no' at z = [1]"


def test_rays_follow_a_free_variable_and_the_others_stay_in_the_middle():
    directions = onp.array([[[1.0, 2.0], [0.0, 3.0], [4.0, 0.0]]]) * onp.array([1.0, 10.0])[:, None, None]
    assert growth._along(directions, onp.array([True, False])).tolist() == [[[1, 0], [4, 0]], [[10, 0], [40, 0]]]
    asked = []
    trial = trial_of(lambda z: asked.append(z) or z, domain=(onp.array([0.0, -onp.inf]), onp.full(2, onp.inf)))
    assert growth.check_growth(trial, rng()) is growth.ALL_REACHED
    assert all((z[:, 0] == 1.0).all() and (z[:, 1] != 0).all() for z in asked[-6:])


# --- the sign of det J ---


def test_the_sign_of_the_jacobian():
    z = onp.array([[1.0, 0.5], [2.0, -0.7], [-1.0, 0.4], [-3.0, 1.0], [1.5, 1.0]])
    fold = lambda z: onp.stack([z[:, 0] ** 2, z[:, 1]], axis=1)  # noqa: E731
    assert onto._signs(trial_of(fold, z=z)).tolist() == [1, 1, -1, -1, 1]
    found = onto.check_sign(trial_of(fold, z=z))
    assert found.symptom is Symptom.SIGN and found.evidence["row"] == 2
    assert found.at.startswith("det J has the sign -1, and +1 at z = [1, 0.5]")
    close(found.evidence["yours"], -2.0, 1e-6)
    close(found.evidence["expected"], 2.0, 1e-6)
    assert onto.check_sign(trial_of(fold, z=z[:2])) is onto.ALL_REACHED
    assert onto.check_sign(trial_of(lambda z: -z, z=z)) is onto.ALL_REACHED
    mirrored = lambda z: onp.stack([-(z[:, 0] ** 2), z[:, 1]], axis=1)  # noqa: E731
    assert onto.check_sign(trial_of(mirrored, z=z)).at.startswith("det J has the sign +1, and -1 at z = [1, 0.5]")
    cut = lambda z: onp.stack([onp.where(z[:, 0] > 0, z[:, 0], 50 - z[:, 0]), z[:, 1]], axis=1)  # noqa: E731
    assert onto.check_sign(trial_of(cut, z=z)) is onto.ALL_REACHED  # it jumps there
    kink = lambda z: onp.stack([onp.abs(z[:, 0]), z[:, 1]], axis=1)  # noqa: E731
    assert onto.check_sign(trial_of(kink, z=z)).symptom is Symptom.SIGN


@pytest.mark.parametrize(("signs", "words", "row"), [
    ([1, 0, 0, -1, -1], "det J has the sign +1, and -1 at z = [3]", 0),
    ([0, 1, 1, 0, -1], "det J has the sign -1, and +1 at z = [1]", 4),
    ([0, 1, 1, -1, -1], "det J has the sign -1, and +1 at z = [1]", 3), ([0, 0, 0, 0, -1], None, None),
    ([0, 0, 0, 0, 1], None, None),
])  # fmt: skip
def test_the_rarer_of_two_signs_is_shown_and_rows_without_one_do_not_count(signs, words, row, monkeypatch):
    monkeypatch.setattr(onto, "_signs", lambda trial: onp.array(signs, dtype=float))
    found = onto.check_sign(trial_of(lambda z: z, dim=1, z=onp.arange(5.0)[:, None]))
    assert (found is onto.ALL_REACHED) is (words is None)
    if words:
        assert found.at.startswith(words) and found.evidence["row"] == row


def test_a_sign_is_told_where_j_is_finite_and_known_and_x_can_be_used(monkeypatch):
    allowed = onp.array([0.49, 0.49, 0.5, 0.49, 0.0])
    monkeypatch.setattr(onto, "log_abs_det", lambda J, *_: (None, allowed))
    J = onp.stack([onp.diag([2.0, s]) for s in (3.0, onp.nan, 3.0, 3.0, -3.0)])
    usable = onp.array([True, True, True, False, True])
    trial = type("Five", (), {"numeric": (J, 0 * J, None, None), "usable": usable, "__len__": lambda self: 5})()
    assert onto._signs(trial).tolist() == [1.0, 0.0, 0.0, 0.0, -1.0]


@pytest.mark.parametrize(("jump", "slope", "jumps"), [
    (0.0215, 1.0, False), (0.0225, 1.0, True), (0.0215, 0.1, False), (0.0225, 0.1, True), (0.0865, 4.0, False),
    (0.0890, 4.0, True),
])  # fmt: skip
def test_a_jump_is_thirty_times_what_the_slopes_make_of_its_step(jump, slope, jumps):
    """1.5 halved twelve times and seen from half as far again on both sides is 1.5 / 2048; 30 times that is 0.02197."""
    at = -0.5 + 1.5 * 2048.5 / 4096  # the middle of the last interval
    cut = lambda z: onp.where(z > at, slope * (z - at), jump - slope * (z - at))  # noqa: E731
    trial = trial_of(cut, dim=1, z=[[1.0], [-0.5]])
    assert onto._jumps_between(trial, 0, 1, 1.0) is jumps and onto._jumps_between(trial, 1, 0, -1.0) is jumps


def test_a_way_that_a_map_refuses_is_no_jump():
    def hole(z):
        if (onp.abs(z) < 0.1).any():
            raise KeyError("no")
        return z * onp.sign(z) * 50

    assert onto._jumps_between(trial_of(hole, dim=1, z=[[1.0], [-0.5]]), 0, 1, 1.0) is False


# --- reach ---


@pytest.mark.parametrize(("error", "of_library", "of_user"), [
    (InversionError("no"), True, True), (IntegrationError("no", 0.0, 1), True, True),
    (FloatingPointError("no"), False, True),
    (KeyError("no"), False, False),
])  # fmt: skip
def test_who_may_decline_an_x_far_out(error, of_library, of_user):
    assert onto._declines(SimpleNamespace(bijection=object()), error) is of_library
    assert onto._declines(SimpleNamespace(bijection=None), error) is of_user


def test_forward_is_asked_beside_an_end_and_not_on_it():
    asked = []
    trial = trial_of(lambda z: asked.append(z.copy()) or z, z=[[0.5, 0.5]], domain=(-3.0, 5.0))
    x = onp.array([[0.2, 9.0], [-7.0, 5.0]])
    onto._apart_at_end(trial, x, x)
    assert (asked[-1] == [[0.2, 5.0 - 5e-9], [-3.0 + 3e-9, 5.0 - 5e-9]]).all()
    close(asked[-1][0, 1] - 5.0, -5e-9, 1e-15)
    close(asked[-1][1, 0] + 3.0, 3e-9, 1e-15)


def test_an_inverse_beyond_the_domain():
    z = onp.array([[0.5, 0.5]])
    ends = {"domain": (0.0, 1.0)}
    x = onp.array([[0.5, 0.5], [0.2, 3.0], [0.2, 1.0]])
    trial = trial_of(lambda z: z, lambda x: x, z=z, **ends)
    found = onto._outside(trial, x, x)
    assert found.symptom is Symptom.REACH and "outside of the domain 0 to 1," in found.at
    assert found.evidence["row"] == 1
    close(found.evidence["expected"], [0.2, 1.0], 1e-12)
    assert onto._outside(trial, x[[0, 2]], x[[0, 2]]) is None
    flat_there = trial_of(lambda z: onp.where(z > 0.999, 3.0, z), z=z, **ends)
    assert onto._outside(flat_there, x, x) is None  # forward of the end is x


@pytest.mark.parametrize(("off", "apart", "accuracy"), [
    (0.9e-4, False, 0.0), (1.1e-4, True, 0.0), (6.37e-4, False, 1e-5), (6.43e-4, True, 1e-5),
])  # fmt: skip
def test_forward_of_the_nearest_end_is_not_x(off, apart, accuracy):
    trial = trial_of(lambda z: z, z=[[0.5, 0.5]], domain=(0.0, 1.0), accuracy=accuracy)
    x = onp.array([[0.2, 1.0 + off], [0.5, 0.5]])
    assert onto._apart_at_end(trial, x, x).tolist() == [apart, False]
    at_bound = trial_of(lambda z: onp.where(z > 0.5, 1e-4, 0.0), z=[[0.5, 0.5]], domain=(0.0, 1.0))
    assert not onto._apart_at_end(at_bound, onp.ones((1, 2)), onp.zeros((1, 2))).any()
    wide = trial_of(lambda z: z, z=[[0.5, 0.5]], accuracy=accuracy)
    assert onto._apart_at_end(wide, 10 * x, 10 * x + 10 * off)[0] == apart


@pytest.mark.parametrize(("codomain", "r", "lost"), [
    (None, 10.0, True), (None, 11.0, False), ((0.0, 1.0), 3.0, True), ((0.0, 1.0), 3.1, False),
])  # fmt: skip
def test_an_inverse_that_is_not_finite(codomain, r, lost):
    declared = {} if codomain is None else {"codomain": codomain}
    trial = trial_of(lambda z: z, lambda x: onp.where(x > 0.4, onp.nan, x), z=[[0.5, 0.5]], **declared)
    x = onp.array([[0.1, 0.2], [0.1, 0.5], [0.1, 0.3]])
    z = trial.apply("inverse", x, [0, 0, 0])[0]
    found = onto._lost(trial, z, x, r)
    assert (found is not None) is lost and onto._lost(trial, x, x, r) is None
    if lost:
        assert found.evidence["row"] == 1 and found.symptom is Symptom.REACH


def test_what_forward_misses():
    trial = trial_of(lambda z: z + 0.5 * (z > 2), lambda x: x, z=[[0.5, 0.5]])
    x = onp.array([[0.1, 0.2], [0.1, 2.5]])
    found = onto._missed(trial, x, x, 3.0)
    assert found.symptom is Symptom.REACH and found.evidence["row"] == 1
    close(found.evidence["yours"], [0.1, 3.0], 1e-12)
    close(found.evidence["expected"], [0.1, 2.5], 1e-12)
    assert onto._missed(trial, x[:1], x[:1], 3.0) is None


@pytest.mark.parametrize(("missed", "off", "more"), [
    (False, 1.25e-3, {}), (True, 1.35e-3, {}), (False, 9.0, {"allowed_x": onp.inf}),
    (True, 5.0, {"allowed_x": 0.99, "allowed": 0.0}), (False, 5.0, {"allowed_x": 1.0, "allowed": 0.0}),
    (False, 9.0, {"known": False}), (False, 9.0, {"z": 2.0}), (True, 9.0, {"z": onp.nan}),
    (False, 2.9e-6, {"allowed_x": 0.0, "allowed": 0.0}), (True, 3.1e-6, {"allowed_x": 0.0, "allowed": 0.0}),
    (False, 0.9e-6, {"allowed_x": 0.0, "allowed": 0.0, "x": 0.5}),
    (True, 1.1e-6, {"allowed_x": 0.0, "allowed": 0.0, "x": 0.5}), (False, 9.0, {"allowed": onp.inf, "x": 0.0}),
    (False, 1e-6, {"allowed_x": 0.0, "allowed": 0.0, "x": 0.0}), (False, 9.0, {"short": True}),
    (False, 0.029, {"normal": True}), (True, 0.031, {"normal": True}), (True, onp.nan, {}),
])  # fmt: skip
def test_what_forward_misses_by_more_than_rounding(missed, off, more, monkeypatch):
    """allowed_x + allowed |x| is 1.3e-3, at a radius of 10; the row before is no number, the one after is outside."""
    usual = {"allowed_x": 1e-3, "allowed": 1e-4, "known": True, "z": 0.5, "x": 3.0, "short": False, "normal": False}
    row = usual | more
    x = onp.array([[3.0], [row["x"]], [3.0]])
    of_rows = lambda name, other: onp.array([other, row[name], other])  # noqa: E731
    there = SimpleNamespace(x=x + onp.array([[0.0], [off], [9.0]]))
    there.allowed_x, there.allowed = of_rows("allowed_x", 1e-3), of_rows("allowed", 1e-4)
    monkeypatch.setattr(onto, "Trial", lambda subject, z: there)
    monkeypatch.setattr(onto, "_known", lambda there: of_rows("known", True))
    monkeypatch.setattr(onto, "fall_short", lambda there, x: of_rows("short", False))
    monkeypatch.setattr(onto, "is_beyond_normal", lambda there: of_rows("normal", False))
    trial = SimpleNamespace(subject=SimpleNamespace(domain=(0.0, 1.0)))
    found = onto._missed(trial, onp.array([[onp.nan], [row["z"]], [2.0]]), x, 10.0)
    assert (found is not None) is missed and (not missed or found.evidence["row"] == 1)


def test_x_is_asked_at_four_radii_or_near_the_middle_of_an_interval():
    asked = []
    for codomain, radii in ((REALS, [1, 10, 100, 1000]), ((0.0, 1.0), [1, 3, 10])):
        asked.clear()
        onto._far_out(trial_of(lambda z: z, lambda x: asked.append(x) or x, codomain=codomain), rng())
        far = [out_of(codomain, x) for x in asked]
        assert [a.shape for a in far] == [(8, 2)] * len(radii)
        close(
            [onp.linalg.norm(a, axis=1) / r for a, r in zip(far, radii, strict=True)], onp.ones((len(radii), 8)), 1e-3
        )


def test_the_domain_of_a_flow_has_no_outside():
    x = onp.array([[0.5, 3.0]])
    density = {"base_log_prob": lambda z: z[:, 0], "domain": (0.0, 1.0)}
    assert onto._outside(trial_of(lambda z: z, z=[[0.5, 0.5]], **density), x, x) is None


@pytest.mark.parametrize(("z", "error", "known"), [
    (0.5, 0.0, True), (1 - 3e-6, 0.0, False), (1 - 5e-6, 0.0, True), (3e-6, 0.0, False), (5e-6, 0.0, True),
    (0.5, 0.49, True), (0.5, 0.5, False), (0.5, 0.51, False),
])  # fmt: skip
def test_a_conditioning_that_differences_can_tell(z, error, known):
    J = onp.ones((2, 1, 1))
    flat = SimpleNamespace(subject=SimpleNamespace(domain=REALS), numeric=(0 * J, 0 * J, None, None), z=J[:, :, 0])
    assert onto._known(flat).tolist() == [False, False]  # of no slope nothing is known
    errors = onp.array([error, 0.0])[:, None, None]
    subject = SimpleNamespace(domain=(0.0, 1.0))
    trial = SimpleNamespace(subject=subject, numeric=(J, errors, None, None), z=onp.array([[z], [0.5]]))
    assert onto._known(trial).tolist() == [known, True]


@pytest.mark.parametrize(("dtype", "name", "which", "found"), [
    ("float64", "log_prob", 0, 3.0), ("float32", "log_prob", 0, 0.0), ("float64", "forward", 1, 2.0),
    ("float64", "inverse", 0, 1.0), ("float32", "forward", 1, 0.0), ("float64", "sample", 0, 0.0),
])  # fmt: skip
def test_how_coarsely_a_function_answers(dtype, name, which, found, monkeypatch):
    asked = []
    monkeypatch.setattr(independence, "grain", lambda trial, direction: asked.append(direction) or (1.0, 2.0))
    trial = SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype(dtype)))
    assert independence._grain(trial, name, which) == found
    assert asked == ([] if not found else ["inverse" if name == "log_prob" else name])


# --- dependencies ---


def test_a_variable_is_moved_within_its_domain():
    trial = trial_of(lambda z: z, z=[[0.5, 0.5], [0.9, 0.1]])
    close(structure._shifted(trial, 1, 2.0), [[0.5, 2.5], [0.9, 2.1]], 1e-12)
    inside = trial_of(lambda z: z, z=[[0.5, 0.5], [0.9, 0.1]], domain=(0.0, 1.0))
    close(structure._shifted(inside, 0, 0.5), [[0.55, 0.5], [0.95, 0.1]], 1e-12)
    close(structure._shifted(inside, 0, 2.0), [[0.7, 0.5], [1 - 1e-7, 0.1]], 1e-12)
    close(structure._shifted(inside, 1, -2.0), [[0.5, 0.3], [0.9, 1e-7]], 1e-12)


@pytest.mark.parametrize(("size", "ever", "surely"), [(0.0, False, False), (3e-12, True, False), (1e-6, True, True)])
def test_who_depends_on_whom(size, ever, surely):
    f = lambda z: onp.stack([z[:, 0], z[:, 1] + size * z[:, 0] + 3.0], axis=1)  # noqa: E731
    found = structure.dependencies([trial_of(lambda z: z), trial_of(f)])
    assert found[0].tolist() == [[True, False], [ever, True]] and found[1].tolist() == [[True, False], [surely, True]]
    assert structure.ever_moved([trial_of(lambda z: z)]).tolist() == [[False, True], [True, False]]
    assert structure.ever_moved([trial_of(lambda z: z), trial_of(f)]).tolist() == [[False, True], [True, True]]


def test_an_entry_that_a_structure_forbids():
    where = onp.zeros((3, 3), dtype=bool)
    assert structure._forbidden(where, "triangular") is None
    where[2, 0] = where[2, 1] = True
    found = structure._forbidden(where, "triangular")
    assert found == (Symptom.FORBIDDEN, "x_2 depends on z_0, which a triangular map may not", (2, 0))


# --- units of x ---


def placed(center, unit, n=400, codomain=(-onp.inf, onp.inf)):
    """A trial whose x have this median and standard deviation."""
    v = rng().normal(size=(n, 2))
    v = (v - onp.median(v, axis=0)) / v.std(axis=0)
    subject = SimpleNamespace(out_shape=(2,), shape=lambda direction: (2,), ends=lambda direction: codomain)
    placed = SimpleNamespace(subject=subject, x=center + unit * v, z=onp.zeros((n, 2)), usable=onp.ones(n, dtype=bool))
    placed.input = lambda direction: placed.x
    return placed


@pytest.mark.parametrize(("center", "unit", "as_it_is"), [
    (0.0, 1.0, False), (7.9, 1.0, False), (-7.9, 1.0, False), (8.1, 1.0, True), (15.0, 2.0, False), (17.0, 2.0, True),
    (3.9, 0.5, False), (7.9, 0.5, False), (8.1, 0.5, True),
])  # fmt: skip
def test_where_x_lies_in_its_own_units(center, unit, as_it_is):
    found = units_of(placed(center, unit))
    close(found[0], [center if as_it_is else 0.0] * 2, 1e-9)
    close(found[1], [1.0, 1.0], 1e-9)


@pytest.mark.parametrize("unit", [0.049, 0.051, 19.9, 20.1, 0.0])
def test_an_unusual_unit_is_kept_with_its_center(unit):
    usual = 0.05 < unit < 20 or unit == 0
    center, found = units_of(placed(onp.array([2.0, -3.0]), unit))
    close(found, [1.0 if usual else unit] * 2, 1e-9)
    close(center, [0.0, 0.0] if usual else [2.0, -3.0], 1e-9)
    points = in_units(placed(onp.array([2.0, -3.0]), 50.0), onp.ones((3, 2)))
    close(points, onp.array([[52.0, 47.0]] * 3), 1e-9)


def test_units_are_those_of_near_rows_that_can_be_used():
    trial = placed(100.0, 1.0)
    far, near = onp.full((5, 2), 1e9), trial.x
    trial.x, trial.z = onp.concatenate([near, far]), onp.concatenate([trial.z, onp.full((5, 2), 3.1)])
    trial.usable = onp.ones(405, dtype=bool)
    close(units_of(trial)[0], [100.0] * 2, 1e-9)
    trial.z[:] = 3.0
    trial.usable[400:] = False
    close(units_of(trial)[0], [100.0] * 2, 1e-9)
    trial.usable[2:] = False
    close(units_of(trial)[0], onp.median(near[:2], axis=0), 1e-9)
    trial.usable[1:] = False
    assert [v.tolist() for v in units_of(trial)] == [[0, 0], [1, 1]]
    assert [v.tolist() for v in units_of(placed(100.0, 1.0, codomain=(0.0, 1.0)))] == [[0, 0], [1, 1]]
