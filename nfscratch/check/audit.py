"""The audit: thirteen checks in the order in which one mistake hides the next, and a name for what is wrong.

    S P I R X J D T E O G K N      over D = 1, 2, 5, 6, several draws of wild parameters, several radii, both dtypes

D = 2 alone hides four kinds of mistake, and parameters near the identity hide more. battery.py says which draws a
check looks at, letters/ has a file for each check, and diagnosis/ finds the name.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb
from typing import Any

import numpy as onp

from nfscratch.blas import ONE_THREAD
from nfscratch.check.arguments import letters_of
from nfscratch.check.battery import checks_of
from nfscratch.check.diagnosis.explain import explain, unexplained
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.recorded import is_users
from nfscratch.check.draws import DIMS, DRAWS, RADII, Group
from nfscratch.check.finding import Finding, Outcome, Symptom, inconclusive, not_applicable
from nfscratch.check.guarded import guarded, kind_of, origin_of, said
from nfscratch.check.message import Case
from nfscratch.check.notes import notes_of
from nfscratch.check.prepared import prepared
from nfscratch.check.report import Failure, Line, Report
from nfscratch.check.rows import flat
from nfscratch.check.time_limit import OutOfTime, TimeLimit, limit_for
from nfscratch.check.trial import Trial, Unusable
from nfscratch.validate import flag

SEVERAL = "RXJD"  # these letters go on after a failure, because their diagnosis compares dimensions


def audit(
    subject: Any, params: Any = None, *, dims: Sequence[Any] = DIMS, dtype: str | None = None, context: Any = None,
    rng: onp.random.Generator | None = None, log_prob: Callable | None = None, sample: Callable | None = None,
    radii: Sequence[float] = RADII, letters: str | None = None, structure: str | None = None, domain: Any = None,
    codomain: Any = None, smooth: bool | None = None, accuracy: float | None = None, draws: int = DRAWS,
    changes: bool = True, show: bool = True,
) -> Report:  # fmt: skip
    """Check a map, and name what is wrong with it.

    subject: a Bijection, a Flow, or a factory (dim -> Bijection or Flow);
        a flow or layer of another library (zuko, nflows, normflows, flowjax, ...: check/adapters/adapt.py);
        a pair of plain functions (forward, inverse) of NumPy arrays, forward(z) -> (x, log_det) and inverse(x) ->
        (z, log_det), for the dimensions in `dims`. They may return another library's arrays. A list of pairs is a
        chain, in the order in which z meets them: then the audit names the layer. A half that every layer keeps is a
        mistake; the report tells of any other variable that never moves, and structure="dense" forbids it.
    params: those of the Bijection or Flow; without them, several draws of wild ones.
    dtype: "float64" or "float32" alone; without it both, and for a pair the one that it computes in.
    context: one row (C,) or (1, C) for all, or (M, C): row i of a batch gets row i mod M. Without it the audit draws a
        row for every point, so that it sees a map which mixes them up.
    log_prob(x), sample(rng, n), structure, domain, codomain, smooth, accuracy: what a pair cannot say of itself.
        domain, codomain: an interval for all variables, such as (0, 1), "positive" or (0, None); or a pair of lists or
        arrays, low and high ends, with a number for each variable: domain=([0, -inf], [1, inf]).
        smooth=False: its derivative may jump (leaky ReLU between other layers). accuracy: how close a search or a
        solver comes, such as 1e-6, relative to max(1, |z|). Without it rounding alone is allowed; where a loop
        stands in the functions, and the round trip is off by no more than 1e-6, as much as that, and a note says so.
    letters: the checks to run, such as "SRJ".
    changes: whether to look for the one change of the code that mends the mistake, by trying changes of the functions
        that the caller wrote, in a forked process; it takes some seconds where a check fails, a minute or two where
        they wait. Functions that name files, processes or other machines are not changed. False where the reader is
        to find it himself.

    A TypeError or ValueError names an argument that is wrong, or that does not apply to this subject. Whatever else
    the subject raises is a finding, SystemExit too; Ctrl-C ends the audit. Functions that answer 1,000 rows in 50 ms
    have 20 seconds of processor time, slower ones in proportion until a check fails; a note says what was left out.
    """
    rng = onp.random.default_rng(0) if rng is None else rng
    letters, changes, show = letters_of(letters), flag("changes", changes), flag("show", show)
    declared = {"log_prob": log_prob, "sample": sample, "structure": structure, "smooth": smooth}
    declared |= {"domain": domain, "codomain": codomain, "accuracy": accuracy}
    options = {"params": params, "context": context, "dtype": dtype, "draws": draws, "radii": radii}
    # Far out numbers overflow, and the subject may warn of it: the checks look at what came of it.
    with ONE_THREAD, onp.errstate(all="ignore"), warnings.catch_warnings(), _own_random_state():
        warnings.simplefilter("ignore")
        report = _report(letters, rng, changes, *prepared(subject, dims, rng, declared, options))
    if show:
        report.show()
    return report


@contextmanager
def _own_random_state():
    before = onp.random.get_state()
    try:
        yield
    finally:
        onp.random.set_state(before)


def _report(letters, rng, changes, groups, notes):
    trial = groups[-1].trials[0]
    s = trial.subject
    limit = limit_for(s.forward, s.inverse, trial.z) if s.bijection is None and len(trial) else TimeLimit()
    run = _Run(letters, rng, changes, limit)
    for k, group in enumerate(groups, 1):
        with limit.of_checks(k / len(groups)):
            run.group(group)
    return run.report(groups, notes)


# --- what is checked ---


class _Run:
    """The findings of each letter, over dimensions, draws and dtypes."""

    def __init__(self, letters, rng, changes, limit):
        self.letters, self.rng, self.changes, self.limit = letters, rng, changes, limit
        self.cases: dict[str, list[Case]] = {letter: [] for letter in letters}
        self.left_out: list[str] = []
        self.failed_at = onp.inf

    def group(self, group: Group) -> None:
        for letter in self.letters:
            if not self._settled(letter):
                self._letter(letter, group)

    def _letter(self, letter, group):
        for trial, check in checks_of(letter, group, self.rng, self.letters):
            finding = self._within_time(letter, check, trial, group.dim)
            self.cases[letter].append(Case(group.dim, trial, finding))
            self.failed_at = min(self.failed_at, self.limit.now) if finding.failed else self.failed_at
            if finding.failed and letter not in SEVERAL:
                break

    def _within_time(self, letter, check, trial, dim):
        try:
            with self.limit.after_failure(self.failed_at):
                return _guarded(letter, check, trial)
        except OutOfTime:
            self.left_out.append(f"{letter} at D = {dim}")
            return inconclusive(letter, "", f"left out: {self.limit.words(self.failed_at)}")

    def _settled(self, letter):
        """Whether the letter need not run: it has failed, or S has, on which all others stand."""
        return (letter != "S" and self._misshapen()) or (self._first(letter) is not None and letter not in SEVERAL)

    def _misshapen(self):
        """Whether S has failed. Numbers that are not finite do not count: the other checks look at the other rows."""
        failed = (case.finding for case in self.cases.get("S", ()) if case.finding.failed)
        return any(finding.symptom is not Symptom.NOT_FINITE for finding in failed)

    # --- what is said of it ---

    def report(self, groups: list[Group], notes: list[str]) -> Report:
        failed = [letter for letter in self.letters if self._first(letter) is not None]
        if any(map(self._is_singular, failed)):  # many mistakes make a map singular: these letters say which
            failed.sort(key=lambda letter: 1 if self._is_singular(letter) else 2 * (letter not in "SPIXJDTO"))
        telling = next((k for k, letter in enumerate(failed) if letter != "S" or self._misshapen()), 0)
        failures: list[Failure] = []
        for k, letter in enumerate(failed):  # one search for the change that mends it is enough
            says_all = bool(failures) and failures[0].mistake is Mistake.ONE_CHANGE
            named = k <= telling and not says_all
            failures.append(self._named(letter, self.changes and k == 0) if named else self._unnamed(letter))
        lines, first = [], failures[0].letter if failures else ""
        for letter in self.letters:
            lines.append(self._line(letter, first))
        notes = [*notes, *notes_of(groups[-1].trials[0], self.letters, self.left_out, self.limit.words(self.failed_at))]
        subject = groups[0].trials[0].subject
        dims = tuple(group.dim for group in groups)
        return Report(subject.name, dims, tuple(lines), tuple(failures), subject.costs, tuple(notes))

    def _first(self, letter):
        """The first failure of a letter, or None."""
        return next((case for case in self.cases[letter] if case.finding.failed), None)

    def _is_singular(self, letter):
        return self._first(letter).finding.symptom is Symptom.SINGULAR

    def _line(self, letter, first):
        findings = [case.finding for case in self.cases[letter]]
        if (failed := self._first(letter)) is not None:
            return Line(letter, Outcome.FAILED if letter == first else Outcome.WAITING, failed.finding.what)
        if not findings:
            return Line(letter, Outcome.SKIPPED, f"waits for {first}" if first else "")
        judged = [finding for finding in findings if not finding.unjudged]
        if not judged:
            return Line(letter, findings[0].outcome, findings[0].why)
        worst = max(judged, key=lambda f: f.error / f.tolerance if f.tolerance else 0.0)
        told = next((finding.why for finding in judged if finding.why), "")
        detail = told or (f"{worst.error:.0e} of {worst.tolerance:.0e} allowed" if worst.error else "")
        return Line(letter, Outcome.PASSED, detail)

    def _named(self, letter, changes) -> Failure:
        """A failure with the name of the mistake. A look that fails itself costs the name, not the report."""
        no_round_trip = "R" in self.letters and self._first("R") is not None
        try:
            if self._is_singular(letter):
                return self._unnamed(letter, changes)
            with self.limit.of_name():
                return guarded(explain)(letter, self._judged(letter), self.cases.get("J", []), no_round_trip, changes)
        except (Exception, OutOfTime):  # of any kind: the subject's at a new point, or the look's own
            return self._unnamed(letter)

    def _unnamed(self, letter, changes=False) -> Failure:
        return unexplained(letter, self._judged(letter), changes)

    def _judged(self, letter):
        return [case for case in self.cases[letter] if not case.finding.unjudged]


def _guarded(letter: str, check: Callable[[Trial], Finding], trial: Trial) -> Finding:
    """A check's finding. An exception of the subject is a finding too."""
    try:
        return guarded(check)(trial)
    except Unusable as error:
        return not_applicable(letter, f"{error}")
    except onp.linalg.LinAlgError as error:
        return inconclusive(letter, "", f"linear algebra: {error}")
    except Exception as error:  # the subject's own: any kind
        words = f"{said(error)}{_place(error)}"
        evidence = {"z": flat(trial.z), "row": 0, "symbol": "z", "raised": words, "raised_by": kind_of(error)}
        what = "raises an exception"
        return Finding(letter, what, onp.inf, 0.0, words, symptom=Symptom.RAISES, evidence=evidence)


def _place(error):
    """Where in the user's code it was raised, in words; nothing where none of it took part."""
    places = [place for place in extract_tb(origin_of(error).__traceback__) if is_users(place.filename)]
    return f", in line {places[-1].lineno} of {Path(places[-1].filename).name}" if places else ""
