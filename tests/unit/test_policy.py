"""Statements are taken out of a bucket policy: no other goes with them, whoever else writes it."""

import io
import json
from itertools import combinations

import pytest

from resource_repair import audit
from resource_repair.remediations import named
from resource_repair.values import FAILED, TOLD
from tests.unit.model_oss import ADDED
from tests.unit.policies import DENY, NAMED, NARROW, OPEN, WIDE, WRITES, allow, policy
from tests.unit.tables import MIXED, POLICY, Row

REMEDIATION = named("policy")
KINDS = (OPEN, NAMED, WRITES, DENY, NARROW, WIDE)


def test_whatever_else_is_there_stays_as_it_was_and_in_its_order() -> None:
    """The policy is deleted only where no statement is left: peers delete it with all others."""
    for count in range(len(KINDS) + 1):
        for kinds in combinations(KINDS, count):
            oss, _ = Row({"document": policy(*kinds)}, "", None).run(REMEDIATION)
            left = [each for each in kinds if each not in (OPEN, WRITES)]
            unchanged = len(left) == len(kinds)
            assert oss.document == (policy(*left) if left or unchanged else "")


@pytest.mark.parametrize("word", ADDED)
def test_what_another_writer_adds_is_there_or_told(word: str) -> None:
    """At whichever of our requests it comes in: but in the moment between the last look and the
    write, which nothing can see, as OSS has no precondition for it.
    """
    lost = []
    for before in range(14):
        oss, result = Row(MIXED, "", None, ("ok",) * before + (word,)).run(REMEDIATION)
        if before >= len(oss.log):
            break
        theirs = json.loads(oss.document)["Statement"]
        taken_out = json.loads(result.before or "[]")
        if result.outcome in TOLD | {FAILED} or ADDED[word] in theirs or ADDED[word] in taken_out:
            continue
        lost.append(oss.log[before].operation)
    assert lost == ["write"]


def test_of_two_who_write_at_once_the_one_that_was_first_sees_it() -> None:
    """Whoever writes second has read what was before: the first one looks once more, later."""
    reads = ("ok",) * 4
    oss, result = Row(MIXED, "", None, (*reads, "ok", "ok", "ok", "undoes")).run(REMEDIATION)
    assert json.loads(oss.document)["Statement"] == [NAMED, DENY, ADDED["undoes"]]
    assert result.outcome == "repaired"
    assert len(oss.writes()) == 2


def test_no_write_is_from_an_older_copy_than_the_last_look() -> None:
    """Two actions on one cached copy lose the first one's: each write follows its own look."""
    for row in POLICY:
        oss, _ = row.run(REMEDIATION)
        for at in oss.writes():
            assert [each.operation for each in oss.log[at - 2 : at]] == ["read", "get policy"]
            assert oss.log[at - 1].word != "lag"


def test_the_line_keeps_all_that_was_taken_out() -> None:
    """And the undo that it declares puts just that back."""
    for document in (policy(NAMED, OPEN, DENY, WRITES), policy(allow("*", Resource=["é\n"]))):
        _, result = Row({"document": document}, "", None).run(REMEDIATION)
        stream = io.StringIO()
        audit.record(result, "enforce", "an-id", stream)
        line = json.loads(stream.getvalue())
        gone = [each for each in json.loads(document)["Statement"] if each not in (NAMED, DENY)]
        assert json.loads(line["before"]) == gone
        assert line["after"] == "[]"
        operation, value = REMEDIATION.undo(line["before"])
        assert (operation, json.loads(value)) == ("PutBucketPolicy", gone)


@pytest.mark.parametrize("character", ["a", '"', "é", "\U0001f600"])
def test_what_the_line_has_no_room_for_is_not_taken_out(character: str) -> None:
    """The longest that it can tell is, whole; one character more is left, and told."""

    def ends(count: int) -> tuple[str, bool]:
        there = policy(allow("*", Resource=[character * count]), NAMED)
        oss, result = Row({"document": there}, "", None).run(REMEDIATION)
        kept = audit.fits(result.before or "")
        assert (oss.document == there) is (result.outcome != "repaired") is not kept
        return result.outcome, kept

    said = [ends(count) for count in range(1, 1500, 1 if character != "a" else 7)]
    assert said == sorted(said, key=lambda each: not each[1])
    assert {each[0] for each in said} == {"repaired", "exposed"}


def test_a_second_run_finds_nothing_to_do() -> None:
    """And writes nothing."""
    oss, _ = Row(MIXED, "", None).run(REMEDIATION)
    again, result = Row({"document": oss.document}, "", None).run(REMEDIATION)
    assert (result.outcome, again.writes()) == ("compliant", [])


def test_what_a_write_takes_out_is_in_the_log_before_it(caplog: pytest.LogCaptureFixture) -> None:
    """A run that is killed after its write has no line: what it took out can be put back."""
    caplog.set_level("INFO", "resource_repair")
    logged: list[str] = []

    def killed(*_: object) -> str:
        logged.extend(caplog.messages)
        raise SystemExit

    with pytest.raises(SystemExit):
        Row(MIXED, "", None).run(REMEDIATION._replace(write=killed))
    (told,) = logged
    assert told.startswith("policy is about to change config-snapshot, where it finds: ")
    assert json.loads(told[told.index("[") :]) == [OPEN]
