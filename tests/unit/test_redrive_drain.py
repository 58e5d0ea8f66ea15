"""Draining the failure queue: whoever is killed, overtaken or too slow, no finding is lost."""

from collections.abc import Callable
from contextlib import closing, suppress

from hypothesis import given
from hypothesis import strategies as st

from scripts.account.mailbox import Message
from scripts.flows.drain import Handled, drain
from scripts.localcloud.clock import Clock
from scripts.localcloud.mns.errors import ReceiptHandleError
from scripts.localcloud.mns.queue import Queue, QueueAttributes

HOLD = 60
VISIBILITY = 30


class Killed(BaseException):
    """The process ended here: nothing of it runs any more."""


class Mailbox:
    """A real queue's rules, with something that happens before each call of one drain."""

    def __init__(self, queue: Queue, happens: Callable[[], None] = lambda: None) -> None:
        self.queue = queue
        self.happens = happens
        self.dead = False

    def receive(self, hold: int) -> Message | None:
        """One message, held from now on; some seconds are waited for one."""
        self._begin()
        found = self.queue.receive(1)
        if not found:
            self.queue.clock.advance(3)
            found = self.queue.receive(1)
        if not found:
            return None
        held = self.queue.change_visibility(found[0].receipt_handle, hold)
        return Message(held.id, held.body, held.enqueued_at, held.receipt_handle)

    def release(self, message: Message) -> None:
        """Let go of it; the dead do nothing."""
        if not self.dead:
            self._begin()
            self._with_handle(lambda: self.queue.change_visibility(message.handle, 1))

    def remove(self, message: Message) -> bool:
        """Whether it could be removed."""
        self._begin()
        return self._with_handle(lambda: self.queue.delete(message.handle))

    def _begin(self) -> None:
        try:
            self.happens()
        except Killed:
            self.dead = True
            raise

    @staticmethod
    def _with_handle(call: Callable[[], object]) -> bool:
        try:
            call()
        except ReceiptHandleError:
            return False
        return True


def a_queue() -> Queue:
    """A queue of its own, its time too."""
    return Queue("failed", Clock(), QueueAttributes(visibility_timeout=VISIBILITY), 0, 0)


def run(
    queue: Queue, send: Callable[[Message], str], happens: Callable[[], None] = lambda: None
) -> list[Handled]:
    """One drain of everything that the queue holds."""
    wanted = [message.id for message in queue.kept()]
    with closing(drain(Mailbox(queue, happens), wanted, send, HOLD)) as tried:
        return list(tried)


def test_what_is_settled_goes_and_the_rest_stays() -> None:
    """Settled messages are removed, others stay, and can be seen again within a second or so."""
    queue = a_queue()
    good, bad = queue.send("good"), queue.send("bad")

    done = run(queue, lambda message: "" if message.id == good.id else "denied: no right")

    assert [(each.message.id, each.removed, each.problem) for each in done] == [
        (good.id, True, ""),
        (bad.id, False, "denied: no right"),
    ]
    queue.clock.advance(1)
    assert [message.id for message in queue.peek(16)] == [bad.id]


def test_what_is_not_wanted_is_let_go_of() -> None:
    """Messages that nobody chose, new ones too, are neither sent nor removed."""
    queue = a_queue()
    others = [queue.send("other").id for _ in range(5)]
    wanted = queue.send("this").id
    sent: list[str] = []

    def send(message: Message) -> str:
        sent.append(message.id)
        return ""

    with closing(drain(Mailbox(queue), [wanted], send, HOLD)) as tried:
        assert [each.message.id for each in tried] == [wanted]
    assert sent == [wanted]
    queue.clock.advance(1)
    assert [message.id for message in queue.peek(16)] == others


def test_what_was_held_too_long_is_told() -> None:
    """If the hold is over before the end, nothing is removed, and it is said, though settled."""
    queue = a_queue()
    queue.send("slow")

    def send(_: Message) -> str:
        queue.clock.advance(HOLD + 1)
        return ""

    (done,) = run(queue, send)
    assert (done.problem, done.removed) == ("", False)
    assert len(queue.kept()) == 1


def test_it_ends_though_a_wanted_one_is_gone() -> None:
    """A message that somebody else holds for hours is not waited for."""
    queue = a_queue()
    wanted, other = queue.send("held by another"), queue.send("other")
    (theirs,) = queue.receive(1)
    queue.change_visibility(theirs.receipt_handle, 12 * 3600)
    tries = iter(range(1000))

    def happens() -> None:
        next(tries)
        queue.clock.advance(HOLD)  # so that the other one comes back again and again

    with closing(drain(Mailbox(queue, happens), [wanted.id], lambda _: "", HOLD)) as tried:
        assert list(tried) == []
    assert {message.id for message in queue.kept()} == {wanted.id, other.id}


STEPS = st.lists(
    st.one_of(
        st.just("go on"),
        st.just("kill"),
        st.just("another"),  # a whole other drain runs in between, with what is left of the plan
        st.integers(1, 2 * HOLD),  # so many seconds pass
    ),
    max_size=60,
)


@given(STEPS, st.integers(1, 6), st.lists(st.booleans(), max_size=30))
def test_no_finding_is_lost_however_drains_meet(
    plan: list[str | int], messages: int, luck: list[bool]
) -> None:
    """Kills, slow sends and drains within drains: what is gone was settled, and all can be had."""
    queue = a_queue()
    ids = {queue.send(f"finding {n}").id for n in range(messages)}
    settled: set[str] = set()
    steps, fortunes = iter(plan), iter(luck)

    def send(message: Message) -> str:
        happens()
        if not next(fortunes, True):
            return "failed: not yet"
        settled.add(message.id)
        return ""

    def happens() -> None:
        match next(steps, "go on"):
            case "kill":
                raise Killed
            case "another":
                one_drain()
            case int(seconds):
                queue.clock.advance(seconds)

    def one_drain() -> None:
        with suppress(Killed):
            run(queue, send, happens)
        assert ids - {message.id for message in queue.kept()} <= settled

    one_drain()
    one_drain()
    queue.clock.advance(2 * HOLD)
    steps, fortunes = iter(()), iter(())
    assert all(each.removed for each in run(queue, send))
    assert queue.kept() == []
    assert settled == ids
