"""The masked kernel and MADE's masks: the paper's, zero where they say, and a one-pass schedule that misses nothing."""

import numpy as onp
import pytest
from comparing import close, close_trees
from strict import StrictArray

import nfscratch as nf
from nfscratch import autodiff, trees
from nfscratch.autodiff import register_array_type
from nfscratch.nets.made import hidden_degrees
from nfscratch.ops.masked import BLOCK_ROWS, Staircase, layer_gradient, masked_dense, masked_dense_vjp
from nfscratch.ops.one_pass import Schedule, block_widths

register_array_type(StrictArray)
HIDDEN = {"linear": (), "one": (7,), "wide": (130, 250), "deep": (20, 9, 40), "narrow": (3, 2), "single": (1, 1)}
every_hidden = pytest.mark.parametrize("hidden", HIDDEN.values(), ids=HIDDEN)
dims = pytest.mark.parametrize("dim", (1, 2, 5, 21))
with_context = pytest.mark.parametrize("context_dim", (0, 3))


def rng(seed=0):
    return onp.random.default_rng(seed)


def made(hidden, dim, context_dim=0, n_params=2, n=6, activation="tanh"):
    """A MADE with wild parameters, its masked ones too, and points."""
    r = rng(dim)
    net = nf.MADE(hidden, activation)
    params = net.init(r, dim, dim * n_params, context_dim)
    params = trees.map_leaves(lambda a: a + r.normal(size=a.shape) / a.shape[-1] ** 0.5, params)
    return net, params, r.normal(size=(n, dim)), r.normal(size=(n, context_dim)) if context_dim else None


# --- masks ---


def masks_of_the_paper(hidden, dim, context_dim, n_params):
    """Germain et al. 2015, equations 12 and 13, entry by entry; the context has degree 0."""
    degrees = [[0] * context_dim + list(range(1, dim + 1))]
    degrees += [hidden_degrees(width, dim, context_dim).tolist() for width in hidden]
    masks = [onp.array([[m >= d for d in before] for m in own]) for before, own in zip(degrees, degrees[1:])]  # noqa: B905, RUF007
    outputs = [i for i in range(1, dim + 1) for _ in range(n_params)]
    return [*masks, onp.array([[i > d for d in degrees[-1]] for i in outputs])]


@every_hidden
@dims
@with_context
def test_masks_are_those_of_the_paper(hidden, dim, context_dim):
    stairs = nf.MADE(hidden).stairs(dim, 2, context_dim)
    for stair, mask in zip(stairs, masks_of_the_paper(hidden, dim, context_dim, 2), strict=True):
        assert (stair.mask.host == mask).all()


def test_hidden_degrees_are_spread_evenly_and_no_further_than_needed():
    assert hidden_degrees(8, 5).tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
    assert hidden_degrees(10, 5, context_dim=1).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert hidden_degrees(3, 1).tolist() == [0, 0, 0]
    assert hidden_degrees(3, 6).tolist() == [1, 3, 5]  # narrower than D: both ends are kept
    assert hidden_degrees(1, 6).tolist() == [1]
    for width in range(1, 40):
        for dim in range(2, 12):
            degrees = hidden_degrees(width, dim)
            assert degrees.min() >= 1 and degrees.max() <= dim - 1 and (onp.diff(degrees) >= 0).all()
            if width >= dim - 1:
                counts = onp.bincount(degrees, minlength=dim)[1:]
                assert counts.max() - counts.min() <= 1


@every_hidden
@dims
@with_context
def test_output_i_depends_on_the_variables_before_it_and_on_all_of_them_where_layers_are_wide(hidden, dim, context_dim):
    net, params, x, context = made(hidden, dim, context_dim)
    J = net.jacobian(params, x, context).reshape((len(x), dim, 2, dim))
    depends = (onp.abs(J) > 1e-9).any(axis=(0, 2))
    allowed = onp.tri(dim, k=-1, dtype=bool)
    assert not depends[~allowed].any()
    if all(width >= dim for width in hidden):
        assert depends[allowed].all()
    close(J.reshape((len(x), 2 * dim, dim)), nf.nets.Network.jacobian(net, params, x, context), 1e-12)


@every_hidden
@dims
def test_the_context_reaches_every_output(hidden, dim):
    net, params, x, context = made(hidden, dim, 3)
    moved = onp.abs(net.apply(params, x, context) - net.apply(params, x, context + 1)).reshape((len(x), dim, 2))
    assert (moved.max(axis=(0, 2)) > 1e-6).all()


# --- the kernel ---


@every_hidden
@dims
@with_context
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_kernel_is_its_plain_twin(hidden, dim, context_dim, activation):
    net, params, x, context = made(hidden, dim, context_dim, activation=activation)
    out, pullback = net.apply_vjp(params, x, context)
    twin, twin_pullback = autodiff.value_and_vjp(net.apply, params, x, context)
    close(out, twin, 1e-13)
    g = rng(1).normal(size=out.shape)
    for mine, theirs in zip(pullback(g), twin_pullback(g), strict=True):
        assert (mine is None) == (theirs is None)
        if mine is not None:
            close_trees(mine, theirs, 1e-12)


def test_raw_arrays_take_the_kernel_and_boxes_the_plain_twin(monkeypatch):
    net, params, x, _ = made((70, 130), 21)
    monkeypatch.setattr("nfscratch.nets.made.masked_dense", lambda *_: pytest.fail("the plain twin was called"))
    assert (net.apply(params, x) == net.apply_vjp(params, x)[0]).all()
    with pytest.raises(pytest.fail.Exception, match="the plain twin was called"):
        autodiff.value_and_vjp(net.apply, params, x)


def test_masked_weights_have_gradient_exactly_zero_and_never_matter():
    net, params, x, _ = made((70, 130), 21)
    stairs = net.stairs(21, 2)
    out, pullback = net.apply_vjp(params, x)
    grads = pullback(onp.ones_like(out))[0]
    other = [
        {"W": onp.where(s.mask.host, p["W"], 1e6 * rng(2).normal(size=p["W"].shape)), "b": p["b"]}
        for s, p in zip(stairs, params, strict=True)
    ]
    for stair, grad in zip(stairs, grads, strict=True):
        assert not grad["W"][~stair.mask.host].any() and grad["W"][stair.mask.host].any()
    out_2, pullback_2 = net.apply_vjp(other, x)
    assert (out_2 == out).all() and (net.apply(other, x) == net.apply(params, x)).all()
    both = (trees.leaves(back(onp.ones_like(out))[:2]) for back in (pullback, pullback_2))
    assert all((a == b).all() for a, b in zip(*both, strict=True))
    value = lambda i, theta: x.T[i]  # noqa: E731
    assert (net.generate(other, value, 21, x.T)[1] == net.generate(params, value, 21, x.T)[1]).all()


def test_four_block_rows_leave_ten_of_sixteen_blocks():
    stair = Staircase(onp.arange(1, 257), 256)
    rows_of, columns_of = stair.row_blocks(1000), stair.column_blocks(1000)
    assert len(rows_of) == len(columns_of) == BLOCK_ROWS
    assert sum((rows.stop - rows.start) * reach for rows, reach in rows_of) == 256 * 256 * 10 // 16
    assert sum((256 - first) * (cols.stop - cols.start) for cols, first in columns_of) == 256 * 256 * 10 // 16


def test_a_short_batch_and_a_thin_layer_are_not_cut_and_a_small_gradient_is():
    square, thin = Staircase(onp.arange(1, 65), 64), Staircase(onp.repeat(onp.arange(1, 11), 7), 10)
    assert [len(square.row_blocks(n)) for n in (1, 64, 128, 256)] == [1, 1, 2, 4]
    assert len(thin.row_blocks(256)) == len(thin.column_blocks(256)) == len(thin.gradient_blocks(256)) == 1
    assert [len(square.gradient_blocks(n)) for n in (64, 256, 512)] == [1, 4, 8]
    assert len(square.row_blocks(512)) == len(square.column_blocks(512)) == 4


def test_blocks_are_the_same_however_many_lengths_were_asked_for_before():
    fresh, used = (Staircase(onp.repeat(onp.arange(16), 4), 64) for _ in range(2))
    for n in range(1, 300):
        used.row_blocks(n)
    for n in (1, 128, 512):
        for of in ("row_blocks", "gradient_blocks", "column_blocks"):
            assert getattr(used, of)(n) == getattr(fresh, of)(n)


@pytest.mark.parametrize("n_columns", (1, 59, 133, 250))
@pytest.mark.parametrize("n_rows", (1, 60, 181, 255))
@pytest.mark.parametrize("n", (5, 300))
def test_blocks_cover_a_ragged_staircase(n_rows, n_columns, n):
    r = rng(n_rows + n_columns)
    stair = Staircase(onp.sort(r.integers(0, n_columns + 1, size=n_rows)), n_columns)
    layers, x = [{"W": r.normal(size=(n_rows, n_columns)), "b": r.normal(size=n_rows)}], r.normal(size=(n_columns, n))
    out, pullback = masked_dense_vjp(layers, [stair], x)
    close(out, masked_dense(layers, [stair], x), 1e-13)
    g = r.normal(size=out.shape)
    (grad,), g_x = pullback(g)
    close(grad["W"], (g @ x.T) * stair.mask.host, 1e-13)
    close(g_x, (layers[0]["W"] * stair.mask.host).T @ g, 1e-13)
    close(layer_gradient(stair, g, x, onp.ones(n))["b"], g.sum(axis=1), 1e-13)


def test_units_that_are_not_sorted_are_refused():
    with pytest.raises(ValueError, match="reach must not decrease"):
        Staircase([1, 3, 2], 4)


def test_first_weights_have_the_variance_of_what_a_unit_sees():
    params = nf.MADE((4000,), "relu").init(rng(), 5, 10)
    stair = nf.MADE((4000,)).stairs(5, 2)[0]
    for reach in (1, 4):
        seen = params[0]["W"][stair.reach == reach][:, :reach]
        assert onp.square(seen).mean() == pytest.approx(2 / reach, rel=0.1)
    assert not params[0]["W"][~stair.mask.host].any() and not params[1]["W"].any()


def test_outputs_that_do_not_divide_among_the_variables_are_refused():
    with pytest.raises(
        ValueError, match="MADE must have the same number of outputs for each variable; got 7 outputs for 3 variables"
    ):
        nf.MADE().init(rng(), 3, 7)


# --- the schedule of one pass ---


@pytest.mark.parametrize("hidden", [(), (9,), (70, 30), (5, 3)], ids=str)
@pytest.mark.parametrize("dim", (1, 2, 7, 40))
@with_context
def test_the_schedule_takes_every_weight_that_the_mask_lets_through_exactly_once(hidden, dim, context_dim):
    """So generating costs the multiplications of one pass, and so does its pullback."""
    for widths in (None, (1,), (3, 1), (16, 4, 1), (20, 10, 5, 1)):
        takes_every_weight_once(hidden, dim, widths, context_dim)


def takes_every_weight_once(hidden, dim, widths, context_dim):
    n_params = 2
    stairs = nf.MADE(hidden).stairs(dim, n_params, context_dim)
    degrees = [hidden_degrees(width, dim, context_dim) for width in hidden] + [onp.repeat(onp.arange(dim), n_params)]
    schedule = Schedule(degrees, dim, context_dim, widths)
    for blocks, pieces in ((schedule.forward(), pieces_forward), (schedule.backward(), pieces_backward)):
        taken = [onp.zeros(stair.mask.host.shape, dtype=int) for stair in stairs]
        taken[0][:, :context_dim] = 1  # the context's product is taken at once
        for block, origin in blocks:
            for k in range(len(stairs)):
                taken[k][pieces(schedule, k, block, origin)] += 1
        for count, stair in zip(taken, stairs, strict=True):
            assert (count == stair.mask.host).all(), widths


def pieces_forward(schedule, k, block, origin):
    """The rows and columns that layer k multiplies for one block of `generate`."""
    first, end = block
    seen = schedule.columns(k, origin, first) if end - first > 1 else schedule.seen(k, origin, first)
    return schedule.rows(k, first, end), seen


def pieces_backward(schedule, k, block, origin):
    first, end = block
    step = end - first == 1
    if k == 0:
        return schedule.rows(0, end, origin), schedule.columns(0, first, end)
    return schedule.rows(k, first if step else end, origin), schedule.columns(k, first, end)


def test_blocks_end_in_single_steps():
    assert (block_widths(1), block_widths(43), block_widths(784)) == ((1,), (32, 8, 1), (256, 64, 16, 1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_device_array_takes_the_same_blocks(dtype):
    net, params, x, _ = made((70, 130), 21)
    params, x = trees.cast(params, dtype), x.astype(dtype)
    there, there_x = trees.map_leaves(StrictArray, params), StrictArray(x)
    out, pullback = net.apply_vjp(params, x)
    there_out, there_pullback = net.apply_vjp(there, there_x)
    assert there_out.dtype == out.dtype == dtype
    close(there_out, out, 0.0)
    close_trees(there_pullback(there_out)[0], pullback(out)[0], 0.0)
