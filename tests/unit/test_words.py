"""One of a thing is told as one."""

import pytest

from scripts.words import count


@pytest.mark.parametrize(
    ("number", "told", "does"),
    [
        (0, "0 lines", "0 lines wait"),
        (1, "1 line", "1 line waits"),
        (2, "2 lines", "2 lines wait"),
    ],
)
def test_a_number_goes_with_its_noun_and_verb(number: int, told: str, does: str) -> None:
    """Neither "1 lines" nor "1 line wait" is ever said."""
    assert (count(number, "line"), count(number, "line", "wait")) == (told, does)
