"""The failure queue: whether it gets what could not be repaired, keeps it, and is empty."""

from collections.abc import Iterator

from scripts.account.inventory import QueueFound
from scripts.account.queue import RETENTION
from scripts.account.topic import LARGEST_MESSAGE
from scripts.decide.chain.facts import Facts, known
from scripts.decide.chain.model import (
    PROVISION,
    Link,
    Remark,
    Standing,
    changing,
    fault,
    sound,
    undeployed,
    unlike,
)
from scripts.words import count

_DESTINATION = "destination.onFailure"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def _examine(facts: Facts) -> Iterator[Remark]:
    name = facts.spec.failure_queue
    if name is None:
        yield fault(
            "s.yaml declares no failure queue: what cannot be repaired is lost after its retries",
            "declare asyncConfiguration with a destination in s.yaml",
        )
        return
    found = known(facts.queue_found)
    if found is None:
        yield fault(f"there is no queue {name} in {facts.spec.region}", PROVISION)
        return
    wrong = [*_about_destination(facts), *_about_queue(facts, found)]
    yield from wrong or [sound(f"{name} is empty, and keeps what it gets for {_RETENTION}")]


def _about_destination(facts: Facts) -> Iterator[Remark]:
    declared = facts.spec.function.async_config
    if not facts.deployed or declared is None:
        return
    name, seen = facts.spec.function_in_cloud, known(facts.asynchronous)
    live = (seen.live or {}).get(_DESTINATION, "")
    if live != declared.failure_destination:
        yield undeployed(
            f"{name} sends what it could not repair to {live or 'nobody'}, "
            f"and not to {declared.failure_destination}"
        )
    if seen.live is not None:
        yield from unlike(name, (each for each in seen.differences if each.field != _DESTINATION))


def _about_queue(facts: Facts, found: QueueFound) -> Iterator[Remark]:
    told = {
        "messageRetentionPeriod": (
            f"keeps a message {_duration(found.retention)}, and not {_RETENTION}"
        ),
        "maximumMessageSize": (
            f"takes no message above {found.max_message_size} bytes, and one may have "
            f"{LARGEST_MESSAGE}"
        ),
    }
    queue = known(facts.queue)
    yield from changing(queue, told)
    arrivals = known(facts.arrivals)  # the counts that a queue tells may be 0 by deprecation
    if waiting := max(found.waiting, len(arrivals)):
        yield Remark(
            Standing.FAULT,
            f"{count(waiting, 'message', 'wait')} in {queue.name}, {_since(facts)}: "
            "findings that were not repaired",
            "resource-repair redrive, which tells why and sends them again once that is mended",
            # What made them fail is perhaps mended by this very deploy.
            deploy_goes_on=True,
        )


def _since(facts: Facts) -> str:
    """How long the oldest that can be seen has waited."""
    arrivals = known(facts.arrivals)
    if not arrivals:
        return "just being received"
    # One may have come while the rest was read.
    return f"for {_duration(max(0.0, facts.now.timestamp() - min(arrivals)))}"


def _duration(seconds: float) -> str:
    """Two units of it, as people say it: `3 d 4 h`, `12 min`."""
    days, rest = divmod(int(seconds), _DAY)
    hours, rest = divmod(rest, _HOUR)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {rest // _MINUTE} min" if hours else f"{rest // _MINUTE} min"


_RETENTION = _duration(RETENTION)

FAILURE_QUEUE = Link(
    "failure queue", ("queue", "queue_found", "arrivals", "function", "asynchronous"), _examine
)
