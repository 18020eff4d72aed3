"""Endless random damage: what memory, disks, transfers and people do to a file. Its seal does not fit any more."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator

import numpy as onp

BLOCK = 512


def end_of_header(content: bytes) -> int:
    return 8 + int.from_bytes(content[:8], "little")


def anywhere(content, rng):
    return int(rng.integers(len(content)))


def cut_short(content, rng, other):
    return content[: anywhere(content, rng)]


def a_bit(content, rng, other):
    return _flipped(content, anywhere(content, rng), rng)


def a_bit_of_the_header(content, rng, other):
    return _flipped(content, int(rng.integers(end_of_header(content))), rng)


def _flipped(content, at, rng):
    return content[:at] + bytes([content[at] ^ (1 << int(rng.integers(8)))]) + content[at + 1 :]


def a_lost_block(content, rng, other):
    at = anywhere(content, rng)
    lost = len(content[at : at + BLOCK])
    return content[:at] + bytes([int(rng.choice([0, 255]))]) * lost + content[at + lost :]


def bytes_that_came_twice(content, rng, other):
    at = anywhere(content, rng)
    return content[:at] + content[at : at + int(rng.integers(1, 64))] + content[at:]


def bytes_that_did_not_come(content, rng, other):
    at = anywhere(content, rng)
    return content[:at] + content[at + int(rng.integers(1, 64)) :]


def a_digit_of_the_header(content, rng, other):
    digits = [i for i in range(8, end_of_header(content)) if 48 <= content[i] < 58]
    at = digits[int(rng.integers(len(digits)))]
    return content[:at] + bytes([int(rng.integers(48, 58))]) + content[at + 1 :]


def two_pieces_that_changed_places(content, rng, other):
    new, at, there = bytearray(content), anywhere(content, rng), anywhere(content, rng)
    new[at : at + 32], new[there : there + 32] = new[there : there + 32], new[at : at + 32]
    return bytes(new)


def the_header_of_another_file(content, rng, other):
    return other[: end_of_header(other)] + content[end_of_header(content) :]


def half_of_another_file(content, rng, other):
    at = anywhere(content, rng)
    return content[:at] + other[at:]


def twice(content, rng, other):
    return content + content


def its_header_twice(content, rng, other):
    return content[: end_of_header(content)] + content


def two_tensors_that_changed_places(content, rng, other):
    end = end_of_header(content)
    header = json.loads(content[8:end])
    names = [name for name in header if name != "__metadata__"]
    if len(names) > 1:
        one, two = rng.choice(names, 2, replace=False)
        header[one], header[two] = header[two], header[one]
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[end:]


def a_zip_archive(content, rng, other):
    """The file as an archive, an archive behind it, an archive that holds a larger one, or compressed."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("arr_0.npy", content if rng.random() < 0.5 else bytes(2**20))
    archive = archive.getvalue()
    return [archive, content + archive, archive + content, gzip.compress(content, mtime=0)][int(rng.integers(4))]


KINDS = (
    *(cut_short, a_bit, a_bit_of_the_header, a_lost_block, bytes_that_came_twice, bytes_that_did_not_come),
    *(a_digit_of_the_header, two_pieces_that_changed_places, the_header_of_another_file, half_of_another_file),
    *(twice, its_header_twice, two_tensors_that_changed_places, a_zip_archive),
)


def damages(content: bytes, rng: onp.random.Generator, other: bytes | None = None) -> Iterator[tuple[str, bytes]]:
    """(kind, damaged content), without end; some damage undoes itself. other: a second good file, to mix with."""
    while True:
        kind = KINDS[int(rng.integers(len(KINDS)))]
        yield kind.__name__, kind(content, rng, content[::-1] if other is None else other)
