"""The search for the one change: kinds of changes, terms found by numbers, and which name may stand beside a change."""

from textwrap import dedent

import numpy as np
import numpy as onp
import pytest
from edited_code import module_of, trial_of

import nfscratch as nf
from nfscratch.check.diagnosis import one_change
from nfscratch.check.diagnosis.mistakes import Mistake, Named
from nfscratch.check.repair.mended import Repair
from nfscratch.check.repair.search import Search

pytestmark = pytest.mark.exhaustive  # each is a whole search; its rooms have small tests of their own

COUPLED = """
    import numpy as np

    rng = np.random.default_rng(3)
    KNOTS = np.sort(rng.uniform(0.5, 2.0, size=(4, 3)), axis=1)
    CENTRE, TURN = rng.normal(size=4), np.linalg.qr(rng.normal(size=(4, 4)))[0]
    TURN = TURN @ np.diag([1.5, 0.6, 1.2, 2.0])


    def bend(v, k):
        return np.sinh(v * KNOTS[:, k])


    def forward(z):
        y = z @ TURN.T + CENTRE
        inner = np.arcsinh(y)
        up = np.log(KNOTS[:, 0]) + np.log(np.cosh(inner * KNOTS[:, 0]))
        down = 0.5 * np.log(1 + y**2)
        log_det = up.sum(axis=1) - down.sum(axis=1) + np.linalg.slogdet(TURN)[1]
        x = bend(inner, 0)
        return x, log_det


    def inverse(x):
        inner = np.arcsinh(x) / KNOTS[:, 0]
        y = np.sinh(inner)
        z = np.linalg.solve(TURN, (y - CENTRE).T).T
        up = np.log(KNOTS[:, 0]) + np.log(np.cosh(inner * KNOTS[:, 0]))
        down = 0.5 * np.log(1 + y**2)
        return z, down.sum(axis=1) - up.sum(axis=1) - np.linalg.slogdet(TURN)[1]
"""
OTHERS = {
    "two terms at once": ("up.sum(axis=1) - down.sum(axis=1) + np.linalg", "0 * z[:, 0] + np.linalg", "up.sum(axis=1)"),
    "a determinant": (" + np.linalg.slogdet(TURN)[1]", "", "np.linalg.slogdet(TURN)[1]"),
    "a part moved out of a call": ("np.arcsinh(x) / KNOTS[:, 0]", "np.arcsinh(x / KNOTS[:, 0])", "np.arcsinh(x) /"),
    "the formula of the other direction": ("down = 0.5 * np.log(1 + y**2)\n        return",
                                           "down = 0.5 * np.log(1 + inner)\n        return", "y ** 2"),
    "another index": ("np.arcsinh(x) / KNOTS[:, 0]", "np.arcsinh(x) / KNOTS[:, 1]", "KNOTS[:, 0]"),
    "a matrix that is not inverted": ("np.linalg.solve(TURN, (y - CENTRE).T).T", "(y - CENTRE) @ TURN", "inv(TURN)"),
}  # fmt: skip


LONG = {"a matrix that is not inverted", "another index", "two terms at once", "a part moved out of a call"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.exhaustive) if n in LONG else n for n in OTHERS])
def test_a_change_of_another_kind_is_found(name, tmp_path):
    right, wrong, said = OTHERS[name]
    right, wrong = (part.replace("\n        ", "\n    ") for part in (right, wrong))
    assert dedent(COUPLED).count(right) >= 1
    text = dedent(COUPLED).replace(right, wrong, 1)
    with onp.errstate(all="ignore"):
        repair = Search(trial_of(module_of(text, tmp_path, "another"))).repair()
    print(repair)
    assert said in repair.change and repair.is_clear


@pytest.mark.exhaustive  # seconds
def test_old_values_are_used_where_two_lines_are_one(tmp_path):
    text = """
        import numpy as np


        def forward(z):
            p, q = z[:, 0], z[:, 1]
            for b in (0.7, 1.4):
                p, q = q, b * p + np.sin(q)
            return np.stack([p, q], axis=1), np.full(len(z), np.log(0.7 * 1.4))


        def inverse(x):
            p, q = x[:, 0], x[:, 1]
            for b in (1.4, 0.7):
                p = (q - np.sin(p)) / b
                q = p
            return np.stack([p, q], axis=1), np.full(len(x), -np.log(0.7 * 1.4))
    """
    repair = Search(trial_of(module_of(text, tmp_path, "at_once"), dim=2)).repair()
    assert "p, q = " in repair.change and not repair.left


@pytest.mark.parametrize(
    "mistake, before, after, agrees",
    [
        (Mistake.MEAN, "s.mean(axis=1)", "s.sum(axis=1)", True),
        (Mistake.FACTOR_TWO, "s.mean(axis=1)", "s.sum(axis=1)", False),
        (Mistake.PERMUTATION, "x[:, order]", "x[:, np.argsort(order)]", True),
        (Mistake.PERMUTATION, "side='left'", "side='right'", False),
        (Mistake.PERMUTATION, "for p in orders", "for p in reversed(orders)", False),
        (Mistake.NOT_NEGATED, "log_det = s.sum()", "log_det = -s.sum()", True),
        (Mistake.NOT_NEGATED, "log_det = -s.sum()", "log_det = s.sum()", False),
        (Mistake.WRONG_ORDER, "x / s - t", "(x - t) / s", True),
        (Mistake.WRONG_ORDER, "(x - t) / s", "x / s - t", False),
        (Mistake.CLAMP_IN_FORWARD, "s = raw", "s = 2 * np.tanh(raw)", True),
        (Mistake.CLAMP_IN_FORWARD, "s = np.exp(raw)", "s = softplus(raw)", False),
        (Mistake.SPLINE_SLOPE, "np.log(s)", "2 * np.log(s)", True),
        (Mistake.SPLINE_SLOPE, "np.log(a) * (y >= 0)", "np.log(a) * (y <= 0)", False),
        (Mistake.SPLINE_DENOMINATOR, "np.log(d)", "np.log(e)", False),
    ],
)
def test_a_name_stands_only_beside_a_change_of_its_kind(mistake, before, after, agrees):
    repair = Repair("f.py", (1,), before, after, None, ("R",), frozenset({"inverse"}))
    assert one_change._agrees(Named(mistake), repair) is agrees


def test_what_folds_is_not_said_to_lack_an_absolute_value():
    def forward(z):
        return z + 1.7 * np.sin(z), np.log(1 + 1.7 * np.cos(z)).sum(axis=1)

    def inverse(x):
        z = x.copy()
        for _ in range(60):
            z = z - (z + 1.7 * np.sin(z) - x) / (1 + 1.7 * np.cos(z))
        return z, -np.log(1 + 1.7 * np.cos(z)).sum(axis=1)

    report = nf.check.audit((forward, inverse), dims=(2,), letters="SRXJ", show=False, changes=False)
    assert not report.ok
    assert all(failure.mistake is not Mistake.NO_ABSOLUTE_VALUE for failure in report.failures)


def test_an_operand_calls_nothing_that_the_run_did_not_call(tmp_path):
    text = """
        import numpy as np

        LEAKED = []


        def leak(z):
            LEAKED.append(1)
            return z.sum(axis=1)


        def forward(z):
            more = 0.0 if len(z) else leak(z)
            doubled = np.full(len(z), z.shape[1] * np.log(2.0))
            return 2 * z + 0.3 * np.sin(z) + more, np.log(1 + 0.15 * np.cos(z)).sum(axis=1)


        def inverse(x):
            z = x / 2
            for _ in range(60):
                z = z - (2 * z + 0.3 * np.sin(z) - x) / (2 + 0.3 * np.cos(z))
            return z, -forward(z)[1]
    """
    module = module_of(text, tmp_path, "leaking")
    repair = Search(trial_of(module)).repair()
    assert "+ doubled" in repair.change
    assert module.LEAKED == []


def test_a_helper_of_one_line_is_counted_once_for_each_call(tmp_path):
    text = """
        import numpy as np

        SCALES = np.array([0.5, 2.0, 3.0, 1.5])


        def of_one(z, s):
            return s * np.sinh(z), np.log(np.cosh(z))


        def forward(z):
            log_det = np.zeros(len(z))
            columns = []
            for k in range(4):
                size = np.log(SCALES[k])
                x, gain = of_one(z[:, k], SCALES[k])
                columns.append(x)
                log_det += gain
            return np.stack(columns, axis=1), log_det


        def inverse(x):
            z = np.arcsinh(x / SCALES)
            return z, -np.log(np.cosh(z)).sum(axis=1) - np.log(SCALES).sum()
    """
    search = Search(trial_of(module_of(text, tmp_path, "helper")))
    assert search.failed and search.repair(rounds=0) is None
    found = []
    for _, place, edit in search._missing():
        with edit.done():
            found.append(place.after(edit))
    assert any("np.log(np.cosh(z)) + np.log(np.abs(s))" in after for after in found)
    assert any("gain + np.log(SCALES[k])" in after for after in found)


SCALED = """
    import numpy as np

    SCALE, SHIFT = np.array([0.5, 2.0, 3.0]), np.array([0.3, -0.2, 0.9])
    ORDER = np.array([2, 0, 1])
    BACK = np.argsort(ORDER)


    def forward(z):
        return (np.sinh(z) * SCALE)[:, ORDER] + SHIFT, (np.log(np.cosh(z)) + np.log(SCALE)).sum(axis=1)


    def inverse(x):
        y = (x - SHIFT)[:, BACK] / SCALE
        return np.arcsinh(y), -(0.5 * np.log1p(y**2) + np.log(SCALE)).sum(axis=1)
"""


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("(x - SHIFT)[:, BACK] / SCALE", "((x - SHIFT) / SCALE)[:, BACK]", "(x - SHIFT)[:, BACK] / SCALE"),
        ("(x - SHIFT)[:, BACK] / SCALE", "(x[:, BACK] - SHIFT) / SCALE", "(x - SHIFT)[:, BACK]"),
    ],
)
def test_columns_are_put_in_order_before_a_term_or_after_it(right, wrong, says, tmp_path):
    assert right in SCALED
    trial = trial_of(module_of(SCALED.replace(right, wrong), tmp_path, "scaled"), dim=3)
    repair = Search(trial).repair()
    assert any(says in each.change for each in (repair, *repair.others))  # forward may be meant as well
