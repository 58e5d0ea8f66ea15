"""Buckets over the wire, with oss2: what each operation does, answers, needs and refuses."""

import json
import re
from collections.abc import Callable

import oss2
import pytest
from oss2 import models

from tests.contract.oss_helpers import ACCOUNT, NAME, OssCloud, no_buckets, oss_cloud

__all__ = ["no_buckets"]
POLICY = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["oss:GetObject"],
                "Principal": ["*"],
                "Resource": [f"acs:oss:*:*:{NAME}/*"],
            }
        ],
    }
)

KEYLESS_TAG = b"<Tagging><TagSet><Tag><Value>a</Value></Tag></TagSet></Tagging>"


def tagging(**tags: str) -> models.Tagging:
    """Tags as oss2 takes them."""
    rule = models.TaggingRule()
    for key, value in tags.items():
        rule.add(key, value)
    return models.Tagging(rule)


def policy_status(bucket: oss2.Bucket) -> str:
    """GetBucketPolicyStatus, for which oss2 has no method."""
    answer: bytes = bucket._do("GET", NAME, "", params={"policyStatus": ""}).read()
    return answer.decode()


def test_a_buckets_life(cloud: OssCloud) -> None:
    """A bucket is made where the signature says, tells all about itself, is listed and goes."""
    bucket = cloud.bucket(NAME, "cn-hangzhou")
    bucket.create_bucket("public-read", models.BucketCreateConfig("IA", "ZRS"))

    info = bucket.get_bucket_info()
    assert (info.name, info.acl.grant, info.owner.id) == (NAME, "public-read", ACCOUNT)
    assert (info.location, info.storage_class) == ("oss-cn-hangzhou", "IA")
    assert info.data_redundancy_type == "ZRS"
    assert info.extranet_endpoint == "oss-cn-hangzhou.aliyuncs.com"
    assert info.intranet_endpoint == "oss-cn-hangzhou-internal.aliyuncs.com"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", info.creation_date)
    assert bucket.get_bucket_location().location == "oss-cn-hangzhou"
    assert [listed.name for listed in cloud.service().list_buckets().buckets] == [NAME]

    bucket.delete_bucket()
    with pytest.raises(oss2.exceptions.NoSuchBucket):
        bucket.get_bucket_info()
    assert cloud.service().list_buckets().buckets == []


def test_every_state_of_a_bucket_is_shown_in_order(cloud: OssCloud) -> None:
    """`on_state` is called for each change, the last one being that the bucket is gone."""
    shown = []
    cloud.state.on_state.append(lambda *both: shown.append((both[0], both[1] and both[1].acl)))
    bucket = cloud.bucket(NAME)
    bucket.create_bucket("public-read")
    bucket.put_bucket_acl("private")
    bucket.delete_bucket()
    assert shown == [(NAME, "public-read"), (NAME, "private"), (NAME, None)]


def test_a_public_bucket_read_in_full(cloud: OssCloud) -> None:
    """GetBucketInfo's document has the elements that OSS documents, Block Public Access too."""
    cloud.state.create(NAME)
    cloud.state.set_block_public_access(NAME, blocked=True)

    answer = cloud.send(cloud.sign("GET", f"/{NAME}/", {"bucketInfo": ""}))

    assert answer.headers["content-type"] == "application/xml"
    assert re.fullmatch(r"[0-9A-F]{24}", answer.headers["x-oss-request-id"])
    assert re.findall(r"<(\w+)>", answer.body.decode()) == [
        *("BucketInfo", "Bucket", "AccessMonitor", "BlockPublicAccess", "CreationDate"),
        *("CrossRegionReplication", "DataRedundancyType", "ExtranetEndpoint", "IntranetEndpoint"),
        *("Location", "Name", "ResourceGroupId", "StorageClass", "TransferAcceleration"),
        *("Owner", "DisplayName", "ID", "AccessControlList", "Grant"),
        *("ServerSideEncryptionRule", "SSEAlgorithm", "BucketPolicy"),
    ]
    assert b"<BlockPublicAccess>true</BlockPublicAccess>" in answer.body


def test_putting_the_acl_of_no_bucket_makes_one(cloud: OssCloud) -> None:
    """PutBucketAcl makes the bucket that is not there: another one, by its creation date."""
    bucket = cloud.bucket(NAME, "cn-hangzhou")
    bucket.create_bucket()
    before = bucket.get_bucket_info().creation_date
    bucket.put_bucket_acl("public-read")
    assert bucket.get_bucket_info().creation_date == before
    bucket.delete_bucket()

    bucket.put_bucket_acl("public-read-write")

    info = bucket.get_bucket_info()
    assert (info.acl.grant, info.location) == ("public-read-write", "oss-cn-hangzhou")
    assert info.creation_date > before


@pytest.mark.parametrize("needed", [False, True])
def test_the_switch_for_making_a_bucket_by_its_acl(needed: bool) -> None:
    """Only with the switch on does PutBucketAcl on no bucket also need oss:PutBucket."""
    with oss_cloud(put_acl_needs_put_bucket=needed) as cloud:
        cloud.state.create("another")
        role = cloud.role("oss:PutBucketAcl")
        cloud.bucket("another", credentials=role).put_bucket_acl("public-read")
        bucket = cloud.bucket(NAME, credentials=role)
        if needed:
            with pytest.raises(oss2.exceptions.AccessDenied, match="oss:PutBucket "):
                bucket.put_bucket_acl("private")
        else:
            bucket.put_bucket_acl("private")

        assert cloud.state.names() == (["another"] if needed else ["another", NAME])


def test_tags(cloud: OssCloud) -> None:
    """Tags come back as they were put, and are none before and after."""
    cloud.state.create(NAME)
    bucket = cloud.bucket(NAME)
    assert bucket.get_bucket_tagging().tag_set.tagging_rule == {}

    bucket.put_bucket_tagging(tagging(owner="web & team", exempt="ja"))
    assert bucket.get_bucket_tagging().tag_set.tagging_rule == {
        "owner": "web & team",
        "exempt": "ja",
    }

    bucket.delete_bucket_tagging()
    assert bucket.get_bucket_tagging().tag_set.tagging_rule == {}


def test_a_policy_and_its_status(cloud: OssCloud) -> None:
    """A policy comes back byte for byte; its status is public with one that is, else not."""
    cloud.state.create(NAME)
    bucket = cloud.bucket(NAME)

    assert "<PolicyStatus><IsPublic>false</IsPublic></PolicyStatus>" in policy_status(bucket)
    bucket.put_bucket_policy(POLICY)
    assert bucket.get_bucket_policy().policy == POLICY
    assert "<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>" in policy_status(bucket)
    bucket.delete_bucket_policy()
    assert "<PolicyStatus><IsPublic>false</IsPublic></PolicyStatus>" in policy_status(bucket)
    with pytest.raises(oss2.exceptions.ServerError) as missing:
        bucket.get_bucket_policy()
    assert (missing.value.status, missing.value.code) == (404, "NoSuchBucketPolicy")


def test_block_public_access(cloud: OssCloud) -> None:
    """Block Public Access is off at first, and on and off again as it is put and deleted."""
    cloud.state.create(NAME)
    bucket = cloud.bucket(NAME)
    assert bucket.get_bucket_public_access_block().block_public_access is False
    bucket.put_bucket_public_access_block(True)
    assert bucket.get_bucket_public_access_block().block_public_access is True
    bucket.delete_bucket_public_access_block()
    assert bucket.get_bucket_public_access_block().block_public_access is False


def test_an_objects_life(cloud: OssCloud) -> None:
    """An object comes back with its type and ETag, has an ACL of its own, and goes."""
    cloud.state.create(NAME)
    bucket = cloud.bucket(NAME)
    etag = bucket.put_object("a/b c.txt", b"text").etag

    head = bucket.head_object("a/b c.txt")
    assert (head.content_length, head.content_type, head.etag) == (4, "text/plain", etag)
    assert bucket.get_object("a/b c.txt").read() == b"text"
    assert bucket.get_object_acl("a/b c.txt").acl == "default"
    bucket.put_object_acl("a/b c.txt", "private")
    assert bucket.get_object_acl("a/b c.txt").acl == "private"

    bucket.delete_object("a/b c.txt")
    assert not bucket.object_exists("a/b c.txt")


# Each action and the call that it, and nothing else, is needed for.
ACTIONS: dict[str, Callable[[oss2.Bucket], object]] = {
    "PutBucket": lambda bucket: bucket.create_bucket(),
    "DeleteBucket": lambda bucket: bucket.delete_bucket(),
    "GetBucketInfo": lambda bucket: bucket.get_bucket_info(),
    "GetBucketLocation": lambda bucket: bucket.get_bucket_location(),
    "GetBucketAcl": lambda bucket: bucket.get_bucket_acl(),
    "PutBucketAcl": lambda bucket: bucket.put_bucket_acl("private"),
    "GetBucketTagging": lambda bucket: bucket.get_bucket_tagging(),
    "PutBucketTagging": lambda bucket: bucket.put_bucket_tagging(tagging(a="b")),
    "DeleteBucketTagging": lambda bucket: bucket.delete_bucket_tagging(),
    "GetBucketPolicy": lambda bucket: bucket.get_bucket_policy(),
    "PutBucketPolicy": lambda bucket: bucket.put_bucket_policy(POLICY),
    "DeleteBucketPolicy": lambda bucket: bucket.delete_bucket_policy(),
    "GetBucketPolicyStatus": policy_status,
    "GetBucketPublicAccessBlock": lambda bucket: bucket.get_bucket_public_access_block(),
    "PutBucketPublicAccessBlock": lambda bucket: bucket.put_bucket_public_access_block(True),
    "DeleteBucketPublicAccessBlock": lambda bucket: bucket.delete_bucket_public_access_block(),
    "GetObject": lambda bucket: bucket.get_object("a").read(),
    "PutObject": lambda bucket: bucket.put_object("a", b"b"),
    "DeleteObject": lambda bucket: bucket.delete_object("a"),
    "GetObjectAcl": lambda bucket: bucket.get_object_acl("a"),
    "PutObjectAcl": lambda bucket: bucket.put_object_acl("a", "private"),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_each_operation_needs_its_own_action(cloud: OssCloud, action: str) -> None:
    """A role with all rights but one is refused that operation, and one with that alone is not."""
    if action != "PutBucket":
        cloud.state.create(NAME)
        cloud.state.set_policy(NAME, POLICY.replace('"*"', '"2000"'))
    if "Object" in action:
        cloud.state.put_object(NAME, "a", b"text")

    with pytest.raises(oss2.exceptions.AccessDenied) as refused:
        ACTIONS[action](cloud.bucket(NAME, credentials=cloud.role("oss:*", but=f"oss:{action}")))
    assert refused.value.ec.startswith("0003-")

    ACTIONS[action](cloud.bucket(NAME, credentials=cloud.role(f"oss:{action}")))


def test_rights_end_at_the_bucket_they_name(cloud: OssCloud) -> None:
    """A role whose policy names one bucket's ARN may read that bucket, and not the next."""
    cloud.state.create(NAME)
    cloud.state.create("another")
    role = cloud.role("oss:GetBucketAcl", resource=f"acs:oss:*:{ACCOUNT}:{NAME}")

    assert cloud.bucket(NAME, credentials=role).get_bucket_acl().acl == "private"
    with pytest.raises(oss2.exceptions.AccessDenied):
        cloud.bucket("another", credentials=role).get_bucket_acl()


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("cn-beijing", "oss-cn-beijing.aliyuncs.com"),
        ("cn-hangzhou-finance", "oss-cn-hzfinance.aliyuncs.com"),
    ],
)
def test_a_bucket_in_another_region_tells_its_endpoint(
    cloud: OssCloud, region: str, endpoint: str
) -> None:
    """Signed for another region, a request is refused with the endpoint of the bucket's own."""
    cloud.state.create(NAME, region=region)
    cloud.state.put_object(NAME, "a", b"text")

    for call in ("GetBucketInfo", "PutBucketAcl", "PutObject"):
        with pytest.raises(oss2.exceptions.AccessDenied) as refused:
            ACTIONS[call](cloud.bucket(NAME))
        assert refused.value.details["Endpoint"] == endpoint
        assert refused.value.details["Bucket"] == NAME
        assert refused.value.ec == refused.value.headers["x-oss-ec"] == "0003-00001403"

    # What that endpoint is called without oss- is what OSS wants the request signed for.
    named = endpoint.removeprefix("oss-").removesuffix(".aliyuncs.com")
    info = cloud.bucket(NAME, named).get_bucket_info()
    assert (info.extranet_endpoint, info.location) == (endpoint, f"oss-{named}")


def test_a_bucket_made_by_a_signature_for_finance_cloud(cloud: OssCloud) -> None:
    """The region of a new bucket is the region id, whatever OSS calls the region."""
    cloud.bucket(NAME, "cn-hzfinance").create_bucket()

    assert cloud.state.bucket(NAME).region == "cn-hangzhou-finance"


def test_another_accounts_bucket(cloud: OssCloud) -> None:
    """Another account's bucket is not ours to read, change or make again, but may be public."""
    cloud.state.create(NAME, owner="2000", acl="public-read")
    cloud.state.put_object(NAME, "a", b"text")
    bucket = cloud.bucket(NAME)

    for call in ("GetBucketInfo", "PutBucketAcl", "DeleteBucket", "PutObject"):
        with pytest.raises(oss2.exceptions.AccessDenied):
            ACTIONS[call](bucket)
    with pytest.raises(oss2.exceptions.ServerError) as taken:
        bucket.create_bucket("private")
    assert (taken.value.status, taken.value.code) == (409, "BucketAlreadyExists")

    assert bucket.get_object("a").read() == b"text"
    assert cloud.state.bucket(NAME).acl == "public-read"
    assert cloud.service().list_buckets().buckets == []


def test_making_ones_own_bucket_again(cloud: OssCloud) -> None:
    """PutBucket on one's own bucket sets its ACL and keeps the rest; elsewhere it is taken."""
    before = cloud.state.create(NAME)
    cloud.bucket(NAME).create_bucket("public-read")

    assert cloud.state.bucket(NAME).acl == "public-read"
    assert cloud.state.bucket(NAME).created_at == before.created_at
    with pytest.raises(oss2.exceptions.ServerError, match="BucketAlreadyExists"):
        cloud.bucket(NAME, "cn-beijing").create_bucket()


@pytest.mark.parametrize(
    ("name", "call", "status", "code"),
    [
        ("missing", lambda b: b.get_bucket_info(), 404, "NoSuchBucket"),
        ("missing", lambda b: b.delete_bucket(), 404, "NoSuchBucket"),
        ("missing", lambda b: b.put_object("a", b"b"), 404, "NoSuchBucket"),
        ("missing", lambda b: b.put_bucket_acl("public"), 400, "InvalidArgument"),
        (NAME, lambda b: b.put_bucket_acl("default"), 400, "InvalidArgument"),
        (NAME, lambda b: b.put_object_acl("a", "public"), 400, "InvalidArgument"),
        (NAME, lambda b: b.delete_bucket(), 409, "BucketNotEmpty"),
        (NAME, lambda b: b.get_object("b"), 404, "NoSuchKey"),
        (NAME, lambda b: b.head_object("b"), 404, "NoSuchKey"),
        (NAME, lambda b: b.put_object("/b", b"c"), 400, "InvalidObjectName"),
        (NAME, lambda b: b.put_object("b" * 1024, b"c"), 400, "InvalidObjectName"),
        (NAME, lambda b: b.put_bucket_policy("{}"), 400, "InvalidPolicyDocument"),
        (NAME, lambda b: b.put_bucket_policy("open"), 400, "InvalidPolicyDocument"),
        (NAME, lambda b: b.put_bucket_tagging(b"<Tagging>"), 400, "MalformedXML"),
        (NAME, lambda b: b.put_bucket_tagging(b"<Tagging/>"), 400, "MalformedXML"),
        (NAME, lambda b: b.put_bucket_tagging(b"<Tags><TagSet/></Tags>"), 400, "MalformedXML"),
        (NAME, lambda b: b.put_bucket_tagging(KEYLESS_TAG), 400, "MalformedXML"),
        (NAME, lambda b: b.put_bucket_cors(models.BucketCors()), 501, "NotImplemented"),
    ],
)
def test_refusals(
    cloud: OssCloud, name: str, call: Callable[[oss2.Bucket], object], status: int, code: str
) -> None:
    """Each refusal has OSS's status and code, and changes nothing."""
    cloud.state.create(NAME)
    cloud.state.put_object(NAME, "a", b"text")
    before = cloud.state.all()

    with pytest.raises(oss2.exceptions.ServerError) as refused:
        call(cloud.bucket(name))

    assert (refused.value.status, refused.value.code) == (status, code)
    assert refused.value.message
    assert refused.value.request_id == refused.value.details["RequestId"]
    assert refused.value.ec == refused.value.headers["x-oss-ec"]
    assert cloud.state.all() == before


def test_an_invalid_acl_is_told_by_its_header(cloud: OssCloud) -> None:
    """The refusal of an ACL tells which header, a bucket's or an object's, had which value."""
    cloud.state.create(NAME)
    cloud.state.put_object(NAME, "a", b"text")
    bucket = cloud.bucket(NAME)

    with pytest.raises(oss2.exceptions.ServerError) as refused:
        bucket.put_bucket_acl("default")
    assert refused.value.details["ArgumentName"] == "x-oss-acl"
    assert refused.value.details["ArgumentValue"] == "default"

    with pytest.raises(oss2.exceptions.ServerError) as refused:
        bucket.put_object_acl("a", "open")
    assert refused.value.details["ArgumentName"] == "x-oss-object-acl"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/ab/?acl", 400, "InvalidBucketName"),
        ("/-abc/?acl", 400, "InvalidBucketName"),
        ("/Abc/?acl", 400, "InvalidBucketName"),
        ("/a%01b/?acl", 400, "InvalidBucketName"),
        (f"/{NAME}/%ff?acl", 400, "InvalidObjectName"),
        (f"/{NAME}?lifecycle", 501, "NotImplemented"),
        (f"/{NAME}?acl&tagging", 501, "NotImplemented"),
        (f"/{NAME}?a%01b%ff", 501, "NotImplemented"),
        ("/new-bucket", 403, "AccessDenied"),
        ("/new-bucket?acl", 403, "AccessDenied"),
    ],
)
def test_hostile_addresses_make_no_bucket(
    cloud: OssCloud, path: str, status: int, code: str
) -> None:
    """An unsigned PUT to any address is refused in well-formed XML and leaves no bucket."""
    answer = cloud.plain("PUT", path, {"x-oss-acl": "public-read"})

    assert (answer.status, answer.error()["Code"]) == (status, code)
    assert cloud.state.names() == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_bucket_without_a_name(cloud: OssCloud, method: str) -> None:
    """A key of which no bucket is named is no bucket's name, and not about the account either."""
    answer = cloud.plain(method, "/%2f%2f")

    assert (answer.status, answer.error()["Code"]) == (400, "InvalidBucketName")
