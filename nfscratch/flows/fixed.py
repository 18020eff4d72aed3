"""HasFixed: a flow's "fixed" leaves, which are stored and not trained, and move once a step of training.

updates      whether some part has such leaves
update       running statistics of BatchNorm, which look at the batch; directions of a Lipschitz network, which do
             not, so that x may be None where no layer sees data
"""

from __future__ import annotations

from typing import Any

from nfscratch import trees
from nfscratch.flows.parameters import checked, naming_params


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
        if self.base.updates:
            updated["base"] = self.base.update(params["base"])
        if getattr(self.embed, "updates", False):
            updated["embed"] = self.embed.update(params["embed"])
        return updated
