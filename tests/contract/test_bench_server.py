"""The benchmark's server: when it answers, what it answers, and that it counts."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import cast
from xml.etree import ElementTree

import pytest

from scripts.bench import authority
from scripts.bench.server import Buckets, Connection, tls_context
from tests.contract.oss_helpers import oss_cloud

RTT = 20.0
HEAD = b"Host: config-snapshot.oss-cn-shanghai.oss.test\r\n"
INFO = b"GET /?bucketInfo HTTP/1.1\r\n" + HEAD + b"\r\n"
CLOSE = b"PUT /?acl= HTTP/1.1\r\n" + HEAD + b"x-oss-acl: private\r\nContent-Length: 4\r\n\r\nbody"


class Loop:
    """A loop whose time passes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0
        self.asked: list[float] = []
        self._waiting: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        """Now."""
        return self.now

    def call_at(self, when: float, callback: Callable[[], None], /) -> None:
        """Keep a callback until `pass_time`."""
        self.asked.append(when)
        self._waiting.append((when, callback))

    def pass_time(self) -> None:
        """Go to when all callbacks are due, and call them."""
        for when, callback in self._waiting:
            self.now = max(self.now, when)
            callback()
        self._waiting.clear()


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        """Write."""
        self.written += data


class Rig:
    """A connection to a server whose round trip takes 20 s, by a clock of its own."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.buckets = Buckets()
        self.buckets.reset(rtt=RTT, keep=False)
        self.loop, self.transport = Loop(), Transport()
        self.connection = Connection(self.buckets, tls, self.loop)
        self.began = self.loop.now
        self.connection.connection_made(cast("asyncio.Transport", self.transport))

    def say(self, data: bytes) -> bytes:
        """Send bytes, let the answer come, and return it."""
        self.transport.written = b""
        self.connection.data_received(data)
        assert self.transport.written == b""  # never at once
        self.loop.pass_time()
        return self.transport.written

    @property
    def taken(self) -> list[float]:
        """When answers were to be sent, in round trips from the connection's beginning."""
        return [(when - self.began) / RTT for when in self.loop.asked]


def test_http_answers_after_two_round_trips_and_then_after_each() -> None:
    """TCP's handshake is one round trip, a request another; what follows is one each."""
    rig = Rig()
    assert rig.say(INFO).startswith(b"HTTP/1.1 200 OK\r\n")
    rig.say(INFO)
    assert rig.taken == [2, 3]


def test_what_comes_after_the_handshake_is_answered_a_round_trip_later() -> None:
    """A client that waits before its first request has had TCP's handshake meanwhile."""
    rig = Rig()
    rig.loop.now += 5 * RTT
    rig.say(INFO)
    assert rig.taken == [6]


def test_https_answers_after_three_round_trips(tmp_path: Path) -> None:
    """TLS 1.3 adds one round trip to the first request, and none to the next."""
    trusted, certificate = authority.issue(tmp_path, "*.oss-cn-shanghai.oss.test")
    rig = Rig(tls_context(str(certificate)))
    client = ssl.create_default_context(cafile=str(trusted))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    name = "config-snapshot.oss-cn-shanghai.oss.test"
    tls = client.wrap_bio(incoming, outgoing, server_hostname=name)

    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    incoming.write(rig.say(outgoing.read()))
    tls.do_handshake()
    for _ in range(2):
        tls.write(INFO)
        incoming.write(rig.say(outgoing.read()))
        assert tls.read(1 << 16).startswith(b"HTTP/1.1 200 OK\r\n")
    assert tls.version() == "TLSv1.3"
    assert rig.taken == [2, 3, 4]


def test_a_request_in_pieces_is_answered_once_it_is_whole() -> None:
    """Nothing is answered before the body has come, and then everything, in order."""
    rig = Rig()
    for end in (10, -1):
        rig.connection.data_received(CLOSE[:10] if end == 10 else CLOSE[10:-1])
    assert rig.loop.asked == []
    assert rig.say(CLOSE[-1:] + INFO).count(b"HTTP/1.1 200 OK") == 2


def test_a_bucket_is_open_until_it_is_closed() -> None:
    """GetBucketInfo shows what PutBucketAcl set, and each is counted."""
    rig = Rig()
    assert b"<Grant>public-read</Grant>" in rig.say(INFO)
    rig.say(CLOSE)
    assert b"<Grant>private</Grant>" in rig.say(INFO)
    assert rig.buckets.requests == {"GET bucketInfo": 2, "PUT acl": 1}
    assert rig.buckets.private == {"config-snapshot"}
    assert rig.buckets.connections == 1


def test_another_acl_closes_nothing() -> None:
    """Only `private` counts as closed; anything else is refused."""
    rig = Rig()
    assert b" 400 " in rig.say(CLOSE.replace(b"private", b"public-read"))
    assert rig.buckets.private == set()


@pytest.mark.parametrize("query", ["bucketInfo", "policyStatus"])
def test_it_answers_as_the_local_cloud_does(query: str) -> None:
    """Each document has the elements that the local cloud's OSS sends, in their order."""
    with oss_cloud() as cloud:
        cloud.state.create("config-snapshot", region="cn-shanghai", owner=cloud.core.account_id)
        theirs = cloud.send(cloud.sign("GET", "/config-snapshot/", {query: ""}))
    ours = Buckets().answer("GET", f"/?{query}", {"host": "config-snapshot.oss.test"})
    document = ElementTree.fromstring(ours.partition(b"\r\n\r\n")[2])  # noqa: S314 (our own)
    expected = ElementTree.fromstring(theirs.body)  # noqa: S314
    assert [each.tag for each in document.iter()] == [each.tag for each in expected.iter()]
