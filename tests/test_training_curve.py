"""The training curve: what it marks, what it keeps in its frame, and what it says in words."""

import numpy as onp
import pytest
from matplotlib.text import Text

import nfscratch as nf
from nfscratch import plot
from nfscratch.plot.curve import running_mean


def rng(seed=0):
    return onp.random.default_rng(seed)


def words(figure):
    return " ".join(text.get_text() for text in figure.findobj(Text))


def result(validation, best_step, loss=None, steps=None):
    steps = list(range(0, 10 * len(validation), 10)) if steps is None else steps
    loss = onp.linspace(3, 1, max(steps[-1], 1) if steps else 50) if loss is None else loss
    history = {"loss": list(loss), "step": steps, "validation": list(validation)}
    return nf.training.record.Result({}, history, best_step=best_step)


def test_the_curve_marks_the_best_step():
    figure = plot.training_curve(result([3.0, 2.0, 1.5, 1.6], 20))
    ax = figure.axes[0]
    (mark,) = [line for line in ax.lines if line.get_marker() == "o"]
    assert mark.get_xydata().tolist() == [[20, 1.5]]
    assert "best: 1.5 at step 20" in words(figure) and ax.get_xlabel() == "step"


def test_a_validation_that_explodes_does_not_squash_the_rest_and_the_legend_tells_its_end():
    figure = plot.training_curve(result([3.0, 2.0, 1.8, 50.0, 1e6, 1e11], 20))
    assert figure.axes[0].get_ylim()[1] < 5
    assert "ends at 1e+11" in words(figure)
    assert "ends at" not in words(plot.training_curve(result([3.0, 2.0, 1.5, 1.6], 20)))


def test_a_best_step_that_comes_early_is_seen_on_logarithmic_steps():
    early, late = [1.5 if k == 1 else 2.0 for k in range(100)], [2.0] * 99 + [1.5]
    assert plot.training_curve(result(early, 10)).axes[0].get_xscale() == "symlog"
    assert plot.training_curve(result(late, 990)).axes[0].get_xscale() == "linear"


def test_a_large_first_loss_does_not_squash_the_rest():
    loss = onp.concatenate([[1e5, 1e4], onp.linspace(3, 1, 400)])
    assert plot.training_curve(result([], None, loss=loss, steps=[])).axes[0].get_ylim()[1] < 10


def test_the_axis_says_where_the_run_ended_early():
    early = result([3.0, 2.0], 10)
    early.ending = nf.training.ending.Ending(nf.Ended.EARLY_STOPPING, 1234, evaluations=5)
    assert plot.training_curve(early).axes[0].get_xlabel() == "step (early stopping at 1,234)"


@pytest.mark.filterwarnings("ignore:no step made the validation better")  # the fit is short on purpose
def test_the_curve_of_a_fit_is_drawn_into_an_axis_and_its_legend_covers_nothing():
    run = nf.fit(nf.flows.linear(2), rng().normal(size=(200, 2)), rng=rng(), steps=20, progress=False)
    figure, axes = plot.subplots(1, 2)
    assert plot.training_curve(run, axes[1]) is figure and len(axes[1].lines) == 3 and not axes[0].lines
    figure = plot.training_curve(run)
    figure._repr_png_()
    (ax,) = figure.axes
    assert not ax.get_legend().get_window_extent().overlaps(ax.get_window_extent())


def test_the_running_mean_widens_with_the_steps():
    loss = rng().normal(size=700)
    smooth = running_mean(loss)
    assert smooth[0] == loss[0] and abs(smooth[29] - loss[27:30].mean()) < 1e-12
    assert abs(smooth[-1] - loss[-50:].mean()) < 1e-12


def test_a_history_alone_is_drawn_and_nothing_that_is_not_finite_is_best():
    history = result([3.0, onp.nan, 2.0, onp.inf], 20).history
    assert "best: 2 at step 20" in words(plot.training_curve(history))
    assert "best" not in words(plot.training_curve(result([onp.nan] * 3, None).history))


def test_in_a_panel_among_others_the_curves_stay_below_the_legend():
    figure, axes = plot.subplots(1, 4, height=1.55)
    plot.training_curve(result([3.0, 2.0, 1.5, 1.6], 20), axes[3])
    figure._repr_png_()
    legend = axes[3].get_legend().get_window_extent()
    for line in axes[3].lines:
        assert axes[3].transData.transform(line.get_xydata())[:, 1].max() < legend.y0
