"""Taking away the function that was moved from: its trigger, and once nothing waits for it, itself.

It stays until what waited for it was run, or is in the failure queue: that may be a day later. How
far it has come is kept on it, as a variable, and each step looks what was done: stopped anywhere,
another run goes on from there. The variable comes before the trigger goes, and then the other one
is looked at: of two runs that would each take away what the other leaves, one stops at least.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timezone

from scripts.account import deploy_plan, moving
from scripts.account.async_config import AsyncInvokeConfig
from scripts.account.clients import Clients
from scripts.account.compute import compute
from scripts.account.deployed_function import GET, UPDATE, DeployedFunction
from scripts.account.function import Function
from scripts.account.function_role import RolePolicy, role_steps
from scripts.account.moving import BEGUN, RETIRED, UNSUBSCRIBED
from scripts.account.permission import union
from scripts.account.queue import Queue
from scripts.account.resource import Removable, Step, Verdict
from scripts.account.trigger import Trigger
from scripts.context import Context
from scripts.declared import Spec
from scripts.errors import Problem
from scripts.flows.compare import find_drift
from scripts.patience import patiently

PERMISSIONS = union(
    deploy_plan.READING,
    (GET, UPDATE),
    *(Trigger.REMOVING, Function.REMOVING, AsyncInvokeConfig.READING),
    *(RolePolicy.READING, Queue.READING),
)

Removed = Callable[[Removable], None]


class Retirement:
    """The other generation's function, and what goes of it now."""

    def __init__(self, spec: Spec, clients: Clients) -> None:
        self.spec = moving.on_other(spec)
        self._clients = clients
        self._trigger = Trigger(self.spec, clients)
        self._function = Function(self.spec, clients)

    @property
    def name(self) -> str:
        """The function's, and where it is."""
        return f"{self.spec.qualified_name} on {self.spec.generation.product}"

    def going(self, now: datetime) -> list[Removable]:
        """What goes now: the trigger first, the function when nothing waits for it any more.

        Raises CloudError; Problem where it is called by a trigger of another name too.
        """
        live = self.live()
        if live:
            self._check_others()
        if self._trigger.there():
            return [self._trigger]
        empty = moving.empty_from(self._clients, live) if live else None
        return [self._function] if empty and empty <= now else []

    def _check_others(self) -> None:
        """Without its own trigger it would be called all the same."""
        called_by = [each.name for each in compute(self.spec, self._clients).triggers()]
        if others := [each for each in called_by if each != self._trigger.name]:
            raise Problem(
                f"{self.name} is called by {', '.join(others)} too, which s.yaml does not declare, "
                "so nothing was removed: `resource-repair apply -t "
                f"{self.spec.generation.template}` takes that away; then run again"
            )

    def live(self) -> DeployedFunction | None:
        """The function; None if it has gone. Raises CloudError."""
        return DeployedFunction.find(self.spec, self._clients)

    def waits_until(self) -> datetime | None:
        """Until when something may wait for it; None if it has gone, or still has its trigger."""
        live = self.live()
        return moving.empty_from(self._clients, live) if live else None

    def carry_out(self, context: Context, planned: list[Removable], removed: Removed) -> None:
        """Take away what was `planned`, and tell `removed` of each; note how far it has come.

        Raises CloudError; Problem where the one in use is not sound, or what goes is not ours.
        """
        if self._trigger in planned:
            self._note(BEGUN)
        check_in_use(context)
        for each in planned:
            if why := each.there() and each.stays():
                raise Problem(f"{each.kind} {each.name} stays: {why}")
            patiently(each.delete)
            removed(each)
        if self._function not in planned:
            self._note(UNSUBSCRIBED)

    def _note(self, how_far: str) -> None:
        """Keep on the function how far it has come: from when on is told by its last change."""
        live = self.live()
        if live and live.environment.get(RETIRED) != how_far:
            live.set_environment({**live.environment, RETIRED: how_far})

    def to_note(self) -> bool:
        """Whether the trigger has gone, and that is yet to be noted."""
        live = self.live()
        gone = not self._trigger.there()
        return gone and live is not None and live.environment.get(RETIRED) != UNSUBSCRIBED


def check_in_use(context: Context) -> None:
    """Raise Problem unless what is in use is live as it is declared, trigger and pause included.

    And can do it: a role that no deploy makes, without its policies, would close nothing.
    """
    spec = context.spec
    lacks = [f"{each.kind} {each.name}" for each in _needs(spec, context.clients)]
    if lacks:
        raise Problem(
            f"{spec.qualified_name} on {spec.generation.product} is to take over, and what it "
            f"needs is not there as declared ({', '.join(lacks)}), so nothing more was removed: "
            f"`resource-repair provision -t {spec.generation.template}` mends that"
        )
    differing = find_drift(spec, context.clients).drift
    if differing:
        told = ", ".join(dict.fromkeys(f"{each.kind} {each.name}" for each in differing))
        raise Problem(
            f"{spec.qualified_name} on {spec.generation.product} is to take over, and is not as "
            f"s.yaml declares ({told}), so nothing more was removed: `resource-repair apply -t "
            f"{spec.generation.template}` brings it back, and `resource-repair verify -t "
            f"{spec.generation.template}` tells all"
        )


def _needs(spec: Spec, clients: Clients) -> Iterator[Step | Queue]:
    """What of it is missing, or not as it must be, that provision makes."""
    if spec.service.role.provisioned:
        steps = role_steps(spec, clients)
        yield from (each for each in steps if each.verdict is not Verdict.KEEP)
    if spec.failure_queue and not (queue := Queue(spec.failure_queue, clients)).there():
        yield queue


def now() -> datetime:
    """Now, as this machine has it."""
    return datetime.now(timezone.utc)
