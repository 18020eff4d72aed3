"""Arguments of an audit: a message names the argument that is wrong, or that does not apply to this subject."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from numbers import Integral
from typing import Any

import numpy as onp

from nfscratch import context_rows, trees, validate
from nfscratch.backend import DTYPES
from nfscratch.bijections.contract import Bijection
from nfscratch.check.guarded import guarded, shown
from nfscratch.check.letters.structure import STRUCTURES
from nfscratch.check.report import LETTERS
from nfscratch.flows.flow import Flow

MOST = 1024  # variables of a factory or a pair that is audited by `dims`


def letters_of(letters: Any) -> str:
    """The letters to run, in the order given."""
    if letters is None:
        return LETTERS
    if not isinstance(letters, str):
        raise TypeError(f"letters must be a string, such as 'SRJ'; got {type(letters).__name__}")
    found = letters.upper().replace(",", "").replace(" ", "")
    if not found:
        raise ValueError(f"letters must name at least one of {LETTERS}; got {shown(letters)}")
    if unknown := "".join(dict.fromkeys(s for s in letters if s.upper() not in LETTERS and s not in ", ")):
        raise ValueError(f"letters must be among {LETTERS}; got {shown(unknown)}")
    return found


def check_options(subject: Any, dims: Any, default_dims: Any, declared: dict, options: dict) -> None:
    """Raise for an argument that is wrong, or that does not apply to this subject."""
    if isinstance(subject, type) and issubclass(subject, (Bijection, Flow)) and not _takes_dim_alone(subject):
        raise TypeError(f"an audit takes a Bijection, a Flow, a factory or a pair; got the class {subject.__name__}")
    _check_dims(dims)
    _check_numbers(options)
    _check_declared(declared)
    if isinstance(subject, (tuple, list)):
        _refuse_bound(options)
    elif callable(subject) or isinstance(subject, (Bijection, Flow)):  # of anything else groups_of says what it is
        _refuse_declared(declared)
    if isinstance(subject, (Bijection, Flow)):
        if dims is not default_dims:
            raise ValueError(f"dims must be left out for a {_kind(subject)}, which has its own; got {shown(dims)}")
        _check_params(subject, options["params"])
        if options["context"] is not None:
            checked_context(subject, options["params"], options["context"])


def _refuse_declared(declared):
    if given := [k for k, v in declared.items() if v is not None]:
        name = given[0]
        raise ValueError(f"{name} must be left out unless two plain functions are audited; got {shown(declared[name])}")


def _refuse_bound(options):
    if given := [k for k in ("params", "context") if options[k] is not None]:
        raise ValueError(f"{given[0]} must be left out for two plain functions, which take none; got it")


def _takes_dim_alone(cls):
    """Whether cls(2) makes a layer: ActNorm(2) does, Chain(2) does not."""
    try:
        made = guarded(cls)(2)
        return bool(made.in_shape if isinstance(made, Bijection) else made.shape)
    except Exception:  # whatever a constructor makes of it
        return False


def _check_dims(dims):
    if not isinstance(dims, (tuple, list)) or len(dims) == 0 or not all(_is_dim(d) for d in dims):
        raise ValueError(f"dims must be a tuple of positive integers or shapes, such as (1, 2, 5); got {shown(dims)}")
    if any(prod(d if isinstance(d, (tuple, list)) else (d,)) > MOST for d in dims):
        raise ValueError(f"dims must be at most {MOST}, because an audit computes D x D Jacobians; got {shown(dims)}")


def _check_numbers(options):
    draws, radii = options["draws"], options["radii"]
    if not _is_none_or_among(options["dtype"], DTYPES):
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}; got {shown(options['dtype'])}")
    if not isinstance(draws, Integral) or isinstance(draws, bool) or draws < 1:
        raise ValueError(f"draws must be an integer of at least 1; got {shown(draws)}")
    row = isinstance(radii, (tuple, list)) or (isinstance(radii, onp.ndarray) and radii.ndim == 1)
    if not row or len(radii) == 0 or not all(map(_is_radius, radii)):
        raise ValueError(f"radii must be positive numbers, such as (0.3, 1.0); got {shown(radii)}")
    if not isinstance(options["rng"], onp.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator; got {type(options['rng']).__name__}")


def _check_declared(declared):
    if not _is_none_or_among(declared.get("structure"), STRUCTURES):
        raise ValueError(f"structure must be one of {', '.join(STRUCTURES)}; got {shown(declared['structure'])}")
    if not (declared.get("smooth") is None or isinstance(declared["smooth"], (bool, onp.bool_))):
        raise TypeError(f"smooth must be True, False or None; got {shown(declared['smooth'])}")
    if declared.get("accuracy") is not None:
        guarded(validate.positive)("accuracy", declared["accuracy"])
    for name in ("log_prob", "sample"):
        if declared.get(name) is not None and not callable(declared[name]):
            raise TypeError(f"{name} must be a function; got {type(declared[name]).__name__}")


def _is_none_or_among(value, names):
    """Whether it is one of these names, or None: an array compares with each, and is none of them."""
    return value is None or (isinstance(value, str) and value in names)


def _is_radius(r):
    return validate.is_finite(r) and r > 0


def _is_dim(dim):
    sizes = dim if isinstance(dim, tuple) else (dim,)
    return len(sizes) > 0 and all(isinstance(n, Integral) and not isinstance(n, bool) and n > 0 for n in sizes)


def checked_context(made: Any, params: Any, context: Any) -> Any:
    """The context given for a flow or a bijection, as rows (M, C) in float64; with the messages that `log_prob` has."""
    like = onp.empty(0)
    if isinstance(made, Flow):
        return made.checked_context(params, context, None, like)
    return context_rows.context(context, made.context_dim, None, like)


def context_width(made: Any) -> int | None:
    """C; None where a network embeds a context of any width."""
    return made.context_width(None) if isinstance(made, Flow) else made.context_dim


def _check_params(made, params):
    if params is None or context_width(made) is None:
        return
    wanted, got = (_shapes(p) for p in (made.init(onp.random.default_rng(0)), params))
    if wanted != got:
        raise ValueError(f"params must be a tree of the {_kind(made)}'s own, shaped as its init makes it; got another")
    kinds = {str(leaf.dtype) for leaf in trees.leaves(params) if isinstance(leaf, onp.ndarray)}
    if len(kinds) > 1 or not kinds <= set(DTYPES):
        raise ValueError(f"params must be arrays, all {' or all '.join(DTYPES)}; got {', '.join(sorted(kinds))}")


def _shapes(params):
    """The tree with a shape at every leaf; what is no tree gives its type."""
    try:
        return trees.map_leaves(lambda leaf: _Shape(onp.shape(leaf)), params)
    except (TypeError, ValueError):
        return type(params)


@dataclass(frozen=True)
class _Shape:
    """A leaf that is no tree itself, as a tuple would be."""

    shape: tuple[int, ...]


def _kind(subject):
    return "Flow" if isinstance(subject, Flow) else type(subject).__name__
