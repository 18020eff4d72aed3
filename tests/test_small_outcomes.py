"""What each letter says where it judges nothing, or where all is well: its letter, what it compared, and why."""

from types import SimpleNamespace

import numpy as onp
import pytest
from tried_maps import rng, zero
from tried_maps import small_trial as trial_of

import nfscratch as nf
from nfscratch.check.finding import Finding, Outcome
from nfscratch.check.letters import (
    cancellation,
    definition,
    directional,
    edges,
    flow_gradients,
    gradients,
    growth,
    independence,
    integral,
    jacobian,
    mass_box,
    onto,
    purity,
    round_trip,
    samples,
    shapes,
    structure,
)
from nfscratch.check.trial import Trial, of_bijection_at

SOUND = trial_of(lambda z: 2 * z, lambda x: x / 2, log_det=zero)
ROTATED = trial_of(lambda z: z[:, ::-1], lambda x: x[:, ::-1])
IN_BOX = trial_of(lambda z: z, domain=(0.0, 1.0), z=onp.full((4, 2), 0.5), codomain=(0.0, 1.0))
NOT_USABLE = trial_of(lambda z: z + 5, lambda x: x - 5, codomain=(0.0, 1.0))
MADE = nf.ActNorm(2)
LAYER = of_bijection_at(MADE, MADE.init(rng()), rng().normal(size=(8, 2)))


def of_layer(dtype):
    return of_bijection_at(MADE, nf.trees.cast(MADE.init(rng()), dtype), rng().normal(size=(8, 2)).astype(dtype))


def wide(trial, **more):
    """The trial with other facts of its subject."""
    given = {
        name: getattr(trial.subject, name) for name in ("dim", "in_shape", "log_prob", "domain", "codomain", "dtype")
    }
    return SimpleNamespace(subject=SimpleNamespace(**(given | {"at": lambda rows: None} | more)), z=trial.z)


def scattered():
    """A function of which no two slopes agree."""
    turns = iter(range(99))
    return lambda t: float(next(turns) % 7)


NO_ANSWER = {
    "no density": (lambda: definition.check_definition(SOUND), "D", "", "no log_prob was given"),
    "no draws with their density": (lambda: definition.check_joint(SOUND, rng()), "D", "", "no sample_and_log_prob"),
    "a density of another shape": (
        lambda: definition.check_definition(trial_of(lambda z: z, log_prob=lambda x: onp.zeros((len(x), 1)))),
        "D", "", "log_prob is not one number for each row, as S says",
    ),
    "no pullback": (lambda: gradients.check_gradients(SOUND, rng()), "G", "", "plain functions have no pullback"),
    "no flow": (lambda: flow_gradients.check_density_gradient(SOUND, rng()), "G", "", "no flow"),
    "a slope that scatters": (
        lambda: directional.along("f", scattered(), [onp.ones(1)], 1.0, "z", onp.ones((1, 1))),
        "G", "gradient of f against finite differences", "finite differences of several lengths do not agree",
    ),
    "no row inside": (
        lambda: independence.check_independence(NOT_USABLE),
        "I", "each row alone against the batch", "no x lies strictly inside the codomain",
    ),
    "no closed form": (lambda: jacobian.check_closed_form(SOUND), "J", "", "no jacobian() of its own"),
    "three variables": (lambda: integral.check_integral(wide(SOUND, dim=3)), "N", "", "more than two variables"),
    "an image": (lambda: integral.check_integral(wide(SOUND, in_shape=(1, 1, 2))), "N", "", "more than two variables"),
    "no base on a box": (
        lambda: integral.check_integral(IN_BOX),
        "N", "", "no density, and no standard normal base on 0 to 1",
    ),
    "no samples on a box": (
        lambda: samples.check_samples(IN_BOX, rng()), "K", "", "no samples, and no standard normal base on 0 to 1",
    ),
    "nothing declared": (lambda: structure.check_structure([SOUND]), "T", "", "no structure is declared"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_ANSWER)
def test_what_is_said_where_nothing_is_judged(name):
    look, letter, what, why = NO_ANSWER[name]
    found = look()
    assert (found.letter, found.what, found.why) == (letter, what, why)
    assert found.outcome is (Outcome.INCONCLUSIVE if what else Outcome.NOT_APPLICABLE) and not found.failed


def test_a_box_that_is_not_finite_holds_no_integral(monkeypatch):
    for box in ((onp.array([-onp.inf]), onp.array([1.0])), (onp.array([0.0]), onp.array([onp.nan])), ([1.0], [1.0])):
        monkeypatch.setattr(integral, "_box", lambda trial, box=box: tuple(map(onp.asarray, box)))
        found = integral.check_integral(trial_of(lambda z: z, dim=1))
        assert (found.letter, found.what, found.why) == ("N", "integral of the density", "no finite box")
        assert found.outcome is Outcome.INCONCLUSIVE


ALL_WELL = {
    "S": (lambda: shapes.check_shapes(ROTATED), "shapes, dtype, finiteness"),
    "P": (lambda: purity.check_purity(ROTATED), "arguments unchanged, same output"),
    "I": (lambda: independence.check_independence(ROTATED), "each row alone against the batch"),
    "R": (lambda: round_trip.check_round_trip(ROTATED), "inverse(forward(z)) against z"),
    "X": (lambda: cancellation.check_log_dets_cancel(ROTATED), "log_det forward + log_det inverse"),
    "J": (lambda: jacobian.check_jacobian(ROTATED, "inverse"), "log_det inverse against finite differences"),
    "O": (lambda: growth.check_growth(ROTATED, rng()), "sign of det J, range"),
    "E": (lambda: edges.check_edges(ROTATED, rng()), "0, +-eps, +-1e3, N = 0 and 1, joins"),
    "T": (
        lambda: structure.check_structure([trial_of(lambda z: z[:, ::-1], structure="permutation")]),
        "dependencies: permutation",
    ),
    "G": (lambda: gradients.check_gradients(LAYER, rng()), ""),
    "G of float32": (lambda: gradients._directional(of_layer("float32"), "inverse", rng()), "gradient of inverse"),
}  # fmt: skip


@pytest.mark.parametrize("name", ALL_WELL)
def test_what_is_said_where_all_is_well(name):
    look, what = ALL_WELL[name]
    found = look()
    assert found.letter == name[0] and found.outcome is Outcome.PASSED and what in found.what
    assert 0 <= found.error <= found.tolerance and not found.why


def test_a_gradient_that_nothing_judges_is_finite_and_well(monkeypatch):
    monkeypatch.setattr(gradients, "_of_pullbacks", lambda trial, rng: iter(()))
    monkeypatch.setattr(gradients, "check_density_gradient", lambda trial, rng: Finding("G", "", 0.0, 1.0))
    found = gradients.check_gradients(SimpleNamespace(subject=SimpleNamespace(bijection=1)), rng())
    assert found == Finding("G", "gradients: finite, against finite differences", 0.0, 1.0)


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_gradients_that_are_finite(direction):
    edge = Trial(LAYER.subject, edges.edge_points(LAYER.subject, rng()))
    found = gradients._finite(edge, LAYER, direction, rng())
    assert found == Finding("G", f"gradients of {direction} are finite", 0.0, 1.0)


def test_the_scale_of_a_slope_is_the_size_of_all_its_terms(monkeypatch):
    """Rounding is judged by it, and terms of opposite signs do not cancel in it."""
    seen = {}
    monkeypatch.setattr(
        gradients, "along", lambda name, f, terms, scale, symbol, at: seen.update(scale=scale, f=f(0.0), at=at)
    )
    y, log_det, g_y, g_log_det = onp.array([[1.0, -2.0]]), onp.array([-5.0]), onp.array([[3.0, 1.0]]), onp.array([2.0])
    monkeypatch.setattr(gradients, "_pulled", lambda s, d, at, rng: (y, log_det, g_y, g_log_det, ((), at, None)))
    monkeypatch.setattr(gradients, "products", lambda gradients, steps: [])
    gradients._directional(LAYER, "forward", rng())
    assert seen["scale"] == 3 + 2 + 10 and len(seen["at"]) == 6


def test_a_part_of_a_density_that_grids_do_not_see(monkeypatch):
    failed = Finding("N", "it", 0.5, 1e-3, evidence={})
    monkeypatch.setattr(integral, "integrates_to_one", lambda f, low, high, tolerance, sizes: (
        seen.append((tolerance, sizes)), failed)[1])  # fmt: skip
    seen, line, plane = [], trial_of(lambda z: z, dim=1), trial_of(lambda z: z, dim=2)
    for along, outcome in (
        (1.0 + 0.9e-3, Outcome.INCONCLUSIVE),
        (1.0 - 0.9e-3, Outcome.INCONCLUSIVE),
        (1.0011, Outcome.FAILED),
    ):
        monkeypatch.setattr(integral, "_along_image", lambda trial, along=along: along)
        found = integral._over_box(line, onp.zeros(1), onp.ones(1))
        assert found.outcome is outcome and found.letter == "N"
        assert found.what == ("integral of the density" if outcome is Outcome.INCONCLUSIVE else
                              "it (a standard normal base is assumed)")  # fmt: skip
    assert integral._over_box(plane, onp.zeros(2), onp.ones(2)).failed
    assert seen == [(1e-3, (401, 1601, 6401, 25601))] * 3 + [(2e-3, (81, 161, 321))]
    given = trial_of(lambda z: z, dim=1, log_prob=lambda x: zero(x))
    assert integral._over_box(given, onp.zeros(1), onp.ones(1)).what == "it"


def test_a_leaving_x_is_sought_near_the_ends_of_intervals_alone():
    assert onto._leaves_near_ends(SOUND, rng()) is None and onto._leaves_near_ends(IN_BOX, rng()) is None
    beyond = trial_of(lambda z: 1.1 * z, domain=(0.0, 1.0), codomain=(0.0, 1.0), z=onp.full((4, 2), 0.5))
    found = onto._leaves_near_ends(beyond, rng())
    assert found.letter == "O" and found.failed and onto._leaves(beyond) is None

    def refuses(z):
        if (z > 0.9).any():
            raise ValueError
        return z

    assert onto._leaves_near_ends(trial_of(refuses, domain=(0.0, 1.0), codomain=(0.0, 1.0), z=IN_BOX.z), rng()) is None


def test_a_box_reaches_one_step_of_its_grid_beyond_the_last_dense_point():
    """The draws and -1 lie between -2 and 1 with a room of 1; of the grid -2, -1, 0, 1 the middle is dense."""
    subject = SimpleNamespace(
        dim=1, in_shape=(1,), dtype=onp.float64, base_sample=lambda rng, n: onp.zeros((n, 1)),
        q=lambda z: onp.where(onp.abs(z[:, 0] + 0.5) < 1, 0.0, -20.0),
    )  # fmt: skip
    assert [float(end[0]) for end in mass_box.mass_box(subject, n=4)] == [-2.0, 1.0]
    subject.q = lambda z: onp.where(
        onp.abs(z[:, 0] + 1.3) < 1.9, 0.0, -20.0
    )  # up to the first face: by half of each side
    assert [float(end[0]) for end in mass_box.mass_box(subject, n=4)] == [-3.5, 2.5]
