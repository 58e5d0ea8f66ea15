"""Who gets at an object without a name: ACLs, bucket policies and Block Public Access."""

import json
from collections.abc import Callable

import oss2
import pytest

from tests.contract.oss_helpers import ACCOUNT, NAME, OssCloud, no_buckets

__all__ = ["no_buckets"]


def policy(*statements: dict[str, object]) -> str:
    """A bucket policy of these statements, each completed to one that lets everybody read."""
    base: dict[str, object] = {
        "Effect": "Allow",
        "Action": ["oss:GetObject"],
        "Principal": ["*"],
        "Resource": [f"acs:oss:*:*:{NAME}/*"],
    }
    return json.dumps({"Version": "1", "Statement": [{**base, **part} for part in statements]})


OPEN_POLICY = policy({})
OTHERS_POLICY = policy({"Resource": [f"acs:oss:*:{ACCOUNT}:{NAME}/public/*"]})
DENY_POLICY = policy({"Effect": "Deny"})
# Whoever asks a local cloud comes by http.
NO_HTTP, NO_HTTPS = (
    policy({"Effect": "Deny", "Condition": {"Bool": {"acs:SecureTransport": [value]}}})
    for value in ("false", "true")
)


@pytest.mark.parametrize(
    ("bucket_acl", "object_acl", "text", "blocked", "readable"),
    [
        ("private", "default", None, False, False),
        ("public-read", "default", None, False, True),
        ("public-read-write", "default", None, False, True),
        ("private", "public-read", None, False, True),
        ("public-read", "private", None, False, False),
        ("private", "default", OPEN_POLICY, False, True),
        ("private", "default", OTHERS_POLICY, False, False),
        ("public-read", "default", DENY_POLICY, False, False),
        ("public-read", "default", NO_HTTP, False, False),
        ("public-read", "default", NO_HTTPS, False, True),
        ("public-read", "default", None, True, False),
        ("private", "public-read", None, True, False),
        ("private", "default", OPEN_POLICY, True, False),
    ],
)
def test_an_anonymous_reader(
    cloud: OssCloud,
    bucket_acl: str,
    object_acl: str,
    text: str | None,
    blocked: bool,
    readable: bool,
) -> None:
    """Anybody reads what an ACL or a policy opens, unless Deny or Block Public Access shuts it."""
    cloud.state.create(NAME, acl=bucket_acl)
    cloud.state.put_object(NAME, "a", b"text", object_acl)
    cloud.state.set_policy(NAME, text)
    cloud.state.set_block_public_access(NAME, blocked)

    answer = cloud.plain("GET", f"/{NAME}/a")

    if readable:
        assert (answer.status, answer.body) == (200, b"text")
    else:
        assert (answer.status, answer.error()["Code"]) == (403, "AccessDenied")
    assert cloud.bucket(NAME).get_object("a").read() == b"text", "the owner reads it in any case"


def test_the_anonymous_reader_is_shut_out_at_once(cloud: OssCloud) -> None:
    """Who read a public bucket's object is refused it once the bucket is private."""
    cloud.state.create(NAME, acl="public-read")
    cloud.state.put_object(NAME, "a", b"text")
    assert cloud.plain("GET", f"/{NAME}/a").status == 200

    cloud.bucket(NAME).put_bucket_acl("private")

    assert cloud.plain("GET", f"/{NAME}/a").status == 403
    assert cloud.plain("HEAD", f"/{NAME}/a").status == 403


@pytest.mark.parametrize(
    ("acl", "status"), [("public-read", 403), ("public-read-write", 200), ("private", 403)]
)
def test_an_anonymous_writer(cloud: OssCloud, acl: str, status: int) -> None:
    """Anybody writes to a bucket that is public for writing, and to no other."""
    cloud.state.create(NAME, acl=acl)

    assert cloud.plain("PUT", f"/{NAME}/a", body=b"text").status == status
    assert ("a" in cloud.state.bucket(NAME).objects) == (status == 200)


@pytest.mark.parametrize(
    "resource", [f"/{NAME}/?acl", f"/{NAME}/?bucketInfo", "/", f"/{NAME}/a?acl"]
)
def test_a_public_bucket_tells_nobody_about_itself(cloud: OssCloud, resource: str) -> None:
    """That anybody may read objects does not let them ask for ACLs or lists of buckets."""
    cloud.state.create(NAME, acl="public-read-write")
    cloud.state.put_object(NAME, "a", b"text")

    answer = cloud.plain("GET", resource)

    assert (answer.status, answer.error()["Code"]) == (403, "AccessDenied")


@pytest.mark.parametrize(
    ("text", "public"),
    [
        (OPEN_POLICY, True),
        (OTHERS_POLICY, True),
        (policy({"Principal": "*"}), True),
        (policy({"Principal": ["2000", "*"]}), True),
        (policy({"Action": ["oss:ListObjects"]}), True),
        (policy({"Effect": "Deny"}, {}), True),
        (policy({"Condition": {"StringEquals": {"acs:SourceVpc": ["vpc-*"]}}}), True),
        (policy({"Condition": {"Bool": {"acs:SecureTransport": "true"}}}), True),
        (policy({"Condition": {"StringEquals": {"acs:SourceVpc": ["vpc-1"]}}}), False),
        (policy({"Condition": {"IpAddress": {"acs:SourceIp": "10.0.0.1"}}}), False),
        (policy({"Principal": ["2000"]}), False),
        (DENY_POLICY, False),
        (None, False),
    ],
)
def test_what_makes_a_policy_public(cloud: OssCloud, text: str | None, public: bool) -> None:
    """A policy is public that allows everybody something and narrows it to no fixed address."""
    cloud.state.create(NAME)
    cloud.state.set_policy(NAME, text)

    assert cloud.state.policy_is_public(NAME) is public


@pytest.mark.parametrize(
    ("grant", "refused"),
    [
        (lambda bucket: bucket.put_bucket_acl("public-read"), "bucket acl"),
        (lambda bucket: bucket.create_bucket("public-read-write"), "bucket acl"),
        (lambda bucket: bucket.put_bucket_policy(OPEN_POLICY), "bucket policy"),
        (lambda bucket: bucket.put_object_acl("a", "public-read"), "object acl"),
        (
            lambda bucket: bucket.put_object("b", b"c", {"x-oss-object-acl": "public-read"}),
            "object acl",
        ),
        (lambda bucket: bucket.put_bucket_acl("private"), ""),
        (lambda bucket: bucket.put_bucket_policy(policy({"Principal": ["2000"]})), ""),
        (lambda bucket: bucket.put_object("b", b"c"), ""),
    ],
)
def test_block_public_access_refuses_new_public_grants(
    cloud: OssCloud, grant: Callable[[oss2.Bucket], object], refused: str
) -> None:
    """With Block Public Access on, what is not public is granted and what is public is refused."""
    cloud.state.create(NAME)
    cloud.state.put_object(NAME, "a", b"text")
    cloud.state.set_block_public_access(NAME, blocked=True)
    before = cloud.state.bucket(NAME)

    if not refused:
        grant(cloud.bucket(NAME))
        return
    with pytest.raises(oss2.exceptions.AccessDenied, match=f"Put public {refused} is not allowed"):
        grant(cloud.bucket(NAME))
    assert cloud.state.bucket(NAME) == before


def test_existing_grants_are_told_as_they_are(cloud: OssCloud) -> None:
    """Block Public Access overrides an ACL and a policy, but they are still there to be read."""
    cloud.state.create(NAME, acl="public-read")
    cloud.state.set_policy(NAME, OPEN_POLICY)
    cloud.state.set_block_public_access(NAME, blocked=True)

    assert cloud.bucket(NAME).get_bucket_info().acl.grant == "public-read"
    assert cloud.state.policy_is_public(NAME)
