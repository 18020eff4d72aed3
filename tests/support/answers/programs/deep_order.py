import numpy as np

conf = {"depth": 4, "dim": 5}
gen = np.random.default_rng(201)
theta = []
for k in range(conf["depth"]):
    theta.append({"A": gen.normal(size=(2, 3)) * 0.5, "B": gen.normal(size=(2, 3)), "perm": gen.permutation(5)})
theta[1]["perm"] = np.array([1, 2, 4, 0, 3])


def forward(z):
    total = np.zeros(z.shape[0])
    for th in theta:
        head, tail = z[:, :2], z[:, 2:]
        ls = np.tanh(head @ th["A"])
        tail = np.exp(ls) * tail + np.cos(head @ th["B"])
        z = np.concatenate([head, tail], 1)[:, th["perm"]]
        total += ls.sum(1)
    return z, total


def inverse(x):
    total = np.zeros(x.shape[0])
    for th in theta[::-1]:
        x = x[:, th["perm"]]
        head, tail = x[:, :2], x[:, 2:]
        ls = np.tanh(head @ th["A"])
        tail = (tail - np.cos(head @ th["B"])) * np.exp(-ls)
        x = np.concatenate([head, tail], 1)
        total -= ls.sum(1)
    return x, total


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (5,)}
