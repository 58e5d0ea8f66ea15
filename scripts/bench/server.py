"""OSS as the benchmark needs it, with a round trip before each answer; runs in its own process.

    python -m scripts.bench.server <certificate and key, PEM>

Every bucket that is asked for is there, and is public until somebody sets it private. Signatures
are not verified here: the tests verify them, with the local cloud's own check.

The way there is emulated by when an answer is sent, never by waiting before the work is done:

* what arrives is answered one round trip after its arrival,
* and what arrives within the first round trip of a connection as if at its end: that is TCP's own
  handshake, which loopback's kernel does at once.

So the first answer over http comes after two round trips, over https (TLS 1.3) after three, and
each further one after one. What the server computes for an answer is within the round trip.

It is told by lines of JSON on stdin and answers each with one: see `remote`, its other end.
"""

import asyncio
import json
import os
import selectors
import ssl
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from email.utils import formatdate
from typing import Any, Protocol
from urllib.parse import parse_qsl

_INFO = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    "<BucketInfo><Bucket><AccessMonitor>Disabled</AccessMonitor>"
    "<BlockPublicAccess>false</BlockPublicAccess><Comment />"
    "<CreationDate>2024-05-01T08:00:00.000Z</CreationDate>"
    "<CrossRegionReplication>Disabled</CrossRegionReplication>"
    "<DataRedundancyType>LRS</DataRedundancyType>"
    "<ExtranetEndpoint>oss-cn-shanghai.aliyuncs.com</ExtranetEndpoint>"
    "<IntranetEndpoint>oss-cn-shanghai-internal.aliyuncs.com</IntranetEndpoint>"
    "<Location>oss-cn-shanghai</Location><Name>{name}</Name>"
    "<ResourceGroupId>rg-default-id</ResourceGroupId><StorageClass>Standard</StorageClass>"
    "<TransferAcceleration>Disabled</TransferAcceleration>"
    "<Owner><DisplayName>1208863178610000</DisplayName><ID>1208863178610000</ID></Owner>"
    "<AccessControlList><Grant>{grant}</Grant></AccessControlList>"
    "<ServerSideEncryptionRule><SSEAlgorithm>None</SSEAlgorithm></ServerSideEncryptionRule>"
    "<BucketPolicy><LogBucket /><LogPrefix /></BucketPolicy></Bucket></BucketInfo>"
)
_STATUS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    "<PolicyStatus><IsPublic>false</IsPublic></PolicyStatus>"
)
_TLS_RECORD = 64 * 1024


class Loop(Protocol):
    """What a connection needs of an event loop."""

    def time(self) -> float:
        """The loop's own clock, in seconds."""

    def call_at(self, when: float, callback: Callable[[], None], /) -> Any:
        """Call back at `when`, by that clock."""


class Buckets:
    """The buckets, and what was asked about them since the last reset."""

    def __init__(self) -> None:
        self.rtt = 0.0
        self.reset(rtt=0.0, keep=False)

    def reset(self, *, rtt: float, keep: bool) -> None:
        """Forget all; `rtt` is a round trip in seconds, `keep` is whether to keep requests."""
        self.rtt = rtt
        self.connections = 0
        self.requests: Counter[str] = Counter()
        self.private: set[str] = set()
        self.kept: list[dict[str, Any]] | None = [] if keep else None

    def answer(self, method: str, target: str, headers: dict[str, str]) -> bytes:
        """The whole HTTP answer to a request; `headers` by lower-case name."""
        path, _, query = target.partition("?")
        if self.kept is not None:
            self.kept.append({"method": method, "path": path, "query": query, "headers": headers})
        operation = "&".join(name for name, _ in parse_qsl(query, keep_blank_values=True))
        self.requests[f"{method} {operation}"] += 1
        bucket = headers["host"].partition(".")[0]
        if (method, operation) == ("PUT", "acl"):
            if headers.get("x-oss-acl") != "private":
                return _http("400 Bad Request", "")
            self.private.add(bucket)
            return _http("200 OK", "")
        if (method, operation) == ("GET", "bucketInfo"):
            grant = "private" if bucket in self.private else "public-read"
            return _http("200 OK", _INFO.format(name=bucket, grant=grant))
        if (method, operation) == ("GET", "policyStatus"):
            return _http("200 OK", _STATUS)
        return _http("501 Not Implemented", "")


class Connection(asyncio.Protocol):
    """One client: takes bytes apart into requests, and sends answers when their time has come."""

    def __init__(self, buckets: Buckets, tls: ssl.SSLContext | None, loop: Loop) -> None:
        self._buckets = buckets
        self._loop = loop
        self._plain = b""
        self._outgoing: deque[bytes] = deque()
        self._tls = _Tls(tls) if tls else None

    def connection_made(self, transport: Any) -> None:
        """Count it; its first bytes have come one round trip from now at the earliest."""
        self._transport = transport
        self._rtt = self._buckets.rtt
        self._established = self._loop.time() + self._rtt
        self._buckets.connections += 1

    def data_received(self, data: bytes) -> None:
        """Work at once, answer a round trip later."""
        arrived = max(self._loop.time(), self._established)
        if self._tls:
            data = self._tls.decrypt(data)
        self._plain += data
        answers = b"".join(self._answers())
        out = self._tls.encrypt(answers) if self._tls else answers
        if out:
            self._outgoing.append(out)
            self._loop.call_at(arrived + self._rtt, self._send)
        if self._tls and self._tls.ended:
            self._transport.close()

    def _send(self) -> None:
        self._transport.write(self._outgoing.popleft())

    def _answers(self) -> list[bytes]:
        answers: list[bytes] = []
        while True:
            head, end, rest = self._plain.partition(b"\r\n\r\n")
            if not end:
                return answers
            first, *lines = head.decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in lines)
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            length = int(headers.get("content-length", 0))
            if len(rest) < length:
                return answers
            self._plain = rest[length:]
            method, target, _ = first.split(" ")
            answers.append(self._buckets.answer(method, target, headers))


class _Tls:
    """The server's end of TLS, in memory."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._in, self._out, server_side=True)
        self._shaken = False
        self.ended = False

    def decrypt(self, data: bytes) -> bytes:
        """What the client says, as far as it has come."""
        self._in.write(data)
        plain = b""
        try:
            if not self._shaken:
                self._object.do_handshake()
                self._shaken = True
            while chunk := self._object.read(_TLS_RECORD):
                plain += chunk
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:  # it said goodbye, or refuses the certificate
            self.ended = True
        return plain

    def encrypt(self, plain: bytes) -> bytes:
        """What is to be sent: `plain`, and what TLS itself has to say."""
        if plain:
            self._object.write(plain)
        return self._out.read()


def _http(status: str, body: str) -> bytes:
    kind = "Content-Type: application/xml\r\n" if body else ""
    return (
        f"HTTP/1.1 {status}\r\nServer: AliyunOSS\r\nDate: {formatdate(usegmt=True)}\r\n{kind}"
        f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n"
        f"x-oss-request-id: {os.urandom(12).hex().upper()}\r\n\r\n{body}"
    ).encode()


class _Control:
    """Carries out what the benchmark says on stdin."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets
        self._cpu = time.process_time()

    def obey(self) -> None:
        """Read one line and answer it; the end of them is the end of the server."""
        line = sys.stdin.readline()
        if not line:
            asyncio.get_running_loop().stop()
            return
        command = json.loads(line)
        seen = self._buckets
        answer = {
            "connections": seen.connections,
            "requests": seen.requests,
            "private": len(seen.private),
            "cpu": time.process_time() - self._cpu,
            "kept": seen.kept,
        }
        if command:
            seen.reset(**command)
            self._cpu = time.process_time()
        _say(answer)


def tls_context(certificate: str) -> ssl.SSLContext:
    """The server's side of TLS; `certificate` is a PEM file with the key in it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate)
    return context


def main() -> None:
    """Serve until stdin ends."""
    # Unlike epoll, which knows whole milliseconds only, select keeps 2 ms from becoming 3.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    asyncio.set_event_loop(loop)
    buckets = Buckets()

    def listen(tls: ssl.SSLContext | None) -> int:
        making = loop.create_server(
            lambda: Connection(buckets, tls, loop), "127.0.0.1", 0, backlog=512
        )
        port: int = loop.run_until_complete(making).sockets[0].getsockname()[1]
        return port

    _say({"https": listen(tls_context(sys.argv[1])), "http": listen(None)})
    loop.add_reader(sys.stdin.fileno(), _Control(buckets).obey)
    loop.run_forever()
    loop.close()


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
