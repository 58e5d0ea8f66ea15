"""MNS's XML interface as the SDK (aliyun-mns-sdk) meets it, over HTTP."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from mns.account import Account
from mns.message_property import MessagePropertyValue
from mns.queue import Message, QueueMeta
from mns.subscription import SubscriptionMeta
from mns.topic import TopicMessage, TopicMeta

from scripts.localcloud import Fail, LocalCloud
from scripts.localcloud.mns.delivery import BACKOFF_RETRY
from scripts.localcloud.mns.delivery import Message as Delivered
from tests.contract.mns_helpers import QUEUE, TOPIC, account, cloud, code_of

__all__ = ["account", "cloud"]

# The SDK warns of its own attributes (ActiveMessages and its like), which it will drop some day.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated:DeprecationWarning")


@pytest.mark.parametrize("body", ["{}", "<a>&amp;</a> \N{SNOWMAN}", " two\nlines ", "eyJhIjogMX0="])
def test_a_published_message_reaches_the_subscriber(
    cloud: LocalCloud, account: Account, body: str
) -> None:
    """Body, tag and properties arrive as they were published, under the id that was answered."""
    accepted: list[Delivered] = []
    cloud.mns.subscribe(
        TOPIC,
        "trigger",
        strategy=BACKOFF_RETRY,
        push=lambda message: accepted.append(message) or True,  # type: ignore[func-returns-value]
    )
    message = TopicMessage(body, "oss")
    message.add_user_property("Extend", MessagePropertyValue.create_string("x"))
    published = account.get_topic(TOPIC).publish_message(message)
    assert cloud.mns.wait_idle(10)
    (got,) = accepted
    assert (got.id, got.md5) == (published.message_id, published.message_body_md5)
    assert (got.body, got.tag, got.attributes) == (body, "oss", {"Extend": "x"})


def test_a_topic_is_made_changed_listed_and_deleted(cloud: LocalCloud, account: Account) -> None:
    """What a topic was told is what its attributes say, and a deleted one is gone."""
    topic = account.get_topic("another")
    url = topic.create(TopicMeta(maximum_message_size=2048))
    assert url == f"{cloud.endpoints.mns}/topics/another"
    assert topic.get_attributes().maximum_message_size == 2048
    topic.set_attributes(TopicMeta(maximum_message_size=4096, logging_enabled=True))
    attributes = topic.get_attributes()
    assert (attributes.maximum_message_size, attributes.logging_enabled) == (4096, True)
    assert attributes.message_retention_period == 86400
    assert account.list_topic()[0] == [f"{cloud.endpoints.mns}/topics/{TOPIC}", url]
    topic.delete()
    assert cloud.mns.topics() == [TOPIC]


def test_subscriptions_of_triggers_and_endpoints_are_listed_together(
    cloud: LocalCloud, account: Account
) -> None:
    """A subscription made by the SDK keeps its attributes, and stands beside a trigger's."""
    cloud.mns.subscribe(TOPIC, "a-trigger", strategy=BACKOFF_RETRY, push=lambda _: True)
    mine = account.get_subscription(TOPIC, "mine")
    mine.subscribe(SubscriptionMeta("http://203.0.113.1/", filter_tag="oss"))
    attributes = mine.get_attributes()
    assert attributes.endpoint == "http://203.0.113.1/"
    assert attributes.notify_strategy == BACKOFF_RETRY
    assert (attributes.filter_tag, attributes.topic_owner) == ("oss", cloud.account_id)
    listed, _ = account.get_topic(TOPIC).list_subscription()
    base = f"{cloud.endpoints.mns}/topics/{TOPIC}/subscriptions"
    assert listed == [f"{base}/a-trigger", f"{base}/mine"]
    mine.unsubscribe()
    assert list(cloud.mns.topic(TOPIC).subscriptions) == ["a-trigger"]


def test_lists_come_in_pages(cloud: LocalCloud, account: Account) -> None:
    """Following the marker shows each queue of the prefix once, and no other."""
    for number in range(5):
        cloud.mns.create_queue(f"page-{number}")
    seen: list[str] = []
    marker = ""
    while True:
        urls, marker = account.list_queue(prefix="page-", ret_number=2, marker=marker)
        assert len(urls) <= 2
        seen += [url.rpartition("/")[2] for url in urls]
        if not marker:
            break
    assert seen == [f"page-{number}" for number in range(5)]


def test_a_message_goes_through_a_queue(cloud: LocalCloud, account: Account) -> None:
    """A message can be peeked at, received once, kept hidden for longer, and deleted."""
    queue = account.get_queue(QUEUE)
    sent = queue.send_message(Message("body"))
    assert cloud.mns.messages(QUEUE) == ["Ym9keQ=="], "the SDK sends base64, which MNS keeps"
    assert queue.peek_message().message_id == sent.message_id
    received = queue.receive_message()
    assert (received.message_body, received.dequeue_count) == (b"body", 1)
    assert queue.get_attributes().inactive_messages == 1
    kept = queue.change_message_visibility(received.receipt_handle, 600)
    cloud.clock.advance(60)
    assert code_of(queue.receive_message) == "MessageNotExist"
    assert code_of(lambda: queue.delete_message(received.receipt_handle)) == "ReceiptHandleError"
    queue.delete_message(kept.receipt_handle)
    assert cloud.mns.messages(QUEUE) == []


def test_a_message_comes_back_and_ages(cloud: LocalCloud, account: Account) -> None:
    """Not deleted, a message is received again after its timeout, until its retention ends."""
    queue = account.get_queue("short")
    queue.create(QueueMeta(vis_timeout=10, msg_ttl=60))
    queue.send_message(Message("body"))
    assert queue.receive_message().next_visible_time > 0
    cloud.clock.advance(11)
    again = queue.receive_message()
    assert (again.message_body, again.dequeue_count) == (b"body", 2)
    cloud.clock.advance(60)
    assert code_of(queue.receive_message) == "MessageNotExist"
    assert queue.get_attributes().active_messages == 0


def test_a_batch_takes_several_messages(cloud: LocalCloud, account: Account) -> None:
    """The most urgent messages come first, and a batch of two leaves the third."""
    queue = account.get_queue(QUEUE)
    for body, priority in (("later", 16), ("soon", 8), ("now", 1)):
        queue.send_message(Message(body, priority=priority))
    peeked = [message.message_body for message in queue.batch_peek_message(5)]
    assert peeked == [b"now", b"soon", b"later"]
    received = queue.batch_receive_message(2)
    assert [message.message_body for message in received] == [b"now", b"soon"]
    assert queue.receive_message().message_body == b"later"


def test_a_receive_waits_for_a_message(account: Account) -> None:
    """A receive with waitseconds answers with a message that becomes visible meanwhile."""
    queue = account.get_queue(QUEUE)
    queue.send_message(Message("late", delay_seconds=1))
    assert code_of(queue.receive_message) == "MessageNotExist"
    assert queue.receive_message(20).message_body == b"late"


class Refused(NamedTuple):
    """A call and how it must be refused."""

    call: Callable[[Account], object]
    status: int
    code: str


REFUSED = {
    "no topic": Refused(
        lambda a: a.get_topic("absent").publish_message(TopicMessage("x")), 404, "TopicNotExist"
    ),
    "no queue": Refused(
        lambda a: a.get_queue("absent").send_message(Message("x")), 404, "QueueNotExist"
    ),
    "no subscription": Refused(
        lambda a: a.get_subscription(TOPIC, "absent").get_attributes(), 404, "SubscriptionNotExist"
    ),
    "empty queue": Refused(lambda a: a.get_queue(QUEUE).receive_message(), 404, "MessageNotExist"),
    "another topic": Refused(
        lambda a: a.get_topic(TOPIC).create(TopicMeta(maximum_message_size=1024)),
        409,
        "TopicAlreadyExist",
    ),
    "another queue": Refused(
        lambda a: a.get_queue(QUEUE).create(QueueMeta(vis_timeout=31)),
        409,
        "QueueAlreadyExist",
    ),
    "topic name": Refused(
        lambda a: a.get_topic("a_b").create(TopicMeta()), 400, "TopicNameInvalid"
    ),
    "queue name": Refused(
        lambda a: a.get_queue("a_b").create(QueueMeta()), 400, "InvalidQueueName"
    ),
    "retention": Refused(
        lambda a: a.get_queue("new").create(QueueMeta(msg_ttl=59)),
        400,
        "InvalidArgument",
    ),
    "too long": Refused(
        lambda a: a.get_topic(TOPIC).publish_message(TopicMessage("x" * 65537)),
        400,
        "InvalidArgument",
    ),
    "handle": Refused(
        lambda a: a.get_queue(QUEUE).delete_message("8-unknown"), 400, "ReceiptHandleError"
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_have_the_documented_codes(cloud: LocalCloud, account: Account, name: str) -> None:
    """Each refusal has the status and the code of the page "Error codes"."""
    refused = REFUSED[name]
    assert code_of(lambda: refused.call(account)) == refused.code
    assert cloud.journal.entries("mns")[-1].details["status"] == refused.status


def test_creating_the_same_again_is_no_error(cloud: LocalCloud, account: Account) -> None:
    """What is just so already is answered with 204 and its URL; another subscription with 409."""
    endpoint = SubscriptionMeta("http://203.0.113.1/")
    mine = account.get_subscription(TOPIC, "mine")
    mine.subscribe(endpoint)
    assert account.get_topic(TOPIC).create(TopicMeta()).endswith(f"/topics/{TOPIC}")
    assert account.get_queue(QUEUE).create(QueueMeta()).endswith(f"/queues/{QUEUE}")
    assert mine.subscribe(endpoint).endswith(f"/topics/{TOPIC}/subscriptions/mine")
    statuses = [entry.details["status"] for entry in cloud.journal.entries("mns")[-3:]]
    assert statuses == [204, 204, 204]
    elsewhere = SubscriptionMeta("http://203.0.113.2/")
    assert code_of(lambda: mine.subscribe(elsewhere)) == "SubscriptionAlreadyExist"
    assert mine.get_attributes().endpoint == "http://203.0.113.1/"


def test_an_ordered_fault_speaks_mns(cloud: LocalCloud, account: Account) -> None:
    """A fault ordered for PublishMessage is an error of MNS, once, and publishes nothing."""
    cloud.faults.add("mns:PublishMessage", Fail(500, "InternalError"), subject=TOPIC)
    topic = account.get_topic(TOPIC)
    assert code_of(lambda: topic.publish_message(TopicMessage("x"))) == "InternalError"
    assert topic.publish_message(TopicMessage("x")).message_id
