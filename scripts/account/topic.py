"""The MNS topic that findings are published to."""

import functools
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

from alibabacloud_mns_open20220119 import models

from scripts.account import just_made, mark
from scripts.account.channel import LIST_CHANNELS, channels
from scripts.account.clients import Clients, asked, calling
from scripts.account.compute import compute
from scripts.account.permission import Permission, on
from scripts.account.resource import Difference, State, Thing, creating, deleting, find
from scripts.declared import Spec
from scripts.errors import UsageError

LARGEST_MESSAGE = 65536  # bytes; a finding, and a queue's envelope around it, may take all of it

_TOPICS = "acs:mns:{region}:{account}:/topics/*"
PUBLISH = Permission("mns:PublishMessage", _TOPICS)
GET_TOPIC = Permission("mns:GetTopicAttributes", _TOPICS)
LIST_TOPICS = Permission("mns:ListTopic")
LIST_SUBSCRIPTIONS = Permission("mns:ListSubscriptionByTopic", _TOPICS)

MNS_PAGE = 50
LONGEST = 64 * 1024  # bytes; MNS, "Limits": the body of a message on a topic
# XML 1.0, "Characters": what no document can hold, escaped or not; a message is sent in one.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Topic(Thing):
    """The topic, in the region of the clients."""

    kind = "topic"
    READING = (GET_TOPIC,)
    MAKING = on(_TOPICS, "mns:CreateTopic", "mns:SetTopicAttributes")
    REMOVING = (
        *(GET_TOPIC, LIST_SUBSCRIPTIONS, LIST_CHANNELS, Permission("fc:GetTrigger")),
        Permission("mns:DeleteTopic", _TOPICS),
    )

    def __init__(self, spec: Spec, clients: Clients) -> None:
        self.name = spec.topic
        self._trigger = spec.trigger
        self._spec = spec
        self._clients = clients

    def live(self) -> State | None:
        """Its largest message; None if it is not there."""
        found = self._read()
        return None if found is None else {"maxMessageSize": str(found.max_message_size)}

    def declared(self) -> State:
        """The largest message that there can be."""
        return {"maxMessageSize": str(LARGEST_MESSAGE)}

    def create(self) -> None:
        """Make it, tagged."""
        request = models.CreateTopicRequest(
            topic_name=self.name,
            max_message_size=LARGEST_MESSAGE,
            tag=[models.CreateTopicRequestTag(key=mark.TAG_KEY, value=mark.TAG_VALUE)],
        )
        with creating("mns:CreateTopic", self.name):
            self._clients.mns.create_topic(request)
        just_made.note(self._clients, self.kind, self.name)

    def change(self, differences: tuple[Difference, ...]) -> None:  # noqa: ARG002  (there is but one)
        """Let it take the largest message."""
        request = models.SetTopicAttributesRequest(
            topic_name=self.name, max_message_size=LARGEST_MESSAGE
        )
        with calling("mns:SetTopicAttributes", self.name):
            self._clients.mns.set_topic_attributes(request)

    def stays(self) -> str:
        """It has no mark, or somebody else subscribed to it or publishes to it."""
        found = self._read()
        if found is None or not mark.tagged(found.tags):
            return mark.NOT_OURS
        if further := self.further_subscriptions():
            return f"others subscribe to it: {further}"
        foreign = [
            each.name or each.id
            for each in channels(self._clients)
            if each.target == self._trigger.source_arn and not each.marked
        ]
        return f"other channels deliver to it: {', '.join(foreign)}" if foreign else ""

    def further_subscriptions(self) -> str:
        """Its subscriptions, in words, if there are more than our trigger's; else empty.

        A trigger's subscription cannot be told from others by its name, only counted.
        """
        if not self.there():
            return ""
        names = [each.subscription_name for each in subscriptions(self._clients, self.name)]
        if not self._has_our_trigger():
            return ", ".join(names)
        return f"{', '.join(names)}, of which one is our trigger's" if len(names) > 1 else ""

    def delete(self) -> None:
        """Take it away, with its subscriptions."""
        with deleting("mns:DeleteTopic", self.name):
            self._clients.mns.delete_topic(models.DeleteTopicRequest(topic_name=self.name))

    def _read(self) -> Any:
        request = models.GetTopicAttributesRequest(topic_name=self.name)
        get = self._clients.mns.get_topic_attributes
        found = find("mns:GetTopicAttributes", self.name, lambda: get(request))
        return found and found.data

    def _has_our_trigger(self) -> bool:
        found = compute(self._spec, self._clients).trigger()
        return found is not None and found.source_arn == self._trigger.source_arn


def topics(clients: Clients) -> Iterator[str]:
    """The names of all topics of the account in the region of the clients."""
    return (each.topic_name for each in _topics(clients))


def marked_topics(clients: Clients) -> Iterator[str]:
    """The names of those that have the mark."""
    return (each.topic_name for each in _topics(clients) if mark.tagged(each.tags))


def _topics(clients: Clients) -> Iterator[Any]:
    def page(number: int) -> Any:
        request = models.ListTopicRequest(page_num=number, page_size=MNS_PAGE)
        return clients.mns.list_topic(request)

    return numbered_pages("mns:ListTopic", "the account", page)


def subscriptions(clients: Clients, topic: str) -> Iterator[Any]:
    """The subscriptions of a topic, as the SDK describes them; that of a trigger is among them."""

    def page(number: int) -> Any:
        request = models.ListSubscriptionByTopicRequest(
            topic_name=topic, page_num=number, page_size=MNS_PAGE
        )
        return clients.mns.list_subscription_by_topic(request)

    return numbered_pages("mns:ListSubscriptionByTopic", topic, page)


def numbered_pages(operation: str, subject: str, page: Callable[[int], Any]) -> Iterator[Any]:
    """What all pages of a list of MNS hold; the first has the number 1."""
    for number in itertools.count(1):
        data = asked(operation, subject, functools.partial(page, number)).body.data
        yield from data.page_data or ()
        if number * MNS_PAGE >= data.total:
            return


def publish(clients: Clients, topic: str, event: bytes) -> str:
    """Publish the event as it is; gives the message's id.

    Raises UsageError for an event that no message can carry, and CloudError.
    """
    from mns.topic import TopicMessage  # noqa: PLC0415  (a slow import)

    message = TopicMessage(_text(event))
    with calling(PUBLISH.action, topic, clients.messages_host):
        to = clients.topic(topic)
        try:
            return str(to.publish_message(message).message_id)
        finally:
            to.mns_client.close_connection()


def _text(event: bytes) -> str:
    if len(event) > LONGEST:
        raise UsageError(f"the event has {len(event)} bytes: a message has {LONGEST} at most")
    try:
        text = event.decode()
    except UnicodeDecodeError:
        raise UsageError("the event is not UTF-8: a message of MNS is text") from None
    if found := _NOT_IN_XML.search(text):
        raise UsageError(f"the event has a character that MNS cannot carry: {found[0]!r}")
    return text
