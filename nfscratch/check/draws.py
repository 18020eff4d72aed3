"""Draws: what an audit tries. For each dimension, draws of parameters at points of several radii, in both dtypes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.bijections.contract import Bijection
from nfscratch.check.arguments import checked_context, context_width
from nfscratch.check.domains import bounded, inside, interval, into, spread
from nfscratch.check.finite_differences import moved_params, random_params
from nfscratch.check.first_batch import depends_on_first_batch
from nfscratch.check.guarded import guarded, kind_of, message_of, shown
from nfscratch.check.letters.out_of_reach import is_beyond_draws
from nfscratch.check.overflow import overflows
from nfscratch.check.pairs import computes_in_float32, first_call, in_float32, is_pair, is_pairs, of_pairs, single
from nfscratch.check.rows import flat
from nfscratch.check.stops_early import with_its_accuracy, words_of
from nfscratch.check.subject import of_bijection, of_flow
from nfscratch.check.trial import Trial
from nfscratch.flows.flow import Flow

DIMS = (1, 2, 5, 6)
RADII = (0.3, 1.0, 3.0, 10.0)
ROWS = 6  # points at each radius
DRAWS = 3  # of parameters
LIMIT = {onp.dtype("float64"): 1e-3, onp.dtype("float32"): 0.1}  # a row that rounding spoils by more is not judged
NO_FACTORY = (TypeError, AttributeError, IndexError)  # what a function of points raises for a dimension
OF_ACCURACY = 1e4  # nor one that a stated accuracy spoils by so many times itself


class FactoryRaised(TypeError):
    """A factory raises an exception that a function of points does not raise when it is given a dimension."""


@dataclass(frozen=True)
class Group:
    """Everything that is tried at one dimension."""

    dim: Any
    trials: list[Trial]  # in float64, unless float32 alone is asked for
    singles: list[Trial]  # in float32
    calm: list[Trial]  # with bounded parameters, for the integral
    moved: list[Trial] = field(default_factory=list)  # where parameters were given: with others that lie near them


def groups_of(
    subject: Any, dims: Any, rng: onp.random.Generator, declared: dict, options: dict
) -> tuple[list[Group], list[str]]:  # fmt: skip
    """The groups of a subject, and notes on the dimensions that it refuses."""
    if isinstance(subject, (Bijection, Flow)):
        return [_group(subject, rng, options)], []
    if is_pair(subject) or is_pairs(subject):
        if dims is DIMS:
            raise ValueError("dims must name the dimension of a pair of functions, such as dims=(2,), or --dims 2")
        given = {k: v for k, v in declared.items() if v is not None}
        return _groups_of_pairs(subject, dims, rng, given, options)
    if not callable(subject) or _has_directions(subject):
        takes = "a Bijection, a Flow, a factory, a pair of functions or a list of pairs"
        hint = "; pass (made.forward, made.inverse) of an object made" if _has_directions(subject) else ""
        raise TypeError(f"an audit takes {takes}; got {shown(subject)}{hint}")
    return _groups_of_factory(subject, dims, rng, options)


def _has_directions(subject):
    """Whether it is an object or a class with the two methods that an audit wants as a pair. ActNorm is a factory."""
    if isinstance(subject, type) and issubclass(subject, (Bijection, Flow)):
        return False
    return all(callable(getattr(subject, name, None)) for name in ("forward", "inverse"))


def _groups_of_pairs(subject, dims, rng, given, options):
    """Functions that compute in float32 are audited in float32: they have no more digits."""
    of_first = {d: depends_on_first_batch(subject, d, _some_points(d, given)) for d in dims}  # before the first call
    notes, begun = [], {d: first_call(subject, d, _some_points(d, given)) for d in dims}
    if options["dtype"] is None and all(computes_in_float32(subject, d, _some_points(d, given)) for d in dims):
        subject, options = in_float32(subject), {**options, "dtype": "float32"}
        given |= {k: single(given[k]) for k in ("log_prob", "sample") if k in given}
        notes = ["audited in float32, in which the functions compute; dtype='float64' audits them in float64"]
    first = {dim: {"begun": begun[dim], "of_first_batch": of_first[dim]} for dim in dims}
    groups = [_group_of_pairs(subject, dim, rng, given | first[dim], options) for dim in dims]
    found = max(group.trials[0].subject.accuracy for group in groups)
    if found and not given.get("accuracy"):
        notes.append(words_of(found))
    return groups, notes


def _some_points(dim, given):
    shape = (dim,) if onp.ndim(dim) == 0 else tuple(dim)
    return into(interval(given.get("domain"), shape, "domain"), onp.random.default_rng(0).normal(size=(ROWS, *shape)))


def _group_of_pairs(subject, dim, rng, given, options):
    subject = of_pairs(subject, dim, options["dtype"] or "float64", **given)
    trials = [_trial(subject, rng, options["radii"]) for _ in range(2)]
    if (loose := with_its_accuracy(subject, onp.concatenate([trial.z for trial in trials]))) is not None:
        trials = [Trial(loose, trial.z, None, _limit(loose)) for trial in trials]
    return Group(dim, trials, [], trials[:1])


def _groups_of_factory(factory, dims, rng, options):
    groups, notes, refusal = [], [], None
    for dim in dims:
        try:
            made = guarded(factory)(dim)
        except ValueError as error:
            refusal = error
            notes.append(f"not audited at D = {dim}: {message_of(error)}")
            continue
        except Exception as error:  # of any kind; most often it is no factory, but takes points
            wanted = "a factory must take a dimension and return a Bijection or a Flow; a function of points, a pair"
            got = f"got one that raises {kind_of(error).__name__} at D = {dim}: {message_of(error)}"
            raise (TypeError if isinstance(error, NO_FACTORY) else FactoryRaised)(f"{wanted}; {got}") from error
        if not isinstance(made, (Bijection, Flow)):
            raise TypeError(f"the factory must return a Bijection or a Flow; got {type(made).__name__} at D = {dim}")
        groups.append(_group(made, rng, options))
    if not groups:
        raise ValueError(f"the factory refused every dimension; at D = {dims[-1]}: {message_of(refusal)}")
    return groups, notes


def _group(made, rng, options):
    given, dtype, radii = options["params"] is not None, options["dtype"], options["radii"]
    wide = [_with_draws(made, rng, options) for _ in range(1 if given else options["draws"])]
    trials = [_trial(s, rng, radii) for s in wide]
    calm = trials[:1] if given else [_trial(_with_draws(made, rng, options, 0.3), rng, (0.3, 1.0))]
    near = [r for r in radii if r <= 3] or [min(radii)]
    singles = []
    if dtype != "float64":
        singles = [_trial(t.subject.in_dtype("float32"), rng, near, t.subject) for t in trials]
    if dtype == "float32":
        trials, calm = singles, singles[:1]
    shape, moved = _inner(made).in_shape, _moved(trials[0], rng, radii) if given else []
    return Group(shape[0] if len(shape) == 1 else shape, trials, singles, calm, moved)


def _moved(trial, rng, radii):
    """Trials with the parameters moved twice: at those of `init`, a correct layer may depend on nothing yet."""
    s, trials = trial.subject, []
    for _ in range(2):
        params = moved_params(s.flow or s.bijection, s.made_params, rng, 1.0, s.given)
        try:
            trials.append(_trial(s.with_params(params), rng, radii))
            trials[-1].there  # noqa: B018
        except Exception:  # of any kind: these parameters are none that the map can have
            return []
    return trials


def _inner(made):
    """The bijection of a Flow, or the bijection itself."""
    return made.bijection if isinstance(made, Flow) else made


def _with_draws(made, rng, options, scale=None):
    """One draw of parameters, and a context for every row, bound to the bijection or flow."""
    context, params = _context(made, rng, options), options["params"]
    if params is None:
        depth = len(getattr(_inner(made), "layers", (made,)))
        # The log-scales of the layers add up: a deep chain is to spread no further than eight layers do.
        scale = min(1.0, (8 / depth) ** 0.5) if scale is None else scale * min(1.0, (4 / depth) ** 0.5)
        params = trees.cast(random_params(made, rng, scale, context), "float64")  # whatever `nf.use` says
    elif context is not None and (like := trees.first_array(params)) is not None:
        context = context.astype(like.dtype)
    return (of_flow if isinstance(made, Flow) else of_bijection)(made, params, context)


def _context(made, rng, options):
    """The context that was given, or one row for every point, or None where the map takes none."""
    given, width = options["context"], context_width(made)
    if given is not None or width is None:
        return checked_context(made, options["params"], given)
    if not width:
        return None
    return rng.normal(size=(ROWS * len(options["radii"]), width))


def _trial(subject, rng, radii, twin=None):
    """Points at several radii. On the real line they are short numbers, off the whole ones, where formulas join."""
    ends = subject.domain
    z = onp.concatenate([spread(ends, rng.normal(size=(ROWS, *subject.in_shape)), r, 3.0) for r in radii])
    z = into(ends, z) if bounded(ends) else onp.round(z, 2) + 0.003
    z = _without_overflow(subject, z).astype(subject.dtype)
    double = None if twin is None else Trial(twin, z.astype("float64"))
    return Trial(subject, z, double, _limit(subject))


def _limit(subject):
    return max(LIMIT[onp.dtype(subject.dtype)], OF_ACCURACY * subject.accuracy)


def _without_overflow(subject, z):
    """The points without those where forward overflows honestly, which is no mistake; and of a user's functions without
    those beyond all draws where they give no numbers, or raise."""
    try:
        first = Trial(subject, z)
        lost = ~(onp.isfinite(flat(first.x)).all(axis=1) & onp.isfinite(first.there[1]))
        z = z[~(lost & overflows(first, first.z, "forward"))] if lost.any() else z
    except Exception:  # of any kind: where it is the functions' own near 0, S meets it again and says so
        pass
    return z[~_gives_nothing_beyond_draws(subject, z)]


def _gives_nothing_beyond_draws(subject, z):
    """Rows that no draw reaches, and for which one of the functions gives no numbers or raises."""
    nothing, beyond = onp.zeros(len(z), dtype=bool), is_beyond_draws(subject, z)
    far = onp.flatnonzero(beyond)
    if not len(far) or not _answers(subject, z[~beyond]):  # what it is near 0, S says
        return nothing
    for rows in [far] if _answers(subject, z[far]) else [[k] for k in far]:
        nothing[rows] = not _answers(subject, z[rows])
    return nothing


def _answers(subject, z):
    try:
        trial = Trial(subject, z)
        is_finite, has_slope = onp.isfinite(flat(trial.x)).all(axis=1), onp.isfinite(trial.there[1])
        if (
            is_finite & inside(subject.codomain, trial.x) & ~has_slope
        ).all():  # an ordinary x has no log_det: S says it
            return True
        results = (flat(trial.x), trial.there[1], flat(trial.back[0]), trial.back[1])
        return all(onp.isfinite(r).all() for r in results)
    except Exception:  # of any kind
        return False
