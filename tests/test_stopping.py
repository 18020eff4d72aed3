"""A run that ends early: patience, Ctrl-C, divergence. It says why, and what it returns is the best that it had."""

import signal
import threading

import autograd.numpy as np
import numpy as onp
import pytest
from comparing import same_trees
from fitting import DATA, FLOW, fit, rng, scaling

import nfscratch as nf
from nfscratch import trees
from nfscratch.training import divergence


def test_patience_stops_and_returns_the_best():
    worse = iter([3.0, 2.0, 1.0, 5.0, float("nan"), 4.0, 0.0])
    result = nf.minimize(
        lambda p, rng: np.sum(p), onp.zeros(1), rng=rng(), evaluate=lambda p: next(worse), evaluate_every=10, patience=3
    )
    assert result.best_step == 20 and len(result.history["loss"]) == 50
    assert result.stopped == "early stopping at step 50: no better validation in 3 evaluations"
    assert result.params < -0.01 * 0.9


def test_patience_compares_the_steps_with_one_another_and_not_with_the_start():
    """The start is the best for a while; what training leads to is better."""
    values = iter([1.0, 9.0, 8.0, 8.5, 7.0, 7.5, 5.0, 0.5, 0.7, 0.6, 0.8, 0.4])
    result = nf.minimize(
        lambda p, rng: np.sum(p),
        onp.zeros(1),
        rng=rng(),
        evaluate=lambda p: next(values),
        evaluate_every=10,
        patience=3,
    )
    assert result.best_step == 70 and result.steps == 100


def ctrl_c(at_step, times=1):
    """A loss that presses Ctrl-C `times` times in its step `at_step`. Each is handled before the next line runs."""
    steps = iter(range(1, 10**6))

    def loss(p, rng):
        if next(steps) == at_step:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        return np.sum(np.square(p - 1.0))

    return loss


def test_ctrl_c_ends_the_run_after_the_step_in_hand_with_the_best_so_far():
    before = signal.getsignal(signal.SIGINT)
    result = nf.minimize(ctrl_c(7), onp.zeros(1), rng=rng(), evaluate=lambda p: float((p[0] - 1) ** 2))
    assert (result.stopped, result.best_step, len(result.history["loss"])) == ("interrupted at step 7", 7, 7)
    assert 0.006 < result.params[0] < 0.008
    assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture
def listening():
    """Python's own handler of Ctrl-C: a process that was started in the background inherits one that ignores it."""
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, inherited)


def test_a_second_ctrl_c_aborts(listening):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        nf.minimize(ctrl_c(3, times=2), onp.zeros(1), rng=rng())
    assert signal.getsignal(signal.SIGINT) is before


def test_a_fit_in_another_thread_leaves_signals_alone():
    results = []
    thread = threading.Thread(target=lambda: results.append(fit(steps=3)))
    thread.start()
    thread.join()
    assert results[0].stopped == "all steps done"


@pytest.mark.parametrize("validation", [0.1, None])
def test_a_diverging_run_names_layer_direction_and_step_and_returns_the_best(validation):
    unbounded = nf.flows.real_nvp(2, layers=2, hidden=(8,), activation="relu", gain=1.0, whiten="diagonal")
    message = (
        r"diverged at step \d+ \(loss .*\): layer \d of 3 \(Coupling\), inverse \(x -> z\), .* The parameters of step"
    )
    with pytest.warns(nf.TrainingWarning, match=message):
        result = fit(flow=unbounded, optimizer=nf.adam(1e200), evaluate_every=1, validation=validation)
    assert result.stopped.startswith("diverged at step ") and len(result.history["loss"]) < 30
    assert result.best_step < len(result.history["loss"]) + 1
    assert all(onp.isfinite(a).all() for a in trees.leaves(result.params))
    assert onp.isfinite(FLOW.log_prob(result.params, DATA)).all()
    if validation:
        assert result.best_step == result.history["step"][int(onp.nanargmin(result.history["validation"]))]


def test_a_slow_explosion_is_stopped_while_numbers_are_still_finite():
    with pytest.warns(nf.TrainingWarning, match=r"enlarges \|x\| most: .* to .* The parameters of step 0 are returned"):
        result = fit(optimizer=nf.adam(1e6), steps=200)
    assert len(result.history["loss"]) < 30 and same_trees(
        result.params, fit(steps=1, optimizer=nf.adam(1e-300)).params
    )


@pytest.mark.parametrize("validation", [0.1, None])
def test_without_one_finite_loss_nothing_is_returned(validation):
    params = FLOW.init(rng(), DATA)
    params["bijection"][0][-1]["b"][:] = onp.nan
    with pytest.raises(
        FloatingPointError, match=r"no finite loss was seen, .*; diverged at step 1 .* layer 1 of 3 \(Coupling\)"
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.warn", lambda *a, **k: pytest.fail("a warning as well"))
            fit(params=params, validation=validation)


def test_a_gradient_that_is_not_finite_names_its_parameter():
    def loss(p, rng, batch):
        return 0.0, {"bijection": {"theta": onp.array([[onp.nan, 0.0]])}, "base": {}, "embed": {}}

    flow = scaling()
    with pytest.raises(FloatingPointError, match="the gradient of bijection/theta in inverse"):
        nf.minimize(
            loss,
            flow.init(rng()),
            rng=rng(),
            data=DATA[:, :1],
            has_grad=True,
            blame=lambda p, grads, x: divergence.blame(flow, p, grads, x, None),
        )
