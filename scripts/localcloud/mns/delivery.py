"""Pushing topic messages to their subscribers: at least once, with MNS's retry strategies."""

import heapq
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ..service import Core
from .queue import body_md5

BACKOFF_RETRY = "BACKOFF_RETRY"
EXPONENTIAL_DECAY_RETRY = "EXPONENTIAL_DECAY_RETRY"
STRATEGIES = (BACKOFF_RETRY, EXPONENTIAL_DECAY_RETRY)

_WORKERS = 4
_STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Message:
    """A message published on a topic; `published_at` in seconds since the epoch."""

    id: str
    topic: str
    body: str
    tag: str
    attributes: dict[str, str]
    published_at: float

    @property
    def md5(self) -> str:
        """The body's MD5, in the upper-case hexadecimal that MNS uses."""
        return body_md5(self.body)


Push = Callable[[Message], bool]


@dataclass(frozen=True)
class Subscription:
    """Who gets a topic's messages, and how; equal are those that were ordered alike."""

    topic: str
    name: str
    endpoint: str
    strategy: str
    content_format: str
    filter_tag: str
    push: Push = field(compare=False)
    created_at: float = field(compare=False)
    modified_at: float = field(compare=False)
    serial: int = field(compare=False)  # another one of the same name has another

    def wants(self, message: Message) -> bool:
        """Whether the message passes the subscription's filter."""
        return self.filter_tag in ("", message.tag)


class OutOfReachError(Exception):
    """Raised by a push to whom nothing can be delivered from here: it is not tried again."""


@dataclass(order=True)
class _Delivery:
    due: float  # monotonic, in real seconds
    turn: int  # keeps deliveries of one instant in the order of publishing
    subscription: Subscription = field(compare=False)
    message: Message = field(compare=False)
    retries: int = field(default=0, compare=False)


class Deliveries:
    """The deliveries not yet done, and the few threads that do them.

    The threads start with the first delivery and end at `stop`. `subscribed` tells whether a
    subscription still stands: what is due to one that is gone is lost.
    """

    def __init__(self, core: Core, subscribed: Callable[[Subscription], bool]) -> None:
        self._core = core
        self._subscribed = subscribed
        self._changed = threading.Condition()
        self._due: list[_Delivery] = []
        self._pending: Counter[tuple[str, str]] = Counter()
        self._turns = itertools.count()
        self._threads: list[threading.Thread] = []
        self._stopped = False

    def add(self, message: Message, subscription: Subscription, times: int) -> None:
        """Deliver `message` to `subscription`, `times` times over, as soon as can be."""
        if not subscription.wants(message):
            return
        with self._changed:
            for _ in range(times):
                self._pending[message.topic, message.id] += 1
                turn = next(self._turns)
                self._schedule(_Delivery(time.monotonic(), turn, subscription, message))
            self._start_threads()

    def pending(self, topic: str) -> int:
        """How many of the topic's messages are still to be delivered to somebody."""
        with self._changed:
            return sum(1 for of_topic, _ in self._pending if of_topic == topic)

    def wait_idle(self, timeout: float) -> bool:
        """Wait until no delivery is pending, retries included; False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pending, timeout)

    def stop(self) -> None:
        """Give up what is pending and end the threads."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            threads = self._threads
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(_STOP_SECONDS)

    def _start_threads(self) -> None:
        if self._threads or self._stopped:
            return
        self._threads = [
            threading.Thread(target=self._work, name=f"mns-delivery-{number}", daemon=True)
            for number in range(_WORKERS)
        ]
        for thread in self._threads:
            thread.start()

    def _schedule(self, delivery: _Delivery) -> None:
        heapq.heappush(self._due, delivery)
        self._changed.notify_all()

    def _work(self) -> None:
        while (delivery := self._next()) is not None:
            self._deliver(delivery)

    def _next(self) -> _Delivery | None:
        with self._changed:
            while not (self._stopped or self._core.clock.stopped):
                wait = self._due[0].due - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)
                self._changed.wait(wait)
        return None

    def _deliver(self, delivery: _Delivery) -> None:
        if not self._subscribed(delivery.subscription):
            self._finish(delivery, "lost", reason="the subscription is gone")
            return
        try:
            reason = _push(delivery)
        except OutOfReachError as error:
            self._finish(delivery, "lost", reason=str(error))
            return
        if not reason:
            self._finish(delivery, "delivered", attempt=delivery.retries + 1)
        else:
            self._retry(delivery, reason)

    def _retry(self, delivery: _Delivery, reason: str) -> None:
        interval = retry_interval(delivery.subscription.strategy, delivery.retries)
        if interval is None:
            self._finish(delivery, "lost", reason=reason)
            return
        self._record("delivery_failed", delivery, reason=reason, retry_in=interval)
        delivery.retries += 1
        # Not the clock's own wait: a thread must not be held for a retry hours away.
        delivery.due = time.monotonic() + interval * self._core.clock.scale
        with self._changed:
            self._schedule(delivery)

    def _finish(self, delivery: _Delivery, action: str, **details: object) -> None:
        self._record(action, delivery, **details)
        message = delivery.message
        with self._changed:
            self._pending[message.topic, message.id] -= 1
            if not self._pending[message.topic, message.id]:
                del self._pending[message.topic, message.id]
            self._changed.notify_all()

    def _record(self, action: str, delivery: _Delivery, **details: object) -> None:
        self._core.journal.record(
            "mns",
            action,
            delivery.message.topic,
            message_id=delivery.message.id,
            body=delivery.message.body,
            subscription=delivery.subscription.name,
            **details,
        )


def retry_interval(strategy: str, retries: int) -> float | None:
    """Seconds before the next retry after so many; None when it was the last.

    Page "NotifyStrategy": 3 retries 10 to 20 s apart, or 176 within a day: after 1, 2, 4 … 256 s
    and then every 512 s.
    """
    if strategy == BACKOFF_RETRY:
        return random.uniform(10, 20) if retries < 3 else None  # noqa: S311, PLR2004  (jitter)
    return float(min(2**retries, 512)) if retries < 176 else None  # noqa: PLR2004


def _push(delivery: _Delivery) -> str:
    """Why the endpoint did not take the message; empty if it did."""
    try:
        return "" if delivery.subscription.push(delivery.message) else "not accepted"
    except OutOfReachError:
        raise
    except Exception as error:
        return f"{type(error).__name__}: {error}"
