"""What a function of the caller's must return is said by its name, and nothing but True stops a run."""

import numpy as onp
import pytest

import nfscratch as nf

X = onp.random.default_rng(0).normal(size=(60, 2))
FLOW = nf.flows.real_nvp(2, layers=1, hidden=(4,))


def refused(message, call, *arguments, **named):
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        call(*arguments, **named)
    assert "\n" not in str(caught.value)


def test_what_a_function_of_the_callers_must_return_is_said_by_its_name():
    one = onp.ones(2)

    def fit(**given):
        return nf.fit(FLOW, X, rng=0, **{"steps": 2, "progress": False, **given})

    def minimize(loss=lambda p, rng, *batch: (p * p).sum(), **given):
        return nf.minimize(loss, one, rng=0, **{"steps": 2, "progress": False, **given})

    for value in (-1, float("nan"), float("inf")):
        refused(
            rf"schedule\(0\) must be a finite number of at least 0; got {float(value)}",
            fit,
            schedule=lambda t, value=value: value,
        )
    for value, came in ((None, "None"), ("a", "'a'"), (one, r"an array of shape \(2,\)")):
        refused(f"schedule must return a number; got {came}", fit, schedule=lambda t, value=value: value)
        refused(f"evaluate must return a number; got {came}", minimize, evaluate=lambda p, value=value: value)
        refused(f"loss must return a number; got {came}", minimize, lambda p, rng, value=value: value)
        refused(
            f"statistic must return a number; got {came}",
            nf.evaluate.permutation_test,
            lambda a, b, value=value: value,
            X,
            X,
            0,
        )
    refused("loss must return a number; got ", minimize, lambda p, rng: p)
    refused("loss must return a number; got ", minimize, lambda p, rng: p.sum() * 1j)
    refused(r"loss with has_grad=True must return \(value, gradient tree\); got ", minimize, has_grad=True)
    for grads in (None, onp.ones(3), [one, one]):
        refused(
            "must return a gradient with the shapes of params",
            minimize,
            lambda p, rng, grads=grads: (1.0, grads),
            has_grad=True,
        )
    for data in (3, "a", [1, 2], onp.array(3)):
        refused("data must be an array of rows, or a tuple of arrays or None; got ", minimize, data=data)
    masked = onp.ma.masked_array(X, mask=X > 1)
    refused("data must have a value everywhere; got a masked array", minimize, data=(X, masked))
    refused("draws must have a value everywhere; got a masked array", nf.to_arviz, masked)
    for value in ("x", [1], onp.ones(2), 3, 0, 1.0, onp.array(False)):  # none is True
        assert minimize(callback=lambda at, value=value: value, evaluate=lambda p: 0.0).ended is nf.Ended.ALL_STEPS
    for value in (True, onp.True_, 1, onp.array(True)):
        assert minimize(callback=lambda at, value=value: value, evaluate=lambda p: 0.0).ended is nf.Ended.STOPPED
    refused("eps must be at most 1000; got 1e[+]300", nf.adam, eps=1e300)


def test_the_functions_of_models_and_posteriors_are_told_apart_too():
    code, game = nf.models.AutoEncoder(nf.MLP((4,)), nf.MLP((4,)), 1), nf.models.GAN(nf.MLP((4,)), nf.MLP((4,)), 2)
    run = {"rng": 0, "steps": 2, "progress": False}
    refused("x must have rows of one length; got a list of rows of several", nf.fit_model, code, [[1, 2], [3]], **run)
    refused("validation must leave rows on both sides; got nan", nf.fit_model, code, X, validation=onp.nan, **run)
    refused(
        "at_step must return a dict of arguments by their names; got 3",
        nf.fit_model,
        code,
        X,
        at_step=lambda t: 3,
        **run,
    )
    refused("measure must return a number; got None", nf.fit_gan, game, X, measure=lambda p: None, **run)
    refused("log_prob_vjp must return .*; got 1", nf.fit_posterior, None, 2, rng=0, log_prob_vjp=lambda t: 1)
    bound, flow = nf.objectives.reverse_kl_value_and_grad, nf.flows.inference(2)
    params = flow.init(0)
    refused("log_target_vjp must return .*; got 1", bound, flow, None, params, 0, 5, log_target_vjp=lambda t: 1)
    message = "log_target must return floats, which have a slope; got dtype int64"
    refused(message, bound, flow, lambda t: t[:, 0].astype(int), params, 0, 5)
    refused(
        "log_prob must return floats, which have a slope; got dtype int64",
        nf.fit_posterior,
        lambda t: t[:, 0].astype(int),
        2,
        rng=0,
    )
