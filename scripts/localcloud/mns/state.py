"""MNS: topics that push to their subscribers, and queues that are read."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..rewinding import Memory, Rewindable
from ..service import Core
from .delivery import (
    STRATEGIES,
    Deliveries,
    Message,
    Push,
    Subscription,
)
from .endpoints import address, push_to
from .errors import (
    AlreadyExistsError,
    EndpointInvalidError,
    NotExistError,
)
from .queue import (
    DEFAULT_PRIORITY,
    MessageCounts,
    NewMessage,
    Queue,
    QueueAttributes,
    QueuedMessage,
    check_size,
    check_tag,
    new_message_id,
)
from .topic import Topic, TopicAttributes, check_name, check_number

_POLL_SECONDS = 0.02


class MnsState(Rewindable):
    """The account's topics and queues in one region.

    What names a topic, queue or subscription that is not there raises NotExistError (a KeyError).
    Every message on a topic is delivered to each subscriber once and `duplicates` more times.
    `tells_counts` is whether the management calls still tell how many messages a queue holds: the
    SDK says that those counts are to "be deprecated and default to 0". `batches_need_their_own` is
    whether to send, receive or peek at several messages takes the action that the batch's own page
    names (`mns:BatchReceiveMessage`) beside that of one message, which RAM's list has for it.
    """

    def __init__(self, core: Core, *, duplicates: int) -> None:
        self.tells_counts = True
        self.batches_need_their_own = False
        self._core = core
        self._copies = 1 + duplicates
        self._lock = threading.RLock()
        self._topics: dict[str, Topic] = {}
        self._queues: dict[str, Queue] = {}
        self._subscriptions = 0  # how many there ever were
        self._deliveries = Deliveries(core, self._subscribed)

    # Topics

    def create_topic(
        self,
        name: str,
        attributes: TopicAttributes | None = None,
        *,
        tags: Mapping[str, str] | None = None,
    ) -> bool:
        """Make a topic; False if there is just such a one already, whose tags stay.

        Raises AlreadyExistsError if that one differs, InvalidNameError.
        """
        wanted = attributes or TopicAttributes()
        check_name("Topic", name)
        with self._lock:
            if name in self._topics:
                if self._topics[name].attributes != wanted:
                    raise AlreadyExistsError("Topic", name)
                return False
            check_number("Topic", self._topics)
            now = self._core.clock.now()
            self._topics[name] = Topic(name, wanted, now, now, tags or {})
            return True

    def begin_to_spread(self, topic: str) -> None:
        """A topic was made just now, by an operation."""
        self._core.spreading.begin(self._arn(topic))

    def _arn(self, topic: str) -> str:
        return f"acs:mns:{self._core.region}:{self._core.account_id}:/topics/{topic}"

    def delete_topic(self, name: str) -> None:
        """Remove a topic, its subscriptions and what they were still to get."""
        with self._lock:
            self._topic(name)
            del self._topics[name]
            self._core.spreading.forget(self._arn(name))

    def topics(self) -> list[str]:
        """The topics' names, sorted."""
        with self._lock:
            return sorted(self._topics)

    def topic(self, name: str) -> Topic:
        """A topic as it is now."""
        with self._lock:
            topic = self._topic(name)
            return replace(topic, subscriptions=dict(topic.subscriptions))

    def set_topic(self, name: str, attributes: TopicAttributes) -> None:
        """Give a topic other attributes."""
        with self._lock:
            topic = self._topic(name)
            topic.attributes, topic.modified_at = attributes, self._core.clock.now()

    def message_count(self, topic: str) -> int:
        """How many of the topic's messages are not yet delivered to all.

        Guessed: the page "GetTopicAttributes" only says "the number of messages in the topic".
        """
        return self._deliveries.pending(topic)

    def subscribe(
        self,
        topic: str,
        name: str,
        *,
        strategy: str,
        push: Push,
        endpoint: str = "",
        content_format: str = "STREAM",
        filter_tag: str = "",
    ) -> None:
        """Let `push` have the topic's messages (those tagged `filter_tag`, if given) from now on.

        `push` returns whether the endpoint accepted the message; if not, or if it raises, it is
        called again by `strategy`. One of the same name is replaced. TooManyError. ValueError for
        an unknown strategy.
        """
        with self._lock:
            self._add(self._new(topic, name, endpoint, strategy, content_format, filter_tag, push))

    def register(
        self,
        topic: str,
        name: str,
        *,
        endpoint: str,
        strategy: str,
        content_format: str,
        filter_tag: str = "",
    ) -> bool:
        """Let an endpoint have the topic's messages: an HTTP server or a queue of this account.

        False if there is just such a one already. Raises AlreadyExistsError if that one differs,
        InvalidNameError, NameLengthError, EndpointInvalidError, TooManyError, TagTooLongError;
        NotExistError for a queue that is not there (guessed: that it must be, as its size counts).
        ValueError for an unknown strategy.
        """
        check_name("Subscription", name)
        check_tag("FilterTag", filter_tag)
        push = self._push_to(topic, name, endpoint, content_format)
        with self._lock:
            wanted = self._new(topic, name, endpoint, strategy, content_format, filter_tag, push)
            existing = self._topic(topic).subscriptions.get(name)
            if existing is None:
                self._add(wanted)
            elif existing != wanted:
                raise AlreadyExistsError("Subscription", name)
            return existing is None

    def set_subscription(self, topic: str, name: str, strategy: str) -> None:
        """Give a subscription another retry strategy."""
        with self._lock:
            found = self.subscription(topic, name)
            changed = replace(found, strategy=strategy, modified_at=self._core.clock.now())
            self._topic(topic).subscriptions[name] = changed

    def subscription(self, topic: str, name: str) -> Subscription:
        """A subscription, of a trigger or on record."""
        with self._lock:
            found = self._topic(topic).subscriptions.get(name)
        if found is None:
            raise NotExistError("Subscription", name)
        return found

    def unsubscribe(self, topic: str, name: str) -> None:
        """Remove a subscription and what it was still to get."""
        with self._lock:
            if self._topic(topic).subscriptions.pop(name, None) is None:
                raise NotExistError("Subscription", name)

    def publish(
        self, topic: str, body: str, *, tag: str = "", attributes: Mapping[str, str] | None = None
    ) -> str:
        """Send a message to all subscribers, in the background; returns the message's id.

        Raises MessageTooLongError above the topic's maximum size, TagTooLongError.
        """
        found = self.topic(topic)
        check_tag("MessageTag", tag)
        check_size(body, found.attributes.maximum_message_size)
        now = self._core.clock.now()
        message = Message(new_message_id(), topic, body, tag, dict(attributes or {}), now)
        self._core.journal.record("mns", "published", topic, message_id=message.id, tag=tag)
        for subscription in found.subscriptions.values():
            self._deliveries.add(message, subscription, self._copies)
        return message.id

    def wait_idle(self, timeout: float) -> bool:
        """Wait until no delivery is pending, retries included; False after `timeout` seconds."""
        return self._deliveries.wait_idle(timeout)

    # Queues

    def create_queue(
        self,
        name: str,
        *,
        retention: int = QueueAttributes.message_retention_period,
        attributes: QueueAttributes | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> bool:
        """Make a queue; False if there is just such a one already, whose tags stay.

        Raises AlreadyExistsError if that one differs, InvalidNameError.
        """
        wanted = attributes or QueueAttributes(message_retention_period=retention)
        check_name("Queue", name)
        with self._lock:
            if name in self._queues:
                if self._queues[name].attributes != wanted:
                    raise AlreadyExistsError("Queue", name)
                return False
            check_number("Queue", self._queues)
            now = self._core.clock.now()
            self._queues[name] = Queue(name, self._core.clock, wanted, now, now, tags or {})
            return True

    def delete_queue(self, name: str) -> None:
        """Remove a queue and what is in it."""
        with self._lock:
            self._queue(name)
            del self._queues[name]

    def queues(self) -> list[str]:
        """The queues' names, sorted."""
        with self._lock:
            return sorted(self._queues)

    def queue(self, name: str) -> tuple[Queue, MessageCounts]:
        """A queue (to read its attributes of) and how many messages it holds now."""
        with self._lock:
            queue = self._queue(name)
            return replace(queue), queue.counts()

    def set_queue(self, name: str, attributes: QueueAttributes) -> None:
        """Give a queue other attributes."""
        with self._lock:
            queue = self._queue(name)
            queue.attributes, queue.modified_at = attributes, self._core.clock.now()

    def send(
        self, queue: str, body: str, *, delay: int | None = None, priority: int = DEFAULT_PRIORITY
    ) -> str:
        """Put a message into a queue; returns its id. MessageTooLongError above the maximum."""
        return self.send_all(queue, [NewMessage(body, delay, priority)])[0].id

    def send_all(self, queue: str, messages: Sequence[NewMessage]) -> list[QueuedMessage]:
        """Put messages into a queue, all or none; MessageTooLongError above the maximum."""
        with self._lock:
            return self._queue(queue).send_all(messages)

    def receive(
        self, queue: str, *, count: int = 1, wait: float | None = None
    ) -> list[QueuedMessage]:
        """Take up to `count` messages, each hidden from others for the visibility timeout.

        Waits up to `wait` real seconds (default: the queue's PollingWaitSeconds) for a first one;
        the empty list if none came, or the cloud stopped.
        """
        with self._lock:
            polling = self._queue(queue).attributes.polling_wait_seconds if wait is None else wait
        deadline = time.monotonic() + polling
        while True:
            with self._lock:
                received = self._queue(queue).receive(count)
            if received or time.monotonic() >= deadline:
                return received
            if not self._core.clock.hold(_POLL_SECONDS):
                return []

    def peek(self, queue: str, *, count: int = 1) -> list[QueuedMessage]:
        """Up to `count` visible messages, left as they are."""
        with self._lock:
            return self._queue(queue).peek(count)

    def delete_message(self, queue: str, receipt_handle: str) -> None:
        """Remove a received message; raises ReceiptHandleError."""
        with self._lock:
            self._queue(queue).delete(receipt_handle)

    def change_visibility(self, queue: str, receipt_handle: str, timeout: int) -> QueuedMessage:
        """Hide a received message `timeout` seconds from now on; raises ReceiptHandleError."""
        with self._lock:
            return self._queue(queue).change_visibility(receipt_handle, timeout)

    def messages(self, queue: str) -> list[str]:
        """The bodies of everything in a queue, hidden or not, oldest first; receives nothing."""
        with self._lock:
            return [message.body for message in self._queue(queue).kept()]

    def stop(self) -> None:
        """Give up pending deliveries and end their threads."""
        self._deliveries.stop()

    def rollback(self, memory: Memory) -> None:
        """Have the state of `memory` again, and nothing to deliver; after `stop`."""
        super().rollback(memory)
        self._deliveries = Deliveries(self._core, self._subscribed)

    def _new(
        self,
        topic: str,
        name: str,
        endpoint: str,
        strategy: str,
        content_format: str,
        filter_tag: str,
        push: Push,
    ) -> Subscription:
        if strategy not in STRATEGIES:
            raise ValueError(f"a notify strategy is {' or '.join(STRATEGIES)}, not {strategy!r}")
        now = self._core.clock.now()
        self._subscriptions += 1
        return Subscription(
            topic,
            name,
            endpoint,
            strategy,
            content_format,
            filter_tag,
            push,
            now,
            now,
            self._subscriptions,
        )

    def _add(self, subscription: Subscription) -> None:
        there = self._topic(subscription.topic).subscriptions
        check_number("Subscription", {*there} - {subscription.name})
        there[subscription.name] = subscription

    def _subscribed(self, subscription: Subscription) -> bool:
        with self._lock:
            topic = self._topics.get(subscription.topic)
            found = topic.subscriptions.get(subscription.name) if topic else None
            return found is not None and found.serial == subscription.serial

    def _push_to(self, topic: str, name: str, endpoint: str, content_format: str) -> Push:
        """What delivers to an endpoint; raises EndpointInvalidError, NotExistError."""
        account = self._core.account_id
        to = address(endpoint, self._core.region, account)
        if to.queue:
            size = self.queue(to.queue)[0].attributes.maximum_message_size
            if size < self.topic(topic).attributes.maximum_message_size:
                raise EndpointInvalidError(
                    f"queue {to.queue} takes shorter messages than the topic"
                )
        told = {
            "TopicOwner": account,
            "TopicName": topic,
            "Subscriber": account,
            "SubscriptionName": name,
        }
        return push_to(to, told, content_format, self.send)

    def _topic(self, name: str) -> Topic:
        if name not in self._topics:
            raise NotExistError("Topic", name)
        return self._topics[name]

    def _queue(self, name: str) -> Queue:
        if name not in self._queues:
            raise NotExistError("Queue", name)
        return self._queues[name]
