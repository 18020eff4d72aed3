"""Submissions that try to earn points without a right answer: none does, and nothing outside of the child changes."""

from pathlib import Path

import pytest
from attacks import attacks

from nfscratch.course.properties.ch04 import permute_back
from nfscratch.course.sandbox.barriers import Barrier, standing, warning
from nfscratch.course.sandbox.here import InProcess
from nfscratch.course.sandbox.limits import Limits
from nfscratch.course.selfcheck import Setting, Status, judge
from nfscratch.course.submission import Submission, read
from nfscratch.course.task import assignment
from nfscratch.course.variant import Variant

FOURTH = assignment("04")
SHORT = Limits(processor=1, wall=120)
CHECKS = Path(permute_back.__file__)
ATTACKS = attacks(str(FOURTH.path), str(CHECKS))
NEED_A_BARRIER = (
    "reads the chapter", "puts the package on the path", "rewrites the checks", "rewrites its own tests",
    "kills its parent", "starts processes without end",
)  # fmt: skip
SHARE = ("ends the process with success", "reads the chapter")


@pytest.mark.parametrize("value", ["np.nan", "np.inf"])
def test_numbers_that_cannot_be_judged_earn_nothing(value):
    text = f"import numpy as np\ndef affine_forward(z, keep, s_net, t_net):\n    return z * {value}, {value}\n"
    setting = Setting(Variant.plain(FOURTH), SHORT, every=True, child=InProcess)
    assert judge(FOURTH, FOURTH.task("4.1"), Submission(Path("ch04_coupling.py"), text), 8, setting).earned == 0


@pytest.mark.parametrize(
    "name", [pytest.param(k, marks=[] if k in SHARE else [pytest.mark.exhaustive]) for k in ATTACKS]
)
def test_an_attack_earns_nothing_and_leaves_nothing_behind(name, tmp_path):
    if name in NEED_A_BARRIER and len(standing()) < len(Barrier):
        pytest.skip(warning())
    (tmp_path / "test_ch04.py").write_text("tests")
    (tmp_path / "ch04_coupling.py").write_text(ATTACKS[name])
    checks = CHECKS.read_bytes()
    setting = Setting(Variant.plain(FOURTH), SHORT, every=True)
    task = FOURTH.task("4.6")
    mark = judge(FOURTH, task, read(tmp_path / "ch04_coupling.py"), 8, setting)
    assert mark.status is Status.FAILED
    assert mark.outcomes[0].fault is not None  # that it undoes the permutation; some get the log-det right, honestly
    assert {path.name for path in tmp_path.iterdir()} == {"test_ch04.py", "ch04_coupling.py"}
    assert (tmp_path / "test_ch04.py").read_text() == "tests" and CHECKS.read_bytes() == checks
