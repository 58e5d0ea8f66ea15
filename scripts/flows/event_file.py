"""An event that an operator sends from a file: to the topic, or straight to the function.

What it will lead to can be told before. Each finding in it comes back as an audit line.
"""

from pathlib import Path
from typing import NamedTuple, TypeAlias

from resource_repair import notification, values
from resource_repair.values import Finding
from scripts.account.clients import Clients
from scripts.account.deployed_function import DeployedFunction
from scripts.declared import Spec
from scripts.errors import UsageError
from scripts.outlet import stdin
from scripts.terminal import Console

FindingKey: TypeAlias = tuple[str, str]
"""What tells the findings of a message apart: rule and bucket, empty where there are none."""


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


def preview(clients: Clients, spec: Spec, event: bytes) -> EventPreview:
    """What the event will lead to, as the function reads it and is deployed.

    Raises CloudError; Problem if it is not deployed.
    """
    deployed = DeployedFunction.read(spec, clients).settings
    found = [item for item in notification.read(event) if isinstance(item, Finding)]
    named = tuple(Named(each.resource_id, each.rule_id) for each in found)
    return EventPreview(spec.qualified_name, deployed.mode, deployed.rule_ids, named)


def read_event(where: str) -> bytes:
    """What the file at `where` holds, or stdin for `-`; raises UsageError if it holds nothing."""
    try:
        event = stdin().buffer.read() if where == "-" else Path(where).read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"{where} cannot be read ({reason}): name an event's file, or -") from None
    if not event.strip():
        raise UsageError(f"{where} is empty: an event has at least a character")
    return event


def finding_keys(event: bytes) -> list[FindingKey]:
    """What the function will write a line about, by its own reading of the event."""
    return [
        (item.rule_id, item.resource_id) if isinstance(item, Finding) else ("", "")
        for item in notification.read(event)
    ]
