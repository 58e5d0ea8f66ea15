"""Exemption by tag: what a tag's value gives, and a repair that goes by it."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_repair import settings
from resource_repair.exempt_tag import judge
from resource_repair.exemptions import Exemption, Exemptions
from resource_repair.remediations.bucket_acl import REMEDIATION
from resource_repair.remediations.frame import Case
from resource_repair.repair import BucketRepair, Means
from resource_repair.settings import ExemptTag
from resource_repair.timing import Deadline
from resource_repair.values import Finding, Outcome
from tests.unit.model_oss import ACCOUNT, HOME, ModelOss

TODAY = date(2027, 1, 15)  # the model's
TAG = ExemptTag("exempt-until", 7)
FINDING = Finding(rule_id="cr-1", resource_id="config-snapshot", region=HOME, owner="1")
REVIEWED = Exemption("config-snapshot", "a site", "web", TODAY, "public-read-write")


def run(
    oss: ModelOss, mode: str = "enforce", tag: ExemptTag | None = TAG, reviewed: bool = False
) -> Outcome:
    """Repair the model's bucket, where a tag exempts."""
    exempt = Exemptions((REVIEWED,) if reviewed else ())
    deadline = Deadline(oss.clock(), 60)
    means = Means(oss.bucket, mode, ACCOUNT, HOME, deadline)
    case = Case(FINDING.resource_id, exempt, tag, deadline.clock, {})
    repair = BucketRepair(FINDING, means, REMEDIATION, case)
    while True:
        result = repair.step()
        if isinstance(result, Outcome):
            return result
        oss.now += result


def operations(oss: ModelOss) -> list[str]:
    """What was asked of OSS."""
    return [request.operation for request in oss.log]


@pytest.mark.parametrize(
    ("value", "remark"),
    [
        ("2027-01-15", ""),
        ("2027-01-22", ""),
        ("2027-01-23", "2027-01-23 is more than 7 days ahead"),
        ("9999-12-31", "9999-12-31 is more than 7 days ahead"),
        ("2027-01-14", "it ended on 2027-01-14"),
        ("2027-02-30", "its value is no date such as 2026-12-31"),
        ("2027-1-16", "its value is no date such as 2026-12-31"),
        ("2027- 1-16", "its value is no date such as 2026-12-31"),
        ("2027-01-+9", "its value is no date such as 2026-12-31"),
        ("2027-01-16\n", "its value is no date such as 2026-12-31"),
        ("\u0662\u0660\u0662\u0667-01-16", "its value is no date such as 2026-12-31"),
        ("true", "its value is no date such as 2026-12-31"),
        ("", "its value is no date such as 2026-12-31"),
    ],
)
def test_a_tag_is_honoured_for_a_few_days(value: str, remark: str) -> None:
    """Only a date from today to seven days ahead exempts; why another does not is in the record."""
    oss = ModelOss(tags={"exempt-until": value})
    result = run(oss)
    if remark:
        told = f"set to private and read back; its tag exempt-until is not honoured: {remark}"
        assert (result.outcome, result.reason, oss.acl) == ("repaired", told, "private")
    else:
        told = f"by its tag exempt-until (whoever tagged it, until {value})"
        assert (result.outcome, result.reason, oss.acl) == ("exempt", told, "public-read")


@given(value=st.text() | st.dates().map(str), days=st.integers(1, 90))
def test_no_tag_exempts_for_longer_than_the_knob(value: str, days: int) -> None:
    """Whatever a tag says, what it gives ends within the days allowed, and allows no writing."""
    verdict = judge(ExemptTag("k", days), "config-snapshot", {"k": value}, TODAY)
    assert (verdict.exemption is None) == bool(verdict.remark)
    if verdict.exemption:
        assert TODAY <= verdict.exemption.expires <= TODAY + timedelta(days=days)
        assert verdict.exemption.allow == "public-read"


def test_a_tag_allows_reading_alone() -> None:
    """A bucket that the public may write to is set to what a tag can allow."""
    oss = ModelOss("public-read-write", tags={"exempt-until": "2027-01-16"})
    result = run(oss)
    assert (result.outcome, oss.acl) == ("repaired", "public-read")
    assert "by its tag exempt-until" in result.reason


def test_where_there_is_no_such_tag_nothing_is_said_of_it() -> None:
    """Other tags exempt nobody."""
    result = run(ModelOss(tags={"exempt": "2027-01-16"}))
    assert (result.outcome, result.reason) == ("repaired", "set to private and read back")


def test_a_write_follows_a_read_though_tags_are_read() -> None:
    """The bucket is looked at again after its tags, so that no write goes to one that is gone."""
    oss = ModelOss()
    assert run(oss).outcome == "repaired"
    assert operations(oss) == ["read", "tags", "read", "write", "read", "policy"]


@pytest.mark.parametrize("script", [["ok", "delete"], ["ok", "ok", "delete"]])
def test_a_bucket_deleted_meanwhile_stays_gone(script: list[str]) -> None:
    """Deleted before its tags or after them, it is not created by a write."""
    oss = ModelOss(script=iter(script))
    assert (run(oss).outcome, oss.acl) == ("gone", None)


@pytest.mark.parametrize("state", ["private", "exempt", "off"])
def test_tags_are_read_only_where_they_count(state: str) -> None:
    """No tag is read of a private bucket, of one that people exempted, nor where it is off."""
    oss = ModelOss("private" if state == "private" else "public-read", tags={"exempt-until": ""})
    run(oss, tag=None if state == "off" else TAG, reviewed=state == "exempt")
    assert "tags" not in operations(oss)


@pytest.mark.parametrize(
    ("word", "outcome"), [("denied", "denied"), ("refused", "failed"), ("unsupported", "failed")]
)
def test_tags_that_cannot_be_read_stop_the_repair(word: str, outcome: str) -> None:
    """A tag that may exempt and cannot be read leaves the bucket as it is, and unsettled."""
    oss = ModelOss(script=iter(["ok", word]))
    result = run(oss)
    assert (result.outcome, result.unsettled, oss.acl) == (outcome, True, "public-read")
    assert result.reason == f"tags_unreadable: {word}"


def test_tags_are_asked_for_again_when_throttled() -> None:
    """What passes is waited for, and then the tag counts."""
    oss = ModelOss(script=iter(["ok", "transient"]), tags={"exempt-until": "2027-01-16"})
    assert run(oss).outcome == "exempt"


@pytest.mark.parametrize("third", ["transient", "ok"], ids=["a retry", "the second look"])
def test_a_tag_taken_away_before_it_looks_again_exempts_no_more(third: str) -> None:
    """Each try, and each look, reads the tags anew."""

    def untag() -> Iterator[str]:
        yield from ["ok", "ok", third]  # read, tags, and a read that may fail
        oss.tags = {}

    oss = ModelOss(tags={"exempt-until": "2027-01-16"})
    oss.script = untag()
    assert (run(oss).outcome, oss.acl) == ("repaired", "private")


@pytest.mark.parametrize("after", [["applied"], ["transient", "ok", "ok", "close"]])
def test_a_tag_set_since_a_write_that_was_not_acknowledged_forbids_the_next(
    after: list[str],
) -> None:
    """Private by now, perhaps by that write, the bucket is not closed again: its owner may open it.

    The other case finds it open, reads the tag, and then finds it private.
    """

    def tag() -> Iterator[str]:
        yield from ["ok", "ok", "ok", after[0]]  # read, tags, read, write
        oss.tags = {"exempt-until": "2027-01-16"}
        yield from after[1:]

    oss = ModelOss()
    oss.script = tag()
    assert (run(oss).outcome, oss.acl) == ("exempt", "private")
    assert len(oss.writes()) == 1


def test_without_a_tag_a_write_that_was_not_acknowledged_is_written_again() -> None:
    """What shows as private may be what was before the finding, as ever; the tags are read anew."""
    oss = ModelOss(script=iter(["ok", "ok", "ok", "applied"]))
    assert run(oss).outcome == "repaired"
    once = ["read", "tags", "read", "write"]
    assert operations(oss) == [*once, *once, "read", "policy"]


def test_report_mode_tells_why_a_tag_is_not_honoured() -> None:
    """What would be repaired in spite of a tag says so."""
    result = run(ModelOss(tags={"exempt-until": "soon"}), mode="report")
    assert result.outcome == "would_repair"
    assert "not honoured: its value is no date" in result.reason


@pytest.mark.parametrize("key", [None, "", "none"])
def test_off_is_the_default(key: str | None) -> None:
    """Without a key no tag exempts, and days that nobody asks for are no misconfiguration."""
    told = {} if key is None else {"exemptTag": key, "exemptTagDays": "?"}
    config = settings.load({"prepareRuleId": "cr-1", **told})
    assert (config.exempt_tag, config.problems) == (None, ())


def test_on_as_configured() -> None:
    """The key and the days are those of the environment; the days default to a week."""
    environ = {"prepareRuleId": "cr-1", "exemptTag": "exempt-until"}
    assert settings.load(environ).exempt_tag == TAG
    assert settings.load({**environ, "exemptTagDays": "90"}).exempt_tag == TAG._replace(days=90)
