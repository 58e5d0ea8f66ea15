"""The function's own OSS client against hostile answers: raw HTTP, byte by byte."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resource_repair import errors, oss
from resource_repair.values import Credentials
from tests.contract.gateway_rig import (
    CREATED,
    INFO,
    Answer,
    Server,
    bucket,
    closed,
    error,
    self_signed,
    server,
    serving,
)

__all__ = ["closed", "server"]


def test_a_bucket_is_read_with_v4_and_its_token(server: Server) -> None:
    """One signed GET gives the ACL and the creation date."""
    server.answer = Answer(body=INFO)
    state = bucket(server.url).read()
    assert state == oss.BucketState(
        "config-snapshot", "1", "public-read", CREATED, "cn-shanghai", None, "REQUEST-ID"
    )
    ((method, path, headers),) = server.asked
    assert (method, path) == ("GET", "/config-snapshot/?bucketInfo=")
    assert headers["authorization"].startswith("OSS4-HMAC-SHA256 Credential=STS.key-id/")
    assert "/cn-shanghai/oss/aliyun_v4_request" in headers["authorization"]
    assert headers["x-oss-security-token"] == "the-security-token"


def test_the_rule_of_encryption_is_put_as_its_page_has_it(server: Server) -> None:
    """One signed PUT, byte by byte; its request id comes back."""
    server.answer = Answer()
    assert bucket(server.url).write_encryption("AES256") == "REQUEST-ID"
    ((method, path, headers),) = server.asked
    assert (method, path) == ("PUT", "/config-snapshot/?encryption=")
    assert headers["authorization"].startswith("OSS4-HMAC-SHA256 Credential=STS.key-id/")
    # The method alone: no key, and no algorithm of the data.
    assert server.bodies == [
        b"<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault>"
        b"<SSEAlgorithm>AES256</SSEAlgorithm>"
        b"</ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>"
    ]


def test_block_public_access_is_put_as_its_page_has_it(server: Server) -> None:
    """One signed PUT, byte by byte; its request id comes back."""
    server.answer = Answer()
    assert bucket(server.url).write_block() == "REQUEST-ID"
    ((method, path, headers),) = server.asked
    assert (method, path) == ("PUT", "/config-snapshot/?publicAccessBlock=")
    assert headers["authorization"].startswith("OSS4-HMAC-SHA256 Credential=STS.key-id/")
    assert server.bodies == [
        b"<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess>"
        b"</PublicAccessBlockConfiguration>"
    ]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(body="<WebsiteConfiguration><IndexDocument/></WebsiteConfiguration>"), True),
        (error(404, "NoSuchWebsiteConfiguration"), False),
        (error(404, "NoSuchBucket"), errors.NoSuchBucketError),
        (error(403, "AccessDenied"), errors.DeniedError),
        (Answer(body="<html/>"), errors.TransientError),
        (Answer(body=""), errors.TransientError),
    ],
)
def test_whether_it_is_a_website_is_read(
    server: Server, answer: Answer, told: bool | type[errors.BucketError]
) -> None:
    """It is none by OSS's own code for that alone; what is no such answer is none."""
    server.answer = answer
    _held(bucket(server.url).is_website, told)
    assert server.asked[0][1] == "/config-snapshot/?website="


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(body="<ListCnameResult><Bucket>a</Bucket></ListCnameResult>"), False),
        (
            Answer(
                body="<ListCnameResult><Cname><Status>Disabled</Status></Cname></ListCnameResult>"
            ),
            True,
        ),
        (error(403, "AccessDenied"), errors.DeniedError),
        (Answer(body="<html/>"), errors.TransientError),
    ],
)
def test_whether_a_domain_is_bound_is_read(
    server: Server, answer: Answer, told: bool | type[errors.BucketError]
) -> None:
    """Also one that is switched off just now."""
    server.answer = answer
    _held(bucket(server.url).has_domain, told)
    assert server.asked[0][1] == "/config-snapshot/?cname="


def _held(ask: Callable[[], bool], told: bool | type[errors.BucketError]) -> None:
    if isinstance(told, bool):
        assert ask() is told
    else:
        with pytest.raises(told):
            ask()


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("", None),
        ("<ServerSideEncryptionRule/>", None),
        ("<SSEAlgorithm>KMS</SSEAlgorithm>", None),  # not where it should be
        *(
            (
                f"<ServerSideEncryptionRule><SSEAlgorithm>{method}</SSEAlgorithm>"
                "</ServerSideEncryptionRule>",
                method or None,
            )
            for method in ("None", "AES256", "KMS", "")
        ),
    ],
)
def test_how_a_bucket_is_encrypted_is_read(server: Server, rule: str, told: str | None) -> None:
    """None where OSS does not say, and its own word where there is none."""
    server.answer = Answer(body=INFO.replace("</Bucket>", f"{rule}</Bucket>"))
    assert bucket(server.url).read().encryption == told


def test_an_access_key_without_a_token_signs_v4_too(server: Server) -> None:
    """Where the environment has no token, the request has none, and is still V4."""
    server.answer = Answer(body=INFO)
    bucket(server.url, credentials=Credentials("id", "secret", "")).read()
    headers = server.asked[0][2]
    assert headers["authorization"].startswith("OSS4-HMAC-SHA256 ")
    assert "x-oss-security-token" not in headers


@pytest.mark.parametrize(
    ("answer", "expected", "reason"),
    [
        (error(404, "NoSuchBucket"), errors.NoSuchBucketError, "NoSuchBucket"),
        (error(404, "NoSuchKey"), errors.RefusedError, "NoSuchKey"),
        (
            error(403, "AccessDenied", "<EC>0003-01</EC>"),
            errors.DeniedError,
            "AccessDenied (EC 0003-01)",
        ),
        (error(403, "InvalidAccessKeyId"), errors.RefusedError, "InvalidAccessKeyId"),
        (error(403, "SignatureDoesNotMatch"), errors.RefusedError, "SignatureDoesNotMatch"),
        (error(400, "InvalidArgument"), errors.RefusedError, "InvalidArgument"),
        (error(400, "RequestTimeout"), errors.TransientError, "RequestTimeout"),
        (error(429, "Throttling"), errors.TransientError, "Throttling"),
        (error(503, "SlowDown"), errors.TransientError, "SlowDown"),
        (error(500, "InternalError"), errors.TransientError, "InternalError"),
        (error(501, "NotImplemented"), errors.UnsupportedError, "NotImplemented"),
        (error(503, "NoSuchBucket"), errors.TransientError, "NoSuchBucket"),
        (error(429, "Whatever"), errors.TransientError, "Whatever"),
        (Answer(408), errors.TransientError, "status_408"),
        (error(403, "SlowDown"), errors.TransientError, "SlowDown"),
        (error(409, "OperationAborted"), errors.TransientError, "OperationAborted"),
        (
            Answer(200, INFO.replace("2021-09-06T05:58:37.000Z", "")),
            errors.TransientError,
            "malformed",
        ),
        (
            Answer(200, INFO.replace("UTF-8", "no-such-encoding")),
            errors.TransientError,
            "malformed",
        ),
        (Answer(200, "x" * 1_000_000), errors.TransientError, "unanswered"),
        (Answer(200, INFO, {"Content-Encoding": "gzip"}), errors.TransientError, "unanswered"),
        (Answer(502, "<html>bad gateway</html>"), errors.TransientError, "status_502"),
        (Answer(200, "<html>not xml"), errors.TransientError, "malformed_answer"),
        (Answer(200, "<BucketInfo/>"), errors.TransientError, "malformed_answer"),
        (Answer(200, INFO, declared=5000), errors.TransientError, "unanswered"),
        (Answer(304), errors.RefusedError, "status_304"),
    ],
)
def test_each_answer_is_sorted(
    server: Server, answer: Answer, expected: type[errors.BucketError], reason: str
) -> None:
    """What OSS answers decides whether to ask again, to give up, or to say that it is gone."""
    server.answer = answer
    with pytest.raises(errors.BucketError) as raised:
        bucket(server.url).read()
    assert type(raised.value) is expected
    assert raised.value.reason.startswith(reason)
    assert len(server.asked) == 1  # nothing below the repair asks again


@pytest.mark.parametrize("status", [403, 301, 307])
@pytest.mark.parametrize(
    ("endpoint", "region"),
    [
        ("oss-cn-beijing.aliyuncs.com", "cn-beijing"),
        ("oss-cn-beijing-internal.aliyuncs.com", "cn-beijing"),
        ("oss-cn-hzfinance.aliyuncs.com", "cn-hzfinance"),
        ("oss-cn-beijing.aliyuncs.com.evil.example", None),
        ("evil.example", None),
        ("oss-cn-beijing.aliyuncs.com:8080", None),
        ("oss-cn_beijing.aliyuncs.com", None),
        ("OSS-CN-BEIJING.ALIYUNCS.COM", None),
        ("oss-cn-beijing.aliyuncs.com\n", None),
    ],
)
def test_only_a_region_is_taken_from_an_endpoint(
    server: Server, status: int, endpoint: str, region: str | None
) -> None:
    """Of the endpoint that OSS names only the region is taken, and only in the known pattern."""
    server.answer = error(status, "AccessDenied", f"<Endpoint>{endpoint}</Endpoint>")
    with pytest.raises(errors.ElsewhereError) as raised:
        bucket(server.url).read()
    assert raised.value.region == region


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("write", [False, True])
def test_a_redirect_is_never_followed(server: Server, status: int, write: bool) -> None:
    """A Location header moves no request, and no token, to another host."""
    with serving() as other:
        server.answer = Answer(status, "", {"Location": f"{other.url}/config-snapshot/?bucketInfo"})
        asked = bucket(server.url)
        request: Callable[[], Any] = (lambda: asked.write_acl("private")) if write else asked.read
        with pytest.raises(errors.RefusedError):
            request()
        assert other.asked == []
    assert len(server.asked) == 1


def test_a_proxy_of_the_environment_is_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy variable in the environment does not see the requests."""
    with serving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("no_proxy", "")
        server.answer = Answer(body=INFO)
        bucket(server.url).read()
        assert proxy.asked == []


def test_no_cookie_is_kept(server: Server) -> None:
    """A cookie of one answer does not come back with the next request."""
    server.answer = Answer(body=INFO, headers={"Set-Cookie": "tracked=1; Path=/"})
    for _ in range(2):
        bucket(server.url).read()
    assert "Cookie" not in server.asked[1][2]


def test_a_compressed_answer_is_not_unpacked(server: Server) -> None:
    """None was asked for: a body that claims to be compressed is refused, not inflated."""
    server.answer = Answer(body=INFO, headers={"Content-Encoding": "gzip, gzip"})
    with pytest.raises(errors.TransientError, match="OddAnswerError"):
        bucket(server.url).read()


def test_one_connection_serves_a_whole_repair(server: Server) -> None:
    """Answers are read to their end, so that the next request finds the connection free."""
    server.answer = Answer(body=INFO)
    asked = bucket(server.url)
    for _ in range(5):
        asked.read()
    assert len({headers["port"] for _, _, headers in server.asked}) == 1


def test_a_host_without_an_address_is_unresolved() -> None:
    """A name that no name server knows is told apart from other trouble."""
    with pytest.raises(errors.UnresolvedError):
        bucket("http://oss-cn-nowhere.invalid").read()


def test_a_host_that_cannot_prove_itself_is_refused(tmp_path: Path) -> None:
    """A certificate that nobody vouches for: no request is sent, and none will be."""
    with serving(self_signed(tmp_path)) as server:
        with pytest.raises(errors.RefusedError, match="untrusted_host"):
            bucket(server.url).read()
        assert server.asked == []


def test_a_closed_port_is_transient() -> None:
    """A connection that is refused may be taken the next time."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(errors.TransientError) as raised:
            bucket(url).read()
        assert not isinstance(raised.value, errors.UnresolvedError)


def test_a_silent_host_is_given_up_with_the_deadline() -> None:
    """A host that takes the connection and says nothing costs no more than what time is left."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(errors.TransientError, match="unanswered"):
            bucket(url, seconds=0.8).read()


def test_nothing_is_asked_after_the_deadline(server: Server) -> None:
    """Once the time is up no request is made."""
    with pytest.raises(errors.TransientError, match="deadline"):
        bucket(server.url, seconds=0.1).read()
    assert server.asked == []


@pytest.mark.parametrize(
    ("body", "public"),
    [
        ("<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>", True),
        ("<PolicyStatus><IsPublic>false</IsPublic></PolicyStatus>", False),
    ],
)
def test_the_policy_status_is_read(server: Server, body: str, public: bool) -> None:
    """IsPublic is what it says, signed like every other request."""
    server.answer = Answer(body=body)
    assert bucket(server.url).public_by_policy() is public
    assert server.asked[0][1] == "/config-snapshot/?policyStatus="


@pytest.mark.parametrize(
    "body", ["", "<PolicyStatus/>", "<PolicyStatus><IsPublic>TRUE?</IsPublic></PolicyStatus>"]
)
def test_an_odd_policy_status_is_not_read_as_closed(server: Server, body: str) -> None:
    """An answer without a plain true or false is no answer."""
    server.answer = Answer(body=body)
    with pytest.raises(errors.TransientError, match="malformed_answer"):
        bucket(server.url).public_by_policy()


@pytest.mark.parametrize(
    ("body", "tags"),
    [
        ("<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>", {"a": "1"}),
        ("<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", {"a": ""}),
        ("<Tagging><TagSet/></Tagging>", {}),
        ("<Tagging/>", {}),
    ],
)
def test_the_tags_are_read(server: Server, body: str, tags: dict[str, str]) -> None:
    """Each tag with its value; a bucket without any has an empty Tagging, as documented."""
    server.answer = Answer(body=body)
    assert bucket(server.url).tags() == tags
    assert server.asked[0][1] == "/config-snapshot/?tagging="


@pytest.mark.parametrize("body", ["", "<html/>", "<PolicyStatus/>", "<Tagging>"])
def test_odd_tags_are_not_read_as_none(server: Server, body: str) -> None:
    """An answer that tells no tags is no bucket without them: it could be an exempt one."""
    server.answer = Answer(body=body)
    with pytest.raises(errors.TransientError, match="malformed_answer"):
        bucket(server.url).tags()
