"""A limit of an index that comes one bin too early, and a modulus without which x leaves the circle."""

import ast

import numpy as np
import pytest
from edited_code import module_of, trial_of
from test_small_changes import place_in, scope_of

from nfscratch.check.audit import audit
from nfscratch.check.repair import search
from nfscratch.check.repair.bins import limits_moved, moves_limit
from nfscratch.check.repair.live_code import Reached, live_statements
from nfscratch.check.repair.of_range import change_of_range
from nfscratch.check.repair.range_edits import limits_of_both
from nfscratch.check.repair.search import Search

LINES = """
    import numpy as np
    X = np.array([LOW, -0.7, 0.4, 1.1, 2.0])
    Y = np.array([LOW, -1.2, 0.1, 1.5, 2.0])

    def through(v, a, b):
        k = np.clip(np.searchsorted(a, v) - 1, 0, len(a) - 2)
        m = (b[k + 1] - b[k]) / (a[k + 1] - a[k])
        return WITHIN

    def forward(z):
        return through(z, X, Y)

    def inverse(x):
        return through(x, Y, X)
"""
BOXED = LINES.replace("LOW", "-2.0").replace("WITHIN", "b[k] + m * (v - a[k]), np.log(m).sum(axis=1)")
TAILS = LINES.replace("LOW", "-2.0").replace(
    "WITHIN", "np.where(abs(v) < 2, b[k] + m * (v - a[k]), v), np.where(abs(v) < 2, np.log(m), 0.0).sum(axis=1)"
)
BINDING = "0, len(a) - 2)"
CIRCLE = """
    import numpy as np
    TAU = 2 * np.pi

    def forward(z):
        a, b = z[:, 0], z[:, 1]
        b = b + 1.3 * np.sin(a)
        a = (a + 2.0 * np.cos(b)) % TAU
        return np.stack([a, b], axis=1), np.zeros(len(a))

    def inverse(x):
        a, b = x[:, 0], x[:, 1]
        a = (a - 2.0 * np.cos(b)) % TAU
        b = (b - 1.3 * np.sin(a)) % TAU
        return np.stack([a, b], axis=1), np.zeros(len(a))
"""
WRAPPED = "`b = (b + 1.3 * np.sin(a)) % TAU` in place of `b = b + 1.3 * np.sin(a)`"


@pytest.mark.exhaustive
@pytest.mark.parametrize(("text", "ends", "says"), [
    (BOXED.replace(BINDING, "0, len(a) - 3)"), (-2.0, 2.0), "0, len(a) - 2)` in place of"),
    (BOXED.replace(BINDING, "1, len(a) - 2)"), (-2.0, 2.0), "0, len(a) - 2)` in place of"),
    (CIRCLE, (0.0, 2 * np.pi), WRAPPED),
    (BOXED, (-2.0, 2.0), None),
])  # fmt: skip
def test_the_change_after_which_x_stays_where_it_may_be(text, ends, says, tmp_path):
    trial = trial_of(module_of(text, tmp_path, "ranged"), 2, domain=ends, codomain=ends)
    change = change_of_range(trial)
    assert change is None if says is None else says in change


SAID_TWICE = """
    import numpy as np
    X, Y, N = np.array([-2.0, -0.7, 0.4, 1.1, 2.0]), np.array([-2.0, -1.2, 0.1, 1.5, 2.0]), 4

    def forward(z):
        k = np.clip(np.searchsorted(X, z) - 1, 0, FIRST)
        m = (Y[k + 1] - Y[k]) / (X[k + 1] - X[k])
        return Y[k] + m * (z - X[k]), np.log(m).sum(axis=1)

    def inverse(x):
        k = np.clip(np.searchsorted(Y, x) - 1, 0, SECOND)
        m = (Y[k + 1] - Y[k]) / (X[k + 1] - X[k])
        return X[k] + (x - Y[k]) / m, -np.log(m).sum(axis=1)
"""


@pytest.mark.exhaustive
def test_a_limit_that_both_directions_say_is_moved_in_both(tmp_path):
    text = SAID_TWICE.replace("FIRST", "N - 2").replace("SECOND", "N - 2")
    trial = trial_of(module_of(text, tmp_path, "twice"), 2, domain=(-2.0, 2.0), codomain=(-2.0, 2.0))
    says = "lines 6 and 11 of twice.py, with the limits `len(X) - 2` and `len(Y) - 2` in place of `N - 2`"
    assert change_of_range(trial) == says


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [("N - 2", "N - 2", ["with the limits `len(X) - 2` and `len(Y) - 2` in place of `N - 2`"]), ("1", "N - 2", []),
     ("1", "1", ["with the limit `2` in place of `1`"])],
)  # fmt: skip
def test_limits_of_both_directions_are_moved_together(first, second, said, tmp_path):
    made = module_of(SAID_TWICE.replace("FIRST", first).replace("SECOND", second), tmp_path, "twice")
    z = np.array([[1.9], [0.2]])
    reached = Reached(lambda: made.inverse(made.forward(z)[0]))
    found = limits_of_both(live_statements(reached), reached)
    assert [both.change for both in found] == said
    x = made.forward(z)[0]
    for both in found:
        assert both.lines == [6, 11]
        with both.edited():
            assert np.allclose(made.inverse(made.forward(z)[0])[0], z) and not np.allclose(made.forward(z)[0], x)
        assert np.array_equal(made.forward(z)[0], x)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("text", "ends", "says"), [
    (BOXED.replace(BINDING, "0, len(a) - 3)"), (-2.0, 2.0), "O  line 7 of ranged.py"),
    (CIRCLE, (0.0, 2 * np.pi), WRAPPED),
])  # fmt: skip
def test_the_audit_says_the_change_of_range(text, ends, says, tmp_path):
    module = module_of(text, tmp_path, "ranged")
    report = str(audit((module.forward, module.inverse), dims=(2,), show=False, domain=ends, codomain=ends))
    assert says in report and "With it, E and O hold" in report


def test_a_bin_that_tails_hide_is_found_before_other_changes(tmp_path):
    repair = Search(trial_of(module_of(TAILS.replace(BINDING, "0, len(a) - 3)"), tmp_path, "tails"), 2)).repair()
    assert BINDING in repair.after and "R" in repair.laws


TABLE = ast.parse("def f(x):\n    return np.searchsorted(edges, x) + np.digitize(x, row)").body[0]


@pytest.mark.parametrize(("text", "news"), [
    ("np.clip(bins, 0, n - 2)", ["np.clip(bins, 0, n - 1)"]), ("np.clip(bins, 0, n - 1)", ["np.clip(bins, 0, n)"]),
    ("bins.clip(1, n)", ["bins.clip(0, n)", "bins.clip(1, n + 1)"]), ("np.minimum(bins, 4)", ["np.minimum(bins, 5)"]),
    ("np.maximum(bins, 1)", ["np.maximum(bins, 0)"]), ("min(max(k, 1), 3)", ["min(max(k, 1), 4)"]),
    ("np.clip(x, 0, 1)", []), ("np.clip(bins, 0, scale)", []), ("np.sum(bins)", []), ("bins.clip(0)", []),
])  # fmt: skip
def test_a_limit_is_moved_by_one_bin(text, news):
    assert [ast.unparse(new) for new in limits_moved(place_in(f"y = {text}", text), scope_of())] == news


@pytest.mark.parametrize(
    ("limit", "new"), [("k + 2", "len(edges) - 2"), ("len(edges) - 3", "len(edges) - 2"), ("3", "4")]
)
def test_of_a_table_that_is_searched_it_is_its_last_bin_but_one(limit, new):
    size = 7 if limit == "3" else 6
    scope = scope_of(function=TABLE, edges=np.arange(float(size)), row=[0.0, 1.0])
    text = f"np.clip(bins, 0, {limit})"
    made = [ast.unparse(new) for new in limits_moved(place_in(f"y = {text}", text), scope)]
    assert made == [f"np.clip(bins, 0, {new})"]


def test_a_change_may_be_of_a_limit_alone():
    assert moves_limit("k = np.clip(a - 1, 0, K - 2)", "k = np.clip(a - 1, 0, K - 1)")
    assert not moves_limit("k = np.clip(a - 1, 0, K)", "k = np.clip(a - 2, 0, K)") and not moves_limit("a", "a")
    assert not moves_limit("for i in range(3)", "for i in range(4)") and not moves_limit("np.sum(a)", "np.sum(b)")


TWO_BINS = """
    import numpy as np
    rng = np.random.default_rng(0)
    K = 2
    X = np.linspace(-3, 3, K + 1)
    h = rng.uniform(0.5, 1.5, K)
    h *= 6 / h.sum()
    Y = np.concatenate([[-3], -3 + np.cumsum(h)])

    def forward(z):
        k = np.clip(np.searchsorted(X, z) - 1, 0, K - 1)
        s = h[k] / (6 / K)
        ins = (z > -3) & (z < 3)
        return np.where(ins, Y[k] + s * (z - X[k]), z), np.where(ins, np.log(s), 0).sum(1)

    def inverse(x):
        k = np.clip(np.searchsorted(Y, x), 0, K - 1)
        s = h[k] / (6 / K)
        ins = (x > -3) & (x < 3)
        return np.where(ins, X[k] + (x - Y[k]) / s, x), -np.where(ins, np.log(s), 0).sum(1)
"""


@pytest.mark.parametrize(("text", "jumps"), [
    (TWO_BINS, False), (TWO_BINS.replace("X, z) - 1", "X, z) + 1"), True),
    (TWO_BINS.replace("np.searchsorted(", "place(").replace("K = 2", "K, place = 2, np.searchsorted"), None),
])  # fmt: skip
def test_whether_forward_jumps_is_asked_where_bins_are_looked_up(text, jumps, tmp_path):
    assert Search(trial_of(module_of(text, tmp_path, "bins"), 2))._jumped is jumps


@pytest.mark.exhaustive
def test_a_change_of_forward_that_makes_it_jump_is_no_repair(tmp_path, monkeypatch):
    monkeypatch.setattr(search, "LONGEST", float("inf"))  # of a slow machine, too
    with np.errstate(all="ignore"):
        repair = Search(trial_of(module_of(TWO_BINS, tmp_path, "bins"), 2)).repair()
    assert repair.lines == (17,)
