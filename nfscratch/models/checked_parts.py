"""The parts of a model, and whether they fit each other: widths, shapes, and parameters."""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import validate
from nfscratch.array_kinds import plain
from nfscratch.autodiff import raw
from nfscratch.distributions import Distribution, StandardNormal
from nfscratch.excerpt import excerpt
from nfscratch.flows import Flow
from nfscratch.flows.parameters import ParamsError, found, odd_numbers
from nfscratch.flows.recipe import check_network
from nfscratch.nets.network import network_width
from nfscratch.trees import first_array


def prior_of(given: Any, shape: tuple[int, ...]) -> Distribution | Flow:
    """The prior over z; None is the standard normal."""
    prior = StandardNormal(shape) if given is None else given
    if not isinstance(prior, Flow):
        validate.part("prior", prior, Distribution, f"nf.StandardNormal({shape[0]})")
    if prior.context_dim or tuple(prior.shape) != tuple(shape):
        raise ValueError(
            f"prior must be over z, of shape {tuple(shape)} and without a context; "
            f"got shape {tuple(prior.shape)} and context_dim {prior.context_dim}"
        )
    return prior


def check_posterior(posterior):
    if len(posterior.shape) != 1 or not posterior.context_dim:
        raise ValueError(
            "posterior must be a flow over z (N, dim) with a context, such as nf.flows.posterior(8, 64); "
            f"got shape {tuple(posterior.shape)} and context_dim {posterior.context_dim}"
        )
    if posterior.embed is not None and not getattr(posterior.embed, "keeps_width", False):
        raise ValueError("posterior must have no embedding network, because the encoder is one; got embed")
    if posterior.updates:
        raise ValueError("posterior must have no running statistics, such as BatchNorm's; got a flow that has")


def of_width(name, out, width):
    """`out`, or ValueError unless a row of it has `width` numbers."""
    if out.ndim != 2 or out.shape[1] != width:
        wanted = {"encoder": "the context_dim of the posterior", "decoder": "as many as x has columns"}[name]
        raise ValueError(f"{name} must give {width} numbers for each row, {wanted}; got shape {tuple(out.shape)}")
    return out


def rows_width(name: str, x: Any) -> int:
    """How many numbers a row of x has, or ValueError unless x is a table of rows."""
    shape = onp.shape(x) if hasattr(x, "shape") else plain(name, x).shape
    if len(shape) != 2 or shape[1] == 0:
        raise ValueError(f"{name} must have shape (N, D), images as rows of their pixels; got {shape}")
    return shape[1]


def check_entries(model: Any, params: Any) -> None:
    """Raise ParamsError unless `params` has an entry for each part of the model."""
    inside = raw(params)
    if not isinstance(inside, dict) or not set(model.entries) <= set(inside):
        entries = ", ".join(model.entries)
        raise ParamsError(f"params must be those of {model.called}.init, a dict of {entries}; got {found(inside)}")
    leaf = raw(first_array(inside))
    if hasattr(leaf, "dtype") and (odd := odd_numbers(leaf)):
        raise ParamsError(f"params must be of real numbers, in float32 or float64; got {odd}")


def compare(vae: Any, comparison: Any, params: Any) -> None:
    """Raise ParamsError unless `params` is a tree of the model `vae`; one of its parts is asked after the other."""
    comparison.keys(vae.entries, params, "params")
    comparison.flow(vae.posterior, params["posterior"], "params['posterior']")
    if isinstance(vae.prior, Flow):
        comparison.flow(vae.prior, params["prior"], "params['prior']")
    else:
        comparison.part(vae.prior, (), params["prior"], "params['prior']")
    comparison.part(vae.likelihood, (), params["likelihood"], "params['likelihood']")
    width, latent = _width(vae, "encoder", params), _width(vae, "decoder", params)
    if latent not in (None, vae.dim):
        raise ParamsError(f"params['decoder'] must take the {vae.dim} numbers of z; got {latent}")
    if width is not None:  # else the parameters do not tell for which x the networks were made
        comparison.part(vae.encoder, (width, vae.posterior.context_dim), params["encoder"], "params['encoder']")
        comparison.part(vae.decoder, (vae.dim, width), params["decoder"], "params['decoder']")


def _width(vae, name, params):
    """How many numbers the network `name` takes, or None where its parameters do not tell."""
    try:
        return network_width(getattr(vae, name), params[name])
    except (AttributeError, LookupError, TypeError):
        kind = type(getattr(vae, name)).__name__
        raise ParamsError(f"params['{name}'] must be those of {kind}; got {found(params[name])}") from None


def check_generator(generator: Any, dim: Any) -> int:
    """How many numbers z has, or an error for a generator that is neither a network nor a flow that can be trained."""
    if not isinstance(generator, Flow):
        check_network("generator", generator)
        return validate.size("dim", dim)
    if len(generator.shape) != 1 or generator.context_dim or generator.updates or not generator.base.reparameterized:
        raise ValueError(
            "generator must be a flow over rows (N, D), without a context and running statistics, whose base is "
            f"reparameterized, such as nf.flows.real_nvp(2, base=nf.StandardNormal(2)); got shape {generator.shape}, "
            f"context_dim {generator.context_dim} and a base {type(generator.base).__name__}"
        )
    if dim not in (None, generator.base.shape[0]):
        raise ValueError(
            f"dim must be that of the generator's base, {generator.base.shape[0]}, or None; got {excerpt(dim)}"
        )
    return generator.base.shape[0]
