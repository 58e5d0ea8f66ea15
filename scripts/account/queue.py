"""The MNS queue that keeps what could not be repaired."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alibabacloud_mns_open20220119 import models

from scripts.account import mark
from scripts.account.async_config import LIST_ASYNC
from scripts.account.clients import Clients, asked, calling
from scripts.account.compute import senders
from scripts.account.compute.fc2_service import LIST_SERVICES
from scripts.account.function import LIST_FUNCTIONS
from scripts.account.permission import Permission, on
from scripts.account.resource import Difference, State, Thing, creating, deleting, find
from scripts.account.topic import LARGEST_MESSAGE, MNS_PAGE, numbered_pages
from scripts.errors import CloudError

RETENTION = 7 * 24 * 3600  # seconds; the longest that a queue keeps a message

_QUEUES = "acs:mns:{region}:{account}:/queues/*"
GET_QUEUE = Permission("mns:GetQueueAttributes", _QUEUES)
PEEK = Permission("mns:PeekMessage", _QUEUES)
LIST_QUEUES = Permission("mns:ListQueue")

_PEEKED = 16


@dataclass(frozen=True)
class QueueFound:
    """The failure queue as it is; `waiting` counts its messages, hidden and delayed ones too."""

    retention: int
    max_message_size: int
    waiting: int
    marked: bool


class Queue(Thing):
    """A queue of that name, in the region of the clients."""

    kind = "queue"
    READING = (GET_QUEUE,)
    MAKING = on(_QUEUES, "mns:CreateQueue", "mns:SetQueueAttributes")
    REMOVING = (
        *(GET_QUEUE, PEEK, LIST_SERVICES, LIST_FUNCTIONS, LIST_ASYNC),
        Permission("mns:DeleteQueue", _QUEUES),
    )

    def __init__(self, name: str, clients: Clients) -> None:
        self.name = name
        self._clients = clients
        self._mns = clients.mns

    def found(self) -> QueueFound | None:
        """The queue; None if it is not there."""
        request = models.GetQueueAttributesRequest(queue_name=self.name)
        get = self._mns.get_queue_attributes
        answer = find("mns:GetQueueAttributes", self.name, lambda: get(request))
        return None if answer is None else _found(answer.data)

    def live(self) -> State | None:
        """How long it keeps messages, and how long they may be; None if it is not there."""
        found = self.found()
        return None if found is None else _state(found.retention, found.max_message_size)

    def declared(self) -> State:
        """As long as can be, both."""
        return _state(RETENTION, LARGEST_MESSAGE)

    def create(self) -> None:
        """Make it, tagged."""
        request = models.CreateQueueRequest(
            queue_name=self.name,
            message_retention_period=RETENTION,
            maximum_message_size=LARGEST_MESSAGE,
            tag=[models.CreateQueueRequestTag(key=mark.TAG_KEY, value=mark.TAG_VALUE)],
        )
        with creating("mns:CreateQueue", self.name):
            self._mns.create_queue(request)

    def change(self, differences: tuple[Difference, ...]) -> None:  # noqa: ARG002  (both are sent)
        """Let it keep messages of any size as long as can be."""
        request = models.SetQueueAttributesRequest(
            queue_name=self.name,
            message_retention_period=RETENTION,
            maximum_message_size=LARGEST_MESSAGE,
        )
        with calling("mns:SetQueueAttributes", self.name):
            self._mns.set_queue_attributes(request)

    def stays(self) -> str:
        """It has no mark. Who reads or writes a queue is not known to MNS."""
        found = self.found()
        return "" if found and found.marked else mark.NOT_OURS

    def users(self) -> list[str]:
        """The functions in the region that send to it what became of them."""
        return [
            each.what for each in senders(self._clients) if self.name in map(_queue_of, each.to)
        ]

    def holds(self) -> int:
        """How many messages wait in it, at least; none if it is not there.

        The counts that a queue tells are "to be deprecated and default to 0" (the SDK's own words):
        not to lose what they no longer tell of, it is also looked into.
        """
        found = self.found()
        return max(found.waiting, len(self.arrivals())) if found else 0

    def arrivals(self) -> list[float]:
        """When each message came that can be seen now, in seconds since the epoch.

        Page "BatchPeekMessage": up to 16, and none of those that somebody has received just now.
        """
        messages = self._clients.queue(self.name)
        host, memory = self._clients.messages_host, self._clients.memory
        peek = functools.partial(messages.batch_peek_message, _PEEKED)
        try:
            peeked = asked("mns:PeekMessage", self.name, lambda: memory.heard(host, peek), host)
        except CloudError as error:
            if error.code == "MessageNotExist":
                return []
            raise
        finally:
            messages.mns_client.close_connection()
        return [int(message.enqueue_time) / 1000 for message in peeked]

    def delete(self) -> None:
        """Take it away, with the messages in it."""
        with deleting("mns:DeleteQueue", self.name):
            self._mns.delete_queue(models.DeleteQueueRequest(queue_name=self.name))

    def _read(self) -> QueueFound | None:
        return self.found()


def marked_queues(clients: Clients) -> Iterator[str]:
    """The names of the queues in the region of the clients that have the mark."""

    def page(number: int) -> Any:
        request = models.ListQueueRequest(page_num=number, page_size=MNS_PAGE)
        return clients.mns.list_queue(request)

    found = numbered_pages("mns:ListQueue", "the account", page)
    return (each.queue_name for each in found if mark.tagged(each.tags))


def _queue_of(arn: str) -> str:
    """The queue of an ARN such as `acs:mns:…:/queues/<name>/messages`; empty if it is none's."""
    return arn.partition(":/queues/")[2].partition("/")[0]


def _found(data: Any) -> QueueFound:
    counts = (data.active_messages, data.inactive_messages, data.delay_messages)
    return QueueFound(
        retention=int(data.message_retention_period),
        max_message_size=int(data.maximum_message_size),
        waiting=sum(count or 0 for count in counts),
        marked=mark.tagged(data.tags),
    )


def _state(retention: int, max_message_size: int) -> State:
    return {
        "messageRetentionPeriod": str(retention),
        "maximumMessageSize": str(max_message_size),
    }
