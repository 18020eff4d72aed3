# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Questions that people ask
#
# Each answer ends with a number that the cell below it computes.

# %%
import numpy as np
from scipy.optimize import minimize

import nfscratch as nf

rng = np.random.default_rng(0)


def log_normal(x, mean=0.0, std=1.0):
    """log N(x; mean, std^2)."""
    return -0.5 * ((x - mean) / std) ** 2 - np.log(std) - 0.5 * np.log(2 * np.pi)


# %% [markdown]
# ## Can log p be positive?
#
# Yes. $p(x)$ is a density: probability per unit of $x$, and it may be larger than 1. What is at most 1 is a probability, the density times a width. A normal with the standard deviation 0.01 has $\log p(0) = 3.686$, and still the interval from $-0.01$ to $0.01$ has the probability 0.683.

# %%
x = np.linspace(-0.01, 0.01, 2001)
peak = log_normal(0.0, std=0.01)
inside = np.trapezoid(np.exp(log_normal(x, std=0.01)), x)
print(f"log p(0) = {peak:.3f}; probability of [-0.01, 0.01] = {inside:.3f}")
assert abs(peak - 3.686) < 5e-4 and abs(inside - 0.683) < 5e-4

# %% [markdown]
# ## Is a negative loss wrong?
#
# No. The loss is the mean of $-\log p$, so it is negative where the density is mostly larger than 1, and its zero means nothing. Give the same lengths once in metres and once in millimetres: the numbers are 1000 times as large, the density is 1000 times as small, and the loss is $\log 1000 = 6.908$ nats higher, for the same fit. Compare losses of the same data in the same units only. How far a fit may get is known where the entropy is: no model's expected loss is below it.

# %%
metres = rng.normal(1.7, 0.08, size=2000)


def loss_of_best_normal(x):
    return -log_normal(x, x.mean(), x.std()).mean()


in_metres, in_millimetres = loss_of_best_normal(metres), loss_of_best_normal(1000 * metres)
print(
    f"loss in metres {in_metres:.3f}, in millimetres {in_millimetres:.3f}, difference {in_millimetres - in_metres:.3f}"
)
assert in_metres < 0 < in_millimetres and abs(in_millimetres - in_metres - np.log(1000)) < 1e-9

# %% [markdown]
# ## Which KL?
#
# With data, the forward one, $\mathrm{KL}(p_* \| p)$ with $p_*$ the truth: maximum likelihood minimises it, and the model has to cover all of the data. With a formula in place of data, the reverse one, $\mathrm{KL}(p \| p_*)$: its average runs over the model's own draws, and the model may forget a hump. For two humps at $-3$ and $3$, the normal with the least forward KL has the standard deviation 3.16 and lies across both. The one with the least reverse KL has 1.02 and sits on one, at the price of $\log 2$, about 0.69 nats.

# %%
x = np.linspace(-14, 14, 2801)
humps = np.logaddexp(log_normal(x, -3), log_normal(x, 3)) - np.log(2)


def kl(log_p, log_q):
    return np.trapezoid(np.exp(log_p) * (log_p - log_q), x)


def normal(theta):
    return log_normal(x, theta[0], np.exp(theta[1]))


forward = minimize(lambda theta: kl(humps, normal(theta)), (1.0, 0.0), method="Nelder-Mead")
reverse = minimize(lambda theta: kl(normal(theta), humps), (1.0, 0.0), method="Nelder-Mead")
for name, best in (("forward", forward), ("reverse", reverse)):
    print(
        f"least {name} KL: {best.fun:.2f} nats, mean {abs(best.x[0]):.2f}, standard deviation {np.exp(best.x[1]):.2f}"
    )
assert abs(np.exp(forward.x[1]) - 3.16) < 5e-3 and abs(np.exp(reverse.x[1]) - 1.02) < 5e-3
assert abs(reverse.fun - 0.69) < 5e-3 and abs(forward.x[0]) < 1e-3

# %% [markdown]
# ## Which way is forward?
#
# Here forward is $z \to x$, from noise to data, as you draw; inverse is $x \to z$, as you evaluate a density. Other libraries call it the other way round: see the table of directions. Each direction returns the log-determinant of the map that it just applied, so a log-density has a minus where you come by forward, and a plus where you come by inverse. With the wrong sign it is off by twice the log-determinant: for the map $x = 2z$ in one variable, by $2 \log 2 = 1.386$ nats.

# %%
double = nf.Diagonal(1)
params = {"log_diagonal": 10 * np.arctanh(np.log([2.0]) / 10), "shift": np.zeros(1)}  # its log-scale is bounded by 10
z = np.array([[0.5]])
x, log_det = double.forward(params, z)
assert np.allclose(x, 1.0) and np.allclose(log_det, np.log(2)) and np.allclose(double.inverse(params, x)[1], -log_det)
right, wrong = log_normal(z[:, 0]) - log_det, log_normal(z[:, 0]) + log_det
truth = log_normal(x[:, 0], std=2.0)
print(f"log p(x) = {right[0]:.3f}, by N(0, 4) {truth[0]:.3f}; with the wrong sign {wrong[0]:.3f}")
assert np.allclose(right, truth) and abs(wrong[0] - right[0] - 1.386) < 5e-4

# %% [markdown]
# ## What is context?
#
# The $y$ of $p(x \mid y)$: what you know when you ask for $x$. The flow's maps depend on it, and it has no density and no place in the Jacobian. A class, a regressor, the data of which $x$ is the cause: all of these are contexts. What a context is worth can be measured: it lowers the best loss by the mutual information of $x$ and $y$. For $x = 2y + \varepsilon$ with standard normal $y$ and $\varepsilon$ that is $\frac12 \log 5 = 0.805$ nats.

# %%
y = rng.normal(size=(4000, 1))
x = 2 * y + rng.normal(size=(4000, 1))
losses = []
for context, width in ((None, 0), (y, 1)):
    flow = nf.flows.linear(1, context_dim=width)
    result = nf.fit(
        flow, x[:2000], context=None if context is None else context[:2000], rng=0, steps=300, progress=False
    )
    rest = () if context is None else (context[2000:],)
    losses.append(-flow.log_prob(result.params, x[2000:], *rest))
gain = losses[0] - losses[1]
print(f"loss without context {losses[0].mean():.3f}, with it {losses[1].mean():.3f}: {gain.mean():.3f} nats better")
assert abs(gain.mean() - 0.805) < 4 * gain.std() / np.sqrt(len(gain))

# %% [markdown]
# ## Why are my bits per dimension off by a constant?
#
# Because they belong to other units. Bits per dimension are $-\log_2 p(x) / D$ for whole numbers $x$, in steps of 1. Whoever divides pixels by 256 first, as most programs do, has another density, and owes $\log_2 256 = 8$ bits for each dimension. A constant of 5 instead of 8 belongs to images of 5 bits, a factor of 1.443 to nats that are called bits, and a number that grows with the image to a sum that was not divided by $D$. Uniform pixels are a good test: no model can do better than 8 bits for them, and none should do worse.

# %%
pixels = rng.integers(256, size=(1000, 64))
noisy = (pixels + rng.uniform(size=pixels.shape)) / 256  # in [0, 1), where the true density is 1
log_p_scaled = np.zeros(len(noisy))  # log of that density
log_p = log_p_scaled - pixels.shape[1] * np.log(256)  # of the pixels: the log-det of the division
wrong, right = (0 - values.mean() / (pixels.shape[1] * np.log(2)) for values in (log_p_scaled, log_p))
print(
    f"bits per dimension: {wrong:.3f} after a division by 256, {right:.3f} of the pixels; 1 nat is {1 / np.log(2):.3f} bits"
)
assert wrong == 0 and abs(right - 8) < 1e-12 and abs(1 / np.log(2) - 1.443) < 5e-4
