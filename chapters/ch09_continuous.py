# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Continuous flows: from FFJORD to flow matching and diffusion
#
# **Question.** All maps so far were chains of layers. What happens when the layers become infinitely many and infinitely thin? The map becomes the solution of a differential equation, and its log-determinant an integral. How is such a flow trained: through the solver, or without solving anything?
#
# **What you need.** The change of variables (chapter 01), the Jacobian of a small network, and the log-determinant of $I + hJ$ (chapter 08). From calculus: the differential equation $\dot z = z$, and integration by parts.
#
# **Convention.** $z$ is noise, $x$ is data, and time runs from noise to data: $t = 0$ at $z$, $t = 1$ at $x$. $J = \partial f/\partial z$ is the Jacobian of a velocity $f$. The clock of a diffusion, which runs from data to noise, is called $u$.
#
# **Running time.** About a minute on two cores; `--fast` takes a few seconds and does every check, with experiments too short to mean anything.
#
# **References.** Chen, Rubanova, Bettencourt, Duvenaud (2018), *Neural ordinary differential equations*, arXiv:1806.07366. Grathwohl et al. (2019), *FFJORD*, arXiv:1810.01367. Dormand, Prince (1980), doi:10.1016/0771-050X(80)90013-3. Hutchinson (1989), doi:10.1080/03610918908812806. Vincent (2011), *A connection between score matching and denoising autoencoders*, doi:10.1162/NECO_a_00142. Song et al. (2021), *Score-based generative modeling through stochastic differential equations*, arXiv:2011.13456. Lipman et al. (2023), *Flow matching*, arXiv:2210.02747. Tong et al. (2024), *Minibatch optimal transport*, arXiv:2302.00482.

# %%
from itertools import pairwise

import numpy as np

if __name__ == "__main__":
    import time

    import nfscratch as nf
    from nfscratch import chapter, check, plot
    from nfscratch.flows.evaluations import evaluations
    from nfscratch.targets import gaussian_path

    options = chapter.options()

# %% [markdown]
# ## The idea, with numbers
#
# Every point moves with a velocity $f(z, t)$ that depends on where it is and when. Take the simplest one in one variable, $f(z, t) = z$: the farther out, the faster outwards. After time 1 the point is at $x = e\,z$, so a standard normal has become a normal of standard deviation $e = 2.7183$, and $\log|dx/dz| = 1$.
#
# Now do it in $n$ small steps, $z \leftarrow z + \frac1n z$. Each step is a layer with slope $1 + \frac1n$, so that $n$ of them multiply $z$ by $(1 + \frac1n)^n$, and their log-determinants add up to $n \log(1 + \frac1n)$. With $n = 1, 2, 4, 8$ the factor is 2, 2.25, 2.4414, 2.5658, and the sum is 0.6931, 0.8109, 0.8926, 0.9423. Both tend to the solution of the equation: $e$ and 1. And 1 is the integral of the derivative $\partial f/\partial z = 1$ over the path. No determinant is left.


# %%
def worked_example():
    expected = {1: (2.0, 0.6931), 2: (2.25, 0.8109), 4: (2.4414, 0.8926), 8: (2.5658, 0.9423)}
    for n, numbers in expected.items():
        z, log_det = 1.0, 0.0
        for _ in range(n):
            z, log_det = z + z / n, log_det + np.log(1 + 1 / n)
        print(f"  {n} steps:   x / z = {z:.4f}   log-determinant = {log_det:.4f}")
        assert np.allclose((z, log_det), numbers, atol=6e-5)
    print(f"  the limit: x / z = {np.e:.4f}   log-determinant = 1")
    assert round(np.e, 4) == 2.7183


if __name__ == "__main__":
    worked_example()

# %% [markdown]
# ## A density that we know at all times
#
# This chapter has an oracle. Let the data be a mixture of $K$ Gaussians, $x \sim \frac1K \sum_k N(m_k, s^2 I)$, let $\epsilon \sim N(0, I)$ be noise, and draw the line, or the curve, $x_t = a(t)\,x + b(t)\,\epsilon$ with $a$ rising from 0 to 1 and $b$ falling to 0. Then $x_t$ is a mixture as well, $\frac1K\sum_k N(a\,m_k, c\,I)$ with $c = a^2 s^2 + b^2$. Two things will be of use, and both are in closed form. Let $r_k$ be the probability of component $k$ given $x_t = y$, and $q_k = (y - a\,m_k)/c$. Given $k$ as well, everything is jointly Gaussian, so $E[x\,|\,y, k] = m_k + a s^2 q_k$ and $E[\epsilon\,|\,y, k] = b\,q_k$, and therefore
#
# $$\nabla \log p_t(y) = -\sum_k r_k q_k, \qquad u_t(y) = E[\dot a\,x + \dot b\,\epsilon \mid x_t = y] = \sum_k r_k\bigl(\dot a\,m_k + (\dot a a s^2 + \dot b b)\,q_k\bigr). \tag{1}$$
#
# The first is called the *score*. The second is a velocity; that it carries $p_0$ to $p_1$ is a theorem of this chapter, and here is its picture for two Gaussians on a line.


# %%
def straight(t):
    """a, b and their derivatives."""
    return t, 1 - t, 1.0, -1.0


def ou(u):
    """The same for an Ornstein-Uhlenbeck process after the time u, which runs from data to noise: equation (9)."""
    a, b = np.exp(-u), np.sqrt(-np.expm1(-2 * u))
    return a, b, -a, a**2 / b


def diffused(t, T=4.0):
    """That process read backwards, with u = T (1 - t)^2."""
    t = min(t, 1 - 1e-6)  # at the end itself b is 0
    a, b, da, db = ou(T * (1 - t) ** 2)
    du = -2 * T * (1 - t)
    return a, b, da * du, db * du


def mixture_at(y, t, path, means, s):
    """log p_t, its score and the velocity at one point y (D,): equation (1). means (K, D)."""
    a, b, da, db = path(t)
    c, away = (a * s) ** 2 + b**2, y - a * means
    log_joint = -0.5 * (away**2).sum(axis=1) / c - 0.5 * len(y) * np.log(2 * np.pi * c) - np.log(len(means))
    top = log_joint.max()
    log_p = top + np.log(np.exp(log_joint - top).sum())
    r, q = np.exp(log_joint - log_p), away / c
    return log_p, -r @ q, r @ (da * means + (da * a * s**2 + db * b) * q)


TWO, WIDTH = np.array([[-1.5], [1.0]]), 0.3


def rk4(f, y, t0, t1, steps):
    """The solution of dy/dt = f(y, t) at t1: equation (5)."""
    h = (t1 - t0) / steps
    for t in t0 + h * np.arange(steps):
        k1 = f(y, t)
        k2 = f(y + h / 2 * k1, t + h / 2)
        k3 = f(y + h / 2 * k2, t + h / 2)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + f(y + h * k3, t + h))
    return y


def picture_of_the_idea(options):
    from scipy.special import ndtri

    figure, axes = plot.subplots(1, 2, height=2.4, sharey=True)
    times, side = np.linspace(0, 1, 31), np.linspace(-3, 3, 91)
    starts = ndtri((np.arange(15) + 0.5) / 15)
    for ax, path, title in zip(axes, (straight, diffused), ("straight lines", "a diffusion"), strict=True):
        p = np.exp([[mixture_at(np.array([y]), t, path, TWO, WIDTH)[0] for t in times] for y in side])
        ax.imshow(p, extent=(0, 1, -3, 3), origin="lower", aspect="auto", vmax=0.8)
        for y in starts:
            points = [np.array([y])]
            for t0, t1 in pairwise(times):
                points.append(rk4(lambda y, t, path=path: mixture_at(y, t, path, TWO, WIDTH)[2], points[-1], t0, t1, 2))
            ax.plot(times, np.ravel(points), color="white", linewidth=0.7)
            if path is diffused and y == starts[7]:
                assert abs(points[-1][0] - 0.2) < 0.02 and abs(points[-1][0] + 0.25 - 0.45) < 0.02
        ax.set(title=title, xlabel="time $t$")
    axes[0].set_ylabel("$x_t$")
    options.save(figure, "ch09_idea")


if __name__ == "__main__":
    picture_of_the_idea(options)

# %% [markdown]
# *Figure `ch09_idea`.* The colour is the density $p_t$, from one normal at $t = 0$ to two at $t = 1$. The white curves start at fifteen equally likely values and follow the velocity of (1). They never cross: the middle one separates the two hills. On the left $a = t$, $b = 1 - t$; on the right a diffusion, run backwards, which decides later. There the middle curve ends at 0.2, not at -0.25: at $t = 0$ the diffusion still holds 1.8 % of the data, see (9), so that the median of $p_0$ is -0.005 and the curve starts a little above it. Almost no density lies between the hills, so that this little moves the end by 0.45.
#
# ## Deriving it
#
# **The flow and its log-determinant.** The map is the solution of
#
# $$\frac{dz}{dt} = f(z, t), \qquad z(0) = z, \quad z(1) = x. \tag{2}$$
#
# If $f$ has a Lipschitz constant in $z$ and is continuous in $t$, there is exactly one solution through every point (Picard and Lindelöf), forwards and backwards in time. So two solutions never meet, the map is invertible whatever $f$ is, and its inverse is the same equation solved from 1 to 0. That also forbids something: in one variable no continuous flow can map $z$ to $-z$, because the paths would have to cross.
#
# A short step is the map $z + h f(z, t)$, whose Jacobian is $I + hJ$. For $D = 2$,
#
# $$\det\begin{pmatrix} 1 + h J_{11} & h J_{12} \\ h J_{21} & 1 + h J_{22}\end{pmatrix} = 1 + h\,(J_{11} + J_{22}) + h^2 (J_{11} J_{22} - J_{12} J_{21}). \tag{3}$$
#
# The logarithm is $h \operatorname{tr} J + O(h^2)$, and so it is in every dimension: each product of the determinant that uses an entry off the diagonal uses two of them. There are $1/h$ steps, their errors add up to $O(h)$, and in the limit
#
# $$\frac{d\ell}{dt} = \operatorname{tr} J(z(t), t), \qquad \ell(0) = 0, \quad \ell(1) = \log\left|\det \frac{dx}{dz}\right|. \tag{4}$$
#
# A determinant costs $D^3$ operations, a trace needs only the diagonal. And $f$ may be any smooth network: no triangle, no coupling, no spectral norm.
#
# **Solving it.** Runge and Kutta's classical method takes four slopes in a step,
#
# $$k_1 = f(y, t),\quad k_2 = f(y + \tfrac h2 k_1, t + \tfrac h2),\quad k_3 = f(y + \tfrac h2 k_2, t + \tfrac h2),\quad k_4 = f(y + h k_3, t + h),\qquad y \leftarrow y + \tfrac h6 (k_1 + 2k_2 + 2k_3 + k_4), \tag{5}$$
#
# and agrees with the Taylor series up to $h^4$: half the step makes the error 16 times smaller. Dormand and Prince's method takes seven slopes, and makes two results of them, of order 5 and 4. Their difference $e$ estimates the error, and chooses the step:
#
# $$\mathrm{err} = \frac{\lVert e \rVert}{\mathrm{tol}}, \qquad \text{accept if } \mathrm{err} \leq 1, \qquad h \leftarrow h \min\bigl(10, \max(0.2,\ 0.9\,\mathrm{err}^{-1/5})\bigr). \tag{6}$$
#
# The cost of a solve is the number of evaluations of $f$. It is not fixed, it depends on how $f$ bends, and it grows while a flow is trained.


# %%
# Dormand and Prince's table: when, how the slopes are mixed for the next one, the result, and result minus second result
C = np.array([0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1])
A = [
    [],
    [1 / 5],
    [3 / 40, 9 / 40],
    [44 / 45, -56 / 15, 32 / 9],
    [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
    [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
    [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
]
E = np.array([71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])


def dormand_prince_step(f, y, t, h):
    """The result of order 5, and the estimate e of its error."""
    k = []
    for c, row in zip(C, A, strict=True):
        k.append(f(y + h * sum(w * slope for w, slope in zip(row, k, strict=True)), t + c * h))
    return y + h * sum(w * slope for w, slope in zip(A[-1], k, strict=False)), h * (E @ k)


class TooManyEvaluations(ValueError):
    def __init__(self, count, t):
        super().__init__(f"{count} evaluations were used, and t = {t:.3f} is reached")
        self.count = count


def dopri5(f, y, t0, t1, tol, cap=20_000):
    """The solution at t1, and how often f was evaluated: equation (6)."""
    t, h, count = t0, (t1 - t0) / 10, 0
    while t != t1:
        if count >= cap:
            raise TooManyEvaluations(count, t)
        h = h if abs(h) < abs(t1 - t) else t1 - t
        trial, e = dormand_prince_step(f, y, t, h)
        err, count = np.sqrt(np.mean((e / (tol * (1 + np.abs(y)))) ** 2)), count + len(C)
        if err <= 1:
            t, y = (t1 if h == t1 - t else t + h), trial
        h *= min(10, max(0.2, 0.9 * max(err, 1e-10) ** -0.2))
    return y, count


def network(theta, z, t):
    """f(z, t) and J at one point z (D,): one hidden layer of tanh units that see z and t."""
    W1, b1, W2, b2 = theta
    hidden = np.tanh(W1 @ np.append(z, t) + b1)
    return W2 @ hidden + b2, (W2 * (1 - hidden**2)) @ W1[:, : len(z)]


def random_network(rng, D, units=16, size=1.0):
    shapes = (units, D + 1), (units,), (D, units), (D,)
    return [size * rng.normal(size=shape) / shape[-1] ** 0.5 for shape in shapes]


def flow(f, y, t0, t1, steps=32):
    """The point at t1 and the log-determinant on the way: equations (2) and (4). f(y, t): velocity and Jacobian."""

    def both(state, t):
        velocity, J = f(state[:-1], t)
        return np.append(velocity, np.trace(J))

    state = rk4(both, np.append(y, 0.0), t0, t1, steps)
    return state[:-1], state[-1]


def solver_orders(options):
    """dy/dt = y cos t from y = 1 has the solution exp(sin t)."""
    slope, exact = lambda y, t: y * np.cos(t), np.exp(np.sin(1.0))
    steps, errors = 2 ** np.arange(1, 6), {}
    for name, solve in (
        ("RK4 (5)", lambda n: rk4(slope, 1.0, 0.0, 1.0, n)),
        ("Dormand-Prince", lambda n: fixed_steps(slope, 1.0, n)),
    ):
        errors[name] = np.array([abs(solve(n) - exact) for n in steps])
        orders = np.log2(errors[name][:-1] / errors[name][1:])
        print(f"  {name:16} error {errors[name][0]:.0e} ... {errors[name][-1]:.0e}   measured order {orders[-1]:.2f}")
    assert abs(np.log2(errors["RK4 (5)"][-2] / errors["RK4 (5)"][-1]) - 4) < 0.15
    assert abs(np.log2(errors["Dormand-Prince"][-2] / errors["Dormand-Prince"][-1]) - 5) < 0.15
    for tol in (1e-3, 1e-6, 1e-9):
        y, count = dopri5(slope, 1.0, 0.0, 1.0, tol)
        print(f"  dopri5, tolerance {tol:.0e}: error {abs(y - exact):.0e} after {count} evaluations")
        assert abs(y - exact) < 10 * tol


def fixed_steps(f, y, n):
    for k in range(n):
        y, _ = dormand_prince_step(f, y, k / n, 1 / n)
    return y


if __name__ == "__main__":
    solver_orders(options)

# %% [markdown]
# ### Two gradients
#
# Let $L$ be a loss of $x = z(1)$, and $g(t) = \partial L/\partial z(t)$ what it feels of the state at time $t$. A short step gives $g(t) = (I + hJ)^T g(t + h)$, and each step adds $h\,(\partial f/\partial\theta)^T g$ to the gradient of the parameters. In the limit
#
# $$\frac{dg}{dt} = -J^T g, \qquad \frac{dL}{d\theta} = \int_0^1 \Bigl(\frac{\partial f}{\partial\theta}\Bigr)^T g(t)\,dt. \tag{7}$$
#
# This is the *adjoint equation*. It is solved backwards from $t = 1$, together with (2), and needs no memory of the way. The alternative is to differentiate the steps that were taken: reverse mode through (5), which keeps every step. The two are not the same number. The second is the exact derivative of what the solver computed. The first is an approximation of the derivative of the true solution, by a solve whose errors are others than those of the first. They meet as the steps shrink.


# %%
def network_vjp(theta, z, t, g):
    """J^T g, and (df/dtheta)^T g as one vector."""
    W1, b1, W2, _ = theta
    seen = np.append(z, t)
    hidden = np.tanh(W1 @ seen + b1)
    delta = (W2.T @ g) * (1 - hidden**2)
    g_theta = np.outer(delta, seen), delta, np.outer(g, hidden), g
    return W1[:, : len(z)].T @ delta, np.concatenate([a.ravel() for a in g_theta])


def adjoint_gradient(theta, z, n):
    """dL/dtheta for L = |x|^2 / 2, by a second solve of n steps: equation (7)."""
    D = len(z)
    x = rk4(lambda y, t: network(theta, y, t)[0], z, 0.0, 1.0, n)

    def back(state, t):
        z, g = state[:D], state[D : 2 * D]
        g_z, g_theta = network_vjp(theta, z, t, g)
        return np.concatenate([network(theta, z, t)[0], -g_z, -g_theta])

    start = np.concatenate([x, x, np.zeros(sum(a.size for a in theta))])
    return rk4(back, start, 1.0, 0.0, n)[2 * D :]


def discrete_gradient(theta, z, n):
    """The same through the n steps of (5), last to first."""
    h, states = 1 / n, [z]
    f = lambda y, t: network(theta, y, t)[0]  # noqa: E731
    for k in range(n):
        states.append(rk4(f, states[-1], k * h, (k + 1) * h, 1))
    g, total = states[-1], 0.0
    for k in reversed(range(n)):
        y, t = states[k], k * h
        places, slopes = [(y, t)], []
        for c in (0.5, 0.5, 1.0):
            slopes.append(f(*places[-1]))
            places.append((y + c * h * slopes[-1], t + c * h))
        g_y, g_next = g, 0.0
        for place, weight, c in zip(places[::-1], (1, 2, 2, 1), (0.0, 1.0, 0.5, 0.5), strict=True):
            g_next, g_theta = network_vjp(theta, *place, h / 6 * weight * g + c * h * g_next)
            g_y, total = g_y + g_next, total + g_theta
        g = g_y
    return total


def two_gradients(options):
    rng = np.random.default_rng(options.seed)
    theta, z = random_network(rng, 2, size=1.5), rng.normal(size=2)
    direction = [rng.normal(size=a.shape) for a in theta]

    def loss(eps, n):
        moved = [a + eps * d for a, d in zip(theta, direction, strict=True)]
        return 0.5 * (rk4(lambda y, t: network(moved, y, t)[0], z, 0.0, 1.0, n) ** 2).sum()

    along, gaps = np.concatenate([d.ravel() for d in direction]), []
    print(f"  {'steps':>7}{'adjoint - discrete':>20}{'discrete - differences':>25}")
    for n in (2, 4, 8, 16, 32):
        adjoint, discrete = adjoint_gradient(theta, z, n), discrete_gradient(theta, z, n)
        h = 1e-3
        numeric = (8 * (loss(h, n) - loss(-h, n)) - (loss(2 * h, n) - loss(-2 * h, n))) / (12 * h)
        gaps.append(np.abs(adjoint - discrete).max())
        print(f"  {n:7}{gaps[-1]:20.1e}{abs(discrete @ along - numeric):25.1e}")
        assert abs(discrete @ along - numeric) < 1e-8
    assert gaps[-1] < 1e-5 < 1e-3 < gaps[0]


if __name__ == "__main__":
    two_gradients(options)

# %% [markdown]
# The middle column falls by 16 from row to row: the error of RK4. The right column is the error of the finite differences. So with few steps the adjoint gradient is off, and a training that follows it descends on no function at all; with many it saves memory. (Solving backwards is also not always possible: where paths run together forwards, they run apart backwards.)
#
# **The trace of a large Jacobian.** $\operatorname{tr} J$ takes $D$ products $J e_i$. If $v$ is random with $E[vv^T] = I$, such as random signs, then
#
# $$E[v^T J v] = E[\operatorname{tr}(J v v^T)] = \operatorname{tr} J, \tag{8}$$
#
# so one product gives an unbiased estimate (Hutchinson). Integrated along the path it is unbiased for the log-determinant, *if $v$ does not depend on the path*. So $v$ is drawn once, before the solve. Drawing it again at every call would be unbiased too, and ruin the solver: see the museum.
#
# ## The stochastic side
#
# Let data be forgotten slowly. The Ornstein-Uhlenbeck process pulls a point to 0 and shakes it, $dx = -x\,du + \sqrt2\,dW$, where $dW$ is normal with variance $du$. On paper: $d(e^u x) = e^u (dx + x\,du) = \sqrt 2\,e^u\,dW$, a sum of independent normals. Its variance is $\int_0^u 2 e^{2v} dv = e^{2u} - 1$, so
#
# $$x_u = a\,x_0 + b\,\epsilon, \qquad a = e^{-u}, \quad b = \sqrt{1 - e^{-2u}}, \quad \epsilon \sim N(0, 1). \tag{9}$$
#
# From $x_0 = 2$, at $u = 1$: mean 0.736, variance 0.865. This is the mixture of (1) again, with another $a$ and $b$. At $u = 4$ only $e^{-4} = 1.8\,\%$ of the data is left.
#
# **Its density.** For a smooth $\varphi$ that vanishes far out, a short step gives $E\varphi(x + dx) = E[\varphi + \varphi'\,(-x\,du) + \frac12\varphi''\,2\,du]$. So $\frac{d}{du}\int\varphi p = \int(-x\varphi' + \varphi'')\,p$, and integration by parts moves the derivatives to $p$. As $\varphi$ is arbitrary,
#
# $$\frac{\partial p}{\partial u} = \frac{\partial}{\partial y}(y\,p) + \frac{\partial^2 p}{\partial y^2}. \tag{10}$$
#
# That is the Fokker-Planck equation. Now use $\partial_y p = p\,\partial_y \log p$ in its last term:
#
# $$\frac{\partial p}{\partial u} = -\frac{\partial}{\partial y}\Bigl[p\,\bigl(-y - \partial_y\log p\bigr)\Bigr]: \qquad \frac{dx}{du} = -x - \partial_x \log p_u(x) \tag{11}$$
#
# without any noise moves points so that their density obeys the same equation. It is the *probability-flow equation*: a continuous flow, with a log-determinant by (4), hence an exact likelihood. In $D$ dimensions, read $\nabla$ for $\partial$.


# %%
def diffusion_drawn(options):
    rng, n, steps, end = np.random.default_rng(options.seed), 2000 if options.fast else 10_000, 100, 0.5
    start = np.array([rng.choice(TWO[:, 0], n) + WIDTH * rng.normal(size=n)]).T
    h, noisy, smooth = end / steps, [start], [start[:10]]
    for _ in range(steps):
        noisy.append(noisy[-1] * (1 - h) + np.sqrt(2 * h) * rng.normal(size=start.shape))  # Euler and Maruyama
    for k in range(1, steps + 1):  # from a little after u = 0
        step = [
            rk4(lambda y, u: mixture_at(y, u, ou, TWO, WIDTH)[2], y, k * h - h + 1e-6, k * h, 1) for y in smooth[-1]
        ]
        smooth.append(np.array(step))
    figure, axes = plot.subplots(1, 3, height=2.2, sharey=True)
    u, side = h * np.arange(steps + 1), np.linspace(-3.5, 3.5, 141)
    axes[0].plot(u, np.array(noisy)[:, :10, 0], linewidth=0.6)
    axes[1].plot(u, np.array(smooth)[:, :, 0], linewidth=0.9)
    p = np.exp([mixture_at(np.array([y]), end, ou, TWO, WIDTH)[0] for y in side])
    axes[2].hist(noisy[-1][:, 0], bins=side[::4], density=True, orientation="horizontal", color=plot.SKY)
    axes[2].plot(p, side, color=plot.RED)
    for ax, title in zip(axes, ("with noise", "probability flow (11)", f"density at $u = {end}$"), strict=True):
        ax.set(title=title, xlabel="$u$")
    axes[0].set_ylabel("$x_u$")
    axes[2].set_xlabel("density")
    options.save(figure, "ch09_diffusion")
    assert np.allclose((2 * ou(1)[0], ou(1)[1] ** 2, ou(4)[0]), (0.736, 0.865, 0.018), atol=5e-4)  # (9), on paper
    a, b, *_ = ou(end)
    exact = a * TWO.mean(), a**2 * (TWO.var() + WIDTH**2) + b**2
    print(
        f"  at u = {end}: mean {noisy[-1].mean():.3f}, variance {noisy[-1].var():.3f}; exact {exact[0]:.3f}, {exact[1]:.3f}"
    )
    assert abs(noisy[-1].mean() - exact[0]) < 4 / n**0.5 and abs(noisy[-1].var() - exact[1]) < 8 / n**0.5


if __name__ == "__main__":
    diffusion_drawn(options)

# %% [markdown]
# *Figure `ch09_diffusion`.* Ten paths of the process, and ten of the probability flow from the same starts. After the start the paths go different ways, and still their densities are equal at each $u$: the histogram is that of 10,000 noisy paths, the line is $p_u$ of (1).
#
# **Score matching.** The score of $p_u$ is not known for real data, but it is a conditional mean. Given $x_0$, $x_u$ is normal, so $p_u(y) = E\,N(y; a x_0, b^2)$, and differentiating gives $\partial_y\log p_u(y) = E[-(y - a x_0)/b^2 \mid x_u = y] = E[-\epsilon/b \mid x_u = y]$. And a conditional mean is what least squares finds:
#
# $$\text{score} = \arg\min_s E\bigl[w(u)\,\bigl|s(x_u, u) + \epsilon/b\bigr|^2\bigr], \tag{12}$$
#
# with any weight $w > 0$. This is denoising score matching (Vincent): train a network to say which noise was added.
#
# ## Flow matching
#
# Why a diffusion at all? Take any curve $x_t = a x + b\epsilon$ from noise to data, such as the straight line $a = t$, $b = 1 - t$. Along it, a pair $(\epsilon, x)$ moves with the velocity $\dot x_t = \dot a\,x + \dot b\,\epsilon$, which is $x - \epsilon$ for the line. Train a network on that:
#
# $$L(f) = E\,\bigl|f(x_t, t) - (\dot a\,x + \dot b\,\epsilon)\bigr|^2, \qquad t \sim U[0, 1]. \tag{13}$$
#
# It cannot succeed: the target is not a function of $(x_t, t)$, since many lines pass through a point. That is the idea. Let $u_t(y) = E[\dot x_t \mid x_t = y]$. Three lines:
#
# $$L(f) = E\,|f - u_t|^2 + 2\,E\bigl[(f - u_t)\cdot(u_t - \dot x_t)\bigr] + E\,|u_t - \dot x_t|^2 = E\,|f - u_t|^2 + \text{const}, \tag{14}$$
#
# because given $x_t$ the first factor in the middle is fixed and the second has mean 0. So the best $f$ is $u_t$; and for every smooth $\varphi$
#
# $$\frac{d}{dt} E\,\varphi(x_t) = E[\nabla\varphi(x_t)\cdot\dot x_t] = E[\nabla\varphi(x_t)\cdot u_t(x_t)], \tag{15}$$
#
# which is just what points that move with $u_t$ would do. This condition on the densities is the continuity equation. If $u_t$ has a Lipschitz constant in $y$, it has only one solution that starts at $p_0$. Then solving $\dot z = u_t(z)$ from noise gives the densities of $x_t$, and at $t = 1$ the data. (The velocity (1) of a mixture has such a constant; for data on a few points it grows beyond all bounds as $b$ goes to 0.) No solver appears in (13), no log-determinant, and no determinant of anything.
#
# **Both are one.** For the diffusion, $\dot a = -a$ and $\dot b = a^2/b$, and $a\,E[x_0 | y] = y - b\,E[\epsilon | y]$. So $u = -y + (b + a^2/b)\,E[\epsilon | y] = -y + \frac1b E[\epsilon | y]$, which is (11). The probability flow *is* the velocity of flow matching, along another curve and with another weight. The package's `ProbabilityFlow` trains $g = E[a\,\epsilon - b\,x_0 \mid x_u]$, from which the score is $-x - \frac ab g$: for standard normal data $g$ is 0.


# %%
def on_the_curve(x, noise, t, path):
    """x_t and its velocity for one pair: where the network of (13) is asked, and what it should say."""
    a, b, rate_a, rate_b = path(t)
    return a * x + b * noise, rate_a * x + rate_b * noise


def regression_drawn(options):
    rng, t, n = np.random.default_rng(options.seed), 0.6, 20_000 if options.fast else 200_000
    x = rng.choice(TWO[:, 0], n) + WIDTH * rng.normal(size=n)
    noise = rng.normal(size=n)
    at, target = on_the_curve(x, noise, t, straight)
    edges = np.linspace(-2, 2, 33)
    cell = np.digitize(at, edges)
    middle = 0.5 * (edges[1:] + edges[:-1])
    mean, count = (np.array([g(target[cell == k + 1]) for k in range(32)]) for g in (np.mean, len))
    exact = np.array([mixture_at(np.array([y]), t, straight, TWO, WIDTH)[2][0] for y in middle])
    figure, axes = plot.subplots(1, 1, height=2.4)
    axes.plot(at[:1500], target[:1500], ".", color=plot.SKY, markersize=2, label="$x - \\epsilon$ of one pair")
    axes.plot(middle, mean, "o", color=plot.BLUE, markersize=4, label="mean of a cell")
    axes.plot(middle, exact, color=plot.RED, label="exact, (1)")
    axes.set(xlabel=f"$x_t$ at $t = {t}$", ylabel="velocity", xlim=(-2, 2), ylim=(-4.5, 4.5))
    axes.legend(loc="upper left")
    options.save(figure, "ch09_regression")
    worst = np.abs(mean - exact) * np.sqrt(count) / target.std()
    print(f"  means of 32 cells against (1): at most {worst.max():.1f} standard errors apart")
    assert worst.max() < 6
    regression_proved(x, noise, t)


def regression_proved(x, noise, t):
    """Both sides of (12), (14) and (15), for functions chosen here, with the exact score and velocity."""
    path = gaussian_path.GaussianPath(np.full(2, 0.5), TWO, np.full((2, 1, 1), WIDTH**2))
    place, target, h = lambda t: on_the_curve(x, noise, t, straight)[0], x - noise, 1e-3
    at = place(t)
    score, u = path.score(at[:, None], t)[:, 0], path.velocity(at[:, None], t)[:, 0]
    f, b = np.sin(3 * at), 1 - t
    rows = (
        ("(12) E f (score + e/b) is 0", f * (score + noise / b), 0 * f),
        ("(14) L(f) - L(u) and E |f - u|^2", (f - target) ** 2 - (u - target) ** 2, (f - u) ** 2),
        (
            "(15) d/dt E phi and E phi' u",
            (np.tanh(place(t + h)) - np.tanh(place(t - h))) / (2 * h),
            u / np.cosh(at) ** 2,
        ),
    )
    for name, left, right in rows:
        error = (left - right).std() / np.sqrt(len(x))
        print(f"  {name:34}{left.mean():8.4f} and {right.mean():7.4f}   standard error {error:.4f}")
        assert abs((left - right).mean()) < 4 * error


if __name__ == "__main__":
    regression_drawn(options)

# %% [markdown]
# *Figure `ch09_regression`.* Each dot is a pair of noise and data on its line at $t = 0.6$, with the velocity of that line. They scatter widely. Their mean in a narrow cell is the velocity of (1), and that is all the network has to learn.
#
# **Which noise goes with which data?** Nothing in (15) asks for $\epsilon$ and $x$ to be independent. In each batch one may pair them so that the sum of $|x - \epsilon|^2$ is least, an assignment problem. Then fewer lines cross, the targets scatter less, and the paths are straighter. Within a batch all noises and all data are used once, so both ends keep their density. The field that is learned is another one than (1), and its exact form is not known.
#
# ## Museum
#
# Four mistakes, and the number that exposes each of them. The first was reported for torchdiffeq (its issue 120: 20 evaluations with fixed noise, 30,272 with fresh), the second for bayesflow (issue 772).


# %%
def evaluations_with(noise, options, D=8):
    """How many evaluations a solve takes, with the exact trace or with v^T J v: equation (8)."""
    rng = np.random.default_rng(options.seed)
    theta, z = random_network(rng, D, size=1.5), rng.normal(size=D)
    fixed = rng.choice([-1.0, 1.0], D)

    def with_trace(state, t):
        velocity, J = network(theta, state[:-1], t)
        v = rng.choice([-1.0, 1.0], D) if noise == "fresh" else fixed
        return np.append(velocity, np.trace(J) if noise == "exact" else v @ J @ v)

    return dopri5(with_trace, np.append(z, 0.0), 0.0, 1.0, 1e-5, cap=3_000)[1]


def museum_of_traces(options):
    counts = {noise: evaluations_with(noise, options) for noise in ("exact", "fixed")}
    try:
        counts["fresh"] = evaluations_with("fresh", options)
    except TooManyEvaluations as error:
        counts["fresh"] = error.count
        print(f"  fresh noise: {error}")
    print("  evaluations: " + ", ".join(f"{noise} {count}" for noise, count in counts.items()))
    assert counts["fresh"] > 50 * counts["fixed"] and counts["fixed"] < 2 * counts["exact"]
    rng = np.random.default_rng(options.seed)
    J = np.diag([0.5, -1.0, 2.0]) + np.triu(rng.normal(size=(3, 3)), 1)  # a linear field, of trace 1.5
    each = np.array([v @ J @ v for v in rng.choice([-1.0, 1.0], (1000, 10, 3)).reshape(-1, 3)]).reshape(1000, 10)
    for name, draws in (("averaged", each.mean(axis=1)), ("summed", each.sum(axis=1))):
        error = draws.std() / np.sqrt(len(draws))
        print(f"  10 probes {name:9} {draws.mean():7.3f} ± {error:.3f}   true trace 1.5")
        assert (abs(draws.mean() - 1.5) < 4 * error) == (name == "averaged")


def museum_of_the_sign():
    """The density of the mixture by (4), with the log-determinant subtracted and added: its integral."""
    side, u = np.linspace(-3, 3, 61), lambda y, t: mixture_at(y, t, straight, TWO, WIDTH)[2]

    def velocity(y, t):
        low, high = u(y - 1e-4, t), u(y + 1e-4, t)
        return 0.5 * (low + high), (high - low)[:, None] / 2e-4

    pairs = [flow(velocity, np.array([x]), 1.0, 0.0, 24) for x in side]  # from x back to z
    z, log_det = np.array([p[0][0] for p in pairs]), np.array([p[1] for p in pairs])
    base = -0.5 * z**2 - 0.5 * np.log(2 * np.pi)
    right, wrong = (np.trapezoid(np.exp(base + sign * log_det), side) for sign in (1, -1))
    print(f"  integral of the density {right:.4f}; with the other sign in (4): {wrong:.4f}")
    assert abs(right - 1) < 1e-3 < abs(wrong - 1)


def museum_of_the_place(options):
    """Regress at x, the end of the line, in place of x_t: least squares on 1 and the point itself."""
    rng, n = np.random.default_rng(options.seed), 100_000
    x = rng.choice(TWO[:, 0], n) + WIDTH * rng.normal(size=n)
    noise, t = rng.normal(size=n), rng.random(n)
    for name, at in (("at x", x), ("at x_t", on_the_curve(x, noise, t, straight)[0])):
        features = np.stack([np.ones(n), at], axis=1)
        (offset, slope), residual, *_ = np.linalg.lstsq(features, x - noise, rcond=None)
        print(f"  a line fitted {name:6}: {offset:6.3f} + {slope:.3f} y,   loss (13) {residual[0] / n:.3f}")
        if name == "at x":
            assert abs(slope - 1) < 0.01 and abs(residual[0] / n - 1) < 0.02
    few = slice(0, 4000)
    exact = [mixture_at(np.array([y]), u, straight, TWO, WIDTH)[2][0] for y, u in zip(at[few], t[few], strict=True)]
    least = ((x - noise)[few] - exact).var()
    print(f"  the exact velocity (1), at x_t:           loss (13) {least:.3f}, the least that there is")
    assert 1.05 < least < residual[0] / n


if __name__ == "__main__":
    museum_of_traces(options)
    museum_of_the_sign()
    museum_of_the_place(options)

# %% [markdown]
# - **Fresh noise at every call.** An adaptive solver takes the jumps for curvature and halves its step, again and again. The *count of evaluations* shows it; the value, when it arrives at all, is right.
# - **Probes summed, not averaged.** Ten times the trace. A linear field, whose trace is known, shows it.
# - **The sign in (4).** The integral shows it. The round trip does not, and the log-determinants of the two directions cancel.
# - **A velocity regressed at $x$, not at $x_t$.** The point is data at every time, $E[x - \epsilon \mid x] = x$, and the flow that comes out is $x = e\,z$: a normal of standard deviation $e$, whatever the data are. The loss does not show it: it is *lower* than that of the right regression. The exact velocity and the held-out density do show it.
#
# ## Check it
#
# Letters as in chapter 04: R the round trip, X the log-dets of both directions cancel, J against a numeric Jacobian, N the integral, G a gradient, S the package, or another's solver, against this chapter's lines.


# %%
def numeric_jacobian(f, z, h=1e-3):
    """dx/dz at one point by central differences of fourth order."""
    columns = []
    for e in np.eye(len(z)) * h:
        columns.append((8 * (f(z + e) - f(z - e)) - (f(z + 2 * e) - f(z - 2 * e))) / (12 * h))
    return np.stack(columns, axis=1)


def check_one_point(options, D=5):
    from scipy.integrate import solve_ivp

    rng = np.random.default_rng(options.seed)
    theta, z = random_network(rng, D, size=1.5), rng.normal(size=D)
    velocity = lambda y, t: network(theta, y, t)  # noqa: E731
    x, log_det = flow(velocity, z, 0.0, 1.0)
    back, log_det_back = flow(velocity, x, 1.0, 0.0)
    J = numeric_jacobian(lambda z: flow(velocity, z, 0.0, 1.0)[0], z)
    oracle = solve_ivp(lambda t, y: network(theta, y, t)[0], (0, 1), z, rtol=1e-12, atol=1e-12).y[:, -1]
    adaptive, _ = dopri5(lambda y, t: network(theta, y, t)[0], z, 0.0, 1.0, 1e-9)
    y, means, h = rng.normal(size=2), rng.normal(size=(3, 2)), 1e-3
    p = lambda y, t, path=straight: mixture_at(y, t, path, means, 0.4)  # noqa: E731
    score = numeric_jacobian(lambda y: np.array([p(y, 0.7)[0]]), y)[0]
    rate = numeric_jacobian(lambda t: np.array([p(y, t[0])[0]]), np.array([0.7]))[0, 0]
    divergence = np.trace(numeric_jacobian(lambda y: p(y, 0.7)[2], y))
    density = lambda u, y: np.exp(mixture_at(np.array([y]), u, ou, TWO, WIDTH)[0])  # noqa: E731
    du = (density(0.3 + h, 0.4) - density(0.3 - h, 0.4)) / (2 * h)
    dy = ((0.4 + h) * density(0.3, 0.4 + h) - (0.4 - h) * density(0.3, 0.4 - h)) / (2 * h)
    bend = (density(0.3, 0.4 + h) - 2 * density(0.3, 0.4) + density(0.3, 0.4 - h)) / h**2
    _, score_ou, velocity_ou = p(y, 0.3, ou)
    determinant = np.linalg.det(np.eye(2) + h * J[:2, :2])
    second = h**2 * np.linalg.det(J[:2, :2])
    rows = (
        ("R", "forward, then the same equation from 1 to 0", np.abs(back - z).max(), 1e-6),
        ("X", "log-determinants (4) of both directions", abs(log_det + log_det_back), 1e-6),
        ("J", "log-determinant (4) against finite differences of (2)", abs(log_det - np.linalg.slogdet(J)[1]), 1e-6),
        ("J", "det(I + hJ) against (3)", abs(determinant - 1 - h * np.trace(J[:2, :2]) - second), 1e-12),
        ("S", "RK4 (5) against scipy's solve_ivp", np.abs(x - oracle).max(), 1e-6),
        ("S", "dopri5 (6) against scipy's solve_ivp", np.abs(adaptive - oracle).max(), 1e-7),
        ("J", "score of (1) against differences of log p", np.abs(p(y, 0.7)[1] - score).max(), 1e-8),
        ("J", "velocity of (1): d log p/dt + div u + u . score", abs(rate + divergence + p(y, 0.7)[2] @ p(y, 0.7)[1]), 1e-7),
        ("J", "Fokker-Planck (10) for the mixture", abs(du - dy - bend), 1e-4),
        ("J", "probability flow (11) against the velocity of (1)", np.abs(-y - score_ou - velocity_ou).max(), 1e-12),
    )  # fmt: skip
    print(check.table([check.Finding(*row[:2], float(row[2]), row[3]) for row in rows], "This chapter's lines"))
    assert all(row[2] <= row[3] for row in rows)


def check_the_package(options, D=3):
    nf.use(dtype="float64")
    rng = np.random.default_rng(options.seed)
    theta, z = random_network(rng, D, size=1.5), rng.normal(size=(4, D))
    params = [{"W": theta[0], "b": theta[1]}, {"W": theta[2], "b": theta[3]}]
    field = nf.Field(nf.MLP((16,), "tanh"), frequencies=0)
    ours = [flow(lambda y, t: network(theta, y, t), row, 0.0, 1.0) for row in z]
    gradient = sum(discrete_gradient(theta, row, 32) for row in z)
    findings = []
    for kind in ("discrete", "adjoint"):
        layer = nf.Continuous(field, D, nf.ode.RK4(32), gradient=kind)
        x, log_det, pullback = layer.forward_vjp(params, z)
        g_params = pullback(x, 0 * log_det)[0]
        g = np.concatenate([g_params[k][name].ravel() for k in (0, 1) for name in ("W", "b")])
        findings.append(("G", f"Continuous: {kind} gradient", np.abs(g - gradient).max(), 1e-6))
    findings.append(("S", "Continuous: x", np.abs(x - [p[0] for p in ours]).max(), 1e-12))
    findings.append(("S", "Continuous: log_det", np.abs(log_det - [p[1] for p in ours]).max(), 1e-12))
    path = gaussian_path.GaussianPath(np.full(2, 0.5), TWO, np.full((2, 1, 1), WIDTH**2), gaussian_path.diffusion())
    at = np.linspace(-2, 2, 9)[:, None]
    exact = np.array([mixture_at(y, 0.8, diffused, TWO, WIDTH)[2] for y in at])
    findings.append(("S", "GaussianPath: velocity", np.abs(path.velocity(at, 0.8) - exact).max(), 1e-10))
    layer = nf.Continuous(field, D, nf.ode.Dopri5(1e-8, 1e-8))
    found = [check.round_trip(layer, params, z), check.log_dets_cancel(layer, params, z)]
    found += check.log_det_is_jacobian(layer, params, z)
    findings = [check.Finding(*row[:2], float(row[2]), row[3]) for row in findings] + found
    print(check.table(findings, "The package, random weights, D = 3"))
    assert all(finding.ok for finding in findings)


if __name__ == "__main__":
    check_one_point(options)
    check_the_package(options)

# %% [markdown]
# ## The experiment: one density, four trainings
#
# Eight Gaussians on a circle. The same network (three layers of 64 units, which see $z$, $t$ and three waves of $t$) is trained four times: by maximum likelihood through 6 steps of RK4 (FFJORD, 300 training steps of 64 points); by flow matching along straight lines (3,000 steps of 512); the same with optimal pairs (2,500 of 256); and by score matching along the diffusion (3,000 of 512). A rational-quadratic spline coupling (chapter 06) stands beside them. All are judged on the same held-out points, by the equation solved with Dormand-Prince to a tolerance of $10^{-5}$: the paired mean of $\log p_{\text{true}} - \log p$, in nats.
#
# *Predict first.* Which of the four is nearest to the truth after a few seconds? Which needs the fewest evaluations? Must FFJORD find the velocity of (1)?


# %%
def trainings(options):
    """name: (flow, objective, steps, batch, rate). The score network's field is a ProbabilityFlow."""
    net, few = nf.Field(nf.MLP((64, 64, 64), "silu")), options.fast
    same = {"base": nf.StandardNormal(2), "whiten": "diagonal"}
    make = lambda field, solver: nf.flows.continuous(2, field=field, solver=solver, **same)  # noqa: E731
    fine, score = nf.ode.Dopri5(1e-5, 1e-5), nf.ProbabilityFlow(net)
    likelihood, matching = nf.objectives.MaximumLikelihood(), nf.objectives.FlowMatching
    return {
        "FFJORD": (make(net, nf.ode.RK4(6)), likelihood, 4 if few else 300, 64, 1e-2),
        "flow matching": (make(net, fine), matching(), 20 if few else 3000, 512, 1e-2),
        "optimal pairs": (make(net, fine), matching("optimal"), 20 if few else 2500, 256, 8e-3),
        "score matching": (make(score, fine), nf.objectives.ScoreMatching(), 20 if few else 3000, 512, 1e-2),
    }


def finely(flow):
    """The same flow with the solver by which all are judged."""
    layer, scale = flow.bijection.layers
    return nf.Flow(flow.base, nf.Chain([nf.Continuous(layer.field, 2, nf.ode.Dopri5(1e-5, 1e-5)), scale]))


def trained(flow, objective, steps, batch, rate, data, options):
    """The flow to judge, its parameters, the seconds, and the evaluations on the way: [(step / steps, count), ...]."""
    judge, seen = finely(flow), []
    settings = {
        "batch_size": batch,
        "validation": None,
        "progress": False,
        "evaluate_every": max(1, steps // (2 if options.fast else 8)),
    }
    settings |= {"objective": objective, "optimizer": nf.adam(rate), "clip": 1.0, "callback": seen.append}
    begin = time.process_time()
    result = nf.fit(flow, data.train, rng=options.seed, steps=steps, **settings)
    seconds = time.process_time() - begin
    counts = [(at.step / steps, evaluations(judge, at.params, data.test[: 20 if options.fast else 200])) for at in seen]
    return judge, result.last_params, seconds, counts


def relative_error(name, flow, params):
    """The root of E|f - u|^2 over E|u|^2, u of (1): t uniform, points from p_t."""
    schedule = gaussian_path.diffusion() if name == "score matching" else gaussian_path.STRAIGHT
    path, wrong, size = standardized(schedule, params), 0.0, 0.0
    for t in (np.arange(20) + 0.5) / 20:
        y = path.sample(np.random.default_rng(0), 500, t)
        u = path.velocity(y, t)
        f = flow.bijection.layers[0].field.apply(params["bijection"][0], nf.backend.asarray(y), t)
        wrong, size = wrong + ((f - u) ** 2).sum(), size + (u**2).sum()
    return (wrong / size) ** 0.5


def standardized(schedule, params):
    fixed = nf.to_numpy(params["bijection"][1]["fixed"])
    return gaussian_path.eight_gaussians(schedule).standardized(fixed["mean"].astype(float), fixed["std"].astype(float))


def four_trainings(options):
    nf.use(dtype=options.dtype or "float32")
    data, fitted = nf.data.load("8gaussians", n=10_000 if options.fast else 100_000), {}
    for name, (flow, objective, steps, batch, rate) in trainings(options).items():
        fitted[name] = trained(flow, objective, steps, batch, rate, data, options)
    same = {"base": nf.StandardNormal(2), "whiten": "diagonal"}
    spline = nf.flows.rq_nsf(2, layers=4, hidden=(64, 64), bins=8, bound=4.0, **same)
    settings = {"steps": 5 if options.fast else 800, "batch_size": 512, "optimizer": nf.adam(5e-3)}
    begin = time.process_time()
    result = nf.fit(spline, data.train, rng=options.seed, validation=None, progress=False, **settings)
    fitted["spline coupling"] = spline, result.last_params, time.process_time() - begin, []
    return data, fitted


def total_probability(flow, params, reach, n):
    side = np.linspace(-reach, reach, n)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    return np.exp(nf.to_numpy(flow.log_prob(params, grid)).astype(float)).sum() * (side[1] - side[0]) ** 2


def compare(data, fitted, options):
    figure, axes = plot.subplots(2, 3, height=2.1, sharex=True, sharey=True)
    box, n, few = (-4.6, 4.6, -4.6, 4.6), 16 if options.fast else 60, 50 if options.fast else 3000
    peak = 1.3 * float(np.exp(data.log_prob(data.test[:2000]).max()))
    plot.density(axes[0, 0], data.log_prob, box, n=n, peak=peak)
    axes[0, 0].set(title="truth", xlabel="")
    truth, gaps = data.log_prob(data.test[:few]), {}
    print(f"  {'':16}{'gap in nats':>18}{'integral':>10}{'velocity off by':>17}{'evaluations':>13}{'seconds':>9}")
    for ax, (name, (flow, params, seconds, counts)) in zip(axes.flat[1:], fitted.items(), strict=True):
        gap = truth - nf.to_numpy(flow.log_prob(params, data.test[:few])).astype(float)
        seen = []
        plot.density(ax, lambda x: seen.append(nf.to_numpy(flow.log_prob(params, x))) or seen[0], box, n=n, peak=peak)  # noqa: B023
        ax.set(title=name, xlabel="", ylabel="")
        integral = np.exp(seen[0].astype(float)).sum() * ((box[1] - box[0]) / (n - 1)) ** 2
        if not counts:  # a thousandth of the spline's mass lies outside of the picture
            integral = total_probability(flow, params, 9.2, 31 if options.fast else 241)
        off = f"{100 * relative_error(name, flow, params):.1f} %" if counts else "-"
        used = counts[-1][1] if counts else "-"
        gaps[name], error = gap.mean(), gap.std() / np.sqrt(few)
        print(f"  {name:16}{gap.mean():9.4f} ± {error:.4f}{integral:10.4f}{off:>17}{used:>13}{seconds:9.1f}")
        assert options.fast or (gap.mean() < 0.15 and abs(integral - 1) < 1e-3)
    assert options.fast or gaps["flow matching"] < 0.06
    options.save(figure, "ch09_four")


def fields_drawn(fitted, options):
    figure, axes = plot.subplots(2, 3, height=2.2, sharex=True, sharey=True)
    side = np.linspace(-2.2, 2.2, 15)
    y = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    drawn = (
        ("flow matching", gaussian_path.STRAIGHT, (0.3, 0.6, 0.9)),
        (
            "score matching",
            gaussian_path.diffusion(),
            (0.6, 0.75, 0.9),
        ),
    )
    for row, (name, schedule, times) in zip(axes, drawn, strict=True):
        flow, params, *_ = fitted[name]
        path = standardized(schedule, params)
        for ax, t in zip(row, times, strict=True):
            plot.density(
                ax, lambda x, t=t, path=path: path.log_prob(x, t), (-2.4, 2.4, -2.4, 2.4), n=30 if options.fast else 80
            )
            at = y[path.log_prob(y, t) > -5]
            f = nf.to_numpy(flow.bijection.layers[0].field.apply(params["bijection"][0], nf.backend.asarray(at), t))
            exact = path.velocity(at, t)
            longest = np.sqrt((exact**2).sum(axis=1)).max()
            for arrows, color, width in ((exact, "white", 0.011), (f, plot.RED, 0.005)):
                ax.quiver(*at.T, *arrows.T, color=color, width=width, scale=10 * longest, angles="xy")
            ax.set(title=f"{name}, $t = {t}$", xlabel="", ylabel="")
    options.save(figure, "ch09_fields")


def paths_drawn(fitted, options):
    figure, axes = plot.subplots(1, 4, height=2.1, sharex=True, sharey=True)
    z = nf.backend.asarray(np.random.default_rng(options.seed).normal(size=(60, 2)))
    times = np.linspace(0, 1, 9 if options.fast else 41)
    for ax, (name, (flow, params, *_)) in zip(axes, fitted.items(), strict=False):
        field = flow.bijection.layers[0].field
        f = lambda t, y, field=field, params=params: field.apply(params["bijection"][0], y.T, t).T  # noqa: E731
        states = nf.to_numpy(nf.ode.trajectory(nf.ode.RK4(2), f, z.T, times))
        ax.plot(states[:, 0], states[:, 1], color=plot.SKY, linewidth=0.6)
        ax.plot(*states[0], ".", color="0.6", markersize=2)
        ax.plot(*states[-1], ".", color=plot.RED, markersize=3)
        way, distance = (np.sqrt((d**2).sum(axis=-2)) for d in (np.diff(states, axis=0), states[-1] - states[0]))
        ax.set(title=name, aspect="equal")
        longer = np.median(way.sum(axis=0) / distance)
        print(f"  {name:16} median of the way over the distance: {longer:.2f}")
        expected = {"FFJORD": 1.34, "flow matching": 2.2, "optimal pairs": 1.0, "score matching": 1.06}[name]
        assert options.fast or abs(longer / expected - 1) < 0.2
    options.save(figure, "ch09_paths")


def evaluations_drawn(fitted, options):
    figure, ax = plot.subplots(1, 1, height=2.2)
    for name, (*_, counts) in list(fitted.items())[:4]:
        ax.plot(*np.array(counts).T, marker=".", label=name)
    ax.set(xlabel="share of the training", ylabel="evaluations of the field", ylim=(0, None))
    ax.legend(ncols=2)
    options.save(figure, "ch09_evaluations")


if __name__ == "__main__":
    data, fitted = four_trainings(options)
    compare(data, fitted, options)

# %% [markdown]
# *Figure `ch09_four`.* All on one colour scale. The faint bridges between the blobs belong to every continuous map: it cannot tear one blob into eight. All integrate to 1 within a thousandth, the continuous ones inside the picture, the spline on a grid twice as wide: a thousandth of it lies outside. Evaluations are those of a solve from $x$ to $z$ for 200 points at once. Seconds are those of one processor, without the judging. Flow matching needs fewer seconds than FFJORD, on eighty times as many points, because a step of it evaluates the field once, without a trace.
#
# One seed ranks no methods. `benchmarks/continuous_table.py` trains them on the same data with three seeds, for longer. Its gaps are 0.026 to 0.036 nats for FFJORD, 0.022 to 0.027 for flow matching, 0.025 to 0.028 for optimal pairs, 0.022 to 0.032 for score matching, and 0.006 to 0.007 for the spline coupling. The ranges of the four trainings overlap, and the spline coupling is nearer to the truth than all of them. With two variables its determinant costs nothing, and its bins can cut a blob in two. A continuous flow offers freedom: no split of the variables, and any network, of which the largest image models are made.
#
# The third column compares each field with (1), over all times. Flow matching and score matching are meant to learn it (each along its own curve). FFJORD is not: the likelihood asks for the density at $t = 1$ alone, and any way there will do. Optimal pairs have a field of their own.


# %%
if __name__ == "__main__":
    fields_drawn(fitted, options)
    paths_drawn(fitted, options)
    evaluations_drawn(fitted, options)

# %% [markdown]
# *Figure `ch09_fields`.* The exact velocity (white, thick) and the learned one (red) on top of it, in standardised units, over $p_t$; in each panel the longest arrow has the same length. The two can hardly be told apart where there is density; late, between the blobs, they can.
#
# *Figure `ch09_paths`.* Sixty points of noise (grey) and their ways to the data (red). The lines printed above give the median of the length of a way over the distance of its ends. With straight lines between independent pairs, the mean of all lines through a point near the start leads to the middle, so that points go inwards first and then out: the way is 2.2 times the distance. With optimal pairs points go straight (1.0), at almost constant speed, and an adaptive solver takes long steps. Score matching has independent pairs as well, and still its points take no detour (1.06): the diffusion's density stays near the normal for long, and a normal stands still. Nothing asks FFJORD to go straight; its points wander (1.34).
#
# *Figure `ch09_evaluations`.* The cost of a solve at a tolerance of $10^{-5}$, as training goes on. All start low, with a field of 0, and grow as the field bends. FFJORD with an adaptive solver pays for this in every step of training, flow matching in none.
#
# `benchmarks/continuous_table.py` repeats the comparison on 8gaussians, moons and the checkerboard with longer training and three seeds.
#
# ## Summary
#
# - A velocity replaces the layers, and the integral of a trace replaces the determinant: any smooth network will do, and its inverse is the same equation backwards.
# - Likelihood through a solver is exact up to a tolerance, and it costs many evaluations. Regression on conditional velocities finds a field with the same use, and no equation is solved until the flow is used.
# - A diffusion's probability flow is one of these fields; for Gaussian mixtures all of them are known, so they can be tested.
#
# Chapter 10 gives every flow a condition: $p(x \mid y)$.
#
# ## Exercises
#
# 1. (Paper.) Solve $\dot z = z - z^2$ from $z_0 \in (0, 1)$. Compare $\log|dx/dz_0|$ with (4).
# 2. (Paper.) Let $f = Az$. Show that $\ell(1) = \operatorname{tr} A$. Hint: $\det e^A = e^{\operatorname{tr} A}$, by (3) with many steps.
# 3. (20 lines.) Write the midpoint rule, and measure its order as `solver_orders` does. Then give it $f = |z|$, which has a kink. Which order is left?
# 4. (Paper.) The loss is $-\log p(x)$. Which term does $\ell$ add to the adjoint equation (7)?
# 5. (A minute.) Train FFJORD with `RK4(2)`, and compute the integral of its density with `RK4(2)` and with a tolerance of $10^{-5}$. Which one is 1? What has the network learned?
# 6. (Paper.) Show from (9) that a standard normal stays one, and that its probability flow stands still.
# 7. (A minute.) Pair optimally in batches of 8, 64 and 512. How do the evaluations and the length of the way change?
# 8. (Thinking.) With a condition $y$, an optimal pairing in a batch makes $\epsilon$ depend on $y$. What density does the flow then have at $t = 0$ for one $y$? (The package refuses it.)
#
# ## Where this differs from the papers
#
# - **FFJORD** trains with an adaptive solver and the adjoint, with layers that mix in the time by gates. Here six steps of RK4 are differentiated as they are, the trace is exact, and the network sees $t$ and its waves as inputs.
# - **Flow matching** is often written with a least width $\sigma_{\min}$ at the data. Here it is 0.
# - **Diffusion.** Song et al. let the rate rise linearly from 0.1, and stop just before the end, where $b = 0$. The clock $u = T(1 - t)^2$ starts at rate 0, and the velocity has a finite limit at the end.
# - **Times.** In each batch they are spread evenly, with one random shift, which lowers the variance (Kingma et al. 2021, arXiv:2107.00630).
# - **Optimal pairs** are found in groups of 64 rows, since the time for them grows with the cube of their number.
