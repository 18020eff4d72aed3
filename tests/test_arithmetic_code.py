"""codes/arithmetic.py: exact for any counts, as short as the counts say, and clear about bytes that are no code."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.codes.arithmetic import LARGEST_TOTAL

codes = nf.codes


def rng(seed=0):
    return onp.random.default_rng(seed)


def cumulative(counts):
    counts = onp.atleast_2d(counts)
    return onp.concatenate([onp.zeros((len(counts), 1), int), onp.cumsum(counts, axis=1)], axis=1)


def drawn(r, counts):
    """Symbols that follow their own counts, one a row."""
    edges = cumulative(counts)
    return (edges[:, 1:] <= (r.random(len(edges)) * edges[:, -1])[:, None]).sum(axis=1)


def encoded(symbols, edges):
    encoder = codes.Encoder()
    encoder.encode(symbols, edges)
    return encoder.finish()


def bits(symbols, counts):
    counts = onp.atleast_2d(counts)
    chosen = onp.take_along_axis(counts, onp.asarray(symbols)[:, None], axis=1)[:, 0]
    return -onp.log2(chosen / counts.sum(axis=1)).sum()


def there_and_back(symbols, counts):
    """The bytes, once they have given the symbols back."""
    edges = cumulative(counts)
    data = encoded(symbols, edges)
    decoder = codes.Decoder(data)
    onp.testing.assert_array_equal(decoder.decode(edges), symbols)
    decoder.finish()
    return data


@pytest.mark.parametrize("total", [3, 2**8, 2**16, 2**24, LARGEST_TOTAL])
@pytest.mark.parametrize("levels", [2, 5, 40])
def test_random_counts_come_back_at_the_length_that_they_say(total, levels):
    r = rng([total % 1000, levels])
    shares = r.dirichlet(onp.full(levels, 0.3), size=500)
    counts = onp.floor(shares * (total - 1)).astype(int)
    counts[onp.arange(500), r.integers(levels, size=500)] += 1  # some are 0, never all
    symbols = drawn(r, counts)
    data = there_and_back(symbols, counts)
    assert bits(symbols, counts) <= 8 * len(data) <= bits(symbols, counts) + 16


@pytest.mark.parametrize("rare", [0, 1])
def test_a_nearly_certain_symbol_costs_nearly_nothing(rare):
    counts = onp.tile([2**20 - 1, 1], (20_000, 1))
    symbols = onp.zeros(20_000, int)
    symbols[777] = rare
    data = there_and_back(symbols, counts)
    assert 8 * len(data) <= bits(symbols, counts) + 16
    assert len(data) == (1, 3)[rare]  # 0.03 bits, and 20 more for the rare one, and the byte at the end


def test_many_rare_symbols_in_a_row_need_several_bytes_each():
    counts = onp.tile([1, LARGEST_TOTAL - 1], (300, 1))
    assert len(there_and_back(onp.zeros(300, int), counts)) <= 300 * 4 + 2


def test_one_possible_symbol_costs_nothing():
    assert len(there_and_back(onp.zeros(1000, int), onp.full((1000, 1), 7))) == 1


def test_no_symbols_at_all():
    assert len(there_and_back(onp.zeros(0, int), onp.zeros((0, 3), int))) == 1


def test_a_carry_runs_back_through_the_bytes_written():
    """Always the last of three symbols: the number stays close to the upper end, 255 255 255 ..."""
    counts = onp.tile([2**23, 2**22, 2**22 + 1], (400, 1))
    there_and_back(onp.full(400, 2), counts)
    symbols = onp.full(400, 2)
    symbols[-40:] = rng().integers(3, size=40)
    for end in range(360, 400):
        there_and_back(symbols[:end], counts[:end])


def test_it_may_be_fed_in_pieces():
    r = rng(3)
    counts = r.integers(1, 50, size=(90, 4))
    symbols = drawn(r, counts)
    edges, encoder = cumulative(counts), codes.Encoder()
    for piece in (slice(0, 1), slice(1, 60), slice(60, 60), slice(60, 90)):
        encoder.encode(symbols[piece], edges[piece])
    assert encoder.finish() == encoded(symbols, edges)


def test_missing_and_added_bytes_are_named():
    counts = rng().integers(1, 50, size=(200, 6))
    edges = cumulative(counts)
    data = encoded(drawn(rng(), counts), edges)
    for broken in (data[: len(data) // 2], b"", data + b"\0", data[:-1] + b"\0\0\0\0\0\0\0\0\0"):
        with pytest.raises(codes.CodeError, match="the bytes must"):
            decoder = codes.Decoder(broken)
            decoder.decode(edges)
            decoder.finish()


def test_any_bytes_give_symbols_or_an_error():
    r, seen = rng(5), set()
    counts = onp.tile([2, 3, 2**16 + 1], (100, 1))
    for _ in range(200):
        try:
            decoder = codes.Decoder(r.integers(256, size=r.integers(40), dtype=onp.uint8).tobytes())
            symbols = decoder.decode(cumulative(counts))
            assert ((symbols >= 0) & (symbols < 3)).all()
            seen.add("symbols")
            decoder.finish()
        except codes.CodeError:
            seen.add("an error")
    assert seen == {"symbols", "an error"}


def test_bytes_outside_of_every_symbol_are_refused():
    """3 steps of floor(2^64 / 3) leave a rest that no encoder reaches."""
    with pytest.raises(codes.CodeError, match="outside"):
        codes.Decoder(b"\xff" * 8).decode(onp.array([[0, 1, 3]]))


@pytest.mark.parametrize(
    ("symbols", "edges", "message"),
    [
        ([0], [[0, 0, 3]], "count of at least 1; got 0 for symbol 0"),
        ([2], [[0, 1, 3]], r"symbols must lie in 0 ... 1; got 2"),
        ([-1], [[0, 1, 3]], r"symbols must lie in 0 ... 1; got -1"),
        ([0, 1], [[0, 1, 3]], "symbols must be 1 whole numbers"),
        ([0.5], [[0, 1, 3]], "symbols must be 1 whole numbers"),
        ([0], [[0, 2, 1]], "counts must rise"),
        ([0], [[1, 2, 3]], "counts must rise"),
        ([0], [[0, 0, 0]], "counts must rise"),
        ([0], [[0, 1, LARGEST_TOTAL + 1]], "counts must rise"),
        ([0], [[0.0, 1.0]], "counts must be whole numbers"),
        ([0], [0, 1], "counts must be whole numbers"),
    ],
)
def test_what_cannot_be_encoded_is_refused(symbols, edges, message):
    with pytest.raises(ValueError, match=message):
        codes.Encoder().encode(onp.array(symbols), onp.array(edges))
