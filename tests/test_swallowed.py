"""What the audit swallows: a look of the diagnosis may fail at what it is given, and costs no more than its own name.

An exception that the audit's own code makes is counted by its handler. None stands here without a reason: a KeyError
that was swallowed once cost all names of chains.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from mutants import MUTANTS
from strangers import CASES

SUPPORT = Path(__file__).parent / "support"
MEANT: dict[str, str] = {}  # the handler, and why what it catches is no fault
CHAINS = [case.name for case in CASES if case.names and case.chain]


def swallowed(names):
    """{handler: {exception: how often}}, over these mutants, in a process of its own."""
    run = subprocess.run([sys.executable, SUPPORT / "swallowing.py", *names], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def without_reason(names):
    return {place: found for place, found in swallowed(names).items() if place not in MEANT}


@pytest.mark.exhaustive  # each line of the audit is traced
def test_the_audit_swallows_no_fault_of_its_own():
    assert not without_reason(["4 mean"])


@pytest.mark.exhaustive
def test_the_audit_swallows_no_fault_of_its_own_over_a_share_of_all():
    assert not without_reason([*list(MUTANTS)[::6], *CHAINS[::12]])


@pytest.mark.exhaustive
def test_a_fault_of_the_audit_is_counted(tmp_path):
    """With a look of the diagnosis that raises KeyError."""
    broken = tmp_path / "broken.py"
    broken.write_text((SUPPORT / "swallowing.py").read_text().replace("    for name in names:", BREAK, 1)
                      .replace("Path(__file__)", f"Path({str(SUPPORT / 'swallowing.py')!r})"))  # fmt: skip
    name = next(name for name, mutant in MUTANTS.items() if "order" in name.lower() or "rescal" in mutant.name)
    run = subprocess.run([sys.executable, broken, name], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert any("KeyError" in error for found in json.loads(run.stdout).values() for error in found)


BREAK = """
    import nfscratch.check.diagnosis.wrong_inverse as looks
    source = "def failing(case):\\n    return {}['no such key']\\n"
    exec(compile(source, CHECK + "diagnosis/wrong_inverse.py", "exec"), looks.__dict__)
    looks.LOOKS = (looks.failing, *looks.LOOKS)
    for name in names:"""
