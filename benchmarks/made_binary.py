"""MADE on binary data: test negative log-likelihood beside Germain et al. 2015, arXiv:1502.03509, table 4.

Two models on each set, like with like:

    one mask      the natural order; fitted as any flow
    32 masks      orders and connections shuffled 32 times on one set of weights; every batch trains one of them, and
                  the test probability is the average of all 32

Width, rate and weight decay are chosen by the validation rows, which also say when to stop; the test rows are looked
at once, for the choice. Width 0 is a MADE without a hidden layer, D logistic regressions: the paper's masked network
has such connections from its inputs to its outputs beside the hidden ones; ours has either. Units are tanh.

    NFSCRATCH_DATA=folder python benchmarks/made_binary.py [--sets mushrooms dna] [--threads 1]

Every fit is kept in --runs, one file each, and so is the score of every model that was chosen (.json). Interrupted, by
Ctrl-C or otherwise, the same command goes on where it was; finished, it prints the table again.
"""

import argparse
import json
import os
import time
from itertools import product
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--sets", nargs="+", default=["mushrooms", "dna"], choices=["mushrooms", "dna"])
parser.add_argument("--masks", type=int, default=32)
parser.add_argument("--widths", nargs="+", type=int, default=[0, 1000], help="hidden units; 0: no hidden layer")
parser.add_argument("--decays", nargs="+", type=float, default=[0.1, 0.3], help="weight decays, tried in turn")
parser.add_argument("--epochs", type=int, default=100, help="at most, with one mask; five times as many with several")
parser.add_argument("--batch", type=int, default=100)
parser.add_argument("--rates", nargs="+", type=float, default=[1e-2, 3e-2], help="of Adam, tried in turn")
parser.add_argument("--patience", type=int, default=30, help="evaluations without improvement, then stop")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--threads", type=int, default=1, help="BLAS threads")
parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for the checkpoints and the scores")
options = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before NumPy is loaded
    os.environ[variable] = str(options.threads)

import numpy as np  # noqa: E402

import nfscratch as nf  # noqa: E402

PAPER = {("mushrooms", 1): 9.68, ("mushrooms", 32): 9.69, ("dna", 1): 83.63, ("dna", 32): 79.66}


def run_name(name, masks):
    """All that a fit depends on, beside what is swept over."""
    return f"made_{name}_{masks}masks_epochs{options.epochs}_batch{options.batch}_seed{options.seed}"


def train(flow, data, rate, decay, masks, file):
    """`fit`, but for one thing: with several masks, every batch trains one of them, drawn at random."""
    epoch = max(1, len(data.train) // options.batch)
    rng = np.random.default_rng(options.seed)
    common = {
        "rng": rng,
        "steps": options.epochs * epoch * (1 if masks == 1 else 5),
        "batch_size": options.batch,
        "optimizer": nf.adam(rate, weight_decay=decay),
        "evaluate_every": epoch if masks == 1 else 5 * epoch,
        "patience": options.patience,
        "progress": False,
        "checkpoint": file,
    }
    if masks == 1:
        return nf.fit(flow, data.train, validation=data.validation, **common)
    train, validation = (nf.backend.asarray(part) for part in (data.train, data.validation))

    def value_and_grad(params, rng, batch):
        k = int(rng.integers(flow.base.masks))
        log_p, pullback = flow.base.member_log_prob_vjp(params["base"], batch, k)
        g_base, _ = pullback(np.full_like(log_p, -1 / len(log_p)))
        return -log_p.mean(), {"base": g_base, "bijection": {}, "embed": {}}

    def evaluate(params):
        return -float(flow.log_prob(params, validation).mean())

    return nf.minimize(value_and_grad, flow.init(rng, train), data=train, evaluate=evaluate, has_grad=True, **common)


def best_of(name, data, masks):
    """The model that validates best, of all widths and decays."""
    found = []
    widths = [width for width in options.widths if width or masks == 1]  # (masks shuffle hidden units)
    for width, rate, decay in product(widths, options.rates, options.decays):
        hidden = (width,) if width else ()
        law = nf.distributions.Bernoulli()
        flow = nf.flows.made(data.dim, law, hidden=hidden, activation="tanh", masks=masks, seed=options.seed)
        start = time.perf_counter()
        file = options.runs / f"{run_name(name, masks)}_width{width}_rate{rate:g}_decay{decay:g}.run"
        result = train(flow, data, rate, decay, masks, file)
        if result.ended is nf.Ended.INTERRUPTED:
            raise SystemExit(f"{result.stopped}; the same command goes on from {file}")
        score = float(flow.log_prob(result.params, data.validation).mean())
        found.append((score, (width, rate, decay), flow, result))
        print(
            f"  {name}, {masks} mask(s), {width} units, rate {rate:g}, decay {decay:g}: validation NLL {-score:.2f} "
            f"at step {result.best_step} ({result.stopped}; {time.perf_counter() - start:.0f} s)",
            flush=True,
        )
    return max(found, key=lambda row: row[0])


def keep(name, masks, choice, nll):
    """The score of the chosen model, as a file that other programs can read."""
    scores = dict(zip(("width", "rate", "decay"), choice, strict=True))
    scores |= {"set": name, "masks": masks, "test_nll": nll.mean(), "standard_error": nll.std() / len(nll) ** 0.5}
    (options.runs / f"{run_name(name, masks)}.json").write_text(json.dumps(scores, indent=1) + "\n")


def main():
    options.runs.mkdir(parents=True, exist_ok=True)
    nf.use(dtype="float32")
    rows = []
    for name in options.sets:
        data = nf.data.load(name)
        for masks in dict.fromkeys((1, options.masks)):
            _, choice, flow, result = best_of(name, data, masks)
            nll = -nf.to_numpy(flow.log_prob(result.params, data.test)).astype(float)
            keep(name, masks, choice, nll)
            paper = PAPER.get((name, masks))
            rows.append((name, masks, choice, nll, paper))
    print("\nBinary MADE: mean test NLL in nats (lower is better), and its standard error")
    print(f"  {'set':12}{'masks':>6}{'units':>7}{'rate':>7}{'decay':>7}{'nfscratch':>16}{'paper':>9}")
    for name, masks, (width, rate, decay), nll, paper in rows:
        error = nll.std() / len(nll) ** 0.5
        print(f"  {name:12}{masks:6}{width:7}{rate:7g}{decay:7g}{nll.mean():9.2f} ± {error:4.2f}{paper or '':>9}")


if __name__ == "__main__":
    main()
