"""Subject: what is audited, as two functions of NumPy arrays, whatever it was before.

    forward(z) -> x, log_det        inverse(x) -> z, log_det        (log_prob(x), sample(rng, n) where there are any)

A Bijection or a Flow comes with one draw of parameters and one block of context bound to it: row i of a batch gets row
i of the context, and a longer batch repeats the block (finite differences stack whole batches). `at(rows)` is the
subject of some of these rows. A pair of plain functions is taken as it is, on a standard normal base.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from math import log, pi, prod
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.inverse import Inverse, InverseBijection
from nfscratch.check.bound import base_of, density_of, direction_of
from nfscratch.check.domains import Ends, interval
from nfscratch.flows.flow import Flow
from nfscratch.ops.intervals import REALS

FLOAT64 = onp.dtype("float64")


@dataclass(frozen=True, eq=False)
class Subject:
    """One map in one dimension, with its parameters bound."""

    name: str
    forward: Callable[[Any], Any]
    inverse: Callable[[Any], Any]
    in_shape: tuple[int, ...]
    out_shape: tuple[int, ...]
    dtype: Any = FLOAT64
    structure: str | None = None  # None: not declared
    domain: Ends = REALS  # of a flow: where its base has its density
    codomain: Ends = REALS
    codomain_known: bool = True  # False: what forward reaches depends on the parameters
    smooth: bool | None = None  # False: kinks are meant; None: not declared
    accuracy: float = 0.0  # what the bijection says it may be off by, beyond rounding
    costs: tuple[str, str] | None = None  # of forward and inverse
    log_prob: Callable[[Any], Any] | None = None
    sample: Callable[[Any, int], Any] | None = None
    sample_and_log_prob: Callable[[Any, int], Any] | None = None
    base_log_prob: Callable[[Any], Any] | None = None  # None: standard normal
    base_sample: Callable[[Any, int], Any] | None = None
    bijection: Bijection | None = None
    params: Any = None  # the bijection's
    context: Any = None  # as the bijection is given it: embedded by the flow's network; None where it takes none
    flow_context: Any = None
    flow: Flow | None = None
    flow_params: Any = None
    pristine: Any = None  # a copy of the bijection or flow, made before the first call
    begun: Any = None  # (z, x, log_det) of the first call of all, of plain functions: P asks again
    of_first_batch: bool = False  # whether plain functions depend on the first batch that they see
    pairs: tuple[Subject, ...] = ()  # the layers, where several pairs of functions are audited as one map

    dim = property(lambda self: prod(self.in_shape))
    eps = property(lambda self: float(onp.finfo(self.dtype).eps))
    precision = property(lambda self: max(self.eps, self.accuracy))  # of one layer's result

    def shape(self, direction: str) -> tuple[int, ...]:
        """The shape of one event that goes into a direction."""
        return self.in_shape if direction == "forward" else self.out_shape

    def ends(self, direction: str) -> Ends:
        """The interval that a direction takes."""
        return self.domain if direction == "forward" else self.codomain

    @property
    def depth(self) -> int:
        """How many layers rounding passes through. A pair of functions may hide a few; an accuracy is of the whole."""
        hidden = (1 if self.accuracy > self.eps else 16) * max(1, len(self.pairs))
        return hidden if self.bijection is None else len(leaf_layers(self.bijection, self.params))

    def layers(self) -> list[Subject]:
        """The layers of a Chain, or several pairs, as subjects of their own; of anything else, none."""
        if self.bijection is None:
            return list(self.pairs)
        parts = leaf_layers(self.bijection, self.params)
        return [of_bijection(b, p, self.context, pristine=b) for b, p in parts] if len(parts) > 1 else []

    def at(self, rows: Any) -> Subject:
        """The same, for a batch that consists of these rows: each keeps its own row of context."""
        if self.given is None:
            return self
        given, rows = self.given, onp.asarray(rows)
        if onp.array_equal(rows, onp.arange(len(given))):
            return self
        return self._again(self.flow or self.bijection, given[rows % len(given)], self.dtype)

    def in_dtype(self, dtype: Any) -> Subject:
        """The same map with its parameters and context in another dtype."""
        return self._again(self.flow or self.bijection, self.given, onp.dtype(dtype))

    def fresh(self) -> Subject:
        """A copy of the object that has not been called yet, with the same parameters; functions, whose code may be
        another by now, without what they answered first."""
        if self.bijection is None:
            return replace(self, begun=None)
        return self._again(deepcopy(self.pristine), self.given, self.dtype)

    def with_context(self, context: Any) -> Subject:
        """The same at another context."""
        return self._again(self.flow or self.bijection, context, self.dtype)

    def with_params(self, params: Any) -> Subject:
        """The same with other parameters: a tree like `made_params`."""
        make = of_bijection if self.flow is None else of_flow
        return make(self.flow or self.bijection, params, self.given, self.dtype, self.pristine)

    @property
    def made_params(self) -> Any:
        """The parameters of the flow, or of the bijection that stands alone."""
        return self.params if self.flow is None else self.flow_params

    @property
    def given(self) -> Any:
        """The context as the caller gives it."""
        return self.context if self.flow is None else self.flow_context

    def _again(self, made, context, dtype):
        make, params = of_bijection if self.flow is None else of_flow, self.made_params
        if dtype != self.dtype:
            context, params = None if context is None else context.astype(dtype), trees.cast(params, dtype)
        return make(made, params, context, dtype, self.pristine)

    def q(self, z: Any) -> Any:
        """The base's log density, in float64."""
        return standard_normal_log_prob(z) if self.base_log_prob is None else self.base_log_prob(z)

    def log_q(self, points: Any) -> Any:
        """The same at points (N, D)."""
        return self.q(points.reshape(-1, *self.in_shape).astype(self.dtype))


def leaf_layers(bijection: Any, params: Any) -> list[tuple[Any, Any]]:
    """The layers that a Chain is made of, chains in chains and inverses of chains opened."""
    if isinstance(bijection, Chain) and isinstance(params, (list, tuple)) and len(params) == len(bijection.layers):
        pairs = zip(bijection.layers, params, strict=True)
        return [leaf for layer, p in pairs for leaf in leaf_layers(layer, p)]
    if type(bijection) is InverseBijection and isinstance(bijection.bijection, Chain):
        return [(Inverse(layer), p) for layer, p in reversed(leaf_layers(bijection.bijection, params))]
    return [(bijection, params)]


def of_bijection(
    bijection: Bijection, params: Any, context: Any = None, dtype: Any = "float64", pristine: Any = None
) -> Subject:
    """A bijection with its parameters, and a context of one row for all, or of as many rows as it will be given."""
    like = trees.first_array(params)
    return Subject(
        type(bijection).__name__, direction_of(bijection.forward, params, context, like),
        direction_of(bijection.inverse, params, context, like), tuple(bijection.in_shape), tuple(bijection.out_shape),
        onp.dtype(dtype) if like is None else like.dtype, bijection=bijection, params=params, context=context,
        pristine=deepcopy(bijection) if pristine is None else pristine, **_traits(bijection),
    )  # fmt: skip


def _traits(bijection):
    """What the bijection says of itself: no other file asks it. smooth: None where an object does not declare it."""
    return {
        "structure": bijection.jacobian_structure,
        "domain": interval(bijection.domain, tuple(bijection.in_shape)),
        "codomain": interval(bijection.codomain, tuple(bijection.out_shape)),
        "codomain_known": bijection.codomain is not None,
        "smooth": getattr(bijection, "smooth", None),
        "accuracy": getattr(bijection, "accuracy", 0.0),
        "costs": (bijection.forward_cost, bijection.inverse_cost),
    }


def of_flow(flow: Flow, params: Any, context: Any = None, dtype: Any = "float64", pristine: Any = None) -> Subject:
    """A flow: its bijection at the context as the embedding network gives it, and its density."""
    embedded = context if flow.embed is None else flow.embed.apply(params["embed"], context)
    pristine = deepcopy(flow) if pristine is None else pristine
    like = trees.first_array(params)
    dtype = onp.dtype(dtype) if like is None else like.dtype
    of_layers = embedded if flow.bijection.context_dim else None
    subject = of_bijection(flow.bijection, params["bijection"], of_layers, dtype, pristine.bijection)
    return replace(
        subject, name=f"Flow({subject.name})", domain=_common(subject.domain, flow.base.support), flow=flow,
        flow_params=params, pristine=pristine, flow_context=context, **density_of(flow, params, context),
        **base_of(flow.base, params["base"], onp.empty(0, dtype=dtype) if like is None else like, embedded),
    )  # fmt: skip


def _common(domain, support):
    """What lies in both; the domain where nothing does."""
    if any(map(onp.ndim, domain)):
        return domain
    low, high = max(domain[0], support[0]), min(domain[1], support[1])
    return (low, high) if low < high else domain


def standard_normal_log_prob(z: Any) -> Any:
    z = onp.asarray(z, dtype=onp.float64).reshape(len(z), -1)
    return -0.5 * onp.sum(z * z, axis=1) - 0.5 * z.shape[1] * log(2 * pi)
