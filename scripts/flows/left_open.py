"""Which of the buckets that the function would close are due: nobody else comes back to them."""

from collections.abc import Iterable, Iterator
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

GRACE = timedelta(minutes=5)  # what happened within these may be under way
DAYS = 30.0  # so far back is looked for audit lines


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
    for result in found:
        end = expected(result.acl or "", None, ENFORCE)
        candidate = Candidate(result, result.acl, None, end, website=None, domains=None)
        if told := due(candidate, lines.get(result.bucket), ENFORCE, now, GRACE):
            info = Bucket(clients, result.bucket, result.region).info_if_there()
            if info and info.acl != PRIVATE:
                yield result.bucket, told
