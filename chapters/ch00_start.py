# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Start: what a flow is, and how it learns
#
# **Question.** You have a thousand points and no formula for the density that they come from. How does a computer find a density that it can evaluate at every point and draw from? And how do you know whether it is a good one?
#
# **What you need.** Derivatives of functions of several variables, expectations, NumPy. Nothing about flows.
#
# **Convention.** $z$ is noise, with the *base* density $p_Z$; $x$ is data. *Forward* is $z \to x$, *inverse* is $x \to z$. Logarithms are natural.
#
# **Running time.** 40 seconds of one core, 55 on a busy machine; `--fast` takes four and does every check, with fits too short to mean anything.
#
# **References.** Kullback, Leibler (1951), *On information and sufficiency*, doi:10.1214/aoms/1177729694. Rumelhart, Hinton, Williams (1986), *Learning representations by back-propagating errors*, doi:10.1038/323533a0. Kingma, Ba (2015), *Adam: a method for stochastic optimization*, arXiv:1412.6980. Dinh, Sohl-Dickstein, Bengio (2017), *Density estimation using Real NVP*, arXiv:1605.08803. Papamakarios et al. (2021), *Normalizing flows for probabilistic modeling and inference*, arXiv:1912.02762.

# %%
from itertools import pairwise

import autograd
import autograd.numpy as anp  # NumPy, with derivatives: for what is differentiated
import numpy as np
from autograd.misc.flatten import flatten

if __name__ == "__main__":
    import nfscratch as nf
    from nfscratch import chapter, check, plot

    options = chapter.options()

# %% [markdown]
# ## The idea, with numbers
#
# A *normalizing flow* is a chain of invertible maps, the *layers* $g_1, \dots, g_L$. Draw noise $z$ from a density that you can write down, here the standard normal, and send it through the chain:
#
# $$x = g_L(\cdots g_2(g_1(z))), \qquad z = g_1^{-1}(g_2^{-1}(\cdots g_L^{-1}(x))). \tag{1}$$
#
# To go back, undo the last layer first. Where a map stretches space, the points get farther apart and the density gets thinner. Each layer reports the logarithm of its volume factor, its *log-det*. Chapter 01 derives the rule. This chapter uses one line of it. With $z^{(0)} = z$, $z^{(\ell)} = g_\ell(z^{(\ell-1)})$, and $d_\ell$ the log-det of $g_\ell$ at $z^{(\ell-1)}$,
#
# $$\log p(x) = \log p_Z(z) - \sum_{\ell=1}^{L} d_\ell. \tag{2}$$
#
# Three layers of two variables $(a, b)$. The first slides: $b \leftarrow b + a^2/2$, log-det 0. The second pinches: $a \leftarrow a\,e^{-b/5}$, log-det $-b/5$. The third doubles both, log-det $2 \log 2 = 1.3863$. Take $z = (1, 2)$. It slides to $(1, 2.5)$, is pinched to $(0.6065, 2.5)$ with $d_2 = -0.5$, and doubled to $x = (1.2131, 5)$. The log-dets add up to $0.8863$. The noise has $\log p_Z(1, 2) = -\frac12(1 + 4) - \log 2\pi = -4.3379$, so $\log p(x) = -4.3379 - 0.8863 = -5.2242$.


# %%
def normal_log_prob(z):
    """log N(z; 0, I) of points z (..., D)."""
    return -0.5 * anp.sum(z**2, axis=-1) - 0.5 * z.shape[-1] * np.log(2 * np.pi)


def pair(a, b):
    return anp.stack([a, b], axis=-1)


def slide(z):
    """(a, b) -> (a, b + a^2 / 2), and the log-det."""
    a, b = z[..., 0], z[..., 1]
    return pair(a, b + a**2 / 2), 0 * a


def slide_back(x):
    a, b = x[..., 0], x[..., 1]
    return pair(a, b - a**2 / 2), 0 * a


def pinch(z):
    """(a, b) -> (a exp(-b / 5), b)."""
    a, b = z[..., 0], z[..., 1]
    return pair(a * np.exp(-b / 5), b), -b / 5


def pinch_back(x):
    a, b = x[..., 0], x[..., 1]
    return pair(a * np.exp(b / 5), b), b / 5


def double(z):
    return 2 * z, 2 * np.log(2) + 0 * z[..., 0]


def double_back(x):
    return x / 2, -2 * np.log(2) + 0 * x[..., 0]


THREE = [(slide, slide_back), (pinch, pinch_back), (double, double_back)]


def stack_forward(z, layers):
    """x and the sum of the log-dets: equation (1), for pairs (forward, inverse), the first layer first."""
    total = 0.0
    for forward, _ in layers:
        z, log_det = forward(z)
        total = total + log_det
    return z, total


def stack_inverse(x, layers):
    """z and the log-det of the whole way back: equation (1), the last layer first."""
    total = 0.0
    for _, inverse in reversed(layers):
        x, log_det = inverse(x)
        total = total + log_det
    return x, total


def log_prob(x, layers):
    """Equation (2), from x: the log-dets of the way back are those of the way there, with the other sign."""
    z, log_det = stack_inverse(x, layers)
    return normal_log_prob(z) + log_det


def worked_example():
    z = np.array([1.0, 2.0])
    x, log_det = stack_forward(z, THREE)
    assert np.allclose(pinch(slide(z)[0])[0], (0.6065, 2.5), atol=5e-5)
    assert np.allclose(x, (1.2131, 5), atol=5e-5)
    assert np.allclose((2 * np.log(2), log_det, normal_log_prob(z)), (1.3863, 0.8863, -4.3379), atol=5e-5)
    assert abs(log_prob(x, THREE) - -5.2242) < 5e-5
    print(f"z = {z}  ->  x = [{x[0]:.4f} {x[1]:.4f}],  log p(x) = {log_prob(x, THREE):.4f}")


def stack_drawn(options):
    from matplotlib.patches import ConnectionPatch

    clouds = [np.random.default_rng(options.seed).normal(size=(1500, 2))]
    point = [np.array([1.0, 2.0])]
    for forward, _ in THREE:
        clouds.append(forward(clouds[-1])[0])
        point.append(forward(point[-1])[0])
    figure, axes = plot.subplots(1, 4, height=2.5, sharex=True, sharey=True)
    titles = ("noise: $z$", "slid", "pinched", "doubled: $x$")
    for ax, cloud, at, title in zip(axes, clouds, point, titles, strict=True):
        ax.scatter(*cloud.T, c=clouds[0][:, 0], s=2, linewidths=0, cmap="cividis")
        ax.plot(*at, "o", color=plot.RED, markersize=5)
        ax.set(title=title, xlim=(-7, 7), ylim=(-5, 15), aspect="equal", xlabel="$a$")
        if ax is not axes[0]:
            ax.spines["left"].set_visible(False)
            ax.tick_params(left=False)
    axes[0].set_ylabel("$b$")
    for ell, (left, right) in enumerate(pairwise(axes), 1):
        for height, start, end, label, color in (
            (0.95, (left, 0.84), (right, 0.16), f"$g_{ell}$", plot.BLUE),
            (0.80, (right, 0.16), (left, 0.84), f"$g_{ell}^{{-1}}$", plot.ORANGE),
        ):
            ends = {"xyA": (start[1], height), "xyB": (end[1], height), "coordsA": "axes fraction"}
            ends |= {"coordsB": "axes fraction", "axesA": start[0], "axesB": end[0]}
            figure.add_artist(ConnectionPatch(**ends, arrowstyle="-|>", color=color, mutation_scale=9, zorder=5))
            left.text(1.08, height - 0.015, label, transform=left.transAxes, ha="center", va="top", color=color)
    options.save(figure, "ch00_stack")


if __name__ == "__main__":
    worked_example()
    stack_drawn(options)

# %% [markdown]
# *Figure `ch00_stack`.* A stack of three layers: 1,500 draws on their way from noise to data, each in the colour of its $a$ at the start. Blue arrows, left to right: the forward direction, by which you draw. Orange arrows, right to left: the inverse, by which you evaluate a density. The red point is the example's.
#
# So a flow does two things: it draws, and it knows its density. Here the layers were chosen by hand. The rest of the chapter finds them from data.
#
# ## What to ask for: likelihood
#
# Let $p_*$ be the unknown density of the data and $p_\theta$ a model with parameters $\theta$. *Maximum likelihood* asks for the $\theta$ under which the data have the greatest density. Rows $x_1, \dots, x_N$ that are independent have the density $\prod_n p_\theta(x_n)$. Take the logarithm, divide by $N$, and turn the sign, so that less is better:
#
# $$\mathcal L(\theta) = -\frac1N \sum_{n=1}^{N} \log p_\theta(x_n) \;\approx\; -\mathbb E_{x \sim p_*}\bigl[\log p_\theta(x)\bigr]. \tag{3}$$
#
# By hand: the data are 1, 2 and 6. The normal with their mean 3 and variance $\frac{14}3$ has $\mathcal L = \frac12\log(2\pi e \cdot \frac{14}3) = 2.1892$. The normal $N(2, 1)$ has $\mathcal L = \frac12 \log 2\pi + \frac16(1 + 0 + 16) = 3.7523$. The difference is $1.5631$ *nats* for each number, so the first model gives the three numbers $e^{3 \cdot 1.5631} = 109$ times the density.
#
# **Why it is the right thing to ask.** Add and subtract $\log p_*$ in the expectation:
#
# $$-\mathbb E_{p_*}[\log p_\theta] = \underbrace{-\mathbb E_{p_*}[\log p_*]}_{H, \text{ the entropy}} + \underbrace{\mathbb E_{p_*}\Bigl[\log \frac{p_*}{p_\theta}\Bigr]}_{\mathrm{KL}(p_* \,\|\, p_\theta)}. \tag{4}$$
#
# $H$ does not depend on the model. The second term, the *Kullback-Leibler divergence*, is never negative. For every $u > 0$, $\log u \le u - 1$ (a tangent of a concave function lies above it), so that
#
# $$-\mathrm{KL}(p_* \,\|\, p_\theta) = \mathbb E_{p_*}\Bigl[\log\frac{p_\theta}{p_*}\Bigr] \le \mathbb E_{p_*}\Bigl[\frac{p_\theta}{p_*} - 1\Bigr] = \int_{p_* > 0} p_\theta\,dx - 1 \le 0. \tag{5}$$
#
# Since $\log u = u - 1$ only at $u = 1$, the divergence is 0 only if the two densities agree (but for a set of probability 0). Two things follow. Up to the error of the average in (3), maximum likelihood minimises the divergence from the data to the model, the *forward* KL. And no model has a lower expected loss than the entropy: where $H$ is known, as for the toy densities of this book, you know how good a fit can get.
#
# **The direction matters.** In $\mathrm{KL}(p_* \| p_\theta)$ the average runs over data. A model pays dearly for a low density where data are, and little for mass in empty places: it *covers*. The *reverse* $\mathrm{KL}(p_\theta \| p_*)$ averages over the model's own draws; it punishes mass in empty places and forgives a missing hump: it *seeks* one. Let the data be two humps, half $N(-3, 1)$ and half $N(3, 1)$. *Predict*: which normal density has the least forward KL? Which one has the least reverse KL, and is it the only one?


# %%
def log_normal(x, mean, log_std):
    """log N(x; mean, exp(2 log_std)) of numbers."""
    return -0.5 * ((x - mean) * np.exp(-log_std)) ** 2 - log_std - 0.5 * np.log(2 * np.pi)


def kl(log_p, log_q, x):
    """The second term of (4) between two densities on a grid x of equal steps."""
    return np.sum(np.exp(log_p) * (log_p - log_q)) * (x[1] - x[0])


def kl_of_normals(mean, log_std):
    """KL(N(0, 1) || N(mean, exp(2 log_std))) by (4): both expectations are known."""
    return log_std + 0.5 * (1 + mean**2) * np.exp(-2 * log_std) - 0.5


def bits_per_dimension(nats, D):
    """Equation (6)."""
    return nats / (D * np.log(2))


def by_hand():
    x = np.array([1.0, 2.0, 6.0])
    losses = [-log_normal(x, *theta).mean() for theta in ((3.0, 0.5 * np.log(14 / 3)), (2.0, 0.0))]
    print(f"L of the fitted normal {losses[0]:.4f}, of N(2, 1) {losses[1]:.4f}")
    assert np.allclose([*losses, losses[1] - losses[0]], (2.1892, 3.7523, 1.5631), atol=6e-5)
    assert round(np.exp(3 * (losses[1] - losses[0]))) == 109
    assert round(np.log(2), 4) == 0.6931 and round(np.exp(0.1), 2) == 1.11


def two_directions(options):
    from scipy.optimize import minimize

    x = np.linspace(-14, 14, 2801)
    log_p = np.logaddexp(log_normal(x, -3, 0), log_normal(x, 3, 0)) - np.log(2)
    both = {
        "forward": lambda q: kl(log_p, log_normal(x, *q), x),
        "reverse": lambda q: kl(log_normal(x, *q), log_p, x),
    }
    figure, ax = plot.subplots(height=2.1)
    ax.fill_between(x, np.exp(log_p), color="0.8", label="data")
    for (name, loss), color in zip(both.items(), (plot.BLUE, plot.ORANGE), strict=True):
        q = minimize(loss, (1.0, 0.0), method="Nelder-Mead").x
        values = {kind: f(q) for kind, f in both.items()}
        print(f"  least {name}: mean {q[0]:5.2f}, deviation {np.exp(q[1]):.2f};  ", end="")
        print(",  ".join(f"{kind} KL {value:.3f}" for kind, value in values.items()))
        ax.plot(x, np.exp(log_normal(x, *q)), color=color, label=f"least {name} KL")
        if name == "forward":
            assert abs(q[0]) < 1e-3 and abs(np.exp(q[1]) - np.sqrt(10)) < 1e-3 and abs(values["forward"] - 0.462) < 2e-3
        else:
            assert abs(q[0] - 3) < 0.05 and abs(values["reverse"] - 0.69) < 0.005 and values["forward"] > 7
    ax.set(xlabel="$x$", ylabel="density", xlim=(-9, 9), ylim=(0, 0.42))
    ax.legend(loc="upper left")
    options.save(figure, "ch00_directions")


if __name__ == "__main__":
    by_hand()
    two_directions(options)

# %% [markdown]
# *Figure `ch00_directions`.* The data (grey), and the two best normals. The forward one has the data's mean and variance, $0$ and $10$, and its peak where hardly any data are. The reverse one sits on one hump (on the other it would be as good), and pays about $\log 2 = 0.69$ nats for the half that it leaves out. Where there are data, this book trains by the forward KL, or by an upper bound of it (chapters 11 and 12); chapters 09, 13 and 14 try other losses beside it. Chapter 03, and most of chapter 11, have a formula in place of data and use the reverse one.
#
# **Nats and bits.** A logarithm to base $e$ counts in nats, to base 2 in *bits*: one bit is $\log 2 = 0.6931$ nats. For data of $D$ variables one often quotes
#
# $$\text{bits per dimension} = \frac{\mathcal L}{D \log 2}. \tag{6}$$
#
# If one model's loss is $\Delta$ nats lower, its density at a row is $e^\Delta$ times the other's (the geometric mean over rows): 0.1 nats are a factor 1.11. The loss itself has no natural zero. A density is probability per unit, so its logarithm moves with the units of $x$ and may have either sign. Only differences between models of the same data in the same units mean something.
#
# **An average has an error.** With $N$ independent rows, (3) has the standard error $\sigma/\sqrt N$, with $\sigma$ the standard deviation of $\log p_\theta(x_n)$. To compare two models, first subtract row by row, then average. A row that is hard for both models then favours neither.
#
# ## Derivatives without algebra
#
# To lower $\mathcal L$ we need its derivative with respect to every number in $\theta$. Take one datum $x$ and the model $N(\mu, e^{2s})$, and leave out the constant $\frac12 \log 2\pi$. Then $\mathcal L = \frac12 u^2 + s$ with $u = (x - \mu)\,e^{-s}$. Any such formula is a graph of small steps: each intermediate number is made of one or two others. *Reverse mode* walks it backwards. Write $\bar a = \partial \mathcal L/\partial a$. By the chain rule a number $a$ collects a share from each number $c$ that was made from it:
#
# $$\bar{\mathcal L} = 1, \qquad \bar a = \sum_{c \text{ made from } a} \bar c\;\frac{\partial c}{\partial a}. \tag{7}$$
#
# By hand at $x = 3$, $\mu = 1$, $s = 0$: $u = 2$, so $\bar u = u = 2$. From $\partial u/\partial \mu = -e^{-s} = -1$, $\bar\mu = -2$. $\mathcal L$ uses $s$ twice: directly, which gives 1, and through $u$, with $\partial u/\partial s = -u$, which gives $2 \cdot (-2) = -4$. So $\bar s = -3$. Each arrow of the graph is used once, so all derivatives together cost a small multiple of computing $\mathcal L$, however many parameters there are. Finite differences would evaluate $\mathcal L$ once more for every parameter.


# %%
class Node:
    """A number that remembers what it was made from: pairs of a parent and the slope with respect to it."""

    def __init__(self, value, parents=()):
        self.value, self.parents, self.bar = value, parents, 0.0

    def __add__(self, other):
        return Node(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return Node(self.value * other.value, [(self, other.value), (other, self.value)])


def exp(a):
    value = np.exp(a.value)
    return Node(value, [(a, value)])


def backward(last):
    """Fill in `bar` of everything that `last` was made from: equation (7)."""
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent, _ in node.parents:
                visit(parent)
            order.append(node)

    visit(last)
    last.bar = 1.0
    for node in reversed(order):  # whatever was made from a node comes before it here
        for parent, slope in node.parents:
            parent.bar += node.bar * slope


def loss_of_one(x, mu, s):
    """u^2 / 2 + s with u = (x - mu) exp(-s), for Nodes."""
    u = (x + Node(-1.0) * mu) * exp(Node(-1.0) * s)
    return Node(0.5) * u * u + s


# %% [markdown]
# `autograd` does this for NumPy's functions, with arrays in place of single numbers: `autograd.grad(f)` is a function that returns the gradient of `f`.
#
# ## Steps: Adam
#
# With the gradient $g_k$ of step $k$, gradient descent goes $\theta \leftarrow \theta - \eta\,g_k$, with a rate $\eta$. One rate for all parameters is a problem: where the loss is steep it must be small, and where it is flat it should be large. *Adam* divides each parameter's step by the size of its gradients. It keeps two running averages, of $g$ and of $g^2$, entry by entry:
#
# $$m_k = \beta_1 m_{k-1} + (1 - \beta_1)\,g_k, \qquad v_k = \beta_2 v_{k-1} + (1 - \beta_2)\,g_k^2, \qquad m_0 = v_0 = 0. \tag{8}$$
#
# Unroll the first: $m_k = (1 - \beta_1)\sum_{j \le k} \beta_1^{k-j} g_j$. The weights add up to $1 - \beta_1^k$, which is less than 1 at the start. Dividing by that sum makes it an average:
#
# $$\theta_k = \theta_{k-1} - \eta\,\frac{m_k/(1 - \beta_1^k)}{\sqrt{v_k/(1 - \beta_2^k)} + \epsilon}, \qquad \beta_1 = 0.9, \quad \beta_2 = 0.999, \quad \epsilon = 10^{-8}. \tag{9}$$
#
# Two consequences, both checked below. The first step is $\eta$ long in every parameter whose gradient is not 0, since the quotient in (9) is $\pm 1$ there, up to $\epsilon$. And a loss multiplied by 1,000 leaves all steps as they were, up to $\epsilon$.


# %%
def adam_step(theta, g, m, v, k, rate, b1=0.9, b2=0.999, epsilon=1e-8):
    """Equations (8) and (9): theta, m and v after step k = 1, 2, ..."""
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
    return theta - rate * (m / (1 - b1**k)) / (np.sqrt(v / (1 - b2**k)) + epsilon), m, v


def valley(theta):
    """Steep in the first number, flat in the second."""
    return 50 * theta[0] ** 2 + 0.5 * theta[1] ** 2


def path(step, steps=100):
    """theta from (1, 1) on, by a rule step(theta, gradient, k)."""
    points = [np.array([1.0, 1.0])]
    for k in range(1, steps + 1):
        points.append(step(points[-1], np.array([100.0, 1.0]) * points[-1], k))
    return np.array(points)


def by_adam(rate, scale=1.0):
    moments = [np.zeros(2), np.zeros(2)]

    def step(theta, g, k):
        theta, *moments[:] = adam_step(theta, scale * g, *moments, k, rate)
        return theta

    return step


def adam_drawn(options):
    paths = {
        "gradient descent, $\\eta = 0.019$": path(lambda theta, g, k: theta - 0.019 * g),
        "gradient descent, $\\eta = 0.021$": path(lambda theta, g, k: theta - 0.021 * g),
        "Adam, $\\eta = 0.1$": path(by_adam(0.1)),
    }
    figure, axes = plot.subplots(1, 2, height=2.6)
    a, b = np.meshgrid(np.linspace(-1.15, 1.15, 101), np.linspace(-0.35, 1.15, 101))
    axes[0].contour(a, b, valley((a, b)), levels=(0.05, 0.5, 2, 8, 20, 40), colors="0.8", linewidths=0.8)
    for (name, points), color in zip(paths.items(), (plot.BLUE, plot.RED, plot.ORANGE), strict=True):
        shown = points[:31]
        axes[0].plot(*shown[np.abs(shown[:, 0]) < 1.15].T, ".-", color=color, markersize=3, linewidth=0.8)
        axes[1].semilogy([valley(p) for p in points], color=color, label=name)
    axes[0].set(xlabel=r"$\theta_1$ (steep)", ylabel=r"$\theta_2$ (flat)", xlim=(-1.15, 1.15), ylim=(-0.35, 1.15))
    axes[1].set(xlabel="step", ylabel="loss", ylim=(1e-6, 1e6))
    axes[1].legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    options.save(figure, "ch00_adam")
    final = [valley(points[-1]) for points in paths.values()]
    print("  loss after 100 steps: gradient descent {:.4f} and {:.0e}, Adam {:.4f}".format(*final))
    assert abs(1 - 100 * 0.02) == 1
    assert abs(final[0] - 0.0108) < 5e-5 and final[1] > 1e9
    assert 0.0035 < max(valley(p) for p in paths["Adam, $\\eta = 0.1$"][-20:]) < 0.004  # it swings through 0
    assert np.allclose(*np.array(paths["Adam, $\\eta = 0.1$"]).T, atol=1e-6)  # as if both directions were alike
    lengths = [(1 - 0.9**k) / np.sqrt(1 - 0.999**k) for k in (1, 10, 1000)]  # exercise 5
    assert np.allclose(lengths, (3.16, 6.53, 1.26), atol=5e-3)
    first, scaled = path(by_adam(0.1)), path(by_adam(0.1, 1000.0))
    assert np.allclose(first[1], (0.9, 0.9), atol=1e-7) and np.allclose(first, scaled, atol=1e-6)


if __name__ == "__main__":
    adam_drawn(options)

# %% [markdown]
# *Figure `ch00_adam`.* The loss $50\,\theta_1^2 + \frac12\theta_2^2$, which is a hundred times as steep in one direction as in the other. Left: the first 30 steps, as far as they stay in the picture. Right: the loss over 100 steps. Gradient descent multiplies $\theta_1$ by $1 - 100\eta$ in each step. Beyond $\eta = 0.02$ that diverges (red). Just below it (blue) $\theta_2$ is still far from 0 when $\theta_1$ has arrived. Adam (orange) walks along the diagonal, as if both directions were alike. It overshoots and swings back, again and again. Over the last 20 steps its loss stays below 0.004; that of gradient descent ends at 0.0108.
#
# ## Batches, and three shares of the data
#
# A step does not need all rows. The gradient of a random *batch* has the gradient of (3) as its expectation and costs less. The noise of the gradients keeps $\theta$ moving at the end, by a step's length. So let the steps become shorter: in the loop below the rate falls to 0 along half a cosine.
#
# The training loss does not measure quality: the rows that it is computed on chose the parameters. A flexible model can put a narrow peak on every row it has seen. So split the data. The *training* rows give gradients. The *validation* rows are looked at now and then, and the parameters with the lowest validation loss are kept. Choosing by them makes that loss a little too good. So the number that is reported comes from *test* rows, which chose nothing.
#
# ## A flow, and its training loop
#
# The layers are *couplings* (chapter 04). One variable is kept; a small network reads it and decides how the other one is scaled and shifted:
#
# $$x_{\text{kept}} = z_{\text{kept}}, \qquad x_{\text{other}} = e^{s} z_{\text{other}} + t, \qquad (s, t) = \text{network}(z_{\text{kept}}), \qquad \text{log-det } s. \tag{10}$$
#
# The inverse asks the network again, with the same input: $z_{\text{other}} = (x_{\text{other}} - t)\,e^{-s}$. The next layer keeps the other variable.


# %%
def network(weights, u):
    """s and t, each (N,), for the kept variable u (N,): 32 tanh units. |s| < 1."""
    W1, b1, W2, b2 = weights
    out = anp.dot(anp.tanh(u[:, None] * W1 + b1), W2) + b2
    return anp.tanh(out[:, 0]), out[:, 1]


def coupling(weights, kept):
    """Equation (10) as a pair (forward, inverse), for points (N, 2)."""

    def joined(u, v):
        return pair(u, v) if kept == 0 else pair(v, u)

    def forward(z):
        s, t = network(weights, z[:, kept])
        return joined(z[:, kept], anp.exp(s) * z[:, 1 - kept] + t), s

    def inverse(x):
        s, t = network(weights, x[:, kept])
        return joined(x[:, kept], (x[:, 1 - kept] - t) * anp.exp(-s)), -s

    return forward, inverse


def start(rng, layers=6, width=32):
    """Random weights of each layer; s and t are small."""
    last = 0.1 / width**0.5
    return [
        (rng.normal(size=width), rng.normal(size=width), last * rng.normal(size=(width, 2)), np.zeros(2))
        for _ in range(layers)
    ]


def stack_of(params):
    return [coupling(weights, kept=ell % 2) for ell, weights in enumerate(params)]


def train(x, validation, rng, steps, rate=1e-2, batch=128):
    """The parameters with the least validation loss, and the history: (step, training loss, validation loss)."""
    theta, unflatten = flatten(start(rng))

    def loss(theta, rows):
        return -anp.mean(log_prob(rows, stack_of(unflatten(theta))))

    gradient, m, v = autograd.grad(loss), 0 * theta, 0 * theta
    best, history = (np.inf, theta), []
    for k in range(1, steps + 1):
        rows = x[rng.integers(len(x), size=batch)]
        falling = 0.5 * (1 + np.cos(np.pi * k / steps))
        theta, m, v = adam_step(theta, gradient(theta, rows), m, v, k, rate * falling)
        if k % max(1, steps // 50) == 0:
            history.append((k, loss(theta, x), loss(theta, validation)))
            best = min(best, (history[-1][2], theta), key=lambda pair: pair[0])
    return unflatten(best[1]), np.array(history)


# %% [markdown]
# ## Check it
#
# Each line compares two numbers that were computed in different ways. Columns: the check's letter (the table near the end says what the letters mean), what was compared, the largest difference, what is allowed, and whether it holds.


# %%
def numeric_gradient(f, theta, h=1e-5):
    return np.array([(f(theta + e) - f(theta - e)) / (2 * h) for e in np.eye(len(theta)) * h])


def check_everything(options):
    rng, x = np.random.default_rng(options.seed), np.linspace(-30, 30, 6001)
    Finding = check.Finding
    nodes = [Node(value) for value in (3.0, 1.0, 0.0)]
    backward(loss_of_one(*nodes))
    tape = np.array([node.bar for node in nodes[1:]])
    assert np.array_equal(tape, (-2, -3))
    by_quadrature = kl(log_normal(x, 0, 0), log_normal(x, 0.7, 0.4), x)

    params = [tuple(5 * w for w in weights) for weights in start(rng, layers=3, width=4)]
    layers, theta, unflatten = stack_of(params), *flatten(params)
    points = rng.normal(size=(20, 2))
    out, log_det = stack_forward(points, layers)
    back, log_det_back = stack_inverse(out, layers)
    J = np.stack([numeric_gradient(lambda z, i=i: stack_forward(z[None], layers)[0][0, i], points[0]) for i in (0, 1)])

    def loss(theta):
        return -anp.mean(log_prob(points, stack_of(unflatten(theta))))

    gradient = autograd.grad(loss)(theta)
    findings = [
        Finding(
            "=", "KL of two normals by (4) against quadrature", abs(kl_of_normals(0.7, 0.4) - by_quadrature), 1e-10
        ),
        Finding("G", "tape (7) against finite differences", off(tape, slopes_of_one()), 1e-8),
        Finding("=", "100 steps of (8), (9) against the package's Adam", adam_against_the_package(rng), 1e-12),
        Finding("R", "three layers (10): inverse(forward(z)) against z", off(back, points), 1e-12),
        Finding("X", "log-dets of the two directions add up to 0", off(log_det, -log_det_back), 1e-12),
        Finding("J", "their sum (2) against finite differences", abs(log_det[0] - np.linalg.slogdet(J)[1]), 1e-6),
        Finding(
            "G",
            f"gradient of (3) in {len(theta)} weights against differences",
            off(gradient, numeric_gradient(loss, theta)),
            1e-7,
        ),
        check.integrates_to_one(lambda x: log_prob(x, THREE), (-12, -10), (12, 50), sizes=(81, 161, 321)),
    ]
    print(check.table(findings))
    assert all(finding.ok for finding in findings)


def off(a, b):
    return float(np.max(np.abs(np.asarray(a) - np.asarray(b))))


def slopes_of_one():
    return numeric_gradient(lambda q: 0.5 * ((3 - q[0]) * np.exp(-q[1])) ** 2 + q[1], np.array([1.0, 0.0]))


def adam_against_the_package(rng):
    ours, m, v = rng.normal(size=5), np.zeros(5), np.zeros(5)
    optimizer, theirs = nf.adam(0.03), ours.copy()
    state = optimizer.init(theirs)
    for k in range(1, 101):
        g = rng.normal(size=5)
        ours, m, v = adam_step(ours, g, m, v, k, 0.03)
        optimizer.step(theirs, g.copy(), state)
    return off(ours, theirs)


if __name__ == "__main__":
    check_everything(options)

# %% [markdown]
# ## A published bug: the best of NaN
#
# Keeping the best parameters is one line of code, and easy to get wrong. One loss that is not a number (a batch with an overflow) can break it. flowjax 19.1.2 keeps the parameters when `losses[-1] == min(losses)`. A NaN is neither equal to any number nor less nor greater. So a NaN in the *first* evaluation stays the minimum for ever, nothing is kept after it, and the loop returns the untrained flow. `argmin` has the opposite fault: it takes NaN for the least. Neither raises an error.


# %%
def kept_by_equality(losses):
    """The index that a loop with `losses[-1] == min(losses)` has kept at its end; -1: the start."""
    kept = -1
    for k in range(len(losses)):
        if losses[k] == min(losses[: k + 1]):
            kept = k
    return kept


def kept_by_argmin(losses):
    return int(np.argmin(losses))


def kept_where_finite(losses):
    """The index of the least finite loss; an error where there is none."""
    if not np.isfinite(losses).any():
        raise ValueError(f"losses must have a finite value; got {losses}")
    return int(np.nanargmin(np.where(np.isfinite(losses), losses, np.nan)))


def museum():
    runs = {"no NaN": [2.9, 2.7, 2.5, 2.6], "NaN first": [np.nan, 2.7, 2.5, 2.6], "NaN later": [2.9, 2.7, np.nan, 2.5]}
    rules = (kept_by_equality, kept_by_argmin, kept_where_finite)
    print(f"  {'kept of':12}" + "".join(f"{rule.__name__:>20}" for rule in rules))
    for name, losses in runs.items():
        print(f"  {name:12}" + "".join(f"{rule(losses):20}" for rule in rules))
    kept = [[rule(losses) for rule in rules] for losses in runs.values()]
    assert kept == [[2, 2, 2], [-1, 0, 2], [3, 2, 3]]


if __name__ == "__main__":
    museum()

# %% [markdown]
# Every rule passes a test whose losses are all finite. A test that tells them apart feeds in a NaN, early and late.
#
# ## Experiment: moons
#
# Two crescents in the plane, a density whose entropy is known: 2.3939 nats, by (6) 1.7268 bits per dimension. 1,000 training rows, 1,000 for validation, 10,000 for the test; three seeds, each with training rows, batches and weights of its own. Six couplings, 1,000 steps. The opponents: one Gaussian, and a mixture of Gaussians. The validation rows choose its size (up to 24), as they choose the flow's step. For the flow the rows are standardised by the means and the deviations of the training rows. That is one more layer, and its log-det (from noise to data) is the sum of the two log-deviations.
#
# *Predict first.* Which of the three comes nearest to the entropy? And what happens to the flow with 100 training rows?


# %%
def standardised(rows, x):
    mean, std = rows.mean(axis=0), rows.std(axis=0)
    return (x - mean) / std, -np.log(std).sum()


def fit_flow(rows, data, seed, options):
    """log p as a function of x (N, 2), and the history in the units of the data."""
    shift = standardised(rows, rows)[1]
    inside, validation = (standardised(rows, x)[0] for x in (rows, data.validation))
    params, history = train(inside, validation, np.random.default_rng(seed), 6 if options.fast else 1000)
    history[:, 1:] -= shift
    return params, lambda x: log_prob(standardised(rows, x)[0], stack_of(params)) + shift, history


def fit_mixture(rows, data, options):
    from sklearn.mixture import GaussianMixture

    sizes = (1, 4) if options.fast else (1, 2, 4, 6, 8, 12, 16, 24)
    mixtures = [GaussianMixture(k, random_state=0).fit(rows) for k in sizes]
    best = max(mixtures, key=lambda mixture: mixture.score(data.validation))
    return mixtures[0].score_samples, best.score_samples, best.n_components


def moons(options):
    data = nf.data.load("moons", n=10_000)
    assert round(data.entropy, 4) == 2.3939 and round(bits_per_dimension(data.entropy, 2), 4) == 1.7268
    test = data.test[: 500 if options.fast else None]
    assert options.fast or (len(test), len(data.validation)) == (10_000, 1000)
    gaps, few, models = [], [], {}
    print("  seed   model                     test, nats   bits/dim   gap to the truth")
    for seed in range(options.seed, options.seed + (1 if options.fast else 3)):
        rows = data.train[(1000 * seed + np.arange(1000)) % len(data.train)]
        params, flow, history = fit_flow(rows, data, seed, options)
        gaussian, mixture, size = fit_mixture(rows, data, options)
        models = {"Gaussian": gaussian, f"mixture of {size} Gaussians": mixture, "flow, 1,000 rows": flow}
        _, flow_of_few, history_of_few = fit_flow(rows[:100], data, seed, options)
        gaps.append([print_score(seed, name, f, data, test) for name, f in models.items()])
        few.append((print_score(seed, "flow, 100 rows", flow_of_few, data, test), history_of_few, history))
    what_the_text_says(np.array(gaps), few, options)
    draw_validation(few[0][2], few[0][1], data.entropy, options)
    draw_moons(data, mixture, flow, params, rows, options)


def print_score(seed, name, log_p, data, test):
    """Print the line of the table; returns log p_true - log p for each test row."""
    gap = data.log_prob(test) - log_p(test)
    nats, error = -log_p(test).mean(), gap.std() / np.sqrt(len(gap))
    print(f"  {seed:4}   {name:24}{nats:12.3f}{bits_per_dimension(nats, 2):11.3f}{gap.mean():11.3f} ± {error:.3f}")
    return gap


def what_the_text_says(gaps, few, options):
    gaussian, mixture, flow = (gaps[:, k] for k in range(3))
    ahead = (flow - mixture).mean(axis=1)
    error = (flow - mixture).std(axis=1) / np.sqrt(gaps.shape[-1])
    print(
        "  flow minus mixture, row by row: "
        + ", ".join(f"{a:.3f} ± {e:.3f}" for a, e in zip(ahead, error, strict=True))
    )
    lost = [history[-1, 2] - history[:, 2].min() for _, history, _ in few]
    print("  with 100 rows, validation at the end above its best: " + ", ".join(f"{v:.2f}" for v in lost) + " nats")
    if options.fast:
        return
    assert np.all(ahead > 3 * error) and np.all(np.abs(ahead - 0.1) < 0.08)
    assert flow.mean(axis=1).max() < gaussian.mean(axis=1).min() / 2
    assert few[0][1][-1, 1] < 2.3939 < few[0][2][-1, 1]  # the training losses that are drawn, at their ends
    more = [f[0].mean() - f_of_all.mean() for f, f_of_all in zip(few, flow, strict=True)]
    assert min(lost) > 0.1 and min(more) > 0.15


def draw_validation(many, few, entropy, options):
    figure, axes = plot.subplots(1, 2, height=2.2, sharey=True)
    for ax, history, title in ((axes[0], many, "1,000 training rows"), (axes[1], few, "100 training rows")):
        step, training, validation = history.T
        best = kept_where_finite(validation)
        ax.plot(step, training, color=plot.SKY, label="training")
        ax.plot(step, validation, color=plot.BLUE, label="validation")
        ax.plot(step[best], validation[best], "o", color=plot.RED, markersize=5, label="kept")
        ax.axhline(entropy, color=plot.BLACK, linewidth=0.8, linestyle="--", label="entropy")
        ax.set(title=title, xlabel="step", ylim=(2.1, 4.3))
    axes[0].set_ylabel("loss (nats)")
    axes[0].legend(loc="upper right", ncols=2)
    options.save(figure, "ch00_validation")


def draw_moons(data, mixture, flow, params, rows, options):
    figure, axes = plot.subplots(1, 4, height=1.85, sharey=True)
    box, n = (-4, 5.5, -3.2, 3.6), 40 if options.fast else 160
    peak = float(np.exp(data.log_prob(data.test[:2000]).max()))
    for ax, log_p, title in zip(axes, (data.log_prob, mixture, flow), ("truth", "mixture", "flow"), strict=False):
        plot.density(ax, log_p, box, n=n, peak=peak)
        ax.set(title=title, ylabel="")
    mean, std = rows.mean(axis=0), rows.std(axis=0)
    plot.warp_grid(axes[3], lambda z: stack_forward(z, stack_of(params))[0] * std + mean, radius=2.0, lines=11)
    axes[3].set(title="the flow's grid", xlim=box[:2], ylim=box[2:], xlabel="$x_1$")
    axes[0].set_ylabel("$x_2$")
    options.save(figure, "ch00_moons")


if __name__ == "__main__":
    moons(options)

# %% [markdown]
# *Figure `ch00_validation`.* Training and validation loss, seed 0. Left, with 1,000 rows: both fall together. Right, with 100 rows: the training loss sinks below the entropy, while the validation loss rises. (By (4), no density has a loss below the entropy, averaged over new rows.) The flow learns its rows by heart. The peaks are steps that were too long; they end as the rate falls. The red point marks the parameters that are kept.
#
# *Figure `ch00_moons`.* Three densities on one colour scale, and where the flow of the last seed sends the square grid $[-2, 2]^2$. The mixture looks like a string of beads. The flow is smooth along the crescents, with a faint bridge between them: a continuous map cannot cut one Gaussian in two (chapter 04).
#
# The mixture wins with every seed, by about 0.1 nats a row: a dozen ellipses or a little more (the number is printed) cover two crescents in the plane well. They do not suffice for images of 64 pixels: chapter 04 meets the mixture again there, and the flow wins. Here both are far ahead of the Gaussian. With 100 rows the flow loses at least 0.15 nats more. It would lose still more if the last parameters were kept and not the best ones (printed above, on the validation rows).
#
# The package's `nf.fit` is this loop, with each row once in every pass over the data, derivatives by hand instead of a tape, an early end, checkpoints, and warnings about data.
#
# ## A map of the book
#
# | chapters | what makes the layer invertible, and its determinant cheap |
# |---|---|
# | 01 change of variables | the rule (2), derived |
# | 02 linear, 03 planar | factors of a matrix; the identity plus a matrix of low rank |
# | 04 coupling, 05 autoregressive | a triangular Jacobian |
# | 06 splines, 07 neural autoregressive | increasing functions of one variable, as flexible as you like |
# | 08 residual, 09 continuous | small steps; steps that are infinitely small |
#
# Chapters 10 to 14 use what 01 to 09 built: densities given a context, posteriors, images, how to judge a model, codes.
#
# | symbol | meaning | check | what it compares |
# |---|---|---|---|
# | $z$, $x$ | noise, data; points $(D,)$, rows $(N, D)$ | R | inverse(forward(z)) with z |
# | $p_Z$, $p$, $p_*$ | base, model, true density | X | log-dets of both directions, which add up to 0 |
# | $g$, $J$ | a map $z \to x$; its Jacobian $\partial x_i/\partial z_j$ | J | a log-det or a Jacobian with numeric derivatives |
# | log-det | log of the absolute determinant of the Jacobian of the map just applied | G | a gradient with numeric derivatives, or with autograd's |
# | $\theta$ | all parameters | N | the integral of a density with 1 |
# | $h$ | an increasing function of one variable | S, I | shapes and dtypes; each row alone with the row among others |
# | $\mathcal L$, $H$ | loss, entropy, in nats | = | one number, by two formulas |
#
# Later chapters add T (which entries of a Jacobian are zero), E (edges and joins), O (orientation and range) and K (draws, or estimates, within their standard errors). The package's audit has two more: D (log_prob by its definition) and P (arguments stay unchanged).
#
# ## Summary
#
# - A flow is a stack of invertible maps. Draw with it forward; invert it, last layer first, and add up log-dets for the density.
# - Maximum likelihood minimises the forward KL, up to the error of an average. The least expected loss is the entropy, in nats; reverse mode gives the gradient, and Adam takes the steps.
# - Validation rows choose, test rows judge, and an opponent shows what the number is worth.
#
# Rule (2) was taken on trust. Chapter 01 derives it.
#
# ## Exercises
#
# 1. (Paper.) Take (3) for the model $N(\mu, e^{2s})$ and the data 1, 2, 6. Set both derivatives to 0, and show that the best are the mean and the variance of the data. Hint: with $u_n = (x_n - \mu)e^{-s}$, $\partial u_n/\partial\mu = -e^{-s}$ and $\partial u_n/\partial s = -u_n$.
# 2. (10 lines.) Give `Node` a `tanh` and a minus sign. Compute $\bar w$ for $\mathcal L = (\tanh(wx) - y)^2$ at $w = 0.5$, $x = 2$, $y = 1$, and compare it with `numeric_gradient`.
# 3. (Paper.) Show that $\mathrm{KL}(p \| q)$ does not change when $p$ and $q$ are both sent through the same invertible map. Which two terms cancel? Hint: (2).
# 4. (Paper.) Gradient descent on $\frac12 c\,\theta^2$ multiplies $\theta$ by $1 - \eta c$. Which $\eta$ makes the larger of the two factors, for $c = 100$ and $c = 1$, as small as possible in size? How large are the factors then?
# 5. (Paper.) Leave out the divisions by $1 - \beta^k$ in `adam_step`. For a gradient that is always 1, how long are steps 1, 10 and 1,000, in units of $\eta$? Hint: unroll $m$ and $v$.
# 6. (2 minutes.) Train on the first 100 rows of each seed with `start(rng, width=8)` in `train`. Does the smaller network do better on the test rows, in the mean over three seeds? Would the validation rows have chosen it?
# 7. (2 minutes.) Put one of the 1,000 training rows of seed 0 at $(50, 50)$. By how many nats does the gap of each of the three models change? (Not every gap has to grow.) Which part of each model did the row change?
#
# ## Answers on paper
#
# - **1.** $\partial\mathcal L/\partial\mu = 0$ at the mean, 3; $\partial\mathcal L/\partial s$ is 1 minus the mean of $u_n^2$: 0 where $e^{2s}$ is the variance, $\frac{14}3$.
# - **3.** With $x = g(z)$, both $\log p(x)$ and $\log q(x)$ are the logarithm before the map minus the same log-det. The difference is unchanged, and so is its average.
# - **4.** The factors $1 - 100\eta$ and $1 - \eta$ have the same size at $\eta = 2/101$; each step multiplies $\theta$ by $99/101$ for $c = 1$, and by $-99/101$ for $c = 100$.
# - **5.** $m = 1 - 0.9^k$ and $v = 1 - 0.999^k$, so the steps are $3.16$, $6.53$ and $1.26$ times $\eta$ long.
#
# ## Where this differs from the papers
#
# - **Adam** is as published. The rate that falls along a cosine is from Loshchilov and Hutter (2017, arXiv:1608.03983).
# - **RealNVP** bounds $s$ by a learned multiple of a tanh; here $|s| < 1$. Chapter 04 has the layer in full.
# - **Reverse mode** is older than 1986: Linnainmaa described it in 1970. The 1986 paper made it the way to train networks.
