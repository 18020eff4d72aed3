"""Here: a child that is none: a student's file in this process, over the same wire.

For a page in a browser, where Python has no processes, and for tests of many bodies. Nothing is limited and nothing is
kept out, so it judges for learning, never for a grade.
"""

from __future__ import annotations

from functools import lru_cache
from types import CodeType
from typing import Any

from nfscratch.course.sandbox import wire
from nfscratch.course.sandbox.inside import Session
from nfscratch.course.sandbox.limits import Limits
from nfscratch.course.sandbox.outside import Child
from nfscratch.course.sandbox.packing import numbering


@lru_cache(8)
def _code_of(text: str, path: str) -> CodeType:
    """A file's code: each of its tasks loads it anew, and to compile it is most of that."""
    return compile(text, path, "exec")


class Here(Session):
    """The child's session; the functions of the parent are called where they are."""

    def __init__(self):
        super().__init__(wire, None, None)
        self.given: list[Any] = []

    def compiled(self, text: str) -> CodeType:
        return _code_of(text, self.path)

    def proxy(self, k: int) -> Any:
        def given(*arguments):
            value = self.given[k](*(self.across(a, self.handed.__getitem__, self.number) for a in arguments))
            return self.across(value, self.proxy, numbering(self.given))

        return given

    def across(self, value: Any, function: Any, number: Any) -> Any:
        return wire.unpack(wire.pack(value, number), function)


class InProcess(Child):
    """The interface of Child."""

    def __init__(self, path: str, text: str, limits: Limits):
        self.path, self.text, self.limits = path, text, limits
        self.ending, self.log, self.session = None, "", Here()

    def load(self) -> dict:
        return self.session.answer({"do": "load", "path": self.path, "text": self.text})

    def _exchange(self, message, given):
        self.session.given = given
        return self.session.answer(message)

    def close(self) -> None:
        pass
