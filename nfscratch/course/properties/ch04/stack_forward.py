"""Task 4.7, stack_forward(z, layers): equation (8), with layers that do not commute and whose log-dets differ."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

DIM = 3
CHAIN = "What does each layer take: z, or the result of the layer before it?"
SUM = "What does (8) do with the log-dets?"


def values(asked, rng):
    """the point after one, two and four layers"""
    return expect(asked, *[_of(rng, L, "z") for L in (2, 4, 1)])


def log_det(asked, rng):
    """the log-det after one, two and four layers, and after none"""
    return expect(asked, *[_of(rng, L, "log_det") for L in (2, 4, 1, 0)])


def random_layer(rng):
    """A map of one point that bends every variable, then turns them round."""
    a, c = rng.uniform(0.3, 0.9, size=DIM), rng.normal(size=DIM)

    def layer(z):
        if onp.shape(z) != (DIM,):
            raise ValueError(f"a layer takes an array of shape ({DIM},); got shape {onp.shape(z)}")
        z = onp.asarray(z, dtype=float)
        return onp.roll(1.5 * z + a * onp.sin(z) + c, 1), float(onp.log(1.5 + a * onp.cos(z)).sum())

    return layer


def through(z, layers):
    """The last point, and the log-det of each layer."""
    log_dets = []
    for layer in layers:
        z, l = layer(z)
        log_dets.append(l)
    return z, onp.array(log_dets)


def _of(rng, L, judged):
    z, layers = rng.normal(size=DIM), [random_layer(rng) for _ in range(L)]
    last, l = through(z, layers)
    backwards, l_backwards = through(z, layers[::-1])
    apart = [layer(z) for layer in layers]
    slips = [
        slip("the layers are applied in reversed order", "Which layer does z meet first?", z=backwards, log_det=l_backwards.sum()),
        slip("z comes back as it was", CHAIN, z=z),
        slip("the last layer is left out", "Count the layers.", z=through(z, layers[:-1])[0], log_det=l[:-1].sum()),
        slip("every layer is applied to the first z", CHAIN, z=[z, *(x for x, _ in apart)][-1], log_det=sum(d for _, d in apart)),
        slip("only the first layer is applied", "Count the layers.", z=[*(x for x, _ in apart), z][0], log_det=l[:1].sum()),
        slip("it is only the last layer's log-det", SUM, log_det=l[-1:].sum()),
        slip("it is only the first layer's log-det", SUM, log_det=l[:1].sum()),
        slip("the log-dets are subtracted", SUM, log_det=-l.sum()),
        slip("the log-dets are averaged", SUM, log_det=l.sum() / max(L, 1)),
        slip("the log-dets are multiplied", SUM, log_det=l.prod()),
        slip("the log-dets come back one by one", SUM, log_det=l),
    ]  # fmt: skip
    shown = {"z": z, "layers": f"{L} functions"}
    answer = {"z": last, "log_det": float(l.sum())}
    return Question((z, layers), answer, shown, slips, (judged,), size=f"{L} layers" if L != 1 else "1 layer")
