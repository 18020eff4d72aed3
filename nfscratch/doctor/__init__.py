"""Doctor: what this installation has, what is broken, and what would make it faster. Nothing is sent or fetched.

    ok      as it should be
    --      not there, and not needed
    hint    works; the advice makes it better
    BROKEN  does not work; the advice mends it

`examine` gives one Line per finding. Nothing that it tries leaves anything behind.

    packages.py      Python, the package, and what it stands on
    computing.py     the backend, the CUDA device, the BLAS libraries
    surroundings.py  the folders and the environment's variables
"""

from __future__ import annotations

import os
from pathlib import Path

from nfscratch.doctor.computing import arrays, blas
from nfscratch.doctor.line import ABSENT, BROKEN, HINT, OK, Line
from nfscratch.doctor.packages import versions
from nfscratch.doctor.surroundings import data_folder, drawing, environment, figures_folder

__all__ = ["ABSENT", "BROKEN", "HINT", "OK", "Line", "examine", "healthy"]


def examine(figures: Path = Path("figures")) -> list[Line]:
    """Every finding, in the order in which it is printed."""
    around = [figures_folder(figures), *drawing(), *data_folder(), *environment(os.environ)]
    return [*versions(), *arrays(), *blas(), *around]


def healthy(lines: list[Line]) -> bool:
    """Whether nothing is broken."""
    return all(line.mark != BROKEN for line in lines)
