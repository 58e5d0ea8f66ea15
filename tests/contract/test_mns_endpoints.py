"""Whoever subscribes to a topic gets its messages: HTTP servers of this machine, and queues."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pytest
from alibabacloud_mns_open20220119 import models
from alibabacloud_tea_openapi.exceptions import ClientException
from mns.mns_exception import MNSServerException
from mns.subscription import SubscriptionMeta

from scripts.localcloud import LocalCloud
from scripts.localcloud.mns.queue import QueueAttributes
from tests.contract.mns_helpers import connected

TOPIC, QUEUE = "findings", "inbox"
NAMESPACE = "{http://mns.aliyuncs.com/doc/v1/}"


class Push(NamedTuple):
    """What an HTTP endpoint was sent."""

    path: str
    headers: dict[str, str]
    body: bytes


class Hook:
    """An HTTP endpoint that answers with these statuses in turn, and then with 204."""

    def __init__(self, *statuses: int) -> None:
        self.pushes: list[Push] = []
        answers = iter(statuses)
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.pushes.append(Push(self.path, dict(self.headers), body))
                self.send_response(next(answers, 204))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    """A cloud with a topic and a queue."""
    with LocalCloud(time_scale=0.001) as running:
        running.mns.create_topic(TOPIC)
        running.mns.create_queue(QUEUE)
        yield running


@pytest.fixture
def hooks() -> Iterator[Callable[..., Hook]]:
    """Makes HTTP endpoints, which end with the test."""
    made: list[Hook] = []

    def make(*statuses: int) -> Hook:
        made.append(Hook(*statuses))
        return made[-1]

    yield make
    for hook in made:
        hook.server.shutdown()
        hook.server.server_close()


def subscribe(cloud: LocalCloud, endpoint: str, content_format: str = "XML", tag: str = "") -> None:
    """Subscribe by the XML interface, as the SDK does."""
    with connected(cloud, cloud.credentials) as client:
        client.get_subscription(TOPIC, "mine").subscribe(
            SubscriptionMeta(endpoint, notify_content_format=content_format, filter_tag=tag)
        )


def queue_endpoint(cloud: LocalCloud, queue: str = QUEUE) -> str:
    """A queue as an endpoint names it."""
    return f"acs:mns:{cloud.region}:{cloud.account_id}:queues/{queue}"


def from_xml(body: str) -> dict[str, str]:
    """The fields of a notification in XML."""
    root = ET.fromstring(body)  # noqa: S314  (of our own cloud)
    return {each.tag.removeprefix(NAMESPACE): each.text or "" for each in root}


@pytest.mark.fidelity(29)
@pytest.mark.parametrize(("content_format", "read"), [("XML", from_xml), ("JSON", json.loads)])
def test_an_http_endpoint_gets_the_notification(
    cloud: LocalCloud,
    hooks: Callable[..., Hook],
    content_format: str,
    read: Callable[[str], dict[str, Any]],
) -> None:
    """It is posted to its path, with who, what and when, in the format that was ordered."""
    hook = hooks()
    subscribe(cloud, f"{hook.url}/a/b?c=d", content_format)
    sent = cloud.mns.publish(TOPIC, "<&> \N{SNOWMAN}", tag="oss")
    assert cloud.mns.wait_idle(20)
    (push,) = hook.pushes
    assert push.path == "/a/b?c=d"
    told = read(push.body.decode())
    assert abs(int(told.pop("PublishTime")) / 1000 - cloud.clock.now()) < 60
    assert told == {
        "TopicOwner": cloud.account_id,
        "TopicName": TOPIC,
        "Subscriber": cloud.account_id,
        "SubscriptionName": "mine",
        "MessageId": sent,
        "Message": "<&> \N{SNOWMAN}",
        "MessageMD5": "42B2107A0AD777B07DE55D8075E87959",
        "MessageTag": "oss",
    }


def test_a_simplified_push_is_the_message_alone(
    cloud: LocalCloud, hooks: Callable[..., Hook]
) -> None:
    """Its id and tag are in headers; without a path, it goes to /notifications."""
    hook = hooks()
    subscribe(cloud, hook.url, "SIMPLIFIED")
    sent = cloud.mns.publish(TOPIC, "body", tag="oss")
    assert cloud.mns.wait_idle(20)
    (push,) = hook.pushes
    assert (push.path, push.body) == ("/notifications", b"body")
    assert push.headers["x-mns-message-id"] == sent
    assert push.headers["x-mns-message-tag"] == "oss"


def test_what_an_http_endpoint_does_not_take_is_pushed_again(
    cloud: LocalCloud, hooks: Callable[..., Hook]
) -> None:
    """Only an answer from 200 to 299 takes a message; a redirect is not followed."""
    hook = hooks(500, 302, 404)
    subscribe(cloud, hook.url)
    cloud.mns.publish(TOPIC, "body")
    assert cloud.mns.wait_idle(20)
    assert len(hook.pushes) == 4
    assert cloud.journal.entries("mns", "delivered")[-1].details["attempt"] == 4


@pytest.mark.fidelity(29)
@pytest.mark.parametrize("by", ["XML interface", "management call"])
def test_a_queue_endpoint_gets_the_messages_of_its_tag(cloud: LocalCloud, by: str) -> None:
    """They are in that queue, in the format that was ordered, and no others."""
    if by == "XML interface":
        subscribe(cloud, queue_endpoint(cloud), "SIMPLIFIED", "oss")
    else:
        cloud.clients.mns.subscribe(
            models.SubscribeRequest(
                topic_name=TOPIC,
                subscription_name="mine",
                push_type="queue",
                endpoint=QUEUE,
                notify_content_format="SIMPLIFIED",
                message_tag="oss",
            )
        )
    cloud.mns.publish(TOPIC, "other", tag="ecs")
    cloud.mns.publish(TOPIC, "ours", tag="oss")
    assert cloud.mns.wait_idle(20)
    assert cloud.mns.messages(QUEUE) == ["ours"]
    assert cloud.mns.subscription(TOPIC, "mine").endpoint == queue_endpoint(cloud)


@pytest.mark.fidelity(29)
@pytest.mark.parametrize(
    "endpoint",
    ["http://203.0.113.1/hook", "mail:directmail:a@b.example", "sms:directsms:anonymous"],
)
def test_nothing_leaves_this_machine(cloud: LocalCloud, endpoint: str) -> None:
    """Another machine, mail and text messages are taken, and what is for them is told as lost."""
    subscribe(cloud, endpoint)
    cloud.mns.publish(TOPIC, "body")
    assert cloud.mns.wait_idle(20)
    (lost,) = cloud.journal.entries("mns", "lost", TOPIC)
    assert lost.details["reason"].startswith("the local cloud ")
    assert cloud.journal.entries("mns", "delivery_failed") == []


NONSENSE = {
    "a word": "nonsense",
    "another scheme": "ftp://example.com",
    "no host": "http:///path",
    "no port": "http://127.0.0.1:port/",
    "a space": "http://127.0.0.1/a b",
    "a reserved path": "http://127.0.0.1/mns-reserverd-x",
    "another region": "acs:mns:cn-hangzhou:{account}:queues/inbox",
    "another account": "acs:mns:{region}:1234567890123456:queues/inbox",
    "a topic": "acs:mns:{region}:{account}:topics/findings",
    "a short queue": "acs:mns:{region}:{account}:queues/short",
}


@pytest.mark.fidelity(29)
@pytest.mark.parametrize("name", NONSENSE)
def test_an_endpoint_that_cannot_be_is_refused(cloud: LocalCloud, name: str) -> None:
    """400 EndpointInvalid, and no subscription; a queue must take messages as long as the topic."""
    cloud.mns.create_queue("short", attributes=QueueAttributes(maximum_message_size=1024))
    endpoint = NONSENSE[name].format(region=cloud.region, account=cloud.account_id)
    with pytest.raises(MNSServerException) as refused:
        subscribe(cloud, endpoint)
    assert refused.value.type == "EndpointInvalid"
    assert cloud.mns.topic(TOPIC).subscriptions == {}


def test_a_queue_endpoint_must_be_there(cloud: LocalCloud) -> None:
    """A queue that is not there is refused as such."""
    with pytest.raises(MNSServerException) as refused:
        subscribe(cloud, queue_endpoint(cloud, "absent"))
    assert refused.value.type == "QueueNotExist"


@pytest.mark.parametrize(
    ("push_type", "endpoint"),
    [("http", "nonsense"), ("http", "http://127.0.0.1/ä"), ("fc", "repair"), ("queue", "a/b")],
)
def test_a_management_call_refuses_it_too(cloud: LocalCloud, push_type: str, endpoint: str) -> None:
    """400 EndpointInvalid, whatever the type; one that is unknown is refused as well."""
    request = models.SubscribeRequest(
        topic_name=TOPIC, subscription_name="mine", push_type=push_type, endpoint=endpoint
    )
    with pytest.raises(ClientException) as refused:
        cloud.clients.mns.subscribe(request)
    assert (refused.value.status_code, refused.value.code) == (400, "EndpointInvalid")


@pytest.mark.fidelity(28)
@pytest.mark.parametrize("by", ["XML interface", "management call"])
def test_a_subscription_is_given_another_strategy(
    cloud: LocalCloud, hooks: Callable[..., Hook], by: str
) -> None:
    """SetSubscriptionAttributes changes the retry strategy, and loses nothing that is under way."""
    hook = hooks(500)
    subscribe(cloud, hook.url)
    cloud.mns.publish(TOPIC, "body")
    change = "EXPONENTIAL_DECAY_RETRY"
    if by == "XML interface":
        with connected(cloud, cloud.credentials) as client:
            mine = client.get_subscription(TOPIC, "mine")
            mine.set_attributes(SubscriptionMeta(notify_strategy=change))
            assert mine.get_attributes().notify_strategy == change
    else:
        cloud.clients.mns.set_subscription_attributes(
            models.SetSubscriptionAttributesRequest(
                topic_name=TOPIC, subscription_name="mine", notify_strategy=change
            )
        )
    assert cloud.mns.subscription(TOPIC, "mine").strategy == change
    assert cloud.mns.wait_idle(20)
    assert cloud.journal.entries("mns", "lost") == []
    assert len(cloud.journal.entries("mns", "delivered")) == 1


def test_what_is_due_to_an_endpoint_is_rolled_back(cloud: LocalCloud) -> None:
    """After a rollback a subscription of before delivers as before, and one of later is gone."""
    subscribe(cloud, queue_endpoint(cloud), "SIMPLIFIED")
    before = cloud.snapshot()
    cloud.mns.publish(TOPIC, "forgotten")
    assert cloud.mns.wait_idle(20)
    cloud.rollback(before)
    assert cloud.mns.messages(QUEUE) == []
    cloud.mns.publish(TOPIC, "body")
    assert cloud.mns.wait_idle(20)
    assert cloud.mns.messages(QUEUE) == ["body"]
