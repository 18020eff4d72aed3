"""Guards that only a part of a caller's own, or an odd array, meets: each says what is wrong, and the rest passes."""

from types import SimpleNamespace

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from refusals import refused

import nfscratch as nf
from nfscratch.autodiff.arrays import DeviceVSpace
from nfscratch.autodiff.rules_linalg import make_diagonal
from nfscratch.bijections.contract import used_context
from nfscratch.flows import boundary, parameters
from nfscratch.nets.velocity import checked_tangents, checked_velocity, time_per_row
from nfscratch.ops.fixed_point import solve_fixed_point
from nfscratch.ops.roots import InversionError, monotone_root
from nfscratch.training import earlier, minimize
from nfscratch.training.ending import Ended, Ending

Z = onp.arange(6.0).reshape(3, 2)


def test_a_velocity_and_its_tangents_have_the_shapes_of_what_they_move():
    v = onp.zeros((4, 3, 2))
    assert checked_velocity(Z, Z) is Z and checked_tangents(Z, v, Z, v) == (Z, v)
    refused(ValueError, r"one velocity for each row, shape \(3, 2\) of z; got \(3,\)", checked_velocity, Z[:, 0], Z)
    refused(ValueError, r"J v with the shape of v \(K, N, D\), \(4, 3, 2\); got \(3, 2\)", checked_tangents, Z, Z, Z, v)
    refused(ValueError, r"t must be a number, or have shape \(N,\) with N = 3; got shape \(2,\)", time_per_row, Z[0], Z)
    onp.testing.assert_array_equal(time_per_row(0.5, Z), [0.5] * 3)
    onp.testing.assert_array_equal(time_per_row(onp.arange(3.0), Z), [0.0, 1.0, 2.0])


def test_a_context_has_a_row_for_each_point():
    layer = SimpleNamespace(context_dim=2)
    assert used_context(SimpleNamespace(context_dim=0), Z, Z) is None and used_context(layer, Z, Z) is Z
    for wrong in (None, Z[:2], Z[:, :1]):
        refused(ValueError, r"must have shape \(N, 2\) with N = 3; got", used_context, layer, wrong, Z)


def test_derivatives_on_a_device_are_of_real_arrays():
    assert DeviceVSpace(Z).zeros().shape == (3, 2) and DeviceVSpace(Z).ones().sum() == 6.0
    assert sum(DeviceVSpace(Z).standard_basis()).sum() == 6.0
    refused(TypeError, "are for real arrays; got complex128", DeviceVSpace, Z * 1j)


def test_a_diagonal_is_made_of_the_last_axis():
    onp.testing.assert_array_equal(make_diagonal(Z, 0, -1, -2)[1], onp.diag(Z[1]))
    for wrong in ((1, -1, -2), (0, 0, 1)):
        refused(NotImplementedError, "only supports offset=0", make_diagonal, Z, *wrong)


@pytest.mark.parametrize(
    ("shape", "offset", "axes"), [((4, 4), 0, (0, 1)), ((3, 5), 1, (0, 1)), ((2, 5, 3), -1, (1, 2))]
)
@pytest.mark.parametrize("f", [np.diagonal, np.trace])
def test_diagonals_beside_the_main_one_have_their_gradients(f, shape, offset, axes):
    A, dA = onp.random.default_rng(0).normal(size=(2, *shape))
    weights = onp.cos(1.0 + onp.arange(f(A, offset, *axes).size)).reshape(onp.shape(f(A, offset, *axes)))
    gradient = autograd.grad(lambda a: np.sum(weights * f(a, offset, *axes)))(A)
    onp.testing.assert_allclose(
        (gradient * dA).sum(), (weights * f(dA, offset, *axes)).sum(), rtol=1e-12
    )  # f is linear


def test_a_part_that_returns_too_little_is_named():
    part = boundary._Part(
        "layer 0 (Mine)", SimpleNamespace(inverse=lambda p, x: x), ("inverse",), {"z": (2,), "log_det": ()}
    )
    refused(ValueError, r"^layer 0 \(Mine\): inverse must return z and log_det; got 1 value", part.check, {}, Z)


def test_a_tree_of_another_length_is_named():
    flow = nf.Flow(nf.StandardNormal(2), nf.Coupling(nf.Affine(), nf.half_mask(2), nf.MLP((3,))))
    params = flow.init(0)
    spoiled = {**params, "bijection": params["bijection"][:1]}
    wrong = parameters.disagreement(flow, spoiled)
    assert str(wrong) == "params['bijection'] must have 2 entries; got 1 entries"
    assert parameters.disagreement(flow, params) is None
    longer = {**params, "bijection": [*params["bijection"], {}]}
    refused(ValueError, "must have 2 entries; got 3 entries", flow.log_prob, longer, Z)


def test_params_of_a_run_have_one_dtype_of_floats():
    loss = lambda p, rng: np.sum(p["a"]) + np.sum(p["b"])  # noqa: E731
    two = {"a": onp.ones(2), "b": onp.ones(2, "float32")}
    refused(
        TypeError, "params must share one dtype; got float64 at a, float32 at b", minimize.minimize, loss, two, rng=0
    )
    whole = {"a": onp.ones(2), "b": onp.ones(2, int)}
    refused(TypeError, "params must be arrays of floats; got int64 at b", minimize.minimize, loss, whole, rng=0)


def test_the_sentences_of_version_0_1_are_read():
    said = "early stopping at step 50: no better validation in 3 evaluations"
    assert earlier.ending_of(said) == Ending(Ended.EARLY_STOPPING, 50, 3) and str(earlier.ending_of(said)) == said
    said = "diverged at step 7 (loss nan): layer 2, try\na smaller rate"
    ending = earlier.ending_of(said)
    assert (ending.how, ending.step, ending.blamed) == (Ended.DIVERGED, 7, "layer 2, try\na smaller rate")
    assert earlier.ending_of("") is None
    refused(ValueError, "stopped must say how the run ended; got 'done'", earlier.ending_of, "done")
    numbers = {"step": 3, "record": {"stopped": "", "best_step": 1}}
    assert earlier.updated(numbers) == {"step": 3, "record": {"ended": None, "best_step": 1}}
    for same in ({"record": {"ended": None}}, {"record": 3}, 3):
        assert earlier.updated(same) is same


def test_an_ending_is_a_sentence_and_its_state_comes_back():
    for ending in (Ending(), Ending(Ended.DIVERGED, 3, loss=float("inf"), blamed="b"), Ending(Ended.STOPPED, 4)):
        assert Ending.from_state(ending.state()) == ending
    assert str(Ending(Ended.DIVERGED, 3, loss=1234.5, blamed="it")) == "diverged at step 3 (loss 1.23e+03): it"
    assert str(Ending()) == "all steps done" and str(Ending(Ended.OUT_OF_TIME, 9)) == "out of time at step 9"


# --- searches ---


def test_a_root_is_found_from_any_bracket_and_what_has_none_is_named():
    x = onp.array([-50.0, 0.0, 3.0, 1e4])
    cubic = lambda z: (z**3 + z, 3.0 * z * z + 1.0)  # noqa: E731
    for bracket in (None, (x, x), (onp.full(4, 7.0), onp.full(4, 8.0))):
        z = monotone_root(cubic, x, bracket=bracket)
        onp.testing.assert_allclose(cubic(z)[0], x, rtol=1e-13, atol=1e-13)
    for bad, message in (
        (onp.array([0.5, 2.0]), "no bracket holds the root: .* entry 1; 1 of the entries fail"),
        (onp.array([onp.nan, 0.1]), "entry 0; 1 of the entries fail"),
    ):
        with pytest.raises(InversionError, match=message) as caught:
            monotone_root(lambda z: (onp.tanh(z), 1.0 - onp.tanh(z) ** 2), bad)
        assert caught.value.entry == int(not onp.isnan(bad[0]))


def test_a_jump_has_no_root_and_a_search_that_is_cut_short_says_where():
    jump = lambda z: (z + onp.where(z > 0.3, 1.0, 0.0), onp.ones_like(z))  # noqa: E731
    with pytest.raises(InversionError, match=r"the map jumps over x: .* at x = 0.5, entry 1; 1 of the entries fail"):
        monotone_root(jump, onp.array([0.1, 0.5, 2.0]))
    theta = onp.array([[1.0, 2.0, 1e-3, 4.0]])
    slow = lambda z, theta: (theta[0] * z**5, 5.0 * theta[0] * z**4)  # noqa: E731
    x = onp.array([1.0, 2.0, 1e-3 * 0.7**5, 4.0])
    onp.testing.assert_allclose(monotone_root(slow, x, theta=theta), [1.0, 1.0, 0.7, 1.0], rtol=1e-12)
    with pytest.raises(InversionError, match="the search for z stopped at"):
        monotone_root(slow, x, theta=theta, max_iterations=1)
    assert monotone_root(slow, x, theta=theta, tolerance=0.5).shape == (4,)


@pytest.mark.parametrize("method", ["anderson", "fixed point"])
def test_a_fixed_point_is_found_column_by_column(method):
    x = onp.array([[1.0, -2.0, 0.0], [0.5, 3.0, 1e6]])
    F = lambda z, where: 0.5 * onp.sin(z)  # noqa: E731
    found = solve_fixed_point(F, x, method)
    onp.testing.assert_allclose(found.z + 0.5 * onp.sin(found.z), x, rtol=1e-14, atol=1e-14)
    assert found.residual <= 8 * onp.finfo(float).eps and 5 < found.calls < (30 if method == "anderson" else 80)
    assert solve_fixed_point(F, x[:, :0], method).calls == 0
    with pytest.raises(InversionError, match=r"stopped after 3 steps, at a relative residual of .* in row 1") as caught:
        solve_fixed_point(lambda z, where: 0.9 * onp.sin(2.0 * z) * _only(1, where), x, method, max_calls=3)
    assert caught.value.entry == 2
    with pytest.raises(InversionError, match="met NaN or infinity"):
        solve_fixed_point(lambda z, where: z * onp.nan, x, method)


def _only(column, where):
    return (onp.arange(3) if where is None else where) == column


class Summed(nf.Bijection):
    """A layer that forgot the axis of its sum."""

    in_shape = (2,)

    def forward(self, params, z, context=None, rng=None):
        return 2.0 * z, np.sum(0.0 * z)

    def inverse(self, params, x, context=None, rng=None):
        return 0.5 * x, np.sum(0.0 * x)


@pytest.mark.parametrize("way", ["forward", "inverse", "forward_value", "inverse_value", "forward_vjp", "inverse_vjp"])
def test_a_chain_refuses_a_log_det_that_is_no_number_for_each_row(way):
    chain = nf.Chain([nf.Reverse(2), Summed()])
    message = rf"^Summed: log_det of {way.removesuffix('_value')}\w* must have shape \(N,\).* got \(\) for 3 rows"
    refused(ValueError, message, getattr(chain, way), [{}, {}], Z)


IMAGE = (2, 4, 4)
LAYERS = {  # what would broadcast, or be read as another image
    "Permutation": (nf.Reverse(2), (3, 1)),
    "Elementwise": (nf.Elementwise(nf.Affine(), 2), (3, 1)),
    "ActNorm": (nf.ActNorm(2), (3, 1)),
    "BatchNorm": (nf.BatchNorm(2), (3, 1)),
    "Standardize": (nf.Standardize(2), (3, 1)),
    "PixelLevels": (nf.PixelLevels(IMAGE, 4), (3, 2, 4, 1)),
    "MaskedConv": (nf.MaskedConv(IMAGE), (3, 2, 4, 1)),
    "Squeeze": (nf.Squeeze(IMAGE), (3, 2, 16, 1)),
    "MultiScale": (nf.MultiScale([nf.ActNorm(IMAGE)]), (3, 16)),
}
WAYS = ("forward", "inverse", "forward_value", "inverse_value", "forward_vjp", "inverse_vjp")


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_refuses_events_of_another_shape_in_both_directions(name):
    layer, shape = LAYERS[name]
    params = layer.init(onp.random.default_rng(0))
    for way in WAYS:
        if (name, way.partition("_")[0]) != ("MultiScale", "inverse"):
            refused(ValueError, r"takes arrays of shape \(N, ", getattr(layer, way), params, onp.full(shape, 0.5))
    assert layer.forward(params, onp.full((3, *layer.in_shape), 0.5))[1].shape == (3,)


@pytest.mark.parametrize("network", [nf.MLP, nf.MADE, nf.ConvNet])
def test_a_network_knows_its_activation(network):
    refused(
        ValueError, "activation must be one of relu, tanh, elu, gelu, silu, lipswish; got 'sine'", network, (4,), "sine"
    )


@pytest.mark.parametrize("network", [nf.ConvFeatures, nf.ConvDecoder])
def test_a_network_of_images_does_too(network):
    refused(ValueError, "activation must be one of relu, .* got 'sine'", network, (1, 8, 8), activation="sine")
    refused(ValueError, "activation must be one of relu, .* got 'sine'", nf.ResidualConvNet, activation="sine")


@pytest.mark.parametrize("linear", [nf.PLU, nf.QR, nf.Triangular, nf.Diagonal])
def test_a_linear_layer_has_a_bound(linear):
    linear(2, max_log_scale=1e-9)
    refused(ValueError, "max_log_scale must be positive and finite; got 0", linear, 2, max_log_scale=0.0)
