"""Variables that never move in a chain, of one function or of several: told, and when a mistake."""

import numpy as np
import pytest

import nfscratch as nf
from nfscratch.check.diagnosis.mistakes import Mistake
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


def test_half_of_them_that_others_are_conditioned_on_in_turn_are_told():
    report = audited(chain(4, [0, 1]), 4)  # two variables move, one after the other: the others are a condition
    assert report.ok
    assert report.lines[-1].detail.startswith("x_0 is z_0, x_1 is z_1, always")
    assert "2 of 4 variables never move" in audited(chain(4, [0, 1]), 4, structure="dense").failures[0].message


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


# --- lists ---


def changing(columns, by, read=None):
    """A layer that changes these columns, by sines of the columns that it reads: of all that it keeps."""
    columns = np.array(columns)

    def parts(a):
        kept = [j for j in range(a.shape[1]) if j not in columns] if read is None else read
        return np.tanh(by * a[:, kept].sum(axis=1, keepdims=True)) * np.ones(len(columns))

    def forward(z):
        x, s = z.copy(), parts(z)
        x[:, columns] = x[:, columns] * np.exp(s) + s
        return x, s.sum(axis=1)

    def inverse(x):
        z, s = x.copy(), parts(x)
        z[:, columns] = (z[:, columns] - s) * np.exp(-s)
        return z, -s.sum(axis=1)

    return forward, inverse


def rotation(i, j):
    def forward(z):
        x = z.copy()
        x[:, i], x[:, j] = 0.6 * z[:, i] - 0.8 * z[:, j], 0.8 * z[:, i] + 0.6 * z[:, j]
        return x, np.zeros(len(z))

    def inverse(x):
        z = x.copy()
        z[:, i], z[:, j] = 0.6 * x[:, i] + 0.8 * x[:, j], -0.8 * x[:, i] + 0.6 * x[:, j]
        return z, np.zeros(len(x))

    return forward, inverse


TOLD = {
    "a condition, D = 3": (3, [changing([1], 1.0), changing([0], 0.5)]),
    "the last of six is a condition": (6, [changing([k], 1.0, [(k + 1) % 5, 5]) for k in range(5)]),
    "an axis that no rotation turns": (4, [rotation(0, 1), rotation(1, 2), rotation(0, 1)]),
    "few variables are touched": (5, [changing([0], 1.0, [1]), changing([1], 1.0, [0])]),
    "half of them, other layers": (4, [changing([2, 3], 1.0), changing([2], 0.5), changing([2, 3], -0.5)]),
    "layers that read nothing of the other half": (4, [rotation(2, 3), rotation(2, 3)]),
}


@pytest.mark.parametrize("name", TOLD)
def test_a_variable_of_a_list_that_never_moves_is_told(name):
    dim, layers = TOLD[name]
    report = audited(layers, dim)
    assert report.ok, report
    assert report.lines[-1].detail.endswith('always: a mistake only where structure="dense" is declared')
    failure = audited(layers, dim, structure="dense").failures[0]
    assert failure.letter == "T" and f"of {dim} variables never move" in failure.message


def test_the_same_half_in_every_layer_of_a_list_is_a_mistake():
    report = audited([changing([2, 3], 1.0), changing([2, 3], 0.5)], 4)
    assert "2 of 4 variables never move, in several layers" in report.failures[0].message


def test_a_column_that_odd_halves_leave_out_is_a_mistake():
    layers = [changing([2, 3], 1.0, [0, 1]), changing([0, 1], 0.5, [2, 3])]
    (failure,) = audited(layers, 5).failures
    assert failure.mistake is Mistake.COLUMN_SKIPPED
    assert "x_4 is z_4, always, and no other variable depends on it" in failure.message
    layers[1] = changing([0, 1], 0.5, [2, 3, 4])  # a condition
    assert audited(layers, 5).ok
