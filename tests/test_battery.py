"""The battery: every registered part has a strategy, every promise has a bug that it sees, and the parts keep them.

The long form is `python -m benchmarks battery`. Hypothesis keeps no database and draws the same examples each time.
"""

import importlib
import json
from pathlib import Path

import autograd.numpy as np
import numpy as onp
import pytest
from battery import search as search_module
from battery.densities import DENSITIES, LAYERS_ALONE, RECIPES, as_flow
from battery.example import Example, source
from battery.layers import BIJECTIONS
from battery.look import Look
from battery.networks import CONDITIONALS, NETWORKS, SOLVERS
from battery.promises import DTYPES, PROMISES, using
from battery.search import PARTS, search
from battery.slopes import jacobian_log_det, slope
from battery.transformers import TRANSFORMERS
from hypothesis.configuration import storage_directory

import nfscratch as nf
from benchmarks import battery as command
from nfscratch import backend
from nfscratch.checkpoint.description import CONTRACTS, registry

TABLES = (BIJECTIONS, TRANSFORMERS, DENSITIES, NETWORKS, CONDITIONALS, SOLVERS)
BASES = {"Linear", "NumericInverse", "NumericTransformer"}  # contracts, with no map
FRAMES = {"Flow", "Dequantized", "ConvDecoder"}  # recipes are flows; ConvDecoder stands in models alone
MODELS = {name for name, part in registry().items() if issubclass(part, (nf.models.Likelihood, nf.models.Model))}


def test_every_registered_part_has_a_strategy():
    """A model is no bijection and no density: tests of its own hold it."""
    assert {name for table in TABLES for name in table} == set(registry()) - BASES - FRAMES - MODELS
    assert sum(map(len, TABLES)) == len({name for table in TABLES for name in table})


def test_every_recipe_has_a_strategy():
    functions = {name for name in nf.flows.__all__ if not isinstance(getattr(nf.flows, name), type)}
    assert functions == {*RECIPES, *LAYERS_ALONE}
    assert len(PARTS) == len(BIJECTIONS) + len(TRANSFORMERS) + len(DENSITIES) + len(RECIPES)


def test_each_part_that_holds_another_is_a_part_of_a_contract():
    assert all(issubclass(registry()[name], CONTRACTS) for table in TABLES for name in table)


# --- each promise sees the bug that it is for ---


class Diagonal(nf.Diagonal):
    """For one bug at a time: its kernels are those that trace the plain definition."""

    def forward(self, params, z, context=None, rng=None):
        return super().forward(params, z)

    def inverse(self, params, x, context=None, rng=None):
        return super().inverse(params, x)


class Float64(Diagonal):
    """float32 leaks."""

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return x, log_det + onp.zeros(len(z))


class FewDigits(Diagonal):
    """x takes a detour over a number that is 1e6 times as large."""

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return (x + 1e6) - 1e6, log_det


class NotUndone(Diagonal):
    """Its inverse is another map, whose log_det is right."""

    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, x)
        return z + 1e-6, log_det


class OffByAMillionth(Diagonal):
    """In both directions, so that the two cancel."""

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return x, log_det + 1e-6

    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, x)
        return z, log_det - 1e-6


class OfTheFirstRow(Diagonal):
    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return x, log_det + 1e-6 * (z - z[:1]).sum(axis=1)


class NotANumber(Diagonal):
    """At exactly 0."""

    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, x)
        return z, np.where((x == 0).any(axis=1), np.nan, log_det)


class Writing(Diagonal):
    def inverse_value(self, params, x, context=None, rng=None):
        x *= 1.0
        return super().inverse(params, x)


class HalfAGradient(Diagonal):
    def forward_vjp(self, params, z, context=None, rng=None):
        x, log_det, back = super().forward_vjp(params, z)
        return x, log_det, lambda g_x, g_log_det: back(g_x, 0.5 * g_log_det)


class Renamed(Diagonal):
    """Read, it has another limit than was written."""

    def __post_init__(self):
        object.__setattr__(self, "max_log_scale", self.max_log_scale + 1.0)


SEEN = {
    "dtype and shape are kept": Float64,
    "values have the digits of their dtype": FewDigits,
    "round trip and cancelling log dets": NotUndone,
    "log det is that of the numeric jacobian": OffByAMillionth,
    "rows are independent": OfTheFirstRow,
    "density is a number or minus infinity": NotANumber,
    "arguments are left alone and roads agree": Writing,
    "gradients are those of finite differences": HalfAGradient,
    "saved and loaded it is the same": Renamed,
}
ROWS = [[0.5, -1.5], [0.0, 2.0]]


def holds(part, name, dtype):
    try:
        Example(part, seed=1, wild=1.0, rows=ROWS).check(name, dtype)
    except Exception as error:
        return type(error), str(error)
    return None


@pytest.mark.parametrize("name", PROMISES)
def test_a_promise_sees_the_bug_that_it_is_for(name, monkeypatch):
    assert set(SEEN) == set(PROMISES)
    monkeypatch.setitem(registry(), SEEN[name].__name__, SEEN[name])
    assert any(holds(SEEN[name](2), name, dtype) for dtype in DTYPES)
    assert not any(holds(nf.Diagonal(2), name, dtype) for dtype in DTYPES)


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_a_quotient_of_solves_takes_the_steps_that_the_gradient_takes(direction):
    """Solves that choose their steps anew differ by about the tolerance, 1e-3 here."""
    part = nf.Continuous(nf.Field(nf.MLP((3,), "tanh"), 1), 2, nf.ode.Dopri5(1e-3, 1e-3))
    pullback, quotient, _ = slope(Look(Example(part, seed=1, rows=ROWS), "float64", direction))
    assert abs(pullback - quotient) < 1e-9


def test_a_numeric_log_det_says_that_a_jacobian_of_condition_1e22_leaves_it_few_digits():
    """Two of its steps agree by accident to 1e-6, where both are off by 2e-5."""
    part = nf.Chain([nf.ActNorm(9), nf.Triangular(9)] * 2)
    look = Look(Example(part, seed=199, wild=3.0, rows=[[0.0] * 5 + [1.0, 0.0, 0.0, 0.0]]), "float64", "forward")
    with using("float64"):
        numeric, doubt = jacobian_log_det(look)
        assert onp.abs(numeric - look.exact[1]) > 1e-5
        assert onp.abs(numeric - look.exact[1]) < doubt


MIXED = nf.Chain([nf.Whiten(2), nf.Elementwise(nf.RationalQuadraticSpline(8, 3.0), 2), nf.Remainder(2)])
KINKED = nf.ProbabilityFlow(nf.Field(nf.MLP((1,), "elu"), 0))
ROUND_TRIP, DIGITS, GRADIENTS = (name for name in PROMISES if name.split()[0] in ("round", "values", "gradients"))
ALIKE = Example(nf.PixelLevels((1, 2, 2), 2, 0.125), 0, 1.0, [[0.0] * 4, [0.0] * 4, [8.0, 8.0, 0.0, 0.0]])
FINER = Example(nf.Continuous(KINKED, 1, nf.ode.Dopri5(1e-9, 1e-9)))
BESIDE = Example(MIXED, rows=[[1e30, 0.0]])
FLAT = Example(as_flow(nf.FittedTails(1)), rows=[[1e-191]])
BEHIND = Example(
    nf.flows.rq_nsf(4, coupling=False, layers=2, hidden=(4,), bound=3.0, context_dim=3), 2, 3.0, [[0.0, 0.0, 1.0, 0.0]]
)


@pytest.mark.parametrize(
    ("example", "promise", "dtype"),
    [
        pytest.param(BEHIND, DIGITS, "float64", id="a layer behind one that contracts"),
        pytest.param(ALIKE, DIGITS, "float32", id="two entries that matter alike"),
        pytest.param(FINER, ROUND_TRIP, "float32", id="a tolerance that float32 does not have"),
        pytest.param(BESIDE, ROUND_TRIP, "float64", id="a spline's box beside 1e30"),
        pytest.param(FLAT, GRADIENTS, "float64", id="a slope of 1e-192"),
    ],
)
def test_an_example_is_not_judged_beyond_its_digits(example, promise, dtype):
    example.check(promise, dtype)


def test_the_smallest_failing_example_is_printed_as_code_that_fails_again(monkeypatch):
    inverse = nf.Triangular.inverse_vjp

    def wrong(self, params, x, context=None, rng=None):
        z, log_det, back = inverse(self, params, x, context, rng)
        return z, log_det + (1e-3 if self.dim > 2 else 0.0), back

    monkeypatch.setattr(nf.Triangular, "inverse_vjp", wrong)
    broken = search("Triangular", 30)
    assert broken.example.part.dim == 3  # the smallest
    assert "off by" in str(broken.error)
    code = broken.example.code(broken.promise, broken.dtype)
    assert str(broken).endswith(code)
    with pytest.raises(AssertionError, match="off by"):
        exec(code, {})
    monkeypatch.undo()
    exec(code, {})
    assert backend.default_dtype().name == "float64"


def test_code_of_parts():
    part = nf.Inverse(nf.Coupling(nf.Inverse(nf.CubicSpline(4)), (True, False), nf.MLP((3,), "tanh")))
    assert source(part) == (
        "nf.Inverse(nf.Coupling(transformer=nf.Inverse(nf.CubicSpline(bins=4)), "
        "mask=(True, False), conditioner=nf.MLP(hidden=(3,), activation='tanh')))"
    )
    assert source(nf.ode.RK4(3)) == "nf.ode.RK4(steps=3)"
    assert source((onp.float64(1.5), [None], onp.inf)) == "(1.5, [None], inf)"


def test_hypothesis_writes_nothing_into_the_repository():
    assert search("Shift", 2) is None
    assert not storage_directory().path.resolve().is_relative_to(Path(__file__).resolve().parents[1])


def test_the_examples_do_not_depend_on_the_modules_that_are_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(search_module, "check", lambda example: drawn.append(repr((example.part, example.rows))))
    drawn = []
    search("Shift", 60)
    first = drawn.copy()
    (tmp_path / "numbers_of_mine.py").write_text(f"NUMBERS = {[float(i) + 0.123 for i in range(-9, 9)] * 9}")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("numbers_of_mine")
    drawn.clear()
    search("Shift", 60)
    assert drawn == first


# --- the command ---


def test_the_command_prints_its_seed_and_does_no_part_twice(tmp_path, capsys):
    log = tmp_path / "runs" / "battery.jsonl"
    arguments = ["--examples", "3", "--seed", "5", "--only", "Shift", "--log", str(log)]
    assert command.main(arguments) == 0
    assert "--examples 3 --seed 5" in capsys.readouterr().out
    assert [json.loads(line)["part"] for line in log.read_text().splitlines()] == ["Shift"]
    assert command.main(arguments) == 0
    assert "Shift: done before" in capsys.readouterr().out
    assert command.main(["--examples", "2", "--only", "Exp"]) == 0
    assert "--seed" in capsys.readouterr().out


def test_the_command_fails_with_a_part_that_breaks_a_promise(monkeypatch, capsys):
    monkeypatch.setitem(PARTS, "broken", lambda draw: OffByAMillionth(1))
    assert command.main(["--examples", "5", "--seed", "1", "--only", "broken"]) == 1
    assert "broken: BROKEN" in (out := capsys.readouterr().out) and "Example(part" in out


# --- the parts ---

EXAMPLES = 50  # each in both dtypes and both directions, with one to three points


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")  # numbers near the end of the range overflow
@pytest.mark.parametrize("name", PARTS)
def test_a_part_keeps_its_promises(name):
    broken = search(name, EXAMPLES)
    assert broken is None, str(broken)
