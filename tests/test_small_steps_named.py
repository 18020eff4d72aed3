"""Numbers just at a bound, rows that go round, and what stays as it is where a chain is named by its layers."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import chain_log_det
from nfscratch.check.diagnosis.boundaries import Boundaries, Spot

N = 5
LARGE = onp.full(N, 1e6)
NEXT = LARGE + 20.0003  # it is LARGE within 2e-5 of 1 and NEXT, and not within 2e-5 of 1 and LARGE


def test_a_log_det_varies_by_more_than_a_millionth(monkeypatch):
    monkeypatch.setattr(onp.linalg, "slogdet", lambda J: (None, J[:, 0, 0]))
    for values, varies in (
        ([0.0, 1e-6], False), ([0.0, 1.001e-6], True), ([0.0, -1e-6], False), ([0.0, onp.nan, 1.0], True),
        ([-onp.inf, 0.0, 0.0], False), ([2.0, 2.0], False),
    ):  # fmt: skip
        trial = SimpleNamespace(J=onp.array(values)[:, None, None])
        assert chain_log_det._varies([trial]) is varies, values


def test_a_singular_jacobian_is_left_out():
    J = onp.stack([onp.zeros((2, 2)), onp.eye(2), onp.eye(2)])
    assert chain_log_det._varies([SimpleNamespace(J=J)]) is False


def test_a_name_of_the_whole_stays_whatever_a_layer_says(monkeypatch):
    """ALWAYS_ZERO and DIAGONAL_OF_L always, SIGN where the log_det varies."""
    monkeypatch.setattr(chain_log_det, "_of_chain", lambda *of: (" of a layer", Mistake.EXP_SUMMED))
    for name, varies, stays in (
        ("ALWAYS_ZERO", True, True), ("ALWAYS_ZERO", False, True), ("DIAGONAL_OF_L", True, True),
        ("DIAGONAL_OF_L", False, True), ("SIGN", True, True), ("SIGN", False, False), ("EXP_SUMMED", True, False),
    ):  # fmt: skip
        given = []
        monkeypatch.setattr(chain_log_det, "_varies", lambda of, v=varies, given=given: given.append(of) or v)
        known = ("", Mistake[name])
        found = chain_log_det._better("forward", [("chain", ["t", "u"]), ("other", ["v"])], known)
        assert found == (known if stays else (" of a layer", Mistake.EXP_SUMMED)), (name, varies)
        assert given == [["t", "u", "v"]] * (name == "SIGN")


def test_a_claim_is_right_within_a_share_of_the_true_log_det(monkeypatch):
    for claim, true, right in ((NEXT, LARGE, False), (LARGE, NEXT, True), (LARGE, LARGE, True)):
        sums = SimpleNamespace(claim=claim, true=true, missing=lambda: Mistake.LAST_LAYER)
        monkeypatch.setattr(chain_log_det, "Gathered", lambda side, sums=sums: sums)
        monkeypatch.setattr(chain_log_det, "_is_one_layer", lambda trial, side: False)
        found = chain_log_det._of_chain("forward", SimpleNamespace(forward="f"), ["t"])
        assert found == (None if right else ("", Mistake.LAST_LAYER)), (claim, true)


def test_a_step_of_more_rows_than_the_run_had_goes_round():
    run, given = object.__new__(Boundaries), []
    run.a = onp.array([[1.0, 2.0], [3.0, 4.0]])
    run.all = [SimpleNamespace(spot=None), SimpleNamespace(spot=Spot("place", ("h",), 1)), SimpleNamespace(spot=None)]

    def replayed(a, actions):
        variables = {"h": a.copy()}
        for act in actions.values():
            act(variables)
        given.append((a.tolist(), variables["h"].tolist()))
        return variables["h"], onp.zeros(len(a))

    run.replayed = replayed
    h = onp.arange(10.0).reshape(5, 2)
    run._step(1, 2, h, {})
    assert given.pop() == (run.a[[0, 1, 0, 1, 0]].tolist(), h.tolist())
    run._step(0, 1, h, {})
    assert given.pop() == (h.tolist(), h.tolist())


def test_the_samples_of_a_layer_have_the_limits_of_the_trials(monkeypatch):
    monkeypatch.setattr(chain_log_det, "Trial", lambda layer, h, **more: (layer, h, more))
    monkeypatch.setattr(chain_log_det, "aligned", lambda trial: ("aligned", trial))
    monkeypatch.setattr(chain_log_det, "Sample", lambda trial, direction: (trial, direction))
    found = chain_log_det._samples(
        "layer", "inverse", [(SimpleNamespace(limit=7.0), "h"), (SimpleNamespace(limit=9.0), "g")]
    )
    assert found == [(("aligned", ("layer", h, {"limit": limit})), "inverse") for h, limit in (("h", 7.0), ("g", 9.0))]
