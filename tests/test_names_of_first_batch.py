"""What is set from the first batch, though it had been set before: by name, with its line and its flag."""

import numpy as np
import pytest
from edited_code import module_of, trial_of

from nfscratch.check.audit import audit
from nfscratch.check.diagnosis.set_once import set_once

TABLE = """
    import numpy as np
    state = {"loc": np.array([0.4, -1.2]), "scale": np.array([0.5, 1.3]), "ready": READY}

    def inverse(x):
        if not state["ready"]:
            state["loc"], state["scale"] = x.mean(0), x.std(0)
            state["ready"] = True
        return (x - state["loc"]) / state["scale"], np.full(len(x), -np.log(state["scale"]).sum())

    def forward(z):
        return z * state["scale"] + state["loc"], np.full(len(z), np.log(state["scale"]).sum())
"""
CELL = """
    import numpy as np

    def norm(loc, calls=READY):
        def inverse(x):
            nonlocal loc, calls
            if calls == 0:
                loc = np.mean(x, axis=0)
                calls += 1
            return x - loc, np.zeros(len(x))

        return lambda z: (z + loc, np.zeros(len(z))), inverse

    forward, inverse = norm(np.array([1.0, -2.0]))
"""
MODULE = """
    import numpy as np
    LOC, DONE = np.array([1.0, -2.0]), READY

    def inverse(x):
        global LOC, DONE
        if not DONE:
            LOC = np.mean(x, axis=0)
            DONE = True
        return x - LOC, np.zeros(len(x))

    def forward(z):
        return z + LOC, np.zeros(len(z))
"""
OBJECT = """
    import numpy as np

    class Norm:
        def __init__(self):
            self.p, self.seen = {"loc": np.array([1.0, -2.0])}, READY

        def inverse(self, x):
            if not self.seen:
                self.p.update(loc=x.mean(0))
                self.seen = True
            return x - self.p["loc"], np.zeros(len(x))

        def forward(self, z):
            return z + self.p["loc"], np.zeros(len(z))

    norm = Norm()
    forward, inverse = norm.forward, norm.inverse
"""


CASES = [
    (TABLE, "line 7 of set_once.py sets state['loc'] and state['scale'] from the first batch, as `not state['ready']`"),
    (CELL, "line 8 of set_once.py sets loc from the first batch, as `calls == 0`"),
    (MODULE, "line 8 of set_once.py sets LOC from the first batch, as `not DONE`"),
    (OBJECT, "line 10 of set_once.py sets self.p from the first batch, as `not self.seen`"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "says"), CASES)
def test_the_branch_is_found_when_it_is_run_no_more(text, says, tmp_path):
    trial = trial_of(module_of(text.replace("READY", "0"), tmp_path, "set_once"), 2)
    _ = trial.back  # the first call of inverse
    assert set_once(trial) == f"{says} holds then"


@pytest.mark.exhaustive
@pytest.mark.parametrize(("text", "says"), CASES)
def test_a_flag_that_does_not_say_so(text, says, tmp_path):
    report = audited(text.replace("READY", "0"), tmp_path)
    assert says in str(report) and "initialised again from the batch" in str(report)
    assert not audited(text.replace("READY", "1"), tmp_path).failures


DRAWN = TABLE.replace("x - state", "x + 1e-3 * np.random.default_rng().normal(size=x.shape) - state")
KEPT = """
    import numpy as np
    kept = {"log_det": None, "turn": 0.5}

    def forward(z):
        if kept["log_det"] is None:
            kept["log_det"] = 2 * np.log(2.0)
        kept["turn"] = 0.7 if kept["turn"] == 0.5 else 0.5
        return 2 * z + kept["turn"], np.full(len(z), kept["log_det"])

    def inverse(x):
        return (x - kept["turn"]) / 2, np.full(len(x), -2 * np.log(2.0))
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize("text", [DRAWN.replace("READY", "False"), KEPT])
def test_what_differs_for_another_reason_is_not_called_so(text, tmp_path):
    report = str(audited(text, tmp_path))
    assert "the same input gives another output" in report and "first batch" not in report


def audited(text, tmp_path):
    module = module_of(text, tmp_path, "set_once")
    with np.errstate(all="ignore"):
        return audit((module.forward, module.inverse), dims=(2,), show=False)
