"""When two states of a run are the same, and what follows: which life is a boundary, an end, or known already."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check.diagnosis import columns, means, running_total, triangles
from nfscratch.check.diagnosis.boundaries import Boundaries, Spot, equal

A, B = onp.array([[1.0, 2.0], [3.0, 4.0]]), onp.array([[5.0, 6.0], [7.0, 8.0]])
INF = onp.inf


def test_no_number_is_the_same_as_one_that_is_not_finite():
    for a, b, same in (
        ([1.0, 2.0], [INF, 2.0], False), ([INF, 2.0], [1.0, 2.0], False), ([1.0, 2.0], [-INF, -INF], False),
        ([INF, 2.0], [INF, 2.0], True), ([INF, 2.0], [onp.nan, 2.0], True), ([INF, INF], [INF, INF], False),
        ([1e-9], [0.0], True), ([1.001e-9], [0.0], False), ([1.0, 2.0], [1.0, 2.0], True),
        ([1.0, 2.0], [1.0, 3.0], False),
    ):  # fmt: skip
        assert equal(onp.array(a), onp.array(b)) is same, (a, b)
    odd = onp.array([INF, -INF, onp.nan])
    assert not columns.same(onp.zeros(3), odd).any() and not columns.same(odd, onp.zeros(3)).any()


def test_columns_are_the_same_up_to_the_bound():
    for b, off, same in ((0.0, 0.99e-5, True), (0.0, 1.01e-5, False), (-3.0, 3.99e-5, True), (3.0, -4.01e-5, False)):
        assert bool(columns.same(onp.array(b + off), onp.array(b))) is same, (b, off)


def run(y=10 * A, a=A, other=10 * B):
    found = object.__new__(Boundaries)
    found.a, found.record, found.other, found.there = a, SimpleNamespace(y=y), SimpleNamespace(y=other), {}
    return found


def test_a_state_is_an_end_of_the_run_up_to_the_bound():
    """1e-12 of 1 and the end, which is 1 in the first place."""
    for first, is_end in ((1 + 1.9e-12, True), (1 + 2.1e-12, False), (1 - 1.9e-12, True), (1 - 2.1e-12, False)):
        life = SimpleNamespace(value=onp.array([[first, 2.0], [3.0, 4.0]]))
        assert run()._is_end(life) is is_end and run(y=A, a=B)._is_end(life) is is_end, first


def test_a_state_tells_nothing_where_the_other_run_has_it_too():
    def holds(value, there, y=10 * B, other=10 * B):
        of = run(other=other)
        of.there["place", ("h",)] = there
        of.replayed = lambda a, actions: (y, None)
        return of._holds("place", SimpleNamespace(value=value, names=("h",)))

    for off, told in ((1.9e-12, False), (2.1e-12, True)):
        assert holds(A, A + onp.array([[off, 0], [0, 0]])) is told, off
    for off, same in ((0.999e-9, True), (1.001e-9, False)):
        assert holds(A, B, y=0 * A, other=0 * A + off) is same, off


def life(value, at=(9, 1, 1), order=0, depth=3, names=("h",)):
    state = onp.full((2, 2), float(value))
    return SimpleNamespace(value=state, order=order, depth=depth, names=names, places=[at], turns=[])


def looked_at(lives, fails=()):
    """The first places of the lives that are tested, and the boundaries' spots."""
    of, asked = run(), []
    of.record.lives = lives

    def test(each):
        asked.append(each.places[0])
        return [] if each.value[0, 0] in fails else [Spot(each.places[0], each.names, each.depth)]

    of._tested = test
    return asked, [[spot.place for spot in b.spots] for b in of._found()]


def test_a_state_is_known_where_a_boundary_has_it():
    one, other = (9, 1, 1), (9, 2, 1)
    assert looked_at([life(0.0, one), life(0.999e-12, other)])[1] == [[one, other]]
    assert looked_at([life(0.0, one), life(1.001e-12, other)])[1] == [[one], [other]]
    assert looked_at([life(50.0, one), life(50 + 50e-12, other)])[1] == [[one, other]]
    assert looked_at([life(50.0, one), life(50 + 52e-12, other)])[1] == [[one], [other]]


def test_a_line_has_three_tries_however_often_the_run_has_come_there():
    lives = [life(11 + k, (9, 7, k), order=k) for k in range(40)]
    assert [at[2] for at in looked_at(lives, fails=range(11, 60))[0]] == [0, 1, 2]
    assert len(looked_at(lives, fails=range(14, 60))[0]) == 40, "it has passed"


def test_sums_add_up_within_a_ten_millionth():
    for came, other, adds in (
        (1.001e-7, 0.0, False),
        (0.0, 0.999e-7, True),
        (0.999e-7, 0.0, True),
        (1e6, 1e6 + 0.11, False),
    ):
        of = SimpleNamespace(
            a=A, b=B, there={("here", ("h",)): B}, other=SimpleNamespace(y=B, log_det=other + 0 * A[0])
        )
        of.replayed = lambda at, actions, came=came: (
            [act({"h": A.copy(), "v": onp.zeros(2)}) for act in actions.values()] and B, came + 0 * A[0],
        )  # fmt: skip
        assert running_total._adds_up(of, Spot("here", ("h",), 1), [("v", 1.0)]) is adds, (came, other)


def test_a_half_is_as_wide_as_its_variable_in_one_row():
    """Of three rows, and three columns: three times three is no width."""
    state = onp.arange(9.0).reshape(3, 3)
    for width, order in ((1, [1, 2, 0]), (2, [2, 0, 1])):
        of = run(a=state)
        of.there = {("place", ("u", "v")): state}
        boundary = SimpleNamespace(spots=[Spot("place", ("u", "v"), 2)], value=10 + state)
        of.all = [None, boundary]
        variables = {"u": state[:, :width], "v": state[:, width:]}
        of.replayed = lambda a, actions, variables=variables: [act(variables) for act in actions.values()]
        of.turn(1)
        assert boundary.value.tolist() == (10 + state[:, order]).tolist(), width
        assert of.there["place", ("v", "u")].tolist() == state[:, order].tolist(), width


# --- what runs, as a profile sees it ---


def test_the_functions_that_run_during_a_call():
    def outer():
        return len([inner(), inner()])

    def inner():
        return onp.sin(1.0)

    assert means.called_in(outer) >= {"outer", "inner"}
    assert means.called_in(lambda: None) == {"<lambda>"}, "not the one that asks"


def test_a_profile_that_stood_before_comes_back(monkeypatch):
    """After a call that raises, too."""

    def raises(*of):
        raise ZeroDivisionError

    def of_triangle(call):
        subject = SimpleNamespace(dim=2)
        trial = SimpleNamespace(subject=subject, apply=lambda way, at: call(), input=lambda way: None)
        return triangles.holds_triangle(trial, "forward")

    for look in (means.called_in, of_triangle):
        for call in (lambda: 1, raises):
            stood, given = ["before"], []
            fake = SimpleNamespace(getprofile=lambda stood=stood: stood[-1], setprofile=given.append)
            monkeypatch.setattr(means, "sys", fake)
            monkeypatch.setattr(triangles, "sys", fake)
            try:
                look(call)
            except ZeroDivisionError:
                assert call is raises
            assert len(given) == 2 and callable(given[0]) and given[1] == "before"
