"""What a function of the caller's must return is said by its name, and nothing but True stops a run."""

from functools import partial, wraps

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import validate

X = onp.random.default_rng(0).normal(size=(60, 2))
FLOW = nf.flows.real_nvp(2, layers=1, hidden=(4,))


one = onp.ones(2)


def square(p, rng):
    return (p * p).sum()


def refused(message, call, *arguments, **named):
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        call(*arguments, **named)
    assert "\n" not in str(caught.value)


def test_what_a_function_of_the_callers_must_return_is_said_by_its_name():
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
    for value, came in ((None, "None"), ("a", "'a'"), (True, "True"), (one, r"an array of shape \(2,\)")):
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


def update_with(change):
    """A flow with running statistics whose last layer's update gives `change` of what is right."""

    class Odd(nf.BatchNorm):
        def update(self, params, x, context=None):
            return change(super().update(params, x, context))

    return nf.Flow(nf.StandardNormal(2), nf.Chain([nf.Reverse(2), Odd(2)]))


def with_mean(mean):
    return lambda tree: {**tree, "fixed": {**tree["fixed"], "mean": mean}}


@pytest.mark.parametrize(
    ("change", "came"),
    [
        (lambda tree: None, "a NoneType, where a dict of "),
        (lambda tree: tree["fixed"], r"the keys \['mean', .*, where a dict of \[.*'fixed'"),
        (lambda tree: {**tree, "fixed": [1]}, "a list at fixed, where a dict of "),
        (
            with_mean(1.0),
            r"a float at fixed/mean, where an array of sh",
        ),
        (
            with_mean(one[:1]),
            r"float64 of shape \(1,\) at fixed/mean, wh",
        ),
        (
            with_mean(one > 0),
            r"bool of shape \(2,\) at fixed/mean, where",
        ),
    ],
)
def test_an_update_that_returns_another_tree_is_told_by_its_layer(change, came):
    words = rf"update of layer 2 of 2 \(Odd\) must return parameters like those that it is given; got {came}"
    flow = update_with(change)
    refused(words, nf.fit, flow, X, rng=0, steps=2, progress=False, params=flow.init(0, X))


@pytest.mark.parametrize("came", [None, [{}], {"layers": []}])
def test_an_update_of_a_chain_of_ones_own_that_returns_another_tree_is_told(came):
    class Odd(nf.Chain):
        def update(self, params, x, context=None):
            return came

    flow = nf.Flow(nf.StandardNormal(2), Odd([nf.Reverse(2), nf.BatchNorm(2)]))
    words = r"update of the bijection \(Odd\) must return parameters like those that it is given; got "
    refused(words, flow.update, flow.init(0, X), X)


def test_an_update_of_minimize_that_returns_another_tree_is_told():
    def run(update):
        loss = lambda p, rng: (p["w"][0] ** 2).sum() + (p["w"][1] ** 2).sum()  # noqa: E731
        return nf.minimize(loss, {"w": [one, one]}, rng=0, steps=2, progress=False, update=update)

    for tree, came in (
        ({"w": one}, "a ndarray at w, where 2 parts are needed"),
        ({"w": [one]}, "1 parts at w, where 2 parts are needed"),
        ({"v": one}, r"the keys \['v'\], where a dict of \['w'\] is needed"),
    ):
        refused(f"update must return parameters like those that it is given; got {came}", run, lambda p, t=tree: t)
    assert run(lambda p: {"w": tuple(p["w"])}).steps == 2


class Own(nf.objectives.Objective):
    """An objective whose two methods return what they are given."""

    def __init__(self, pair, value=0.0):
        self.__dict__.update(pair=pair, number=value)

    def value_and_grad(self, flow, params, *rest):
        return self.pair

    def value(self, *arguments):
        return self.number


def test_what_an_objective_of_ones_own_must_return_is_said_by_its_name():
    def fit(objective):
        return nf.fit(FLOW, X, rng=0, steps=2, progress=False, objective=objective)

    refused(r"value_and_grad of Own must return \(value, gradient tree\); got 3", fit, Own(3))
    refused("value_and_grad of Own, in its first part, must return a number; got True", fit, Own((True, {})))
    refused("value_and_grad of Own must return a gradient with the shapes of params", fit, Own((1.0, {})))
    refused("value of Own must return a number; got None", fit, Own((1.0, {}), None))


@pytest.mark.parametrize(
    ("name", "f", "called"),
    [
        ("callback", lambda: None, r"an Evaluation, called with 1 argument; got <lambda>\(\)"),
        ("callback", lambda step, loss: None, r"an Evaluation, called with 1 argument; got <lambda>\(step, loss\)"),
        ("schedule", lambda step, steps: 1.0, r"the share of the steps that is done, called with 1 argument; got <lam"),
    ],
)
def test_a_function_of_other_arguments_is_refused_before_the_run(name, f, called):
    refused(f"^{name} must be a function of {called}", nf.fit, FLOW, X, rng=0, **{name: f})
    refused(f"^{name} must be a function of {called}", nf.minimize, square, one, rng=0, **{name: f})


def test_functions_that_can_be_called_so_are_taken():
    class Called:
        def __call__(self, at, more=1):
            return True

    @wraps(lambda: None)
    def decorated(at):
        """It is called as it stands here, whatever it calls."""

    for f in (Called(), lambda *all: True, partial(lambda a, at: True, 1), max, print, decorated):
        validate.function("callback", f, "an Evaluation", 1)
    with pytest.raises(TypeError, match=r"got Called\(at, more=1\)"):
        validate.function("callback", Called(), "an Evaluation", 3)
    refused(
        r"loss must be a function of \(params, rng\), .*, called with 3 arguments; got square\(p, rng\)",
        nf.minimize,
        square,
        one,
        data=X,
        rng=0,
    )


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
