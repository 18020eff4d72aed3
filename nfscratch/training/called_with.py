"""Functions that training is given: what each is called with. One that cannot be is refused before the first step."""

from __future__ import annotations

from typing import Any

from nfscratch import validate

TAKES = {  # in words, and how many arguments these are
    "loss": ("(params, rng), and of a batch where there is data", 3),
    "schedule": ("the share of the steps that is done", 1),
    "evaluate": ("params", 1),
    "update": ("(params, batch)", 2),
    "blame": ("(params, grads, batch)", 3),
    "augment": ("(batch, rng)", 2),
    "finish": ("a Result", 1),
    "callback": ("an Evaluation", 1),
    "at_step": ("the number of steps done", 1),
    "measure": ("params", 1),
}
NEEDED = ("loss", "schedule")  # the others may be None
OF_BATCH = ("loss", "update", "blame")  # these take one less where there is no data


def check_functions(data: bool = True, **given: Any) -> None:
    """Refuse what is no function of what it is called with. data: whether there are batches to be called with."""
    for name, f in given.items():
        if f is not None or name in NEEDED:
            words, count = TAKES[name]
            validate.function(name, f, words, count - (not data and name in OF_BATCH))
