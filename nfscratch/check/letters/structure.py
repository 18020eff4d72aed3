"""T: who depends on whom. The pattern of dx_i/dz_j that a layer declares, against the pattern that it has.

    depends_ij    whether x_i changes when z_j is moved, by a half and by two, both ways, at any point of any draw

    diagonal             depends_ij only for i = j
    triangular           the dependencies have no cycle, so that some order makes J triangular; and all that this order
                         allows are there: D (D - 1) / 2 of them (not asked of a triangle that is stored, not learned)
    block triangular     K = {i: x_i = z_i}; the others depend on themselves and on all of K, not on each other
    permutation          x_i = z_p(i)
    identity             x = z
    identity + rank 1    J - I has one singular value

An allowed entry that is always zero is a mistake that no round trip and no log-det can see. Of images (C, H, W) less is
asked, because a convolution sees a neighbourhood: each kept pixel must move some other one, and a triangle may have
zeros anywhere. A whole flow whose x_i is one of the z_j, always, has a dimension that never moves.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.check.domains import ends_of
from nfscratch.check.finding import Finding, Symptom, not_applicable
from nfscratch.check.letters.still import ever_moved, never_moves_wrongly
from nfscratch.check.rows import finite_matrices, flat, largest
from nfscratch.check.trial import Trial

MOVES = (0.5, -0.5, 2.0, -2.0)


def check_structure(trials: list[Trial]) -> Finding:
    """T, over several draws of parameters of one layer or flow, and over each layer of a Chain by itself."""
    subject = trials[0].subject
    for inner in zip(*(trial.layers for trial in trials), strict=True):
        finding = check_structure(list(inner))
        if finding.failed:
            return finding
    if subject.structure is None:
        return not_applicable("T", "no structure is declared")
    what, look = f"dependencies: {subject.structure}", STRUCTURES.get(subject.structure, never_moves_wrongly)
    wrong = look(Dependencies(trials))
    return Finding("T", what, 0.0, 0.0) if wrong is None else found(what, trials, *wrong)


def found(
    what: str, trials: list[Trial], symptom: Symptom, words: str, entry: tuple[int, int]
) -> Finding:  # fmt: skip
    """T fails at an entry of the Jacobian."""
    name = trials[0].subject.name
    evidence = {"entry": entry, "z": flat(trials[0].z), "row": 0, "symbol": "z", "J": trials[0].J[0], "layer": name}
    return Finding("T", what, 1.0, 0.0, f"{name}: {words}", symptom=symptom, evidence=evidence)


class Dependencies:
    """What was seen in several trials of one subject.

    ever (D, D)      x_i changes with z_j, by anything more than the last digits
    surely (D, D)    the same by more than rounding
    moved (D, D)     x_i is not z_j, at some point
    """

    def __init__(self, trials: list[Trial]):
        self.trials, self.subject = trials, trials[0].subject
        self.ever, self.surely = dependencies(trials)
        self.moved = ever_moved(trials)
        self.eye = onp.eye(self.subject.dim, dtype=bool)
        self.local = trials[0].z.ndim == 4  # images: a convolution sees no more than a neighbourhood


def dependencies(trials: list[Trial]) -> tuple[Any, Any]:
    """depends_ij (D, D), twice: anything more than the last digits; and surely more than rounding."""
    dim = trials[0].subject.dim
    columns = [[_changes(trial, j) for trial in trials] for j in range(dim)]
    ever, surely = (onp.stack([onp.any([c[k] for c in column], axis=0) for column in columns], axis=1) for k in (0, 1))
    return ever, surely


def _changes(trial, j):
    """Which x_i change when z_j is moved, twice (D,)."""
    x, size = flat(trial.x), onp.maximum(1.0, largest(trial.x))
    least, most = 64 * trial.subject.precision * size, onp.maximum(trial.allowed_x, 1e-9 * size)
    moved = onp.stack([flat(trial.apply("forward", _shifted(trial, j, move))[0]) for move in MOVES])
    with onp.errstate(all="ignore"):
        change = onp.abs(moved - x)
    finite = onp.isfinite(change)
    return [(finite & (change > bound[:, None])).any(axis=(0, 1)) for bound in (least, most)]


def _shifted(trial, j, move):
    z = flat(trial.z).copy()
    low, high = ends_of(trial.subject.domain, j)
    span = 0.1 * (high - low) if onp.isfinite(high - low) else 1.0
    z[:, j] = onp.clip(z[:, j] + move * span, low + 1e-6 * span, high - 1e-6 * span)
    return z.reshape(trial.z.shape).astype(trial.subject.dtype)


def _forbidden(where, structure):
    if not where.any():
        return None
    i, j = (int(v[0]) for v in onp.nonzero(where))
    return Symptom.FORBIDDEN, f"x_{i} depends on z_{j}, which a {structure} map may not", (i, j)


def _triangular(d):
    dim, order = d.subject.dim, acyclic_order(d.surely)
    if order is None:
        i, j = next((i, j) for i in range(dim) for j in range(dim) if i < j and d.surely[i, j])
        return Symptom.CYCLE, f"x_{i} depends on z_{j} in a circle: no order makes J triangular", (i, j)
    if d.local or _narrow(d.subject) or _stored(d.trials[0]):
        return None
    missing = [(order[b], order[a]) for b in range(dim) for a in range(b) if not d.ever[order[b], order[a]]]
    if not missing:
        return None
    i, j = missing[0]
    beside = all(order.index(i) - order.index(j) == 1 for i, j in missing)
    symptom = Symptom.NEAREST_PARENT if beside else Symptom.MISSING
    return symptom, f"x_{i} never depends on z_{j}, which comes before it", (i, j)


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


def _stored(trial):
    """Whether a triangle is taken from data and not learned: before any data it is the identity, and that is right."""
    if trial.layers:
        return any(_stored(inner) for inner in trial.layers)
    params = trial.subject.params
    return trial.subject.structure == "triangular" and isinstance(params, dict) and set(params) == {trees.FIXED}


def _blocks(d):
    kept = ~onp.diagonal(d.moved)
    changed = ~kept
    if not changed.any():
        return Symptom.NOTHING_MOVES, "every x_i is z_i", (0, 0)
    forbidden = d.surely & onp.outer(changed, changed) & ~d.eye
    return _forbidden(forbidden, "coupling, within the changed half,") or _missing_kept(d, changed, kept)


def _missing_kept(d, changed, kept):
    """A changed variable that does not see a kept one."""
    missing = onp.outer(changed, kept) & ~d.ever
    if d.local:
        missing &= ~d.ever[changed].any(axis=0)
    if not missing.any():
        return None
    i, j = (int(v[0]) for v in onp.nonzero(missing))
    symptom = Symptom.SKIPPED_COLUMN if not d.ever[changed, j].any() else Symptom.MISSING
    return symptom, f"x_{i} never depends on z_{j}, which is kept", (i, j)


def _identity(d):
    return None if not (d.moved & d.eye).any() else _out_of_place(d, "identity")


def _permutation(d):
    still = ~d.moved
    return None if still.any(axis=0).all() and still.any(axis=1).all() else _out_of_place(d, "permutation")


def _out_of_place(d, structure):
    i = int(onp.argmin((~d.moved).any(axis=1)))
    return Symptom.NOT_IN_PLACE, f"x_{i} is none of the z_j, in a layer that declares {structure}", (i, i)


def _rank_one(d):
    if d.subject.dim > 1 and any(_second_value(trial) for trial in d.trials):
        return Symptom.RANK, "J - I has a second singular value that is not 0", (0, 0)
    return None


def _second_value(trial):
    J, error = trial.numeric[0], trial.numeric[1]
    good = finite_matrices(J)
    second = onp.linalg.svd(J[good] - onp.eye(J.shape[1]), compute_uv=False)[:, 1]
    return (second > 1e-6 + 4 * error[good].sum(axis=(1, 2))).any()


# What is asked of a declared structure: a function of Dependencies that gives (symptom, words, entry), or None.
STRUCTURES = {
    "dense": never_moves_wrongly,
    "diagonal": lambda d: _forbidden(d.surely & ~d.eye, "diagonal"),
    "permutation": _permutation,
    "identity": _identity,
    "triangular": _triangular,
    "block triangular": _blocks,
    "identity + rank 1": _rank_one,
}
