"""Subjects: what runs while the answers are heard, by name. Each runs for a fraction of a second.

broken: a planted mistake; stranger: code of a stranger; healthy: a correct layer; faint: a map that is nearly something
else; program: a map in a file of its own, as people write them; text: a report in words; search: the search for a
repair of a planted mistake; change: an audit with that search; edits: what the search would try.
"""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from unittest.mock import patch
from zlib import crc32

import numpy as onp
from edited_code import COUPLING, LOOPS, module_of, trial_of
from healthy import HEALTHY
from mutants import MUTANTS
from mutants.mutant import audit as audit_mutant
from strangers import CASES

import nfscratch as nf
from answers.brief import LARGEST
from answers.faint import DIM, FAINT
from answers.small_code import PLANTED_SMALL, SMALL
from nfscratch.check.diagnosis import one_change
from nfscratch.check.repair import search as search_room
from nfscratch.check.repair.candidates import candidates
from nfscratch.check.repair.live_code import Reached, live_statements
from nfscratch.check.repair.rounds import ROUNDS
from nfscratch.check.repair.search import Search

TEXTS = {"coupling": COUPLING, "loops": LOOPS} | SMALL
PLANTED = {  # what is right in a text, and what stands there instead
    "sign": ("coupling", "moved * np.exp(-s)", "moved * np.exp(s)"),
    "mean": ("coupling", "order], s.sum(axis=1)", "order], s.mean(axis=1)"),
    "halves": ("coupling", "[kept, moved], axis=1), log_det", "[moved, kept], axis=1), log_det"),
    "axis": ("coupling", "log_det = -s.sum(axis=1)", "log_det = -s.sum()"),
    "augmented": ("loops", "log_det += np.log(slope)", "log_det = np.log(slope)"),
    "order": ("loops", "in reversed(LAYERS)", "in LAYERS"),
    "turns": ("loops", "range(60)", "range(6)"),
    "slope": ("loops", "0.5 * (1 - np.tanh(z) ** 2)", "0.5 * (1 - np.tanh(z))"),
    "brackets": ("loops", "(x @ turn - shift) * np.exp(-log_scale)", "x @ turn - shift * np.exp(-log_scale)"),
}
PLANTED |= PLANTED_SMALL
EDITS = 1500  # of one round
PROGRAMS = Path(__file__).parent / "programs"


def audited(subject, dims, options):
    quiet = {"show": False, "changes": False, "draws": 1, "rng": onp.random.default_rng(0)}
    return nf.check.audit(subject, dims=dims, **quiet | options)


def of_broken(name):
    mutant = MUTANTS[name]
    return audit_mutant(mutant, dims=few(mutant.dims), draws=1)


def of_stranger(name):
    case = next(case for case in CASES if case.name == name)
    return audited(case.subject(), case.dims[:1], case.options)


def of_healthy(name):
    healthy = HEALTHY[name]
    return audited(healthy.subject, few(healthy.dims), healthy.options)


def of_faint(name):
    make, eps = FAINT[name]
    return audited(make(eps), (DIM,), {"dtype": "float64", "letters": "SPIRXJTE"})


def of_program(name):
    with tempfile.TemporaryDirectory() as folder:
        module = module_of((PROGRAMS / f"{name}.py").read_text(), Path(folder), "program")
        options = dict(module.OPTIONS)
        return audited(module.SUBJECT, options.pop("dims"), options)


def of_text(name):
    report = of_broken(name) if name in MUTANTS else of_healthy(name)
    return str(report)


def few(dims):
    """One dimension, above 1 where there is one."""
    return next(((dim,) for dim in dims if dim != 1), tuple(dims[:1]))


def of_search(name):
    text, right, wrong = PLANTED[name]
    with tempfile.TemporaryDirectory() as folder:
        module = module_of(TEXTS[text].replace(right, wrong, 1), Path(folder), "planted")
        search = Search(trial_of(module, dim_of(text)))
        with brief_search():
            search.repair()


def dim_of(text):
    return 2 if text in SMALL else 4


@contextmanager
def brief_search():
    """It ends after some lines, and by no clock."""
    with patch.object(Search.repair, "__defaults__", (len(ROUNDS), 150_000)):
        with patch.object(search_room, "LONGEST", float("inf")):
            yield


def of_change(name):
    """In this process: a fork is not heard."""
    text, right, wrong = PLANTED[name]
    with tempfile.TemporaryDirectory() as folder, patch.object(one_change, "answered_by_child", lambda ask: ask()):
        module = module_of(TEXTS[text].replace(right, wrong, 1), Path(folder), "planted")
        with brief_search():
            audited((module.forward, module.inverse), (dim_of(text),), {"letters": "SPIRXJ", "changes": True})


def of_edits(name):
    """How many there are in each round, and their texts as a number."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        module = module_of(TEXTS[name], Path(folder), "edited")
        reached = Reached(lambda: module.inverse(module.forward(onp.ones((2, dim_of(name))))[0]))
        statements = live_statements(reached)
        for kinds in range(len(ROUNDS)):
            made = islice(candidates(statements, reached, kinds), EDITS)
            texts = [f"{place.after(edit)} {source_of(edit.new)}" for _, place, edit in made]
            found += [len(texts), crc32("\n".join(sorted(texts)).encode()) % LARGEST]
    return tuple(found)


def source_of(new):
    nodes = new if isinstance(new, list) else [new]
    return " ".join(ast.unparse(node) for node in nodes if isinstance(node, ast.AST))


KINDS: dict[str, tuple[Callable, list[str]]] = {
    "broken": (of_broken, list(MUTANTS)),
    "stranger": (of_stranger, [case.name for case in CASES]),
    "healthy": (of_healthy, list(HEALTHY)),
    "faint": (of_faint, list(FAINT)),
    "program": (of_program, sorted(path.stem for path in PROGRAMS.glob("*.py"))),
    "text": (of_text, [*MUTANTS, *HEALTHY]),
    "change": (of_change, list(PLANTED)),
    "search": (of_search, list(PLANTED)),
    "edits": (of_edits, list(TEXTS)),
}
SUBJECTS: dict[str, Callable[[], object]] = {
    f"{kind}: {name}": partial(run, name) for kind, (run, names) in KINDS.items() for name in names
}
