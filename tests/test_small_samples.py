"""Statistics of draws, boxes of mass, growth far out, lines of a report, and which rows tell a wrong log_det."""

import ast
from importlib import import_module
from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from scipy.stats import kstest, norm
from tried_maps import rng, zero
from tried_maps import small_trial as trial_of

from nfscratch.check.finding import Finding, Outcome, Symptom, inconclusive, not_applicable
from nfscratch.check.letters import growth, mass_box, sample_statistics
from nfscratch.check.message import Case
from nfscratch.check.repair import inserted, telling, ways
from nfscratch.check.repair.edit import Edit, places, source
from nfscratch.check.trial import Unusable
from nfscratch.ops.roots import InversionError

audit = import_module("nfscratch.check.audit")  # the package has a function of this name


# --- statistics of draws ---


def test_the_value_that_comes_most_often():
    a = onp.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0], [4.0, 6.0], [2.0, 7.0]])
    assert sample_statistics.most_frequent(a) == (0.6, 5.0, 1)
    assert sample_statistics.most_frequent(a[:3]) == (0.0, 0.0, 0)
    holes = onp.where(a == 5.0, onp.nan, a)
    assert sample_statistics.most_frequent(holes) == (0.4, 2.0, 0)
    wide = onp.tile(onp.arange(9.0)[:, None], (1, 9))
    wide[:, 8] = 1.0
    assert sample_statistics.most_frequent(wide)[0] == 1 / 9
    v = onp.arange(8.0)
    assert sample_statistics._longest_run(v) == (1 / 8, 0.0)
    near = onp.sort(onp.concatenate([v, [5 + 5e-14, 5 + 1e-13]]))
    assert sample_statistics._longest_run(near) == (0.3, 5.0)
    assert sample_statistics._longest_run(onp.sort(onp.concatenate([v, [5 + 1e-11]])))[0] == 1 / 9


def test_a_distance_between_laws_is_kolmogorovs():
    a, b = rng().normal(size=200), rng(1).normal(size=300)
    close(sample_statistics._distance(a, None), kstest(a, norm.cdf).statistic, 1e-12)
    close(sample_statistics._distance(a, b), kstest(a, b).statistic, 1e-12)
    a[:50] = onp.nan
    assert sample_statistics._distance(a, None) > 0.24
    z = rng(2).normal(size=(500, 3))
    distance, allowed, where = sample_statistics.distance_from(z + [0, 1.0, 0], None, rng())
    assert distance > allowed and where == "coordinate 1"
    assert allowed == pytest.approx(onp.sqrt(onp.log(2 * 6 / 1e-6) / 1000))
    assert sample_statistics.distance_from(z, z[::-1], rng())[1] == pytest.approx(onp.sqrt(2 * onp.log(12e6) / 1000))
    directions, names = sample_statistics._directions(3, rng())
    close(onp.linalg.norm(directions, axis=1), onp.ones(6), 1e-12)
    assert names == ["coordinate 0", "coordinate 1", "coordinate 2"] + ["a random direction"] * 3
    assert (
        len(sample_statistics._directions(1, rng())[0]) == 1 and len(sample_statistics._directions(9, rng())[0]) == 11
    )


def test_rows_that_follow_each_other():
    z = rng().normal(size=(400, 2))
    error, allowed, where = sample_statistics.correlation_of_rows(z)
    assert error < allowed == pytest.approx(onp.sqrt(2 * onp.log(2 * 4 * 200 / 1e-6) / 400))
    for i in range(3, 400):
        z[i, 1] = 0.5 * z[i, 1] + 0.8 * z[i - 3, 1]
    error, allowed, where = sample_statistics.correlation_of_rows(z)
    assert error > allowed and where == "rows i and i + 3"
    sizes = rng(1).normal(size=(400, 1)) * onp.repeat([[0.1], [5.0]], 200, axis=0)
    assert sample_statistics.correlation_of_rows(sizes)[0] > 0.5
    close(sample_statistics._scores(onp.array([5.0, -1.0, 2.0])), norm.ppf([2.5 / 3, 0.5 / 3, 1.5 / 3]), 1e-12)
    a = rng(2).normal(size=9)
    by_hand = [sum(a[i] * a[(i + k) % 9] for i in range(9)) / (a @ a) for k in range(1, 5)]
    close(sample_statistics._autocorrelation(a), by_hand, 1e-12)


# --- the box of a base ---


def base(log_q, centre=0.0, scale=1.0, dim=1):
    draw = lambda generator, n: centre + scale * generator.normal(size=(n, dim))  # noqa: E731
    return SimpleNamespace(base_sample=draw, q=log_q, dim=dim, in_shape=(dim,), dtype=onp.dtype("float64"))


def test_the_box_of_a_density():
    low, high = mass_box.mass_box(base(lambda z: -0.5 * ((z[:, 0] - 3) / 2) ** 2, 3.0, 2.0))
    edge = 2 * onp.sqrt(28)
    assert 0 < (3 - edge) - low[0] < 1.5 and 0 < high[0] - (3 + edge) < 1.5
    low, high = mass_box.mass_box(base(lambda z: onp.where(onp.abs(z[:, 0]) < 40, 0.0, -onp.inf)))
    assert -45 < low[0] < -40 < 40 < high[0] < 45
    two = mass_box.mass_box(
        base(lambda z: -0.5 * z[:, 0] ** 2 - 0.5 * (z[:, 1] / 5) ** 2, 0.0, onp.array([1.0, 5.0]), 2)
    )
    assert 5 < two[1][0] < 6.5 and 26 < two[1][1] < 32
    narrow = mass_box.mass_box(base(lambda z: -0.5 * ((z[:, 0] - 1) / 1e-3) ** 2, 1.0, 1e-3))
    assert 5.2e-3 < narrow[1][0] - 1 < 6.5e-3
    inside = mass_box._dense_points(base(lambda z: onp.where(z[:, 0] > 1, onp.nan, -z[:, 0])), [0.0], [4.0], 5, -0.5)
    assert inside.tolist() == [[0.0]]


# --- growth ---


def grows(forward, **declared):
    finding = growth.check_growth(trial_of(forward, **declared), rng())
    return finding.symptom, finding.at


def test_forward_goes_on_growing():
    assert grows(lambda z: 1e-9 * z)[0] is None and grows(lambda z: z + onp.tanh(z))[0] is None
    symptom, words = grows(onp.tanh)
    assert symptom is Symptom.STOPS_GROWING and words.startswith(
        "|x| is 1, and 1 at |z| = 1000: it stops growing at z = ["
    )
    assert (
        grows(onp.tanh, codomain=(-1.0, 1.0))[0] is None
        and grows(onp.tanh, domain=(0.0, 1.0), z=[[0.5, 0.5]])[0] is None
    )
    assert grows(lambda z: onp.clip(z, -100, 100))[0] is None  # it ends beyond all draws
    assert grows(lambda z: onp.clip(z, -30, 30))[0] is Symptom.STOPS_GROWING

    def raises(error):
        def forward(z):
            if onp.abs(z).max() > 500:
                raise error("no")
            return z

        return forward

    symptom, words = grows(raises(KeyError))
    assert symptom is Symptom.RAISES and words.startswith("forward raises KeyError: 'no' at z = [")
    assert grows(raises(InversionError))[0] is None
    still = growth._stands_still(onp.array([[1.0], [1.0], [1.0]]), onp.array([[1.019], [1.021], [onp.inf]]))
    assert still.tolist() == [True, False, False]


def test_rays():
    found = growth.rays(rng(), (3,), (1.0, 10.0), "float64")
    assert found.shape == (2, 10, 3)
    close(onp.linalg.norm(found, axis=2), [[1.0] * 10, [10.0] * 10], 1e-12)
    close(found[1, 4:7], 10 * onp.eye(3), 0)
    close(found[1, 7:], -10 * onp.eye(3), 0)


# --- lines of a report ---


def case(error=0.0, tolerance=1.0, finding=None, **more):
    return Case(2, None, finding or Finding("R", "what", error, tolerance, **more))


def run_of(**cases):
    run = audit._Run("".join(cases), None, False, None)
    run.cases = dict(cases)
    return run


def line(cases, first=""):
    found = run_of(R=cases)._line("R", first)
    return found.status, found.detail


def test_the_line_of_a_letter():
    assert line([case(2.0), case(0.0)], "R") == (Outcome.FAILED, "what")
    assert line([case(2.0)], "S") == (Outcome.WAITING, "what")
    assert line([]) == (Outcome.SKIPPED, "") and line([], "S") == (Outcome.SKIPPED, "waits for S")
    assert line([case(finding=not_applicable("R", "why"))]) == (Outcome.NOT_APPLICABLE, "why")
    assert line([case(finding=inconclusive("R", "w", "why"))]) == (Outcome.INCONCLUSIVE, "why")
    assert line([case(0.1, 1.0), case(0.3, 0.5), case(0.4, 1.0)]) == (Outcome.PASSED, "3e-01 of 5e-01 allowed")
    assert (
        line([case(0.0, 1.0)]) == (Outcome.PASSED, "")
        and line([case(0.0, 0.0), case(0.1, 1.0)])[1] == "1e-01 of 1e+00 allowed"
    )


def test_what_has_been_settled():
    misshapen = run_of(S=[case(1.0, 0.0, symptom=Symptom.SHAPE)], R=[], J=[case(2.0)])
    assert misshapen._misshapen() and misshapen._settled("R") and misshapen._settled("S")
    holes = run_of(S=[case(1.0, 0.0, symptom=Symptom.NOT_FINITE)], R=[])
    assert not holes._misshapen() and not holes._settled("R") and not run_of(R=[])._misshapen()
    assert run_of(R=[case(2.0, symptom=Symptom.SINGULAR)])._is_singular("R") and not run_of(R=[case(2.0)])._is_singular(
        "R"
    )
    assert len(run_of(R=[case(), case(finding=not_applicable("R", ""))])._judged("R")) == 1


def test_an_exception_of_a_subject_is_a_finding():
    trial = trial_of(lambda z: z)

    def raises(error):
        def check(trial):
            raise error

        return audit._guarded("R", check, trial)

    assert raises(Unusable("no")).outcome is Outcome.NOT_APPLICABLE and raises(Unusable("no")).why == "no"
    found = raises(onp.linalg.LinAlgError("no"))
    assert found.outcome is Outcome.INCONCLUSIVE and found.why == "linear algebra: no"
    found = raises(KeyError("no"))
    assert (found.letter, found.what, found.error, found.symptom) == (
        "R",
        "raises an exception",
        onp.inf,
        Symptom.RAISES,
    )
    assert found.at.startswith("KeyError: 'no', in line ") and found.at.endswith(" of test_small_samples.py")
    assert found.evidence["raised_by"] is KeyError and found.evidence["row"] == 0
    assert audit._place(KeyError()) == ""


# --- rows that tell, and lines that leave forward alone ---


def test_rows_with_a_wrong_log_det_are_among_those_asked():
    z = onp.arange(1.0, 13.0)[:, None]
    wrong_far = trial_of(lambda z: 2 * z, dim=1, z=z, log_det=lambda a: onp.log(2) + (a[:, 0] > 6.5))
    fine = onp.ones(12, dtype=bool)
    rows = telling.with_wrong_claims(wrong_far, "forward", onp.array([0, 1, 2]), fine, 1e-5)
    assert rows.tolist() == [0, 1, 2, 6, 7, 8]
    assert telling.with_wrong_claims(wrong_far, "forward", onp.array([0, 6, 7]), fine, 1e-5).tolist() == [0, 6, 7]
    assert telling.with_wrong_claims(wrong_far, "forward", onp.array([0, 6]), fine, 1e-5).tolist() == [0, 6, 7, 8]
    fine[6] = False
    assert telling.with_wrong_claims(wrong_far, "forward", onp.array([0, 1]), fine, 1e-5).tolist() == [0, 1, 7, 8, 9]
    right = trial_of(lambda z: 2 * z, dim=1, z=z, log_det=lambda a: zero(a) + onp.log(2) + 0.9e-4)
    assert telling.with_wrong_claims(right, "forward", onp.array([0, 1]), fine, 1e-5).tolist() == [0, 1]
    assert telling.with_wrong_claims(right, "forward", onp.array([0, 1]), fine[:5], 1e-5).tolist() == [0, 1]


@pytest.mark.parametrize(("met", "part", "leaves"), [
    ({2}, "y = a", False), ({3}, "y = a", False), ({4}, "y = a", True), ({4, 5}, "a", True), ({3}, "a", True),
    ({2}, "a", False),
])  # fmt: skip
def test_a_change_that_leaves_forward_alone(met, part, leaves):
    text = "def f(c):\n    y = a\n    b = 1\n    return y"
    place = next(p for p in places(ast.parse(text)) if source(p.node) == part)
    made = object.__new__(ways.Ways)
    made.__dict__["_of_forward"] = {"f.py": met}
    statement = SimpleNamespace(file="f.py", runs_at_import=False)
    edit = place.exchanged(ast.parse("q", mode="eval").body)
    assert made.leave_forward(statement, place, edit) is leaves
    assert made.leave_forward(SimpleNamespace(file="f.py", runs_at_import=True), place, edit) is False
    twice = Edit(edit.node, edit.field, edit.new, also=(edit,))
    assert made.leave_forward(statement, place, twice) is False
    made.__dict__["_of_forward"] = None
    assert made.leave_forward(statement, place, edit) is False


def test_the_other_end_of_a_bracket():
    scope = SimpleNamespace(locals={"lo": onp.ones(2), "hi": onp.ones(2), "k": 1}, like=lambda value: ["lo", "hi", "W"])
    found = inserted._of_other_end(ast.parse("lo = np.where(below, mid, lo)").body[0], scope)
    assert [source(line) for line in found] == ["hi = np.where(below, hi, mid)"]
    for text in ("lo = np.where(below, mid)", "lo = mid", "lo[0] = np.where(a, b, c)", "lo += np.where(a, b, c)"):
        assert list(inserted._of_other_end(ast.parse(text).body[0], scope)) == []
    over = lambda a, b: inserted._overwrites(ast.parse(a).body[0], b and ast.parse(b).body[0])  # noqa: E731
    assert (
        over("x = y", "x = z")
        and not over("x = x + y", "x = z")
        and not over("x = y", "w = z")
        and not over("x += y", "x = z")
    )
    assert not over("x = y", "x += z") and not over("x = y", None)
