# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Splines: bending one variable, with as many knobs as you like
#
# **Question.** An affine coupling layer does two things to a variable: it stretches it and shifts it. Given the variables that it keeps, one hill stays one hill. Can a *single* layer bend a variable in any way we like, stay increasing, and still have an inverse and a slope by formula?
#
# **What you need.** The change of variables (chapter 01), coupling layers (chapter 04), quadratic equations, NumPy.
#
# **Convention.** $z$ is noise, $x$ is data. *Forward* is $z \to x$, *inverse* is $x \to z$, and each direction reports the log-determinant *of the map that it just applied*.
#
# **Running time.** As measured: 50 s of one core of a busy machine; `--fast` takes four, and its experiments are too short to mean anything.
#
# **References.** Gregory, Delbourgo (1982), *Piecewise rational quadratic interpolation to monotonic data*, doi:10.1093/imanum/2.2.123. Fritsch, Carlson (1980), *Monotone piecewise cubic interpolation*, doi:10.1137/0717021. Müller et al. (2019), *Neural importance sampling*, arXiv:1808.03856. Durkan et al. (2019), *Cubic-spline flows*, arXiv:1906.02145, and *Neural spline flows*, arXiv:1906.04032. Ziegler, Rush (2019), *Latent normalizing flows for discrete sequences*, arXiv:1901.10548. Ho et al. (2019), *Flow++*, arXiv:1902.00275. Rezende et al. (2020), *Normalizing flows on tori and spheres*, arXiv:2002.02428.

# %%
from itertools import pairwise

import numpy as np

if __name__ == "__main__":
    import nfscratch as nf
    from nfscratch import chapter, check, plot

    options = chapter.options()

# %% [markdown]
# ## The idea, with numbers
#
# Take an increasing curve from $(0, 0)$ to $(1, 1)$ that starts with slope 2 and ends with slope $\tfrac12$. Here is one, a quotient of two quadratics in $\xi$:
#
# $$g(\xi) = \frac{2\,\xi(1-\xi) + \xi^2}{1 + \tfrac12\,\xi(1-\xi)} .$$
#
# At $\xi = \tfrac12$ the numerator is $\tfrac12 + \tfrac14 = \tfrac34$ and the denominator $1 + \tfrac18 = \tfrac98$, so $g = \tfrac23$. To go back from $y = \tfrac23$, multiply by the denominator and collect powers of $\xi$:
#
# $$-\tfrac23\,\xi^2 + \tfrac53\,\xi - \tfrac23 = 0, \qquad \text{discriminant}\ \tfrac{25}{9} - \tfrac{16}{9} = 1, \qquad \xi = \frac{-\frac53 \pm 1}{-\frac43} = \tfrac12\ \text{or}\ 2 .$$
#
# One of the two roots is in the interval, and it is where we came from. This is one piece of a spline, a *bin*. Put several bins in a row, with slopes that agree where two bins meet. The result is a smooth increasing curve through any increasing sequence of points, and its inverse costs one square root.


# %%
def rq_bin(xi, s, d0, d1):
    """Height and slope of the rational quadratic (6) through (0, 0) and (1, 1): equations (8) and (9).

    xi: place in the bin, 0 to 1. s: the bin's mean slope. d0, d1: the slopes at its two ends.
    """
    Q = s + (d0 + d1 - 2 * s) * xi * (1 - xi)
    y = (d0 * xi * (1 - xi) + s * xi**2) / Q
    return y, s**2 * (d0 * (1 - xi) ** 2 + 2 * s * xi * (1 - xi) + d1 * xi**2) / Q**2


def rq_bin_inverse(y, s, d0, d1):
    """The place xi in the bin at which the height is y: equations (10) and (11)."""
    delta = d0 + d1 - 2 * s
    a, b, c = s - d0 + y * delta, d0 - y * delta, -s * y
    root = np.sqrt(max(b**2 - 4 * a * c, 0.0))
    return (root - b) / (2 * a) if b < 0 else 2 * c / (-b - root)


def worked_example():
    y, slope = rq_bin(0.5, 1.0, 2.0, 0.5)
    assert np.isclose(y, 2 / 3)
    assert np.isclose(slope, 8 / 9)
    assert np.isclose(rq_bin_inverse(y, 1.0, 2.0, 0.5), 0.5)
    print(f"xi = 0.5   ->   y = {y:.4f}, slope {slope:.4f}   ->   xi = {rq_bin_inverse(y, 1.0, 2.0, 0.5):.4f}")


if __name__ == "__main__":
    worked_example()

# %% [markdown]
# ## The derivation
#
# An *elementwise* layer moves every variable by a function of its own, $x_i = h(z_i; \theta_i)$. For $D = 2$ its Jacobian has the entries
#
# $$\frac{\partial x_1}{\partial z_1} = h'(z_1; \theta_1), \qquad \frac{\partial x_1}{\partial z_2} = \frac{\partial x_2}{\partial z_1} = 0, \qquad \frac{\partial x_2}{\partial z_2} = h'(z_2; \theta_2),$$
#
# and in a coupling layer, where $\theta_2$ is computed from $z_1$ and $x_1 = z_1$, one more entry is filled, $\partial x_2/\partial z_1 = \frac{\partial h}{\partial \theta_2}\frac{d\theta_2}{dz_1}$, which the determinant does not contain. Either way, with the sum over the variables that change,
#
# $$\log|\det J| = \sum_i \log h'(z_i; \theta_i) . \tag{1}$$
#
# So a layer asks three things of $h$: it increases with a positive slope, we can go back, and we know the slope.
#
# ### Knots
#
# Choose a box $[-B, B]$ and cut it into $K$ bins, on the side of $z$ and on the side of $x$. A network gives any numbers $a_0, \dots, a_{K-1}$. We need positive widths that add up to $2B$, and none so small that dividing by it is dangerous:
#
# $$w_k = 2B\,\bigl(m + (1 - Km)\operatorname{softmax}(a)_k\bigr), \qquad z_k = -B + \sum_{j < k} w_j, \tag{2}$$
#
# with $m = 10^{-3}$, the smallest share, and in (3) the smallest slope. Heights $h_k$ and knots $x_k$ come from $K$ more numbers in the same way. Where slopes $d_k$ at the knots are free, they come from a softplus, shifted so that the number 0 gives the slope 1:
#
# $$d_k = m + \operatorname{softplus}(c_k + c^*), \qquad c^* = \log(e^{1-m} - 1) . \tag{3}$$
#
# Outside of the box the map is the identity. If all numbers are zero, bins are equal and slopes are 1: a fresh layer is the identity inside as well.


# %%
SMALLEST = 1e-3  # the smallest share of the box that a bin gets, and the smallest slope


def softmax(a):
    e = np.exp(a - a.max())
    return e / e.sum()


def knots(a, bound):
    """K + 1 knots from -bound to bound out of K numbers: equation (2)."""
    share = SMALLEST + (1 - SMALLEST * len(a)) * softmax(a)
    inner = -bound + 2 * bound * np.cumsum(share)[:-1]
    return np.concatenate([[-bound], inner, [bound]])


def slopes(c):
    """K + 1 slopes out of K - 1 numbers, equation (3); 1 at both ends, where the tails begin."""
    c_star = np.log(np.expm1(1 - SMALLEST))
    return np.concatenate([[1.0], SMALLEST + np.logaddexp(0, c + c_star), [1.0]])


def bin_of(z, at):
    """The k with at[k] <= z <= at[k + 1]; the right edge of the box belongs to the last bin."""
    return int(np.clip(np.searchsorted(at, z, side="right") - 1, 0, len(at) - 2))


# %% [markdown]
# ### Four ways to fill a bin
#
# Inside bin $k$ let $\xi = (z - z_k)/w_k$ run from 0 to 1, let $s = h_k/w_k$ be the bin's mean slope, and write $x = x_k + h_k\,g(\xi)$ with $g(0) = 0$ and $g(1) = 1$. The slope of the map is $dx/dz = s\,g'(\xi)$.
#
# **Linear** (Müller et al.). $g(\xi) = \xi$. The slope is constant in each bin, so the density has a step at every knot.
#
# **Quadratic** (Müller et al.). Let the *slope* be a broken line, with the value $v_k > 0$ at knot $k$ (scaled so that the area below it is $2B$). Integrate:
#
# $$x = x_k + w_k\bigl(v_k\,\xi + \tfrac12 (v_{k+1} - v_k)\,\xi^2\bigr), \qquad \frac{dx}{dz} = v_k + (v_{k+1} - v_k)\,\xi . \tag{4}$$
#
# Now the density is continuous inside the box. But the heights are not free: the slopes determine them.
#
# **Cubic** (Durkan et al.). Fix heights *and* slopes. A bin then has four conditions: two heights and two slopes, $g'(0) = d_k/s$ and $g'(1) = d_{k+1}/s$. A cubic has four coefficients, and the one that fits is Hermite's:
#
# $$g(\xi) = \xi^2 (3 - 2\xi) + \frac{d_k}{s}\,\xi (1-\xi)^2 - \frac{d_{k+1}}{s}\,\xi^2 (1-\xi) . \tag{5}$$
#
# Its slope in the middle is $g'(\tfrac12) = \tfrac32 - \frac{d_k + d_{k+1}}{4s}$, which is *negative* as soon as $d_k + d_{k+1} > 6s$. A steep start and a steep end force the curve to come back in between. So a cubic spline has to hold its slopes down. It is increasing if $d_k, d_{k+1} \le 3s$ (Fritsch and Carlson); where both are $3s$ (as in the last bin of the picture below) its slope is zero in the middle, which a flow has to avoid. The condition is enough, but not necessary: with $s = 1$ and the slopes $3.9$ and $1$ the least slope is $0.033$. With such a condition the slopes are tied to the heights. And the inverse is the root of a cubic.
#
# **Rational quadratic** (Gregory and Delbourgo; as a flow, Durkan et al.). We want a curve that meets four conditions and cannot turn back. Divide a quadratic by a quadratic, and write both so that the two ends show:
#
# $$g = \frac{N}{Q}, \qquad N = n_0 (1-\xi)^2 + n_1\,\xi(1-\xi) + n_2\,\xi^2, \qquad Q = q_0 (1-\xi)^2 + q_1\,\xi(1-\xi) + q_2\,\xi^2 . \tag{6}$$
#
# At $\xi = 0$ only $n_0, q_0$ are left, so $g(0) = 0$ says $n_0 = 0$; and $g(1) = 1$ says $n_2 = q_2$. For the slopes put $t = \xi/(1-\xi)$. Then $g = (n_0 + n_1 t + n_2 t^2)/(q_0 + q_1 t + q_2 t^2)$; the quotient rule, and $dt/d\xi = (1-\xi)^{-2}$, give for any coefficients
#
# $$g'(\xi) = \frac{(n_1 q_0 - n_0 q_1)(1-\xi)^2 + 2 (n_2 q_0 - n_0 q_2)\,\xi(1-\xi) + (n_2 q_1 - n_1 q_2)\,\xi^2}{Q^2} . \tag{7}$$
#
# At the ends: $g'(0) = n_1/q_0$ and $g'(1) = (q_1 - n_1)/q_2$. These have to be $d_k/s$ and $d_{k+1}/s$. One scale is free, since $N$ and $Q$ may be multiplied by the same number, and so is the ratio $q_0 : q_2$. The choice that treats both ends alike is $q_0 = q_2 = s$, and then $n_1 = d_k$, $q_1 = d_k + d_{k+1}$, $n_2 = s$. With $(1-\xi)^2 + \xi^2 = 1 - 2\xi(1-\xi)$ this is
#
# $$x = x_k + h_k\,\frac{d_k\,\xi(1-\xi) + s\,\xi^2}{s + (d_k + d_{k+1} - 2s)\,\xi(1-\xi)}, \tag{8}$$
#
# and (7) becomes
#
# $$\frac{dx}{dz} = s\,g'(\xi) = \frac{s^2 \bigl(d_k (1-\xi)^2 + 2 s\,\xi(1-\xi) + d_{k+1}\,\xi^2\bigr)}{\bigl(s + (d_k + d_{k+1} - 2s)\,\xi(1-\xi)\bigr)^2} . \tag{9}$$
#
# The numerator is positive for any positive heights, widths and slopes: none of its three terms is negative, and they are never all zero. The denominator is the square of $Q = s\,(1 - 2\xi(1-\xi)) + (d_k + d_{k+1})\,\xi(1-\xi)$. Since $\xi(1-\xi) \le \frac14$, $Q$ is at least $\frac{s}{2}$, so nothing is divided by zero. No condition ties the slopes to the heights: every output of a network gives a valid spline. That is the reason for the quotient.
#
# **Back again.** Let $y = (x - x_k)/h_k$ and $\delta = d_k + d_{k+1} - 2s$. Multiply $y = N/Q$ by $Q$ and collect:
#
# $$a\xi^2 + b\xi + c = 0, \qquad a = s - d_k + y\delta, \quad b = d_k - y\delta, \quad c = -sy . \tag{10}$$
#
# Which root? At $y = 0$ we need $\xi = 0$, with $c = 0$ and $b = d_k > 0$. Of the two ways to write the roots, take the one that divides by $-b - \sqrt{\cdot}$:
#
# $$\xi = \frac{2c}{-b - \sqrt{b^2 - 4ac}} . \tag{11}$$
#
# It is 0 at $y = 0$, and it stays on the same branch as $y$ grows because the square root never reaches zero: at the solution it is the slope of the quadratic,
#
# $$\sqrt{b^2 - 4ac} = 2a\xi + b = \frac{d}{d\xi}\bigl(N - yQ\bigr) = N' - gQ' = Q\,g' > 0 . \tag{12}$$
#
# The textbook form $(-b + \sqrt{b^2 - 4ac})/2a$ is the same number on paper. In a computer it is $0/0$ wherever $a = 0$: in every bin that is a straight line, so in all bins of a fresh layer. And rounding can make $b^2 - 4ac$ slightly negative although (12) is positive, so it is cut off at zero.
#
# The published form (11) loses digits in a case of its own. Where $b < 0$, near a very steep right end, $-b$ and the root have the same sign, and $-b - \sqrt{\cdot}$ may subtract nearly equal numbers. There $a = s - b > 0$, and the textbook form is the good one. So divide by $2a$ where $b < 0$, and by $-b - \sqrt{\cdot}$ elsewhere. (Near a flat right end $b^2 - 4ac$ is itself a small difference of two large numbers, and both forms lose digits.)


# %%
def linear_forward(z, zk, xk):
    """x and log dx/dz at one number z in the box: the linear spline."""
    k = bin_of(z, zk)
    s = (xk[k + 1] - xk[k]) / (zk[k + 1] - zk[k])
    return xk[k] + s * (z - zk[k]), np.log(s)


def quadratic_forward(z, zk, v):
    """x and log dx/dz: equation (4). v: K + 1 positive numbers, the slopes at the knots up to a common factor."""
    w = np.diff(zk)
    v = v * (zk[-1] - zk[0]) / np.sum(w * (v[1:] + v[:-1]) / 2)
    xk = zk[0] + np.concatenate([[0.0], np.cumsum(w * (v[1:] + v[:-1]) / 2)])
    k = bin_of(z, zk)
    xi = (z - zk[k]) / w[k]
    return xk[k] + w[k] * (v[k] * xi + (v[k + 1] - v[k]) * xi**2 / 2), np.log(v[k] + (v[k + 1] - v[k]) * xi)


def cubic_forward(z, zk, xk, d):
    """x and dx/dz: equation (5). Increasing if no slope d exceeds three times that of a neighbouring bin."""
    k = bin_of(z, zk)
    w, h = zk[k + 1] - zk[k], xk[k + 1] - xk[k]
    s, xi = h / w, (z - zk[k]) / w
    g = xi**2 * (3 - 2 * xi) + d[k] / s * xi * (1 - xi) ** 2 - d[k + 1] / s * xi**2 * (1 - xi)
    slope = 6 * s * xi * (1 - xi) + d[k] * (1 - xi) * (1 - 3 * xi) - d[k + 1] * xi * (2 - 3 * xi)
    return xk[k] + h * g, slope


def rq_forward(z, zk, xk, d):
    """x and log dx/dz at one number z: equations (8), (9), and the tails (13)."""
    if abs(z) > zk[-1]:
        return z, 0.0
    k = bin_of(z, zk)
    w, h = zk[k + 1] - zk[k], xk[k + 1] - xk[k]
    y, slope = rq_bin((z - zk[k]) / w, h / w, d[k], d[k + 1])
    return xk[k] + h * y, np.log(slope)


def rq_inverse(x, zk, xk, d):
    """z and log dz/dx at one number x. The bin is found among the knots of x."""
    if abs(x) > xk[-1]:
        return x, 0.0
    k = bin_of(x, xk)
    w, h = np.diff(zk)[k], np.diff(xk)[k]
    xi = rq_bin_inverse((x - xk[k]) / h, h / w, d[k], d[k + 1])
    return zk[k] + w * xi, -np.log(rq_bin(xi, h / w, d[k], d[k + 1])[1])


# %% [markdown]
# ### Tails, and circles
#
# Outside of the box the map is the identity,
#
# $$x = z \quad\text{with slope } 1 \quad\text{for } |z| > B, \tag{13}$$
#
# and it joins the spline without a kink if the first and the last slope are 1. Values outside are rare in training, but they occur in use, and some bugs show only there.
#
# If the variable is an angle, there is no outside (Rezende et al.). On the circle $-B$ and $B$ are one point, and the slopes agree there: one more free number, $d_0 = d_K$, and no tails.
#
# ### Two maps without knots
#
# Two other maps give one variable more than a scale and a shift.
#
# **Nonlinear squared** (Ziegler and Rush): a line with a bump,
#
# $$x = a + b z + \frac{c}{1 + (d z + g)^2}, \qquad |c| < \frac{8\sqrt3}{9}\,\frac{b}{d}, \qquad b, d > 0 . \tag{14}$$
#
# (The letters $a$ to $g$ are those of the paper, and hold for this map alone.) The condition: with $u = dz + g$ the slope is $b - 2cd\,u/(1+u^2)^2$. The factor $u/(1+u^2)^2$ is largest where its derivative vanishes, $1 + u^2 = 4u^2$, at $u = 1/\sqrt3$, and there it is $\frac{1}{\sqrt 3}\cdot\frac{9}{16} = \frac{3\sqrt3}{16}$. So the slope is positive for all $z$ if and only if $|c| \cdot d \cdot \frac{3\sqrt3}{8} < b$, which is (14). The inverse solves a cubic with exactly one real root.
#
# **A mixture of logistics** (Flow++): the distribution function of a mixture is increasing, whatever the mixture. Send $z$ through it, and stretch the result from $(0, 1)$ to the whole line:
#
# $$F(z) = \sum_k \pi_k\,\sigma\!\Bigl(\frac{z - \mu_k}{s_k}\Bigr), \qquad x = \operatorname{logit} F(z) = \log F - \log(1 - F) . \tag{15}$$
#
# Far out $F$ rounds to 1 and $\log(1 - F)$ to $-\infty$. But the weights sum to 1, so $1 - F = \sum_k \pi_k\,\sigma\bigl(-(z - \mu_k)/s_k\bigr)$, and nothing is subtracted. The inverse is a search (chapter 07).


# %%
def squared_forward(z, a, b, c, d, g):
    """x and log dx/dz: equation (14). c is given as a share of its bound, |c| < 1."""
    c = c * 8 * np.sqrt(3) / 9 * b / d
    u = d * z + g
    return a + b * z + c / (1 + u**2), np.log(b - 2 * c * d * u / (1 + u**2) ** 2)


def mixture_forward(z, log_pi, mu, s):
    """x and log dx/dz: equation (15), with logs of sigmoids, so that nothing rounds to 0 or 1."""
    u = (z - mu) / s
    log_up, log_down = -np.logaddexp(0, -u), -np.logaddexp(0, u)  # log sigma(u), log sigma(-u)
    log_F = np.logaddexp.reduce(log_pi + log_up)
    log_1_F = np.logaddexp.reduce(log_pi + log_down)
    log_density = np.logaddexp.reduce(log_pi + log_up + log_down - np.log(s))
    return log_F - log_1_F, log_density - log_F - log_1_F  # dx/dz = F' / (F (1 - F))


# %% [markdown]
# Here are all six. Three have the same knots.


# %%
def a_spline(rng, K=5, bound=3.0, size=1.5):
    """Knots and slopes of an ordinary random spline."""
    return (
        knots(size * rng.normal(size=K), bound),
        knots(size * rng.normal(size=K), bound),
        slopes(rng.normal(size=K - 1)),
    )


def limited(zk, xk, d):
    """Slopes held down to what a cubic bears: at most three times the mean slope of both neighbouring bins."""
    s = np.diff(xk) / np.diff(zk)
    return np.minimum(d, 3 * np.minimum(np.append(s, s[-1]), np.append(s[0], s)))


def picture_of_the_maps(options):
    zk = np.array([-3.0, -1.8, -0.9, 0.3, 1.5, 3.0])
    xk = np.array([-3.0, -2.3, 0.4, 0.9, 2.6, 3.0])
    d = np.array([1.0, 1.2, 1.6, 0.7, 0.8, 1.0])
    v = np.array([0.7, 2.2, 1.0, 0.4, 1.4, 0.6])
    mixture = np.log([0.5, 0.3, 0.2]), np.array([-1.5, 0.2, 1.8]), np.array([0.25, 0.2, 0.3])
    maps = {
        "linear": lambda z: linear_forward(z, zk, xk),
        "quadratic": lambda z: quadratic_forward(z, zk, v),
        "cubic": lambda z: (lambda x, slope: (x, np.log(slope)))(*cubic_forward(z, zk, xk, limited(zk, xk, d))),
        "rational\nquadratic": lambda z: rq_forward(z, zk, xk, d),
        "squared": lambda z: squared_forward(z, -0.3, 0.9, 0.97, 2.0, 0.0),
        "logistic\nmixture": lambda z: mixture_forward(z, *mixture),
    }
    left, far, right = (np.exp(mixture_forward(z, *mixture)[1]) for z in (-8.0, -25.0, 8.0))
    assert abs(left - 4.0) < 0.01 and abs(far - 3.33) < 0.02 and abs(right - 3.33) < 0.01
    assert abs(np.exp(mixture_forward(-19.0, *mixture)[1]) - (4.0 + 3.33) / 2) < 0.05  # halfway
    z = np.linspace(-2.999, 2.999, 60 * 10 + 1)
    figure, axes = plot.subplots(2, 6, height=1.45, sharex=True, sharey="row")
    for (top, bottom), (name, h) in zip(axes.T, maps.items(), strict=True):
        x, log_slope = np.array([h(value) for value in z]).T
        assert (np.diff(x) > 0).all()
        top.plot(z, x, color=plot.BLUE)
        bottom.plot(z, np.exp(log_slope), color=plot.ORANGE)
        if name in ("linear", "cubic", "rational\nquadratic"):
            top.plot(zk, xk, ".", color=plot.BLACK, markersize=4)
        bottom.set(xlabel="$z$", ylim=(0, 4.6), xticks=(-3, 0, 3))
        top.set_title(name, fontsize=8)
        top.set(ylim=(-4, 4))
    axes[0, 0].set_ylabel("$x$")
    axes[1, 0].set_ylabel("slope $dx/dz$")
    options.save(figure, "ch06_maps")


if __name__ == "__main__":
    picture_of_the_maps(options)

# %% [markdown]
# *Figure `ch06_maps`.* Six increasing maps and their slopes; dots are knots. The lower row has steps for the linear spline, a broken line for the quadratic one, a continuous slope with corners for the cubic and the rational quadratic. The squared map has one bump, so its slope has one peak and one dip. The mixture is flattest between its three components. Far out it is a line with the slope $1/s_k$ of the *widest* component, whose tail is the last to fade. On the right this is the outermost component, with the slope $3.33$. On the left the outermost has the slope $4.0$, and the widest takes over only near $z = -19$, far outside of the picture.
#
# *Animation `spline_knots`.* A rational quadratic spline with six bins learns two clusters, from the identity on. Left: the map, with its knots. Right, on the same axis $x$: the data, and the density $p(x)$ of the map. Where the map is steep, between the clusters, it spreads the noise thin; where it is flat, it piles it up.
#
# ## Check it
#
# Letters as in chapter 04: R the round trip, X the log-slopes of the two directions cancel, J, here of the forward map alone, a slope against finite differences, N the integral of a density, = one number by two formulas. A new one is E, the edges: the slopes on both sides of a knot.


# %%
def numeric_slope(f, z, h=1e-4):
    """f'(z) at one number by central differences of fourth order."""
    return (8 * (f(z + h) - f(z - h)) - (f(z + 2 * h) - f(z - 2 * h))) / (12 * h)


def off(a, b):
    """The largest difference, relative to the size of what is compared."""
    return float(np.max(np.abs(np.asarray(a) - np.asarray(b))) / max(1.0, np.max(np.abs(b))))


def away_from(knots_, points, h=3e-4):
    """The points whose difference quotient does not straddle a knot, where the second derivative jumps."""
    return [p for p in points if np.abs(knots_ - p).min() > h]


def check_one_point(options):
    rng = np.random.default_rng(options.seed)
    zk, xk, d = a_spline(rng)
    points = np.array(away_from(zk, np.linspace(-4, 4, 81)))
    v, held = rng.uniform(0.2, 3.0, len(zk)), limited(zk, xk, d)
    mixture = np.log(softmax(rng.normal(size=4))), rng.normal(size=4), np.exp(rng.normal(size=4) * 0.5)
    maps = {
        "linear": lambda z: linear_forward(z, zk, xk),
        "quadratic (4)": lambda z: quadratic_forward(z, zk, v),
        "cubic (5)": lambda z: (cubic_forward(z, zk, xk, held)[0], np.log(cubic_forward(z, zk, xk, held)[1])),
        "rational quadratic (8), (9)": lambda z: rq_forward(z, zk, xk, d),
        "squared (14)": lambda z: squared_forward(z, 0.2, 0.8, -0.99, 1.7, 0.4),
        "mixture (15)": lambda z: mixture_forward(z, *mixture),
    }
    rows = {name: {"J": slope_error(h, points[abs(points) < 2.99])} for name, h in maps.items()}
    pairs = [rq_forward(z, zk, xk, d) for z in points]
    back = [rq_inverse(x, zk, xk, d) for x, _ in pairs]
    ours = rows["rational quadratic (8), (9)"]
    ours |= {"R": off([z for z, _ in back], points), "X": off(np.sum([pairs, back], axis=0)[:, 1], 0)}
    sides = [np.exp(rq_forward(z + side, zk, xk, d)[1]) for z in zk[1:-1] for side in (-1e-12, 1e-12)]
    ours |= {"E": off(sides, np.repeat(d[1:-1], 2)), "N": abs(integral(zk, xk, d) - 1)}
    rows["tails (13)"] = {"J": slope_error(maps["rational quadratic (8), (9)"], points[abs(points) > 3.01])}
    rows["slopes (7) at both ends"] = {"=": off([rq_bin(xi, 0.7, 2.0, 5.0)[1] for xi in (0.0, 1.0)], [2.0, 5.0])}
    rows["root (12)"] = {"=": root_error(0.3, 0.7, 2.0, 5.0)}
    allowed = {"R": 1e-10, "X": 1e-10, "J": 1e-6, "E": 1e-9, "=": 1e-10, "N": 1e-6}
    print(check.error_table("one number at a time", rows, allowed))
    assert not any(check.failing(rows, allowed).values())
    for ends, least in (((4.0, 4.0), -0.5), ((3.9, 1.0), 0.033)):
        slope = min(
            cubic_forward(z, np.array([0, 1]), np.array([0, 1]), np.array(ends))[1] for z in np.linspace(0, 1, 1001)
        )
        print(
            f"  a cubic in a bin of mean slope 1 with slopes {ends[0]} and {ends[1]} at its ends: least slope {slope:.3f}"
        )
        assert abs(slope - least) < 5e-4
    with np.errstate(invalid="ignore"):  # exercise 6: its log-slope does not exist
        beyond = numeric_slope(lambda z: squared_forward(z, 0, 1, 1.1, 1, 0)[0], 1 / np.sqrt(3))
    assert abs(beyond + 0.1) < 1e-6


def slope_error(h, points):
    return off([h(z)[1] for z in points], [np.log(numeric_slope(lambda a: h(a)[0], z)) for z in points])


def root_error(xi, s, d0, d1):
    """sqrt(b^2 - 4ac) of (10), where a = s - b and c = -s y, against Q g'; rq_bin returns s g'."""
    y, slope = rq_bin(xi, s, d0, d1)
    delta = d0 + d1 - 2 * s
    b = d0 - y * delta
    return off(np.sqrt(b * b + 4 * (s - b) * s * y), (s + delta * xi * (1 - xi)) * slope / s)


def integral(zk, xk, d):
    """The integral of p(x) = N(z; 0, 1) dz/dx: Gauss and Legendre's rule between the knots of x, where p is smooth."""
    at, weight = np.polynomial.legendre.leggauss(100)
    edges = np.concatenate([[-9.0, -6.0], xk, [6.0, 9.0]])
    total = 0.0
    for low, high in pairwise(edges):
        x = (low + high) / 2 + (high - low) / 2 * at
        z, log_slope = np.array([rq_inverse(value, zk, xk, d) for value in x]).T
        p = np.exp(-0.5 * z**2 - 0.5 * np.log(2 * np.pi) + log_slope)
        total += (high - low) / 2 * np.sum(weight * p)
    return total


if __name__ == "__main__":
    check_one_point(options)

# %% [markdown]
# The package has these maps as *transformers*. Each of them serves `Elementwise`, `Coupling` and `Autoregressive` layers, with a context or without. The gradient of an inverse comes from the derivatives of the forward map (chapter 07 has the formula), not from its square root.
#
# Maximum likelihood runs a flow from $x$ to $z$. So the recipe `nf.flows.rq_nsf` turns the spline round, `Inverse(RationalQuadraticSpline(...))`: the quotient (8) maps data to noise, and the square root is needed only for samples.


# %%
def check_the_package(options):
    rng = np.random.default_rng(options.seed)
    nf.use(dtype="float64")
    rows = {"rational quadratic, ours": {"=": agreement_with_this_chapter(rng)}}
    splines = (nf.LinearSpline, nf.QuadraticSpline, nf.CubicSpline, nf.RationalQuadraticSpline)
    transformers = {kind.__name__: kind(bins=5, bound=3.0) for kind in splines}
    transformers["the same, inverted"] = nf.Inverse(transformers["RationalQuadraticSpline"])
    transformers |= {"Squared": nf.Squared(), "LogisticMixtureCDF": nf.LogisticMixtureCDF(components=4)}
    for name, h in transformers.items():
        layer = nf.Coupling(h, nf.half_mask(5), nf.MLP((8, 8), "tanh"))
        params, z = check.random_params(layer, rng), nf.backend.asarray(2 * rng.normal(size=(16, 5)))
        findings = [check.round_trip(layer, params, z), check.log_dets_cancel(layer, params, z)]
        findings += check.log_det_is_jacobian(layer, params, z)  # (1), and the same at the inverse
        assert all(finding.ok for finding in findings)
        rows[name] = {finding.letter: finding.error for finding in findings}
    allowed = {"R": 1e-8, "X": 1e-8, "J": 1e-6, "=": 1e-10}
    print(check.error_table("in a coupling layer, D = 5", rows, allowed))
    assert not any(check.failing(rows, allowed).values())


def agreement_with_this_chapter(rng, K=5):
    """RationalQuadraticSpline against this chapter's lines: theta holds K widths, K heights, K - 1 slopes."""
    theta = rng.normal(size=3 * K - 1)
    layer = nf.Elementwise(nf.RationalQuadraticSpline(bins=K, bound=3.0), 1)
    z = np.linspace(-4, 4, 33)
    x, log_det = layer.forward({"theta": theta[None]}, z[:, None])
    spline = knots(theta[:K], 3.0), knots(theta[K : 2 * K], 3.0), slopes(theta[2 * K :])
    ours = np.array([rq_forward(value, *spline) for value in z])
    return max(off(x[:, 0], ours[:, 0]), off(log_det, ours[:, 1]))


if __name__ == "__main__":
    check_the_package(options)

# %% [markdown]
# ## Published bugs, and a planted one
#
# Three are wrong formulas. *Predict* for each which of R, X, J and E see it:
#
# - **The wrong knots**: the inverse looks for its bin among the knots of $z$. (A relative of FrEIA's pull request 160, where the inverse asked these knots whether $x$ is inside of the box.)
# - **The wrong sign** (flowtorch, pull request 100): the inverse returns $+\log dx/dz$. The test compared it with a value that the forward call had cached.
# - **Slopes swapped** between the two ends of each bin. This one is planted, not published. Each bin is still increasing, invertible, and consistent with its own log-slope: it is a correct map, but not the intended one. Its slope jumps at every knot, and the density with it.


# %%
def museum(options):
    rng = np.random.default_rng(options.seed)
    zk, xk, d = a_spline(rng)

    def swapped(at, value, inverse):
        """One number through a spline whose bins take their two slopes in the wrong order."""
        k = bin_of(value, xk if inverse else zk)
        w, h = zk[k + 1] - zk[k], xk[k + 1] - xk[k]
        xi = rq_bin_inverse((value - xk[k]) / h, h / w, d[k + 1], d[k]) if inverse else (value - zk[k]) / w
        y, slope = rq_bin(xi, h / w, d[k + 1], d[k])
        return (zk[k] + w * xi, -np.log(slope)) if inverse else (xk[k] + h * y, np.log(slope))

    def wrong_knots(x):
        k = bin_of(x, zk)
        (z0, z1), (x0, x1), ends = zk[k : k + 2], xk[k : k + 2], d[k : k + 2]
        xi = rq_bin_inverse((x - x0) / (x1 - x0), (x1 - x0) / (z1 - z0), *ends)
        return z0 + (z1 - z0) * xi, -np.log(np.abs(rq_bin(xi, (x1 - x0) / (z1 - z0), *ends)[1]))

    def forward(z):
        return rq_forward(z, zk, xk, d)

    def inverse(x):
        return rq_inverse(x, zk, xk, d)

    layers = {
        "correct": (forward, inverse),
        "bin searched among the wrong knots": (forward, wrong_knots),
        "sign of the inverse's log-slope": (forward, lambda x: (inverse(x)[0], -inverse(x)[1])),
        "slopes swapped": (lambda z: swapped(zk, z, False), lambda x: swapped(xk, x, True)),
    }
    verdicts = {name: verdict(zk, *layer) for name, layer in layers.items()}
    print(f"  {'':36}{'R':>7}{'X':>7}{'J':>7}{'E':>7}")
    for name, holds in verdicts.items():
        print(f"  {name:36}" + "".join(f"{'holds' if ok else 'FAILS':>7}" for ok in holds))
    assert [list(v) for v in verdicts.values()] == [
        [True, True, True, True],
        [False, False, True, True],
        [True, False, True, True],
        [True, True, True, False],
    ]


def verdict(zk, forward, inverse):
    """Whether R, X, J (of forward) and E hold. E: the slope is the same on both sides of every inner knot."""
    points = away_from(zk, np.linspace(-2.9, 2.9, 59))
    pairs = [forward(z) for z in points]
    back = [inverse(x) for x, _ in pairs]
    slope = [np.log(numeric_slope(lambda a: forward(a)[0], z)) for z in points]
    sides = np.array([[forward(z - 1e-12)[1], forward(z + 1e-12)[1]] for z in zk[1:-1]])
    return (
        off([z for z, _ in back], points) < 1e-10,
        off([p[1] + q[1] for p, q in zip(pairs, back, strict=True)], 0) < 1e-10,
        off([p[1] for p in pairs], slope) < 1e-6,
        off(sides[:, 0], sides[:, 1]) < 1e-8,
    )


if __name__ == "__main__":
    museum(options)

# %% [markdown]
# Two more are right on paper and wrong in a computer:
#
# - **A negative discriminant** (nflows, issue 87): now and then sampling stops, at an assertion that no discriminant is negative. Without it a few rows would be NaN. By (12) the discriminant is positive, but it is a difference. In float32 it comes out below zero in some steep bins with flat ends.
# - **NaN from the branch that was not taken** (flowjax, issue 239): a point outside of the box, where the map is the identity, is handled by `where(inside, spline(x), x)`. The value is right. The *gradient* is not: backpropagation multiplies the derivative of the unused branch by zero, and zero times NaN is NaN. One such row poisons the gradient of the whole batch. The cure: clip $x$ into the box *before* the spline sees it.


# %%
def roots_in_float32(options, n=20_000):
    """The root that this chapter takes, the published one (11) and the textbook's, in float32."""
    rng = np.random.default_rng(options.seed)
    s, ones, flat, x0 = rng.uniform(10, 100, n), np.ones(n), np.full(n, SMALLEST), rng.uniform(-3, 3, n)
    bins = {
        "ends of steep bins": (x0 + 1, x0, s, flat, flat),
        "straight bins": (x0 + rng.random(n), x0, ones, ones, ones),
    }
    print(f"  roots not finite, of {n:,}{'ours':>9}{'published (11)':>16}{'textbook':>10}{'b^2 - 4ac < 0':>15}")
    bad = {}
    for name, numbers in bins.items():
        *roots, disc = three_roots(*(a.astype(np.float32) for a in numbers))
        bad[name] = [*(int(np.sum(~np.isfinite(root))) for root in roots), int(np.sum(disc < 0))]
        print("    {:22}{:14}{:16}{:10}{:15}".format(name, *bad[name]))
    (ours, published, _, negative), straight = bad.values()
    assert (ours, published) == (0, negative) and negative > 0 and straight == [0, 0, n, 0]
    steep = [np.array([value]) for value in (0.9, 0.0, 0.01, 0.01, 30.0)]  # a bin with a steep right end: b < 0
    exact = three_roots(*steep)[0]
    errors = [abs(float((root - exact)[0])) for root in three_roots(*(a.astype(np.float32) for a in steep))[:2]]
    print(f"  one bin with b < 0: ours {errors[0]:.0e} off, the published one {errors[1]:.0e}")
    assert errors[0] < 1e-6 < 1e-5 < errors[1]


def three_roots(x, x_k, s, d0, d1):
    """Roots in bins of height 1: by rq_bin_inverse, by (11) without a cut at zero, by the textbook; b^2 - 4ac."""
    h, u = (x_k + 1) - x_k, x - x_k  # rounded
    a, b, c = h * (s - d0) + u * (d0 + d1 - 2 * s), h * d0 - u * (d0 + d1 - 2 * s), -s * u  # (10), times h
    ours = np.array([rq_bin_inverse(*numbers) for numbers in zip(u / h, s, d0, d1, strict=True)])
    with np.errstate(invalid="ignore", divide="ignore"):
        root = np.sqrt(b**2 - 4 * a * c)
        return ours, 2 * c / (-b - root), (root - b) / (2 * a), b**2 - 4 * a * c


def gradient_outside_the_box():
    """One bin on [-1, 1] with slopes 0.2 at its ends, as where(inside, root, identity), with and without clipping."""
    import autograd.numpy as anp
    from autograd import grad

    def root(x):
        y, s, d, delta = (x + 1) / 2, 1.0, 0.2, 0.4 - 2.0
        a, b, c = s - d + y * delta, d - y * delta, -s * y
        return 4 * c / (-b - anp.sqrt(b**2 - 4 * a * c)) - 1

    def as_published(x):
        return anp.where(anp.abs(x) < 1, root(x), x)

    def clipped(x):
        return anp.where(anp.abs(x) < 1, root(anp.clip(x, -1, 1)), x)

    x = np.array([0.3, 10.0])
    with np.errstate(invalid="ignore"):
        print(f"  at x = {x}: values {as_published(x)},")
        gradients = [grad(lambda a, f=f: anp.sum(f(a)))(x) for f in (as_published, clipped)]
    print(f"  gradients {gradients[0]} as published, {gradients[1]} with the argument clipped first")
    assert np.isnan(gradients[0][1])
    assert gradients[1][1] == 1.0


if __name__ == "__main__":
    roots_in_float32(options)
    gradient_outside_the_box()

# %% [markdown]
# ## Experiment 1: four layers each
#
# Two densities that are hard for affine layers: a checkerboard, which has edges, and two spirals. Two flows of four coupling layers are fitted to each, for the same number of steps and with hidden layers of the same width. One scales and shifts, the other bends with 16 bins. Each is fitted with three seeds. Both densities are known at every point, so each model is judged by its gap, the mean of $\log p_{\text{true}} - \log p$ over 10,000 new points. *Predict*: which density profits more from bins?


# %%
def four_layers_each(options):
    n_test, box, n = 1000 if options.fast else 10_000, (-4.5, 4.5, -4.5, 4.5), 60 if options.fast else 220
    seeds = range(options.seed, options.seed + (1 if options.fast else 3))
    (figure, axes), saved = plot.subplots(2, 3, height=2.1), []
    for row, name in zip(axes, ("checkerboard", "2spirals"), strict=True):
        data, means, peak = nf.data.load(name, n=10_000 if options.fast else 100_000), [], None
        plot.scatter(row[0], data.test[:n_test], box=box, s=0.6)
        for ax, make in zip(row[1:], (affine_flow, spline_flow), strict=True):
            nf.use(dtype=options.dtype or "float32")
            flow = make()
            results = [fitted(flow, data, seed, options) for seed in seeds]
            gaps = [gap_to_truth(data, flow, result.params, data.test[:n_test]) for result in results]
            image = plot.density(ax, lambda x, f=flow, p=results[0].params: f.log_prob(p, x), box, n=n, peak=peak)
            peak = image.get_clim()[1]
            print(f"  {name:14}{make.__name__:12} gap " + ", ".join("{:.3f} ± {:.3f}".format(*gap) for gap in gaps))
            means.append([gap for gap, _ in gaps])
        assert options.fast or max(means[1]) < min(means[0])
        saved.append(np.mean(means[0]) - np.mean(means[1]))
        row[0].set_ylabel(f"{name}\n$x_2$")
        for ax in row:
            ax.set(xticks=(-4, 0, 4), yticks=(-4, 0, 4))
    for ax, title in zip(axes[0], ("data", "four affine layers", "four spline layers"), strict=True):
        ax.set_title(title)
    options.save(figure, "ch06_four_layers")
    assert options.fast or np.allclose(saved, (0.3, 0.6), atol=0.1)


def fitted(flow, data, seed, options):
    settings = {
        "validation": data.validation[: 500 if options.fast else 3000],
        "optimizer": nf.adam(5e-3),
        "clip": 10.0,
    }
    settings |= {"steps": 10 if options.fast else 1200, "batch_size": 512, "progress": False}
    return nf.fit(flow, data.train, rng=np.random.default_rng(seed), **settings)


OPTIONS = {"activation": "tanh", "gain": 1.0, "whiten": "diagonal"}


def affine_flow():
    return nf.flows.real_nvp(2, layers=4, hidden=(64, 64), base=nf.StandardNormal(2), **OPTIONS)


def spline_flow():
    return nf.flows.rq_nsf(2, layers=4, hidden=(64, 64), bins=16, bound=4.0, base=nf.StandardNormal(2), **OPTIONS)


def gap_to_truth(data, flow, params, x):
    """Mean of log p_true - log p over the rows of x, and its standard error."""
    gap = data.log_prob(x) - nf.to_numpy(flow.log_prob(params, x)).astype(float)
    return gap.mean(), gap.std() / np.sqrt(len(gap))


if __name__ == "__main__":
    four_layers_each(options)

# %% [markdown]
# *Figure `ch06_four_layers`.* The data, and the densities of the two fitted flows on one colour scale in each row. Look at the edges of the squares, and at the middle of the spirals. An affine layer stretches a whole line of points by one factor, and four of them find neither the squares nor the arms. A spline layer cuts the line into sixteen pieces and stretches each by factors of its own. With every seed the bins shrink the gap: by about 0.3 nats on the checkerboard, and by about 0.6 on the spirals, which profit more.
#
# ## Experiment 2: how errors grow
#
# Every layer here is invertible on paper. In a computer a flow is a long composition of rounded maps, and the error of a round trip depends on how much the layers stretch and squeeze. So a constant tolerance in a test is too strict for a deep flow or too loose for a shallow one. *Predict*: which layer loses most digits, and does float64 help? We take random weights, $D = 6$, and layers of three sorts: affine coupling, masked autoregressive (chapter 05) and spline coupling. The error is $\max |g^{-1}(g(z)) - z|$ over 200 points. The figure shows it against the number of layers, and for eight layers against the radius $|z|$ of the points.


# %%
def error_growth(options, D=6):
    stacks = {
        "affine coupling": lambda depth: nf.flows.coupling_layers(D, nf.Affine(1.0), nf.MLP((32,), "tanh"), depth),
        "MAF": lambda depth: nf.flows.autoregressive_layers(D, nf.Affine(1.0), nf.MADE((32,), "tanh"), depth),
        "spline coupling": lambda depth: nf.flows.coupling_layers(
            D, nf.Inverse(nf.RationalQuadraticSpline(bins=8, bound=5.0)), nf.MLP((32,), "tanh"), depth
        ),
    }
    depths = (1, 2, 4, 8) if options.fast else (1, 2, 4, 8, 16, 32)
    radii = 10.0 ** np.linspace(-1, 2, 4 if options.fast else 13)
    figure, axes = plot.subplots(1, 2, height=2.6, sharey=True)
    worst = {}
    for color, (name, make) in zip((plot.BLUE, plot.ORANGE, plot.GREEN), stacks.items(), strict=True):
        for dtype, style in (("float32", "-"), ("float64", "--")):
            by_depth = [round_trip_error(make(depth), dtype, 2.0, options.seed) for depth in depths]
            by_radius = [round_trip_error(make(8), dtype, radius, options.seed) for radius in radii]
            for ax, at, errors in ((axes[0], depths, by_depth), (axes[1], radii, by_radius)):
                ax.loglog(at, errors, style, color=color, label=f"{name}, {dtype}")
            worst[name, dtype] = by_depth[0], by_depth[-1]
            assert "spline" in name or by_radius[-1] > 10 * by_radius[0]
            assert options.fast or ("spline" in name) == (max(by_radius) > 4 * by_radius[-1])
    axes[0].set(xlabel="layers, at radius 2", ylabel="largest round-trip error", xticks=depths, xticklabels=depths)
    axes[0].minorticks_off()
    axes[1].set(xlabel="radius $|z|$, 8 layers")
    axes[1].axvline(5.0, color="0.7", linewidth=0.8, zorder=0)
    axes[1].legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    options.save(figure, "ch06_errors")
    assert options.fast or worst["spline coupling", "float32"][1] > 1 > 1e4 * worst["spline coupling", "float64"][1]
    assert max(worst[name, "float32"][1] for name in ("affine coupling", "MAF")) < 1e-3
    print(f"  {'largest round-trip error':28}{depths[0]:>4} layer {depths[-1]:>8} layers")
    for (name, dtype), (first, last) in worst.items():
        print(f"  {name + ', ' + dtype:28}{first:10.0e}{last:16.0e}")


def round_trip_error(layers, dtype, radius, seed):
    nf.use(dtype=dtype)
    rng = np.random.default_rng(seed)
    chain = nf.Chain(layers)
    params = check.random_params(chain, rng, 0.5)
    direction = rng.normal(size=(200, chain.in_shape[0]))
    z = nf.backend.asarray(radius * direction / np.linalg.norm(direction, axis=1, keepdims=True))
    back, _ = chain.inverse(params, chain.forward(params, z)[0])
    return float(np.abs(nf.to_numpy(back - z).astype(float)).max())


if __name__ == "__main__":
    error_growth(options)

# %% [markdown]
# *Figure `ch06_errors`.* Solid: float32; dashed: float64; the grey line is at radius 5: within it every point is inside of the box. Left: the error grows with depth by orders of magnitude. Affine layers whose log-scales are bounded by 1 lose few digits. Splines lose most: where a bin is flat, with a slope of 0.01, say, the way back magnifies the rounding of $x$ by 100, and the next layer computes its bins from numbers with that error. After 32 layers in float32 the round trip ends somewhere else in the box. In float64 the same flow is still right to four digits. Right: affine layers lose more the farther out a point is, since the rounding error of a number grows with its size. The splines do not: they leave numbers outside of the box exactly as they are.
#
# The audit of this package allows errors that grow with the dtype's rounding, with $\operatorname{cond} J$, with the depth, and with the numbers on the way (`nfscratch/check/trial.py` has the formula).
#
# ## Summary
#
# - A layer needs an increasing map of one variable with a known slope and inverse. Splines give it in pieces; the network moves their knots.
# - The rational quadratic takes any positive widths, heights and slopes, and its inverse is one square root and one division, by the form whose denominator does not cancel.
# - Formulas that are right on paper fail at edges: steep bins with flat ends, straight bins, points outside of the box. Test there.
#
# A spline bends only inside its box, between a fixed number of knots. Chapter 07 lets a network be the map, without knots, and pays with a search for the inverse.
#
# ## Exercises
#
# 1. (30 minutes.) Write `rq_bin` and `rq_bin_inverse` (equations 8 to 11), and check them at the worked example. Plot $g$ for $d_k = d_{k+1} = 10 s$ beside the cubic (5). Which of the two turns back?
# 2. (Paper.) Derive (7) by the quotient rule, with $t = \xi/(1-\xi)$. Show that $g$ is increasing if the three brackets in its numerator are positive and $q_0, q_1, q_2 > 0$, and that (8) meets this.
# 3. (Paper.) Show that the discriminant of (10) equals $d_k^2$ at $y = 0$ and $d_{k+1}^2$ at $y = 1$, and that (11) gives $\xi = 1$ there. Hint: (12).
# 4. (Paper, then 10 lines.) Write the inverse of the quadratic spline (4). Which of its two roots do you need, and which form of it stays finite when $v_k = v_{k+1}$?
# 5. (20 lines.) Write `rq_forward` and `rq_inverse` for a circle: $d_0 = d_K$ is free, and there are no tails. Which check sees that the slopes agree at the join?
# 6. (Paper.) In (14) put $a = g = 0$, $b = d = 1$, and $c$ at 1.1 times its bound. At which $z$ is the slope least, and how large is it there? With $\log|dx/dz|$ as the log-slope, does J fail, or R?
# 7. (Three minutes of computing.) Repeat experiment 1 on the spirals with 2, 4, 8 and 32 bins, seed 0. Which of these four gaps do affine flows of 8, 16 and 32 layers reach?
#
# ## Answers on paper
#
# - 2: by (8) the brackets are $d_k s$, $s^2$ and $d_{k+1} s$.
# - 3: at $y = 1$ (12) says $\sqrt{b^2 - 4ac} = Q g' = s \cdot d_{k+1}/s$. There $b = 2s - d_{k+1}$ and $c = -s$, so $\xi = -2s/(-2s) = 1$.
# - 4: with $\delta = v_{k+1} - v_k$ and $y = (x - x_k)/w_k$: $\xi = 2y/\bigl(v_k + \sqrt{v_k^2 + 2\delta y}\bigr)$, the root that is 0 at $y = 0$.
# - 6: at $z = 1/\sqrt3$ it is $1 - 1.1 = -0.1$. R fails: near there three $z$ have the same $x$. J holds.
#
# ## Where this differs from the papers
#
# - **Identity at zero.** The softplus of (3) is shifted, so that $\theta = 0$ gives slopes 1. The paper's code shifts only the end slopes.
# - **Which way round.** The paper's flows map data to noise by the quotient. `nf.flows.rq_nsf` does the same by inverting the layer, since every transformer here means $z \to x$.
# - **Between the layers** the paper has LU-decomposed linear maps; here masks alternate, with a random permutation before each further pair from three variables on.
# - **Flow++** adds attention and variational dequantization, and an affine map after the logit; the chapter shows the one-variable map.
