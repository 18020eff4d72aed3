# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Coupling flows: an invertible map from any network
#
# **Question.** A flow needs maps that are invertible and whose Jacobian determinant is cheap. A neural network is neither: it may have no inverse, and a $D \times D$ determinant costs $O(D^3)$ operations for every point. How can a network of any size, with any weights, be part of an invertible map whose log-determinant is a short sum?
#
# **What you need.** The change of variables, $\log p(x) = \log p_Z(z) + \log|\det \partial z/\partial x|$ (chapter 01); block matrices (chapter 02); the chain rule; NumPy.
#
# **Convention.** $z$ is noise, $x$ is data. *Forward* is $z \to x$, *inverse* is $x \to z$, and each direction reports the log-determinant *of the map that it just applied*.
#
# **Running time.** As measured: 34 s of one core of a busy machine; `--fast` takes five, and its experiments are too short to mean anything.
#
# **References.** Dinh, Krueger, Bengio (2014), *NICE*, arXiv:1410.8516. Dinh, Sohl-Dickstein, Bengio (2017), *Density estimation using Real NVP*, arXiv:1605.08803. Sorrenson, Rother, Köthe (2020), *Disentanglement by nonlinear ICA with general incompressible-flow networks (GIN)*, arXiv:2001.04872. Papamakarios et al. (2021), *Normalizing flows for probabilistic modeling and inference*, arXiv:1912.02762.

# %%
from functools import partial

import numpy as np

if __name__ == "__main__":
    import nfscratch as nf
    from nfscratch import chapter, check, plot

    options = chapter.options()

# %% [markdown]
# ## The idea, with numbers
#
# Split the variables into two groups. The first group passes unchanged and *decides* what happens to the second. Take two variables. The first one decides, with the functions $s(u) = u/2$ and $t(u) = u^2$:
#
# $$x_1 = z_1, \qquad x_2 = e^{s(z_1)} z_2 + t(z_1).$$
#
# At $z = (1, 2)$ this gives $x_1 = 1$ and $x_2 = 2e^{0.5} + 1 = 4.297$. Now invert it. We are given $x = (1, 4.297)$. Since $x_1 = z_1$, we know what the first variable decided: $s = 0.5$ and $t = 1$. So $z_2 = (4.297 - 1)\,e^{-0.5} = 2$. We *asked $s$ and $t$ again*, and they gave the same answer because their input had not changed.
#
# So $s$ and $t$ need no inverse of their own: they can be any functions.


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
    assert np.allclose(x, [1, 4.297], atol=5e-4) and np.allclose(back, z, atol=1e-15)
    J = numeric_jacobian(lambda a: np.array([a[0], np.exp(s(a[0])) * a[1] + t(a[0])]), z)
    assert np.allclose(J, [[1, 0], [3.649, 1.649]], atol=5e-4) and np.isclose(np.log(np.linalg.det(J)), 0.5)
    print(f"z = {z}   ->   x = [{x[0]:.3f} {x[1]:.3f}]   ->   z = [{back[0]:.3f} {back[1]:.3f}]")


if __name__ == "__main__":
    worked_example()

# %% [markdown]
# What does such a map do to the plane? Every vertical line $x_1 = \text{const}$ stays where it is. Its points are stretched apart by $e^{s}$ and moved by $t$ along the line. An *additive* layer ($s = 0$) slides the lines like a deck of cards seen from the side. An *affine* layer also stretches each card. A second layer with the roles exchanged does the same with the horizontal lines.


# %%
def picture_of_the_idea(options):
    def additive(z):
        return np.stack([z[:, 0], z[:, 1] + np.sin(1.2 * z[:, 0])], axis=1)

    def affine(z):
        return np.stack([z[:, 0], np.exp(0.4 * np.sin(2 * z[:, 0])) * z[:, 1] + np.sin(1.2 * z[:, 0])], axis=1)

    maps = (lambda z: z, additive, affine, lambda z: affine(affine(z)[:, ::-1])[:, ::-1])
    figure, axes = plot.subplots(1, 4, height=2.0, sharex=True, sharey=True)
    titles = ("the noise $z$", "additive layer", "affine layer", "two affine layers")
    for ax, name, g, v in zip(axes, titles, maps, "zxxx", strict=True):
        plot.warp_grid(ax, g, radius=2.0, lines=11)
        ax.set(title=name, xlabel=f"${v}_1$", ylabel=f"${v}_2$")
        ax.set(xlim=(-4.2, 4.2), ylim=(-4.2, 4.2), xticks=(-2, 0, 2), yticks=(-2, 0, 2))
    options.save(figure, "ch04_idea")


if __name__ == "__main__":
    picture_of_the_idea(options)

# %% [markdown]
# *Figure `ch04_idea`.* The square grid $[-2, 2]^2$ and its images under three maps: blue lines have constant $z_1$, orange ones constant $z_2$. One layer leaves each blue line straight and in its place. Only the second layer bends them.
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
# with $\odot$ the product entry by entry. Equation (1) is (2) with $s = 0$. Solve for $z_C$, as in the example:
#
# $$z_K = x_K, \qquad z_C = \bigl(x_C - t(x_K)\bigr) \odot e^{-s(x_K)}. \tag{3}$$
#
# **The Jacobian for $D = 2$, entry by entry**, with $K = \{1\}$ and $C = \{2\}$, and $s$ and $t$ differentiable:
#
# $$\frac{\partial x_1}{\partial z_1} = 1, \qquad \frac{\partial x_1}{\partial z_2} = 0, \qquad \frac{\partial x_2}{\partial z_1} = s'(z_1)\,e^{s(z_1)} z_2 + t'(z_1), \qquad \frac{\partial x_2}{\partial z_2} = e^{s(z_1)}.$$
#
# Only the third is complicated, and the determinant does not contain it: there it is multiplied by the zero in the other corner. In our example $J = \begin{pmatrix} 1 & 0 \\ 3.649 & 1.649 \end{pmatrix}$, and $\log\det J = 0.5 = s(1)$.
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
# Here is the layer for one point. Its network has one hidden layer, $h = \tanh(W_1 u + b_1)$, and the output $W_2 h + b_2$. Its Jacobian is $W_2 \operatorname{diag}(1 - h^2) W_1$.


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
# ### The same layer with a mask
#
# The RealNVP paper writes a layer without indices. Let $b \in \{0, 1\}^D$ be 1 where a variable is kept. The networks map $D$ numbers to $D$ numbers, and they see only what is kept, $b \odot z$:
#
# $$x = b \odot z + (1 - b) \odot \bigl(z \odot e^{s(b \odot z)} + t(b \odot z)\bigr), \qquad \log|\det J| = \sum_i (1 - b_i)\, s_i(b \odot z). \tag{6}$$
#
# If you forget a $b$, no error message tells you. But this form suits images, where $b$ is a checkerboard. Its inverse is $z = b \odot x + (1 - b) \odot (x - t(b \odot x)) \odot e^{-s(b \odot x)}$.


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
# ### Scales that keep the volume: GIN
#
# An additive layer keeps volume because it does not scale. A weaker condition suffices: the scales may differ if their product is 1. Sorrenson et al. set the last log-scale of a layer to minus the sum of the others. We subtract the mean:
#
# $$\tilde s_i = s_i - \frac{1}{|C|} \sum_{j \in C} s_j \qquad\Longrightarrow\qquad \sum_{i \in C} \tilde s_i = 0, \quad |\det J| = 1. \tag{7}$$
#
# With one changed variable there is nothing left to scale, and GIN is NICE.


# %%
def volume_preserving_log_scales(s):
    """Equation (7)."""
    return s - s.mean()


# %% [markdown]
# ### Layers upon layers
#
# One layer leaves half of the variables untouched. So stack layers, $x = g_L(\cdots g_1(z))$. Their log-dets add up, each taken at the point that its layer receives (chapter 01). To go back, undo the last layer first:
#
# $$\log|\det J| = \sum_{\ell=1}^{L} \log|\det J_\ell\bigl(z^{(\ell-1)}\bigr)|, \quad z^{(0)} = z, \quad z^{(\ell)} = g_\ell\bigl(z^{(\ell-1)}\bigr); \qquad z = g_1^{-1}\bigl(\cdots g_L^{-1}(x)\bigr). \tag{8}$$
#
# Without a change of roles, half of the variables never move however deep the stack is. If the halves exchange their roles from layer to layer, then after three layers every variable depends on all of them. But no layer ever lets a variable decide about another of its own half. A permutation makes other halves:
#
# $$x_i = z_{\pi(i)}, \qquad\text{with the inverse}\qquad z_{\pi(i)} = x_i. \tag{9}$$
#
# Its Jacobian is a permutation matrix, with $|\det| = 1$. The inverse is the *inverse* permutation. A swap of two equal halves is its own inverse, and so is a reversal. So a test that uses one of these does not notice a layer that applies the *same* permutation on the way back. (It does notice a layer that forgets to permute back.)


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


def stack_inverse(x, inverses):
    """Equation (8), back: inverses is a list of functions x -> (z, log_det), in the order of the layers."""
    return stack_forward(x, inverses[::-1])


def layers_drawn(options):
    figure, axes = plot.subplots(1, 3, height=2.0, width_ratios=(1, 1, 1.15))
    draw_layer(axes[0], "forward, (2)", "zx", (r"$\times\,e^s$", "$+\\,t$"))
    draw_layer(axes[1], "inverse, (3)", "xz", ("$-\\,t$", r"$\times\,e^{-s}$"))
    axes[2].set_title("a stack, and its inverse, (8)")
    draw_row(axes[2], 2, "zx", ("$g_1$", r"$\pi$", "$g_2$"))
    draw_row(axes[2], 0, "xz", (r"$g_2^{-1}$", r"$\pi^{-1}$", "$g_1^{-1}$"))
    for ax in axes:
        ax.set(xlim=(-0.5, 6.5), ylim=(-0.75, 2.75), xticks=(), yticks=(), frame_on=False)
    options.save(figure, "ch04_layers")


def boxed(ax, x, y, text, color):
    box = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": color}
    ax.text(x, y, text, ha="center", va="center", fontsize=8.5, bbox=box, zorder=3)


def arrow(ax, start, end, color="0.35"):
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": color, "shrinkA": 0, "shrinkB": 0}, zorder=1)


def draw_layer(ax, title, names, steps):
    """The kept variables above, the changed ones below; the networks read the first and set the steps of the second."""
    ax.set_title(title)
    draw_row(ax, 2, [f"{name}_K" for name in names], ())
    draw_row(ax, 0, [f"{name}_C" for name in names], steps, (2.9, 4.5))
    arrow(ax, (1, 2), (1, 1.0), plot.ORANGE)
    ax.plot([1, 4.5], [1.0, 1.0], color=plot.ORANGE, linewidth=1, zorder=1)
    boxed(ax, 1.3, 1.0, "networks $s, t$", plot.ORANGE)
    for x in (2.9, 4.5):
        arrow(ax, (x, 1.0), (x, 0.35), plot.ORANGE)


def draw_row(ax, y, ends, boxes, places=(1.3, 2.9, 4.5)):
    """One line from left to right, through boxes."""
    arrow(ax, (0.3, y), (5.7, y))
    for x, name in zip((0, 6), ends, strict=True):
        ax.text(x, y, f"${name}$", ha="center", va="center")
    for x, text in zip(places, boxes, strict=False):
        boxed(ax, x, y, text, plot.BLUE)


if __name__ == "__main__":
    layers_drawn(options)

# %% [markdown]
# *Figure `ch04_layers`.* Left and middle: one layer in both directions. In both the networks read the *kept* variables, so no network is inverted. Right: two layers with a permutation $\pi$ between them, and the way back.
#
# ## Training, by hand
#
# Suppose that we know how a loss $\mathcal L$ changes with the results of the inverse: $g_z = \partial \mathcal L/\partial z_C$ and $g_d = \partial \mathcal L/\partial \log\det$. Differentiate $z_C = (x_C - t)\,e^{-s}$ and $\log\det = -\sum_i s_i$, entry by entry:
#
# $$\frac{\partial \mathcal L}{\partial x_C} = g_z\, e^{-s}, \qquad \frac{\partial \mathcal L}{\partial t} = -g_z\, e^{-s}, \qquad \frac{\partial \mathcal L}{\partial s} = -g_z\, z_C - g_d . \tag{10}$$
#
# The last two enter the networks. A gradient $g$ of the output $W_2 h + b_2$ gives $g h^\mathsf{T}$ for $W_2$ and $g$ for $b_2$. With $a = (W_2^\mathsf{T} g) \odot (1 - h^2)$, it gives $a u^\mathsf{T}$ for $W_1$, $a$ for $b_1$ and $W_1^\mathsf{T} a$ for the input $u$. This last part is added to the gradient of the kept variables, since they are the input.
#
# The loss of maximum likelihood is the mean of $-\log p(x_n)$ over $N$ points. Let the base be the standard normal, $-\log p_Z(z) = \frac12 |z|^2 + \text{const}$. Then the gradient of the loss at the noise is $z/N$, and at every log-determinant $g_d = -1/N$. From there (10) leads from the first layer to the last. Here it is, for rows of points, with Adam (chapter 00, but $\beta_2 = 0.99$). *Predict*: why must one layer alone fail on two moons?


# %%
def network_rows(weights, u):
    """The outputs of `network` for rows u (N, n), and pullback(g) -> gradients of the weights, and of u."""
    W1, b1, W2, b2 = weights
    h = np.tanh(u @ W1.T + b1)

    def pullback(g):
        a = g @ W2 * (1 - h**2)
        return (a.T @ u, a.sum(axis=0), g.T @ h, g.sum(axis=0)), a @ W1

    return h @ W2.T + b2, pullback


def inverse_rows(x, keep, nets):
    """z and log_det of (3) for rows x (N, D), and pullback(g_z, g_log_det) -> gradients of both nets, g_x: (10)."""
    (s, back_s), (t, back_t) = (network_rows(net, x[:, keep]) for net in nets)
    z = x.copy()
    z[:, ~keep] = (x[:, ~keep] - t) * np.exp(-s)

    def pullback(g_z, g_log_det):
        g_x = g_z.copy()
        g_x[:, ~keep] *= np.exp(-s)
        g_s_net, g_u_of_s = back_s(-g_z[:, ~keep] * z[:, ~keep] - g_log_det[:, None])
        g_t_net, g_u_of_t = back_t(-g_x[:, ~keep])
        g_x[:, keep] += g_u_of_s + g_u_of_t
        return (g_s_net, g_t_net), g_x

    return z, -s.sum(axis=1), pullback


def log_prob_rows(layers, x):
    """log p (N,) of rows x under layers [(keep, nets), ...], and pullback(g) -> the gradients of all layers' nets."""
    z, log_det, backs = x, 0.0, []
    for keep, nets in layers[::-1]:
        z, new, back = inverse_rows(z, keep, nets)
        log_det, backs = log_det + new, [back, *backs]

    def pullback(g):
        g_z, gradients = -g[:, None] * z, []
        for back in backs:
            g_nets, g_z = back(g_z, g)
            gradients.append(g_nets)
        return gradients

    return log_det - 0.5 * (z**2).sum(axis=1) - 0.5 * x.shape[1] * np.log(2 * np.pi), pullback


def arrays_of(layers):
    return [array for nets in layers for net in nets for array in net]


def train_by_hand(layers, x, steps, rng, rate=0.01):
    """Adam on the mean of -log p over batches of 200 rows of x; the weights change in place."""
    weights = arrays_of([nets for _, nets in layers])
    mean, square = ([np.zeros_like(w) for w in weights] for _ in range(2))
    for step in range(1, steps + 1):
        _, pullback = log_prob_rows(layers, x[rng.integers(0, len(x), 200)])
        for w, g, m, v in zip(weights, arrays_of(pullback(np.full(200, -1 / 200))), mean, square, strict=True):
            m += 0.1 * (g - m)
            v += 0.01 * (g**2 - v)
            w -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.99**step)) + 1e-8)


def fresh_layers(rng, count, width=16):
    """Layers of two variables in turn; the last keeps x_1. W2 = b2 = 0, so that each starts as the identity."""
    for k in range(count):
        nets = [[*rng.normal(size=(2, width, 1)), np.zeros((1, width)), np.zeros(1)] for _ in ("s", "t")]
        yield np.arange(2) == (count - 1 - k) % 2, [[W1, b1[:, 0], W2, b2] for W1, b1, W2, b2 in nets]


def by_hand(options):
    data, gaps = nf.data.load("moons", n=10_000), {}
    for count in (1, 2, 4):
        layers = list(fresh_layers(rng := np.random.default_rng(options.seed), count))
        train_by_hand(layers, data.train, 20 if options.fast else 1500, rng)
        gap = data.log_prob(data.test) - log_prob_rows(layers, data.test)[0]
        gaps[count] = gap.mean()
        print(f"  layers trained by hand: {count}   gap {gap.mean():.3f} ± {gap.std() / np.sqrt(len(gap)):.3f} nats")
        if count == 2:
            check_the_gradient(layers, data.test[:50])
            draw_by_hand(layers, data, options)
    assert options.fast or (abs(gaps[2] - 0.2) < 0.1 and gaps[4] < 0.3 < gaps[1])


def check_the_gradient(layers, x, h=1e-5):
    """G: the gradient by (10) of one weight in each array, against the difference quotient of the loss."""
    gradients = arrays_of(log_prob_rows(layers, x)[1](np.ones(len(x))))
    for w, g in zip(arrays_of([nets for _, nets in layers]), gradients, strict=True):
        totals = []
        for step in (h, -2 * h, h):  # to +h, to -h, and back
            w.flat[0] += step
            totals.append(log_prob_rows(layers, x)[0].sum())
        assert off(g.flat[0], (totals[0] - totals[1]) / (2 * h)) < 1e-6


def draw_by_hand(layers, data, options):
    figure, axes = plot.subplots(1, 4, height=1.9)
    box, points = (-4.2, 4.2, -3.2, 3.2), [data.test[:3000]]
    for layer in layers[::-1]:
        points.append(inverse_rows(points[-1], *layer)[0])
    titles = ("data $x$", "$g_2^{-1}(x)$", "$z = g_1^{-1}(g_2^{-1}(x))$", "density of the flow")
    for ax, rows in zip(axes, points, strict=False):
        plot.scatter(ax, rows, box, s=1)
    plot.density(axes[3], lambda a: log_prob_rows(layers, a)[0], box, n=60 if options.fast else 160)
    for ax, title in zip(axes, titles, strict=True):
        ax.set(title=title, xlabel="", ylabel="", xticks=(-3, 0, 3), yticks=(-3, 0, 3))
    options.save(figure, "ch04_by_hand")


def off(a, b):
    """The largest difference, relative to the size of what is compared."""
    return float(np.max(np.abs(np.asarray(a) - np.asarray(b))) / max(1.0, np.max(np.abs(b))))


if __name__ == "__main__":
    by_hand(options)

# %% [markdown]
# *Figure `ch04_by_hand`.* 3,000 test points on their way from data to noise through two layers that were trained with the lines above, and the density of this flow. The gap printed above is the mean of $\log p_{\text{true}} - \log p$ on new points, in nats: zero for a perfect model. One layer has to leave $x_1$ as it is, and $x_1$ is not normal. Two layers do better, but they do not unroll the moons: the cloud $z$ is not round.
#
# ## Check it
#
# A row is a map, a column is a check, and an entry is the largest difference of two numbers that were computed in different ways (relative, where they are above 1). An empty cell was not tested. R: the round trip. X: the log-dets of the two directions cancel. J: log-dets of both directions, and the matrix (4), against a Jacobian by finite differences, which knows nothing of our formulas. =: one number, reached by two formulas. S: shapes and dtypes. N: the integral of a density. The weights are random, and $D = 5$ is odd on purpose.


# %%
def random_network(rng, n_in, n_out, width=8, size=0.5):
    return [size * rng.normal(size=shape) for shape in ((width, n_in), (width,), (n_out, width), (n_out,))]


def errors_of(forward, inverse, z):
    """R, X and J of a pair of functions at one point."""
    x, log_det = forward(z)
    back, log_det_back = inverse(x)
    pairs = ((forward, z), (inverse, x))
    numeric = [np.linalg.slogdet(numeric_jacobian(lambda a, f=f: f(a)[0], at))[1] for f, at in pairs]
    return {"R": off(back, z), "X": abs(log_det + log_det_back), "J": off([log_det, log_det_back], numeric)}


def check_one_point(options, D=5):
    rng = np.random.default_rng(options.seed)
    keep, z, order = np.arange(D) < D // 2, rng.normal(size=D), np.array([2, 0, 3, 1, 4])
    s_net, t_net = nets = [random_network(rng, keep.sum(), (~keep).sum()) for _ in range(2)]
    no_s = [*s_net[:2], 0 * s_net[2], 0 * s_net[3]]
    s, t = [lambda a, net=net: np.append(np.ones(keep.sum()), network(net, a[keep])[0]) for net in nets]
    affine = [partial(f, keep=keep, s_net=s_net, t_net=t_net) for f in (affine_forward, affine_inverse)]
    permuted = [partial(f, order=order) for f in (permute, permute_back)]
    maps = {"affine (2), (3), (5)": affine, "permutation (9)": permuted}
    maps["additive (1)"] = partial(additive_forward, keep=keep, t_net=t_net), partial(affine[1], s_net=no_s)
    maps["masked (6)"] = [partial(f, b=1.0 * keep, s=s, t=t) for f in (masked_forward, masked_inverse)]
    four = zip(*[affine, permuted] * 2, strict=True)
    maps["stack of four (8)"] = partial(stack_forward, layers=next(four)), partial(stack_inverse, inverses=next(four))
    rows = {name: errors_of(*pair, z) for name, pair in maps.items()}
    J, numeric = affine_jacobian(z, keep, *nets), numeric_jacobian(lambda a: affine[0](a)[0], z)
    rows["Jacobian (4)"] = {"J": off(J, numeric), "=": off(np.linalg.slogdet(J)[1], affine[0](z)[1])}
    rows["additive (1)"]["="] = off(maps["additive (1)"][0](z)[0], affine_forward(z, keep, no_s, t_net)[0])
    rows["masked (6)"]["="] = max(map(off, maps["masked (6)"][0](z), affine[0](z)))
    rows["log-scales (7)"] = {"=": abs(volume_preserving_log_scales(network(s_net, z[keep])[0]).sum())}
    swapped = permute(z[:4], halves := np.array([2, 3, 0, 1]))[0]  # its own inverse: only a swap that is left out shows
    assert off(permute(swapped, halves)[0], z[:4]) == 0 < off(swapped, z[:4])
    allowed = {"R": 1e-10, "X": 1e-10, "J": 1e-6, "=": 1e-10}
    print(check.error_table("one point", rows, allowed))
    assert not any(check.failing(rows, allowed).values())


if __name__ == "__main__":
    check_one_point(options)

# %% [markdown]
# The package has the same layer for whole batches, `Coupling(transformer, mask, conditioner)`. The *transformer* (`Shift`, `Affine`, `VolumePreserving`) says how one variable moves. The coupling structure says which variables decide. The package computes derivatives by (10), not by automatic differentiation.


# %%
def check_the_package(options):
    rng, rows = np.random.default_rng(options.seed), {}
    nf.use(dtype="float64")
    for name, h in (("Shift", nf.Shift()), ("Affine", nf.Affine()), ("VolumePreserving", nf.VolumePreserving())):
        layer = nf.Coupling(h, nf.half_mask(5), nf.MLP((8, 8), "tanh"))
        params, z = check.random_params(layer, rng), nf.backend.asarray(rng.normal(size=(16, 5)))
        findings = [check.shapes_and_dtypes(layer, params, z), check.round_trip(layer, params, z)]
        findings += [check.log_dets_cancel(layer, params, z), *check.log_det_is_jacobian(layer, params, z)]
        assert all(finding.ok for finding in findings)
        rows[name] = {finding.letter: finding.error for finding in findings}
    rows["Affine against ours"] = agreement_with_this_chapter(rng)
    rows["stack of four, D = 2"] = {"N": integral_of_a_stack(rng).error}
    allowed = {"S": 0.0, "R": 1e-10, "X": 1e-10, "J": 1e-6, "=": 1e-10, "N": 1e-3}
    print(check.error_table("the package, D = 5", rows, allowed))
    assert not any(check.failing(rows, allowed).values())


def agreement_with_this_chapter(rng):
    """z and log_det of 16 points: by the package, by rows, and point by point."""
    keep, nets, x = np.arange(5) < 2, [random_network(rng, 2, 3) for _ in range(2)], rng.normal(size=(16, 5))
    layer = nf.Coupling(nf.Affine(1e8), keep, nf.Heads((nf.MLP((8,), "tanh"), nf.MLP((8,), "tanh"))))  # s without bound
    params = [[{"W": W1, "b": b1}, {"W": W2, "b": b2}] for W1, b1, W2, b2 in nets]
    points = [np.array(part) for part in zip(*(affine_inverse(row, keep, *nets) for row in x), strict=True)]
    return {"=": max(map(off, [*layer.inverse(params, x)] * 2, [*inverse_rows(x, keep, nets)[:2], *points]))}


def integral_of_a_stack(rng):
    options_of_flow = {"activation": "tanh", "gain": 1.0, "whiten": "diagonal", "max_log_scale": 0.5}
    flow = nf.flows.real_nvp(2, layers=4, hidden=(8,), **options_of_flow)
    params = {**flow.init(rng), "bijection": check.random_params(flow.bijection, rng, 0.7)}
    low, high = check.image_box(lambda z: flow.bijection.forward(params["bijection"], z)[0], 2)
    return check.integrates_to_one(lambda x: flow.log_prob(params, x), low, high)


if __name__ == "__main__":
    check_the_package(options)

# %% [markdown]
# The zeros in (4) make the determinant cheap. Here they are.


# %%
def jacobians_drawn(options, D=6):
    rng, net = np.random.default_rng(options.seed), nf.MLP((16,), "tanh")
    nf.use(dtype="float64")
    first, second = (nf.Coupling(nf.Affine(1.0), nf.half_mask(D, flip), net) for flip in (False, True))
    between = nf.Permutation((3, 0, 4, 1, 5, 2))
    swapped, permuted = [first, second, first], [first, between, first, between, first]
    stacks = {"first half kept": [first], "two layers,\nroles exchanged": swapped[:2]}
    stacks |= {"two layers,\npermuted between": permuted[:3], "three, exchanged": swapped, "three, permuted": permuted}
    (figure, axes), zeros = plot.subplots(1, 3, height=2.2), {}
    z = nf.backend.asarray(rng.normal(size=(1, D)))
    for k, (name, layers) in enumerate(stacks.items()):
        J = nf.Chain(layers).jacobian(check.random_params(nf.Chain(layers), rng, 0.8), z)[0]
        zeros[name.replace("\n", " ")] = int((nf.to_numpy(J) == 0).sum())
        if k < 3:
            image = plot.jacobian(axes[k], J, limit=1.5)
            axes[k].set_title(name)
    print("  zeros among 36 entries: " + "; ".join(f"{name}: {count}" for name, count in zeros.items()))
    assert list(zeros.values()) == [21, 6, 11, 0, 3]
    figure.colorbar(image, ax=axes, shrink=0.7, label=r"$\partial x_i / \partial z_j$", extend="both")
    options.save(figure, "ch04_jacobian")


if __name__ == "__main__":
    jacobians_drawn(options)

# %% [markdown]
# *Figure `ch04_jacobian`.* $\partial x_i/\partial z_j$ at one point, $D = 6$; a printed 0 is exactly zero. Left: the block triangle of (4). Middle: a second layer with exchanged roles moves the first three variables, and each of them now depends on all six. The last three, which only the first layer moved, still do not see one another: their block is diagonal. A third layer fills it. Right: a permutation in place of the exchange. It makes other halves, but fills the matrix more slowly: 11 zeros are left where the exchange leaves 6, and after a third layer 3. The package does both in turn (last section). The log-determinant of every stack is still a sum of log-scales.
#
# ## What a volume-preserving flow cannot do
#
# Additive and GIN layers have $|\det J| = 1$ everywhere, so the density is carried along:
#
# $$p(x) = p_Z\bigl(g^{-1}(x)\bigr) . \tag{11}$$
#
# Let $p_Z$ have a local maximum at $z_0$: no point near $z_0$ has a larger density. The map $g$ and its inverse are continuous, so points near $x_0 = g(z_0)$ come from points near $z_0$, and none of them has a larger density. The same holds the other way. So **a volume-preserving flow of one Gaussian has one mode: the image of $0$.** No depth and no width changes that. Where $\log|\det J|$ varies from point to point it is a second term in $\log p$, and the argument no longer holds.
#
# The example is friendly to these layers: two Gaussian blobs at $(\pm 2, 0)$ with variance $1/2$. If their overlap may be neglected, the area where their density exceeds a level $c$ is *the same* as for one standard Gaussian (exercise 4). So the volume is hardly an obstacle. Connectedness is: for all but the lowest levels the set $\{p > c\}$ is in two pieces for the target and in one for the base, and a continuous map takes a connected set to a connected set.
#
# We fit four flows to 20,000 points, and judge each by its gap on 10,000 new ones. The last column looks between the hills: the largest density on the line $x_1 = 0$, divided by that of the lower centre. Below 1, the density has a maximum on each side of the line. Additive layers on one Gaussian have at least 1 there. The points that are as dense as the lower centre, or denser, are the image of a disc, in one piece. It holds both centres, so it crosses the line. *Predict first*: what helps the additive flow more, twice the layers or a base with two Gaussians? (Their means start at $(\pm 1, 0)$. From a random start the fit may stop at a poor optimum: exercise 5.)

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


def between_the_hills(flow, params):
    """The largest density on the line x_1 = 0, divided by that of the lower centre."""
    line = np.stack([np.zeros(100_001), np.linspace(-5, 5, 100_001)], axis=1)
    crossing, centres = (nf.to_numpy(flow.log_prob(params, x)).astype(float) for x in (line, CENTRES))
    return np.exp(crossing.max() - centres.min())


def modes_and_volume(options):
    rng, fitted, gaps, between = np.random.default_rng(options.seed), {}, [], []
    train, test = (two_blobs_sample(rng, n // 10 if options.fast else n) for n in (20_000, 10_000))
    nf.use(dtype=options.dtype or "float32")
    print(f"  {'':20}{'gap in nats':>18}{'between the hills':>24}")
    for name, h, base, layers in (
        ("4 additive,\none Gaussian", nf.Shift(), nf.StandardNormal(2), 4),
        ("4 additive,\ntwo Gaussians", nf.Shift(), nf.GaussianMixture(2, components=2), 4),
        ("4 affine,\none Gaussian", nf.Affine(), nf.StandardNormal(2), 4),
        ("8 additive,\none Gaussian", nf.Shift(), nf.StandardNormal(2), 8),
    ):
        flow = nf.Flow(base, nf.Chain(nf.flows.coupling_layers(2, h, nf.MLP((32, 32), "tanh"), layers=layers)))
        start, steps = flow.init(rng), 20 if options.fast else 1200
        if "two" in name:
            start["base"]["mean"] = nf.backend.asarray(CENTRES / 2)
        result = nf.fit(flow, train, rng=rng, params=start, steps=steps, optimizer=nf.adam(1e-2))
        gap, error = paired_gap(two_blobs_log_prob, flow, result.params, test)
        between.append(between_the_hills(flow, result.params))
        print(f"  {name.replace(chr(10), ' '):26}{gap:8.4f} ± {error:.4f}{between[-1]:20.3f}")
        fitted[name], gaps = (flow, result.params), [*gaps, gap]
    assert between[0] >= 1 <= between[3]  # one mode, by (11)
    assert options.fast or (gaps[1] < gaps[3] < 0.75 * gaps[0] and max(between[1:3]) < 0.5)  # two modes
    draw_modes(fitted, options)


def draw_modes(fitted, options):
    figure, axes = plot.subplots(1, 4, height=1.8, sharex=True, sharey=True)
    box, peak = (-4, 4, -3.2, 3.2), 1 / (2 * np.pi)
    image = plot.density(axes[0], two_blobs_log_prob, box, peak=peak)
    axes[0].set(title="target", xticks=(-2, 0, 2))
    assert round(np.exp(-0.5) / (2 * np.pi), 4) == 0.0965  # the base density at |z| = 1
    circle = np.stack([np.cos(a := np.linspace(0, 2 * np.pi, 400)), np.sin(a)], axis=1)
    for ax, (title, (flow, params)) in zip(axes[1:], fitted.items(), strict=False):
        plot.density(ax, lambda x: flow.log_prob(params, x), box, n=50 if options.fast else 160, peak=peak)  # noqa: B023
        if "one" in title:
            x, _ = flow.bijection.forward(params["bijection"], nf.backend.asarray(circle))
            ax.plot(*nf.to_numpy(x).T, color="white", linewidth=0.9)
        ax.set(title=title, ylabel="")
    figure.colorbar(image, ax=axes, shrink=0.75, label="density")
    options.save(figure, "ch04_modes")


if __name__ == "__main__":
    modes_and_volume(options)

# %% [markdown]
# *Figure `ch04_modes`.* Densities on one colour scale, and in white the image of the circle $|z| = 1$. With additive layers on one Gaussian a bridge still joins the two blobs: the white curve is one loop, and everywhere inside it the density is above 0.0965. Between the blobs the loop is so narrow that its two sides look like one line. Two Gaussians in the base repair it, with the same layers. Affine layers make two maxima out of one (right): they stretch the middle of the disc, so the bridge is wide and faint. They cannot remove it: their map is continuous too.
#
# A narrow bridge costs little likelihood: with twice the layers the additive flow has a smaller gap, and still one mode. A good likelihood does not prove a good shape.
#
# ## A published bug: it works for D = 2
#
# An educational implementation (karpathy/pytorch-normalizing-flows, issue 10) splits the variables into even and odd columns, transforms one group, and then joins the groups *one after the other*. The split takes columns $(0, 2, 4)$ and $(1, 3)$; the join puts them in the places $(0, 1, 2)$ and $(3, 4)$. The inverse splits the *joined* array into even and odd columns again, and gets other variables than went in. With two variables the join restores the places, and every test on a 2-D toy passes. *Predict*: which of R, X and J fail at $D = 5$?


# %%
def museum(options):
    """That library's mistake, in this chapter's functions: each direction splits, and neither undoes the other's split."""
    rng, rows = np.random.default_rng(options.seed), {}
    for D in (2, 5):
        split, keep = np.r_[0:D:2, 1:D:2], np.arange(D) < (D + 1) // 2
        nets = [random_network(rng, (D + 1) // 2, D // 2) for _ in range(2)]
        pair = [lambda v, f=f: f(v[split], keep, *nets) for f in (affine_forward, affine_inverse)]  # noqa: B023
        rows[f"joined in a row, D = {D}"] = errors_of(*pair, rng.normal(size=D))
    allowed = {"R": 1e-10, "X": 1e-10, "J": 1e-6}
    print(check.error_table("mistake", rows, allowed))
    assert list(check.failing(rows, allowed).values()) == [[], ["R", "X"]]


if __name__ == "__main__":
    museum(options)

# %% [markdown]
# Both log-determinants are right even at $D = 5$: each direction is a permutation followed by a correct map. So a flow that is trained through one direction trains well. The other direction does not undo it. R and X say so, in more than two dimensions; J never does.
#
# ## Experiment 1: moons, where the truth is known
#
# The two-moons density can be integrated, so we know the best possible score: its entropy is 2.3939 nats. Twelve affine layers, 100,000 training points, 10,000 held out. *Predict*: two layers by hand left a gap of about 0.2 nats. What do twelve leave?


# %%
def moons(options):
    data = nf.data.load("moons", n=10_000 if options.fast else 100_000)
    assert abs(data.entropy - 2.3939) < 1e-4
    nf.use(dtype=options.dtype or "float32")
    settings = {"activation": "tanh", "gain": 1.0, "whiten": "diagonal", "base": nf.StandardNormal(2)}
    flow, rng = nf.flows.real_nvp(2, layers=12, hidden=(32, 32), **settings), np.random.default_rng(options.seed)
    settings = {"steps": 20 if options.fast else 1600, "validation": data.validation[: 500 if options.fast else 3000]}
    result = nf.fit(flow, data.train, rng=rng, optimizer=nf.adam(5e-3), **settings)
    gap, error = paired_gap(data.log_prob, flow, result.params, data.test[: 1000 if options.fast else None])
    draws = nf.to_numpy(flow.sample(result.params, rng, 2000 if options.fast else 10_000)).astype(float)
    stray = np.mean(data.log_prob(draws) < -8)
    print(f"  gap of RealNVP {gap:.4f} ± {error:.4f} nats; share of draws with true log p < -8: {stray:.4f}")
    assert options.fast or (gap < 0.05 and stray < 0.02)

    figure, axes = plot.subplots(1, 2, height=2.6, sharey=True)
    box, n = (-4, 5.5, -3.2, 3.6), 60 if options.fast else 200
    peak = float(np.exp(data.log_prob(data.test[:2000]).max()))
    plot.density(axes[0], data.log_prob, box, n=n, peak=peak)
    plot.density(axes[1], lambda x: flow.log_prob(result.params, x), box, n=n, peak=peak)
    for ax, title in zip(axes, ("true density", "RealNVP"), strict=True):
        ax.set(title=title, xticks=(-2, 0, 2, 4))
    options.save(figure, "ch04_moons")


if __name__ == "__main__":
    moons(options)

# %% [markdown]
# *Figure `ch04_moons`.* Both have the same colour scale. The faint thread between the two crescents on the right is the bridge again. It holds little probability: the share printed above counts its middle, together with the smears far beyond the outer tips. The gap, too, is printed above: twelve layers leave less than 0.05 nats.
#
# *Animation `moons_warp`.* Eight affine couplings bend noise into two moons, one layer after the other. Blue points began at $z_1 < 0$, orange ones at $z_1 > 0$; the grid is never torn and never folded.
#
# ## Experiment 2: handwritten digits
#
# 1,797 digits of 8 × 8 pixels with 17 grey levels, from scikit-learn.
#
# *Units.* A pixel is an integer between 0 and 16. On integers a density can be made as large as you like. So we add uniform noise $u \in [0, 1)^D$ to the pixels: fresh in every batch of training, drawn once for validation and test. The model's probability of an image $v$ of integers is $P(v) = \int p(v + u)\,du$, the mean of $p(v + u)$ over the noise. The logarithm is concave, so by Jensen's inequality $\log P(v)$ is at least the mean of $\log p(v + u)$ over the noise. Our scores, from one draw for each image, estimate this lower bound, in nats per image.
#
# *Competition.* The opponent is a Gaussian mixture. Its covariances (full or diagonal), size and regularisation are chosen by the validation set, as the flow's stopping time is. *Predict*: does the model with the better score also draw the better digits?
#
# 1,257 training images are few for a hundred thousand parameters. Three settings are chosen for so few: tanh in place of ReLU, log-scales bounded by 1, and strong weight decay. Exercise 7 asks which of them matters.


# %%
def digits(options):
    data, rng = nf.data.load("digits"), np.random.default_rng(options.seed)
    assert (len(data.train), sum(map(len, (data.train, data.validation, data.test)))) == (1257, 1797)
    scores, mixture_draws = mixture_baselines(data, rng, options.fast)
    mixture, gains = list(scores.values())[-1][1], []
    for seed in range(options.seed, options.seed + (1 if options.fast else 3)):
        flow, result = fit_digits(data, seed, options)
        ours = [nf.to_numpy(flow.log_prob(result.params, x)).astype(float) for x in (data.validation, data.test)]
        scores[f"RealNVP, 8 layers, seed {seed}"], paired = ours, ours[1] - mixture
        gains.append((paired.mean(), paired.std() / np.sqrt(len(paired))))
    print(f"  {'':34}{'validation':>11}{'test, nats per image':>22}{'bits/dim':>10}")
    for name, (validation, test) in scores.items():
        error, bits = test.std() / np.sqrt(len(test)), -test.mean() / (data.dim * np.log(2))
        print(f"  {name:34}{validation.mean():11.2f}{test.mean():14.2f} ± {error:5.2f}{bits:10.3f}")
    print(f"  the flow has {nf.trees.count(result.params):,} parameters")
    print("  RealNVP minus mixture, image by image: " + ", ".join("{:.2f} ± {:.2f}".format(*gain) for gain in gains))
    assert options.fast or all(gain > max(4, 3 * error) for gain, error in gains)
    assert options.fast or np.mean(result.history["loss"][-50:]) < result.history["validation"][-1]
    draw_digits(data, mixture_draws, nf.to_numpy(flow.sample(result.params, rng, 20)), result.history, options)


def mixture_baselines(data, rng, fast):
    """Scores of one Gaussian, and of the best mixture by validation; and draws of the latter."""
    import warnings

    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits

    train = data.jittered(rng, np.tile(data.train, (1 if fast else 5, 1)))
    tried = {"diag": (5,)} if fast else {"full": (6, 8, 10), "diag": (40, 60, 80)}
    settings = [{"covariance_type": kind, "reg_covar": r, "random_state": 0} for kind in tried for r in (0.03, 0.1)]
    sizes, most = [(k, s) for s in settings for k in tried[s["covariance_type"]]], 3 if fast else 100
    with warnings.catch_warnings(), threadpool_limits(1):  # (small products: a second thread only waits)
        warnings.simplefilter("ignore")  # scikit-learn warns where EM is cut short
        fitted = [GaussianMixture(k, max_iter=most, **s).fit(train) for k, s in sizes]
    best = max(fitted, key=lambda model: model.score(data.validation))
    named = {"Gaussian, full covariance": GaussianMixture(1, reg_covar=0.0).fit(train)}
    named[f"mixture of {best.n_components} Gaussians, {best.covariance_type}"] = best
    scores = {name: [model.score_samples(x) for x in (data.validation, data.test)] for name, model in named.items()}
    return scores, rng.permutation(best.sample(200)[0])[:20]


def fit_digits(data, seed, options):
    nf.use(dtype=options.dtype or "float32")
    settings = {"activation": "tanh", "max_log_scale": 1.0, "gain": 1.0, "whiten": "diagonal"}
    flow = nf.flows.real_nvp(data.dim, layers=8, hidden=(128,), base=nf.StandardNormal(data.dim), **settings)
    settings = {"validation": data.validation, "jitter": data.jitter, "optimizer": nf.adam(1e-3, weight_decay=5.0)}
    return flow, nf.fit(flow, data.train, rng=seed, steps=20 if options.fast else 1000, clip=50.0, **settings)


def draw_digits(data, mixture_draws, draws, history, options):
    figure, axes = plot.subplots(2, 2, height=2.2)
    sheets = {"data, with noise": data.test[:20], "mixture, draws": mixture_draws, "RealNVP, draws": draws}
    for ax, (title, x) in zip(axes.flat, sheets.items(), strict=False):
        plot.image_rows(ax, x, (8, 8), columns=5, low=0, high=17)
        ax.set_title(title)
    plot.training_curve(history, axes[1, 1])
    axes[1, 1].set_title("training of RealNVP")
    options.save(figure, "ch04_digits")


if __name__ == "__main__":
    digits(options)

# %% [markdown]
# *Figure `ch04_digits`.* Real digits, draws of the mixture and draws of the flow, all on one grey scale from 0 to 17, and the training curve. To the eye the mixture's draws are no worse than the flow's. Yet the flow explains unseen digits better by several nats per image, with each of three seeds. Likelihood rewards a model for covering every way in which a pixel can vary, and the eye ignores most of them (chapter 13). In the curve the training loss ends below the validation loss: the flow knows its own rows better than new ones.
#
# ## Summary
#
# - Variables that pass unchanged may decide anything about the others: the map is inverted by asking the same networks again, and its Jacobian is block triangular.
# - A stack adds log-determinants and is undone from the last layer to the first. Its gradient is (10), layer by layer.
# - Layers that keep the volume cannot make modes; no continuous layer can cut a blob in two. Likelihood hardly notices.
#
# Coupling lets one block of variables decide about another. Chapter 05 takes as many blocks as there are variables: each is decided by all before it.
#
# ## Exercises
#
# 1. (30 minutes.) Write `affine_forward`, `affine_inverse` and `affine_jacobian` for one point (equations 2 to 5). Keep the first $\lfloor D/2 \rfloor$ variables, and check with `numeric_jacobian` for $D = 1, 2, 5, 6$. What does your layer do at $D = 1$?
# 2. (10 lines.) Write `masked_forward` and `masked_inverse` (6). With `kept = b * z` each needs $b$ three times: in `kept`, in the map, and in the log-det. Leave out one of the three, in both functions alike. Which of R, X and J see it, with networks that do not answer 0 on kept places?
# 3. (5 lines.) Write `permute_back` (9). Find a permutation of three variables for which `permute` is a wrong inverse, and one for which it is right.
# 4. (Paper.) Show that $\{p > c\}$ has the area $2\pi \log\frac{1}{2\pi c}$ for a standard Gaussian in the plane, and that two Gaussians of variance $1/2$ and weight $1/2$ give the same area for every $c$, if their overlap may be neglected. What is the entropy of each?
# 5. (A minute.) Fit four additive layers on two Gaussians to the two blobs as `modes_and_volume` does, but from the means that `flow.init` draws, for seeds 0 to 4. How many gaps are above 0.02? For four additive layers on one Gaussian, plot $\log p$ along the image of the segment from $g^{-1}(-2, 0)$ to $g^{-1}(2, 0)$. Does it have a minimum between its ends? Answer from (11) first.
# 6. (10 minutes.) Repair the layer of the published bug: put the groups back into their places, in both directions. Which of R, X and J failed before and holds now?
# 7. (2 minutes.) Train the digit flow three more times, with one change each: ReLU for tanh, `max_log_scale=3`, no weight decay. Which change costs the most nats on the test images, with seed 0?
#
# ## Answers on paper
#
# - 1: nothing is kept at $D = 1$, the networks see nothing, and the layer is $x = e^s z + t$ with constants.
# - 2: without $b$ in `kept` or in the map all three fail. Without it in the log-det J alone does: the map is right, and the two log-dets still cancel.
# - 3: `permute` with the cycle $(1, 2, 0)$ twice is not the identity; with the swap $(1, 0, 2)$ it is.
# - 4: one Gaussian exceeds $c$ where $r^2 < 2\log\frac{1}{2\pi c}$, a disc of area $\pi r^2$. Each of the two has the density $e^{-r^2}/2\pi$ around its centre, so $r^2 < \log\frac{1}{2\pi c}$, and there are two discs. Equal areas at all levels mean equal entropies, $\log 2\pi e$.
# - 5: no. By (11) $\log p$ along that curve is $\log p_Z$ along a straight segment, which is concave.
#
# ## Where this differs from the papers
#
# - **The bound on $s$.** RealNVP multiplies a tanh by a learned scale. In the package $s = c \tanh(a / c)$ with a fixed $c$: the slope at zero is 1 and the range is documented.
# - **NICE** ends with one trained scale per variable, as `nf.flows.nice` does. The two-blobs experiment leaves it out, since it would change the volume.
# - **RealNVP** uses batch normalisation, convolutional networks, and masks for images (chapter 12). Here networks are dense, and the data's own mean and variance are a fixed last layer.
# - **Between layers** NICE and RealNVP exchange the roles. The package does so within each pair of layers, and from three variables on a fixed random permutation stands before each further pair.
