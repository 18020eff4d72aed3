"""Checkpoints: flows and training runs in files that are whole, or are refused.

atomic.py        a file appears complete or not at all, whenever the writer dies
container.py     the format: safetensors with a version and a SHA-256 over every byte
header.py        what a header must say before anything is read or made room for
tree.py          a parameter tree as named tensors and a skeleton, and back
description.py   a flow as JSON, from a registry of the package's parts
rebuilding.py    a flow from its description
sizes.py         how large a flow is, by arithmetic on its description, before it is built
described_part.py   a part's fields as numbers, from its description
stored.py        what holds for stored leaves that are divided by
agreement.py     whether a parameter tree is one of a flow
whole_flow.py    save and load
"""

from nfscratch.checkpoint.header import CheckpointError
from nfscratch.checkpoint.whole_flow import load, metadata, save

__all__ = ["CheckpointError", "load", "metadata", "save"]
