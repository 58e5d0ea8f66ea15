"""How a finding is recorded, and how an invocation ends."""

import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resource_repair.audit import record
from resource_repair.settle import UnsettledFindingsError, settle
from resource_repair.values import (
    DENIED,
    FAILED,
    SETTLED,
    TOLD,
    UNREADABLE,
    Credentials,
    Outcome,
)

FIELDS = [
    "event",
    "outcome",
    "reason",
    "bucket",
    "region",
    "rule_id",
    "rule_name",
    "account_id",
    "acl_before",
    "acl_after",
    "public_by_policy",
    "mode",
    "request_id",
    "oss_request_id",
    "duration_ms",
    "reported_at",
    "remediation",
    "before",
    "after",
]


def line_of(outcome: Outcome) -> str:
    """What `record` writes for an outcome."""
    stream = io.StringIO()
    record(outcome, "enforce", "request-1", stream)
    return stream.getvalue()


@example("\U0001f4a3" * 60_000)
@example("\x7f" * 60_000)
@example("a\r\n\x1b[2Jb\x7f\x9b\x85\u202e\u2028\ufeff\ud800")
@given(st.text(max_size=3000))
def test_a_finding_is_one_line_of_json(text: str) -> None:
    """Whatever a message names, the audit has one short line of ASCII with all its fields."""
    hostile = dict.fromkeys(
        ["reason", "bucket", "region", "rule_id", "rule_name", "account_id"], text
    )
    line = line_of(Outcome("failed", acl_before=text, acl_after=text, **hostile))  # type: ignore[arg-type]
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert line.isascii()
    assert line[:-1].isprintable()
    assert len(line) < 32_000
    fields = json.loads(line)
    assert list(fields) == FIELDS
    assert fields["event"] == "resource_repair"
    assert text.startswith(fields["bucket"])


def test_a_line_is_out_before_the_next_repair_ends() -> None:
    """An invocation that is killed has told of all that it recorded: nothing waits in memory."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw)
    record(Outcome("repaired"), "enforce", "request-1", stream)
    assert json.loads(raw.getvalue())["outcome"] == "repaired"


@pytest.mark.parametrize(("characters", "whole"), [(1498, True), (1499, False)])
def test_a_long_text_is_cut(characters: int, whole: bool) -> None:
    """What has 1,500 characters with its quotes is all there."""
    fields = json.loads(line_of(Outcome("failed", "x" * characters)))
    assert (len(fields["reason"]) == characters) is whole


@pytest.mark.parametrize(
    ("outcomes", "answer"),
    [
        (sorted(SETTLED), "success"),
        (["ignored"], "success"),
        (["unreadable"], "fail"),
        (["unreadable", "unreadable"], "fail"),
        (["unreadable", "ignored"], "success"),
    ],
)
def test_what_is_settled_is_answered(outcomes: list[str], answer: str) -> None:
    """Settled findings answer success; a message in which nothing could be read answers fail."""
    assert settle([Outcome(each) for each in outcomes]) == answer


@pytest.mark.parametrize("outcome", ["denied", "failed", "an outcome that nobody knows"])
def test_what_is_not_settled_is_raised(outcome: str) -> None:
    """One unsettled finding raises, naming its bucket and reason, and no settled one."""
    outcomes = [
        Outcome("repaired", bucket="fine"),
        Outcome(outcome, "the reason", bucket="config-snapshot"),
    ]
    with pytest.raises(UnsettledFindingsError) as raised:
        settle(outcomes)
    assert str(raised.value) == f"1 not settled; config-snapshot: {outcome}, the reason"


@pytest.mark.parametrize("outcome", sorted(TOLD))
def test_what_is_told_is_not_tried_again(outcome: str) -> None:
    """No retry and no place in the failure queue helps what only a person can see to."""
    assert settle([Outcome(outcome)]) == "success"


def test_every_outcome_is_of_one_class() -> None:
    """Settled, settled and told, and not settled share nothing."""
    assert not SETTLED & TOLD
    assert all(Outcome(each).unsettled for each in (DENIED, FAILED))
    assert not any(Outcome(each).unsettled for each in SETTLED | TOLD | {UNREADABLE})


@pytest.mark.parametrize(
    ("character", "shown"),
    [
        ("\r", r"\r"),
        ("\n", r"\n"),
        ("\t", r"\t"),
        ("\0", r"\x00"),
        ("\x1b", r"\x1b"),
        ("\x7f", r"\x7f"),
        ("\x85", r"\x85"),
        ("\x9b", r"\x9b"),
        ("\u202e", r"\u202e"),
        ("\u2028", r"\u2028"),
        ("\ud800", r"\ud800"),
        ("\U0001f4a3", r"\U0001f4a3"),
        ("\\", r"\\"),
    ],
)
def test_an_error_shows_what_would_steer_a_terminal(character: str, shown: str) -> None:
    """Each character that is not printed is its escape, and no name can pretend to have one."""
    with pytest.raises(UnsettledFindingsError) as raised:
        settle([Outcome("failed", "reason", bucket=f"a{character}b")])
    assert str(raised.value) == f"1 not settled; a{shown}b: failed, reason"


BUCKETS = st.lists(st.text(max_size=2000), min_size=1, max_size=300)


@example(["\x1b\r\x7f" * 600] * 300)
@given(BUCKETS)
def test_an_error_fits_the_failure_queue(names: list[str]) -> None:
    """However many findings fail, whatever they are called, the error has 4 KB of ASCII at most."""
    with pytest.raises(UnsettledFindingsError) as raised:
        settle([Outcome("failed", "reason", bucket=name) for name in names])
    text = str(raised.value)
    assert len(text.encode()) <= 4096
    assert text.isascii()
    assert text.isprintable()
    assert text.startswith(f"{len(names)} not settled; ")


def test_the_room_in_an_error_is_used_and_never_exceeded() -> None:
    """Whatever the lengths of its lines, of which each has 400 characters at most."""
    longest = 0
    for length in range(1, 450):
        with pytest.raises(UnsettledFindingsError) as raised:
            settle([Outcome("failed", "reason", bucket="x" * length)] * 5000)
        assert 3600 < len(str(raised.value)) <= 4096
        longest = max(longest, *map(len, str(raised.value).split("; ")))
    assert longest == 400


def test_every_bucket_is_named_while_there_is_room() -> None:
    """Fifty failures of ordinary names are all in the error; of a thousand, some are counted."""
    with pytest.raises(UnsettledFindingsError) as few:
        settle([Outcome("denied", "AccessDenied", bucket=f"bucket-{n:04}") for n in range(50)])
    assert all(f"bucket-{n:04}: denied, AccessDenied" in str(few.value) for n in range(50))
    with pytest.raises(UnsettledFindingsError, match=r"and \d+ more; see the audit lines") as many:
        settle([Outcome("denied", "AccessDenied", bucket=f"bucket-{n:04}") for n in range(1000)])
    named = str(many.value).count("bucket-")
    assert str(many.value).endswith(f"and {1000 - named} more; see the audit lines")


def test_credentials_do_not_print_themselves() -> None:
    """A stray log line of credentials shows none."""
    credentials: Any = Credentials("key-id", "key-secret", "token")
    assert "key" not in f"{credentials!r} {credentials}"
