"""Scaled: a model whose networks see data in units of their own spread, u = (x - mean) / std, column by column.

mean and std are taken from the rows that `init` is given, stored beside the networks' parameters, and not trained
(bijections/normalize/standardize.py). What the model returns is in the units of the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as onp

from nfscratch import backend, trees
from nfscratch.bijections import Standardize
from nfscratch.models.model import Model
from nfscratch.nets.network import network_value
from nfscratch.trees import FIXED


@dataclass(frozen=True, eq=False)
class Scaled(Model):
    """params have the entry "scale": {"fixed": {"mean": (D,), "std": (D,)}}."""

    def width(self, params):
        return params["scale"][FIXED]["mean"].shape[0]

    def _first_rows(self, x):
        """The rows that `init` looks at, checked; at least 1."""
        x = self.rows(x, backend.asarray([]))
        if len(x) == 0:
            raise ValueError("x must have at least 1 row; got 0")
        return x

    def _inward(self, params, x):
        return Standardize(x.shape[1]).inverse(params["scale"], x)[0]

    def _outward(self, params, u):
        return Standardize(u.shape[1]).forward(params["scale"], u)[0]

    def _compare_scale(self, comparison, params):
        """Compares the entries of `params`, and its scale; returns the width of x."""
        comparison.keys(self.entries, params, "params")
        width = self.width(params)
        comparison.part(Standardize(width), (), params["scale"], "params['scale']")
        return width


def tried(name: str, network: Any, params: Any, n_in: int, n_out: int) -> Any:
    """`params`, or ValueError unless the network makes n_out numbers of n_in with them."""
    rows = onp.zeros_like(trees.array_like(params), shape=(2, n_in))
    out = network_value(network, params, rows)
    if tuple(out.shape) != (2, n_out):
        raise ValueError(f"{name} must give {n_out} numbers for each row; got shape {tuple(out.shape)} of 2 rows")
    return params
