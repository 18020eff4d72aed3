"""A part that a caller wrote is checked where it enters a flow: every row must have a number of its own.

    log_prob(z), log_det     shape (N,)         not (), which broadcasts, and not (N, 1), which broadcasts to (N, N)
    part(x)[n]   =   part(x[n : n + 1])[0]      the value for a row does not depend on the other rows

A base that forgot its axis, -0.5 * sum(z ** 2), would train to the end: the loss falls, and the samples are nonsense.

`checked_sum` compares two tuples, in every log_prob. `check_rows` compares values, once for each flow that holds a
part of a caller's own class: in `fit`, or in the first log_prob of two rows or more. It computes in float64: rounding
differs between batches of different sizes, and there it is far below TOLERANCE. It checks each part a second time with
its parameters moved a little: a layer that starts as the identity has log_det 0, and a sum of zeros over the rows is
right by accident.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as onp

from nfscratch import backend, trees
from nfscratch.autodiff.boxes import raw, raw_tree
from nfscratch.flows.parameters import naming_params
from nfscratch.flows.parts import base_name, embed_name, kind, layers_from_data

ROWS = 3  # how many rows `checked_sum` looks at to find the part at fault
TOLERANCE = 1e-6  # relative; a sum over the rows in place of one number for each is wrong by about 1
MOVE = 0.01  # standard deviation of the small move, relative to parameters above 1


def checked_sum(flow: Any, log_p: Any, log_det: Any, params: Any, x: Any, context: Any) -> Any:
    """log_p of the base + log_det of the bijection. ValueError unless both are (N,): it names the part at fault."""
    if not getattr(log_p, "shape", None) == getattr(log_det, "shape", None) == (len(x),):
        _refuse_shapes(flow, log_p, log_det, params, x, context)
    return log_p + log_det


def check_once(flow: Any, params: Any, x: Any, context: Any) -> None:
    """`check_rows` on the first rows that a flow with a caller's own parts is given; the flow remembers it."""
    if "rows_checked" not in vars(flow):
        context = raw(context)
        check_rows(flow, raw_tree(params), raw(x)[:ROWS], None if context is None else context[:ROWS])
        vars(flow)["rows_checked"] = True


def _refuse_shapes(flow, log_p, log_det, params, x, context):
    x, context = raw(x), raw(context)
    check_rows(flow, raw_tree(params), x[:ROWS], None if context is None else context[:ROWS])
    _check_shape(base_name(flow), "log_prob", "log_prob", log_p, (len(x),))
    _check_shape(f"the bijection ({kind(flow.bijection)})", "inverse", "log_det", log_det, (len(x),))


@naming_params
def check_rows(flow: Any, params: Any, x: Any, context: Any = None) -> None:
    """Refuse a flow with a part that does not give each of the few rows `x` its own number.

    ValueError names the part: the base, the embedding network, or the layer by its place in the Chain.
    """
    x, h = _wide(x), _wide(context)
    with onp.errstate(all="ignore"):
        if flow.embed is not None:
            network = _Part(embed_name(flow), flow.embed, ("apply",), {"h": (flow.context_dim,)})
            (h,) = network.check(params["embed"], h)
        for name, layer, layer_params in layers_from_data(flow.bijection, params["bijection"]):
            layer = _Part(name, layer, ("inverse", "inverse_vjp"), {"z": tuple(layer.in_shape), "log_det": ()})
            x, _ = layer.check(layer_params, x, h)
        base = _Part(base_name(flow), flow.base, ("log_prob", "log_prob_vjp"), {"log_prob": ()})
        base.check(params["base"], x, *((h,) if flow.base.context_dim else ()))


@dataclass(frozen=True)
class _Part:
    """A part, the methods to check, and the event shape of each of the results that they share."""

    name: str
    part: Any
    methods: tuple[str, ...]
    results: dict[str, tuple[int, ...]]

    def check(self, params, *arrays):
        """The results at `arrays`, after the check of all methods, at params and near them."""
        params = trees.map_leaves(_wide, params)
        for method in self.methods:
            values = self._check_method(method, *self._look(method, params, arrays), arrays)
            try:
                look = self._look(method, _moved(params), arrays)
            except Exception:
                continue
            self._check_method(method, *look, arrays)
        return values

    def _look(self, method, params, arrays):
        """The values at `arrays`, and those for each row alone."""
        rows = [[None if a is None else a[i : i + 1] for a in arrays] for i in range(len(arrays[0]))]
        return self._values(method, params, arrays), [self._values(method, params, row) for row in rows]

    def _check_method(self, method, values, alone, arrays):
        for (result, event), value in zip(self.results.items(), values, strict=True):
            _check_shape(self.name, method, result, value, (len(arrays[0]), *event))
        for i, values_alone in enumerate(alone):
            for result, value, value_alone in zip(self.results, values, values_alone, strict=True):
                _check_alone(self.name, method, result, value, value_alone, i)
        return values

    def _values(self, method, params, arrays):
        values = getattr(self.part, method)(params, *arrays)
        values = values if isinstance(values, tuple) else (values,)
        if len(values) < len(self.results):
            raise ValueError(f"{self.name}: {method} must return {' and '.join(self.results)}; got {len(values)} value")
        return values[: len(self.results)]


def _check_shape(name, method, result, value, shape):
    got = tuple(getattr(value, "shape", ()))
    if got != shape:
        required = f"({', '.join(['N', *map(str, shape[1:])])}{',' if len(shape) == 1 else ''})"
        why = ", one number for each row" if len(shape) == 1 else ""
        raise ValueError(
            f"{name}: {_of(result, method)} must have shape {required}{why}; got {got} for {shape[0]} rows"
        )


def _check_alone(name, method, result, value, alone, i):
    value, alone = backend.to_numpy(value), backend.to_numpy(alone)
    size = max(1.0, onp.abs(value, where=onp.isfinite(value), out=onp.zeros_like(value)).max())
    if alone.shape != (1, *value.shape[1:]) or not onp.allclose(value[i], alone[0], TOLERANCE, TOLERANCE * size, True):
        raise ValueError(
            f"{name}: {_of(result, method)} must not depend on the other rows; row {i} alone gives "
            f"{_shown(alone)}, and among {len(value)} rows {_shown(value[i])}"
        )


def _of(result, method):
    return result if result in method else f"{result} of {method}"


def _shown(value):
    return onp.array2string(onp.squeeze(value), precision=4, threshold=6, edgeitems=2).replace("\n", "")


def _wide(array):
    """In float64, batch-last in memory."""
    if array is None:
        return None
    return onp.asarray(backend.asarray(array, dtype=onp.float64, like=array), order="F", like=array)


def _moved(params):
    """New parameters near `params`, the same ones in every call; stored leaves stay."""
    rng = onp.random.default_rng(0)

    def near(leaf):
        noise = backend.asarray(rng.normal(size=leaf.shape), dtype=leaf.dtype, like=leaf)
        return leaf + MOVE * onp.maximum(1.0, onp.abs(leaf)) * noise

    return trees.map_leaves(near, params, fixed=lambda leaf: leaf)
