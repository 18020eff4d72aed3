"""Model: what all models of this room share, so that one trainer, one `nf.save` and one `nf.load` serve them all.

    params = model.init(rng, x)                                 fresh parameters for rows like those of x (N, D)
    loss, grads = model.loss_value_and_grad(params, rng, x)     minimised by nf.fit_model (a GAN's by nf.fit_gan)
    loss = model.validation_loss(params, rng, x)                by which the trainer judges held-out rows
    z = model.encode(params, x, rng)                            (N, D) -> (N, dim)
    x = model.decode(params, z)                                 (N, dim) -> (N, D)
    x = model.sample(params, rng, n)                            (n, D)

`encode` and `reconstruct` take a generator in every model, and those that draw nothing do without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as onp

from nfscratch import trees, validate
from nfscratch.autodiff import contains_box
from nfscratch.models.checked_parts import check_entries, rows_width
from nfscratch.nets.network import network_value
from nfscratch.typed_fields import TypedFields


@dataclass(frozen=True, eq=False)
class Model(TypedFields):
    """params: a dict with an entry for each of `entries`."""

    entries: ClassVar[tuple[str, ...]] = ()
    networks: ClassVar[tuple[str, ...]] = ("encoder", "decoder")  # fields that are networks, and entries of params
    called: ClassVar[str] = "model"  # by messages
    trainer: ClassVar[str] = "nf.fit_model"

    def width(self, params: Any) -> int | None:
        """How many numbers a row of x has, or None where the parameters do not tell."""
        raise NotImplementedError(f"{type(self).__name__} has no width")

    def update(self, params: Any) -> Any:
        """Parameters with new "fixed" leaves of networks that have such; once a step of training."""
        moving = [name for name in self.networks if getattr(getattr(self, name), "updates", False)]
        return {**params, **{name: getattr(self, name).update(params[name]) for name in moving}}

    def look(self, params: Any, x: Any) -> Any:
        """Parameters after a look at the training rows x (N, D), at the end of training."""
        return params

    def reconstruct(self, params: Any, x: Any, rng: onp.random.Generator | None = None) -> Any:
        """decode(encode(x)): (N, D) -> (N, D)."""
        return self.decode(params, self.encode(params, x, rng))

    def bearable(self, width: int) -> float:
        """The largest bearable rise of the loss after its best, in nats per row of `width` numbers."""
        return float(max(10, width))

    # --- checks ------------------------------------------------------------------------------------------------------

    def check_rows(self, x: Any, name: str) -> None:
        """Raise ValueError for rows that the model cannot have."""

    def rows(self, x: Any, like: Any, width: int | None = None, name: str = "x") -> Any:
        """Rows (N, width), of any width where it is None, that the model can have, like the array `like`."""
        if width is None:
            width = rows_width(name, x)
        x = validate.events(name, x, (width,), like)
        self.check_rows(x, name)
        return x

    def checked(self, params: Any, x: Any) -> Any:
        """Rows x (N, D) as the model takes them with these parameters, or ValueError."""
        check_entries(self, params)
        return self.rows(x, trees.array_like(params), self.width(params))

    def checked_codes(self, params: Any, z: Any) -> Any:
        """Codes z (N, dim), or ValueError."""
        check_entries(self, params)
        return validate.events("z", z, (self.dim,), trees.array_like(params))

    def compare(self, comparison: Any, params: Any) -> None:
        """Raise ParamsError unless `params` is a tree of this model. comparison: of flows/parameters.py."""
        raise NotImplementedError(f"{type(self).__name__} has no compare")


def through(network, params, x):
    """The network's output, by the faster road where nothing is under a derivative."""
    return network.apply(params, x) if contains_box((params, x)) else network_value(network, params, x)
