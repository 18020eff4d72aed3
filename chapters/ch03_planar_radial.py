# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Planar, radial and Sylvester flows: determinants from linear algebra
#
# **Question.** The determinant of a $D \times D$ matrix costs $O(D^3)$. Chapter 02 made it cheap by allowing only linear maps. How little can you add to the identity so that the map is curved, the determinant costs $O(D)$, and the map can be inverted?
#
# **What you need.** The change of variables (chapter 01), $\log q(x) = \log p_Z(z) - \log|\det \partial x/\partial z|$; matrix products; $\tanh' = 1 - \tanh^2$; NumPy.
#
# **Convention.** $z$ is noise, $x$ is data. *Forward* is $z \to x$, *inverse* is $x \to z$, and each direction reports the log-determinant *of the map that it just applied*.
#
# **Running time.** 50 seconds of one core, 57 on a busy machine; `--fast` takes four and does every check, with fits too short to mean anything.
#
# **References.** Rezende, Mohamed (2015), *Variational inference with normalizing flows*, arXiv:1505.05770. van den Berg, Hasenclever, Tomczak, Welling (2018), *Sylvester normalizing flows for variational inference*, arXiv:1803.05649. Kobyzev, Prince, Brubaker (2020), arXiv:1908.09257.

# %%
import warnings

import numpy as np

if __name__ == "__main__":
    import nfscratch as nf
    from nfscratch import chapter, check, plot
    from nfscratch.targets.energies import BOX, ENERGIES, Walled

    options = chapter.options()

# %% [markdown]
# ## The idea, with numbers
#
# Push every point along *one* fixed direction $u$. How far depends on *one* number, its position $w \cdot z$ along another direction:
#
# $$x = z + u \tanh(w \cdot z + b). \tag{1}$$
#
# Take $z = (1, 2)$, $w = (1, -1)$, $u = (2, 1)$ and $b = 1$. Then $w \cdot z + b = 0$, so $\tanh = 0$, its slope is 1, and $x = z$. The point does not move, but its neighbours do. The entry $\partial x_i/\partial z_j$ is $\delta_{ij} + u_i \tanh'(\cdot)\, w_j$, so that
#
# $$J = \begin{pmatrix} 1 + 2 & -2 \\ 1 & 1 - 1 \end{pmatrix} = \begin{pmatrix} 3 & -2 \\ 1 & 0 \end{pmatrix}, \qquad \det J = 3 \cdot 0 + 2 \cdot 1 = 2.$$
#
# Now look at $1 + w \cdot u = 1 + (2 - 1) = 2$. It is the same number, and it needed no determinant. With $b = 0$ the slope at $z$ is $1 - \tanh^2(-1) = 0.420$, and the determinant becomes $1 + 0.420\; w \cdot u = 1.420$.


# %%
def numeric_jacobian(f, z, h=1e-3):
    """dx/dz at one point by central differences of fourth order."""
    columns = []
    for e in np.eye(len(z)) * h:
        columns.append((8 * (f(z + e) - f(z - e)) - (f(z + 2 * e) - f(z - 2 * e))) / (12 * h))
    return np.stack(columns, axis=1)


def planar_forward(z, w, u, b):
    """x and log|det J| at one point z (D,): equations (1) and (4)."""
    t = np.tanh(w @ z + b)
    return z + u * t, np.log(abs(1 + (1 - t**2) * (w @ u)))


def worked_example():
    z, w, u = np.array([1.0, 2.0]), np.array([1.0, -1.0]), np.array([2.0, 1.0])
    for b, slope, det in ((1.0, 1.0, 2.0), (0.0, 0.420, 1.420)):
        x, log_det = planar_forward(z, w, u, b)
        J = numeric_jacobian(lambda a, b=b: planar_forward(a, w, u, b)[0], z)
        assert np.allclose(J, np.eye(2) + slope * np.outer(u, w), atol=5e-4)
        assert np.isclose(np.linalg.det(J), det, atol=5e-4) and np.isclose(np.exp(log_det), det, atol=5e-4)
        print(f"b = {b:.0f}:  z = (1, 2)  ->  x = ({x[0]:.3f}, {x[1]:.3f})   det J = {np.exp(log_det):.3f}")


if __name__ == "__main__":
    worked_example()

# %% [markdown]
# A **planar** layer (1) treats all points on a line $w \cdot z = $ const alike. A **radial** layer moves points towards a centre, or away from it, each on its own ray. A **Sylvester** layer is several planar ones at once: their directions are combined from orthogonal ones by two triangular matrices.


# %%
def picture_of_the_idea(options):
    nf.use(dtype="float64")

    def planar(w, u, b=0.0):
        return nf.Planar(2), {"w": np.array(w), "u": np.array(u), "b": np.array([b])}

    def radial(alpha, gamma):
        free = [np.log(np.expm1(np.array([value]) - 1e-3)) for value in (alpha, gamma)]
        return nf.Radial(2), {"centre": np.array([0.5, 0.5]), "alpha": free[0], "gamma": free[1]}

    two_units = {"basis": np.array([[-0.1, -0.4], [0.4, -0.1]]), "b": np.array([0.5, -0.5])}
    two_units |= {"triangles": np.array([[1.1, 0.5], [0.5, 1.1]]), "diagonal": np.array([2.0, 2.0])}
    maps = {
        "planar": planar([2.0, 2.0], [0.2, 1.2]),
        "radial, outwards": radial(0.5, 1.6),
        "radial, inwards": radial(0.5, 0.05),
        "Sylvester, M = 2": (nf.Sylvester(2, 2), two_units),
    }
    lines = {"planar": [([2.0, 2.0], 0.0)]}
    layer, params = maps["Sylvester, M = 2"]
    lines["Sylvester, M = 2"] = list(zip(layer.pieces(params)[1][0], params["b"], strict=True))
    figure, axes = plot.subplots(1, 4, height=2.0, sharex=True, sharey=True)
    for ax, (name, (layer, params)) in zip(axes, maps.items(), strict=True):
        for w, b in lines.get(name, []):
            ax.plot(*layer.forward(params, on_line(np.array(w), b))[0].T, color=plot.BLACK, linewidth=1.6, zorder=4)
        plot.warp_grid(ax, lambda z, layer=layer, params=params: layer.forward(params, z)[0], radius=2.0, lines=13)
        ax.set(title=name, xlim=(-4.2, 4.2), ylim=(-4.2, 4.2), xlabel="$x_1$", xticks=(-2, 0, 2), yticks=(-2, 0, 2))
    axes[0].set_ylabel("$x_2$")
    options.save(figure, "ch03_idea")


def on_line(w, b, half=2.0):
    """Points of the line w . z + b = 0 inside of the square [-half, half]^2."""
    along = np.linspace(-2 * half, 2 * half, 401)
    points = -b * w / (w @ w) + np.outer(along, [-w[1], w[0]] / np.sqrt(w @ w))
    return points[np.abs(points).max(axis=1) <= half]


if __name__ == "__main__":
    picture_of_the_idea(options)

# %% [markdown]
# *Figure `ch03_idea`.* The square grid $[-2, 2]^2$ after one layer. The planar layer stretches the grid at one line, its own $w \cdot z + b = 0$ (black), along $\hat u$ (equation 5 below). Far from the line both halves are only shifted. The radial layers spread the neighbourhood of the centre $(\frac12, \frac12)$, or draw it together; far out, every point is shifted by nearly the same length. The Sylvester layer has two such lines (their images are black). The second unit bends the line of the first. Its own line stays straight, because the first unit only moves points along it.
#
# ## Planar: the determinant
#
# Write $h' = 1 - \tanh^2(w \cdot z + b)$ and $\psi = h' w$. The Jacobian of (1) is the identity plus a matrix of rank one,
#
# $$J = I + u \psi^{\mathsf T}, \qquad J_{ij} = \delta_{ij} + u_i\, h'\, w_j. \tag{2}$$
#
# **The matrix determinant lemma** says what such a matrix does to volume: for any two vectors
#
# $$\det(I + u v^{\mathsf T}) = 1 + v \cdot u. \tag{3}$$
#
# *Proof.* Multiply out the left side, block by block:
#
# $$\begin{pmatrix} I & 0 \\ v^{\mathsf T} & 1 \end{pmatrix} \begin{pmatrix} I + u v^{\mathsf T} & u \\ 0 & 1 \end{pmatrix} \begin{pmatrix} I & 0 \\ -v^{\mathsf T} & 1 \end{pmatrix} = \begin{pmatrix} I & u \\ 0 & 1 + v \cdot u \end{pmatrix}.$$
#
# All four matrices are block triangular. The determinants on the left are $1$, $\det(I + u v^{\mathsf T})$ and $1$; on the right $1 + v \cdot u$. ∎ For $D = 2$ by hand: $(1 + u_1 v_1)(1 + u_2 v_2) - u_1 v_2 u_2 v_1 = 1 + u_1 v_1 + u_2 v_2$; the products of four cancel. So
#
# $$\log|\det J| = \log|1 + \psi \cdot u| = \log|1 + h'\, (w \cdot u)|. \tag{4}$$
#
# ### When is it invertible?
#
# $h'$ takes every value in $(0, 1]$. If $w \cdot u \ge -1$, (4) is the logarithm of a positive number, or at worst of 0 where $w \cdot z + b = 0$. If $w \cdot u < -1$, the determinant is negative near the line $w \cdot z + b = 0$ and positive far from it: the plane is *folded*. In the fold three points share one image, so the map has no inverse, and (4) belongs to no density.
#
# So $u$ must be corrected. The smallest correction is along $w$ (across $w$ it would not change $w \cdot u$): put $\hat u = u + k w$ and ask that $w \cdot \hat u = m$, with $m > -1$. Then $w \cdot u + k\, (w \cdot w) = m$, hence
#
# $$\hat u = u + \bigl(m(w \cdot u) - w \cdot u\bigr) \frac{w}{|w|^2}, \qquad m(a) = -1 + \epsilon + \log(1 + e^a). \tag{5}$$
#
# It is $|w|^2$ because $w$ enters twice: once in the direction, once in the product. The softplus makes $m$ smooth, increasing, and larger than $-1$. The paper has $\epsilon = 0$. In floats $\log(1 + e^a)$ is lost beside $-1$ for $a < -17.4$ (float32) or $a < -37.5$ (float64), and then (4) is the logarithm of zero where $h' = 1$: we take $\epsilon = 10^{-3}$.


# %%
def planar_jacobian(z, w, u, b):
    """dx/dz (D, D): equation (2)."""
    psi = (1 - np.tanh(w @ z + b) ** 2) * w
    return np.eye(len(z)) + np.outer(u, psi)


def u_hat(w, u, margin=1e-3):
    """u, corrected along w so that w . u_hat > -1: equation (5)."""
    a = w @ u
    m = -1 + margin + np.logaddexp(0, a)
    return u + (m - a) * w / (w @ w)


def where_the_margin_is_needed():
    for dtype, end in ((np.float32, 17.4), (np.float64, 37.5)):
        m = [dtype(-1) + np.logaddexp(dtype(0), dtype(a)) for a in (-end, 0.2 - end)]
        assert m[0] == -1 < m[1] and m[0].dtype == dtype
    of_zero = u_hat(np.array([1.0]), np.array([0.0]))[0]  # w = 1, u = 0: u_hat is m(0)
    assert round(of_zero, 3) == -0.306


def fold_drawn(options):
    w, u, b = np.array([1.0, 0.4]), np.array([-2.6, -1.0]), 0.0
    assert np.isclose(w @ u, -3.0)
    along = np.linspace(-4, 4, 201)
    figure, axes = plot.subplots(1, 3, height=2.1)
    for name, direction, color in (("$u$", u, plot.RED), (r"$\hat u$", u_hat(w, u), plot.BLUE)):
        axes[0].plot(along, along + (w @ direction) * np.tanh(along + b), color=color, label=name)
    for ax, direction, title in ((axes[1], u, "with $u$: folded"), (axes[2], u_hat(w, u), r"with $\hat u$")):
        plot.warp_grid(ax, lambda z, d=direction: z + np.outer(np.tanh(z @ w + b), d), radius=3.0, lines=13)
        ax.set(title=title, xlim=(-3.4, 3.4), ylim=(-3.4, 3.4), xlabel="$x_1$", ylabel="$x_2$")
    axes[0].set(xlabel=r"$w \cdot z$", ylabel=r"$w \cdot x$", title=r"along $w$, with $w \cdot u = -3$")
    axes[0].legend()
    options.save(figure, "ch03_fold")


if __name__ == "__main__":
    where_the_margin_is_needed()
    fold_drawn(options)

# %% [markdown]
# *Figure `ch03_fold`.* Left: $w \cdot x$ against $w \cdot z$. With $w \cdot u = -3$ it falls in the middle, and there three points $z$ have the same image. With $\hat u$ it increases. Middle and right: the same two maps on the plane. In the middle blue lines cross one another: there the plane is folded. On the right they come close to one another and never cross.
#
# One trap is left: a short $w$. As $w \to 0$, (5) divides a number near $m(0) = -0.306$ by $|w|$, and $\hat u$ grows without bound, although nothing needs a correction there. A network that produces $w$ often starts at zero. As $w \to 0$ the package lets $m(a)$ approach $\max(a, -1 + \epsilon)$, and from $|w| = 0.1$ on it takes (5) as it is (`nfscratch/ops/u_hat.py`).
#
# ## Radial
#
# Let $r = |z - z_0|$ be the distance from a centre, and
#
# $$x = z + \beta\, \frac{z - z_0}{\alpha + r} = z_0 + f\,(z - z_0), \qquad f = \frac{\gamma + r}{\alpha + r}, \quad \gamma = \alpha + \beta. \tag{6}$$
#
# The direction from the centre stays; the distance becomes $r f$. With $d = z - z_0$ and $\partial r/\partial z = d/r$, the Jacobian is $f I + f' d\, d^{\mathsf T}/r$, with $f' = (\alpha - \gamma)/(\alpha + r)^2$. Take out the factor $f$ from each of $D$ rows, and use (3):
#
# $$\det J = f^D \Bigl(1 + \frac{f' r}{f}\Bigr) = f^{D-1} (f + f' r) = \Bigl(\frac{\gamma + r}{\alpha + r}\Bigr)^{D-1}\, \frac{r^2 + 2 \alpha r + \alpha\gamma}{(\alpha + r)^2}. \tag{7}$$
#
# The first factor is the stretch *across* the ray, in $D - 1$ directions; the second is the slope of $r f$, the stretch *along* it. For $\alpha > 0$ and $\gamma > 0$, that is $\beta > -\alpha$, every term is positive, and the map is invertible. The package writes both as a small margin plus a softplus.
#
# **The inverse is a quadratic equation.** Let $r_x = |x - z_0| = r (\gamma + r)/(\alpha + r)$. Then
#
# $$r^2 + B r - \alpha r_x = 0, \quad B = \gamma - r_x, \qquad r = \tfrac12 \Bigl(-B + \sqrt{B^2 + 4 \alpha r_x}\Bigr) = \frac{2 \alpha r_x}{B + \sqrt{B^2 + 4 \alpha r_x}}. \tag{8}$$
#
# The product of its two roots is $-\alpha r_x$, so for $r_x > 0$ exactly one is positive. For $B > 0$ the first form is a difference, of two nearly equal numbers where $4 \alpha r_x$ is small beside $B^2$, and the second form subtracts nothing. For $B < 0$ it is the other way round. So the program takes the second form for $B > 0$ and the first one otherwise.


# %%
def radial_forward(z, centre, alpha, gamma):
    """x and log|det J| at one point: equations (6) and (7)."""
    d = z - centre
    r = np.sqrt(d @ d)
    f = (gamma + r) / (alpha + r)
    slope = (r**2 + 2 * alpha * r + alpha * gamma) / (alpha + r) ** 2
    return centre + f * d, (len(z) - 1) * np.log(f) + np.log(slope)


def radial_inverse(x, centre, alpha, gamma):
    """z and log|det J^-1| at one point: equation (8)."""
    d = x - centre
    r_x = np.sqrt(d @ d)
    B = gamma - r_x
    root = np.sqrt(B**2 + 4 * alpha * r_x)
    r = 2 * alpha * r_x / (B + root) if B > 0 else (root - B) / 2
    z = centre + d * (alpha + r) / (gamma + r)
    return z, -radial_forward(z, centre, alpha, gamma)[1]


# %% [markdown]
# ## Sylvester: more than one unit
#
# A planar layer adds to $z$ a neural network with a single hidden unit. Take $M$ units: $x = z + A \tanh(W z + b)$, with $A$ a $D \times M$ matrix, $W$ an $M \times D$ one, and tanh applied to each number. The Jacobian is $I + A\,\operatorname{diag}(h')\,W$, the identity plus rank $M$, and the lemma becomes **Sylvester's identity**, for any $A$ ($D \times M$) and $C$ ($M \times D$):
#
# $$\det(I_D + A C) = \det(I_M + C A). \tag{9}$$
#
# *Proof.* Write one block matrix as a product in two ways:
#
# $$\begin{pmatrix} I_D & -A \\ C & I_M \end{pmatrix} = \begin{pmatrix} I_D & 0 \\ C & I_M \end{pmatrix} \begin{pmatrix} I_D & -A \\ 0 & I_M + C A \end{pmatrix} = \begin{pmatrix} I_D + A C & -A \\ 0 & I_M \end{pmatrix} \begin{pmatrix} I_D & 0 \\ C & I_M \end{pmatrix}.$$
#
# All factors are block triangular: one way gives $\det(I_M + CA)$, the other $\det(I_D + AC)$. ∎ With $M = 1$ it is (3).
#
# An $M \times M$ determinant is left, and the map may still have no inverse. A special form settles both,
#
# $$x = z + Q R \tanh(\tilde R\, Q^{\mathsf T} z + b), \tag{10}$$
#
# where the columns of $Q$ ($D \times M$) are orthonormal, $Q^{\mathsf T} Q = I$, and $R$, $\tilde R$ are upper triangular. Put $A = QR$ and $C = \operatorname{diag}(h')\tilde R Q^{\mathsf T}$ in (9). Then $CA = \operatorname{diag}(h') \tilde R R$, because $Q^{\mathsf T} Q = I$ in the middle, and a product of upper triangles is one:
#
# $$\det J = \prod_{i=1}^{M} \bigl(1 + h'_i\, r_{ii}\, \tilde r_{ii}\bigr). \tag{11}$$
#
# It is positive if every $r_{ii} \tilde r_{ii} > -1$: the condition of a planar layer, once for each unit. The package takes $\tilde r_{ii}$ as it comes and corrects $r_{ii}$ by (5), in one dimension. Where does $Q$ come from? From the QR decomposition of a free matrix; as a product of **Householder** reflections (chapter 02); or nowhere, and it is not learned: the columns of $Q$ are the first $M$ unit vectors in one layer, and the last $M$, in reverse order, in the next, and the **triangular** matrices do the rest.
#
# ## Inverses that are searched for
#
# **Planar: one number is unknown.** Multiply (1) by $w$. With $c = w \cdot z$,
#
# $$c + (w \cdot u) \tanh(c + b) = w \cdot x, \qquad z = x - u \tanh(c + b). \tag{12}$$
#
# The left side increases when $w \cdot u > -1$, and goes to $\pm\infty$. So there is exactly one root, and any bracketing search finds it. **Sylvester: $M$ numbers, one at a time.** With $p = Q^{\mathsf T} z$ and $t = \tanh(\tilde R p + b)$, (10) gives $p + R t = Q^{\mathsf T} x$. Both triangles have no entries below the diagonal, so the last row contains $p_M$ alone, and row $i$ only $p_i$ and what is known already:
#
# $$p_i + r_{ii} \tanh\Bigl(\tilde r_{ii}\, p_i + \sum_{j > i} \tilde R_{ij}\, p_j + b_i\Bigr) = (Q^{\mathsf T} x)_i - \sum_{j > i} R_{ij}\, t_j, \qquad z = x - Q R t. \tag{13}$$


# %%
def increasing_root(f, target):
    """The number p with f(p) = target, by bisection to the last digit; an error where there is none."""
    width = 1.0
    while not f(target - width) <= target <= f(target + width):
        width *= 2
        if width > 1e18:
            raise ValueError(f"no bracket holds the root: f does not reach {target}")
    low, high = target - width, target + width
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if f(middle) <= target else (low, middle)
    return low


def planar_inverse(x, w, u, b):
    """z and log|det J^-1| at one point: equation (12)."""
    c = increasing_root(lambda a: a + (w @ u) * np.tanh(a + b), w @ x)
    z = x - u * np.tanh(c + b)
    return z, -planar_forward(z, w, u, b)[1]


def sylvester_forward(z, Q, R, R_tilde, b):
    """x and log|det J| at one point: equations (10) and (11)."""
    t = np.tanh(R_tilde @ Q.T @ z + b)
    return z + Q @ R @ t, np.log(1 + (1 - t**2) * np.diag(R) * np.diag(R_tilde)).sum()


def sylvester_inverse(x, Q, R, R_tilde, b):
    """z and log|det J^-1| at one point: equation (13), from the last row to the first."""
    target, p, t = Q.T @ x, np.zeros(len(b)), np.zeros(len(b))
    for i in reversed(range(len(b))):
        known = R_tilde[i] @ p + b[i]  # (p_i is still 0, and so is all to its left)
        p[i] = increasing_root(
            lambda a, i=i, known=known: a + R[i, i] * np.tanh(R_tilde[i, i] * a + known), target[i] - R[i] @ t
        )
        t[i] = np.tanh(R_tilde[i, i] * p[i] + known)
    z = x - Q @ R @ t
    return z, -sylvester_forward(z, Q, R, R_tilde, b)[1]


# %% [markdown]
# **The gradient of a search** is not found by differentiating its steps: bisection halves an interval, and its answer depends on the parameters through comparisons, which have no derivative. A tape (chapter 00) sees only where the first interval came from, and gives wrong numbers (printed below; autograd warns in one of the two cases). Differentiate the *equation* instead. If $g(z; \theta) = x$ then $J\,dz + (\partial g/\partial\theta)\,d\theta = dx$, so
#
# $$\frac{\partial z}{\partial x} = J^{-1}, \qquad \frac{\partial z}{\partial \theta} = -J^{-1}\, \frac{\partial g}{\partial \theta}, \tag{14}$$
#
# all at the solution. For a planar layer $J^{-1}$ times a vector costs $O(D)$ too. Multiply the right side of (15) by $I + u\psi^{\mathsf T}$, and use $\psi^{\mathsf T} u\, \psi^{\mathsf T} = (\psi \cdot u)\, \psi^{\mathsf T}$, to see that it is the inverse:
#
# $$(I + u\psi^{\mathsf T})^{-1} = I - \frac{u \psi^{\mathsf T}}{1 + \psi \cdot u} \qquad\text{(Sherman and Morrison)}. \tag{15}$$


# %%
def planar_inverse_slopes(z, w, u, b):
    """dz/dx and dz/du of the inverse: equations (14) and (15). In (1), dx/du = tanh(w.z + b) I."""
    tanh = np.tanh(w @ z + b)
    psi = (1 - tanh**2) * w
    J_inverse = np.eye(len(z)) - np.outer(u, psi) / (1 + psi @ u)
    return J_inverse, -tanh * J_inverse


def derivative_of_the_steps(size=0.6, b=0.2, target=0.3):
    """The root of p + size tanh(p + b) = target, differentiated through the search, and by (14)."""
    import autograd
    import autograd.numpy as anp

    def root(target, b):
        return increasing_root(lambda p: p + size * anp.tanh(p + b), target)

    h = 1 - np.tanh(root(target, b) + b) ** 2
    implicit = (1 / (1 + size * h), -size * h / (1 + size * h))
    for k, name in enumerate(("w . x", "b")):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            traced = float(autograd.grad(root, k)(target, b))
        assert len(warned) == k  # "Output seems independent of input", for b only
        around = [np.array([target, b]) + step * np.eye(2)[k] for step in (1e-5, -1e-5)]
        numeric = (root(*around[0]) - root(*around[1])) / 2e-5
        print(f"  d c / d ({name}):  tape {traced:7.4f}   (14) {implicit[k]:7.4f}   differences {numeric:7.4f}")
        assert abs(implicit[k] - numeric) < 1e-8 and abs(traced - numeric) > 0.3 and traced == (1.0, 0.0)[k]


def another_root():
    """Exercise 2: what a search finds where the plane is folded."""
    assert abs(increasing_root(lambda c: c - 3 * np.tanh(c), 0.0) - 2.98) < 0.005


if __name__ == "__main__":
    derivative_of_the_steps()
    another_root()


# %% [markdown]
# ## Check it
#
# A row for each layer, a column for each check, and in each cell the largest difference. R is the round trip, near and far out, X the sum of the two log-dets, J Jacobian and log-dets against finite differences, G the slopes (14) and (15) of the search against finite differences too, and = one number by two formulas. An empty cell was not tested.


# %%
def off(a, b):
    """The largest difference, relative to the size of what is compared."""
    return float(np.max(np.abs(np.asarray(a) - np.asarray(b))) / max(1.0, np.max(np.abs(b))))


def random_layers(rng, D=5, M=3):
    """Name -> (forward, inverse) at one point, with parameters of ordinary size."""
    w, u, b = rng.normal(size=D), 3 * rng.normal(size=D), rng.normal()
    u = u_hat(w, -np.sign(w @ u) * u)  # w.u < 0: it needs the correction
    Q = np.linalg.qr(rng.normal(size=(D, M)))[0]
    R, R_tilde = (np.triu(rng.normal(size=(M, M))) for _ in range(2))
    for i in range(M):
        R[i, i] = u_hat(R_tilde[i, i : i + 1], R[i, i : i + 1])[0]
    parts = {
        "planar": (planar_forward, planar_inverse, (w, u, b)),
        "radial": (radial_forward, radial_inverse, (rng.normal(size=D), 0.7, 2.5)),
        "Sylvester": (sylvester_forward, sylvester_inverse, (Q, R, R_tilde, rng.normal(size=M))),
    }
    return parts


def check_one_point(options):
    rng = np.random.default_rng(options.seed)
    layers, rows = random_layers(rng), {}
    for name, (forward, inverse, theta) in layers.items():
        z = rng.normal(size=5)
        x, log_det = forward(z, *theta)
        back, log_det_back = inverse(x, *theta)
        far, _ = inverse(100 * z, *theta)
        J, J_back = (
            numeric_jacobian(lambda a, f=f, theta=theta: f(a, *theta)[0], at) for f, at in ((forward, z), (inverse, x))
        )
        pairs = (log_det, np.linalg.slogdet(J)[1]), (log_det_back, np.linalg.slogdet(J_back)[1])
        rows[name] = {"R": max(off(back, z), off(forward(far, *theta)[0], 100 * z)), "X": abs(log_det + log_det_back)}
        rows[name]["J"] = max(off(*pair) for pair in pairs)
        if name == "planar":
            w, u, b = theta
            of_x, of_u = planar_inverse_slopes(z, *theta)
            in_u = numeric_jacobian(lambda a, x=x, w=w, b=b: planar_inverse(x, w, a, b)[0], u)
            rows[name]["J"] = max(rows[name]["J"], off(planar_jacobian(z, *theta), J))
            rows[name]["G"] = max(off(of_x, J_back), off(of_u, in_u))
            rows["the lemma (3)"] = {"=": off(np.linalg.det(planar_jacobian(z, *theta)), np.exp(log_det))}
    A, C = rng.normal(size=(5, 3)), rng.normal(size=(3, 5))
    both = (np.linalg.det(np.eye(n) + P @ S) for n, P, S in ((5, A, C), (3, C, A)))
    rows["Sylvester's identity (9)"] = {"=": off(*both)}
    assert_holds("one point, D = 5, M = 3", rows, {"R": 1e-10, "X": 1e-10, "J": 1e-6, "G": 1e-6, "=": 1e-10})


def assert_holds(title, rows, allowed):
    """Print rows {name: {letter: error}}, and stop where one is larger than allowed."""
    print(check.error_table(title, rows, allowed))
    assert not any(check.failing(rows, allowed).values())


if __name__ == "__main__":
    check_one_point(options)

# %% [markdown]
# The package has the same layers for batches, with hand-written derivatives, and parameters that may differ from row to row. R, X, J and = run on it too, with S, shapes and dtypes, and N, the integral of the density of a planar, a radial and a Sylvester layer in a row. A search that misses its root by more than rounding raises an error and returns no number.


# %%
def check_the_package(options, D=5):
    rng = np.random.default_rng(options.seed)
    nf.use(dtype="float64")
    rows = {"Planar and this chapter": {"=": agreement_with_this_chapter(rng)}}
    layers = {"Planar": nf.Planar(D), "Radial": nf.Radial(D)}
    layers |= {f"Sylvester, {kind}": nf.Sylvester(D, 3, kind) for kind in ("qr", "householder", "triangular")}
    for name, layer in layers.items():
        params = check.random_params(layer, rng)
        z = nf.backend.asarray(2 * rng.normal(size=(16, D)))
        J, J_auto = layer.jacobian(params, z), check.autodiff_jacobian(layer.forward, params, z)
        numeric = [finding.error for finding in check.log_det_is_jacobian(layer, params, z)]
        rows[name] = {
            "S": check.shapes_and_dtypes(layer, params, z).error,
            "R": check.round_trip(layer, params, z).error,
            "X": check.log_dets_cancel(layer, params, z).error,
            "J": max(off(nf.to_numpy(J), nf.to_numpy(J_auto)), *numeric),
        }
    try:
        layer.inverse(params, np.full((1, D), np.nan))
        raise AssertionError("a search without a root must raise an error")
    except ValueError as error:
        assert "InversionError" in type(error).__name__
    finding = integral_of_a_stack(rng)
    rows["all three in a row, D = 2"] = {"N": finding.error}
    allowed = {"S": 0, "R": 1e-10, "X": 1e-10, "J": 1e-6, "=": 1e-12, "N": finding.tolerance}
    assert_holds("the package, D = 5", rows, allowed)


def agreement_with_this_chapter(rng):
    layer = nf.Planar(5)
    params = check.random_params(layer, rng)
    z = rng.normal(size=(16, 5))
    x, log_det = layer.forward(params, z)
    hat = u_hat(params["w"], params["u"])
    ours = [planar_forward(row, params["w"], hat, params["b"][0]) for row in z]
    return max(off(x, [a for a, _ in ours]), off(log_det, [b for _, b in ours]))


def integral_of_a_stack(rng):
    layers = [nf.Planar(2), nf.Radial(2), nf.Sylvester(2, 2)]
    flow = nf.Flow(nf.StandardNormal(2), nf.Chain(layers))
    params = {**flow.init(rng), "bijection": check.random_params(flow.bijection, rng, 0.5)}
    low, high = check.image_box(lambda z: flow.bijection.forward(params["bijection"], z)[0], 2)
    return check.integrates_to_one(lambda x: flow.log_prob(params, x), low, high)


if __name__ == "__main__":
    check_the_package(options)

# %% [markdown]
# ## Two published bugs
#
# **$|w|$ for $|w|^2$.** Several implementations divided by the length in (5), not by its square (tonyduan/normalizing-flows, issue 2; Pyro had it too, pull request 2192). Then $w \cdot \hat u = a + (m(a) - a)\,|w|$, which is right for every $a$ only if $|w| = 1$. Nothing else looks wrong: (4) has absolute bars, the loss is finite, training works. Below: how often the flow is folded, for $w$ and $u$ drawn from $N(0, I)$. *Predict*: does it get rarer or more frequent as $D$ grows?
#
# **One norm for the whole batch.** In normflows 1.7.3 a radial layer reads the axes of its norm off the shape of the centre. A centre of shape $(D,)$, given by the user, leaves no axis, and without an axis the norm is taken over *everything*: one $r$ for the batch. A batch of one row is right, so a test at one point passes. The check that sees it is the one that compares each row alone with the same row among others (I, rows are independent).


# %%
def museum(options):
    rng = np.random.default_rng(options.seed)
    print("  share of draws with w . u_hat <= -1      divided by |w|   divided by |w|^2")
    for D, expected in ((2, 0.006), (10, 0.13), (50, 0.33), (200, 0.34)):
        w, u = rng.normal(size=(2, 20_000, D))
        a, q = (w * u).sum(axis=1), (w * w).sum(axis=1)
        correction = -1 + 1e-3 + np.logaddexp(0, a) - a  # m(a) - a of (5)
        wrong, right = ((a + correction * q / divisor <= -1).mean() for divisor in (np.sqrt(q), q))
        print(f"    D = {D:3}                                 {wrong:14.1%} {right:18.1%}")
        assert abs(wrong - expected) < 0.1 * expected + 0.003 and right == 0.0

    def radial_batch(z, centre, alpha, gamma, axis):
        d = z - centre
        r = np.sqrt((d * d).sum(axis=axis, keepdims=True))
        return centre + d * (gamma + r) / (alpha + r)

    z = rng.normal(size=(4, 2))
    theta = (np.array([0.3, -0.2]), 0.7, 2.5)
    for name, axis in (("over the variables", 1), ("over everything", None)):
        one = off(radial_batch(z[:1], *theta, axis)[0], radial_forward(z[0], *theta)[0])
        among = off(radial_batch(z, *theta, axis)[0], radial_batch(z[:1], *theta, axis)[0])
        print(
            f"  norm {name:20} one row against (6): {one:.0e}   I, the row alone against it among others: {among:.0e}"
        )
        assert one < 1e-14 and (among < 1e-14) == (axis == 1)


if __name__ == "__main__":
    museum(options)

# %% [markdown]
# More frequent: the longer $w$ is, the larger the fault. For a long $w$ the layer is folded where $0 < a < |w|$, roughly. Given $w$, $a/|w|$ is standard normal, so the share tends to the probability that a standard normal number lies between 0 and 1, which is 0.34.
#
# ## Experiment: four targets, by reverse KL
#
# So far, flows were fitted to data. Now there are no data. We know an energy $U$, and the target is $p(x) = e^{-U(x)}/Z$ with an unknown $Z$, as for most Bayesian posteriors. A flow $q$ draws, and knows its $\log q$ at its own draws in one forward pass. So the *reverse* divergence of chapter 00 can be estimated, up to a constant:
#
# $$\mathrm{KL}(q \,\|\, p) = \mathbb{E}_{z \sim p_Z}\bigl[\log q(x) + U(x)\bigr] + \log Z, \qquad x = g(z), \quad \log q(x) = \log p_Z(z) - \log|\det J(z)|. \tag{16}$$
#
# Training needs no inverse, so a flow whose inverse has no formula will do. The four energies are those of Rezende and Mohamed's table 1: two arcs; a wave; a wave that splits and joins again; a wave that forks.
#
# **How to judge.** $U_2$, $U_3$ and $U_4$ do not fall off to the left and the right: on the whole plane $Z$ is infinite. So the target is the part in the box $[-4, 4]^2$, where a quadrature gives $Z$. A flow leaks a little out of the box. Let $\pi$ be the probability that a draw of $q$ lies inside. Then the divergence of the flow's *part in the box* is
#
# $$\mathrm{KL}\bigl(q(\cdot \mid \text{box}) \,\|\, p\bigr) = \mathbb{E}\bigl[\log q + U \mid \text{box}\bigr] - \log \pi + \log Z. \tag{17}$$
#
# Without the term $-\log \pi$ the result may be negative, and a flow would gain by throwing mass out. In training the energy has a wall, smooth and steep, that begins just inside the box. Energy and wall are multiplied by a factor that grows from 0.1 to 1 over the first half of the run: at first the target is nearly flat, so that the flow does not settle on the first mode that it meets. The base has a trained mean and scale.
#
# *Predict*: which family is best on the two arcs of $U_1$ with two units? Which flow has both branches of the fork of $U_4$?


# %%
STEPS, BATCH, RATE, CLIP, SEEDS = 700, 256, 3e-2, 20.0, 3


def train(flow, energy, steps, rng):
    """Minimize (16) for the annealed energy; the layers' own derivatives, and no tape."""
    target, step = Walled(energy), iter(range(steps))

    def annealed(x, factor):
        log_p, pullback = target.log_prob_vjp(x)
        return factor * log_p, lambda g: pullback(factor * g)

    def loss(params, rng):
        factor = min(1.0, 0.1 + 1.8 * next(step) / steps)
        return nf.objectives.reverse_kl_value_and_grad(
            flow, target.log_prob, params, rng, BATCH, log_target_vjp=lambda x: annealed(x, factor)
        )

    options = {"steps": steps, "optimizer": nf.adam(RATE), "has_grad": True, "clip": CLIP, "progress": False}
    return nf.minimize(loss, flow.init(rng), rng=rng, **options).params


def judge(flow, params, energy, rng, n):
    """Equation (17), its standard error and the share outside, from n fresh draws."""
    return energy.reverse_kl_on_box(*flow.sample_and_log_prob(params, rng, n))


FAMILIES = ("planar", "radial", "Sylvester")


def flow_of(family, K):
    """K units: K planar or radial layers, or K / 2 Sylvester layers of two units."""
    base = nf.DiagonalNormal(2)
    if family == "Sylvester":
        return nf.flows.sylvester(2, layers=K // 2, rank=2, base=base)
    return {"planar": nf.flows.planar, "radial": nf.flows.radial}[family](2, layers=K, base=base)


def four_targets(options):
    """fitted[name, K, energy] of the last seed, kl[...] (seeds,) and lower[name, seed], the share on U4's lower branch."""
    depths, steps, n = ((2, 4), 10, 1000) if options.fast else ((2, 8, 32), STEPS, 40_000)
    seeds = range(options.seed, options.seed + (1 if options.fast else SEEDS))
    fitted, kl, lower, outside = {}, {}, {}, 0.0
    print(f"  KL on the box in nats after {steps} steps of {BATCH} draws: least and largest of {len(seeds)} seeds")
    print(f"  {'':10}{'K':>4}" + "".join(f"{energy.name:>18}" for energy in ENERGIES))
    nf.use(dtype=options.dtype or "float32")
    for name, K in ((name, K) for name in FAMILIES for K in depths):
        line = ""
        for i, energy in enumerate(ENERGIES):
            values = []
            for seed in seeds:
                flow = flow_of(name, K)
                params = train(flow, energy, steps, np.random.default_rng([seed, i]))
                figure = judge(flow, params, energy, np.random.default_rng(seed + 1), n)
                values.append(figure.kl)
                outside = max(outside, figure.outside)
                if energy.name == "U4" and K == depths[-1]:
                    lower[name, seed] = on_lower_branch(flow, params, np.random.default_rng(seed + 2), n)
            fitted[name, K, energy.name], kl[name, K, energy.name] = (flow, params), np.array(values)
            line += f"{min(values):.3f} to {max(values):.3f}".rjust(18)
        print(f"  {name:10}{K:4}{line}")
    print(f"  the largest share of draws outside of the box: {outside:.4f}")
    assert options.fast or outside <= 5e-3
    return fitted, kl, lower, depths


def on_lower_branch(flow, params, rng, n):
    """The share of n draws on the lower branch of U4's fork."""
    return lower(nf.to_numpy(flow.sample(params, rng, n)).astype(float)).mean()


def lower(x):
    """Which points x (N, 2) belong to U4's lower branch: x_1 > 1, and nearer to it than to the upper one."""
    return (x[:, 0] > 1) & (x[:, 1] < between_the_branches(x[:, 0]))


def between_the_branches(x1):
    return np.sin(np.pi * x1 / 2) - 1.5 / (1 + np.exp(-(x1 - 1) / 0.3))


def draw_targets(fitted, depths, options):
    columns = [("planar", depths[0]), *((name, depths[-1]) for name in FAMILIES)]
    figure, axes = plot.subplots(3, 5, height=1.4)
    for row, energy in zip(axes, ENERGIES[:3], strict=True):
        draw_row(row, energy, columns, fitted, options)
        row[0].set_ylabel(f"$U_{energy.name[1]}$", rotation=0, labelpad=9, va="center")
    for ax, title in zip(axes[0], ["target", *(f"{name}, $K = {K}$" for name, K in columns)], strict=True):
        ax.set_title(title)
    options.save(figure, "ch03_targets")


def draw_row(row, energy, columns, fitted, options):
    """The target, and the density of one fitted flow for each column, on one colour scale."""
    box, n = (-BOX, BOX, -BOX, BOX), 12 if options.fast else 80
    nf.use(dtype="float64")  # (the inverses are searched for to the last digits)
    peak = float(np.exp(-energy.log_z) * np.exp(energy.log_prob(grid(n))).max())
    plot.density(row[0], lambda x: energy.log_prob(x) - energy.log_z, box, n=n, peak=peak)
    for ax, key in zip(row[1:], columns, strict=True):
        flow, params = fitted[(*key, energy.name)]
        params = nf.trees.cast(params)
        plot.density(ax, lambda x, flow=flow, params=params: flow.log_prob(params, x), box, n=n, peak=peak)
    for ax in row:
        ax.set(xticks=(), yticks=(), xlabel="", ylabel="")


def draw_fork(fitted, lower_share, share, depths, options):
    figure, axes = plot.subplots(1, 4, height=1.85)
    columns = [(name, depths[-1]) for name in FAMILIES]
    draw_row(axes, ENERGIES[3], columns, fitted, options)
    last = max(seed for _, seed in lower_share)
    x1 = np.linspace(1, 4, 50)
    for ax, name in zip(axes, ("target", *FAMILIES), strict=True):
        value = share if name == "target" else lower_share[name, last]
        ax.plot(x1, between_the_branches(x1), ":", color="white", linewidth=1)
        ax.set_title(f"{name}: {value:.1%} below")
    options.save(figure, "ch03_fork")


def grid(n):
    ticks = np.linspace(-BOX, BOX, n)
    return np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)


def draw_depth(kl, depths, options):
    figure, axes = plot.subplots(1, 4, height=1.9, sharey=True)
    for ax, energy in zip(axes, ENERGIES, strict=True):
        for name, color, mark in zip(FAMILIES, (plot.BLUE, plot.ORANGE, plot.GREEN), "os^", strict=True):
            values = np.array([kl[name, K, energy.name] for K in depths])
            ax.loglog(depths, values.mean(axis=1), color=color, marker=mark, markersize=4, label=name)
            ax.vlines(depths, values.min(axis=1), values.max(axis=1), color=color, linewidth=1)
        ax.set(title=f"$U_{energy.name[1]}$", xlabel="units $K$")
        ax.set_xticks(depths, [str(K) for K in depths])
        ax.minorticks_off()
    ticks = (0.01, 0.03, 0.1, 0.3, 1)
    axes[0].set(ylabel="KL on the box (nats)", ylim=(0.008, 1.6))
    axes[0].set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes[3].legend(loc="lower left")
    options.save(figure, "ch03_depth")


def share_of_the_lower_branch():
    """The share of U4's target that lies on the lower branch of its fork, by quadrature on the box."""
    x = grid(401)
    p = np.exp(ENERGIES[3].log_prob(x))
    return p[lower(x)].sum() / p.sum()


def what_the_text_says(kl, lower_share, depths):
    mean = {key: values.mean() for key, values in kl.items()}
    for energy in ENERGIES:
        by_depth = {name: [mean[name, K, energy.name] for K in depths] for name in FAMILIES}
        assert all(values[-1] < values[0] for values in by_depth.values())
        assert by_depth["planar"] == sorted(by_depth["planar"], reverse=True)
        first = {name: values[0] for name, values in by_depth.items()}
        assert (first["radial"] < first["planar"]) == (min(first, key=first.get) == "radial") == (energy.name == "U1")
        assert max(by_depth["planar"][-1], by_depth["Sylvester"][-1]) < by_depth["radial"][-1]
        ratios = np.array(by_depth["Sylvester"]) / by_depth["planar"]
        assert np.all((ratios > 1 / 4) & (ratios < 4))
    most = {name: max(share for (of, _), share in lower_share.items() if of == name) for name in FAMILIES}
    assert 0.12 > most["planar"] > 0.04 > max(most["radial"], most["Sylvester"])
    assert min(share for (of, _), share in lower_share.items() if of == "planar") < 0.04


if __name__ == "__main__":
    fitted, kl, lower_share, depths = four_targets(options)
    draw_targets(fitted, depths, options)
    draw_depth(kl, depths, options)
    share = share_of_the_lower_branch()
    assert round(share, 3) == 0.154 and round(-np.log(1 - share), 3) == 0.167
    print(f"  on the lower branch of U4: target {share:.1%}; without it the best (17) is {-np.log(1 - share):.3f} nats")
    for name in FAMILIES:
        shares = ", ".join(f"{value:.1%}" for (of, _), value in lower_share.items() if of == name)
        print(f"  {name:10} with {depths[-1]} units, each seed: {shares}")
    draw_fork(fitted, lower_share, share, depths, options)
    if not options.fast:
        what_the_text_says(kl, lower_share, depths)

# %% [markdown]
# *Figure `ch03_targets`.* Three targets, and the densities of flows of the last seed, each row on one colour scale. $K$ counts units: a Sylvester layer has two, so its $K = 32$ are sixteen layers. Each pixel shows $q(x)$ at one point $x$, which went through all inverses, planar and Sylvester by their searches. Two planar layers turn a Gaussian into a few blobs and bars; thirty-two make the arcs and the wave, and open the loop in $U_3$.
#
# *Figure `ch03_depth`.* Equation (17) against the number of units, both on logarithmic scales; lower is better. Points are means of three seeds, bars reach from the least to the largest.
#
# *Figure `ch03_fork`.* $U_4$ and three flows of 32 units. The dotted line is halfway between the two branches; the titles give the share of the probability to the right of $x_1 = 1$ and below the line.
#
# In the mean over seeds the divergence falls from 2 to 32 units, on every target and for each family. Radial layers suit a round target: with two units they are ahead of both other families on $U_1$, and behind planar ones on the three waves. With 32 units both other families are ahead of them everywhere. Sylvester layers stay within a factor of four of planar ones with the same number of units. They gain something else: half as many layers one after the other, and in many dimensions a layer is no longer a bottleneck of width one.
#
# **The fork surprises people.** Its lower branch holds 15.4 % of the mass, and none of these flows of 32 units has as much as 12 % there (the shares of all seeds are printed above). The best planar fit has a faint second branch. The radial and the Sylvester fits have next to none, and so has the worst planar one. A flow that leaves the branch out, and is perfect otherwise, has $q = p/(1 - 0.154)$ outside of the branch, so its divergence is $-\log(1 - 0.154) = 0.167$ nats and no more. Reverse KL asks the target to be large where the flow is. It hardly asks the flow to be where the target is: it *seeks* one mode (chapter 00). Once the branch is lost, hardly a draw falls on it, and hardly any gradient brings it back. A loss that has settled says nothing about a branch without draws. A picture shows it, and so do draws from the target, where you have them.
#
# The runs here are short. `benchmarks/planar_targets.py` repeats the table with at least 4,000 steps at the rate 0.02, and with $K$ *layers* in each family, so that a Sylvester flow has twice the units. The best flows there, of thirty-two layers, have divergences of 0.0031, 0.0123, 0.0139 and 0.0195 nats for $U_1$ to $U_4$. The last is far below 0.167: that flow has found the branch.
#
# ## Summary
#
# - The identity plus a matrix of rank $M$ has a determinant of size $M \times M$, and triangles reduce it to a product of $M$ numbers.
# - A map with a formula in one direction may need a search in the other. Differentiate the equation of the search, not its steps.
# - Reverse KL needs draws and $\log q$ only. It forgives a missing branch for $-\log(1 - \text{share})$ nats.
#
# Planar and Sylvester layers have two limits: each unit bends the plane along one line, and the inverse is a search. Chapter 04 makes the Jacobian triangular instead, and puts a whole network into the entries that the determinant does not see. Chapter 08 keeps $z$ plus something small and lets the something be any network. Chapter 11 uses the layers of this chapter as posteriors.
#
# ## Exercises
#
# 1. (10 lines.) Write `planar_forward` and `u_hat` (equations 1, 4 and 5), and check them with `numeric_jacobian` for $D = 1, 2, 5, 6$. At $D = 1$, what does a planar layer do?
# 2. (10 lines.) Write `increasing_root` and `planar_inverse` (12). For $w \cdot u = -3$, $b = 0$ and $w \cdot x = 0$, which $c$ besides $0$ solve (12)? What do R and X say if the search returns another $c$ than the point had?
# 3. (15 lines.) Write `radial_forward` and `radial_inverse` (6 to 8). Find parameters and a point where the first form of the root in (8) loses all its digits, and show that the second keeps them. Hint: $B$ large, $4 \alpha r_x$ small.
# 4. (Paper.) Prove (9) once more by counting eigenvalues: every non-zero eigenvalue of $AC$ is one of $CA$. Hint: if $ACv = \lambda v$, look at $Cv$.
# 5. (15 lines.) Write `sylvester_inverse` (13). Then replace the matrix $R$ by $R^{\mathsf T}$ in `sylvester_forward` and in your inverse. Which of the checks R, X and J fail, and which two equations of this chapter no longer hold?
# 6. (Paper, 10 lines.) Derive $\partial z / \partial b$ and $\partial z/\partial w$ for the planar inverse from (14), and check them. Hint: $\partial x/\partial b = h' u$.
# 7. (A minute.) Fit $U_4$ with 32 planar layers, 700 steps and the rate of the experiment, for `np.random.default_rng([seed, 3])` with seeds 0 to 4, with the factor in `train` as it is and with a factor of 1 throughout. Print (17) and `on_lower_branch` of 40,000 draws for each. Does annealing keep more of the branch, in the mean? Do the two ranges of the five seeds overlap?
#
# ## Answers on paper
#
# - **1.** At $D = 1$, $x = z + \hat u \tanh(wz + b)$: one smooth step is added to the line.
# - **2.** $c = 3 \tanh c$ has the roots $0$ and $\pm 2.98$. R fails each time. X fails between $0$ and $2.98$, and not between $-2.98$ and $2.98$, where $h'$ is the same.
# - **4.** $CA(Cv) = C(ACv) = \lambda Cv$, and $Cv \ne 0$ as $\lambda \ne 0$. So both have the same non-zero eigenvalues, and $\det(I + AC) = \prod (1 + \lambda_i) = \det(I + CA)$. (Multiplicities need one more step: move $A$ and $C$ a little, so that the non-zero eigenvalues differ. Both sides are continuous in $A$ and $C$.)
# - **6.** $\partial z/\partial b = -h' J^{-1} u = -h' u/(1 + \psi \cdot u)$ by (15), and $\partial z/\partial w = -h' J^{-1} u\, z^{\mathsf T}$, since $\partial x/\partial w = h'\, u\, z^{\mathsf T}$.
#
# ## Where this differs from the papers
#
# - **The margin.** Rezende and Mohamed's $m$ is $-1 + \log(1 + e^a)$; ours stays $10^{-3}$ above $-1$, and $\hat u$ is corrected differently for $|w| < 0.1$.
# - **Radial** layers there have $\beta = -\alpha + \log(1 + e^{\hat\beta})$. So have ours, with a margin, and the inverse (8), which the paper leaves as an equation to be solved.
# - **Inverses.** Equation (12) is from Rezende and Mohamed's appendix A.1, where it proves that planar layers are invertible; they do not solve it. For Sylvester layers (13) follows from the conditions that the paper proves.
# - **Sylvester.** The paper bounds $r_{ii}$ and $\tilde r_{ii}$ by tanh, so that $|r_{ii} \tilde r_{ii}| < 1$; here the product has no upper limit. Its orthogonal variant iterates towards an orthogonal matrix, and ours takes the QR decomposition.
# - **The experiment.** The paper shows its fits as pictures, and the divergence of the first three as curves (its figure 3). It anneals the energy too, on another schedule; the wall and (17) are ours, because on the plane three of the four targets have no $Z$.
