"""The table of how faithful the local cloud is: it tells what a run has shown, and no more."""

from tests import fidelity

WELL = {"tests/contract/test_oss_tags.py::test_deleting_tags_by_key": True}
PLACE = f"before\n{fidelity._BEGIN}what was\n{fidelity._END}after\n"


def line(number: int, seen: fidelity.Outcomes) -> str:
    """A fact's line."""
    (found,) = (
        each for each in fidelity.table(seen).split("\n") if each.startswith(f"| {number} ")
    )
    return found


def test_a_fact_is_as_it_is_said_where_its_tests_passed() -> None:
    """The tests are named, and linked to."""
    told = line(2, {2: WELL})
    assert "| the same |" in told
    assert "[deleting tags by key](../tests/contract/test_oss_tags.py)" in told


def test_a_fact_is_not_shown_by_a_test_that_failed_or_by_none() -> None:
    """One that fails is enough, whatever the others say."""
    failed = {"tests/contract/test_x.py::test_another": False}
    for outcomes in ({}, failed, {**WELL, **failed}):
        assert "**not shown**" in line(2, {2: outcomes})
    assert "[another](../tests/contract/test_x.py) **failed**" in line(2, {2: {**WELL, **failed}})


def test_a_switch_is_told_with_its_default() -> None:
    """It is asked of the cloud itself."""
    assert "`cloud.oss.most_buckets` (100)" in line(10, {10: WELL})
    assert "`cloud.oss.accepts_v1` (off)" in line(11, {11: WELL})
    assert "{" not in fidelity.table(dict.fromkeys(fidelity.FACTS, WELL))


def test_only_the_table_is_written() -> None:
    """What stands around it stays, and to write it twice changes nothing."""
    once = fidelity.written(PLACE, {2: WELL})
    assert once.startswith("before\n")
    assert once.endswith(f"{fidelity._END}after\n")
    assert "what was" not in once
    assert fidelity.written(once, {2: WELL}) == once
    assert fidelity.written(once, {}) != once


def test_every_fact_has_a_line() -> None:
    """Of the 34 that were looked into, what is unknown, and five of Function Compute 3.0."""
    assert list(fidelity.FACTS) == list(range(1, 41))
    assert fidelity.table({}).count("\n| ") == 40 + 1
