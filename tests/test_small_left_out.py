"""Terms of a log_det that are left out, clamped or wrong far out: each bound from both sides, and to the last bit."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.diagnosis import wrong_log_det, wrong_terms


def rng(seed=0):
    return onp.random.default_rng(seed)


def of(l, c, failed=True):
    l = onp.asarray(l, dtype=float)
    s = SimpleNamespace(dim=l.shape[1], c=onp.asarray(c, dtype=float), t=l.sum(axis=1), failed=failed)
    s.logs, s.changed = (lambda: l), (lambda: l.shape[1])
    return s


def named(look, *samples):
    found = look(list(samples))
    return found and found.name


# --- subsets ---


@pytest.mark.parametrize(("size", "counts"), [(1e-9, False), (1.1e-9, True), (-1.1e-9, True)])
def test_a_term_of_a_billionth_is_none(size, counts):
    """Without the others, a term that counts would be all that is there: next to nothing."""
    s = of([[size, 2.0], [0.0, 3.0]], [0.0, 0.0])
    assert (named(wrong_terms.by_subset, s) == "TERMS_LEFT_OUT") is counts


def test_the_same_terms_are_left_out_in_every_sample():
    l = rng().normal(size=(5, 3))
    s, one = of(l, l[:, 0] + l[:, 2]), of(l[:, :1], l[:, 0])
    assert named(wrong_terms.by_subset, s, one) == named(wrong_terms.by_subset, one, s) == "TERMS_LEFT_OUT"
    assert named(wrong_terms.by_subset, one) is None and named(wrong_terms.by_subset, s, of(l, l[:, 0] * 0.9)) is None
    unknown = of(l, l[:, 0])
    unknown.logs = lambda: None
    assert named(wrong_terms.by_subset, s, unknown) is None


@pytest.mark.parametrize(("count", "some"), [(8, True), (9, False)])
def test_of_up_to_eight_terms_any_may_be_left_out_and_of_more_a_stretch(count, some):
    l = rng().normal(size=(5, count))
    assert wrong_terms._is_subset(l[:, [0, 2, 5]].sum(axis=1), l) is some
    for part in (l[:, 2:5], l[:, :4], l[:, 4:], l, l[:, [0, 1, count - 1]]):
        assert wrong_terms._is_subset(part.sum(axis=1), l)
    assert not wrong_terms._is_subset(l.sum(axis=1) + 1e-3, l)


@pytest.mark.parametrize(("apart", "one"), [(3e-7, True), (1.1e-6, False)])
def test_terms_that_are_equal_to_six_digits_go_together(apart, one):
    """Twelve terms in turns: a, b, c, a, b, c, ..."""
    l = onp.tile(onp.array([[0.25, 1.5, -2.0], [1.0, -0.75, 0.5]]), (1, 4)) + apart * (onp.arange(12) // 3 - 1.5) / 1.5
    assert wrong_terms._is_subset(l[:, ::3].sum(axis=1), l) is one
    assert not wrong_terms._is_subset(l[:, [0, 3]].sum(axis=1), l)


def test_the_bits_of_a_number_say_which_terms():
    assert [wrong_terms._bits(k, 3).tolist() for k in (1, 4, 6)] == [
        [True, False, False], [False, False, True], [False, True, True]
    ]  # fmt: skip


# --- clamps ---


def soft(l, claim):
    l = onp.asarray(l, dtype=float)[:, None]
    raw = 2.0 * onp.arctanh(l[:, 0] / 2.0)
    return wrong_terms._soft(SimpleNamespace(c=claim(raw, l[:, 0]), t=l[:, 0]), l, 2.0)


BENT = onp.array([1.2, -1.5, 1.7])


@pytest.mark.parametrize(("size", "known"), [(0.99999 * 2.0, False), (0.999989 * 2.0, True), (-0.99999 * 2.0, False)])
def test_a_row_at_its_bound_tells_nothing(size, known):
    l = onp.append(BENT, size)
    assert soft(l, lambda raw, t: onp.where(onp.arange(4) < 3, raw, 99.0)) == (not known, True)


def test_three_rows_tell_a_clamp_from_none():
    l = onp.append(BENT, [0.0, 1e-3])
    assert soft(l, lambda raw, t: raw) == (True, True) and soft(l, lambda raw, t: t) == (False, False)
    assert soft(l[1:], lambda raw, t: raw) == (True, False)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("off", "fits"), [(0.99, True), (1.01, False)])
def test_a_claim_is_the_raw_scale_to_a_thousandth(off, fits, sign):
    assert soft(BENT, lambda raw, t: raw + sign * off * 1e-3 * (1 + onp.abs(raw))) == (fits, fits)


@pytest.mark.parametrize(("share", "tells"), [(0.99, False), (1.01, True)])
def test_what_a_clamp_takes_away_is_seen_above_a_hundredth(share, tells):
    l = BENT[:, None]
    raw = 2.0 * onp.arctanh(BENT / 2.0)
    t = raw - share * 1e-2 * (1 + onp.abs(raw)) * onp.array([1, -1, 1])
    assert wrong_terms._soft(SimpleNamespace(c=raw, t=t), l, 2.0) == (True, tells)


def cut(k=4, beyond=3, by=1.0, rest=(0.1, 0.2, 0.3, 0.4), sign=1.0, failed=True, moved=0.0):
    """k rows at the bound 2, of which the claim goes beyond it in some; and rows that are not cut."""
    l = sign * onp.append(onp.full(k, 2.0), rest)[:, None]
    c = l[:, 0] + sign * onp.where(onp.arange(len(l)) < beyond, by, 0.0)
    c[-1] += moved
    return wrong_terms._cut(of(l, c, failed), l)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_four_terms_that_are_cut_and_three_claims_beyond_tell_a_clamp(sign):
    assert cut(sign=sign) == (True, True) and cut(3, 3, sign=sign) == (True, False)
    assert cut(4, 2, sign=sign) == (True, False)
    assert cut(by=1.1e-4, sign=sign)[1] and not cut(by=0.9e-4, sign=sign)[1]
    assert cut(by=-0.9e-6, sign=sign) == (True, False) and cut(by=-1.1e-6, sign=sign) == (False, False)
    assert cut(rest=(0.1, 0.2, 0.3), sign=sign) == (True, False)
    assert cut(rest=(0.1, 0.2, 0.3, 0.3 + 4e-7), sign=sign) == (True, False)
    assert cut(failed=False, sign=sign) == (True, False)


def test_where_nothing_is_cut_the_claim_is_the_truth():
    assert cut(moved=1.9e-5) == (True, True) and cut(moved=1e-4) == (False, False)
    assert cut(moved=1e-4, failed=False) == (False, False)
    assert cut(rest=(0.1, 0.2, 0.3, 0.4, 2.0 - 0.9e-6), moved=3.0) == (True, True)  # this one is cut, too
    assert cut(rest=(0.1, 0.2, 0.3, 0.4, 2.0 - 1.1e-6), moved=3.0) == (False, False)


def test_two_terms_that_are_cut_in_one_row_tell_no_scale():
    l = onp.array([[2.0, 2.0]] * 5)
    assert wrong_terms._cut(of(l, l.sum(axis=1) + 1), l) == (True, False)
    mixed = onp.array([[2.0, 0.1], [2.0, 0.2], [-2.0, 0.3], [0.4, -2.0], [2.0, -2.0]])
    beyond = onp.array([1.0, 1.0, -1.0, -1.0, 9.0])
    assert wrong_terms._cut(of(mixed, mixed.sum(axis=1) + beyond), mixed) == (True, True)
    assert wrong_terms._cut(of(mixed, mixed.sum(axis=1) + onp.abs(beyond)), mixed) == (False, False)


def test_one_bound_holds_in_every_sample_and_one_of_them_shows_it(monkeypatch):
    shows = {(2.0, "a"): (True, True), (2.0, "b"): (True, False)}
    monkeypatch.setattr(wrong_terms, "_soft", lambda s, l, bound: shows.get((bound, s.name), (False, True)))
    monkeypatch.setattr(wrong_terms, "_cut", lambda s, l: (s.name in "cd", s.name == "d"))
    sample = lambda name, l=0: SimpleNamespace(name=name, logs=lambda: l)  # noqa: E731
    a, b, c, d = map(sample, "abcd")
    say = lambda *of: named(wrong_terms.by_unclamped_scale, *of)  # noqa: E731
    assert say(a) == say(a, b) == say(b, a) == say(d) == say(c, d) == "UNCLAMPED"
    assert say(b) is None and say(c) is None and say(a, c) is None and say(d, sample("e")) is None
    assert say(a, sample("a", None)) is None


def test_where_one_variable_changes_any_clamp_flattens(monkeypatch):
    monkeypatch.setattr(wrong_terms, "flattens", lambda c, t: c == "clamped" and t == "truth")
    sample = lambda c, n=1, l=0: SimpleNamespace(c=c, t="truth", changed=lambda: n, logs=lambda: l)  # noqa: E731
    say = lambda *of: named(wrong_terms.by_any_clamp, *of)  # noqa: E731
    assert say(sample("clamped")) == say(sample("clamped"), sample("other", 2), sample("other", 1, None)) == "UNCLAMPED"
    assert say(sample("clamped"), sample("other")) is None and say(sample("clamped", 2)) is None
    assert say(sample("clamped", 1, None)) is None and say() is None


# --- far out ---


def distant(wrong=3, right=3, off=1.0, size=1.0):
    at = onp.arange(1.0 + wrong + right)[1:, None] * [[1.0, -0.5]]
    t = size * onp.ones(len(at))
    return SimpleNamespace(at=at, t=t, c=t + off * (1 + size) * (onp.arange(len(at)) >= right))


@pytest.mark.parametrize(("numbers", "told"), [
    ({}, True), ({"wrong": 2}, False), ({"right": 2}, False), ({"off": 1.1e-4}, True), ({"off": 0.9e-4}, False),
    ({"off": -1.1e-4, "size": 9.0}, True), ({"off": 0.9e-4, "size": 9.0}, False),
])  # fmt: skip
def test_a_claim_that_is_wrong_far_out_in_three_rows(numbers, told):
    far = distant(**numbers)
    assert (named(wrong_terms.by_distance, far) == "WRONG_FAR_OUT") is told
    assert (named(wrong_terms.by_distance, far, far) == "WRONG_FAR_OUT") is (told or 2 in numbers.values())
    nearer = distant(**numbers)
    nearer.at = nearer.at[::-1]
    assert named(wrong_terms.by_distance, nearer) is None


def test_a_right_row_as_far_as_a_wrong_one_tells_no_radius():
    far = distant()
    far.at[2, 1] = -far.at[3, 0]
    assert named(wrong_terms.by_distance, far) is None


# --- ratios ---


def ratio_of(monkeypatch, truths, ratio=1.3, subset=None, factor=None, usual=()):
    """What is said of claims that are so many times the truth; usual: factors that fit exactly."""
    monkeypatch.setattr(wrong_log_det, "_ratio", lambda s: ratio)
    for look in ("_over_pixels", "_over_dimensions"):
        monkeypatch.setattr(wrong_log_det, look, lambda *of: None)
    monkeypatch.setattr(wrong_log_det, "by_subset", lambda samples: subset)
    monkeypatch.setattr(wrong_log_det, "by_factor", lambda samples: factor)
    monkeypatch.setattr(wrong_log_det, "_one_factor", lambda ratios: "one factor")
    monkeypatch.setattr(wrong_log_det, "_is_exactly", lambda k, s: k in usual)
    return wrong_log_det._by_ratio([SimpleNamespace(t=onp.array(t)) for t in truths])


@pytest.mark.parametrize("size", [0.5, 9.0, -9.0])
@pytest.mark.parametrize(("share", "one"), [(0.99, True), (1.01, False)])
def test_a_truth_that_is_one_number_to_seven_digits_has_usual_factors(size, share, one, monkeypatch):
    """A truth that varies has one factor, whatever it is."""
    top = abs(size)
    varied = [[size, size - onp.sign(size) * share * 1e-7 * (1 + top)]]
    assert ratio_of(monkeypatch, varied) == (None if one else "one factor")
    assert ratio_of(monkeypatch, varied, subset="subset") == ("subset" if one else "one factor")
    assert ratio_of(monkeypatch, varied, factor="factor") == ("factor" if one else "one factor")


def test_a_factor_of_one_number_is_usual_or_seen_with_another_number(monkeypatch):
    one = [[0.7, 0.7]]
    for k in (2, 3, 4, 1 / 2, 1 / 3, 1 / 4):
        assert ratio_of(monkeypatch, one, usual=(k,)) == "one factor"
    for k in (1, 5, 1 / 5):
        assert ratio_of(monkeypatch, one, usual=(k,)) is None
    assert ratio_of(monkeypatch, [*one, [0.7000003, 0.7000003]]) is None
    assert ratio_of(monkeypatch, [*one, [0.7000012, 0.7000012]]) == "one factor"
    assert ratio_of(monkeypatch, one, ratio=None) is None and ratio_of(monkeypatch, [[0.9e-6, -0.9e-6]]) is None


@pytest.mark.parametrize(("dets", "failed", "asked"), [
    ((1.0, 2.0), True, False), ((0.0, 2.0), True, False), ((-1.0, 2.0), True, True), ((1.0, 2.0), False, True),
])  # fmt: skip
def test_a_determinant_below_0_is_what_an_absolute_value_is_for(dets, failed, asked):
    s = SimpleNamespace(J=onp.array(dets)[:, None, None], failed=failed)
    found = wrong_log_det._not_absolute(s)
    assert found == [None] if not asked else len(found) == 2
    for logs in found if asked else ():
        assert onp.allclose(logs, [onp.log(d) if d > 0 else onp.nan for d in dets], equal_nan=True)
