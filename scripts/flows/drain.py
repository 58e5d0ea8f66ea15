"""Takes messages out of a queue, each only once its finding is settled.

MNS, "Queue messages": who receives a message hides it from all others for a while, and holds it by
a handle that is good for as long. So whoever is killed loses nothing: the message can be seen again
when that while is over. What is held too long may be held by somebody else by then, and the old
handle removes nothing. A finding can be handled twice so, which does no harm: the function looks at
the bucket first.
"""

from collections.abc import Callable, Collection, Generator
from typing import NamedTuple, Protocol

from scripts.account.mailbox import Message
from scripts.afterwards import afterwards


class Mailbox(Protocol):
    """A queue, as far as it takes to drain it."""

    def receive(self, hold: int) -> Message | None:
        """One message, held for `hold` seconds; None if none comes for some seconds."""
        ...

    def release(self, message: Message) -> None:
        """Let others see it again at once. Nothing happens if the handle is no longer good."""
        ...

    def remove(self, message: Message) -> bool:
        """Remove it for good; False, and it stays, if the handle is no longer good."""
        ...


class Handled(NamedTuple):
    """A message that was tried.

    `problem` is why it is not settled; empty if it is. `removed` is false for a settled one too, if
    it was held too long: it is there again, and settled at once the next time.
    """

    message: Message
    problem: str
    removed: bool


def drain(
    mailbox: Mailbox, wanted: Collection[str], send: Callable[[Message], str], hold: int
) -> Generator[Handled, None, None]:
    """Send the messages with the ids `wanted`, one after the other, and remove what is settled.

    `send` gives the problem that remains, or an empty text if everything in the message is settled;
    it should take less than `hold` seconds. What is not removed is let go of at the end, however
    that comes. An id for which nothing is given was not to be had.
    """
    left = set(wanted)
    held: dict[str, Message] = {}
    again = 0  # messages in a row that are none of the wanted, and not new

    def let_go() -> None:
        for message in held.values():
            mailbox.release(message)

    with afterwards(let_go):
        while left and again <= len(held):
            message = mailbox.receive(hold)
            if message is None:
                return
            again = again + 1 if message.id in held else 0
            held[message.id] = message
            if message.id not in left:
                continue
            left.remove(message.id)
            problem = send(message)
            removed = not problem and mailbox.remove(message)
            if removed:
                del held[message.id]
            yield Handled(message, problem, removed)
