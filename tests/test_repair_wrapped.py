"""What one line wraps round and another one does not; and running totals that hold the column itself."""

import ast

import numpy as np
import pytest
from edited_code import module_of, trial_of
from test_small_changes import place_in, scope_of

from nfscratch.check.repair.ends import leaves_codomain
from nfscratch.check.repair.frozen import frozen
from nfscratch.check.repair.masks import is_of_masks
from nfscratch.check.repair.moduli import moduli, wrapped_line, wrapped_round
from nfscratch.check.repair.running import ended_before
from nfscratch.check.repair.search import Search

CIRCLE = """
    import numpy as np
    TAU = 2 * np.pi
    by = np.array([0.7, 3.0])

    def forward(z):
        return np.mod(z + by, TAU), np.zeros(len(z))

    def inverse(x):
        z = x.copy()
        z = (z - by) % TAU
        return z, np.zeros(len(x))
"""
MEANS = """
    import numpy as np
    w = np.array([0.4, 0.8, -0.5, 0.6])

    def look(z):
        return np.tanh(w * np.pad(z.cumsum(1)[:, :-1], ((0, 0), (1, 0))))

    def forward(z):
        s = look(z)
        return z * np.exp(s) + 0.3 * s, s.sum(1)

    def inverse(x):
        z, total, log_det = np.zeros_like(x), np.zeros(len(x)), np.zeros(len(x))
        for i in range(4):
            s = np.tanh(w[i] * total)
            z[:, i] = (x[:, i] - 0.3 * s) * np.exp(-s)
            total = total + z[:, i]
            log_det = log_det - s
        return z, log_det
"""
PADDED = "np.pad(z.cumsum(1)[:, :-1], ((0, 0), (1, 0)))"


@pytest.mark.exhaustive
@pytest.mark.parametrize(("right", "wrong"), [
    ("z = (z - by) % TAU", "z = z - by"), ("z = (z - by) % TAU", "z -= by"),
])  # fmt: skip
def test_a_modulus_that_inverse_lacks_is_put_in(right, wrong, tmp_path):
    module = module_of(CIRCLE.replace(right, wrong), tmp_path, "circle")
    trial = trial_of(module, 2, domain=(0.0, 2 * np.pi), codomain=(0.0, 2 * np.pi))
    search = Search(trial)
    with frozen(search.reached, search.both):  # -= in the place of = would change `by` for all that comes after it
        repair = search.repair()
    assert repair.after == right and not repair.others  # no change of forward, whose x would leave the circle


@pytest.mark.exhaustive
def test_a_running_total_that_holds_the_column_itself(tmp_path):
    repair = Search(trial_of(module_of(MEANS.replace(PADDED, "z.cumsum(1)"), tmp_path, "means"), 4)).repair()
    assert PADDED in repair.after and {"R", "J forward"} <= set(repair.laws)


@pytest.mark.parametrize(("text", "part", "news"), [
    ("y = np.cumsum(x, axis=1)", "np.cumsum(x, axis=1)", ["np.pad(np.cumsum(x, axis=1)[:, :-1], ((0, 0), (1, 0)))"]),
    ("y = x.cumsum(-1) / n", "x.cumsum(-1) / n", ["np.pad((x.cumsum(-1) / n)[:, :-1], ((0, 0), (1, 0)))"]),
    ("y = np.cumprod(x, 1)", "np.cumprod(x, 1)", [
        "np.pad(np.cumprod(x, 1)[:, :-1], ((0, 0), (1, 0)), constant_values=1)",
    ]),
    ("y = np.cumsum(x, axis=0)", "np.cumsum(x, axis=0)", []),
    ("y = np.cumsum(s, axis=-1)", "np.cumsum(s, axis=-1)", []),
    ("y = np.cumsum(x, axis=k)", "np.cumsum(x, axis=k)", []),
    ("y = np.cumsum(x, axis=1) + s", "np.cumsum(x, axis=1) + s", []),
    ("y = np.sum(x, axis=1)", "np.sum(x, axis=1)", []),
])  # fmt: skip
def test_a_total_is_moved_on_by_one_column(text, part, news):
    assert [ast.unparse(new) for new in ended_before(place_in(text, part), scope_of())] == news
    assert all(is_of_masks(part, new) for new in news)


def test_what_follows_a_modulus_of_numbers_wraps_others_round():
    scope = scope_of(TAU=6.0)
    text = "y = (x + s) % TAU\nz = np.mod(x, 2.0)\nk = (n + 1) % n\nw = x - s\nx += s\nx *= s"
    at = {part: place_in(text, part) for part in ("x - s", "x += s", "x *= s", "x + s", "s")}
    found = moduli([(place_in(text, p), scope) for p in ("(x + s) % TAU", "np.mod(x, 2.0)", "(n + 1) % n", "x - s")])
    assert [ast.unparse(m) for m in found] == ["TAU", "2.0"]
    made = lambda look, part: [ast.unparse(new) for new in look(at[part], found, scope)]  # noqa: E731
    assert made(wrapped_round, "x - s") == ["(x - s) % TAU", "(x - s) % 2.0"]
    assert made(wrapped_round, "x + s") == made(wrapped_round, "s") == []  # it is wrapped; it is no sum
    lines = [ast.unparse(new) for new in wrapped_line(at["x += s"].node, found, scope)]
    assert lines == ["x = (x + s) % TAU", "x = (x + s) % 2.0"]
    assert not list(wrapped_line(at["x *= s"].node, found, scope))
    assert not list(wrapped_round(at["x - s"], found[:1], scope_of()))  # where TAU is not known


@pytest.mark.parametrize(("ends", "leaves"), [
    ((0.0, 2 * np.pi), False), ((0.0, 5.0), True), ((1.5, 7.0), True), ((-np.inf, np.inf), False),
])  # fmt: skip
def test_an_x_beyond_an_end_is_seen(ends, leaves, tmp_path):
    trial = trial_of(module_of(CIRCLE, tmp_path, "within"), 2, domain=(0.0, 2 * np.pi), codomain=ends)
    assert leaves_codomain(trial) == leaves
