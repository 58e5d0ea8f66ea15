"""The closed loop: a bucket is opened, and everything from there on happens by itself."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from scripts.account import deploy_plan
from scripts.account.audit_trail import AuditLine
from scripts.localcloud import Drop, Fail, Hold, Lag, LocalCloud
from scripts.localcloud.ram import policies
from scripts.stage.stage import Stage, set_up
from tests.e2e import scene


@pytest.fixture(scope="module")
def shared(code: Path) -> Iterator[Stage]:
    """The product on a local cloud, for the tests that leave it as it was."""
    with LocalCloud() as cloud:
        yield set_up(cloud, code)


@pytest.fixture
def stage(shared: Stage) -> Stage:
    """The shared product, with no bucket and nothing going on."""
    shared.start_over()
    return shared


def opened(
    stage: Stage, name: str = "config-snapshot", acl: str = "public-read", region: str = ""
) -> None:
    """A new bucket, opened by its owner."""
    bucket = stage.bucket(name, region)
    bucket.create_bucket()
    bucket.put_bucket_acl(acl)


def lines(stage: Stage, name: str = "config-snapshot") -> list[AuditLine]:
    """The audit lines about a bucket since it was made: all that name a message of this test."""
    return [line for line in stage.audit() if line.bucket == name]


def kept(stage: Stage) -> list[dict[str, Any]]:
    """The envelopes in the failure queue."""
    return [json.loads(body) for body in stage.cloud.mns.messages(str(stage.spec.failure_queue))]


def asked_for(stage: Stage, action: str, bucket: str) -> None:
    """Wait until something was done to, or published about, a bucket."""
    assert stage.cloud.journal.wait_for(
        lambda entries: any(
            each.action == action and bucket in (each.subject, each.details.get("bucket"))
            for each in entries
        ),
        timeout=60,
    )


@contextmanager
def unnoticed(stage: Stage) -> Iterator[None]:
    """Let Cloud Config look away, so that a test can say itself what is found."""
    stage.cloud.config.switch_rule(stage.rule_id, active=False)
    yield
    assert stage.wait_idle()
    stage.cloud.config.switch_rule(stage.rule_id, active=True)


def compliance(stage: Stage, name: str) -> str:
    """What Cloud Config thinks of a bucket."""
    results = {each.bucket: each.compliance for each in stage.cloud.config.results(stage.rule_id)}
    return str(results.get(name))


@pytest.mark.parametrize("acl", ["public-read", "public-read-write"])
def test_an_opened_bucket_is_closed_and_compliant(stage: Stage, acl: str) -> None:
    """From the change of an ACL to a private bucket that Cloud Config finds compliant."""
    opened(stage, f"config-{acl}", acl)
    assert stage.wait_idle()
    assert stage.bucket(f"config-{acl}").get_bucket_acl().acl == "private"
    (line,) = lines(stage, f"config-{acl}")
    assert (line.outcome, line.acl_before, line.acl_after) == ("repaired", acl, "private")
    assert line.rule_id == stage.rule_id
    assert line.rule_name == stage.spec.rule_name
    assert line.account_id == stage.cloud.account_id
    assert line.request_id in {
        entry.details["request_id"] for entry in stage.cloud.journal.entries("fc", "invoked")
    }
    assert compliance(stage, f"config-{acl}") == "COMPLIANT"
    assert kept(stage) == []


def test_duplicates_do_no_harm(code: Path) -> None:
    """A topic that delivers everything three times: one repair, the rest find it private."""
    with LocalCloud(duplicates=2) as cloud:
        stage = set_up(cloud, code)
        opened(stage)
        assert stage.wait_idle()
        outcomes = [line.outcome for line in stage.audit()]
        assert len(outcomes) == 3
        assert "repaired" in outcomes
        assert set(outcomes) <= {"repaired", "already_private"}


def test_the_json_format_of_a_trigger_works_too(code: Path) -> None:
    """A trigger that was made with the format JSON is read as well."""
    with LocalCloud() as cloud:
        stage = set_up(cloud, code)
        trigger = replace(stage.spec.trigger, content_format="JSON")
        changed = deploy_plan.plan(replace(stage.spec, trigger=trigger), stage.clients)
        deploy_plan.apply(changed)
        opened(stage)
        assert stage.wait_idle()
        assert [line.outcome for line in stage.audit()] == ["repaired"]


@pytest.mark.parametrize(
    ("operation", "fault", "times"),
    [
        ("oss:GetBucketInfo", Fail(503, "ServiceUnavailable"), 2),
        ("oss:PutBucketAcl", Fail(500, "InternalError"), 1),
        ("oss:PutBucketAcl", Fail(429, "Throttling"), 1),
        ("oss:PutBucketAcl", Fail(409, "ConcurrentUpdateBucketFailed"), 1),
        ("oss:GetBucketInfo", Fail(403, "RequestTimeTooSkewed"), 1),
        ("oss:PutBucketAcl", Drop(applied=False), 1),
        ("oss:PutBucketAcl", Drop(applied=True), 1),
        ("oss:PutBucketAcl", Lag(reads=3), 1),
        ("oss:GetBucketInfo", Drop(), 1),
        ("oss:GetBucketPolicyStatus", Fail(503, "ServiceUnavailable"), 1),
    ],
    ids=str,
)
def test_what_passes_is_overcome_in_one_invocation(
    stage: Stage, operation: str, fault: Any, times: int
) -> None:
    """Throttling, errors, lost answers, late read-backs: repaired, at the first attempt."""
    stage.cloud.oss.create("config-bumpy")
    before = len(stage.audit())
    stage.cloud.faults.add(operation, fault, subject="config-bumpy", times=times)
    stage.cloud.oss.set_acl("config-bumpy", "public-read")
    assert stage.wait_idle()
    assert [line.outcome for line in stage.audit()[before:]] == ["repaired"]
    assert stage.cloud.oss.bucket("config-bumpy").acl == "private"


def test_each_write_follows_a_read(stage: Stage) -> None:
    """Also when it is repeated: on the wire, a PutBucketAcl comes right after a GetBucketInfo."""
    stage.cloud.faults.add("oss:PutBucketAcl", Fail(503, "Busy"), subject="config-retry", times=2)
    stage.cloud.oss.create("config-retry", acl="public-read")
    assert stage.wait_idle()
    assert scene.calls(stage, "config-retry") == [
        *["GetBucketInfo", "PutBucketAcl"] * 3,
        "GetBucketInfo",
        "GetBucketPolicyStatus",
    ]


def test_a_bucket_that_is_gone_is_not_created(stage: Stage) -> None:
    """A bucket deleted between the finding and the look: no write, and it stays deleted."""
    hold = Hold()
    stage.cloud.faults.add("oss:GetBucketInfo", hold, subject="config-gone")
    opened(stage, "config-gone")
    asked_for(stage, "published", "config-gone")
    stage.bucket("config-gone").delete_bucket()
    hold.released.set()
    assert stage.wait_idle()
    assert [line.outcome for line in lines(stage, "config-gone")] == ["gone"]
    assert scene.calls(stage, "config-gone", "PutBucketAcl") == []
    assert "config-gone" not in stage.cloud.oss.names()


@pytest.mark.parametrize("anywhere", [False, True])
def test_a_bucket_in_another_region_is_repaired_there(stage: Stage, anywhere: bool) -> None:
    """A message that names the wrong region, whether or not a read is answered everywhere."""
    stage.cloud.oss.info_anywhere = anywhere
    before = len(stage.audit())
    with unnoticed(stage):
        stage.cloud.oss.create("config-far", region="cn-beijing", acl="public-read")
        body = stage.cloud.config.message(stage.rule_id, "config-far", region="cn-shanghai")
        stage.cloud.mns.publish(stage.spec.trigger.topic, body)
        assert stage.wait_idle()
    stage.cloud.oss.info_anywhere = False
    (line,) = stage.audit()[before:]
    assert (line.outcome, line.region) == ("repaired", "cn-beijing")


def test_a_denied_bucket_is_kept_and_stops_no_other(stage: Stage) -> None:
    """A bucket that the role may not write is denied, retried, kept; the others are closed."""
    role = stage.spec.service.role.name
    deny = policies.document(
        {"Effect": "Deny", "Action": "oss:PutBucketAcl", "Resource": "acs:oss:*:*:config-denied"}
    )
    stage.cloud.ram.create_policy("deny-one", deny)
    stage.cloud.ram.attach(role, "Custom", "deny-one")
    for name in ("config-denied", "config-other"):
        stage.cloud.oss.create(name, acl="public-read")
    assert stage.wait_idle()
    stage.cloud.ram.detach(role, "Custom", "deny-one")

    assert [line.outcome for line in lines(stage, "config-denied")] == ["denied"] * 4
    assert stage.cloud.oss.bucket("config-denied").acl == "public-read"
    assert stage.cloud.oss.bucket("config-other").acl == "private"
    (envelope,) = kept(stage)
    assert envelope["requestContext"]["approximateInvokeCount"] == 4
    assert "config-denied: denied, AccessDenied" in json.dumps(envelope["responsePayload"])
    assert "config-denied" in json.dumps(envelope["requestPayload"])


def test_a_bucket_made_anew_by_the_write_is_told(stage: Stage) -> None:
    """Deleted between read and write, the write creates it: recreated, never repaired."""
    hold = Hold()
    stage.cloud.faults.add("oss:PutBucketAcl", hold, subject="config-raced")
    stage.cloud.oss.create("config-raced", acl="public-read")
    asked_for(stage, "GetBucketInfo", "config-raced")
    stage.cloud.oss.delete("config-raced")
    hold.released.set()
    assert stage.wait_idle()
    (line,) = lines(stage, "config-raced")
    assert (line.outcome, line.acl_after) == ("recreated", "private")
    assert line.reason.startswith("deleted and made again while it was repaired")


def test_a_bucket_public_by_policy_is_told_once(stage: Stage) -> None:
    """An ACL set private under a public policy is exposed: told, not retried, and not kept."""
    stage.cloud.oss.create("config-policy")
    stage.cloud.oss.set_policy("config-policy", scene.PUBLIC_POLICY)
    stage.cloud.oss.set_acl("config-policy", "public-read")
    assert stage.wait_idle()
    (line,) = lines(stage, "config-policy")
    assert (line.outcome, line.public_by_policy) == ("exposed", True)
    assert not kept(stage)


def test_block_public_access_settles_what_was_exposed(stage: Stage) -> None:
    """Switched on for the bucket or for the account, it overrules the policy: blocked."""
    stage.cloud.oss.create("config-policy")
    stage.cloud.oss.set_policy("config-policy", scene.PUBLIC_POLICY)
    for switch in (
        partial(stage.cloud.oss.set_block_public_access, "config-policy"),
        partial(stage.cloud.oss.block_account, stage.spec.account_id),
    ):
        before = len(lines(stage, "config-policy"))
        stage.cloud.oss.set_acl("config-policy", "public-read")
        switch(blocked=True)
        assert stage.wait_idle()
        assert [line.outcome for line in lines(stage, "config-policy")[before:]] == ["blocked"]
        switch(blocked=False)
        assert stage.wait_idle()


def test_an_exemption_is_a_ceiling(stage: Stage) -> None:
    """An exempt bucket keeps what it is allowed, and loses what goes beyond."""
    stage.cloud.oss.create("config-website", acl="public-read")
    assert stage.wait_idle()
    assert stage.cloud.oss.bucket("config-website").acl == "public-read"
    stage.cloud.oss.set_acl("config-website", "public-read-write")
    assert stage.wait_idle()
    assert stage.cloud.oss.bucket("config-website").acl == "public-read"
    # The ceiling is itself a finding, which another instance may be done with first.
    first, *later = [line.outcome for line in lines(stage, "config-website")]
    assert (first, later.count("repaired")) == ("exempt", 1)
    assert set(later) <= {"repaired", "exempt"}
    assert kept(stage) == []


def test_credentials_are_those_of_the_invocation(stage: Stage) -> None:
    """A warm instance signs with the keys of its invocation, not with those of an earlier one."""
    stage.cloud.oss.create("config-first", acl="public-read")
    assert stage.wait_idle()
    stage.cloud.clock.advance(13 * 3600)
    stage.cloud.oss.create("config-second", acl="public-read")
    assert stage.wait_idle()
    assert [line.outcome for line in lines(stage, "config-second")] == ["repaired"]
    assert kept(stage) == []


def test_many_findings_in_one_message(stage: Stage) -> None:
    """Forty buckets in one list are all closed, each with its line, one of them invalid."""
    names = [f"config-many-{n}" for n in range(40)]
    with unnoticed(stage):
        for name in names:
            stage.cloud.oss.create(name, acl="public-read")
        found = [*names, "Not A Bucket"]
        items = [{"configRuleId": stage.rule_id, "resourceId": name} for name in found]
        result = scene.run(stage, json.dumps(items))
    assert sorted(result.outcomes) == ["failed"] + ["repaired"] * 40
    assert result.error["errorMessage"].startswith("1 not settled; Not A Bucket: failed, ")
    assert {stage.cloud.oss.bucket(name).acl for name in names} == {"private"}
