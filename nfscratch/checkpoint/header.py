"""The header of a safetensors file, read as if an enemy had written it.

    8 bytes, little-endian: n      n bytes of JSON: {"name": {"dtype", "shape", "data_offsets"}, ...}      the data

Nothing is made room for that the file has no bytes for: n is at most what is there and at most 2 MiB; JSON has at
most 100,000 brackets, 400 of them in one another; the tensors lie end to end and fill the data exactly.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite, prod
from typing import Any, BinaryIO

from nfscratch.checkpoint.atomic import SpecialFileError
from nfscratch.excerpt import excerpt

LIMIT = 2 * 2**20
BRACKETS = 100_000
DEEPEST = 400  # brackets in one another: 99 chains. Python's own limit depends on who calls, in `save` and in `load`
AXES = 32  # of a tensor
LONGEST = 400  # characters of a message
DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "|u1",
    "BOOL": "|b1",
}


class CheckpointError(ValueError):
    """A file that is no checkpoint, is damaged, or is one of something else; or what cannot be written as one."""


@contextmanager
def about(path: Any) -> Iterator[None]:
    """Errors inside name the file, once. What is no regular file is no checkpoint."""
    try:
        yield
    except (CheckpointError, SpecialFileError) as error:
        message = str(error).removeprefix(f"{path}: ")
        raise CheckpointError(f"{path}: {_on_one_line(message)}") from None
    except RecursionError:
        raise CheckpointError(f"{path}: a flow and its parameters must be a tree of bounded depth") from None


def _on_one_line(message):
    """A message as it can be printed, with the middle left out of a long one: it may quote the file."""
    short = _cut(message)
    return _cut("".join(c if c.isprintable() else repr(c)[1:-1] for c in short))


def _cut(text):
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 3 :]}"


@dataclass(frozen=True)
class Tensor:
    """Where a tensor lies in the data, and what it is."""

    dtype: str  # NumPy's name for it
    shape: tuple[int, ...]
    start: int
    size: int  # bytes


def read(file: BinaryIO, file_size: int) -> tuple[dict[str, Tensor], dict[str, str], bytes]:
    """Tensors by name, the metadata, and the header's own bytes."""
    if file_size < 8:
        raise CheckpointError(f"a checkpoint must have at least 8 bytes; got {file_size}")
    length = int.from_bytes(file.read(8), "little")
    if length > file_size - 8:
        raise CheckpointError(
            f"the header must lie within the file; got {length} bytes of it in a file of {file_size}: "
            "it is no checkpoint, or it was cut short"
        )
    if length > LIMIT:
        raise CheckpointError(f"the header must have at most {LIMIT} bytes; got {length}")
    raw = file.read(length)
    entries = parse(raw, "the header")
    if not isinstance(entries, dict):
        raise CheckpointError(f"the header must be a JSON object; got a {type(entries).__name__}")
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise CheckpointError("the metadata must be texts by name; got something else")
    tensors = {name: _tensor(name, entry, file_size) for name, entry in entries.items()}
    _check_tiling(tensors, file_size - 8 - length)
    return tensors, metadata, raw


def parse(text: str | bytes, what: str) -> Any:
    """JSON of bounded size and depth, without repeated names and without NaN, in `save` as in `load`."""
    opening = ("[", "{") if isinstance(text, str) else (b"[", b"{")
    if len(text) > LIMIT or sum(text.count(bracket) for bracket in opening) > BRACKETS:
        raise CheckpointError(f"{what} must have at most {LIMIT} bytes and {BRACKETS} brackets; got more")
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(text, object_pairs_hook=_once, parse_float=_finite, parse_constant=_finite)
        return _not_deep(value)
    except CheckpointError as error:
        raise CheckpointError(f"{what} {error}") from None
    except (ValueError, RecursionError):
        raise CheckpointError(f"{what} must be JSON; got something else: it is no checkpoint, or damaged") from None


def _not_deep(value):
    level, depth = [value], 0
    while level := [node for node in level if isinstance(node, (dict, list))]:
        depth += 1
        if depth > DEEPEST:
            raise CheckpointError(f"must have at most {DEEPEST} brackets in one another; got more")
        level = [child for node in level for child in (node.values() if isinstance(node, dict) else node)]
    return value


def _once(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        raise CheckpointError("must name everything once; got a name twice")
    return found


def _finite(text):
    if not isfinite(float(text)):
        raise CheckpointError(f"must have finite numbers; got {excerpt(text)}")
    return float(text)


def _tensor(name, entry, file_size):
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise CheckpointError(f"tensor {excerpt(name)} must have dtype, shape and data_offsets; got {excerpt(entry)}")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise CheckpointError(f"tensor {excerpt(name)} must have a dtype of {', '.join(DTYPES)}; got {excerpt(dtype)}")
    if not _are_counts(shape) or len(shape) > AXES:
        many = f"; got {len(shape)} axes, more than {AXES}" if isinstance(shape, list) and len(shape) > AXES else ""
        raise CheckpointError(
            f"tensor {excerpt(name)} must have a shape of whole numbers{many or f'; got {excerpt(shape)}'}"
        )
    if not _are_counts(offsets) or len(offsets) != 2:
        raise CheckpointError(f"tensor {excerpt(name)} must have two offsets; got {excerpt(offsets)}")
    width = int(DTYPES[dtype][2:])
    if prod(max(n, 1) for n in shape) * width > max(file_size, 2**24):  # an empty tensor has room for odd shapes
        raise CheckpointError(
            f"tensor {excerpt(name)} must fit the file of {file_size} bytes; got shape {excerpt(shape)}"
        )
    start, size = offsets[0], prod(shape) * width
    if offsets[1] - start != size:
        raise CheckpointError(
            f"tensor {excerpt(name)} must have {size} bytes, by its shape; got offsets {excerpt(offsets)}"
        )
    return Tensor(DTYPES[dtype], tuple(shape), start, size)


def _are_counts(value):
    return isinstance(value, list) and all(type(n) is int and n >= 0 for n in value)


def _check_tiling(tensors, data_size):
    end = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].size)):
        if tensor.start != end:
            raise CheckpointError(
                f"tensor {excerpt(name)} must start where the last one ends, at {end}; got {tensor.start}"
            )
        end += tensor.size
    if end != data_size:
        raise CheckpointError(f"the tensors must fill the data; got {end} bytes of tensors and {data_size} of data")
