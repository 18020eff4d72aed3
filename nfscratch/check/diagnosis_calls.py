"""S, P and I by name: what a function gives back, what it leaves behind, and which rows it mixes."""

from __future__ import annotations

import numpy as onp

from nfscratch.check import diagnosis_inverse
from nfscratch.check.calls import check_independence, functions
from nfscratch.check.trial import Trial, flat


def name_shape(evidence, first, cases):
    n, dtype = len(first.trial), first.trial.subject.dtype
    which = evidence["wrong"][0]
    got = evidence["results"][which]
    shape = onp.shape(got)
    if which == "log_prob":
        if shape == (n, n) or (len(shape) == 2 and shape[0] == shape[1] > 1):
            return which, "(N,) + (N, 1) is broadcast to (N, N)"
        if shape in ((), (1,)):
            return which, "the mean over rows, not a number per row"
    if "log_det" in which and len(shape) == 2 and shape[1] == 1:
        return which, "it has shape (N, 1), not (N,)"
    if getattr(got, "dtype", None) == onp.float64 and dtype == onp.float32 and shape[:1] == (n,):
        return which, "float64 leaks into float32"
    if "log_det" in which and shape == (n,) and onp.isnan(got).any():
        det = _determinants(first.trial, which)
        if len(det) == len(got) and (det < 0).any() and (onp.isnan(got) == (det < 0)).all():
            return which, "log(det) without the absolute value"
    if which in ("z", "log_det inverse") and shape[:1] == (onp.shape(evidence["results"]["z"])[0],):
        name = diagnosis_inverse.name_inverse(first.trial)
        if name != diagnosis_inverse.UNKNOWN:
            return "inverse", name
    return which, "it is not finite" if evidence["kind"] == "not finite" else "shape or dtype"


def _determinants(trial, which):
    """det of forward's Jacobian, whose sign is that of the inverse's, for the rows that were looked at."""
    J = trial.J if "forward" in which else trial.J[trial.usable]
    return onp.linalg.det(J)


def name_impurity(evidence, first, cases):
    which, what = next(iter(evidence["wrong"].items()))
    return which, {
        "its argument was changed": "an argument is changed in place",
        "the parameters were changed": "the parameters are changed",
    }.get(what, what)


def name_dependence(evidence, first, cases):
    which = evidence["function"]
    if evidence["fresh"]:
        return which, "initialised again from the batch"
    is_log_det = which != "log_prob" and evidence["which"] == 1
    whole = onp.asarray(evidence["whole"], dtype=float)
    if is_log_det and whole.ndim == 1 and onp.ptp(whole) < 1e-9 * (1 + abs(whole[0])):
        return f"log_det {which}", "it is summed over the batch"
    if which == "log_prob" and _summed_base(first.trial, whole):
        return which, "the base term is summed over the batch"
    if (name := _context(first.trial)) is not None:
        return which, name
    if len(evidence["rows"]) == len(whole) > 1:  # the same rows in another order: of the batch nothing else changed
        return which, "a row's place in the batch matters"
    if which != "log_prob" and evidence["which"] == 0:
        return which, _among_rows(first.trial, which)
    return which, "a row's result depends on the batch"


def _among_rows(trial, which):
    """What x or z of a row depends on: calls before, the statistics of the batch, or other rows somehow."""
    one, other = (f for name, f, _ in sorted(functions(trial), key=lambda f: f[0] != which) if name != "log_prob")
    a, b = (at for name, _, at in sorted(functions(trial), key=lambda f: f[0] != which) if name != "log_prob")
    try:
        with onp.errstate(all="ignore"):
            other(b.copy())
            after_its_twin = flat(one(a.copy())[0])
            other(b[::-1] * b.dtype.type(0.5))
            after_another = flat(one(a.copy())[0])
            if onp.abs(after_another - after_its_twin).max() > 1e-6 * (1 + onp.abs(after_its_twin).max()):
                return "it depends on what was called before"
            # Each row twice: mean and spread are the same. Other rows moved: they are not.
            twice = flat(one(onp.concatenate([a, a]), onp.arange(2 * len(a)) % len(a))[0])[: len(a)]
            moved = a.copy()
            moved[1:] = 0.5 * moved[1:] + 0.1
            elsewhere = flat(one(moved)[0])[:1]
    except Exception:  # of any kind: a map that does not take other batches says no more
        return "a row's result depends on the batch"
    same, change = onp.abs(twice - after_another).max(), onp.abs(elsewhere - after_another[:1]).max()
    if change > 1e-6 and same < 0.1 * change:
        return "batch statistics at test time"
    return "a row's result depends on the batch"


def _context(trial):
    """Rows that are independent as soon as all have the same context: it is the context that went astray."""
    s = trial.subject
    if s.context is None:
        return None
    one = s.with_context(s.given[:1])
    if check_independence(Trial(one, trial.z)).failed:
        return None
    same = all(
        onp.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True)
        for (_, f, at), (_, g, _) in zip(functions(trial), functions(trial, one), strict=True)
        for a, b in zip(f(at), g(at), strict=True)
    )
    return "the first row's context is used for all" if same else "a row is given another row's context"


def _summed_base(trial, whole):
    rows = onp.flatnonzero(trial.usable)
    z, log_det = trial.apply("inverse", trial.x[rows], rows)
    rest = whole - log_det
    return whole.shape == log_det.shape and onp.abs(rest - trial.subject.q(z).sum()).max() < 1e-5 * (1 + abs(rest[0]))
