"""Input at the boundary: data and arguments from a caller are checked once and cast once.

A message names the argument, the requirement and the value that came. The caller's own arrays are never written to.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Set
from inspect import signature
from math import isfinite, prod
from numbers import Real
from types import MappingProxyType
from typing import Any

import numpy as onp
from autograd.tracer import isbox

from nfscratch import backend
from nfscratch.array_kinds import is_native, listed_rows, plain
from nfscratch.excerpt import excerpt
from nfscratch.ops.events import laid_out

MOST = 2**62  # what a count can be at most: NumPy's sizes end at twice that
LARGEST = 2**31  # what a size of a part can be at most, and the numbers of one event: 16 GB in float64
FAR = 1e30  # what a scale can be at most: float32 ends at 3.4e38, and what is made of a scale has room there


def events(name: str, x: Any, shape: tuple[int, ...], like: Any, laid: bool = True) -> Any:
    """`x` as an array (N, *shape), with the type and dtype of the array `like`; laid: batch-last in memory."""
    if isbox(x):  # under a derivative: its dtype and values cannot be changed or checked any more
        _check_shape(name, x, shape, x)
        return x
    given, x = x, numeric(name, x)
    _check_shape(name, x, shape, given)
    with onp.errstate(over="ignore"):  # a value too large for the dtype becomes infinite, and is refused below
        x = backend.asarray(x, dtype=like.dtype, like=like)
    finite(name, x)
    return laid_out(x) if laid else x


def hint_of_images(name, value, shape):
    """How images get their axis of channels, or get it to the front."""
    given = tuple(value.shape[1:])
    if (1, *given) == shape:
        return f"; for one channel pass {name}[:, None]"
    if shape[0] == 1 and given == (*shape[1:], 3):
        return f"; colour has three channels: make the flow for {(3, *shape[1:])}, or mean over the last axis for grey"
    return f"; channels come first, numpy.moveaxis({name}, -1, 1)" if given == (*shape[1:], shape[0]) else ""


def finite(name: str, x: Any) -> None:
    """Refuse NaN and infinity, by row number."""
    if bool(onp.isfinite(x).all()):
        return
    good = onp.isfinite(x).reshape(len(x), -1).all(axis=1)
    rows = onp.flatnonzero(~backend.to_numpy(good))
    first = onp.ravel(backend.to_numpy(x[int(rows[0])]))
    column = int(onp.argmin(onp.isfinite(first)))
    which = f"; the first is {first[column]}, in column {column}" if x.ndim == 2 else ""
    if which and len(x) > 1 and len(first) > 1 and not onp.isfinite(x[:, column]).any():
        which += ", which has no number in any row: leave it out"
    raise ValueError(f"{name} must be finite; NaN or infinity in {listed_rows(rows)}{which}")


def is_in_order(given: Any) -> bool:
    """Whether what can be iterated over has its numbers in the order of the caller, and is no text or bytes."""
    return not isinstance(given, (str, bytes, bytearray, Mapping, Set))


def listed(given: Any) -> tuple:
    """`given` as a tuple. A set has no order, and the words are those of its field's type (typed_fields.py)."""
    if not is_in_order(given):
        raise TypeError("the order of a set is chance")
    return tuple(given)


def event_shape(who: str, given: Any, axes: Collection[int] = range(1, 33)) -> tuple[int, ...]:
    """`given`, one size D or a sequence of sizes, as a tuple of ints; `axes`: how many sizes `who` takes."""
    try:
        sizes = tuple(given) if is_in_order(given) else (given,)
    except TypeError:  # one size
        sizes = (given,)
    whole = all(isinstance(n, (int, onp.integer)) and not isinstance(n, bool) and n >= 1 for n in sizes)
    if len(sizes) not in axes or not whole:
        raise ValueError(f"{who} takes a shape D, (D,) or (C, H, W); got {excerpt(given)}")
    if prod(map(int, sizes)) > LARGEST:
        raise ValueError(f"{who} takes a shape of at most {LARGEST} numbers; got {excerpt(given)}")
    return tuple(int(n) for n in sizes)


def count(name: str, n: Any, least: int = 0, most: float | None = None) -> int:
    """`n` as an int of at least `least` and at most `most`."""
    if isinstance(n, bool) or not isinstance(n, (int, onp.integer)) or n < least:
        raise ValueError(f"{name} must be an integer of at least {least}; got {excerpt(n)}")
    if n > (MOST if most is None else most):
        raise ValueError(f"{name} must be at most {MOST if most is None else most}; got {excerpt(n)}")
    return int(n)


def size(name: str, n: Any, least: int = 1) -> int:
    """`n` as an int of at least `least`, and not so large that no array could have it as a side."""
    return count(name, n, least, LARGEST)


def seed(n: Any) -> int:
    """`n` as the seed of a generator: an integer of at least 0, of any size."""
    return count("seed", n, most=onp.inf)


def flag(name: str, value: Any) -> bool:
    """`value`, if it is True or False, or 1 or 0, such as the k % 2 of layer k."""
    if not isinstance(value, (bool, onp.bool_, int, onp.integer)) or value not in (0, 1):
        raise ValueError(f"{name} must be True or False; got {excerpt(value)}")
    return bool(value)


def is_finite(value: Any) -> bool:
    """Whether it is a finite real number that a float can hold: 10**400 is none, and neither are True and False."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and isfinite(float(value))
    except OverflowError:
        return False


def positive(name: str, value: Any) -> None:
    """Refuse anything but a positive finite number."""
    if not is_finite(value) or not value > 0:
        raise ValueError(f"{name} must be positive and finite; got {excerpt(value)}")


def bound(name: str, value: Any) -> None:
    """Refuse a half-width b of an interval [-b, b] whose length, squared or inverted, is no number of float32."""
    positive(name, value)
    if not 1e-18 <= value <= 1e18:
        raise ValueError(f"{name} must be at {'most 1e18' if value > 1 else 'least 1e-18'}; got {excerpt(value)}")


def divisor(name: str, value: Any) -> None:
    """Refuse what float32 cannot divide by, in float64 too: a flow may change its dtype.

    Where value or 1 / value is infinite, its product with 0 is NaN.
    """
    factor(name, value)
    if value < 1e-30:
        raise ValueError(f"{name} must be at least 1e-30, to be divided by; got {excerpt(value)}")


def factor(name: str, value: Any) -> None:
    """Refuse a positive number that is infinite in float32, or nearly so."""
    positive(name, value)
    if value > FAR:
        raise ValueError(f"{name} must be at most 1e30, to be a number of float32; got {excerpt(value)}")


def not_negative(name: str, value: Any) -> None:
    """Refuse anything but a finite number of at least 0."""
    if not is_finite(value) or not value >= 0:
        raise ValueError(f"{name} must be at least 0 and finite; got {excerpt(value)}")


def choice(name: str, value: Any, options: Collection) -> None:
    """Refuse what is not one of `options`."""
    if not isinstance(value, Hashable) or value not in tuple(options):
        raise ValueError(f"{name} must be one of {', '.join(map(str, options))}; got {excerpt(value)}")


def part(name: str, value: Any, kind: type, example: str) -> None:
    """Refuse what is not of the class `kind`: the class itself, a number, another part."""
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise TypeError(f"{name} must be {article} {kind.__name__}, such as {example}; got {excerpt(value)}")


def function(name: str, value: Any, arguments: str, count: int) -> None:
    """Refuse what cannot be called with `count` arguments; `arguments`: what they are, in words."""
    if not callable(value):
        raise TypeError(f"{name} must be a function of {arguments}; got {excerpt(value)}")
    try:
        takes = signature(value, follow_wrapped=False)  # a decorator may call with other arguments than it gets
    except (TypeError, ValueError):  # one of C, that does not say
        return
    try:
        takes.bind(*range(count))
    except TypeError:
        called = f"called with {count} argument{'s' * (count > 1)}"
        own = getattr(value, "__name__", type(value).__name__)
        raise TypeError(f"{name} must be a function of {arguments}, {called}; got {own}{takes}") from None


def seeded(rng: Any) -> onp.random.Generator:
    """`rng` itself, or the generator with this integer seed. None is refused: a result must be repeatable."""
    if isinstance(rng, onp.random.Generator):
        return rng
    if isinstance(rng, bool) or not isinstance(rng, (int, onp.integer)) or rng < 0:
        raise TypeError(
            "rng must be a numpy.random.Generator, such as numpy.random.default_rng(0), or an integer seed of at "
            f"least 0; got {excerpt(rng)}"
        )
    return onp.random.default_rng(int(rng))


def generator(rng: Any) -> None:
    """Refuse anything but a numpy Generator. The usual mistake is a bare seed."""
    if not isinstance(rng, onp.random.Generator):
        raise TypeError(
            f"rng must be a numpy.random.Generator, such as numpy.random.default_rng(0); got {excerpt(rng)}"
        )


def numeric(name: str, x: Any, remedies: Mapping[str, str] = MappingProxyType({})) -> Any:
    """`x` as an array of real numbers, in its own dtype and on its own device. remedies: by the kind of a dtype."""
    x = plain(name, x)
    if x.dtype.kind not in "biuf":
        usual = dict.fromkeys("OUST", f"if they stand for numbers, pass numpy.asarray({name}, float)")
        remedy = "".join(f"; {table[x.dtype.kind]}" for table in (remedies or usual,) if x.dtype.kind in table)
        raise TypeError(f"{name} must be an array of real numbers; got dtype {x.dtype}{remedy}")
    return x


def row(name: str, given: Any) -> tuple[float, ...]:
    """`given`, D numbers in an order, infinite ones among them, as a tuple of floats."""
    given = given if hasattr(given, "dtype") else listed(given)
    if isinstance(given, tuple) and all(isinstance(end, Real) for end in given):
        return tuple(map(float, given))  # one that no float can hold: the words are those of its field's type
    x = numeric(name, given)
    if x.ndim != 1:
        raise ValueError(f"{name} must have D numbers, shape (D,); got shape {tuple(x.shape)}")
    return tuple(map(float, backend.to_numpy(x)))


def _check_shape(name: str, x: Any, shape: tuple[int, ...], given: Any) -> None:
    if tuple(x.shape[1:]) != tuple(shape) or x.ndim == 0:
        expected = f"(N, {', '.join(map(str, shape))})" if shape else "(N,)"
        raise ValueError(f"{name} must have shape {expected}; got {tuple(x.shape)}{_hint(name, x, shape, given)}")


def _hint(name: str, x: Any, shape: tuple[int, ...], given: Any) -> str:
    """How the caller's own object, `given`, gets the axis that is missing. A list or a Series takes no new axis."""
    array = name if isbox(given) or is_native(given) else f"numpy.asarray({name})"
    if x.ndim == 1 and tuple(shape) == (1,):
        return f"; for one variable pass {array}[:, None]"
    if tuple(x.shape) == tuple(shape):
        return f"; for one point pass {array}[None]"
    if x.ndim == 2 and x.shape[:1] == tuple(shape):
        return f"; if each column is an event, pass {array}.T"
    if len(shape) == 3 and x.ndim > 0:
        return hint_of_images(array, x, tuple(shape))
    return ""
