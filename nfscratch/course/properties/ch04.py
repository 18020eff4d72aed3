"""Chapter 04: coupling layers. What decides its tasks."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake as M
from nfscratch.check.finite_differences import finite_difference_jacobian
from nfscratch.course.judging.pair import Setting, log_det, undoes
from nfscratch.course.judging.question import Question, Slip, expect, slip

DIMS = (2, 3, 5)
ONE_NUMBER = "How many numbers should come back for one point?"


def network(weights, rows):
    """The chapter's network, for rows (N, n)."""
    W1, b1, W2, b2 = weights
    return onp.tanh(rows @ W1.T + b1) @ W2.T + b2


def random_network(rng, n_in, n_out, width=6):
    shapes = ((width, n_in), (width,), (n_out, width), (n_out,))
    return tuple(rng.normal(size=shape) * 0.7 for shape in shapes)


def random_mask(rng, D):
    """D // 2 kept places, scattered: the first ones are kept only where there is no other way."""
    keep = onp.zeros(D, dtype=bool)
    keep[rng.permutation(D)[: D // 2]] = True
    return keep if D == 2 or not keep[: D // 2].all() else keep[::-1].copy()


class Coupling:
    """An affine coupling layer of the checks' own, for rows."""

    def __init__(self, rng, D):
        self.keep = random_mask(rng, D)
        self.nets = [random_network(rng, D // 2, D - D // 2) for _ in range(2)]

    def forward(self, z):
        s, t = (network(net, z[:, self.keep]) for net in self.nets)
        x = z.copy()
        x[:, ~self.keep] = onp.exp(s) * z[:, ~self.keep] + t
        return x, s.sum(axis=1)

    def inverse(self, x):
        s, t = (network(net, x[:, self.keep]) for net in self.nets)
        z = x.copy()
        z[:, ~self.keep] = onp.exp(-s) * (x[:, ~self.keep] - t)
        return z, -s.sum(axis=1)

    @property
    def others(self):
        return (self.keep, *self.nets)


def _couplings(rng):
    layers = {D: Coupling(rng, D) for D in DIMS}
    said = {D: f"keep = {layer.keep.tolist()}" for D, layer in layers.items()}
    return lambda D: Setting(layers[D].forward, layers[D].inverse, layers[D].others, said[D])


# --- 4.1 affine_forward ---


def affine_forward_values(asked, rng):
    """x by equation (2), for D = 2, 3 and 5 and scattered masks"""
    return expect(asked, *[_of_affine(rng, D) for D in DIMS])


def affine_forward_log_det(asked, rng):
    """the log-det against a numeric Jacobian of the map that was applied"""
    return log_det(asked, "forward", _couplings(rng), DIMS, rng)


def _of_affine(rng, D):
    layer, z = Coupling(rng, D), rng.normal(size=D)
    x, l = layer.forward(z[None])
    keep, (s, t) = layer.keep, (network(net, z[None, layer.keep])[0] for net in layer.nets)

    def placed(changed):
        out = z.copy()
        out[~keep] = changed
        return out

    wrong = {
        ("the shift is added before the scale", "Equation (2): is t multiplied by e^s?"): placed(onp.exp(s) * (z[~keep] + t)),
        ("the scale is s, not e^s", "Equation (2): s is a logarithm."): placed(s * z[~keep] + t),
        ("the scale is e^(-s)", "That belongs to the inverse."): placed(onp.exp(-s) * z[~keep] + t),
        ("the shift is subtracted", "That belongs to the inverse."): placed(onp.exp(s) * z[~keep] - t),
        ("the shift is missing", "Equation (2) has two networks."): placed(onp.exp(s) * z[~keep]),
        ("the scale is missing", "Equation (2) has two networks."): placed(z[~keep] + t),
        ("z_C is not in it", "Equation (2): which factor stands beside e^s?"): placed(onp.exp(s) + t),
        ("the halves are joined one after the other, not put back in their places", "Print keep, and the columns before and after, at D = 3."):
            onp.concatenate([z[keep], onp.exp(s) * z[~keep] + t]),
        ("only the changed half comes back", "x has as many entries as z."): onp.exp(s) * z[~keep] + t,
    }  # fmt: skip
    slips = [Slip(*words, {"x": value}) for words, value in wrong.items()]
    slips = [a for a in slips if not (onp.shape(a.values["x"]) == (D,) and onp.allclose(a.values["x"], x[0]))]
    shown = {"z": z, "keep": keep, "s": s, "t": t}
    return Question((z, *layer.others), {"x": x[0], "log_det": float(l[0])}, shown, tuple(slips), ("x",), size=f"D = {D}")


# --- 4.2 affine_inverse ---


def affine_inverse_undoes(asked, rng):
    """inverse(forward(z)) = z, for D = 2, 3 and 5 and scattered masks"""
    return undoes(asked, _couplings(rng), DIMS, rng) or expect(asked, *[_of_inverse(rng, D) for D in DIMS])


def affine_inverse_log_det(asked, rng):
    """the log-det against a numeric Jacobian of the map that was applied"""
    return log_det(asked, "inverse", _couplings(rng), DIMS, rng)


def _of_inverse(rng, D):
    layer, z = Coupling(rng, D), rng.normal(size=D)
    x = layer.forward(z[None])[0][0]
    shown = {"x": x, "keep": layer.keep}
    return Question((x, *layer.others), {"z": z, "log_det": 0.0}, shown, judged=("z",), size=f"D = {D}")


# --- 4.3 affine_jacobian ---


def affine_jacobian_entries(asked, rng):
    """the matrix against finite differences of the layer, for D = 2, 3 and 5"""
    return expect(asked, *[_of_jacobian(rng, D) for D in DIMS])


def affine_jacobian_zeros(asked, rng):
    """exact zeros and ones: a kept variable depends on itself alone, a changed one on no other changed one"""
    return expect(asked, *[_of_zeros(rng, D) for D in DIMS])


def _of_zeros(rng, D):
    question = _of_jacobian(rng, D)
    keep = question.arguments[1]
    fixed = keep[:, None] | (~keep[:, None] & ~keep[None, :] & ~onp.eye(D, dtype=bool))

    def read(J):
        shaped = isinstance(J, onp.ndarray) and J.shape == (D, D) and J.dtype.kind == "f"
        return onp.where(fixed, J, 0.0) if shaped else J

    right = onp.where(fixed, onp.eye(D), 0.0)
    slips = tuple(Slip(s.name, s.hint, {"J": read(s.values["J"])}) for s in question.slips)
    return Question(question.arguments, {"J": right}, question.shown, slips, tolerance=0.0, size=f"D = {D}", read=read)


def _of_jacobian(rng, D):
    layer, z = Coupling(rng, D), rng.normal(size=D)
    J = finite_difference_jacobian(lambda rows: layer.forward(rows)[0], z[None])[0]
    keep, (s, _) = layer.keep, (network(net, z[None, layer.keep])[0] for net in layer.nets)
    ds, dt = (finite_difference_jacobian(lambda rows, net=net: network(net, rows), z[None, keep])[0] for net in layer.nets)
    e = onp.exp(s)

    def blocks(lower, diagonal):
        out = onp.eye(D)
        out[onp.ix_(~keep, ~keep)], out[onp.ix_(~keep, keep)] = onp.diag(diagonal), lower
        return out

    right = (e * z[~keep])[:, None] * ds + dt
    order = onp.concatenate([onp.flatnonzero(keep), onp.flatnonzero(~keep)])
    wrong = {
        ("the matrix is transposed", "Row i holds the derivatives of x_i."): J.T,
        ("the blocks stand in the order (K, C), not where the mask says", "np.ix_ takes two masks and gives a block."): J[onp.ix_(order, order)],
        ("the lower block lacks dt/dz", "t depends on the kept variables too."): blocks(right - dt, e),
        ("the lower block lacks the term of ds/dz", "s depends on the kept variables too."): blocks(dt, e),
        ("the lower block lacks the factor z_C", "Differentiate e^s z_C with respect to z_K."): blocks(e[:, None] * ds + dt, e),
        ("the lower block lacks the factor e^s", "Differentiate e^s z_C with respect to z_K."): blocks(z[~keep][:, None] * ds + dt, e),
        ("the diagonal is s, not e^s", "What is dx_C/dz_C in equation (2)?"): blocks(right, s),
        ("the diagonal is 1 where it is e^s", "What is dx_C/dz_C in equation (2)?"): blocks(right, onp.ones_like(e)),
        ("the lower block is missing", "What do s and t depend on?"): blocks(0 * right, e),
    }  # fmt: skip
    slips = [Slip(*words, {"J": value}) for words, value in wrong.items()]
    slips = tuple(a for a in slips if not onp.allclose(a.values["J"], J))
    shown = {"z": z, "keep": keep, "e^s": e}
    return Question((z, *layer.others), {"J": J}, shown, slips, tolerance=1e-6, size=f"D = {D}")


# --- 4.4 masked_inverse ---


def masked_inverse_undoes(asked, rng):
    """inverse(forward(z)) = z, with networks that answer on kept places too"""
    return expect(asked, *[_of_mask(rng, D, ("z",)) for D in (2, 5)])


def masked_inverse_log_det(asked, rng):
    """the log-det against the known one, and against a numeric Jacobian"""
    layers = {D: Masked(rng, D) for D in (2, 5)}
    fault = expect(asked, *[_of_mask(rng, D, ("log_det",)) for D in (2, 5)])
    return fault or log_det(asked, "inverse", lambda D: layers[D].setting(), (2, 5), rng)


class Masked:
    """A masked coupling layer of the checks' own, for rows; its two networks answer at every place."""

    def __init__(self, rng, D):
        self.b = random_mask(rng, D).astype(float)
        self.A = [rng.normal(size=(D, D)) * 0.6 for _ in range(2)]
        self.c = [rng.normal(size=D) for _ in range(2)]

    def s(self, rows):
        return onp.tanh(rows @ self.A[0] + self.c[0])

    def t(self, rows):
        return rows @ self.A[1] + self.c[1]

    def forward(self, z):
        kept, free = self.b * z, 1 - self.b
        return kept + free * (z * onp.exp(self.s(kept)) + self.t(kept)), (free * self.s(kept)).sum(axis=1)

    def inverse(self, x):
        kept, free = self.b * x, 1 - self.b
        return kept + free * (x - self.t(kept)) * onp.exp(-self.s(kept)), -(free * self.s(kept)).sum(axis=1)

    def setting(self):
        return Setting(self.forward, self.inverse, (self.b, self.s, self.t), f"b = {self.b.tolist()}")


def _of_mask(rng, D, judged):
    layer, z = Masked(rng, D), rng.normal(size=D)
    x, l = (a[0] for a in layer.forward(z[None]))
    b, s, t = layer.b, layer.s(layer.b * x), layer.t(layer.b * x)
    seen_s, seen_t, free = layer.s(x), layer.t(x), 1 - layer.b
    whole = "Which of the four b's decides what the networks see?"
    places = "Which of the four b's decides which places change?"
    slips = [
        Slip("the networks see all of x, not b x", whole, {"z": b * x + free * (x - seen_t) * onp.exp(-seen_s), "log_det": -(free * seen_s).sum()}),
        Slip("the factor (1 - b) is missing: kept places change too", places, {"z": b * x + (x - t) * onp.exp(-s)}),
        Slip("the kept places are missing", "What is z where b is 1?", {"z": free * (x - t) * onp.exp(-s)}),
        Slip("b and 1 - b are exchanged", places, {"z": free * x + b * (x - t) * onp.exp(-s), "log_det": -(b * s).sum()}),
        Slip("b and 1 - b are exchanged", places, {"z": free * x + b * (x - layer.t(free * x)) * onp.exp(-layer.s(free * x)), "log_det": -(b * layer.s(free * x)).sum()}),
        slip(M.WRONG_ORDER, z=b * x + free * (x * onp.exp(-s) - t)),
        slip(M.MULTIPLIES, z=b * x + free * (x - t) * onp.exp(s)),
        Slip("the shift is not undone", "One of two steps is undone.", {"z": b * x + free * x * onp.exp(-s)}),
        Slip("the scale is not undone", "One of two steps is undone.", {"z": b * x + free * (x - t)}),
        slip(M.NOT_NEGATED, log_det=(free * s).sum()),
        Slip("the sum runs over kept places too", "Which of the four b's stands in the log-det?", {"log_det": -s.sum()}),
        Slip("one log-scale for each variable, not their sum", ONE_NUMBER, {"log_det": -free * s}),
        slip(M.EXP_SUMMED, log_det=-(free * onp.exp(s)).sum()), slip(M.EXP_SUMMED, log_det=(free * onp.exp(-s)).sum()),
        Slip(M.MEAN.value, "Look at D = 2 and D = 5: when do a mean and a sum agree?", {"log_det": -(free * s).mean()}),
        slip(M.ALWAYS_ZERO, log_det=0.0),
    ]  # fmt: skip
    shown = {"x": x, "b": b, "s(b x)": s, "t(b x)": t}
    answer = {"z": z, "log_det": -float(l)}
    return Question((x, b, *_points(layer)), answer, shown, tuple(slips), judged, size=f"D = {D}")


def _points(layer):
    """s and t as functions of one point, which refuse what is none."""

    def of(f, name):
        def at(point):
            if onp.shape(point) != layer.b.shape:
                raise ValueError(f"{name} takes an array of shape {layer.b.shape}; got {onp.shape(point)}")
            return f(onp.asarray(point, dtype=float))

        return at

    return of(layer.s, "s"), of(layer.t, "t")


# --- 4.5 volume_preserving_log_scales ---


def volume_preserving_log_scales_values(asked, rng):
    """equation (7), for 1, 2 and 5 changed variables"""
    return expect(asked, *[_of_scales(rng.normal(size=n) + 0.5) for n in (2, 5, 1)])


def _of_scales(s):
    wrong = {
        ("the sum is subtracted, not the mean", "What is left of the sum when the same number is taken from every s_i?"): s - s.sum(),
        ("the last log-scale is minus the sum of the others", "That is the paper's way; (7) treats all alike."): onp.append(s[:-1], -s[:-1].sum()),
        ("the scales add up to 0, not the log-scales", "The log of a product is a sum of logarithms."): s - onp.log(onp.exp(s).mean()),
        ("it is divided, not shifted", "(7) takes the same number from every s_i."): s / s.sum(),
        ("only the mean comes back", "How many log-scales go in?"): s.mean(),
        ("the log-scales are unchanged", "What should their sum be?"): s,
        ("the mean is added", "What should the sum be?"): s + s.mean(),
    }  # fmt: skip
    slips = [Slip(*words, {"s": value}) for words, value in wrong.items()]
    slips = [a for a in slips if onp.shape(a.values["s"]) == () or not onp.allclose(a.values["s"], s - s.mean())]
    return Question((s,), {"s": s - s.mean()}, {"s": s}, tuple(slips), size=f"{len(s)} variables")


# --- 4.6 permute_back ---


def permute_back_undoes(asked, rng):
    """it undoes permute: cycles of three, and of five variables"""
    return expect(asked, *[_of_order(rng, order, ("z",)) for order in ([1, 2, 0], [2, 0, 1], [2, 0, 3, 4, 1])])


def permute_back_log_det(asked, rng):
    """a permutation keeps volume"""
    return expect(asked, _of_order(rng, [1, 2, 0], ("log_det",)))


def _of_order(rng, order, judged):
    order, z = onp.array(order), rng.normal(size=len(order))
    x = z[order]
    slips = [
        slip(M.PERMUTATION, z=x[order]),
        Slip("x comes back as it is", "Where does the first entry of x belong?", {"z": x}),
        Slip("x comes back reversed", "A reversal undoes a reversal alone.", {"z": x[::-1]}),
        Slip("the entries are sorted by value", "Sort the places, not the values.", {"z": onp.sort(x)}),
        Slip("the order itself comes back", "Which numbers are to be moved?", {"z": onp.argsort(order)}),
    ]  # fmt: skip
    slips += [Slip("a permutation is said to change volume", "What is |det| of a permutation matrix?", {"log_det": 1.0})]
    slips = [a for a in slips if "z" not in a.values or not onp.array_equal(a.values["z"], z)]
    shown = {"x": x, "order": order}
    return Question((x, order), {"z": z, "log_det": 0.0}, shown, tuple(slips), judged, size=f"D = {len(order)}")


# --- 4.7 stack_forward ---


def stack_forward_values(asked, rng):
    """the point after one, two and four layers, of which no two commute"""
    return expect(asked, *[_of_stack(rng, L, ("z",)) for L in (1, 2, 4)])


def stack_forward_log_det(asked, rng):
    """the log-det after one, two and four layers, and after none"""
    return expect(asked, *[_of_stack(rng, L, ("log_det",)) for L in (1, 2, 4, 0)])


def _layer(rng, D):
    """An elementwise map of one point that bends, then turns the variables round."""
    a, c = rng.uniform(0.3, 0.9, size=D), rng.normal(size=D)

    def forward(z):
        z = onp.asarray(z, dtype=float)
        if z.shape != (D,):
            raise ValueError(f"a layer takes an array of shape ({D},); got {z.shape}")
        return onp.roll(1.5 * z + a * onp.sin(z) + c, 1), float(onp.log(1.5 + a * onp.cos(z)).sum())

    return forward


def _through(z, layers):
    """The point after each layer, and the log-det of each."""
    points, log_dets = [z], []
    for layer in layers:
        z, l = layer(z)
        points, log_dets = [*points, z], [*log_dets, l]
    return points, onp.array(log_dets)


def _of_stack(rng, L, judged, D=3):
    z, layers = rng.normal(size=D), [_layer(rng, D) for _ in range(L)]
    points, l = _through(z, layers)
    backwards, l_backwards = _through(z, layers[::-1])
    slips = [
        Slip("the layers are applied in reversed order", "Which layer does z meet first?", {"z": backwards[-1], "log_det": l_backwards.sum()}),
        Slip("the first layer's point comes back", "Each layer takes what the one before it made.", {"z": points[min(L, 1)]}),
        Slip("z comes back as it was", "Each layer takes what the one before it made.", {"z": z}),
        Slip("every layer is applied to the first z", "Each layer takes what the one before it made.", {"z": layers[-1](z)[0] if L else z, "log_det": sum(layer(z)[1] for layer in layers)}),
        Slip("the log-dets are subtracted", "Equation (8) adds them up.", {"log_det": -l.sum()}),
        Slip("the log-dets are averaged", "Equation (8) adds them up.", {"log_det": l.mean() if L else 0.0}),
        Slip("the log-dets come back in a list", "Equation (8) adds them up.", {"log_det": l}),
    ]  # fmt: skip
    if L:
        slips += [Slip("it is only the last layer's log-det", "Volume is stretched by every layer on the way.", {"log_det": l[-1]}),
                  Slip("it is only the first layer's log-det", "Volume is stretched by every layer on the way.", {"log_det": l[0]}),
                  Slip("the last layer is left out", "Count the terms, and count the layers.", {"log_det": l[:-1].sum()})]  # fmt: skip
    right = {"z": points[-1], "log_det": float(l.sum())}
    slips = [a for a in slips if not all(onp.array_equal(a.values[k], right[k]) for k in a.values)]
    shown = {"z": z, "layers": f"{L} functions"}
    return Question((z, layers), right, shown, tuple(slips), judged, size=f"{L} layers")
