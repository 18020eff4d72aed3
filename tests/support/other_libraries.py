"""Stand-ins for the tables and arrays of pandas, PyTorch and JAX: the methods by which their objects are known."""

import numpy as onp


class Column:
    """A pandas Series: nullable where `missing` names rows."""

    def __init__(self, name, values, dtype=None, missing=()):
        self.name, self.values, self.missing = name, onp.asarray(values), missing
        self.dtype = self.values.dtype if dtype is None else dtype

    def isna(self):
        mask = onp.zeros(len(self.values), dtype=bool)
        mask[list(self.missing)] = True
        return mask | (self.values != self.values)

    def to_frame(self):
        return Table({self.name: self})

    def __array__(self, dtype=None, copy=None):
        if self.missing:
            raise ValueError("cannot convert NA to float")
        return self.values.astype(dtype or self.values.dtype)


class Table:
    """A pandas DataFrame: its columns are found by place."""

    ndim = 2

    def __init__(self, columns):
        self.columns = list(columns)
        self.held = [v if isinstance(v, Column) else Column(k, v) for k, v in columns.items()]
        self.shape = (len(self.held[0].values), len(self.held))
        self.iloc = self

    def __getitem__(self, place):
        assert place[0] == slice(None)
        return self.held[place[1]]


class Category:
    """pandas' own dtypes have the letter of a NumPy dtype."""

    kind = "O"

    def __str__(self):
        return "category"


class Tensor:
    """A PyTorch tensor: no NumPy dtype, and an array only on the host and without a gradient."""

    dtype = "torch.float64"

    def __init__(self, values, requires_grad=False, device="cpu"):
        self.values, self.requires_grad = onp.asarray(values), requires_grad
        self.device = type("device", (), {"type": device})()
        self.shape, self.ndim = self.values.shape, self.values.ndim

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        if self.requires_grad or self.device.type != "cpu":
            raise RuntimeError("Can't call numpy() on this Tensor")
        return self.values.astype(dtype or self.values.dtype)


class Half(Tensor):
    """A tensor of a dtype that NumPy lacks."""

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Got unsupported ScalarType BFloat16\nand more lines")


class JaxArray:
    """A JAX array: a NumPy dtype, but none of NumPy's functions; it comes from its device by itself."""

    def __init__(self, values):
        self.values = onp.asarray(values)
        self.dtype, self.shape, self.ndim = self.values.dtype, self.values.shape, self.values.ndim

    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype or self.values.dtype)


class DynamicJaxprTracer:
    """A JAX array inside jit."""

    dtype, shape, ndim = onp.dtype("float32"), (20, 3), 2

    def __array__(self, dtype=None, copy=None):
        raise TypeError("TracerArrayConversionError\nwith advice in many lines")


class Sparse:
    """A sparse array of JAX."""

    dtype, shape, ndim = onp.dtype("float32"), (20, 3), 2

    def todense(self):
        raise AssertionError("a sparse array is not made dense without being asked")
