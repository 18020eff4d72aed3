"""Rules about runs, at the thresholds that their docstrings state, and what their parts give where a sum is known."""

from math import inf, nan
from types import SimpleNamespace

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.flows import chunks
from nfscratch.training import (
    batches,
    beginning,
    defaults,
    far_end,
    memory,
    optimizers,
    run,
    verdict,
    watched_draws,
)
from nfscratch.training.objectives import objective, pairing
from nfscratch.training.record import Record, Result


def normal(*shape, seed=0):
    return onp.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize(
    ("loss", "norm", "first", "over"),
    [
        (1e8, 1.0, 1.0, False),
        (1.1e8, 1.0, 1.0, True),
        (-1.1e8, 1.0, 0.0, True),
        (1.1e8, 1.0, -2.0, False),
        (2.1e8, 1.0, -2.0, True),
        (nan, 1.0, 1.0, True),
        (1.0, inf, 1.0, True),
        (0.9e8, 1.0, 0.001, False),
    ],
)
def test_a_loss_a_hundred_million_times_the_first_has_diverged(loss, norm, first, over):
    assert run.diverged(loss, norm, first) is over


def test_the_bar_shows_the_mean_of_the_last_fifty_losses():
    record = Record(None, None)
    assert record.text() == "no finite loss yet"
    record.history["loss"] = [1000.0, *[2.0] * 25, *[4.0] * 25]
    assert record.text() == "loss 3.0000"
    record.history["validation"] = [7.0, 5.0]
    assert record.text() == "loss 3.0000, validation 5.0000"


def test_no_evaluation_that_is_not_finite_is_the_best_and_patience_counts_it():
    values = iter([nan, 3.0, inf, 3.0, 2.0, 4.0, 5.0])
    record = Record(lambda params: next(values), 2)
    seen = []
    for step in range(0, 70, 10):
        record.consider(step, {"a": onp.array([step])})
        seen.append((record.best_step, record.since_best, record.ending is not None))
    assert seen == [
        *[(None, 1, False), (10, 0, False), (10, 1, False), (10, 2, True)],
        *[(40, 0, True), (40, 1, True), (40, 2, True)],
    ]
    assert record.ending.evaluations == 2 and record.ending.step == 60
    record = Record(None, None)  # without an evaluation the latest parameters are kept
    for step in (0, 10, 20):
        record.consider(step, {"a": onp.array([step])})
    assert record.best_step == 20 and record.history["validation"] == []


def test_quantiles_of_students_t_and_the_gain_that_they_ask_for():
    assert abs(verdict.quantile(6) - 3.1427) < 1e-4 and abs(verdict.quantile(30) - 2.4573) < 1e-4
    assert verdict.quantile(0) == verdict.quantile(1) and abs(verdict.quantile(1) - 31.8205) < 1e-4
    mean, error = verdict.mean_and_error(onp.array([1.0, 2.0, 6.0]))
    assert (mean, error) == (3.0, pytest.approx(7.0**0.5 / 3.0**0.5))
    assert verdict.mean_and_error(onp.array([1.0])) == (1.0, inf)
    weighted = verdict.weighted(onp.array([[1.0, 2.0], [3.0, 4.0]]), onp.array([1.0, 3.0]))
    onp.testing.assert_allclose(weighted, [[0.5, 3.0], [1.5, 6.0]])


def test_bearable_rises():
    assert [far_end.nats(width) for width in (2, 10, 11)] == [10.0, 10.0, 11.0]
    losses = [5.0] * 3 + [1.0, 2.0, 9.0] + [4.0] * 2
    assert far_end._medians(losses[:5]) == ([], [], 0.0)
    ends, medians, chance = far_end._medians(losses)
    assert (ends, medians) == ([4, 8], [5.0, 4.0])
    assert chance == 4.0 * 1.375  # quartiles 4 and 5, and 3.5 and 5.25
    assert len(far_end._medians([1.0] * 600)[0]) == 20 and far_end._medians([1.0] * 600)[0][:2] == [30, 60]


def test_chunks_have_fewer_rows_where_these_are_wide():
    sizes = [
        ((3, 1), 2**14),
        ((3, 32), 512),
        ((3, 16), 2**10),
        ((3, 2048), 256),
        ((3, 4, 4, 128), 256),
        ((3, 5000), 256),
        ((3, 0), 2**14),
    ]
    for shape, size in sizes:
        assert chunks.rows_of(onp.broadcast_to(0.0, shape)) == size
    x = normal(2**14 + 1, 1)
    for n in (2**14, 2**14 + 1):
        seen = []
        both = chunks.in_chunks(lambda a, c, seen=seen: seen.append(len(a)) or (a * 2.0, a[:, 0]), x[:n])
        assert seen == ([n] if n == 2**14 else [2**14, 1]) and isinstance(both, tuple)
        onp.testing.assert_array_equal(both[0], 2.0 * x[:n])
        onp.testing.assert_array_equal(both[1], x[:n, 0])
    one = chunks.in_chunks(lambda a, c: a + c, x, 3.0 * x)
    onp.testing.assert_array_equal(one, x + 3.0 * x)


def test_few_held_out_rows_are_taken_several_times_by_matching():
    for n, times in ((10_000, 1), (9_999, 2), (3_334, 3), (10_001, 1)):
        again, none = objective._repeated(onp.arange(n), None)
        assert len(again) == times * n and none is None
    assert again[:3].tolist() == [0, 1, 2]


def test_optimal_pairs_are_found_in_groups_of_sixty_four():
    x = onp.arange(130.0)[:, None]
    z = onp.concatenate([x[:64][::-1], x[64:128][::-1], x[128:][::-1]])
    onp.testing.assert_array_equal(pairing.paired(z, x, "optimal"), x)
    onp.testing.assert_array_equal(pairing.paired(z, x, "independent"), z)
    assert pairing.paired(z[:0], x[:0], "optimal").shape == (0, 1)


def test_an_optimizer_takes_the_step_of_the_paper():
    """Algorithm 1 of Kingma and Ba, number by number, with the decay outside of the moments."""
    adam, g = nf.adam(0.1, b1=0.8, b2=0.9, eps=1e-3, weight_decay=0.5), [3.0, -2.0, 0.5]
    p, m, v, flat = 1.0, 0.0, 0.0, onp.array([1.0])
    state = adam.init(flat)
    for t, gradient in enumerate(g, 1):
        m, v = 0.8 * m + 0.2 * gradient, 0.9 * v + 0.1 * gradient**2
        moved = (m / (1 - 0.8**t)) / ((v / (1 - 0.9**t)) ** 0.5 + 1e-3)
        p -= 0.1 * 0.5 * (moved + 0.5 * p)
        adam.step(flat, onp.array([gradient]), state, 0.5)
        assert state["t"] == t
        onp.testing.assert_allclose(flat, [p], rtol=1e-13)
    values = [optimizers.cosine(done) for done in (0.0, 0.25, 0.5, 1.0)]
    onp.testing.assert_allclose(values, [1.0, 0.5 + 0.125**0.5, 0.5, 0.0], atol=1e-15)
    assert optimizers.constant(0.9) == 1.0
    for norm, expected in ((5.0, [3.0, 4.0]), (5.0001, None)):
        clipped = onp.array([3.0, 4.0])
        optimizers.clip_by_norm(clipped, norm, 5.0)
        assert (clipped.tolist() == expected) == (expected is not None)
    optimizers.clip_by_norm(clipped, 1e9, None)
    assert clipped[1] > 3.9


def test_memory_and_the_start_of_a_run_are_checked():
    flow = nf.flows.maf(2)
    assert memory.for_steps(flow, "store", nf.objectives.FlowMatching()) is flow
    with pytest.raises(ValueError, match='memory must be "store" for FlowMatching'):
        memory.for_steps(flow, "recompute", nf.objectives.FlowMatching())
    start = beginning.Beginning(flow, None, {"a": 1})
    result = Result({"b": 2}, best_step=0)
    assert start.from_all_rows(result, None) is result and result.params == {"b": 2} and start.draws is None


def test_batches_take_each_row_once_in_a_pass_and_leave_out_the_rest():
    rng = onp.random.default_rng(0)
    source = batches.Batches((onp.arange(10)[:, None], None), 4, rng)
    taken = [source.next()[0].ravel().tolist() for _ in range(4)]
    assert [len(rows) for rows in taken] == [4] * 4
    assert len({*taken[0], *taken[1]}) == 8 and len({*taken[2], *taken[3]}) == 8
    whole = batches.Batches(onp.arange(8)[:, None], 8, rng)
    assert sorted(whole.next().ravel()) == sorted(whole.next().ravel()) == list(range(8))
    assert batches.Batches(onp.arange(3)[:, None], 8, rng).size == 3
    for wrong in ((onp.ones((2, 1)), onp.ones((3, 1))), onp.ones((0, 1))):
        with pytest.raises(ValueError, match="at least 1 row, and the same number of rows in every part"):
            batches.Batches(wrong, 2, rng)


def test_the_lengths_of_runs_by_the_rows():
    plans = {
        10: (500, 10), 100: (600, 32), 320: (2000, 32), 1000: (4000, 100), 5120: (4000, 512), 20_000: (4000, 512),
        200_000: (7800, 512), 1_000_000: (10_000, 512),
    }  # fmt: skip
    for n, (steps, batch) in plans.items():
        plan = defaults.plan_for(n, 2)
        assert (plan.steps, plan.batch_size, plan.patience) == (steps, batch, 15), n
    assert defaults.plan_for(1000, 2**20).batch_size == 1 and defaults.plan_for(1000, 2**16).batch_size == 16
    times = defaults.Times(10, 40)
    due = [step for step in range(400) if times.due(step)]
    assert due[:12] == [0, 10, 20, 30, 40, 50, 60, 72, 86, 103, 123, 147]
    assert onp.diff(due).max() == 40 and due[-1] - due[-2] == 40 and times.described == [10, 40]
    assert [step for step in range(50) if defaults.Times(20, 20).due(step)] == [0, 20, 40]
    assert defaults.Times(20, 20).described == 20


def test_the_draws_of_a_game_are_watched_on_500_rows():
    gan = SimpleNamespace(sample=lambda params, rng, n: rng.normal(size=(n, 2)) + params["shift"])
    params = {"scale": {"fixed": {"mean": 0.0, "std": 1.0}}, "shift": 0.0}
    watched = watched_draws.WatchedDraws(gan, normal(700, 2), None)
    assert len(watched.rows) == 500
    apart = {shift: watched._apart({**params, "shift": shift}) for shift in (0.0, 0.5, 3.0)}
    assert abs(apart[0.0]) < 0.01 < 0.04 < apart[0.5] < 0.09 < 0.4 < apart[3.0]
    assert watched_draws.WatchedDraws(gan, normal(1, 2), None)._apart(params) == 0.0
    at = SimpleNamespace(step=3, params=params)
    assert watched(at) is None and watched.steps == [3]
    assert watched_draws.WatchedDraws(gan, normal(9, 2), lambda at: at.step)(at) == 3
