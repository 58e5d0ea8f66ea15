"""Both signature versions of RPC-style services, as Alibaba Cloud's own client computes them."""

import datetime
import http.client
import json
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from alibabacloud_tea_openapi.utils import Utils
from darabonba.exceptions import DaraException
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.localcloud.clock import Clock
from scripts.localcloud.faults import Faults
from scripts.localcloud.http import Listener
from scripts.localcloud.journal import Journal
from scripts.localcloud.pop import Answer, Call, PopService, rpc
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials, RamState
from scripts.localcloud.service import Core
from tests.contract import rpc as generic

EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class Echo(PopService):
    """Answers what it understood, and takes whatever was signed."""

    name = "echo"
    version = "2020-01-01"
    table = (rpc("Repeat", "*", resources=("acs:echo::{account}:voice/{Voice}",)),)

    def __init__(self, core: Core, ram: RamState) -> None:
        super().__init__(core, ram, self)

    def repeat(self, call: Call) -> Answer:
        """All that was said, and by whom."""
        return {"Heard": dict(call.params), "From": call.principal.arn}


class Rig(NamedTuple):
    """An Echo that listens, and ways to call it."""

    core: Core
    ram: RamState
    port: int

    def call(
        self,
        credentials: Credentials,
        algorithm: str,
        query: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
    ) -> Answer:
        """Call Repeat as every SDK does."""
        answer: Answer = generic.call(
            f"127.0.0.1:{self.port}",
            credentials,
            "Repeat",
            "2020-01-01",
            query,
            algorithm=algorithm,
            body=form,
        )
        return answer

    def send(self, method: str, target: str, headers: dict[str, str], body: str = "") -> Answer:
        """Send these very bytes; the answer is JSON whatever they were."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, target, body.encode(), headers)
            response = connection.getresponse()
            return {"status": response.status, **json.loads(response.read())}
        finally:
            connection.close()

    def signed(self, date: float | None = None, **more: str) -> dict[str, str]:
        """The headers of a well-signed `GET /?Voice=low`."""
        moment = datetime.datetime.fromtimestamp(date or time.time(), datetime.timezone.utc)
        headers = {
            "host": f"127.0.0.1:{self.port}",
            "x-acs-action": "Repeat",
            "x-acs-version": "2020-01-01",
            "x-acs-date": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-content-sha256": EMPTY_SHA256,
            **more,
        }
        request = SimpleNamespace(
            method="GET", pathname="/", query={"Voice": "low"}, headers=headers
        )
        headers["Authorization"] = Utils.get_authorization(
            request,
            "ACS3-HMAC-SHA256",
            EMPTY_SHA256,
            self.ram.root.access_key_id,
            self.ram.root.access_key_secret,
        )
        return headers


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """One Echo for all tests; each makes the roles that it needs."""
    core = Core("1208863178610000", "cn-shanghai", Clock(), Journal(), Faults())
    ram = RamState(core)
    listener = Listener(Echo(core, ram))
    listener.start()
    yield Rig(core, ram, listener.port)
    listener.stop()


VERSIONS = pytest.mark.parametrize("algorithm", ["ACS3-HMAC-SHA256", "v2"])
# Text that can be percent-encoded at all. Names are plain: the client does not encode them.
VALUES = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.text("abXY09.~-_").map(lambda name: f"P{name}")


@VERSIONS
@given(
    query=st.dictionaries(NAMES, VALUES, max_size=4),
    form=st.dictionaries(NAMES, VALUES, max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_any_parameter_arrives_as_it_was_signed(
    rig: Rig, algorithm: str, query: dict[str, str], form: dict[str, str]
) -> None:
    """Whatever a client puts into query and form passes verification and arrives unchanged."""
    heard = rig.call(rig.ram.root, algorithm, query, form)["Heard"]
    assert {name: heard.get(name) for name in query | form} == query | form


@VERSIONS
def test_temporary_credentials_sign_too(rig: Rig, algorithm: str) -> None:
    """A request signed with a role's temporary key and its token is that role's session."""
    rig.ram.roles.clear()
    rig.ram.create_role("singer", policies.trust("fc.aliyuncs.com"))
    rig.ram.create_policy("sing", policies.document(policies.allow("echo:Repeat")))
    rig.ram.attach("singer", "Custom", "sing")
    answer = rig.call(rig.ram.assume("singer", "tonight"), algorithm)
    rig.ram.detach("singer", "Custom", "sing")
    rig.ram.delete_policy("sing")
    assert answer["From"] == "acs:ram::1208863178610000:assumed-role/singer/tonight"


def unknown(rig: Rig, key: Credentials) -> Credentials:
    """The key, which the account has forgotten."""
    rig.ram.revoke(key.access_key_id)
    return key


def expired(rig: Rig, _: Credentials) -> Credentials:
    """Another key of the role, past its end."""
    return rig.ram.assume("singer", "late", lifetime=-1)


def changed(**parts: str) -> Callable[[Rig, Credentials], Credentials]:
    """The key with parts replaced."""
    return lambda _, key: key._replace(**parts)


REFUSED_KEYS: dict[str, tuple[Callable[[Rig, Credentials], Credentials], int, str]] = {
    "unknown": (unknown, 404, "InvalidAccessKeyId.NotFound"),
    "wrong secret": (changed(access_key_secret="guess"), 400, "SignatureDoesNotMatch"),
    "another's token": (
        changed(security_token="CAISguess"),
        400,
        "InvalidSecurityToken.MismatchWithAccessKey",
    ),
    "no token": (
        changed(security_token=""),
        400,
        "InvalidSecurityToken.MismatchWithAccessKey",
    ),
    "expired": (expired, 400, "InvalidSecurityToken.Expired"),
    "no permission": (changed(), 403, "NoPermission"),
}


@VERSIONS
@pytest.mark.parametrize("case", REFUSED_KEYS)
def test_a_key_that_is_not_honoured_is_told_why(rig: Rig, algorithm: str, case: str) -> None:
    """Each way in which a key can be wrong has its documented status and code."""
    rig.ram.roles.clear()
    rig.ram.create_role("singer", policies.trust("fc.aliyuncs.com"))
    spoil, status, code = REFUSED_KEYS[case]
    with pytest.raises(DaraException) as refused:
        rig.call(spoil(rig, rig.ram.assume("singer", "tonight")), algorithm)
    assert (refused.value.status_code, refused.value.code) == (status, code)


def test_a_denied_call_is_told_which_permission_it_lacks(rig: Rig) -> None:
    """NoPermission names the action and the resource that a policy would have to allow."""
    rig.ram.roles.clear()
    rig.ram.create_role("singer", policies.trust("fc.aliyuncs.com"))
    key = rig.ram.assume("singer", "tonight")
    with pytest.raises(
        DaraException, match="Resource: acs:echo::1208863178610000:voice/low Action: echo:Repeat"
    ):
        rig.call(key, "ACS3-HMAC-SHA256", {"Voice": "low"})


SIGNED, FORM = "/?Voice=low", "application/x-www-form-urlencoded"
TAMPERED: dict[str, tuple[str, str, dict[str, str], str, str]] = {
    "nothing": ("GET", SIGNED, {}, "", ""),
    "method": ("POST", SIGNED, {}, "", "SignatureDoesNotMatch"),
    "query": ("GET", "/?Voice=high", {}, "", "SignatureDoesNotMatch"),
    "a parameter more": ("GET", "/?Voice=low&Voice=high", {}, "", "SignatureDoesNotMatch"),
    "body": ("GET", SIGNED, {"Content-Type": FORM}, "P=x", "SignatureDoesNotMatch"),
    "signed header": ("GET", SIGNED, {"x-acs-date": "2020"}, "", "SignatureDoesNotMatch"),
    "unsigned header": ("GET", SIGNED, {"x-acs-security-token": "1"}, "", "IncompleteSignature"),
    "no signature": ("GET", SIGNED, {"Authorization": ""}, "", "IncompleteSignature"),
    "another algorithm": ("GET", SIGNED, {"Authorization": "acs a:b"}, "", "IncompleteSignature"),
    "another action": ("GET", "/?Action=Shout", {"x-acs-action": ""}, "", "InvalidAction.NotFound"),
    "path": ("GET", "/more?Voice=low", {}, "", "InvalidAction.NotFound"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_request_changed_after_signing_is_refused(rig: Rig, what: str) -> None:
    """A signature holds for the very request that was signed, and for no other."""
    method, target, headers, body, code = TAMPERED[what]
    answer = rig.send(method, target, rig.signed() | headers, body)
    assert answer.get("Code", "") == code


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_signature_of_another_hour_is_refused(rig: Rig, hours: int) -> None:
    """A request signed an hour ago or ahead is refused, so that an old one cannot be replayed."""
    answer = rig.send("GET", SIGNED, rig.signed(time.time() + 3600 * hours))
    assert (answer["status"], answer["Code"]) == (400, "InvalidTimeStamp.Expired")


LATIN = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"))


@given(target=st.text("ab?&=%+.~/é"), auth=LATIN, date=LATIN, body=st.text())
@settings(max_examples=100, deadline=None)
def test_no_request_is_too_odd_to_be_refused(
    rig: Rig, target: str, auth: str, date: str, body: str
) -> None:
    """Whatever nobody signed is answered with a client error in the common form, never a crash."""
    headers = {
        "Authorization": f"ACS3-HMAC-SHA256 {auth}",
        "x-acs-date": date,
        "x-acs-action": "Repeat",
        "x-acs-version": "2020-01-01",
        "Content-Type": FORM,
    }
    encoded = target.replace("é", "%C3%A9").replace(" ", "+")
    answer = rig.send("POST", f"/?{encoded}", headers, body)
    assert 400 <= answer["status"] < 500
    assert {"Code", "Message", "RequestId", "HostId"} <= set(answer)
