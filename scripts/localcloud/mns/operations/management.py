"""What the management calls of mns-open do, each by its row's name."""

import re
from collections.abc import Callable, Mapping

from ...pop import Answer, Call, invalid
from ...service import ApiError, Core
from ..attributes import (
    notify_strategy,
    queue_attributes,
    subscription_attributes,
    topic_attributes,
)
from ..delivery import Subscription
from ..descriptions import (
    describe_queue,
    describe_subscription,
    describe_topic,
)
from ..endpoints import from_push_type
from ..queue import QueueAttributes
from ..state import MnsState
from ..topic import TopicAttributes

_DONE = {"Code": 200, "Message": "operation success", "Status": "Success", "Success": True}
_CREATED = {"Code": 200, "Message": "operation success", "Success": True}
_SHORTEST_PAGE, _LONGEST_PAGE = 10, 50


class ManagementOperations:
    """A method for each row, over the same state as the XML interface."""

    def __init__(self, core: Core, state: MnsState) -> None:
        self._core = core
        self._state = state

    def create_topic(self, call: Call) -> Answer:
        """Page "CreateTopic"."""
        _check_type(call.text("TopicType", "normal"))
        attributes = topic_attributes(_topic_fields(call), TopicAttributes())
        name = call.text("TopicName")
        if self._state.create_topic(name, attributes, tags=_tags(call)):
            self._state.begin_to_spread(name)
        return _done(_CREATED)

    def delete_topic(self, call: Call) -> Answer:
        """Page "DeleteTopic"."""
        self._state.delete_topic(call.text("TopicName"))
        return _done()

    def get_topic_attributes(self, call: Call) -> Answer:
        """Page "GetTopicAttributes"."""
        return _done(self._topic(call.text("TopicName")))

    def set_topic_attributes(self, call: Call) -> Answer:
        """Page "SetTopicAttributes"."""
        name = call.text("TopicName")
        now = self._state.topic(name).attributes
        self._state.set_topic(name, topic_attributes(_topic_fields(call), now))
        return _done()

    def list_topic(self, call: Call) -> Answer:
        """Page "ListTopic"."""
        tagged = {name: self._state.topic(name).tags for name in self._state.topics()}
        return _page(call, _chosen(call, "TopicType", tagged), "TopicName", self._topic)

    def create_queue(self, call: Call) -> Answer:
        """Page "CreateQueue"."""
        _check_type(call.text("QueueType", "normal"))
        attributes = queue_attributes(_queue_fields(call), QueueAttributes())
        self._state.create_queue(call.text("QueueName"), attributes=attributes, tags=_tags(call))
        return _done(_CREATED)

    def delete_queue(self, call: Call) -> Answer:
        """Page "DeleteQueue"."""
        self._state.delete_queue(call.text("QueueName"))
        return _done()

    def get_queue_attributes(self, call: Call) -> Answer:
        """Page "GetQueueAttributes"."""
        return _done(self._queue(call.text("QueueName")))

    def set_queue_attributes(self, call: Call) -> Answer:
        """Page "SetQueueAttributes"."""
        name = call.text("QueueName")
        now, _ = self._state.queue(name)
        self._state.set_queue(name, queue_attributes(_queue_fields(call), now.attributes))
        return _done()

    def list_queue(self, call: Call) -> Answer:
        """Page "ListQueue"."""
        tagged = {name: self._state.queue(name)[0].tags for name in self._state.queues()}
        return _page(call, _chosen(call, "QueueType", tagged), "QueueName", self._queue)

    def subscribe(self, call: Call) -> Answer:
        """Page "Subscribe"."""
        topic, name = call.text("TopicName"), call.text("SubscriptionName")
        here = self._core.region, self._core.account_id
        self._state.register(
            topic,
            name,
            **subscription_attributes(
                endpoint=from_push_type(call.text("PushType"), call.text("Endpoint"), *here),
                strategy=call.text("NotifyStrategy", ""),
                content_format=call.text("NotifyContentFormat", ""),
                filter_tag=call.text("MessageTag", ""),
            ),
        )
        return _done(name)

    def set_subscription_attributes(self, call: Call) -> Answer:
        """Page "SetSubscriptionAttributes"."""
        topic, name = call.text("TopicName"), call.text("SubscriptionName")
        now = self._state.subscription(topic, name).strategy
        strategy = notify_strategy(call.text("NotifyStrategy", ""), now)
        self._state.set_subscription(topic, name, strategy)
        return _done()

    def unsubscribe(self, call: Call) -> Answer:
        """Page "Unsubscribe"."""
        self._state.unsubscribe(call.text("TopicName"), call.text("SubscriptionName"))
        return _done()

    def get_subscription_attributes(self, call: Call) -> Answer:
        """Page "GetSubscriptionAttributes"."""
        topic, name = call.text("TopicName"), call.text("SubscriptionName")
        return _done(self._subscription(self._state.subscription(topic, name)))

    def list_subscription_by_topic(self, call: Call) -> Answer:
        """Page "ListSubscriptionByTopic"."""
        subscriptions = self._state.topic(call.text("TopicName")).subscriptions
        return _page(
            call,
            sorted(subscriptions),
            "SubscriptionName",
            lambda name: self._subscription(subscriptions[name]),
        )

    def _topic(self, name: str) -> Answer:
        described = describe_topic(self._state, name)
        size = described.pop("MaximumMessageSize")
        tags = _described_tags(self._state.topic(name).tags)
        return {**described, "MaxMessageSize": size, "TopicType": "normal", "Tags": tags}

    def _queue(self, name: str) -> Answer:
        tags = _described_tags(self._state.queue(name)[0].tags)
        described = describe_queue(self._state, name)
        if not self._state.tells_counts:
            described |= dict.fromkeys(("ActiveMessages", "InactiveMessages", "DelayMessages"), 0)
        return {**described, "QueueType": "normal", "Tags": tags}

    def _subscription(self, found: Subscription) -> Answer:
        return describe_subscription(self._core.account_id, found)


def _topic_fields(call: Call) -> dict[str, str]:
    """A topic's attributes by the names of the XML interface."""
    return {
        "MaximumMessageSize": call.text("MaxMessageSize", ""),
        "LoggingEnabled": call.text("EnableLogging", ""),
    }


def _queue_fields(call: Call) -> dict[str, str]:
    """A queue's attributes by the names of the XML interface: the same but for one."""
    return {**call.params, "LoggingEnabled": call.text("EnableLogging", "")}


def _tags(call: Call) -> dict[str, str]:
    """`Tag.1.Key`, `Tag.1.Value` and so on."""
    keys = (name for name in call.params if re.fullmatch(r"Tag\.\d+\.Key", name))
    return {call.params[name]: call.text(name[: -len("Key")] + "Value", "") for name in keys}


def _check_type(given: str) -> None:
    """Page "Public error codes" (2022-01-19)."""
    if given != "normal":
        message = "FIFO queue or topic is not supported in this region."
        raise ApiError(400, "FifoNotSupport", f"{message} The local cloud has only normal ones.")


def _chosen(call: Call, kind: str, tagged: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The names of those that have all tags of a list request, if they are to be normal ones."""
    if call.text(kind, "normal") != "normal":
        return []
    return [name for name, tags in tagged.items() if _tags(call).items() <= tags.items()]


def _described_tags(tags: Mapping[str, str]) -> list[Answer]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def _done(data: object = None) -> Answer:
    return _DONE if data is None else {**_DONE, "Data": data}


def _page(call: Call, names: list[str], filtered_by: str, item: Callable[[str], Answer]) -> Answer:
    """One page of items; sizes and numbers out of range are brought into it, as documented."""
    number = max(1, _integer(call, "PageNum", 1))
    size = min(max(_SHORTEST_PAGE, _integer(call, "PageSize", _SHORTEST_PAGE)), _LONGEST_PAGE)
    wanted = [name for name in names if call.text(filtered_by, "") in name]
    shown = wanted[(number - 1) * size : number * size]
    return _done(
        {
            "PageData": [item(name) for name in shown],
            "PageNum": number,
            "PageSize": size,
            "Pages": -(-len(wanted) // size),
            "Size": len(shown),
            "Total": len(wanted),
        }
    )


def _integer(call: Call, name: str, default: int) -> int:
    try:
        return int(call.text(name, str(default)))
    except ValueError:
        raise invalid(name, "must be an integer") from None
