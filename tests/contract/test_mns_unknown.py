"""What MNS does not know is refused by its name, in both interfaces, and never passed over."""

import email.utils
import http.client
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from darabonba.exceptions import DaraException
from mns.account import Account

from scripts.localcloud import LocalCloud
from tests.contract import rpc

TOPIC, QUEUE = "MNSTestConfig", "repair-failures"
QUEUE_XML = "<Queue><DelaySeconds>1</DelaySeconds>{}</Queue>"
MESSAGE_XML = "<Message><MessageBody>x</MessageBody>{}</Message>"
NOT_KNOWN = (501, "NotImplemented")


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A cloud with a topic and a queue, which every test leaves as they are."""
    with LocalCloud() as running:
        running.mns.create_topic(TOPIC)
        running.mns.create_queue(QUEUE)
        yield running


class Sent(NamedTuple):
    """A request as it is signed and sent."""

    method: str
    path: str
    body: str = ""
    headers: dict[str, str] = {}  # noqa: RUF012  (never changed)


UNKNOWN = {
    "a query name": (
        Sent("GET", f"/queues/{QUEUE}/messages?suspend=1"),
        (400, "InvalidQueryString", "suspend"),
    ),
    "a query name of another operation": (
        Sent("GET", f"/topics/{TOPIC}?peekonly=true"),
        (400, "InvalidQueryString", "peekonly"),
    ),
    "a header": (
        Sent("GET", f"/queues/{QUEUE}", headers={"x-mns-extra": "1"}),
        (501, "NotImplemented", "x-mns-extra"),
    ),
    "a header of another operation": (
        Sent("GET", f"/queues/{QUEUE}", headers={"x-mns-marker": "a"}),
        (501, "NotImplemented", "x-mns-marker"),
    ),
    "a version": (
        Sent("GET", f"/queues/{QUEUE}", headers={"x-mns-version": "2015-06-07"}),
        (501, "NotImplemented", "2015-06-07"),
    ),
    "no version": (
        Sent("GET", f"/queues/{QUEUE}", headers={"x-mns-version": ""}),
        (400, "MissingVersionHeader", "x-mns-version"),
    ),
    "a flag that is off": (
        Sent("GET", f"/queues/{QUEUE}/messages?peekonly=false"),
        (400, "InvalidQueryString", "peekonly"),
    ),
    "an element": (
        Sent("PUT", "/queues/new", QUEUE_XML.format("<Color>red</Color>")),
        (400, "InvalidArgument", "Color"),
    ),
    "an element of FIFO queues": (
        Sent("POST", f"/queues/{QUEUE}/messages", MESSAGE_XML.format("<MessageGroupId/>")),
        (400, "InvalidArgument", "MessageGroupId"),
    ),
    "a root element": (Sent("PUT", "/queues/new", "<Q/>"), (400, "InvalidArgument", "Q")),
    "a body where there is none": (
        Sent("DELETE", f"/queues/{QUEUE}", "<Queue/>"),
        (400, "InvalidArgument", "Queue"),
    ),
    "the account's attributes": (
        Sent("GET", "/?accountmeta=true"),
        (400, "InvalidRequestURL", "URL"),
    ),
    "another operation": (
        Sent("POST", "/commonbuy/openservice"),
        (400, "InvalidRequestURL", "URL"),
    ),
}


@pytest.mark.fidelity(35)
@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_unknown_is_refused_by_its_name(cloud: LocalCloud, name: str) -> None:
    """Its code and name are in the answer, which is XML, and in the journal's entry."""
    sent, (status, code, named) = UNKNOWN[name]
    answered, body = send(cloud, sent)
    assert (answered, f"<Code>{code}</Code>" in body, named in body) == (status, True, True), body
    details = cloud.journal.entries("mns")[-1].details
    assert (details["status"], details["code"]) == (status, code)
    assert named in details["message"]
    assert (cloud.mns.queues(), cloud.mns.messages(QUEUE)) == ([QUEUE], [])


MALFORMED = {
    "no such encoding": (
        Sent("PUT", "/queues/new", '<?xml version="1.0" encoding="foo"?><Queue/>'),
        (400, "MalformedXML"),
    ),
    "a wide encoding": (
        Sent("PUT", "/queues/new", '<?xml version="1.0" encoding="utf-32"?><Queue/>'),
        (400, "MalformedXML"),
    ),
    "no end": (Sent("PUT", "/queues/new", "<Queue>"), (400, "MalformedXML")),
    "queues in queues": (
        Sent("PUT", "/queues/new", "<Queue>" * 20000 + "</Queue>" * 20000),
        (400, "InvalidArgument"),
    ),
    "a long number": (
        Sent("PUT", "/queues/new", f"<Queue><DelaySeconds>{'9' * 6000}</DelaySeconds></Queue>"),
        (400, "InvalidArgument"),
    ),
    "a long number in the query": (
        Sent("GET", f"/queues/{QUEUE}/messages?numOfMessages={'9' * 6000}"),
        (400, "InvalidArgument"),
    ),
    "a long number in a header": (
        Sent("GET", "/queues", headers={"x-mns-ret-number": "9" * 6000}),
        (400, "InvalidArgument"),
    ),
    "digits of elsewhere": (
        Sent("GET", f"/queues/{QUEUE}/messages?numOfMessages=%D9%A1"),
        (400, "InvalidArgument"),
    ),
    "no date": (Sent("GET", "/queues", headers={"date": "x"}), (400, "InvalidDateHeader")),
    "a date far away": (
        Sent("GET", "/queues", headers={"date": f"Thu, 01 Jan {'9' * 20} 00:00:00 GMT"}),
        (400, "InvalidDateHeader"),
    ),
    "an empty batch": (
        Sent("POST", f"/queues/{QUEUE}/messages", "<Messages/>"),
        (400, "InvalidArgument"),
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_malformed_is_no_fault_of_ours(cloud: LocalCloud, name: str) -> None:
    """It is refused with the code of its page, and changes nothing."""
    sent, refused = MALFORMED[name]
    status, body = send(cloud, sent)
    assert (status, body.partition("<Code>")[2].partition("<")[0]) == refused
    assert (cloud.mns.queues(), cloud.mns.messages(QUEUE)) == ([QUEUE], [])


@pytest.mark.fidelity(35)
@pytest.mark.parametrize(
    ("version", "query", "named", "refusal"),
    [
        ("2022-01-19", {"QueueName": "new", "Color": "red"}, "Color", NOT_KNOWN),
        ("2022-01-19", {"QueueName": "new", "EnableSSE": "true"}, "EnableSSE", NOT_KNOWN),
        ("2022-01-19", {"QueueName": "new", "DlqPolicy": "{}"}, "DlqPolicy", NOT_KNOWN),
        ("2022-01-19", {"QueueName": "new", "Tag.1.Colour": "red"}, "Tag.1.Colour", NOT_KNOWN),
        ("2019-01-01", {"QueueName": "new"}, "2019-01-01", (400, "InvalidVersion")),
    ],
)
def test_management_calls_know_their_parameters(
    cloud: LocalCloud, version: str, query: dict[str, str], named: str, refusal: tuple[int, str]
) -> None:
    """An unknown parameter or version is refused by name, in JSON, as in every such service."""
    with pytest.raises(DaraException, match=named) as refused:
        rpc.call(cloud.endpoints.mns, cloud.credentials, "CreateQueue", version, query)
    assert (refused.value.status_code, refused.value.code) == refusal
    assert named in cloud.journal.entries("mns")[-1].details["message"]
    assert cloud.mns.queues() == [QUEUE]


def send(cloud: LocalCloud, sent: Sent) -> tuple[int, str]:
    """Status and body of the answer to a request that the SDK signed."""
    key = cloud.credentials
    client = Account(cloud.endpoints.mns, key.access_key_id, key.access_key_secret).mns_client
    headers = {
        "x-mns-version": "2015-06-06",
        "content-type": "text/xml",
        "date": email.utils.formatdate(usegmt=True),
        **sent.headers,
    }
    credentials = client.credentials_provider.get_credentials()
    signature = client.get_signature(sent.method, headers, sent.path, credentials)
    with closing(http.client.HTTPConnection(urlsplit(cloud.endpoints.mns).netloc)) as connection:
        connection.request(
            sent.method, sent.path, sent.body, {**headers, "Authorization": signature}
        )
        response = connection.getresponse()
        return response.status, response.read().decode()
