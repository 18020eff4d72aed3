"""The audit: thirteen checks in the order in which one mistake hides the next, and a name for what is wrong.

    S P I R X J D T E O G K N      over D = 1, 2, 5, 6, several draws of wild parameters, several radii, both dtypes

D = 2 alone hides four kinds of mistake, and parameters near the identity hide more. The integral N is taken with
bounded parameters: with wild ones a correct flow is too narrow for any grid.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as onp

from nfscratch.check.calls import check_independence, check_purity
from nfscratch.check.density import check_definition, check_joint
from nfscratch.check.diagnosis import explain
from nfscratch.check.edges import check_edges
from nfscratch.check.finding import Finding, inconclusive, not_applicable
from nfscratch.check.gradients import check_gradients
from nfscratch.check.groups import DIMS, DRAWS, RADII, Group, groups_of
from nfscratch.check.integral import check_integral
from nfscratch.check.laws import (
    check_closed_form,
    check_jacobian,
    check_log_dets_cancel,
    check_round_trip,
    check_shapes,
)
from nfscratch.check.message import Case
from nfscratch.check.onto import check_onto
from nfscratch.check.options import check_options, letters_of
from nfscratch.check.report import Failure, Line, Report
from nfscratch.check.samples import check_samples
from nfscratch.check.structure import check_structure
from nfscratch.check.trial import Trial, Unusable, flat

IN_FLOAT32 = "SRXDEG"  # the letters whose answer depends on the dtype
SEVERAL = "RXJD"  # the letters that go on after a failure: a diagnosis compares dimensions


def audit(
    subject: Any, params: Any = None, *, dims: Sequence[Any] = DIMS, dtype: str | None = None, context: Any = None,
    rng: onp.random.Generator | None = None, log_prob: Callable | None = None, sample: Callable | None = None,
    radii: Sequence[float] = RADII, letters: str | None = None, structure: str | None = None, domain: Any = None,
    codomain: Any = None, smooth: bool | None = None, draws: int = DRAWS, show: bool = True,
) -> Report:  # fmt: skip
    """Check a map, and name what is wrong with it.

    subject: a Bijection, a Flow, a factory (dim -> Bijection or Flow), or a pair of plain functions (forward, inverse)
        of NumPy arrays, forward(z) -> (x, log_det) and inverse(x) -> (z, log_det), for the dimensions in `dims`.
    params: those of the Bijection or Flow; without them, several draws of wild ones.
    dtype: "float64" or "float32" alone; without it both, and float64 for a pair.
    context: one row (C,) or (1, C) for all, or (M, C): row i of a batch is given row i mod M. Without it a row is drawn
        for every point, so that a map which mixes them up is seen.
    log_prob(x), sample(rng, n), structure, domain, codomain, smooth: what a pair cannot say of itself.
        smooth=False: its derivative may jump (leaky ReLU between other layers).
    letters: the checks to run, as "SRJ".
    """
    rng = onp.random.default_rng(0) if rng is None else rng
    letters = letters_of(letters)
    declared = {"log_prob": log_prob, "sample": sample, "structure": structure, "smooth": smooth}
    declared |= {"domain": domain, "codomain": codomain}
    options = {"params": params, "context": context, "dtype": dtype, "draws": draws, "radii": radii}
    check_options(subject, dims, DIMS, declared, {**options, "rng": rng})
    with onp.errstate(all="ignore"):  # far out numbers overflow: the checks look at what came of it
        groups, notes = groups_of(subject, dims, rng, declared, options)
        run = _Run(letters, rng)
        for group in groups:
            run.group(group)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report = run.report(groups, notes)
    if show:
        report.show()
    return report


# --- what is checked ---


class _Run:
    """Findings by letter, over dimensions, draws and dtypes."""

    def __init__(self, letters, rng):
        self.letters, self.rng = letters, rng
        self.findings: dict[str, list[tuple[Any, Trial, Finding]]] = {letter: [] for letter in letters}

    def group(self, group: Group) -> None:
        for letter in self.letters:
            if self._settled(letter):
                continue
            for trial, check in self._trials(letter, group):
                finding = _guarded(letter, check, trial)
                self.findings[letter].append((group.dim, trial, finding))
                if finding.failed and letter not in SEVERAL:
                    break

    def _settled(self, letter):
        """Whether there is no sense in running it: it has failed, or what it stands on has."""
        failed = any(f.failed for _, _, f in self.findings[letter])
        # Numbers that are not finite are no reason to stop: the other checks look at the rows that are.
        spoiled = letter != "S" and any(
            f.failed and f.evidence["kind"] != "not finite" for _, _, f in self.findings.get("S", ())
        )
        return spoiled or (failed and letter not in SEVERAL)

    def _trials(self, letter, group):
        rng = self.rng
        several = [*group.trials, *(group.singles if letter in IN_FLOAT32 else ())]
        if letter == "T":
            return [(group.trials[0], lambda _: check_structure(group.trials))]
        if letter == "N":
            return [(trial, check_integral) for trial in group.calm]
        if letter == "J":
            look = partial(check_jacobian, finite_only="S" in self.letters)
            looks = [partial(look, direction=d) for d in ("forward", "inverse")] + [check_closed_form]
            return [(trial, look) for trial in group.calm + several for look in looks]
        if letter == "D":  # a wild inverse may be too badly conditioned for a numeric Jacobian
            joint = [(trial, lambda t: check_joint(t, rng)) for trial in group.calm + several]
            return [(trial, check_definition) for trial in group.calm + group.trials] + joint
        if letter == "K":
            return [(trial, lambda t: check_samples(t, rng)) for trial in group.calm]
        if letter in "EG":
            one_each = group.trials[:2] + group.singles[:1]
            return [(t, lambda t, f={"E": check_edges, "G": check_gradients}[letter]: f(t, rng)) for t in one_each]
        if letter == "O":
            return [(trial, lambda t: check_onto(t, rng)) for trial in group.trials]
        plain = {
            "S": check_shapes, "P": check_purity, "I": check_independence, "R": check_round_trip,
            "X": check_log_dets_cancel,
        }[letter]  # fmt: skip
        return [(trial, plain) for trial in (group.calm + several if letter == "S" else several)]

    # --- what is said of it ---

    def report(self, groups: list[Group], notes: list[str]) -> Report:
        failures = [self._failure(letter) for letter in self.letters if self._first(letter) is not None]
        lines, first = [], failures[0].letter if failures else ""
        for letter in self.letters:
            lines.append(self._line(letter, first))
        subject = groups[0].trials[0].subject
        dims = tuple(group.dim for group in groups)
        return Report(subject.name, dims, tuple(lines), tuple(failures), subject.costs, tuple(notes))

    def _first(self, letter):
        return next((entry for entry in self.findings[letter] if entry[2].failed), None)

    def _line(self, letter, first):
        if self._first(letter) is not None:
            _, _, finding = self._first(letter)
            return Line(letter, "FAILS" if letter == first else "waiting", finding.what)
        found = [finding for _, _, finding in self.findings[letter]]
        if not found:
            return Line(letter, "not run", f"waits for {first}" if first else "")
        judged = [f for f in found if not f.verdict]
        if judged:
            worst = max(judged, key=lambda f: f.error / f.tolerance if f.tolerance else 0.0)
            detail = f"{worst.error:.0e} of {worst.tolerance:.0e} allowed" if worst.error else ""
            return Line(letter, "holds", detail)
        return Line(letter, *found[0].verdict.split(": ", 1))

    def _failure(self, letter) -> Failure:
        entries = [Case(dim, trial, finding) for dim, trial, finding in self.findings[letter] if not finding.verdict]
        across = [Case(dim, trial, finding) for dim, trial, finding in self.findings.get("J", ())]
        failed_r = "R" in self.letters and self._first("R") is not None
        return explain(letter, entries, across, failed_r)


def _guarded(letter: str, check: Callable[[Trial], Finding], trial: Trial) -> Finding:
    """A check's finding; what a subject raises is one too."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return check(trial)
    except Unusable as error:
        return not_applicable(letter, f"{error}")
    except onp.linalg.LinAlgError as error:
        return inconclusive(letter, "", f"linear algebra: {error}")
    except Exception as error:  # the subject's own: any kind
        words = f"{type(error).__name__}: {error}"
        evidence = {"kind": "raises", "z": flat(trial.z), "row": 0, "symbol": "z", "raised": words}
        return Finding(letter, "raises an exception", onp.inf, 0.0, words, evidence=evidence)
