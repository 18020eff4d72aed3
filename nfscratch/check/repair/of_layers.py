"""OfLayers: the lines of those layers of a chain that break a law by themselves.

A layer whose own log_det is right is left alone: a number that another layer lacks can be put into it, and then the sum
is right as well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nfscratch.check.letters.jacobian import check_jacobian
from nfscratch.check.letters.round_trip import check_round_trip
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.trial import Trial

MOST = 16  # layers that are asked


def lines_of_wrong_layers(trial: Trial, direction: str = "") -> dict[str, set[int]] | None:
    """By file. direction: of the log_det that is wrong; "" of a round trip. None where no layer fails by itself."""
    law = partial(check_jacobian, direction=direction) if direction else check_round_trip
    wrong = [layer for layer in _layers(trial) if _fails(law, layer)]
    if not wrong:
        return None
    found: dict[str, set[int]] = {}
    for layer in wrong:
        for file, lines in Reached(partial(_run, layer, direction)).lines.items():
            found.setdefault(file, set()).update(lines)
    return found


def _layers(trial):
    try:
        return trial.layers if 1 < len(trial.subject.layers()) <= MOST else []
    except (Exception, SystemExit):  # of any kind: the functions' own
        return []


def _fails(law: Callable[[Trial], object], layer):
    try:
        return law(layer).failed
    except (Exception, SystemExit):  # of any kind: the functions' own
        return True


def _run(layer, direction):
    if direction:
        layer.apply(direction, layer.input(direction))
    else:
        layer.subject.inverse(layer.subject.forward(layer.z.copy())[0])
