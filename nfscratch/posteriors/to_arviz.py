"""to_arviz: draws as ArviZ has them, for its summaries and pictures. ArviZ comes with `pip install 'nfscratch[arviz]'`.

    nf.to_arviz(result, names={"mu": 1, "tau": 1, "theta": 8})     variables in the order of the columns

ArviZ counts all draws alike. So weighted draws are resampled first, each with its weight's probability.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as onp

from nfscratch import backend, validate
from nfscratch.excerpt import excerpt
from nfscratch.posteriors.posterior_result import PosteriorResult


def to_arviz(draws: Any, names: Any = None, log_weights: Any = None, rng: Any = 0) -> Any:
    """ArviZ's object (InferenceData, or a DataTree in its version 1) with `draws` as its posterior.

    draws: a PosteriorResult, whose weighted draws are taken; (n, D); or (chains, n, D), as a sampler gives them.
    names: one name for each of D columns, or {name: how many columns}; default {"x": D}.
    log_weights: (n,), for draws (n, D). rng: a generator or a seed, which resamples.
    Raises ImportError where there is no ArviZ.
    """
    if isinstance(draws, PosteriorResult):
        draws, log_weights = draws.draws, draws.log_weights
    draws = backend.to_numpy(validate.numeric("draws", draws))
    if draws.ndim not in (2, 3):
        raise ValueError(f"draws must have shape (n, D) or (chains, n, D); got {draws.shape}")
    if log_weights is not None:
        log_weights = onp.asarray(backend.to_numpy(validate.numeric("log_weights", log_weights)), dtype=onp.float64)
        draws = _resampled(draws, log_weights, validate.seeded(rng))
    chains = draws if draws.ndim == 3 else draws[None]
    return _from_dict(_variables(chains, _sizes(names, chains.shape[-1])))


def _resampled(draws, log_weights, rng):
    if log_weights.shape != draws.shape[:-1] or draws.ndim != 2:
        raise ValueError(
            f"log_weights must have shape (n,) for draws (n, D); got {log_weights.shape} and {draws.shape}"
        )
    top = log_weights.max(initial=-onp.inf)
    if not onp.isfinite(top):  # NaN, +inf, or nothing but -inf
        raise ValueError(f"log_weights must not be NaN or +inf, nor all -inf; their largest is {top}")
    weights = onp.exp(log_weights - top)
    return draws[rng.choice(len(draws), len(draws), p=weights / weights.sum())]


def _sizes(names, dim):
    """{name: how many columns}, for all D."""
    if names is None:
        return {"x": dim}
    if isinstance(names, str):
        raise TypeError(f"names must be a list of names, or {{name: how many columns}}; got {excerpt(names)}")
    sizes = dict(names) if isinstance(names, dict) else {str(name): 1 for name in names}
    counts = [validate.count(f"the number of columns of {name!r}", n, 1) for name, n in sizes.items()]
    if sum(counts) != dim or len(sizes) != len(names):
        raise ValueError(f"names must stand for the {dim} columns, each once; got {excerpt(names)}")
    return sizes


def _variables(chains, sizes):
    ends = onp.cumsum(list(sizes.values()))
    parts = zip(sizes.items(), ends, strict=True)
    return {name: chains[..., end - 1] if size == 1 else chains[..., end - size : end] for (name, size), end in parts}


def _from_dict(variables):
    try:
        import arviz
    except ImportError as error:
        raise ImportError("nf.to_arviz needs ArviZ, which is not installed: pip install 'nfscratch[arviz]'") from error
    if "posterior" in inspect.signature(arviz.from_dict).parameters:  # before its version 1
        return arviz.from_dict(posterior=variables)
    return arviz.from_dict({"posterior": variables})
