"""The buckets that the events speak of, and how to give the function an event."""

import json
from typing import Any, NamedTuple

from scripts.localcloud.fc.runner import Invocation
from tests.account import Account
from tests.parts import public_policy

_BEFORE_THE_EVENTS = 20 * 365 * 86400.0  # seconds: the messages in events/ are years old

# The table of events/README.md.
BUCKETS = {
    "config-snapshot": ("cn-shanghai", "public-read"),
    "config-upload": ("cn-shanghai", "public-read-write"),
    "config-beijing": ("cn-beijing", "public-read"),
    "config-private": ("cn-shanghai", "private"),
    "config-website": ("cn-shanghai", "public-read"),
    "config-policy": ("cn-shanghai", "private"),
    "config-encrypted": ("cn-shanghai", "private"),
    "config-dropbox": ("cn-shanghai", "public-read-write"),
    "config-partners": ("cn-shanghai", "private"),
}
REMEDIATIONS = (
    "public-write:cr-3b7d20c85e914a6f9d07:enforce;encryption:cr-e1c7a0b94f2d4f6a8b35:enforce;"
    "policy:cr-5f90d2c4a17e4b0c8d63:enforce;https:cr-0c6e8a41b7f24d59a3e2:enforce"
)


class Ran(NamedTuple):
    """What an invocation came to: `answer` is empty if it ended with an error."""

    outcomes: list[str]
    answer: str
    audit: list[dict[str, Any]]
    error: dict[str, Any]
    log: str


def lay(account: Account) -> None:
    """Put every bucket into the state that the table says, whatever it is in now.

    Cloud Config looks away: the events come by hand alone.
    """
    account.cloud.config.switch_rule(account.rule_id, active=False)
    oss = account.cloud.oss
    for name in oss.names():
        oss.delete(name)
    for name, (region, acl) in BUCKETS.items():
        oss.create(name, region=region, acl=acl, age=_BEFORE_THE_EVENTS)
    oss.set_policy("config-policy", public_policy("config-policy"))
    oss.set_policy("config-partners", public_policy("config-partners", "20", "*"))
    oss.set_encryption("config-encrypted", {"SSEAlgorithm": "KMS"})


def run(account: Account, event: bytes | str) -> Ran:
    """Invoke the function, synchronously, with an event."""
    done = account.cloud.fc.invoke(*account.place, event)
    return ran(done)


def ran(done: Invocation) -> Ran:
    """An invocation's audit lines and end."""
    audit = [json.loads(line) for line in done.log.splitlines() if line.startswith('{"event"')]
    text = done.payload.decode()
    return Ran(
        outcomes=[line["outcome"] for line in audit],
        answer="" if done.error_type else text,
        audit=audit,
        error=json.loads(text) if done.error_type else {},
        log=done.log,
    )


def calls(account: Account, bucket: str, *operations: str) -> list[str]:
    """The operations, of those named or any, that the function did on a bucket, in order."""
    return [
        entry.action
        for entry in account.cloud.journal.entries("oss", subject=bucket)
        if "Credential=STS." in entry.details["request"].headers.get("authorization")
        and entry.action in (operations or (entry.action,))
    ]
