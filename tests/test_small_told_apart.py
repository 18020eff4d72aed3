"""Iterations, densities and directions: what stops a look, which trials are compared, and whose name is taken."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_contraction, wrong_density, wrong_directions, wrong_inverse

# --- iterations ---


def test_an_iterate_has_gone_past_where_it_is_a_hundredth_from_z(monkeypatch):
    """z = 0, z' = 100: at 1 it has gone past, and at 1.1 not yet; then it comes to z'."""
    for first, name in ((1.0, None), (1.1, "TOO_FEW_STEPS"), (-1.1, "TOO_FEW_STEPS"), (-1.0, None)):
        steps = iter([-first, first - 100.0])
        monkeypatch.setattr(wrong_contraction, "_step", lambda c, z, steps=steps: next(steps))
        c = SimpleNamespace(x=onp.zeros((1, 1)), z=onp.zeros((1, 1)), back=onp.full((1, 1), 100.0))
        assert wrong_contraction.cut_closely(c) is (Mistake[name] if name else None), first


def test_steps_that_become_no_shorter_than_by_a_hundredth():
    c = SimpleNamespace(back=onp.ones((1, 1)), z=onp.zeros((1, 1)))
    for last, following, name in (
        (100.0, 99.5, "NO_CONTRACTION"), (100.0, 98.5, "TOO_FEW_STEPS"), (0.01, 0.00995, "NO_CONTRACTION"),
        (0.01, 0.00985, "TOO_FEW_STEPS"),
    ):  # fmt: skip
        found = wrong_contraction._by_its_steps(c, onp.full((1, 1), last), onp.full((1, 1), following))
        assert found is Mistake[name], last


def test_a_step_is_forward_minus_x():
    asked = []

    def apply(direction, at, rows):
        asked.append((direction, at.dtype, at.shape, rows))
        return 2 * at, None

    subject = SimpleNamespace(in_shape=(1, 2), dtype=onp.dtype("float32"))
    c = SimpleNamespace(trial=SimpleNamespace(subject=subject, apply=apply), x=onp.array([[3.0, 5.0]]), rows="rows")
    assert wrong_contraction._step(c, onp.array([[4.0, 0.5]])).tolist() == [[5.0, -4.0]]
    assert asked == [("forward", onp.dtype("float32"), (1, 1, 2), "rows")]


# --- densities ---


def evidence(log_det, yours, q=0.0, dim=1):
    """The last row does not count."""
    l, yours = (onp.array([*a, 77.0]) for a in (log_det, yours))
    rows = onp.arange(len(l)) < len(l) - 1
    return {"z": onp.zeros((len(l), dim)), "log_det": l, "yours": yours, "q": onp.full(len(l), q), "rows": rows}


def test_a_ratio_is_that_of_the_best_line_through_0():
    for log_det, yours, ratio in (
        ((2.0, 2.0), (6.0, 6.0), 3.0), ((1.0, 3.0), (0.5, 1.5), 0.5), ((4.0,), (-1.0,), -0.25), ((0.0,), (0.0,), 0.0),
        ((1.0, 3.0), (0.5, 1.6), None), ((0.0,), (1.0,), None),
    ):  # fmt: skip
        assert wrong_density._ratio(evidence(log_det, yours)) == ratio, (log_det, yours)
    assert wrong_density._ratio(evidence((2.0,), (7.0,), q=1.0)) == 3.0


def test_one_factor_holds_in_all_dimensions_to_a_thousandth():
    for other, name in ((0.0, "LOG_DET_MULTIPLIED"), (0.9e-3, "LOG_DET_MULTIPLIED"), (1e-3, None), (-1e-3, None)):
        both = [evidence((1.0, 1.0), (0.0, 0.0)), evidence((1.0, 1.0), (other, other), dim=2)]
        assert wrong_density._multiple(both) is (Mistake[name] if name else None), other
    for of_3, of_1, name in (
        (1 / 3, 1.0, "MEAN_LOG_DET"), (1.0009 / 3, 1.0, "MEAN_LOG_DET"), (1.0011 / 3, 1.0, None),
        (1 / 3, 1 / 3, "LOG_DET_MULTIPLIED"),
    ):  # fmt: skip
        both = [evidence((1.0, 1.0), (r, r), dim=dim) for r, dim in ((of_3, 3), (of_1, 1))]
        assert wrong_density._multiple(both) is (Mistake[name] if name else None), of_3
    half = [evidence((1.0, 1.0), (r, r), dim=dim) for r, dim in ((0.5, 2), (0.5, 2))]
    assert wrong_density._multiple(half) is Mistake.LOG_DET_MULTIPLIED


# --- directions ---


def of(name, where=""):
    return where, Mistake[name]


def test_the_name_of_the_whole_stands_where_it_says_more_than_that_of_its_layers(monkeypatch):
    single = SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype("float64")))
    monkeypatch.setattr(wrong_directions, "aligned", lambda trial: trial)
    monkeypatch.setattr(wrong_directions, "Sample", lambda trial, d: SimpleNamespace(failed=True))
    for whole, layers, name in (
        ("SIGN", "MULTIPLIED", "SIGN"), ("ALWAYS_ZERO", "LAYER_LEFT_OUT", "ALWAYS_ZERO"), ("SIGN", "MEAN", "MEAN"),
        ("MULTIPLIED", "SIGN", "SIGN"), ("MULTIPLIED", "MULTIPLIED", "MULTIPLIED"),
    ):  # fmt: skip
        monkeypatch.setattr(wrong_directions, "_in_layers", lambda d, samples, whole=whole: of(whole, d))
        monkeypatch.setattr(
            wrong_directions, "log_dets_of_chain", lambda trials, found, layers=layers: {d: of(layers) for d in found}
        )
        found = wrong_directions._wrong_directions([SimpleNamespace(trial=single)])
        assert {d: mistake.name for d, (_, mistake) in found.items()} == {"forward": name, "inverse": name}


def test_a_layer_is_looked_at_in_all_trials_of_as_many_layers(monkeypatch):
    looked = []
    layer = lambda name: SimpleNamespace(subject=SimpleNamespace(name=name))  # noqa: E731
    monkeypatch.setattr(wrong_directions, "aligned", lambda trial: trial)
    monkeypatch.setattr(wrong_directions, "check_jacobian", lambda l, d: SimpleNamespace(failed=l.subject.name == "b"))
    monkeypatch.setattr(wrong_directions, "Sample", lambda trial, direction: (trial.subject.name, direction))
    monkeypatch.setattr(wrong_directions, "name_log_det", lambda samples: looked.append(samples) or Mistake.MEAN)

    def sample(names, failed):
        return SimpleNamespace(failed=failed, trial=SimpleNamespace(layers=[layer(name) for name in names]))

    samples = [sample("xyz", False), sample("pq", False), sample("ab", True), sample("uvw", True)]
    where, mistake = wrong_directions._in_layers("inverse", samples)
    assert (where, mistake) == (" of layer 2 of 2 (b)", Mistake.MEAN)
    assert looked == [[("q", "inverse"), ("b", "inverse")]]


def test_where_no_layer_is_wrong_by_itself_the_sum_of_a_chain_is_asked_before_the_whole(monkeypatch):
    asked = []
    monkeypatch.setattr(wrong_directions, "name_log_det", lambda samples: Mistake.MEAN)
    for layers, of_sum, name in (([], "SIGN", "MEAN"), (["layer"], None, "MEAN"), (["layer"], "SIGN", "SIGN")):

        def sum_of(trial, direction, of_sum=of_sum):
            asked.append((trial, direction))
            return of_sum and Mistake[of_sum]

        monkeypatch.setattr(wrong_directions, "name_sum", sum_of)
        trial = SimpleNamespace(layers=[], subject=SimpleNamespace(layers=lambda layers=layers: layers))
        bad = SimpleNamespace(failed=True, trial=trial)
        assert wrong_directions._in_layers("forward", [bad]) == ("", Mistake[name])
        assert asked == [(trial, "forward")] * len(layers)
        asked.clear()


# --- an inverse that applies forward ---


def test_only_one_function_with_a_symmetric_jacobian_may_undo_itself(monkeypatch):
    """x = 2 z, whose forward of x is what came."""
    monkeypatch.setattr(wrong_inverse, "_of_one_that_applies_forward", lambda c: Mistake.APPLIES_FORWARD)
    z = onp.array([[1.0, 2.0], [3.0, 5.0]])
    trial = SimpleNamespace(subject=SimpleNamespace(in_shape=(2,)), apply=lambda way, at, rows: (2 * at, None))
    for beside, one, name in (
        (0.0, True, "NO_UNDOING"), (0.0, False, "APPLIES_FORWARD"), (1.0, True, "APPLIES_FORWARD"),
        (1.0, False, "APPLIES_FORWARD"),
    ):  # fmt: skip
        monkeypatch.setattr(wrong_inverse, "is_one_function", lambda trial, one=one: one)
        J = onp.stack([onp.array([[2.0, beside], [0.0, 2.0]])] * 2)
        c = SimpleNamespace(z=z, x=2 * z, back=4 * z, J=J, trial=trial, rows=onp.arange(2))
        assert wrong_inverse._argument(c) is Mistake[name], (beside, one)
