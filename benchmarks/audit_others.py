"""The audit, on code that nobody here wrote: flows of zuko, nflows, normflows and flowjax, through small adapters.

Each adapter gives a pair (forward z -> x, log_det; inverse x -> z, log_det) of NumPy functions for one dimension, with
randomly moved weights, and the density and samples where the library has them. The report is printed per flow.

    python benchmarks/audit_others.py [--dim 5] [--dtype float64] [--only zuko]
"""

import argparse

import numpy as np

import nfscratch as nf


def of_torch(forward, inverse, dtype):
    """Two torch functions as a pair of NumPy ones; whatever either raises is the audit's to report."""
    import torch

    def wrap(function):
        def call(a):
            with torch.no_grad():
                out, log_det = function(torch.from_numpy(np.ascontiguousarray(a, dtype=dtype)))
            return out.detach().numpy(), log_det.detach().numpy()

        return call

    return wrap(forward), wrap(inverse)


def moved(module, dtype, scale=0.5):
    """The module in `dtype`, every weight moved by N(0, scale^2 / fan_in)."""
    import torch

    torch.manual_seed(0)
    module = module.to(torch.float64 if dtype == "float64" else torch.float32).eval()
    for p in module.parameters():
        p.data += scale * torch.randn_like(p) / (p.shape[-1] ** 0.5 if p.ndim == 2 else 1.0)
    return module


def zuko_flow(name, **options):
    def make(dim, dtype):
        import zuko

        flow = moved(getattr(zuko.flows, name)(dim, 0, hidden_features=(32, 32), transforms=2, **options), dtype)
        transform = flow().transform
        return of_torch(transform.inv.call_and_ladj, transform.call_and_ladj, dtype)

    return make


def nflows_spline(dim, dtype):
    from nflows.transforms import MaskedPiecewiseRationalQuadraticAutoregressiveTransform as Spline

    transform = moved(Spline(dim, 32, num_bins=8, tails="linear", tail_bound=5.0), dtype)
    return of_torch(transform.inverse, transform.forward, dtype)


def normflows_layer(name):
    def make(dim, dtype):
        import normflows

        layer = moved(getattr(normflows.flows, name)((dim,)), dtype, scale=1.0)
        return of_torch(layer.forward, layer.inverse, dtype)

    return make


def normflows_real_nvp(dim, dtype):
    import normflows

    layers = []
    for _ in range(4):
        network = normflows.nets.MLP([dim - dim // 2, 32, 32, 2 * (dim // 2)], init_zeros=False)
        layers += [normflows.flows.AffineCouplingBlock(network), normflows.flows.Permute(dim, mode="swap")]
    base = normflows.distributions.base.DiagGaussian(dim, trainable=False)
    model = moved(normflows.NormalizingFlow(base, layers), dtype, scale=0.1)  # its exp(s) has no bound
    return of_torch(model.forward_and_log_det, model.inverse_and_log_det, dtype)


def flowjax_coupling(dim, dtype):
    import jax

    jax.config.update("jax_enable_x64", dtype == "float64")
    import jax.numpy as jnp
    from flowjax.distributions import Normal
    from flowjax.flows import coupling_flow

    flow = coupling_flow(jax.random.key(0), base_dist=Normal(jnp.zeros(dim)), flow_layers=2, nn_width=32, nn_depth=2)
    forward, inverse = (jax.jit(jax.vmap(f)) for f in (
        flow.bijection.transform_and_log_det, flow.bijection.inverse_and_log_det))  # fmt: skip

    def wrap(function):
        return lambda a: tuple(np.asarray(part) for part in function(jnp.asarray(a, dtype=dtype)))

    return wrap(forward), wrap(inverse)


FLOWS = {
    "zuko MAF": zuko_flow("MAF"),
    "zuko NSF": zuko_flow("NSF"),
    "zuko NAF": zuko_flow("NAF"),
    "nflows autoregressive spline": nflows_spline,
    "normflows planar": normflows_layer("Planar"),
    "normflows radial": normflows_layer("Radial"),
    "normflows RealNVP": normflows_real_nvp,
    "flowjax coupling flow": flowjax_coupling,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dim", type=int, default=5)
    parser.add_argument("--dtype", default="float64", choices=("float64", "float32"))
    parser.add_argument("--only", default="", help="a part of the name")
    options = parser.parse_args()
    for name, make in FLOWS.items():
        if options.only in name:
            print(f"\n=== {name}, D = {options.dim}, {options.dtype}")
            try:
                pair = make(options.dim, options.dtype)
                nf.check.audit(pair, dims=(options.dim,), dtype=options.dtype)
            except Exception as error:  # one library's refusal is a line of the report, not the end of it
                print(f"  {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
