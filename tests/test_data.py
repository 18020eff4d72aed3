"""load: shapes, splits that share no row, noise that is where it should be, errors that say what to do."""

import dataclasses
import importlib.machinery
import subprocess
import sys

import numpy as np
import pytest

from nfscratch.data import LOADERS, Dataset, load, names, shipped
from nfscratch.data.dataset import PARTS, jittered, recording_step, split
from nfscratch.targets.toy import DENSITIES

TABLES = {"digits": (1797, 64), "iris": (150, 4), "wine": (178, 13), "breast_cancer": (569, 30), "diabetes": (442, 10)}


def rng(seed=0):
    return np.random.default_rng(seed)


def raw_table(name):
    from sklearn import datasets

    bunch = datasets.load_diabetes(scaled=False) if name == "diabetes" else getattr(datasets, f"load_{name}")()
    return bunch.data, bunch.target


def recorded_rows(name, part):
    """Indices, in scikit-learn's order, of the rows of one part: found again from below the frozen noise."""
    data = load(name)
    raw, target = raw_table(name)
    x, width = getattr(data, part), 0.0 if part == "train" else np.broadcast_to(data.jitter, raw.shape[1:])
    gap = x[:, None, :] - raw[None]
    fits = np.all((gap > -1e-9) & (gap < width + 1e-9), axis=2) & (data.labels[part][:, None] == target)
    assert fits.any(axis=1).all()
    return [set(np.flatnonzero(row)) for row in fits]


@pytest.mark.parametrize("name", TABLES)
def test_the_files_hold_what_scikit_learn_gives(name):
    from sklearn import datasets

    x, labels = shipped.read(name)
    raw, target = raw_table(name)
    assert np.array_equal(x, raw) and np.array_equal(labels, target)
    assert (x.dtype, labels.dtype) == (raw.dtype, target.dtype)
    assert shipped.COLUMNS[name] == tuple(map(str, getattr(datasets, f"load_{name}")().feature_names))


@pytest.mark.parametrize("name", TABLES)
def test_scikit_learn_is_asked_where_its_files_are_elsewhere(name, monkeypatch, tmp_path):
    data = load(name)
    elsewhere = importlib.machinery.ModuleSpec("sklearn", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(shipped, "find_spec", lambda package: elsewhere)
    for content in (None, "1,2\n3,x\n", "1,2\n3,4\n"):  # not there; not numbers; another table
        if content is not None:
            (tmp_path / "datasets" / "data").mkdir(parents=True, exist_ok=True)
            for file in ("iris.csv", "wine_data.csv", "breast_cancer.csv"):
                (tmp_path / "datasets" / "data" / file).write_text(content)
        assert shipped.read(name) is None
        again = load(name)
        assert all(np.array_equal(getattr(again, part), getattr(data, part)) for part in PARTS)
        assert all(np.array_equal(again.labels[part], data.labels[part]) for part in PARTS)


def test_loading_a_table_imports_no_scikit_learn():
    code = "import sys; from nfscratch import data; data.load('iris'); data.load('digits'); "
    code += "assert not {'sklearn', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_all_their_rows_once(name):
    data, (rows, dim) = load(name), TABLES[name]
    sizes = {part: len(getattr(data, part)) for part in PARTS}
    assert sum(sizes.values()) == rows and data.dim == dim
    assert abs(sizes["train"] - 0.7 * rows) <= 2 and abs(sizes["test"] - 0.15 * rows) <= 2
    for part in PARTS:
        x = getattr(data, part)
        assert x.dtype == np.float64 and x.shape == (sizes[part], dim) and np.isfinite(x).all()
        assert data.labels[part].shape == (sizes[part],)
    assert len(data.columns) == dim and all(type(column) is str for column in data.columns)
    assert data.log_prob is None and data.entropy is None and data.source and data.units


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_no_row_stands_in_two_parts_and_labels_belong_to_their_rows(name):
    found = {part: recorded_rows(name, part) for part in PARTS}  # asserts that row and label fit together
    union = {part: set().union(*found[part]) for part in PARTS}
    assert union["train"] | union["validation"] | union["test"] == set(range(TABLES[name][0]))
    assert union["train"].isdisjoint(union["test"]) and union["train"].isdisjoint(union["validation"])
    assert union["test"].isdisjoint(union["validation"])


def test_digits_pixels_come_back_from_below_the_noise():
    data = load("digits")
    raw, target = raw_table("digits")
    whole = np.concatenate([np.floor(getattr(data, part)) for part in PARTS])
    label = np.concatenate([data.labels[part] for part in PARTS])
    order, raw_order = (np.lexsort(np.column_stack([x, y]).T) for x, y in ((whole, label), (raw, target)))
    assert np.array_equal(whole[order], raw[raw_order]) and np.array_equal(label[order], target[raw_order])
    assert len({row.tobytes() for row in whole}) == 1797  # all different, so the parts share none


def test_train_is_recorded_values_and_the_other_parts_carry_their_noise():
    data = load("digits")
    assert data.jitter == 1.0
    assert np.array_equal(data.train, np.floor(data.train))
    for x in (data.validation, data.test):
        noise = x - np.floor(x)
        assert np.mean(noise == 0) < 1e-3 and x.min() >= 0 and x.max() < 17
        assert abs(noise.mean() - 0.5) < 4 / np.sqrt(12 * noise.size) and abs(noise.var() - 1 / 12) < 0.005
    assert np.array_equal(load("digits").test, data.test)  # frozen


def test_jittered_is_fresh_and_within_the_step():
    data, g = load("wine"), rng(1)
    first, second = data.jittered(g, data.train), data.jittered(g, data.train)
    assert not np.array_equal(first, second)
    for x in (first, second):
        # a sum of floats: the step's upper end is met to rounding
        assert np.all(x >= data.train) and np.all(x - data.train <= data.jitter * (1 + 1e-9) + 1e-12)
        np.testing.assert_allclose((x - data.train).mean(0), data.jitter / 2, rtol=0.3)
    toy = load("moons", n=5)
    same = toy.jittered(g, toy.train)
    assert np.array_equal(same, toy.train) and same is not toy.train
    assert jittered(g, np.zeros((3, 2)), None).shape == (3, 2)


def test_recording_steps_that_are_known():
    assert np.array_equal(load("iris").jitter, [0.1] * 4)
    steps = dict(zip(load("wine").columns, load("wine").jitter, strict=True))
    assert steps["alcohol"] == 0.01 and steps["alcalinity_of_ash"] == 0.1
    assert steps["magnesium"] == 1 and steps["proline"] == 1
    assert dict(zip(load("diabetes").columns, load("diabetes").jitter, strict=True))["bmi"] == 0.1
    assert load("diabetes").train[:, 0].max() > 18  # ages in years: the unscaled table


def test_recording_step_by_hand():
    x = np.array([[1.0, 0.25, 30.0], [2.0, 0.5, 10.0], [7.0, 0.11, 20.0], [4.0, 0.07, 0.0]])
    assert np.array_equal(recording_step(x), [1.0, 0.01, 1.0])
    assert recording_step(rng().standard_normal((50, 2))) is None  # no step: these were never recorded to one
    assert recording_step(np.full((9, 1), 3e-9)) is None  # small is not whole
    slips = np.arange(20.0)
    slips[:3] += 0.123  # three in twenty: still a column of whole numbers
    assert recording_step(slips[:, None])[0] == 1.0


def test_equal_rows_stay_together():
    x = np.repeat(np.arange(30.0), 10)[:, None]
    for seed in range(20):
        parts = [set(x[rows, 0]) for rows in split(rng(seed), x)]
        assert sum(map(len, parts)) == 30 and set().union(*parts) == set(range(30)) and all(parts)
    rows = np.concatenate(split(rng(), x))
    assert np.array_equal(np.sort(rows), np.arange(300))
    iris = raw_table("iris")[0]
    assert len(np.unique(iris, axis=0)) == 149  # the one duplicate that this is for
    for seed in range(20):
        parts = [{row.tobytes() for row in iris[rows]} for rows in split(rng(seed), iris)]
        assert len(parts[0] | parts[1] | parts[2]) == sum(map(len, parts))


def test_a_table_is_the_same_in_every_run_and_follows_rng_when_given():
    a, b, c, d = load("iris"), load("iris"), load("iris", rng=rng(1)), load("iris", rng=rng(1))
    for part in PARTS:
        assert np.array_equal(getattr(a, part), getattr(b, part)) and np.array_equal(getattr(c, part), getattr(d, part))
    assert not np.array_equal(a.train, c.train) and not np.array_equal(a.test, c.test)


def test_n_takes_the_first_training_rows_and_leaves_the_test_alone():
    whole, few = load("wine"), load("wine", n=20)
    assert np.array_equal(few.train, whole.train[:20])
    assert np.array_equal(few.labels["train"], whole.labels["train"][:20])
    assert np.array_equal(few.test, whole.test) and np.array_equal(few.validation, whole.validation)
    with pytest.raises(ValueError, match=r"n must be at most 124, the training rows of wine; got 125"):
        load("wine", n=125)


@pytest.mark.parametrize("name", DENSITIES)
def test_toy_sets(name):
    data = load(name, n=20_000 if name == "sine" else 300)
    assert len(data.train) == (20_000 if name == "sine" else 300) and len(data.test) == 10_000
    assert len(data.validation) == (2_000 if name == "sine" else 1_000)
    assert data.dim == DENSITIES[name].dim and data.jitter is None and data.labels is None and data.columns is None
    assert data.entropy == DENSITIES[name].entropy
    assert np.array_equal(data.log_prob(data.test[:5]), DENSITIES[name].log_prob(data.test[:5]))


def test_toy_sets_are_repeatable_and_their_parts_differ():
    data, again, other = load("moons"), load("moons"), load("moons", rng=rng(3))
    assert data.train.shape == (10_000, 2) and np.array_equal(data.train, again.train)
    assert not np.array_equal(data.train, other.train)
    assert np.array_equal(other.train, load("moons", rng=rng(3)).train)
    assert np.array_equal(load("moons", n=100).test, data.test)  # one yardstick for every training size
    rows = np.concatenate([getattr(data, part) for part in PARTS])
    assert len(np.unique(rows, axis=0)) == 21_000


def test_loading_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].copy()
    load("moons", n=10)
    load("iris")
    assert np.array_equal(before, np.random.get_state()[1])


def test_unknown_names_are_answered_with_the_list():
    with pytest.raises(ValueError, match=r"called 'mooons'; there are: .*digits.*\(did you mean 'moons'\?\)$"):
        load("mooons")
    with pytest.raises(ValueError, match=r"no data set called 'zzzzzz'; there are: .*diabetes$"):
        load("zzzzzz")
    with pytest.raises(ValueError, match=r"no data set called 3; there are"):
        load(3)


@pytest.mark.parametrize("n", [0, -1, 2.5, "10", True])
def test_n_must_be_a_positive_integer(n):
    for name in ("moons", "iris"):
        with pytest.raises(ValueError, match=r"n must be a positive integer or None; got "):
            load(name, n=n)
    assert len(load("moons", n=np.int64(3)).train) == 3


def test_rng_must_be_a_generator():
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator or None; got int"):
        load("moons", rng=0)


def test_names_lists_the_registry_and_an_entry_added_can_be_loaded(monkeypatch):
    assert names() == list(LOADERS) and set(names()) >= {*TABLES, *DENSITIES}
    zeros = np.zeros((4, 1))
    mine = Dataset("mine", zeros, zeros, zeros, source="here", units="none")
    monkeypatch.setitem(LOADERS, "mine", lambda rng, n: mine)
    assert load("mine") is mine and "mine" in names()


def test_a_dataset_is_frozen_and_says_what_it_is():
    data = load("digits")
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.train = data.test
    assert repr(data) == "Dataset('digits': train (1257, 64), validation (270, 64), test (270, 64))"
    for text in ("64 columns", "1,257 train", "pixel levels", "10 classes", "U[0, 1)", "CC BY 4.0"):
        assert text in data.summary()
    assert "from 25 to 3" in load("diabetes").summary() and "by column" in load("diabetes").summary()
    assert "2.3939 nats" in load("moons", n=5).summary()


def test_importing_the_package_of_data_opens_no_heavy_library():
    code = (
        "import sys, nfscratch.distributions; before = set(sys.modules); import nfscratch.data; "
        "new = {name.split('.')[0] for name in set(sys.modules) - before}; "
        "print(sorted(new & {'sklearn', 'scipy', 'matplotlib', 'pandas'}))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
