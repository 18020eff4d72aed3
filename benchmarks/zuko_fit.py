"""A flow of zuko with its defaults, trained in the usual way: the peer that other benchmarks compare with.

Adam at the rate 1e-3, batches of 128, a tenth of the rows held out; the parameters that do best on these are kept.
float32, as torch has it by default.
"""

from __future__ import annotations

import copy
import time

import numpy as np
import torch

BATCH, RATE, PATIENCE, EPOCHS = 128, 1e-3, 30, 1000


def fit(make, x, seed, held_out=None, seconds=None):
    """log_prob(rows) of make(D), fitted to standardised rows x.

    held_out: rows for early stopping, of which there is a tenth of x by default. seconds: of processor time; with it
    there is no patience.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rows = torch.as_tensor(np.random.default_rng(seed).permutation(x), dtype=torch.float32)
    if held_out is None:
        held_out, rows = rows[: len(x) // 10], rows[len(x) // 10 :]
    else:
        held_out = torch.as_tensor(held_out, dtype=torch.float32)
    flow = make(x.shape[1])
    best = train(flow, rows, held_out, seconds)
    flow.load_state_dict(best)
    return lambda points: log_prob(flow, torch.as_tensor(points, dtype=torch.float32)).numpy().astype(float)


def train(flow, rows, held_out, seconds):
    """The state that does best on `held_out`, looked at after each epoch."""
    optimizer, start = torch.optim.Adam(flow.parameters(), lr=RATE), time.process_time()
    least, best, waited = np.inf, copy.deepcopy(flow.state_dict()), 0
    for _ in range(EPOCHS if seconds is None else 10**9):
        if seconds is not None and time.process_time() - start > seconds:
            break
        for batch in rows[torch.randperm(len(rows))].split(BATCH):
            optimizer.zero_grad()
            (-flow().log_prob(batch).mean()).backward()
            optimizer.step()
        cost = -log_prob(flow, held_out).mean().item()
        waited += 1
        if cost < least:
            least, best, waited = cost, copy.deepcopy(flow.state_dict()), 0
        if seconds is None and waited >= PATIENCE:
            break
    return best


@torch.no_grad()
def log_prob(flow, points):
    return torch.cat([flow().log_prob(part) for part in points.split(1000)])
