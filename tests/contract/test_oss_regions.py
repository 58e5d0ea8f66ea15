"""Where a request is for, and in which order that, its bucket and its signer are looked at."""

from collections.abc import Callable

import oss2
import pytest
from oss2 import models

from scripts.localcloud.ram.state import Credentials
from tests.contract.oss_helpers import NAME, OssCloud, cloud, refused

__all__ = ["cloud"]


@pytest.mark.fidelity(4)
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


@pytest.mark.fidelity(5)
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


@pytest.mark.fidelity(11)
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
