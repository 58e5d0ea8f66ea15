"""What waits in the failure queue, and whether the function can settle it."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from scripts.account.deployed_function import DeployedFunction
from scripts.account.findings import rule_ids
from scripts.account.mailbox import Message
from scripts.decide.envelope import Failure, failure_in
from scripts.declared import Spec
from scripts.errors import Problem

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Waiting(NamedTuple):
    """A message of the queue; `kept` is why it cannot be settled as it is, empty if it can.

    `ours` is whether it has a finding that can be, by a sweep, or once the right rule is deployed.
    """

    message: Message
    failure: Failure
    kept: str
    ours: bool


def waiting(message: Message, spec: Spec, live: DeployedFunction | None) -> Waiting:
    """What is to be said of a message, by the rules that the live function has, if there is one."""
    failure = failure_in(message.body)
    kept = _why_kept(failure, spec, live)
    return Waiting(message, failure, kept, not kept or _has_ours(failure, spec, live))


def unseen(seen: Sequence[Waiting], ids: Sequence[str]) -> list[str]:
    """The ids that were said, and begin none that is seen."""
    return [short for short in ids if not any(each.message.id.startswith(short) for each in seen)]


def not_seen(short: str) -> Problem:
    """That nothing begins so."""
    return Problem(f"no message {short} can be seen in the queue: look with --dry-run")


def chosen_of(seen: Sequence[Waiting], buckets: Sequence[str], ids: Sequence[str]) -> list[Waiting]:
    """What is about one of the buckets, and whose id begins so, as far as any are said."""
    return [
        each
        for each in seen
        if (not buckets or set(buckets) & set(each.failure.buckets))
        and (not ids or each.message.id.startswith(tuple(ids)))
    ]


def age(message: Message) -> str:
    """How long it waits."""
    seconds = max(0.0, time.time() - message.arrived_at)
    if seconds >= _DAY:
        return f"{seconds // _DAY:.0f} d {seconds % _DAY // _HOUR:.0f} h"
    if seconds >= _HOUR:
        return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min"
    return f"{seconds // _MINUTE:.0f} min"


def _has_ours(failure: Failure, spec: Spec, live: DeployedFunction | None) -> bool:
    """Whether a rule that is declared, or deployed, has a finding in it."""
    if failure.function and failure.qualified_name != spec.qualified_name:
        return False
    rules = {*rule_ids(spec), *(live.settings.rule_ids if live else ())}
    return any(each.rule_id in rules for each in failure.findings)


def _why_kept(failure: Failure, spec: Spec, live: DeployedFunction | None) -> str:
    """Why sending it would settle nothing, or lose it.

    What a list has beside findings of the function's own rules it ignores: that keeps no list.
    """
    if failure.unreadable:
        return failure.unreadable
    if failure.function and failure.qualified_name != spec.qualified_name:
        return f"it is of the function {failure.qualified_name}"
    if live is None:
        return ""
    deployed = live.settings.rule_ids
    foreign = [each.rule_id for each in failure.findings if each.rule_id not in deployed]
    if foreign and len(foreign) == len(failure.findings):
        return f"the function is not deployed for rule {foreign[0]}, and would ignore it"
    return ""
