"""Posterior estimation on two_moons: C2ST on the benchmark's ten observations, after 1e3, 1e4 and 1e5 simulations.

    NFSCRATCH_DATA=... python benchmarks/two_moons.py --runs runs/two_moons [--budgets 1000 10000 100000] [--sbc]

One conditional flow q(theta | x), or a few with equal shares, is fitted to pairs (theta, x) and then answers for every
observation (neural posterior estimation, amortised). 10,000 draws of q are compared with the benchmark's 10,000
reference draws. Settings are to be chosen by nats on fresh pairs and by C2ST against exact draws at observations of our
own (`--tune`); benchmarks/README.md says what was seen before.

The simulations' theta come from the prior's box with Gaussian tails, whose standard deviation is a tenth of the box's
width, and draws outside of the box are refused (Tirapongprasert and Ho 2026, arXiv:2601.17120). Under both priors the
posterior is the likelihood, cut by the box, so that what is kept has the right law; but no crescent is cut where the
flow has to learn it. The number of simulations is the same. `--tails 0` simulates from the prior, and the flow lives on
its box.

Every fit, and every cell of the table, is written as soon as it is there; run it again to go on. Seconds are of this
process's processor time, on one thread.
"""

import argparse
import bz2
import csv
import os
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
from result_rows import append, results  # noqa: E402

import nfscratch as nf  # noqa: E402
from nfscratch.targets.simulators import two_moons  # noqa: E402

SIMULATOR = two_moons()
DRAWS = 10_000
GOALS = {1_000: 0.62, 10_000: 0.55, 100_000: 0.52}
SIMULATED, TUNING, TESTED, NOISE = range(10, 14)  # the first number of each seed
FIRST_SEED = 100  # of the fits
TAILS = 0.1  # set by --tails


@dataclass(frozen=True)
class Setting:
    """What one budget gets."""

    members: int  # flows, each with its own start and its own held-out rows
    steps: int
    batch: int
    layers: int = 6
    width: int = 64
    bins: int = 8
    activation: str = "silu"
    rate: float = 3e-3

    def flow(self):
        return nf.flows.rq_nsf(
            2,
            layers=self.layers,
            hidden=(self.width, self.width),
            bins=self.bins,
            activation=self.activation,
            coupling=False,
            context_dim=2,
            support=proposal().support,
        )


SETTINGS = {
    1_000: Setting(members=4, steps=2_000, batch=100),
    10_000: Setting(members=3, steps=5_000, batch=250),
    100_000: Setting(members=1, steps=15_000, batch=500),
}


def proposal():
    """The simulator under the prior that simulations are drawn from."""
    return SIMULATOR.with_tails(TAILS) if TAILS else SIMULATOR


def simulations(simulator, n, *seed):
    """n pairs theta (n, 2), x (n, 2)."""
    rng = np.random.default_rng([*seed, n])
    theta = simulator.prior(rng, n)
    return theta, simulator.simulate(rng, theta)


def fitted(budget, member, folder):
    """The parameters of one member and its seconds; from a file, where an earlier call made it."""
    done, clock = folder / f"{budget}_{member}.flow", folder / f"{budget}_{member}.seconds"
    if done.exists() and clock.exists():
        return nf.load(done)[1], float(clock.read_text())
    setting, (theta, x), start = SETTINGS[budget], simulations(proposal(), budget, SIMULATED), time.process_time()
    flow = setting.flow()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nf.TrainingWarning)
        result = nf.fit(
            flow,
            theta,
            context=x,
            rng=FIRST_SEED + member,
            steps=setting.steps,
            batch_size=setting.batch,
            optimizer=nf.adam(setting.rate),
            checkpoint=folder / f"{budget}_{member}.run",
            progress=False,
        )
    seconds = time.process_time() - start
    nf.save(done, flow, result.params)
    clock.write_text(f"{seconds:.2f}")
    best = min(result.history["validation"])
    print(f"{budget} simulations, member {member}: {result.best_step}, {best:.3f} nats held out, {seconds:.0f} s")
    return result.params, seconds


class Ensemble:
    """Flows of one kind with equal shares, each cut off at the prior's box."""

    def __init__(self, flow, members):
        self.flow, self.members = flow, members

    def log_prob(self, theta, x, rng, draws=400):
        """(N,); the mass that each flow has in the box, by `draws` draws for each row."""
        each = [self.flow.log_prob(p, theta, x) - np.log(self._mass(p, x, rng, draws)) for p in self.members]
        return np.logaddexp.reduce(each) - np.log(len(self.members))

    def _mass(self, params, x, rng, draws):
        theta = self.flow.sample(params, rng, draws * len(x), context=np.repeat(x, draws, axis=0))
        inside = SIMULATOR.of_theta.inside(theta).reshape(len(x), draws).sum(axis=1)
        return np.maximum(1, inside) / draws

    def sample(self, rng, n, x):
        """n draws for one observation, equally many from each member."""
        n_each = [len(part) for part in np.array_split(np.empty(n), len(self.members))]
        pairs = zip(self.members, n_each, strict=True)
        return np.concatenate([self._of_one(p, rng, k, x) for p, k in pairs])

    def _of_one(self, params, rng, n, x):
        return SIMULATOR.of_theta.kept(lambda m: self.flow.sample(params, rng, m, context=x), n)

    def sample_rows(self, rng, x, L):
        """L draws for each row of x, each from a member drawn at random: (N, L, 2)."""
        return np.stack([self._mixed(rng, L, row) for row in x])

    def _mixed(self, rng, L, x):
        counts = np.bincount(rng.integers(len(self.members), size=L), minlength=len(self.members))
        return np.concatenate([self._of_one(p, rng, k, x) for p, k in zip(self.members, counts, strict=True)])


def ensemble(budget, folder):
    """The flows of one budget, and the seconds that all of them took."""
    parts = [fitted(budget, member, folder) for member in range(SETTINGS[budget].members)]
    return Ensemble(SETTINGS[budget].flow(), [p for p, _ in parts]), sum(seconds for _, seconds in parts)


def benchmark():
    """Number, observation (2,) and reference draws (10,000, 2) of the ten."""
    folder = Path(os.environ["NFSCRATCH_DATA"]) / "sbibm" / "two_moons"
    for i in range(1, 11):
        here = folder / f"num_observation_{i}"
        x = np.loadtxt(here / "observation.csv", delimiter=",", skiprows=1)
        with bz2.open(here / "reference_posterior_samples.csv.bz2", "rt") as file:
            yield i, x, np.loadtxt(file, delimiter=",", skiprows=1)


def own(count=4):
    """Observations to choose settings by, with exact draws."""
    for i, x in enumerate(simulations(SIMULATOR, count, TUNING)[1]):
        yield i + 1, x, SIMULATOR.posterior(x).sample(np.random.default_rng([TUNING, i]), DRAWS)


def compare(budget, cells, path, folder):
    """One row of the file for each observation that has none yet."""
    known = {(row["simulations"], row["observation"]) for row in results(path)}
    q, seconds = ensemble(budget, folder)
    for i, x, reference in cells:
        if (str(budget), str(i)) in known:
            continue
        start = time.process_time()
        draws = q.sample(np.random.default_rng([NOISE, budget, i]), DRAWS, x)
        sampled = time.process_time() - start
        score = nf.evaluate.c2st(reference, draws)
        row = {
            "simulations": budget,
            "observation": i,
            "c2st": f"{score:.4f}",
            "fit_seconds": f"{seconds:.1f}",
            "sample_seconds": f"{sampled:.2f}",
            "c2st_seconds": f"{time.process_time() - start - sampled:.1f}",
        }
        append(path, row)
        print(row, flush=True)


def calibration(budget, folder, n=1000, L=99):
    """p-values of SBC and TARP for the flow, and for the same flow with a base of standard deviation .8."""
    q, _ = ensemble(budget, folder)
    theta, x = simulations(SIMULATOR, n, TESTED)
    exact = np.concatenate([SIMULATOR.posterior(o).log_prob(t[None]) for t, o in zip(theta, x, strict=True)])
    gap = exact - q.log_prob(theta, x, np.random.default_rng([NOISE, n]))
    print(f"{budget} simulations: KL {gap.mean():.3f} +- {gap.std() / n**0.5:.3f} nats on {n} pairs")
    narrow = Ensemble(nf.Flow(nf.DiagonalNormal(2), q.flow.bijection, q.flow.embed), [_narrow(p) for p in q.members])
    for name, each in (("as fitted", q), ("base of sd .8", narrow)):
        draws = each.sample_rows(np.random.default_rng([NOISE, budget]), x, L)
        p = nf.evaluate.sbc_test(nf.evaluate.sbc_ranks(theta, draws), L)
        curve = nf.evaluate.tarp(theta, draws, np.random.default_rng(0))
        print(f"  {name}: SBC p = {p.round(4)}; TARP {curve.largest:.3f}, band {curve.band:.3f}, p {curve.p_value:.4f}")


def _narrow(params):
    return {**params, "base": {"log_std": np.full(2, np.log(0.8)), "mean": np.zeros(2)}}


def table(path):
    """Mean over the observations, for each budget, beside its goal."""
    rows = list(csv.DictReader(path.open()))
    for budget in sorted({int(row["simulations"]) for row in rows}):
        scores = [float(row["c2st"]) for row in rows if int(row["simulations"]) == budget]
        each = " ".join(f"{score:.3f}" for score in scores)
        print(f"{budget:>7} | {each} | mean {np.mean(scores):.3f} of {len(scores)}, goal {GOALS.get(budget)}")


def main():
    global TAILS
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, required=True, help="folder, read and written")
    parser.add_argument("--budgets", type=int, nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--members", type=int, help="flows of each budget, in place of those in SETTINGS")
    parser.add_argument(
        "--tails", type=float, default=TAILS, help="their standard deviation, a share of the box's width"
    )
    parser.add_argument("--tune", action="store_true", help="own observations and exact draws, not the benchmark's")
    parser.add_argument("--sbc", action="store_true", help="calibration instead of C2ST")
    options = parser.parse_args()
    nf.use(dtype="float32")
    TAILS = options.tails
    if options.members:
        SETTINGS.update({budget: replace(setting, members=options.members) for budget, setting in SETTINGS.items()})
    options.runs.mkdir(parents=True, exist_ok=True)
    path = options.runs / ("tuning.csv" if options.tune else "ten.csv")
    for budget in options.budgets:
        if options.sbc:
            calibration(budget, options.runs)
        else:
            compare(budget, own() if options.tune else benchmark(), path, options.runs)
    if not options.sbc:
        table(path)


if __name__ == "__main__":
    main()
