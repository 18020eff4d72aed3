"""Looks far out and at what never moves: row by row, pixel by pixel, and on both sides of what they allow."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check import overflow, undeclared
from nfscratch.check.domains import out_of
from nfscratch.check.finding import Symptom
from nfscratch.check.letters import directional, edges, onto, out_of_reach, scatter, still, structure
from nfscratch.check.pairs import of_pair
from nfscratch.check.trial import Trial
from nfscratch.ops.roots import InversionError

INF = onp.inf
REALS = (-INF, INF)


def test_of_an_image_those_pixels_count_that_have_no_end():
    ends = (onp.array([[[0.0, -INF]]]), onp.array([[[1.0, INF]]]))
    z = onp.array([[[[99.0, 0.5]]], [[[0.5, 9.1]]], [[[0.5, -8.9]]]])
    for domain, wanted in ((ends, [False, True, False]), (REALS, [True, True, False]), ((0.0, 1.0), [False] * 3)):
        subject = SimpleNamespace(domain=domain, bijection=None)
        assert out_of_reach.is_beyond_draws(subject, z).tolist() == wanted, domain
    subject.domain, subject.bijection = REALS, "a layer"
    assert not out_of_reach.is_beyond_draws(subject, z).any()


def test_a_report_excuses_an_overflow_of_its_own_row_alone():
    """z and e^z - 1 meet at 0: at 1000 one side overflows, and what is not finite on the other side is told."""

    def of(low):
        def forward(z):
            with onp.errstate(all="ignore"):
                return onp.where(z > 0, onp.expm1(z), z), onp.where(z > 0, z, low(z)).sum(axis=1)

        def inverse(x):
            with onp.errstate(all="ignore"):
                return onp.where(x > 0, onp.log1p(x), x), -onp.where(x > 0, onp.log1p(x), low(x)).sum(axis=1)

        return out_of_reach.words_of_far_out(Trial(of_pair(forward, inverse, 2), onp.array([[0.5, -0.5], [1.0, 2.0]])))

    assert of(lambda a: 0.0 * a) == []
    told = of(lambda a: onp.where(a < -500, onp.nan, 0.0))
    assert told == ["forward is not finite at |z| = 1000, where no draw comes"]


def test_where_log_det_has_no_slope_beside_a_point_no_doubt_is_known(monkeypatch):
    points = onp.array([[0.5, 1.0]])
    subject = SimpleNamespace(ends=lambda direction: REALS)
    trial = SimpleNamespace(twin=None, subject=subject, input=lambda direction: points)
    for end, doubt in ((5.0, 0.0), (INF, 0.0), (-INF, 0.0), (onp.nan, 0.0), (5.5, 6.0 / 70**0.5 * 0.5)):
        true = onp.full(13, 5.0)
        true[0] = end
        monkeypatch.setattr(scatter, "_log_abs_det", lambda trial, direction, at, rows, true=true: true)
        found = scatter.scatter(trial, "forward", onp.array([True]), onp.array([1e-3]))
        assert abs(found[0] - doubt) < 1e-12, end


def test_a_line_through_a_point_goes_six_steps_to_either_side_and_keeps_its_dtype():
    points = onp.array([[0.5, -4.0], [0.0, 2000.0]], dtype="float32")
    line = scatter._line(points)
    assert line.shape == (13, 2, 2) and line.dtype == onp.float32 and (line[6] == points).all()
    steps = onp.abs((line[12].astype(float) - points) / 6)
    onp.testing.assert_allclose(steps, [[1e-3, 4e-3], [1e-3, 2.0]], rtol=1e-3)
    onp.testing.assert_allclose(line[0].astype(float) + line[12], 2 * points, atol=1e-3)


def test_rows_are_taken_from_the_smallest_on_and_those_of_one_size_in_order(monkeypatch):
    asked = []
    monkeypatch.setattr(undeclared, "_boundaries", lambda trial, z, n: asked.append(z[:, 1].tolist()) or [])
    monkeypatch.setattr(undeclared, "_rounds", lambda runs: [])
    rows = onp.arange(40)
    z = onp.stack([onp.where(rows % 2, 100.0, -200.0), rows], axis=1)
    undeclared._steps_of_layers(SimpleNamespace(z=z))
    assert asked[0] == [*range(1, 40, 2), *range(0, 40, 2)]


def test_a_variable_has_moved_that_is_more_than_64_roundings_away_at_one_point():
    eps = 2.0**-52
    for z, roundings, moved in (
        (1.0, 64, False),
        (1.0, 65, True),
        (0.5, 64, False),
        (0.5, 65, True),
        (8.0, 512, False),
        (8.0, 520, True),
    ):
        rows = onp.array([[1.0, 3.0], [z, -3.0]])
        trial = SimpleNamespace(z=rows, x=rows + [[0.0, 0.0], [roundings * eps, 0.0]], subject=SimpleNamespace(eps=eps))
        seen = still.ever_moved([trial]).tolist()
        assert seen == [[moved, True], [True, False]], (z, roundings)
        assert still.never_moved(still.ever_moved([trial])) == ({1: 1} if moved else {0: 0, 1: 1})


def test_variables_that_never_move_are_wrong_in_several_layers_and_in_functions_that_are_declared_dense():
    def of(dim, kept, layers=(), bijection=None):
        moved = ~onp.zeros((dim, dim), dtype=bool)
        for i, j in kept:
            moved[i, j] = False
        subject = SimpleNamespace(
            layers=lambda: [SimpleNamespace(structure=s) for s in layers], bijection=bijection, dim=dim
        )
        return still.never_moves_wrongly(SimpleNamespace(subject=subject, moved=moved))

    dense = ("block triangular", "permutation")
    for given, symptom in (
        ((3, [(1, 2)]), Symptom.SKIPPED_COLUMN), ((2, [(0, 0)]), Symptom.NEVER_MOVES),
        ((3, [(1, 2), (2, 2)]), Symptom.NEVER_MOVES),
        ((3, [(1, 2)], dense, "a chain"), Symptom.SKIPPED_COLUMN), ((3, []), None), ((3, [], dense, "a chain"), None),
        ((3, [(1, 2)], (), "a layer"), None), ((3, [(1, 2)], ("identity", "permutation"), "a chain"), None),
        ((3, [(1, 2)], ("identity", "permutation")), None), ((3, [(1, 2)], (None,), "a chain"), Symptom.SKIPPED_COLUMN),
    ):  # fmt: skip
        found = of(*given)
        assert (found and found[0]) is symptom, given
        if found:
            assert found[2] == given[1][0]
            i, j = found[2]
            assert found[1] == f"x_{i} is z_{j}, always: {len(given[1])} of {given[0]} variables never move"


def test_the_last_edges_are_drawn_and_at_most_three_times_as_wide_in_an_interval(monkeypatch):
    monkeypatch.setattr(
        edges, "spread", lambda domain, a, radius, near: asked.append((domain, a.shape, radius, near)) or 0 * a
    )
    for domain in (REALS, (0.0, 1.0)):
        asked = []
        subject = SimpleNamespace(eps=2.0**-52, dim=3, domain=domain, in_shape=(3,), dtype=onp.dtype("float64"))
        a = out_of(domain, edges.edge_points(subject, onp.random.default_rng(0)))
        assert asked == [(domain, (2, 3), 50.0, 3.0)] and onp.abs(a[-2:]).max() < 1e-12
        assert 0 < onp.abs(a[-4:-2]).max() < 0.2


def test_a_slope_counts_where_two_lengths_agree_a_hundred_times_as_well_as_it_errs(monkeypatch):
    """The lengths are powers of 2, so that all numbers are exact: the slopes are 1 and 1 + 2^-7."""
    monkeypatch.setattr(directional, "LENGTHS", (2.0**-10, 2.0**-12))
    f = lambda t: t * (1.0 if abs(t) >= 2.0**-10 else 1 + 2.0**-7)  # noqa: E731
    for times, settled in ((99, False), (100, False), (101, True)):
        error, _, found = directional._judge(f, 1 + 2.0**-7 - times * 2.0**-7, 1.0, 1e9)
        assert bool(found) is settled and error == times * 2.0**-7, times
    for slope, settled in ((2.0, True), (2.25, False)):  # beside 1: a millionth of the terms, 1e6, may be between them
        f = lambda t, slope=slope: t * (1.0 if abs(t) >= 2.0**-10 else slope)  # noqa: E731
        assert bool(directional._judge(f, slope - 200.0, 1e6, 0.0)[2]) is settled, slope


def test_a_log_det_that_is_not_finite_is_told_before_an_x_that_rounds_to_an_end():
    def told(log_det):
        def forward(z):
            return onp.tanh(z), log_det(z).sum(axis=1)

        def inverse(x):
            with onp.errstate(all="ignore"):
                return onp.arctanh(x), -onp.log1p(-(x**2)).sum(axis=1)

        return out_of_reach.words_of_far_out(
            Trial(of_pair(forward, inverse, 2, codomain=(-1.0, 1.0)), onp.array([[0.5, -0.5]]))
        )

    with onp.errstate(divide="ignore"):
        naive = told(lambda z: onp.log(1 - onp.tanh(z) ** 2))
    assert naive == ["forward is not finite at |z| = 30, where no draw comes"]
    stable = told(lambda z: 2 * (onp.log(2) - onp.abs(z) - onp.log1p(onp.exp(-2 * onp.abs(z)))))
    assert stable == ["forward rounds to an end of the codomain at |z| = 30, where no draw comes"]


def test_two_variables_may_differ_from_the_identity_by_two_singular_values():
    """J - I is diag(a, b): one of them is 0 where the map is the identity and a rank, from two variables on."""
    for diagonal, wrong in (
        ((2.0, 3.0), True),
        ((2.0, 1.0), False),
        ((1.0, 1.0), False),
        ((2.0,), False),
        ((2.0, 3.0, 1.0), True),
    ):
        dim = len(diagonal)
        J, error = onp.diag(diagonal)[None], onp.zeros((1, dim, dim))
        d = SimpleNamespace(subject=SimpleNamespace(dim=dim), trials=[SimpleNamespace(numeric=(J, error))])
        found = structure._rank_one(d)
        assert (found is not None) is wrong and (found is None or (found[0], found[2]) == (Symptom.RANK, (0, 0))), (
            diagonal
        )


def test_an_inverse_that_raises_is_told_at_the_first_x_of_its_radius(monkeypatch):
    rays = onp.array([[[1.0, 2.0], [3.0, 4.0]], [[10.0, 20.0], [30.0, 40.0]], [[100.0, 0.0], [0.0, 100.0]]])
    monkeypatch.setattr(onto, "rays", lambda *given: onp.concatenate([rays, 10 * rays[-1:]]))
    monkeypatch.setattr(onto, "in_units", lambda trial, x: x)
    for name in ("_outside", "_missed", "_lost"):
        monkeypatch.setattr(onto, name, lambda *given: None)
    subject = SimpleNamespace(codomain=REALS, dim=2, out_shape=(2,), dtype=onp.dtype("float64"), bijection=None)
    for error, least, at in (
        (ValueError, 1.0, "[1, 2]"), (IndexError, 10.0, "[10, 20]"), (ZeroDivisionError, 1.0, "[1, 2]"),
        (IndexError, 100.0, "[100, 0]"), (InversionError, 10.0, "[10, 20]"), (InversionError, 100.0, None),
    ):  # fmt: skip

        def apply(direction, x, error=error, least=least):
            if direction == "inverse" and x.max() >= least:
                raise error("no")
            return x, None

        found = onto._far_out(SimpleNamespace(subject=subject, apply=apply), "rng")
        if at is None:
            assert found is onto.ALL_REACHED
        else:
            assert found.symptom is Symptom.RAISES and found.at.endswith(f" at x = {at}") and found.evidence["row"] == 0
            assert found.at.startswith(f"inverse raises {error.__name__}")


def test_a_permutation_takes_every_z_to_a_place_and_to_every_place_a_z():
    for still_there, nowhere in (
        ([[0, 1], [1, 0]], None),
        ([[1, 1], [0, 0]], 1),
        ([[0, 0], [1, 1]], 0),
        ([[0, 0], [0, 0]], 0),
    ):
        found = structure._permutation(SimpleNamespace(moved=~onp.array(still_there, dtype=bool)))
        assert (found is None) is (nowhere is None), still_there
        assert found is None or (found[0], found[2]) == (Symptom.NOT_IN_PLACE, (nowhere, nowhere)), still_there
    assert structure._permutation(SimpleNamespace(moved=onp.array([[False, True], [False, True]]))) is not None


def test_a_number_is_huge_that_is_more_than_the_limit():
    limit = float(onp.finfo("float64").max) ** 0.4
    for size, huge in (
        (limit, False),
        (onp.nextafter(limit, INF), True),
        (-limit, False),
        (onp.nextafter(-limit, -INF), True),
    ):
        apply = lambda direction, a, size=size: (onp.full(a.shape, size), onp.zeros(len(a)))  # noqa: E731
        trial = SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype("float64")), apply=apply)
        assert overflow.overflows(trial, onp.ones((2, 1)), "forward").tolist() == [huge] * 2, size


def test_an_inverse_that_is_not_finite_is_told_at_its_row(monkeypatch):
    """Near by, which is within 3 of a bounded codomain and within 10 else; not where something overflowed."""
    z, x = onp.zeros((4, 2)), onp.arange(8.0).reshape(4, 2)
    z[3, 1] = onp.nan
    over = onp.zeros(4, bool)
    monkeypatch.setattr(onto, "overflows", lambda trial, x, direction: over)
    for codomain, r, row in ((REALS, 10.0, 3), (REALS, 10.1, None), ((0.0, 1.0), 3.0, 3), ((0.0, 1.0), 3.1, None)):
        trial = SimpleNamespace(subject=SimpleNamespace(codomain=codomain))
        found = onto._lost(trial, z, x, r)
        assert (found and found.evidence["row"]) == row, (codomain, r)
        assert onto._lost(trial, onp.zeros((4, 2)), x, r) is None
    over[0] = True
    assert onto._lost(SimpleNamespace(subject=SimpleNamespace(codomain=REALS)), z, x, 1.0) is None
