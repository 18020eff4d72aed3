# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Change of variables: what a map does to a density
#
# **Question.** Draw a random number $z$ from a density that you know, and put it through an invertible function, $x = g(z)$. Which density does $x$ have? Every flow in this book applies the answer.
#
# **What you need.** Derivatives, determinants, the idea of a density, NumPy. Chapter 00 says what a flow is for, and what a nat is.
#
# **Convention.** $z$ is noise, with the *base* density $p_Z$; $x$ is data. *Forward* is $z \to x$, *inverse* is $x \to z$, and each direction reports the log-determinant *of the map that it just applied*.
#
# **Running time.** Four seconds on one core, with `--fast` or without.
#
# **References.** Tabak, Turner (2013), *A family of nonparametric density estimation algorithms*, doi:10.1002/cpa.21423. Rezende, Mohamed (2015), *Variational inference with normalizing flows*, arXiv:1505.05770. Kobyzev, Prince, Brubaker (2020), *Normalizing flows: an introduction and review of current methods*, arXiv:1908.09257. Papamakarios et al. (2021), arXiv:1912.02762.

# %%
import numpy as np

if __name__ == "__main__":
    import nfscratch as nf
    from nfscratch import chapter, check, plot

    options = chapter.options()

# %% [markdown]
# ## The idea, with numbers
#
# Let $z$ be uniform on $[0, 1]$: its density is 1 there. Put $x = 2z + 1$. Then $x$ is uniform on $[1, 3]$, an interval twice as long. The total probability is still 1, so the density must be $1/2$. The map *stretches* by 2, and the density becomes *thinner* by 2.
#
# A curved map stretches by a different amount at every point: near $z$ by the size of its slope, $|g'(z)|$. Take a thin strip of width $dz$ under the base density. It holds the probability $p_Z(z)\,dz$. The map carries it to a strip of width $|g'(z)|\,dz$, which holds the same probability. So its height is $p_Z(z)/|g'(z)|$.


# %%
def standard_normal_log_prob(z):
    """log N(z; 0, 1) for every number in z."""
    return -0.5 * z**2 - 0.5 * np.log(2 * np.pi)


def picture_of_the_idea(options):
    def g(z):
        return z + 0.9 * np.tanh(2 * z)

    def slope(z):
        return 1 + 1.8 * (1 - np.tanh(2 * z) ** 2)

    z = np.linspace(-2.6, 2.6, 601)
    p_z = np.exp(standard_normal_log_prob(z))
    p_x = p_z / slope(z)
    end = 3.7
    figure, axes = plot.subplots(1, 3, height=2.3)
    for k, (low, high) in enumerate([(-1.5, -1.2), (-0.15, 0.15), (1.2, 1.5)]):
        strip = (z >= low) & (z <= high)
        color = (plot.ORANGE, plot.GREEN, plot.RED)[k]
        axes[0].fill_between(z[strip], p_z[strip], color=color)
        axes[1].fill_between(z[strip], g(z[strip]), -end, color=color, alpha=0.35, linewidth=0)
        axes[1].fill_betweenx(g(z[strip]), -end, z[strip], color=color, alpha=0.35, linewidth=0)
        axes[2].fill_between(g(z[strip]), p_x[strip], color=color)
    axes[0].plot(z, p_z)
    axes[1].plot(z, g(z))
    axes[2].plot(g(z), p_x)
    axes[0].set(title="base density", xlabel="$z$", ylabel="$p_Z(z)$", ylim=(0, 0.45))
    axes[1].set(title="the map", xlabel="$z$", ylabel="$x = g(z)$", ylim=(-end, end), yticks=(-2, 0, 2))
    axes[2].set(title="density of $x$", xlabel="$x$", ylabel="$p(x)$", ylim=(0, 0.45))
    for ax in axes:
        ax.set(xlim=(-end, end), xticks=(-2, 0, 2))
    options.save(figure, "ch01_idea")


if __name__ == "__main__":
    picture_of_the_idea(options)

# %% [markdown]
# *Figure `ch01_idea`.* Three strips of equal width in $z$. The horizontal scale is the same in all three panels. The map is steep in the middle, so the green strip becomes wide and low. The orange strip and the red one nearly keep their width and their height. Each strip has the same area on the left and on the right.
#
# ## The derivation
#
# **What $g$ must be.** First, one-to-one, so that each $x$ comes from one $z$. Second, differentiable, with a continuous derivative, so that it is nearly linear on small pieces. Third, its slope must not be 0 (in several variables, $\det J \ne 0$). The second and the third condition may fail at finitely many points (in several variables, on finitely many smooth surfaces): the kink of a leaky ReLU does no harm. An interval with slope 0 does harm. The map presses the interval's probability into a single $x$, which then has a probability of its own and no density.
#
# **One variable.** Let $g$ be increasing. The event $x \le a$ is the event $z \le g^{-1}(a)$. So the distribution functions satisfy $F_X(a) = F_Z(g^{-1}(a))$; differentiate with respect to $a$:
#
# $$p(x) = p_Z\bigl(g^{-1}(x)\bigr)\,\left|\frac{d g^{-1}}{dx}(x)\right| = \frac{p_Z(z)}{|g'(z)|}, \qquad z = g^{-1}(x). \tag{1}$$
#
# For a decreasing $g$ the event is $z \ge g^{-1}(a)$ and the derivative is negative; the bars take care of both. At an $x$ that $g$ does not reach, the density is 0. In logarithms:
#
# $$\log p(x) = \log p_Z(z) - \log|g'(z)|. \tag{2}$$
#
# **Several variables.** Around $z$ the map is nearly linear, $g(z + dz) \approx g(z) + J\,dz$, with the Jacobian matrix $J_{ij} = \partial x_i / \partial z_j$. A linear map turns a small cube of volume $v$ into a parallelepiped of volume $|\det J|\,v$. The cube's probability goes with it. (The exact statement is the substitution rule for integrals, $\int_{g(A)} p(x)\,dx = \int_A p(g(z))\,|\det J(z)|\,dz$. The left side is the probability that $x$ lies in $g(A)$, and so it is $\int_A p_Z(z)\,dz$. The two integrals over $A$ agree for every region $A$ only if $p(g(z))\,|\det J(z)| = p_Z(z)$.) So
#
# $$\log p(x) = \log p_Z(z) - \log|\det J(z)| = \log p_Z(z) + \log\left|\det \frac{\partial z}{\partial x}\right|. \tag{3}$$
#
# The second form holds because the Jacobian of the inverse map is the inverse matrix, $\partial z / \partial x = J^{-1}$, and $\det J^{-1} = 1/\det J$. Write *log-det* for the log of the absolute determinant of the map that was just applied. Then the rule has two halves that are easily confused: **plus** the log-det after going $x \to z$, **minus** the log-det after going $z \to x$.
#
# **Maps in a row.** For $x = g_2(g_1(z))$ the chain rule gives $J = J_2 J_1$, with $J_1$ taken at $z$ and $J_2$ at $g_1(z)$. The determinant of a product is the product of the determinants, so log-dets add up, each taken at the point that its own map receives. That is the sum of chapter 00 (2). To go back, $z = g_1^{-1}(g_2^{-1}(x))$: the last map is undone first.
#
# For $D = 2$, entry by entry,
#
# $$J = \begin{pmatrix} \partial x_1/\partial z_1 & \partial x_1/\partial z_2 \\ \partial x_2/\partial z_1 & \partial x_2/\partial z_2 \end{pmatrix}, \qquad \det J = \frac{\partial x_1}{\partial z_1}\frac{\partial x_2}{\partial z_2} - \frac{\partial x_1}{\partial z_2}\frac{\partial x_2}{\partial z_1}.$$
#
# **Elementwise maps.** If $x_i = h(z_i)$ for every $i$, then $J$ is diagonal and
#
# $$\log|\det J| = \sum_i \log|h'(z_i)|. \tag{4}$$


# %%
def log_prob_through(x, inverse, base_log_prob):
    """log p(x) at one point x (D,), equation (3): `inverse` gives z and log|det dz/dx|.

    `base_log_prob` gives one number for each variable; they are added up.
    """
    z, log_det = inverse(x)
    return base_log_prob(z).sum() + log_det


def line_forward(z, a=2.0, b=1.0):
    """x = a z + b, elementwise, and its log-det by (4)."""
    return a * z + b, z.size * np.log(abs(a))


def line_inverse(x, a=2.0, b=1.0):
    """z = (x - b) / a, and the log-det of *this* map."""
    return (x - b) / a, -x.size * np.log(abs(a))


# %% [markdown]
# Before formulas grow, check that the rule is right where we know the answer. If $z \sim N(0, 1)$ then $2z + 1 \sim N(1, 2^2)$, whose density at $x = 2$ is
# $\frac{1}{2\sqrt{2\pi}} e^{-\frac12 (1/2)^2} = 0.1760$.


# %%
def worked_example():
    x = np.array([2.0])
    ours = np.exp(log_prob_through(x, line_inverse, standard_normal_log_prob))
    known = np.exp(-0.5 * ((2.0 - 1.0) / 2.0) ** 2) / (2.0 * np.sqrt(2 * np.pi))
    print(f"density of x = 2z + 1 at 2: by (3) {ours:.4f}, known {known:.4f}")
    assert abs(ours - known) < 1e-15
    assert round(float(ours), 4) == 0.1760


if __name__ == "__main__":
    worked_example()

# %% [markdown]
# ## Elementwise maps, and where their logarithms break
#
# Five maps of one variable are met again and again in flows. Each has a *range*: the values that it reaches. Elsewhere the density of $x$ is zero.
#
# | map | $x = h(z)$ | $\log h'(z)$ | range | used for |
# |---|---|---|---|---|
# | exp | $e^z$ | $z$ | $x > 0$ | positive data; makes the log-normal |
# | softplus | $\log(1 + e^z)$ | $-\operatorname{softplus}(-z)$ | $x > 0$ | positive data, without the steep growth of exp |
# | sigmoid (its inverse is the logit) | $1/(1+e^{-z})$ | $-\operatorname{softplus}(z) - \operatorname{softplus}(-z)$ | $0 < x < 1$ | pixels, probabilities |
# | tanh | $\tanh z$ | $2\,(\log 2 - z - \operatorname{softplus}(-2z))$ | $-1 < x < 1$ | numbers between two limits |
# | leaky ReLU, $a > 0$ | $z$, or $az$ for $z < 0$ | $0$, or $\log a$ | all reals | a slope of its own on each side of 0 |
#
# At first you would write the third column differently. The derivative of tanh is $1 - \tanh^2 z$, and $\log(1 - \tanh^2 z)$ is correct on paper. In a computer $\tanh z$ rounds to 1 for large $z$, and the logarithm of zero is $-\infty$. To repair it, write the derivative with exponentials, $1 - \tanh^2 z = 4/(e^z + e^{-z})^2$, and take the logarithm:
#
# $$\log(1 - \tanh^2 z) = 2\log 2 - 2\log(e^z + e^{-z}) = 2\bigl(\log 2 - z - \operatorname{softplus}(-2z)\bigr), \tag{5}$$
#
# with $\operatorname{softplus}(u) = \log(1 + e^u)$, which `np.logaddexp(0, u)` computes without overflow. The sigmoid's derivative $\sigma(z)\,\sigma(-z)$ becomes, in the same way,
#
# $$\log \sigma'(z) = -\operatorname{softplus}(z) - \operatorname{softplus}(-z). \tag{6}$$


# %%
def softplus(u):
    """log(1 + e^u) for any u."""
    return np.logaddexp(0, u)


def exp_forward(z):
    return np.exp(z), z.sum()


def softplus_forward(z):
    return softplus(z), -softplus(-z).sum()


def sigmoid_forward(z):
    """Equation (6)."""
    return np.exp(-softplus(-z)), -(softplus(z) + softplus(-z)).sum()


def tanh_forward(z):
    """Equation (5)."""
    return np.tanh(z), 2 * (np.log(2) - z - softplus(-2 * z)).sum()


def leaky_relu_forward(z, a=0.3):
    """Two branches, each with its own slope."""
    return np.where(z >= 0, z, a * z), np.where(z >= 0, 0.0, np.log(a)).sum()


MAPS = {
    "exp": exp_forward,
    "softplus": softplus_forward,
    "sigmoid": sigmoid_forward,
    "tanh": tanh_forward,
    "leaky ReLU": leaky_relu_forward,
}


# for the picture: the largest z that is shown, the ticks of x below, and the limits of x
SHOWN = {
    "exp": (2.5, (0, 5, 10), (0, 12)),
    "softplus": (2.5, (0, 1, 2), (0, 2.7)),
    "sigmoid": (6, (0, 0.5, 1), (0, 1)),
    "tanh": (6, (-1, 0, 1), (-1, 1)),
    "leaky ReLU": (3, (-1, 0, 1, 2), (-1, 2.8)),
}


def elementwise_drawn(options):
    rng = np.random.default_rng(options.seed)
    draws = rng.normal(size=20_000)
    figure, axes = plot.subplots(2, 5, height=1.55)
    for column, (name, h) in zip(axes.T, MAPS.items(), strict=True):
        reach, ticks, limits = SHOWN[name]
        z = np.linspace(-6, reach, 801)
        x, log_slope = h(z)[0], np.array([h(np.array([value]))[1] for value in z])
        column[0].plot(z, x)
        column[0].set(title=name, xlabel="$z$", xlim=(-3, 3), xticks=(-2, 0, 2))
        drawn = h(draws)[0]
        share = np.mean((drawn >= limits[0]) & (drawn <= limits[1]))
        heights, edges = np.histogram(drawn, bins=40, range=limits, density=True)
        column[1].stairs(share * heights, edges, fill=True, color="0.8")
        column[1].plot(x, np.exp(standard_normal_log_prob(z) - log_slope), color=plot.RED, linewidth=1.2)
        beyond = 0.05 * (limits[1] - limits[0])  # so that a fall to 0 at an end of the range is seen
        column[1].set(xlabel="$x$", ylim=(0, None), xticks=ticks, xlim=(limits[0] - beyond, limits[1] + beyond))
    axes[0, 0].set_ylabel("$x = h(z)$")
    axes[1, 0].set_ylabel("density")
    options.save(figure, "ch01_elementwise")


if __name__ == "__main__":
    elementwise_drawn(options)

# %% [markdown]
# *Figure `ch01_elementwise`.* Above: the maps. Below: a histogram of $h(z)$ for 20,000 normal draws (grey), and equation (2) (red). The leaky ReLU's density jumps at 0 by the factor $1/a$, because its slope jumps there. The normal density has its peak in the middle, and the density of $\tanh z$ has its two peaks near the ends: the map crowds the tails there. At the very ends it falls to zero.
#
# *Predict*: from which $z$ on can the naive logarithm be 1 % wrong in float32? In float64? The picture below compares it, and (5), with (5) in a higher precision.


# %%
def naive_and_stable(options):
    figure, axes = plot.subplots(1, 2, height=2.2, sharey=True)
    for ax, dtype, reach in zip(axes, (np.float32, np.float64), (12, 24), strict=True):
        z = np.linspace(0.1, reach, 200_000)  # so dense that the first z that is 1 % off is found; fewer are drawn
        drawn = slice(None, None, 400)
        wide = z.astype(dtype).astype(np.longdouble)  # 64 bits of mantissa on x86, against 24 and 53
        truth = 2 * (np.log(np.longdouble(2)) - wide - np.log1p(np.exp(-2 * wide)))
        with np.errstate(divide="ignore"):
            naive = np.log(1 - np.tanh(z.astype(dtype)) ** 2)
        stable = 2 * (dtype(np.log(2)) - z.astype(dtype) - softplus(-2 * z.astype(dtype)))
        assert stable.dtype == dtype
        with np.errstate(invalid="ignore"):
            error = np.abs(naive - truth) / np.abs(truth)
        breaks = z[np.argmax(~(error < 0.01))]
        of_stable = np.maximum(np.abs(stable - truth) / np.abs(truth), 1e-18)
        ax.semilogy(z[drawn], np.minimum(error, 10)[drawn], label=r"$\log(1 - \tanh^2 z)$", color=plot.RED)
        ax.semilogy(z[drawn], of_stable[drawn], label="equation (5)", color=plot.BLUE)
        ax.set(xlabel="$z$", title=f"{np.dtype(dtype).name}: naive is first 1 % off at {breaks:.1f}", ylim=(1e-18, 30))
        infinite = z[np.argmax(np.isinf(naive))]
        name = np.dtype(dtype).name
        print(
            f"  {name}: log(1 - tanh(z)^2) is first 1 % wrong at z = {breaks:.1f}, and infinite from {infinite:.1f} on"
        )
        first, rounds_to_1 = {"float32": (7.9, 9.0), "float64": (18.5, 19.1)}[name]
        assert abs(breaks - first) < 0.4 and abs(infinite - rounds_to_1) < 1.1  # a fast tanh has other last digits
    axes[0].set_ylabel("relative error")
    axes[0].legend(loc="lower right")
    options.save(figure, "ch01_stable")


if __name__ == "__main__":
    naive_and_stable(options)

# %% [markdown]
# *Figure `ch01_stable`.* The relative error of the log-slope of tanh. The naive form loses digit after digit. It is 1 % wrong for the first time near 8 (float32) and near 18.5 (float64). Rounded correctly, $\tanh z$ is 1 from $13\log 2 = 9.0$ and from $\frac{55}{2}\log 2 = 19.1$ on, and then the logarithm is infinite (drawn as an error of 10). A fast tanh may be wrong in the last digit and get there a little sooner or later; the line above says where this one does. At the left edge the log-slope itself goes to zero, where a relative error says little.
#
# ## Two variables: the banana
#
# Bend a Gaussian along a parabola:
#
# $$x_1 = 10 z_1, \qquad x_2 = z_2 + b\,(x_1^2 - 100), \qquad b = 0.03. \tag{7}$$
#
# Its Jacobian and determinant are
#
# $$J = \begin{pmatrix} 10 & 0 \\ 200\,b\,z_1 & 1 \end{pmatrix}, \qquad \det J = 10,$$
#
# with the same determinant everywhere. So the density of $x$ is that of $z$ divided by 10, carried to where $z$ goes: bending changes no volume. Where the log-det is constant, the *entropy* $H = -\mathbb{E}[\log p]$ follows from (3): $H_X = H_Z + \log|\det J|$. For two standard normals $H_Z = \log(2\pi e) = 2.8379$, and with $\log 10 = 2.3026$ the banana has $5.1405$ nats.


# %%
def numeric_jacobian(f, z, h=1e-3):
    """dx/dz at one point by central differences of fourth order."""
    columns = []
    for e in np.eye(len(z)) * h:
        columns.append((8 * (f(z + e) - f(z - e)) - (f(z + 2 * e) - f(z - 2 * e))) / (12 * h))
    return np.stack(columns, axis=1)


def banana_forward(z, b=0.03):
    """x_1 = 10 z_1, x_2 = z_2 + b (x_1^2 - 100): equation (7), with its log-det."""
    x1 = 10 * z[0]
    return np.array([x1, z[1] + b * (x1**2 - 100)]), np.log(10)


def banana_inverse(x, b=0.03):
    """Equation (7) solved for z."""
    return np.array([x[0] / 10, x[1] - b * (x[0] ** 2 - 100)]), -np.log(10)


def banana_log_prob(points):
    return np.array([log_prob_through(x, banana_inverse, standard_normal_log_prob) for x in points])


def banana(options):
    z = np.array([0.7, -1.0])
    J = numeric_jacobian(lambda a: banana_forward(a)[0], z)
    assert np.allclose(J, [[10, 0], [200 * 0.03 * z[0], 1]], atol=1e-8)
    density = nf.data.load("banana", n=2000)
    rng = np.random.default_rng(options.seed)
    x = np.stack([banana_forward(z)[0] for z in rng.normal(size=(2000, 2))])
    ours = banana_log_prob(x)
    difference = np.abs(ours - density.log_prob(x)).max()
    of_noise, log_det = np.log(2 * np.pi * np.e), np.log(10)
    print(f"  entropy by the formula {of_noise + log_det:.4f} nats, in the package {density.entropy:.4f}")
    assert np.allclose((of_noise, log_det, density.entropy), (2.8379, 2.3026, 5.1405), atol=6e-5)
    print(f"  mean of -log p over 2,000 draws {-ours.mean():.4f} ± {ours.std() / np.sqrt(2000):.4f}")
    print(f"  log p here against the package's banana: largest difference {difference:.1e}")
    assert difference < 1e-10

    figure, axes = plot.subplots(1, 2, height=2.6)
    plot.warp_grid(axes[0], lambda z: np.stack([banana_forward(row)[0] for row in z]), radius=2.5, lines=11, n=40)
    axes[0].set(
        title="where the grid goes", aspect="auto", xlabel="$x_1$", ylabel="$x_2$", xlim=(-32, 32), ylim=(-8, 20)
    )
    plot.density(axes[1], banana_log_prob, (-32, 32, -8, 20), n=50 if options.fast else 90)
    axes[1].set(title="density", aspect="auto")
    options.save(figure, "ch01_banana")


if __name__ == "__main__":
    banana(options)

# %% [markdown]
# *Figure `ch01_banana`.* The square grid $[-2.5, 2.5]^2$, bent, and the density. Vertical lines stay vertical and keep their length: the map spreads them by the factor 10, and slides each by its own amount. Every cell of the grid has the same area, ten times that of the square it came from.
#
# ## Check it
#
# A row for each map, a column for each check, and in each cell the largest difference. J compares the log-det with finite differences, which know nothing of our formulas; R the inverse of the forward map, inverse(forward(z)), with $z$; X the sum of the two log-dets with 0; = this chapter's function with the package's; N the integral of the density with 1. An empty cell was not tested. (For the five maps, R and X test the package's layers: this chapter has only their forward half.)


# %%
def off(a, b):
    """The largest difference, relative to the size of what is compared."""
    return float(np.max(np.abs(np.asarray(a) - np.asarray(b))) / max(1.0, np.max(np.abs(b))))


def check_everything(options, D=5):
    rng = np.random.default_rng(options.seed)
    nf.use(dtype="float64")
    package = dict(zip(MAPS, (nf.Exp(), nf.Softplus(), nf.Sigmoid(), nf.Tanh(), nf.LeakyReLU(0.3)), strict=True))
    rows = {name: errors_of(h, package[name], rng, D) for name, h in MAPS.items()}
    z = rng.normal(size=2)
    x, log_det = banana_forward(z)
    rows["x = 2z + 1"] = {"J": against_numbers(line_forward, z), "R": off(line_inverse(line_forward(z)[0])[0], z)}
    rows["banana (7)"] = {"J": against_numbers(banana_forward, z), "R": off(banana_inverse(x)[0], z)}
    rows["banana (7)"]["X"] = abs(log_det + banana_inverse(x)[1])
    rows["banana, then tanh"] = {"J": two_in_a_row(z)}
    finding = integral_of_the_banana()
    rows["banana (7)"]["N"] = finding.error
    allowed = {"J": 1e-6, "R": 1e-10, "X": 1e-10, "=": 1e-12, "N": finding.tolerance}
    print(check.error_table("largest difference", rows, allowed))
    assert not any(check.failing(rows, allowed).values())


def errors_of(h, transformer, rng, D):
    """J of this chapter's h; R, X and = of the package's, at 16 points."""
    layer = nf.Elementwise(transformer, D)
    params, z = layer.init(rng), 2 * rng.normal(size=(16, D))
    x, log_det = (nf.to_numpy(a) for a in layer.forward(params, nf.backend.asarray(z)))
    back, log_det_back = (nf.to_numpy(a) for a in layer.inverse(params, nf.backend.asarray(x)))
    ours = [h(row) for row in z]
    same = max(off(x, [a for a, _ in ours]), off(log_det, [b for _, b in ours]))
    return {"J": against_numbers(h, z[0]), "R": off(back, z), "X": off(log_det, -log_det_back), "=": same}


def against_numbers(f, z):
    """log_det of f at one point against log|det| of the numeric Jacobian."""
    return abs(f(z)[1] - np.linalg.slogdet(numeric_jacobian(lambda a: f(a)[0], z))[1])


def two_in_a_row(z):
    """Log-dets add up: the banana shrunk to the size of 1, then tanh."""

    def both(z):
        x, log_det = banana_forward(z)
        return tanh_forward(x / 10)[0], log_det - 2 * np.log(10) + tanh_forward(x / 10)[1]

    return against_numbers(both, z)


def integral_of_the_banana():
    # (x_1 to 5.5 standard deviations; x_2 as far as the parabola goes there)
    return check.integrates_to_one(banana_log_prob, (-55, -9), (55, 95), sizes=(81, 161, 321))


if __name__ == "__main__":
    check_everything(options)

# %% [markdown]
# ## A density may be larger than 1
#
# A probability cannot exceed 1, and a log-probability cannot exceed 0. A *density* is probability **per unit of $x$**, and has no such limit. A normal with standard deviation 0.1 has the density 3.99 at its centre, whose logarithm is $+1.38$. A positive log-likelihood is not a bug.
#
# For the same reason it depends on the units. Measure petals in millimetres instead of centimetres: $x' = 10x$ is a map like any other, and by (4) every log-likelihood falls by $\log 10 = 2.30$ *per column*. Nothing about the model has changed. Compare two log-likelihoods only if they are densities of the same variable in the same units. A model that was trained on rescaled data must count the rescaling in its log-det.


# %%
def units():
    peak = np.exp(standard_normal_log_prob(0.0)) / 0.1
    print(f"  the peak of a normal of deviation 0.1: density {peak:.2f}, logarithm {np.log(peak):.2f}")
    assert (round(peak, 2), round(np.log(peak), 2), round(np.log(10), 2)) == (3.99, 1.38, 2.30)


def answers_on_paper():
    """The numbers of the last section."""
    from scipy.stats import norm

    assert np.isclose(2 * np.log(10), 4.61, atol=5e-3) and np.isclose(norm.cdf(1) - norm.cdf(0), 0.341, atol=5e-4)
    assert np.isclose(24 * np.log(2), 16.6, atol=0.05)
    one = np.float32(1)
    sigmoid = lambda z: one / (one + np.exp(np.float32(-z)))  # noqa: E731
    assert 1 - sigmoid(16.5) > 0 and 1 - sigmoid(16.7) == 0


if __name__ == "__main__":
    units()
    answers_on_paper()

# %% [markdown]
# ## Experiment: a Gaussian, fitted by gradient
#
# The smallest flow is $x = e^s z + t$, for each variable its own $s$ and $t$. With $u = (x - t)e^{-s}$, equation (2) gives the mean negative log-likelihood of $N$ numbers, and its derivatives:
#
# $$\mathcal L(s, t) = \frac1N \sum_n \Bigl[\tfrac12 u_n^2 + s\Bigr] + \tfrac12 \log 2\pi, \qquad \frac{\partial \mathcal L}{\partial t} = -e^{-s}\,\overline{u}, \qquad \frac{\partial \mathcal L}{\partial s} = 1 - \overline{u^2}, \tag{8}$$
#
# where a bar is the mean over $n$. Both vanish exactly when $t$ is the mean of the data and $e^{2s}$ their variance. So the answer is known here, and gradient descent must find it. (In $t$ we step in units of the variance at hand, $e^{2s}$; then one rate suits both parameters.) The data: lengths and widths of the petals of 105 irises, in centimetres. The fit is compared with a Gaussian whose ellipse may be tilted: it has the data's mean and full covariance $C$, and its mean $-\log p$ is $\frac12(\log\det C + D \log 2\pi + D)$ (chapter 02).
#
# *Predict*: long petals are wide petals. How many nats a flower does the tilt gain?


# %%
def nll_and_gradient(s, t, x):
    """Equation (8) for x (N, D): L summed over columns, and its derivatives (D,)."""
    u = (x - t) * np.exp(-s)
    loss = (0.5 * u**2 + s).mean(axis=0).sum() + 0.5 * x.shape[1] * np.log(2 * np.pi)
    return loss, 1 - (u**2).mean(axis=0), -np.exp(-s) * u.mean(axis=0)


def iris(options):
    x = nf.data.load("iris").train[:, 2:4]
    assert len(x) == 105
    s, t, losses = np.zeros(2), np.zeros(2), []
    for _ in range(1000):
        loss, g_s, g_t = nll_and_gradient(s, t, x)
        losses.append(loss)
        s, t = s - 0.05 * g_s, t - 0.05 * np.exp(2 * s) * g_t  # a step in t in units of the variance at hand
    exact = (np.log(x.std(axis=0)), x.mean(axis=0))
    best = nll_and_gradient(*exact, x)[0]
    by_package = fit_with_the_package(x)
    print(f"  {'':26}{'mean':>22}{'standard deviation':>24}{'nats':>10}")
    rows = {"closed form": exact, "gradient descent, by (8)": (s, t), "the package's minimize": by_package}
    for name, (log_std, mean) in rows.items():
        mean_text, std_text = (np.array2string(v, precision=6) for v in (mean, np.exp(log_std)))
        print(f"  {name:26}{mean_text:>22}{std_text:>24}{nll_and_gradient(log_std, mean, x)[0]:10.6f}")
        assert max(np.abs(log_std - exact[0]).max(), np.abs(mean - exact[1]).max()) < 1e-6
    tilted = 0.5 * (np.linalg.slogdet(np.cov(x.T, bias=True))[1] + 2 * np.log(2 * np.pi) + 2)
    print(f"  {'a Gaussian that may tilt':72}{tilted:10.6f}")
    print(f"  the tilt gains {best - tilted:.2f} nats a flower")
    assert abs(best - tilted - 1.35) < 0.01
    near = np.sqrt(((x - exact[1]) ** 2).sum(axis=1)) < 0.2
    assert near.sum() == 3
    draw_iris(x, exact, np.array(losses) - best, options)


def fit_with_the_package(x):
    nf.use(dtype="float64")
    flow = nf.Flow(nf.StandardNormal(2), nf.ActNorm(2))
    result = nf.minimize(
        lambda params, rng: nf.objectives.nll(flow, params, x),
        flow.init(np.random.default_rng(0)),
        rng=np.random.default_rng(0),
        steps=1500,
        optimizer=nf.adam(0.05),
        progress=False,
    )
    fitted = nf.to_numpy(result.params["bijection"])
    return fitted["log_scale"], fitted["shift"]


def draw_iris(x, exact, excess, options):
    figure, axes = plot.subplots(1, 2, height=2.4)
    log_std, mean = exact
    box = (-1, 9, -0.8, 3.4)
    plot.density(axes[0], lambda a: standard_normal_log_prob((a - mean) * np.exp(-log_std)).sum(1) - log_std.sum(), box)
    axes[0].plot(*x.T, "o", color="white", markersize=2.6, markeredgecolor=plot.BLACK, markeredgewidth=0.4)
    axes[0].set(xlabel="petal length (cm)", ylabel="petal width (cm)", aspect="auto", title="data and fitted Gaussian")
    axes[1].semilogy(np.maximum(excess[:600], 1e-16))
    axes[1].set(xlabel="step", ylabel="nats above the optimum", title="gradient descent")
    options.save(figure, "ch01_iris")


if __name__ == "__main__":
    iris(options)

# %% [markdown]
# *Figure `ch01_iris`.* Left: the petals on the fitted density. Among Gaussians with axes parallel to the coordinates this one gives the flowers the highest likelihood, and it is poor. The flowers come in two groups along a diagonal, and only three of them lie within 0.2 cm of the peak. A tilt gains 1.35 nats a flower (printed above), and a linear flow (chapter 02) can tilt. No linear map makes two hills of one; that takes a curved one. Right: the distance to the known optimum falls to the last digit.
#
# ## Which way is forward?
#
# Here *forward* is $z \to x$. In some libraries "forward" goes from data to noise, calling the flow like a function may go either way, and a function called `log_abs_det_jacobian` may belong to the map or to its inverse. (The README has a table.) You do not have to trust the documentation. Take one point, move it a little, and look:


# %%
def read_the_convention(f, v):
    """What a function f(v) -> (w, log_det) reports, at one point: compare it with the numeric log|det dw/dv|."""
    numeric = np.linalg.slogdet(numeric_jacobian(lambda a: f(a)[0], v))[1]
    reported = f(v)[1]
    if abs(numeric) < 1e-3:
        return "undecided: the log-det is 0 here, and 0 is minus 0; take another point"
    if abs(reported - numeric) < 1e-5:
        return "the log-det of the map that it applied"
    if abs(reported + numeric) < 1e-5:
        return "the log-det of the inverse of the map that it applied"
    return "something else: a mistake, or a part of the log-det"


# %% [markdown]
# ## A published bug: a test that could not fail
#
# In one library the numeric inverse reported its log-det with the wrong sign (danielward27/flowjax, issue 208). There was a test for it. The test used a map whose log-det is zero, and zero has no sign. In the same library a proposed inverse for planar layers (chapter 03) with a leaky ReLU counted the slope twice where it is not 1. The tests tried only points where it is 1, and a reviewer caught it (pull request 170). Here are both mistakes, each in the smallest map that shows it. *Predict*: which of the four trials below see a mistake?


# %%
def museum():
    def wrong_sign(z, a):
        x, log_det = line_forward(z, a)
        return x, -log_det

    def slope_twice(z, a=0.3):
        return np.where(z >= 0, z, a * z), np.where(z >= 0, 0.0, 2 * np.log(a)).sum()

    trials = (
        ("sign reversed, tried on x = z + 1", lambda v: wrong_sign(v, 1.0), np.array([0.3, 0.8])),
        ("sign reversed, tried on x = 2z + 1", lambda v: wrong_sign(v, 2.0), np.array([0.3, 0.8])),
        ("slope counted twice, tried at z > 0", slope_twice, np.array([0.3, 0.8])),
        ("slope counted twice, tried at z < 0", slope_twice, np.array([0.3, -0.8])),
    )
    answers = []
    for name, f, v in trials:
        answers.append(read_the_convention(f, v))
        print(f"  {name:38}{answers[-1]}")
    assert [answer.split()[0] for answer in answers] == ["undecided:", "the", "undecided:", "something"]
    assert "inverse" in answers[1]


if __name__ == "__main__":
    museum()

# %% [markdown]
# The second trial and the last one see a mistake. The *point* decides whether the check sees anything: where the log-det is 0, a wrong sign or a wrong factor changes nothing.
#
# ## Summary
#
# - A map that stretches by $|\det J|$ thins the density by the same factor: minus the log-det after $z \to x$, plus the log-det after $x \to z$.
# - Log-dets of maps in a row add up, each at its own point. An elementwise map sums over variables.
# - A formula that is right on paper can be $-\infty$ in a computer, and a wrong formula can pass a check at an unlucky point.
#
# Chapter 02 asks the next question: which matrices have a determinant that costs nothing?
#
# ## Exercises
#
# 1. (10 lines.) Write the inverse of `exp_forward`, and check both log-dets with `numeric_jacobian`. What is the density of $e^z$ for one standard normal number $z$, and at which $x$ is its peak?
# 2. (Paper.) Derive (6) from $\sigma'(z) = \sigma(z)\,\sigma(-z)$. From which positive $z$ on is $\log(\sigma(z)(1 - \sigma(z)))$ minus infinity in float32, with $\sigma(z) = 1/(1 + e^{-z})$? Hint: above 1 the numbers of float32 are $2^{-23}$ apart.
# 3. (10 lines.) Write `softplus_inverse`, $z = x + \log(1 - e^{-x})$, with `np.expm1`. Compare it with `np.log(np.exp(x) - 1)` at $x = 10^{-17}$ and at $x = 1000$. Which of the two forms is right at each?
# 4. (Paper, 10 lines.) Show that the entropy of $x = g(z)$ is $H_Z + \mathbb{E}[\log|\det J(z)|]$ for every invertible $g$, and verify it for $\tanh$ of one standard normal number: compare $H_Z$ plus the mean of $\log h'$ over 10,000 draws with the entropy of the density (2) by quadrature. Hint: take the expectation of (3).
# 5. (Paper.) What does (1) become for $x = z^2$ and a standard normal $z$, a map that is not one-to-one? Hint: add up the contributions of both roots, and compare with the chi-square density of one degree of freedom.
# 6. (10 lines.) Fit the petals again in millimetres, from $s = \log 10$. What changes in $s$, $t$ and the log-likelihood, and by how much? Why is $s = 0$ a bad start here?
# 7. (Paper.) Let $z \sim N(0, 1)$, and $g(z) = z$ for $z < 0$, $0$ on $[0, 1]$, and $z - 1$ beyond. Which condition of the derivation fails, and what is $P(x = 0)$?
#
# ## Answers on paper
#
# - **1.** $p(x) = \frac{1}{x\sqrt{2\pi}}\,e^{-\frac12 (\log x)^2}$, with its peak at $x = e^{-1}$.
# - **2.** In float32 $1 + e^{-z}$ is 1, and so $1 - \sigma(z) = 0$, as soon as $e^{-z} < 2^{-24}$: from $z = 24 \log 2 = 16.6$ on.
# - **4.** $-\log p(x) = -\log p_Z(z) + \log|\det J(z)|$; take the expectation of both sides.
# - **5.** $p(x) = \bigl(p_Z(\sqrt x) + p_Z(-\sqrt x)\bigr)/(2\sqrt x) = e^{-x/2}/\sqrt{2\pi x}$, the chi-square density.
# - **6.** $s$ grows by $\log 10$, $t$ is ten times as large, and the log-likelihood falls by $2 \log 10 = 4.61$ nats a flower. From $s = 0$ the mean of $u^2$ is huge, and so is the first step in $s$.
# - **7.** The slope is 0 on an interval, and $g$ is not one-to-one: $P(x = 0) = P(0 \le z \le 1) = 0.341$.
#
# ## Where this differs from the papers
#
# - **Direction.** Tabak and Turner write the map from data to noise, and so did the early papers on flows for density estimation; papers on variational inference write it from noise to data. We always write $x = g(z)$, and name the direction.
# - **The sign** in (3) is given for both directions, because it is easy to mix them up, as in the bug above.
# - **The logit** in image papers carries a squeeze, $\operatorname{logit}(\lambda + (1 - 2\lambda)x)$. The squeeze is one more elementwise map, and its constant log-det has to be counted (chapter 12).
