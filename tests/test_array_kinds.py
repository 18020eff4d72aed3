"""array_kinds.py: other libraries' arrays and tables are taken where they hold numbers, and refused by name elsewhere.

The libraries need not be installed: the stand-ins of other_libraries.py have the methods by which their objects are
known. Where pandas or polars is installed, the same tests run on its tables.
"""

import re

import numpy as onp
import pytest
import scipy.sparse
from other_libraries import Category, Column, DynamicJaxprTracer, Half, JaxArray, Sparse, Table, Tensor
from refusals import CONDITIONAL, CONDITIONAL_PARAMS, FLOW, PARAMS, X, refused, rng

import nfscratch as nf
from nfscratch import trees
from nfscratch.array_kinds import plain

# Two steps need not make the two rows better that a fit holds out here.
pytestmark = pytest.mark.filterwarnings("ignore:no step made the validation better")

Y = rng(2).normal(size=(20, 2))
EMBEDDED = nf.flows.real_nvp(3, layers=2, hidden=(4,), context_dim=5, embed=nf.MLP((4,)))
DOORS = {  # (name of the argument, width, call)
    "log_prob": ("x", 3, lambda x: FLOW.log_prob(PARAMS, x)),
    "nll": ("x", 3, lambda x: nf.objectives.nll(FLOW, PARAMS, x)),
    "init": ("x", 3, lambda x: FLOW.init(rng(), x)),
    "fit": ("x", 3, lambda x: nf.fit(FLOW, x, rng=rng(), steps=2, jitter=1.0)),  # some tables have integers
    "validation": ("validation", 3, lambda x: nf.fit(FLOW, X, rng=rng(), steps=2, validation=x)),
    "context of log_prob": ("context", 2, lambda y: CONDITIONAL.log_prob(CONDITIONAL_PARAMS, X, y)),
    "context of fit": ("context", 2, lambda y: nf.fit(CONDITIONAL, X, context=y, rng=rng(), steps=2)),
    "context of an embedding": ("context", 2, lambda y: EMBEDDED.init(rng(), X, y)),
    "context of sample": ("context", 2, lambda y: CONDITIONAL.sample(CONDITIONAL_PARAMS, rng(), 20, y)),
}
every_door = pytest.mark.parametrize("door", DOORS)


def opened(door):
    """The argument's name, its plain array and its columns, and the call."""
    name, width, call = DOORS[door]
    rows = {2: Y, 3: X}[width]
    return name, rows, {label: rows[:, k] for k, label in zip(range(width), "abc", strict=False)}, call


def pandas_table(columns):
    return pytest.importorskip("pandas").DataFrame(columns)


def polars_table(columns):
    return pytest.importorskip("polars").DataFrame(columns)


LIBRARIES = {"stand-in": Table, "pandas": pandas_table, "polars": polars_table}
every_library = pytest.mark.parametrize("table", LIBRARIES.values(), ids=LIBRARIES)


def number_columns(columns):
    """Floats, then integers, then booleans."""
    kinds = (lambda v: v, lambda v: onp.round(9 * v).astype("int64"), lambda v: v > 0)
    return {label: kind(values) for (label, values), kind in zip(columns.items(), kinds, strict=False)}


# --- taken ---


def numbers(found):
    """An array of what a door gives: densities, draws, losses or parameters."""
    if isinstance(found, nf.training.record.Result):
        return onp.array(found.history["loss"] + found.history["validation"])
    return trees.flatten(found)[0] if isinstance(found, dict) else onp.asarray(found)


def same(found, plain):
    onp.testing.assert_array_equal(numbers(found), numbers(plain))


@every_door
@every_library
def test_a_table_of_numbers_is_taken_as_its_values(door, table):
    _, _, columns, call = opened(door)
    columns = number_columns(columns)
    values = onp.stack([values.astype("float64") for values in columns.values()], axis=1)
    same(call(table(columns)), call(values))


@every_door
@pytest.mark.parametrize("kind", [Tensor, JaxArray])
def test_an_array_of_another_library_is_taken_as_its_values(door, kind):
    _, rows, _, call = opened(door)
    same(call(kind(rows)), call(rows))


@every_door
def test_a_list_is_taken_as_its_values(door):
    _, rows, _, call = opened(door)
    same(call(rows.tolist()), call(rows))


@every_library
def test_two_columns_of_one_name_are_two_columns(table):
    if table is polars_table:
        pytest.skip("polars has no two columns of one name")
    twice = table({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2]})
    twice.columns = ["a", "a", "c"]
    onp.testing.assert_array_equal(plain("x", twice), X)


# --- refused ---

CATEGORIES = (
    r"encode categories as columns of 0 and 1 \(pandas.get_dummies\); make numbers of objects \(astype\(float\)\)$"
)
DATES = "subtract a start and divide by a unit, such as a day, to have numbers$"
COLUMNS = {
    "category": (Column("b", onp.zeros(20), Category()), CATEGORIES),
    "object": (Column("b", onp.zeros(20, dtype=object)), CATEGORIES),
    "<U3": (Column("b", onp.array(["cat"] * 20)), CATEGORIES),
    "datetime64[s]": (Column("b", onp.arange(20).astype("datetime64[s]")), DATES),
    "timedelta64[s]": (Column("b", onp.arange(20).astype("timedelta64[s]")), DATES),
    "complex128": (Column("b", onp.zeros(20, dtype=complex)), "pass the real and the imaginary part as two columns$"),
}


@every_door
@pytest.mark.parametrize("dtype", COLUMNS)
def test_a_column_without_numbers_is_refused_by_its_name(door, dtype):
    name, _, columns, call = opened(door)
    column, remedy = COLUMNS[dtype]
    message = rf"^{name} must have columns of numbers; got column 'b' \({re.escape(dtype)}\): {remedy}"
    refused(TypeError, message, call, Table({**columns, "b": column}))


def test_of_many_such_columns_the_first_are_named():
    words = onp.array(["cat"] * 20)
    two = Table({"a": words, "b": X[:, 0], "c": words})
    refused(TypeError, r"got columns 'a' \(<U3\), 'c' \(<U3\): encode", plain, "x", two)
    many = Table({f"word{k}": words for k in range(50)})
    refused(TypeError, r"'word0' \(<U3\), .*, 'word2' \(<U3\), ... \(50 columns\): encode", plain, "x", many)


@every_door
def test_a_missing_value_is_refused_by_column_and_row(door):
    name, _, columns, call = opened(door)
    nullable = Column("b", onp.arange(20), missing=(7,))
    message = (
        f"^{name} must have a value everywhere; column 'b' has none in row 7: leave out such rows, or fill them in$"
    )
    refused(ValueError, message, call, Table({**columns, "b": nullable}))
    columns["b"] = onp.where(onp.isin(onp.arange(20), [3, 5]), onp.nan, columns["b"])
    refused(ValueError, "column 'b' has none in rows 3, 5: leave out", call, Table(columns))


def test_missing_values_of_several_columns_are_all_named():
    gaps = [Column(f"c{k}", onp.arange(20), missing=(k,)) for k in range(5)]
    two = Table({"a": X[:, 0], "c0": gaps[0], "c1": gaps[1]})
    refused(ValueError, "; column 'c0' has none in row 0, column 'c1' has none in row 1: leave out", plain, "x", two)
    many = Table({column.name: column for column in gaps})
    refused(ValueError, r"column 'c2' has none in row 2, \.\.\. \(5 columns\): leave out", plain, "x", many)


@every_door
@pytest.mark.parametrize("kind", [scipy.sparse.csr_matrix, scipy.sparse.coo_array])
def test_a_sparse_matrix_is_refused_by_its_kind(door, kind):
    name, rows, _, call = opened(door)
    message = rf"^{name} must be a dense array; got a sparse {kind.__name__}: pass {name}.toarray\(\)$"
    refused(TypeError, message, call, kind(rows))


def test_a_sparse_array_of_another_library_is_refused_too():
    refused(TypeError, r"got a sparse Sparse: pass x.todense\(\)$", plain, "x", Sparse())
    tensor = Tensor(X)
    tensor.is_sparse = True
    refused(TypeError, r"got a sparse Tensor: pass x.to_dense\(\)$", plain, "x", tensor)


@every_door
def test_a_tensor_with_a_gradient_or_on_a_gpu_is_refused_with_the_call_that_helps(door):
    name, rows, _, call = opened(door)
    helps = rf": pass {name}.detach\(\).cpu\(\).numpy\(\)$"
    taped, far = Tensor(rows, requires_grad=True), Tensor(rows, device="cuda")
    refused(TypeError, f"^{name} must not require a gradient; got a tensor that does{helps}", call, taped)
    refused(TypeError, f"^{name} must lie in the host's memory; got a tensor on cuda{helps}", call, far)


def test_a_tracer_is_refused():
    message = "^x must be an array of numbers; got a DynamicJaxprTracer: call this outside jax.jit and jax.grad$"
    refused(TypeError, message, plain, "x", DynamicJaxprTracer())


def test_what_cannot_be_converted_is_refused_in_one_line():
    ragged = [[1.0], [1.0, 2.0]]
    message = "^x must have rows of one length; got a list of rows of several$"
    refused(TypeError, message, plain, "x", ragged)
    message = "^x must be .* numbers; got a other_libraries.Half that is none: Got unsupported ScalarType BFloat16$"
    refused(TypeError, message, plain, "x", Half(X))


def test_a_series_is_one_variable_and_the_hint_works_on_it():
    flow = nf.flows.real_nvp(1, layers=2, hidden=(4,))
    params, column = flow.init(rng()), Column("a", X[:, 0])
    hint = r"got \(20,\); for one variable pass numpy.asarray\(x\)\[:, None\]$"
    refused(ValueError, hint, flow.log_prob, params, column)
    refused(ValueError, hint, flow.log_prob, params, X[:, 0].tolist())
    assert flow.log_prob(params, onp.asarray(column)[:, None]).shape == (20,)
    refused(
        ValueError, "column 'a' has none in row 2: leave out", flow.log_prob, params, Column("a", X[:, 0], missing=(2,))
    )


# --- the libraries themselves, where they are installed ---


def test_columns_of_pandas():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1] > 0, "c": pandas.array([1, 2] * 10, dtype="Int64")})
    assert plain("x", table.astype({"b": "boolean"})).shape == (20, 3)
    times = pandas.Series(pandas.date_range("2020", periods=20))
    for column in (pandas.Categorical(["u", "v"] * 10), ["u", "v"] * 10, times, times.dt.tz_localize("UTC")):
        refused(TypeError, "got column 'b' ", plain, "x", table.assign(b=column))
    refused(TypeError, "got column 'b' ", plain, "x", table["b"].astype("string"))
    missing = pandas.array([1, None] * 10, dtype="Int64")
    refused(
        ValueError,
        r"column 'c' has none in rows 1, 3, 5, 7, 9, \.\.\. \(10 rows\)$",
        plain,
        "x",
        table.assign(c=missing),
    )


def test_columns_of_polars():
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({"a": X[:, 0], "b": X[:, 1] > 0, "c": [1, 2] * 10})
    assert plain("x", table).shape == (20, 3)
    for column in (["u", "v"] * 10, [[1]] * 20, polars.Series(["u", "v"] * 10, dtype=polars.Categorical)):
        refused(TypeError, "got column 'b' ", plain, "x", table.with_columns(polars.Series("b", column)))
    refused(
        ValueError,
        "column 'c' has none in row 0$",
        plain,
        "x",
        table.with_columns(polars.Series("c", [None] + [1] * 19)),
    )
    refused(TypeError, r"got a LazyFrame: pass x.collect\(\)$", plain, "x", table.lazy())
