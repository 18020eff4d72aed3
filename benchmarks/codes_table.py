"""Chapter 14's table on digits: autoencoder, VAE, InfoVAE, GAN, invertible GAN, free-form flow and flow as codes.

scikit-learn's 8x8 digits, levels 0 to 16 plus U[0, 1), in the split of the book: 1,257 train, 270 choose the best step
where a model has such a choice, 270 test. The measures are those of chapters/ch14_codes.py, whose functions are read
from its text:

    error          mean |x - x_hat|^2 over the test rows, in squared levels
    energy, mmd    distances of test rows to reconstructions and to draws, times 1,000; MMD^2 with the bandwidth 20
    nats           mean of -log p(x), where there is a density; a VAE's by 200 importance-weighted draws
    bits           of the code, to steps of 1 level

    python benchmarks/codes_table.py [--seeds 0 1 2] [--out runs] [--fast]

Every row is kept in --out as it is finished; the same command goes on after it, and prints the table at its end.
"""

import argparse
import json
import os
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
parser.add_argument("--out", type=Path, default=Path("runs"))
parser.add_argument("--fast", action="store_true", help="10 steps: only to see that it runs")
options = parser.parse_args()
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded

import numpy as np  # noqa: E402

import nfscratch as nf  # noqa: E402
from nfscratch import chapter, evaluate  # noqa: E402

BANDWIDTH, LEVEL = 20.0, 1.0


def functions_of_the_chapter():
    names = {"__name__": "chapter", "nf": nf, "evaluate": evaluate}
    exec(compile(chapter.find("codes").read_text(encoding="utf-8"), "ch14", "exec"), names)
    return names


def networks():
    return nf.MLP((128,), "silu"), nf.MLP((128,), "silu")


def vae(kind, d, **settings):
    likelihood = nf.models.NormalLikelihood(3.0)
    return kind(*networks(), nf.flows.posterior(d, 32, "normal"), likelihood=likelihood, **settings)


def real_nvp():
    return nf.flows.real_nvp(
        64, layers=8, hidden=(128,), activation="tanh", max_log_scale=1.0, base=nf.StandardNormal(64)
    )


MODELS = {
    "autoencoder, 8": lambda: nf.models.AutoEncoder(*networks(), 8),
    "autoencoder, 32": lambda: nf.models.AutoEncoder(*networks(), 32),
    "VAE, 8": lambda: vae(nf.models.VAE, 8),
    "VAE, 32": lambda: vae(nf.models.VAE, 32),
    "InfoVAE, 8": lambda: vae(nf.models.InfoVAE, 8, mmd_weight=100.0),
    "GAN, 8": lambda: nf.models.GAN(*networks(), 8, penalty=1.0),
    "invertible GAN, 64": lambda: nf.models.GAN(real_nvp(), networks()[0], penalty=1.0),
    "free-form, 64": lambda: nf.models.FreeForm(nf.MLP((256,), "silu"), nf.MLP((256,), "silu")),
    "flow, 64": real_nvp,
}


def with_noise(rows, rng):
    return rows + nf.backend.asarray(rng.random(rows.shape), dtype=rows.dtype)


def trained(model, data, seed):
    """Fresh noise at every step; for the GANs, 5 copies of the rows with noise of their own."""
    levels, held_out = (np.floor(a).astype(np.float32) for a in (data.train, data.validation))
    rng, steps = np.random.default_rng(seed), 10 if options.fast else 1500
    common = {"rng": rng, "steps": steps, "batch_size": 100, "progress": False}
    if isinstance(model, nf.models.GAN):
        rows = np.tile(levels, (5, 1))
        rows = rows + rng.random(rows.shape).astype(np.float32)
        return nf.fit_gan(model, rows, optimizer=nf.adam(1e-3, b1=0.5, b2=0.99), **common).params
    if isinstance(model, nf.Flow):
        settings = {"validation": data.validation, "jitter": data.jitter, "clip": 50.0}
        return nf.fit(model, data.train, optimizer=nf.adam(1e-3, weight_decay=5.0), **settings, **common).params
    settings = {"validation": held_out, "augment": with_noise, "optimizer": nf.adam(2e-3, weight_decay=1.0)}
    return nf.fit_model(model, levels, clip=50.0, **settings, **common).params


def row_of(name, seed, data, names):
    file = options.out / f"codes_{name.replace(', ', '_').replace(' ', '_')}_seed{seed}{'_fast' * options.fast}.json"
    if not file.exists():
        model = MODELS[name]()
        params = trained(model, data, seed)
        row, _ = names["measured"](model, params, data.test, 0.0, BANDWIDTH, LEVEL, np.random.default_rng(7))
        file.write_text(json.dumps({key: float(value) for key, value in row.items()}, indent=1) + "\n")
        print(f"  {name}, seed {seed}: done", flush=True)
    return json.loads(file.read_text())


def main():
    options.out.mkdir(parents=True, exist_ok=True)
    nf.use(dtype="float32")
    data, names = nf.data.load("digits"), functions_of_the_chapter()
    halves = np.concatenate([data.train, data.validation])[:270], data.test
    floor = {"energy draws": evaluate.energy_distance(*halves), "mmd draws": evaluate.mmd(*halves, bandwidth=BANDWIDTH)}
    rows = {"data": [{name: 1e3 * value for name, value in floor.items()}]}
    for name in MODELS:
        rows[name] = [row_of(name, seed, data, names) for seed in options.seeds]
    names["table_of"](rows, (1, 0, 0, 2, 2, 2, 1, 1))


if __name__ == "__main__":
    main()
