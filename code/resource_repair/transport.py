"""How requests travel: one connection a bucket, nothing retried, nothing followed, nothing kept.

It stands where oss2 would use a session of `requests`: oss2 makes and signs a request, this sends
it and gives back the whole answer. So there is no proxy of the environment's, no `.netrc`, no
cookie and no redirect to guard against, and importing `requests` is no part of a cold start.
"""

import http.client
import select
import socket
import ssl
import sys
import threading
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Optional, Tuple
from urllib.parse import urlencode, urlsplit

from resource_repair.errors import BucketError, RefusedError, TransientError, UnresolvedError

# How many are kept in one batch while their repairs wait, all of which may have been told to come
# back: each has a file descriptor, of which there are often no more than 1024, and 25 KB.
MOST_KEPT = 512

_LONGEST_ANSWER = 256 * 1024  # bytes

_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
# On 3.6 a wrong host name is a ssl.CertificateError that is no OSError.
_UNANSWERED = (http.client.HTTPException, OSError, ssl.CertificateError)


class OddAnswerError(http.client.HTTPException):
    """An answer that OSS would not give: compressed, or without end."""


class Answer:
    """A response as oss2 takes it, with its body, which is short, or is not OSS's."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.request_id = response.headers.get("x-oss-request-id", "")
        self._rest = _content(response)

    def read(self, amount: Optional[int] = None) -> bytes:
        """The next bytes of the body, `amount` at most; all of the rest without one."""
        end = len(self._rest) if amount is None else amount
        read, self._rest = self._rest[:end], self._rest[end:]
        return read


class Connection:
    """One connection, made by the first request, and again by a later one if it was lost.

    One for each bucket, since each is a host of its own; what is asked of another host (of the
    account, say) is asked over another one in its place. It is kept for the next request if there
    is `room`, a semaphore for those of a whole batch.
    """

    def __init__(self, room: threading.Semaphore) -> None:
        self._room = room
        self._takes_room = False
        self._host = ""
        self._connection: Optional[http.client.HTTPConnection] = None
        self._socket: Optional[socket.socket] = None  # that of the last request
        self._in_use = threading.Lock()
        self._ended = False

    def do_request(self, request: Any, timeout: Tuple[float, float]) -> Answer:
        """Send what oss2 has signed. `timeout` is that of connecting and that of each read.

        Raises UnresolvedError, RefusedError or TransientError if there is no answer.
        """
        try:
            with self._in_use:
                return self._answer(request, timeout)
        except _UNANSWERED as error:
            raise _unanswered(error) from None
        finally:
            if self._ended:
                self.close()

    def close(self) -> None:
        """End it: another thread's request gets no answer any more, and is not sent if it was not.

        Without this one that is answered a byte at a time would keep its thread for ever, and one
        that was still connecting would be sent whenever Function Compute next thaws the instance.
        """
        self._ended = True
        if self._in_use.acquire(blocking=False):
            self._lose()
            self._in_use.release()
        elif self._socket:
            with suppress(OSError):  # closed meanwhile
                # By TLS's own shutdown what is still to be sent would go in plain.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _answer(self, request: Any, timeout: Tuple[float, float]) -> Answer:
        url = urlsplit(request.url)
        path = f"{url.path}?{urlencode(request.params)}"
        headers = {name: value for name, value in request.headers.items() if value is not None}
        if self._connection is None or self._host != url.netloc:
            self._lose()
            self._connection, self._host = _to(url.scheme, url.netloc), url.netloc
        try:
            self._socket = _made_ready(self._connection, *timeout)
            if self._ended:
                raise TransientError("unanswered: given up before it was sent")
            self._connection.request(request.method, path, request.data or None, headers)
            answer = Answer(self._connection.getresponse())
        except BaseException:
            # Whatever it was: the next request must find nothing that is left of this one.
            self._lose()
            raise
        self._takes_room = self._takes_room or self._room.acquire(blocking=False)
        if not self._takes_room:
            self._lose()
        return answer

    def _lose(self) -> None:
        if self._connection:
            self._connection.close()
        if self._takes_room:
            self._room.release()
        self._takes_room = False


@lru_cache(maxsize=1)
def trust() -> ssl.SSLContext:
    """Whom every connection trusts: certifi's authorities, and only by the right host name.

    Made once a process, as reading the authorities costs more than all else about a connection; it
    holds nothing of an invocation. Call it before there are threads, or each makes its own.
    """
    found = find_spec("certifi")  # not imported: what it imports takes longer than it
    if found is None or not found.origin:
        raise FileNotFoundError("certifi, which has the certificate authorities, is not here")
    authorities = Path(found.origin).with_name("cacert.pem")
    context = ssl.create_default_context(cafile=str(authorities))
    context.set_alpn_protocols(["http/1.1"])
    if sys.version_info < (3, 10):  # whose own least is TLS 1.2
        context.options |= ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
    return context


def _to(scheme: str, host: str) -> http.client.HTTPConnection:
    if scheme == "https":
        to: http.client.HTTPConnection = http.client.HTTPSConnection(host, context=trust())
    else:
        to = http.client.HTTPConnection(host)
    to.set_debuglevel(0)  # whatever it is for others: it would print the security token
    return to


def _made_ready(
    connection: http.client.HTTPConnection, connect: float, read: float
) -> socket.socket:
    """Connect, unless it is connected; one that the other end has closed is made anew."""
    if connection.sock is not None and _readable(connection.sock):
        connection.close()
    if connection.sock is None:
        connection.timeout = connect
        connection.connect()
    connection.sock.settimeout(read)
    return connection.sock


def _readable(idle: socket.socket) -> bool:
    """Whether there is anything before it was asked for: the end, or more than the last answer."""
    if isinstance(idle, ssl.SSLSocket) and idle.pending():
        return True
    poll = select.poll()
    poll.register(idle, select.POLLIN)
    return bool(poll.poll(0))


def _content(response: http.client.HTTPResponse) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        # None was asked for, and a few bytes of it can stand for gigabytes.
        raise OddAnswerError("an answer that is compressed")
    if response.length is None:
        # Not read(): from Python 3.10 on it takes a chunk of -1 bytes for all that ever comes.
        content = bytearray(_LONGEST_ANSWER + 1)
        size = response.readinto(content)
        if size <= _LONGEST_ANSWER:
            return _plain(bytes(content[:size]))
    elif response.length <= _LONGEST_ANSWER:
        return _plain(response.read())  # raises for one that ends before its time
    raise OddAnswerError("an answer without end")


def _plain(content: bytes) -> bytes:
    if b"<!" in content or b"\0" in content:
        # A document type, or an encoding that could hide one: a few bytes can stand for megabytes.
        raise OddAnswerError("an answer with a document type")
    return content


def _unanswered(error: Exception) -> BucketError:
    """Sort the failure of a request that OSS did not answer."""
    if isinstance(error, socket.gaierror):
        return UnresolvedError("unresolved_host: the region's endpoint has no address")
    # A host that cannot prove to be OSS does not get better by asking again.
    if isinstance(error, ssl.CertificateError) or _UNTRUSTED in str(error):
        return RefusedError("untrusted_host: the endpoint's certificate is not trusted")
    return TransientError(f"unanswered: {type(error).__name__}")
