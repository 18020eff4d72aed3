"""Pictures: an argument that cannot be drawn is refused in words, and what looks odd but can be drawn is drawn."""

import re
from types import SimpleNamespace

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import plot


def normal(n, d):
    return onp.random.default_rng(0).normal(size=(n, d))


class Frame:
    """A data frame, as far as anybody needs one."""

    def __init__(self, **columns):
        self.values, self.columns = columns, list(columns)

    def __getitem__(self, name):
        return self.values[name]


LINEAR = nf.flows.linear(2)
FLOW = LINEAR, LINEAR.init(onp.random.default_rng(0))
NO_STEPS = nf.training.record.Result({}, {"loss": [], "step": [], "validation": []})
X = normal(10, 2)
HOLED = X.copy()
HOLED[[4, 6], 1] = onp.nan
AX = plot.subplots()[1]
BOX = (-1, 1, -1, 1)


def log_prob(x):
    return -0.5 * (x**2).sum(axis=1)


REFUSED = {
    "a corner of no flow": (plot.corner, (FLOW[1], FLOW[0], X), {}, "flow must be a Flow"),
    "of images": (plot.corner, (SimpleNamespace(shape=(1, 8, 8), sample=0), {}, X), {}, r"got \(1, 8, 8\)"),
    "of another table": (plot.corner, (*FLOW, normal(10, 3)), {}, r"data must have shape \(N, 2\).*got \(10, 3\)"),
    "of one variable as a vector": (plot.corner, (*FLOW, X[:, 0]), {}, r"pass data\[:, None\]"),
    "of no rows": (plot.corner, (*FLOW, X[:0]), {}, "at least one row"),
    "with NaN": (plot.corner, (*FLOW, HOLED), {}, r"data must be finite; got nan in column 1, row 4 \(2 rows in all\)"),
    "with NaN, by name": (plot.pairs, (Frame(a=X[:, 0], b=HOLED[:, 1]), X), {}, "column 'b', row 4"),
    "of words": (plot.pairs, (Frame(a=X[:, 0], b=onp.array(["x"] * 10)), X), {}, "column 'b' has dtype <U1"),
    "of a Dataset": (plot.corner, (*FLOW, nf.data.load("moons", n=50)), {}, "got Dataset"),
    "of objects": (plot.pairs, (X.astype(object), X), {}, "real numbers; got dtype object"),
    "draws of another table": (plot.pairs, (X, normal(5, 3)), {}, r"draws must have shape \(M, 2\)"),
    "draws of other names": (plot.pairs, (Frame(a=X[:, 0]), Frame(b=X[:, 0])), {}, "'a' in data, 'b' here"),
    "draws that are infinite": (plot.pairs, (X, onp.full((5, 2), onp.inf)), {}, "draws must be finite; got inf"),
    "a column that is not there": (plot.pairs, (X, X), {"columns": [2]}, "numbers from 0 to 1, or names; got 2"),
    "a column counted from the end": (plot.pairs, (X, X), {"columns": [-1]}, "got -1"),
    "a name that is not there": (plot.pairs, (X, X), {"columns": ["ab"], "names": ["abc", "d"]}, "did you mean 'abc'"),
    "a column twice": (plot.pairs, (X, X), {"columns": [1, 1]}, "each of them once"),
    "no columns": (plot.pairs, (X, X), {"columns": []}, "at least one column"),
    "columns as one name": (plot.pairs, (X, X), {"columns": "a"}, "columns must be a list"),
    "too few names": (plot.pairs, (X, X), {"names": ["a"]}, "names must be one text for each of the 2 columns; got 1"),
    "one unit": (plot.corner, (*FLOW, X), {"units": "m"}, "units must be a list of texts"),
    "no draws": (plot.corner, (*FLOW, X), {"draws": 0}, "draws must be an integer of at least 1; got 0"),
    "a seed that is none": (plot.pairs, (X, X), {"seed": None}, "seed must be an integer"),
    "a context that is not taken": (plot.corner, (*FLOW, X), {"context": X}, "context must be None"),
    "the curve of a tree": (plot.training_curve, (FLOW[1],), {}, "what nf.fit or nf.minimize returns; got dict"),
    "the curve of no steps": (plot.training_curve, (NO_STEPS,), {}, "got 0 steps"),
    "all axes": (plot.density, (plot.subplots(1, 2)[1], log_prob, BOX), {}, r"one matplotlib axis.*shape \(2,\)"),
    "no axis": (plot.scatter, (X, X), {}, "ax must be one matplotlib axis"),
    "an axis that is text": (plot.scatter, ("ax", X), {}, "ax must be a matplotlib axis.*got str"),
    "a density that is an array": (plot.density, (AX, X, BOX), {}, "log_prob must be a function.*got ndarray"),
    "a box of two": (plot.density, (AX, log_prob, (-1, 1)), {}, "box must be four finite numbers"),
    "a box upside down": (plot.scatter, (AX, X, (-1, 1, 1, -1)), {}, "low < high"),
    "a box with NaN": (plot.scatter, (AX, X, (-1, 1, -1, onp.nan)), {}, "four finite numbers"),
    "one point of a density": (plot.density, (AX, log_prob, BOX), {"n": 1}, "n must be an integer of at least 2"),
    "no peak": (plot.density, (AX, log_prob, BOX), {"peak": 0}, "peak must be positive"),
    "a density as a sum": (plot.density, (AX, onp.sum, BOX), {"n": 3}, r"log_prob must return shape \(N,\).*got \(\)"),
    "a density that is NaN": (
        plot.density,
        (AX, lambda x: log_prob(x) + onp.where(x[:, 0] == 0, onp.nan, 0), BOX),
        {"n": 3},
        r"log_prob = nan at x = \(0, -1\)",
    ),
    "points in space": (plot.scatter, (AX, normal(5, 3)), {}, r"x must have shape \(N, 2\); got \(5, 3\)"),
    "points that are NaN": (plot.scatter, (AX, HOLED), {}, "NaN or infinity in rows 4, 6"),
    "a map to numbers": (plot.warp_grid, (AX, log_prob), {}, r"forward must return shape \(N, 2\).*got \(200,\)"),
    "a map that is none": (plot.warp_grid, (AX, None), {}, "forward must be a function"),
    "a grid without a size": (plot.warp_grid, (AX, lambda z: z, -1.0), {}, "radius must be positive"),
    "a grid without lines": (plot.warp_grid, (AX, lambda z: z), {"lines": 0}, "lines must be an integer"),
    "several Jacobians": (plot.jacobian, (AX, onp.ones((4, 2, 2))), {}, r"for the first of several pass J\[0\]"),
    "a Jacobian with NaN": (plot.jacobian, (AX, [[1.0, onp.nan]]), {}, "J must be finite"),
    "a Jacobian of words": (plot.jacobian, (AX, [["a"]]), {}, "real numbers; got dtype"),
    "a negative limit": (plot.jacobian, (AX, X), {"limit": -1.0}, "limit must be positive"),
    "images of another shape": (plot.image_rows, (AX, X, (8, 8), 5, 0, 1), {}, r"x must have shape \(N, 64\)"),
    "images without a height": (plot.image_rows, (AX, X, 8, 5, 0, 1), {}, r"shape must be \(height, width\)"),
    "images in no columns": (plot.image_rows, (AX, X, (1, 2), 0, 0, 1), {}, "columns must be an integer"),
    "white above black": (plot.image_rows, (AX, X, (1, 2), 5, 1, 0), {}, "low must be less than high; got 1 and 0"),
    "a figure without rows": (plot.subplots, (0,), {}, "rows must be an integer of at least 1"),
    "a figure without a height": (plot.subplots, (), {"height": 0}, "height must be positive"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_drawn_is_refused_in_words(case):
    draw, arguments, options, message = REFUSED[case]
    with pytest.raises((TypeError, ValueError)) as raised:
        draw(*arguments, **options)
    assert re.search(message, str(raised.value))


# --- what is taken ---


def test_a_density_of_zero_somewhere_is_drawn():
    _, ax = plot.subplots()
    image = plot.density(ax, lambda x: onp.where(x[:, 0] > 0, 0.0, -onp.inf), BOX, n=4)
    assert image.get_array().tolist() == [[0, 0, 1, 1]] * 4


def test_a_jacobian_of_zeros_is_drawn():
    _, ax = plot.subplots()
    assert plot.jacobian(ax, onp.zeros((2, 2))).get_clim() == (-1, 1) and len(ax.texts) == 4


def test_images_come_as_rows_or_as_images():
    _, axes = plot.subplots(1, 2)
    x = onp.arange(12.0).reshape(2, 6)
    rows, images = (
        plot.image_rows(ax, a, (2, 3), 2, 0, 11) for ax, a in zip(axes, (x, x.reshape(2, 2, 3)), strict=True)
    )
    onp.testing.assert_array_equal(rows.get_array(), images.get_array())
    assert rows.get_array()[1:3, 1:4].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_masked_values_are_not_drawn_and_a_function_must_return_numbers():
    masked, message = onp.ma.masked_array(X, mask=X > 0.5), "must have a value everywhere; got a masked array"
    for draw in (lambda: plot.corner(*FLOW, masked), lambda: plot.pairs(masked, X)):
        with pytest.raises(TypeError, match=f"data {message}"):
            draw()
    for draw in (lambda: plot.pairs(X, masked), lambda: plot.scatter(AX, masked)):
        with pytest.raises(TypeError, match=message):
            draw()
    with pytest.raises(TypeError, match="log_prob must return an array of real numbers; got 'a'"):
        plot.density(AX, lambda x: "a", BOX)
