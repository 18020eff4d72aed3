"""Every number that the library's sources state: constants of modules, defaults inside of them, traits of classes."""

from __future__ import annotations

import inspect
import pkgutil
import re
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as onp

import nfscratch as nf

ROOMS = ("autodiff", "ops", "nets", "transformers", "bijections", "distributions", "flows", "training", "blas")
OFFERED = (nf, nf.flows, nf.bijections, nf.transformers, nf.distributions, nf.training.objectives)
ASSIGNED = re.compile(r"^([A-Z][A-Z_0-9, ]*)(?:: [^=\n]+)? = ", re.MULTILINE)


@cache
def modules():
    packages = [import_module(f"nfscratch.{room}") for room in ROOMS]
    inside = (found for p in packages for found in pkgutil.walk_packages(getattr(p, "__path__", ()), f"{p.__name__}."))
    return [*packages, *(import_module(found.name) for found in inside)]


def by_module(read):
    """{module: {name: number}}, of those that have any."""
    found = {module.__name__: read(module) for module in modules()}
    return {name: said for name, said in found.items() if said}


def is_numeric(value):
    if isinstance(value, tuple | dict):
        return bool(value) and all(map(is_numeric, value.values() if isinstance(value, dict) else value))
    return isinstance(value, bool | int | float)


def told(value):
    """An array as its length, its first number and its last."""
    if isinstance(value, onp.ndarray) and value.size:
        return value.size, float(value[0]), float(value[-1])
    return value


def constants(module):
    """What the source assigns to names in capitals."""
    assigned = ASSIGNED.findall(Path(module.__file__).read_text())
    found = {name: told(vars(module).get(name)) for names in assigned for name in names.split(", ")}
    return {name: value for name, value in found.items() if is_numeric(value)}


def classes(module):
    return [v for v in vars(module).values() if inspect.isclass(v) and v.__module__ == module.__name__]


def functions(module):
    """Those inside, and the methods, by name; what `nf` offers has a table of its own in test_stated_defaults.py."""
    public = {id(v) for place in OFFERED for name, v in vars(place).items() if not name.startswith("_")}
    inside = {name: f for name, f in vars(module).items() if inspect.isfunction(f) and id(f) not in public}
    for kind in classes(module):
        made = {"__init__"} if is_dataclass(kind) else set()
        inside |= {f"{kind.__name__}.{name}": f for name, f in vars(kind).items() if name not in made}
    return {name: f for name, f in inside.items() if inspect.isfunction(f) and f.__module__ == module.__name__}


def defaults(module):
    found = {}
    for name, function in functions(module).items():
        parameters = inspect.signature(function, follow_wrapped=False).parameters.values()
        found |= {f"{name}.{p.name}": p.default for p in parameters if is_numeric(p.default)}
    return found


def traits(module):
    """What a class says as a number, without the fields of its objects."""
    found = {}
    for kind in classes(module):
        given = {f.name for f in fields(kind)} if is_dataclass(kind) else set()
        said = {name: v for name, v in vars(kind).items() if name not in given and not name.startswith("_")}
        found |= {f"{kind.__name__}.{name}": v for name, v in said.items() if is_numeric(v)}
    return found


def caches(module):
    """How many results the functions with a cache keep."""
    kept = {name: f for name, f in vars(module).items() if getattr(f, "__module__", "") == module.__name__}
    return {name: f.cache_parameters()["maxsize"] for name, f in kept.items() if hasattr(f, "cache_parameters")}
