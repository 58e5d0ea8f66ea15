"""What becomes of clients that do not send what they announced."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from scripts.localcloud.http import Listener, Request, Response

HEAD = b"PUT / HTTP/1.1\r\nHost: here\r\n"


class Heard:
    """Answers whatever comes, and remembers it."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def handle(self, request: Request) -> Response:
        """A request that came whole."""
        self.requests.append(request)
        return Response(body=b"heard")


@contextlib.contextmanager
def connected(heard: Heard, *, silence: float = 300) -> Iterator[socket.socket]:
    """A connection to a listener that waits so long for a client."""
    listener = Listener(heard, silence=silence)
    listener.start()
    with socket.create_connection(("127.0.0.1", listener.port), timeout=30) as client:
        yield client
    listener.stop()


def answer(client: socket.socket) -> bytes:
    """All that comes until the connection is closed."""
    return b"".join(iter(lambda: client.recv(4096), b""))


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"PUT / HT",
        HEAD,
        HEAD + b"Content-Length: 5\r\n\r\nhal",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhal",
    ],
)
def test_a_client_that_falls_silent_is_let_go(said: bytes) -> None:
    """Wherever in a request it stopped; nothing comes of what it began."""
    heard = Heard()
    with connected(heard, silence=0.05) as client:
        client.sendall(said)
        assert answer(client) == b""
    assert heard.requests == []


def test_a_request_that_was_cut_off_is_not_handled() -> None:
    """Its body would be another one than was sent."""
    heard = Heard()
    with connected(heard) as client:
        client.sendall(HEAD + b"Content-Length: 5\r\n\r\nhal")
        client.shutdown(socket.SHUT_WR)
        assert answer(client) == b""
    assert heard.requests == []


@pytest.mark.parametrize(
    "length", [b"Content-Length: -1", b"Content-Length: many", b"Transfer-Encoding: chunked"]
)
def test_a_length_that_is_none_is_refused(length: bytes) -> None:
    """With 400, and the connection is closed, as nobody knows where the next request begins."""
    heard = Heard()
    with connected(heard) as client:
        client.sendall(HEAD + length + b"\r\n\r\nwhole\r\n")
        assert answer(client).startswith(b"HTTP/1.1 400 ")
    assert heard.requests == []


@pytest.mark.parametrize(
    "announced",
    [
        b"Content-Length: 1000000000000000\r\n\r\n",
        b"Content-Length: 1" + 30 * b"0" + b"\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nfffffffffffff\r\n",
    ],
)
def test_a_length_beyond_all_memory_is_answered_too(announced: bytes) -> None:
    """With 413: no room is made for what may never come, and nobody is left without an answer."""
    heard = Heard()
    with connected(heard) as client:
        client.sendall(HEAD + announced)
        assert answer(client).startswith(b"HTTP/1.1 413 ")
    assert heard.requests == []
