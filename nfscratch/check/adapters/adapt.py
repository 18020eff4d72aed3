"""Which adapter takes an object: by the libraries that its classes come from.

library                    x -> z is called                           takes
zuko                       transform.call_and_ladj                    flows, distributions, transforms
nflows                     transform.forward                          flows, transforms
normflows                  inverse                                    NormalizingFlow, layers
torch.distributions, Pyro  transform.inv                              TransformedDistribution, transforms
flowjax                    bijection.inverse_and_log_det              Transformed, bijections
distrax                    bijector.inverse_and_log_det               Transformed, bijectors
TensorFlow Probability     bijector.inverse                           TransformedDistribution, bijectors (JAX)
FrEIA                      module(x, rev=False)                       SequenceINN, GraphINN
sbi                        of the flow that it wraps                  NFlowsFlow, ZukoFlow, at one condition
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

ROOM = "nfscratch.check.adapters"
ADAPTERS = {  # the package that a class comes from, and the module with its adapter
    "zuko": "zuko_flows",
    "nflows": "nflows_flows",
    "normflows": "normflows_flows",
    "sbi": "sbi_flows",
    "FrEIA": "freia_flows",
    "flowjax": "flowjax_flows",
    "distrax": "distrax_flows",
    "tensorflow_probability": "tfp_flows",
    "pyro": "torch_flows",
    "torch.distributions": "torch_flows",
}

FIXED = {"distrax_flows": "float32", "tfp_flows": "float32"}  # objects whose arrays keep the dtype they were made in


@dataclass(frozen=True)
class Adapted:
    """A foreign map as functions of NumPy arrays. shape: of one event; None where the object does not say.

    density: log_prob, sample, base_log_prob and base_sample, those that there are; domain and codomain where the object
    states them. accuracy: as of `audit`.
    dtype: what it computes in here. Torch's modules and flowjax's trees are copied to float64; others keep float32.
    """

    forward: Callable[[Any], Any]
    inverse: Callable[[Any], Any]
    shape: tuple[int, ...] | None
    density: dict[str, Callable]
    name: str
    accuracy: float = 0.0
    dtype: str = "float64"


def adapted(subject: Any, dtype: str | None = None, context: Any = None) -> Adapted | None:
    """The object of another library as the audit takes it; None where no adapter knows it.

    context: one row, for all points. TypeError where the library is known and the object is not.
    An Adapted is taken as it is: an adapter of one's own gives one.
    """
    if isinstance(subject, Adapted):
        return subject
    module = next((found for cls in type(subject).__mro__ if (found := _adapter_of(cls)) is not None), None)
    if module is None:
        return None
    dtype = dtype or FIXED.get(module, "float64")
    return replace(import_module(f"{ROOM}.{module}").adapt(subject, dtype, context), dtype=dtype)


def _adapter_of(cls):
    return next((m for name, m in ADAPTERS.items() if f"{cls.__module__}.".startswith(f"{name}.")), None)


def refuse(subject: Any, takes: str) -> Any:
    """Raise for an object of a known library that its adapter does not take."""
    cls = type(subject)
    raise TypeError(f"of {cls.__module__.partition('.')[0]} an audit takes {takes}; got a {cls.__name__}")
