"""Who depends on whom after a change, the ends of a domain, and the direction that is looked at."""

from types import SimpleNamespace

import numpy as onp
import pytest
from tried_maps import small_trial

from nfscratch.check.repair import directions, ends, laws
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
    assert mixes(vary) and not mixes(J) and not mixes(onp.eye(2) * vary) and mixes(vary.swapaxes(1, 2))


def test_an_entry_is_seen_where_it_is_not_0_at_some_point():
    entries = onp.array([[0.0, 0.9e-6, 1.1e-6, -1.0], [0.0, -0.9e-6, 0.0, 2.0]])
    assert laws._seen(entries) == 2 and laws._seen(onp.zeros((0, 3))) == 0
    J = onp.array([[1.0, 3.0], [onp.nan, 5.0], [3.0, 7.0]])
    spread = laws._spread(J)
    assert spread[[0, 2], 0].tolist() == [-1.0, 1.0] and spread[:, 1].tolist() == [-2.0, 0.0, 2.0]
    assert onp.isnan(laws._spread(onp.full((2, 1), onp.nan))).all()


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
            assert leaves([0.0, edge + 1.1 * room], codomain) and not leaves([edge + 0.9 * room, 0.0], codomain)
    assert not leaves([-1e9, 1e9], (-onp.inf, onp.inf))


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
