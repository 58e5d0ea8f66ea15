"""Signature version 4 as OSS verifies it, and every way of not being let in."""

import dataclasses
import datetime
import time
from collections.abc import Callable, Iterator

import oss2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from scripts.localcloud.http import Headers, Request
from scripts.localcloud.oss import access, address, signature
from scripts.localcloud.ram.state import Credentials
from tests.contract.oss_helpers import OssCloud, Signed, oss_cloud


@pytest.fixture(scope="module")
def cloud() -> Iterator[OssCloud]:
    """An OSS with one bucket, for all tests here."""
    with oss_cloud() as running:
        running.state.create("config-snapshot")
        running.state.create("config-another")
        running.state.put_object("config-snapshot", "a/key", b"text")
        yield running


@pytest.mark.parametrize(
    ("moment", "token", "additional", "expected"),
    [
        (
            "20231216T162057Z",
            {},
            [],
            "e21d18daa82167720f9b1047ae7e7f1ce7cb77a31e8203a7d5f4624fa0284afe",
        ),
        (
            "20231217T034736Z",
            {"x-oss-security-token": "token"},
            [],
            "b94a3f999cf85bcdc00d332fbd3734ba03e48382c36fa4d5af5df817395bd9ea",
        ),
        (
            "20231216T172512Z",
            {},
            ["abc", "zabc"],
            "4a4183c187c07c8947db7620deb0a6b38d9fbdd34187b6dbaccb316fa251212f",
        ),
    ],
    ids=["plain", "security token", "additional headers"],
)
def test_the_sdks_published_vectors_come_out(
    moment: str, token: dict[str, str], additional: list[str], expected: str
) -> None:
    """The signatures that Alibaba Cloud's own SDKs are tested with come out here too."""
    headers = {
        "x-oss-head1": "value",
        "abc": "value",
        "ZAbc": "value",
        "XYZ": "value",
        "content-type": "text/plain",
        "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
        "x-oss-date": moment,
        **token,
    }
    query = "param1=value1&%2Bparam1=value3&%7Cparam1=value4&%2Bparam2=&%7Cparam2&param2"
    request = Request("PUT", "/1234%2B-/123/1.txt", query, Headers(headers), b"")
    scope = f"ak/{moment[:8]}/cn-hangzhou/oss/aliyun_v4_request"
    fields = f"Credential={scope},AdditionalHeaders={';'.join(additional)}".removesuffix(
        ",AdditionalHeaders="
    )
    authorization = signature.parse(f"OSS4-HMAC-SHA256 {fields},Signature={expected}")

    canonical = signature.canonical_request(
        request, "/bucket/1234+-/123/1.txt", authorization.additional
    )
    to_sign = signature.string_to_sign(authorization, moment, canonical)

    assert signature.sign("sk", authorization, to_sign) == expected


keys = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
names = st.text(st.characters(codec="utf-8"), max_size=10).map("p-{}".format)
values = st.text(st.characters(codec="utf-8"), max_size=10)
header_values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)


@settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(
    key=keys.filter(lambda key: key not in (".", "..") and key[0] not in "/\\"),
    meta=header_values,
    body=st.binary(min_size=1, max_size=100),
)
@example(key="a b+c%20~/.", meta="", body=b"a")
def test_whatever_oss2_signs_is_accepted(cloud: OssCloud, key: str, meta: str, body: bytes) -> None:
    """Any key and header value that oss2 signs and encodes arrives and verifies."""
    bucket = cloud.bucket("config-snapshot")
    bucket.put_object(key, body, headers={"x-oss-meta-note": meta})

    assert bucket.get_object(key).read() == body
    assert key in cloud.state.bucket("config-snapshot").objects


@given(params=st.dictionaries(names, values, max_size=4))
@example(params={"p-a b": "c d+e/f~", "p-": ""})
def test_whatever_query_oss2_signs_verifies(cloud: OssCloud, params: dict[str, str]) -> None:
    """Any name and value in a query is signed here as oss2 signs it, known to OSS or not."""
    signed = cloud.sign("GET", "/config-snapshot/a/key", params)
    path, _, query = signed.url.partition("?")
    request = Request("GET", path, query, Headers(signed.headers), b"")

    caller = access.authenticate(request, address.locate(request), cloud.ram)

    assert caller.principal is not None


def changed(headers: dict[str, str]) -> Callable[[Signed], None]:
    """Send other headers than those that were signed."""
    return lambda signed: signed.headers.update(headers)


def in_authorization(old: str, new: str) -> Callable[[Signed], None]:
    """Write something else into the Authorization header."""

    def change(signed: Signed) -> None:
        assert old in signed.headers["authorization"]
        signed.headers["authorization"] = signed.headers["authorization"].replace(old, new)

    return change


def last_digit(signed: Signed) -> None:
    """Change the signature, which comes last, in as little as can be."""
    head, digit = signed.headers["authorization"][:-1], signed.headers["authorization"][-1]
    signed.headers["authorization"] = f"{head}{'0' if digit != '0' else '1'}"


def move(signed: Signed, minutes: float) -> None:
    """Let a request claim that it was signed at another minute."""
    before = signed.headers["x-oss-date"]
    moment = datetime.datetime.strptime(before + "+0000", "%Y%m%dT%H%M%SZ%z")
    after = (moment + datetime.timedelta(minutes=minutes)).strftime("%Y%m%dT%H%M%SZ")
    signed.headers["x-oss-date"] = after
    in_authorization(f"/{before[:8]}/", f"/{after[:8]}/")(signed)


TAMPERINGS: dict[str, Callable[[Signed], object]] = {
    "bucket": lambda signed: setattr(signed, "path", "/config-another/a/key"),
    "key": lambda signed: setattr(signed, "path", "/config-snapshot/a/Key"),
    "query value": lambda signed: signed.params.update(acl="b"),
    "query dropped": lambda signed: signed.params.clear(),
    "content-type": changed({"content-type": "text/html"}),
    "content-md5": changed({"content-md5": "another"}),
    "x-oss header": changed({"x-oss-object-acl": "public-read"}),
    "x-oss header added": changed({"x-oss-security-token": "mine"}),
    "additional header": changed({"cache-control": "another"}),
    "date": lambda signed: move(signed, -1),
    "region": in_authorization("/cn-shanghai/", "/cn-hangzhou/"),
    "additional headers": in_authorization(
        "AdditionalHeaders=cache-control", "AdditionalHeaders=host"
    ),
    "signature": last_digit,
}


def signed_put(cloud: OssCloud) -> Signed:
    """A request in which everything that can be signed is signed; its signature comes last."""
    signed = cloud.sign(
        "PUT",
        "/config-snapshot/a/key",
        {"acl": ""},
        {
            "content-type": "text/plain",
            "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==",
            "x-oss-object-acl": "private",
            "cache-control": "one",
        },
        ["cache-control"],
    )
    credential, mark, additional = signed.headers["authorization"].split(", ")
    signed.headers["authorization"] = ", ".join([credential, additional, mark])
    return signed


def test_the_untampered_request_is_accepted(cloud: OssCloud) -> None:
    """The request of the next test passes as long as nothing is changed."""
    assert cloud.send(signed_put(cloud)).status == 200


@pytest.mark.parametrize("part", TAMPERINGS)
def test_each_signed_part_is_covered(cloud: OssCloud, part: str) -> None:
    """A request of which any one signed part was changed is refused as SignatureDoesNotMatch."""
    signed = signed_put(cloud)
    TAMPERINGS[part](signed)

    answer = cloud.send(signed)

    assert (answer.status, answer.error()["Code"]) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize(
    ("path", "params", "tamper"),
    [
        ("/config-snapshot/a/key", {}, lambda signed: setattr(signed, "method", "DELETE")),
        ("/", {"prefix": "a"}, lambda signed: signed.params.update(marker="a")),
    ],
)
def test_method_and_names_in_the_query_are_covered(
    cloud: OssCloud, path: str, params: dict[str, str], tamper: Callable[[Signed], None]
) -> None:
    """A request sent by another method, or with one name more, is another one than was signed."""
    signed = cloud.sign("GET", path, params)
    tamper(signed)

    assert cloud.send(signed).error()["Code"] == "SignatureDoesNotMatch"


def test_what_is_not_signed_may_change(cloud: OssCloud) -> None:
    """A header outside the signature can be changed by what lies between client and OSS."""
    signed = signed_put(cloud)
    signed.headers["user-agent"] = "a proxy"

    assert cloud.send(signed).status == 200


@pytest.mark.parametrize("minutes", [-16, -14, 14, 16])
def test_a_quarter_of_an_hour_is_the_limit(cloud: OssCloud, minutes: int) -> None:
    """Up to 15 minutes off, the signature decides; beyond, the request is too skewed."""
    signed = signed_put(cloud)
    move(signed, minutes)

    code = cloud.send(signed).error()["Code"]

    assert code == ("RequestTimeTooSkewed" if abs(minutes) > 15 else "SignatureDoesNotMatch")


@pytest.mark.parametrize(
    "spoil",
    [
        in_authorization("OSS4-HMAC-SHA256", "AWS4-HMAC-SHA256"),
        in_authorization("Signature=", "Mark="),
        in_authorization("AdditionalHeaders=cache-control", "AdditionalHeaders="),
        in_authorization("/oss/", "/ecs/"),
        in_authorization("aliyun_v4_request", "aliyun_v5_request"),
        in_authorization("/cn-shanghai/", "//"),
        changed({"x-oss-date": "yesterday"}),
        changed({"x-oss-date": "20200101T000000Z"}),
        changed({"x-oss-content-sha256": "0" * 64}),
        in_authorization("Signature=", "Signature=0,Signature="),
        changed({"authorization": "OSS4-HMAC-SHA256"}),
    ],
)
def test_a_malformed_signature_is_an_invalid_argument(
    cloud: OssCloud, spoil: Callable[[Signed], None]
) -> None:
    """What is no signature of version 4 for OSS, or contradicts itself, is refused with 400."""
    signed = signed_put(cloud)
    spoil(signed)

    answer = cloud.send(signed)

    assert (answer.status, answer.error()["Code"]) == (400, "InvalidArgument")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_older_signatures_are_refused(cloud: OssCloud, version: str) -> None:
    """Version 1, what oss2 signs unless told otherwise, is refused as new accounts see it."""
    auth = oss2.make_auth(*cloud.ram.root[:2], auth_version=version)
    bucket = oss2.Bucket(auth, cloud.listener.url, "config-snapshot")

    with pytest.raises(oss2.exceptions.ServerError) as refused:
        bucket.get_bucket_info()
    bucket.session.session.close()

    assert (refused.value.status, refused.value.ec) == (403, "0002-00000080")


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda role: role._replace(access_key_id="LTAI5tNobody"), "InvalidAccessKeyId"),
        (lambda role: role._replace(access_key_secret="guessed"), "SignatureDoesNotMatch"),
        (lambda role: role._replace(security_token="guessed"), "InvalidSecurityToken"),
        (lambda role: role._replace(security_token=""), "InvalidSecurityToken"),
    ],
)
def test_credentials_are_checked(
    cloud: OssCloud, spoil: Callable[[Credentials], Credentials], code: str
) -> None:
    """An unknown key, a wrong secret and a wrong or missing token each get their own 403."""
    credentials = spoil(cloud.role("oss:*"))

    with pytest.raises(oss2.exceptions.ServerError) as refused:
        cloud.bucket("config-snapshot", credentials=credentials).get_bucket_acl()

    assert (refused.value.status, refused.value.code) == (403, code)


def test_a_token_expires() -> None:
    """Temporary credentials work until their hour has passed, and new ones work after it."""
    with oss_cloud() as cloud:
        cloud.state.create("config-snapshot")
        bucket = cloud.bucket("config-snapshot", credentials=cloud.role("oss:*"))
        assert bucket.get_bucket_acl().acl == "private"

        cloud.core.clock.advance(3601)
        with pytest.raises(oss2.exceptions.ServerError) as refused:
            bucket.get_bucket_acl()
        assert (refused.value.status, refused.value.code) == (403, "SecurityTokenExpired")

        renewed = cloud.bucket("config-snapshot", credentials=cloud.role("oss:*"))
        assert renewed.get_bucket_acl().acl == "private"


def test_a_bucket_can_be_named_by_the_host(cloud: OssCloud) -> None:
    """Virtual-host style, `bucket.host`, names the same bucket and has the same signature."""
    cloud.state.put_object("config-snapshot", "a/key", b"text")
    signed = cloud.sign("GET", "/config-snapshot/a/key")
    by_host = dataclasses.replace(
        signed,
        path="/a/key",
        headers={**signed.headers, "Host": "config-snapshot.oss-cn-shanghai.aliyuncs.com"},
    )

    assert cloud.send(by_host).body == b"text"


@pytest.mark.parametrize("temporary", [False, True])
def test_a_signed_url(cloud: OssCloud, temporary: bool) -> None:
    """Whoever has it reads, or writes, that object and no other, and no longer than it says."""
    keys = cloud.role("oss:*") if temporary else None
    bucket = cloud.bucket("config-snapshot", credentials=keys)
    base = cloud.listener.url
    url = bucket.sign_url("PUT", "a/url", 60, slash_safe=True).removeprefix(base)
    assert cloud.plain("PUT", url, body=b"by url").status == 200
    url = bucket.sign_url("GET", "a/url", 60, slash_safe=True).removeprefix(base)
    assert cloud.plain("GET", url).body == b"by url"
    for other in (url.replace("a/url", "a/key"), url.replace("expires=60", "expires=61")):
        assert cloud.plain("GET", other).error()["Code"] == "SignatureDoesNotMatch"
    assert cloud.plain("DELETE", url).error()["Code"] == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("x-oss-expires=60", "x-oss-expires=604801", "InvalidArgument"),
        ("x-oss-expires=60", "x-oss-expires=soon", "InvalidArgument"),
        ("x-oss-signature-version=OSS4", "x-oss-signature-version=OSS5", "InvalidArgument"),
        ("x-oss-signature=", "x-oss-signature-version=", "InvalidArgument"),
        ("cn-shanghai", "cn-nowhere", "InvalidArgument"),
        ("cn-shanghai", "cn-beijing", "SignatureDoesNotMatch"),
    ],
)
def test_a_signed_url_that_is_spoilt(cloud: OssCloud, old: str, new: str, code: str) -> None:
    """What is missing, too long or of another form is refused, never taken for nobody's request."""
    cloud.state.put_object("config-snapshot", "open", b"text", "public-read")
    url = (
        cloud.bucket("config-snapshot").sign_url("GET", "open", 60).removeprefix(cloud.listener.url)
    )
    assert old in url
    assert cloud.plain("GET", url.replace(old, new)).error()["Code"] == code


def test_a_signed_url_expires(cloud: OssCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its seconds it is of no use, though it was signed rightly."""
    url = cloud.bucket("config-snapshot").sign_url("GET", "a/key", 60, slash_safe=True)
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    answer = cloud.plain("GET", url.removeprefix(cloud.listener.url))
    assert (answer.status, answer.error()["Message"]) == (403, "Request has expired.")
