"""What an audit tries: for each dimension, draws of parameters at points of several radii, in both dtypes."""

from __future__ import annotations

from functools import partial

import numpy as onp

from nfscratch.bijections.contract import Bijection
from nfscratch.check import subject as subjects
from nfscratch.check.intervals import bounded, into
from nfscratch.check.numeric import random_params
from nfscratch.check.onto import overflows
from nfscratch.check.trial import Trial, flat
from nfscratch.flows.flow import Flow

DIMS = (1, 2, 5, 6)
RADII = (0.3, 1.0, 3.0, 10.0)
ROWS = 6  # points at each radius
DRAWS = 3  # of parameters
LIMIT = {onp.dtype("float64"): 1e-3, onp.dtype("float32"): 0.1}  # rows that rounding spoils by more are not judged


class Group:
    """Everything that is tried at one dimension: trials in float64 and float32, and bounded ones for the integral."""

    def __init__(self, dim, trials, singles, calm):
        self.dim, self.trials, self.singles, self.calm = dim, trials, singles, calm


def groups_of(subject, dims, rng, declared, options):
    notes = []
    if isinstance(subject, (Bijection, Flow)):
        return [_group(subject.bijection.in_shape if isinstance(subject, Flow) else subject.in_shape,
                       partial(_bound, subject), rng, options)], notes  # fmt: skip
    if isinstance(subject, (tuple, list)) and len(subject) == 2 and all(callable(f) for f in subject):
        if dims is DIMS:
            raise ValueError("dims must name the dimension of a pair of functions, as dims=(2,)")
        given = {k: v for k, v in declared.items() if v is not None}
        dtype = options["dtype"] or "float64"
        groups = []
        for dim in dims:
            s = subjects.of_pair(*subject, dim, dtype, **given)
            trials = [_trial(s, rng, options["radii"]) for _ in range(2)]
            groups.append(Group(dim, trials, [], trials[:1]))
        return groups, notes
    if not callable(subject):
        raise TypeError(f"an audit takes a Bijection, a Flow, a factory or a pair of functions; got {subject!r}")
    return _factory_groups(subject, dims, rng, options)


def _factory_groups(factory, dims, rng, options):
    groups, notes, refusal = [], [], None
    for dim in dims:
        try:
            made = factory(dim)
        except ValueError as error:
            refusal = error
            notes.append(f"not audited at D = {dim}: {error}")
            continue
        if not isinstance(made, (Bijection, Flow)):
            raise TypeError(f"the factory must return a Bijection or a Flow; got {type(made).__name__} at D = {dim}")
        shape = made.bijection.in_shape if isinstance(made, Flow) else made.in_shape
        groups.append(_group(shape, partial(_bound, made), rng, options))
    if not groups:
        raise ValueError(f"the factory refused every dimension; at D = {dims[-1]}: {refusal}")
    return groups, notes


def _group(shape, bound, rng, options):
    given, dtype = options["params"] is not None, options["dtype"]
    count = 1 if given else options["draws"]
    wide = [bound(rng, options) for _ in range(count)]
    trials = [_trial(s, rng, options["radii"]) for s in wide]
    calm = trials[:1] if given else [_trial(bound(rng, options, scale=0.3), rng, (0.3, 1.0))]
    near = [r for r in options["radii"] if r <= 3] or [min(options["radii"])]
    singles = []
    if dtype != "float64":
        singles = [_trial(t.subject.in_dtype("float32"), rng, near, t.subject) for t in trials]
    if dtype == "float32":
        trials, calm = singles, singles[:1]
    return Group(shape[0] if len(shape) == 1 else shape, trials, singles, calm)


def _bound(made, rng, options, scale=None):
    """One draw of parameters, and a context for every row, bound to the bijection or flow."""
    is_flow = isinstance(made, Flow)
    inner = made.bijection if is_flow else made
    context = None if options["context"] is None else onp.atleast_2d(onp.asarray(options["context"], dtype="float64"))
    if context is None and inner.context_dim:
        if is_flow and made.embed is not None:
            raise ValueError("context must be given: the embedding network is built for its width")
        context = rng.normal(size=(ROWS * len(options["radii"]), inner.context_dim))
    params = options["params"]
    if params is None:
        depth = len(getattr(inner, "layers", (inner,)))
        # The log-scales of a deep chain add up: their spread is kept to that of eight layers.
        scale = min(1.0, (8 / depth) ** 0.5) if scale is None else scale * min(1.0, (4 / depth) ** 0.5)
        params = random_params(made, rng, scale, context)
    make = subjects.of_flow if is_flow else subjects.of_bijection
    return make(made, params, context)


def _trial(subject, rng, radii, twin=None):
    """Points at several radii. On the real line they are short numbers, off the whole ones, where formulas join."""
    reach = [min(r, 3.0) if bounded(subject.domain) else r for r in radii]
    z = onp.concatenate([r * rng.normal(size=(ROWS, *subject.in_shape)) for r in reach])
    z = into(subject.domain, z) if bounded(subject.domain) else onp.round(z, 2) + 0.003
    limit = LIMIT[onp.dtype(subject.dtype)]
    try:
        first = Trial(subject, z)
        lost = ~onp.isfinite(flat(first.x)).all(axis=1)
        if lost.any():
            z = z[~(lost & overflows(first, first.z, "forward"))]  # an honest overflow is no mistake
    except Exception:  # whatever it is, S meets it again and says so
        pass
    z = z.astype(subject.dtype)
    return Trial(subject, z, None if twin is None else Trial(twin, z.astype("float64")), limit)
