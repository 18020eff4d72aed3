"""Minibatches, schedules, Adam and clipping: what a training step is made of."""

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close
from fitting import fit, rng

import nfscratch as nf
from nfscratch.training.batches import Batches
from nfscratch.training.optimizers import clip_by_norm

# --- batches ---


def test_batches_are_permutations_without_replacement():
    batches = Batches(onp.arange(10.0), 3, rng())
    passes = [[batches.next() for _ in range(3)] for _ in range(4)]
    for one_pass in passes:
        assert len(set(onp.concatenate(one_pass))) == 9 and {len(b) for b in one_pass} == {3}
    assert len({tuple(onp.concatenate(p)) for p in passes}) == 4


def test_fewer_rows_than_a_batch_are_all_taken_every_time():
    batches = Batches((onp.arange(5.0), None), 64, rng())
    for _ in range(3):
        rows, nothing = batches.next()
        assert sorted(rows) == [0, 1, 2, 3, 4] and nothing is None


def test_the_parts_of_a_batch_belong_together():
    x = rng().normal(size=(40, 2))
    batches = Batches((x, x[:, :1] * 2, x[:, 1] * 3), 7, rng())
    for _ in range(12):
        a, b, c = batches.next()
        assert (b[:, 0] == 2 * a[:, 0]).all() and (c == 3 * a[:, 1]).all()


# --- schedules ---


def test_schedules():
    assert [nf.cosine(0.0), nf.cosine(0.5), nf.cosine(1.0)] == [1.0, pytest.approx(0.5), 0.0]
    assert {nf.constant(done) for done in (0.0, 0.3, 1.0)} == {1.0}


@pytest.mark.parametrize(("schedule", "moved"), [(nf.constant, 1.0), (nf.cosine, 0.505), (lambda done: 0.0, 0.0)])
def test_the_schedule_scales_the_rate_of_each_step(schedule, moved):
    """A constant gradient moves Adam by its rate in every step: the sum over 100 steps is the schedule's."""
    options = {"schedule": schedule, "optimizer": nf.adam(0.01)}
    result = nf.minimize(lambda p, rng: np.sum(p), onp.zeros(3), rng=rng(), steps=100, **options)
    close(result.params, onp.full(3, -moved), 1e-5)


# --- the optimizer ---


def test_adam_takes_the_steps_of_the_paper():
    gradients = rng().normal(size=(6, 4)) * [1e-6, 1.0, 1e3, 1e-12]
    optimizer, p = nf.adam(0.1, b1=0.8, b2=0.95, eps=1e-6), onp.ones(4)
    state = optimizer.init(p)
    m, v, expected = onp.zeros(4), onp.zeros(4), onp.ones(4)
    for t, g in enumerate(gradients, start=1):
        m, v = 0.8 * m + 0.2 * g, 0.95 * v + 0.05 * g**2
        expected = expected - 0.1 * 0.5 * (m / (1 - 0.8**t)) / (onp.sqrt(v / (1 - 0.95**t)) + 1e-6)
        optimizer.step(p, g.copy(), state, factor=0.5)
        close(p, expected, 1e-14)


@pytest.mark.parametrize("g", [0.0, 3.0])
def test_weight_decay_is_decoupled(g):
    """Each step multiplies by 1 - rate * decay, outside of the moments, whatever the gradient."""
    decayed, plain = nf.adam(0.1, weight_decay=0.5), nf.adam(0.1)
    p = onp.array([1.0, -2.0])
    state, plain_state, expected = decayed.init(p), plain.init(p), p.copy()
    for _ in range(4):
        step = onp.zeros(2)
        plain.step(step, onp.full(2, g), plain_state, 0.5)
        expected = expected * (1 - 0.1 * 0.5 * 0.5) + step
        decayed.step(p, onp.full(2, g), state, 0.5)
        close(p, expected, 1e-14)


def test_clip_shortens_a_long_gradient_and_leaves_a_short_one():
    g = onp.array([3.0, 4.0])
    clip_by_norm(g, 5.0, 10.0)
    assert (g == [3.0, 4.0]).all()
    clip_by_norm(g, 5.0, 1.0)
    close(g, [0.6, 0.8], 1e-15)


def test_clip_bounds_the_gradient_of_each_step():
    """As the optimizer gets them; without `clip` some are longer."""
    lengths = []

    @dataclass(frozen=True)
    class Watching(nf.Adam):
        def step(self, p, g, state, factor=1.0):
            lengths.append(float(onp.linalg.norm(g)))
            super().step(p, g, state, factor)

    fit(optimizer=Watching(0.05), steps=20)
    assert max(lengths) > 0.05
    free, lengths[:] = list(lengths), []
    fit(optimizer=Watching(0.05), steps=20, clip=0.05)
    assert max(lengths) <= 0.05 * (1 + 1e-12) and lengths[0] == pytest.approx(min(free[0], 0.05))


@pytest.mark.parametrize("done", [float("nan"), float("inf"), "a", None, True, onp.zeros(2)], ids=repr)
def test_a_schedule_is_asked_for_a_share_of_the_run(done):
    for schedule in (nf.cosine, nf.constant):
        with pytest.raises(ValueError, match="done must be the share of a run that is done, a finite number; got "):
            schedule(done)
        assert schedule(-0.1) <= 1 and schedule((1 - 0.7) / 0.3) >= 0, "rounding, and a warm-up before it"
        assert 0 <= schedule(1) <= schedule(onp.float32(0.5)) <= schedule(onp.array(0.0)) == 1
