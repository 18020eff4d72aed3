"""Arguments: an empty one comes from a shell's variable that is not set, and is never what was meant."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def check_none_is_empty(arguments: Sequence[str]) -> None:
    """Raise a ValueError for the first argument that is empty: "" would be the current folder, or the default."""
    for before, argument in pairwise(["the command", *arguments]):
        option, sign, value = argument.partition("=")
        if not argument:
            raise ValueError(f"the argument after {before} must not be empty")
        if option.startswith("--") and sign and not value:
            raise ValueError(f"{option} must not be empty")
