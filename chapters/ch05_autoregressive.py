# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Autoregressive flows: one variable after the other, in one pass
#
# **Question.** A masked autoregressive flow computes the density of a point with one pass through its network. To draw a point, everyone says, it takes $D$ passes, one for each variable. Where does the factor come from, and does it have to be there?
#
# **What you need.** The change of variables, $\log p(x) = \log p_Z(z) + \log|\det \partial z/\partial x|$; conditional densities; triangular matrices; NumPy.
#
# **Convention.** $z$ is noise, $x$ is data. *Forward* is $z \to x$, *inverse* is $x \to z$, and each direction reports the log-determinant *of the map that it just applied*.
#
# **Running time.** About a minute on two cores; `--fast` takes a few seconds and does every check, with experiments too short to mean anything.
#
# **References.** Germain, Gregor, Murray, Larochelle (2015), *MADE: masked autoencoder for distribution estimation*, arXiv:1502.03509. Papamakarios, Pavlakou, Murray (2017), *Masked autoregressive flow for density estimation*, arXiv:1705.07057. Kingma et al. (2016), *Improving variational inference with inverse autoregressive flow*, arXiv:1606.04934. Ramachandran et al. (2017), *Fast generation for convolutional autoregressive models*, arXiv:1704.06001.

# %%
from itertools import pairwise
from statistics import NormalDist

import numpy as np

if __name__ == "__main__":
    import nfscratch as nf
    from nfscratch import chapter, check, plot

    options = chapter.options()

# %% [markdown]
# ## The idea, with numbers
#
# Any joint density is a product of conditional ones, in whatever order we like:
#
# $$p(x_1, \ldots, x_D) = p(x_1)\, p(x_2 \mid x_1) \cdots p(x_D \mid x_1, \ldots, x_{D-1}). \tag{1}$$
#
# Let each factor be a Gaussian, whose mean and standard deviation are functions of the variables before it. Three variables, and functions simple enough for paper:
#
# $$x_1 \sim N(1, 2^2), \qquad x_2 \mid x_1 \sim N\bigl(\tfrac12 x_1, 1\bigr), \qquad x_3 \mid x_1, x_2 \sim N(x_1 - x_2, 1).$$
#
# *Draw* from noise $z = (1, 0.5, -1)$. First $x_1 = 1 + 2 \cdot 1 = 3$. Only now is the second mean known, $1.5$, and $x_2 = 1.5 + 0.5 = 2$. Only now the third, $3 - 2 = 1$, and $x_3 = 1 - 1 = 0$. Three steps, one after the other.
#
# *Go back* from $x = (3, 2, 0)$. All of $x$ is there, so all three means are known at once: $1$, $1.5$ and $1$. Subtract them and divide by $(2, 1, 1)$: $z = (1, 0.5, -1)$, in a single step. The density is that of $z$, and $-\log 2$ for the stretch of the first variable:
# $\log p(x) = -\frac12(1 + 0.25 + 1) - \frac32 \log 2\pi - \log 2 = -4.575$.
#
# The conditionals are linear here, so $x$ is Gaussian, and we can compare with the formula for its density. (It is the other way round too: every Gaussian is such a flow, and its $\partial x/\partial z$ is the Cholesky factor of the covariance.)


# %%
def standard_normal_log_prob(z):
    """log N(z; 0, I) at one point z (D,)."""
    return -0.5 * z @ z - 0.5 * len(z) * np.log(2 * np.pi)


def worked_example():
    z, sigma = np.array([1.0, 0.5, -1.0]), np.array([2.0, 1.0, 1.0])
    x = np.zeros(3)
    for i, mean in enumerate((lambda x: 1.0, lambda x: x[0] / 2, lambda x: x[0] - x[1])):
        x[i] = mean(x) + sigma[i] * z[i]
    means = np.array([1.0, x[0] / 2, x[0] - x[1]])
    back = (x - means) / sigma
    ours = standard_normal_log_prob(back) - np.log(sigma).sum()
    assert np.array_equal(x, [3, 2, 0])
    assert np.array_equal(back, z)
    L = np.array([[2, 0, 0], [1, 1, 0], [1, -1, 1]])  # dx/dz
    centred = x - [1, 0.5, 0.5]  # the mean: x at z = 0
    known = -0.5 * centred @ np.linalg.solve(L @ L.T, centred) - 0.5 * np.log(np.linalg.det(2 * np.pi * L @ L.T))
    assert np.isclose(ours, known, atol=1e-12)
    assert round(float(ours), 3) == -4.575
    print(f"x = {x}   log p(x) by (1) {ours:.4f}, by the formula of the 3-D Gaussian {known:.4f}")


if __name__ == "__main__":
    worked_example()

# %% [markdown]
# ## One network for all conditionals: MADE
#
# A network for each variable would be slow. MADE makes do with one, with $D$ inputs and $D$ outputs, in which some connections are cut. Give every unit a number, its **degree**. Input $x_j$ has the degree $d_j = j$, its place in the order. A hidden unit has a degree $m$ between $1$ and $D - 1$, and the promise that goes with it: *a unit of degree $m$ depends on no input but those of degree at most $m$.* Two rules keep the promise:
#
# $$M^{(\ell)}_{kj} = \begin{cases} 1 & \text{if } m^{(\ell)}_k \ge m^{(\ell-1)}_j \\ 0 & \text{otherwise} \end{cases} \quad (\text{with } m^{(0)}_j = d_j), \qquad M^{\text{out}}_{ik} = \begin{cases} 1 & \text{if } d_i > m^{(L)}_k \\ 0 & \text{otherwise.} \end{cases} \tag{2}$$
#
# $M^{(\ell)}$ multiplies the weights into hidden layer $\ell$, entry by entry, and $M^{\text{out}}$ those of the last layer. A hidden unit may look at its equals; output $i$ may not, for it must not see $x_i$.
#
# **Proof that it works.** The product $P = M^{\text{out}} M^{(L)} \cdots M^{(1)}$ has the entries
#
# $$P_{ij} = \sum_{k_1, \ldots, k_L} M^{\text{out}}_{i k_L} M^{(L)}_{k_L k_{L-1}} \cdots M^{(1)}_{k_1 j}, \tag{3}$$
#
# the number of paths from input $j$ to output $i$ on which no connection is cut. On such a path every factor is 1, and by (2) $d_i > m_{k_L} \ge \cdots \ge m_{k_1} \ge d_j$. So where $d_i \le d_j$ there is no path, $P_{ij} = 0$, and output $i$ cannot depend on $x_j$, whatever the weights and the activation are. Where $d_i > d_j$ there should be one, and there is if each layer has a unit of each degree $1, \ldots, D - 1$: take $m = d_j$ all the way. A layer narrower than $D - 1$ loses some dependencies for good. It still is a density, but a poorer one. (We keep the first and the last degree there, and leave out some between.)
#
# Three things come for free. **Another order**: let $d$ be any permutation of $1, \ldots, D$; nothing in the proof used $d_j = j$. **Several outputs** for a variable, $\mu_i$ and $\log\sigma_i$ here: repeat the rows of $M^{\text{out}}$. **A context** $y$, for $p(x \mid y)$: inputs of degree 0, which (2) lets everyone see; hidden units of degree 0 are then needed too, or the output of degree 1 would see no context. We spread the degrees evenly over each layer and *sort* the units by them; the original draws them at random. What the sorting is good for comes later.


# %%
def degrees_of(D, widths, order=None, context=False):
    """Degrees of the inputs (D,), then of each hidden layer, rising. `order`: the variables, first to last."""
    inputs = np.empty(D, int)
    inputs[np.arange(D) if order is None else list(order)] = np.arange(1, D + 1)
    return [inputs, *(hidden_degrees(n, D, context) for n in widths)]


def hidden_degrees(n, D, context=False):
    """Degrees of n units, rising; where n is too small for all degrees, the first and the last are kept."""
    least = 0 if context or D == 1 else 1
    kinds, unit = D - least, np.arange(n)
    return least + (unit * kinds // n if n >= kinds else unit * (kinds - 1) // max(n - 1, 1))


def masks_of(degrees, n_context=0):
    """Equation (2), from the first layer to the last; the context's columns stand after those of x."""
    with_context = np.concatenate([degrees[0], np.zeros(n_context, int)])
    hidden = [m[:, None] >= below for below, m in pairwise([with_context, *degrees[1:]])]
    below = degrees[-1] if hidden else with_context
    return [*hidden, degrees[0][:, None] > below]


def made(weights, masks, x, y=()):
    """Outputs at one point x (D,) with the context y, and their Jacobian d/dx: all of the first kind, of the second, ..."""
    h, J = np.concatenate([x, y]), np.eye(len(x) + len(y))[:, : len(x)]
    for (W, b), M in zip(weights[:-1], masks[:-1], strict=True):
        h = np.tanh((M * W) @ h + b)
        J = (1 - h**2)[:, None] * ((M * W) @ J)
    W, b = weights[-1]
    W = np.tile(masks[-1], (len(W) // len(x), 1)) * W
    return W @ h + b, W @ J


def gaussian_made(weights, masks, x, y=()):
    """mu and s = log sigma, each (D,), and their Jacobians d/dx (D, D)."""
    out, J = made(weights, masks, x, y)
    return *np.split(out, 2), *np.split(J, 2)


def random_weights(rng, masks, n_outputs=2):
    shapes = [*(M.shape for M in masks[:-1]), (n_outputs * len(masks[-1]), masks[-1].shape[1])]
    return [(rng.normal(size=shape), rng.normal(size=shape[0])) for shape in shapes]


def picture_of_the_idea(options, D=4, width=6):
    figure, axes = plot.subplots(1, 3, height=2.3, width_ratios=(1.5, 1, 1))
    degrees = degrees_of(D, (width,))
    draw_network(axes[0], degrees, masks_of(degrees), highlight=2)
    for ax, order, title in zip(axes[1:], (None, (2, 0, 3, 1)), ("natural order", "order 3, 1, 4, 2"), strict=True):
        first, last = (M.astype(int) for M in masks_of(degrees_of(D, (width,), order)))
        plot.jacobian(ax, last @ first, limit=14, labels=(r"$\mu_{}$", "$x_{}$"))
        ax.set_title(f"paths, {title}")
        for i, j in zip(*np.nonzero(last @ first), strict=True):
            ax.text(j, i, (last @ first)[i, j], ha="center", va="center", fontsize=8)
    options.save(figure, "ch05_idea")


def draw_network(ax, degrees, masks, highlight):
    """Inputs below, outputs above, a line for each connection that is not cut; those that reach one output in red."""
    D = len(degrees[0])
    rows = [degrees[0], degrees[1], degrees[0]]
    places = [np.linspace(0, 1, len(row)) for row in rows]
    reach = np.arange(D) == highlight
    for level in (1, 0):
        for k, j in zip(*np.nonzero(masks[level]), strict=True):
            color, width = (plot.RED, 1.3) if reach[k] else ("0.75", 0.7)
            ax.plot(
                [places[level][j], places[level + 1][k]], [level, level + 1], color=color, lw=width, zorder=reach[k]
            )
        reach = (masks[level] & reach[:, None]).any(axis=0)
    for level, (row, at) in enumerate(zip(rows, places, strict=True)):
        ax.scatter(at, np.full(len(row), level), s=150, color="white", edgecolors=plot.BLUE, zorder=3)
        for place, degree in zip(at, row, strict=True):
            ax.text(place, level, degree, ha="center", va="center", fontsize=8, zorder=4)
    ax.set_yticks([0, 1, 2], ["$x_j$", "hidden", r"$\mu_i$"])
    ax.set(xticks=[], title="degrees, and what is connected", ylim=(-0.3, 2.3), xlim=(-0.08, 1.08))
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)


if __name__ == "__main__":
    picture_of_the_idea(options)

# %% [markdown]
# *Figure `ch05_idea`.* Left: $D = 4$ and six hidden units, each with its degree. The connections that lead to $\mu_3$ are red: follow them down, and you arrive at $x_1$ and $x_2$ only. No line leaves $x_4$, and none arrives at $\mu_1$, which is a constant. Middle: the product of the two masks (3), the number of paths from each input to each output, strictly below the diagonal. Right: the same with the order $x_3, x_1, x_4, x_2$. The zeros have moved; there are as many.
#
# ## The flow: MAF
#
# Write $\mu_i$ and $\sigma_i = e^{s_i}$ for the outputs of the network. Drawing $x_i$ from $N(\mu_i, \sigma_i^2)$ is a map of noise, and solved for the noise it is its inverse:
#
# $$x_i = \mu_i(x_{<i}) + \sigma_i(x_{<i})\, z_i, \tag{4}$$
#
# $$z_i = \bigl(x_i - \mu_i(x_{<i})\bigr) / \sigma_i(x_{<i}), \tag{5}$$
#
# where $x_{<i}$ are the variables of smaller degree. In (5) everything on the right is given: one pass. In (4) $x$ stands on both sides.
#
# **The Jacobian for $D = 2$, entry by entry**, in the direction $x \to z$. The functions $\mu_1, s_1$ are constants, and $\mu_2, s_2$ depend on $x_1$:
#
# $$\frac{\partial z_1}{\partial x_1} = e^{-s_1}, \qquad \frac{\partial z_1}{\partial x_2} = 0, \qquad \frac{\partial z_2}{\partial x_1} = -e^{-s_2} \frac{\partial \mu_2}{\partial x_1} - z_2 \frac{\partial s_2}{\partial x_1}, \qquad \frac{\partial z_2}{\partial x_2} = e^{-s_2}.$$
#
# **In general**, differentiate (5), with the product rule for the factor $e^{-s_i}$:
#
# $$\frac{\partial z_i}{\partial x_j} = e^{-s_i}\Bigl(\delta_{ij} - \frac{\partial \mu_i}{\partial x_j}\Bigr) - z_i \frac{\partial s_i}{\partial x_j}. \tag{6}$$
#
# By the proof above both derivatives of the network vanish unless $d_j < d_i$. With rows and columns sorted by degree the matrix is lower triangular, with $e^{-s_i}$ on its diagonal, and
#
# $$\log\left|\det \frac{\partial z}{\partial x}\right| = -\sum_i s_i, \qquad \log\left|\det \frac{\partial x}{\partial z}\right| = +\sum_i s_i. \tag{7}$$
#
# So $\log p(x) = \log p_Z(z) - \sum_i \log\sigma_i$, which is (1) with Gaussian factors: one such layer *is* MADE with two outputs.


# %%
def maf_inverse(x, net):
    """z and log|det dz/dx| at one point x (D,): equations (5) and (7). `net`: x -> mu, s, and their Jacobians."""
    mu, s, _, _ = net(x)
    return (x - mu) * np.exp(-s), -s.sum()


def maf_inverse_jacobian(x, net):
    """dz/dx (D, D): equation (6)."""
    mu, s, dmu, ds = net(x)
    z = (x - mu) * np.exp(-s)
    return np.exp(-s)[:, None] * (np.eye(len(x)) - dmu) - z[:, None] * ds


def maf_forward_naive(z, net, passes=None):
    """x and log|det dx/dz| at one point z (D,): equation (4) as a loop over whole passes."""
    x = np.zeros(len(z))
    for _ in range(len(z) if passes is None else passes):
        mu, s, _, _ = net(x)
        x = mu + np.exp(s) * z
    return x, s.sum()


# %% [markdown]
# Why does the loop of `maf_forward_naive` end at the right place? Start from any $x$. After one pass $x_1$ is right, for its mean and scale are constants. If the first $k$ variables are right before a pass, then $\mu_{k+1}$ and $\sigma_{k+1}$ are right in it, and so $k + 1$ variables after it. After $D$ passes all of them are. This is the factor $D$ that everyone speaks of.
#
# ## Sampling in one pass
#
# Look at what the loop computes. In pass $k + 1$ exactly one entry of the input has changed for the last time: that of degree $k$. By the promise, a hidden unit of degree $m$ depends on no input of higher degree. It takes its final value as soon as inputs $1, \ldots, m$ are known; before that its value is of no use to anyone, and after that it is computed again and again, with the same result, until the loop ends. So compute each unit *once*, when its time has come. With $h^{(0)} = (x, y)$, where the context $y$ has degree 0, and $[m]$ for the units of degree $m$, step $m = 0, 1, \ldots, D$ is
#
# $$\begin{aligned} x_{[m]} &= \mu_{[m]} + e^{s_{[m]}} z_{[m]}, \quad\text{with } \mu_{[m]}, s_{[m]} \text{ from the units of degree} < m \text{ of the last hidden layer,} \\ h^{(\ell)}_{[m]} &= \operatorname{act}\Bigl( W^{(\ell)}_{[m],\, \le m}\, h^{(\ell-1)}_{\le m} + b^{(\ell)}_{[m]} \Bigr), \qquad \ell = 1, \ldots, L. \end{aligned} \tag{8}$$
#
# In step $m = 0$ there is no $x_{[m]}$, and the first line is left out: its hidden units see the context alone, and are computed before any variable is. Without a context nothing has degree 0, and the step is empty.
#
# Every row of every weight matrix is used in one step, and in it only the entries that its mask lets through. The count of multiplications is the number of ones in the masks,
#
# $$\text{cost of (8)} = \sum_{\ell} \#\bigl\{M^{(\ell)} = 1\bigr\} + P\, \#\bigl\{M^{\text{out}} = 1\bigr\} = \text{cost of one masked pass}, \tag{9}$$
#
# with $P = 2$ outputs a variable. **It is one pass of arithmetic, in $D$ sequential steps** (and step 0 for a context)**.** The steps cannot be saved, since $x_2$ waits for $x_1$; but each is a small product, not a whole network. Keeping what an autoregressive model has already computed was proposed for convolutional models, WaveNet and PixelCNN++, by Ramachandran et al. (2017). Degrees bring the same thing to dense networks of any depth. With units sorted by degree, $[m]$ and $\le m$ are slices, not lists of indices: this is what the sorting was for.


# %%
def maf_forward(z, weights, degrees, y=()):
    """x and log|det dx/dz| at one point z (D,) with the context y, by the one-pass sampler (8); and its multiplications."""
    D, count, s = len(z), 0, np.zeros(len(z))
    degrees = [np.concatenate([degrees[0], np.zeros(len(y), int)]), *degrees[1:]]
    h = [np.concatenate([np.zeros(D), y]), *(np.zeros(len(m)) for m in degrees[1:])]
    (*hidden, (W_out, b_out)) = weights
    for m in range(D + 1):
        if m > 0:
            i, known = np.flatnonzero(degrees[0] == m)[0], degrees[-1] < m
            mu, s[i] = W_out[[i, D + i]][:, known] @ h[-1][known] + b_out[[i, D + i]]
            h[0][i] = mu + np.exp(s[i]) * z[i]
            count += 2 * known.sum()
        for layer, (W, b) in enumerate(hidden, start=1):
            new, below = degrees[layer] == m, degrees[layer - 1] <= m
            h[layer][new] = np.tanh(W[np.ix_(new, below)] @ h[layer - 1][below] + b[new])
            count += new.sum() * below.sum()
    return h[0][:D], s.sum(), count


# %% [markdown]
# ## IAF, in both of its notations
#
# Variational inference needs the other bargain: draws that are fast, with their own density, which is known for a draw whose noise is at hand. Turn the flow around. Now the network reads the *noise* $\varepsilon$, and the result is called $z$, since it is a latent variable. The literature writes the layer in two ways, both with the name IAF:
#
# $$z = \mu(\varepsilon) + \sigma(\varepsilon) \odot \varepsilon \quad\Longrightarrow\quad \log q(z) = \log q(\varepsilon) - \sum_i \log\sigma_i(\varepsilon), \tag{10}$$
#
# $$z = \bigl(\varepsilon - \mu(\varepsilon)\bigr) / \sigma(\varepsilon) \quad\Longrightarrow\quad \log q(z) = \log q(\varepsilon) + \sum_i \log\sigma_i(\varepsilon). \tag{11}$$
#
# Here $\mu_i$ and $\sigma_i$ are functions of $\varepsilon_{<i}$. The Jacobian $\partial z / \partial\varepsilon$ is triangular, by the argument of (6), with $\sigma_i$ on its diagonal in (10) and $1/\sigma_i$ in (11); after $\varepsilon \to z$ the log-det is *subtracted*. (10) is what Kingma et al. use. (11) is a MAF layer read in the other direction: `Inverse` of it. They are one family: put $\mu' = -\mu/\sigma$ and $\sigma' = 1/\sigma$, and one becomes the other. The sign is opposite because the letter $\sigma$ means the reciprocal.
#
# Lecture slides on variational inference print (10) with a plus. Let us see what that does. Two variables, $\log\sigma = (0.3,\; 0.2\,\varepsilon_1)$ and $\mu = (0.5,\; \varepsilon_1)$. At $\varepsilon = (1, -0.5)$: $\log q(\varepsilon) = -2.463$ and $\sum_i \log\sigma_i = 0.5$, so $\log q(z)$ is $-2.963$ by (10) and $-1.963$ by the slides. A density must integrate to 1. With the plus, the substitution $dz = \sigma_1\sigma_2\, d\varepsilon$ gives
#
# $$\int q(\varepsilon)\,\sigma_1 \sigma_2\, dz = \operatorname{E}_\varepsilon\bigl[\sigma_1^2 \sigma_2^2\bigr] = \operatorname{E}\bigl[e^{0.6 + 0.4\varepsilon_1}\bigr] = e^{0.6 + 0.08} = 1.974. \tag{12}$$


# %%
def iaf_sample(eps, net):
    """z and log q(z) - log q(eps) at one point eps (D,): equation (10)."""
    mu, s, _, _ = net(eps)
    return mu + np.exp(s) * eps, -s.sum()


def iaf_sample_reciprocal(eps, net):
    """The same for equation (11)."""
    mu, s = net(eps)[:2]
    return (eps - mu) * np.exp(-s), s.sum()


def sign_of_the_slides():
    """Equations (10) and (12): the density on a grid of z, with a minus and with a plus."""
    eps = np.array([1.0, -0.5])
    log_q, total = standard_normal_log_prob(eps), 0.3 + 0.2 * eps[0]
    J = numeric_jacobian(lambda e: np.array([0.5 + np.exp(0.3) * e[0], e[0] + np.exp(0.2 * e[0]) * e[1]]), eps)
    numeric = log_q - np.log(np.linalg.det(J))
    a, b = np.meshgrid(np.linspace(-9, 10, 801), np.linspace(-18, 18, 801), indexing="ij")
    e1 = (a - 0.5) * np.exp(-0.3)
    e2 = (b - e1) * np.exp(-0.2 * e1)
    log_q_grid = -0.5 * (e1**2 + e2**2) - np.log(2 * np.pi)
    cell = (a[1, 0] - a[0, 0]) * (b[0, 1] - b[0, 0])
    minus, plus = (np.exp(log_q_grid + sign * (0.3 + 0.2 * e1)).sum() * cell for sign in (-1, 1))
    print(f"  {'':22}{'log q(z)':>10}{'integral of q':>15}")
    print(f"  {'minus, equation (10)':22}{log_q - total:10.3f}{minus:15.4f}")
    print(f"  {'plus, the slides':22}{log_q + total:10.3f}{plus:15.4f}")
    print(f"  {'numeric Jacobian':22}{numeric:10.3f}")
    assert np.allclose([log_q, log_q - total, log_q + total], [-2.463, -2.963, -1.963], atol=6e-4)
    assert abs(numeric - (log_q - total)) < 1e-8
    assert abs(minus - 1) < 1e-4
    assert abs(plus - np.exp(0.68)) < 2e-3
    assert round(float(np.exp(0.68)), 3) == 1.974


# %% [markdown]
# ### Two steps
#
# One layer has Gaussian conditionals; a stack has not. Two MAF layers, from the data to the noise:
#
# $$\varepsilon_1 = \frac{x - \mu_2(x)}{\sigma_2(x)}, \qquad \varepsilon_0 = \frac{\varepsilon_1 - \mu_1(\varepsilon_1)}{\sigma_1(\varepsilon_1)}, \qquad \log p(x) = \log p(\varepsilon_0) - \sum_i \log\sigma_{1,i}(\varepsilon_1) - \sum_i \log\sigma_{2,i}(x). \tag{13}$$
#
# If the conditionals of the data are no Gaussians, $\varepsilon_1$ is not yet noise, and has a structure that another layer can find. It is best found in another order, so the paper alternates, natural and reversed.


# %%
def log_prob_two_steps(x, net_1, net_2):
    """log p(x) at one point x (D,): equation (13)."""
    eps_1, log_det_2 = maf_inverse(x, net_2)
    eps_0, log_det_1 = maf_inverse(eps_1, net_1)
    return standard_normal_log_prob(eps_0) + log_det_1 + log_det_2


def numeric_jacobian(f, z, h=1e-3):
    """dx/dz at one point by central differences of fourth order."""
    columns = []
    for e in np.eye(len(z)) * h:
        columns.append((8 * (f(z + e) - f(z - e)) - (f(z + 2 * e) - f(z - 2 * e))) / (12 * h))
    return np.stack(columns, axis=1)


if __name__ == "__main__":
    sign_of_the_slides()

# %% [markdown]
# ### Bits
#
# MADE was made for binary data, where there is nothing to invert. The factors of (1) are coin tosses, and the network's one output for a variable is the logit $a_i$ of its probability:
#
# $$\log P(x) = \sum_i \bigl[x_i\, a_i(x_{<i}) - \log(1 + e^{a_i(x_{<i})})\bigr]. \tag{14}$$
#
# Here a check is possible that no density allows: add up all $2^D$ probabilities. They sum to 1 for any weights, and it is only the masks that see to it.


# %%
def made_log_prob_bits(weights, masks, x):
    """log P(x) at one point x (D,) of zeros and ones: equation (14)."""
    a, _ = made(weights, masks, x)
    return (x * a - np.logaddexp(0, a)).sum()


# %% [markdown]
# ### Mixtures
#
# A factor of (1) may be any density of one number. The MAF paper takes mixtures of $K$ Gaussians: the network has $3K$ outputs for a variable, the logits $a_{ik}$ of the weights, $s_{ik}$ and $\mu_{ik}$, all functions of $x_{<i}$, and
#
# $$\log p(x) = \sum_i \log \sum_{k=1}^{K} w_{ik}\, N\bigl(x_i;\, \mu_{ik}, e^{2 s_{ik}}\bigr), \qquad w_{ik} = \frac{e^{a_{ik}}}{\sum_l e^{a_{il}}}. \tag{15}$$
#
# The masks are the same, and so is the sampler (8), with the first line replaced: draw a component $k$ with probability $w_{ik}$, then $x_i$ from it. Such a MADE may also stand in place of the noise below a stack of layers; the paper calls that MAF MoG.


# %%
def made_log_prob_mixture(weights, masks, x, y=()):
    """log p(x) at one point x (D,): equation (15). The outputs are all a, then all s, then all mu, (K, D) each."""
    a, s, mu = made(weights, masks, x, y)[0].reshape(3, -1, len(x))
    log_w = a - np.logaddexp.reduce(a, axis=0)
    log_normal = -0.5 * ((x - mu) * np.exp(-s)) ** 2 - s - 0.5 * np.log(2 * np.pi)
    return np.logaddexp.reduce(log_w + log_normal, axis=0).sum()


# %% [markdown]
# ## Check it
#
# Every line of the table compares two things that were computed in different ways. Columns: the check's letter, what was compared, the largest difference, what is allowed, and whether it holds. The letters are the same in all chapters: R the round trip, X the log-dets of the two directions cancel, J a log-det or a Jacobian against an independent one, T who depends on whom, S shapes and dtypes, N the integral of a density, G a gradient; and = is one number, reached by two formulas. The weights are random and of ordinary size, $D = 5$, the order is neither natural nor its own reverse, there are two hidden layers of unequal width, and a context of two numbers.


# %%
def off(a, b):
    """The largest difference, relative to the size of what is compared."""
    return float(np.max(np.abs(np.asarray(a) - np.asarray(b))) / max(1.0, np.max(np.abs(b))))


def wrong_dependencies(dnet, degrees):
    """How many entries of d net / dx are not zero where they must be, or zero where they should not be."""
    allowed = degrees[0][:, None] > degrees[0][None, :]
    return int(np.sum((dnet != 0) != allowed))


def off_numeric(log_det, f, x):
    """The log-det of f at x against the one by finite differences."""
    return off(log_det, np.linalg.slogdet(numeric_jacobian(f, x))[1])


def check_one_point(options, D=5):
    rng = np.random.default_rng(options.seed)
    order, y = (2, 0, 3, 1, 4), rng.normal(size=2)
    degrees = degrees_of(D, (11, 9), order, context=True)
    masks = masks_of(degrees, n_context=2)
    weights, weights_1 = (random_weights(rng, masks) for _ in range(2))
    net, net_1 = ((lambda x, w=w: gaussian_made(w, masks, x, y)) for w in (weights, weights_1))
    z = rng.normal(size=D)
    x, log_det = maf_forward_naive(z, net)
    back, log_det_back = maf_inverse(x, net)
    J = maf_inverse_jacobian(x, net)
    J_numeric = numeric_jacobian(lambda a: maf_inverse(a, net)[0], x)
    product = masks[2].astype(int) @ masks[1] @ masks[0]

    fast, fast_log_det, count = maf_forward(z, weights, degrees, y)
    ones = sum(int(M.sum()) for M in masks) + int(masks[-1].sum())  # equation (9): P = 2

    plain = degrees_of(D, (11, 9), order)  # without a context: the sampler once more, one Gaussian in (15), and bits
    plain_masks = masks_of(plain)
    plain_weights = random_weights(rng, plain_masks, n_outputs=3)
    asmu = np.split(np.arange(3 * D), 3)
    mu_s = [*plain_weights[:-1], tuple(array[np.concatenate([asmu[2], asmu[1]])] for array in plain_weights[-1])]
    fast_plain = maf_forward(z, mu_s, plain)
    slow_plain = maf_forward_naive(z, lambda a: gaussian_made(mu_s, plain_masks, a))
    one_gaussian = made_log_prob_mixture(plain_weights, plain_masks, slow_plain[0])
    bit_weights = random_weights(rng, plain_masks, n_outputs=1)
    bits = (np.arange(2**D)[:, None] >> np.arange(D)) % 2
    total = sum(np.exp(made_log_prob_bits(bit_weights, plain_masks, row)) for row in bits)

    def two_steps(a):
        return maf_inverse(maf_inverse(a, net)[0], net_1)[0]

    gaussian = standard_normal_log_prob(z) - slow_plain[1]
    both = log_prob_two_steps(x, net_1, net) - standard_normal_log_prob(two_steps(x))
    iaf_10, iaf_11 = ((f, f(z, net)[1]) for f in (iaf_sample, iaf_sample_reciprocal))
    tiny, small = 1e-10, 1e-6
    rows = [
        ("T", "paths in the product of masks (3)", wrong_dependencies(product[:, :D], degrees), 0),
        ("T", "dependencies of mu and of s", max(wrong_dependencies(d, degrees) for d in net(x)[2:]), 0),
        ("R", "inverse(forward(z)) against z, (5) and D passes of (4)", off(back, z), tiny),
        ("X", "log_det forward + log_det inverse", abs(log_det + log_det_back), tiny),
        ("J", "Jacobian (6) against finite differences", off(J, J_numeric), small),
        ("J", "log_det (7) against log|det| of (6)", off(log_det_back, np.linalg.slogdet(J)[1]), tiny),
        ("J", "log_det forward, numeric", off_numeric(log_det, lambda a: maf_forward_naive(a, net)[0], z), small),
        ("=", "one-pass sampler (8), with a context, against D passes: x", off(fast, x), tiny),
        ("=", "one-pass sampler (8), with a context: log_det", off(fast_log_det, log_det), tiny),
        ("=", "one-pass sampler (8), without: x and log_det", max(map(off, fast_plain, slow_plain)), tiny),
        ("=", "its multiplications against the ones in the masks (9)", abs(count - ones), 0),
        ("J", "log_dets of two steps (13), numeric", off_numeric(both, two_steps, x), small),
        ("J", "IAF (10), numeric", off_numeric(-iaf_10[1], lambda e: iaf_10[0](e, net)[0], z), small),
        ("J", "IAF (11), numeric", off_numeric(-iaf_11[1], lambda e: iaf_11[0](e, net)[0], z), small),
        ("N", "sum of (14) over all 32 rows of bits against 1", abs(total - 1), tiny),
        ("=", "mixture (15) with one component against (5) and (7)", off(one_gaussian, gaussian), tiny),
    ]
    findings = [check.Finding(*row) for row in rows]
    print(check.table(findings, f"This chapter's functions at one point, D = {D}"))
    assert all(finding.ok for finding in findings)


if __name__ == "__main__":
    check_one_point(options)

# %% [markdown]
# The package has the layer for whole batches: `Autoregressive(transformer, dim, conditioner, order)`, where the transformer says how one variable moves, here `Affine`, and the conditioner is a `MADE`. Its `inverse` is one masked pass, in which blocks of zeros are skipped; its `forward` is the sampler (8), taken in blocks of variables, with one larger product for all that a block gets from before it; `forward_in_passes` is the loop, kept as its twin. Both directions bring their own derivative. That of (8) is the same problem mirrored: the gradient of $x_i$ is complete when those of all later variables are, so it runs from the last variable to the first, again with each unit touched once.


# %%
def check_the_package(options):
    rng = np.random.default_rng(options.seed)
    nf.use(dtype="float64")
    findings = [*agreement_with_this_chapter(rng)]
    layers = {
        "Affine": nf.Autoregressive(nf.Affine(1.0), 5, nf.MADE((11, 9), "tanh"), order=(2, 0, 3, 1, 4)),
        "IAF (10)": nf.Inverse(nf.Autoregressive(nf.Inverse(nf.Affine(1.0)), 5, nf.MADE((16,), "tanh"))),
    }
    for name, layer in layers.items():
        params = check.random_params(layer, rng)
        z = nf.backend.asarray(rng.normal(size=(16, 5)))
        J, J_auto = layer.jacobian(params, z), check.autodiff_jacobian(layer.forward, params, z)
        rows = [check.Finding("J", "closed Jacobian against autodiff", off(nf.to_numpy(J), nf.to_numpy(J_auto)), 1e-10)]
        rows += [check.shapes_and_dtypes(layer, params, z), *pullbacks_against_autograd(layer, params, z, rng)]
        rows += check.log_det_is_jacobian(layer, params, z)
        rows += [check.round_trip(layer, params, z), check.log_dets_cancel(layer, params, z)]
        findings += [check.Finding(f.letter, f"{name}: {f.what}", f.error, f.tolerance, f.at) for f in rows]
    layer = nf.Autoregressive(nf.Affine(1.0), 20, nf.MADE((30, 40)), order=rng.permutation(20))
    params = check.random_params(layer, rng, 0.5)
    z = nf.backend.asarray(rng.normal(size=(16, 20)))
    one, many = (f(params, z) for f in (layer.forward, layer.forward_in_passes))
    errors = [off(nf.to_numpy(a), nf.to_numpy(b)) for a, b in zip(one, many, strict=True)]
    findings.append(check.Finding("=", "Affine, D = 20: one pass (8) against 20 passes", max(errors), 1e-10))
    findings.append(integral_of_a_stack(rng))
    print(check.table(findings, "The package's layers, D = 5, random weights"))
    assert all(finding.ok for finding in findings)


def pullbacks_against_autograd(layer, params, z, rng):
    """Both directions: the derivative by hand against autograd's tape of the plain methods."""
    for method, by_hand in ((layer.forward, layer.forward_vjp), (layer.inverse, layer.inverse_vjp)):
        x, log_det, pullback = by_hand(params, z)
        g_x, g_log_det = (nf.backend.asarray(rng.normal(size=a.shape)) for a in (x, log_det))
        g_params, g_z, _ = pullback(g_x, g_log_det)
        traced_params, traced_z = nf.autodiff.value_and_vjp(method, params, z)[1]((g_x, g_log_det))
        pairs = zip([g_z, *nf.trees.leaves(g_params)], [traced_z, *nf.trees.leaves(traced_params)], strict=True)
        error = max(off(nf.to_numpy(a), nf.to_numpy(b)) for a, b in pairs)
        yield check.Finding("G", f"pullback of {method.__name__} by hand against autograd", error, 1e-10)


def agreement_with_this_chapter(rng, D=5, K=3):
    """Both with a context of two, and a second layer narrower than D; the package's bounds on s out of the way."""
    degrees = degrees_of(D, (8, 3), context=True)
    masks = masks_of(degrees, n_context=2)
    z, y = rng.normal(size=(16, D)), rng.normal(size=(16, 2))
    weights = random_weights(rng, masks)
    layer = nf.Autoregressive(nf.Affine(max_log_scale=1e8), D, nf.MADE((8, 3), "tanh"), context_dim=2)
    params = as_the_package_has_them(weights, D, (1, 0))  # there: s before mu
    x, log_det = (nf.to_numpy(a) for a in layer.forward(params, nf.backend.asarray(z), nf.backend.asarray(y)))
    ours = [maf_forward(*row[:1], weights, degrees, *row[1:]) for row in zip(z, y, strict=True)]
    error = max(off(x, [a for a, _, _ in ours]), off(log_det, [b for _, b, _ in ours]))
    yield check.Finding("=", "Autoregressive(Affine) against maf_forward of this chapter", error, 1e-10)

    masks = masks_of(degrees_of(D, (8, 3)))
    weights = random_weights(rng, masks, n_outputs=3 * K)
    density = nf.AutoregressiveDensity(D, nf.MixtureOfGaussians(K, max_log_scale=1e8), nf.MADE((8, 3), "tanh"))
    params = as_the_package_has_them(weights, D, range(3 * K))
    quantiles = [NormalDist().inv_cdf((k + 0.5) / K) for k in range(K)]  # there: what mu is at an output of 0
    params[-1]["b"] = params[-1]["b"] - nf.backend.asarray(np.tile([0.0] * 2 * K + quantiles, D))
    log_p = nf.to_numpy(density.log_prob(params, nf.backend.asarray(z)))
    error = off(log_p, [made_log_prob_mixture(weights, masks, row) for row in z])
    yield check.Finding("=", "MixtureOfGaussians against (15)", error, 1e-10)


def as_the_package_has_them(weights, D, kinds):
    """There the context comes before x, and the outputs are all kinds of variable 1, then all of variable 2, ..."""
    (W_1, b_1), *others = weights
    layers = [(np.concatenate([W_1[:, D:], W_1[:, :D]], axis=1), b_1), *others]
    rows = np.stack([kind * D + np.arange(D) for kind in kinds], axis=1).ravel()
    layers[-1] = tuple(array[rows] for array in layers[-1])
    return nf.trees.map_leaves(nf.backend.asarray, [{"W": W, "b": b} for W, b in layers])


def integral_of_a_stack(rng):
    layers = [nf.Autoregressive(nf.Affine(0.5), 2, nf.MADE((8,), "tanh"), order=o) for o in ("natural", "reversed")]
    flow = nf.Flow(nf.StandardNormal(2), nf.Chain([layers[0], nf.BatchNorm(2), layers[1]]))
    params = {**flow.init(rng), "bijection": check.random_params(flow.bijection, rng, 0.7)}
    low, high = check.image_box(lambda z: flow.bijection.forward(params["bijection"], z)[0], 2)
    return check.integrates_to_one(lambda x: flow.log_prob(params, x), low, high)


if __name__ == "__main__":
    check_the_package(options)

# %% [markdown]
# The `BatchNorm` in the stack of the last line is what the MAF paper puts between layers, to train faster and more stably: $x = e^{s}(z - \beta) + m$ with $s = \frac12\log(v + \epsilon) - \log\gamma$, a diagonal map with the log-det $\sum_i s_i$, in which $m$ and $v$ are running estimates of the mean and variance of what arrives.
#
# ### The triangle, and what an order does to it


# %%
def jacobians_drawn(options, D=6):
    rng = np.random.default_rng(options.seed)
    nf.use(dtype="float64")

    def layer(order):
        return nf.Autoregressive(nf.Affine(1.0), D, nf.MADE((20,), "tanh"), order=order)

    stacks = {
        "natural order": layer("natural"),
        "order 3, 6, 1, 5, 2, 4": layer((2, 5, 0, 4, 1, 3)),
        "two layers,\nboth natural": nf.Chain([layer("natural"), layer("natural")]),
        "two layers, natural\nand reversed": nf.Chain([layer("natural"), layer("reversed")]),
    }
    figure, axes = plot.subplots(1, 4, height=2.1)
    z, zeros = nf.backend.asarray(rng.normal(size=(1, D))), []
    for ax, (name, bijection) in zip(axes, stacks.items(), strict=True):
        J = nf.to_numpy(bijection.jacobian(check.random_params(bijection, rng, 0.8), z)[0])
        image = plot.jacobian(ax, J, limit=2.0)
        ax.set_title(name)
        zeros.append(int((J == 0).sum()))
    figure.colorbar(image, ax=axes, shrink=0.7, label=r"$\partial x_i / \partial z_j$", extend="both")
    assert zeros == [15, 15, 15, 0]
    options.save(figure, "ch05_jacobian")


if __name__ == "__main__":
    jacobians_drawn(options)

# %% [markdown]
# *Figure `ch05_jacobian`.* $\partial x_i/\partial z_j$ at one point, $D = 6$; a printed 0 is exactly zero. First: the lower triangle. Second: the same triangle, its rows and columns in another order; there are still 15 zeros. Third: a product of lower triangular matrices is lower triangular, so a second layer in the *same* order leaves $x_1$ a function of $z_1$ alone. Fourth: with the orders reversed in turn no zero is left, and the log-determinant is still only a sum of log-scales.
#
# ## What sampling costs
#
# The claim (9) is about multiplications. $D$ small products take longer than a big one with the same count, so measure: one layer, two hidden layers of 256 units, 500 points, float32, one thread.


# %%
def milliseconds(run, *arguments, repeats=5):
    """The least of a few runs, in time of the processor: what else the computer does is not counted."""
    from time import process_time

    times = []
    for _ in range(repeats):
        start = process_time()
        run(*arguments)
        times.append(1e3 * (process_time() - start))
    return min(times)


def costs(options, n=500):
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(options.seed)
    nf.use(dtype="float32")
    sizes = (4, 16, 64) if options.fast else (4, 8, 16, 32, 64, 128)
    rows = []
    for D in sizes:
        layer = nf.Autoregressive(nf.Affine(), D, nf.MADE((256, 256)))
        params = nf.trees.cast(check.random_params(layer, rng, 0.3))
        z = nf.backend.asarray(np.asfortranarray(rng.normal(size=(n, D))))
        calls = (layer.inverse, layer.forward, layer.forward_in_passes)
        with threadpool_limits(1):
            rows.append([milliseconds(f, params, z, repeats=2 if options.fast else 4) for f in calls])
    print(f"  {'D':>4}{'density':>12}{'one-pass sampler':>20}{'D passes':>12}   ms for {n} points")
    for D, (density, one, many) in zip(sizes, rows, strict=True):
        print(f"  {D:4}{density:12.2f}{one:20.2f}{many:12.2f}   {many / one:6.1f} times")
    draw_costs(sizes, np.array(rows), options)


def draw_costs(sizes, times, options, D=7, width=18):
    figure, axes = plot.subplots(1, 4, height=2.3, width_ratios=(0.5, 1, 0.8, 1.6))
    degrees = degrees_of(D, (width, width))
    steps = [degrees[1], degrees[2], degrees[0]]  # the step in which a row of each matrix is used
    names = ("$W^{(1)}$", "$W^{(2)}$", r"$W^{\mathrm{out}}$ ($\mu$)")
    for ax, M, step, name in zip(axes, masks_of(degrees), steps, names, strict=False):
        image = ax.imshow(np.where(M, step[:, None], np.nan), vmin=1, vmax=D, aspect="auto", interpolation="nearest")
        ax.set(title=name, xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set_visible(False)
    figure.colorbar(image, ax=axes[2], label="step", ticks=[1, D], shrink=0.8)
    ax = axes[3]
    labels = ("density, one pass", "sampler (8)", "sampler, $D$ passes")
    for column, label, color, mark in zip(times.T, labels, (plot.BLUE, plot.ORANGE, plot.RED), "os^", strict=True):
        ax.loglog(sizes, column, color=color, marker=mark, markersize=4, label=label)
    ax.set(xlabel="number of variables $D$", ylabel="ms for 500 points")
    ax.set_xticks(sizes, sizes)
    ax.minorticks_off()
    ax.legend(loc="upper left", fontsize=7, handlelength=1.2)
    options.save(figure, "ch05_cost")


if __name__ == "__main__":
    costs(options)

# %% [markdown]
# *Figure `ch05_cost`.* Left: the three weight matrices for $D = 7$, units sorted by degree; the colour of an entry is the step in which the sampler uses it, and what is white is masked and never used. Each entry has one colour: it is used once. (Seven passes of a plain network would use each of them seven times, and multiply by the white ones too; the package's loop skips the white blocks.) Right: times on logarithmic axes. The sampler in $D$ passes leaves the other two behind; the one-pass sampler stays within a small factor of the density, and that factor is the overhead of many small steps.
#
# ## Four mistakes
#
# Four layers with one mistake each: the output mask with $\ge$ for $>$; the first mask with $>$ for $\ge$; hidden degrees $0, \ldots, D - 2$ for $1, \ldots, D - 1$; and the loop (4) with $D - 1$ passes.


# %%
def museum(options, D=5):
    degrees = degrees_of(D, (8, 8))
    right = masks_of(degrees)
    off_by_one = [degrees[0], *(m - 1 for m in degrees[1:])]
    layers = {
        "no mistake": (right, D),
        "output mask >= for >": ([*right[:-1], degrees[0][:, None] >= degrees[-1]], D),
        "input mask > for >=": ([degrees[1][:, None] > degrees[0], *right[1:]], D),
        "hidden degrees one too small": (masks_of(off_by_one), D),
        "D - 1 passes": (right, D - 1),
    }
    letters = {"R": "round trip", "X": "log-dets cancel", "J": "log_det is numeric", "T": "dependencies"}
    print(f"  {'':30}" + "".join(f"{f'{letter}: {what}':>22}" for letter, what in letters.items()))
    verdicts = {}
    for name, (masks, passes) in layers.items():
        findings = checks_of(masks, degrees, passes, np.random.default_rng(options.seed))
        verdicts[name] = "".join(finding.letter for finding in findings if not finding.ok)
        print(f"  {name:30}" + "".join(f"{'holds' if finding.ok else 'FAILS':>22}" for finding in findings))
    assert list(verdicts.values()) == ["", "RXJT", "T", "T", "RX"]


def checks_of(masks, degrees, passes, rng):
    weights = random_weights(rng, masks)

    def net(x):
        return gaussian_made(weights, masks, x)

    z = rng.normal(size=len(degrees[0]))
    x, log_det = maf_forward_naive(z, net, passes)
    back, log_det_back = maf_inverse(x, net)
    numeric = off_numeric(log_det_back, lambda a: maf_inverse(a, net)[0], x)
    return [
        check.Finding("R", "inverse(forward(z)) against z", off(back, z), 1e-10),
        check.Finding("X", "log_det forward + log_det inverse", abs(log_det + log_det_back), 1e-10),
        check.Finding("J", "log_det inverse against finite differences", numeric, 1e-6),
        check.Finding("T", "dependencies of mu", wrong_dependencies(net(x)[2], degrees), 0),
    ]


def loss_below_the_entropy(options):
    """With >= mu_i = x_i is allowed: z = 0 whatever x is, and the loss falls with s to wherever we like."""
    data = nf.data.load("crescent", n=2000)
    degrees = degrees_of(2, ())
    right, wrong = masks_of(degrees), [degrees[0][:, None] >= degrees[0]]
    print(f"  {'s':>6}{'loss with >=':>14}{'with >':>10}   the entropy of the data is {data.entropy:.3f}")
    for s in (0.0, -2.0, -4.0):
        weights = [(np.concatenate([np.eye(2), np.zeros((2, 2))]), np.array([0, 0, s, s]))]
        losses = [mean_loss(weights, masks, data.test[:500]) for masks in (wrong, right)]
        print(f"  {s:6.1f}{losses[0]:14.3f}{losses[1]:10.3f}")
        assert np.isclose(losses[0], np.log(2 * np.pi) + 2 * s)
        assert losses[1] > data.entropy
    assert losses[0] < data.entropy - 5


def mean_loss(weights, masks, x):
    layers = [maf_inverse(row, lambda a: gaussian_made(weights, masks, a)) for row in x]
    return -np.mean([standard_normal_log_prob(z) + log_det for z, log_det in layers])


if __name__ == "__main__":
    museum(options)
    loss_below_the_entropy(options)

# %% [markdown]
# The first sees its own variable, and everything says so. So does its loss, if you know where a loss must end: no density has an expected loss below the entropy of the data, and this one goes there, for what it computes is no log-density. With $\ge$ the network may set $\mu_i = x_i$; then $z = 0$ for every $x$, and the loss $-\log p = \frac{D}{2}\log 2\pi + \sum_i s_i$ falls with $s$ without end (second table). *A loss that is too good is the most useful symptom there is.*
#
# The second and the third are correct densities: their round trips close and their log-determinants are exact. But in the second $x_i$ never looks at its neighbour $x_{i-1}$, and in the third nobody sees the last-but-one variable. Their loss falls, only not as far as it could where those dependencies matter, and nothing about it looks wrong. The only check that notices asks whether the entries that *may* be non-zero *are*. The last is wrong in the last variable alone, and training does not show it at all: it uses the inverse, which is right.
#
# ## Experiment 1: the order matters, and layers repair it
#
# The crescent: $x_1 \sim N(0, 1)$ and $x_2 \mid x_1 \sim N(\frac12 x_1^2 - 1, e^{-2})$. In this order its conditionals *are* Gaussian, and one layer is enough. In the other order $p(x_1 \mid x_2) \propto \exp\bigl(-\frac12 x_1^2 - \frac12 e^2 (x_2 + 1 - \frac12 x_1^2)^2\bigr)$ has two modes, one on each arm, where $x_2 > e^{-2} - 1 = -0.865$, and one below; 65 % of the data lie above. There no Gaussian comes near. (The MAF paper opens with an example of this kind.) Six layers of alternating orders come out where one layer of the right order does. Each model is judged by its gap, the mean of $\log p_{\text{true}} - \log p$ over 10,000 new points.


# %%
def paired_gap(truth, flow, params, x):
    """Mean of log p_true - log p over the rows of x, and its standard error."""
    gap = truth(x) - log_prob_on(flow, params, x)
    return gap.mean(), gap.std() / np.sqrt(len(gap))


def log_prob_on(flow, params, x):
    return nf.to_numpy(flow.log_prob(params, x)).astype(float)


def maf(dim, orders, hidden, activation, max_log_scale=3.0):
    """One layer for each order; the last order belongs to the layer next to the data."""
    network = nf.MADE(hidden, activation)
    layers = [nf.Autoregressive(nf.Affine(max_log_scale), dim, network, order=order) for order in orders]
    return nf.Flow(nf.StandardNormal(dim), nf.Chain([*layers, nf.Standardize(dim)]))


def crescent(options):
    data = nf.data.load("crescent", n=2000 if options.fast else 50_000)
    flows = {
        "one layer, $x_1$ first": maf(2, ["natural"], (32, 32), "relu"),
        "one layer, $x_2$ first": maf(2, ["reversed"], (32, 32), "relu"),
        "six layers, in turn": maf(2, ["natural", "reversed"] * 3, (32, 32), "relu"),
    }
    fitted = {}
    nf.use(dtype=options.dtype or "float32")
    for name, flow in flows.items():
        rng = np.random.default_rng(options.seed)
        steps = 20 if options.fast else 1200
        result = nf.fit(flow, data.train, rng=rng, validation=data.validation, steps=steps, optimizer=nf.adam(5e-3))
        gap, error = paired_gap(data.log_prob, flow, result.params, data.test)
        print(f"  {name.replace('$', ''):26} gap {gap:7.4f} ± {error:.4f} nats")
        fitted[name] = (flow, result.params, gap)
    right, wrong, deep = (gap for _, _, gap in fitted.values())
    assert options.fast or (right < 0.01 < 0.3 < wrong and deep < 0.02)
    share = float((data.test[:, 1] > np.exp(-2) - 1).mean())
    assert options.fast or abs(share - 0.653) < 0.02  # where p(x_1 | x_2) has two modes
    draw_crescent(data, fitted, options)


def draw_crescent(data, fitted, options):
    assert [round(100 * (1 - np.exp(-(r**2) / 2))) for r in (1, 2)] == [39, 86]  # the share of N(0, I) within r
    figure, axes = plot.subplots(2, 4, height=1.75)
    box = (-3.6, 3.6, -3.0, 4.2)
    peak = float(np.exp(data.log_prob(data.test).max()))
    plot.density(axes[0, 0], data.log_prob, box, peak=peak)
    plot.scatter(axes[1, 0], data.test[:3000], box, s=1)
    axes[0, 0].set_title("the crescent")
    for (above, below), (name, (flow, params, _)) in zip(axes.T[1:], fitted.items(), strict=True):
        plot.density(above, lambda x, f=flow, p=params: f.log_prob(p, x), box, n=60 if options.fast else 160, peak=peak)
        z, _ = flow.bijection.inverse(params["bijection"], nf.backend.asarray(data.test[:3000]))
        plot.scatter(below, z, (-3.6, 3.6, -3.6, 3.6), s=1)
        for radius in (1, 2):
            a = np.linspace(0, 2 * np.pi, 200)
            below.plot(radius * np.cos(a), radius * np.sin(a), color=plot.BLACK, linewidth=0.6)
        above.set(title=name, ylabel="", xlabel="")
        below.set(xlabel="$z_1$", ylabel="$z_2$")
    axes[0, 0].set_xlabel("")
    for ax in axes.flat:
        ax.set(xticks=(-2, 0, 2))
    options.save(figure, "ch05_crescent")


if __name__ == "__main__":
    crescent(options)

# %% [markdown]
# *Figure `ch05_crescent`.* Above: the densities, on one colour scale. Below: 3,000 test points, and what each model's inverse makes of them; if the model is right these are draws of $N(0, I)$, and the circles of radius 1 and 2 hold 39 % and 86 % of them. The wrong order leaves a shape behind that is no Gaussian noise, and that shape is what a further layer has to work with.
#
# ## Experiment 2: handwritten digits
#
# The 8 × 8 digits of chapter 04, with the same noise, units and split: nats per image, a density over pixel levels to which $U[0, 1)$ was added, the validation set choosing when to stop. Beside MADE, with Gaussian conditionals and with mixtures of five, and MAF stand a Gaussian and the RealNVP of that chapter, fitted here again. There is no best order of the pixels that we know of, so each of the eight MAF layers has a random one of its own.


# %%
def digits(options):
    data = nf.data.load("digits")
    rng = np.random.default_rng(options.seed)
    nf.use(dtype=options.dtype or "float32")
    orders = [nf.random_order(data.dim, seed=k) for k in range(8)]
    real_nvp = nf.flows.real_nvp(
        data.dim,
        layers=8,
        hidden=(128,),
        activation="tanh",
        gain=1.0,
        whiten="diagonal",
        max_log_scale=1.0,
        base=nf.StandardNormal(data.dim),
    )
    models = {
        "MADE: one layer": (maf(data.dim, ["natural"], (256,), "tanh"), 1.0),
        "MADE, mixtures of 5": (made_of_mixtures(data.dim, 5), 3.0),
        "RealNVP, 8 layers": (real_nvp, 5.0),
        "MAF, 8 layers": (maf(data.dim, orders, (128,), "tanh", max_log_scale=1.0), 3.0),
    }
    scores, fitted = {"Gaussian, full covariance": gaussian_baseline(data, rng)}, {}
    for name, (flow, decay) in models.items():
        fitted[name] = flow, (result := fit_digits(flow, data, decay, options))
        scores[name] = [log_prob_on(flow, result.params, part) for part in (data.validation, data.test)]
    print(f"  {'':28}{'validation':>11}{'test, nats per image':>22}{'bits/dim':>10}{'parameters':>12}")
    for name, (validation, test) in scores.items():
        error, bits = test.std() / np.sqrt(len(test)), -test.mean() / (data.dim * np.log(2))
        size = f"{nf.trees.count(fitted[name][1].params):12,}" if name in fitted else ""
        print(f"  {name:28}{validation.mean():11.2f}{test.mean():14.2f} ± {error:5.2f}{bits:10.3f}{size}")
    for name, (flow, result) in fitted.items():
        train = log_prob_on(flow, result.params, data.jittered(rng, data.train)).mean()
        print(f"  {name:28}train {train:8.2f}, better than validation by {train - scores[name][0].mean():.2f} nats")
    paired = scores["MAF, 8 layers"][1] - scores["RealNVP, 8 layers"][1]
    error = paired.std() / np.sqrt(len(paired))
    print(f"  MAF minus RealNVP, image by image: {paired.mean():.2f} ± {error:.2f} nats")
    assert options.fast or paired.mean() > 3 * error
    draw_digits(data, fitted, np.random.default_rng(options.seed), options)


def made_of_mixtures(dim, components):
    """Equation (15), on standardized pixels."""
    base = nf.AutoregressiveDensity(dim, nf.MixtureOfGaussians(components), nf.MADE((256,), "tanh"))
    return nf.Flow(base, nf.Standardize(dim))


def fit_digits(flow, data, weight_decay, options):
    return nf.fit(
        flow,
        data.train,
        rng=np.random.default_rng(options.seed),
        validation=data.validation,
        jitter=data.jitter,
        steps=10 if options.fast else 1000,
        optimizer=nf.adam(1e-3, weight_decay=weight_decay),
        clip=50.0,
    )


def gaussian_baseline(data, rng):
    """log N(x; m, C) with the sample mean and covariance, through the Cholesky factor: a MAF with linear conditionals."""
    train = data.jittered(rng, np.tile(data.train, (5, 1)))
    m, L = train.mean(axis=0), np.linalg.cholesky(np.cov(train.T))
    log_det = -np.log(np.diag(L)).sum()
    return [
        np.array([standard_normal_log_prob(z) for z in np.linalg.solve(L, (part - m).T).T]) + log_det
        for part in (data.validation, data.test)
    ]


def draw_digits(data, fitted, rng, options):
    figure, axes = plot.subplots(1, 4, height=1.95, width_ratios=(1, 1, 1, 1.2))
    sheets = {"data, with noise": data.test[:20]}
    for name in ("MADE: one layer", "MAF, 8 layers"):
        flow, result = fitted[name]
        sheets[name.split(",")[0].split(":")[0] + ", draws"] = nf.to_numpy(flow.sample(result.params, rng, 20))
    for ax, (title, x) in zip(axes, sheets.items(), strict=False):
        plot.image_rows(ax, x, (8, 8), columns=5, low=0, high=17)
        ax.set_title(title)
    plot.training_curve(fitted["MAF, 8 layers"][1], axes[3])
    axes[3].set_title("training of MAF")
    options.save(figure, "ch05_digits")


if __name__ == "__main__":
    digits(options)

# %% [markdown]
# *Figure `ch05_digits`.* Twenty real digits, twenty draws of MADE, twenty of MAF, on one grey scale from 0 to 17, and the training curve of MAF. In the curve the validation loss is soon above the training loss, and the gap grows: at the parameters that are kept the training images have 9 nats more than the validation images, for the other models 6 to 7 (the lines below the table). MADE's draws have strokes under a grey speckle; MAF's are cleaner, and more of them can be read.
#
# In the table one layer of MADE is better than the Gaussian, of which it is the non-linear version. Mixtures (15) in the same network gain twenty nats more, with five times the parameters (most of them in the outputs), and are the best of the five; a pixel that is either black or white is nothing that one Gaussian can describe. Eight layers of MAF have 3.7 ± 0.4 nats more than eight of RealNVP on the test images. This does not say why. MAF has twice the parameters here (198,656 and 99,840), and each model has a weight decay of its own. They also differ in what a layer does: MAF's moves every pixel, RealNVP's half of them; an experiment that separates these causes is exercise 8.
#
# The price used to be sampling. With (8) it is much smaller.
#
# ## Exercises
#
# 1. Write `degrees_of` and `masks_of` (2), and count the paths (3) for $D = 4$, two hidden layers of widths 6 and 5, and the order $3, 1, 4, 2$. Which pairs have none? What happens if a layer has two units?
# 2. Write `maf_inverse` and `maf_forward_naive` (4, 5), and check (7) for $D = 1, 2, 5, 6$. What does the layer do at $D = 1$?
# 3. Write `maf_forward` (8). Count its multiplications for widths $H, H$ and large $D$, and compare with $D$ passes of a network that multiplies by its zeros as well: what is the ratio?
# 4. Derive (10) and (11) from each other. Then do (12) for $\mu = 0$ and a constant $\sigma$ in $D$ dimensions: by how much is the slide's density off?
# 5. Write `log_prob_two_steps` (13), and take the same order for both layers. Show that $x_1$ is then an affine function of $z_1$, whatever the networks are.
# 6. Write `made_log_prob_bits` (14), and break the masks as in the museum. For which mistakes do the probabilities still sum to 1?
# 7. Train the digit flow with natural and reversed orders in turn instead of random ones, and with all eight natural. Which costs more?
# 8. Give RealNVP and MAF the same number of parameters and the same weight decays to choose from by validation, and repeat the comparison with three seeds. What is left of the difference?
#
# ## Where this differs from the papers
#
# - **Degrees** are spread evenly over a layer and sorted; MADE draws them at random, and averages models over many draws of masks (`benchmarks/made_binary.py` does too). With sorted degrees the masks are staircases, and both the zero blocks and the sampler (8) become slices.
# - **Log-scales** are bounded, $s = c \tanh(a/c)$; the MAF paper leaves $\alpha = \log\sigma$ free.
# - **Orders**: MAF reverses the order from layer to layer. Experiment 2 draws a new one for each.
# - **Batch normalisation** stands between the paper's layers. The flows here do without, with the data's own mean and variance as a fixed last layer; the package's `BatchNorm` uses running statistics in training too, so that the training loss is the log-density of the model.
# - **Kingma et al.** write (10) with a gate, $z = \sigma \odot \varepsilon + (1 - \sigma) \odot m$ and $\sigma$ a sigmoid, and feed the context in as a further input. The gate is one choice of $\mu$ in (10).
# - **Sampling** in the MAF paper takes $D$ passes. Ramachandran et al. keep activations of convolutional layers in queues; here it is degrees that say when a unit is final.
