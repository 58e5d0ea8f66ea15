"""What waits in the failure queue, and whether the function can settle it."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from scripts.account import moving
from scripts.account.deployed_function import DeployedFunction
from scripts.account.findings import rule_ids
from scripts.account.mailbox import LONGEST_HOLD, MOST_LISTED, Message, QueueMailbox
from scripts.account.queue import Queue
from scripts.context import Context
from scripts.decide.envelope import Failure, failure_in
from scripts.declared import Spec
from scripts.errors import Problem
from scripts.flows.audit_lines import at
from scripts.words import count

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Waiting(NamedTuple):
    """A message of the queue; `kept` is why it cannot be settled as it is, empty if it can.

    `ours` is whether it has a finding that can be, by a sweep, or once the right rule is deployed.
    `way_out` is how, where the message itself can never be sent.
    """

    message: Message
    failure: Failure
    kept: str
    ours: bool
    way_out: str

    @property
    def told(self) -> str:
        """Why it is kept, and the way out."""
        return f"{self.kept}: {self.way_out}" if self.way_out else self.kept


class Sight(NamedTuple):
    """What can be seen of a queue; `rest` says what is left that cannot, empty if nothing is."""

    seen: list[Waiting]
    rest: str


def look(
    context: Context, queue: str, mailbox: QueueMailbox, live: DeployedFunction | None
) -> Sight:
    """What waits in a queue: each message, and that there are more. Raises as the mailbox does."""
    found = Queue(queue, context.clients).found()
    there = found.waiting if found else 0
    seen = [waiting(message, context.spec, live) for message in mailbox.listed(there)]
    return Sight(seen, _rest(queue, len(seen), there, datetime.now(timezone.utc)))


def waiting(message: Message, spec: Spec, live: DeployedFunction | None) -> Waiting:
    """What is to be said of a message, by the rules that the live function has, if there is one."""
    failure = failure_in(message.body)
    kept, ours = _why_kept(failure, spec, live), _ours(failure, spec, live)
    way_out = _way_out(message, ours) if ours and failure.unreadable else ""
    return Waiting(message, failure, kept, not kept or bool(ours), way_out)


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


def _rest(queue: str, seen: int, there: int, now: datetime) -> str:
    """What is said of the messages beside those that were seen, by the queue's own count of all."""
    if seen >= MOST_LISTED:
        return f"{queue} was looked at up to its {seen} first messages: run again for the rest"
    if there <= seen:
        return ""
    held = "it" if there - seen == 1 else "them"
    return (
        f"{count(there - seen, 'message')} of {queue} cannot be seen just now: somebody else holds "
        f"{held}, until {at(now + timedelta(seconds=LONGEST_HOLD))} at most; run again then"
    )


def _of_others(failure: Failure, spec: Spec) -> bool:
    """Whether another function gave it up: ours, on the Function Compute before a move, did not."""
    names = (spec.qualified_name, moving.on_other(spec).qualified_name)
    return bool(failure.function) and failure.qualified_name not in names


def _ours(failure: Failure, spec: Spec, live: DeployedFunction | None) -> list[str]:
    """The buckets that a rule which is declared, or deployed, has found in it."""
    if _of_others(failure, spec):
        return []
    rules = {*rule_ids(spec), *(live.settings.rule_ids if live else ())}
    found = [each.resource_id for each in failure.findings if each.rule_id in rules]
    return list(dict.fromkeys(found))


def _way_out(message: Message, buckets: Sequence[str]) -> str:
    """How the findings in a message are settled that can never be sent as a whole."""
    named = " ".join(f"--bucket {bucket}" for bucket in buckets)
    return (
        f"`resource-repair sweep {named}`, then "
        f"`resource-repair redrive --discard --reason WHY --id {message.id}`"
    )


def _why_kept(failure: Failure, spec: Spec, live: DeployedFunction | None) -> str:
    """Why sending it would settle nothing, or lose it.

    What a list has beside findings of the function's own rules it ignores: that keeps no list.
    """
    if failure.unreadable:
        return failure.unreadable
    if _of_others(failure, spec):
        return f"it is of the function {failure.qualified_name}"
    if live is None:
        return ""
    deployed = live.settings.rule_ids
    foreign = [each.rule_id for each in failure.findings if each.rule_id not in deployed]
    if foreign and len(foreign) == len(failure.findings):
        return f"the function is not deployed for rule {foreign[0]}, and would ignore it"
    return ""
