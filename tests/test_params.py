"""Parameter trees: which leaves are trained, in which order, and what is a view of what."""

import numpy as onp
from comparing import close_trees

from nfscratch import trees

TREE = {
    "b": [onp.arange(2.0), {"fixed": {"mean": onp.array([9.0])}, "W": onp.arange(6.0).reshape(2, 3)}],
    "a": onp.array(7.0),
    "fixed": onp.array([8.0]),
    "empty": {},
}


def test_leaves_pass_over_what_is_stored_in_one_fixed_order():
    assert [path for path, _ in trees.named_leaves(TREE)] == ["a", "b/0", "b/1/W"]
    assert [a.size for a in trees.leaves(TREE)] == [1, 2, 6] and trees.count(TREE) == 9


def test_flatten_makes_views_and_gather_puts_gradients_in_the_same_places():
    flat, tree = trees.flatten(TREE)
    assert flat.tolist() == [7, 0, 1, 0, 1, 2, 3, 4, 5]
    assert (trees.gather(TREE, onp.empty(9)) == flat).all()
    flat *= 10
    assert tree["b"][1]["W"].tolist() == [[0, 10, 20], [30, 40, 50]] and tree["a"] == 70
    assert tree["b"][1]["fixed"]["mean"] == 9 and tree["fixed"] == 8 and TREE["a"] == 7
    tree["fixed"][:] = 0
    assert TREE["fixed"] == 8


def test_complete_puts_zeros_where_something_is_stored():
    grads = {"a": onp.array(1.0), "b": [onp.ones(2), {"W": onp.ones((2, 3))}], "empty": {}}
    full = trees.complete(grads, TREE)
    assert full["fixed"] == 0 and full["b"][1]["fixed"]["mean"] == 0
    close_trees(full, grads, 0.0)


def test_copy_and_cast_make_new_arrays():
    for new in (trees.copy(TREE), trees.cast(TREE, "float32")):
        new["b"][1]["fixed"]["mean"][:] = 0
        new["b"][0][:] = 5
    assert TREE["b"][1]["fixed"]["mean"] == 9 and TREE["b"][0].tolist() == [0, 1]
    assert new["fixed"].dtype == new["a"].dtype == onp.float32


def test_a_tree_without_leaves_is_a_tree():
    flat, tree = trees.flatten({"a": [], "b": {}})
    assert (flat.size, tree, trees.first_array(tree)) == (0, {"a": [], "b": {}}, None)
