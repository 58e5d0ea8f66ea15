"""A queue's promises, against a simple model of it and through its waits."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from scripts.localcloud.clock import Clock
from scripts.localcloud.faults import Faults
from scripts.localcloud.journal import Journal
from scripts.localcloud.mns.errors import MessageTooLongError, ReceiptHandleError
from scripts.localcloud.mns.queue import MessageCounts, QueueAttributes
from scripts.localcloud.mns.state import MnsState
from scripts.localcloud.service import Core

QUEUE = "failures"
ATTRIBUTES = QueueAttributes(
    visibility_timeout=30, message_retention_period=600, maximum_message_size=1024
)


class StillClock(Clock):
    """A clock that only moves when it is advanced, or when somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 1_700_000_000.0

    def now(self) -> float:
        """The time as it was left."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.time += seconds

    def hold(self, seconds: float) -> bool:
        """Let the time pass that somebody waits."""
        self.advance(seconds)
        return not self.stopped


def make_queue(clock: Clock) -> MnsState:
    """MNS with one queue, on this clock."""
    mns = MnsState(Core("1", "cn-shanghai", clock, Journal(), Faults()), duplicates=0)
    mns.create_queue(QUEUE, attributes=ATTRIBUTES)
    return mns


@dataclass
class Modelled:
    """What the model knows of a message."""

    body: str
    priority: int
    sent_at: float
    hidden_until: float
    handle: str = ""
    received: int = 0


class QueueMachine(RuleBasedStateMachine):
    """Any sequence of calls leaves the queue as the model says."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = StillClock()
        self.mns = make_queue(self.clock)
        self.model: list[Modelled] = []
        self.spent: list[str] = ["8-never-given-out", ""]

    @rule(
        body=st.text(max_size=20),
        delay=st.sampled_from([None, 0, 1, 90]),
        priority=st.sampled_from([1, 8, 16]),
    )
    def send(self, body: str, delay: int | None, priority: int) -> None:
        """A message is hidden for its delay."""
        self.mns.send(QUEUE, body, delay=delay, priority=priority)
        now = self.clock.now()
        self.model.append(Modelled(body, priority, now, now + (delay or 0)))

    @rule(count=st.integers(1, 4))
    def receive(self, count: int) -> None:
        """The most urgent and oldest visible messages come first, and are hidden."""
        expected = self.visible()[:count]
        received = self.mns.receive(QUEUE, count=count, wait=0)
        assert [message.body for message in received] == [message.body for message in expected]
        for got, message in zip(received, expected, strict=True):
            self.retire(message)
            message.handle = got.receipt_handle
            message.hidden_until = self.clock.now() + ATTRIBUTES.visibility_timeout
            message.received += 1
            assert got.dequeue_count == message.received
            assert got.visible_at == message.hidden_until

    @rule()
    def peek(self) -> None:
        """Peeking shows what receiving would take, and changes nothing."""
        peeked = [message.body for message in self.mns.peek(QUEUE, count=16)]
        assert peeked == [message.body for message in self.visible()][:16]

    @precondition(lambda self: self.held())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """A message in hand can be deleted."""
        message = data.draw(st.sampled_from(self.held()))
        self.mns.delete_message(QUEUE, message.handle)
        self.retire(message)
        self.model.remove(message)

    @precondition(lambda self: self.held())
    @rule(data=st.data(), timeout=st.sampled_from([1, 30, 600]))
    def change_visibility(self, data: st.DataObject, timeout: int) -> None:
        """A message in hand can be kept for longer or shorter, under a new handle."""
        message = data.draw(st.sampled_from(self.held()))
        changed = self.mns.change_visibility(QUEUE, message.handle, timeout)
        self.retire(message)
        message.handle = changed.receipt_handle
        message.hidden_until = self.clock.now() + timeout

    @rule(data=st.data())
    def use_a_spent_handle(self, data: st.DataObject) -> None:
        """No old handle deletes or hides anything."""
        handle = data.draw(st.sampled_from(self.spent))
        with pytest.raises(ReceiptHandleError):
            self.mns.delete_message(QUEUE, handle)
        with pytest.raises(ReceiptHandleError):
            self.mns.change_visibility(QUEUE, handle, 30)

    @rule(seconds=st.sampled_from([1, 29, 30, 60, 300, 600]))
    def advance(self, seconds: int) -> None:
        """Hidden messages come back, and old ones go."""
        self.clock.advance(seconds)
        for message in self.model:
            if message.hidden_until <= self.clock.now():
                self.retire(message)
        oldest = self.clock.now() - ATTRIBUTES.message_retention_period
        self.spent += [message.handle for message in self.model if message.sent_at <= oldest]
        self.model = [message for message in self.model if message.sent_at > oldest]

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        """Nothing is lost early or kept too long."""
        assert self.mns.messages(QUEUE) == [message.body for message in self.model]

    @invariant()
    def counts_what_the_model_counts(self) -> None:
        """Active, inactive and delayed messages are told apart."""
        hidden = [message for message in self.model if message not in self.visible()]
        inactive = sum(1 for message in hidden if message.received)
        expected = MessageCounts(len(self.visible()), inactive, len(hidden) - inactive)
        assert self.mns.queue(QUEUE)[1] == expected

    def visible(self) -> list[Modelled]:
        """What can be received, in order."""
        shown = [message for message in self.model if message.hidden_until <= self.clock.now()]
        return sorted(shown, key=lambda message: message.priority)

    def held(self) -> list[Modelled]:
        """What was received and is still hidden."""
        return [message for message in self.model if message.handle]

    def retire(self, message: Modelled) -> None:
        """Forget the handle of a message no longer in hand."""
        if message.handle:
            self.spent.append(message.handle)
            message.handle = ""


QueueMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, database=None
)
TestQueue = QueueMachine.TestCase


@pytest.fixture
def clock() -> Iterator[StillClock]:
    """A clock that stands still."""
    made = StillClock()
    yield made
    made.stop()


def test_receive_waits_for_a_message(clock: StillClock) -> None:
    """A receive that may wait 10 seconds returns the message that becomes visible after 5."""
    mns = make_queue(clock)
    mns.send(QUEUE, "late", delay=5)
    sent_at = clock.now()
    assert [message.body for message in mns.receive(QUEUE, wait=10)] == ["late"]
    assert clock.now() >= sent_at + 5


def test_a_stopping_cloud_ends_a_waiting_receive(clock: StillClock) -> None:
    """A receive that may still wait returns nothing once the cloud stops."""
    clock.stop()
    assert make_queue(clock).receive(QUEUE, wait=3600) == []


def test_a_message_above_the_maximum_is_refused(clock: StillClock) -> None:
    """The limit counts bytes, not characters, and lets a message of just that size through."""
    mns = make_queue(clock)
    mns.send(QUEUE, "ä" * 512)
    with pytest.raises(MessageTooLongError):
        mns.send(QUEUE, "ä" * 512 + "x")
    assert len(mns.messages(QUEUE)) == 1


def test_a_queue_that_is_not_there_is_refused(clock: StillClock) -> None:
    """Sending to or reading a queue that is not there raises KeyError with its name."""
    mns = make_queue(clock)
    with pytest.raises(KeyError, match="absent"):
        mns.send("absent", "body")
    with pytest.raises(KeyError, match="absent"):
        mns.messages("absent")
