"""Range coding: symbols with whole-number counts become bytes, at -log2(count / total) bits each.

The bytes are the digits, to the base 256, of a number in an interval. It starts as [low, low + range) = [0, 2^64), and
every symbol cuts out its share. With c_0 = 0 <= c_1 <= ... <= c_K = total, symbol k with the counts c_k ... c_{k+1}:

    step = floor(range / total)
    low += step c_k,      range = step (c_{k+1} - c_k)                                                   (1)
    where range < 2^56:   the first byte of low is written, low and range are multiplied by 256          (2)

A symbol shrinks the interval by its probability, so the bits add up to sum -log2(count / total). Rounding in (1)
loses less than log2(1 + total / 2^56) bits a symbol. The end costs one byte: a range of 2^56 or more holds a multiple
of 2^56. Where `low` passes 2^64 the carry runs back through the bytes written.

Martin 1979, "Range encoding: an algorithm for removing redundancy from a digitised message"; the arithmetic coder of
Witten, Neal and Cleary 1987 (Communications of the ACM 30) does the same one bit at a time.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as onp

from nfscratch import validate

BITS = 64
FULL, LEAST = 1 << BITS, 1 << (BITS - 8)
LARGEST_TOTAL = 1 << 32
SPARE = BITS // 8 - 1  # bytes that the decoder reads past the end: they count as zeros


class CodeError(ValueError):
    """The bytes are not what an encoder with these counts wrote."""


class Encoder:
    """Collects symbols; `finish` returns the bytes."""

    def __init__(self):
        self._low, self._range, self._bytes = 0, FULL, bytearray()

    def encode(self, symbols: Any, cumulative: Any) -> None:
        """Append symbols (N,) in 0 ... K - 1, whose cumulative counts (N, K + 1) rise from 0 to each row's total."""
        cumulative = checked(cumulative)
        starts, ends = (onp.take_along_axis(cumulative, k, axis=1)[:, 0] for k in _edges(symbols, cumulative))
        if (ends == starts).any():
            row = int(onp.flatnonzero(ends == starts)[0])
            raise ValueError(f"a symbol must have a count of at least 1; got 0 for symbol {symbols[row]} of row {row}")
        low, width, out = self._low, self._range, self._bytes
        for start, end, total in zip(starts.tolist(), ends.tolist(), cumulative[:, -1].tolist(), strict=True):
            step = width // total  # (1)
            low += step * start
            width = step * (end - start)
            while width < LEAST:  # (2)
                low = _write_byte(out, low) << 8
                width <<= 8
        self._low, self._range = low, width

    def finish(self) -> bytes:
        """The bytes. The encoder takes no symbols afterwards that a decoder would find."""
        _write_byte(self._bytes, self._low + LEAST - 1)
        return bytes(self._bytes)


class Decoder:
    """Reads the symbols back, given the counts that the encoder had."""

    def __init__(self, data: bytes):
        self._bytes, self._next = data, 0
        self._range, self._offset = FULL, 0  # how far the number lies above `low`
        for _ in range(BITS // 8):
            self._offset = (self._offset << 8) | self._byte()

    def decode(self, cumulative: Any) -> onp.ndarray:
        """The next symbols (N,), one for each row of counts (N, K + 1); CodeError where the bytes cannot be right."""
        symbols = []
        for counts in checked(cumulative).tolist():
            step = self._range // counts[-1]
            target = self._offset // step
            if target >= counts[-1]:
                raise CodeError("the bytes must be those of an encoder with the same counts; they lie outside of them")
            symbol = bisect_right(counts, target) - 1
            self._offset -= step * counts[symbol]
            self._range = step * (counts[symbol + 1] - counts[symbol])
            while self._range < LEAST:
                self._offset, self._range = (self._offset << 8) | self._byte(), self._range << 8
            symbols.append(symbol)
        return onp.array(symbols, dtype=onp.int64)

    def finish(self) -> None:
        """CodeError unless the bytes end where the symbols do."""
        if self._next != len(self._bytes) + SPARE:
            left = len(self._bytes) + SPARE - self._next
            raise CodeError(f"the bytes must end with the last symbol; {left} more were there")

    def _byte(self):
        at, self._next = self._next, self._next + 1
        if at >= len(self._bytes) + SPARE:
            raise CodeError(
                f"the bytes must hold all symbols; all {len(self._bytes)} of them were read before the last"
            )
        return self._bytes[at] if at < len(self._bytes) else 0


def checked(cumulative: Any) -> onp.ndarray:
    """Cumulative counts (N, K + 1) as whole numbers, or ValueError."""
    counts = onp.asarray(validate.numeric("counts", cumulative))
    if counts.ndim != 2 or counts.shape[1] < 2 or counts.dtype.kind not in "iu":
        raise ValueError(f"counts must be whole numbers (N, K + 1); got {counts.dtype} of shape {counts.shape}")
    counts = counts.astype(onp.int64, copy=False)
    good = (counts[:, 0] == 0) & (counts[:, -1] > 0) & (counts[:, -1] <= LARGEST_TOTAL)
    good &= (onp.diff(counts, axis=1) >= 0).all(axis=1)
    if not good.all():
        row = int(onp.flatnonzero(~good)[0])
        raise ValueError(f"counts must rise from 0 to a total of 1 ... {LARGEST_TOTAL}; row {row} does not")
    return counts


def _edges(symbols, cumulative):
    """Columns of the counts below and above each symbol: (N, 1) each."""
    symbols, kinds = onp.asarray(symbols), cumulative.shape[1] - 1
    if symbols.shape != cumulative.shape[:1] or (symbols.dtype.kind not in "iu" and symbols.size):
        raise ValueError(f"symbols must be {len(cumulative)} whole numbers; got {symbols.dtype} of {symbols.shape}")
    symbols = symbols.astype(onp.int64)[:, None]
    if ((symbols < 0) | (symbols >= kinds)).any():
        raise ValueError(f"symbols must lie in 0 ... {kinds - 1}; got {symbols.min()} to {symbols.max()}")
    return symbols, symbols + 1


def _write_byte(out, low):
    """Append the first byte of low, after the carry; returns what is left of low."""
    if low >= FULL:
        low -= FULL
        at = len(out) - 1
        while out[at] == 255:
            out[at] = 0
            at -= 1
        out[at] += 1
    out.append(low >> (BITS - 8))
    return low & (LEAST - 1)
