"""The failure queue: whether it gets what could not be repaired, keeps it, and is empty."""

import time
from collections.abc import Iterator, Sequence

from scripts.account.deployed_function import GET
from scripts.account.inventory import Queue, QueueFound
from scripts.account.permission import Permission
from scripts.account.queue import RETENTION
from scripts.account.topic import LARGEST_MESSAGE
from scripts.decide.chain.facts import Chain
from scripts.decide.chain.model import (
    PROVISION,
    Link,
    Remark,
    Standing,
    changing,
    fault,
    sound,
    undeployed,
)

_QUEUES = "acs:mns:{region}:{account}:/queues/*"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def _examine(chain: Chain) -> Iterator[Remark]:
    name = chain.spec.failure_queue
    if name is None:
        yield fault(
            "s.yaml declares no failure queue: what cannot be repaired is lost after its retries",
            "declare asyncConfiguration with a destination in s.yaml",
        )
        return
    queue = Queue(name, chain.clients)
    found = queue.found()
    if found is None:
        yield fault(f"there is no queue {name} in {chain.spec.region}", PROVISION)
        return
    wrong = [*_about_destination(chain), *_about_queue(queue, found)]
    yield from wrong or [sound(f"{name} is empty, and keeps what it gets for {_RETENTION}")]


def _about_destination(chain: Chain) -> Iterator[Remark]:
    declared = chain.spec.function.async_config
    if chain.function is None or declared is None:
        return
    live = (chain.asynchronous or {}).get("destination.onFailure", "")
    if live != declared.failure_destination:
        yield undeployed(
            f"{chain.spec.function.name} sends what it could not repair to {live or 'nobody'}, "
            f"and not to {declared.failure_destination}"
        )


def _about_queue(queue: Queue, found: QueueFound) -> Iterator[Remark]:
    told = {
        "messageRetentionPeriod": (
            f"keeps a message {_duration(found.retention)}, and not {_RETENTION}"
        ),
        "maximumMessageSize": (
            f"takes no message above {found.max_message_size} bytes, and one may have "
            f"{LARGEST_MESSAGE}"
        ),
    }
    yield from changing(queue, queue.live() or {}, told)
    arrivals = queue.arrivals()  # the counts that a queue tells may be 0 by deprecation
    if waiting := max(found.waiting, len(arrivals)):
        yield Remark(
            Standing.FAULT,
            f"{waiting} messages wait in {queue.name}, {_since(arrivals)}: "
            "findings that were not repaired",
            "resource-repair redrive, which tells why and sends them again once that is mended",
            # What made them fail is perhaps mended by this very deploy.
            deploy_goes_on=True,
        )


def _since(arrivals: Sequence[float]) -> str:
    """How long the oldest that can be seen has waited."""
    return f"for {_duration(time.time() - min(arrivals))}" if arrivals else "just being received"


def _duration(seconds: float) -> str:
    """Two units of it, as people say it: `3 d 4 h`, `12 min`."""
    days, rest = divmod(int(seconds), _DAY)
    hours, rest = divmod(rest, _HOUR)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {rest // _MINUTE} min" if hours else f"{rest // _MINUTE} min"


_RETENTION = _duration(RETENTION)

FAILURE_QUEUE = Link(
    "failure queue",
    (
        Permission("mns:GetQueueAttributes", _QUEUES),
        Permission("mns:PeekMessage", _QUEUES),
        GET,
        Permission("fc:GetFunctionAsyncInvokeConfig"),
    ),
    _examine,
)
