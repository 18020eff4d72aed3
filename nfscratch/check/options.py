"""The arguments of an audit: each is named where it is of a wrong kind, or where this subject has no use for it."""

from __future__ import annotations

from math import isfinite
from numbers import Integral, Real
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.backend import DTYPES
from nfscratch.bijections.contract import Bijection
from nfscratch.check.report import LETTERS
from nfscratch.flows.flow import Flow

STRUCTURES = (
    "dense", "diagonal", "permutation", "identity", "triangular", "block triangular", "identity + rank 1",
)  # fmt: skip


def letters_of(letters: Any) -> str:
    """The letters to run, in the order given."""
    if letters is None:
        return LETTERS
    if not isinstance(letters, str):
        raise TypeError(f"letters must be a text, as 'SRJ'; got {type(letters).__name__}")
    found = letters.upper().replace(",", "").replace(" ", "")
    if not found:
        raise ValueError(f"letters must name at least one of {LETTERS}; got {letters!r}")
    if unknown := set(found) - set(LETTERS):
        raise ValueError(f"letters must be among {LETTERS}; got {''.join(sorted(unknown))!r}")
    return found


def check_options(subject: Any, dims: Any, default_dims: Any, declared: dict, options: dict) -> None:
    """Raise for what is wrong, or does not apply."""
    if isinstance(subject, type) and issubclass(subject, (Bijection, Flow)) and not _takes_dim_alone(subject):
        raise TypeError(f"an audit takes a Bijection, a Flow, a factory or a pair; got the class {subject.__name__}")
    _check_values(dims, declared, options)
    made = isinstance(subject, (Bijection, Flow))
    pair = isinstance(subject, (tuple, list))
    if made and dims is not default_dims:
        raise ValueError(f"dims must be left out for a {_kind(subject)}, which has its own; got {dims!r}")
    if not pair and (given := [k for k, v in declared.items() if v is not None]):
        raise ValueError(
            f"{given[0]} must be left out unless two plain functions are audited; got {declared[given[0]]!r}"
        )
    if pair and (given := [k for k in ("params", "context") if options[k] is not None]):
        raise ValueError(f"{given[0]} must be left out for two plain functions, which take none; got it")
    if made:
        _check_made(subject, options)


def _takes_dim_alone(cls):
    """Whether cls(2) is a layer, as of ActNorm; Chain(2) is none."""
    try:
        made = cls(2)
        return bool(made.in_shape if isinstance(made, Bijection) else made.shape)
    except Exception:  # whatever a constructor makes of it
        return False


def _check_values(dims, declared, options):
    if not isinstance(dims, (tuple, list)) or len(dims) == 0 or not all(_is_dim(d) for d in dims):
        raise ValueError(f"dims must be a tuple of positive integers or shapes, as (1, 2, 5); got {dims!r}")
    if options["dtype"] not in (None, *DTYPES):
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}; got {options['dtype']!r}")
    if not isinstance(options["draws"], Integral) or isinstance(options["draws"], bool) or options["draws"] < 1:
        raise ValueError(f"draws must be an integer of at least 1; got {options['draws']!r}")
    radii = options["radii"]
    if not isinstance(radii, (tuple, list, onp.ndarray)) or len(radii) == 0 or not all(
        isinstance(r, Real) and isfinite(r) and r > 0 for r in radii
    ):  # fmt: skip
        raise ValueError(f"radii must be positive numbers, as (0.3, 1.0); got {radii!r}")
    if declared["structure"] not in (None, *STRUCTURES):
        raise ValueError(f"structure must be one of {', '.join(STRUCTURES)}; got {declared['structure']!r}")
    if declared["smooth"] not in (None, True, False):
        raise TypeError(f"smooth must be True, False or None; got {declared['smooth']!r}")
    for name in ("log_prob", "sample"):
        if declared[name] is not None and not callable(declared[name]):
            raise TypeError(f"{name} must be a function; got {type(declared[name]).__name__}")
    if not isinstance(options["rng"], onp.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator; got {type(options['rng']).__name__}")


def _is_dim(dim):
    sizes = dim if isinstance(dim, tuple) else (dim,)
    return len(sizes) > 0 and all(isinstance(n, Integral) and not isinstance(n, bool) and n > 0 for n in sizes)


def _check_made(subject, options):
    inner = subject.bijection if isinstance(subject, Flow) else subject
    embeds = isinstance(subject, Flow) and subject.embed is not None
    context = options["context"]
    if context is not None:
        if not inner.context_dim:
            raise ValueError(
                f"context must be left out: this {_kind(subject)} takes none; got shape {onp.shape(context)}"
            )
        shape = onp.shape(onp.atleast_2d(onp.asarray(context, dtype="float64")))
        if len(shape) != 2 or shape[0] == 0 or (not embeds and shape[1] != inner.context_dim):
            wanted = "(M, C)" if embeds else f"(M, {inner.context_dim})"
            raise ValueError(f"context must have shape {wanted} with M at least 1; got {onp.shape(context)}")
        if not onp.isfinite(onp.asarray(context, dtype="float64")).all():
            raise ValueError("context must be finite; got NaN or infinity")
    if options["params"] is not None and not embeds:
        wanted, got = (_shapes(p) for p in (subject.init(onp.random.default_rng(0)), options["params"]))
        if wanted != got:
            raise ValueError(f"params must be a tree of the {_kind(subject)}'s own, as its init gives; got another")


def _shapes(params):
    """The tree, with a shape at every leaf: as text, since a tree of shapes would be another tree."""
    try:
        return repr(trees.map_leaves(lambda leaf: _Shape(onp.shape(leaf)), params))
    except (TypeError, ValueError):
        return repr(type(params))


class _Shape:
    def __init__(self, shape):
        self.shape = shape

    def __repr__(self):
        return f"<{self.shape}>"


def _kind(subject):
    return "Flow" if isinstance(subject, Flow) else type(subject).__name__
