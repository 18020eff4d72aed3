"""Of two changes, which comes before the other and is said beside it; and how far apart long pieces of source are."""

from dataclasses import replace

from nfscratch.check.repair.masks import turns_mask
from nfscratch.check.repair.mended import Repair

OF_FORWARD, OF_INVERSE = frozenset({"x", "forward"}), frozenset({"inverse"})


def repair(before="x * t", after="x / t", changed=OF_INVERSE, **more):
    given = {"file": "/a/b.py", "lines": (3,), "of_lines": None, "laws": ("R",)}
    return Repair(before=before, after=after, changed=changed, **(given | more))


def test_a_line_that_both_directions_go_through_changes_both_log_dets():
    for changed, unlikely in (
        (("forward", "inverse"), 0),
        (("forward",), 1),
        (("inverse",), 1),
        (("x", "forward", "inverse"), 0),
    ):
        assert repair(is_shared=True, changed=frozenset(changed)).rank[4] == unlikely, changed
        assert repair(changed=frozenset(changed)).rank[4] == 0


def test_long_pieces_of_source_differ_by_what_differs():
    """What stands often in them counts as everything else does."""
    long = "y" + " + x" * 60
    assert len(long) > 200 and repair(long, long.replace("y", "z"))._distance == 2
    assert repair("y", long)._distance == len(long) - 1


def test_what_is_said_beside_a_change_is_looked_through_once():
    best, alike, mirrored = repair(), repair("x * t", "x % t"), repair("y * t", "y / t", OF_FORWARD)
    assert best.beside(iter([mirrored, alike]), either=True).others == (mirrored, alike)


def test_columns_that_are_put_elsewhere_speak_against_a_change():
    straight, fewer = repair(), repair(crosses=-2)
    for more in (1, 2):
        crossed = repair(crosses=more)
        assert straight.nearest < crossed.nearest and fewer.nearest == straight.nearest
    other = repair("y * t", "y / t", OF_FORWARD, crosses=1)
    assert fewer.beside([other], either=True).others == () and straight.beside([other], either=True).others == (other,)
    assert fewer.beside([replace(other, crosses=0)], either=True).others != ()


def test_what_would_not_be_finite_with_another_sign_is_by_chance():
    for before, after, said in (
        ("np.log(u)", "np.log(-u)", True), ("np.log(-u)", "np.log(u)", False), ("np.log(-u)", "np.log(-2 * u)", False),
        ("np.log(u)", "np.log(-np.log(u))", False), ("det(A)", "det(-A)", True), ("log1p(u)", "log1p(-u)", True),
        ("log(-u) + log(v)", "log(-u) + log(-v)", True), ("np.exp(u)", "np.exp(-u)", False), ("a - b", "b - b", True),
        ("b - b", "b - b + 1", False), ("a / b", "b / b", True), ("range(n)", "range(-1, n)", True),
        ("f(order)", "order[order]", True),
        ("range(-1, n)", "range(-1, n + 1)", False), ("a + b", "- b + b", True),
    ):  # fmt: skip
        assert repair(before, after).is_by_chance is said, (before, after)


def test_of_two_conditions_one_has_its_values_exchanged():
    one, other = "where(a, b, c)", "where(d, e, f)"
    turned = {one: "where(a, c, b)", other: "where(d, f, e)"}
    before = f"np.{one} + np.{other}"
    for which in (one, other):
        assert turns_mask(before, before.replace(which, turned[which])), which
    assert not turns_mask(before, before.replace(one, turned[one]).replace(other, turned[other])) and not turns_mask(
        before, before
    )
    assert not turns_mask("f(a, b, c)", "f(a, c, b)") and not turns_mask("np.where(a, b)", "np.where(b, a)")
