"""Functions written in a few lines, and Function Compute's two clients: the SDK and plain HTTP."""

import base64
import email.utils
import hashlib
import hmac
import http.client
import io
import json
import secrets
import textwrap
import time
import urllib.parse
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from alibabacloud_fc_open20210406.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException

from scripts.localcloud import LocalCloud
from scripts.localcloud.clock import Clock
from scripts.localcloud.faults import Faults
from scripts.localcloud.fc.api import FcService
from scripts.localcloud.fc.state import FcState
from scripts.localcloud.http import Listener
from scripts.localcloud.journal import Journal
from scripts.localcloud.log.state import LogState
from scripts.localcloud.mns.state import MnsState
from scripts.localcloud.oss.state import OssState
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials, RamState
from scripts.localcloud.service import Core
from tests.contract.rpc import signing

SERVICE = "repairs"
FUNCTION = "repair"
ECHO = "def handler(event, context):\n    return event\n"
PRINTING = "def handler(event, context):\n    print('event:', event.decode())\n"
TOPIC = "acs:mns:cn-shanghai:1208863178610000:/topics/findings"
POLICY = ("System", "AliyunMNSNotificationRolePolicy")
SUBJECT = f"{SERVICE}/{FUNCTION}"
QUICK = "python3.10"  # the runtime where any will do
ALONE = "repair-alone"  # a function of 3.0
OF_ALONE = f"/functions/{ALONE}"


def zipped(source: str, **others: str) -> bytes:
    """A code package of index.py and others, given by their name without `.py`."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        for name, text in {"index": source, **others}.items():
            # With a date of its own, the same files would be another package each second.
            archive.writestr(zipfile.ZipInfo(f"{name}.py"), textwrap.dedent(text))
    return package.getvalue()


def zip_file(source: str, **others: str) -> str:
    """The same in base64, as the API takes it."""
    return base64.b64encode(zipped(source, **others)).decode()


class FcCloud:
    """Function Compute and what it relies on; over HTTP too if it is to `serve`."""

    account_id = "1208863178610000"
    region = "cn-shanghai"

    def __init__(
        self,
        *,
        serve: bool = False,
        time_scale: float = 0.001,
        function_environment: dict[str, str] | None = None,
    ) -> None:
        self.clock, self.journal, self.faults = Clock(time_scale), Journal(), Faults()
        core = Core(self.account_id, self.region, self.clock, self.journal, self.faults)
        self.ram = RamState(core)
        self.mns = MnsState(core, duplicates=0)
        self.log = LogState(core)
        self.oss = OssState(core, put_acl_needs_put_bucket=False)
        parts = (self.ram, self.mns, self.log, self.oss)
        self.fc = FcState(core, *parts, function_environment or {})
        self._listener = Listener(FcService(core, self.fc, self.ram)) if serve else None
        self.endpoint = self._listener.url if self._listener else ""

    def __enter__(self) -> "FcCloud":
        if self._listener:
            self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.clock.stop()
        self.mns.stop()
        self.fc.stop()
        if self._listener:
            self._listener.stop()


@pytest.fixture
def cloud() -> Iterator[FcCloud]:
    """An empty cloud."""
    with FcCloud(function_environment={"under": "neath", "mode": "enforce"}) as running:
        yield running


def run(cloud: FcCloud, event: bytes | str = b"") -> Any:
    """What the function returns, read as JSON; it must not fail."""
    invocation = cloud.fc.invoke(SERVICE, FUNCTION, event)
    assert not invocation.error_type, invocation.payload
    return json.loads(invocation.payload)


@pytest.fixture(name="cloud")
def wired() -> Iterator[FcCloud]:
    """A cloud with a queue for results, a topic for findings, and the roles to use them."""
    with FcCloud() as running:
        running.mns.create_queue("results")
        running.mns.create_topic("findings")
        ram = running.ram
        ram.create_role("repair-role", policies.trust("fc.aliyuncs.com"))
        ram.create_policy("send", policies.document(policies.allow("mns:SendMessage")))
        ram.attach("repair-role", "Custom", "send")
        ram.create_role("AliyunMNSNotificationRole", policies.trust("mns.aliyuncs.com"))
        ram.attach("AliyunMNSNotificationRole", *POLICY)
        yield running


def deploy(
    cloud: FcCloud,
    source: str = ECHO,
    *,
    role: str = "",
    others: Mapping[str, str] | None = None,
    **settings: Any,
) -> tuple[str, str]:
    """A service and a function of this source, in place of older ones; their names."""
    resources = cloud.fc.resources
    if SERVICE not in [service.name for service in resources.services()]:
        resources.create_service(SERVICE, {})
    resources.update_service(SERVICE, {"role": role})
    fields = {"runtime": QUICK, "handler": "index.handler", "timeout": 20, **settings}
    fields["code"] = {"zipFile": zip_file(source, **(others or {}))}
    if FUNCTION in [function.name for function in resources.functions(SERVICE)]:
        resources.update_function(SERVICE, FUNCTION, fields)
    else:
        resources.create_function(SERVICE, FUNCTION, fields)
    return SERVICE, FUNCTION


def client(cloud: FcCloud, credentials: Credentials | None = None) -> Client:
    """The real SDK, with the account's own key unless told otherwise."""
    key = credentials or cloud.ram.root
    return Client(signing(cloud.endpoint, key, region_id=cloud.region))


def refusal(call: Callable[[], object]) -> tuple[int, str]:
    """The status and code that an SDK call is refused with."""
    with pytest.raises(ClientException) as refused:
        call()
    return refused.value.status_code, refused.value.data["ErrorCode"]


@dataclass
class Answer:
    """What came back over plain HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The error's code; empty for none."""
        fields = json.loads(self.body) if self.status >= 400 else {}
        return str(fields.get("ErrorCode") or fields.get("Code") or "")

    @property
    def fields(self) -> dict[str, Any]:
        """The body's JSON object."""
        return dict(json.loads(self.body))


@dataclass
class Signed:
    """A request as the Serverless Devs client signs it; a test may change any part afterwards."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]
    query: str = ""

    def send(self, endpoint: str) -> Answer:
        """Send it to Function Compute."""
        return send(endpoint, self.method, self.path, self.query, self.body, self.headers)


def signed(
    credentials: Credentials,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    query: str = "",
) -> Signed:
    """A request of 2016-08-15, its signature calculated as that client's SDK does."""
    full = {
        "accept": "application/json",
        "date": email.utils.formatdate(usegmt=True),
        **{name.lower(): value for name, value in (headers or {}).items()},
    }
    if body:
        # That SDK encodes the hexadecimal digest.
        digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
        full["content-md5"] = base64.b64encode(digest.encode()).decode()
    if credentials.security_token:
        full["x-fc-security-token"] = credentials.security_token
    own = "".join(f"{name}:{full[name]}\n" for name in sorted(full) if name.startswith("x-fc-"))
    parts = [method, full.get("content-md5", ""), full.get("content-type", ""), full["date"]]
    text = "\n".join([*parts, own + urllib.parse.unquote(path)])
    key = credentials.access_key_secret.encode()
    signature = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    full["authorization"] = f"FC {credentials.access_key_id}:{signature}"
    return Signed(method, path, body, full, query)


def send(
    endpoint: str, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
) -> Answer:
    """One request over plain HTTP."""
    connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=60)
    try:
        chunked = headers.get("transfer-encoding") == "chunked"
        sent = iter([body]) if chunked else body
        target = f"{path}?{query}" if query else path
        connection.request(method, target, sent, dict(headers), encode_chunked=chunked)
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()


def acs3(
    credentials: Credentials,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    query: str = "",
) -> Signed:
    """A request of 2023-03-30, signed as page "V3 request body and signature mechanism" says.

    Its body is sent in chunks, as the Serverless Devs client does.
    """
    full = {
        "host": "127.0.0.1",
        **{name.lower(): value for name, value in (headers or {}).items()},
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "x-acs-signature-nonce": secrets.token_hex(16),
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
    }
    if credentials.security_token:
        full["x-acs-security-token"] = credentials.security_token
    names = sorted(n for n in full if n.startswith("x-acs-") or n in ("host", "content-type"))
    pairs = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True))
    told = urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote, safe="~")
    listed = "".join(f"{name}:{full[name]}\n" for name in names)
    end = [";".join(names), full["x-acs-content-sha256"]]
    canonical = "\n".join([method, path, told, listed, *end])
    to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = credentials.access_key_secret.encode()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    full["authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={credentials.access_key_id},"
        f"SignedHeaders={end[0]},Signature={signature}"
    )
    if body:
        full["transfer-encoding"] = "chunked"
    return Signed(method, path, body, full, query)


def upload(
    endpoint: str,
    token: Mapping[str, Any],
    place: str,
    package: bytes,
    *,
    bucket: str = "",
    dated_by: str = "x-oss-date",
) -> Answer:
    """PUT a package with the keys of GetTempBucketToken, as the Serverless Devs client does.

    To the accelerated endpoint, in a signature of version 1: page "Include signatures in the
    Authorization header". `place` is the object, in the token's bucket or another one.
    """
    key, bucket = token["credentials"], bucket or token["ossBucket"]
    headers = {
        "host": f"{bucket}.oss-accelerate.aliyuncs.com",
        dated_by: email.utils.formatdate(usegmt=True),
        "content-type": "application/zip",
        "x-oss-security-token": key["SecurityToken"],
    }
    own = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name[:6] == "x-oss-")
    text = f"PUT\n\n{headers['content-type']}\n{headers[dated_by]}\n{own}/{bucket}/{place}"
    secret = key["AccessKeySecret"].encode()
    digest = base64.b64encode(hmac.new(secret, text.encode(), hashlib.sha1).digest()).decode()
    headers["authorization"] = f"OSS {key['AccessKeyId']}:{digest}"
    return send(endpoint, "PUT", f"/{place}", "", package, headers)


def ask_3_0(
    cloud: LocalCloud,
    method: str,
    path: str,
    body: Any = None,
    *,
    key: Credentials | None = None,
    headers: dict[str, str] | None = None,
    query: str = "",
) -> Answer:
    """What a signed request of 2023-03-30 is answered; `body` is bytes, or becomes JSON."""
    sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    place = (key or cloud.credentials, method, f"/2023-03-30{path}")
    return acs3(*place, sent, headers, query).send(cloud.endpoints.fc)


def fields_alone(source: str = ECHO, **settings: Any) -> dict[str, Any]:
    """What CreateFunction takes for a function of this source."""
    return {
        "functionName": ALONE,
        "runtime": QUICK,
        "handler": "index.handler",
        "timeout": 20,
        "code": {"zipFile": zip_file(source)},
        **settings,
    }


def deploy_alone(cloud: LocalCloud, source: str = ECHO, **settings: Any) -> dict[str, Any]:
    """The function as CreateFunction shows it."""
    answer = ask_3_0(cloud, "POST", "/functions", fields_alone(source, **settings))
    assert answer.status == 200, answer.body
    return answer.fields


def deploy_in_service(cloud: LocalCloud, source: str = ECHO) -> None:
    """The same function in a service, by the state of 2.0."""
    cloud.fc.resources.create_service("repairs", {})
    cloud.fc.resources.create_function("repairs", ALONE, fields_alone(source))


def a_role(cloud: LocalCloud, name: str = "repairer", service: str = "fc.aliyuncs.com") -> str:
    """A role that is seen by all, and that a service may assume."""
    cloud.ram.create_role(name, policies.trust(service))
    return cloud.ram.arn(name)


def subscribe_alone(cloud: LocalCloud, **config: str) -> Answer:
    """Bind the function to the topic, in a role that may invoke it."""
    role = a_role(cloud, "notifier", "mns.aliyuncs.com")
    cloud.ram.attach("notifier", "System", "AliyunMNSNotificationRolePolicy")
    body = {
        "triggerName": "on-finding",
        "triggerType": "mns_topic",
        "sourceArn": f"acs:mns:{cloud.region}:{cloud.account_id}:/topics/findings",
        "invocationRole": role,
        "triggerConfig": json.dumps({"notifyContentFormat": "STREAM", **config}),
    }
    return ask_3_0(cloud, "POST", f"{OF_ALONE}/triggers", body)
