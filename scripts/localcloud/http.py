"""HTTP on loopback: one listener a service, a thread a connection."""

import http.server
import socket
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import Protocol, cast


class Headers(dict[str, str]):
    """Request headers by lower-case name."""

    def __init__(self, items: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in items.items()})

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        """The value of header `name`, whatever its case, or `default`."""
        return super().get(name.lower(), default)


@dataclass(frozen=True)
class Request:
    """A request as it came: `path` and `query` still percent-encoded, for those who verify it.

    `port` is where it came in, 0 if it did not come over a connection.
    """

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    port: int = 0

    @property
    def authority(self) -> str:
        """Host and port to come here again; some clients leave the port out of their Host."""
        host = self.headers.get("Host")
        return host if ":" in host or not self.port else f"{host}:{self.port}"

    @property
    def segments(self) -> list[str]:
        """The decoded parts of the path; `/a/b%20c` is `["a", "b c"]`, `/` is `[]`."""
        return [urllib.parse.unquote(part) for part in self.path.split("/") if part]

    @property
    def params(self) -> dict[str, str]:
        """The decoded query; a name without a value has the empty string."""
        return dict(urllib.parse.parse_qsl(self.query, keep_blank_values=True))


@dataclass
class Response:
    """An answer; `dropped` closes the connection without sending it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    dropped: bool = False


_LONGEST_BODY = 1 << 30  # bytes: what is larger is no package, and would be all of the memory
_SILENCE = 300  # seconds: far more than clients here leave between two requests

_Connection = socket.socket | tuple[bytes, socket.socket]  # a TCP server's is always the first


class Handler(Protocol):
    """Whatever answers requests."""

    def handle(self, request: Request) -> Response:
        """Answer one request; called from many threads at once."""
        ...


LOOPBACK = "127.0.0.1"
_EVERYWHERE = "0.0.0.0"  # noqa: S104  (who wants that says so)


class Listener:
    """A server for one handler, on a free loopback port if nothing else is said.

    `url` is where it is, for this machine if it listens everywhere. Raises OSError for a host that
    is not this machine's, and for a port that is taken.

    A client that is waited for, be it in the middle of a request, and says nothing for `silence`
    seconds is let go. The time that a request takes to be handled does not count.
    """

    def __init__(
        self, handler: Handler, port: int = 0, host: str = LOOPBACK, *, silence: float = _SILENCE
    ) -> None:
        self._door = _Door()
        try:
            per_connection = _connection_handler(handler, self._door, silence)
            self._server = _Server((host, port), per_connection)
        except OSError as error:
            why = f"nobody can listen at {host}:{port}: {error.strerror}"
            raise OSError(error.errno, why) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.port: int = self._server.server_address[1]
        self.url = f"http://{LOOPBACK if host == _EVERYWHERE else host}:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return self._server.accepted

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def shut(self) -> None:
        """Answer nobody from now on: who comes finds the connection closed."""
        self._door.shut()

    def wait_idle(self, timeout: float) -> bool:
        """Wait until no request is being handled; False after `timeout` seconds."""
        return self._door.wait_empty(timeout)

    def open(self) -> None:
        """Answer again, on the connections that stayed, too."""
        self._door.open()

    def stop(self) -> None:
        """Stop serving and close every open connection, kept-alive ones too; if ever it began."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.close_connections()


class _Door:
    """Counts the requests that are being handled."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._shut = False

    def enter(self) -> bool:
        """Count one more; False if it is shut."""
        with self._changed:
            self._inside += not self._shut
            return not self._shut

    def leave(self) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def shut(self) -> None:
        with self._changed:
            self._shut = True

    def open(self) -> None:
        with self._changed:
            self._shut = False

    def wait_empty(self, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._inside, timeout)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], handler: type[http.server.BaseHTTPRequestHandler]
    ) -> None:
        super().__init__(address, handler)
        self.accepted = 0
        self._open: set[_Connection] = set()
        self._lock = threading.Lock()

    def process_request(self, request: _Connection, client_address: object) -> None:
        with self._lock:
            self.accepted += 1
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: _Connection) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""

    def close_connections(self) -> None:
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            try:
                cast("socket.socket", connection).shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class _TooLongError(Exception):
    """A body is announced that is longer than any is taken."""


def _read_body(stream: BufferedIOBase, header: Callable[[str], str | None]) -> bytes:
    """Raises ValueError for a length that is none, ConnectionError for less than was announced.

    Also _TooLongError, before anything of such a part is read.
    """
    if (header("Transfer-Encoding") or "").lower() != "chunked":
        return _exactly(stream, int(header("Content-Length") or 0))
    chunks = []
    while size := int(stream.readline().split(b";")[0], 16):
        chunks.append(_exactly(stream, size))
        stream.readline()
    while stream.readline() not in (b"\r\n", b""):
        pass  # trailers
    return b"".join(chunks)


def _exactly(stream: BufferedIOBase, size: int) -> bytes:
    if size < 0:
        raise ValueError(f"no length: {size}")
    if size > _LONGEST_BODY:
        raise _TooLongError
    read = stream.read(size)
    if len(read) < size:
        raise ConnectionAbortedError("the client went away in the middle of its request")
    return read


def _connection_handler(
    handler: Handler, door: _Door, silence: float
) -> type[http.server.BaseHTTPRequestHandler]:
    class ConnectionHandler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # One segment an answer, sent at once: otherwise Nagle and the client's delayed
        # acknowledgement hold each answer with a body for some 40 ms.
        wbufsize = -1
        disable_nagle_algorithm = True
        timeout = silence

        def _serve(self) -> None:
            try:
                body = _read_body(self.rfile, self.headers.get)
            except (ValueError, _TooLongError) as error:
                self.close_connection = True
                self.send_error(400 if isinstance(error, ValueError) else 413)
                return
            path, _, query = self.path.partition("?")
            headers = Headers(dict(self.headers.items()))
            port = self.connection.getsockname()[1]
            request = Request(self.command, path, query, headers, body, port)
            if not door.enter():
                self.close_connection = True
                return
            try:
                response = handler.handle(request)
            finally:
                door.leave()
            if response.dropped:
                self.close_connection = True
                return
            self.send_response_only(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            if "Date" not in response.headers:
                self.send_header("Date", self.date_time_string())
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(response.body)
            self.wfile.flush()

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """The journal tells what happened."""

    return ConnectionHandler
