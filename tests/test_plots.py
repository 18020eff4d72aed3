"""Pictures of tables: what they show, and what they leave out and say so."""

from types import SimpleNamespace

import numpy as onp
import pytest
from matplotlib.text import Text
from strict import StrictArray

import nfscratch as nf
from nfscratch import plot
from nfscratch.plot import frame, named_columns, panels


def rng(seed=0):
    return onp.random.default_rng(seed)


def normal(n, d, seed=0):
    return rng(seed).normal(size=(n, d))


def fitted(d, context_dim=0):
    flow = nf.flows.linear(d) if not context_dim else nf.flows.real_nvp(d, layers=2, context_dim=context_dim)
    return flow, flow.init(rng())


def axes_of(figure):
    return [ax for ax in figure.axes if ax.axison]


def words(figure):
    return " ".join(text.get_text() for text in figure.findobj(Text))


class Frame:
    """A data frame, as far as anybody needs one."""

    def __init__(self, **columns):
        self.values, self.columns = columns, list(columns)

    def __getitem__(self, name):
        return self.values[name]


# --- the frame ---


def test_a_frame_shows_a_normal_column_whole_and_lets_no_outlier_decide():
    x = normal(2000, 1)[:, 0]
    low, high = frame.around(x)
    assert low < x.min() and x.max() < high and high - low < 1.1 * (x.max() - x.min())
    far = x.copy()
    far[3] = 1e6
    assert frame.around(far)[1] < 6
    assert frame.outside(far[:, None], [frame.around(far)]) == 1


@pytest.mark.parametrize("value", [0.0, 3.0, -1e-18, 1e300, 1.7e9])
def test_a_constant_column_has_a_frame_around_it(value):
    low, high = frame.around(onp.full(5, value))
    assert low < value < high


def test_a_column_of_zeros_with_a_few_other_values_shows_these():
    x = onp.zeros(1000)
    x[:30] = onp.linspace(1, 2, 30)
    assert frame.around(x)[1] > 2


def test_a_frame_shows_every_sample():
    low, high = frame.around(normal(100, 1), 10 + normal(100, 1))
    assert low < -1 and high > 11


# --- panels ---


@pytest.mark.parametrize("share", panels.SHARES)
def test_a_contour_holds_its_share_of_the_draws(share):
    x = normal(20_000, 2)
    counts = onp.histogram2d(*x.T, bins=panels.CELLS, range=[(-4.5, 4.5)] * 2)[0]
    level = dict(zip(panels.SHARES, panels._levels(counts), strict=True))[share]  # rising: the outer one first
    inside = counts >= level
    assert abs(counts[inside].sum() / len(x) - share) < 0.02


def test_contours_of_draws_on_a_line_or_outside_the_frame_are_drawn_too():
    _, ax = plot.subplots()
    line = onp.column_stack([normal(100, 1), onp.full(100, 3.0)])
    panels.contours(ax, line, [(-3, 3), (2, 4)], plot.BLUE)
    assert len(ax.collections) == 1
    panels.contours(ax, line, [(50, 60), (2, 4)], plot.BLUE)
    assert len(ax.collections) == 1


def test_a_histogram_is_a_density_of_all_rows():
    _, ax = plot.subplots()
    panels.histogram(ax, (0.0, 1.0), onp.array([0.1, 0.2, 0.6, 5.0]), 2, True, plot.BLUE)
    onp.testing.assert_allclose(ax.patches[0].get_data().values, [1.0, 0.5])  # 2/4 and 1/4 of the rows, on 1/2 each


# --- corner and pairs ---


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_corner_has_a_panel_for_every_pair_and_every_column(d):
    flow, params = fitted(d)
    figure = plot.corner(flow, params, normal(60, d), draws=200)
    assert len(axes_of(figure)) == d * (d + 1) // 2
    assert "data: 60 rows" in words(figure) and "200 draws" in words(figure)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_pairs_have_a_panel_for_every_ordered_pair(d):
    figure = plot.pairs(normal(60, d), normal(80, d, 1))
    assert len(axes_of(figure)) == d * d
    if d > 1:
        assert "60 rows of the data" in words(figure) and "60 of 80 draws" in words(figure)


def test_data_stand_below_the_diagonal_and_draws_above_it_with_the_axes_swapped():
    figure = plot.pairs(onp.array([[1.0, 2.0], [2.0, 3.0]]), onp.array([[5.0, 6.0], [7.0, 8.0]]))
    _, above, below, _ = axes_of(figure)
    assert sorted(below.collections[0].get_offsets().tolist()) == [[1, 2], [2, 3]]
    assert sorted(above.collections[0].get_offsets().tolist()) == [[6, 5], [8, 7]]
    assert above.get_xlim() == below.get_ylim() and above.get_ylim() == below.get_xlim()


def test_a_corner_puts_the_first_of_two_columns_along_and_the_second_up():
    flow, params = fitted(2)
    x = onp.array([[1.0, -1.0], [2.0, -2.0]])
    below = axes_of(plot.corner(flow, params, x, names=["first", "second"], draws=200))[1]
    assert (below.get_xlabel(), below.get_ylabel()) == ("first", "second")
    assert sorted(below.collections[-1].get_offsets().tolist()) == [[1, -1], [2, -2]]


def test_a_corner_takes_the_result_of_a_fit_and_goes_without_data():
    flow, params = fitted(2)
    figure = plot.corner(flow, nf.training.record.Result(params), draws=200)
    assert "data" not in words(figure)


def test_more_than_eight_columns_are_the_first_eight_and_the_picture_says_so(monkeypatch):
    assert named_columns.MOST == 8
    monkeypatch.setattr(named_columns, "MOST", 3)  # a picture of 64 panels takes a second
    x = normal(30, 11)
    figure = plot.pairs(x, x)
    assert len(axes_of(figure)) == 9 and "the first 3 of 11 columns" in words(figure)
    chosen = plot.pairs(x, x, columns=[10, 0])
    assert len(axes_of(chosen)) == 4 and "the first" not in words(chosen)
    assert {ax.get_xlabel() for ax in axes_of(chosen)} == {"", "$x_{11}$", "$x_{1}$"}


def test_the_picture_says_how_many_rows_it_leaves_out():
    x = normal(500, 2)
    far = x.copy()
    far[[3, 5], 1] = 1e6, -1e6
    assert "outside the frame: 2 of 500 rows of the data" in words(plot.pairs(far, onp.clip(x, -2, 2)))
    assert "outside" not in words(plot.pairs(onp.clip(x, -2, 2), onp.clip(x, -2, 2)))


def test_names_come_from_a_data_frame_and_units_stand_behind_them():
    table = Frame(alcohol=normal(20, 1)[:, 0], of_ash=onp.arange(20), red=onp.arange(20) > 5)
    found = words(plot.pairs(table, normal(20, 3), units=["%", "", ""]))
    assert "alcohol (%)" in found and "of ash" in found and "red" in found
    assert words(plot.pairs(table, table, columns=["red"])).count("red") == 1


def test_long_names_are_broken_where_panels_are_small():
    label = named_columns.choose(None, ["nonflavanoid_phenols", *"abcdef"], None).labels[0]
    assert label == "nonflavanoid\nphenols"
    assert named_columns.choose(None, ["nonflavanoid_phenols", "b"], None).labels[0] == "nonflavanoid phenols"
    assert named_columns.choose(None, ["x" * 40, *"abcdef"], None).labels[0] == "x" * 11 + "…"


def test_a_context_of_rows_gives_each_draw_one_of_them():
    seen = []
    flow = SimpleNamespace(
        shape=(1,),
        sample=lambda p, r, n, context: seen.append(context) or r.normal(size=(n, 1)),
        checked_context=lambda p, context, n, like: context,
    )
    plot.corner(flow, {}, normal(5, 1), context=onp.arange(3)[:, None], draws=7)
    assert seen[0].ravel().tolist() == [0, 1, 2, 0, 1, 2, 0]
    plot.corner(flow, {}, normal(5, 1), context=onp.array([[4.0]]), draws=7)
    assert seen[1].tolist() == [[4.0]]


def test_a_conditional_flow_is_drawn_under_the_context_of_its_data():
    flow, params = fitted(2, context_dim=1)
    assert axes_of(plot.corner(flow, params, normal(30, 2), context=normal(30, 1), draws=100))


@pytest.mark.parametrize("make", [pytest.param("corner", marks=pytest.mark.exhaustive), "pairs"])
def test_the_same_seed_gives_the_same_picture_and_no_other_state_is_touched(make):
    x, (flow, params) = normal(2000, 2), fitted(2)

    def drawn(seed):
        figure = plot.corner(flow, params, x, seed=seed) if make == "corner" else plot.pairs(x, x, seed=seed)
        return figure._repr_png_()[0]

    state = onp.random.get_state()[1].copy()
    assert drawn(0) == drawn(0) != drawn(1)
    onp.testing.assert_array_equal(onp.random.get_state()[1], state)


def test_data_and_draws_of_a_device_are_drawn():
    x = StrictArray(normal(40, 2))
    assert axes_of(plot.pairs(x, x))


def test_the_legend_covers_no_panel():
    flow, params = fitted(3)
    for figure in (plot.corner(flow, params, normal(60, 3), draws=500), plot.pairs(normal(60, 3), normal(60, 3))):
        figure._repr_png_()
        legend = figure.legends[0].get_window_extent()
        assert not any(legend.overlaps(ax.get_window_extent()) for ax in axes_of(figure))
