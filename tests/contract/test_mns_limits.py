"""MNS's documented limits and forms of names: page "Limits" and those of the operations."""

from collections.abc import Callable, Iterator

import pytest
from alibabacloud_mns_open20220119 import models
from alibabacloud_mns_open20220119.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException

from scripts.localcloud import LocalCloud
from scripts.localcloud.mns.errors import MnsError, as_api_error
from tests.contract.mns_helpers import cloud

__all__ = ["cloud"]

TOPIC, QUEUE = "findings", "inbox"


@pytest.fixture
def client(cloud: LocalCloud) -> Iterator[Client]:
    """The SDK of the management calls, a topic and a queue; nothing else before and after."""
    cloud.mns.create_topic(TOPIC)
    cloud.mns.create_queue(QUEUE)
    yield cloud.clients.mns
    for topic in cloud.mns.topics():
        cloud.mns.delete_topic(topic)
    for queue in cloud.mns.queues():
        cloud.mns.delete_queue(queue)


def topic_named(name: str) -> Callable[[Client], object]:
    """Makes a topic of this name."""
    return lambda client: client.create_topic(models.CreateTopicRequest(topic_name=name))


def queue_named(name: str) -> Callable[[Client], object]:
    """Makes a queue of this name."""
    return lambda client: client.create_queue(models.CreateQueueRequest(queue_name=name))


def subscribed(name: str = "mine", tag: str = "") -> Callable[[Client], object]:
    """Subscribes an endpoint elsewhere to the topic."""
    request = models.SubscribeRequest(
        topic_name=TOPIC,
        subscription_name=name,
        push_type="http",
        endpoint="http://203.0.113.1/",
        message_tag=tag,
    )
    return lambda client: client.subscribe(request)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (topic_named("a" * 121), "TopicNameLengthError"),
        (topic_named("1st"), "TopicNameInvalid"),
        (topic_named("a_b"), "TopicNameInvalid"),
        (queue_named("a" * 121), "QueueNameLengthError"),
        (queue_named("-a"), "InvalidQueueName"),
        (subscribed("a" * 256), "SubscriptionNameLengthError"),
        (subscribed("a.b"), "SubscriptionNameInvalid"),
        (subscribed(tag="a" * 17), "InvalidArgument"),
    ],
)
def test_names_and_tags_have_their_form_and_length(
    cloud: LocalCloud, client: Client, call: Callable[[Client], object], code: str
) -> None:
    """Each fault has its code, and nothing is made."""
    with pytest.raises(ClientException) as refused:
        call(client)
    assert (refused.value.status_code, refused.value.code) == (400, code)
    assert (cloud.mns.topics(), cloud.mns.queues()) == ([TOPIC], [QUEUE])
    assert cloud.mns.topic(TOPIC).subscriptions == {}


def test_the_longest_names_and_tags_are_taken(cloud: LocalCloud, client: Client) -> None:
    """120 characters, 255 for a subscription, 16 for a tag; a queue's may begin with a digit."""
    for call in (topic_named("a" * 120), queue_named("1" * 120), subscribed("1" * 255, "t" * 16)):
        call(client)
    assert len(cloud.mns.topics()) == len(cloud.mns.queues()) == 2
    assert len(cloud.mns.topic(TOPIC).subscriptions) == 1


@pytest.mark.fidelity(27)
def test_a_message_has_a_tag_of_at_most_16_characters(cloud: LocalCloud, client: Client) -> None:
    """One of 17 is refused, whoever publishes; characters are counted, not bytes."""
    cloud.mns.publish(TOPIC, "body", tag="ä" * 16)
    with pytest.raises(MnsError) as refused:
        cloud.mns.publish(TOPIC, "body", tag="a" * 17)
    assert as_api_error(refused.value).code == "InvalidArgument"
    assert len(cloud.journal.entries("mns", "published", TOPIC)) == 1


@pytest.mark.fidelity(27)
def test_a_topic_has_at_most_100_subscriptions(cloud: LocalCloud, client: Client) -> None:
    """The 101st is refused; to order one of them again is not."""
    for number in range(100):
        cloud.mns.register(
            TOPIC,
            f"number-{number}",
            endpoint="http://203.0.113.1/",
            strategy="BACKOFF_RETRY",
            content_format="XML",
        )
    with pytest.raises(ClientException) as refused:
        subscribed("one-more")(client)
    assert (refused.value.status_code, refused.value.code) == (400, "SubscriptionNumExceededLimit")
    subscribed("number-7")(client)
    assert len(cloud.mns.topic(TOPIC).subscriptions) == 100


def test_there_are_at_most_1000_topics_and_queues(cloud: LocalCloud, client: Client) -> None:
    """One more is refused; to order one of them again is not."""
    for number in range(999):
        cloud.mns.create_topic(f"number-{number}")
        cloud.mns.create_queue(f"number-{number}")
    for call, code in (
        (topic_named("one-more"), "TopicNumExceededLimit"),
        (queue_named("one-more"), "QueueNumExceededLimit"),
    ):
        with pytest.raises(ClientException) as refused:
            call(client)
        assert (refused.value.status_code, refused.value.code) == (400, code)
    topic_named("number-7")(client)
    queue_named("number-7")(client)


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.create_queue(models.CreateQueueRequest(queue_name="q", queue_type="fifo")),
        lambda c: c.create_topic(models.CreateTopicRequest(topic_name="t", topic_type="fifo")),
    ],
    ids=["queue", "topic"],
)
def test_there_is_no_fifo_here(
    cloud: LocalCloud, client: Client, call: Callable[[Client], object]
) -> None:
    """A queue or topic of that type is refused as in a region without them."""
    with pytest.raises(ClientException) as refused:
        call(client)
    assert (refused.value.status_code, refused.value.code) == (400, "FifoNotSupport")
    assert (cloud.mns.topics(), cloud.mns.queues()) == ([TOPIC], [QUEUE])


def test_a_list_is_of_those_with_all_tags(cloud: LocalCloud, client: Client) -> None:
    """Tags of a list request choose what is listed."""
    cloud.mns.create_topic("ours", tags={"made-by": "resource-repair", "team": "a"})
    cloud.mns.create_topic("theirs", tags={"made-by": "others", "team": "a"})
    tags = [models.ListTopicRequestTag(key="made-by", value="resource-repair")]
    tags.append(models.ListTopicRequestTag(key="team", value="a"))
    listed = client.list_topic(models.ListTopicRequest(tag=tags)).body.data.page_data
    assert [topic.topic_name for topic in listed] == ["ours"]
