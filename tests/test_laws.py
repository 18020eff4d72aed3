"""Laws: what holds for every bijection. Each law meets each case, in all of its dimensions and dtypes."""

import pytest
from cases import CASES
from laws import LAWS


@pytest.mark.parametrize("law", LAWS)  # the laws of one case follow each other, and share what they compute
@pytest.mark.parametrize("name", CASES)
def test_the_law_holds(name, law):
    LAWS[law].check(CASES[name])
