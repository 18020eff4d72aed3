"""The curve of a training: the loss of its steps, the validation, and the step whose parameters were returned.

    training at step t:  the mean loss of the last w steps,    w = t / 10, within 1 and 50

Neither a large first loss nor a validation that explodes squashes the rest: the frame shows training, and validation
as far above its best as twice the first value is. The legend says where the validation leaves the frame.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nfscratch.plot import checked, frame
from nfscratch.plot.style import BLUE, RED, SKY, subplots

WINDOW = 50  # steps in a running mean of the loss
EARLY = 0.1  # a best step in this first share of the steps asks for a logarithmic axis
ABOVE = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 3, "borderaxespad": 0.2, "handlelength": 1.2}
INSIDE = {"loc": "upper right", "handlelength": 1.0, "fontsize": 7}  # a panel among others has a title above
LINE = 0.17  # inches: the height of a line of the legend inside


def training_curve(result: Any, ax: Any = None, *, label: str = r"$-\log p$ (nats)") -> Any:
    """The history of a run, drawn into ax, or into a new figure; returns the figure.

    result: what `fit` or `minimize` returns, or its history. label: the name of the loss, and its unit.
    The axis of steps is logarithmic where the best one comes early.
    TypeError: a result that has no history; ValueError: one without a finite loss.
    """
    loss, steps, validation = _history(getattr(result, "history", result))
    alone = ax is None
    ax = subplots(height=2.6)[1] if alone else ax
    checked.axis(ax)
    smooth = running_mean(loss)
    ax.plot(np.arange(1, len(loss) + 1), smooth, color=SKY, linewidth=1, label="training, running mean")
    limits = _limits(smooth, validation)
    if len(validation):
        _draw_validation(ax, steps, validation, limits)
        _draw_best(ax, steps, validation, len(loss))
    ax.set(xlabel=_steps_label(result), ylabel=label, ylim=limits if alone else _with_room(ax, limits))
    ax.legend(**(ABOVE if alone else INSIDE))
    return ax.figure


def _with_room(ax, limits):
    """The limits, raised so that the curves stay below a legend inside."""
    height = 0.8 * ax.get_position().height * ax.figure.get_figheight()  # labels and title will take the rest
    share = min(0.6, (len(ax.lines) + 0.5) * LINE / height)
    low, high = limits
    return low, low + (high - low) / (1 - share)


def _history(history):
    """The losses, and the steps and values of the validation, as arrays."""
    if not isinstance(history, dict) or not {"loss", "step", "validation"} <= set(history):
        raise TypeError(f"result must be what nf.fit or nf.minimize returns; got {type(history).__name__}")
    loss, steps, validation = (np.asarray(history[key], dtype=float) for key in ("loss", "step", "validation"))
    if not np.isfinite(loss).any():
        raise ValueError(f"result must have a step with a finite loss; got {len(loss)} steps")
    return loss, steps, validation


def running_mean(loss: np.ndarray) -> np.ndarray:
    """The mean of the last w values up to each one, w rising from 1 to WINDOW."""
    t = np.arange(1, len(loss) + 1)
    start = t - np.clip(t // 10, 1, WINDOW)
    total = np.concatenate([[0.0], np.cumsum(loss)])
    return (total[t] - total[start]) / (t - start)


def _limits(smooth, validation):
    smooth, validation = (a[np.isfinite(a)] for a in (smooth, validation))
    if not len(validation):
        return frame.around(smooth)
    low, high = frame.around(smooth)
    best = validation.min()
    reach = max(2 * (validation[0] - best), high - low)
    return frame.around(smooth, validation[validation <= best + reach])


def _draw_validation(ax, steps, validation, limits):
    name = "validation"
    if not validation[-1] <= limits[1]:
        name += f" (ends at {validation[-1]:.3g})"
    ax.plot(steps, validation, color=BLUE, linewidth=1.4, label=name, marker="." if len(steps) < 10 else "")


def _draw_best(ax, steps, validation, n):
    if not np.isfinite(validation).any():
        return
    at = int(np.argmin(np.where(np.isfinite(validation), validation, np.inf)))
    best_step = int(steps[at])
    early = 0 < best_step < EARLY * n
    if early:
        ax.set_xscale("symlog", linthresh=10)
        ax.set_xlim(0, n)
    name = f"best: {validation[at]:.4g} at step {best_step:,}"
    ax.plot(best_step, validation[at], "o", color=RED, markersize=4, zorder=4, label=name)


def _steps_label(result):
    """The axis says where the steps ended, unless all of them were done."""
    ending = getattr(result, "ending", None)
    if ending is None or ending.step is None or ending.how.name == "ALL_STEPS":
        return "step"
    return f"step ({ending.how.name.lower().replace('_', ' ')} at {ending.step:,})"
