"""Log-dets at other points: what is asked of a trial, which rows are known, and what a refusal means."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check.diagnosis import wrong_point

# --- a log_det at given points ---


def sample(claims, refuses=False):
    """Six rows, of which the last two do not count; derivatives are asked for points of the dtype and the shape."""
    asked = []

    def derivatives(direction, at, rows):
        asked.append((direction, at.dtype.name, at.shape, rows.tolist()))
        if refuses:
            raise ValueError("outside of the domain")
        return "J", "spread", None, None

    subject = SimpleNamespace(shape=lambda direction: (1, 1), dtype=onp.dtype("float32"))
    trial = SimpleNamespace(subject=subject, derivatives=derivatives)
    rows = onp.array([True, False, True, True, True, False])
    return SimpleNamespace(trial=trial, c=onp.array(claims, dtype=float), rows=rows), asked


def fits(monkeypatch, claims, true, allowed=0.0, sign=1.0, part=slice(None), **more):
    s, asked = sample(claims, **more)
    given = []

    def log_abs_det(J, spread, claimed, trial, tolerance):
        given.append((J, spread, claimed.tolist(), trial is s.trial, tolerance))
        return onp.array(true, dtype=float)[part], onp.broadcast_to(allowed, onp.shape(true))[part]

    monkeypatch.setattr(wrong_point, "log_abs_det", log_abs_det)
    found = wrong_point._fits(s, "inverse", onp.zeros((4, 1)), sign, part)
    assert asked == [("inverse", "float32", (len(s.c[part]), 1, 1), [[0, 2, 3, 4][k] for k in range(len(s.c[part]))])]
    assert given in ([("J", "spread", s.c[part].tolist(), True, 1e-5)], [])
    return bool(found)


def test_three_rows_that_are_known_have_to_fit(monkeypatch):
    nan = onp.nan
    for claims, true, allowed, told in (
        ([1, 2, 3, 4], [1, 2, 3, 4], 0.0, True), ([1, 2, 3, 4], [1, 2, 3, nan], 0.0, True),
        ([1, 2, 3, 4], [1, 2, nan, nan], 0.0, False), ([1, 2, 3, 4], [1, 2, 3, 5], 0.0, False),
        ([1, 2, 3, 4], [1, 2, 3, 5], [0, 0, 0, 1e-3], True), ([1, 2, 3, 4], [1, 2, 3, 5], [0, 0, 0, 0.9e-3], False),
        ([1, 2, 3, 4], [1, 2, 3, 4], 1e-3, False), ([0, 0, 0, 0.9e-4], [0, 0, 0, 0], 0.0, True),
        ([0, 0, 0, 1.1e-4], [0, 0, 0, 0], 0.0, False), ([1, 2, 3, 4], [-1, -2, -3, -4], 0.0, False),
    ):  # fmt: skip
        assert fits(monkeypatch, claims, true, allowed) is told, (claims, true, allowed)
    assert fits(monkeypatch, [1, 2, 3, 4], [-1, -2, -3, -4], sign=-1.0) is True
    assert fits(monkeypatch, [1, 2, 3, 4], [1, 2, 3, 9], part=slice(3)) is True


def test_a_point_outside_of_the_domain_is_no_fit(monkeypatch):
    assert fits(monkeypatch, [1, 2, 3, 4], [1, 2, 3, 4], refuses=True) is False


def test_a_few_rows_are_looked_at_before_all(monkeypatch):
    parts, answers = [], []

    def fits(s, direction, points, sign, part):
        parts.append((direction, sign, part))
        return answers.pop(0)

    monkeypatch.setattr(wrong_point, "_fits", fits)
    for few, every, looked in ((False, True, 1), (True, False, 2), (True, True, 2)):
        parts[:], answers[:] = [], [few, every]
        assert wrong_point._is_log_det_at("s", "forward", "points", -1.0) is (few and every)
        assert parts == [("forward", -1.0, slice(8)), ("forward", -1.0, slice(None))][:looked]
