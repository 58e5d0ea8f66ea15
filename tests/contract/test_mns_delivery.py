"""Delivery of topic messages: at least once, retried by strategy, then lost."""

import threading
from collections.abc import Iterator

import pytest

from scripts.localcloud.clock import Clock
from scripts.localcloud.faults import Faults
from scripts.localcloud.journal import Journal
from scripts.localcloud.mns.delivery import BACKOFF_RETRY, EXPONENTIAL_DECAY_RETRY, Message
from scripts.localcloud.mns.state import MnsState
from scripts.localcloud.service import Core

TOPIC = "MNSTestConfig"


class Endpoint:
    """A subscriber that refuses the first `refusals` pushes and keeps what it accepts."""

    def __init__(self, refusals: int = 0, *, raises: bool = False) -> None:
        self.refusals = refusals
        self.raises = raises
        self.pushes = 0
        self.accepted: list[Message] = []
        self._lock = threading.Lock()

    def push(self, message: Message) -> bool:
        """Accept or refuse, as the turn has it."""
        with self._lock:
            self.pushes += 1
            if self.pushes > self.refusals:
                self.accepted.append(message)
                return True
        if self.raises:
            raise ConnectionError("the endpoint is away")
        return False


class Stage:
    """MNS with one topic, its hours passing in milliseconds."""

    def __init__(self, *, duplicates: int = 0, time_scale: float = 1e-7) -> None:
        self.clock = Clock(time_scale)
        self.journal = Journal()
        core = Core("1", "cn-shanghai", self.clock, self.journal, Faults())
        self.mns = MnsState(core, duplicates=duplicates)
        self.mns.create_topic(TOPIC)

    def subscribe(
        self, endpoint: Endpoint, name: str = "one", strategy: str = BACKOFF_RETRY, tag: str = ""
    ) -> None:
        """Let `endpoint` have the topic's messages."""
        self.mns.subscribe(TOPIC, name, strategy=strategy, push=endpoint.push, filter_tag=tag)

    def intervals(self) -> list[float]:
        """The seconds before each retry, in order."""
        failed = self.journal.entries("mns", "delivery_failed", TOPIC)
        return [entry.details["retry_in"] for entry in failed]

    def stop(self) -> None:
        """End the delivery threads."""
        self.clock.stop()
        self.mns.stop()


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A stage without duplicates."""
    made = Stage()
    yield made
    made.stop()


def test_a_subscriber_gets_what_was_published(stage: Stage) -> None:
    """A delivered message has its body, tag, attributes, MD5 and the id that publish returned."""
    endpoint = Endpoint()
    stage.subscribe(endpoint)
    sent = stage.mns.publish(TOPIC, '{"a": "ä"}', tag="oss", attributes={"Extend": "x"})
    assert stage.mns.wait_idle(10)
    (message,) = endpoint.accepted
    assert (message.id, message.topic) == (sent, TOPIC)
    assert (message.body, message.tag) == ('{"a": "ä"}', "oss")
    assert message.attributes == {"Extend": "x"}
    assert message.md5 == "3AAA8AC1D0D5ADD0331E0BF820F77342"
    assert message.published_at == pytest.approx(stage.clock.now(), abs=60)


@pytest.mark.parametrize("strategy", [BACKOFF_RETRY, EXPONENTIAL_DECAY_RETRY])
@pytest.mark.parametrize("raises", [False, True])
def test_a_refused_message_is_pushed_again(stage: Stage, strategy: str, raises: bool) -> None:
    """An endpoint that refuses, or breaks, twice gets the message at the third push."""
    endpoint = Endpoint(refusals=2, raises=raises)
    stage.subscribe(endpoint, strategy=strategy)
    sent = stage.mns.publish(TOPIC, "body")
    assert stage.mns.wait_idle(10)
    assert [message.id for message in endpoint.accepted] == [sent]
    (delivered,) = stage.journal.entries("mns", "delivered", TOPIC)
    told = {"message_id": sent, "subscription": "one", "attempt": 3, "body": "body"}
    assert delivered.details == told
    assert len(stage.intervals()) == 2


def test_backoff_gives_up_after_three_retries(stage: Stage) -> None:
    """BACKOFF_RETRY retries 3 times, 10 to 20 seconds apart, and then the message is lost."""
    endpoint = Endpoint(refusals=1000)
    stage.subscribe(endpoint)
    sent = stage.mns.publish(TOPIC, "body")
    assert stage.mns.wait_idle(10)
    assert endpoint.pushes == 1 + 3
    assert all(10 <= interval <= 20 for interval in stage.intervals())
    (lost,) = stage.journal.entries("mns", "lost", TOPIC)
    assert (lost.details["message_id"], lost.details["subscription"]) == (sent, "one")


def test_exponential_decay_gives_up_after_a_day(stage: Stage) -> None:
    """EXPONENTIAL_DECAY_RETRY retries after 1, 2, 4 … 256 and 167 times 512 seconds."""
    endpoint = Endpoint(refusals=1000)
    stage.subscribe(endpoint, strategy=EXPONENTIAL_DECAY_RETRY)
    stage.mns.publish(TOPIC, "body")
    assert stage.mns.wait_idle(30)
    assert stage.intervals() == [2**n for n in range(9)] + [512] * 167
    assert endpoint.pushes == 1 + 176
    assert len(stage.journal.entries("mns", "lost", TOPIC)) == 1


def test_duplicates_are_per_subscription() -> None:
    """With duplicates=2, each of two subscribers gets each message three times."""
    stage = Stage(duplicates=2)
    first, second = Endpoint(), Endpoint()
    stage.subscribe(first, "first")
    stage.subscribe(second, "second")
    sent = {stage.mns.publish(TOPIC, "a"), stage.mns.publish(TOPIC, "b")}
    assert stage.mns.wait_idle(10)
    for endpoint in (first, second):
        ids = [message.id for message in endpoint.accepted]
        assert set(ids) == sent
        assert all(ids.count(known) == 3 for known in sent)
    stage.stop()


def test_a_filter_tag_keeps_other_messages_away(stage: Stage) -> None:
    """A subscription with a filter tag gets the messages of that tag alone."""
    picky, open_to_all = Endpoint(), Endpoint()
    stage.subscribe(picky, "picky", tag="oss")
    stage.subscribe(open_to_all, "all")
    stage.mns.publish(TOPIC, "other", tag="ecs")
    stage.mns.publish(TOPIC, "ours", tag="oss")
    assert stage.mns.wait_idle(10)
    assert [message.body for message in picky.accepted] == ["ours"]
    assert {message.body for message in open_to_all.accepted} == {"other", "ours"}


def test_a_slow_endpoint_does_not_hold_up_another(stage: Stage) -> None:
    """A subscriber gets its message while the push to another one still hangs."""
    served = threading.Event()

    def hang(_: Message) -> bool:
        return served.wait(30)

    def serve(_: Message) -> bool:
        served.set()
        return True

    stage.mns.subscribe(TOPIC, "a-slow-one", strategy=BACKOFF_RETRY, push=hang)
    stage.mns.subscribe(TOPIC, "another", strategy=BACKOFF_RETRY, push=serve)
    stage.mns.publish(TOPIC, "body")
    assert stage.mns.wait_idle(60)
    assert len(stage.journal.entries("mns", "delivered", TOPIC)) == 2


def test_nothing_more_is_pushed_after_unsubscribing(stage: Stage) -> None:
    """A message still to be retried when its subscription goes is lost, not delivered."""
    pushes = []

    def leave(message: Message) -> bool:
        pushes.append(message)
        stage.mns.unsubscribe(TOPIC, "one")
        return False

    stage.mns.subscribe(TOPIC, "one", strategy=EXPONENTIAL_DECAY_RETRY, push=leave)
    stage.mns.publish(TOPIC, "body")
    assert stage.mns.wait_idle(10)
    assert len(pushes) == 1
    (lost,) = stage.journal.entries("mns", "lost", TOPIC)
    assert lost.details["reason"] == "the subscription is gone"


def test_stopping_does_not_wait_for_a_retry() -> None:
    """With a retry an hour away, stop ends every delivery thread."""
    stage = Stage(time_scale=3600)
    refused = threading.Event()

    def refuse(_: Message) -> bool:
        refused.set()
        return False

    before = set(threading.enumerate())
    stage.mns.subscribe(TOPIC, "one", strategy=EXPONENTIAL_DECAY_RETRY, push=refuse)
    stage.mns.publish(TOPIC, "body")
    assert refused.wait(10)
    assert not stage.mns.wait_idle(0)
    assert stage.mns.message_count(TOPIC) == 1
    stage.stop()
    assert set(threading.enumerate()) <= before


def test_publishing_to_no_topic_is_refused(stage: Stage) -> None:
    """Publishing or subscribing to a topic that is not there raises KeyError with its name."""
    with pytest.raises(KeyError, match="absent"):
        stage.mns.publish("absent", "body")
    with pytest.raises(KeyError, match="absent"):
        stage.mns.subscribe("absent", "one", strategy=BACKOFF_RETRY, push=Endpoint().push)
