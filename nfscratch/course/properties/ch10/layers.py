"""Layers: equation (4) of the checks' own, with a network for each variable; each keyword is a mistake.

x_i = e^(s_i) z_i + t_i,    (s_i, t_i) = W2 tanh(W1 (x_1, ..., x_(i-1), y) + b1) + b2
"""

from __future__ import annotations

import numpy as onp


def random_nets(rng, D, C, width=4):
    """The weights of D networks: the i-th sees i variables and y."""
    sizes = [((width, i + C), (width,), (2, width), (2,)) for i in range(D)]
    return [tuple(0.7 * rng.normal(size=shape) for shape in shapes) for shapes in sizes]


def outputs(net, a):
    """s, t and their derivatives by a."""
    W1, b1, W2, b2 = net
    h = onp.tanh(W1 @ a + b1)
    s, t = W2 @ h + b2
    ds, dt = onp.einsum("ok,k,kj->oj", W2, 1 - h * h, W1)
    return s, t, ds, dt


def _straight(s, t, z):
    return onp.exp(s) * z + t


def forward(z, y, nets, apply=_straight, reads="x", join=lambda before, y: onp.concatenate([before, y])):
    """x and all s_i. reads: whether the networks see x, z, or zeros before y."""
    x, scales = onp.zeros(len(z), dtype=onp.result_type(z, y)), []
    for i, net in enumerate(nets):
        before = {"x": x, "z": z, "zeros": 0 * x, "reversed": x[:i][::-1]}[reads][:i]
        s, t, *_ = outputs(net, join(before, y))
        x[i] = apply(s, t, z[i])
        scales.append(s)
    return x, onp.array(scales)


def inverse(x, y, nets, apply, reads="x", join=lambda before, y: onp.concatenate([before, y])):
    """z and all s_i, where each z_i is apply(s_i, t_i, x_i)."""
    z, scales = onp.zeros(len(x)), []
    for i, net in enumerate(nets):
        before = {"x": x, "z": z, "zeros": 0 * x, "reversed": x[:i][::-1]}[reads][:i]
        s, t, *_ = outputs(net, join(before, y))
        z[i] = apply(s, t, x[i])
        scales.append(s)
    return z, onp.array(scales)


def shifts(x, y, nets):
    """All t_i at x."""
    return onp.array([outputs(net, onp.concatenate([x[:i], y]))[1] for i, net in enumerate(nets)])
