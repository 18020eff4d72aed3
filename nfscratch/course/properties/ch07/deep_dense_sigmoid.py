"""Task 7.2, deep_dense_sigmoid(x, layers): equation (6), with derivatives that travel along as logarithms."""

from __future__ import annotations

from dataclasses import replace

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch07.many_digits import dense, random_layers

ONE, TWO, THREE = ((1, 3, 1),), ((1, 4, 3), (3, 4, 1)), ((1, 3, 2), (2, 4, 3), (3, 3, 1))
CHAIN = "Which numbers does log ds_j/dx need, beside the e_i?"
STEP = 1e-3


def values(asked, rng):
    """z by equation (6), for one, two and three layers"""
    return expect(asked, *[_of(rng.normal(), list(random_layers(rng, sizes)), "z") for sizes in (ONE, TWO, THREE)])


def log_slope(asked, rng):
    """the log-slope through all layers, and against finite differences of the student's own map"""
    cases = [(rng.normal(), list(random_layers(rng, sizes))) for sizes in (ONE, TWO, THREE)]
    fault = expect(asked, *[_of(*case, "log_slope") for case in cases])
    return fault or expect(asked, _by_differences(asked, _of(*cases[1], "log_slope")))


def far_out(asked, rng):
    """both numbers at |x| = 60 and 3000, where the sigmoids round to 0 or 1, and e^s overflows"""
    places = [sign * x for x in (rng.uniform(55, 65), 3000.0) for sign in (1, -1)]
    return expect(asked, *[_of(x, list(random_layers(rng, TWO))) for x in places])


def _by_differences(asked, question):
    x, layers = question.arguments
    f = [a[0] for a in asked.many([(x + k * STEP, layers) for k in (1, -1, 2, -2)])]
    rate = (8 * (f[0] - f[1]) - (f[2] - f[3])) / (12 * STEP)
    return replace(question, answer={**question.answer, "log_slope": float(onp.log(rate))}, tolerance=1e-6)


def _of(x, layers, *judged):
    x, (z, l) = float(x), dense(x, layers)
    kinds = {
        "last": slip(Mistake.LAST_LAYER, CHAIN),
        "no a": slip("the slopes a_j are left out of the log-slope", CHAIN),
        "no u": slip("the weights u are left out of the log-slope", CHAIN),
        "sum": slip("the e_i are mixed as they are, not by lse", "What is the log of a sum of derivatives?"),
        "no logit": slip("the logit's slope is missing", "What is the derivative of the logit?"),
        "no w": slip("the weights w are left out of the log-slope", CHAIN),
        "shift first": slip("b is added before the slope multiplies", "Where does b_j stand in (6)?"),
        "no mix": slip("the numbers t are added up, not mixed by u", "What does u_ji do in (6)?"),
        "no logit at all": slip("the logit is missing between the layers", "What is t'_o in (6)?"),
        "naive": slip("F rounds to 0 or 1 before its logarithm is taken", "How does (4) compute log(1 - F)?"),
        "first": slip("only the first layer is applied", "Count the layers."),
    }
    values = {kind: _with(x, layers, kind) for kind in kinds}
    slips = [
        replace(one, values={part: values[kind][part]}) for kind, one in kinds.items() for part in ("z", "log_slope")
    ]
    slips += [
        slip("it is the slope, not its logarithm", "What do log-dets add up?", log_slope=_exp(l)),
        slip(Mistake.SIGN, log_slope=-l),
    ]
    shown = {"x": x, "layers": " and ".join(f"{w.shape[1]} units to {len(w)}" for *_, w in layers)}
    size = f"{len(layers)} layer{'s' if len(layers) > 1 else ''}"
    return Question((x, layers), {"z": z, "log_slope": l}, shown, slips, judged, size=size)


def _exp(l):
    with onp.errstate(all="ignore"):
        return onp.exp(l)


def _lse(t):
    top = t.max(axis=-1, keepdims=True)
    return top[..., 0] + onp.log(onp.exp(t - top).sum(axis=-1))


def _with(x, layers, kind):
    """z and the log-slope in log space, with one mistake."""
    t, e = onp.array([x]), onp.zeros(1)
    with onp.errstate(all="ignore"):
        for u, a, b, w in layers[:1] if kind == "first" else layers:
            t, e = _layer(t, e, (u, a, b, w), kind)
    return {"z": t[0], "log_slope": e[0]}


def _layer(t, e, layer, kind):
    u, a, b, w = layer
    mixed = t.sum() if kind == "no mix" else u @ t
    s = a * (mixed + b) if kind == "shift first" else a * mixed + b
    e = onp.zeros_like(e) if kind == "last" else e
    inner = u @ e if kind == "sum" else _lse(e + (0 * u if kind == "no u" else onp.log(u)))
    log_ds = inner + (0 if kind == "no a" else onp.log(a))
    up, down = -onp.logaddexp(0, -s), -onp.logaddexp(0, s)
    F, G = _lse(onp.log(w) + up), _lse(onp.log(w) + down)
    if kind == "naive":
        F, G = onp.log(w @ onp.exp(up)), onp.log(1 - w @ onp.exp(up))
    rise = _lse(log_ds + up + down + (0 * w if kind == "no w" else onp.log(w)))
    if kind == "naive":
        rise = onp.log(w @ onp.exp(log_ds + up + down))
    if kind == "no logit at all":
        return onp.exp(F), rise
    return F - G, rise if kind == "no logit" else rise - F - G
