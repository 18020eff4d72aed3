"""The audit from the command line. The object comes from the current folder, or from an installed package."""

from __future__ import annotations

import importlib
import re
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as onp

from nfscratch import validate
from nfscratch.backend import DTYPES
from nfscratch.check.audit import audit
from nfscratch.check.draws import DIMS, FactoryRaised
from nfscratch.check.guarded import message_of, origin_of
from nfscratch.check.report import Report
from nfscratch.excerpt import excerpt


class BadTarget(Exception):
    """The object that was named raises an error of its own when it is imported or called."""


def audit_target(target: str, dims: str | None, dtype: str | None, letters: str | None, seed: int) -> Report:
    """Audit `module:object`; a ValueError, TypeError or BadTarget says in one line what is wrong with the arguments."""
    if dtype is not None and dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}; got {dtype!r}")
    wanted, seed = DIMS if dims is None else _dims(dims), validate.seed(seed)
    with _named(target):
        subject = imported(target)
    with _named(target):
        return audit(subject, dims=wanted, dtype=dtype, letters=letters, rng=onp.random.default_rng(seed))


@contextmanager
def _named(target):
    """An error of the target's own code is told with its place. A sys.exit in it must not look like a verdict."""
    try:
        yield
    except FactoryRaised as error:
        raise BadTarget(_told(target, origin_of(error.__cause__))) from error
    except (ValueError, TypeError, OSError) as error:
        if _in_the_package(error):
            raise
        raise BadTarget(_told(target, error)) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a class of the target's own may come from anywhere
        raise BadTarget(_told(target, error)) from error


def _in_the_package(error):
    return Path(_place(error).filename).is_relative_to(Path(__file__).parent.parent)


def _told(target, error):
    said = message_of(error).split("\n")[0]
    what = f"{type(error).__name__}: {said}" if said else type(error).__name__
    if isinstance(error, (ImportError, SyntaxError)):
        return f"{target} cannot be imported: {what}"
    place = _place(error)
    where = "" if _in_the_package(error) else f" (line {place.lineno} of {place.filename})"  # sys.exit has no line
    return f"{target} fails: {what}{where}"


def _place(error):
    """Where an error was raised."""
    return traceback.extract_tb(error.__traceback__)[-1]


def _may_be_a_module(part):
    """(importlib takes more than identifiers: 3_coupling, my-flow.)"""
    return bool(part) and part.isprintable() and " " not in part


def imported(target: str) -> Any:
    """The object of `module:object`, from the current folder or an installed package."""
    module, colon, name = target.partition(":")
    if not (colon and name and all(map(_may_be_a_module, module.split(".")))):
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
    if not all(re.fullmatch(r"0{0,9}[1-9][0-9]{0,17}", part) for part in parts):
        raise ValueError(f"dims must be positive integers, such as 1,2,5; got {excerpt(text)}")
    return tuple(int(part) for part in parts)
