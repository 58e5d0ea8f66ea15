"""What the links are examined with, and what several of them look at, read once."""

import functools
from collections.abc import Mapping
from datetime import date, datetime, timezone
from pathlib import Path

from scripts.account import findings
from scripts.account.async_config import AsyncInvokeConfig
from scripts.account.clients import Clients
from scripts.account.deployed_function import MODE, PAUSED, DeployedFunction
from scripts.account.function import Function
from scripts.account.function_role import role_arn
from scripts.account.inventory import RuleFound
from scripts.account.resource import Difference, State, compare
from scripts.account.rule import rules
from scripts.account.service import Service
from scripts.account.trigger import Trigger
from scripts.declared import Spec

LOG_CONFIG = "logConfig."  # what the fields of a service about logs begin with


class Chain:
    """The chain from the rule to the buckets, in one account and region.

    `settings` are the shell's variables over those of .env. What is read raises CloudError.
    """

    def __init__(
        self, spec: Spec, clients: Clients, settings: Mapping[str, str], exemptions: Path
    ) -> None:
        self.spec = spec
        self.clients = clients
        self.settings = settings
        self.exemptions = exemptions

    @property
    def today(self) -> date:
        """Today in UTC, as exemptions count days."""
        return datetime.now(timezone.utc).date()

    @functools.cached_property
    def rules(self) -> tuple[RuleFound, ...]:
        """Every rule of the account."""
        return tuple(rules(self.clients))

    @property
    def rule(self) -> RuleFound | None:
        """The rule of the name that s.yaml gives; None if there is none."""
        return next((rule for rule in self.rules if rule.name == self.spec.rule_name), None)

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The ids that PREPARE_RULE_ID has, whatever they are worth."""
        return findings.rule_ids(self.spec)

    @functools.cached_property
    def service(self) -> State | None:
        """The live service, by the fields that apply compares; None if it is not there."""
        return self._service.live()

    def service_differences(self, live: State) -> tuple[Difference, ...]:
        """Where the live service is not the declared one."""
        return compare(live, self._service.declared())

    @functools.cached_property
    def function(self) -> State | None:
        """The live function; None before the first deploy."""
        return self._function.live()

    def function_differences(self, live: State) -> tuple[Difference, ...]:
        """Where the live function is not the declared one, its code and a pause aside.

        What is built here does not change what is lost there.
        """
        aside = {"code"}
        if self.live and self.live.pause:
            aside |= {f"environmentVariables.{name}" for name in (MODE, PAUSED)}
        found = compare(live, self._function.declared())
        return tuple(each for each in found if each.field not in aside)

    @functools.cached_property
    def live(self) -> DeployedFunction | None:
        """The live function with its code and its pause; None before the first deploy."""
        return DeployedFunction.find(self.spec, self.clients)

    @functools.cached_property
    def asynchronous(self) -> State | None:
        """The live asynchronous configuration; None if it has none."""
        return AsyncInvokeConfig(self.spec, self.clients).live()

    @functools.cached_property
    def trigger(self) -> State | None:
        """The live trigger; None if it is not there."""
        return self._trigger.live()

    def trigger_differences(self, live: State) -> tuple[Difference, ...]:
        """Where the live trigger is not the declared one."""
        return compare(live, self._trigger.declared())

    @property
    def _service(self) -> Service:
        return Service(self.spec, self.clients, role_arn(self.spec))

    @property
    def _function(self) -> Function:
        return Function(self.spec, self.clients, b"")

    @property
    def _trigger(self) -> Trigger:
        return Trigger(self.spec, self.clients)
