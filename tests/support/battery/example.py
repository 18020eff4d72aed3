"""An example: a part, the draw of its parameters, and points. It prints as the code that makes it again.

Example(nf.Elementwise(nf.Affine(), 2), seed=1, wild=3.0, rows=[[0.0, 1e300]]).check("round trip", "float32")
"""

from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cached_property
from math import prod

import numpy as onp

import nfscratch as nf
from battery.wider import widened
from nfscratch import check
from nfscratch.bijections.inverse import kind
from nfscratch.checkpoint.description import MODULES
from nfscratch.ops.intervals import REALS


@dataclass(frozen=True, eq=False)
class Example:
    """part: a Bijection or a Flow. wild: how far the parameters are moved. rows: of any width; they are made to fit."""

    part: object
    seed: int = 0
    wild: float = 1.0
    rows: tuple = ((0.0,),)

    is_flow = property(lambda self: isinstance(self.part, nf.Flow))
    bijection = property(lambda self: self.part.bijection if self.is_flow else self.part)
    context_dim = property(lambda self: self.part.context_dim)

    @cached_property
    def flow(self):
        if self.is_flow:
            return self.part
        shape = self.part.in_shape
        return nf.Flow(nf.StandardNormal(shape if len(shape) > 1 else shape[0]), self.part)

    @cached_property
    def params(self):
        """Of the flow, in float64, whatever is in use."""
        before = nf.backend.default_dtype()
        nf.use(dtype="float64")
        try:
            return self._drawn()
        finally:
            nf.use(dtype=before.name)

    def _drawn(self):
        rng = onp.random.default_rng(self.seed)
        x = 1 + 3 * rng.normal(size=(20, *self.flow.shape))
        discrete = levels(self.flow)
        x = into_support(self.flow, x + x[..., :1]) if discrete is None else whole(x, discrete)
        context = rng.normal(size=(20, self.context_dim)) if self.context_dim else None
        return check.random_params(self.flow, rng, self.wild, context, x)

    def params_in(self, dtype):
        return widened(self.params, dtype)

    def points(self, shape, dtype):
        """The rows as points of this shape: an entry of a row is used again where a row is short."""
        width, discrete = prod(shape), levels(self.flow)
        with onp.errstate(over="ignore"):
            rows = onp.array([onp.resize(row, width) for row in self.rows], dtype="float64").astype(dtype)
        most = onp.finfo(dtype).max
        rows = onp.clip(rows, -most, most)
        return (rows if discrete is None else whole(rows, discrete)).reshape(-1, *shape)

    def context(self, dtype):
        if not self.context_dim:
            return None
        rng = onp.random.default_rng(self.seed + 1)
        return rng.normal(size=(len(self.rows), self.context_dim)).astype(dtype)

    @cached_property
    def _looks(self):
        return {}

    def look(self, dtype, direction):
        """The one Look at a direction: several promises ask for its values, and each is computed once."""
        from battery.look import Look  # (it imports this module)

        return self._looks.setdefault((dtype, direction), Look(self, dtype, direction))

    def check(self, promise=None, dtype=None):
        """Raise AssertionError where the promise, or any, is broken."""
        from battery.promises import check  # (it imports this module)

        check(self, promise, dtype)

    def code(self, promise, dtype):
        """What can be pasted into a file of tests, or into Python with tests/support in its path."""
        lists = [[float(v) for v in row] for row in self.rows]
        return (
            "from math import inf\n\nimport nfscratch as nf\nfrom battery.example import Example\n\n"
            f"part = {source(self.part)}\n"
            f"Example(part, seed={self.seed}, wild={self.wild}, rows={lists}).check({promise!r}, {dtype!r})"
        )


def levels(flow):
    """How many values a discrete density has; None for a continuous one."""
    base = getattr(flow.base, "density", flow.base)
    count = getattr(getattr(base, "conditional", None), "n_levels", None)
    return count if count and count > 1 else None


def whole(x, n_levels):
    """Levels, which stand evenly between 0 and 1."""
    return onp.abs(onp.clip(x, -99, 99).round()) % n_levels / x.dtype.type(n_levels - 1)


def into_support(flow, x):
    """Data that a flow can be started from: its last layer leads into the support."""
    last = getattr(flow.bijection, "layers", [flow.bijection])[-1]
    return x if last.codomain == REALS or last.context_dim else last.forward(last.init(onp.random.default_rng(0)), x)[0]


def source(value):
    """The code of a part: its class by its public name, and the fields that are not at their defaults."""
    if isinstance(value, (tuple, list)):
        inner = ", ".join(map(source, value))
        return f"({inner}{',' if len(value) == 1 else ''})" if isinstance(value, tuple) else f"[{inner}]"
    if not is_dataclass(value):
        return repr(value.item() if isinstance(value, onp.generic) else value)
    if kind(value).startswith("Inverse"):
        return f"nf.Inverse({source(getattr(value, 'bijection', None) or value.transformer)})"
    given = [f for f in fields(value) if f.init and not _is_default(f, getattr(value, f.name))]
    return f"{_public(type(value))}({', '.join(f'{f.name}={source(getattr(value, f.name))}' for f in given)})"


def _is_default(field, value):
    return field.default is not MISSING and not is_dataclass(value) and field.default == value


def _public(part):
    """nf.Affine, or nf.ode.RK4 where the package does not name it at its top."""
    name = part.__name__
    if hasattr(nf, name):
        return f"nf.{name}"
    module = next((m for m in MODULES if hasattr(m, name)), None)
    return f"nf.{module.__name__.split('.', 1)[1]}.{name}" if module else f"{part.__module__}.{name}"
