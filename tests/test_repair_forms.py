"""Changes that take the form of what stands beside; a newer value for an old one; what is said of several."""

import ast
from dataclasses import replace
from types import SimpleNamespace

import numpy as onp
import pytest
from edited_code import module_of, trial_of

from nfscratch.check.diagnosis.mistakes import Mistake, Named
from nfscratch.check.diagnosis.one_change import _agrees
from nfscratch.check.repair.between import values_missed
from nfscratch.check.repair.candidates import edits_of
from nfscratch.check.repair.edit import Kind, OfLines, places
from nfscratch.check.repair.expressions import slips, thoughts
from nfscratch.check.repair.masks import is_of_masks, repeats_condition, turns_mask
from nfscratch.check.repair.mended import Repair
from nfscratch.check.repair.nothing import says_nothing
from nfscratch.check.repair.orders import slices_of_orders
from nfscratch.check.repair.search import Search

MASKED = """
    import numpy as np

    rng = np.random.default_rng(3)
    MASKS = [np.array([True, False, True, False]), np.array([False, True, True, False])]
    S, T = rng.normal(size=(2, 4, 4)) * 0.6


    def parts(mask, v):
        h = np.where(mask, v, 0.0)
        s, t = np.tanh(h @ S), np.sin(h @ T)
        return np.where(mask, 0.0, s), np.where(mask, 0.0, t)


    def forward(z):
        log_det = 0.0
        for mask in MASKS:
            s, t = parts(mask, z)
            z, log_det = z * np.exp(s) + t, log_det + s.sum(axis=1)
        return z, log_det


    def inverse(x):
        log_det = 0.0
        for mask in MASKS[::-1]:
            s, t = parts(mask, x)
            x, log_det = (x - t) * np.exp(-s), log_det - s.sum(axis=1)
        return x, log_det
"""
TURNED = """
    import numpy as np

    W = np.random.default_rng(2).normal(size=(2, 3)) * 0.7


    class Layer:
        def __init__(self, flip):
            self.flip = flip

        def split(self, v):
            v = v[:, ::-1] if self.flip else v
            return np.split(v, [2], axis=1)

        def join(self, a, b):
            v = np.concatenate([a, b], axis=1)
            return v[:, ::-1] if self.flip else v

        def forward(self, z):
            a, b = self.split(z)
            s = np.tanh(a @ W)
            return self.join(a, b * np.exp(s)), s.sum(axis=1)

        def inverse(self, x):
            a, b = self.split(x)
            s = np.tanh(a @ W)
            return self.join(a, b * np.exp(-s)), -s.sum(axis=1)


    LAYERS = [Layer(False), Layer(True)]


    def forward(z):
        z, first = LAYERS[0].forward(z)
        x, second = LAYERS[1].forward(z)
        return x, first + second


    def inverse(x):
        x, first = LAYERS[1].inverse(x)
        z, second = LAYERS[0].inverse(x)
        return z, first + second
"""
STEPS = """
    import numpy as np

    A, B = np.random.default_rng(5).normal(size=(2, 2, 2)) * 0.8


    def forward(z):
        a, b = z[:, :2], z[:, 2:]
        b = b * np.exp(np.tanh(a @ A))
        a = a + np.sin(b @ B)
        return np.hstack([a, b]), np.tanh(z[:, :2] @ A).sum(axis=1)


    def inverse(x):
        a, b = x[:, :2], x[:, 2:]
        a = a - np.sin(b @ B)
        s = np.tanh(a @ A)
        return np.hstack([a, b * np.exp(-s)]), -s.sum(axis=1)
"""
IN_TIME = """
    import numpy as np

    W = np.random.default_rng(7).normal(size=(3, 3)) * 0.5
    STEPS, T = 10, 1.0


    def run(h, start, stop):
        dt = (stop - start) / STEPS
        for i in range(STEPS):
            t = start + i * dt
            back = dt < 0
            a, b = h[:, :1], h[:, 1:]
            at = min(t, t + dt)
            if back:
                b = b + dt * np.tanh(a @ W[:1, 1:] + at)
                a = a + dt * np.tanh(b @ W[1:, :1] - at)
            else:
                a = a + dt * np.tanh(b @ W[1:, :1] - at)
                b = b + dt * np.tanh(a @ W[:1, 1:] + at)
            h = np.concatenate([a, b], axis=1)
        return h, np.zeros(len(h))


    def forward(z):
        return run(z, 0.0, T)


    def inverse(x):
        return run(x, T, 0.0)
"""


NEIGHBOURS = """
    import numpy as np

    R = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))[0]
    B = 1.7
    LAYERS = [
        (lambda z: (np.arcsinh(z), -0.5 * np.log1p(z**2)), lambda x: (np.sinh(x), np.log(np.cosh(x)))),
        (lambda z: (z @ R, 0 * z), lambda x: (x @ R.T, 0 * x)),
        (
            lambda z: (np.logaddexp(0, B * z) / B, -np.logaddexp(0, -B * z)),
            lambda x: (np.log(np.expm1(B * x)) / B, -np.log1p(-np.exp(-B * x))),
        ),
    ]


    def forward(z):
        log_det = np.zeros(len(z))
        for there, _ in LAYERS:
            z, gain = there(z)
            log_det = log_det + gain.sum(axis=1)
        return z, log_det


    def inverse(x):
        log_det = np.zeros(len(x))
        for _, back in LAYERS[::-1]:
            x, gain = back(x)
            log_det = log_det + gain.sum(axis=1)
        return x, log_det
"""


def change_of(text, right, wrong, tmp_path, dim):
    assert text.count(right) == 1
    trial = trial_of(module_of(text.replace(right, wrong), tmp_path, "wrong"), dim)
    return Search(trial).repair()


@pytest.mark.exhaustive
def test_a_value_without_the_condition_of_what_stands_beside_it(tmp_path):
    repair = change_of(
        MASKED, "np.where(mask, 0.0, s), np.where(mask, 0.0, t)", "np.where(mask, 0.0, s), t", tmp_path, 4
    )
    assert "np.where(mask, 0.0, s), np.where(mask, 0.0, t)" in repair.after


@pytest.mark.exhaustive
def test_a_mask_for_its_complement(tmp_path):
    repair = change_of(MASKED, "h = np.where(mask, v, 0.0)", "h = np.where(mask, 0.0, v)", tmp_path, 4)
    assert repair.change.startswith("with `np.where(mask, v, 0.0)`") or "h = np.where(mask, v, 0.0)" in repair.after


@pytest.mark.exhaustive
def test_columns_that_are_not_turned_back(tmp_path):
    rest = "\n\n        def forward"
    repair = change_of(TURNED, f"return v[:, ::-1] if self.flip else v{rest}", f"return v{rest}", tmp_path, 5)
    assert "v[:, ::-1] if self.flip else v" in repair.change and repair.lines != (12,)


def test_a_newer_value_for_a_slice_of_the_old_ones(tmp_path):
    repair = change_of(STEPS, "a = a + np.sin(b @ B)", "a = a + np.sin(z[:, 2:] @ B)", tmp_path, 4)
    assert repair.after == "np.sin(b @ B)" or "a = a + np.sin(b @ B)" in repair.after


@pytest.mark.exhaustive
def test_an_interval_of_time_that_is_mirrored_and_not_turned_round(tmp_path):
    repair = change_of(IN_TIME, "return run(x, T, 0.0)", "return run(x, 0.0, -T)", tmp_path, 3)
    assert "run(x, T, 0.0)" in repair.after


MIXTURE = """
    import numpy as np

    rng = np.random.default_rng(9)
    W, M, LS = np.full((2, 3), 1 / 3), rng.normal(size=(2, 3)), rng.normal(size=(2, 3)) * 0.4


    def cdf(v):
        t = (v[:, :, None] - M) * np.exp(-LS)
        s = 1 / (1 + np.exp(-t))
        return np.sum(W * s, axis=-1), np.sum(W * s * (1 - s) * np.exp(-LS), axis=-1)


    def inverse(x):
        u, slope = cdf(x)
        return np.log(u / (1 - u)), np.sum(np.log(slope / (u * (1 - u))), axis=1)


    def forward(z):
        low, high = np.full(z.shape, -60.0), np.full(z.shape, 60.0)
        for _ in range(60):
            middle = (low + high) / 2
            below = cdf(middle)[0] < 1 / (1 + np.exp(-z))
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        x = (low + high) / 2
        return x, -inverse(x)[1]
"""


@pytest.mark.exhaustive
def test_the_inner_factor_of_a_slope_that_is_summed(tmp_path):
    repair = change_of(MIXTURE, "W * s * (1 - s) * np.exp(-LS)", "W * s * (1 - s)", tmp_path, 2)
    assert "W * s * (1 - s) * np.exp(-LS)" in repair.after


KICKS = """
    import numpy as np

    K = np.random.default_rng(2).normal(size=(2, 2)) * 0.7
    STEP = 0.3


    def forward(z):
        q, p = z[:, :2], z[:, 2:]
        for _ in range(3):
            p = p - STEP * np.tanh(q @ K)
            q = q + STEP * p
        return np.hstack([q, p]), np.zeros(len(z))


    def inverse(x):
        q, p = x[:, :2], x[:, 2:]
        for _ in range(3):
            q = q - STEP * p
            p = p + STEP * np.tanh(q @ K)
        return np.hstack([q, p]), np.zeros(len(x))
"""


@pytest.mark.exhaustive
def test_half_a_step_is_not_first_said_to_be_a_line_that_the_other_direction_lacks(tmp_path):
    repair = change_of(KICKS, "q = q - STEP * p", "q = q - 0.5 * STEP * p", tmp_path, 4)
    assert not repair.puts_in_a_line and "STEP * p" in repair.after


@pytest.mark.exhaustive
def test_a_factor_that_is_missing_is_not_put_into_the_next_layer(tmp_path):
    repair = change_of(NEIGHBOURS, "np.log(np.expm1(B * x)) / B", "np.log(np.expm1(B * x))", tmp_path, 3)
    assert "np.log(np.expm1(B * x)) / B" in repair.after


@pytest.mark.parametrize("misses, said", [(0.0, (0, False)), (0.5, (1, True))])
def test_what_inverse_misses_of_forwards_way(misses, said):
    def forward(z):
        z = z + 1
        z = 2 * z
        z = z - 3
        return z, None

    def inverse(x):
        x = x + 3
        x = x / 2 + misses
        x = x - 1 - misses
        return x, None

    z = onp.linspace(-1, 1, 6).reshape(2, 3)
    assert values_missed(forward, inverse, z, lambda frame: True, 1e-9) == said


def test_a_rule_that_is_coarser_than_another_comes_after_it():
    said = (("dt * d1 + dd", 1e-9), ("dt * d2", 1e-4))
    fine, coarse = (replace(repair_of("dt * d1", after), gap=gap) for after, gap in said)
    assert fine.rank < coarse.rank


def repair_of(before, after, changed=("forward", "x")):
    return Repair("f.py", (1,), before, after, None, ("R",), frozenset(changed))


def test_one_turn_more_takes_nothing_away_and_two_more_are_further_off():
    one, two = (repair_of("for _ in range(D - 1)", f"for _ in range({n})") for n in ("D", "D + 1"))
    assert not one.is_less and one.rank < two.rank
    assert repair_of("for _ in range(D)", "for _ in range(D - 1)").is_less is False  # as long as it was
    assert repair_of("for k in range(D)", "for k in range(-1, D - 1)").is_by_chance


def test_a_variable_for_a_slice_takes_nothing_away():
    assert not repair_of("net(z[:, 2:])", "net(b)").is_less
    assert repair_of("z[:, order]", "z").is_less
    assert repair_of("z[:, ::-1]", "z[:, ::1]").is_less


def test_a_sign_that_takes_back_another_is_said_of_no_second_change():
    best, odd = (repair_of("return ld", f"return ld {sign} s", ("forward",)) for sign in ("+", "- -"))
    assert best.beside([best, odd]).others == ()


@pytest.mark.parametrize("missed, over, said", [(0, True, True), (1, True, False), (1, False, True)])
def test_a_change_of_both_directions_is_said_before_the_end_only_if_inverse_comes_back_forwards_way(missed, over, said):
    both = replace(repair_of("a * b", "a / b", ("x", "forward", "inverse")), missed=missed)
    search = SimpleNamespace(
        statements=[1], failed={"R"}, folds=False, ways=SimpleNamespace(shared={}), _of_density=None, _ends=None,
        _of_loops=list,
        _may_miss=False, _other_orders=None, _jumped=False, reached=None, either=True, left=0, cut_off=False,
        _after_slips=(),
        _candidates=lambda kinds: kinds,
        _found=lambda kinds, enough=1: [both] * (kinds == 0), _is_over=lambda: over, _mirrored=lambda found, rounds: [],
    )  # fmt: skip
    assert (Search.repair(search) is not None) is said


def test_columns_in_an_order_that_a_variable_holds_are_tried():
    scope = SimpleNamespace(values={"order": onp.array([2, 0, 1]), "steps": onp.array([1.0, 1.0]), "k": 1})
    found = [p for p in places(ast.parse("seen[:k] = 1; a = b[:]").body[0]) if isinstance(p.node, ast.Slice)]
    assert [ast.unparse(new) for p in found for new in slices_of_orders(p, scope)] == ["order[:k]"]


def test_the_variables_of_a_loop_are_not_exchanged():
    loop, line = (ast.parse(text).body[0] for text in ("for i, j in pairs: pass", "i, j = pair"))
    scope = SimpleNamespace(value_of=lambda node: None, values={}, locals={}, module={}, array_module=None)
    tuples = [next(p for p in places(s) if isinstance(p.node, ast.Tuple)) for s in (loop, line)]
    assert [len(list(edits_of(p, scope, 0))) for p in tuples] == [0, 1]


def test_one_line_at_five_places_is_one_change():
    lines = OfLines(Kind.PUT_IN, ("x = z",), ("x",), "with the line `x = z`")
    put_in = [replace(repair_of("", ""), of_lines=lines, lines=(k,)) for k in range(5)]
    assert len({r.what for r in put_in}) == 1
    assert len({repair_of("a", after).what for after in "bc"}) == 2


def test_one_change_that_is_said_twice_is_said_once():
    whole, part = repair_of("return f(b, a)", "return f(a, b)"), repair_of("f(b, a)", "f(a, b)")
    other = repair_of("g(b, a)", "g(a, b)")
    assert whole.beside([whole, part]).others == part.beside([whole, part]).others == ()
    assert whole.beside([whole, other]).others == (other,)


@pytest.mark.parametrize(
    "look, before, after, said",
    [
        (turns_mask, "np.where(m, 0.0, v) @ W", "np.where(m, v, 0.0) @ W", True),
        (turns_mask, "np.where(m, 0.0, v) @ W", "np.where(m, v, 0.0) @ V", False),
        (turns_mask, "f(m, 0.0, v)", "f(m, v, 0.0)", False),
        (turns_mask, "for k in a", "for k in b", False),
        (repeats_condition, "np.where(m, 0.0, s), t", "np.where(m, 0.0, s), np.where(m, 0.0, t)", True),
        (repeats_condition, "np.where(m, 0.0, s), t", "np.where(m, 0.0, s), np.where(n, 0.0, t)", False),
        (is_of_masks, "a > b", "a >= b", True),
        (is_of_masks, "m * s, t", "m * s, m * t", True),
        (is_of_masks, "m * s", "s", False),
    ],
)
def test_changes_of_masks(look, before, after, said):
    assert look(before, after) is said


def test_a_number_in_a_name_is_no_factor():
    twice = Named(Mistake.FACTOR_TWO, "log_det forward", "forward")
    assert not _agrees(twice, repair_of("s.sum(1) + s.sum(1)", "s.sum(1) + s2.sum(1)", ("forward",)))
    assert _agrees(twice, repair_of("s.sum(1)", "2 * s.sum(1)", ("forward",)))
    later = Named(Mistake.SEES_LATER, "det J")
    assert not _agrees(later, repair_of("net(z[:, 2:])", "net(b)"))
    assert _agrees(later, repair_of("deg > out", "deg >= out"))


def test_brackets_round_a_sum_and_the_real_part_of_a_transform_alone_are_tried():
    def said(text):
        return [ast.unparse(n) for top in ast.walk(ast.parse(text, mode="eval")) for n in [*slips(top), *thoughts(top)]]

    assert "-a * (b + c)" in said("-a * b - c")
    assert "a - b - c" in said("a + b + c") and "a + b - c" in said("a - b + c")
    assert "np.real(np.fft.ifft(a))" in said("np.abs(np.fft.ifft(a))")
    assert not any("real" in text for text in said("np.abs(a)"))
    assert "p" in said("np.abs(p)")


@pytest.mark.parametrize(("before", "after", "nothing"), [
    ("x - 2 * v", "x - 0 * v", True), ("x - 2 * v", "x - v * 0.0", True), ("a + b", "a + 0", True),
    ("rng.normal(size=(4, D))", "rng.normal(size=(0, D))", True), ("a", "a - a", True), ("a", "b / b", True),
    ("a * b", "(1 - m) * (m * b)", True), ("x", "a if back else a", True), ("a", "a + a", True),
    ("a + a - b", "a + a + b", False), ("x - v", "x - 2 * v", False), ("z[:, 0]", "z[:, 1]", False),
    ("0 * x + y", "0 * x + z", False), ("for i in a:", "for i in b:", False),
])  # fmt: skip
def test_a_change_after_which_nothing_is_done(before, after, nothing):
    assert says_nothing(before, after) is nothing
