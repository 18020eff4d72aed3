"""Draws from given uniform numbers, at the edges between what is chosen; and two players' turns."""

from math import log

import numpy as onp
import pytest
from comparing import close

import nfscratch as nf
from nfscratch.distributions import student
from nfscratch.training.fit_gan import InTurn


class Given:
    """A generator of uniform numbers that draws what it is told."""

    def __init__(self, u):
        self.u = onp.array(u)

    def random(self, shape):
        return self.u.reshape(shape)


U = [0.0, 0.2499, 0.25, 0.4999, 0.5, 0.9999]
CHOSEN = [0, 0, 1, 1, 2, 2]  # shares 1/4, 1/4, 1/2: an edge belongs to what comes after it
LOGITS = onp.log([1.0, 1.0, 2.0]) + 7.0


def test_the_component_of_a_mixture_by_a_uniform_number():
    base = nf.GaussianMixture(2, 3)
    assert base._components(LOGITS, Given(U), 6).tolist() == CHOSEN
    rows = onp.stack([LOGITS, LOGITS, LOGITS[::-1], LOGITS, LOGITS[::-1], LOGITS[::-1]])
    assert base._components(rows, Given(U), 6).tolist() == [0, 0, 0, 1, 1, 2]


def test_a_mixture_of_gaussians_draws_its_component_and_moves_it():
    law = nf.MixtureOfGaussians(3, 2.0)
    a = onp.array([0.3, -0.4, 5.0])
    theta = onp.repeat(onp.concatenate([LOGITS, a, [10.0, 20.0, 30.0]])[:, None], 6, axis=1)
    start = [-0.9674215661017014, 0.0, 0.9674215661017014]  # quantiles of N(0, 1) at 1/6, 1/2, 5/6
    s = 2.0 * onp.tanh(a / 2.0)
    expected = [10.0 * (k + 1) + start[k] + 0.5 * onp.exp(s[k]) for k in CHOSEN]
    close(law.draw(theta, onp.array(U), onp.full(6, 0.5)), expected, 1e-12)


def test_levels_and_bits_by_a_uniform_number():
    theta = onp.repeat(LOGITS[:, None], 6, axis=1)
    assert nf.Categorical(3).draw(theta, onp.array(U)).tolist() == [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]
    logit = onp.full((1, 3), log(3.0))
    assert nf.Bernoulli().draw(logit, onp.array([0.0, 0.7499, 0.7501])).tolist() == [1.0, 1.0, 0.0]
    assert nf.Bernoulli().draw(onp.zeros((1, 1)), onp.array([0.5])).tolist() == [0.0]


def test_values_that_are_no_level_are_named_by_row():
    law, theta = nf.Categorical(3), onp.zeros((4, 1, 3))
    x = onp.array([[0.0], [0.5], [1.0], [0.5 + 0.9e-4 / 2]])
    close(law.log_prob(theta, x), onp.full((4, 1), -log(3.0)), 1e-14)
    for wrong in (0.5 + 1.1e-4 / 2, -0.5, 1.5, 0.3):
        x[3] = wrong
        for call in (law.log_prob, law.log_prob_vjp):
            with pytest.raises(ValueError, match=r"x must be one of 0, 1/2, 2/2 ... 1; got something else in row 3"):
                call(theta, x)
    with pytest.raises(ValueError, match="x must be 0 or 1 everywhere for Bernoulli; got something else in row 1"):
        nf.Bernoulli().log_prob(onp.zeros((3, 1, 1)), onp.array([[0.0], [0.5], [0.2]]))


def test_a_fresh_student_has_the_degrees_of_freedom_that_it_is_given():
    for dof in (0.2, 4.0, 8.0, 400.0):
        base = nf.StudentT(3, dof)
        close(base.degrees_of_freedom(base.init(None)), [dof] * 3, 1e-12)
    close(student.free_dof(8.0 * onp.exp(2.0)), 4.0 * onp.arctanh(0.5), 1e-15)
    u = onp.array([0.0, 0.5, -1.0, 3.0, -1e200])
    close(student._slope(u), [0.0, 0.4, -0.5, 0.3, -1e-200], 1e-15)
    close(student._square_share(u), [0.0, 0.2, 0.5, 0.9, 1.0], 1e-15)
    close(student._log_one_plus_square(u, onp), [0.0, log(1.25), log(2.0), log(10.0), 400.0 * log(10.0)], 1e-15)


def test_two_players_take_turns_with_a_count_of_their_own():
    both, alone = InTurn(0.1, critic=2), nf.adam(0.1)
    p, g = onp.array([1.0, 2.0, 3.0]), onp.array([0.5, -1.0, 2.0])
    state, states, expected = both.init(p), [alone.init(p[:2]), alone.init(p[2:])], [p[:2].copy(), p[2:].copy()]
    for turn in range(4):
        player = turn % 2
        alone.step(expected[player], g[2 * player : 2 + player].copy(), states[player])
        both.step(p, g.copy(), state)
        close(p, onp.concatenate(expected), 1e-15)
    assert state["t"] == 4
