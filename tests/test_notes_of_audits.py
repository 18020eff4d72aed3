"""What a report says beside its letters of an accuracy that was stated."""

import numpy as np
import pytest

import nfscratch as nf


def solver(order, steps=20):
    """dy/dt = sin(y) + 1/2 over a time of 1, and back, by steps of Euler's method (1) or of the midpoint (2)."""

    def solve(y, dt):
        log_det = np.zeros(len(y))
        for _ in range(steps):
            middle = y + (0.5 * dt * (np.sin(y) + 0.5) if order == 2 else 0)
            log_det = log_det + dt * np.cos(middle).sum(axis=1)
            y = y + dt * (np.sin(middle) + 0.5)
        return y, log_det

    return lambda z: solve(z, 1 / steps), lambda x: solve(x, -1 / steps)


def notes(pair, accuracy, **options):
    report = nf.check.audit(pair, **{"dims": (2,), "letters": "SRXJ", "show": False, **options}, accuracy=accuracy)
    assert report.ok
    return report.notes


def test_a_solver_that_is_worse_than_it_says_is_told_so():
    (note,) = notes(solver(1), 1e-2)
    assert note.startswith("near 0 the round trip is off by ") and note.endswith("more than accuracy=0.01 says")


@pytest.mark.parametrize("accuracy", [1e-2, 1e-4])
def test_an_accuracy_says_what_it_hides(accuracy):
    (note,) = notes(solver(2), accuracy)
    assert (
        note.startswith(f"accuracy={accuracy:g} hides errors up to ") and "in z near 0; the largest there is " in note
    )


def test_an_accuracy_that_hides_little_needs_no_note():
    assert notes((lambda z: (z, np.zeros(len(z))),) * 2, 1e-9) == ()
    assert notes((lambda z: (z, np.zeros(len(z))),) * 2, 1e-2, letters="SP") == ()


NO_ROWS = (
    "a batch of no rows fails in forward and inverse: a reshape with -1, a list, np.vectorize or a max needs a row"
)


@pytest.mark.parametrize("gather", [np.array, np.stack, np.vstack])
def test_rows_in_a_list_that_is_empty_hold_with_a_note(gather):
    def of_rows(by):
        return lambda a: (gather([row + by for row in a]), np.array([0.0 for _ in a]))

    options = {"dims": (2,), "letters": "SE", "show": False}
    assert nf.check.audit((of_rows(1.0), of_rows(-1.0)), **options).notes == (NO_ROWS,)


def test_no_rows_of_another_width_are_no_list_of_rows():
    def wider(by):
        return lambda a: (a + by if len(a) else np.zeros((0, 3)), np.zeros(len(a)))

    report = nf.check.audit((wider(1.0), wider(-1.0)), dims=(2,), letters="SE", show=False)
    assert "forward of a batch of 0 gives shapes (0, 3) and (0,)" in report.failures[0].message


def test_an_image_that_cannot_be_reshaped_without_rows_holds_with_a_note():
    def shifted(by):
        return lambda a: ((a.reshape(len(a), -1) + by).reshape(a.shape), np.zeros(len(a)))

    options = {"dims": ((1, 2, 2),), "letters": "SE", "show": False}
    (note,) = nf.check.audit((shifted(1), shifted(-1)), **options).notes
    assert note == NO_ROWS
    sized = nf.check.audit((lambda a: (a + 1, np.zeros(len(a))), lambda a: (a - 1, np.zeros(len(a)))), **options)
    assert sized.ok and sized.notes == ()
