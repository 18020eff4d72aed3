"""Letters T, P, I and S by their parts: who depends on whom, what a call leaves behind, rows and shapes."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from tried_maps import pair, rng, zero
from tried_maps import small_trial as trial_of

import nfscratch as nf
from nfscratch.check import undeclared
from nfscratch.check.finding import Outcome, Symptom
from nfscratch.check.letters import independence, last_digits, purity, shapes, still, structure
from nfscratch.check.pairs import of_pair, of_pairs
from nfscratch.check.trial import Trial

# --- T ---


def dependencies(ever, surely=None, moved=None, dim=3, **more):
    """What was seen, made by hand; moved: whether x_i is ever anything but z_j."""
    ever = onp.array(ever, dtype=bool)
    moved = onp.ones((len(ever), len(ever))) if moved is None else moved
    subject = SimpleNamespace(dim=len(ever), params=None, structure=None, pairs=(), bijection=None, layers=lambda: [])
    d = SimpleNamespace(
        ever=ever, surely=ever if surely is None else onp.array(surely, dtype=bool), moved=onp.array(moved, dtype=bool),
        eye=onp.eye(len(ever), dtype=bool), local=False, subject=subject, 
        trials=[SimpleNamespace(layers=[], subject=subject)],
    )  # fmt: skip
    for name, value in more.items():
        setattr(d, name, value)
    return d


FULL = onp.tril(onp.ones((3, 3)))


def without(matrix, *entries):
    matrix = onp.array(matrix)
    for i, j in entries:
        matrix[i, j] = 0
    return matrix


@pytest.mark.parametrize(("depends", "order"), [
    (FULL, [0, 1, 2]), (FULL.T, [2, 1, 0]), (onp.eye(3), [0, 1, 2]), (onp.ones((3, 3)), None),
    (without(FULL, (1, 0)), [0, 1, 2]), (without(FULL, (2, 1)), [0, 1, 2]), (without(FULL.T, (0, 1)), [2, 1, 0]),
    (without(FULL, (2, 0), (2, 1)), [0, 2, 1]), ([[1, 0, 1], [1, 1, 0], [0, 0, 1]], [2, 0, 1]),
    ([[1, 1], [1, 1]], None),
    (without(FULL.T, (0, 1), (0, 2)), [0, 2, 1]), ([[1, 0, 0], [0, 0, 0], [1, 1, 1]], [0, 1, 2]),
    ([[1, 1, 0], [0, 1, 0], [0, 0, 1]], [2, 1, 0]),
])  # fmt: skip
def test_an_order_of_dependence(depends, order):
    assert structure.acyclic_order(onp.array(depends, dtype=bool)) == order


def layer(structure, wrong=None, layers=()):
    subject = SimpleNamespace(structure=structure, name=f"a {structure} layer")
    J = onp.stack([onp.eye(2), 2 * onp.eye(2)])
    return SimpleNamespace(subject=subject, layers=list(layers), wrong=wrong, z=onp.ones((2, 2)), J=J)


SAME, OTHER = [3, 3], [1, 3]  # how many variables the steps of a run change


@pytest.mark.parametrize(("still", "read", "layers", "dropped", "found"), [
    (True, True, [SAME], None, "half"), (True, True, [OTHER, SAME], "parent", "half"),
    (True, True, [OTHER], None, "told"),
    (True, False, [SAME], None, "nothing"), (False, True, [SAME], None, "nothing"),
    (False, False, [SAME], "parent", "parent"), (True, True, [OTHER], "parent", "parent"),
    (True, True, [], None, "nothing"),
])  # fmt: skip
def test_what_is_said_of_variables_that_never_move(still, read, layers, dropped, found, monkeypatch):
    moved = onp.ones((6, 6), dtype=bool)
    monkeypatch.setattr(undeclared, "ever_moved", lambda trials: moved)
    monkeypatch.setattr(undeclared, "never_moved", lambda moved: {0: 0} if still else {})
    monkeypatch.setattr(undeclared, "_is_read", lambda trials, moved: read)
    monkeypatch.setattr(undeclared, "_steps_of_layers", lambda trial: layers)
    monkeypatch.setattr(undeclared, "_is_same_half", lambda moved, steps: steps is SAME)
    monkeypatch.setattr(undeclared, "_half_never_moves", lambda still, dim: ("half", still, dim))
    monkeypatch.setattr(undeclared, "_parent_dropped", lambda trials: dropped)
    wrong, told = undeclared._of_function(["the trial"])
    if found == "half":
        assert wrong == ("half", {0: 0}, 6)
    else:
        assert wrong == (dropped if found == "parent" else None)
    assert told.startswith("x_0 is z_0") is (still and read and bool(layers))


@pytest.mark.parametrize(("still", "read", "same", "skipped", "found"), [
    (True, True, True, "column", "half"), (True, False, True, "column", "column"),
    (True, True, False, "column", "column"),
    (True, True, False, None, None), (False, True, True, None, None),
])  # fmt: skip
def test_what_is_said_of_a_list_whose_variables_never_move(still, read, same, skipped, found, monkeypatch):
    moved, asked = onp.ones((6, 6), dtype=bool), []
    monkeypatch.setattr(undeclared, "ever_moved", lambda trials: moved)
    monkeypatch.setattr(undeclared, "never_moved", lambda moved: {0: 0} if still else {})
    monkeypatch.setattr(undeclared, "_is_read", lambda trials, moved: read)
    monkeypatch.setattr(undeclared, "_steps_of_list", lambda trials: asked.append(trials) or SAME)
    monkeypatch.setattr(undeclared, "_is_same_half", lambda moved, steps: same and steps is SAME)
    monkeypatch.setattr(undeclared, "_half_never_moves", lambda still, dim: ("half", still, dim))
    monkeypatch.setattr(undeclared, "_column_skipped", lambda trials, moved, steps: skipped)
    wrong, told = undeclared._of_list(["the trial"])
    assert wrong == (("half", {0: 0}, 6) if found == "half" else found) and bool(asked) is still
    assert told.startswith("x_0 is z_0") is still


def moved_but(still, dim):
    """What ever moved of `dim` variables, where x_i = z_j always for each pair of `still`."""
    moved = onp.ones((dim, dim), dtype=bool)
    for i, j in still:
        moved[i, j] = False
    return moved


@pytest.mark.parametrize(("dim", "still", "steps", "read", "found"), [
    (5, [(2, 2)], [2, 2], False, (2, 2)), (5, [(2, 2)], [2, 0, 2], False, (2, 2)), (4, [(2, 2)], [2, 2], False, None),
    (5, [(2, 2), (3, 3)], [2, 2], False, None), (5, [], [2, 2], False, None), (5, [(2, 2)], [2, 1], False, None),
    (5, [(2, 2)], [2, 2], True, None), (5, [(2, 1)], [2, 2], False, None), (5, [(2, 2)], [1, 1], False, None),
    (7, [(0, 0)], [3, 3], False, (0, 0)), (9, [(2, 2)], [4, 4], False, (2, 2)), (5, [(2, 2)], [None, 2], False, None),
])  # fmt: skip
def test_a_column_that_two_halves_pass_over(dim, still, steps, read, found, monkeypatch):
    monkeypatch.setattr(undeclared, "_is_read", lambda trials, moved: read and trials == ["a trial"])
    wrong = undeclared._column_skipped(["a trial"], moved_but(still, dim), steps)
    assert (wrong and wrong[2]) == found
    if found:
        i = found[0]
        words = f"x_{i} is z_{i}, always, and no other variable depends on it"
        assert wrong == (Symptom.SKIPPED_COLUMN, words, found)


def slopes(*Js):
    return [SimpleNamespace(J=onp.array(J, dtype=float)) for J in Js]


def test_who_depends_on_whom_by_slopes():
    still = onp.zeros((2, 3, 3))
    still[0, 0, 1], still[1, 2, 0], still[1, 1, 1] = 1e-7, -1.1e-7, onp.nan
    assert onp.argwhere(undeclared._depends(slopes(0 * still, still))).tolist() == [[1, 1], [2, 0]]
    J = onp.zeros((1, 3, 3))
    for entry, read in (((1, 0), True), ((2, 0), True), ((0, 1), False), ((1, 2), False), ((0, 0), False)):
        J[:] = 0
        J[0][entry] = 1.0
        assert undeclared._is_read(slopes(J), moved_but([(0, 0)], 3)) is read


def state(*columns):
    return onp.stack([onp.asarray(c, dtype=float) for c in columns], axis=1)


A, B, C, D = onp.random.default_rng(0).normal(size=(4, 6))


def run_of(*states, step=None):
    runs = {"all": [SimpleNamespace(value=v) for v in states], "a": states[0], "step": step and staticmethod(step)}
    return type("Runs", (), runs | {"__len__": lambda self: len(states)})()


def test_the_variables_that_each_step_changes_whatever_columns_hold_them():
    runs = run_of(state(A, B, C), state(C, B, A + 1), state(B, C, A + 1), state(B, C + 1, A + 2))
    assert list(undeclared._moved_by(runs, [0, 1, 2, 3])) == [{0}, set(), {2, 0}]
    assert list(undeclared._moved_by(runs, [0, 2])) == [{0}] and list(undeclared._moved_by(runs, [2, 3])) == [{1, 2}]


@pytest.mark.parametrize(("names", "affine", "states", "repeats"), [
    (["z"], False, [(A, B), (A + 1, B), (A + 2, B)], True), (["z"], False, [(A, B), (A + 1, B), (A + 1, B + 1)], False),
    (["a", "b"], False, [(A, B), (A + 1, B), (A + 2, B)], False),
    (["a", "b"], True, [(A, B), (A + 1, B), (A + 2, B)], True),
    (["z"], True, [(A, B), (A + 1, B), (A + 1, B), (A + 2, B)], True), (["z"], True, [(A, B), (A + 1, B)], False),
])  # fmt: skip
def test_two_steps_that_change_one_variable(names, affine, states, repeats, monkeypatch):
    asked = []
    monkeypatch.setattr(undeclared, "_is_affine", lambda runs, i, j: asked.append((i, j)) or affine)
    runs = run_of(*(state(*s) for s in states))
    assert undeclared._repeats(runs, names, range(len(states))) is repeats
    assert set(asked) <= {(i, i + 1) for i in range(len(states) - 1)}


@pytest.mark.parametrize(("f", "affine"), [
    (lambda a: 2 * a + 1, True), (lambda a: a**2, False), (lambda a: 3 * a + 1.5e-5 * a**2, False),
    (lambda a: 3 * a + 1e-9 * a**2, True), (lambda a: onp.exp(a), False),
])  # fmt: skip
def test_a_step_that_is_a_straight_line_in_what_it_changes(f, affine):
    def step_of(i, j):
        assert (i, j) == (0, 1)
        return lambda h: (state(h[:, 1], f(h[:, 0]) + onp.sin(h[:, 1])), "no state")

    runs = run_of(state(A, B), state(B, f(A) + onp.sin(B)), step=step_of)
    assert undeclared._is_affine(runs, 0, 1) is affine


def life(line, names, *values):
    return [SimpleNamespace(places=[(*line, 7), (*line, 9)], names=names, value=v) for v in values]


def test_rounds_are_the_boundaries_that_one_line_meets():
    states = [state(A + k, B) for k in range(5)]
    runs = run_of(*states)
    lives = life(("f", 3), ("z",), states[1], states[2]) + life(("f", 4), ("z",), states[3])
    lives += life(("f", 5), ("h",), states[0], states[0] + 1e-13) + life(("f", 3), ("h",), states[0], states[3] + 9)
    lives += life(("f", 8), ("y",), states[3], states[2] + 1e-13, states[4])
    runs.record = SimpleNamespace(lives=lives)
    assert list(undeclared._rounds(runs)) == [(("z",), [1, 2, 4]), (("y",), [2, 3, 4])]


@pytest.mark.parametrize(("count", "asked"), [(2, [7, 1]), (3, [7]), (5, [7])])
def test_a_function_of_single_rows_is_run_row_by_row(count, asked, monkeypatch):
    z = onp.array([[3.0], [1.0], [-2.0]])
    rows = []
    runs = type("Runs", (), {"__len__": lambda self: count})()
    monkeypatch.setattr(undeclared, "_boundaries", lambda trial, z, n: rows.append((z[:, 0].tolist(), n)) or runs)
    monkeypatch.setattr(undeclared, "_rounds", lambda runs: [(("z",), [0, 1]), (("y",), [2])])
    monkeypatch.setattr(undeclared, "_repeats", lambda runs, names, at: names == ("z",))
    monkeypatch.setattr(undeclared, "_moved_by", lambda runs, at: [{1, 2}, set(), {0}] if at == [0, 1] else None)
    assert undeclared._steps_of_layers(SimpleNamespace(z=z)) == [[2, 0, 1]]
    assert rows == [([1.0, -2.0, 3.0], n) for n in asked]
    monkeypatch.setattr(undeclared, "_rounds", lambda runs: 1 / 0)
    assert undeclared._steps_of_layers(SimpleNamespace(z=z)) == []


def test_two_runs_have_every_second_row(monkeypatch):
    asked = []
    monkeypatch.setattr(undeclared, "Boundaries", lambda f, a, b: asked.append((f, a.tolist(), b.tolist())))
    trial = SimpleNamespace(subject=SimpleNamespace(forward="forward"))
    undeclared._boundaries(trial, onp.arange(20), 3)
    undeclared._boundaries(trial, onp.arange(20), 1)
    assert asked == [("forward", [0, 2, 4], [1, 3, 5]), ("forward", [0], [1])]


@pytest.mark.parametrize(("more", "asked"), [
    ({}, True), ({"bijection": object()}, False), ({"in_shape": (1, 1, 2), "out_shape": (1, 1, 2)}, False),
    ({"out_shape": (3,)}, False),
])  # fmt: skip
def test_which_functions_are_asked_for_dependencies_that_they_do_not_declare(more, asked, monkeypatch):
    monkeypatch.setattr(undeclared, "_of_list", lambda trials: (None, "of a list"))
    monkeypatch.setattr(undeclared, "_of_function", lambda trials: (None, "of a function"))
    for pairs, words in (((1, 2), "of a list"), ((), "of a function")):
        subject = {"bijection": None, "in_shape": (2,), "out_shape": (2,), "pairs": pairs} | more
        found = undeclared.check_undeclared([SimpleNamespace(subject=SimpleNamespace(**subject))])
        assert found.outcome is Outcome.NOT_APPLICABLE and found.why == (words if asked else undeclared.NOT_DECLARED)


def test_the_first_layer_that_is_wrong_is_named(monkeypatch):
    monkeypatch.setattr(structure, "Dependencies", lambda trials: trials[0])
    monkeypatch.setattr(structure, "STRUCTURES", {"odd": lambda d: d.wrong})
    wrong = Symptom.RANK, "it is wrong", (1, 0)
    right = structure.check_structure([layer("odd")])
    assert (right.letter, right.what, right.error, right.tolerance) == ("T", "dependencies: odd", 0.0, 0.0)
    found = structure.check_structure([layer("odd", layers=[layer("odd"), layer(None), layer("odd", wrong)])])
    assert (found.letter, found.error, found.tolerance, found.at) == ("T", 1.0, 0.0, "a odd layer: it is wrong")
    assert found.symptom is Symptom.RANK and (found.evidence["J"] == onp.eye(2)).all()
    assert (found.evidence["entry"], found.evidence["layer"], found.evidence["row"]) == ((1, 0), "a odd layer", 0)
    whole = structure.check_structure([layer("odd", wrong, [layer("odd"), layer(None)])])
    assert whole.failed and structure.check_structure([layer(None)]).outcome is Outcome.NOT_APPLICABLE
    with pytest.raises(ValueError, match="shorter"):
        structure.check_structure([layer("odd", layers=[layer("odd")] * 2), layer("odd", layers=[layer("odd")])])


def test_dependencies_of_points_and_of_images():
    swapped = structure.Dependencies([trial_of(lambda z: z[:, ::-1])])
    assert (swapped.moved == onp.eye(2)).all() and (swapped.ever == 1 - onp.eye(2)).all() and not swapped.local
    assert (swapped.eye == onp.eye(2)).all() and (swapped.surely == swapped.ever).all()
    image = of_pair(lambda z: (z, z[:, 0, 0, 0]), lambda x: (x, x[:, 0, 0, 0]), (1, 1, 2))
    assert structure.Dependencies([Trial(image, rng().normal(size=(3, 1, 1, 2)))]).local


@pytest.mark.parametrize(("x", "change", "precision", "allowed", "changes"), [
    (0.5, 0.0625, 2.0**-10, 0.0, [False, True]), (0.5, 0.063, 2.0**-10, 0.0, [True, True]),
    (8.0, 0.5, 2.0**-10, 0.0, [False, True]), (8.0, 0.504, 2.0**-10, 9.0, [True, False]),
    (0.5, 0.9e-9, 0.0, 0.0, [True, False]), (0.5, 1.1e-9, 0.0, 0.0, [True, True]),
    (8.0, 7.5e-9, 0.0, 0.0, [True, False]), (8.0, 8.5e-9, 0.0, 0.0, [True, True]),
    (0.5, 0.3, 0.0, 0.25, [True, True]), (0.5, 0.25, 0.0, 0.25, [True, False]),
    (onp.inf, 0.0, 2.0**-10, 0.0, [False] * 2),
])  # fmt: skip
def test_a_change_is_one_of_the_last_digits_or_surely_more(x, change, precision, allowed, changes):
    subject = SimpleNamespace(precision=precision, domain=(-onp.inf, onp.inf), dtype=onp.dtype("float64"))
    x = onp.array([[0.0, 0.0], [0.0, x]])
    trial = SimpleNamespace(x=x, subject=subject, allowed_x=onp.full(2, allowed), z=onp.zeros((2, 2)))
    trial.apply = lambda direction, z: (x + onp.array([[0.0, 0.0], [0.0, change]]) * (z[:, :1] == 2.0), None)
    ever, surely = structure._changes(trial, 0)
    assert (not ever[0] and not surely[0]) and [bool(ever[1]), bool(surely[1])] == changes


def test_a_variable_moves_by_a_tenth_of_its_interval():
    subject = SimpleNamespace(domain=(2.0, 6.0), dtype=onp.dtype("float64"))
    trial = SimpleNamespace(subject=subject, z=onp.array([[4.0, 5.0], [5.9, 5.0]]))
    close(structure._shifted(trial, 0, 2.0), [[4.8, 5.0], [6 - 4e-7, 5.0]], 1e-12)


@pytest.mark.parametrize(("ever", "symptom", "entry"), [
    (FULL, None, None), (FULL.T, None, None), (without(FULL, (1, 0), (2, 1)), Symptom.NEAREST_PARENT, None),
    (without(FULL, (2, 0)), Symptom.MISSING, (2, 0)), ([[1, 1, 0], [1, 1, 0], [0, 0, 1]], Symptom.CYCLE, (0, 1)),
    ([[1, 0, 0], [0, 1, 1], [0, 1, 1]], Symptom.CYCLE, (1, 2)), (onp.eye(3), Symptom.MISSING, (1, 0)),
])  # fmt: skip
def test_a_triangle_is_full(ever, symptom, entry):
    found = structure._triangular(dependencies(ever))
    assert (found[0] if found else None) is symptom
    assert entry is None or found[2] == entry
    if symptom is Symptom.CYCLE:
        assert found[1] == f"x_{entry[0]} depends on z_{entry[1]} in a circle: no order makes J triangular"
    elif symptom:
        assert found[1] == f"x_{found[2][0]} never depends on z_{found[2][1]}, which comes before it"


def test_of_some_triangles_less_is_asked():
    d = dependencies(without(FULL, (2, 0)), local=True)
    assert structure._triangular(d) is None
    d = dependencies(without(FULL, (2, 0)), surely=onp.eye(3))  # rounding counts as a dependence that is there
    assert structure._triangular(d) is not None
    assert structure._triangular(dependencies(FULL, surely=onp.eye(3))) is None
    for width, narrow in ((2, False), (1, False)):
        d.subject.params = {"W": onp.ones((5, width))}
        assert structure._narrow(d.subject) is narrow
    d.subject.dim = 4
    for shape, narrow in (((5, 2), True), ((2, 5), True), ((3, 3), False), ((5, 1), False), ((2,), False)):
        d.subject.params = {"W": onp.ones(shape)}
        assert structure._narrow(d.subject) is narrow


def test_a_triangle_that_is_stored():
    def stored(structure_, params, layers=()):
        return SimpleNamespace(layers=list(layers), subject=SimpleNamespace(structure=structure_, params=params))

    one = stored("triangular", {"fixed": {"W": onp.ones(3)}})
    assert structure._stored(one) and structure._stored(stored("dense", [], [stored("dense", {}), one]))
    assert not structure._stored(stored("dense", {"fixed": {}})) and not structure._stored(stored("triangular", [1]))
    assert not structure._stored(stored("triangular", {"fixed": {}, "W": onp.ones(3)}))
    assert not structure._stored(stored("triangular", {"fixed": {}}, [stored("dense", {})]))


KEPT = onp.array([[0, 1, 1], [1, 0, 1], [1, 1, 1]])  # x_0 and x_1 are z_0 and z_1


@pytest.mark.parametrize(("ever", "moved", "symptom", "entry"), [
    ([[1, 0, 0], [0, 1, 0], [1, 1, 1]], KEPT, None, None), (onp.eye(3), 1 - onp.eye(3), Symptom.NOTHING_MOVES, (0, 0)),
    ([[1, 0, 0], [0, 1, 0], [1, 0, 1]], KEPT, Symptom.SKIPPED_COLUMN, (2, 1)),
    ([[1, 0, 0], [1, 1, 1], [1, 0, 1]], without(onp.ones((3, 3)), (0, 0)), Symptom.FORBIDDEN, (1, 2)),
    ([[1, 0, 0], [1, 1, 0], [0, 0, 1]], without(onp.ones((3, 3)), (0, 0)), Symptom.MISSING, (2, 0)),
])  # fmt: skip
def test_the_blocks_of_a_coupling(ever, moved, symptom, entry):
    found = structure._blocks(dependencies(ever, moved=moved))
    assert (found[0] if found else None, found[2] if found else None) == (symptom, entry)
    words = {
        Symptom.NOTHING_MOVES: "every x_i is z_i", Symptom.SKIPPED_COLUMN: "x_2 never depends on z_1, which is kept",
        Symptom.FORBIDDEN: "x_1 depends on z_2, which a coupling, within the changed half, map may not",
        Symptom.MISSING: "x_2 never depends on z_0, which is kept",
    }  # fmt: skip
    assert found is None or found[1] == words[symptom]


def test_a_kept_pixel_moves_some_other():
    d = dependencies([[1, 0, 0], [1, 1, 0], [0, 0, 1]], moved=without(onp.ones((3, 3)), (0, 0)), local=True)
    assert structure._blocks(d) is None
    d.ever[1, 0] = False
    assert structure._blocks(d)[0] is Symptom.SKIPPED_COLUMN


@pytest.mark.parametrize(("name", "moved", "right"), [
    ("permutation", [[1, 0, 1], [1, 1, 0], [0, 1, 1]], True), ("permutation", [[1, 0, 1], [1, 1, 1], [0, 1, 1]], False),
    ("permutation", [[1, 0, 1], [1, 0, 1], [0, 1, 1]], False), ("identity", 1 - onp.eye(3), True),
    ("identity", [[0, 1, 1], [1, 0, 0], [1, 1, 0]], True), ("identity", [[0, 1, 1], [1, 1, 0], [1, 0, 1]], False),
])  # fmt: skip
def test_variables_in_their_places(name, moved, right):
    found = structure.STRUCTURES[name](dependencies(onp.eye(3), moved=moved))
    assert (found is None) is right
    if not right:
        i = next((i for i, row in enumerate(onp.array(moved)) if row.all()), 0)
        words = f"x_{i} is none of the z_j, in a layer that declares {name}"
        assert found == (Symptom.NOT_IN_PLACE, words, (i, i))


def test_a_diagonal_map_has_no_other_entries():
    look = structure.STRUCTURES["diagonal"]
    assert look(dependencies(onp.eye(3))) is None and look(dependencies(FULL, surely=onp.eye(3))) is None
    assert look(dependencies(FULL)) == (Symptom.FORBIDDEN, "x_1 depends on z_0, which a diagonal map may not", (1, 0))


@pytest.mark.parametrize(("second", "error", "wrong"), [
    (0.9e-6, 0.0, False), (1.1e-6, 0.0, True), (1.7e-6, 1e-7, True), (1.7e-6, 0.5e-7, True), (3e-6, 1e-6, False),
])  # fmt: skip
def test_one_singular_value_besides_the_identity(second, error, wrong):
    J = onp.eye(3) + onp.diag([0.5, second, 0.0]) * onp.ones((4, 1, 1))
    trial = SimpleNamespace(numeric=(J, onp.where(onp.arange(3) == 0, error, 0.0) * onp.ones((4, 3, 1))))
    assert structure._second_value(trial) == (second > 1e-6 + 12 * error)
    d = dependencies(onp.ones((3, 3)), trials=[trial])
    found = structure._rank_one(d)
    assert (found is not None) == (second > 1e-6 + 12 * error)
    if error == 0:
        assert (found is not None) is wrong
    assert found is None or found == (Symptom.RANK, "J - I has a second singular value that is not 0", (0, 0))
    d.subject.dim = 1
    assert structure._rank_one(d) is None


def test_what_moves_when_a_variable_moves():
    step = lambda z: onp.stack([z[:, 0], z[:, 1] + (z[:, 0] > 1.5), z[:, 2] * 1e-3 + z[:, 1] ** 2], axis=1)  # noqa: E731
    trial = trial_of(step, dim=3, z=onp.zeros((2, 3)))
    ever, surely = structure.dependencies([trial])
    assert ever.tolist() == [[True, False, False], [True, True, False], [False, True, True]]
    assert (ever == surely).all()
    faint = trial_of(lambda z: z + 3e-13 * z[:, ::-1], z=onp.zeros((2, 2)))
    ever, surely = structure.dependencies([faint])
    assert ever.all() and (surely == onp.eye(2)).all()
    less = structure.dependencies([trial_of(lambda z: z + 6e-15 * z[:, ::-1], z=onp.zeros((2, 2)))])[0]
    assert (less == onp.eye(2)).all()
    assert (structure.dependencies([faint, trial_of(lambda z: 2 * z + z[:, ::-1])])[1]).all()


@pytest.mark.parametrize(("domain", "moves"), [((-onp.inf, onp.inf), 1.0), ((0.0, 20.0), 2.0), ((0.0, onp.inf), 1.0)])
def test_a_variable_is_moved_within_its_domain(domain, moves):
    trial = trial_of(lambda z: z, z=onp.full((3, 2), 5.0), domain=domain)
    moved = structure._shifted(trial, 1, 0.5)
    close(moved, [[5.0, 5.0 + 0.5 * moves]] * 3, 1e-12)
    near_the_end = trial_of(lambda z: z, z=onp.full((3, 2), 19.9), domain=(0.0, 20.0))
    close(structure._shifted(near_the_end, 0, 2.0)[:, 0], [20 - 2e-6] * 3, 1e-12)
    near_the_end = trial_of(lambda z: z, z=onp.full((3, 2), 0.1), domain=(0.0, 20.0))
    close(structure._shifted(near_the_end, 0, -2.0)[:, 0], [2e-6] * 3, 1e-12)


def test_what_is_never_moved():
    trials = [trial_of(lambda z: onp.stack([z[:, 1], 2 * z[:, 0], z[:, 2] + (z[:, 2] > 0)], axis=1), dim=3)]
    moved = still.ever_moved(trials)
    assert moved.tolist() == [[True, False, True], [True] * 3, [True] * 3]
    assert still.never_moved(moved) == {0: 1} and still.same_always({0: 1}) == "x_0 is z_1, always"
    assert still.same_always({0: 2, 1: 0, 2: 1, 3: 3}) == "x_0 is z_2, x_1 is z_0, x_2 is z_1, always"
    eps = onp.finfo("float64").eps
    for off, seen in ((60, False), (70, True)):
        near = trial_of(lambda z, off=off: z + off * eps * onp.maximum(1, onp.abs(z)), z=onp.array([[0.5, 3.0]] * 2))
        assert (still.ever_moved([near]).diagonal() == seen).all()


def with_still(n_still, dim, layers=2, swapped=False):
    """What was seen of a map of which the first variables never move."""
    moved = onp.ones((dim, dim), dtype=bool)
    for i in range(n_still):
        moved[i, (i + 1) % n_still if swapped else i] = False
    layer = trial_of(lambda z: 2 * z, dim=dim)
    d = dependencies(onp.ones((dim, dim)), moved=moved, trials=[SimpleNamespace(layers=[layer] * layers)])
    d.subject.pairs = (1,) * layers
    d.subject.layers = lambda: [layer.subject] * layers
    return d


def test_variables_that_never_move():
    symptom, words, entry = still.never_moves_wrongly(with_still(2, 4))
    assert (symptom, words, entry) == (Symptom.NEVER_MOVES, "x_0 is z_0, always: 2 of 4 variables never move", (0, 0))
    assert still.never_moves_wrongly(with_still(1, 4))[0] is Symptom.SKIPPED_COLUMN
    assert still.never_moves_wrongly(with_still(1, 2))[0] is Symptom.NEVER_MOVES
    assert still.never_moves_wrongly(with_still(0, 4)) is None
    assert still.never_moves_wrongly(with_still(2, 6, swapped=True))[2] == (0, 1)
    fixed = with_still(2, 4)
    fixed.subject.layers = lambda: [SimpleNamespace(structure="permutation"), SimpleNamespace(structure="identity")]
    assert still.never_moves_wrongly(fixed) is None


@pytest.mark.parametrize(("layers", "counts"), [
    ([lambda z: 2 * z], [2]), ([lambda z: z[:, ::-1]], [0]), ([lambda z: z], [None]),
    ([lambda z: z * [1, 2]] * 2, [1, 1]), ([lambda z: z[:, ::-1], lambda z: z * [1, 2]], [0, 1]),
])  # fmt: skip
def test_how_many_variables_the_layers_of_a_list_change(layers, counts):
    trial = Trial(of_pairs([pair(f) for f in layers] + [pair(lambda z: z[:, ::-1])], 2), rng().normal(size=(5, 2)))
    assert undeclared._steps_of_list([trial]) == [*counts, 0] == undeclared._steps_of_list([trial, trial])


@pytest.mark.parametrize(("dim", "still", "steps", "same"), [
    (4, 2, [2, 2], True), (4, 2, [2], False), (4, 2, [2, None], True), (4, 2, [2, 0, 2], True), (4, 2, [2, 1], False),
    (5, 2, [3, 3], True), (6, 2, [4, 4], False), (2, 1, [1, 1], True), (4, 2, [2, 0], False), (4, 2, [], False),
])  # fmt: skip
def test_a_half_that_every_layer_keeps(dim, still, steps, same):
    moved = ~onp.eye(dim, dtype=bool) | (onp.arange(dim) >= still)[:, None]
    assert undeclared._is_same_half(moved, steps) is same


def test_the_finding_of_t():
    wrong = trial_of(lambda z: z + z[:, ::-1] ** 2, dim=2)
    wrong.subject.__dict__["structure"] = "diagonal"
    finding = structure.check_structure([wrong])
    assert finding.failed and finding.what == "dependencies: diagonal" and finding.error == 1.0
    assert finding.at == f"{wrong.subject.name}: x_0 depends on z_1, which a diagonal map may not"
    assert finding.evidence["entry"] == (0, 1) and finding.evidence["row"] == 0 and finding.tolerance == 0.0
    wrong.subject.__dict__["structure"] = None
    assert structure.check_structure([wrong]).why == "no structure is declared"
    right = trial_of(lambda z: z**3)
    right.subject.__dict__["structure"] = "diagonal"
    assert structure.check_structure([right]).outcome is Outcome.PASSED


# --- P ---


def impure(forward):
    finding = purity.check_purity(Trial(of_pair(forward, lambda x: (x, zero(x)), 2), rng().normal(size=(4, 2))))
    return finding.symptom, finding.evidence["function"], finding.at


def writes(z):
    z[0, 0] = 7.0
    return 1 * z, zero(z)


def counts(calls=iter(range(1, 99))):  # noqa: B008
    return lambda z: (z + next(calls), zero(z))


def sets(z):
    onp.seterr(under="raise")
    return 1 * z, zero(z)


BUFFER = onp.zeros((4, 2))


def buffered(z):
    BUFFER[: len(z)] = 2 * z
    return BUFFER[: len(z)], zero(z)


@pytest.mark.parametrize(("forward", "symptom"), [
    (writes, Symptom.ARGUMENT_CHANGED), (counts(), Symptom.ANOTHER_OUTPUT), (sets, Symptom.SETTINGS_CHANGED),
    (buffered, Symptom.OVERWRITTEN), (lambda z: (2 * z, zero(z)), None),
])  # fmt: skip
def test_what_a_call_leaves_behind(forward, symptom):
    with onp.errstate(under="ignore"):
        found, name, words = impure(forward)
    assert found is symptom and name == ("forward" if symptom else "")
    assert words == (f"forward: {symptom.value}" if symptom else "")


@pytest.mark.parametrize(("off", "differs"), [(0.9, False), (2.2, True)])
@pytest.mark.parametrize("size", [0.1, 50.0])
def test_a_few_roundings_are_the_same_output(size, off, differs):
    eps = 2.0**-52
    a = onp.array([0.0, size, onp.nan])
    bound = 1e3 * eps * (max(1.0, size) + size)
    assert purity._differ(a, a + off * bound * onp.eye(3)[1], eps) is differs
    bound_at_0 = 1e3 * eps * max(1.0, size)
    assert purity._differ(a, a + off * bound_at_0 * onp.eye(3)[0], eps) is differs
    assert purity._differ(a, a[:2], eps) and purity._differ(a, onp.zeros(3), eps)


def drawing(f):
    return purity._of_sampler(lambda generator, n: f(generator, n))


def with_memory():
    kept = []

    def f(generator, n):
        kept.append(generator.normal(size=(n, 2)))
        return kept[-1] + len(kept)

    return f


def globally(generator, n):
    onp.random.seed(5)
    return generator.normal(size=(n, 2))


@pytest.mark.parametrize(("f", "symptom"), [
    (lambda g, n: g.normal(size=(n, 2)), None), (lambda g, n: (g.normal(size=(n, 2)), n), None),
    (lambda g, n: onp.random.default_rng(3).normal(size=(n, 2)), Symptom.SEED_IS_IGNORED),
    (lambda g, n: onp.random.default_rng(g.bit_generator.seed_seq.entropy).normal(size=(n, 2)), Symptom.DRAW_REPEATS),
    (with_memory(), Symptom.SEED_GIVES_OTHERS), (globally, Symptom.GLOBAL_STATE),
])  # fmt: skip
def test_what_a_sampler_does_with_its_seed(f, symptom):
    before = onp.random.get_state()[1].tolist()
    assert drawing(f) is symptom
    assert onp.random.get_state()[1].tolist() == before


def test_the_first_call_of_all_is_asked_again():
    z = rng().normal(size=(4, 2))
    subject = of_pair(*pair(lambda z: 2 * z), 2, begun=(z, 2 * z, zero(z)))
    assert purity._since_the_first_call(subject) is None
    for x, log_det in ((2 * z + 1e-3, zero(z)), (2 * z, zero(z) + 1e-3)):
        begun = of_pair(*pair(lambda z: 2 * z), 2, begun=(z, x, log_det))
        assert purity._since_the_first_call(begun) is Symptom.ANOTHER_OUTPUT
    assert purity._since_the_first_call(of_pair(*pair(lambda z: z), 2)) is None


# --- I ---


def independent(forward, inverse=lambda x: x, log_det=zero, **options):
    return independence.check_independence(trial_of(forward, inverse, log_det=log_det, **options))


def test_every_row_stands_alone():
    finding = independent(lambda z: 2 * z, lambda x: x / 2)
    assert finding.ok and finding.error == 0.0
    failed = independent(lambda z: z + z.mean(), lambda x: x)
    e = failed.evidence
    assert failed.failed and (e["function"], e["which"], e["symbol"], e["fresh"]) == ("forward", 0, "z", False)
    assert failed.what == "forward: each row alone against the batch" and failed.at.startswith("z = [")
    assert independent(lambda z: z, log_det=lambda a: onp.full(len(a), a.sum())).evidence["which"] == 1
    of_inverse = independent(lambda z: z, lambda x: x + x.mean())
    assert of_inverse.evidence["function"] == "inverse" and of_inverse.evidence["symbol"] == "x"
    nowhere = independent(lambda z: z + onp.nan)
    assert nowhere.outcome is Outcome.INCONCLUSIVE and nowhere.why == "no x lies strictly inside the codomain"


def test_rows_are_asked_in_reverse_in_halves_and_alone():
    for n, told in ((8, True), (9, True)):
        asked = []

        def forward(z, asked=asked):
            asked.append(len(z))
            return z

        independence._compared(trial_of(lambda z: z, n=n), "forward", lambda a, rows=None: (forward(a), zero(a)),
                               rng().normal(size=(n, 2)), False)  # fmt: skip
        assert asked == [n, n, (n + 1) // 2, 1, 1, 1, 1] and told
        asked.clear()
        independence._compared(trial_of(lambda z: z, n=n), "forward", lambda a, rows=None: (forward(a), zero(a)),
                               rng().normal(size=(n, 2)), True)  # fmt: skip
        assert asked == [n, n, (n + 1) // 2, 1]


@pytest.mark.parametrize(("part", "whole", "judged"), [
    (onp.zeros((2, 2)), onp.zeros((8, 2)), True), (onp.zeros((1, 2)), onp.zeros((8, 2)), False),
    (onp.zeros((2, 2)), onp.zeros((7, 2)), False), (onp.float64(0.0), onp.zeros((8, 2)), False),
    (onp.zeros((2, 2)), onp.float64(0.0), False),
])  # fmt: skip
def test_a_shape_that_is_wrong_is_judged_by_s(part, whole, judged):
    trial, a = trial_of(lambda z: z), rng().normal(size=(8, 2))
    found = independence._part_against_whole(trial, "forward", a, onp.array([2, 5]), 0, part, whole)
    assert (found is not None) is judged


def test_the_row_that_is_off_most_is_told():
    trial, a = trial_of(lambda z: z), rng().normal(size=(8, 2))
    whole, rows = onp.zeros((8, 2)), onp.array([2, 5, 7])
    part = onp.array([[0, 1e-3], [0.5, 0], [0, 0.0]])
    found = independence._part_against_whole(trial, "inverse", a, rows, 0, part, whole)
    assert found.failed and found.evidence["row"] == 5 and found.error == 0.5 and found.evidence["symbol"] == "x"
    assert (found.evidence["yours"] == whole[5]).all() and (found.evidence["expected"] == part[1]).all()
    whole[5] = onp.nan
    assert independence._part_against_whole(trial, "inverse", a, rows, 0, part, whole).evidence["row"] == 2
    part[2] = onp.nan
    assert independence._part_against_whole(trial, "inverse", a, rows, 0, part, whole).evidence["row"] == 7


def test_a_part_that_a_map_does_not_take_is_for_another_letter():
    def refuses(error):
        def run(a, rows):
            raise error

        return run

    for error in (ValueError, FloatingPointError, IndexError):
        assert independence._of_rows(refuses(error), rng().normal(size=(4, 2)), onp.array([1])) == []
    with pytest.raises(KeyError):
        independence._of_rows(refuses(KeyError), rng().normal(size=(4, 2)), onp.array([1]))


# --- S ---


def test_a_shape_is_told_with_what_came():
    def finding(forward, inverse=lambda x: (x, zero(x)), **declared):
        return shapes.check_shapes(Trial(of_pair(forward, inverse, 2, **declared), rng().normal(size=(4, 2))))

    right = finding(lambda z: (z, zero(z)))
    assert right.ok and right.what == "shapes, dtype, finiteness" and right.evidence["wrong"] == []
    assert list(right.evidence["results"]) == ["x", "log_det forward", "z", "log_det inverse"]
    wide = finding(lambda z: (z, zero(z)[:, None]))
    assert wide.at == "log_det forward must be (4,) float64, finite; got (4, 1) float64"
    assert wide.symptom is Symptom.SHAPE and wide.error == 1.0
    holes = finding(lambda z: (z, onp.where(onp.arange(4) < 2, onp.nan, 0.0)))
    assert holes.symptom is Symptom.NOT_FINITE and holes.evidence["wrong"] == ["log_det forward"]
    assert holes.at == "log_det forward must be (4,) float64, finite; got (4,) float64, 2 of 4 not finite"
    single = finding(lambda z: (z.astype("float32"), zero(z).astype("float32")))
    assert single.at.endswith("; to audit a map of float32 pass dtype='float32'")
    mixed = finding(lambda z: (z.astype("float32"), zero(z)[:2]))
    assert "to audit a map" not in mixed.at and mixed.evidence["wrong"][:2] == ["x", "log_det forward"]
    assert "to audit a map" not in finding(lambda z: (z.astype("float64"), zero(z)), dtype="float32").at
    whole = finding(lambda z: (z[:, :1], zero(z)))
    assert list(whole.evidence["results"]) == ["x", "log_det forward"] and whole.evidence["wrong"] == ["x"]
    density = finding(lambda z: (z, zero(z)), log_prob=lambda x: onp.zeros((len(x), len(x))))
    assert density.at == "log_prob must be (4,) float64, finite; got (4, 4) float64"


@pytest.mark.parametrize(("a", "words"), [
    (onp.zeros((2, 3)), "(2, 3) float64"), (onp.array([1, 2]), "(2,) int64"), 
    ([0.5, onp.inf], "(2,) list, 1 of 2 not finite"),
    (onp.array([onp.nan, 1.0, onp.inf], dtype="float32"), "(3,) float32, 2 of 3 not finite"), (None, "() NoneType"),
    (0.5, "() float"),
])  # fmt: skip
def test_what_came_in_words(a, words):
    assert shapes._got(a) == words


def test_a_row_of_which_nothing_is_left_may_be_lost():
    trial = SimpleNamespace(
        usable=onp.array([True, True, False, True]), recoverable=onp.array([True, False, True, True])
    )
    lost = lambda name, a: shapes._is_lost(trial, name, onp.array(a))  # noqa: E731
    assert lost("z", [[1.0, 1], [onp.nan, 1], [1, 1]]) and lost("log_det inverse", [1.0, onp.inf, 1])
    assert not lost("z", [[1.0, onp.nan], [1, 1], [1, 1]]) and not lost("log_prob", [0.0, 1, onp.nan])
    assert not lost("x", [[1.0, 1], [onp.nan, 1], [1, 1]]) and not lost("log_det forward", [1.0, onp.inf, 1])


def test_a_density_of_0_at_an_end_of_the_support():
    trial = trial_of(lambda z: z, z=onp.array([[1e-15, 0.5], [0.5, 1 - 1e-15], [0.5, 0.5], [0.3, 0.2]]), domain=(0, 1))
    log_p = onp.full(4, -onp.inf)
    assert shapes._where_dense(trial, log_p, trial.z).tolist() == [0.0, 0.0, -onp.inf, -onp.inf]
    assert (
        shapes._where_dense(trial, log_p[:3], trial.z) is not None
        and len(shapes._where_dense(trial, log_p[:3], trial.z)) == 3
    )
    assert shapes._where_dense(trial, onp.zeros(4) - 1, trial.z).tolist() == [-1.0] * 4
    free = trial_of(lambda z: z, z=trial.z)
    assert shapes._where_dense(free, log_p, free.z) is log_p


# --- last digits ---


def test_what_the_last_digits_cost():
    z = onp.array([[1.0], [3.0], [-100.0]])
    still_map = trial_of(lambda z: z, lambda x: x, 1, z=z)
    cost, of_sum = last_digits.cost_of_last_digits(still_map)
    u = 4 * 2.0**-52
    close(cost / (16 * u * onp.abs(z[:, 0])), onp.ones(3), 0.3)
    assert (of_sum == 0).all()
    steep = trial_of(lambda z: z / 8, lambda x: 8 * x, 1, z=z, log_det=lambda a: a[:, 0])
    cost, of_sum = last_digits.cost_of_last_digits(steep)
    close(cost / (16 * u * onp.abs(z[:, 0])), onp.ones(3), 0.3)
    close(of_sum / (16 * u * onp.abs(z[:, 0])), onp.full(3, 1.125), 0.3)

    def refuses(x):
        raise ValueError

    none = trial_of(lambda z: z, lambda x: x, 1, z=z)
    none.back  # noqa: B018
    none.subject.__dict__["inverse"] = refuses
    assert (last_digits.cost_of_last_digits(none)[0] == 0).all()


def test_a_step_without_effect_grows():
    coarse = trial_of(lambda z: onp.round(z * 2**44) / 2**44, lambda x: x, 1, z=onp.array([[0.5]]))
    moved, _ = last_digits._seen(coarse, rng(), "forward", coarse.z, coarse.x, onp.array([[2.0**-50]]))
    assert abs(moved[0, 0] - 0.5) == 2.0**-44
    flat = trial_of(lambda z: 0 * z, lambda x: x, 1, z=onp.array([[0.5]]))
    moved, _ = last_digits._seen(flat, rng(), "forward", flat.z, flat.x, onp.array([[2.0**-50]]))
    assert moved[0, 0] == 0
    ended = last_digits._moved(rng(), onp.array([[1 - 1e-9], [0.5]]), onp.array([[1.0], [0.1]]), (0.0, 1.0))
    assert ended[0, 0] == 1 - 1e-9 and abs(ended[1, 0] - 0.5) == pytest.approx(0.1)


@pytest.mark.parametrize(("name", "dtype", "of_library", "a", "wide"), [
    ("log_prob", "float32", False, onp.zeros(3), True), ("x", "float32", False, onp.zeros(3), False),
    ("log_prob", "float64", False, onp.zeros(3), False), ("log_prob", "float32", True, onp.zeros(3), False),
    ("log_prob", "float32", False, onp.zeros(3, "float32"), False), ("log_prob", "float32", False, onp.zeros(2), False),
    ("log_prob", "float32", False, [0.0] * 3, False),
])  # fmt: skip
def test_a_density_in_float64_of_a_map_in_float32_is_told_and_not_wrong(name, dtype, of_library, a, wide):
    subject = SimpleNamespace(bijection=object() if of_library else None, dtype=onp.dtype(dtype))
    assert shapes._is_wide(SimpleNamespace(subject=subject), name, a, (3,)) is wide


@pytest.mark.parametrize(("log_prob", "wide"), [
    (None, False), (lambda x: x[:, 0].astype("float64"), True), (lambda x: x[:, 0], False),
    (lambda x: x.astype("float64"), False),
])  # fmt: skip
def test_whether_a_density_is_wide(log_prob, wide):
    one = lambda z: (z, z[:, 0])  # noqa: E731
    declared = {} if log_prob is None else {"log_prob": log_prob}
    trial = Trial(of_pair(one, one, 2, "float32", **declared), onp.ones((3, 2)))
    assert shapes.density_is_wide(trial) is wide


def test_what_s_says_of_rows_that_are_lost_and_of_an_end():
    trial = SimpleNamespace(usable=onp.ones(3, dtype=bool), recoverable=onp.array([True, False, True]))
    for a in (onp.array([0.0, onp.nan, 0.0]), onp.array([[0.0, 1.0], [0.0, onp.inf], [1.0, 1.0]])):
        assert shapes._is_lost(trial, "z", a) and not shapes._is_lost(trial, "x", a)
        assert not shapes._is_lost(trial, "z", a[[1, 0, 2]])
    subject = SimpleNamespace(domain=(0.0, 1.0), in_shape=(1,))
    beside = SimpleNamespace(subject=subject, allowed=onp.full(4, 0.25), usable=onp.ones(4, dtype=bool))
    log_p, z = onp.full(4, -onp.inf), onp.array([[0.25], [0.75], [0.5], [0.3]])
    assert shapes._where_dense(beside, log_p, z).tolist() == [0.0, 0.0, -onp.inf, -onp.inf]


def test_s_of_a_layer_of_functions_that_warn_and_of_a_log_det_of_another_size():
    found = shapes.shapes_and_dtypes(nf.PLU(2), nf.PLU(2).init(rng()), onp.ones((3, 2)))
    assert found.ok and (found.error, found.tolerance) == (0.0, 0.0)
    with onp.errstate(all="warn"):
        holes = shapes.check_shapes(trial_of(lambda z: onp.log(z), z=[[-1.0, 1.0], [1.0, 2.0]]))
    assert holes.failed and holes.symptom is Symptom.NOT_FINITE and (holes.error, holes.tolerance) == (1.0, 0.0)
    met = []
    one = lambda a: met.append(len(a)) or (a, onp.zeros(5))  # noqa: E731
    wrong = shapes.check_shapes(Trial(of_pair(one, one, 1, codomain=(0.0, 1.0)), onp.array([[0.5], [2.0]])))
    assert wrong.symptom is Symptom.SHAPE and met[-1] == 2


# --- P by its parts ---


def seen_by_p(f, params=None, context=None, a=None):
    subject = SimpleNamespace(params=params, context=context, eps=1e-16)
    a = onp.arange(6.0).reshape(3, 2) if a is None else a
    return purity._of_function(SimpleNamespace(subject=subject), f, a)


def test_what_one_function_leaves_behind():
    assert seen_by_p(lambda a: (a + 1, a[:, 0] * 2)) is None
    params, context = {"W": onp.ones(2), "fixed": {"b": onp.ones(1)}}, onp.zeros((3, 1))
    assert seen_by_p(lambda a: (a + params["W"], a[:, 0] + 0.0), params, context) is None

    def changes(array):
        def f(a):
            array[...] += 1
            return a + 1, a[:, 0] + 1

        return f

    for array in (params["W"], params["fixed"]["b"], context):
        assert seen_by_p(changes(array), params, context) is Symptom.PARAMETERS_CHANGED

    def writes(a):
        a[0, 0] = 7.0
        return a + 1, a[:, 0]

    assert seen_by_p(writes) is Symptom.ARGUMENT_CHANGED
    calls = []
    assert seen_by_p(lambda a: calls.append(1) or (a, a[:, 0] + len(calls))) is Symptom.ANOTHER_OUTPUT
    buffer = onp.zeros((3, 2))

    def reuses(a):
        buffer[...] = a
        return buffer, a[:, 0].copy()

    assert seen_by_p(reuses) is Symptom.OVERWRITTEN
    with onp.errstate(all="warn"):
        assert seen_by_p(lambda a: (onp.sqrt(a - 3.5), a[:, 0] + 0.0)) is None  # NaN twice is no other output
    assert purity._is_overwritten(lambda a: (onp.array(["x"] * len(a)), a + 1), onp.ones((2, 1))) is False


@pytest.mark.parametrize(("p", "off", "differ"), [
    (0.5, 1.4e-3, False), (0.5, 1.6e-3, True), (4.0, 7.9e-3, False), (4.0, 8.2e-3, True), (4.0, -7.9e-3, False),
    (onp.nan, 0.0, False),
])  # fmt: skip
def test_an_output_may_differ_by_a_few_roundings(p, off, differ):
    """A thousand roundings of the number, and of the largest one."""
    p = onp.array([p, 0.0])
    assert purity._differ(p, p + [off, 0.0], 1e-6) is differ
    assert purity._differ(p, p[:1], 1e-6) and purity._differ(p, onp.array([[*p]]), 1e-6)


def test_what_p_says_of_several_functions(monkeypatch):
    seen = {"forward": None, "inverse": Symptom.ANOTHER_OUTPUT, "sample": Symptom.DRAW_REPEATS}
    names = [(name, None, None) for name in ("forward", "inverse")]
    monkeypatch.setattr(purity, "functions", lambda trial: [(name, name, None) for name, _, _ in names])
    monkeypatch.setattr(purity, "_of_function", lambda trial, f, a: seen[f])
    monkeypatch.setattr(purity, "_of_samplers", lambda subject: {"sample": seen["sample"]})
    monkeypatch.setattr(purity, "_of_layers", lambda trial: {})
    trial = SimpleNamespace(subject=SimpleNamespace(begun=None), z=onp.ones((2, 2)))
    found = purity.check_purity(trial)
    assert (found.letter, found.error, found.tolerance, found.symptom) == ("P", 2.0, 0.0, Symptom.ANOTHER_OUTPUT)
    assert found.at == f"inverse: {Symptom.ANOTHER_OUTPUT.value}; sample: {Symptom.DRAW_REPEATS.value}"
    assert found.evidence["function"] == "inverse" and (found.evidence["row"], found.evidence["symbol"]) == (0, "z")
    seen.update(inverse=None, sample=None)
    assert purity.check_purity(trial).ok and purity.check_purity(trial).evidence["function"] == ""
    z = onp.ones((2, 1))
    now = SimpleNamespace(begun=(z, z, z[:, 0]), forward=lambda z: (z, z[:, 0]), eps=1e-16, of_first_batch=False)
    trial.subject = now
    assert purity.check_purity(trial).ok
    now.forward = lambda z: (z, 2 * z[:, 0])
    later = purity.check_purity(trial)
    assert later.symptom is Symptom.ANOTHER_OUTPUT and later.evidence["function"] == "forward"


@pytest.mark.parametrize(("draw", "symptom"), [
    (lambda rng, n: rng.normal(size=n), None), (lambda rng, n: onp.full(n, onp.nan), "another"),
    (lambda rng, n: onp.random.normal(size=n), "global"), (lambda rng, n: onp.arange(float(n)), "another"),
])  # fmt: skip
def test_samples_follow_their_generator(draw, symptom):
    found = purity._of_sampler(draw)
    assert (found is None) is (symptom is None) and (symptom != "global" or found is Symptom.GLOBAL_STATE)
