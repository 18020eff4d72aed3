# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Autoregressive flows: one variable after the other, in one pass
#
# **Question.** A masked autoregressive flow computes the density of a point with one pass through its network. To draw a point, people say, it takes $D$ passes, one for each variable. Where does the factor come from, and does it have to be there?
#
# **What you need.** The change of variables, $\log p(x) = \log p_Z(z) + \log|\det \partial z/\partial x|$ (chapter 01); triangular matrices (chapter 02); coupling layers (chapter 04); conditional densities; NumPy.
#
# **Convention.** $z$ is noise, $x$ is data. *Forward* is $z \to x$, *inverse* is $x \to z$, and each direction reports the log-determinant *of the map that it just applied*.
#
# **Running time.** As measured: 48 s of one core of a busy machine; `--fast` takes five, and its experiments are too short to mean anything.
#
# **References.** Germain, Gregor, Murray, Larochelle (2015), *MADE: masked autoencoder for distribution estimation*, arXiv:1502.03509. Papamakarios, Pavlakou, Murray (2017), *Masked autoregressive flow for density estimation*, arXiv:1705.07057. Kingma et al. (2016), *Improving variational inference with inverse autoregressive flow*, arXiv:1606.04934. Ramachandran et al. (2017), *Fast generation for convolutional autoregressive models*, arXiv:1704.06001.

# %%
from itertools import pairwise
from time import process_time

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
# Let each factor be a Gaussian whose mean and standard deviation are functions of the variables before it. Three variables, and functions simple enough for paper:
#
# $$x_1 \sim N(1, 2^2), \qquad x_2 \mid x_1 \sim N\bigl(\tfrac12 x_1, 1\bigr), \qquad x_3 \mid x_1, x_2 \sim N(x_1 - x_2, 1).$$
#
# *Draw* from noise $z = (1, \frac12, -1)$. First $x_1 = 1 + 2 \cdot 1 = 3$. Only now the second mean is known, $\frac32$, and $x_2 = \frac32 + \frac12 = 2$. Only now the third, $3 - 2 = 1$, and $x_3 = 1 - 1 = 0$.
#
# *Go back* from $x = (3, 2, 0)$. All of $x$ is there, so all three means are known at once: $1$, $\frac32$ and $1$. Subtract them and divide by $(2, 1, 1)$: $z = (1, \frac12, -1)$, in one step. The logarithm of the density is that of $z$, less $\log 2$ for the stretch of the first variable:
# $\log p(x) = -\frac12(1 + \frac14 + 1) - \frac32 \log 2\pi - \log 2 = -4.575$.
#
# The conditionals are linear, so $x$ is Gaussian, and the code compares with that density.


# %%
def standard_normal_log_prob(z):
    """log N(z; 0, I) at one point z (D,)."""
    return -0.5 * z @ z - 0.5 * len(z) * np.log(2 * np.pi)


def worked_example():
    z, sigma, x = np.array([1.0, 0.5, -1.0]), np.array([2.0, 1.0, 1.0]), np.zeros(3)
    for i, mean in enumerate((lambda x: 1.0, lambda x: x[0] / 2, lambda x: x[0] - x[1])):
        x[i] = mean(x) + sigma[i] * z[i]
    back = (x - np.array([1.0, x[0] / 2, x[0] - x[1]])) / sigma
    ours = standard_normal_log_prob(back) - np.log(sigma).sum()
    assert np.array_equal(x, [3, 2, 0]) and np.array_equal(back, z)
    L = np.array([[2, 0, 0], [1, 1, 0], [1, -1, 1]])  # dx/dz, the Cholesky factor of the covariance
    known = standard_normal_log_prob(np.linalg.solve(L, x - [1, 0.5, 0.5])) - np.log(np.linalg.det(L))
    assert np.isclose(ours, known, atol=1e-12) and abs(ours + 4.575) < 5e-4
    print(f"x = {x}   log p(x) by (1) {ours:.4f}, by the formula of the 3-D Gaussian {known:.4f}")


if __name__ == "__main__":
    worked_example()

# %% [markdown]
# ## One network for all conditionals: MADE
#
# MADE is one network with $D$ inputs and $D$ outputs, in which some connections are cut. Give every unit a number, its **degree**. Input $x_j$ has the degree $d_j = j$, its place in the order. A hidden unit has a degree $m$ between $1$ and $D - 1$ ($m^{(\ell)}_k$ for unit $k$ of hidden layer $\ell = 1, \ldots, L$), and it makes a promise: *a unit of degree $m$ depends only on inputs of degree at most $m$.* Two rules keep the promise:
#
# $$M^{(\ell)}_{kj} = \begin{cases} 1 & \text{if } m^{(\ell)}_k \ge m^{(\ell-1)}_j \\ 0 & \text{otherwise} \end{cases} \quad (\text{with } m^{(0)}_j = d_j), \qquad M^{\text{out}}_{ik} = \begin{cases} 1 & \text{if } d_i > m^{(L)}_k \\ 0 & \text{otherwise.} \end{cases} \tag{2}$$
#
# $M^{(\ell)}$ multiplies the weights into hidden layer $\ell$, entry by entry, and $M^{\text{out}}$ those of the last layer. A hidden unit may look at its equals. Output $i$ may not, since it must not see $x_i$.
#
# **Proof.** The product $P = M^{\text{out}} M^{(L)} \cdots M^{(1)}$ has the entries
#
# $$P_{ij} = \sum_{k_1, \ldots, k_L} M^{\text{out}}_{i k_L} M^{(L)}_{k_L k_{L-1}} \cdots M^{(1)}_{k_1 j}, \tag{3}$$
#
# the number of paths from input $j$ to output $i$ on which no connection is cut. On such a path every factor is 1, and by (2) $d_i > m_{k_L} \ge \cdots \ge m_{k_1} \ge d_j$. So where $d_i \le d_j$ there is no path, and output $i$ cannot depend on $x_j$, whatever the weights and the activation are. Where $d_i > d_j$ there is a path if each layer has a unit of each degree $1, \ldots, D - 1$: take $m = d_j$ all the way. A layer narrower than $D - 1$ loses some dependencies for good. The result is still a density, but a poorer one.
#
# Three things come for free. **Another order**: let $d$ be any permutation of $1, \ldots, D$. **Several outputs** for a variable, $\mu_i$ and $\log\sigma_i$ here: repeat the rows of $M^{\text{out}}$. **A context** $y$, for $p(x \mid y)$: inputs of degree 0, which every unit may see by (2); hidden units of degree 0 are then needed too, or the output of degree 1 would see no context. We spread the degrees evenly over each layer and *sort* the units by them. The paper draws them at random. The sorting will help to sample.


# %%
def degrees_of(D, widths, order=None, context=False):
    """Degrees of the inputs (D,), then of each hidden layer, rising. `order`: the variables, first to last."""
    inputs = np.empty(D, int)
    inputs[np.arange(D) if order is None else list(order)] = np.arange(1, D + 1)
    return [inputs, *(hidden_degrees(n, D, context) for n in widths)]


def hidden_degrees(n, D, context=False):
    """Degrees of n units, rising; where n is too small for all degrees, the first and, from two units on, the last are kept."""
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
    """Inputs below, outputs above, a line for each connection that is not cut; those that reach one output are thick."""
    rows = [degrees[0], degrees[1], degrees[0]]
    places = [np.linspace(0, 1, len(row)) for row in rows]
    reach = np.arange(len(degrees[0])) == highlight
    for level in (1, 0):
        for k, j in zip(*np.nonzero(masks[level]), strict=True):
            style = {"color": plot.RED, "lw": 1.3} if reach[k] else {"color": "0.75", "lw": 0.7}
            ax.plot([places[level][j], places[level + 1][k]], [level, level + 1], zorder=reach[k], **style)
        reach = (masks[level] & reach[:, None]).any(axis=0)
    for level, (row, at) in enumerate(zip(rows, places, strict=True)):
        ax.scatter(at, np.full(len(row), level), s=150, color="white", edgecolors=plot.BLUE, zorder=3)
        for place, degree in zip(at, row, strict=True):
            ax.text(place, level, degree, ha="center", va="center", fontsize=8, zorder=4)
    ax.set(xticks=[], title="degrees, and what is connected", ylim=(-0.3, 2.3), xlim=(-0.08, 1.08))
    ax.set(yticks=[0, 1, 2], yticklabels=["$x_j$", "hidden", r"$\mu_i$"])
    ax.spines[:].set_visible(False)


if __name__ == "__main__":
    picture_of_the_idea(options)

# %% [markdown]
# *Figure `ch05_idea`.* Left: $D = 4$ and six hidden units, each with its degree. The connections that lead to $\mu_3$ are thick: follow them down, and you arrive at $x_1$ and $x_2$ only. No line leaves $x_4$, and none arrives at $\mu_1$, which is a constant. Middle: the number of paths (3) from each input to each output, strictly below the diagonal. Right: the same with the order $x_3, x_1, x_4, x_2$.
#
# ## The flow: MAF
#
# Write $\mu_i$ and $\sigma_i = e^{s_i}$ for the outputs of the network. To draw $x_i$ from $N(\mu_i, \sigma_i^2)$, scale and shift noise $z_i$, which is (4). Solve for the noise, and you have the inverse map (5):
#
# $$x_i = \mu_i(x_{<i}) + \sigma_i(x_{<i})\, z_i, \tag{4}$$
#
# $$z_i = \bigl(x_i - \mu_i(x_{<i})\bigr) / \sigma_i(x_{<i}), \tag{5}$$
#
# where $x_{<i}$ are the variables of smaller degree. In (5) everything on the right is given: one pass. In (4) $x$ stands on both sides.
#
# **The Jacobian for $D = 2$, entry by entry**, in the direction $x \to z$, for differentiable $\mu$ and $s$. The functions $\mu_1, s_1$ are constants, and $\mu_2, s_2$ depend on $x_1$:
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
#
# **Coupling is the case of two degrees.** Give degree 1 to the variables that a coupling layer keeps and to all hidden units, and degree 2 to the others. By (2) the outputs of the kept variables see nothing; with $\mu = s = 0$ there, (4) is the affine coupling of chapter 04. Autoregression is coupling with $D$ blocks in place of two.


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
# The loop of `maf_forward_naive` ends at the right place from any start. After one pass $x_1$ is right, since its mean and scale are constants. If the first $k$ variables are right before a pass, then $\mu_{k+1}$ and $\sigma_{k+1}$ are right in it, and $k + 1$ variables are right after it. After $D$ passes all of them are. This is the factor $D$ that people speak of.
#
# ## Sampling in one pass
#
# Pass $k$ gives one more entry of $x$ its final value: that of degree $k$. A hidden unit of degree $m$ depends on no input of higher degree. It takes its final value as soon as inputs $1, \ldots, m$ are known; after that it is computed again and again, with the same result. So compute each unit *once*, when its time has come. With $h^{(0)} = (x, y)$, where the context $y$ has degree 0, $[m]$ for the units of degree $m$, and $\operatorname{act}$ for the activation, step $m = 0, 1, \ldots, D$ is
#
# $$\begin{aligned} x_{[m]} &= \mu_{[m]} + e^{s_{[m]}} z_{[m]}, \quad\text{with } \mu_{[m]}, s_{[m]} \text{ from the units of degree} < m \text{ of the last hidden layer,} \\ h^{(\ell)}_{[m]} &= \operatorname{act}\Bigl( W^{(\ell)}_{[m],\, \le m}\, h^{(\ell-1)}_{\le m} + b^{(\ell)}_{[m]} \Bigr), \qquad \ell = 1, \ldots, L. \end{aligned} \tag{8}$$
#
# Step $m = 0$ has no first line: its hidden units see the context alone. Without hidden layers, $h^{(0)}$ takes the place of the last one.
#
# Each row of a weight matrix is used in one step only, and there only its unmasked entries. The count of multiplications is the number of ones in the masks,
#
# $$\text{cost of (8)} = \sum_{\ell} \#\bigl\{M^{(\ell)} = 1\bigr\} + r\, \#\bigl\{M^{\text{out}} = 1\bigr\} = \text{cost of one masked pass}, \tag{9}$$
#
# with $r = 2$ outputs a variable. **It is one pass of arithmetic, in $D$ sequential steps.** Each step is a small product, not a whole network. (Ramachandran et al. do the same for convolutional models.) With units sorted by degree, $[m]$ and $\le m$ are slices.


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
# Variational inference (chapter 11) needs fast draws whose density is known. So turn the flow around. Now the network reads the *noise* $\varepsilon$, and the result is called $z$, since it is a latent variable. The literature writes the layer in two ways, both with the name IAF:
#
# $$z = \mu(\varepsilon) + \sigma(\varepsilon) \odot \varepsilon \quad\Longrightarrow\quad \log q(z) = \log q(\varepsilon) - \sum_i \log\sigma_i(\varepsilon), \tag{10}$$
#
# $$z = \bigl(\varepsilon - \mu(\varepsilon)\bigr) / \sigma(\varepsilon) \quad\Longrightarrow\quad \log q(z) = \log q(\varepsilon) + \sum_i \log\sigma_i(\varepsilon). \tag{11}$$
#
# Here $\mu_i$ and $\sigma_i$ are functions of $\varepsilon_{<i}$. The Jacobian $\partial z / \partial\varepsilon$ is triangular, by the argument of (6), with $\sigma_i$ on its diagonal in (10) and $1/\sigma_i$ in (11); after $\varepsilon \to z$ the log-det is *subtracted*. Kingma et al. use (10). (11) is the `Inverse` of a MAF layer. Put $\mu' = -\mu/\sigma$ and $\sigma' = 1/\sigma$, and one becomes the other: $\sigma$ in one is $1/\sigma$ in the other.
#
# The sign is easily lost. *Predict*: can (10) with a plus be a density? Take two standard normal variables $\varepsilon$, with $\log\sigma = (0.3,\; 0.2\,\varepsilon_1)$ and $\mu = (0.5,\; \varepsilon_1)$. With the plus, the substitution $dz = \sigma_1\sigma_2\, d\varepsilon$ gives
#
# $$\int q(\varepsilon)\,\sigma_1 \sigma_2\, dz = \operatorname{E}_\varepsilon\bigl[\sigma_1^2 \sigma_2^2\bigr] = \operatorname{E}\bigl[e^{0.6 + 0.4\varepsilon_1}\bigr] = e^{0.6 + 0.08} = 1.974, \tag{12}$$
#
# so with a plus $q$ is not a density.


# %%
def iaf_sample(eps, net):
    """z, and the change of log q, which is minus the log-det, at one point eps (D,): equation (10)."""
    mu, s, _, _ = net(eps)
    return mu + np.exp(s) * eps, -s.sum()


def iaf_sample_reciprocal(eps, net):
    """The same for equation (11)."""
    mu, s = net(eps)[:2]
    return (eps - mu) * np.exp(-s), s.sum()


def sign_of_the_log_det():
    """Equation (12): the integral of q on a grid of z, with the minus of (10) and with a plus."""
    a, b = np.meshgrid(np.linspace(-9, 10, 801), np.linspace(-18, 18, 801), indexing="ij")
    e1 = (a - 0.5) * np.exp(-0.3)
    e2, log_det, cell = (b - e1) * np.exp(-0.2 * e1), 0.3 + 0.2 * e1, (a[1, 0] - a[0, 0]) * (b[0, 1] - b[0, 0])
    log_q = -0.5 * (e1**2 + e2**2) - np.log(2 * np.pi)
    minus, plus = (np.exp(log_q + sign * log_det).sum() * cell for sign in (-1, 1))
    print(f"  integral of q: {minus:.4f} with the minus of (10), {plus:.4f} with a plus")
    assert np.allclose((minus, plus, np.exp(0.6 + 0.08), 0.4**2 / 2), (1, 1.974, 1.974, 0.08), atol=1e-3)


if __name__ == "__main__":
    sign_of_the_log_det()

# %% [markdown]
# ### Two steps, bits, mixtures
#
# One layer has Gaussian conditionals; a stack need not. **Two MAF layers**, from the data to the noise:
#
# $$\varepsilon_1 = \frac{x - \mu_2(x)}{\sigma_2(x)}, \qquad \varepsilon_0 = \frac{\varepsilon_1 - \mu_1(\varepsilon_1)}{\sigma_1(\varepsilon_1)}, \qquad \log p(x) = \log p(\varepsilon_0) - \sum_i \log\sigma_{1,i}(\varepsilon_1) - \sum_i \log\sigma_{2,i}(x). \tag{13}$$
#
# Here $p(\varepsilon_0)$ is the standard normal density. If the conditionals of the data are not Gaussian, $\varepsilon_1$ is not yet noise, and another layer can find its structure, if its order differs. Two layers of the *same* order are again one affine map of each $x_i$ given $x_{<i}$, so their conditionals are still Gaussian (exercise 5). So the paper alternates, natural and reversed.
#
# **Bits.** MADE was made for binary data, where there is nothing to invert. The factors of (1) are coin tosses, and the network's one output for a variable is the logit $a_i$ of its probability:
#
# $$\log P(x) = \sum_i \bigl[x_i\, a_i(x_{<i}) - \log(1 + e^{a_i(x_{<i})})\bigr]. \tag{14}$$
#
# Here a check is possible that no density allows: all $2^D$ probabilities sum to 1, for any weights, because of the masks.
#
# **Mixtures.** A factor of (1) may be any density of one number. The MAF paper takes mixtures of $K$ Gaussians: the network has $3K$ outputs for a variable, the logits $a_{ik}$ of the weights, $s_{ik}$ and $\mu_{ik}$, all functions of $x_{<i}$, and
#
# $$\log p(x) = \sum_i \log \sum_{k=1}^{K} w_{ik}\, N\bigl(x_i;\, \mu_{ik}, e^{2 s_{ik}}\bigr), \qquad w_{ik} = \frac{e^{a_{ik}}}{\sum_l e^{a_{il}}}. \tag{15}$$
#
# The masks are the same, and so is the sampler (8), with another first line: draw a component $k$ with probability $w_{ik}$, then $x_i$ from it.


# %%
def log_prob_two_steps(x, net_1, net_2):
    """log p(x) at one point x (D,): equation (13)."""
    eps_1, log_det_2 = maf_inverse(x, net_2)
    eps_0, log_det_1 = maf_inverse(eps_1, net_1)
    return standard_normal_log_prob(eps_0) + log_det_1 + log_det_2


def made_log_prob_bits(weights, masks, x):
    """log P(x) at one point x (D,) of zeros and ones: equation (14)."""
    a, _ = made(weights, masks, x)
    return (x * a - np.logaddexp(0, a)).sum()


def made_log_prob_mixture(weights, masks, x, y=()):
    """log p(x) at one point x (D,): equation (15). The outputs are all a, then all s, then all mu, (K, D) each."""
    a, s, mu = made(weights, masks, x, y)[0].reshape(3, -1, len(x))
    log_w = a - np.logaddexp.reduce(a, axis=0)
    log_normal = -0.5 * ((x - mu) * np.exp(-s)) ** 2 - s - 0.5 * np.log(2 * np.pi)
    return np.logaddexp.reduce(log_w + log_normal, axis=0).sum()


def numeric_jacobian(f, z, h=1e-3):
    """dx/dz at one point by central differences of fourth order."""
    columns = []
    for e in np.eye(len(z)) * h:
        columns.append((8 * (f(z + e) - f(z - e)) - (f(z + 2 * e) - f(z - 2 * e))) / (12 * h))
    return np.stack(columns, axis=1)


# %% [markdown]
# ## Check it
#
# Letters as in chapter 04 (R round trip, X log-dets cancel, J, here of one direction, against finite differences, = two formulas, S shapes, N a sum or an integral that is 1), and a new one. T counts wrong dependencies: present where there should be none, or missing where there should be one. For the sampler, = compares its multiplications with (9) too. The weights are random, there are two hidden layers of unequal width, and the order, as a permutation, is not its own inverse.


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


def errors_of(masks, degrees, passes, rng, y=()):
    """T, R, X and J of a MAF layer with random weights; and the layer."""
    weights, z = random_weights(rng, masks), rng.normal(size=len(degrees[0]))
    net = lambda a: gaussian_made(weights, masks, a, y)  # noqa: E731
    x, log_det = maf_forward_naive(z, net, passes)
    back, log_det_back = maf_inverse(x, net)
    wrong = max(wrong_dependencies(d, degrees) for d in net(x)[2:])
    errors = {"T": wrong, "R": off(back, z), "X": abs(log_det + log_det_back)}
    return errors | {"J": off_numeric(log_det_back, lambda a: maf_inverse(a, net)[0], x)}, (weights, net, z, x, log_det)


def check_one_point(options, D=5):
    rng, order = np.random.default_rng(options.seed), (2, 0, 3, 1, 4)
    y, degrees, rows = rng.normal(size=2), degrees_of(D, (11, 9), order, context=True), {}
    masks = masks_of(degrees, n_context=2)
    rows["MAF (4), (5), (7)"], (weights, net, z, x, log_det) = errors_of(masks, degrees, D, rng, y)
    numeric = numeric_jacobian(lambda a: maf_inverse(a, net)[0], x)
    rows["Jacobian (6)"] = {"J": off(maf_inverse_jacobian(x, net), numeric)}
    product = masks[2].astype(int) @ masks[1] @ masks[0]
    rows["paths (3)"] = {"T": wrong_dependencies(product[:, :D], degrees)}
    *fast, count = maf_forward(z, weights, degrees, y)
    ones = sum(int(M.sum()) for M in masks) + int(masks[-1].sum())  # equation (9): r = 2
    rows["sampler (8), with a context"] = {"=": max(*map(off, fast, (x, log_det)), abs(count - ones))}

    plain = degrees_of(D, (11, 9), order)
    plain_masks = masks_of(plain)
    _, (weights_2, net_2, z, x, log_det) = errors_of(plain_masks, plain, D, rng)
    rows["sampler (8), without"] = {"=": max(map(off, maf_forward(z, weights_2, plain)[:2], (x, log_det)))}
    two = lambda a: maf_inverse(maf_inverse(a, net_2)[0], net)[0]  # noqa: E731
    log_dets = log_prob_two_steps(x, net, net_2) - standard_normal_log_prob(two(x))
    rows["two steps (13)"] = {"J": off_numeric(log_dets, two, x)}
    for name, f in (("IAF (10)", iaf_sample), ("IAF (11)", iaf_sample_reciprocal)):
        rows[name] = {"J": off_numeric(-f(z, net)[1], lambda e, f=f: f(e, net)[0], z)}
    coins, bits = random_weights(rng, plain_masks, 1), (np.arange(2**D)[:, None] >> np.arange(D)) % 2
    rows["bits (14), 32 rows"] = {"N": abs(sum(np.exp(made_log_prob_bits(coins, plain_masks, v)) for v in bits) - 1)}
    rows["mixture (15), one component"] = {"=": one_component(weights_2, plain_masks, x, z, log_det)}
    rows["coupling, two degrees"] = {"=": two_degrees(rng)}
    allowed = {"T": 0, "R": 1e-10, "X": 1e-10, "J": 1e-6, "=": 1e-10, "N": 1e-10}
    print(check.error_table("one point", rows, allowed))
    assert not any(check.failing(rows, allowed).values())


def one_component(weights, masks, x, z, log_det):
    """(15) with one component, whose logit does not matter, against (5) and (7)."""
    *hidden, (W, b) = weights
    mu, s = np.split(np.arange(len(W)), 2)
    rows = np.concatenate([mu, s, mu])
    return off(made_log_prob_mixture([*hidden, (W[rows], b[rows])], masks, x), standard_normal_log_prob(z) - log_det)


def two_degrees(rng, D=5, kept=2):
    """A MADE of degrees 1, 1, 2, 2, 2 in two passes of (4), against the coupling layer of chapter 04 with its network."""
    degrees = [np.where(np.arange(D) < kept, 1, 2), np.ones(8, int)]
    masks = masks_of(degrees)
    (W1, b1), (W2, b2) = random_weights(rng, masks)
    b2 = b2 * np.tile(degrees[0] == 2, 2)  # mu = s = 0 where a variable is kept
    z = rng.normal(size=D)
    t, s = np.split((W2 @ np.tanh(W1[:, :kept] @ z[:kept] + b1) + b2), 2)
    coupled = np.append(z[:kept], np.exp(s[kept:]) * z[kept:] + t[kept:]), s[kept:].sum()
    ours = maf_forward_naive(z, lambda a: gaussian_made([(W1, b1), (W2, b2)], masks, a), passes=2)
    return max(map(off, ours, coupled))


if __name__ == "__main__":
    check_one_point(options)

# %% [markdown]
# The package has the layer for whole batches: `Autoregressive(transformer, dim, conditioner, order)`, where the transformer says how one variable moves, here `Affine`, and the conditioner is a `MADE`. Its `inverse` is one masked pass, its `forward` the sampler (8), and `forward_in_passes` the loop.


# %%
def check_the_package(options):
    rng, rows = np.random.default_rng(options.seed), {}
    nf.use(dtype="float64")
    layers = {
        "Affine": nf.Autoregressive(nf.Affine(1.0), 5, nf.MADE((11, 9), "tanh"), order=(2, 0, 3, 1, 4)),
        "IAF (10)": nf.Inverse(nf.Autoregressive(nf.Inverse(nf.Affine(1.0)), 5, nf.MADE((16,), "tanh"))),
    }
    for name, layer in layers.items():
        params, z = check.random_params(layer, rng), nf.backend.asarray(rng.normal(size=(16, 5)))
        findings = [check.shapes_and_dtypes(layer, params, z), check.round_trip(layer, params, z)]
        findings += [check.log_dets_cancel(layer, params, z), *check.log_det_is_jacobian(layer, params, z)]
        assert all(finding.ok for finding in findings)
        rows[name] = {finding.letter: finding.error for finding in findings}
    rows["Affine against ours"] = {"=": affine_against_ours(rng)}
    rows["two layers, D = 2"] = {"N": integral_of_a_stack(rng).error}
    allowed = {"S": 0.0, "R": 1e-10, "X": 1e-10, "J": 1e-6, "=": 1e-10, "N": 1e-3}
    print(check.error_table("the package, D = 5", rows, allowed))
    assert not any(check.failing(rows, allowed).values())


def affine_against_ours(rng, D=5):
    """With a context of two, and a second layer narrower than D; the package's bound on s out of the way."""
    degrees, z, y = degrees_of(D, (8, 3), context=True), rng.normal(size=(16, D)), rng.normal(size=(16, 2))
    weights = random_weights(rng, masks_of(degrees, n_context=2))
    layer = nf.Autoregressive(nf.Affine(max_log_scale=1e8), D, nf.MADE((8, 3), "tanh"), context_dim=2)
    params = as_the_package_has_them(weights, D, (1, 0))  # there: s before mu
    x, log_det = (nf.to_numpy(a) for a in layer.forward(params, nf.backend.asarray(z), nf.backend.asarray(y)))
    ours = [maf_forward(row, weights, degrees, context) for row, context in zip(z, y, strict=True)]
    return max(off(x, [a for a, _, _ in ours]), off(log_det, [b for _, b, _ in ours]))


def as_the_package_has_them(weights, D, kinds):
    """There the context comes before x, and the outputs are all kinds of variable 1, then all of variable 2, ..."""
    (W_1, b_1), *others = weights
    layers = [(np.concatenate([W_1[:, D:], W_1[:, :D]], axis=1), b_1), *others]
    rows = np.stack([kind * D + np.arange(D) for kind in kinds], axis=1).ravel()
    layers[-1] = tuple(array[rows] for array in layers[-1])
    return nf.trees.map_leaves(nf.backend.asarray, [{"W": W, "b": b} for W, b in layers])


def integral_of_a_stack(rng):
    flow = nf.flows.maf(2, layers=2, hidden=(8,), activation="tanh", gain=1.0, whiten="diagonal", max_log_scale=0.5)
    params = {**flow.init(rng), "bijection": check.random_params(flow.bijection, rng, 0.7)}
    low, high = check.image_box(lambda z: flow.bijection.forward(params["bijection"], z)[0], 2)
    return check.integrates_to_one(lambda x: flow.log_prob(params, x), low, high)


if __name__ == "__main__":
    check_the_package(options)

# %% [markdown]
# ## The cost of sampling
#
# By (9), whose count was checked above, (8) takes as many multiplications as a density that skips the masked weights, and the loop takes $D$ times as many. A clock does not show the same factors, because $D$ small products take longer than a big one with the same count. *Predict* both factors at $D = 128$. One layer, two hidden layers of 256 units, 500 points, float32, one thread.


# %%
def milliseconds(run, *arguments, calls=1):
    """Processor time of one call, from as many as fill 20 ms: some clocks tick every few milliseconds only."""
    start = process_time()
    for _ in range(calls):
        run(*arguments)
    spent = 1e3 * (process_time() - start)
    return spent / calls if spent > 20 else milliseconds(run, *arguments, calls=2 * calls)


def costs(options, n=500):
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(options.seed)
    nf.use(dtype="float32")
    print(f"  {'D':>4}{'density':>10}{'(8)':>10}{'/ density':>11}{'D passes':>10}{'/ (8)':>12}   ms for {n} points")
    for D in (4, 16, 64) if options.fast else (4, 8, 16, 32, 64, 128):
        layer = nf.Autoregressive(nf.Affine(), D, nf.MADE((256, 256)))
        params = nf.trees.cast(check.random_params(layer, rng, 0.3))
        z = nf.backend.asarray(np.asfortranarray(rng.normal(size=(n, D))))
        calls = (layer.inverse, layer.forward, layer.forward_in_passes)
        with threadpool_limits(1):
            density, one, many = (milliseconds(f, params, z) for f in calls)
        print(f"  {D:4}{density:10.2f}{one:10.2f}{one / density:11.1f}{many:10.2f}{many / one:12.1f}")


def steps_drawn(options, D=7, width=18):
    figure, axes = plot.subplots(1, 3, height=2.0, width_ratios=(0.5, 1, 0.8))
    degrees = degrees_of(D, (width, width))
    steps = [degrees[1], degrees[2], degrees[0]]  # the step in which a row of each matrix is used
    names = ("$W^{(1)}$", "$W^{(2)}$", r"$W^{\mathrm{out}}$ ($\mu$)")
    for ax, M, step, name in zip(axes, masks_of(degrees), steps, names, strict=True):
        image = ax.imshow(np.where(M, step[:, None], np.nan), vmin=1, vmax=D, aspect="auto", interpolation="nearest")
        ax.set(title=name, xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes[2], label="step", ticks=range(1, D + 1))
    options.save(figure, "ch05_steps")


if __name__ == "__main__":
    steps_drawn(options)
    costs(options)

# %% [markdown]
# *Figure `ch05_steps`.* The three weight matrices for $D = 7$, units sorted by degree. The colour of an entry is the one step in which the sampler uses it; white is masked.
#
# By the count (9) all numbers in the column `/ density` would be 1, or a little less: the package's density leaves out whole blocks of zeros only, so it takes up to a quarter more multiplications. What is above that is the cost of many small products. By the count (9) the column `/ (8)` would be $D$.
#
# ## Four mistakes
#
# Four layers with one mistake each: the output mask with $\ge$ for $>$; the first mask with $>$ for $\ge$; hidden degrees $0, \ldots, D - 2$ for $1, \ldots, D - 1$; and the loop (4) with $D - 1$ passes. *Predict* which of R, X, J and T see each of them, and which of them training would show.


# %%
def museum(options, D=5):
    degrees = degrees_of(D, (8, 8))
    right = masks_of(degrees)
    layers = {
        "no mistake": (right, D),
        "output mask >= for >": ([*right[:-1], degrees[0][:, None] >= degrees[-1]], D),
        "input mask > for >=": ([degrees[1][:, None] > degrees[0], *right[1:]], D),
        "hidden degrees one too small": (masks_of([degrees[0], *(m - 1 for m in degrees[1:])]), D),
        "D - 1 passes": (right, D - 1),
    }
    rows, allowed = {}, {"R": 1e-10, "X": 1e-10, "J": 1e-6, "T": 0}
    for name, (masks, passes) in layers.items():
        rows[name], _ = errors_of(masks, degrees, passes, np.random.default_rng(options.seed))
    print(check.error_table("mistake", rows, allowed))
    assert ["".join(failed) for failed in check.failing(rows, allowed).values()] == ["", "RXJT", "T", "T", "RX"]


def loss_below_the_entropy(options):
    """With >= mu_i = x_i is allowed: z = 0 for every x, and the loss falls with s without end."""
    data, masks = nf.data.load("crescent", n=2000), ([np.tri(2) > 0], masks_of(degrees_of(2, ())))
    for s in (0.0, -2.0, -4.0):
        weights = [(np.concatenate([np.eye(2), np.zeros((2, 2))]), np.array([0, 0, s, s]))]
        wrong, right = (mean_loss(weights, M, data.test[:500]) for M in masks)
        print(f"  s = {s:4.1f}: loss with >= {wrong:6.3f}, with > {right:9.3f}; entropy of the data {data.entropy:.3f}")
        assert np.isclose(wrong, np.log(2 * np.pi) + 2 * s) and right > data.entropy
    assert wrong < data.entropy - 5


def mean_loss(weights, masks, x):
    layers = [maf_inverse(row, lambda a: gaussian_made(weights, masks, a)) for row in x]
    return -np.mean([standard_normal_log_prob(z) + log_det for z, log_det in layers])


if __name__ == "__main__":
    museum(options)
    loss_below_the_entropy(options)

# %% [markdown]
# In the first an output sees its own variable, and every check fails. The loss shows it too: no density has an expected loss below the entropy of the data, and this loss falls below it. With $\ge$ the network may set $\mu_i = x_i$; then $z = 0$ for every $x$, and the loss $-\log p = \frac{D}{2}\log 2\pi + \sum_i s_i$ falls with $s$ without end (the last lines above). *Too good a loss is a symptom.*
#
# The second and the third are correct densities. But in the second $x_i$ never looks at its neighbour $x_{i-1}$, and in the third nobody sees the last-but-one variable. They cannot learn the missing dependence, however long they are trained. Only T notices: it also asks whether the entries that *may* be non-zero *are*. The last mistake hits the last variable alone. Training does not show it, since it uses the inverse.
#
# ## Experiment 1: the order matters, and layers repair it
#
# The crescent: $x_1 \sim N(0, 1)$ and $x_2 \mid x_1 \sim N(\frac12 x_1^2 - 1, e^{-2})$. In this order its conditionals *are* Gaussian, and one layer is enough. In the other order $p(x_1 \mid x_2) \propto \exp\bigl(-\frac12 x_1^2 - \frac12 e^2 (x_2 + 1 - \frac12 x_1^2)^2\bigr)$ has two modes, one on each arm, if $x_2 > e^{-2} - 1 = -0.865$, and one mode otherwise. For 65 % of the data it has two, and a Gaussian has one. Each model is judged by its gap, the mean of $\log p_{\text{true}} - \log p$ over 10,000 new points. *Predict*: can six layers of alternating orders reach what one layer of the right order does?


# %%
def log_prob_on(flow, params, x):
    return nf.to_numpy(flow.log_prob(params, x)).astype(float)


def maf(dim, orders, hidden, activation, max_log_scale=3.0):
    """One layer for each order; the last order belongs to the layer next to the data."""
    network = nf.MADE(hidden, activation)
    layers = [nf.Autoregressive(nf.Affine(max_log_scale), dim, network, order=order) for order in orders]
    return nf.Flow(nf.StandardNormal(dim), nf.Chain([*layers, nf.Standardize(dim)]))


def crescent(options):
    data, fitted, gaps = nf.data.load("crescent", n=2000 if options.fast else 50_000), {}, []
    orders = {"one layer, $x_1$ first": ["natural"], "one layer, $x_2$ first": ["reversed"]}
    orders["six layers, in turn"] = ["natural", "reversed"] * 3
    nf.use(dtype=options.dtype or "float32")
    for name, of_layers in orders.items():
        flow, rng = maf(2, of_layers, (32, 32), "relu"), np.random.default_rng(options.seed)
        settings = {"validation": data.validation, "steps": 20 if options.fast else 1200, "optimizer": nf.adam(5e-3)}
        result = nf.fit(flow, data.train, rng=rng, **settings)
        gap = data.log_prob(data.test) - log_prob_on(flow, result.params, data.test)
        print(f"  {name.replace('$', ''):26} gap {gap.mean():7.4f} ± {gap.std() / np.sqrt(len(gap)):.4f} nats")
        fitted[name], gaps = (flow, result.params), [*gaps, gap.mean()]
    right, wrong, deep = gaps
    assert options.fast or (len(gap) == 10_000 and max(right, deep) < 0.01 < 0.3 < wrong)
    edge = np.exp(-2) - 1  # p(x_1 | x_2) has two modes above it
    assert abs(edge + 0.865) < 5e-4
    assert options.fast or abs((data.test[:, 1] > edge).mean() - 0.65) < 0.02
    draw_crescent(data, fitted, options)


def draw_crescent(data, fitted, options):
    figure, axes = plot.subplots(2, 4, height=1.7)
    box, peak = (-3.6, 3.6, -3.0, 4.2), float(np.exp(data.log_prob(data.test).max()))
    plot.density(axes[0, 0], data.log_prob, box, peak=peak)
    plot.scatter(axes[1, 0], data.test[:3000], box, s=1)
    axes[0, 0].set(title="the crescent", xlabel="")
    for (above, below), (name, (flow, params)) in zip(axes.T[1:], fitted.items(), strict=True):
        plot.density(above, lambda x, f=flow, p=params: f.log_prob(p, x), box, n=60 if options.fast else 160, peak=peak)
        z, _ = flow.bijection.inverse(params["bijection"], nf.backend.asarray(data.test[:3000]))
        plot.scatter(below, z, (-3.6, 3.6, -3.6, 3.6), s=1)
        above.set(title=name, ylabel="", xlabel="")
        below.set(xlabel="$z_1$", ylabel="$z_2$")
    for ax in axes.flat:
        ax.set(xticks=(-2, 0, 2))
    options.save(figure, "ch05_crescent")


if __name__ == "__main__":
    crescent(options)

# %% [markdown]
# *Figure `ch05_crescent`.* Above: the densities, on one colour scale. Below: 3,000 test points and their images under each model's inverse. If a model is right these are draws of $N(0, I)$. The wrong order leaves two arms behind, which a further layer can work on. Six layers in turn come as near as the one layer of the right order: both gaps are below 0.01.
#
# ## Experiment 2: handwritten digits
#
# The 8 × 8 digits of chapter 04, with the same noise, units and split: MADE with Gaussian conditionals and with mixtures of five, MAF, a Gaussian, and the RealNVP of that chapter. Each of the eight MAF layers has a random order of the pixels. The weight decays were chosen beforehand from 1, 3 and 5, by the validation images: 1 for MADE, 3 for the mixtures and for MAF. RealNVP keeps that of chapter 04 (5). *Predict*: which is best?


# %%
def digits(options):
    from sklearn.mixture import GaussianMixture

    data, rng = nf.data.load("digits"), np.random.default_rng(options.seed)
    nf.use(dtype=options.dtype or "float32")
    orders = [nf.random_order(data.dim, seed=k) for k in range(8)]
    settings = {"activation": "tanh", "max_log_scale": 1.0, "gain": 1.0, "whiten": "diagonal"}
    real_nvp = nf.flows.real_nvp(data.dim, layers=8, hidden=(128,), base=nf.StandardNormal(data.dim), **settings)
    mixtures = nf.AutoregressiveDensity(data.dim, nf.MixtureOfGaussians(5), nf.MADE((256,), "tanh"))  # (15)
    models = {
        "MADE, Gaussians": (maf(data.dim, ["natural"], (256,), "tanh"), 1.0, 1),
        "MADE, mixtures of 5": (nf.Flow(mixtures, nf.Standardize(data.dim)), 3.0, 1),
        "RealNVP, 8 layers": (real_nvp, 5.0, 3),
        "MAF, 8 layers": (maf(data.dim, orders, (128,), "tanh", max_log_scale=1.0), 3.0, 3),
    }
    gaussian = GaussianMixture(1, reg_covar=0.0).fit(data.jittered(rng, np.tile(data.train, (5, 1))))
    scores, tests, fitted = {"Gaussian, full covariance": gaussian.score_samples(data.test)}, {}, {}
    for name, (flow, decay, seeds) in models.items():
        count = 1 if options.fast else seeds
        results = [fit_digits(flow, data, decay, options.seed + k, options) for k in range(count)]
        tests[name] = [log_prob_on(flow, result.params, data.test) for result in results]
        fitted[name], scores[name] = (flow, results[0]), tests[name][0]
    sizes = {name: nf.trees.count(result.params) for name, (_, result) in fitted.items()}
    print(f"  {'':28}{'test, nats per image':>20}{'bits/dim':>10}{'parameters':>12}")
    for name, test in scores.items():
        error, bits = test.std() / np.sqrt(len(test)), -test.mean() / (data.dim * np.log(2))
        print(f"  {name:28}{test.mean():12.2f} ± {error:5.2f}{bits:10.3f}{sizes.get(name, ''):>12}")
    gains = [a - b for a, b in zip(tests["MAF, 8 layers"], tests["RealNVP, 8 layers"], strict=True)]
    gains = [(gain.mean(), gain.std() / np.sqrt(len(gain))) for gain in gains]
    print("  MAF minus RealNVP, image by image: " + ", ".join("{:.2f} ± {:.2f}".format(*gain) for gain in gains))
    gaussian, made_, mixture, nvp, deep = (test.mean() for test in scores.values())
    assert options.fast or (gaussian < made_ < nvp < deep < mixture and all(gain > 3 * error for gain, error in gains))
    rows = np.sort(scores["MADE, mixtures of 5"])
    assert options.fast or (mixture - deep < rows.std() / np.sqrt(len(rows)) and rows[1:].mean() > mixture + 3)
    assert options.fast or max(scores, key=lambda name: scores[name].std()) == "MADE, mixtures of 5"
    assert round(sizes["MADE, mixtures of 5"] / sizes["MADE, Gaussians"]) == 5
    assert round(sizes["MAF, 8 layers"] / sizes["RealNVP, 8 layers"]) == 2
    draw_digits(data, fitted, rng, options)
    return fitted["MADE, Gaussians"][0], fitted["MADE, Gaussians"][1].params


def fit_digits(flow, data, weight_decay, seed, options):
    settings = {"validation": data.validation, "jitter": data.jitter, "clip": 50.0}
    settings |= {"steps": 10 if options.fast else 1000, "optimizer": nf.adam(1e-3, weight_decay=weight_decay)}
    return nf.fit(flow, data.train, rng=seed, progress=False, **settings)


def draw_digits(data, fitted, rng, options):
    figure, axes = plot.subplots(1, 3, height=2.0)
    sheets = {"data, with noise": data.test[:20]}
    for name in ("MADE, Gaussians", "MAF, 8 layers"):
        flow, result = fitted[name]
        sheets[f"{name}: draws"] = nf.to_numpy(flow.sample(result.params, rng, 20))
    for ax, (title, x) in zip(axes, sheets.items(), strict=True):
        plot.image_rows(ax, x, (8, 8), columns=5, low=0, high=17)
        ax.set_title(title)
    options.save(figure, "ch05_digits")


if __name__ == "__main__":
    made_of_digits = digits(options)

# %% [markdown]
# *Figure `ch05_digits`.* Twenty real digits, twenty draws of MADE, twenty of MAF, on one grey scale from 0 to 17. The draws of both have strokes under a grey speckle.
#
# One layer of MADE is better than the Gaussian, which is MADE with linear means and constant scales. Mixtures (15) in the same network have the best mean of the five, with five times the parameters. Their lead over MAF is smaller than their own standard error, which is the largest of the five: one image alone costs them more than three nats in the mean. MAF is better than RealNVP with each of three seeds. The scores do not say why. MAF has twice the parameters here and another weight decay, and its layers move every pixel, while RealNVP's move half of them. Exercise 8 takes the first two away.
#
# ## The loop, as a fixed-point iteration
#
# The loop of `maf_forward_naive` repeats $x \leftarrow \mu(x) + \sigma(x) \odot z$ until $x$ solves (4). It may be done before $D$ passes: an error that the network passes on with a factor below 1 shrinks with every pass. *Predict*: how many passes does the MADE of the digits need, $D = 64$? For comparison, the worst case: a random walk, $\mu_i = x_{i-1}$ and $\sigma_i = 1$.


# %%
def passes(options, flow, params, D=64):
    nf.use(dtype="float64")
    rng, layer = np.random.default_rng(options.seed), flow.bijection.layers[0]
    params = nf.trees.cast(params)["bijection"][0]
    z, (figure, ax) = nf.backend.asarray(rng.normal(size=(100, D))), plot.subplots(1, 1, height=2.2)

    def walk(x):
        return z + np.concatenate([0 * x[:, :1], x[:, :-1]], axis=1)

    def made_of_digits(x):
        return layer.transformer.forward(layer.conditioner.apply(params, x).reshape((len(z), D, -1)), z)[0]

    exact = layer.forward(params, z)[0]
    cases = ("MADE of the digits", made_of_digits, exact, plot.BLUE), ("random walk", walk, z.cumsum(axis=1), plot.RED)
    for name, one_pass, exact, color in cases:
        x, errors = 0 * z, []
        for _ in range(D):
            x = one_pass(x)
            errors.append(float(abs(x - exact).max() / abs(exact).max()))
        ax.semilogy(range(1, D + 1), np.maximum(errors, 1e-17), color=color, marker=".", label=name)
        enough = 1 + int(np.argmax(np.array(errors) < 1e-12))
        print(f"  {name}: error {errors[7]:.0e} after 8 passes, {errors[15]:.0e} after 16, below 1e-12 after {enough}")
        assert errors[-1] < 1e-12 and (enough == D if one_pass is walk else enough < D / 2)
    ax.set(xlabel="passes of the loop (4)", ylabel="largest relative error")
    ax.legend()
    options.save(figure, "ch05_passes")


if __name__ == "__main__":
    passes(options, *made_of_digits)

# %% [markdown]
# *Figure `ch05_passes`.* The error of the loop for 100 draws, started from $x = 0$. The trained network is below a relative error of $10^{-12}$ after less than half of the 64 passes. In the walk an error is passed on in full, and every pass is needed. So the loop can stop early where the network lets errors shrink. But each of its passes costs at least as much arithmetic as the whole sampler (8).
#
# ## Summary
#
# - Masks make one network compute all conditionals; the Jacobian is triangular, and the density costs one pass.
# - Sampling costs one pass of arithmetic too, in $D$ steps, because every unit is final once the inputs of its degree are.
# - The order matters for one layer, and alternating orders repair it. A check for dependencies must also ask for those that should be there.
#
# Chapter 06 bends a single variable further than (4) can. Chapter 08 comes back to the loop: it builds layers in which an iteration *must* converge, whatever the weights are, and needs no order at all.
#
# ## Exercises
#
# 1. (10 lines.) Write `degrees_of` and `masks_of` (2), and count the paths (3) for $D = 4$, two hidden layers of widths 6 and 5, and the order $3, 1, 4, 2$. Which pairs of an input and an output have none? Which have none if the second layer has only two units, of degrees 1 and 3?
# 2. (20 minutes.) Write `maf_inverse` and `maf_forward_naive` (4, 5), and check (7) for $D = 1, 2, 5, 6$. What does the layer do at $D = 1$?
# 3. (40 minutes.) Write `maf_forward` (8). How many times fewer multiplications than $D$ unmasked passes does it need, for widths $H, H$, evenly spread degrees, and large $D$ and $H$? Hint: which share of each mask is 1?
# 4. (Paper.) Derive (10) and (11) from each other. Then do (12) for $\mu = 0$ and a constant $\sigma$ in $D$ dimensions.
# 5. (15 minutes.) Write `log_prob_two_steps` (13), and take the same order for both layers. Show that each $x_i$, given $x_{<i}$, is then an affine function of its own noise in $\varepsilon_0$. What is left for the second layer to learn?
# 6. (15 minutes.) Write `made_log_prob_bits` (14), and break the masks as in the museum. When do the probabilities still sum to 1?
# 7. (Two minutes of computing.) Train MAF on the digits as above, seed 0, with natural and reversed orders in turn, and with all eight natural. Which has the better score on the test images, and why? Hint: exercise 5.
# 8. (Ten minutes of computing.) Give RealNVP the hidden width at which it has as many parameters as MAF, to within 1 %. Choose the weight decay of each from 1, 3 and 5 by the validation images, with three seeds. What is left of the difference on the test images?
#
# ## Answers on paper
#
# - 1: input $j$ and output $i$ have no path where $d_i \le d_j$. Without units of degree 2 in the second layer $\mu_4$ does not see $x_1$ either.
# - 2: $x = \mu + \sigma z$ with constants, since no unit sees anything.
# - 3: about half of each mask is 1, so $2D$ times fewer.
# - 4: $\int q(\varepsilon)\,\sigma^D dz = \sigma^{2D}$.
# - 5: $x_i = \mu_{2,i} + \sigma_{2,i}\,(\mu_{1,i} + \sigma_{1,i} \varepsilon_{0,i})$, and all four are functions of $x_{<i}$ alone, since $\varepsilon_{1,<i}$ is a function of them too. The second layer can only make the functions $\mu$ and $\sigma$ of the first more flexible.
#
# ## Where this differs from the papers
#
# - **Degrees** are spread evenly over a layer and sorted; MADE draws them at random, and averages models over many draws of masks.
# - **Log-scales** are bounded, $s = c \tanh(a/c)$; the MAF paper leaves $\log\sigma$ free.
# - **Batch normalisation** stands between the paper's layers. Here the data's own mean and variance are a fixed last layer.
# - **Kingma et al.** write (10) with a gate, $z = \sigma \odot \varepsilon + (1 - \sigma) \odot m$ and $\sigma$ a sigmoid: one choice of $\mu$ in (10).
