"""The function's own OSS client, and a server that answers it as a test says."""

import http.client
import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from resource_repair import oss
from resource_repair.timing import Clock, Deadline
from resource_repair.values import Credentials

CREDENTIALS = Credentials("STS.key-id", "key-secret", "the-security-token")
CREATED = "2021-09-06T05:58:37.000Z"
INFO = """<?xml version="1.0" encoding="UTF-8"?><BucketInfo><Bucket>
<CreationDate>2021-09-06T05:58:37.000Z</CreationDate><ExtranetEndpoint>x</ExtranetEndpoint>
<IntranetEndpoint>x</IntranetEndpoint><Location>oss-cn-shanghai</Location><Name>config-snapshot</Name>
<StorageClass>Standard</StorageClass><Owner><DisplayName>1</DisplayName><ID>1</ID></Owner>
<AccessControlList><Grant>public-read</Grant></AccessControlList></Bucket></BucketInfo>"""


@dataclass
class Answer:
    """What the server says to the next request."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    declared: int | None = None


@dataclass
class Server:
    """A server that answers as it is told, and remembers what it was asked."""

    url: str = ""
    answer: Answer = field(default_factory=Answer)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server on loopback for as long as the block runs; with `tls`, of https."""
    server = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            headers = {**self.headers, "port": str(self.client_address[1])}
            server.asked.append((self.command, self.path, headers))
            server.bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            body = server.answer.body.encode(errors="surrogateescape")
            self.send_response(server.answer.status)
            for name, value in server.answer.headers.items():
                self.send_header(name, value)
            declared = server.answer.declared
            self.send_header("Content-Length", str(len(body) if declared is None else declared))
            self.send_header("x-oss-request-id", "REQUEST-ID")
            self.end_headers()
            self.wfile.write(body)
            if declared is not None:
                self.close_connection = True

        do_GET = do_PUT = do_DELETE = _serve  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = True
        scheme = "https" if tls else "http"
        server.url = f"{scheme}://127.0.0.1:{httpd.server_address[1]}"
        if tls:
            httpd.socket = tls.wrap_socket(httpd.socket, server_side=True)
            httpd.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        httpd.shutdown()
        thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    """The server that stands for OSS."""
    with serving() as running:
        yield running


OPENED: list[oss.Bucket] = []


def bucket(url: str, seconds: float = 60, credentials: Credentials = CREDENTIALS) -> oss.Bucket:
    """The bucket config-snapshot, as the function asks for it."""
    deadline = Deadline(Clock(), seconds)
    OPENED.append(oss.Oss(url, credentials, deadline).bucket("config-snapshot", "cn-shanghai"))
    return OPENED[-1]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """No test leaves a connection open."""
    yield
    while OPENED:
        OPENED.pop().close()


def self_signed(folder: Path) -> ssl.SSLContext:
    """TLS of a server that says itself that it is 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("127.0.0.1")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def error(status: int, code: str, extra: str = "", message: str = "no") -> Answer:
    """OSS's error answer."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message>{extra}</Error>"
    return Answer(status, body)
