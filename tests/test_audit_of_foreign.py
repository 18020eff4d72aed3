"""What other libraries' maps do and may: refuse a step in their own words, break at 1e150, saturate. No accusation."""

import numpy as np
from scipy.special import ndtr, ndtri

import nfscratch as nf
from nfscratch.check.diagnosis.mistakes import Mistake

WILL_RAISE = 1e5


class OutsideDomain(Exception):
    """An exception that is no ValueError."""


def audited(forward, inverse, letters, **options):
    return nf.check.audit(
        (forward, inverse), dims=(2,), letters=letters, show=False, rng=np.random.default_rng(0), **options
    )


def test_a_step_of_the_audit_that_leaves_the_domain_is_not_held_against_the_map():
    def logit(x):
        if x.min() <= 0 or x.max() >= 1:
            raise OutsideDomain
        return np.log(x) - np.log1p(-x), -(np.log(x) + np.log1p(-x)).sum(axis=1)

    def sigmoid(z):
        x = 1 / (1 + np.exp(-z))
        return x, (np.log(x) - np.log1p(np.exp(z))).sum(axis=1)

    audited(logit, sigmoid, "SIRXJ", domain=(0, 1), radii=(3.0,) * 6).raise_if_failed()


def test_a_network_that_breaks_at_1e150_has_not_stopped_growing():
    def shift(z):
        if np.abs(z).max() > WILL_RAISE:
            raise AssertionError
        return z + 0.5 * np.tanh(z[:, ::-1] * [0.0, 1.0]), np.zeros(len(z))

    def back(x):
        return x - 0.5 * np.tanh(x[:, ::-1] * [0.0, 1.0]), np.zeros(len(x))

    audited(shift, back, "RO").raise_if_failed()


def test_a_map_that_does_stop_growing_is_still_found():
    def clipped(z):
        return np.clip(z, -30.0, 30.0), np.zeros(len(z))

    assert audited(clipped, lambda x: (x.copy(), np.zeros(len(x))), "O").failures


def test_no_base_is_assumed_where_a_steep_map_saturates():
    scale = np.array([5.0, 0.5])

    def steep(z):
        return ndtr(scale * z), (np.log(scale) - 0.5 * (scale * z) ** 2 - 0.5 * np.log(2 * np.pi)).sum(axis=1)

    def back(x):
        z = ndtri(x) / scale
        return z, -steep(z)[1]

    report = audited(steep, back, "RK", codomain=(0, 1), radii=(0.3, 3.0))
    assert not report.failures


def test_a_map_that_refuses_nan_is_asked_only_for_what_came_back():
    """Where x is rounded to an end of the codomain, the audit itself puts NaN in place of z'."""

    def steep(z):
        if np.isnan(z).any():
            raise OutsideDomain
        return ndtr(5.0 * z), (np.log(5.0) - 0.5 * (5.0 * z) ** 2 - 0.5 * np.log(2 * np.pi)).sum(axis=1)

    def back(x):
        z = ndtri(x) / 5.0
        return z, -steep(z)[1]

    audited(steep, back, "RX", codomain=(0, 1), radii=(0.3, 3.0)).raise_if_failed()
    report = audited(lambda z: (z, np.zeros(len(z))), lambda x: (np.full_like(x, np.nan), np.zeros(len(x))), "R")
    assert [failure.letter for failure in report.failures] == ["R"]


def test_the_noise_of_a_search_is_not_held_against_log_det():
    def back(x):
        return x + 0.9 * np.sin(x), np.log1p(0.9 * np.cos(x)).sum(axis=1)

    def search(z):
        low, high = z - 1.0, z + 1.0
        for _ in range(21):  # to 1e-6
            middle = 0.5 * (low + high)
            below = middle + 0.9 * np.sin(middle) < z
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        x = 0.5 * (low + high)
        return x, -back(x)[1]

    report = audited(search, back, "RE", accuracy=1e-6)
    assert not report.failures, report
    assert report.lines[0].status is nf.check.Outcome.PASSED, "an accuracy of 1e-6 leaves something to judge"


def test_an_inverse_has_no_way_back_from_a_factor_of_1e_350():
    def coupling(z):
        return np.stack([z[:, 0], z[:, 1] * np.exp(40 * z[:, 0]) + z[:, 0]], axis=1), 40 * z[:, 0]

    def back(x):
        return np.stack([x[:, 0], (x[:, 1] - x[:, 0]) * np.exp(-40 * x[:, 0])], axis=1), -40 * x[:, 0]

    audited(coupling, back, "SRXE").raise_if_failed()


def test_an_inverse_that_loses_a_row_which_is_still_there_is_found():
    def coupling(z):
        return np.stack([z[:, 0], z[:, 1] + z[:, 0] ** 2], axis=1), np.zeros(len(z))

    def back(x):
        z = np.stack([x[:, 0], x[:, 1] - x[:, 0] ** 2], axis=1)
        return np.where(x[:, :1] > 2, np.nan, z), np.zeros(len(x))

    assert {"S"} <= {failure.letter for failure in audited(coupling, back, "S").failures}


def test_a_log_det_may_overflow_like_any_number():
    def gumbel(z):
        return np.exp(-np.exp(-z)), (-z - np.exp(-z)).sum(axis=1)

    def back(x):
        z = -np.log(-np.log(x))
        return z, -gumbel(z)[1]

    audited(gumbel, back, "SRXE", codomain=(0, 1), radii=(0.3, 1e3)).raise_if_failed()


def test_a_map_that_carries_every_point_to_an_end_is_not_judged():
    def flat(z):
        return np.ones_like(z), np.full(len(z), -1e3)

    report = audited(flat, lambda x: (x.copy(), np.full(len(x), 1e3)), "IR", codomain=(0, 1))
    assert not report.failures and not report.ok


def test_a_map_may_refuse_the_end_of_its_interval_where_rounding_puts_a_point():
    def arctanh(z):
        if np.abs(z).max() >= 1:
            raise OutsideDomain
        return np.arctanh(z), -np.log1p(-(z**2)).sum(axis=1)

    def tanh(x):
        return np.tanh(x), 2 * (np.log(2) - np.abs(x) - np.log1p(np.exp(-2 * np.abs(x)))).sum(axis=1)

    audited(arctanh, tanh, "RO", domain=(-1, 1)).raise_if_failed()


def test_a_map_that_leaves_its_declared_codomain_is_found():
    def shifted(z):
        return z + 100.0, np.zeros(len(z))

    report = audited(shifted, lambda x: (x - 100.0, np.zeros(len(x))), "O", codomain=(0, 1))
    assert [failure.mistake for failure in report.failures] == [Mistake.LEAVES_CODOMAIN]


def test_an_end_of_the_codomain_may_be_met_by_rounding():
    def stretched(z):
        return 10.0 + (z + 2.0) / 7.0, np.full(len(z), -2 * np.log(7.0))

    def back(x):
        return 7.0 * (x - 10.0) - 2.0, np.full(len(x), 2 * np.log(7.0))

    audited(stretched, back, "O", domain=(-2, 5), codomain=(10, 11), radii=(3.0, 30.0)).raise_if_failed()


def test_a_map_that_reaches_half_of_its_declared_codomain_is_found():
    def half(z):
        return 0.5 / (1 + np.exp(-z)), (-np.log(2) - np.logaddexp(0, z) - np.logaddexp(0, -z)).sum(axis=1)

    def back(x):
        return np.log(2 * x) - np.log1p(-2 * x), (np.log(2) - np.log(2 * x) - np.log1p(-2 * x)).sum(axis=1)

    report = audited(half, back, "O", codomain=(0, 1))
    assert [failure.mistake for failure in report.failures] == [Mistake.NOT_ONTO]


def test_functions_with_yield_give_a_pair_as_well():
    def doubled(z):
        yield 2 * z
        yield np.full(len(z), 2 * np.log(2))

    def halved(x):
        yield x / 2
        yield np.full(len(x), -2 * np.log(2))

    audited(doubled, halved, "SRXE").raise_if_failed()
