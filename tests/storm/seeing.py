"""What was to be seen of a storm, as values: from the stand-in's journal, and nothing else."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

_KEY = re.compile(r"Credential=([^/]+)/|$")


class State(NamedTuple):
    """A bucket at a time; `policy` is whether its policy is public, `blocked` its own flag.

    `document` is the policy, `encryption` the method; empty is none.
    """

    acl: str
    owner: str
    created: float
    tags: tuple[tuple[str, str], ...] = ()
    policy: bool = False
    blocked: bool = False
    encryption: str = ""
    document: str = ""


class Change(NamedTuple):
    """What a bucket was from then on; None is no bucket."""

    at: float
    bucket: str
    state: State | None


class Call(NamedTuple):
    """A request to OSS; `acl` or `document` (a policy) is what it was to set.

    `answered` is whether an answer was sent.
    """

    began: float
    at: float
    key: str
    action: str
    bucket: str
    status: int = 200
    code: str = ""
    acl: str = ""
    answered: bool = True
    document: str = ""

    @property
    def done(self) -> bool:
        """Whether it was carried out."""
        return self.status in (200, 204)

    def worked(self, action: str) -> bool:
        """Whether it is that operation, and whoever asked knows that it was carried out."""
        return self.action == action and self.done and self.answered


class Run(NamedTuple):
    """A run of the function, with keys of its own, its audit lines, and all that it printed."""

    began: float
    at: float
    key: str
    request_id: str
    kind: str
    event: bytes
    error: str = ""
    lines: tuple[dict[str, Any], ...] = ()
    log: str = ""


class Job(NamedTuple):
    """The end of an asynchronous invocation; `undelivered` is why its failure was not kept."""

    at: float
    request_id: str
    succeeded: bool
    undelivered: str = ""
    event: bytes = b""


class Exempted(NamedTuple):
    """A bucket that people exempt, with its ceiling: perhaps since then, surely from `at` on."""

    since: float
    at: float
    bucket: str
    allow: str


class Finding(NamedTuple):
    """What an event says of a bucket."""

    rule: str
    bucket: str
    account: str
    compliance: str


class Seen(NamedTuple):
    """All of it. `sweep` is what `sweep --dry-run --due` said; a tag counts if it says `until`.

    `rule` is that of the ACL, `further` the remediation of each other of our rules.
    """

    account: str
    rule: str
    tag: str = ""
    until: str = ""
    changes: tuple[Change, ...] = ()
    calls: tuple[Call, ...] = ()
    runs: tuple[Run, ...] = ()
    jobs: tuple[Job, ...] = ()
    delivered: tuple[str, ...] = ()
    queue: tuple[str, ...] = ()
    exempted: tuple[Exempted, ...] = ()
    account_blocked: tuple[tuple[float, bool], ...] = ()
    sweep: str = "{}"
    further: Mapping[str, str] = MappingProxyType({})


def of_journal(entries: Iterable[Any], topic: str) -> dict[str, tuple[Any, ...]]:
    """What of the above is in the journal of a local cloud, by its name in Seen."""
    by: dict[str, list[Any]] = {name: [] for name in ("calls", "runs", "jobs", "delivered")}
    for each in entries:
        more = each.details
        if each.service == "oss" and "request" in more:
            by["calls"].append(_call(each))
        elif each.service == "fc" and each.action == "invoked":
            lines = audit_lines(more["log"])
            who = (more["access_key_id"], more["request_id"], more["kind"], more["event"])
            told = (more["error_type"], tuple(lines), more["log"])
            by["runs"].append(Run(more["began"], each.at, *who, *told))
        elif each.service == "fc" and each.action in ("succeeded", "gave_up"):
            good = each.action == "succeeded"
            ended = (more["request_id"], good, more["undelivered"], more["event"])
            by["jobs"].append(Job(each.at, *ended))
        elif (each.service, each.action, each.subject) == ("mns", "delivered", topic):
            by["delivered"].append(more["body"])
    by["calls"].sort()
    return {name: tuple(found) for name, found in by.items()}


def _call(entry: Any) -> Call:
    more, headers = entry.details, entry.details["request"].headers
    match = _KEY.search(headers.get("authorization"))
    code, acl = more.get("code", ""), headers.get("x-oss-acl")
    what = (entry.action, entry.subject, more["status"], code, acl, not more["dropped"])
    put = more["request"].body.decode() if entry.action == "PutBucketPolicy" else ""
    return Call(more["began"], entry.at, (match and match[1]) or "", *what, put)


def audit_lines(log: str) -> list[dict[str, Any]]:
    """Those among what a run printed."""
    whole = (line for line in log.splitlines() if line.startswith("{"))
    return [json.loads(line) for line in whole if '"event": "resource_repair"' in line]


def findings(value: Any, compliance: str = "", account: str = "") -> Iterator[Finding]:
    """What an event says, in whatever it is wrapped."""
    if isinstance(value, bytes | str):
        value = _decoded(value)
    if isinstance(value, list):
        for each in value:
            yield from findings(each, compliance, account)
    elif isinstance(value, dict):
        compliance = value.get("complianceType", compliance)
        account = str(value.get("resourceOwnerId") or value.get("accountId") or account)
        if value.get("configRuleId") and value.get("resourceId"):
            yield Finding(value["configRuleId"], value["resourceId"], account, compliance)
        else:
            yield from findings(list(value.values()), compliance, account)


def _decoded(text: bytes | str) -> Any:
    """JSON, or base64 of JSON; None for anything else."""
    for decode in (json.loads, lambda coded: json.loads(base64.b64decode(coded, validate=True))):
        try:
            return decode(text)
        except ValueError:
            continue
    return None
