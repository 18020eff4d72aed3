"""Seeds: a fresh one for every check, short enough to be copied from a message."""

from __future__ import annotations

import secrets

SEEDS = 2**32


def fresh_seed() -> int:
    return secrets.randbelow(SEEDS)
