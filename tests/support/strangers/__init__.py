"""Code as strangers write it, right and wrong, with the names that a fair teacher would give each mistake."""

from . import (
    classes,
    closures,
    columns,
    dicts,
    einsums,
    elementwise,
    habits,
    inplace,
    made,
    planar,
    residual,
    rows,
    splines,
    torchlike,
    transposed,
    upright,
)
from .case import Case

MODULES = (
    columns,
    rows,
    einsums,
    inplace,
    closures,
    classes,
    torchlike,
    dicts,
    transposed,
    elementwise,
    splines,
    planar,
    residual,
    made,
    habits,
    upright,
)
CASES: list[Case] = [case for module in MODULES for case in module.CASES]
MUTANTS = [case for case in CASES if case.names]
RIGHT = [case for case in CASES if not case.names]
