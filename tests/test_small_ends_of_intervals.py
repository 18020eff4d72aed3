"""What a map is asked at the very ends of its interval, and which of its exceptions counts there."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check.finding import Symptom
from nfscratch.check.letters import indices_at_ends
from nfscratch.check.letters.joins import AT_EDGES

INF = onp.inf


def trial_with(domain, codomain, apply, z=((0.25, 0.5), (7.0, 7.0)), dtype="float64"):
    z = onp.array(z, dtype=dtype)
    ends = {"forward": domain, "inverse": codomain}
    subject = SimpleNamespace(ends=ends.__getitem__)
    return SimpleNamespace(subject=subject, apply=apply, input={"forward": z, "inverse": 10 * z}.__getitem__)


def test_all_variables_that_have_an_end_are_put_there_in_the_first_row():
    asked = []
    apply = lambda direction, row, rows: asked.append((direction, row.dtype, row.tolist(), rows))  # noqa: E731
    own = (onp.array([0.0, -INF]), onp.array([INF, 2.0]))
    for domain, codomain, wanted in (
        ((0.0, 1.0), (-INF, INF), [("forward", [[0.0, 0.0]]), ("forward", [[1.0, 1.0]])]),
        ((-INF, INF), (3.0, INF), [("inverse", [[3.0, 3.0]])]),
        ((-INF, 0.0), (-INF, INF), [("forward", [[0.0, 0.0]])]),
        (own, (-INF, INF), [("forward", [[0.0, 0.5]]), ("forward", [[0.25, 2.0]])]),
        ((-INF, INF), own, [("inverse", [[0.0, 5.0]]), ("inverse", [[2.5, 2.0]])]),
    ):  # fmt: skip
        for dtype in ("float64", "float32"):
            asked.clear()
            assert indices_at_ends.indices_at_ends(trial_with(domain, codomain, apply, dtype=dtype)) is None
            assert asked == [(direction, dtype, row, [0]) for direction, row in wanted], (domain, codomain)


def test_an_event_keeps_its_shape():
    shapes = []
    apply = lambda direction, row, rows: shapes.append((row.shape, row.ravel().tolist()))  # noqa: E731
    ends = (onp.array([[0.0, 1.0], [2.0, 3.0]]), onp.full((2, 2), 9.0))
    indices_at_ends.indices_at_ends(trial_with(ends, (-INF, INF), apply, z=[[[0.5, 1.5], [2.5, 3.5]]]))
    assert shapes == [((1, 2, 2), [0.0, 1.0, 2.0, 3.0]), ((1, 2, 2), [9.0] * 4)]


def test_only_an_index_outside_of_a_table_counts():
    def apply_that(error, at):
        def apply(direction, row, rows):
            if (direction, row[0, 0]) == at:
                raise error("no such knot")
            if (direction, row[0, 0]) < at:
                raise ValueError("an honest refusal")

        return apply

    for at, words in (
        (("forward", 1.0), "z = [1, 1]"),
        (("inverse", 0.0), "x = [0, 0]"),
        (("inverse", 1.0), "x = [1, 1]"),
    ):
        found = indices_at_ends.indices_at_ends(trial_with((0.0, 1.0), (0.0, 1.0), apply_that(IndexError, at)))
        assert (found.letter, found.what, found.symptom) == ("E", AT_EDGES, Symptom.RAISES) and found.failed
        assert found.at.startswith(f"{at[0]} raises IndexError: no such knot") and found.at.endswith(f" at {words}")
        e = found.evidence
        assert (
            e["raised_by"] is IndexError and e["row"] == 0 and e["symbol"] == words[0] and e[words[0]].shape == (1, 2)
        )
        for error in (ValueError, KeyError, ZeroDivisionError):
            assert indices_at_ends.indices_at_ends(trial_with((0.0, 1.0), (0.0, 1.0), apply_that(error, at))) is None
