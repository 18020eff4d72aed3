"""Letter K step by step: which draws are judged, by which looks, in which order, and what is kept as evidence."""

from types import SimpleNamespace

import numpy as onp
import pytest
from tried_maps import rng

from nfscratch.check.finding import Finding, Outcome, Symptom
from nfscratch.check.letters import samples

REALS = (-onp.inf, onp.inf)
OWN, ASSUMED = "samples against the density", "forward of N(0, I) against its density (a base is assumed)"


def subject(**more):
    usual = {"flow": None, "domain": REALS, "codomain": REALS, "sample": None, "sample_and_log_prob": None}
    usual |= {
        "base_sample": None,
        "bijection": None,
        "in_shape": (2,),
        "out_shape": (2,),
        "dtype": onp.dtype("float64"),
    }
    return SimpleNamespace(**(usual | more))


def finding(share, why=""):
    return Finding("K", "it", share, 1.0, why=why)


def asked_of(monkeypatch, s, findings, spoiled=False):
    """K's finding, the shares of spoiled rows that it bears, and (trial, draw, what, rng, n) of each look at draws."""
    shares, asked, given = [], [], list(findings)
    monkeypatch.setattr(samples, "_is_spoiled", lambda trial, share: shares.append(share) or spoiled)
    monkeypatch.setattr(samples, "_of_draws", lambda *look: asked.append(look) or given.pop(0))
    monkeypatch.setattr(samples, "Trial", lambda s, z: SimpleNamespace(subject=s, z=z))
    trial = SimpleNamespace(subject=s, z=onp.arange(4.0).reshape(2, 2), apply=lambda direction, z: (direction, z))
    return samples.check_samples(trial, "rng", 50), shares, asked


def test_a_subject_s_own_draws_are_judged_and_otherwise_those_of_a_standard_normal(monkeypatch):
    own = subject(sample=lambda rng, n: ("drawn", rng, n))
    found, shares, asked = asked_of(monkeypatch, own, [finding(0.25)])
    ((trial, draw, what, *others),) = asked
    assert found.error == 0.25 and shares == [0.5] and what == OWN and others == ["rng", 50]
    assert draw is own.sample and trial.subject is own
    found, shares, asked = asked_of(monkeypatch, subject(), [finding(0.25)])
    ((_, draw, what, *_),) = asked
    assert shares == [0.0] and what == ASSUMED and draw(rng(), 3) == "forward"
    assert len(asked_of(monkeypatch, subject(sample=abs, domain=(0.0, 1.0)), [finding(0.25)])[2]) == 1
    none, _, asked = asked_of(monkeypatch, subject(domain=(0.0, onp.inf)), [])
    assert (none.letter, none.outcome, asked) == ("K", Outcome.NOT_APPLICABLE, [])
    assert none.why == "no samples, and no standard normal base on 0 to inf"
    lost, _, asked = asked_of(monkeypatch, own, [], spoiled=True)
    assert (lost.letter, lost.what, lost.outcome, asked) == ("K", OWN, Outcome.INCONCLUSIVE, [])
    assert lost.why == "rounding spoils the way back"


def test_draws_that_come_with_their_density_are_judged_too_and_the_first_failure_or_note_counts(monkeypatch):
    both = subject(sample=lambda rng, n: "x", sample_and_log_prob=lambda rng, n: "xp")
    for findings, count, share, why in (
        ([finding(0.25), finding(0.5)], 2, 0.5, ""), ([finding(0.5), finding(0.25)], 2, 0.5, ""),
        ([finding(1.5), finding(9.0)], 1, 1.5, ""), ([finding(0.25), finding(1.5)], 2, 1.5, ""),
        ([finding(0.25, "told"), finding(9.0)], 1, 0.25, "told"),
        ([finding(0.5), finding(0.25, "told")], 2, 0.25, "told"),
    ):  # fmt: skip
        found, _, asked = asked_of(monkeypatch, both, findings)
        assert (found.error, found.why, len(asked)) == (share, why, count), findings
    assert [(draw, what) for _, draw, what, *_ in asked] == [
        (both.sample, OWN), (both.sample_and_log_prob, f"sample_and_log_prob: {OWN}")
    ]  # fmt: skip
    best, _, _ = asked_of(monkeypatch, both, [finding(0.0), finding(0.0)])
    assert (best.letter, best.what, best.error, best.tolerance) == ("K", OWN, 0.0, 1.0)


def test_one_context_has_one_law(monkeypatch):
    """A base that depends on the context gives z another law for each row; without one the first row is no better."""
    for context_dim, rows in ((0, 2), (3, 1)):
        s = subject(sample=lambda rng, n: "x", flow=SimpleNamespace(base=SimpleNamespace(context_dim=context_dim)))
        s.at = lambda rows, s=s: SimpleNamespace(**(vars(s) | {"rows": rows}))
        _, _, ((trial, *_),) = asked_of(monkeypatch, s, [finding(0.25)])
        assert len(trial.z) == rows and getattr(trial.subject, "rows", [0, 1]) == [0, 1][:rows]
        assert trial.z[0].tolist() == [0.0, 1.0]


# --- the looks at one sample ---


def looked_at(monkeypatch, verdicts, wrong="", bijection=None, base=False):
    """What is found in draws whose looks give these (error, allowed), and which looks were taken."""
    taken, names = [], (Symptom.DISTANCE, Symptom.BRIDGE, Symptom.MOMENTS, Symptom.ROWS)
    x, z, b = onp.ones((5, 2)), onp.full((5, 2), 2.0), onp.full((5, 2), 3.0)
    s = subject(
        bijection=bijection, base_sample=(lambda rng, n: b if (rng, n) == ("rng", 5) else None) if base else None
    )
    trial = SimpleNamespace(
        subject=s, apply=lambda direction, a: (z, None) if (direction, a is x) == ("inverse", True) else None
    )

    def looks(of, at, of_base, draw, rng):
        assert of is trial and (at == z).all() and draw == "draw" and rng == "rng"
        assert of_base is None if not base else (of_base == b).all()
        return [
            (name, lambda name=name, v=v: taken.append(name) or (*v, f"rows {name.name}"))
            for name, v in zip(names, verdicts, strict=True)
        ]

    monkeypatch.setattr(samples, "_drawn", lambda draw, rng, n: x if (draw, rng, n) == ("draw", "rng", 5) else None)
    for name in ("_misshapen", "_repeated", "_atom"):
        monkeypatch.setattr(samples, name, lambda *given, name=name: name if name == wrong else None)
    monkeypatch.setattr(samples, "_looks", looks)
    return samples._of_draws(trial, "draw", "what", "rng", 5), taken


def test_draws_are_looked_at_until_one_look_fails(monkeypatch):
    fine, bad = (0.25, 0.5), (0.75, 0.5)
    for wrong in ("_misshapen", "_repeated", "_atom"):
        assert looked_at(monkeypatch, [fine] * 4, wrong) == (wrong, [])
    for k, symptom in enumerate((Symptom.DISTANCE, Symptom.BRIDGE, Symptom.MOMENTS)):
        verdicts = [fine] * k + [bad] * (4 - k)
        for base in (False, True):
            found, taken = looked_at(monkeypatch, verdicts, base=base)
            assert found.failed and (found.symptom, taken[-1], len(taken)) == (symptom, symptom, k + 1)
            assert (found.letter, found.what, found.error, found.tolerance) == (
                "K",
                f"what, rows {symptom.name}",
                0.75,
                0.5,
            )
            e = found.evidence
            assert (e["row"], e["symbol"], e["x"][0, 0], e["z"][0, 0]) == (0, "x", 1.0, 2.0)
            assert e["base"][0, 0] == 3.0 if base else e["base"] is None
    holds, taken = looked_at(monkeypatch, [fine] * 4)
    assert not holds.failed and not holds.why and holds.what == "what, rows ROWS" and len(taken) == 4


def test_rows_that_depend_on_each_other_are_told_of_a_user_and_wrong_in_a_flow(monkeypatch):
    verdicts = [(0.25, 0.5)] * 3 + [(0.75, 0.5)]
    told, _ = looked_at(monkeypatch, verdicts)
    assert told.outcome is Outcome.PASSED and (told.letter, told.error, told.tolerance) == ("K", 0.0, 0.5)
    assert told.what == "what, rows ROWS"
    assert told.why == "rows of a sample depend on each other (ROWS); no other mistake was seen"
    wrong, _ = looked_at(monkeypatch, verdicts, bijection="a layer")
    assert wrong.failed and wrong.symptom is Symptom.ROWS and not wrong.why


def test_distance_bridge_moments_and_rows_are_asked_each_with_its_own(monkeypatch):
    z, asked = onp.arange(12.0).reshape(6, 2), []
    for name in ("distance_from", "bridge_to_base", "moments_of", "correlation_of_rows"):
        monkeypatch.setattr(samples, name, lambda *given, name=name: asked.append((name, *given)))
    for _, look in samples._looks("trial", z, "base", "draw", "rng"):
        look()
    (distance, *of_distance), (bridge, *of_bridge), (moments, *of_moments), (rows, of_rows) = asked
    assert (distance, bridge, moments, rows) == ("distance_from", "bridge_to_base", "moments_of", "correlation_of_rows")
    assert of_distance[0] is z and of_distance[1:] == ["base", "rng"] and of_rows is z
    assert (of_bridge[0], of_bridge[2]) == ("trial", "rng") and (of_moments[0], *of_moments[2:]) == (
        "trial",
        "draw",
        "rng",
    )
    for mixed in (of_bridge[1], of_moments[1]):
        assert sorted(mixed.tolist()) == z.tolist() and not (mixed == z).all()


def test_draws_are_arrays_or_come_first_in_a_tuple_and_a_normal_one_has_the_dtype():
    for answer in ([[1.0, 2.0]], ([[1.0, 2.0]], [9.0])):
        got = samples._drawn(lambda rng, n, answer=answer: answer if (rng, n) == ("rng", 7) else None, "rng", 7)
        assert got.tolist() == [[1.0, 2.0]]
    z = samples._normal(rng(), 3, subject(in_shape=(1, 2), dtype=onp.dtype("float32")))
    assert z.shape == (3, 1, 2) and z.dtype == onp.float32


# --- distinct ---


def test_a_share_of_draws_may_come_twice_and_the_whole_row_counts():
    x = onp.arange(800.0).reshape(200, 2, 2)
    x[1] = x[0]
    assert samples._repeated(x) is None  # one of 200 is the share that may
    x[3, 0] = x[2, 0]
    assert samples._repeated(x) is None
    x[3] = x[2]
    found = samples._repeated(x)
    assert (found.letter, found.what, found.error, found.tolerance) == ("K", "the same points twice", 0.01, 0.005)
    assert found.symptom is Symptom.REPEATED and found.evidence["x"].shape == (200, 4) and found.failed


def test_an_atom_is_at_an_extreme_where_no_value_lies_beyond_it():
    numbers = onp.concatenate([onp.linspace(-1.0, 3.0, 990), onp.full(10, 2.0)])
    for value, extreme in (
        (3.0, True),
        (-1.0, True),
        (2.0, False),
        (3.0 - 4e-9, True),
        (3.0 - 6e-9, False),
        (-1.0 + 6e-9, False),
    ):
        a = numbers.copy()
        a[990:] = value
        found = samples._atom(subject(), onp.stack([onp.arange(1000.0), a], axis=1), onp.arange(1000.0)[:, None])
        assert found.evidence["extreme"] == extreme and found.symptom is Symptom.ATOM and found.letter == "K", value
        assert found.tolerance == 0.002 and found.evidence["x"].shape == (1000, 1)


# --- one sample, one law ---


def test_points_that_are_not_finite_are_left_out_and_the_shift_is_handed_on(monkeypatch):
    asked = []
    monkeypatch.setattr(
        samples,
        "worst_bridge",
        lambda z, log_q, rng, shift: asked.append((len(z), log_q, rng, shift)) or (1.0, 2.0, "r"),
    )
    z = onp.ones((250, 2))
    z[:40, 1] = onp.nan
    trial = SimpleNamespace(subject=SimpleNamespace(log_q="log_q"))
    assert samples.bridge_to_base(trial, z, "rng") == (1.0, 2.0, "bridged to r")
    assert samples.bridge_to_base(trial, z, "rng", 0.5)[0] == 1.0
    assert asked == [(210, "log_q", "rng", 0.0), (210, "log_q", "rng", 0.5)]


@pytest.mark.parametrize(("sigma", "second"), [(3.49, False), (3.5, True), (9.0, True)])
def test_moments_that_are_suspicious_are_judged_by_eight_times_as_many_draws(sigma, second, monkeypatch):
    asked = []

    def worst_moment(z, log_q, rng):
        asked.append(sorted(z[:, 0].tolist()))
        return (0.3, 0.2, sigma, "first") if len(asked) == 1 else (0.1, 0.05, 99.0, "second")

    def apply(direction, x):
        assert direction == "inverse" and x.shape == (32, 1)
        return onp.where(x > 29.5, onp.nan, -x), None

    monkeypatch.setattr(samples, "worst_moment", worst_moment)
    trial = SimpleNamespace(subject=SimpleNamespace(log_q="log_q"), apply=apply)
    draw = lambda rng, n: (onp.arange(float(n))[:, None], "log_p")  # noqa: E731
    found = samples.moments_of(trial, onp.array([[1.0], [onp.inf], [3.0], [2.0]]), draw, "rng")
    assert asked[0] == [1.0, 2.0, 3.0]
    if second:
        assert found == (0.1, 0.05, "moments: second") and asked[1:] == [[-float(k) for k in range(29, -1, -1)]]
    else:
        assert found == (0.0, 1.0, "moments: first") and len(asked) == 1
