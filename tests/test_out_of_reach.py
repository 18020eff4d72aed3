"""What E and O excuse of a user's own functions beyond |z| = 100, and what they do not; and knots that another says."""

import numpy as np
import pytest
from scipy.special import expit

import nfscratch as nf
from nfscratch.check.finding import Symptom
from nfscratch.check.letters.joins import check_joins
from nfscratch.check.pairs import of_pair
from nfscratch.check.trial import Trial


def audited(pair, dim=1, **options):
    return nf.check.audit(pair, dims=(dim,), changes=False, show=False, **options)


def mixed(bracket):
    """x = z + logit of a sigmoid: 2 z, whose formula overflows from 745 on; its inverse halves a bracket."""

    def rise(z):
        p, n = expit(z), expit(-z)
        return z + np.log(p / n), np.log(1.0 + p * n / (p * n))

    def forward(z):
        x, log_det = rise(z)
        return x, log_det.sum(axis=1)

    def inverse(x):
        low, high = np.full_like(x, -bracket), np.full_like(x, bracket)
        for _ in range(80):
            middle = (low + high) / 2
            above = rise(middle)[0] > x
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        z = (low + high) / 2
        return z, -rise(z)[1].sum(axis=1)

    return forward, inverse


@pytest.mark.filterwarnings("ignore:(overflow|divide|invalid)")
def test_an_overflow_and_the_end_of_a_wide_bracket_are_notes():
    report = audited(mixed(400.0), letters="SRXJEO")
    assert report.ok, str(report)
    assert report.notes == ("forward is not finite at |z| = 1000, where no draw comes",)


def shifted_by_search(bracket):
    """x = z + 1, undone by halving."""

    def inverse(x):
        low, high = np.full_like(x, -bracket), np.full_like(x, bracket)
        for _ in range(80):
            middle = (low + high) / 2
            low, high = np.where(middle + 1 > x, low, middle), np.where(middle + 1 > x, middle, high)
        return (low + high) / 2, np.zeros(len(x))

    return lambda z: (z + 1, np.zeros(len(z))), inverse


def test_the_end_of_a_wide_bracket_is_a_note_and_that_of_a_narrow_one_a_mistake():
    wide = audited(shifted_by_search(60.0), letters="SRXJEO")
    said = "inverse gives no z beyond 60: a bracket or a clamp ends there, where no draw comes"
    assert wide.ok and wide.notes == (said,)
    assert audited(shifted_by_search(2000.0), letters="SRXJEO").notes == ()
    assert audited(shifted_by_search(30.0), letters="SRXJEO").failures[0].letter in "EO"


@pytest.mark.parametrize("slope", [1.1, 0.5])
def test_a_wrong_answer_out_there_is_a_mistake(slope):
    def inverse(x):
        return np.where(np.abs(x) > 50, 50 * np.sign(x) + slope * (x - 50 * np.sign(x)), x), np.zeros(len(x))

    report = audited((lambda z: (z, np.zeros(len(z))), inverse), letters="SRXJEO")
    assert report.failures[0].letter in "EO" and report.notes == ()


KNOTS = np.array([-3.0, -1.0, 0.5, 3.0])


def spline(curved):
    """x_1 = z_1; x_2 a straight spline with values that x_1 moves. curved: with a bump that begins and ends steeply."""

    def heights(a):
        h = np.array([1.0, 2.0, 3.0]) * np.exp(0.7 * np.sin(a * np.arange(1, 4)))
        return -3.0 + 6.0 * np.concatenate([[0.0], np.cumsum(h / h.sum())])

    def row(v, a, back):
        values = heights(a)
        source, goal = (values, KNOTS) if back else (KNOTS, values)
        if not source[0] < v < source[-1]:
            return v, 0.0
        k = min(int(np.searchsorted(source, v, side="right")) - 1, 2)
        slope = (goal[k + 1] - goal[k]) / (source[k + 1] - source[k])
        return goal[k] + slope * (v - source[k]), np.log(slope)

    def both(back):
        def direction(a):
            found = np.array([row(v, c, back) for c, v in a]).reshape(-1, 2)
            y, log_det = found.T
            if curved:
                inside = (y > 0) & (y < 3)
                log_det = log_det + np.log(1 + np.where(inside, 0.3 - 0.2 * y, 0))
                y = y + np.where(inside, 0.3 * y * (1 - y / 3), 0)
            return np.stack([a[:, 0], y], axis=1), log_det

        return direction

    return both(False), both(True)


def test_a_straight_spline_may_jump_where_the_other_variable_moves_its_knots():
    report = audited(spline(curved=False), 2, letters="SRXJE")
    assert report.ok, str(report)


def test_a_curved_piece_that_begins_with_another_slope_is_seen_all_the_same():
    trial = Trial(of_pair(*spline(curved=True), 2), np.random.default_rng(0).normal(size=(4, 2)))
    assert check_joins(trial, np.random.default_rng(1)).symptom is Symptom.DERIVATIVE_JUMPS
