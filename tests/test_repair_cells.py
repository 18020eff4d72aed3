"""Lines of an outer function that made something for the functions within it."""

import ast

import numpy as np
import pytest
from edited_code import module_of, trial_of

from nfscratch.check.repair.edit import source
from nfscratch.check.repair.made_cells import made_cells
from nfscratch.check.repair.search import Search

LAYERS = """
    import numpy as np

    rng = np.random.default_rng(0)
    D = 4

    def layer(odd, order, weights):
        mask = (np.arange(D) % 2 == odd).astype(float)
        back = np.argsort(order)
        total = np.log(np.abs(weights)).sum()

        def forward(z):
            s = np.tanh(z * mask) @ np.diag(weights[::-1])[::-1] * (1 - mask)
            return (z * np.exp(s) * weights)[:, order], s.sum(1) + total

        def inverse(x):
            z = x[:, back] / weights
            s = np.tanh(z * mask) @ np.diag(weights[::-1])[::-1] * (1 - mask)
            return z * np.exp(-s), -s.sum(1) - total

        return forward, inverse

    layers = [layer(k % 2, order, rng.normal(size=D)) for k, order in enumerate(([2, 0, 3, 1], [1, 2, 3, 0]))]

    def forward(z):
        log_det = 0.0
        for ahead, _ in layers:
            z, more = ahead(z)
            log_det = log_det + more
        return z, log_det

    def inverse(x):
        log_det = 0.0
        for _, behind in reversed(layers):
            x, more = behind(x)
            log_det = log_det + more
        return x, log_det
"""


@pytest.mark.parametrize("right, wrong", [
    pytest.param("np.argsort(order)", "np.sort(order)", marks=pytest.mark.exhaustive),  # it tries for 18 seconds
    ("np.log(np.abs(weights))", "np.abs(weights)"),
])  # fmt: skip
def test_a_line_of_an_outer_function_is_tried_otherwise_for_all_its_calls(right, wrong, tmp_path):
    module = module_of(LAYERS.replace(right, wrong), tmp_path, "cells")
    before = [cell.cell_contents for f, g in module.layers for h in (f, g) for cell in h.__closure__]
    repair = Search(trial_of(module, 4)).repair()
    after = [cell.cell_contents for f, g in module.layers for h in (f, g) for cell in h.__closure__]
    assert repair is not None and right in repair.change
    assert all(a is b for a, b in zip(before, after, strict=True))


def test_a_right_one_has_nothing_to_mend(tmp_path):
    assert not Search(trial_of(module_of(LAYERS, tmp_path, "cells"), 4)).failed
    assert np.isfinite(module_of(LAYERS, tmp_path, "finite").forward(np.ones((1, 4)))[1]).all()


def test_the_lines_whose_values_inner_functions_keep(tmp_path):
    """Each with the lines after it that have to run again; its edit holds for all calls, and is put back."""
    reached = Search(trial_of(module_of(LAYERS, tmp_path, "kept"))).reached
    made = {source(m.tree): m for m in made_cells(reached, reached.lines)}
    assert set(made) == {"mask = (np.arange(D) % 2 == odd).astype(float)", "back = np.argsort(order)",
                         "total = np.log(np.abs(weights)).sum()"}  # fmt: skip
    line = made["total = np.log(np.abs(weights)).sum()"]
    held = [cells["total"].cell_contents for cells in line.owners]
    line.tree.value = ast.parse("7.0", mode="eval").body
    ast.fix_missing_locations(line.tree)
    with line.edited():
        assert [cells["total"].cell_contents for cells in line.owners] == [7.0] * len(held)
    assert [cells["total"].cell_contents for cells in line.owners] == held and len(held) > 1
