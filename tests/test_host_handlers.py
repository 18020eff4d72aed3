"""Ctrl-C under a host that has a handler of its own: it is called, and the result is not lost."""

import asyncio
import signal

import autograd.numpy as np
import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.sklearn import FlowDensity

X = onp.random.default_rng(0).normal(size=(60, 2))
CALLS = []


@pytest.fixture
def host():
    """A handler of the host's own, which notes its calls and raises what it is told to."""

    def handler(number, frame):
        CALLS.append(number)
        if error := getattr(handler, "error", None):
            raise error

    CALLS.clear()
    inherited = signal.signal(signal.SIGINT, handler)
    yield handler
    signal.signal(signal.SIGINT, inherited)


def pressing(*at_steps):
    """A loss that presses Ctrl-C in these steps."""
    steps = iter(range(1, 10**6))

    def loss(p, rng):
        if next(steps) in at_steps:
            signal.raise_signal(signal.SIGINT)
        return np.sum(np.square(p - 1.0))

    return loss


def minimize(loss, **options):
    return nf.minimize(loss, onp.zeros(1), **{"rng": 0, "steps": 20, "progress": False, **options})


def test_the_host_is_called_once_after_the_run_has_ended_and_its_handler_is_back(host, tmp_path):
    result = minimize(pressing(7), checkpoint=tmp_path / "run")
    assert (result.ended, result.steps, CALLS) == (nf.Ended.INTERRUPTED, 7, [signal.SIGINT])
    assert signal.getsignal(signal.SIGINT) is host
    assert minimize(pressing(), checkpoint=tmp_path / "run").steps == 20


def test_without_ctrl_c_the_host_is_not_called(host):
    assert minimize(pressing()).steps == 20 and CALLS == []


def test_the_host_is_called_before_a_keyboard_interrupt_too(host):
    with pytest.raises(KeyboardInterrupt, match="interrupted at step 7 of 20") as caught:
        minimize(pressing(7), interrupt="raise")
    assert CALLS == [signal.SIGINT] and caught.value.result.steps == 7


@pytest.mark.parametrize("how", ["return", "raise"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_what_the_host_raises_goes_on_to_the_caller_with_the_result(host, how, error):
    host.error = error("enough")
    with pytest.raises(error, match="enough") as caught:
        minimize(pressing(7), interrupt=how)
    assert caught.value.result.steps == 7 and signal.getsignal(signal.SIGINT) is host


def test_a_second_ctrl_c_reaches_the_host_at_once(host):
    host.error = KeyboardInterrupt("now")
    with pytest.raises(KeyboardInterrupt, match="now"):
        minimize(pressing(7, 8, 9))
    assert CALLS == [signal.SIGINT]


def test_a_press_in_the_step_that_fails_is_told_to_the_host_as_well(host):
    def loss(p, rng):
        signal.raise_signal(signal.SIGINT)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        minimize(loss)
    assert CALLS == [signal.SIGINT]


def test_pythons_own_handler_is_stood_in_for():
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert minimize(pressing(7)).steps == 7
    finally:
        signal.signal(signal.SIGINT, inherited)


def test_ctrl_c_in_a_fit_inside_a_callback_ends_the_outer_one_too(host):
    inner = []

    def callback(evaluation):
        if evaluation.step == 10:
            inner.append(minimize(pressing(3)))

    outer = minimize(pressing(), callback=callback, evaluate_every=10)
    assert (inner[0].steps, outer.steps, outer.ended) == (3, 11, nf.Ended.INTERRUPTED)
    assert CALLS == [signal.SIGINT] and signal.getsignal(signal.SIGINT) is host


def test_asyncio_cancels_its_task_after_the_fit():
    """Its handler cancels the main task, which ends where it waits next."""
    results = []

    async def main():
        results.append(minimize(pressing(7)))
        await asyncio.sleep(60)

    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)  # asyncio sets its own in place of this one
    try:
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(main())
    finally:
        signal.signal(signal.SIGINT, inherited)
    assert results[0].steps == 7


# --- scikit-learn ---


def press(evaluation):
    if evaluation.step == 10:
        signal.raise_signal(signal.SIGINT)


def density(**options):
    fit_options = {"callback": press, "evaluate_every": 10, **options}
    settings = {"flow": "maf", "layers": 1, "hidden": (4,), "steps": 30, "validation": None, "random_state": 0}
    return FlowDensity(**settings, fit_options=fit_options)


@pytest.fixture
def listening():
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, inherited)


@pytest.mark.parametrize("options", [{}, {"interrupt": "raise"}], ids=["default", "raise"])
def test_an_estimator_that_was_interrupted_is_fitted(options, listening, capsys):
    stopped = density(**options)
    with pytest.raises(KeyboardInterrupt, match="interrupted at step 11 of 30") as caught:
        stopped.fit(X)
    assert stopped.result_ is caught.value.result and stopped.result_.ended is nf.Ended.INTERRUPTED
    assert onp.isfinite(stopped.score(X)) and stopped.sample(3).shape == (3, 2)
    assert "The program goes on" not in capsys.readouterr().err


def test_an_estimator_that_is_to_return_after_ctrl_c_does(listening):
    stopped = density(interrupt="return").fit(X)
    assert stopped.result_.ended is nf.Ended.INTERRUPTED and stopped.result_.steps == 11


def test_an_estimator_is_fitted_where_the_host_s_handler_raises(host):
    host.error = SystemExit("closing")
    stopped = density()
    with pytest.raises(SystemExit, match="closing"):
        stopped.fit(X)
    assert onp.isfinite(stopped.score(X))


def test_an_error_leaves_an_estimator_unfitted():
    failing = density(callback=lambda e: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        failing.fit(X)
    assert not hasattr(failing, "params_")
