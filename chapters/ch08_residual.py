# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Residual flows: adding a contraction
#
# **Question.** Coupling and autoregressive layers are invertible because of who may look at whom. Residual networks, $x = z + F(z)$, have no such order: every output looks at every input. When is $z + F(z)$ invertible all the same, how do we invert it, and what does its log-determinant cost?
#
# **What you need.** The change of variables (chapter 01), the matrix determinant lemma and planar flows (chapter 03), the sampling loop of chapter 05; eigenvalues, singular values, geometric series; NumPy.
#
# **Convention.** $z$ is noise, $x$ is data. In the derivation the residual map goes $z \to x$. A flow that is fitted to data uses it the other way round, $z = x + F(x)$, so that the direction of maximum likelihood is the cheap one.
#
# **Running time.** Under a minute on two quiet cores; `--fast` takes a few seconds and does every check, with experiments too short to mean anything.
#
# **References.** Behrmann, Grathwohl, Chen, Duvenaud, Jacobsen (2019), *Invertible residual networks*, arXiv:1811.00995. Chen, Behrmann, Duvenaud, Jacobsen (2019), *Residual flows for invertible generative modeling*, arXiv:1906.02735. Miyato et al. (2018), *Spectral normalization*, arXiv:1802.05957. Hutchinson (1989), doi:10.1080/03610918908812806. Walker, Ni (2011), *Anderson acceleration*, doi:10.1137/10078356X.

# %%
import numpy as np

if __name__ == "__main__":
    import time

    import nfscratch as nf
    from nfscratch import chapter, check, plot

    options = chapter.options()

# %% [markdown]
# ## The idea, with numbers
#
# Take one variable and $F(z) = \frac12 \sin z$. Somebody hands us $x = 1$ and asks for the $z$ with $z + \frac12\sin z = 1$. There is no formula. But the equation can be read as a recipe, $z = 1 - \frac12 \sin z$: put a guess into the right side, and take what comes out as the next guess. Start from $z_0 = x = 1$:
#
# $$z_1 = 1 - \tfrac12 \cdot 0.8415 = 0.5793, \quad z_2 = 1 - \tfrac12 \cdot 0.5474 = 0.7263, \quad z_3 = 0.6679, \quad z_4 = 0.6903, \quad \dots \quad z_\infty = 0.6840.$$
#
# Each guess is nearer than the one before, because $\frac12 \sin$ moves two points by at most half of their distance. The slope of the map at the solution is $1 + \frac12\cos 0.6840 = 1.3875$, and its logarithm 0.3275. We can have that number without taking a logarithm: with $a = 0.3875$ it is $a - a^2/2 + a^3/3 - a^4/4 + \dots$, and four terms give 0.3262. Those two things, a guess that improves itself and a series, are this chapter.


# %%
def worked_example():
    z, visited = 1.0, []
    for _ in range(60):
        z = 1.0 - 0.5 * np.sin(z)
        visited.append(z)
    assert np.allclose(visited[:4], [0.5793, 0.7263, 0.6679, 0.6903], atol=6e-5)
    a = 0.5 * np.cos(z)
    series = a - a**2 / 2 + a**3 / 3 - a**4 / 4
    assert np.allclose([z, 1 + a, np.log1p(a), series], [0.6840, 1.3875, 0.3275, 0.3262], atol=6e-5)
    assert np.allclose([*np.sin([1, 0.5793]), a], [0.8415, 0.5474, 0.3875], atol=6e-5)
    print(
        f"z = {z:.4f}, and z + sin(z)/2 = {z + 0.5 * np.sin(z):.4f}; log-slope {np.log1p(a):.4f}, four terms {series:.4f}"
    )


def picture_of_the_idea(options):
    figure, axes = plot.subplots(1, 3, height=2.2)
    maps = {
        "$F(z) = 0.5\\,\\sin z$, $x = 1$": (lambda z: 0.5 * np.sin(z), 1.0, (0.4, 1.1)),
        "$F(z) = 0.9\\,\\sin z$, $x = 0.2$": (lambda z: 0.9 * np.sin(z), 0.2, (-0.05, 0.25)),
        "$F(z) = 1.5\\,\\sin z$, $x = 0.2$": (lambda z: 1.5 * np.sin(z), 0.2, (-1.6, 1.9)),
    }
    for ax, (title, (F, x, box)) in zip(axes, maps.items(), strict=True):
        line, z, path = np.linspace(*box, 200), x, [(x, x)]
        for _ in range(14):
            path += [(z, x - F(z)), (x - F(z), x - F(z))]
            z = x - F(z)
        ax.plot(line, line, color="0.6", linewidth=0.8)
        ax.plot(line, x - F(line), color=plot.BLUE)
        ax.plot(*np.array(path).T, color=plot.ORANGE, linewidth=0.8)
        ax.set(title=title, xlim=box, ylim=box, xlabel="guess $z_k$", aspect="equal")
    axes[0].set_ylabel("next guess $x - F(z_k)$")
    options.save(figure, "ch08_cobweb")


if __name__ == "__main__":
    worked_example()
    picture_of_the_idea(options)

# %% [markdown]
# *Figure `ch08_cobweb`.* From the diagonal go up or down to the curve $x - F(z)$, then sideways to the diagonal: that is one step. The solution is where they cross. Left: slopes up to 1/2, and the web closes within a few steps. Middle: slopes up to 0.9, it closes slowly. Right: the slope at the crossing is steeper than 1, and the web ends in a square around the solution, which it never reaches.
#
# ## The derivation
#
# $$x = z + F(z), \tag{1}$$
#
# $$|F(z) - F(z')| \leq L\,|z - z'| \quad\text{for all } z, z', \qquad L < 1. \tag{2}$$
#
# A map with (2) is called a contraction, and the smallest such $L$ is its Lipschitz constant, $\operatorname{Lip}(F)$.
#
# **It is invertible.** Given $x$, iterate
#
# $$z_{k+1} = x - F(z_k) \tag{3}$$
#
# from any $z_0$. Two successive steps obey $|z_{k+1} - z_k| = |F(z_k) - F(z_{k-1})| \leq L\,|z_k - z_{k-1}|$, so the steps shrink like $L^k$, their sum converges, and the $z_k$ approach some $z^\star$. $F$ is continuous, so $z^\star = x - F(z^\star)$: it solves (1). If there were two solutions, their distance $d$ would obey $d \leq L d$, so $d = 0$. This is Banach's fixed-point theorem, and it comes with its error: summing the remaining steps,
#
# $$|z_k - z^\star| \leq \frac{1}{1 - L}\,|z_{k+1} - z_k|, \qquad |z_k - z^\star| \leq L^k\,|z_0 - z^\star|. \tag{4}$$
#
# The step $|z_{k+1} - z_k| = |x - F(z_k) - z_k|$ is the residual of (1), a number that we can look at. For an error of $10^{-6}$ the second half asks for $\log 10^{-6}/\log L$ steps: 20 at $L = 0.5$, 454 at 0.97.
#
# **What it forbids.** By the triangle inequality, for any two points
#
# $$1 - L \;\leq\; \frac{|x - x'|}{|z - z'|} \;\leq\; 1 + L . \tag{5}$$
#
# No direction is stretched by 2 or more. An affine layer multiplies by $e^s$ in one go; here a factor of 10 takes $\log 10/\log 1.97 = 3.4$ layers at $L = 0.97$. And since $|Jv - v| \leq L|v|$, no direction turns by more than $\arcsin L$, 76 degrees at 0.97: one layer cannot rotate the plane by a right angle. So depth is paid for what other layers do at once. In return every variable sees every other one, in every layer.
#
# **The Jacobian for $D = 2$, entry by entry**:
#
# $$J = \frac{\partial x}{\partial z} = \begin{pmatrix} 1 + \dfrac{\partial F_1}{\partial z_1} & \dfrac{\partial F_1}{\partial z_2} \\[6pt] \dfrac{\partial F_2}{\partial z_1} & 1 + \dfrac{\partial F_2}{\partial z_2} \end{pmatrix} = I + J_F . \tag{6}$$
#
# Nothing is zero, and nothing can be left out. But the eigenvalues $\lambda_i$ of $J_F$ obey $|\lambda_i| \leq L < 1$, so that $\det J = \prod_i (1 + \lambda_i) > 0$ always: complex ones come in pairs, and $(1 + \lambda)(1 + \bar\lambda) > 0$.
#
# **A network with a stated constant.** The constant of a composition is at most the product of the constants. A layer $h \mapsto \operatorname{act}(W h + b)$ with $|\operatorname{act}'| \leq 1$ has the constant $\sigma(W)$, the largest singular value of $W$. So divide each of $K$ weight matrices by it, where it is too large:
#
# $$\tilde W = \frac{W}{\max(1, \sigma(W) / L^{1/K})}, \qquad \sigma(W) = u^\top W v, \quad u \leftarrow \frac{Wv}{|Wv|}, \; v \leftarrow \frac{W^\top u}{|W^\top u|} \text{ again and again.} \tag{7}$$
#
# The iteration for $u$ and $v$ finds the largest singular value from *below*. If it stops early, we divide by too little, and (2) does not hold.
#
# Here is all of that for one point, with one hidden tanh layer.


# %%
def power_iteration(W, v, steps):
    """sigma(W) after some steps of (7), from below; and v, to go on from."""
    for _ in range(steps):
        u = W @ v / np.linalg.norm(W @ v)
        v = W.T @ u / np.linalg.norm(W.T @ u)
    return u @ W @ v, v


def bounded(weights, L, steps=200):
    """The weights (W1, b1, W2, b2), each matrix with the constant sqrt(L): equation (7)."""
    (W1, b1, W2, b2), share = weights, np.sqrt(L)
    c = [max(1.0, power_iteration(W, np.ones(W.shape[1]), steps)[0] / share) for W in (W1, W2)]
    return W1 / c[0], b1, W2 / c[1], b2


def network(weights, z):
    """F(z) and J_F at one point: one hidden tanh layer, and the chain rule."""
    W1, b1, W2, b2 = weights
    h = np.tanh(W1 @ z + b1)
    return W2 @ h + b2, W2 @ np.diag(1 - h**2) @ W1


def residual_forward(z, weights):
    """x and log det at one point z (D,): equations (1) and (6)."""
    f, J = network(weights, z)
    return z + f, np.linalg.slogdet(np.eye(len(z)) + J)[1]


def residual_inverse(x, weights, tolerance=1e-14, steps=2000):
    """z and log det of the inverse at one point x (D,): iteration (3), stopped by its residual (4)."""
    z = x
    for _ in range(steps):
        step = x - network(weights, z)[0] - z
        if np.abs(step).max() <= tolerance * max(1.0, np.abs(x).max()):
            return z, -residual_forward(z, weights)[1]
        z = z + step
    raise ValueError(
        f"the iteration must reach {tolerance:.0e} in {steps} steps; its residual is {np.abs(step).max():.1e}"
    )


def stale_power_iteration(options):
    """Largest constants over 200 random 64 x 64 matrices that were divided by a sigma from few steps."""
    rng, nominal = np.random.default_rng(options.seed), 0.97
    print(f"  a nominal {nominal} after        1       5      20      50 steps of (7) is, at the largest")
    worst = []
    for steps in (1, 5, 20, 50):
        matrices = rng.normal(size=(20 if options.fast else 200, 64, 64))
        found = [power_iteration(W, rng.normal(size=64), steps)[0] for W in matrices]
        worst.append(max(nominal * np.linalg.norm(W, 2) / s for W, s in zip(matrices, found, strict=True)))
    print("                              " + "".join(f"{w:8.3f}" for w in worst))
    assert worst[0] > 1.2 and worst[1] > 1.05 and worst[3] < 1.05


def numbers_in_the_text():
    """What (4) and (5) say at a few constants."""
    steps = [np.ceil(np.log(1e-6) / np.log(L)) for L in (0.5, 0.97)]
    assert steps == [20, 454]  # (4)
    assert round(np.log(10) / np.log(1.97), 1) == 3.4 and round(1 / (1 - 0.97)) == 33  # (5)
    assert round(np.degrees(np.arcsin(0.97))) == 76
    assert np.allclose(np.sqrt([0.5, 0.75]), [0.71, 0.87], atol=5e-3)  # where (12) ends


if __name__ == "__main__":
    numbers_in_the_text()
    stale_power_iteration(options)

# %% [markdown]
# After five steps a layer with a nominal 0.97 may still be no contraction at all. Training moves $W$ a little in each step, so it is enough to keep $v$ and go on from it: that is what the package does, until $|W^\top u - \sigma v| \leq 10^{-3} \sigma$, after every step of training.
#
# ## The log-determinant as a series
#
# For $D$ up to 64 or so we can build $J$ and take its determinant, $O(D^3)$ for each point. Beyond that, use $\log(1 + \lambda) = \lambda - \lambda^2/2 + \lambda^3/3 - \dots$ for each eigenvalue, and sum over them. The sum of the $k$th powers of the eigenvalues is the trace of the $k$th power:
#
# $$\log\det(I + J_F) = \sum_{k=1}^{\infty} \frac{(-1)^{k+1}}{k} \operatorname{tr}(J_F^k). \tag{8}$$
#
# **Stopping after $n$ terms is biased.** $|\operatorname{tr}(J_F^k)| \leq \sum_i |\lambda_i|^k \leq D L^k$, so what is left out is at most
#
# $$\Bigl|\sum_{k > n} \frac{(-1)^{k+1}}{k} \operatorname{tr}(J_F^k)\Bigr| \leq D \sum_{k > n} \frac{L^k}{k} \leq \frac{D}{n + 1}\,\frac{L^{n+1}}{1 - L}, \tag{9}$$
#
# with equality on the left where $J_F = -L\,I$. The bound is in nats, and $D$ stands in front of it.
#
# **Traces from products.** We want $\operatorname{tr} A$ for $A = J_F^k$ without $A$. Draw $v$ with independent signs $\pm 1$. Then $E\,v_i v_j$ is 1 for $i = j$ and else 0, and
#
# $$E\, v^\top A v = \sum_{ij} A_{ij} E\, v_i v_j = \operatorname{tr} A, \qquad \operatorname{Var} v^\top A v = \sum_{i<j} (A_{ij} + A_{ji})^2 . \tag{10}$$
#
# $v^\top J_F^k v$ takes $k$ products of $J_F$ with a vector, each as cheap as a pass through the network.
#
# **Russian roulette** removes the bias. Take $m$ terms; then, before each further one, stop with probability $p$. The number of terms $n$ is random, term $k > m$ is reached with probability $P(n \geq k) = (1 - p)^{k - m}$, and we divide it by that:
#
# $$t = \sum_{k=1}^{n} \frac{(-1)^{k+1}}{k}\, \frac{v^\top J_F^k v}{P(n \geq k)}, \qquad E\,t = \sum_{k=1}^\infty \frac{P(n \geq k)}{P(n \geq k)} \frac{(-1)^{k+1}}{k} \operatorname{tr}(J_F^k) = \log\det(I + J_F). \tag{11}$$
#
# **Its variance.** Write $a_k$ for the terms of (8) and $r_k = 1/P(n \geq k)$. Whoever reaches term $k$ has reached all terms before it, so $E[1_{n \geq j} 1_{n \geq k}] = P(n \geq k)$ for $j \leq k$, and the covariance of two weighted terms is $a_j a_k (r_j - 1)$:
#
# $$\operatorname{Var} = \sum_k a_k^2 (r_k - 1) + 2 \sum_{j < k} a_j a_k (r_j - 1) \qquad\text{(exact traces)}. \tag{12}$$
#
# With one eigenvalue $\lambda$, $a_k^2 r_k$ is $\lambda^{2k}/k^2$ times $(1 - p)^{m - k}$. So **the variance is finite only where $\lambda^2 \leq 1 - p$**: with $p = 1/2$, as in the paper, that ends at 0.71. We take $p = 1/4$, which ends at 0.87. Training does not know of either end, and a layer with $L = 0.97$ may pass both: experiment 1 prints the largest $|\lambda|$.
#
# **Its gradient.** Differentiate (8) term by term. A trace does not mind the order of a cycle of factors, so that $d \operatorname{tr}(J^k) = k \operatorname{tr}(J^{k-1} dJ)$, the $k$ cancels, and
#
# $$d \log\det(I + J_F) = \sum_{k \geq 1} (-1)^{k+1} \operatorname{tr}(J_F^{k-1} dJ_F) = E\; w^\top dJ_F\, v, \qquad w = \sum_{k=1}^n (-1)^{k+1} r_k\, (J_F^\top)^{k-1} v . \tag{13}$$
#
# $w$ and $v$ are held fixed while $J_F$ is differentiated. The memory is that of *one* product $J_F v$, however many terms there were; to differentiate (11) itself we would keep all $n$. Since $\sum_k (-J)^k = (I + J)^{-1}$ is the Neumann series, (13) is Jacobi's formula for a determinant, with random numbers in it.


# %%
def series(J, n):
    """n terms of (8), with exact traces."""
    power, total = np.eye(len(J)), 0.0
    for k in range(1, n + 1):
        power = power @ J
        total += (-1) ** (k + 1) / k * np.trace(power)
    return total


def left_out(L, D, n):
    """The middle of (9): all of the series of -log(1 - L), less its first n terms."""
    return D * (-np.log1p(-L) - sum(L**k / k for k in range(1, n + 1)))


def hutchinson(A, rng):
    """One draw of (10)."""
    v = rng.choice([-1.0, 1.0], len(A))
    return v @ A @ v


def roulette(J, rng, m=2, p=0.25):
    """One draw of (11), and the vectors w and v of (13)."""
    v = rng.choice([-1.0, 1.0], len(J))
    y, t, w = v, 0.0, np.zeros(len(J))
    for k in range(1, m + rng.geometric(p)):
        r = (-1.0) ** (k + 1) * (1 - p) ** -max(0, k - m)
        w = w + r * y
        y = J.T @ y
        t += r / k * (y @ v)
    return t, w, v


def roulette_variance(eigenvalue, m, p, terms=400):
    """(12) for one eigenvalue."""
    k = np.arange(1, terms + 1)
    a, r = -((-eigenvalue) ** k) / k, (1 - p) ** -np.maximum(0.0, k - m)
    later = np.concatenate([np.cumsum(a[::-1])[::-1][1:], [0.0]])
    return (a**2 * (r - 1)).sum() + 2 * (a * (r - 1) * later).sum()


# %% [markdown]
# ### Where the series is not needed
#
# A planar layer (chapter 03) is $z + u\,\tanh(w \cdot z + b)$. Its $J_F = u\,\psi^\top$ has rank one, with $\psi = (1 - \tanh^2)\,w$, so $\operatorname{tr}(J_F^k) = (\psi \cdot u)^k$, and (8) sums to what the matrix determinant lemma said:
#
# $$\sum_k \frac{(-1)^{k+1}}{k} (\psi \cdot u)^k = \log(1 + \psi \cdot u). \tag{14}$$
#
# A Sylvester layer is the same with an $M \times M$ matrix in place of the number. Planar and Sylvester layers need $\psi \cdot u > -1$ alone, with no upper limit; a residual layer with one hidden unit has to stay below 1. The price of any number of units without a structure is the constant, and a series.
#
# ### Chapter 05's loop is such an iteration
#
# To sample from a masked autoregressive flow one repeats $x \leftarrow \mu(x) + \sigma(x)\,z$. That is (3) for $F(x) = -\mu(x) - \sigma(x) z$, and its Jacobian $N$ is *strictly triangular*. No contraction is needed: all eigenvalues of $N$ are 0. The error after $k$ passes is a product of $k$ strictly triangular matrices, taken at different points, times the first error. Such a product of $D$ factors is zero, so $D$ passes are exact. Long before that it is small: entry $(i, j)$ of a product of $k$ factors is a sum over chains $i > i_1 > \dots > i_{k-1} > j$. With entries below $a$ the last row of the product sums to at most
#
# $$\sum_j |N_k \cdots N_1|_{Dj} \leq \binom{D - 1}{k}\, a^k \leq \frac{((D-1)\,a)^k}{k!} . \tag{15}$$
#
# A contraction's error falls like $L^k$; this one like $1/k!$, faster than any power. We come back to it below.
#
# ## Check it
#
# Each line compares two things that were computed in different ways. R: the round trip. X: the log-dets of the two directions cancel. J: a log-det or a Jacobian against finite differences. G: a gradient. =: one number by two formulas. K: the mean of many draws, in standard errors.


# %%
def numeric_jacobian(f, z, h=1e-3):
    """dx/dz at one point by central differences of fourth order."""
    columns = []
    for e in np.eye(len(z)) * h:
        columns.append((8 * (f(z + e) - f(z - e)) - (f(z + 2 * e) - f(z - 2 * e))) / (12 * h))
    return np.stack(columns, axis=1)


def random_network(rng, D, width=8, L=0.9):
    shapes = ((width, D), (width,), (D, width), (D,))
    return bounded([rng.normal(size=shape) for shape in shapes], L)


def hard_network(rng, D, L):
    """W2 = -W1^T and small offsets: J_F is symmetric, and its eigenvalues lie between -L and 0."""
    W1 = rng.normal(size=(2 * D, D))
    return bounded((W1, 0.1 * rng.normal(size=2 * D), -W1.T, rng.normal(size=D)), L)


def off(a, b):
    """The largest difference, relative to the size of what is compared."""
    return float(np.max(np.abs(np.asarray(a) - np.asarray(b))) / max(1.0, np.max(np.abs(b))))


def away(draws, truth):
    """How many standard errors the mean of the draws is away from the truth."""
    return float(abs(np.mean(draws) - truth) / (np.std(draws, ddof=1) / len(draws) ** 0.5))


def both_directions(D, rng):
    """The round trip and both log-dets, against finite differences."""
    weights, z = random_network(rng, D), rng.normal(size=D)
    x, log_det = residual_forward(z, weights)
    back, log_det_back = residual_inverse(x, weights)
    J = numeric_jacobian(lambda a: residual_forward(a, weights)[0], z)
    J_back = numeric_jacobian(lambda a: residual_inverse(a, weights)[0], x)
    singular = np.linalg.svd(np.eye(D) + network(weights, z)[1], compute_uv=False)
    assert 0.1 <= singular.min() and singular.max() <= 1.9  # (5)
    return [
        check.Finding("R", f"D = {D}: iteration (3) against z", off(back, z), 1e-12),
        check.Finding("X", f"D = {D}: log_det forward + log_det inverse", abs(log_det + log_det_back), 1e-12),
        check.Finding("J", f"D = {D}: I + J_F, (6)", off(np.eye(D) + network(weights, z)[1], J), 1e-6),
        check.Finding("J", f"D = {D}: log_det forward", off(log_det, np.linalg.slogdet(J)[1]), 1e-6),
        check.Finding("J", f"D = {D}: log_det inverse", off(log_det_back, np.linalg.slogdet(J_back)[1]), 1e-6),
    ]


def planar_case(rng):
    """(14): one hidden unit."""
    w, u = rng.normal(size=3), rng.normal(size=3)
    weights = bounded((w[None], rng.normal(size=1), u[:, None], np.zeros(3)), 0.9)
    J = network(weights, z := rng.normal(size=3))[1]
    psi_u = np.trace(J)
    error = max(off(series(J, 200), np.log1p(psi_u)), off(residual_forward(z, weights)[1], np.log1p(psi_u)))
    return check.Finding("=", "one hidden unit: series (8) and determinant against (14)", error, 1e-12)


def estimates(rng, n):
    """The mean of n draws, each with its truth: (10), (11) and the derivative (13) along a random direction."""
    weights, z, e, h = hard_network(rng, 5, 0.8), 0.5 * rng.normal(size=5), rng.normal(size=5), 1e-4
    J = network(weights, z)[1]
    dJ = (network(weights, z + h * e)[1] - network(weights, z - h * e)[1]) / (2 * h)
    exact = residual_forward(z, weights)[1]
    slope = (residual_forward(z + h * e, weights)[1] - residual_forward(z - h * e, weights)[1]) / (2 * h)
    draws = [roulette(J, rng) for _ in range(n)]
    traces = [hutchinson(J @ J, rng) for _ in range(n)]
    A = J @ J + (J @ J).T
    spread = np.sqrt((np.triu(A, 1) ** 2).sum())
    assert abs(np.std(traces) / spread - 1) < 5 / np.sqrt(n)  # (10)
    short = [series(J, 2) + hutchinson(J, rng) - np.trace(J) for _ in range(n)]
    print(
        f"  two terms of the series miss by {series(J, 2) - exact:+.4f}: {away(short, exact):.0f} standard errors of {n:,} draws"
    )
    return [
        check.Finding("=", "series (8), 300 terms, against slogdet", off(series(J, 300), exact), 1e-12),
        check.Finding("K", f"trace (10), {n:,} draws, in standard errors", away(traces, np.trace(J @ J)), 3.0),
        check.Finding("K", f"roulette (11), {n:,} draws", away([d[0] for d in draws], exact), 3.0),
        check.Finding("K", f"gradient (13), {n:,} draws", away([w @ dJ @ v for _, w, v in draws], slope), 3.0),
    ]


def check_one_point(options):
    rng = np.random.default_rng(options.seed)
    findings = [finding for D in (1, 2, 5, 6) for finding in both_directions(D, rng)]
    findings += [planar_case(rng), *estimates(rng, 1000 if options.fast else 20_000)]
    print(check.table(findings, "This chapter's layer at one point, L = 0.9; draws: L = 0.8"))
    assert all(finding.ok for finding in findings)


if __name__ == "__main__":
    check_one_point(options)

# %% [markdown]
# How large is the bias, and what does its repair cost? Left, the error of the truncated series for 40 networks of five variables with eigenvalues between $-L$ and 0, the hard case, beside the bound (9). Right, the standard deviation of roulette by (12), for one eigenvalue, and what 20,000 draws show.


# %%
def bias_and_variance(options):
    rng, L, D, terms = np.random.default_rng(options.seed), 0.9, 5, np.arange(1, 25)
    figure, axes = plot.subplots(1, 2, height=2.2)
    errors = []
    for _ in range(40):
        weights, z = hard_network(rng, D, L), 0.3 * rng.normal(size=D)
        J, exact = network(weights, z)[1], residual_forward(z, weights)[1]
        errors.append([abs(series(J, n) - exact) for n in terms])
        axes[0].semilogy(terms, np.maximum(errors[-1], 1e-17), color=plot.SKY, linewidth=0.6)
    bound = np.array([left_out(L, D, n) for n in terms])
    assert (np.array(errors) <= bound).all()  # (9)
    assert np.isclose(abs(series(-L * np.eye(D), 7) - D * np.log(1 - L)), left_out(L, D, 7))  # it is reached
    axes[0].semilogy(terms, bound, color=plot.RED, label="bound (9)")
    axes[0].set(xlabel="terms $n$", ylabel="error in nats", ylim=(1e-4, 20))
    axes[0].legend()
    lambdas = np.linspace(0.05, 0.95, 91)
    for p, color in ((0.5, plot.ORANGE), (0.25, plot.BLUE)):
        finite = lambdas**2 < 1 - p
        deviation = np.sqrt([roulette_variance(-l, 2, p) for l in lambdas[finite]])
        axes[1].semilogy(lambdas[finite], deviation, color=color, label=f"$p = {p}$")
        axes[1].axvline(np.sqrt(1 - p), color=color, linewidth=0.7, linestyle="--")
        for l in (0.3, 0.5, 0.65):
            draws = [roulette(np.array([[-l]]), rng, 2, p)[0] for _ in range(500 if options.fast else 20_000)]
            axes[1].plot(l, np.std(draws), "o", color=color, markersize=4)
            assert options.fast or 0.7 < np.std(draws) / np.sqrt(roulette_variance(-l, 2, p)) < 1.2
    axes[1].set(xlabel="$|\\lambda|$, for $\\lambda < 0$", ylabel="standard deviation, nats")
    axes[1].legend()
    options.save(figure, "ch08_estimates")


if __name__ == "__main__":
    bias_and_variance(options)

# %% [markdown]
# *Figure `ch08_estimates`.* Left: every thin line is one network, and none is above the red bound, which is reached when all eigenvalues are $-L$. Each further term costs one pass and buys a constant factor. Right: lines are (12), dots are the spread of draws, and the dashed lines mark the $|\lambda|$ beyond which the variance is infinite. (Past it a run may look calm for a long time: the variance sits in draws too rare to be seen. Exercise 3.)
#
# ## The inverse, and how long it takes
#
# Anderson's acceleration keeps the last few guesses and asks which combination of their residuals is smallest, as a secant does in one dimension. It needs fewer steps, and it is not guaranteed; the package goes back to the best guess and takes a step (3) where it fails. Below, the package's search on the same network scaled to several constants. And beside it the loop of chapter 05, on a masked autoregressive layer fitted to the 8 × 8 digits: how far each pass is from the sample, and an estimate of the bound (15), with the largest entries of $N$ that we find at five samples and at 0.


# %%
def residual_curves(L, options):
    """The relative residual after k calls of F, by both methods, for 100 points of one network in five variables."""
    from nfscratch.ops.fixed_point import solve_fixed_point

    rng = np.random.default_rng(options.seed)
    W1, b1, W2, b2 = hard_network(rng, 5, L)

    def F(z, where):
        return W2 @ np.tanh(W1 @ z + b1[:, None]) + b2[:, None]

    x, curves = rng.normal(size=(5, 100)), {}
    for method in ("fixed point", "anderson"):
        needed = [solve_fixed_point(F, x, method, tolerance).calls for tolerance in 10.0 ** -np.arange(1, 15)]
        curves[method] = needed
    return curves


def passes_of_a_maf(options):
    """Largest distance to the sample after each pass, for a layer fitted to digits; and the chains of (15)."""
    nf.use(dtype="float64")
    data = nf.data.load("digits")
    flow = nf.flows.maf(64, layers=1, hidden=(128,), whiten="diagonal")
    fit = {"steps": 10 if options.fast else 200, "optimizer": nf.adam(3e-3), "validation": None, "progress": False}
    params = nf.fit(flow, data.train, rng=options.seed, jitter=data.jitter, **fit).params["bijection"][0]
    layer, z = flow.bijection.layers[0], np.random.default_rng(1).normal(size=(50, 64))
    sample, x, errors, chains = layer.forward(params, z)[0], np.zeros_like(z), [], []
    N = np.abs(np.stack([passed_jacobian(layer, params, a, z[:5]) for a in (sample[:5], 0 * sample[:5])])).max(
        axis=(0, 1)
    )
    product = np.abs(sample).max(axis=0)
    for _ in range(64):
        theta = layer.conditioner.apply(params, x).reshape(len(z), 64, 2)
        x = layer.transformer.forward(theta, z)[0]
        product = N @ product
        errors.append(np.abs(x - sample).max())
        chains.append(product.max())
    return np.array(errors), np.array(chains)


def passed_jacobian(layer, params, x, z):
    """N of (15): the Jacobian of one pass x -> mu(x) + sigma(x) z."""

    def one_pass(a):
        theta = layer.conditioner.apply(params, a).reshape(len(a), 64, 2)
        return layer.transformer.forward(theta, z)[0]

    return check.finite_difference_jacobian(one_pass, x)


def inverses_drawn(options):
    figure, axes = plot.subplots(1, 2, height=2.2)
    digits = np.arange(1, 15)
    for L, color in ((0.5, plot.GREEN), (0.9, plot.BLUE), (0.97, plot.RED)):
        curves = residual_curves(L, options)
        axes[0].loglog(curves["fixed point"], 10.0**-digits, color=color, label=f"$L = {L}$")
        axes[0].loglog(curves["anderson"], 10.0**-digits, color=color, linestyle="--")
        print(
            f"  L = {L}: 14 digits after {curves['fixed point'][-1]} steps of (3), {curves['anderson'][-1]} with Anderson"
        )
        assert curves["anderson"][-1] < curves["fixed point"][-1]
    axes[0].set(xlabel="calls of $F$", ylabel="residual", xlim=(0.2, None))
    axes[0].legend(title="dashed: Anderson", loc="lower left")
    errors, chains = passes_of_a_maf(options)
    first = int(np.argmax(errors < 1e-13)) + 1
    print(f"  a MAF layer on digits: below 1e-13 after {first} of 64 passes")
    axes[1].semilogy(np.arange(1, 65), np.maximum(errors, 1e-17), label="distance to the sample")
    axes[1].semilogy(np.arange(1, 65), np.maximum(chains, 1e-17), color="0.6", linestyle="--", label="estimate of (15)")
    axes[1].set(xlabel="passes", ylabel="pixels", ylim=(1e-17, None))
    axes[1].legend()
    assert first < 45 and errors[-1] < 1e-12
    options.save(figure, "ch08_inverse")


if __name__ == "__main__":
    inverses_drawn(options)

# %% [markdown]
# *Figure `ch08_inverse`.* Left: the residual of the worst of 100 points after so many calls of $F$, for three constants. The iteration (3) pays for $L$ near 1, and Anderson hardly notices it. Right: the masked autoregressive layer's loop. At first the distance falls slowly, then like $1/k!$, until rounding stops it. The dashed line multiplies along chains the largest entries of $N$ that were seen. It estimates (15) and bounds nothing, because $N$ may be larger elsewhere; it is pessimistic, and has the right shape.
#
# ## The package
#
# `nf.LipschitzMLP(hidden, coefficient)` is a network with (7): the vectors $u$ and $v$ are stored beside the weights, and `fit` moves them after every step. `nf.Residual(dim, network, log_det)` is the layer. `log_det` is `"exact"`, `"series"` (a stated number of terms), or `"roulette"`, which is an estimate where it is given a random generator, and exact without one. Its gradient is (13), and the exact one is $\operatorname{tr}((I + J_F)^{-1} dJ_F)$: both need the derivative of $J_F v$, a second derivative of the network, by hand. One tangent $\dot h$ is carried beside each $h$, $\dot a_k = W_k \dot h_{k-1}$ and $\dot h_k = \operatorname{act}'(a_k)\,\dot a_k$, and reversing both gives
#
# $$g_{a_k} = \operatorname{act}'(a_k)\, g_{h_k} + \operatorname{act}''(a_k)\, \dot a_k\, g_{\dot h_k}, \qquad g_{\dot a_k} = \operatorname{act}'(a_k)\, g_{\dot h_k}. \tag{16}$$
#
# The second slope of the activation appears, which is why ReLU will not do. Chen et al. propose LipSwish, $a\,\sigma(\beta a)/1.1$, whose slope stays below 1. For ELU and softplus the second slope vanishes wherever the slope comes near 1. LipSwish has that at one point only, the maximum of its slope at $a = 2.4$.


# %%
def check_the_package(options):
    nf.use(dtype="float64")
    rng, findings = np.random.default_rng(options.seed), []
    W1, b1, W2, b2 = (rng.normal(size=shape) for shape in ((8, 5), (8,), (5, 8), (5,)))
    network = nf.LipschitzMLP((8,), 0.9, tolerance=1e-8)
    params = [
        {"W": W, "b": b, "fixed": {"u": np.ones(len(W)), "v": np.ones(W.shape[1])}} for W, b in ((W1, b1), (W2, b2))
    ]
    params, z = network.update(params), rng.normal(size=(16, 5))
    x, log_det = nf.Residual(5, network).forward(params, z)
    ours = [residual_forward(row, bounded((W1, b1, W2, b2), 0.9)) for row in z]
    error = max(off(x, [a for a, _ in ours]), off(log_det, [b for _, b in ours]))
    findings.append(check.Finding("=", "Residual against this chapter's lines", error, 1e-5))
    layers = {name: nf.Residual(5, nf.LipschitzMLP((8, 8), 0.9, "lipswish"), name) for name in ("exact", "roulette")}
    layers["series"] = nf.Residual(5, nf.LipschitzMLP((8, 8), 0.3, "lipswish"), "series", terms=30)
    a = np.linspace(0, 5, 5001)
    assert abs(a[np.argmax((1 + a / (1 + np.exp(a))) / (1 + np.exp(-a)))] - 2.4) < 0.01  # of a sigmoid(a), the slope
    for name, layer in layers.items():
        params = check.random_params(layer, rng)
        found = [check.shapes_and_dtypes(layer, params, z), gradient_against_autograd(layer, params, z, rng)]
        found += check.log_det_is_jacobian(layer, params, z)
        found += [check.round_trip(layer, params, z), check.log_dets_cancel(layer, params, z)]
        findings += [check.Finding(f.letter, f"{name}: {f.what}", f.error, f.tolerance, f.at) for f in found]
    flow = nf.flows.residual(2, layers=2, hidden=(8,), whiten="diagonal")
    params = {**flow.init(rng), "bijection": check.random_params(flow.bijection, rng, 0.5)}
    low, high = check.image_box(lambda z: flow.bijection.forward(params["bijection"], z)[0], 2)
    findings.append(check.integrates_to_one(lambda x: flow.log_prob(params, x), low, high))
    print(check.table(findings, "The package's layers, D = 5, random weights"))
    assert all(finding.ok for finding in findings)


def gradient_against_autograd(layer, params, z, rng):
    """(16), as the package has it, against autograd's tape."""
    x, log_det, pullback = layer.forward_vjp(params, z)
    g = [rng.normal(size=a.shape) for a in (x, log_det)]
    _, traced = nf.autodiff.value_and_vjp(layer.forward, params, z)
    pairs = zip(pullback(*g)[:2], traced(tuple(g)), strict=True)
    error = max(off(a, b) for p, q in pairs for a, b in zip(nf.trees.leaves(p), nf.trees.leaves(q), strict=True))
    return check.Finding("G", "pullback by hand against autograd", error, 1e-10)


if __name__ == "__main__":
    check_the_package(options)

# %% [markdown]
# ## Three published bugs
#
# - **A stale power iteration** (jhjacobsen/invertible-resnet, issue 3): the weights move, $u$ and $v$ do not, and the "inverse" runs its hundred steps and returns where it is.
# - **A series without its alternating sign**: $\sum_k \operatorname{tr}(J^k)/k$ is $-\log\det(I - J)$. It is right to first order, so a layer near the identity hides it.
# - **Probes summed, not averaged** (bayesflow, issue 772): with 4 probes the trace is 4 times too large.


# %%
def broken_layers(rng):
    """Forward and inverse of three layers, each with its mistake, D = 5."""
    right, stale = hard_network(rng, 5, 0.8), hard_network(rng, 5, 0.8)
    W1, b1, W2, b2 = stale
    grown = (1.5 * W1, b1, 1.5 * W2, b2)  # training moved the weights, and nobody divided again

    def hundred_steps(x):
        z = x
        for _ in range(100):
            z = x - network(grown, z)[0]
        return z, -residual_forward(z, grown)[1]

    def layer(log_det):
        def forward(z):
            return residual_forward(z, right)[0], log_det(network(right, z)[1])

        return forward, lambda x: (lambda z: (z, -forward(z)[1]))(residual_inverse(x, right)[0])

    v = rng.choice([-1.0, 1.0], (4, 5))
    return {
        "none": layer(lambda J: series(J, 300)),
        "stale power iteration": (lambda z: residual_forward(z, grown), hundred_steps),
        "no alternating sign": layer(lambda J: -series(-J, 300)),
        "4 probes summed": layer(lambda J: sum(u @ power_sum(J) @ u for u in v)),
    }


def power_sum(J, terms=300):
    """The matrix whose trace is (8)."""
    power, total = np.eye(len(J)), np.zeros_like(J)
    for k in range(1, terms + 1):
        power = power @ J
        total = total + (-1) ** (k + 1) / k * power
    return total


def museum(options):
    rng, z = np.random.default_rng(options.seed), 0.3 * np.random.default_rng(1).normal(size=5)
    print(f"  {'mistake':24}{'R':>12}{'X':>12}{'J':>12}   error of each check")
    for name, (forward, inverse) in broken_layers(rng).items():
        x, log_det = forward(z)
        back, log_det_back = inverse(x)
        numeric = np.linalg.slogdet(numeric_jacobian(lambda a, f=forward: f(a)[0], z))[1]
        errors = (off(back, z), abs(log_det + log_det_back), abs(log_det - numeric))
        fails = "".join(letter for letter, e, most in zip("RXJ", errors, (1e-10, 1e-10, 1e-6), strict=True) if e > most)
        print(f"  {name:24}" + "".join(f"{e:12.1e}" for e in errors) + f"   fails: {fails or 'none'}")
        assert fails == {"none": "", "stale power iteration": "RX"}.get(name, "J")


if __name__ == "__main__":
    museum(options)

# %% [markdown]
# Only J sees the two wrong log-dets: both directions use the same wrong formula, so X is silent. Only R and X see the stale layer: its forward map and its log-det are those of a perfectly good residual map, which happens not to be invertible by this iteration. `nf.check.audit` calls each of the three by its name. The package refuses the first: before it inverts, it lets the power iteration go on to a tolerance, and raises an `InversionError` with the bound that it finds.
#
# ## Experiment 1: what the bias does when it is trained
#
# Five residual layers on the two moons, whose entropy is 2.3939 nats. Four ways to the log-determinant: exact; one term of the series; two terms; roulette (two terms, and a random number more). Each is trained by its own estimate with three seeds, and then judged twice on the same 4,000 held-out points: by what it *claims*, the mean of $-\log p$ with its own log-determinant, and by what is *true*, with the exact one.
#
# Predict first: which flow claims the best likelihood, and which one has it?


# %%
def estimator_flow(log_det, terms):
    layer = nf.Inverse(nf.Residual(2, nf.LipschitzMLP((32,), 0.97), log_det, terms=terms))
    return nf.Flow(nf.StandardNormal(2), nf.Chain([nf.ActNorm(2), layer] * 5 + [nf.Standardize(2)]))


def largest_eigenvalue(flow, params, x):
    """The largest |lambda| of J_F, over all residual layers and rows."""
    x, largest = nf.backend.asarray(x), 0.0
    for layer, p in reversed(list(zip(flow.bijection.layers, params["bijection"], strict=True))):
        if isinstance(inner := getattr(layer, "bijection", layer), nf.Residual):
            J = nf.to_numpy(inner.jacobian(p, x)) - np.eye(2)
            largest = max(largest, float(np.abs(np.linalg.eigvals(J)).max()))
        x = layer.inverse(p, x)[0]
    return largest


def four_estimates(options):
    nf.use(dtype=options.dtype or "float32")
    data, exact = nf.data.load("moons", n=10_000), estimator_flow("exact", 1)
    assert round(data.entropy, 4) == 2.3939
    test, mean = data.test[: 500 if options.fast else 4000], {}
    heading = f"gap to log p, {'one seed' if options.fast else 'three seeds'}"
    print(f"  {'log-determinant':22}{'claims':>8}{'true':>8}{heading:>34}{'|lambda|':>10}{'seconds':>9}")
    for name, kind in {
        "exact": ("exact", 1),
        "series, 1 term": ("series", 1),
        "series, 2 terms": ("series", 2),
        "roulette, 2 and more": ("roulette", 2),
    }.items():
        claims, gaps, largest, start = [], [], [], time.perf_counter()
        for seed in range(1 if options.fast else 3):
            flow, steps = estimator_flow(*kind), 10 if options.fast else 250
            fit = {"steps": steps, "optimizer": nf.adam(1e-2), "validation": None, "progress": False}
            params = nf.fit(flow, data.train, rng=options.seed + seed, **fit).params
            claims.append(-nf.to_numpy(flow.log_prob(params, test)).astype(float).mean())
            gap = data.log_prob(test) - nf.to_numpy(exact.log_prob(params, test)).astype(float)
            gaps.append(gap.mean())
            largest.append(largest_eigenvalue(flow, params, test))
        truth = data.log_prob(test).mean()
        mean[name] = np.mean(claims), np.mean(gaps) - truth
        seconds = (time.perf_counter() - start) / len(gaps)
        row = f"  {name:22}{mean[name][0]:8.3f}{mean[name][1]:8.3f}{', '.join(f'{g:.3f}' for g in gaps):>34}"
        print(f"{row}{max(largest):10.3f}{seconds:9.1f}")
    if not options.fast:
        for name, (claim, true) in mean.items():
            assert (
                claim < data.entropy - 0.5 and true > mean["exact"][1] if "series" in name else abs(claim - true) < 0.01
            )
        assert abs(mean["roulette, 2 and more"][1] - mean["exact"][1]) < 0.15


if __name__ == "__main__":
    four_estimates(options)

# %% [markdown]
# The flows with one and with two terms claim less than the entropy. On new data no density can do that, beyond chance: what they call a density is none. One term, $\operatorname{tr} J_F$, is above the truth wherever eigenvalues are not 0; two terms are above it where they are negative. Training finds the places where the error is largest, and pays for them with the fit. The estimate of roulette leaves nothing to exploit: claim and truth agree, and it ends where the exact one ends, within the spread of the seeds. The exact one is cheaper here, because $D = 2$.
#
# Now let us look at a map, with the exact log-determinant and a little more of everything.


# %%
def moons(options):
    nf.use(dtype=options.dtype or "float32")
    data = nf.data.load("moons", n=20_000)
    flow = nf.flows.residual(2, layers=8, hidden=(32, 32), whiten="diagonal")
    steps = 10 if options.fast else 700
    fit = {"steps": steps, "optimizer": nf.adam(1e-2), "validation": None, "progress": False}
    params = nf.fit(flow, data.train, rng=options.seed, **fit).params
    test = data.test[: 500 if options.fast else 5000]
    gap = data.log_prob(test) - nf.to_numpy(flow.log_prob(params, test)).astype(float)
    print(f"  8 layers, {steps} steps: gap to the truth {gap.mean():.3f} ± {gap.std() / len(gap) ** 0.5:.3f} nats")
    assert options.fast or gap.mean() < 0.2
    figure, axes = plot.subplots(1, 4, height=1.75)
    for ax, count in zip(axes[:3], (2, 5, 8), strict=True):
        part, used = first_layers(flow, params, count)
        grid, points = (lambda z, g=part, p=used: g.forward(p, nf.backend.asarray(z))[0]), 60 if options.fast else 900
        plot.warp_grid(ax, grid, radius=2.0, lines=9, n=points)
        ax.set(title=f"after {count} layers", xticks=(), yticks=())
    box = (-4, 5.5, -3.2, 3.6)
    plot.density(axes[3], lambda x: flow.log_prob(params, x), box, n=50 if options.fast else 160)
    axes[3].set(title="density", xlabel="", ylabel="", xticks=(), yticks=())
    options.save(figure, "ch08_moons")


def first_layers(flow, params, count):
    """The chain from the noise on, up to residual layer `count`, each with the ActNorm before it."""
    return nf.Chain(flow.bijection.layers[: 2 * count]), params["bijection"][: 2 * count]


if __name__ == "__main__":
    moons(options)

# %% [markdown]
# *Figure `ch08_moons`.* A square grid of noise after 2, 5 and 8 residual layers, each panel in its own units, and the density. Each layer bends everything at once, and no line ever folds over. Where a line has corners, at the thread between the crescents, two of its points that were 0.004 apart are far apart: in this direction, which undoes a residual map, a layer may stretch by $1/(1 - L) = 33$. The density has the two crescents and the thread between them that no continuous map can cut. Longer fits, with 16 layers, are in `benchmarks/residual_table.py`.
#
# ## Experiment 2: a table of 30 columns
#
# Thirty measurements of 569 breast tumours, 398 of them for training (scikit-learn ships them), with noise as wide as the step in which each column was recorded. $D = 30$: roulette trains, the exact log-determinant judges. The opponents are a Gaussian with full covariance and the RealNVP of chapter 04, as its recipe makes it. Three seeds; the difference is taken row by row. Predict the order.


# %%
def breast_cancer(options):
    nf.use(dtype=options.dtype or "float32")
    data, scores, stretch = nf.data.load("breast_cancer"), {"residual": [], "RealNVP": []}, {}
    assert len(data.train) == 398 and sum(map(len, (data.train, data.validation, data.test))) == 569
    for seed in range(1 if options.fast else 3):
        residual = nf.flows.residual(30, layers=6, hidden=(32,), activation="lipswish", log_det="roulette")
        real_nvp = nf.flows.real_nvp(30, base=nf.StandardNormal(30))
        runs = {"residual": (residual, 350, 1e-2, 64), "RealNVP": (real_nvp, 600, 1e-3, 128)}
        for name, (flow, steps, rate, batch) in runs.items():
            fit = {
                "steps": 10 if options.fast else steps,
                "batch_size": batch,
                "optimizer": nf.adam(rate, weight_decay=1.0),
            }
            fit |= {"clip": 50.0, "progress": False, "validation": data.validation, "jitter": data.jitter}
            result = nf.fit(flow, data.train, rng=options.seed + seed, **fit)
            scores[name].append(nf.to_numpy(flow.log_prob(result.params, data.test)).astype(float))
            stretch[name] = max(stretch.get(name, 0.0), largest_stretch(flow, result.params, data.test))
    gaussian = gaussian_log_prob(data, np.random.default_rng(options.seed))
    print(f"  Gaussian, full covariance {gaussian.mean():8.2f} nats per row, {len(gaussian)} test rows")
    for name, rows in scores.items():
        print(f"  {name:26}{np.mean(rows):8.2f}   seeds: {', '.join(f'{row.mean():.2f}' for row in rows)}")
    for seed, (a, b) in enumerate(zip(*scores.values(), strict=True)):
        print(f"  seed {seed}: residual minus RealNVP {np.mean(a - b):+.2f} ± {np.std(a - b) / len(a) ** 0.5:.2f}")
    for name, largest in stretch.items():
        print(f"  largest stretch by a {name} layer, x to z, at the test rows: {largest:.2f}")
    assert stretch["residual"] < 1.97  # (5)
    assert options.fast or stretch["residual"] < 1.8 < stretch["RealNVP"]
    assert options.fast or gaussian.mean() < np.mean(scores["residual"]) < np.mean(scores["RealNVP"])


def largest_stretch(flow, params, x):
    """The largest singular value of dz/dx of a residual layer or coupling, over all layers and rows."""
    x, largest = nf.backend.asarray(x), 0.0
    for layer, p in reversed(list(zip(flow.bijection.layers, params["bijection"], strict=True))):
        z = layer.inverse(p, x)[0]
        inner = getattr(layer, "bijection", layer)
        if isinstance(inner, (nf.Residual, nf.Coupling)):
            J = nf.to_numpy(inner.jacobian(p, x if inner is not layer else z))
            singular = np.linalg.svd(J, compute_uv=False)
            largest = max(largest, float((singular if inner is not layer else 1 / singular).max()))
        x = z
    return largest


def gaussian_log_prob(data, rng):
    """log N(x; m, C) of the test rows, with the sample mean and covariance of the training rows."""
    train = data.jittered(rng, np.tile(data.train, (5, 1)))
    m, factor = train.mean(axis=0), np.linalg.cholesky(np.cov(train.T))
    u = np.linalg.solve(factor, (data.test - m).T)
    return -0.5 * (u**2).sum(axis=0) - np.log(np.diag(factor)).sum() - 0.5 * len(m) * np.log(2 * np.pi)


if __name__ == "__main__":
    breast_cancer(options)

# %% [markdown]
# The residual flow, in which every variable sees every other one, does much better than the Gaussian, and worse than RealNVP, in which half of them see the other half. It is tempting to say that (5) is the reason. It is one, at most: the last lines show that no fitted residual layer stretches a direction by as much as 1.97. (7) bounds the product of the largest singular values, and a product of matrices reaches that only where their directions line up and every unit is at its steepest; so the constant that a network has is well below the one that it is allowed. A coupling layer has no such budget, and uses it. A free Jacobian makes the layer independent of an order of the variables. That should pay for images, where no order is natural: on the digits of chapter 04 the residual flow is ahead of RealNVP with each of three seeds, at many times the cost (`benchmarks/residual_digits.py`, which asserts it).
#
# ## Summary
#
# - $z + F(z)$ is invertible where $F$ is a contraction; the inverse is an iteration whose error is its residual over $1 - L$.
# - The log-determinant is exact for small $D$; otherwise a series, which is biased and must not be trained with few terms; otherwise an estimate without bias, whose variance is finite only where $\lambda^2 \leq 1 - p$.
# - The constant makes the layer invertible, and it has a price: no direction is stretched by more than $1 + L$ in a layer.
#
# Take many layers with a small step, $z + h f(z)$: as $h \to 0$ the determinant's series keeps its first term alone, $\log\det(I + hJ) \approx h \operatorname{tr} J$, and the constant stops mattering. That is a differential equation, and chapter 09.
#
# ## Exercises
#
# 1. Write `residual_inverse` (3) and let it raise where its residual is not reached. How many steps does it need for the error $10^{-6}$ at $L = 0.9$? Compare with (4). (20 minutes)
# 2. On paper: show that $J = I + J_F$ turns no vector by more than $\arcsin L$. Find an $F$ with $L = 0.97$ that turns every vector by exactly that. (20 minutes; hint: where does the circle of radius $L$ around the tip of $v$ touch a line through 0?)
# 3. Write `series` and `roulette` (11). Plot the running mean of $t$ over 20,000 draws for $\lambda = -0.6$ and $\lambda = -0.95$ at $p = 1/2$. What do you see, and what does (12) say? (30 minutes)
# 4. On paper: derive the variance in (10). For which matrices is one probe exact? (15 minutes; hint: $v_i^2 = 1$)
# 5. Repair the stale layer of the museum in two ways: by dividing again, and by letting the iteration notice. Which check proves which? (20 minutes)
# 6. Write (13) for a planar layer, and compare it with the derivative of (14). (30 minutes)
# 7. Train `four_estimates` with 4 and with 8 terms. At how many terms do claim and truth agree to 0.01 nats? Does it depend on how long you train? (an hour)
#
# ## Where this differs from the papers
#
# - **The constant.** In i-ResNet every layer of the network has the constant 0.97, and the network $0.97^K$. Here the network has the stated constant, and its $K$ layers share it, $L^{1/K}$ each.
# - **Roulette.** In the paper one random $n$ serves a whole batch. Here each row draws its own, so that errors of rows are independent; and it stops with probability $1/4$, not $1/2$, for the variance in (12).
# - **LipSwish** has a trained $\beta$ there; here $\beta = 1$. The recipe starts with tanh, whose slope at 0 is 1, so that a short fit gets further; on the long-tailed table above LipSwish did better.
# - **Convolutions** are normalised on the convolution itself (`nf.LipschitzConv`), as the second paper does, not on the kernel read as a matrix.
# - **Induced mixed norms**, which the second paper trains as well, are left out.
