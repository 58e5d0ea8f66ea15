"""The failure queue: whether it gets what could not be repaired, keeps it, and is empty."""

import time
from collections.abc import Iterator

from scripts.clients import Clients, CloudError, calling
from scripts.doctor.chain import Chain
from scripts.doctor.model import (
    PROVISION,
    Link,
    Remark,
    Standing,
    fault,
    sound,
    undeployed,
)
from scripts.resources import Queue, QueueFound
from scripts.resources.queue import RETENTION
from scripts.verb import Permission

_QUEUES = "acs:mns:{region}:{account}:/queues/*"
_PEEKED = 16  # the most that one call shows; page "BatchPeekMessage"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def _examine(chain: Chain) -> Iterator[Remark]:
    name = chain.spec.failure_queue
    if name is None:
        yield fault(
            "s.yaml declares no failure queue: what cannot be repaired is lost after its retries",
            "declare asyncConfiguration with a destination in s.yaml",
        )
        return
    found = Queue(name, chain.clients).found()
    if found is None:
        yield fault(f"there is no queue {name} in {chain.spec.region}", PROVISION)
        return
    wrong = [*_about_destination(chain), *_about_queue(chain, name, found)]
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


def _about_queue(chain: Chain, name: str, found: QueueFound) -> Iterator[Remark]:
    if found.retention < RETENTION:
        yield fault(
            f"{name} keeps a message {_duration(found.retention)}, and not {_RETENTION}", PROVISION
        )
    if found.waiting:
        age = _age_of_oldest(chain, name)
        since = f", for {_duration(age)}" if age is not None else ", just being received"
        yield Remark(
            Standing.FAULT,
            f"{found.waiting} messages wait in {name}{since}: findings that were not repaired",
            "make audit, which tells why; then make evaluate, and empty the queue",
            # What made them fail is perhaps mended by this very deploy.
            deploy_goes_on=True,
        )


def _age_of_oldest(chain: Chain, name: str) -> float | None:
    """Seconds since the oldest message came that can be seen; None if none can.

    Page "BatchPeekMessage": up to 16, and none of those that somebody has received just now.
    """
    try:
        return time.time() - min(_arrivals(chain.clients, chain.spec.topic, name))
    except CloudError as error:
        if error.code == "MessageNotExist":
            return None
        raise


def _arrivals(clients: Clients, topic: str, queue: str) -> list[float]:
    """When each message came, in seconds since the epoch."""
    from mns.queue import Queue as Messages  # noqa: PLC0415  (a slow import)

    # The SDK's client is the same for topics and queues.
    client = clients.topic(topic).mns_client
    messages = Messages(queue, client)
    messages.set_encoding(False)  # left alone, it would stumble over a body that is no base64
    try:
        with calling("mns:PeekMessage", queue):
            peeked = messages.batch_peek_message(_PEEKED)
    finally:
        client.close_connection()
    return [int(message.enqueue_time) / 1000 for message in peeked]


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
        Permission("fc:GetFunction", "acs:fc:{region}:{account}:*"),
        Permission("fc:GetFunctionAsyncInvokeConfig", "acs:fc:{region}:{account}:*"),
    ),
    _examine,
)
