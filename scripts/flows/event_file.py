"""An event that an operator sends from a file: to the topic, or straight to the function.

What it will lead to can be told before. Each finding in it comes back as an audit line.
"""

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, NamedTuple, TypeAlias

from cyclopts import Parameter

from resource_repair import naming, notification, values
from resource_repair.values import Finding
from scripts.account.clients import Clients
from scripts.account.deployed_function import DeployedFunction
from scripts.account.findings import rule_ids
from scripts.context import Acting, Context
from scripts.declared import Spec
from scripts.errors import UsageError
from scripts.outlet import stdin
from scripts.terminal import Console

FindingKey: TypeAlias = tuple[str, str]
"""What tells the findings of a message apart: rule and bucket, empty where there are none."""


_REPORTED = re.compile(r'(notificationCreationTime\\*"\s*:\s*\\*"?)\d+')


class Named(NamedTuple):
    """A finding that an event has."""

    bucket: str
    rule_id: str


class EventPreview(NamedTuple):
    """What an event will lead to: the function that gets it, its mode, and what the event names."""

    function: str
    mode: str
    rule_ids: frozenset[str]
    findings: tuple[Named, ...]

    @property
    def harmless(self) -> bool:
        """Whether no bucket can be changed: it only reports, or nothing is of its rule."""
        if self.mode == values.REPORT:
            return True
        # Without a usable rule id of its own nothing is surely of another rule.
        return all(self.rule_ids and each.rule_id not in self.rule_ids for each in self.findings)

    def show(self, console: Console) -> None:
        """Say it to people."""
        console.say(f"function {self.function}, deployed in mode {self.mode}")
        for each in self.findings:
            console.say(f"the event names bucket {each.bucket}, of rule {each.rule_id}")
        if not self.findings:
            console.say("the event names no bucket")
        elif self.mode != values.REPORT and self.harmless:
            console.say("none is of the rule that it waits for: --as-ours BUCKET puts that in")


def preview(clients: Clients, spec: Spec, event: bytes) -> EventPreview:
    """What the event will lead to, as the function reads it and is deployed.

    Raises CloudError; Problem if it is not deployed.
    """
    deployed = DeployedFunction.read(spec, clients).settings
    found = [item for item in notification.read(event) if isinstance(item, Finding)]
    named = tuple(Named(each.resource_id, each.rule_id) for each in found)
    return EventPreview(spec.qualified_name, deployed.mode, deployed.rule_ids, named)


@dataclass(frozen=True, kw_only=True)
class Sending(Acting):
    """What a verb takes that sends an event."""

    event: Annotated[Path, Parameter(help="a file with the event, or - for stdin")] = field(
        kw_only=False
    )
    as_ours: Annotated[
        str | None, Parameter(help="put in this account, its rule, and this bucket"), "BUCKET"
    ] = None


def told_event(context: Context) -> bytes:
    """The event that the options name; raises UsageError."""
    event = _read(str(context.options.event))
    bucket = context.options.as_ours
    return as_ours(event, context.spec, bucket, time.time()) if bucket else event


def _read(where: str) -> bytes:
    """What the file at `where` holds, or stdin for `-`; raises UsageError if it holds nothing."""
    try:
        event = stdin().buffer.read() if where == "-" else Path(where).read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"{where} cannot be read ({reason}): name an event's file, or -") from None
    if not event.strip():
        raise UsageError(f"{where} is empty: an event has at least a character")
    return event


def as_ours(event: bytes, spec: Spec, bucket: str, now: float) -> bytes:
    """The event with this account, its rule, a bucket of it, and the time (seconds) in it.

    What is shipped under events/ names those of nobody. Raises UsageError for what is no bucket's
    name, and where the event has no finding in which that can be put.
    """
    if not naming.is_bucket_name(bucket):
        raise UsageError(f"{bucket!r} is no bucket's name: 3 to 63 of a-z, 0-9 and hyphens")
    rule_id = rule_ids(spec)[0]
    found = [item for item in notification.read(event) if isinstance(item, Finding)]
    text = event.decode("utf-8", "replace")
    for each in found:
        for old, new in (
            (each.rule_id, rule_id),
            (each.resource_id, bucket),
            (each.owner, spec.account_id),
        ):
            text = re.sub(rf"(?<![\w-]){re.escape(old)}(?![\w-])", new, text) if old else text
    text = _REPORTED.sub(rf"\g<1>{round(now * 1000)}", text)
    made = [item for item in notification.read(text.encode()) if isinstance(item, Finding)]
    if not made or any((each.rule_id, each.resource_id) != (rule_id, bucket) for each in made):
        raise UsageError("--as-ours has no effect: the event has no finding that can be read so")
    return text.encode()


def finding_keys(event: bytes) -> list[FindingKey]:
    """What the function will write a line about, by its own reading of the event."""
    return [
        (item.rule_id, item.resource_id) if isinstance(item, Finding) else ("", "")
        for item in notification.read(event)
    ]
