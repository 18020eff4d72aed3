"""Mended: a change of the user's code with which laws hold that failed, and what speaks for it.

Of several the best has the lowest rank: the one after which all laws hold, which changes one direction, keeps x, is
on one line and likely, and differs by the fewest characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from nfscratch.check.repair.bins import moves_limit
from nfscratch.check.repair.edit import Kind, OfLines
from nfscratch.check.repair.lengths import drops_repeated, length, starts_later
from nfscratch.check.repair.nothing import says_nothing
from nfscratch.check.repair.products import repeated_factors
from nfscratch.check.repair.squares import squares_a_norm

# x[:, order][:, order], order[order], x[:, argsort(back)][:, back]
TWICE = re.compile(r"(\[:, [^][]+\])\1|\b(\w+)\[\2\]|argsort\((\w+)\)\]\[:, \3\]|\[:, (\w+)\]\[:, [\w.]*argsort\(\4\)")
CANCELS = re.compile(r"\b(\w+) [-/] \1\b|[-/] (\w+) [+*] \2\b")  # shift - shift
# log(-det(A)), log(det(-A)): of a number with another sign it is not finite; -log u is positive by itself
OTHER_SIGN = re.compile(r"log\w*\(-(?!\w+\.log|log)|det\(-")
ARGSORT = re.compile(r"argsort\(([\w.]+(?:\[[^][]*\])?)\)")
ODD = re.compile(r"\w(?<!exp)\(-\w")  # force(-q): with an odd function it is -force(q), which is meant
MINUS_MINUS = re.compile(r"- ?\(?-")  # two signs that take each other back: what they say is said without them
ONE_MORE, ONE_LESS = re.compile(r"range\(.* \+ 1\)"), re.compile(r"range\(.* - 1\)")
MORE_TURNS = 6  # one turn more than there are columns does no harm, and is seldom meant
BOUNDS = re.compile(r"\* ([\w.]+) / \(\1 @ \1\)")  # of planar.py
WHOLE_LINE, MOVED_LINE = 12, 6  # characters: as much as some slips of the pen
LONG = 40
ROUGH = 1e-6  # of a law that holds no better: a coarser rule than the one that is meant
OTHERS = 2  # changes that are kept beside the best


@dataclass(frozen=True)
class Repair:
    """With `after` in the place of `before`, or with the change of whole lines, the laws hold."""

    file: str
    lines: tuple[int, ...]
    before: str
    after: str
    of_lines: OfLines | None
    laws: tuple[str, ...]  # those that failed, and hold
    changed: frozenset[str]  # the directions that give something else
    left: tuple[str, ...] = ()  # laws that failed, and fail still
    is_shared: bool = False  # whether both directions go through the line
    loses: tuple[str, ...] = ()  # variables that are read nowhere any more
    misses: bool = False  # whether forward does not reach all of its codomain, or leaves it, as it did before
    of_maker: bool = False  # whether it is to a function that made the numbers which the directions read
    of_this_order: bool = False  # whether it would not hold with another permutation of the columns
    missed: int = 0  # values on forward's way that inverse does not meet on its way back
    strays: bool = False  # whether it meets others of them: then another layer's line is changed
    gap: float = 0.0  # how far what it gives is from what it should be
    lost: int = 0  # variables on which others do not depend any more
    crosses: int = 0  # variables that are put into other columns than they were taken from, and were not before
    orphans: tuple[str, ...] = ()  # attributes of an object that nothing reads any more
    others: tuple[Repair, ...] = ()  # changes for which as much speaks: numbers alone do not say which is meant

    @property
    def keeps_x(self) -> bool:
        return "x" not in self.changed

    @property
    def is_of_one(self) -> bool:
        """Whether it changes one direction, or leaves x as it is."""
        return self.keeps_x or "inverse" not in self.changed

    @property
    def is_less(self) -> bool:
        """Whether it takes something away from forward: of a forward that does less, too, the inverse is one."""
        fewer_turns = "range(1, " in self.after and "range(1, " not in self.before
        more_turns = ONE_LESS.search(self.before) and not ONE_LESS.search(self.after)
        turned = more_turns or squares_a_norm(self.before, self.after)
        if self.keeps_x or self.of_maker or turned or drops_repeated(self.before, self.after):
            return False
        later = not self.is_of_one and starts_later(self.before, self.after)
        return length(self.after) < length(self.before) or fewer_turns or later

    @property
    def rank(self) -> tuple[Any, ...]:
        """The best repair has the lowest."""
        several = (len(self.lines) > 1 and not self._swaps) or self._is_unlikely or bool(self.loses)
        several = 2 if self.is_by_chance else int(several)
        of_two = 0 if self.is_of_one else 2 - self.constrains
        return (len(self.left), self.is_less, of_two, not self.keeps_x, several, self._is_far_off, self._distance)

    @property
    def _is_far_off(self):
        """How much less it does than what may be meant: what is not seen, a way that is missed, a law held coarsely."""
        return self.lost, self.missed > 0, self.gap > ROUGH

    @property
    def constrains(self) -> bool:
        """Whether something is positive with it, a norm is squared, an index has its last bin, or w . u is bounded."""
        bounds = squares_a_norm(self.before, self.after) or moves_limit(self.before, self.after)
        return bounds or self._makes_positive or self._keeps_a_product

    @property
    def is_a_guess(self) -> bool:
        """Whether it makes something positive in one of many ways: the numbers say that it is not bounded, not how."""
        return self._makes_positive and not self._keeps_a_product

    @property
    def _makes_positive(self):
        return any(self.after.count(word) > self.before.count(word) for word in ("exp(", "abs("))

    @property
    def _keeps_a_product(self):
        return BOUNDS.search(self.after) is not None and BOUNDS.search(self.before) is None

    @property
    def _is_unlikely(self):
        """Whether both directions go through the line, and one of them gives the same."""
        return self.is_shared and not {"forward", "inverse"} <= self.changed

    @property
    def _distance(self):
        """How many characters differ; of a line that is put in or moved, no small number."""
        if self.of_lines:
            return WHOLE_LINE if self.puts_in_a_line else MOVED_LINE
        same = SequenceMatcher(None, self.before, self.after, autojunk=False).get_matching_blocks()
        odd = len(ODD.findall(self.after)) > len(ODD.findall(self.before))
        odd += bool(MINUS_MINUS.search(self.after) and not MINUS_MINUS.search(self.before))
        more = MORE_TURNS * bool(ONE_MORE.search(self.after) and not ONE_MORE.search(self.before))
        return len(self.before) + len(self.after) - 2 * sum(block.size for block in same) + 2 * odd + more

    @property
    def is_long(self) -> bool:
        """Whether so much is put in that something short may say the same: a logarithm for two terms."""
        return self._distance > LONG

    @property
    def is_whole(self) -> bool:
        return not (self.left or self.is_less or self.loses or self.orphans or self.is_by_chance)

    @property
    def is_clear(self) -> bool:
        return self.is_whole and self.is_of_one

    @property
    def is_by_chance(self) -> bool:
        """Whether it works by chance: the same order twice, which undoes a cycle of three; a difference of one thing
        with itself; an argument of a logarithm that is negated; a mean for a sum, which of two is the half."""
        taken_back = CANCELS.search(self.after) is not None and CANCELS.search(self.before) is None
        signs = [len(OTHER_SIGN.findall(text)) for text in (self.after, self.before)]
        return (
            TWICE.search(self.after) is not None
            or self.after.count("mean(") > self.before.count("mean(")
            or (self.before.endswith(".sum") and self.after.endswith(".mean"))  # of two places its name alone is said
            or signs[0] > signs[1]
            or taken_back
            or self.undoes
            or self.of_this_order
            or self.strays
            or says_nothing(self.before, self.after)
            or ("range(-1, " in self.after and "range(-1, " not in self.before)  # whose first turn is the last column's
        )

    def beside(self, found: Iterable[Repair], either: bool = False) -> Repair:
        """This one with the next best of those for which as much speaks.

        either: each direction's own laws hold. Then the other direction may be meant as well: its best comes first.
        """
        found = list(found)
        mirrored = [r for r in found if either and r.is_clear and r.keeps_x != self.keeps_x and self._is_like(r)]
        mirrored = [r for r in mirrored if not r.crosses > 0 > self.crosses]
        alike = [r for r in found if (r.rank[:-1], r.laws) == (self.rank[:-1], self.laws)]
        alike = [r for r in alike if not MINUS_MINUS.search(r.after)]
        near = sorted({(r.file, r.lines, r.after, r.words): r for r in alike}.values(), key=lambda r: r.rank)
        others = [r for r in near if (r.lines, r.after, r.words) != (self.lines, self.after, self.words)]
        others = [r for r in others if not (self._is_moved(r) or self._says(r) or r._says(self)) and self._is_like(r)]
        return replace(self, others=tuple([*sorted(mirrored, key=lambda r: r.nearest)[:1], *others][:OTHERS]))

    def _is_like(self, other):
        """Whether a change of the other direction is about as small as this one."""
        return other._distance <= 2 * self._distance + WHOLE_LINE and not (other.is_less and not self.is_less)

    @property
    def nearest(self) -> tuple[Any, ...]:
        """The rank where nothing speaks for one of the two directions."""
        left, less, of_two, other_x, several, rough, distance = self.rank
        first = (left, self.misses, bool(self.orphans), less, of_two, self.crosses > 0, several)
        return (*first, not self.inverts_order, rough, distance, other_x)

    @property
    def inverts_order(self) -> bool:
        """Whether it puts the inverse of an order in its place: a second turn does the same for three columns alone."""
        turned = ARGSORT.findall(self.after)
        return len(turned) > len(ARGSORT.findall(self.before)) and any(order in self.before for order in turned)

    def _says(self, other):
        """Whether it is the other change, said of more of its line."""
        if self.lines != other.lines or self.of_lines or other.of_lines:
            return False
        return self.before.replace(other.before, other.after) == self.after

    def _is_moved(self, other):
        """Whether both put in the same line, at two places."""
        return self.puts_in_a_line and other.puts_in_a_line and self.of_lines.lines == other.of_lines.lines

    @property
    def _swaps(self):
        return self.of_lines is not None and self.of_lines.kind is Kind.SWAPPED

    @property
    def puts_in_a_line(self) -> bool:
        return self.of_lines is not None and self.of_lines.kind is Kind.PUT_IN

    @property
    def what(self) -> Any:
        """What is done, wherever: a line that is put in at one of five places is one change."""
        return self.of_lines.lines if self.puts_in_a_line else (self.lines, self.after, self.words)

    @property
    def words(self) -> str:
        """Of whole lines, what is done to them; "" of an expression."""
        return self.of_lines.words if self.of_lines else ""

    @property
    def may_be_said(self) -> bool:
        """Of those that change x: all laws have to hold; what makes forward do less may not touch the inverse, too.

        A wrong slope makes Newton's method slow: more steps mend the round trip then, and not what is wrong.
        """
        slower = "R" in self.laws and any(law.startswith("J") for law in self.left)
        return not slower and (self.keeps_x or not (self.left or self.undoes or (self.is_less and not self.is_of_one)))

    @property
    def undoes(self) -> bool:
        """Whether it takes back a matrix that stands beside it, or puts it in a second time."""
        return not self._keeps_a_product and bool(repeated_factors(self.after) - repeated_factors(self.before))

    @property
    def change(self) -> str:
        return self.words or f"with `{self.after}` in place of `{self.before}`"

    @property
    def where(self) -> str:
        several = f"line{'s' * (len(self.lines) > 1)} {' and '.join(map(str, self.lines))}"
        return f"{several} of {Path(self.file).name}"
