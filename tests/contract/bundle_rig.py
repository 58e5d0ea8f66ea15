"""The bundle in a process of its own, under any Python, against an OSS that counts."""

import http.server
import json
import os
import re
import ssl
import subprocess
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from scripts.localcloud import pythons
from tests.conftest import missing_runtime

ACCOUNT = "1208863178610000"
RULE = "cr-a6129bc09da7009675a0"
REGION = "cn-shanghai"

# Runs on 3.6 too. Every name leads to this machine, as no name of a bucket does; what the handler
# prints goes to stderr, and what became of the events, as JSON, to stdout.
_RUNNER = """
import json, os, socket, sys, time
sys.path[0] = sys.argv[1]
real = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: real("127.0.0.1", *rest, **more)
order = json.loads(sys.stdin.read())
answers, out, sys.stdout = [], sys.stdout, sys.stderr

class Told(object):
    lines = 0
    def write(self, text):
        self.lines += '"outcome": "repaired"' in text
        return sys.stderr.write(text)
    def flush(self):
        sys.stderr.flush()

if order["time_for"]:
    sys.stdout, ticking = Told(), time.monotonic
    time.monotonic = lambda: ticking() + 3600 * (sys.stdout.lines >= order["time_for"])

class Fields(object):
    def __init__(self, **fields):
        self.__dict__.update(fields)

keys = Fields(access_key_id="STS.id", access_key_secret="secret", security_token="token")
context = Fields(request_id="r", account_id=order["account"], region=order["region"],
                 credentials=keys, function=Fields(timeout=order["timeout"]))
before = set(sys.modules)
import index
for event in order["events"]:
    try:
        answers.append(index.handler(event, context))
    except Exception as error:
        answers.append("%s: %s" % (type(error).__name__, error))
imported = sorted(set(sys.modules) - before)
out.write(json.dumps({"answers": answers, "imported": imported}))
out.flush()  # with threads that are left behind nobody else does
"""


class Ran(NamedTuple):
    """What became of the events: answers or errors, audit lines, and the modules imported."""

    answers: list[str]
    audit: list[dict[str, Any]]
    imported: set[str]

    def outcomes(self) -> Counter[str]:
        """How many findings ended how."""
        return Counter(line["outcome"] for line in self.audit)


def python_for(runtime: str) -> str:
    """The interpreter of a runtime; skips the test where there is none."""
    found = pythons.find(runtime)
    if found.substituted:
        missing_runtime(pythons.RUNTIMES[runtime])
    return found.path


def unpack(archive: Path, folder: Path, *authorities: Path) -> Path:
    """The bundle as it lies in /code; it trusts these certificates as well."""
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder)
    with (folder / "certifi" / "cacert.pem").open("a") as trusted:
        trusted.writelines("\n" + each.read_text() for each in authorities)
    return folder


def run(
    python: str,
    code: Path,
    endpoint: str,
    *events: list[dict[str, str]],
    time_for: int | None = None,
    paths: tuple[Path, ...] = (),
) -> Ran:
    """Run the handler on the events, one after the other in one process.

    It can import what is in `code` and in `paths`, and the standard library. Its time is up
    when there was `time_for` so many repairs, however fast the machine is.
    """
    environment = {
        "prepareRuleId": RULE,
        "ossEndpoint": endpoint,
        "PYTHONPATH": os.pathsep.join(str(path) for path in paths),
    }
    order = {"account": ACCOUNT, "region": REGION, "timeout": 60}
    order["time_for"] = time_for
    order["events"] = [json.dumps(event) for event in events]
    done = subprocess.run(
        [python, "-B", "-S", "-s", "-W", "ignore", "-c", _RUNNER, str(code)],
        input=json.dumps(order),
        env=environment,
        cwd=code,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    audit = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    return Ran(result["answers"], audit, set(result["imported"]))


def findings(count: int, rule: str = RULE) -> list[dict[str, str]]:
    """So many findings, each of a bucket of its own."""
    return [
        {"configRuleId": rule, "resourceId": f"config-snapshot-{n}", "regionId": REGION}
        for n in range(count)
    ]


class Asked(NamedTuple):
    """A request as it came over the wire; `connection` is the number of its connection."""

    bucket: str
    method: str
    query: str
    headers: dict[str, str]
    connection: int


Trouble = Callable[[Asked, int], int | None]


@dataclass
class CountingOss:
    """Public buckets of any name, and every request that came for them.

    `trouble(asked, nth)` may answer the nth request for a bucket with an error of that status.
    """

    port: int = 0
    scheme: str = "http"
    trouble: Trouble = lambda *_: None
    asked: list[Asked] = field(default_factory=list)
    private: set[str] = field(default_factory=set)
    open_connections: int = 0
    most_connections: int = 0

    @property
    def by_address(self) -> str:
        """The endpoint that has the bucket's name in the path."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def by_name(self) -> str:
        """The endpoint that has the bucket's name in the host's, as OSS has it."""
        return f"{self.scheme}://oss-{{region}}.oss.test:{self.port}"

    def connections(self) -> Counter[str]:
        """How many connections there were for each bucket."""
        return Counter(bucket for bucket, _ in {(a.bucket, a.connection) for a in self.asked})

    def requests(self) -> Counter[str]:
        """How many requests there were for each bucket."""
        return Counter(asked.bucket for asked in self.asked)

    def answer(self, asked: Asked) -> tuple[int, str]:
        """Status and body, as OSS would answer."""
        self.asked.append(asked)
        status = self.trouble(asked, sum(each.bucket == asked.bucket for each in self.asked))
        if status:
            return status, "<Error><Code>ServiceUnavailable</Code></Error>"
        if asked.method == "PUT":
            self.private.add(asked.bucket)
            return 200, ""
        if asked.query.startswith("policyStatus"):
            return 200, "<PolicyStatus><IsPublic>false</IsPublic></PolicyStatus>"
        acl = "private" if asked.bucket in self.private else "public-read"
        return 200, _INFO.format(name=asked.bucket, acl=acl, account=ACCOUNT)


_INFO = """<?xml version="1.0" encoding="UTF-8"?><BucketInfo><Bucket>
<CreationDate>2021-09-06T05:58:37.000Z</CreationDate><ExtranetEndpoint>x</ExtranetEndpoint>
<IntranetEndpoint>x</IntranetEndpoint><Location>oss-cn-shanghai</Location><Name>{name}</Name>
<StorageClass>Standard</StorageClass><Owner><DisplayName>owner</DisplayName><ID>{account}</ID></Owner>
<AccessControlList><Grant>{acl}</Grant></AccessControlList></Bucket></BucketInfo>"""


@contextmanager
def counting_oss(certificate: Path | None = None) -> Iterator[CountingOss]:
    """An OSS on loopback for as long as the block runs; with a certificate, of https."""
    oss = CountingOss()
    lock = threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            with lock:
                oss.open_connections += 1
                oss.most_connections = max(oss.most_connections, oss.open_connections)

        def finish(self) -> None:
            super().finish()
            with lock:
                oss.open_connections -= 1

        def _serve(self) -> None:
            path, _, query = self.path.partition("?")
            by_name = re.match(r"([a-z0-9-]+)\.oss-", self.headers["Host"])
            bucket = by_name[1] if by_name else path.split("/")[1]
            headers = {name.lower(): value for name, value in self.headers.items()}
            port = self.client_address[1]
            with lock:
                status, body = oss.answer(Asked(bucket, self.command, query, headers, port))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("x-oss-request-id", "REQUEST-ID")
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_PUT = _serve  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # who does not trust us hangs up

    with Server(("127.0.0.1", 0), Handler) as httpd:
        oss.port = httpd.server_address[1]
        if certificate:
            oss.scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            # Each shakes hands in its own thread, not in the one that accepts.
            httpd.socket = context.wrap_socket(
                httpd.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield oss
        httpd.shutdown()
        thread.join()


def certificate_for(folder: Path, *names: str) -> tuple[Path, Path]:
    """A self-signed certificate for these hosts, with its key and alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(timezone.utc)
    alternatives = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(alternatives, critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with_key, alone = folder / "with-key.pem", folder / "alone.pem"
    with_key.write_bytes(private + certificate)
    alone.write_bytes(certificate)
    return with_key, alone


def lasting(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers but for those that differ from one run, or one machine, to the next."""
    passing = ("authorization", "date", "host", "user-agent", "x-oss-date")
    return {name: value for name, value in headers.items() if name not in passing}
