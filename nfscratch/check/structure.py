"""T: who depends on whom. The pattern of dx_i/dz_j that a layer declares, against the one that it has.

    depends_ij    whether x_i changes when z_j is moved, by a half and by two, both ways, at any point of any draw

    diagonal             depends_ij only for i = j
    triangular           the dependencies have no cycle, so that some order makes J triangular; and all that this order
                         allows are there: D (D - 1) / 2 of them
    block triangular     K = {i: x_i = z_i}; the others depend on themselves and on all of K, not on each other
    permutation          x_i = z_p(i)
    identity             x = z
    identity + rank 1    J - I has one singular value

An allowed entry that is always zero is a mistake that no round trip and no log-det can see. A whole flow whose x_i is
one of the z_j, always, has a dimension that never moves.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.check.finding import Finding, not_applicable
from nfscratch.check.trial import Trial, flat, largest

MOVES = (0.5, -0.5, 2.0, -2.0)
FIXED_IN_PLACE = ("permutation", "identity")


def check_structure(trials: list[Trial]) -> Finding:
    """T, over several draws of parameters of one layer or flow: a layer of a Chain is looked at by itself as well."""
    subject = trials[0].subject
    for inner in zip(*(trial.layers for trial in trials), strict=True):
        finding = check_structure(list(inner))
        if not finding.ok:
            return finding
    if subject.structure is None:
        return not_applicable("T", "no structure is declared")
    wrong = _problem(subject, trials)
    z = flat(trials[0].z)
    if wrong is None:
        return Finding("T", f"dependencies: {subject.structure}", 0.0, 0.0)
    kind, words, entry = wrong
    evidence = {
        "kind": kind, "entry": entry, "z": z, "row": 0, "symbol": "z", "depends": dependencies(trials)[0],
        "J": trials[0].J[0], "layer": subject.name,
    }  # fmt: skip
    return Finding("T", f"dependencies: {subject.structure}", 1.0, 0.0, f"{subject.name}: {words}", evidence=evidence)


def _problem(subject, trials):
    """(kind, words, entry), or None."""
    always, surely = dependencies(trials)
    moved = _moved(trials)
    eye = onp.eye(subject.dim, dtype=bool)
    if subject.structure == "diagonal":
        return _forbidden(surely & ~eye, "diagonal")
    if subject.structure == "triangular":
        return _triangular(subject, always, surely)
    if subject.structure == "block triangular":
        return _blocks(always, surely, moved, eye)
    if subject.structure in FIXED_IN_PLACE:
        return _in_place(subject.structure, trials, moved, eye)
    if subject.structure == "identity + rank 1":
        return _rank_one(trials)
    return _never_moves(subject, moved)


def dependencies(trials: list[Trial]) -> tuple[Any, Any]:
    """depends_ij (D, D), twice: anything more than the last digits; and surely more than rounding."""
    dim = trials[0].subject.dim
    ever, surely = onp.zeros((dim, dim), dtype=bool), onp.zeros((dim, dim), dtype=bool)
    for trial in trials:
        x, size = flat(trial.x), onp.maximum(1.0, largest(trial.x))
        least, most = 64 * trial.subject.eps * size, onp.maximum(trial.allowed_x, 1e-9 * size)
        for j in range(dim):
            for move in MOVES:
                change = onp.abs(flat(trial.apply("forward", _shifted(trial, j, move))[0]) - x)
                finite = onp.isfinite(change)
                ever[:, j] |= (finite & (change > least[:, None])).any(axis=0)
                surely[:, j] |= (finite & (change > most[:, None])).any(axis=0)
    return ever, surely


def _shifted(trial, j, move):
    z = flat(trial.z).copy()
    low, high = trial.subject.domain
    span = 0.1 * (high - low) if onp.isfinite(high - low) else 1.0
    z[:, j] = onp.clip(z[:, j] + move * span, low + 1e-6 * span, high - 1e-6 * span)
    return z.reshape(trial.z.shape).astype(trial.subject.dtype)


def _moved(trials):
    """moved_ij: whether x_i is ever anything but z_j."""
    moved = False
    for trial in trials:
        x, z = flat(trial.x), flat(trial.z)
        near = 64 * trial.subject.eps * onp.maximum(1.0, onp.abs(z))
        moved = moved | (onp.abs(x[:, :, None] - z[:, None, :]) > near[:, None, :]).any(axis=0)
    return moved


def _forbidden(where, structure):
    if not where.any():
        return None
    i, j = (int(v[0]) for v in onp.nonzero(where))
    return "forbidden", f"x_{i} depends on z_{j}, which a {structure} map may not", (i, j)


def _triangular(subject, ever, surely):
    dim = len(ever)
    order = acyclic_order(surely)
    if order is None:
        i, j = next((i, j) for i in range(dim) for j in range(dim) if i < j and surely[i, j])
        return "cycle", f"x_{i} depends on z_{j} in a circle: no order makes J triangular", (i, j)
    if _narrow(subject):
        return None
    missing = [(order[b], order[a]) for b in range(dim) for a in range(b) if not ever[order[b], order[a]]]
    if not missing:
        return None
    i, j = missing[0]
    kind = "nearest parent" if all(order.index(i) - order.index(j) == 1 for i, j in missing) else "missing"
    return kind, f"x_{i} never depends on z_{j}, which comes before it", (i, j)


def acyclic_order(depends: Any) -> list[int] | None:
    """An order in which each variable depends only on earlier ones, those with fewest parents first; or None."""
    depends = depends & ~onp.eye(len(depends), dtype=bool)
    left, order = list(range(len(depends))), []
    while left:
        free = [i for i in left if not depends[i, [j for j in left if j != i]].any()]
        if not free:
            return None
        # Where entries are missing several are free: the natural order, or its reverse, is what was meant.
        first = min(free, key=lambda i: (depends[i].sum(), i if not depends[0, 1:].any() else -i))
        order.append(first)
        left.remove(first)
    return order


def _narrow(subject):
    """Whether a hidden layer is too narrow to let every parent through."""
    widths = [min(leaf.shape) for leaf in trees.leaves(subject.params) if onp.ndim(leaf) == 2 and min(leaf.shape) > 1]
    return bool(widths) and min(widths) < subject.dim - 1


def _blocks(ever, surely, moved, eye):
    kept = ~onp.diagonal(moved)
    changed = ~kept
    if not changed.any():
        return "nothing moves", "every x_i is z_i", (0, 0)
    forbidden = _forbidden(surely & onp.outer(changed, changed) & ~eye, "coupling, within the changed half,")
    if forbidden is not None:
        return forbidden
    missing = onp.outer(changed, kept) & ~ever
    if not missing.any():
        return None
    i, j = (int(v[0]) for v in onp.nonzero(missing))
    kind = "skipped column" if not ever[changed, j].any() else "missing"
    return kind, f"x_{i} never depends on z_{j}, which is kept", (i, j)


def _in_place(structure, trials, moved, eye):
    where = ~moved
    good = (where & eye).sum() == len(eye) if structure == "identity" else (where.any(axis=0) & where.any(axis=1)).all()
    if structure == "identity" and trials[0].subject.in_shape != trials[0].subject.out_shape:
        good = (where & eye).sum() == len(eye)
    if good:
        return None
    i = int(onp.argmin(where.any(axis=1)))
    return "not in place", f"x_{i} is none of the z_j, in a layer that declares {structure}", (i, i)


def _rank_one(trials):
    for trial in trials:
        J, error = trial.numeric[0], trial.numeric[1]
        if J.shape[1] < 2:
            return None
        good = onp.isfinite(J).all(axis=(1, 2))
        second = onp.linalg.svd(J[good] - onp.eye(J.shape[1]), compute_uv=False)[:, 1]
        allowed = 1e-6 + 4 * error[good].sum(axis=(1, 2))
        if (second > allowed).any():
            return "rank", "J - I has a second singular value that is not 0", (0, 0)
    return None


def _never_moves(subject, moved):
    """A flow of several layers: x_i = z_j at every point of every draw."""
    layers = subject.layers()
    if not layers or all(layer.structure in FIXED_IN_PLACE for layer in layers):
        return None
    still = onp.flatnonzero(~moved.all(axis=1))
    if len(still) == 0:
        return None
    j = int(onp.argmin(moved[still[0]]))
    kind = "skipped column" if len(still) == 1 and subject.dim > 2 else "never moves"
    return (
        kind,
        f"x_{still[0]} is z_{j}, always: {len(still)} of {subject.dim} variables never move",
        (int(still[0]), j),
    )
