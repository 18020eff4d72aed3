"""Bodies by people who had not read the checks: right ones in other words, and mistakes that had a wrong name or none."""

from planted import Planted

RIGHT = [
    Planted(
        "1.1",
        "python sum",
        r"""
back, volume = inverse(np.array(x, dtype=float))
return float(volume) + sum(float(p) for p in base_log_prob(back))
""",
    ),
    Planted(
        "1.2",
        "log 4 - 2 log(e^z + e^-z)",
        r"""
return np.tanh(z), float(np.sum(np.log(4.0) - 2 * np.logaddexp(z, -z)))
""",
    ),
    Planted(
        "1.2",
        "loop with abs",
        r"""
t, ld = np.zeros(len(z)), 0.0
for i in range(len(z)):
    t[i] = np.tanh(z[i])
    m = abs(z[i])
    ld = ld + 2 * np.log(2) - 2 * m - 2 * np.log1p(np.exp(-2 * m))
return t, ld
""",
    ),
    Planted(
        "1.3",
        "loop",
        r"""
out, logs = [], []
for v in z:
    out.append(v if v >= 0 else a * v)
    logs.append(0.0 if v >= 0 else np.log(a))
return np.array(out), sum(logs)
""",
    ),
    Planted(
        "1.3",
        "prod of slopes",
        r"""
return np.maximum(z, 0) + a * np.minimum(z, 0), np.count_nonzero(z < 0) * np.log(a)
""",
    ),
    Planted(
        "1.5",
        "own algebra",
        r"""
z1 = x[0] / 10
bend = 100 * b * (z1 + 1) * (z1 - 1)
return np.stack([z1, x[1] - bend]), float(np.log(0.1))
""",
    ),
    Planted(
        "1.6",
        "loops",
        r"""
N, D = x.shape
L, gs, gt = 0.0, np.zeros(D), np.zeros(D)
for row in x:
    for d in range(D):
        r = row[d] - t[d]
        var = np.exp(2 * s[d])
        L += (0.5 * r * r / var + 0.5 * np.log(2 * np.pi * var)) / N
        gs[d] += (1 - r * r / var) / N
        gt[d] -= r / var / N
return L, gs, gt
""",
    ),
    Planted(
        "1.7",
        "via np.isclose",
        r"""
J = numeric_jacobian(lambda q: f(q)[0], v)
true = np.log(np.abs(np.linalg.det(J)))
said = f(v)[1]
if -1e-3 < true < 1e-3:
    return "undecided: the log-det is 0 here, and 0 is minus 0; take another point"
answers = {"the log-det of the map that it applied": true, "the log-det of the inverse of the map that it applied": -true}
for sentence, value in answers.items():
    if np.isclose(said, value, rtol=0, atol=1e-5):
        return sentence
return "something else: a mistake, or a part of the log-det"
""",
    ),
    Planted(
        "2.1",
        "loop with running index",
        r"""
out = np.zeros((len(s), len(s)))
it = iter(t)
for i in range(len(s)):
    for j in range(i):
        out[i, j] = next(it)
    out[i, i] = np.exp(s[i])
return out
""",
    ),
    Planted(
        "2.2",
        "column oriented",
        r"""
rest = np.array(y, dtype=float)
n = len(rest)
for j in range(n):
    rest[j] = rest[j] / T[j, j]
    rest[j + 1 :] -= rest[j] * T[j + 1 :, j]
return rest
""",
    ),
    Planted(
        "2.3",
        "matrix",
        r"""
H = np.eye(len(u)) - 2.0 * np.outer(u, u)
return np.einsum("ij,j->i", H, z)
""",
    ),
    Planted(
        "2.4",
        "rows in place of columns: it works too (verified by the product)",
        r"""
R, vs = Q.copy(), []
for k in range(len(Q)):
    v = np.eye(len(Q))[k] - R[k, :]
    if v @ v > 1e-20:
        vs.append(v)
        R = R - 2 * np.outer(v, v @ R) / (v @ v)
return vs
""",
    ),
    Planted(
        "2.4",
        "unit vectors, H built",
        r"""
D, rest, found = Q.shape[0], np.array(Q), []
for k in range(D):
    e = np.zeros(D)
    e[k] = 1.0
    v = rest[:, k] - e
    length = np.linalg.norm(v)
    if length < 1e-10:
        continue
    v /= length
    found.append(v)
    rest = (np.eye(D) - 2 * np.outer(v, v)) @ rest
return found
""",
    ),
    Planted(
        "2.5",
        "dense solve",
        r"""
D = len(x)
P = np.zeros((D, D))
for i, j in enumerate(order):
    P[i, j] = 1.0
L, U = triangle(lower, np.zeros(D)), triangle(upper, s).T
z = np.linalg.solve(U, np.linalg.solve(L, P.T @ (x - b)))
return z, -np.log(np.abs(np.prod(np.diag(U))))
""",
    ),
    Planted(
        "2.6",
        "explicit loop",
        r"""
y = x - b
for k, v in enumerate(vectors):
    y = reflect(direction(v, k), y)
return np.linalg.solve(triangle(upper, s).T, y), -sum(s)
""",
    ),
    Planted(
        "2.7",
        "einsum",
        r"""
_, h, w = z.shape
y = np.moveaxis(np.moveaxis(z, 0, -1) @ A.T + b, -1, 0)
sv = np.linalg.svd(A, compute_uv=False)
return y, h * w * np.log(sv).sum()
""",
    ),
    Planted(
        "2.8",
        "elimination by matrix",
        r"""
(a, b), (c, d) = M
L = np.array([[1, 0], [c / a, 1]])
return L, np.array([[1, 0], [-c / a, 1]]) @ M * np.array([[1, 1], [0, 1]])
""",
    ),
    Planted(
        "3.1",
        "full determinant",
        r"""
a = float(np.inner(w, z) + b)
J = np.eye(z.size) + np.outer(u, w) / np.cosh(a) ** 2
return z + u * np.tanh(a), np.linalg.slogdet(J)[1]
""",
    ),
    Planted(
        "3.3",
        "other algebra with derivative of f",
        r"""
r = np.linalg.norm(z - centre)
extra = (gamma - alpha) / (alpha + r)
x = z + extra * (z - centre)
along = 1 + alpha * (gamma - alpha) / (alpha + r) ** 2
return x, (z.shape[0] - 1) * np.log1p(extra) + np.log(along)
""",
    ),
    Planted(
        "3.4",
        "hypot",
        r"""
d = x - centre
rho = np.linalg.norm(d)
B = gamma - rho
root = np.hypot(B, 2 * np.sqrt(alpha * rho))
q = (abs(B) + root) / 2
r = alpha * rho / q if B > 0 else q
f = (gamma + r) / (alpha + r)
slope = 1 + alpha * (gamma - alpha) / (alpha + r) ** 2
return centre + d / f, (1 - len(x)) * np.log(f) - np.log(slope)
""",
    ),
    Planted(
        "3.5",
        "two separate sides",
        r"""
g = lambda q: f(q) - target
lo, hi, k = -1.0, 1.0, 0
while g(lo) > 0:
    lo, k = 4 * lo, k + 1
    if k > 40:
        raise RuntimeError("never reaches the target from above")
k = 0
while g(hi) < 0:
    hi, k = 4 * hi, k + 1
    if k > 40:
        raise RuntimeError("never reaches the target from below")
for _ in range(2200):
    mid = lo + (hi - lo) / 2
    if mid == lo or mid == hi:
        break
    if g(mid) < 0:
        lo = mid
    else:
        hi = mid
return hi
""",
    ),
    Planted(
        "3.6",
        "unknown alpha + b",
        r"""
c = w @ u

def left(q):
    return q + c * np.tanh(q)

q = increasing_root(left, w @ x + b)
return x - u * np.tanh(q), -np.log1p(c / np.cosh(min(abs(q), 300.0)) ** 2)
""",
    ),
    Planted(
        "3.7",
        "slices",
        r"""
M = R.shape[0]
y = x @ Q
p, t = [0.0] * M, [0.0] * M
for i in range(M - 1, -1, -1):
    off_t = sum(R[i, j] * t[j] for j in range(i + 1, M))
    off_p = sum(R_tilde[i, j] * p[j] for j in range(i + 1, M)) + b[i]
    p[i] = increasing_root(lambda q: q + off_t + R[i, i] * np.tanh(R_tilde[i, i] * q + off_p), y[i])
    t[i] = np.tanh(R_tilde[i, i] * p[i] + off_p)
z = x + Q @ (np.array(p) - y)
J = np.eye(M) + np.diag(1 - np.array(t) ** 2) @ R_tilde @ R
return z, -np.linalg.slogdet(J)[1]
""",
    ),
    Planted(
        "3.8",
        "np.linalg.solve",
        r"""
a = w @ z + b
J = np.eye(len(z)) + np.outer(u, w) / np.cosh(a) ** 2
return np.linalg.inv(J), np.linalg.solve(J, -np.tanh(a) * np.eye(len(z)))
""",
    ),
    Planted(
        "4.1",
        "loop over positions",
        r"""
z1 = z[keep]
s, t = network(s_net, z1)[0], network(t_net, z1)[0]
x, j, total = [], 0, 0.0
for i in range(len(z)):
    if keep[i]:
        x.append(z[i])
    else:
        x.append(z[i] * np.exp(s[j]) + t[j])
        total += s[j]
        j += 1
return np.array(x), total
""",
    ),
    Planted(
        "4.2",
        "flatnonzero",
        r"""
moved = np.flatnonzero(~keep)
s, _ = network(s_net, x[keep])
t, _ = network(t_net, x[keep])
z = np.array(x, float)
for k, i in enumerate(moved):
    z[i] = (z[i] - t[k]) / np.exp(s[k])
return z, sum(-s)
""",
    ),
    Planted(
        "4.3",
        "permuted",
        r"""
(s, ds), (_, dt) = network(s_net, z[keep]), network(t_net, z[keep])
rows, cols = np.where(~keep)[0], np.where(keep)[0]
J = np.zeros((z.size, z.size))
for c in cols:
    J[c, c] = 1.0
for a, i in enumerate(rows):
    J[i, i] = np.exp(s[a])
    for b, c in enumerate(cols):
        J[i, c] = np.exp(s[a]) * z[i] * ds[a, b] + dt[a, b]
return J
""",
    ),
    Planted(
        "4.4",
        "where",
        r"""
keep = b.astype(bool)
visible = np.where(keep, x, 0.0)
ls = np.where(keep, 0.0, s(visible))
sh = np.where(keep, 0.0, t(visible))
return (x - sh) / np.exp(ls), -ls.sum()
""",
    ),
    Planted(
        "4.5",
        "projection matrix",
        r"""
n = len(s)
C = np.eye(n) - np.ones((n, n)) / n
return C @ s
""",
    ),
    Planted(
        "4.6",
        "argsort",
        r"""
return x[np.argsort(order)], 0.0
""",
    ),
    Planted(
        "4.6",
        "loop",
        r"""
z = [None] * len(x)
for place, source in enumerate(order):
    z[source] = x[place]
return np.array(z), 0
""",
    ),
    Planted(
        "4.7",
        "recursive",
        r"""
if len(layers) == 0:
    return z, 0.0
x, first = layers[0](z)
y, rest = stack_forward(x, layers[1:])
return y, first + rest
""",
    ),
    Planted(
        "5.1",
        "argsort",
        r"""
order = tuple(range(D)) if order is None else tuple(order)
result = [np.argsort(order) + 1]
for n in widths:
    result.append(hidden_degrees(n, D, context))
return result
""",
    ),
    Planted(
        "5.2",
        "loops",
        r"""
layers = [list(degrees[0]) + [0] * n_context] + [list(d) for d in degrees[1:]]
masks = []
for low, high in zip(layers, layers[1:]):
    M = np.zeros((len(high), len(low)))
    for i, a in enumerate(high):
        for j, c in enumerate(low):
            M[i, j] = 1.0 if c <= a else 0.0
    masks.append(M)
out = np.array([[float(c < a) for c in layers[-1]] for a in degrees[0]])
return masks + [out]
""",
    ),
    Planted(
        "5.3",
        "loop",
        r"""
out = net(x)
z, ld = np.empty_like(x), 0.0
for i in range(len(x)):
    z[i] = (x[i] - out[0][i]) / np.exp(out[1][i])
    ld -= out[1][i]
return z, ld
""",
    ),
    Planted(
        "5.4",
        "unit by unit",
        r"""
D = len(z)
deg = [list(degrees[0]) + [0] * len(y)] + [list(d) for d in degrees[1:]]
vals = [[0.0] * D + list(y)] + [[0.0] * len(d) for d in deg[1:]]
n, total = 0, 0.0

def fill(m):
    nonlocal n
    for l in range(1, len(deg)):
        W, b = weights[l - 1]
        for j in range(len(deg[l])):
            if deg[l][j] == m:
                acc = b[j]
                for k in range(len(deg[l - 1])):
                    if deg[l - 1][k] <= m:
                        acc += W[j, k] * vals[l - 1][k]
                        n += 1
                vals[l][j] = np.tanh(acc)

fill(0)
W, b = weights[-1]
for m in range(1, D + 1):
    i = list(degrees[0]).index(m)
    mu, ls = b[i], b[D + i]
    for k in range(len(deg[-1])):
        if deg[-1][k] < m:
            mu += W[i, k] * vals[-1][k]
            ls += W[D + i, k] * vals[-1][k]
            n += 2
    vals[0][i] = mu + np.exp(ls) * z[i]
    total += ls
    fill(m)
return np.array(vals[0][:D]), total, n
""",
    ),
    Planted(
        "5.5",
        "loop",
        r"""
mean, ls = net(eps)[0], net(eps)[1]
sig = np.exp(ls)
return np.array([m + g * e for m, g, e in zip(mean, sig, eps)]), float(-np.log(sig).sum())
""",
    ),
    Planted(
        "5.6",
        "loop",
        r"""
point, log_p = x, 0.0
for net in [net_2, net_1]:
    mu, s = net(point)[:2]
    point = (point - mu) * np.exp(-s)
    log_p -= s.sum()
D = len(x)
return log_p - 0.5 * (point**2).sum() - D * np.log(2 * np.pi) / 2
""",
    ),
    Planted(
        "5.7",
        "signs",
        r"""
a = made(weights, masks, x)[0]
sign = 2 * x - 1
return float(-np.logaddexp(0, -sign * a).sum())
""",
    ),
    Planted(
        "5.8",
        "loops",
        r"""
out, D = made(weights, masks, x, y)[0], len(x)
K = len(out) // (3 * D)
A, S, M = out[: K * D].reshape(K, D), out[K * D : 2 * K * D].reshape(K, D), out[2 * K * D :].reshape(K, D)
total = 0.0
for d in range(D):
    terms = [A[k, d] - 0.5 * ((x[d] - M[k, d]) / np.exp(S[k, d])) ** 2 - S[k, d] for k in range(K)]
    top = max(terms)
    total += top + np.log(sum(np.exp(v - top) for v in terms)) - np.logaddexp.reduce(A[:, d]) - 0.5 * np.log(2 * np.pi)
return total
""",
    ),
    Planted(
        "6.1",
        "quotient rule",
        r"""
N = s * xi * xi + d0 * (xi - xi * xi)
dN = 2 * s * xi + d0 * (1 - 2 * xi)
e = d1 + d0 - s - s
Q = s + e * (xi - xi * xi)
dQ = e * (1 - 2 * xi)
return N / Q, s * (dN * Q - N * dQ) / Q**2
""",
    ),
    Planted(
        "6.2",
        "copysign form",
        r"""
e = d0 + d1 - 2 * s
b = d0 - y * e
a, c = s - b, -s * y
disc = b * b - 4 * a * c
root = np.sqrt(disc) if disc > 0 else 0.0
if b >= 0:
    q = b + root
    return -2 * c / q
return (root + abs(b)) / (2 * a)
""",
    ),
    Planted(
        "6.3",
        "loop",
        r"""
p = softmax(a)
K = len(a)
z = [-bound]
total = 0.0
for k in range(K - 1):
    total += SMALLEST + (1 - K * SMALLEST) * p[k]
    z.append(2 * bound * total - bound)
z.append(bound)
return np.array(z, dtype=float)
""",
    ),
    Planted(
        "6.4",
        "log1p",
        r"""
m = SMALLEST
k = 1 - m + np.log1p(-np.exp(m - 1))
u = np.asarray(c) + k
sp = np.maximum(u, 0) + np.log1p(np.exp(-np.abs(u)))
return np.hstack(([1.0], m + sp, [1.0]))
""",
    ),
    Planted(
        "6.5",
        "trapezoid and interp",
        r"""
h = v * (zk[-1] - zk[0]) / np.trapezoid(v, zk)
here = np.interp(z, zk, h)
k = bin_of(z, zk)
below = zk[0] + sum((h[j] + h[j + 1]) / 2 * (zk[j + 1] - zk[j]) for j in range(k))
return below + (z - zk[k]) * (h[k] + here) / 2, np.log(here)
""",
    ),
    Planted(
        "6.6",
        "own bin search",
        r"""
if x < xk[0] or x > xk[-1]:
    return x, 0.0
k = 0
while k < len(xk) - 2 and x > xk[k + 1]:
    k += 1
w, h = zk[k + 1] - zk[k], xk[k + 1] - xk[k]
xi = rq_bin_inverse((x - xk[k]) / h, h / w, d[k], d[k + 1])
z = (1 - xi) * zk[k] + xi * zk[k + 1]
return z, -np.log(rq_bin(xi, h / w, d[k], d[k + 1])[1])
""",
    ),
    Planted(
        "6.7",
        "own algebra",
        r"""
share, u = c, d * z + g
n = 1 + u * u
amp = 8 * share * b / (3 * np.sqrt(3) * d)
return amp / n + b * z + a, np.log(b) + np.log1p(-16 * share * u / (3 * np.sqrt(3) * n * n))
""",
    ),
    Planted(
        "7.1",
        "logaddexp.reduce",
        r"""
t = x * a + b
up = np.log(w) + np.minimum(t, 0) - np.log1p(np.exp(-abs(t)))
down = up - t
F, G = np.logaddexp.reduce(up), np.logaddexp.reduce(down)
dF = np.logaddexp.reduce(up + np.log(a) - np.logaddexp(0, t))
return F - G, dF - F - G
""",
    ),
    Planted(
        "7.2",
        "loops over outputs",
        r"""
vals, logs = [float(x)], [0.0]
for u, a, b, w in layers:
    n = len(a)
    s = np.array([a[j] * sum(u[j, i] * vals[i] for i in range(len(vals))) + b[j] for j in range(n)])
    ls = np.array([np.log(a[j]) + np.logaddexp.reduce(np.log(u[j]) + np.array(logs)) for j in range(n)])
    vals, logs = [], []
    for row in w:
        lw = np.log(row)
        F = np.logaddexp.reduce(lw - np.logaddexp(0, -s))
        G = np.logaddexp.reduce(lw - np.logaddexp(0, s))
        d = np.logaddexp.reduce(lw + ls - np.logaddexp(0, s) - np.logaddexp(0, -s))
        vals.append(F - G)
        logs.append(d - F - G)
return vals[0], logs[0]
""",
    ),
    Planted(
        "7.3",
        "by moments",
        r"""
x = np.sin(np.pi * np.arange(n + 1) / (2 * n)) ** 2
t = np.arange(n + 1) * np.pi / n
q = []
for i in range(n + 1):
    total = 0.0
    for k in range(0, n + 1, 2):
        half = 0.5 if k in (0, n) else 1.0
        total += half * np.cos(k * t[i]) * 2 / (1 - k * k)
    q.append(total * (0.5 if i in (0, n) else 1.0) / n)
return x, np.array(q)
""",
    ),
    Planted(
        "7.4",
        "one call",
        r"""
points, weights = clenshaw_curtis(n)
values = f(np.append(points, 1.0) * x)
return c + sum(x * w * v for w, v in zip(weights, values[:-1])), float(np.log(values[-1]))
""",
    ),
    Planted(
        "7.5",
        "bisection with a check",
        r"""
low, high, w = target - 1, target + 1, 1.0
for _ in range(64):
    if h(low)[0] <= target <= h(high)[0]:
        break
    w *= 4
    if h(low)[0] > target:
        low -= w
    if h(high)[0] < target:
        high += w
else:
    raise ValueError("no bracket")
while True:
    x = low + (high - low) / 2
    if trace is not None:
        trace.append(x)
    value, ls = h(x)
    if value == target or x in (low, high):
        break
    if value < target:
        low = x
    else:
        high = x
best = min((low, high, x), key=lambda q: abs(h(q)[0] - target))
value, ls = h(best)
residual = abs(value - target)
eps = np.finfo(float).eps
if residual > 64 * eps * (max(1, abs(target)) + np.exp(ls) * max(1, abs(best))):
    raise ValueError("the residual stays too large")
return best, ls, residual
""",
    ),
    Planted(
        "7.6",
        "from cosh",
        r"""
def h(q):
    return q + np.tanh(q + b), np.log1p(1 / np.cosh(q + b) ** 2)

x = search(h, z)[0]
sech2 = 1 / np.cosh(x + b) ** 2
dxdz = 1 / (1 + sech2)
return np.array([dxdz, dxdz - 1])
""",
    ),
    Planted(
        "7.7",
        "list",
        r"""
xs = []
for i, target in enumerate(z):
    th = read(network(nets[i], np.array(xs)))
    xs.append(search(lambda q: deep_sigmoid(q, *th), target)[0])
x = np.array(xs)
return x, -autoregressive_inverse(x, nets, read)[1]
""",
    ),
    Planted(
        "7.8",
        "by hand",
        r"""
n, total, last = 8001, 0.0, None
dx = 80 / (n - 1)
for k in range(n):
    z, ls = h(-40 + k * dx)
    p = np.exp(-z * z / 2 + ls) / np.sqrt(2 * np.pi)
    total += p * dx * (0.5 if k in (0, n - 1) else 1)
return total
""",
    ),
    Planted(
        "8.1",
        "norm as sigma",
        r"""
for _ in range(steps):
    u = W.dot(v)
    u = u / np.sqrt(u @ u)
    v = u @ W
    sigma = np.sqrt(v @ v)
    v = v / sigma
return sigma, v
""",
    ),
    Planted(
        "8.2",
        "min factor",
        r"""
W1, b1, W2, b2 = weights
new = []
for W in (W1, W2):
    sigma, _ = power_iteration(W, np.ones(W.shape[1]), steps)
    new.append(min(1.0, L**0.5 / sigma) * W)
return new[0], b1, new[1], b2
""",
    ),
    Planted(
        "8.3",
        "eigenvalues",
        r"""
W1, b1, W2, b2 = weights
h = np.tanh(W1 @ z + b1)
M = np.identity(len(h)) + np.einsum("i,ij,jk->ik", 1 - h**2, W1, W2)
return z + W2 @ h + b2, np.log(np.linalg.det(M))
""",
    ),
    Planted(
        "8.4",
        "for else",
        r"""
limit = tolerance * max(1.0, max(abs(v) for v in x))
z, n = x - network(weights, x)[0], 1
while True:
    f, J = network(weights, z)
    residual = x - f - z
    if np.linalg.norm(residual, np.inf) <= limit:
        break
    n += 1
    if n > steps:
        raise ValueError(f"no convergence after {steps} steps")
    z = z + residual
return z, -np.linalg.slogdet(np.eye(len(x)) + J)[1]
""",
    ),
    Planted(
        "8.5",
        "matrix_power",
        r"""
return -sum(np.trace(np.linalg.matrix_power(-J, k)) / k for k in range(1, n + 1))
""",
    ),
    Planted(
        "8.6",
        "integers",
        r"""
v = 1.0 - 2.0 * rng.integers(0, 2, size=A.shape[0])
return float(np.sum(np.outer(v, v) * A))
""",
    ),
    Planted(
        "8.7",
        "while loop of coin flips",
        r"""
D = J.shape[0]
v = 2.0 * rng.integers(0, 2, D) - 1
n = m
while rng.random() > p:
    n += 1
t, w, y = 0.0, np.zeros(D), v.copy()
weight = 1.0
for k in range(1, n + 1):
    if k > m:
        weight /= 1 - p
    sign = -1.0 if k % 2 == 0 else 1.0
    w = w + sign * weight * y
    y = y @ J
    t += sign * weight * np.dot(y, v) / k
return t, w, v
""",
    ),
    Planted(
        "8.8",
        "loop from the end",
        r"""
total, later = 0.0, 0.0
for k in range(terms, 0, -1):
    a = (eigenvalue**k if k % 2 else -(eigenvalue**k)) / k
    extra = (1 - p) ** -max(0.0, k - m) - 1
    total += extra * a * (a + 2 * later)
    later += a
return total
""",
    ),
    Planted(
        "1.4",
        "sixth order",
        r"""
J = []
for j in range(len(z)):
    e = np.zeros(len(z))
    e[j] = h
    d = [f(z + k * e) - f(z - k * e) for k in (1, 2, 3)]
    J.append((45 * d[0] - 9 * d[1] + d[2]) / (60 * h))
return np.stack(J, axis=1)
""",
    ),
    Planted(
        "1.2",
        "piecewise, vector sum by dot",
        r"""
e = np.exp(-2 * np.abs(z))
return np.sign(z) * (1 - e) / (1 + e), np.dot(np.ones(len(z)), np.log(4) - 2 * np.abs(z) - 2 * np.log1p(e))
""",
    ),
    Planted(
        "1.6",
        "einsum",
        r"""
n, d = x.shape
prec = np.exp(-2 * s)
r = x - t
second = np.einsum("nd,nd->d", r, r) / n
L = 0.5 * (prec @ second) + s.sum() + d / 2 * np.log(2 * np.pi)
return float(L), 1.0 - prec * second, -prec * (np.ones(n) @ r) / n
""",
    ),
    Planted(
        "2.4",
        "negated and scaled vectors",
        r"""
A, out = np.asarray(Q, float).copy(), []
n = A.shape[0]
for k in range(n):
    v = 3.0 * (A[:, k] - np.eye(n)[k])
    if np.abs(v).max() < 1e-10:
        continue
    for j in range(n):
        A[:, j] = A[:, j] - 2 * v * (v @ A[:, j]) / (v @ v)
    out.append(v)
return out
""",
    ),
    Planted(
        "2.4",
        "from the last column",
        r"""
A, out = Q.copy(), []
n = len(A)
for k in range(n - 1, -1, -1):
    v = np.eye(n)[k] - A[:, k]
    if np.linalg.norm(v) > 1e-10:
        A = A - np.outer(v, v @ A) * (2 / (v @ v))
        out.append(v)
return out
""",
    ),
    Planted(
        "2.1",
        "assignment by slices",
        r"""
T, start = np.zeros((s.size, s.size)), 0
for row in range(s.size):
    T[row, :row] = t[start : start + row]
    start += row
return T + np.diag(np.exp(s))
""",
    ),
    Planted(
        "3.3",
        "math by hypot and logs of differences",
        r"""
diff = np.subtract(z, centre)
r = np.sqrt(np.sum(np.square(diff)))
A, G = alpha + r, gamma + r
x = centre + diff * (G / A)
num = r * r + 2 * r * alpha + alpha * gamma
return x, (diff.size - 1) * (np.log(G) - np.log(A)) + np.log(num) - 2 * np.log(A)
""",
    ),
    Planted(
        "3.5",
        "regula falsi style with bisection safeguard",
        r"""
step, lo = 1.0, 0.0
if f(lo) > target:
    while f(lo) > target:
        lo -= step
        step *= 3
        if step > 1e18:
            raise ArithmeticError("not reached")
    hi = lo + step
else:
    hi = lo
    while f(hi) < target:
        hi += step
        step *= 3
        if step > 1e18:
            raise ArithmeticError("not reached")
    lo = hi - step
while True:
    mid = lo + 0.5 * (hi - lo)
    if mid <= lo or mid >= hi:
        return lo if abs(f(lo) - target) <= abs(f(hi) - target) else hi
    if f(mid) > target:
        hi = mid
    else:
        lo = mid
""",
    ),
    Planted(
        "3.6",
        "Newton after bisection",
        r"""
c, y = w @ u, w @ x
lo, hi = y - abs(c) - 1, y + abs(c) + 1
for _ in range(200):
    m = 0.5 * (lo + hi)
    if m + c * np.tanh(m + b) < y:
        lo = m
    else:
        hi = m
t = np.tanh(0.5 * (lo + hi) + b)
return x - u * t, -np.log(np.abs(1 + c * (1 - t * t)))
""",
    ),
    Planted(
        "4.2",
        "where and scatter",
        r"""
full_s, full_t = np.zeros(len(x)), np.zeros(len(x))
full_s[~keep] = network(s_net, x[keep])[0]
full_t[~keep] = network(t_net, x[keep])[0]
return (x - full_t) / np.exp(full_s), -np.sum(full_s)
""",
    ),
    Planted(
        "4.3",
        "from np.block and a permutation",
        r"""
(s, ds), (_, dt) = network(s_net, z[keep]), network(t_net, z[keep])
k = int(np.sum(keep))
lower = np.einsum("i,i,ij->ij", np.exp(s), z[~keep], ds) + dt
B = np.block([[np.eye(k), np.zeros((k, len(s)))], [lower, np.diag(np.exp(s))]])
place = np.concatenate([np.flatnonzero(keep), np.flatnonzero(~keep)])
P = np.zeros((len(z), len(z)))
P[place, np.arange(len(z))] = 1
return P @ B @ P.T
""",
    ),
    Planted(
        "4.7",
        "reduce",
        r"""
from functools import reduce

def go(state, layer):
    x, ld = layer(state[0])
    return x, state[1] + ld

return reduce(go, layers, (z, 0.0))
""",
    ),
    Planted(
        "5.2",
        "outer",
        r"""
cols = np.r_[degrees[0], np.zeros(n_context, int)]
out = []
for rows in degrees[1:]:
    out.append(1 * np.greater_equal.outer(rows, cols))
    cols = rows
return out + [1 * np.greater.outer(degrees[0], cols)]
""",
    ),
    Planted(
        "5.4",
        "whole passes for x, counted by the masks",
        r"""
masks = masks_of(degrees, len(y))
x = np.zeros(len(z))
for _ in range(len(z)):
    mu, s, _, _ = gaussian_made(weights, masks, x, y)
    x = mu + np.exp(s) * z
count = sum(int(M.sum()) for M in masks[:-1]) + 2 * int(masks[-1].sum())
return x, s.sum(), count
""",
    ),
    Planted(
        "5.7",
        "two logs chosen",
        r"""
a = made(weights, masks, x)[0]
ones, zeros = np.minimum(a, 0) - np.log1p(np.exp(-np.abs(a))), -np.maximum(a, 0) - np.log1p(np.exp(-np.abs(a)))
return sum(o if bit == 1 else q for bit, o, q in zip(x, ones, zeros))
""",
    ),
    Planted(
        "6.2",
        "Citardauq by sign",
        r"""
if y == 0:
    return 0.0
if y == 1:
    return 1.0
delta = (d0 - s) + (d1 - s)
b = d0 - y * delta
a, c = s - b, -s * y
disc = np.sqrt(max(0.0, b * b - 4 * a * c))
q = -0.5 * (b + (disc if b >= 0 else -disc))
return c / q if b >= 0 else q / a
""",
    ),
    Planted(
        "6.3",
        "logs",
        r"""
lw = a - np.logaddexp.reduce(a)
w = 2 * bound * (SMALLEST + (1 - len(a) * SMALLEST) * np.exp(lw))
edge = np.full(len(a) + 1, -float(bound))
for k in range(1, len(a)):
    edge[k] = edge[k - 1] + w[k - 1]
edge[-1] = bound
return edge
""",
    ),
    Planted(
        "6.6",
        "closed inverse slope",
        r"""
if not xk[0] <= x <= xk[-1]:
    return x, 0.0
k = min(max(np.sum(xk <= x) - 1, 0), len(xk) - 2)
w, h = zk[k + 1] - zk[k], xk[k + 1] - xk[k]
s = h / w
xi = rq_bin_inverse((x - xk[k]) / h, s, d[k], d[k + 1])
Q = s + (d[k] + d[k + 1] - 2 * s) * xi * (1 - xi)
num = d[k + 1] * xi**2 + 2 * s * xi * (1 - xi) + d[k] * (1 - xi) ** 2
return zk[k] + xi * w, 2 * np.log(Q) - 2 * np.log(s) - np.log(num)
""",
    ),
    Planted(
        "7.4",
        "Gauss-Legendre check: uses the rule by differences",
        r"""
p, q = clenshaw_curtis(n)
total = 0.0
vals = f(p * x)
for i in range(n + 1):
    total += q[i] * vals[i]
return total * x + c, np.log(f(np.array([float(x)]))[0])
""",
    ),
    Planted(
        "7.7",
        "own bisection",
        r"""
x, total = np.zeros(len(z)), 0.0
for i, target in enumerate(z):
    theta = read(network(nets[i], x[:i]))
    lo, hi = -1.0, 1.0
    while deep_sigmoid(lo, *theta)[0] > target:
        lo *= 2
    while deep_sigmoid(hi, *theta)[0] < target:
        hi *= 2
    for _ in range(200):
        m = 0.5 * (lo + hi)
        lo, hi = (m, hi) if deep_sigmoid(m, *theta)[0] < target else (lo, m)
    x[i] = 0.5 * (lo + hi)
    total -= deep_sigmoid(x[i], *theta)[1]
return x, total
""",
    ),
    Planted(
        "8.2",
        "helper and list",
        r"""
def held(W):
    sigma = power_iteration(W, np.ones(W.shape[1]), steps)[0]
    return W if sigma <= np.sqrt(L) else W * (np.sqrt(L) / sigma)

return tuple(held(q) if q.ndim == 2 else q for q in weights)
""",
    ),
    Planted(
        "8.3",
        "log1p of eigenvalues",
        r"""
value, J = network(weights, z)
return value + z, float(np.sum(np.log(np.linalg.eigvals(J + np.eye(len(z)))).real))
""",
    ),
    Planted(
        "8.6",
        "random numbers compared",
        r"""
v = np.where(rng.random(len(A)) < 0.5, -1.0, 1.0)
return sum(v[i] * A[i, j] * v[j] for i in range(len(A)) for j in range(len(A)))
""",
    ),
    Planted(
        "8.8",
        "double loop",
        r"""
a = [(-1) ** (k + 1) * eigenvalue**k / k for k in range(1, terms + 1)]
r = [(1 - p) ** -max(0, k - m) - 1 for k in range(1, terms + 1)]
out = 0.0
for i in range(terms):
    out += r[i] * a[i] ** 2 + 2 * r[i] * a[i] * sum(a[i + 1 :])
return out
""",
    ),
]

WRONG = [
    Planted(
        "1.1",
        "ignores base_log_prob: always the standard normal",
        r"""
z, log_det = inverse(x)
return -0.5 * (z @ z) - 0.5 * len(z) * np.log(2 * np.pi) + log_det
""",
        "the base is always the standard normal",
    ),
    Planted(
        "1.7",
        "the two sentences swapped: numeric + reported means applied",
        r"""
J = numeric_jacobian(lambda q: f(q)[0], v)
numeric = np.linalg.slogdet(J)[1]
ld = f(v)[1]
if abs(numeric) < 1e-3:
    return "undecided: the log-det is 0 here, and 0 is minus 0; take another point"
if abs(ld + numeric) < 1e-5:
    return "the log-det of the map that it applied"
elif abs(ld - numeric) < 1e-5:
    return "the log-det of the inverse of the map that it applied"
return "something else: a mistake, or a part of the log-det"
""",
        "the two directions are exchanged",
    ),
    Planted(
        "1.7",
        "undecided is judged by what f reports, not by the numeric value",
        r"""
numeric = np.linalg.slogdet(numeric_jacobian(lambda q: f(q)[0], v))[1]
ld = f(v)[1]
if abs(ld) < 1e-3:
    return "undecided: the log-det is 0 here, and 0 is minus 0; take another point"
if abs(ld - numeric) < 1e-5:
    return "the log-det of the map that it applied"
if abs(ld + numeric) < 1e-5:
    return "the log-det of the inverse of the map that it applied"
return "something else: a mistake, or a part of the log-det"
""",
        "it looks whether the reported number is 0, not the true one",
    ),
    Planted(
        "1.7",
        "log of det without abs: NaN for a map that flips",
        r"""
numeric = np.log(np.linalg.det(numeric_jacobian(lambda q: f(q)[0], v)))
ld = f(v)[1]
if abs(numeric) < 1e-3:
    return "undecided: the log-det is 0 here, and 0 is minus 0; take another point"
if abs(ld - numeric) < 1e-5:
    return "the log-det of the map that it applied"
if abs(ld + numeric) < 1e-5:
    return "the log-det of the inverse of the map that it applied"
return "something else: a mistake, or a part of the log-det"
""",
        "log det is taken, not log|det|: the map flips an axis",
    ),
    Planted(
        "1.7",
        "compares absolute values: never says inverse",
        r"""
numeric = np.linalg.slogdet(numeric_jacobian(lambda a: f(a)[0], v))[1]
reported = f(v)[1]
if abs(numeric) < 1e-3:
    return "undecided: the log-det is 0 here, and 0 is minus 0; take another point"
if abs(abs(reported) - abs(numeric)) < 1e-5:
    return "the log-det of the map that it applied"
if abs(reported + numeric) < 1e-5:
    return "the log-det of the inverse of the map that it applied"
return "something else: a mistake, or a part of the log-det"
""",
        "the sign of the log-det is not looked at",
    ),
    Planted(
        "1.7",
        "takes the determinant, not its logarithm",
        r"""
numeric = np.linalg.det(numeric_jacobian(lambda a: f(a)[0], v))
reported = f(v)[1]
if abs(numeric) < 1e-3:
    return "undecided: the log-det is 0 here, and 0 is minus 0; take another point"
if abs(reported - numeric) < 1e-5:
    return "the log-det of the map that it applied"
if abs(reported + numeric) < 1e-5:
    return "the log-det of the inverse of the map that it applied"
return "something else: a mistake, or a part of the log-det"
""",
        "it compares with det, not with its logarithm",
    ),
    Planted(
        "1.7",
        "undecided is tested last, so 0 counts as agreement",
        r"""
numeric = np.linalg.slogdet(numeric_jacobian(lambda a: f(a)[0], v))[1]
reported = f(v)[1]
if abs(reported - numeric) < 1e-5:
    return "the log-det of the map that it applied"
if abs(reported + numeric) < 1e-5:
    return "the log-det of the inverse of the map that it applied"
if abs(numeric) < 1e-3:
    return "undecided: the log-det is 0 here, and 0 is minus 0; take another point"
return "something else: a mistake, or a part of the log-det"
""",
        "a log-det of 0 is not left undecided",
    ),
    Planted(
        "3.4",
        "at x = centre it divides by 0",
        r"""
d = x - centre
rx = np.linalg.norm(d)
B = gamma - rx
root = np.sqrt(B**2 + 4 * alpha * rx)
r = 2 * alpha * rx / (B + root) if B > 0 else (root - B) / 2
z = centre + r * d / rx
return z, -radial_forward(z, centre, alpha, gamma)[1]
""",
        "it is 0/0 at the centre",
    ),
    Planted(
        "4.2",
        "the inverse returned in the order of the halves (kept first)",
        r"""
s, t = network(s_net, x[keep])[0], network(t_net, x[keep])[0]
return np.concatenate([x[keep], (x[~keep] - t) * np.exp(-s)]), -s.sum()
""",
        "the halves are joined one after the other, not put back in their places",
    ),
    Planted(
        "4.2",
        "the result is reversed",
        r"""
s, t = network(s_net, x[keep])[0], network(t_net, x[keep])[0]
z = x.copy()
z[~keep] = (x[~keep] - t) * np.exp(-s)
return z[::-1], -s.sum()
""",
        "z comes back reversed",
    ),
    Planted(
        "4.2",
        "the changed ones come back shifted by one place (np.roll)",
        r"""
(s, _), (t, _) = network(s_net, x[keep]), network(t_net, x[keep])
z = x.copy()
z[~keep] = np.roll((x[~keep] - t) * np.exp(-s), 1)
return z, -s.sum()
""",
        "the changed variables stand in each other's places",
    ),
    Planted(
        "4.2",
        "only the sign of s in the scale lost: abs(s)",
        r"""
(s, _), (t, _) = network(s_net, x[keep]), network(t_net, x[keep])
z = x.copy()
z[~keep] = (x[~keep] - t) * np.exp(-np.abs(s))
return z, -s.sum()
""",
        "the scale is e^(-|s|)",
    ),
    Planted(
        "4.2",
        "networks s and t swapped",
        r"""
s, t = network(t_net, x[keep])[0], network(s_net, x[keep])[0]
z = x.copy()
z[~keep] = (x[~keep] - t) * np.exp(-s)
return z, -s.sum()
""",
        "s and t are exchanged",
    ),
    Planted(
        "4.3",
        "ds multiplied by the columns, not the rows",
        r"""
(s, ds), (_, dt) = network(s_net, z[keep]), network(t_net, z[keep])
J = np.eye(len(z))
J[np.ix_(~keep, ~keep)] = np.diag(np.exp(s))
if keep.sum() == len(s):
    J[np.ix_(~keep, keep)] = ds * (np.exp(s) * z[~keep]) + dt
else:
    J[np.ix_(~keep, keep)] = (np.exp(s) * z[~keep])[:, None] * ds + dt
return J
""",
        "J is wrong",
    ),
    Planted(
        "5.3",
        "log-det twice",
        r"""
mu, s, _, _ = net(x)
return (x - mu) * np.exp(-s), -2 * s.sum()
""",
        "the log-det is doubled",
    ),
    Planted(
        "6.2",
        "the branch is chosen by the sign of a, not of b",
        r"""
delta = d0 + d1 - 2 * s
a, b, c = s - d0 + y * delta, d0 - y * delta, -s * y
root = np.sqrt(max(b**2 - 4 * a * c, 0.0))
return (root - b) / (2 * a) if a > 0 else 2 * c / (-b - root)
""",
        "xi is wrong",
    ),
    Planted(
        "8.4",
        "steps ignored: 10000 always",
        r"""
z = x
for _ in range(100000):
    step = x - network(weights, z)[0] - z
    if np.abs(step).max() <= tolerance * max(1.0, np.abs(x).max()):
        return z, -residual_forward(z, weights)[1]
    z = z + step
raise ValueError(
    f"the iteration must reach {tolerance:.0e} in {steps} steps; its residual is {np.abs(step).max():.1e}"
)
""",
        "it takes more steps than `steps`",
    ),
    Planted(
        "8.6",
        "an own generator, seeded: every draw the same",
        r"""
rng = np.random.default_rng(0)
v = rng.choice([-1.0, 1.0], len(A))
return v @ A @ v
""",
        "v is the same in every draw, up to its sign",
    ),
    Planted(
        "8.6",
        "only the sum of v A (v not on the right)",
        r"""
v = rng.choice([-1.0, 1.0], len(A))
return (v @ A).sum()
""",
        "the sign of v_i does not cancel in v_i A_ii v_i",
    ),
    Planted(
        "8.6",
        "v^T A only summed against |v|: v A |v|",
        r"""
v = rng.choice([-1.0, 1.0], len(A))
return v @ A @ np.abs(v)
""",
        "the sign of v_i does not cancel in v_i A_ii v_i",
    ),
    Planted(
        "8.6",
        "one different sign for each entry of A: a random matrix of signs",
        r"""
S = rng.choice([-1.0, 1.0], A.shape)
return np.sum(S * A)
""",
        "the sign of v_i does not cancel in v_i A_ii v_i",
    ),
    Planted(
        "8.6",
        "diagonal multiplied by v, not v twice: sum v_i A_ii",
        r"""
v = rng.choice([-1.0, 1.0], len(A))
return np.sum(v * np.diag(A))
""",
        "the sign of v_i does not cancel in v_i A_ii v_i",
    ),
    Planted(
        "8.6",
        "the second v is shuffled (rng.permutation)",
        r"""
v = rng.choice([-1.0, 1.0], len(A))
return v @ A @ rng.permutation(v)
""",
        "the sign of v_i does not cancel in v_i A_ii v_i",
    ),
    Planted(
        "8.6",
        "choice without replacement-like: signs alternate from a random start",
        r"""
v = rng.choice([-1.0, 1.0]) * (-1.0) ** np.arange(len(A))
return v @ A @ v
""",
        "v is the same in every draw, up to its sign",
    ),
    Planted(
        "8.6",
        "two different draws on the two sides",
        r"""
return rng.choice([-1.0, 1.0], len(A)) @ A @ rng.choice([-1.0, 1.0], len(A))
""",
        "the sign of v_i does not cancel in v_i A_ii v_i",
    ),
    Planted(
        "8.6",
        "|A v|^2",
        r"""
v = rng.choice([-1.0, 1.0], len(A))
return (A @ v) @ (A @ v)
""",
        "A stands in it twice",
    ),
    Planted(
        "8.7",
        "factor 1/(1-p) from the first term on: exponent k, not k - m",
        r"""
v = rng.choice([-1.0, 1.0], len(J))
n = m - 1 + rng.geometric(p)
y, t, w = v.copy(), 0.0, np.zeros(len(J))
for k in range(1, n + 1):
    r = (-1.0) ** (k + 1) / (1 - p) ** k
    w += r * y
    y = J.T @ y
    t += r / k * (y @ v)
return t, w, v
""",
        "the weights start at the first term, not after m terms",
    ),
    Planted(
        "8.7",
        "exponent one too many: k - m + 1",
        r"""
v = rng.choice([-1.0, 1.0], len(J))
y, t, w = v, 0.0, np.zeros(len(J))
for k in range(1, m + rng.geometric(p)):
    r = (-1.0) ** (k + 1) * (1 - p) ** -max(0, k - m + 1)
    w = w + r * y
    y = J.T @ y
    t += r / k * (y @ v)
return t, w, v
""",
        "the weights start one term too soon",
    ),
    Planted(
        "1.3",
        "the default slope in the log-det",
        r"""
x = np.maximum(z, a * z)
return x, np.sum(z < 0) * np.log(0.3)
""",
        "the slope of the signature is counted, not the one that is given",
    ),
    Planted(
        "1.3",
        "0 on the other branch",
        r"""
return np.where(z > 0, z, a * z), np.where(z > 0, 0.0, np.log(a)).sum()
""",
        "at 0 the slope a is counted",
    ),
    Planted(
        "3.4",
        "no 4, in both forms",
        r"""
d = x - centre
r_x = np.sqrt(d @ d)
B = gamma - r_x
root = np.sqrt(B**2 + alpha * r_x)
r = 2 * alpha * r_x / (B + root) if B > 0 else (root - B) / 2
z = centre + d * (alpha + r) / (gamma + r)
return z, -radial_forward(z, centre, alpha, gamma)[1]
""",
        "the 4 under the square root is missing",
    ),
    Planted(
        "6.2",
        "no 4, in both forms",
        r"""
delta = d0 + d1 - 2 * s
a, b, c = s - d0 + y * delta, d0 - y * delta, -s * y
root = np.sqrt(max(b**2 - a * c, 0.0))
return (root - b) / (2 * a) if b < 0 else 2 * c / (-b - root)
""",
        "the discriminant is b^2 - ac",
    ),
    Planted(
        "6.2",
        "no s in c, in both forms",
        r"""
delta = d0 + d1 - 2 * s
a, b, c = s - d0 + y * delta, d0 - y * delta, -y
root = np.sqrt(max(b**2 - 4 * a * c, 0.0))
return (root - b) / (2 * a) if b < 0 else 2 * c / (-b - root)
""",
        "c lacks the factor s",
    ),
    Planted(
        "10.1",
        "no unit matrix",
        r"""
Si = np.linalg.inv(S)
P = np.linalg.inv(A.T @ Si @ A)
return P @ A.T @ Si, P
""",
        "the unit matrix, the prior's part, is missing",
    ),
    Planted(
        "10.1",
        "the diagonal of S",
        r"""
Si = np.diag(1 / np.diag(S))
P = np.linalg.inv(np.eye(A.shape[1]) + A.T @ Si @ A)
return P @ A.T @ Si, P
""",
        "only the diagonal of S is used",
    ),
    Planted(
        "12.3",
        "log 1/4 for each number",
        r"""
C, H, W = x.shape
z = np.stack([x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)], axis=1).reshape(4 * C, H // 2, W // 2)
return z, C * H * W * np.log(0.25)
""",
        "moving numbers is said to change the volume",
    ),
    Planted(
        "13.7",
        "rows of k alone",
        r"""
N = len(k)
def T(q):
    return own_mean(q[:n, :n]) + own_mean(q[n:, n:]) - 2 * q[:n, n:].mean()
t = T(k)
return t, (1 + sum(T(k[rng.permutation(N)]) >= t - 1e-12 for _ in range(P))) / (1 + P)
""",
        "the rows of k are moved, and its columns are not",
    ),
    Planted(
        "13.7",
        "within the samples",
        r"""
N = len(k)
def T(p):
    q = k[np.ix_(p, p)]
    return own_mean(q[:n, :n]) + own_mean(q[n:, n:]) - 2 * q[:n, n:].mean()
t = T(np.arange(N))
return t, (1 + sum(T(np.r_[rng.permutation(n), n + rng.permutation(N - n)]) >= t - 1e-12 for _ in range(P))) / (1 + P)
""",
        "every random division is the given one",
    ),
]
