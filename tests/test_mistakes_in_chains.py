"""Mistakes in one layer of a chain that is written as one function: the audit names them, with the layer's lines."""

import sys
from itertools import pairwise

import numpy as np
import pytest

import nfscratch as nf
from nfscratch.check.diagnosis import wrong_chain
from nfscratch.check.diagnosis.boundaries import Boundaries
from nfscratch.check.diagnosis.held import put, states, taken
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.running_total import running_total

DIM, LAYERS, WRONG = 4, 3, 1
TURN = np.array([2, 3, 1, 0])


def weights(seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(2, 6)), rng.normal(size=(6, 4)), 0.4 * rng.normal(size=DIM)) for _ in range(LAYERS)]


def network(w, a):
    out = np.tanh(a @ w[0]) @ w[1]
    return 2 * np.tanh(out[:, :2] / 2), out[:, 2:], out[:, :2]


def loop(bug=None, layers=(WRONG,)):
    """Each layer: an affine map of every variable, a permutation, and a coupling."""
    parameters = weights()

    def forward(z):
        h, total = z, np.zeros(len(z))
        for k, w in enumerate(parameters):
            h = h * np.exp(w[2]) + 0.3
            h = h[:, TURN]
            s, t, raw = network(w, h[:, :2])
            h = np.concatenate([h[:, :2], h[:, 2:] * np.exp(s) + t], axis=1)
            terms = {"sign": -s.sum(1), "exp": np.exp(s).sum(1), "unclamped": raw.sum(1), "left out": 0.0}
            log_det = terms.get(bug, s.sum(1)) if k in layers else s.sum(1)
            total = w[2].sum() + log_det if bug == "last" else total + w[2].sum() + log_det
        return h, total

    def inverse(x):
        h, total = x, np.zeros(len(x))
        for k in range(LAYERS) if bug == "in order" else reversed(range(LAYERS)):
            w, wrong = parameters[k], bug if k in layers else None
            if wrong == "passed over":
                continue
            s, t, raw = network(w, h[:, 2:] if wrong == "other half" else h[:, :2])
            back = {"order": h[:, 2:] * np.exp(-s) - t, "multiplies": (h[:, 2:] - t) * np.exp(s),
                    "clamp": (h[:, 2:] - t) * np.exp(-raw)}  # fmt: skip
            h = np.concatenate([h[:, :2], back.get(wrong, (h[:, 2:] - t) * np.exp(-s))], axis=1)
            if wrong == "joined":
                h = np.concatenate([h[:, 2:], h[:, :2]], axis=1)
            if wrong != "permutation":
                h = h[:, np.argsort(TURN)]
            h = (h - 0.3) * np.exp(-w[2])
            total = total - s.sum(1) - w[2].sum()
        return h, total

    return forward, inverse


def composed(bug=None):
    """Couplings as inner functions, each of them given the sum so far."""
    parameters = weights(1)

    def up(k, z, total):
        s, t, _ = network(parameters[k], z[:, :2])
        x = np.concatenate([z[:, 2:] * np.exp(s) + t, z[:, :2]], axis=1)
        return x, total + (np.abs(s) if (bug, k) == ("absolute", WRONG) else s).sum(1)

    def down(k, x, total):
        s, t, _ = network(parameters[k], x[:, 2:])
        y = x[:, :2]
        z = y * np.exp(-s) if (bug, k) == ("shift", WRONG) else (y - t) * np.exp(-s)
        z = np.concatenate([x[:, 2:], z], axis=1)
        return z, total - s.sum(1)

    zeros = np.zeros(1)
    return (lambda z: up(2, *up(1, *up(0, z, zeros)))), (lambda x: down(0, *down(1, *down(2, x, zeros))))


def by_rows(bug=None):
    """One row at a time, its two halves in two variables that change places."""
    parameters = weights(2)

    def forward(z):
        x, log_det = np.empty_like(z), np.zeros(len(z))
        for n in range(len(z)):
            a, b = z[n : n + 1, :2], z[n : n + 1, 2:]
            for k, w in enumerate(parameters):
                s, t, _ = network(w, a)
                a, b = b * np.exp(s) + t, a
                log_det[n] += (-s if (bug, k) == ("sign", WRONG) else s).sum()
            x[n] = np.concatenate([a, b], axis=1)[0]
        return x, log_det

    def inverse(x):
        z, log_det = np.empty_like(x), np.zeros(len(x))
        for n in range(len(x)):
            a, b = x[n : n + 1, :2], x[n : n + 1, 2:]
            for k in reversed(range(LAYERS)):
                s, t, _ = network(parameters[k], b)
                a, b = b, (a - t) * np.exp(s if (bug, k) == ("multiplies", WRONG) else -s)
                log_det[n] -= s.sum()
            z[n] = np.concatenate([a, b], axis=1)[0]
        return z, log_det

    return forward, inverse


def two_halves(bug=None):
    """Two half steps in one function, whose inverse has its halves in other variables than forward."""
    w, v = weights(3)[:2]

    def forward(z):
        a, b = z[:, :2], z[:, 2:]
        s, t, _ = network(w, a)
        b = b * np.exp(s) + t
        r, u, _ = network(v, b)
        return np.concatenate([a * np.exp(r) + u, b], axis=1), s.sum(1) + r.sum(1)

    def inverse(x):
        p, q = x[:, :2], x[:, 2:]
        r, u, raw = network(v, q)
        a = (p - u) * np.exp(-raw if bug == "clamp" else -r)
        s, t, _ = network(w, p if bug == "stale" else a)
        return np.concatenate([a, (q - t) * np.exp(-s)], axis=1), -s.sum(1) - r.sum(1)

    return forward, inverse


def masked(bug=None):
    """Couplings with masks: a network that is given the whole of x has no mask."""
    rng = np.random.default_rng(4)
    masks = [(np.arange(DIM) + k) % 2 for k in range(LAYERS)]
    nets = [(rng.normal(size=(DIM, 6)), 0.5 * rng.normal(size=(6, 2 * DIM))) for _ in masks]

    def net(k, v):
        out = np.tanh(v @ nets[k][0]) @ nets[k][1] * np.tile(1 - masks[k], 2)
        return np.tanh(out[:, :DIM]), out[:, DIM:]

    def forward(z):
        total = np.zeros(len(z))
        for k, m in enumerate(masks):
            s, t = net(k, m * z)
            z = m * z + (1 - m) * (z * np.exp(s) + t)
            total = total + s.sum(1)
        return z, total

    def inverse(x):
        total = np.zeros(len(x))
        for k in reversed(range(LAYERS)):
            m = masks[k]
            s, t = net(k, x if (bug, k) == ("no mask", WRONG) else m * x)
            x = m * x + (1 - m) * (x - t) * np.exp(-s)
            total = total - s.sum(1)
        return x, total

    return forward, inverse


def residual(bug=None):
    """Residual blocks, each followed by a permutation in the same line."""
    rng = np.random.default_rng(5)
    blocks = []
    for _ in range(LAYERS):
        A, B = rng.normal(size=(DIM, 6)), rng.normal(size=(6, DIM))
        blocks.append((A, 0.8 * B / np.linalg.norm(A, 2) / np.linalg.norm(B, 2)))

    def log_det(k, z):
        A, B = blocks[k]
        slope = 1 - np.tanh(z @ A) ** 2
        return np.linalg.slogdet(np.eye(DIM) + np.einsum("dh,nh,he->nde", A, slope, B))[1]

    def forward(z):
        total = np.zeros(len(z))
        for k, (A, B) in enumerate(blocks):
            total = total + log_det(k, z)
            z = (z + np.tanh(z @ A) @ B)[:, TURN]
        return z, total

    def inverse(x):
        total = np.zeros(len(x))
        for k in reversed(range(LAYERS)):
            A, B = blocks[k]
            bad = bug if k == WRONG else None
            y = x[:, TURN if bad == "again" else np.argsort(TURN)]
            z = y
            for _ in range(2 if bad == "few" else 120):
                z = y - np.tanh(z @ A) @ B
            total = total - log_det(k, y if bad == "at x" else z)
            x = z
        return x, total

    return forward, inverse


def audit(pair):
    return nf.check.audit(pair, dims=(DIM,), letters="SRXJ", changes=False, show=False)


NAMES = [(loop, "exp", Mistake.EXP_SUMMED), (composed, "shift", Mistake.SHIFT_NOT_UNDONE)]
MORE_NAMES = [
    (loop, "sign", Mistake.SIGN), (loop, "unclamped", Mistake.UNCLAMPED),
    (loop, "order", Mistake.WRONG_ORDER), (loop, "multiplies", Mistake.MULTIPLIES),
    (loop, "clamp", Mistake.CLAMP_IN_FORWARD), (loop, "permutation", Mistake.PERMUTATION),
    (loop, "passed over", Mistake.LAYER_NOT_UNDONE), (composed, "absolute", Mistake.ABSOLUTE_SUMMED),
    (by_rows, "sign", Mistake.SIGN),
    (by_rows, "multiplies", Mistake.MULTIPLIES),
    (loop, "joined", Mistake.HALVES_SWAPPED), (loop, "other half", Mistake.CHANGED_HALF),
    (two_halves, "clamp", Mistake.CLAMP_IN_FORWARD), (masked, "no mask", Mistake.CHANGED_HALF),
    (residual, "few", Mistake.TOO_FEW_STEPS), (residual, "again", Mistake.PERMUTATION),
    (residual, "at x", Mistake.AT_X),
]  # fmt: skip
OF_THE_CHAIN = [("last", Mistake.LAST_LAYER), ("left out", Mistake.LAYER_LEFT_OUT),
                ("in order", Mistake.LAYERS_IN_ORDER)]  # fmt: skip


@pytest.mark.parametrize("chain, bug, mistake", NAMES)
def test_a_mistake_in_one_layer_of_a_function_is_named_with_its_place(chain, bug, mistake):
    look_for(chain(bug), mistake)


@pytest.mark.exhaustive
@pytest.mark.parametrize("chain, bug, mistake", MORE_NAMES)
def test_more_mistakes_in_one_layer_of_a_function_are_named(chain, bug, mistake):
    look_for(chain(bug), mistake)


def look_for(pair, mistake):
    failure = audit(pair).failures[0]
    assert failure.mistake is mistake
    assert "of layer " in failure.name and "test_mistakes_in_chains.py" in failure.name


@pytest.mark.exhaustive
@pytest.mark.parametrize("bug, mistake", OF_THE_CHAIN)
def test_a_mistake_of_the_chain_itself_is_named(bug, mistake):
    assert audit(loop(bug)).failures[0].mistake is mistake


def test_a_layer_that_is_given_the_x_of_the_whole_conditions_on_the_changed_half():
    assert audit(two_halves("stale")).failures[0].mistake is Mistake.CHANGED_HALF


def sigmoid(bug=None):
    """One layer in two lines, with a number for each column."""
    a = np.array([0.7, 1.2, 1.6, 0.9])

    def log_slope(u):
        return (-np.abs(u) - 2 * np.log1p(np.exp(-np.abs(u)))).sum(1) + (0.0 if bug == "no a" else np.log(a).sum())

    def forward(z):
        u = a * z
        return 1 / (1 + np.exp(-u)), log_slope(u)

    def inverse(x):
        if bug == "clip":
            x = np.clip(x, 0.1, 0.9)
        u = np.log(x) - np.log1p(-x)
        return u / a, -log_slope(u)

    return forward, inverse


@pytest.mark.parametrize("bug, mistake", [
    pytest.param("clip", Mistake.CLIPS_ARGUMENT, marks=pytest.mark.exhaustive), ("no a", Mistake.OFF_BY_CONSTANT),
])  # fmt: skip
def test_one_layer_in_several_lines_is_no_chain(bug, mistake):
    failure = nf.check.audit(
        sigmoid(bug), dims=(DIM,), letters="SRXJ", changes=False, show=False, codomain=(0, 1)
    ).failures[0]
    assert failure.mistake is mistake and "layer" not in failure.name


@pytest.mark.exhaustive
def test_a_mistake_that_a_loop_repeats_is_named():
    assert audit(loop("order", layers=range(LAYERS))).failures[0].mistake is Mistake.WRONG_ORDER


@pytest.mark.exhaustive
@pytest.mark.parametrize("chain", [loop, composed, by_rows, two_halves, masked, residual])
def test_a_chain_that_is_right_is_not_accused(chain):
    assert audit(chain()).ok


def test_the_trace_function_that_stood_before_comes_back():
    def trace(frame, event, argument):
        return None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        audit(composed("shift"))
        assert sys.gettrace() is trace
    finally:
        sys.settrace(before)


def test_a_function_that_fails_only_while_it_is_looked_at_keeps_its_generic_name():
    forward, inverse = loop("order")

    def shy(x):
        if sys.gettrace() is not None:
            raise RuntimeError("nobody looks at me")
        return inverse(x)

    before = sys.gettrace()
    sys.settrace(None)
    try:
        assert audit((forward, shy)).failures[0].mistake is Mistake.NO_UNDOING
    finally:
        sys.settrace(before)


@pytest.mark.parametrize("chain", [loop, composed])
def test_the_steps_between_boundaries_make_the_function(chain):
    z = np.random.default_rng(0).normal(size=(14, DIM))
    f = chain()[0]
    found = Boundaries(f, z[::2], z[1::2])
    sums = {i: (c.spot, running_total(found, c.spot)) for i, c in enumerate(found.all) if c.spot is not None}
    settled = [0, *(i for i, (_, total) in sums.items() if total is not None), len(found) - 1]
    h, gathered = z, 0.0
    for i, j in pairwise(settled):
        h, gain = found.step(i, j, sums)(h)
        gathered = gathered + gain
    x, log_det = f(z)
    assert len(settled) > LAYERS
    assert np.abs(h - x).max() < 1e-12 and np.abs(gathered - log_det).max() < 1e-12


def test_a_state_comes_out_of_the_variables_as_it_went_in():
    z = np.random.default_rng(0).normal(size=(7, DIM))
    for variables in ({"h": z}, {"a": z[:, :1], "b": z[:, 1:]}, {"h": z.T.copy()}, {"columns": list(z.T)}):
        (names, state), new = states(variables, z.shape)[0], z[::-1] * 2
        assert np.array_equal(state, z)
        put(variables, names, new)
        assert np.array_equal(taken(variables, names, DIM), new)


def test_the_steps_of_a_solver_do_not_all_get_a_look(monkeypatch):
    """Steps with wrong weights: the inverse undoes none of them, and none has a name."""
    rng = np.random.default_rng(7)
    W, V = rng.normal(size=(DIM, 6)), 0.4 * rng.normal(size=(6, DIM))

    def solved(z, h):
        for _ in range(8):
            first = np.tanh(z @ W) @ V
            z = z + h * (0.9 * first + 0.6 * np.tanh((z + h * first) @ W) @ V)
        return z, np.zeros(len(z))

    looked_at = []
    monkeypatch.setattr(wrong_chain, "_name_of_layer", lambda *a: looked_at.append(a) or Mistake.NO_UNDOING)
    pair = (lambda z: solved(z, 0.125)), (lambda x: solved(x, -0.125))
    report = nf.check.audit(pair, dims=(DIM,), letters="R", changes=False, show=False)
    assert report.failures and len(looked_at) == wrong_chain.NAMELESS
