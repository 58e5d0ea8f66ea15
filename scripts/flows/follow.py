"""What becomes of findings once an evaluation has reported them.

Cloud Config tells which buckets it no longer finds non-compliant, and the audit trail what the
function did about the others: most of what it could not close stays as it is, and would be waited
for in vain.
"""

import time
from collections import defaultdict
from datetime import datetime, timezone
from typing import NamedTuple

from resource_repair.openness import PRIVATE
from resource_repair.values import DENIED, FAILED, GONE, REPAIRED, REPORT, TOLD
from scripts.account import audit_trail, findings
from scripts.account.audit_trail import AuditLine
from scripts.account.findings import Result
from scripts.context import Context
from scripts.errors import CloudError, Problem
from scripts.patience import TIMEOUT, Progress, wait

_INDEXED = 10.0  # seconds within which the line of a bucket that was closed is to be found
_RETRIES = 3  # where s.yaml declares none; Function Compute, "Retry policies"
_NOT_CLOSED = (DENIED, FAILED, *sorted(TOLD))


class End(NamedTuple):
    """A bucket that was reported: what was found before and now, and what the function said.

    `now` is None if Cloud Config knows it no longer, `line` if the audit trail has nothing (yet).
    """

    before: Result
    now: Result | None
    line: AuditLine | None

    @property
    def closed(self) -> bool:
        """Whether it is not open any more."""
        if self.line and self.line.outcome in _NOT_CLOSED:
            return False
        gone = self.line is not None and self.line.outcome == GONE
        return self.compliant or self.blocked or gone

    @property
    def blocked(self) -> bool:
        """Whether the function says that it is blocked: Cloud Config may find its ACL as before."""
        return self.line is not None and self.line.settled and self.line.stays_blocked

    @property
    def compliant(self) -> bool:
        """Whether Cloud Config does not find it open any more."""
        return self.now is None or self.now.compliance != findings.NON_COMPLIANT


def until_evaluated(context: Context, timeout: float = TIMEOUT) -> None:
    """Let an evaluation that is under way end: what it finds is not in the results yet.

    Raises Problem if it does not.
    """

    def look() -> Progress:
        state = findings.state(context.spec, context.clients)
        return Progress(f"the rule is {state}", state != findings.EVALUATING)

    if look().done:
        return
    context.console.say(f"the rule is {findings.EVALUATING} already: waiting for that to end")
    context.act()
    if not wait(look, context.console, timeout):
        raise Problem(
            f"the rule was still {findings.EVALUATING} after {timeout:.0f} s: run again later"
        )


class Following:
    """Follows `reported` until each has come to its end in that mode of the function.

    Where there is no audit trail to be read, Cloud Config alone tells, and what it will never find
    closed is not waited for.
    """

    def __init__(self, context: Context, reported: tuple[Result, ...], mode: str) -> None:
        self.ends = tuple(End(before, before, None) for before in reported)
        self._context = context
        self._mode = mode
        self._since = datetime.now(timezone.utc) - audit_trail.SKEW
        self._closed_at: dict[str, float] = {}
        self._lines: dict[str, list[AuditLine]] = {}
        self._trail = True
        self._earlier: frozenset[str] = frozenset()

    def begin(self) -> None:
        """Look, before the evaluation is started, at what the audit trail has from earlier ones.

        Says it if that cannot be read; raises CloudError if it is for want of a permission.
        """
        try:
            self._earlier = frozenset(line.request_id for line in self._read())
        except Problem as problem:
            if isinstance(problem, CloudError):
                raise
            self._trail = False
            self._context.console.say(
                f"Cloud Config alone will tell what becomes of each bucket: {problem}"
            )

    def wait(self) -> bool:
        """Wait for all ends; False if some have not come in time."""
        return wait(self._look, self._context.console, self._context.options.timeout)

    def _look(self) -> Progress:
        state = findings.state(self._context.spec, self._context.clients)
        now = self._now()
        if self._trail:
            self._read_lines()
        self.ends = tuple(
            End(end.before, now.get(end.before.bucket), self._decisive_line(end.before.bucket))
            for end in self.ends
        )
        ended = [end for end in self.ends if self._has_ended(end)]
        words = f"the rule is {state}; {self._told(ended)}"
        return Progress(words, state != findings.EVALUATING and len(ended) == len(self.ends))

    def _told(self, ended: list[End]) -> str:
        if self._mode == REPORT:
            return f"{len(ended)} of {len(self.ends)} evaluated again"
        closed = [end for end in self.ends if end.closed]
        others = len([end for end in ended if not end.closed])
        words = f"{len(closed)} of {len(self.ends)} closed"
        return f"{words}, {others} could not be" if others else words

    def _has_ended(self, end: End) -> bool:
        if self._mode == REPORT:
            return end.now is None or end.now.evaluated_at > end.before.evaluated_at
        if end.line:
            repaired = end.line.outcome == REPAIRED
            return end.compliant or end.blocked if repaired else self._is_final(end.line)
        if end.compliant:
            return not self._trail or self._without_line_since_long(end)
        return not self._trail and end.before.acl == PRIVATE

    def _is_final(self, line: AuditLine) -> bool:
        """Whether the function will come to nothing else: what failed may go well in a later run.

        That a retry keeps the request's id is not documented, so that all lines are counted.
        """
        if line.outcome != FAILED:
            return True
        config = self._context.spec.function.async_config
        runs = 1 + (config.retries if config else _RETRIES)
        return len(self._lines[line.bucket]) >= runs

    def _without_line_since_long(self, end: End) -> bool:
        """Whether no line will come: somebody else closed it, or lines are not kept."""
        began = self._closed_at.setdefault(end.before.bucket, time.monotonic())
        return time.monotonic() - began >= _INDEXED

    def _now(self) -> dict[str, Result]:
        found = findings.read(self._context.spec, self._context.clients)
        return {result.bucket: result for result in found}

    def _decisive_line(self, bucket: str) -> AuditLine | None:
        """The repair, since a message can come twice, and find the bucket closed; else the last."""
        lines = self._lines.get(bucket, [])
        repairs = (line for line in lines if line.outcome == REPAIRED)
        return next(repairs, lines[-1] if lines else None)

    def _read_lines(self) -> None:
        found = defaultdict(list)
        try:
            for line in self._read():
                if line.request_id not in self._earlier:
                    found[line.bucket].append(line)
        except Problem as problem:
            if isinstance(problem, CloudError):
                raise
            return  # a search that did not come to its end: the next look may have more
        self._lines = found

    def _read(self) -> list[AuditLine]:
        spec, clients = self._context.spec, self._context.clients
        until = datetime.now(timezone.utc) + audit_trail.SKEW
        return list(audit_trail.read(clients, spec, self._since, until))
