"""The closed loop: a bucket is opened, and everything from there on happens by itself."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from scripts.account.audit_trail import AuditLine
from scripts.localcloud import Drop, Fail, Hold, Lag, LocalCloud
from scripts.localcloud.ram import policies
from tests.account import Account, Moments
from tests.e2e import scene
from tests.parts import EITHER, edit, public_policy


def opened(
    product: Account, name: str = "config-snapshot", acl: str = "public-read", region: str = ""
) -> None:
    """A new bucket, opened by its owner."""
    bucket = product.bucket(name, region)
    bucket.create_bucket()
    bucket.put_bucket_acl(acl)


def lines(product: Account, name: str = "config-snapshot") -> list[AuditLine]:
    """The audit lines about a bucket since it was made: all that name a message of this test."""
    return [line for line in product.audit() if line.bucket == name]


def kept(product: Account) -> list[dict[str, Any]]:
    """The envelopes in the failure queue."""
    return [
        json.loads(body) for body in product.cloud.mns.messages(str(product.spec.failure_queue))
    ]


def asked_for(product: Account, action: str, bucket: str) -> None:
    """Wait until something was done to, or published about, a bucket."""
    assert product.cloud.journal.wait_for(
        lambda entries: any(
            each.action == action and bucket in (each.subject, each.details.get("bucket"))
            for each in entries
        ),
        timeout=60,
    )


def compliance(product: Account, name: str) -> str:
    """What Cloud Config thinks of a bucket."""
    results = {
        each.bucket: each.compliance for each in product.cloud.config.results(product.rule_id)
    }
    return str(results.get(name))


@pytest.mark.parametrize("role", ["fullAccess", "leastPrivilege"])
@pytest.mark.parametrize("acl", ["public-read", "public-read-write"])
def test_an_opened_bucket_is_closed_and_compliant(
    moments: Moments, tmp_path: Path, acl: str, role: str
) -> None:
    """From the change of an ACL to a private bucket that Cloud Config finds compliant."""
    product = moments.deployed(tmp_path, bundle=True, least=role == "leastPrivilege")
    opened(product, f"config-{acl}", acl)
    product.rest()
    assert product.bucket(f"config-{acl}").get_bucket_acl().acl == "private"
    (line,) = lines(product, f"config-{acl}")
    assert (line.outcome, line.acl_before, line.acl_after) == ("repaired", acl, "private")
    assert line.rule_id == product.rule_id
    assert line.rule_name == product.spec.rule_name
    assert line.account_id == product.cloud.account_id
    assert line.request_id in {
        entry.details["request_id"] for entry in product.cloud.journal.entries("fc", "invoked")
    }
    assert compliance(product, f"config-{acl}") == "COMPLIANT"
    assert kept(product) == []


def test_duplicates_do_no_harm(tmp_path: Path, code: Path) -> None:
    """A topic that delivers everything three times: one repair, the rest find it private."""
    with LocalCloud(duplicates=2) as cloud:
        product = Account(cloud, tmp_path, code)
        assert product.run("provision", "--yes") == 0
        product.deploy()
        cloud.oss.create("config-snapshot", acl="public-read")  # not in the second of its finding
        product.rest()
        outcomes = [line.outcome for line in product.audit()]
        assert len(outcomes) == 3
        assert "repaired" in outcomes
        assert set(outcomes) <= {"repaired", "already_private"}


def test_the_json_format_of_a_trigger_works_too(product: Account) -> None:
    """A trigger that was made with the format JSON is read as well."""
    edit(product.path, "notifyContentFormat: STREAM", "notifyContentFormat: JSON")
    product.deploy()
    opened(product)
    product.rest()
    assert [line.outcome for line in product.audit()] == ["repaired"]


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
    product: Account, operation: str, fault: Any, times: int
) -> None:
    """Throttling, errors, lost answers, late read-backs: repaired, at the first attempt."""
    product.cloud.oss.create("config-bumpy")
    before = len(product.audit())
    product.cloud.faults.add(operation, fault, subject="config-bumpy", times=times)
    product.cloud.oss.set_acl("config-bumpy", "public-read")
    product.rest()
    assert [line.outcome for line in product.audit()[before:]] == ["repaired"]
    assert product.cloud.oss.bucket("config-bumpy").acl == "private"


@EITHER
def test_each_write_follows_a_read(product: Account) -> None:
    """Also when it is repeated: on the wire, a PutBucketAcl comes right after a GetBucketInfo."""
    product.cloud.faults.add("oss:PutBucketAcl", Fail(503, "Busy"), subject="config-retry", times=2)
    product.cloud.oss.create("config-retry", acl="public-read")
    product.rest()
    assert scene.calls(product, "config-retry") == [
        *["GetBucketInfo", "PutBucketAcl"] * 3,
        "GetBucketInfo",
        "GetBucketPolicyStatus",
    ]


def test_a_bucket_that_is_gone_is_not_created(product: Account) -> None:
    """A bucket deleted between the finding and the look: no write, and it stays deleted."""
    hold = Hold()
    product.cloud.faults.add("oss:GetBucketInfo", hold, subject="config-gone")
    opened(product, "config-gone")
    asked_for(product, "published", "config-gone")
    product.bucket("config-gone").delete_bucket()
    hold.released.set()
    product.rest()
    assert [line.outcome for line in lines(product, "config-gone")] == ["gone"]
    assert scene.calls(product, "config-gone", "PutBucketAcl") == []
    assert "config-gone" not in product.cloud.oss.names()


@pytest.mark.parametrize("anywhere", [False, True])
def test_a_bucket_in_another_region_is_repaired_there(product: Account, anywhere: bool) -> None:
    """A message that names the wrong region, whether or not a read is answered everywhere."""
    product.cloud.oss.info_anywhere = anywhere
    before = len(product.audit())
    with product.unnoticed():
        product.cloud.oss.create("config-far", region="cn-beijing", acl="public-read")
        body = product.cloud.config.message(product.rule_id, "config-far", region="cn-shanghai")
        product.cloud.mns.publish(product.spec.trigger.topic, body)
    (line,) = product.audit()[before:]
    assert (line.outcome, line.region) == ("repaired", "cn-beijing")


@EITHER
def test_a_denied_bucket_is_kept_and_stops_no_other(product: Account) -> None:
    """A bucket that the role may not write is denied, retried, kept; the others are closed."""
    role = product.spec.service.role.name
    deny = policies.document(
        {"Effect": "Deny", "Action": "oss:PutBucketAcl", "Resource": "acs:oss:*:*:config-denied"}
    )
    product.cloud.ram.create_policy("deny-one", deny)
    product.cloud.ram.attach(role, "Custom", "deny-one")
    for name in ("config-denied", "config-other"):
        product.cloud.oss.create(name, acl="public-read")
    product.rest()

    assert [line.outcome for line in lines(product, "config-denied")] == ["denied"] * 4
    assert product.cloud.oss.bucket("config-denied").acl == "public-read"
    assert product.cloud.oss.bucket("config-other").acl == "private"
    (envelope,) = kept(product)
    assert envelope["requestContext"]["approximateInvokeCount"] == 4
    assert "config-denied: denied, AccessDenied" in json.dumps(envelope["responsePayload"])
    assert "config-denied" in json.dumps(envelope["requestPayload"])


def test_a_bucket_made_anew_by_the_write_is_told(product: Account) -> None:
    """Deleted between read and write, the write creates it: recreated, never repaired."""
    hold = Hold()
    product.cloud.faults.add("oss:PutBucketAcl", hold, subject="config-raced")
    product.cloud.oss.create("config-raced", acl="public-read")
    asked_for(product, "GetBucketInfo", "config-raced")
    product.cloud.oss.delete("config-raced")
    hold.released.set()
    product.rest()
    (line,) = lines(product, "config-raced")
    assert (line.outcome, line.acl_after) == ("recreated", "private")
    assert line.reason.startswith("deleted and made again while it was repaired")


def test_a_bucket_public_by_policy_is_told_once(product: Account) -> None:
    """An ACL set private under a public policy is exposed: told, not retried, and not kept."""
    product.cloud.oss.create("config-policy")
    product.cloud.oss.set_policy("config-policy", public_policy("config-policy"))
    product.cloud.oss.set_acl("config-policy", "public-read")
    product.rest()
    (line,) = lines(product, "config-policy")
    assert (line.outcome, line.public_by_policy) == ("exposed", True)
    assert not kept(product)


def test_block_public_access_settles_what_was_exposed(product: Account) -> None:
    """Switched on for the bucket or for the account, it overrules the policy: blocked."""
    product.cloud.oss.create("config-policy")
    product.cloud.oss.set_policy("config-policy", public_policy("config-policy"))
    for switch in (
        partial(product.cloud.oss.set_block_public_access, "config-policy"),
        partial(product.cloud.oss.block_account, product.cloud.account_id),
    ):
        before = len(lines(product, "config-policy"))
        product.cloud.oss.set_acl("config-policy", "public-read")
        switch(blocked=True)
        product.rest()
        assert [line.outcome for line in lines(product, "config-policy")[before:]] == ["blocked"]
        switch(blocked=False)
        product.rest()


def test_an_exemption_is_a_ceiling(product: Account) -> None:
    """An exempt bucket keeps what it is allowed, and loses what goes beyond."""
    product.cloud.oss.create("config-website", acl="public-read")
    product.rest()
    assert product.cloud.oss.bucket("config-website").acl == "public-read"
    product.cloud.oss.set_acl("config-website", "public-read-write")
    product.rest()
    assert product.cloud.oss.bucket("config-website").acl == "public-read"
    # The ceiling is itself a finding, which another instance may be done with first.
    first, *later = [line.outcome for line in lines(product, "config-website")]
    assert (first, later.count("repaired")) == ("exempt", 1)
    assert set(later) <= {"repaired", "exempt"}
    assert kept(product) == []


@EITHER
def test_credentials_are_those_of_the_invocation(product: Account) -> None:
    """A warm instance signs with the keys of its invocation, not with those of an earlier one."""
    product.cloud.oss.create("config-first", acl="public-read")
    product.rest()
    product.cloud.clock.advance(13 * 3600)
    product.cloud.oss.create("config-second", acl="public-read")
    product.rest()
    assert [line.outcome for line in lines(product, "config-second")] == ["repaired"]
    assert kept(product) == []


def test_many_findings_in_one_message(product: Account) -> None:
    """Forty buckets in one list are all closed, each with its line, one of them invalid."""
    names = [f"config-many-{n}" for n in range(40)]
    with product.unnoticed():
        for name in names:
            product.cloud.oss.create(name, acl="public-read")
        found = [*names, "Not A Bucket"]
        items = [{"configRuleId": product.rule_id, "resourceId": name} for name in found]
        result = scene.run(product, json.dumps(items))
    assert sorted(result.outcomes) == ["failed"] + ["repaired"] * 40
    assert result.error["errorMessage"].startswith("1 not settled; Not A Bucket: failed, ")
    assert {product.cloud.oss.bucket(name).acl for name in names} == {"private"}
