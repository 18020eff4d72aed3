"""Inverses that stop at a bound, sides of 0, and layers that are passed over: numbers that lie on their bounds."""

from types import SimpleNamespace

import numpy as onp
from comparing import close

from nfscratch.check.diagnosis import wrong_bracket, wrong_branches, wrong_chain
from nfscratch.check.diagnosis.paired import CLOSE

# --- what is cut off ---


def column(*numbers):
    return onp.array(numbers, dtype=float)[:, None]


def test_a_column_whose_error_is_within_a_millionth_is_not_cut_off():
    """It goes on up to 9, where the other one stops at 3: of both together nothing would be cut off."""
    right = column(-9, -3, -1, 0, 1, 3, 9)
    for off, ends in ((0.9e-6 * (1 + onp.abs(right)), [3.0, 3.0]), (1.1e-6 * (1 + onp.abs(right)), [])):
        came = onp.concatenate([onp.clip(right, -3, 3), right + off], axis=1)
        close(wrong_bracket._cut_at(onp.concatenate([right, right], axis=1), came), ends, 1e-12)
    came = onp.concatenate([onp.clip(right, -3, 3), right + 1e-6 * (right == 0)], axis=1)
    close(wrong_bracket._cut_at(onp.concatenate([right, right], axis=1), came), [3.0, 3.0], 1e-12)


def test_what_lies_beyond_an_end_is_that_end_up_to_a_thousandth():
    right = column(-9, -2, -1, 0, 1, 2, 9)
    for off, ends in ((0.9e-3, [3.0, 3.0]), (1.1e-3, [])):
        came = onp.clip(right, -3, 3)
        came[1] += off * 3.0 * onp.sign(0.5)  # beside -2: of 1 and 2
        close(wrong_bracket._cut_at(onp.append(right, column(-5), axis=0), onp.append(came, column(-3), axis=0)),
              [] if off > 1e-3 else ends, 1e-12)  # fmt: skip


def test_an_end_shows_where_it_takes_away_a_hundred_times_what_is_wrong_elsewhere():
    """And a thousandth of the bound: of 1000 it is 1, and 100 / 32 is 3.125."""
    for by, ends in ((4.125, []), (4.14, [1000.0, 1000.0])):
        right = column(-1000 - by, 0, 500, 1000 + by)
        came = onp.clip(right, -1000, 1000) + column(0, 0, 1 / 32, 0)
        close(wrong_bracket._cut_at(right, came), ends, 1e-12)


def stands(right, came, again):
    c = SimpleNamespace(z=column(*right), back=column(*came), again=column(*again))
    found = wrong_bracket._stands_at_an_end(c)
    return found and found.name


def test_three_rows_that_stand_at_an_end_on_its_bounds():
    again, far = [0.1, 0.2, 0.3, 0.4], (0, 3 + 1e-6 * 4, 4, 5)
    assert stands(far, (0, 3, 3, 3), again) is None
    assert stands((0, 3 + 1.01e-6 * 4, 4, 5), (0, 3, 3, 3), again) == "END_OF_BRACKET"
    near, end = 1.2000000000000002e-6, 1e-9  # and another z a millionth further, to the last bit
    for apart, name in ((1e-6, None), (1.1e-6, "END_OF_BRACKET")):
        assert (near + 1e-6) - near == 1e-6
        assert stands((0, near, near, near + apart), (-1, end, end, end), again) == name


def test_the_x_of_an_end_is_one_number_and_round_by_its_first_row():
    right, came, u = (0, 2, 3, 4), (0, 1.5, 1.5, 1.5), 1e-9
    assert stands(right, came, (9, 2 * u, u, 2 * u)) == "END_OF_BRACKET"  # u apart
    assert stands(right, came, (9, 2 * u, 1.1 * u, 2 * u)) == "CUT_OFF"
    edge = 3 + 3e-4  # from there on it is not 3
    assert stands(right, came, (9, edge - 4e-10, edge + 4e-10, edge)) == "CUT_OFF"
    assert stands(right, came, (9, edge + 4e-10, edge - 4e-10, edge)) == "END_OF_BRACKET"


def test_the_ends_of_a_clip_have_two_digits_to_a_millionth(monkeypatch):
    for ends, clips in (
        ((1e-6, None), False), ((0.9e-6, None), True), ((None, 1.5e-6), False), ((0.25 + 1.5e-6, 3.0), False),
        ((0.25 + 0.9e-6, 3.0), True), ((1e-6, 0.9e-6), False), ((0.9e-6, -0.9e-6), False), ((None, None), False),
    ):  # fmt: skip
        found = dict(zip((1.0, -1.0), ends, strict=True))
        monkeypatch.setattr(wrong_bracket, "_end_of_z", lambda trial, z, sign, found=found: found[sign])
        trial = SimpleNamespace(z=onp.zeros((2, 1)), usable=onp.ones(2, dtype=bool))
        assert wrong_bracket.clips_argument(trial) is clips, ends


def test_an_end_of_z_is_looked_for_by_forty_halvings():
    asked = []

    def apply(direction, z):
        asked.append(direction)
        return (onp.minimum(z, 1.0),)

    end = wrong_bracket._end_of_z(SimpleNamespace(apply=apply), column(-2.0, 0.5, 2.0), 1.0)
    assert 1.0 <= end < 1.0 + 2.0**-38 and asked == ["forward"] * 41


# --- sides of 0 ---


def sample(at, slopes):
    J = onp.array(slopes, dtype=float)[:, None, None]
    return SimpleNamespace(at=column(*at), J=J, dim=1)


def test_half_an_identity_has_one_slope_on_each_side_of_0():
    for at, slopes, half in (
        ((0, 0.5, 2, -1), (7, 1, 1, 3), True),  # at 0 there is no side
        ((0.5, 2, -1), (2, 1, 3), False), ((0.5, -1), (1, 3), True), ((0.5, -1), (3, 1), True),
        ((0.5, -1, 0), (3, 1, 9), True), ((0.5, -0.5), (1, 1), False), ((-0.5, -0.25, 3), (2, 1, 1), False),
        ((), (), False),
    ):  # fmt: skip
        assert bool(wrong_branches._is_half_identity(sample(at, slopes))) is half, (at, slopes)


def test_fresh_points_keep_the_sizes_of_their_columns(monkeypatch):
    """Each number from 0.7 to 1 of one in its own column, and a hundredth more; the same ones in every run."""
    seeds, made = [], onp.random.default_rng
    monkeypatch.setattr(onp.random, "default_rng", lambda seed: seeds.append(seed) or made(seed))
    monkeypatch.setattr(wrong_branches, "Trial", Fresh)
    at = onp.tile([[1.0, -100.0], [-2.0, 200.0], [3.0, 300.0]], (7, 1))
    s = SimpleNamespace(at=at, dim=2, direction="forward")
    s.trial = SimpleNamespace(subject=SimpleNamespace(in_shape=(2,)))
    for sign in (1.0, -1.0):
        wrong_branches._rights(s, sign)
        small, large = sign * Fresh.last.z.T - 1e-2
        for numbers, unit in ((small, 1.0), (large, 100.0)):
            assert 0.7 * unit <= numbers.min() < 0.8 * unit and 2.7 * unit < numbers.max() <= 3 * unit
    assert seeds == [0, 0]


class Fresh:
    """A trial of fresh points."""

    def __init__(self, subject, z):
        self.z, Fresh.last = z, self

    def derivatives(self, direction, a):
        return (onp.stack([onp.eye(2)] * len(a)),)

    def apply(self, direction, a):
        return a, onp.zeros(len(a))


# --- a layer that is passed over ---


def test_what_forward_does_where_inverse_does_nothing_on_its_bounds():
    """The Jacobians of two rows, and the shift of the second one."""
    one, turn = onp.eye(2), onp.array([[0.0, 1.0], [1.0, 0.0]])
    beside = onp.array([[0.0, 1.0], [0.0, 0.0]])
    for J, change, shift, name in (
        (one, 0, 0.0, "SHIFT_NOT_UNDONE"), (one, CLOSE * beside, 0.0, "SHIFT_NOT_UNDONE"),
        (one, 1.1 * CLOSE * beside, 0.0, "LAYER_NOT_UNDONE"), (one + CLOSE * beside, 0, 0.0, "PERMUTATION"),
        (one + 0.9 * CLOSE * beside, 0, 0.0, "SHIFT_NOT_UNDONE"), (turn, 0, 0.0, "PERMUTATION"),
        (turn, 0, CLOSE, "PERMUTATION"), (turn, 0, 1.1 * CLOSE, "LAYER_NOT_UNDONE"),
        (onp.array([[1.0, 1.0], [0.0, 0.0]]), 0, 0.0, "LAYER_NOT_UNDONE"),
        (2 * one + CLOSE * beside, 0, 0.0, "LAYER_NOT_UNDONE"),
        (2 * one + 0.9 * CLOSE * beside, 0, 0.0, "SCALE_NOT_UNDONE"),
    ):  # fmt: skip
        z = onp.array([[1.0, 0.0], [0.0, 0.0]])
        x = z @ J.T
        x[1, 0] += shift
        trial = SimpleNamespace(z=z, x=x, J=onp.stack([J, J + change]), back=(x.copy(),))
        assert wrong_chain._passed_over(trial).name == name, (J, change, shift)


def test_one_row_tells_a_layer_that_is_passed_over():
    for J, shift, name in (
        (2.0, 0.0, "SCALE_NOT_UNDONE"),
        (1.0, 3.0, "SHIFT_NOT_UNDONE"),
        (2.0, 3.0, "LAYER_NOT_UNDONE"),
    ):
        x = column(5 * J + shift)
        trial = SimpleNamespace(z=column(5), x=x, J=onp.full((1, 1, 1), J), back=(x.copy(),))
        assert wrong_chain._passed_over(trial).name == name
