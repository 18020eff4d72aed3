"""The file format: a safetensors file with a version and a seal.

    metadata   "format": "nfscratch", "version": "1", "kind": "flow" or "run", "tree": the skeleton, ..., "sha256"
    sha256     of the whole file, with 64 zeros where the digest itself stands

Any reader of safetensors can open it. This one verifies every byte before it makes room for a tensor, in pieces. A
large file is hashed only when its tensors are read, after their shapes have been judged: it takes seconds a GiB.
Equal contents give equal bytes: the header has its names in order, which safetensors leaves to a hash of each process.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, BinaryIO

import numpy as onp

from nfscratch.checkpoint import atomic, header, tree
from nfscratch.checkpoint.description import canonical
from nfscratch.checkpoint.header import CheckpointError, about
from nfscratch.excerpt import excerpt

FORMAT, VERSION = "nfscratch", "1"
READABLE = ("1",)
UNSEALED = b"0" * 64
FLOATS = ("float32", "float64")
PIECE = 2**20
AT_ONCE = 64 * PIECE  # a file up to this size is verified first, so that damage is called damage


def write(path: Any, kind: str, params: Any, fields: dict[str, str]) -> None:
    """Write a tree and texts as the file `path`, atomically."""
    from safetensors.numpy import save

    skeleton, tensors = tree.split(params)
    texts = {"format": FORMAT, "version": VERSION, "kind": kind, "tree": canonical(skeleton), **fields}
    data = memoryview(save(tensors, {**texts, "sha256": UNSEALED.decode()}))
    end = 8 + int.from_bytes(data[:8], "little")
    head = _in_order(bytes(data[8:end]))
    if len(head) - 8 > header.LIMIT:
        raise CheckpointError(f"the description must have at most {header.LIMIT} bytes; got {len(head) - 8}")
    _check_readable(head, len(head) + len(data) - end, texts)
    if head.count(UNSEALED) != 1:
        raise CheckpointError("metadata and whole numbers must be free of 64 zeros in a row: there the seal stands")
    digest = hashlib.sha256(head)
    digest.update(data[end:])
    atomic.write(path, (head.replace(UNSEALED, digest.hexdigest().encode()), data[end:]))


def _check_readable(head, size, texts):
    """Refuse to write what would be refused when it is read: too many brackets, a name twice, too many axes."""
    for key in ("tree", "flow", "run", "metadata"):
        if key in texts:
            header.parse(texts[key], f"the {key}")
    header.read(BytesIO(head), size)  # which has those texts in it


def _in_order(entries):
    """A header, the eight bytes of its length included, with its names sorted; its offsets count from its end."""
    text = canonical(json.loads(entries)).encode()
    text += b" " * (-len(text) % 8)  # as safetensors does: the tensors start at a multiple of eight bytes
    return len(text).to_bytes(8, "little") + text


class Sealed:
    """A verified file, open: its texts, and its tensors' shapes, before any of them is read."""

    def __init__(self, file: BinaryIO, size: int, kind: str):
        self._file = file
        self.tensors, self.fields, head = header.read(file, size)
        self._start, self._head, self.verified = 8 + len(head), head, False
        self._check_format(kind)
        if size <= AT_ONCE:
            self.verify()
        self.skeleton = header.parse(self.fields.get("tree", ""), "the tree")

    def shapes(self) -> Any:
        """The tree, with a header.Tensor at every leaf."""
        return tree.join(self.skeleton, self.tensors)

    def numbers(self) -> int:
        """How many numbers the tensors hold."""
        return sum(tensor.size // int(tensor.dtype[2:]) for tensor in self.tensors.values())

    def check_dtypes(self) -> None:
        """Refuse tensors of several dtypes, or of another than the package's own parts have parameters of.

        A number of one byte is no parameter: there would be room for eight times the layers.
        """
        found = {onp.dtype(tensor.dtype).name for tensor in self.tensors.values()}
        if len(found) > 1 or not found <= set(FLOATS):
            wanted = " or all ".join(FLOATS)
            raise CheckpointError(
                f"params must be arrays of real numbers, all {wanted}; got {' and '.join(sorted(found))}"
            )

    def read(self) -> Any:
        """The tree, with host arrays at its leaves. Judge `shapes()` first: this makes room for them."""
        self.verify()
        return tree.join(self.skeleton, {name: self._array(tensor) for name, tensor in self.tensors.items()})

    def _array(self, tensor):
        array = onp.empty(tensor.shape, dtype=tensor.dtype)
        self._file.seek(self._start + tensor.start)
        if tensor.size and self._file.readinto(array.reshape(-1).view(onp.uint8)) != tensor.size:
            raise CheckpointError("the file must stay as it is while it is read; it became shorter")
        return array.astype(array.dtype.newbyteorder("="), copy=False)

    def _check_format(self, kind):
        if self.fields.get("format") != FORMAT:
            raise CheckpointError(f"the format must be {FORMAT!r}; got {excerpt(self.fields.get('format'))}")
        version = self.fields.get("version")
        if version not in READABLE:
            raise CheckpointError(f"the format version must be {' or '.join(READABLE)}; got {excerpt(version)}")
        if self.fields.get("kind") != kind:
            raise CheckpointError(
                f"it must hold a {kind}; it holds a {excerpt(self.fields.get('kind'))} "
                "(nf.load reads flows; fit and minimize with checkpoint= go on with runs)"
            )

    def verify(self) -> None:
        """Refuse the file unless every byte of it is as its seal says."""
        if not self.verified:
            self._check_seal(self._head)
            self.verified = True

    def _check_seal(self, head):
        seal = self.fields.get("sha256", "").encode(errors="replace")
        if len(seal) != 64 or head.count(seal) != 1:
            raise CheckpointError("it must be sealed by one SHA-256; got none, or several")
        digest = hashlib.sha256(len(head).to_bytes(8, "little"))
        digest.update(head.replace(seal, UNSEALED))
        self._file.seek(self._start)
        while piece := self._file.read(PIECE):
            digest.update(piece)
        if digest.hexdigest().encode() != seal:
            raise CheckpointError(f"SHA-256 must be {seal.decode()[:12]}...; got {digest.hexdigest()[:12]}...: damaged")


@contextmanager
def opened(path: Any, kind: str) -> Iterator[Sealed]:
    """The verified file `path`; errors inside name it."""
    with about(path):
        try:
            mode = os.stat(path).st_mode  # before opening: to open a pipe would wait for its writer
            if not stat.S_ISREG(mode):
                raise CheckpointError(f"a checkpoint must be a file; got a {atomic.kind_of_node(mode)}")
            with open(path, "rb") as file:
                yield Sealed(file, os.fstat(file.fileno()).st_size, kind)
        except OSError as error:
            raise CheckpointError(f"a checkpoint must be a file that can be read; {error.strerror}") from None
