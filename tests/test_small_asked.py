"""What a letter asks, of which functions, and in which order."""

from types import SimpleNamespace

import numpy as onp
import pytest
from tried_maps import rng
from tried_maps import small_trial as trial_of

from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.letters import definition, edges, independence, onto, purity, small_batches
from nfscratch.check.repair import made_cells, matrices
from nfscratch.check.repair.edit import source
from nfscratch.check.repair.scope import Scope

FAILED, FINE = Finding("E", "it", 1.0, 0.0), Finding("E", "it", 0.0, 0.0)


@pytest.mark.parametrize(("known", "asked"), [
    (True, ["_leaves", "_leaves_near_ends", "check_sign", "_far_out", "check_growth"]),
    (False, ["_leaves", "_leaves_near_ends", "check_sign"]),
])  # fmt: skip
def test_o_is_asked_far_out_where_the_codomain_is_known(known, asked, monkeypatch):
    seen = []
    for name in ("_leaves", "_leaves_near_ends", "check_sign", "_far_out", "check_growth"):
        monkeypatch.setattr(onto, name, lambda *given, name=name: seen.append((name, given)))
    trial, generator = SimpleNamespace(subject=SimpleNamespace(codomain_known=known)), rng()
    assert onto.check_onto(trial, generator) == onto.ALL_REACHED
    assert [name for name, _ in seen] == asked
    assert all(given == ((trial,) if name in ("_leaves", "check_sign") else (trial, generator)) for name, given in seen)


def test_small_batches_are_asked_in_both_directions(monkeypatch):
    asked = []
    monkeypatch.setattr(small_batches, "_batch", lambda trial, n, direction: asked.append((trial, n, direction)))
    assert small_batches.check_batches("trial") == small_batches.SOUND
    assert asked == [("trial", n, d) for n in (0, 1) for d in ("forward", "inverse")]
    monkeypatch.setattr(
        small_batches, "_batch", lambda trial, n, direction: FAILED if (n, direction) == (1, "forward") else None
    )
    assert small_batches.check_batches("trial") is FAILED


@pytest.mark.parametrize("fails", ["check_batches", "_points", "indices_at_ends", "check_joins", ""])
def test_e_ends_with_the_first_look_that_fails(fails, monkeypatch):
    order, asked = ["check_batches", "_points", "indices_at_ends", "check_joins"], []
    for name in order:
        monkeypatch.setattr(
            edges, name, lambda *given, name=name: (asked.append(name), FAILED if name == fails else None)[1]
        )
    found = edges.check_edges("trial", rng())
    assert found is (FAILED if fails else edges.SOUND) and asked == order[: order.index(fails) + 1 if fails else 4]


def test_draws_are_a_trial_with_the_same_twin_and_limit():
    trial = trial_of(lambda z: 2 * z, lambda x: x / 2)
    trial.limit = 0.25
    made = definition._trial_at(trial, onp.ones((3, 2), dtype="float32"))
    assert made.subject is trial.subject and made.twin is None and made.limit == 0.25 and len(made) == 3
    trial.twin = trial_of(lambda z: 2 * z, lambda x: x / 2)
    made = definition._trial_at(trial, onp.ones((3, 2), dtype="float32"))
    assert made.twin.subject is trial.twin.subject and made.twin.z.dtype == onp.float64 and len(made.twin) == 3
    assert definition._double([1, 2]).dtype == onp.float64


def test_each_call_is_of_an_object_that_was_not_called_before():
    made = []

    def fresh():
        made.append(len(made))
        return SimpleNamespace(number=made[-1])

    trial = SimpleNamespace(subject=SimpleNamespace(fresh=fresh))

    def functions(trial, subject):
        yield "forward", lambda a, rows: ("forward", subject.number, a, rows), None
        yield "inverse", lambda a, rows: ("inverse", subject.number, a, rows), None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(independence, "functions", functions)
        run = independence._fresh_runner(trial, "inverse")
        assert [run("a", [1]), run("b")] == [("inverse", 0, "a", [1]), ("inverse", 1, "b", None)]


@pytest.mark.parametrize(("name", "which", "allowed"), [
    ("forward", 0, "allowed_x"), ("forward", 1, "allowed_log_det"), ("inverse", 0, "allowed"),
    ("inverse", 1, "allowed_log_det"), ("log_prob", 0, "allowed_log_prob"),
])  # fmt: skip
def test_what_rounding_may_cost_each_row(name, which, allowed):
    names = ("allowed_x", "allowed_log_det", "allowed", "allowed_log_prob")
    given = {each: onp.array([k, onp.nan, 10.0 + k, k]) for k, each in enumerate(names, 1)}
    trial = SimpleNamespace(usable=onp.array([True, True, True, False]), **given)
    k = names.index(allowed) + 1
    assert independence._allowed(trial, name, which).tolist() == [k, onp.inf, 10.0 + k]


# --- matrices and cells ---


def test_square_matrices_first_those_that_are_read():
    scope = object.__new__(Scope)
    scope.function, scope.met, scope.file, scope.pool = None, set(), __file__, []
    scope.module = {"np": onp, "Q": onp.eye(2), "W": onp.eye(3), "wide": onp.ones((2, 3)), "row": onp.ones(2)}
    scope.locals, scope.named = {"x": onp.ones((4, 2)), "L": onp.eye(2)}, {"np", "W"}
    found = matrices._squares(scope)
    assert [(source(node), size) for node, size in found] == [("W", 3), ("L", 2), ("Q", 2)]
    scope.module |= {f"M{k}": onp.eye(2) for k in range(9)}
    scope.__dict__.pop("held", None)
    assert len(matrices._squares(scope)) == 6
    assert not matrices._is_square(onp.ones((2, 2, 2))) and not matrices._is_square(2.0)
    assert not matrices._is_square(SimpleNamespace(shape=[2, 2]))


def outer(a, b):
    def first():
        return a

    def second():
        return a, b

    def free():
        return 1

    return first, second, free


def test_functions_of_one_call_share_their_cells():
    one, two = outer(1, 2), outer(3, 4)
    codes = [f.__code__ for f in one[:2]]
    maker = SimpleNamespace(name="outer")
    assert all(made_cells._is_within(code, maker) for code in codes) and not made_cells._is_within(
        one[2].__code__, maker
    )
    assert not made_cells._is_within(codes[0], SimpleNamespace(name="other"))
    calls = made_cells._calls(codes)
    kept = sorted(sorted(made_cells._kept(cells).items()) for cells in calls)
    assert kept == [[("a", 1), ("b", 2)], [("a", 3), ("b", 4)]] and two[0]() == 3


def test_a_draw_that_is_no_number_comes_again_with_its_seed():
    assert purity._of_sampler(lambda rng, n: onp.where(onp.arange(n) == 2, onp.nan, rng.normal(size=n))) is None
    assert purity._of_sampler(lambda rng, n: onp.full(n, onp.nan)) is Symptom.SEED_IS_IGNORED
