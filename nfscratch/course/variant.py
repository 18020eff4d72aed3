"""Variant: the same tasks under other names and with other constants, chosen by a number.

A solution that was copied from the book, or from last year's class, then has the wrong names. tasks/chNN.toml lists the
names (`also_called`) and the constants; the same number always gives the same variant.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from math import inf

from nfscratch import validate
from nfscratch.course.renaming import renamed
from nfscratch.course.task import Assignment, Task


@dataclass(frozen=True)
class Variant:
    names: dict[str, str] = field(default_factory=dict)  # the function's name in the chapter -> in the handout
    values: dict[str, str] = field(default_factory=dict)  # the constant's name -> its value, as the code writes it

    @classmethod
    def plain(cls, assignment: Assignment) -> Variant:
        """The chapter as it is."""
        return cls({}, {constant.name: constant.value for constant in assignment.constants})

    @classmethod
    def of(cls, assignment: Assignment, number: int | None) -> Variant:
        """The variant of this number, an integer from 0 up; None is the chapter as it is."""
        if number is None:
            return cls.plain(assignment)
        number = validate.count("the variant's number", number, most=inf)
        draw = random.Random(f"{assignment.number} {number}")
        names = {task.function: draw.choice(task.also_called) for task in assignment.tasks if task.also_called}
        return cls(names, {constant.name: draw.choice(constant.choices) for constant in assignment.constants})

    def name_of(self, task: Task) -> str:
        """What a task's function is called in this variant."""
        return self.names.get(task.function, task.function)

    @property
    def numbers(self) -> dict[str, float]:
        return {name: float(text) for name, text in self.values.items()}

    def applied(self, text: str, assignment: Assignment) -> str:
        """A chapter's text in this variant."""
        for constant in assignment.constants:
            for place in constant.places:
                text = text.replace(place.format(constant.value), place.format(self.values[constant.name]))
        return renamed(text, self.names) if self.names else text
