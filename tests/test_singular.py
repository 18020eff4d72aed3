"""Maps that are singular in float64 fail R; ranges that lie inside a codomain, or stick out of it, fail O."""

import numpy as np
import pytest

import nfscratch as nf
from nfscratch.check import Mistake
from nfscratch.check.finding import Symptom
from nfscratch.check.report import Failure


def first(pair, dim, **options) -> Failure | None:
    failures = nf.check.audit(pair, dims=(dim,), show=False, changes=False, **options).failures
    return failures[0] if failures else None


def linear(A, B, log_det):
    return (lambda z: (z @ A.T, np.full(len(z), log_det))), (lambda x: (x @ B.T, np.full(len(x), -log_det)))


def with_one_row_twice(dim):
    A = np.random.default_rng(1).normal(size=(dim, dim))
    A[-1] = A[0]
    return linear(A, np.linalg.pinv(A), 0.0)


def with_a_diagonal_of_almost_zero(dim):
    rng = np.random.default_rng(2)
    U = np.triu(rng.normal(size=(dim, dim)))
    U[1, 1] = 1e-15
    A = (np.tril(rng.normal(size=(dim, dim)), -1) + np.eye(dim)) @ U
    return linear(A, np.linalg.inv(A), np.log(np.abs(np.diag(U))).sum())


def with_a_scale_of_e_minus_40(dim):
    def forward(z):
        s = np.tanh(z[:, 0]) - 40
        return np.column_stack([z[:, :-1], z[:, -1] * np.exp(s) + z[:, 0]]), s

    def inverse(x):
        s = np.tanh(x[:, 0]) - 40
        return np.column_stack([x[:, :-1], (x[:, -1] - x[:, 0]) * np.exp(-s)]), -s

    return forward, inverse


@pytest.mark.parametrize("made", [
    with_one_row_twice, with_a_diagonal_of_almost_zero, with_a_scale_of_e_minus_40,
])  # fmt: skip
def test_a_singular_map_fails_r_and_has_no_other_name(made):
    failure = first(made(4), 4)
    assert failure.letter == "R" and failure.mistake is None
    assert failure.counter_example["symptom"] is Symptom.SINGULAR and "singular" in failure.name


def test_a_map_that_drops_a_column_is_said_to_stand_still():
    def forward(z):
        return np.column_stack([z[:, :-1], np.full(len(z), 0.7)]), np.zeros(len(z))

    failure = first((forward, forward), 3)
    assert failure.letter == "R" and failure.mistake is Mistake.STANDS_STILL


def test_a_tiny_scale_is_not_singular():
    a = np.array([0.0, -28.0, 3.0])
    pair = (lambda z: (z * np.exp(a), np.full(len(z), a.sum()))), (lambda x: (x / np.exp(a), np.full(len(x), -a.sum())))
    assert first(pair, 3) is None


# --- ranges ---


def quadratic(total, bend=0.3):
    """x = total ((1 - b) z + b z^2) of (0, 1): its range is (0, total)."""

    def forward(z):
        return total * ((1 - bend) * z + bend * z**2), np.log(total * (1 - bend + 2 * bend * z)).sum(1)

    def inverse(x):
        c = x / total
        z = 2 * c / ((1 - bend) + np.sqrt((1 - bend) ** 2 + 4 * bend * c))
        return z, -np.log(total * (1 - bend + 2 * bend * z)).sum(1)

    return forward, inverse


@pytest.mark.parametrize("total, symptom", [(0.98, Symptom.REACH), (1.002, Symptom.LEAVES), (1.5, Symptom.LEAVES)])
@pytest.mark.parametrize("dim", [1, 3])
def test_a_range_that_is_not_the_codomain_is_seen(total, symptom, dim):
    failure = first(quadratic(total), dim, domain=(0, 1), codomain=(0, 1))
    assert failure.letter == "O" and failure.counter_example["symptom"] is symptom


@pytest.mark.parametrize("ends", [(0, 1), (-2, 3)])
def test_a_map_onto_its_codomain_is_not_accused(ends):
    low, high = ends
    forward, inverse = quadratic(1.0)

    def scaled(f):
        def call(a):
            y, log_det = f((a - low) / (high - low))
            return low + (high - low) * y, log_det

        return call

    assert first((scaled(forward), scaled(inverse)), 2, domain=ends, codomain=ends) is None


def test_a_logarithm_that_declares_too_much_is_seen():
    """log(1 + z) of z > 0 has the range x > 0, and not all reals."""
    pair = (lambda z: (np.log1p(z), -np.log1p(z).sum(1))), (lambda x: (np.expm1(x), x.sum(1)))
    assert first(pair, 2, domain=(0, None), codomain=(0, None)) is None
    assert first(pair, 2, domain=(0, None)).letter == "O"
