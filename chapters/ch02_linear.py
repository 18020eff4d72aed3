# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Linear flows: matrices with a free determinant
#
# **Question.** The simplest map of $D$ variables is a matrix. But a matrix costs $O(D^3)$ to invert and $O(D^3)$ for its determinant, and nothing keeps it invertible while it is trained. How do you write a matrix so that it is always invertible, its log-determinant costs next to nothing and its inverse little, and it can still become any matrix that you need?
#
# **What you need.** Chapter 01: $\log p(x) = \log p_Z(z) - \log|\det J|$. Matrix products, triangular and orthogonal matrices, Gaussian elimination.
#
# **Convention.** $z$ is noise, $x$ is data. *Forward* is $z \to x$, *inverse* is $x \to z$, and each direction reports the log-determinant *of the map that it just applied*.
#
# **Running time.** About 45 seconds on one core; `--fast` takes four and does every check, with fits too short to mean anything.
#
# **References.** Tomczak, Welling (2016), *Improving variational auto-encoders using Householder flow*, arXiv:1611.09630. Kingma, Dhariwal (2018), *Glow: generative flow with invertible 1x1 convolutions*, arXiv:1807.03039. Oliva et al. (2018), *Transformation autoregressive networks*, arXiv:1801.09819. Hoogeboom, van den Berg, Welling (2019), *Emerging convolutions for generative normalizing flows*, arXiv:1901.11137. Joffrain et al. (2006), *Accumulating Householder transformations, revisited*, doi:10.1145/1141885.1141886.

# %%
import numpy as np

if __name__ == "__main__":
    import nfscratch as nf
    from nfscratch import chapter, check, plot

    options = chapter.options()

# %% [markdown]
# ## The idea, with numbers
#
# Do not train the matrix. Train factors of it that are easy to invert, and multiply them. Here are an upper triangle $U$, a lower triangle $L$ with ones on its diagonal, and a permutation $P$ that swaps two rows:
#
# $$U = \begin{pmatrix} 2 & 1 \\ 0 & 1.5 \end{pmatrix}, \qquad L = \begin{pmatrix} 1 & 0 \\ 0.5 & 1 \end{pmatrix}, \qquad P = \begin{pmatrix} 0 & 1 \\ 1 & 0 \end{pmatrix}, \qquad A = P L U = \begin{pmatrix} 1 & 2 \\ 2 & 1 \end{pmatrix}.$$
#
# Take $z = (1, -1)$. Then $Uz = (1, -1.5)$, next $L(1, -1.5) = (1, -1)$, and $P$ swaps: $x = (-1, 1)$. Now go back from $x$. Undo the swap: $(1, -1)$. Undo $L$ from the top: the first entry is $1$, the second $-1 - 0.5 \cdot 1 = -1.5$. Undo $U$ from the bottom: $z_2 = -1.5/1.5 = -1$, then $z_1 = (1 - 1 \cdot z_2)/2 = 1$. The only divisions were by numbers on the diagonals.
#
# The determinant is as cheap. $|\det P| = 1$, $\det L = 1$, $\det U = 2 \cdot 1.5 = 3$, so $\log|\det A| = \log 2 + \log 1.5 = 1.0986$. (Directly: $1 \cdot 1 - 2 \cdot 2 = -3$.)

# %%
U = np.array([[2, 1], [0, 1.5]])
L = np.array([[1, 0], [0.5, 1]])
P = np.array([[0.0, 1], [1, 0]])


def worked_example():
    z = np.array([1.0, -1.0])
    x = P @ L @ U @ z
    assert (P @ L @ U == [[1, 2], [2, 1]]).all()
    assert (x == [-1, 1]).all()
    y = P.T @ x
    y[1] -= 0.5 * y[0]
    z2 = y[1] / 1.5
    assert np.allclose([(y[0] - z2) / 2, z2], z, atol=1e-15)
    log_det = np.log(2) + np.log(1.5)
    assert np.isclose(log_det, np.log(abs(np.linalg.det(P @ L @ U)))) and round(log_det, 4) == 1.0986
    print(f"x = {x}, log|det A| = {log_det:.4f}")


def picture_of_the_idea(options):
    steps = {"the noise $z$": np.eye(2), "$U z$": U, "$L U z$": L @ U, "$P L U z = x$": P @ L @ U}
    figure, axes = plot.subplots(1, 4, height=2.0, sharex=True, sharey=True)
    cell = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    for ax, (name, A) in zip(axes, steps.items(), strict=True):
        ax.fill(*(cell @ A.T).T, color=plot.YELLOW)
        plot.warp_grid(ax, lambda z, A=A: z @ A.T, radius=2.0, lines=5)
        ax.plot(*(A @ [1, -1]), "o", color=plot.BLACK, markersize=4, zorder=5)
        ax.set(title=name, xlim=(-6.5, 6.5), ylim=(-6.5, 6.5), xticks=(-4, 0, 4), yticks=(-4, 0, 4))
        ax.set(xlabel="coordinate 1")
        ax.text(-6, 5.2, f"area {abs(np.linalg.det(A)):.0f}", fontsize=8)
    axes[0].set_ylabel("coordinate 2")
    options.save(figure, "ch02_idea")


if __name__ == "__main__":
    worked_example()
    picture_of_the_idea(options)

# %% [markdown]
# *Figure `ch02_idea`.* The square $[-2, 2]^2$ on its way through $U$, $L$ and $P$. Blue lines have constant $z_1$, orange ones constant $z_2$. Yellow: where the unit cell goes, with its area. The dot starts at $z = (1, -1)$. $U$ stretches by 2 and 1.5, and slides along the horizontal; $L$ only slides, along the vertical; $P$ mirrors at the diagonal. The area changes in the first step only.
#
# ## The derivation
#
# A linear flow, its inverse and its Jacobian are
#
# $$x = A z + b, \qquad z = A^{-1}(x - b), \qquad J = \frac{\partial x}{\partial z} = A. \tag{1}$$
#
# **For $D = 2$, entry by entry**, $x_1 = a_{11} z_1 + a_{12} z_2 + b_1$ and $x_2 = a_{21} z_1 + a_{22} z_2 + b_2$, so
#
# $$\frac{\partial x_1}{\partial z_1} = a_{11}, \qquad \frac{\partial x_1}{\partial z_2} = a_{12}, \qquad \frac{\partial x_2}{\partial z_1} = a_{21}, \qquad \frac{\partial x_2}{\partial z_2} = a_{22},$$
#
# the same at every $z$, and $\det J = a_{11} a_{22} - a_{12} a_{21}$. The log-det is $\log|\det A|$ forward and $-\log|\det A|$ back.
#
# **Logarithms first.** Elimination turns a matrix into a triangle whose determinant is the product of its diagonal $u_{11} \cdots u_{DD}$. For $A = 0.01\, I$ in 300 dimensions it is $10^{-600}$, far below the smallest positive double: `det` returns 0, and its log is $-\infty$. So the logarithm is taken *before* multiplying,
#
# $$\log|\det A| = \sum_i \log|u_{ii}|, \tag{2}$$
#
# which is $300 \log 0.01 = -1381.55$ here. `slogdet` does this. A flow need not eliminate at all: if we train $\log u_{ii}$ itself, (2) is a sum of parameters.
#
# **Diagonal.** Every variable has its own scale. The scale is an exponential, so it is positive, and its logarithm is bounded, so it cannot run away to 0 or to infinity:
#
# $$A = \operatorname{diag}(e^{s_i}), \qquad s_i = c \tanh(a_i / c), \qquad \log|\det A| = \sum_i s_i. \tag{3}$$
#
# At 0 the slope $\partial s/\partial a$ is 1. With the default $c = 10$ scales lie between $4.5 \cdot 10^{-5}$ and $22{,}026$.
#
# **Triangular.** Let $A = T$ be lower triangular with the diagonal $e^{s_i}$. The determinant of a triangle is the product of its diagonal, so the log-det is that of (3) whatever stands below. Row $i$ of $Tz = x - b$ has one new unknown, $z_i$, so go from the top:
#
# $$z_i = e^{-s_i}\Bigl(x_i - b_i - \sum_{j < i} t_{ij} z_j\Bigr), \qquad i = 1, \dots, D. \tag{4}$$


# %%
def bounded(a, c=10.0):
    """Equation (3): between -c and c, with slope 1 at 0."""
    return c * np.tanh(a / c)


def diagonal_forward(z, s, b):
    """Equation (3) at one point z (D,)."""
    return np.exp(s) * z + b, s.sum()


def diagonal_inverse(x, s, b):
    return (x - b) * np.exp(-s), -s.sum()


def triangle(t, s):
    """A lower triangle (D, D): t (D (D - 1) / 2,) row by row, and exp(s) on the diagonal."""
    T = np.diag(np.exp(s))
    T[np.tril_indices(len(s), -1)] = t
    return T


def substitute(T, y):
    """The z with T z = y for a lower triangle, from the top: equation (4)."""
    z = np.zeros_like(y)
    for i in range(len(y)):
        z[i] = (y[i] - T[i, :i] @ z[:i]) / T[i, i]
    return z


def substitute_from_below(T, y):
    """The same for an upper triangle: turned upside down it is a lower one."""
    return substitute(T[::-1, ::-1], y[::-1])[::-1]


def triangular_forward(z, t, s, b):
    return triangle(t, s) @ z + b, s.sum()


def triangular_inverse(x, t, s, b):
    return substitute(triangle(t, s), x - b), -s.sum()


# %% [markdown]
# **Orthogonal, by reflections.** An orthogonal matrix turns and mirrors, and changes no length: $Q^T Q = I$, $|\det Q| = 1$, and its inverse is its transpose. It takes $D(D-1)/2$ angles, and a sign, to describe one. A *Householder reflection* mirrors at the plane orthogonal to a vector $v \ne 0$:
#
# $$H = I - \frac{2\, v v^T}{v^T v}, \qquad H^T = H, \qquad H H = I - \frac{4 v v^T}{v^T v} + \frac{4 v (v^T v) v^T}{(v^T v)^2} = I, \qquad \det H = -1. \tag{5}$$
#
# (It sends $v$ to $-v$ and leaves the $D - 1$ directions orthogonal to $v$ alone; the determinant is the product of these eigenvalues.) Applying it to a point takes two inner products and a multiple of $v$, and no matrix. Chain $M$ of them:
#
# $$Q = H_1 H_2 \cdots H_M, \qquad Q^{-1} = H_M \cdots H_2 H_1, \qquad \det Q = (-1)^M. \tag{6}$$
#
# *At most $D$ of them make any orthogonal matrix $Q$.* Let $q$ be the first column of $Q$. If $q \ne e_1$, put $v = e_1 - q$. Both $e_1$ and $q$ have length 1, so $v^T v = 2 - 2 q_1$ and $v^T q = q_1 - 1$, and $H q = q - 2\,\frac{q_1 - 1}{2 - 2 q_1}\,v = q + v = e_1$. So the first column of $HQ$ is $e_1$. Its columns are orthonormal, so the first row is $e_1^T$ too, and what remains is an orthogonal matrix of size $D - 1$. Go on with that one. After $k \le D$ reflections nothing is left, $H_k \cdots H_1 Q = I$, and $Q = H_1 \cdots H_k$.
#
# *"At most" hides a sign.* $M$ reflections have $\det Q = (-1)^M$. Pairs of equal ones cancel, so exactly $D$ of them make every orthogonal matrix with $\det Q = (-1)^D$, and exactly $D - 1$ make every one of the other sign. A flow whose first layer is $Q$ loses nothing by that: flipping the sign of $z_1$ goes from one kind to the other, and a symmetric base density does not see it.
#
# *$v = 0$ gives no reflection.* Our vectors are $v_k = a_k + e_k$, so that $a = 0$, where the last layer of a network usually starts, is a good point ($k$ is counted modulo $D$). Where $a_k = -e_k$, $v_k$ would be 0, and $e_k$ stands in.


# %%
def direction(a, k):
    """v / |v| with v = a + e_k; where v = 0 there is no direction, and e_k stands in."""
    e = np.eye(len(a))[k % len(a)]
    v = e + a
    return v / np.linalg.norm(v) if v @ v > 1e-12 else e


def reflect(u, z):
    """H z for a unit vector u: equation (5), without making H."""
    return z - 2 * u * (u @ z)


def householder_forward(z, vectors, b):
    """Equation (6) at one point: the last reflection is the first that z meets."""
    for k in reversed(range(len(vectors))):
        z = reflect(direction(vectors[k], k), z)
    return z + b, 0.0


def householder_inverse(x, vectors, b):
    z = x - b
    for k in range(len(vectors)):
        z = reflect(direction(vectors[k], k), z)
    return z, 0.0


def reflections_of(Q):
    """At most D vectors whose reflections multiply to Q: the proof below (6), as a program."""
    rest, vectors = Q.copy(), []
    for k in range(len(Q)):
        v = np.eye(len(Q))[k] - rest[:, k]
        if v @ v > 1e-20:
            vectors.append(v)
            rest = rest - 2 * np.outer(v, v @ rest) / (v @ v)
    return vectors


# %% [markdown]
# **PLU and QR: all matrices.** Elimination with row exchanges writes every invertible matrix as a permutation times a lower times an upper triangle. Glow takes the permutation from the elimination of a random rotation, keeps it, and trains the rest. We draw it at random:
#
# $$A = P L U, \qquad \ell_{ii} = 1, \quad u_{ii} = e^{s_i}, \qquad \log|\det A| = \sum_i s_i. \tag{7}$$
#
# To go back, undo $P$ first, then $L$ from the top, then $U$ from the bottom. The other classical factorisation has no permutation to choose:
#
# $$A = Q R, \qquad Q \text{ as in (6)}, \quad R \text{ upper triangular with } r_{ii} = e^{s_i}, \qquad \log|\det A| = \sum_i s_i. \tag{8}$$
#
# Every invertible matrix is $QR$, with a positive diagonal, in exactly one way (Gram and Schmidt). With $M = D$ reflections (8) reaches those whose determinant has the sign $(-1)^D$, and no others.


# %%
def plu_forward(z, order, lower, upper, s, b):
    """Equation (7) at one point; P takes row order[i] to row i. `upper` is U^T below its diagonal."""
    y = triangle(lower, np.zeros_like(s)) @ (triangle(upper, s).T @ z)
    return y[order] + b, s.sum()


def plu_inverse(x, order, lower, upper, s, b):
    """z and the log-det of x -> z at one point: equation (7) undone."""
    y = np.empty_like(x)
    y[order] = x - b
    y = substitute(triangle(lower, np.zeros_like(s)), y)
    return substitute_from_below(triangle(upper, s).T, y), -s.sum()


def qr_forward(z, vectors, upper, s, b):
    """Equation (8) at one point."""
    return householder_forward(triangle(upper, s).T @ z, vectors, b)[0], s.sum()


def qr_inverse(x, vectors, upper, s, b):
    """z and the log-det of x -> z at one point: equation (8) undone."""
    return substitute_from_below(triangle(upper, s).T, householder_inverse(x, vectors, b)[0]), -s.sum()


# %% [markdown]
# **Images: the 1x1 convolution.** An image $z$ of $C$ channels, $H$ rows and $W$ columns has $D = CHW$ variables. A 1x1 convolution applies one $C \times C$ matrix to the channels of every pixel:
#
# $$x_{:,h,w} = A\, z_{:,h,w} + b, \qquad \log|\det J| = H W \log|\det A|. \tag{9}$$
#
# Sort the variables pixel by pixel. No pixel sees another, so the Jacobian is block diagonal, with $A$ in each of its $HW$ blocks, and its determinant is $(\det A)^{HW}$.


# %%
def conv1x1_forward(z, A, b):
    """Equation (9) on one image z (C, H, W), pixel by pixel."""
    x = np.empty_like(z)
    for h, w in np.ndindex(z.shape[1:]):
        x[:, h, w] = A @ z[:, h, w] + b
    return x, z.shape[1] * z.shape[2] * np.linalg.slogdet(A)[1]


def conv1x1_inverse(x, A, b):
    z = np.empty_like(x)
    for h, w in np.ndindex(x.shape[1:]):
        z[:, h, w] = np.linalg.solve(A, x[:, h, w] - b)
    return z, -x.shape[1] * x.shape[2] * np.linalg.slogdet(A)[1]


# %% [markdown]
# Parameters (without $b$) and costs, for one point:
#
# | layer | parameters | forward and inverse | log-det | reaches |
# |---|---|---|---|---|
# | diagonal (3) | $D$ | $O(D)$ | $O(D)$ | independent variables |
# | triangular (4) | $D(D+1)/2$ | $O(D^2)$ | $O(D)$ | every covariance* |
# | Householder (6) | $MD$ | $O(MD)$ | $0$ | orthogonal, $\det Q = (-1)^M$; with $M \ge D - 1$ all of these |
# | PLU (7) | $D^2$ | $O(D^2)$ | $O(D)$ | every covariance*; almost every matrix*, up to signs |
# | QR (8) | $MD + D(D+1)/2$ | $O(MD + D^2)$ | $O(D)$ | with $M = D$: every matrix* of one sign |
# | 1x1 convolution with PLU (9) | $C^2$ | $O(HW C^2)$ | $O(C)$ | one PLU for all pixels |
# | a free matrix | $D^2$ | $O(D^2)$, $O(D^3)$ | $O(D^3)$ | every matrix, also singular ones |
#
# (* whose triangle has a diagonal within the bounds of (3), by default $4.5 \cdot 10^{-5}$ to $22{,}026$.)
#
# ## Check it
#
# A row for each layer, a column for each check, and in each cell the largest difference. R is the round trip, X the sum of the two log-dets, J the Jacobian (1) and both log-dets against finite differences, and = one quantity by two formulas. An empty cell was not tested.


# %%
def numeric_jacobian(f, z, h=1e-3):
    """dx/dz at one point by central differences of fourth order, for points of any shape."""
    columns = []
    for e in np.eye(z.size).reshape(-1, *z.shape) * h:
        columns.append(((8 * (f(z + e) - f(z - e)) - (f(z + 2 * e) - f(z - 2 * e))) / (12 * h)).ravel())
    return np.stack(columns, axis=1)


def off(a, b):
    """The largest difference, relative to the size of what is compared."""
    return float(np.max(np.abs(np.asarray(a) - np.asarray(b))) / max(1.0, np.max(np.abs(b))))


def layers_of_this_chapter(rng, D):
    """name: (forward, inverse, A) at random parameters; each function takes one point."""
    t, u, s, b, vectors = (rng.normal(size=n) for n in (D * (D - 1) // 2, D * (D - 1) // 2, D, D, (D, D)))
    order, T, R = rng.permutation(D), triangle(t, s), triangle(u, s).T
    Q = np.eye(D)
    for k, a in enumerate(vectors):
        v = direction(a, k)
        Q = Q @ (np.eye(D) - 2 * np.outer(v, v))
    L = triangle(t, 0 * s)
    return {
        "diagonal (3)": (diagonal_forward, diagonal_inverse, (s, b), np.diag(np.exp(s))),
        "triangular (4)": (triangular_forward, triangular_inverse, (t, s, b), T),
        "Householder (6)": (householder_forward, householder_inverse, (vectors, b), Q),
        "PLU (7)": (plu_forward, plu_inverse, (order, t, u, s, b), np.eye(D)[order] @ L @ R),
        "QR (8)": (qr_forward, qr_inverse, (vectors, u, s, b), Q @ R),
    }


def assert_holds(title, rows, allowed):
    """Print rows {name: {letter: error}}, and stop where one is larger than allowed."""
    print(check.error_table(title, rows, allowed))
    assert not any(check.failing(rows, allowed).values())


def errors_of_map(forward, inverse, z):
    """R, X and J at one point, and the numeric Jacobian; forward and inverse return a point and a log-det."""
    x, log_det = forward(z)
    back, log_det_back = inverse(x)
    J, J_back = numeric_jacobian(lambda a: forward(a)[0], z), numeric_jacobian(lambda a: inverse(a)[0], x)
    pairs = (log_det, np.linalg.slogdet(J)[1]), (log_det_back, np.linalg.slogdet(J_back)[1])
    return {"R": off(back, z), "X": abs(log_det + log_det_back), "J": max(off(*pair) for pair in pairs)}, J


def check_one_point(options, D=5):
    rng = np.random.default_rng(options.seed)
    layers = layers_of_this_chapter(rng, D)
    A, rows = layers["PLU (7)"][-1], {}
    layers["1x1 conv (9), 2 x 3 pixels"] = (conv1x1_forward, conv1x1_inverse, (A, np.ones(D)), np.kron(A, np.eye(6)))
    for name, (forward, inverse, params, J) in layers.items():
        z = rng.normal(size=(D, 2, 3) if "conv" in name else D)
        pair = (lambda a, f=f, p=params: f(a, *p) for f in (forward, inverse))
        rows[name], numeric = errors_of_map(*pair, z)
        rows[name]["J"] = max(rows[name]["J"], off(J, numeric))
    rows |= every_orthogonal_matrix(rng, D)
    assert_holds(f"one point, D = {D}", rows, {"R": 1e-10, "X": 1e-10, "J": 1e-6, "=": 1e-12})


def every_orthogonal_matrix(rng, D):
    """The proof below (6) on random orthogonal matrices, one of each sign."""
    rows = {}
    for sign in (-1, 1):
        Q, _ = np.linalg.qr(rng.normal(size=(D, D)))
        Q[:, 0] *= sign * np.sign(np.linalg.det(Q))
        vectors = reflections_of(Q)
        product = np.eye(D)
        for v in vectors:
            product = product @ (np.eye(D) - 2 * np.outer(v, v) / (v @ v))
        assert len(vectors) == (D if sign == (-1) ** D else D - 1)
        rows[f"det Q = {sign:+d}: {len(vectors)} reflections"] = {"=": off(product, Q)}
    return rows


def underflow():
    A = 0.01 * np.eye(300)
    with np.errstate(divide="ignore"):
        print(f"  0.01 I in 300 dimensions: log(det) {np.log(np.linalg.det(A))}, by (2) {np.linalg.slogdet(A)[1]:.2f}")
    assert np.linalg.det(A) == 0
    assert round(np.linalg.slogdet(A)[1], 2) == -1381.55
    assert np.isclose(np.exp(bounded(-1e9)), 4.5e-5, rtol=0.01) and round(np.exp(bounded(1e9))) == 22026


if __name__ == "__main__":
    check_one_point(options)
    underflow()

# %% [markdown]
# The last two rows rebuild random orthogonal matrices, one of each sign: with $D = 5$, determinant $-1$ takes five reflections, and $+1$ takes four.
#
# **The package** has these layers for whole batches: `Diagonal`, `Triangular`, `Householder`, `PLU`, `QR`, and `Conv1x1`, which takes any of them. The table below checks them, with three more letters: G, the gradients by hand against autograd; S, shapes and dtypes; N, the integral of a density. The package does two things differently.
#
# *Reflections as a block.* A computer multiplies matrices faster than it takes $M$ small steps one after the other. With unit vectors $u_k$ as the rows of $\mathcal U$, their product is (Joffrain et al.)
#
# $$H_1 \cdots H_M = I - \mathcal U^T S^{-1} \mathcal U, \qquad S_{kk} = \tfrac12, \quad S_{ij} = u_i^T u_j \text{ for } i < j, \quad S_{ij} = 0 \text{ for } i > j. \tag{10}$$
#
# *Proof by induction.* For $M = 1$ it is (5). Let $Q = I - \mathcal U^T S^{-1} \mathcal U$, and add one reflection: $QH = Q - 2\,Qu u^T = I - \mathcal U^T S^{-1} \mathcal U - 2 u u^T + 2\,\mathcal U^T S^{-1} \mathcal U u u^T$. That is $I - (\mathcal U^T\ u) \begin{pmatrix} S^{-1} & -2 S^{-1} \mathcal U u \\ 0 & 2 \end{pmatrix} \begin{pmatrix} \mathcal U \\ u^T \end{pmatrix}$, and the block in the middle is the inverse of $\begin{pmatrix} S & \mathcal U u \\ 0 & 1/2 \end{pmatrix}$ (multiply the two). So $S$ grows by a column of inner products, and $\frac12$. ∎
#
# *A derivative of its own.* Move everything in $Az = x - b$ a little: $dA\, z + A\, dz = dx - db$, so $dz = A^{-1}(dx - db - dA\, z)$. A loss that changes by $g_z^T dz$ therefore has the gradients
#
# $$g_x = A^{-T} g_z, \qquad g_b = -g_x, \qquad g_A = -g_x z^T, \tag{11}$$
#
# and each factor of $A$ takes its share of $g_A$ in the same way. No inverse is differentiated: $A^{-T} g_z$ is one more substitution. The log-det depends on the log-diagonal alone.


# %%
def package_layers(D):
    linear = [nf.Diagonal(D), nf.Triangular(D), nf.Householder(D), nf.PLU(D, seed=1), nf.QR(D)]
    return {type(layer).__name__: layer for layer in linear} | {"Conv1x1": nf.Conv1x1((3, 2, 3), nf.PLU(3))}


def check_the_package(options, D=5):
    rng = np.random.default_rng(options.seed)
    nf.use(dtype="float64")
    rows = {"QR and this chapter's lines": {"=": agreement_with_this_chapter(rng, D)}}
    moved = [nf.PLU(D, seed=1).order, nf.PLU(3).order]
    assert all(
        (order[order] != np.arange(len(order))).any() for order in moved
    )  # no P that undoes itself, or does nothing
    for name, layer in package_layers(D).items():
        params = check.random_params(layer, rng)
        z = nf.backend.asarray(rng.normal(size=(16, *layer.in_shape)))
        J, J_auto = layer.jacobian(params, z), check.autodiff_jacobian(layer.forward, params, z)
        numeric = [finding.error for finding in check.log_det_is_jacobian(layer, params, z)]
        rows[name] = {
            "S": check.shapes_and_dtypes(layer, params, z).error,
            "R": check.round_trip(layer, params, z).error,
            "X": check.log_dets_cancel(layer, params, z).error,
            "J": max(off(*map(nf.to_numpy, (J, J_auto))), *numeric),
            "G": pullback_against_autograd(layer, params, z, rng),
        }
    finding = integral(rng)
    rows["PLU flow, D = 2"] = {"N": finding.error}
    allowed = {"S": 0, "R": 1e-10, "X": 1e-10, "J": 1e-6, "G": 1e-10, "=": 1e-10, "N": finding.tolerance}
    assert_holds(f"the package, D = {D}", rows, allowed)


def agreement_with_this_chapter(rng, D):
    """QR has everything in it: (10) against reflections one by one, substitution by halves against (4)."""
    layer, z = nf.QR(D), rng.normal(size=(16, D))
    p = check.random_params(layer, rng)
    R = np.zeros((D, D))
    R[np.triu_indices(D, 1)] = p["upper"]
    s, upper = bounded(p["log_diagonal"]), R.T[np.tril_indices(D, -1)]
    x, log_det = layer.forward(p, z)
    ours = [qr_forward(row, p["vectors"], upper, s, p["shift"]) for row in z]
    back = [qr_inverse(row, p["vectors"], upper, s, p["shift"])[0] for row in x]
    return max(off(x, [a for a, _ in ours]), off(log_det, [b for _, b in ours]), off(layer.inverse(p, x)[0], back))


def pullback_against_autograd(layer, params, x, rng):
    """Equation (11), as the package has it, against autograd's tape: all gradients of the inverse and its log-det."""
    z, log_det, pullback = layer.inverse_vjp(params, x)
    g_z, g_log_det = (nf.backend.asarray(rng.normal(size=a.shape)) for a in (z, log_det))
    g_params, g_x, _ = pullback(g_z, g_log_det)
    traced_params, traced_x = nf.autodiff.value_and_vjp(layer.inverse, params, x)[1]((g_z, g_log_det))
    pairs = zip([g_x, *nf.trees.leaves(g_params)], [traced_x, *nf.trees.leaves(traced_params)], strict=True)
    return max(off(nf.to_numpy(a), nf.to_numpy(b)) for a, b in pairs)


def integral(rng):
    flow = nf.flows.linear(2, "plu")
    params = {**flow.init(rng), "bijection": check.random_params(flow.bijection, rng, 0.7)}
    low, high = check.image_box(lambda z: flow.bijection.forward(params["bijection"], z)[0], 2)
    return check.integrates_to_one(lambda x: flow.log_prob(params, x), low, high)


if __name__ == "__main__":
    check_the_package(options)

# %% [markdown]
# ## What a fixed permutation limits, and what it does not
#
# $P$ is not trained. Does (7) still reach every matrix? Let $M = P^T A$, and compare the entries of $M = LU$ for $D = 2$ one after the other:
#
# $$u_{11} = m_{11}, \qquad u_{12} = m_{12}, \qquad \ell_{21} = \frac{m_{21}}{m_{11}}, \qquad u_{22} = m_{22} - \ell_{21} u_{12} = \frac{\det M}{m_{11}}. \tag{12}$$
#
# Our diagonal is positive, so $m_{11} > 0$ and $\det M > 0$. In $D$ dimensions, elimination gives $u_{kk} = \mu_k / \mu_{k-1}$, where $\mu_k$ is the determinant of the upper left $k \times k$ block of $M$, and $\mu_0 = 1$ (that block is the product of those of $L$ and $U$, so $\mu_k = u_{11} \cdots u_{kk}$): all $\mu_k$ have to be positive. With fixed signs on the diagonal, as in Glow, each of the $2^D$ patterns of signs reaches a set of matrices of its own. No choice of signs repairs $\mu_k = 0$: a rotation by 90° has $m_{11} = 0$, and (12) divides by it. Near that angle the factors grow without bound, while their product is still a rotation.
#
# Which *Gaussians* are reached? If $z \sim N(0, I)$ then $x \sim N(b, A A^T)$. For any covariance $C$, the matrix $P^T C P$ is a covariance too, and it has a Cholesky factor $T$, a lower triangle with a positive diagonal. Put $A = P T$: then $A A^T = P\, T T^T P^T = C$, and $T = LU$ with a diagonal $U$. Every covariance is reached, whatever $P$ is, as long as the diagonal of $T$ lies within the bounds of (3). The likelihood does not need the rotation that a fixed $P$ cannot make, since $A$ and $A Q$ give the same density for every orthogonal $Q$.
#
# *Predict*: for $P = I$, how large do the factors of a rotation become near 90°? And those of a covariance that is turned by as much?


# %%
def rotation(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def lu_2x2(M):
    """L and U with L U = M, equation (12)."""
    ratio = M[1, 0] / M[0, 0]
    return np.array([[1, 0], [ratio, 1]]), np.array([[M[0, 0], M[0, 1]], [0, M[1, 1] - ratio * M[0, 1]]])


def size_of_factors(M):
    """cond(L) cond(U), and whether the diagonal of U is positive."""
    L, U = lu_2x2(M)
    assert off(L @ U, M) < 1e-9
    return np.linalg.cond(L) * np.linalg.cond(U), (np.diag(U) > 0).all()


def reach(options):
    swap = np.array([[0.0, 1], [1, 0]])
    degrees = np.arange(-179.5, 180)
    figure, axes = plot.subplots(1, 2, height=2.7, width_ratios=(1.7, 1))
    for P, name, color in ((np.eye(2), "$P = I$", plot.BLUE), (swap, "$P$ swaps", plot.ORANGE)):
        turned = [size_of_factors(P.T @ rotation(np.radians(d))) for d in degrees]
        size, positive = (np.array(column) for column in zip(*turned, strict=True))
        axes[0].semilogy(degrees, size, color=color, linewidth=1, linestyle=(0, (3, 2)), label=f"rotation, {name}")
        axes[0].semilogy(degrees, np.where(positive, size, np.nan), color=color, linewidth=2.4)
        covariances = [rotation(a) @ np.diag([4, 0.25]) @ rotation(a).T for a in np.radians(degrees)]
        factors = [size_of_factors(np.linalg.cholesky(P.T @ C @ P)) for C in covariances]
        assert all(positive for _, positive in factors)
        label = f"covariance, {name}"
        axes[0].semilogy(degrees, [size for size, _ in factors], ":", color=color, linewidth=2.2, label=label)
        worst = size.max(), max(size for size, _ in factors), positive.mean()
        print(
            f"  {name.replace('$', ''):8}  rotations with diag(U) > 0: {positive.mean():4.0%}, largest cond(L) cond(U) "
            f"{size.max():8.1e};  covariances: 100%, {worst[1]:.1f}"
        )
        assert worst[2] == (0.5 if name == "$P = I$" else 0)
        assert worst[0] > 1e8 and worst[1] < 14
    assert round(90 - np.degrees(np.arctan(1000)), 3) == 0.057  # exercise 5
    draw_wedges(axes[1])
    axes[0].set(xlabel="angle (degrees)", ylabel="cond($L$) cond($U$)", ylim=(1, 1e9), xticks=(-180, -90, 0, 90, 180))
    axes[0].legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    options.save(figure, "ch02_reach")


def draw_wedges(ax):
    a, b = np.meshgrid(*[np.linspace(-1, 1, 401)] * 2)
    which = np.where(a > np.abs(b), 1.0, np.where(b > np.abs(a), 2.0, 0.0))
    ax.contourf(a, b, which, levels=(-0.5, 0.5, 1.5, 2.5), colors=("0.9", plot.SKY, plot.ORANGE))
    ax.plot([-1, 1, np.nan, -1, 1], [-1, 1, np.nan, 1, -1], color=plot.BLACK, linewidth=0.8)
    for x, y, text in ((0.6, 0, "$P = I$"), (0, 0.7, "$P$ swaps"), (-0.6, 0, "signs"), (0, -0.7, "signs")):
        ax.text(x, y, text, ha="center", va="center", fontsize=8)
    ax.set(title=r"matrices ($a\ b$; $b\ a$)", xlabel="$a$", ylabel="$b$", aspect="equal")
    ax.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1))


if __name__ == "__main__":
    reach(options)

# %% [markdown]
# *Figure `ch02_reach`.* Left: how large the factors are, as the product of the condition numbers of $L$ and $U$. Dashed: rotations, by angle. Near ±90° for $P = I$, and near 0° and 180° for the swap, the factors grow beyond $10^8$. Only the thick part is reached with a positive diagonal (for $P = I$, the angles within 90° of zero; for the swap none, since $\det P = -1$); the rest needs a negative sign. Dotted: the factor of a covariance with standard deviations 2 and 0.5, turned by the angle. Both $P$ reach every angle, and the product stays below 14. Right: all matrices with $a$ on the diagonal and $b$ beside it. One wedge belongs to each $P$, and the two grey ones need signs; on the black lines the matrix is singular.
#
# So one PLU layer cannot be every matrix, and training cannot cross a line where one of the $\mu_k$ is zero. A Gaussian loses nothing by that. In a deep flow a PLU layer can neither flip the sign of a variable nor trade its $P$ for another one; where that is needed, the layers around it must do it.
#
# ## Two bugs that a falling loss does not show
#
# The first is a slip in inverting (7): $z = U^{-1} L^{-1} x$, without undoing $P$. The second is (9) without $HW$, the log-det of *one* pixel for the whole image; an open issue reports the same for the batch normalisation of TensorFlow Probability (tensorflow/probability, issue 238). *Predict* which of R, X and J see each of them, the second with one pixel and with four.


# %%
def museum(options):
    rng = np.random.default_rng(options.seed)
    order, lower, upper = np.array([2, 0, 1]), rng.normal(size=3), rng.normal(size=3)
    s, b = rng.normal(size=3), np.zeros(3)
    A = layers_of_this_chapter(rng, 3)["PLU (7)"][-1]

    def forgets_p(x):
        y = substitute(triangle(lower, 0 * s), x)
        return substitute_from_below(triangle(upper, s).T, y), -np.sum(s)

    def one_pixel(z):
        x, log_det = conv1x1_forward(z, A, b)
        return x, log_det / (z.shape[1] * z.shape[2])

    def one_pixel_back(x):
        z, log_det = conv1x1_inverse(x, A, b)
        return z, log_det / (x.shape[1] * x.shape[2])

    broken = {
        "inverse of PLU forgets P": (lambda z: plu_forward(z, order, lower, upper, s, b), forgets_p, (3,)),
        "no H W, an image of 1 x 1": (one_pixel, one_pixel_back, (3, 1, 1)),
        "no H W, an image of 2 x 2": (one_pixel, one_pixel_back, (3, 2, 2)),
    }
    allowed, rows = {"R": 1e-10, "X": 1e-10, "J": 1e-6}, {}
    for name, (forward, inverse, shape) in broken.items():
        rows[name], _ = errors_of_map(forward, inverse, rng.normal(size=shape))
    print(check.error_table("mistake", rows, allowed))
    assert list(check.failing(rows, allowed).values()) == [["R"], [], ["J"]]


if __name__ == "__main__":
    museum(options)

# %% [markdown]
# The inverse without $P$ is a correct flow by itself: an invertible map with the right log-det. You can maximise its likelihood like any other. But draws come from the other direction, and their variables stand in the wrong places. Only R sees it. The convolution inverts without a fault, and its two wrong log-dets cancel. Only J sees it, and only on an image of more than one pixel.
#
# ## What it costs
#
# The table above counts multiplications. Now a clock measures them, on one thread: one batch of 64 points goes through each layer, and through a free matrix. The seconds are those of the machine that drew the figure.


# %%
def seconds(f, repeats):
    """Processor time of a call: the least of several runs of 2 ms, which a coarse clock can measure, after one call."""
    from time import process_time

    f()
    times = []
    for _ in range(repeats):
        start, calls = process_time(), 0
        while (spent := process_time() - start) < 2e-3:
            f()
            calls += 1
        times.append(spent / calls)
    return min(times)


def cost(options):
    from threadpoolctl import threadpool_limits

    nf.use(dtype="float64")
    rng = np.random.default_rng(options.seed)
    sizes = [8, 16, 32] if options.fast else [8, 16, 32, 64, 128, 256, 512, 1024]
    kinds = {"diagonal": nf.Diagonal, "triangular": nf.Triangular, "PLU": nf.PLU, "Householder": nf.Householder}
    kinds |= {"QR": nf.QR, "1x1, $D$ pixels": conv_of_pixels, "free matrix": None}
    times = {name: [] for name in kinds}
    with threadpool_limits(1):
        for D in sizes:
            z, repeats = rng.normal(size=(D, 64)), 3 if options.fast or D > 500 else 9
            for name, kind in kinds.items():
                times[name].append([seconds(f, repeats) for f in three_functions(kind, D, z, rng)])
    draw_costs(sizes, {name: np.array(rows) for name, rows in times.items()}, options)


def conv_of_pixels(D):
    """A convolution of 16 channels: its PLU at each of D pixels."""
    return nf.Conv1x1((16, 1, D))


def three_functions(kind, D, z, rng):
    """forward, inverse and log-det alone, on columns z (D, 64)."""
    if kind is None:
        A = rng.normal(size=(D, D))
        return lambda: A @ z, lambda: np.linalg.solve(A, z), lambda: np.linalg.slogdet(A)[1]
    layer = kind(D)
    params = check.random_params(layer, rng, 0.1 / D**0.5)
    if kind is conv_of_pixels:
        z = rng.normal(size=(64, *layer.shape))
        return lambda: layer.forward(params, z), lambda: layer.inverse(params, z), lambda: D * log_det(params)
    return lambda: layer.apply(params, z), lambda: layer.solve(params, z), lambda: log_det(params)


def log_det(params):
    """The log-det alone: a sum over the log-diagonal, or 0 where there is none."""
    return bounded(params["log_diagonal"]).sum() if "log_diagonal" in params else 0.0


def draw_costs(sizes, times, options):
    figure, axes = plot.subplots(1, 3, height=2.5, sharey=True)
    sizes = np.array(sizes, dtype=float)
    for column, (ax, title) in enumerate(zip(axes, ("forward", "inverse", "log-det alone"), strict=True)):
        for name, rows in times.items():
            color = plot.BLACK if name == "free matrix" else None
            ax.loglog(sizes, 1e3 * rows[:, column], "o-", markersize=2.5, linewidth=1.2, label=name, color=color)
        for power, start in ((1, 3e-3), (2, 2e-4), (3, 1.2e-5)):
            line = start * (sizes / sizes[0]) ** power
            ax.loglog(sizes, line, ":", color="0.6", linewidth=0.9)
            ax.text(
                1.3 * sizes[-1], line[-1], "$D$" if power == 1 else f"$D^{power}$", fontsize=7, color="0.4", va="center"
            )
        ax.set(title=title, xlabel="$D$", ylim=(5e-4, 5e2), xlim=(sizes[0] / 1.3, 3 * sizes[-1]))
    axes[0].set_ylabel("milliseconds, 64 points")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    options.save(figure, "ch02_cost")
    print(f"  milliseconds at D = {sizes[-1]:.0f}{'forward':>9}{'inverse':>9}{'log-det':>9}")
    for name, rows in times.items():
        print(f"    {name.replace('$', ''):22}" + "".join(f"{1e3 * v:9.3f}" for v in rows[-1]))


if __name__ == "__main__":
    cost(options)

# %% [markdown]
# *Figure `ch02_cost`.* Milliseconds for 64 points; dotted, reference lines of slope 1, 2 and 3. Right: the log-det is the reason for the factors, a sum of $D$ numbers in place of $D^3$ operations. Middle: a free matrix is inverted with $D^3$ operations, a triangle with $D^2$ by substitution. Left: all full matrices multiply with $D^2$ operations a point. Only the free one is not built from parameters first. At $D = 1{,}024$ Householder and QR take longest in both directions: (10) multiplies all reflections together once per batch, which is $M^2 D$. The 1x1 convolution applies its PLU of 16 channels at each of $D$ pixels, so its work is $D$ times a constant. Where its curve leaves that line, new memory for large arrays takes the time, not arithmetic. At small $D$ the clock measures Python more than arithmetic.
#
# ## Experiment: a Gaussian, known to the last digit
#
# A full linear flow on a standard normal base *is* the Gaussian with covariance $A A^T$. So its least loss is known. With the mean $m$ and the covariance $C$ of the data (divided by $N$), the best Gaussian has the mean of $-\log p$
#
# $$\mathcal L_{\min} = \tfrac12 \bigl(\log \det C + D \log 2\pi + D\bigr), \tag{13}$$
#
# since $\frac1N \sum_n (x_n - m)^T C^{-1} (x_n - m) = \operatorname{tr}(C^{-1} C) = D$. No other Gaussian $q$ does better. Its $\log q$ is quadratic, so the mean of $\log q$ over the data depends on $m$ and $C$ alone. It is the same as under $N(m, C)$, and there no density beats $N(m, C)$ itself (chapter 00 (5)). PLU, QR and triangular flows must all arrive there.
#
# The data: 30 measurements of 569 breast tumours (ten properties, such as radius, perimeter and area; of each the mean, the standard error and the worst value). All rows are used, standardised by their own mean and standard deviation: this tests the optimiser, not how well a Gaussian predicts. The columns nearly depend on each other (a radius and a perimeter), so the covariance has a condition number of $10^5$, and the optimiser has to work for the last nat. Full batch, Adam, 2,500 steps, a rate of 0.005 that falls to 0 along a cosine, three seeds. (For the diagonal layer the closed form is that of independent columns with variance 1, where it starts.)
#
# *Predict*: how many nats a row do the correlations gain over the diagonal layer? Do the three full matrices agree, entry by entry?


# %%
def least_loss(x):
    """Equation (13) for x (N, D)."""
    C, D = np.cov(x.T, bias=True), x.shape[1]
    return 0.5 * (np.linalg.slogdet(C)[1] + D * np.log(2 * np.pi) + D)


def breast_cancer(options):
    nf.use(dtype="float64")
    data = nf.data.load("breast_cancer")
    x = np.concatenate([data.train, data.validation, data.test])
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    N, D = x.shape
    C, best = np.cov(x.T, bias=True), least_loss(x)
    assert (N, D) == (569, 30)
    assert 0.5e5 < np.linalg.cond(C) < 2e5
    print(f"  {N} rows, {D} columns; condition number of the covariance {np.linalg.cond(C):.2e}")
    print(f"  {'':14}{'parameters':>12}{'loss, nats':>12}{'closed form':>14}{'gap of each seed':>20}")
    fits = {}
    layers = {"diagonal": nf.Diagonal(D), "triangular": nf.Triangular(D), "PLU": nf.PLU(D), "QR": nf.QR(D)}
    for name, layer in layers.items():
        flow = nf.Flow(nf.StandardNormal(D), layer)
        limit = 0.5 * D * (np.log(2 * np.pi) + 1) if name == "diagonal" else best  # of columns with variance 1
        gaps = []
        for seed in range(options.seed, options.seed + (1 if options.fast else 3)):
            params, losses = fit_all_rows(flow, x, seed, options)
            gaps.append(-float(nf.to_numpy(flow.log_prob(params, x)).mean()) - limit)
            A = nf.to_numpy(layer.matrix(params["bijection"]))
            assert options.fast or -1e-9 < gaps[-1] < 1e-3
            assert options.fast or name == "diagonal" or np.abs(A @ A.T - C).max() < 0.03
        numbers = "".join(f"{gap:10.1e}" for gap in gaps)
        print(f"  {name:14}{nf.trees.count(params):12,}{limit + gaps[-1]:12.4f}{limit:14.4f}{numbers}")
        fits[name] = A, losses - best
    assert round(best, 2) == 7.24 and round(0.5 * D * (np.log(2 * np.pi) + 1) - best, 1) == 35.3
    draw_gaussians(C, fits, options)


def fit_all_rows(flow, x, seed, options):
    result = nf.fit(
        flow,
        x,
        rng=np.random.default_rng(seed),
        validation=None,
        batch_size=len(x),
        steps=20 if options.fast else 2500,
        optimizer=nf.adam(5e-3),
        progress=False,
    )
    return result.params, np.asarray(result.history["loss"])


def draw_gaussians(C, fits, options):
    figure, axes = plot.subplots(2, 4, height=1.75, width_ratios=(1, 1, 1, 1))
    full = {name: fits[name] for name in ("triangular", "PLU", "QR")}
    for (above, below), (name, (A, _)) in zip(axes.T, full.items(), strict=False):
        for ax, matrix, title in ((above, A, f"$A$, {name}"), (below, A @ A.T, "$A A^T$")):
            image = ax.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1)
            ax.set(title=title, xticks=(), yticks=())
    axes[1, 3].imshow(C, cmap="RdBu_r", vmin=-1, vmax=1)
    axes[1, 3].set(title="the data's $C$", xticks=(), yticks=())
    figure.colorbar(image, ax=axes[1, 3], shrink=0.8, ticks=(-1, 0, 1))
    for name, (_, gap) in full.items():
        axes[0, 3].semilogy(np.maximum(gap, 1e-10), label=name, linewidth=1.0)
    axes[0, 3].axhline(1e-3, color="0.6", linewidth=0.8, linestyle=":")
    axes[0, 3].set(xlabel="step", title="nats above (13)", ylim=(1e-11, 1e5), yticks=(1e-10, 1e-5, 1))
    axes[0, 3].legend(fontsize=7, handlelength=1.0, loc="upper right")
    options.save(figure, "ch02_gaussian")


if __name__ == "__main__":
    breast_cancer(options)

# %% [markdown]
# *Figure `ch02_gaussian`.* Above: three fitted matrices; below, each multiplied by its transpose, and the covariance of the data. The three matrices differ, and the products agree with the data's covariance (largest entry of the difference, over all seeds: below 0.03). Upper right: the distance to (13), step by step. Every fit ends below the dotted line, at $10^{-3}$ nats (the run asserts it). All three describe the same Gaussians and are trained by the same Adam: the curves differ because the parameters do.
#
# The correlations are worth 35.3 nats a row, and all three parametrisations find them. Alone, a linear flow is a Gaussian. It is useful between layers that bend (chapter 04 onwards): there it mixes the variables by trained numbers, in place of a fixed permutation.
#
# ## Summary
#
# - Train factors, not the matrix. A triangle has the sum of its log-diagonal as log-det, and substitution as inverse. A reflection has log-det 0, and is its own inverse.
# - A fixed permutation in PLU excludes some matrices, but no Gaussian. A product of reflections has a fixed sign.
# - X does not see mistakes that cancel, and R does not see a wrong log-det. J does, on an input with more than one pixel.
#
# Linear maps keep a Gaussian Gaussian. Chapter 03 adds the least that bends: its Jacobian is the identity plus a matrix of rank one, and that matrix depends on $z$.
#
# ## Exercises
#
# 1. (20 lines.) Write `substitute` (4), and `plu_forward` and `plu_inverse` (7), for one point. Check them with `numeric_jacobian` for $D = 1, 2, 5, 6$.
# 2. (10 lines.) Write `reflections_of`. Which reflections does it find for the identity, for $-I$, and for the permutation that reverses $D$ variables? How many, and why that parity?
# 3. (Paper.) Show that a rotation of the plane by $\theta$ is two reflections at lines with an angle of $\theta/2$ between them. Which vectors $v_1$, $v_2$ give 90°?
# 4. (Paper.) Derive (12) for $D = 3$, and show that $u_{33} = \det M / (m_{11} m_{22} - m_{12} m_{21})$. Hint: $\det M = u_{11} u_{22} u_{33}$.
# 5. (10 lines.) With $P = I$, which rotation nearest to 90° is a PLU layer, if no entry of its factors may exceed 1000? How many of the seven digits of float32 may a round trip of a point with $|z| = 1$ lose? Hint: (12) with $m_{11} = \cos\theta$.
#
# ## Answers on paper
#
# - **3.** A reflection at a line of angle $\alpha$ sends a direction $\phi$ to $2\alpha - \phi$. A second one, at $\beta$, sends that to $\phi + 2(\beta - \alpha)$. In (6) $z$ meets $H_2$ first, so $\alpha$ belongs to $v_2$. For 90° take lines 45° apart, such as those orthogonal to $v_2 = (0, 1)$ and $v_1 = (-1, 1)$.
# - **4.** $u_{11} u_{22} = m_{11} m_{22} - m_{12} m_{21}$ is the minor $\mu_2$; divide $\det M$ by it.
# - **5.** $\ell_{21} = \tan\theta$ and $u_{22} = 1/\cos\theta$ are at most 1000: the one that is 0.057° short of it. Between $U$ and $L$ the numbers are up to a thousand times as large, and so is their rounding: a round trip loses up to three digits.
#
# ## Where this differs from the papers
#
# - **Glow** starts from a random rotation, takes $P$, $L$, $U$ from its LU decomposition, and keeps $P$ and the signs of the diagonal fixed. Here $P$ is drawn at random, the diagonal is positive, and a fresh layer is $A = P$. Glow's log-diagonal is free; ours is bounded as in (3).
# - **Householder flow** (Tomczak and Welling) takes its vectors from the encoder of a variational autoencoder, new ones for every data point. Here they are parameters. The shift by $e_k$ is ours. The product (10) is the UT transform of Joffrain et al., in place of one reflection after the other.
# - **Emerging convolutions** (Hoogeboom et al.) use $A = Q(R + \operatorname{diag}(s))$ for 1x1 convolutions, with a free diagonal, and go on to convolutions larger than one pixel.
# - **Transformation autoregressive networks** (Oliva et al.) have a linear map $LU$ from data to noise, without a permutation.
