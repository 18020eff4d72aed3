"""Task 8.7, roulette(J, rng, m, p): a draw of equation (11), and w and v of (13).

A draw has two parts that are random, the signs v and the number of terms n. v comes back; with it, t and w are known
numbers for each n. So a draw is right if there is an n for which both are right, and the n must come as often as (11) says.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as onp

from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.shown import is_numbers, kind, shown
from nfscratch.course.sandbox.wire import Draws

DRAWS, SIGMAS, MOST = 600, 6, 120
REACH = "With which probability does a draw reach term k, if it takes m terms for sure?"
KINDS = {
    "unweighted": ("the terms are not divided by P(n >= k)", REACH),
    "multiplied": ("the terms are multiplied by P(n >= k), not divided", REACH),
    "early": ("the weights start after the first term, not after m terms", REACH),
    "at once": ("the weights start at the first term, not after m terms", REACH),
    "late": ("the weights start one term too late", REACH),
    "soon": ("the weights start one term too soon", REACH),
    "other": ("the weights hold p where 1 - p belongs", REACH),
    "no sign": ("the power series forgets its alternating sign", "Compare with (8)."),
    "flipped": ("every sign is flipped", "Which sign has the term k = 1?"),
    "no 1/k": ("the factor 1/k is missing in t", "Compare (11) with (13)."),
    "1/k in w": ("w has the factor 1/k, which cancels in (13)", "What is d tr(J^k)?"),
    "no r in w": ("the terms of w are not divided by P(n >= k)", "What is r_k in (13)?"),
    "no sign in w": ("the alternating sign is missing in w", "Compare with (13)."),
    "late w": ("the powers in w start at k, not at k - 1", "Which power has the term k = 1 of w?"),
    "J in w": ("w is computed with J, not with its transpose", "Which of the two stands in (13)?"),
}


def terms(asked, rng):
    """t and w are those of (11) and (13) for some number of terms, with the v that comes back"""
    for D, m, p in ((1, 3, 0.25), (3, 3, 0.25), (3, 1, 0.4)):
        J = rng.normal(size=(D, D))
        J *= 0.6 / onp.abs(onp.linalg.eigvals(J)).max()
        if (fault := _wrong_terms(asked, J, m, p, rng, 40)) is not None:
            return fault
    return None


def how_many(asked, rng):
    """n is m or more, and it stops with probability p before each further term"""
    for m, p in ((2, 0.25), (3, 0.4)):
        draws, _ = _drawn(asked, onp.array([[0.5]]), m, p, rng, DRAWS)
        steps = [_terms_of(draw, onp.array([[0.5]]), m, p, "right") for draw in draws]
        if (fault := _never_new(draws) or _wrong_counts(steps, m, p)) is not None:
            return fault
    return None


def signs(asked, rng):
    """v has independent signs, and the same rng gives the same draw"""
    J = onp.diag([0.3, -0.2, 0.1])
    draws, again = _drawn(asked, J, 2, 0.25, rng, DRAWS)
    v = onp.array([draw[2] for draw in draws])
    if any(not onp.array_equal(a[2], b[2]) or a[0] != b[0] for a, b in zip(draws, again, strict=False)):
        return Fault("it does not draw from rng", ("      the same rng gave another draw",), "Who draws v and n?")
    if not (onp.abs(v) == 1).all():
        return Fault(
            "the entries of v are not all +1 or -1",
            (f"      v: yours {shown(v[0])}",),
            "Which values may an entry of v take?",
        )
    means = onp.abs([v[:, 0].mean(), v[:, 1].mean(), v[:, 2].mean(), *(v[:, [0, 0, 1]] * v[:, [1, 2, 2]]).mean(axis=0)])
    if (means > SIGMAS / onp.sqrt(DRAWS)).any():
        return Fault(
            "the signs of v are not independent, or not equally likely",
            (f"      the mean of v over {DRAWS} draws: {shown(v.mean(axis=0))}",),
        )
    return None


# --- draws ---


def _drawn(asked, J, m, p, rng, count):
    """Draws (t, w, v), and the first twenty once more. A fault of their shape stops the check."""
    seeds = [int(seed) for seed in rng.integers(2**31, size=count)]
    values = asked.many([(J, Draws(seed), m, p) for seed in (*seeds, *seeds[:20])])
    return values[:count], values[count:]


def _misshapen(draw, D):
    if not (isinstance(draw, (tuple, list)) and len(draw) == 3):
        return Fault(
            "it must return 3 values: t, w, v", (f"      yours is {kind(draw)}",), "Look at the return statement."
        )
    for name, value, shape in (("t", draw[0], ()), ("w", draw[1], (D,)), ("v", draw[2], (D,))):
        if not is_numbers(value) or onp.shape(value) != shape or onp.asarray(value).dtype.kind not in "biuf":
            return Fault(
                f"{name} must be {f'an array of shape {shape}' if shape else 'a single number'}",
                (f"      yours is {kind(value)}",),
            )
    return None


def _tables(J, v, m, p, kind):
    """t and w after 0, 1, 2, ... terms."""
    return _computed(tuple(map(tuple, J.tolist())), tuple(onp.asarray(v, dtype=float).tolist()), m, p, kind)


@lru_cache(maxsize=1000)
def _computed(J, v, m, p, kind):
    J, v = onp.array(J), onp.array(v)
    D, t, w = len(v), [0.0], [onp.zeros(len(v))]
    left, right = v, v  # (J^T)^(k-1) v, and J^(k-1) v
    for k in range(1, MOST):
        past = max(0, k - m)
        reach = {"unweighted": 1.0, "early": (1 - p) ** (k - 1), "at once": (1 - p) ** k, "late": (1 - p) ** max(0, past - 1), "other": p**past,
                 "soon": (1 - p) ** max(0, k - m + 1), "multiplied": (1 - p) ** -past}.get(kind, (1 - p) ** past)  # fmt: skip
        sign = 1 if kind == "no sign" else (-1) ** (k if kind == "flipped" else k + 1)
        product = J.T @ left
        t.append(t[-1] + sign / reach / (1 if kind == "no 1/k" else k) * float(product @ v))
        of_w = right if kind == "J in w" else product if kind == "late w" else left
        factor = (1 if kind == "no sign in w" else sign) / (1.0 if kind == "no r in w" else reach)
        w.append(w[-1] + factor / (k if kind == "1/k in w" else 1) * of_w)
        left, right = product, J @ right
    return onp.array(t), onp.array(w).reshape(-1, D)


def _terms_of(draw, J, m, p, kind):
    """The n for which t and w are right, or None."""
    t, w = _tables(J, draw[2], m, p, kind)
    good = (onp.abs(t - draw[0]) < 1e-9 * (1 + onp.abs(t))) & (onp.abs(w - draw[1]) < 1e-9 * (1 + onp.abs(w))).all(
        axis=1
    )
    return int(onp.argmax(good)) if good.any() else None


def _wrong_terms(asked, J, m, p, rng, count):
    draws, _ = _drawn(asked, J, m, p, rng, count)
    if (fault := next((f for draw in draws if (f := _misshapen(draw, len(J))) is not None), None)) is not None:
        return fault
    steps = [_terms_of(draw, J, m, p, "right") for draw in draws]
    if set(steps) == {0}:
        return Fault("t and w are 0, as if no term were taken", (f"      at J = {shown(J)}, m = {m}, p = {p}",), REACH)
    wrong = [draw for draw, n in zip(draws, steps, strict=True) if n is None]
    if not wrong:
        return None
    t, w = _tables(J, wrong[0][2], m, p, "right")
    known = next((one for one in KINDS if all(_terms_of(draw, J, m, p, one) is not None for draw in draws)), None)
    if all(_terms_of((draw[0], draw[2], draw[1]), J, m, p, "right") is not None for draw in draws):
        return Fault("w and v are exchanged", (f"      at J = {shown(J)}",), "In which order are they returned?")
    of_t = onp.abs(t - wrong[0][0]).min() > 1e-9
    lines = (
        f"      at J = {shown(J)}, m = {m}, p = {p}, v = {shown(wrong[0][2])}",
        f"      {'t' if of_t else 'w'}: yours {shown(wrong[0][0 if of_t else 1])}",
        f"      after {m}, {m + 1}, {m + 2} terms it should be {shown((t if of_t else w)[m : m + 3])}",
    )
    name, hint = KINDS.get(known, (f"{'t' if of_t else 'w'} is wrong", ""))
    return Fault(name, lines, hint)


def _never_new(draws):
    """The fault of one draw for all generators, signs too."""
    if any(draw[0] != draws[0][0] or (draw[2] != draws[0][2]).any() for draw in draws):
        return None
    line = f"      {len(draws)} generators gave the same t and the same v"
    return Fault("every generator gives the same draw", (line,), "Who draws v and n?")


def _wrong_counts(steps, m, p):
    """The fault of a number of terms that comes too often, or not often enough."""
    if None in steps:
        return Fault("t or w is wrong for some draws", (f"      m = {m}, p = {p}, J = [[0.5]]",))
    counts = onp.bincount(steps, minlength=m + 3)
    lines = (f"      m = {m}, p = {p}: of {len(steps)} draws {counts[: m + 3].tolist()} took 0, 1, 2, ... terms",)
    stopped = counts[m] / len(steps)
    margin = SIGMAS * onp.sqrt(p * (1 - p) / len(steps))
    if len(set(steps)) == 1:
        return Fault("the number of terms is not random", lines, REACH)
    if counts[:m].any():
        return Fault("it stops before m terms", lines, "How many terms are taken for sure?")
    if counts[m] == 0:
        return Fault("it takes one term too many for sure", lines, "Which values does rng.geometric return?")
    if abs(stopped - p) <= margin and abs(counts[m + 1] / len(steps) - p * (1 - p)) <= margin:
        return None
    swapped = abs(stopped - (1 - p)) <= margin
    name = "it stops with probability 1 - p, not p" if swapped else "the number of terms has another distribution"
    return Fault(name, (*lines, f"      it should stop after m terms {p:.0%} of the time"), REACH)
