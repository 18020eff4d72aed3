"""The array's methods that NumPy arrays have too, with the keywords of CuPy's."""

from strict.array import StrictArray, unwrap, wrap
from strict.crossing import refuse_capture
from strict.rules import NOT_IN_A_GRAPH, refuse_host_arrays

METHODS = (
    "all any argmax argmin argpartition argsort clip compress conj conjugate cumprod cumsum diagonal dot flatten max "
    "mean min nonzero prod ravel repeat reshape round searchsorted sort squeeze std sum swapaxes take trace transpose "
    "var view"
).split()  # fmt: skip


def add_method(name):
    def method(self, *args, **kwargs):
        if set(kwargs) & {"where", "initial"}:
            raise TypeError(f"{name}() got an unexpected keyword argument, which CuPy's does not have")
        if name in NOT_IN_A_GRAPH:
            refuse_capture(name)
        for value in args if name not in ("transpose", "reshape") else ():
            refuse_host_arrays(value)
        return wrap(getattr(self._host, name)(*map(unwrap, args), **unwrap(kwargs)))

    method.__name__ = name
    setattr(StrictArray, name, method)


for name in METHODS:
    add_method(name)
