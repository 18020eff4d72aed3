"""Roads: the one place that decides between a kernel and its plain twin.

    RAW      no argument is under a derivative: values only, and no arrays are kept for a pullback
    NODE     a first derivative in reverse mode: the kernel, as one node of autograd's graph
    PLAIN    everything deeper (a derivative of a derivative, forward mode): the plain definition, traced

A kernel is a method `*_vjp(*args) -> values ..., pullback`. Its plain twin is the same map in autograd.numpy. On the
road RAW a method `*_value` drops the kernel's pullback at once. A class without a kernel takes its plain twin there.

Every road makes the same random draws. The generator is copied before the kernel uses it, and a second derivative
replays the plain twin with the copy.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from enum import Enum
from typing import Any

from autograd.core import VJPNode
from autograd.tracer import box_types, trace_stack

from nfscratch.autodiff.boxes import contains_box, unbox
from nfscratch.autodiff.pullbacks import known


class Road(Enum):
    RAW = "raw"
    NODE = "node"
    PLAIN = "plain"


def road(*args: Any) -> Road:
    """The road that values of `args` take. args: arrays or trees; a tree that contains boxes is one box: `rebox` it."""
    boxes = [arg for arg in args if type(arg) in box_types]
    if not boxes:
        in_a_derivative = trace_stack.top >= 0
        return Road.PLAIN if in_a_derivative and any(map(contains_box, args)) else Road.RAW
    if any(contains_box(unbox(arg)) for arg in args):
        return Road.PLAIN
    one_trace = len({box._trace for box in boxes}) == 1
    return Road.NODE if one_trace and all(type(box._node) is VJPNode for box in boxes) else Road.PLAIN


def take(value: Callable, kernel: Callable | None, plain: Callable, *args: Any, rng: Any = None) -> Any:
    """The value of `args` by the road that they ask for. Each of the three is called as f(*args, rng).

    value -> the values. kernel -> (the values, pullback), one gradient per argument; None: a derivative traces `plain`.
    plain -> the values, traced.
    """
    chosen = road(*args)
    if chosen is Road.RAW:
        return value(*args, rng)
    if chosen is Road.PLAIN or kernel is None:
        return plain(*args, rng)
    before = deepcopy(rng)
    result, pullback = kernel(*(unbox(arg) for arg in args), rng)
    return known(result, pullback, *args, plain=lambda *again: plain(*again, deepcopy(before)))


def drop_stray_kernels(cls: type, kernels: dict[str, tuple[str, ...]]) -> None:
    """A class that overrides a formula does not inherit its kernels: they compute the old formula.

    kernels: {"forward": ("forward_vjp", "forward_value"), ...}. A kernel that a class further up defines than the one
    that defines the formula is replaced by the first definition of all, which traces the formula, or is None.
    """
    for formula, names in kernels.items():
        for name in names:
            definers = [k for k, ancestor in enumerate(cls.__mro__) if name in vars(ancestor)]
            if definers and definers[0] > _definer(cls, formula):
                setattr(cls, name, vars(cls.__mro__[definers[-1]])[name])


def _definer(cls, name):
    """How far up the class stands that defines `name`."""
    return next(k for k, ancestor in enumerate(cls.__mro__) if name in vars(ancestor))
