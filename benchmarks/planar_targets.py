"""U1 to U4 of Rezende and Mohamed 2015 by reverse KL: planar, radial and Sylvester flows of every depth, in full.

What chapter 03 does in a minute, with more steps (Adam at the rate 0.02, there 0.03) and more draws. K counts layers:
of a planar or radial unit each, or of a Sylvester pair (in the chapter K counts units). With --seeds above 1 the best
is kept: chosen on draws that are the same for all, and judged on fresh ones. Each finished run is a file in --runs:
start it again, and it goes on where it was; a family may run in a process of its own.

    OPENBLAS_NUM_THREADS=1 python benchmarks/planar_targets.py --runs runs/targets [--steps 4000] [--seeds 1]
    python benchmarks/planar_targets.py --runs runs/targets --show            the table and the picture of what is there
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

import nfscratch as nf
from nfscratch import plot
from nfscratch.targets.energies import BOX, ENERGIES, Walled

FAMILIES = {"planar": nf.flows.planar, "radial": nf.flows.radial, "sylvester": nf.flows.sylvester}
BATCH, RATE, CLIP = 256, 2e-2, 20.0


def train(flow, energy, steps, rng):
    """The flow's parameters after `steps` of annealed reverse KL inside of a wall, as in the chapter."""
    target, step = Walled(energy), iter(range(steps))

    def loss(params, rng):
        factor = min(1.0, 0.1 + 1.8 * next(step) / steps)

        def annealed(x):
            log_p, pullback = target.log_prob_vjp(x)
            return factor * log_p, lambda g: pullback(factor * g)

        return nf.objectives.reverse_kl_value_and_grad(flow, None, params, rng, BATCH, log_target_vjp=annealed)

    options = {"steps": steps, "optimizer": nf.adam(RATE), "has_grad": True, "clip": CLIP, "progress": False}
    return nf.minimize(loss, flow.init(rng), rng=rng, **options).params


def run(folder, family, K, energy, options):
    """The best seed: its file and its figures, made now or found there."""
    name = folder / f"{energy.name}_{family}_{K:02d}_{options.steps}_{options.seeds}"
    if name.with_suffix(".json").exists():
        return name
    start, best = time.perf_counter(), None
    for seed in range(options.seeds):
        flow = FAMILIES[family](2, layers=K, base=nf.DiagonalNormal(2))
        params = train(flow, energy, options.steps, np.random.default_rng([seed, K]))
        chosen_by = energy.reverse_kl_on_box(*flow.sample_and_log_prob(params, np.random.default_rng(1), 50_000))
        if best is None or chosen_by.kl < best[0].kl:
            best = chosen_by, flow, params, seed
    _, flow, params, seed = best
    figure = energy.reverse_kl_on_box(*flow.sample_and_log_prob(params, np.random.default_rng(2), 400_000))
    nf.save(name.with_suffix(".flow"), flow, params)
    found = {**figure._asdict(), "seed": seed, "seconds": round(time.perf_counter() - start, 1)}
    name.with_suffix(".json").write_text(json.dumps(found))
    print(f"{name.stem}: {found}", flush=True)
    return name


def table(done, families, depths):
    print("KL on the box in nats, its standard error, and in brackets the share outside in 1/1000; K layers")
    print(f"{'':10}{'K':>4}" + "".join(f"{energy.name:>24}" for energy in ENERGIES))
    for family in families:
        for K in depths:
            cells = []
            for energy in ENERGIES:
                path = done.get((family, K, energy.name))
                found = json.loads(path.with_suffix(".json").read_text()) if path else None
                text = f"{found['kl']:.4f} ± {found['error']:.4f} ({1000 * found['outside']:.1f})" if found else "-"
                cells.append(f"{text:>24}")
            print(f"{family:10}{K:4}" + "".join(cells))


def picture(done, families, depths, path):
    """The paper's grid: a target in each row, a flow in each column."""
    columns = [(family, K) for family in families for K in depths]
    figure, axes = plot.subplots(len(ENERGIES), 1 + len(columns), height=0.75, squeeze=False)
    box, n = (-BOX, BOX, -BOX, BOX), 100
    nf.use(dtype="float64")
    for row, energy in zip(axes, ENERGIES, strict=True):
        plot.density(row[0], lambda x, e=energy: e.log_prob(x) - e.log_z, box, n=n)
        peak = row[0].images[0].get_array().max()
        for ax, (family, K) in zip(row[1:], columns, strict=True):
            name = done.get((family, K, energy.name))
            if name is None:
                ax.set_visible(False)
            else:
                flow, params = nf.load(name.with_suffix(".flow"))
                params = nf.trees.cast(params)
                plot.density(ax, lambda x, f=flow, p=params: f.log_prob(p, x), box, n=n, peak=peak)
    for ax in axes.flat:
        ax.set(xticks=(), yticks=(), xlabel="", ylabel="")
    for ax, energy in zip(axes[:, 0], ENERGIES, strict=True):
        ax.set_ylabel(f"$U_{energy.name[1]}$", rotation=0, labelpad=9, va="center")
    for ax, title in zip(axes[0], ["target", *(f"{family}\n$K = {K}$" for family, K in columns)], strict=True):
        ax.set_title(title, fontsize=7)
    figure.savefig(path)
    print(f"picture: {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, required=True, help="folder of the finished runs")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--depths", nargs="+", type=int, default=[2, 8, 32])
    parser.add_argument("--targets", nargs="+", choices=[e.name for e in ENERGIES], default=[e.name for e in ENERGIES])
    parser.add_argument("--show", action="store_true", help="train nothing")
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    nf.use(dtype="float32")
    done = {}
    for K in sorted(options.depths, reverse=True):
        for family in options.families:
            for energy in ENERGIES:
                name = options.runs / f"{energy.name}_{family}_{K:02d}_{options.steps}_{options.seeds}"
                if not options.show and energy.name in options.targets:
                    run(options.runs, family, K, energy, options)
                if name.with_suffix(".json").exists():
                    done[family, K, energy.name] = name
    table(done, options.families, options.depths)
    picture(done, options.families, options.depths, options.runs / "targets.png")


if __name__ == "__main__":
    main()
