"""What Block Public Access refuses, and which policies are public."""

import json

import oss2
import pytest
from oss2 import models

from scripts.localcloud.faults import Lag
from tests.contract.oss_helpers import ACCOUNT, NAME, REGION, OssCloud, cloud, refused

__all__ = ["cloud"]
OPEN = {"Effect": "Allow", "Action": ["oss:GetObject"], "Resource": [f"acs:oss:*:*:{NAME}/*"]}


@pytest.mark.fidelity(6)
def test_a_new_bucket_may_have_block_public_access(cloud: OssCloud) -> None:
    """A switch, as both occur: made with it, a bucket cannot be made public at once."""
    cloud.state.block_new_buckets = True
    made = cloud.bucket("made-since")
    blocked = (403, "AccessDenied", "0015-00000501")
    assert refused(lambda: made.create_bucket("public-read")) == blocked
    made.create_bucket()
    assert made.get_bucket_public_access_block().block_public_access is True
    assert refused(lambda: made.put_bucket_acl("public-read")) == blocked
    made.delete_bucket_public_access_block()
    assert [refused(lambda: made.put_bucket_acl("public-read")) for _ in range(2)] == [blocked] * 2
    made.put_bucket_acl("public-read")


@pytest.mark.fidelity(7)
def test_a_change_of_block_public_access_may_show_late(cloud: OssCloud) -> None:
    """By order: for so many looks it is as before, whether one reads it or grants something."""
    cloud.state.set_block_public_access(NAME, blocked=True)
    order = cloud.core.faults.add("oss:PutBucketPublicAccessBlock", Lag(reads=3))
    bucket = cloud.bucket(NAME)
    bucket.put_bucket_public_access_block(False)
    assert order.met.is_set()
    assert bucket.get_bucket_public_access_block().block_public_access is True
    assert refused(lambda: bucket.put_bucket_acl("public-read"))[0] == 403
    info = cloud.send(cloud.sign("GET", f"/{NAME}/", {"bucketInfo": ""}))
    assert b"<BlockPublicAccess>true</BlockPublicAccess>" in info.body
    assert [refused(lambda: bucket.put_bucket_acl("public-read"))[0] for _ in range(2)] == [403] * 2
    bucket.put_bucket_acl("public-read")
    assert bucket.get_bucket_public_access_block().block_public_access is False


def test_a_block_that_was_lifted_is_heeded_for_a_while_and_goes_back(cloud: OssCloud) -> None:
    """A bucket's, or the account's, refuses two public grants more."""
    service, bucket = cloud.service(), cloud.bucket(NAME)
    service.put_public_access_block(True)
    service.put_public_access_block(False)
    parts = (cloud.state, cloud.core.spreading)
    before = [part.snapshot() for part in parts]
    for _ in range(2):
        for part, memory in zip(parts, before, strict=True):
            part.rollback(memory)
        assert service.get_public_access_block().block_public_access is False
        for _ in range(2):
            assert refused(lambda: bucket.put_bucket_acl("public-read"))[0] == 403
        bucket.put_bucket_acl("public-read")


@pytest.mark.fidelity(9)
def test_block_public_access_of_the_account(cloud: OssCloud) -> None:
    """Put, got and deleted; without an element it is off; each needs its own permission."""
    service = cloud.service()
    assert service.get_public_access_block().block_public_access is False
    service.put_public_access_block(True)
    assert service.get_public_access_block().block_public_access is True
    assert refused(lambda: cloud.bucket(NAME).put_bucket_acl("public-read"))[0] == 403
    assert service.delete_public_access_block().status == 204
    assert service.get_public_access_block().block_public_access is False
    cloud.state.block_account(ACCOUNT, blocked=True)
    service.put_public_access_block()
    assert not cloud.state.blocks_account(ACCOUNT)


@pytest.mark.fidelity(9)
@pytest.mark.parametrize("action", ["Put", "Get", "Delete"])
def test_the_accounts_block_needs_its_own_permission(cloud: OssCloud, action: str) -> None:
    """A role with all rights but that is refused, and one with that alone is not."""
    name = f"oss:{action}PublicAccessBlock"

    def call(*allowed: str, but: str = "") -> object:
        keys = cloud.role(*allowed, but=but)
        auth = oss2.StsAuth(keys.access_key_id, keys.access_key_secret, keys.security_token, "v4")
        service = oss2.Service(auth, cloud.listener.url, region=REGION)
        return getattr(service, f"{action.lower()}_public_access_block")()

    assert refused(lambda: call("oss:*", but=name)) == (403, "AccessDenied", "0003-00000201")
    call(name)


@pytest.mark.fidelity(8)
def test_a_statement_without_a_principal_is_stored_and_public(cloud: OssCloud) -> None:
    """As the tests of both SDKs have it; it lets anybody in, as it names nobody."""
    text = json.dumps({"Version": "1", "Statement": [OPEN]})
    bucket = cloud.bucket(NAME)
    cloud.state.put_object(NAME, "a", b"text")
    bucket.put_bucket_policy(text)
    assert bucket.get_bucket_policy().policy == text
    status = cloud.send(cloud.sign("GET", f"/{NAME}/", {"policyStatus": ""}))
    assert b"<IsPublic>true</IsPublic>" in status.body
    assert cloud.plain("GET", f"/{NAME}/a").body == b"text"
    cloud.state.set_policy(NAME, None)
    cloud.state.set_block_public_access(NAME, blocked=True)
    assert refused(lambda: bucket.put_bucket_policy(text))[:2] == (403, "AccessDenied")


def test_an_empty_list_of_principals_is_everybody(cloud: OssCloud) -> None:
    """Page "OSS authorization syntax and elements"."""
    text = json.dumps({"Version": "1", "Statement": [{**OPEN, "Principal": []}]})
    cloud.state.put_object(NAME, "a", b"text")
    cloud.bucket(NAME).put_bucket_policy(text)
    assert cloud.state.policy_is_public(NAME)
    assert cloud.plain("GET", f"/{NAME}/a").body == b"text"


@pytest.mark.parametrize(
    ("source", "public"),
    [
        ("10.0.0.0/8", False),
        ("10.0.0.0/7", True),
        ("0.0.0.0/0", True),
        ("2001:db8::/32", False),
        ("2001::/16", True),
    ],
)
def test_a_wide_network_does_not_narrow(cloud: OssCloud, source: str, public: bool) -> None:
    """A condition for more than a /8, or of IPv6 a /32, leaves a statement public."""
    condition = {"IpAddress": {"acs:SourceIp": [source]}}
    statement = {**OPEN, "Principal": ["*"], "Condition": condition}
    cloud.state.set_policy(NAME, json.dumps({"Version": "1", "Statement": [statement]}))
    assert cloud.state.policy_is_public(NAME) is public


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_an_address_is_put_with_its_vpc_alone(cloud: OssCloud, effect: str) -> None:
    """What was put before that was so is kept; but whoever changes it puts it anew. Pages "Bucket
    Policy" and "0030-00000008".
    """
    narrow = {"IpAddress": {"acs:SourceIp": ["192.0.2.7"]}}
    statement = {**OPEN, "Effect": effect, "Principal": ["*"], "Condition": narrow}
    text = json.dumps({"Version": "1", "Statement": [{**OPEN, "Principal": ["20"]}, statement]})
    cloud.state.set_policy(NAME, text)
    bucket = cloud.bucket(NAME)
    assert bucket.get_bucket_policy().policy == text
    refusal = (400, "InvalidPolicyDocument", "0030-00000008")
    assert refused(lambda: bucket.put_bucket_policy(text)) == refusal
    statement["Condition"] = {**narrow, "StringNotLike": {"acs:SourceVpc": "vpc-*"}}
    bucket.put_bucket_policy(json.dumps({"Version": "1", "Statement": [statement]}))


def test_no_asterisk_is_put_after_another(cloud: OssCloud) -> None:
    """What was put before that was so is kept. Page "0030-00000007"."""
    statement = {**OPEN, "Principal": ["*"], "Resource": [f"acs:oss:*:*:{NAME}/**"]}
    text = json.dumps({"Version": "1", "Statement": [statement]})
    cloud.state.set_policy(NAME, text)
    refusal = (400, "InvalidPolicyDocument", "0030-00000007")
    assert refused(lambda: cloud.bucket(NAME).put_bucket_policy(text)) == refusal


def test_a_policy_of_another_form_has_its_code(cloud: OssCloud) -> None:
    """A numeric version, say. Page "0030-00000005"."""
    text = json.dumps({"Version": 1, "Statement": [OPEN]})
    found = refused(lambda: cloud.bucket(NAME).put_bucket_policy(text))
    assert found == (400, "InvalidPolicyDocument", "0030-00000005")


@pytest.mark.parametrize(
    ("resources", "copies", "ec"),
    [
        (["a" * 4091], 1, None),
        (["a" * 4092], 1, "0030-00000003"),
        (["a" * 2000, "b" * 2100], 1, "0030-00000003"),
        (["a" * 3900], 4, None),
        (["a" * 4050], 4, "0030-00000001"),
    ],
)
def test_a_policy_is_no_longer_than_pages_say(
    cloud: OssCloud, resources: list[str], copies: int, ec: str | None
) -> None:
    """A field of 4,095 bytes, and less than 16 KB in all: pages "0030-…1" and "0030-…3"."""
    statement = {**OPEN, "Principal": ["*"], "Resource": resources}
    text = json.dumps({"Version": "1", "Statement": [statement] * copies})
    bucket = cloud.bucket(NAME)
    if ec:
        refusal = (400, "InvalidPolicyDocument", ec)
        assert refused(lambda: bucket.put_bucket_policy(text)) == refusal
        assert cloud.state.bucket(NAME).policy is None
    else:
        bucket.put_bucket_policy(text)
        assert bucket.get_bucket_policy().policy == text


def test_a_policy_may_show_late(cloud: OssCloud) -> None:
    """By order: after it was put or deleted, so many reads show what was before."""
    bucket, policies = cloud.bucket(NAME), []
    for name in ("one", "two"):
        statement = {**OPEN, "Principal": [name]}
        policies.append(json.dumps({"Version": "1", "Statement": [statement]}))
    bucket.put_bucket_policy(policies[0])
    for operation in ("oss:PutBucketPolicy", "oss:DeleteBucketPolicy"):
        cloud.core.faults.add(operation, Lag(reads=2))
    bucket.put_bucket_policy(policies[1])
    assert [bucket.get_bucket_policy().policy for _ in range(3)] == [*policies[:1] * 2, policies[1]]
    bucket.delete_bucket_policy()
    assert [bucket.get_bucket_policy().policy for _ in range(2)] == policies[1:] * 2
    assert refused(bucket.get_bucket_policy) == (404, "NoSuchBucketPolicy", "0030-00000006")


def test_a_rule_of_encryption_may_show_late(cloud: OssCloud) -> None:
    """Likewise."""
    rule = models.ServerSideEncryptionRule(sse_algorithm="AES256")
    cloud.core.faults.add("oss:PutBucketEncryption", Lag(reads=1))
    cloud.bucket(NAME).put_bucket_encryption(rule)
    none = (404, "NoSuchServerSideEncryptionRule", "0005-00000004")
    assert refused(cloud.bucket(NAME).get_bucket_encryption) == none
    assert cloud.bucket(NAME).get_bucket_encryption().sse_algorithm == "AES256"
