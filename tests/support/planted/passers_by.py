"""More mistakes by people who had not read the checks: those that had a wrong name or none, or passed."""

from planted import changed

OWN = "np.random.default_rng(3)"

WRONG = [
    changed("01", "1.5", "-np.log(10)", "-2 * np.log(10)", "log 10 is counted twice, for both variables"),
    changed("01", "1.7", "abs(reported - numeric) < 1e-5", "abs(reported - numeric) < 0.05", "numbers that are 0.01 apart are taken for equal"),
    changed("01", "1.7", "abs(numeric) < 1e-3", "abs(numeric) < 0.05", "a log-det of 0.03 is taken for 0"),
    changed("01", "1.7", "abs(reported + numeric)", "(reported + numeric)", "sentence is wrong"),
    changed("03", "3.4", " if B > 0 else (root - B) / 2", "", "digits are lost where B < 0"),
    changed("02", "2.6", "householder_inverse(x, vectors, b)", "householder_inverse(x, vectors[::-1], b)",
            "the vectors are reversed before householder_inverse, which reverses their order itself"),
    changed("05", "5.3", "(x - mu) * np.exp(-s)", "((x - mu) * np.exp(-s)).astype(np.float32)", "z has only single precision (float32)"),
    changed("05", "5.4", "2 * known.sum()", "2 * known.size", "masked weights of the output are multiplied too"),
    changed("05", "5.4", "new.sum() * below.sum()", "new.sum() * below.size", "masked weights of the hidden layers are multiplied too"),
    changed("06", "6.3", "np.cumsum(share)[:-1]", "np.cumsum(share)[1:]", "each inner knot is one too far to the right"),
    changed("07", "7.7", "total - log_slope", "total - deep_sigmoid(z[i], *theta)[1]", "the slopes are taken at z, not at the x that was found"),
    changed("07", "7.2", "softplus(-s)), lse(", "np.log(1 + np.exp(-s))), lse(", "z is not a finite real number"),
    changed("07", "7.4", "(q @ f(x * points))", "f(x * points).mean()", "the values of f are averaged: the weights are left out"),
    changed("08", "8.4", "np.abs(step).max() <=", "step.max() <=", "z is wrong"),
    changed("08", "8.5", "/ k *", "/ (k + 1) *", "it is divided by k + 1, not by k"),
    changed("08", "8.6", "rng.choice", "np.random.default_rng(0).choice", "v is the same in every draw, up to its sign"),
    changed("08", "8.7", "v = rng.choice", f"rng = {OWN}\n    v = rng.choice", "every generator gives the same draw"),
    changed("10", "10.7", "(np.log(high - low) - softplus(u) - softplus(-u)).sum()",
            "np.log(high - low).sum() - (softplus(u) + softplus(-u)).mean()", "the mean of the sp is taken, not their sum"),
    changed("11", "11.8", "w.sum() ** 2 / (w**2).sum()", "1 / (w**2).sum()", "the weights are not divided by their sum"),
    changed("12", "12.2", "-logit_of_levels(y, V, alpha)[1]", "-logit_of_levels(ell, V, alpha)[1]", "it is taken at ell, not at the y that was found"),
    changed("13", "13.4", "np.log(len(rows))", "np.log(len(x))", "it is divided by the number of points x, not of rows"),
    changed("13", "13.7", "rng.permutation(len(k))[:n]", "rng.permutation(len(k))[:m]", "the random divisions have another size than N"),
    changed("13", "13.7", "k, m, first =", f"rng = {OWN}\n    k, m, first =", "every generator gives the same p-value"),
    changed("14", "14.1", "-np.asarray(log_p) / np.log(2)", "-np.asarray(log_p) / np.log(10)", "the density's term is divided by log 10, not by log 2"),
]  # fmt: skip
