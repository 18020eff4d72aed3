"""Flows of other libraries, where these are installed: right ones are not accused, and a wrong one is named."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.check import Mistake
from nfscratch.check.adapters import adapted

LETTERS = "SPIRXJDK"  # E: an empty batch, which some of them refuse


def audited(subject, **options):
    return nf.check.audit(subject, letters=LETTERS, show=False, rng=onp.random.default_rng(0), **options)


def sound(subject, letters="RXJ", **options):
    report = audited(subject, **options)
    report.raise_if_failed()
    assert {line.letter for line in report.lines if line.status.value == "holds"} >= set(letters)


def test_what_is_of_no_known_library_is_not_adapted():
    assert adapted(3) is None and adapted(lambda dim: nf.ActNorm(dim)) is None and adapted(nf.flows.maf(2)) is None


def test_zuko():
    zuko = pytest.importorskip("zuko")
    sound(zuko.flows.NSF(3, 0, hidden_features=(8,), transforms=2), "RXJDK")
    sound(zuko.flows.MAF(2, 3, hidden_features=(8,), transforms=1), "RXJD", context=[[0.1, 0.2, 0.3]])


def test_normflows_and_a_mistake_in_one_of_its_layers():
    normflows = pytest.importorskip("normflows")
    network = normflows.nets.MLP([2, 8, 4], init_zeros=False)
    layers = [normflows.flows.AffineCouplingBlock(network), normflows.flows.Permute(4, mode="swap")]
    sound(normflows.NormalizingFlow(normflows.distributions.base.DiagGaussian(4), layers), "RXJDK")

    class Flipped(normflows.flows.AffineConstFlow):
        def forward(self, z):
            x, log_det = super().forward(z)
            return x, -log_det

    wrong = Flipped((3,))
    wrong.s.data += 0.5
    assert audited(wrong, dims=(3,)).failures[0].mistake is Mistake.SIGN


def test_nflows():
    pytest.importorskip("nflows")
    from nflows import distributions, flows, transforms

    layers = [transforms.MaskedAffineAutoregressiveTransform(3, 8), transforms.RandomPermutation(3)]
    sound(flows.Flow(transforms.CompositeTransform(layers), distributions.StandardNormal([3])), "RXJDK")


def test_a_transform_of_pyro_that_was_used_before():
    """It holds what it computed last, with the history of its gradient."""
    transforms = pytest.importorskip("pyro.distributions.transforms")
    torch = pytest.importorskip("torch")
    used = transforms.Spline(3, count_bins=4).double()
    used.log_abs_det_jacobian(z := torch.zeros(2, 3).double(), used(z))
    sound(used, dims=(3,))
    assert used.unnormalized_widths.dtype == torch.float64 and used(z).requires_grad


def test_torch_distributions():
    torch = pytest.importorskip("torch")
    from torch import distributions

    base = distributions.Normal(torch.zeros(3), torch.ones(3))
    sound(distributions.TransformedDistribution(base, [distributions.AffineTransform(1.0, -2.0)]), "RXJDK")
    with pytest.raises(
        TypeError, match="of torch an audit takes a TransformedDistribution or a Transform; got a Normal"
    ):
        audited(base)
    stacked = distributions.transforms.StackTransform([distributions.AffineTransform(0.0, k) for k in (2.0, 3.0)], -1)
    sound(stacked, dims=(2,))


def test_freia():
    torch, framework = pytest.importorskip("torch"), pytest.importorskip("FrEIA.framework")
    from FrEIA.modules import AllInOneBlock

    def network(n_in, n_out):
        return torch.nn.Sequential(torch.nn.Linear(n_in, 8), torch.nn.Tanh(), torch.nn.Linear(8, n_out))

    flow = framework.SequenceINN(4)
    flow.append(AllInOneBlock, subnet_constructor=network)
    sound(flow)


def test_flowjax():
    flowjax = pytest.importorskip("flowjax.flows")
    import jax
    from flowjax.distributions import Normal

    base = Normal(jax.numpy.zeros(3))
    sound(flowjax.coupling_flow(jax.random.key(0), base_dist=base, flow_layers=2, nn_width=8), "RXJDK")


def test_distrax():
    distrax = pytest.importorskip("distrax")
    import jax.numpy as jnp

    base = distrax.MultivariateNormalDiag(jnp.zeros(3), jnp.ones(3))
    sound(distrax.Transformed(base, distrax.Block(distrax.ScalarAffine(1.0, 2.0), 1)), "RXJDK")


def test_tensorflow_probability():
    tfp = pytest.importorskip("tensorflow_probability.substrates.jax")
    import jax.numpy as jnp

    base = tfp.distributions.MultivariateNormalDiag(jnp.zeros(3), jnp.ones(3))
    sound(tfp.distributions.TransformedDistribution(base, tfp.bijectors.Scale(jnp.array([1.0, 2.0, 3.0]))), "RXJDK")


def test_sbi():
    pytest.importorskip("sbi")
    torch = pytest.importorskip("torch")
    from sbi.neural_nets import posterior_nn

    theta, x = torch.randn(50, 3), torch.randn(50, 2)
    for kind in ("maf", "made", "zuko_maf"):  # made: a base that is no Gaussian
        made = posterior_nn(kind, hidden_features=8, num_transforms=2, embedding_net=torch.nn.Linear(2, 4))(theta, x)
        sound(made, "RXJDK", context=[[0.3, -0.4]])
    with pytest.raises(TypeError, match="context must be one condition"):
        audited(made)
