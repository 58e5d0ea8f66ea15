"""A bucket from all sides: Cloud Config, OSS, the exemptions that are live, the audit trail.

What cannot be read, for want of a permission or otherwise, hides nothing else.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from resource_repair.exemptions import Exemption, Exemptions
from resource_repair.openness import PRIVATE
from resource_repair.values import TOLD
from scripts.account import audit_trail, buckets, findings
from scripts.account.audit_trail import AuditLine
from scripts.account.buckets import Bucket
from scripts.account.clients import Clients
from scripts.account.deployed_function import GET, GET_CODE, DeployedFunction
from scripts.account.findings import Result
from scripts.account.live_exemptions import LiveExemptions, differing
from scripts.decide.brake import UNDEPLOYED, Brake, brake
from scripts.decide.due import last_lines
from scripts.decide.view import ACCOUNT, BUCKET, NOBODY, POLICY, Unread, View
from scripts.declared import Spec
from scripts.errors import CloudError, Problem
from scripts.patience import tallied

OF_ONE = findings.LIST_OF_BUCKET
"""The permission for the view of one bucket alone; beside it those for all."""

PERMISSIONS = (
    findings.LIST_OF_RULE,
    buckets.GET_INFO,
    buckets.GET_TAGS,  # where exemptTag is set
    buckets.GET_POLICY_STATUS,
    buckets.GET_BLOCK,
    buckets.GET_ACCOUNT_BLOCK,
    *audit_trail.PERMISSIONS,
    GET,
    GET_CODE,
)


_AT_ONCE = 8  # buckets that are asked about at a time

_T = TypeVar("_T")


class _GoneError(Exception):
    """There is no such bucket."""


class ViewReader:
    """Reads views; `failures` is what stood in the way so far, one for each operation.

    `live` is the function, None if it is not deployed. The exemptions are those that it has;
    `reviewed` stand in where these cannot be read. Audit lines are looked for from `since` on.
    """

    def __init__(
        self, spec: Spec, clients: Clients, reviewed: Exemptions, since: datetime, now: datetime
    ) -> None:
        self.failures: dict[str, Problem] = {}
        self._spec = spec
        self._clients = clients
        self._reviewed = reviewed
        self._lines: dict[str, list[AuditLine] | Unread] = {}
        self._span = (since, now + audit_trail.SKEW)
        self.live = self.attempt(lambda: DeployedFunction.find(spec, clients))
        self._held = (
            self.attempt(self.live.exemptions) if isinstance(self.live, DeployedFunction) else None
        )
        self.exemptions = self._held if isinstance(self._held, Exemptions) else reviewed
        tag = self.live.settings.exempt_tag if isinstance(self.live, DeployedFunction) else None
        self.exempting = LiveExemptions(self.exemptions, tag, now.date())

    def one(self, bucket: str) -> View:
        """The view of one bucket."""
        result = self.attempt(lambda: findings.of_bucket(self._spec, self._clients, bucket))
        lines = self.lines_of(bucket)
        line = lines if isinstance(lines, Unread) else _last(lines).get(bucket)
        return self._view(bucket, result, line)

    def all(self) -> list[View]:
        """The views of all buckets that the rule has evaluated, the non-compliant first.

        After these come those that a person was told of and Cloud Config no longer lists, as it
        does none that is another account's by now. Raises CloudError if not even the rule's can be
        listed.
        """
        found = findings.read(self._spec, self._clients)
        found.sort(key=lambda result: findings.rank(result.compliance))
        lines = self.lines
        last = {} if isinstance(lines, Unread) else _last(lines)

        def view(result: Result) -> View:
            line = lines if isinstance(lines, Unread) else last.get(result.bucket)
            return self._view(result.bucket, result, line)

        listed = {result.bucket for result in found}
        unlisted = [
            line for name, line in last.items() if line.outcome in TOLD and name not in listed
        ]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            seen = tallied(pool.map(view, found), "buckets read", len(found))
            return [*seen, *pool.map(self.of_line, unlisted)]

    def of(self, lines: Iterable[AuditLine]) -> list[View]:
        """The views of the buckets that these lines are about, each being the last about its."""
        results = self.attempt(lambda: findings.read(self._spec, self._clients))
        known = {} if isinstance(results, Unread) else {each.bucket: each for each in results}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(lambda line: self.of_line(line, known.get(line.bucket)), lines))

    def lines_of(self, bucket: str) -> list[AuditLine] | Unread:
        """The audit lines about one bucket, or about all for none, oldest first."""
        if bucket not in self._lines:
            self._lines[bucket] = self.attempt(lambda: self._read_lines(bucket))
        return self._lines[bucket]

    def of_line(self, line: AuditLine, result: Result | None = None) -> View:
        """The view of the bucket that a line, the last about it, tells of."""
        return self._view(line.bucket, result, line, line.region)

    @cached_property
    def _account(self) -> bool | Unread:
        return self.attempt(lambda: buckets.account_blocks_public_access(self._clients))

    @property
    def lines(self) -> list[AuditLine] | Unread:
        """Those about all buckets."""
        return self.lines_of("")

    @property
    def brake(self) -> Brake | None:
        """What keeps the function from closing anything; None too where that was not read."""
        if self.live is None:
            return UNDEPLOYED
        return None if isinstance(self.live, Unread) else brake(self.live.settings, self.live.pause)

    @property
    def deployed(self) -> bool | None:
        """Whether the exemptions are those that the function has; None if that is not known."""
        if self.live is None:
            return False
        return True if isinstance(self._held, Exemptions) else None

    def doubt(self, path: Path) -> str:
        """What is to be said of the exemptions, beside those in the file at `path`; or nothing."""
        if isinstance(self._held, Exemptions):
            return differing(self._held, self._reviewed, path)
        if self.live is None:
            name = self._spec.function_in_cloud
            return f"{name} is not deployed, so no exemption holds yet: deploy it"
        why = self._held or "not read"
        return f"the exemptions shown are those in {path}, since the live ones were {why}"

    def _view(
        self,
        name: str,
        result: Result | Unread | None,
        line: AuditLine | Unread | None,
        region: str = "",
    ) -> View:
        region = result.region if isinstance(result, Result) else region
        bucket = Bucket(self._clients, name, region)
        gone = View(name, region, result, None, None, None, self._exemption(bucket, None), line)
        try:
            info = self._of_bucket(bucket.info)
            return replace(
                gone,
                region=info.region if isinstance(info, buckets.Info) else region,
                acl=info.acl if isinstance(info, buckets.Info) else info,
                public_by_policy=self._of_bucket(bucket.public_by_policy),
                blocked_by=self._of_bucket(lambda: self._blocked_by(bucket)),
                exemption=self._exemption(bucket, info),
            )
        except _GoneError:
            return gone

    def _blocked_by(self, bucket: Bucket) -> str | Unread:
        if self._account is True:
            return ACCOUNT
        if bucket.blocks_public_access():
            return BUCKET
        return self._account or NOBODY

    def _exemption(
        self, bucket: Bucket, info: buckets.Info | Unread | None
    ) -> Exemption | Unread | None:
        """The one that holds, else what held last; a tag counts where the bucket is open.

        One from `policy` counts where it is not: then the policy alone may let the public in.
        """
        is_open = isinstance(info, buckets.Info) and info.acl != PRIVATE
        exempting = self.exempting if is_open else self.exempting._replace(tag=None)
        entries, today = self.exemptions.entries, exempting.today
        of_policy = None if is_open else self.exemptions.for_bucket(bucket.name, today, POLICY)
        once = [each for each in entries if each.covers(bucket.name, each.expires)]
        held = max(once, key=lambda each: each.expires, default=None)
        return self._of_bucket(lambda: exempting.of(bucket)) or of_policy or held

    def _read_lines(self, bucket: str = "") -> list[AuditLine]:
        return list(audit_trail.read(self._clients, self._spec, *self._span, bucket=bucket))

    def _of_bucket(self, look: Callable[[], _T]) -> _T | Unread:
        """The same of a bucket, which may go between two looks; raises _GoneError then."""
        try:
            return look()
        except Problem as error:
            if isinstance(error, CloudError) and error.code == buckets.NO_SUCH_BUCKET:
                raise _GoneError from None
            return self._failed(error)

    def attempt(self, look: Callable[[], _T]) -> _T | Unread:
        """What `look` gives; what stands for that where it fails."""
        try:
            return look()
        except Problem as error:
            return self._failed(error)

    def _failed(self, error: Problem) -> Unread:
        operation = error.operation if isinstance(error, CloudError) else ""
        self.failures.setdefault(operation, error)
        return Unread(operation)


def _last(lines: list[AuditLine]) -> dict[str, AuditLine]:
    """The last line about each bucket: one of an ignored finding only where there is no other."""
    return {**{line.bucket: line for line in lines if line.of_acl}, **last_lines(lines)}
