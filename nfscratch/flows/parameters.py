"""Whether a parameter tree is one of a flow: every leaf that the flow's layers make, in its shape, and no other.

The layers' own `init` says what they make; it is asked layer by layer. A message names the place in the tree:

    params['bijection'][3]['W'] must have shape (64, 2); got shape (32, 2)

Parameters of another width or depth often compute, and give another density. So every evaluation compares the tree's
signature, its keys, shapes and dtypes, with those that were found right before: a few microseconds. A signature that is
new to the flow is compared with what the layers make. `Flow.init` remembers its own. `naming_params` compares again
after an evaluation has failed. `nf.save` and `nf.load` compare always, and every shape exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as onp

from nfscratch.autodiff import raw, raw_tree
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.inverse import InverseBijection
from nfscratch.excerpt import excerpt
from nfscratch.ops.roots import InversionError

OF_FLOW = ("base", "bijection", "embed")
END, Masked = onp.empty((0, 0, 0)), onp.ma.MaskedArray
KNOWN = 32  # signatures that a flow remembers: parameters for each row have another one for every number of rows


class ParamsError(ValueError):
    """Parameters that are not those of the flow."""


def checked(flow: Any, params: Any, entries: Sequence[str] = OF_FLOW, made_by: str = "flow.init") -> Any:
    """`params`, autograd's boxes in them or not, if they are the flow's: a dict of `entries`, as `made_by` makes it."""
    inside = raw(params)
    if not isinstance(inside, dict) or set(inside) != set(entries):
        got = sorted(inside) if isinstance(inside, dict) else type(inside).__name__
        wanted = f"{', '.join(entries[:-1])} and {entries[-1]}"
        raise ValueError(f"params must be those of {made_by}, a dict of {wanted}; got {got}")
    check(flow, inside)
    return params


def check(flow: Any, params: Any) -> None:
    """Raises ParamsError unless `params` is a tree of the flow; cheap for one that looks like one checked before."""
    known, own = _known(flow), signature(params)
    if own in known:
        return
    if (wrong := disagreement(flow, params)) is not None:
        raise wrong
    if len(known) < KNOWN:
        known.add(own)


def remember(flow: Any, params: Any) -> Any:
    """`params`, made by the flow itself: `check` need not compare what looks like it."""
    _known(flow).add(signature(params))
    return params


def signature(tree: Any) -> Any:
    """Keys, shapes and dtypes of a tree, boxes in it or not, as something that can be looked up.

    The nodes are taken breadth first, and a mark ends the children of each. One loop without calls: it runs for every
    evaluation, also of one row.
    """
    seen, nodes = [], [tree]
    for node in nodes:
        if node.__class__ is dict:
            seen += node
            for key in node:
                nodes += (node[key],)
            nodes += (END,)
        elif node.__class__ is list or node.__class__ is tuple:
            nodes += node
            nodes += (END,)
        elif node.__class__ is onp.ndarray:
            seen += (node.shape, node.dtype)
        else:
            seen += (getattr(node, "shape", type(node).__name__), getattr(node, "dtype", None), type(node) is Masked)
    return tuple(seen)


def _known(flow):
    return vars(flow).setdefault("known_params", set())


def naming_params(method: Callable) -> Callable:
    """`method(flow, params, ...)`, whose errors name the parameters where these are not the flow's."""

    @wraps(method)
    def named(flow, params, *args, **kwargs):
        try:
            return method(flow, params, *args, **kwargs)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            if not isinstance(error, InversionError) and (wrong := disagreement(flow, params)) is not None:
                raise wrong from error
            raise

    return named


def disagreement(flow: Any, params: Any, per_sample: bool = True) -> ParamsError | None:
    """What is wrong with the tree, or None. per_sample: leaves may have more axes in front than the flow makes."""
    if not hasattr(flow, "bijection"):  # no flow
        return None
    try:
        Comparison(onp.random.default_rng(0), per_sample=per_sample).flow(flow, raw_tree(params))
    except ParamsError as error:
        return error
    return None


@dataclass
class Comparison:
    """rng: what each `init` draws from. unmade(part, path, error): called where an `init` fails; default: nothing.

    per_sample: whether a leaf may have leading axes of its own, as parameters do that an encoder made.
    """

    rng: onp.random.Generator
    unmade: Callable = lambda part, path, error: None
    per_sample: bool = False

    def flow(self, flow: Any, params: Any, path: str = "params") -> None:
        """Raises ParamsError unless `params` is a tree of the flow. path: its place in a larger tree."""
        noisy = hasattr(flow, "noise")  # a Dequantized flow: its noise is a flow itself, or None
        self.keys(("base", "bijection", "embed", *(("noise",) if noisy else ())), params, path)
        self.bijection(flow.bijection, params["bijection"], f"{path}['bijection']")
        self.part(flow.base, (), params["base"], f"{path}['base']")
        self.embed(flow, params["embed"], f"{path}['embed']")
        if noisy and flow.noise is None:
            self.compare({}, params["noise"], f"{path}['noise']")
        elif noisy:
            self.flow(flow.noise, params["noise"], f"{path}['noise']")

    def embed(self, flow, params, path):
        if flow.embed is None:
            return self.compare({}, params, path)
        try:
            n_in = flow.embed.n_in(params) if hasattr(flow.embed, "n_in") else None
        except (AttributeError, LookupError, TypeError):
            raise ParamsError(f"{path} must be those of {type(flow.embed).__name__}; got {found(params)}") from None
        if n_in is not None:  # else the parameters do not tell for which context the network was made
            self.part(flow.embed, (n_in, flow.context_dim), params, path)

    def bijection(self, bijection, params, path):
        if type(bijection) is InverseBijection:
            return self.bijection(bijection.bijection, params, path)
        if type(bijection) is not Chain:
            return self.part(bijection, (), params, path)
        if not isinstance(params, (list, tuple)) or len(params) != len(bijection.layers):
            count = len(bijection.layers)
            raise ParamsError(f"{path} must have the parameters of {count} layers; got {found(params)}")
        for i, (layer, layer_params) in enumerate(zip(bijection.layers, params, strict=True)):
            self.bijection(layer, layer_params, f"{path}[{i}]")

    def part(self, part, sizes, params, path):
        try:
            made = part.init(self.rng, *sizes)
        except Exception as error:  # a caller's own part may need more than a generator to begin with
            return self.unmade(part, path, error)
        return self.compare(made, params, path)

    def compare(self, made, params, path):
        if isinstance(made, dict):
            self.keys(made, params, path)
            for key in made:
                self.compare(made[key], params[key], f"{path}[{key!r}]")
        elif isinstance(made, (list, tuple)):
            if not isinstance(params, (list, tuple)) or len(params) != len(made):
                raise ParamsError(f"{path} must have {len(made)} entries; got {found(params)}")
            for i, child in enumerate(made):
                self.compare(child, params[i], f"{path}[{i}]")
        elif not self.same_shape(made, params):
            raise ParamsError(f"{path} must have shape {tuple(made.shape)}; got {found(params)}")
        elif (odd := odd_numbers(params)) and made.dtype.kind == "f":
            raise ParamsError(f"{path} must be of real numbers, in float32 or float64; got {odd}")

    def same_shape(self, made, leaf):
        shape, own = tuple(getattr(leaf, "shape", (None,))), tuple(made.shape)
        if not self.per_sample or not hasattr(leaf, "shape"):
            return shape == own
        of_a_stack = (*shape[:1], *shape[2:])  # K layers first, then the rows
        return own in (shape[max(len(shape) - len(own), 0) :], of_a_stack)

    def keys(self, made, params, path):
        if not isinstance(params, dict) or set(params) != set(made):
            raise ParamsError(f"{path} must have the entries {sorted(made)}; got {found(params)}")


def odd_numbers(leaf: Any) -> str:
    """What kind of numbers a leaf has, if parameters cannot be of that kind; else ""."""
    if isinstance(leaf, Masked):
        return "a masked array"
    dtype = onp.dtype(getattr(leaf, "dtype", float))  # the description of a leaf in a file may have none
    return "" if dtype.kind == "f" and dtype.itemsize > 2 else f"dtype {dtype}"


def found(params: Any) -> str:
    """What stands at a place of the tree, in a few words."""
    if isinstance(params, dict):
        return excerpt(sorted(params, key=str))
    if isinstance(params, (list, tuple)):
        return f"{len(params)} entries"
    if hasattr(params, "shape"):
        return f"shape {tuple(params.shape)}"
    of_a_fit = ": pass its params, result.params" if hasattr(params, "params") else ""
    return f"a {type(params).__name__}{of_a_fit}"
