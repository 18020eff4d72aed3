"""The usual maps of the real line into an interval: there, back, their slopes, and what lies on an end; an interval
for each variable, and audits of maps that have it."""

import re

import numpy as onp
import pytest

from nfscratch.check.audit import audit
from nfscratch.check.domains import (
    bounded,
    ends_of,
    free_variables,
    inside,
    interval,
    into,
    out_of,
    slope_into,
    spread,
    within_reach,
    words_of_ends,
)
from nfscratch.check.finding import Outcome


@pytest.mark.parametrize("ends", [(-onp.inf, onp.inf), (2.0, onp.inf), (-onp.inf, -1.5), (-2.0, 3.0)], ids=str)
def test_the_line_is_carried_into_an_interval_and_back(ends):
    a = onp.linspace(-4.0, 4.0, 17)
    x = into(ends, a)
    assert ((x > ends[0]) & (x < ends[1]) & (onp.gradient(x) > 0)).all()
    onp.testing.assert_allclose(out_of(ends, x), a, atol=1e-12)
    onp.testing.assert_allclose(slope_into(ends, a), (into(ends, a + 1e-6) - into(ends, a - 1e-6)) / 2e-6, rtol=1e-6)


def test_points_at_or_beyond_an_end_are_infinitely_far_out():
    assert out_of((2.0, onp.inf), onp.array([2.0, 1.0, 3.0])).tolist() == [-onp.inf, -onp.inf, 0.0]
    assert out_of((-onp.inf, 2.0), onp.array([2.0, 3.0, 1.0])).tolist() == [onp.inf, onp.inf, 0.0]
    assert out_of((0.0, 2.0), onp.array([0.0, -1.0, 1.0, 2.0, 3.0])).tolist() == [
        -onp.inf,
        -onp.inf,
        0.0,
        onp.inf,
        onp.inf,
    ]


def test_a_row_on_an_end_is_not_inside():
    rows = onp.array([[0.5, 0.5], [0.0, 0.5], [0.5, 1.0], [1.5, 0.5]])
    assert inside((0.0, 1.0), rows).tolist() == [True, False, False, False]


# --- an interval for each variable ---

MIXED = ([0, -onp.inf, 2, -onp.inf], [1, onp.inf, onp.inf, -1.5])


def test_every_variable_has_its_own_interval():
    ends, a = interval(MIXED, (4,)), onp.linspace(-4.0, 4.0, 20).reshape(5, 4)
    x = into(ends, a)
    for j in range(4):
        own = ends_of(ends, j)
        assert own == (MIXED[0][j], MIXED[1][j])
        for f, points in ((into, a), (slope_into, a), (out_of, x)):
            assert f(ends, points)[:, j].tolist() == f(own, points[:, j]).tolist()
    assert inside(ends, x).all() and not inside(ends, onp.where(onp.arange(4) == 3, -1.5, x)).any()
    assert free_variables(ends, 4).tolist() == [False, True, False, False] and bounded(ends)


def test_rays_and_images_take_the_ends_of_their_events():
    ends = interval(([[0, -onp.inf]], [[1, onp.inf]]), (1, 2))
    a = onp.linspace(-3.0, 3.0, 12)
    by_rays, by_rows = into(ends, a.reshape(2, 3, 1, 2)), into(ends, a.reshape(6, 2))
    assert by_rays.ravel().tolist() == by_rows.ravel().tolist()
    assert by_rows[:, 0].tolist() == into((0.0, 1.0), a[::2]).tolist() and by_rows[:, 1].tolist() == a[1::2].tolist()


def test_what_lies_far_out_is_drawn_in_only_where_there_is_an_end():
    ends, a = interval(MIXED, (4,)), onp.full((1, 4), 50.0)
    assert within_reach(ends, -a, 6.0).tolist() == [[-6.0, -50.0, -6.0, -6.0]]
    assert spread(ends, a, 10.0, 3.0).tolist() == [[150.0, 500.0, 150.0, 150.0]]


@pytest.mark.parametrize("same", [([0, 0], [1, 1]), (0, [1, 1]), onp.array([[0.0, 0.0], [1.0, 1.0]])])
def test_one_interval_for_all_variables_is_two_numbers(same):
    assert interval(same, (2,)) == (0.0, 1.0)
    assert interval(([None, None], None), (2,)) == (-onp.inf, onp.inf)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (([0, 0], [1, 1, 1]), "codomain must have 3 numbers at each end, one for each variable, or one for all; "
         "got one of shape (2,) and one of shape (3,)"),
        (([0, 0], 1), "got one of shape (2,) and one number"),
        (([0, 0, 2], [1, None, 2]), "codomain must have its low end below the high one; got 2 to 2 for variable 2"),
        (([0, "a", 2], [1, 2, 3]), "codomain must be 'all reals' or an interval"),
        (([0, [1], 2], [1, 2, 3]), "codomain must be 'all reals' or an interval"),
        (([0, float("nan"), 2], [1, 2, 3]), "got nan to 2 for variable 1"),
        ([[0, 1], [0, 1], [0, 1]], "codomain must be 'all reals' or an interval"),
        (("0", "1"), "codomain must be 'all reals' or an interval"),
        ((False, True), "codomain must be 'all reals' or an interval"),
        (([0, "0", 0], 1), "codomain must be 'all reals' or an interval"),
        ((onp.zeros(3, bool), onp.ones(3, bool)), "codomain must be 'all reals' or an interval"),
    ],
)  # fmt: skip
def test_ends_that_do_not_fit_are_refused_in_words(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        interval(wrong, (3,), "codomain")


def test_ends_are_said_in_words():
    assert words_of_ends((0.0, 1.5)) == "0 to 1.5"
    assert words_of_ends(interval(MIXED, (4,))) == "[0, -inf, 2, -inf] to [1, inf, inf, -1.5]"
    assert words_of_ends((onp.arange(8.0), 9.0)) == "[0, 1, 2, 3, 4, 5, ...] to 9"


# --- audited ---


def by_columns(wrong=""):
    """(0, 1) to all reals by a logit, 2.5 z + 1, e^z, and out of them again, with a mistake in the words."""

    def forward(z):
        x = onp.stack([onp.log(z[:, 0] / (1 - z[:, 0])), 2.5 * z[:, 1] + 1, onp.exp(z[:, 2])], axis=1)
        log_det = onp.log(2.5) + z[:, 2] - onp.log(z[:, 0] * (1 - z[:, 0]))
        x[:, 1] = 50 * onp.tanh(x[:, 1] / 50) if wrong == "clamp" else x[:, 1]
        x[:, 2] -= wrong == "leaves"
        return x, log_det + (wrong == "log_det") * z[:, 0]

    def inverse(x):
        u = 1 / (1 + onp.exp(-x[:, 0]))
        x1 = 50 * onp.arctanh(x[:, 1] / 50) if wrong == "clamp" else x[:, 1]
        x2 = x[:, 2] + (wrong == "leaves")
        z = onp.stack([u, (x1 - 1) / (2.6 if wrong == "inverse" else 2.5), onp.log(x2)], axis=1)
        return z, onp.log(u * (1 - u) / 2.5) - onp.log(x2) + 0.0

    return forward, inverse


ENDS = {"domain": ([0, -onp.inf, -onp.inf], [1, onp.inf, onp.inf]), "codomain": ([None, None, 0], None)}


def test_a_map_with_an_interval_for_each_variable_is_right():
    report = audit(by_columns(), dims=(3,), **ENDS, show=False)
    assert report.ok, report
    assert {line.letter for line in report.lines if line.status is Outcome.PASSED} == set("SPIRXJEO")
    with pytest.raises(ValueError, match="domain must have 3 numbers at each end"):
        audit(by_columns(), dims=(3,), domain=([0, 0], [1, 1]), show=False)


@pytest.mark.parametrize(
    ("wrong", "letter"), [("log_det", "X"), ("inverse", "R"), ("leaves", "O"), ("clamp", "J"), ("ends", "S")]
)
def test_a_mistake_beside_an_interval_is_found(wrong, letter):
    ends = ENDS if wrong != "ends" else {"domain": ([None, 0, None], [None, 1, None])}
    report = audit(by_columns(wrong), dims=(3,), **ends, letters="SPIRXJO", changes=False, show=False)
    assert report.failures and report.failures[0].letter == letter, report


def test_a_variable_without_an_end_is_to_grow_beside_one_that_has_one():
    def log_slope(z):
        return -onp.logaddexp(0, z) - onp.logaddexp(0, -z)

    def forward(z, scale):
        x = onp.stack([1 / (1 + onp.exp(-z[:, 0])), scale * onp.tanh(z[:, 1] / scale)], axis=1)
        return x, log_slope(z[:, 0]) + onp.log(4.0) + log_slope(2 * z[:, 1] / scale)

    def inverse(x, scale):
        z1 = scale * onp.arctanh(onp.clip(x[:, 1] / scale, -1 + 1e-15, 1 - 1e-15))
        z = onp.stack([onp.log(x[:, 0]) - onp.log1p(-x[:, 0]), z1], axis=1)
        return z, -forward(z, scale)[1]

    pair = (lambda z: forward(z, 5.0), lambda x: inverse(x, 5.0))
    report = audit(pair, dims=(2,), codomain=([0, -onp.inf], [1, onp.inf]), letters="SO", changes=False, show=False)
    assert report.failures and report.failures[0].name == "range: the map is not onto", report
    declared = {"codomain": ([0, -5], [1, 5]), "letters": "SO", "changes": False, "show": False}
    assert audit(pair, dims=(2,), **declared).ok


def test_far_images_have_the_shape_of_images():
    """O asks a layer over images along rays; here its formula needs all three axes."""
    W = onp.array([[2.0, 0.3, 0.0], [0.0, 1.0, 0.2], [0.1, 0.0, 0.5]])
    back, size = onp.linalg.inv(W), 4 * onp.linalg.slogdet(W)[1]
    pair = (lambda z: (onp.einsum("ij,njab->niab", W, z), onp.full(len(z), size)),
            lambda x: (onp.einsum("ij,njab->niab", back, x), onp.full(len(x), -size)))  # fmt: skip
    assert not audit(pair, dims=((3, 2, 2),), letters="O", show=False).failures
