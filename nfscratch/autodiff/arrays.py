"""What autograd must be told about an array type: which box traces it, and how its zeros are made.

autograd.numpy calls NumPy's own functions, which dispatch to the array they are given (NEP 13, NEP 18). So a type
that implements both needs no wrapper of its own: an ArrayBox, a vector space, and the rules of `rules_*.py`.
"""

from typing import Any

import numpy as onp
from autograd.extend import VSpace
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.numpy.numpy_vspaces import ArrayVSpace

_registered: set[type] = set()


class DeviceVSpace(ArrayVSpace):
    """R^shape with elements of the same array type as `like`: autograd's ArrayVSpace makes NumPy's."""

    __slots__ = ("like",)  # not in __dict__, which VSpace.__eq__ compares: comparing arrays there would be ambiguous

    def __init__(self, like: Any):
        if like.dtype.kind == "c":
            raise TypeError(f"derivatives on {type(like).__name__} are for real arrays; got {like.dtype}")
        self.like, self.shape, self.dtype = like, like.shape, like.dtype

    def zeros(self) -> Any:
        return onp.zeros_like(self.like)

    def ones(self) -> Any:
        return onp.ones_like(self.like)

    def standard_basis(self) -> Any:
        for index in onp.ndindex(*self.shape):
            e = self.zeros()
            e[index] = 1
            yield e

    def randn(self) -> Any:
        return onp.asarray(super().randn(), like=self.like)


def register_array_type(cls: type) -> None:
    """Let autograd differentiate through `cls`, an array type that implements NEP 13, NEP 18 and NEP 35."""
    if issubclass(cls, onp.ndarray) or cls in _registered:
        return
    ArrayBox.register(cls)
    VSpace.register(cls, DeviceVSpace)
    _registered.add(cls)


def device_array(arrays: Any) -> Any:
    """The first of `arrays` that is not NumPy's, to pass on as `like=`; None where all are."""
    return next((a for a in arrays if type(a) in _registered), None)
