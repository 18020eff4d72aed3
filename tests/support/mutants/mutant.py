"""What a planted mistake is, and how it is audited."""

from dataclasses import dataclass, field

import numpy as onp

import nfscratch as nf


@dataclass
class Mutant:
    """`subject`: a pair, a factory, or the keywords of a density; `name`: what the audit should call it."""

    subject: object
    name: str
    dims: tuple = (1, 2, 5, 6)
    options: dict = field(default_factory=dict)


FOLD = "the map folds"
SPLINE_DIMS = (1, 2, 5)


def audit(mutant, **options):
    """The report on a mutant, named by its numbers alone."""
    options = {
        "show": False,
        "changes": False,
        "rng": onp.random.default_rng(0),
        "dims": mutant.dims,
        **mutant.options,
        **options,
    }
    if isinstance(mutant.subject, dict):
        return audit_density(mutant.subject, options)
    return nf.check.audit(mutant.subject, **options)


def audit_density(subject, options):
    """A density's sample is made for one dimension: the reports of all, the first failing one."""
    dims = options.pop("dims")
    for dim in dims[1:] if len(dims) > 2 else dims:
        extra = {"log_prob": subject["log_prob"], "sample": subject["sample"](dim)}
        report = nf.check.audit(subject["subject"], dims=(dim,), **extra, **options)
        if not report.ok:
            return report
    return report
