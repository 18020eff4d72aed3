"""Seeds: a fresh one for every check, short enough to be copied from a message."""

from __future__ import annotations

import secrets

from nfscratch import validate

SEEDS = 2**32


def fresh_seed() -> int:
    return secrets.randbelow(SEEDS)


def chosen(seed: int | None) -> int:
    """The seed that was given, or a fresh one. A ValueError refuses what is no seed."""
    return fresh_seed() if seed is None else validate.seed(seed)
