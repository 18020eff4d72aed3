"""Prepared: what the audit was given, as groups of trials; or a TypeError or ValueError says what is wrong with it."""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.adapters.adapt import adapted
from nfscratch.check.arguments import check_options
from nfscratch.check.draws import DIMS, Group, groups_of
from nfscratch.check.guarded import guarded, said, shown


def prepared(
    subject: Any, dims: Any, rng: onp.random.Generator, declared: dict, options: dict
) -> tuple[list[Group], list[str]]:  # fmt: skip
    """What is audited, as groups, with notes. Only a TypeError or ValueError leaves it, whatever it was given."""
    try:
        return guarded(_groups)(subject, dims, rng, declared, options)
    except (TypeError, ValueError):
        raise
    except Exception as error:  # of any kind: an object that cannot even be looked at
        raise TypeError(f"an audit cannot read its arguments: one of them raises {said(error)}") from error


def _groups(subject, dims, rng, declared, options):
    if (foreign := adapted(subject, options["dtype"], options["context"])) is not None:
        subject, dims, declared = _as_pair(foreign, dims, declared)
        options = {**options, "context": None, "dtype": foreign.dtype}
    check_options(subject, dims, DIMS, declared, {**options, "rng": rng})
    return groups_of(subject, dims, rng, declared, options)


def _as_pair(foreign, dims, declared):
    """Subject, dims and declared of an object of another library; what the caller declares comes first."""
    if foreign.shape is not None and dims is not DIMS:
        raise ValueError(f"dims must be left out for a {foreign.name}, which has its own; got {shown(dims)}")
    dims = dims if foreign.shape is None else (foreign.shape if len(foreign.shape) > 1 else foreign.shape[0],)
    given = {k: v for k, v in declared.items() if v is not None}
    says = {"name": foreign.name, "accuracy": foreign.accuracy or None}
    return (foreign.forward, foreign.inverse), dims, {**foreign.density, **says, **given}
