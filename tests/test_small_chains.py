"""Chains written as one function, taken apart; attributes that a maker made; and terms that a log_det lacks."""

import ast

import numpy as onp
import pytest
from comparing import close
from edited_code import module_of

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import paired, wrong_chain
from nfscratch.check.diagnosis.boundaries import Boundaries
from nfscratch.check.pairs import of_pair
from nfscratch.check.repair import missing
from nfscratch.check.repair.edit import source
from nfscratch.check.repair.live_code import Reached, live_statements
from nfscratch.check.repair.made import made_statements
from nfscratch.check.repair.made_objects import attributes_otherwise, made_attributes
from nfscratch.check.repair.maker_lines import MakerScope
from nfscratch.check.repair.screens import OfLogDet
from nfscratch.check.trial import Trial


def rng(seed=0):
    return onp.random.default_rng(seed)


M, SHIFT = onp.array([[1.5, 0.4], [0.3, 0.9]]), onp.array([0.7, -0.3])
BACK = onp.linalg.inv(M).T


def forward(z):
    h = onp.sinh(z)
    g = h @ M.T
    k = g + SHIFT
    x = k + 0.5 * onp.tanh(k)
    return x, onp.zeros(len(z))


def solved(x):
    k = x
    for _ in range(40):
        k = k - (k + 0.5 * onp.tanh(k) - x) / (1.5 - 0.5 * onp.tanh(k) ** 2)
    return k


def right(x):
    k = solved(x)
    g = k - SHIFT
    h = g @ BACK
    z = onp.arcsinh(h)
    return z, onp.zeros(len(x))


def wrong_shift(x):
    k = solved(x)
    g = k + SHIFT
    h = g @ BACK
    z = onp.arcsinh(h)
    return z, onp.zeros(len(x))


def no_matrix(x):
    k = solved(x)
    h = k - SHIFT
    z = onp.arcsinh(h)
    return z, onp.zeros(len(x))


def clips(x):
    x = onp.clip(x, -0.5, 0.5)
    k = solved(x)
    g = k - SHIFT
    h = g @ BACK
    z = onp.arcsinh(h)
    return z, onp.zeros(len(x))


def trial_of(inverse, forward=forward, n=20):
    return Trial(of_pair(forward, inverse, 2), 0.7 * rng().normal(size=(n, 2)))


def steps_of(chain):
    """The states of forward that are matched, by what they are."""
    z = chain.forward.a
    h = onp.sinh(z)
    states = {"z": z, "h": h, "g": h @ M.T, "k": h @ M.T + SHIFT, "x": forward(z)[0]}
    at = [next(k for k, v in states.items() if onp.allclose(b.value, v, atol=1e-7)) for b in chain.forward.all]
    return [at[i] for i, _ in chain.matched]


def test_the_states_of_both_directions_are_paired():
    chain = paired.paired(trial_of(right))
    assert steps_of(chain) == ["x", "k", "g", "h", "z"] and chain.matched[0][1] == 0
    assert chain.matched[-1] == (0, len(chain.inverse) - 1)
    assert [j for _, j in chain.matched] == sorted(j for _, j in chain.matched)
    layers = chain.layers(chain.matched)
    assert [s.name.split(",")[0] for s in layers] == [f"layer {k} of 4" for k in range(1, 5)]
    z = trial_of(right).z
    for layer in layers:
        x = layer.forward(z)[0]
        close(layer.inverse(x)[0], z, 1e-7)
        z = x
    close(z, trial_of(right).x, 1e-9)


@pytest.mark.parametrize(("inverse", "matched"), [
    (wrong_shift, ["x", "k", "g", "h", "z"]), (no_matrix, ["x", "k", "g", "h", "z"]),
    (clips, ["x", "x", "k", "g", "h", "z"]),
])  # fmt: skip
def test_a_wrong_layer_is_passed(inverse, matched):
    found = steps_of(paired.paired(trial_of(inverse)))
    assert found[0] == "x" and found[-1] == "z" and set(found) <= set(matched)
    assert len(found) >= 3


@pytest.mark.parametrize(("inverse", "name"), [
    (wrong_shift, "SHIFT_NOT_UNDONE"), (no_matrix, "LAYER_NOT_UNDONE"), (clips, "CLIPS_ARGUMENT"), (right, None),
])  # fmt: skip
def test_the_layer_that_is_undone_wrongly(inverse, name):
    named = wrong_chain._named([trial_of(inverse)])
    assert (named.mistake.name if named else None) == name
    if named:
        assert named.where.startswith("inverse")


TURNS = [onp.linalg.qr(rng(k).normal(size=(2, 2)))[0] * (1 + 0.2 * k) for k in range(3)]


def in_a_loop(z):
    for T in TURNS:
        z = z @ T.T
        z = z + 0.5 * onp.tanh(z)
    return z, onp.zeros(len(z))


def back_in_order(x):
    for T in TURNS:
        x = solved(x)
        x = x @ onp.linalg.inv(T).T
    return x, onp.zeros(len(x))


def test_layers_that_are_undone_in_the_order_of_forward():
    trial = trial_of(back_in_order, in_a_loop)
    chain = paired.paired(trial)
    assert chain.in_order() is True and not paired.paired(trial_of(wrong_shift)).in_order()
    assert wrong_chain._named([trial]).mistake is Mistake.LAYERS_IN_ORDER
    assert all(
        pairs[0] == (len(chain.forward) - 1, 0) and pairs[-1] == (0, len(chain.inverse) - 1) for pairs in chain.turns
    )
    pairs = chain._with_ends([(0, 1), (2, 1), (9, 9), (1, len(chain.inverse) - 1), (2, 0)])
    assert pairs == [(len(chain.forward) - 1, 0), (2, 1), (0, len(chain.inverse) - 1)]


def test_what_is_no_chain_is_not_taken_apart():
    images = Trial(of_pair(forward, right, (1, 1, 2)), rng().normal(size=(4, 1, 1, 2)))
    assert paired.paired(images) is None and paired.paired(trial_of(right, n=1)) is None
    one = lambda a: (2 * a, onp.zeros(len(a)))  # noqa: E731
    assert paired.paired(Trial(of_pair(one, one, 2), rng().normal(size=(20, 2)))) is None


def test_the_boundaries_of_one_function():
    a, b = 0.7 * rng().normal(size=(2, 7, 2))
    found = Boundaries(forward, a, b)
    values = [a, onp.sinh(a), onp.sinh(a) @ M.T, onp.sinh(a) @ M.T + SHIFT, forward(a)[0]]
    assert len(found) == 5
    for boundary, value in zip(found.all, values, strict=True):
        close(boundary.value, value, 1e-12)
    y, gained = found.step(1, 3)(onp.sinh(b))
    close(y, onp.sinh(b) @ M.T + SHIFT, 1e-12)
    close(gained, onp.zeros(7), 0)
    close(found.step(2, 2)(b)[0], b, 0)
    states = found.states_from(2, onp.sinh(b) @ M.T)
    assert len(states) == 3
    close(states[1], onp.sinh(b) @ M.T + SHIFT, 1e-12)
    close(states[2], forward(b)[0], 1e-12)


# --- attributes that were made ---


LAYER = """
    import numpy as np


    class Layer:
        def __init__(self, order, scale, words):
            self.order = order
            size = len(order)
            self.back = np.argsort(self.order)
            self.log = size * np.log(scale)
            self.scale = scale
            self.twice = 2 * self.back
            self.unread = 3 * size
            self.words = words.upper()

        def forward(self, z):
            return z[:, self.order] * self.scale, np.full(len(z), self.log)

        def inverse(self, x):
            return x[:, self.back] / self.scale, np.full(len(x), -self.log)


    layer = Layer(np.array([1, 2, 0]), 2.0, "a")
    forward, inverse = layer.forward, layer.inverse
"""


@pytest.fixture
def module(tmp_path):
    return module_of(LAYER, tmp_path, "small_layer")


def met(module, n=4):
    z = rng().normal(size=(n, 3))
    return Reached(lambda: (module.forward(z), module.inverse(z)))


def test_the_lines_of_a_maker_that_can_be_tried_otherwise(module):
    reached = met(module)
    made = list(made_attributes(reached, reached.lines))
    found = {source(m.tree): [source(line) for line in m.after] for m in made}
    assert found == {
        "self.order = order": ["self.back = np.argsort(self.order)", "self.twice = 2 * self.back"],
        "size = len(order)": ["self.log = size * np.log(scale)", "self.unread = 3 * size"],
        "self.back = np.argsort(self.order)": ["self.twice = 2 * self.back"],
        "self.log = size * np.log(scale)": [], "self.scale = scale": [],
    }  # fmt: skip
    assert all(m.is_repeatable and m.me == "self" and m.owners == [module.layer] for m in made)
    assert list(made_attributes(reached, {})) == []


def test_an_object_with_another_line(module):
    reached = met(module)
    order = next(m for m in made_attributes(reached, reached.lines) if source(m.tree) == "self.order = order")
    before = dict(vars(module.layer))
    order.tree.value = ast.parse("order[::-1]", mode="eval").body
    ast.fix_missing_locations(order.tree)
    with order.edited():
        assert module.layer.order.tolist() == [0, 2, 1] and module.layer.back.tolist() == [0, 2, 1]
        assert module.layer.twice.tolist() == [0, 4, 2] and module.layer.log == before["log"]
    assert vars(module.layer) == before
    with pytest.raises(ZeroDivisionError), order.edited():
        raise ZeroDivisionError
    assert vars(module.layer) == before
    order.tree.value = ast.parse("lost", mode="eval").body
    ast.fix_missing_locations(order.tree)
    with pytest.raises(ValueError, match="lost"), order.edited():
        pass


def test_the_variables_of_a_maker(module):
    reached = met(module)
    log = next(m for m in made_attributes(reached, reached.lines) if source(m.tree).startswith("self.log"))
    scope = MakerScope(log, reached)
    assert scope.locals["size"] == 3 and scope.locals["scale"] == 2.0 and type(scope.locals["self"]) is module.Layer
    assert scope.array_module == "np" and "words" not in scope.locals and scope.named == {"size", "np", "scale", "self"}
    texts = {
        source(edit.new) if isinstance(edit.new, ast.AST) else ""
        for _, _, edit in attributes_otherwise(reached, reached.lines)
    }
    assert {"size / np.log(scale)", "np.log(scale)", "order", "scale"} & texts


def test_the_lines_of_a_module_that_can_be_tried_otherwise(tmp_path):
    text = """
        import numpy as np

        u = np.array([1.0, 2.0])
        size = np.log(np.abs(u)).sum()
        half = size / 2
        lost = 5


        def forward(z):
            return z * u, np.full(len(z), half)


        def inverse(x):
            return x / u, np.full(len(x), -size)
    """
    module = module_of(text, tmp_path, "small_module")
    z = rng().normal(size=(4, 2))
    reached = Reached(lambda: (module.forward(z), module.inverse(z)))
    found = {source(m.tree): ([source(line) for line in m.after], m) for m in made_statements(reached, reached.lines)}
    after = {text: lines for text, (lines, _) in found.items()}
    rest = ["size = np.log(np.abs(u)).sum()", "half = size / 2"]
    assert after == {"u = np.array([1.0, 2.0])": rest, rest[0]: rest[1:], rest[1]: []}
    size = found[rest[0]][1]
    before = module.size, module.half
    size.tree.value = ast.parse("np.abs(u).sum()", mode="eval").body
    ast.fix_missing_locations(size.tree)
    assert not size.is_repeatable
    with size.edited():
        assert (module.size, module.half) == (3.0, 1.5)
    assert (module.size, module.half) == before


# --- terms that are missing ---


LACKING = """
    import numpy as np

    s, t = np.array([0.3, -0.8, 1.1]), np.array([0.5, 0.2, -0.4])
    W = np.array([[1.5, 0.4, 0.1], [0.3, 0.9, -0.2], [0.2, 0.1, 1.1]])


    def forward(z):
        h = z * np.exp(s) + t
        slope = 1 + 0.5 * (1 - np.tanh(h) ** 2)
        x = (h + 0.5 * np.tanh(h)) @ W.T
        log_det = {claim}
        return x, log_det


    def inverse(x):
        return x, np.zeros(len(x))
"""


@pytest.mark.parametrize(("claim", "mended"), [
    ("np.log(slope).sum(axis=1) + s.sum()", "np.linalg.slogdet(W)[1]"),
    ("np.log(slope).sum(axis=1) + np.linalg.slogdet(W)[1]", "np.sum(s)"),
    ("np.linalg.slogdet(W)[1] + s.sum() + 0 * z[:, 0]", "np.sum(np.log(np.abs(slope)), axis=1)"),
])  # fmt: skip
def test_a_term_that_a_log_det_lacks(claim, mended, tmp_path):
    module = module_of(LACKING.replace("{claim}", claim), tmp_path, "lacking")
    trial = Trial(of_pair(module.forward, module.inverse, 3), rng().normal(size=(12, 3)))
    reached = Reached(lambda: trial.subject.forward(trial.z.copy()))
    screen = OfLogDet(trial, 0, "forward", reached.is_met)
    statements = live_statements(reached)
    texts = []
    for statement, place, edit in missing.missing_terms(statements, reached, reached.lines, screen):
        with edit.done(), statement.edited():
            passes = screen.passes()
        if passes:
            texts.append(source(edit.new if place.index is None else edit.new[place.index]))
    assert texts and any(mended in text for text in texts)
    nothing = missing.missing_terms(statements, reached, {}, screen)
    assert list(nothing) == []


@pytest.mark.parametrize(("true", "claim", "is_one"), [
    ([2.0, 4.0], [1.0, 2.0], True), ([3.0, 6.0], [1.0, 2.0], True), ([1.0, 2.0], [1.0, 2.0], False),
    ([2.0, 4.1], [1.0, 2.0], False), ([0.5, 1.0], [1.0, 2.0], False), ([2.0, 4.0], [1.0, 0.0], False),
    ([2.0, 4.0 + 1.9e-6], [1.0, 2.0], True), ([2.0, 4.0 + 2.1e-6], [1.0, 2.0], False),
])  # fmt: skip
def test_a_log_det_that_is_a_whole_number_of_times_too_small(true, claim, is_one):
    assert missing._is_multiple(true, claim) is is_one
