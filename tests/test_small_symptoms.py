"""Names that follow from a symptom or from columns, what is told in words, and the rules by which a change is taken."""

import ast
import io
from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from tried_maps import rng, zero
from tried_maps import small_trial as trial_of

import nfscratch as nf
from nfscratch.check import Mistake, bound, guarded, notes, report, stops_early, subject
from nfscratch.check.diagnosis import chain_log_det, one_change, wrong_columns, wrong_edges
from nfscratch.check.diagnosis.columns import Columns
from nfscratch.check.diagnosis.mistakes import Named
from nfscratch.check.finding import Finding, Outcome, Symptom
from nfscratch.check.letters import out_of_reach
from nfscratch.check.message import Case
from nfscratch.check.pairs import of_pair
from nfscratch.check.repair import accepting, candidates, laws, telling, twins
from nfscratch.check.repair.edit import Edit, Kind, OfLines, places, source
from nfscratch.check.repair.mended import Repair
from nfscratch.check.repair.search import Search
from nfscratch.check.trial import Trial


def case_of(symptom, trial=None, letter="E", **evidence):
    return Case(2, trial or trial_of(lambda z: z), Finding(letter, "", 1.0, 0.0, symptom=symptom, evidence=evidence))


# --- E, O, G and T ---


@pytest.mark.parametrize(("symptom", "evidence", "name"), [
    (Symptom.DERIVATIVE_JUMPS, {"sides": (0.9e-9, 1.0)}, "END_SLOPES"), (Symptom.BATCH_SHAPE, {}, "SMALL_BATCH"),
    (Symptom.DERIVATIVE_JUMPS, {"sides": (1.0, 1.1e-9)}, "DERIVATIVE_JUMPS"), (Symptom.JUMP, {}, "MAP_JUMPS"),
    (Symptom.RAISES, {"raised_by": IndexError}, "BIN_AT_RIGHT_EDGE"),
    (Symptom.RAISES, {"raised_by": ValueError}, "RAISES_AT_EDGE"),
    (Symptom.BATCH_RAISES, {"size": 0}, "EMPTY_BATCH_RAISES"),
    (Symptom.BATCH_RAISES, {"size": 1}, "BATCH_OF_ONE_RAISES"),
    (Symptom.SLOPE, {"far": True}, "LOG_DET_FAR_OUT"), (Symptom.SLOPE, {"far": False}, "LOG_DET_AT_EDGE"),
    (Symptom.NOT_FINITE, {}, "NOT_FINITE_AT_EDGE"), (Symptom.ROUND_TRIP, {}, "INEXACT_AT_EDGE"),
    (Symptom.LOG_DETS, {}, "INEXACT_AT_EDGE"),
])  # fmt: skip
def test_the_name_of_an_edge(symptom, evidence, name):
    assert wrong_edges.name_edge(case_of(symptom, **evidence)) is Mistake[name]


def test_a_map_that_stops_growing_is_not_onto():
    flat = trial_of(onp.tanh, lambda x: onp.arctanh(onp.clip(x, -0.9, 0.9)))
    for symptom, name in (
        (Symptom.JUMP, "NOT_ONTO"),
        (Symptom.NOT_FINITE, "NOT_ONTO"),
        (Symptom.ROUND_TRIP, "INEXACT_AT_EDGE"),
    ):
        assert wrong_edges.name_edge(case_of(symptom, flat)) is Mistake[name]


def index_of(limit, error=IndexError, closed=True):
    def forward(z):
        if ((z >= limit) if closed else (z > limit)).any():
            raise error("out of the table")
        return z

    return trial_of(forward, z=[[0.5, 0.5]], domain=(0.0, 1.0), codomain=(0.0, 1.0))


def test_an_index_that_ends_at_the_right_edge():
    at_end = lambda trial, error=IndexError: wrong_edges.raises_at_end(case_of(Symptom.RAISES, trial, raised_by=error))  # noqa: E731
    assert at_end(index_of(1.0)) and not at_end(index_of(0.7)) and not at_end(index_of(1.0, ValueError))
    assert not at_end(index_of(1.0), ValueError) and not at_end(index_of(1.0, closed=False))
    assert not at_end(trial_of(lambda z: z))
    assert not wrong_edges._raises_only_at(index_of(1.0), "forward", 0.0, onp.inf)


@pytest.mark.parametrize(("symptom", "evidence", "name", "where"), [
    (Symptom.LEAVES, {}, "LEAVES_CODOMAIN", "forward"), (Symptom.SIGN, {}, "FOLDS", "det J"),
    (Symptom.RAISES, {"function": "forward", "raised_by": KeyError}, "RAISES", "forward raises KeyError"),
    (Symptom.REACH, {"z": onp.array([[10.0, 10.0], [1.0, 2.0]])}, "END_OF_BRACKET", "inverse"),
    (Symptom.REACH, {"z": onp.array([[10.123, 10.123]])}, "NOT_ONTO", "range"),
    (Symptom.REACH, {"z": onp.array([[10.0, 9.0]])}, "NOT_ONTO", "range"),
    (Symptom.STOPS_GROWING, {}, "NOT_ONTO", "range"),
])  # fmt: skip
def test_the_name_of_a_range(symptom, evidence, name, where):
    named = wrong_edges.name_onto(case_of(symptom, letter="O", **evidence), [])
    assert (named.mistake, named.where) == (Mistake[name], where)


def test_columns_that_are_one_number():
    assert wrong_edges._of_constant_columns(trial_of(lambda z: z)) is None
    left_out = trial_of(lambda z: z * [1, 0], lambda x: x)
    assert wrong_edges._of_constant_columns(left_out) is Mistake.COLUMN_SKIPPED
    read = trial_of(lambda z: onp.stack([z[:, 0] + z[:, 1], 0 * z[:, 1]], axis=1), lambda x: x)
    assert wrong_edges._of_constant_columns(read) is None
    assert wrong_edges._of_constant_columns(trial_of(lambda z: 0 * z)) is None
    assert wrong_edges._of_constant_columns(trial_of(lambda z: z * [1, 0], n=1)) is None
    deep = trial_of(lambda z: z * [1, 1, 0], lambda x: onp.cumsum(x, axis=1), dim=3)
    assert wrong_edges._of_constant_columns(deep) is Mistake.TOO_FEW_PASSES


@pytest.mark.parametrize(("symptom", "name"), [
    (Symptom.NOT_FINITE, "GRADIENT_NOT_FINITE"), (Symptom.LEAK, "FLOAT64_LEAK"), (Symptom.GRADIENT, "GRADIENT"),
])  # fmt: skip
def test_the_name_of_a_gradient(symptom, name):
    named = wrong_edges.name_gradient(case_of(symptom, letter="G", function="inverse"), [])
    assert (named.mistake, named.where) == (Mistake[name], "inverse")


def test_the_name_of_a_dependence():
    named = wrong_edges.name_structure(case_of(Symptom.CYCLE, letter="T", entry=(2, 1)), [])
    assert (named.mistake, named.where) == (Mistake.SEES_LATER, "dx_2/dz_1")


# --- columns that went astray ---


def columns(forward, inverse, dim, n=12):
    return Columns(trial_of(forward, inverse, dim, n), onp.ones(n, dtype=bool))


@pytest.mark.parametrize(("J", "one"), [
    (onp.eye(3), True), (onp.eye(3)[[1, 2, 0]], True), (-onp.eye(3), False), (2 * onp.eye(3), False),
    (onp.array([[1.0, 0], [1, 0]]), False), (onp.eye(2) + 0.4e-7, True), (onp.eye(2) + 1.1e-7, False),
])  # fmt: skip
def test_a_permutation_of_columns(J, one):
    assert wrong_columns.is_permutation(onp.stack([onp.eye(len(J)), J])) is one


def test_the_order_of_columns():
    z = rng().normal(size=(5, 3))
    assert wrong_columns.column_order(z[:, [2, 0, 1]], z).tolist() == [2, 0, 1]
    assert wrong_columns.column_order(z + [0, 0, 1], z) is None
    twice = onp.stack([z[:, 0], z[:, 0], z[:, 2]], axis=1)
    assert wrong_columns.column_order(twice, z) is None and wrong_columns.column_order(z[:, [0, 0, 2]], z) is None
    assert [p.tolist() for p in wrong_columns._powers(onp.array([1, 2, 0]))] == [[1, 2, 0], [2, 0, 1]]
    assert wrong_columns._powers(onp.arange(3)) == []
    c = SimpleNamespace(kept=onp.array([True, False, False]))
    assert [h.tolist() for h in wrong_columns._own_halves(c)] == [[1, 2, 0], [0, 1, 2]]
    assert wrong_columns._own_halves(SimpleNamespace(kept=onp.ones(2, dtype=bool))) == []
    assert wrong_columns._own_halves(SimpleNamespace(kept=onp.zeros(2, dtype=bool))) == []


@pytest.mark.parametrize(("order", "name"), [
    ([2, 3, 0, 1], "HALVES_SWAPPED"), ([0, 2, 1, 3], "HALVES_SWAPPED"), ([1, 3, 0, 2], "HALVES_SWAPPED"),
    ([1, 0, 2, 3], "PERMUTATION"), ([3, 2, 1, 0], "PERMUTATION"),
])  # fmt: skip
def test_the_name_of_an_order(order, name):
    forward = lambda z: onp.sinh(z) + onp.cumsum(z, axis=1)  # noqa: E731
    c = columns(forward, lambda x: x, 4)
    c.back = c.z[:, order]
    assert wrong_columns._name_of_order(c, onp.array(order)) is Mistake[name]
    assert wrong_columns.moved_columns(c) is Mistake[name]
    moved = columns(lambda z: z[:, [1, 2, 3, 0]], lambda x: x, 4)
    assert wrong_columns._name_of_order(moved, onp.array(order)) is Mistake.PERMUTATION
    c.back = onp.sin(c.z)
    assert wrong_columns.moved_columns(c) is None


# --- the log-det of a chain ---


def test_what_is_known_of_the_whole_stays():
    trials = [trial_of(onp.sinh)]
    known = ("", Mistake.ALWAYS_ZERO)
    assert chain_log_det._better("forward", [], known) is known
    assert chain_log_det._better("forward", [(None, trials)], ("", Mistake.SIGN)) == ("", Mistake.SIGN)
    assert chain_log_det._better("forward", [], ("", Mistake.LOG_DET_FORMULA)) == ("", Mistake.LOG_DET_FORMULA)
    assert chain_log_det._better("forward", [(None, trials)], ("", Mistake.LOG_DET_FORMULA)) == (
        "",
        Mistake.LOG_DET_FORMULA,
    )


@pytest.mark.parametrize(("layers", "known", "better"), [
    ([(" of a", "EXP_SUMMED")], "LOG_DET_FORMULA", (" of a", "EXP_SUMMED")),
    ([(" of a", "LOG_DET_FORMULA"), (" of b", "EXP_SUMMED")], "LOG_DET_FORMULA", (" of b", "EXP_SUMMED")),
    ([(" of a", "LOG_DET_FORMULA")], "LOG_DET_FORMULA", (" of a", "LOG_DET_FORMULA")),
    ([(" of a", "LOG_DET_FORMULA")], "PLANAR_H", ("", "PLANAR_H")),
    ([None], "LOG_DET_FORMULA", ("", "LOG_DET_FORMULA")),
])  # fmt: skip
def test_a_layer_says_more_than_the_whole(monkeypatch, layers, known, better):
    said = iter([None if l is None else (l[0], Mistake[l[1]]) for l in layers])
    monkeypatch.setattr(chain_log_det, "_of_chain", lambda *of: next(said))
    found = chain_log_det._better("forward", [(k, []) for k in range(len(layers))], ("", Mistake[known]))
    assert found == (better[0], Mistake[better[1]])


# --- a change beside a name ---


def repair(before="a", after="b", changed=("forward",), **more):
    of_lines = more.pop("of_lines", None)
    return SimpleNamespace(before=before, after=after, changed=frozenset(changed), of_lines=of_lines, others=(), **more)


@pytest.mark.parametrize(("where", "direction", "changed", "other"), [
    ("inverse", None, ("forward",), True), ("inverse of layer 2", None, ("x", "forward"), True),
    ("inverse", None, ("inverse",), False),
    ("log_det forward", "forward", ("inverse",), True), ("log_det forward", "forward", ("forward",), False),
    ("log_det", None, ("inverse",), False), ("inverse", None, (), False),
])  # fmt: skip
def test_a_change_of_the_other_direction(where, direction, changed, other):
    assert one_change._is_of_the_other(Named(Mistake.SIGN, where, direction), repair(changed=changed)) is other


@pytest.mark.parametrize(("before", "after", "kind", "of_columns"), [
    ("x[:, p]", "x[:, argsort(p)]", None, True), ("x[:, p]", "x", None, False),
    ("for a in b", "for a in reversed(b)", None, False),
    ("x", "x[:, p]", None, True), ("x", "y", Kind.EXCHANGED, False), ("x", "y", Kind.AT_ONCE, False),
    ("x", "y", Kind.PUT_IN, True), ("x", "y", Kind.SWAPPED, False),
    ("x", "x[:, np.argsort([*range(0, 3, 2), 1])]", None, False),
    ("x[:, argsort([*range(3)])]", "x[:, p[0]]", None, True),
])  # fmt: skip
def test_a_change_of_the_order_of_columns(before, after, kind, of_columns):
    of_lines = None if kind is None else OfLines(kind, (), (), "")
    assert one_change._is_of_columns(repair(before, after, of_lines=of_lines)) is of_columns


# --- stopping early ---


def halving(turns):
    def inverse(x):
        low, high = onp.full_like(x, -50.0), onp.full_like(x, 50.0)
        for _ in range(turns):
            middle = (low + high) / 2
            above = middle + 0.5 * onp.tanh(middle) > x
            low, high = onp.where(above, low, middle), onp.where(above, middle, high)
        return (low + high) / 2

    return of_pair(lambda z: (z + 0.5 * onp.tanh(z), zero(z)), lambda x: (inverse(x), zero(x)), 2)


@pytest.mark.parametrize(("turns", "loose"), [(32, True), (60, False), (20, False)])
def test_a_search_that_stops_early_has_an_accuracy(turns, loose):
    z = rng().normal(size=(12, 2))
    found = stops_early.with_its_accuracy(halving(turns), z)
    assert (found is not None) is loose
    if loose:
        assert 1e-9 < found.accuracy < 1e-7 and found.accuracy == stops_early._came(Trial(halving(turns), z))


def test_what_is_no_search_has_none():
    z = rng().normal(size=(12, 2))
    formula = of_pair(lambda z: (2 * z, zero(z)), lambda x: (x / 2 + 1e-8, zero(x)), 2)
    assert stops_early.with_its_accuracy(formula, z) is None
    stated = of_pair(lambda z: (2 * z, zero(z)), lambda x: (x / 2 + 1e-8, zero(x)), 2, accuracy=1e-3)
    assert stops_early.with_its_accuracy(stated, z) is None
    far = trial_of(lambda z: z, lambda x: x + 0.5 * (onp.abs(x) > 9.0), z=[[9.5, 0.0], [1.0, 0.0]])
    assert stops_early._came(far) == 0.0
    near = trial_of(lambda z: z, lambda x: x + 0.5 * (onp.abs(x) > 7.0), z=[[8.0, 0.0], [1.0, 0.0]])
    assert stops_early._came(near) == 0.5 / 8
    words = "the round trip is off by 3e-08 where draws come, as when a loop stops early; audited with this accuracy"
    assert stops_early.words_of(3.1e-8) == words


# --- out of reach ---


def test_rows_beyond_all_draws():
    s = trial_of(lambda z: z).subject
    assert out_of_reach.is_beyond_draws(s, onp.array([[9.0, 0.0], [9.1, 0.0], [0.0, -9.1]])).tolist() == [
        False,
        True,
        True,
    ]
    bounded = trial_of(lambda z: z, domain=(0.0, 99.0)).subject
    assert not out_of_reach.is_beyond_draws(bounded, onp.array([[50.0, 0.0]])).any()


def clipped(at, slope=1.0):
    return lambda x: onp.clip(slope * x, -at, at)


def test_the_end_of_a_wide_bracket():
    z = onp.array([[30.0], [50.0], [100.0], [-100.0]])
    ends = lambda inverse: out_of_reach.ends_of_search(trial_of(lambda z: z, inverse, 1, z=z)).tolist()  # noqa: E731
    assert ends(clipped(40.0)) == [False, True, True, True] and ends(clipped(34.0)) == [False] * 4
    assert ends(lambda x: 0.9 * x) == [False] * 4 and ends(lambda x: -clipped(40.0)(x)) == [False] * 4
    assert ends(lambda x: clipped(40.0)(x) + 1e-4 * x) == [False] * 4

    def refuses(x):
        if (onp.abs(x) > 150).any():
            raise ValueError
        return clipped(40.0)(x)

    assert ends(refuses) == [False] * 4


def far_words(forward=lambda z: z, inverse=lambda x: x, log_det=zero, dim=2, **declared):
    return out_of_reach.words_of_far_out(trial_of(forward, inverse, dim, log_det=log_det, **declared))


def test_what_a_report_says_of_far_out():
    assert (
        far_words() == []
        and far_words(inverse=lambda x: x + 1) == []
        and far_words(domain=(0.0, 9.0), z=[[1.0, 1.0]]) == []
    )
    beyond = lambda limit: lambda z: onp.where(onp.abs(z) > limit, onp.nan, z)  # noqa: E731
    for limit, far in ((9.5, 10), (20.0, 30), (50.0, 100), (200.0, 1000)):
        assert far_words(beyond(limit)) == [f"forward is not finite at |z| = {far}, where no draw comes"]
        assert far_words(inverse=beyond(limit)) == [f"inverse is not finite at |z| = {far}, where no draw comes"]
    assert far_words(beyond(2000.0)) == []
    slope = lambda a: onp.where(onp.abs(a).max(axis=1) > 50, -onp.inf, 0.0)  # noqa: E731
    assert far_words(log_det=slope) == ["forward is not finite at |z| = 100, where no draw comes"]

    def raises(z):
        if (onp.abs(z) > 20).any():
            raise KeyError("no")
        return z

    assert far_words(raises) == ["forward raises KeyError: 'no' at |z| = 30, where no draw comes"]
    said = "inverse gives no z beyond 40: a bracket or a clamp ends there, where no draw comes"
    assert far_words(inverse=clipped(40.0)) == [said]
    last = lambda x: onp.stack([x[:, 0], onp.clip(x[:, 1], -40, 40)], axis=1)  # noqa: E731
    assert far_words(inverse=last) == [said]


# --- words ---


def test_what_was_raised_in_words():
    class Mute(Exception):
        def __str__(self):
            raise KeyError

    class Odd:
        def __repr__(self):
            raise KeyError

    assert guarded.said(ValueError("no")) == "ValueError: no" and guarded.said(ValueError()) == "ValueError"
    assert guarded.message_of(Mute()) == "(str() of it raises KeyError)" and guarded.shown([1]) == "[1]"
    assert guarded.shown(Odd()) == "an object of Odd, whose repr() raises"
    assert guarded.name_of(len) == "len" and guarded.name_of(Odd()) == "Odd"
    escaped = guarded.Escaped(SystemExit("out"))
    escaped.__cause__ = SystemExit("out")
    assert guarded.kind_of(escaped) is SystemExit and guarded.origin_of(escaped) is escaped.__cause__
    assert guarded.kind_of(KeyError()) is KeyError and guarded.said(escaped) == "SystemExit: out"
    error = KeyError()
    assert guarded.origin_of(error) is error


def traceback_of(call):
    try:
        call()
    except Exception as error:
        return error.__traceback__


def test_what_a_statement_raises_and_what_an_operation_does():
    def in_words():
        raise ValueError("no")

    assert guarded.is_raised_in_words(traceback_of(in_words)) and not guarded.is_raised_in_words(None)
    assert not guarded.is_raised_in_words(traceback_of(lambda: {}["a"]))
    assert not guarded.is_raised_in_words(traceback_of(lambda: onp.stack([])))


def test_the_state_of_the_global_generator():
    before = onp.random.get_state()
    assert guarded.same_state(before, onp.random.get_state())
    other = (before[0], before[1], before[2] + 1, *before[3:])
    moved = (before[0], before[1] + onp.eye(len(before[1]), dtype=before[1].dtype)[0], *before[2:])
    assert not guarded.same_state(before, other) and not guarded.same_state(before, moved)


def test_what_a_stated_accuracy_hides():
    z = [[1.0, 2.0], [9.0, 9.0]]
    of = lambda error, accuracy: notes._of_accuracy(  # noqa: E731
        trial_of(lambda z: z, lambda x: x + error, z=z, accuracy=accuracy)
    )
    assert of(0.0, 1e-9) == [] and notes._of_accuracy(trial_of(lambda z: z)) == []
    (words,) = of(1e-4, 1e-5)
    assert words.startswith("near 0 the round trip is off by ") and words.endswith(": by more than accuracy=1e-05 says")
    (words,) = of(0.0, 1e-4)
    assert words.startswith("accuracy=0.0001 hides errors up to ") and words.endswith(
        " in z near 0; the largest there is 0"
    )
    assert notes.notes_of(trial_of(lambda z: z), "R", ["J", "J", "E"], "1 s") == ["left out, all or in part: J, E; 1 s"]
    assert notes.notes_of(trial_of(lambda z: z), "RE", [], "") == []
    empty = trial_of(lambda z: z.reshape(len(z), -1))
    assert notes._of_no_rows(empty) == [
        "a batch of no rows fails in forward: a reshape with -1, a list, np.vectorize or a max needs a row"
    ]


# --- the report ---


def made_report(*failures, lines=((Outcome.PASSED, "S"),), **more):
    return report.Report("it", (2, (1, 2)), tuple(report.Line(l, o, "here") for o, l in lines), failures, **more)


def test_a_report_as_text():
    failure = report.Failure("R", "inverse: wrong", "R  inverse: wrong\n      at z", {"J": onp.eye(2)})
    other = report.Failure("J", "later", "", {})
    text = str(made_report(failure, other, notes=("a note",), costs=("D", "D^2")))
    assert text.splitlines() == [
        "Audit of it, D = 2, (1, 2); forward D, inverse D^2",
        "  S  shapes, dtype, finiteness            holds           here", "  Note: a note", "", "R  inverse: wrong",
        "      at z", "  Waiting: J: later",
    ]  # fmt: skip
    assert str(made_report()).endswith("  No mistake found.") and made_report().ok
    nothing = made_report(lines=((Outcome.INCONCLUSIVE, "S"),))
    assert str(nothing).endswith("  Nothing could be judged.") and not nothing.ok
    with pytest.raises(AssertionError, match="it: nothing could be judged"):
        nothing.raise_if_failed()
    with pytest.raises(AssertionError, match="it: R  inverse: wrong"):
        made_report(failure).raise_if_failed()
    plain = io.StringIO()
    made_report(failure).show(plain)
    assert plain.getvalue() == f"{made_report(failure)}\n"


def test_a_report_on_a_terminal():
    class Terminal(io.StringIO):
        isatty = lambda self: True  # noqa: E731

    J = onp.array([[1.0, 0.5], [0.25, 2.0]])
    failure = report.Failure("J", "wrong", "J  wrong [odd]", {"J": J, "J_claimed": J + [[0, 1], [0, 0.9e-5]]})
    shown = Terminal()
    made_report(failure, notes=("a note",)).show(shown)
    text = shown.getvalue()
    told = ("Audit of it", "shapes, dtype, finiteness", "holds", "here", "Note: a note", "J  wrong [odd]", "z_1", "x_0")
    for words in (*told, "+1.5000 / +0.5000"):
        assert words in text
    assert "+2.0000 / " not in text and "+0.2500 / " not in text
    assert (
        report._entry(J, None, 0, 1) == "+0.5000"
        and report._entry(J, J + 1e-3, 0, 1) == "[bold red]+0.5010 / +0.5000[/]"
    )
    columns = [[str(cell) for cell in column.cells] for column in report._table(made_report(failure)).columns]
    lines = made_report(failure).lines
    assert columns[:2] == [[line.letter for line in lines], [report.TITLES[line.letter] for line in lines]]
    assert columns[2:] == [[line.status.value for line in lines], [line.detail for line in lines]]
    assert report._entries(J, J).title == "Jacobian: the layer's own / finite differences"
    table = report._entries(onp.ones((9, 9)), None)
    assert table.title == "Jacobian: finite differences" and len(table.rows) == 8 and len(table.columns) == 9
    assert report.jacobian_text(J, J + [[0, 1], [0, 0.9e-5]]).splitlines() == [
        "      the numeric Jacobian there, dx_i/dz_j:", "          +1.0000    +0.5000 (yours +1.5000)",
        "          +0.2500    +2.0000",
    ]  # fmt: skip
    assert report.jacobian_text(onp.eye(7)) == "" and report.jacobian_text(onp.eye(6)) != ""


# --- subjects ---


def test_what_a_subject_is_made_of():
    close(subject.standard_normal_log_prob(onp.zeros((2, 3))), onp.full(2, -1.5 * onp.log(2 * onp.pi)), 1e-12)
    close(subject.standard_normal_log_prob(onp.array([[[1.0], [2.0]]])), [-2.5 - onp.log(2 * onp.pi)], 1e-12)
    assert subject._common((0.0, 5.0), (1.0, 9.0)) == (1.0, 5.0) and subject._common((0.0, 1.0), (2.0, 3.0)) == (
        0.0,
        1.0,
    )
    assert subject._common((0.0, 1.0), (1.0, 3.0)) == (0.0, 1.0)
    rows = onp.arange(3)[:, None]
    assert bound.rows_of(rows, 3) is rows and bound.rows_of(None, 5) is None
    assert bound.rows_of(rows, 5)[:, 0].tolist() == [0, 1, 2, 0, 1] and bound.rows_of(rows, 2)[:, 0].tolist() == [
        0,
        1,
    ]
    a, b = nf.ActNorm(2), nf.ActNorm(2)
    chain = nf.Chain([a, nf.Inverse(nf.Chain([a, b]))])
    leaves = subject.leaf_layers(chain, ["p", ["q", "r"]])
    assert [params for _, params in leaves] == ["p", "r", "q"] and leaves[0][0] is a
    assert type(leaves[1][0]).__name__ == "InverseBijection" and leaves[1][0].bijection is b
    assert subject.leaf_layers(chain, ["p"]) == [(chain, ["p"])] and subject.leaf_layers(a, 1) == [(a, 1)]


# --- whether a change is taken ---


@pytest.mark.parametrize(("forward", "keeps", "mixes"), [
    (lambda z: z @ onp.array([[1.0, 0.5], [0, 1]]) + onp.sin(z), True, True), (lambda z: onp.sinh(z), False, False),
    (lambda z: z @ onp.array([[1.0, 0.5], [0, 1]]), False, False),
    (lambda z: z @ onp.array([[1.0, 0.5], [0.3, 1]]) + onp.sin(z), True, True),
])  # fmt: skip
def test_a_repair_keeps_who_depends_on_whom(forward, keeps, mixes):
    old = trial_of(lambda z: z @ onp.array([[1.0, 0.5], [0, 1]]) + onp.sin(z))
    assert laws.keeps_dependencies(old, trial_of(forward)) is keeps and laws.still_mixes(trial_of(forward)) is mixes
    assert laws._seen(onp.array([[0.9e-6, 1.1e-6, 0.0], [0.0, 0.0, 5.0]])) == 2
    close(laws._spread(onp.array([1.0, 3.0, onp.nan]))[:2], [-1.0, 1.0], 0)


def test_the_laws_that_fail():
    assert laws.failed_laws(trial_of(lambda z: 2 * z, lambda x: x / 2)) == {"J forward", "J inverse"}
    assert laws.failed_laws(trial_of(lambda z: z)) == set()
    assert "R" in laws.failed_laws(trial_of(lambda z: z, lambda x: x + 1)) and "S" in laws.failed_laws(
        trial_of(lambda z: 1 / 0)
    )


def judge(failed, x, now, of_all=False, out_shape=(2,)):
    made = object.__new__(accepting.Accepting)
    made.screen = object.__new__(accepting.OfAll) if of_all else SimpleNamespace()
    made.screen.x, made.screen.z, made.screen.results = x, onp.zeros((3, 2)), (x, None, x, None)
    made.screen._forward = lambda: (now, None)
    made.__dict__["failed"] = set(failed)
    made.screen.subject = SimpleNamespace(out_shape=out_shape)
    made.trial = SimpleNamespace(subject=made.screen.subject)
    return made


def edit_of(kind=None):
    tree = ast.parse("y = a").body[0]
    return Edit(tree, "value", ast.Name("b", ast.Load()), None if kind is None else OfLines(kind, (), (), ""))


def test_a_repair_may_change_x():
    x = onp.ones((3, 2))
    may = lambda failed, now, edit=edit_of(), **more: judge(failed, x, now, **more)._may_change_x(edit)  # noqa: E731, B008
    assert may("R", x) and may("S", x) and may("I", x) and not may("J", x) and not may(["X"], x)
    assert not may("R", x, edit_of(Kind.LEFT_OUT)) and may("R", x, edit_of(Kind.PUT_IN))
    assert may("R", 59.9 * x) and not may("R", 60.1 * x)
    assert not may("S", x, of_all=True) and may("S", x, of_all=True, out_shape=(3,)) and may("R", x, of_all=True)
    assert not judge("R", None, x)._is_drowned() and not judge("R", onp.full((3, 2), onp.inf), 1e9 * x)._is_drowned()
    assert judge("R", x, -61 * x)._is_drowned()


@pytest.mark.parametrize(("failed", "either", "may_fail"), [
    ({"R"}, True, {"R"}), ({"R", "X"}, True, {"R", "X"}), ({"J forward"}, False, {"J forward"}),
    ({"S", "R"}, False, set()),
    ({"J forward", "J inverse"}, False, {"J forward", "J inverse", "X"}), ({"I"}, False, set()),
])  # fmt: skip
def test_which_laws_may_still_fail(failed, either, may_fail):
    made = judge(failed, None, None)
    assert made.either is either and made._may_fail == may_fail


def place_in(text, part):
    return next(p for p in places(ast.parse(text)) if source(p.node) == part)


@pytest.mark.parametrize(("text", "part", "line", "met"), [
    ("def f(x):\n    return x + 1", "x + 1", 2, True), ("def f(x):\n    return x + 1", "x + 1", 1, False),
    ("y = x + 1", "x + 1", 1, False), ("def f(x=a):\n    return 1", "a", 1, False),
    ("def f(x):\n    assert x > 1", "x > 1", 2, False),
    ("def f(x):\n    raise E(x)", "E(x)", 2, False), ("def f(x):\n    y = f'{x}'", "x", 2, False),
    ("def f(x):\n    y: a = 1", "a", 2, False), ("def f(x) -> b:\n    return 1", "b", 1, False),
])  # fmt: skip
def test_a_place_that_the_run_met(text, part, line, met):
    assert bool(candidates._is_met(place_in(text, part), {line})) is met


def test_an_edit_in_all_places():
    tree = ast.parse("y = a + b * a")
    found = [p for p in places(tree) if isinstance(p.node, ast.Name) and p.node.id == "a"]
    first = found[0].exchanged(ast.Name("c", ast.Load()))
    (both,) = candidates._in_all_places(first, found[0], found)
    with both.done():
        assert source(tree) == "y = c + b * c"
    assert source(tree) == "y = a + b * a" and both.lines == (1, 1)
    assert list(candidates._in_all_places(first, found[0], found[:1])) == []
    assert list(candidates._in_all_places(found[1].exchanged(ast.Name("c", ast.Load())), found[1], found)) == []
    row = ast.parse("f(a, a)")
    twice = [p for p in places(row) if isinstance(p.node, ast.Name) and p.node.id == "a"]
    assert list(candidates._in_all_places(twice[0].exchanged(ast.Name("c", ast.Load())), twice[0], twice)) == []


def test_candidates_until_one_raises():
    def made(error):
        yield 1
        yield 2
        raise error

    for error in (ArithmeticError(), LookupError(), TypeError(), ValueError(), AttributeError(), RecursionError()):
        assert list(candidates.until_one_raises(made(error))) == [1, 2]
    with pytest.raises(RuntimeError):
        list(candidates.until_one_raises(made(RuntimeError())))


def test_a_mistake_in_both_directions_is_mended_in_both():
    tree = ast.parse("def f(z):\n    return np.log(z) + 1\ndef g(x):\n    a = np.log(x) + 1\n    return -np.log(x)")
    met = [(k, place) for k, place in enumerate(places(tree))]
    place = next(p for _, p in met if source(p.node) == "np.log(z)")
    edit = place.exchanged(ast.parse("np.exp(z)", mode="eval").body)
    assert source(twins.new_of(place, edit)) == "np.exp(z)"
    texts = []
    for twin, statements in twins.with_twins(met, place, edit):
        with twin.done():
            texts.append(source(tree))
        assert len(statements) == len(twin.also) and len(twin.lines) == 1 + len(twin.also)
    assert texts == [
        "def f(z): return np.exp(z) + 1 def g(x): a = np.exp(x) + 1 return -np.log(x)",
        "def f(z): return np.exp(z) + 1 def g(x): a = np.exp(x) + 1 return -np.exp(x)",
    ]
    assert twins.new_of(place, Edit(ast.parse("q"), "body", [])) is None
    alone = next(p for _, p in met if source(p.node) == "z")
    assert list(twins.with_twins([(0, alone)], alone, alone.exchanged(ast.Name("q", ast.Load())))) == []


# --- several changes ---


def mended(before, after, **more):
    given = {"file": "a.py", "lines": (1,), "of_lines": None, "laws": ("R",), "changed": frozenset({"inverse"})}
    return Repair(before=before, after=after, **(given | more))


@pytest.mark.parametrize(("other", "like"), [("12345678", True), ("123456789", False), ("b", True)])
def test_a_change_that_is_about_as_small(other, like):
    one = mended("a", "b")
    assert one._distance == 2 and one._is_like(mended("abcdefgh", other)) is like
    less = mended("f(a) + b", "a", changed=frozenset({"x", "forward"}))
    assert less.is_less and not one._is_like(less) and less._is_like(less)


def test_changes_of_the_other_direction_are_looked_for():
    of_inverse, of_x = mended("a", "b"), mended("a", "bb", changed=frozenset({"x", "forward"}))
    unclear = mended("a", "bb", changed=frozenset({"x", "forward", "inverse"}))
    assert of_inverse.is_clear and of_x.is_clear and not unclear.is_clear and of_inverse.keeps_x and not of_x.keeps_x

    def mirrored(found, of_rounds, either=True, left=5e6):
        made, asked = object.__new__(Search), []
        made.__dict__.update(either=either, left=left)
        made._candidates = asked.append
        made._found = lambda candidates: of_rounds[len(asked) - 1]
        return made._mirrored(found, range(len(of_rounds))), len(asked), made.left

    assert mirrored([of_inverse], [[of_inverse], [unclear, of_x], [of_x]]) == ([of_x], 2, 1e6)
    assert mirrored([of_inverse, unclear], [[of_inverse], []], left=7.0) == ([], 2, 7.0)
    assert mirrored([of_inverse, of_x], [[of_x]])[:2] == ([], 0) and mirrored([unclear], [[of_x]])[:2] == ([], 0)
    assert mirrored([of_inverse], [[of_x]], either=False)[:2] == ([], 0) and mirrored([], [[of_x]])[:2] == ([], 0)


def test_rows_that_do_not_come_back():
    back = lambda x: x + onp.where(onp.abs(x[:, :1]) < 9, 1.5e-3, onp.nan)  # noqa: E731
    trial = trial_of(lambda z: z, back, z=[[0.5, 0.1], [3.0, 0.0], [0.0, 0.9], [9.5, 0.0]])
    assert telling._not_undone(trial, 1e-3) == {0, 2, 3} and telling._not_undone(trial, 2e-3) == {3}

    def raises(x):
        raise SystemExit

    assert telling._not_undone(trial_of(lambda z: z, raises), 1e-3) == set()
