"""Refusal: whether an exception says that a map declines a point, or that its code is wrong.

a refusal     raised by a statement `raise`, in words: ValueError, InversionError, an assertion, a library's own kind;
              a number that leaves the range of its type: OverflowError, FloatingPointError, a singular matrix
a fault       TypeError, IndexError, KeyError, AttributeError, NameError; shapes that NumPy cannot combine;
              a result of a shape that the audit cannot work with
"""

from __future__ import annotations

import dis
from types import TracebackType

import numpy as onp

from nfscratch.check.trial import Unusable

FAULTS = (TypeError, LookupError, AttributeError, NameError, SyntaxError, Unusable)
OF_RANGE = (ArithmeticError, onp.linalg.LinAlgError)
OF_RANGE_IN_WORDS = ("math domain error", "math range error", "cannot convert float")
RAISE = dis.opmap["RAISE_VARARGS"]


def is_refusal(error: Exception) -> bool:
    """Whether the map declines the point. Far out it may; a fault stands in its code."""
    if isinstance(error, FAULTS):
        return False
    if not isinstance(error, ValueError) or isinstance(error, OF_RANGE):
        return True
    return str(error).startswith(OF_RANGE_IN_WORDS) or _is_raised_in_words(error.__traceback__)


def _is_raised_in_words(place: TracebackType | None) -> bool:
    """Whether a statement `raise` made it, and not NumPy, whose own code raises for shapes that do not go together."""
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return False
    module = str(place.tb_frame.f_globals.get("__name__", ""))
    return place.tb_frame.f_code.co_code[place.tb_lasti] == RAISE and module.split(".")[0] != "numpy"
