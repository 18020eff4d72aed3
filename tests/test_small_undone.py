"""Which layer of a chain is not undone: the first with a name of its own, however the layers are paired."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_chain, wrong_condition, wrong_contraction
from nfscratch.check.diagnosis.mistakes import Named
from nfscratch.check.finding import Symptom

Z = onp.arange(6.0).reshape(3, 2)


def of_layers(monkeypatch, names, tried=False):
    """What is said of a chain whose layers have these names; of None the round trip holds. And the layers asked."""
    asked = []

    def name(chain, pairs, trial):
        k = int(trial.layer.name[-1])
        assert trial.at.tolist() == (Z[[2, 0]] + k).tolist() and trial.limit == 0.5
        assert pairs == [(k, 9 - k), (k + 1, 8 - k)]
        asked.append(k)
        return Mistake[names[k]]

    layers = [SimpleNamespace(name=f"layer {k}") for k in range(len(names))]
    pairs = [(k, 9 - k) for k in range(len(names), -1, -1)]
    chain = SimpleNamespace(layers=lambda given: layers if given is pairs else None, rows=onp.array([2, 0]))
    trial_of = lambda layer, at, limit: SimpleNamespace(layer=layer, at=at, limit=limit, x=at + 1)  # noqa: E731
    monkeypatch.setattr(wrong_chain, "Trial", trial_of)
    fails = lambda trial: SimpleNamespace(failed=names[int(trial.layer.name[-1])] is not None)  # noqa: E731
    monkeypatch.setattr(wrong_chain, "check_round_trip", fails)
    monkeypatch.setattr(wrong_chain, "_name_of_layer", name)
    found = wrong_chain._of_layers(chain, pairs, SimpleNamespace(z=Z, limit=0.5), tried)
    return found and (found.mistake.name, found.where), asked


@pytest.mark.parametrize(("names", "tried", "name", "layer", "asked"), [
    (["MULTIPLIES", "FOLDS"], False, "MULTIPLIES", 0, [0]), ([None, "FOLDS"], False, "FOLDS", 1, [1]),
    (["NO_UNDOING", "FOLDS"], False, "FOLDS", 1, [0, 1]), (["NO_UNDOING", "FOLDS"], True, "NO_UNDOING", 0, [0, 1]),
    (["PERMUTATION", "FOLDS"], False, "FOLDS", 1, [0, 1]), (["PERMUTATION", None], False, "PERMUTATION", 0, [0]),
    (["PERMUTATION", "HALVES_SWAPPED"], False, "NO_UNDOING", 0, [0, 1]), (["FOLDS", "FOLDS"], True, "FOLDS", 0, [0]),
    (["PERMUTATION", "PERMUTATION"], False, "PERMUTATION", 0, [0, 1]),
    (["RETURNS_ARGUMENT", "COLUMN_SKIPPED", "FOLDS"], False, "FOLDS", 2, [0, 1, 2]),
    (["NO_UNDOING", "NO_UNDOING", "NO_UNDOING", "FOLDS"], False, "NO_UNDOING", 0, [0, 1, 2]),
    (["NO_UNDOING", "NO_UNDOING", None, "FOLDS"], False, "FOLDS", 3, [0, 1, 3]),
])  # fmt: skip
def test_the_first_layer_with_a_name_of_its_own(names, tried, name, layer, asked, monkeypatch):
    """A name that a layer may have by chance waits for another one; of three without a name the rest is not asked."""
    assert of_layers(monkeypatch, names, tried) == ((name, f"inverse of layer {layer}"), asked)


def test_of_one_layer_or_of_right_ones_nothing_is_said(monkeypatch):
    assert of_layers(monkeypatch, ["FOLDS"]) == (None, [])
    assert of_layers(monkeypatch, [None, None]) == (None, [])


def chain_of(ways, in_order=False):
    """matched, and the turns."""
    return SimpleNamespace(matched=ways[0], turns=ways[1:], in_order=lambda: in_order)


@pytest.mark.parametrize(("said", "options", "found", "asked"), [
    ({}, {"chain": False}, None, []), ({}, {"in_order": True}, ("LAYERS_IN_ORDER", "inverse"), []),
    ({}, {"clips": True}, ("CLIPS_ARGUMENT", "inverse"), []),
    ({"whole m": "FOLDS"}, {}, ("FOLDS", "whole m"), ["whole m"]),
    ({"whole m": "NO_UNDOING", "whole t": "FOLDS"}, {}, ("FOLDS", "whole t"), ["whole m", "whole t"]),
    ({"whole m": "NO_UNDOING"}, {}, ("NO_UNDOING", "whole m"), ["whole m", "whole t", "m"]),
    ({"whole t": "NO_UNDOING"}, {}, None, ["whole m", "whole t", "m"]),
    ({"m": "FOLDS"}, {}, ("FOLDS", "m"), ["whole m", "whole t", "m"]),
    ({}, {"reads": True}, ("CHANGED_HALF", "inverse"), ["whole m", "whole t", "m"]),
    ({"whole m": "NO_UNDOING"}, {"whole": False}, ("NO_UNDOING", "m"), ["m", "t"]),
])  # fmt: skip
def test_the_ways_in_which_layers_may_be_paired(said, options, found, asked, monkeypatch):
    """As matched, without what belongs to a layer beside; in turns; and as matched, where that is another way."""
    whole, seen = options.get("whole", True), []
    chain = chain_of(["m", "t"], options.get("in_order", False))
    monkeypatch.setattr(wrong_chain, "paired", lambda trial: chain if options.get("chain", True) else None)
    monkeypatch.setattr(wrong_chain, "_clips", lambda chain, trial: options.get("clips", False))
    monkeypatch.setattr(wrong_chain, "whole_layers", lambda pairs: f"whole {pairs}" if whole else pairs)
    monkeypatch.setattr(
        wrong_chain, "reads_argument", lambda chain, trial: options.get("reads") and Mistake.CHANGED_HALF
    )

    def of_layers(chain, pairs, trial, tried):
        seen.append(pairs)
        assert tried is (len(seen) > 1)
        name = said.get(pairs if whole else f"whole {pairs}")
        return Named(Mistake[name], pairs) if name else None

    monkeypatch.setattr(wrong_chain, "_of_layers", of_layers)
    named = wrong_chain._named(["trial"])
    assert (named and (named.mistake.name, named.where)) == found and seen == asked


def case(dim, failed=True, symptom=None, dtype="float64", wrong=("x",)):
    trial = SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype(dtype)), k=dim)
    evidence = {"wrong": wrong}
    return SimpleNamespace(
        dim=dim, trial=trial, finding=SimpleNamespace(failed=failed, symptom=symptom, evidence=evidence)
    )


def test_trials_of_the_two_largest_dimensions_in_double():
    cases = [
        case(2),
        case(3),
        case(3),
        case(4, failed=False),
        case(5, dtype="float32"),
        case(6, symptom=Symptom.RAISES),
    ]
    assert wrong_chain._trials(cases) == [cases[1].trial, cases[0].trial]
    assert wrong_chain._trials([case(7), *cases[:3]])[0].k == 3
    assert len(wrong_chain._trials([case(1), case(2), case(3)])) == 2


@pytest.mark.parametrize(("letter", "whole", "wrong", "symptom", "found"), [
    ("R", "NO_UNDOING", "z", None, "layer"), ("R", "FOLDS", "z", None, "whole"),
    ("S", "NO_UNDOING", "z", Symptom.SHAPE, "whole"),
    ("S", "NO_UNDOING", "z", Symptom.NOT_FINITE, "layer"),
    ("S", "NO_UNDOING", "log_det inverse", Symptom.NOT_FINITE, "layer"),
    ("S", "NO_UNDOING", "x", Symptom.NOT_FINITE, "whole"),
])  # fmt: skip
def test_what_the_whole_shows_beyond_doubt_stays(letter, whole, wrong, symptom, found, monkeypatch):
    named, layer = Named(Mistake[whole], "whole"), Named(Mistake.MULTIPLIES, "layer")
    cases = [case(1, failed=False), case(2, symptom=symptom, wrong=(wrong,))]
    monkeypatch.setattr(wrong_chain, "_named", lambda trials: layer)
    assert wrong_chain.name_inverse_of_chain(letter, cases, named).where == found
    monkeypatch.setattr(wrong_chain, "_named", lambda trials: None)
    assert wrong_chain.name_inverse_of_chain(letter, cases, named) is named
    monkeypatch.setattr(wrong_chain, "_named", lambda trials: 1 / 0)
    assert wrong_chain.name_inverse_of_chain(letter, cases, named) is named


# --- one iteration ---


def iterated(monkeypatch, back, arrives=True, det=1.0):
    """x - z halves its way to z at each step, of which 120 are made; or it stays."""
    z, x = onp.zeros((3, 1)), onp.array([[1.0], [2.0], [4.0]])
    c = SimpleNamespace(z=z, x=x, back=onp.array(back, dtype=float)[:, None], J=onp.full((3, 1, 1), det))
    monkeypatch.setattr(
        wrong_contraction,
        "_step",
        lambda c, z: 0.5 * z * onp.array(arrives)[..., None] if onp.ndim(arrives) else 0.5 * z,
    )
    monkeypatch.setattr(
        wrong_contraction, "_by_its_steps", lambda c, last, following: (last.tolist(), following.tolist())
    )
    return wrong_contraction.cut_iteration(c)


def test_an_iterate_is_told_by_its_last_step_and_the_next(monkeypatch):
    assert iterated(monkeypatch, [0.5, 1, 2]) == ([[-0.5], [-1], [-2]], [[0.25], [0.5], [1]])
    assert iterated(monkeypatch, [0.25, 0.5, 1]) == ([[-0.25], [-0.5], [-1]], [[0.125], [0.25], [0.5]])
    assert iterated(monkeypatch, [1, 2, 4]) is None  # the argument is no iterate
    assert iterated(monkeypatch, [0.5, 1, 2.1]) is None


@pytest.mark.parametrize(("back", "arrives", "det", "named"), [
    ([0, 0, 9], [1, 1, 0], 1.0, True), ([0, 0, 9], [1, 1, 0], -1.0, False), ([0, 0, 9], [1, 1, 0], 0.0, False),
    ([0, 9, 9], [1, 1, 0], 1.0, False), ([9, 9, 9], [0, 0, 0], 1.0, False), ([0, 0, 9], [1, 1, 1], 1.0, False),
])  # fmt: skip
def test_an_inverse_is_right_in_the_rows_in_which_the_iteration_arrives(back, arrives, det, named, monkeypatch):
    found = iterated(monkeypatch, back, arrives, det)
    assert found is (Mistake.NO_CONTRACTION if named else None)


# --- the argument of the whole ---


def test_a_layer_that_is_given_the_argument_of_the_whole(monkeypatch):
    """x_1 = z_1, x_2 = 2 z_2 in the first layer; `_undone` says what its inverse gives at the x of the whole."""
    z = Z.copy()
    for change, reads in (
        (None, True),
        ("kept is wrong", False),
        ("changed is wrong", False),
        ("bent", False),
        ("all", False),
    ):
        back = onp.stack([z[:, 0] + (change == "kept is wrong"), 7 + 0.0 * z[:, 1]], axis=1)
        trial = SimpleNamespace(z=z, x=10 + z, back=(back,), limit=0.1)
        chain = SimpleNamespace(rows=onp.arange(3), subject=SimpleNamespace(dim=2))
        chain.forward = Side(lambda h: (h * [1.0, 2.0], onp.zeros(len(h))))
        c = SimpleNamespace(rows=onp.arange(3), z=z, kept=onp.array([True, change == "all"]), layer=None)
        monkeypatch.setattr(wrong_condition, "comparable", lambda t, c=c: vars(c).update(layer=t) or c)
        monkeypatch.setattr(wrong_condition, "_is_affine", lambda c, change=change: change != "bent")

        def undone(c, v, w, off=change == "changed is wrong"):
            assert v.tolist() == w.tolist() == (10 + z[:, :1]).tolist()
            return 7 + off + 0 * v

        monkeypatch.setattr(wrong_condition, "_undone", undone)
        assert wrong_condition.reads_argument(chain, trial) is reads
        assert c.layer.z.tolist() == z.tolist() and c.layer.x.tolist() == (z * [1, 2]).tolist() and c.layer.limit == 0.1


class Side:
    """Three boundaries."""

    def __init__(self, first):
        self.step = lambda i, j: first if (i, j) == (0, 1) else None

    def __len__(self):
        return 3
