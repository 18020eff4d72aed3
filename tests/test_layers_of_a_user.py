"""What the audit takes for granted of a user's functions: which points a layer takes, and how early a loop may stop."""

import numpy as np
import pytest

import nfscratch as nf


def audited(subject, dim, letters, **options):
    return nf.check.audit(subject, dims=(dim,), letters=letters, changes=False, show=False, **options)


def halved(rise, passes, reach=8.0):
    """The z with rise(z) = x, by halving [-reach, reach]."""

    def inverse(x):
        low, high = np.full_like(x, -reach), np.full_like(x, reach)
        for _ in range(passes):
            middle = 0.5 * (low + high)
            below = rise(middle)[0] < x
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        z = 0.5 * (low + high)
        return z, -rise(z)[1].sum(axis=1)

    return inverse


def wave(z):
    return z + 0.5 * np.sin(z), np.log(1 + 0.5 * np.cos(z))


def searched(passes):
    return (lambda z: (wave(z)[0], wave(z)[1].sum(axis=1))), halved(wave, passes, 60.0)


def test_a_search_that_stops_early_holds_with_a_note_of_how_early():
    report = audited(searched(38), 2, "SRXJE")
    assert report.ok
    note = report.notes[0]
    assert note.startswith("the round trip is off by ") and "e-10 where draws come, as when a loop stops early" in note
    assert audited(searched(70), 2, "SRX").notes == ()


def test_a_search_that_stops_far_too_early_fails():
    assert [f.letter for f in audited(searched(16), 2, "SR").failures] == ["R"]


def test_a_formula_without_a_loop_has_no_reason_to_be_off():
    def inverse(x):
        return x / 2 + 1e-9, np.full(len(x), -np.log(2.0) * x.shape[1])

    double = (lambda z: (2 * z, np.full(len(z), np.log(2.0) * z.shape[1]))), inverse
    assert [f.letter for f in audited(double, 2, "SR").failures] == ["R"]


def test_an_accuracy_that_is_given_is_the_one_that_counts():
    assert audited(searched(38), 2, "SR", accuracy=1e-9).notes == ()
    assert not audited(searched(38), 2, "SR", accuracy=1e-14).ok


def table(a):
    """Linear between 0, 0.3, 0.8 and 1: outside of [0, 1] there is no bin."""
    knots, values = np.array([0.0, 0.25, 0.5, 1.0]), np.array([0.0, 0.3, 0.8, 1.0])
    slopes = np.diff(values) / np.diff(knots)
    k = np.searchsorted(knots, a, side="right") - 1
    k = np.where(a == 1.0, 2, k)
    return values[k] + slopes[np.where(k > 2, 99, k)] * (a - knots[k]), np.log(slopes[k]).sum(axis=1)


def table_back(a):
    values, knots = np.array([0.0, 0.3, 0.8, 1.0]), np.array([0.0, 0.25, 0.5, 1.0])
    slopes = np.diff(values) / np.diff(knots)
    k = np.searchsorted(values, a, side="right") - 1
    k = np.where(a == 1.0, 2, k)
    return knots[k] + (a - values[k]) / slopes[np.where(k > 2, 99, k)], -np.log(slopes[k]).sum(axis=1)


def test_a_layer_is_asked_only_where_the_layers_before_it_go():
    flip = (lambda a: (1 - a[:, ::-1], np.zeros(len(a))),) * 2
    unit = {"domain": (0, 1), "codomain": (0, 1)}
    assert audited([(table, table_back), flip, (table, table_back)], 2, "SRXJE", **unit).ok
    with pytest.raises(IndexError):
        table(np.array([[2.5, 0.1]]))


def test_a_jump_of_a_layer_in_units_of_its_own_is_found():
    def jump(sign):
        def f(x):
            a = (x - 2000.0) / 10
            moved = np.where(a > 0.2, 0.05 * a, a) if sign > 0 else np.where(a > 0.2, a / 0.05, a)
            return x, np.where(a > 0.2, sign * 0.01 * a, 0.0).sum(axis=1) + 0 * moved.sum(axis=1)

        return f

    def years(by):
        return lambda a: (a * 10 + by, np.full(len(a), np.log(10.0) * a.shape[1]))

    def back(x):
        return (x - 2000.0) / 10, np.full(len(x), -np.log(10.0) * x.shape[1])

    report = audited([(years(2000.0), back), (jump(1), jump(-1))], 2, "SE", smooth=None)
    assert [f.letter for f in report.failures] == ["E"]


def leaky(slope, rotations, dtype):
    def forward(z):
        n = np.zeros(len(z))
        for q in rotations:
            z = z @ q
            n, z = n + (z < 0).sum(axis=1), np.where(z < 0, slope * z, z)
        return z.astype(dtype), (n * np.log(slope)).astype(dtype)

    def inverse(x):
        n = np.zeros(len(x))
        for q in rotations[::-1]:
            n, x = n + (x < 0).sum(axis=1), np.where(x < 0, x / slope, x) @ q.T
        return x.astype(dtype), (-n * np.log(slope)).astype(dtype)

    return forward, inverse


@pytest.mark.exhaustive
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_kinks_that_lie_close_to_one_another_are_kinks(dtype):
    rng = np.random.default_rng(1572)
    rotations = [np.linalg.qr(rng.normal(size=(4, 4)))[0].astype(dtype) for _ in range(8)]
    assert audited(leaky(np.dtype(dtype).type(0.75), rotations, dtype), 4, "SE", dtype=dtype).ok


def test_one_variable_that_permutations_carry_past_the_couplings_is_told():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(2, 2))

    def layer(order):
        back = np.argsort(order)

        def forward(z):
            z = z[:, order]
            return np.concatenate([z[:, :2], z[:, 2:] + np.tanh(z[:, :2] @ weights)], axis=1), np.zeros(len(z))

        def inverse(x):
            z = np.concatenate([x[:, :2], x[:, 2:] - np.tanh(x[:, :2] @ weights)], axis=1)
            return z[:, back], np.zeros(len(x))

        return forward, inverse

    report = audited([layer([0, 1, 2, 3]), layer([1, 2, 3, 0])], 4, "SRT")
    assert report.ok
    assert report.lines[-1].detail == 'x_0 is z_1, always: a mistake only where structure="dense" is declared'
    stays = audited([layer([0, 1, 2, 3]), layer([0, 3, 2, 1])], 4, "SRT")
    assert stays.ok
    assert stays.lines[-1].detail.startswith("x_0 is z_0, always")


def test_a_layer_that_its_first_inverse_changes_is_found():
    class Layer:
        scale = 1.0

        def forward(self, z):
            return z * self.scale, np.full(len(z), np.log(self.scale) * z.shape[1])

        def inverse(self, x):
            if self.scale == 1.0:
                self.scale = x.std()
            return x / self.scale, np.full(len(x), -np.log(self.scale) * x.shape[1])

    layer = Layer()
    (failure,) = audited((layer.forward, layer.inverse), 2, "SPR").failures
    assert failure.letter == "P" and "forward: the same input gives another output" in failure.message


def test_a_vectorized_function_of_no_rows_holds_with_a_note():
    plus, minus = np.vectorize(lambda v: v + 1.0), np.vectorize(lambda v: v - 1.0)
    pair = (lambda z: (plus(z), np.zeros(len(z)))), (lambda x: (minus(x), np.zeros(len(x))))
    report = audited(pair, 2, "SE")
    assert report.ok and "np.vectorize" in report.notes[0]


def test_a_narrow_bracket_is_named_where_a_kept_column_goes_further():
    rise = lambda a, b: b + 0.5 * np.sin(b) * np.tanh(a)  # noqa: E731

    def slope(a, b):
        return np.log(1 + 0.5 * np.cos(b) * np.tanh(a)).sum(axis=1)

    def forward(z):
        a, b = z[:, 1:], z[:, :1]
        return np.concatenate([a, rise(a, b)], axis=1), slope(a, b)

    def inverse(x):
        a, y = x[:, :1], x[:, 1:]
        low, high = np.full_like(y, -2.0), np.full_like(y, 2.0)
        for _ in range(60):
            middle = 0.5 * (low + high)
            below = rise(a, middle) < y
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        b = 0.5 * (low + high)
        return np.concatenate([b, a], axis=1), -slope(a, b)

    assert audited((forward, inverse), 2, "SR").failures[0].name == "inverse: it gives the end of its bracket"
