"""Refusal: whether an exception says that a map declines a point, or that its code is wrong.

a refusal     raised by a statement `raise`, in words: ValueError, InversionError, an assertion, a library's own kind;
              a number that leaves the range of its type: OverflowError, FloatingPointError, a singular matrix
a fault       TypeError, IndexError, KeyError, AttributeError, NameError; shapes that NumPy cannot combine;
              a result of a shape that the audit cannot work with; SystemExit and its like
"""

from __future__ import annotations

import numpy as onp

from nfscratch.check.guarded import Escaped, is_raised_in_words, message_of
from nfscratch.check.trial import Unusable

FAULTS = (TypeError, LookupError, AttributeError, NameError, SyntaxError, Unusable, Escaped)
OF_RANGE = (ArithmeticError, onp.linalg.LinAlgError)
OF_RANGE_IN_WORDS = (
    "math domain error", "math range error", "cannot convert float",
    # and as the functions of math say it from Python 3.14 on
    "expected a positive", "expected a nonnegative", "expected a noninteger", "expected a finite", "expected a number",
    "expected argument value",
)  # fmt: skip


def is_refusal(error: Exception) -> bool:
    """Whether the map declines the point. Far out it may; a fault stands in its code."""
    if isinstance(error, FAULTS):
        return False
    if not isinstance(error, ValueError) or isinstance(error, OF_RANGE):
        return True
    return message_of(error).startswith(OF_RANGE_IN_WORDS) or is_raised_in_words(error.__traceback__)
