"""Which of the buckets that the function would close are due: nobody else comes back to them."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from resource_repair.openness import PRIVATE
from resource_repair.values import ENFORCE
from scripts.account import audit_trail
from scripts.account.buckets import Bucket
from scripts.account.clients import Clients
from scripts.account.findings import Result
from scripts.decide.candidates import Candidate, expected
from scripts.decide.due import due, last_lines
from scripts.declared import Spec
from scripts.patience import tallied

GRACE = timedelta(minutes=5)  # what happened within these may be under way
DAYS = 30.0  # so far back is looked for audit lines
_AT_ONCE = 8  # buckets that are asked about at a time


def what_is_due(
    spec: Spec, clients: Clients, to_close: Iterable[Result], now: datetime
) -> Iterator[tuple[str, str]]:
    """Each that is open still and due, by what `sweep --due` goes by, and why.

    Cloud Config tells what it found some minutes ago, so that those that seem due are read. Raises
    CloudError, and Problem for an audit trail that cannot be read.
    """
    found = list(to_close)
    if not found:
        return
    span = (audit_trail.since(DAYS, now), now + audit_trail.SKEW)
    lines = last_lines(audit_trail.read(clients, spec, *span))
    seeming: list[tuple[Result, str]] = []
    for result in found:
        end = expected(result.acl or "", None, ENFORCE)
        candidate = Candidate(result, result.acl, None, end, website=None, domains=None)
        if told := due(candidate, lines.get(result.bucket), ENFORCE, now, GRACE):
            seeming.append((result, told))

    def is_open(each: tuple[Result, str]) -> bool:
        info = Bucket(clients, each[0].bucket, each[0].region).info_if_there()
        return bool(info and info.acl != PRIVATE)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        still = list(tallied(pool.map(is_open, seeming), "buckets read", len(seeming)))
    yield from ((each.bucket, told) for (each, told), so in zip(seeming, still, strict=True) if so)
