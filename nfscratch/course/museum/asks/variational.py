"""Our checks of what variational inference computes: a bound, a trace, a density with a context."""

from __future__ import annotations

from typing import Any

import numpy as np


def _log_evidence(x):
    return -0.25 * x**2 - 0.5 * np.log(4 * np.pi)


# --- the evidence bound ---


def bound_is_finite(elbo: Any, rng: Any) -> bool:
    """the bound is a finite number"""
    return bool(np.isfinite(elbo(1.0, 0.3, 0.8, rng.normal(size=1000))))


def bound_is_below_the_evidence(elbo: Any, rng: Any) -> bool:
    """it is below log p(x), for a posterior that is far off"""
    return bool(elbo(1.0, -1.0, 2.0, rng.normal(size=4000)) < _log_evidence(1.0))


def bound_is_the_evidence_at_the_posterior(elbo: Any, rng: Any) -> bool:
    """at the exact posterior it is log p(x), for every draw"""
    return all(abs(elbo(x, x / 2, 0.5**0.5, rng.normal(size=9)) - _log_evidence(x)) < 1e-9 for x in rng.normal(size=3))


# --- the trace ---


def trace_by_one_probe(trace: Any, rng: Any) -> bool:
    """one probe of a diagonal matrix gives its trace"""
    A = np.diag(rng.normal(size=5))
    return bool(abs(trace(A, rng.choice([-1.0, 1.0], size=(1, 5))) - np.trace(A)) < 1e-9)


def trace_is_linear(trace: Any, rng: Any) -> bool:
    """twice the matrix has twice the trace"""
    A, probes = rng.normal(size=(5, 5)), rng.choice([-1.0, 1.0], size=(8, 5))
    return bool(abs(trace(2 * A, probes) - 2 * trace(A, probes)) < 1e-9)


def trace_by_many_probes(trace: Any, rng: Any) -> bool:
    """eight probes of a diagonal matrix give its trace"""
    A = np.diag(1 + rng.random(size=5))
    return bool(abs(trace(A, rng.choice([-1.0, 1.0], size=(8, 5))) - np.trace(A)) < 1e-9)


# --- the context ---


def _arguments(rng):
    return rng.normal(size=6), rng.normal(size=(6, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)


def context_is_read(log_prob: Any, rng: Any) -> bool:
    """another context gives another density, with weights that stay"""
    x, c, W, head = _arguments(rng)
    return not np.allclose(log_prob(x, c, W, head), log_prob(x, c + 1, W, head))


def context_belongs_to_its_row(log_prob: Any, rng: Any) -> bool:
    """a row by itself has the density that it has among others"""
    x, c, W, head = _arguments(rng)
    return bool(np.allclose(log_prob(x, c, W, head)[:1], log_prob(x[:1], c[:1], W, head)))


def context_trains_the_head(log_prob: Any, rng: Any) -> bool:
    """another head gives another density"""
    x, c, W, head = _arguments(rng)
    return not np.allclose(log_prob(x, c, W, head), log_prob(x, c, W, head + 1))


def context_trains_the_embedding(log_prob: Any, rng: Any) -> bool:
    """another W gives another density"""
    x, c, W, head = _arguments(rng)
    return not np.allclose(log_prob(x, c, W, head), log_prob(x, c, W + 1, head))
