"""MNS: topics that push to their subscribers, and queues that are read."""

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scripts.localcloud.mns.delivery import (
    STRATEGIES,
    Deliveries,
    Message,
    Push,
    Subscription,
)
from scripts.localcloud.mns.errors import AlreadyExistsError, InvalidNameError, NotExistError
from scripts.localcloud.mns.queue import (
    DEFAULT_PRIORITY,
    SIZE_LIMIT,
    MessageCounts,
    Queue,
    QueueAttributes,
    QueuedMessage,
    check_size,
    new_message_id,
)
from scripts.localcloud.rewinding import Memory, Rewindable
from scripts.localcloud.service import Core

TOPIC_RETENTION_SECONDS = 86400

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,119}")
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class TopicAttributes:
    """What a topic can be told; the defaults are those of the page "CreateTopic"."""

    maximum_message_size: int = SIZE_LIMIT
    logging_enabled: bool = False


@dataclass
class Topic:
    """A topic and its subscriptions by name; times are seconds since the epoch."""

    name: str
    attributes: TopicAttributes
    created_at: float
    modified_at: float
    tags: Mapping[str, str] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)


class MnsState(Rewindable):
    """The account's topics and queues in one region.

    What names a topic, queue or subscription that is not there raises NotExistError (a KeyError).
    Every message on a topic is delivered to each subscriber once and `duplicates` more times.
    `tells_counts` is whether the management calls still tell how many messages a queue holds: the
    SDK says that those counts are to "be deprecated and default to 0".
    """

    def __init__(self, core: Core, *, duplicates: int) -> None:
        self.tells_counts = True
        self._core = core
        self._copies = 1 + duplicates
        self._lock = threading.RLock()
        self._topics: dict[str, Topic] = {}
        self._queues: dict[str, Queue] = {}
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
        _check_name("Topic", name)
        with self._lock:
            if name in self._topics:
                if self._topics[name].attributes != wanted:
                    raise AlreadyExistsError("Topic", name)
                return False
            now = self._core.clock.now()
            self._topics[name] = Topic(name, wanted, now, now, tags or {})
            home = f"{self._core.region}:{self._core.account_id}"
            self._core.spreading.begin(f"acs:mns:{home}:/topics/{name}")
            return True

    def delete_topic(self, name: str) -> None:
        """Remove a topic, its subscriptions and what they were still to get."""
        with self._lock:
            self._topic(name)
            del self._topics[name]

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
        called again by `strategy`. One of the same name is replaced. ValueError for an unknown
        strategy.
        """
        self._add(
            Subscription(
                topic,
                name,
                endpoint,
                strategy,
                content_format,
                filter_tag,
                self._core.clock.now(),
                push,
            )
        )

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
        """Keep a subscription on record that nothing is delivered to.

        False if there is just such a one already; AlreadyExistsError if that one differs.
        ValueError for an unknown strategy.
        """
        wanted = Subscription(
            topic, name, endpoint, strategy, content_format, filter_tag, self._core.clock.now()
        )
        with self._lock:
            existing = self._topic(topic).subscriptions.get(name)
            if existing is None:
                self._add(wanted)
            elif replace(existing, created_at=wanted.created_at) != wanted:
                raise AlreadyExistsError("Subscription", name)
            return existing is None

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

        Raises MessageTooLongError above the topic's maximum size.
        """
        found = self.topic(topic)
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
        _check_name("Queue", name)
        with self._lock:
            if name in self._queues:
                if self._queues[name].attributes != wanted:
                    raise AlreadyExistsError("Queue", name)
                return False
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
        with self._lock:
            return self._queue(queue).send(body, delay=delay, priority=priority).id

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

    def _add(self, subscription: Subscription) -> None:
        if subscription.strategy not in STRATEGIES:
            wanted = " or ".join(STRATEGIES)
            raise ValueError(f"a notify strategy is {wanted}, not {subscription.strategy!r}")
        with self._lock:
            self._topic(subscription.topic).subscriptions[subscription.name] = subscription

    def _subscribed(self, subscription: Subscription) -> bool:
        with self._lock:
            topic = self._topics.get(subscription.topic)
            return topic is not None and (
                topic.subscriptions.get(subscription.name) is subscription
            )

    def _topic(self, name: str) -> Topic:
        if name not in self._topics:
            raise NotExistError("Topic", name)
        return self._topics[name]

    def _queue(self, name: str) -> Queue:
        if name not in self._queues:
            raise NotExistError("Queue", name)
        return self._queues[name]


def _check_name(kind: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidNameError(kind, name)
