"""The search for the one change: lines that are missing, branches, options, and what either direction could have."""

from textwrap import dedent

import numpy as onp
import pytest
from edited_code import COUPLING, LOOPS, module_of, trial_of

import nfscratch as nf
from nfscratch.check.repair.search import Search

pytestmark = pytest.mark.exhaustive  # each is a whole search; its rooms have small tests of their own


def repaired(text, right, wrong, folder, name, dim=4):
    text = dedent(text)
    right, wrong = dedent(right), dedent(wrong)
    assert text.count(right) >= 1
    with onp.errstate(all="ignore"):
        repair = Search(trial_of(module_of(text.replace(right, wrong, 1), folder, name), dim)).repair()
    print(repair)
    return repair


@pytest.mark.exhaustive
def test_a_line_that_the_other_direction_has_is_put_in(tmp_path):
    repair = repaired(LOOPS, "        log_det += np.log(slope).sum(axis=1)\n", "\n", tmp_path, "line_lost")
    assert "np.log(" in repair.change and repair.is_clear


@pytest.mark.exhaustive
def test_the_other_end_of_a_bracket_is_put_in(tmp_path):
    halved = "low, high = np.where(below, middle, low), np.where(below, high, middle)"
    apart = "low = np.where(below, middle, low)"
    repair = repaired(LOOPS, halved, apart, tmp_path, "end_lost")
    assert "with the line `high = np.where(below, high, middle)`" in repair.change


@pytest.mark.exhaustive
def test_a_condition_is_put_around_a_value(tmp_path):
    halved = "low, high = np.where(below, middle, low), np.where(below, high, middle)"
    apart = "low, high = np.where(below, middle, low), middle"
    repair = repaired(LOOPS, halved, apart, tmp_path, "branch_lost")
    assert "np.where(below, high, middle)" in repair.change


SWITCHED = """
    import numpy as np

    W, V = np.array([[0.7, -0.5], [0.4, 1.1]]), np.array([[0.2, 0.9], [-0.6, 0.3]])
    STRENGTH = 2.0


    def scale(kept):
        return 2.0 * np.tanh(0.5 * (kept @ W))


    def forward(z):
        kept, moved = z[:, :2], z[:, 2:]
        s = scale(kept)
        return np.concatenate([kept, moved * np.exp(s) + kept @ V], axis=1), s.sum(axis=1)


    def inverse(x):
        kept, moved = x[:, :2], x[:, 2:]
        s = scale(kept)
        return np.concatenate([kept, (moved - kept @ V) * np.exp(-s)], axis=1), -s.sum(axis=1)
"""


@pytest.mark.exhaustive
def test_a_scale_that_is_switched_off_in_both_directions_is_no_repair(tmp_path):
    """0.0 * tanh(...) makes both agree where forward has lost its factor: it is the factor that is missing."""
    repair = repaired(SWITCHED, "moved * np.exp(s) + kept @ V", "moved + kept @ V", tmp_path, "switched_off")
    assert "0.0" not in repair.change
    assert "np.exp(s)" in repair.change or "np.exp(-s)" in repair.change


@pytest.mark.exhaustive  # seconds
def test_where_each_direction_keeps_its_own_laws_both_changes_are_said(tmp_path):
    text = dedent(SWITCHED).replace("moved * np.exp(s) + kept @ V", "moved * np.exp(s) + kept @ V.T")
    module = module_of(text, tmp_path, "either")
    failure = nf.check.audit((module.forward, module.inverse), dims=(4,), show=False, letters="SRXJ").failures[0]
    assert "moved * np.exp(s) + kept @ V" in failure.message and "moved - kept @ V.T" in failure.message
    assert failure.message.startswith("R  either line ") and "do not say which of the two" in failure.message


@pytest.mark.exhaustive  # seconds
def test_a_variable_of_the_function_around_may_become_needless(tmp_path):
    repair = repaired(COUPLING, "return x[:, order], s", "return x, s", tmp_path, "order_lost")
    assert "halves(x)" in repair.after


def test_which_x_depends_on_which_z_may_change_if_as_many_do(tmp_path):
    text = """
        import numpy as np

        W = np.array([[0.7, -0.5], [0.4, 1.1]])


        def forward(z):
            h = z.copy()
            for _ in range(3):
                h[:, 2:] += np.sin(h[:, :2] @ W)
                h = np.roll(h, 1, axis=1)
            return h, np.zeros(len(z))


        def inverse(x):
            h = x.copy()
            for _ in range(3):
                h = np.roll(h, -1, axis=1)
                h[:, 2:] -= np.sin(h[:, :2] @ W)
            return h, np.zeros(len(x))
    """
    first, then = "h[:, 2:] += np.sin(h[:, :2] @ W)", "h = np.roll(h, 1, axis=1)"
    turned = dedent(text).replace(first, "LATER").replace(then, first).replace("LATER", then)
    repair = Search(trial_of(module_of(turned, tmp_path, "turned"))).repair()
    assert {r.keeps_x for r in (repair, *repair.others)} == {True, False}


@pytest.mark.exhaustive  # seconds
def test_a_map_that_loses_a_column_is_searched_too(tmp_path):
    text = dedent(SWITCHED).replace("[kept, moved * np.exp(s) + kept @ V]", "[kept, kept * np.exp(s) + kept @ V]")
    module = module_of(text, tmp_path, "column_lost")
    failure = nf.check.audit((module.forward, module.inverse), dims=(4,), show=False, letters="SRXJ").failures[0]
    assert "moved * np.exp(s) + kept @ V" in failure.message


def test_an_option_of_another_call_is_put_in(tmp_path):
    text = """
        import numpy as np

        LOG_SCALE, SHIFT = np.array([0.3, -0.6, 0.4, 0.1]), np.array([1.0, -0.5, 0.2, 0.8])


        def both(v, k, back=False):
            if back:
                return (v - SHIFT * k) * np.exp(-LOG_SCALE), -LOG_SCALE.sum()
            return v * np.exp(LOG_SCALE) + SHIFT * k, LOG_SCALE.sum()


        def forward(z):
            z, a = both(z, 1)
            z, b = both(np.sinh(z), 2)
            return z, a + b + np.log(np.cosh(np.arcsinh((z - 2 * SHIFT) * np.exp(-LOG_SCALE)))).sum(axis=1)


        def inverse(x):
            x, b = both(x, 2, back=True)
            y = np.arcsinh(x)
            z, a = both(y, 1, back=True)
            return z, a + b - np.log(np.cosh(y)).sum(axis=1)
    """
    repair = repaired(text, "both(y, 1, back=True)", "both(y, 1)", tmp_path, "option_lost")
    assert "both(y, 1, back=True)" in repair.change


def test_a_term_of_the_other_directions_argument_is_found_of_ones_own(tmp_path):
    text = """
        import numpy as np

        TAIL = np.array([0.7, 1.3, 0.9, 1.1])


        def forward(z):
            a = np.arcsinh(z) * TAIL
            logs = np.log(TAIL) + np.log(np.cosh(a)) - 0.5 * np.log1p(z**2)
            return np.sinh(a), logs.sum(axis=1)


        def inverse(x):
            b = np.arcsinh(x) / TAIL
            z = np.sinh(b)
            logs = np.log(np.cosh(b)) - np.log(TAIL) - 0.5 * np.log1p(x**2)
            return z, logs.sum(axis=1)
    """
    repair = repaired(text, " - 0.5 * np.log1p(x**2)", "", tmp_path, "term_lost")
    assert "0.5 * np.log1p(x ** 2)" in repair.change


def test_what_another_function_returns_at_that_place_is_tried(tmp_path):
    """A list of log-dets, which the other direction adds up: its shape is wrong, and it is no array."""
    text = """
        import numpy as np

        SCALES = np.array([0.3, -0.6, 0.4, 0.1])


        def forward(z):
            columns, logs = [], []
            for k in range(4):
                columns.append(z[:, k] * np.exp(SCALES[k]) + np.sin(columns[-1] if k else 0.0))
                logs.append(np.full(len(z), SCALES[k]))
            return np.array(columns).T, np.sum(logs, axis=0)


        def inverse(x):
            columns, logs = [], []
            for k in range(4):
                columns.append((x[:, k] - np.sin(x[:, k - 1] if k else 0.0)) * np.exp(-SCALES[k]))
                logs.append(np.full(len(x), -SCALES[k]))
            return np.array(columns).T, np.sum(logs, axis=0)
    """
    repair = repaired(text, "-SCALES[k]))\n    return np.array(columns).T, np.sum(logs, axis=0)",
                      "-SCALES[k]))\n    return np.array(columns).T, logs", tmp_path, "list_returned")  # fmt: skip
    assert "np.sum(logs, axis=0)" in repair.change


def test_a_log_det_that_is_not_finite_is_searched_in_its_direction(tmp_path):
    """Both directions have the same line, so that nothing but finiteness fails."""
    text = """
        import numpy as np

        W = np.array([[0.3, -0.2, 0.1], [0.2, 0.3, -0.1], [-0.1, 0.2, 0.3]])


        def log_det(z):
            slope = 1 - np.tanh(z @ W.T) ** 2
            return np.linalg.slogdet(np.eye(3) + slope[:, :, None] * W)[1]


        def forward(z):
            return z + np.tanh(z @ W.T), log_det(z)


        def inverse(x):
            z = x
            for _ in range(90):
                z = x - np.tanh(z @ W.T)
            return z, -log_det(z)
    """
    repair = repaired(text, "np.tanh(z @ W.T) ** 2", "np.tanh(z @ W.T) ** 0.5", tmp_path, "root", dim=3)
    assert "** 2" in repair.change
