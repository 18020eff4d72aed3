"""Lines through a map, splines along a line, words beside a name, children that answer, and draws of what is given."""

import os
from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from tried_maps import rng, zero
from tried_maps import small_trial as trial_of

import nfscratch as nf
from nfscratch import trees
from nfscratch.check import Mistake, draws
from nfscratch.check.diagnosis import one_change, spline_line, wrong_planar, wrong_spline, wrong_terms
from nfscratch.check.diagnosis.mistakes import Named
from nfscratch.check.finding import Finding, Outcome, Symptom
from nfscratch.check.letters import gradients, joins
from nfscratch.check.repair import child
from nfscratch.check.repair.edit import Kind, OfLines
from nfscratch.check.trial import of_bijection_at

# --- joins along a line ---


def line_of(f, log_det=zero, dim=1, **declared):
    return joins._Line(trial_of(f, dim=dim, log_det=log_det, **declared), "forward", 0, onp.full(dim, 0.4), (0.0, 1.0))


def along(f, log_det=zero, known=False, **declared):
    finding = joins._along(line_of(f, log_det, **declared), known)
    return finding.symptom, finding.at


def test_what_a_line_shows():
    assert along(onp.sinh, lambda z: onp.log(onp.cosh(z))[:, 0]) == (None, "")
    symptom, words = along(lambda z: z + 1.0 * (z > 0.517))
    assert symptom is Symptom.JUMP and words == "forward jumps at z = [0.517]"
    symptom, words = along(lambda z: z, lambda z: z[:, 0] + 0.5 * (z[:, 0] > 0.517))
    assert symptom is Symptom.DERIVATIVE_JUMPS and words.startswith("log_det jumps")
    assert along(lambda z: z, lambda z: z[:, 0] + 0.5 * (z[:, 0] > 0.517), known=True) == (None, "")
    symptom, words = along(lambda z: onp.where(onp.abs(z - 3) < 0.1, onp.nan, z))
    assert symptom is Symptom.NOT_FINITE and words.startswith("forward is NaN at z = [2.9")
    assert along(lambda z: onp.where(z > 3, onp.nan, z), domain=(-9.0, 9.0))[0] is None

    def refuses(z):
        if (z > 5).any():
            raise ValueError("too far")
        return z

    symptom, words = along(refuses)
    assert symptom is Symptom.RAISES and words.startswith("forward raises ValueError: too far at z = [-12]")
    assert along(lambda z: z, lambda z: 0.5 * (z[:, 0] > 0.517)) == (None, "")  # a kink: constant on both sides


def test_a_number_that_overflows_on_a_line_is_honest():
    with onp.errstate(all="ignore"):
        steep = lambda z: onp.exp(onp.exp(z)) - onp.exp(onp.exp(z) * 1.01)  # noqa: E731
        line, t = line_of(steep), onp.linspace(-12, 12, 601) + 1e-3
        values = line.values(t)
        assert onp.isnan(values).any() and joins._overflows(line, t, values)
        assert onp.abs(joins._last_finite(line.values, 0.0, 12.0)[0, 0]) > 1e200
        hole = line_of(lambda z: onp.where(z > 3, onp.nan, z))
        assert not joins._overflows(hole, t, hole.values(t))
        close(joins._last_finite(hole.values, 0.0, 12.0)[0, :1], [3.0], 1e-9)
        nothing = line_of(lambda z: z * onp.nan)
        assert not joins._overflows(nothing, t, nothing.values(t))


def test_the_first_and_the_last_variable_are_looked_at():
    jumps = lambda j: lambda z: z + onp.eye(3)[j] * (z[:, j : j + 1] > 0.517)  # noqa: E731
    found = [joins._scan(trial_of(jumps(j), dim=3), "forward", False, rng(), False) for j in range(3)]
    assert [f.symptom for f in found] == [Symptom.JUMP, None, Symptom.JUMP]
    assert joins.check_joins(trial_of(jumps(0), dim=3), rng()).symptom is Symptom.JUMP
    assert joins.check_joins(trial_of(lambda z: 2 * z, lambda x: x / 2), rng()).outcome is Outcome.PASSED


# --- splines along a line ---


def quotient(v):
    """p / q with p and q quadratic on pieces of length 1: v + bump of each piece."""
    k, u = onp.floor(v), v - onp.floor(v)
    return k + (u * u + 0.4 * u * (1 - u)) / (1 + 0.7 * u * (1 - u))


def test_a_map_of_quotients():
    assert spline_line.is_rational_quadratic(trial_of(quotient, dim=1))
    assert not spline_line.is_rational_quadratic(trial_of(lambda z: z + 0.3 * onp.sin(2 * z), dim=1))
    assert not spline_line.is_rational_quadratic(trial_of(lambda z: 2 * z, dim=1))
    assert not spline_line.is_rational_quadratic(trial_of(onp.sinh, dim=1))
    shifted = trial_of(lambda z: onp.stack([z[:, 0], quotient(z[:, 1])], axis=1))
    assert spline_line.variable(shifted) == 1 and spline_line.is_rational_quadratic(shifted)
    with_nan = trial_of(lambda z: onp.where(onp.abs(z - 0.5) < 0.05, onp.nan, quotient(z)), dim=1)
    assert spline_line.is_rational_quadratic(with_nan)


def slope(v):
    h = 1e-5
    return (quotient(v + h) - quotient(v - h)) / (2 * h)


@pytest.mark.parametrize(("claim", "name"), [
    (lambda z, l: l + 0.3 * onp.floor(z)[:, 0], "SPLINE_SLOPE"),
    (lambda z, l: l + onp.log(1 + 0.7 * (z % 1) * (1 - z % 1))[:, 0], "SPLINE_DENOMINATOR"),
    (lambda z, l: l + 0.3 * onp.sin(z)[:, 0], None), (lambda z, l: l + 1e-6 * z[:, 0], None),
])  # fmt: skip
def test_the_log_det_of_a_spline(claim, name):
    trial = trial_of(quotient, dim=1, log_det=lambda z: claim(z, onp.log(slope(z))[:, 0]))
    found = wrong_spline.spline_mistake([SimpleNamespace(failed=True, trial=trial)])
    assert (found.name if found else None) == name
    assert wrong_spline.spline_mistake([SimpleNamespace(failed=False, trial=trial)]) is None


def test_which_root_an_inverse_takes():
    trial = trial_of(quotient, lambda x: x, dim=1, z=onp.zeros((2, 1)))
    line = spline_line.along(trial, 0, spline_line.inner(trial, 40))
    z = 0.3
    x = quotient(onp.array(z))
    p, q, solvable = wrong_spline._fit(line, onp.zeros(1), 0, z, x)
    assert solvable and abs(p(z) - x * q(z)) < 1e-6
    roots = onp.roots([(0.6 + 0.7 * x), (0.4 - 0.7 * x), -x])
    other = float(roots[onp.argmax(onp.abs(roots - z))])
    assert abs(p(other) - x * q(other)) < 1e-3 * (abs(p(other)) + abs(x * q(other)))
    vote = lambda back: wrong_spline._vote(line, 0, z, x, back, onp.zeros(1))  # noqa: E731
    assert vote(other) is Mistake.OTHER_ROOT and vote(other + 0.1) is None
    assert wrong_spline._quadratic((1.0, 2.0, 3.0), 2.0) == 17 / 5


# --- planar maps of one variable, unclamped scales ---


@pytest.mark.parametrize("direction", ["forward", "inverse"])
@pytest.mark.parametrize(("by", "is_one"), [(0, True), (1, False)])
def test_a_planar_map_of_one_variable(by, is_one, direction):
    z, w, u = rng().normal(size=(12, 1)), 0.8, 0.6
    h = onp.tanh(w * z[:, 0] + 0.2)
    x, J = z + u * h[:, None], 1 + u * w * (1 - h**2)
    c = onp.log(onp.abs(1 + 1.7 * u * w * h))
    s = SimpleNamespace(J=J[:, None, None], c=c, at=z, there=x, dim=1, direction="forward")
    if direction == "inverse":
        s = SimpleNamespace(J=1 / J[:, None, None], c=-c, at=x, there=z, dim=1, direction="inverse")
    of = (lambda moved, slope: moved, lambda moved, slope: slope - 1)[by]
    looks = lambda s: bool(wrong_planar._is_tanh_of_one_variable(s, of))  # noqa: E731
    assert looks(s) is is_one
    few = SimpleNamespace(**{k: v[:6] if isinstance(v, onp.ndarray) else v for k, v in vars(s).items()})
    assert looks(few) is is_one
    for k in ("c", "J", "at", "there"):
        setattr(few, k, getattr(few, k)[:5])
    assert not looks(few)
    s.J = s.J + 1e-5 * (onp.arange(12) == 3)[:, None, None]
    assert not looks(s)


@pytest.mark.parametrize(("size", "off", "fits"), [
    (0.9, 0.0, (True, True)), (0.9, 0.9e-3, (True, True)), (0.9, 1.2e-3, (False, True)), (1e-4, 0.0, (True, False)),
])  # fmt: skip
def test_a_bound_is_told_where_it_bends(size, off, fits):
    l = size * onp.linspace(-1, 1, 9)[:, None]
    raw = onp.arctanh(l).sum(axis=1)
    s = SimpleNamespace(c=raw + off * (1 + onp.abs(raw)) * (onp.arange(9) == 2), t=l.sum(axis=1))
    found = tuple(bool(f) for f in wrong_terms._soft(s, l, 1.0))
    assert found == fits
    assert wrong_terms._bits(5, 3).tolist() == [True, False, True] and wrong_terms._bits(2, 3).tolist() == [
        False,
        True,
        False,
    ]


# --- words beside a name ---


def change(**more):
    given = {
        "where": "line 3 of a.py", "change": "with `b` in place of `a`", "before": "a", "after": "b", "others": (),
        "changed": frozenset({"x", "forward"}), "laws": ("R",), "of_lines": None, "is_of_one": True,
        "constrains": False,
        "is_a_guess": False,
        "keeps_x": False,
        "orphans": (),
    }  # fmt: skip
    return SimpleNamespace(**(given | more))


def said(monkeypatch, mistake, letter="R", where="inverse", **more):
    monkeypatch.setattr(one_change, "_repair", lambda letter, cases: change(**more))
    named, words = one_change.with_change(letter, Named(mistake, where), [])
    return named.mistake.name, named.where, named.direction, words


def test_a_change_stands_beside_its_name(monkeypatch):
    both = {"changed": frozenset({"inverse"}), "before": "x + t", "after": "x - t"}
    assert said(monkeypatch, Mistake.SHIFT_NOT_UNDONE, **both) == (
        "SHIFT_NOT_UNDONE", "inverse", None, "Line 3 of a.py: with `b` in place of `a` R holds.",
    )  # fmt: skip
    in_place = ("ONE_CHANGE", "line 3 of a.py, with `b` in place of `a`")
    assert said(monkeypatch, Mistake.NO_UNDOING, **both) == (*in_place, "inverse", "With it, R holds.")
    assert said(monkeypatch, Mistake.SHIFT_NOT_UNDONE) == (*in_place, "forward", "With it, R holds.")
    several = said(monkeypatch, Mistake.NO_UNDOING, laws=("R", "X"), changed=frozenset({"x", "forward", "inverse"}))
    assert several == (*in_place, None, "With it, R, X hold.")
    assert (
        said(monkeypatch, Mistake.NO_UNDOING, "T")[3] == ""
        and said(monkeypatch, Mistake.NO_UNDOING, laws=("X",))[3] == ""
    )
    assert said(monkeypatch, Mistake.LOG_DET_FORMULA, "X", laws=("J forward",))[0] == "ONE_CHANGE"
    assert said(monkeypatch, Mistake.FOLDS, is_of_one=False)[3] == ""
    assert said(monkeypatch, Mistake.FOLDS, is_of_one=False, constrains=True)[0] == "ONE_CHANGE"
    assert said(monkeypatch, Mistake.FOLDS, is_of_one=False, laws=("R", "J forward"))[0] == "ONE_CHANGE"
    name, _, _, words = said(monkeypatch, Mistake.FOLDS, constrains=True, is_a_guess=True)
    assert (name, words) == ("FOLDS", "Line 3 of a.py: with `b` in place of `a`, for example, R holds.")
    for no_example in ({"laws": ("S", "X")}, {"after": "exp(--b)"}):
        name, _, _, words = said(monkeypatch, Mistake.FOLDS, "S", constrains=True, is_a_guess=True, **no_example)
        assert (name, words) == ("FOLDS", "")


def test_what_a_loop_has_made_has_no_other_name(monkeypatch):
    bound = {"of_lines": SimpleNamespace(kind=Kind.BOUND), "changed": frozenset({"inverse"})}
    assert said(monkeypatch, Mistake.SHIFT_NOT_UNDONE, **bound)[0] == "ONE_CHANGE"
    moved = bound | {"of_lines": SimpleNamespace(kind=Kind.EXCHANGED)}
    assert said(monkeypatch, Mistake.SHIFT_NOT_UNDONE, **moved)[0] == "SHIFT_NOT_UNDONE"
    bare = {"changed": frozenset({"forward", "inverse"}), "before": "log(det(W))"}
    for after in ("log(det(P @ W))", "log(-det(W))"):
        assert said(monkeypatch, Mistake.NO_ABSOLUTE_VALUE, "S", after=after, laws=("S",), **bare)[3] == ""
        assert said(monkeypatch, Mistake.NO_ABSOLUTE_VALUE, "S", after=after, laws=("S",), **bare)[0] != "ONE_CHANGE"
    assert said(monkeypatch, Mistake.NO_ABSOLUTE_VALUE, "S", after="det(W)", laws=("S",), **bare)[0] == "ONE_CHANGE"
    assert said(monkeypatch, Mistake.CLIPS_ARGUMENT, changed=frozenset({"inverse"}))[0] == "ONE_CHANGE"


def test_either_direction_is_said_where_numbers_do_not_tell(monkeypatch):
    mirrored = change(where="line 9 of b.py", change="without `c`", keeps_x=True)
    name, where, direction, words = said(monkeypatch, Mistake.NO_UNDOING, others=(mirrored,))
    assert (name, direction) == ("ONE_CHANGE", None)
    assert where == "either line 3 of a.py, with `b` in place of `a`, or line 9 of b.py, without `c`"
    assert words.startswith("With either, R holds: ")
    _, where, _, words = said(monkeypatch, Mistake.NO_UNDOING, orphans=("self.P",))
    assert where.endswith("in place of `a`, or self.P is missing in the other direction")
    assert words.startswith("With the first, R holds: ")
    same = change(where="line 9 of b.py", change="without `c`")
    assert said(monkeypatch, Mistake.NO_UNDOING, others=(same,))[1] == "line 3 of a.py, with `b` in place of `a`"


def test_other_changes_are_told():
    other = change(where="line 9 of b.py", change="without `c`")
    words = one_change._others
    assert words(change()) == ""
    assert words(change(others=(other,))) == " So it does with another change alone: line 9 of b.py, without `c`."
    assert words(change(others=(other, other), laws=("R", "X"))) == (
        " So they do with another change alone, among others: line 9 of b.py, without `c`."
    )
    mirrored = change(where="line 9 of b.py", change="without `c`", keeps_x=True)
    assert words(change(others=(mirrored,))) == " Or the other direction is the wrong one: line 9 of b.py, without `c`."


@pytest.mark.parametrize(("mistake", "before", "after", "of_lines", "agrees"), [
    ("WRONG_ORDER", "x - t / d", "(x - t) / d", None, True), ("WRONG_ORDER", "x - t", "x + t", None, False),
    ("WRONG_ORDER", "", "", OfLines(Kind.EXCHANGED, (), ("x", "x"), ""), True),
    ("WRONG_ORDER", "", "", OfLines(Kind.EXCHANGED, (), ("x", "y"), ""), False),
    ("WRONG_ORDER", "", "", OfLines(Kind.LEFT_OUT, (), ("x",), ""), False),
    ("NOT_NEGATED", "l", "-l", None, True), ("NOT_NEGATED", "-l", "l", None, False),
    ("NOT_NEGATED", "l", "l", OfLines(Kind.PUT_IN, (), (), ""), True), ("PERMUTATION", "x[:, p]", "x", None, False),
    ("PERMUTATION", "x[:, p]", "x[:, np.argsort(p)]", None, True), ("UNCLAMPED", "s", "np.tanh(s)", None, True),
    ("UNCLAMPED", "s", "np.log(s)", None, False), ("MEAN", "l.mean()", "l.sum()", None, True),
    ("MEAN", "a", "b", None, False),
    ("MEAN", "a", "b", OfLines(Kind.PUT_IN, (), (), ""), True), ("CYCLE_OF_NOTHING", "", "", None, True),
])  # fmt: skip
def test_a_name_agrees_with_a_change(mistake, before, after, of_lines, agrees):
    named = Named(getattr(Mistake, mistake, Mistake.STRUCTURE), "")
    assert bool(one_change._agrees(named, change(before=before, after=after, of_lines=of_lines))) is agrees


# --- children ---


FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="the search needs a POSIX system")


@FORKS
def test_what_a_child_writes_is_read_to_its_end():
    def read(write):
        theirs, ours = os.pipe()
        write(ours)
        with os.fdopen(theirs, "rb") as pipe:
            return child._read(pipe)

    def whole(pipe):
        os.write(pipe, b"a" * 70_00)
        os.write(pipe, b"b")
        os.close(pipe)

    assert read(whole) == b"a" * 7000 + b"b" and read(os.close) == b""
    assert child.answered_by_child(lambda: {"a": [1, 2]}) == {"a": [1, 2]}
    in_use = child._address_space()  # not every system says it
    assert child.answered_by_child(lambda: 1 / 0) is None and (in_use is None or in_use > 1_000_000)


@FORKS
def test_a_child_that_says_nothing_has_no_answer(monkeypatch):
    monkeypatch.setattr(child, "PATIENCE", 0.0)
    theirs, ours = os.pipe()
    os.write(ours, b"half")
    with os.fdopen(theirs, "rb") as pipe:
        assert child._read(pipe) == b""  # it has not ended
    os.close(ours)
    monkeypatch.setattr(os, "fork", lambda: (_ for _ in ()).throw(OSError))
    assert child.answered_by_child(lambda: 1) is None
    monkeypatch.delattr(os, "fork")
    assert child.answered_by_child(lambda: 1) is None


# --- draws with what is given ---


def test_the_parameters_of_a_draw():
    options = {"params": None, "context": None, "radii": (0.3,)}
    made = nf.ActNorm(2)
    scales = [
        onp.abs(next(iter(draws._with_draws(made, rng(), options, s).params.values()))).max() for s in (None, 0.3)
    ]
    assert scales[0] > scales[1] > 0
    deep = nf.Chain([nf.ActNorm(2) for _ in range(32)])
    spread = onp.std([v for p in draws._with_draws(deep, rng(), options).params for v in p.values()])
    assert 0.3 < spread < 0.8
    calm = onp.std([v for p in draws._with_draws(deep, rng(), options, 0.3).params for v in p.values()])
    assert calm < 0.4 * spread
    params = made.init(rng())
    assert draws._with_draws(made, rng(), options | {"params": params}).params is params
    wide = nf.Coupling(nf.Affine(), (True, False), context_dim=1)
    given = options | {"params": trees.cast(wide.init(rng()), "float32"), "context": onp.ones((1, 1))}
    assert draws._with_draws(wide, rng(), given).context.dtype == onp.float32


def test_pairs_of_functions_are_drawn_alike():
    pair = (lambda z: (2 * z, zero(z)), lambda x: (x / 2, zero(x)))
    options = {"params": None, "context": None, "dtype": None, "draws": 3, "radii": (0.3, 1.0)}
    groups, notes = draws._groups_of_pairs(pair, (2, 3), rng(), {}, options)
    assert notes == [] and [g.dim for g in groups] == [2, 3] and [len(g.trials) for g in groups] == [2, 2]
    assert groups[0].singles == [] and groups[0].calm == groups[0].trials[:1] and groups[0].moved == []
    assert groups[0].trials[0].subject.begun is not None
    single = tuple(lambda a, f=f: tuple(r.astype("float32") for r in f(a)) for f in pair)
    groups, notes = draws._groups_of_pairs(single, (2,), rng(), {}, options)
    assert notes == ["audited in float32, in which the functions compute; dtype='float64' audits them in float64"]
    assert groups[0].trials[0].subject.dtype == onp.float32
    groups, notes = draws._groups_of_pairs(single, (2,), rng(), {}, options | {"dtype": "float64"})
    assert notes == [] and groups[0].trials[0].subject.dtype == onp.float64
    assert draws._some_points(3, {}).shape == (6, 3) and draws._some_points((1, 2, 2), {}).shape == (6, 1, 2, 2)
    assert (draws._some_points(2, {"domain": (5.0, 6.0)}) > 5).all()


# --- gradients ---


def test_the_gradients_of_a_layer():
    made = nf.ActNorm(2)
    trial = of_bijection_at(made, made.init(rng()), rng().normal(size=(8, 2)))
    right = gradients.check_gradients(trial, rng())
    assert (
        right.ok and gradients.check_gradients(trial_of(lambda z: z), rng()).why == "plain functions have no pullback"
    )
    rows, at = gradients._ordinary(trial, "inverse")
    assert rows.tolist() == list(range(6)) and (at == trial.x[:6]).all()
    y, log_det, g_y, g_log_det, (_, g_at, g_context) = gradients._pulled(
        trial.subject.at(rows), "forward", trial.z[:6], rng()
    )
    assert (
        y.shape == g_y.shape == g_at.shape == (6, 2) and log_det.shape == g_log_det.shape == (6,) and g_context is None
    )
    assert gradients._all_finite([onp.ones(2)]) and not gradients._all_finite([onp.ones(2), onp.array([onp.nan])])
    assert not gradients._is_traced(trial.subject)
    step = gradients._step_inside(SimpleNamespace(ends=lambda d: (0.0, 2.0)), "forward", onp.zeros((4000, 1)), rng())
    assert 0.18 < step.std() < 0.22
    free = gradients._step_inside(
        SimpleNamespace(ends=lambda d: (-onp.inf, onp.inf)), "forward", onp.zeros((4000, 1)), rng()
    )
    assert 0.9 < free.std() < 1.1


def test_a_layer_that_autograd_cannot_trace(monkeypatch):
    def fails():
        raise ValueError("no")

    monkeypatch.setattr(gradients, "_is_traced", lambda subject: True)
    assert gradients._tried(fails, None).why == "autograd cannot trace this map (ValueError)"
    assert gradients._tried(lambda: 5, None) == 5
    monkeypatch.setattr(gradients, "_is_traced", lambda subject: False)
    with pytest.raises(ValueError, match="no"):
        gradients._tried(fails, None)
    found = [Finding("G", "a", 0.0, 1.0), Finding("G", "b", 0.5, 1.0), Finding("G", "c", 0.2, 1.0)]
    monkeypatch.setattr(gradients, "_of_pullbacks", lambda trial, rng: iter(found))
    monkeypatch.setattr(gradients, "check_density_gradient", lambda trial, rng: Finding("G", "d", 0.0, 1.0))
    subject = SimpleNamespace(subject=SimpleNamespace(bijection=1))
    assert gradients.check_gradients(subject, rng()).what == "b"
    found.append(Finding("G", "e", 2.0, 1.0))
    assert gradients.check_gradients(subject, rng()).what == "e"
