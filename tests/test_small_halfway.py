"""A coupling's inverse that is given the changed half: what forward and inverse say at points that are put together."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from tried_maps import small_trial

from nfscratch.check import bound
from nfscratch.check.diagnosis import wrong_condition

Z = onp.array([[0.5, 1.0, -2.0], [1.5, 3.0, 4.0], [-1.0, 0.25, 2.0]])
KEPT = onp.array([True, False, False])


def scale(half):
    return 2 + half**2


def shift(half):
    return 3 * half + 1


def forward(z):
    half = z[:, :1]
    return onp.concatenate([half, scale(half) * z[:, 1:] + shift(half)], axis=1)


def undone(d=lambda x: scale(x[:, :1]), t=lambda x: shift(x[:, :1])):
    return lambda x: onp.concatenate([x[:, :1], (x[:, 1:] - t(x)) / d(x)], axis=1)


RIGHT = undone()


def columns(inverse=RIGHT):
    trial = small_trial(forward, inverse, dim=3, z=Z)
    return SimpleNamespace(
        trial=trial, z=Z, x=trial.x, back=trial.back[0], rows=onp.arange(3), kept=KEPT, dim=3, J=trial.J
    )


def test_forward_at_halves_that_are_given():
    half, changed = onp.array([[7.0], [8.0], [9.0]]), onp.arange(6.0).reshape(3, 2)
    close(wrong_condition._forward(columns(), half, changed), scale(half) * changed + shift(half), 1e-12)
    assert columns().z is Z


def test_what_is_undone_with_the_shift_at_one_point_and_the_scale_at_another():
    v, w = onp.array([[7.0], [8.0], [9.0]]), onp.array([[0.1], [0.2], [0.3]])
    c = columns()
    close(wrong_condition._undone(c, v, w), (c.x[:, 1:] - shift(v)) / scale(w), 1e-12)


def test_one_column_may_be_changed_beside_two_that_are_kept():
    two = lambda z: onp.stack([z[:, 0], z[:, 1], (2 + z[:, 0]) * z[:, 2] + z[:, 1]], axis=1)  # noqa: E731
    trial = small_trial(two, dim=3, z=Z)
    c = SimpleNamespace(trial=trial, z=Z, x=trial.x, rows=onp.arange(3), kept=onp.array([True, True, False]))
    v, w = Z[:, :2] + 1, Z[:, :2] + 5
    close(wrong_condition._undone(c, v, w), (c.x[:, 2:] - v[:, 1:]) / (2 + w[:, :1]), 1e-12)


def test_inverse_where_the_changed_half_is_shorter():
    c = columns()
    for size in (0.0, 0.5, 2.0):
        half = c.x[:, :1]
        close(wrong_condition._inverse(c, size), (size * c.x[:, 1:] - shift(half)) / scale(half), 1e-12)


def of_all(f, share=0.3):
    """A network that sees the kept half and, beyond its mask, the changed one."""
    return lambda x: f(x[:, :1] + share * onp.abs(x[:, 1:]))


@pytest.mark.parametrize(("inverse", "lacks"), [
    (undone(), False), (undone(of_all(scale)), True), (undone(t=of_all(shift, 0.0)), False),
    (undone(of_all(scale), of_all(shift)), True),
    (undone(lambda x: 1.1 * of_all(scale)(x)), False), (undone(of_all(scale), lambda x: -shift(x[:, :1])), False),
    (undone(of_all(scale), lambda x: 0 * x[:, 1:]), False),
])  # fmt: skip
def test_a_mask_is_lacking_where_it_is_right_at_0_and_bent_elsewhere(inverse, lacks):
    assert wrong_condition._lacks_its_mask(columns(inverse)) is lacks


# --- the base of a flow ---


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("context_dim", [0, 2])
def test_a_base_gets_numbers_like_its_parameters(dtype, context_dim, monkeypatch):
    seen, likes, asarray = [], [], bound.backend.asarray
    as_like = lambda z, dtype, like: likes.append(like) or asarray(z, dtype=dtype, like=like)  # noqa: E731
    monkeypatch.setattr(bound.backend, "asarray", as_like)

    def log_prob(params, z, *context):
        seen.append((params, z.dtype, [c.shape for c in context]))
        return z.sum(axis=1)

    def sample(params, rng, n, like, *context):
        seen.append((params, rng, like.dtype, [c.shape for c in context]))
        return onp.ones((n, 2), like.dtype)

    base = SimpleNamespace(context_dim=context_dim, log_prob=log_prob, sample=sample)
    context = onp.ones((5, 2)) if context_dim else None
    like = onp.empty(0, dtype)
    found = bound.base_of(base, "params", like, context)
    q = found["base_log_prob"](Z)
    assert (
        len(likes) == 1
        and likes[0] is like
        and q.dtype == onp.float64
        and q.tolist() == pytest.approx(Z.sum(axis=1).tolist())
    )
    assert found["base_sample"]("rng", 4).shape == (4, 2)
    of_context = lambda n: [(n, 2)] if context_dim else []  # noqa: E731
    assert seen == [("params", dtype, of_context(3)), ("params", "rng", dtype, of_context(4))]
