"""The search for a change of log_prob or of sample: what has to hold, when it ends, and which lines it changes."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from edited_code import module_of

from nfscratch.check.pairs import of_pair
from nfscratch.check.repair import beside
from nfscratch.check.repair.beside import SearchBeside
from nfscratch.check.repair.live_code import TooLong
from nfscratch.check.trial import Trial


def of_density(letter="D", **more):
    made = object.__new__(SearchBeside)
    given = {
        "letter": letter,
        "checks": 12,
        "began": 0.0,
        "end": 60.0,
        "others": (),
        "trial": SimpleNamespace(),
        "_is_met": None,
    }
    made.__dict__.update(given | more)
    return made


def test_a_density_is_compared_where_the_truth_is_ordinary():
    true = onp.array([1.0, -3.0, 100.0, onp.nan])

    def seems(claim):
        return of_density(_rows=onp.arange(3), _true=true, _log_prob=lambda rows: onp.asarray(claim))._seems_right()

    assert seems([1.0, -3.0, 100.0]) and seems([1 + 1.9e-5, -3 + 3.9e-5, 100 - 1.0e-3])
    assert not seems([1 + 2.1e-5, -3.0, 100.0]) and not seems([1.0, -3 - 4.1e-5, 100.0]) and not seems([1.0, -3.0])
    assert not seems([onp.nan, -3.0, 100.0])


def test_a_few_draws_are_looked_at_before_many(monkeypatch):
    asked = []

    def check(trial, rng, n=12_000):
        asked.append((n, rng.integers(1000)))
        return SimpleNamespace(failed=trial == "wrong")

    monkeypatch.setattr(beside, "check_samples", check)
    of = lambda trial: of_density("K", trial=trial)  # noqa: E731
    assert of("right")._seems_right() and not of("wrong")._seems_right()
    (right,), (wrong,) = (of("right")._checks(trial) for trial in ("right", "wrong"))
    assert not right.failed and wrong.failed
    few, _, many, _ = asked
    assert few[0] == 1000 and many[0] == 12_000 and few[1] != many[1]


@pytest.mark.parametrize(("seems", "fails", "holds", "checks"), [
    (True, (), True, 11), (False, (), False, 12), (True, ("own",), False, 11), (True, ("other",), False, 11),
    (ValueError, (), False, 12), (SystemExit, (), False, 12), (TooLong, (), False, 12),
])  # fmt: skip
def test_a_change_of_a_density_holds_in_all_dimensions(seems, fails, holds, checks):
    def look():
        if isinstance(seems, bool):
            return seems
        raise seems

    made = of_density(trial="own", others=("other",), _seems_right=look)
    made._checks = lambda trial: [SimpleNamespace(failed=False), SimpleNamespace(failed=trial in fails)]
    assert made._holds() is holds and made.checks == checks


def test_a_search_in_a_density_ends(monkeypatch):
    clock, made = SimpleNamespace(own=0.0, wall=60.0), of_density()
    times = SimpleNamespace(process_time=lambda: clock.own, perf_counter=lambda: clock.wall)
    monkeypatch.setattr(beside, "time", times)
    clock.own = beside.LONGEST
    assert not made._is_over()
    clock.own += 0.1
    assert made._is_over()
    clock.own, made.checks = 0.0, 0
    assert made._is_over()
    made.checks, clock.wall = 12, 60.1  # it waits
    assert made._is_over()


def reached(lines=None, raised=False, world=False, met=()):
    return SimpleNamespace(
        lines=lines or {}, raised=raised, touches_the_world=world, is_met=lambda frame: frame in met, globals={},
        locals={}
    )  # fmt: skip


def test_only_lines_of_the_density_itself_are_changed():
    of = of_density(
        reached=reached({"a": {1, 2, 3}, "b": {1}}, met=(1,)), of_map=reached({"a": {2}, "c": {1}}, met=(2,))
    )
    assert of._own_lines() == {"a": {1, 3}, "b": {1}}
    of.__dict__.pop("_is_met")
    assert of._is_met(1) and of._is_met(2) and not of._is_met(3)


def test_where_no_change_of_a_density_is_tried():
    for own, flow in ((reached(raised=True), None), (reached(world=True), None), (reached(), "flow")):
        made = of_density(reached=own, of_map=reached(), trial=SimpleNamespace(subject=SimpleNamespace(flow=flow)))
        made._found = lambda kinds: pytest.fail("it is tried")
        assert made.repair() is None


def test_the_first_round_with_a_repair_ends_the_search():
    one, two = (SimpleNamespace(rank=k, beside=lambda found, k=k: (k, len(found))) for k in (2, 1))
    rounds = [[], [one, two, one, two, one], [two]]
    made = of_density(
        "K", reached=reached(), of_map=reached(), trial=SimpleNamespace(subject=SimpleNamespace(flow=None))
    )
    made._is_over, asked = (lambda: False), []
    made._found = lambda kinds: (asked.append(kinds), iter(rounds[kinds]))[1]
    assert made.repair() == (1, 4) and asked == [0, 1]
    made._is_over = lambda: True
    assert made.repair() is None and asked == [0, 1, 0]


# --- a whole search, in this process ---


FLOW = """
    import numpy as np

    S, T = 2.0, 0.5


    def forward(z):
        return S * z + T, np.full(len(z), np.log(S))


    def inverse(x):
        return (x - T) / S, np.full(len(x), -np.log(S))


    def log_prob(x):
        z, log_det = inverse(x)
        half = 0.5 * z[:, 0] ** 2
        return {log_prob}


    def sample(rng, n):
        noise = rng.normal(size=(n, 1))
        return {sample}
"""
RIGHT = {"log_prob": "-half - 0.5 * np.log(2 * np.pi) + log_det", "sample": "S * noise + T"}


def search_in(tmp_path, letter, **wrong):
    module = module_of(FLOW.format(**(RIGHT | wrong)), tmp_path, "flow")
    given = {"log_prob": module.log_prob, "sample": module.sample}
    trial = Trial(of_pair(module.forward, module.inverse, 1, **given), onp.random.default_rng(0).normal(size=(12, 1)))
    return SearchBeside(letter, trial), module


def test_a_density_is_searched_for_its_one_change(tmp_path):
    search, module = search_in(tmp_path, "D", log_prob="-half - 0.5 * np.log(2 * np.pi) - log_det")
    found = search.repair()
    assert (
        found.after == "return -half - 0.5 * np.log(2 * np.pi) + log_det" and found.laws == ("D",) and not found.changed
    )
    last = module.log_prob.__code__.co_firstlineno + 3
    assert found.lines == (last,) and found.file == module.__file__ and found.of_lines is None
    lines = search._own_lines()[module.__file__]
    assert lines == {last - 2, last - 1, last} and search.reached.lines[module.__file__] > lines
    close(search._true, module.log_prob(search.trial.x) + 2 * onp.log(0.5), 1e-6)


def test_draws_are_searched_for_their_one_change(tmp_path):
    search, _ = search_in(tmp_path, "K", sample="S * noise - T")
    assert search._draws().shape == (1000, 1) and (search._draws() == search._draws()).all()
    search.checks = 1
    assert search.repair().after == "return S * noise + T" and search.checks == 0


def test_what_is_right_by_itself_or_by_chance_alone_has_no_change(tmp_path):
    search, _ = search_in(tmp_path, "D", log_prob="np.sin(7 * x[:, 0])")
    search.began = -1e9  # its time is over
    assert search.repair() is None
    search, _ = search_in(tmp_path, "D", log_prob="1 / 0")
    assert search.reached.raised and search.repair() is None
