"""Letter I: in whose company each row is asked, what is compared, what is allowed, and what is kept as evidence."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.finding import Finding, Outcome
from nfscratch.check.letters import independence

WHAT = "forward: each row alone against the batch"


def finding(share):
    return Finding("I", "it", share, 1.0, evidence={"of": share})


def test_all_functions_are_asked_and_then_those_of_fresh_copies(monkeypatch):
    functions = [("forward", "f", "z"), ("inverse", "g", "x")]
    asked, shares = [], []
    compared = lambda *given: asked.append(given[1:]) or finding(shares[len(asked) - 1])  # noqa: E731
    monkeypatch.setattr(independence, "functions", lambda trial: iter(functions))
    monkeypatch.setattr(independence, "_fresh_runner", lambda trial, name: f"fresh {name}")
    monkeypatch.setattr(independence, "_compared", compared)
    all_of_them = [
        ("forward", "f", "z", False), ("inverse", "g", "x", False),
        ("forward", "fresh forward", "z", True), ("inverse", "fresh inverse", "x", True),
    ]  # fmt: skip
    trial = SimpleNamespace(usable=onp.array([False, True]))
    for shares, count, worst in (
        ([0.1, 0.4, 0.3, 0.2], 4, 0.4), ([0.1, 0.2, 0.3, 0.9], 4, 0.9), ([0.9, 1.1, 9.0, 9.0], 2, 1.1),
        ([0.9, 0.1, 1.2, 9.0], 3, 1.2), ([0.0] * 4, 4, 0.0),
    ):  # fmt: skip
        asked.clear()
        found = independence.check_independence(trial)
        assert found.error == worst and found.letter == "I" and asked == all_of_them[:count], shares
    assert found.what == "each row alone against the batch" and found.tolerance == 1.0
    none = independence.check_independence(SimpleNamespace(usable=onp.array([False, False])))
    assert (none.letter, none.what, none.outcome) == ("I", "each row alone against the batch", Outcome.INCONCLUSIVE)
    assert none.why == "no x lies strictly inside the codomain"


@pytest.mark.parametrize(
    ("n", "fresh", "alone"), [(6, False, 4), (6, True, 1), (2, False, 2), (1, False, 1), (1, True, 1)]
)
def test_rows_are_asked_in_reverse_every_second_and_some_alone(n, fresh, alone, monkeypatch):
    parts, compared = [], []

    def run(a, rows=None):
        if rows is not None:
            assert (a == given[rows]).all()
            parts.append(rows.tolist())
        a += 1.0  # a map that writes into its argument is for P
        return a - 1.0, 2 * a[:, 0]

    def of_part(trial, name, a, rows, which, part, whole):
        assert (a == given).all() and (trial, name) == ("trial", "forward")
        compared.append((rows.tolist(), which, part.shape, whole.shape))
        return {0: None, 1: finding(shares.pop(0) if shares else 0.0)}[which]

    monkeypatch.setattr(independence, "_part_against_whole", of_part)
    given, shares = onp.arange(2.0 * n).reshape(n, 2), [0.25, 0.75, 0.5]
    found = independence._compared("trial", "forward", run, given.copy(), fresh)
    wanted = [list(range(n))[::-1], list(range(0, n, 2)), *([i] for i in range(alone))]
    assert parts == wanted and found.error == 0.75 and found.letter == "I"
    assert compared == [
        (rows, *shapes) for rows in wanted for shapes in ((0, (len(rows), 2), (n, 2)), (1, (len(rows),), (n,)))
    ]
    shares = [0.25, 1.5]
    failed = independence._compared("trial", "forward", run, given.copy(), fresh)
    assert failed.error == 1.5 and failed.evidence == {"of": 1.5, "fresh": fresh}
    shares = []
    assert independence._compared("trial", "forward", run, given.copy(), fresh).what == WHAT
    monkeypatch.setattr(independence, "_part_against_whole", lambda *given: None)
    nothing = independence._compared("trial", "forward", run, given.copy(), fresh)
    assert (nothing.letter, nothing.what, nothing.error, nothing.tolerance) == ("I", WHAT, 0.0, 1.0)


def test_a_part_that_the_map_refuses_is_for_e_and_other_exceptions_are_not():
    a, rows = onp.arange(3.0), onp.array([2, 0])

    def raises(error):
        def run(a, rows):
            raise error

        return run

    for error in (ValueError, FloatingPointError, IndexError):
        assert independence._of_rows(raises(error), a, rows) == []
    with pytest.raises(KeyError):
        independence._of_rows(raises(KeyError), a, rows)
    got = independence._of_rows(lambda a, rows: (a, rows), a, rows)
    assert [r.tolist() for r in got] == [[2.0, 0.0], [2, 0]] and got[1] is not rows


def against(monkeypatch, part, whole=None, limit=(1.0, 1.0, 1.0, 1.0), grain=0.0, name="forward", rows=(3, 1)):
    whole = onp.array([[0.0, 0.0], [1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]) if whole is None else whole
    monkeypatch.setattr(independence, "_allowed", lambda trial, name, which: onp.array(limit) if which == 5 else None)
    monkeypatch.setattr(independence, "_grain", lambda trial, name, which: grain if which == 5 else None)
    a = onp.arange(8.0).reshape(4, 2)
    return independence._part_against_whole("trial", name, a, onp.array(rows), 5, onp.array(part), whole)


def test_a_part_is_compared_with_its_own_rows_of_the_whole(monkeypatch):
    inf, nan = onp.inf, onp.nan
    for part, more, row, error, allowed in (
        ([[3.0, 30.0], [1.0, 10.0]], {}, 3, 0.0, 1.0), ([[3.0, 30.5], [1.25, 10.0]], {}, 3, 0.5, 1.0),
        ([[3.0, 30.5], [0.25, 10.0]], {}, 1, 0.75, 1.0), ([[3.0, 32.0], [1.0, 10.0]], {}, 3, 2.0, 1.0),
        ([[3.0, 30.5], [1.25, 10.0]], {"limit": (0, 0.25, 0, 4.0)}, 1, 0.25, 0.25),
        ([[3.0, 32.0], [1.0, 10.0]], {"grain": 0.0625}, 3, 2.0, 2.0),
        ([[3.0, 32.0], [1.0, 10.0]], {"grain": 0.05}, 3, 2.0, 1.6),
        ([[3.0, 32.0], [1.0, 10.0]], {"grain": 0.01}, 3, 2.0, 1.0),
        ([[3.0, 30.5], [1.0, 10.0]], {"grain": 9.0}, 3, 0.5, 1.0),
        ([[3.0, 31.0], [1.0, 10.0]], {"grain": 9.0}, 3, 1.0, 1.0),
        ([[3.0, 99.0], [1.25, 10.0]], {"limit": (1, 1, 1, inf)}, 1, 0.25, 1.0),
        ([[3.0, nan], [9.0, 10.0]], {}, 3, nan, 1.0), ([[3.0, -inf], [1.0, 10.0]], {}, 3, inf, 1.0),
        ([[3.0, 9.0], [1.0, 10.0]], {"whole": onp.array([[0, 0], [1.0, 10.0], [0, 0], [3.0, nan]])}, 3, 0.0, 1.0),
        ([[3.0, -inf], [1.0, 10.0]], {"whole": onp.array([[0, 0], [1.0, 10.0], [0, 0], [3.0, -inf]])}, 3, 0.0, 1.0),
    ):  # fmt: skip
        found = against(monkeypatch, part, **more)
        assert onp.array_equal(found.error, error, equal_nan=True) and found.tolerance == allowed, (part, more)
        assert found.failed is not (error <= allowed) and found.evidence["row"] == row, (part, more)
        assert (found.letter, found.what) == ("I", WHAT)
        assert found.at == ("z = [6, 7]" if row == 3 else "z = [2, 3]")


def test_the_evidence_of_a_row_in_other_company(monkeypatch):
    found = against(monkeypatch, [[3.0, 30.0], [1.0, 19.0]])
    e = found.evidence
    assert (e["row"], e["symbol"], e["function"], e["which"], e["rows"].tolist()) == (1, "z", "forward", 5, [3, 1])
    assert e["yours"].tolist() == [1.0, 10.0] and e["expected"].tolist() == [1.0, 19.0] and e["whole"].shape == (4, 2)
    assert e["z"].tolist() == onp.arange(8.0).reshape(4, 2).tolist() and found.at == "z = [2, 3]"
    for name, symbol in (("inverse", "x"), ("log_prob", "x")):
        found = against(monkeypatch, [[3.0, 30.0], [1.0, 19.0]], name=name)
        assert found.at == f"{symbol} = [2, 3]" and found.what == f"{name}: each row alone against the batch"


def test_results_of_another_shape_are_for_s(monkeypatch):
    whole, part = onp.ones(4), [1.0, 1.0]
    assert against(monkeypatch, part, whole) is not None
    for other_part, other_whole in ((part, onp.ones(3)), (part, onp.array(1.0)), ([1.0], whole), (1.0, whole)):
        assert against(monkeypatch, other_part, other_whole) is None, (other_part, other_whole)


def test_a_map_of_float64_may_answer_in_grains(monkeypatch):
    monkeypatch.setattr(
        independence, "grain", lambda trial, direction: {"forward": (1.0, 2.0), "inverse": (4.0, 8.0)}[direction]
    )
    for dtype, name, which, wanted in (
        ("float64", "forward", 0, 1.0), ("float64", "forward", 1, 2.0), ("float64", "inverse", 0, 4.0),
        ("float64", "inverse", 1, 8.0), ("float64", "log_prob", 0, 12.0), ("float32", "forward", 0, 0.0),
        ("float32", "inverse", 1, 0.0), ("float32", "log_prob", 0, 0.0),
    ):  # fmt: skip
        trial = SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype(dtype)))
        assert independence._grain(trial, name, which) == wanted, (dtype, name, which)
