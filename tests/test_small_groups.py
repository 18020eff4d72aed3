"""What is tried of two functions and of a factory at each dimension, and the notes on it."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.check import draws
from nfscratch.check.draws import FactoryRaised, Group
from nfscratch.check.pairs import of_pair

PAIR = (lambda z: (2 * z, 0 * z[:, 0]), lambda x: (x / 2, 0 * x[:, 0]))
OPTIONS = {"params": None, "context": None, "dtype": "float64", "draws": 3, "radii": (0.3, 1.0)}


def rng():
    return onp.random.default_rng(0)


@pytest.fixture
def loose(monkeypatch):
    """The accuracies that the functions turn out to have, by their dimension, and what they were asked with."""
    found = SimpleNamespace(of={2: 0.0, 3: 0.0, 4: 0.0}, asked=[])

    def with_its_accuracy(subject, z):
        found.asked.append((subject, z))
        accuracy = found.of[subject.dim]
        return replace(subject, accuracy=accuracy) if accuracy else None

    monkeypatch.setattr(draws, "with_its_accuracy", with_its_accuracy)
    return found


def test_two_functions_are_tried_at_two_draws_of_points_and_with_the_accuracy_that_they_have(loose):
    loose.of[2] = 1e-6
    group = draws._group_of_pairs(PAIR, 2, rng(), {}, OPTIONS)
    ((subject, z),) = loose.asked
    assert subject.accuracy == 0.0 and len(group.trials) == 2 and z.shape == (24, 2)
    assert (onp.concatenate([trial.z for trial in group.trials]) == z).all()
    for trial in group.trials:
        assert (trial.subject.accuracy, trial.twin, trial.limit) == (1e-6, None, 1e-2)
    assert (group.dim, group.singles, group.calm, group.moved) == (2, [], group.trials[:1], [])
    loose.of[2] = 0.0
    exact = draws._group_of_pairs(PAIR, 2, rng(), {"accuracy": 1e-9}, OPTIONS)
    assert [(trial.subject.accuracy, trial.limit) for trial in exact.trials] == [(1e-9, 1e-3)] * 2
    narrow = draws._group_of_pairs(PAIR, 2, rng(), {}, OPTIONS | {"dtype": "float32"})
    wide = draws._group_of_pairs(PAIR, 2, rng(), {}, OPTIONS | {"dtype": None})
    assert narrow.trials[0].z.dtype == onp.float32 and wide.trials[0].z.dtype == onp.float64


def test_the_worst_accuracy_of_all_dimensions_is_told_unless_the_user_stated_one(loose):
    words = "the round trip is off by {} where draws come, as when a loop stops early; audited with this accuracy"
    for of, given, told in (
        ({}, {}, None), ({2: 1e-7}, {}, "1e-07"), ({2: 1e-7, 4: 1e-6}, {}, "1e-06"), ({3: 1e-6, 4: 1e-7}, {}, "1e-06"),
        ({2: 1e-7}, {"accuracy": 1e-9}, None), ({}, {"accuracy": 1e-9}, None),
    ):  # fmt: skip
        loose.of.update({2: 0.0, 3: 0.0, 4: 0.0} | of)
        groups, notes = draws._groups_of_pairs(PAIR, (2, 3, 4), rng(), given, OPTIONS)
        assert notes == ([words.format(told)] if told else []), (of, given)
        assert [group.dim for group in groups] == [2, 3, 4]


def test_functions_are_asked_for_their_first_batch_and_their_first_call_before_anything_else(monkeypatch, loose):
    said = []
    for name, answer in (("depends_on_first_batch", True), ("first_call", "begun"), ("computes_in_float32", False)):
        monkeypatch.setattr(
            draws, name, lambda pairs, dim, z, name=name, answer=answer: said.append((name, dim, z.shape)) or answer
        )
    options = OPTIONS | {"dtype": None}
    groups, _ = draws._groups_of_pairs(PAIR, (2, (1, 2)), rng(), {}, options)
    asked = [(name, dim) for name, dim, _ in said]
    assert asked == [
        ("depends_on_first_batch", 2), ("depends_on_first_batch", (1, 2)), ("first_call", 2), ("first_call", (1, 2)),
        ("computes_in_float32", 2),
    ]  # fmt: skip
    assert [shape for *_, shape in said] == [(6, 2), (6, 1, 2), (6, 2), (6, 1, 2), (6, 2)]
    subjects = [group.trials[0].subject for group in groups]
    assert [(s.begun, s.of_first_batch, s.dtype) for s in subjects] == [("begun", True, onp.float64)] * 2
    said.clear()
    draws._groups_of_pairs(PAIR, (2,), rng(), {}, OPTIONS)  # a dtype is asked for
    assert [name for name, *_ in said] == ["depends_on_first_batch", "first_call"]


@pytest.mark.parametrize("single", [True, False])
def test_functions_of_float32_have_densities_and_samples_of_float32(single, monkeypatch, loose):
    monkeypatch.setattr(draws, "computes_in_float32", lambda pairs, dim, z: single or dim == 3)
    given = {"log_prob": lambda x: onp.ones(len(x)), "sample": lambda rng, n: onp.ones((n, 2))}
    (group, _), notes = draws._groups_of_pairs(PAIR, (2, 3), rng(), dict(given), OPTIONS | {"dtype": None})
    s, z = group.trials[0].subject, onp.ones((3, 2))
    dtypes = {a.dtype for a in (s.forward(z)[0], s.inverse(z)[1], s.log_prob(z), s.sample(None, 2))} | {s.dtype}
    assert dtypes == {onp.dtype("float32" if single else "float64")} and len(notes) == single
    assert [note[:19] for note in notes] == ["audited in float32,"] * single


class Raises:
    def __init__(self, error):
        self.error = error

    def __call__(self, dim):
        raise self.error


def told(factory, dims=(2, 5)):
    try:
        draws._groups_of_factory(factory, dims, rng(), OPTIONS)
    except (TypeError, ValueError) as error:
        return type(error), str(error)


def test_a_factory_that_raises_is_told_from_a_function_of_points():
    wanted = "a factory must take a dimension and return a Bijection or a Flow; a function of points, a pair; got one "
    for error, kind in (
        (TypeError("t"), TypeError), (AttributeError("a"), TypeError), (IndexError("i"), TypeError),
        (KeyError("k"), FactoryRaised), (RuntimeError("r"), FactoryRaised), (SystemExit("s"), FactoryRaised),
    ):  # fmt: skip
        words = f"{wanted}that raises {type(error).__name__} at D = 2: {error}"
        assert told(Raises(error)) == (kind, words), error
    assert told(lambda dim: "a map") == (TypeError, "the factory must return a Bijection or a Flow; got str at D = 2")
    refused = "the factory refused every dimension; at D = 5: not today"
    assert told(Raises(ValueError("not today"))) == (ValueError, refused)


def test_a_factory_may_refuse_some_dimensions():
    def factory(dim):
        if dim != 2:
            raise ValueError(f"{dim} is odd")
        return nf.ActNorm(dim)

    groups, notes = draws._groups_of_factory(factory, (1, 2, 3), rng(), OPTIONS)
    assert notes == ["not audited at D = 1: 1 is odd", "not audited at D = 3: 3 is odd"]
    assert [group.dim for group in groups] == [2] and len(groups[0].trials) == 3


def test_a_subject_is_a_layer_two_functions_or_a_factory(monkeypatch):
    for name in ("_group", "_groups_of_pairs", "_groups_of_factory"):
        monkeypatch.setattr(draws, name, lambda *asked, name=name: (name, *asked))
    of = lambda subject, dims=(2,), declared=None: draws.groups_of(subject, dims, "rng", declared or {}, OPTIONS)  # noqa: E731
    layer, declared = nf.ActNorm(2), {"smooth": False, "accuracy": None}
    assert of(layer) == ([("_group", layer, "rng", OPTIONS)], [])
    for pairs in (PAIR, list(PAIR), [PAIR, PAIR], (PAIR,)):
        assert of(pairs, (3,), declared) == ("_groups_of_pairs", pairs, (3,), "rng", {"smooth": False}, OPTIONS)
        with pytest.raises(ValueError, match=r"^dims must name the dimension of a pair of functions, such as dims"):
            of(pairs, draws.DIMS)
    assert of(nf.ActNorm, draws.DIMS) == ("_groups_of_factory", nf.ActNorm, draws.DIMS, "rng", OPTIONS)
    takes = "an audit takes a Bijection, a Flow, a factory, a pair of functions or a list of pairs; got "
    both = SimpleNamespace(forward=len, inverse=len)
    for subject, hint in ((3, ""), (PAIR[:1], ""), (both, "; pass (made.forward, made.inverse) of an object made")):
        with pytest.raises(TypeError) as caught:
            of(subject)
        assert str(caught.value) == f"{takes}{subject!r}{hint}"


def test_a_group_has_no_moved_parameters_unless_it_is_given_some():
    assert Group(2, [], [], []).moved == [] and Group(2, [], [], []).moved is not Group(2, [], [], []).moved


def test_a_row_that_overflows_is_left_out_and_one_that_is_huge_stays():
    huge = (lambda z: (onp.exp(100 * z), 100 * z.sum(axis=1)), lambda x: (onp.log(x) / 100, -onp.log(x).sum(axis=1)))
    z = onp.array([[1.0, 1.0], [8.0, 1.0], [5.0, 1.0], [1.0, 7.5], [1.0, 7.0]])
    assert draws._without_overflow(of_pair(*huge, 2), z).tolist() == z[[0, 2, 4]].tolist()


def test_functions_answer_where_all_is_finite_or_an_ordinary_x_has_no_log_det():
    def answers(x, log_det, back=0.0, codomain=None):
        forward, inverse = (lambda z: (z + onp.array(x), onp.array(log_det))), (lambda x: (x + back, 0 * x[:, 0]))
        return draws._answers(of_pair(forward, inverse, 1, codomain=codomain), onp.zeros((2, 1)))

    right, one, both, nan, inf = [0.0, 0.0], [onp.nan, 0.0], [onp.nan] * 2, onp.nan, onp.inf
    for given, found in (
        ((0.5, right), True), ((0.5, one), False), ((0.5, both), True), (([[0.5], [inf]], both), False),
        (([[inf], [0.5]], right), False), ((0.5, right, nan), False), ((0.5, [0.0, -inf]), False),
        ((0.5, both, nan), True), ((0.5, both, 0.0, (0.0, 1.0)), True), ((1.5, both, 0.0, (0.0, 1.0)), False),
        (([[0.5], [1.0]], both, 0.0, (0.0, 1.0)), False), (([[0.5], [1.0]], right, 0.0, (0.0, 1.0)), False),
        ((0.5, [0.0]), True),
    ):  # fmt: skip
        assert answers(*given) is found, given


def test_the_first_points_of_functions_are_those_of_seed_0_within_their_domain():
    for dim, shape in ((2, (6, 2)), ((1, 2, 2), (6, 1, 2, 2)), (onp.int64(3), (6, 3))):
        normal = onp.random.default_rng(0).normal(size=shape)
        assert (draws._some_points(dim, {}) == normal).all() and (
            draws._some_points(dim, {"domain": None}) == normal
        ).all()
        assert onp.allclose(draws._some_points(dim, {"domain": (2.0, None)}), 2.0 + onp.exp(normal))
