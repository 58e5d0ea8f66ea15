"""One MNS queue: messages, who may see them when, and how long they are kept."""

import hashlib
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..clock import Clock
from .errors import MessageTooLongError, ReceiptHandleError, TagTooLongError

SIZE_LIMIT = 65536
DEFAULT_PRIORITY = 8
_LONGEST_TAG = 16


@dataclass(frozen=True)
class QueueAttributes:
    """What a queue can be told; the defaults and limits are those of the page "CreateQueue"."""

    delay_seconds: int = 0
    maximum_message_size: int = SIZE_LIMIT
    message_retention_period: int = 345600
    visibility_timeout: int = 30
    polling_wait_seconds: int = 0
    logging_enabled: bool = False


class NewMessage(NamedTuple):
    """A message to be sent, visible after `delay` seconds (default: the queue's)."""

    body: str
    delay: int | None = None
    priority: int = DEFAULT_PRIORITY
    properties: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class QueuedMessage:
    """A message in a queue, as one reader sees it; times are seconds since the epoch.

    Each of its `properties` has a Name, a Value and a Type.
    """

    id: str
    body: str
    priority: int
    enqueued_at: float
    visible_at: float
    receipt_handle: str = ""
    first_dequeued_at: float = 0.0
    dequeue_count: int = 0
    properties: tuple[Mapping[str, str], ...] = ()

    @property
    def md5(self) -> str:
        """The body's MD5, in the upper-case hexadecimal that MNS uses."""
        return body_md5(self.body)


@dataclass(frozen=True)
class MessageCounts:
    """How many messages can be received, are being worked on, and are not yet due."""

    active: int
    inactive: int
    delayed: int


@dataclass
class Queue:
    """A queue; not thread-safe by itself, `MnsState` guards it."""

    name: str
    clock: Clock
    attributes: QueueAttributes
    created_at: float
    modified_at: float
    tags: Mapping[str, str] = field(default_factory=dict)
    _messages: list[QueuedMessage] = field(default_factory=list)

    def send(
        self, body: str, *, delay: int | None = None, priority: int = DEFAULT_PRIORITY
    ) -> QueuedMessage:
        """Put one message in; MessageTooLongError."""
        return self.send_all([NewMessage(body, delay, priority)])[0]

    def send_all(self, messages: Sequence[NewMessage]) -> list[QueuedMessage]:
        """Put messages in, all of them or none; MessageTooLongError."""
        for message in messages:
            check_size(message.body, self.attributes.maximum_message_size)
        check_size("".join(message.body for message in messages), SIZE_LIMIT)
        sent = [self._queued(message) for message in messages]
        self._messages += sent
        return sent

    def _queued(self, message: NewMessage) -> QueuedMessage:
        now = self.clock.now()
        wait = self.attributes.delay_seconds if message.delay is None else message.delay
        return QueuedMessage(
            new_message_id(),
            message.body,
            message.priority,
            now,
            now + wait,
            properties=message.properties,
        )

    def receive(self, count: int) -> list[QueuedMessage]:
        """Take up to `count` visible messages, hidden from now on for the visibility timeout."""
        now = self.clock.now()
        received = []
        for message in self.peek(count):
            taken = replace(
                message,
                visible_at=now + self.attributes.visibility_timeout,
                receipt_handle=_new_receipt_handle(message),
                first_dequeued_at=message.first_dequeued_at or now,
                dequeue_count=message.dequeue_count + 1,
            )
            self._put_back(taken)
            received.append(taken)
        return received

    def peek(self, count: int) -> list[QueuedMessage]:
        """Up to `count` visible messages as they are, the most urgent and oldest first."""
        now = self.clock.now()
        visible = [message for message in self.kept() if message.visible_at <= now]
        return sorted(visible, key=lambda message: message.priority)[:count]

    def delete(self, receipt_handle: str) -> None:
        """Remove the message that `receipt_handle` was given for; ReceiptHandleError."""
        self._messages.remove(self._held_by(receipt_handle))

    def change_visibility(self, receipt_handle: str, timeout: int) -> QueuedMessage:
        """Hide a received message until `timeout` seconds from now, under a new handle."""
        message = self._held_by(receipt_handle)
        changed = replace(
            message,
            visible_at=self.clock.now() + timeout,
            receipt_handle=_new_receipt_handle(message),
        )
        self._put_back(changed)
        return changed

    def kept(self) -> list[QueuedMessage]:
        """Every message not yet past its retention period, oldest first."""
        oldest = self.clock.now() - self.attributes.message_retention_period
        self._messages[:] = [m for m in self._messages if m.enqueued_at > oldest]
        return list(self._messages)

    def counts(self) -> MessageCounts:
        """How many messages are in each of the three conditions."""
        now = self.clock.now()
        hidden = [message for message in self.kept() if message.visible_at > now]
        inactive = sum(1 for message in hidden if message.dequeue_count)
        active = len(self._messages) - len(hidden)
        return MessageCounts(active, inactive, delayed=len(hidden) - inactive)

    def _held_by(self, receipt_handle: str) -> QueuedMessage:
        """A handle is good until its message can be seen again (page "DeleteMessage")."""
        now = self.clock.now()
        for message in self.kept():
            if message.receipt_handle == receipt_handle != "" and message.visible_at > now:
                return message
        raise ReceiptHandleError(receipt_handle)

    def _put_back(self, changed: QueuedMessage) -> None:
        places = [message.id for message in self._messages]
        self._messages[places.index(changed.id)] = changed


def new_message_id() -> str:
    """An id as MNS writes them."""
    return uuid.uuid4().hex.upper()


def body_md5(body: str) -> str:
    """The MD5 of a body, in upper-case hexadecimal."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest().upper()


def check_size(body: str, limit: int) -> None:
    """Raise MessageTooLongError for a body of more than `limit` bytes."""
    if len(body.encode()) > limit:
        raise MessageTooLongError(f"the message has {len(body.encode())} bytes, above {limit}")


def check_tag(name: str, tag: str) -> None:
    """Raise TagTooLongError for a tag of more than 16 characters (page "Limits")."""
    if len(tag) > _LONGEST_TAG:
        raise TagTooLongError(f"the {name} has {len(tag)} characters, above {_LONGEST_TAG}")


def _new_receipt_handle(message: QueuedMessage) -> str:
    # Clients put it into the query without quoting, so it has only characters that need none.
    return f"{message.priority}-{secrets.token_hex(20)}"
