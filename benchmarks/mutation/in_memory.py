"""A mutant in memory: the functions of a loaded module get the code that they have in the mutant.

A process in which the package is loaded and the tests are collected forks for each mutant, so that none of this is paid
for again. What a module does when it is imported cannot be changed in this way: such a mutant is `NotInMemory`.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType


class NotInMemory(Exception):
    """The mutant changes what an import does."""


def functions_by_file() -> dict[str, list[FunctionType]]:
    found = defaultdict(list)
    for thing in gc.get_objects():
        if type(thing) is FunctionType:
            found[thing.__code__.co_filename].append(thing)
    return found


def plant(path: str, old: str, new: str, functions: Iterable[FunctionType]) -> None:
    """Give the functions of the file the code of the new source."""
    tree = list(pairs(*(compile(source, path, "exec", dont_inherit=True) for source in (old, new))))
    living = defaultdict(list)
    for function in functions:
        living[function.__code__].append(function)
    reached = False
    for chain in tree:
        before, after = chain[-1]
        for function in living[before]:
            put(function, after)
        if shallow(before) != shallow(after):
            if not any(living[outer] for outer, _ in chain):
                raise NotInMemory(f"{before.co_qualname} runs when {path} is imported")
            reached = True
    if not reached:
        raise NotInMemory(f"{path} has no function that changes")


def put(function: FunctionType, code: CodeType) -> None:
    try:
        function.__code__ = code
    except ValueError as error:  # it closes over other variables
        raise NotInMemory(str(error)) from None


def pairs(old: CodeType, new: CodeType, outer: tuple = ()) -> Iterator[tuple]:
    """Each piece of code in both sources, behind the pieces that it stands in."""
    chain = (*outer, (old, new))
    yield chain
    inside, inside_new = codes(old), codes(new)
    if len(inside) != len(inside_new):
        raise NotInMemory(f"{old.co_qualname} holds other functions")
    for a, b in zip(inside, inside_new, strict=True):
        yield from pairs(a, b, chain)


def codes(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def shallow(code: CodeType) -> tuple:
    """What a piece of code does itself, without the functions that stand in it."""
    constants = [repr(c) for c in code.co_consts if not isinstance(c, CodeType)]
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, constants
