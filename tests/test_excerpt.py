"""What a message quotes of a value is on one line and can be read, wherever the message comes from."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.check.from_command import audit_target
from nfscratch.checkpoint.header import CheckpointError
from nfscratch.checkpoint.rebuilding import build
from nfscratch.excerpt import MOST, excerpt
from nfscratch.flows.parameters import found

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
