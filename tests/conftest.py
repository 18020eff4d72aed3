"""What the asserts of the support modules say where they fail: as much as those of a test."""

import pytest

pytest.register_assert_rewrite("comparing", "interrupted", "laws", "refusals", "trained")
