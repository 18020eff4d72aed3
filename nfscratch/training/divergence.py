"""The part of a flow that is to blame when a run diverges, and what to do about it.

The batch is carried from the data to the base. The first part that gives NaN or infinity is at fault. If none does, it
is the base where it is not finite at rows that the layers leave about as large as they are; else it is the layer that
enlarges them most. The remedy follows what is seen (remedies.py): rows far out, an activation without bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as onp

from nfscratch import backend, trees
from nfscratch.flows.parts import base_name, embed_name, layers_from_data
from nfscratch.ops.intervals import REALS
from nfscratch.training import remedies
from nfscratch.training.remedies import SMALLER_NUMBERS, SMALLER_STEPS

FAR = 1e4  # |z| / |x| from which on the layers are at fault: there even a normal density has a loss near 1e8
INVERSE = "inverse (x -> z)"
WIDER_BASE = "the density is 0 there; choose a base that is positive where the layers send the data"


def blame(flow: Any, params: Any, grads: Any, x: Any, context: Any, rows: Any = None) -> str:
    """The part at fault, and a remedy, for a batch on which the loss of `flow` diverged. rows: all that it is from."""
    return "; ".join(filter(None, [_fault(flow, params, grads, x, context, rows), remedies.of_data(rows)]))


def _fault(flow, params, grads, x, context, rows):
    h = flow.embedded(params, context)
    if h is not None and not onp.isfinite(h).all():
        return f"{embed_name(flow)} gives NaN or infinity; {remedies.for_steps(flow.embed)}"
    fault, enlarging, z = _through_layers(flow.bijection, params["bijection"], x, h)
    if fault:
        return fault + _entry_of(x, z, rows)
    near = onp.abs(z).reshape((len(z), -1)).max(axis=1) <= FAR * max(1.0, _size(x))
    named = lambda row: _name_of(row, x, rows)  # noqa: E731
    if near.any() and (fault := _fault_of_base(flow.base, params["base"], z, h, near, named)):
        return f"{base_name(flow)}: {fault}"
    return next(_bad_gradients(grads), enlarging)


def _through_layers(bijection, params, x, h):
    """The first layer that gives NaN or infinity, or ""; the one that enlarges the data most; z, where x arrives."""
    growth, enlarging = 0.0, ""
    for name, layer, layer_params in layers_from_data(bijection, params):
        z, log_det = layer.inverse(layer_params, x, h)
        if not (onp.isfinite(z).all() and onp.isfinite(log_det).all()):
            return f"{name}, {INVERSE}, {_fault_of_layer(layer, x, z)}", enlarging, z
        if (grown := _size(z) / max(1.0, _size(x))) > growth:
            sizes = f"{_size(x):.1e} to {_size(z):.1e}"
            growth = grown
            enlarging = f"{name}, {INVERSE}, enlarges |x| most: {sizes}; {remedies.for_steps(layer)}"
        x = z
    return "", enlarging, x


def _fault_of_layer(layer, x, z):
    """What a layer does wrong at x: it is given what it does not reach, or its z or its log_det is not finite."""
    low, high = layer.codomain or REALS
    outside = (x <= low) | (x >= high)
    if outside.any():
        return f"gives NaN or infinity at {float(x[outside][0]):.6g}, because it reaches ({low}, {high}) alone"
    where = "z" if not onp.isfinite(z).all() else "log_det"
    return f"gives NaN or infinity in {where}; {remedies.for_steps(layer)}"


def _entry_of(x, z, rows):
    """Which entry of the data the first row has that is far out, where only some rows give NaN or infinity."""
    bad = ~onp.isfinite(z).reshape((len(z), -1)).all(axis=1)
    if rows is None or bad.all() or not bad.any():
        return ""
    event = backend.to_numpy(x[int(bad.argmax())]).ravel()
    row = remedies.row_of(event, rows)
    return "" if row is None else f"; {remedies.entry(rows, row, int(onp.abs(event).argmax()))}"


def _name_of(row, x, rows):
    """A row of the batch x, as the caller counts it where that is known."""
    place = None if rows is None else remedies.row_of(x[row], rows)
    return f"row {row} of the batch" if place is None else f"row {rows.numbers[place]} of {rows.where}"


def _size(x):
    return float(onp.abs(x).max())


def _fault_of_base(base, params, z, h, near, named):
    """What the base does wrong at z, and a remedy; "" where it does nothing wrong. named(row): its name."""
    bad = next(_not_finite(params), None)
    if bad is not None:
        return f"its parameter {bad} is NaN or infinite; {SMALLER_STEPS}"
    log_p, pullback = base.log_prob_vjp(params, z, *((h,) if base.context_dim else ()))
    wrong = near & (~onp.isfinite(log_p) if _size(z) > FAR else ~(onp.abs(log_p) < FAR**2))
    if wrong.any():
        value = float(log_p[wrong][0])
        return f"log_prob is {value:.3g} at {_first(wrong, z, named)}; {_remedy(value)}"
    wrong = near & ~onp.isfinite(pullback(onp.ones_like(log_p))[1]).reshape((len(z), -1)).all(axis=1)
    if not wrong.any():
        return ""
    return f"the gradient of log_prob is NaN or infinite at {_first(wrong, z, named)}; correct it there"


def _remedy(log_p):
    if onp.isfinite(log_p):
        return SMALLER_STEPS
    return WIDER_BASE if log_p < 0 else "correct log_prob there"


def _first(wrong, z, named):
    """The first row that is wrong, and its point."""
    row = int(wrong.argmax())
    point = onp.array2string(backend.to_numpy(z[row]).ravel(), precision=4, threshold=6, edgeitems=2)
    return f"{named(row)}, z = {point}".replace("\n", "")


def _not_finite(tree: Any) -> Iterator[str]:
    """The path of each trained array that is not finite."""
    return (path for path, leaf in trees.named_leaves(tree) if not onp.isfinite(leaf).all())


def blame_gradients(grads: Any) -> str:
    """The first trained array whose gradient is not finite, and a remedy; for a loss that has no density in it."""
    paths = (f"the gradient of {path} is NaN or infinite; {SMALLER_STEPS}" for path in _not_finite(grads))
    return next(paths, f"no gradient is at fault; {SMALLER_STEPS}")


def _bad_gradients(grads: Any) -> Iterator[str]:
    """A sentence for each trained array whose gradient is not finite."""
    no_number, too_large = f"NaN or infinite; {SMALLER_STEPS}", f"too large to square; {SMALLER_NUMBERS}"
    for problem, paths in ((no_number, _not_finite(grads)), (too_large, _overflowing(grads))):
        for path in paths:
            where = f" in {INVERSE}" if path.startswith("bijection") else ""
            yield f"the gradient of {path}{where} is {problem}"


def _overflowing(grads):
    """The path of each trained array whose length overflows, so that no step can be taken."""
    finite = ((path, leaf) for path, leaf in trees.named_leaves(grads) if onp.isfinite(leaf).all())
    return (path for path, leaf in finite if not onp.isfinite(_squares(leaf)))


def _squares(leaf):
    with onp.errstate(over="ignore", invalid="ignore"):
        return (leaf * leaf).sum()
