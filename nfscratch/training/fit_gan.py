"""`fit_gan`: two players who move in turn, each by its own loss and its own Adam.

    critic's turn       loss (2) of models/gan.py at a batch of rows moves the critic
    generator's turn    loss (3) at as many draws moves the generator                                            (1)

A step is one turn of each. `minimize` sees a turn as a step of its own, so that a run can be stopped, written to a file
and taken up between any two turns, bit for bit. The optimizer moves the part of the parameters whose turn it is.

Neither loss says how good the draws are: the critic's is near 2 log 2 = 1.386 both where it cannot tell draws from data
and before it has learned to. So the last parameters are returned, unless a `measure` of draws ranks them. Without one
the run looks at its draws all the same, and warns where they end far from the data (watched_draws.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as onp

from nfscratch import returned, trees, validate
from nfscratch.models.gan import GAN
from nfscratch.training import far_end
from nfscratch.training.budget import Budget
from nfscratch.training.called_with import check_functions
from nfscratch.training.ending import Ended
from nfscratch.training.fit_model import (
    check_model,
    counted,
    first_rows,
    identity,
    one_more,
    steps_done,
    without_count,
)
from nfscratch.training.interrupts import RETURN
from nfscratch.training.minimize import minimize
from nfscratch.training.optimizers import Adam, adam, cosine
from nfscratch.training.record import Result
from nfscratch.training.remedies import SMALLER_STEPS
from nfscratch.training.resume import RunFile, named
from nfscratch.training.run import Evaluation
from nfscratch.training.watched_draws import WatchedDraws

PLAYERS = ("critic", "generator")  # in the order of their turns, and of their numbers in the flat vector


@dataclass(frozen=True)
class InTurn(Adam):
    """Adam for two players; the first `critic` numbers of the vector are the critic's."""

    critic: int = 0

    def step(self, p, g, state, factor=1.0):
        mine = slice(self.critic) if state["t"] % 2 == 0 else slice(self.critic, None)
        own = {key: value[mine] for key, value in state.items() if key != "t"}
        super().step(p[mine], g[mine], {**own, "t": state["t"] // 2}, factor)
        state["t"] += 1


def fit_gan(
    gan: GAN,
    x: Any,
    *,
    rng: onp.random.Generator | int,
    params: Any = None,
    measure: Callable[[Any], float] | None = None,
    steps: int = 2000,
    batch_size: int = 128,
    optimizer: Adam | None = None,
    schedule: Callable[[float], float] = cosine,
    evaluate_every: int | None = None,
    patience: int | None = None,
    seconds: float | None = None,
    callback: Callable[[Evaluation], Any] | None = None,
    interrupt: str = RETURN,
    progress: bool | None = None,
    checkpoint: str | os.PathLike | None = None,
    checkpoint_every: int | None = None,
) -> Result:
    """Train generator and critic on rows x (N, D). `result.params` are the last, or those with the least `measure`.

    history["loss"] is the critic's loss of each step, history["generator"] the generator's.
    rng: a generator, or the integer seed of one. params: where to start; default: gan.init.
    measure(params): what tells how good the draws are, such as the energy distance of a few thousand draws to held-out
        rows; taken every `evaluate_every` steps. Without one there is no best step, and no validation; a
        TrainingWarning says so where the draws end much farther from the data than they were on the way.
    optimizer: an Adam, which each player gets for itself; default: nf.adam(1e-3, b1=0.5, b2=0.99).
    The other arguments are those of `minimize`; the progress counts turns, two a step. A checkpoint makes the run go on
    where the last call ended, bit for bit.
    """
    rng, budget = validate.seeded(rng), Budget.of(seconds)
    check_model("gan", gan, fit_gan, "nf.models.GAN(nf.MLP(), nf.MLP(), 2)")
    check_functions(measure=measure, callback=callback)
    steps, optimizer = validate.count("steps", steps, least=1), _adam(optimizer)
    every = max(10, steps // 50) if evaluate_every is None else validate.count("evaluate_every", evaluate_every, 1)
    x = first_rows(gan, x, params)
    if checkpoint is not None:  # before the first number is drawn
        run = {**identity(checkpoint, gan, x, params), "measure": named(measure), "steps of each player": steps}
        checkpoint = RunFile(checkpoint, None if checkpoint_every is None else 2 * checkpoint_every, rng, run)
    start = gan.init(rng, x) if params is None else params
    watched = None if measure is not None else WatchedDraws(gan, x, callback)
    told = callback if watched is None else watched
    result = minimize(
        lambda p, rng, batch: _turn(gan, p, rng, batch),
        counted(start),
        rng=rng,
        data=x,
        evaluate=None if measure is None else lambda p: returned.number("measure", measure(without_count(p))),
        update=lambda p, batch: one_more(gan, p),
        blame=lambda p, grads, batch: (
            f"the loss of the {_player(p)} (here a step is one player's turn); {SMALLER_STEPS}"
        ),
        has_grad=True,
        title="fit_gan, turns",
        steps=2 * steps,
        batch_size=batch_size,
        optimizer=InTurn(**asdict(optimizer), critic=trees.count(start["critic"])),
        schedule=schedule,
        evaluate_every=2 * every,
        patience=patience,
        seconds=budget,
        callback=None if told is None else lambda at: told(_evaluation(at)),
        interrupt=interrupt,
        progress=progress,
        checkpoint=checkpoint,
        checkpoint_every=checkpoint_every,
        finish=_finish,
    )
    _review(result, watched)
    return result


def _review(result, watched):
    """Warn where the draws of the end are far worse than those of the best step."""
    if watched is None:
        far_end.review(result, None)
    elif result.ended is not Ended.DIVERGED:
        watched.review(result)


def _turn(gan, params, rng, batch):
    """The loss of the player whose turn it is, and its gradient: 0 for the other one."""
    player = _player(params)
    if player == "critic":
        value, grads = gan.critic_value_and_grad(params, rng, batch)
    else:
        value, grads = gan.generator_value_and_grad(params, rng, len(batch))
    none = {name: trees.map_leaves(onp.zeros_like, params[name]) for name in PLAYERS}
    return value, {**none, player: grads, "scale": {}, trees.FIXED: {}}


def _player(params):
    return PLAYERS[steps_done(params) % 2]


def _adam(optimizer):
    if optimizer is None:
        return adam(1e-3, b1=0.5, b2=0.99)
    validate.part("optimizer", optimizer, Adam, "nf.adam(1e-3, b1=0.5)")
    return optimizer


# --- turns, as `minimize` counts, and steps ---------------------------------------------------------------------------


def _steps(turns):
    """How many steps so many turns have begun."""
    return None if turns is None else (turns + 1) // 2


def _evaluation(at):
    return replace(
        at,
        step=_steps(at.step),
        steps=_steps(at.steps),
        best_step=_steps(at.best_step),
        params=without_count(at.params),
    )


def _finish(result):
    result.params, result.last_params = map(without_count, (result.params, result.last_params))
    loss = result.history["loss"]
    result.history |= {"loss": loss[0::2], "generator": loss[1::2], "step": list(map(_steps, result.history["step"]))}
    result.best_step = _steps(result.best_step)
    result.ending = replace(result.ending, step=_steps(result.ending.step))
