"""Mistakes at an edge: of a bin, of a box, of the numbers that there are, of a batch."""

import numpy as onp
from pairs.parts import total
from pairs.spline import spline

from mutants.mutant import SPLINE_DIMS, Mutant


def crooked(jump=0.3):
    """x = 2 z, and a little more beyond 1.7: invertible, the same slope, and it jumps."""
    return (
        lambda z: (2 * z + jump * (z > 1.7), onp.full(len(z), z.shape[1] * onp.log(2))),
        lambda x: ((x - jump * (x > 2 * 1.7)) / 2, onp.full(len(x), -x.shape[1] * onp.log(2))),
    )


def tanh_log_det():
    """log(1 - tanh^2) instead of the stable form: -inf from z = 19 on."""
    return (
        lambda z: (onp.tanh(z), total(onp.log(1 - onp.tanh(z) ** 2))),
        lambda x: (onp.arctanh(x), -total(onp.log(1 - x**2))),
    )


def empty_fails(pair):
    return (lambda z: (z + 0 * z.min(), onp.zeros(len(z)))), (lambda x: (x + 0 * x.max(), onp.zeros(len(x))))


def empty_raises():
    def refuse(a):
        if len(a) == 0:
            raise RuntimeError("an empty batch")
        return a, onp.zeros(len(a))

    return refuse, refuse


EDGES = {
    "47 swapped derivatives": Mutant(spline("swapped"), "a derivative jumps", SPLINE_DIMS),
    "48 end slopes": Mutant(spline("end slopes"), "end slopes", SPLINE_DIMS),
    "end slopes of 0.999": Mutant(spline("nearly 1"), "end slopes", SPLINE_DIMS),
    "49 index K": Mutant(spline("index"), "bin index at the right edge", SPLINE_DIMS),
    "outside of the box": Mutant(spline("outside"), "finite", SPLINE_DIMS),
    "a jump": Mutant(crooked(), "the map jumps"),
    "tanh's log-det": Mutant(tanh_log_det(), "finite", options={"codomain": (-1, 1)}),
    "an empty batch raises": Mutant(empty_raises(), "it raises on an empty batch"),
    "an empty batch": Mutant(empty_fails(None), "it raises on an empty batch"),
}
