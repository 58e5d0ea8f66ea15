"""What the function's OSS client makes of a bucket's answers, byte by byte."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from resource_repair import errors, oss, transport
from resource_repair.timing import Clock, Deadline
from tests.contract.gateway_rig import (
    CREDENTIALS,
    INFO,
    Answer,
    Server,
    bucket,
    closed,
    error,
    server,
)
from tests.contract.test_hostile_wire import asking, says

__all__ = ["closed", "server"]


def test_an_answer_with_a_document_type_is_not_read(server: Server) -> None:
    """A few entities in it could stand for megabytes, in whatever encoding."""
    declared = '<!DOCTYPE a [<!ENTITY b "private">]>' + INFO.partition("?>")[2].replace(
        "public-read", "&b;"
    )
    server.answer = Answer(200, declared)
    with pytest.raises(errors.TransientError, match="unanswered: OddAnswerError"):
        bucket(server.url).read()


def test_closed_stays_closed(server: Server) -> None:
    """What was given up sends nothing any more, whoever still holds it: not even another write."""
    server.answer = Answer(200, INFO)
    held = bucket(server.url)
    held.read()
    held.close()
    for again in (lambda: held.write_acl("private"), held.read):
        with pytest.raises(errors.TransientError, match="closed"):
            again()
    assert len(server.asked) == 1


@pytest.mark.parametrize("missing", ["Name", "ID", "Grant", "CreationDate"])
def test_a_bucket_that_is_not_told_whole_is_no_answer(server: Server, missing: str) -> None:
    """Without its name, owner, ACL or creation date nothing can be said or done about a bucket."""
    server.answer = Answer(200, INFO.replace(missing, "Other"))
    with pytest.raises(errors.TransientError, match="malformed_answer"):
        bucket(server.url).read()


@pytest.mark.parametrize(("told", "blocked"), [("true", True), ("false", False), ("", None)])
def test_block_public_access_is_told_or_unknown(
    server: Server, told: str, blocked: bool | None
) -> None:
    """The bucket's flag is in the answer that is read already; the account's is asked for."""
    flag = f"<BlockPublicAccess>{told}</BlockPublicAccess>"
    server.answer = Answer(200, INFO.replace("<Name>", flag + "<Name>"))
    asked = bucket(server.url)
    assert asked.read().blocked is blocked
    document = f"<PublicAccessBlockConfiguration>{flag}</PublicAccessBlockConfiguration>"
    server.answer = Answer(200, document)
    if blocked is None:
        with pytest.raises(errors.TransientError, match="malformed_answer"):
            asked.account_blocked()
    else:
        assert asked.account_blocked() is blocked
    assert server.asked[-1][1] == "/?publicAccessBlock="


@pytest.mark.parametrize(
    ("ask", "action"),
    [
        (lambda asked: asked.read(), "GetBucketInfo"),
        (lambda asked: asked.write_acl("private"), "PutBucketAcl"),
        (lambda asked: asked.tags(), "GetBucketTagging"),
        (lambda asked: asked.public_by_policy(), "GetBucketPolicyStatus"),
        (lambda asked: asked.account_blocked(), "GetPublicAccessBlock"),
    ],
)
def test_a_refusal_names_the_action_that_was_refused(
    server: Server, ask: Callable[[oss.Bucket], Any], action: str
) -> None:
    """Which is what a policy must allow."""
    server.answer = error(403, "AccessDenied")
    with pytest.raises(errors.DeniedError, match=f"allow oss:{action} to the function's role"):
        ask(bucket(server.url))


def test_each_bucket_is_asked_in_its_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """The endpoint's template has the region's place."""
    asked = []

    def unknown(host: str, *_: object, **__: object) -> None:
        asked.append(host)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for region in ("cn-beijing", "cn-shanghai"):
        client = oss.Oss("http://oss-{region}.invalid", CREDENTIALS, Deadline(Clock(), 60))
        with pytest.raises(errors.UnresolvedError):
            client.bucket("config-snapshot", region).read()
    assert asked == [f"config-snapshot.oss-cn-{city}.invalid" for city in ("beijing", "shanghai")]


@pytest.mark.parametrize(("endpoint", "times"), [("https://oss.invalid", 1), ("http://[::1]", 0)])
def test_the_authorities_are_read_before_there_are_threads(
    endpoint: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for all connections, and only where there is TLS."""
    read: list[None] = []
    monkeypatch.setattr(transport, "trust", lambda: read.append(None))
    oss.Oss(endpoint, CREDENTIALS, Deadline(Clock(), 60))
    assert len(read) == times


def test_what_is_closed_while_it_is_opened_is_closed(server: Server) -> None:
    """At the deadline another thread may give up a repair whose first request is about to go."""
    opened = bucket(server.url)._open()

    def closed_meanwhile() -> Any:
        asked.close()
        return opened

    asked = oss.Bucket(closed_meanwhile, Deadline(Clock(), 60))
    with pytest.raises(errors.TransientError, match="closed"):
        asked.read()
    assert opened.session._ended
    assert server.asked == []


@pytest.mark.parametrize(
    ("location", "region"),
    [("oss-cn-beijing", "cn-beijing"), ("oss-cn_beijing", ""), ("", ""), (None, "")],
)
def test_a_location_in_no_known_form_is_no_region(
    server: Server, location: str | None, region: str
) -> None:
    """The bucket is then taken to be where it was asked."""
    told = "" if location is None else f"<Location>{location}</Location>"
    server.answer = Answer(200, INFO.replace("<Location>oss-cn-shanghai</Location>", told))
    assert bucket(server.url).read().region == region


def test_what_was_never_opened_can_be_closed(server: Server) -> None:
    """A repair that is given up before its first request."""
    held = bucket(server.url)
    held.close()
    held.close()
    with pytest.raises(errors.TransientError, match="closed"):
        held.read()
    assert server.asked == []


@pytest.mark.parametrize(
    ("seconds", "connect", "read"), [(60, 3, 5), (7.7, 3, 3.93), (4.5, 2, 2), (1.5, 0.5, 0.5)]
)
def test_no_request_takes_longer_than_what_is_left(
    server: Server, seconds: float, connect: float, read: float
) -> None:
    """Half of it to connect, three seconds at most; then the rest to wait, five at most."""
    server.answer = Answer(200, INFO)
    deadline = Deadline(Clock(lambda: 0.0), seconds)
    held = oss.Oss(server.url, CREDENTIALS, deadline).bucket("config-snapshot", "cn-shanghai")
    try:
        held.read()
        assert held._bucket.timeout == pytest.approx((connect, read))
    finally:
        held.close()


@pytest.mark.parametrize(("length", "taken"), [(256 * 1024, True), (256 * 1024 + 1, False)])
@pytest.mark.parametrize("declared", [True, False])
def test_an_answer_has_256_kilobytes_at_most(length: int, taken: bool, declared: bool) -> None:
    """Whether it says its length first or ends with its connection."""
    body = b"<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>".ljust(length)
    head = b"Content-Length: %d" % length if declared else b"Connection: close"
    answer = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body
    with asking(says(answer, close=not declared)) as (_, held):
        if taken:
            assert held.public_by_policy()
        else:
            with pytest.raises(errors.TransientError, match="unanswered: OddAnswerError"):
                held.public_by_policy()


def test_an_answer_is_read_by_parts_as_a_file_is(server: Server) -> None:
    """oss2 takes the first 4096 bytes of an error; nothing is given twice, or lost."""
    server.answer = Answer(200, INFO)
    held = bucket(server.url)
    held._bucket.timeout = (5, 5)
    answer = held._get("config-snapshot", "bucketInfo")
    parts = [answer.read(5), answer.read(0), answer.read(7), answer.read(), answer.read()]
    assert [len(part) for part in parts] == [5, 0, 7, len(INFO) - 12, 0]
    assert b"".join(parts) == INFO.encode()


def test_another_host_is_asked_over_another_connection(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked of the account does not go to the bucket's host, nor back."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, *rest: resolve("127.0.0.1", *rest))
    held = bucket(server.url.replace("127.0.0.1", "oss.test"))
    block = "<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess>"
    for ask, answer in (
        (held.read, INFO),
        (held.account_blocked, f"{block}</PublicAccessBlockConfiguration>"),
        (held.read, INFO),
    ):
        server.answer = Answer(200, answer)
        assert ask()
    hosts = [headers["Host"].split(":")[0] for _, _, headers in server.asked]
    assert hosts == ["config-snapshot.oss.test", "oss.test", "config-snapshot.oss.test"]
    assert len({headers["port"] for _, _, headers in server.asked}) == 3
