"""Documented facts of OSS that a kinder stand-in would let a program overlook."""

import base64
import dataclasses
import json
from collections.abc import Callable, Iterator

import oss2
import pytest
from oss2 import models

from scripts.localcloud.faults import Lag
from scripts.localcloud.ram.state import Credentials
from tests.contract.oss_helpers import ACCOUNT, REGION, OssCloud, oss_cloud

NAME = "config-snapshot"
OPEN = {"Effect": "Allow", "Action": ["oss:GetObject"], "Resource": [f"acs:oss:*:*:{NAME}/*"]}


@pytest.fixture
def cloud() -> Iterator[OssCloud]:
    """An OSS with a bucket."""
    with oss_cloud() as running:
        running.state.create(NAME)
        yield running


def refused(call: Callable[[], object]) -> tuple[int, str, str]:
    """Status, code and EC of a refusal."""
    with pytest.raises(oss2.exceptions.ServerError) as error:
        call()
    return error.value.status, error.value.code, error.value.ec


def put_tags(cloud: OssCloud, tags: dict[str, str]) -> oss2.models.RequestResult:
    """PutBucketTags past the checks that oss2 has of its own."""
    rule = models.TaggingRule()
    rule.tagging_rule = tags
    return cloud.bucket(NAME).put_bucket_tagging(models.Tagging(rule))


# Tags


@pytest.mark.parametrize(
    "tags",
    [
        {f"key-{number}": "" for number in range(20)},
        {"k" * 64: "v" * 128},
        {"k": "", "my-aliyun": "http://"},
    ],
)
def test_tags_that_are_taken(cloud: OssCloud, tags: dict[str, str]) -> None:
    """20 tags, a key of 64 bytes and a value of 128 characters, or none, are the limit."""
    put_tags(cloud, tags)
    assert cloud.state.bucket(NAME).tags == tags


@pytest.mark.parametrize(
    "tags",
    [
        {f"key-{number}": "" for number in range(21)},
        {"k" * 65: ""},
        {"ä" * 33: ""},
        {"key": "v" * 129},
        {"http://a": ""},
        {"HTTPS://a": ""},
        {"Aliyun-abc": ""},
        {"aliyun": ""},
        {"acs:abc": ""},
    ],
)
def test_tags_beyond_the_limits_are_refused(cloud: OssCloud, tags: dict[str, str]) -> None:
    """More, longer, or one whose key begins as Alibaba Cloud's own do."""
    assert refused(lambda: put_tags(cloud, tags)) == (400, "InvalidTag", "0010-00000219")
    assert cloud.state.bucket(NAME).tags == {}


@pytest.mark.parametrize(
    ("keys", "left"), [("a", {"b": "2", "c": "3"}), ("a,c", {"b": "2"}), ("", {}), ("d", None)]
)
def test_deleting_tags_by_key(cloud: OssCloud, keys: str, left: dict[str, str] | None) -> None:
    """`DELETE ?tagging=key` deletes that key's alone, without a key all."""
    tags = {"a": "1", "b": "2", "c": "3"}
    cloud.state.set_tags(NAME, tags)
    cloud.bucket(NAME).delete_bucket_tagging(params={"tagging": keys})
    assert cloud.state.bucket(NAME).tags == (tags if left is None else left)


# ListBuckets


def test_buckets_are_listed_by_pages(cloud: OssCloud) -> None:
    """100 without asking, at most 1000; what is left comes after the marker that is told."""
    for number in range(120):
        cloud.state.create(f"many-{number:03}", region=["cn-beijing", REGION][number % 2])
    plain = cloud.send(cloud.sign("GET", "/"))
    assert plain.body.count(b"<Name>") == 100
    assert b"<MaxKeys>100</MaxKeys><IsTruncated>true</IsTruncated>" in plain.body
    assert b"<NextMarker>many-098</NextMarker>" in plain.body
    first = cloud.service().list_buckets(prefix="many-", max_keys=50)
    assert (first.is_truncated, first.next_marker) == (True, "many-049")
    rest = cloud.service().list_buckets(prefix="many-", marker=first.next_marker, max_keys=1000)
    assert [bucket.name for bucket in rest.buckets] == [f"many-{n:03}" for n in range(50, 120)]
    assert rest.is_truncated is False
    assert len(list(oss2.BucketIterator(cloud.service()))) == 121


def test_a_list_that_is_whole_tells_no_paging(cloud: OssCloud) -> None:
    """Prefix, marker and the like come only where something is left out."""
    body = cloud.send(cloud.sign("GET", "/", {"prefix": "c"})).body
    assert b"<Name>config-snapshot</Name>" in body
    for name in (b"Prefix", b"Marker", b"MaxKeys", b"IsTruncated"):
        assert name not in body


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"tag-key": "team"}, ["one", "two"]),
        ({"tag-key": "team", "tag-value": "web"}, ["one"]),
        ({"tag-key": "team", "tag-value": "none"}, []),
        ({"tag-key": "other"}, []),
        ({"tagging": '"team":"web"'}, ["one"]),
        ({"tagging": '"team":"web","a":"web"'}, []),
    ],
)
def test_buckets_are_listed_by_tag(
    cloud: OssCloud, params: dict[str, str], named: list[str]
) -> None:
    """A tag's key, or its key and value, choose."""
    tags_of = {"one": {"team": "web"}, "two": {"team": "data"}, "three": {"a": "web"}}
    for name, tags in tags_of.items():
        cloud.state.create(name)
        cloud.state.set_tags(name, tags)
    assert [b.name for b in cloud.service().list_buckets(params=params).buckets] == named


@pytest.mark.parametrize(
    "params",
    [
        {"max-keys": "0"},
        {"max-keys": "1001"},
        {"max-keys": "9" * 5000},
        {"max-keys": "a"},
        {"tag-value": "a"},
        {"tagging": "team"},
        {"tagging": '"team":1'},
        {"tagging": '"a":' + "[" * 100_00},
    ],
    ids=lambda params: str(params)[:30],
)
def test_a_list_cannot_be_asked_for_so(cloud: OssCloud, params: dict[str, str]) -> None:
    """Pages of 1 to 1000, and no value of a tag without its key."""
    found = refused(lambda: cloud.service().list_buckets(params=params))
    assert found[:2] == (400, "InvalidArgument")


def test_resource_groups_are_kept_told_and_chosen_by(cloud: OssCloud) -> None:
    """A bucket is in the group it was made in, or in the default one."""
    group = {"x-oss-resource-group-id": "rg-web"}
    cloud.bucket("grouped").create_bucket(headers=group)
    assert cloud.bucket("grouped").get_bucket_info().resource_group_id == "rg-web"

    def listed(headers: dict[str, str] | None) -> dict[str, str]:
        found = cloud.service().list_buckets(headers=headers).buckets
        return {bucket.name: bucket.resource_group_id for bucket in found}

    assert listed(None) == {NAME: "rg-default-id", "grouped": "rg-web"}
    assert listed(group) == {"grouped": "rg-web"}
    assert listed({"x-oss-resource-group-id": "rg-default-id"}) == {NAME: "rg-default-id"}
    assert listed({"x-oss-resource-group-id": ""}) == {NAME: "rg-default-id"}


# Regions and signatures


@pytest.mark.parametrize(
    ("host", "region", "passes"),
    [
        ("127.0.0.1:80", "cn-shanghai", True),
        ("127.0.0.1:80", "cn-hangzhou-test-1", False),
        ("oss-cn-shanghai.aliyuncs.com", "cn-shanghai", True),
        ("oss-cn-shanghai-internal.aliyuncs.com", "cn-shanghai", True),
        ("cn-shanghai.oss.aliyuncs.com", "cn-shanghai", True),
        ("oss-cn-shanghai.aliyuncs.com", "cn-beijing", False),
        ("oss-cn-shanghai-internal.aliyuncs.com", "cn-beijing", False),
        ("cn-shanghai.oss.aliyuncs.com", "cn-beijing", False),
        ("oss-nowhere.aliyuncs.com", "nowhere", False),
        ("oss-cn-hzfinance.aliyuncs.com", "cn-hzfinance", True),
        ("oss-accelerate.aliyuncs.com", "cn-beijing", True),
    ],
)
@pytest.mark.parametrize("of_bucket", [False, True])
def test_the_signing_region_is_the_hosts(
    cloud: OssCloud, host: str, region: str, passes: bool, of_bucket: bool
) -> None:
    """Signed for another region than the host's, or for none that there is: 0002-00000226."""
    name = f"in-{region}"
    cloud.state.create(name, region={"cn-hzfinance": "cn-hangzhou-finance"}.get(region, region))
    request = oss2.http.Request("GET", "", params={}, region=region, product="oss")
    if of_bucket:
        request.params["acl"] = ""
    provider = oss2.credentials.StaticCredentialsProvider(*cloud.ram.root[:2])
    oss2.ProviderAuthV4(provider)._sign_request(request, name if of_bucket else "", "")
    by_ip = host.startswith("127")
    path = f"/{name}/" if of_bucket and by_ip else "/"
    named = f"{name}.{host}" if of_bucket and not by_ip else host
    query = "?acl" if of_bucket else ""
    sent = {name: value for name, value in request.headers.items() if value is not None}

    answer = cloud.plain("GET", f"{path}{query}", {**sent, "Host": named})

    if passes:
        assert answer.status == 200
    else:
        assert (answer.status, answer.error()["EC"]) == (400, "0002-00000226")
        message = "Invalid signing region in Authorization header."
        assert answer.error()["Message"] == message


def test_a_host_answers_for_its_region_alone(cloud: OssCloud) -> None:
    """A bucket of another region sends to its own endpoint, who is without a name as well."""
    cloud.state.create("far-away", region="cn-beijing", acl="public-read")
    cloud.state.put_object("far-away", "a", b"text")
    near, far = ({"Host": f"far-away.oss-{r}.aliyuncs.com"} for r in ("cn-shanghai", "cn-beijing"))
    assert cloud.plain("GET", "/a", far).body == b"text"
    answer = cloud.plain("GET", "/a", near)
    assert (answer.status, answer.error()["EC"]) == (403, "0003-00001403")
    assert answer.error()["Endpoint"] == "oss-cn-beijing.aliyuncs.com"


def test_a_regions_host_takes_no_bucket_in_the_path(cloud: OssCloud) -> None:
    """At a host of Alibaba Cloud a bucket is a part of the host's name."""
    answer = cloud.plain("GET", f"/{NAME}/a", {"Host": "oss-cn-shanghai.aliyuncs.com"})
    assert (answer.status, answer.error()["Code"]) == (403, "SecondLevelDomainForbidden")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda keys: keys._replace(access_key_id="nobody"),
        lambda keys: keys._replace(access_key_secret="guessed"),
    ],
)
def test_existence_comes_before_credentials(
    cloud: OssCloud, spoil: Callable[[Credentials], Credentials]
) -> None:
    """An unknown key, or a wrong secret, and a missing bucket: there is no such bucket."""
    keys = spoil(cloud.ram.root)
    missing = (404, "NoSuchBucket", "0015-00000101")
    bucket = cloud.bucket("missing", credentials=keys)
    for call in (bucket.get_bucket_info, bucket.get_bucket_acl, bucket.delete_bucket):
        assert refused(call) == missing
    assert refused(lambda: bucket.put_object("a", b"b")) == missing
    for make in (bucket.create_bucket, lambda: bucket.put_bucket_acl("private")):
        assert refused(make)[0] == 403
    assert refused(cloud.bucket(NAME, credentials=keys).get_bucket_info)[0] == 403
    assert cloud.state.names() == [NAME]


def v1(cloud: OssCloud, key: str = "", secret: str = "") -> oss2.Bucket:
    """A client that signs as oss2 does unless told otherwise."""
    root = cloud.ram.root
    auth = oss2.Auth(key or root.access_key_id, secret or root.access_key_secret)
    return oss2.Bucket(auth, cloud.listener.url, NAME, session=oss2.Session())


def test_old_accounts_may_sign_v1(cloud: OssCloud) -> None:
    """A switch: signatures of version 1, verified; they are for no region."""
    assert refused(v1(cloud).get_bucket_info) == (403, "AccessDenied", "0002-00000080")
    cloud.state.accepts_v1 = True
    bucket = v1(cloud)
    assert bucket.get_bucket_info().name == NAME
    bucket.put_bucket_acl("public-read")
    bucket.put_object("a b", b"text", headers={"x-oss-object-acl": "private"})
    bucket.put_bucket_tagging(models.Tagging())
    bucket.delete_bucket_tagging(params={"tagging": "a"})
    assert bucket.get_object("a b").read() == b"text"
    assert [each.key for each in oss2.ObjectIteratorV2(bucket)] == ["a b"]
    assert refused(v1(cloud, secret="guessed").get_bucket_acl)[1] == "SignatureDoesNotMatch"
    assert refused(v1(cloud, key="nobody").get_bucket_acl)[1] == "InvalidAccessKeyId"
    for date in ("", "yesterday"):
        headers = {"Authorization": "OSS a:b", "Date": date}
        assert cloud.plain("GET", f"/{NAME}/?acl", headers).error()["Code"] == "InvalidArgument"


# Block Public Access


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


# Policies


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


def test_a_policy_of_another_form_has_its_code(cloud: OssCloud) -> None:
    """A numeric version, say. Page "0030-00000005"."""
    text = json.dumps({"Version": 1, "Statement": [OPEN]})
    found = refused(lambda: cloud.bucket(NAME).put_bucket_policy(text))
    assert found == (400, "InvalidPolicyDocument", "0030-00000005")


# Making buckets


def test_an_account_has_100_buckets_in_a_region(cloud: OssCloud) -> None:
    """The 101st is refused, by either operation that makes one; elsewhere there is room."""
    for number in range(99):
        cloud.state.create(f"many-{number}")
    cloud.state.create("not-ours", owner="2000")
    bucket = cloud.bucket("one-more")
    for make in (bucket.create_bucket, lambda: bucket.put_bucket_acl("private")):
        assert refused(make)[:2] == (400, "TooManyBuckets")
    cloud.bucket("one-more", "cn-beijing").create_bucket()
    cloud.bucket(NAME).delete_bucket()
    cloud.bucket(NAME).create_bucket()


def test_who_makes_a_bucket_again(cloud: OssCloud) -> None:
    """The account itself sets the ACL so; a role is refused, whatever it may, and so is a change
    of place or class. Page "0015-00000104".
    """
    bucket = cloud.bucket(NAME)
    bucket.create_bucket("public-read")
    assert cloud.state.bucket(NAME).acl == "public-read"
    again = (409, "BucketAlreadyExists", "0015-00000104")
    keys = cloud.role("oss:*")
    assert refused(lambda: cloud.bucket(NAME, credentials=keys).create_bucket("private")) == again
    assert refused(lambda: cloud.bucket(NAME, "cn-beijing").create_bucket("private")) == again
    other = models.BucketCreateConfig("IA")
    assert refused(lambda: bucket.create_bucket("private", other)) == again
    assert cloud.state.bucket(NAME).acl == "public-read"
    cloud.state.create("not-ours", owner="2000")
    theirs = refused(cloud.bucket("not-ours").create_bucket)
    assert theirs == (409, "BucketAlreadyExists", "0015-00000102")


@pytest.mark.parametrize(
    ("headers", "rule"),
    [
        ({"": "AES256"}, ("AES256", None, None)),
        ({"": "KMS", "-key-id": "9468da86"}, ("KMS", "9468da86", None)),
    ],
)
def test_encryption_headers_are_kept(
    cloud: OssCloud, headers: dict[str, str], rule: tuple[str, str | None, str | None]
) -> None:
    """PutBucket's headers make the rule that GetBucketInfo and GetBucketEncryption tell."""
    sent = {f"x-oss-server-side-encryption{name}": value for name, value in headers.items()}
    bucket = cloud.bucket("encrypted")
    bucket.create_bucket(headers=sent)
    for told in (bucket.get_bucket_info().bucket_encryption_rule, bucket.get_bucket_encryption()):
        assert (told.sse_algorithm, told.kms_master_keyid, told.kms_data_encryption) == rule


def test_a_rule_of_encryption(cloud: OssCloud) -> None:
    """None, put, got and deleted; algorithms and keys as their page has them."""
    bucket = cloud.bucket(NAME)
    with pytest.raises(oss2.exceptions.NoSuchServerSideEncryptionRule):
        bucket.get_bucket_encryption()
    rule = models.ServerSideEncryptionRule()
    rule.sse_algorithm, rule.kms_data_encryption = "KMS", "SM4"
    bucket.put_bucket_encryption(rule)
    found = bucket.get_bucket_encryption()
    assert (found.sse_algorithm, found.kms_data_encryption) == ("KMS", "SM4")
    bucket.delete_bucket_encryption()
    assert cloud.state.bucket(NAME).encryption == {}
    for algorithm, key, data, code, ec in [
        ("random", None, None, "InvalidEncryptionAlgorithmError", "0000-00000000"),
        ("AES256", "a-key", None, "InvalidArgument", "0005-00000204"),
        ("KMS", None, "AES256", "InvalidArgument", "0005-00000203"),
    ]:
        rule.sse_algorithm, rule.kms_master_keyid, rule.kms_data_encryption = algorithm, key, data
        assert refused(lambda: bucket.put_bucket_encryption(rule)) == (400, code, ec)
    assert refused(
        lambda: cloud.bucket("new").create_bucket(
            headers={"x-oss-server-side-encryption": "random"}
        )
    )[:2] == (400, "InvalidEncryptionAlgorithmError")


def test_a_website_is_kept_whole(cloud: OssCloud) -> None:
    """Its error page and its routing rules come back as they were put."""
    redirect = models.Redirect("External", pass_query_string=True, host_name="example.com")
    condition = models.Condition(key_prefix_equals="abc/", http_err_code_return_equals=404)
    rule = models.RoutingRule(1, condition, redirect)
    bucket = cloud.bucket(NAME)
    bucket.put_bucket_website(models.BucketWebsite("index.html", "error.html", [rule]))
    found = bucket.get_bucket_website()
    assert (found.index_file, found.error_file) == ("index.html", "error.html")
    (kept,) = found.rules
    assert (kept.rule_num, kept.condition.key_prefix_equals) == (1, "abc/")
    assert (kept.redirect.host_name, kept.redirect.pass_query_string) == ("example.com", True)


# Who may not


def test_a_missing_permission_has_its_own_code(cloud: OssCloud) -> None:
    """Without an Allow 0003-00000202, with a Deny 0003-00000201; another's bucket -00000001."""
    allow = cloud.role("oss:PutBucketAcl")
    deny = cloud.role("oss:*", but="oss:GetBucketInfo")
    cloud.state.create("not-ours", owner="2000")
    for name, keys, ec in [
        (NAME, allow, "0003-00000202"),
        (NAME, deny, "0003-00000201"),
        ("not-ours", cloud.ram.root, "0003-00000001"),
    ]:
        found = refused(cloud.bucket(name, credentials=keys).get_bucket_info)
        assert found == (403, "AccessDenied", ec)


def test_a_denial_may_say_that_the_bucket_is_anothers(cloud: OssCloud) -> None:
    """A switch, as both are documented: a missing permission is told as somebody else's bucket."""
    cloud.state.explains_denials = False
    bucket = cloud.bucket(NAME, credentials=cloud.role("oss:PutBucketAcl"))
    with pytest.raises(oss2.exceptions.AccessDenied, match="does not belong to you") as told:
        bucket.get_bucket_info()
    assert told.value.ec == "0003-00000001"
    assert b"AccessDeniedDetail" not in told.value.body


def test_put_bucket_acl_may_conflict(cloud: OssCloud) -> None:
    """A switch, as pages differ: who may not put an ACL is told that the bucket exists."""
    cloud.state.create("not-ours", owner="2000")
    cloud.state.create("far-away", region="cn-beijing")
    keys = cloud.role("oss:GetBucketInfo")
    calls = [
        lambda: cloud.bucket(NAME, credentials=keys).put_bucket_acl("private"),
        lambda: cloud.bucket("not-ours").put_bucket_acl("private"),
    ]
    for call in calls:
        assert refused(call)[:2] == (403, "AccessDenied")
    cloud.state.put_acl_conflicts = True
    for call in calls:
        assert refused(call) == (409, "BucketAlreadyExists", "0015-00000104")
    elsewhere = refused(lambda: cloud.bucket("far-away").put_bucket_acl("private"))
    assert elsewhere == (403, "AccessDenied", "0003-00001403")


# Objects


def test_checksums_of_objects(cloud: OssCloud) -> None:
    """OSS tells CRC-64 of what it got and gives; the published check value comes out."""
    signed = cloud.sign("PUT", f"/{NAME}/a")
    assert cloud.send(signed, b"123456789").headers["x-oss-hash-crc64ecma"] == str(
        0x995DC9BBDF1939FA
    )
    bucket = cloud.bucket(NAME)
    given = bucket.put_object("a", b"some text")
    assert (given.crc, bucket.get_object("a").server_crc) == (given.crc, given.crc)


def test_a_body_must_be_the_one_whose_digest_was_sent(cloud: OssCloud) -> None:
    """Another Content-MD5 is refused, whatever the operation, and nothing is stored."""
    digest = base64.b64encode(b"0" * 16).decode()
    for path, params in ((f"/{NAME}/a", {}), (f"/{NAME}/", {"policy": ""})):
        signed = cloud.sign("PUT", path, params, {"content-md5": digest})
        answer = cloud.send(signed, b"text")
        assert (answer.status, answer.error()["Code"]) == (400, "InvalidDigest")
    bucket = cloud.state.bucket(NAME)
    assert (bucket.objects, bucket.policy) == ({}, None)


def test_an_objects_headers_come_back(cloud: OssCloud) -> None:
    """What was said of an object when it was put, in OSS's words or HTTP's, is told with it."""
    said = {"Cache-Control": "no-cache", "x-oss-meta-note": "seen", "Content-Encoding": "identity"}
    bucket = cloud.bucket(NAME)
    bucket.put_object("a", b"text", headers=said)
    told = bucket.head_object("a").headers
    assert {name: told[name] for name in said} == said
    assert dataclasses.asdict(cloud.state.bucket(NAME).objects["a"])["body"] == b"text"
