"""The audit itself: what each letter alone sees, the report, the command line."""

import io
from functools import cache

import numpy as onp
import pytest
from cases import CASES
from mutants import MUTANTS
from mutants.inverse import bracketed, clipped
from mutants.log_det import beyond, first_branch, shifted_sinh
from mutants.mutant import audit
from mutants.sampling import NarrowBase, on_base
from mutants.structure import ByNumber
from pairs.bisected import newton
from pairs.coupling import coupling
from pairs.elementwise import scaled, sinh
from pairs.parts import negated, with_log_det
from typer.testing import CliRunner

import nfscratch as nf
from nfscratch.check import Mistake, Outcome
from nfscratch.check.domains import interval
from nfscratch.cli import app
from nfscratch.ops.roots import InversionError

ALONE = {  # letter: a mistake that the audit without it would pass
    "S": "6 keepdims",
    "P": "51 argument mutated",
    "I": "52 initialised again",
    "R": "33 halves swapped",
    "X": "a small slip",
    "J": "4 mean",
    "D": "24 base at x",
    "T": "42 input mask",
    "E": "48 end slopes",
    "O": "museum: bounded_range",
    "G": "wrong gradient",
    "K": "50 samples the base",
    "N": "21 constant missing in a base",
}


def slip():
    """log_det of forward off by 1e-8: too little for finite differences."""
    forward, inverse = coupling()
    return (lambda z: (lambda x, l: (x, l + 1e-8))(*forward(z))), inverse


def letters_of(name, **options):
    if name == "a small slip":
        report = nf.check.audit(slip(), dims=(2,), changes=False, show=False, **options)
    else:
        report = audit(MUTANTS[name], **options)
    return {failure.letter for failure in report.failures}


@pytest.mark.parametrize("letter", ALONE)
def test_what_each_letter_sees(letter):
    assert letter in letters_of(ALONE[letter], letters=letter)


@pytest.mark.exhaustive
@pytest.mark.parametrize("letter", ALONE)
def test_all_letters_together_see_it_too(letter):
    assert letter in letters_of(ALONE[letter])


@pytest.mark.exhaustive
@pytest.mark.parametrize("letter", "PIXJDTGKN")
def test_without_the_letter_it_is_missed(letter):
    """By the rest of the battery, but for letters that repeat it: N sees J's and D's mistakes in one and two variables,
    E repeats R, X and J at the edges, R meets an argument that was changed, and K's bridge a constant of the base."""
    repeats = {"P": "ER", "X": "E", "J": "EN", "D": "N", "N": "K"}.get(letter, "")
    rest = "".join(other for other in "SPIRXJDTEOGKN" if other not in letter + repeats)
    assert letters_of(ALONE[letter], letters=rest) == set()


@cache
def of_a_sign():
    return nf.check.audit(negated(coupling(), (True, False)), dims=(2, 5), changes=False, show=False)


def test_the_first_failure_is_in_full_and_the_others_wait():
    report = of_a_sign()
    text = str(report)
    assert not report.ok and [f.letter for f in report.failures][:2] == ["X", "J"]
    assert "  X  log-dets of both directions cancel   FAILS" in text
    assert "  J  log_det is that of the Jacobian      waiting" in text
    assert "  D  log_prob is its definition           not applicable  no log_prob was given" in text
    assert report.failures[0].mistake is Mistake.SIGN
    assert "Waiting: J: log_det forward against finite differences" in text and report.failures[1].mistake is None
    assert text.count("Hint:") == 1
    with pytest.raises(AssertionError, match="log_det forward: the sign is flipped"):
        report.raise_if_failed()


def test_a_look_that_fails_costs_the_name_and_not_the_report(monkeypatch):
    def look(*_):
        raise onp.linalg.LinAlgError("SVD did not converge")

    monkeypatch.setattr("nfscratch.check.diagnosis.explain.name_log_det_of", look)
    report = nf.check.audit(negated(coupling(), (True, False)), dims=(2,), changes=False, show=False)
    first = report.failures[0]
    assert first.letter == "X" and first.mistake is None and first.name == "log_det forward + log_det inverse"
    assert "Hint: Run it at the point shown." in first.message and "Waiting: J" in str(report)


def test_a_counter_example_is_data():
    example = of_a_sign().failures[1].counter_example
    J = onp.asarray(example["J"])
    assert example["dim"] == 2 and J.shape == (2, 2)
    assert example["yours"] == pytest.approx(-example["expected"], abs=1e-6)
    assert onp.linalg.slogdet(J)[1] == pytest.approx(example["expected"], abs=1e-6)
    x, _ = coupling()[0](example["z"][None])
    assert onp.isfinite(x).all()


def test_a_healthy_report_says_what_it_assumed(capsys):
    report = nf.check.audit(nf.ActNorm, dims=(2,))
    assert report.ok and report.failures == ()
    report.raise_if_failed()
    out = capsys.readouterr().out
    assert out == f"{report}\n"
    assert "Audit of ActNorm, D = 2; forward one pass, inverse one pass" in out and "No mistake found." in out


def test_on_a_terminal_it_is_a_table_with_the_jacobian():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    audit(MUTANTS["wrong Jacobian"], letters="J").show(terminal)
    text = terminal.getvalue()
    assert "jacobian()" in text and "FAILS" in text and "Jacobian" in text


def test_parameters_and_context_are_taken_as_given():
    flow = nf.flows.real_nvp(2, layers=2, hidden=(8,), context_dim=3)
    rng = onp.random.default_rng(0)
    params = nf.check.random_params(flow, rng, 0.5)
    report = nf.check.audit(flow, params, context=rng.normal(size=(4, 3)), letters="SPRJDGK", show=False)
    assert report.ok and report.dims == (2,)
    assert nf.check.audit(
        flow, params, dtype="float32", letters="SR", context=[0.1, 0.2, 0.3], changes=False, show=False
    ).ok


def test_a_context_of_several_rows_goes_with_the_rows():
    seen = []

    class Watched(nf.Coupling):
        def forward(self, params, z, context=None, rng=None):
            seen.append(onp.unique(context[:, 0]))
            return super().forward(params, z, context, rng)

    layer = Watched(nf.Affine(1.0), nf.half_mask(2), nf.MLP((4,)), 1)
    assert nf.check.audit(layer, context=[[0.5], [1.5], [2.5]], letters="SPIRXJ", changes=False, show=False).ok
    assert any(len(rows) == 3 for rows in seen)
    assert set(onp.concatenate(seen)) == {0.5, 1.5, 2.5}


def test_numbers_that_are_not_finite_do_not_hide_a_wrong_log_det():
    """S, which fails for the rows that are not finite, has the name of what is wrong with those that are."""

    def change(log_det, a):
        return onp.where(onp.abs(a).max(axis=1, initial=0.0) > 9, onp.nan, -log_det)

    report = nf.check.audit(with_log_det(coupling(), change), dims=(2, 5), letters="SXJ", changes=False, show=False)
    assert report.failures[0].letter == "S" and report.failures[0].mistake is Mistake.SIGN_IN_BOTH
    nan_alone = with_log_det(coupling(), lambda l, a: onp.where(onp.abs(a).max(axis=1, initial=0.0) > 9, onp.nan, l))
    found = nf.check.audit(nan_alone, dims=(2, 5), letters="SJ", changes=False, show=False)
    assert [failure.letter for failure in found.failures] == ["S"]


def test_a_wrong_sampler_of_the_base_is_no_wrong_integral():
    """N looks for the mass where log_prob says that it is."""
    report = nf.check.audit(on_base(NarrowBase), dims=(1, 2), letters="N", changes=False, show=False)
    assert report.ok and report.lines[0].status is Outcome.PASSED


def declining(radius):
    """x = z + z^3, whose search for an inverse says that it does not go beyond a radius."""
    forward, _ = bracketed()

    def inverse(x):
        if (onp.abs(x) > radius).any():
            raise InversionError(f"the search ends at {radius}")
        z = 2 / 3**0.5 * onp.sinh(onp.arcsinh(1.5 * 3**0.5 * x) / 3)
        return z, -forward(z)[1]

    return forward, inverse


def test_a_search_may_decline_far_out_in_words():
    assert nf.check.audit(declining(5e8), dims=(1, 2), changes=False, show=False).ok
    assert not nf.check.audit(declining(50.0), dims=(1, 2), changes=False, show=False).ok


NO_EVIDENCE = [  # (subject, the dimensions beside 2, the names that it must not get)
    (newton(5), (1,), [Mistake.OTHER_ROOT, Mistake.NO_ABSOLUTE_VALUE]), (ByNumber, (), [Mistake.BATCH_STATISTICS]),
    (clipped(5.0), (1,), [Mistake.END_OF_BRACKET]), (first_branch(), (5,), [Mistake.UNCLAMPED]),
    (shifted_sinh(), (1,), [Mistake.SPLINE_SLOPE, Mistake.SPLINE_DENOMINATOR]),
    (beyond(scaled(), 7.0), (5,), [Mistake.UNCLAMPED]),
    (with_log_det(coupling(), lambda l, a: l + 1e-3), (5,), [Mistake.LOGIT_SCALE]),
]  # fmt: skip


def has_none_of(subject, dims, wrong):
    report = nf.check.audit(subject, dims=dims, changes=False, show=False)
    assert not report.ok
    assert not {failure.mistake for failure in report.failures} & set(wrong)


@pytest.mark.parametrize(("subject", "others", "wrong"), NO_EVIDENCE)
def test_no_name_without_evidence(subject, others, wrong):
    has_none_of(subject, (2,), wrong)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("subject", "others", "wrong"), [case for case in NO_EVIDENCE if case[1]])
def test_no_name_without_evidence_in_several_dimensions(subject, others, wrong):
    has_none_of(subject, (2, *others), wrong)


def test_only_the_letters_asked_for_are_run():
    report = nf.check.audit(nf.ActNorm, letters="j, s", dims=(2,), changes=False, show=False)
    assert [line.letter for line in report.lines] == ["J", "S"]


@pytest.mark.parametrize(
    ("subject", "options", "message"),
    [
        (3, {}, "an audit takes a Bijection, a Flow, a factory, a pair of functions or a list of pairs; got 3"),
        (coupling(), {}, r"dims must name the dimension of a pair of functions, such as dims=\(2,\)"),
        (nf.ActNorm, {"letters": "SZ"}, "letters must be among SPIRXJDTEOGKN; got 'Z'"),
        (nf.ActNorm, {"letters": "Zs, é9Z"}, "letters must be among SPIRXJDTEOGKN; got 'Zé9'"),
        (3, {"smooth": True}, "an audit takes a Bijection, a Flow, .*; got 3"),
        (nf.ActNorm, {"show": "False"}, "show must be True or False; got 'False'"),
        (lambda dim: dim, {}, "the factory must return a Bijection or a Flow; got int at D = 1"),
        (coupling(), {"dims": (2,), "domain": "the moon"}, "domain must be 'all reals' or an interval"),
    ],
)
def test_a_bad_argument_is_named(subject, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        nf.check.audit(subject, **({"changes": False, "show": False} | options))


FLOW = nf.flows.real_nvp(2, layers=2, hidden=(4,))


def in_dtype(dtype):
    """Parameters of FLOW that no initialiser makes."""
    return nf.trees.map_leaves(lambda leaf: leaf.astype(dtype), FLOW.init(onp.random.default_rng(0)))


@pytest.mark.parametrize(
    ("subject", "options", "message"),
    [
        (coupling(), {"dims": ()}, r"dims must be a tuple of positive integers.*got \(\)"),
        (coupling(), {"dims": 2}, "dims must be a tuple of positive integers.*got 2"),
        (coupling(), {"dims": (2.5,)}, r"dims must be .*got \(2.5,\)"),
        (coupling(), {"dims": (0,)}, r"dims must be .*got \(0,\)"),
        (coupling(), {"dims": (2,), "structure": "tridiagonal"}, "structure must be one of .*got 'tridiagonal'"),
        (coupling(), {"dims": (2,), "params": {}}, "params must be left out for two plain functions"),
        (coupling(), {"dims": (2,), "context": [1.0]}, "context must be left out for two plain functions"),
        (FLOW, {"dims": (5,)}, r"dims must be left out for a Flow, which has its own; got \(5,\)"),
        (FLOW, {"structure": "diagonal"}, "structure must be left out unless two plain functions are audited"),
        (FLOW, {"log_prob": len}, "log_prob must be left out unless"),
        (FLOW, {"dtype": "half"}, "dtype must be one of float64, float32; got 'half'"),
        (FLOW, {"letters": ""}, "letters must name at least one"),
        (FLOW, {"letters": 3}, "letters must be a string, such as 'SRJ'; got int"),
        (FLOW, {"draws": 0}, "draws must be an integer of at least 1; got 0"),
        (FLOW, {"radii": ()}, r"radii must be positive numbers.*got \(\)"),
        (FLOW, {"radii": onp.array(1.0)}, r"radii must be positive numbers.*got array\(1\.0?\)"),
        (FLOW, {"changes": "False"}, "changes must be True or False; got 'False'"),
        (FLOW, {"params": in_dtype("float16")}, "params must be arrays, all float64 or all float32; got float16"),
        (FLOW, {"params": in_dtype("complex128")}, "params must be arrays, all float64 .*; got complex128"),
        (FLOW, {"context": [1.0]}, "context must be None, because this flow takes no context; got a list"),
        (FLOW, {"params": {"a": onp.zeros(3)}}, "params must be a tree of the Flow's own"),
        (FLOW, {"rng": 3}, "rng must be a numpy.random.Generator; got int"),
        (
            nf.flows.real_nvp(2, context_dim=3),
            {"context": onp.zeros(5)},
            r"context must have shape \(N, 3\); got \(5,\)",
        ),
        (
            nf.flows.real_nvp(2, context_dim=3),
            {"context": onp.zeros((0, 3))},
            "context must have at least 1 row; got 0 rows",
        ),
        (nf.Chain, {}, "got the class Chain"),
    ],
)
def test_what_does_not_apply_is_refused(subject, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        nf.check.audit(subject, **({"changes": False, "show": False} | options))


def test_a_report_with_nothing_judged_is_not_ok():
    report = nf.check.audit(coupling(), dims=(5,), letters="N", changes=False, show=False)
    assert not report.ok and not report.failures and "Nothing could be judged." in str(report)
    with pytest.raises(AssertionError, match="nothing could be judged"):
        report.raise_if_failed()


def test_where_the_round_trip_fails_the_inverse_log_det_gets_no_name():
    report = nf.check.audit((sinh()[0], clipped(1.0)[1]), dims=(2,), letters="RXJ", changes=False, show=False)
    assert report.failures[0].letter == "R"
    of_inverse = {failure.mistake for failure in report.failures if failure.direction == "inverse"}
    assert of_inverse <= {Mistake.LOG_DET_FORMULA}


@pytest.mark.parametrize("target", ["folder", None])
def test_a_checkpoint_needs_the_name_of_a_file(target, tmp_path):
    params = FLOW.init(onp.random.default_rng(0))
    with pytest.raises((ValueError, TypeError), match="path must be the name of a file; got"):
        nf.save(tmp_path if target else None, FLOW, params)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "ends"),
    [("all reals", (-onp.inf, onp.inf)), ("(0, 1)", (0, 1)), ("[-1,inf)", (-1, onp.inf)), ((2, 3), (2, 3)),
     ("positive", (0, onp.inf)), (None, (-onp.inf, onp.inf))],
)  # fmt: skip
def test_domains_are_intervals(text, ends):
    assert interval(text) == ends


# --- the command line ---

MODULE = """
import numpy as np
import nfscratch as nf
healthy = nf.ActNorm
layer = nf.Permutation((1, 2, 0))
pair = (lambda z: (2 * z, np.zeros(len(z)))), (lambda x: (x / 2, np.zeros(len(x))))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "audited_module.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


def command(*arguments):
    result = CliRunner().invoke(app, ["audit", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_tells_by_its_exit_code(folder):
    assert command("audited_module:healthy", "--dims", "2", "--letters", "SRXJ")[0] == 0
    assert command("audited_module:layer", "--letters", "SR", "--dtype", "float64", "--seed", "3")[0] == 0
    code, out, _ = command("audited_module:pair", "--dims", "2", "--letters", "SRXJ")
    assert code == 1 and "log_det" in out and "Hint:" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["audited_module"], "the target must be module:object; got 'audited_module'"),
        (["audited_module:nothing"], "audited_module has no 'nothing'"),
        (["no_such_module:x"], "No module named 'no_such_module'"),
        (["audited_module:healthy", "--dims", "two"], "dims must be positive integers, such as 1,2,5; got 'two'"),
        (["audited_module:healthy", "--dtype", "float16"], "dtype must be one of float64, float32; got 'float16'"),
        (["audited_module:healthy", "--letters", "Z"], "letters must be among"),
    ],
)
def test_a_bad_command_is_one_line(folder, arguments, message):
    code, out, err = command(*arguments)
    assert code == 2 and out == "" and len(err.splitlines()) == 1 and message in err


class Boastful(nf.Chain):
    """Says that it reaches all reals."""

    codomain = (-onp.inf, onp.inf)


def test_a_chain_that_does_not_reach_its_declared_codomain_is_a_finding():
    honest = CASES["sigmoid, then logit of a wider interval"].make
    report = nf.check.audit(lambda dim: Boastful(honest(dim).layers), dims=(2,), letters="SREO", show=False)
    assert {"E", "O"} & {failure.letter for failure in report.failures}
    assert any(failure.mistake is Mistake.NOT_ONTO for failure in report.failures)


class Unbounded(nf.Stack):
    """Says that it reaches all reals."""

    codomain = (-onp.inf, onp.inf)


def test_a_stack_is_held_to_the_codomain_of_its_layers():
    """softplus(softplus(z)) reaches (log 2, inf), and an audit accuses only a Stack that claims more."""
    honest, boastful = (
        nf.check.audit(
            lambda dim, kind=kind: kind(nf.Elementwise(nf.Softplus(), dim), 2), dims=(1, 2), letters="SREO", show=False
        )
        for kind in (nf.Stack, Unbounded)
    )
    honest.raise_if_failed()
    assert boastful.failures[0].mistake is Mistake.NOT_ONTO


def test_a_map_that_loses_everything_is_not_excused_by_its_own_conditioning():
    class Zero(nf.Bijection):
        in_shape = (2,)

        def forward(self, params, z, context=None, rng=None):
            return 0.0 * z, onp.zeros(len(z))

        inverse = forward

    z = onp.random.default_rng(0).normal(size=(5, 2))
    assert not nf.check.round_trip(Zero(), {}, z).ok
    assert not nf.check.audit(Zero(), changes=False, show=False).ok


@pytest.mark.parametrize("spoilt", [lambda x: x[::2], lambda x: onp.where(x > 2, onp.nan, x)])
def test_samples_of_a_wrong_shape_or_with_nan_fail_k(spoilt):
    same = (lambda z: (z, onp.zeros(len(z))), lambda x: (x, onp.zeros(len(x))))

    def sample(rng, n):
        return spoilt(rng.normal(size=(n, 2)))

    report = nf.check.audit(same, dims=(2,), sample=sample, changes=False, show=False)
    assert [failure.letter for failure in report.failures] == ["K"]
    assert "must give" in str(report.failures[0].message)


def test_two_grids_that_see_nothing_do_not_agree_on_an_integral():
    def spike(x):
        """Almost all of the mass in a spot of width 1e-6, between the points of any grid."""
        return -0.5 * onp.square((x - 0.123456) / 1e-6).sum(axis=1) - 2 * onp.log(1e-6) - onp.log(2 * onp.pi)

    finding = nf.check.integrates_to_one(spike, (-6, -6), (6, 6))
    assert finding.outcome is Outcome.INCONCLUSIVE and not finding.ok


class Doubled(nf.Flow):
    """Its log_prob_vjp, which is what `fit` calls, gives twice the gradient of the parameters."""

    def log_prob_vjp(self, params, x, context=None, rng=None):
        log_p, pullback = super().log_prob_vjp(params, x, context, rng)

        def doubled(g):
            g_params, g_x, g_context = pullback(g)
            return nf.trees.map_leaves(lambda leaf: 2 * leaf, g_params), g_x, g_context

        return log_p, doubled


class Repelled(nf.StandardNormal):
    """Its gradient with respect to z has the wrong sign."""

    def log_prob_vjp(self, params, z):
        log_p, pullback = super().log_prob_vjp(params, z)
        return log_p, lambda g: (pullback(g)[0], -pullback(g)[1])


@pytest.mark.exhaustive
def test_g_sees_the_gradient_that_fit_uses():
    chain = nf.flows.real_nvp(2, layers=2, hidden=(4,), activation="tanh").bijection
    for flow in (Doubled(nf.StandardNormal(2), chain), nf.Flow(Repelled(2), chain)):
        report = nf.check.audit(flow, dtype="float64", changes=False, show=False)
        assert [failure.letter for failure in report.failures] == ["G"]
    assert nf.check.audit(nf.Flow(nf.StandardNormal(2), chain), dtype="float64", changes=False, show=False).ok
