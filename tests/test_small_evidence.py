"""What X, D and the gradient of a density compare, allow and keep as evidence; and which rows each call is given."""

from types import SimpleNamespace

import numpy as onp
from tried_maps import rng

from nfscratch.check.finding import Outcome, Symptom
from nfscratch.check.letters import calls, cancellation, definition, flow_gradients

Z = onp.array([[0.5, -1.0], [2.0, 0.25], [-0.5, 1.5]])


def trial_like(**more):
    return SimpleNamespace(z=Z, x=10 * Z, usable=onp.ones(3, dtype=bool), limit=onp.inf, **more)


# --- X ---


def test_log_dets_cancel_within_rounding_or_what_last_digits_cost(monkeypatch):
    """Of a sum within rounding, its last digits are not asked."""
    for total, cost, room, allowed, asks in (
        (0.5, 9.0, 9.0, 0.5, False), (-0.5, 9.0, 9.0, 0.5, False), (0.6, 0.7, 0.0, 0.7, True),
        (0.6, 0.1, 0.25, 0.75, True), (0.6, 0.7, 0.25, 0.95, True), (0.6, onp.nan, 0.25, 0.75, True),
        (0.8, 0.7, 0.0, 0.7, True), (-0.8, 0.7, 0.0, 0.7, True), (onp.nan, 0.7, 0.0, 0.7, True),
    ):  # fmt: skip
        asked = []
        of_trial = lambda trial, cost=cost, asked=asked: asked.append(trial) or (None, onp.full(3, cost))  # noqa: E731
        monkeypatch.setattr(cancellation, "cost_of_last_digits", of_trial)
        monkeypatch.setattr(cancellation, "room_of_log_dets", lambda trial, room=room: onp.full(3, room))
        forward = onp.array([0.0, 0.25, 0.0])
        trial = trial_like(there=(None, forward), back=(None, onp.array([0.0, total - 0.25, 0.0])))
        trial.allowed_log_det = onp.full(3, 0.5)
        found = cancellation.check_log_dets_cancel(trial)
        assert found.failed is not (abs(total) <= allowed) and bool(asked) is asks, (total, cost, room)
        assert abs(found.tolerance - allowed) < 1e-12 and found.letter == "X", (total, cost, room)
        assert found.what == "log_det forward + log_det inverse" and found.evidence["row"] == 1
        assert found.evidence["yours"][0] == 0.0 and found.evidence["expected"].tolist() == [0.0, -0.25, 0.0]
        assert (found.evidence["z"] == Z).all() and (found.evidence["x"] == 10 * Z).all()


# --- D ---


def defined(monkeypatch, claimed, expected, allowed=0.1, slack=0.2):
    """log q is 1 less than expected, and log|det J| is 1."""
    numeric = lambda J, spread, claim, trial: (onp.ones(3), onp.full(3, allowed)) if (J, spread) == (1, 2) else None  # noqa: E731
    monkeypatch.setattr(definition, "log_abs_det", numeric)
    q = onp.array([0.0, expected - 1.0, 0.0])
    subject = SimpleNamespace(q=lambda a: q if a is back else 7 * a[:, 0])
    back = -Z
    trial = trial_like(subject=subject, back=(back, None), numeric_back=(1, 2, None, None))
    trial.slack_of_base = lambda z, log_q: onp.full(3, slack) if z is back and (log_q == q).all() else None
    return definition._against_definition(trial, onp.array([1.0, claimed, 1.0]))


def test_a_density_may_be_off_by_what_the_jacobian_and_the_base_may(monkeypatch):
    for claimed, expected, fails in (
        (5.29, 5.0, False), (5.31, 5.0, True), (4.71, 5.0, False), (4.69, 5.0, True), (onp.nan, 5.0, True),
        (-onp.inf, -onp.inf, False), (5.0, -onp.inf, True), (-onp.inf, 5.0, True),
    ):  # fmt: skip
        found = defined(monkeypatch, claimed, expected)
        assert found.failed is fails and found.letter == "D", (claimed, expected)
        assert found.what == "log_prob against log q(z) + log|det J|" and found.at.startswith("x = [")
    e = defined(monkeypatch, 5.5, 5.0).evidence
    assert (e["z"] == -Z).all() and (e["x"] == 10 * Z).all() and e["row"] == 1 and e["J"] == 1 and e["symbol"] == "x"
    assert e["yours"].tolist() == [1.0, 5.5, 1.0] and e["expected"].tolist() == [1.0, 5.0, 1.0]
    assert e["q"].tolist() == [0.0, 4.0, 0.0] and e["log_det"].tolist() == [1.0] * 3
    assert (e["q_at_x"] == 70 * Z[:, 0]).all()


def test_a_density_of_another_shape_is_for_s_and_none_is_not_asked():
    for log_prob, why in (
        (None, "no log_prob was given"),
        (lambda x: x, "log_prob is not one number for each row, as S says"),
    ):

        class Trial(SimpleNamespace):
            def __len__(self):
                return 3

        found = definition.check_definition(Trial(subject=SimpleNamespace(log_prob=log_prob), x=Z))
        assert (found.letter, found.outcome, found.why) == ("D", Outcome.NOT_APPLICABLE, why)


def test_draws_of_a_wrong_shape_are_d_s_and_so_are_wrong_densities(monkeypatch):
    s = SimpleNamespace(out_shape=(2,), dtype=onp.dtype("float64"))
    found = definition._misshapen(s, Z[:2], Z[:, 0], 3)
    assert (found.letter, found.what, found.error) == ("D", definition.JOINT, onp.inf) and found.failed
    draws = trial_like(allowed_log_prob=onp.full(3, 0.5), there=(None, onp.array([3.0, 4.0, 5.0])))
    monkeypatch.setattr(definition, "_trial_at", lambda trial, z: draws if (z == -Z).all() else None)
    s.q, s.log_prob = (lambda z: 2 * z[:, 0] if z is draws.z else None), (lambda x: x[:, 1])
    trial = SimpleNamespace(subject=s, apply=lambda direction, x: (-Z, None) if direction == "inverse" else None)
    for off, fails in ((0.0, False), (0.49, False), (-0.49, False), (0.51, True), (-0.51, True)):
        found = definition._against_log_prob(trial, Z, Z[:, 1] + [0.0, off, 0.0])
        assert found.failed is fails and found.letter == "D" and found.tolerance == 0.5, off
        assert found.symptom is Symptom.JOINT and found.what == definition.JOINT and found.at.startswith("x = [")
        assert (found.evidence["yours"] == Z[:, 1] + [0.0, off, 0.0]).all() and (found.evidence["x"] == Z).all()
        assert (found.evidence["expected"] == Z[:, 1]).all() and (found.evidence["q"] == 2 * Z[:, 0]).all()
        assert found.evidence["log_det"].tolist() == [3.0, 4.0, 5.0] and found.evidence["z"] is not None


# --- which rows a call is given ---


class Called:
    """A subject that answers with its name, its rows and what it was given."""

    def __init__(self, name, rows=None, density=True):
        self.name, self.rows, self.density = name, rows, density
        self.log_prob = (lambda a: ("log_prob", name, rows, a)) if density else None

    def at(self, rows):
        return Called(self.name, list(rows), self.density)

    def forward(self, a):
        return "forward", self.name, self.rows, a

    def inverse(self, a):
        return "inverse", self.name, self.rows, a


def test_each_row_of_a_call_keeps_its_own_number_and_a_fresh_subject_is_called_in_place():
    for fresh, name in ((None, "own"), (Called("fresh"), "fresh")):
        trial = SimpleNamespace(
            subject=Called("own"), usable=onp.array([True, False, True, True]), z=onp.arange(4), x=-onp.arange(4)
        )
        found = {direction: (f, a.tolist()) for direction, f, a in calls.functions(trial, fresh)}
        assert {direction: a for direction, (_, a) in found.items()} == {
            "forward": [0, 2, 3], "inverse": [0, -2, -3], "log_prob": [0, -2, -3]
        }  # fmt: skip
        for direction, (f, _) in found.items():
            for rows, wanted in ((None, [0, 2, 3]), (onp.array([2, 0]), [3, 0])):
                answer = f("a", rows) if rows is not None else f("a")
                answer = answer[0] if direction == "log_prob" else answer
                assert answer == (direction, name, wanted, "a"), (direction, rows)
        trial.subject = Called("own", density=False)
        assert [direction for direction, *_ in calls.functions(trial)] == ["forward", "inverse"]


def test_results_of_a_call_are_copies_and_its_overflow_is_no_warning():
    kept = onp.ones(2)
    with onp.errstate(all="raise"):
        first, second = calls.called(lambda a, *rows: (kept, onp.exp(a * rows[0])), onp.array([1.0]), 1e4)
    kept[0] = 5.0
    assert first.tolist() == [1.0, 1.0] and second.tolist() == [onp.inf]


# --- the gradient of a density ---


def test_the_gradient_of_a_density_is_asked_at_six_rows_that_are_well_conditioned(monkeypatch):
    for name in ("_single", "_directional"):
        monkeypatch.setattr(flow_gradients, name, lambda s, x, rng, name=name: (name, s, x[:, 0].tolist(), rng))
    z = onp.array([[0.5], [-0.5], [4.0], [-4.0], [0.1], [0.2], [0.3], [0.4], [0.5]])
    allowed = onp.array([1e-3, 0.9e-3, 4e-3, 3.9e-3, 0, 0, 0, 0, 0])
    usable = onp.array([True, True, True, True, False, True, True, True, True])
    for dtype, look in (("float32", "_single"), ("float64", "_directional")):
        s = SimpleNamespace(flow="flow", dtype=onp.dtype(dtype), at=lambda rows: rows.tolist())
        trial = SimpleNamespace(subject=s, usable=usable, allowed=allowed, z=z, x=onp.arange(9.0)[:, None])
        assert flow_gradients.check_density_gradient(trial, "rng") == (
            look,
            [1, 3, 5, 6, 7, 8],
            [1, 3, 5, 6, 7, 8],
            "rng",
        )
        trial.usable = onp.ones(9, dtype=bool)
        assert flow_gradients.check_density_gradient(trial, "rng")[1] == [1, 3, 4, 5, 6, 7]
        trial.usable = usable & (onp.arange(9) == 3)
        assert flow_gradients.check_density_gradient(trial, "rng")[1] == [3]
        trial.usable = ~usable & (onp.arange(9) == 3)
        found = flow_gradients.check_density_gradient(trial, "rng")
        assert (found.letter, found.outcome, found.why) == ("G", Outcome.NOT_APPLICABLE, "no point is well conditioned")
        s.flow = None
        assert flow_gradients.check_density_gradient(trial, "rng").why == "no flow"
        assert flow_gradients.check_density_gradient(trial, "rng").letter == "G"


def single(mine, theirs=None, at_wide=None):
    """What G says in float32 of a gradient in x; that of the parameters is 2, and there is no context."""

    def of(g_x, seen):
        def vjp(params, x, context):
            def pullback(g):
                seen.append((x.dtype, g.dtype, g.tolist()))
                return params, g_x, context

            return x[:, 0], pullback

        params = {"p": onp.array([2.0], dtype=g_x.dtype if seen is wide_seen else "float32")}
        return SimpleNamespace(flow=SimpleNamespace(log_prob_vjp=vjp), flow_params=params, flow_context=None)

    narrow_seen, wide_seen = [], [] if at_wide is None else at_wide
    s = of(mine, narrow_seen)
    s.in_dtype = lambda dtype: of(onp.asarray(mine if theirs is None else theirs).astype(dtype), wide_seen)
    found = flow_gradients._single(s, Z.astype("float32"), rng())
    (x, g, numbers), (x_wide, g_wide, numbers_wide) = narrow_seen[0], wide_seen[0]
    assert (x, g, x_wide, g_wide) == ("float32", "float32", "float64", "float64") and numbers == numbers_wide
    e = found.evidence
    assert (
        (e["x"] == Z).all() and (e["row"], e["symbol"], e["function"]) == (0, "x", "log_prob") and found.letter == "G"
    )
    return found


def test_a_gradient_in_float32_is_finite_in_float32_and_near_that_in_float64():
    what = "gradient of log_prob in float32"
    lost = single(onp.array([1.0, onp.nan], dtype="float32"))
    assert (lost.what, lost.error, lost.tolerance, lost.symptom) == (what, onp.inf, 0.0, Symptom.NOT_FINITE)
    assert lost.at == "not finite at x = [0.5, -1]"
    leak = single(onp.array([1.0, 2.0]))
    assert (leak.what, leak.error, leak.tolerance, leak.at) == (f"{what}: it comes in float64", 1.0, 0.0, "")
    assert leak.symptom is Symptom.LEAK
    for theirs, fails in ((2.0, False), (1.91, False), (1.9, True), (2.1, False), (2.11, True)):
        found = single(onp.array([2.0], dtype="float32"), onp.array([theirs]))
        share = abs(2.0 - theirs) / (0.9 * theirs + 0.1 * max(theirs, 2.0))
        assert found.failed is fails and found.what == what and found.at == "x = [0.5, -1]", theirs
        assert abs(found.error - share) < 1e-12 and found.tolerance == 0.05 and found.symptom is Symptom.GRADIENT


def test_gradients_of_a_density_are_those_of_all_parameters_of_x_and_of_a_context():
    arrays = flow_gradients._arrays(({"a": onp.array([1.0]), "b": [onp.array([2.0])]}, [3.0], None))
    assert [a.tolist() for a in arrays] == [[1.0], [2.0], [3.0]]
    arrays = flow_gradients._arrays(({"a": onp.array([1.0])}, [3.0], [4.0]))
    assert [a.tolist() for a in arrays] == [[1.0], [3.0], [4.0]]
