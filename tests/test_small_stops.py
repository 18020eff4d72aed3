"""How close a search comes that nobody has stated: when the audit takes it for its accuracy, and when not."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import stops_early

EPS = 2.0**-52


@pytest.mark.parametrize(
    ("came", "taken"), [(EPS, False), (1.1 * EPS, True), (1e-6, True), (1.1e-6, False), (0.0, False)]
)
@pytest.mark.parametrize("otherwise", [
    {}, {"accuracy": 1e-9}, {"dtype": onp.float32}, {"single": True}, {"fails": [False, False]},
    {"fails": [True, True]},
    {"loops": False},
])  # fmt: skip
def test_an_accuracy_is_taken_where_a_loop_stops_early(came, taken, otherwise, monkeypatch):
    said = {"accuracy": None, "dtype": onp.float64, "single": False, "fails": [True, False], "loops": True} | otherwise
    fails, rooms = list(said["fails"]), []

    def check(trial, room):
        rooms.append(room)
        return SimpleNamespace(failed=fails.pop(0))

    subject = SimpleNamespace(accuracy=said["accuracy"], dtype=said["dtype"], eps=EPS)
    for name, stub in {
        "Trial": lambda subject, z: SimpleNamespace(x="x", subject=subject), "_came": lambda trial: came,
        "is_single": lambda x: said["single"], "check_round_trip": check, "_loops": lambda subject, z: said["loops"],
        "_with": lambda subject, came: ("loose", came),
    }.items():  # fmt: skip
        monkeypatch.setattr(stops_early, name, stub)
    found = stops_early.with_its_accuracy(subject, "z")
    assert found == (("loose", came) if taken and not otherwise else None)
    assert rooms == [False] * len(rooms)
