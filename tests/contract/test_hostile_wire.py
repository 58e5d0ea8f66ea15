"""The connections against what no HTTP server should send: raw sockets, byte by byte."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from resource_repair import batch, errors, exemptions, oss, settings, transport
from resource_repair.timing import Clock, Deadline
from resource_repair.values import Credentials, Finding, Invocation
from tests.contract import bundle_rig

CREDENTIALS = Credentials("STS.key-id", "key-secret", "the-security-token")
BODY = b"<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
MUCH = 64 * 1024 * 1024  # bytes

Behaviour = Callable[[socket.socket], None]


class Server:
    """Behaves as it is told once it has read a request, and again for each one that follows."""

    def __init__(self, behave: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[bytes] = []
        self.connections = 0
        self._behave = behave
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """Take no more connections."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                accepted, _ = self._listening.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                while asked := received(connection):
                    self.asked.append(asked)
                    self._behave(connection)


def received(connection: socket.socket) -> bytes:
    """A request, which has no body; nothing at the end."""
    whole = b""
    while not whole.endswith(b"\r\n\r\n"):
        part = connection.recv(65536)
        if not part:
            return b""
        whole += part
    return whole


def says(*parts: bytes, times: int = 1, close: bool = False) -> Behaviour:
    """Send the first part, then the others so many times, then perhaps hang up."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(parts[0])
        for _ in range(times):
            connection.sendall(b"".join(parts[1:]))
        if close:
            connection.shutdown(socket.SHUT_WR)

    return behave


@contextmanager
def asking(
    behave: Behaviour, tls: ssl.SSLContext | None = None, credentials: Credentials = CREDENTIALS
) -> Iterator[tuple[Server, oss.Bucket]]:
    """A server, and a bucket that is asked of it."""
    server = Server(behave, tls)
    url = f"{'https' if tls else 'http'}://127.0.0.1:{server.port}"
    bucket = oss.Oss(url, credentials, Deadline(Clock(), 60)).bucket("config-snapshot", "cn-x")
    try:
        yield server, bucket
    finally:
        bucket.close()
        server.stop()


@pytest.mark.parametrize(
    ("answer", "close", "connections"),
    [
        (WHOLE, False, 1),
        (CHUNKED + b"3\r\n%s\r\n%x;x=y\r\n%s\r\n0\r\nTrailer: 1\r\n\r\n", False, 1),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + WHOLE, False, 1),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY, True, 3),
        (b"HTTP/1.0 200 OK\r\n\r\n" + BODY, True, 3),
        (WHOLE.replace(b"1.1 200", b"1.0 200"), True, 3),
        (WHOLE + WHOLE, False, None),
    ],
    ids=["plain", "chunked", "continued", "to the end", "1.0", "1.0 and length", "surplus"],
)
def test_every_framing_of_http_is_read(answer: bytes, close: bool, connections: int | None) -> None:
    """However an answer says where it ends it is read to there, and the next request is fresh."""
    answer = answer % (BODY[:3], len(BODY) - 3, BODY[3:]) if b"%x" in answer else answer
    with asking(says(answer, close=close)) as (server, bucket):
        assert [bucket.public_by_policy() for _ in range(3)] == [True] * 3
        assert len(server.asked) == 3
        assert server.connections == (connections or server.connections)


@pytest.mark.parametrize(
    "parts",
    [
        (CHUNKED + b"-1\r\n", b"x" * 65536),
        (CHUNKED + b"F" * 300 + b"\r\n", b"x" * 65536),
        (CHUNKED, b"1" * 65536),
        (CHUNKED, b"8000\r\n" + b"x" * 32768 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", b"x" * 65536),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
        (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 1000),
        (b"HTTP/1.1 200 OK\r\na: ", b"b" * 65536),
        (b"HTTP/1.1 200 ", b"b" * 65536),
    ],
    ids=[
        *("chunk of -1", "huge chunk", "chunk size", "chunks", "huge length", "no length"),
        *("headers", "header", "status line"),
    ],
)
def test_no_answer_is_read_without_end(parts: tuple[bytes, ...]) -> None:
    """Whatever of an answer does not end, a little of it is read, and then it is hung up on."""
    taken: list[int] = []

    def pour(connection: socket.socket) -> None:
        sent = connection.send(parts[0])
        try:
            while sent < MUCH:
                sent += connection.send(parts[1])
        finally:
            taken.append(sent)

    with asking(pour) as (_, bucket), pytest.raises(errors.TransientError, match="unanswered: "):
        bucket.public_by_policy()
    wait_for(lambda: bool(taken))
    assert taken[0] < MUCH // 2  # what the buffers of both ends took is in it


@pytest.mark.parametrize("answer", [b"", b"\x00\xff\r\n", BODY, b"HTTP/2 200\r\n\r\n", WHOLE[:-1]])
def test_what_is_no_answer_may_pass(answer: bytes) -> None:
    """Nothing, no HTTP and half an answer are tried again, and never taken for one."""
    with asking(says(answer, close=True)) as (server, bucket):
        with pytest.raises(errors.TransientError, match="unanswered: "):
            bucket.public_by_policy()
        assert len(server.asked) == 1


def test_a_write_is_not_sent_twice() -> None:
    """A connection that is lost after a PUT was sent over it: it is not repeated from here."""

    def lost_in_the_end(connection: socket.socket) -> None:
        if not server.asked[-1].startswith(b"PUT"):
            connection.sendall(WHOLE)
        else:
            connection.shutdown(socket.SHUT_RDWR)

    with asking(lost_in_the_end) as (server, bucket):
        assert bucket.public_by_policy()
        with pytest.raises(errors.TransientError, match="unanswered: "):
            bucket.write_acl("private")
        assert [asked.split(b" ")[0] for asked in server.asked] == [b"GET", b"PUT"]


def test_what_tls_has_decrypted_already_is_no_next_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than the answer in one record of TLS: it is not taken for the answer to come."""
    with_key, alone = bundle_rig.certificate_for(tmp_path, "127.0.0.1")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(with_key)
    trusting = ssl.create_default_context(cafile=str(alone))
    trusting.check_hostname = False
    monkeypatch.setattr(transport, "trust", lambda: trusting)
    # One reading of the socket takes 8192 bytes of it.
    surplus = b"\r\n" * 4096 + b"HTTP/1.1 404 Forged\r\nContent-Length: 0\r\n\r\n"
    with asking(says(WHOLE + surplus), tls) as (server, bucket):
        assert [bucket.public_by_policy() for _ in range(3)] == [True] * 3
        assert len(server.asked) == 3


def drip(connection: socket.socket) -> None:
    """A byte at a time, for as long as somebody listens."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.01)


def endlessly_continued(connection: socket.socket) -> None:
    """Always about to answer."""
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def endless_trailers(connection: socket.socket) -> None:
    """A body that is there, and never over."""
    connection.sendall(CHUNKED + b"0\r\n")
    while True:
        connection.sendall(b"a: b\r\n" * 100)


@pytest.mark.parametrize("behave", [drip, endlessly_continued, endless_trailers])
def test_a_batch_that_is_over_leaves_no_thread_waiting(
    behave: Behaviour, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Who always sends a little more keeps no thread of an instance beyond the deadline."""
    monkeypatch.setattr(exemptions, "COMPILED", tmp_path / "exemptions.json")
    exemptions.COMPILED.write_text('{"exemptions": []}')
    server = Server(behave)
    endpoint = f"http://127.0.0.1:{server.port}"
    config = settings.load({"prepareRuleId": "cr-1", "ossEndpoint": endpoint})
    invocation = Invocation("request", "1", "cn-shanghai", 60, CREDENTIALS)
    findings = [Finding("cr-1", f"bucket-{n}", "cn-shanghai") for n in range(3)]
    hired: list[threading.Thread] = []
    start = threading.Thread.start

    def noted(thread: threading.Thread) -> None:
        if getattr(thread, "_target").__qualname__ == "_Crew._work":  # noqa: B009 (not typed)
            hired.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", noted)
    try:
        outcomes = list(batch.repair_all(findings, config, invocation, Deadline(Clock(), 0.8)))
        assert [outcome.outcome for outcome in outcomes] == ["failed"] * 3
        assert len(hired) == 3
        for thread in hired:
            thread.join(10)
        assert not any(thread.is_alive() for thread in hired)
    finally:
        server.stop()


def test_what_is_given_up_while_it_connects_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write whose time ran out before it had an address: it is not sent later, out of sight."""
    looked_up, may_go_on = threading.Event(), threading.Event()
    real = socket.getaddrinfo

    def held(*arguments: object, **options: object) -> object:
        looked_up.set()
        may_go_on.wait(30)
        return real(*arguments, **options)  # type: ignore[arg-type]

    said: list[BaseException] = []

    def write() -> None:
        try:
            bucket.write_acl("private")
        except errors.TransientError as error:
            said.append(error)

    monkeypatch.setattr(socket, "getaddrinfo", held)
    with asking(says(WHOLE)) as (server, bucket):
        writer = threading.Thread(target=write)
        writer.start()
        assert looked_up.wait(30)
        bucket.close()
        may_go_on.set()
        writer.join(30)
        assert [str(each) for each in said] == ["unanswered: given up before it was sent"]
        wait_for(lambda: server.connections == 1)
        assert server.asked == []


def test_a_request_that_cannot_be_sent_is_hung_up_on() -> None:
    """A token that is no header: nothing is sent, nothing of it is told, no connection is left."""
    odd = CREDENTIALS._replace(security_token="the-security-token\nHost: elsewhere")
    with asking(says(WHOLE), credentials=odd) as (server, bucket):
        session = bucket._bucket.session
        with pytest.raises(errors.TransientError) as raised:
            bucket.write_acl("private")
        assert "token" not in str(raised.value)
        assert raised.value.__suppress_context__
        assert session._connection.sock is None
        assert server.asked == []


def test_only_so_many_connections_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a batch that waits as a whole a few connections are kept; the others are made anew."""
    monkeypatch.setattr(transport, "MOST_KEPT", 2)
    server = Server(says(WHOLE))
    shared = oss.Oss(f"http://127.0.0.1:{server.port}", CREDENTIALS, Deadline(Clock(), 60))
    buckets = [shared.bucket(f"bucket-{n}", "cn-x") for n in range(5)]
    try:
        sessions = [bucket._bucket.session for bucket in buckets]
        for _ in range(2):
            assert all(bucket.public_by_policy() for bucket in buckets)
        assert sum(session._connection.sock is not None for session in sessions) == 2
        assert server.connections == 2 + 3 * 2
        buckets[0].close()
        buckets[4].public_by_policy()
        assert sessions[4]._connection.sock is not None  # there is room again
    finally:
        for bucket in buckets:
            bucket.close()
        server.stop()


@pytest.mark.parametrize("request_id", [b"a\r\n b", b"\xff\xfe", b"x" * 60_000, b"<script>"])
def test_an_odd_request_id_is_not_recorded(request_id: bytes) -> None:
    """What OSS calls a request is recorded only if it looks like it: a log line has its bounds."""
    answer = b"HTTP/1.1 200 OK\r\nx-oss-request-id: %s\r\nContent-Length: 0\r\n\r\n" % request_id
    with asking(says(answer)) as (_, bucket):
        assert bucket.write_acl("private") == ""


def wait_for(condition: Callable[[], bool]) -> None:
    """Until it holds, which is soon; a minute is for a machine that does much else."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
