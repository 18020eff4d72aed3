"""What is set aside after collection is not found by who asks for referrers; functions and objects of tests are."""

import gc

from frozen import is_of_tests

import nfscratch as nf


class Mine:
    pass


def of_this_file():
    pass


KEPT = Mine()


def test_functions_and_objects_of_tests_are_found_and_others_are_set_aside():
    assert gc.get_freeze_count() > 1000
    assert of_this_file in gc.get_referrers(of_this_file.__code__)
    assert KEPT in gc.get_referrers(Mine)
    assert nf.fit not in gc.get_referrers(nf.fit.__code__)


def test_what_is_of_tests():
    assert is_of_tests(of_this_file) and is_of_tests(KEPT)
    assert not is_of_tests(nf.fit) and not is_of_tests(nf.StandardNormal(2)) and not is_of_tests([])
