"""The gradient of a density along one direction, the rows that spoil a gradient, and mass between images."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from tried_maps import rng
from tried_maps import small_trial as trial_of

from nfscratch.check.letters import flow_gradients, gradients, integral, joins

X = onp.array([[0.5, -1.0], [2.0, 0.25], [-0.5, 1.5]])


class Normal:
    """log p = -|x - m|^2 / 2 - c, for the context c, with its gradients."""

    def log_prob(self, params, x, context):
        return -0.5 * onp.square(x - params["m"]).sum(axis=1) - (0 if context is None else context[:, 0])

    def log_prob_vjp(self, params, x, context):
        def pullback(g):
            g_x = -g[:, None] * (x - params["m"])
            return {"m": -g_x.sum(axis=0)}, g_x, None if context is None else -g[:, None]

        return self.log_prob(params, x, context), pullback


def subject(context=None, codomain=(-onp.inf, onp.inf)):
    params = {"m": onp.array([0.3, -0.2])}
    return SimpleNamespace(flow=Normal(), flow_params=params, flow_context=context, codomain=codomain)


@pytest.mark.parametrize("context", [None, onp.array([[1.0], [2.0], [3.0]])], ids=["none", "context"])
@pytest.mark.parametrize(("codomain", "room"), [((-onp.inf, onp.inf), 1.0), ((0.0, 1.0), 0.01), ((0.0, onp.inf), 0.01)])
def test_a_density_moves_along_one_direction_in_all_arguments(context, codomain, room, monkeypatch):
    seen = {}
    names = ("name", "f", "terms", "scale", "symbol", "at")
    monkeypatch.setattr(flow_gradients, "along", lambda *given: seen.update(zip(names, given, strict=True)) or "found")
    s = subject(context, codomain)
    assert flow_gradients._directional(s, X, rng()) == "found"
    assert (seen["name"], seen["symbol"]) == ("log_prob", "x") and seen["at"] is X
    assert len(seen["terms"]) == (2 if context is None else 3)
    slope = (seen["f"](1e-5) - seen["f"](-1e-5)) / 2e-5
    close(sum(float(onp.sum(term)) for term in seen["terms"]), slope, 1e-6)
    g = rng().normal(size=3)
    close(seen["scale"], onp.abs(g * s.flow.log_prob(s.flow_params, X, context)).sum(), 1e-12)
    drawn = rng()
    drawn.normal(size=3 + 2)  # the cotangent and the step of the parameters come before
    close(seen["terms"][1] / (-g[:, None] * (X - s.flow_params["m"])), drawn.normal(size=X.shape) * room, 1e-12)


def test_the_first_row_that_spoils_the_gradient_of_parameters(monkeypatch):
    asked = []

    def pulled(subject, direction, at, rng):
        asked.append((subject, direction, at.tolist()))
        return None, ({"a": onp.where(at > 2, onp.nan, 1.0), "b": [at]}, None, None)

    monkeypatch.setattr(gradients, "_pulled", pulled)
    s = SimpleNamespace(at=lambda rows: rows)
    at = onp.array([[1.0], [3.0], [4.0]])
    assert gradients._culprit(s, "inverse", at, None) == 1
    assert asked == [([0], "inverse", [[1.0]]), ([1], "inverse", [[3.0]])]
    assert gradients._culprit(s, "inverse", at[:1], None) == 0


@pytest.mark.parametrize(("log_p", "mass"), [
    (lambda x: -0.5 * onp.square(x[:, 0] / 1e-6) - onp.log(1e-6 * onp.sqrt(2 * onp.pi)), 1.0),
    (lambda x: -0.5 * onp.square(x[:, 0] / 1e-6) - onp.log(2e-6 * onp.sqrt(2 * onp.pi)), 0.5),
    (lambda x: onp.where(onp.abs(x[:, 0]) < 1e-6, -onp.log(2e-6), -onp.inf), 1.0),
])  # fmt: skip
def test_the_mass_of_a_narrow_density_between_images_of_a_grid(log_p, mass):
    trial = trial_of(lambda z: 1e-6 * z, lambda x: 1e6 * x, dim=1, log_prob=log_p)
    assert abs(integral._along_image(trial) - mass) < 2e-3 * mass


def test_numbers_between_which_the_points_of_a_direction_lie():
    z = onp.array([[0.0, 5.0], [2.0, -1.0], [onp.nan, 9.0]])
    trial = trial_of(lambda z: z + 1, lambda x: x - 1, z=z)
    low, high = joins._box(trial, "forward")
    assert low.tolist() == [0.0, -1.0] and high.tolist() == [2.0, 5.0]
    low, high = joins._box(trial, "inverse")
    assert low.tolist() == [1.0, 0.0] and high.tolist() == [3.0, 6.0]
    assert joins._box(trial_of(lambda z: z, z=z[2:]), "forward") == joins.REALS


@pytest.mark.parametrize(("mine", "theirs", "share"), [
    ([[1.0, 2.0]], [[1.0, 2.2]], 0.2 / (0.9 * 2.2 + 0.1 * 2.2)), ([[1.0], [2.0]], [[1.0], [1.0]], 1.0),
    ([[0.0], [50.0]], [[0.5], [50.0]], 0.5 / (0.9 * 0.5 + 0.1 * 50)), ([], [], 0.0), ([[]], [[]], 0.0),
    ([[], [1.0]], [[], [2.0]], 0.5), ([[1e-300]], [[0.0]], 1.0),
])  # fmt: skip
def test_errors_as_shares_of_their_arrays_and_a_little_of_all(mine, theirs, share):
    found = flow_gradients._largest_share(*([onp.array(a) for a in arrays] for arrays in (mine, theirs)))
    assert abs(found - share) < 1e-12


def test_a_pullback_that_overflows_is_no_warning():
    def vjp(params, at, context):
        return onp.exp(1e4 * at), onp.log(0 * at[:, 0]), lambda g, g_log_det: (params, onp.exp(1e4 * at) * 0, context)

    s = SimpleNamespace(bijection=SimpleNamespace(inverse_vjp=vjp), params=1, context=2, dtype=onp.dtype("float32"))
    y, log_det, g_y, g_log_det, (g_params, g_at, g_context) = gradients._pulled(s, "inverse", onp.ones((2, 1)), rng())
    assert onp.isinf(y).all() and onp.isinf(log_det).all() and onp.isnan(g_at).all() and (g_params, g_context) == (1, 2)
    assert g_y.dtype == g_log_det.dtype == onp.float32 and g_y.shape == (2, 1) and g_log_det.shape == (2,)
