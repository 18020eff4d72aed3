"""Reverse mode for trees of arrays, and derivatives that are known before autograd asks.

A *pullback* takes the gradient with respect to a value back to the gradients with respect to the arguments:
pullback(g) = J^T g. `value_and_vjp` finds it by tracing. Where it has been derived by hand, `known` puts it in the
trace as one node, so that `autograd.grad` of the whole costs no more than the pullback. It serves first derivatives:
roads.py says when it may be used.

    raw = unbox(x)
    y = known((raw * raw).sum(), lambda g: (2 * g * raw,), x, plain=lambda x: np.sum(np.square(x)))
"""

from collections.abc import Callable
from typing import Any

import autograd.numpy as np
from autograd.core import VJPNode, add_outgrads
from autograd.extend import defvjp_argnums, primitive, vspace
from autograd.tracer import isbox, new_box, trace_stack
from autograd.util import toposort

from nfscratch.autodiff.boxes import raw, rebox

# ----- known derivatives -----


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
    if type(value) is not tuple and isinstance(raw(value), tuple):
        value = tuple(value)  # of an enclosing trace

    def pullback(g):
        grads = {} if node is None else gradients_at(roots, node, rebox(g))
        return tuple(
            None if arg is None else grads[root] if root in grads else vspace(arg).zeros()
            for arg, root in zip(args, roots, strict=True)
        )

    return value, pullback


def tangents(fun: Callable, x: Any, v: Any) -> tuple[Any, Any]:
    """fun(x), an array, and J v_k for each of the tangents v (K, *shape of x): (K, *shape of the value).

    It is reverse mode twice: u -> J^T u is linear, and its pullback is v -> J v. So it works for every `fun` that
    `value_and_vjp` can differentiate twice, in any number of dimensions, for two pullbacks a tangent.
    """
    y, pullback = value_and_vjp(fun, x)
    _, push = value_and_vjp(lambda u: pullback(u)[0], np.zeros_like(y))
    return y, np.stack([push(v_k)[0] for v_k in v])


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
