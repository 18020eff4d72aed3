"""Question: an input, its right answer, and the answers that known mistakes would give.

    expect(asked, *questions)      None, or the Fault of the first question that is answered wrongly

The right answer comes from another road than the one that the student takes: the input was computed from it, or it was
taken by finite differences, or it is known. A mistake is named only if it explains every wrong answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.hints import HINTS
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.asked import Asked
from nfscratch.course.judging.fault import Fault, Kind, Stopped
from nfscratch.course.judging.shown import apart, is_numbers, kind, shown, wanted

SINGLE = 1e-5  # what the digits of float32 leave


@dataclass(frozen=True)
class Slip:
    """A known mistake: its name, a hint, and what it would give for some parts of the answer."""

    name: str
    hint: str
    values: Mapping[str, Any]


def slip(name: str | Mistake, hint: str = "", **values: Any) -> Slip:
    """slip("the shift is missing", "Equation (2) has two networks.", x=...). A Mistake brings the audit's words."""
    if isinstance(name, Mistake):
        return Slip(name.value, hint or HINTS[name], values)
    return Slip(name, hint, values)


def by_part(name: str | Mistake, hint: str = "", **values: Any) -> list[Slip]:
    """A slip for each part by itself, so that a part that is right by chance hides no other."""
    return [slip(name, hint, **{part: value}) for part, value in values.items()]


@dataclass(frozen=True)
class Question:
    arguments: tuple
    answer: Mapping[str, Any]  # its parts by name, in order; a function with one part returns it by itself
    shown: Mapping[str, Any]  # what a message shows of the input: {"x": x}
    slips: Sequence[Slip] = ()
    judged: tuple[str, ...] = ()  # the parts that are looked at; without it all
    tolerance: float = 1e-9  # relative to max(1, |answer|)
    size: str = ""  # "D = 5"
    read: Callable[[Any], Any] = field(default=lambda value: value)  # the meaning of a part, where words may differ

    @property
    def parts(self) -> tuple[str, ...]:
        return self.judged or tuple(self.answer)

    @property
    def telling(self) -> list[Slip]:
        """The slips that this input shows: a swap, say, hides a permutation that is not inverted."""
        return [s for s in self.slips if not any(close(v, self.answer[k], self.tolerance) for k, v in s.values.items())]


@dataclass(frozen=True)
class Wrong:
    """One part of one answer that is wrong."""

    question: Question
    part: str
    came: Any

    @property
    def right(self) -> Any:
        return self.question.answer[self.part]

    @property
    def meant(self) -> Any:
        """What came, as the question reads it if only so it looks like the right answer: a list as an array, say."""
        read = self.came if _alike(self.came, self.right) else self.question.read(self.came)
        return read if _alike(read, self.right) else self.came


def expect(asked: Asked, *questions: Question) -> Fault | None:
    """Ask all questions in their order, and the first of them once more."""
    try:
        answers, stop = asked.many([question.arguments for question in (*questions, questions[0])], watch=True), None
    except Stopped as stopped:
        answers, stop = stopped.values, stopped
    answered = list(zip(questions, answers, strict=False))
    for question, answer in answered:
        if (fault := _misshapen(question, answer)) is not None:
            return fault
    if any(wrong := [w for pair in answered for w in _wrong_parts(*pair)]):
        return _fault(wrong, answered)
    if stop is not None:
        raise Stopped(_placed(stop.fault, (*questions, questions[0])[len(answers)]))
    return _impure(asked, questions[0], answers[-1])


def _placed(fault, question):
    """The fault of a call that gave no value, with the input of that call."""
    no_input = fault.kind in (Kind.UNWRITTEN, Kind.WAITING, Kind.MISSING)
    return fault if no_input else replace(fault, lines=(*fault.lines, f"      at {_input(question)}"))


def parts_of(question: Question, answer: Any) -> dict[str, Any]:
    """The parts of an answer by name."""
    names = tuple(question.answer)
    return {names[0]: answer} if len(names) == 1 else dict(zip(names, answer, strict=True))


def _misshapen(question, answer):
    """The fault of an answer that does not have as many parts as it should."""
    names = tuple(question.answer)
    if len(names) == 1 or (isinstance(answer, (tuple, list)) and len(answer) == len(names)):
        return None
    line = f"      yours is {kind(answer)}   (at {_input(question)})"
    return Fault(f"it must return {len(names)} values: {', '.join(names)}", (line,), "Look at the return statement.")


def _wrong_parts(question, answer):
    came = parts_of(question, answer)
    return [Wrong(question, p, came[p]) for p in question.parts if not agrees(question, p, came[p])][:1]


def agrees(question: Question, part: str, came: Any) -> bool:
    """Whether a part is right."""
    return close(question.read(came), question.answer[part], question.tolerance)


def close(came: Any, right: Any, tolerance: float) -> bool:
    """Equal in kind and shape, and in all numbers up to tolerance * max(1, |right|). NaN is close to NaN."""
    if isinstance(right, str) or not is_numbers(came):
        return isinstance(came, str) and isinstance(right, str) and came == right
    came, right = onp.asarray(came), onp.asarray(right, dtype=float)
    if came.shape != right.shape or came.dtype.kind not in "biuf":
        return False
    size = onp.maximum(1.0, onp.abs(onp.where(onp.isfinite(right), right, 1.0)).max(initial=0.0))
    with onp.errstate(all="ignore"):
        same = (came == right) | (onp.abs(came - right) <= tolerance * size) | (onp.isnan(came) & onp.isnan(right))
    return bool(same.all())


# --- the name ---


def _fault(wrong, answered):
    """The first wrong part, with the name of the mistake that explains all answers."""
    first = wrong[0]
    candidates = [candidate for candidate in first.question.telling if first.part in candidate.values]
    known = next((c for c in candidates if _explains(c, first.part, answered)), None)
    name, hint = (known.name, known.hint) if known else (_plain_name(first), "")
    return Fault(name, _lines(first, wrong), hint)


def _explains(candidate, part, answered):
    """Whether every question was answered as the mistake would, those too where it gives the right answer."""
    return all(_as_predicted(candidate.name, part, question, answer) for question, answer in answered)


def _as_predicted(name, part, question, answer):
    came = question.read(parts_of(question, answer)[part])
    values = [s.values[part] for s in question.slips if s.name == name and part in s.values]
    return not values or any(close(came, value, max(1e-6, question.tolerance)) for value in values)


def _plain_name(wrong):
    came, right = wrong.meant, wrong.right
    if not is_numbers(came) and not isinstance(right, str):
        return f"{wrong.part} must be {wanted(right)}"
    if isinstance(right, str):
        return f"{wrong.part} is wrong" if isinstance(came, str) else f"{wrong.part} must be a string"
    if onp.shape(came) != onp.shape(right):
        return f"{wrong.part} must be {wanted(right)}"
    finite = onp.asarray(came).dtype.kind in "biuf" and onp.isfinite(came).all()
    if finite and onp.asarray(came).dtype == onp.float32 and close(came, right, SINGLE):
        return f"{wrong.part} has only single precision (float32)"
    return f"{wrong.part} is wrong" if finite else f"{wrong.part} is not a finite real number"


def _lines(first, wrong):
    sizes = [w.question.size for w in wrong if w.question.size]
    also = sorted(set(sizes) - {first.question.size}, key=sizes.index)
    size = first.question.size + (f"; also at {', '.join(also)}" if also else "")
    differs = not isinstance(first.right, str) and not _alike(first.meant, first.right)
    yours, right = (kind(first.came), wanted(first.right)) if differs else apart(first.meant, first.right)
    return (
        f"      at {_input(first.question)}" + (f"   ({size})" if size else ""),
        f"      {first.part}: yours {yours}   should be {right}",
    )


def _alike(came, right):
    return is_numbers(came) and onp.shape(came) == onp.shape(right)


def _input(question):
    pairs = [f"{name} = {value if isinstance(value, str) else shown(value)}" for name, value in question.shown.items()]
    return ", ".join(pairs) or "any input"


# --- purity ---


def _impure(asked, question, second):
    if asked.changed:
        place = asked.changed[0] + 1
        line = f"      after the call, argument {place} is another than before   (at {_input(question)})"
        return Fault("it changes its argument", (line,), HINTS[Mistake.ARGUMENT_CHANGED])
    again = dict(question.answer) | parts_of(question, second)
    if all(agrees(question, p, again[p]) for p in question.parts):
        return None
    line = f"      at {_input(question)}, asked a second time"
    return Fault("the same input gives another output", (line,), HINTS[Mistake.ANOTHER_OUTPUT])
