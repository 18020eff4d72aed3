"""Variables that never move in a chain that is written as one function: half of them is a mistake, one is told."""

import numpy as np

import nfscratch as nf
from nfscratch.check.finding import Finding
from nfscratch.check.message import Case, counter_example, message
from nfscratch.check.pairs import of_pair
from nfscratch.check.trial import Trial


def chain(dim, still, layers=4):
    """Couplings over the other variables, half and half."""
    rng = np.random.default_rng(3)
    weights = [0.4 * rng.normal(size=(dim, dim)) for _ in range(layers)]
    moving = np.array([j for j in range(dim) if j not in still])

    def terms(h, k):
        changed = np.isin(np.arange(dim), moving[k % 2 :: 2])
        return np.tanh((h * ~changed) @ weights[k]) * changed

    def forward(z):
        h, log_det = z, np.zeros(len(z))
        for k in range(layers):
            a = terms(h, k)
            h, log_det = h * np.exp(a) + a, log_det + a.sum(axis=1)
        return h, log_det

    def inverse(x):
        h, log_det = x, np.zeros(len(x))
        for k in reversed(range(layers)):
            a = terms(h, k)
            h, log_det = (h - a) * np.exp(-a), log_det - a.sum(axis=1)
        return h, log_det

    return forward, inverse


def audited(pair, dim, **options):
    return nf.check.audit(pair, dims=(dim,), letters="SRT", changes=False, show=False, **options)


def test_one_variable_of_four_is_told_beside_t():
    report = audited(chain(4, [1]), 4)
    assert report.ok
    assert report.lines[-1].detail == 'x_1 is z_1, always: a mistake only where structure="dense" is declared'
    assert audited(chain(4, []), 4).lines[-1].detail == "no structure is declared"


def test_one_variable_fails_where_dense_is_declared():
    assert audited(chain(4, [1]), 4, structure="dense").failures[0].letter == "T"
    assert audited(chain(4, []), 4, structure="dense").ok


def test_half_of_them_is_a_mistake():
    assert "2 of 4 variables never move" in audited(chain(4, [0, 1]), 4).failures[0].message


def test_one_event_in_the_evidence_is_shown_whole_and_a_row_of_all_alone():
    trial = Trial(of_pair(*chain(2, []), 2), np.ones((2, 2)))
    event = {"z": trial.z, "row": 1, "symbol": "z", "yours": np.array([1.0, 2.0]), "expected": np.array([3.0, 4.0])}
    case = Case(2, trial, Finding("E", "what", 1.0, 0.0, evidence=event))
    assert "yours [1, 2]   should be [3, 4]" in message("E", "name", "hint", case, [])
    rows = Case(2, trial, Finding("J", "what", 1.0, 0.0, evidence={**event, "bad": np.array([True, True])}))
    assert "yours +2.0000   should be +4.0000" in message("J", "name", "hint", rows, [])
    assert counter_example(rows)["yours"] == 2.0 and len(counter_example(case)["yours"]) == 2


def coupling(by):
    return lambda a: (np.stack([a[:, 0], a[:, 1] + by * np.sin(a[:, 0])], axis=1), np.zeros(len(a)))


def swap(a):
    return a[:, ::-1], np.zeros(len(a))


def test_a_list_of_one_coupling_and_a_swap_keeps_a_variable_and_a_list_of_two_may_not():
    one = (coupling(1.0), coupling(-1.0))
    assert audited([one, (swap, swap)], 2).ok
    assert audited([one, (swap, swap), one], 2).ok
    still = (lambda a: (a, np.zeros(len(a))),) * 2
    stuck = audited([one, (swap, swap), (swap, swap), still], 2)  # the last coupling was forgotten
    assert stuck.failures[0].letter == "T"
    stuck = audited([one, one], 2)
    assert stuck.failures[0].letter == "T" and "1 of 2 variables never move" in stuck.failures[0].message
