"""Simplex and Blocks: what is theirs alone. The laws of every bijection hold for them in test_laws.py."""

import numpy as onp
import pytest
from comparing import close

import nfscratch as nf

INF = onp.inf


def rng(seed=0):
    return onp.random.default_rng(seed)


@pytest.mark.parametrize("K", [2, 3, 7])
def test_zero_is_the_uniform_point_and_shares_add_up_to_1(K):
    layer = nf.Simplex(K)
    close(layer.forward({}, onp.zeros((1, K - 1)))[0], onp.full((1, K - 1), 1 / K), 1e-15)
    x, log_det = layer.forward({}, rng().normal(size=(50, K - 1)) * 3)
    shares = layer.shares(x)
    assert shares.shape == (50, K) and (shares > 0).all()
    close(shares.sum(axis=1), onp.ones(50), 1e-14)
    close(log_det, onp.log(shares).sum(axis=1), 1e-9)  # (2) of the module


def test_it_breaks_the_stick_as_stan_does():
    """Two pieces by hand, K = 3: v_1 = sigmoid(z_1 - log 2), v_2 = sigmoid(z_2)."""
    z = onp.array([[0.4, -1.1]])
    v = 1 / (1 + onp.exp(-(z - onp.log([[2.0, 1.0]]))))
    close(nf.Simplex(3).forward({}, z)[0], [[v[0, 0], v[0, 1] * (1 - v[0, 0])]], 1e-15)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_far_points_stay_inside_and_come_back_with_finite_log_dets(dtype):
    layer = nf.Simplex(4)
    z = onp.array([[a, b, c] for a in (-800, 0, 800) for b in (-60, 60) for c in (-800, 800)], dtype=dtype)
    x, _ = layer.forward({}, z)
    assert x.dtype == dtype and (x > 0).all() and (layer.shares(x) > 0).all()
    back, log_det = layer.inverse({}, x)
    assert onp.isfinite(back).all() and onp.isfinite(log_det).all()


def test_outside_and_on_the_edges_the_density_is_0():
    flow = nf.Flow(nf.StandardNormal(2), nf.Simplex(3))
    params = flow.init(rng())
    outside = onp.array([[0.0, 0.5], [-0.1, 0.5], [0.5, 0.5], [0.7, 0.6], [0.3, 1.0]])
    assert (flow.log_prob(params, outside) == -INF).all()
    assert onp.isfinite(flow.log_prob(params, onp.array([[0.2, 0.3]]))).all()
    _, _, pullback = flow.bijection.inverse_vjp({}, outside)
    assert (pullback(onp.ones((5, 2)), onp.ones(5))[1] == 0).all()


def test_a_flow_onto_shares_integrates_to_1():
    flow = nf.Flow(nf.StandardNormal(2), nf.Chain([nf.Triangular(2), nf.Simplex(3)]))
    params = {**flow.init(rng()), "bijection": nf.check.random_params(flow.bijection, rng(1), 0.3)}
    ticks = (onp.arange(600) + 0.5) / 600
    x = onp.stack(onp.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    assert abs(onp.exp(flow.log_prob(params, x)).sum() / 600**2 - 1) < 2e-3


def test_blocks_are_their_parts_side_by_side():
    blocks = nf.Blocks([nf.ActNorm(2), 1, nf.Bounds([0.0], [INF]), nf.Simplex(3)])
    params = nf.check.random_params(blocks, rng(1), 0.5)
    z = rng(2).normal(size=(9, 6))
    x, log_det = blocks.forward(params, z)
    ends, parts, total = [0, 2, 3, 4, 6], [], 0
    for block, p, start, end in zip(blocks.blocks, params, ends, ends[1:], strict=False):
        part, own = block.forward(p, z[:, start:end])
        parts, total = [*parts, part], total + own
    close(x, onp.concatenate(parts, axis=1), 0.0)
    close(log_det, total, 1e-14)
    assert (x[:, 2] == z[:, 2]).all() and (x[:, 3] > 0).all()


def test_traits_of_blocks_are_those_of_all():
    same = nf.Blocks([nf.Bounds([0.0], [1.0]), nf.Simplex(2)])
    assert same.codomain == (0.0, 1.0) and same.domain == (-INF, INF)
    mixed = nf.Blocks([1, nf.Bounds([0.0], [1.0]), nf.Inverse(nf.Bounds([0.0], [1.0]))])
    assert mixed.codomain is None and mixed.domain is None and mixed.jacobian_structure == "diagonal"
    assert nf.Blocks([nf.Planar(2), 1]).inverse_cost == nf.Planar(2).inverse_cost
    assert nf.Blocks([2, nf.Reverse(2)]).jacobian_structure == "permutation"
    assert nf.Blocks([2, nf.Simplex(3)]).jacobian_structure == "dense"
    assert nf.Blocks([1, nf.BatchNorm(2)]).updates


def test_running_statistics_inside_blocks_are_updated():
    blocks = nf.Blocks([1, nf.BatchNorm(2)])
    x = rng().normal(size=(50, 3)) * 5 + 7
    params = blocks.init(rng(), x)
    before, after = (nf.trees.map_leaves(onp.copy, p) for p in (params, blocks.update(params, x + 3)))
    assert any((a != b).any() for a, b in zip(*map(all_leaves, (before, after)), strict=True))


def all_leaves(tree):
    found = []
    nf.trees.map_leaves(found.append, tree)
    return found


def test_a_flow_with_both_is_saved_and_comes_back(tmp_path):
    flow = nf.flows.inference(constraints=[1, nf.Bounds([0.0], [INF]), nf.Simplex(3)], layers=2)
    params = flow.init(rng())
    nf.save(tmp_path / "a.flow", flow, params)
    again = nf.load(tmp_path / "a.flow")
    x = flow.sample(params, rng(1), 20)
    close(again[0].log_prob(again[1], x), flow.log_prob(params, x), 0.0)


def test_bad_arguments_are_named():
    for bad in (1, 0, 2.5, "3"):
        with pytest.raises(ValueError, match=f"K must be an integer of at least 2; got {bad!r}"):
            nf.Simplex(bad)
    with pytest.raises(ValueError, match="Blocks needs at least one block; got none"):
        nf.Blocks([])
    for bad in (0, -1, 2.5, None, nf.Simplex, True):
        with pytest.raises(TypeError, match=r"a block must be a bijection, such as nf.Simplex\(3\), or a number"):
            nf.Blocks([1, bad])
    with pytest.raises(ValueError, match=r"a block must take and give vectors \(D,\); got \(1, 2, 2\)"):
        nf.Blocks([nf.ActNorm((1, 2, 2))])
    with pytest.raises(ValueError, match=r"blocks must take the same context; got context_dim \[1, 2\]"):
        one, two = (nf.Conditioned(nf.Planar(2), nf.MLP((4,)), c) for c in (1, 2))
        nf.Blocks([one, two])


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (onp.inf, onp.inf), (-onp.inf, -onp.inf)])
def test_an_interval_without_a_point_inside_is_refused(low, high):
    with pytest.raises(ValueError, match=f"low must be below high; got {low} and {high} for variable 1"):
        nf.Bounds([0.0, low], [1.0, high])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("K", [2, 3, 7])
def test_a_whole_stick_is_cut_by_the_rounding_of_its_shares(K, dtype):
    """The first share takes all, and rounds to 1: it ends 4 K eps below, and the others at the smallest number."""
    kind = onp.finfo(dtype)
    x, _ = nf.Simplex(K).forward({}, onp.array([[800.0] + [-800.0] * (K - 2)], dtype=dtype))
    assert x.dtype == dtype
    assert 1 - x[0, 0] == 4 * K * kind.eps and (x[0, 1:] <= kind.tiny).all() and (x > 0).all()
    back, log_det = nf.Simplex(K).inverse({}, x)
    assert onp.isfinite(back).all() and onp.isfinite(log_det).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_number_between_two_ends_is_enough(dtype):
    middle = onp.nextafter(onp.array(1.0, dtype), onp.array(2.0, dtype))
    layer = nf.Bounds([1.0], [float(onp.nextafter(middle, onp.array(2.0, dtype)))])
    x, _ = layer.forward({}, onp.array([[-3.0], [0.0], [3.0]], dtype))
    assert x.dtype == dtype and (x == middle).all()
