"""Exported: the bijection classes that a library exports, found by inspection, so that a new version's are not missed.

A name counts that does not start with an underscore and stands in one of the library's public modules.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from types import ModuleType

TORCH = "torch.distributions.transforms:Transform"
SOURCES: dict[str, tuple[tuple[str, str], ...]] = {  # library: (module, base class)
    "torch": (("torch.distributions.transforms", TORCH),),
    "pyro": (
        ("pyro.distributions.transforms", TORCH),
        ("pyro.distributions.transforms", "pyro.distributions.conditional:ConditionalTransform"),
    ),
    "zuko": (("zuko.transforms", TORCH), ("zuko.flows", "zuko.lazy:LazyTransform"), ("zuko.flows", "zuko.lazy:Flow")),
    "nflows": (
        ("nflows.transforms", "nflows.transforms.base:Transform"),
        ("nflows.transforms.standard", "nflows.transforms.base:Transform"),
        ("nflows.flows", "nflows.flows.base:Flow"),
    ),
    "normflows": (("normflows.flows", "normflows.flows.base:Flow"), ("normflows", "normflows.core:NormalizingFlow")),
    "freia": (("FrEIA.modules", "FrEIA.modules.base:InvertibleModule"),),
    "flowjax": (("flowjax.bijections", "flowjax.bijections:AbstractBijection"),),
    "distrax": (("distrax", "distrax:Bijector"),),
    "tfp": (
        ("tensorflow_probability.substrates.jax.bijectors", "tensorflow_probability.substrates.jax.bijectors:Bijector"),
    ),
}
BORROWED = {"pyro": "torch.", "zuko": "torch."}  # classes that a library hands on from another one are that one's


def exported(module: ModuleType, base: type) -> list[str]:
    """Public names of `module` whose value is `base` or a class under it, without second names of the same class."""
    found: dict[type, str] = {}
    for name, value in sorted(vars(module).items()):
        if not name.startswith("_") and inspect.isclass(value) and issubclass(value, base):
            first = found.get(value)
            found[value] = name if first is None or name == value.__name__ else first
    return sorted(found.values())


def classes(library: str) -> list[str]:
    """The names of a library's classes."""
    names: dict[str, None] = {}
    for module_name, base in SOURCES[library]:
        module, base_module, base_name = import_module(module_name), *base.split(":")
        borrowed = BORROWED.get(library)
        for name in exported(module, getattr(import_module(base_module), base_name)):
            if borrowed is None or not f"{getattr(module, name).__module__}.".startswith(borrowed):
                names[name] = None
    return list(names)
