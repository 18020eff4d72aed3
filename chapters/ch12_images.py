# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Images: whole numbers, many scales
#
# **Question.** A pixel is a whole number from 0 to 255, and a flow is a density over real numbers. What does its likelihood say about a whole number? And a pixel depends most on its neighbours: which layers make use of that, and still have a cheap determinant?
#
# **What you need.** Chapters 02 (PLU), 04 (coupling, masks) and 11 (the bound); Jensen's inequality $E \log w \le \log E\,w$.
#
# **Convention.** $x$ is an image of $D = C H W$ whole numbers, $u$ is noise within one step of a pixel, $y = x + u$ is what the flow sees, and $z$ is the noise of the base. Logarithms are natural; bits are nats divided by $\log 2$.
#
# **Running time.** As measured: 49 s on two cores. `--fast` takes five, does every check, and trains too little to mean anything.
#
# **References.** Dinh, Sohl-Dickstein, Bengio (2017), *RealNVP*, arXiv:1605.08803. Kingma, Dhariwal (2018), *Glow*, arXiv:1807.03039. Theis, van den Oord, Bethge (2016), arXiv:1511.01844. Ho et al. (2019), *Flow++*, arXiv:1902.00275. Hoogeboom, van den Berg, Welling (2019), *Emerging convolutions*, arXiv:1901.11137. Burda, Grosse, Salakhutdinov (2016), arXiv:1509.00519.

# %%
import numpy as np

if __name__ == "__main__":
    import time

    from matplotlib.colors import ListedColormap

    import nfscratch as nf
    from nfscratch import chapter, check, plot

    options = chapter.options()

# %% [markdown]
# ## The idea, with numbers
#
# One pixel is 0 or 1, each half of the time. Fit a density to such data as they are: two normals of width $w$ and weight one half, at 0 and at 1. For small $w$ the mean of $\log p$ is $\log\frac12 - \log(w\sqrt{2\pi})$, which has no upper end as $w$ falls. It measures $w$, and nothing about the coin. A probability of a whole number is at most 1, and here the best one is $\log\frac12 = -0.693$: one bit.
#
# So let the density pay for a whole step. Say that $p(y)$ is $y$ on $[0, 1)$ and $y - 1$ on $[1, 2)$: each step holds one half, the right probability. Now add uniform noise $u$ to $x$, and average: $E \log p(x + u) = \int_0^1 \log u\, du = -1$. The bound loses 0.307 nats, because the noise is flat and the density within a step is not. With noise that follows the density, $q(u) = 2u$, the difference $\log p(x + u) - \log q(u) = \log u - \log 2u$ is $-0.693$ for *every* $u$: nothing is lost.


# %%
def spike_score(w):
    """The mean of log p over the values 0 and 1, for two normals of width w: it has no upper end."""
    return np.log(0.5 * (1 + np.exp(-0.5 / w**2))) - np.log(w * np.sqrt(2 * np.pi))


def worked_example(steps=100_000):
    print("  no noise, width w: " + "   ".join(f"{w:g}: {spike_score(w):.2f}" for w in (0.1, 1e-3, 1e-6)))
    u = (np.arange(steps) + 0.5) / steps
    P = u.mean()  # (1), p(x + u) = u
    uniform, learned = np.log(u).mean(), np.log(u) - np.log(2 * u)  # (2)
    kl = -np.log(2 * u).mean()  # of uniform noise from the best, 2u: (3)
    print(f"  log P {np.log(P):.4f}   bound: uniform noise {uniform:.4f}, q = 2u {learned.mean():.4f}   KL {kl:.4f}")
    assert np.allclose((np.log(P), uniform, kl), (-0.6931, -1.0, 0.3069), atol=5e-5)
    assert spike_score(1e-6) > 12 and np.ptp(learned) < 1e-12 and np.isclose(np.log(P) - uniform, kl)  # (3)


if __name__ == "__main__":
    worked_example()

# %% [markdown]
# ## From densities to whole numbers
#
# Draw $y$ from a density and round it down. That makes a probability of whole numbers, at most 1:
#
# $$P(x) = \int_{[0, 1)^D} p(x + u)\, du. \tag{1}$$
#
# The integral has $D$ dimensions. Take any density $q(u \mid x)$ of noise that is positive on the whole step. Multiply and divide by it, and apply Jensen's inequality:
#
# $$\log P(x) = \log E_q\!\left[\frac{p(x + u)}{q(u \mid x)}\right] \;\geq\; E_q\bigl[\log p(x + u) - \log q(u \mid x)\bigr]. \tag{2}$$
#
# Uniform noise has $\log q = 0$, so that training on noisy pixels maximises a lower bound on $\log P$ (Theis et al.). The gap is a divergence, as in chapter 11 (2). Write $p(x + u) = P(x)\, r(u \mid x)$, with $r$ the density of $u$ within the step:
#
# $$\log P(x) - E_q[\log p(x + u) - \log q(u \mid x)] = \mathrm{KL}\bigl(q(\cdot \mid x) \,\|\, r(\cdot \mid x)\bigr). \tag{3}$$
#
# With uniform noise only a flat $r$ closes the gap: smooth maps have to draw boxes. **Variational dequantisation** (Ho et al.) trains $q$ instead: a flow from $\epsilon$ to $u$ whose context is the image. We need the density of its own draws alone: $\log q(u \mid x) = \log p_\epsilon(\epsilon) - \log|\det \partial u/\partial\epsilon|$.
#
# **The logit.** Levels lie in $(0, V)$, with $V = 256$ values, and a flow covers all reals. So
#
# $$s = \alpha + (1 - 2\alpha)\,\frac{y}{V}, \qquad \ell = \log s - \log(1 - s), \tag{4}$$
#
# pixel by pixel. The chain rule gives $d\ell/ds = 1/s + 1/(1 - s)$ and $ds/dy = (1 - 2\alpha)/V$, so
#
# $$\log\left|\det \frac{\partial \ell}{\partial y}\right| = \sum_{\text{pixels}} \bigl[\log(1 - 2\alpha) - \log V - \log s - \log(1 - s)\bigr]. \tag{5}$$
#
# $\alpha$ keeps the logarithms finite at a black or a white pixel. It changes the model, but not what is measured, if (5) has all four terms.
#
# **Bits per dimension.** Collect everything from image to $z$, and divide by $-D \log 2$:
#
# $$\text{bits/dim} = -\frac{1}{D \log 2}\Bigl[\underbrace{\log p_Z(z)}_{\text{base}} + \underbrace{\sum \log|\det|}_{\text{layers}} + D \log(1 - 2\alpha) - D \log V - \sum \log s(1 - s) - \log q(u \mid x)\Bigr]. \tag{6}$$
#
# The model's ideal code takes so many bits for each number of an image. *Predict*: how large is the error if someone forgets $D \log V$? If it is $\log 255$? If $\log(1 - 2\alpha)$ is missing, with RealNVP's $\alpha = 0.05$?


# %%
def logit_of_levels(y, V, alpha):
    """ell (C, H, W) and log|det dell/dy| of levels y: equations (4) and (5)."""
    s = alpha + (1 - 2 * alpha) * y / V
    log_slope = np.log(1 - 2 * alpha) - np.log(V) - np.log(s) - np.log1p(-s)
    return np.log(s) - np.log1p(-s), log_slope.sum()


def levels_of_logit(ell, V, alpha):
    """The inverse of (4), and its log-determinant."""
    y = V * (1 / (1 + np.exp(-ell)) - alpha) / (1 - 2 * alpha)
    return y, -logit_of_levels(y, V, alpha)[1]


def bits_per_dim(log_prob, D):
    """Equation (6), from the sum of its terms in nats."""
    return -log_prob / (D * np.log(2))


def itemised(options):
    nf.use(dtype="float64")
    flow = nf.Flow(nf.StandardLogistic((1, 8, 8)), nf.PixelLevels((1, 8, 8), 256, 0.0))
    model, x = nf.Dequantized(flow), np.random.default_rng(options.seed).integers(0, 256, (50, 1, 8, 8))
    found = nf.evaluate.bits_per_dim(model.log_prob_terms(model.init(np.random.default_rng(0)), x), 64)
    print("  A model for which all images of 256 levels are alike (a logistic base, the logit with alpha = 0):")
    print(found)
    assert abs(found.total - 8) < 1e-12
    D, wrong = 784, {  # nats too many, for an image of 28 x 28
        "log 256 left out: a density of y / 256": (784 * np.log(256), -8.0),
        "log 255 for log 256": (784 * np.log(256 / 255), -0.0056),
        "log(1 - 2 alpha) left out, alpha = 0.05": (-784 * np.log(0.9), -0.152),
        "the same, alpha = 1e-6": (-784 * np.log(1 - 2e-6), -2.9e-6),
        "ActNorm with s = 0.5: H W left out": (783 * 0.5, -0.72),
    }  # fmt: skip
    for name, (nats, expected) in wrong.items():
        print(f"    {name:42} off by {bits_per_dim(nats, D):10.2g} bits/dim")
        assert np.isclose(bits_per_dim(nats, D), expected, rtol=0.02)


if __name__ == "__main__":
    itemised(options)

# %% [markdown]
# An image that is as likely as any other costs exactly 8 bits: the first test of any such code. Each mistake makes a model look better (that of ActNorm where $s > 0$). All but ActNorm's are constants: they change no gradient and no draw. On MNIST the published figures of RealNVP and Glow, 1.06 and 1.05, are 0.01 bits apart; the constant of $\alpha = 0.05$ is fifteen times that.
#
# ## Layers that know what an image is
#
# **Masks.** A coupling (chapter 04) may keep any set of pixels. A *checkerboard* keeps those whose row plus column is odd. The network sees the image with zeros for what changes, and is a convolution, so one set of weights serves all places. Its log-determinant is the sum of $s$ over all *pixels* that change.
#
# **Squeeze.** Make each block of $2 \times 2$ pixels one pixel of four channels:
#
# $$z_{4c + 2i + j,\, h,\, w} = x_{c,\, 2h + i,\, 2w + j}, \qquad i, j \in \{0, 1\}, \qquad \log|\det| = 0. \tag{7}$$
#
# Numbers only move. After it a $3 \times 3$ kernel reaches twice as far, and a *channel mask* keeps half of the channels at every pixel: here the upper row of each block.
#
# **Multi-scale.** After some layers half of the channels are good enough: they leave, and are noise from there on. The others go on:
#
# $$(h_1, z_1) = g_2^{-1}(x), \quad z_0 = g_1^{-1}(h_1), \quad z = (z_0, z_1), \qquad \frac{\partial z}{\partial x} = \begin{pmatrix} J_1 & 0 \\ 0 & I \end{pmatrix} J_2. \tag{8}$$
#
# $J_1$, $J_2$ are the Jacobians of the two inverses. So the log-determinant is the sum of both levels', and the whole is **one bijection** of $D$ numbers. $z_1$ is no by-product: to draw an image, draw all of $z$.


# %%
def checkerboard(C, H, W):
    """1 where a pixel is kept: row plus column odd."""
    return np.broadcast_to(np.indices((H, W)).sum(axis=0) % 2, (C, H, W)).astype(float)


def channel_mask(kept, H):
    """1 where a pixel of (C, H, H) is kept: in the channels that have a 1."""
    return np.ones((len(kept), H, H)) * np.reshape(kept, (-1, 1, 1))


def squeeze(x):
    """(C, H, W) -> (4C, H/2, W/2), and log|det| = 0: equation (7)."""
    C, H, W = x.shape
    return x.reshape(C, H // 2, 2, W // 2, 2).transpose(0, 2, 4, 1, 3).reshape(4 * C, H // 2, W // 2), 0.0


def unsqueeze(z):
    C, H, W = z.shape
    return z.reshape(C // 4, 2, 2, H, W).transpose(0, 3, 1, 4, 2).reshape(C // 4, 2 * H, 2 * W), 0.0


def multi_scale_inverse(x, near, far):
    """z (D,) and log|det dz/dx|: equation (8). A level is a pair (forward, inverse); `near` is next to the data."""
    h, total = near[1](x)
    on, leaves = np.split(h, 2)
    z_0, log_det = far[1](on)
    return np.concatenate([z_0.ravel(), leaves.ravel()]), total + log_det


def multi_scale_forward(z, near, far, shape):
    """The inverse of (8). `shape`: that of one half of the channels between the levels."""
    z_0, z_1 = (part.reshape(shape) for part in np.split(z, 2))
    on, total = far[0](z_0)
    x, log_det = near[0](np.concatenate([on, z_1]))
    return x, total + log_det


def masks_drawn(axes):
    """What is kept, as pixels of the image, on a digit."""
    x, odd = nf.data.load("digits").images("test")[3, 0], checkerboard(1, 8, 8)[0]
    upper = unsqueeze(channel_mask([1, 1, 0, 0], 4))[0][0]
    names = "checkerboard\n", "checkerboard,\nflipped", "channels 0 and 1,\nafter a squeeze", "channels 1 and 2:\nwrong"
    for k, (ax, name, mask) in enumerate(zip(axes, names, (odd, 1 - odd, upper, odd), strict=True)):
        ax.imshow(x, cmap="gray_r", vmin=0, vmax=24)
        ax.imshow(np.ma.masked_equal(mask, 0), cmap=ListedColormap([plot.RED if k == 3 else plot.BLUE]), alpha=0.5)
        blocks = np.arange(1.5, 7, 2) if k > 1 else ()
        ax.set(xticks=blocks, yticks=blocks, title=name)
        ax.grid(color="black", linewidth=0.7)
        ax.tick_params(length=0, labelbottom=False, labelleft=False)
        ax.spines[:].set_visible(True)


def levels_drawn(ax):
    """What leaves where, for digits and two levels. A square has the size of its image, in pixels."""
    squares = [(0, 0, 8, "$y$: 1 x 8 x 8", "0.85"), (22.5, 2, 4, "$h_1$: 2 x 4 x 4", "0.85")]
    squares += [(22.5, -7, 4, "", plot.ORANGE), (40, 3, 2, "$z_0$: 8 x 2 x 2\n32 numbers", plot.BLUE)]
    for left, bottom, n, name, color in squares:
        edges = left + np.arange(n + 1), bottom + np.arange(n + 1)
        ax.pcolormesh(*edges, np.zeros((n, n)), cmap=ListedColormap([color]), edgecolors="black", linewidth=0.3)
        ax.text(left + n / 2, bottom + n + 0.5, name, ha="center", va="bottom")
    for start, end in (((8.6, 4), (21.9, 4)), ((27.1, 4), (39.4, 4)), ((24.5, 1.5), (24.5, -2.4))):
        ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "linewidth": 1.2})
    ax.text(15.2, 4.4, "level 2: the logit,\nsqueeze, couplings", ha="center", va="bottom", fontsize=8)
    ax.text(33.2, 4.4, "level 1: squeeze,\ncouplings", ha="center", va="bottom", fontsize=8)
    ax.text(27.4, -5, "$z_1$: 2 x 4 x 4\n32 numbers leave", va="center")
    ax.set(xlim=(-0.3, 46), ylim=(-7.5, 10), aspect="equal")
    ax.set_axis_off()


def picture_of_the_idea(options):
    figure, axes = plot.subplots(2, 4, height=2.35, height_ratios=(1, 1.25))
    masks_drawn(axes[0])
    for ax in axes[1]:
        ax.remove()
    levels_drawn(figure.add_subplot(axes[0, 0].get_gridspec()[1, :]))
    options.save(figure, "ch12_idea")


if __name__ == "__main__":
    picture_of_the_idea(options)

# %% [markdown]
# *Figure `ch12_idea`.* Above, tinted: the pixels that a mask keeps. The third is a channel mask after the squeeze, drawn on the image before it (lines: the blocks). The fourth keeps the two channels with $i + j = 1$: the checkerboard again, so it keeps the same pixels once more. Below: two levels. A square is as large as its image, in pixels.
#
# **ActNorm.** One scale and shift for each channel, at all $H W$ pixels. A batch of data sets them at the start, so that each channel has mean 0 and variance 1; then they are ordinary parameters.
#
# $$x_{c, p} = e^{s_c} z_{c, p} + t_c, \qquad \log|\det| = H W \sum_c s_c, \qquad p: \text{a pixel}. \tag{9}$$
#
# **Invertible $1 \times 1$ convolution.** One matrix mixes the channels at each pixel, $x_{:,p} = A z_{:,p}$. It takes the place of a permutation, and is learned. For two channels and two pixels, in the order $(c, p) = (1,1), (1,2), (2,1), (2,2)$,
#
# $$J = \begin{pmatrix} a_{11} & 0 & a_{12} & 0 \\ 0 & a_{11} & 0 & a_{12} \\ a_{21} & 0 & a_{22} & 0 \\ 0 & a_{21} & 0 & a_{22} \end{pmatrix} = A \otimes I, \qquad \log|\det J| = H W \log|\det A| = H W \sum_c \log|U_{cc}| \ \text{ for } A = P L U. \tag{10}$$
#
# $P$ is a permutation, $L$ has ones on its diagonal, and $U$ is upper triangular (chapter 02). So the determinant costs $C$ additions.
#
# **A whole convolution** is linear too: with a kernel of offsets $d$ and zeros outside of the image,
#
# $$x_p = \sum_d K_d\, z_{p + d}, \qquad M_{(c, p), (c', q)} = K_{c c', q - p}. \tag{11}$$
#
# Its Jacobian is the matrix $M$, of $D \times D$ numbers, and its determinant may be 0. The blur of nine ones has no inverse on $8 \times 8$ pixels: along each axis it multiplies a sine wave by $1 + 2\cos(k \pi/9)$, which is 0 for $k = 6$. **Mask the kernel**: keep $K_d$ only for pixels that one reads before $p$, and a matrix $A$ at $d = 0$. In that order of pixels $M$ is block triangular with $A$ in each diagonal block, so
#
# $$\log|\det M| = H W \log|\det A|, \qquad z_p = A^{-1}\Bigl(x_p - \sum_{d \text{ before}} K_d\, z_{p + d}\Bigr), \quad \text{the first pixel first.} \tag{12}$$
#
# That is back-substitution: one pass forward, one step for each pixel back. One masked convolution sees only what comes before. An *emerging* convolution is two of them, in opposite orders, and sees all sides.


# %%
def actnorm(z, s, t):
    """Equation (9)."""
    return np.exp(s)[:, None, None] * z + t[:, None, None], z[0].size * s.sum()


def actnorm_inverse(x, s, t):
    return np.exp(-s)[:, None, None] * (x - t[:, None, None]), -x[0].size * s.sum()


def conv1x1(z, order, L, U):
    """Equation (10): A = P L U, P takes the rows in the given order."""
    return np.tensordot((L @ U)[order], z, axes=1), z[0].size * np.log(np.abs(np.diag(U))).sum()


def conv1x1_inverse(x, order, L, U):
    """The inverse of (10)."""
    z = np.tensordot(np.linalg.inv((L @ U)[order]), x, axes=1)
    return z, -x[0].size * np.log(np.abs(np.diag(U))).sum()


def conv_matrix(K, H, W):
    """M (C H W, C H W) of a kernel K (C, C, k, k): equation (11)."""
    C, r = len(K), K.shape[2] // 2
    M = np.zeros((C, H, W, C, H, W))
    for h, w, i, j in np.ndindex(H, W, *K.shape[2:]):
        row, column = h + i - r, w + j - r
        if 0 <= row < H and 0 <= column < W:
            M[:, h, w, :, row, column] = K[:, :, i, j]
    return M.reshape(C * H * W, C * H * W)


def masked(K, turned=False):
    """K with zeros after its centre; turned: before it."""
    order, middle = np.arange(K[0, 0].size).reshape(K.shape[2:]), K[0, 0].size // 2
    return K * (order >= middle if turned else order <= middle)


def convolve(z, K):
    """Equation (11) at every pixel, and log|det| by (12): for a masked K."""
    k, (_, H, W) = K.shape[2], z.shape
    wide = np.pad(z, ((0, 0), (k // 2, k // 2), (k // 2, k // 2)))
    x = sum(np.tensordot(K[:, :, i, j], wide[:, i : i + H, j : j + W], 1) for i, j in np.ndindex(k, k))
    return x, H * W * np.linalg.slogdet(K[:, :, k // 2, k // 2])[1]


def back_substitute(x, K):
    """The inverse of a masked convolution, pixel by pixel: equation (12). The last pixel first, where K is turned."""
    k, (_, H, W) = K.shape[2], x.shape
    r, A, first_row = k // 2, K[:, :, k // 2, k // 2], K[:, :, 0]
    wide = np.zeros((len(x), H + 2 * r, W + 2 * r))
    for h, w in list(np.ndindex(H, W))[:: 1 if first_row.any() else -1]:
        seen = np.tensordot(K, wide[:, h : h + k, w : w + k], 3)  # this pixel is still 0 in it
        wide[:, h + r, w + r] = np.linalg.solve(A, x[:, h, w] - seen)
    return wide[:, r : H + r, r : W + r], -H * W * np.linalg.slogdet(A)[1]


def convolutions_drawn(options):
    rng = np.random.default_rng(options.seed)
    K = rng.normal(size=(1, 1, 3, 3)) + 2 * (np.indices((3, 3)).sum(axis=0) == 2) * np.eye(3)[1]
    full, first, second = (conv_matrix(kernel, 4, 4) for kernel in (K, masked(K), masked(K, turned=True)))
    figure, axes = plot.subplots(1, 4, height=1.9)
    names = "convolution", "masked", "masked, turned", "emerging"
    for ax, name, M in zip(axes, names, (full, first, second, second @ first), strict=True):
        image = ax.imshow(np.where(M == 0, np.nan, M), cmap="RdBu_r", vmin=-4, vmax=4)
        ax.set(title=name, xticks=(), yticks=(), xlabel="pixel of $z$")
        ax.spines[:].set_visible(True)
    axes[0].set_ylabel("pixel of $x$")
    figure.colorbar(image, ax=axes, shrink=0.7, extend="both")
    options.save(figure, "ch12_convolution")
    blur = np.linalg.svd(conv_matrix(np.ones((1, 1, 3, 3)), 8, 8), compute_uv=False)
    print(f"  the blur on 8 x 8: {np.sum(blur < 1e-12)} of 64 singular values are 0")
    assert np.sum(blur < 1e-12) > 0


if __name__ == "__main__":
    convolutions_drawn(options)

# %% [markdown]
# *Figure `ch12_convolution`.* The matrices (11) of kernels of $3 \times 3$ on images of $4 \times 4$; zeros are white. A convolution has entries on both sides of the diagonal. The masked ones are triangular. Their product, the emerging one, has both sides again.
#
# ## Check it
#
# Each map at one image, against a numeric Jacobian (J), its own inverse (R), the sum of the two log-determinants (X), and the package's layer (=). N: the probabilities (1) of one pixel's 17 values, and what the logit (4) leaves outside of them, must add up to 1. More than $10^{-8}$ (J and N: $10^{-6}$) gets a mark.


# %%
def numeric_jacobian(f, z, h=1e-3):
    """df/dz at one point of any shape, by central differences of fourth order."""
    columns = []
    for e in np.eye(z.size).reshape(-1, *z.shape) * h:
        columns.append(((8 * (f(z + e) - f(z - e)) - (f(z + 2 * e) - f(z - 2 * e))) / (12 * h)).ravel())
    return np.stack(columns, axis=1)


def off(a, b):
    return float(np.max(np.abs(np.asarray(a) - np.asarray(b))) / max(1.0, np.max(np.abs(b))))


def errors_of_map(forward, inverse, z):
    """R, X, J of a map and its inverse at z."""
    x, log_det = forward(z)
    back, log_det_back = inverse(x)
    J, J_back = numeric_jacobian(lambda a: forward(a)[0], z), numeric_jacobian(lambda a: inverse(a)[0], x, 1e-5)
    pairs = (log_det, np.linalg.slogdet(J)[1]), (log_det_back, np.linalg.slogdet(J_back)[1])
    return {"R": off(back, z), "X": abs(log_det + log_det_back), "J": max(abs(a - b) for a, b in pairs)}


def pair(forward, inverse, *parameters):
    """(forward, inverse) with these parameters, as functions of one image."""
    return (lambda z: forward(z, *parameters)), (lambda x: inverse(x, *parameters))


def chain(*pairs):
    """One pair of several, in the order in which z meets them."""

    def run(maps, z, total=0.0):
        for f in maps:
            z, log_det = f(z)
            total = total + log_det
        return z, total

    return (lambda z: run([f for f, _ in pairs], z)), (lambda x: run([g for _, g in pairs[::-1]], x))


def triangles(a, below, above):
    """L and U (2, 2) of (10), with the diagonal e^a of U."""
    return np.array([[1, 0], [below, 1]]), np.array([[np.exp(a[0]), above], [0, np.exp(a[1])]])


def maps_of_this_chapter(rng, shape=(2, 4, 4)):
    """{name: (forward, inverse), the package's layer, its parameters}."""
    plu, emerging = nf.PLU(2, seed=1, max_log_scale=1e6), nf.EmergingConv(shape)
    p, (s, t), K = check.random_params(plu, rng), rng.normal(size=(2, 2)), check.random_params(emerging, rng, 0.3)
    p["shift"], kernels = np.zeros(2), np.zeros((2, 2, 2, 9))
    for params, kernel in zip(K, kernels, strict=True):
        params["centre"]["shift"] = np.zeros(2)
        kernel[:, :, :4], kernel[:, :, 4] = params["before"], nf.Triangular(2).matrix(params["centre"])
    kernels[1] = kernels[1, :, :, ::-1]  # the other order
    first, second = (pair(convolve, back_substitute, kernel.reshape(2, 2, 3, 3)) for kernel in kernels)
    mixed = pair(conv1x1, conv1x1_inverse, plu.order, *triangles(p["log_diagonal"], p["lower"][0], p["upper"][0]))
    levels, moved = (nf.Conv1x1(shape, plu), nf.Squeeze((1, 8, 8))), (unsqueeze, squeeze)
    deep = (lambda z: multi_scale_forward(z, moved, mixed, shape)), (lambda x: multi_scale_inverse(x, moved, mixed))
    return {
        "logit (4)": (pair(levels_of_logit, logit_of_levels, 17, 0.01), nf.PixelLevels(shape, 17, 0.01), {}),
        "squeeze (7)": (moved, nf.Squeeze(shape), {}),
        "ActNorm (9)": (pair(actnorm, actnorm_inverse, s, t), nf.ActNorm(shape), {"log_scale": s, "shift": t}),
        "1x1, PLU (10)": (mixed, nf.Conv1x1(shape, plu), p),
        "masked (12)": (first, nf.MaskedConv(shape), K[0]),
        "emerging": (chain(first, second), emerging, K),
        "multi-scale (8)": (deep, nf.MultiScale(levels), [p, {}]),
    }


def one_pixel(V=17, alpha=0.25 / 17, cells=200_000):
    """N: the sum of (1) over one pixel's values, plus the mass that a normal logit leaves outside of them."""
    from scipy.special import ndtr

    y = V * (np.arange(cells) + 0.5) / cells
    ell = np.log(s := alpha + (1 - 2 * alpha) * y / V) - np.log(1 - s)
    log_slope = np.log(1 - 2 * alpha) - np.log(V) - np.log(s * (1 - s))  # (5)
    p = np.exp(-0.5 * ell**2 - 0.5 * np.log(2 * np.pi) + log_slope)
    return abs(p.mean() * V + 2 * ndtr(np.log(alpha / (1 - alpha))) - 1)


def matrix(title, rows, allowed):
    """Print errors by check letter; return the letters that fail, by row."""
    letters = list(allowed)
    print(f"  {title:26}" + "".join(f"{letter:>10}" for letter in letters))
    failed = {}
    for name, row in rows.items():
        failed[name] = "".join(k for k in letters if k in row and not row[k] <= allowed[k])
        cells = (f"{row[k]:9.0e}{'!' if k in failed[name] else ' '}" if k in row else f"{'':10}" for k in letters)
        print(f"  {name:26}" + "".join(cells))
    return failed


def check_one_image(options):
    nf.use(dtype="float64")
    rng, rows = np.random.default_rng(options.seed), {}
    for name, (maps, layer, params) in maps_of_this_chapter(rng).items():
        z = rng.normal(size=layer.in_shape)
        theirs = layer.forward(params, z[None])
        rows[name] = errors_of_map(*maps, z)
        rows[name]["="] = max(off(ours, other[0]) for ours, other in zip(maps[0](z), theirs, strict=True))
    K, z = rng.normal(size=(2, 2, 3, 3)), rng.normal(size=(2, 4, 4))
    rows["convolution (11)"] = {"=": off(conv_matrix(K, 4, 4) @ z.ravel(), convolve(z, K)[0].ravel())}
    rows["checkerboard"] = {"=": off(checkerboard(2, 4, 4), np.array(nf.checkerboard_mask((2, 4, 4)), dtype=float))}
    rows["one pixel (1)"] = {"N": one_pixel()}
    assert not any(matrix("one image", rows, {"R": 1e-8, "X": 1e-8, "J": 1e-6, "N": 1e-6, "=": 1e-8}).values())


if __name__ == "__main__":
    check_one_image(options)

# %% [markdown]
# ## Museum
#
# Six mistakes, five of them from published code, planted in a flow of two levels on images of $4 \times 4$ pixels with 17 values: logit, checkerboard coupling, squeeze, channel coupling, ActNorm, split, $1 \times 1$ convolution. T counts the numbers of $z$ that depend on fewer than two pixels, O the numbers of $z$ that do not matter for the image, and I asks how much an image's $\log p$ depends on the images that the flow meets first after loading. *Predict* which mistakes pass every test of invertibility.


# %%
V, ALPHA, N_Z = 17, 0.05, 16
MISTAKES = {"none": "", "H W missing": "J", "log 16 for log 17": "J", "log(1 - 2 alpha) missing": "J"}
MISTAKES |= {"z_1 dropped": "RJO", "ActNorm set again": "I", "parity after the squeeze": "T"}


def coupling(z, keep, net, sign=1):
    """Chapter 04 (6) on an image; sign -1: its inverse. keep: 1 where a pixel is kept. net: two matrices."""
    s, t = ((1 - keep) * np.tanh(W @ (keep * z).ravel()).reshape(z.shape) for W in net)
    return (np.exp(s) * z + t if sign > 0 else np.exp(-s) * (z - t)), sign * s.sum()


def coupling_inverse(x, keep, net):
    return coupling(x, keep, net, -1)


def tiny(seed, mistake="none", loaded_with=()):
    """(forward, inverse) of the small flow, with a mistake; loaded_with: the first images (levels) it then sees."""
    rng, kept = np.random.default_rng(seed), [0, 1, 1, 0] if mistake == "parity after the squeeze" else [1, 1, 0, 0]
    nets, s, t = rng.normal(size=(2, 2, N_Z, N_Z)) / 4, 0.3 + 0.1 * rng.normal(size=4), 0.5 * rng.normal(size=4)
    upper = pair(coupling, coupling_inverse, checkerboard(1, 4, 4), nets[0])
    lower = pair(coupling, coupling_inverse, channel_mask(kept, 2), nets[1])
    before = chain(lower, (unsqueeze, squeeze), upper, pair(levels_of_logit, logit_of_levels, V, ALPHA))
    if mistake == "ActNorm set again" and len(loaded_with):
        seen = np.concatenate([before[1](y)[0].reshape(4, -1) for y in loaded_with], axis=1)
        s, t = np.log(seen.std(axis=1)), seen.mean(axis=1)
    wrong = {"log 16 for log 17": N_Z * np.log(17 / 16), "log(1 - 2 alpha) missing": -N_Z * np.log(1 - 2 * ALPHA)}
    extra = {**wrong, "H W missing": 3 * s.sum()}.get(mistake, 0.0)  # in the log-det of x -> z
    near = chain((lambda z: (z, -extra), lambda x: (x, extra)), pair(actnorm, actnorm_inverse, s, t), before)
    far = pair(conv1x1, conv1x1_inverse, np.array([1, 0]), *triangles([0.4, -0.2], 0.0, 0.4))
    there = 1.0 - (np.arange(N_Z) >= N_Z // 2) * (mistake == "z_1 dropped")
    forward = lambda z: multi_scale_forward(there * z, near, far, (2, 2, 2))  # noqa: E731
    return forward, lambda x: multi_scale_inverse(x, near, far)


def errors_of_tiny(mistake, seed):
    def log_prob(which, loaded_with=()):
        z, log_det = tiny(seed, which, loaded_with)[1](images[0, 0])
        return -0.5 * z @ z + log_det  # up to a constant

    rng, (forward, inverse) = np.random.default_rng(seed), tiny(seed, mistake)
    z, images = 0.5 * rng.normal(size=N_Z), rng.integers(0, V, (2, 8, 1, 4, 4)) + rng.random((2, 8, 1, 4, 4))
    errors = errors_of_map(forward, inverse, z)
    J, J_back = numeric_jacobian(lambda a: forward(a)[0], z), numeric_jacobian(lambda a: inverse(a)[0], images[0, 0])
    errors["O"] = np.sum(np.linalg.svd(J, compute_uv=False) < 1e-8)
    errors["T"] = np.sum(np.sum(np.abs(J_back) > 1e-8, axis=1) < 2)
    errors["I"] = abs(log_prob(mistake, images[0]) - log_prob(mistake, images[1]))
    if mistake != "parity after the squeeze":  # that is a right density, of another model
        errors["bits/dim"] = abs(bits_per_dim(log_prob(mistake, images[0]) - log_prob("none"), N_Z))
    return errors


def museum(options):
    rows = {mistake: errors_of_tiny(mistake, options.seed) for mistake in MISTAKES}
    allowed = {"R": 1e-8, "X": 1e-8, "J": 1e-4, "O": 0, "T": 0, "I": 1e-8, "bits/dim": np.inf}
    assert matrix("mistake", rows, allowed) == MISTAKES


if __name__ == "__main__":
    museum(options)

# %% [markdown]
# - **$H W$ missing.** ActNorm's log-determinant counts each channel once (TensorFlow Probability, issue 238, for batch normalisation).
# - **$\log 16$ for $\log 17$**: 255 or 256 bins (rosinality/glow-pytorch, issue 17).
# - **$\log(1 - 2\alpha)$ missing.** In a widely used tutorial the way back did not undo its $\alpha$. Its own test failed, and the text blamed numerical inaccuracy, until a reader found the term (phlippe/uvadlc_notebooks, issue 57).
# - **$z_1$ dropped.** Images are made from $z_0$ alone. The density is right, but an image does not come back from its $z$ (chaiyujin/glow-pytorch, issue 20, asks why), and the draws are not the model's.
# - **ActNorm set again.** The flag "is initialised" was not saved, so the first batch after loading sets $s$ and $t$ anew (rosinality/glow-pytorch, issue 6). Each such flow is right, but not the one that was trained.
# - **Parity.** After the squeeze the mask keeps what the checkerboard has kept, as in the fourth panel of the idea. All formulas hold, but four numbers of $z$ are one pixel each, which no coupling has touched.
#
# The round trip finds one of six. In the last two rows even the numeric Jacobian passes: ask what should not change from batch to batch, and what should depend on what. The package keeps ActNorm's state in its parameters alone, so loading cannot set it again.
#
# ## Experiment 1: digits as images
#
# The digits of chapters 04 and 05: 1,257 images train, 270 choose the step, 270 test; 17 grey levels, and the same frozen noise, so that bits can be compared image by image. Beside two image flows stand chapter 04's Gaussian mixture and dense RealNVP, fitted again. `nf.flows.glow` and `nf.flows.real_nvp_image` take whole numbers as they are, and add the noise themselves. *Predict*: what do convolutions gain over a dense network?


# %%
SHAPE, VALUES, SHARES = (1, 8, 8), 17, np.linspace(0, 1, 7)


def warmed(done):
    """The factor on the rate: it rises in the first twentieth of the steps, and falls along a cosine."""
    return min(1.0, 20 * done) * nf.cosine(done)


def fit_images(model, data, seed, steps):
    settings = {"optimizer": nf.adam(1e-2, weight_decay=1.0), "batch_size": 64, "clip": 50.0, "progress": False}
    x, held_out = data.images("train"), data.images("validation")
    return nf.fit(model, x, rng=seed, validation=held_out, steps=steps, schedule=warmed, **settings).params


def in_bits(log_p):
    """(6) for digits, from the log-probabilities (N,) of images."""
    return bits_per_dim(nf.to_numpy(log_p).astype(float), 64)


def image_bits(model, params, y):
    """Of each row of levels y (N, 64), whole numbers and uniform noise: (2)."""
    return in_bits(model.flow.log_prob(model.flow_params(params), y.reshape(-1, *SHAPE)))


def opponents(data, seed, fast):
    """The Gaussian mixture and the dense RealNVP of chapter 04: bits on validation and test rows, and parameters."""
    from sklearn.mixture import GaussianMixture

    train = data.jittered(np.random.default_rng(seed), np.tile(data.train, (1 if fast else 5, 1)))
    settings = {"covariance_type": "diag", "reg_covar": 0.1, "tol": 10.0 if fast else 1e-3}  # chapter 04's choice of 12
    mixture = GaussianMixture(60, random_state=seed, **settings).fit(train)
    still = {"activation": "tanh", "gain": 1.0, "whiten": "diagonal", "max_log_scale": 1.0}
    flow = nf.flows.real_nvp(64, layers=8, hidden=(128,), base=nf.StandardNormal(64), **still)
    fit = {"jitter": data.jitter, "optimizer": nf.adam(1e-3, weight_decay=5.0), "clip": 50.0, "progress": False}
    params = nf.fit(flow, data.train, rng=seed, validation=data.validation, steps=8 if fast else 1000, **fit).params
    of = {"Gaussian mixture": mixture.score_samples, "RealNVP, dense": lambda y: flow.log_prob(params, y)}
    sizes = {"Gaussian mixture": mixture._n_parameters(), "RealNVP, dense": nf.trees.count(params)}
    return {
        name: [*(in_bits(log_p(y)) for y in (data.validation, data.test)), sizes[name]] for name, log_p in of.items()
    }


def digits(options):
    nf.use(dtype=options.dtype or "float32")
    data, steps = nf.data.load("digits"), 8 if options.fast else 400
    assert (len(data.train), len(data.validation), len(data.test)) == (1257, 270, 270)
    models = {"RealNVP": nf.flows.real_nvp_image(SHAPE, hidden=16, blocks=1, values=VALUES)}
    models["Glow"] = nf.flows.glow(SHAPE, depth=4, hidden=32, values=VALUES)
    scores, fitted = opponents(data, options.seed, options.fast), {}
    for name, model in models.items():
        fitted[name] = fit_images(model, data, options.seed, steps)
        bits = (image_bits(model, fitted[name], part) for part in (data.validation, data.test))
        scores[name] = [*bits, nf.trees.count(fitted[name])]
    dense = scores["RealNVP, dense"][1]
    print(f"  {'bits per dimension':20}{'validation':>12}{'test':>9}{'less than dense':>22}{'parameters':>12}")
    for name, (validation, test, size) in scores.items():
        less = f"{nf.evaluate.paired(dense, test):.3f}"
        print(f"  {name:20}{validation.mean():12.3f}{test.mean():9.3f}{less:>22}{size:12,}")
        assert options.fast or name not in models or (dense - test).mean() > 0.25
    terms = models["Glow"].log_prob_terms(fitted["Glow"], data.images("test"))
    print("  Glow, term by term, as in (6), with other noise:")
    print(nf.evaluate.bits_per_dim(terms, 64))
    return data, models, fitted


if __name__ == "__main__":
    of_digits = digits(options)

# %% [markdown]
# The dense flow has three times as many parameters as Glow, and to it each pixel is a variable of its own. A convolution is told that neighbours belong together, and that a stroke is a stroke everywhere. The image flows need about 0.4 bits less for each of 64 pixels: 18 nats an image. Chapter 05's flows are in between: MAF has 2.39 bits on the same noise, and MADE with mixtures 2.27 (`benchmarks/digits_images.py`; its longer runs of the image flows end at 2.02 and 2.05). Of the terms of (6), the first is the price of the units, $\log_2 17$. The third, the logit's slope, which is large at black and white pixels, gains most of it back.
#
# ## Draws, at four temperatures
#
# Draws often look rough. Glow's authors draw from a narrower base,
#
# $$z = T \epsilon, \qquad \epsilon \sim N(0, I), \qquad T \leq 1. \tag{13}$$
#
# At $T = 0$ there is one image, that of $z = 0$. The draws are no longer draws of $p$: where all layers keep volume they have a density in proportion to $p^{1/T^2}$, and elsewhere another one. *Predict*: does a draw at $T = 0.7$ cost more or fewer bits than a test image?


# %%
def drawn(model, params, rng, n, T=1.0):
    """n images at the temperature T: (13)."""
    z = nf.backend.asarray(T * rng.normal(size=(n, 64)))
    return model.pixels(nf.to_numpy(model.flow.bijection.forward(params["bijection"], z)[0]))


def draws_shown(options, data, models, fitted):
    rng, test, glow = np.random.default_rng(options.seed), data.images("test"), models["Glow"]
    bits = lambda x: in_bits(glow.log_prob(fitted["Glow"], x)).mean()  # noqa: E731
    sheets, found = {"test images": test, "RealNVP, $T = 1$": drawn(models["RealNVP"], fitted["RealNVP"], rng, 20)}, []
    for T in (1.0, 0.85, 0.7, 0.5):
        sheets[f"Glow, $T = {T:g}$"] = drawn(glow, fitted["Glow"], rng, 20 if options.fast else 500, T)
        found.append(bits(sheets[f"Glow, $T = {T:g}$"]))
    print(f"  bits/dim by Glow: test images {bits(test):.2f}, draws at T = 1, 0.85, 0.7, 0.5: {np.round(found, 2)}")
    assert options.fast or found[0] > bits(test) + 0.1 > found[3]
    figure, axes = plot.subplots(2, 3, height=1.95)
    for ax, (title, x) in zip(axes.ravel(), sheets.items(), strict=True):
        plot.image_rows(ax, x[:20, 0], (8, 8), columns=5, low=0, high=16)
        ax.set_title(title)
    options.save(figure, "ch12_draws")


if __name__ == "__main__":
    draws_shown(options, *of_digits)

# %% [markdown]
# *Figure `ch12_draws`.* All on one grey scale. Compare the rows from $T = 1$ to $T = 0.5$: the draws become alike, and their holes fill.
#
# At $T = 1$ and still at 0.7 the draws cost *more* bits than test images. A model that had learned the data exactly would give both the same. At $T = 0.5$ they cost about as many, and few of them can be read. Faces drawn by Glow look better at 0.7, so people take a low temperature for a free gain. It draws nearer to the image of $z = 0$. For faces that may be a face; the middle of ten digits is no digit.
#
# ## Between two images
#
# The inverse of a flow gives every image its $z$, exactly. So there is a path between two images: go from $z_a$ to $z_b$ in the latent space, and map each point back. On the straight line the middle of two independent normals has variance $\frac12$: its length is that of a draw at $T = 0.7$. Divide by the spread, and the variance is 1 everywhere:
#
# $$z(t) = \frac{(1 - t)\, z_a + t\, z_b}{\sqrt{(1 - t)^2 + t^2}}. \tag{14}$$
#
# Beside it: the straight line in pixels, $(1 - t)\,x_a + t\,x_b$. *Predict*: which has the more probable middle, by the model?


# %%
def between(z_a, z_b, t):
    """Equation (14)."""
    return ((1 - t) * z_a + t * z_b) / np.sqrt((1 - t) ** 2 + t**2)


def interpolations(options, data, models, fitted):
    glow, params, rng = models["Glow"], fitted["Glow"], np.random.default_rng(options.seed)
    map_of, layers, x = glow.flow.bijection, params["bijection"], data.images("test")
    z = nf.to_numpy(map_of.inverse(layers, nf.backend.asarray(x + rng.random(x.shape)))[0]).astype(float)
    places = [np.flatnonzero(data.labels["test"] == k) for k in range(10)]
    a, b = np.array([p[0] for p in places]), np.roll([p[1] for p in places], 3)  # 0 to 7, 1 to 8, 2 to 9, 3 to 0, ...
    path = nf.backend.asarray(np.concatenate([between(z[a], z[b], t) for t in SHARES]))
    latent = glow.pixels(nf.to_numpy(map_of.forward(layers, path)[0])).reshape(7, 10, *SHAPE)
    pixels = np.stack([np.round((1 - t) * x[a] + t * x[b]) for t in SHARES])
    assert options.fast or np.mean(latent[0] == x[a]) > 0.99
    bits = [in_bits(glow.log_prob(params, part)) for part in (latent[3], pixels[3], x[np.append(a, b)])]
    print(f"  length of z / sqrt(64), test images: {np.linalg.norm(z, axis=1).mean() / 8:.2f}; bits/dim in the middle:")
    less = nf.evaluate.paired(bits[1], bits[0])
    print("  latent {:.2f}, pixels {:.2f}; at the ends {:.2f};".format(*(part.mean() for part in bits)), end=" ")
    print(f"latent less than pixels: {less:.2f}")
    assert options.fast or (0 < less.mean < 0.3 and abs(less.error - 0.07) < 0.04)
    figure, axes = plot.subplots(1, 2, height=3.1)
    for ax, title, images in zip(axes, ("latent space (14)", "straight line in pixels"), (latent, pixels), strict=True):
        rows = images[:, :7, 0].transpose(1, 0, 2, 3).reshape(-1, 8, 8)
        plot.image_rows(ax, rows, (8, 8), columns=7, low=0, high=16)
        ax.set_title(title)
    options.save(figure, "ch12_between")


if __name__ == "__main__":
    interpolations(options, *of_digits)

# %% [markdown]
# *Figure `ch12_between`.* Seven pairs of test digits. In pixels both are seen at once in the middle, each in half of its ink. In the latent space strokes move and bend, though not every step is a digit.
#
# The model gives the middle images of the latent path 0.15 ± 0.07 bits less, over ten pairs. The ends are exact: a flow needs no decoder. ($z$ belongs to $x + u$, so we drew a $u$ for each end.)
#
# ## Experiment 2: what the squeeze and the scales buy
#
# Four couplings, and four ways to stack them: with checkerboards on the full image; on an image squeezed once; squeezed twice, all channels to the end; and squeezed twice with half of the channels leaving in between. Their networks have so many hidden channels (printed) that all four are of one size; the fifth row has the third's. Three seeds, short runs: only the differences count, image by image. *Predict* the order.


# %%
def stacked(kind, width):
    """A model of four couplings, stacked as `kind` says, with networks of `width` hidden channels."""
    network = nf.ConvNet((width, width), "relu", (3, 1, 3))

    def steps(shape, masks, *mixing):
        return [b for m in masks for b in (nf.Coupling(nf.Affine(), m, network), *mixing, nf.ActNorm(shape))]

    def level(shape, count):
        inner = nf.Squeeze(shape).in_shape
        return [*steps(inner, [nf.channel_mask(inner)] * count, nf.Inverse(nf.Conv1x1(inner))), nf.Squeeze(shape)]

    boards = [nf.checkerboard_mask(SHAPE, flip=k % 2 == 1) for k in range(4)]
    levels = {"on pixels": [steps(SHAPE, boards)], "squeezed once": [level(SHAPE, 4)]}
    levels["squeezed twice"] = [level((4, 4, 4), 2) + level(SHAPE, 2)]
    levels["multi-scale"] = [level((2, 4, 4), 2), level(SHAPE, 2)]
    scales = nf.MultiScale([nf.Chain(layers) for layers in levels[kind]])
    flow = nf.Flow(nf.StandardNormal(64), nf.Chain([scales, nf.PixelLevels(SHAPE, VALUES)]))
    return nf.Dequantized(flow, values=VALUES)


def compared(models, scores, steps, data, options):
    """Fit each model with three seeds. Print bits by each score, and what a model gains over the one before it."""
    gains, before = [], {}
    for name, model in models.items():
        start, seeds = time.process_time(), range(options.seed, options.seed + (1 if options.fast else 3))
        fits = [fit_images(model, data, seed, 6 if options.fast else steps) for seed in seeds]
        print(f"  {name:19}{nf.trees.count(fits[0]):7,} parameters, {(time.process_time() - start) / len(fits):4.1f} s")
        for score, of in scores.items():
            bits, gained = np.array([of(model, params) for params in fits]), ""  # (seeds, images)
            gain, before[score] = before.get(score, np.nan) - bits, bits
            gains.append(gain.mean())
            if not np.isnan(gains[-1]):
                by_seed = " ".join(f"{g:.3f}" for g in gain.mean(axis=1))
                gained = f"   gain {nf.evaluate.mean_and_error(gain.mean(axis=0)):.3f}   by seed {by_seed}"
            print(f"    {score:20} {bits.mean():.3f}{gained}")
    return gains


def structures(options, data):
    kinds = [("on pixels", 39), ("squeezed once", 30), ("squeezed twice", 16), ("multi-scale", 24), ("multi-scale", 16)]
    models = {f"{kind}, {width}": stacked(kind, width) for kind, width in kinds}
    frozen = {"frozen noise": lambda model, params: image_bits(model, params, data.test)}
    gains = compared(models, frozen, 150, data, options)
    assert options.fast or min(gains[1:3]) > 0 > gains[3]  # squeezes gain; in runs as short as these the split loses


if __name__ == "__main__":
    structures(options, of_digits[0])

# %% [markdown]
# Both squeezes gain: after the second the image has $2 \times 2$ pixels of 16 channels, and a kernel of $3 \times 3$ sees all of it. *Letting half of them leave costs bits here*, and more where the networks stay as narrow. In longer runs of eight couplings (`benchmarks/digits_images.py`) it does not: the three gains are 0.064, 0.024 and 0.009 ± 0.004 bits, and Glow's prior, a coupling of what leaves by what goes on, gains 0.001 ± 0.002. What multi-scale buys in any case is work: half of the numbers pass through half of the layers.
#
# ## Experiment 3: noise that is learned
#
# The same small Glow with uniform noise, and with $q(u \mid x)$ of two coupling layers on $u$, whose networks see the image. A fresh $q$ is the uniform one exactly: a logistic $\epsilon$, layers that start as the identity, and a sigmoid. The bound is averaged over noise, and then tightened: with $K$ draws, $\log \frac1K \sum_k p(x + u_k)/q(u_k \mid x)$ rises to $\log P(x)$ (chapter 11 (12)). *Predict*: is the gain a better bound, or a better $P$?


# %%
def bound(K, repeats, data):
    """The bound of K draws, its mean over repeats."""

    def of(model, params):
        rng, x = np.random.default_rng(9), data.images("test")
        return np.mean([in_bits(model.log_prob(params, x, rng=rng, draws=K)) for _ in range(repeats)], axis=0)

    return of


def noises(options, data):
    flow = nf.flows.glow(SHAPE, depth=2, hidden=16, values=VALUES).flow
    learned, (few, many) = nf.flows.pixel_noise(SHAPE, layers=2, hidden=(16,)), (2, 4) if options.fast else (16, 64)
    models = {"uniform": nf.Dequantized(flow, None, VALUES), "learned": nf.Dequantized(flow, learned, VALUES)}
    scores = {"bound of 1 draw": bound(1, few, data), f"bound of {many} draws": bound(many, 1, data)}
    gains = compared(models, scores, 200, data, options)
    assert options.fast or 0.75 * gains[2] > gains[3] > 0


if __name__ == "__main__":
    noises(options, of_digits[0])

# %% [markdown]
# Both. The learned noise gains most in the bound of one draw, which is what training maximises and what papers report. With 64 draws both bounds are nearer to $\log P$, and the difference is smaller: at least two fifths of the gain were gap. What remains with ever more draws is a better $P$: the flow has been freed from drawing boxes. A larger Glow gains 0.1035 bits, and 0.0581 by the bound of 256 draws (`benchmarks/digits_images.py`).
#
# ## Summary
#
# - A flow's density says nothing of whole numbers until it pays for a whole step of each: noise makes its mean log a lower bound of $\log P$, and learned noise a tighter one.
# - Every constant counts, and every pixel: a uniform image costs 8 bits, ActNorm and $1 \times 1$ convolutions have a factor $H W$.
# - Masks and masked convolutions keep the Jacobian triangular; the squeeze only moves numbers. Multi-scale is one bijection, whose $z$ leaves in parts.
#
# Chapter 13 asks which of two models is better when bits and eyes disagree.
#
# ## Exercises
#
# 1. (Paper.) Let $p(x + u) = 3u^2/2$ for $x = 0, 1$. What is $P$, what does uniform noise lose, and which $q$ loses nothing?
# 2. (15 lines.) Write `logit_of_levels` and its inverse. For $\alpha = 0$ and a logistic base, show that all images have the same $P$: 8 bits for $V = 256$.
# 3. (10 lines.) Write `squeeze` and `unsqueeze` without a loop.
# 4. (20 lines.) Write `multi_scale_inverse` and `multi_scale_forward` for three levels. Hint: call the ones for two levels.
# 5. (20 lines.) Write `convolve` and `back_substitute`. Which pixels can be solved at the same time? With $3 \times 3$ kernels, $2(H - 1) + W$ steps are enough.
# 6. (Paper.) On $n$ pixels in a row, the kernel $(1, 1, 1)$ multiplies $\sin(k \pi h/(n + 1))$ by $1 + 2\cos(k\pi/(n + 1))$. For which $n$ has it no inverse?
# 7. (10 minutes.) Draw images with $z_0$ of one digit and $z_1$ of another. What does each part decide?
# 8. (10 minutes.) Fit Glow with `mixing="emerging"`. What does it gain, and what does a draw cost?
#
# ## Where this differs from the papers
#
# - **$\alpha$.** RealNVP has 0.05. Here it is a quarter of a level, $1/4V$, so that a black pixel's noise is $\log 5 = 1.6$ wide in $\ell$: no spike, no long tail. On validation rows smaller values do as well, and a whole level costs 0.06 bits (`benchmarks/digits_images.py`).
# - **RealNVP** has batch normalisation and residual networks of 32 or 64 channels in 2 to 8 blocks; ours has ActNorm, and one block here. **Glow** has 32 steps a level and 512 channels. Its $P$ comes from a random rotation, ours from a seed.
# - **The prior** of what leaves: in Glow's code its mean and scale follow from what goes on; ours is one more coupling (`prior=True`).
# - **Flow++** has deeper noise, and couplings of logistic mixtures; ours are affine.
# - **Interpolation.** Glow's authors take the straight line between two $z$.
