"""HasFixed: a flow's "fixed" leaves, which are stored and not trained, and move once a step of training.

updates      whether some part has such leaves
update       running statistics of BatchNorm, which look at the batch; directions of a Lipschitz network, which do
             not, so that x may be None where no layer sees data
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from nfscratch import trees
from nfscratch.flows.parameters import checked, naming_params
from nfscratch.flows.parts import base_name, embed_name, layers_from_data
from nfscratch.returned import tree_like


class HasFixed:
    """The part of Flow that knows of them; it reads `base`, `bijection` and `embed`."""

    @property
    def updates(self) -> bool:
        """Whether `update` does anything."""
        return self.bijection.updates or self.base.updates or getattr(self.embed, "updates", False)

    @naming_params
    def update(self, params: Any, x: Any, context: Any = None) -> Any:
        """Parameters with new "fixed" leaves, such as running statistics, after a look at a batch."""
        like = trees.array_like(checked(self, params))
        if x is not None:
            x = self.checked_x("x", x, like)
            context = self.checked_context(params, context, len(x), like)
        h = self.embedded(params, context)
        updated = {**params, "bijection": self.bijection.update(params["bijection"], x, h)}
        _check_layers(self.bijection, updated["bijection"], params["bijection"])
        if self.base.updates:
            name = f"update of {base_name(self)}"
            updated["base"] = tree_like(name, self.base.update(params["base"]), params["base"])
        if getattr(self.embed, "updates", False):
            name = f"update of {embed_name(self)}"
            updated["embed"] = tree_like(name, self.embed.update(params["embed"]), params["embed"])
        return updated


def _check_layers(bijection, updated, params):
    """The update must return what is like the parameters; the first layer that does not is named."""
    if trees.difference(updated, params) is None:
        return
    with suppress(TypeError, LookupError):  # of a container that has returned no list of its layers' trees
        for (name, _, given), (_, _, came) in zip(
            layers_from_data(bijection, params), layers_from_data(bijection, updated), strict=False
        ):
            tree_like(f"update of {name}", came, given)
    tree_like(f"update of the bijection ({type(bijection).__name__})", updated, params)
