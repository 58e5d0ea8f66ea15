"""A bucket from all sides: Cloud Config, OSS, the exemptions that people review, the audit trail.

What cannot be read, for want of a permission or otherwise, hides nothing else.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, TypeVar

from resource_repair.exemptions import Exemption, Exemptions
from scripts import audit_trail, buckets, live, results
from scripts.audit_trail import AuditLine
from scripts.buckets import Bucket
from scripts.clients import Clients, CloudError
from scripts.errors import Problem
from scripts.live import Doubt
from scripts.results import Result
from scripts.retrying import patiently
from scripts.spec import Spec

PERMISSIONS = (
    results.LIST_OF_RULE,
    results.LIST_OF_BUCKET,
    buckets.GET_INFO,
    buckets.GET_POLICY_STATUS,
    buckets.GET_BLOCK,
    buckets.GET_ACCOUNT_BLOCK,
    *audit_trail.PERMISSIONS,
    live.GET_FUNCTION,
)

ACCOUNT, BUCKET, NOBODY = "account", "bucket", "nobody"  # who blocks public access

_AT_ONCE = 8  # buckets that are asked about at a time
_AHEAD = timedelta(hours=1)  # the clock of Log Service may be ahead of this machine's

_T = TypeVar("_T")


class Unread(NamedTuple):
    """Stands for what could not be read; `operation` is empty if it was no call that failed."""

    operation: str


@dataclass(frozen=True)
class View:
    """One bucket. If there is none of that name, its `acl` and what goes with it are None.

    `blocked_by` says whose Block Public Access is on. `exemption` is the one that holds, else the
    last one that did.
    """

    bucket: str
    region: str
    result: Result | Unread | None
    acl: str | Unread | None
    public_by_policy: bool | Unread | None
    blocked_by: str | Unread | None
    exemption: Exemption | None
    line: AuditLine | Unread | None


class Reader:
    """Reads views; `failures` is what stood in the way so far, one for each operation.

    Audit lines are looked for as far back as `days`.
    """

    def __init__(
        self, spec: Spec, clients: Clients, exemptions: Exemptions, *, now: datetime, days: float
    ) -> None:
        self.failures: dict[str, Problem] = {}
        self._spec = spec
        self._clients = clients
        self._exemptions = exemptions
        self._now = now
        self._since = now - timedelta(days=days)
        self._account = self._attempt(lambda: buckets.account_blocks_public_access(clients))

    def one(self, bucket: str) -> View:
        """The view of one bucket."""
        result = self._attempt(lambda: results.of_bucket(self._spec, self._clients, bucket))
        line = self._attempt(lambda: self._last_lines(bucket).get(bucket))
        return self._view(bucket, result, line)

    def all(self) -> list[View]:
        """The views of all buckets that the rule has evaluated, the non-compliant first.

        Raises CloudError if not even those can be listed.
        """
        found = patiently(lambda: results.read(self._spec, self._clients))
        found.sort(key=lambda result: results.rank(result.compliance))
        lines = self._attempt(self._last_lines)

        def view(result: Result) -> View:
            line = lines if isinstance(lines, Unread) else lines.get(result.bucket)
            return self._view(result.bucket, result, line)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(view, found))

    def doubt(self, path: Path) -> Doubt | Unread | None:
        """Why the exemptions, of the file at `path`, may not be those deployed; or None."""

        def look() -> Doubt | None:
            deployed = live.function(self._spec, self._clients)
            return live.doubt(self._spec, deployed, self._exemptions, path)

        return self._attempt(look)

    def _view(
        self, name: str, result: Result | Unread | None, line: AuditLine | Unread | None
    ) -> View:
        region = result.region if isinstance(result, Result) else ""
        bucket = Bucket(self._clients, name, region)
        info = self._attempt(bucket.info_if_there)
        there = info is not None
        return View(
            bucket=name,
            region=info.region if isinstance(info, buckets.Info) else region,
            result=result,
            acl=info.acl if isinstance(info, buckets.Info) else info,
            public_by_policy=self._attempt(bucket.public_by_policy) if there else None,
            blocked_by=self._attempt(lambda: self._blocked_by(bucket)) if there else None,
            exemption=_exemption(self._exemptions, name, self._now.date()),
            line=line,
        )

    def _blocked_by(self, bucket: Bucket) -> str | Unread:
        if self._account is True:
            return ACCOUNT
        if bucket.blocks_public_access():
            return BUCKET
        return self._account or NOBODY

    def _last_lines(self, bucket: str = "") -> dict[str, AuditLine]:
        """The last audit line about each bucket."""
        until = self._now + _AHEAD
        lines = audit_trail.read(self._clients, self._spec, self._since, until, bucket=bucket)
        return {line.bucket: line for line in lines}

    def _attempt(self, look: Callable[[], _T]) -> _T | Unread:
        try:
            return patiently(look)
        except Problem as error:
            operation = error.operation if isinstance(error, CloudError) else ""
            self.failures.setdefault(operation, error)
            return Unread(operation)


def _exemption(exemptions: Exemptions, bucket: str, today: date) -> Exemption | None:
    once = [each for each in exemptions.entries if each.covers(bucket, each.expires)]
    last = max(once, key=lambda each: each.expires, default=None)
    return exemptions.for_bucket(bucket, today) or last
