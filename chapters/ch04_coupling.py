# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Coupling flows: an invertible map from any network
#
# **Question.** A flow needs maps that are invertible and whose Jacobian determinant is cheap. A neural network is neither: its inverse may not exist, and a $D \times D$ determinant costs $O(D^3)$ for every point. How can a network of any size, with any weights, still be the heart of an invertible map with a determinant that costs nothing?
#
# **What you need.** The change of variables, $\log p(x) = \log p_Z(z) + \log|\det \partial z/\partial x|$; partial derivatives; block matrices; NumPy.
#
# **Convention.** $z$ is noise, $x$ is data. *Forward* is $z \to x$, *inverse* is $x \to z$, and each direction reports the log-determinant *of the map that it just applied*.
#
# **Running time.** Under a minute on two cores; `--fast` takes a few seconds and does every check, with experiments too short to mean anything.
#
# **References.** Dinh, Krueger, Bengio (2014), *NICE*, arXiv:1410.8516. Dinh, Sohl-Dickstein, Bengio (2017), *Density estimation using Real NVP*, arXiv:1605.08803. Sorrenson, Rother, Köthe (2020), *Disentanglement by nonlinear ICA with general incompressible-flow networks (GIN)*, arXiv:2001.04872. Papamakarios et al. (2021), *Normalizing flows for probabilistic modeling and inference*, arXiv:1912.02762.

# %%
import numpy as np

if __name__ == "__main__":
    import nfscratch as nf
    from nfscratch import chapter, check, plot

    options = chapter.options()

# %% [markdown]
# ## The idea, with numbers
#
# Split the variables in two groups. The first group passes unchanged, and *decides* what happens to the second. Take two variables, let the first one decide, and let it decide with the functions $s(u) = u/2$ and $t(u) = u^2$:
#
# $$x_1 = z_1, \qquad x_2 = e^{s(z_1)} z_2 + t(z_1).$$
#
# At $z = (1, 2)$ this gives $x_1 = 1$ and $x_2 = 2e^{0.5} + 1 = 4.297$. Now invert it. We are given $x = (1, 4.297)$. Since $x_1 = z_1$, we know what the first variable decided: $s = 0.5$ and $t = 1$. So $z_2 = (4.297 - 1)\,e^{-0.5} = 2$. We never inverted $s$ or $t$. We only *asked them again*, and they gave the same answer because their input had not changed.
#
# That is the whole trick, and it is why $s$ and $t$ can be anything at all: squares that fold the line in two, networks with a million weights, a lookup table.


# %%
def numeric_jacobian(f, z, h=1e-3):
    """dx/dz at one point by central differences of fourth order."""
    columns = []
    for e in np.eye(len(z)) * h:
        columns.append((8 * (f(z + e) - f(z - e)) - (f(z + 2 * e) - f(z - 2 * e))) / (12 * h))
    return np.stack(columns, axis=1)


def worked_example():
    s, t = (lambda u: u / 2), (lambda u: u**2)
    z = np.array([1.0, 2.0])
    x = np.array([z[0], np.exp(s(z[0])) * z[1] + t(z[0])])
    back = np.array([x[0], (x[1] - t(x[0])) * np.exp(-s(x[0]))])
    assert np.allclose(x, [1, 4.297], atol=5e-4)
    assert np.allclose(back, z, atol=1e-15)
    J = numeric_jacobian(lambda a: np.array([a[0], np.exp(s(a[0])) * a[1] + t(a[0])]), z)
    assert np.allclose(J, [[1, 0], [3.649, 1.649]], atol=5e-4)
    assert np.isclose(np.log(np.linalg.det(J)), 0.5)
    print(f"z = {z}   ->   x = [{x[0]:.3f} {x[1]:.3f}]   ->   z = [{back[0]:.3f} {back[1]:.3f}]")


if __name__ == "__main__":
    worked_example()

# %% [markdown]
# What does such a map do to the plane? Every vertical line $x_1 = $ const stays where it is, and is stretched by $e^{s}$ and moved by $t$ along itself. An *additive* layer ($s = 0$) slides the lines like a deck of cards seen from the side; an *affine* layer stretches each card as well. A second layer with the roles exchanged does the same with the horizontal lines, and the grid bends in both directions.


# %%
def picture_of_the_idea(options):
    def additive(z):
        return np.stack([z[:, 0], z[:, 1] + np.sin(1.2 * z[:, 0])], axis=1)

    def affine(z):
        return np.stack([z[:, 0], np.exp(0.4 * np.sin(2 * z[:, 0])) * z[:, 1] + np.sin(1.2 * z[:, 0])], axis=1)

    def both(z):
        return affine(affine(z)[:, ::-1])[:, ::-1]

    figure, axes = plot.subplots(1, 4, height=2.0, sharex=True, sharey=True)
    titles = ("the noise $z$", "additive layer", "affine layer", "two affine layers")
    for ax, name, g in zip(axes, titles, (lambda z: z, additive, affine, both), strict=True):
        plot.warp_grid(ax, g, radius=2.0, lines=11)
        ax.set(title=name, xlim=(-4.2, 4.2), ylim=(-4.2, 4.2), xticks=(-2, 0, 2), yticks=(-2, 0, 2), xlabel="$x_1$")
    axes[0].set_ylabel("$x_2$")
    options.save(figure, "ch04_idea")


if __name__ == "__main__":
    picture_of_the_idea(options)

# %% [markdown]
# *Figure `ch04_idea`.* The square grid $[-2, 2]^2$ and where three maps send it: blue lines have constant $z_1$, orange ones constant $z_2$. Look at the blue lines: one layer leaves each of them straight, and in its place. Only the second layer bends them.
#
# ## The derivation
#
# Write $K$ for the indices that are kept and $C$ for those that change. An **additive** coupling (NICE) is
#
# $$x_K = z_K, \qquad x_C = z_C + t(z_K), \tag{1}$$
#
# and an **affine** coupling (RealNVP) is
#
# $$x_K = z_K, \qquad x_C = e^{s(z_K)} \odot z_C + t(z_K), \tag{2}$$
#
# with $\odot$ the product entry by entry. Equation (1) is (2) with $s = 0$. The inverse follows by solving for $z_C$, as in the example:
#
# $$z_K = x_K, \qquad z_C = \bigl(x_C - t(x_K)\bigr) \odot e^{-s(x_K)}. \tag{3}$$
#
# **The Jacobian for $D = 2$, entry by entry**, with $K = \{1\}$ and $C = \{2\}$. Four derivatives:
#
# $$\frac{\partial x_1}{\partial z_1} = 1, \qquad \frac{\partial x_1}{\partial z_2} = 0, \qquad \frac{\partial x_2}{\partial z_1} = s'(z_1)\,e^{s(z_1)} z_2 + t'(z_1), \qquad \frac{\partial x_2}{\partial z_2} = e^{s(z_1)}.$$
#
# The third is the only complicated one, and the determinant does not contain it: the product that it stands in is with the zero in the other corner. In our example $J = \begin{pmatrix} 1 & 0 \\ 3.649 & 1.649 \end{pmatrix}$, and $\log\det J = 0.5 = s(1)$.
#
# **In general**, sort the variables as $(K, C)$. Then
#
# $$J = \frac{\partial x}{\partial z} = \begin{pmatrix} I & 0 \\[2pt] \operatorname{diag}\bigl(e^{s} \odot z_C\bigr) \dfrac{\partial s}{\partial z_K} + \dfrac{\partial t}{\partial z_K} & \operatorname{diag}\bigl(e^{s}\bigr) \end{pmatrix}, \tag{4}$$
#
# block triangular whatever $s$ and $t$ are, so its determinant is the product of the diagonal:
#
# $$\log|\det J| = \sum_{i \in C} s_i(z_K). \tag{5}$$
#
# An additive layer has $\log|\det J| = 0$: it keeps volume. The inverse (3) has the log-determinant $-\sum_i s_i(x_K)$.
#
# Here is the layer for one point. The network is the smallest that deserves the name, with its own derivative beside it, because (4) asks for it: with $h = \tanh(W_1 u + b_1)$, the output $W_2 h + b_2$ has the Jacobian $W_2 \operatorname{diag}(1 - h^2) W_1$.


# %%
def network(weights, u):
    """One hidden tanh layer: the value, and its Jacobian d out / d u."""
    W1, b1, W2, b2 = weights
    h = np.tanh(W1 @ u + b1)
    return W2 @ h + b2, W2 @ np.diag(1 - h**2) @ W1


def additive_forward(z, keep, t_net):
    """x and log|det J| = 0 at one point z (D,): equation (1). `keep`: D booleans."""
    x = z.copy()
    x[~keep] = z[~keep] + network(t_net, z[keep])[0]
    return x, 0.0


def affine_forward(z, keep, s_net, t_net):
    """x and log|det J| at one point z (D,): equations (2) and (5)."""
    (s, _), (t, _) = network(s_net, z[keep]), network(t_net, z[keep])
    x = z.copy()
    x[~keep] = np.exp(s) * z[~keep] + t
    return x, s.sum()


def affine_inverse(x, keep, s_net, t_net):
    """z and log|det J^-1| at one point x (D,): equation (3)."""
    (s, _), (t, _) = network(s_net, x[keep]), network(t_net, x[keep])
    z = x.copy()
    z[~keep] = (x[~keep] - t) * np.exp(-s)
    return z, -s.sum()


def affine_jacobian(z, keep, s_net, t_net):
    """dx/dz (D, D): equation (4), each block put where the mask says."""
    (s, ds), (_, dt) = network(s_net, z[keep]), network(t_net, z[keep])
    J = np.eye(len(z))
    J[np.ix_(~keep, ~keep)] = np.diag(np.exp(s))
    J[np.ix_(~keep, keep)] = np.diag(np.exp(s) * z[~keep]) @ ds + dt
    return J


# %% [markdown]
# ### The same thing with a mask
#
# The RealNVP paper writes a layer without any indices. Let $b \in \{0, 1\}^D$ be 1 where a variable is kept. Let the networks map $D$ numbers to $D$ numbers, and show them only what is kept, $b \odot z$:
#
# $$x = b \odot z + (1 - b) \odot \bigl(z \odot e^{s(b \odot z)} + t(b \odot z)\bigr), \qquad \log|\det J| = \sum_i (1 - b_i)\, s_i(b \odot z). \tag{6}$$
#
# It computes more than it needs, and forgetting one of the four $b$'s breaks it silently, but it works on images, where $b$ is a checkerboard. Its inverse is $z = b \odot x + (1 - b) \odot (x - t(b \odot x)) \odot e^{-s(b \odot x)}$.


# %%
def masked_forward(z, b, s, t):
    """Equation (6) at one point: s and t are functions from (D,) to (D,)."""
    kept = b * z
    return kept + (1 - b) * (z * np.exp(s(kept)) + t(kept)), ((1 - b) * s(kept)).sum()


def masked_inverse(x, b, s, t):
    """The inverse of (6), and its log-determinant."""
    kept = b * x
    return kept + (1 - b) * (x - t(kept)) * np.exp(-s(kept)), -((1 - b) * s(kept)).sum()


# %% [markdown]
# ### Keeping the volume, with scales: GIN
#
# An additive layer keeps volume by never scaling. It can be had with less: let the scales differ, as long as they multiply to 1. Sorrenson et al. set the last log-scale of a layer to minus the sum of the others; we subtract the mean, which treats all alike:
#
# $$\tilde s_i = s_i - \frac{1}{|C|} \sum_{j \in C} s_j \qquad\Longrightarrow\qquad \sum_{i \in C} \tilde s_i = 0, \quad |\det J| = 1. \tag{7}$$
#
# With one changed variable nothing is left to scale, and GIN is NICE.


# %%
def volume_preserving_log_scales(s):
    """Equation (7)."""
    return s - s.mean()


# %% [markdown]
# ### Layers upon layers, and why to permute
#
# One layer leaves half of the variables untouched. So stack them, $x = g_L(\cdots g_1(z))$. The Jacobian of the stack is the product of the layers' Jacobians, each taken at the point where its layer stands, and the determinant of a product is the product of the determinants:
#
# $$\log|\det J| = \sum_{\ell=1}^{L} \log|\det J_\ell\bigl(z^{(\ell-1)}\bigr)|, \qquad z^{(0)} = z, \quad z^{(\ell)} = g_\ell\bigl(z^{(\ell-1)}\bigr). \tag{8}$$
#
# Without a change of roles, half of the variables never move however deep the stack is. The cheapest change is to swap the two halves. With more than two variables it is better to permute: A permutation
#
# $$x_i = z_{\pi(i)}, \qquad\text{with the inverse}\qquad z_{\pi(i)} = x_i, \tag{9}$$
#
# has a permutation matrix for a Jacobian, with $|\det| = 1$, and the next layer's halves mix what was kept and what was changed. The inverse is the *inverse* permutation. A swap of two equal halves is its own inverse, and so is a reversal. A test that uses one of those cannot see a permutation that is never undone.


# %%
def permute(z, order):
    """Equation (9), for one point."""
    return z[order], 0.0


def permute_back(x, order):
    """Equation (9): the inverse permutation, not the same one again."""
    z = np.empty_like(x)
    z[order] = x
    return z, 0.0


def stack_forward(z, layers):
    """Equation (8): layers is a list of functions z -> (x, log_det)."""
    total = 0.0
    for layer in layers:
        z, log_det = layer(z)
        total = total + log_det
    return z, total


# %% [markdown]
# ## Check it
#
# Every line of the table compares two things that were computed in different ways. The numeric Jacobian is four function values per entry and knows nothing of our formulas. Columns: the check's letter, what was compared, the largest difference, what is allowed, and whether it holds. The letters are the same in all chapters: R the round trip, X the log-dets of the two directions cancel, J a log-det or a Jacobian against an independent one, S shapes and dtypes, N the integral of a density, G a gradient; and = is one number, reached by two formulas. The networks have random weights of ordinary size, and $D = 5$ is odd on purpose.


# %%
def random_network(rng, n_in, n_out, width=8):
    return tuple(rng.normal(size=shape) for shape in ((width, n_in), (width,), (n_out, width), (n_out,)))


def off(a, b):
    """The largest difference, relative to the size of what is compared."""
    return float(np.max(np.abs(np.asarray(a) - np.asarray(b))) / max(1.0, np.max(np.abs(b))))


def check_one_point(options, D=5):
    rng = np.random.default_rng(options.seed)
    keep = np.arange(D) < D // 2
    nets = [random_network(rng, keep.sum(), (~keep).sum()) for _ in range(2)]
    z = rng.normal(size=D)
    x, log_det = affine_forward(z, keep, *nets)
    back, log_det_back = affine_inverse(x, keep, *nets)
    J = affine_jacobian(z, keep, *nets)
    J_numeric = numeric_jacobian(lambda a: affine_forward(a, keep, *nets)[0], z)
    J_back = numeric_jacobian(lambda a: affine_inverse(a, keep, *nets)[0], x)

    def spread(net):
        """The same network as a function from (D,) to (D,), zero where nothing changes: what (6) asks for."""
        return lambda kept: np.concatenate([np.zeros(keep.sum()), network(net, kept[keep])[0]])

    masked, masked_log_det = masked_forward(z, keep.astype(float), *map(spread, nets))
    masked_back, _ = masked_inverse(x, keep.astype(float), *map(spread, nets))
    order = np.array([2, 0, 3, 1, 4])
    layers = [lambda a: affine_forward(a, keep, *nets), lambda a: permute(a, order)] * 2
    _, stacked = stack_forward(z, layers)
    J_stack = numeric_jacobian(lambda a: stack_forward(a, layers)[0], z)
    s = volume_preserving_log_scales(network(nets[0], z[keep])[0])
    _, _, W2, b2 = nets[0]
    no_scale = (*nets[0][:2], 0 * W2, 0 * b2)
    additive, _ = additive_forward(z, keep, nets[1])
    tiny, small = 1e-10, 1e-6
    rows = [
        (
            "=",
            "additive layer (1) against (2) with s = 0",
            off(additive, affine_forward(z, keep, no_scale, nets[1])[0]),
            tiny,
        ),
        ("R", "inverse(forward(z)) against z, (2) and (3)", off(back, z), tiny),
        ("X", "log_det forward + log_det inverse", abs(log_det + log_det_back), tiny),
        ("J", "Jacobian (4) against finite differences", off(J, J_numeric), small),
        ("J", "log_det (5) against log|det| of (4)", off(log_det, np.linalg.slogdet(J)[1]), tiny),
        ("J", "log_det forward against finite differences", off(log_det, np.linalg.slogdet(J_numeric)[1]), small),
        ("J", "log_det inverse against finite differences", off(log_det_back, np.linalg.slogdet(J_back)[1]), small),
        ("=", "masked form (6) against (2): x", off(masked, x), tiny),
        ("=", "masked form (6) against (5): log_det", off(masked_log_det, log_det), tiny),
        ("R", "masked inverse against z", off(masked_back, z), tiny),
        ("=", "sum of the log-scales (7) against 0", abs(s.sum()), tiny),
        ("J", "stack (8) against finite differences", off(stacked, np.linalg.slogdet(J_stack)[1]), small),
        ("R", "permutation undone", off(permute_back(permute(z, order)[0], order)[0], z), 0.0),
    ]
    findings = [check.Finding(*row) for row in rows]
    print(check.table(findings, f"This chapter's layer at one point, D = {D}"))
    assert all(finding.ok for finding in findings)


if __name__ == "__main__":
    check_one_point(options)

# %% [markdown]
# The package has the same layer for whole batches, `Coupling(transformer, mask, conditioner)`: a *transformer* (`Shift`, `Affine`, `VolumePreserving`) says how one variable moves, and the coupling structure says who decides. For speed it lets no tape record what it does; it brings its own derivative. Suppose that we know how a loss $L$ changes with the results of the inverse: $g_z = \partial L/\partial z$, one number for each changed variable, and $g_\ell = \partial L/\partial \log\det$. Read off $z = (x - t)\,e^{-s}$ and $\log\det = -\sum_i s_i$, factor by factor:
#
# $$\frac{\partial L}{\partial x} = g_z\, e^{-s}, \qquad \frac{\partial L}{\partial t} = -g_z\, e^{-s}, \qquad \frac{\partial L}{\partial s} = -g_z\, z - g_\ell . \tag{10}$$
#
# The last two go on into the network, whose own rule is the chain rule through its layers, and what comes out at its input is added to the gradient of the kept variables. That is all of backpropagation that a coupling flow needs.
#
# So there is more to check: that the package gives the same numbers as the ten lines above, that (10) is what automatic differentiation finds, that the closed Jacobian is too, and that a density made of such layers integrates to one. (The integral is done for $D = 2$ on ever finer grids, until two agree.)


# %%
def check_the_package(options):
    rng = np.random.default_rng(options.seed)
    nf.use(dtype="float64")
    findings = [agreement_with_this_chapter(rng)]
    for name, h in (("Shift", nf.Shift()), ("Affine", nf.Affine()), ("VolumePreserving", nf.VolumePreserving())):
        layer = nf.Coupling(h, nf.half_mask(5), nf.MLP((8, 8), "tanh"))
        params = check.random_params(layer, rng)
        z = nf.backend.asarray(rng.normal(size=(16, 5)))
        J, J_auto = layer.jacobian(params, z), check.autodiff_jacobian(layer.forward, params, z)
        pairs = [
            check.Finding("J", "closed Jacobian against autodiff", off(nf.to_numpy(J), nf.to_numpy(J_auto)), 1e-10)
        ]
        pairs += [check.shapes_and_dtypes(layer, params, z), pullback_against_autograd(layer, params, z, rng)]
        pairs += check.log_det_is_jacobian(layer, params, z)
        pairs += [check.round_trip(layer, params, z), check.log_dets_cancel(layer, params, z)]
        findings += [check.Finding(f.letter, f"{name}: {f.what}", f.error, f.tolerance, f.at) for f in pairs]
    findings.append(integral_of_a_stack(rng))
    print(check.table(findings, "The package's layers, D = 5, random weights"))
    assert all(finding.ok for finding in findings)


def pullback_against_autograd(layer, params, x, rng):
    """Equation (10), as the package has it, against autograd's tape: all gradients of the inverse and its log-det."""
    z, log_det, pullback = layer.inverse_vjp(params, x)
    g_z, g_log_det = (nf.backend.asarray(rng.normal(size=a.shape)) for a in (z, log_det))
    g_params, g_x, _ = pullback(g_z, g_log_det)
    _, traced_pullback = nf.autodiff.value_and_vjp(layer.inverse, params, x)
    traced_params, traced_x = traced_pullback((g_z, g_log_det))
    pairs = zip([g_x, *nf.trees.leaves(g_params)], [traced_x, *nf.trees.leaves(traced_params)], strict=True)
    error = max(off(nf.to_numpy(a), nf.to_numpy(b)) for a, b in pairs)
    return check.Finding("G", "pullback by hand against autograd", error, 1e-12)


def agreement_with_this_chapter(rng):
    keep = np.array([True, True, False, False, False])
    s_net, t_net = random_network(rng, 2, 3), random_network(rng, 2, 3)
    unbounded = nf.Affine(max_log_scale=1e8)  # the package bounds s; this chapter's layer does not
    layer = nf.Coupling(unbounded, keep, nf.Heads((nf.MLP((8,), "tanh"), nf.MLP((8,), "tanh"))))
    params = [[{"W": W1, "b": b1}, {"W": W2, "b": b2}] for W1, b1, W2, b2 in (s_net, t_net)]
    z = rng.normal(size=(16, 5))
    x, log_det = layer.forward(params, z)
    ours = [affine_forward(row, keep, s_net, t_net) for row in z]
    error = max(off(x, [a for a, _ in ours]), off(log_det, [b for _, b in ours]))
    return check.Finding("=", "Coupling(Affine) against this chapter's ten lines", error, 1e-10)


def integral_of_a_stack(rng):
    flow = nf.flows.real_nvp(
        2, layers=4, hidden=(8,), activation="tanh", gain=1.0, whiten="diagonal", max_log_scale=0.5
    )
    params = {**flow.init(rng), "bijection": check.random_params(flow.bijection, rng, 0.7)}
    low, high = check.image_box(lambda z: flow.bijection.forward(params["bijection"], z)[0], 2)
    return check.integrates_to_one(lambda x: flow.log_prob(params, x), low, high)


if __name__ == "__main__":
    check_the_package(options)

# %% [markdown]
# The zeros of (4) are the whole point, so let us look at them.


# %%
def jacobians_drawn(options, D=6):
    rng = np.random.default_rng(options.seed)
    nf.use(dtype="float64")

    def layer(flip):
        return nf.Coupling(nf.Affine(1.0), nf.half_mask(D, flip), nf.MLP((16,), "tanh"))

    alternating = nf.Coupling(nf.Affine(1.0), nf.alternating_mask(D), nf.MLP((16,), "tanh"))
    stacks = {
        "first half kept": layer(False),
        "every second kept": alternating,
        "two layers,\nroles exchanged": nf.Chain([layer(False), layer(True)]),
        "two layers,\npermuted between": nf.Chain([layer(False), nf.Permutation((3, 0, 4, 1, 5, 2)), layer(False)]),
    }
    figure, axes = plot.subplots(1, 4, height=2.1)
    z = nf.backend.asarray(rng.normal(size=(1, D)))
    for ax, (name, bijection) in zip(axes, stacks.items(), strict=True):
        J = bijection.jacobian(check.random_params(bijection, rng, 0.8), z)[0]
        image = plot.jacobian(ax, J, limit=2.0)
        ax.set_title(name)
    figure.colorbar(image, ax=axes, shrink=0.7, label=r"$\partial x_i / \partial z_j$", extend="both")
    options.save(figure, "ch04_jacobian")


if __name__ == "__main__":
    jacobians_drawn(options)

# %% [markdown]
# *Figure `ch04_jacobian`.* $\partial x_i/\partial z_j$ at one point, $D = 6$; a printed 0 is exactly zero. First: the block triangle of (4). Second: the same triangle with its rows and columns interleaved. Third: after a second layer with exchanged roles each $x_i$ may depend on more, but three rows still have the diagonal block that one layer gave them. Fourth: a permutation between the layers spreads the dependence over rows and columns of both halves. The log-determinant of the last two is still only a sum of log-scales.
#
# ## What keeping the volume forbids
#
# Additive and GIN layers have $|\det J| = 1$ everywhere, so $p(x) = p_Z(z)$: the flow only moves densities about. How much does that cost?
#
# Take the gradient of $\log p(x) = \log p_Z(g^{-1}(x))$ with respect to $x$. By the chain rule, with $J = \partial x / \partial z$,
#
# $$\nabla_x \log p(x) = J^{-\mathsf T}\, \nabla_z \log p_Z(z) . \tag{11}$$
#
# $J$ is invertible, so the left side is zero exactly where the right side is. The critical points of $p$ are the images of those of $p_Z$, one to one; and where the gradient vanishes, the second derivative is $J^{-\mathsf T} H J^{-1}$, which by Sylvester's law of inertia has as many negative eigenvalues as $H$, so a maximum stays a maximum. **A volume-preserving flow of one Gaussian has one mode: the image of $0$.** No depth and no width changes that. In (11) there is no such promise once $\log|\det J|$ varies from point to point, because its gradient joins the sum.
#
# The example to try it on has two modes and is otherwise as friendly as can be: two Gaussian blobs at $(\pm 2, 0)$ with variance $1/2$. If they stood far apart, the area where their density exceeds a level $c$ would be *the same* as for one standard Gaussian, for every $c$ (exercise 4); at this distance it is nearly so. Volume forbids next to nothing. Tearing does: for all but the lowest levels the set $\{p > c\}$ is two discs for the target and one disc for the base, and a continuous map takes a connected set to a connected set.
#
# We fit three flows of four layers to 20,000 points, and judge each by the gap $\frac1N \sum_n [\log p_{\text{true}}(x_n) - \log p(x_n)]$ on 10,000 new ones: nats per point, zero for a perfect model. Being paired, it is far more precise than either mean. The last column evaluates (11) at the images of the base's modes.

# %%
CENTRES = np.array([[-2.0, 0.0], [2.0, 0.0]])


def two_blobs_sample(rng, n):
    return CENTRES[rng.integers(0, 2, n)] + rng.normal(size=(n, 2)) / np.sqrt(2)


def two_blobs_log_prob(x):
    squares = ((np.asarray(x)[:, None, :] - CENTRES) ** 2).sum(axis=2)
    return np.logaddexp(*(-squares.T)) - np.log(2 * np.pi)


def paired_gap(truth, flow, params, x):
    """Mean of log p_true - log p over the rows of x, and its standard error."""
    gap = truth(x) - nf.to_numpy(flow.log_prob(params, x)).astype(float)
    return gap.mean(), gap.std() / np.sqrt(len(gap))


def modes_and_volume(options):
    from autograd import elementwise_grad

    rng = np.random.default_rng(options.seed)
    train, test = (two_blobs_sample(rng, n // 10 if options.fast else n) for n in (20_000, 10_000))
    flows = {
        "additive layers, one Gaussian": (nf.Shift(), nf.StandardNormal(2)),
        "additive layers, two Gaussians": (nf.Shift(), nf.GaussianMixture(2, components=2)),
        "affine layers, one Gaussian": (nf.Affine(), nf.StandardNormal(2)),
    }
    fitted = {}
    print(f"  {'':30}  {'gap in nats':>16}  {'|grad log p| at g(mode)':>24}")
    for name, (h, base) in flows.items():
        nf.use(dtype=options.dtype or "float32")
        flow = nf.Flow(base, nf.Chain(nf.flows.coupling_layers(2, h, nf.MLP((32, 32), "tanh"), layers=4)))
        result = nf.fit(flow, train, rng=rng, steps=20 if options.fast else 1200, optimizer=nf.adam(3e-3))
        gap, error = paired_gap(two_blobs_log_prob, flow, result.params, test)
        nf.use(dtype="float64")
        params = nf.trees.cast(result.params)
        modes = flow.bijection.forward(params["bijection"], nf.backend.asarray(modes_of_base(params["base"])))[0]
        slope = elementwise_grad(lambda x, flow=flow, params=params: flow.log_prob(params, x))(modes)
        size = float(np.abs(nf.to_numpy(slope)).max())
        print(f"  {name:30}  {gap:8.4f} ± {error:.4f}  {size:24.1e}")
        fitted[name] = (flow, params)
        assert size < 1e-9 or isinstance(h, nf.Affine)  # equation (11)
    draw_modes(fitted, options)


def modes_of_base(params):
    """Where the base density is highest: 0 for N(0, I); for a mixture, the ends of mean-shift from its means."""
    if not params:
        return np.zeros((1, 2))
    m, log_std, logits = (nf.to_numpy(params[key]) for key in ("mean", "log_std", "logits"))
    precision = np.exp(-2 * log_std)
    z = m.copy()
    for _ in range(500):  # at a mode, z is the mean of the components' means, weighted by responsibility and precision
        log_r = logits + 0.5 * np.log(precision).sum(axis=1) - 0.5 * ((z[:, None] - m) ** 2 * precision).sum(axis=2)
        r = np.exp(log_r - log_r.max(axis=1, keepdims=True))[:, :, None] * precision
        z = (r * m).sum(axis=1) / r.sum(axis=1)
    return z


def draw_modes(fitted, options):
    figure, axes = plot.subplots(1, 4, height=1.8, sharex=True, sharey=True)
    box, peak = (-4, 4, -3.2, 3.2), 1 / (2 * np.pi)
    image = plot.density(axes[0], two_blobs_log_prob, box, peak=peak)
    axes[0].set_title("target")
    assert round(np.exp(-0.5) / (2 * np.pi), 4) == 0.0965  # the base density at |z| = 1
    circle = np.stack([np.cos(a := np.linspace(0, 2 * np.pi, 400)), np.sin(a)], axis=1)
    titles = ("additive,\none Gaussian", "additive,\ntwo Gaussians", "affine,\none Gaussian")
    for ax, title, (flow, params) in zip(axes[1:], titles, fitted.values(), strict=True):
        plot.density(
            ax,
            lambda x, flow=flow, params=params: flow.log_prob(params, x),
            box,
            n=50 if options.fast else 160,
            peak=peak,
        )
        if isinstance(flow.base, nf.StandardNormal):
            x = nf.to_numpy(flow.bijection.forward(params["bijection"], nf.backend.asarray(circle))[0])
            ax.plot(x[:, 0], x[:, 1], color="white", linewidth=0.9)
        ax.set(title=title, ylabel="")
    figure.colorbar(image, ax=axes, shrink=0.75, label="density")
    options.save(figure, "ch04_modes")


if __name__ == "__main__":
    modes_and_volume(options)

# %% [markdown]
# *Figure `ch04_modes`.* Densities on one colour scale, and in white the image of the circle $|z| = 1$. With additive layers on one Gaussian the two blobs remain joined by a bridge: the white curve is one connected loop, and everywhere inside of it the density is above 0.0965, in the bridge too, which is only too thin to be seen. Two Gaussians in the base repair it, with the same layers. Affine layers make two maxima out of one by thinning the bridge, but they cannot remove it: their map is continuous too.
#
# What people get wrong here is the size of the effect. The bridge can be made thin, and the likelihood hardly notices it: with eight layers instead of four the gap of the additive flow shrinks (exercise 5). A good likelihood does not prove a good shape.
#
# ## A published bug: it works for D = 2
#
# A popular educational implementation (karpathy/pytorch-normalizing-flows, issue 10) splits the variables into even and odd columns, transforms one group, and then joins the groups *one after the other*. Splitting takes columns $(0, 2, 4)$ and $(1, 3)$; joining by concatenation puts them in the places $(0, 1, 2)$ and $(3, 4)$. The inverse splits the *joined* array into even and odd columns again, and so gets other variables than went in. With two variables the groups are column 0 and column 1, joining restores their places, and every test on a 2-D toy passes. Here is a layer with that mistake, and what each check says.


# %%
def joined_wrongly(D, s_net, t_net):
    """A coupling layer whose halves are split by stride and joined by concatenation, both ways."""

    def forward(z):
        kept, changed = z[0::2], z[1::2]
        s = network(s_net, kept)[0]
        return np.concatenate([kept, np.exp(s) * changed + network(t_net, kept)[0]]), s.sum()

    def inverse(x):
        kept, changed = x[0::2], x[1::2]
        s = network(s_net, kept)[0]
        return np.concatenate([kept, (changed - network(t_net, kept)[0]) * np.exp(-s)]), -s.sum()

    return forward, inverse


def museum(options):
    rng = np.random.default_rng(options.seed)
    for D in (2, 5):
        nets = [random_network(rng, (D + 1) // 2, D // 2) for _ in range(2)]
        forward, inverse = joined_wrongly(D, *nets)
        z = rng.normal(size=D)
        x, log_det = forward(z)
        back, log_det_back = inverse(x)
        numeric = np.linalg.slogdet(numeric_jacobian(lambda a, f=forward: f(a)[0], z))[1]
        findings = [
            check.Finding("R", "inverse(forward(z)) against z", off(back, z), 1e-10),
            check.Finding("X", "log_det forward + log_det inverse", abs(log_det + log_det_back), 1e-10),
            check.Finding("J", "log_det forward against finite differences", off(log_det, numeric), 1e-6),
        ]
        print(check.table(findings, f"Halves joined by concatenation, D = {D}"))
        assert [finding.ok for finding in findings] == ([True] * 3 if D == 2 else [False, False, True])


if __name__ == "__main__":
    museum(options)

# %% [markdown]
# The log-determinant is right even at $D = 5$: forward, the layer is a correct map followed by a permutation. So a flow that is trained through that direction trains well, and its loss curve is fine. What comes out of the other direction is wrong, and R and X say so, in more than two dimensions; J never does.
#
# ## Experiment 1: moons, where the truth is known
#
# The two-moons density can be integrated, so we know the best possible score: its entropy is 2.3939 nats. Twelve affine layers, 100,000 training points, 10,000 held out.


# %%
def moons(options):
    data = nf.data.load("moons", n=10_000 if options.fast else 100_000)
    nf.use(dtype=options.dtype or "float32")
    options_of_flow = {"activation": "tanh", "gain": 1.0, "whiten": "diagonal", "base": nf.StandardNormal(2)}
    flow = nf.flows.real_nvp(2, layers=12, hidden=(32, 32), **options_of_flow)
    result = nf.fit(
        flow,
        data.train,
        rng=np.random.default_rng(options.seed),
        validation=data.validation[: 500 if options.fast else 3000],
        steps=20 if options.fast else 1600,
        optimizer=nf.adam(5e-3),
    )
    test = data.test[: 1000 if options.fast else None]
    gap, error = paired_gap(data.log_prob, flow, result.params, test)
    nll = -nf.to_numpy(flow.log_prob(result.params, test)).astype(float)
    print(f"  entropy of moons                 {data.entropy:8.4f} nats")
    print(f"  RealNVP, held-out mean -log p    {nll.mean():8.4f} ± {nll.std() / np.sqrt(len(nll)):.4f}")
    print(f"  paired gap to the true density   {gap:8.4f} ± {error:.4f}")
    draws = nf.to_numpy(
        flow.sample(result.params, np.random.default_rng(options.seed), 2000 if options.fast else 10_000)
    )
    stray = np.mean(data.log_prob(draws.astype(float)) < -8)
    print(f"  share of draws with true log p < -8  {stray:.4f}")
    assert options.fast or gap < 0.05

    figure, axes = plot.subplots(1, 3, height=2.1, width_ratios=(1, 1, 1.1))
    box, n = (-4, 5.5, -3.2, 3.6), 60 if options.fast else 200
    peak = float(np.exp(data.log_prob(data.test[:2000]).max()))
    plot.density(axes[0], data.log_prob, box, n=n, peak=peak)
    plot.density(axes[1], lambda x: flow.log_prob(result.params, x), box, n=n, peak=peak)
    plot.training_curve(result, axes[2])
    axes[2].axhline(data.entropy, color=plot.BLACK, linewidth=0.8, linestyle="--", label="entropy")
    axes[2].set(ylim=(2.3, 3.2), title="training")
    axes[2].legend(loc="upper right", handlelength=1.0, fontsize=7)
    axes[0].set_title("true density")
    axes[1].set_title("RealNVP")
    options.save(figure, "ch04_moons")


if __name__ == "__main__":
    moons(options)

# %% [markdown]
# *Figure `ch04_moons`.* The same colour scale on the left and in the middle. The faint thread between the two crescents in the middle panel is the bridge again. It holds little probability (the last line of the table) and costs little; more is lost where the ends of the crescents are blurred. Right: the loss approaches the dashed line, the entropy, from above. On new data no model can be below it by more than a few standard errors.
#
# ## Experiment 2: handwritten digits
#
# Now real data: 1,797 digits of 8 × 8 pixels with 17 grey levels (scikit-learn ships them). Two things have to be said before any number means something.
#
# *Units.* A pixel is an integer between 0 and 16. A density can be made as large as you like on integers, so we add uniform noise $U[0, 1)$ to every pixel: fresh in every batch of training, drawn once and frozen for validation and test. With that the mean of $\log p$ is a lower bound on the log-probability of the integers, in nats per image.
#
# *Competition.* A flow has to beat something. A full-covariance Gaussian is one line of algebra. A Gaussian mixture is the honest opponent: we try full and diagonal covariances, several sizes and two amounts of regularisation, and choose by the validation set, as we choose the flow's stopping time.
#
# 1,257 images are few for a flow with a hundred thousand parameters: left alone, it learns them by heart. Three things hold it back here: tanh instead of ReLU, log-scales bounded by 1, and strong weight decay. (Exercise 7 takes them away one at a time.)


# %%
def digits(options):
    data = nf.data.load("digits")
    rng = np.random.default_rng(options.seed)
    scores = {"Gaussian, full covariance": gaussian_baseline(data, rng)}
    name, scores_of_mixture, mixture_draws = mixture_baseline(data, rng, options.fast)
    scores[name] = scores_of_mixture
    flow, result = fit_digits(data, rng, options.fast, options.dtype)
    scores["RealNVP, 8 layers"] = [log_prob_on(flow, result.params, part) for part in (data.validation, data.test)]

    print(f"  {'':34}{'validation':>11}{'test, nats per image':>22}{'bits/dim':>10}")
    for name, (validation, test) in scores.items():
        error = test.std() / np.sqrt(len(test))
        bits = -test.mean() / (data.dim * np.log(2))
        print(f"  {name:34}{validation.mean():11.2f}{test.mean():14.2f} ± {error:5.2f}{bits:10.3f}")
    print(f"  parameters of the flow: {nf.trees.count(result.params):,}; kept from step {result.best_step}")
    (_, mixture), (_, ours) = list(scores.values())[1:]
    paired = ours - mixture
    assert options.fast or paired.mean() > 3 * paired.std() / np.sqrt(len(paired))
    print(
        f"  RealNVP minus mixture, image by image: {paired.mean():.2f} ± {paired.std() / np.sqrt(len(paired)):.2f} nats"
    )
    draws = nf.to_numpy(flow.sample(result.params, rng, 20))
    draw_digits(data, mixture_draws, draws, result.history, options)


def gaussian_baseline(data, rng):
    """log N(x; m, C) with the sample mean and covariance, through the Cholesky factor C = L L^T."""
    train = data.jittered(rng, np.tile(data.train, (5, 1)))
    m, L = train.mean(axis=0), np.linalg.cholesky(np.cov(train.T))

    def log_prob(x):
        u = np.linalg.solve(L, (x - m).T)
        return -0.5 * (u**2).sum(axis=0) - np.log(np.diag(L)).sum() - 0.5 * len(m) * np.log(2 * np.pi)

    return log_prob(data.validation), log_prob(data.test)


def mixture_baseline(data, rng, fast):
    import warnings

    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits

    train = data.jittered(rng, np.tile(data.train, (1 if fast else 5, 1)))
    sizes = (
        [("diag", 5)] if fast else [("full", 6), ("full", 8), ("full", 10), ("diag", 40), ("diag", 60), ("diag", 80)]
    )
    models = [
        GaussianMixture(k, covariance_type=kind, reg_covar=ridge, random_state=0, max_iter=3 if fast else 100)
        for kind, k in sizes
        for ridge in ((0.1,) if fast else (0.03, 0.1))
    ]
    with warnings.catch_warnings(), threadpool_limits(1):  # (small products: a second thread only waits)
        warnings.simplefilter("ignore")  # scikit-learn warns where EM is cut short, as it is with --fast
        best = max((model.fit(train) for model in models), key=lambda m: m.score(data.validation))
    name = f"mixture of {best.n_components} Gaussians, {best.covariance_type}"
    draws = rng.permutation(best.sample(200)[0])[:20]
    return name, (best.score_samples(data.validation), best.score_samples(data.test)), draws


def fit_digits(data, rng, fast, dtype):
    nf.use(dtype=dtype or "float32")
    flow = nf.flows.real_nvp(
        data.dim,
        layers=8,
        hidden=(128,),
        activation="tanh",
        gain=1.0,
        whiten="diagonal",
        max_log_scale=1.0,
        base=nf.StandardNormal(data.dim),
    )
    result = nf.fit(
        flow,
        data.train,
        rng=rng,
        validation=data.validation,
        jitter=data.jitter,
        steps=20 if fast else 1000,
        optimizer=nf.adam(1e-3, weight_decay=5.0),
        clip=50.0,
    )
    return flow, result


def log_prob_on(flow, params, x):
    return nf.to_numpy(flow.log_prob(params, x)).astype(float)


def draw_digits(data, mixture_draws, draws, history, options):
    figure, axes = plot.subplots(1, 4, height=1.55, width_ratios=(1, 1, 1, 1.25))
    sheets = {"data, with noise": data.test[:20], "mixture, draws": mixture_draws, "RealNVP, draws": draws}
    for ax, (title, x) in zip(axes, sheets.items(), strict=False):
        plot.image_rows(ax, x, (8, 8), columns=5, low=0, high=17)
        ax.set_title(title)
    plot.training_curve(history, axes[3])
    options.save(figure, "ch04_digits")


if __name__ == "__main__":
    digits(options)

# %% [markdown]
# *Figure `ch04_digits`.* Twenty real digits, twenty draws of the mixture, twenty of the flow, all on one grey scale from 0 to 17, and the training curve. Look at the draws, then at the table. To the eye the mixture's are no worse than the flow's, and more of them can be read; yet the flow explains unseen digits better by several nats per image, and the paired comparison leaves no doubt. Likelihood rewards a model for covering every way in which a pixel can vary, most of which the eye ignores: it does not measure how samples look (chapter 13 comes back to it). On the right the training loss falls below the validation loss. The flow overfits, and the parameters of the best validation are the ones that are kept.
#
# ## Exercises
#
# 1. Write `affine_forward`, `affine_inverse` and `affine_jacobian` for one point (equations 2 to 5), and check them with `numeric_jacobian` for $D = 1, 2, 5, 6$. What does your layer do at $D = 1$?
# 2. Write `masked_forward` and `masked_inverse` (6). Leave out one of the $b$'s at a time; which checks fail?
# 3. Write `permute_back` (9). Find a permutation of three variables for which `permute` is a wrong inverse, and one for which it is right.
# 4. Show that $\{p > c\}$ has the area $2\pi \log\frac{1}{2\pi c}$ for a standard Gaussian in the plane, and that two Gaussians of variance $1/2$ and weight $1/2$ give the same area for every $c$, as long as their overlap may be neglected. What is the entropy of each?
# 5. Fit additive flows of 2, 4, 8 and 16 layers to the two blobs. How does the gap fall? Plot $\log p$ along the image of the line $z_2 = 0$: where is its minimum between the blobs, and does (11) allow one?
# 6. Repair the layer in the museum by changing how it joins, in both functions, and state which check proves it.
# 7. Train the digit flow with ReLU, with `max_log_scale=3`, and without weight decay. Which of the three matters most?
#
# ## Where this differs from the papers
#
# - **The bound on $s$.** RealNVP multiplies a tanh by a learned scale. Here $s = c \tanh(a / c)$ with a fixed $c$: the slope at zero is 1 and the range is documented.
# - **GIN** sets the last log-scale of a layer to minus the sum of the others. Subtracting the mean (7) treats all variables alike, and reaches the same maps.
# - **NICE** ends with one trained scale per variable. `nf.flows.nice` has it; the two-blobs experiment leaves it out, since it would change the volume.
# - **RealNVP** uses batch normalisation, residual convolutional networks, and masks made for images (chapter 12). Here networks are small and dense, and the data's own mean and variance are a fixed last layer, so that log-likelihoods are in the data's units.
# - **Between layers** the papers alternate masks. Here masks alternate, and from three variables on a fixed random permutation stands before each further pair.
