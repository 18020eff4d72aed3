"""No false alarm: correct layers of every style pass the audit, in both dtypes, whatever the seed."""

import numpy as onp
import pytest
from cases import CASES
from healthy import HEALTHY
from mutants.mutant import audit_density
from pairs.density import density
from share import few

import nfscratch as nf
from nfscratch import trees

NOT_IN_LAWS = "PITOG"  # the letters that repeat no law of test_laws.py, and
DEAR = "EKN"  # those which take three times as long as the others together: a tenth of the cases in the default run
OF_A_SEARCH = "PITG"  # where a row takes milliseconds; the exhaustive run asks the others
STEADY = ["coupling", "spline", "PLU", "tanh", "logit", "leaky ReLU", "heavy"]
MOVING = {name: case for name, case in CASES.items() if case.moves}
QUICK = [name for name, case in MOVING.items() if not case.searched]
every_case = pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in MOVING.items()])


def shared(names, every):
    """One of so many in the default run; the exhaustive one has them all, with more dimensions and draws."""
    return list(names)[::every]


def passes(subject, dims, seed, **options):
    nf.check.audit(subject, dims=dims, show=False, rng=onp.random.default_rng(seed), **options).raise_if_failed()


@pytest.mark.parametrize("name", shared([name for name, case in MOVING.items() if not case.like], 8))
def test_a_case_passes_the_letters_that_no_law_repeats(name):
    case = MOVING[name]
    passes(case.make, (2,), 3, letters=OF_A_SEARCH if case.searched else NOT_IN_LAWS, draws=1)
    passes(case.make, (5,), 3, letters="T")


@pytest.mark.parametrize("name", shared(QUICK, 20))
def test_a_case_passes_the_dear_letters(name):
    passes(MOVING[name].make, (2,), 3, letters=DEAR, draws=1)


@pytest.mark.exhaustive
@every_case
def test_a_case_passes(case):
    passes(case.make, (1, 2) if case.searched else (1, 2, 5), 3)


@pytest.mark.parametrize("name", shared(HEALTHY, 10))
def test_a_correct_layer_passes_in_one_dimension(name):
    dims = HEALTHY[name].dims
    passes(HEALTHY[name].subject, (dims[len(dims) // 2],), 4, draws=1, **HEALTHY[name].options)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", HEALTHY)
def test_a_correct_layer_passes(name):
    passes(HEALTHY[name].subject, HEALTHY[name].dims, 4, **HEALTHY[name].options)


@pytest.mark.parametrize(
    ("name", "seed"),
    few(
        [(name, seed) for name in STEADY for seed in range(5)],
        [("coupling", 0), ("PLU", 0), ("logit", 0), ("heavy", 0)],
    ),
)
def test_no_seed_makes_an_alarm(name, seed):
    passes(HEALTHY[name].subject, HEALTHY[name].dims[-2:], 100 + seed, **HEALTHY[name].options)


@pytest.mark.parametrize("name", ["conditioned planar", "coupling affine, context", "IAF, the other form, context"])
def test_a_case_passes_whatever_dtype_is_in_use(name):
    nf.use(dtype="float32")
    try:
        passes(CASES[name].make, (2,), 3, letters="SPIRXJT", draws=1)
    finally:
        nf.use(dtype="float64")


@pytest.mark.parametrize("name", ["coupling affine, context", "autoregressive, context", "chain"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_fresh_parameters_pass_where_a_layer_still_depends_on_nothing(name, dtype):
    layer = CASES[name].make(3)
    params = trees.cast(layer.init(onp.random.default_rng(0)), dtype)
    nf.check.audit(layer, params=params, show=False, letters="SPIRXJT").raise_if_failed()


def test_a_dependency_that_is_missing_at_all_parameters_is_still_found():
    class Forgets(nf.Coupling):
        def forward(self, params, z, context=None):
            x, log_det = super().forward(params, z * onp.array([0.0, 1.0, 1.0]), context)
            return x + z * onp.array([1.0, 0.0, 0.0]), log_det

    def failures(layer):
        params = layer.init(onp.random.default_rng(0))
        return nf.check.audit(layer, params=params, show=False, letters="T").failures

    assert not failures(nf.Coupling(nf.Affine(), [True, True, False]))
    assert "x_2 never depends on z_0, which is kept" in failures(Forgets(nf.Affine(), [True, True, False]))[0].message


def test_a_density_beside_a_pair_passes():
    report = audit_density(density(), {"dims": (1, 2, 5), "show": False, "rng": onp.random.default_rng(0)})
    report.raise_if_failed()


def test_there_are_enough_of_them():
    assert len(HEALTHY) >= 30


@pytest.mark.parametrize("dim", few([2, 5], [2]))
def test_waves_that_are_shorter_than_the_steps_of_a_difference_are_not_accused(dim):
    """At 1e3 a last digit moves z by as much as 1e5: sines of sines, three layers of an affine autoregressive map."""
    rng = onp.random.default_rng(8 * 31 + dim)
    below = [onp.tril(rng.normal(size=(2, dim, dim)), -1) for _ in range(3)]

    def parameters(A, v):
        return 2 * onp.tanh(onp.sin(v) @ A[0].T), onp.tanh(v) @ A[1].T

    def forward(z):
        total = onp.zeros(len(z))
        for A in below:
            s, t = parameters(A, z)
            z, total = (z * onp.exp(s) + t)[:, ::-1], total + s.sum(axis=1)
        return z, total

    def inverse(x):
        total = onp.zeros(len(x))
        for A in reversed(below):
            z = onp.zeros_like(x)
            for i in range(dim):
                s, t = parameters(A, z)
                z[:, i] = (x[:, dim - 1 - i] - t[:, i]) * onp.exp(-s[:, i])
            x, total = z, total - parameters(A, z)[0].sum(axis=1)
        return x, total

    nf.check.audit((forward, inverse), dims=(dim,), show=False, rng=onp.random.default_rng(0)).raise_if_failed()


def test_an_image_of_no_rows_may_have_no_width():
    def forward(z):
        image = z.reshape(len(z), 2, 1, 2)[:, ::-1]
        return 2 * image.reshape(len(z), -1), len(z[0]) * onp.log(2.0) * onp.ones(len(z)) if len(z) else onp.zeros(0)

    def inverse(x):
        image = x.reshape(len(x), 2, 1, 2)[:, ::-1] / 2
        return image.reshape(len(x), -1), -4 * onp.log(2.0) * onp.ones(len(x))

    with pytest.raises(ValueError, match="cannot reshape array of size 0"):
        inverse(onp.zeros((0, 4)))
    passes((forward, inverse), (4,), 0)
