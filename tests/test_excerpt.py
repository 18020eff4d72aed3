"""What a message quotes of a value is on one line and can be read, wherever the message comes from."""

import re
from pathlib import Path

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import chapter
from nfscratch.check.from_command import audit_target
from nfscratch.checkpoint.header import CheckpointError
from nfscratch.checkpoint.rebuilding import build
from nfscratch.excerpt import MOST, excerpt
from nfscratch.flows.parameters import found

QUOTED = re.compile(r"; got .*\{[^{}]+!r\}").search
LONG = [[i, "a\nb"] for i in range(60)]


def test_a_short_value_is_quoted_whole_and_a_long_one_on_one_line_to_its_limit():
    assert excerpt([1, "a"]) == "[1, 'a']" and excerpt(onp.eye(2)) == "array([[1., 0.], [0., 1.]])"
    assert excerpt("a" * (MOST - 2)) == repr("a" * (MOST - 2))
    cut = excerpt("a" * (MOST - 1))
    assert len(cut) == MOST and cut.endswith("a ...")
    assert excerpt(LONG, 20) == "[[0, 'a\\nb'], [1 ..."


@pytest.mark.parametrize(
    "refused",
    [
        lambda: nf.Planar(LONG),
        lambda: nf.Coupling(nf.Affine(), LONG, nf.MLP((3,), activation=LONG)),
        lambda: nf.fit(LONG, onp.zeros((9, 2)), rng=0),
        lambda: nf.validate.count("n", LONG),
        lambda: build({"part": LONG}),
        lambda: audit_target("module:object", "1," * 99, None, None, 0),
    ],
    ids=["a shape", "a field", "a flow", "a count", "a file's description", "the command's dims"],
)
def test_every_message_quotes_alike(refused):
    with pytest.raises((ValueError, TypeError, CheckpointError), match="; got ") as caught:
        refused()
    quoted = str(caught.value).partition("; got ")[2].partition(": nf.")[0]
    assert "\n" not in quoted and len(quoted) == MOST and quoted.endswith(" ...")


def test_the_entries_of_a_dict_are_quoted_alike():
    assert len(found({f"parameter {k}": 0 for k in range(99)})) == MOST


class Silent:
    """It has no repr of its own that works."""

    def __repr__(self):
        raise RuntimeError("no repr")


def test_every_constructor_and_call_quotes_a_value_on_one_line_that_can_be_read():
    square, long, silent = onp.ones((2, 2), int), "x" * 100_000, Silent()
    calls = (
        *((lambda v=v: nf.MLP(v)) for v in (square, silent)),
        *((lambda v=v: nf.Autoregressive(nf.Affine(), 2, order=v)) for v in (square, long)),
        *((lambda v=v: nf.flows.real_nvp(2, support=v)) for v in (onp.ones((9, 2)), silent)),
        *((lambda v=v: nf.Sylvester(2, 1, orthogonal=v)) for v in (square, long)),
        *((lambda f=f: f(long)) for f in (nf.Conv1x1, nf.use, nf.data.load, chapter.find)),
        lambda: nf.PLU(silent),
    )
    for call in calls:
        with pytest.raises((TypeError, ValueError)) as caught:
            call()
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    assert excerpt(silent) == "a Silent"


def test_no_message_of_the_package_quotes_a_value_by_its_repr_alone():
    root = Path(nf.__file__).parent
    rooms = ("check", "course", "book")  # these have words of their own
    files = [path for path in root.rglob("*.py") if path.relative_to(root).parts[0] not in (*rooms, "mplbackend.py")]
    found = [
        f"{path}: {line}" for path in files for line in path.read_text(encoding="utf-8").split("\n") if QUOTED(line)
    ]
    assert not found
