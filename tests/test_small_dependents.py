"""Who depends on whom after a change, the ends of a domain, and the direction that is looked at."""

from types import SimpleNamespace

import numpy as onp
import pytest
from tried_maps import small_trial

from nfscratch.check.repair import between, differences, directions, ends, laws
from nfscratch.check.repair.live_code import TooLong

# --- who depends on whom ---


def test_a_repair_keeps_who_depends_on_whom_and_how_much_varies():
    """As many entries of J, of log_det's slopes, and as many entries of J that vary from point to point."""
    full, J = onp.ones((3, 2, 2)), onp.tril(onp.ones((3, 2, 2)))
    vary = J * onp.array([1.0, 2.0, 3.0])[:, None, None]
    flat, steep = onp.zeros((3, 2)), onp.array([[1.0, 0.0]] * 3)

    def trial(J, slope, back=None):
        return SimpleNamespace(numeric_of=lambda d: (J, 0, slope, 0) if d == "forward" else (back, 0, slope, 0))

    keeps = laws.keeps_dependencies
    for old, new, kept in (
        ((J, flat), (J, flat), True), ((J, flat), (full, flat), True), ((full, flat), (J, flat), False),
        ((J, steep), (J, flat), False), ((J, flat), (J, steep), True), ((vary, flat), (J, flat), False),
        ((J, flat), (vary, flat), True), ((J, steep), (J, steep[:, ::-1]), True),
    ):  # fmt: skip
        assert keeps(trial(*old), trial(*new)) is kept
        assert keeps(trial(full, old[1], old[0]), trial(full, new[1], new[0]), "inverse") is kept
        lost = laws.dependencies_lost(trial(*old), trial(*new))
        assert lost == (1 if old[0] is full and new[0] is J else 0)
    mixes = lambda J: laws.still_mixes(trial(J, flat))  # noqa: E731
    first = J * onp.where(onp.eye(2) * [1, 0] > 0, onp.array([1.0, 2.0, 3.0])[:, None, None], 1.0)
    assert mixes(first) and mixes(vary) and not mixes(J) and not mixes(onp.eye(2) * vary) and mixes(vary.swapaxes(1, 2))


def test_an_entry_is_seen_where_it_is_not_0_at_some_point():
    entries = onp.array([[0.0, 1e-6, 1.1e-6, -1.0], [0.0, -0.9e-6, 0.0, 2.0]])
    assert laws._seen(entries) == 2 and laws._seen(onp.zeros((0, 3))) == 0
    J = onp.array([[1.0, 3.0], [onp.nan, 5.0], [3.0, 7.0]])
    spread = laws._spread(J)
    assert spread[[0, 2], 0].tolist() == [-1.0, 1.0] and spread[:, 1].tolist() == [-2.0, 0.0, 2.0]
    assert onp.isnan(laws._spread(onp.full((2, 1), onp.nan))).all()
    assert laws._spread(onp.array([[onp.nan], [4.0]]))[1, 0] == 0.0


def test_the_laws_that_a_trial_breaks_by_their_names(monkeypatch):
    def look(answer):
        def asked(trial):
            if isinstance(answer, type):
                raise answer
            return SimpleNamespace(failed=answer == trial)

        return asked

    given = {"S": look("own"), "P": look("other"), "I": look(ValueError), "R": look(SystemExit), "X": look("own")}
    monkeypatch.setattr(laws, "LAWS", given)
    assert laws.failed_laws("own") == {"S", "I", "R", "X"} and laws.failed_laws("other") == {"P", "I", "R"}


# --- the ends of a domain ---


def test_the_points_at_the_ends_of_a_domain():
    def points(low, high, shape=(2,), dtype="float64"):
        subject = SimpleNamespace(shape=lambda d: shape, ends=lambda d: (low, high), dtype=onp.dtype(dtype))
        found = ends._points(subject, "forward")
        assert all(p.shape == (1, *shape) and p.dtype == subject.dtype for p in found)
        assert not onp.ndim(low) == 0 or all((p == p.ravel()[0]).all() for p in found)
        return [p.ravel()[0] if onp.ndim(low) == 0 else p.ravel().tolist() for p in found]

    whole = [0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 4.0, -4.0, 5.0, -5.0, 6.0, -6.0, 8.0, -8.0, 10.0, -10.0]
    assert points(-onp.inf, onp.inf) == whole and points(0.0, onp.inf) == [0.0, *whole[1::2]]
    assert points(-1.0, 2.5, dtype="float32") == [-1.0, 2.5, 0.0, 1.0, 2.0] and points(0.0, 3.0) == [0.0, 3.0, 1.0, 2.0]
    assert points(0.25, 0.75, (1, 2)) == [0.25, 0.75]
    each = points(onp.array([-1.0, 0.0]), onp.array([2.0, 9.0]))
    assert len(each) == 18 and each[0] == each[1] == [0.0, 0.0] and each[2:4] == [[1.0, 1.0], [-1.0, 0.0]]
    assert each[-2:] == [[2.0, 9.0], [-1.0, 0.0]] and [2.0, 4.0] in each


def test_an_x_beyond_an_end_of_the_codomain():
    def leaves(x, codomain):
        return ends.leaves_codomain(
            SimpleNamespace(x=onp.array([x]), subject=small_trial(abs, codomain=codomain).subject)
        )

    for codomain, edge, room in (((0.0, 4.0), 4.0, 4e-5), ((0.0, 0.5), 0.5, 1e-5), ((0.0, onp.inf), 0.0, 1e-5)):
        assert not leaves([0.0, edge], codomain) and not leaves([-0.9 * room, 0.0], codomain), codomain
        assert leaves([-1.1 * room, 0.0], codomain) and leaves([edge, -1.0], codomain), codomain
        if edge:
            assert not leaves([edge + 1e-5 * max(edge, 1.0), -1e-5 * max(edge, 1.0)], codomain)
            assert leaves([0.0, edge + 1.1 * room], codomain) and not leaves([edge + 0.9 * room, 0.0], codomain)
    assert not leaves([-1e9, 1e9], (-onp.inf, onp.inf))


def test_where_no_other_run_went_nothing_is_known_of_the_ends():
    trial = small_trial(lambda z: z, domain=(0.0, 1.0), codomain=(0.0, 1.0))
    assert set(ends.Ends(trial.subject, lambda frame: False).batches) == {"forward", "inverse"}


def test_a_codomain_is_asked_for_with_the_same_draws(monkeypatch):
    seen = []
    monkeypatch.setattr(ends, "Trial", lambda *given: given)
    monkeypatch.setattr(ends, "within", lambda call, most, met: (seen.append((most, met)), (call(), 9))[1])
    for failed in (True, False):
        said = lambda trial, rng: (seen.append((trial, rng.random())), SimpleNamespace(failed=failed))[1]  # noqa: B023, E731
        monkeypatch.setattr(ends, "check_onto", said)
        assert ends.misses_codomain(SimpleNamespace(subject=1, z=2, twin=3, limit=4), "met") is failed
    assert seen[:2] == [(ends.MOST_OF_LETTER, "met"), ((1, 2, 3, 4), onp.random.default_rng(0).random())]


# --- the direction that is looked at ---


def test_of_two_wrong_directions_the_one_of_few_lines_is_looked_at(monkeypatch):
    both, asked = {"J forward", "J inverse"}, []

    def lines(forward, inverse):
        counts = {"forward": forward, "inverse": inverse}

        def one(call, most, met):
            asked.append((call.args, most, met))
            return None, counts[call.args[1]]

        monkeypatch.setattr(directions, "within", one)
        return directions.direction_of_log_det("trial", both, "met")

    assert lines(41, 10) == "inverse" and lines(40, 10) == "forward" and lines(10, 100) == "forward"
    assert asked[:2] == [(("trial", d), 10**6, "met") for d in ("forward", "inverse")]
    for error in (ValueError, SystemExit, TooLong):
        monkeypatch.setattr(directions, "within", lambda *_, error=error: (_ for _ in ()).throw(error))
        assert directions.direction_of_log_det("trial", both) == "forward"


def test_what_a_direction_divides_by_0_does_not_choose_it():
    def forward(z):
        for _ in range(60):
            z = z + onp.ones(1) / onp.zeros(1)
        return z

    trial = small_trial(forward, lambda x: x)
    with onp.errstate(all="ignore"):
        assert trial.x.shape == (12, 2)
    with onp.errstate(all="raise"):
        assert directions.direction_of_log_det(trial, {"J forward", "J inverse"}) == "inverse"


@pytest.mark.parametrize(("n", "rows"), [(9, 6), (6, 6), (2, 2)])
def test_a_few_rows_are_counted(n, rows):
    seen = []
    at = lambda rows: SimpleNamespace(forward=lambda a: seen.append((rows.tolist(), a.tolist())))  # noqa: E731
    given = onp.arange(float(n))

    class Three(SimpleNamespace):
        def __len__(self):
            return n

    directions._call(Three(subject=SimpleNamespace(at=at), input=lambda d: given), "forward")
    assert seen == [(list(range(rows)), [float(k) for k in range(rows)])]


# --- Jacobians by differences ---


def test_a_jacobian_by_four_points_for_each_variable():
    """All of them in one call of the rows themselves, in double precision, and silently."""
    asked = []

    class Subject:
        dtype = onp.dtype("float32")

        def at(self, rows):
            asked.append(rows.tolist())
            return self

        def forward(self, z):
            assert z.dtype == self.dtype and z.shape == (24, 2)
            onp.ones(1) / onp.zeros(1)
            return onp.stack([z[:, 0] ** 3, z[:, 0] * z[:, 1]], axis=1), None

    z = onp.array([[1.0, 2.0], [-1.0, 0.5], [2.0, 1.0]])
    with onp.errstate(all="raise"):
        log_dets = differences.log_dets_by_differences(Subject(), "forward", z)
    assert asked == [[0, 1, 2] * 8] and onp.allclose(log_dets, onp.log(onp.abs(3 * z[:, 0] ** 3)), atol=1e-4)
    with onp.errstate(all="ignore"):
        J = differences._jacobians(Subject(), "forward", z)
    assert J.dtype == onp.float64 and onp.allclose(J[0], [[3.0, 0.0], [2.0, 1.0]], atol=1e-4)


# --- the way back ---


def test_what_inverse_misses_of_the_way_that_forward_came():
    """How many values, and whether it meets as many of one variable; nothing is known where one of them raises."""

    def there(z):
        a = z + 1
        a = a * 3
        return 2 * a, 0

    def back(*met):
        def inverse(x):
            for value in met:
                a = onp.full(2, value)
            return 0 * a, 0

        return inverse

    z = onp.zeros(2)
    for met, found in (((9.0,), (2, False)), ((1.0,), (1, True)), ((1.0, 3.0), (0, False)), ((3.0,), (1, True))):
        assert between.values_missed(there, back(*met), z, lambda frame: True, 1e-5) == found, met
    for wrong in (lambda x: 1 / 0, lambda x: (_ for _ in ()).throw(SystemExit)):
        assert between.values_missed(there, wrong, z, lambda frame: True, 1e-5) == (0, False)
    assert between.values_missed(there, back(9.0), z, lambda frame: False, 1e-5) == (0, False)


def test_values_are_near_by_the_size_of_the_second():
    one, two, end = (onp.array([v]) for v in (1.0, 2.0, 1.21))
    assert between._same(two, one, 0.5) and not between._same(two, one, 0.4) and not between._same(one, one[:0], 1.0)
    assert between._same(one, end, 0.1) and not between._same(end, one, 0.1)
    assert between._missed_and_met([one], (end,), [], 0.1) == (0, 0)
    assert between._missed_and_met([end], (one,), [], 0.1) == (1, 0)
    assert between._missed_and_met([one], (), [end], 0.1) == (0, 1) and between._missed_and_met(
        [end], (), [one], 0.1
    ) == (1, 0)
