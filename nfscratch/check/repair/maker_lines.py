"""MakerLines: lines of a function that made something once for each of its owners: an object, or a call that lives on.

The line runs again with the variables that the function had then, as far as a guess at its arguments gives what the
owner still holds. made_objects.py has objects, made_cells.py the variables that inner functions keep.
"""

from __future__ import annotations

import ast
from types import CodeType
from typing import Any

from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.made_lines import is_of_numbers, is_same, local_names, with_locals
from nfscratch.check.repair.scope import Scope


class MakerLine:
    """A line of a maker, with those that have to run after it. It stands where a LiveStatement may."""

    runs_at_import, makes_by_function = True, False
    me = ""  # what the maker calls its object, if it makes one

    def __init__(self, maker: ast.FunctionDef, k: int, after: list[ast.stmt], file: str, owners: list, known: list):
        """known: for each owner, the variables that the maker may have had, one guess after the other."""
        self.maker, self.tree, self.after, self.file, self.owners = maker, maker.body[k], after, file, owners
        self.rest = [line for line in maker.body[k + 1 :] if line not in after]
        self.nodes = len(owners) * sum(1 for line in (self.tree, *after) for _ in ast.walk(line))
        self.known: dict[tuple[str, int], CodeType] = {}
        self.inside = [self._fitting(owner, guesses, k) for owner, guesses in zip(owners, known, strict=True)]

    def _fitting(self, owner, guesses, k) -> dict[str, Any] | None:
        """The variables before the line, by the first guess with which it gives, as it is, what the owner holds."""
        for guess in guesses:
            inside = with_locals(self.maker.body[:k], self.file, guess | self._myself(owner), self.me)
            try:
                made = self.made_for(owner, inside)
            except Exception:  # of any kind: of the user's own classes
                continue
            if made and all(is_of_numbers(v) and is_same(v, self.held(owner, name)) for name, v in made.items()):
                return inside
        return None

    def _myself(self, owner):
        """The variable of the maker that is the owner itself."""
        return {}

    def held(self, owner: Any, name: str) -> Any:
        raise NotImplementedError

    def made_for(self, owner: Any, inside: dict[str, Any]) -> dict[str, Any]:
        """What the line, as it is now, and those after it give the owner. ValueError: they do not run."""
        raise NotImplementedError

    @property
    def is_repeatable(self) -> bool:
        return all(inside is not None for inside in self.inside)

    def all_made(self) -> list[tuple[Any, dict[str, Any]]]:
        """(owner, what it is given), of each."""
        return [(owner, self.made_for(owner, own)) for owner, own in zip(self.owners, self.inside, strict=True)]


class MakerScope(Scope):
    """The variables of a maker, for its first owner."""

    def __init__(self, statement: MakerLine, reached: Reached):
        super().__init__(None, statement, reached)
        own = statement.inside[0]
        self.module = {k: v for k, v in own.items() if not k.startswith("__")}
        self.locals = {k: own[k] for k in local_names(statement.maker) & own.keys()}
        if statement.me:
            self.locals[statement.me] = statement.owners[0]
        self.named = {n.id for n in ast.walk(statement.tree) if isinstance(n, ast.Name)}
