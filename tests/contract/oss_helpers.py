"""An OSS of its own for a test, and the two clients to talk to it: oss2, and plain HTTP."""

import contextlib
import http.client
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

import oss2
import pytest

from scripts.localcloud.clock import Clock
from scripts.localcloud.faults import Faults
from scripts.localcloud.http import Listener
from scripts.localcloud.journal import Journal
from scripts.localcloud.oss.api import OssService
from scripts.localcloud.oss.state import OssState
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials, RamState
from scripts.localcloud.service import Core

ACCOUNT = "1208863178610000"
REGION = "cn-shanghai"
NAME = "config-snapshot"


@dataclass
class Answer:
    """What came back over plain HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes

    def error(self) -> dict[str, str]:
        """The elements of an error document by name."""
        root = ElementTree.fromstring(self.body)  # noqa: S314  (it is our own)
        return {child.tag: child.text or "" for child in root}


@dataclass
class Signed:
    """A request as oss2 signs it; a test may change any part before it is sent."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Path and query."""
        query = urllib.parse.urlencode(self.params)
        return f"{urllib.parse.quote(self.path)}?{query}" if query else self.path


class OssCloud:
    """OSS alone, with the RAM that it asks."""

    def __init__(self, *, put_acl_needs_put_bucket: bool) -> None:
        self.core = Core(ACCOUNT, REGION, Clock(0.01), Journal(), Faults())
        self.ram = RamState(self.core)
        self.state = OssState(self.core, put_acl_needs_put_bucket=put_acl_needs_put_bucket)
        self.listener = Listener(OssService(self.core, self.state, self.ram))
        self._session = oss2.Session()

    def start(self) -> None:
        """Begin to serve."""
        self.listener.start()

    def stop(self) -> None:
        """Close both ends."""
        self._session.session.close()
        self.core.clock.stop()
        self.listener.stop()

    def bucket(
        self, name: str, region: str = REGION, credentials: Credentials | None = None
    ) -> oss2.Bucket:
        """A real client for one bucket, as the account itself or as who holds `credentials`."""
        auth = v4(credentials or self.ram.root)
        return oss2.Bucket(
            auth, self.listener.url, name, session=self._session, region=region, connect_timeout=5
        )

    def service(self) -> oss2.Service:
        """A real client for what is not about one bucket."""
        auth, url = v4(self.ram.root), self.listener.url
        return oss2.Service(auth, url, session=self._session, region=REGION, connect_timeout=5)

    def role(self, *actions: str, resource: str = "*", but: str = "") -> Credentials:
        """The keys of a new role that may do `actions` on `resource`, `but` one, and no more."""
        name = f"role-{len(self.ram.roles)}"
        denied = {**policies.allow(but), "Effect": "Deny"}
        document = policies.document(policies.allow(list(actions), resource), denied)
        self.ram.create_role(name, policies.trust("fc.aliyuncs.com"))
        self.ram.create_policy(name, document)
        self.ram.attach(name, "Custom", name)
        return self.ram.assume(name, "session")

    def sign(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        additional: list[str] | None = None,
    ) -> Signed:
        """A request for `/bucket/key`, signed by oss2 as the account itself."""
        request = oss2.http.Request(
            method, "", params=dict(params or {}), headers=headers, region=REGION, product="oss"
        )
        bucket, _, key = path.removeprefix("/").partition("/")
        provider = oss2.credentials.StaticCredentialsProvider(*self.ram.root[:2])
        oss2.ProviderAuthV4(provider)._sign_request(request, bucket, key, additional)
        sent = {name: value for name, value in request.headers.items() if value is not None}
        return Signed(method, path, dict(request.params), sent)

    def send(self, signed: Signed, body: bytes = b"") -> Answer:
        """Send a request as it now is."""
        return self.plain(signed.method, signed.url, signed.headers, body)

    def plain(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send a request that nobody signed, or that is signed already."""
        connection = http.client.HTTPConnection("127.0.0.1", self.listener.port, timeout=5)
        with contextlib.closing(connection):
            connection.request(method, url, body, dict(headers or {}))
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())


@contextlib.contextmanager
def oss_cloud(*, put_acl_needs_put_bucket: bool = False) -> Iterator[OssCloud]:
    """A running OssCloud, stopped at the end."""
    cloud = OssCloud(put_acl_needs_put_bucket=put_acl_needs_put_bucket)
    cloud.start()
    try:
        yield cloud
    finally:
        cloud.stop()


@pytest.fixture(name="cloud")
def no_buckets() -> Iterator[OssCloud]:
    """An OSS without buckets."""
    with oss_cloud() as running:
        yield running


@pytest.fixture
def cloud() -> Iterator[OssCloud]:
    """An OSS with a bucket."""
    with oss_cloud() as running:
        running.state.create(NAME)
        yield running


def v4(credentials: Credentials) -> oss2.StsAuth | oss2.AuthV4:
    """oss2's signer of version 4 for these credentials."""
    key_id, secret, token, _ = credentials
    return oss2.StsAuth(key_id, secret, token, "v4") if token else oss2.AuthV4(key_id, secret)


def refused(call: Callable[[], object]) -> tuple[int, str, str]:
    """Status, code and EC of a refusal."""
    with pytest.raises(oss2.exceptions.ServerError) as error:
        call()
    return error.value.status, error.value.code, error.value.ec
