# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Change of variables: what a map does to a density
#
# **Question.** Draw a random number $z$ from a density that you know, and put it through an invertible function, $x = g(z)$. Which density does $x$ have? Everything in this book is an application of the answer.
#
# **What you need.** Derivatives, determinants, the idea of a density, NumPy.
#
# **Convention.** $z$ is noise, with the *base* density $p_Z$; $x$ is data. *Forward* is $z \to x$, *inverse* is $x \to z$.
#
# **Running time.** A few seconds on two cores.
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
# Let $z$ be uniform on $[0, 1]$: its density is 1 there. Put $x = 2z + 1$. Then $x$ is uniform on $[1, 3]$, an interval twice as long. The total probability is still 1, so the density must be $1/2$. The map *stretches* by 2, and what is stretched becomes *thinner* by 2.
#
# A curved map stretches by a different amount at every point: near $z$ by its slope $g'(z)$. Take a thin strip of width $dz$ under the base density. It holds the probability $p_Z(z)\,dz$. The map carries it to a strip of width $|g'(z)|\,dz$, which holds the same probability. So its height is $p_Z(z)/|g'(z)|$.


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
    figure, axes = plot.subplots(1, 3, height=2.1)
    for k, (low, high) in enumerate([(-1.5, -1.2), (-0.15, 0.15), (1.2, 1.5)]):
        strip = (z >= low) & (z <= high)
        color = (plot.ORANGE, plot.GREEN, plot.RED)[k]
        axes[0].fill_between(z[strip], p_z[strip], color=color)
        axes[1].fill_between(z[strip], g(z[strip]), -4, color=color, alpha=0.35, linewidth=0)
        axes[1].fill_betweenx(g(z[strip]), -2.6, z[strip], color=color, alpha=0.35, linewidth=0)
        axes[2].fill_between(g(z[strip]), p_x[strip], color=color)
    axes[0].plot(z, p_z)
    axes[1].plot(z, g(z))
    axes[2].plot(g(z), p_x)
    axes[0].set(title="base density", xlabel="$z$", ylabel="$p_Z(z)$", ylim=(0, 0.45))
    axes[1].set(title="the map", xlabel="$z$", ylabel="$x = g(z)$", xlim=(-2.6, 2.6), ylim=(-4, 4))
    axes[2].set(title="density of $x$", xlabel="$x$", ylabel="$p(x)$", ylim=(0, 0.45))
    options.save(figure, "ch01_idea")


if __name__ == "__main__":
    picture_of_the_idea(options)

# %% [markdown]
# *Figure `ch01_idea`.* Three strips of equal width in $z$. The map is steep in the middle, so the green strip becomes wide and low; the orange and the red one nearly keep their width, and their height. Each strip has the same area on the left and on the right.
#
# ## The derivation
#
# **One variable.** Let $g$ be increasing. The event $x \le a$ is the event $z \le g^{-1}(a)$. So the distribution functions satisfy $F_X(a) = F_Z(g^{-1}(a))$; differentiate with respect to $a$:
#
# $$p(x) = p_Z\bigl(g^{-1}(x)\bigr)\,\left|\frac{d g^{-1}}{dx}(x)\right| = \frac{p_Z(z)}{|g'(z)|}, \qquad z = g^{-1}(x). \tag{1}$$
#
# For a decreasing $g$ the event is $z \ge g^{-1}(a)$ and the derivative is negative; the bars take care of both. Logarithms turn products into sums, and small numbers into ordinary ones:
#
# $$\log p(x) = \log p_Z(z) - \log|g'(z)|. \tag{2}$$
#
# **Several variables.** Around $z$ the map is nearly linear, $g(z + dz) \approx g(z) + J\,dz$, with the Jacobian matrix $J_{ij} = \partial x_i / \partial z_j$. A linear map turns a small cube of volume $v$ into a parallelepiped of volume $|\det J|\,v$. The cube's probability goes with it:
#
# $$\log p(x) = \log p_Z(z) - \log|\det J(z)| = \log p_Z(z) + \log\left|\det \frac{\partial z}{\partial x}\right|. \tag{3}$$
#
# The second form holds because the Jacobian of the inverse map is the inverse matrix, $\partial z / \partial x = J^{-1}$, and $\det J^{-1} = 1/\det J$. Write $\log\det$ for the log of the absolute determinant *of the map that was just applied*. Then the rule has two halves that are easily confused: **plus** the log-det after going $x \to z$, **minus** the log-det after going $z \to x$.
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
    """log p(x) at one point x (D,), equation (3): `inverse` gives z and log|det dz/dx|."""
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
# Five maps of one variable come back in every later chapter. Each has a *range*: the density of $x$ lives there, and is zero elsewhere.
#
# | map | $x = h(z)$ | $\log h'(z)$ | range | used for |
# |---|---|---|---|---|
# | exp | $e^z$ | $z$ | $x > 0$ | positive data; makes the log-normal |
# | softplus | $\log(1 + e^z)$ | $-\operatorname{softplus}(-z)$ | $x > 0$ | positive, but nearly $z$ for large $z$ |
# | sigmoid (its inverse is the logit) | $1/(1+e^{-z})$ | $-\operatorname{softplus}(z) - \operatorname{softplus}(-z)$ | $0 < x < 1$ | pixels, probabilities |
# | tanh | $\tanh z$ | $2\,(\log 2 - z - \operatorname{softplus}(-2z))$ | $-1 < x < 1$ | bounded actions |
# | leaky ReLU | $z$, or $az$ for $z < 0$ | $0$, or $\log a$ | all reals | a kink |
#
# The third column is not how one would write them at first. The derivative of tanh is $1 - \tanh^2 z$, and $\log(1 - \tanh^2 z)$ is correct on paper. In a computer $\tanh z$ rounds to 1, and the logarithm of zero is $-\infty$. To repair it, write the derivative with exponentials, $1 - \tanh^2 z = 4/(e^z + e^{-z})^2$, and take the logarithm:
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


def elementwise_drawn(options):
    rng = np.random.default_rng(options.seed)
    z, draws = np.linspace(-4, 4, 401), rng.normal(size=20_000)
    figure, axes = plot.subplots(2, 5, height=1.55)
    for column, (name, h) in zip(axes.T, MAPS.items(), strict=True):
        x = h(z)[0]
        log_slope = np.array([h(np.array([value]))[1] for value in z])
        column[0].plot(z, x)
        column[0].set(title=name, xlabel="$z$")
        inside = (x < np.quantile(h(draws)[0], 0.99)) & (x > np.quantile(h(draws)[0], 0.002))
        drawn = h(draws)[0]
        low, high = x[inside].min(), x[inside].max()
        share = np.mean((drawn >= low) & (drawn <= high))
        heights, edges = np.histogram(drawn, bins=40, range=(low, high), density=True)
        column[1].stairs(share * heights, edges, fill=True, color="0.8")
        column[1].plot(x[inside], np.exp(standard_normal_log_prob(z) - log_slope)[inside], color=plot.RED)
        column[1].set(xlabel="$x$", ylim=(0, None))
        for ax in column:
            ax.locator_params(axis="x", nbins=2, steps=[1, 2, 5, 10])
    axes[0, 0].set_ylabel("$x = h(z)$")
    axes[1, 0].set_ylabel("density")
    options.save(figure, "ch01_elementwise")


if __name__ == "__main__":
    elementwise_drawn(options)

# %% [markdown]
# *Figure `ch01_elementwise`.* Above: the maps. Below: a histogram of $h(z)$ for 20,000 normal draws (grey), and equation (2) (red). The leaky ReLU's density jumps at 0, by the factor $1/a$: its slope jumps there. The density of $\tanh z$ rises towards the ends of its range, although the normal density has its peak in the middle, because the map squeezes its tails; only at the very ends does it fall to zero.
#
# How soon does the naive logarithm break? The picture below compares it, and (5), with (5) in a higher precision.


# %%
def naive_and_stable(options):
    figure, axes = plot.subplots(1, 2, height=2.2, sharey=True)
    for ax, dtype, reach in zip(axes, (np.float32, np.float64), (12, 24), strict=True):
        z = np.linspace(0.1, reach, 500)
        wide = z.astype(dtype).astype(np.longdouble)  # 64 bits of mantissa on x86, against 24 and 53
        truth = 2 * (np.log(np.longdouble(2)) - wide - np.log1p(np.exp(-2 * wide)))
        with np.errstate(divide="ignore"):
            naive = np.log(1 - np.tanh(z.astype(dtype)) ** 2)
        stable = 2 * (dtype(np.log(2)) - z.astype(dtype) - softplus(-2 * z.astype(dtype)))
        assert stable.dtype == dtype
        with np.errstate(invalid="ignore"):
            error = np.abs(naive - truth) / np.abs(truth)
        breaks = z[np.argmax(~(error < 0.01))]
        ax.semilogy(z, np.minimum(error, 10), label=r"$\log(1 - \tanh^2 z)$", color=plot.RED)
        ax.semilogy(z, np.maximum(np.abs(stable - truth) / np.abs(truth), 1e-18), label="equation (5)", color=plot.BLUE)
        ax.set(xlabel="$z$", title=f"{np.dtype(dtype).name}: naive is 1 % off from {breaks:.1f} on", ylim=(1e-18, 30))
        print(f"  {np.dtype(dtype).name}: log(1 - tanh(z)^2) is 1 % wrong from z = {breaks:.1f} on")
    axes[0].set_ylabel("relative error")
    axes[0].legend(loc="lower right")
    options.save(figure, "ch01_stable")


if __name__ == "__main__":
    naive_and_stable(options)

# %% [markdown]
# *Figure `ch01_stable`.* The relative error of the log-slope of tanh: the naive form loses digit after digit, and then is infinite (drawn at 10). At the left edge the log-slope itself goes to zero, where a relative error says little: there both forms are right to a few units in the last place of 1.
#
# ## Check it
#
# Each line compares a formula with a number in which it had no part: log-dets with finite differences, the inverse with its forward map, the density with its integral. Columns: the check's letter, what was compared, the largest difference, what is allowed, and whether it holds.


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


def check_everything(options, D=5):
    rng = np.random.default_rng(options.seed)
    nf.use(dtype="float64")
    findings = []
    for name, h in {"x = 2z + 1": line_forward, **MAPS}.items():
        z = 2 * rng.normal(size=D)
        numeric = np.linalg.slogdet(numeric_jacobian(lambda a, h=h: h(a)[0], z))[1]
        findings.append(check.Finding("J", f"{name}: log_det against finite differences", abs(h(z)[1] - numeric), 1e-6))
    package = dict(zip(MAPS, (nf.Exp(), nf.Softplus(), nf.Sigmoid(), nf.Tanh(), nf.LeakyReLU(0.3)), strict=True))
    for name, transformer in package.items():
        layer = nf.Elementwise(transformer, D)
        z = nf.backend.asarray(3 * rng.normal(size=(16, D)))
        x, log_det = (nf.to_numpy(a) for a in layer.forward(layer.init(rng), z))
        ours = [MAPS[name](row) for row in nf.to_numpy(z)]
        error = max(np.abs(x - [a for a, _ in ours]).max(), np.abs(log_det - [b for _, b in ours]).max())
        findings.append(check.Finding("S", f"{name}: the package against this chapter", float(error), 1e-12))
        trip = check.round_trip(layer, layer.init(rng), z)
        findings.append(check.Finding("R", f"{name}: {trip.what}", trip.error, trip.tolerance, trip.at))
    z = rng.normal(size=2)
    x, log_det = banana_forward(z)
    J = numeric_jacobian(lambda a: banana_forward(a)[0], z)
    findings += [
        check.Finding(
            "R", "banana: inverse(forward(z)) against z", float(np.abs(banana_inverse(x)[0] - z).max()), 1e-12
        ),
        check.Finding("J", "banana: log_det against finite differences", abs(log_det - np.linalg.slogdet(J)[1]), 1e-6),
        integral_of_the_banana(),
    ]
    print(check.table(findings))
    assert all(finding.ok for finding in findings)


def banana_log_prob(points):
    return np.array([log_prob_through(x, banana_inverse, standard_normal_log_prob) for x in points])


def integral_of_the_banana():
    # (x_1 to 5.5 standard deviations; x_2 as far as the parabola goes there)
    return check.integrates_to_one(banana_log_prob, (-55, -9), (55, 95), sizes=(81, 161, 321))


if __name__ == "__main__":
    check_everything(options)

# %% [markdown]
# ## Two variables: the banana
#
# A Gaussian bent along a parabola is the simplest density that is not nearly Gaussian, and samplers have been tested on it for decades:
#
# $$x_1 = 10 z_1, \qquad x_2 = z_2 + b\,(x_1^2 - 100), \qquad b = 0.03. \tag{7}$$
#
# Its Jacobian and determinant are
#
# $$J = \begin{pmatrix} 10 & 0 \\ 200\,b\,z_1 & 1 \end{pmatrix}, \qquad \det J = 10,$$
#
# the same everywhere. So the density is that of the normal, divided by 10 and carried along: bending costs no volume. For a constant log-det, the *entropy* $H = -\mathbb{E}[\log p]$ follows from (3) at once, $H_X = H_Z + \log|\det J|$. For two standard normals $H_Z = \log(2\pi e) = 2.8379$, and with $\log 10 = 2.3026$ the banana has $5.1405$ nats.


# %%
def banana(options):
    density = nf.data.load("banana", n=2000)
    rng = np.random.default_rng(options.seed)
    x = np.stack([banana_forward(z)[0] for z in rng.normal(size=(2000, 2))])
    ours = banana_log_prob(x)
    difference = np.abs(ours - density.log_prob(x)).max()
    print(
        f"  entropy by the formula {np.log(2 * np.pi * np.e) + np.log(10):.4f} nats, in the package {density.entropy:.4f}"
    )
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
# *Figure `ch01_banana`.* The square grid $[-2.5, 2.5]^2$, bent, and the density. Vertical lines stay vertical: the map only slides them, each by its own amount. Every cell of the grid has the same area, ten times that of the square it came from.
#
# ## A density may be larger than 1
#
# A probability cannot exceed 1, and a log-probability cannot exceed 0. A *density* is probability **per unit of $x$**, and there is no such limit. A normal with standard deviation 0.1 has the density 3.99 at its centre, whose logarithm is $+1.38$. A positive log-likelihood is not a bug.
#
# For the same reason it depends on the units. Measure petals in millimetres instead of centimetres: $x' = 10x$ is a map like any other, and by (4) every log-likelihood falls by $\log 10 = 2.30$ *per column*. Nothing about the model has changed. Two log-likelihoods can be compared only if they are densities of the same variable in the same units, and a model that was trained on rescaled data must count the rescaling in its log-det.
#
# ## Experiment: a Gaussian, fitted by gradient
#
# The smallest flow is $x = e^s z + t$, for each variable its own $s$ and $t$. With $u = (x - t)e^{-s}$, equation (2) gives the mean negative log-likelihood of $N$ numbers, and its derivatives:
#
# $$L(s, t) = \frac1N \sum_n \Bigl[\tfrac12 u_n^2 + s\Bigr] + \tfrac12 \log 2\pi, \qquad \frac{\partial L}{\partial t} = -e^{-s}\,\overline{u}, \qquad \frac{\partial L}{\partial s} = 1 - \overline{u^2}, \tag{8}$$
#
# where a bar is the mean over $n$. Both vanish exactly when $t$ is the mean of the data and $e^{2s}$ their variance: the maximum-likelihood fit that every statistics course derives. So gradient descent has a known answer here, and it must find it. (In $t$ we step in units of the variance at hand, $e^{2s}$: then one rate suits both parameters.) The data: lengths and widths of the petals of 105 irises, in centimetres.


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
    axes[0].plot(*x.T, ".", color="white", markersize=2.5)
    axes[0].set(xlabel="petal length (cm)", ylabel="petal width (cm)", aspect="auto", title="data and fitted Gaussian")
    axes[1].semilogy(np.maximum(excess[:600], 1e-16))
    axes[1].set(xlabel="step", ylabel="nats above the optimum", title="gradient descent")
    options.save(figure, "ch01_iris")


if __name__ == "__main__":
    iris(options)

# %% [markdown]
# *Figure `ch01_iris`.* Left: the petals on the fitted density. The fit is the best of its kind, and a poor one: the flowers come in two groups along a diagonal, and this Gaussian has axes parallel to the coordinates and puts its peak between them. Linear flows (chapter 02) can turn the ellipse; only a curved map can split it. Right: the distance to the known optimum falls to the last digit.
#
# ## Which way is forward?
#
# Half of the confusion in this field is about a word. Here *forward* is $z \to x$. In other libraries "forward" goes from data to noise, a plain call may go either way, and a function called `log_abs_det_jacobian` may belong to the map, or to its inverse. (The README has a table.) You need not trust any documentation. Take one point, move it a little, and look:


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
# In one library the numeric inverse reported its log-det with the wrong sign (danielward27/flowjax, issue 208). There was a test for it. The test used a map whose log-det is zero, and zero has no sign. In a planar layer with a leaky ReLU, proposed for the same library, the slope was counted twice on one of the two branches; a reader of the change saw it before it was released (pull request 170). Here are both mistakes in the smallest map that shows them, and both times it is the choice of the *point* that decides whether the check sees anything.


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
# ## Exercises
#
# 1. Write `exp_forward` and its inverse, and check both log-dets with `numeric_jacobian`. What is the density of $e^z$ for a standard normal $z$? Where is its peak?
# 2. Derive (6) from $\sigma'(z) = \sigma(z)\,\sigma(-z)$. At which $z$ does $\log(\sigma(z)(1 - \sigma(z)))$ fail in float32?
# 3. Write `softplus_inverse`, $z = x + \log(1 - e^{-x})$, with `np.expm1`. Compare it with $\log(e^x - 1)$ at $x = 10^{-8}$ and at $x = 1000$.
# 4. Show that the entropy of $x = g(z)$ is $H_Z + \mathbb{E}[\log|\det J(z)|]$ for every invertible $g$, and verify it by sampling for $\tanh$.
# 5. What does (1) become for $x = z^2$, which is not invertible? Add up the contributions of both roots, and compare with the chi-square density.
# 6. Fit the petals again in millimetres. What changes in $s$, $t$ and the log-likelihood, and by how much?
#
# ## Where this differs from the papers
#
# - **Direction.** Tabak and Turner write the map from data to noise, and so did the early papers on flows for density estimation; papers on variational inference write it from noise to data. We always write $x = g(z)$, and name the direction.
# - **The sign** in (3) is given for both directions, since half of the published sign errors come from mixing them.
# - **The logit** in image papers carries a squeeze, $\operatorname{logit}(\lambda + (1 - 2\lambda)x)$. It is one more elementwise map, and its constant log-det has to be counted (chapter 12).
