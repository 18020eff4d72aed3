"""Factors of a matrix, and samples of a log_det: what is one number, and what a sample without evidence holds."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_linear, wrong_log_det, wrong_terms

# --- the diagonal of a factor ---


def test_a_log_det_is_one_number_up_to_five_digits():
    """Of a rotation, the logarithms of R are 0, and so is the sum of their sizes."""
    W = onp.array([[0.6, -0.8], [0.8, 0.6]])
    for spread, name in ((1e-5, "ABSOLUTE_SUMMED"), (1.1e-5, None), (0.0, "ABSOLUTE_SUMMED")):
        s = SimpleNamespace(failed=True, dim=2, direction="forward", J=onp.stack([W, W]), c=onp.array([0.0, spread]))
        assert wrong_linear.by_factor([s]) is (Mistake[name] if name else None), spread
        right = SimpleNamespace(failed=False)
        assert wrong_linear.by_factor([right, s]) is (Mistake[name] if name else None)


def test_numbers_of_other_dimensions_are_not_compared():
    two = onp.array([[0.6, -0.8], [0.8, 0.6]])
    three = onp.eye(3)
    three[:2, :2] = two
    three = three @ onp.array([[1, 0, 0], [0, 0.6, -0.8], [0, 0.8, 0.6]])
    samples = [
        SimpleNamespace(failed=True, dim=len(W), direction="forward", J=onp.stack([k * W] * 2), c=onp.full(2, c))
        for W, k, c in ((two, 2.0, 2 * onp.log(2)), (three, 3.0, 3 * onp.log(3)))
    ]
    assert wrong_linear.by_factor(samples) is Mistake.ABSOLUTE_SUMMED
    samples[1].c = onp.full(2, 2 * onp.log(2))
    assert wrong_linear.by_factor(samples) is None


def test_factors_of_a_pivoted_matrix_are_at_most_1_up_to_five_digits():
    for factor, pivoted in (
        (1 + 1e-5, True),
        (1 + 1.1e-5, False),
        (-1 - 1e-5, True),
        (-1 - 1.1e-5, False),
        (0.5, True),
    ):
        A = onp.array([[1.0, 0.0], [-factor, 1.0]])
        assert onp.linalg.inv(A)[1, 0] == factor and wrong_linear._is_pivoted(A) is pivoted, factor


def test_a_matrix_is_looked_at_up_to_a_condition_of_a_million(monkeypatch):
    looked = []
    monkeypatch.setattr(wrong_linear, "_line", lambda x, y: looked.append(x) or (None, None))
    c = SimpleNamespace(dim=2, is_linear=True, J=onp.ones((1, 2, 2)), x="x", z="z", back="back")
    for condition, lines in ((1e6, ["x", "z"]), (1.1e6, [])):
        monkeypatch.setattr(onp.linalg, "cond", lambda W, condition=condition: condition)
        assert wrong_linear.linear(c) is None and looked == lines
        looked.clear()


# --- a sample ---


def finding(failed, evidence=None):
    return SimpleNamespace(failed=failed, evidence=evidence)


def of_rows(n=3):
    trial = SimpleNamespace(input=lambda direction: onp.full((n, 2), 1.0 if direction == "forward" else 2.0))
    return type("Trial", (SimpleNamespace,), {"__len__": lambda self: n})(**vars(trial))


def test_a_sample_without_evidence_has_no_rows_of_one_variable():
    s = wrong_log_det.Sample(of_rows(), "forward", finding(False))
    assert s.J.shape == (0, 1, 1) and s.dim == 1 and len(s.c) == len(s.t) == 0 and not s.failed
    assert s.rows.tolist() == [False] * 3 and s.at.shape == s.there.shape == (0, 2)


def test_a_wrong_number_says_more_than_a_claim_that_is_no_number(monkeypatch):
    """A trial is asked about its finite claims first, and about all of them where these are right."""
    evidence = {"rows": onp.array([True, False, True]), "yours": [1.0, 2.0, 3.0], "expected": [4.0, 5.0, 6.0]}
    evidence["J"] = onp.stack([onp.eye(2)] * 3)
    for of_finite, asked in ((True, [True]), (False, [True, False])):
        seen = []

        def check(trial, direction, finite_only=False, of_finite=of_finite, seen=seen):
            seen.append(finite_only)
            return finding(of_finite if finite_only else True, evidence)

        monkeypatch.setattr(wrong_log_det, "check_jacobian", check)
        s = wrong_log_det.Sample(of_rows(), "inverse")
        assert s.failed and seen == asked and s.c.tolist() == [1.0, 3.0] and s.t.tolist() == [4.0, 6.0]
        assert s.at.tolist() == [[2.0, 2.0]] * 2 and s.there.tolist() == [[1.0, 1.0]] * 2


def test_a_variable_changes_by_a_ten_millionth_in_some_row():
    for entry, changed in ((1e-7, 2), (0.9e-7, 1), (-1e-7, 2)):
        J = onp.stack([onp.eye(2), onp.array([[1.0, entry], [0.0, 3.0]])])
        assert wrong_log_det.Sample.changed(SimpleNamespace(J=J, dim=2)) == changed, entry


def test_a_claim_beside_a_cut_is_as_large_as_the_cut_up_to_a_millionth():
    """The first variable is cut at 1 in five rows, of which the first claims a little less than 0."""
    l = onp.array([[1.0, 0.1 * k] for k in range(5)] + [[0.5, 0.5]])
    for off, fits in ((-1e-6, True), (-1.1e-6, False), (0.0, True)):
        s = SimpleNamespace(failed=True, t=onp.zeros(6), c=onp.array([off, 1.0, 1.0, 1.0, 1.0, 0.0]))
        assert wrong_terms._cut(s, l) == (fits, True), off


def test_a_determinant_itself_or_one_over_it_with_or_without_its_sign():
    J = onp.stack([onp.diag([-2.0, 1.0]), onp.diag([4.0, 2.0])])
    found = [p.round(12).tolist() for p in wrong_log_det._determinants(SimpleNamespace(J=J))]
    assert found == [[-2.0, 8.0], [2.0, 8.0], [-0.5, 0.125], [0.5, 0.125]]


def test_what_is_cut_lies_within_a_millionth_of_the_top():
    """A last row that lies lower is not cut, and is to be right."""
    l = onp.array([[-1.0, 0.1 * k] for k in range(5)] + [[0.3, 0.3]])
    for low, cut in ((1 - 1e-6, False), (1 - 0.9e-6, True), (1e-6 - 1, False), (0.9e-6 - 1, True)):
        l[5, 0] = low
        claims = [-1.0] * 5 + [onp.sign(low)]
        s = SimpleNamespace(failed=True, t=onp.zeros(6), c=onp.array(claims))
        assert wrong_terms._cut(s, l) == (cut, cut), low
        s.c[5] = 0.0
        assert wrong_terms._cut(s, l) == (True, True), low


# --- a ratio ---


def test_a_log_det_is_one_number_where_it_varies_by_less_than_its_seventh_digit(monkeypatch):
    """Then its terms are asked before a factor is named. The second sample, near 0, has no ratio of its own."""
    bound = 1e-7
    for _ in range(9):
        bound = 1e-7 * (1 + bound)
    monkeypatch.setattr(wrong_log_det, "by_subset", lambda samples: Mistake.TERMS_LEFT_OUT)
    subject = SimpleNamespace(in_shape=(2,), dtype=onp.float64)
    for spread, name in ((bound, "MULTIPLIED"), (0.9 * bound, "TERMS_LEFT_OUT"), (1.1 * bound, "MULTIPLIED")):
        one = SimpleNamespace(t=onp.ones(2), c=onp.full(2, 1.3), dim=2, changed=lambda: 2)
        one.trial, other = SimpleNamespace(subject=subject), SimpleNamespace(t=onp.array([0.0, spread]))
        assert wrong_log_det._by_ratio([one, other]) is Mistake[name], spread


def test_a_ratio_is_the_slope_of_the_best_line_through_0():
    for c, t, r in (([2.0, 4.0], [1.0, 2.0], 2.0), ([-1.0, 0.0], [2.0, 0.0], -0.5), ([1.0, 1.0], [1.0, 2.0], None)):
        assert wrong_log_det._ratio(SimpleNamespace(c=onp.array(c), t=onp.array(t))) == r


def test_a_log_det_may_be_estimated_where_the_map_moves_by_less_than_0_85():
    for size, may in ((0.85, False), (0.84, True), (-0.84, True), (0.86, False)):
        J = onp.stack([onp.eye(2), onp.array([[1.0, size], [0.0, 1.0]])])
        for changed in (1, 2):
            s = SimpleNamespace(J=J, dim=2, changed=lambda changed=changed: changed)
            assert bool(wrong_log_det._may_be_estimated(s)) is (may and changed == 2), (size, changed)


def test_a_constant_of_less_than_a_thousandth_has_no_name(monkeypatch):
    """One that is close to 0 fits any log_det."""
    monkeypatch.setattr(wrong_log_det, "by_subset", lambda samples: None)
    monkeypatch.setattr(wrong_log_det, "_is_logit_scale", lambda sample: False)
    s = SimpleNamespace(c=onp.array([1e-3, 1e-3]), t=onp.zeros(2), dim=1, trial=SimpleNamespace(subject="subject"))
    for number, name in ((1e-3, "OFF_BY_CONSTANT"), (1.01e-3, "LOGIT_SCALE"), (0.99e-3, "OFF_BY_CONSTANT")):
        known = {number: Mistake.LOGIT_SCALE}
        monkeypatch.setattr(wrong_log_det, "_known_constants", lambda subject, known=known: known)
        assert wrong_log_det._by_constant([s]) is Mistake[name], number
