"""Rows as bytes under a MADE of discrete variables, and back: about -log2 p(x) bits for a row x.

    theta_i = MADE(x_1 ... x_{i-1}),    x_i costs -log2 p(x_i; theta_i) bits,    sum_i = -log2 p(x)         (1)

One stream, variable by variable: x_1 of all rows, then x_2 of all rows, ... The encoder knows all of x and computes
every theta in one pass. The decoder computes theta_i of all rows at once when it has their x_1 ... x_{i-1}; with the
one-pass sampler (ops/one_pass.py), that again costs one pass in all. Both compute in whole numbers
(`whole_network.py`, `softmax_counts.py`), so they get the same counts although they add up in different orders.

    1 byte: the version    4: fingerprint of the model    4: N    4: check sum of all that    then the stream

    data = nf.codes.encode(made, params, rows)
    rows = nf.codes.decode(made, params, data)
"""

from __future__ import annotations

import struct
from typing import Any
from zlib import crc32

import numpy as onp

from nfscratch import trees, validate
from nfscratch.codes.arithmetic import CodeError, Decoder, Encoder
from nfscratch.codes.softmax_counts import WEIGHTS, counts_of
from nfscratch.codes.whole_network import OUTPUT, UNIT, WholeNetwork
from nfscratch.distributions import AutoregressiveDensity
from nfscratch.excerpt import excerpt
from nfscratch.flows.parameters import Comparison

VERSION = 1
HEADER, CHECK = struct.Struct("<BII"), struct.Struct("<I")
CHUNK = 4096  # rows that are in the network at a time


def encode(made: AutoregressiveDensity, params: Any, rows: Any) -> bytes:
    """The rows (N, D) as bytes. made: with nf.Bernoulli() or nf.Categorical(K), and no context."""
    model = _Coder(made, params)
    levels = model.levels_of(rows)
    stream = Encoder()
    for chunk in _chunks(len(levels)):
        theta = model.network.outputs(model.inputs(levels[chunk].T))
        for variable, of_one in zip(levels[chunk].T, theta, strict=True):
            stream.encode(variable, model.counts(of_one))
    head, body = HEADER.pack(VERSION, model.fingerprint, len(levels)), stream.finish()
    return head + CHECK.pack(crc32(body, crc32(head))) + body


def decode(made: AutoregressiveDensity, params: Any, data: bytes) -> onp.ndarray:
    """The rows (N, D) of `encode`, equal to the last bit, on the host. CodeError where the bytes are damaged.

    They must come from the same model: the same `made`, and parameters that are equal number for number.
    """
    model = _Coder(made, params)
    n, stream = _opened(data, model.fingerprint)
    rows = onp.empty((n, made.dim), dtype=model.dtype)
    for chunk in _chunks(n):

        def value(i, theta, into=rows[chunk]):
            level = stream.decode(model.counts(theta))
            into[:, made.order[i]] = model.values(level)
            return model.inputs(level)

        model.network.one_by_one(value, len(rows[chunk]))
    stream.finish()
    return rows


class _Coder:
    """What both sides share: the model in whole numbers."""

    def __init__(self, made, params):
        validate.part("made", made, AutoregressiveDensity, "nf.AutoregressiveDensity(64, nf.Bernoulli())")
        if made.conditional.n_levels < 2:
            raise TypeError(f"conditional must be nf.Bernoulli() or nf.Categorical(K); got {excerpt(made.conditional)}")
        if made.context_dim:
            raise ValueError(f"made must have no context; got context_dim={made.context_dim}")
        Comparison(onp.random.default_rng(0)).part(made, (), params, "params")
        self.made, self.levels = made, made.conditional.n_levels
        self.dtype = trees.first_array(params).dtype
        self.network = WholeNetwork(made.conditioner, params, made.dim)
        about = onp.array([self.levels, *made.order, *WEIGHTS])
        self.fingerprint = crc32(about.tobytes(), self.network.fingerprint())

    def levels_of(self, rows):
        """Rows in the order of the variables, as levels 0 ... K - 1: (N, D)."""
        rows = validate.events("rows", rows, (self.made.dim,), onp.empty(0))
        levels = onp.rint(rows * (self.levels - 1)).astype(onp.int64)
        off = ((levels < 0) | (levels >= self.levels) | (abs(rows * (self.levels - 1) - levels) > 1e-4)).any(axis=1)
        if off.any():
            top = self.levels - 1
            grid = "0 and 1" if top == 1 else f"0, 1/{top}, ..., 1"
            raise ValueError(f"rows must hold only {grid}; got other numbers in row {onp.flatnonzero(off)[0]}")
        return levels[:, self.made.order]

    def inputs(self, levels):
        """What the network sees of levels: whole numbers in units of 2^-12."""
        return onp.rint(levels * (UNIT / (self.levels - 1)))

    def values(self, levels):
        return levels.astype(self.dtype) / self.dtype.type(self.levels - 1)

    def counts(self, theta):
        """Cumulative counts (N, K + 1) of theta (P, N); a Bernoulli's logits are 0 and l."""
        return counts_of(theta if len(theta) > 1 else onp.concatenate([onp.zeros_like(theta), theta]), OUTPUT)


def _opened(data, fingerprint):
    """The number of rows and the stream's decoder, once the bytes are known to be whole and from this model."""
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"data must be bytes; got {type(data).__name__}")
    data, start = bytes(data), HEADER.size + CHECK.size
    if len(data) <= start:
        raise CodeError(f"data must be the bytes of nf.codes.encode, more than {start}; got {len(data)}")
    (version, model, n), (check,) = HEADER.unpack(data[: HEADER.size]), CHECK.unpack(data[HEADER.size : start])
    if crc32(data[start:], crc32(data[: HEADER.size])) != check:
        raise CodeError("data must be the bytes of nf.codes.encode, all of them unchanged; their check sum is wrong")
    if version != VERSION:
        raise CodeError(f"data must have version {VERSION}; got {version}")
    if model != fingerprint:
        raise CodeError("params must be those with which the rows were encoded; these bytes come from others")
    return n, Decoder(data[start:])


def _chunks(n):
    return [slice(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]
