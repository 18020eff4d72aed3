"""A file taken apart, so that any piece of it can be changed, and sealed again. Anyone can compute a SHA-256."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as onp

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}
NAMES = {onp.dtype(code): name for name, code in DTYPES.items()}
ZEROS = "0" * 64


class Pieces:
    """texts: the metadata. tensors: arrays by name. entries: what the header says of a tensor in place of the truth.

    description: of the flow, or the state of the run: the JSON that has most of what can be forged.
    """

    def __init__(self, content: bytes):
        end = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:end])
        self.texts = header.pop("__metadata__")
        self.tensors = {name: _array(entry, content[end:]) for name, entry in header.items()}
        self.entries: dict[str, Any] = {}
        self.main = "flow" if self.texts["kind"] == "flow" else "run"
        self.description = json.loads(self.texts[self.main])
        self.honest_hash = True

    def sealed(self) -> bytes:
        """The file, with the configuration hash and the seal that its reader will compute."""
        texts = {**self.texts, self.main: json.dumps(self.description), "sha256": ZEROS}
        if self.honest_hash:
            of = self.description if self.main == "flow" else _configuration(self.description)
            texts["config"] = hash_of(of)
        header, at = {"__metadata__": texts}, 0
        for name, array in self.tensors.items():
            entry = {
                "dtype": NAMES[array.dtype],
                "shape": list(array.shape),
                "data_offsets": [at, at := at + array.nbytes],
            }
            header[name] = {**entry, **self.entries.get(name, {})}
        text = json.dumps(header).encode()
        data = b"".join(array.tobytes() for array in self.tensors.values())
        content = len(text).to_bytes(8, "little") + text + data
        return content.replace(ZEROS.encode(), hashlib.sha256(content).hexdigest().encode(), 1)


def hash_of(description: Any) -> str:
    """The configuration hash: of the canonical JSON."""
    return hashlib.sha256(json.dumps(description, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _array(entry, data):
    start, end = entry["data_offsets"]
    return onp.frombuffer(data[start:end], dtype=DTYPES[entry["dtype"]]).reshape(entry["shape"])


def _configuration(state):
    return state.get("configuration") if isinstance(state, dict) else None
