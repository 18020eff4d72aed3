"""Which layers leave their pullback to autograd, at which rows a gradient is asked, and by which steps."""

from types import SimpleNamespace

import numpy as onp
from tried_maps import rng

from nfscratch.bijections.contract import Bijection
from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.letters import gradients


def own(self, *given):
    """A kernel of the layer's own."""


def layer(*kernels, within=None):
    made = type(
        "Layer",
        (),
        {"forward_vjp": Bijection.forward_vjp, "inverse_vjp": Bijection.inverse_vjp} | dict.fromkeys(kernels, own),
    )()
    if within is not None:
        made.bijection = within
    return made


def test_a_layer_is_traced_where_either_pullback_is_not_its_own(monkeypatch):
    both = ("forward_vjp", "inverse_vjp")
    for layers, traced in (
        ([layer(*both)], False), ([layer()], True), ([layer("forward_vjp")], True), ([layer("inverse_vjp")], True),
        ([layer(*both), layer("forward_vjp")], True), ([layer(*both), layer(*both)], False),
        ([layer(*both, within=layer(*both))], False), ([layer(*both, within=layer("forward_vjp"))], True),
        ([layer("inverse_vjp", within=layer(*both))], True),
    ):  # fmt: skip
        monkeypatch.setattr(
            gradients, "leaf_layers", lambda b, params, layers=layers: [(each, None) for each in layers]
        )
        assert gradients._is_traced(SimpleNamespace(bijection="b", params="p")) is traced, layers


def test_gradients_are_asked_at_six_usable_rows_and_at_calm_edges():
    """Those edges count where rounding leaves a tenth of z, and whose x is an ordinary number."""
    z = onp.arange(8.0)[:, None]
    usable = onp.array([True, False, True, True, True, True, True, True])
    trial = SimpleNamespace(usable=usable, input=lambda direction: z if direction == "forward" else 10 * z)
    trial.subject = SimpleNamespace(at=lambda rows: rows.tolist())
    assert [a.tolist() for a in gradients._ordinary(trial, "inverse")] == [
        [0, 2, 3, 4, 5, 6],
        (10 * z[[0, 2, 3, 4, 5, 6]]).tolist(),
    ]
    edge = SimpleNamespace(z=onp.array([[0.5], [0.5], [4.0], [4.0], [0.5], [0.5], [0.5]]))
    edge.allowed = onp.array([0.099, 0.1, 0.399, 0.4, 0.0, 0.0, 0.0])
    edge.x = onp.array([[1.0], [1.0], [1.0], [1.0], [1e12], [-0.9e12], [1.0]])
    edge.usable = onp.array([True] * 6 + [False])
    edge.input = lambda direction: edge.z if direction == "forward" else edge.x
    for direction, of_rows, of_edges in (("forward", z, edge.z), ("inverse", 10 * z, edge.x)):
        s, at = gradients._with_edges(edge, trial, direction)
        assert s == [0, 2, 3, 4, 5, 6, 0, 2, 5]
        assert (at == onp.concatenate([of_rows[[0, 2, 3, 4, 5, 6]], of_edges[[0, 2, 5]]])).all()


def test_a_step_of_the_input_stays_a_tenth_of_its_interval():
    drawn = rng().normal(size=(3, 2))
    inf = onp.inf
    for ends, room in (
        ((-inf, inf), [1.0, 1.0]), ((0.0, inf), [1.0, 1.0]), ((0.0, 2.0), [0.2, 0.2]), ((-30.0, 30.0), [1.0, 1.0]),
        ((onp.array([0.0, -inf]), onp.array([4.0, inf])), [0.4, 1.0]),
    ):  # fmt: skip
        s = SimpleNamespace(ends=lambda direction, ends=ends: ends if direction == "inverse" else None)
        step = gradients._step_inside(s, "inverse", onp.ones((3, 2)), rng())
        assert onp.abs(step - drawn * room).max() < 1e-12, ends


def not_finite(monkeypatch, g_at, g_params=(0.0,), g_context=None, direction="forward"):
    at = onp.array([[1.0, 2.0], [3.0, 4.0]])
    monkeypatch.setattr(
        gradients, "_with_edges", lambda *given: ("s", at) if given == ("edge", "trial", direction) else None
    )
    answer = None, None, None, None, ({"p": onp.array(g_params)}, onp.array(g_at), g_context)
    monkeypatch.setattr(gradients, "_pulled", lambda *given: answer if given == ("s", direction, at, "rng") else None)
    monkeypatch.setattr(gradients, "_culprit", lambda *given: 1 if given == ("s", direction, at, "rng") else None)
    return gradients._finite("edge", "trial", direction, "rng")


def test_a_gradient_that_is_not_finite_is_told_at_its_row(monkeypatch):
    fine, nan = [[1.0, 1.0], [1.0, 1.0]], onp.nan
    for direction, symbol in (("forward", "z"), ("inverse", "x")):
        for given, row in (
            (([[nan, 1.0], [1.0, 1.0]],), 0), (([[1.0, 1.0], [1.0, onp.inf]],), 1), ((fine, (nan,)), 1),
            ((fine, (0.0,), onp.array([nan])), 1), (([[nan, 1.0], [1.0, 1.0]], (nan,)), 0),
        ):  # fmt: skip
            found = not_finite(monkeypatch, *given, direction=direction)
            assert (found.letter, found.what, found.error) == ("G", f"gradients of {direction} are finite", onp.inf)
            assert found.failed and found.tolerance == 0.0 and found.symptom is Symptom.NOT_FINITE
            assert found.at == f"not finite at {symbol} = {['[1, 2]', '[3, 4]'][row]}", given
            e = found.evidence
            assert (e["row"], e["symbol"], e["function"], e[symbol].shape) == (row, symbol, direction, (2, 2))
        for given in ((fine,), (fine, (0.0,), onp.zeros(2))):
            assert not_finite(monkeypatch, *given, direction=direction) == Finding(
                "G", f"gradients of {direction} are finite", 0.0, 1.0
            )
