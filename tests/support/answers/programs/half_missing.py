import numpy as np

sc, sh = np.array([1.4, 0.5]), np.array([-1.0, 2.0])
forward = lambda z: (np.arcsinh(z) * sc + sh, np.sum(np.log(sc) - 0.5 * np.log1p(z**2), axis=1))
back = lambda x: np.sinh((x - sh) / sc)
inverse = lambda x: (back(x), -forward(back(x))[1])
lp = lambda x: inverse(x)[1] - np.sum(back(x) ** 2, axis=1) - np.log(2 * np.pi)
draw = lambda n, rng: forward(rng.standard_normal((n, 2)))[0]
SUBJECT = (forward, inverse)
OPTIONS = {"dims": (2,), "log_prob": lp, "sample": draw}
