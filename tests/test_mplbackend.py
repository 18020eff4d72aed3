"""A backend of matplotlib that does not exist is refused in one line, before anything is drawn."""

import subprocess
import sys

import pytest
from share import few

PROGRAM = """
from nfscratch.mplbackend import check_mplbackend
try:
    check_mplbackend()
except ValueError as error:
    print(error)
"""


NAMED = [
    ("", ""),
    ("agg", ""),
    ("nosuch", "MPLBACKEND must name a backend of matplotlib, such as agg; got 'nosuch'\n"),
]


@pytest.mark.parametrize(("named", "said"), few(NAMED, [NAMED[0], NAMED[2]]))
def test_a_backend_that_matplotlib_does_not_have_is_named(named, said, monkeypatch):
    """In a process of its own: matplotlib looks at the variable once, when it is imported."""
    monkeypatch.setenv("MPLBACKEND", named)
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert run.stdout == said
