"""What is left open, and what somebody was told of, by the audit trail; for the doctor."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from resource_repair.exemptions import Exemptions
from resource_repair.openness import PRIVATE
from resource_repair.remediations import ACL
from resource_repair.settings import BLOCK, Assignment, Settings, Ways
from resource_repair.values import ENFORCE
from scripts.account import audit_trail, buckets
from scripts.account.audit_trail import AuditLine
from scripts.account.buckets import Bucket
from scripts.account.clients import Clients
from scripts.account.findings import Result
from scripts.account.live_exemptions import LiveExemptions
from scripts.decide import attention
from scripts.decide.attention import Need
from scripts.decide.candidates import Candidate, expected
from scripts.decide.due import due, last_lines, overlooked
from scripts.decide.view import Unread
from scripts.declared import Spec
from scripts.flows.bucket_view import ViewReader
from scripts.flows.foresee import foresee
from scripts.flows.further import left
from scripts.patience import tallied

GRACE = timedelta(minutes=5)  # what happened within these may be under way
DAYS = 30.0  # so far back is looked for audit lines
_AT_ONCE = 8  # buckets that are asked about at a time

OF_TOLD = (buckets.GET_POLICY_STATUS, buckets.GET_BLOCK, buckets.GET_ACCOUNT_BLOCK)
"""What it takes to see whether what was told is still so, beside what other links take."""


def lately(spec: Spec, clients: Clients, now: datetime) -> list[AuditLine]:
    """The audit lines of that time; raises CloudError, and Problem for no such trail."""
    span = (audit_trail.since(DAYS, now), now + audit_trail.SKEW)
    return list(audit_trail.read(clients, spec, *span))


def what_is_due(
    clients: Clients,
    to_close: Iterable[Result],
    said: Iterable[AuditLine],
    now: datetime,
    ways: Ways | None = None,
) -> Iterator[tuple[str, str]]:
    """Each that is open still and due, by what `sweep --due` goes by, and why.

    Cloud Config tells what it found some minutes ago, so that those that seem due are read. Where
    the function closes by Block Public Access alone, `ways` says so. Raises CloudError.
    """
    lines = last_lines(said)
    seeming: list[tuple[Result, str]] = []
    for result in to_close:
        end = expected(result.acl or "", None, ENFORCE)
        candidate = Candidate(result, result.acl, None, end, website=None, domains=None)
        asked = (candidate, lines.get(result.bucket), ENFORCE, now, GRACE)
        if told := due(*asked) or overlooked(*asked):
            seeming.append((result, told))

    def is_open(each: tuple[Result, str]) -> bool:
        there = Bucket(clients, each[0].bucket, each[0].region).state_if_there()
        alone = ways is not None and ways.close == BLOCK
        return bool(there and there.acl != PRIVATE and not (alone and there.blocked))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        still = list(tallied(pool.map(is_open, seeming), "buckets read", len(seeming)))
    yield from ((each.bucket, told) for (each, told), so in zip(seeming, still, strict=True) if so)


def what_further_left(
    spec: Spec,
    clients: Clients,
    on: Iterable[Assignment],
    exempting: LiveExemptions,
    said: Sequence[AuditLine],
    now: datetime,
) -> Iterator[tuple[str, str]]:
    """The same of further remediations, each in its own mode. Raises CloudError."""
    for given in on:
        seen = left(spec, clients, given, exempting, said, now, GRACE)
        yield from ((each.label, why) for each, why in seen.due)


def everything_due(
    spec: Spec,
    clients: Clients,
    read: Settings,
    exempting: LiveExemptions,
    said: Callable[[], Sequence[AuditLine]],
    now: datetime,
) -> tuple[tuple[str, str], ...]:
    """What a function with these settings has left, by whichever remediation. Raises CloudError.

    The audit lines are read where something was found.
    """
    further = [each for each in read.others or () if each.mode == ENFORCE]
    found = foresee(spec, clients, exempting).to_close if read.mode == ENFORCE else ()
    lines = said() if found or further else []
    acl = what_is_due(clients, found, lines, now, read.ways)
    return (*acl, *what_further_left(spec, clients, further, exempting, lines, now))


def what_is_told(
    spec: Spec,
    clients: Clients,
    exemptions: Exemptions,
    said: Sequence[AuditLine],
    on: Sequence[Assignment],
    now: datetime,
) -> tuple[Need, ...]:
    """The buckets that a person was told of and that are still so, as `status` has them.

    That is by the ACL's remediation, and by the further ones that are `on`.

    Raises CloudError where it may not be seen whether one is still so. (That a bucket itself may
    not be read is of what is told: it is another account's by now, or served to nobody.)
    """
    names = (ACL, *(each.remediation for each in on))
    told = [line for name in names for line in attention.told_last(said, name)]
    if not told:
        return ()
    reader = ViewReader(spec, clients, exemptions, audit_trail.since(DAYS, now), now)
    views = reader.of(told)
    for view in views:
        for seen in (view.public_by_policy, view.blocked_by):
            if isinstance(seen, Unread) and not isinstance(view.acl, Unread):
                raise reader.failures[seen.operation]
    return tuple(each for each in attention.needs(views, reader.brake, now.date()) if each.told)
