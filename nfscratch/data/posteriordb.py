"""Reference posteriors from the data folder: data of a model, and draws of its posterior by a long run of a sampler.

    eight_schools-eight_schools_noncentered    Rubin 1981: y, sigma of 8 schools; theta[1..8], mu, tau
    sblrc-blr                                  a linear regression, y (100,), X (100, 5); beta[1..5], sigma

They are of posteriordb (github.com/stan-dev/posteriordb, BSD-3), each a file $NFSCRATCH_DATA/posteriordb/<name>.npz
with the arrays draws (10, 1000, D), names (D,) and data_json. An approximation is judged by how near its means and
standard deviations are to those of the draws.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from nfscratch import validate
from nfscratch.data import folder

SHA256 = {  # of the draws' bytes, float64
    "eight_schools-eight_schools_noncentered": "40953a8a81db09b6e1198a08183a5da12b250644c2898800cd581f205e59adc6",
    "sblrc-blr": "f7e62bc5e1bee268c3c34f87aaae967bafc0def2278f43a37aa73467cf478ec0",
}


@dataclass(frozen=True, eq=False)
class ReferencePosterior:
    """A model's data and the draws (chains, n, D) of its posterior, whose columns are `names`."""

    name: str
    data: dict[str, Any]
    names: tuple[str, ...]
    draws: np.ndarray

    def errors(self, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of draws (n, D): |mean - reference mean| / reference sd, and |sd / reference sd - 1|, of each column."""
        own = self.draws.reshape(-1, self.draws.shape[-1])
        mean, sd = own.mean(axis=0), own.std(axis=0)
        return np.abs(draws.mean(axis=0) - mean) / sd, np.abs(draws.std(axis=0) / sd - 1.0)


def reference_posterior(name: str) -> ReferencePosterior:
    """The posterior called `name`. FileNotFoundError where the folder has none; ValueError for a damaged file."""
    validate.choice("name", name, SHA256)
    where = folder.root()
    path = None if where is None else where / "posteriordb" / f"{name}.npz"
    if path is None or not path.is_file():
        missing = f"{folder.VARIABLE} is not set" if path is None else f"there is no {path}"
        raise FileNotFoundError(
            f"{name}: {missing}; set {folder.VARIABLE} to a folder that holds posteriordb/{name}.npz, with the arrays "
            "draws (10, 1000, D), names and data_json"
        )
    try:
        with np.load(path, allow_pickle=False) as file:
            draws, names = np.ascontiguousarray(file["draws"], dtype=np.float64), file["names"]
            data = json.loads(str(file["data_json"]))
    except Exception as error:  # zipfile, zlib, NumPy and json have a dozen for a damaged file
        raise ValueError(f"{name}: {path} is damaged, or another file: {type(error).__name__}") from error
    if sha256(draws.tobytes()).hexdigest() != SHA256[name]:
        raise ValueError(f"{name}: {path} is damaged, or another file: the SHA-256 of its draws differs")
    arrays = {key: np.array(value, dtype=float) if isinstance(value, list) else value for key, value in data.items()}
    return ReferencePosterior(name, arrays, tuple(map(str, names)), draws)
