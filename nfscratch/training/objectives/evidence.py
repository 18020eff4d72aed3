"""Bounds on the evidence: objectives for a density p(x, y) that can be computed but not drawn from.

x_i are draws of the flow q, w_i = p(x_i, y) / q(x_i), and the evidence is log p(y) = log E_q[w].

    elbo         1/n sum_i [log p(x_i, y) / T - log q(x_i)]            at T = 1: log p(y) - KL(q || p(. | y))        (1)
    reverse_kl   -elbo: the same as a loss, with log_target for log p
    iwae         1/n sum_i log(1/K sum_k w_ik)                         elbo <= iwae <= log p(y)                      (2)

elbo and iwae are better where they are larger, reverse_kl where it is smaller. A draw is x = forward(z), z from the
base, and both terms move with the parameters (Rezende and Mohamed 2015, arXiv:1505.05770, equation 15). A temperature
T > 1 makes p flatter while q finds its place: their annealing takes 1 / T = min(1, 0.01 + t / 10000) at step t. (2) is
of Burda, Grosse and Salakhutdinov 2016, arXiv:1509.00519. With v_ik = w_ik / sum_l w_il, its gradient is

    d iwae = 1/n sum_i sum_k v_ik d log w_ik                                                                         (3)

gradient="path" takes only the part of these gradients that goes through the draws, not through the parameters of
log q(x) at a given x, whose mean is 0 in (1). It is unbiased too, and where q is the posterior every draw gives 0
("sticking the landing": Roeder, Wu and Duvenaud 2017, arXiv:1703.09194). In (3) the other part is not 0; with the
squares of the weights in place of the weights the path alone is right again (Tucker et al. 2019, arXiv:1810.04152).
The path needs log q at the draws with the draws held still, so it runs the inverse of the flow. Take it for flows whose
both directions are one pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch import autodiff, returned, trees, validate
from nfscratch.excerpt import excerpt
from nfscratch.flows.context import check_flow
from nfscratch.ops.events import laid_out

GRADIENTS = ("total", "path")


def elbo(
    flow: Any, log_joint: Callable, params: Any, rng: Any, n: int, context: Any = None, inverse_temperature: float = 1.0
) -> Any:
    """Equation (1) from n draws, in nats: one forward pass, and no inverse. `autograd.grad` differentiates the draws.

    log_joint(x): (n, *shape) -> (n,), the log of a density up to a constant. context: one row for all, or n rows.
    inverse_temperature: 1 / T in (1), the weight of log_joint.
    """
    check_flow(flow)
    _check_callable("log_joint", log_joint)
    _check_inverse_temperature(inverse_temperature)
    x, log_q = flow.sample_and_log_prob(params, rng, validate.count("n", n, least=1), context)
    return np.mean(inverse_temperature * _one_per_draw("log_joint", log_joint(x), n) - log_q)


def elbo_value_and_grad(
    flow: Any,
    log_joint: Callable | None,
    params: Any,
    rng: Any,
    n: int,
    context: Any = None,
    inverse_temperature: float = 1.0,
    log_joint_vjp: Callable | None = None,
    gradient: str = "total",
) -> tuple[Any, Any]:
    """The same number and its gradient tree, from the layers' pullbacks.

    log_joint_vjp(x) -> (n,), pullback(g) -> g_x: the density's own derivative, and all that is used where it is given;
        without it, log_joint is traced.
    """
    of_joint = _with_pullback("log_joint", log_joint, log_joint_vjp)
    return _bound(flow, of_joint, params, rng, n, context, inverse_temperature, gradient)


def reverse_kl(
    flow: Any,
    log_target: Callable,
    params: Any,
    rng: Any,
    n: int,
    context: Any = None,
    inverse_temperature: float = 1.0,
) -> Any:
    """-elbo: the mean of log q - log_target / T over n draws. At T = 1: KL(q || p) - log Z, exp(log_target) = Z p.

    Arguments as of `elbo`.
    """
    check_flow(flow)
    _check_callable("log_target", log_target)
    _check_inverse_temperature(inverse_temperature)
    x, log_q = flow.sample_and_log_prob(params, rng, validate.count("n", n, least=1), context)
    return np.mean(log_q - inverse_temperature * _one_per_draw("log_target", log_target(x), n))


def reverse_kl_value_and_grad(
    flow: Any,
    log_target: Callable | None,
    params: Any,
    rng: Any,
    n: int,
    context: Any = None,
    log_target_vjp: Callable | None = None,
    inverse_temperature: float = 1.0,
    gradient: str = "total",
) -> tuple[Any, Any]:
    """The same number and its gradient tree: for `minimize` with has_grad=True. Arguments as of elbo_value_and_grad."""
    of_target = _with_pullback("log_target", log_target, log_target_vjp)
    value, grads = _bound(flow, of_target, params, rng, n, context, inverse_temperature, gradient, sign=-1.0)
    return -value, grads


def iwae(flow: Any, log_joint: Callable, params: Any, rng: Any, n: int, draws: int = 50, context: Any = None) -> Any:
    """Equation (2): n bounds of K = `draws` draws each, in nats.

    log_joint(x): (n K, *shape) -> (n K,); the K draws of the first bound come first. context: one row for all, or n
    rows, one for each bound.
    """
    check_flow(flow)
    _check_callable("log_joint", log_joint)
    n, K = validate.count("n", n, least=1), validate.count("draws", draws, least=1)
    x, log_q = flow.sample_and_log_prob(params, rng, n * K, _repeated(flow, params, context, n, K))
    log_w = np.reshape(_one_per_draw("log_joint", log_joint(x), n * K) - log_q, (n, K))
    top = np.max(log_w, axis=1)
    return np.mean(top + np.log(np.mean(np.exp(log_w - top[:, None]), axis=1)))


def iwae_value_and_grad(
    flow: Any,
    log_joint: Callable | None,
    params: Any,
    rng: Any,
    n: int,
    draws: int = 50,
    context: Any = None,
    log_joint_vjp: Callable | None = None,
    gradient: str = "total",
) -> tuple[Any, Any]:
    """The same number and its gradient tree (3), which points uphill. Arguments as of elbo_value_and_grad."""
    n, K = validate.count("n", n, least=1), validate.count("draws", draws, least=1)
    of_joint = _with_pullback("log_joint", log_joint, log_joint_vjp)
    context = _repeated(flow, params, context, n, K)
    return _bound(flow, of_joint, params, rng, n * K, context, 1.0, gradient, K)


# --- one implementation ---


def _bound(flow, log_joint_vjp, params, rng, n, context, inverse_temperature, gradient, draws=1, sign=1.0):
    """(2) for n draws in groups of `draws`, which with one draw is (1); and `sign` times its gradient."""
    validate.choice("gradient", gradient, GRADIENTS)
    _check_inverse_temperature(inverse_temperature)
    n, rng = validate.count("n", n, least=1), validate.seeded(rng)
    context = _checked(flow, params, context, n)
    (x, log_q), back = flow.sample_and_log_prob_vjp(params, rng, n, context)
    log_p, back_p = log_joint_vjp(x)
    values, v = _log_means((inverse_temperature * log_p - log_q).reshape((n // draws, draws)))
    share = v.reshape(n) * (sign / len(values))
    if gradient == "total":
        g = back_p(inverse_temperature * share), -share
    else:
        share = share * v.reshape(n)
        g_of_q = flow.log_prob_vjp(params, laid_out(x), context)[1](share)[1]
        g = back_p(inverse_temperature * share) - g_of_q, onp.zeros_like(share)
    return values.mean(), back(g)[0]


def _log_means(log_w):
    """log mean_k w_k of each row (n, K), and the normalised weights v of (3)."""
    if log_w.shape[1] == 1:
        return log_w[:, 0], onp.ones_like(log_w)
    top = log_w.max(axis=1, keepdims=True)
    w = onp.exp(log_w - top)
    total = w.sum(axis=1, keepdims=True)
    return (top + onp.log(total / log_w.shape[1]))[:, 0], w / total


def _with_pullback(name, log_p, log_p_vjp):
    """x -> log p(x) (n,), pullback(g) -> g_x."""
    if log_p_vjp is None:
        _check_callable(name, log_p)

        def traced(x):
            values, pullback = autodiff.value_and_vjp(lambda x: _one_per_draw(name, log_p(x), len(x)), x)
            return values, lambda g: pullback(g)[0]

        return traced

    _check_callable(f"{name}_vjp", log_p_vjp)

    def given(x):
        values, pullback = returned.values_and_pullback(f"{name}_vjp", log_p_vjp(x))
        return _one_per_draw(name, values, len(x)), pullback

    return given


def _check_callable(name, log_p):
    if not callable(log_p):
        raise TypeError(f"{name} must be a function of the draws x (n, ...); got {excerpt(log_p)}")


def _check_inverse_temperature(inverse_temperature):
    if not validate.is_finite(inverse_temperature) or inverse_temperature < 0.0:
        raise ValueError(
            f"inverse_temperature must be a finite number of at least 0; got {excerpt(inverse_temperature)}"
        )


def _one_per_draw(name, log_p, n):
    """Refuse a sum over the draws, or a column: both would broadcast against log q to a wrong value."""
    shape = tuple(getattr(log_p, "shape", ()))
    if shape != (n,):
        raise ValueError(f"{name} must return one number for each of the n draws, shape ({n},); got shape {shape}")
    return returned.floats(name, log_p)


def _repeated(flow, params, context, n, K):
    """The context of each of n bounds, K times."""
    context = _checked(flow, params, context, n)
    return None if context is None else np.repeat(context, K, axis=0)


def _checked(flow, params, context, n):
    """The context as rows (n, C), or None where the flow takes none."""
    return flow.checked_context(params, context, n, trees.array_like(autodiff.rebox(params)))
