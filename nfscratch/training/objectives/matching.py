"""Flow matching and score matching: the field of a continuous flow, learned by regression. No equation is solved.

A flow is base -> layers before -> Continuous(field) -> layers after -> x. For a row x, x_1 is where the inverses of the
layers after bring it; z_0 is a draw of the base through the layers before; t ~ U[0, 1].

    flow matching     mean of |f(z_t, t) - (x_1 - z_0)|^2,        z_t = (1 - t) z_0 + t x_1                       (1)
    score matching    mean of |g(z_t, t) - (a z_0 - b x_1)|^2,    z_t = b z_0 + a x_1                             (2)

The least of (1) is E[x_1 - z_0 | z_t], the velocity that has the densities of z_t (Lipman et al. 2023,
arXiv:2210.02747). In (2) the field is a ProbabilityFlow with its a, b and denoiser g. By its equation (2) this is
denoising score matching (Vincent 2011, doi:10.1162/NECO_a_00142), |score - (-z_0 / b)|^2 with the weight (b / a)^2.

Only the field and the embedding of the context are trained: the other layers and the base get the gradient 0.
The times of a batch are spread evenly, with one random shift (Kingma et al. 2021, arXiv:2107.00630): less variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch import autodiff, backend, validate
from nfscratch.autodiff.boxes import raw_tree
from nfscratch.excerpt import excerpt
from nfscratch.flows.parameters import naming_params
from nfscratch.nets.probability_flow import ProbabilityFlow
from nfscratch.nets.velocity import checked_velocity
from nfscratch.training import data_rows, row_weights
from nfscratch.training.objectives.ends import Ends
from nfscratch.training.objectives.pairing import paired


@dataclass(frozen=True)
class Regression:
    """The field should be `target` (N, D) at `points` (N, D) and times t (N,)."""

    field: Any
    points: Any
    t: Any
    target: Any


@naming_params
def flow_matching(
    flow: Any, params: Any, x: Any, context: Any = None, rng: Any = None, weights: Any = None, pairing="independent"
) -> Any:
    """Equation (1) for rows x (N, D): the mean over rows of a squared length. `autograd.grad` may differentiate it.

    rng: draws the noise and the times. weights: (N,), as of `nll`.
    pairing: "optimal" takes the shortest pairs in each batch (pairing.py); only without context and weights, because
        a choice among the rows of a batch ties the noise to them.
    """
    return _value(_straight(pairing, context, weights), flow, params, x, context, rng, weights)


@naming_params
def flow_matching_value_and_grad(
    flow: Any,
    params: Any,
    x: Any,
    context: Any = None,
    rng: Any = None,
    weights: Any = None,
    total: Any = None,
    pairing: str = "independent",
) -> tuple[Any, Any]:
    """The same number and its gradient tree, from the field's own pullback, without a tape; total: as of nll."""
    Ends.of(flow)
    x, context, weights = data_rows.checked_batch(flow, params, x, context, weights, total)
    return flow_matching_of_batch(flow, params, x, context, rng, weights, total, pairing)


def flow_matching_of_batch(flow, params, x, context, rng, weights, total, pairing):
    """The same of arrays that are checked already: for `fit`."""
    straight = _straight(pairing, context, weights)
    return _value_and_grad(straight, flow, params, x, context, rng, weights, total)


@naming_params
def score_matching(flow: Any, params: Any, x: Any, context: Any = None, rng: Any = None, weights: Any = None) -> Any:
    """Equation (2) for rows x (N, D), for a flow whose field is a ProbabilityFlow; arguments as of flow_matching."""
    return _value(_diffused, flow, params, x, context, rng, weights)


@naming_params
def score_matching_value_and_grad(
    flow: Any, params: Any, x: Any, context: Any = None, rng: Any = None, weights: Any = None, total: Any = None
) -> tuple[Any, Any]:
    """The same number and its gradient tree, from the denoiser's own pullback, without a tape; total: as of nll."""
    Ends.of(flow)
    x, context, weights = data_rows.checked_batch(flow, params, x, context, weights, total)
    return score_matching_of_batch(flow, params, x, context, rng, weights, total)


def score_matching_of_batch(flow, params, x, context, rng, weights, total):
    """The same of arrays that are checked already: for `fit`."""
    return _value_and_grad(_diffused, flow, params, x, context, rng, weights, total)


# --- what the field should be, and where ---


def _straight(pairing, context, weights):
    """Equation (1), as a function of the field, z_0, x_1 and t."""
    if pairing != "independent" and not (context is None and weights is None):
        given = "weights" if context is None else "a context"
        raise ValueError(
            f'pairing must be "independent" with {given}: a row\'s noise must not depend on it; got {excerpt(pairing)}'
        )

    def regression(field, z, x, t):
        z = paired(z, x, pairing)
        return Regression(field, (z.T + t * (x - z).T).T, t, x - z)

    return regression


def _diffused(field, z, x, t):
    """Equation (2)."""
    denoiser, (a, b) = denoiser_of(field), field.signal_and_noise(t)
    return Regression(denoiser, (b * z.T + a * x.T).T, t, (a * z.T - b * x.T).T)


def denoiser_of(field: Any) -> Any:
    """The field that score matching trains."""
    if not isinstance(field, ProbabilityFlow):
        raise TypeError(
            "score matching needs a flow whose field is a ProbabilityFlow, such as "
            f"nf.flows.continuous(2, field=nf.ProbabilityFlow()); got {type(field).__name__}"
        )
    return field.denoiser


def _posed(regression, ends, flow, params, x, context, rng):
    z, x = ends.noise(flow, params, rng, len(x), context), ends.data(params, x, context)
    t = (rng.random() + onp.arange(len(x)) / max(len(x), 1)) % 1.0
    return regression(ends.layer.field, z, x, backend.asarray(t, dtype=x.dtype, like=x))


# --- the losses ---


def _value(regression, flow, params, x, context, rng, weights):
    data_rows.refuse_no_rows(x)
    ends, rng = Ends.of(flow), validate.seeded(rng)
    if autodiff.contains_box(params):
        x, context = data_rows.checked(flow, raw_tree(params), x, context)[:2]
        shares = row_weights.checked(weights, len(x), x)
        return _mean(_squares(regression, ends, flow, params, x, context, rng), shares)
    x, context = data_rows.checked(flow, params, x, context)[:2]
    shares = row_weights.checked(weights, len(x), x)
    squares = [_squares(regression, ends, flow, params, *piece, rng) for piece in data_rows.pieces(x, context)]
    return float(_mean(onp.concatenate(squares).astype(onp.float64), shares))


def _squares(regression, ends, flow, params, x, context, rng):
    """Per row, for parameters that may be under a derivative."""
    inside = raw_tree(params)
    h = flow.embedded(params, context)
    posed = _posed(regression, ends, flow, inside, x, raw_tree(h), rng)
    g = checked_velocity(posed.field.apply(ends.field_params(params), posed.points, posed.t, h), posed.points)
    return np.sum(np.square(g - posed.target), axis=1)


def _mean(squares, weights):
    return np.mean(squares) if weights is None else np.sum(squares * weights) / weights.sum()


def _value_and_grad(regression, flow, params, x, context, rng, weights, total):
    ends, rng = Ends.of(flow), validate.seeded(rng)
    h, back_embed = _embed_vjp(flow, params, context)
    posed = _posed(regression, ends, flow, params, x, h, rng)
    g, pullback = posed.field.apply_vjp(ends.field_params(params), posed.points, posed.t, h)
    away = checked_velocity(g, posed.points) - posed.target
    shares = _shares(weights, total, away)
    value = (shares * onp.square(away).sum(axis=1)).sum()
    g_field, _, g_h = pullback((2.0 * shares * away.T).T)
    return value, ends.gradients(params, g_field, back_embed(g_h))


def _embed_vjp(flow, params, context):
    """The embedded context, and g_h -> the gradients of the embedding network's parameters."""
    if flow.embed is None:
        return context, lambda g_h: {}
    h, pullback = flow.embed.apply_vjp(params["embed"], context)
    return h, lambda g_h: pullback(g_h)[0]


def _shares(weights, total, away):
    """What each row counts: 1/N, or its weight over their sum."""
    if weights is None:
        return onp.full_like(away, 1.0 / len(away), shape=(len(away),))
    return weights / (weights.sum() if total is None else total)
