"""The failure queue's messages, over MNS's own interface."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from scripts.account.clients import Clients, asked
from scripts.account.permission import Permission
from scripts.afterwards import afterwards
from scripts.errors import CloudError, Problem

_QUEUES = "acs:mns:{region}:{account}:/queues/*"
RECEIVE = Permission("mns:ReceiveMessage", _QUEUES)
RELEASE = Permission("mns:ChangeMessageVisibility", _QUEUES)
REMOVE = Permission("mns:DeleteMessage", _QUEUES)

LONGEST_HOLD = 43200  # seconds; page "ChangeMessageVisibility"
MOST_LISTED = 1000

_SHORTEST_HOLD = 1
_BATCH = 16  # page "BatchReceiveMessage"
_WAIT = 2  # seconds for a message to come; one that was just let go of takes one
_NONE, _NO_QUEUE = "MessageNotExist", "QueueNotExist"
_LET_GO = (_NONE, "ReceiptHandleError")  # what is said of a handle that is no longer good


class Message(NamedTuple):
    """A message that is held; `arrived_at` is in seconds since the epoch."""

    id: str
    body: str
    arrived_at: float
    handle: str


class QueueMailbox:
    """A queue of that name, in the region of the clients; its calls raise CloudError."""

    def __init__(self, name: str, queue: Any) -> None:
        self.name = name
        self._queue = queue
        self._host = str(queue.mns_client.host)

    def receive(self, hold: int) -> Message | None:
        """One message, held for `hold` seconds; None if none comes for some seconds."""
        while found := self._received(1, _WAIT):
            (message,) = found
            try:
                changed = self._change(message.handle, hold)
            except CloudError as error:
                if error.code not in _LET_GO:
                    raise
                continue  # the queue's own timeout was over already
            return message._replace(handle=changed.receipt_handle)
        return None

    def release(self, message: Message) -> None:
        """Let others see it again at once. Nothing happens if the handle is no longer good."""
        try:
            self._change(message.handle, _SHORTEST_HOLD)
        except CloudError as error:
            if error.code not in _LET_GO:
                raise

    def remove(self, message: Message) -> bool:
        """Remove it for good; False, and it stays, if the handle is no longer good."""
        try:
            self._call(REMOVE, lambda: self._queue.delete_message(message.handle))
        except CloudError as error:
            if error.code not in _LET_GO:
                raise
            return False
        return True

    def listed(self, there: int = 0) -> list[Message]:
        """What can be seen, the oldest first, and let go of again: all, or `MOST_LISTED`.

        Peeking shows the first ones alone, so each is received, and hidden as long as this takes.
        It waits once for others, if there are fewer than `there`, or none.
        """
        found: dict[str, Message] = {}
        wait = 0

        def let_go() -> None:
            for message in found.values():
                self.release(message)

        with afterwards(let_go):
            while len(found) < MOST_LISTED:
                known = len(found)
                found |= {message.id: message for message in self._received(_BATCH, wait)}
                if len(found) == known:  # none is left, or they begin to come back
                    if wait or (found and len(found) >= there):
                        break
                    wait = _WAIT  # such as were just let go of come back one after the other
        return sorted(found.values(), key=lambda message: message.arrived_at)

    def _received(self, most: int, wait: int) -> list[Message]:
        try:
            received = self._call(RECEIVE, lambda: self._queue.batch_receive_message(most, wait))
        except CloudError as error:
            if error.code == _NONE:
                return []
            if error.code == _NO_QUEUE:
                raise Problem(
                    f"there is no queue {self.name}: `resource-repair provision` makes it"
                ) from None
            raise
        return [
            Message(
                each.message_id,
                each.message_body,
                int(each.enqueue_time) / 1000,
                each.receipt_handle,
            )
            for each in received
        ]

    def _change(self, handle: str, seconds: int) -> Any:
        change = self._queue.change_message_visibility
        return self._call(RELEASE, lambda: change(handle, seconds))

    def _call(self, needed: Permission, call: Callable[[], Any]) -> Any:
        """Each may be repeated as a read may: a handle that was used is no longer good."""
        try:
            return asked(needed.action, self.name, call, self._host)
        except KeyboardInterrupt:  # its connection still waits for the answer
            self._queue.mns_client.close_connection()
            raise


@contextmanager
def opened(clients: Clients, name: str) -> Iterator[QueueMailbox]:
    """The mailbox of the queue of that name; its connection is closed at the end."""
    queue = clients.queue(name)
    try:
        yield QueueMailbox(name, queue)
    finally:
        queue.mns_client.close_connection()
