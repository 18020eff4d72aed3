"""Which of the two searches for a change is asked: that of a map, or that of a density or of samples by itself."""

from contextlib import nullcontext
from types import SimpleNamespace

import numpy as onp

from nfscratch.check.diagnosis import one_change


def test_a_density_is_searched_by_itself_where_it_fails(monkeypatch):
    """D and K always, I where it speaks of log_prob: of another function, and of other letters, the map is searched."""

    def said(name):
        words = {"reached": "reached", "call": "call", "both": "both"}
        return lambda *given: SimpleNamespace(**words, repair=lambda: (name, given, set(onp.geterr().values())))

    monkeypatch.setattr(one_change, "Search", said("map"))
    monkeypatch.setattr(one_change, "SearchBeside", said("beside"))
    monkeypatch.setattr(one_change, "frozen", lambda reached, call: nullcontext())
    monkeypatch.setattr(one_change, "answered_by_child", lambda search: search())
    monkeypatch.setattr(one_change, "may_be_changed", lambda trial, row: True)
    of_density, of_map = {"function": "log_prob", "row": 2}, {"function": "forward", "row": 2}
    for letter, evidence, beside in (
        ("I", of_density, True), ("I", of_map, False), ("I", {"row": 2}, False), ("I", None, False), ("I", {}, False),
        ("R", of_density, False), ("S", of_density, False), ("D", of_map, True), ("K", None, True), ("D", None, True),
    ):  # fmt: skip
        trial = SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype("float64")))
        case = SimpleNamespace(dim=2, trial=trial, finding=SimpleNamespace(failed=True, evidence=evidence))
        row = (evidence or {}).get("row", 0)
        expected = ("beside", (letter, trial, []), {"ignore"}) if beside else ("map", (trial, row, []), {"ignore"})
        assert one_change._repair(letter, [case]) == expected, (letter, evidence)
