"""What further remediations leave, told by status, the posture page and the doctor as the ACL's."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from scripts.decide.chain import Standing
from scripts.flows import left_open
from scripts.verbs.status import VERB
from tests.account import Account
from tests.contract.spoil import look
from tests.contract.test_further import NAMES, declare, exempt, reporting
from tests.parts import no_http, public_policy, without

__all__ = ["reporting"]

SWEEP = "resource-repair sweep --due"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has just happened counts."""
    monkeypatch.setattr(left_open, "GRACE", timedelta(0))


@pytest.fixture
def enforcing(reporting: Account) -> Account:
    """All of them enforce, by a function that does nothing; and what is left is there.

    To http all is closed but the last of them.
    """
    declare(reporting, "enforce")
    reporting.deploy()
    with reporting.unnoticed():
        reporting.cloud.oss.create("a-new")
        aes = {"SSEAlgorithm": "AES256"}
        reporting.cloud.oss.create("b-open", acl="public-read-write", encryption=aes)
        for name in ("c-site", "d-http"):
            reporting.cloud.oss.create(name, encryption=aes)
        for name in ("a-new", "b-open", "c-site"):
            shut(reporting, name, open_too=name == "c-site")
    reporting.cloud.settle()
    return reporting


def shut(account: Account, bucket: str, *, open_too: bool = False) -> None:
    """Give it a policy that denies http, and lets everybody in if it is to."""
    there = json.loads(public_policy(bucket))["Statement"] if open_too else []
    document = {"Version": "1", "Statement": [*there, no_http(bucket)]}
    account.cloud.oss.set_policy(bucket, json.dumps(document))


def of_doctor(account: Account, link: str) -> list[tuple[str, str]]:
    """What the doctor says of a link that is not sound, and its mend."""
    account.cloud.clock.advance(2)  # by then the log is searched
    found = [each for each in look(account) if each.link == link]
    assert {each.standing for each in found} <= {Standing.FAULT}
    return [(each.what, each.mend) for each in found]


def of_status(account: Account, capsys: Any, *arguments: str, ends: int = 1) -> dict[str, Any]:
    """What `status` has of each, by its name."""
    capsys.readouterr()
    assert account.run("status", "--json", *arguments) == ends
    told = json.loads(capsys.readouterr().out)
    assert told["not_read"] == []
    return {each["remediation"]: each for each in told["further"]}


def log(account: Account, **line: object) -> None:
    """An audit line."""
    told = {"event": "resource_repair", **line}
    account.cloud.log.write(account.log_project, "audit", [{"message": json.dumps(told)}])


def test_what_each_should_have_mended_is_named_in_status_doctor_and_report(
    enforcing: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `sweep --due` has it; the ACL's own finding stands beside them."""
    ((what, mend),) = of_doctor(enforcing, "what is due")
    names = (
        "b-open",
        "b-open (public-write)",
        "a-new (encryption)",
        "c-site (policy)",
        "d-http (https)",
    )
    told = ", ".join(f"{name} (no audit line since it was found)" for name in names)
    assert (what, mend) == (f"not mended, and nobody comes back to it: {told}", SWEEP)
    on = of_status(enforcing, capsys)
    assert [(on[name]["mode"], on[name]["found"]) for name in NAMES] == [("enforce", 1)] * 4
    assert [[each["bucket"] for each in on[name]["wanting"]] for name in NAMES] == [
        ["b-open"],
        ["a-new"],
        ["c-site"],
        ["d-http"],
    ]
    assert enforcing.run("status") == 1
    said = capsys.readouterr().out
    assert re.search(r"c-site \(policy\) +no audit line since it was found +resource-repair", said)
    assert enforcing.run("report", "--json") == 0
    assert json.loads(capsys.readouterr().out)["further"] == list(on.values())
    page = (enforcing.folder / "report.html").read_text("utf-8")
    assert '<td data-label="Why"><bdi>no audit line since it was found</bdi></td>' in page


def test_one_bucket_is_shown_with_what_each_makes_of_it(
    enforcing: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is compliant by the ACL's rule; that is not the whole of it."""
    enforcing.bucket("b-open").put_bucket_acl("private")
    enforcing.rest()
    on = of_status(enforcing, capsys, "--bucket", "a-new")
    assert [on[name]["found"] for name in NAMES] == [0, 1, 0, 0]
    (wanting,) = on["encryption"]["wanting"]
    assert wanting == {
        "bucket": "a-new",
        "why": "no audit line since it was found",
        "mend": SWEEP,
        "told": "",
    }


def test_what_only_reports_or_is_exempt_or_mended_is_not_due(
    enforcing: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though the rule goes on finding it; `status` is sound where the ACL's is."""
    enforcing.bucket("b-open").put_bucket_acl("private")
    enforcing.rest()
    held = (exempt("a-new", "encryption"), exempt("c-site", "policy"), exempt("d-http", "https"))
    with enforcing.live_exemptions(*held):
        assert of_doctor(enforcing, "what is due") == []
        on = of_status(enforcing, capsys, "--bucket", "a-new", ends=0)
        assert (on["encryption"]["found"], on["encryption"]["wanting"]) == (1, [])
        on = of_status(enforcing, capsys, "--bucket", "c-site", ends=0)
        assert (on["policy"]["found"], on["policy"]["wanting"]) == (1, [])
    declare(enforcing, "report")
    enforcing.deploy()
    assert of_doctor(enforcing, "what is due") == []
    assert of_status(enforcing, capsys, "--bucket", "a-new", ends=0)["encryption"]["found"] == 1


def test_what_each_told_is_named_for_as_long_as_it_is_so(
    reporting: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each by its own last line: that the ACL's says otherwise later ends none of it."""
    with reporting.unnoticed():
        reporting.cloud.oss.create("c-site", encryption={"SSEAlgorithm": "AES256"})
        reporting.cloud.oss.create("d-site", encryption={"SSEAlgorithm": "AES256"})
    reporting.open_by_policy("c-site")
    reporting.cloud.settle()
    told = {"outcome": "exposed", "remediation": "policy", "public_by_policy": True}
    log(reporting, bucket="c-site", before="[]", after="[]", **told)
    others = {"outcome": "unproven", "remediation": "policy", "public_by_policy": False}
    log(reporting, bucket="d-site", before="[]", after="[]", **others)
    for name in ("c-site", "d-site"):
        log(reporting, bucket=name, outcome="exempt", acl_before="private", acl_after="private")
    said = dict(of_doctor(reporting, "what was told"))
    assert said == {
        "told as exposed, and still so: c-site (policy)": (
            "see to its policy, or switch Block Public Access on for it"
        )
    }
    on = of_status(reporting, capsys)
    assert [(each["bucket"], each["told"]) for each in on["policy"]["wanting"]] == [
        ("c-site", "exposed"),
        ("d-site", "unproven"),
    ]
    reporting.bucket("c-site").delete_bucket_policy()
    reporting.cloud.settle()
    assert of_doctor(reporting, "what was told") == []
    assert [
        each["bucket"] for each in of_status(reporting, capsys, ends=0)["policy"]["wanting"]
    ] == ["d-site"]


def test_what_of_them_may_not_be_read_is_named_with_its_permission(
    enforcing: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are shown all the same, and nothing is called in order."""
    may = without(VERB.permissions, "oss:GetBucketPolicy")
    assert enforcing.run("status", "--json", may=may) == 1
    told = json.loads(capsys.readouterr().out)
    assert [("oss:GetBucketPolicy" in each) for each in told["not_read"]] == [True]
    found = {each["remediation"]: each["found"] for each in told["further"]}
    assert found == {"public-write": 1, "encryption": 1, "policy": None, "https": None}


def test_where_none_is_on_nothing_more_is_asked(
    sound: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """As before: one list of results."""
    calls = sound.calls()
    assert of_status(sound, capsys, ends=0) == {}
    asked = calls()
    assert asked.count("config:ListConfigRuleEvaluationResults") == 1
    assert "oss:GetBucketPolicy" not in asked
