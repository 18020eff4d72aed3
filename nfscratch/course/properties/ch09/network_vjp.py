"""Task 9.7, network_vjp(theta, z, t, g): two products with Jacobians, without writing down a Jacobian."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch09.moving import along_parameters, jacobian, network, random_network

TURNED = "Which index of J is summed over in J^T g, and which in J g?"
CHAIN = "Which derivative has tanh, written with its value?"
ORDER = "How does theta list its arrays, and how does ravel() run through a matrix?"
SEEN = "What does the hidden layer see, beside z?"
CASES = ((2, 3, 0.4), (1, 2, 0.7), (3, 2, 0.2))


def by_point(asked, rng):
    """J^T g, for 2, 1 and 3 variables"""
    return expect(asked, *[_of(rng, *case, "of_z") for case in CASES])


def by_parameters(asked, rng):
    """the other product, for every parameter, against derivatives by complex steps"""
    return expect(asked, *[_of(rng, *case, "of_theta") for case in CASES])


def _of(rng, D, units, t, judged):
    theta, z, g = random_network(rng, D, units), rng.normal(size=D), rng.normal(size=D)
    J, right = jacobian(theta, z, t), along_parameters(lambda p: network(p, z, t) @ g, theta)
    shown = {"z": z, "t": t, "g": g, "units": units}
    slips = [*_of_point(theta, z, t, g, J), *_of_parameters(theta, z, t, g)]
    answer = {"of_z": J.T @ g, "of_theta": right}
    return Question((theta, z, t, g), answer, shown, slips, (judged,), 1e-9, f"D = {D}")


def _of_point(theta, z, t, g, J):
    W1, b1, W2, _ = theta
    h = onp.tanh(W1 @ onp.append(z, t) + b1)
    W = W1[:, :-1]
    for name, hint, value in (
        ("it is J g, not J^T g", TURNED, J @ g),
        ("the derivative of tanh is missing", CHAIN, W.T @ (W2.T @ g)),
        ("the derivative of tanh is 1 - h, not 1 - h^2", CHAIN, W.T @ ((1 - h) * (W2.T @ g))),
        ("the derivative of tanh is 1 + h^2, not 1 - h^2", CHAIN, W.T @ ((1 + h**2) * (W2.T @ g))),
        ("the derivative of tanh is h^2, not 1 - h^2", CHAIN, W.T @ (h**2 * (W2.T @ g))),
        ("the derivative of tanh is h (1 - h), that of a logistic curve", CHAIN, W.T @ (h * (1 - h) * (W2.T @ g))),
        ("tanh stands where its derivative belongs", CHAIN, W.T @ (h * (W2.T @ g))),
        ("the derivative of tanh is taken at h, not before tanh", CHAIN, W.T @ ((1 - onp.tanh(h) ** 2) * (W2.T @ g))),
        ("the sign is flipped: (7) has its minus elsewhere", TURNED, -J.T @ g),
        ("b1 is missing", SEEN, jacobian([W1, 0 * b1, W2, 0], z, t).T @ g),
        ("the time is missing in the hidden layer", SEEN, jacobian(theta, z, 0.0).T @ g),
        ("the product has W1 without its first column, not without its last", SEEN, W1[:, 1:].T @ ((1 - h**2) * (W2.T @ g))),
        ("z and t stand in the wrong order", SEEN, _swapped(theta, z, t, g)[0]),
        ("g is missing", TURNED, J.sum(axis=0)),
    ):  # fmt: skip
        yield slip(name, hint, of_z=value)


def _swapped(theta, z, t, g):
    """Both products where the network sees (t, z)."""
    W1, b1, W2, _ = theta
    seen = onp.append(t, z)
    h = onp.tanh(W1 @ seen + b1)
    delta = (1 - h**2) * (W2.T @ g)
    return W1[:, 1:].T @ delta, _joined(onp.outer(delta, seen), delta, onp.outer(g, h), g)


def _joined(*arrays):
    return onp.concatenate([onp.ravel(a) for a in arrays])


def _of_parameters(theta, z, t, g):
    W1, b1, W2, _ = theta
    seen = onp.append(z, t)
    h = onp.tanh(W1 @ seen + b1)
    back = W2.T @ g
    delta = (1 - h**2) * back
    right = (onp.outer(delta, seen), delta, onp.outer(g, h), g)

    def with_delta(d):
        return _joined(onp.outer(d, seen), d, onp.outer(g, h), g)

    for name, hint, value in (
        ("the derivative of tanh is missing", CHAIN, with_delta(back)),
        ("the derivative of tanh is 1 - h, not 1 - h^2", CHAIN, with_delta((1 - h) * back)),
        ("the derivative of tanh is 1 + h^2, not 1 - h^2", CHAIN, with_delta((1 + h**2) * back)),
        ("the derivative of tanh is h^2, not 1 - h^2", CHAIN, with_delta(h**2 * back)),
        ("tanh stands where its derivative belongs", CHAIN, with_delta(h * back)),
        ("the derivative of tanh is taken at h, not before tanh", CHAIN, with_delta((1 - onp.tanh(h) ** 2) * back)),
        ("the derivative of tanh is missing in W1 alone", CHAIN, _joined(onp.outer(back, seen), *right[1:])),
        ("the derivative of tanh is missing in b1 alone", CHAIN, _joined(right[0], back, *right[2:])),
        ("the entries of W1 are listed by columns", ORDER, _joined(right[0].T, *right[1:])),
        ("the entries of W2 are listed by columns", ORDER, _joined(*right[:2], right[2].T, g)),
        ("the entries of W1 and W2 are listed by columns", ORDER, _joined(right[0].T, delta, right[2].T, g)),
        ("the biases stand before their matrices", ORDER, _joined(delta, right[0], g, right[2])),
        ("the last layer stands before the first", ORDER, _joined(*right[2:], *right[:2])),
        ("both matrices stand before both biases", ORDER, _joined(right[0], right[2], delta, g)),
        ("the order is that of theta reversed", ORDER, _joined(*right[::-1])),
        ("the time is missing in W1's last column", SEEN, _joined(onp.outer(delta, onp.append(z, 0.0)), *right[1:])),
        ("W1's last column has 1, not the time", SEEN, _joined(onp.outer(delta, onp.append(z, 1.0)), *right[1:])),
        ("z and t stand in the wrong order", SEEN, _swapped(theta, z, t, g)[1]),
        ("z and t stand in the wrong order", SEEN, _joined(onp.outer(delta, onp.append(t, z)), *right[1:])),
        ("b2 has the derivative 1, not g", "What does b2 add to the output?", _joined(*right[:3], onp.ones_like(g))),
        ("the sign is flipped: (7) has its minus elsewhere", TURNED, -_joined(*right)),
        ("W2 sees the hidden layer before tanh", CHAIN, _joined(*right[:2], onp.outer(g, W1 @ seen + b1), g)),
        ("W2's part has the derivative of tanh, not its value", CHAIN, _joined(*right[:2], onp.outer(g, 1 - h**2), g)),
    ):  # fmt: skip
        yield slip(name, hint, of_theta=value)
