"""Reverse mode for trees of arrays, and derivatives that are known before autograd asks.

A *pullback* takes the gradient with respect to a value back to the gradients with respect to the arguments:
pullback(g) = J^T g. `value_and_vjp` finds it by tracing. Where it has been derived by hand, `known` puts it in the
trace as one node, so that `autograd.grad` of the whole costs no more than the pullback. It serves first derivatives:
`fast_path` says when it may be used, and otherwise the plain definition is traced.

    def f(x):
        if not fast_path(x):
            return np.sum(np.square(x))
        raw = unbox(x)
        return known((raw * raw).sum(), lambda g: (2 * g * raw,), x)
"""

from collections.abc import Callable
from typing import Any

from autograd import builtins
from autograd.core import VJPNode, add_outgrads
from autograd.extend import defjvp, defvjp_argnums, primitive, vspace
from autograd.tracer import box_types, isbox, new_box, trace_stack
from autograd.util import toposort

# ----- trees -----

CONTAINERS = {dict, list, tuple}


def rebox(tree: Any) -> Any:
    """A dict, list or tuple that *contains* boxes, as one box; anything else as it is.

    autograd sees a box when it is an argument, not when it is inside one: parameters that a network has made are a
    plain dict of boxes.
    """
    if not contains_box(tree) or isbox(tree):
        return tree
    if type(tree) is dict:
        return builtins.dict({key: rebox(part) for key, part in tree.items()})
    return (builtins.list if type(tree) is list else builtins.tuple)([rebox(part) for part in tree])


# autograd has the VJP only; forward mode comes here through `rebox`.
defjvp(builtins._make_dict, lambda g, ans, keys, vals: builtins.dict(zip(keys, g, strict=True)), argnums=(1,))


def contains_box(tree: Any) -> bool:
    """Whether `tree` is a box or has one inside. It is asked of all parameters at each log_prob: no generators here."""
    kind = type(tree)
    if kind is dict:
        tree = tree.values()
    elif kind is not list and kind is not tuple:
        return kind in box_types
    for part in tree:
        kind = type(part)
        if kind in box_types or (kind in CONTAINERS and contains_box(part)):
            return True
    return False


def unbox(tree: Any) -> Any:
    """The value of a box; anything else as it is."""
    return tree._value if isbox(tree) else tree


# ----- known derivatives -----


def fast_path(*args: Any) -> bool:
    """Whether a hand-written pullback may stand for the derivative with respect to `args`.

    True where no argument is boxed, or the boxed ones belong to one reverse-mode trace and hold raw values. False in
    a derivative of a derivative, in forward mode, and for trees that contain boxes (see `rebox`).
    """
    traces = set()
    for arg in args:
        if isbox(arg):
            if type(arg._node) is not VJPNode:
                return False
            traces.add(arg._trace)
        if contains_box(unbox(arg)):
            return False
    return len(traces) <= 1


@primitive
def _known(value, pullback, plain, *args):
    return value


def _known_vjp(argnums, ans, args, kwargs):
    _, pullback, plain, *arguments = args

    def vjp(g):
        # A box in g: the pullback itself is being differentiated, as in a Hessian-vector product.
        back = value_and_vjp(plain, *arguments)[1] if plain is not None and isbox(rebox(g)) else pullback
        grads = back(g)
        wanted = [(arguments[i - 3], grads[i - 3]) for i in argnums]
        return tuple(vspace(arg).zeros() if grad is None else grad for arg, grad in wanted)

    return vjp


defvjp_argnums(_known, _known_vjp)


def known(value: Any, pullback: Callable, *args: Any, plain: Callable | None = None) -> Any:
    """`value`, raw, as a function of `args` whose derivative is `pullback`.

    value: an array, or a tuple of arrays, computed from the `unbox`ed args.
    pullback(g): one gradient per argument, each the same tree as the argument; None for zero, or where the argument
        is not boxed. g is an array, or a tuple like `value`, and must not be written to.
    plain: fun(*args), the traced definition; used instead of `pullback` when g is boxed. Without it, a pullback that
        may be differentiated once more must be written with autograd.numpy.
    """
    return _known(value, pullback, plain, *args)


# ----- reverse mode -----


def value_and_vjp(fun: Callable, *args: Any) -> tuple[Any, Callable]:
    """fun(*args), an array or a tuple of arrays, and its pullback: g -> one gradient per argument.

    args are arrays or trees of arrays; an argument of None is passed on, and its gradient is None. Each gradient is
    the same tree as its argument, with zeros where `fun` does not depend on it. g is an array, or a tuple like the
    value. Gradients may share memory with g, or be read-only: add, do not write into them.
    """
    roots = [None if arg is None else VJPNode.new_root() for arg in args]
    with trace_stack.new_trace() as trace:
        boxes = [
            arg if arg is None else new_box(rebox(arg), trace, root) for arg, root in zip(args, roots, strict=True)
        ]
        value = end = rebox(fun(*boxes))
        node = None
        if isbox(end) and end._trace == trace:
            value, node = end._value, end._node
    if type(value) is not tuple and isinstance(unbox_all(value), tuple):
        value = tuple(value)  # of an enclosing trace

    def pullback(g):
        grads = {} if node is None else gradients_at(roots, node, rebox(g))
        return tuple(
            None if arg is None else grads[root] if root in grads else vspace(arg).zeros()
            for arg, root in zip(args, roots, strict=True)
        )

    return value, pullback


def unbox_all(tree: Any) -> Any:
    while isbox(tree):
        tree = tree._value
    return tree


def gradients_at(roots, end_node, g):
    """autograd's backward_pass, for several roots at once."""
    outgrads, grads = {end_node: (g, False)}, {}
    for node in toposort(end_node):
        outgrad = outgrads.pop(node)
        if node in roots:
            grads[node] = outgrad[0]
        for parent, ingrad in zip(node.parents, node.vjp(outgrad[0]), strict=False):
            outgrads[parent] = add_outgrads(outgrads.get(parent), ingrad)
    return grads
