"""One of a thing is told as one."""

import pytest

from scripts.decide.prospect import left_alone
from scripts.verbs.sweep.rendering import asked_about, left_by_limit
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


@pytest.mark.parametrize(
    ("new", "closes", "asked"),
    [
        (1, 1, "This bucket is open although its last audit line says otherwise: to close it, "),
        (1, 3, "1 of these 3 buckets is open although its last audit line says otherwise: to "),
        (2, 3, "2 of these 3 buckets are open although their last audit lines say otherwise: to "),
        (2, 2, "All 2 buckets are open although their last audit lines say otherwise: to close "),
    ],
)
def test_a_sweep_asks_about_one_as_about_one(new: int, closes: int, asked: str) -> None:
    """Never "1 of these 1 are open"."""
    assert asked_about(new, closes).startswith(asked)


@pytest.mark.parametrize(
    ("left", "closes", "told"),
    [
        (1, 0, "1 bucket for the next run"),
        (1, 1, "1 bucket for the next run, which closes it"),
        (3, 1, "3 buckets for the next run, which closes 1 of them"),
        (3, 3, "3 buckets for the next run, which closes them"),
    ],
)
def test_what_a_limit_leaves_is_told_once(left: int, closes: int, told: str) -> None:
    """How many, and how many of them are closed then."""
    assert left_by_limit(left, closes) == f"--limit left {told}"


@pytest.mark.parametrize(
    ("exempt", "ignored", "does"), [(0, 0, "are"), (1, 0, "is"), (1, 1, "are")]
)
def test_what_is_left_alone_goes_with_its_number(exempt: int, ignored: int, does: str) -> None:
    """One is, and none or more are."""
    told = f"{exempt} exempt and {ignored} ignored in Cloud Config {does} left alone"
    assert left_alone(exempt, ignored) == told
