"""Letter N by its parts: shifted grids, mass between the images of a grid, and where a density is asked."""

from types import SimpleNamespace

import numpy as onp
from comparing import close
from scipy.stats import norm
from tried_maps import rng

from nfscratch.check.finding import Finding, inconclusive
from nfscratch.check.letters import integral, mass_box

REALS = (-onp.inf, onp.inf)


def test_a_grid_is_shifted_by_a_share_of_its_own_spacing_and_all_four_have_to_agree(monkeypatch):
    asked, answers = [], []
    monkeypatch.setattr(
        onp.random, "default_rng", lambda n: SimpleNamespace(uniform=lambda size: onp.array([1.0, 0.25]))
    )
    monkeypatch.setattr(
        integral, "integral", lambda f, low, high, n: asked.append((low, high, n)) or answers[len(asked) - 1]
    )
    low, high = onp.array([-1.0, 2.0]), onp.array([1.0, 7.0])
    for answers, again, count in (
        ([1.25] * 4, True, 4), ([1.25, 1.3, 1.25, 1.25], False, 2), ([1.25, 1.25, 1.25, 1.2], False, 4),
        ([1.289, 1.211, 1.25, 1.25], True, 4), ([onp.nan] * 4, False, 1), ([1.29] * 4, False, 1),
    ):  # fmt: skip
        asked.clear()
        assert integral._confirmed("f", low, high, 100, 1.25, 0.08) is again and len(asked) == count, answers
    asked.clear()
    assert integral._confirmed("f", low, high, 100, 1.29, 0.08)
    for start, end, n in asked:
        spacing = (high - low) / (n - 2)  # n - 1 points fill the box, and one more sticks out
        close((low - start) / spacing, [1.0, 0.25], 1e-9)
        close((end - start) / (n - 1), spacing, 1e-12)


def test_a_value_other_than_one_is_confirmed_as_its_finer_grid_gave_it(monkeypatch):
    """Two grids agree within half of the tolerance; a value of next to nothing counts for nothing."""
    for values, wanted in (
        ([0.5, 0.5004, 0.9, 0.9], (201, 0.5004)), ([0.5, 0.5006, 0.5007, 9.0], (401, 0.5007)),
        ([0.0099, 0.0099, 0.3, 0.3], (801, 0.3)), ([0.0101, 0.0101, 0.3, 0.3], (201, 0.0101)),
        ([0.0099, 0.0103, 0.9, 0.9], (201, 0.0103)), ([0.0103, 0.0099, 0.3, 0.3], (801, 0.3)),
        ([-0.5, -0.5, 0.3, 0.3], (801, 0.3)), ([0.3, 0.2, 0.1, 0.1004], (801, 0.1004)),
    ):  # fmt: skip
        left, asked = list(values), []
        monkeypatch.setattr(integral, "integral", lambda f, low, high, n, left=left: left.pop(0))
        monkeypatch.setattr(integral, "_confirmed", lambda *given, asked=asked: asked.append(given) or True)
        found = integral.integrates_to_one("f", -1, [2], sizes=(101, 201, 401, 801))
        ((f, low, high, n, value, tolerance),) = asked
        assert (f, low.tolist(), high.tolist(), tolerance) == ("f", [-1.0], [2.0], 1e-3)
        assert low.dtype == high.dtype == onp.float64
        assert (n, value) == wanted and found.evidence["integral"] == value and found.failed, values


def along(monkeypatch, density, forward=lambda z: z, codomain=REALS, nodes=5, base=None):
    """The mass between the images of five numbers from -7 to 7, or over the box of a base."""
    asked = []

    def log_density(trial, a):
        asked.append(a[:, 0].tolist())
        return onp.log(density(a[:, 0]))

    monkeypatch.setattr(integral, "NODES", nodes)
    monkeypatch.setattr(integral, "_log_density", log_density)
    monkeypatch.setattr(integral, "mass_box", lambda s: ([-1.0], [3.0]))
    s = SimpleNamespace(base_log_prob=base, domain=REALS, codomain=codomain, dtype=onp.dtype("float64"))
    trial = SimpleNamespace(
        subject=s, apply=lambda direction, z: (forward(z), None) if direction == "forward" else None
    )
    return integral._along_image(trial), asked[0]


def test_mass_between_images_is_that_of_the_trapezoid_rule_or_the_smaller_value_at_a_jump(monkeypatch):
    with onp.errstate(divide="ignore"):
        mass, at = along(monkeypatch, lambda a: 1.0 + 0.1 * a)
        assert at == [-7.0, -3.5, 0.0, 3.5, 7.0]
        close(mass, 3.5 * (0.3 + 0.5 * (0.65 + 1.0) + 0.5 * (1.0 + 1.35) + 0.5 * (1.35 + 1.7)), 1e-12)
        jumps, _ = along(monkeypatch, lambda a: onp.where(a > 1, 2.0, onp.where(a > -1, 1.0, 0.0)))
        close(jumps, 3.5 * (0.0 + 0.0 + 1.5 + 2.0), 1e-12)
        assert along(monkeypatch, onp.ones_like, lambda z: -2 * z)[1] == [-14.0, -7.0, 0.0, 7.0, 14.0]
        assert along(monkeypatch, onp.ones_like, lambda z: onp.clip(z, -1, onp.inf))[1] == [-1.0, 0.0, 3.5, 7.0]
        holes = along(monkeypatch, onp.ones_like, lambda z: onp.where(z == 0, onp.nan, z))
        assert holes == (14.0, [-7.0, -3.5, 3.5, 7.0])
        assert along(monkeypatch, onp.ones_like, base="q") == (4.0, [-1.0, 0.0, 1.0, 2.0, 3.0])
        assert along(monkeypatch, onp.ones_like, onp.exp, codomain=(0.0, onp.inf))[0] == 14.0


def subject(**more):
    usual = {"codomain": REALS, "domain": REALS, "dtype": onp.dtype("float64"), "log_prob": None, "base_log_prob": None}
    return SimpleNamespace(**(usual | {"q": lambda z: 100 * z[:, 0], "in_shape": (1,), "dim": 1} | more))


def test_the_density_of_coordinates_that_fill_a_codomain():
    """Of x = e^a it is that of x times e^a; without a density the base's at the z of inverse and its log_det."""
    a = onp.array([[0.5], [-1.0]])
    apply = lambda direction, x: (x + 1, 2 * x[:, 0]) if direction == "inverse" else None  # noqa: E731
    trial = SimpleNamespace(subject=subject(codomain=(0.0, onp.inf), log_prob=lambda x: 3 * x), apply=apply)
    close(integral._log_density(trial, a), 3 * onp.exp(a[:, 0]) + a[:, 0], 1e-12)
    trial.subject = subject(log_prob=lambda x: [7, 8])
    found = integral._log_density(trial, a)
    assert found.tolist() == [7.0, 8.0] and found.dtype == onp.float64
    trial.subject = subject()
    close(integral._log_density(trial, a), 100 * (a[:, 0] + 1) + 2 * a[:, 0], 1e-12)
    seen = []
    trial.subject = subject(dtype=onp.dtype("float32"), log_prob=lambda x: seen.append(x.dtype) or x[:, 0])
    integral._log_density(trial, a)
    assert seen == [onp.float32]


def test_points_keep_a_millionth_of_the_support_from_its_ends():
    for domain, ends in (
        ((-3.0, 1.0), (-3 + 4e-6, 1 - 4e-6)),
        ((-8.0, onp.inf), (-8 + 8e-6, 50.0)),
        ((0.0, 0.5), (5e-7, 0.5 - 5e-7)),
    ):
        found = integral._within(subject(domain=domain, base_log_prob="q"), onp.array([[-50.0], [50.0]]))
        assert onp.abs(found[:, 0] - ends).max() < 1e-9, domain


def test_the_box_is_around_the_image_of_where_the_base_has_its_mass(monkeypatch):
    apply = lambda direction, z: (2 * z + 1, None) if direction == "forward" else None  # noqa: E731
    low, high = integral._box(SimpleNamespace(subject=subject(), apply=apply))
    assert (low.tolist(), high.tolist()) == ([-9.0], [11.0])
    monkeypatch.setattr(integral, "mass_box", lambda s: (onp.array([-1.0, 10.0]), onp.array([3.0, 20.0])))
    low, high = integral._box(SimpleNamespace(subject=subject(base_log_prob="q", dim=2), apply=apply))
    assert (low.tolist(), high.tolist()) == ([-1.0, 21.0], [7.0, 41.0])
    ends = (0.0, onp.inf)
    apply = lambda direction, z: (onp.exp(3 * z), None)  # noqa: E731
    low, high = integral._box(SimpleNamespace(subject=subject(codomain=ends), apply=apply))
    close([low[0], high[0]], [-15.0, 15.0], 1e-9)


def test_which_subjects_have_an_integral_to_ask_for(monkeypatch):
    boxes, asked = [], []
    monkeypatch.setattr(integral, "Trial", lambda s, z: SimpleNamespace(subject=s, z=z))
    monkeypatch.setattr(
        integral, "_box", lambda trial: boxes.append(trial) or (onp.array([0.0, 0.0]), onp.array([1.0, high]))
    )
    monkeypatch.setattr(integral, "_over_box", lambda trial, low, high: asked.append((trial, low, high)) or "found")
    z, high = onp.array([[1.0], [2.0]]), 1.0
    for s, why in (
        (subject(), None), (subject(dim=2), None), (subject(in_shape=(1, 1)), "more than two variables"),
        (subject(dim=3), "more than two variables"), (subject(domain=(0.0, 1.0), log_prob=abs), None),
        (subject(domain=(0.0, 1.0)), "no density, and no standard normal base on 0 to 1"),
    ):  # fmt: skip
        s.at = lambda rows, s=s: (s, rows)
        found = integral.check_integral(SimpleNamespace(subject=s, z=z))
        assert found == "found" if why is None else (found.letter, found.why) == ("N", why), why
    trial, low, top = asked[0]
    assert trial is boxes[0] and trial.subject[1] == [0] and trial.z.tolist() == [[1.0]]
    assert (low.tolist(), top.tolist()) == ([0.0, 0.0], [1.0, 1.0])
    for high, box in ((0.0, False), (1e-9, True), (onp.inf, False), (onp.nan, False), (-1.0, False)):
        s = subject(at=lambda rows: None)
        found = integral.check_integral(SimpleNamespace(subject=s, z=z))
        assert found == "found" if box else (found.letter, found.why) == ("N", "no finite box"), high


def test_a_failure_over_a_box_keeps_its_numbers_and_the_box(monkeypatch):
    failed = Finding("N", "it", 0.5, 1e-3, evidence={"integral": 1.5})
    monkeypatch.setattr(integral, "integrates_to_one", lambda f, low, high, tolerance, sizes: given)
    monkeypatch.setattr(integral, "_along_image", lambda trial: 1.5)
    for s, base in ((subject(), " (a standard normal base is assumed)"), (subject(log_prob=abs), "")):
        given = failed
        found = integral._over_box(SimpleNamespace(subject=s), onp.array([-1.0]), onp.array([2.0]))
        assert found.what == f"it{base}" and found.error == 0.5 and found.evidence["integral"] == 1.5
        assert found.evidence["x"].tolist() == [[-1.0], [2.0]]
        assert (found.evidence["row"], found.evidence["symbol"]) == (0, "x")
        given = inconclusive("N", "it", "why")
        assert integral._over_box(SimpleNamespace(subject=s), onp.array([-1.0]), onp.array([2.0])) is given


def test_a_failure_is_none_where_the_mass_between_images_is_one_within_the_tolerance(monkeypatch):
    failed = Finding("N", "it", 0.75, 0.5, evidence={})
    monkeypatch.setattr(integral, "integrates_to_one", lambda f, low, high, tolerance, sizes: failed)
    for mass, dim, fails in ((1.5, 1, False), (0.5, 1, False), (1.6, 1, True), (0.4, 1, True), (1.0, 2, True)):
        monkeypatch.setattr(integral, "_along_image", lambda trial, mass=mass: mass)
        found = integral._over_box(SimpleNamespace(subject=subject(dim=dim)), onp.zeros(1), onp.ones(1))
        assert found.failed is fails and found.letter == "N", (mass, dim)
        if not fails:
            assert found.what == "integral of the density" and found.why.startswith("part of the density is too narrow")


def test_a_density_is_asked_in_pieces_of_forty_thousand_points():
    sizes = []
    log_p = lambda x: sizes.append(x.shape) or norm.logpdf(x).sum(axis=1)  # noqa: E731
    assert abs(integral.integral(log_p, [-9.0], [9.0], 40_001) - 1) < 1e-9 and sizes == [(40_000, 1), (1, 1)]
    sizes.clear()
    box = [-6.0, -7.0], [8.0, 9.0]
    assert abs(integral.integral(log_p, *box, 61) - 1) < 1e-8 and sizes == [(61 * 61, 2)]
    lopsided = lambda x: onp.log(x[:, 0]) + 0 * rng().normal(size=len(x))  # noqa: E731
    assert abs(integral.integral(lopsided, [1.0, 10.0], [3.0, 15.0], 3) - 4 * 5) < 1e-12


def test_a_density_in_float32_is_compared_in_float64():
    """Beside 2^28 float32 has every sixteenth number: 14 below it is one of them only after rounding."""
    q = onp.array([2.0**28 - 16, 2.0**28, -onp.inf], dtype="float32")
    base = SimpleNamespace(q=lambda z: q, in_shape=(1,), dtype=onp.dtype("float32"))
    assert mass_box._dense_points(base, [0.0], [2.0], 3, -14.0).tolist() == [[1.0]]
    assert mass_box._dense_points(base, [0.0], [2.0], 3, -16.0).tolist() == [[0.0], [1.0]]


def test_a_box_that_shrinks_to_four_fifths_is_looked_at_again_and_a_wider_one_is_not():
    """From +-30 in steps of 1 to +-24, which is exactly as much, and from there in steps of 0.8 to +-23.2."""
    draw = lambda rng, n: onp.array([[-29.0], [29.0]])  # noqa: E731
    for support, end in ((23.0, 23.2), (27.0, 28.0), (29.0, 30.0)):
        q = lambda z, support=support: onp.where(onp.abs(z[:, 0]) <= support, 0.0, -onp.inf)  # noqa: E731
        low, high = mass_box.mass_box(
            SimpleNamespace(base_sample=draw, q=q, dim=1, in_shape=(1,), dtype=onp.dtype("float64"))
        )
        close([low[0], high[0]], [-end, end], 1e-9)
