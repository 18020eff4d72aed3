"""The letters of statistics wait where the round trip or a log_det is wrong: they say nothing new of such a map."""

import numpy as np
import pytest

import nfscratch as nf
from nfscratch.check.finding import Outcome

DIM = 2


def forward(z):
    return 2 * z + 1, np.full(len(z), DIM * np.log(2))


def inverse(x):
    return (x - 1) / 2, np.full(len(x), -DIM * np.log(2))


def without_shift(x):
    return x / 2, np.full(len(x), -DIM * np.log(2))


def with_half_a_log_det(z):
    return 2 * z + 1, np.full(len(z), np.log(2))


def lines(pair, **options):
    report = nf.check.audit(pair, dims=(DIM,), show=False, **options)
    return report, {line.letter: line for line in report.lines}


@pytest.mark.parametrize("pair, letter", [((forward, without_shift), "R"), ((with_half_a_log_det, inverse), "X")])
def test_they_wait_behind_a_wrong_map(pair, letter):
    drawn = []
    report, found = lines(pair, sample=lambda rng, n: drawn.append(n) or forward(rng.normal(size=(n, DIM)))[0])
    assert [found[k].status for k in "KN"] == [Outcome.SKIPPED, Outcome.SKIPPED]
    assert found["N"].detail == f"waits for {letter}" and report.failures[0].letter == letter
    assert max(drawn, default=0) < 1000  # P draws a few


def test_they_run_where_nothing_else_is_wrong():
    found = lines((forward, inverse))[1]
    assert found["K"].status is found["N"].status is Outcome.PASSED


def test_they_run_where_they_are_all_that_is_asked_for():
    report, _ = lines((with_half_a_log_det, lambda x: (inverse(x)[0], np.full(len(x), -np.log(2)))), letters="KN")
    assert report.failures[0].letter in "KN"
