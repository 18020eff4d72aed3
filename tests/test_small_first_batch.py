"""A layer that sets itself from its first batch; a layer that gives NaN; how far log-dets may be from cancelling."""

from functools import partial
from types import SimpleNamespace

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.check import Mistake
from nfscratch.check.finding import Symptom
from nfscratch.check.first_batch import depends_on_first_batch
from nfscratch.check.letters import out_of_reach, purity
from nfscratch.check.pairs import of_pairs
from nfscratch.check.trial import Trial

Z = onp.random.default_rng(3).normal(size=(6, 2))


class Normalizes:
    """x = z - m, with m the mean of the first batch where the layer has not been set."""

    def __init__(self, is_set, by=1.0, m=(0.5, -1.0)):
        self.m, self.is_set, self.by = onp.array(m), is_set, by

    def forward(self, z):
        if not self.is_set:
            self.m, self.is_set = self.by * z.mean(axis=0), True
        return z - self.m, onp.zeros(len(z))

    def inverse(self, x):
        return x + self.m, onp.zeros(len(x))

    pair = property(lambda self: (self.forward, self.inverse))


class Flow:
    """A layer in a table of a list of an object; with an array that is filled at the first call, and only kept."""

    def __init__(self, layer):
        self.layers, self.seen = [{"layer": layer}], onp.array([1.0, 2.0])

    def forward(self, z):
        self.seen = self.seen + 1
        return self.layers[0]["layer"].forward(z)

    def inverse(self, x):
        return self.layers[0]["layer"].inverse(x)


@pytest.mark.parametrize(("layer", "depends"), [
    (Normalizes(False), True), (Normalizes(True), False), (Normalizes(False, 1e-9, (1e-9, 0.0)), False),
])  # fmt: skip
def test_a_layer_within_a_flow(layer, depends):
    flow = Flow(layer)
    assert depends_on_first_batch((flow.forward, flow.inverse), 2, Z) is depends


class Alone(Normalizes):
    def __deepcopy__(self, memo):
        raise TypeError("there is one alone")


def test_a_layer_that_sets_itself_depends_on_its_first_batch_and_stays_as_it_is():
    layer = Normalizes(False)
    assert depends_on_first_batch(layer.pair, 2, Z) and not layer.is_set
    assert depends_on_first_batch([Normalizes(True).pair, layer.pair], 2, Z) and not layer.is_set
    assert depends_on_first_batch(tuple(partial(getattr(Normalizes, f), layer) for f in ("forward", "inverse")), 2, Z)


def test_what_does_not_depend_on_its_first_batch():
    assert not depends_on_first_batch(Normalizes(True).pair, 2, Z)
    assert not depends_on_first_batch(Normalizes(False, 1e-9).pair, 2, Z)
    assert not depends_on_first_batch(Normalizes(False, m=(1.0, 1.0)).pair, 2, Z)  # it held nothing yet
    assert not depends_on_first_batch(Alone(False).pair, 2, Z)


def test_what_cannot_be_copied_is_not_called():
    layer = Normalizes(False)
    plain = (lambda z: layer.forward(z)), (lambda x: layer.inverse(x))
    assert not depends_on_first_batch(plain, 2, Z) and not layer.is_set
    assert not depends_on_first_batch((layer.forward, plain[1]), 2, Z) and not layer.is_set


def test_p_says_so_of_plain_functions_before_their_first_call():
    z = onp.ones((2, 1))
    subject = SimpleNamespace(begun=(z, z, z[:, 0]), of_first_batch=True)
    assert purity._since_the_first_call(subject) is Symptom.FIRST_BATCH
    subject.begun = None  # an edited function has been called before
    assert purity._since_the_first_call(subject) is None


@pytest.mark.exhaustive
def test_the_audit_names_the_line_that_sets_it():
    failure = nf.check.audit(Normalizes(False).pair, dims=(2,), show=False).failures[0]
    assert (failure.letter, failure.mistake) == ("P", Mistake.INITIALISED_AGAIN) and "sets self.m" in failure.message
    assert nf.check.audit(Normalizes(True).pair, dims=(2,), show=False).ok


@pytest.mark.parametrize("writes", [False, True])
def test_a_number_that_is_none_was_not_written(writes):
    def root(z):
        with onp.errstate(invalid="ignore"):
            return onp.sqrt(z), onp.zeros(len(z))

    def filled(z):
        return onp.nan_to_num(z, copy=not writes), onp.zeros(len(z))

    same = lambda x: (x, onp.zeros(len(x)))  # noqa: E731
    found = purity._of_layers(Trial(of_pairs([(root, same), (filled, same)], 2), Z))
    assert found == ({"forward of layer 2 of 2": Symptom.ARGUMENT_CHANGED} if writes else {})


@pytest.mark.parametrize(("far", "room"), [(1.0, 1e-10), (8.0, 1e-10), (20.0, 1e-6)])
def test_log_dets_have_the_room_of_the_round_trip(far, room):
    square = lambda z: (z, 0.25 * (z**2).sum(axis=1))  # noqa: E731
    at = onp.array([[far, 0.5 * far, 0.0]])
    found = out_of_reach.room_of_log_dets(Trial(of_pairs((square, square), 3), at))
    assert found == pytest.approx([3 * room + 0.5 * 1.5 * far * far * room], rel=1e-5)
