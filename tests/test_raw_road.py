"""Values without a derivative: nothing is kept for a way back, memory is flat in depth and rows, few calls."""

import cProfile
import pstats
import tracemalloc
from pathlib import Path

import autograd
import autograd.numpy as np
import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.flows import chunks

PACKAGE = str(Path(nf.__file__).parent)


def rng(seed=0):
    return onp.random.default_rng(seed)


def peak(call):
    """The most bytes that were allocated at a time during `call`."""
    call()  # constants are made at the first call
    tracemalloc.start()
    call()
    bytes_at_most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return bytes_at_most


RECIPES = {
    "real_nvp": nf.flows.real_nvp,
    "maf": nf.flows.maf,
    "rq_nsf": nf.flows.rq_nsf,
    "iaf": lambda dim, layers: nf.Flow(nf.StandardNormal(dim), nf.Inverse(nf.flows.iaf(dim, layers=layers).bijection)),
    "linear": lambda dim, layers: nf.Flow(nf.StandardNormal(dim), nf.Chain([nf.PLU(dim)] * layers)),
    "radial": lambda dim, layers: nf.Flow(nf.StandardNormal(dim), nf.Inverse(nf.Stack(nf.Radial(dim), layers))),
}


SLOW = {"rq_nsf", "maf", "real_nvp", "iaf"}  # the others make the share of the default run


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.exhaustive if name in SLOW else ()) for name in RECIPES]
)
def test_log_prob_holds_as_much_a_row_at_64_layers_as_at_4(name):
    x = onp.asfortranarray(rng().normal(size=(2000, 3)))
    peaks = []
    for layers in (4, 64):
        flow = RECIPES[name](3, layers=layers)
        params = flow.init(rng(1), x)
        peaks.append(peak(lambda flow=flow, params=params: flow.log_prob(params, x)))
    assert peaks[1] <= 1.2 * peaks[0]


@pytest.mark.exhaustive
@pytest.mark.parametrize("sampled", ["sample", "sample_and_log_prob"])
def test_draws_hold_as_much_at_64_layers_as_at_4(sampled):
    peaks = []
    for layers in (4, 64):
        flow = nf.flows.real_nvp(3, layers=layers)
        params = flow.init(rng(1), rng().normal(size=(50, 3)))
        peaks.append(peak(lambda flow=flow, params=params: getattr(flow, sampled)(params, rng(2), 2000)))
    assert peaks[1] <= 1.2 * peaks[0]


def test_draws_of_a_base_with_a_network_take_memory_for_a_few_rows_at_a_time(monkeypatch):
    monkeypatch.setattr(chunks, "ROWS", 500)
    flow = nf.flows.made(4, nf.Gaussian(), hidden=(128,))
    params = flow.init(rng(1), rng().normal(size=(50, 4)))
    extra = [peak(lambda n=n: flow.sample(params, rng(2), n)) - 8 * n * 4 for n in (1000, 10_000)]
    assert extra[1] <= 1.3 * extra[0]


@pytest.mark.exhaustive
def test_memory_beyond_input_and_output_does_not_grow_with_the_rows(monkeypatch):
    monkeypatch.setattr(chunks, "ROWS", 500)
    flow = nf.flows.real_nvp(2, layers=4)
    params = flow.init(rng(1), rng().normal(size=(50, 2)))
    few, many = (onp.asfortranarray(rng(n).normal(size=(n, 2))) for n in (1000, 10_000))
    extra = [peak(lambda x=x: flow.log_prob(params, x)) - 8 * len(x) * 3 for x in (few, many)]
    assert extra[1] <= 1.2 * extra[0]


@pytest.mark.parametrize("base", [nf.StandardNormal(3), nf.DiagonalNormal(3), nf.FittedTails(3)])
def test_draws_of_a_normal_take_memory_for_a_few_rows_beside_the_result_and_are_the_same(base, monkeypatch):
    flow = nf.flows.real_nvp(3, layers=2, hidden=(8,), base=base)
    params = flow.init(rng(1), rng().normal(size=(50, 3)))
    whole = flow.sample(params, rng(2), 1001)
    monkeypatch.setattr(chunks, "ROWS", 100)
    onp.testing.assert_allclose(flow.sample(params, rng(2), 1001), whole, rtol=1e-12)
    extra = [peak(lambda n=n: flow.sample(params, rng(2), n)) - 8 * n * 3 for n in (1000, 10_000)]
    assert extra[1] <= 1.3 * extra[0]


def test_wide_rows_come_in_shorter_chunks():
    shapes = {(): 2**14, (1,): 2**14, (4,): 2**14, (5,): 3276, (16,): 2**10, (784,): 2**8, (3, 32, 32): 2**8}
    assert {shape: chunks.rows_of(onp.broadcast_to(0.0, (10, *shape))) for shape in shapes} == shapes
    in_turn = {(1,): 2**14, (5,): 2**14, (32,): 2**14, (64,): 2**13, (784,): 668, (3, 32, 32): 2**8}
    found = {shape: chunks.rows_of(onp.broadcast_to(0.0, (10, *shape)), "sequential") for shape in in_turn}
    assert found == in_turn


@pytest.mark.parametrize("context_dim", [0, 2])
def test_chunks_give_what_the_whole_gives(monkeypatch, context_dim):
    flow = nf.flows.maf(3, layers=2, context_dim=context_dim)
    x = rng().normal(size=(101, 3))
    context = rng(3).normal(size=(101, 2)) if context_dim else None
    params = nf.trees.map_leaves(lambda a: a + 0.2 * rng(2).normal(size=a.shape), flow.init(rng(1), x, context))
    whole = flow.log_prob(params, x, context), *flow.sample_and_log_prob(params, rng(5), 101, context)
    monkeypatch.setattr(chunks, "ROWS", 10)
    parts = flow.log_prob(params, x, context), *flow.sample_and_log_prob(params, rng(5), 101, context)
    for a, b in zip(whole, parts, strict=True):
        onp.testing.assert_allclose(a, b, rtol=1e-11)
        assert a.flags.f_contiguous == b.flags.f_contiguous


def test_a_raw_value_never_builds_a_pullback_through_autograd(monkeypatch):
    """Layers whose pullback is only traced give their values by the plain definition."""
    layers = [nf.Elementwise(nf.LeakyReLU(0.5), 2), nf.Coupling(nf.CubicSpline(bins=4), (True, False)), nf.PLU(2)]
    flow = nf.Flow(nf.StandardNormal(2), nf.Chain(layers))
    params = flow.init(rng(1), rng().normal(size=(50, 2)))
    monkeypatch.setattr(nf.CubicSpline, "forward_vjp", nf.Transformer.forward_vjp)
    monkeypatch.setattr(nf.CubicSpline, "inverse_vjp", nf.Transformer.inverse_vjp)
    monkeypatch.setattr("nfscratch.autodiff.value_and_vjp", lambda *_: pytest.fail("a value was traced"))
    flow.log_prob(params, rng(2).normal(size=(5, 2)))
    flow.sample(params, rng(3), 5)


def bookkeeping(call):
    """(calls in all, calls made by what only checks and decides) of one call. A layer's masks are not that."""
    profile = cProfile.Profile()
    profile.enable()
    call()
    profile.disable()
    rooms = tuple(
        f"{PACKAGE}/{room}"
        for room in ("autodiff/", "flows/", "trees.py", "validate.py", "context_rows.py", "backend.py")
    )
    all_calls = decides = 0
    for (file, _, name), (_, n, _, _, callers) in pstats.Stats(profile).stats.items():
        all_calls += n
        if name == "on":  # Constant.on: a mask where the arrays are
            continue
        if file.startswith(rooms) or "/autograd/" in file:
            decides += n
        elif file == "~":
            decides += sum(
                c[1]
                for (of, _, caller), c in callers.items()
                if caller != "on" and (of.startswith(rooms) or "/autograd/" in of)
            )
    return all_calls, decides


def test_bookkeeping_is_a_small_part_of_one_row():
    x = onp.asfortranarray(rng().normal(size=(50, 2)))
    for recipe, share in ((nf.flows.real_nvp, 0.15), (nf.flows.rq_nsf, 0.15), (nf.flows.maf, 0.25)):
        flow = recipe(2)
        params = flow.init(rng(1), x)
        one = onp.asfortranarray(x[:1])
        flow.log_prob(params, one)
        all_calls, decides = bookkeeping(lambda flow=flow, params=params, one=one: flow.log_prob(params, one))
        assert decides < share * all_calls, (recipe.__name__, decides, all_calls)


def test_a_kept_box_is_seen_after_its_derivative_is_over():
    """Parameters that hold boxes of a derivative that has ended are not taken for raw ones."""
    flow = nf.flows.real_nvp(2, layers=2)
    x = rng().normal(size=(5, 2))
    params, kept = flow.init(rng(1), x), []

    def loss(t):
        kept.append(nf.trees.map_leaves(lambda a: a * t, params))
        return np.sum(flow.log_prob(kept[0], x))

    autograd.grad(loss)(1.0)
    assert nf.autodiff.contains_box(kept[0])
    onp.testing.assert_allclose(nf.autodiff.raw(flow.log_prob(kept[0], x)), flow.log_prob(params, x), rtol=1e-12)


# --- a kernel belongs to its formula ---


class Doubled(nf.Coupling):
    """Its forward and inverse are written anew, its kernels are not."""

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z, context, rng)
        return 2.0 * x, log_det + 2 * onp.log(2.0)

    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, 0.5 * x, context, rng)
        return z, log_det - 2 * onp.log(2.0)


class Wide(nf.StandardNormal):
    """N(0, 4 I), its kernels left out."""

    def log_prob(self, params, z, context=None):
        return super().log_prob(params, 0.5 * z) - 2 * np.log(2.0)

    def sample(self, params, rng, n, like=None, context=None):
        return 2.0 * super().sample(params, rng, n, like)


class Steeper(nf.Affine):
    def forward(self, theta, z):
        x, log_d = super().forward(theta, z)
        return 3.0 * x, log_d + onp.log(3.0)

    def inverse(self, theta, x):
        z, log_d = super().inverse(theta, x / 3.0)
        return z, log_d - onp.log(3.0)


class Shifted(nf.MLP):
    def apply(self, params, x, context=None):
        return super().apply(params, x, context) + 1.0


def test_a_formula_that_is_written_anew_does_not_keep_the_kernel_of_another():
    mask, net = (True, False), nf.MLP((4,), "tanh")
    layers = [
        Doubled(nf.Affine(), mask, net),
        nf.Coupling(Steeper(), mask, net),
        nf.Coupling(nf.Affine(), mask, Shifted((4,))),
    ]
    flow = nf.Flow(Wide(2), nf.Chain(layers))
    x = rng().normal(size=(5, 2))
    params = nf.trees.map_leaves(lambda a: a + 0.2 * rng(2).normal(size=a.shape), flow.init(rng(1), x))
    z, log_det = flow.bijection.inverse(params["bijection"], x)
    expected = flow.base.log_prob(params["base"], z) + log_det
    onp.testing.assert_allclose(flow.log_prob(params, x), expected, rtol=1e-12)
    onp.testing.assert_allclose(flow.log_prob_vjp(params, x)[0], expected, rtol=1e-12)
    draws, log_q = flow.sample_and_log_prob(params, rng(3), 5)
    onp.testing.assert_allclose(log_q, flow.log_prob(params, draws), rtol=1e-9)
    onp.testing.assert_allclose(flow.sample_and_log_prob_vjp(params, rng(3), 5)[0][0], draws, rtol=1e-12)


class Twice(nf.Planar):
    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return 2.0 * x, log_det + z.shape[1] * onp.log(2.0)


class Halved:
    """A mixin with a formula of its own."""

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return 0.5 * x, log_det - z.shape[1] * onp.log(2.0)


class Mixed(Halved, nf.ActNorm):
    pass


class Squared(nf.MLP):
    def apply(self, params, x, context=None):
        return np.square(super().apply(params, x, context))


def test_no_kernel_of_the_old_formula_is_left():
    z = rng().normal(size=(4, 2))
    for layer in (Twice(2), Mixed(2), nf.Stack(Twice(2), 3)):
        params = nf.trees.map_leaves(lambda a: a + 0.3 * rng(2).normal(size=a.shape), layer.init(rng(1)))
        x, log_det = layer.forward(params, z)
        for got in (layer.forward_value(params, z), layer.forward_vjp(params, z)):
            onp.testing.assert_allclose(got[0], x, rtol=1e-12)
            onp.testing.assert_allclose(got[1], log_det, rtol=1e-12)
        onp.testing.assert_allclose(onp.linalg.slogdet(layer.jacobian(params, z))[1], log_det, rtol=1e-10)
    net = Squared((4,))
    params = nf.trees.map_leaves(lambda a: a + 0.3 * rng(2).normal(size=a.shape), net.init(rng(1), 2, 3))
    step = 1e-6 * onp.eye(2)[0]
    difference = (net.apply(params, z + step) - net.apply(params, z - step)) / 2e-6
    onp.testing.assert_allclose(net.jacobian(params, z)[:, :, 0], difference, rtol=1e-6, atol=1e-8)


def test_a_stochastic_call_makes_one_draw_however_many_rows(monkeypatch):
    class Noisy(nf.ActNorm):
        stochastic = True

        def inverse(self, params, x, context=None, rng=None):
            z, log_det = super().inverse(params, x)
            return z, log_det if rng is None else log_det + rng.normal(size=len(x))

    flow = nf.Flow(nf.StandardNormal(2), nf.Chain([Noisy(2), Noisy(2)]))
    params, x = flow.init(rng()), rng(1).normal(size=(30, 2))
    whole = flow.log_prob(params, x, rng=rng(5))
    monkeypatch.setattr(chunks, "ROWS", 7)
    onp.testing.assert_allclose(flow.log_prob(params, x, rng=rng(5)), whole, rtol=1e-12)


def test_a_row_without_an_inverse_is_named_by_the_rows_that_it_is_counted_from(monkeypatch):
    def fun(x, context):
        if (x < 0).any():
            row = int(onp.argmin(x))
            raise nf.InversionError(f"row {row} of those given: no root", row)
        return x

    monkeypatch.setattr(chunks, "ROWS", 300)
    x = onp.ones(1000)
    x[650] = -1.0
    with pytest.raises(nf.InversionError, match=r"^of the rows from 600 on, row 50 of those given: no root$") as failed:
        chunks.in_chunks(fun, x)
    assert failed.value.entry == 50


def test_log_prob_makes_no_copy_of_the_table():
    """Each chunk is laid out by itself, with the bits that a table laid out as a whole has."""
    flow = nf.flows.real_nvp(64, layers=1, hidden=(4,))
    params, x = flow.init(rng()), rng(1).normal(size=(10_000, 64))
    expected = flow.log_prob(params, onp.asfortranarray(x))
    assert peak(lambda: flow.log_prob(params, x)) < x.nbytes / 2
    assert onp.array_equal(flow.log_prob(params, x), expected)
