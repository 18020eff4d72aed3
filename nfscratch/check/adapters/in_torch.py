"""PyTorch's functions as functions of NumPy arrays, in one dtype, with torch's own state left as it was.

A module is copied, so that the caller's weights keep their dtype. torch's default dtype is the audit's while a function
runs: libraries make zeros of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import numpy as onp
import torch


def module_in(module: Any, dtype: str) -> Any:
    """A copy of a torch module in a dtype, in evaluation mode; anything else as it is."""
    if not isinstance(module, torch.nn.Module):
        return module
    with _results_can_be_copied():
        return deepcopy(module).to(getattr(torch, dtype)).eval()


@contextmanager
def _results_can_be_copied() -> Iterator[None]:
    """A module may hold what it computed last, as Pyro's and torch's transforms do; torch copies no tensor that still
    has its gradient's history. Here it is copied without that."""
    usual = torch.Tensor.__deepcopy__

    def copied(self, memo):
        return usual(self if self.is_leaf else self.detach(), memo)

    torch.Tensor.__deepcopy__ = copied
    try:
        yield
    finally:
        torch.Tensor.__deepcopy__ = usual


def in_torch(f: Callable, dtype: str) -> Callable:
    """f of a tensor as a function of an array. Randomness starts from the same seed at every call."""

    def call(a):
        with _quietly(dtype, 0):
            return f(torch.as_tensor(onp.ascontiguousarray(a), dtype=getattr(torch, dtype)))

    return call


def sampler(draw: Callable[[int], Any], dtype: str) -> Callable:
    """draw(n) as sample(rng, n)."""

    def sample(rng, n):
        with _quietly(dtype, int(rng.integers(2**31))):
            return draw(n).detach().cpu().numpy()

    return sample


def summed(log_det: Any) -> Any:
    """(N, ...) -> (N,): some transforms give a log_det for each number."""
    return log_det.sum(dim=tuple(range(1, log_det.ndim))) if log_det.ndim > 1 else log_det


def row(context: Any, dtype: str) -> Any:
    """One row of context as a tensor (C,), or None."""
    return None if context is None else torch.as_tensor(onp.ravel(context), dtype=getattr(torch, dtype))


@contextmanager
def _quietly(dtype: str, seed: int) -> Iterator[None]:
    before = torch.get_default_dtype()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_default_dtype(getattr(torch, dtype))
        try:
            yield
        finally:
            torch.set_default_dtype(before)
