"""The things around the function, one module each: how each is read, made, and taken away.

`around` has them in the order in which they are made; `removable` all that a deployment consists
of, those that a deploy makes included, in the order in which it is taken away.
"""

from collections.abc import Iterator

from resource_repair.remediations import ACL, REMEDIATIONS
from resource_repair.settings import Assignment
from resource_repair.values import REPORT
from scripts.account.alert_rules import alert_rules
from scripts.account.alerts import Alert
from scripts.account.channel import Channel, ChannelFound
from scripts.account.clients import Clients
from scripts.account.compute.fc2_service import Service
from scripts.account.function import Function
from scripts.account.function_role import FunctionRole, RolePolicy, role_obstacle, role_steps
from scripts.account.log import LogIndex, LogProject, LogStore
from scripts.account.notification_role import NotificationRole
from scripts.account.notifications import ActionPolicy, Person, Webhook
from scripts.account.permission import union
from scripts.account.queue import Queue, QueueFound
from scripts.account.recipients import NOBODY, Recipients
from scripts.account.recorder import GET_RECORDER, Recorder, recorder
from scripts.account.resource import Removable, Surrounding
from scripts.account.rule import Rule, RuleFound
from scripts.account.topic import Topic
from scripts.account.trigger import Trigger
from scripts.declared import Generation, Spec

__all__ = [
    "ActionPolicy",
    "Alert",
    "Channel",
    "ChannelFound",
    "LogIndex",
    "LogProject",
    "LogStore",
    "NotificationRole",
    "Person",
    "Queue",
    "QueueFound",
    "Recipients",
    "Recorder",
    "Removable",
    "Rule",
    "RuleFound",
    "Surrounding",
    "Topic",
    "Webhook",
    "alerting",
    "alerts",
    "around",
    "recorder",
    "removable",
    "role_obstacle",
    "role_steps",
    "rules_of",
]


_AROUND = (
    *(Topic, Queue, NotificationRole, LogProject, LogStore, Rule, Channel),
    *(ActionPolicy, Alert),
)
PROVISIONING = union(
    (GET_RECORDER,),
    *((*each.READING, *each.MAKING) for each in (*_AROUND, LogIndex, FunctionRole, RolePolicy)),
)
REMOVING = union(
    *(each.REMOVING for each in (*_AROUND, Trigger, Function, Service, FunctionRole, RolePolicy))
)


def around(spec: Spec, clients: Clients, recipients: Recipients = NOBODY) -> Iterator[Surrounding]:
    """All that the spec needs around the function, in the order in which it is made.

    With nobody to be woken, no alerts.
    """
    logs = spec.service.logs
    yield Topic(spec, clients)
    if spec.failure_queue:
        yield Queue(spec.failure_queue, clients)
    yield NotificationRole(spec, clients)
    if logs:
        yield LogProject(logs, clients)
        yield LogStore(logs, spec.log_retention, clients)
        yield LogIndex(logs, clients)
    yield from rules_of(spec, clients)
    yield Channel(spec, clients)
    if recipients:
        yield from alerting(spec, clients, recipients)


def rules_of(spec: Spec, clients: Clients) -> Iterator[Rule]:
    """The rule of each remediation that is on."""
    yield Rule(spec, clients)
    for each in spec.remediations:
        yield Rule(spec, clients, each)


def alerting(spec: Spec, clients: Clients, recipients: Recipients) -> Iterator[Surrounding]:
    """Whom alerts go to, and then the alerts; none without logs."""
    logs = spec.service.logs
    if logs is None:
        return
    if recipients.webhook:
        yield Webhook(logs, recipients, clients)
    if recipients.emails:
        yield Person(logs, recipients, clients)
    yield ActionPolicy(logs, recipients, clients)
    yield from alerts(spec, clients)


def alerts(spec: Spec, clients: Clients) -> Iterator[Alert]:
    """The alerts alone; none without logs."""
    if spec.service.logs:
        for rule in alert_rules(spec).values():
            yield Alert(rule, spec.service.logs, clients)


def removable(spec: Spec, clients: Clients) -> Iterator[Removable]:
    """All that the spec stands for, in the order in which it is taken away."""
    logs = spec.service.logs
    yield from alerts(spec, clients)  # first: what is taken away wakes nobody
    if logs:
        for kind in (ActionPolicy, Webhook, Person):
            yield kind(logs, NOBODY, clients)
    yield from _deployed(spec, clients)
    yield Channel(spec, clients)
    yield Rule(spec, clients)
    for name in REMEDIATIONS:  # those that were switched off since, too
        if name != ACL:
            yield from _rules_of_further(spec, clients, name)
    yield NotificationRole(spec, clients)
    yield Topic(spec, clients)
    if spec.failure_queue:
        yield Queue(spec.failure_queue, clients)
    if logs:
        yield LogStore(logs, spec.log_retention, clients)
        yield LogProject(logs, clients)


def _rules_of_further(spec: Spec, clients: Clients, name: str) -> Iterator[Rule]:
    """The rule that provision made, and the one that s.yaml gives in its place, if it does."""
    made = Rule(spec, clients, Assignment(name, frozenset(), REPORT))
    yield made
    for given in (each for each in spec.remediations if each.remediation == name):
        rule = Rule(spec, clients, given)
        found = rule.found()
        if found and found != made.found():
            rule.name = found.name
            yield rule


def _deployed(spec: Spec, clients: Clients) -> Iterator[Removable]:
    """What a deploy makes: trigger, function, service, role, policies.

    The Serverless Devs client marks no role and no policy: what it made of them cannot be told from
    what was there before, and stays.
    """
    yield Trigger(spec, clients)
    yield Function(spec, clients)
    if spec.generation is Generation.FC2:
        yield Service(spec, clients)
    role = FunctionRole(spec, clients)
    yield role
    for policy in spec.service.role.policies:
        if policy.statements:
            yield RolePolicy(policy, role, clients)
