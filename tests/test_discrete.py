"""Columns of recorded values are noticed by fit, and columns of rounded continuous numbers are not."""

import warnings

import numpy as onp
import pytest
from fitting import DATA, fit, rng

import nfscratch as nf
from nfscratch.training import discrete


def warned(call):
    """The texts of the warnings of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(warning.message) for warning in caught]


NORMAL = rng(8).normal(size=(500, 1))
REPEATED = onp.repeat(rng(9).normal(size=(50, 1)), 12, axis=0)
CONTINUOUS = {
    "normal": NORMAL,
    "two decimals, 500 rows": NORMAL.round(2),
    "two decimals, 100,000 rows": rng(1).normal(size=(100_000, 1)).round(2),
    "three decimals, 2,000 rows": rng(1).normal(size=(2000, 1)).round(3),
    "two decimals, float32": rng(1).normal(size=(20_000, 1)).round(2).astype("float32"),
    "integers of a wide range": onp.rint(rng(1).normal(size=(20_000, 1)) * 1000),
    "float32": rng(1).normal(size=(50_000, 1)).astype("float32"),
    "float32, large": (rng(1).normal(size=(50_000, 1)) + 1000).astype("float32"),
    "integers far apart": onp.rint(NORMAL * 1e5),
    "a constant": onp.ones((500, 1)),
    "nineteen rows": onp.arange(19.0)[:, None] // 5,
    "one value in nine rows": onp.where(onp.arange(500)[:, None] < 9, 0.0, NORMAL),
    "uniform": rng(2).random((3000, 1)),
    "heavy tails": rng(2).standard_cauchy((3000, 1)),
    "times, one a minute": 1.7e9 + 60.0 * onp.arange(2000)[:, None],
    "a few ties": onp.concatenate([NORMAL, NORMAL[:40]]),
    "ties in a fifth of the rows": onp.concatenate([NORMAL, NORMAL[:120]]),
    "products of rounded numbers": rng(1).normal(size=(2000, 1)).round(2) * rng(2).normal(size=(2000, 1)).round(2),
}
DISCRETE = {
    "integers 0 to 9": (rng(1).integers(0, 10, size=(300, 1)), 1.0),
    "binary": (rng(1).integers(0, 2, size=(300, 1)), 1.0),
    "two levels": (rng(1).integers(0, 2, size=(300, 1)) * 0.3 - 7.1, 0.3),
    "ages": (onp.rint(rng(1).normal(size=(1000, 1)) * 15 + 40), 1.0),
    "pixels": (rng(1).integers(0, 256, size=(5000, 1)), 1.0),
    "tenths": (rng(1).normal(size=(1000, 1)).round(1), 0.1),
    "tenths, float32": (rng(1).normal(size=(1000, 1)).round(1).astype("float32"), 0.1),
    "tenths, and some rows by another hand": (
        onp.concatenate([rng(1).normal(size=(1000, 1)).round(1), [[0.123456], [0.7654321], [-1.2323232]]]),
        0.1,
    ),
    "whole numbers, and a fifth with decimals": (
        onp.where(
            rng(5).random((600, 1)) < 0.8,
            rng(6).integers(60, 120, size=(600, 1)),
            (60 * rng(7).random((600, 1)) + 60).round(2),
        ),
        1.0,
    ),
}
SPIKED = {
    "every value twelve times": (REPEATED, "has 50 values with no common step, each in 12 rows on average"),
    "every value five times, five decimals": (
        onp.repeat(NORMAL.round(5), 5, axis=0),
        "has 500 values with no common step, each in 5 rows on average",
    ),
    "one value in twelve rows": (
        onp.where(onp.arange(500)[:, None] < 12, 0.25, NORMAL),
        "is 0.25 in 2.4 % of the rows and continuous elsewhere",
    ),
    "many zeros": (
        onp.maximum(NORMAL, 0.0),
        f"is 0 in {100 * (NORMAL <= 0).mean():.2g} % of the rows and continuous elsewhere",
    ),
    "whole dollars, many of them 0": (onp.rint(onp.maximum(NORMAL, 0) * 1e5), None),
    "two heaps": (onp.clip(NORMAL, -0.5, 0.5), None),
    "amounts cut at 1000": (onp.minimum(onp.exp(NORMAL) * 600, 1000.0), None),
}


UNITS = (0.5, 2.54, 0.01, 1 / 3, 1e-18, 3e-150, 1e18, -7.3)
WHOLE = rng(6).integers(0, 60, size=(400, 1)).astype(float)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_change_of_units_changes_the_step_alone(unit, dtype):
    if dtype == "float32" and not 1e-30 < abs(unit) < 1e30:
        pytest.skip("no number of float32")
    table = onp.hstack([WHOLE, NORMAL[:400], WHOLE // 4 * 4, onp.rint(NORMAL[:400] * 1e5)])
    (first, second) = discrete.discrete_columns((table * unit + 11.0 * unit).astype(dtype)).items()
    assert first == (0, pytest.approx(abs(unit), rel=1e-4)) and second == (2, pytest.approx(4 * abs(unit), rel=1e-4))


def test_the_step_is_that_of_the_grid_and_not_the_smallest_gap():
    levels = onp.array([0.0, 6.0, 10.0, 15.0])
    x = levels[rng(3).integers(0, 4, size=(300, 1))] * 0.3
    assert discrete.discrete_columns(x) == {0: pytest.approx(0.3)}


def test_one_value_written_by_two_formulas_is_one_level():
    x = WHOLE * 0.1
    x[::2] = WHOLE[::2] / 10  # 0.1 * 3 is not 3 / 10
    assert len(onp.unique(x)) > 60
    assert discrete.discrete_columns(x) == {0: pytest.approx(0.1)}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_continuous_column_is_not_called_discrete(name):
    assert discrete.discrete_columns(CONTINUOUS[name]) == {}


@pytest.mark.parametrize("name", DISCRETE)
def test_a_discrete_column_is_found_with_its_step(name):
    x, step = DISCRETE[name]
    found = discrete.discrete_columns(
        onp.hstack([rng(4).normal(size=x.shape).astype(x.dtype if x.dtype.kind == "f" else "f8"), x])
    )
    assert list(found) == [1]
    assert step is None or abs(found[1] - step) < 1e-5


@pytest.mark.parametrize("unit", [1.0, 1e-18, 1e15])
@pytest.mark.parametrize("name", SPIKED)
def test_a_spiked_column_has_no_recording_step(name, unit):
    x, words = SPIKED[name]
    found = discrete.recorded_columns(onp.hstack([rng(4).normal(size=x.shape), x * unit]))
    assert list(found) == [1] and found[1].step == 0.0
    assert nf.recording_steps(x).tolist() == [0.0]
    assert words is None or unit != 1.0 or str(found[1]) == words


ZEROS = onp.hstack([NORMAL, onp.maximum(rng(5).normal(size=(500, 1)), 0.0)])


def test_the_advice_for_a_spiked_column_can_be_followed():
    options = {"steps": 1, "validation": None}
    (message,) = warned(lambda: fit(ZEROS, nf.flows.linear(2), **options))
    assert message.startswith("x has the same values in many rows: column 1 is 0 in ")
    assert "context=" in message and "jitter" not in message
    assert warned(lambda: fit(ZEROS[:, :1], nf.flows.linear(1, context_dim=1), context=ZEROS[:, 1:], **options)) == []
    assert warned(lambda: fit(ZEROS[ZEROS[:, 1] > 0], nf.flows.linear(2), **options)) == []
    assert warned(lambda: fit(ZEROS, nf.flows.linear(2), jitter=[0, 0.3], **options)) == []


def test_both_kinds_stand_in_one_warning():
    x = onp.hstack([ZEROS, onp.rint(3 * NORMAL)])
    (message,) = warned(lambda: fit(x, nf.flows.linear(3), steps=1, validation=None))
    assert "column 2 (jitter 1), column 1 is 0 in " in message and "jitter=[0, 0, 1], one width" in message
    (message,) = warned(lambda: fit(x, nf.flows.linear(3), jitter=[0, 0, 1], steps=1, validation=None))
    assert "column 1 is 0 in" in message and "column 2" not in message and "jitter=" not in message


def test_fit_warns_of_at_most_three_discrete_columns_once_and_jitter_is_the_remedy():
    x = onp.hstack([DATA, rng(1).integers(0, 5, size=(400, 5))])
    flow = nf.flows.linear(7)
    options = {"steps": 2, "validation": None}
    with pytest.warns(discrete.DiscreteDataWarning, match="same values in many rows") as caught:
        fit(x, flow, **options)
    assert len(caught) == 1 and issubclass(discrete.DiscreteDataWarning, nf.TrainingWarning)
    named = "column 2 (jitter 1), column 3 (jitter 1), column 4 (jitter 1) and 2 more"
    assert named in str(caught[0].message) and caught[0].filename.endswith("fitting.py")
    assert warned(lambda: fit(x, flow, jitter=[0, 0, 1, 1, 1, 1, 1], **options)) == []


def test_a_density_of_discrete_values_needs_no_jitter():
    flow = nf.Flow(nf.AutoregressiveDensity(3, nf.Bernoulli(), nf.MADE((8,))), nf.Permutation([0, 1, 2]))
    x = rng(1).integers(0, 2, size=(100, 3)).astype(float)
    assert warned(lambda: fit(x, flow, steps=2, validation=None)) == []


def wide(columns, n_discrete, n=200):
    x = rng(3).normal(size=(n, columns))
    x[:, :n_discrete] = rng(4).integers(0, 5, size=(n, n_discrete))
    return x


def test_the_whole_list_stands_in_the_message_up_to_60_columns():
    flow, options = nf.flows.linear(60, kind="diagonal"), {"steps": 1, "validation": None}
    (message,) = warned(lambda: fit(wide(60, 27), flow, **options))
    listed = [float(width) for width in message.split("jitter=[")[1].split("]")[0].split(", ")]
    assert listed == [1.0] * 27 + [0.0] * 33
    assert warned(lambda: fit(wide(60, 27), flow, jitter=listed, **options)) == []


def test_a_wider_table_gets_its_jitter_from_a_function():
    x, flow, options = wide(70, 30), nf.flows.linear(70, kind="diagonal"), {"steps": 1, "validation": None}
    (message,) = warned(lambda: fit(x, flow, **options))
    assert "jitter=nf.recording_steps(x)" in message
    steps = nf.recording_steps(x)
    assert steps.tolist() == [1.0] * 30 + [0.0] * 40
    assert warned(lambda: fit(x, flow, jitter=steps, **options)) == []
    assert nf.recording_steps(x.reshape(-1, 7, 10)).shape == (7, 10)
    with pytest.raises(ValueError, match=r"x must have shape \(N, D\); got \(5,\)"):
        nf.recording_steps(onp.zeros(5))


def test_jitter_of_some_columns_leaves_the_warning_for_the_others():
    flow, options = nf.flows.linear(5, kind="diagonal"), {"steps": 1, "validation": None}
    (message,) = warned(lambda: fit(wide(5, 3), flow, jitter=[0.5, 0, 0, 0, 0], **options))
    assert "column 1 (jitter 1), column 2 (jitter 1)." in message and "column 0" not in message
    assert "jitter=[0.5, 1, 1, 0, 0]" in message
    (message,) = warned(lambda: fit(wide(5, 3), flow, jitter=onp.zeros(5), **options))
    assert "column 0 (jitter 1)" in message
    assert warned(lambda: fit(wide(5, 3), flow, jitter=0, **options)) == []
