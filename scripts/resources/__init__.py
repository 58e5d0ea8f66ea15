"""The things around the function, one module each: how each is read, made, and taken away.

`around` has them in the order in which they are made; `removable` all that a deployment consists
of, those that a deploy makes included, in the order in which it is taken away.
"""

from collections.abc import Iterator

from scripts.clients import Clients
from scripts.resources.channel import Channel, ChannelFound
from scripts.resources.deployed import deployed
from scripts.resources.logs import LogIndex, LogProject, LogStore
from scripts.resources.model import Removable, Surrounding
from scripts.resources.notification_role import NotificationRole
from scripts.resources.queue import Queue, QueueFound
from scripts.resources.recorder import Recorder, recorder
from scripts.resources.rule import Rule, RuleFound
from scripts.resources.topic import Topic
from scripts.spec import Spec

__all__ = [
    "Channel",
    "ChannelFound",
    "LogIndex",
    "LogProject",
    "LogStore",
    "NotificationRole",
    "Queue",
    "QueueFound",
    "Recorder",
    "Removable",
    "Rule",
    "RuleFound",
    "Surrounding",
    "Topic",
    "around",
    "recorder",
    "removable",
]


def around(spec: Spec, clients: Clients) -> Iterator[Surrounding]:
    """All that the spec needs around the function, in the order in which it is made."""
    logs = spec.service.logs
    yield Topic(spec, clients)
    if spec.failure_queue:
        yield Queue(spec.failure_queue, clients)
    yield NotificationRole(spec, clients)
    if logs:
        yield LogProject(logs, clients)
        yield LogStore(logs, spec.log_retention, clients)
        yield LogIndex(logs, clients)
    yield Rule(spec, clients)
    yield Channel(spec, clients)


def removable(spec: Spec, clients: Clients) -> Iterator[Removable]:
    """All that the spec stands for, in the order in which it is taken away."""
    logs = spec.service.logs
    yield from deployed(spec, clients)
    yield Channel(spec, clients)
    yield Rule(spec, clients)
    yield NotificationRole(spec, clients)
    yield Topic(spec, clients)
    if spec.failure_queue:
        yield Queue(spec.failure_queue, clients)
    if logs:
        yield LogStore(logs, spec.log_retention, clients)
        yield LogProject(logs, clients)
