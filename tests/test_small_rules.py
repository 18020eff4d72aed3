"""Small rules that nothing else shows: pauses of a bar, groups of weights, samples, sentences about what to try."""

import io
import sys
from contextlib import nullcontext
from math import log

import numpy as onp
import pytest
from comparing import close

import nfscratch as nf
from nfscratch import blas
from nfscratch.bijections import masks, order
from nfscratch.bijections.start import SAMPLE, StartBatch
from nfscratch.bijections.views import view_of
from nfscratch.training import optimizers, progress, remedies
from nfscratch.training.objectives import evidence, matching


def rng(seed=0):
    return onp.random.default_rng(seed)


# --- progress ---


def test_screens_pause_as_long_as_suits_them(monkeypatch):
    assert progress._InNotebook.pause(None, 1e3) == 0.2 and progress._OnTerminal.pause(None, 1e3) == 0.1
    assert [progress._InLog.pause(None, elapsed) for elapsed in (0.0, 100.0, 150.0, 3600.0)] == [
        15.0,
        15.0,
        15.0,
        360.0,
    ]
    assert progress._InNotebook.wants_last(None, 3) is True and progress._OnTerminal.wants_last(None, 3) is False
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    log_lines = progress._InLog(20, "fit")
    assert not log_lines.wants_last(5)  # nothing was shown: a run of seconds has no line
    log_lines.update(5, "2 steps/s", "loss 1")
    assert sys.stderr.getvalue() == "fit: step 5 of 20, 2 steps/s, loss 1\n"
    assert not log_lines.wants_last(5) and log_lines.wants_last(6)


def test_the_rate_counts_the_steps_done_here(monkeypatch):
    shown, now = [], [100.0]

    class Screen:
        pause = lambda self, elapsed: pauses.append(elapsed) or 1.0  # noqa: E731
        begin = wants_last = lambda self, step: True
        stop = lambda self: None  # noqa: E731
        update = lambda self, *all: shown.append(all)  # noqa: E731

    pauses = []
    monkeypatch.setattr(progress, "_screen", lambda: lambda steps, title: Screen())
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    with progress.Progress(50, "fit") as bar:
        bar.begin(10)
        for at, step in ((100.5, 11), (101.0, 14), (101.9, 20)):
            now[0] = at
            bar.update(step, lambda step=step: f"at {step}")
    assert shown == [(14, "4 steps/s", "at 14"), (20, "5 steps/s", "at 20")] and pauses[:2] == [0.5, 1.0]
    with progress.Progress(50, "fit", show=False) as bar:
        bar.update(3, None)
    assert len(shown) == 2


# --- objectives ---


def test_means_of_weights_by_their_logarithms():
    values, v = evidence._log_means(onp.array([[0.0, log(3.0)], [1e3, 1e3]]))
    close(values, [log(2.0), 1e3], 1e-15)
    close(v, [[0.25, 0.75], [0.5, 0.5]], 1e-15)
    values, v = evidence._log_means(onp.array([[5.0], [-1e4]]))
    assert values.tolist() == [5.0, -1e4] and v.tolist() == [[1.0], [1.0]]


def test_what_a_target_must_be_is_said():
    with pytest.raises(TypeError, match=r"^log_p must be a function of the draws x \(n, ...\); got 3$"):
        evidence._check_callable("log_p", 3)
    for shape in ((), (4,), (3, 1)):
        with pytest.raises(
            ValueError, match=r"log_p must return one number for each of the n draws, shape \(3,\); got"
        ):
            evidence._one_per_draw("log_p", onp.ones(shape), 3)
    values, back = evidence._with_pullback("log_p", lambda x: (x**2).sum(axis=1), None)(onp.array([[1.0, 2.0]]))
    assert values.tolist() == [5.0] and back(onp.array([3.0])).tolist() == [[6.0, 12.0]]
    given = evidence._with_pullback("log_p", None, lambda x: (x[:, 0], lambda g: "g_x"))
    assert given(onp.ones((2, 1)))[1](None) == "g_x"
    for wrong in (True, "1", -1.0, onp.inf):
        with pytest.raises(ValueError, match="inverse_temperature must be a finite number of at least 0; got"):
            evidence._check_inverse_temperature(wrong)
    for context, weights, words in ((1, None, "a context"), (None, 1, "weights"), (1, 1, "a context")):
        with pytest.raises(ValueError, match=f'pairing must be "independent" with {words}: .*got .optimal'):
            matching._straight("optimal", context, weights)
        assert callable(matching._straight("independent", context, weights))


def test_shares_of_rows_in_a_loss():
    away = onp.ones((4, 2), dtype="f4")
    found = matching._shares(None, None, away)
    assert found.tolist() == [0.25] * 4 and found.dtype == onp.float32
    assert matching._shares(onp.array([1.0, 3.0]), None, away).tolist() == [0.25, 0.75]
    assert matching._shares(onp.array([1.0, 3.0]), 8.0, away).tolist() == [0.125, 0.375]
    assert matching._mean(onp.array([1.0, 5.0]), onp.array([3.0, 1.0])) == 2.0


# --- threads, steps and remedies ---


def test_a_large_product_keeps_the_threads_that_were_asked_for(monkeypatch):
    params = {"W": onp.broadcast_to(0.0, (1024, 1024)), "b": onp.zeros(5)}
    for name in blas.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert blas.one_thread(params, 33) is blas.ONE_THREAD  # nobody asked
    monkeypatch.setenv("MKL_NUM_THREADS", "2")
    assert blas.one_thread(params, 32) is blas.ONE_THREAD and isinstance(blas.one_thread(params, 33), nullcontext)
    assert blas.one_thread({}, 33) is blas.ONE_THREAD


def test_a_limit_of_threads_lasts_from_the_first_to_the_last_and_not_in_a_new_process(monkeypatch):
    said, limits = [], iter(["first", "second", "third"])
    monkeypatch.setattr(blas, "_limited", lambda: next(limits))
    monkeypatch.setattr(blas, "_lift", said.append)
    shared = blas._SharedLimit()
    with shared:
        with shared:
            assert shared._inside == 2
        assert said == []
    assert said == ["first"]
    with shared:
        shared.forked()
        assert said == ["first", "second"] and (shared._inside, shared._limit) == (0, None)
    shared = blas._SharedLimit()
    shared.forked()
    assert said == ["first", "second"]


def test_a_gradient_is_shortened_to_its_limit():
    for norm, limit, expected in ((5.0, 1.0, [0.6, 0.8]), (5.0, 5.0, [3.0, 4.0]), (5.0, None, [3.0, 4.0])):
        g = onp.array([3.0, 4.0])
        optimizers.clip_by_norm(g, norm, limit)
        close(g, expected, 1e-15)
    assert [optimizers.cosine(done) for done in (0.0, 1.0)] == [1.0, 0.0] and optimizers.constant(0.7) == 1.0
    close(optimizers.cosine(1 / 3), 0.75, 1e-15)
    tree = {"W": onp.ones((2, 2)), "b": onp.ones(3)}
    flat, tree = nf.trees.flatten(tree)
    assert optimizers.begin(nf.adam(weight_decay=0.1), flat, tree)["decays"].tolist() == [1.0] * 4 + [0.0] * 3
    assert "decays" not in optimizers.begin(nf.adam(), flat, tree)


def test_what_to_try_depends_on_the_activation():
    assert remedies.for_steps(nf.Coupling(nf.Affine(), (True, False), nf.MLP((4,), "tanh"))) == remedies.SMALLER_STEPS
    both = [nf.MLP((4,), "silu"), (nf.MLP((4,), "elu"), nf.MLP((), "relu")), nf.MLP]
    assert remedies.unbounded_activations(both) == ["elu", "silu"]
    assert remedies.for_steps(both) == (
        'try activation="tanh" (elu grows without bound on rows far out), a smaller rate, or clip=1.0'
    )
    x = onp.array([[0.0, 5.0]] * 4 + [[8.0, 5.0]])
    assert remedies.farthest(x)[:2] == (4, 0)
    close(remedies.farthest(x)[2], 2.5, 1e-15)  # half of the rows are equal: standard deviations
    assert remedies.farthest(onp.ones((3, 2)))[2] == 0.0 and remedies.of_data(None) == ""


# --- orders, masks and samples ---


def test_orders_by_name_and_by_number():
    assert order.variable_order(None, 3) == order.variable_order("natural", 3) == (0, 1, 2)
    assert order.variable_order("reversed", 3) == (2, 1, 0) and order.variable_order(onp.array([1, 0]), 2) == (1, 0)
    for wrong in ("backwards", [0, 1, 3], [0.0, 1.0, 2.0], [[0], [1, 2]], [0, 1]):
        with pytest.raises(ValueError, match=r"hold each of 0 \.\.\. 2 once; got"):
            order.variable_order(wrong, 3)
    sorting, x = order.Sorting((1, 2, 0)), onp.arange(6.0).reshape(2, 3)
    assert (
        sorting.there(x).tolist() == [[1.0, 2.0, 0.0], [4.0, 5.0, 3.0]] and (sorting.back(sorting.there(x)) == x).all()
    )
    assert not sorting.natural and order.Sorting(range(3)).there(x) is x


def test_masks_and_what_is_none():
    assert masks.half_mask(5) == (True, True, False, False, False) and masks.half_mask(1, True) == (False,)
    assert masks.alternating_mask(3, True) == (True, False, True) and masks.alternating_mask(1, True) == (False,)
    assert masks.checkerboard_mask((1, 1, 1), True) == (((False,),),) and masks.channel_mask((1, 1, 1), True) == (
        ((False,),),
    )
    for wrong, words in (
        (2, "mask must hold booleans in the shape of the event"),
        ([0, 2], "mask must hold booleans in the shape of the event"),
        ([[True], [True, False]], "mask must hold booleans"),
        ([1, 1, 1], "mask must leave at least one variable to change; got 3 kept of 3"),
    ):
        with pytest.raises(ValueError, match=words):
            masks.as_mask(wrong)
    with pytest.raises(ValueError, match=r"\(C, H, W\) of an image, because ConvNet sees images; .* shape \(4,\)"):
        view_of(nf.ConvNet((4,)), onp.array([True, False, True, False]), 2)


def test_a_sample_of_a_batch_has_no_row_twice_and_keeps_rows_together():
    x = onp.arange(2.0 * (SAMPLE + 500)).reshape(-1, 2)
    batch = StartBatch(x, x[:, :1])
    batch._sample()
    assert len(onp.unique(batch.x[:, 0])) == SAMPLE and (batch.x[:, :1] == batch.context).all()
    assert batch.x.flags.f_contiguous


def test_blocks_that_are_none():
    for wrong in (0, -1, True, 1.5, "2"):
        with pytest.raises(TypeError, match=r"a block must be a bijection, such as nf.Simplex\(3\), or a number of"):
            nf.Blocks([wrong])
    with pytest.raises(ValueError, match=r"must take and give vectors \(D,\); got \(4, 2, 2\) and \(1, 4, 4\)"):
        nf.Blocks([nf.Squeeze((1, 4, 4))])
    with pytest.raises(ValueError, match="Blocks needs at least one block; got none"):
        nf.Blocks([])
    two = [nf.Conditioned(nf.Planar(2), context_dim=1), nf.Conditioned(nf.Planar(2), context_dim=3)]
    with pytest.raises(ValueError, match=r"blocks must take the same context; got context_dim \[1, 3\]"):
        nf.Blocks(two)
    assert nf.Blocks([onp.int64(2), 1]).in_shape == (3,)
