"""What a message sent to the topic has led to, as its audit lines tell it bit by bit."""

import dataclasses
import json
from collections import Counter
from datetime import datetime, timezone

import pytest

from resource_repair.values import DENIED, FAILED, IGNORED, REPAIRED, WOULD_REPAIR
from scripts import ROOT
from scripts.account.audit_trail import AuditLine
from scripts.flows.audit_lines import left_open
from scripts.flows.redelivery import ReportKey, awaited_of, said_last

NOW = datetime(2026, 5, 4, tzinfo=timezone.utc)
A: ReportKey = ("cr-1", "a", 1700000000000)
B: ReportKey = ("cr-1", "b", 1700000000000)


def line(key: ReportKey, outcome: str, request_id: str = "ours") -> AuditLine:
    """An audit line of an invocation."""
    rule_id, bucket, reported_at = key
    return AuditLine(
        NOW, outcome, bucket, rule_id=rule_id, request_id=request_id, reported_at=reported_at
    )


@pytest.mark.parametrize(
    ("awaited", "said", "settles"),
    [
        ({A: 1}, [(A, REPAIRED)], True),
        ({A: 1}, [(A, DENIED)], False),
        ({A: 1}, [(A, DENIED), (A, REPAIRED)], True),  # tried again
        ({A: 1, B: 1}, [(A, REPAIRED)], False),
        ({A: 1}, [(A, IGNORED)], True),  # not ours: or a list could never be removed
        ({A: 2}, [(A, IGNORED)], False),  # its duplicate is told before its repair has ended
        ({A: 2}, [(A, IGNORED), (A, REPAIRED)], True),
        ({A: 2}, [(A, FAILED), (A, IGNORED)], False),
        ({A: 2}, [(A, IGNORED), (A, FAILED), (A, IGNORED)], False),
        ({A: 2}, [(A, IGNORED), (A, FAILED), (A, IGNORED), (A, REPAIRED)], True),
        ({A: 1}, [((*A[:2], 1700000000001), IGNORED)], False),  # another finding: it is compliant
        ({A: 1}, [(("cr-2", *A[1:]), REPAIRED)], False),
    ],
)
def test_it_is_settled_once_the_repair_is_and_no_sooner(
    awaited: dict[ReportKey, int], said: list[tuple[ReportKey, str]], settles: bool
) -> None:
    """What is ignored says nothing about a finding of the message that is still being repaired."""
    last = said_last(Counter(awaited), [line(*each) for each in said])
    assert (sum(each.settled for each in last) == len(awaited)) == settles


def test_one_invocation_must_have_settled_all_of_it() -> None:
    """What others did about one bucket each is no proof that this message came to its end."""
    awaited = Counter([A, B])
    lines = [line(A, REPAIRED, "one"), line(B, REPAIRED, "another")]
    assert len(said_last(awaited, lines)) == 1
    assert len(said_last(awaited, [*lines, line(B, IGNORED, "one")])) == 2


@pytest.mark.parametrize(
    ("outcome", "reason", "told"),
    [
        (WOULD_REPAIR, "only reported", "a: would_repair, only reported"),
        (IGNORED, "other_rule: cr-1", "a: ignored, other_rule: cr-1"),
        (IGNORED, "duplicate: handled once", ""),
        (IGNORED, "other_account: 1", ""),
    ],
)
def test_what_was_left_open_is_told(outcome: str, reason: str, told: str) -> None:
    """It has come to its end, and its bucket is as open as before; others' buckets may be."""
    ours = dataclasses.replace(line(A, outcome), reason=reason)
    theirs = dataclasses.replace(line(("cr-2", "b", None), IGNORED), reason="other_rule: cr-2")
    assert left_open((ours, theirs, line(B, REPAIRED)), {"cr-1"}) == told


def test_what_is_awaited_is_read_as_the_function_reads() -> None:
    """Each item of a list is awaited, with the time at which Cloud Config reported it."""
    finding = json.loads((ROOT / "events" / "repaired_nested.json").read_text("utf-8"))
    (key,) = awaited_of(json.dumps([finding, finding]).encode())
    assert awaited_of(json.dumps([finding, finding]).encode())[key] == 2
    assert key[2] == finding["notificationCreationTime"]
    assert awaited_of(b"no message") == {("", "", None): 1}
