"""Reads what the links of the chain are examined by: each thing once, with what reading it gave."""
# ruff: noqa: D102  (each method reads the fact of its name)

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

from resource_repair.exemptions import Exemptions
from resource_repair.values import REPORT
from scripts.account import audit_trail, moving
from scripts.account.alerts import Alert
from scripts.account.async_config import AsyncInvokeConfig
from scripts.account.audit_trail import AuditLine
from scripts.account.channel import channels
from scripts.account.clients import Clients
from scripts.account.compute.fc2_service import Service
from scripts.account.deploy_plan import UNDECLARED, undeclared
from scripts.account.deployed_function import GET, GET_CODE
from scripts.account.findings import all_rule_ids
from scripts.account.function import Function
from scripts.account.function_role import RolePolicy, role_obstacle, role_steps
from scripts.account.inventory import (
    ActionPolicy,
    Channel,
    ChannelFound,
    LogIndex,
    LogProject,
    LogStore,
    NotificationRole,
    Queue,
    QueueFound,
    Recorder,
    Rule,
    RuleFound,
    Topic,
    Webhook,
    alerts,
    recorder,
)
from scripts.account.live_exemptions import LiveExemptions
from scripts.account.package import bundled_exemptions, checksum
from scripts.account.permission import Permission, union
from scripts.account.queue import PEEK
from scripts.account.recorder import GET_RECORDER
from scripts.account.remediation import LIST_REMEDIATIONS, Remediation, acting_beside
from scripts.account.resource import Step
from scripts.account.rule import LIST_RULES, rules
from scripts.account.topic import LIST_SUBSCRIPTIONS, subscriptions
from scripts.account.trigger import GET_TRIGGER, Trigger
from scripts.decide.attention import Need
from scripts.decide.chain import LINKS, Diagnosis, examine
from scripts.decide.chain.buckets import (
    begins_to_enforce,
    declared_settings,
    evaluating,
    judges_alike,
    live_exemptions,
    rules_are_there,
)
from scripts.decide.chain.facts import (
    NOT_READ,
    Changing,
    Elsewhere,
    Facts,
    Running,
    Seen,
    Subscription,
)
from scripts.decide.chain.model import Link
from scripts.decide.chain.topic import listens
from scripts.decide.prospect import Prospect
from scripts.declared import Generation, Spec
from scripts.declared.client_keys import account_of
from scripts.declared.exemptions import reviewed_exemptions
from scripts.errors import CloudError, Problem
from scripts.flows.changing import what_changes
from scripts.flows.foresee import OF_CHANGES, PERMISSIONS, foresee
from scripts.flows.left_open import OF_TOLD, everything_due, lately, what_is_told
from scripts.flows.seen import (
    around_seen,
    elsewhere_seen,
    function_seen,
    log_store_seen,
    part_of,
    seen,
    woken_seen,
)


class _UnknownError(Exception):
    """What a fact stands on could not be read, which was tried often enough then."""

    def __init__(self, why: Exception) -> None:
        super().__init__(why)
        self.why = why


_Fact = TypeVar("_Fact", bound=Callable[..., Any])
_TAKES: dict[str, tuple[Permission, ...]] = {}


def takes(*permissions: Permission) -> Callable[[_Fact], _Fact]:
    """What reading a fact takes."""

    def noted(read: _Fact) -> _Fact:
        _TAKES[read.__name__] = permissions
        return read

    return noted


def permissions_of(*links: Link) -> tuple[Permission, ...]:
    """What looking at these links takes."""
    return union(*(_TAKES.get(name, ()) for link in links for name in link.looks_at))


class Survey:
    """Reads facts as they are asked for, and in the order in which they are.

    `settings` are the shell's variables over those of .env. `reviewed` is the YAML with the
    exemptions that a deploy brings; without it they are those of the bundle.
    """

    def __init__(
        self,
        spec: Spec,
        clients: Clients,
        settings: Mapping[str, str],
        reviewed: Path | None = None,
    ) -> None:
        self._spec = spec
        self._clients = clients
        self._reviewed = reviewed
        self._facts = Facts(spec=spec, settings=settings, now=datetime.now(timezone.utc))

    def facts(self, *names: str) -> Facts:
        """What is known once these are read too. A Problem is a fact, and others are raised."""
        for name in names:
            self._read(name)
        return self._facts

    def _known(self, name: str) -> Any:
        answer = getattr(self.facts(name), name)
        if isinstance(answer, Exception):
            raise _UnknownError(answer)
        return answer

    def _read(self, name: str) -> None:
        if getattr(self._facts, name) is NOT_READ:
            try:
                answer = _READS[name](self)
            except _UnknownError as unknown:
                answer = unknown.why
            except Problem as problem:
                answer = problem
            self._facts = replace(self._facts, **{name: answer})

    def client_account(self) -> str:
        return account_of(self._spec.access, self._facts.settings)

    @takes(GET_RECORDER)
    def recorder(self) -> Recorder:
        return recorder(self._clients)

    @takes(LIST_RULES)
    def rules(self) -> tuple[RuleFound, ...]:
        return tuple(rules(self._clients))

    @takes(*Rule.READING)
    def rule(self) -> Seen:
        return around_seen(Rule(self._spec, self._clients))

    @takes(LIST_REMEDIATIONS)
    def remediations(self) -> tuple[Remediation, ...]:
        return tuple(acting_beside(self._clients, all_rule_ids(self._spec)))

    @takes(*Channel.READING)
    def channels(self) -> tuple[ChannelFound, ...]:
        return tuple(channels(self._clients))

    @takes(*Channel.READING)
    def channel_found(self) -> ChannelFound | None:
        return Channel(self._spec, self._clients).found()

    @takes(*Channel.READING)
    def channel(self) -> Seen:
        return around_seen(Channel(self._spec, self._clients))

    @takes(*Topic.READING)
    def topic(self) -> Seen:
        return seen(Topic(self._spec, self._clients))

    @takes(LIST_SUBSCRIPTIONS)
    def subscriptions(self) -> tuple[Subscription, ...]:
        self._known("trigger")
        if not listens(self._facts) or self._known("topic").live is None:
            return ()
        there = subscriptions(self._clients, self._spec.topic)
        return tuple(Subscription(each.subscription_name, each.endpoint or "") for each in there)

    @takes(*Trigger.READING)
    def trigger(self) -> Seen:
        return seen(Trigger(self._spec, self._clients))

    @takes(*NotificationRole.READING)
    def trigger_role(self) -> Seen:
        return around_seen(NotificationRole(self._spec, self._clients))

    @takes(*Service.READING, *Function.READING)
    def service(self) -> Seen:
        if self._spec.generation is Generation.FC3:
            return part_of(self._function, hosted=True)
        return seen(Service(self._spec, self._clients))

    @takes(*Function.READING, GET_TRIGGER, *AsyncInvokeConfig.READING)
    def elsewhere(self) -> Elsewhere | None:
        return elsewhere_seen(self._spec, self._clients)

    @takes(*RolePolicy.READING)
    def role_steps(self) -> tuple[Step, ...]:
        return tuple(role_steps(self._spec, self._clients))

    @takes(*RolePolicy.READING)
    def role_obstacle(self) -> str:
        return role_obstacle(self._spec, self._clients)

    @takes(*Function.READING)
    def function(self) -> Seen:
        if self._spec.generation is Generation.FC3:
            return part_of(self._function, hosted=False)
        return self._function

    @functools.cached_property
    def _function(self) -> Seen:
        return function_seen(self._spec, self._clients)

    @takes(*UNDECLARED)
    def undeclared(self) -> tuple[Step, ...]:
        return tuple(undeclared(self._spec, self._clients))

    @takes(GET)
    def running(self) -> Running | None:
        live = moving.acting(self._spec, self._clients)
        elsewhere = live is not None and live.spec.generation != self._spec.generation
        return Running(live.settings, live.pause, elsewhere) if live else None

    @takes(GET, GET_CODE)
    def live_exemptions(self) -> Exemptions:
        live = moving.acting(self._spec, self._clients) if self._known("running") else None
        if live is None:
            return Exemptions()
        code = self._spec.function.code
        same = code.is_file() and live.checksum == checksum(code.read_bytes())
        if self._reviewed is None and same:
            return bundled_exemptions(code)  # the same code: no need to ask for it
        return live.exemptions()

    def exemptions(self) -> Exemptions:
        if self._reviewed is None:
            return bundled_exemptions(self._spec.function.code)
        return reviewed_exemptions(self._reviewed, self._facts.today)

    @takes(*AsyncInvokeConfig.READING)
    def asynchronous(self) -> Seen | None:
        wanted = self._spec.function.async_config
        if self._known("function").live is None or wanted is None:
            return None
        return seen(AsyncInvokeConfig(self._spec, wanted, self._clients))

    @takes(*Queue.READING)
    def queue(self) -> Seen | None:
        name = self._spec.failure_queue
        return seen(Queue(name, self._clients)) if name else None

    @takes(*Queue.READING)
    def queue_found(self) -> QueueFound | None:
        name = self._spec.failure_queue
        return Queue(name, self._clients).found() if name else None

    @takes(PEEK)
    def arrivals(self) -> tuple[float, ...]:
        name = self._spec.failure_queue if self._known("queue_found") else None
        return tuple(Queue(name, self._clients).arrivals()) if name else ()

    @takes(*LogProject.READING, *LogStore.READING, *LogIndex.READING)
    def log_store(self) -> tuple[Seen, ...]:
        return log_store_seen(self._spec, self._clients)

    @takes(*Alert.READING)
    def alerts(self) -> tuple[Seen, ...]:
        return tuple(seen(alert) for alert in alerts(self._spec, self._clients))

    @takes(*ActionPolicy.READING)
    def alert_policy(self) -> Seen | None:
        return self._woken(ActionPolicy)

    @takes(*Webhook.READING)
    def webhook(self) -> Seen | None:
        return self._woken(Webhook)

    def _woken(self, kind: type[ActionPolicy | Webhook]) -> Seen | None:
        alerts = self._known("alerts")
        return woken_seen(kind, self._spec, self._clients, self._facts.settings, alerts)

    @takes(*PERMISSIONS)
    def found(self) -> Prospect:
        """What is found now, by the exemptions that a deploy brings and the tag of s.yaml."""
        for name in ("rules", "running"):
            self._known(name)
        if not rules_are_there(self._facts):
            return Prospect()
        if begins_to_enforce(self._facts) and evaluating(self._facts):
            return Prospect()
        tag = declared_settings(self._spec).exempt_tag
        exempting = LiveExemptions(self._known("exemptions"), tag, self._facts.today)
        return foresee(self._spec, self._clients, exempting)

    @takes(*PERMISSIONS)
    def held(self) -> Prospect:
        """The same by what the live function goes by; a rule that is gone has found nothing."""
        running, there = self._known("running"), {rule.id for rule in self._known("rules")}
        found: Prospect = self._known("found")
        exemptions = live_exemptions(self.facts("live_exemptions"))
        if not running or exemptions is None or not rules_are_there(self._facts):
            return Prospect()
        if judges_alike(self._facts):
            return found
        ids = sorted(running.settings.rule_ids & there)
        if not ids:
            return Prospect()
        variables = {**self._spec.function.environment, "prepareRuleId": ",".join(ids)}
        live = replace(self._spec, function=replace(self._spec.function, environment=variables))
        exempting = LiveExemptions(exemptions, running.settings.exempt_tag, self._facts.today)
        return foresee(live, self._clients, exempting)

    @takes(*OF_CHANGES, GET, GET_CODE)
    def changing(self) -> Changing:
        running, rules = self._known("running"), self._known("rules")
        live = running.settings if running else None
        brings = functools.partial(self._known, "exemptions")
        held = (lambda: live_exemptions(self.facts("live_exemptions")), rules, self._facts.today)
        return what_changes(self._spec, self._clients, live, brings, *held)

    @takes(*OF_CHANGES, *audit_trail.PERMISSIONS)
    def due(self) -> tuple[tuple[str, str], ...] | None:
        """What a live function that enforces has left open, as `sweep --due` would find it.

        None where there is no such function, or no rule, which other links tell.
        """
        running = self._known("running")
        self._known("rules")
        if not running or running.settings.problems or not rules_are_there(self._facts):
            return None
        read = running.settings
        if all(each.mode == REPORT for each in read.assigned):
            return ()
        held = self._known("live_exemptions")
        exempting = LiveExemptions(held, read.exempt_tag, self._facts.today)
        asked = (read, exempting, lambda: self._lines, self._facts.now)
        return everything_due(self._spec, self._clients, *asked)

    @takes(*OF_TOLD, *PERMISSIONS, *audit_trail.PERMISSIONS)
    def told(self) -> tuple[Need, ...] | None:
        """What a live function has told of; None where no log tells, which other links say."""
        running = self._known("running")
        if not running:
            return None
        store = self._known("log_store")
        if not store or any(each.live is None for each in store):
            return None
        exemptions = self._known("live_exemptions")
        try:
            lines = self._lines
        except CloudError:
            raise
        except Problem:
            return None  # it has no index that finds them
        on, now = running.settings.others or (), self._facts.now
        return what_is_told(self._spec, self._clients, exemptions, lines, on, now)

    @functools.cached_property
    def _lines(self) -> list[AuditLine]:
        return lately(self._spec, self._clients, self._facts.now)


_READS: Mapping[str, Callable[[Survey], Any]] = {
    name: getattr(Survey, name) for name, default in vars(Facts).items() if default is NOT_READ
}


def examined(survey: Survey, *, before_deploy: bool) -> Iterator[Diagnosis]:
    """Every link of the chain, each as soon as what it looks at is read."""
    for link in LINKS:
        facts = survey.facts(*link.looks_at)
        yield from examine(link, facts, permissions_of(link), before_deploy=before_deploy)
