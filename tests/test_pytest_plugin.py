"""The laws of a flow as tests of its author: the marker, the command line, the file of outcomes."""

import json

import pytest

pytest_plugins = ["pytester"]

MODULE = """
import numpy as np

def forward(z):
    return 2 * z, np.full(len(z), {sign}z.shape[1] * np.log(2))

def inverse(x):
    return x / 2, np.full(len(x), -x.shape[1] * np.log(2))

pair = forward, inverse

def factory(dim):
    import nfscratch as nf
    if dim != 2:
        raise ValueError("two variables")
    return nf.Elementwise(nf.LeakyReLU(0.5), dim)
"""
TEST = """
import pytest
from mine import pair

@pytest.mark.flow_laws(dims=(2,), letters="SRXJD", seed=3)
def my_scaling():
    return pair

def test_something_else():
    pass
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """pytest in an empty folder of its own, in this process."""

    def run(*arguments, sign=""):
        pytester.makepyfile(mine=MODULE.format(sign=sign), test_mine=TEST)
        monkeypatch.syspath_prepend(pytester.path)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist", *arguments)

    return run


def test_each_letter_of_a_marked_function_is_a_test(run):
    run().assert_outcomes(passed=5, skipped=1)


def test_a_broken_law_fails_in_the_audits_words_with_its_seed(run):
    result = run("-v", sign="-")
    result.assert_outcomes(passed=3, failed=2, skipped=1)
    result.stdout.fnmatch_lines(
        ["*my_scaling[[]R[]]*PASSED*", "*X  log_det forward: the sign is flipped*", "*Seed 3 of*"]
    )


def test_a_target_on_the_command_line_runs_alone_and_its_outcomes_are_written(run, pytester):
    result = run(
        "--flow-laws", "mine:factory", "--flow-laws-json", "found.json", "--flow-laws-seed", "5", "-k", "[S] or [T]"
    )
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*flow laws: mine:factory, seed 5*"])
    found = json.loads((pytester.path / "found.json").read_text())
    assert [(entry["letter"], entry["outcome"], entry["seed"]) for entry in found] == [
        ("S", "holds", 5),
        ("T", "holds", 5),
    ]


def test_a_target_that_does_not_exist_is_said_in_one_line(run):
    result = run("--flow-laws", "mine:nothing", "-k", "[S]")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*ValueError: mine has no 'nothing'*"])
