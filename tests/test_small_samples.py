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
from nfscratch.check.letters import growth, mass_box, sample_statistics, samples
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


@pytest.mark.parametrize(("gap", "run"), [(0.9e-6, 2), (1.1e-6, 1), (1e-6, 2)])
def test_numbers_are_one_value_up_to_a_share_of_the_middle_half(gap, run):
    """From the fourth to the tenth of twelve numbers it is 1e6."""
    v = onp.array([-9e9, -8e9, -7e9, 0.0, gap, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8])
    assert sample_statistics._longest_run(v)[0] == run / 12


@pytest.mark.parametrize(
    ("at", "gap", "run"), [(1.0, 1.8e-14, 2), (1.0, 2.6e-14, 1), (4.0, 5.5e-14, 2), (4.0, 8e-14, 1)]
)
def test_numbers_are_one_value_up_to_their_last_digits(at, gap, run):
    v = onp.sort(onp.append(at + 1e-3 * onp.arange(11.0), at + gap))
    assert sample_statistics._longest_run(v)[0] == run / 12


def test_four_numbers_of_a_column_are_enough():
    assert sample_statistics.most_frequent(onp.array([[5.0], [5.0], [1.0], [2.0]])) == (0.5, 5.0, 0)


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


def test_values_that_come_in_both_samples_count_on_the_same_side():
    a, b = onp.array([1.0, 2.0, 2.0, 3.0, 5.0]), onp.array([2.0, 2.0, 2.0, 5.0])
    close(sample_statistics._distance(a, b), kstest(a, b).statistic, 1e-12)


def test_eight_columns_and_their_sizes_about_the_middle_are_asked():
    z = rng().normal(size=(400, 9))
    z[:, 8] = onp.linspace(-1, 1, 400)
    error, allowed, _ = sample_statistics.correlation_of_rows(z)
    assert error < allowed == pytest.approx(onp.sqrt(2 * onp.log(2 * 16 * 200 / 1e-6) / 400))
    sizes = 100.0 + rng(1).normal(size=(400, 1)) * onp.repeat([[0.1], [5.0]], 200, axis=0)
    assert sample_statistics.correlation_of_rows(sizes)[0] > 0.5


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
    assert -6.5 < two[0][0] < -5 and -32 < two[0][1] < -26
    narrow = mass_box.mass_box(base(lambda z: -0.5 * ((z[:, 0] - 1) / 1e-3) ** 2, 1.0, 1e-3))
    assert 5.2e-3 < narrow[1][0] - 1 < 6.5e-3
    inside = mass_box._dense_points(base(lambda z: onp.where(z[:, 0] > 1, onp.nan, -z[:, 0])), [0.0], [4.0], 5, -0.5)
    assert inside.tolist() == [[0.0]]


def test_dense_points_are_those_of_a_grid_down_to_a_share_of_the_peak():
    with onp.errstate(all="warn"):
        found = mass_box._dense_points(base(lambda z: -z[:, 0] + onp.log(z[:, 0] + 0.5)), [-1.0], [4.0], 6, -1.0)
    assert found.tolist() == [[0.0], [1.0], [2.0]]
    found = mass_box._dense_points(base(lambda z: -z[:, 0]), [0.0], [4.0], 5, -2.0)
    assert found.tolist() == [[0.0], [1.0], [2.0]]
    two = mass_box._dense_points(base(lambda z: -z[:, 0] - 0.5 * z[:, 1], dim=2), [0.0, 10.0], [2.0, 12.0], 3, -1.0)
    assert two.tolist() == [[0.0, 10.0], [0.0, 11.0], [0.0, 12.0], [1.0, 10.0]]


@pytest.mark.parametrize(("low", "high"), [(-2.0, 7.0), (50.0, 51.0), (-4.0, -3.5)])
def test_the_box_of_a_density_with_ends_is_beside_them(low, high):
    inside = lambda z: onp.where((z[:, 0] > low) & (z[:, 0] < high), 0.0, -onp.inf)  # noqa: E731
    found = mass_box.mass_box(base(inside, (low + high) / 2, (high - low) / 12))
    room = 0.05 * (high - low)
    assert low - room < found[0][0] <= low + 1e-9 and high - 1e-9 <= found[1][0] < high + room


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


# --- K by its parts ---


def drawing(**more):
    """A subject that can be sampled, or not."""
    usual = {
        "flow": None, "sample": lambda rng, n: "drawn", "sample_and_log_prob": None, "domain": (-onp.inf, onp.inf),
        "in_shape": (2,), "dtype": onp.dtype("float64"),
    }  # fmt: skip
    return SimpleNamespace(**usual | more)


def asked_of_k(monkeypatch, subject, findings=(), spoiled=False):
    """What K finds, and with which draws it looks, where the looks find these."""
    asked, left = [], iter(findings)
    trial = SimpleNamespace(subject=subject, apply=lambda direction, z: (f"{direction} of {z}", None))
    monkeypatch.setattr(samples, "_is_spoiled", lambda trial, share: asked.append(share) or spoiled)
    monkeypatch.setattr(samples, "_normal", lambda rng, n, s: f"{n} normal draws")
    look = lambda trial, draw, what, rng, n: asked.append((draw(rng, n), what)) or next(left)  # noqa: E731
    monkeypatch.setattr(samples, "_of_draws", look)
    return samples.check_samples(trial, rng(), 7), asked


WHAT, ASSUMED = "samples against the density", "forward of N(0, I) against its density (a base is assumed)"


def test_k_looks_at_own_samples_or_carries_normal_draws_forward(monkeypatch):
    good, worse = Finding("K", "good", 0.1, 1.0), Finding("K", "worse", 0.9, 1.0)
    bad, told = Finding("K", "bad", 2.0, 1.0), Finding("K", "told", 0.0, 1.0, why="words")
    found, asked = asked_of_k(monkeypatch, drawing(), [good])
    assert found is good and asked == [0.5, ("drawn", WHAT)]
    found, asked = asked_of_k(monkeypatch, drawing(sample=None), [good])
    assert found is good and asked == [0.0, ("forward of 7 normal draws", ASSUMED)]
    joint = drawing(sample_and_log_prob=lambda rng, n: "jointly")
    for first, second, wanted in ((good, worse, worse), (worse, good, worse), (good, bad, bad), (good, told, told)):
        found, asked = asked_of_k(monkeypatch, joint, [first, second])
        assert found is wanted and asked[1:] == [("drawn", WHAT), ("jointly", f"sample_and_log_prob: {WHAT}")]
    for only in (bad, told):
        found, asked = asked_of_k(monkeypatch, joint, [only])
        assert found is only and len(asked) == 2
    nothing = Finding("K", "nothing", 0.0, 1.0)
    found, _ = asked_of_k(monkeypatch, drawing(), [nothing])
    assert (found.letter, found.what, found.error, found.tolerance) == ("K", WHAT, 0.0, 1.0)


def test_where_k_does_not_look(monkeypatch):
    found, asked = asked_of_k(monkeypatch, drawing(sample=None, domain=(0.0, 1.0)))
    assert found.outcome is Outcome.NOT_APPLICABLE and asked == []
    assert found.why == "no samples, and no standard normal base on 0 to 1"
    found, asked = asked_of_k(monkeypatch, drawing(domain=(0.0, 1.0)), [Finding("K", "good", 0.1, 1.0)])
    assert found.ok and len(asked) == 2
    found, asked = asked_of_k(monkeypatch, drawing(), spoiled=True)
    assert (found.letter, found.what, found.why) == ("K", WHAT, "rounding spoils the way back") and asked == [0.5]
    assert found.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(("context_dim", "rows"), [(0, 4), (2, 1)])
def test_one_law_is_that_of_one_context(context_dim, rows, monkeypatch):
    subject = drawing(flow=SimpleNamespace(base=SimpleNamespace(context_dim=context_dim)))
    met = []
    subject.at = lambda k: met.append(list(k)) or subject
    monkeypatch.setattr(samples, "_is_spoiled", lambda trial, share: met.append(len(trial.z)) or True)
    samples.check_samples(SimpleNamespace(subject=subject, z=onp.zeros((4, 2))), rng())
    assert met[-1] == rows and (context_dim == 0 or met[0] == [0])


def of_draws(monkeypatch, looks, bijection=None, base=None, **wrong):
    s = drawing(bijection=bijection, base_sample=base)
    trial = SimpleNamespace(subject=s, apply=lambda direction, x: (-x, "log_det") if direction == "inverse" else None)
    x = onp.arange(8.0).reshape(4, 2)
    for name in ("_misshapen", "_repeated", "_atom"):
        monkeypatch.setattr(samples, name, lambda *a, name=name: wrong.get(name))
    seen = []

    def all_looks(trial, z, base, draw, rng):
        seen.append((z.tolist(), base))
        return [(symptom, lambda error=error: (error, 1.0, f"rows {error}")) for symptom, error in looks]

    monkeypatch.setattr(samples, "_looks", all_looks)
    return samples._of_draws(trial, lambda rng, n: (x, "log_prob") if n == 4 else None, "what", rng(), 4), seen


def test_the_first_look_that_fails_is_k_s_and_rows_of_a_user_s_own_are_told(monkeypatch):
    right = [(Symptom.DISTANCE, 0.1), (Symptom.ROWS, 0.2)]
    found, seen = of_draws(monkeypatch, right)
    assert (
        found.ok and found.what == "what, rows 0.2" and not found.why and (found.error, found.tolerance) == (0.2, 1.0)
    )
    assert seen == [([[0, -1], [-2, -3], [-4, -5], [-6, -7]], None)] and found.symptom is Symptom.ROWS
    assert found.evidence["x"].tolist() == onp.arange(8.0).reshape(4, 2).tolist() and found.evidence["row"] == 0
    found, seen = of_draws(monkeypatch, right, base=lambda rng, n: onp.full((n, 1, 2), 3.0))
    assert seen[0][1].shape == (4, 2) and found.evidence["base"] is seen[0][1]
    found, _ = of_draws(monkeypatch, [(Symptom.DISTANCE, 1.5), (Symptom.ROWS, 9.0)])
    assert found.failed and found.symptom is Symptom.DISTANCE and found.error == 1.5
    found, _ = of_draws(monkeypatch, [(Symptom.DISTANCE, 0.1), (Symptom.ROWS, 9.0)])
    assert found.ok and (found.error, found.tolerance, found.letter) == (0.0, 1.0, "K")
    assert found.why == "rows of a sample depend on each other (9.0); no other mistake was seen"
    found, _ = of_draws(monkeypatch, [(Symptom.DISTANCE, 0.1), (Symptom.ROWS, 9.0)], bijection=object())
    assert found.failed and found.symptom is Symptom.ROWS
    for name in ("_misshapen", "_repeated", "_atom"):
        assert of_draws(monkeypatch, right, **{name: "a finding"}) == ("a finding", [])


def test_the_looks_of_k_get_what_they_ask_for(monkeypatch):
    for name in ("distance_from", "bridge_to_base", "moments_of", "correlation_of_rows"):
        monkeypatch.setattr(samples, name, lambda *a, name=name: (name, *a))
    monkeypatch.setattr(samples, "shuffled", lambda z: f"shuffled {z}")
    found = {symptom: look() for symptom, look in samples._looks("trial", "z", "base", "draw", "rng")}
    assert found == {
        Symptom.DISTANCE: ("distance_from", "z", "base", "rng"),
        Symptom.BRIDGE: ("bridge_to_base", "trial", "shuffled z", "rng"),
        Symptom.MOMENTS: ("moments_of", "trial", "shuffled z", "draw", "rng"),
        Symptom.ROWS: ("correlation_of_rows", "z"),
    }


@pytest.mark.parametrize(
    ("value", "extreme"), [(0.0, True), (9e-9, True), (1e-9 * 10.0, True), (1.05e-8, False), (9.0, True), (5.0, False)]
)
def test_an_atom_at_an_end_of_the_draws_is_extreme(value, extreme):
    a = onp.linspace(0.0, 9.0, 1000)[:, None]
    a[400:410] = value
    found = samples._atom(drawing(codomain=(0.0, 1.0)), a, a)
    assert found.symptom is Symptom.ATOM and found.evidence["extreme"] == extreme
    assert found.error == pytest.approx(0.01, abs=0.002)
    assert samples._atom(drawing(codomain=(0.0, 1.0), dtype=onp.dtype("float32")), a, a) is None


def test_misshapen_samples_fail_whatever_is_allowed():
    found = samples._misshapen(SimpleNamespace(out_shape=(2,)), onp.full((3, 2), onp.nan), 3)
    assert (found.error, found.tolerance, found.symptom) == (onp.inf, 0.0, Symptom.SHAPE) and found.failed
    assert found.at == "sample(rng, 3) must give (3, 2), finite; got (3, 2), 6 numbers not finite"


@pytest.mark.parametrize(("allowed", "z", "share", "spoiled"), [
    ([0.1, 0.1, 0.2, 0.2], [1, 3.0, 1, 1], 0.5, False), ([0.1, 0.2, 0.2, 0.2], [1, 1, 1, 1], 0.5, True),
    ([0.1, 0.1, 0.1, 0.2], [1, 1, 1, 3.1], 0.0, False), ([0.1, 0.1, 0.1, 0.2], [1, 1, 1, 3.0], 0.0, True),
    ([onp.nan] * 4, [1, 1, 1, 1], 0.5, True), ([9.0] * 4, [4, 4, 4, 4], 0.0, False),
])  # fmt: skip
def test_rounding_spoils_the_way_back_of_normal_draws(allowed, z, share, spoiled):
    trial = SimpleNamespace(allowed=onp.array(allowed), z=onp.array(z, dtype=float)[:, None])
    assert bool(samples._is_spoiled(trial, share)) is spoiled
