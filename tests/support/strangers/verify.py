"""Check the cases without the audit: right ones by a numeric Jacobian, mutants by their distance from it."""

import sys

import numpy as np

from . import CASES

# Mistakes of batches, state and edges do not show at one moderate point: they are taken as read.
OF_STATE = {
    "KEPT_AXIS", "SHAPE", "SUMMED_OVER_BATCH", "ARGUMENT_CHANGED", "DEPENDS_ON_CALLS", "BATCH_STATISTICS",
    "INITIALISED_AGAIN", "ANOTHER_OUTPUT", "DEPENDS_ON_BATCH", "PLACE_IN_BATCH", "EMPTY_BATCH_RAISES",
    "BATCH_OF_ONE_RAISES", "FLOAT64_LEAK", "END_SLOPES", "DERIVATIVE_JUMPS", "LOG_DET_FAR_OUT", "FOLDS",
}  # fmt: skip


def as_pair(subject):
    """One pair of a list of pairs."""
    if not isinstance(subject, list):
        return subject

    def run(pairs, which, v):
        total = 0.0
        for pair in pairs:
            v, ld = pair[which](v)
            total = total + ld
        return v, total

    return (lambda z: run(subject, 0, z)), (lambda x: run(subject[::-1], 1, x))


def moderate(case, dim, rows=12):
    """Points well inside the domain."""
    r = np.random.default_rng(dim)
    domain = case.options.get("domain")
    return 1.2 * r.normal(size=(rows, dim)) if domain is None else r.uniform(0.1, 0.9, (rows, dim))


def distance(case, dim, wrong):
    """(round trip, forward log-det against a numeric Jacobian, the two log-dets against each other), the largest."""
    forward, inverse = as_pair(case.build(dim, wrong))
    z = moderate(case, dim)
    x, ld = forward(z.copy())
    ld = np.asarray(ld, float) * np.ones(len(z))
    step = 3e-3 if x.dtype == np.float32 else 1e-6
    J = np.empty((len(z), dim, dim))
    for j in range(dim):
        e = step * np.eye(dim)[j]
        J[:, :, j] = (forward(z + e)[0] - forward(z - e)[0]) / (2 * step)
    numeric = np.linalg.slogdet(J)[1]
    back, ld_back = inverse(x.copy())
    scale = np.maximum(1, np.abs(z))
    return (
        np.max(np.abs(back - z) / scale),
        np.max(np.abs(ld - numeric)),
        np.max(np.abs(ld_back + ld)),
    )


def main():
    """Print the cases that are not what they say."""
    bad = 0
    for case in CASES:
        with np.errstate(all="ignore"):
            try:
                found = [distance(case, dim, case.wrong) for dim in case.dims]
                worst = np.max(np.nan_to_num(np.array(found), nan=9.9), 0)
            except Exception as error:
                worst, found = None, repr(error)
        tolerance = 2e-2 if case.options.get("dtype") == "float32" or "32" in case.name else 2e-4
        if worst is None:
            fine = bool(case.names and OF_STATE & set(case.names))
        elif case.names:
            fine = worst.max() > 1e-3 or bool(OF_STATE & set(case.names))
        else:
            fine = worst.max() < tolerance
        if not fine:
            bad += 1
            print(case.name, case.names, found)
    mutants = [c for c in CASES if c.names]
    print(len(mutants), "mutants;", len(CASES) - len(mutants), "right;", bad, "bad")
    print("chains", sum(c.chain for c in mutants), "permuted", sum(c.permuted for c in mutants))
    print("styles", sorted({c.style for c in CASES}))
    print("names", len({n for c in mutants for n in c.names}), "unique:", len({c.name for c in CASES}) == len(CASES))
    return bad


if __name__ == "__main__":
    sys.exit(bool(main()))
