"""Who may ask MNS's XML interface: signatures, credentials and permissions."""

import email.utils
import http.client
import time
from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from mns.account import Account
from mns.mns_exception import MNSServerException
from mns.queue import Message
from mns.topic import TopicMessage

from scripts.localcloud import LocalCloud
from scripts.localcloud.ram.state import Credentials
from tests.contract.mns_helpers import QUEUE, TOPIC, account, cloud, code_of, connected, grant

__all__ = ["account", "cloud"]

# The SDK warns of its own attributes (ActiveMessages and its like), which it will drop some day.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated:DeprecationWarning")


def test_a_role_does_only_what_its_policy_allows(cloud: LocalCloud, account: Account) -> None:
    """A role that may send to one queue is refused what it may not, told the action and ARN."""
    resource = f"acs:mns:{cloud.region}:{cloud.account_id}:/queues/{QUEUE}/messages"
    with connected(cloud, grant(cloud, "mns:SendMessage", on=resource)) as role:
        role.get_queue(QUEUE).send_message(Message("x"))
        with pytest.raises(MNSServerException) as refused:
            role.get_topic(TOPIC).publish_message(TopicMessage("x"))
    assert refused.value.type == "AccessDenied"
    assert "mns:PublishMessage" in refused.value.message
    assert f":/topics/{TOPIC}/messages" in refused.value.message
    assert len(cloud.mns.messages(QUEUE)) == 1


@pytest.mark.parametrize(
    ("on", "fine"), [(f"/queues/{QUEUE}/messages", False), ("/queues/*", True)]
)
def test_a_lease_is_no_matter_of_the_messages_alone(
    cloud: LocalCloud, account: Account, on: str, fine: bool
) -> None:
    """The page of ChangeMessageVisibility spells it otherwise, and both spellings are asked."""
    arn = f"acs:mns:{cloud.region}:{cloud.account_id}:{on}"
    account.get_queue(QUEUE).send_message(Message("x"))
    message = account.get_queue(QUEUE).receive_message(0)
    with connected(cloud, grant(cloud, "mns:ChangeMessageVisibility", on=arn)) as role:
        queue = role.get_queue(QUEUE)
        if fine:
            queue.change_message_visibility(message.receipt_handle, 1)
            return
        with pytest.raises(MNSServerException, match="mns:ChangeMessageVisibility"):
            queue.change_message_visibility(message.receipt_handle, 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda c: c._replace(access_key_id="LTAI5unknown"), "AccessIDAuthError"),
        (lambda c: c._replace(access_key_secret="wrong"), "SignatureDoesNotMatch"),
        (lambda c: c._replace(security_token="wrong"), "InvalidSecurityToken"),
        (lambda c: c._replace(security_token=""), "InvalidSecurityToken"),
    ],
)
def test_wrong_credentials_are_refused(
    cloud: LocalCloud, account: Account, change: Callable[[Credentials], Credentials], code: str
) -> None:
    """An unknown key, a wrong secret and a wrong or missing token each have a code of their own."""
    credentials = change(grant(cloud, "mns:*"))
    with connected(cloud, credentials) as role:
        assert code_of(lambda: role.get_queue(QUEUE).get_attributes()) == code


def test_an_expired_token_is_refused(cloud: LocalCloud, account: Account) -> None:
    """Temporary credentials end with their lifetime."""
    with connected(cloud, grant(cloud, "mns:*")) as role:
        role.get_queue(QUEUE).get_attributes()
        cloud.clock.advance(901)
        assert code_of(lambda: role.get_queue(QUEUE).get_attributes()) == ("SecurityTokenExpired")


Headers = dict[str, str]
STALE = email.utils.formatdate(time.time() - 3600, usegmt=True)


class Raw(NamedTuple):
    """A signed request to be spoilt: `/queues/<QUEUE>`, GetQueueAttributes."""

    path: str
    headers: Headers
    body: str = ""


@pytest.mark.parametrize(
    ("spoil", "status", "code"),
    [
        (lambda r: r, 200, ""),
        (lambda r: r._replace(path="/queues/another"), 403, "SignatureDoesNotMatch"),
        (lambda r: with_header(r, "x-mns-user-request-id", "b"), 403, "SignatureDoesNotMatch"),
        (lambda r: with_header(r, "x-mns-date", "unsigned"), 403, "SignatureDoesNotMatch"),
        (lambda r: with_header(r, "content-type", "text/plain"), 403, "SignatureDoesNotMatch"),
        (lambda r: with_header(r, "content-md5", "AAAA"), 403, "SignatureDoesNotMatch"),
        (lambda r: with_header(r, "date", STALE), 403, "SignatureDoesNotMatch"),
        (lambda r: r._replace(body="<Queue/>"), 400, "InvalidDegist"),
        (lambda r: with_header(r, "date", ""), 400, "MissingDateHeader"),
        (lambda r: with_header(r, "Authorization", ""), 400, "MissingAuthorizationHeader"),
        (lambda r: with_header(r, "Authorization", "FC a:b"), 400, "InvalidAuthorizationHeader"),
    ],
)
def test_each_signed_part_counts(
    cloud: LocalCloud, account: Account, spoil: Callable[[Raw], Raw], status: int, code: str
) -> None:
    """Changing any one part of a signed request, and nothing else, has it refused."""
    raw = spoil(Raw(f"/queues/{QUEUE}", signed(account, {"x-mns-user-request-id": "a"})))
    assert send(cloud, raw) == (status, code)


@pytest.mark.parametrize(("sent", "code"), [(0, "MessageNotExist"), (1, "SignatureDoesNotMatch")])
def test_the_query_is_signed(cloud: LocalCloud, account: Account, sent: int, code: str) -> None:
    """Another query than the one that was signed has the request refused."""
    path = f"/queues/{QUEUE}/messages?waitseconds="
    assert send(cloud, Raw(f"{path}{sent}", signed(account, {}, f"{path}0")))[1] == code


def test_a_stale_request_is_refused(cloud: LocalCloud, account: Account) -> None:
    """A request signed an hour ago is expired, however well it is signed."""
    raw = Raw(f"/queues/{QUEUE}", signed(account, {"date": STALE}))
    assert send(cloud, raw) == (408, "TimeExpired")


@pytest.mark.parametrize(("method", "path"), [("POST", "/topics"), ("GET", "/nowhere/x")])
def test_an_unknown_url_is_refused(cloud: LocalCloud, method: str, path: str) -> None:
    """A URL that is no operation's is refused before anything else."""
    assert send(cloud, Raw(path, {}), method) == (400, "InvalidRequestURL")


def signed(account: Account, changes: Headers, path: str = f"/queues/{QUEUE}") -> Headers:
    """The headers of a GET, of GetQueueAttributes by default, signed by the SDK after `changes`."""
    client = account.mns_client
    headers = {
        "x-mns-version": "2015-06-06",
        "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==",  # of nothing
        "content-type": "text/xml;charset=UTF-8",
        "date": email.utils.formatdate(usegmt=True),
        **changes,
    }
    credentials = client.credentials_provider.get_credentials()
    signature = client.get_signature("GET", headers, path, credentials)
    return {**headers, "Authorization": signature}


def with_header(raw: Raw, name: str, value: str) -> Raw:
    """The request with one header changed; an empty one is left out."""
    headers = {key: given for key, given in raw.headers.items() if key != name}
    return raw._replace(headers=headers | ({name: value} if value else {}))


def send(cloud: LocalCloud, raw: Raw, method: str = "GET") -> tuple[int, str]:
    """Status and error code (empty for none) of the answer to a request sent as it is."""
    with closing(http.client.HTTPConnection(urlsplit(cloud.endpoints.mns).netloc)) as connection:
        connection.request(method, raw.path, raw.body, raw.headers)
        response = connection.getresponse()
        _, _, rest = response.read().decode().partition("<Code>")
        return response.status, rest.partition("</Code>")[0]
