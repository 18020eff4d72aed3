"""The audit from the command line. The object comes from the current folder, or from an installed package."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as onp

from nfscratch.backend import DTYPES
from nfscratch.check.audit import audit
from nfscratch.check.draws import DIMS
from nfscratch.check.report import Report


def audit_target(target: str, dims: str, dtype: str | None, letters: str | None, seed: int) -> Report:
    """Audit `module:object`; a ValueError, TypeError or ImportError says what is wrong with the arguments."""
    if dtype is not None and dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}; got {dtype!r}")
    subject = imported(target)
    return audit(subject, dims=_dims(dims), dtype=dtype, letters=letters, rng=onp.random.default_rng(seed))


def imported(target: str) -> Any:
    """The object of `module:object`, from the current folder or an installed package."""
    module, colon, name = target.partition(":")
    if not (module and colon and name):
        raise ValueError(f"the target must be module:object; got {target!r}")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        if not hasattr(found, part):
            raise ValueError(f"{module} has no {name!r}")
        found = getattr(found, part)
    return found


def _dims(text: str) -> tuple[int, ...]:
    parts = text.replace(" ", "").split(",")
    if not all(part.isdigit() and int(part) > 0 for part in parts):
        raise ValueError(f"dims must be positive integers, such as 1,2,5; got {text!r}")
    found = tuple(int(part) for part in parts)
    return DIMS if found == DIMS else found
